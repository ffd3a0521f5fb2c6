#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The admin API: people log in by password and by ticket, and do with curl, with urllib and with lwctl --server what lwctl --data does; what is
malformed, forged or another tenant's is refused, the same whether it is there or not."""
import concurrent.futures
import json
import os
import re
import ssl
import sys
import urllib.error
import urllib.parse
import urllib.request

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from lwdtest import ADMIN_PASSWORD, LWCTL, SLOW, Lwd, Tap, run, wait_for  # noqa: E402
from krbtest import Person, converse  # noqa: E402

tap = Tap()
lwd = Lwd().init().start()
CA = os.path.join(lwd.data, "ca.pem")
URL = "https://localhost:%d" % lwd.port("https")
TENANTS, ACME, BETA = "/api/v1/tenants", "/api/v1/tenants/acme.example", "/api/v1/tenants/beta.example"
TLS = ssl.create_default_context(cafile=CA)
PW = "Wonder-Land-42"
lwd.must("tenant", "create", "beta.example", "--admin-password-file", lwd.admin_file)
lwd.user("alice", PW)


def ask(method, path, token=None, body=None, raw=None, more=None):
    """(status, the answer's JSON or text, fields) by urllib"""
    data = raw if raw is not None else json.dumps(body).encode() if body is not None else None
    fields = {"Content-Type": "application/json"} if data is not None else {}
    if token:
        fields["Authorization"] = "Bearer " + token
    fields.update(more or {})
    q = urllib.request.Request(URL + path, data=data, method=method, headers=fields)
    try:
        r = urllib.request.urlopen(q, context=TLS, timeout=30 * SLOW)
    except urllib.error.HTTPError as e:
        r = e
    text = r.read().decode()
    return r.status, json.loads(text) if "json" in (r.headers["Content-Type"] or "") else text, r.headers


def login(user, password, tenant=ACME):
    q = urllib.request.Request(URL + tenant + "/login", method="POST")
    import base64
    q.add_header("Authorization", "Basic " + base64.b64encode(("%s:%s" % (user, password)).encode()).decode())
    return json.loads(urllib.request.urlopen(q, context=TLS, timeout=30 * SLOW).read())["token"]


def code(answer):
    """(status, stable word) of a problem document"""
    status, doc, fields = answer
    ok = isinstance(doc, dict) and doc.get("status") == status and fields["Content-Type"] == "application/problem+json" and "title" in doc
    return (status, doc["code"]) if ok else (status, doc)


admin, beta, alice = login("admin", ADMIN_PASSWORD), login("admin", ADMIN_PASSWORD, BETA), login("alice", PW)

# ---- who am I ----
status, doc, _ = ask("GET", ACME + "/whoami", alice)
tap.eq((status, doc.get("name"), doc.get("principal"), doc.get("tenant"), doc.get("methods")),
       (200, "alice", "alice@ACME.EXAMPLE", "acme.example", ["password"]), "whoami")
tap.ok(re.fullmatch(r"[0-9a-f-]{36}", doc.get("id", "")) and re.fullmatch(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", doc.get("expires", "")),
       "with an id and RFC 3339 times", doc)

# ---- every kind of object: create, show, list, set, delete ----
made = {
    "users": ({"name": "bob", "givenName": "Bob", "surname": "Builder", "mail": "bob@acme.example", "posix": True, "uidNumber": 4711, "password": PW}, "title"),
    "groups": ({"name": "staff", "description": "all of them"}, "businessCategory"),
    "services": ({"name": "HTTP/web1.acme.example"}, "description"),
    "hosts": ({"name": "web1.acme.example", "password": PW}, "description"),
    "grants": ({"name": "by-api", "text": "permit user alice may read person attrs(*);"}, "description"),
    "policies": ({"name": "weak", "description": "d"}, "description"),
}
for kind, (body, attr) in made.items():
    name = urllib.parse.quote(body["name"], safe="")
    status, doc, fields = ask("POST", ACME + "/" + kind, admin, body)
    tap.ok(status == 201 and doc["name"] == body["name"] and "id" in doc, "%s: create" % kind, (status, doc))
    where = ACME + "/" + kind + "/" + name
    tap.eq(fields["Location"], where, "%s: Location" % kind)
    status, shown, _ = ask("GET", where, admin)
    tap.eq((status, shown), (200, doc), "%s: what was made is shown" % kind)
    tap.eq(code(ask("POST", ACME + "/" + kind, admin, body)), (409, "exists"), "%s: not twice" % kind)
    status, doc, _ = ask("GET", ACME + "/" + kind, admin)
    tap.ok(status == 200 and [x for x in doc["items"] if x["name"] == body["name"] and x["id"] == shown["id"]], "%s: it is in the list" % kind, doc)
    status, doc, _ = ask("PATCH", where, admin, {attr: ["one", "two"]})
    tap.eq((status, sorted(doc.get(attr, []))), (200, ["one", "two"]), "%s: an attribute gets values" % kind)
    status, doc, _ = ask("PATCH", where, admin, {"changes": [attr + "+=three", attr + "-=one"]})
    tap.eq((status, sorted(doc.get(attr, []))), (200, ["three", "two"]), "%s: changes" % kind)
    status, doc, _ = ask("PATCH", where, admin, {attr: "only"})
    tap.eq((status, doc.get(attr)), (200, ["only"]), "%s: one value" % kind)
    status, doc, _ = ask("PATCH", where, admin, {attr: None})
    tap.eq((status, doc.get(attr)), (200, None), "%s: null takes it away" % kind)
    if kind in ("users", "services", "hosts"):
        tap.eq(ask("PUT", where + "/password", admin, {"password": "Another-Pass-9"})[0], 204, "%s: password" % kind)
        tap.eq(code(ask("PUT", where + "/password", admin, {"password": "x"})), (403, "refused"), "%s: not a weak one" % kind)
        tap.eq(ask("POST", where + "/disable", admin)[0], 204, "%s: disable" % kind)
        tap.eq(ask("GET", where, admin)[1].get("disabled"), True, "%s: is disabled" % kind)
        tap.eq(ask("POST", where + "/enable", admin)[0], 204, "%s: enable" % kind)
        tap.eq(ask("POST", where + "/unlock", admin)[0], 204, "%s: unlock" % kind)
shown = ask("GET", ACME + "/users/bob", admin)[1]
tap.eq((shown["uidNumber"], shown["homeDirectory"], shown["cn"]), ("4711", "/home/bob", ["Bob Builder"]), "what the body said is there")
tap.eq(ask("POST", ACME + "/groups/staff/members", admin, {"members": ["bob", "user:alice"]})[0], 204, "members are added")
tap.eq(ask("GET", ACME + "/groups/staff", admin)[1]["member"],
       ["uid=bob,ou=people,dc=acme,dc=example", "uid=alice,ou=people,dc=acme,dc=example"], "and are there")
tap.eq(ask("DELETE", ACME + "/groups/staff/members/bob", admin)[0], 204, "one is removed")
tap.eq(ask("POST", ACME + "/groups/staff/members/remove", admin, {"members": ["alice"]})[0], 204, "several are")
tap.eq(ask("GET", ACME + "/groups/staff", admin)[1].get("member", []), [], "none is left")
for kind, (body, _) in made.items():
    where = ACME + "/" + kind + "/" + urllib.parse.quote(body["name"], safe="")
    tap.eq(ask("DELETE", where, admin)[0::2][0], 204, "%s: delete" % kind)
    tap.eq(code(ask("GET", where, admin)), (404, "not-found"), "%s: is gone" % kind)

# ---- lists in pages ----
for i in range(25):
    lwd.must("group", "create", "page%02d" % i)
seen, pages, after = [], 0, ""
while after is not None:
    status, doc, _ = ask("GET", ACME + "/groups?limit=12" + (after and "&after=" + after), admin)
    seen += [x["name"] for x in doc["items"]]
    after, pages = doc.get("next"), pages + 1
    if pages == 1:
        place = after
        lwd.must("group", "delete", "page01")
        lwd.must("group", "create", "late")
tap.ok(pages == 3 and len(seen) == len(set(seen)) and {"page%02d" % i for i in range(25)} < set(seen) and "late" in seen,
       "three pages, nobody twice or left out", (pages, seen))
tap.eq(code(ask("GET", ACME + "/users?after=" + place, admin)), (400, "usage"), "a place in another list")
tap.eq(code(ask("GET", ACME + "/groups?after=" + place, alice)), (400, "usage"), "somebody else's place")
tap.eq(code(ask("GET", BETA + "/groups?after=" + place, beta)), (400, "usage"), "another tenant's place")
for bad in ("limit=0", "limit=1001", "limit=-1", "limit=x", "limit=", "size=3", "limit=1&limit=1", "after=%00"):
    tap.eq(ask("GET", ACME + "/groups?" + bad, admin)[0], 400, "refused: ?" + bad)

# ---- the installation ----
status, doc, _ = ask("GET", TENANTS, admin)
tap.eq((status, [x["name"] for x in doc["items"]]), (200, ["acme.example", "beta.example"]), "the installation's administrator lists tenants")
tap.eq(ask("POST", TENANTS, admin, {"name": "gamma.example", "admin": "root", "password": ADMIN_PASSWORD})[0], 201, "makes one")
gamma = login("root", ADMIN_PASSWORD, TENANTS + "/gamma.example")
tap.eq(ask("POST", TENANTS + "/gamma.example/disable", admin)[0], 204, "shuts it")
tap.ok(wait_for(lambda: ask("GET", TENANTS + "/gamma.example/whoami", gamma)[0] in (401, 403), 1), "whose people are out within a second")
tap.eq(ask("POST", TENANTS + "/gamma.example/enable", admin)[0], 204, "and opens it")
tap.eq(ask("GET", TENANTS + "/gamma.example", admin)[1]["enabled"], True, "it is open")
tap.eq(code(ask("GET", TENANTS + "/gamma.example/users", admin)), (403, "refused"), "but sees nothing in it")
for who, token in (("a tenant's administrator", beta), ("a user", alice)):
    tap.eq([code(ask("GET", TENANTS, token)), code(ask("GET", TENANTS + "/beta.example", token)), code(ask("GET", TENANTS + "/nowhere.example", token)),
            code(ask("POST", TENANTS, token, {"name": "delta.example", "password": PW}))], [(403, "refused")] * 4, "%s does none of that" % who)
status, doc, _ = ask("GET", ACME + "/keys", admin)
tap.eq((status, [(k["name"], k["kvno"], k["current"]) for k in doc["items"] if k["name"] == "kerberos"]), (200, [("kerberos", 1, True)]), "keys")
status, doc, _ = ask("POST", ACME + "/keys/kerberos/rotate", admin)
tap.eq((status, [k["kvno"] for k in doc["items"] if k["name"] == "kerberos"]), (200, [2, 1]), "rotated")
status, doc, _ = ask("GET", ACME + "/explain?who=alice&verb=write&what=alice&attr=description", admin)
tap.ok(status == 200 and doc["permit"] is True and "self-write" in doc["why"], "explain", doc)
tap.eq(ask("GET", ACME + "/explain?who=alice&verb=write&what=alice&attr=mail", admin)[1]["permit"], False, "explain: no")
tap.eq(code(ask("GET", ACME + "/explain?who=alice&verb=write&what=alice", alice)), (403, "refused"), "explain is for administrators")

# ---- certificates ----
key, csr = os.path.join(lwd.dir, "key.pem"), os.path.join(lwd.dir, "csr.pem")
run(["openssl", "req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=x", "-keyout", key, "-out", csr])
status, doc, fields = ask("POST", ACME + "/certificates", alice, {"csr": open(csr).read()})
tap.ok(status == 201 and doc["pem"].startswith("-----BEGIN CERTIFICATE-----") and fields["Location"] == ACME + "/certificates/" + doc["name"],
       "alice gets a certificate", (status, doc))
serial = doc.get("name", "")
status, doc, _ = ask("GET", ACME + "/certificates/" + serial, alice)
tap.ok(status == 200 and doc["state"] == "issued", "which is shown", (status, doc))
tap.ok(serial in [x["name"] for x in ask("GET", ACME + "/certificates", admin)[1]["items"]], "and in the list")
tap.eq(ask("POST", ACME + "/certificates/" + serial + "/revoke", admin, {"reason": "superseded"})[0], 204, "it is revoked")
tap.eq(code(ask("POST", ACME + "/certificates/" + serial + "/revoke", admin)), (409, "exists"), "once")
tap.eq(ask("GET", ACME + "/certificates/" + serial, alice)[1].get("reason"), "superseded", "with its reason")
tap.eq(code(ask("POST", ACME + "/certificates", alice, {"csr": "AAAA"})), (400, "usage"), "no certificate request")
tap.ok("BEGIN X509 CRL" in ask("GET", ACME + "/ca/crl", alice)[1]["pem"], "the list of what is revoked")

# ---- tokens ----
status, doc, _ = ask("POST", ACME + "/tokens", admin, {"type": "jwt", "audience": "urn:api", "life": "10m"})
tap.ok(status == 200 and doc["token"].count(".") == 2, "the administrator gets a JWT", (status, doc))
tap.eq(code(ask("POST", ACME + "/tokens", alice, {"type": "jwt", "audience": "urn:api"})), (403, "refused"), "alice has no grant for that")
tap.eq(code(ask("POST", ACME + "/tokens", admin, {"type": "paper", "audience": "urn:api"})), (400, "usage"), "no such type")

# ---- what a user may ----
tap.eq(ask("PATCH", ACME + "/users/alice", alice, {"description": "me"})[0], 200, "alice describes herself")
tap.eq(code(ask("PATCH", ACME + "/users/admin", alice, {"description": "me"})), (403, "refused"), "and nobody else")
lwd.must("host", "create", "hidden.acme.example")
hidden, absent = ACME + "/hosts/hidden.acme.example", ACME + "/hosts/absent.acme.example"
for method, path, body in (("GET", "", None), ("PATCH", "", {"description": "x"}), ("DELETE", "", None), ("POST", "/disable", None), ("POST", "/unlock", None),
                           ("PUT", "/password", {"password": PW})):
    a, b = ask(method, hidden + path, alice, body), ask(method, absent + path, alice, body)
    tap.ok(a[:2] == b[:2] and a[0] in (403, 404), "%s host%s: hidden and absent get one answer" % (method, path), (a[:2], b[:2]))
lwd.must("group", "create", "open")
lwd.must("grant", "create", "permit user alice may read,write group attrs(*);")
for path, body in (("/groups/open/members", '{"members":["host:%s"]}'), ("/groups/open/members/remove", '{"members":["host:%s"]}'), ("/keytabs", '{"name":"%s"}'),
                   ("/keytabs", '{"name":"host/%s"}'), ("/certificates", '{"subject":"host:%s","profile":"tls-client","csr":"AAAA"}'),
                   ("/tokens", '{"type":"jwt","audience":"urn:x","subject":"host:%s"}')):
    a, b = (ask("POST", ACME + path, alice, raw=(body % name).encode()) for name in ("hidden.acme.example", "absent.acme.example"))
    b = (b[0], json.loads(json.dumps(b[1]).replace("absent", "hidden")))
    tap.ok(a[:2] == b and a[0] >= 400, "%s: hidden and absent get one answer" % path, (a[:2], b))
for path in ("/users", "/users/admin", "/whoami", "/groups/administrators"):
    a, b = ask("GET", BETA + path, admin), ask("GET", TENANTS + "/nowhere.example" + path, admin)
    tap.ok(a[:2] == b[:2] and code(a) == (403, "refused"), "another tenant%s: there or not, one answer" % path, (a[:2], b[:2]))

# ---- what is no request ----
forged = alice[:60] + ("A" if alice[60] != "A" else "B") + alice[61:]
for name, token in (("no token", None), ("a forged token", forged), ("a cut token", alice[:-4]), ("noise", "AAAA"), ("another alphabet", alice[:20] + "+/" + alice[22:])):
    tap.eq(code(ask("GET", ACME + "/whoami", token)), (401, "refused"), "401: " + name)
tap.eq(ask("GET", ACME + "/whoami", more={"Authorization": "Basic YWRtaW46eA=="})[0], 401, "401: a password is for login alone")
U = ACME + "/users"
for name, raw in (("no JSON", b"{"), ("a list", b"[]"), ("a string", b'"x"'), ("nothing", b""), ("two objects", b"{}{}"), ("repeated names", b'{"name":"x","name":"y"}'),
                  ("repeated deep", b'{"name":"x","mail":{"a":1,"a":2}}'), ("too deep", b'{"name":' + b"[" * 100 + b"]" * 100 + b"}"), ("not UTF-8", b'{"name":"\xff"}'),
                  ("a zero octet", b'{"name":"a\\u0000b"}'), ("an unknown member", b'{"name":"x","colour":"red"}'), ("another type", b'{"name":7}'),
                  ("a list for a string", b'{"name":["x"]}'), ("an object for a string", b'{"name":{}}'), ("null for a string", b'{"name":null}'),
                  ("a string for a boolean", b'{"name":"x","posix":"true"}'), ("no name", b"{}"), ("an empty name", b'{"name":""}')):
    tap.eq(code(ask("POST", U, admin, raw=raw)), (400, "usage"), "400: " + name)
tap.eq(ask("POST", U, admin, raw=b'{"name":"x"}', more={"Content-Type": "text/plain"})[0], 400, "400: another type of content")
for name, body in (("a value's syntax", {"lwDisabled": "perhaps"}), ("an unknown attribute", {"colour": "red"}), ("a name that is none", {"cn=x": "y"}),
                   ("an empty value", {"description": ""}), ("a nested value", {"description": [["x"]]}), ("an attribute that lwd keeps", {"entryUUID": "x"})):
    tap.eq(ask("PATCH", ACME + "/users/alice", admin, body)[0], 400, "400: " + name)
tap.eq(code(ask("PATCH", ACME + "/users/alice", admin, {})), (400, "usage"), "400: no change")
tap.eq(code(ask("PATCH", ACME + "/users/alice", admin, {"userPassword": PW})), (403, "refused"), "a password is no attribute")
huge = b'{"name":"' + b"x" * (3 << 20) + b'"}'
try:
    status = ask("POST", U, admin, raw=huge)[0]
except (OSError, urllib.error.URLError):
    status = 413  # cut while it was still sending
tap.eq(status, 413, "413: a huge body")
tap.eq(ask("PUT", U, admin, {})[0], 405, "405: no such method here")
tap.eq(ask("GET", ACME + "/cellar", admin)[0], 404, "404: no such kind")
tap.eq(ask("POST", ACME + "/users/alice/enable", admin, {"really": True})[0], 413, "no body where none belongs")
tap.eq(ask("GET", ACME + "/whoami", admin)[0], 200, "and it goes on")

# ---- many at once ----
with concurrent.futures.ThreadPoolExecutor(8) as pool:
    got = list(pool.map(lambda i: ask("POST", ACME + "/groups", admin, {"name": "at-once-%d" % (i // 2)})[0], range(24)))
tap.eq(sorted(got), [201] * 12 + [409] * 12, "of two who make the same one gets it")

# ---- lwctl --server says what lwctl --data says ----
STATE = os.path.join(lwd.dir, "state")
ENV = dict(lwd.env, XDG_STATE_HOME=STATE, LWD_DATA="", LWD_SERVER="", LWD_TENANT="", LWD_CACERT="")


def remote(*args, stdin=None, env=None):
    return run([LWCTL] + [str(a) for a in args], stdin=stdin, env=dict(ENV, **(env or {})))


finger = run(["openssl", "x509", "-in", CA, "-noout", "-fingerprint", "-sha256"]).stdout.split("=")[1].strip()
pw = lwd.password_file(PW)
LOGIN = ("login", "--server", URL, "--user", "admin", "--password-file", lwd.admin_file)
p = remote(*LOGIN)
tap.ok(p.returncode == 78 and "--fingerprint" in p.stderr, "without anything to trust: 78, and what to say", p.stderr)
wrong = finger[:-1] + ("0" if finger[-1] != "0" else "1")
p = remote(*LOGIN, "--fingerprint", wrong)
tap.ok(p.returncode == 77 and not os.path.exists(STATE), "another fingerprint: 77, and nothing is kept", p.stderr)
tap.eq(remote(*LOGIN, "--fingerprint", "12:34").returncode, 2, "no fingerprint")
p = remote(*LOGIN, "--fingerprint", finger.replace(":", "").lower())
tap.eq(p.returncode, 0, "a fingerprint without colons")
p = remote(*LOGIN, "--fingerprint", finger)
tap.ok(p.returncode == 0 and "name: admin" in p.stdout and "tenant: acme.example" in p.stdout, "login by fingerprint and password", p.stdout + p.stderr)
modes = {os.path.relpath(os.path.join(d, f), STATE): oct(os.stat(os.path.join(d, f)).st_mode & 0o777) for d, _, fs in os.walk(STATE) for f in fs}
tap.ok(set(modes.values()) == {"0o600"} and len(modes) == 4, "what is kept is readable to nobody else", modes)
tap.ok(all(os.stat(d).st_mode & 0o077 == 0 for d, _, _ in os.walk(STATE)), "nor are the folders")
p = remote("-o", "json", "whoami")
tap.eq((p.returncode, json.loads(p.stdout or "{}").get("name")), (0, "admin"), "the login is remembered")

VARIES = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}|20\d\d-\d\d-\d\dT[0-9:.]+Z|\"(creators|modifiers)Name\": \"[^\"]*\",?|"
                    r"(creators|modifiers)Name: .*|[0-9a-f]{32}|eyJ[\w.-]+|-----BEGIN CERTIFICATE-----[^ ]*-----END CERTIFICATE-----|grant-[0-9a-f]{12}|in_data|in_server|\n\s*(?=\n)")
steps = [
    ("user", "create", "{}", "--given-name", "Carol", "--surname", "C", "--mail", "{}@acme.example", "--posix", "--uid-number", "5000", "--password-file", pw),
    ("user", "create", "{}"), ("user", "show", "{}"), ("user", "set", "{}", "title=a=b", "description+=x", "description+=y"), ("user", "set", "{}", "description-=x"),
    ("user", "set", "{}", "colour=red"), ("user", "set", "{}", "nonsense"), ("user", "set", "nobody", "title=x"), ("user", "set", "{}", "title="),
    ("user", "passwd", "{}", "--password-file", lwd.admin_file), ("user", "disable", "{}"), ("user", "show", "{}"), ("user", "enable", "{}"), ("user", "unlock", "{}"),
    ("user", "list"), ("user", "show", "nobody"),
    ("group", "create", "{}", "--description", "some people"), ("group", "add", "{}", "alice", "user:admin"), ("group", "add", "{}", "alice"), ("group", "show", "{}"),
    ("group", "remove", "{}", "alice", "user:admin"), ("group", "remove", "{}", "alice"), ("group", "list"), ("group", "delete", "{}"), ("group", "delete", "{}"),
    ("service", "create", "HTTP/{}", "--password-file", pw), ("service", "set", "HTTP/{}", "description=d"), ("service", "passwd", "HTTP/{}", "--password-file", pw),
    ("service", "disable", "HTTP/{}"), ("service", "enable", "HTTP/{}"), ("service", "unlock", "HTTP/{}"), ("service", "show", "HTTP/{}"), ("service", "list"),
    ("service", "delete", "HTTP/{}"),
    ("host", "create", "{}.acme.example"), ("host", "set", "{}.acme.example", "description=d"), ("host", "passwd", "{}.acme.example", "--password-file", pw),
    ("host", "disable", "{}.acme.example"), ("host", "enable", "{}.acme.example"), ("host", "unlock", "{}.acme.example"), ("host", "show", "{}.acme.example"),
    ("host", "list"), ("host", "delete", "{}.acme.example"),
    ("grant", "create", "permit user alice may read host attrs(*);", "--name", "{}"), ("grant", "show", "{}"), ("grant", "list"), ("grant", "delete", "{}"),
    ("grant", "create", "permit nonsense;", "--name", "{}"), ("grant", "create", "permit user alice may read host attrs(*);"),
    ("rp", "create", "{}", "--entity-id", "urn:x:{}", "--acs-url", "https://{}.example/acs"), ("rp", "show", "{}"), ("rp", "list"), ("rp", "set", "{}", "description=d"),
    ("rp", "delete", "{}"), ("rp", "show", "{}"), ("token", "issue", "--type", "jwt", "--audience", "urn:x", "--subject", "alice"),
    ("token", "issue", "--type", "jwt", "--audience", "urn:x", "--subject", "nobody"), ("token", "issue", "--type", "jwt", "--audience", "urn:x", "--life", "x"),
    ("policy", "list"), ("policy", "show", "default"), ("policy", "set", "default", "description={}"), ("policy", "show", "absent"),
    ("explain", "alice", "read", "user:admin", "cn"), ("explain", "alice", "write", "user:admin", "cn"), ("explain", "alice", "eat", "admin"),
    ("explain", "alice", "read", "nobody"), ("key", "list"), ("ca", "show"), ("ca", "show", "--root"), ("ca", "crl", "--root"),
    ("cert", "issue", "--csr", csr, "--subject", "user:alice"), ("cert", "issue", "--csr", csr, "--subject", "user:alice", "--profile", "absent"), ("cert", "list"), ("cert", "show", serial), ("cert", "show", "00"),
    ("cert", "revoke", serial), ("cert", "revoke", "00", "--reason", "superseded"),
    ("tenant", "list"), ("tenant", "show", "beta.example"), ("tenant", "show", "nowhere.example"), ("tenant", "disable", "beta.example"),
    ("tenant", "enable", "beta.example"), ("tenant", "disable", "acme.example"),
    ("user", "delete", "{}"), ("user", "delete", "{}"), ("user", "frobnicate"), ("user", "show"), ("tenant", "create", "{}"),
]
for fmt in ("json", "table", "name"):
    differ = []
    if fmt != "json":  # what was done is done
        steps = [s for s in steps if s[1] in ("list", "show", "crl", "frobnicate") or s[0] == "explain"]
    for step in steps:
        both = []
        for how in ("data", "server"):
            name = "in_" + how
            args = ["-o", fmt] + [a.format(name) for a in step]
            p = lwd.ctl(*args) if how == "data" else remote("--server", URL, *args)
            # columns are as wide as what stands in them
            text = re.sub(" +", " ", VARIES.sub("-", "\n".join(sorted(p.stdout.splitlines()) if "list" in step else p.stdout.splitlines())))
            both.append((p.returncode, text, VARIES.sub("-", p.stderr)))
            if "grant" in step and step[-1].startswith("permit user") and p.returncode == 0:  # one that got a name of its own
                lwd.must("grant", "delete", json.loads(lwd.must("-o", "json", "grant", "list"))["items"][-1]["name"])
        if both[0] != both[1]:
            differ.append((step, both))
    tap.ok(not differ, "%d commands over --data and over --server: the same statuses, output and errors (%s)" % (len(steps), fmt),
           "\n".join(("%s\n  data:   %s\n  server: %s" % (s, b[0], b[1])) for s, b in differ[:3]))
many = {"m%04d" % i for i in range(1200)}
lines = "".join("dn: uid=%s,ou=people,dc=acme,dc=example\nobjectClass: inetOrgPerson\ncn: x\nsn: x\n\n" % m for m in sorted(many))
p = lwd.client("ldapadd", "-x", "-H", lwd.ldap, "-D", "uid=admin,ou=people,dc=acme,dc=example", "-y", lwd.admin_file, stdin=lines)
tap.eq(p.returncode, 0, "1200 people")
tap.ok(many < set(remote("-o", "name", "user", "list").stdout.split()), "lwctl gets all pages of a list")
kt = os.path.join(lwd.dir, "kt")
remote("service", "create", "HTTP/kt.acme.example")
p, q = remote("keytab", "get", "HTTP/kt.acme.example", "--out", kt), lwd.ctl("keytab", "get", "HTTP/kt.acme.example", "--out", kt + "2")
tap.ok(p.returncode == 0 and p.stdout == q.stdout and open(kt, "rb").read() == open(kt + "2", "rb").read(), "a keytab over the API has the same octets", p.stderr)

# which way it goes
tap.eq(remote("--server", URL, "--data", lwd.data, "user", "list").returncode, 2, "--server and --data exclude each other")
tap.eq(remote("--server", URL, "status").returncode, 78, "what the API does not have")
tap.eq(remote("--server", "http://localhost", "user", "list").returncode, 2, "only https")
tap.eq(remote("--server", "https://localhost:1", "user", "list", env={"LWD_CACERT": CA}).returncode, 77, "not logged in there: 77")
tap.eq(remote("-t", "beta.example", "user", "list").returncode, 77, "not logged in to that tenant: 77")
tap.eq(remote("-o", "name", "whoami", env={"LWD_DATA": lwd.data}).stdout, "operator\n", "LWD_DATA alone goes before a login elsewhere")
tap.eq(remote("-o", "name", "whoami", env={"LWD_DATA": lwd.data, "LWD_SERVER": URL}).stdout, "admin\n", "who has logged in at LWD_SERVER is himself")
tap.eq(remote("status", env={"LWD_DATA": lwd.data, "LWD_SERVER": URL}).returncode, 0, "and status is still the server's own")
tap.eq(remote("login", "--server", URL, "--user", "admin@beta.example", "--password-file", lwd.admin_file).returncode, 0, "a login in another tenant")
tap.ok("tenant: beta.example" in remote("whoami").stdout, "is the one that counts")
tap.ok("tenant: acme.example" in remote("-t", "acme.example", "whoami").stdout, "and -t says which")
tap.eq(remote("login", "--user", "admin", "--password-file", pw).returncode, 77, "invalid credentials: 77")
tap.eq(remote("login", "--user", "admin", "--password-file", "/nowhere").returncode, 1, "no password file")
status, said = converse([LWCTL, "login", "--user", "alice@acme.example"], [PW], ENV)
tap.ok(status == 0 and "name: alice" in said and PW not in said, "the password is asked on the terminal, and not shown", said)
tap.eq(converse([LWCTL, "login", "--user", "alice@acme.example"], ["wrong"], ENV)[0], 77, "a wrong one there")
tap.eq(remote("user", "passwd", "alice", "--old-password-file", pw, "--password-file", pw + "2").returncode, 1, "no file for a new password")
new = lwd.password_file("Another-Pass-9")
tap.eq(remote("user", "passwd", "alice", "--old-password-file", new, "--password-file", new).returncode, 77, "another old password than one's own")
tap.eq(remote("user", "passwd", "alice", "--old-password-file", pw, "--password-file", new).returncode, 0, "one's own password by the old one")
tap.eq(remote("user", "list").returncode, 77, "ends the login")
lwd.must("user", "passwd", "alice", "--password-file", pw)
tap.eq(remote("logout").returncode, 0, "logout")
tap.eq(remote("--server", URL, "-t", "acme.example", "whoami").returncode, 77, "is forgotten")
tap.eq(remote("--server", URL, "-t", "beta.example", "whoami").returncode, 0, "the other tenant's login is another")
tap.eq(remote("logout", "--server", URL, "-t", "beta.example").returncode, 0, "until that is forgotten too")
tap.eq(remote("--server", URL, "-t", "beta.example", "whoami").returncode, 77, "it is")

# by ticket
person = Person(lwd)
person.kinit("alice", PW)
p = person.run(LWCTL, "login", "--server", URL, env=ENV)
tap.ok(p.returncode == 0 and "name: alice" in p.stdout and "methods: kerberos" in p.stdout, "login with the Kerberos ticket", p.stdout + p.stderr)
tap.eq(remote("user", "set", "alice", "description=by ticket").returncode, 0, "which is good for work")
tap.eq(remote("user", "delete", "admin").returncode, 77, "not for more than alice may")
stranger = Person(lwd)
p = stranger.run(LWCTL, "login", "--server", URL, env=ENV)
tap.ok(p.returncode == 77 and "kinit" in p.stderr, "without a ticket: 77, and what to do", p.stderr)

# a login that is no longer good
lwd.must("user", "passwd", "alice", "--password-file", "-", stdin="Another-Pass-10")
p = remote("user", "list")
tap.ok(p.returncode == 77 and "log in again" in p.stderr and p.stderr.count("\n") == 1, "after a new password: 77 and one line", p.stderr)
tap.eq(code(ask("GET", ACME + "/whoami", alice)), (401, "refused"), "the token is refused")
p = remote("-o", "json", "user", "list")
tap.eq(json.loads(p.stderr)["error"]["code"], "refused", "in JSON too")

# directory away
lwd.kill_role("directory")
tap.eq(ask("GET", ACME + "/whoami", admin)[0], 200, "a request waits for directory to come back")
with concurrent.futures.ThreadPoolExecutor(4) as pool:
    work = [pool.submit(ask, "POST", ACME + "/groups", admin, {"name": "kill-%02d" % i}) for i in range(40)]
    for i in (10, 25):
        work[i].result()
        old = lwd.kill_role("directory")
        wait_for(lambda: lwd.role_pid("directory") not in (None, old))
got = [w.result()[0] for w in work]
there = {x["name"] for x in ask("GET", ACME + "/groups?limit=1000", admin)[1]["items"]}
tap.ok(set(got) <= {201, 409, 503} and got.count(201) > 30, "groups are made while directory is killed", got)
tap.ok(all("kill-%02d" % i in there for i, s in enumerate(got) if s in (201, 409)), "and each that was acknowledged is there", got)
log = lwd.log_text()
tap.ok(PW not in log and ADMIN_PASSWORD not in log and admin not in log, "no password and no token is in the log")
tap.ok(any(e.get("verb") == "object.create" and e.get("from", "").startswith("127.0.0.1") and e.get("subject", "operator") != "operator"
           for e in lwd.events("control")), "the log says who did what from where")
lwd.close(tap)
tap.done()
