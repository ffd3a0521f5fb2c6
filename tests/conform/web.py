#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The role web: health, metrics, limits and restarts, with curl and python's http.client."""
import http.client
import json
import os
import ssl
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from lwdtest import LWD, SLOW, Lwd, Tap, run, wait_for  # noqa: E402

tap = Tap()
lwd = Lwd().init().start()
CA = os.path.join(lwd.data, "ca.pem")
URL = "https://localhost:%d" % lwd.port("https")
PLAIN = "http://localhost:%d" % lwd.port("http")


def curl(path, *more, base=URL):
    """(status, body)"""
    p = run(["curl", "-sS", "--cacert", CA, "--max-time", "20", "-w", "\n%{http_code}", *more, base + path])
    if p.returncode != 0:
        return p.returncode, p.stderr
    body, status = p.stdout.rsplit("\n", 1)
    return int(status), body


def connection():
    c = ssl.create_default_context(cafile=CA)
    return http.client.HTTPSConnection("localhost", lwd.port("https"), context=c, timeout=20 * SLOW)


# health
tap.eq(curl("/livez"), (200, "ok\n"), "/livez")
tap.eq(curl("/readyz"), (200, "ok\n"), "/readyz")
status, text = curl("/metrics")
tap.ok(status == 200 and 'lwd_up{role="directory"} 1' in text and 'route="/livez",method="GET",status="200"' in text, "/metrics", text)
tap.ok("acme" not in text, "/metrics names no tenant")
c = connection()
for i in range(5):
    c.request("GET", "/livez")
    r = c.getresponse()
    body = r.read()
tap.eq((r.status, body, r.getheader("Cache-Control")), (200, b"ok\n", "no-store"), "five requests on one connection of http.client")
c.request("HEAD", "/livez")
r = c.getresponse()
tap.eq((r.status, r.read(), r.getheader("Content-Length")), (200, b"", "3"), "HEAD")
c.request("GET", "/nowhere")
r = c.getresponse()
doc = json.loads(r.read())
tap.eq((r.status, r.getheader("Content-Type"), doc["title"], doc["status"]), (404, "application/problem+json", "Not Found", 404), "a problem document")
c.request("DELETE", "/livez")
r = c.getresponse()
r.read()
tap.eq((r.status, r.getheader("Allow")), (405, "GET, HEAD"), "405 says what is allowed")
c.close()

# in the clear only what is meant for it
tap.eq(curl("/livez", base=PLAIN)[0], 403, "in the clear nothing but what is marked so")

# a slow client: cut by the clock of the wall, others are served meanwhile
idle = connection()
idle.connect()
tap.eq(curl("/livez")[0], 200, "others are served beside one that says nothing")
idle.close()

# roles die
old = lwd.kill_role("web")
tap.ok(wait_for(lambda: lwd.role_pid("web") not in (None, old), 1), "web is restarted within a second")
tap.eq(curl("/livez")[0], 200, "and serves")
for role in ("keyd", "directory", "kdc"):
    old = lwd.kill_role(role)
    wait_for(lambda: lwd.role_pid(role) not in (None, old))
    tap.ok(wait_for(lambda: curl("/readyz")[0] == 200, 5), "ready again when %s is" % role)
tap.eq(lwd.ctl("status", "--wait", "10").returncode, 0, "status says so too")
p = run([LWD, "--role-selftest", "web"])
lines = [x for x in p.stdout.splitlines() if x.startswith(("ok", "not ok"))]
tap.ok(p.returncode == 0 and len(lines) > 10 and not any(x.startswith("not") for x in lines), "the sandbox of web refuses what it must", p.stdout + p.stderr)

# SIGTERM finishes what is asked
stop, bad = threading.Event(), []


def loop():
    n = connection()
    while not stop.is_set():
        try:
            n.request("GET", "/livez")
            n.getresponse().read()
        except (OSError, http.client.HTTPException):
            n.close()
            return


threads = [threading.Thread(target=loop) for _ in range(4)]
for t in threads:
    t.start()
time.sleep(0.2)
begin = time.monotonic()
status = lwd.stop()
stop.set()
for t in threads:
    t.join()
tap.eq(status, 0, "lwd stops under load")
tap.ok(time.monotonic() - begin < 5 * SLOW, "and at once (%.1f s)" % (time.monotonic() - begin))
lwd.close(tap)
tap.done()
