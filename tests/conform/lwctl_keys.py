#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""lwctl keytab, key and print: files and exit codes. Tickets with them are kerberos.py's."""
import os
import stat
import struct
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from lwdtest import LWCTL, Lwd, Tap, run  # noqa: E402

tap = Tap()
lwd = Lwd().init("--hostname", "lwd.acme.example").start()
lwd.must("tenant", "create", "beta.example", "--admin-password-file", lwd.admin_file)
lwd.user("alice", "Wonder-Land-42")
WEB, ETYPES = "HTTP/web1.acme.example", {17, 18, 19, 20}
for kind, name in (("service", WEB), ("service", "web"), ("host", "h1.acme.example"), ("service", "twice"), ("host", "twice")):
    lwd.must(kind, "create", name)
lwd.must("-t", "beta.example", "service", "create", WEB)


def path(name):
    return os.path.join(lwd.dir, name)


def entries(data):
    """(principal, kvno, enctype, key) of a keytab, by the format's description."""
    assert data[:2] == b"\5\2", data[:2]
    at, found = 2, []
    while at < len(data):
        size, = struct.unpack_from(">i", data, at)
        body, pos, parts = data[at + 4:at + 4 + size], 2, []
        for _ in range(struct.unpack_from(">H", body)[0] + 1):
            n, = struct.unpack_from(">H", body, pos)
            parts.append(body[pos + 2:pos + 2 + n].decode())
            pos += 2 + n
        etype, n = struct.unpack_from(">HH", body, pos + 9)
        key = body[pos + 13:pos + 13 + n]
        kvno, = struct.unpack_from(">I", body, pos + 13 + n)
        assert pos + 13 + n + 4 == size and kvno & 255 == body[pos + 8]
        found.append(("/".join(parts[1:]) + "@" + parts[0], kvno, etype, key))
        at += 4 + size
    return found


def of(name):
    with open(path(name), "rb") as f:
        return entries(f.read())


def get(name, out, *more, tenant=None):
    return lwd.ctl(*(["-t", tenant] if tenant else []), "keytab", "get", name, "--out", path(out), *more)


def kvnos(name, principal):
    return sorted({e[1] for e in of(name) if e[0] == principal})


# ---- who is who ----
for i, (name, principal) in enumerate((
        (WEB, WEB), ("service:" + WEB, WEB), (WEB + "@ACME.EXAMPLE", WEB), ("web", "web"), ("h1.acme.example", "host/h1.acme.example"),
        ("host:h1.acme.example", "host/h1.acme.example"), ("host/h1.acme.example", "host/h1.acme.example"), ("twice", "twice"),
        ("host:twice", "host/twice"), ("cn=web,ou=services,dc=acme,dc=example", "web"))):
    p = get(name, "who%d" % i)
    got = of("who%d" % i) if p.returncode == 0 else []
    tap.ok({e[0] for e in got} == {principal + "@ACME.EXAMPLE"} and {e[2] for e in got} == ETYPES and len(got) == 4, "keytab get " + name, (p, got))
for name, code in (("alice", 77), ("user:alice", 77), ("admin", 77), ("alice@ACME.EXAMPLE", 77), ("nobody", 4), ("group:administrators", 4),
                   ("krbtgt/ACME.EXAMPLE", 4), ("kadmin/changepw", 4), (WEB + "@BETA.EXAMPLE", 4), ("cn=" + WEB + ",ou=services,dc=beta,dc=example", 4)):
    p = get(name, "refused")
    tap.ok(p.returncode == code and p.stderr and not os.path.exists(path("refused")), "keytab get %s: exit %d" % (name, code), p)
tap.eq(get("web", "refused", tenant="gamma.example").returncode, 4, "no such tenant: exit 4")
for args in (("keytab", "get", "web"), ("keytab", "get", "--out", path("refused")), ("keytab", "get", "web", "web", "--out", path("refused")),
             ("keytab", "get", "web", "--out", path("refused"), "--rotated")):
    tap.eq(lwd.ctl(*args).returncode, 2, "usage: " + " ".join(args[2:]).replace(lwd.dir, ""))
tap.ok(not [f for f in os.listdir(lwd.dir) if f.startswith("refused")], "and nothing is left behind", os.listdir(lwd.dir))

# ---- appending ----
get("web", "kt")
first = of("kt")
tap.eq(stat.S_IMODE(os.stat(path("kt")).st_mode), 0o600, "mode 0600")
get("web", "kt")
tap.eq(of("kt"), first, "the same again adds nothing")
get(WEB, "kt")
get(WEB, "kt", tenant="beta.example")
tap.eq(of("kt")[:4], first, "what was there stays in front")
tap.eq({e[0] for e in of("kt")}, {"web@ACME.EXAMPLE", WEB + "@ACME.EXAMPLE", WEB + "@BETA.EXAMPLE"}, "three principals in one file")
keys = {e[0]: e[3] for e in of("kt") if e[2] == 20}
tap.ok(keys[WEB + "@ACME.EXAMPLE"] != keys[WEB + "@BETA.EXAMPLE"], "of the same name in two tenants: other keys")
before = os.stat(path("kt")).st_ino
p = get("web", "kt", "--rotate")
tap.eq((p.returncode, kvnos("kt", "web@ACME.EXAMPLE")), (0, [1, 2]), "--rotate adds the next kvno")
tap.ok(os.stat(path("kt")).st_ino != before and [e for e in of("kt") if e in first] == first, "in a new file, the old keys among them")
get("web", "fresh")
tap.eq(sorted(of("fresh")), sorted(e for e in of("kt") if e[0] == "web@ACME.EXAMPLE"), "a fresh file gets the kept keys as well, and nothing was rotated")
with open(path("empty"), "wb"):
    pass
tap.eq((get("web", "empty").returncode, len(of("empty"))), (0, 8), "an empty file is filled")
os.symlink(path("real"), path("link"))
get("web", "real")
tap.ok(get(WEB, "link").returncode == 0 and os.path.islink(path("link")) and len(of("real")) == 12, "through a symbolic link")
for name, octets in (("text", b"hello\n"), ("old", b"\5\1" + b"\0" * 20), ("cut", open(path("kt"), "rb").read()[:-3])):
    with open(path(name), "wb") as f:
        f.write(octets)
    p = get("twice", name, "--rotate")
    tap.ok(p.returncode == 1 and open(path(name), "rb").read() == octets, "no keytab of version 0x0502 (%s): refused and left alone" % name, p)
get("twice", "twice")
tap.eq(kvnos("twice", "twice@ACME.EXAMPLE"), [1], "and no key was made for it")
p = get("web", "nowhere/kt")
tap.ok(p.returncode == 1 and "nowhere" in p.stderr, "no such folder", p)
tap.ok(not [f for f in os.listdir(lwd.dir) if ".XXXXXX" in f or f.startswith("kt.")], "no temporary file stays", os.listdir(lwd.dir))
q = subprocess.run([LWCTL, "--data", lwd.data, "keytab", "get", "web", "--out", "-"], stdout=subprocess.PIPE, env=dict(os.environ, **lwd.env))
tap.eq(sorted(entries(q.stdout)), sorted(of("fresh")), "--out - writes the keytab and nothing else")
j = lwd.ctl_json("keytab", "get", "web", "--out", path("json"))
tap.eq((j["name"], j["kvno"], "keytab" in j), ("web", 2, False), "JSON tells of it without the keys")
p = lwd.client("klist", "-k", "-e", "-K", path("fresh"))
tap.ok(p.returncode == 0 and all("(0x%s)" % e[3].hex() in p.stdout for e in of("fresh")), "klist reads the same keys", p)

# ---- passwords ----
lwd.must("service", "passwd", "twice", "--password-file", "-", stdin="A-Long-Password-1")
get("twice", "pw")
tap.eq(kvnos("pw", "twice@ACME.EXAMPLE"), [1, 2], "a service's password is the next kvno, the former key is kept")
lwd.must("service", "delete", "twice")
lwd.must("service", "create", "twice")
get("twice", "again")
tap.ok(kvnos("again", "twice@ACME.EXAMPLE") == [1] and not {e[3] for e in of("again")} & {e[3] for e in of("pw")}, "made again it inherits no key")

# ---- keys of the realm ----
def krbtgt(*tenant):
    return [r for r in lwd.ctl_json(*tenant, "key", "list")["items"] if r["name"] == "kerberos"]


rows = krbtgt()
tap.eq([(r["name"], r["kvno"], r["current"]) for r in rows], [("kerberos", 1, True)], "key list")
for _ in range(3):
    p = lwd.ctl("key", "rotate", "kerberos")
tap.eq(p.returncode, 0, "key rotate kerberos")
p = lwd.ctl("key", "rotate", "kerberos")
tap.ok(p.returncode == 77 and "--now" in p.stderr, "a fifth would take the first away, under which tickets are good: exit 77", p)
tap.eq(lwd.ctl("key", "rotate", "kerberos", "--now").returncode, 0, "key rotate kerberos --now")
p = lwd.ctl("key", "list")
lines = p.stdout.splitlines()
tap.ok(all(w in lines[0].split() for w in ("name", "kvno", "keyId", "algorithm", "created", "ageDays", "state", "usedFrom", "nextRotation", "neededUntil", "neededBy")) and
       len({line.index(w) for line in lines[1:] for w in ("current", "former") if w in line.split()}) == 1, "the table has a column for each thing", p)
rows = krbtgt()
tap.eq([(r["kvno"], r["current"]) for r in rows], [(5, True), (4, False), (3, False), (2, False)], "the former three are kept")
tap.eq([r["kvno"] for r in krbtgt("-t", "beta.example")], [1], "another tenant's are its own")
tap.eq(lwd.ctl("key", "rotate", "junk").returncode, 2, "no such kind: exit 2")
tap.eq((lwd.ctl("key", "rotate").returncode, lwd.ctl("-t", "gamma.example", "key", "rotate", "kerberos").returncode), (2, 4), "usage, no such tenant")
p = lwd.ctl("service", "create", "krbtgt/OTHER.EXAMPLE")
tap.ok(p.returncode == 1 and "reserved" in p.stderr, "a service can't be called krbtgt/…", p)

# ---- print ----
p = lwd.ctl("print", "krb5.conf")
tap.ok("default_realm = ACME.EXAMPLE" in p.stdout and "kdc = 127.0.0.1:%d\n" % (88 + lwd.offset) in p.stdout and
       "kpasswd_server = 127.0.0.1:%d\n" % (464 + lwd.offset) in p.stdout and ".acme.example = ACME.EXAMPLE" in p.stdout, "print krb5.conf", p)
p = lwd.ctl("print", "krb5.conf", "-t", "beta.example")
tap.ok("default_realm = BETA.EXAMPLE" in p.stdout and "lwd.acme.example = BETA.EXAMPLE" in p.stdout, "of another tenant, with lwd's own host name", p)
show = lwd.dir + "/show"
os.mkdir(show)
SHOW = 'eval "$("%s" --data "%s" %%s print env)" && echo "$LWD_TENANT $KRB5_CONFIG"' % (LWCTL, lwd.data)
p = run(["bash", "-c", SHOW % ""], env=lwd.env)
conf = os.path.join(os.path.realpath(lwd.data), "krb5.conf")
tap.eq(p.stdout, "acme.example %s\n" % conf, "print env: KRB5_CONFIG")
tap.eq((open(conf).read(), stat.S_IMODE(os.stat(conf).st_mode)), (lwd.must("print", "krb5.conf"), 0o644), "the file is as printed, for everybody to read")
before = os.stat(conf).st_ino
run(["bash", "-c", SHOW % ""], env=lwd.env)
tap.eq(os.stat(conf).st_ino, before, "it stays when it is right")
with open(conf, "a") as f:
    f.write("# changed\n")
run(["bash", "-c", SHOW % ""], env=lwd.env)
tap.eq(open(conf).read(), lwd.must("print", "krb5.conf"), "and is put right when it is not")
p = run(["bash", "-c", SHOW % "-t beta.example"], env=lwd.env)
tap.eq(p.stdout, "beta.example %s-beta.example.conf\n" % conf[:-5], "of another tenant")
tap.eq(lwd.ctl("print", "sssd.conf").returncode, 78, "print sssd.conf: exit 78")
for listen, host in (("0.0.0.0", "lwd.acme.example"), ("127.0.0.1,192.0.2.7", "lwd.acme.example"), ("::1", "[::1]"), ("127.0.0.2,::1", "127.0.0.2")):
    other = path("data-" + listen.replace(":", "_"))
    run([LWCTL, "--data", other, "init", "--domain", "acme.example", "--admin-password-file", lwd.admin_file, "--hostname", "lwd.acme.example", "--listen", listen],
        env=lwd.env)
    p = run([LWCTL, "--data", other, "print", "krb5.conf"], env=lwd.env)
    tap.ok("kdc = %s:88\n" % host in p.stdout, "listening on %s: the KDC is %s" % (listen, host), p)
lwd.close(tap)
sys.exit(tap.done())
