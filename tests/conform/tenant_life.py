#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The life of a tenant, while another one is under load: made, shut, opened, deleted in the background (directory killed in the middle), made again under
its old name: no proof of the dead one is good for anything. The same for a user, a service and a host within a living tenant."""
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
from lwdtest import ADMIN_PASSWORD, LWCTL, SLOW, Lwd, Tap, run, wait_for  # noqa: E402
from krbtest import Person, ask_tcp, error_code, raw_login  # noqa: E402

import jwt  # noqa: E402
import ldap  # noqa: E402
import ldap.modlist  # noqa: E402
import ldap.sasl  # noqa: E402

ENTRIES = int(os.environ.get("LWD_ENTRIES") or (600 if SLOW > 1 else 3000))
OLD, NEW = "Through-The-Door-1", "Behind-The-Glass-2"
BETA, SUFFIX, REALM = "beta.example", "dc=beta,dc=example", "BETA.EXAMPLE"
WST = "http://docs.oasis-open.org/ws-sx/ws-trust/200512"
SHOP = "https://shop.beta.example"
tap = Tap()
lwd = Lwd().init().start()
CA = os.path.join(lwd.data, "ca.pem")
HTTP, KDC = "http://localhost:%d" % lwd.port("http"), lwd.port("kerberos")
context = ssl.create_default_context(cafile=CA)


def path(name):
    return os.path.join(lwd.dir, name)


def write(name, text):
    with open(path(name), "w" if isinstance(text, str) else "wb") as f:
        f.write(text)
    return path(name)


def ask(method, target, headers=None, body=None):
    c = http.client.HTTPSConnection("localhost", lwd.port("https"), context=context, timeout=30 * SLOW)
    try:
        c.request(method, target, body, headers or {})
        r = c.getresponse()
        return r.status, r.read()
    finally:
        c.close()


def api(token, method, target, doc=None):
    return ask(method, "/api/v1/tenants" + target, {"Authorization": "Bearer " + token, **({"Content-Type": "application/json"} if doc is not None else {})},
               None if doc is None else json.dumps(doc))


def login(tenant, name, password):
    """A token, or the status."""
    basic = base64.b64encode(("%s:%s" % (name, password)).encode()).decode()
    status, body = ask("POST", "/api/v1/tenants/%s/login" % tenant, {"Authorization": "Basic " + basic})
    return json.loads(body)["token"] if status == 200 else status


def soap(security, inner="", op="Issue", tenant=BETA):
    xml = ('<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/" xmlns:t="%s" '
           'xmlns:o="http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd"><e:Header><o:Security>%s</o:Security></e:Header><e:Body>'
           "<t:RequestSecurityToken><t:RequestType>%s/%s</t:RequestType>%s</t:RequestSecurityToken></e:Body></e:Envelope>" % (WST, security, WST, op, inner))
    status, body = ask("POST", "/sts/STSService/" + tenant, {"Content-Type": "text/xml"}, xml)
    m = re.search(rb"<saml2:Assertion .*</saml2:Assertion>", body, re.S)
    return status, m.group(0).decode() if m else body.decode()


def username(name, password):
    return "<o:UsernameToken><o:Username>%s</o:Username><o:Password>%s</o:Password></o:UsernameToken>" % (name, password)


FOR_SHOP = ('<p:AppliesTo xmlns:p="http://schemas.xmlsoap.org/ws/2004/09/policy"><a:EndpointReference xmlns:a="http://www.w3.org/2005/08/addressing">'
            "<a:Address>%s</a:Address></a:EndpointReference></p:AppliesTo>" % SHOP)


def connect(tls=False, cert=None):
    return lwd.python_ldap(CA, 30, tls, path(cert) if cert else None)


def refused(f, *args):
    """Why, or None when it was served."""
    try:
        f(*args)
        return None
    except ldap.LDAPError as e:
        return type(e).__name__


def bind(name, password):
    c = connect()
    c.simple_bind_s(name, password)
    return c


def by_certificate(name):
    c = connect(True, name)
    c.sasl_external_bind_s()
    return c.whoami_s()


def by_ticket(person):
    for k in ("KRB5_CONFIG", "KRB5CCNAME"):
        os.environ[k] = person.env[k]
    c = connect()
    c.sasl_gssapi_bind_s()
    return c.whoami_s()


def fetch(url):
    p = run(["curl", "-sSf", "--connect-to", "::127.0.0.1:", "--max-time", "20", "-o", path("got"), url])
    assert p.returncode == 0, p.stderr
    return open(path("got"), "rb").read()


def crl_pem(der):
    write("one.crl", der)
    return run(["openssl", "crl", "-inform", "DER", "-in", path("one.crl")]).stdout


class Proofs:
    """Everything that somebody can hold of a principal, taken while it lives: by name (a person, a service, a host) and its password."""

    def __init__(self, tenant, kind, name, profile, san=None):
        t = ["-t", tenant]
        self.tenant, self.kind, self.name, self.uid = tenant, kind, name, lwd.ctl_json(*t, kind, "show", name)["id"]
        self.file = re.sub(r"\W", "-", "%s-%s-%s" % (tenant, name, lwd.ctl_json(*t, kind, "show", name)["id"][-8:]))
        self.realm = tenant.upper()
        subject = "%s:%s" % (kind, name)
        p = run(["openssl", "req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=x", "-keyout", path(self.file + ".key"), "-out",
                 path(self.file + ".csr")] + (["-addext", "subjectAltName=" + san] if san else []))
        assert p.returncode == 0, p.stderr
        lwd.must(*t, "cert", "issue", "--csr", path(self.file + ".csr"), "--profile", profile, "--subject", subject, "--out", path(self.file + ".pem"))
        blocks = re.findall("-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----\n", open(path(self.file + ".pem")).read(), re.S)
        write(self.file + ".leaf", blocks[0])
        write(self.file + ".up", "".join(blocks[1:]))
        text = run(["openssl", "x509", "-in", path(self.file + ".leaf"), "-noout", "-ext", "crlDistributionPoints"]).stdout
        self.pointer = re.search(r"URI:(\S+)", text).group(1)
        self.own_list = crl_pem(fetch(self.pointer))
        self.krb = Person(lwd, tenant)
        if kind == "user":
            self.tgt = raw_login(KDC, self.realm, name, OLD)
            self.bearer = login(tenant, name, OLD)
            self.open = bind("%s@%s" % (name, tenant), OLD)
            assert self.krb.kinit(name, OLD, "-r", "1d").returncode == 0
            self.assertion = soap(username("%s@%s" % (name, tenant), OLD), tenant=tenant)[1]
            self.jwt = lwd.must(*t, "token", "issue", "--type", "jwt", "--audience", "https://shop." + tenant, "--subject", name).strip()
            assert self.assertion.startswith("<saml2:Assertion"), self.assertion
        else:
            self.principal = name if kind == "service" else "host/" + name
            lwd.must(*t, "keytab", "get", self.principal, "--out", path(self.file + ".keytab"))
            p = self.krb.run("kinit", "-k", "-t", path(self.file + ".keytab"), "-r", "1d", self.principal)
            assert p.returncode == 0, p.stderr
        self.service = self.krb.run("kvno", "ldap/localhost").returncode == 0
        tap.ok(self.service and by_ticket(self.krb), "%s in %s: a ticket for LDAP while it lives" % (name, tenant))
        code, text = self.verify()
        tap.ok(code == 0, "%s in %s: the certificate verifies while it lives" % (name, tenant), text)

    def verify(self, own=None):
        """openssl with the lists from the published pointers; own: of the certificate's own issuer, as it was."""
        lists = fetch(HTTP + "/ca/root.crl.pem").decode() + (own or crl_pem(fetch(self.pointer)))
        write("lists.pem", lists)
        p = run(["openssl", "verify", "-x509_strict", "-crl_check_all", "-CAfile", path("root.pem"), "-untrusted", path(self.file + ".up"), "-CRLfile", path("lists.pem"),
                 path(self.file + ".leaf")])
        return p.returncode, p.stdout + p.stderr

    def dead(self, what, jwks=True):
        """Now that another has its name."""
        t, name = self.tenant, self.name
        tap.ok(lwd.ctl_json("-t", t, self.kind, "show", name)["id"] != self.uid, what + ": another entryUUID")
        if self.kind == "user":
            tap.eq(error_code(ask_tcp(KDC, self.tgt.request("krbtgt/" + self.realm))) > 0, True, what + ": the old TGT gets a KRB-ERROR")
            tap.eq(error_code(ask_tcp(KDC, self.tgt.request("HTTP/localhost"))) > 0, True, what + ": … for a service as well")
            tap.ok(isinstance(raw_login(KDC, self.realm, name, OLD), int), what + ": the old password, Kerberos")
            tap.eq(refused(bind, "%s@%s" % (name, t), OLD), "INVALID_CREDENTIALS", what + ": … LDAP")
            tap.eq(login(t, name, OLD), 401, what + ": … HTTP")
            tap.ok(soap(username("%s@%s" % (name, t), OLD), tenant=t)[0] == 500, what + ": … WS-Trust")
            tap.eq(api(self.bearer, "GET", "/%s/whoami" % t)[0], 401, what + ": the old bearer token")
            tap.ok(refused(self.open.whoami_s) is not None, what + ": the connection that was open")
            tap.ok(soap(self.assertion, FOR_SHOP, tenant=t)[0] == 500, what + ": the old assertion as a credential")
            status, body = soap(username("bob@" + t, NEW), "<t:ValidateTarget>%s</t:ValidateTarget>" % self.assertion, "Validate", tenant=t)
            tap.ok(status == 200 and "status/invalid" in body, what + ": … is not valid", body)
            status, keys = ask("GET", "/openidconnect/jwks/" + t)
            head, claims = jwt.get_unverified_header(self.jwt), jwt.decode(self.jwt, options={"verify_signature": False})
            fits = [k for k in json.loads(keys)["keys"] if k["kid"] == head["kid"]]
            tap.ok(claims["sub"] == self.uid and (not jwks or not fits), what + ": no published key verifies the old JWT", keys)
        else:
            p = self.krb.run("kinit", "-c", "MEMORY:", "-k", "-t", path(self.file + ".keytab"), self.principal)
            tap.ok(p.returncode != 0 and "failed" in p.stderr, what + ": the old keytab", p.stderr)
        p = self.krb.traced("kinit", "-R")
        tap.ok(p.returncode != 0, what + ": kinit -R", p.stdout + p.stderr)
        p = self.krb.run("kvno", "HTTP/localhost")
        tap.ok(p.returncode != 0, what + ": kvno with the old TGT", p.stdout)
        tap.ok(refused(by_ticket, self.krb) is not None, what + ": the old ticket for LDAP")
        tap.eq(refused(by_certificate, self.file), "INVALID_CREDENTIALS", what + ": the old certificate, LDAP EXTERNAL")


def make(tenant, password):
    t = ["-t", tenant]
    for name in ("alice", "bob"):
        lwd.user(name, password, tenant)
    lwd.must(*t, "service", "create", "HTTP/shop." + tenant)
    lwd.must(*t, "host", "create", "web1." + tenant)
    lwd.must(*t, "rp", "create", "shop", "--entity-id", "https://shop." + tenant, "--acs-url", "https://shop.%s/acs" % tenant)


def take(tenant):
    return [Proofs(tenant, "user", "alice", "user"), Proofs(tenant, "service", "HTTP/shop." + tenant, "tls-server", "DNS:shop." + tenant),
            Proofs(tenant, "host", "web1." + tenant, "tls-server", "DNS:web1." + tenant)]


def crowd(suffix, tenant, n):
    """n entries, written by a few connections at a time."""
    def some(part):
        c = bind("admin@" + tenant, ADMIN_PASSWORD)
        waiting = [c.add(("uid=p%d,ou=people,%s" % (i, suffix)), [("objectClass", [b"inetOrgPerson"]), ("cn", [b"Person %d" % i]), ("sn", [b"P%d" % i]), ("uid", [b"p%d" % i]),
                          ("mail", [b"p%d@%s" % (i, tenant.encode())])]) for i in range(part, n, 8)]
        for m in waiting:
            c.result(m)
    threads = [threading.Thread(target=some, args=(part,)) for part in range(8)]
    for x in threads:
        x.start()
    for x in threads:
        x.join()


class Load(threading.Thread):
    """What acme's people do all the time. Nothing may fail."""

    def __init__(self, one):
        super().__init__(daemon=True)
        self.one, self.n, self.failed, self.worst, self.enough = one, 0, [], 0.0, threading.Event()

    def run(self):
        while not self.enough.is_set():
            began = time.monotonic()
            try:
                good = self.one()
            except Exception as e:  # whatever it is, it failed
                good = repr(e)
            self.worst = max(self.worst, time.monotonic() - began)
            self.n += 1
            if good is not True:
                self.failed.append(good)


def load():
    c = bind("carol@acme.example", OLD)
    carol = "uid=carol,ou=people,dc=acme,dc=example"
    admin = bind("admin@acme.example", ADMIN_PASSWORD)

    def modify():
        admin.modify_s(carol, [(ldap.MOD_REPLACE, "description", [b"%d" % time.monotonic_ns()])])
        return True
    return [Load(lambda: len(c.search_s("dc=acme,dc=example", ldap.SCOPE_SUBTREE, "(uid=carol)", ["cn"])) == 1 or "nothing found"), Load(modify),
            Load(lambda: not isinstance(raw_login(KDC, "ACME.EXAMPLE", "carol", OLD), int) or "AS"),
            Load(lambda: refused(bind, "carol@acme.example", OLD) is None or "bind")]


def state(name):
    p = lwd.ctl("-o", "json", "tenant", "show", name)
    return json.loads(p.stdout)["state"] if p.returncode == 0 else p.returncode


def create(name):
    """Tried until the old one is gone; what was said meanwhile."""
    said = []

    def once():
        said.append(lwd.ctl("tenant", "create", name, "--admin-password-file", lwd.password_file(NEW, "new.pw")))
        return said[-1].returncode == 0
    return wait_for(once, 60, 0.1), said[:-1]


# ---- a tenant with many entries; another under load ----
lwd.user("carol", OLD)
write("root.pem", lwd.must("ca", "show", "--root"))
lwd.must("tenant", "create", BETA, "--admin-password-file", lwd.admin_file)
make(BETA, OLD)
lwd.must("-t", BETA, "grant", "create", "permit authenticated may token audience none attrs(sub);", "--name", "bare-tokens")
lwd.must("-t", BETA, "grant", "create", "permit user alice may write person attrs(description);", "--name", "alices")
begun = time.monotonic()
crowd(SUFFIX, BETA, ENTRIES)
print("# %d entries in %.1f s" % (ENTRIES, time.monotonic() - begun))
old = take(BETA)
tenant_uuid = lwd.ctl_json("tenant", "show", BETA)["id"]
admin = login("acme.example", "admin", ADMIN_PASSWORD)
betas = login(BETA, "admin", ADMIN_PASSWORD)
threads = load()
for x in threads:
    x.start()

tap.eq(state(BETA), "enabled", "tenant show: enabled")
tap.eq(api(admin, "POST", "/%s/disable" % BETA)[0], 204, "disabled over the API")
tap.eq((state(BETA), refused(bind, "alice@" + BETA, OLD)), ("disabled", "INVALID_CREDENTIALS"), "tenant show: disabled; nobody logs in")
lwd.must("tenant", "enable", BETA)
tap.eq((state(BETA), refused(bind, "alice@" + BETA, OLD)), ("enabled", None), "enabled again")
old[0].open = bind("alice@" + BETA, OLD)
tap.eq(lwd.ctl("tenant", "delete", "acme.example").returncode, 77, "the system tenant is not deleted")
tap.eq(lwd.ctl("tenant", "delete", "delta.example").returncode, 4, "one that is not there")
tap.eq(api(betas, "DELETE", "/" + BETA)[0], 403, "by its own administrator: refused")
tap.eq(state(BETA), "enabled", "… and it is as it was")
begun = time.monotonic()
lwd.must("tenant", "delete", BETA)
took = time.monotonic() - begun
tap.ok(took < 1.0 * SLOW, "lwctl tenant delete answers at once", took)
tap.ok(state(BETA) in ("deleting", 4), "tenant show: deleting", state(BETA))
tap.eq([error_code(ask_tcp(KDC, old[0].tgt.request("krbtgt/" + REALM))) > 0, refused(bind, "alice@" + BETA, OLD), api(betas, "GET", "/%s/whoami" % BETA)[0]],
       [True, "INVALID_CREDENTIALS", 401], "dead at once: tickets, passwords, tokens")
p = lwd.ctl("tenant", "delete", BETA)
tap.eq(p.returncode, 4, "deleted twice: not there")
made, said = create(BETA)
print("# gone and made again after %.1f s" % (time.monotonic() - begun))
tap.ok(made and all(p.returncode == 75 and "still being deleted" in p.stderr for p in said), "the name is taken until the last of it is gone: exit 75",
       [p.stderr for p in said])
for x in threads:
    x.enough.set()
for x in threads:
    x.join()
print("# meanwhile %s requests of acme's; the longest took %s ms" % ([x.n for x in threads], [int(1000 * x.worst) for x in threads]))
tap.eq([x.failed[:3] for x in threads], [[]] * 4, "no request of the other tenant failed meanwhile")
tap.ok(all(x.n for x in threads), "… and each was asked all the time", [x.n for x in threads])

# ---- made again under its old name: nothing of the dead one is good ----
tap.ok(lwd.ctl_json("tenant", "show", BETA)["id"] != tenant_uuid, "the tenant has another UUID")
make(BETA, NEW)
lwd.must("-t", BETA, "grant", "create", "permit authenticated may token audience none attrs(sub);", "--name", "bare-tokens")
for proof in old:
    proof.dead("%s of the dead tenant" % proof.kind)
    code, text = proof.verify(proof.own_list)
    tap.ok(code != 0 and "certificate revoked" in text and "depth" in text, "%s of the dead tenant: openssl verify -crl_check_all: revoked" % proof.kind, text)
    tap.ok(re.search(r"error 23 at 1 depth", text) is not None, "… which is its intermediate", text)
tap.eq(api(betas, "GET", "/%s/users" % BETA)[0], 401, "the dead tenant's administrator's token")
tap.eq(login(BETA, "admin", ADMIN_PASSWORD), 401, "… and password")
names = [i["name"] for i in lwd.ctl_json("-t", BETA, "grant", "list")["items"]]
tap.ok("alices" not in names, "no grant of the dead one", names)
tap.eq([u["name"] for u in lwd.ctl_json("-t", BETA, "user", "list")["items"] if u["name"].startswith("p")], [],
       "nor any of its people")
text = lwd.must("ca", "crl", "--root")
tap.eq(text.count("BEGIN X509 CRL"), 2, "lwctl ca crl --root: two lists")
write("two.pem", text)
p = run(["openssl", "verify", "-crl_check_all", "-CAfile", path("root.pem"), "-untrusted", path(old[0].file + ".up"), "-CRLfile", write("all.pem", text + old[0].own_list),
         path(old[0].file + ".leaf")])
tap.ok(p.returncode != 0 and "certificate revoked" in p.stderr + p.stdout, "… with which it is revoked, too", p.stdout + p.stderr)

# ---- the same within a living tenant ----
lwd.must("-t", BETA, "user", "passwd", "alice", "--password-file", "-", stdin=OLD)
lwd.must("-t", BETA, "group", "create", "staff")
lwd.must("-t", BETA, "group", "add", "staff", "alice")
living = take(BETA)
for p in living:
    lwd.must("-t", BETA, p.kind, "delete", p.name)
code, text = living[0].verify()
tap.ok(code != 0 and re.search("error 23 at 0 depth", text), "a deleted user's certificate is revoked", text)
lwd.user("alice", NEW, BETA)
lwd.must("-t", BETA, "service", "create", living[1].name)
lwd.must("-t", BETA, "host", "create", living[2].name)
for proof in living:
    proof.dead("%s made again" % proof.kind, jwks=False)
    code, text = proof.verify()
    tap.ok(code != 0 and re.search("error 23 at 0 depth", text), "%s made again: openssl verify -crl_check_all: revoked" % proof.kind, text)
tap.eq(lwd.ctl_json("-t", BETA, "group", "show", "staff").get("member", []), [], "nobody is in a group that the dead one was in")
code, _ = ask("GET", "/ca/%s/crl" % BETA)
tap.eq(code, 200, "the tenant's own list is there")

# ---- directory and keyd killed in the middle ----
lwd.must("tenant", "create", "gamma.example", "--admin-password-file", lwd.admin_file)
crowd("dc=gamma,dc=example", "gamma.example", ENTRIES // 3)
lwd.must("tenant", "delete", "gamma.example")
lwd.kill_role("directory")
lwd.kill_role("keyd")
tap.eq(lwd.ctl("status", "--wait", str(20 * SLOW)).returncode, 0, "killed in the middle: ready again")
tap.ok(wait_for(lambda: state("gamma.example") == 4, 30), "it goes on until nothing is left")
lwd.must("tenant", "create", "gamma.example", "--admin-password-file", lwd.admin_file)
lwd.kill_all()
lwd.start()
tap.eq(state("gamma.example"), "enabled", "the new one of that name is there after a kill -9 of everything")
admin = login("acme.example", "admin", ADMIN_PASSWORD)
tap.eq(api(admin, "DELETE", "/gamma.example")[0], 204, "deleted over the API")
tap.ok(api(admin, "POST", "", {"name": "a.gamma.example", "password": NEW})[0] in (503, 201), "… and the names below it are taken until it is gone")
lwd.stop()
p = run([LWCTL, "--data", lwd.data, "check", "--replay"], env=lwd.env)
tap.ok(p.returncode == 0, "lwctl check --replay, a deleted tenant in the middle of it", p.stdout + p.stderr)
lwd.start()
tap.ok(wait_for(lambda: state("gamma.example") == 4, 30), "and a start finishes it")
lwd.close(tap)
tap.done()
