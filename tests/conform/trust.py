#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Trust between tenants: acme has the data, beta's people come for it, by ldapsearch and ldapmodify, lwctl and curl. With a trust on both
sides, and only then, and only what acme's grant says; until then and from then on every answer is the one of before, octet by octet."""
import json
import os
import socket
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from lwdtest import LWCTL, SLOW, Lwd, Tap, run, wait_for  # noqa: E402

import ldap  # noqa: E402

tap = Tap()
lwd = Lwd().init().start()
CA = os.path.join(lwd.data, "ca.pem")
URL = "https://localhost:%d" % lwd.port("https")
PW = "Wonder-Land-42"
ACME, BETA, GAMMA = "dc=acme,dc=example", "dc=beta,dc=example", "dc=gamma,dc=example"
CAROL, ALICE = "uid=carol,ou=people," + BETA, "uid=alice,ou=people," + ACME
IN_BETA = ("-t", "beta.example")
pw = lwd.password_file(PW)
for tenant in ("beta.example", "gamma.example"):
    lwd.must("tenant", "create", tenant, "--admin-password-file", lwd.admin_file)
for name in ("alice", "bob", "hidden"):
    lwd.must("user", "create", name, "--mail", name + "@acme.example")
for name in ("carol", "dave"):
    lwd.user(name, PW, "beta.example")
lwd.must(*IN_BETA, "group", "create", "support")
lwd.must(*IN_BETA, "group", "add", "support", "carol")
lwd.must("-t", "gamma.example", "group", "create", "support")
lwd.user("carol", PW, "gamma.example")
lwd.must("-t", "gamma.example", "group", "add", "support", "carol")
lwd.must("group", "create", "staff")


# ---- octets ----

def tlv(tag, body):
    n = len(body)
    return bytes([tag]) + (bytes([n]) if n < 128 else bytes([0x82, n >> 8, n & 255])) + body


def octets(s):
    return tlv(4, s.encode())


def search(base, scope):
    return tlv(0x63, octets(base) + tlv(10, bytes([scope])) + b"\x0a\x01\0\x02\x01\0\x02\x01\0\x01\x01\0" + tlv(0x87, b"objectClass") + tlv(0x30, b""))


def attrs(**kw):
    return tlv(0x30, b"".join(tlv(0x30, octets(k) + tlv(0x31, b"".join(octets(x) for x in v))) for k, v in kw.items()))


def modify(dn, attr, value):
    return tlv(0x66, octets(dn) + tlv(0x30, tlv(0x30, b"\x0a\x01\x02" + tlv(0x30, octets(attr) + tlv(0x31, octets(value))))))


def requests(suffix):
    alice = "uid=alice,ou=people," + suffix
    yield from (search(base, scope) for base in (suffix, "ou=people," + suffix, alice, "uid=absent,ou=people," + suffix, "ou=trusts," + suffix)
                for scope in (0, 1, 2))
    yield tlv(0x6e, octets(alice) + tlv(0x30, octets("cn") + octets("alice")))
    yield modify(alice, "description", "x")
    yield modify(alice, "userPassword", "x")
    yield tlv(0x68, octets("uid=new,ou=people," + suffix) + attrs(objectClass=["inetOrgPerson"], cn=["n"], sn=["n"]))
    yield tlv(0x4a, alice.encode())
    yield tlv(0x6c, octets(alice) + octets("uid=other") + b"\x01\x01\xff")
    yield search("", 2)
    yield search("dc=example", 2)


def everything(dn, suffix=ACME):
    """All that a connection answers to these requests."""
    s = socket.create_connection(("127.0.0.1", 389 + lwd.offset))
    s.settimeout(20 * SLOW)
    s.sendall(tlv(0x30, b"\x02\x01\x01" + tlv(0x60, b"\x02\x01\x03" + octets(dn) + tlv(0x80, PW.encode()))))
    got = s.recv(4096)
    s.sendall(b"".join(tlv(0x30, b"\x02\x01" + bytes([i + 2]) + r) for i, r in enumerate(requests(suffix))) + b"\x30\x05\x02\x01\x7f\x42\x00")
    while True:
        more = s.recv(65536)
        if not more:
            return got
        got += more


def curl(who, method, path, body=None):
    """(status, body)"""
    args = ["curl", "-sS", "--cacert", CA, "-X", method, "-H", "Authorization: Bearer " + who, "-w", "\n%{http_code}"]
    if body is not None:
        args += ["-H", "Content-Type: application/json", "-d", json.dumps(body)]
    text, status = run(args + [URL + "/api/v1/tenants/" + path]).stdout.rsplit("\n", 1)
    return int(status), text


def login(name, tenant):
    p = run(["curl", "-sS", "--cacert", CA, "-X", "POST", "-u", "%s:%s" % (name, PW), URL + "/api/v1/tenants/%s/login" % tenant])
    return json.loads(p.stdout)["token"]


carol, dave, gamma = login("carol", "beta.example"), login("dave", "beta.example"), login("carol", "gamma.example")


def api(who, tenant="acme.example"):
    return [curl(who, m, tenant + path, body) for m, path, body in (
        ("GET", "/users", None), ("GET", "/users/alice", None), ("GET", "/users/absent", None), ("GET", "/trusts", None), ("GET", "/whoami", None),
        ("PATCH", "/users/alice", {"description": "x"}), ("POST", "/users", {"name": "new"}), ("DELETE", "/users/alice", None))]


def same_as_before(name, who=CAROL, token=None):
    tap.ok(everything(who) == before[who], "%s: over LDAP every octet is as it was" % name)
    tap.ok(api(token or carol) == web_before, "%s: and over the API" % name)


DAVE, GAMMAS = "uid=dave,ou=people," + BETA, "uid=carol,ou=people," + GAMMA
before = {who: everything(who) for who in (CAROL, DAVE, GAMMAS)}
web_before = api(carol)
tap.ok({s for s, _ in web_before} == {403} and web_before == api(carol, "nowhere.example"), "the API refuses another tenant like one that is not there", web_before)
tap.ok(before[CAROL].count(b"\x0a\x01\x20") >= 20, "LDAP says noSuchObject")

# ---- one half, the other half, no grant: nothing ----
GRANT = ("permit partner beta.example group support may read,search,compare,write,create,delete person,entry under ou=people "
         "attrs(ou,objectClass,uid,cn,sn,telephoneNumber,description);")
tap.eq(lwd.ctl("trust", "create", "nowhere.example").returncode, 1, "a trust with nobody")
tap.eq(lwd.ctl("trust", "create", "acme.example").returncode, 1, "with oneself")
tap.eq(lwd.ctl("trust", "create", "beta.example", "--group", "no-such").returncode, 1, "a group that is not there")
tap.eq(lwd.ctl("trust", "create", "beta.example", "--group", "staff").returncode, 0, "lwctl trust create")
tap.eq(lwd.ctl("trust", "create", "beta.example").returncode, 5, "twice: 5")
for verbs, what in (("ticket", "service"), ("token", ""), ("enrol", ""), ("administer", "tenant"), ("delegate", "service"), ("all", "any attrs(*)")):
    p = lwd.ctl("grant", "create", "permit partner beta.example group support may %s %s;" % (verbs, what))
    tap.ok(p.returncode == 1 and "a partner may read, search" in p.stderr, "a partner may not be given %s" % verbs, p.stderr)
lwd.must("grant", "create", GRANT, "--name", "beta")
same_as_before("acme's half and a grant")
lwd.must(*IN_BETA, "trust", "create", "acme.example")
same_as_before("both halves, but no group is offered")
lwd.must("trust", "delete", "beta.example")
lwd.must(*IN_BETA, "trust", "set", "acme.example", "lwTrustGroup+=support")
same_as_before("beta's half")
tap.eq(lwd.ctl_json(*IN_BETA, "trust", "show", "acme.example").get("lwTrustGroup"), ["cn=support,ou=groups," + BETA], "trust show")
tap.eq([t["name"] for t in lwd.ctl_json(*IN_BETA, "trust", "list")["items"]], ["acme.example"], "trust list")

# ---- both ----
opened = ldap.initialize(lwd.ldap)
opened.simple_bind_s(CAROL, PW)
lwd.must("trust", "create", "beta.example")


def names(*args, who=CAROL):
    p = lwd.client("ldapsearch", "-LLL", "-x", "-H", lwd.ldap, "-D", who, "-y", pw, *args)
    return p.returncode, sorted(x[4:].split(",")[0] for x in p.stdout.splitlines() if x.startswith("dn: "))


tap.eq(names("-b", "ou=people," + ACME, "(uid=*)", "cn"), (0, ["uid=admin", "uid=alice", "uid=bob", "uid=hidden"]), "ldapsearch finds acme's people")
tap.eq(names("-b", "ou=people," + ACME, "(mail=*)", "cn"), (0, []), "but not by what the grant does not say")
p = lwd.client("ldapsearch", "-LLL", "-x", "-H", lwd.ldap, "-D", CAROL, "-y", pw, "-b", ALICE, "-s", "base", "(objectClass=*)", "*", "+")
tap.ok("cn: alice" in p.stdout and not any(x in p.stdout for x in ("mail:", "entryUUID", "krbPrincipalName", "createTimestamp")), "nor does it show more", p.stdout)
tap.eq(names("-b", "ou=groups," + ACME)[0], 32, "the groups are hidden")
tap.eq(names("-b", "", "-s", "sub", "(uid=alice)")[0], 32, "below the root there is nothing")
tap.eq(names("-b", "ou=people," + BETA, "(uid=alice)"), (0, []), "at home there is no alice")
tap.eq(names("-E", "pr=1/noprompt", "-b", "ou=people," + ACME, "(uid=*)", "cn"), (0, ["uid=admin", "uid=alice", "uid=bob", "uid=hidden"]), "in pages")
change = "dn: %s\nchangetype: modify\nreplace: description\ndescription: by carol\n\n" % ALICE
p = lwd.client("ldapmodify", "-x", "-H", lwd.ldap, "-D", CAROL, "-y", pw, stdin=change)
tap.ok(p.returncode == 0 and lwd.ctl_json("user", "show", "alice")["description"] == ["by carol"], "ldapmodify", p.stderr)
tap.eq(lwd.ctl_json("user", "show", "alice")["modifiersName"], CAROL, "it says who changed it")
for dn, attr, why in ((ALICE, "mail", "what the grant does not say"), (ALICE, "userPassword", "a password"), ("uid=admin,ou=people," + ACME, "description", "an administrator"),
                      ("cn=staff,ou=groups," + ACME, "description", "what is hidden"), ("cn=beta.example,ou=trusts," + ACME, "description", "the trust")):
    p = lwd.client("ldapmodify", "-x", "-H", lwd.ldap, "-D", CAROL, "-y", pw, stdin="dn: %s\nchangetype: modify\nreplace: %s\n%s: x\n\n" % (dn, attr, attr))
    tap.eq(p.returncode, 32 if "ou=people" not in dn else 50, "not %s" % why)
entry = "dn: uid=eve,ou=people,%s\nobjectClass: inetOrgPerson\ncn: eve\nsn: eve\n\n" % ACME
tap.eq(lwd.client("ldapadd", "-x", "-H", lwd.ldap, "-D", CAROL, "-y", pw, stdin=entry).returncode, 0, "ldapadd")
tap.eq(lwd.client("ldapdelete", "-x", "-H", lwd.ldap, "-D", CAROL, "-y", pw, "uid=eve,ou=people," + ACME).returncode, 0, "ldapdelete")
p = lwd.client("ldappasswd", "-x", "-H", lwd.ldap, "-D", CAROL, "-y", pw, "-s", "a-new-password", ALICE)
tap.ok(p.returncode and "No such object (32)" in p.stdout + p.stderr, "ldappasswd finds nobody there", p.stderr)
tap.ok(everything(DAVE) == before[DAVE], "who is not in the group gets the answers of before")
tap.ok(everything(GAMMAS) == before[GAMMAS], "and so does the group of the same name in a third tenant")
tap.ok(api(dave) == web_before and api(gamma) == web_before, "over the API, too")

# the API, by curl and by lwctl
tap.eq([u["name"] for u in json.loads(curl(carol, "GET", "acme.example/users")[1])["items"]], ["admin", "alice", "bob", "hidden"], "GET users")
tap.eq(curl(carol, "PATCH", "acme.example/users/bob", {"description": "by curl"})[0], 200, "PATCH")
tap.eq([curl(carol, "GET", "acme.example/users/absent")[0], curl(carol, "GET", "acme.example/groups/staff")[0]], [404, 404], "hidden is not there")
for method, path, body in (("GET", "/whoami", None), ("PUT", "/users/bob/password", {"password": PW}), ("POST", "/users", {"name": "x", "password": PW}),
                           ("POST", "/tokens", {"type": "jwt", "audience": "urn:x"}), ("POST", "/keytabs", {"name": "HTTP/x"}), ("GET", "/keys", None),
                           ("GET", "/explain?who=bob&verb=read&what=bob", None), ("POST", "/users/bob/unlock", None)):
    tap.eq(curl(carol, method, "acme.example" + path, body)[0], 403, "not %s %s" % (method, path.split("?")[0]))
STATE = dict(lwd.env, XDG_STATE_HOME=os.path.join(lwd.dir, "state"), LWD_DATA="", LWD_SERVER="", LWD_TENANT="", LWD_CACERT=CA)


def remote(*args):
    return run([LWCTL, "--server", URL] + list(args), env=STATE)


tap.eq(remote("login", "--user", "carol@beta.example", "--password-file", pw).returncode, 0, "lwctl login, at home")
tap.eq(remote("-t", "acme.example", "-o", "name", "user", "list").stdout.split(), ["admin", "alice", "bob", "hidden"], "lwctl -t acme.example user list")
tap.eq(remote("-t", "acme.example", "user", "set", "bob", "description=by lwctl").returncode, 0, "user set")
tap.eq(remote("-t", "acme.example", "user", "set", "bob", "mail=x@acme.example").returncode, 77, "not more than the grant says")
tap.eq(remote("-t", "acme.example", "grant", "create", GRANT).returncode, 4, "no grant")
tap.eq(remote("-t", "gamma.example", "user", "list").returncode, 77, "and no third tenant")

# explain
p = lwd.ctl("explain", "partner:beta.example:support", "write", "user:alice", "description")
tap.ok(p.returncode == 0 and "cn=beta,ou=grants" in p.stdout, "explain", p.stdout + p.stderr)
tap.eq(lwd.ctl("explain", "partner:beta.example:support", "write", "user:alice", "mail").returncode, 1, "explain no")
tap.eq(lwd.ctl("explain", "partner:beta.example:nobody", "write", "user:alice", "description").returncode, 1, "explain of a group that is not there says the same")
p = lwd.ctl("explain", "partner:gamma.example:support", "read", "user:alice", "cn")
tap.ok(p.returncode == 1 and "no trust" in p.stdout, "explain of who is not trusted", p.stdout)

# ---- it ends at once, on the connection that is open ----


def sees():
    try:
        return len(opened.search_s("ou=people," + ACME, ldap.SCOPE_SUBTREE, "(uid=*)", ["cn"]))
    except ldap.NO_SUCH_OBJECT:
        return 0


for name, end, again in (
        ("acme takes its half back", ("trust", "delete", "beta.example"), ("trust", "create", "beta.example")),
        ("beta takes its half back", IN_BETA + ("trust", "delete", "acme.example"), IN_BETA + ("trust", "create", "acme.example", "--group", "support")),
        ("beta offers the group no more", IN_BETA + ("trust", "set", "acme.example", "lwTrustGroup-=support"), IN_BETA + ("trust", "set", "acme.example", "lwTrustGroup=support")),
        ("she leaves the group", IN_BETA + ("group", "remove", "support", "carol"), IN_BETA + ("group", "add", "support", "carol")),
        ("the grant goes", ("grant", "delete", "beta"), ("grant", "create", GRANT, "--name", "beta"))):
    tap.eq(sees(), 4, "open")
    lwd.must(*end)
    tap.eq(sees(), 0, "%s: the next search finds nothing" % name)
    tap.eq(curl(carol, "GET", "acme.example/users")[0], 403, "%s: nor does the API" % name)
    same_as_before(name)
    lwd.must(*again)
# not acme itself: the system tenant can't be disabled
GRANT_GAMMA = GRANT.replace("beta.example", "acme.example").replace("support", "staff")
lwd.user("erin", PW)
lwd.must("group", "add", "staff", "erin")
lwd.must("trust", "set", "beta.example", "lwTrustGroup=staff")
lwd.must(*IN_BETA, "grant", "create", GRANT_GAMMA)
erin = login("erin", "acme.example")
tap.eq(curl(erin, "GET", "beta.example/users/carol")[0], 200, "the other way round")
lwd.must("tenant", "disable", "beta.example")
tap.eq(curl(erin, "GET", "beta.example/users/carol")[0], 403, "a disabled tenant lets nobody in")
try:
    began, over = time.time(), False
    over = bool(wait_for(lambda: sees() is None, 0.1, 0.1))
except ldap.LDAPError as e:
    over = not isinstance(e, ldap.NO_SUCH_OBJECT)
tap.ok(over and time.time() - began < 1 * SLOW, "and its people are out")
lwd.must("tenant", "enable", "beta.example")
tap.eq(curl(erin, "GET", "beta.example/users/carol")[0], 200, "enabled again")

# ---- a partner that is made again is another one ----
lwd.must("tenant", "delete", "beta.example")
tap.eq(curl(erin, "GET", "beta.example/users/carol")[0], 403, "a deleted tenant lets nobody in")
tap.ok(wait_for(lambda: lwd.ctl("tenant", "create", "beta.example", "--admin-password-file", lwd.admin_file).returncode == 0, 30 * SLOW, 0.2), "made again")
lwd.user("carol", PW, "beta.example")
lwd.must(*IN_BETA, "group", "create", "support")
lwd.must(*IN_BETA, "group", "add", "support", "carol")
lwd.must(*IN_BETA, "trust", "create", "acme.example", "--group", "support")
lwd.must(*IN_BETA, "grant", "create", GRANT_GAMMA)
same_as_before("beta's carol, made again like everything of beta", token=login("carol", "beta.example"))
tap.eq(curl(erin, "GET", "beta.example/users/carol")[0], 403, "nor is the old trust good for acme's people")
lwd.must("trust", "delete", "beta.example")
lwd.must("trust", "create", "beta.example", "--group", "staff")
tap.eq(names("-b", "ou=people," + ACME, "(uid=*)")[0], 32, "a new trust does not revive the grants for the old tenant")
tap.eq(curl(erin, "GET", "beta.example/users/carol")[0], 200, "what was made after it is good")
lwd.close(tap)
tap.done()
