#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""One alice for both: SASL GSSAPI into LDAP (layers, channel binding); disable, passwords, wrong guesses and grants, which bite in Kerberos and
LDAP alike and at once."""
import os
import select
import socket
import ssl
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from lwdtest import SLOW, Lwd, Tap, run, wait_for  # noqa: E402
from krbtest import Person, ask_tcp, converse, error_code, raw_login  # noqa: E402

import ldap  # noqa: E402
import ldap.sasl  # noqa: E402

tap = Tap()
lwd = Lwd().init().start()
PW, NEW = "Wonder-Land-42", "Looking-Glass-43"
REALM, KDC = "ACME.EXAMPLE", 88 + lwd.offset
WEB = "HTTP/web1.acme.example"
TGT = "krbtgt/ACME.EXAMPLE@ACME.EXAMPLE"
PEOPLE = "ou=people,dc=acme,dc=example"
ALICE = "dn:uid=alice," + PEOPLE
SECOND = 1.0 * SLOW
lwd.must("tenant", "create", "beta.example", "--admin-password-file", lwd.admin_file)
for name in ("alice", "bob", "carol", "dave", "mallory"):
    lwd.user(name, PW)
lwd.user("alice", "Another-Pass-9", "beta.example")
lwd.must("service", "create", WEB)
lwd.must("keytab", "get", WEB, "--out", os.path.join(lwd.dir, "web.keytab"))
alice = Person(lwd)


def good(p, name):
    return tap.ok(p.returncode == 0, name, p)


def refused(p, name):
    return tap.ok(p.returncode != 0, name, p)


def who(person, *args, url=None):
    p = person.run("ldapwhoami", "-Y", "GSSAPI", "-H", url or lwd.ldap, *args)
    return p.stdout.strip() if p.returncode == 0 else "rc=%d %s" % (p.returncode, p.stderr)


def simple(name, password, *args):
    """ldapwhoami with a simple bind: 0 or the code."""
    return alice.run("ldapwhoami", "-x", "-H", lwd.ldap, "-D", name, "-w", password, *args).returncode


def kinit(name, password):
    return Person.kinit(alice.copy(), name, password).returncode == 0


def tgs_code(tgt, sname=WEB):
    return error_code(ask_tcp(KDC, tgt.request(sname)))


# ---- GSSAPI ----
good(alice.kinit("alice", PW), "kinit")
tap.eq(who(alice), ALICE, "ldapwhoami -Y GSSAPI")
for how, props, ssf in (("no layer", "minssf=0,maxssf=0", "SASL SSF: 0"), ("integrity", "minssf=1,maxssf=1", "SASL SSF: 1\n"),
                        ("privacy", "minssf=56", "SASL data security layer installed")):
    p = alice.run("ldapwhoami", "-Y", "GSSAPI", "-H", lwd.ldap, "-O", props)
    tap.ok(p.returncode == 0 and p.stdout.strip() == ALICE and (ssf in p.stderr or how == "no layer"), "with %s" % how, p)
p = alice.run("ldapwhoami", "-Y", "GSSAPI", "-H", lwd.ldap, "-O", "minssf=2")
tap.ok("SASL SSF: 256" in p.stderr or "SASL SSF: 128" in p.stderr, "privacy is of the key's strength", p)
tap.eq(who(alice, url=lwd.ldaps), ALICE, "over LDAPS")
tap.eq(who(alice, "-ZZ"), ALICE, "over StartTLS")
tap.eq(who(alice, "-ZZ", "-o", "SASL_CBINDING=tls-endpoint"), ALICE, "over StartTLS, bound to the channel")
tap.eq(who(alice, "-o", "SASL_CBINDING=tls-endpoint", url=lwd.ldaps), ALICE, "over LDAPS, bound to the channel")
nobody = Person(lwd)
tap.ok(who(nobody).startswith("rc="), "without a ticket: nothing")
beta = Person(lwd, "beta.example")
good(beta.kinit("alice@BETA.EXAMPLE", "Another-Pass-9"), "beta's alice")
p = beta.run("ldapwhoami", "-Y", "GSSAPI", "-H", lwd.ldap)
tap.ok(p.returncode != 0 or "dc=beta,dc=example" in p.stdout, "beta's alice is never acme's", p)


class Middle(threading.Thread):
    """Somebody in the middle: its own certificate for the client, LDAPS to lwd."""

    def __init__(self):
        super().__init__(daemon=True)
        pem = os.path.join(lwd.dir, "middle.pem")
        run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=localhost", "-addext",
             "subjectAltName=DNS:localhost,DNS:%s,DNS:%s" % (socket.gethostname(), socket.getfqdn()), "-days", "2", "-keyout", pem + ".key", "-out", pem])
        self.pem = pem
        self.inside = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.inside.load_cert_chain(pem, pem + ".key")
        self.outside = ssl.create_default_context(cafile=os.path.join(lwd.data, "ca.pem"))
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.url = "ldaps://localhost:%d" % self.socket.getsockname()[1]

    def run(self):
        while True:
            c, _ = self.socket.accept()
            threading.Thread(target=self.serve, args=(c,), daemon=True).start()

    def serve(self, c):
        try:
            a = self.inside.wrap_socket(c, server_side=True)
            b = self.outside.wrap_socket(socket.create_connection(("127.0.0.1", 636 + lwd.offset)), server_hostname="localhost")
        except OSError:
            return

        # one thread for both directions: an SSL connection is nobody's to share
        ends = {a: b, b: a}
        try:
            while True:
                ready = [x for x in ends if x.pending()] or select.select(list(ends), [], [], 30)[0]
                for x in ready:
                    x.setblocking(False)  # what came may be no data, but a session ticket
                    try:
                        data = x.recv(65536)
                    except ssl.SSLWantReadError:
                        continue
                    finally:
                        x.setblocking(True)
                    if not data:
                        return
                    ends[x].sendall(data)
        except OSError:
            pass
        finally:
            a.close()
            b.close()


middle = Middle()
middle.start()
fooled = alice.copy()
fooled.env["LDAPTLS_CACERT"] = middle.pem
tap.eq(who(fooled, url=middle.url), ALICE, "through somebody in the middle whom the client trusts")
got = who(fooled, "-o", "SASL_CBINDING=tls-endpoint", url=middle.url)
tap.ok(got.startswith("rc=49"), "bound to the channel the same is refused", got)

for n in range(400):
    lwd_dn = "uid=many%03d,%s" % (n, PEOPLE)
    if n == 0:
        admin = ldap.initialize(lwd.ldap)
        admin.simple_bind_s("admin@acme.example", open(lwd.admin_file).read())
    admin.add(lwd_dn, [("objectClass", [b"inetOrgPerson"]), ("uid", [b"many%03d" % n]), ("cn", [b"x" * 300]), ("sn", [b"y" * 200])])
wait_for(lambda: len(admin.search_s(PEOPLE, ldap.SCOPE_ONELEVEL, "(uid=many*)", ["1.1"])) == 400, 20)
for how, props in (("integrity", "minssf=1,maxssf=1"), ("privacy", "minssf=56")):
    p = alice.run("ldapsearch", "-Q", "-LLL", "-Y", "GSSAPI", "-H", lwd.ldap, "-O", props, "-b", PEOPLE, "(uid=many*)", "cn", "sn")
    tap.ok(p.returncode == 0 and p.stdout.count("dn: ") == 400, "400 entries through %s" % how, p.stdout[-300:] + p.stderr)
    p = alice.run("ldapsearch", "-Q", "-LLL", "-Y", "GSSAPI", "-H", lwd.ldap, "-O", props, "-b", PEOPLE, "-E", "pr=7/noprompt", "(uid=many*)", "1.1")
    tap.ok(p.returncode == 0 and p.stdout.count("dn: ") == 400, "58 pages through %s" % how, p.stdout[-300:] + p.stderr)
lines = "dn: uid=alice,%s\nchangetype: modify\nreplace: description\ndescription: %s\n\n" % (PEOPLE, "z" * 20000)
p = alice.run("ldapmodify", "-Q", "-Y", "GSSAPI", "-H", lwd.ldap, "-O", "minssf=56", stdin=lines * 5)
good(p, "ldapmodify of 20,000 octets five times through privacy")
for k in ("KRB5_CONFIG", "KRB5CCNAME"):
    os.environ[k] = alice.env[k]
session = ldap.initialize(lwd.ldap)
session.sasl_interactive_bind_s("", ldap.sasl.gssapi())
tap.eq(session.whoami_s(), ALICE, "python3-ldap's GSSAPI")

# ---- disable ----
raw = raw_login(KDC, REALM, "alice", PW)
tap.ok(not isinstance(raw, int) and tgs_code(raw) == 0, "alice's ticket is good")
start = time.monotonic()
lwd.must("user", "disable", "alice")
tap.ok(wait_for(lambda: raw_login(KDC, REALM, "alice", PW) != 0 and isinstance(raw_login(KDC, REALM, "alice", PW), int), SECOND / SLOW),
       "disable: no login within a second")
tap.ok(wait_for(lambda: tgs_code(raw) not in (0, None), SECOND / SLOW), "and no ticket from the one she has", tgs_code(raw))
tap.ok(time.monotonic() - start < SECOND + 1, "within a second")
code = raw_login(KDC, REALM, "alice", PW)
tap.ok(code in (18, 24), "KDC_ERR_CLIENT_REVOKED or its look-alike", code)
tap.eq(raw_login(KDC, REALM, "alice", "Not-Her-Password-1"), 24, "with a wrong password it looks like any other")
refused(alice.copy().kinit("alice", PW), "kinit says so")
refused(alice.run("kvno", "--no-store", "ldap/localhost"), "kvno too")


def gone(c):
    try:
        c.whoami_s()
        return False
    except ldap.LDAPError:
        return True


tap.ok(wait_for(lambda: gone(session), 2), "her LDAP session by GSSAPI has ended")
tap.ok(who(alice).startswith("rc="), "a ticket for ldap that she has opens none")
lwd.must("user", "enable", "alice")
tap.ok(wait_for(lambda: kinit("alice", PW)), "enable mends")
good(alice.kinit("alice", PW), "kinit")
lwd.must("service", "disable", WEB)
raw = raw_login(KDC, REALM, "alice", PW)
tap.ok(wait_for(lambda: tgs_code(raw) not in (0, None), SECOND / SLOW), "a disabled service: no tickets for it")
lwd.must("service", "enable", WEB)
tap.ok(wait_for(lambda: tgs_code(raw) == 0), "an enabled one: tickets")
other = raw_login(KDC, "BETA.EXAMPLE", "alice", "Another-Pass-9")
tap.ok(not isinstance(other, int), "beta's alice logs in", other)
lwd.must("tenant", "disable", "beta.example")
tap.ok(wait_for(lambda: isinstance(raw_login(KDC, "BETA.EXAMPLE", "alice", "Another-Pass-9"), int), SECOND / SLOW), "a disabled tenant: no logins")
tap.ok(tgs_code(other, "admin") not in (0, None), "no tickets")
tap.ok(kinit("alice", PW), "others are served")
lwd.must("tenant", "enable", "beta.example")
tap.ok(wait_for(lambda: not isinstance(raw_login(KDC, "BETA.EXAMPLE", "alice", "Another-Pass-9"), int)), "enable mends")

# ---- made again under the old name ----
old = raw_login(KDC, REALM, "dave", PW)
tap.eq(tgs_code(old), 0, "dave has a ticket")
lwd.must("user", "delete", "dave")
tap.ok(wait_for(lambda: tgs_code(old) not in (0, None), SECOND / SLOW), "dave is deleted: it is worth nothing")
lwd.user("dave", PW)
tap.ok(not isinstance(raw_login(KDC, REALM, "dave", PW), int), "another dave logs in")
tap.ok(tgs_code(old) not in (0, None), "the first one's ticket does not come back to life")

# ---- one password ----
p = alice.run("ldappasswd", "-x", "-ZZ", "-H", lwd.ldap, "-D", "bob@acme.example", "-w", PW, "-a", PW, "-s", NEW)
good(p, "ldappasswd")
tap.ok(kinit("bob", NEW), "is the password in Kerberos at once")
tap.ok(not kinit("bob", PW), "where the old one is gone")
status, said = converse(["kpasswd", "bob"], [NEW, "Third-Password-44", "Third-Password-44"], alice.env)
tap.ok(status == 0, "kpasswd", said)
tap.eq(simple("bob@acme.example", "Third-Password-44", "-ZZ"), 0, "is the password in LDAP at once")
tap.eq(simple("bob@acme.example", NEW, "-ZZ"), 49, "where the old one is gone")
tap.ok(not kinit("bob", NEW) and kinit("bob", "Third-Password-44"), "and in Kerberos")
for _ in range(3):
    simple("bob@acme.example", "Third-Password-44", "-ZZ")  # a warm bind
lwd.must("user", "passwd", "bob", "--password-file", "-", stdin="Fourth-Password-45")
tap.ok(kinit("bob", "Fourth-Password-45") and not kinit("bob", "Third-Password-44"), "lwctl user passwd: in Kerberos")
tap.eq((simple("bob@acme.example", "Fourth-Password-45"), simple("bob@acme.example", "Third-Password-44")), (0, 49), "and in LDAP")
bob = Person(lwd)
good(bob.kinit("bob", "Fourth-Password-45"), "bob's kinit")
p = bob.run("ldappasswd", "-Q", "-Y", "GSSAPI", "-O", "minssf=56", "-H", lwd.ldap, "-s", "Fifth-Password-46")
good(p, "ldappasswd through GSSAPI's privacy")
tap.ok(kinit("bob", "Fifth-Password-46"), "is the password at once")
keyless = lwd.ctl("user", "create", "eve", "--surname", "Eve")
tap.ok(keyless.returncode == 0 and not kinit("eve", PW), "a user without a password has no tickets")
lwd.must("user", "passwd", "eve", "--password-file", "-", stdin=PW)
tap.ok(kinit("eve", PW), "with one she has")

# ---- guesses ----
codes = []
for n in range(5):
    codes.append(simple("mallory@acme.example", "Wrong-Guess-%d" % n))
    codes.append(raw_login(KDC, REALM, "mallory", "Wrong-Guess-%d" % (n + 5)))
tap.eq(codes, [49, 24] * 5, "ten wrong guesses, half of them over LDAP")
tap.eq(simple("mallory@acme.example", PW), 49, "then the right password is refused in LDAP")
code = raw_login(KDC, REALM, "mallory", PW)
tap.ok(code in (18, 24), "and in Kerberos", code)
lwd.must("user", "unlock", "mallory")
tap.ok(wait_for(lambda: simple("mallory@acme.example", PW) == 0 and kinit("mallory", PW)), "lwctl user unlock mends both")
tap.eq(simple("mallory@acme.example", PW), 0, "a bind that directory has verified a moment ago")
results = []
guessers = [threading.Thread(target=lambda n=n: results.append(raw_login(KDC, REALM, "mallory", "Wrong-Again-%d" % n))) for n in range(40)]
for g in guessers:
    g.start()
for g in guessers:
    g.join()
tap.ok(all(isinstance(r, int) and r for r in results) and raw_login(KDC, REALM, "mallory", PW) in (18, 24), "40 guesses at once lock as well", results)
tap.eq(simple("mallory@acme.example", PW), 49, "in LDAP too, where the password was verified a moment ago")
lwd.must("user", "unlock", "mallory")
tap.ok(wait_for(lambda: kinit("mallory", PW)), "unlocked again")

# ---- grants ----
grants = {g["name"]: g for g in lwd.ctl_json("grant", "list")["items"]}
tap.ok("authenticated-ticket" in grants, "the grant of tickets is a grant of the tenant's", sorted(grants))
raw = raw_login(KDC, REALM, "carol", PW)
tap.eq(tgs_code(raw), 0, "carol may have a ticket")
lwd.must("grant", "create", "forbid user carol may ticket service;", "--name", "no-carol")
tap.ok(wait_for(lambda: tgs_code(raw) not in (0, None), SECOND / SLOW), "a grant forbids it, within a second")
tap.eq(tgs_code(raw_login(KDC, REALM, "alice", PW)), 0, "alice still may")
lwd.must("grant", "delete", "no-carol")
tap.ok(wait_for(lambda: tgs_code(raw) == 0), "carol may again")
lwd.must("grant", "delete", "authenticated-ticket")
tap.ok(wait_for(lambda: tgs_code(raw) not in (0, None), SECOND / SLOW), "no grant, no ticket")
lwd.must("grant", "create", "permit authenticated may ticket service max-life 10m;", "--name", "short-tickets")
tap.ok(wait_for(lambda: tgs_code(raw) == 0), "a grant with a life of ten minutes")
good(alice.kinit("alice", PW), "kinit")
good(alice.run("kvno", WEB), "kvno")
t = alice.tickets()[1].get(WEB + "@" + REALM, {"end": 0})
tap.ok(time.time() < t["end"] <= time.time() + 601, "the ticket lives ten minutes", t)
lwd.close(tap)
tap.done()
