#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Is every table whose rows say who may (a field right, verb, need, needs, from or auth) asked by the matrix of tests/tables?
tables.py ROOT   prints each that nobody has thought of; exit 1 when there is one."""
import os
import re
import sys

ASKED = {  # a row's struct, and the table of tests/tables/matrix.c
    "ldapd_op": "operations", "ldapd_extop": "extended", "ldapd_control_row": "controls", "control_verb": "verbs", "keys_row": "messages",
    "write_row": "writes", "kdc_op": "kdc", "kdc_pa": "padata", "kdc_option": "options", "http_route": "routes", "relay_row": "relay",
    "ca_profile": "profile",
}
NOT_ASKED = {
    "api_row": "each is a route",
    "access_role_row": "the mutants take each right of a role away",
    "access_verb_row": "the verbs themselves",
}
FOLDERS = ("base", "store", "keys", "http", "ldap", "kdc", "saml", "oidc", "ca", "lwd")
STRUCT = re.compile(r"\bstruct\s+(\w+)\s*\{([^}]*)\}", re.S)
TABLE = re.compile(r"^(?:static )?const struct (\w+)\s+(\w+)\[", re.M)
INLINE = re.compile(r"^(?:static )?const struct (\w*)\s*\{([^}]*)\}\s*(\w+)\[", re.M)
WHO = re.compile(r"(?:^|;)\s*(?:unsigned|uint\d+_t|enum \w+)\s+(?:\w+,\s*)*(?:right|verb|needs?|from|auth)\b", re.M)


def main(root):
    rights, tables = set(), []
    for folder in FOLDERS:
        for path, _, files in os.walk(os.path.join(root, folder)):
            for name in sorted(f for f in files if f.endswith((".c", ".h"))):
                text = open(os.path.join(path, name), encoding="utf-8").read()
                where = os.path.join(folder, name)
                rights |= {m.group(1) for m in STRUCT.finditer(text) if WHO.search(m.group(2))}
                tables += [(where, m.group(1), m.group(2)) for m in TABLE.finditer(text) if name.endswith(".c")]
                for m in INLINE.finditer(text):
                    tables.append((where, m.group(1) or m.group(3), m.group(3)))
                    if WHO.search(m.group(2)):
                        rights.add(m.group(1) or m.group(3))
    matrix = os.path.join(root, "tests/tables/matrix.c")
    listed = set(re.findall(r"&table_(\w+)", open(matrix, encoding="utf-8").read())) if os.path.exists(matrix) else set(ASKED.values())
    bad = 0
    for where, row, table in tables:
        if row not in rights or row in NOT_ASKED or ASKED.get(row) in listed:
            continue
        print("%s: the rows of %s (struct %s) say who may, and tests/tables/matrix does not ask them" % (where, table, row))
        bad += 1
    sys.exit(bad != 0)


main(sys.argv[1] if len(sys.argv) > 1 else ".")
