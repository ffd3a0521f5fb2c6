#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Assertions and JWTs of a running lwd, read by others: xmlsec1, xmllint with the OASIS schema, pysaml2, npm's jose."""
import base64
import glob
import hashlib
import json
import logging
import os
import re
import shutil
import stat
import subprocess
import sys
import time
from datetime import datetime

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from lwdtest import BIN, Lwd, Tap, run, wait_for  # noqa: E402

HERE = os.path.dirname(os.path.abspath(__file__))
SAML = "urn:oasis:names:tc:SAML:2.0:assertion"
SP, ACS, API = "https://shop.acme.example/metadata", "https://shop.acme.example/acs", "https://api.acme.example"

tap = Tap()
lwd = Lwd(conf="web.url = https://localhost\n").init()
conf = os.path.join(lwd.data, "lwd.conf")  # where clients really find it
text = open(conf).read().replace("web.url = https://localhost\n", "web.url = https://localhost:%d\n" % lwd.port("https"))
open(conf, "w").write(text)
lwd.start()
URL, CA = "https://localhost:%d" % lwd.port("https"), os.path.join(lwd.data, "ca.pem")
lwd.must("tenant", "create", "beta.example", "--admin-password-file", lwd.admin_file)
lwd.user("alice", "Wonder-Land-42", None, "--mail", "alice@acme.example", "--given-name", "Al<i>ce & \"co\"")
lwd.must("group", "create", "staff")
lwd.must("group", "add", "staff", "alice")
UUID = lwd.ctl_json("user", "show", "alice")["id"]


def out_file(name):
    return os.path.join(lwd.dir, name)


def issue(*args, tenant=None):
    """The token, or lwctl's exit status."""
    p = lwd.ctl(*(["-t", tenant] if tenant else []), "token", "issue", "--subject", "alice", *args)
    return p.stdout if p.returncode == 0 else p.returncode


# ---- refused, and how ----
wait_for(lambda: "jwt" in lwd.ctl("key", "list").stdout, 30)  # they are made at the first start
tap.eq(issue("--type", "saml2", "--audience", SP), 77, "an assertion for a relying party that is not there: exit 77")
p = lwd.ctl("rp", "create", "shop", "--entity-id", SP, "--acs-url", ACS)
tap.eq(p.returncode, 0, "lwctl rp create") or print("# " + p.stderr)
tap.eq(issue("--type", "saml2", "--audience", SP, tenant="beta.example"), 4, "another tenant's relying party and user: exit 4")
tap.eq(issue("--type", "saml2"), 77, "without an audience the operator has no grant: exit 77")
tap.eq(issue("--type", "paper", "--audience", SP), 2, "no such type: exit 2")

# ---- assertions ----
shown = out_file("assertion.xml")
open(shown, "w").close()
os.chmod(shown, 0o644)
p = lwd.ctl("token", "issue", "--type", "saml2", "--audience", SP, "--subject", "alice", "--out", shown)
tap.eq(p.returncode, 0, "lwctl token issue --type saml2 --out")
tap.eq(stat.S_IMODE(os.stat(shown).st_mode), 0o600, "the file is nobody else's, although it was there")


def key_info(xml):
    return base64.b64decode(re.search("<ds:X509Certificate>(.*?)</ds:X509Certificate>", xml).group(1))


def xmlsec(path, cert):
    return run(["xmlsec1", "--verify", "--id-attr:ID", SAML + ":Assertion", "--enabled-reference-uris", "empty,same-doc", "--pubkey-cert-der", cert, path])


def check_assertion(xml, name, method):
    path, cert = out_file("one.xml"), out_file("one.der")
    open(path, "w").write(xml)
    open(cert, "wb").write(key_info(xml))
    p = xmlsec(path, cert)
    tap.ok(p.returncode == 0, "%s: xmlsec1 verifies it" % name, p.stderr)
    tap.ok('SignatureMethod Algorithm="http://www.w3.org/2001/04/xmldsig-more#%s"' % method in xml, "%s: signed with %s" % (name, method), xml)
    p = run(["xmllint", "--nonet", "--exc-c14n", path])
    tap.ok(p.stdout == xml, "%s: xmllint's exclusive canonical form is what it is" % name, p.stdout + p.stderr)
    for part, other in ((SP, "https://evil.example/"), (UUID, UUID[:-1] + ("0" if UUID[-1] != "0" else "1")), ("staff", "admin")):
        open(path, "w").write(xml.replace(part, other))
        if part in xml:
            tap.ok(xmlsec(path, cert).returncode != 0, "%s: changed (%s), xmlsec1 refuses it" % (name, part))


SCHEMAS = glob.glob("/usr/lib/python3/dist-packages/saml2/data/schemas")
xml = open(shown).read()
check_assertion(xml, "rsa2048", "rsa-sha256")
tap.ok('Format="urn:oasis:names:tc:SAML:2.0:nameid-format:persistent">%s<' % UUID in xml, "NameID is the entry's UUID", xml)
tap.ok('Recipient="%s"' % ACS in xml and "<saml2:Audience>%s</saml2:Audience>" % SP in xml, "recipient and audience", xml)
tap.ok(re.search(r'IssueInstant="\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"', xml) is not None, "times with three decimals", xml)


def schema_valid(xml, name):
    if not SCHEMAS:
        tap.skip(name, "python3-pysaml2's copies of the schemas are not there")
        return
    path, catalog = out_file("one.xml"), out_file("catalog.xml")
    open(path, "w").write(xml)
    with open(catalog, "w") as f:  # what the schemas name by their home is beside them
        f.write('<catalog xmlns="urn:oasis:names:tc:entity:xmlns:xml:catalog">')
        for home, local in (("http://www.w3.org/TR/2002/REC-xmldsig-core-20020212/xmldsig-core-schema.xsd", "xmldsig-core-schema.xsd"),
                            ("http://www.w3.org/TR/2002/REC-xmlenc-core-20021210/xenc-schema.xsd", "xenc-schema.xsd"),
                            ("http://www.w3.org/2001/XMLSchema.dtd", "XMLSchema.dtd"), ("http://www.w3.org/2001/xml.xsd", "xml.xsd")):
            f.write('<system systemId="%s" uri="file://%s/%s"/><uri name="%s" uri="file://%s/%s"/>' % ((home, SCHEMAS[0], local) * 2))
        f.write("</catalog>")
    p = run(["xmllint", "--nonet", "--noout", "--schema", os.path.join(SCHEMAS[0], "saml-schema-assertion-2.0.xsd"), path], env={"XML_CATALOG_FILES": catalog})
    tap.ok(p.returncode == 0, name, p.stderr)


schema_valid(xml, "the OASIS schema validates it")
for alg in ("rsa-sha384", "rsa-sha512"):
    one = issue("--type", "saml2", "--audience", SP, "--algorithm", alg)
    check_assertion(one, alg, alg)
tap.eq(issue("--type", "saml2", "--audience", SP, "--algorithm", "ecdsa-sha256"), 78, "an algorithm that the key is not for: exit 78")
before = key_info(xml)
for kind, alg, method in (("rsa3072", [], "rsa-sha256"), ("p256", [], "ecdsa-sha256"), ("p384", ["--algorithm", "ecdsa-sha384"], "ecdsa-sha384")):
    p = lwd.ctl("key", "rotate", "saml", "--algorithm", kind, "--now")
    tap.ok(p.returncode == 0, "lwctl key rotate saml --algorithm %s" % kind, p.stderr)
    one = issue("--type", "saml2", "--audience", SP, *alg)
    if tap.ok(isinstance(one, str), "%s: issued" % kind, one):
        tap.ok(key_info(one) != before, "%s: another certificate" % kind)
        check_assertion(one, kind, method)
        schema_valid(one, "%s: valid by the schema" % kind)


# ---- pysaml2, as a service provider would ----
def pysaml2(xml):
    try:
        from saml2 import BINDING_HTTP_POST
        from saml2.client import Saml2Client
        from saml2.config import SPConfig
    except ImportError:
        return None
    idp = URL + "/websso/SAML2/Metadata/acme.example"
    metadata = out_file("idp.xml")
    with open(metadata, "w") as f:
        f.write('<md:EntityDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata" xmlns:ds="http://www.w3.org/2000/09/xmldsig#" entityID="%s">'
                '<md:IDPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol"><md:KeyDescriptor use="signing"><ds:KeyInfo><ds:X509Data>'
                '<ds:X509Certificate>%s</ds:X509Certificate></ds:X509Data></ds:KeyInfo></md:KeyDescriptor><md:SingleSignOnService '
                'Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect" Location="%s/sso"/></md:IDPSSODescriptor></md:EntityDescriptor>'
                % (idp, base64.b64encode(key_info(xml)).decode(), URL))
    sp = SPConfig()
    sp.load({"entityid": SP, "xmlsec_binary": shutil.which("xmlsec1"), "metadata": {"local": [metadata]}, "allow_unknown_attributes": True,
             "service": {"sp": {"endpoints": {"assertion_consumer_service": [(ACS, BINDING_HTTP_POST)]}, "allow_unsolicited": True, "want_response_signed": False,
                                "want_assertions_signed": True, "authn_requests_signed": False}}})
    now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    response = ('<samlp:Response xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" ID="_r1" Version="2.0" IssueInstant="%s" Destination="%s">'
                '<saml:Issuer xmlns:saml="%s">%s</saml:Issuer><samlp:Status><samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:Success"/></samlp:Status>%s'
                '</samlp:Response>' % (now, ACS, SAML, idp, xml))
    logging.disable(logging.CRITICAL)
    try:
        r = Saml2Client(config=sp).parse_authn_request_response(base64.b64encode(response.encode()).decode(), BINDING_HTTP_POST, {})
        return r.get_subject().text, r.ava
    except Exception as e:  # noqa: BLE001: whatever it says is a refusal
        return repr(e)


# it wants NotBefore to be over by its clock of whole seconds
over = datetime.fromisoformat(re.search(r'NotBefore="([^."]+)', one if isinstance(one, str) else one.decode()).group(1) + "+00:00").timestamp() + 1
wait_for(lambda: time.time() > over)
got = pysaml2(one)
if got is None:
    tap.skip("pysaml2", "python3-pysaml2 is not there")
else:
    tap.ok(isinstance(got, tuple) and got[0] == UUID, "pysaml2 accepts it for this relying party", got)
    tap.ok(isinstance(got, tuple) and "staff" in sum(got[1].values(), []), "and reads the attributes", got)
    bad = pysaml2(one.replace("staff", "admin"))
    tap.ok(not isinstance(bad, tuple), "pysaml2 refuses it changed", bad)

# ---- JWTs ----
work = os.path.join(BIN, "tests", "jose")
os.makedirs(work, exist_ok=True)
for name in ("package.json", "package-lock.json", "jose.mjs"):
    shutil.copy(os.path.join(HERE, "jose", name), work)
lock = hashlib.sha256(open(os.path.join(work, "package-lock.json"), "rb").read()).hexdigest()
stamp = os.path.join(work, "installed")
if not os.path.exists(stamp) or open(stamp).read() != lock:
    p = run(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"], cwd=work, timeout=300)
    if tap.ok(p.returncode == 0, "npm installs jose", p.stdout + p.stderr):
        open(stamp, "w").write(lock)


def jose(*cases):
    cases = [dict({"discovery": URL + "/openidconnect/acme.example/.well-known/openid-configuration", "audience": API}, **c) for c in cases]
    p = run(["node", "jose.mjs"], stdin=json.dumps(cases), cwd=work, env={"NODE_EXTRA_CA_CERTS": CA})
    if p.returncode != 0:
        return [{"result": p.stderr}] * len(cases)
    return json.loads(p.stdout)


es, rs = issue("--type", "jwt", "--audience", API).strip(), issue("--type", "jwt", "--audience", API, "--algorithm", "RS256").strip()
head, body, sig = es.split(".")
claims = json.loads(base64.urlsafe_b64decode(body + "=="))
changed = base64.urlsafe_b64encode(json.dumps(dict(claims, sub="somebody")).encode()).decode().rstrip("=")
none = base64.urlsafe_b64encode(b'{"alg":"none"}').decode().rstrip("=")
r = jose({"token": es}, {"token": rs}, {"token": es, "audience": "https://other.example"}, {"token": es, "issuer": URL + "/openidconnect/beta.example"},
         {"token": ".".join((head, changed, sig))}, {"token": none + "." + body + "."},
         {"token": es, "discovery": URL + "/openidconnect/beta.example/.well-known/openid-configuration", "issuer": claims["iss"]},
         {"token": es, "discovery": URL + "/openidconnect/.well-known/openid-configuration"},
         {"token": ".".join((rs.split(".")[0], body, sig))})
tap.eq(r[0]["result"], "ok", "jose verifies ES256 with keys that it fetched")
tap.eq(r[1]["result"], "ok", "and RS256")
if r[0]["result"] == "ok":
    c = r[0]["payload"]
    tap.eq((c["sub"], c["iss"], c["aud"], r[0]["header"]["alg"]), (UUID, URL + "/openidconnect/acme.example", API, "ES256"), "subject, issuer, audience")
    tap.eq((c["groups"], c["email"], c["given_name"]), (["staff"], "alice@acme.example", 'Al<i>ce & "co"'), "what is released")
    tap.ok(c["exp"] - c["iat"] == 3600 and c["nbf"] == c["iat"] and len(c["jti"]) == 32, "life and id", c)
tap.eq([x["result"] for x in r[2:6]], ["ERR_JWT_CLAIM_VALIDATION_FAILED", "ERR_JWT_CLAIM_VALIDATION_FAILED", "ERR_JWS_SIGNATURE_VERIFICATION_FAILED",
                                      "ERR_JOSE_ALG_NOT_ALLOWED"], "another audience, another issuer, changed, unsigned: refused")
tap.eq(r[6]["result"], "ERR_JWKS_NO_MATCHING_KEY", "another tenant's keys verify nothing")
tap.eq(r[7]["result"], "ok", "without a tenant's name: the system tenant's")
tap.ok(r[8]["result"] != "ok", "a signature under another key's header: refused", r[8])

p = lwd.ctl("key", "rotate", "jwt", "--now")
tap.ok(p.returncode == 0, "lwctl key rotate jwt", p.stderr)
new = issue("--type", "jwt", "--audience", API).strip()
tap.ok(new.split(".")[0] != head, "a new key signs")
tap.eq([x["result"] for x in jose({"token": es}, {"token": rs}, {"token": new})], ["ok"] * 3, "tokens of before and after the rotation verify")
tap.eq(len(issue("--type", "jwt", "--audience", API, "--life", "5m").split(".")), 3, "a shorter life")

lwd.must("user", "disable", "alice")
tap.eq(issue("--type", "jwt", "--audience", API), 4, "about who is disabled: as about who is not there")


def status_of(tenant):
    return run(["curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", "--cacert", CA, URL + "/openidconnect/jwks/" + tenant]).stdout


# ---- RSA keys are made when somebody asks for them ----
def asked(*paths):
    """All at once: the last answer of each, asked again where it says so"""
    def one(path):
        return subprocess.Popen(["curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", "--retry", "20", "--retry-max-time", "30", "--cacert", CA, URL + path],
                                stdout=subprocess.PIPE, text=True)
    return [p.communicate()[0] for p in [one(path) for path in paths]]


lwd.must("tenant", "create", "fresh.example", "--admin-password-file", lwd.admin_file)
tap.eq(asked(*["/openidconnect/jwks/fresh.example", "/websso/SAML2/Metadata/fresh.example"] * 4), ["200"] * 8, "a new tenant's keys and metadata, eight clients at once")
kinds = [k["name"] + " " + k["algorithm"] for k in lwd.ctl_json("-t", "fresh.example", "key", "list")["items"] if "algorithm" in k]
tap.eq(sorted(kinds), ["ca p256", "jwt p256", "jwt rsa2048", "saml rsa2048"], "and each key is made once")
lwd.must("tenant", "create", "quiet.example", "--admin-password-file", lwd.admin_file)
lwd.must("-t", "quiet.example", "user", "create", "pat", "--surname", "Pat")
token = lwd.must("-t", "quiet.example", "token", "issue", "--type", "jwt", "--audience", API, "--subject", "pat", "--algorithm", "RS256")
tap.ok(len(token.strip().split(".")) == 3, "RS256 for who asks first", token[:60])

tap.eq((status_of("beta.example"), status_of("nowhere.example")), ("200", "404"), "keys of who is there")
lwd.must("tenant", "disable", "beta.example")
tap.eq(status_of("beta.example"), "404", "of a tenant that is shut: none")
lwd.close(tap)
tap.done()
