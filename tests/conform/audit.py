#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The audit end to end: each kind of event is a record, chains hold by an independent computation and by lwctl, no secret is in them, others
see nothing, acknowledged writes have their records after kill -9, and a chain goes on when its role was killed. What is done to the rows
of the database, tests/unit/test_engine_audit and test_keyd_audit find."""
import base64
import datetime
import hashlib
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
import uuid

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
sys.path.insert(0, os.path.join(ROOT, "tests", "lib"))
from lwdtest import ADMIN_PASSWORD, LWCTL, Lwd, Tap, run, wait_for  # noqa: E402
from krbtest import Person  # noqa: E402

tap = Tap()
lwd = Lwd().init("--hostname", "lwd.acme.example").start()
CA = os.path.join(lwd.data, "ca.pem")
URL = "https://localhost:%d/api/v1" % lwd.port("https")
PW, NEW, SECOND = "Wonder-Land-42", "Rabbit-Hole-43", "Looking-Glass-44"
ALICE = "uid=alice,ou=people,dc=acme,dc=example"
secrets = {PW, NEW, SECOND, ADMIN_PASSWORD, "Totally-Wrong-1", "Typed-As-A-Name-2"}


def records(tenant=None, n=1000):
    text = lwd.must(*(["-t", tenant] if tenant else []), "audit", "tail", "-n", str(n))
    return [json.loads(line) for line in text.splitlines()]


def has(**want):
    """Is there such a record, at the latest a second after it happened?"""
    return wait_for(lambda: any(all(r.get(k, "").startswith(v) if k == "source" else r.get(k) == v for k, v in want.items()) for r in records()), 5, 0.1)


def api(path, user=None, token=None, method="GET", tenant="acme.example"):
    args = ["curl", "-sS", "--cacert", CA, "-X", method, "-w", "\n%{http_code}", URL + path]
    args += ["-u", user] if user else []
    args += ["-H", "Authorization: Bearer " + token] if token else []
    body, status = run(args).stdout.rsplit("\n", 1)
    return int(status), body


def login(user, password, tenant="acme.example"):
    status, body = api("/tenants/%s/login" % tenant, user="%s:%s" % (user, password), method="POST")
    token = json.loads(body)["token"] if status == 200 else None
    if token:
        secrets.add(token)
    return token


# ---- what happens
lwd.must("tenant", "create", "beta.example", "--admin-password-file", lwd.admin_file)
lwd.user("alice", PW)
lwd.must("service", "create", "HTTP/web1.acme.example")
keytab = os.path.join(lwd.dir, "web1.keytab")
lwd.must("keytab", "get", "HTTP/web1.acme.example", "--out", keytab)
for password in (PW, PW, "Totally-Wrong-1"):
    lwd.client("ldapwhoami", "-x", "-H", lwd.ldap, "-D", ALICE, "-w", password)
lwd.client("ldapwhoami", "-x", "-H", lwd.ldap, "-D", "uid=Typed-As-A-Name-2,ou=people,dc=acme,dc=example", "-w", PW)
lwd.client("ldapwhoami", "-Y", "EXTERNAL", "-H", lwd.ldapi)
lwd.client("ldapsearch", "-x", "-H", lwd.ldap, "-b", "dc=acme,dc=example")
lwd.client("ldapdelete", "-x", "-H", lwd.ldap, "-D", ALICE, "-w", PW, "uid=admin,ou=people,dc=acme,dc=example")
alice = Person(lwd)
alice.kinit("alice", "Totally-Wrong-1")
alice.kinit("alice", PW)
alice.run("kvno", "HTTP/web1.acme.example")
alice.run("ldapwhoami", "-Y", "GSSAPI", "-H", lwd.ldap)
token, admin, other = login("alice", PW), login("admin", ADMIN_PASSWORD), login("admin", ADMIN_PASSWORD, "beta.example")
login("alice", "Totally-Wrong-1")
login("Typed-As-A-Name-2", PW)
api("/tenants/acme.example/users/alice/unlock", token="AAAA" + token[4:], method="POST")
api("/tenants/acme.example/users/admin/disable", token=token, method="POST")
lwd.must("key", "rotate", "kerberos")
lwd.must("key", "rotate", "jwt")
lwd.must("user", "passwd", "alice", "--password-file", lwd.password_file(NEW))
alice.run("kinit", "alice", stdin=NEW + "\n")
alice.run("kpasswd", stdin="%s\n%s\n%s\n" % (NEW, SECOND, SECOND))
lwd.must("user", "unlock", "alice")
jwt = lwd.must("token", "issue", "--type", "jwt", "--audience", "urn:api", "--subject", "alice").strip()
secrets.add(jwt)
for _ in range(11):
    lwd.client("ldapwhoami", "-x", "-H", lwd.ldap, "-D", ALICE, "-w", "Totally-Wrong-1")
lwd.must("user", "disable", "alice")

for what, want in (
        ("a bind", dict(event="ldap.bind", outcome="ok", targetName="alice", protocol="ldap", source="127.0.0.1:", detail="simple")),
        ("a wrong password", dict(event="auth.password", outcome="refused", code="EAUTH", role="keyd", source="127.0.0.1:")),
        ("a bind with it", dict(event="ldap.bind", outcome="refused", code="EAUTH", targetName="alice")),
        ("the operator's bind", dict(event="ldap.bind", outcome="ok", targetName="operator", detail="external")),
        ("a bind by ticket", dict(event="ldap.bind", outcome="ok", targetName="alice", detail="gssapi")),
        ("the ticket accepted", dict(event="auth.kerberos", outcome="ok")),
        ("a denied delete", dict(event="entry.delete", outcome="refused", targetName="uid=admin,ou=people,dc=acme,dc=example")),
        ("kinit", dict(event="kerberos.as", outcome="ok", actorName="alice", role="kdc")),
        ("kinit with a wrong password", dict(event="kerberos.as", outcome="refused", code="EAUTH", actorName="alice")),
        ("a service ticket", dict(event="kerberos.tgs", outcome="ok", actorName="alice", targetName="HTTP/web1.acme.example")),
        ("kpasswd", dict(event="kerberos.kpasswd", outcome="ok")),
        ("a login over HTTPS", dict(event="auth.password", outcome="ok", detail="login")),
        ("a bad one", dict(event="auth.password", outcome="refused", detail="login")),
        ("a forged token", dict(event="auth.token", outcome="refused", role="web", protocol="http")),
        ("a denied request of the API", dict(event="admin.request", outcome="refused", protocol="http", detail="object.disable")),
        ("lwctl's", dict(event="admin.request", outcome="ok", protocol="control", detail="object.unlock", actorName="operator")),
        ("the unlock in keyd", dict(event="account.unlock", outcome="ok")),
        ("a lock-out", dict(event="auth.password", outcome="refused", code="ELOCKED")),
        ("a keytab", dict(event="key.export", outcome="ok", detail="keytab")),
        ("new krbtgt keys", dict(event="key.make", outcome="ok", detail="realm-keys")),
        ("new JWT keys", dict(event="tenant.keys", outcome="ok", detail="lwJwtKey", actorName="operator")),
        ("a password set", dict(event="secret.set", outcome="ok", targetName=ALICE)),
        ("a JWT", dict(event="token.issue", outcome="ok")),
        ("an entry", dict(event="entry.add", outcome="ok", targetName=ALICE, actorName="operator", protocol="control")),
        ("a disabled user", dict(event="entry.modify", outcome="ok", detail="lwDisabled"))):
    tap.ok(has(**want), "in the audit: " + what, (want, [r for r in records() if r["event"] == want["event"]][-3:]))

# ---- who sees it
status, body = api("/tenants/acme.example/audit?limit=3", token=admin)
tap.ok(status == 200 and len(json.loads(body)["items"]) == 3, "an administrator reads it over the API", (status, body))
tap.eq([api("/tenants/acme.example/audit" + p, token=t)[0] for p in ("", "/verify") for t in (token, other)], [403] * 4,
       "neither a disabled user nor the other tenant's administrator does")
status, body = api("/tenants/beta.example/audit?limit=1000", token=other)
tap.ok(status == 200 and {json.loads(i["record"])["tenant"] for i in json.loads(body)["items"]} == {"beta.example"}, "who reads his own sees his own alone", body[-300:])


# ---- chains
def numbers(path, pattern):
    return {name: i + 1 for i, name in enumerate(re.findall(pattern, open(os.path.join(ROOT, path)).read(), re.M))}


EVENTS = numbers("base/audit.h", r'^\tX\(\w+, "([a-z.]+)"\)')
ERRORS = numbers("base/err.h", r"^\tX\((E\w+),")
PROTOCOLS = {n: i for i, n in enumerate(("internal", "ldap", "kerberos", "http", "control", "keyd"))}


def link(r):
    """A record's hash out of its JSON alone, by docs/audit.md."""
    when = datetime.datetime.fromisoformat(r["time"].replace("Z", "+00:00"))
    us = (when - datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)) // datetime.timedelta(microseconds=1)
    uuids = [uuid.UUID(r[k]).bytes if k in r else b"" for k in ("actor", "target")]
    out = bytes.fromhex(r["prev"]) + r["seq"].to_bytes(8, "big")
    out += bytes([EVENTS[r["event"]], PROTOCOLS[r["protocol"]], ERRORS[r["code"]] if "code" in r else 0]) + us.to_bytes(8, "big")
    out += bytes([sum(1 << i for i, u in enumerate(uuids) if u)]) + b"".join(uuids)
    for name in ("actorName", "targetName", "source", "detail"):
        out += bytes([len(r.get(name, "").encode())]) + r.get(name, "").encode()
    return hashlib.sha256(out).hexdigest()


def chains():
    """Role -> records, each hashed here again. None: a link does not hold."""
    last, out = {}, {}
    for r in records():
        if r["role"] in last and (r["seq"], r["prev"]) != last[r["role"]]:
            return None
        last[r["role"]] = (r["seq"] + 1, link(r))
        out.setdefault(r["role"], []).append(r)
    return out


def items(doc):
    return doc["items"] if isinstance(doc, dict) else doc


def verified():
    p = lwd.ctl("audit", "verify")
    return p.returncode == 0, p.stdout + p.stderr


tap.eq(sorted(chains() or {}), ["directory", "kdc", "keyd", "web"], "four chains, each record linked to the one before by its hash")
tap.ok(verified()[0], "lwctl audit verify finds them whole", verified()[1])
tap.ok(wait_for(lambda: all(c["maced"] == c["last"] for c in items(json.loads(lwd.must("audit", "verify", "-o", "json")))), 5), "and keyd has MACed all of it")

# ---- secrets
keys = open(keytab, "rb").read()
entries, at = [], 2
while at + 4 <= len(keys):
    size = int.from_bytes(keys[at:at + 4], "big")
    entries.append(keys[at + 4:at + 4 + size])
    at += 4 + size
forms = set(secrets)
for raw in [e[-36:-4] for e in entries] + [base64.urlsafe_b64decode(t + "=" * (-len(t) % 4)) for t in (token, admin)]:
    forms |= {raw.hex(), base64.b64encode(raw).decode(), base64.urlsafe_b64encode(raw).decode().rstrip("=")}
text = lwd.must("audit", "tail", "-n", "1000") + lwd.must("-t", "beta.example", "audit", "tail", "-n", "1000")
tap.eq([f[:12] for f in forms if f in text], [], "no password, token or key is in it, nor what was typed for a name")
tap.ok("\"targetName\":\"alice\"" in text, "(which finds what is there)")

# ---- roles die; the chain goes on
for role in ("kdc", "web", "keyd"):
    pid = lwd.role_pid(role)
    lwd.kill_role(role)
    wait_for(lambda: lwd.role_pid(role) not in (None, pid) and lwd.ctl("status").returncode == 0, 15)
bob = Person(lwd)
lwd.user("bob", PW)
tap.ok(wait_for(lambda: bob.kinit("bob", PW).returncode == 0, 10), "a login after kdc, web and keyd were killed")
tap.ok(has(event="kerberos.as", outcome="ok", actorName="bob") and verified()[0], "is in the audit, and every chain holds", verified()[1])

# ---- kill -9 under writers
acked, stop = [], threading.Event()


def write(i):
    n = 0
    while not stop.is_set():
        name = "w%d-%d" % (i, n)
        n += 1
        p = subprocess.run([LWCTL, "--data", lwd.data, "group", "create", name], capture_output=True, env=dict(os.environ, **lwd.env))
        if p.returncode == 0:
            acked.append(name)


threads = [threading.Thread(target=write, args=(i,)) for i in range(6)]
for t in threads:
    t.start()
wait_for(lambda: len(acked) >= 60, 20)
lwd.kill_all()
stop.set()
for t in threads:
    t.join()
lwd.start()
before = {r["role"]: r["seq"] for r in records()}
names = {r.get("targetName") for r in records(n=1000) if r["event"] == "entry.add"}
tap.eq([a for a in acked if "cn=%s,ou=groups,dc=acme,dc=example" % a not in names], [], "%d acknowledged writes: each has its record after kill -9 of all" % len(acked))
tap.ok(chains() is not None and verified()[0], "and the chains hold", verified()[1])
lwd.stop()

# ---- what is past audit.keep goes
lwd.turn_clock(402 * 86400)
lwd.start()
tap.ok(wait_for(lambda: all(int(c["trimmed"]) >= before[c["name"]] - 1 for c in items(json.loads(lwd.must("audit", "verify", "-o", "json")))), 10),
       "402 days later the old records are gone, but for the last MACed", (before, verified()[1]))
tap.ok(chains() is not None and verified()[0] and has(event="audit.trim", actorName="upkeep"), "which is in the audit, and the rest is whole", verified()[1])
lwd.stop()
p = lwd.ctl("check", "--replay")
tap.ok(p.returncode == 0, "store check and replay of the log agree with it", p.stdout + p.stderr)
lwd.close(tap)
tap.done()
