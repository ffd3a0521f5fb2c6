#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Logins over HTTPS: curl with a password, with a real ticket, with a token; and that all refusals look alike."""
import base64
import http.client
import json
import os
import ssl
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from lwdtest import SLOW, Lwd, Tap, wait_for  # noqa: E402
from krbtest import Person  # noqa: E402

tap = Tap()
lwd = Lwd().init().start()
CA = os.path.join(lwd.data, "ca.pem")
URL = "https://localhost:%d" % lwd.port("https")
LOGIN, BETA = "/api/v1/tenants/acme.example/login", "/api/v1/tenants/beta.example/login"
PW = "Wonder-Land-42"
lwd.must("tenant", "create", "beta.example", "--admin-password-file", lwd.admin_file)
lwd.user("alice", PW)
lwd.user("mallory", PW)
lwd.user("alice", "Another-Pass-9", "beta.example")


def curl(person, path, *more):
    """(status, header fields, body)"""
    p = person.run("curl", "-sS", "--cacert", CA, "--max-time", "20", "-D", "-", "-X", "POST", *more, URL + path)
    if p.returncode != 0:
        return p.returncode, "", p.stderr
    head, body = p.stdout.rsplit("\n\n", 1)
    head = head.rsplit("\n\n", 1)[-1]  # of the last answer
    return int(head.split()[1]), head, body


def ask(path, authorization):
    """(status, fields, body) over http.client"""
    c = http.client.HTTPSConnection("localhost", lwd.port("https"), context=ssl.create_default_context(cafile=CA), timeout=20 * SLOW)
    c.request("POST", path, headers={"Authorization": authorization} if authorization else {})
    r = c.getresponse()
    body = r.read().decode()
    c.close()
    return r.status, r.getheaders(), body


def basic(user, password):
    return "Basic " + base64.b64encode(("%s:%s" % (user, password)).encode()).decode()


# passwords
alice = Person(lwd)
status, head, body = curl(alice, LOGIN, "-u", "alice:" + PW)
doc = json.loads(body) if status == 200 else {}
tap.ok(status == 200 and set(doc) == {"token", "expires", "tenant"}, "curl -u: a token, its end and its tenant", (status, head, body))
token = doc.get("token", "")
tap.ok(len(token) > 80 and not set(token) - set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"), "the token is base64url", token)
end = time.mktime(time.strptime(doc.get("expires", "")[:19], "%Y-%m-%dT%H:%M:%S")) - time.timezone if doc else 0
tap.ok(abs(end - time.time() - 12 * 3600) < 60, "it lives for twelve hours", doc)
tap.ok("no-store" in head, "and is not to be stored", head)
tap.eq(curl(alice, LOGIN, "-u", "alice@Acme.EXAMPLE:" + PW)[0], 200, "with the domain, in any case")
tap.eq(curl(alice, "/api/v1/tenants/ACME.example/login", "-u", "alice:" + PW)[0], 200, "the tenant in any case")

# what is refused looks alike
refused = {}
for name, path, user, password in (
        ("wrong password", LOGIN, "alice", "wrong"), ("unknown user", LOGIN, "nobody", PW), ("unknown tenant", "/api/v1/tenants/nowhere.example/login", "alice", PW),
        ("another tenant's", BETA, "alice", PW), ("another tenant's domain", LOGIN, "alice@beta.example", "Another-Pass-9"),
        ("no tenant's name", "/api/v1/tenants/-%20-/login", "alice", PW), ("empty password", LOGIN, "alice", "")):
    status, fields, body = ask(path, basic(user, password))
    refused[name] = (status, sorted((k, v) for k, v in fields if k != "Date"), body)
one = refused["wrong password"]
tap.eq(one[0], 401, "a wrong password: 401")
tap.eq([v for k, v in one[1] if k == "WWW-Authenticate"], ['Basic realm="lwd", charset="UTF-8"', "Negotiate"], "WWW-Authenticate says what this route takes")
doc = json.loads(one[2])
tap.eq((doc["status"], doc["code"], doc["title"]), (401, "refused", "Unauthorized"), "a problem document")
tap.eq({k: v for k, v in refused.items() if v != one}, {}, "the same answer, octet by octet, to whatever is wrong")
tap.eq(ask(LOGIN, None)[0], 401, "nobody: 401")
tap.eq([ask(LOGIN, a)[0] for a in ("Bearer " + token, "Digest x", "Basic !!", "Basic " + base64.b64encode(b"nocolon").decode())],
       [401, 401, 400, 400], "other ways, and what does not decode")

# tickets
p = alice.kinit("alice", PW)
tap.eq(p.returncode, 0, "kinit")
status, head, body = curl(alice, LOGIN, "--negotiate", "-u", ":")
tap.ok(status == 200 and "token" in json.loads(body), "curl --negotiate: a token", (status, head, body))
tap.ok("WWW-Authenticate: Negotiate " in head, "and the acceptor's answer", head)
_, tickets = alice.tickets()
tap.ok(any(t.startswith("HTTP/localhost@") for t in tickets), "by a ticket for HTTP/localhost", tickets)
tap.eq(curl(alice, BETA, "--negotiate", "-u", ":")[0], 401, "not into another tenant")
tap.eq(curl(alice, "/api/v1/tenants/nowhere.example/login", "--negotiate", "-u", ":")[0], 401, "nor into one that is not there")
stranger = Person(lwd)
tap.eq(curl(stranger, LOGIN, "--negotiate", "-u", ":")[0], 401, "without a ticket: 401")
for name, junk in (("noise", b"\x00\x01"), ("a cut frame", b"\x60\x82\xff\xff\x06\x06\x2b\x06\x01\x05\x05\x02"), ("NTLM", b"NTLMSSP\x00\x01\x00\x00\x00")):
    status, fields, body = ask(LOGIN, "Negotiate " + base64.b64encode(junk).decode())
    tap.eq((status, json.loads(body)["code"]), (401, "refused"), "%s is no ticket" % name)

# what is disabled
mallory = Person(lwd)
mallory.kinit("mallory", PW)
tap.eq(curl(mallory, LOGIN, "--negotiate", "-u", ":")[0], 200, "mallory logs in")
lwd.must("user", "disable", "mallory")
tap.ok(wait_for(lambda: curl(mallory, LOGIN, "--negotiate", "-u", ":")[0] == 401, 1), "disabled: no login by the ticket within a second")
tap.eq(ask(LOGIN, basic("mallory", PW))[0::2], one[0::2], "nor by the password, with the usual answer")

# the number of guesses holds over HTTP too, counted with all others; what is locked looks wrong
lwd.user("carol", PW)
got = [ask(LOGIN, basic("carol", "wrong-%d" % i))[0] for i in range(10)]
tap.eq(got, [401] * 10, "ten wrong guesses")
tap.eq(ask(LOGIN, basic("carol", PW))[0::2], one[0::2], "then the right one is refused alike")
p = lwd.client("ldapwhoami", "-x", "-H", lwd.ldap, "-D", "carol@acme.example", "-w", PW)
tap.eq(p.returncode, 49, "over LDAP too")
lwd.must("user", "unlock", "carol")
tap.eq(ask(LOGIN, basic("carol", PW))[0], 200, "until unlocked")
tap.ok(PW not in lwd.log_text() and token not in lwd.log_text(), "no password and no token is in the log")

# keyd and KDC away: the request waits
for role, how in (("keyd", lambda: ask(LOGIN, basic("alice", PW))[0]), ("kdc", lambda: curl(alice, LOGIN, "--negotiate", "-u", ":")[0])):
    lwd.kill_role(role)
    tap.eq(how(), 200, "a login waits for %s to come back" % role)
lwd.close(tap)
tap.done()
