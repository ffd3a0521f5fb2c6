#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Two tenants' certificates before stock tools, with nothing but the URLs in the certificates themselves: openssl verify and ocsp, certtool, ocsptool,
curl. Then binds by certificate: ldapwhoami and python-ldap, over StartTLS and LDAPS."""
import base64
import os
import re
import ssl
import subprocess
import sys
import time

import ldap

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "lib"))
from lwdtest import ADMIN_PASSWORD, SLOW, Lwd, Tap, run, wait_for  # noqa: E402

tap = Tap()
lwd = Lwd().init()
work = os.path.join(lwd.dir, "ca")
os.mkdir(work)
os.chdir(work)


lwd.turn_clock(0)
lwd.start()
ACME, BETA = "acme.example", "beta.example"
PLAIN, HTTPS = ("%s://localhost:%d" % (s, lwd.port(s)) for s in ("http", "https"))
ROOT = os.path.join(work, "root.pem")


def sh(*args, stdin=None):
    p = subprocess.run(args, input=stdin, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env={**os.environ, **lwd.env}, timeout=60 * SLOW)
    return p.returncode, p.stdout.decode("utf-8", "replace")


def curl(url, *more):
    """(status, media type, octets); whatever host the URL names, it is this machine"""
    p = subprocess.run(["curl", "-sS", "--connect-to", "::127.0.0.1:", "--cacert", os.path.join(lwd.data, "ca.pem"), "--max-time", "20", "-w",
                        "\n%{http_code} %{content_type}", *more, url], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    if p.returncode:
        return p.returncode, "", p.stderr
    body, _, tail = p.stdout.rpartition(b"\n")
    status, _, kind = tail.decode().partition(" ")
    return int(status), kind, body


def fetch(url, name, kind, tool=None):
    """A published file as PEM."""
    got = curl(url)
    tap.eq(got[:2], (200, kind), "%s has its media type" % url.split(":", 2)[2].lstrip("0123456789"))
    with open(name, "wb") as f:
        f.write(got[2])
    if tool:
        code, text = sh("openssl", tool, "-inform", "DER", "-in", name, "-out", name)
        tap.eq(code, 0, "openssl %s reads it" % tool)
    return name


def issue(name, profile, subject, san=None, tenant=ACME):
    args = ["openssl", "req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", name + ".key", "-subj", "/CN=x",
            "-out", name + ".csr"] + (["-addext", "subjectAltName=" + san] if san else [])
    code, text = sh(*args)
    assert code == 0, text
    p = lwd.ctl("-t", tenant, "cert", "issue", "--csr", name + ".csr", "--profile", profile, "--subject", subject, "--out", name + ".pem")
    tap.ok(p.returncode == 0, "%s: a %s certificate for %s" % (tenant, profile, subject), p.stdout + p.stderr)
    blocks = re.findall("-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----\n", open(name + ".pem").read(), re.S)
    for path, part in ((name + ".leaf", blocks[:1]), (name + ".up", blocks[1:])):
        with open(path, "w") as f:
            f.write("".join(part))
    tap.eq(len(blocks), 3, "the leaf, its issuer and the installation CA")
    return name


def field(cert, *what):
    return sh("openssl", "x509", "-in", cert, "-noout", *what)[1]


def serial(name):
    return field(name + ".leaf", "-serial").strip().partition("=")[2].lower()


def pointer(cert, which):
    found = re.findall(which + r".*?URI:(\S+)", field(cert, "-ext", "crlDistributionPoints,authorityInfoAccess"), re.S)
    return found[0] if found else None


# ---- what there is ----
lwd.must("tenant", "create", BETA, "--admin-password-file", lwd.password_file(ADMIN_PASSWORD))
for t in (ACME, BETA):
    lwd.user("alice", "Wonder-Land-1", t)
lwd.user("bob", "Builder-Bob-22", ACME)
lwd.must("host", "create", "web1.acme.example")
lwd.must("service", "create", "HTTP/shop.acme.example")

got = curl(PLAIN + "/ca/root.pem")
tap.eq(got[:2], (200, "application/x-pem-file"), "the root over plain HTTP")
with open(ROOT, "wb") as f:
    f.write(got[2])
tap.eq(curl(HTTPS + "/ca/root.pem")[2], got[2], "the same over HTTPS")
tap.eq(lwd.must("ca", "show", "--root").strip().encode(), got[2].strip(), "the same by lwctl ca show --root")

leaves = [issue("alice", "user", "alice", "otherName:1.3.6.1.4.1.311.20.2.3;UTF8:alice@acme.example"), issue("web1", "tls-server", "host:web1.acme.example", "DNS:web1.acme.example"),
          issue("host", "tls-client", "host:web1.acme.example"), issue("shop", "tls-server", "service:HTTP/shop.acme.example", "DNS:shop.acme.example")]
gone = issue("gone", "user", "alice")
issue("beta", "user", "alice", tenant=BETA)
leaves.append("beta")

# ---- verified with what the certificates point at ----


def lists_of(name):
    """The lists of all above the leaf, each from the pointer in what it is about."""
    blocks = re.findall("-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----\n", open(name + ".pem").read(), re.S)
    out = ""
    for i, block in enumerate(blocks):
        with open("one.pem", "w") as f:
            f.write(block)
        url = pointer("one.pem", "Full Name") or PLAIN + "/ca/root.crl"  # the root's own is known by the interface
        code, kind, body = curl(url)
        with open("one.crl", "wb") as f:
            f.write(body)
        code, text = sh("openssl", "crl", "-inform", "DER", "-in", "one.crl")
        out += text
    with open(name + ".crls", "w") as f:
        f.write(out)
    return name + ".crls"


def verify(name, *more):
    return sh("openssl", "verify", "-x509_strict", "-crl_check_all", "-CAfile", ROOT, "-untrusted", name + ".up", "-CRLfile", lists_of(name), *more, name + ".leaf")


for name in leaves + [gone]:
    code, text = verify(name)
    tap.ok(code == 0, "openssl verify -x509_strict -crl_check_all: " + name, text)
code, text = verify("web1", "-purpose", "sslserver", "-verify_hostname", "web1.acme.example")
tap.ok(code == 0, "openssl verify: as a server of its name", text)
tap.ok(verify("web1", "-purpose", "sslclient")[0] != 0, "openssl verify: and as no client")
for name in leaves:
    fetch(pointer(name + ".leaf", "Full Name"), name + ".crl", "application/pkix-crl", "crl")
    fetch(pointer(name + ".leaf", "CA Issuers"), name + ".ca", "application/pkix-cert", "x509")
    tap.eq(open(name + ".up").read().startswith(open(name + ".ca").read()), True, "CA Issuers points at the issuer of " + name)
fetch(pointer("alice.ca", "CA Issuers"), "installation.pem", "application/pkix-cert", "x509")
for name in leaves:
    code, text = sh("certtool", "--verify", "--load-ca-certificate", ROOT, "--infile", name + ".pem", "--load-crl", lists_of(name))
    tap.ok(code == 0 and "Chain verification output: Verified" in text, "certtool --verify with the lists: " + name, text)
    with open("chain.pem", "w") as f:
        f.write(open(name + ".pem").read() + open(ROOT).read())
    code, text = sh("certtool", "--verify-chain", "--infile", "chain.pem")
    tap.ok(code == 0 and "Chain verification output: Verified" in text, "certtool --verify-chain: " + name, text)

# ---- OCSP ----


def ask(name):
    """openssl posts, to the pointer's path and port on this machine."""
    url = "http://127.0.0.1:" + pointer(name + ".leaf", "OCSP").split(":", 2)[2]
    return sh("openssl", "ocsp", "-issuer", name + ".ca", "-cert", name + ".leaf", "-url", url, "-CAfile", ROOT, "-verify_other", name + ".up")


sh("cp", "alice.ca", "gone.ca")
for name in leaves + [gone]:
    code, text = ask(name)
    tap.ok(code == 0 and "Response verify OK" in text and name + ".leaf: good" in text, "openssl ocsp: good: " + name, text)
code, text = sh("ocsptool", "--ask=" + PLAIN + "/ca/acme.example/ocsp", "--load-issuer", "alice.ca", "--load-cert", "alice.leaf", "--load-signer", "alice.ca")
tap.ok(code == 0 and "Certificate Status: good" in text and "Verifying OCSP Response: Success" in text, "ocsptool --ask: good", text)


def get(name, md="-sha1"):
    """(media type, what openssl makes of the answer)"""
    sh("openssl", "ocsp", "-issuer", name + ".ca", md, "-cert", name + ".leaf", "-no_nonce", "-reqout", "req.der")
    path = base64.b64encode(open("req.der", "rb").read()).decode().replace("+", "%2B").replace("/", "%2F").replace("=", "%3D")
    status, kind, body = curl(pointer(name + ".leaf", "OCSP") + "/" + path)
    with open("resp.der", "wb") as f:
        f.write(body)
    return status, kind, sh("openssl", "ocsp", "-respin", "resp.der", "-issuer", name + ".ca", md, "-cert", name + ".leaf", "-CAfile", ROOT, "-verify_other", name + ".up",
                            "-no_nonce")[1]


for md in ("-sha1", "-sha256"):
    status, kind, text = get("alice", md)
    tap.ok((status, kind) == (200, "application/ocsp-response") and "alice.leaf: good" in text and "Response verify OK" in text, "GET with curl: good " + md, text)
text = sh("openssl", "ocsp", "-issuer", "alice.ca", "-serial", "0x" + serial("beta"), "-url", PLAIN + "/ca/acme.example/ocsp", "-CAfile", ROOT, "-verify_other", "alice.up")[1]
tap.ok(serial("beta") + ": unknown" in text and "Response verify OK" in text, "another tenant's serial is unknown", text)
code, text = sh("openssl", "ocsp", "-issuer", "beta.ca", "-cert", "beta.leaf", "-url", PLAIN + "/ca/acme.example/ocsp", "-CAfile", ROOT)
tap.ok("unauthorized" in text, "another tenant's issuer: unauthorized", text)
status, kind, body = curl(PLAIN + "/ca/acme.example/ocsp", "-H", "Content-Type: application/ocsp-request", "--data-binary", "nonsense")
tap.eq((status, kind, body), (200, "application/ocsp-response", b"\x30\x03\x0a\x01\x01"), "nonsense: malformedRequest")
tap.eq(curl(PLAIN + "/ca/acme.example/ocsp/nonsense!")[2], b"\x30\x03\x0a\x01\x01", "the same by GET")
tap.eq(curl(PLAIN + "/ca/nowhere.example/crl"), curl(PLAIN + "/ca/nothing/at/all"), "a tenant that is not there is a path that is not")
tap.eq(curl(PLAIN + "/ca/acme.example/ocsp", "-H", "Content-Type: application/ocsp-request", "--data-binary", "x" * 5000)[0], 413, "too long a request")

# files that nobody has to fetch twice
head = sh("curl", "-sS", "-D", "-", "-o", "/dev/null", PLAIN + "/ca/acme.example/ca.cer")[1]
etag = re.search(r"ETag: (\S+)", head)
tap.ok(etag and re.search(r"Cache-Control: public, max-age=[1-9]", head) and "Expires: " in head, "how long it may be kept", head)
tap.eq(curl(PLAIN + "/ca/acme.example/ca.cer", "-H", "If-None-Match: " + etag.group(1))[::2], (304, b""), "If-None-Match")

# ---- revocation ----
tap.eq(lwd.ctl("cert", "revoke", serial("gone"), "--reason", "keyCompromise").returncode, 0, "lwctl cert revoke")
code, text = verify("gone")
tap.ok(code != 0 and "certificate revoked" in text, "openssl verify: revoked, at once", text)
code, text = ask("gone")
tap.ok("gone.leaf: revoked" in text and "keyCompromise" in text, "openssl ocsp: revoked, at once", text)
text = get("gone")[2]
tap.ok("gone.leaf: revoked" in text, "the same by GET", text)
code, text = sh("ocsptool", "--ask=" + PLAIN + "/ca/acme.example/ocsp", "--load-issuer", "alice.ca", "--load-cert", "gone.leaf", "--load-signer", "alice.ca")
tap.ok("Certificate Status: revoked" in text and "Verifying OCSP Response: Success" in text, "ocsptool --ask: revoked", text)
code, text = sh("certtool", "--verify", "--load-ca-certificate", ROOT, "--infile", "gone.pem", "--load-crl", lists_of("gone"))
tap.ok(re.search("Chain verification output: Not verified.*revoked", text), "certtool --verify: revoked", text)
tap.ok(verify("alice")[0] == 0, "the others are as they were")
tap.eq(lwd.ctl("-t", BETA, "cert", "revoke", serial("alice")).returncode, 4, "another tenant's serial is not there")

# ---- EXTERNAL ----
DN = "uid=alice,ou=people,dc=acme,dc=example"


def whoami(cert, *more):
    """(exit status, standard output); over StartTLS unless it says otherwise"""
    env = {"LDAPTLS_CERT": cert + ".pem", "LDAPTLS_KEY": cert + ".key"} if cert else {}
    where = () if "-H" in more else ("-ZZ", "-H", lwd.ldap)
    p = run(["ldapwhoami", "-Q", "-Y", "EXTERNAL", *where, *more], env={**lwd.env, **{k: os.path.join(work, v) for k, v in env.items()}})
    return p.returncode, p.stdout.strip()


tap.eq(whoami("alice"), (0, "dn:" + DN), "ldapwhoami -Y EXTERNAL over StartTLS")
tap.eq(whoami("alice", "-H", lwd.ldaps), (0, "dn:" + DN), "the same over LDAPS")
tap.eq(whoami("host")[0], 0, "a host, too")
tap.eq(whoami("alice", "-X", "dn:" + DN), (0, "dn:" + DN), "with the own name")
tap.eq(whoami("alice", "-X", "u:bob")[0], 49, "not with another's")
tap.eq(whoami("beta"), (0, "dn:uid=alice,ou=people,dc=beta,dc=example"), "the other tenant's alice is who she is")
tap.eq(whoami("beta", "-X", "dn:" + DN)[0], 49, "and nobody else")
tap.eq(whoami("gone")[0], 49, "refused: revoked")
tap.eq(whoami("web1")[0], 49, "refused: a server's")
tap.ok(whoami(None)[0] != 0, "nothing without a certificate")
# the same names by somebody else's hand
sh("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", "self.key", "-subj",
   "/O=acme.example/serialNumber=%s/CN=alice" % re.search(r"serialNumber ?= ?([0-9a-f-]{36})", field("alice.leaf", "-subject")).group(1),
   "-addext", "extendedKeyUsage=clientAuth,emailProtection,1.3.6.1.5.2.3.4", "-out", "self.pem")
tap.eq(whoami("self")[0], 49, "refused: self-signed")
sh("openssl", "x509", "-req", "-in", "alice.csr", "-CA", "web1.leaf", "-CAkey", "web1.key", "-out", "below.pem", "-days", "3")
sh("cp", "alice.key", "below.key")
tap.eq(whoami("below")[0], 49, "refused: signed with a leaf's key")


def connect(cert, tls=True):
    c = ldap.initialize(lwd.ldap if tls else lwd.ldaps)
    c.set_option(ldap.OPT_X_TLS_CACERTFILE, os.path.join(lwd.data, "ca.pem"))
    if cert:
        c.set_option(ldap.OPT_X_TLS_CERTFILE, os.path.join(work, cert + ".pem"))
        c.set_option(ldap.OPT_X_TLS_KEYFILE, os.path.join(work, cert + ".key"))
    c.set_option(ldap.OPT_X_TLS_NEWCTX, 0)
    if tls:
        c.start_tls_s()
    return c


def mechs(c):
    return c.search_s("", ldap.SCOPE_BASE, attrlist=["supportedSASLMechanisms"])[0][1].get("supportedSASLMechanisms", [])


c = connect("alice")
tap.ok(b"EXTERNAL" in mechs(c), "the root DSE offers EXTERNAL where it works")
tap.ok(b"EXTERNAL" not in mechs(connect(None)), "and nowhere else")
c.sasl_external_bind_s()
tap.eq(c.whoami_s(), "dn:" + DN, "python-ldap: sasl_external_bind_s over StartTLS")
tap.eq(len(c.search_s("ou=people,dc=acme,dc=example", ldap.SCOPE_SUBTREE, "(uid=bob)")), 1, "it reads as alice does")
d = connect("beta", False)
d.sasl_external_bind_s()
try:
    seen = d.search_s("dc=acme,dc=example", ldap.SCOPE_SUBTREE, "(uid=bob)")
except ldap.LDAPError as e:
    seen = type(e).__name__
tap.eq(seen, "NO_SUCH_OBJECT", "python-ldap over LDAPS: the other tenant's alice sees nothing of this one")
try:
    c.passwd_s(None, "Wonder-Land-1", "Other-Land-22")
    text = "done"
except ldap.LDAPError as e:
    text = type(e).__name__
tap.eq(text, "INSUFFICIENT_ACCESS", "ldappasswd with a certificate alone: refused")

# a connection does not outlive its certificate's revocation by more than a second
issue("late", "user", "alice")
e = connect("late")
e.sasl_external_bind_s()
tap.eq(e.whoami_s(), "dn:" + DN, "a connection with a certificate")
tap.eq(lwd.ctl("cert", "revoke", serial("late")).returncode, 0, "that is revoked")
start = time.monotonic()


def ended():
    try:
        e.whoami_s()
        return False
    except ldap.LDAPError:
        return True


tap.ok(wait_for(ended, 5) and time.monotonic() - start < 1.5 * SLOW, "ends within a second", time.monotonic() - start)
tap.eq(whoami("late")[0], 49, "and no new one begins")
tap.eq(c.whoami_s(), "dn:" + DN, "others go on")

# what a client is asked
for version in ("-tls1_2", "-tls1_3"):
    code, text = sh("openssl", "s_client", "-connect", "127.0.0.1:%d" % lwd.port("ldaps"), version, "-CAfile", os.path.join(lwd.data, "ca.pem"), stdin=b"")
    tap.ok("No client certificate CA names sent" in text and re.search("Client Certificate Types|Requested Signature Algorithms", text), "s_client %s is asked for one" % version, text)
    code, text = sh("openssl", "s_client", "-connect", "127.0.0.1:%d" % lwd.port("https"), version, "-CAfile", os.path.join(lwd.data, "ca.pem"), stdin=b"")
    tap.ok(not re.search("Client Certificate Types|Requested Signature Algorithms", text), "HTTPS asks for none " + version, text)

# ---- the CA's key is followed by another ----
lwd.must("ca", "rotate")
issue("after", "user", "alice")
fetch(pointer("after.leaf", "CA Issuers"), "after.ca", "application/pkix-cert", "x509")
tap.ok(open("after.ca").read() != open("alice.ca").read() and pointer("after.leaf", "Full Name") != pointer("alice.leaf", "Full Name"),
       "another certificate and list of the CA")
tap.eq(curl(pointer("after.leaf", "Full Name").replace("/acme.example/crl/", "/acme.example%2F") + "/crl")[0], 404, "%2F separates nothing")
for name in ("alice", "after"):
    code, text = verify(name)
    tap.ok(code == 0, "openssl verify, with the lists that it points at: " + name, text)
    code, text = ask(name)
    tap.ok("Response verify OK" in text and name + ".leaf: good" in text, "openssl ocsp: good: " + name, text)
    tap.eq(whoami(name), (0, "dn:" + DN), "EXTERNAL: " + name)
tap.eq(lwd.ctl("cert", "revoke", serial("host")).returncode, 0, "what the former key issued is revoked")
code, text = verify("host")
tap.ok(code != 0 and "certificate revoked" in text, "its list says so", text)
sh("cp", "alice.ca", "host.ca")
tap.ok("host.leaf: revoked" in ask("host")[1], "and OCSP")
tap.eq(whoami("host")[0], 49, "refused: revoked, by a former key's issuer")

# disabled, expired
lwd.must("user", "disable", "alice")
tap.eq(whoami("alice")[0], 49, "refused: disabled")
lwd.must("user", "enable", "alice")
tap.eq(whoami("alice")[0], 0, "and enabled again")
lwd.must("tenant", "disable", BETA)
tap.eq(whoami("beta")[0], 49, "refused: its tenant is disabled")
tap.eq(curl(PLAIN + "/ca/beta.example/crl"), curl(PLAIN + "/ca/nowhere.example/crl"), "what it published is not there")
lwd.must("tenant", "enable", BETA)
tap.eq(whoami("beta")[0], 0, "and enabled again")
why = {x.get("why") for x in lwd.events("certificate refused")}
lwd.turn_clock(91 * 86400)
tap.eq(whoami("alice")[0], 49, "refused: expired")
why |= {x.get("why") for x in lwd.events("certificate refused")}
lwd.turn_clock(0)
tap.ok(wait_for(lambda: whoami("alice")[0] == 0, 15), "not expired (and the server has a certificate of today again)")
want = {"it is revoked", "it is not for clients", "its subject is disabled", "its tenant is disabled", "expired"}
tap.ok(want <= why, "one code; the log says why", why)
lwd.close(tap)
tap.done()
