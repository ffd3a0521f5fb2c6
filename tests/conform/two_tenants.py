#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Two tenants with the same names under a million random requests of all protocols (tests/tables/two.c): neither hears the other's
canaries, what is planted is found, and what is hidden is answered like what is not there, as fast. LWD_SEED and LWD_REQUESTS are others."""
import os
import random
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from lwdtest import ADMIN_PASSWORD, BIN, SANITIZED, Lwd, Tap, tempfile  # noqa: E402

if os.access("/dev/shm", os.W_OK):
    tempfile.tempdir = "/dev/shm"  # nothing here is about disks
tap = Tap()
SEED = os.environ.get("LWD_SEED", str(random.randrange(1, 1 << 32)))
REQUESTS = os.environ.get("LWD_REQUESTS", "40000" if SANITIZED else "1000000")


def two(what, *args):
    """One installation, and the lines of the program's TAP as ours."""
    lwd = Lwd(conf="log.level = warn\n").init().start()
    for name in ("beta.example", "gamma.example"):
        lwd.must("tenant", "create", name, "--admin-password-file", lwd.admin_file)
    p = subprocess.run([os.path.join(BIN, "tests/tables/two"), "--data", lwd.data, "--offset", str(lwd.offset), "--admin", ADMIN_PASSWORD,
                        "--seed", SEED] + list(args), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    for line in p.stdout.splitlines():
        if line.startswith("ok ") or line.startswith("not ok "):
            tap.ok(line.startswith("ok"), what + ": " + line.split(" - ", 1)[1])
        elif not line.startswith("1..") and not line.startswith("TAP"):
            print(line if line.startswith("#") else "# " + line)
    tap.ok(p.returncode == 0, what + ": all of it ran", p.stdout[-2000:])
    lwd.close(tap)


two("two tenants", "--requests", REQUESTS)
if not SANITIZED:
    two("planted", "--requests", "60000", "--plant")
    two("time", "--time")
tap.done()
