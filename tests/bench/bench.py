#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""make bench: Debian's slapd (back-mdb, same indexes) beside lwd, the same users, the same load, in turn; a table of ratios.
bench.py [--users 10000,100000] [--seconds 3] [--runs 3]"""
import argparse
import json
import os
import signal
import statistics
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from lwdtest import ADMIN_PASSWORD, BIN, Lwd, free_offset, wait_for  # noqa: E402

LOAD = os.path.join(BIN, "tests", "bench", "ldapbench")
BINDERS = 64  # users with a password
TICK = os.sysconf("SC_CLK_TCK")
CASES = [  # name, op, connections, depth
    ("search eq", "search", 1, 1), ("search eq", "search", 8, 1), ("search eq", "search", 64, 1), ("search eq", "search", 8, 16),
    ("warm bind", "bind", 1, 1), ("warm bind", "bind", 8, 1), ("warm bind", "bind", 64, 1),
    ("modify", "modify", 1, 1), ("modify", "modify", 16, 1), ("modify", "modify", 64, 1),
    ("add", "add", 1, 1), ("add", "add", 16, 1), ("add", "add", 64, 1)]
SLAPD_CONF = """include /etc/ldap/schema/core.schema
include /etc/ldap/schema/cosine.schema
include /etc/ldap/schema/inetorgperson.schema
modulepath /usr/lib/ldap
moduleload back_mdb
pidfile %(dir)s/slapd.pid
loglevel none
threads %(threads)d
database mdb
suffix "dc=bench,dc=example"
rootdn "cn=admin,dc=bench,dc=example"
rootpw %(pw)s
directory %(dir)s/db
maxsize 21474836480
index objectClass eq
index uid eq
index cn,mail eq,sub
"""


FIRST = ("Anna", "Bert", "Clara", "David", "Erika", "Frank", "Greta", "Hans")
LAST = ("Adler", "Baum", "Cordes", "Dietz", "Ebert", "Fuchs", "Graf", "Hahn", "Iser", "Jung")


def person_ldif(n, people):
    """The user that ldapbench --op add makes of this number."""
    first, last = FIRST[n % 8], LAST[n // 8 % 10]
    return "dn: uid=user%d,%s\nobjectClass: inetOrgPerson\nuid: user%d\ncn: %s %s %d\nsn: %s\ngivenName: %s\nmail: user%d@bench.example\n" \
        "telephoneNumber: +49 30 %07d\nemployeeNumber: %d\n\n" % (n, people, n, first, last, n, last, first, n, n, n)


def cpu_of(pids):
    total = 0
    for pid in pids:
        f = open("/proc/%d/stat" % pid).read().rsplit(")", 1)[1].split()
        total += int(f[11]) + int(f[12])
    return total / TICK


def load(port, op, conns, depth, bind, password, people, count, seconds=None, total=None, start=0, each=False):
    args = [LOAD, "--port", port, "--op", op, "--conns", conns, "--depth", depth, "--people", people,
            "--count", BINDERS if op == "bind" else count, "--start", start]
    if op != "bind":
        args += ["--bind", bind, "--password", password]
    args += ["--total", total] if total else ["--seconds", seconds]
    args += ["--each"] if each else []
    p = subprocess.run([str(a) for a in args], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    if p.returncode != 0:
        raise RuntimeError("load %s failed: %s %s" % (op, p.stdout, p.stderr))
    return json.loads(p.stdout)


class Slapd:
    name, people, admin, password = "slapd", "ou=people,dc=bench,dc=example", "cn=admin,dc=bench,dc=example", ADMIN_PASSWORD

    def __init__(self, work, users, threads=4):
        self.dir = os.path.join(work, "slapd")
        os.makedirs(os.path.join(self.dir, "db"))
        conf = os.path.join(self.dir, "slapd.conf")
        open(conf, "w").write(SLAPD_CONF % {"dir": self.dir, "threads": threads, "pw": self.password})
        ldif = "dn: dc=bench,dc=example\nobjectClass: dcObject\nobjectClass: organization\no: bench\ndc: bench\n\n" \
            "dn: ou=people,dc=bench,dc=example\nobjectClass: organizationalUnit\nou: people\n\n"
        # offline, because its adds are slow
        ldif += "".join(person_ldif(n, self.people) for n in range(users))
        p = subprocess.run(["/usr/sbin/slapadd", "-q", "-f", conf], input=ldif, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        if p.returncode != 0:
            raise RuntimeError("slapadd: " + p.stderr)
        self.port = 389 + free_offset()
        self.proc = subprocess.Popen(["/usr/sbin/slapd", "-d", "0", "-f", conf, "-h", "ldap://127.0.0.1:%d/" % self.port])
        wait_for(lambda: subprocess.run(["ldapsearch", "-x", "-H", "ldap://127.0.0.1:%d" % self.port, "-b", "", "-s", "base"],
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode == 0, 20)

    def pids(self):
        return [self.proc.pid]

    def load(self, users):
        pass  # done

    def set_passwords(self):
        for i in range(BINDERS):
            subprocess.run(["ldappasswd", "-x", "-H", "ldap://127.0.0.1:%d" % self.port, "-D", self.admin, "-w", self.password, "-s",
                            "Bench-pw-%d" % i, "uid=user%d,%s" % (i, self.people)], check=True, stdout=subprocess.DEVNULL)

    def stop(self):
        self.proc.send_signal(signal.SIGTERM)
        self.proc.wait()


class OurLwd:
    name, people, admin, password = "lwd", "ou=people,dc=bench,dc=example", "uid=admin,ou=people,dc=bench,dc=example", ADMIN_PASSWORD

    def __init__(self):
        self.lwd = Lwd("bench.example").init().start()
        self.port = 389 + self.lwd.offset

    def pids(self):
        return [self.lwd.proc.pid, self.lwd.role_pid("keyd"), self.lwd.role_pid("directory")]

    def load(self, users):
        load(self.port, "add", 64, 1, self.admin, self.password, self.people, users, total=users)

    def set_passwords(self):
        for i in range(BINDERS):
            self.lwd.must("user", "passwd", "user%d" % i, "--password-file", "-", stdin="Bench-pw-%d" % i)

    def stop(self):
        self.lwd.stop()


def measure(server, case, users, seconds, added):
    _, op, conns, depth = case
    pids = server.pids()
    if op == "bind":  # every user once, so that it is warm binds that are measured
        load(server.port, "bind", 1, 1, None, None, server.people, users, total=BINDERS, each=True)
    before = cpu_of(pids)
    r = load(server.port, op, conns, depth, server.admin, server.password, server.people, users, seconds=seconds, start=added[server.name])
    used = cpu_of(pids) - before
    if op == "add":
        added[server.name] += r["ops"]
    return r["rate"], used / r["ops"] * 1e6 if r["ops"] else 0.0


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("--users", default="10000,100000")
    ap.add_argument("--seconds", type=float, default=3)
    ap.add_argument("--runs", type=int, default=3)
    ap.add_argument("--only", default="")
    a = ap.parse_args()
    for users in map(int, a.users.split(",")):
        ours = OurLwd()
        theirs = Slapd(ours.lwd.dir, users)
        servers = [ours, theirs]
        added = {}
        for s in servers:
            start = time.monotonic()
            s.load(users)
            s.set_passwords()
            added[s.name] = users
            print("# %s: ready in %.1f s" % (s.name, time.monotonic() - start), flush=True)
        print("\n| %d users | connections x depth | lwd ops/s | slapd ops/s | rate ratio | lwd us/op | slapd us/op | CPU ratio |" % users)
        print("|---|---|---|---|---|---|---|---|", flush=True)
        for case in CASES:
            if a.only and a.only not in case[1]:
                continue
            got = {s.name: [] for s in servers}
            for _ in range(a.runs):
                for s in servers:
                    got[s.name].append(measure(s, case, users, a.seconds, added))
            rate = {n: statistics.median(x[0] for x in v) for n, v in got.items()}
            cpu = {n: statistics.median(x[1] for x in v) for n, v in got.items()}
            print("| %s | %d x %d | %.0f | %.0f | %.2f | %.1f | %.1f | %.2f |" % (
                case[0], case[2], case[3], rate["lwd"], rate["slapd"], rate["lwd"] / rate["slapd"], cpu["lwd"], cpu["slapd"],
                cpu["lwd"] / cpu["slapd"] if cpu["slapd"] else 0), flush=True)
        for s in servers:
            s.stop()
        print()


if __name__ == "__main__":
    main()
