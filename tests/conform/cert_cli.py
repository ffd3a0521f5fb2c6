#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Certificates with lwctl: for a host, a service and a user, by requests that openssl makes; what openssl and certtool say of them; whose names
they may have; revocation; a CA's new key; the root's key away and back."""
import os
import re
import sys
import threading

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from lwdtest import Lwd, Tap, run, wait_for  # noqa: E402

tap = Tap()
lwd = Lwd().init("--hostname", "idp.acme.example").start()
d = lwd.dir


def path(name):
    return os.path.join(d, name)


def read(name):
    with open(path(name)) as f:
        return f.read()


def write(name, text):
    with open(path(name), "w") as f:
        f.write(text)
    return path(name)


def openssl(*args):
    return run(["openssl"] + [str(a) for a in args])


KEYS = {"p256": ["EC", "-pkeyopt", "ec_paramgen_curve:P-256"], "p384": ["EC", "-pkeyopt", "ec_paramgen_curve:P-384"],
        "rsa2048": ["RSA", "-pkeyopt", "rsa_keygen_bits:2048"], "rsa3072": ["RSA", "-pkeyopt", "rsa_keygen_bits:3072"],
        "rsa1024": ["RSA", "-pkeyopt", "rsa_keygen_bits:1024"]}


def key(kind):
    if not os.path.exists(path(kind + ".key")):
        p = openssl("genpkey", "-algorithm", *KEYS[kind], "-out", path(kind + ".key"))
        assert p.returncode == 0, p.stderr
    return path(kind + ".key")


def csr(kind, san, name="csr.pem"):
    more = ["-addext", "subjectAltName=" + san] if san else []
    p = openssl("req", "-new", "-key", key(kind), "-subj", "/CN=means nothing", *more, "-out", path(name))
    assert p.returncode == 0, p.stderr
    return path(name)


def issue(subject, kind, san, *more):
    out = path("cert.pem")
    if os.path.exists(out):
        os.unlink(out)
    return lwd.ctl("-o", "json", "cert", "issue", "--csr", csr(kind, san), "--subject", subject, "--out", out, *more)


def serial_of(p):
    return re.search(r'"name":"([0-9a-f]+)"', p.stdout.replace(" ", "")).group(1) if p.returncode == 0 else None


def first(pem):
    return re.search(r"-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----\n", pem, re.S).group(0)


def crls():
    for who, flag in (("root", ["--root"]), ("tenant", [])):
        lwd.must("ca", "crl", *flag, "--out", path(who + ".crl"))
    return write("crls.pem", read("root.crl") + read("tenant.crl"))


def verify(cert="cert.pem", *more):
    """openssl, strictly, with the list of every issuer."""
    write("leaf.pem", first(read(cert)))
    lwd.must("ca", "show", "--out", path("ca.pem"))
    lwd.must("ca", "show", "--root", "--out", path("root.pem"))
    return openssl("verify", "-x509_strict", "-crl_check_all", "-CAfile", path("root.pem"), "-untrusted", path("ca.pem"), "-CRLfile", crls(), *more,
                   path("leaf.pem"))


lwd.must("host", "create", "web1.acme.example")
lwd.must("host", "create", "idp.acme.example")
lwd.must("service", "create", "HTTP/web1.acme.example")
lwd.user("alice", "Alice-Password-1", None, "--mail", "Alice@Acme.Example")
lwd.user("bob", "Bob-Password-12", None)

# ---- what is issued ----
ISSUED = [
    ("host:web1.acme.example", "p256", "DNS:WEB1.acme.example,URI:spiffe://acme.example/host/web1.acme.example", "tls-server"),
    ("host:web1.acme.example", "rsa2048", "DNS:web1.acme.example", "tls-client"),
    ("service:HTTP/web1.acme.example", "p384", "DNS:web1.acme.example,URI:spiffe://acme.example/service/HTTP/web1.acme.example", "tls-server"),
    ("user:alice", "rsa3072", "email:alice@acme.example,otherName:1.3.6.1.4.1.311.20.2.3;UTF8:alice@acme.example", "user"),
]
serials = []
ca_key = [r["keyId"] for r in lwd.ctl_json("key", "list")["items"] if r["name"] == "ca"][0]
base = "http://idp.acme.example:%d/ca/acme.example" % lwd.port("http")
for subject, kind, san, profile in ISSUED:
    p = issue(subject, kind, san, "--profile", profile)
    tap.ok(p.returncode == 0, "%s: %s, %s" % (subject, profile, kind), p.stderr)
    serials.append(serial_of(p))
    if p.returncode:
        continue
    v = verify()
    tap.ok(v.returncode == 0, "openssl verifies it with every list", v.stderr)
    text = openssl("x509", "-in", path("leaf.pem"), "-noout", "-text").stdout
    shown = lwd.ctl_json("user" if subject.startswith("user") else subject.split(":")[0], "show", subject.split(":", 1)[1])
    tap.ok("serialNumber = " + shown["id"] in text or "serialNumber=" + shown["id"] in text, "its subject has the UUID", text)
    tap.ok("CA Issuers - URI:%s/cer/%s\n" % (base, ca_key) in text and "OCSP - URI:%s/ocsp\n" % base in text and "URI:%s/crl/%s\n" % (base, ca_key) in text,
           "AIA, OCSP and CRL pointers", text)
    tap.ok("means nothing" not in text, "the request's subject means nothing")
    write("chain.pem", read("cert.pem") + read("root.pem"))
    c = run(["certtool", "--verify-chain", "--infile", path("chain.pem")])
    tap.ok(c.returncode == 0 and "Chain verification output: Verified." in c.stdout, "certtool verifies the chain", c.stdout + c.stderr)
names = {i["name"]: i for i in lwd.ctl_json("cert", "list")["items"]}
tap.ok(all(s in names and names[s]["lwCertState"] == "issued" for s in serials), "cert list has them", names)
one = lwd.ctl_json("cert", "show", serials[0])
tap.ok(one["state"] == "issued" and one["profile"] == "tls-server" and "BEGIN CERTIFICATE" in one["pem"], "cert show", one)
p = openssl("x509", "-in", write("shown.pem", one["pem"]), "-noout", "-serial")
tap.ok(p.stdout.strip().lower() == "serial=" + serials[0], "what is shown is the certificate with this serial", p.stdout)
colons = ":".join(serials[0][i:i + 2] for i in range(0, len(serials[0]), 2)).upper()
tap.eq(lwd.ctl_json("cert", "show", colons)["name"], serials[0], "a serial as openssl prints it")

# ---- what is refused, with a line, and leaves nothing ----
before = len(lwd.ctl_json("cert", "list")["items"])
REFUSED = [
    ("a name of another host", "host:web1.acme.example", "p256", "DNS:idp2.acme.example", 77),
    ("a wildcard", "host:web1.acme.example", "p256", "DNS:*.acme.example", 2),
    ("an address", "host:web1.acme.example", "p256", "IP:127.0.0.1", 2),
    ("the tenant's apex", "host:web1.acme.example", "p256", "DNS:acme.example", 77),
    ("the installation's host name", "host:idp.acme.example", "p256", "DNS:idp.acme.example", 77),
    ("a name outside of the tenant", "host:web1.acme.example", "p256", "DNS:web1.beta.example", 77),
    ("somebody else's mail address", "user:bob", "p256", "email:alice@acme.example", 77),
    ("somebody else's UPN", "user:bob", "p256", "otherName:1.3.6.1.4.1.311.20.2.3;UTF8:alice@acme.example", 77),
    ("another's SPIFFE ID", "host:web1.acme.example", "p256", "DNS:web1.acme.example,URI:spiffe://acme.example/host/web2", 77),
    ("a DNS name for a person", "user:alice", "p256", "DNS:alice.acme.example", 77),
    ("a weak key", "host:web1.acme.example", "rsa1024", "DNS:web1.acme.example", 78),
    ("a server's certificate without a name", "host:web1.acme.example", "p256", None, 77),
]
for what, subject, kind, san, status in REFUSED:
    p = issue(subject, kind, san)
    tap.ok(p.returncode == status and p.stderr.count("\n") == 1 and not os.path.exists(path("cert.pem")), "%s: exit %d" % (what, status),
           "%d %s %s" % (p.returncode, p.stdout[:200], p.stderr))
good = open(csr("p256", "DNS:web1.acme.example")).read()
der = path("bad.der")
openssl("req", "-in", path("csr.pem"), "-outform", "DER", "-out", der)
octets = bytearray(open(der, "rb").read())
octets[-1] ^= 1
open(der, "wb").write(bytes(octets))
p = lwd.ctl("cert", "issue", "--csr", der, "--subject", "host:web1.acme.example")
tap.ok(p.returncode == 2 and p.stderr.count("\n") == 1, "a bad signature", "%d %s" % (p.returncode, p.stderr))
p = lwd.ctl("cert", "issue", "--csr", write("none.pem", "nothing\n"), "--subject", "host:web1.acme.example")
tap.ok(p.returncode == 2, "no request at all", "%d %s" % (p.returncode, p.stderr))
p = lwd.ctl("cert", "issue", "--csr", csr("p256", "DNS:web1.acme.example"), "--subject", "host:web9.acme.example")
tap.eq(p.returncode, 4, "nobody")
p = issue("host:web1.acme.example", "p256", "DNS:web1.acme.example", "--profile", "ca-tenant")
tap.eq(p.returncode, 2, "no profile of principals")
p = issue("user:alice", "p256", None, "--profile", "tls-server")
tap.eq(p.returncode, 77, "a server's profile for a person")
tap.eq(len(lwd.ctl_json("cert", "list")["items"]), before, "of none there is a record")
tap.eq(lwd.ctl("cert", "show", "00" * 16).returncode, 4, "cert show: no such serial")

# ---- another tenant ----
lwd.must("tenant", "create", "beta.example", "--admin-password-file", "-", stdin="Beta-Password-1")
beta = lwd.ctl_json("-t", "beta.example", "ca", "show")["pem"]
tap.ok(beta.count("BEGIN CERTIFICATE") == 2 and first(beta) != first(lwd.ctl_json("ca", "show")["pem"]), "a new tenant has its CA at once")
tap.eq(lwd.ctl("-t", "beta.example", "cert", "show", serials[0]).returncode, 4, "another tenant's serial: not there")
tap.eq(lwd.ctl("-t", "beta.example", "cert", "revoke", serials[0]).returncode, 4, "and can't be revoked there")

# ---- revocation ----
issue("host:web1.acme.example", "p256", "DNS:web1.acme.example")
last = openssl("x509", "-in", path("cert.pem"), "-noout", "-serial").stdout.strip().split("=")[1].lower()
tap.eq(verify().returncode, 0, "good before")
tap.eq(lwd.ctl("cert", "revoke", last, "--reason", "keyCompromise").returncode, 0, "cert revoke")
v = verify()
tap.ok(v.returncode != 0 and "certificate revoked" in v.stderr, "openssl: certificate revoked", v.stdout + v.stderr)
text = openssl("crl", "-in", path("tenant.crl"), "-noout", "-text").stdout
tap.ok(last.upper() in text and "Key Compromise" in text and text.count("Serial Number:") == 1, "the list has it, with its reason, alone", text)
one = lwd.ctl_json("cert", "show", last)
tap.ok(one["state"] == "revoked" and one["reason"] == "keyCompromise" and one["revoked"], "cert show says so", one)
tap.eq(lwd.ctl("cert", "revoke", last).returncode, 5, "once is enough")
tap.eq(lwd.ctl("cert", "revoke", serials[1], "--reason", "certificateHold").returncode, 2, "no reason that could be taken back")
tap.eq(lwd.ctl("cert", "revoke", "ff" * 16).returncode, 4, "no such serial")

# ---- a new key of the CA ----
issue("host:web1.acme.example", "p256", "DNS:web1.acme.example")
os.rename(path("cert.pem"), path("old.pem"))
old_crl = read("tenant.crl")
p = lwd.ctl("ca", "rotate", "--algorithm", "p384")
tap.ok(p.returncode == 0, "ca rotate", p.stderr)
rows = [r for r in lwd.ctl_json("key", "list")["items"] if r["name"] == "ca"]
tap.eq([(r["algorithm"], r["current"]) for r in rows], [("p384", True), ("p256", False)], "key list")
p = issue("host:web1.acme.example", "p256", "DNS:web1.acme.example")
tap.eq(verify().returncode, 0, "what the new one issues verifies")
tap.eq(openssl("verify", "-x509_strict", "-CAfile", path("root.pem"), "-untrusted", path("ca.pem"), path("old.pem")).returncode, 0,
       "and what the former one did")
write("leaf.pem", first(read("old.pem")))
former = openssl("crl", "-inform", "DER", "-in", path("former.der"), "-out", path("former.crl")) if 0 == run(
    ["curl", "-sf", "-o", path("former.der"), "http://127.0.0.1:%d/ca/acme.example/crl/%s" % (lwd.port("http"), ca_key)]).returncode else None
write("crls.pem", read("root.crl") + read("former.crl"))
p = openssl("verify", "-x509_strict", "-crl_check_all", "-CAfile", path("root.pem"), "-untrusted", path("ca.pem"), "-CRLfile", path("crls.pem"),
            path("leaf.pem"))
tap.ok(p.returncode == 0, "with the list that the former key goes on to sign", p.stderr)
# who trusts the former intermediate alone goes on by the cross certificate: new key, signed with the former
lwd.must("ca", "show", "--out", path("ca.pem"))
certs = [c + "-----END CERTIFICATE-----\n" for c in read("ca.pem").split("-----END CERTIFICATE-----\n")[:-1]]
write("cross.pem", certs[-1])
write("former-ca.pem", certs[1])
write("new.pem", first(read("cert.pem")))
p = openssl("verify", "-x509_strict", "-partial_chain", "-CAfile", path("former-ca.pem"), "-untrusted", path("cross.pem"), path("new.pem"))
tap.ok(len(certs) == 4 and p.returncode == 0, "openssl: the former intermediate is the anchor, the cross certificate between", p.stderr)
p = openssl("verify", "-x509_strict", "-partial_chain", "-CAfile", path("former-ca.pem"), path("new.pem"))
tap.ok(p.returncode != 0, "and without it there is no path", p)
write("crls.pem", lwd.must("ca", "crl"))
p = openssl("verify", "-x509_strict", "-partial_chain", "-crl_check", "-CAfile", path("former-ca.pem"), "-untrusted", path("cross.pem"),
            "-CRLfile", path("crls.pem"), path("new.pem"))
tap.ok(p.returncode == 0, "with the new key's list", p.stderr)
tap.eq(openssl("verify", "-x509_strict", "-CAfile", path("root.pem"), "-untrusted", path("ca.pem"), path("new.pem")).returncode, 0, "below the root all is as before")
tap.eq(lwd.ctl("ca", "rotate", "--algorithm", "rsa512").returncode, 2, "no such algorithm")

# ---- keyd and directory killed while certificates are issued ----
known = {i["name"] for i in lwd.ctl_json("cert", "list")["items"]}
request, asked = csr("p256", "DNS:web1.acme.example", "many.pem"), []


def ask(worker):
    for i in range(8):
        name = "k-%d-%d.pem" % (worker, i)
        p = lwd.ctl("cert", "issue", "--csr", request, "--subject", "host:web1.acme.example", "--out", path(name))
        asked.append((name, p.returncode))


workers = [threading.Thread(target=ask, args=(n,)) for n in range(3)]
for w in workers:
    w.start()
for role, after in (("keyd", 4), ("directory", 12)):
    wait_for(lambda: len(asked) >= after, 60)
    lwd.kill_role(role)
for w in workers:
    w.join()
p = lwd.ctl("status", "--wait", "20")
tap.ok(p.returncode == 0, "ready again", p)
given = [n for n, status in asked if status == 0]
tap.ok(given and all(status in (0, 75) for n, status in asked), "each was answered, or is to be tried again", asked)
records = {i["name"]: i for i in lwd.ctl_json("cert", "list")["items"] if i["name"] not in known}
tap.ok(all(i["lwCertState"] in ("issued", "intent") for i in records.values()) and len(given) <= len(records) <= len(asked), "what there is, is an intent or issued",
       records)
found = [openssl("x509", "-in", path(n), "-noout", "-serial").stdout.strip().split("=")[1].lower() for n in given]
tap.ok(len(set(found)) == len(found), "no serial was used twice")
tap.ok(all(records.get(s, {}).get("lwCertState") == "issued" for s in found), "every certificate that was given out is in the store", (found, records))
tap.ok(all(lwd.ctl_json("cert", "show", s)["pem"] == first(read(n)) for n, s in list(zip(given, found))[-2:]), "and is the one that was given")

# ---- the root's key ----
away = path("root.key")
sealed = os.path.join(lwd.data, "keys", "root.key.sealed")
tap.eq(lwd.ctl("ca", "root", "import", write("junk", "x" * 100)).returncode, 2, "what is not this root's key is refused")
tap.eq(lwd.ctl("ca", "root", "export", away).returncode, 0, "ca root export")
tap.ok(not os.path.exists(sealed) and os.stat(away).st_mode & 0o777 == 0o600, "it is away, in a file for its owner alone")
p = lwd.ctl("ca", "root", "export", path("again"))
tap.ok(p.returncode == 4 and not os.path.exists(path("again")), "a second time it is not there", p.stderr)
p = issue("host:web1.acme.example", "p256", "DNS:web1.acme.example")
tap.ok(p.returncode == 0 and verify().returncode == 0, "meanwhile certificates are issued, and verify with every list", p.stderr)
lwd.must("tenant", "create", "gamma.example", "--admin-password-file", "-", stdin="Gamma-Password-1")
tap.ok("BEGIN" in lwd.ctl_json("-t", "gamma.example", "ca", "show")["pem"], "and new tenants get their CA")
tap.eq(lwd.stop(), 0, "lwd stops")
lwd.start()
tap.eq(verify().returncode, 0, "after a start without the root's key as well")
p = lwd.ctl("ca", "renew")
tap.ok(p.returncode == 75 and "away" in p.stderr, "what waits for it: ca renew, exit 75", "%d %s" % (p.returncode, p.stderr))
tap.eq(lwd.ctl("ca", "root", "import", away).returncode, 0, "ca root import")
before = lwd.ctl_json("ca", "show", "--installation")["pem"]
p = lwd.ctl("ca", "renew")
tap.ok(p.returncode == 0 and lwd.ctl_json("ca", "show", "--installation")["pem"] != before, "then ca renew", p.stderr)
tap.eq(verify().returncode, 0, "what was issued verifies below the new one")
p = issue("host:web1.acme.example", "p256", "DNS:web1.acme.example")
tap.ok(p.returncode == 0 and verify().returncode == 0, "and what is issued now", p.stderr)
tap.ok(os.path.exists(sealed) and os.stat(sealed).st_mode & 0o777 == 0o600, "it is here again")  # sealed anew: the master key may be another by now

lwd.close(tap)
tap.done()
