#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""make bench-sign: what signing costs keyd beyond the signature. Assertions, certificates and JWTs a second of one core's time by the real builders, and
xmlsec1 signing the same assertion, as a ratio to `openssl speed` of the same run.   signbench.py [--seconds 2] [--runs 3]"""
import argparse
import os
import re
import statistics
import subprocess

BIN = os.environ.get("LWD_BIN") or os.getcwd()
PROGRAM = os.path.join(BIN, "tests", "bench", "signbench")
ORDER = ("assertion", "assertion, xmlsec1", "certificate", "certificate, linted", "certificate, whole order", "JWT")


def openssl(seconds):
    """Signatures a second by key type."""
    p = subprocess.run(["openssl", "speed", "-seconds", str(max(1, int(seconds))), "ecdsap256", "rsa2048"], capture_output=True, text=True, check=True)
    rates = {}
    for line in p.stdout.splitlines():
        words = line.split()
        if line.startswith("rsa 2048"):
            rates["RSA-2048"] = float(words[-2])
        elif "nistp256" in line and "ecdsa" in line:
            rates["P-256"] = float(words[-2])
    return rates


def ours(seconds):
    p = subprocess.run([PROGRAM, str(seconds)], capture_output=True, text=True, check=True)
    return {(k, what): (int(n), float(rate)) for k, what, n, rate in (line.split("\t") for line in p.stdout.splitlines())}


parser = argparse.ArgumentParser()
parser.add_argument("--seconds", type=float, default=2)
parser.add_argument("--runs", type=int, default=3)
args = parser.parse_args()
version = subprocess.run(["openssl", "version"], capture_output=True, text=True, check=True).stdout.split()[1]
xmlsec = re.search(r"\d+\.[\d.]+", subprocess.run(["xmlsec1", "--version"], capture_output=True, text=True).stdout or "?")
runs = [(openssl(args.seconds), ours(args.seconds)) for _ in range(args.runs)]
print("OpenSSL %s, xmlsec1 %s; medians of %d runs of %g s a line; per second of one core\n" % (version, xmlsec.group(0) if xmlsec else "?", args.runs, args.seconds))
print("| key | | octets | a second | of openssl speed's signatures |")
print("|---|---|---|---|---|")
for key in ("P-256", "RSA-2048"):
    print("| %s | `openssl speed` | | %d | 1 |" % (key, statistics.median(o[key] for o, _ in runs)))
    for what in ORDER:
        rate = statistics.median(r[(key, what)][1] for _, r in runs)
        ratio = statistics.median(r[(key, what)][1] / o[key] for o, r in runs)
        print("| %s | %s | %d | %d | %.2f |" % (key, what, runs[0][1][(key, what)][0], rate, ratio))
