#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""kill -9 of everything at random moments under 16 concurrent writers. LWD_ROUNDS rounds (default 20): every acknowledged write is
there, none is half there, the check is clean, and lwd is ready again within 2 seconds."""
import os
import random
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from lwdtest import ADMIN_PASSWORD, SANITIZED, Lwd, Tap, wait_for  # noqa: E402

import ldap  # noqa: E402

ROUNDS = int(os.environ.get("LWD_ROUNDS", "20"))
WRITERS = 16
BASE = "ou=people,dc=acme,dc=example"
tap = Tap()
lwd = Lwd().init().start()
acked = {}    # uid -> the last acknowledged generation
maybe = {}    # uid -> the generation that was sent last, acknowledged or not
deleted = {}  # uid -> True acknowledged, False sent


class Writer(threading.Thread):
    """Adds people, changes two attributes of one in a single operation, and deletes some."""

    def __init__(self, number, round_):
        super().__init__(daemon=True)
        self.number, self.round = number, round_

    def run(self):
        try:
            c = ldap.initialize(lwd.ldap)
            c.set_option(ldap.OPT_NETWORK_TIMEOUT, 5)
            c.simple_bind_s("admin@acme.example", ADMIN_PASSWORD)
            n = 0
            while True:
                self.one(c, n)
                n += 1
        except (ldap.SERVER_DOWN, ldap.UNAVAILABLE, ldap.TIMEOUT, ldap.CONNECT_ERROR):
            pass

    def one(self, c, n):
        uid = "w%d-%d-%d" % (self.round, self.number, n)
        dn = "uid=%s,%s" % (uid, BASE)
        maybe[uid] = 0
        c.add_s(dn, [("objectClass", [b"inetOrgPerson"]), ("uid", [uid.encode()]), ("cn", [b"Crash Test " + uid.encode()]),
                     ("sn", [b"Test"]), ("mail", [uid.encode() + b"@acme.example"]), ("title", [b"g0"]), ("employeeType", [b"g0"])])
        acked[uid] = 0
        for g in range(1, random.randrange(1, 4)):
            v = b"g%d" % g
            maybe[uid] = g
            c.modify_s(dn, [(ldap.MOD_REPLACE, "title", [v]), (ldap.MOD_REPLACE, "employeeType", [v])])
            acked[uid] = g
        if n % 5 == 4:
            deleted[uid] = False
            c.delete_s(dn)
            deleted[uid] = True


def verify():
    """What is there against what was acknowledged; a list of complaints."""
    c = ldap.initialize(lwd.ldap)
    c.simple_bind_s("admin@acme.example", ADMIN_PASSWORD)
    there = {}
    for dn, attrs in c.search_s(BASE, ldap.SCOPE_ONELEVEL, "(uid=w*)", ["uid", "title", "employeeType", "mail", "cn"]):
        there[attrs["uid"][0].decode()] = attrs
    bad = []
    for uid, g in acked.items():
        if uid in deleted:
            if deleted[uid] and uid in there:
                bad.append("%s was deleted and is back" % uid)
            if deleted[uid] or uid not in there:
                continue
        if uid not in there:
            bad.append("%s was acknowledged and is lost" % uid)
            continue
        got = int(there[uid]["title"][0][1:])
        if not g <= got <= maybe[uid]:
            bad.append("%s has generation %d, acknowledged was %d, sent %d" % (uid, got, g, maybe[uid]))
    for uid, attrs in there.items():
        if attrs["title"] != attrs["employeeType"] or len(attrs) != 5:
            bad.append("%s is half there: %r" % (uid, attrs))
    return bad, len(there)


total = 0
for round_ in range(ROUNDS):
    writers = [Writer(i, round_) for i in range(WRITERS)]
    for w in writers:
        w.start()
    wait_for(lambda: sum(1 for u in list(acked) if u.startswith("w%d-" % round_)) >= WRITERS)
    time.sleep(random.uniform(0, 0.5))  # the random moment
    lwd.kill_all()
    for w in writers:
        w.join(30)
    start = time.monotonic()
    lwd.start()
    took = time.monotonic() - start
    bad, total = verify()
    tap.ok(not bad, "round %d: every acknowledged write is there, none is half there (%d entries)" % (round_ + 1, total), "\n".join(bad[:10]))
    p = lwd.ctl("check")
    tap.ok(p.returncode == 0, "round %d: lwctl check is clean" % (round_ + 1), p.stdout + p.stderr)
    if not SANITIZED:
        tap.ok(took < 2, "round %d: ready again in %.2f s" % (round_ + 1, took))
p = lwd.ctl("check", "--replay", timeout=120)
tap.ok(p.returncode == 0, "the change log of it all replays to the same tables", p.stdout + p.stderr)
tap.ok(total > 5 * ROUNDS, "the writers wrote (%d entries)" % total)
lwd.close(tap)
tap.done()
