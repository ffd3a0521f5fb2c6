#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""10,000 people and 500 groups that Debian's slapd wrote with slapcat go into lwd with ldapadd; then slapd and lwd answer the same
1,000 random searches, compared value by value. LWD_PEOPLE and LWD_SEARCHES make it smaller (sanitizer builds)."""
import os
import random
import re
import signal
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from lwdtest import ADMIN_PASSWORD, Lwd, Tap, free_offset, wait_for  # noqa: E402

import ldap  # noqa: E402
import ldap.filter  # noqa: E402

PEOPLE, GROUPS = int(os.environ.get("LWD_PEOPLE", "10000")), int(os.environ.get("LWD_GROUPS", "500"))
SEARCHES = int(os.environ.get("LWD_SEARCHES", "1000"))
SEED = int(os.environ.get("LWD_SEED", "4711"))
SUFFIX = "dc=acme,dc=example"
OPERATIONAL = ("structuralObjectClass", "entryUUID", "creatorsName", "createTimestamp", "entryCSN", "modifiersName", "modifyTimestamp")
rnd = random.Random(SEED)
FIRST = ["Anna", "Bert", "Clara", "José", "Zoë", "Dietrich", "Erika", "Frank", "Günther", "Hans", "Ibrahim", "Jürgen", "Åsa", "Łucja"]
LAST = ["Adler", "Baum", "Müller", "von der Heide", "O'Neil", "Smith, Jr.", "García", "Nguyễn", "Straße", "Δελτα", "Fuchs (ext)", "Graf*"]
TITLES = ["Engineer", "engineer", "Manager", "Head of R&D", "Intern"]


def ldif_value(attr, value):
    import base64
    raw = value.encode()
    if raw[:1] in (b" ", b":", b"<") or raw.endswith(b" ") or any(b > 126 or b < 32 for b in raw):
        return "%s:: %s\n" % (attr, base64.b64encode(raw).decode())
    return "%s: %s\n" % (attr, value)


def entry(dn, attrs):
    together = {}  # slapadd wants an attribute's values in one run
    for a, v in attrs:
        together.setdefault(a, []).append(v)
    return ldif_value("dn", dn) + "".join(ldif_value(a, v) for a, vs in together.items() for v in dict.fromkeys(vs)) + "\n"


def people():
    for i in range(PEOPLE):
        first, last = rnd.choice(FIRST), rnd.choice(LAST)
        attrs = [("objectClass", "inetOrgPerson"), ("uid", "user%d" % i), ("cn", "%s %s" % (first, last)), ("sn", last), ("givenName", first),
                 ("mail", "user%d@%s.example" % (i, rnd.choice(["acme", "mail.acme"])))]
        if i % 2:
            attrs.append(("telephoneNumber", "+49 30 %d-%02d" % (i, i % 100)))
        if i % 3 == 0:
            attrs += [("title", rnd.choice(TITLES)), ("description", "number  %d of  many" % i)]
        if i % 5 == 0:
            attrs += [("cn", "Alias %d" % i), ("employeeType", "contractor"), ("l", "Zürich")]
        if i % 7 == 0:
            attrs += [("objectClass", "posixAccount"), ("uidNumber", str(1000 + i)), ("gidNumber", str(i % 40)), ("homeDirectory", "/home/user%d" % i)]
        yield "uid=user%d,ou=people,%s" % (i, SUFFIX), attrs


def groups():
    for i in range(GROUPS):
        members = rnd.sample(range(PEOPLE), rnd.randrange(1, 20))
        yield "cn=Group %d,ou=groups,%s" % (i, SUFFIX), [("objectClass", "groupOfNames"), ("cn", "Group %d" % i),
                                                         ("description", rnd.choice(TITLES))] + \
            [("member", "uid=user%d,ou=people,%s" % (m, SUFFIX)) for m in members]


CONF = """include /etc/ldap/schema/core.schema
include /etc/ldap/schema/cosine.schema
include /etc/ldap/schema/inetorgperson.schema
include /etc/ldap/schema/nis.schema
modulepath /usr/lib/ldap
moduleload back_mdb
pidfile %(dir)s/slapd.pid
loglevel none
sizelimit unlimited
database mdb
suffix "dc=acme,dc=example"
rootdn "cn=root,dc=acme,dc=example"
rootpw %(pw)s
directory %(dir)s/db
maxsize 4294967296
index objectClass,uid,member,uidNumber eq
index cn,mail eq,sub
"""


class Slapd:
    def __init__(self, work):
        self.dir = os.path.join(work, "slapd")
        os.makedirs(os.path.join(self.dir, "db"))
        self.conf = os.path.join(self.dir, "slapd.conf")
        open(self.conf, "w").write(CONF % {"dir": self.dir, "pw": ADMIN_PASSWORD})

    def load(self, ldif):
        p = subprocess.run(["/usr/sbin/slapadd", "-q", "-f", self.conf], input=ldif, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        if p.returncode != 0:
            raise RuntimeError("slapadd: " + p.stderr[-2000:])

    def cat(self):
        return subprocess.run(["/usr/sbin/slapcat", "-o", "ldif-wrap=no", "-f", self.conf], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                              text=True, check=True).stdout

    def start(self):
        self.uri = "ldap://127.0.0.1:%d/" % (389 + free_offset())
        self.proc = subprocess.Popen(["/usr/sbin/slapd", "-d", "0", "-f", self.conf, "-h", self.uri])

        def up():
            try:
                ldap.initialize(self.uri).simple_bind_s()
                return True
            except ldap.SERVER_DOWN:
                return False
        if not wait_for(up, 20):
            raise RuntimeError("slapd did not start")

    def stop(self):
        self.proc.send_signal(signal.SIGTERM)
        self.proc.wait()


def leaf():
    i = rnd.randrange(PEOPLE)
    esc = ldap.filter.escape_filter_chars
    return rnd.choice([
        lambda: "(uid=USER%d)" % i,
        lambda: "(uid=user%d)" % (i + PEOPLE),
        lambda: "(cn=%s %s)" % (esc(rnd.choice(FIRST).upper()), esc(rnd.choice(LAST))),
        lambda: "(cn=%s*)" % esc(rnd.choice(FIRST)[:3]),
        lambda: "(cn=*%s)" % esc(rnd.choice(LAST)[-4:].lower()),
        lambda: "(cn=*%s*%s*)" % (esc(rnd.choice(FIRST)[1:3]), esc(rnd.choice(LAST)[1:4])),
        lambda: "(cn=Alias  %d)" % (i - i % 5),
        lambda: "(mail=user%d*@mail.acme.example)" % (i % 100),
        lambda: "(mail=*%d@*)" % i,
        lambda: "(sn=%s)" % esc(rnd.choice(LAST)),
        lambda: "(telephoneNumber=+4930%d%02d)" % (i, i % 100),
        lambda: "(telephoneNumber=*%d*)" % i,
        lambda: "(title=ENGINEER)",
        lambda: "(description=number %d of many)" % i,
        lambda: "(description=number*many)",
        lambda: "(employeeType=*)",
        lambda: "(l=zürich)",
        lambda: "(uidNumber=%d)" % (1000 + i - i % 7),
        lambda: "(uidNumber>=%d)" % (1000 + i),
        lambda: "(uidNumber<=%d)" % (1000 + i // 10),
        lambda: "(gidNumber>=%d)" % (i % 40),
        lambda: "(member=uid=User%d, ou=People, %s)" % (i, SUFFIX.upper()),
        lambda: "(objectClass=posixAccount)",
        lambda: "(objectClass=person)",
        lambda: "(noSuchAttribute=x)",
        lambda: "(jpegPhoto=*)",
        lambda: "(cn:caseExactMatch:=%s %s)" % (esc(rnd.choice(FIRST)), esc(rnd.choice(LAST))),
    ])()


def random_filter(depth=0):
    k = rnd.random()
    if depth > 2 or k < 0.5:
        return leaf()
    if k < 0.7:
        return "(&%s)" % "".join(random_filter(depth + 1) for _ in range(rnd.randrange(1, 4)))
    if k < 0.88:
        return "(|%s)" % "".join(random_filter(depth + 1) for _ in range(rnd.randrange(1, 4)))
    return "(!%s)" % random_filter(depth + 1)


def normal(result):
    out = {}
    for dn, attrs in result:
        if dn is None or "uid=admin," in dn or "cn=administrators," in dn:
            continue
        out[re.sub(r"\s*,\s*", ",", dn.lower())] = {a.lower(): sorted(v) for a, v in attrs.items()}
    return out


def ask(conn, base, scope, filt, attrs):
    try:
        return 0, normal(conn.search_s(base, scope, filt, attrs))
    except ldap.LDAPError as e:
        return e.args[0].get("result"), e.args[0].get("matched", "").lower()


tap = Tap()
lwd = Lwd().init().start()
slapd = Slapd(lwd.dir)
slapd.load(entry(SUFFIX, [("objectClass", "dcObject"), ("objectClass", "organization"), ("o", "acme"), ("dc", "acme")]) +
           "".join(entry("ou=%s,%s" % (ou, SUFFIX), [("objectClass", "organizationalUnit"), ("ou", ou)]) for ou in ("people", "groups")) +
           "".join(entry(dn, attrs) for dn, attrs in people()) + "".join(entry(dn, attrs) for dn, attrs in groups()))
records = slapd.cat().strip().split("\n\n")[3:]
plain = "\n\n".join("\n".join(line for line in r.split("\n") if line.split(":")[0] not in OPERATIONAL) for r in records) + "\n"
path = os.path.join(lwd.dir, "people.ldif")
open(path, "w").write(plain)
p = lwd.client("ldapadd", "-x", "-H", lwd.ldap, "-D", "admin@acme.example", "-y", lwd.admin_file, "-f", path, timeout=600)
tap.ok(p.returncode == 0 and p.stdout.count("adding new entry") == PEOPLE + GROUPS, "ldapadd of %d people and %d groups" % (PEOPLE, GROUPS),
       p.stderr[-2000:])
slapd.start()
a, b = ldap.initialize(slapd.uri), ldap.initialize(lwd.ldap)
a.simple_bind_s("cn=root," + SUFFIX, ADMIN_PASSWORD)
b.simple_bind_s("admin@acme.example", ADMIN_PASSWORD)
differ, compared, hits = [], 0, 0
for n in range(SEARCHES):
    filt = "(&(|(objectClass=inetOrgPerson)(objectClass=groupOfNames))%s)" % random_filter()
    base = rnd.choice([SUFFIX, "ou=people," + SUFFIX, "OU=Groups, " + SUFFIX, "uid=user%d,ou=people,%s" % (rnd.randrange(PEOPLE * 2), SUFFIX)])
    scope = rnd.choice([ldap.SCOPE_SUBTREE, ldap.SCOPE_SUBTREE, ldap.SCOPE_ONELEVEL, ldap.SCOPE_BASE, ldap.SCOPE_SUBORDINATE])
    attrs = rnd.choice([None, ["*"], ["cn", "mail"], ["1.1"], ["name"], ["member", "description"], ["telephoneNumber", "uidNumber"]])
    want, got = ask(a, base, scope, filt, attrs), ask(b, base, scope, filt, attrs)
    compared += 1
    hits += len(want[1]) if want[0] == 0 else 0
    if want != got:
        only_a = {k: v for k, v in (want[1].items() if want[0] == 0 else []) if got[0] != 0 or got[1].get(k) != v}
        only_b = {k: v for k, v in (got[1].items() if got[0] == 0 else []) if want[0] != 0 or want[1].get(k) != v}
        differ.append("%s scope %d %s %s: slapd %s, lwd %s\n slapd: %s\n lwd:   %s" % (
            base, scope, filt, attrs, want[0], got[0], str(dict(list(only_a.items())[:2]))[:400], str(dict(list(only_b.items())[:2]))[:400]))
tap.ok(not differ, "%d random searches (seed %d) get slapd's answers, value by value (%d entries)" % (compared, SEED, hits),
       "%d differ\n" % len(differ) + "\n".join(differ[:6]))
tap.ok(hits > SEARCHES, "and they found something")
slapd.stop()
lwd.close(tap)
tap.done()
