#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What docs/architecture.md says under "Which file to open" is true: in a copy of the source an LDAP control, an enctype, a route, a
certificate profile and a subcommand are added, each by one row of the table named there, a file of its own where it has code (with its name in
local.mk and a line that declares it), and nothing else. The copy is built, and stock clients meet all five."""
import os
import re
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
TOP = os.path.realpath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))
WORK = tempfile.mkdtemp(prefix="lwd-howto-")
COPY, BUILD = os.path.join(WORK, "lwd"), os.path.join(WORK, "build")
os.environ["LWD_BIN"] = BUILD
from lwdtest import Lwd, Tap, run  # noqa: E402
from krbtest import ETYPE_INFO2, KRB_ERROR, METHOD_DATA, as_req, ask_tcp, decoder, error_code  # noqa: E402

SPDX = "/* SPDX-License-Identifier: Apache-2.0 */\n"
# what it is called in the page's table, the table's file, the row, the line that it follows; its code: file, text, declaration and its header
ADDITIONS = {
    "an LDAP operation, extended operation, control": (
        "ldap/controls.c", '\t{ "1.3.6.1.4.1.99999.1", "postReadAll", ACCESS_READ, LDAPD_ON_MODIFY, ldapd_get_post_all },', '"dontUseCopy"',
        "ldap/post_all.c", '#include "ldap/conn.h"\n\nint ldapd_get_post_all(struct lw_arena *a, const struct ldapd_control *c, struct ldapd_ctls *ret)\n'
        "{\n\tret->post_read = true;\n\treturn c->has_value ? LW_EINVAL : store_attrsel_new(a, NULL, 0, &ret->post);\n}\n",
        "int ldapd_get_post_all(struct lw_arena *, const struct ldapd_control *, struct ldapd_ctls *);", "ldap/conn.h"),
    "an enctype": (
        "base/enctype.c", '\t{ -8512, "aes256-cts-hmac-sha512-192", true, LW_SHA512, 32, 32, 24, -8512, 32768 },', '{ 20, "aes256', None, None, None, None),
    "an HTTP route": (
        "lwd/web_health.c", '\t{ .method = HTTP_GET, .pattern = "/.well-known/security.txt", .right = ACCESS_READ, .auth = HTTP_AUTH_NONE, .quick = true, '
        ".run = web_security_txt },", '"/livez", .right',
        "lwd/web_security.c", '#include "lwd/web.h"\n\n#include "base/err.h"\n\nint web_security_txt(void *ctx, struct http_request *q, struct http_response *a)\n'
        '{\n\tweb_put_text(a, "text/plain", "Contact: mailto:security@acme.example\\n");\n\treturn LW_OK;\n}\n',
        "int web_security_txt(void *ctx, struct http_request *, struct http_response *);", "lwd/web.h"),
    "a kind of certificate": (
        "ca/profiles.c", '\t{ "code-signing", 30, LEAF, SIGN, NULL, "codeSigning", CA_NAME_EMAIL, 0, CA_WHO_PERSON },', "CA_NAME_REALM, CA_WHO_KDC }",
        None, None, None, None),
    "a subcommand of lwctl": (
        "cli/main.c", '\t{ "shout", NULL, "TEXT", "say it aloud", cmd_shout, NULL },', '{ "whoami", NULL',
        "cli/shout.c", '#include <stdio.h>\n\n#include "cli/lwctl.h"\n\nint cmd_shout(struct lwctl *c, const struct command *cmd)\n'
        '{\n\tif (c->argc != 1)\n\t\treturn usage(c, cmd);\n\tprintf("%s!\\n", c->argv[0]);\n\treturn EX_DONE;\n}\n',
        "int cmd_shout(struct lwctl *, const struct command *);", "cli/lwctl.h"),
}
tap = Tap()


def copy_of_source():
    for at, folders, files in os.walk(TOP):
        here = os.path.relpath(at, TOP)
        folders[:] = [f for f in folders if f not in (".git", "autom4te.cache", "corpus") and not f.startswith("build") and
                      not os.path.exists(os.path.join(at, f, "config.status")) and not os.path.exists(os.path.join(at, f, "run", "lwd.pid"))]
        os.makedirs(os.path.join(COPY, here))
        for f in files:
            if not f.endswith((".o", ".a")):
                shutil.copy2(os.path.join(at, f), os.path.join(COPY, here, f))


def insert(path, line, after, before=False):
    """One line into a file of the copy, behind the only line that has `after` in it (or in front of it)."""
    path = os.path.join(COPY, path)
    lines = open(path).read().split("\n")
    at = [i for i, l in enumerate(lines) if after in l]
    assert len(at) == 1, (path, after, at)
    lines.insert(at[0] if before else at[0] + 1, line)
    open(path, "w").write("\n".join(lines))


def add(table, row, after, file, code, declaration, header):
    insert(table, row, after)
    if file:
        guard = re.search(r"^#ifndef (\w+)$", open(os.path.join(COPY, header)).read(), re.M).group(1)
        assert guard
        path = os.path.join(COPY, header)
        text = open(path).read().rstrip()
        assert text.endswith("#endif"), header
        open(path, "w").write(text[:-len("#endif")] + declaration + "\n\n#endif\n")
        open(os.path.join(COPY, file), "w").write(SPDX + code)
        make = os.path.join(COPY, os.path.dirname(table), "local.mk")
        text = open(make).read()
        assert text.count(" " + table) + text.count("\t" + table) == 1, table
        open(make, "w").write(text.replace(table, table + " " + file))


def built():
    os.makedirs(BUILD)
    log = open(os.path.join(WORK, "log"), "w+")
    for where, command in ((COPY, ["autoreconf", "-fi"]), (BUILD, [COPY + "/configure", "-q", "--enable-werror", "CFLAGS=-O0"]),
                           (BUILD, ["make", "-s", "-j%d" % os.cpu_count(), "bin/lwd", "bin/lwctl"])):
        if subprocess.run(command, cwd=where, stdout=log, stderr=subprocess.STDOUT).returncode:
            log.seek(0)
            return log.read()[-3000:]
    return None


def offered(lwd, name, etype):
    """The enctypes of the KDC's hint for a client that knows this one only."""
    rep = decoder.decode(ask_tcp(88 + lwd.offset, as_req("ACME.EXAMPLE", name, etypes=(etype,))), asn1Spec=KRB_ERROR())[0]
    for pa in decoder.decode(rep["e-data"].asOctets(), asn1Spec=METHOD_DATA())[0]:
        if int(pa["padata-type"]) == 19:
            return [int(e["etype"]) for e in decoder.decode(pa["padata-value"].asOctets(), asn1Spec=ETYPE_INFO2())[0]]
    return []


page = open(os.path.join(TOP, "docs", "architecture.md")).read()
copy_of_source()
for name, (table, row, after, file, code, declaration, header) in ADDITIONS.items():
    told = re.search(r"^\| %s \| (.*) \| .* \|$" % re.escape(name), page, re.M)
    tap.ok(told and ("`%s`" % table in told.group(1) or "`lwd/web_*.c`" in told.group(1)), "the page sends to %s for %s" % (table, name))
    add(table, row, after, file, code, declaration, header)
changed = subprocess.run(["diff", "-rq", "-x", ".git", "-x", "build*", "-x", "autom4te.cache", "-x", "corpus", TOP, COPY], stdout=subprocess.PIPE, text=True).stdout
mine = sorted({re.sub(r".*%s/?" % re.escape(COPY), "", l.replace(": ", "/").split(" differ")[0]) for l in changed.splitlines() if COPY in l})
want = sorted({x for a in ADDITIONS.values() for x in ([a[0]] + ([a[3], a[6], os.path.dirname(a[0]) + "/local.mk"] if a[3] else []))})
tap.ok(mine == want, "nothing else is touched: a row each, a file with its name in local.mk, a declaration", (mine, want))
problem = built()
tap.ok(problem is None, "it builds without a warning", problem)
if problem is None:
    lwd = Lwd().init().start()
    lwd.user("alice", "Wonder-Land-42")
    uri = ["-x", "-H", "ldap://127.0.0.1:%d" % (389 + lwd.offset), "-D", "uid=alice,ou=people,dc=acme,dc=example", "-w", "Wonder-Land-42"]
    change = "dn: uid=alice,ou=people,dc=acme,dc=example\nchangetype: modify\nreplace: description\ndescription: curiouser\n"
    p = run(["ldapmodify"] + uri + ["-e", "!1.3.6.1.4.1.99999.1"], stdin=change)
    tap.ok(p.returncode == 0, "ldapmodify with the new control, critical", p)
    p = run(["ldapmodify"] + uri + ["-e", "!1.3.6.1.4.1.99999.2"], stdin=change)
    tap.ok(p.returncode == 12, "and with one that is not there: unavailableCriticalExtension", p)
    p = run(["ldapsearch"] + uri + ["-LLL", "-s", "base", "-b", "", "supportedControl"])
    tap.ok("supportedControl: 1.3.6.1.4.1.99999.1\n" in p.stdout, "the root DSE names it", p)
    tap.ok(offered(lwd, "alice", -8512) == [-8512], "the KDC offers the new enctype to who knows no other", offered(lwd, "alice", -8512))
    tap.ok(offered(lwd, "alice", 20) == [20], "the others as before")
    tap.eq(error_code(ask_tcp(88 + lwd.offset, as_req("ACME.EXAMPLE", "alice", etypes=(-8513,)))), 14, "and what is in no row: ETYPE_NOSUPP")
    p = run(["curl", "-sk", "https://127.0.0.1:%d/.well-known/security.txt" % (443 + lwd.offset)])
    tap.ok(p.stdout == "Contact: mailto:security@acme.example\n", "curl meets the new route", p)
    key, csr = os.path.join(WORK, "key.pem"), os.path.join(WORK, "csr.pem")
    run(["openssl", "req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", key, "-out", csr, "-subj", "/CN=alice"])
    p = lwd.ctl("cert", "issue", "--csr", csr, "--profile", "code-signing", "--subject", "user:alice", "--out", os.path.join(WORK, "cert.pem"))
    q = run(["openssl", "x509", "-in", os.path.join(WORK, "cert.pem"), "-noout", "-ext", "extendedKeyUsage"])
    tap.ok(p.returncode == 0 and "Code Signing" in q.stdout, "a certificate of the new profile", (p, q))
    p = run([os.path.join(BUILD, "bin", "lwctl"), "shout", "curiouser"])
    tap.ok(p.returncode == 0 and p.stdout == "curiouser!\n", "the new subcommand", p)
    p = run([os.path.join(BUILD, "bin", "lwctl"), "--help"])
    tap.ok(re.search(r"shout TEXT\s+say it aloud", p.stdout), "which --help lists", p)
    lwd.close(tap)
shutil.rmtree(WORK)
tap.done()
