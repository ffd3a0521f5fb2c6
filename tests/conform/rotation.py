#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Every kind of key is rotated, twice, while clients of every protocol go on: no request fails, and what was issued before stays good."""
import base64
import http.client
import json
import os
import re
import ssl
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import jwt  # noqa: E402
import ldap  # noqa: E402
from krbtest import ask_tcp, error_code, raw_login  # noqa: E402
from lwdtest import SLOW, Lwd, Tap, run, wait_for  # noqa: E402

WST = "http://docs.oasis-open.org/ws-sx/ws-trust/200512"
WSSE = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd"
TEXT = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-username-token-profile-1.0#PasswordText"
API, PW, REALM = "https://api.acme.example", "Alice-Pass-11", "ACME.EXAMPLE"
OVERLAP = 3 * SLOW  # seconds; what is published may be kept for half of it

tap = Tap()
lwd = Lwd(conf="rotate.overlap = %ds\n" % OVERLAP).init("--hostname", "localhost").start()
CA, KDC, WEB = os.path.join(lwd.data, "ca.pem"), lwd.port("kerberos"), "host/web1.acme.example"
lwd.user("alice", PW, None, "--mail", "alice@acme.example")
lwd.must("host", "create", "web1.acme.example")
lwd.must("keytab", "get", WEB, "--out", os.path.join(lwd.dir, "web.keytab"))
lwd.must("grant", "create", "permit authenticated may token audience none attrs(sub);")
csr = os.path.join(lwd.dir, "web.csr")
run(["openssl", "req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", csr + ".key", "-subj", "/CN=web1",
     "-addext", "subjectAltName=DNS:web1.acme.example", "-out", csr])


def get(path, body=None):
    c = http.client.HTTPSConnection("localhost", lwd.port("https"), context=ssl.create_default_context(cafile=CA), timeout=20 * SLOW)
    try:
        c.request("POST" if body else "GET", path, body, {"Content-Type": "text/xml; charset=utf-8"} if body else {})
        r = c.getresponse()
        data = r.read()
        assert r.status == 200, (path, r.status, data[:300])
        return r, data
    finally:
        c.close()


class Kept:
    """What a relying party reads once and keeps as long as it may, unknown keys or not."""

    def __init__(self, path, parse):
        self.path, self.parse, self.until, self.lock, self.what = path, parse, 0, threading.Lock(), None

    def read(self):
        with self.lock:
            if time.monotonic() >= self.until:
                asked = time.monotonic()
                r, data = get(self.path)
                self.until = asked + int(re.search(r"max-age=(\d+)", r.getheader("Cache-Control")).group(1))
                self.what = self.parse(data)
            return self.what


jwks = Kept("/openidconnect/jwks/acme.example", lambda data: {k.key_id: k for k in jwt.PyJWKSet.from_dict(json.loads(data)).keys})
metadata = Kept("/websso/SAML2/Metadata/acme.example", lambda data: set(re.sub(rb"\s", b"", c) for c in re.findall(
    rb"X509Certificate>([^<]+)<", data)))
get(jwks.path)
get(metadata.path)


# ---- what each client does, over and over ----
def fresh_jwt():
    return lwd.must("token", "issue", "--type", "jwt", "--audience", API, "--subject", "alice").strip()


def verify_jwt(token):
    kid = jwt.get_unverified_header(token)["kid"]
    assert kid in jwks.read(), "an unknown kid"
    jwt.decode(token, jwks.read()[kid].key, algorithms=["ES256"], audience=API)
    return kid


def fresh_assertion(security=None):
    user = "<o:UsernameToken><o:Username>alice</o:Username><o:Password Type=\"%s\">%s</o:Password></o:UsernameToken>" % (TEXT, PW)
    _, data = get("/sts/STSService/acme.example",
                  '<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/" xmlns:t="%s" xmlns:o="%s"><e:Header><o:Security>%s</o:Security></e:Header><e:Body>'
                  "<t:RequestSecurityToken><t:RequestType>%s/Issue</t:RequestType></t:RequestSecurityToken></e:Body></e:Envelope>" % (WST, WSSE, security or user, WST))
    return re.search(rb"<wst:RequestedSecurityToken>(.*)</wst:RequestedSecurityToken>", data, re.S).group(1)


def verify_assertion(token):
    cert = re.sub(rb"\s", b"", re.search(rb"X509Certificate>([^<]+)<", token).group(1))
    assert cert in metadata.read(), "a certificate that metadata did not have"
    name = os.path.join(lwd.dir, "saml-%d" % threading.get_ident())
    open(name + ".pem", "w").write(ssl.DER_cert_to_PEM_cert(base64.b64decode(cert)))
    open(name + ".xml", "wb").write(token)
    p = run(["xmlsec1", "--verify", "--pubkey-cert-pem", name + ".pem", "--enabled-reference-uris", "same-doc", "--id-attr:ID",
             "urn:oasis:names:tc:SAML:2.0:assertion:Assertion", name + ".xml"])
    assert p.returncode == 0, p.stderr
    return cert


def ticket(tgt):
    reply = ask_tcp(KDC, tgt.request(WEB))
    assert error_code(reply) == 0, "TGS-REP: %d" % error_code(reply)


def fresh_tgt():
    tgt = raw_login(KDC, REALM, "alice", PW)
    assert not isinstance(tgt, int), "AS-REP: %r" % tgt
    return tgt


def fresh_cert(name):
    if os.path.exists(name):
        os.unlink(name)
    lwd.must("cert", "issue", "--csr", csr, "--subject", "host:web1.acme.example", "--out", name)


def verify_cert(name):
    p = run(["openssl", "verify", "-x509_strict", "-CAfile", CA, "-untrusted", name, name])
    assert p.returncode == 0, p.stderr
    return re.search(r"keyid:([0-9A-F:]+)|Authority Key Identifier: \n\s+([0-9A-F:]+)", run(["openssl", "x509", "-noout", "-text", "-in", name]).stdout).group(0)


def connect():
    c = ldap.initialize(lwd.ldaps)
    c.set_option(ldap.OPT_X_TLS_CACERTFILE, CA)
    c.set_option(ldap.OPT_X_TLS_NEWCTX, 0)
    c.timeout = 20 * SLOW
    c.simple_bind_s("uid=alice,ou=people,dc=acme,dc=example", PW)
    return c


def search(c):
    assert len(c.search_s("dc=acme,dc=example", ldap.SCOPE_SUBTREE, "(uid=alice)", ["cn"])) == 1


def listener():
    return ssl.get_server_certificate(("localhost", lwd.port("ldaps")))


before = {"jwt": fresh_jwt(), "saml": fresh_assertion(), "kerberos": fresh_tgt(), "ca": os.path.join(lwd.dir, "before.pem"), "ldap": connect()}
fresh_cert(before["ca"])


def as_tgs():
    tgt = fresh_tgt()
    ticket(tgt)
    ticket(before["kerberos"])
    return int(tgt.ticket["enc-part"]["kvno"])


def directory():
    c = connect()
    search(c)
    c.unbind_s()
    search(before["ldap"])
    return listener()


def certificate():
    name = os.path.join(lwd.dir, "fresh.pem")
    fresh_cert(name)
    return verify_cert(name)


clients = {"jwt": lambda: verify_jwt(fresh_jwt()), "saml": lambda: verify_assertion(fresh_assertion()), "kerberos": as_tgs, "tls": directory, "ca": certificate}
done, wrong, seen, stop = {k: 0 for k in clients}, [], {k: [] for k in clients}, threading.Event()


def load(kind):
    while not stop.is_set():
        try:
            got = clients[kind]()
            done[kind] += 1
            if got not in seen[kind]:
                seen[kind].append(got)
        except Exception as e:
            wrong.append((kind, time.monotonic(), repr(e)[:400]))


threads = [threading.Thread(target=load, args=(kind,)) for kind in clients]
for t in threads:
    t.start()
refused = []
for turn in range(2):
    for kind in ("jwt", "saml", "kerberos", "ca", "master", "tls"):
        n = dict(done)
        p = lwd.ctl("key", "rotate", kind)
        if p.returncode != 0:
            refused.append((kind, p.stderr))
        wait_for(lambda: wrong or all(done[k] > n[k] for k in done), 20)  # everybody has been served since
new = {kind: len(seen[kind]) for kind in ("jwt", "saml")}
wait_for(lambda: wrong or (len(seen["jwt"]) >= 3 and len(seen["saml"]) >= 3), 2 * OVERLAP + 10)
stop.set()
for t in threads:
    t.join()
tap.eq(refused, [], "every kind is rotated twice under load: master, kerberos, saml, jwt, ca, tls")
tap.eq(wrong[:5], [], "and no request fails")
tap.ok(all(n >= 12 for n in done.values()), "of all clients", done)
tap.eq({k: len(v) for k, v in seen.items() if k in ("kerberos", "ca", "tls")}, {"kerberos": 3, "ca": 3, "tls": 3}, "three keys signed tickets, certificates; three listeners' certificates")
tap.ok(len(seen["jwt"]) >= 2 and len(seen["saml"]) >= 2, "keys of tokens followed when their time had come", {k: len(seen[k]) for k in seen})

# ---- what was there before ----
for kind, use in (("jwt", lambda: verify_jwt(before["jwt"])), ("saml", lambda: verify_assertion(before["saml"])), ("kerberos", lambda: ticket(before["kerberos"])),
                  ("ca", lambda: verify_cert(before["ca"])), ("ldap", lambda: search(before["ldap"]))):
    try:
        use()
        tap.ok(True, "of before all rotations, still good: " + kind)
    except Exception as e:
        tap.ok(False, "of before all rotations, still good: " + kind, repr(e))
tap.ok(fresh_assertion(before["saml"].decode()), "and the assertion still logs in")
rows = lwd.ctl_json("key", "list")["items"]
count = {k: [r.get("state", "current" if r.get("current") else "") for r in rows if r["name"] == k] for k in ("kerberos", "ca", "saml", "jwt")}
tap.eq((count["kerberos"], count["ca"], sorted(count["saml"]), sorted(count["jwt"])),
       (["current", "former", "former"], ["current", "former", "former"], ["current", "former", "former"], ["current"] * 2 + ["former"] * 4), "key list: which is current")
tap.ok(all(("neededUntil" in r) == (r["state"] == "former") and ("neededBy" in r) == (r["state"] == "former") for r in rows if "state" in r),
       "and until when what of the others relies on them", rows)
lwd.close(tap)
tap.done()
