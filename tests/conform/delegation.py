#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Delegated administration: a member of the helpdesk, a certificate officer, an application owner and a tenant's administrator do their work with
OpenLDAP's clients, with lwctl --server and with curl, and what one way permits or refuses the others do as well."""
import json
import os
import re
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from lwdtest import ADMIN_PASSWORD, LWCTL, Lwd, Tap, run  # noqa: E402

tap = Tap()
lwd = Lwd().init().start()
CA = os.path.join(lwd.data, "ca.pem")
URL = "https://localhost:%d" % lwd.port("https")
ACME, SUFFIX = "/api/v1/tenants/acme.example", "dc=acme,dc=example"
PW, NEW = "Wonder-Land-42", "Another-Pass-9"
pw_file, new_file = lwd.password_file(PW), lwd.password_file(NEW)

# ---- who is there ----
tap.eq([g["name"] for g in lwd.ctl_json("group", "list")["items"]], ["administrators"], "a new tenant has no roles but its administrators")
tap.eq(sorted(g["name"] for g in lwd.ctl_json("grant", "defaults")["items"] if g["kind"] == "group"), ["application-owners", "certificate-officers", "helpdesk"],
       "grant defaults makes them")
for name in ("alice", "bob", "hank", "helen", "hugo", "connie", "otto", "olga", "tina", "nora"):
    lwd.user(name, PW, None, "--mail", name + "@acme.example")
for group, members in (("helpdesk", "helen hugo"), ("certificate-officers", "connie"), ("application-owners", "otto olga"), ("administrators", "tina")):
    lwd.must("group", "add", group, *members.split())
for group in ("staff", "deputies", "editors"):
    lwd.must("group", "create", group)
lwd.must("group", "add", "staff", "alice", "bob")
lwd.must("group", "add", "deputies", "nora")
lwd.must("group", "add", "administrators", "group:deputies")
lwd.must("service", "create", "HTTP/web1.acme.example")
for text in ("permit group staff may read,search person attrs(employeeNumber);", "permit group staff may ticket service tagged db;",
             "permit group staff may token application tagged crm attrs(sub,groups);", "permit user hank may write group named editors attrs(member);"):
    lwd.must("grant", "create", text)


class Somebody:
    """One who has logged in with each of the three."""

    def __init__(self, name, password=PW):
        self.name, self.password = name, password
        self.env = dict(lwd.env, XDG_STATE_HOME=os.path.join(lwd.dir, "state-" + name), LWD_DATA="", LWD_SERVER="", LWD_TENANT="", LWD_CACERT=CA)
        p = self.lwctl("login", "--server", URL, "--user", name, "--password-file", "-", stdin=password)
        assert p.returncode == 0, p.stderr
        self.token = json.loads(curl("-u", "%s:%s" % (name, password), "-X", "POST", URL + ACME + "/login")[1])["token"]

    def lwctl(self, *args, stdin=None):
        return run([LWCTL] + [str(a) for a in args], stdin=stdin, env=self.env)

    def ldap(self, tool, *args, stdin=None):
        return lwd.client(tool, "-x", "-ZZ", "-H", lwd.ldap, "-D", self.name + "@acme.example", "-w", self.password, *args, stdin=stdin)

    def api(self, method, path, body=None):
        more = ["-H", "Content-Type: application/json", "-d", json.dumps(body)] if body is not None else []
        return curl("-X", method, "-H", "Authorization: Bearer " + self.token, *more, URL + ACME + path)


def curl(*args):
    """(status, body)"""
    p = run(["curl", "-s", "--cacert", CA, "-w", "\n%{http_code}"] + list(args))
    body, _, status = p.stdout.rpartition("\n")
    return int(status or 0), body


LDAP = {0: "ok", 19: "invalid", 32: "not-found", 50: "refused", 53: "refused", 68: "exists"}
CTL = {0: "ok", 1: "invalid", 4: "not-found", 5: "exists", 77: "refused"}
API = {400: "invalid", 403: "refused", 404: "not-found", 409: "exists"}


def same(who, what, want, ldap=None, ctl=None, api=None):
    """Each way that is said has this outcome."""
    got, said = {}, []
    if ldap:
        p = who.ldap(*ldap[:-1], stdin=ldap[-1])
        code = re.search(r"\((\d+)\)$", p.stdout + p.stderr, re.M)  # ldappasswd's status is always 1
        got["ldap"] = LDAP.get(int(code.group(1)) if code and p.returncode else p.returncode, p.returncode)
        said.append(p.stdout + p.stderr)
    if ctl:
        p = who.lwctl(*ctl)
        got["lwctl"] = CTL.get(p.returncode, p.returncode)
        said.append(p.stdout + p.stderr)
    if api:
        status, body = who.api(*api)
        got["api"] = "ok" if 200 <= status < 300 else API.get(status, status)
        said.append(body)
    tap.ok(set(got.values()) == {want}, "%s: %s: %s" % (who.name, what, want), "%r\n%s" % (got, "\n".join(said)))
    return said


def dn(name, where="people"):
    return "%s=%s,ou=%s,%s" % ("uid" if where == "people" else "cn", name, where, SUFFIX)


def change(name, *lines, where="people"):
    return "ldapmodify", "dn: %s\nchangetype: modify\n%s\n" % (dn(name, where), "\n".join(lines))


def reset(who, name, want):
    same(who, "a new password for " + name, want, ("ldappasswd", "-s", NEW, dn(name), None),
         ("user", "passwd", name, "--password-file", new_file), ("PUT", "/users/%s/password" % name, {"password": NEW}))


def switch(who, name, off, want):
    same(who, ("disables " if off else "enables ") + name, want,
         change(name, *(("replace: lwDisabled", "lwDisabled: TRUE") if off else ("replace: lwDisabled",))),
         ("user", "disable" if off else "enable", name), ("POST", "/users/%s/%s" % (name, "disable" if off else "enable")))


def unlock(who, name, want):
    same(who, "unlocks " + name, want, change(name, "delete: pwdAccountLockedTime"), ("user", "unlock", name), ("POST", "/users/%s/unlock" % name))


def put(who, name, attr, value, want, where="people", kind="user", path="users"):
    same(who, "%s %s: %s" % (name, attr, value), want, change(name, "replace: " + attr, "%s: %s" % (attr, value), where=where),
         (kind, "set", name, "%s=%s" % (attr, value)), ("PATCH", "/%s/%s" % (path, name), {attr: value}))


def join(who, group, member, want):
    same(who, "%s into %s" % (member, group), want, change(group, "add: member", "member: " + dn(member), where="groups"),
         ("group", "add", group, member), ("POST", "/groups/%s/members" % group, {"members": [member]}))


def works(name, password):
    return lwd.client("ldapwhoami", "-x", "-ZZ", "-H", lwd.ldap, "-D", name + "@acme.example", "-w", password).returncode == 0


def nothing_else(who, people=True):
    """What none of the three may, though it is an administrator's daily work."""
    join(who, "staff", who.name, "refused")
    join(who, "administrators", who.name, "refused")
    join(who, "helpdesk" if who.name != "helen" else "certificate-officers", who.name, "refused")
    text = "permit user %s may all any attrs(*);" % who.name
    same(who, "writes a grant", "refused", ("ldapadd", "dn: %s\nobjectClass: lwGrant\ncn: mine\nlwGrantText: %s\n" % (dn("mine", "grants"), text)),
         ("grant", "create", text), ("POST", "/grants", {"text": text}))
    same(who, "adds what is missing", "refused", None, ("grant", "defaults"), ("POST", "/grants/defaults"))
    put(who, "bob", "uid", "robert", "refused")
    tap.eq(who.ldap("ldapmodrdn", "-r", dn("bob"), "uid=robert").returncode, 50, "%s: renames nobody" % who.name)
    put(who, "bob", "mail", "b@acme.example", "refused")
    same(who, "makes no user", "refused",
         ("ldapadd", "dn: %s\nobjectClass: inetOrgPerson\nuid: new\ncn: new\nsn: new\n" % dn("new")), ("user", "create", "new"), ("POST", "/users", {"name": "new"}))


helen, connie, otto, olga, tina = (Somebody(n) for n in ("helen", "connie", "otto", "olga", "tina"))

# ---- the helpdesk ----
reset(helen, "alice", "ok")
tap.ok(works("alice", NEW) and not works("alice", PW), "the new password is good, the old one not")
shown = lwd.ctl_json("user", "show", "alice")
tap.ok("pwdReset" not in shown and not shown.get("disabled"), "and nothing is asked of alice before she may work", shown)
tap.eq(Somebody("alice", NEW).lwctl("user", "set", "alice", "description=mine").returncode, 0, "she works")
reset(helen, "hugo", "ok")
for name in ("admin", "tina", "nora", "connie", "otto", "hank"):  # administrators, also through a group; who holds more
    reset(helen, name, "refused")
    unlock(helen, name, "refused")
tap.ok(works("admin", ADMIN_PASSWORD) and works("connie", PW), "theirs are as they were")
p = lwd.ctl("explain", "helen", "set-secret", "user:hank", "userPassword")
tap.ok(p.returncode == 1 and "hold what he holds" in p.stdout and "user hank may write" in p.stdout, "explain says what hank holds", p.stdout)
tap.eq(lwd.ctl("explain", "helen", "set-secret", "user:bob", "userPassword").returncode, 0, "and that bob is an ordinary person")
switch(helen, "bob", True, "ok")
tap.ok(not works("bob", PW), "bob is out")
switch(helen, "bob", False, "ok")
tap.ok(works("bob", PW), "and in again")
for name in ("admin", "nora"):
    switch(helen, name, True, "refused")
lwd.must("user", "disable", "hank")
switch(helen, "hank", False, "refused")  # he would get back more than helen has
lwd.must("user", "enable", "hank")
switch(helen, "hank", True, "ok")  # in need: taking away is no gain
lwd.must("user", "enable", "hank")
for i in range(10):
    works("bob", "wrong-%d" % i)
tap.ok(not works("bob", PW), "bob has guessed too often")
unlock(helen, "bob", "ok")
tap.ok(works("bob", PW), "the helpdesk let him in")
nothing_else(helen)
same(helen, "a password for a service", "refused", ("ldappasswd", "-s", NEW, dn("HTTP/web1.acme.example", "services"), None),
     ("service", "passwd", "HTTP/web1.acme.example", "--password-file", new_file), ("PUT", "/services/HTTP%2Fweb1.acme.example/password", {"password": NEW}))
same(helen, "deletes nobody", "refused", ("ldapdelete", dn("bob"), None), ("user", "delete", "bob"), ("DELETE", "/users/bob"))

# ---- the certificate officer ----
key, csr = os.path.join(lwd.dir, "k.pem"), os.path.join(lwd.dir, "r.pem")
run(["openssl", "genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", key])


def issue(who, subject, san, want, profile=None):
    """LDAP has no operation for it. The serials of what was made."""
    p = run(["openssl", "req", "-new", "-key", key, "-subj", "/CN=x", "-out", csr] + (["-addext", "subjectAltName=" + san] if san else []))
    assert p.returncode == 0, p.stderr
    body = {"csr": open(csr).read(), "subject": subject}
    body.update({"profile": profile} if profile else {})
    said = same(who, "a certificate for %s (%s)" % (subject, san or "its own names"), want, None,
                ("-o", "json", "cert", "issue", "--csr", csr, "--subject", subject) + (("--profile", profile) if profile else ()), ("POST", "/certificates", body))
    return [json.loads(s)["name"] for s in said] if want == "ok" else []


mine = issue(connie, "user:alice", "email:alice@acme.example", "ok") + issue(connie, "user:alice", None, "ok")
shown = lwd.ctl_json("cert", "show", mine[0])
days = run(["openssl", "x509", "-noout", "-checkend", str(31 * 86400)], stdin=shown["pem"])
tap.eq(days.returncode, 1, "good for thirty days at most")
issue(connie, "user:alice", "email:bob@acme.example", "refused")
for name in ("admin", "nora", "helen", "otto", "hank"):  # it would make her them
    issue(connie, "user:" + name, None, "refused")
issue(connie, "user:alice", None, "refused", "tls-client")
issue(connie, "service:HTTP/web1.acme.example", "DNS:web1.acme.example", "ok")
issue(connie, "service:HTTP/web1.acme.example", "DNS:web2.acme.example", "refused")
issue(connie, "service:HTTP/web1.acme.example", None, "ok", "tls-client")
run(["openssl", "req", "-new", "-key", key, "-subj", "/CN=x", "-out", csr])
admins = lwd.ctl_json("cert", "issue", "--csr", csr, "--subject", "user:admin")["name"]


def revoke(who, serials, want):
    same(who, "revokes " + ("a person's certificate" if serials[0] != admins else "an administrator's"), want,
         change(serials[0], "replace: lwCertState", "lwCertState: revoked", "-", "replace: lwRevokeReason", "lwRevokeReason: 4", where="certificates"),
         ("cert", "revoke", serials[1], "--reason", "superseded"), ("POST", "/certificates/%s/revoke" % serials[2], {"reason": "superseded"}))


revoke(connie, mine, "ok")
tap.eq({(c["state"], c.get("reason")) for c in (lwd.ctl_json("cert", "show", s) for s in mine[:3])}, {("revoked", "superseded")}, "each is revoked, and says why")
revoke(connie, [admins] * 3, "refused")
revoke(helen, [mine[3]] * 3, "not-found")
for name in ("alice", "admin"):
    reset(connie, name, "refused")
switch(connie, "bob", True, "refused")
nothing_else(connie)
issue(helen, "user:alice", None, "refused")

# ---- the application owner ----


def rp(name):
    return {"name": name, "entityId": "urn:" + name, "acsUrls": ["https://%s.example/acs" % name]}


def register(who, names, want):
    same(who, "registers an application", want,
         ("ldapadd", "dn: %s\nobjectClass: lwApplication\ncn: %s\nlwEntityId: urn:%s\n" % (dn(names[0], "applications"), names[0], names[0])),
         ("rp", "create", names[1], "--entity-id", "urn:" + names[1]), ("POST", "/relying-parties", rp(names[2])))


register(otto, ("app-l", "app-c", "app-a"), "ok")
register(olga, ("olga-l", "olga-c", "olga-a"), "ok")
for name in ("app-l", "app-c", "app-a"):
    tap.eq(lwd.ctl_json("rp", "show", name).get("lwManagedBy"), [dn("otto")], name + " is otto's to manage")
    put(otto, name, "description", "ours", "ok", "applications", "rp", "relying-parties")
    put(otto, name, "description", "theirs", "ok", "applications", "rp", "relying-parties")
    put(olga, name, "description", "mine", "not-found", "applications", "rp", "relying-parties")
same(otto, "deletes olga's", "not-found", ("ldapdelete", dn("olga-l", "applications"), None), ("rp", "delete", "olga-l"), ("DELETE", "/relying-parties/olga-l"))
put(otto, "app-l", "lwTag", "crm", "refused", "applications", "rp", "relying-parties")  # staff would get tokens for it
register(helen, ("x-l", "x-c", "x-a"), "refused")
register(connie, ("x-l", "x-c", "x-a"), "refused")
for attr, want in (("lwManagedBy: " + dn("olga"), 50), ("lwManagedBy: " + dn("otto"), 0)):
    p = otto.ldap("ldapadd", stdin="dn: %s\nobjectClass: lwApplication\ncn: app-m\nlwEntityId: urn:m\n%s\n" % (dn("app-m", "applications"), attr))
    tap.eq(p.returncode, want, "a new one is one's own, and not given to others: " + attr)
for extra in ("objectClass: posixGroup\ngidNumber: 27\nmemberUid: otto", "objectClass: uidObject\nuid: newcomer",
              "objectClass: posixAccount\nuid: newcomer\nuidNumber: 0\ngidNumber: 0\nhomeDirectory: /root",
              "objectClass: krbPrincipalAux\nkrbPrincipalName: newcomer@ACME.EXAMPLE"):
    p = otto.ldap("ldapadd", stdin="dn: %s\nobjectClass: lwApplication\ncn: app-n\n%s\n" % (dn("app-n", "applications"), extra))
    tap.eq(p.returncode, 50, "an application is neither account nor group: " + extra.split("\n")[0])
p = otto.ldap("ldapmodify", stdin=change("app-l", "add: objectClass", "objectClass: posixGroup", "-", "add: gidNumber", "gidNumber: 27", where="applications")[1])
tap.eq(p.returncode, 50, "nor does one become such")
same(otto, "shares one", "ok", change("app-l", "add: lwManagedBy", "lwManagedBy: " + dn("olga"), where="applications"),
     ("rp", "set", "app-c", "lwManagedBy+=" + dn("olga")), ("PATCH", "/relying-parties/app-a", {"changes": ["lwManagedBy+=" + dn("olga")]}))
put(olga, "app-l", "description", "shared", "ok", "applications", "rp", "relying-parties")
for name in ("alice", "admin"):
    reset(otto, name, "refused")
nothing_else(otto)
same(otto, "deletes his own", "ok", ("ldapdelete", dn("app-l", "applications"), None), ("rp", "delete", "app-c"), ("DELETE", "/relying-parties/app-a"))

# ---- the tenant's administrator ----
for name in ("alice", "nora", "connie"):
    reset(tina, name, "ok")
switch(tina, "nora", True, "ok")
switch(tina, "nora", False, "ok")
put(tina, "bob", "mail", "b@acme.example", "ok")
put(tina, "olga-l", "description", "seen", "ok", "applications", "rp", "relying-parties")
same(tina, "into a group", "ok", change("staff", "add: member", "member: " + dn("hank"), where="groups"), ("group", "add", "deputies", "hank"),
     ("POST", "/groups/helpdesk/members", {"members": ["hank"]}))
text = "permit group staff may read host attrs(cn);"
same(tina, "writes a grant", "ok", ("ldapadd", "dn: %s\nobjectClass: lwGrant\ncn: g1\nlwGrantText: %s\n" % (dn("g1", "grants"), text)),
     ("grant", "create", text), ("POST", "/grants", {"text": text}))
p = tina.lwctl("-o", "json", "grant", "defaults")
tap.eq((p.returncode, json.loads(p.stdout)), (0, {"items": []}), "nothing is missing")
reset(helen, "bob", "refused")  # staff may read hosts by now, which the helpdesk may not
lwd.must("group", "add", "staff", "group:helpdesk")
reset(helen, "bob", "ok")

# ---- a tenant that was made before there were roles ----
for grant in ("read", "password", "disable"):
    lwd.must("grant", "delete", "helpdesk-" + grant)
lwd.must("group", "delete", "helpdesk")
lwd.must("grant", "delete", "application-manager")
reset(helen, "hugo", "refused")
status, body = tina.api("POST", "/grants/defaults", {"names": ["application-manager"]})
tap.eq((status, [i["name"] for i in json.loads(body)["items"]]), (200, ["application-manager"]), "one by its name")
tap.eq(tina.api("POST", "/grants/defaults", {"names": ["helpdesk-read"]})[0], 400, "a grant about a group that is not there")
tap.eq(tina.lwctl("grant", "defaults", "no-such").returncode, 2, "no such name")
p = tina.lwctl("-o", "json", "grant", "defaults")
tap.eq((p.returncode, [i["name"] for i in json.loads(p.stdout)["items"]]), (0, ["helpdesk", "helpdesk-read", "helpdesk-password", "helpdesk-disable"]), "the rest")
tap.eq(lwd.ctl_json("grant", "defaults"), {"items": []}, "twice adds nothing")
reset(helen, "hugo", "refused")  # another group of that name, and nobody is in it
lwd.must("group", "add", "helpdesk", "helen")
reset(helen, "hugo", "ok")
tap.ok(re.search("helpdesk-password", lwd.ctl("explain", "helen", "set-secret", "user:hugo", "userPassword").stdout), "by the grant that came")
lwd.close(tap)
tap.done()
