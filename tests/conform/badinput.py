#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What does not parse, is too deep, too long, half, or of the wrong tenant: a result code or a notice of disconnection, never a crash,
a hang or a hint. Raw octets over real sockets."""
import os
import random
import socket
import struct
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from lwdtest import ADMIN_PASSWORD, SLOW, Lwd, Tap, wait_for  # noqa: E402

import ldap  # noqa: E402

tap = Tap()
lwd = Lwd().init().start()
PORT = 389 + lwd.offset
rnd = random.Random(99)
NOTICE = b"1.3.6.1.4.1.1466.20036"


def tlv(tag, body):
    n = len(body)
    if n < 128:
        return bytes([tag, n]) + body
    k = (n.bit_length() + 7) // 8
    return bytes([tag, 0x80 | k]) + n.to_bytes(k, "big") + body


def message(op, msgid=1, controls=b""):
    return tlv(0x30, b"\x02\x01" + bytes([msgid]) + op + controls)


def octets(s):
    return tlv(0x04, s if isinstance(s, bytes) else s.encode())


def search(base, filt, scope=2):
    return tlv(0x63, octets(base) + tlv(0x0a, bytes([scope])) + tlv(0x0a, b"\0") + tlv(0x02, b"\0") + tlv(0x02, b"\0") + tlv(0x01, b"\0") + filt +
               tlv(0x30, b""))


def bind(dn=b"", pw=b"", version=3):
    return tlv(0x60, tlv(0x02, bytes([version])) + octets(dn) + tlv(0x80, pw))


def connect(port=PORT):
    s = socket.create_connection(("127.0.0.1", port))
    s.settimeout(10 * SLOW)
    return s


def talk(data, admin=False, half_close=True):
    """Sends octets, returns all that comes back until the server closes (or everything was answered, after our half close)."""
    s = connect()
    try:
        if admin:
            s.sendall(message(bind(b"admin@acme.example", ADMIN_PASSWORD.encode())))
            if b"\x61" not in s.recv(4096):
                return b"no bind"
        try:
            s.sendall(data)
            if half_close:
                s.shutdown(socket.SHUT_WR)
        except OSError:
            pass
        out = b""
        while True:
            try:
                got = s.recv(65536)
            except ConnectionResetError:
                return out
            except socket.timeout:
                return out + b"HANG"
            if not got:
                return out
            out += got
    finally:
        s.close()


def code(answer):
    """resultCode of the first message."""
    if len(answer) < 10:
        return None
    at = 2 if answer[1] < 128 else 2 + (answer[1] & 127)
    at += 2 + answer[at + 1]
    at += 2 if answer[at + 1] < 128 else 2 + (answer[at + 1] & 127)
    return answer[at + 2]


PRESENT = tlv(0x87, b"objectClass")
for name, data in (
        ("not BER at all", b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"),
        ("an indefinite length", b"\x30\x80\x02\x01\x01\x00\x00"),
        ("a length of five octets", b"\x30\x85\x01\x00\x00\x00\x00"),
        ("a length of 2 GiB", b"\x30\x84\x80\x00\x00\x00"),
        ("a length of 64 MiB", b"\x30\x84\x04\x00\x00\x00"),
        ("a sequence without a message id", tlv(0x30, b"\x42\x00")),
        ("a negative message id", tlv(0x30, b"\x02\x01\xff" + search("", PRESENT, 0))),
        ("an unknown operation", message(tlv(0x7f, b"\x01\x00"))),
        ("an answer instead of a request", message(tlv(0x65, b"\x0a\x01\x00\x04\x00\x04\x00"))),
        ("a bind cut short inside", tlv(0x30, b"\x02\x01\x01\x60\x20\x02\x01\x03")),
        ("octets behind the operation", tlv(0x30, b"\x02\x01\x01" + search("", PRESENT, 0) + b"\x01\x02\x03"))):
    got = talk(data, half_close=False)
    tap.ok(NOTICE in got and not got.endswith(b"HANG"), "%s: notice of disconnection and close" % name, repr(got[:200]))
tap.eq(talk(b"\x30"), b"", "half a header and goodbye: closed without a word")
tap.eq(talk(message(bind())[:7]), b"", "half a message and goodbye: closed without a word")

deep = PRESENT
for _ in range(100):
    deep = tlv(0xa2, deep)
got = talk(message(search("dc=acme,dc=example", deep)), admin=True)
tap.ok(code(got) in (1, 2, 11, 12, 53) or NOTICE in got, "a filter 100 deep: refused", repr(got[:100]))
for _ in range(20000):
    deep = tlv(0xa2, deep)
got = talk(message(search("dc=acme,dc=example", deep)), admin=True)
tap.ok(code(got) in (1, 2, 11, 53) or NOTICE in got, "a filter 20,000 deep: refused", repr(got[:100]))
wide = tlv(0xa1, PRESENT * 50000)
got = talk(message(search("dc=acme,dc=example", wide)), admin=True)
tap.ok(code(got) in (1, 2, 11, 53) or NOTICE in got, "a filter 50,000 wide: refused", repr(got[:100]))
tap.eq(code(talk(message(bind(version=2)))), 2, "LDAPv2: protocolError")
tap.eq(code(talk(message(search("not a dn", PRESENT)), admin=True)), 34, "a base that is no DN: invalidDNSyntax")
tap.eq(code(talk(message(search("dc=x," * 3000 + "dc=example", PRESENT)), admin=True)), 11, "a base of 15,000 octets: adminLimitExceeded")
tap.eq(code(talk(message(search("dc=beta,dc=example", PRESENT)), admin=True)), 32, "a tenant that is not there: noSuchObject")
got = talk(message(tlv(0x4a, b"uid=nobody,dc=acme,dc=example" + b"\0" * 40)), admin=True)
tap.ok(code(got) == 34 or NOTICE in got, "NULs in a DN: invalidDNSyntax", repr(got[:100]))
got = talk(message(tlv(0x68, octets("uid=\xff\xfe,ou=people,dc=acme,dc=example".encode("latin-1")) + tlv(0x30, b""))), admin=True)
tap.eq(code(got), 34, "a DN that is not UTF-8: invalidDNSyntax")
big = b"x" * 5_000_000
entry = tlv(0x30, tlv(0x30, octets("objectClass") + tlv(0x31, octets("inetOrgPerson"))) + tlv(0x30, octets("uid") + tlv(0x31, octets("big"))) +
            tlv(0x30, octets("cn") + tlv(0x31, octets(big))) + tlv(0x30, octets("sn") + tlv(0x31, octets("b"))))
got = talk(message(tlv(0x68, octets("uid=big,ou=people,dc=acme,dc=example") + entry)), admin=True)
tap.ok(code(got) in (19, 21, 11) or NOTICE in got, "a value of 5 MB: refused", repr(got[:100]))
huge = tlv(0x63, b"\x04\x84\x7f\xff\xff\xff")
tap.ok(NOTICE in talk(message(huge)), "a string of 2 GiB in a small message: notice of disconnection")
many = b"".join(message(search("", PRESENT, 0), 1 + i % 100) for i in range(2000))
got = talk(many)
tap.eq(got.count(b"\x65\x07\x0a\x01\x00\x04\x00\x04\x00"), 2000, "2,000 requests at once are all answered")

for seed in range(300):
    s = connect()
    try:
        good = message(rnd.choice([bind(), search("", PRESENT, 0), tlv(0x77, tlv(0x80, b"1.3.6.1.4.1.4203.1.11.3"))]))
        data = bytearray(good)
        for _ in range(rnd.randrange(1, 6)):
            data[rnd.randrange(len(data))] = rnd.randrange(256)
        s.sendall(bytes(data) + rnd.randbytes(rnd.randrange(0, 40)))
        s.shutdown(socket.SHUT_WR)
        while s.recv(65536):
            pass
    except ConnectionError:
        pass
    finally:
        s.close()
tap.ok(True, "300 damaged messages are answered or refused, none hangs")

# ---- the control socket ----
for name, data in (("random octets", rnd.randbytes(300)), ("a length of 2 GiB", struct.pack(">I", 0x80000000)),
                   ("an unknown version", struct.pack(">I", 1) + b"\x09"), ("half a message", struct.pack(">I", 100) + b"\x01")):
    s = socket.socket(socket.AF_UNIX)
    s.settimeout(10 * SLOW)
    s.connect(os.path.join(lwd.data, "run", "control.sock"))
    s.sendall(data)
    s.shutdown(socket.SHUT_WR)
    try:
        got = s.recv(65536)
    except ConnectionResetError:
        got = b""
    tap.ok(got == b"" or b"usage" in got, "control socket: %s" % name, repr(got))
    s.close()

# ---- many connections, silent ones, TLS that is none ----
idle = [connect() for _ in range(200)]
tls = [connect(636 + lwd.offset) for _ in range(20)]
for s in tls:
    s.sendall(b"this is not TLS")
c = ldap.initialize(lwd.ldap)
c.simple_bind_s("admin@acme.example", ADMIN_PASSWORD)
tap.ok(c.search_s("dc=acme,dc=example", ldap.SCOPE_BASE, attrlist=["dc"]), "200 silent connections and 20 that speak no TLS: others are served")
for s in idle + tls:
    s.close()

# ---- a flood of wrong passwords: the policy's number of guesses, then the right one fails too until the lock ends or is lifted ----
lwd.user("mallory", "Right-Password-1")


def try_bind(pw):
    try:
        ldap.initialize(lwd.ldap).simple_bind_s("uid=mallory,ou=people,dc=acme,dc=example", pw)
        return True
    except ldap.INVALID_CREDENTIALS:
        return False


tap.ok(not any(try_bind("wrong-%d" % i) for i in range(12)), "12 wrong guesses fail")
tap.eq(try_bind("Right-Password-1"), False, "then the right one fails too: locked, with the same code")
lwd.must("user", "unlock", "mallory")
tap.ok(wait_for(lambda: try_bind("Right-Password-1")), "lwctl user unlock")
lwd.close(tap)
tap.done()
