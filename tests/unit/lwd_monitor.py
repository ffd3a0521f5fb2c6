#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The monitor with the echo program: start, restart, reload, drain, bad starts. lwd_monitor.py PROGRAM"""
import atexit
import json
import os
import random
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import threading
import time

PROGRAM = os.path.abspath(sys.argv[1] if len(sys.argv) > 1 else os.environ.get("LWD_ECHOD", "tests/unit/lwd_echod"))
ROLES = ("keyd", "directory", "kdc")
count = failures = 0


def ok(good, name, detail=""):
    global count, failures
    count += 1
    failures += not good
    print("%sok %d - %s" % ("" if good else "not ", count, name))
    if not good:
        for line in str(detail).splitlines()[:20]:
            print("# " + line)
    sys.stdout.flush()
    return good


SLOW = 10 if os.environ.get("LWD_SANITIZED") == "1" else 1


def wait_for(cond, seconds=10):
    end = time.monotonic() + seconds * SLOW
    while not cond():
        if time.monotonic() > end:
            return False
        time.sleep(0.01)
    return True


def free_offset():
    while True:
        offset = random.randrange(20000, 50000)
        try:
            for port in (88, 389, 636):
                with socket.socket() as s:
                    s.bind(("127.0.0.1", port + offset))
            return offset
        except OSError:
            pass


class Daemon:
    def __init__(self, conf="domain = acme.example\n"):
        self.dir = tempfile.mkdtemp(prefix="lwd-monitor-")
        self.offset = free_offset()
        self.conf = conf + "port-offset = %d\n" % self.offset
        self.write(self.conf)
        self.env = dict(os.environ)

    def write(self, text):
        with open(os.path.join(self.dir, "lwd.conf"), "w") as f:
            f.write(text)

    def start(self):
        self.proc = subprocess.Popen([PROGRAM, "--data", self.dir], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                     stderr=open(os.path.join(self.dir, "log"), "a"), env=self.env)
        atexit.register(self.proc.kill)
        return self

    def log(self):
        out = []
        for line in open(os.path.join(self.dir, "log")):
            try:
                out.append(json.loads(line))
            except ValueError:
                out.append({"event": "text", "text": line})
        return out

    def saw(self, event, **more):
        return sum(1 for e in self.log() if e["event"] == event and all(e.get(k) == v for k, v in more.items()))

    def child(self, role):
        for pid in os.listdir("/proc"):
            if pid.isdigit():
                try:
                    cmd = open("/proc/%s/cmdline" % pid, "rb").read().rstrip(b"\0")
                    fields = open("/proc/%s/stat" % pid).read().rsplit(")", 1)[1].split()
                except OSError:
                    continue
                if int(fields[1]) == self.proc.pid and fields[0] != "Z" and cmd == b"lwd: " + role.encode():
                    return int(pid)
        return None

    def dial(self, port=389):
        s = socket.create_connection(("127.0.0.1", port + self.offset), timeout=20)
        return s

    def udp(self, port=88):
        s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        s.settimeout(20)
        s.connect(("127.0.0.1", port + self.offset))
        return s


def stopped(pid):
    tasks = "/proc/%d/task" % pid
    return all(open("%s/%s/stat" % (tasks, t)).read().rsplit(")", 1)[1].split()[0] == "T" for t in os.listdir(tasks))


def ask(s, text):
    """A datagram and its answer."""
    s.send(text)
    return s.recv(65536)


def talk(s, text, want):
    s.sendall(text)
    got = b""
    while len(got) < len(want):
        more = s.recv(len(want) - len(got))
        if not more:
            raise RuntimeError("heard %r, then the end" % got)
        got += more
    if got != want:
        raise RuntimeError("heard %r" % got)


d = Daemon()
notify_path = os.path.join(d.dir, "notify")
notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
notify.bind(notify_path)
notify.settimeout(0.1)
told = ""


def hear():
    global told
    while True:
        try:
            told += notify.recv(4096).decode() + "\n"
        except socket.timeout:
            pass


threading.Thread(target=hear, daemon=True).start()
d.env.update(NOTIFY_SOCKET=notify_path, WATCHDOG_USEC="200000")
d.start()
ok(wait_for(lambda: "READY=1" in told, 20), "systemd is told that it is ready", told)
ok(wait_for(lambda: "WATCHDOG=1" in told, 20), "and the watchdog is fed", told)
ok(all(d.child(r) for r in ROLES), "each role is a process of its name")
ok(open("/proc/%d/cmdline" % d.proc.pid, "rb").read().rstrip(b"\0") == b"lwd: monitor", "and so is the monitor")
for pid in map(d.child, ROLES):
    status = open("/proc/%d/status" % pid).read()
    ok("Seccomp:\t2" in status and "NoNewPrivs:\t1" in status, "%s is confined" % pid, status)
ok(open(os.path.join(d.dir, "run/lwd.pid")).read() == "%d\n" % d.proc.pid, "the pid file names the monitor")
modes = [stat.S_IMODE(os.stat(os.path.join(d.dir, "run", n)).st_mode) for n in ("control.sock", "ldapi")]
ok(modes == [0o600, 0o666], "the unix sockets have their modes", modes)
u = socket.socket(socket.AF_UNIX)
u.settimeout(20)
u.connect(os.path.join(d.dir, "run/control.sock"))
talk(u, b"peer\n", b"tls=0 sni= local=1 owner=1 binding=0\n")
ok(True, "the owner of the data is known on a unix socket")

# datagrams, and who may ask whom
u = d.udp()
ok(ask(u, b"hello") == b"hello", "a datagram is answered")
with d.dial(88) as fresh:
    talk(fresh, b"hi\n", b"hi\n")
ok(True, "and a connection to the same port")
ok(ask(u, b"ask one") == b"keyd: one", "kdc asks keyd")
ok(ask(u, b"ask dir one") == b"directory: one", "and directory")
with d.dial() as fresh:
    talk(fresh, b"ask kdc two\n", b"kdc: two\n")
ok(True, "and directory asks kdc")

# memory outlives the roles that share it
counts = [int(ask(u, b"ask count").split()[-1]) for _ in range(3)]
with d.dial() as fresh:
    fresh.sendall(b"ask kdc count\n")
    counts.append(int(fresh.recv(100).split()[-1]))
for role in ("kdc", "keyd"):
    old = d.child(role)
    os.kill(old, signal.SIGSTOP)  # what is sent once it has stopped waits for the next one
    wait_for(lambda: stopped(old))
    if role == "kdc":
        u.send(b"waiting")
    os.kill(old, signal.SIGKILL)
    if role == "kdc":
        ok(u.recv(100) == b"waiting", "a datagram that came while kdc was away is answered by its successor")
    ok(wait_for(lambda: d.child(role) not in (None, old), 2), "%s was restarted" % role)
    counts.append(int(ask(u, b"ask count").split()[-1]))
with d.dial() as fresh:
    fresh.sendall(b"ask kdc count\n")
    counts.append(int(fresh.recv(100).split()[-1]))
ok(counts == [1, 2, 3, 4, 5, 6, 7], "numbers in shared memory go on over kill -9 of both", counts)
ok(ask(u, b"ask dir two") == b"directory: two", "the channels are new in both directions")

# keyd dies under a client that asks it, and one that does not
s = d.dial()
errors, rounds, stop = [], [0], threading.Event()


def loop():
    try:
        while not stop.is_set():
            talk(s, b"hello\n", b"hello\n")
            with d.dial() as fresh:
                talk(fresh, b"hi\n", b"hi\n")
            rounds[0] += 1
            time.sleep(0.01)
    except Exception as e:  # noqa: BLE001
        errors.append(repr(e))


t = threading.Thread(target=loop)
t.start()
asker = d.dial()
talk(asker, b"ask one\n", b"keyd: one\n")
old = d.child("keyd")
os.kill(old, signal.SIGKILL)
begin = time.monotonic()
talk(asker, b"ask two\n", b"keyd: two\n")
ok(time.monotonic() - begin < 2, "a request that needs the dead role is answered within 2 s")
ok(d.child("keyd") != old, "keyd was restarted")
at = rounds[0]
wait_for(lambda: rounds[0] > at + 20 or errors)
stop.set()
t.join()
ok(not errors, "a client of directory saw nothing", errors)
ok(d.saw("role-exit", name="keyd", signal="9") == 2, "the exit is in the log")

# directory dies: who connects meanwhile waits, nobody is refused
old = d.child("directory")
os.kill(old, signal.SIGSTOP)  # queue a connection that the old process can't take
wait_for(lambda: stopped(old))
queued = d.dial()
os.kill(old, signal.SIGKILL)
begin = time.monotonic()
with d.dial() as fresh:
    talk(fresh, b"hi\n", b"hi\n")
ok(time.monotonic() - begin < 2, "a connection made while directory is away is served within 2 s", time.monotonic() - begin)
talk(queued, b"hi\n", b"hi\n")
ok(True, "one that was waiting before it died is served too")
ok(d.child("directory") not in (None, old), "directory was restarted")
with d.dial() as fresh:
    talk(fresh, b"ask three\n", b"keyd: three\n")
ok(True, "and has a channel to keyd again")

# one that crashes each time it is asked
with d.dial() as fresh:
    fresh.sendall(b"ask die\n")
    got = fresh.recv(100)
ok(got.startswith(b"error: "), "a request that kills keyd is given up in the end", got)
ok(d.saw("role-exit", name="keyd", signal="6") <= 3, "after at most three tries")
with d.dial() as fresh:
    talk(fresh, b"ask four\n", b"keyd: four\n")
ok(True, "and keyd is back")

# SIGHUP
d.write(d.conf + "log.level = debug\nlimits.connections-per-address = 1000\n")
d.proc.send_signal(signal.SIGHUP)
ok(wait_for(lambda: d.saw("reloaded") == 1), "SIGHUP reads the configuration")
d.write(d.conf + "nonsense = 1\n")
d.proc.send_signal(signal.SIGHUP)
ok(wait_for(lambda: d.saw("reload-failed") == 1), "a broken one is refused and lwd goes on")
d.write(d.conf)
ok(wait_for(lambda: told.count("RELOADING=1") == 2), "systemd hears of it", told)


def refused(args, want, words, env=None):
    p = subprocess.run([PROGRAM] + args, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True, timeout=30, env=env)
    good = p.returncode == want and p.stderr.count("\n") == 1 and all(w in p.stderr for w in words)
    ok(good, "%s: one line, exit %d" % (" ".join(words), want), (p.returncode, p.stderr))


refused(["--data", d.dir], 78, ["another lwd", str(d.proc.pid)])
other = Daemon()
other.write("domain = acme.example\nport-offset = %d\n" % d.offset)
refused(["--data", other.dir], 78, ["in use", str(389 + d.offset)])
ok(os.listdir(os.path.join(other.dir, "run")) == ["lwd.pid"], "and it left no sockets behind")
refused(["--data", "/nonexistent"], 78, ["No such file", "lwctl init"])
refused(["--data", "/usr"], 78, ["no lwd.conf"])
refused(["--data", PROGRAM], 78, ["not a directory"])
refused(["--data", other.dir, "extra"], 2, ["extra"])
refused(["--nonsense"], 2, ["--nonsense", "--help"])
refused(["--data"], 2, ["--data needs a value"])
refused(["--role", "keyd"], 2, ["for lwd itself"])
refused(["--role", "nobody"], 2, ["no role"])
other.write("domain = acme.example\nlimits.connections = many\n")
refused(["--data", other.dir], 78, ["lwd.conf", "limits.connections"])
os.chmod(other.dir, 0o777)
refused(["--data", other.dir], 78, ["writable by everyone", "chmod"])
os.chmod(other.dir, 0o700)
other.write("domain = broken.example\nport-offset = %d\n" % other.offset)
p = subprocess.run([PROGRAM, "--data", other.dir], stderr=subprocess.PIPE, text=True, timeout=30)
ok(p.returncode == 78 and "\nlwd: broken as asked\n" in p.stderr, "a role that cannot start ends lwd with its reason", (p.returncode, p.stderr))
p = subprocess.run([PROGRAM, "--help"], stdout=subprocess.PIPE, text=True)
ok(p.returncode == 0 and "--data DIR" in p.stdout and "role" not in p.stdout, "--help")
for role in ROLES:
    p = subprocess.run([PROGRAM, "--role-selftest", role, "--data", d.dir], stdout=subprocess.PIPE, text=True)
    for line in p.stdout.splitlines():
        if " - " in line:
            ok(line.startswith("ok"), line.split(" - ", 1)[1])
    ok(p.returncode == 0 and "1.." in p.stdout, "the sandbox of %s holds" % role, p.stdout)

# SIGTERM
idle, busy = d.dial(), d.dial()
talk(idle, b"x\n", b"x\n")
talk(busy, b"x\n", b"x\n")
busy.sendall(b"job last\n")
pids = [d.child(r) for r in ROLES]
u.send(b"job last")
u.send(b"last")
d.proc.send_signal(signal.SIGTERM)
got = b""
while not got.endswith(b"farewell\n"):
    more = busy.recv(100)
    if not more:
        break
    got += more
ok(got == b"job last\nfarewell\n", "what is in flight at SIGTERM is answered, then a farewell", got)
got = {u.recv(100), u.recv(100)}
ok(got == {b"job last", b"last"}, "so are datagrams", got)
ok(idle.recv(100) == b"farewell\n", "and an idle connection gets its farewell")
begin = time.monotonic()
ok(d.proc.wait(20 * SLOW) == 0, "exit 0")
ok(not any(os.path.exists("/proc/%d" % p) for p in pids), "no role is left")
ok(not os.path.exists(os.path.join(d.dir, "run/ldapi")), "nor a socket")
ok(d.saw("role-exit") <= 4 + 3, "and no role died that was not killed")
ok(wait_for(lambda: "STOPPING=1" in told), "systemd hears that it stops")

# the monitor is killed: the roles do not stay behind, and the next one starts at once
d.start()
ok(wait_for(lambda: d.saw("ready") == 2), "it starts again")
pids = [d.child(r) for r in ROLES]
d.proc.kill()
d.proc.wait()
d.start()
ok(wait_for(lambda: d.saw("ready") == 3, 2), "and again in 2 s after kill -9 of the monitor")
ok(not any(os.path.exists("/proc/%d" % p) and " Z " not in open("/proc/%d/stat" % p).read() for p in pids), "without the old roles")
d.proc.terminate()
ok(d.proc.wait(20 * SLOW) == 0, "exit 0 again")

# a port that somebody still holds
busy = socket.create_server(("127.0.0.1", 389 + d.offset))
d.start()
ok(wait_for(lambda: "nanosleep" in open("/proc/%d/wchan" % d.proc.pid).read()), "a port that is in use is waited for")
busy.close()
ok(wait_for(lambda: d.saw("ready") == 4), "and taken when it is free")
d.proc.terminate()
ok(d.proc.wait(20 * SLOW) == 0, "exit 0")
print("1..%d" % count)
sys.exit(failures != 0)
