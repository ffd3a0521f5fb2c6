#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What an ordinary user, a local one and another tenant's administrator try on a running lwd: to stop the others, to see what is hidden, to
reach over the fence."""
import os
import socket
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from lwdtest import ADMIN_PASSWORD, SLOW, Lwd, Tap  # noqa: E402

import ldap  # noqa: E402
from ldap.controls import SimplePagedResultsControl  # noqa: E402
from ldap.controls.libldap import AssertionControl  # noqa: E402

PASSWORD = "correct horse battery"
SUFFIX = "dc=acme,dc=example"
PEOPLE = "ou=people," + SUFFIX
tap = Tap()
lwd = Lwd(conf="limits.connections-per-address = 24\nlimits.connections = 40\n").init().start()
os.chmod(lwd.dir, 0o755)  # the local user of the last test reaches run/ldapi
lwd.user("alice", PASSWORD)
lwd.user("bob", PASSWORD)
lwd.ctl("tenant", "create", "beta.example", "--admin-password-file", lwd.admin_file)


def login(name, password):
    c = ldap.initialize("ldap://127.0.0.1:%d" % (389 + lwd.offset))
    c.set_option(ldap.OPT_NETWORK_TIMEOUT, 10 * SLOW)
    c.set_option(ldap.OPT_REFERRALS, 0)
    if name:
        c.simple_bind_s(name, password)
    return c


def result(f, *args, **kw):
    try:
        f(*args, **kw)
        return "success"
    except ldap.LDAPError as e:
        return type(e).__name__


admin = login("admin@acme.example", ADMIN_PASSWORD)
alice = login("alice@acme.example", PASSWORD)

# ---- the writer is everybody's ----
began = time.monotonic()
got = result(alice.modify_s, "uid=alice," + PEOPLE, [(ldap.MOD_REPLACE, "description", [b"number %d" % i for i in range(20000)])])
took = time.monotonic() - began
tap.ok(got == "success" and took < 3 * SLOW, "20000 values are written in no more than their time", "%s, %.1f s" % (got, took))
tap.eq(result(alice.modify_s, "uid=alice," + PEOPLE, [(ldap.MOD_REPLACE, "description", [b"x"])]), "success", "and taken away")
names = [b"host%d.example" % i for i in range(15000)]
began = time.monotonic()
admin.add_s("cn=many,ou=groups," + SUFFIX, [("objectClass", [b"groupOfNames", b"extensibleObject"]), ("memberUid", names)])
admin.modify_s("cn=many,ou=groups," + SUFFIX, [(ldap.MOD_DELETE, "memberUid", names[::2])])
took = time.monotonic() - began
tap.ok(took < 4 * SLOW, "long lists of an indexed attribute as well", "%.1f s" % took)
tap.eq(len(admin.search_s("cn=many,ou=groups," + SUFFIX, ldap.SCOPE_BASE, attrlist=["memberUid"])[0][1]["memberUid"]), 7500, "with the right values left")

# ---- hidden and not there ----


def assertion(c, dn, filt):
    return result(c.modify_ext_s, dn, [(ldap.MOD_REPLACE, "description", [b"y"])], serverctrls=[AssertionControl(True, filt)])


me = "uid=alice," + PEOPLE
tap.eq(assertion(alice, me, "(uid=alice)"), "success", "an assertion that holds")
for filt in ("(userPassword=*)", "(!(userPassword=*))", "(krbPrincipalKey=*)", "(!(krbPrincipalKey=*))"):
    tap.eq(assertion(alice, me, filt), "ASSERTION_FAILED", "an assertion about a secret is never true: " + filt)
bob = "uid=bob," + PEOPLE
for filt in ("(lwCredentialVersion>=0)", "(!(lwCredentialVersion>=0))"):
    tap.eq(result(alice.search_ext_s, bob, ldap.SCOPE_BASE, serverctrls=[AssertionControl(True, filt)]), "ASSERTION_FAILED",
           "nor one about what may not be searched: " + filt)
page = SimplePagedResultsControl(True, 1, b"")
_, _, _, ctrls = alice.result3(alice.search_ext(SUFFIX, ldap.SCOPE_SUBTREE, serverctrls=[page]))
cookie = ctrls[0].cookie
other = login("bob@acme.example", PASSWORD)
tap.eq(result(other.search_ext_s, SUFFIX, ldap.SCOPE_SUBTREE, serverctrls=[SimplePagedResultsControl(True, 1, cookie)]), "UNWILLING_TO_PERFORM",
       "a cookie of another connection names no page")
alice.simple_bind_s("alice@acme.example", PASSWORD)
tap.eq(result(alice.search_ext_s, SUFFIX, ldap.SCOPE_SUBTREE, serverctrls=[SimplePagedResultsControl(True, 1, cookie)]), "UNWILLING_TO_PERFORM",
       "nor one from before a bind")

# ---- the fence ----
beta = login("admin@beta.example", ADMIN_PASSWORD)
for dn in ("uid=alice," + PEOPLE, "uid=nobody," + PEOPLE):
    what = "there" if "alice" in dn else "absent"
    tap.eq(result(beta.modify_s, dn, [(ldap.MOD_REPLACE, "description", [b"z"])]), "NO_SUCH_OBJECT", "modify over the fence: " + what)
    tap.eq(result(beta.delete_s, dn), "NO_SUCH_OBJECT", "delete: " + what)
    tap.eq(result(beta.rename_s, dn, "uid=eve", newsuperior="ou=people,dc=beta,dc=example"), "NO_SUCH_OBJECT", "move: " + what)
    tap.eq(result(beta.passwd_s, dn, None, "something else entirely"), "NO_SUCH_OBJECT", "password: " + what)
    tap.eq(result(beta.search_s, dn, ldap.SCOPE_BASE), "NO_SUCH_OBJECT", "search: " + what)
    tap.eq(result(beta.modify_s, "cn=administrators,ou=groups,dc=beta,dc=example", [(ldap.MOD_ADD, "member", [dn.encode()])]), "CONSTRAINT_VIOLATION",
           "as a member: " + what)

# ---- which names are there: a locked one is answered like an unknown one ----


def seconds(name):
    c = login(None, None)
    began = time.monotonic()
    tap_result = result(c.simple_bind_s, name, "wrong guess")
    took = time.monotonic() - began
    c.unbind_s()
    return took if tap_result == "INVALID_CREDENTIALS" else -1


for _ in range(10):
    seconds("bob@acme.example")
locked = min(seconds("bob@acme.example") for _ in range(5))
unknown = min(seconds("nosuch@acme.example") for _ in range(5))
tap.ok(locked > unknown / 2 > 0, "a locked account takes as long as an unknown one", "%.4f s, %.4f s" % (locked, unknown))

# ---- a local user and the sockets ----
if os.geteuid() == 0:
    ready, done = os.pipe(), os.pipe()
    pid = os.fork()
    if pid == 0:
        held = []
        path = os.path.join(lwd.data, "run", "ldapi")
        os.chdir("/")
        try:
            os.setgroups([])
            os.setuid(65534)
            for _ in range(60):
                s = socket.socket(socket.AF_UNIX)
                s.settimeout(5)
                s.connect(path)
                held.append(s)
        except OSError:
            pass
        os.write(ready[1], b"x" if held else b"-")
        os.close(done[1])
        os.read(done[0], 1)
        os._exit(0)
    os.close(done[0])
    if os.read(ready[0], 1) == b"x":
        tap.eq(lwd.ctl("status").returncode, 0, "a user who holds all the connections he can get does not keep the owner out")
        tap.eq(result(login, "alice@acme.example", PASSWORD), "success", "nor other users")
    else:
        tap.skip("a local user's connections", "the data directory is closed to others")
    os.close(done[1])
    os.waitpid(pid, 0)
else:
    tap.skip("a local user's connections", "needs root")

lwd.close(tap)
tap.done()
