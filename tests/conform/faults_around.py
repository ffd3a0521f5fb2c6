#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What surrounds lwd is not as it should be: a clock that jumps, certificates that end, another user, bad starts.
LWD_FAULTS names the parts to run (default: all)."""
import os
import random
import shutil
import ssl
import stat
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import lwdtest  # noqa: E402
from lwdtest import ADMIN_PASSWORD, LWCTL, LWD, SANITIZED, SLOW, Lwd, run, wait_for  # noqa: E402
from faulttest import ROOT, SUFFIX, add_person, check_clean, connect, main, tap, uids, works  # noqa: E402

import ldap  # noqa: E402


# ---- the clock ----

DAY = 86400


def certificates(lwd):
    """The listener's chain, PEM."""
    out = run(["openssl", "s_client", "-connect", "127.0.0.1:%d" % (636 + lwd.offset), "-showcerts"], stdin="").stdout
    parts = out.split("-----BEGIN CERTIFICATE-----")[1:]
    return ["-----BEGIN CERTIFICATE-----" + p.split("-----END")[0] + "-----END CERTIFICATE-----\n" for p in parts]


def dates(pem):
    """notBefore and notAfter."""
    out = run(["openssl", "x509", "-noout", "-dates"], stdin=pem).stdout
    return [ssl.cert_time_to_seconds(line.split("=", 1)[1]) for line in out.splitlines()]


def verified(lwd, chain, at):
    """Whether the chain is valid at that time, by openssl and the root that lwctl shows."""
    names = []
    for name, text in (("leaf", chain[0]), ("rest", "".join(chain[1:])), ("root", lwd.must("ca", "show", "--root"))):
        names.append(os.path.join(lwd.dir, name + ".pem"))
        open(names[-1], "w").write(text)
    p = run(["openssl", "verify", "-attime", str(int(at)), "-CAfile", names[2], "-untrusted", names[1], "-purpose", "sslserver", names[0]])
    return p.returncode == 0, p.stdout + p.stderr


def renewed(lwd, what):
    """The listener's certificate is soon one that is valid at the turned time and for 20 days more."""
    def fine():
        chain = certificates(lwd)
        begin, end = dates(chain[0]) if chain else (0, 0)
        return begin <= lwd.now() and end > lwd.now() + 20 * DAY
    tap.ok(wait_for(fine, 15, 0.25), what, certificates(lwd)[:1])
    chain = certificates(lwd)
    good, said = verified(lwd, chain, lwd.now())
    tap.ok(good, what + ": the chain verifies against the root then", said)
    return chain


def part_clock():
    lwd = Lwd().init()
    lwd.turn_clock(0)
    lwd.start()
    lwd.user("tim", "Time-Flies-1")
    pids = [lwd.role_pid(r) for r in ("keyd", "directory", "kdc", "web")]
    first = certificates(lwd)
    begin, end = dates(first[0])
    tap.ok(29 * DAY < end - time.time() < 31 * DAY, "the listener's certificate is good for 30 days")

    # back by an hour, and forward by less than a session's life
    c = connect(lwd)
    tls = connect(lwd, "", "", lwd.ldaps)
    for turn, name in ((-3600, "an hour back"), (2 * 3600, "two hours ahead")):
        lwd.turn_clock(turn)
        tap.eq(works(c.search_s, SUFFIX, ldap.SCOPE_BASE), None, "the clock jumps %s: an open connection reads" % name)
        tap.eq(works(add_person, c, "jump%d" % abs(turn)), None, "the clock jumps %s: and writes" % name)
        tap.eq(works(connect, lwd, "tim@acme.example", "Time-Flies-1"), None, "the clock jumps %s: logins" % name)
        tap.eq(works(lwd.user, "jumper%d" % abs(turn), "Time-Flies-2"), None, "the clock jumps %s: lwctl" % name)
    # a day: the sessions are over, the connections are not
    lwd.turn_clock(DAY)
    try:
        add_person(c, "too-late")
        tap.ok(False, "a session ends by the clock")
    except ldap.LDAPError as e:
        tap.ok(not isinstance(e, ldap.SERVER_DOWN), "a session ends by the clock, with a result code (%s)" % type(e).__name__)
    tap.eq(works(connect, lwd, "tim@acme.example", "Time-Flies-1"), None, "and a new one begins")

    # two thirds of the certificate's life
    lwd.turn_clock(21 * DAY)
    second = renewed(lwd, "after 21 days the listener has a new certificate")
    tap.ok(dates(second[0])[1] > end and lwd.now() < end, "before the first one ended")
    tap.eq(works(tls.search_s, "", ldap.SCOPE_BASE), None, "a connection under the old certificate lives on")
    tap.ok(second[1] == first[1], "the installation CA stays")

    # the installation CA's turn comes
    installation = os.path.join(lwd.data, "keys", "installation.pem")
    before = open(installation).read()
    lwd.turn_clock(4 * 365 * DAY)
    third = renewed(lwd, "after 4 years everything but the root has ended or soon will")
    tap.ok(third[1] != first[1] and dates(third[1])[1] > lwd.now() + 4 * 365 * DAY, "keyd has renewed the installation CA", dates(third[1]))
    kept = open(installation).read()
    tap.ok(kept != before and kept.strip() == third[1].strip(), "and has stored it from within its sandbox")
    tap.eq(stat.S_IMODE(os.stat(installation).st_mode), 0o644, "with its mode")
    tap.eq([lwd.role_pid(r) for r in ("keyd", "directory", "kdc", "web")], pids, "nothing was restarted by all this")
    tap.eq([e for e in lwd.events() if e.get("event") == "certificate" and e.get("level") in ("warn", "error")], [], "no certificate was refused")
    tap.eq(lwd.stop(), 0, "lwd stops")

    # started when all but the root, then the root too, have long ended
    for years, root in ((13, True), (40, False)):
        lwd.turn_clock(years * 365 * DAY)
        tap.eq(works(lwd.start), None, "lwd starts %d years later" % years)
        if root:
            renewed(lwd, "then its certificates are new")
        tap.eq(works(connect, lwd, "tim@acme.example", "Time-Flies-1"), None, "and it serves")
        tap.eq(works(lwd.user, "later%d" % years, "Time-Flies-3"), None, "and lwctl works")
        tap.eq(lwd.stop(), 0, "and it stops")
    lwd.turn_clock(0)
    lwd.start()
    tap.eq(works(lambda: add_person(connect(lwd), "again")), None, "back in the present it starts and writes")
    check_clean(lwd, "after all the jumps")
    lwd.close(tap)


# ---- another user ----

def as_user(uid, args, **kw):
    return run(["setpriv", "--reuid=%d" % uid, "--regid=%d" % uid, "--clear-groups"] + args, **kw)


def part_user():
    if not ROOT:
        tap.skip("lwd as another user", "needs CAP_SETUID; the other parts run as an ordinary user already")
        return
    owner, other = 54321, 54322
    lwd = Lwd()
    os.chmod(lwd.dir, 0o755)
    prog = os.path.join(lwd.dir, "bin")
    os.mkdir(prog)
    for p in (LWD, LWCTL):
        shutil.copy(p, prog)
    os.mkdir(lwd.data)
    os.chown(lwd.data, owner, owner)
    pw = lwd.password_file(ADMIN_PASSWORD, "admin.pw")
    os.chown(pw, owner, owner)
    lwctl = [os.path.join(prog, "lwctl"), "--data", lwd.data]
    p = as_user(owner, lwctl + ["init", "--domain", "acme.example", "--admin-password-file", pw, "--port-offset", str(lwd.offset)], env=lwd.env, cwd="/")
    tap.eq((p.returncode, p.stderr), (0, ""), "init as an ordinary user, into a folder that is there")
    open(lwd.logpath, "w").close()
    os.chown(lwd.logpath, owner, owner)
    os.chmod(lwd.dir, 0o1777)  # sanitizers write their reports there
    saved, lwdtest.LWD = lwdtest.LWD, os.path.join(prog, "lwd")
    try:
        lwd.start(prefix=["setpriv", "--reuid=%d" % owner, "--regid=%d" % owner, "--clear-groups"])
    finally:
        lwdtest.LWD = saved
    uids_ = {open("/proc/%d/status" % lwd.role_pid(r)).read().split("Uid:")[1].split()[0] for r in ("keyd", "directory", "kdc", "web")}
    tap.eq(uids_, {str(owner)}, "the roles run as that user")
    for uid, name in ((owner, "the owner"), (0, "root")):
        p = as_user(uid, lwctl + ["user", "create", "user%d" % uid, "--password-file", "-"], stdin="User-Of-Mine-1", env=lwd.env, cwd="/")
        tap.eq((p.returncode, p.stderr), (0, ""), "lwctl as %s" % name)
        p = as_user(uid, ["ldapwhoami", "-Q", "-Y", "EXTERNAL", "-H", lwd.ldapi], env=lwd.env, cwd="/")
        tap.eq(p.returncode, 0, "EXTERNAL over ldapi as %s" % name)
    p = as_user(other, lwctl + ["user", "list"], env=lwd.env, cwd="/")
    tap.ok(p.returncode == 77 and p.stderr.count("\n") == 1 and not p.stdout, "lwctl as anyone else: refused, exit 77", (p.returncode, p.stdout, p.stderr))
    p = as_user(other, ["ldapwhoami", "-Q", "-Y", "EXTERNAL", "-H", lwd.ldapi], env=lwd.env, cwd="/")
    tap.ok(p.returncode == 49, "EXTERNAL over ldapi as anyone else: 49", (p.returncode, p.stdout, p.stderr))
    p = as_user(other, ["ldapwhoami", "-x", "-D", "user0@acme.example", "-w", "User-Of-Mine-1", "-H", lwd.ldapi], env=lwd.env, cwd="/")
    tap.eq(p.returncode, 0, "but a password will do there")
    os.chmod(os.path.join(lwd.data, "run", "control.sock"), 0o666)
    p = as_user(other, lwctl + ["user", "list"], env=lwd.env, cwd="/")
    tap.ok(p.returncode == 77 and not p.stdout, "lwctl as anyone else on a socket made open by mistake: refused all the same", (p.returncode, p.stdout, p.stderr))
    p = as_user(other, [os.path.join(prog, "lwd"), "--data", lwd.data], env=lwd.env, cwd="/", timeout=20)
    tap.ok(p.returncode == 78 and p.stderr.count("\n") == 1, "lwd as anyone else: one line, exit 78", (p.returncode, p.stderr))
    modes = {}
    for base, dirs, files in os.walk(lwd.data):
        for n in dirs + files:
            path = os.path.join(base, n)
            st = os.lstat(path)
            modes[os.path.relpath(path, lwd.data)] = stat.S_IMODE(st.st_mode)
            if st.st_uid != owner:
                tap.ok(False, path + " belongs to the owner", st.st_uid)
    tap.eq((modes["keys"], modes["keys/master.key"], modes["keys/root.key.sealed"], modes["keys/installation.key.sealed"]),
           (0o700, 0o600, 0o600, 0o600), "keys: 0700, and 0600 in it")
    tap.eq([k for k, m in modes.items() if m & 0o002 and k != "run/ldapi" and k != "run/control.sock"], [], "nothing is writable by everyone")
    tap.eq([k for k, m in modes.items() if k.startswith("db/") and m & 0o007], [], "the database can't be read by everyone")
    lwd.close(tap)


# ---- bad starts ----

def part_starts():
    lwd = Lwd().init()
    lwd.start()
    add_person(connect(lwd), "here")
    lwd.stop()
    db, keys, conf = (os.path.join(lwd.data, n) for n in ("db/data.mdb", "keys/master.key", "lwd.conf"))
    size = os.path.getsize(db)
    text = open(conf).read()
    kept = os.path.join(lwd.dir, "kept")
    shutil.copytree(lwd.data, kept)

    def put(path, data):
        with open(path, "wb") as f:
            f.write(data if isinstance(data, bytes) else data.encode())

    def turn_pages():
        data = bytearray(open(db, "rb").read())
        data[8192:] = random.Random(7).randbytes(len(data) - 8192)
        put(db, bytes(data))

    foreign = os.path.join(lwd.dir, "foreign.c")
    put(foreign, '#include <lmdb.h>\nint main(int c, char **v) { MDB_env *e; MDB_txn *t; MDB_dbi d; MDB_val k = { 1, "a" };\n'
        "return mdb_env_create(&e) || mdb_env_open(e, v[1], MDB_NOSUBDIR, 0600) || mdb_txn_begin(e, 0, 0, &t) ||\n"
        "mdb_dbi_open(t, 0, 0, &d) || mdb_put(t, d, &k, &k, 0) || mdb_txn_commit(t); }\n")
    run(["gcc", "-o", foreign + ".x", foreign, "-llmdb"])

    def other_lmdb():
        os.unlink(db)
        if run([foreign + ".x", db]).returncode != 0:
            raise RuntimeError("no foreign database")

    root_only = [("lwd.conf is a folder", lambda: (os.unlink(conf), os.mkdir(conf)), "lwd.conf")]
    cases = [
        ("data.mdb is empty", lambda: put(db, b""), "db"),
        ("data.mdb is cut to a page", lambda: os.truncate(db, 4096), "db"),
        ("data.mdb is cut to its two heads", lambda: os.truncate(db, 8192), "db"),
        ("data.mdb is cut by half", lambda: os.truncate(db, size // 2 & ~4095), "db"),
        ("data.mdb is garbage", lambda: put(db, os.urandom(size)), "db"),
        ("data.mdb has garbage behind its heads", turn_pages, "db"),
        ("data.mdb is someone else's LMDB file", other_lmdb, "db"),
        ("data.mdb is text", lambda: put(db, "hello\n"), "db"),
        ("there is no data.mdb", lambda: os.unlink(db), "db"),
        ("there is no db", lambda: shutil.rmtree(os.path.dirname(db)), "db"),
        ("there is no master.key", lambda: os.unlink(keys), "master.key"),
        ("there are no keys", lambda: shutil.rmtree(os.path.dirname(keys)), "keys"),
        ("master.key is open to others", lambda: os.chmod(keys, 0o644), "chmod 600"),
        ("master.key is short", lambda: os.truncate(keys, 20), "backup"),
        ("master.key is damaged", lambda: put(keys, b"\xff" * os.path.getsize(keys)), "backup"),
        ("another installation's master.key", lambda: None, "master.key"),
        ("installation.pem is damaged", lambda: put(os.path.join(lwd.data, "keys/installation.pem"), "x"), "installation.pem"),
        ("installation.key.sealed is missing", lambda: os.unlink(os.path.join(lwd.data, "keys/installation.key.sealed")), "installation.key.sealed"),
        ("there is no lwd.conf", lambda: os.unlink(conf), "lwd.conf"),
        ("lwd.conf has a key that nobody knows", lambda: put(conf, text + "colour = blue\n"), "colour"),
        ("a number that is none", lambda: put(conf, text + "limits.connections = many\n"), "limits.connections"),
        ("a time that is none", lambda: put(conf, text + "shutdown.time = soon\n"), "shutdown.time"),
        ("a word that is not one of them", lambda: put(conf, text + "log.level = loud\n"), "log.level"),
        ("an address that is none", lambda: put(conf, text + "listen = 300.1.1.1\n"), "listen"),
        ("no domain", lambda: put(conf, "port-offset = %d\n" % lwd.offset), "domain"),
        ("another domain", lambda: put(conf, text.replace("acme.example", "other.example")), "other.example"),
        ("lwd.conf is no text", lambda: put(conf, bytes(range(256))), "lwd.conf"),
        ("lwd.conf is too long", lambda: put(conf, "# long\n" * 200000), "lwd.conf"),
    ] + root_only
    master = Lwd().init()
    for name, spoil, says in cases:
        shutil.rmtree(lwd.data)
        shutil.copytree(kept, lwd.data)
        spoil()
        if name.startswith("another installation's"):
            shutil.copy2(os.path.join(master.data, "keys", "master.key"), keys)
        start = time.monotonic()
        try:
            p = run([LWD, "--data", lwd.data], env=lwd.env, timeout=8)
            lines = [x for x in p.stderr.splitlines() if not x.startswith("{")]
            plain = lines[0] if len(lines) == 1 else ""
            tap.ok(p.returncode == 78 and plain.startswith("lwd: ") and says in plain, "%s: one line, exit 78 (%s)" % (name, plain.replace(lwd.dir, "")),
                   (p.returncode, p.stderr[-1500:]))
            starts = p.stderr.count('"role-started"')
            tap.ok(starts <= 4 and time.monotonic() - start < 5 * SLOW, "%s: nothing is started again and again" % name, starts) if starts > 4 else None
        except subprocess.TimeoutExpired:
            tap.ok(False, "%s: lwd ends" % name)
            break
    # and lwctl
    shutil.rmtree(lwd.data)
    shutil.copytree(kept, lwd.data)
    lwd.start()
    bad = os.path.join(lwd.dir, "no-such-file")
    for args, status in (
            (["user", "show", "nobody"], 4), (["user", "create", "admin", "--password-file", lwd.admin_file], 5),
            (["user", "create", "x", "--password-file", bad], 1), (["user", "create", "x", "--password-file", lwd.dir], 1),
            (["user", "create"], 2), (["user", "create", "x", "--colour", "blue"], 2), (["-o", "xml", "user", "list"], 2),
            (["-t", "nowhere.example", "user", "list"], 4), (["tenant", "create", "sub.acme.example", "--admin-password-file", lwd.admin_file], 1),
            (["tenant", "create", "acme.example", "--admin-password-file", lwd.admin_file], 5), (["grant", "create", "nonsense"], 1),
            (["user", "set", "admin", "noSuchAttribute=1"], 1), (["user", "list", "--nonsense"], 2)):
        p = lwd.ctl(*args)
        tap.ok(p.returncode == status and p.stderr.count("\n") == 1 and not p.stdout, "lwctl %s: one line, exit %d" % (" ".join(args).replace(lwd.dir, ""), status),
               (p.returncode, p.stdout, p.stderr))
    lwd.stop()
    for args, env in ((["--data", bad, "user", "list"], {}), (["--data", lwd.data, "user", "list"], {}), (["user", "list"], {"LWD_DATA": bad})):
        p = run([LWCTL] + args, env=env)
        tap.ok(p.returncode in (75, 78) and p.stderr.count("\n") == 1, "lwctl %s without a server: one line, exit %d" % (" ".join(args).replace(lwd.dir, ""), p.returncode), p)
    shutil.rmtree(master.dir)
    lwd.start()
    tap.eq(uids(connect(lwd), "here"), {"here"}, "and the kept data start as ever")
    lwd.close(tap)


PARTS = {"clock": part_clock, "starts": part_starts, "user": part_user}
if SANITIZED:
    del PARTS["clock"]  # half a minute; by hand: LWD_SANITIZED=0
main(PARTS)
