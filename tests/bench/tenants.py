#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""make bench-tenants: one lwd with a thousand tenants of one user each beside one lwd with one tenant of a thousand users, the same load on
both in turn, and how long the making of a tenant takes. tenants.py [--tenants 1000] [--seconds 2] [--runs 5]"""
import argparse
import json
import os
import statistics
import subprocess
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from bench import BIN, cpu_of  # noqa: E402
from lwdtest import Lwd  # noqa: E402

CASES = [("warm bind", "ldap", "bind", 64), ("search eq", "ldap", "search", 64), ("AS, encrypted timestamp", "kdc", "as", 64)]


class Server:
    def __init__(self, name, tenants, n):
        self.name, self.n, self.took = name, n, []
        self.people = "ou=people,dc=t%s,dc=example" % ("%u" if tenants > 1 else "0")
        self.realm = "T%s.EXAMPLE" % ("%u" if tenants > 1 else "0")
        self.lwd = Lwd().init().start()
        for i in range(tenants):
            start = time.monotonic()
            self.lwd.must("tenant", "create", "t%d.example" % i, "--admin-password-file", self.lwd.admin_file)
            self.took.append(time.monotonic() - start)
        for i in range(n):
            self.lwd.must("-t", "t%d.example" % (i % tenants), "user", "create", "user%d" % i, "--surname", "U", "--password-file", "-", stdin="Bench-pw-%d" % i)
        self.pids = [self.lwd.proc.pid] + [self.lwd.role_pid(r) for r in ("keyd", "directory", "kdc", "web")]
        self.load("ldap", "bind", 8, each=True)  # it is warm binds that are measured

    def load(self, what, op, clients, seconds=None, each=False):
        if what == "ldap":
            args = ["--port", 389 + self.lwd.offset, "--op", op, "--people", self.people, "--count", self.n, "--conns", clients, "--own" if op == "search" else "--each"]
            args += ["--total", self.n] if each else ["--seconds", seconds]
        else:
            args = ["--port", 88 + self.lwd.offset, "--op", op, "--realm", self.realm, "--users", self.n, "--flights", clients, "--seconds", seconds, "--etype", 18]
        before = cpu_of(self.pids)
        p = subprocess.run([os.path.join(BIN, "tests", "bench", what + "bench")] + [str(a) for a in args], stdout=subprocess.PIPE, text=True)
        if p.returncode:
            raise RuntimeError("%s %s on %s failed: %s" % (what, op, self.name, p.stdout))
        r = json.loads(p.stdout)
        return r["rate"], (cpu_of(self.pids) - before) / r["ops"] * 1e6


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("--tenants", type=int, default=1000)
    ap.add_argument("--seconds", type=float, default=2)
    ap.add_argument("--runs", type=int, default=5)
    a = ap.parse_args()
    one, many = Server("one tenant", 1, a.tenants), Server("%d tenants" % a.tenants, a.tenants, a.tenants)
    t = many.took
    print("# a tenant is made in %.3f s (median), %.3f s at most; the first ten %.3f s, the last ten %.3f s" % (
        statistics.median(t), max(t), statistics.median(t[:10]), statistics.median(t[-10:])))
    print("\n| load, 64 clients | one tenant ops/s | %d tenants ops/s | rate ratio | one us/op | %d us/op | CPU ratio |\n|---|---|---|---|---|---|---|" % (a.tenants, a.tenants))
    for name, what, op, clients in CASES:
        got = {s: [] for s in (one, many)}
        for _ in range(a.runs):
            for s in got:
                got[s].append(s.load(what, op, clients, a.seconds))
        rate, cpu = ({s: statistics.median(x[i] for x in v) for s, v in got.items()} for i in (0, 1))
        print("| %s | %.0f | %.0f | %.2f | %.1f | %.1f | %.2f |" % (name, rate[one], rate[many], rate[many] / rate[one], cpu[one], cpu[many], cpu[many] / cpu[one]), flush=True)
    for s in (one, many):
        s.lwd.stop()


if __name__ == "__main__":
    main()
