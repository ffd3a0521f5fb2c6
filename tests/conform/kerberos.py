#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""MIT's clients and python3-gssapi against a real lwd with two tenants: kinit, klist, kvno, kpasswd, contexts with a keytab."""
import os
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from lwdtest import ADMIN_PASSWORD, LWCTL, SANITIZED, Lwd, Tap, run  # noqa: E402
from krbtest import Person, ask_tcp, converse, error_code, raw_login, set_password  # noqa: E402

import gssapi  # noqa: E402

tap = Tap()
lwd = Lwd().init().start()
PW, NEW, OTHER = "Wonder-Land-42", "Looking-Glass-43", "Another-Pass-9"
KDC = 88 + lwd.offset
WEB = "HTTP/web1.acme.example"
TGT = "krbtgt/ACME.EXAMPLE@ACME.EXAMPLE"
AES = ("aes256-cts-hmac-sha384-192", "aes128-cts-hmac-sha256-128", "aes256-cts-hmac-sha1-96", "aes128-cts-hmac-sha1-96")
TCP = "[libdefaults]\n udp_preference_limit = 1\n"
HOUR, DAY = 3600, 86400

lwd.must("tenant", "create", "beta.example", "--admin-password-file", lwd.admin_file)
lwd.user("alice", PW)
lwd.user("bob", PW)
lwd.user("alice", OTHER, "beta.example")
lwd.must("service", "create", WEB)
lwd.must("host", "create", "web1.acme.example")
lwd.must("-t", "beta.example", "service", "create", "HTTP/web1.beta.example")


def good(p, name):
    return tap.ok(p.returncode == 0, name, p)


def refused(p, text, name):
    return tap.ok(p.returncode != 0 and text in p.stderr, name, p)


def near(got, want):
    return got is not None and abs(got - want) < 30 * (4 if SANITIZED else 1)


# ---- as printed ----
script = 'eval "$("%s" --data "%s" print env)" && kinit alice && klist -s && klist' % (LWCTL, lwd.data)
p = run(["bash", "-c", script], stdin=PW + "\n", env=dict(lwd.env, KRB5CCNAME="FILE:" + os.path.join(lwd.dir, "as-printed")))
tap.ok(p.returncode == 0 and "Default principal: alice@ACME.EXAMPLE" in p.stdout, 'kinit after eval "$(lwctl print env)"', p)
tap.ok("krbtgt/ACME.EXAMPLE@ACME.EXAMPLE" in p.stdout, "klist shows the ticket", p)

# ---- kinit ----
alice, tcp = Person(lwd), Person(lwd, extra=TCP)
good(alice.kinit("alice", PW, traced=True), "kinit over UDP")
tap.ok("Sending initial UDP request" in alice.trace and "TCP" not in alice.trace, "over UDP it was", alice.trace)
who, t = alice.tickets()
tap.eq((who, sorted(t)), ("alice@ACME.EXAMPLE", [TGT]), "the ticket is alice's")
tap.ok("I" in t[TGT]["flags"] and "A" in t[TGT]["flags"], "initial, pre-authenticated", t)
tap.eq(t[TGT]["tkt"], AES[0], "sealed with the realm's strongest key")
good(tcp.kinit("alice", PW, traced=True), "kinit over TCP")
tap.ok("Sending TCP request to stream 127.0.0.1:%d" % KDC in tcp.trace and "UDP" not in tcp.trace, "over TCP it was", tcp.trace)
wrong, unknown = alice.copy().kinit("alice", "Not-Her-Password-1"), alice.copy().kinit("nobody", "Not-Her-Password-1")
refused(wrong, "kinit: ", "a wrong password")
tap.eq((unknown.returncode, unknown.stderr), (wrong.returncode, wrong.stderr), "an unknown name fares the same")
p = alice.copy().kinit("alice@NOWHERE.EXAMPLE", PW)
tap.ok(p.returncode != 0, "a realm that is not there", p)

full = Person(lwd)
started = time.time()
good(full.kinit("alice", PW, "-f", "-p", "-r", "2d", "-l", "1h"), "kinit -f -p -r 2d -l 1h")
t = full.tickets()[1][TGT]
tap.eq("".join(sorted(t["flags"])), "AFIPR", "forwardable, proxiable, renewable")
tap.ok(near(t["end"], started + HOUR) and near(t.get("renew"), started + 2 * DAY), "it ends in an hour, and may be renewed for two days", t)
good(full.kinit("alice", PW, "-F", "-P", "-l", "10m"), "kinit -F -P -l 10m")
t = full.tickets()[1][TGT]
tap.eq("".join(sorted(t["flags"])), "AI", "neither forwardable nor proxiable")
refused(full.run("kinit", "-R"), "", "what is not renewable can't be renewed")
good(full.kinit("alice", PW, "-r", "1d", "-l", "20m"), "kinit -r 1d -l 20m")
before = full.tickets()[1][TGT]
good(full.run("kinit", "-R"), "kinit -R")
t = full.tickets()[1][TGT]
tap.ok(t.get("renew") == before["renew"] and near(t["end"], time.time() + 20 * 60) and "R" in t["flags"],
       "renewed: the same life again, the same end of renewing", t)
good(full.kinit("alice", PW, "-l", "1000d", "-r", "1000d"), "kinit asking for a thousand days")
t = full.tickets()[1][TGT]
tap.ok(t["end"] < time.time() + 2 * DAY and t.get("renew", 0) < time.time() + 60 * DAY, "gets what the policy allows", t)

refused(full.kinit("alice", PW, "-s", "1h"), "", "kinit -s: no postdated tickets")
refused(full.run("kinit", "-n", "@ACME.EXAMPLE"), "", "kinit -n: no anonymous ones")

ent = Person(lwd)
good(ent.kinit("alice@acme.example", PW, "-E"), "kinit -E alice@acme.example")
tap.eq(ent.tickets()[0], "alice@ACME.EXAMPLE", "is alice")
good(ent.kinit("ALICE", PW, "-C"), "kinit -C ALICE")
tap.eq(ent.tickets()[0], "alice@ACME.EXAMPLE", "is alice")
p = ent.kinit("alice@beta.example", OTHER, "-E")
tap.ok(p.returncode != 0 or ent.tickets()[0] == "alice@BETA.EXAMPLE", "kinit -E of another tenant's alice is no other alice", p)

# ---- services ----
keytab = os.path.join(lwd.dir, "web.keytab")
refused(alice.run("kvno", WEB), "", "a service that never had a keytab has no tickets")
p = lwd.ctl("keytab", "get", WEB, "--out", keytab)
tap.eq(p.returncode, 0, "lwctl keytab get")
tap.eq(os.stat(keytab).st_mode & 0o777, 0o600, "it is for its owner alone")
for name, tenant in (("web1.acme.example", "acme.example"), ("HTTP/web1.beta.example", "beta.example")):
    lwd.must("-t", tenant, "keytab", "get", name, "--out", os.path.join(lwd.dir, "other.keytab"))
good(alice.run("kvno", WEB), "kvno of a service")
good(alice.run("kvno", "-S", "HTTP", "web1.acme.example"), "kvno -S HTTP of a host name")
p = alice.run("kvno", "host/web1.acme.example")
tap.ok(p.returncode == 0 and p.stdout.strip() == "host/web1.acme.example@ACME.EXAMPLE: kvno = 1", "kvno of a host", p)
good(tcp.run("kvno", WEB), "kvno over TCP")
t = alice.tickets()[1].get(WEB + "@ACME.EXAMPLE", {})
tap.eq(t.get("tkt"), AES[0], "the service's ticket is sealed with its strongest key")
refused(alice.run("kvno", "HTTP/none.acme.example"), "not found in Kerberos database", "kvno of none")
refused(alice.run("kvno", "bob"), "", "kvno of a person")
refused(alice.run("kvno", "HTTP/web1.beta.example@BETA.EXAMPLE"), "", "kvno of another tenant's service")
bob = Person(lwd)
good(bob.kinit("bob", PW), "bob's kinit")
p = alice.run("kvno", "--u2u", bob.cache, "bob")
tap.ok(p.returncode == 0 and "bob@ACME.EXAMPLE" in p.stdout, "kvno --u2u of bob, with bob's ticket", p)
refused(alice.copy().run("kvno", "--u2u", alice.cache, "bob"), "", "not with somebody else's")
refused(alice.run("kvno", "--out-cache", "FILE:" + alice.cache + "2", "-U", "bob", WEB), "", "alice can't have a ticket in bob's name")

p = alice.run("klist", "-k", "-e", keytab)
tap.ok(sorted(e for e in AES if "(%s)" % e in p.stdout) == sorted(AES) and p.stdout.count(WEB + "@ACME.EXAMPLE") == 4, "it has the four AES keys and no other", p)
good(alice.run("kvno", "-k", keytab, WEB), "the ticket opens with it")
web = Person(lwd)
good(web.run("kinit", "-k", "-t", keytab, WEB), "kinit -k -t as the service")
tap.eq(web.tickets()[0], WEB + "@ACME.EXAMPLE", "is the service")
for name in ("krbtgt/ACME.EXAMPLE", "alice", "user:alice", "kadmin/changepw"):
    out = os.path.join(lwd.dir, "no.keytab")
    p = lwd.ctl("keytab", "get", name, "--out", out)
    tap.ok(p.returncode in (1, 2, 4, 77) and not os.path.exists(out), "no keytab of " + name, p)

# ---- enctypes ----
for e in AES:
    one = Person(lwd, extra="[libdefaults]\n permitted_enctypes = %s\n default_tkt_enctypes = %s\n default_tgs_enctypes = %s\n" % (e, e, e))
    good(one.kinit("alice", PW), "kinit with %s alone" % e)
    good(one.run("kvno", WEB), "kvno with it")
    who, t = one.tickets()
    tap.eq({x["skey"] for x in t.values()}, {e}, "both session keys are of it")
for e in ("arcfour-hmac", "des3-cbc-sha1", "camellia256-cts-cmac"):
    one = Person(lwd, extra="[libdefaults]\n allow_weak_crypto = true\n allow_rc4 = true\n allow_des3 = true\n permitted_enctypes = %s\n" % e)
    refused(one.kinit("alice", PW), "KDC has no support for encryption type", "%s alone" % e)
    mixed = alice.copy()
    mixed.env["KRB5_CONFIG"] = one.conf
    refused(mixed.run("kvno", "--no-store", "host/web1.acme.example"), "", "kvno with %s alone" % e)

# ---- two tenants ----
beta = Person(lwd, "beta.example")
good(beta.kinit("alice@BETA.EXAMPLE", OTHER), "beta's alice has her own password")
tap.eq(beta.tickets()[0], "alice@BETA.EXAMPLE", "and realm")
good(beta.run("kvno", "HTTP/web1.beta.example@BETA.EXAMPLE"), "and services")
refused(beta.copy().kinit("alice@BETA.EXAMPLE", PW), "", "acme's alice's password is not hers")
refused(alice.copy().kinit("alice@ACME.EXAMPLE", OTHER), "", "nor the other way round")
tap.eq(raw_login(KDC, "acme.example", "alice", PW), 68, "the realm's name is upper case, exactly")
raw = raw_login(KDC, "ACME.EXAMPLE", "alice", PW)
tap.ok(not isinstance(raw, int), "a login by hand", raw)
tap.eq(error_code(ask_tcp(KDC, raw.request(WEB))), 0, "its ticket gets a service's")
code = error_code(ask_tcp(KDC, raw.request("HTTP/web1.beta.example", "BETA.EXAMPLE")))
tap.ok(code not in (0, None), "and nothing in the other realm", code)
code = error_code(ask_tcp(KDC, raw.request("krbtgt/BETA.EXAMPLE")))
tap.ok(code == 7, "no way from one to the other", code)
lwd.must("tenant", "create", "gamma.example", "--admin-password-file", lwd.admin_file)
gamma = Person(lwd, "gamma.example")
p = gamma.kinit("admin@GAMMA.EXAMPLE", open(lwd.admin_file).read())
good(p, "a tenant made now is a realm at once")

# ---- kpasswd ----
lwd.user("carol", PW)
carol = Person(lwd)


def kpasswd(person, *words):
    return converse(["kpasswd", "carol"], words, person.env)


status, said = kpasswd(carol, PW, NEW, NEW)
tap.ok(status == 0 and "Password changed" in said, "kpasswd", said)
good(carol.kinit("carol", NEW), "the new password")
refused(carol.kinit("carol", PW), "", "the old one is gone")
status, said = kpasswd(carol, NEW, "short", "short")
tap.ok(status != 0 and "too short" in said, "a short one is refused, and why", said)
status, said = kpasswd(carol, NEW, PW, PW)
tap.ok(status != 0 and "last" in said, "one used before as well", said)
status, said = kpasswd(carol, "Not-Her-Password-1", PW, PW)
tap.ok(status != 0, "the present one must be right", said)
status, said = kpasswd(Person(lwd, extra=TCP), NEW, "Third-Password-44", "Third-Password-44")
tap.ok(status == 0, "kpasswd over TCP", said)
admin = Person(lwd)
good(admin.kinit("admin", ADMIN_PASSWORD, "-S", "kadmin/changepw"), "the administrator's kinit -S kadmin/changepw")
got = set_password(admin, "bob", NEW)
tap.ok(got.split()[:1] == ["0"], "he sets bob's password", got)
tap.ok(Person(lwd).kinit("bob", NEW).returncode == 0 and Person(lwd).kinit("bob", PW).returncode != 0, "which is the password now")
got = set_password(admin, "bob", "short")
tap.ok(got.startswith("4 ") and "too short" in got, "a short one is refused: SOFTERROR, and why", got)
other = Person(lwd)
good(other.kinit("alice", PW, "-S", "kadmin/changepw"), "alice's")
got = set_password(other, "bob", PW)
tap.ok(got.startswith("5"), "alice may not: ACCESSDENIED", got)
got = set_password(admin, "alice@BETA.EXAMPLE", NEW)
tap.ok(not got.startswith("0"), "nor he another tenant's alice's", got)
tap.ok(beta.copy().kinit("alice@BETA.EXAMPLE", OTHER).returncode == 0, "who has her own")
good(carol.kinit("carol", "Third-Password-44", "-S", "kadmin/changepw"), "a ticket for changing the password")
refused(carol.run("kvno", WEB), "", "is good for nothing else")
chpw = raw_login(KDC, "ACME.EXAMPLE", "carol", "Third-Password-44", "kadmin/changepw")
code = isinstance(chpw, int) or error_code(ask_tcp(KDC, chpw.request(WEB)))
tap.ok(code not in (0, None, True), "is no ticket-granting ticket", code)

# ---- GSS-API ----
for k, v in alice.env.items():
    os.environ[k] = v
good(alice.kinit("alice", PW, "-f"), "kinit -f")
mech = gssapi.MechType.kerberos
target = gssapi.Name("HTTP@web1.acme.example", gssapi.NameType.hostbased_service)


def meet(flags=(), keytab=keytab, initiator=alice):
    """Both ends of a context; the acceptor's."""
    creds = gssapi.Credentials(usage="initiate", mechs=[mech], store={"ccache": "FILE:" + initiator.cache})
    want = gssapi.RequirementFlag.mutual_authentication | gssapi.RequirementFlag.integrity | gssapi.RequirementFlag.confidentiality
    for f in flags:
        want |= f
    a = gssapi.SecurityContext(name=target, creds=creds, mech=mech, usage="initiate", flags=want)
    b = gssapi.SecurityContext(creds=gssapi.Credentials(usage="accept", mechs=[mech], store={"keytab": keytab}), usage="accept")
    token = a.step()
    while token:
        token = b.step(token)
        if token:
            token = a.step(token)
    return a, b


def accepted(**args):
    """Whom the service accepts; why not."""
    try:
        return str(meet(**args)[1].initiator_name)
    except gssapi.exceptions.GSSError as e:
        return str(e)


a, b = meet()
tap.eq(str(b.initiator_name), "alice@ACME.EXAMPLE", "a service accepts alice with the keytab")
tap.eq(b.unwrap(a.wrap(b"hello", True).message).message, b"hello", "and opens what she seals")
a, b = meet([gssapi.RequirementFlag.delegate_to_peer])
got = Person(lwd)
b.delegated_creds.store(store={"ccache": "FILE:" + got.cache}, usage="initiate", mech=mech, overwrite=True, set_default=False)
who, t = got.tickets()
tap.ok(who == "alice@ACME.EXAMPLE" and "f" in t.get(TGT, {}).get("flags", ""), "she delegates: a forwarded ticket", t)
good(got.run("kvno", "host/web1.acme.example"), "with which the service acts for her")
good(alice.kinit("alice", PW, "-F"), "kinit -F")
a, b = meet([gssapi.RequirementFlag.delegate_to_peer])
tap.ok(b.delegated_creds is None, "what is not forwardable is not forwarded")

# ---- rotation ----
old = alice.copy()
good(old.run("kvno", WEB), "a ticket before the rotation")
tap.eq(lwd.ctl("keytab", "get", WEB, "--out", keytab, "--rotate").returncode, 0, "keytab get --rotate")
p = alice.run("klist", "-k", keytab)
tap.ok(p.stdout.count(WEB) == 8, "the new keys are appended", p)
p = Person(lwd)
good(p.kinit("alice", PW), "kinit afterwards")
q = p.run("kvno", WEB)
tap.ok("kvno = 2" in q.stdout, "new tickets have the new key", q)
tap.eq(accepted(initiator=old), "alice@ACME.EXAMPLE", "a ticket from before is accepted")
tap.eq(accepted(initiator=p), "alice@ACME.EXAMPLE", "a new one too")
fresh = os.path.join(lwd.dir, "fresh.keytab")
tap.eq(lwd.ctl("keytab", "get", WEB, "--out", fresh).returncode, 0, "keytab get without --rotate")
tap.ok("kvno = 2" in Person.run(p, "kvno", WEB).stdout, "changes no key")
tap.eq(accepted(keytab=fresh, initiator=old), "alice@ACME.EXAMPLE", "and gives the keys in use, the older ones as well")

# ---- the realm's own keys ----
old, raw = Person(lwd), raw_login(KDC, "ACME.EXAMPLE", "alice", PW)
good(old.kinit("alice", PW, "-f", "-r", "1d"), "kinit before the realm's keys are rotated")
lwd.must("key", "rotate", "kerberos")
new = raw_login(KDC, "ACME.EXAMPLE", "alice", PW)
tap.eq((int(raw.ticket["enc-part"]["kvno"]), int(new.ticket["enc-part"]["kvno"])), (1, 2), "lwctl key rotate kerberos: new tickets have the new key")
good(old.run("kvno", WEB), "one of the old key gets others")
good(old.run("kinit", "-R"), "and is renewed")
p = old.run("ldapwhoami", "-Q", "-Y", "GSSAPI", "-H", lwd.ldap)
tap.ok(p.returncode == 0 and p.stdout.startswith("dn:uid=alice,"), "lwd's own service has keys for it", p)
tap.eq(error_code(ask_tcp(KDC, new.request(WEB))), 0, "so has the new one")
good(beta.run("kvno", "--no-store", "HTTP/web1.beta.example@BETA.EXAMPLE"), "other realms' keys stay")

# ---- stopped and started ----
lwd.stop()
lwd.start()
good(old.copy().run("kvno", "host/web1.acme.example"), "a ticket from before the restart is good after it")
good(Person(lwd).kinit("alice", PW), "and so is kinit")
lwd.close(tap)
tap.done()
