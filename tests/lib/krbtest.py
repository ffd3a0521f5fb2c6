# SPDX-License-Identifier: Apache-2.0
"""Kerberos clients for the tests: a person's environment (cache, krb5.conf as lwctl prints it) and messages by hand (impacket's codecs)."""
import datetime
import functools
import os
import pty
import random
import re
import select
import socket
import struct
import tempfile
import time

from lwdtest import SLOW, run

from impacket.krb5.asn1 import AP_REQ, AS_REP, AS_REQ, Authenticator, EncASRepPart, EncTGSRepPart, KRB_ERROR, METHOD_DATA, PA_ENC_TS_ENC
from impacket.krb5.asn1 import ETYPE_INFO2, EncryptedData, TGS_REP, TGS_REQ, seq_set, seq_set_iter
from impacket.krb5.crypto import Key, _checksum_table, _enctype_table
from impacket.krb5.types import KerberosTime, Principal
from pyasn1.codec.der import decoder, encoder

HEIMDAL = os.path.realpath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "build-tests", "heimdal"))


class Person:
    """Somebody with a ticket cache of his own and the krb5.conf that `lwctl print krb5.conf` says; `extra` stands in front of it."""

    def __init__(self, lwd, tenant=None, extra=""):
        self.dir = tempfile.mkdtemp(prefix="krb-", dir=lwd.dir)
        self.cache = os.path.join(self.dir, "cc")
        self.conf = os.path.join(self.dir, "krb5.conf")
        with open(self.conf, "w") as f:
            f.write(lwd.must(*(["-t", tenant] if tenant else []), "print", "krb5.conf"))
        if extra:
            front = os.path.join(self.dir, "front.conf")
            with open(front, "w") as f:
                f.write(extra)
            self.conf = front + ":" + self.conf
        self.env = dict(lwd.env, KRB5_CONFIG=self.conf, KRB5CCNAME="FILE:" + self.cache, LC_ALL="C.UTF-8", TZ="UTC")
        self.trace = ""

    def run(self, tool, *args, stdin=None, timeout=60, env=None):
        return run([tool] + [str(a) for a in args], stdin=stdin, env=dict(self.env, **(env or {})), timeout=timeout, cwd=self.dir)

    def traced(self, tool, *args, stdin=None):
        """The same; self.trace is libkrb5's account of it."""
        path = os.path.join(self.dir, "trace")
        p = self.run(tool, *args, stdin=stdin, env={"KRB5_TRACE": path})
        self.trace = open(path).read()
        os.unlink(path)
        return p

    def kinit(self, name, password, *args, traced=False):
        return (self.traced if traced else self.run)("kinit", *args, name, stdin=password + "\n")

    def tickets(self):
        """klist: the principal, and a dict of the tickets by service."""
        p = self.run("klist", "-f", "-e")
        who, out, last = None, {}, None
        for line in p.stdout.splitlines():
            m = re.match(r"Default principal: (.*)", line)
            if m:
                who = m.group(1)
            m = re.match(r"(\d\d/\d\d/\d\d \d\d:\d\d:\d\d)  (\d\d/\d\d/\d\d \d\d:\d\d:\d\d)  (\S+)", line)
            if m:
                last = out[m.group(3)] = {"start": when(m.group(1)), "end": when(m.group(2)), "flags": ""}
            m = re.search(r"renew until (\d\d/\d\d/\d\d \d\d:\d\d:\d\d)", line)
            if m and last is not None:
                last["renew"] = when(m.group(1))
            m = re.search(r"Flags: (\w+)", line)
            if m and last is not None:
                last["flags"] = m.group(1)
            m = re.search(r"Etype \(skey, tkt\): (\S+), (\S+)", line)
            if m and last is not None:
                last["skey"], last["tkt"] = m.group(1), m.group(2)
        return who, out

    def copy(self):
        """Another environment with the tickets of this one."""
        other = Person.__new__(Person)
        other.__dict__.update(self.__dict__)
        other.dir = tempfile.mkdtemp(prefix="krb-", dir=os.path.dirname(self.dir))
        other.cache = os.path.join(other.dir, "cc")
        with open(self.cache, "rb") as f, open(other.cache, "wb") as g:
            g.write(f.read())
        other.env = dict(self.env, KRB5CCNAME="FILE:" + other.cache)
        return other

    def heimdal(self, tool, *args, stdin=None):
        return self.run(os.path.join(HEIMDAL, "usr", "bin", tool), *args, stdin=stdin, env=self.heimdal_env())

    def heimdal_env(self):
        return {"LD_LIBRARY_PATH": os.path.join(HEIMDAL, "usr", "lib", os.uname().machine + "-linux-gnu")}


def when(text):
    return datetime.datetime.strptime(text, "%m/%d/%y %H:%M:%S").replace(tzinfo=datetime.timezone.utc).timestamp()


def converse(args, answers, env, timeout=60):
    """Runs a program on a terminal of its own and answers each prompt (a colon at the end) in turn. (status, everything it said)."""
    pid, fd = pty.fork()
    if pid == 0:
        os.execvpe(args[0], args, dict(os.environ, **env))
    said, mark, left, end = b"", 0, list(answers), time.monotonic() + timeout * SLOW
    while time.monotonic() < end:
        if not select.select([fd], [], [], 1)[0]:
            continue
        try:
            more = os.read(fd, 4096)
        except OSError:
            break
        if not more:
            break
        said += more
        if left and re.search(rb":\s*$", said[mark:]):
            mark = len(said)
            os.write(fd, left.pop(0).encode() + b"\n")
    else:
        os.kill(pid, 9)
    os.close(fd)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), said.decode("utf-8", "replace")


SET_PASSWORD = """
import ctypes, sys
class data(ctypes.Structure):
    _fields_ = [("magic", ctypes.c_int), ("length", ctypes.c_uint), ("data", ctypes.c_void_p)]
lib = ctypes.CDLL("libkrb5.so.3")
ctx, cc, who = ctypes.c_void_p(), ctypes.c_void_p(), ctypes.c_void_p()
code, a, b = ctypes.c_int(-1), data(), data()
def must(err):
    if err:
        lib.krb5_get_error_message.restype = ctypes.c_char_p
        sys.exit("error %d: %s" % (err, lib.krb5_get_error_message(ctx, err).decode()))
must(lib.krb5_init_context(ctypes.byref(ctx)))
must(lib.krb5_cc_default(ctx, ctypes.byref(cc)))
must(lib.krb5_parse_name(ctx, sys.argv[1].encode(), ctypes.byref(who)))
must(lib.krb5_set_password_using_ccache(ctx, cc, sys.stdin.readline().rstrip().encode(), who, ctypes.byref(code), ctypes.byref(a), ctypes.byref(b)))
print(code.value, ctypes.string_at(b.data, b.length).decode() if b.length else "")
"""


def set_password(person, target, password):
    """RFC 3244's set, by libkrb5 with the person's ticket: "CODE TEXT", or libkrb5's error."""
    p = person.run("/usr/bin/python3", "-c", SET_PASSWORD, target, stdin=password + "\n")
    return (p.stdout or p.stderr).strip()


# ---- on the wire ----
def ask_udp(port, data, timeout=3, sock=None):
    """The answer to a datagram; None when there is none."""
    s = sock or socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.settimeout(timeout * SLOW)
    try:
        s.sendto(data, ("127.0.0.1", port))
        return s.recv(65536)
    except (TimeoutError, ConnectionRefusedError):
        return None
    finally:
        if not sock:
            s.close()


def framed(data):
    return struct.pack(">I", len(data)) + data


def read_frame(s):
    """One message of a stream; None when it was closed."""
    got = b""
    while len(got) < 4 or len(got) < 4 + struct.unpack(">I", got[:4])[0]:
        more = s.recv(65536)
        if not more:
            return None
        got += more
    return got[4:]


def ask_tcp(port, data, timeout=10):
    with socket.create_connection(("127.0.0.1", port), timeout=timeout * SLOW) as s:
        s.sendall(framed(data))
        try:
            return read_frame(s)
        except (TimeoutError, ConnectionResetError):
            return None


def error_code(data):
    """The code of a KRB-ERROR; 0 for another message, None for silence."""
    if not data:
        return None
    if data[0] != 0x7e:
        return 0
    return int(decoder.decode(data, asn1Spec=KRB_ERROR())[0]["error-code"])


def inner(der):
    """What an explicit tag holds."""
    return der[2:] if der[1] < 0x80 else der[2 + (der[1] & 0x7f):]


def now():
    return datetime.datetime.now(datetime.timezone.utc).replace(tzinfo=None)


def body_of(req, realm, cname, sname, etypes, options=0x40810010, nonce=None, life=36000, tickets=()):
    b = req["req-body"]
    b["kdc-options"] = [int(c) for c in format(options, "032b")]
    if cname:
        seq_set(b, "cname", Principal(cname, type=1).components_to_asn1)
    b["realm"] = realm
    if sname:
        seq_set(b, "sname", Principal(sname, type=2 if "/" in sname else 1).components_to_asn1)
    b["till"] = KerberosTime.to_asn1(now() + datetime.timedelta(seconds=life))
    b["nonce"] = nonce or random.getrandbits(31)
    seq_set_iter(b, "etype", etypes)
    if tickets:
        seq_set_iter(b, "additional-tickets", tickets)
    return b


def as_req(realm, name, sname=None, etypes=(18, 17), key=None, stamp=None, options=0x40810010, sealed=None, nonce=None):
    """An AS-REQ; with a key, its encrypted timestamp."""
    req = AS_REQ()
    req["pvno"] = 5
    req["msg-type"] = 10
    if key is not None or sealed is not None:
        if sealed is None:
            ts = PA_ENC_TS_ENC()
            t = stamp or now()
            ts["patimestamp"] = KerberosTime.to_asn1(t)
            ts["pausec"] = t.microsecond
            sealed = EncryptedData()
            sealed["etype"] = key.enctype
            sealed["cipher"] = _enctype_table[key.enctype].encrypt(key, 1, encoder.encode(ts), None)
            sealed = encoder.encode(sealed)
        req["padata"][0]["padata-type"] = 2
        req["padata"][0]["padata-value"] = sealed
    body_of(req, realm, name, sname or "krbtgt/" + realm, etypes, options, nonce)
    return encoder.encode(req)


class Tgt:
    """A ticket with its key: of the AS exchange, or of `tgs`."""

    def __init__(self, realm, cname, ticket, key, part):
        self.realm, self.cname, self.ticket, self.key, self.part = realm, cname, ticket, key, part

    def request(self, sname, realm=None, etypes=(18, 17), options=0x40810000, stamp=None, skew=0, authdata=None, tickets=(), spoil=None):
        """A TGS-REQ for sname. spoil(req, authenticator) may damage it before it is sealed."""
        req = TGS_REQ()
        req["pvno"] = 5
        req["msg-type"] = 12
        body = body_of(req, realm or self.realm, None, sname, etypes, options, tickets=tickets)
        if authdata is not None:
            enc = EncryptedData()
            enc["etype"] = self.key.enctype
            enc["cipher"] = _enctype_table[self.key.enctype].encrypt(self.key, 4, authdata, None)
            body["enc-authorization-data"]["etype"] = enc["etype"]
            body["enc-authorization-data"]["cipher"] = enc["cipher"]
        auth = Authenticator()
        auth["authenticator-vno"] = 5
        auth["crealm"] = self.realm
        seq_set(auth, "cname", Principal(self.cname, type=1).components_to_asn1)
        t = (stamp or now()) + datetime.timedelta(seconds=skew)
        auth["cusec"] = t.microsecond
        auth["ctime"] = KerberosTime.to_asn1(t)
        auth["cksum"]["cksumtype"] = {18: 16, 17: 15}[self.key.enctype]
        auth["cksum"]["checksum"] = _checksum_table[{18: 16, 17: 15}[self.key.enctype]].checksum(self.key, 6, inner(encoder.encode(body)))
        if spoil:
            spoil(req, auth)
        ap = AP_REQ()
        ap["pvno"] = 5
        ap["msg-type"] = 14
        ap["ap-options"] = [0] * 32
        seq_set(ap, "ticket", self.fill_ticket)
        ap["authenticator"]["etype"] = self.key.enctype
        ap["authenticator"]["cipher"] = _enctype_table[self.key.enctype].encrypt(self.key, 7, encoder.encode(auth), None)
        req["padata"][0]["padata-type"] = 1
        req["padata"][0]["padata-value"] = encoder.encode(ap)
        return encoder.encode(req)

    def fill_ticket(self, to):
        """impacket's own class for tickets does not know every enctype."""
        to["tkt-vno"] = 5
        to["realm"] = str(self.ticket["realm"])
        seq_set(to, "sname", Principal("/".join(str(c) for c in self.ticket["sname"]["name-string"]), type=2).components_to_asn1)
        enc = seq_set(to, "enc-part")
        enc["etype"] = int(self.ticket["enc-part"]["etype"])
        if self.ticket["enc-part"]["kvno"].hasValue():
            enc["kvno"] = int(self.ticket["enc-part"]["kvno"])
        enc["cipher"] = self.ticket["enc-part"]["cipher"].asOctets()
        return to

    def open_reply(self, data):
        """The ticket in a TGS-REP to this one's request."""
        rep = decoder.decode(data, asn1Spec=TGS_REP())[0]
        plain = _enctype_table[self.key.enctype].decrypt(self.key, 8, rep["enc-part"]["cipher"].asOctets())
        part = decoder.decode(plain, asn1Spec=EncTGSRepPart())[0]
        key = Key(int(part["key"]["keytype"]), part["key"]["keyvalue"].asOctets())
        return Tgt(self.realm, self.cname, rep["ticket"], key, part)


@functools.lru_cache(None)
def string_to_key(etype, password, salt):
    """Thousands of small steps in Python: with many threads one call can take minutes, so each key is made once."""
    return _enctype_table[etype].string_to_key(password, salt, None)


def long_term_key(port, realm, name, password, etype=18, ask=ask_tcp):
    """The key of a password, with the salt that the KDC says; and the KDC's error."""
    data = ask(port, as_req(realm, name, etypes=(etype,)))
    if error_code(data) != 25:
        return None, data
    e = decoder.decode(data, asn1Spec=KRB_ERROR())[0]
    for pa in decoder.decode(e["e-data"].asOctets(), asn1Spec=METHOD_DATA())[0]:
        if int(pa["padata-type"]) == 19:
            info = decoder.decode(pa["padata-value"].asOctets(), asn1Spec=ETYPE_INFO2())[0]
            return string_to_key(etype, password, str(info[0]["salt"])), data
    return None, data


def raw_login(port, realm, name, password, sname=None, etype=18, ask=ask_tcp, **more):
    """A whole AS exchange by hand: a Tgt, or the error's code."""
    key, data = long_term_key(port, realm, name, password, etype, ask)
    if key is None:
        return error_code(data)
    data = ask(port, as_req(realm, name, sname, (etype,), key, **more))
    if error_code(data) != 0:
        return error_code(data)
    rep = decoder.decode(data, asn1Spec=AS_REP())[0]
    plain = _enctype_table[etype].decrypt(key, 3, rep["enc-part"]["cipher"].asOctets())
    part = decoder.decode(plain, asn1Spec=EncTGSRepPart() if plain[0] == 0x7a else EncASRepPart())[0]
    return Tgt(realm, name, rep["ticket"], Key(int(part["key"]["keytype"]), part["key"]["keyvalue"].asOctets()), part)
