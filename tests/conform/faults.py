#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What goes wrong around lwd: a full disk, no file descriptors, a clock that jumps, roles that die, certificates that end, SIGTERM under
load, another user, bad starts. LWD_FAULTS names the parts to run (default: all)."""
import os
import random
import re
import select
import shutil
import signal
import socket
import ssl
import stat
import struct
import subprocess
import sys
import threading
import time
import traceback

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import lwdtest  # noqa: E402
from lwdtest import ADMIN_PASSWORD, LWCTL, LWD, SANITIZED, SLOW, Lwd, Tap, run, wait_for  # noqa: E402

import ldap  # noqa: E402

HERE = os.path.dirname(os.path.abspath(__file__))
SUFFIX = "dc=acme,dc=example"
PEOPLE = "ou=people," + SUFFIX
ADMIN = "uid=admin," + PEOPLE
ROOT = os.geteuid() == 0
KILLS = 4 if SANITIZED else 10
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


class Loop(threading.Thread):
    """Does one thing again and again, and keeps what went wrong."""

    def __init__(self, what, pause=0.01):
        super().__init__(daemon=True)
        self.what, self.pause = what, pause
        self.errors, self.count, self.stopping = [], 0, False
        self.start()

    def run(self):
        while not self.stopping:
            try:
                self.what()
            except Exception as e:  # noqa: BLE001
                self.errors.append(repr(e))
            self.count += 1
            time.sleep(self.pause)

    def finish(self):
        self.stopping = True
        self.join(20 * SLOW)
        return self.errors


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


# ---- 1 ----

def part_disk():
    lwd = Lwd()
    disk = os.path.join(lwd.dir, "disk")
    os.mkdir(disk)
    if not ROOT or subprocess.run(["mount", "-t", "tmpfs", "-o", "size=160m", "tmpfs", disk], stderr=subprocess.DEVNULL).returncode != 0:
        tap.skip("a full disk", "needs CAP_SYS_ADMIN to mount a small file system")
        shutil.rmtree(lwd.dir)
        return
    lwd.data = os.path.join(disk, "data")
    lwd.env["LDAPTLS_CACERT"] = os.path.join(lwd.data, "ca.pem")
    try:
        disk_full(lwd.init().start(), disk)
        lwd.close(tap, keep=True)
    finally:
        subprocess.run(["umount", "-l", disk])
    if not tap.failed:
        shutil.rmtree(lwd.dir, ignore_errors=True)


def disk_full(lwd, disk):
    for i in range(3):
        lwd.user("disk%d" % i, "Disk-Full-%d" % i)
    c = connect(lwd)
    pids = [lwd.role_pid(r) for r in ("keyd", "directory", "kdc")]
    writers = [Writer(lwd, "full%d" % i) for i in range(8)]
    wait_for(lambda: all(len(w.acked) > 5 for w in writers))
    filler = os.open(os.path.join(disk, "filler"), os.O_WRONLY | os.O_CREAT)
    try:
        for size in (1 << 20, 4096, 1):
            while os.write(filler, b"x" * size) == size:
                pass
    except OSError:
        pass
    tap.eq(os.statvfs(disk).f_bavail, 0, "the disk is full to the last block")
    wait_for(lambda: all(w.errors for w in writers))
    acked = [u for w in writers for u in w.finish()]
    codes = {e.split("(")[0] for w in writers for e in w.errors}
    tap.ok(codes and codes <= {"UNAVAILABLE", "OTHER", "UNWILLING_TO_PERFORM", "BUSY"}, "writes are refused with a result code", codes)
    tap.eq(works(c.search_s, SUFFIX, ldap.SCOPE_SUBTREE, "(uid=admin)"), None, "searches go on")
    bad = []

    def login(i):
        for _ in range(20):  # so many hashes may be more than a loaded machine does within the time that a bind waits
            said = works(connect, lwd, "disk%d@acme.example" % (i % 3), "Disk-Full-%d" % (i % 3))
            if not said or not said.startswith(("BUSY", "UNAVAILABLE")):
                break
        bad.append(said)

    threads = [threading.Thread(target=login, args=(i,)) for i in range(100 // SLOW)]
    for t in threads:
        t.start()
    for t in threads:
        t.join(60 * SLOW)
    tap.eq([b for b in bad if b], [], "%d logins at once on a full disk" % len(threads))
    p = lwd.ctl("user", "create", "diskful", "--password-file", "-", stdin="Disk-Ful-1")
    tap.ok(p.returncode == 1 and "space" in p.stderr, "lwctl says that space is missing: exit 1", (p.returncode, p.stderr))
    tap.eq([lwd.role_pid(r) for r in ("keyd", "directory", "kdc")], pids, "no role was restarted")
    for role in ("keyd", "directory", "kdc"):
        old = lwd.kill_role(role)
        tap.ok(wait_for(lambda: lwd.role_pid(role) not in (None, old) and works(connect, lwd) is None, 5), "on a full disk %s starts anew" % role)
    c = connect(lwd)
    os.ftruncate(filler, 0)
    os.close(filler)
    tap.eq(works(add_person, c, "freed"), None, "with space again, writes work at once")
    missing = set(acked) - uids(c, "full*")
    tap.ok(not missing and acked, "all %d acknowledged writes are there" % len(acked), missing)
    check_clean(lwd, "after a full disk")
    lwd.stop()
    lwd.start()
    missing = set(acked + ["freed"]) - uids(connect(lwd), "f*")
    tap.ok(not missing, "and after a restart", missing)


# ---- 2 ----

def cpu(pid):
    f = open("/proc/%d/stat" % pid).read().rsplit(")", 1)[1].split()
    return (int(f[11]) + int(f[12])) / os.sysconf("SC_CLK_TCK")


def ask(s):
    """A root DSE search on a raw connection: True when it is answered."""
    try:
        s.sendall(bytes.fromhex("3025020101632004000a01000a0100020100020100010100870b6f626a656374436c6173733000"))
        return bool(s.recv(65536))
    except OSError:
        return False


def served_of(conns):
    """Those of the raw connections that answer within a few seconds."""
    query = bytes.fromhex("3025020101632004000a01000a0100020100020100010100870b6f626a656374436c6173733000")
    good, waiting = [], select.poll()
    left = {s.fileno(): s for s in conns}
    for s in conns:
        try:
            s.sendall(query)
        except OSError:
            del left[s.fileno()]
            continue
        waiting.register(s, select.POLLIN)
    quiet = 1000 * SLOW
    while left:
        ready = waiting.poll(quiet)
        if not ready:
            return good
        for fd, _ in ready:
            waiting.unregister(fd)
            s = left.pop(fd)
            try:
                if s.recv(65536):
                    good.append(s)
            except OSError:
                pass
    return good


def raw(lwd):
    s = socket.create_connection(("127.0.0.1", 389 + lwd.offset))
    s.settimeout(5 * SLOW)
    return s


def part_files():
    limit = 180
    lwd = Lwd().init().start(prefix=["prlimit", "--nofile=%d:%d" % (limit, limit)])
    lwd.user("filip", "File-Limit-1")
    pid = lwd.role_pid("directory")
    first = raw(lwd)
    tap.ok(ask(first), "a connection before the descriptors are used up")
    conns = [raw(lwd) for _ in range(600)]
    served = served_of(conns)
    tap.ok(20 < len(served) < limit, "of 600 more, as many are served as there are descriptors (%d of %d)" % (len(served), limit))
    tap.ok(ask(first) and len(served_of(served)) == len(served), "those that are served go on being served")
    used = cpu(pid)
    time.sleep(1)
    used = cpu(pid) - used
    tap.ok(used < 0.5, "the full directory rests (%.2f s of CPU in a second)" % used)
    # what keyd hands over anew needs a descriptor too
    old = lwd.kill_role("keyd")
    wait_for(lambda: lwd.role_pid("keyd") not in (None, old))
    for s in conns:
        s.close()
    tap.ok(wait_for(lambda: works(connect, lwd) is None, 5), "with connections closed, new ones are served")
    tap.eq(works(connect, lwd, "filip@acme.example", "File-Limit-1"), None, "keyd was restarted meanwhile, and answers")
    tap.ok(ask(first), "the first connection still lives")
    tap.eq(lwd.role_pid("directory"), pid, "directory was not restarted")
    first.close()
    lwd.close(tap)

    lwd = Lwd(conf="limits.connections-per-address = 25\n").init().start()
    conns = [raw(lwd) for _ in range(60)]
    served = served_of(conns)
    tap.eq(len(served), 25, "limits.connections-per-address: so many and no more")
    p = lwd.client("ldapwhoami", "-Q", "-Y", "EXTERNAL", "-H", lwd.ldapi)
    tap.eq(p.returncode, 0, "the unix socket is not counted")
    served[0].close()
    again = []
    tap.ok(wait_for(lambda: again.append(raw(lwd)) or ask(again[-1]), 5), "when one is closed, one is let in")
    for s in conns + again:
        s.close()
    lwd.close(tap)


# ---- 3 and 5 ----

DAY = 86400


class Clock:
    def __init__(self, lwd):
        self.file = os.path.join(lwd.dir, "turned")
        self.so = os.path.join(lwd.dir, "turnclock.so")
        subprocess.run(["gcc", "-shared", "-fPIC", "-O1", "-o", self.so, os.path.join(HERE, "turnclock.c")], check=True)
        self.turn(0)
        lwd.env["LWD_TURN_FILE"] = self.file
        self.lwd = lwd

    def turn(self, seconds):
        with open(self.file, "r+b" if os.path.exists(self.file) else "wb") as f:
            f.write(struct.pack("=q", seconds))
        self.seconds = seconds

    def start(self):
        self.lwd.start(prefix=["env", "LD_PRELOAD=" + self.so])

    def now(self):
        return time.time() + self.seconds


def certificates(lwd):
    """The listener's chain, PEM."""
    out = run(["openssl", "s_client", "-connect", "127.0.0.1:%d" % (636 + lwd.offset), "-showcerts"], stdin="").stdout
    parts = out.split("-----BEGIN CERTIFICATE-----")[1:]
    return ["-----BEGIN CERTIFICATE-----" + p.split("-----END")[0] + "-----END CERTIFICATE-----\n" for p in parts]


def dates(pem):
    """notBefore and notAfter."""
    out = run(["openssl", "x509", "-noout", "-dates"], stdin=pem).stdout
    return [ssl.cert_time_to_seconds(line.split("=", 1)[1]) for line in out.splitlines()]


def verified(lwd, chain, at):
    """Whether the chain is valid at that time, by openssl and the root that lwctl shows."""
    names = []
    for name, text in (("leaf", chain[0]), ("rest", "".join(chain[1:])), ("root", lwd.must("ca", "show", "--root"))):
        names.append(os.path.join(lwd.dir, name + ".pem"))
        open(names[-1], "w").write(text)
    p = run(["openssl", "verify", "-attime", str(int(at)), "-CAfile", names[2], "-untrusted", names[1], "-purpose", "sslserver", names[0]])
    return p.returncode == 0, p.stdout + p.stderr


def renewed(lwd, clock, what):
    """The listener's certificate is soon one that is valid at the turned time and for 20 days more."""
    def fine():
        chain = certificates(lwd)
        begin, end = dates(chain[0]) if chain else (0, 0)
        return begin <= clock.now() and end > clock.now() + 20 * DAY
    tap.ok(wait_for(fine, 15, 0.25), what, certificates(lwd)[:1])
    chain = certificates(lwd)
    good, said = verified(lwd, chain, clock.now())
    tap.ok(good, what + ": the chain verifies against the root then", said)
    return chain


def part_clock():
    lwd = Lwd().init()
    clock = Clock(lwd)
    clock.start()
    lwd.user("tim", "Time-Flies-1")
    pids = [lwd.role_pid(r) for r in ("keyd", "directory", "kdc")]
    first = certificates(lwd)
    begin, end = dates(first[0])
    tap.ok(29 * DAY < end - time.time() < 31 * DAY, "the listener's certificate is good for 30 days")

    # back by an hour, and forward by less than a session's life
    c = connect(lwd)
    tls = connect(lwd, "", "", lwd.ldaps)
    for turn, name in ((-3600, "an hour back"), (2 * 3600, "two hours ahead")):
        clock.turn(turn)
        tap.eq(works(c.search_s, SUFFIX, ldap.SCOPE_BASE), None, "the clock jumps %s: an open connection reads" % name)
        tap.eq(works(add_person, c, "jump%d" % abs(turn)), None, "the clock jumps %s: and writes" % name)
        tap.eq(works(connect, lwd, "tim@acme.example", "Time-Flies-1"), None, "the clock jumps %s: logins" % name)
        tap.eq(works(lwd.user, "jumper%d" % abs(turn), "Time-Flies-2"), None, "the clock jumps %s: lwctl" % name)
    # a day: the sessions are over, the connections are not
    clock.turn(DAY)
    try:
        add_person(c, "too-late")
        tap.ok(False, "a session ends by the clock")
    except ldap.LDAPError as e:
        tap.ok(not isinstance(e, ldap.SERVER_DOWN), "a session ends by the clock, with a result code (%s)" % type(e).__name__)
    tap.eq(works(connect, lwd, "tim@acme.example", "Time-Flies-1"), None, "and a new one begins")

    # two thirds of the certificate's life
    clock.turn(21 * DAY)
    second = renewed(lwd, clock, "after 21 days the listener has a new certificate")
    tap.ok(dates(second[0])[1] > end and clock.now() < end, "before the first one ended")
    tap.eq(works(tls.search_s, "", ldap.SCOPE_BASE), None, "a connection under the old certificate lives on")
    tap.ok(second[1] == first[1], "the installation CA stays")

    # the installation CA's turn comes
    installation = os.path.join(lwd.data, "keys", "installation.pem")
    before = open(installation).read()
    clock.turn(4 * 365 * DAY)
    third = renewed(lwd, clock, "after 4 years everything but the root has ended or soon will")
    tap.ok(third[1] != first[1] and dates(third[1])[1] > clock.now() + 4 * 365 * DAY, "keyd has renewed the installation CA", dates(third[1]))
    kept = open(installation).read()
    tap.ok(kept != before and kept.strip() == third[1].strip(), "and has stored it from within its sandbox")
    tap.eq(stat.S_IMODE(os.stat(installation).st_mode), 0o644, "with its mode")
    tap.eq([lwd.role_pid(r) for r in ("keyd", "directory", "kdc")], pids, "nothing was restarted by all this")
    tap.eq([e for e in lwd.events() if e.get("event") == "certificate" and e.get("level") in ("warn", "error")], [], "no certificate was refused")
    tap.eq(lwd.stop(), 0, "lwd stops")

    # started when all but the root, then the root too, have long ended
    for years, root in ((13, True), (40, False)):
        clock.turn(years * 365 * DAY)
        tap.eq(works(clock.start), None, "lwd starts %d years later" % years)
        if root:
            renewed(lwd, clock, "then its certificates are new")
        tap.eq(works(connect, lwd, "tim@acme.example", "Time-Flies-1"), None, "and it serves")
        tap.eq(works(lwd.user, "later%d" % years, "Time-Flies-3"), None, "and lwctl works")
        tap.eq(lwd.stop(), 0, "and it stops")
    clock.turn(0)
    clock.start()
    tap.eq(works(lambda: add_person(connect(lwd), "again")), None, "back in the present it starts and writes")
    check_clean(lwd, "after all the jumps")
    lwd.close(tap)


# ---- 4 ----

def part_roles():
    segv = signal.SIGABRT if SANITIZED else signal.SIGSEGV  # a sanitizer would report the latter
    lwd = Lwd().init().start()
    for i in range(20):
        lwd.user("role%d" % i, "Role-Dies-%d" % i)
    open_conn = connect(lwd)
    user = connect(lwd, "role0@acme.example", "Role-Dies-0")
    directory = lwd.role_pid("directory")
    reader = Loop(lambda: open_conn.search_s(SUFFIX, ldap.SCOPE_BASE, attrlist=["dc"]))
    late = []
    for i in range(KILLS):
        at, old = reader.count, lwd.kill_role("keyd", signal.SIGKILL if i % 2 else segv)
        start = time.monotonic()
        bad = works(lwd.user, "dies%d" % i, "Role-Dies-x%d" % i)
        late.append((bad, round(time.monotonic() - start, 2)))
        wait_for(lambda: lwd.role_pid("keyd") not in (None, old) and reader.count > at + 5)
    tap.eq(reader.finish(), [], "keyd killed %d times: a client of directory sees no error (%d requests)" % (KILLS, reader.count))
    tap.ok(all(bad is None and took < 3 * SLOW for bad, took in late), "lwctl requests that need keyd wait and then work", late)
    tap.eq(lwd.role_pid("directory"), directory, "directory is not restarted with it")
    tap.eq(works(lambda: user.passwd_s(None, "Role-Dies-0", "Role-Lives-0")), None, "a session from before changes its password with the new keyd")
    tap.eq(works(connect, lwd, "role0@acme.example", "Role-Lives-0"), None, "which counts")

    # binds under way when keyd dies: nobody is told that a right password is wrong
    wrong, seen, done = [], {}, 0
    for round_ in range(3):
        old = lwd.kill_role("directory")  # forgets the credentials that it has seen
        wait_for(lambda: lwd.role_pid("directory") not in (None, old) and works(connect, lwd) is None)
        results = []
        threads = [threading.Thread(target=lambda i=i: results.append(works(connect, lwd, "role%d@acme.example" % i, "Role-Dies-%d" % i)))
                   for i in range(1, 20)]
        for t in threads:
            t.start()
        time.sleep(random.uniform(0.01, 0.2))
        lwd.kill_role("keyd", segv if round_ % 2 else signal.SIGKILL)
        for t in threads:
            t.join(30 * SLOW)
        for r in results:
            seen[str(r).split("(")[0]] = seen.get(str(r).split("(")[0], 0) + 1
        wrong += [r for r in results if r and not r.startswith(("BUSY", "UNAVAILABLE"))]
        done += len(results)
    tap.ok(not wrong and done == 57, "binds while keyd dies work, or say busy or unavailable: %s" % seen, wrong)

    # directory: its own connections end, everything else waits
    keyd = lwd.role_pid("keyd")
    late, lost = [], Loop(lambda: connect(lwd, url=lwd.ldap).unbind_s())
    for i in range(KILLS):
        at, old = lost.count, lwd.kill_role("directory", signal.SIGKILL if i % 2 else segv)
        start = time.monotonic()
        bad = works(lwd.must, "user", "show", "role1")
        late.append((bad, round(time.monotonic() - start, 2)))
        wait_for(lambda: lwd.role_pid("directory") not in (None, old) and lost.count > at + 3)
    errors = lost.finish()
    tap.ok(len(errors) <= KILLS, "directory killed %d times: each costs a client at most the request under way (%d of %d)" % (KILLS, len(errors), lost.count), errors)
    tap.ok(all(bad is None and took < 3 * SLOW for bad, took in late), "lwctl waits for the new directory", late)
    tap.eq(lwd.role_pid("keyd"), keyd, "keyd is not restarted with it")

    writers = [Writer(lwd, "dir%d" % i) for i in range(16)]
    for _ in range(3):
        n = sum(len(w.acked) for w in writers)
        wait_for(lambda: sum(len(w.acked) for w in writers) > n + 100)
        old = lwd.kill_role("directory")
        wait_for(lambda: lwd.role_pid("directory") not in (None, old))
    acked = [u for w in writers for u in w.finish()]
    missing = set(acked) - uids(connect(lwd), "dir*")
    tap.ok(not missing and len(acked) > 300, "directory killed under 16 writers: all %d acknowledged writes are there" % len(acked), missing)
    check_clean(lwd, "after that")

    readers(lwd)
    lwd.close(tap)


def readers(lwd):
    """Dead processes' read transactions hold no pages: the data file grows as without the kills."""
    data = os.path.join(lwd.data, "db", "data.mdb")

    def rewrite(n):
        size, done, c = os.path.getsize(data), 0, None
        while done < n:
            try:
                c = c or connect(lwd)
                c.modify_s(ADMIN, [(ldap.MOD_REPLACE, "description", [b"%d " % done * 500])])
                done += 1
            except (ldap.SERVER_DOWN, ldap.UNAVAILABLE, ldap.CONNECT_ERROR, ldap.BUSY):
                c = None
        return os.path.getsize(data) - size

    rewrite(100)
    calm = rewrite(400)
    stop = threading.Event()

    def killer():
        for _ in range(KILLS):
            old = {role: lwd.kill_role(role) for role in ("keyd", "directory", "kdc") if lwd.role_pid(role)}
            wait_for(lambda: all(lwd.role_pid(r) not in (None, old[r]) for r in old))
            if stop.wait(0.05):
                return

    k = threading.Thread(target=killer)
    k.start()
    grown, n = 0, 0
    while k.is_alive() or n == 0:
        grown += rewrite(200)
        n += 200
    stop.set()
    k.join()
    after = rewrite(400)
    tap.ok(grown <= 3 * (calm + (1 << 20)) * n / 400 and after <= 3 * (calm + (1 << 20)), "%d kills under a writer: the data file grows as before "
           "(%d kB for 400 writes, then %d kB for %d, %d kB for 400)" % (2 * KILLS, calm >> 10, grown >> 10, n, after >> 10))


# ---- 6 ----

def tlv(tag, body):
    n = len(body)
    return bytes([tag]) + (bytes([n]) if n < 128 else b"\x82" + n.to_bytes(2, "big")) + body


def octets(s):
    return tlv(4, s if isinstance(s, bytes) else s.encode())


class RawWriter(threading.Thread):
    """Adds people over a socket, one at a time, until the server closes it. Keeps every octet's fate."""

    def __init__(self, lwd, number):
        super().__init__(daemon=True)
        self.number, self.acked, self.sent, self.end = number, [], [], "nothing"
        self.s = raw(lwd)
        self.s.settimeout(20 * SLOW)
        self.buf = b""
        self.send(1, tlv(0x60, b"\x02\x01\x03" + octets("admin@acme.example") + tlv(0x80, ADMIN_PASSWORD.encode())))
        assert self.message()[0] == 1
        self.start()

    def send(self, msgid, op):
        self.s.sendall(tlv(0x30, b"\x02\x02" + struct.pack(">H", msgid) + op))

    def message(self):
        """The next message: id, code, octets; None at the end."""
        while len(self.buf) < 2 or len(self.buf) < 2 + self.buf[1]:
            got = self.s.recv(65536)
            if not got:
                return None
            self.buf += got
        n = 2 + self.buf[1]
        m, self.buf = self.buf[:n], self.buf[n:]
        at = 4 + m[3]
        return int.from_bytes(m[4:at], "big"), m[at + 4], m

    def run(self):
        try:
            for n in range(2, 30000):
                uid = "raw%d-%d" % (self.number, n)
                attrs = b"".join(tlv(0x30, octets(k) + tlv(0x31, b"".join(map(octets, v)))) for k, v in person(uid))
                self.sent.append(uid)
                self.send(n, tlv(0x68, octets("uid=%s,%s" % (uid, PEOPLE)) + tlv(0x30, attrs)))
                m = self.message()
                if m and m[0] == n and m[1] == 0:
                    self.acked.append(uid)
                elif m and m[0] == 0:
                    self.end = "notice" if b"1.3.6.1.4.1.1466.20036" in m[2] and self.message() is None else "more after the notice"
                    return
                else:
                    self.end = repr(m)
                    return
        except OSError as e:
            self.end = repr(e)


def part_drain():
    lwd = Lwd().init().start()
    for round_ in range(3):
        writers = [RawWriter(lwd, 100 * round_ + i) for i in range(16)]
        wait_for(lambda: all(len(w.acked) > 5 for w in writers))
        time.sleep(random.uniform(0, 0.1))
        start = time.monotonic()
        status = lwd.stop()
        took = time.monotonic() - start
        tap.ok(status == 0 and took < 5 * SLOW, "SIGTERM under 16 writers: ends in %.2f s with status 0" % took, status)
        for w in writers:
            w.join(20 * SLOW)
        ends = [w.end for w in writers]
        tap.eq([e for e in ends if e != "notice"], [], "every connection gets its answers, then a notice of disconnection")
        lwd.start()
        there = uids(connect(lwd), "raw*")
        missing = {u for w in writers for u in w.acked} - there
        tap.ok(not missing, "every acknowledged write is there (%d)" % sum(len(w.acked) for w in writers), missing)
        if round_ == 0:
            check_clean(lwd, "after it")
    tap.eq([e for e in lwd.events("drain-cut")], [], "no drain was cut short")
    lwd.close(tap)

    # what hangs: a client with half a request, a keyd that does not answer, an impatient administrator
    lwd = Lwd(conf="shutdown.time = 1s\n").init().start()
    lwd.user("harry", "Hanging-On-1")
    half = raw(lwd)
    half.sendall(b"\x30\x20\x02\x01\x01")
    tls = socket.create_connection(("127.0.0.1", 636 + lwd.offset))
    tls.sendall(b"\x16\x03\x01")
    keyd = lwd.role_pid("keyd")
    os.kill(keyd, signal.SIGSTOP)
    binder = threading.Thread(target=works, args=(connect, lwd, "harry@acme.example", "Hanging-On-1"))
    binder.start()
    time.sleep(0.2)
    start = time.monotonic()
    lwd.proc.send_signal(signal.SIGTERM)
    time.sleep(0.2)
    lwd.expected_exits += 4  # keyd cannot end by itself; each role may be killed, and be said to have ended
    status = lwd.stop()  # the second SIGTERM
    took = time.monotonic() - start
    tap.ok(status is not None and took < 15 * SLOW, "SIGTERM with a keyd that hangs, and again: ends in %.1f s" % took, lwd.log_text()[-2000:])
    binder.join(20 * SLOW)
    tap.ok(not os.path.exists("/proc/%d" % keyd), "and nothing is left running")
    tap.eq(works(lwd.start), None, "it starts again")
    tap.eq(works(connect, lwd, "harry@acme.example", "Hanging-On-1"), None, "and serves")
    lwd.close(tap)


# ---- 7 ----

def as_user(uid, args, **kw):
    return run(["setpriv", "--reuid=%d" % uid, "--regid=%d" % uid, "--clear-groups"] + args, **kw)


def part_user():
    if not ROOT:
        tap.skip("lwd as another user", "needs CAP_SETUID; the other parts run as an ordinary user already")
        return
    owner, other = 54321, 54322
    lwd = Lwd()
    os.chmod(lwd.dir, 0o755)
    prog = os.path.join(lwd.dir, "bin")
    os.mkdir(prog)
    for p in (LWD, LWCTL):
        shutil.copy(p, prog)
    os.mkdir(lwd.data)
    os.chown(lwd.data, owner, owner)
    pw = lwd.password_file(ADMIN_PASSWORD, "admin.pw")
    os.chown(pw, owner, owner)
    lwctl = [os.path.join(prog, "lwctl"), "--data", lwd.data]
    p = as_user(owner, lwctl + ["init", "--domain", "acme.example", "--admin-password-file", pw, "--port-offset", str(lwd.offset)], env=lwd.env, cwd="/")
    tap.eq((p.returncode, p.stderr), (0, ""), "init as an ordinary user, into a folder that is there")
    open(lwd.logpath, "w").close()
    os.chown(lwd.logpath, owner, owner)
    os.chmod(lwd.dir, 0o1777)  # sanitizers write their reports there
    saved, lwdtest.LWD = lwdtest.LWD, os.path.join(prog, "lwd")
    try:
        lwd.start(prefix=["setpriv", "--reuid=%d" % owner, "--regid=%d" % owner, "--clear-groups"])
    finally:
        lwdtest.LWD = saved
    uids_ = {open("/proc/%d/status" % lwd.role_pid(r)).read().split("Uid:")[1].split()[0] for r in ("keyd", "directory", "kdc")}
    tap.eq(uids_, {str(owner)}, "the roles run as that user")
    for uid, name in ((owner, "the owner"), (0, "root")):
        p = as_user(uid, lwctl + ["user", "create", "user%d" % uid, "--password-file", "-"], stdin="User-Of-Mine-1", env=lwd.env, cwd="/")
        tap.eq((p.returncode, p.stderr), (0, ""), "lwctl as %s" % name)
        p = as_user(uid, ["ldapwhoami", "-Q", "-Y", "EXTERNAL", "-H", lwd.ldapi], env=lwd.env, cwd="/")
        tap.eq(p.returncode, 0, "EXTERNAL over ldapi as %s" % name)
    p = as_user(other, lwctl + ["user", "list"], env=lwd.env, cwd="/")
    tap.ok(p.returncode == 77 and p.stderr.count("\n") == 1 and not p.stdout, "lwctl as anyone else: refused, exit 77", (p.returncode, p.stdout, p.stderr))
    p = as_user(other, ["ldapwhoami", "-Q", "-Y", "EXTERNAL", "-H", lwd.ldapi], env=lwd.env, cwd="/")
    tap.ok(p.returncode == 49, "EXTERNAL over ldapi as anyone else: 49", (p.returncode, p.stdout, p.stderr))
    p = as_user(other, ["ldapwhoami", "-x", "-D", "user0@acme.example", "-w", "User-Of-Mine-1", "-H", lwd.ldapi], env=lwd.env, cwd="/")
    tap.eq(p.returncode, 0, "but a password will do there")
    os.chmod(os.path.join(lwd.data, "run", "control.sock"), 0o666)
    p = as_user(other, lwctl + ["user", "list"], env=lwd.env, cwd="/")
    tap.ok(p.returncode == 77 and not p.stdout, "lwctl as anyone else on a socket made open by mistake: refused all the same", (p.returncode, p.stdout, p.stderr))
    p = as_user(other, [os.path.join(prog, "lwd"), "--data", lwd.data], env=lwd.env, cwd="/", timeout=20)
    tap.ok(p.returncode == 78 and p.stderr.count("\n") == 1, "lwd as anyone else: one line, exit 78", (p.returncode, p.stderr))
    modes = {}
    for base, dirs, files in os.walk(lwd.data):
        for n in dirs + files:
            path = os.path.join(base, n)
            st = os.lstat(path)
            modes[os.path.relpath(path, lwd.data)] = stat.S_IMODE(st.st_mode)
            if st.st_uid != owner:
                tap.ok(False, path + " belongs to the owner", st.st_uid)
    tap.eq((modes["keys"], modes["keys/master.key"], modes["keys/root.key.sealed"], modes["keys/installation.key.sealed"]),
           (0o700, 0o600, 0o600, 0o600), "keys: 0700, and 0600 in it")
    tap.eq([k for k, m in modes.items() if m & 0o002 and k != "run/ldapi" and k != "run/control.sock"], [], "nothing is writable by everyone")
    tap.eq([k for k, m in modes.items() if k.startswith("db/") and m & 0o007], [], "the database can't be read by everyone")
    lwd.close(tap)


# ---- 8 ----

def part_starts():
    lwd = Lwd().init()
    lwd.start()
    add_person(connect(lwd), "here")
    lwd.stop()
    db, keys, conf = (os.path.join(lwd.data, n) for n in ("db/data.mdb", "keys/master.key", "lwd.conf"))
    size = os.path.getsize(db)
    text = open(conf).read()
    kept = os.path.join(lwd.dir, "kept")
    shutil.copytree(lwd.data, kept)

    def put(path, data):
        with open(path, "wb") as f:
            f.write(data if isinstance(data, bytes) else data.encode())

    def turn_pages():
        data = bytearray(open(db, "rb").read())
        data[8192:] = random.Random(7).randbytes(len(data) - 8192)
        put(db, bytes(data))

    foreign = os.path.join(lwd.dir, "foreign.c")
    put(foreign, '#include <lmdb.h>\nint main(int c, char **v) { MDB_env *e; MDB_txn *t; MDB_dbi d; MDB_val k = { 1, "a" };\n'
        "return mdb_env_create(&e) || mdb_env_open(e, v[1], MDB_NOSUBDIR, 0600) || mdb_txn_begin(e, 0, 0, &t) ||\n"
        "mdb_dbi_open(t, 0, 0, &d) || mdb_put(t, d, &k, &k, 0) || mdb_txn_commit(t); }\n")
    run(["gcc", "-o", foreign + ".x", foreign, "-llmdb"])

    def other_lmdb():
        os.unlink(db)
        if run([foreign + ".x", db]).returncode != 0:
            raise RuntimeError("no foreign database")

    root_only = [("lwd.conf is a folder", lambda: (os.unlink(conf), os.mkdir(conf)), "lwd.conf")]
    cases = [
        ("data.mdb is empty", lambda: put(db, b""), "db"),
        ("data.mdb is cut to a page", lambda: os.truncate(db, 4096), "db"),
        ("data.mdb is cut to its two heads", lambda: os.truncate(db, 8192), "db"),
        ("data.mdb is cut by half", lambda: os.truncate(db, size // 2 & ~4095), "db"),
        ("data.mdb is garbage", lambda: put(db, os.urandom(size)), "db"),
        ("data.mdb has garbage behind its heads", turn_pages, "db"),
        ("data.mdb is someone else's LMDB file", other_lmdb, "db"),
        ("data.mdb is text", lambda: put(db, "hello\n"), "db"),
        ("there is no data.mdb", lambda: os.unlink(db), "db"),
        ("there is no db", lambda: shutil.rmtree(os.path.dirname(db)), "db"),
        ("there is no master.key", lambda: os.unlink(keys), "master.key"),
        ("there are no keys", lambda: shutil.rmtree(os.path.dirname(keys)), "keys"),
        ("master.key is open to others", lambda: os.chmod(keys, 0o644), "chmod 600"),
        ("master.key is short", lambda: os.truncate(keys, 20), "backup"),
        ("master.key is damaged", lambda: put(keys, b"\xff" * os.path.getsize(keys)), "backup"),
        ("another installation's master.key", lambda: None, "master.key"),
        ("installation.pem is damaged", lambda: put(os.path.join(lwd.data, "keys/installation.pem"), "x"), "installation.pem"),
        ("installation.key.sealed is missing", lambda: os.unlink(os.path.join(lwd.data, "keys/installation.key.sealed")), "installation.key.sealed"),
        ("there is no lwd.conf", lambda: os.unlink(conf), "lwd.conf"),
        ("lwd.conf has a key that nobody knows", lambda: put(conf, text + "colour = blue\n"), "colour"),
        ("a number that is none", lambda: put(conf, text + "limits.connections = many\n"), "limits.connections"),
        ("a time that is none", lambda: put(conf, text + "shutdown.time = soon\n"), "shutdown.time"),
        ("a word that is not one of them", lambda: put(conf, text + "log.level = loud\n"), "log.level"),
        ("an address that is none", lambda: put(conf, text + "listen = 300.1.1.1\n"), "listen"),
        ("no domain", lambda: put(conf, "port-offset = %d\n" % lwd.offset), "domain"),
        ("another domain", lambda: put(conf, text.replace("acme.example", "other.example")), "other.example"),
        ("lwd.conf is no text", lambda: put(conf, bytes(range(256))), "lwd.conf"),
        ("lwd.conf is too long", lambda: put(conf, "# long\n" * 200000), "lwd.conf"),
    ] + root_only
    master = Lwd().init()
    for name, spoil, says in cases:
        shutil.rmtree(lwd.data)
        shutil.copytree(kept, lwd.data)
        spoil()
        if name.startswith("another installation's"):
            shutil.copy2(os.path.join(master.data, "keys", "master.key"), keys)
        start = time.monotonic()
        try:
            p = run([LWD, "--data", lwd.data], env=lwd.env, timeout=8)
            lines = [x for x in p.stderr.splitlines() if not x.startswith("{")]
            plain = lines[0] if len(lines) == 1 else ""
            tap.ok(p.returncode == 78 and plain.startswith("lwd: ") and says in plain, "%s: one line, exit 78 (%s)" % (name, plain.replace(lwd.dir, "")),
                   (p.returncode, p.stderr[-1500:]))
            starts = p.stderr.count('"role-started"')
            tap.ok(starts <= 3 and time.monotonic() - start < 5 * SLOW, "%s: nothing is started again and again" % name, starts) if starts > 3 else None
        except subprocess.TimeoutExpired:
            tap.ok(False, "%s: lwd ends" % name)
            break
    # and lwctl
    shutil.rmtree(lwd.data)
    shutil.copytree(kept, lwd.data)
    lwd.start()
    bad = os.path.join(lwd.dir, "no-such-file")
    for args, status in (
            (["user", "show", "nobody"], 4), (["user", "create", "admin", "--password-file", lwd.admin_file], 5),
            (["user", "create", "x", "--password-file", bad], 1), (["user", "create", "x", "--password-file", lwd.dir], 1),
            (["user", "create"], 2), (["user", "create", "x", "--colour", "blue"], 2), (["-o", "xml", "user", "list"], 2),
            (["-t", "nowhere.example", "user", "list"], 4), (["tenant", "create", "sub.acme.example", "--admin-password-file", lwd.admin_file], 1),
            (["tenant", "create", "acme.example", "--admin-password-file", lwd.admin_file], 5), (["grant", "create", "nonsense"], 1),
            (["user", "set", "admin", "noSuchAttribute=1"], 1), (["user", "list", "--nonsense"], 2)):
        p = lwd.ctl(*args)
        tap.ok(p.returncode == status and p.stderr.count("\n") == 1 and not p.stdout, "lwctl %s: one line, exit %d" % (" ".join(args).replace(lwd.dir, ""), status),
               (p.returncode, p.stdout, p.stderr))
    lwd.stop()
    for args, env in ((["--data", bad, "user", "list"], {}), (["--data", lwd.data, "user", "list"], {}), (["user", "list"], {"LWD_DATA": bad})):
        p = run([LWCTL] + args, env=env)
        tap.ok(p.returncode in (75, 78) and p.stderr.count("\n") == 1, "lwctl %s without a server: one line, exit %d" % (" ".join(args).replace(lwd.dir, ""), p.returncode), p)
    shutil.rmtree(master.dir)
    lwd.start()
    tap.eq(uids(connect(lwd), "here"), {"here"}, "and the kept data start as ever")
    lwd.close(tap)


PARTS = {"roles": part_roles, "clock": part_clock, "disk": part_disk, "drain": part_drain, "starts": part_starts, "files": part_files, "user": part_user}
if SANITIZED:
    del PARTS["clock"]  # its shim can't be loaded before a sanitizer; the plain build turns the clock


def one(part):
    began = time.monotonic()
    try:
        PARTS[part]()
    except Exception:  # noqa: BLE001
        tap.ok(False, "part %s" % part, traceback.format_exc())
    print("# part %s: %.1f s" % (part, time.monotonic() - began))


def lanes(parts):
    """Two parts at a time, each a process of its own; their lines come out part by part."""
    lock = threading.Lock()

    def lane():
        while True:
            with lock:
                if not parts:
                    return
                part = parts.pop(0)
            p = subprocess.run([sys.executable, os.path.abspath(__file__)], env=dict(os.environ, LWD_FAULTS=part), stdout=subprocess.PIPE, text=True)
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


wanted = os.environ.get("LWD_FAULTS", "").split() or list(PARTS)
if len(wanted) == 1:
    one(wanted[0])
else:
    lanes(wanted)
tap.done()
