#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""lwd started on its data five years later, when the installation CA, the listeners' certificates, the tenants' intermediates and all revocation lists have
ended: ready at once, and every client, whose clock is the same, verifies again with nothing but the root. Then with the root's key away, and back again."""
import os
import re
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from lwdtest import SLOW, Lwd, Tap, run, wait_for  # noqa: E402

DAY, YEAR = 86400, 365 * 86400 + 21600
SP, ACS = "https://shop.acme.example/sp", "https://shop.acme.example/acs"
SAML = "urn:oasis:names:tc:SAML:2.0:assertion"
ALICE = "Wonder-Land-42"

tap = Tap()
lwd = Lwd().init()
lwd.turn_clock(0)
work = os.path.join(lwd.dir, "work")
os.mkdir(work)
ROOT = os.path.join(work, "root.pem")


def client(*args, stdin=None, **env):
    """A program that has lwd's time."""
    return run([str(a) for a in args], stdin=stdin, cwd=work, env={**lwd.env, "LDAPTLS_CACERT": ROOT, "KRB5_CONFIG": os.path.join(work, "krb5.conf"),
                                                                  "KRB5CCNAME": "FILE:" + os.path.join(work, "cc"), **lwd.turned_client(), **env})


def file(name, text):
    with open(os.path.join(work, name), "wb" if isinstance(text, bytes) else "w") as f:
        f.write(text)
    return os.path.join(work, name)


def fetch(path, name, tool=None):
    p = client("curl", "-sSf", "--cacert", ROOT, "-o", name, "https://localhost:%d%s" % (lwd.port("https"), path))
    if p.returncode == 0 and tool:
        p = client("openssl", tool, "-inform", "DER", "-in", name, "-out", name)
    return p.returncode == 0


def serves(when):
    """What stock clients see, with the root alone."""
    p = client("ldapwhoami", "-x", "-ZZ", "-D", "alice@acme.example", "-w", ALICE, "-H", lwd.ldap)
    tap.ok(p.returncode == 0, when + ": ldapwhoami over StartTLS", p.stderr)
    p = client("openssl", "s_client", "-connect", "127.0.0.1:%d" % lwd.port("https"), "-CAfile", ROOT, "-verify_return_error", "-verify_hostname", "localhost", stdin="")
    tap.ok(p.returncode == 0 and "Verify return code: 0 (ok)" in p.stdout, when + ": openssl s_client verifies web's chain", p.stderr[-600:])
    p = client("kinit", "alice", stdin=ALICE + "\n")
    tap.ok(p.returncode == 0, when + ": kinit", p.stderr)
    p = client("ldapwhoami", "-Q", "-Y", "GSSAPI", "-ZZ", "-H", lwd.ldap)
    tap.ok(p.returncode == 0, when + ": GSSAPI with that ticket", p.stderr)


def certificate(name, when):
    """A new one, by a chain and lists that verify as they were published."""
    p = client("openssl", "req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", name + ".key", "-subj", "/CN=x", "-out", name + ".csr")
    p = lwd.ctl("cert", "issue", "--csr", os.path.join(work, name + ".csr"), "--profile", "user", "--subject", "alice", "--out", os.path.join(work, name + ".pem"))
    if not tap.ok(p.returncode == 0, when + ": lwctl cert issue", p.stderr):
        return
    blocks = re.findall("-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----\n", open(os.path.join(work, name + ".pem")).read(), re.S)
    file("leaf.pem", blocks[0])
    file("up.pem", "".join(blocks[1:]))
    file("issuer.pem", blocks[1])
    lists = all([fetch("/ca/root.crl", "1.crl", "crl"), fetch("/ca/installation.crl", "2.crl", "crl"), fetch("/ca/acme.example/crl", "3.crl", "crl")])
    tap.ok(lists, when + ": the revocation lists are there")
    file("all.crl", "".join(open(os.path.join(work, "%d.crl" % i)).read() for i in (1, 2, 3)))
    p = client("openssl", "verify", "-x509_strict", "-crl_check_all", "-CAfile", ROOT, "-untrusted", "up.pem", "-CRLfile", "all.crl", "leaf.pem")
    tap.ok(p.returncode == 0, when + ": openssl verify -crl_check_all", p.stdout + p.stderr)
    p = client("openssl", "ocsp", "-issuer", "issuer.pem", "-cert", "leaf.pem", "-url", "http://127.0.0.1:%d/ca/acme.example/ocsp" % lwd.port("http"), "-CAfile", ROOT,
               "-verify_other", "up.pem")
    tap.ok(p.returncode == 0 and "leaf.pem: good" in p.stdout and "Response verify OK" in p.stderr + p.stdout, when + ": openssl ocsp", p.stdout + p.stderr)
    p = client("ldapwhoami", "-Q", "-Y", "EXTERNAL", "-ZZ", "-H", lwd.ldap, LDAPTLS_CERT=os.path.join(work, name + ".pem"), LDAPTLS_KEY=os.path.join(work, name + ".key"))
    tap.ok(p.returncode == 0, when + ": a bind with it", p.stderr)


def tenants_ca():
    """The tenant's intermediate, when it is good at this time."""
    fetch("/ca/acme.example/ca.cer", "tenant.pem", "x509")
    p = client("openssl", "verify", "-CAfile", ROOT, "-untrusted", file("installation.pem", lwd.must("ca", "show")), "tenant.pem")
    return p if p.returncode == 0 else None


def token(when):
    p = lwd.ctl("token", "issue", "--type", "saml2", "--audience", SP, "--subject", "alice")
    if not tap.ok(p.returncode == 0, when + ": an assertion", p.stderr):
        return
    file("one.xml", p.stdout)
    fetch("/websso/SAML2/Metadata/acme.example", "metadata.xml")
    found = re.findall("<(?:ds:)?X509Certificate>(.*?)</", open(os.path.join(work, "metadata.xml")).read(), re.S)
    good, said = [], ""
    for i, one in enumerate(found):
        file("idp%d.pem" % i, "-----BEGIN CERTIFICATE-----\n" + re.sub("(.{64})", r"\1\n", re.sub(r"\s", "", one)) + "\n-----END CERTIFICATE-----\n")
        p = client("xmlsec1", "--verify", "--id-attr:ID", SAML + ":Assertion", "--enabled-reference-uris", "empty,same-doc", "--pubkey-cert-pem", "idp%d.pem" % i, "one.xml")
        said += p.stderr
        if p.returncode == 0:
            good.append(i)
    tap.ok(good, when + ": xmlsec1 verifies it by the metadata", said)
    for i in good:
        p = client("openssl", "x509", "-noout", "-checkend", str(30 * DAY), "-in", "idp%d.pem" % i)
        tap.ok(p.returncode == 0, when + ": by a certificate that lasts", p.stdout)


def ready(when, limit=5):
    start = time.monotonic()
    lwd.start()
    took = time.monotonic() - start
    tap.ok(took < limit * SLOW, "%s: ready within %d s (%.1f s)" % (when, limit, took))


# ---- now ----
lwd.start()
file("root.pem", lwd.must("ca", "show", "--root"))
file("krb5.conf", lwd.must("print", "krb5.conf"))
lwd.user("alice", ALICE, None, "--mail", "alice@acme.example")
lwd.must("tenant", "create", "beta.example", "--admin-password-file", lwd.admin_file)
lwd.must("rp", "create", "shop", "--entity-id", SP, "--acs-url", ACS)
wait_for(lambda: "jwt" in lwd.ctl("key", "list").stdout, 30)
serves("now")
certificate("first", "now")
tap.eq(lwd.stop(), 0, "lwd stops")

# ---- five years later ----
lwd.turn_clock(int(5 * YEAR + DAY))
ready("five years later")
serves("five years later")
certificate("second", "five years later")
token("five years later")

# ---- while it runs: ahead again, and back ----
for years, when in ((10, "it runs, and the clock jumps five more years"), (5, "and back")):
    lwd.turn_clock(int(years * YEAR + DAY))
    for listener in ("https", "ldaps"):
        seen = lambda: client("openssl", "s_client", "-connect", "127.0.0.1:%d" % lwd.port(listener), "-CAfile", ROOT, "-verify_return_error", stdin="").returncode == 0  # noqa: E731,B023
        tap.ok(wait_for(seen, 20, 0.3), "%s: %s has a certificate of that time" % (when, listener))
    tap.ok(wait_for(lambda: client("openssl", "x509", "-noout", "-checkend", "86400", "-in", file("ca.pem", lwd.must("ca", "show"))).returncode == 0, 15, 0.3),
           when + ": the installation CA, too")
    serves(when)
    tap.ok(wait_for(lambda: tenants_ca() is not None, 15, 0.3), when + ": the tenant's CA, too")
    certificate("at%d" % years, when)
bad = [e for e in lwd.events() if e.get("level") == "error"]
tap.eq(bad, [], "nothing went wrong")

# ---- with the root's key away ----
key = os.path.join(work, "root.key")
tap.eq(lwd.ctl("ca", "root", "export", key).returncode, 0, "the root's key is taken away")
tap.eq(lwd.ctl("key", "rotate", "master").returncode, 75, "then the master key stays")
tap.eq(lwd.stop(), 0, "lwd stops")
lwd.turn_clock(int(11 * YEAR))
ready("the root's key is away, six years later")
p = lwd.ctl("user", "show", "alice")
tap.eq(p.returncode, 0, "it serves")
p = client("kinit", "alice", stdin=ALICE + "\n")
tap.ok(p.returncode == 0, "kinit", p.stderr)
p = lwd.ctl("status")
tap.ok(p.returncode == 0 and "installation CA" in p.stdout and "lwctl ca root import" in p.stdout, "lwctl status says what waits", p.stdout)
p = lwd.ctl("key", "list")
tap.ok("its key is away" in p.stdout and "lwctl ca root import" in p.stdout, "lwctl key list, too", p.stdout)
tap.ok([e for e in lwd.events("installation CA is not renewed") if "lwctl ca root import" in e.get("note", "")], "and the log")
tap.eq(lwd.ctl("ca", "root", "import", key).returncode, 0, "the root's key is back")
tap.eq(lwd.ctl("key", "rotate", "tls").returncode, 0, "and new certificates for the listeners are made at once")
serves("the root's key is back")
tap.ok(wait_for(lambda: tenants_ca() is not None, 70, 0.3), "the tenant's CA is renewed by itself")
certificate("back", "the root's key is back")
tap.ok("waits" not in lwd.ctl("status").stdout, "lwctl status says nothing more")

lwd.close(tap)
tap.done()
