#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""lwctl key rotate master and tls: under load with no failed request; and with kill -9 of keyd, directory or everything at any moment of it, while tenants come
and go: what is there afterwards works, repeating finishes it, and the former master key opens nothing.  LWD_ROUNDS (default 10)."""
import glob
import json
import os
import random
import shutil
import subprocess
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from lwdtest import ADMIN_PASSWORD, LWCTL, LWD, SLOW, Lwd, Tap, run, wait_for  # noqa: E402

import ldap  # noqa: E402

ROUNDS = int(os.environ.get("LWD_ROUNDS", "10"))
seed = int(os.environ.get("LWD_SEED", random.randrange(1 << 30)))
rng = random.Random(seed)
print("# LWD_SEED=%d" % seed)

tap = Tap()
lwd = Lwd().init()
lwd.start()
TENANTS = ["acme.example"] + ["t%d.example" % i for i in range(3)]
for t in TENANTS[1:]:
    lwd.must("tenant", "create", t, "--admin-password-file", lwd.admin_file)
KEYS = os.path.join(lwd.data, "keys")


def master():
    with open(os.path.join(KEYS, "master.key"), "rb") as f:
        return f.read()


def bind(tenant, tls=True):
    c = ldap.initialize(lwd.ldap)
    c.set_option(ldap.OPT_X_TLS_CACERTFILE, os.path.join(lwd.data, "ca.pem"))
    c.set_option(ldap.OPT_X_TLS_NEWCTX, 0)
    c.set_option(ldap.OPT_NETWORK_TIMEOUT, 20 * SLOW)
    c.set_option(ldap.OPT_TIMEOUT, 20 * SLOW)
    if tls:
        c.start_tls_s()
    c.simple_bind_s("admin@" + tenant, ADMIN_PASSWORD)
    return c


def suffix(tenant):
    return ",".join("dc=" + p for p in tenant.split("."))


# ---- under load ----
stop = threading.Event()
done, failed = [0], []


def load(work):
    while not stop.is_set():
        try:
            work()
            done[0] += 1
        except Exception as e:  # noqa: BLE001
            failed.append("%s: %r" % (work.__name__, e))


def logins():
    bind(random.choice(TENANTS)).unbind_s()


def changes(count=[0]):
    count[0] += 1
    open_one.modify_s("uid=admin,ou=people," + suffix("acme.example"), [(ldap.MOD_REPLACE, "description", b"%d" % count[0])])
    open_tls.search_s(suffix("t1.example"), ldap.SCOPE_SUBTREE)


def curl(path, *how):
    p = run(["curl", "-sSf", "--cacert", os.path.join(lwd.data, "ca.pem"), *how, "https://localhost:%d/api/v1/tenants/acme.example/%s" % (lwd.port("https"), path)])
    if p.returncode:
        raise RuntimeError(p.stderr)
    return p.stdout


def web():
    curl("whoami", "-H", "Authorization: Bearer " + token)  # of a session from before it all
    curl("login", "-X", "POST", "-u", "admin:" + ADMIN_PASSWORD)


def keys():
    p = lwd.ctl("-t", random.choice(TENANTS), "key", "list")
    if p.returncode:
        raise RuntimeError(p.stderr)


token = json.loads(curl("login", "-X", "POST", "-u", "admin:" + ADMIN_PASSWORD))["token"]
open_one, open_tls = bind("acme.example", tls=False), bind("t1.example")
threads = [threading.Thread(target=load, args=(w,)) for w in (logins, logins, changes, web, keys)]
for t in threads:
    t.start()
wait_for(lambda: done[0] > 20)
first, seen, codes = master(), {master()}, []
for i in range(4):
    begun = done[0]
    for kind in ("master", "tls"):
        codes.append(lwd.ctl("key", "rotate", kind).returncode)
    seen.add(master())
    wait_for(lambda: done[0] > begun + 20)
lwd.must("tenant", "create", "made.example", "--admin-password-file", lwd.admin_file)
stop.set()
for t in threads:
    t.join()
tap.eq(codes, [0] * 8, "four rotations of each under load")
tap.eq(len(seen), 5, "each time another master key")
tap.ok(not failed and done[0] > 100, "%d requests meanwhile, and none failed" % done[0], "\n".join(failed[:5]))
tap.eq(lwd.ctl("-t", "t1.example", "key", "rotate", "master").returncode, 77, "a tenant's own operator call is refused")
tap.ok(len(lwd.events("certificate")) >= 10, "the log says that there are new certificates")
open_one.unbind_s()
open_tls.unbind_s()


# ---- killed ----
def works(what):
    bad = []
    for t in TENANTS:
        try:
            bind(t, tls=False).unbind_s()
        except ldap.LDAPError as e:
            bad.append("%s: %r" % (t, e))
    return tap.ok(not bad, what, "\n".join(bad))


def kill(who):
    if who == "all":
        lwd.kill_all()
        lwd.start()
        return
    if lwd.role_pid(who):
        lwd.kill_role(who)
    wait_for(lambda: lwd.role_pid(who))


former, cut = [], 0
for i in range(ROUNDS):
    who = ("keyd", "directory", "all", "keyd")[i % 4]
    former.append(master())
    env = {**os.environ, **lwd.env}
    rotation = subprocess.Popen([LWCTL, "--data", lwd.data, "key", "rotate", "master"], env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    name = "r%d.example" % i
    others = [subprocess.Popen([LWCTL, "--data", lwd.data, "tenant", "create", name, "--admin-password-file", lwd.admin_file], env=env, stdout=subprocess.DEVNULL,
                               stderr=subprocess.DEVNULL)]
    if i:
        others.append(subprocess.Popen([LWCTL, "--data", lwd.data, "tenant", "delete", "r%d.example" % (i - 1)], env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))
    time.sleep(rng.random() * 0.12 * SLOW)
    kill(who)
    cut += os.path.exists(os.path.join(KEYS, "master.key.next"))
    for p in [rotation] + others:
        p.wait()
    lwd.ctl("status", "--wait", str(20 * SLOW))
    works("round %d, %s killed: everybody logs in" % (i, who))
    again = [75]

    def repeated():
        again.append(lwd.ctl("key", "rotate", "master").returncode)
        return again[-1] != 75
    wait_for(repeated, 20, 0.1)
    tap.eq(again[-1], 0, "round %d: repeating finishes it" % i)
    left = [os.path.basename(p) for p in glob.glob(KEYS + "/*") if ".next" in p or ".old" in p or p.endswith(".new")]
    tap.ok(not left and master() not in former + [first], "round %d: one master key, and a new one" % i, left)
    if lwd.ctl("tenant", "show", name).returncode == 0:
        try:
            bind(name, tls=False).unbind_s()
        except ldap.LDAPError as e:
            tap.ok(False, "round %d: the tenant that was made meanwhile" % i, repr(e))
print("# %d of %d were cut short" % (cut, ROUNDS))

# what upkeep does alone: a rotation that nobody repeats
before = master()
rotation = subprocess.Popen([LWCTL, "--data", lwd.data, "key", "rotate", "master"], env={**os.environ, **lwd.env}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
wait_for(lambda: os.path.exists(os.path.join(KEYS, "master.key.next")) or rotation.poll() is not None, step=0.0005)
lwd.kill_all()
rotation.wait()
lwd.start()
tap.ok(wait_for(lambda: not glob.glob(KEYS + "/master.key.*"), 15), "what was cut short is finished by itself after a restart", glob.glob(KEYS + "/*"))
works("and everybody logs in")
tap.eq(lwd.ctl("check").returncode, 0, "lwctl check is clean")
tap.eq(lwd.stop(), 0, "lwd stops")

# ---- the former ones ----
copy = os.path.join(lwd.dir, "copy")
shutil.copytree(lwd.data, copy, ignore=shutil.ignore_patterns("run"))
for old in {first, before} - {master()}:
    with open(os.path.join(copy, "keys", "master.key"), "wb") as f:
        f.write(old)
    p = run([LWD, "--data", copy], env=lwd.env)
    tap.ok(p.returncode == 78 and "does not open" in p.stderr, "a former master key opens nothing: lwd does not start with it", (p.returncode, p.stderr[-500:]))
lwd.close(tap)
tap.done()
