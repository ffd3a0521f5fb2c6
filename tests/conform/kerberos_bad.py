#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Malformed, hostile and slow input to ports 88 and 464, UDP and TCP, of a real lwd: a KRB-ERROR with the right code or silence, never a ticket, never a
crash, and everybody else is served meanwhile."""
import os
import random
import socket
import struct
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from lwdtest import SLOW, Lwd, Tap, wait_for  # noqa: E402
from krbtest import Person, as_req, ask_tcp, ask_udp, error_code, framed, long_term_key, now, raw_login, read_frame  # noqa: E402

from datetime import timedelta  # noqa: E402
from impacket.krb5.asn1 import AuthorizationData  # noqa: E402
from pyasn1.codec.der import encoder  # noqa: E402

seed = int(os.environ.get("LW_SEED", random.randrange(1 << 30)))
rnd = random.Random(seed)
tap = Tap()
lwd = Lwd(conf="limits.connections-per-address = 100\n").init().start()
print("# LW_SEED=%d" % seed)
REALM, PW = "ACME.EXAMPLE", "Wonder-Land-42"
KDC, CHPW = 88 + lwd.offset, 464 + lwd.offset
WEB = "HTTP/web1.acme.example"
lwd.must("tenant", "create", "beta.example", "--admin-password-file", lwd.admin_file)
lwd.user("alice", PW)
lwd.user("mallory", PW)
lwd.must("service", "create", WEB)
lwd.must("keytab", "get", WEB, "--out", os.path.join(lwd.dir, "web.keytab"))
pid = lwd.role_pid("kdc")
began = time.monotonic()


def connect(port=KDC):
    return socket.create_connection(("127.0.0.1", port), timeout=10 * SLOW)


def held():
    """Connections that the kdc holds: its descriptors, where they may be seen; else what the kernel says is established."""
    try:
        return len(os.listdir("/proc/%d/fd" % pid))
    except PermissionError:
        ends = ["%04X" % KDC, "%04X" % CHPW]
        rows = [line.split() for line in open("/proc/net/tcp")]
        return sum(1 for r in rows[1:] if r[1].split(":")[1] in ends and r[3] == "01")


def is_error(data):
    """A KRB-ERROR (or kpasswd's frame around one), or nothing."""
    code = error_code(data)
    return code is None or code > 0


half = connect()
half.sendall(struct.pack(">I", 500) + b"\x6a\x82")
silent = connect(CHPW)

# ---- UDP 88 ----
login = raw_login(KDC, REALM, "alice", PW, ask=ask_udp)
tap.ok(not isinstance(login, int), "a login by hand over UDP", login)
key, _ = long_term_key(KDC, REALM, "alice", PW)
AS = as_req(REALM, "alice", key=key)
TGS = login.request(WEB)


def udp(data, timeout=0.3):
    """Silence is not waited for long: a good request behind it shows that the bad one is done with."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        return ask_udp(KDC, data, timeout / SLOW, s)


for name, data in (("an empty datagram", b""), ("one octet", b"\x6a"), ("zeros", bytes(200)), ("text", b"GET / HTTP/1.0\r\n\r\n"),
                   ("random octets", rnd.randbytes(400)), ("a length without end", b"\x6a\x84\xff\xff\xff\xff\x30"), ("an indefinite length", b"\x6a\x80" + AS[4:]),
                   ("60,000 octets", AS + bytes(60000 - len(AS))), ("5,000 sequences in each other", b"\x6a\x82\x27\x10" + b"\x30\x82\x27\x10" * 2500),
                   ("an answer", b"\x6b" + AS[1:]), ("an AP-REQ", b"\x6e" + AS[1:]), ("a message cut short", AS[:len(AS) // 2]),
                   ("octets behind the message", AS + b"\x00"), ("another version", AS.replace(b"\xa1\x03\x02\x01\x05", b"\xa1\x03\x02\x01\x04", 1)),
                   ("another message type", AS.replace(b"\xa2\x03\x02\x01\x0a", b"\xa2\x03\x02\x01\x0c", 1))):
    got = udp(data)
    tap.ok(is_error(got), "UDP: %s: an error or silence" % name, repr(got))
error = ask_udp(KDC, as_req(REALM, "alice"))
tap.eq(error_code(error), 25, "UDP: an AS-REQ without pre-authentication: KDC_ERR_PREAUTH_REQUIRED")
tap.eq(udp(error), None, "UDP: an error is answered by silence, so that no two servers talk for ever")
for length in rnd.sample(range(len(TGS)), 40):
    got = udp(TGS[:length], 0.05)
    if not is_error(got):
        tap.ok(False, "UDP: a TGS-REQ cut short at %d" % length, repr(got))
guesses = as_req(REALM, "mallory", key=long_term_key(KDC, REALM, "mallory", PW)[0])  # what is damaged in it is a wrong guess
asks = as_req(REALM, "mallory")
for name, good in (("AS-REQs", asks), ("AS-REQs with a timestamp", guesses), ("TGS-REQs", TGS)):
    for _ in range(60 if good is guesses else 300):
        data = bytearray(good)
        for _ in range(rnd.randrange(1, 4)):
            data[rnd.randrange(len(data))] = rnd.randrange(256)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            s.sendto(bytes(data), ("127.0.0.1", KDC))
    tap.ok(wait_for(lambda: error_code(udp(as_req(REALM, "alice"))) == 25, 5), "UDP: damaged " + name + ", and the next one is answered")
tap.eq(lwd.role_pid("kdc"), pid, "by the same process")

# ---- what is well formed and wrong ----
for ask, how in ((ask_udp, "UDP"), (ask_tcp, "TCP")):
    def as_code(*args, **kw):
        return error_code(ask(KDC, as_req(*args, **kw)))
    tap.eq(as_code("NOWHERE.EXAMPLE", "alice"), 68, how + ": a realm that is not there: KDC_ERR_WRONG_REALM")
    tap.eq(as_code("acme.example", "alice"), 68, how + ": a realm in lower case: the same")
    tap.eq(as_code(REALM, "alice", etypes=(23, 3, 1)), 14, how + ": RC4 and DES: KDC_ERR_ETYPE_NOSUPP")
    tap.eq(as_code(REALM, "nobody", etypes=(23, 3, 1)), 14, how + ": for a name that is not there the same")
    tap.eq(as_code(REALM, "alice", key=key, stamp=now() - timedelta(minutes=10)), 37, how + ": a timestamp of ten minutes ago: KRB_AP_ERR_SKEW")
    tap.eq(as_code(REALM, "alice", key=key, stamp=now() + timedelta(minutes=10)), 37, how + ": one of ten minutes ahead: the same")
    tap.eq(as_code(REALM, "alice", sealed=rnd.randbytes(40)) in (24, 60, 29), True, how + ": a timestamp of random octets")
    tap.ok(as_code(REALM, "alice", "krbtgt/BETA.EXAMPLE", key=key) in (7, 12), how + ": another realm's TGT is not for her")
    tap.ok(as_code(REALM, "alice", "no/such", key=key) in (7, 12), how + ": a service that is not there: KDC_ERR_S_PRINCIPAL_UNKNOWN")

    def tgs_code(sname=WEB, realm=None, **kw):
        return error_code(ask(KDC, login.request(sname, realm, **kw)))
    tap.eq(tgs_code(), 0, how + ": a TGS exchange by hand")
    tap.eq(tgs_code(skew=600), 37, how + ": an authenticator of ten minutes ahead: KRB_AP_ERR_SKEW")
    tap.eq(tgs_code(skew=-600), 37, how + ": one of ten minutes ago: the same")

    def other_checksum(req, auth):
        auth["cksum"]["checksum"] = bytes(12)

    def crc(req, auth):
        auth["cksum"]["cksumtype"] = 1
        auth["cksum"]["checksum"] = bytes(4)

    def other_body(req, auth):
        req["req-body"]["nonce"] = 1

    def other_name(req, auth):
        auth["cname"]["name-string"][0] = "admin"

    for name, spoil, want in (("a checksum of zeros", other_checksum, (31, 41)), ("a body other than the checksum's", other_body, (31, 41)),
                              ("CRC-32 as the checksum", crc, (15, 31, 41, 46, 50)), ("somebody else's name in the authenticator", other_name, (36,))):
        code = tgs_code(spoil=spoil)
        tap.ok(code in want, "%s: %s is refused" % (how, name), code)
    code = tgs_code(realm="BETA.EXAMPLE")
    tap.ok(code not in (0, None), how + ": a TGT in another realm is refused", code)
    code = tgs_code("krbtgt/BETA.EXAMPLE")
    tap.ok(code in (7, 12), how + ": no ticket to another realm", code)
    tap.eq(tgs_code(etypes=(23, 3)), 14, how + ": RC4 and DES for a service: KDC_ERR_ETYPE_NOSUPP")
    tap.eq(tgs_code("alice"), 27, how + ": a person as the server: KDC_ERR_MUST_USE_USER2USER")
    web = login.open_reply(ask(KDC, login.request(WEB)))
    code = error_code(ask(KDC, web.request("ldap/localhost")))
    tap.ok(code not in (0, None), how + ": a service's ticket is no TGT", code)

    def tampered(data):
        at = data.find(bytes(login.ticket["enc-part"]["cipher"].asOctets())[:16])
        return data[:at + 20] + bytes([data[at + 20] ^ 1]) + data[at + 21:]
    code = error_code(ask(KDC, tampered(login.request(WEB))))
    tap.eq(code, 31, how + ": a ticket with one bit turned: KRB_AP_ERR_BAD_INTEGRITY")

# ---- replays ----
request = login.request(WEB)
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
    first = ask_udp(KDC, request, sock=s)
    again = ask_udp(KDC, request, sock=s)
tap.ok(error_code(first) == 0 and again == first, "a datagram sent again from the same port gets the same answer again")
tap.eq(error_code(ask_udp(KDC, request)), 34, "from another port: KRB_AP_ERR_REPEAT")
tap.eq(error_code(ask_tcp(KDC, request)), 34, "and over TCP")

# ---- authorization data ----
def authdata(kind, size):
    a = AuthorizationData()
    a[0]["ad-type"] = kind
    a[0]["ad-data"] = bytes(size)
    return encoder.encode(a)


for kind in (128, -1279):
    code = error_code(ask_tcp(KDC, login.request(WEB, authdata=authdata(kind, 40))))
    tap.ok(code not in (0, None), "authorization data of type %d is the KDC's alone to give" % kind, code)
big = login.request(WEB, authdata=authdata(1000, 6000))
code = error_code(ask_udp(KDC, big))
tap.eq(code, 52, "an answer too big for a datagram: KRB_ERR_RESPONSE_TOO_BIG")
tap.eq(error_code(ask_tcp(KDC, login.request(WEB, authdata=authdata(1000, 6000)))), 0, "over TCP it is given")

# ---- TCP ----
def closed(s, goodbye=False, seconds=10):
    """What comes until the other side closes; HANG behind it when it does not."""
    got = b""
    s.settimeout(seconds * SLOW)
    try:
        if goodbye:
            s.shutdown(socket.SHUT_WR)
        while True:
            more = s.recv(65536)
            if not more:
                return got
            got += more
    except TimeoutError:
        return got + b"HANG"
    except OSError:
        return got


for port, how in ((KDC, "KDC"), (CHPW, "kpasswd")):
    for name, data in (("a length of 2 GiB", b"\x80\x00\x00\x00"), ("a length of 4 GiB", b"\xff\xff\xff\xff" + bytes(100)),
                       ("a length of 16 MiB and some of it", b"\x01\x00\x00\x00" + bytes(10000))):
        with connect(port) as s:
            s.sendall(data)
            got = closed(s)
            tap.ok(not got.endswith(b"HANG"), "%s: %s: closed at once" % (how, name), repr(got))
            if port == KDC and got:
                tap.ok(is_error(got[4:]) and struct.unpack(">I", got[:4])[0] == len(got) - 4, "with a KRB-ERROR", repr(got))
    for name, data in (("nothing", b""), ("half a length", b"\x00\x00"), ("half a message", framed(AS)[:60]), ("an empty message", framed(b"")),
                       ("text", b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"), ("random octets", framed(rnd.randbytes(300)))):
        with connect(port) as s:
            s.sendall(data)
            got = closed(s, True)
            tap.ok(not got.endswith(b"HANG") and (len(got) < 5 or got[4] != 0x6b), "%s: %s and goodbye: closed, no ticket" % (how, name), repr(got))
with connect() as s:
    for octet in framed(as_req(REALM, "alice")):
        s.sendall(bytes([octet]))
    tap.eq(error_code(read_frame(s)), 25, "one octet at a time is answered")
with connect() as s:
    codes = []
    for n in range(50):
        s.sendall(framed(login.request(WEB) if n % 2 else as_req(REALM, "alice")))
        codes.append(error_code(read_frame(s)))
    tap.eq(codes, [25, 0] * 25, "50 requests on one connection")
with connect() as s:
    s.sendall(framed(as_req(REALM, "alice")) * 500)
    got = closed(s, True)
    count = 0
    while len(got) >= 4:
        n = struct.unpack(">I", got[:4])[0]
        count += error_code(got[4:4 + n]) == 25
        got = got[4 + n:]
    tap.eq(count, 500, "500 at once are all answered")
for n in range(200):
    with connect() as s:
        data = bytearray(framed(rnd.choice([asks, TGS])))
        for _ in range(rnd.randrange(1, 6)):
            data[rnd.randrange(len(data))] = rnd.randrange(256)
        s.sendall(bytes(data))
        got = closed(s, True)
        if got.endswith(b"HANG"):
            tap.ok(False, "a damaged message hangs", bytes(data).hex())
            break
tap.ok(True, "200 damaged messages are answered or refused, none hangs")

# ---- kpasswd ----
chpw = raw_login(KDC, REALM, "alice", PW, "kadmin/changepw")
tap.ok(not isinstance(chpw, int), "a ticket for kadmin/changepw", chpw)


def ap_of(tgt):
    """The AP-REQ inside a TGS-REQ: for kpasswd its key usage is wrong, and its checksum too."""
    data = tgt.request(WEB)
    at = data.find(b"\x6e\x82")
    n = struct.unpack(">H", data[at + 2:at + 4])[0]
    return data[at:at + 4 + n]


def chpw_frame(version, ap, priv, total=None, ap_len=None):
    body = struct.pack(">HH", version, len(ap) if ap_len is None else ap_len) + ap + priv
    return struct.pack(">H", len(body) + 2 if total is None else total) + body


def is_refusal(data):
    """Nothing; a KRB-ERROR; or kpasswd's answer, whose AP-REP is empty and behind which a KRB-ERROR stands."""
    if not data:
        return True
    if data[0] == 0x7e:
        return True
    total, version, ap = struct.unpack(">HHH", data[:6])
    return total == len(data) and version == 1 and ap == 0 and data[6] == 0x7e


ap = ap_of(chpw)
PRIV = b"\x75\x20" + bytes(32)
for name, data in (("an empty datagram", b""), ("one octet", b"\x00"), ("zeros", bytes(100)), ("random octets", rnd.randbytes(300)), ("an AS-REQ", AS),
                   ("version 7", chpw_frame(7, ap, PRIV)), ("a length too long", chpw_frame(1, ap, PRIV, total=60000)), ("a length too short", chpw_frame(1, ap, PRIV, total=4)),
                   ("an AP-REQ longer than the message", chpw_frame(1, ap, PRIV, ap_len=65535)), ("no AP-REQ", chpw_frame(0xff80, b"", PRIV)),
                   ("an authenticator that does not open", chpw_frame(0xff80, ap, PRIV)), ("no KRB-PRIV", chpw_frame(1, ap, b"")),
                   ("random octets for the KRB-PRIV", chpw_frame(0xff80, ap, rnd.randbytes(100))), ("a TGT's AP-REQ", chpw_frame(1, ap_of(login), PRIV))):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        got = ask_udp(CHPW, data, 0.3 / SLOW, s)
    tap.ok(is_refusal(got), "kpasswd, UDP: %s: an error or silence" % name, repr(got))
    with connect(CHPW) as s:
        s.sendall(framed(data))
        got = closed(s, True)
    tap.ok(not got.endswith(b"HANG") and is_refusal(got[4:]), "kpasswd, TCP: %s: the same" % name, repr(got))
for _ in range(300):
    data = bytearray(chpw_frame(rnd.choice([1, 0xff80]), ap, PRIV))
    for _ in range(rnd.randrange(1, 5)):
        data[rnd.randrange(len(data))] = rnd.randrange(256)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.sendto(bytes(data), ("127.0.0.1", CHPW))
tap.ok(not isinstance(raw_login(KDC, REALM, "alice", PW), int), "300 damaged ones, and alice's password is what it was")

# ---- many and slow ones ----
before = held()
idle = []
for n in range(400):
    try:
        idle.append(connect(KDC if n % 2 else CHPW))
    except OSError:
        break
tap.ok(wait_for(lambda: held() <= before + 110, 10), "400 silent connections: no more are held than the limit says", "%d, before %d" % (held(), before))
tap.ok(not isinstance(raw_login(KDC, REALM, "alice", PW, ask=ask_udp), int), "and a login over UDP is served")
for s in idle:
    s.close()
tap.ok(wait_for(lambda: held() <= before, 10), "they are forgotten when they go", "%d, before %d" % (held(), before))
tap.ok(wait_for(lambda: not isinstance(raw_login(KDC, REALM, "alice", PW), int), 5), "and a login over TCP is served")


# ---- a flood ----
def flood():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        while not enough.is_set():
            s.sendto(asks, ("127.0.0.1", KDC))


enough = threading.Event()
floods = [threading.Thread(target=flood, daemon=True) for _ in range(2)]
for f in floods:
    f.start()
me, slowest = Person(lwd), 0
for n in range(5):
    start = time.monotonic()
    p = me.kinit("alice", PW)
    slowest = max(slowest, time.monotonic() - start)
    if not tap.ok(p.returncode == 0, "kinit under a flood of requests", p):
        break
enough.set()
for f in floods:
    f.join()
tap.ok(slowest < 5 * SLOW, "in %.2f s at most" % slowest)
left = 75 - (time.monotonic() - began)
for s, name in ((half, "half a frame"), (silent, "silence")):
    s.settimeout(max(1, left))
    try:
        got = s.recv(10)
    except ConnectionError:
        got = b""
    except TimeoutError:
        got = b"HANG"
    tap.eq(got, b"", "%s is closed within %d s" % (name, 75))
tap.eq(lwd.role_pid("kdc"), pid, "the kdc is the process that it was")
p = Person(lwd)
tap.ok(p.kinit("alice", PW).returncode == 0, "kinit after all that")
lwd.close(tap)
tap.done()
