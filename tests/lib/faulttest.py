# SPDX-License-Identifier: Apache-2.0
"""What the tests of faults share: clients of the directory, a writer, and parts that run two at a time."""
import os
import re
import socket
import subprocess
import sys
import threading
import time
import traceback

import ldap

from lwdtest import ADMIN_PASSWORD, SLOW, Tap

SUFFIX = "dc=acme,dc=example"
PEOPLE = "ou=people," + SUFFIX
ROOT = os.geteuid() == 0
tap = Tap()


def connect(lwd, who="admin@acme.example", password=ADMIN_PASSWORD, url=None):
    c = ldap.initialize(url or lwd.ldap)
    if url == lwd.ldaps:
        c.set_option(ldap.OPT_X_TLS_CACERTFILE, lwd.env["LDAPTLS_CACERT"])
        c.set_option(ldap.OPT_X_TLS_NEWCTX, 0)
    c.set_option(ldap.OPT_NETWORK_TIMEOUT, 10 * SLOW)
    c.set_option(ldap.OPT_TIMEOUT, 20 * SLOW)
    c.simple_bind_s(who, password)
    return c


def person(uid, **more):
    u = uid.encode()
    return [("objectClass", [b"inetOrgPerson"]), ("uid", [u]), ("cn", [b"Fault " + u]), ("sn", [b"Test"])] + [(k, [v]) for k, v in more.items()]


def add_person(c, uid, **more):
    c.add_s("uid=%s,%s" % (uid, PEOPLE), person(uid, **more))


def uids(c, pattern):
    return {a["uid"][0].decode() for _, a in c.search_s(PEOPLE, ldap.SCOPE_ONELEVEL, "(uid=%s)" % pattern, ["uid"])}


def works(f, *args):
    """None, or what went wrong."""
    try:
        f(*args)
        return None
    except Exception as e:  # noqa: BLE001
        return repr(e)


def check_clean(lwd, when):
    p = lwd.ctl("check")
    tap.ok(p.returncode == 0, "lwctl check is clean " + when, p.stdout + p.stderr)


def raw(lwd):
    s = socket.create_connection(("127.0.0.1", 389 + lwd.offset))
    s.settimeout(5 * SLOW)
    return s


class Writer(threading.Thread):
    """Adds people as fast as it can; connects anew when the connection ends."""

    def __init__(self, lwd, name):
        super().__init__(daemon=True)
        self.lwd, self.name_ = lwd, name
        self.acked, self.errors, self.stopping = [], [], False
        self.start()

    def run(self):
        n, c = 0, None
        while not self.stopping:
            n += 1
            uid = "%s-%d" % (self.name_, n)
            try:
                c = c or connect(self.lwd)
                add_person(c, uid)
                self.acked.append(uid)
            except (ldap.SERVER_DOWN, ldap.UNAVAILABLE, ldap.CONNECT_ERROR, ldap.BUSY) as e:
                self.errors.append(repr(e))
                c = None
            except ldap.LDAPError as e:
                self.errors.append(repr(e))

    def finish(self):
        self.stopping = True
        self.join(30 * SLOW)
        return self.acked


# ---- parts ----

def one(parts, part):
    began = time.monotonic()
    try:
        parts[part]()
    except Exception:  # noqa: BLE001
        tap.ok(False, "part %s" % part, traceback.format_exc())
    print("# part %s: %.1f s" % (part, time.monotonic() - began))


def lanes(parts):
    """Two at a time, each a process of its own; their lines come out part by part."""
    lock = threading.Lock()

    def lane():
        while True:
            with lock:
                if not parts:
                    return
                part = parts.pop(0)
            p = subprocess.run([sys.executable, os.path.abspath(sys.argv[0])], env=dict(os.environ, LWD_FAULTS=part), stdout=subprocess.PIPE, text=True)
            with lock:
                for line in p.stdout.splitlines():
                    m = re.match(r"(not ok|ok) \d+ - (?:(.*) # SKIP (.*)|(.*))$", line)
                    if m and m.group(2):
                        tap.skip(m.group(2), m.group(3))
                    elif m:
                        tap.ok(m.group(1) == "ok", "%s: %s" % (part, m.group(4)))
                    elif not line.startswith("1.."):
                        print(line)

    threads = [threading.Thread(target=lane) for _ in range(2)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()


def main(parts):
    """Runs the functions of that dictionary, or those of them that LWD_FAULTS names."""
    wanted = os.environ.get("LWD_FAULTS", "").split() or list(parts)
    if len(wanted) == 1:
        one(parts, wanted[0])
    else:
        lanes(wanted)
    tap.done()
