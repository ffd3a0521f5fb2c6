#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""SAML: relying parties by lwctl rp, over the control socket and over HTTPS; the tenants' metadata with xmllint and pysaml2;
attacks with a real assertion on the running STS, while strace looks on."""
import datetime
import json
import os
import re
import shutil
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from lwdtest import ADMIN_PASSWORD, LWCTL, SANITIZED, Lwd, Tap, run, wait_for  # noqa: E402

SAMPLES = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "fuzz", "corpus", "metadata")
tap = Tap()
lwd = Lwd().init("--hostname", "lwd.acme.example").start()
lwd.must("tenant", "create", "beta.example", "--admin-password-file", lwd.admin_file)
BETA = ("-t", "beta.example")


def sample(name):
    return os.path.join(SAMPLES, name + ".xml")


def code(p):
    return p.returncode, json.loads(p.stderr)["error"]["code"] if p.stderr else ""


# ---- create, show, list
rp = lwd.ctl_json("rp", "create", "wiki", "--metadata", sample("simplesamlphp"))
tap.eq((rp["name"], rp["lwEntityId"], rp["lwAcsUrl"], rp["lwNameIdFormat"]),
       ("wiki", "https://wiki.acme.example/simplesaml/module.php/saml/sp/metadata.php/default-sp",
        ["https://wiki.acme.example/simplesaml/module.php/saml/sp/saml2-acs.php/default-sp"], "urn:oasis:names:tc:SAML:2.0:nameid-format:transient"), "rp create")
tap.ok(lwd.ctl_json("rp", "show", "wiki")["id"] == rp["id"], "rp show")
with open(sample("shibboleth")) as f:
    p = lwd.ctl("-o", "json", "rp", "create", "--metadata", "-", stdin=f.read())
tap.ok(p.returncode == 0 and json.loads(p.stdout)["name"] == "sp.acme.example", "without a name: the entityID's host; from standard input", p.stderr)
rp = lwd.ctl_json("rp", "create", "--metadata", sample("mellon"))
tap.eq((rp["name"], rp["lwAcsUrl"]), ("shop.acme.example", ["https://shop.acme.example:8443/mellon/postResponse?a=1&b=2", "https://shop.acme.example:8443/mellon/postResponse2"]),
       "the default URL first")
rp = lwd.ctl_json("rp", "create", "--entity-id", "urn:Acme:sts/1", "--description", "a WS-Trust service")
tap.eq((rp["name"], rp["lwEntityId"], "lwAcsUrl" in rp), ("urn-Acme-sts-1", "urn:Acme:sts/1", False), "without metadata: a WS-Trust service")
rp = lwd.ctl_json("rp", "create", "two", "--entity-id", "urn:two", "--acs-url", "https://two.example/a", "--acs-url", "https://two.example/b")
tap.eq(rp["lwAcsUrl"], ["https://two.example/a", "https://two.example/b"], "two URLs")
tap.eq(sorted(i["name"] for i in lwd.ctl_json("rp", "list")["items"]), ["shop.acme.example", "sp.acme.example", "two", "urn-Acme-sts-1", "wiki"], "rp list")

# ---- taken, refused
tap.eq(code(lwd.ctl("-o", "json", "rp", "create", "other", "--metadata", sample("simplesamlphp"))), (5, "exists"), "an entityID that is taken")
tap.eq(code(lwd.ctl("-o", "json", "rp", "create", "wiki", "--entity-id", "urn:new")), (5, "exists"), "a name that is taken")
tap.eq(code(lwd.ctl("-o", "json", "rp", "set", "two", "lwEntityId=urn:Acme:sts/1")), (5, "exists"), "set to an entityID that is taken")
p = lwd.ctl("-o", "json", *BETA, "rp", "create", "--metadata", sample("simplesamlphp"))
tap.ok(p.returncode == 0, "the other tenant may have the same", p.stderr)
tap.eq(code(lwd.ctl("-o", "json", *BETA, "rp", "show", "two")), (4, "not-found"), "the other tenant's is not there")
tap.eq([i["name"] for i in lwd.ctl_json(*BETA, "rp", "list")["items"]], ["wiki.acme.example"], "nor in its list")
for name, status in (("doctype", 1), ("script", 1), ("none", 78), ("many", 78)):
    p = lwd.ctl("rp", "create", "bad", "--metadata", sample(name))
    tap.ok(p.returncode == status and len(p.stderr.splitlines()) == 1, "metadata refused: %s" % name, "%d %s" % (p.returncode, p.stderr))
tap.eq(lwd.ctl("rp", "show", "bad").returncode, 4, "and nothing was made of it")
for args in (["--metadata", sample("least"), "--entity-id", "urn:x"], ["--metadata", sample("least"), "--acs-url", "https://x/"], ["name"], ["a", "b", "--entity-id", "urn:x"]):
    tap.eq(lwd.ctl("rp", "create", *args).returncode, 2, "usage: %s" % " ".join(os.path.basename(a) for a in args))

# ---- set, delete
rp = lwd.ctl_json("rp", "set", "two", "--metadata", sample("vcenter"), "description=new")
tap.eq((rp["lwEntityId"], rp["lwAcsUrl"][0], rp["description"]),
       ("https://vc.acme.example/websso/SAML2/Metadata/vsphere.local", "https://vc.acme.example/websso/SAML2/SSO/vsphere.local", ["new"]), "new metadata")
rp = lwd.ctl_json("rp", "set", "two", "--metadata", sample("least"))
tap.eq((rp["lwEntityId"], rp["lwAcsUrl"], "lwNameIdFormat" in rp, rp["description"]), ("urn:example:sp", ["https://sp.example/acs"], False, ["new"]),
       "all of the old goes; what is not of the metadata stays")
p = lwd.client("ldapsearch", "-H", lwd.ldapi, "-LLL", "-Q", "-Y", "EXTERNAL", "-b", "cn=wiki,ou=applications,dc=acme,dc=example", "userCertificate;binary")
tap.ok(p.returncode == 0 and p.stdout.count("userCertificate;binary::") == 2, "its two signing certificates over LDAP", p.stdout + p.stderr)
lwd.must("rp", "delete", "two")
tap.eq(lwd.ctl("rp", "show", "two").returncode, 4, "deleted")

# ---- over HTTPS
env = dict(lwd.env, HOME=lwd.dir, LWD_SERVER="https://localhost:%d" % lwd.port("https"), LWD_CACERT=os.path.join(lwd.data, "ca.pem"), XDG_CONFIG_HOME=lwd.dir, XDG_RUNTIME_DIR=lwd.dir)


def remote(*args):
    return run([LWCTL, "--server", env["LWD_SERVER"], *args], env=env)


p = remote("login", "--user", "admin", "--password-file", lwd.password_file(ADMIN_PASSWORD))
tap.ok(p.returncode == 0, "login", p.stderr)
p = remote("-o", "json", "rp", "create", "far", "--metadata", sample("vcenter"))
tap.ok(p.returncode == 0 and json.loads(p.stdout)["lwEntityId"].startswith("https://vc."), "rp create --server", p.stdout + p.stderr)
p = remote("-o", "json", "rp", "set", "far", "--metadata", sample("least"), "description=there")
tap.ok(p.returncode == 0 and json.loads(p.stdout)["lwEntityId"] == "urn:example:sp", "rp set --server", p.stdout + p.stderr)
tap.eq(remote("rp", "create", "far2", "--metadata", sample("least")).returncode, 5, "rp create --server: taken")
tap.eq(remote("rp", "delete", "far").returncode, 0, "rp delete --server")
tap.eq(remote("rp", "show", "far").returncode, 4, "rp show --server: not there")

# ---- the tenants' own metadata
import saml2  # noqa: E402
from saml2.attribute_converter import ac_factory  # noqa: E402
from saml2.mdstore import InMemoryMetaData  # noqa: E402

SCHEMAS = os.path.join(os.path.dirname(saml2.__file__), "data", "schemas")
W3C = {"http://www.w3.org/TR/2002/REC-xmldsig-core-20020212/xmldsig-core-schema.xsd": "xmldsig-core-schema.xsd",
       "http://www.w3.org/TR/2002/REC-xmlenc-core-20021210/xenc-schema.xsd": "xenc-schema.xsd", "http://www.w3.org/2001/xml.xsd": "xml.xsd"}
catalog = os.path.join(lwd.dir, "catalog.xml")
with open(catalog, "w") as f:
    f.write('<catalog xmlns="urn:oasis:names:tc:entity:xmlns:xml:catalog">%s</catalog>' % "".join(
        '<system systemId="%s" uri="file://%s/%s"/>' % (url, SCHEMAS, name) for url, name in W3C.items()))


def curl(path, *more):
    p = run(["curl", "-sS", "--cacert", os.path.join(lwd.data, "ca.pem"), "-w", "\n%{http_code} %{content_type}", *more, env["LWD_SERVER"] + path])
    body, line = p.stdout.rsplit("\n", 1)
    return line, body


def valid(xml):
    p = run(["xmllint", "--noout", "--nonet", "--schema", os.path.join(SCHEMAS, "saml-schema-metadata-2.0.xsd"), "-"], stdin=xml, env={"XML_CATALOG_FILES": "file://" + catalog})
    return tap.ok(p.returncode == 0, "the OASIS schema says yes", p.stderr)


web = "https://lwd.acme.example:%d" % lwd.port("https")
seen = set()
for path, tenant in (("/acme.example", "acme.example"), ("", "acme.example"), ("/BETA.example", "beta.example")):
    line, xml = curl("/websso/SAML2/Metadata" + path)
    if not tap.eq(line, "200 application/samlmetadata+xml", "GET /websso/SAML2/Metadata" + path):
        continue
    valid(xml)
    entity = web + "/websso/SAML2/Metadata/" + tenant
    md = InMemoryMetaData(ac_factory(), xml)
    md.load()
    tap.eq(list(md.keys()), [entity], "pysaml2: the entityID is where it is")
    certs = [c[1] for c in md.certs(entity, "idpsso", "signing")]
    tap.ok(len(certs) >= 1, "pysaml2: it has a certificate that signs")
    seen.add((tenant, "".join(certs[0].split())))
    tap.eq([s["location"] for s in md.service(entity, "idpsso_descriptor", "single_sign_on_service")["urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST"]],
           [web + "/websso/SAML2/SSO/" + tenant], "pysaml2: where SSO will be")
    tap.ok(web + "/sts/STSService/" + tenant + "?wsdl" in xml, "and the STS")
tap.eq(len(seen), 2, "one key a tenant, and not the same")
for tenant in ("delta.example", "a%20b"):
    tap.ok(curl("/websso/SAML2/Metadata/" + tenant)[0].startswith("404"), "no such tenant: " + tenant)
# ---- attacks on the running role: alice's assertion as a credential, and what others make of it
WST, DS = "http://docs.oasis-open.org/ws-sx/ws-trust/200512", "http://www.w3.org/2000/09/xmldsig#"
WSS = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-"
lwd.user("alice", "Wonder-Land-42")
lwd.user("mallory", "Looking-Glass-42")
alice, mallory = (lwd.ctl_json("user", "show", n)["id"] for n in ("alice", "mallory"))
lwd.must("grant", "create", "permit authenticated may token audience none attrs(sub);")


def at(seconds):
    return (datetime.datetime.utcnow() + datetime.timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%SZ")


def ask(credential, before="", header=""):
    """What the STS says to somebody with this credential: the token, or the fault's code."""
    xml = before + ('<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/"><e:Header><o:Security xmlns:o="%ssecext-1.0.xsd"><u:Timestamp xmlns:u="%sutility-1.0.xsd">'
                    "<u:Created>%s</u:Created><u:Expires>%s</u:Expires></u:Timestamp>%s</o:Security>%s</e:Header><e:Body><t:RequestSecurityToken xmlns:t=\"%s\"><t:RequestType>%s/Issue"
                    "</t:RequestType></t:RequestSecurityToken></e:Body></e:Envelope>" % (WSS, WSS, at(0), at(60), credential, header, WST, WST))
    line, body = curl("/sts/STSService/acme.example", "-H", "Content-Type: text/xml", "--data-binary", xml)
    m = re.search("<wst:RequestedSecurityToken>(.*)</wst:RequestedSecurityToken>", body, re.S)
    f = re.search("<faultcode[^>]*>(.*?)</faultcode>", body)
    return m.group(1) if m else f.group(1) if f and line.startswith("500 ") else line + body


def log_in(user, password):
    return ask("<o:UsernameToken><o:Username>%s</o:Username><o:Password>%s</o:Password></o:UsernameToken>" % (user, password))


good = log_in("alice", "Wonder-Land-42")
tap.ok(alice in good and alice in ask(good), "alice's assertion is as good as her password", good[:200])
sig = re.search("<ds:Signature .*?</ds:Signature>", good, re.S).group(0)
body, own = good.replace(sig, ""), re.search(' ID="([^"]*)"', good).group(1)
evil = body.replace(alice, mallory).replace(own, "_evil")
DENIED, MALFORMED, TWO = "wst:FailedAuthentication", "S:Client", "wsse:InvalidSecurity"


def behind_issuer(what, into=None):
    return (into or evil).replace("</saml2:Issuer>", "</saml2:Issuer>" + what, 1)


ATTACKS = {
    "changed": (good.replace(alice, mallory), DENIED),
    "unsigned": (body, DENIED),
    "XSW 1": (behind_issuer(sig.replace("</ds:Signature>", body + "</ds:Signature>")), DENIED),
    "XSW 2": (body + behind_issuer(sig), TWO),
    "XSW 3": (evil + good, TWO),
    "XSW 4": (evil.replace("</saml2:Assertion>", good + "</saml2:Assertion>"), DENIED),
    "XSW 5": (behind_issuer(sig) + body, TWO),
    "XSW 5, the original elsewhere": (behind_issuer(sig), DENIED, '<w:x xmlns:w="urn:x">' + body + "</w:x>"),
    "XSW 6": (behind_issuer(sig.replace("</ds:SignatureValue>", "</ds:SignatureValue>" + body)), DENIED),
    "XSW 7": ("<x>" + body + "</x>" + good.replace(alice, mallory), MALFORMED),
    "XSW 8": (behind_issuer(sig.replace("</ds:Signature>", "<ds:Object>" + body + "</ds:Object></ds:Signature>")), DENIED),
    "two signatures": (good.replace(sig, sig + sig), DENIED),
    "a comment in NameID": (good.replace(alice, alice[:8] + "<!-- -->" + alice[8:]), DENIED),
    "xml:id": (good.replace("<saml2:Subject>", '<saml2:Subject xml:id="x">'), MALFORMED),
    "repeated ID": ('<x ID="%s"/>' % own + good, MALFORMED),
    "XSLT": (good.replace(DS + "enveloped-signature", "http://www.w3.org/TR/1999/REC-xslt-19991116"), DENIED),
    "HMAC": (re.sub('SignatureMethod Algorithm="[^"]*"', 'SignatureMethod Algorithm="http://www.w3.org/2001/04/xmldsig-more#hmac-sha256"', good), DENIED),
    "an external reference": (good.replace('URI="#' + own, 'URI="http://127.0.0.1:9/#' + own), DENIED),
    "a file": (good.replace('URI="#' + own, 'URI="file:///etc/passwd'), DENIED),
    "another tenant's": (None, DENIED),
}
BEFORE = {
    "a document type": "<!DOCTYPE x>",
    "an entity bomb": "<!DOCTYPE x [<!ENTITY a 'aaaaaaaaaa'>" + "".join("<!ENTITY %s '%s'>" % (b, ("&%s;" % a) * 10) for a, b in zip("abcdefgh", "bcdefghi")) + "]>",
    "XXE, a file": '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>',
    "XXE, the network": '<!DOCTYPE x SYSTEM "http://127.0.0.1:%d/x.dtd">' % lwd.port("http"),
    "a processing instruction": '<?xml-stylesheet href="file:///etc/passwd"?>',
}
lwd.must(*BETA, "grant", "create", "permit authenticated may token audience none attrs(sub);")
lwd.user("alice", "Wonder-Land-42", "beta.example")
line, theirs = curl("/sts/STSService/beta.example", "-H", "Content-Type: text/xml", "--data-binary",
                    '<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/"><e:Header><o:Security xmlns:o="%ssecext-1.0.xsd"><o:UsernameToken><o:Username>alice</o:Username><o:Password>'
                    'Wonder-Land-42</o:Password></o:UsernameToken></o:Security></e:Header><e:Body><t:RequestSecurityToken xmlns:t="%s"><t:RequestType>%s/Issue</t:RequestType>'
                    "</t:RequestSecurityToken></e:Body></e:Envelope>" % (WSS, WST, WST))
ATTACKS["another tenant's"] = (re.search("<wst:RequestedSecurityToken>(.*)</wst:RequestedSecurityToken>", theirs, re.S).group(1), DENIED)
trace = os.path.join(lwd.dir, "strace")
tracer = None
if shutil.which("strace") and os.geteuid() == 0 and not SANITIZED:
    tracer = subprocess.Popen(["strace", "-f", "-q", "-o", trace, "-e", "trace=open,openat,openat2,stat,newfstatat,access,readlink,socket,connect,execve,accept4",
                               "-p", str(lwd.role_pid("web"))], stderr=subprocess.DEVNULL)
    wait_for(lambda: ask(good).startswith("<") and os.path.exists(trace) and "accept4" in open(trace).read())
for name, (credential, want, *header) in ATTACKS.items():
    got = ask(credential, "", *header)
    tap.ok(got == want, "refused: " + name, got[:300])
for name, before in BEFORE.items():
    got = ask(good, before)
    tap.ok(got == MALFORMED, "refused: " + name, got[:300])
tap.ok(alice in ask(good), "hers is still good")
if tracer:
    tracer.terminate()
    tracer.wait()
    calls = [c for c in open(trace).read().splitlines() if "accept4" not in c and "(" in c and "+++" not in c and "---" not in c]
    tap.ok("accept4" in open(trace).read() and not calls, "all that while web opened no file and no connection", "\n".join(calls))
else:
    tap.skip("web opens no file and no connection", "strace, or who may use it, is not here")

lwd.must("tenant", "disable", "beta.example")
tap.ok(curl("/websso/SAML2/Metadata/beta.example")[0].startswith("404"), "a tenant that is shut: as if it were not there")

lwd.close(tap)
tap.done()
