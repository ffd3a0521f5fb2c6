#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The role web: health, metrics, limits and restarts, with curl and python's http.client."""
import base64
import http.client
import json
import os
import re
import signal
import socket
import ssl
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from lwdtest import ADMIN_PASSWORD, LWD, SLOW, Lwd, Tap, run, wait_for  # noqa: E402

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


def metrics_wrong(text):
    """What is not as Prometheus' text format 0.0.4 has it."""
    types, bad, seen, buckets = {}, [], set(), {}
    for line in text.splitlines():
        m = re.match(r"# (HELP|TYPE) ([a-z_]+) (.+)$", line)
        if m:
            if m.group(1) == "TYPE":
                types[m.group(2)] = m.group(3)
            continue
        m = re.match(r'([a-z_]+)(?:\{((?:[a-z]+="[^"\\]*",?)*)\})? (\d+(?:\.\d+)?)$', line)
        name = m and re.sub("_(bucket|sum|count)$", "", m.group(1))
        if not m or (m.group(1), m.group(2)) in seen or not (m.group(1) in types or types.get(name) == "histogram"):
            bad.append(line)
            continue
        seen.add((m.group(1), m.group(2)))
        if m.group(1) == (name or "") + "_bucket":
            labels = re.sub(',?le="[^"]*"', "", m.group(2))
            buckets.setdefault(labels, []).append(float(m.group(3)))
            if 'le="+Inf"' in m.group(2):
                buckets[labels].append("end")
    return bad + [k for k, v in buckets.items() if v[-1] != "end" or v[:-1] != sorted(v[:-1])] + ([] if text.endswith("\n") else ["no end"])


tap.eq(metrics_wrong(text), [], "and is what Prometheus reads")
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



# octets: what two readers might read differently, and what is too much
def raw(text, tls=True):
    """(status, head, body); status 0: nothing came."""
    s = socket.create_connection(("127.0.0.1", lwd.port("https" if tls else "http")), timeout=20 * SLOW)
    if tls:
        s = ssl.create_default_context(cafile=CA).wrap_socket(s, server_hostname="localhost")
    got = b""
    try:
        s.sendall(text.encode("latin-1"))
        while True:
            more = s.recv(65536)
            got += more
            head, sep, body = got.partition(b"\r\n\r\n")
            length = re.search(rb"Content-Length: (\d+)", head)
            if not more or (sep and length and len(body) >= int(length.group(1))):
                break
    except OSError:
        pass
    s.close()
    head, _, body = got.decode("latin-1").partition("\r\n\r\n")
    return int(head.split()[1]) if head else 0, head, body


HOST = "Host: localhost\r\n"
for name, text, want in (
        ("no Host", "GET /livez HTTP/1.1\r\n\r\n", 400),
        ("two Hosts", "GET /livez HTTP/1.1\r\n" + HOST + HOST + "\r\n", 400),
        ("an empty Host", "GET /livez HTTP/1.1\r\nHost:\r\n\r\n", 400),
        ("two lengths", "POST /livez HTTP/1.1\r\n" + HOST + "Content-Length: 1\r\nContent-Length: 2\r\n\r\nab", 400),
        ("a length beside chunks", "POST /livez HTTP/1.1\r\n" + HOST + "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
        ("another coding", "POST /livez HTTP/1.1\r\n" + HOST + "Transfer-Encoding: gzip\r\n\r\n", 501),
        ("a space in a name", "GET /livez HTTP/1.1\r\n" + HOST + "X : y\r\n\r\n", 400),
        ("dots", "GET /x/%2e%2e/livez HTTP/1.1\r\n" + HOST + "\r\n", 400),
        ("a zero", "GET /livez%00 HTTP/1.1\r\n" + HOST + "\r\n", 400),
        ("a long target", "GET /" + "a" * 9000 + " HTTP/1.1\r\n" + HOST + "\r\n", 414),
        ("a long head", "GET /livez HTTP/1.1\r\n" + HOST + "X: " + "a" * 40000 + "\r\n\r\n", (400, 413, 431)),
        ("a hundred and one fields", "GET /livez HTTP/1.1\r\n" + HOST + "X: y\r\n" * 101 + "\r\n", 431),
        ("another method", "BREW /livez HTTP/1.1\r\n" + HOST + "\r\n", 501),
        ("OPTIONS", "OPTIONS /livez HTTP/1.1\r\n" + HOST + "\r\n", 405),
        ("no HTTP", "EHLO localhost\r\n\r\n", 400)):
    status, head, body = raw(text)
    doc = json.loads(body) if body.startswith("{") else {}
    tap.ok(status in (want if isinstance(want, tuple) else (want,)) and doc.get("status") == status and "application/problem+json" in head,
           "%s: %s, as a problem document" % (name, want), (status, head, body))
status, head, _ = raw("PUT /readyz HTTP/1.1\r\n" + HOST + "Content-Length: 0\r\n\r\n")
tap.ok(status == 405 and "Allow: GET, HEAD" in head, "405 with Allow", head)
tap.eq(raw("GET /livez HTTP/1.1\r\n" + HOST + "\r\n", tls=False)[0], 403, "in the clear: 403")
status, head, body = raw("POST /api/v1/tenants/acme.example/login HTTP/1.1\r\n" + HOST + "Content-Length: 2000\r\n\r\n" + "x" * 2000)
tap.eq((status, json.loads(body)["status"]), (413, 413), "a body past the route's limit: 413")
status, head, body = raw("POST /api/v1/tenants/acme.example/login HTTP/1.1\r\n" + HOST + "Content-Length: 2000000\r\n\r\n" + "x" * 70000)
tap.ok(status in (0, 413), "one past everybody's is cut or refused before it has come", status)

# a client that says nothing, and many of one address
idle = connection()
idle.connect()
tap.eq(curl("/livez")[0], 200, "others are served beside one that says nothing")
idle.close()


def conns(limit):
    """How many of twelve connections at once are served."""
    open_, served = [], 0
    for _ in range(12):
        n = connection()
        try:
            n.request("GET", "/livez")
            r = n.getresponse()
            served += r.read() == b"ok\n"
            open_.append(n)
        except (OSError, http.client.HTTPException):
            pass
    for n in open_:
        n.close()
    return served


conf = os.path.join(lwd.data, "lwd.conf")
before = open(conf).read()
with open(conf, "a") as f:
    f.write("limits.connections-per-address = 8\n")
lwd.proc.send_signal(signal.SIGHUP)
tap.ok(wait_for(lambda: conns(8) == 8, 10), "eight connections of one address, as configured")
with open(conf, "w") as f:
    f.write(before)
lwd.proc.send_signal(signal.SIGHUP)
tap.ok(wait_for(lambda: conns(12) == 12, 10), "and twelve again")

# roles die
class Looper(threading.Thread):
    """A client that asks every 10 ms and keeps what went wrong."""

    def __init__(self, method, path, fields, anew=False):
        super().__init__(daemon=True)
        self.what, self.anew = (method, path, None, fields), anew
        self.errors, self.count, self.stopping = [], 0, False
        self.start()

    def run(self):
        n = None
        while not self.stopping:
            try:
                n = n or connection()
                n.request(*self.what)
                r = n.getresponse()
                if r.read() and r.status != 200:
                    self.errors.append(r.status)
                if self.anew:
                    n.close()
                    n = None
            except (OSError, http.client.HTTPException) as e:
                self.errors.append(repr(e))
                n = None
            self.count += 1
            time.sleep(0.01)

    def finish(self):
        at = self.count
        wait_for(lambda: self.count > at + 10)
        self.stopping = True
        self.join(20 * SLOW)
        return self.errors


BASIC = {"Authorization": "Basic " + base64.b64encode(("admin:" + ADMIN_PASSWORD).encode()).decode()}
looper = Looper("POST", "/api/v1/tenants/acme.example/login", BASIC)
wait_for(lambda: looper.count > 5)
for _ in range(3):
    at, old = looper.count, lwd.kill_role("keyd")
    wait_for(lambda: lwd.role_pid("keyd") not in (None, old) and looper.count > at + 5)
tap.eq(looper.finish(), [], "keyd killed three times: a client that logs in again and again sees no error (%d logins)" % looper.count)
looper = Looper("GET", "/livez", {}, anew=True)
wait_for(lambda: looper.count > 5)
for _ in range(3):
    at, old = looper.count, lwd.kill_role("web")
    tap.ok(wait_for(lambda: lwd.role_pid("web") not in (None, old), 1), "web is restarted within a second")
    wait_for(lambda: looper.count > at + 5)
errors = looper.finish()
tap.ok(len(errors) <= 3, "killed three times it costs a client at most the request under way (%d of %d)" % (len(errors), looper.count), errors)
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
stop, heard = threading.Event(), [0] * 4


def loop(i):
    n = connection()
    while not stop.is_set():
        try:
            n.request("GET", "/livez")
            n.getresponse().read()
            heard[i] += 1
        except (OSError, http.client.HTTPException):
            n.close()
            return


threads = [threading.Thread(target=loop, args=(i,)) for i in range(4)]
for t in threads:
    t.start()
tap.ok(wait_for(lambda: min(heard) > 5), "four clients are under way")
begin = time.monotonic()
status = lwd.stop()
stop.set()
for t in threads:
    t.join()
tap.eq(status, 0, "lwd stops under load")
tap.ok(time.monotonic() - begin < 5 * SLOW, "and at once (%.1f s)" % (time.monotonic() - begin))
lwd.close(tap)
tap.done()
