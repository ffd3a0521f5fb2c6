/* SPDX-License-Identifier: Apache-2.0 */
/* The mutants of the tables. Besides each row's zero:
 *  - weaker rights than the row's, where the row's is what decides. (Where something behind it asks again,
 * nobody could tell: a control's right once the operation has refused anonymous subjects; a token in keyd's
 * gate whose verb the handler decides on.)
 *  - what the writer asks before any look-up, and what the operator and the binding role may do, asked
 * through the lines of an operation that leans on it. */
#include "tests/tables/tables.h"

#include "keys/msg.h"
#include "ldap/conn.h"
#include "store/access_roles.h"
#include "store/guard.h"

#define ANY_ROLE (~0u)

static const struct {
	const struct table *table;
	const char *row, *field;
	unsigned value;
} weaker[] = {
	{ &table_operations, "search", "right", LDAPD_OWN_CONNECTION },
	{ &table_operations, "compare", "right", LDAPD_OWN_CONNECTION },
	{ &table_operations, "modify", "right", LDAPD_OWN_CONNECTION },
	{ &table_operations, "add", "right", LDAPD_OWN_CONNECTION },
	{ &table_operations, "delete", "right", LDAPD_OWN_CONNECTION },
	{ &table_operations, "modifyDN", "right", LDAPD_OWN_CONNECTION },
	{ &table_extended, "PasswordModify", "right", LDAPD_OWN_CONNECTION },
	{ &table_messages, "verify", "from", ANY_ROLE },
	{ &table_messages, "operator", "from", ANY_ROLE },
	{ &table_messages, "check", "from", ANY_ROLE },
	{ &table_messages, "check", "need", KEYS_NEED_PEER },
	{ &table_messages, "renew", "from", ANY_ROLE },
	{ &table_messages, "renew", "need", KEYS_NEED_PEER },
	{ &table_messages, "set-password", "from", ANY_ROLE },
	{ &table_messages, "set-password", "need", KEYS_NEED_TOKEN },
	{ &table_messages, "set-password", "need", KEYS_NEED_PEER },
	{ &table_messages, "set-password", "need", KEYS_NEED_PASSWORD },
	{ &table_messages, "set-password", "verb", ACCESS_READ },
	{ &table_messages, "set-password", "verb", ACCESS_WRITE },
	{ &table_messages, "unlock", "from", ANY_ROLE },
	{ &table_messages, "unlock", "need", KEYS_NEED_PEER },
	{ &table_messages, "unlock", "verb", ACCESS_READ },
	{ &table_messages, "unlock", "verb", ACCESS_WRITE },
	{ &table_messages, "tenant-new", "from", ANY_ROLE },
	{ &table_messages, "tenant-new", "need", KEYS_NEED_VERB },
	{ &table_messages, "tenant-new", "need", KEYS_NEED_TOKEN },
	{ &table_messages, "tenant-new", "need", KEYS_NEED_PEER },
	{ &table_messages, "tenant-new", "need", KEYS_NEED_PASSWORD },
	{ &table_messages, "tenant-new", "verb", ACCESS_READ },
	{ &table_messages, "tls-cert", "from", ANY_ROLE },
	{ &table_messages, "ca-pem", "from", ANY_ROLE },
	{ &table_messages, "ping", "from", ANY_ROLE },
	{ &table_messages, "kerberos-key", "from", ANY_ROLE },
	{ &table_messages, "kerberos-cap", "from", ANY_ROLE },
	{ &table_messages, "check-forwarded", "from", ANY_ROLE },
	{ &table_messages, "check-forwarded", "need", KEYS_NEED_PEER },
	{ &table_messages, "check-forwarded", "need", KEYS_NEED_TOKEN },
	{ &table_messages, "keytab", "from", ANY_ROLE },
	{ &table_messages, "keytab", "need", KEYS_NEED_PEER },
	{ &table_messages, "keytab", "verb", ACCESS_READ },
	{ &table_messages, "keytab", "verb", ACCESS_SET_SECRET },
	{ &table_messages, "realm-keys", "from", ANY_ROLE },
	{ &table_messages, "realm-keys", "need", KEYS_NEED_PEER },
	{ &table_messages, "realm-keys", "verb", ACCESS_WRITE },
	{ &table_messages, "realm-list", "from", ANY_ROLE },
	{ &table_messages, "realm-list", "need", KEYS_NEED_PEER },
	{ &table_messages, "realm-list", "verb", ACCESS_READ },
	{ &table_messages, "login", "from", ANY_ROLE },
	{ &table_messages, "adopt", "from", ANY_ROLE },
	{ &table_messages, "adopt", "need", KEYS_NEED_PEER },
	{ &table_messages, "adopt", "need", KEYS_NEED_TOKEN },
	{ &table_messages, "tenant-keys-due", "from", ANY_ROLE },
	{ &table_messages, "tenant-keys-rotate", "from", ANY_ROLE },
	{ &table_messages, "tenant-keys-rotate", "need", KEYS_NEED_PEER },
	{ &table_messages, "tenant-keys-rotate", "verb", ACCESS_WRITE },
	{ &table_messages, "tenant-keys-list", "from", ANY_ROLE },
	{ &table_messages, "tenant-keys-list", "need", KEYS_NEED_PEER },
	{ &table_messages, "tenant-keys-list", "verb", ACCESS_READ },
	{ &table_messages, "cert", "from", ANY_ROLE },
	{ &table_messages, "cert", "need", KEYS_NEED_PEER },
	{ &table_messages, "public", "from", ANY_ROLE },
	{ &table_messages, "ocsp", "from", ANY_ROLE },
	{ &table_messages, "root-export", "from", ANY_ROLE },
	{ &table_messages, "root-export", "need", KEYS_NEED_PEER },
	{ &table_messages, "ca-renew", "from", ANY_ROLE },
	{ &table_messages, "ca-renew", "need", KEYS_NEED_PEER },
	{ &table_messages, "root-import", "from", ANY_ROLE },
	{ &table_messages, "root-import", "need", KEYS_NEED_PEER },
	{ &table_messages, "master-rotate", "from", ANY_ROLE },
	{ &table_messages, "master-rotate", "need", KEYS_NEED_PEER },
	{ &table_messages, "master-rewrap", "from", ANY_ROLE },
	{ &table_messages, "tenant-end", "from", ANY_ROLE },
	{ &table_messages, "tenant-end", "need", KEYS_NEED_VERB },
	{ &table_messages, "tenant-end", "need", KEYS_NEED_TOKEN },
	{ &table_messages, "tenant-end", "need", KEYS_NEED_PEER },
	{ &table_messages, "tenant-end", "verb", ACCESS_READ },
	{ &table_messages, "forget", "from", ANY_ROLE },
	{ &table_messages, "audit-take", "from", ANY_ROLE },
	{ &table_messages, "audit-mac", "from", ANY_ROLE },
	{ &table_messages, "token-issue", "from", ANY_ROLE },
	{ &table_messages, "token-issue", "need", KEYS_NEED_PEER },
	{ &table_messages, "assertion-accept", "from", ANY_ROLE },
	{ &table_forwarded, "status", "needs", 0 },
	{ &table_forwarded, "next", "needs", 0 },
	{ &table_forwarded, "tenant.list", "needs", 0 },
	{ &table_forwarded, "tenant.show", "needs", 0 },
};

static const struct {
	enum store_op_kind kind;
	unsigned value;
	const struct table *table;
	const char *row;
} writes[] = {
	{ STORE_ADD, ACCESS_READ, &table_operations, "add" },
	{ STORE_MODIFY, ACCESS_DELETE, &table_operations, "modify" },
	{ STORE_DELETE, ACCESS_WRITE, &table_operations, "delete" },
	{ STORE_MODDN, ACCESS_WRITE, &table_operations, "modifyDN" },
};

static const struct {
	enum store_role role;
	enum access_verb verb;
	const struct table *table;
	const char *row;
} roles[] = {
	{ STORE_ROLE_OPERATOR, ACCESS_READ, &table_verbs, "object.show" },
	{ STORE_ROLE_OPERATOR, ACCESS_SEARCH, &table_verbs, "object.list" },
	{ STORE_ROLE_OPERATOR, ACCESS_COMPARE, &table_operations, "compare" },
	{ STORE_ROLE_OPERATOR, ACCESS_WRITE, &table_verbs, "object.set" },
	{ STORE_ROLE_OPERATOR, ACCESS_CREATE, &table_verbs, "object.create" },
	{ STORE_ROLE_OPERATOR, ACCESS_DELETE, &table_verbs, "object.delete" },
	{ STORE_ROLE_OPERATOR, ACCESS_MOVE, &table_operations, "modifyDN" },
	{ STORE_ROLE_OPERATOR, ACCESS_SET_SECRET, &table_verbs, "object.passwd" },
	{ STORE_ROLE_OPERATOR, ACCESS_ADMINISTER, &table_verbs, "tenant.create" },
	{ STORE_ROLE_OPERATOR, ACCESS_EXPORT, &table_verbs, "keytab.get" },
	{ STORE_ROLE_OPERATOR, ACCESS_ADMINISTER, &table_verbs, "key.rotate" },
	{ STORE_ROLE_OPERATOR, ACCESS_ENROL, &table_writes, "cert-intent" },
	{ STORE_ROLE_OPERATOR, ACCESS_REVOKE, &table_writes, "cert-revoke" },
	{ STORE_ROLE_OPERATOR, ACCESS_TOKEN, &table_verbs, "token.issue" },
	{ STORE_ROLE_OPERATOR, ACCESS_IMPERSONATE, &table_verbs, "token.issue" },
	{ STORE_ROLE_AUTH, ACCESS_EXPORT, &table_operations, "bind" },
	{ STORE_ROLE_KDC, ACCESS_EXPORT, &table_kdc, "AS-REQ" },
};

static struct right right_of(const struct table *t, const char *row, const char *field)
{
	struct right rights[4];

	for (size_t i = 0; i < t->rows(); i++) {
		memset(rights, 0, sizeof(rights));
		t->rights(i, rights); /* those after its count too: not for zeros, but to be weakened */
		for (unsigned k = 0; k < 4 && rights[k].field && !strcmp(t->row(i), row); k++)
			if (!strcmp(rights[k].field, field))
				return rights[k];
	}
	die("%s %s has no %s", t->name, row, field);
}

static const enum access_verb *role_row(enum store_role role, enum access_verb verb)
{
	for (size_t i = 0; i < access_role_row_count; i++)
		if (access_role_rows[i].role == role && access_role_rows[i].verb == verb)
			return &access_role_rows[i].verb;
	die("a role has lost a verb");
}

static size_t zeros(struct mutant *ret, size_t max)
{
	size_t n = 0;

	for (size_t i = 0; i < ntables; i++)
		for (size_t row = 0; row < tables[i]->rows(); row++) {
			struct right rights[4];
			unsigned k = tables[i]->rights(row, rights);

			for (unsigned j = 0; j < k && n < max; j++)
				ret[n++] =
				        (struct mutant){ tables[i], tables[i]->row(row), rights[j], 0, true };
		}
	return n;
}

size_t list_mutants(struct mutant *ret, size_t max)
{
	size_t n = zeros(ret, max);

	for (size_t i = 0; i < sizeof(weaker) / sizeof(weaker[0]) && n < max; i++)
		ret[n++] = (struct mutant){ weaker[i].table, weaker[i].row,
			right_of(weaker[i].table, weaker[i].row, weaker[i].field), weaker[i].value, false };
	for (size_t i = 0; i < sizeof(writes) / sizeof(writes[0]) && n < max; i++)
		ret[n++] = (struct mutant){ writes[i].table, writes[i].row,
			{ "the writer's verb", (void *)&write_rows[writes[i].kind].verb,
			        sizeof(enum access_verb), write_rows[writes[i].kind].verb },
			writes[i].value, false };
	for (size_t i = 0; i < sizeof(roles) / sizeof(roles[0]) && n < max; i++)
		ret[n++] = (struct mutant){ roles[i].table, roles[i].row,
			{ roles[i].role == STORE_ROLE_OPERATOR ? "the operator's verb"
			                                       : "a role's verb",
			        (void *)role_row(roles[i].role, roles[i].verb), sizeof(enum access_verb),
			        roles[i].verb },
			0, false };
	return n;
}
