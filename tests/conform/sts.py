#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""WS-Trust 1.3 with stock clients (zeep, npm's soap, gSOAP), with govmomi's and pyVmomi's requests as they send them, and with what no client should send."""
import datetime
import http.client
import os
import re
import shutil
import ssl
import sys
import threading

import saml2.saml
import saml2.sigver
from lxml import etree

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from lwdtest import BIN, SLOW, Lwd, Tap, run, wait_for  # noqa: E402

HERE = os.path.dirname(os.path.abspath(__file__))
S11, S12 = "http://schemas.xmlsoap.org/soap/envelope/", "http://www.w3.org/2003/05/soap-envelope"
WST = "http://docs.oasis-open.org/ws-sx/ws-trust/200512"
WSSE = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd"
WSU = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd"
WSA = "http://www.w3.org/2005/08/addressing"
SAML = "urn:oasis:names:tc:SAML:2.0:assertion"
TEXT = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-username-token-profile-1.0#PasswordText"
NS = {"s": S11, "e": S12, "t": WST, "o": WSSE, "u": WSU, "a": WSA, "saml": SAML, "d": "http://www.w3.org/2000/09/xmldsig#"}
RP = "https://shop.acme.example/sp"
HIDDEN = "https://vault.acme.example/sp"  # registered, and nobody may
ALICE, BOB = "Alice-Pass-11 & <x>", "Bob-Pass-22"

tap = Tap()
lwd = Lwd().init("--hostname", "localhost").start()
CA = os.path.join(lwd.data, "ca.pem")
HOST = "https://localhost:%d" % lwd.port("https")
URL = HOST + "/sts/STSService/acme.example"


# ---- requests by hand ----
def at(seconds=0):
    return (datetime.datetime.utcnow() + datetime.timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"


def esc(text):
    return text.replace("&", "&amp;").replace("<", "&lt;")


def user_token(user="alice", password=ALICE, more=' Type="%s"' % TEXT):
    return "<o:UsernameToken><o:Username>%s</o:Username><o:Password%s>%s</o:Password></o:UsernameToken>" % (esc(user), more, esc(password))


def stamp(created=0, expires=60):
    return "<u:Timestamp><u:Created>%s</u:Created><u:Expires>%s</u:Expires></u:Timestamp>" % (at(created), at(expires))


def applies_to(uri):
    return ('<p:AppliesTo xmlns:p="http://schemas.xmlsoap.org/ws/2004/09/policy"><a:EndpointReference><a:Address>%s</a:Address></a:EndpointReference>'
            "</p:AppliesTo>" % esc(uri))


def rst(more="", op="Issue"):
    return "<t:RequestSecurityToken><t:RequestType>%s/%s</t:RequestType>%s</t:RequestSecurityToken>" % (WST, op, more)


def envelope(security, body, header="", ns=S11):
    return '<e:Envelope xmlns:e="%s" xmlns:t="%s" xmlns:o="%s" xmlns:u="%s" xmlns:a="%s"><e:Header>%s%s</e:Header><e:Body>%s</e:Body></e:Envelope>' % (
        ns, WST, WSSE, WSU, WSA, header, "" if security is None else "<o:Security>%s</o:Security>" % security, body)


def post(xml, path="/sts/STSService/acme.example", content_type="text/xml; charset=utf-8", method="POST"):
    """(status, media type, octets)"""
    c = http.client.HTTPSConnection("localhost", lwd.port("https"), context=ssl.create_default_context(cafile=CA), timeout=30 * SLOW)
    try:
        c.request(method, path, xml.encode() if isinstance(xml, str) else xml, {"Content-Type": content_type})
        r = c.getresponse()
        return r.status, (r.getheader("Content-Type") or "").split(";")[0], r.read()
    finally:
        c.close()


def fault(answer):
    """(status, code) of a SOAP 1.1 or 1.2 fault; the code with its prefix's last word."""
    status, _, body = answer
    try:
        tree = etree.fromstring(body)
    except etree.XMLSyntaxError:
        return status, body[:60]
    code = tree.findtext(".//faultcode") or tree.findtext(".//e:Subcode/e:Value", namespaces=NS) or tree.findtext(".//e:Code/e:Value", namespaces=NS)
    return status, code


def issue(security=None, body=None, path="/sts/STSService/acme.example", **more):
    return post(envelope(user_token() if security is None else security, rst(applies_to(RP)) if body is None else body, **more), path)


def assertion_of(body):
    """The token's own octets, as a client cuts them out."""
    m = re.search(rb"<wst:RequestedSecurityToken>(.*)</wst:RequestedSecurityToken>", body, re.S)
    return m.group(1) if m else b""


# ---- what a relying party does with a token ----
class Schemas(etree.Resolver):
    folder = os.path.join(os.path.dirname(saml2.__file__), "data", "schemas")

    def resolve(self, url, public_id, context):
        path = os.path.join(self.folder, os.path.basename(url))
        return self.resolve_filename(path, context) if os.path.exists(path) else None


parser = etree.XMLParser(no_network=True)
parser.resolvers.add(Schemas())
schema = etree.XMLSchema(etree.parse(os.path.join(Schemas.folder, "saml-schema-assertion-2.0.xsd"), parser))
cert_path = os.path.join(lwd.dir, "saml.pem")


def learn_certificate(tenant="acme.example"):
    status, _, body = post("", "/websso/SAML2/Metadata/" + tenant, method="GET")
    der = etree.fromstring(body).findtext(".//d:X509Certificate", namespaces=NS) if status == 200 else None
    with open(cert_path, "w") as f:
        f.write("-----BEGIN CERTIFICATE-----\n%s\n-----END CERTIFICATE-----\n" % re.sub(r"(.{64})", r"\1\n", re.sub(r"\s", "", der or "")).strip())
    return der is not None


def check_token(token, what, subject="alice", audience=RP):
    if not tap.ok(token.startswith(b"<saml2:Assertion "), what + ": an assertion that stands by itself", token[:300]):
        return
    path = os.path.join(lwd.dir, "token.xml")
    with open(path, "wb") as f:
        f.write(token)
    tree = etree.fromstring(token)
    p = run(["xmlsec1", "--verify", "--pubkey-cert-pem", cert_path, "--enabled-reference-uris", "same-doc", "--id-attr:ID", SAML + ":Assertion", path])
    tap.ok(p.returncode == 0, what + ": xmlsec1 verifies it", p.stderr)
    sec = saml2.sigver.SecurityContext(saml2.sigver.CryptoBackendXmlSec1("/usr/bin/xmlsec1"), cert_file=cert_path, cert_type="pem")
    good = sec.verify_signature(token.decode(), cert_file=cert_path, node_name=SAML + ":Assertion", node_id=tree.get("ID"))
    item = saml2.saml.assertion_from_string(token)
    tap.ok(good and item is not None and item.verify(), what + ": pysaml2 accepts it")
    tap.ok(schema.validate(tree), what + ": the OASIS schema validates it", schema.error_log)
    cond = tree.find("saml:Conditions", NS)
    tap.ok(tree.findtext("saml:Issuer", namespaces=NS) == HOST + "/websso/SAML2/Metadata/acme.example", what + ": issuer",
           tree.findtext("saml:Issuer", namespaces=NS))
    tap.eq(tree.findtext(".//saml:Audience", namespaces=NS), audience, what + ": audience")
    tap.eq(tree.findtext(".//saml:NameID", namespaces=NS), ids[subject], what + ": its NameID is the entryUUID")
    tap.ok(all(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", t) for t in [tree.get("IssueInstant"), cond.get("NotBefore"), cond.get("NotOnOrAfter")]),
           what + ": times with three decimals", etree.tostring(cond))
    return tree


# ---- the world: two tenants, two relying parties, grants ----
lwd.must("tenant", "create", "beta.example", "--admin-password-file", lwd.admin_file)
for name, password in (("alice", ALICE), ("bob", BOB), ("carol", "Carol-Pass-33")):
    lwd.user(name, password, None, "--mail", name + "@acme.example")
lwd.user("alice", ALICE, "beta.example")
ids = {name: lwd.ctl_json("user", "show", name)["id"] for name in ("alice", "bob", "carol")}


def metadata(entity):
    path = os.path.join(lwd.dir, "rp.xml")
    with open(path, "w") as f:
        f.write('<md:EntityDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata" entityID="%s"><md:SPSSODescriptor protocolSupportEnumeration='
                '"urn:oasis:names:tc:SAML:2.0:protocol"><md:AssertionConsumerService index="0" Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST" '
                'Location="%s/acs"/></md:SPSSODescriptor></md:EntityDescriptor>' % (entity, entity))
    return path


for tenant, entity in (("acme.example", RP), ("acme.example", HIDDEN), ("beta.example", "https://only.beta.example/sp"), ("beta.example", RP)):
    lwd.must("-t", tenant, "rp", "create", "--metadata", metadata(entity))
for rule in ('permit user alice may token audience "%s" attrs(sub,mail,groups) max-life 1h;' % RP, "permit user alice may token audience none attrs(sub);",
             'permit user carol may token audience "%s" attrs(sub);' % RP, "permit user carol may token audience none attrs(sub);"):
    lwd.must("grant", "create", rule)
lwd.must("-t", "beta.example", "grant", "create", "permit authenticated may token audience none attrs(sub);")
lwd.must("-t", "beta.example", "grant", "create", 'permit authenticated may token audience "%s" attrs(sub);' % RP)
tap.ok(wait_for(learn_certificate, 30), "the metadata has the certificate")

# ---- the WSDL, and a first token by hand in both versions ----
status, media, wsdl = post("", "/sts/STSService/acme.example?wsdl", method="GET")
tap.ok(status == 200 and media == "text/xml" and (URL + '"').encode() in wsdl, "?wsdl says where the service is", (status, media))
tap.eq(post("", "/sts/STSService/acme.example", method="GET")[0], 404, "without ?wsdl there is nothing to GET")
status, media, body = issue(stamp() + user_token(), header="<a:Action>%s/RST/Issue</a:Action><a:MessageID>urn:uuid:42</a:MessageID>" % WST)
tap.eq((status, media), (200, "text/xml"), "Issue, SOAP 1.1")
tree = etree.fromstring(body)
tap.eq([x.tag for x in tree.find("s:Body", NS)], ["{%s}RequestSecurityTokenResponseCollection" % WST], "an RSTR collection")
tap.eq((tree.findtext(".//a:RelatesTo", namespaces=NS), tree.findtext(".//a:Action", namespaces=NS)), ("urn:uuid:42", WST + "/RSTRC/IssueFinal"), "addressed back")
TOKEN = assertion_of(body)
check_token(TOKEN, "SOAP 1.1")
attributes = {a.get("Name") or a.get("FriendlyName"): a.findtext("saml:AttributeValue", namespaces=NS) for a in etree.fromstring(TOKEN).iter("{%s}Attribute" % SAML)}
tap.ok(any("mail" in k for k in attributes) and "alice@acme.example" in attributes.values(), "released attributes are in it", attributes)
status, media, body = issue(ns=S12)
tap.eq((status, media), (200, "application/soap+xml"), "Issue, SOAP 1.2")
check_token(assertion_of(body), "SOAP 1.2")
status, _, body = issue(body=rst(applies_to(RP) + "<t:Lifetime><u:Expires>%s</u:Expires></t:Lifetime>" % at(7 * 86400)))
ends = etree.fromstring(body).findtext(".//t:Lifetime/u:Expires", namespaces=NS) or ""
tap.ok(status == 200 and at(3500) < ends <= at(3601), "a week is cut to the hour that the rule says", ends)
status, _, body = issue(body=rst(applies_to(RP) + "<t:Lifetime><u:Expires>%s</u:Expires></t:Lifetime>" % at(600)))
ends = etree.fromstring(body).findtext(".//t:Lifetime/u:Expires", namespaces=NS) or ""
tap.ok(status == 200 and at(500) < ends <= at(601), "ten minutes are ten minutes", ends)
for name, path in (("alice@acme.example", "/sts/STSService"), ("alice@ACME.Example", "/sts/STSService/acme.example"), ("alice", "/sts/STSService")):
    tap.eq(issue(user_token(name), path=path)[0], 200, "%s at %s" % (name, path))
status, _, body = issue(body=rst(applies_to(RP) + "<t:SignatureAlgorithm>http://www.w3.org/2001/04/xmldsig-more#rsa-sha512</t:SignatureAlgorithm>"))
tap.ok(status == 200 and b"#rsa-sha512" in body, "another algorithm when it is asked for", body[:300])
check_token(assertion_of(body), "rsa-sha512")


# ---- stock clients ----
def zeep_client(wsdl_url=URL + "?wsdl", user="alice", password=ALICE):
    import requests
    import zeep
    from zeep.wsse.username import UsernameToken
    session = requests.Session()
    session.verify = CA
    session.trust_env = False
    return zeep.Client(wsdl_url, transport=zeep.Transport(session=session, timeout=30 * SLOW, operation_timeout=30 * SLOW), wsse=UsernameToken(user, password))


client = zeep_client()
for port in ("STSServicePort", "STSServicePort12"):
    service = client.bind("STSService", port)
    got = service.Issue(TokenType=SAML, RequestType=WST + "/Issue", AppliesTo={"EndpointReference": {"Address": RP}}, KeyType=WST + "/Bearer")
    token = got[0].RequestedSecurityToken._value_1
    tap.ok(got[0].TokenType == SAML and got[0].RequestedAttachedReference.SecurityTokenReference.KeyIdentifier._value_1 == token.get("ID"),
           "zeep: Issue by the WSDL's port " + port, got)
    check_token(etree.tostring(token), "zeep, " + port)
try:
    zeep_client(password="wrong").service.Issue(RequestType=WST + "/Issue", AppliesTo={"EndpointReference": {"Address": RP}})
    tap.ok(False, "zeep hears of a wrong password")
except Exception as e:
    tap.ok(str(e) == "Authentication failed.", "zeep hears of a wrong password", repr(e))

password_file = lwd.password_file(ALICE)
work = os.path.join(BIN, "sts-clients")
os.makedirs(work, exist_ok=True)
for name in ("package.json", "package-lock.json", "npm.js", "gsoap.h", "gsoap.c"):
    shutil.copy(os.path.join(HERE, "sts_client", name), work)
if not os.path.exists(os.path.join(work, "node_modules", ".package-lock.json")):
    p = run(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"], cwd=work, timeout=300)
    tap.ok(p.returncode == 0, "npm installs soap", p.stdout + p.stderr)
out = os.path.join(lwd.dir, "client.out")
p = run(["node", "npm.js", URL, "alice", password_file, RP, out], cwd=work, env={"NODE_EXTRA_CA_CERTS": CA})
if tap.ok(p.returncode == 0 and p.stdout.startswith(SAML), "npm soap: Issue", p.stdout + p.stderr):
    check_token(assertion_of(open(out, "rb").read()), "npm soap")


def build_gsoap():
    g = "/usr/share/gsoap"
    p = run(["soapcpp2", "-c", "-C", "-L", "-x", "-w", "-I" + g + "/import", "gsoap.h"], cwd=work)
    if p.returncode == 0:
        plugins = ["%s/plugin/%s.c" % (g, x) for x in ("wstapi", "wsseapi", "smdevp", "mecevp", "wsaapi", "threads")] + [g + "/custom/struct_timeval.c"]
        p = run(["gcc", "-O0", "-w", "-DWITH_OPENSSL", "-DWITH_DOM", "-I.", "-I" + g, "-I" + g + "/plugin", "soapC.c", "soapClient.c", "gsoap.c"] + plugins +
                ["-o", "gsoap", "-lgsoapssl", "-lssl", "-lcrypto", "-lpthread"], cwd=work, timeout=300)
    return p


if not os.path.exists(os.path.join(work, "gsoap")):
    p = build_gsoap()
    tap.ok(p.returncode == 0, "gSOAP's client builds", p.stdout + p.stderr)
trusted = os.path.join(lwd.dir, "trusted.pem")  # the server's issuer, and the key that the metadata names
with open(trusted, "w") as f:
    f.write(open(CA).read() + open(cert_path).read())
for version in ("11", "12"):
    p = run([os.path.join(work, "gsoap"), URL, trusted, "alice", password_file, RP, version, out])
    if tap.ok(p.returncode == 0 and SAML in p.stdout, "gSOAP, SOAP %s: Issue, and it verifies the signature itself" % version, p.stdout + p.stderr):
        check_token(assertion_of(open(out, "rb").read()), "gSOAP, SOAP " + version)

# ---- govmomi's and pyVmomi's bytes: a password as text, no AppliesTo ----
GOVMOMI = """<?xml version="1.0" encoding="UTF-8"?>
<Envelope xmlns="http://schemas.xmlsoap.org/soap/envelope/"><Header xmlns="http://schemas.xmlsoap.org/soap/envelope/"><wsse:Security xmlns:wsse="%(wsse)s" \
xmlns:wsu="%(wsu)s"><wsu:Timestamp xmlns:wsu="%(wsu)s" wsu:Id="_0e8f5c1b-6f55-4ae1-b0a8-8e1bd2f3a9f0"><wsu:Created>%(now)s</wsu:Created>\
<wsu:Expires>%(soon)s</wsu:Expires></wsu:Timestamp><wsse:UsernameToken><wsse:Username>alice@acme.example</wsse:Username><wsse:Password>%(password)s\
</wsse:Password></wsse:UsernameToken></wsse:Security></Header><Body xmlns="http://schemas.xmlsoap.org/soap/envelope/"><RequestSecurityToken xmlns="%(wst)s">\
<TokenType>urn:oasis:names:tc:SAML:2.0:assertion</TokenType><RequestType>%(wst)s/Issue</RequestType><Lifetime><Created xmlns="%(wsu)s">%(now)s</Created>\
<Expires xmlns="%(wsu)s">%(later)s</Expires></Lifetime><Renewing Allow="false" OK="false"></Renewing><KeyType>%(wst)s/Bearer</KeyType>\
<SignatureAlgorithm>http://www.w3.org/2001/04/xmldsig-more#rsa-sha256</SignatureAlgorithm><UseKey Sig=""></UseKey></RequestSecurityToken></Body></Envelope>"""
PYVMOMI = """<SOAP-ENV:Envelope xmlns:SOAP-ENV="http://schemas.xmlsoap.org/soap/envelope/">
<SOAP-ENV:Header>
<ns6:Security xmlns="%(wst)s" xmlns:ns2="http://www.w3.org/2005/08/addressing" xmlns:ns3="%(wsu)s" xmlns:ns6="%(wsse)s">
<ns3:Timestamp xmlns:ns3="%(wsu)s" ns3:Id="_7d2c6a3e-3b0e-4a80-9d3b-6c1f64a3d7b1">
<ns3:Created>%(now)s</ns3:Created><ns3:Expires>%(soon)s</ns3:Expires></ns3:Timestamp>
<ns2:UsernameToken xmlns:ns2="%(wsse)s">
<ns2:Username>alice@acme.example</ns2:Username>
<ns2:Password>%(password)s</ns2:Password>
</ns2:UsernameToken>
</ns6:Security>
</SOAP-ENV:Header>
<SOAP-ENV:Body xmlns:wsu="%(wsu)s" wsu:Id="_c2b0a9c4-9d77-4f0e-8b63-0b6f4f4be9aa">
<RequestSecurityToken xmlns="%(wst)s" xmlns:ns2="http://www.w3.org/2005/08/addressing" xmlns:ns3="%(wsu)s" xmlns:ns6="%(wsse)s">
<TokenType>urn:oasis:names:tc:SAML:2.0:assertion</TokenType>
<RequestType>%(wst)s/Issue</RequestType>
<Lifetime>
<ns3:Created>%(now)s</ns3:Created>
<ns3:Expires>%(later)s</ns3:Expires>
</Lifetime>
<Renewing Allow="false" OK="false"/>
<Delegatable>false</Delegatable>
<KeyType>%(wst)s/Bearer</KeyType>
<SignatureAlgorithm>http://www.w3.org/2001/04/xmldsig-more#rsa-sha256</SignatureAlgorithm></RequestSecurityToken>
</SOAP-ENV:Body>
</SOAP-ENV:Envelope>"""


def as_sent(shape, password=ALICE):
    return shape % {"wsse": WSSE, "wsu": WSU, "wst": WST, "now": at(), "soon": at(60), "later": at(600), "password": esc(password)}


for name, shape in (("govmomi", GOVMOMI), ("pyVmomi", PYVMOMI)):
    status, media, body = post(as_sent(shape), "/sts/STSService", 'text/xml; charset="utf-8"')
    tap.eq((status, media), (200, "text/xml"), name + "'s request")
    tree = check_token(assertion_of(body), name, audience=None)
    tap.ok(tree is not None and b"rsa-sha256" in etree.tostring(tree), name + ": rsa-sha256")
    status, _, body = post(as_sent(shape, "wrong"), "/sts/STSService")
    tap.ok(status == 500 and len(etree.fromstring(body).xpath("//text()")) == 2, name + ": a fault is faultcode and faultstring alone", body)
BARE = assertion_of(post(as_sent(GOVMOMI), "/sts/STSService")[2])  # no audience: a credential here

# ---- an assertion of ours as credential; Renew, Validate, Cancel ----
token = BARE.decode()
status, _, body = issue(token)
tap.eq(status, 200, "Issue for one of our own assertions")
check_token(assertion_of(body), "by assertion")


def op(name, target, security=None):
    """target None: the token in the header. Twice in one message it can't stand: no ID may."""
    if target is None:
        target = ("<o:SecurityTokenReference><o:KeyIdentifier ValueType='http://docs.oasis-open.org/wss/oasis-wss-saml-token-profile-1.1#SAMLID'>%s</o:KeyIdentifier>"
                  "</o:SecurityTokenReference>" % etree.fromstring(security).get("ID"))
    return post(envelope(user_token() if security is None else security, rst("<t:%sTarget>%s</t:%sTarget>" % (name, target, name), name)))


def validity(target, security=None):
    answer = op("Validate", target, security)
    return etree.fromstring(answer[2]).findtext(".//t:Status/t:Code", namespaces=NS) if answer[0] == 200 else fault(answer)


VALID, INVALID = WST + "/status/valid", WST + "/status/invalid"
status, _, body = op("Validate", token)
tap.eq([x.tag for x in etree.fromstring(body).find("s:Body", NS)], ["{%s}RequestSecurityTokenResponse" % WST], "Validate: a bare RSTR")
tap.eq(validity(token), VALID, "Validate: valid")
tap.eq(validity(TOKEN.decode()), VALID, "Validate: valid, though it is for a relying party")
tap.eq(validity(None, token), VALID, "Validate: by itself")
tap.eq(validity(token, user_token("bob", BOB)), VALID, "Validate: by somebody else of the tenant")
tap.eq(validity(token.replace(ids["alice"], ids["bob"])), INVALID, "Validate: a changed one")
tap.eq(validity("<saml2:Assertion xmlns:saml2='%s' ID='_1'/>" % SAML), INVALID, "Validate: no token at all")
status, _, body = op("Renew", TOKEN.decode())
tap.eq((status, [x.tag for x in etree.fromstring(body).find("s:Body", NS)]), (200, ["{%s}RequestSecurityTokenResponse" % WST]), "Renew: a bare RSTR")
tree = check_token(assertion_of(body), "Renew")
tap.ok(tree is not None and tree.get("ID") != etree.fromstring(TOKEN).get("ID"), "Renew: a new one")
tap.eq(op("Renew", None, token)[0], 200, "Renew: by itself")
tap.eq(fault(op("Renew", token, user_token("carol", "Carol-Pass-33"))), (500, "wst:InvalidSecurityToken"), "Renew: somebody else's")
tap.eq(fault(op("Cancel", token, user_token("carol", "Carol-Pass-33"))), (500, "wst:InvalidSecurityToken"), "Cancel: somebody else's")
tap.eq(fault(op("Renew", token.replace(ids["alice"], ids["bob"]))), (500, "wst:InvalidSecurityToken"), "Renew: a changed one")
tap.eq(fault(op("Renew", token, token)), (500, "S:Client"), "one token twice in a message")
status, _, body = op("Cancel", token)
tap.ok(status == 200 and etree.fromstring(body).find(".//t:RequestedTokenCancelled", NS) is not None, "Cancel", body)
tap.eq(validity(token), INVALID, "a cancelled one is not valid")
FAILED = (500, "wst:FailedAuthentication")
tap.eq(fault(issue(token)), FAILED, "nor a credential")
tap.eq(fault(op("Renew", token)), (500, "wst:InvalidSecurityToken"), "nor renewed")
tap.eq(validity(TOKEN.decode()), VALID, "another one of hers still is")
fresh = assertion_of(post(as_sent(GOVMOMI), "/sts/STSService")[2]).decode()
status = op("Cancel", None, fresh)[0]
tap.eq((status, fault(issue(fresh))), (200, FAILED), "Cancel of the header's token by reference")

BETA = "/sts/STSService/beta.example"
of_beta = assertion_of(issue(body=rst(), path=BETA)[2]).decode()
before = issue(of_beta, rst(), path=BETA)[0]
lwd.must("-t", "beta.example", "user", "passwd", "alice", "--password-file", "-", stdin=ALICE + "2")
tap.eq((before, fault(issue(of_beta, rst(), path=BETA))), (200, FAILED), "a new password ends what the old one got")

# ---- refusals: who and what for. Not there is may not. ----
carol = assertion_of(issue(user_token("carol", "Carol-Pass-33"), rst())[2]).decode()
tap.eq(issue(carol)[0], 200, "carol's own")
lwd.must("user", "disable", "carol")
carol_now = issue(user_token("carol", "Carol-Pass-33"), rst())
unknown = issue(user_token("nobody", "x"))
tap.eq(fault(unknown), FAILED, "an unknown user")
for name, answer in (("a wrong password", issue(user_token(password="wrong"))), ("an empty password", issue(user_token(password=""))),
                     ("an unknown tenant", issue(path="/sts/STSService/nowhere.example")), ("no name of a tenant", issue(path="/sts/STSService/%C3%A9%20x")),
                     ("a user of another tenant", issue(user_token("bob", BOB), path="/sts/STSService/beta.example")),
                     ("a disabled user", carol_now), ("a disabled user's assertion", issue(carol)),
                     ("a relying party's assertion", issue(TOKEN.decode())),
                     ("no assertion of ours", issue("<saml2:Assertion xmlns:saml2='%s' ID='_1'/>" % SAML)),
                     ("another tenant's assertion", issue(assertion_of(issue(user_token(password=ALICE + "2"), rst(), path=BETA)[2]).decode()))):
    tap.eq(answer, unknown, name + ": the same fault, octet for octet")
tap.eq(validity(carol), INVALID, "a disabled user's assertion is not valid")
tap.eq(validity(assertion_of(issue(user_token(password=ALICE + "2"), path=BETA)[2]).decode()), INVALID, "nor one of another tenant, for a relying party of the same name")
unregistered = issue(body=rst(applies_to("https://nowhere.example/sp")))
tap.eq(fault(unregistered), (500, "wst:RequestFailed"), "an unregistered relying party")
tap.eq(issue(body=rst(applies_to(HIDDEN))), unregistered, "one that she may not: the same")
tap.eq(issue(body=rst(applies_to("https://only.beta.example/sp"))), unregistered, "one of another tenant: the same")
tap.eq(issue(user_token("bob", BOB)), unregistered, "one that he may not")
tap.eq(issue(user_token("bob", BOB), rst()), unregistered, "no AppliesTo without its grant")

# ---- refusals: how ----
for name, answer, want in (
        ("no Security", post(envelope(None, rst(applies_to(RP)))), (500, "wsse:InvalidSecurity")),
        ("an empty Security", issue(""), (500, "wsse:InvalidSecurity")),
        ("two names", issue(user_token() + user_token()), (500, "wsse:InvalidSecurity")),
        ("a digest", issue(user_token(more=' Type="%s"' % TEXT.replace("Text", "Digest"))), (500, "wsse:UnsupportedSecurityToken")),
        ("expired", issue(stamp(-400, -301) + user_token()), (500, "wsu:MessageExpired")),
        ("from the future", issue(stamp(302, 400) + user_token()), (500, "wsu:MessageExpired")),
        ("a slow clock", issue(stamp(-290, -230) + user_token())[:1], (200,)),
        ("a message sent twice", [issue(header="<a:MessageID>urn:same</a:MessageID>")[0] for _ in "ab"], [200, 200]),
        ("an unknown header", issue(header="<x:y xmlns:x='urn:x' e:mustUnderstand='1'/>"), (500, "S:MustUnderstand")),
        ("1.2: an unknown header", issue(header="<x:y xmlns:x='urn:x' e:mustUnderstand='1'/>", ns=S12), (500, "S:MustUnderstand")),
        ("1.2: no Security", post(envelope(None, rst(), ns=S12)), (400, "wsse:InvalidSecurity")),
        ("an answer to elsewhere", issue(header="<a:ReplyTo><a:Address>http://127.0.0.1:1/</a:Address></a:ReplyTo>"), (500, "wsa:OnlyAnonymousAddressSupported")),
        ("another version", post("<Envelope xmlns='urn:soap'/>"), (500, "S:VersionMismatch")),
        ("another WS-Trust", issue(body=rst().replace("<t:", "<v:").replace("</t:", "</v:").replace("<v:RequestSecurityToken", "<v:RequestSecurityToken xmlns:v='urn:t'", 1)),
         (500, "wst:InvalidRequest")),
        ("holder of key", issue(body=rst(applies_to(RP) + "<t:KeyType>%s/PublicKey</t:KeyType>" % WST)), (500, "wst:InvalidRequest")),
        ("a key that lwd does not sign with", issue(body=rst(applies_to(RP) + "<t:SignatureAlgorithm>http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256</t:SignatureAlgorithm>")),
         (500, "wst:InvalidRequest")),
        ("on behalf of", issue(body=rst("<t:OnBehalfOf>%s</t:OnBehalfOf>" % token)), (500, "wst:BadRequest")),
        ("postdated", issue(body=rst("<t:Lifetime><u:Created>%s</u:Created></t:Lifetime>" % at(3600))), (500, "wst:InvalidTimeRange")),
        ("octets", post(b"\xff\xfe\x00"), (500, "S:Client")),
        ("nothing", post(b""), (500, "S:Client")),
        ("octets, 1.2", post(b"\xff", content_type="application/soap+xml"), (400, "S:Sender")),
        ("a DTD", post("<!DOCTYPE e [<!ENTITY x 'y'>]>" + envelope(user_token(), rst())), (500, "S:Client")),
        ("an external entity", post("<!DOCTYPE e SYSTEM 'file:///etc/passwd'>" + envelope(user_token(), rst())), (500, "S:Client")),
        ("a thousand deep", post("<a>" * 1000 + "</a>" * 1000), (500, "S:Client"))):
    tap.eq(answer if isinstance(want, list) or len(want) == 1 else fault(answer), want, name)
tap.eq(post(b"<a>" + b" " * 131072 + b"</a>")[0], 413, "too long: HTTP says so")

# ---- many at once ----
codes = []


def many():
    for _ in range(5):
        codes.append(issue()[0])


threads = [threading.Thread(target=many) for _ in range(8)]
for t in threads:
    t.start()
for t in threads:
    t.join()
tap.eq(codes, [200] * 40, "forty at once, by eight")

text = lwd.log_text()
tap.ok(ALICE not in text and esc(ALICE) not in text and BOB not in text and "sts-refused" in text, "no password is in the log, refusals are")
lwd.close(tap)
tap.done()
