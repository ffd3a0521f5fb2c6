#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The processes: names, restart of a role under a looping client, SIGTERM, SIGHUP, sd_notify, bad starts."""
import os
import signal
import socket
import subprocess
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from lwdtest import ADMIN_PASSWORD, LWCTL, LWD, SLOW, Lwd, Tap, run, wait_for  # noqa: E402

import ldap  # noqa: E402

tap = Tap()
lwd = Lwd().init()

# sd_notify: a socket of our own stands for systemd
notify = os.path.join(lwd.dir, "notify")
sd = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
sd.bind(notify)
told = ""


def hear():
    global told
    while True:
        told += sd.recv(4096).decode() + "\n"


threading.Thread(target=hear, daemon=True).start()
lwd.env["NOTIFY_SOCKET"] = notify
lwd.start()
tap.ok(wait_for(lambda: "READY=1" in told), "sd_notify says READY=1")

names = subprocess.run(["ps", "-o", "args=", "--ppid", str(lwd.proc.pid)], stdout=subprocess.PIPE, text=True).stdout.split("\n")
mine = subprocess.run(["ps", "-o", "args=", "-p", str(lwd.proc.pid)], stdout=subprocess.PIPE, text=True).stdout.strip()
tap.eq(mine.startswith("lwd: monitor"), True, "ps shows the monitor")
tap.eq(sorted(n.strip() for n in names if n.strip()), ["lwd: directory", "lwd: kdc", "lwd: keyd", "lwd: web"], "and a process for each role")

listed = {i["name"]: i for i in lwd.ctl_json("status")["items"]}
tap.eq({n: listed[n]["address"] for n in listed},
       {"ldap": "127.0.0.1:%d" % lwd.port("ldap"), "ldaps": "127.0.0.1:%d" % lwd.port("ldaps"), "ldapi": "run/ldapi", "control": "run/control.sock",
        "kerberos": "127.0.0.1:%d udp+tcp" % lwd.port("kerberos"), "kpasswd": "127.0.0.1:%d udp+tcp" % lwd.port("kpasswd"),
        "https": "127.0.0.1:%d" % lwd.port("https"), "http": "127.0.0.1:%d" % lwd.port("http")},
       "status lists every service and its port")
frozen = lwd.role_pid("kdc")
os.kill(frozen, signal.SIGSTOP)
p = lwd.ctl("status")
tap.eq(p.returncode, 75, "status: not ready while the KDC does not answer")
os.kill(frozen, signal.SIGCONT)
tap.eq(lwd.ctl("status", "--wait", "10").returncode, 0, "and ready when it does")

# every role's sandbox, tried from within
for role in ("keyd", "directory", "kdc", "web"):
    p = run([LWD, "--role-selftest", role])
    lines = [x for x in p.stdout.splitlines() if x.startswith(("ok", "not ok"))]
    tap.ok(p.returncode == 0 and len(lines) > 10 and not any(x.startswith("not") for x in lines),
           "the sandbox of %s refuses what it must" % role, p.stdout + p.stderr)


class Looper(threading.Thread):
    """A client that does one thing every 10 ms and keeps what went wrong."""

    def __init__(self, what):
        super().__init__(daemon=True)
        self.what, self.errors, self.count, self.stopping, self.worst = what, [], 0, False, 0.0

    def run(self):
        while not self.stopping:
            start = time.monotonic()
            try:
                self.what()
            except Exception as e:  # noqa: BLE001
                self.errors.append(repr(e))
            self.worst = max(self.worst, time.monotonic() - start)
            self.count += 1
            time.sleep(0.01)

    def finish(self):
        self.stopping = True
        self.join(20 * SLOW)


conn = ldap.initialize(lwd.ldap)
conn.simple_bind_s("admin@acme.example", ADMIN_PASSWORD)
reader = Looper(lambda: conn.search_s("dc=acme,dc=example", ldap.SCOPE_BASE, attrlist=["dc"]))
reader.start()
wait_for(lambda: reader.count > 5)
old = lwd.kill_role("keyd")
start = time.monotonic()
tap.ok(wait_for(lambda: lwd.role_pid("keyd") not in (None, old), 1), "keyd is restarted within a second")
# a request that needs it waits and then works
lwd.user("carol", "Carol-Carol-1")
tap.ok(time.monotonic() - start < 5 * SLOW, "a request that needed it waited")
at = reader.count
wait_for(lambda: reader.count > at + 10)
reader.finish()
tap.eq(reader.errors, [], "a client of the directory saw no error meanwhile (%d requests)" % reader.count)


def bind_once():
    c = ldap.initialize(lwd.ldap)
    c.simple_bind_s("carol@acme.example", "Carol-Carol-1")
    c.unbind_s()


old = lwd.kill_role("directory")
bind_once_errors = []
end = time.monotonic() + 2 * SLOW
served = None
while time.monotonic() < end:
    try:
        bind_once()
        served = time.monotonic()
        break
    except ldap.LDAPError as e:
        bind_once_errors.append(repr(e))
tap.ok(served is not None and len(bind_once_errors) <= 1, "connections made while directory is away wait and are served", bind_once_errors)
tap.ok(wait_for(lambda: lwd.role_pid("directory") not in (None, old), 1), "directory is restarted within a second")

# the KDC dies: nobody who uses the directory notices
reader = Looper(bind_once)
reader.start()
wait_for(lambda: reader.count > 5)
old = lwd.kill_role("kdc")
tap.ok(wait_for(lambda: lwd.role_pid("kdc") not in (None, old), 1), "kdc is restarted within a second")
at = reader.count
wait_for(lambda: reader.count > at + 10)
reader.finish()
tap.eq(reader.errors, [], "a client of the directory saw no error meanwhile (%d logins)" % reader.count)
with socket.create_connection(("127.0.0.1", lwd.port("kerberos")), timeout=5 * SLOW), socket.create_connection(("127.0.0.1", lwd.port("kpasswd")), timeout=5 * SLOW):
    tap.ok(True, "its ports take connections")


# guesses are counted in memory that survives keyd: of ten wrong ones five before its death
def login(password):
    c = ldap.initialize(lwd.ldap)
    try:
        c.simple_bind_s("dora@acme.example", password)
        return True
    except ldap.INVALID_CREDENTIALS:
        return False


lwd.user("dora", "Dora-Dora-12")
tap.ok(login("Dora-Dora-12"), "dora may log in")
tap.eq([login("wrong-%d" % i) for i in range(5)], [False] * 5, "five wrong guesses")
old = lwd.kill_role("keyd")
wait_for(lambda: lwd.role_pid("keyd") not in (None, old))
lwd.kill_role("kdc")
tap.eq([login("wrong-%d" % i) for i in range(5, 10)], [False] * 5, "keyd is killed; five more")
tap.eq(login("Dora-Dora-12"), False, "the account is locked: the first five were not forgotten")
lwd.must("user", "unlock", "dora")
tap.ok(login("Dora-Dora-12"), "unlocked, dora may log in again")

# and over both protocols together
krb5 = {"KRB5_CONFIG": os.path.join(lwd.dir, "krb5.conf"), "KRB5CCNAME": "FILE:" + os.path.join(lwd.dir, "cc")}
with open(krb5["KRB5_CONFIG"], "w") as f:
    f.write(lwd.must("print", "krb5.conf"))


def kinit(password, name="dora"):
    return run(["kinit", name + "@ACME.EXAMPLE"], stdin=password + "\n", env=krb5)


tap.eq(kinit("Dora-Dora-12").returncode, 0, "dora gets a ticket")
tap.eq([f("wrong") for _ in range(5) for f in (lambda w: kinit(w).returncode, login)], [1, False] * 5, "ten wrong guesses, by kinit and by LDAP in turn")
tap.eq([kinit("Dora-Dora-12").returncode, login("Dora-Dora-12")], [1, False], "then the right one fails, by either")
lwd.must("user", "unlock", "dora")
tap.eq([kinit("Dora-Dora-12").returncode, login("Dora-Dora-12")], [0, True], "until the account is unlocked")


# the KDC dies again and again: who asks it waits for its successor
def ticket():
    p = kinit("Dora-Dora-12")
    if p.returncode != 0:
        raise RuntimeError(p.stderr)


tickets = Looper(ticket)
tickets.start()
for _ in range(5):
    at = tickets.count
    wait_for(lambda: tickets.count > at + 3)
    old = lwd.kill_role("kdc")
    wait_for(lambda: lwd.role_pid("kdc") not in (None, old))
old = lwd.kill_role("keyd")
wait_for(lambda: lwd.role_pid("keyd") not in (None, old))
old = lwd.kill_role("directory")
wait_for(lambda: lwd.role_pid("directory") not in (None, old))
at = tickets.count
wait_for(lambda: tickets.count > at + 3)
tickets.finish()
tap.eq(tickets.errors, [], "kinit sees no error while kdc dies five times, and keyd and directory (%d tickets)" % tickets.count)

# SIGHUP
with open(os.path.join(lwd.data, "lwd.conf"), "a") as f:
    f.write("log.level = debug\n")
lwd.proc.send_signal(signal.SIGHUP)
tap.ok(wait_for(lambda: any(e.get("event") == "reloaded" for e in lwd.events())), "SIGHUP reloads the configuration")
with open(os.path.join(lwd.data, "lwd.conf"), "a") as f:
    f.write("no.such.key = 1\n")
lwd.proc.send_signal(signal.SIGHUP)
tap.ok(wait_for(lambda: any("no.such.key" in str(e) for e in lwd.events())), "a broken file is refused in the log, and lwd goes on")
bind_once()
conf = open(os.path.join(lwd.data, "lwd.conf")).read().replace("no.such.key = 1\n", "")
open(os.path.join(lwd.data, "lwd.conf"), "w").write(conf)

# a second one, a foreign one, none at all
for args, status, what in (
        (["--data", lwd.data], 78, "a second lwd on the same data"),
        (["--data", "/nonexistent/place"], 78, "a folder that is not there"),
        (["--data", "/usr"], 78, "a folder that is not lwd's"),
        (["--nonsense"], 2, "an option that is not there")):
    p = run([LWD] + args, timeout=20)
    tap.ok(p.returncode == status and p.stderr.strip() and p.stderr.strip().count("\n") == 0, "%s: one line, exit %d" % (what, status),
           (p.returncode, p.stderr))
other = Lwd()
other.offset = lwd.offset
other.init()
p = run([LWD, "--data", other.data], timeout=20)
tap.ok(p.returncode == 78 and p.stderr.strip().count("\n") == 0 and str(389 + lwd.offset) in p.stderr, "a port in use: one line, exit 78", (p.returncode, p.stderr))
p = run([LWCTL, "--data", other.data, "status"])
tap.eq(p.returncode, 75, "lwctl without a running lwd: exit 75")
p = run([LWCTL, "--data", os.path.join(other.dir, "x"), "init", "--domain", "nodots", "--admin-password-file", other.admin_file])
tap.ok(p.returncode == 2 and not os.path.exists(os.path.join(other.dir, "x")), "init with a bad domain leaves nothing", p)
p = run([LWCTL, "--data", os.path.join(other.dir, "x"), "init", "--domain", "a.example", "--admin-password-file", other.password_file("short")])
tap.ok(p.returncode == 77 and os.listdir(other.dir).count("x") == 0 and not [n for n in os.listdir(other.dir) if n.startswith("x.")],
       "init with a bad password leaves nothing half made", p)
p = run([LWCTL, "--data", lwd.data, "init", "--domain", "a.example", "--admin-password-file", lwd.admin_file])
tap.ok(p.returncode == 5, "init on a used folder: exit 5", p)
p = run([LWCTL, "--data", lwd.data, "backup", "DIR"])
tap.ok(p.returncode == 78 and p.stderr.count("\n") == 1, "what is not built yet: one line, exit 78", p)
p = run([LWCTL, "--data", lwd.data, "frobnicate"])
tap.eq(p.returncode, 2, "an unknown command: exit 2")

# SIGTERM tells open connections
conn2 = ldap.initialize(lwd.ldap)
conn2.simple_bind_s("admin@acme.example", ADMIN_PASSWORD)
log_before = len(lwd.events())
lwd.close(tap)
try:
    conn2.search_s("dc=acme,dc=example", ldap.SCOPE_BASE)
    tap.ok(False, "an open connection is ended by SIGTERM")
except (ldap.SERVER_DOWN, ldap.UNAVAILABLE):
    tap.ok(True, "an open connection is ended by SIGTERM")
tap.ok(wait_for(lambda: "STOPPING=1" in told), "sd_notify says STOPPING=1", told)
tap.done()
