#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""kill -9 of the kdc at random moments under load, LWD_ROUNDS times (default 12): clients see no error, a request answered before is not
answered with a ticket after it, and the role is back within a second. At last everything is killed at once."""
import os
import random
import socket
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from lwdtest import SANITIZED, Lwd, Tap, wait_for  # noqa: E402
from krbtest import Person, as_req, ask_tcp, ask_udp, error_code, raw_login  # noqa: E402

ROUNDS = int(os.environ.get("LWD_ROUNDS", "12"))
REALM, PW, WEB = "ACME.EXAMPLE", "Wonder-Land-42", "HTTP/web1.acme.example"
tap = Tap()
lwd = Lwd().init().start()
KDC = 88 + lwd.offset
lwd.user("alice", PW)
lwd.must("service", "create", WEB)
lwd.must("keytab", "get", WEB, "--out", os.path.join(lwd.dir, "web.keytab"))
stop = threading.Event()
trouble = []           # what a client saw
done = {}              # how many exchanges each kind of client has done


def count(what):
    done[what] = done.get(what, 0) + 1


def stock(what, extra):
    """kinit and kvno for ever; any error is one too many."""
    me = Person(lwd, extra=extra)
    while not stop.is_set():
        p = me.kinit("alice", PW)
        if p.returncode == 0:
            p = me.run("kvno", WEB)
        if p.returncode:
            trouble.append("%s: %s" % (what, p.stderr))
        count(what)


class Raw(threading.Thread):
    """TGS-REQs by hand, sent again as they are until they are answered, as stock clients do."""

    def __init__(self, tgt):
        super().__init__(daemon=True)
        self.tgt, self.answered = tgt, []

    def run(self):
        while not stop.is_set():
            data = self.tgt.request(WEB)
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
                for _ in range(20):
                    got = ask_udp(KDC, data, 0.5, s)
                    if got:
                        break
                else:
                    trouble.append("raw: no answer")
                    continue
            code = error_code(got)
            if code == 0:
                self.answered.append(data)
            else:
                trouble.append("raw: KRB-ERROR %d" % code)
            count("raw")


def serving():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        return error_code(ask_udp(KDC, as_req(REALM, "alice"), 0.02, s)) == 25


tgt = raw_login(KDC, REALM, "alice", PW)
clients = [threading.Thread(target=stock, args=("UDP", ""), daemon=True) for _ in range(2)]
clients += [threading.Thread(target=stock, args=("TCP", "[libdefaults]\n udp_preference_limit = 1\n"), daemon=True)]
raws = [Raw(tgt) for _ in range(3)]
for c in clients + raws:
    c.start()
took = []
for n in range(ROUNDS):
    had = len(raws[0].answered)
    wait_for(lambda: len(raws[0].answered) > had + 2, 20)
    time.sleep(random.uniform(0, 0.4))  # the random moment
    before = [d for r in raws for d in r.answered[-30:]]
    start = time.monotonic()
    old = lwd.kill_role("kdc")
    back = wait_for(serving, 10, 0.005)
    took.append(time.monotonic() - start)
    tap.ok(back and lwd.role_pid("kdc") != old, "round %d: killed, and another one serves" % (n + 1))
    codes = [error_code(ask_udp(KDC, d)) for d in random.sample(before, min(20, len(before)))]
    codes += [error_code(ask_tcp(KDC, d)) for d in random.sample(before, min(5, len(before)))]
    tap.ok(codes and all(c == 34 for c in codes), "round %d: %d requests answered before it are replays" % (n + 1, len(codes)), codes)
if not SANITIZED:
    tap.ok(took[0] < 1 and sorted(took)[ROUNDS // 2] < 1.5, "back within a second: %.2f s the first time, %.2f s at most" % (took[0], max(took)))
stop.set()
for c in clients + raws:
    c.join(60)
tap.ok(not trouble, "no client saw an error (%s)%s" % (", ".join("%s %d" % i for i in sorted(done.items())), "".join("; " + t for t in trouble[:2])),
       "\n".join(trouble[:20]))
tap.ok(all(done.get(w, 0) > 3 for w in ("UDP", "TCP", "raw")), "they were at work", done)

# ---- all at once ----
last = [d for r in raws for d in r.answered[-10:]]
fresh = tgt.request(WEB)
tap.eq(error_code(ask_udp(KDC, fresh)), 0, "a ticket right before the end")
lwd.kill_all()
lwd.start()
codes = [error_code(ask_udp(KDC, d)) for d in last + [fresh]]
tap.ok(all(c not in (0, None) for c in codes), "killed as a whole and started again: replays of before are refused", codes)
tap.eq(error_code(ask_udp(KDC, tgt.request(WEB))), 0, "the old ticket is good for a new request at once")
lwd.close(tap)
tap.done()
