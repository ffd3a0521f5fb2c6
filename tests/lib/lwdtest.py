# SPDX-License-Identifier: Apache-2.0
"""A real lwd for a test: a temporary installation on free loopback ports, lwctl, stock clients, TAP.
LWD_BIN names the build folder. A role exit that the test did not announce fails the test, and so does a sanitizer report."""
import atexit
import glob
import json
import os
import random
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time

BIN = os.environ.get("LWD_BIN") or os.getcwd()
LWD, LWCTL = os.path.join(BIN, "bin", "lwd"), os.path.join(BIN, "bin", "lwctl")
ADMIN_PASSWORD = "Correct-Horse-7"
SANITIZED = os.environ.get("LWD_SANITIZED") == "1"
SLOW = 4 if SANITIZED else 1


class Tap:
    def __init__(self):
        self.n = self.failed = 0

    def ok(self, good, name, detail=""):
        self.n += 1
        if not good:
            self.failed += 1
        print("%sok %d - %s" % ("" if good else "not ", self.n, name))
        if not good and detail != "":
            for line in str(detail).splitlines()[:30]:
                print("# " + line)
        sys.stdout.flush()
        return good

    def eq(self, got, want, name):
        return self.ok(got == want, name, "got  %r\nwant %r" % (got, want))

    def skip(self, name, why):
        self.n += 1
        print("ok %d - %s # SKIP %s" % (self.n, name, why))

    def done(self):
        print("1..%d" % self.n)
        sys.exit(1 if self.failed else 0)


def wait_for(cond, seconds=10, step=0.02):
    """Waits until cond() is true; False when it never was."""
    end = time.monotonic() + seconds * SLOW
    while True:
        if cond():
            return True
        if time.monotonic() > end:
            return False
        time.sleep(step)


PORTS = {"http": 80, "kerberos": 88, "ldap": 389, "https": 443, "kpasswd": 464, "ldaps": 636}


def free_offset():
    """A port offset whose ports are all free, UDP too where that is used."""
    while True:
        offset = random.randrange(10000, 32000)  # below the ports that clients get
        socks = []
        try:
            for base in PORTS.values():
                socks.append(socket.socket())
                socks[-1].setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                socks[-1].bind(("127.0.0.1", base + offset))
            for base in (88, 464):
                socks.append(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
                socks[-1].bind(("127.0.0.1", base + offset))
            return offset
        except OSError:
            pass
        finally:
            for s in socks:
                s.close()


def run(args, stdin=None, env=None, timeout=60, cwd=None):
    e = dict(os.environ)
    e.update(env or {})
    return subprocess.run(args, input=stdin, env=e, cwd=cwd, timeout=timeout * SLOW, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


class Lwd:
    def __init__(self, domain="acme.example", conf=""):
        self.dir = tempfile.mkdtemp(prefix="lwd-test-")
        self.data = os.path.join(self.dir, "data")
        self.domain, self.conf = domain, conf
        self.offset = free_offset()
        self.proc = None
        self.expected_exits = 0
        self.turned = 0
        self.env = {"ASAN_OPTIONS": "log_path=%s/san:detect_leaks=1:abort_on_error=0" % self.dir,
                    "UBSAN_OPTIONS": "log_path=%s/san:print_stacktrace=1" % self.dir,
                    "TSAN_OPTIONS": "log_path=%s/san:second_deadlock_stack=1" % self.dir,
                    "LDAPTLS_CACERT": os.path.join(self.data, "ca.pem"), "LDAPCONF": "/dev/null"}
        self.logpath = os.path.join(self.dir, "log")

    # ---- life ----
    def password_file(self, text, name=None):
        path = os.path.join(self.dir, name or "pw-%d" % random.randrange(1 << 30))
        with open(path, "w") as f:
            f.write(text)
        os.chmod(path, 0o600)
        return path

    def init(self, *more):
        self.admin_file = self.password_file(ADMIN_PASSWORD, "admin.pw")
        p = run([LWCTL, "--data", self.data, "init", "--domain", self.domain, "--admin-password-file", self.admin_file, "--port-offset", str(self.offset)] + list(more), env=self.env)
        if p.returncode != 0:
            raise RuntimeError("lwctl init: %d %s %s" % (p.returncode, p.stdout, p.stderr))
        if self.conf:
            with open(os.path.join(self.data, "lwd.conf"), "a") as f:
                f.write(self.conf)
        return self

    def start(self, wait=True, prefix=()):
        log = open(self.logpath, "a")
        e = dict(os.environ)
        e.update(self.env)
        self.proc = subprocess.Popen(list(prefix) + [LWD, "--data", self.data], stderr=log, stdout=log, stdin=subprocess.DEVNULL, env=e,
                                     start_new_session=True)
        log.close()
        atexit.register(self._abandoned)
        if wait:
            p = self.ctl("status", "--wait", str(20 * SLOW))
            if p.returncode != 0:
                raise RuntimeError("lwd did not get ready: %s\n%s" % (p.stderr, self.log_text()[-3000:]))
        return self

    def _abandoned(self):
        """The test itself broke off: leave nothing running."""
        if self.proc and self.proc.poll() is None:
            os.killpg(self.proc.pid, signal.SIGKILL)

    def log_text(self):
        return open(self.logpath).read() if os.path.exists(self.logpath) else ""

    def events(self, name=None):
        out = []
        for line in self.log_text().splitlines():
            try:
                e = json.loads(line)
            except ValueError:
                e = {"event": "unparsable", "text": line}
            if name is None or e.get("event") == name:
                out.append(e)
        return out

    def role_pid(self, role):
        """The pid of a role's process now; None while it is away."""
        for pid in os.listdir("/proc"):
            if pid.isdigit():
                try:
                    cmd = open("/proc/%s/cmdline" % pid, "rb").read().split(b"\0")[0].decode("utf-8", "replace")
                    stat = open("/proc/%s/stat" % pid).read().rsplit(")", 1)[1].split()
                except OSError:
                    continue
                if cmd.strip() == "lwd: " + role and int(stat[1]) == self.proc.pid and stat[0] != "Z":
                    return int(pid)
        return None

    def kill_role(self, role, sig=signal.SIGKILL):
        pid = self.role_pid(role)
        self.expected_exits += 1
        os.kill(pid, sig)
        return pid

    def stop(self):
        """SIGTERM; returns the exit status (None: it had to be killed)."""
        if not self.proc:
            return 0
        if self.proc.poll() is None:
            self.proc.send_signal(signal.SIGTERM)
        try:
            status = self.proc.wait(30 * SLOW)
        except subprocess.TimeoutExpired:
            os.killpg(self.proc.pid, signal.SIGKILL)
            self.proc.wait()
            status = None
        self.proc = None
        return status

    def kill_all(self):
        """kill -9 of everything at once."""
        os.killpg(self.proc.pid, signal.SIGKILL)
        self.proc.wait()
        wait_for(lambda: not self._any_left(self.proc.pid))
        self.proc = None

    def _any_left(self, pgid):
        for pid in os.listdir("/proc"):
            if pid.isdigit():
                try:
                    f = open("/proc/%s/stat" % pid).read().rsplit(")", 1)[1].split()
                    if int(f[2]) == pgid and f[0] != "Z":
                        return True
                except (OSError, ValueError):
                    pass
        return False

    def close(self, tap, keep=False):
        """Stops, and checks that nothing died that was not meant to."""
        had = self.proc is not None
        status = self.stop()
        if had:
            tap.eq(status, 0, "lwd stops with status 0 on SIGTERM")
        exits = self.events("role-exit") + self.events("role-killed")
        tap.ok(len(exits) <= self.expected_exits, "no role died that the test did not kill", exits)
        reports = glob.glob(os.path.join(self.dir, "san*"))
        tap.ok(not reports, "no sanitizer report", "".join(open(r).read()[:3000] for r in reports))
        bad = [e for e in self.events("unparsable")]
        tap.ok(not bad, "every line of the log is JSON", bad[:5])
        if not keep and not tap.failed:
            shutil.rmtree(self.dir, ignore_errors=True)

    # ---- clients ----
    def ctl(self, *args, stdin=None, timeout=60):
        return run([LWCTL, "--data", self.data] + [str(a) for a in args], stdin=stdin, env=self.env, timeout=timeout)

    def ctl_json(self, *args):
        p = self.ctl("-o", "json", *args)
        if p.returncode != 0:
            raise RuntimeError("lwctl %s: %d %s" % (" ".join(args), p.returncode, p.stderr))
        return json.loads(p.stdout) if p.stdout.strip() else None

    def must(self, *args, stdin=None):
        p = self.ctl(*args, stdin=stdin)
        if p.returncode != 0:
            raise RuntimeError("lwctl %s: %d %s" % (" ".join(map(str, args)), p.returncode, p.stderr))
        return p.stdout

    def user(self, name, password, tenant=None, *more):
        t = ["-t", tenant] if tenant else []
        return self.must(*t, "user", "create", name, "--password-file", "-", *more, stdin=password)

    def port(self, service):
        return PORTS[service] + self.offset

    @property
    def ldap(self):
        return "ldap://localhost:%d" % (389 + self.offset)

    @property
    def ldaps(self):
        return "ldaps://localhost:%d" % (636 + self.offset)

    @property
    def ldapi(self):
        return "ldapi://" + os.path.join(self.data, "run", "ldapi").replace("/", "%2F")

    def python_ldap(self, ca, seconds, tls, cert=None):
        """A connection of python3-ldap, by StartTLS where it says so; cert: of the files cert.pem and cert.key."""
        import ldap
        c = ldap.initialize(self.ldap)
        c.set_option(ldap.OPT_X_TLS_CACERTFILE, ca)
        c.set_option(ldap.OPT_NETWORK_TIMEOUT, seconds)
        c.set_option(ldap.OPT_TIMEOUT, seconds)
        if cert:
            c.set_option(ldap.OPT_X_TLS_CERTFILE, cert + ".pem")
            c.set_option(ldap.OPT_X_TLS_KEYFILE, cert + ".key")
        c.set_option(ldap.OPT_X_TLS_NEWCTX, 0)
        if tls:
            c.start_tls_s()
        return c

    def turn_clock(self, seconds):
        """From now on the wall clock of lwd and lwctl, running or started later, is so far ahead (a build for tests, base/testclock.c)."""
        path = os.path.join(self.dir, "turned")
        with open(path, "r+b" if os.path.exists(path) else "wb") as f:
            f.write(struct.pack("=q", seconds))
        self.env["LWD_TEST_CLOCK_OFFSET"] = path
        self.turned = seconds

    def now(self):
        return time.time() + self.turned

    def turned_client(self):
        """The environment of other programs, which are to have lwd's time."""
        so = os.path.join(self.dir, "turnclock.so")
        if not os.path.exists(so):
            subprocess.run(["gcc", "-shared", "-fPIC", "-O1", "-o", so, os.path.join(os.path.dirname(os.path.abspath(__file__)), "turnclock.c")], check=True)
        return {"LD_PRELOAD": so, "LWD_TURN_FILE": os.path.join(self.dir, "turned")}

    def client(self, tool, *args, stdin=None, timeout=60):
        return run([tool] + [str(a) for a in args], stdin=stdin, env=self.env, timeout=timeout)
