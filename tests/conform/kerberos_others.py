#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Heimdal's clients, a JDK, impacket's getTGT, and curl --negotiate to Apache's mod_auth_gssapi against a real lwd."""
import glob
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from lwdtest import Lwd, Tap, wait_for  # noqa: E402
from krbtest import HEIMDAL, Person, converse  # noqa: E402

HERE = os.path.dirname(os.path.abspath(__file__))
tap = Tap()
lwd = Lwd().init().start()
PW, NEW = "Wonder-Land-42", "Looking-Glass-43"
WEB = "HTTP/web1.acme.example"
TGT = "krbtgt/ACME.EXAMPLE@ACME.EXAMPLE"
lwd.must("tenant", "create", "beta.example", "--admin-password-file", lwd.admin_file)
for name in ("alice", "bob", "carol"):
    lwd.user(name, PW)
lwd.must("service", "create", WEB)
lwd.must("host", "create", "web1.acme.example")
keytab = os.path.join(lwd.dir, "web.keytab")
lwd.must("keytab", "get", WEB, "--out", keytab)
lwd.must("keytab", "get", "host/web1.acme.example", "--out", os.path.join(lwd.dir, "host.keytab"))
alice = Person(lwd)


def good(p, name):
    return tap.ok(p.returncode == 0, name, p)


def refused(p, name):
    return tap.ok(p.returncode != 0, name, p)


# ---- Heimdal ----
def heimdal():
    h = Person(lwd)

    def kinit(name, password, *args, who=h):
        return who.heimdal("kinit.heimdal", "--password-file=STDIN", *args, name, stdin=password + "\n")

    good(kinit("alice", PW), "Heimdal: kinit")
    p = h.heimdal("heimtools", "klist", "-v")
    tap.ok(p.returncode == 0 and TGT in p.stdout and "initial" in p.stdout and "pre-authent" in p.stdout, "Heimdal: klist", p)
    good(h.heimdal("kgetcred", WEB), "Heimdal: kgetcred of a service")
    good(h.heimdal("kgetcred", "host/web1.acme.example"), "Heimdal: kgetcred of a host")
    refused(h.heimdal("kgetcred", "HTTP/none.acme.example"), "Heimdal: kgetcred of none")
    tap.ok(WEB + "@ACME.EXAMPLE" in h.tickets()[1], "MIT's klist sees them")
    for e in ("aes256-cts-hmac-sha1-96", "aes128-cts-hmac-sha1-96", "aes256-cts-hmac-sha384-192", "aes128-cts-hmac-sha256-128"):
        good(kinit("alice", PW, "--enctypes=" + e, who=Person(lwd)), "Heimdal: kinit with %s alone" % e)
    refused(kinit("alice", PW, "--enctypes=arcfour-hmac-md5", who=Person(lwd)), "Heimdal: and not with RC4")
    good(kinit("alice", PW, "-f", "-p", "-r", "2d", "-l", "1h"), "Heimdal: kinit -f -p -r 2d -l 1h")
    tap.eq("".join(sorted(h.tickets()[1][TGT]["flags"])), "AFIPR", "Heimdal: forwardable, proxiable, renewable")
    good(h.heimdal("kinit.heimdal", "-R"), "Heimdal: kinit -R")
    good(kinit("alice@acme.example", PW, "--enterprise", "--canonicalize"), "Heimdal: kinit --enterprise")
    tap.eq(h.tickets()[0], "alice@ACME.EXAMPLE", "Heimdal: is alice")
    good(h.heimdal("kinit.heimdal", "-k", "-t", keytab, WEB), "Heimdal: kinit -k as a service")
    wrong, unknown = kinit("alice", "Not-Her-Password-1"), kinit("nobody", "Not-Her-Password-1")
    tap.ok(wrong.returncode != 0 and wrong.stderr == unknown.stderr.replace("nobody", "alice"), "Heimdal: a wrong password, an unknown name: the same",
           "%s\n%s" % (wrong, unknown))
    tcp = Person(lwd)
    text = open(tcp.conf).read()
    with open(tcp.conf, "w") as f:
        f.write(re.sub(r"(?m)^(\s+kdc = )", r"\1tcp/", text))
    tap.ok("tcp/" in open(tcp.conf).read(), "krb5.conf with TCP alone")
    good(kinit("alice", PW, who=tcp), "Heimdal: kinit over TCP")
    good(tcp.heimdal("kgetcred", WEB), "Heimdal: kgetcred over TCP")
    env = dict(h.env, **h.heimdal_env())
    kpasswd = os.path.join(HEIMDAL, "usr", "bin", "kpasswd.heimdal")
    status, said = converse([kpasswd, "carol"], [PW, NEW, NEW], env)
    tap.ok(status == 0 and "Success" in said, "Heimdal: kpasswd", said)
    good(kinit("carol", NEW), "Heimdal: the new password")
    refused(kinit("carol", PW), "Heimdal: the old one is gone")
    status, said = converse([kpasswd, "carol"], [NEW, "short", "short"], env)
    tap.ok("too short" in said, "Heimdal: kpasswd: a short one is refused, and why", said)
    good(kinit("carol", NEW), "Heimdal: which changes nothing")


heimdal()


# ---- a JDK ----
def java(person, user, password, target, realm_conf):
    return person.run("java", "-Djava.security.krb5.conf=" + realm_conf, "-Xshare:auto", "-XX:TieredStopAtLevel=1", os.path.join(HERE, "KrbLogin.java"), user,
                      target, keytab, WEB + "@ACME.EXAMPLE", stdin=password + "\n")


p = java(alice, "alice", PW, "HTTP@web1.acme.example", alice.conf)
good(p, "Java: Krb5LoginModule, a context, a keytab")
tap.eq(p.stdout.splitlines(), ["login alice@ACME.EXAMPLE", "accepted alice@ACME.EXAMPLE", "said hello"], "Java: alice is who she says, at the service too")
tcp = os.path.join(lwd.dir, "java-tcp.conf")
with open(tcp, "w") as f:
    f.write(open(alice.conf).read().replace("[libdefaults]", "[libdefaults]\n udp_preference_limit = 1"))
good(java(alice, "alice", PW, "HTTP@web1.acme.example", tcp), "Java: over TCP")
refused(java(alice, "alice", "Not-Her-Password-1", "HTTP@web1.acme.example", alice.conf), "Java: a wrong password")

# ---- impacket ----
imp = Person(lwd)
script = """
import os, runpy, socket, sys
real = socket.getaddrinfo
socket.getaddrinfo = lambda host, port, *a, **k: real("127.0.0.1", %d if port == 88 else port, *a, **k)
path = "/usr/share/doc/python3-impacket/examples/getTGT.py"
who = os.environ["WHO"]
sys.argv = ["getTGT.py", "-dc-ip", "127.0.0.1", "ACME.EXAMPLE/" + who]
if os.path.exists(path):
    runpy.run_path(path, run_name="__main__")
else:
    from impacket.krb5.kerberosv5 import getKerberosTGT
    from impacket.krb5.ccache import CCache
    from impacket.krb5.types import Principal
    user, password = who.split(":")
    tgt, cipher, old, new = getKerberosTGT(Principal(user, type=1), password, "ACME.EXAMPLE", b"", b"", "", "127.0.0.1")
    c = CCache()
    c.fromTGT(tgt, old, old)
    c.saveFile(user + ".ccache")
""" % (88 + lwd.offset)
p = imp.run("/usr/bin/python3", "-c", script, env={"WHO": "alice:" + PW})
cache = os.path.join(imp.dir, "alice.ccache")
tap.ok(p.returncode == 0 and os.path.exists(cache), "impacket: getTGT", p)
good(imp.run("kvno", "-c", "FILE:" + cache, WEB), "impacket: the ticket works in MIT's kvno")
p = imp.run("/usr/bin/python3", "-c", script, env={"WHO": "bob:Not-His-Password-1"})
tap.ok(not os.path.exists(os.path.join(imp.dir, "bob.ccache")), "impacket: a wrong password", p)


# ---- Apache ----
class Apache:
    def __init__(self):
        self.dir = tempfile.mkdtemp(prefix="lwd-apache-")
        os.chmod(self.dir, 0o755)
        with socket.socket() as s:
            s.bind(("127.0.0.1", 0))
            self.port = s.getsockname()[1]
        os.mkdir(self.dir + "/htdocs")
        with open(self.dir + "/htdocs/index.html", "w") as f:
            f.write("hello\n")
        shutil.copy(alice.conf, self.dir + "/krb5.conf")
        self.keytab = self.dir + "/keytab"
        mods = "".join("LoadModule %s_module /usr/lib/apache2/modules/mod_%s.so\n" % (m, m) for m in
                       ("mpm_event", "authn_core", "authz_core", "authz_user", "auth_gssapi", "dir"))
        with open(self.dir + "/conf", "w") as f:
            f.write(mods + """ServerName web1.acme.example
ServerRoot {0}
DefaultRuntimeDir {0}
PidFile {0}/pid
Listen 127.0.0.1:{1}
DocumentRoot {0}/htdocs
DirectoryIndex index.html
ErrorLog {0}/error.log
LogFormat "%u" who
CustomLog {0}/access.log who
KeepAlive Off
User www-data
Group www-data
<Location />
  AuthType GSSAPI
  AuthName "acme"
  GssapiCredStore keytab:{0}/keytab
  GssapiAllowedMech krb5
  Require user alice@ACME.EXAMPLE
</Location>
""".format(self.dir, self.port))
        self.give()
        self.proc = subprocess.Popen(["/usr/sbin/apache2", "-f", self.dir + "/conf", "-DFOREGROUND"], env=dict(os.environ, KRB5_CONFIG=self.dir + "/krb5.conf"),
                                     stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
        self.up = wait_for(self.answers, 10)

    def give(self):
        """The keytab as lwctl leaves it, readable for Apache's user."""
        shutil.copy(keytab, self.keytab + ".new")
        if os.geteuid() == 0:
            shutil.chown(self.keytab + ".new", "www-data")
        os.rename(self.keytab + ".new", self.keytab)

    def answers(self):
        try:
            socket.create_connection(("127.0.0.1", self.port)).close()
            return True
        except OSError:
            return False

    def get(self, person):
        """The status, and whom Apache saw."""
        p = person.run("curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", "--negotiate", "-u", ":", "--noproxy", "*", "--resolve",
                       "web1.acme.example:%d:127.0.0.1" % self.port, "http://web1.acme.example:%d/" % self.port)
        log = self.dir + "/access.log"
        wait_for(lambda: os.path.exists(log) and os.path.getsize(log) > 0, 5)
        who = open(log).read().split()[-1]
        return p.stdout, who

    def stop(self):
        if self.proc.poll() is None:
            os.killpg(self.proc.pid, signal.SIGTERM)
        self.proc.wait()
        shutil.rmtree(self.dir, ignore_errors=True)


apache = Apache()
try:
    tap.ok(apache.up, "Apache runs", "".join(open(f).read()[-2000:] for f in glob.glob(apache.dir + "/error.log")))
    nobody, old, bob = Person(lwd), Person(lwd), Person(lwd)
    tap.eq(apache.get(nobody)[0], "401", "Apache: without a ticket")
    good(old.kinit("alice", PW), "alice's kinit")
    tap.eq(apache.get(old), ("200", "alice@ACME.EXAMPLE"), "Apache: curl --negotiate as alice")
    good(bob.kinit("bob", PW), "bob's kinit")
    tap.eq(apache.get(bob)[0], "401", "Apache: bob is not asked in")
    lwd.must("keytab", "get", WEB, "--out", keytab, "--rotate")
    apache.give()
    new = Person(lwd)
    good(new.kinit("alice", PW), "kinit after the rotation")
    tap.eq(apache.get(new), ("200", "alice@ACME.EXAMPLE"), "Apache: a ticket of the new key")
    tap.eq(apache.get(old), ("200", "alice@ACME.EXAMPLE"), "Apache: one of the old key, kept in the keytab")
    tap.ok("kvno = 2" in new.run("kvno", WEB).stdout and "kvno = 1" in old.run("kvno", "--cached-only", WEB).stdout, "which they are")
finally:
    apache.stop()
lwd.close(tap)
tap.done()
