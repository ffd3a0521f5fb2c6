#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""make bench: Debian's krb5kdc (DB2, two workers) beside lwd, the same principals, the same load, in turn; a table of ratios.
kdcbench.py [--users 10000] [--seconds 3] [--runs 3] [--only tgs] [--no-pac]"""
import argparse
import atexit
import json
import os
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from bench import BIN, OurLwd, cpu_of, free_offset, wait_for  # noqa: E402

LOAD = os.path.join(BIN, "tests", "bench", "kdcbench")
DUMP = os.path.join(BIN, "tests", "bench", "kdcdump")
KEYED = 64  # users with a password: they are the load
REALM, SERVICE, PASSWORD = "BENCH.EXAMPLE", "HTTP/web.bench.example", "Bench-pw-%d"
CASES = [  # name, op, requests outstanding, TCP
    ("AS, no preauth (error)", "error", 16, False), ("AS, no preauth (error)", "error", 64, False),
    ("AS, encrypted timestamp", "as", 16, False), ("AS, encrypted timestamp", "as", 64, False), ("AS, encrypted timestamp", "as", 4, True),
    ("TGS", "tgs", 16, False), ("TGS", "tgs", 64, False), ("TGS", "tgs", 4, True)]
KRB5_CONF = """[libdefaults]
    default_realm = %(realm)s
    dns_lookup_kdc = false
    dns_lookup_realm = false
"""
KDC_CONF = """[kdcdefaults]
    kdc_listen = 127.0.0.1:%(port)d
    kdc_tcp_listen = 127.0.0.1:%(port)d
[realms]
    %(realm)s = {
        database_module = db
        key_stash_file = %(dir)s/stash
        acl_file = %(dir)s/acl
        supported_enctypes = aes256-cts-hmac-sha1-96:normal aes128-cts-hmac-sha1-96:normal
        disable_pac = %(no_pac)s
    }
[dbmodules]
    db = {
        db_library = db2
        database_name = %(dir)s/principal
        disable_last_success = true
        disable_lockout = true
    }
[logging]
    kdc = FILE:/dev/null
"""


def load(server, op, flights, tcp, seconds):
    args = [LOAD, "--port", server.port, "--realm", REALM, "--op", op, "--users", KEYED, "--service", SERVICE, "--flights", flights,
            "--seconds", seconds] + (["--tcp"] + server.tcp if tcp else [])
    p = subprocess.run([str(a) for a in args], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    if p.returncode != 0:
        raise RuntimeError("load %s failed: %s %s" % (op, p.stdout, p.stderr))
    return json.loads(p.stdout)


class Mit:
    name, tcp = "krb5kdc", ["--once"]  # it closes a connection after its answer

    def __init__(self, users, no_pac):
        self.dir = tempfile.mkdtemp(prefix="lwd-bench-")
        self.port = 88 + free_offset()
        values = {"dir": self.dir, "port": self.port, "realm": REALM, "no_pac": "true" if no_pac else "false"}
        self.env = dict(os.environ, KRB5_CONFIG=os.path.join(self.dir, "krb5.conf"), KRB5_KDC_PROFILE=os.path.join(self.dir, "kdc.conf"))
        open(self.env["KRB5_CONFIG"], "w").write(KRB5_CONF % values)
        open(self.env["KRB5_KDC_PROFILE"], "w").write(KDC_CONF % values)
        self.tool("kdb5_util", "create", "-s", "-P", "master")
        dump = os.path.join(self.dir, "dump")
        with open(dump, "w") as f:
            subprocess.run([DUMP, REALM, "master", str(users), str(KEYED), SERVICE], check=True, stdout=f)
        self.tool("kdb5_util", "load", "-update", dump)
        self.proc = subprocess.Popen(["/usr/sbin/krb5kdc", "-n", "-w", "2", "-P", os.path.join(self.dir, "pid")], env=self.env,
                                     stdout=subprocess.DEVNULL,
                                     stderr=subprocess.DEVNULL)
        atexit.register(self.stop)
        wait_for(lambda: socket.socket().connect_ex(("127.0.0.1", self.port)) == 0 and len(self.pids()) == 3, 10)

    def tool(self, name, *args):
        p = subprocess.run(["/usr/sbin/" + name] + list(args), env=self.env, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        if p.returncode != 0:
            raise RuntimeError("%s: %s %s" % (name, p.stdout, p.stderr))

    def pids(self):
        children = open("/proc/%d/task/%d/children" % (self.proc.pid, self.proc.pid)).read().split()
        return [self.proc.pid] + [int(c) for c in children]

    def stop(self):
        if self.proc.poll() is None:
            self.proc.send_signal(signal.SIGTERM)
            self.proc.wait()
            shutil.rmtree(self.dir)


class Ours(OurLwd):
    tcp = []

    def __init__(self, users):
        super().__init__()
        self.load(users)  # over LDAP
        self.port = 88 + self.lwd.offset
        for i in range(KEYED):
            self.lwd.must("user", "passwd", "user%d" % i, "--password-file", "-", stdin=PASSWORD % i)
        self.lwd.must("service", "create", SERVICE)
        self.lwd.must("keytab", "get", SERVICE, "--out", os.path.join(self.lwd.dir, "web.keytab"))

    def pids(self):
        return super().pids() + [self.lwd.role_pid("kdc")]


def measure(server, case, seconds):
    _, op, flights, tcp = case
    pids = server.pids()
    before = cpu_of(pids)
    r = load(server, op, flights, tcp, seconds)
    # What getting the users' TGTs cost the server is in it: some hundred requests.
    used = cpu_of(pids) - before
    return r["rate"], used / r["ops"] * 1e6 if r["ops"] else 0.0


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("--users", type=int, default=10000)
    ap.add_argument("--seconds", type=float, default=3)
    ap.add_argument("--runs", type=int, default=3)
    ap.add_argument("--only", default="")
    ap.add_argument("--alone", default="", help="lwd or krb5kdc")
    ap.add_argument("--no-pac", action="store_true", help="krb5kdc makes no PACs")
    a = ap.parse_args()
    servers = []
    start = time.monotonic()
    if a.alone != "krb5kdc":
        servers.append(Ours(a.users))
    if a.alone != "lwd":
        servers.append(Mit(a.users, a.no_pac))
    print("# ready in %.1f s" % (time.monotonic() - start))
    both = len(servers) == 2
    print("\n| %d principals | outstanding | " % a.users + ("lwd ops/s | krb5kdc ops/s | rate ratio | lwd us/op | krb5kdc us/op | CPU ratio |\n|---|---|---|---|---|---|---|---|"
                                                            if both else "ops/s | us/op |\n|---|---|---|---|"), flush=True)
    for case in CASES:
        if a.only and a.only != case[1]:
            continue
        got = {s.name: [] for s in servers}
        for _ in range(a.runs):
            for s in servers:
                got[s.name].append(measure(s, case, a.seconds))
        rate = {n: statistics.median(x[0] for x in v) for n, v in got.items()}
        cpu = {n: statistics.median(x[1] for x in v) for n, v in got.items()}
        line = "| %s | %d %s |" % (case[0], case[2], "TCP" if case[3] else "UDP")
        if both:
            print("%s %.0f | %.0f | %.2f | %.1f | %.1f | %.2f |" % (line, rate["lwd"], rate["krb5kdc"], rate["lwd"] / rate["krb5kdc"],
                                                                    cpu["lwd"], cpu["krb5kdc"], cpu["lwd"] / cpu["krb5kdc"]), flush=True)
        else:
            print("%s %.0f | %.1f |" % (line, rate[servers[0].name], cpu[servers[0].name]), flush=True)
    for s in servers:
        s.stop()


if __name__ == "__main__":
    main()
