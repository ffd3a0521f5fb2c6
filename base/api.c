/* SPDX-License-Identifier: Apache-2.0 */
#include "base/api.h"

#include <string.h>

#include "base/ctl.h"

#define END { NULL, NULL, 0, false }

static const struct api_member members_NONE[] = { END };
static const struct api_member members_PAGE[] = { { "limit", "limit", API_NUMBER, false }, { "after", "after", API_STRING, false }, END };
static const struct api_member members_EXPLAIN[] = { { "who", "who", API_STRING, true }, { "verb", "verb", API_STRING, true },
	{ "what", "what", API_STRING, true }, { "attr", "attr", API_STRING, false }, END };
static const struct api_member members_CA[] = { { "of", "of", API_STRING, false }, END }; /* root, installation, tenant */
static const struct api_member members_CSR[] = { { "csr", "csr", API_PEM, true }, { "profile", "profile", API_STRING, false },
	{ "subject", "subject", API_STRING, false }, END };
static const struct api_member members_REVOKE[] = { { "reason", "reason", API_STRING, false }, END };
static const struct api_member members_DISABLE[] = { { "revoke", "revoke", API_FLAG, false },
	{ "reason", "reason", API_STRING, false }, END };
static const struct api_member members_ROTATE[] = { { "algorithm", "alg", API_STRING, false }, { "now", "now", API_FLAG, false }, END };
static const struct api_member members_USER[] = { { "name", "name", API_STRING, true }, { "givenName", "given-name", API_STRING, false },
	{ "surname", "surname", API_STRING, false }, { "mail", "mail", API_STRING, false },
	{ "description", "description", API_STRING, false }, { "posix", "posix", API_FLAG, false },
	{ "uidNumber", "uidNumber", API_NUMBER, false }, { "gidNumber", "gidNumber", API_NUMBER, false },
	{ "homeDirectory", "homeDirectory", API_STRING, false }, { "loginShell", "loginShell", API_STRING, false },
	{ "password", "password", API_STRING, false }, END };
static const struct api_member members_ACCOUNT[] = { { "name", "name", API_STRING, true },
	{ "description", "description", API_STRING, false }, { "password", "password", API_STRING, false }, END };
static const struct api_member members_GROUP[] = { { "name", "name", API_STRING, true },
	{ "description", "description", API_STRING, false }, END };
static const struct api_member members_GRANT[] = { { "name", "name", API_STRING, false }, { "text", "text", API_STRING, true },
	{ "description", "description", API_STRING, false }, END };
static const struct api_member members_DEFAULTS[] = { { "names", "name", API_STRINGS, false }, END };
static const struct api_member members_TRUST[] = { { "name", "name", API_STRING, true }, { "groups", "group", API_STRINGS, false },
	{ "description", "description", API_STRING, false }, END };
static const struct api_member members_SET[] = { { "changes", "set", API_CHANGES, false }, END };
static const struct api_member members_PASSWORD[] = { { "password", "password", API_STRING, true },
	{ "oldPassword", "old", API_STRING, false }, END };
static const struct api_member members_MEMBERS[] = { { "members", "member", API_STRINGS, true }, END };
static const struct api_member members_TENANT[] = { { "name", "name", API_STRING, true }, { "admin", "admin", API_STRING, false },
	{ "password", "password", API_STRING, true }, END };
static const struct api_member members_KEYTAB[] = { { "name", "name", API_STRING, true }, { "rotate", "rotate", API_FLAG, false },
	{ "keytab", "", API_OCTETS, false } /* of the answer */, END };
static const struct api_member members_TOKEN[] = { { "type", "type", API_STRING, true }, { "audience", "audience", API_STRING, false },
	{ "subject", "subject", API_STRING, false }, { "algorithm", "alg", API_STRING, false }, { "life", "life", API_STRING, false }, END };
/* Certificates are base64 of DER, the metadata is the XML as it was read. */
#define RP_MEMBERS                                                                                                                      \
	{ "acsUrls", "acs", API_STRINGS, false }, { "nameIdFormat", "name-id-format", API_STRING, false },                                \
	{ "metadata", "metadata", API_STRING, false }, { "certificates", "certificate", API_STRINGS, false }
static const struct api_member members_RP[] = { { "name", "name", API_STRING, true }, { "entityId", "entity-id", API_STRING, true },
	{ "description", "description", API_STRING, false }, RP_MEMBERS, END };
static const struct api_member members_RP_SET[] = { { "entityId", "entity-id", API_STRING, false }, RP_MEMBERS,
	{ "changes", "set", API_CHANGES, false }, END };

#define ROW(method, path, right, verb, kind, set, answer) { API_##method, path, verb, kind, members_##set, answer },
const struct api_row api_rows[] = { API_ROWS(ROW){ 0, NULL, NULL, NULL, NULL, 0 } };

const struct api_member *api_member(const struct api_row *row, const char *key)
{
	for (const struct api_member *m = row->members; m->name; m++)
		if (!strcmp(m->key, key))
			return m;
	return NULL;
}

/* The next {parameter} of a path at or behind p; NULL: none. */
static const char *parameter(const char *p, struct lw_bytes *ret)
{
	const char *open = strchr(p, '{'), *close = open ? strchr(open, '}') : NULL;

	if (!close)
		return NULL;
	*ret = (struct lw_bytes){ (const uint8_t *)open + 1, (size_t)(close - open - 1) };
	return open;
}

bool api_in_path(const struct api_row *row, struct lw_bytes key)
{
	struct lw_bytes name;

	for (const char *p = row->path; (p = parameter(p, &name)) != NULL; p += name.n)
		if (lw_eq(name, key) && !lw_eq(name, LW_LIT("tenant")))
			return true;
	return false;
}

static bool fits(const struct api_row *row, const struct ctl_request *q)
{
	struct lw_bytes name, kind = ctl_arg(q, "kind");
	bool kind_in_path = api_in_path(row, LW_LIT("kind"));

	if (!lw_eq(lw_str(row->verb), q->verb) || (row->kind && !lw_eq(lw_str(row->kind), kind)))
		return false;
	for (const char *p = row->path; (p = parameter(p, &name)) != NULL; p += name.n) {
		size_t n = 0;

		for (size_t i = 0; i < q->npairs; i++)
			n += lw_eq(q->pairs[i].key, name) && q->pairs[i].value.n > 0;
		if (n != 1 && !lw_eq(name, LW_LIT("tenant")))
			return false;
	}
	for (size_t i = 0; i < q->npairs; i++) {
		struct lw_bytes key = q->pairs[i].key;
		bool found = api_in_path(row, key) || (!kind_in_path && lw_eq(key, LW_LIT("kind")));

		for (const struct api_member *m = row->members; m->name && !found; m++)
			found = lw_eq(lw_str(m->key), key);
		if (!found)
			return false;
	}
	return true;
}

const struct api_row *api_row_for(const struct ctl_request *q)
{
	for (const struct api_row *row = api_rows; row->path; row++)
		if (fits(row, q))
			return row;
	return NULL;
}

/* RFC 3986 2.3: what is not unreserved is encoded. */
static void put_encoded(struct lw_writer *w, struct lw_bytes v)
{
	static const char hex[] = "0123456789ABCDEF";

	for (size_t i = 0; i < v.n; i++) {
		uint8_t c = v.p[i];

		if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || (c && strchr("-._~", c))) {
			lw_put_u8(w, c);
		} else {
			lw_put_u8(w, '%');
			lw_put_u8(w, (uint8_t)hex[c >> 4]);
			lw_put_u8(w, (uint8_t)hex[c & 15]);
		}
	}
}

static void put_query(struct lw_writer *w, const struct api_row *row, const struct ctl_request *q)
{
	char mark = '?';

	for (const struct api_member *m = row->members; m->name; m++)
		for (size_t i = 0; i < q->npairs; i++)
			if (lw_eq(q->pairs[i].key, lw_str(m->key)) && !api_in_path(row, q->pairs[i].key)) {
				lw_put_u8(w, (uint8_t)mark);
				lw_put_bytes(w, lw_str(m->name));
				lw_put_u8(w, '=');
				put_encoded(w, m->type == API_FLAG ? LW_LIT("true") : q->pairs[i].value);
				mark = '&';
			}
}

void api_target(struct lw_writer *w, const struct api_row *row, const struct ctl_request *q)
{
	const char *p = row->path, *open;
	struct lw_bytes name;

	while ((open = parameter(p, &name)) != NULL) {
		lw_put_raw(w, p, (size_t)(open - p));
		if (lw_eq(name, LW_LIT("tenant")))
			put_encoded(w, q->tenant);
		for (size_t i = 0; i < q->npairs; i++)
			if (lw_eq(q->pairs[i].key, name) && !lw_eq(name, LW_LIT("tenant")))
				put_encoded(w, q->pairs[i].value);
		p = open + name.n + 2;
	}
	lw_put_bytes(w, lw_str(p));
	if (row->method == API_GET || row->method == API_DELETE)
		put_query(w, row, q);
}

int api_status(struct lw_bytes code)
{
	static const struct {
		const char *code;
		int status;
	} rows[] = { { "usage", 400 }, { "invalid", 400 }, { "refused", 403 }, { "not-found", 404 }, { "exists", 409 },
		{ "unsupported", 501 }, { "try-again", 503 } };

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (lw_eq(code, lw_str(rows[i].code)))
			return rows[i].status;
	return 500;
}
