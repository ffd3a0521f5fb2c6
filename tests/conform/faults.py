#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What goes wrong around a running lwd: roles that die, a full disk, no file descriptors, SIGTERM under load.
LWD_FAULTS names the parts to run (default: all)."""
import http.client
import os
import random
import select
import shutil
import signal
import socket
import ssl
import struct
import subprocess
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from lwdtest import ADMIN_PASSWORD, SANITIZED, SLOW, Lwd, wait_for  # noqa: E402
from faulttest import PEOPLE, ROOT, SUFFIX, Writer, add_person, check_clean, connect, main, person, raw, tap, uids, works  # noqa: E402

import ldap  # noqa: E402

ADMIN = "uid=admin," + PEOPLE
KILLS = 4 if SANITIZED else 10


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


# ---- roles that die ----

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
            old = {role: lwd.kill_role(role) for role in ("keyd", "directory", "kdc", "web") if lwd.role_pid(role)}
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


# ---- a full disk ----

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
    pids = [lwd.role_pid(r) for r in ("keyd", "directory", "kdc", "web")]
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
    tap.eq([lwd.role_pid(r) for r in ("keyd", "directory", "kdc", "web")], pids, "no role was restarted")
    for role in ("keyd", "directory", "kdc", "web"):
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


# ---- no file descriptors ----

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


def livez(lwd):
    """The status of /livez on a connection of its own."""
    c = http.client.HTTPSConnection("localhost", lwd.port("https"), timeout=5 * SLOW, context=ssl.create_default_context(cafile=os.path.join(lwd.data, "ca.pem")))
    try:
        c.request("GET", "/livez")
        return c.getresponse().status
    finally:
        c.close()


def web_files(lwd):
    pid = lwd.role_pid("web")
    tap.eq(livez(lwd), 200, "web serves")
    conns = [socket.create_connection(("127.0.0.1", lwd.port("https"))) for _ in range(600)]
    time.sleep(0.2)
    used = cpu(pid)
    time.sleep(1)
    used = cpu(pid) - used
    tap.ok(used < 0.5, "600 that say nothing: the full web rests (%.2f s of CPU in a second)" % used)
    for s in conns:
        s.close()
    tap.ok(wait_for(lambda: works(livez, lwd) is None, 5), "with connections closed, web serves again")
    tap.eq(lwd.role_pid("web"), pid, "web was not restarted")


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
    web_files(lwd)
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


# ---- SIGTERM under load ----

def tlv(tag, body):
    n = len(body)
    return bytes([tag]) + (bytes([n]) if n < 128 else b"\x82" + n.to_bytes(2, "big")) + body


def octets(s):
    return tlv(4, s if isinstance(s, bytes) else s.encode())


def bind_as(who, password):
    return tlv(0x60, b"\x02\x01\x03" + octets(who) + tlv(0x80, password.encode()))


class RawWriter(threading.Thread):
    """Adds people over a socket, one at a time, until the server closes it. Keeps every octet's fate."""

    def __init__(self, lwd, number):
        super().__init__(daemon=True)
        self.number, self.acked, self.sent, self.end = number, [], [], "nothing"
        self.s = raw(lwd)
        self.s.settimeout(20 * SLOW)
        self.buf = b""
        self.send(1, bind_as("admin@acme.example", ADMIN_PASSWORD))
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


def taken(s):
    """Whether the server has accepted this connection and read all that was sent there."""
    ports = s.getpeername()[1], s.getsockname()[1]
    for name in ("tcp", "tcp6"):
        for line in open("/proc/net/" + name).read().splitlines()[1:]:
            f = line.split()
            if tuple(int(a.split(":")[-1], 16) for a in f[1:3]) == ports:
                return int(f[4].split(":")[1], 16) == 0 and f[9] != "0"
    return False


def stopped(pid):
    return open("/proc/%d/stat" % pid).read().rsplit(")", 1)[1].split()[0] == "T"


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
    assert wait_for(lambda: stopped(keyd))
    binder = raw(lwd)
    binder.sendall(tlv(0x30, b"\x02\x01\x01" + bind_as("harry@acme.example", "Hanging-On-1")))
    assert wait_for(lambda: all(map(taken, (half, tls, binder))))
    start = time.monotonic()
    lwd.proc.send_signal(signal.SIGTERM)
    assert wait_for(lambda: lwd.events("stopping"))
    lwd.expected_exits += 4  # keyd cannot end by itself; each role may be killed, and be said to have ended
    status = lwd.stop()  # the second SIGTERM
    took = time.monotonic() - start
    tap.ok(status is not None and took < 15 * SLOW, "SIGTERM with a keyd that hangs, and again: ends in %.1f s" % took, lwd.log_text()[-2000:])
    for s in (half, tls, binder):
        s.close()
    tap.ok(not os.path.exists("/proc/%d" % keyd), "and nothing is left running")
    tap.eq(works(lwd.start), None, "it starts again")
    tap.eq(works(connect, lwd, "harry@acme.example", "Hanging-On-1"), None, "and serves")
    lwd.close(tap)


main({"roles": part_roles, "disk": part_disk, "drain": part_drain, "files": part_files})
