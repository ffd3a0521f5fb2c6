#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Calls and habits that are not for this code.  banned.py ROOT   prints each; exit 1 when there is one."""
import os
import re
import sys

FOLDERS = ["base", "store", "keys", "http", "ldap", "kdc", "saml", "oidc", "ca", "lwd", "cli"]
CALLS = ["strcpy", "strcat", "strncpy", "strncat", "sprintf", "vsprintf", "gets", "strtok", "alloca", "system", "popen", "atoi", "atol",
         "rand", "random", "srand", "mktemp", "tmpnam", "signal", "fork", "vfork", "gethostbyname", "asctime", "ctime", "localtime", "gmtime",
         "ber_get_next", "mdb_env_set_mapsize", "mlockall"]
HOME = {("lwd/monitor.c", "fork"), ("lwd/start.c", "fork"), ("store/eng_env.c", "mdb_env_set_mapsize")}  # where a call is at home
CAP_FILLED = re.compile(r"\bstruct lw_cap\s+\w+\s*=\s*\{\s*\.")
TYPEDEF = re.compile(r"\btypedef\s+(struct|enum|union)\b")
CALL = re.compile(r"(?<![\w.>])(%s)\s*\(" % "|".join(CALLS))
STRIP = re.compile(r'"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'|/\*.*?\*/|//[^\n]*', re.S)


def blank(m):
    return re.sub(r"[^\n]", " ", m.group(0))


def of_file(rel, folder, text):
    if "SPDX-License-Identifier: Apache-2.0" not in text.split("\n", 1)[0]:
        yield "%s:1: no SPDX line" % rel
    for number, line in enumerate(STRIP.sub(blank, text).split("\n"), 1):
        for m in CALL.finditer(line):
            if (rel, m.group(1)) not in HOME:
                yield "%s:%d: %s is banned" % (rel, number, m.group(1))
        if CAP_FILLED.search(line) and folder != "keys":
            yield "%s:%d: only keys/ fills a struct lw_cap" % (rel, number)
        if TYPEDEF.search(line):
            yield "%s:%d: no typedefs of structs" % (rel, number)


def violations(root):
    for folder in FOLDERS:
        for path, _, files in os.walk(os.path.join(root, folder)):
            for name in sorted(f for f in files if f.endswith((".c", ".h"))):
                full = os.path.join(path, name)
                yield from of_file(os.path.relpath(full, root), folder, open(full, encoding="utf-8").read())


if __name__ == "__main__":
    found = list(violations(sys.argv[1]))
    print("\n".join(found))
    sys.exit(1 if found else 0)
