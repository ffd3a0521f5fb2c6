#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""One principal: five proofs of it, as examples/five-proofs.sh has them; a new password, set in any way, is good everywhere at once and the old one
nowhere; `disable` stops each protocol within one second, and with --revoke OCSP and the revocation list say so."""
import base64
import http.client
import json
import os
import re
import select
import ssl
import subprocess
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from lwdtest import BIN, LWCTL, Lwd, Tap, run, wait_for  # noqa: E402
from krbtest import HEIMDAL, Person, ask_tcp, converse, error_code, raw_login, set_password  # noqa: E402

import ldap  # noqa: E402
import ldap.sasl  # noqa: E402

TOP = os.path.realpath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))
tap = Tap()
lwd = Lwd().init().start()
CA = os.path.join(lwd.data, "ca.pem")
HTTP = "http://localhost:%d" % lwd.port("http")
API = "/api/v1/tenants/acme.example/"
REALM, KDC = "ACME.EXAMPLE", lwd.port("kerberos")
PW = "Wonder-Land-42"
SHOP = "https://shop.acme.example"
WST = "http://docs.oasis-open.org/ws-sx/ws-trust/200512"


def path(name):
    return os.path.join(lwd.dir, name)


# ---- five proofs ----
p = run([os.path.join(TOP, "examples", "five-proofs.sh"), "--data", lwd.data], env={"PATH": os.path.join(BIN, "bin") + ":" + os.environ["PATH"]})
ids = re.findall(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", p.stdout)
want = lwd.ctl_json("user", "show", "alice")["id"]
tap.ok(p.returncode == 0 and p.stdout.endswith("one principal: alice@acme.example is %s\n" % want) and ids == [want] * 10, "five proofs of alice", p.stdout + p.stderr)

# ---- HTTP, shared by what follows ----
context = ssl.create_default_context(cafile=CA)


def ask(method, target, headers=None, body=None):
    c = http.client.HTTPSConnection("localhost", lwd.port("https"), context=context, timeout=20)
    try:
        c.request(method, target, body, headers or {})
        r = c.getresponse()
        return r.status, r.read()
    finally:
        c.close()


def api(token, method, target, doc=None):
    return ask(method, API + target, {"Authorization": "Bearer " + token, **({"Content-Type": "application/json"} if doc is not None else {})},
               None if doc is None else json.dumps(doc))


def login(name, password):
    """A token, or the status."""
    basic = base64.b64encode(("%s:%s" % (name, password)).encode()).decode()
    status, body = ask("POST", API + "login", {"Authorization": "Basic " + basic})
    return json.loads(body)["token"] if status == 200 else status


def soap(security, inner="", op="Issue"):
    xml = ('<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/" xmlns:t="%s" '
           'xmlns:o="http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd"><e:Header><o:Security>%s</o:Security></e:Header><e:Body>'
           "<t:RequestSecurityToken><t:RequestType>%s/%s</t:RequestType>%s</t:RequestSecurityToken></e:Body></e:Envelope>" % (WST, security, WST, op, inner))
    status, body = ask("POST", "/sts/STSService/acme.example", {"Content-Type": "text/xml"}, xml)
    m = re.search(rb"<saml2:Assertion .*</saml2:Assertion>", body, re.S)
    return status, m.group(0).decode() if m else body.decode()


def username(name, password):
    return "<o:UsernameToken><o:Username>%s</o:Username><o:Password>%s</o:Password></o:UsernameToken>" % (name, password)


FOR_SHOP = ('<p:AppliesTo xmlns:p="http://schemas.xmlsoap.org/ws/2004/09/policy"><a:EndpointReference xmlns:a="http://www.w3.org/2005/08/addressing">'
            "<a:Address>%s</a:Address></a:EndpointReference></p:AppliesTo>" % SHOP)

# ---- one password, everywhere at once: every way to set it, every place to use it ----
lwd.must("grant", "create", "permit authenticated may token audience none attrs(sub);", "--name", "bare-tokens")
carol = Person(lwd)
lwd.user("carol", PW)
admin_token = login("admin", open(lwd.admin_file).read())


def simple(url, *args):
    return lambda name, pw: run(["ldapwhoami", "-x", "-H", url, *args, "-D", name + "@acme.example", "-w", pw], env=carol.env).returncode == 0


PLACES = {
    "LDAP over StartTLS": simple(lwd.ldap, "-ZZ"),
    "LDAPS": simple(lwd.ldaps),
    "MIT's kinit": lambda name, pw: carol.run("kinit", "-c", "MEMORY:", name, stdin=pw + "\n").returncode == 0,
    "Heimdal's kinit": lambda name, pw: carol.heimdal("kinit.heimdal", "-c", "MEMORY:", "--password-file=STDIN", name, stdin=pw + "\n").returncode == 0,
    "the API's login": lambda name, pw: isinstance(login(name, pw), str),
    "WS-Trust": lambda name, pw: soap(username(name, pw), FOR_SHOP)[0] == 200,
}


def everywhere(name, pw):
    """Where the password is good, asked everywhere at once."""
    got = {}
    threads = [threading.Thread(target=lambda k=k, f=f: got.update({k: f(name, pw)})) for k, f in PLACES.items()]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    return got


def by_kpasswd(old, new, heimdal=False):
    tool, env = ("kpasswd", carol.env) if not heimdal else (os.path.join(HEIMDAL, "usr", "bin", "kpasswd.heimdal"), dict(carol.env, **carol.heimdal_env()))
    status, said = converse([tool, "carol"], [old, new, new], env)
    return status == 0 or said


def by_ldappasswd(old, new):
    p = carol.run("ldappasswd", "-x", "-ZZ", "-H", lwd.ldap, "-D", "carol@acme.example", "-w", old, "-a", old, "-s", new)
    return p.returncode == 0 or p.stderr


def by_ldapmodify(old, new):
    p = carol.run("ldapmodify", "-x", "-ZZ", "-H", lwd.ldap, "-D", "carol@acme.example", "-w", old, stdin="dn: uid=carol,ou=people,dc=acme,dc=example\n"
                  "changetype: modify\ndelete: userPassword\nuserPassword: %s\n-\nadd: userPassword\nuserPassword: %s\n" % (old, new))
    return p.returncode == 0 or p.stderr


def by_lwctl(old, new):
    p = lwd.ctl("user", "passwd", "carol", "--password-file", "-", stdin=new)
    return p.returncode == 0 or p.stderr


def by_api(old, new):
    answer = api(login("carol", old), "PUT", "users/carol/password", {"password": new, "oldPassword": old})
    return answer[0] == 204 or answer


def by_admin(old, new):
    answer = api(admin_token, "PUT", "users/carol/password", {"password": new})
    return answer[0] == 204 or answer


WAYS = {"ldappasswd": by_ldappasswd, "MIT's kpasswd": by_kpasswd, "Heimdal's kpasswd": lambda old, new: by_kpasswd(old, new, True), "ldapmodify": by_ldapmodify,
        "lwctl user passwd": by_lwctl, "the API, by herself": by_api, "the API, by an administrator": by_admin}
ALL, NONE = dict.fromkeys(PLACES, True), dict.fromkeys(PLACES, False)
tap.eq(everywhere("carol", PW), ALL, "carol's first password is good everywhere")
old = PW
for n, (what, way) in enumerate(WAYS.items()):
    new = "Looking-Glass-%d" % (n + 50)
    bearer = login("carol", old)
    done = way(old, new)
    tap.ok(done is True, "a new password by " + what, done)
    tap.eq(everywhere("carol", new), ALL, what + ": it is good everywhere at once")
    tap.eq(everywhere("carol", old), NONE, what + ": the old one is good nowhere")
    tap.eq(api(bearer, "GET", "whoami")[0], 401, what + ": a login of before has ended")
    old = new

# ---- disable ----
bob = Person(lwd)
lwd.user("bob", PW, None, "--mail", "bob@acme.example")
BOB = "uid=bob,ou=people,dc=acme,dc=example"


def certificate(name, subject, profile="user", more=()):
    """NAME.key, NAME.pem; the serial."""
    p = run(["openssl", "req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=x", "-keyout", path(name + ".key"), "-out",
             path(name + ".csr"), *more])
    assert p.returncode == 0, p.stderr
    return lwd.ctl_json("cert", "issue", "--csr", path(name + ".csr"), "--profile", profile, "--subject", subject, "--out", path(name + ".pem"))["name"]


serial = certificate("bob", "bob")
CSR = open(path("bob.csr")).read()


def connect(tls=True, cert=None):
    return lwd.python_ldap(CA, 10, tls, path(cert) if cert else None)


def bound(how, cert=None, tls=True):
    c = connect(tls, cert)
    how(c)
    assert c.whoami_s() == "dn:" + BOB, c.whoami_s()
    return c


def answers(c):
    """Is the connection still bob's?"""
    return lambda: len(c.search_s(BOB, ldap.SCOPE_BASE, "(objectClass=*)", ["cn"])) == 1


def by_password(c):
    c.simple_bind_s("bob@acme.example", PW)


def by_certificate(c):
    c.sasl_external_bind_s()


def by_ticket(c):
    c.sasl_gssapi_bind_s()


def new_bind(how, cert=None, tls=True):
    def attempt():
        bound(how, cert, tls).unbind_s()
        return True
    return attempt


def kpasswd(person):
    """Too short a password: 4 says that the ticket was good, 3 that it was not. Nothing changes."""
    return lambda: set_password(person, "bob@ACME.EXAMPLE", "short").startswith("4 ")


def probes():
    assert bob.kinit("bob", PW).returncode == 0 and bob.run("kvno", "HTTP/localhost").returncode == 0
    changepw = Person(lwd)
    assert changepw.kinit("bob", PW, "-S", "kadmin/changepw").returncode == 0
    for k in ("KRB5_CONFIG", "KRB5CCNAME"):
        os.environ[k] = bob.env[k]
    tgt, bearer = raw_login(KDC, REALM, "bob", PW), login("bob", PW)
    status, assertion = soap(username("bob", PW))
    assert status == 200, assertion
    idle = bound(by_password)
    curl = ["curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", "--cacert", CA, "--negotiate", "-u", ":", "-X", "POST",
            "https://localhost:%d%slogin" % (lwd.port("https"), API)]
    kept = '<o:SecurityTokenReference><o:KeyIdentifier ValueType="http://docs.oasis-open.org/wss/oasis-wss-saml-token-profile-1.1#SAMLID">%s</o:KeyIdentifier>' \
           "</o:SecurityTokenReference>" % re.search(r' ID="([^"]+)"', assertion).group(1)
    return {
        "LDAP: an open connection, by password": answers(bound(by_password)),
        "LDAP: an open connection, by ticket": answers(bound(by_ticket, tls=False)),
        "LDAP: an open connection, by certificate": answers(bound(by_certificate, "bob")),
        "LDAP: an open connection that asks nothing": lambda: not select.select([idle.fileno()], [], [], 0)[0],
        "LDAP: a bind by password": new_bind(by_password),
        "LDAP: a bind by a ticket of before": new_bind(by_ticket, tls=False),
        "LDAP: a bind by certificate": new_bind(by_certificate, "bob"),
        "Kerberos: a login": lambda: not isinstance(raw_login(KDC, REALM, "bob", PW), int),
        "Kerberos: a ticket for an old TGT": lambda: error_code(ask_tcp(KDC, tgt.request("HTTP/web1.acme.example"))) == 0,
        "Kerberos: another TGT for an old one": lambda: error_code(ask_tcp(KDC, tgt.request("krbtgt/" + REALM))) == 0,
        "kpasswd, by a ticket of before": kpasswd(changepw),
        "API: a login by password": lambda: isinstance(login("bob", PW), str),
        "API: a login by a ticket of before": lambda: bob.run(*curl).stdout == "200",
        "API: a bearer token of before": lambda: api(bearer, "GET", "whoami")[0] == 200,
        "API: a JWT": lambda: api(bearer, "POST", "tokens", {"type": "jwt", "audience": SHOP})[0] == 200,
        "API: a certificate": lambda: api(bearer, "POST", "certificates", {"csr": CSR})[0] == 201,
        "lwctl: a JWT about him, for the operator": lambda: lwd.ctl("token", "issue", "--type", "jwt", "--audience", SHOP, "--subject", "bob").returncode == 0,
        "lwctl: a certificate for him, by the operator": lambda: lwd.ctl("cert", "issue", "--csr", path("bob.csr"), "--subject", "bob").returncode == 0,
        "WS-Trust: Issue by password": lambda: soap(username("bob", PW), FOR_SHOP)[0] == 200,
        "WS-Trust: Issue by an assertion of before": lambda: soap(assertion, FOR_SHOP)[0] == 200,
        "WS-Trust: Renew": lambda: soap(assertion, "<t:RenewTarget>%s</t:RenewTarget>" % kept, "Renew")[0] == 200,
        "WS-Trust: Validate, asked by carol": lambda: "status/valid" in soap(username("carol", old), "<t:ValidateTarget>%s</t:ValidateTarget>" % assertion, "Validate")[1],
    }


class Prober(threading.Thread):
    """Tries again and again until told to stop; remembers when each try began and whether it was served."""

    def __init__(self, attempt):
        super().__init__(daemon=True)
        self.attempt, self.tries, self.enough, self.text = attempt, [], threading.Event(), ""

    def run(self):
        while not self.enough.wait(0.02):
            began = time.monotonic()
            try:
                served = self.attempt()
            except (ldap.LDAPError, OSError, AssertionError, ValueError) as e:
                served, self.text = False, repr(e)
            self.tries.append((began, served))

    def served_before(self, when):
        return any(s for t, s in self.tries if t < when)

    def looked_after(self, when):
        return any(t >= when for t, _ in self.tries)

    def last_served(self):
        return max([t for t, s in self.tries if s], default=0)


def measure(what, command):
    """Each protocol serves him until the command, and within one second of it no longer."""
    probers = {k: Prober(f) for k, f in probes().items()}
    for p in probers.values():
        p.start()
    ready = wait_for(lambda: all(p.served_before(time.monotonic()) for p in probers.values()), 20)
    start = time.monotonic()
    command()
    done = time.monotonic()
    after = wait_for(lambda: all(p.looked_after(done + 1.0) for p in probers.values()), 20)
    missing = ["%s: %s" % (k, p.tries[-1:]) for k, p in probers.items() if not p.looked_after(done + 1.0)]
    tap.ok(ready and after, what + ": all were looked at after the second", "ready: %s, done: %s, the last tries of those that were not: %s" % (ready, done, missing))
    for p in probers.values():
        p.enough.set()
    for p in probers.values():
        p.join()
    for k, p in probers.items():
        late = p.last_served() - done
        tap.ok(p.served_before(start) and late < 1.0, "%s: %s: served before, stopped %s" % (what, k, "at once" if late < 0 else "after %.0f ms" % (1000 * late)),
               "%s\n%s" % ([(round(t - done, 3), s) for t, s in p.tries], p.text))


def back():
    lwd.must("user", "enable", "bob")
    lwd.must("user", "unlock", "bob")


measure("lwctl user disable", lambda: lwd.must("user", "disable", "bob"))
back()
tap.ok(PLACES["LDAPS"]("bob", PW) and new_bind(by_certificate, "bob")(), "enabled again: his password and his certificate are good")


def by_an_administrator():
    c = connect()
    c.simple_bind_s("admin@acme.example", open(lwd.admin_file).read())
    c.modify_s(BOB, [(ldap.MOD_REPLACE, "lwDisabled", [b"TRUE"])])


measure("lwDisabled over LDAP", by_an_administrator)
back()

# ---- disable, and revoke ----
def ocsp(name):
    text = run(["openssl", "ocsp", "-issuer", path("ca.pem"), "-cert", path(name + ".pem"), "-url", HTTP + "/ca/acme.example/ocsp", "-CAfile", CA, "-verify_other",
                path("ca.pem")]).stdout
    m = re.search(r"%s: (\w+)" % re.escape(path(name + ".pem")), text)
    return (m.group(1) if m else text) + (" " + re.search(r"Reason: (\w+)", text).group(1) if "Reason:" in text else "")


def listed(number):
    p = subprocess.run(["sh", "-c", "curl -sS %s/ca/acme.example/crl | openssl crl -inform DER -noout -text" % HTTP], stdout=subprocess.PIPE, text=True)
    return number.upper().lstrip("0") in p.stdout


lwd.must("ca", "show", "--out", path("ca.pem"))
second = certificate("bob2", "bob")
carols = certificate("carol", "carol")
tap.eq([ocsp(n) for n in ("bob", "bob2", "carol")], ["good"] * 3, "OCSP: disabling him has revoked nothing")
lwd.must("user", "disable", "bob", "--revoke", "--reason", "cessationOfOperation")
tap.eq([ocsp(n) for n in ("bob", "bob2", "carol")], ["revoked cessationOfOperation"] * 2 + ["good"], "lwctl user disable --revoke: OCSP says so at once, of his alone")
tap.ok(listed(serial) and listed(second) and not listed(carols), "so does the revocation list")
tap.eq(lwd.ctl("user", "disable", "bob", "--revoke").returncode, 0, "said again it changes nothing")
tap.eq(ocsp("bob"), "revoked cessationOfOperation", "the reason too")
back()
tap.eq((ocsp("bob"), PLACES["LDAPS"]("bob", PW)), ("revoked cessationOfOperation", True), "enabled again, his certificates stay revoked")
try:
    new_bind(by_certificate, "bob")()
    tap.ok(False, "and open nothing")
except ldap.LDAPError:
    tap.ok(True, "and open nothing")

# services and hosts, over the API
lwd.must("host", "create", "db1.acme.example")
certificate("web", "service:HTTP/web1.acme.example", "tls-server", ("-addext", "subjectAltName=DNS:web1.acme.example"))
certificate("host", "host:db1.acme.example", "tls-server", ("-addext", "subjectAltName=DNS:db1.acme.example"))
tap.eq(api(admin_token, "POST", "services/HTTP%2Fweb1.acme.example/disable", {"revoke": True})[0], 204, "API: a service is disabled, its certificates revoked")
REMOTE = [LWCTL, "--server", "https://localhost:%d" % lwd.port("https"), "-t", "acme.example"]
remote_env = {"XDG_STATE_HOME": path("state"), "LWD_CACERT": CA, "HOME": lwd.dir}
codes = [run([*REMOTE, *args], env=remote_env) for args in (("login", "--user", "admin", "--password-file", lwd.admin_file),
                                                            ("host", "disable", "db1.acme.example", "--reason", "superseded"),
                                                            ("host", "disable", "db1.acme.example", "--revoke", "--reason", "mood"),
                                                            ("host", "disable", "db1.acme.example", "--revoke", "--reason", "superseded"))]
tap.eq([p.returncode for p in codes], [0, 2, 2, 0], "lwctl --server: a host; a reason for nothing, and none that there is, are usage errors") or print("# %s" % codes)
tap.eq((ocsp("web"), ocsp("host")), ("revoked unspecified" if "unspecified" in ocsp("web") else "revoked", "revoked superseded"), "OCSP says so")
tap.eq(api(admin_token, "POST", "users/bob/disable", {"revoke": True, "reason": "mood"})[0], 400, "there is no such reason: 400")
tap.ok(PLACES["LDAPS"]("bob", PW), "and nothing has happened")

# who may disable need not be who may revoke
certificate("bob3", "bob")
lwd.must("group", "create", "desk")
lwd.must("group", "add", "desk", "carol")
lwd.must("grant", "create", "permit group desk may write person attrs(lwDisabled);")
carols_token = login("carol", old)
tap.eq(api(carols_token, "POST", "users/bob/disable", {"revoke": True})[0], 403, "who may disable but not revoke is refused")
tap.eq((PLACES["LDAPS"]("bob", PW), ocsp("bob3")), (True, "good"), "and nothing has happened")
tap.eq(api(carols_token, "POST", "users/bob/disable")[0], 204, "disable alone she may")
back()
lwd.must("grant", "create", "permit group desk may revoke person;")
tap.eq(api(carols_token, "POST", "users/bob/disable", {"revoke": True})[0], 204, "with the right to revoke, both, though she sees no certificates")
tap.ok(ocsp("bob3").startswith("revoked"), "OCSP says so", ocsp("bob3"))
tap.eq(api(carols_token, "POST", "users/admin/disable", {"revoke": True})[0], 403, "an administrator is protected")
tap.eq(api(admin_token, "POST", "users/admin/disable", {"revoke": True})[0], 403, "nobody does it to himself")
tap.eq(api(admin_token, "GET", "whoami")[0], 200, "who would not have come to the end")

# killed in the middle, and said again
back()
serials = [certificate("many", "bob") for _ in range(15)]


def states():
    return [c["lwCertState"] for c in lwd.ctl_json("cert", "list")["items"] if c["name"] in serials]


p = subprocess.Popen([LWCTL, "--data", lwd.data, "user", "disable", "bob", "--revoke"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                     env=dict(os.environ, **lwd.env))
wait_for(lambda: not PLACES["LDAPS"]("bob", PW), 5)
lwd.kill_role("directory")
p.wait()
lwd.must("status", "--wait", "20")
tap.ok(not PLACES["LDAPS"]("bob", PW), "directory killed while it revokes: he is disabled")
again = lwd.ctl("user", "disable", "bob", "--revoke")
tap.ok(again.returncode == 0 and states() == ["revoked"] * 15, "said again, all his certificates are revoked", (again, states()))
lwd.close(tap)
tap.done()
