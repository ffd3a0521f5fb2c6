#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Traces the directory's system calls: each acknowledgement of a write leaves after the sync of its transaction, and the same check
fails when the sync is taken away (a preloaded shim)."""
import os
import re
import shutil
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from lwdtest import ADMIN_PASSWORD, Lwd, Tap, run, wait_for  # noqa: E402

import ldap  # noqa: E402

HERE = os.path.dirname(os.path.abspath(__file__))
DN = "uid=admin,ou=people,dc=acme,dc=example"
WRITES = 40
CALL = re.compile(r"^(\d+)\s+(?:<\.\.\. )?(\w+)(?:\(| resumed)(.*)$")


def trace(preload):
    """The directory's calls while a client does WRITES modifies: lines of strace, and the client's port."""
    lwd = Lwd().init()
    if preload:
        lwd.env["LD_PRELOAD"] = preload
    lwd.start()
    c = ldap.initialize(lwd.ldap)
    c.simple_bind_s(DN, ADMIN_PASSWORD)
    c.modify_s(DN, [(ldap.MOD_REPLACE, "title", [b"warm"])])
    out = os.path.join(lwd.dir, "trace")
    pid = lwd.role_pid("directory")
    st = subprocess.Popen(["strace", "-f", "-q", "-yy", "-e", "trace=fdatasync,fsync,msync,pwrite64,pwritev,write,writev,sendto,sendmsg",
                           "-o", out, "-p", str(pid)], stderr=subprocess.DEVNULL)
    wait_for(lambda: "TracerPid:\t%d" % st.pid in open("/proc/%d/status" % pid).read())
    port = ldap_port(c)
    for i in range(WRITES):
        c.modify_s(DN, [(ldap.MOD_REPLACE, "title", [b"t%d" % i])])
    dsync = dsync_fds(pid)
    st.terminate()
    st.wait()
    text = open(out, errors="replace").read().splitlines()
    lwd.env.pop("LD_PRELOAD", None)
    return lwd, text, port, dsync


def ldap_port(c):
    import socket
    s = socket.socket(fileno=os.dup(c.fileno()))
    try:
        return s.getsockname()[1]
    finally:
        s.close()


def dsync_fds(pid):
    """Descriptors of the data file that were opened with O_DSYNC: a write to one is durable when it returns."""
    fds = set()
    for fd in os.listdir("/proc/%d/fd" % pid):
        try:
            if not os.readlink("/proc/%d/fd/%s" % (pid, fd)).endswith("data.mdb"):
                continue
            flags = [x for x in open("/proc/%d/fdinfo/%s" % (pid, fd)).read().splitlines() if x.startswith("flags")][0]
            if int(flags.split()[1], 8) & os.O_DSYNC:
                fds.add(fd)
        except OSError:
            pass
    return fds


def acknowledgements(lines, port, dsync):
    """For each answer to the client: was the data synced, and then the meta page made durable, since the answer before?"""
    result, data_synced, durable = [], False, False
    unfinished = {}
    for line in lines:
        if "<unfinished ...>" in line:
            tid, rest = line.split(None, 1)
            unfinished[tid] = rest.split("<unfinished")[0]
            call = rest
            if not call.startswith(("sendto", "sendmsg", "write")):
                continue  # a sync counts when it returns, an answer when it starts
        elif " resumed>" in line:
            tid = line.split(None, 1)[0]
            call = unfinished.pop(tid, "")
            if call.startswith(("sendto", "sendmsg", "write")):
                continue
        else:
            call = line.split(None, 1)[1]
        name = call.split("(", 1)[0]
        if name in ("fdatasync", "fsync", "msync") and "data.mdb" in call:
            data_synced = True
            durable = durable or False
        elif name in ("pwrite64", "pwritev") and "data.mdb" in call:
            fd = call.split("(", 1)[1].split("<", 1)[0]
            if fd in dsync and data_synced:
                durable = True
        elif ":%d]" % port in call and name in ("sendto", "sendmsg", "write", "writev"):
            result.append(durable)
            data_synced = durable = False
    return result


tap = Tap()
lwd, lines, port, dsync = trace(None)
acks = acknowledgements(lines, port, dsync)
tap.ok(len(acks) >= WRITES, "the trace shows the acknowledgements (%d)" % len(acks), "\n".join(lines[:30]))
tap.ok(len(dsync) >= 1, "the meta page is written through an O_DSYNC descriptor")
tap.ok(acks and all(acks), "each acknowledgement leaves after the sync of its transaction", acks)
lwd.close(tap)

work = lwd.dir + "-shim"
os.makedirs(work)
shim = os.path.join(work, "nosync.so")
p = run(["cc", "-shared", "-fPIC", "-o", shim, os.path.join(HERE, "nosync.c")])
tap.eq(p.returncode, 0, "the shim is built")
lwd, lines, port, dsync = trace(shim)
acks = acknowledgements(lines, port, dsync)
tap.ok(len(acks) >= WRITES and not any(acks), "with the sync taken away the same check fails", acks)
lwd.close(tap)
shutil.rmtree(work)
tap.done()
