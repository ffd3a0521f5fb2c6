#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Does each folder include only from its left?  base <- {keys, http, store} <- {ldap, kdc, saml, oidc, ca} <- lwd
layering.py ROOT   prints each violation; exit 1 when there is one."""
import os
import re
import sys

MAY = {
    "base": set(),
    "store": {"base"},
    "http": {"base"},
    "keys": {"base", "store"},  # keyd reads the store and runs its access check
    "ldap": {"base", "store", "keys", "http"},
    "kdc": {"base", "store", "keys", "http"},
    "saml": {"base", "store", "keys", "http"},
    "oidc": {"base", "store", "keys", "http"},
    "ca": {"base", "store", "keys", "http"},
    "lwd": {"base", "store", "keys", "http", "ldap", "kdc", "saml", "oidc", "ca"},
    "cli": {"base", "store", "keys", "http", "ca", "saml", "oidc"},
}
EXTRA = {("cli", "lwd/config.h")}  # one header that a folder shares beyond the rule
ONLY = {  # a library and the folders that may call it
    "lmdb.h": {"store"},
    "libxml/": {"saml", "http"},
    "xmlsec/": {"saml", "http"},
    "event2/": {"lwd", "http"},
    "lber.h": {"ldap"},
    "ldap.h": set(),
    "argon2.h": {"base"},
    "utf8proc.h": {"base"},
    "idna.h": {"base"},
    "stringprep.h": {"base"},
    "seccomp.h": {"lwd"},
    "jansson.h": {"http", "cli"},
    "curl/": {"cli"},
    "gssapi/": {"ldap", "kdc"},
    "krb5.h": {"kdc"},  # a keytab in memory for libgssapi; all else of Kerberos we do ourselves
}
INCLUDE = re.compile(r'\s*#\s*include\s+([<"])([^>"]+)[>"]')


def violations(root):
    for folder, may in MAY.items():
        for path, _, files in os.walk(os.path.join(root, folder)):
            for name in sorted(f for f in files if f.endswith((".c", ".h"))):
                full = os.path.join(path, name)
                for number, line in enumerate(open(full, encoding="utf-8"), 1):
                    m = INCLUDE.match(line)
                    if not m:
                        continue
                    target, where = m.group(2), "%s:%d" % (os.path.relpath(full, root), number)
                    first = target.split("/")[0]
                    if m.group(1) == '"' and first in MAY and first != folder and first not in may and (folder, target) not in EXTRA:
                        yield "%s: %s may not include %s" % (where, folder, target)
                    for lib, owners in ONLY.items():
                        if m.group(1) == "<" and target.startswith(lib) and folder not in owners:
                            yield "%s: %s may not include <%s>" % (where, folder, target)


if __name__ == "__main__":
    found = list(violations(sys.argv[1]))
    print("\n".join(found))
    sys.exit(1 if found else 0)
