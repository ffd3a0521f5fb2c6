/* SPDX-License-Identifier: Apache-2.0 */
/* First octet: what the rest is. Definitions: every slice lies in the text. Values: a normal form of what its
 * syntax takes, the same for the same octets; descriptions: canonical options are a fixed point. */
#include <stdlib.h>
#include <string.h>
#include "base/err.h"
#include "store/schema_int.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool ok)
{
	if (!ok)
		abort();
}

static void inside(struct lw_bytes part, struct lw_bytes all)
{
	check(part.n == 0 || (part.p >= all.p && part.p + part.n <= all.p + all.n));
}

static void list(const struct schema_list *l, struct lw_bytes in)
{
	check(l->n <= SCHEMA_DEF_ATTRS);
	for (unsigned i = 0; i < l->n; i++) {
		check(l->v[i].n != 0);
		inside(l->v[i], in);
	}
}

static void definition(struct lw_bytes in)
{
	static struct schema_def d;

	if (schema_def_attr(in, &d) == 0) {
		check(schema_is_oid(d.oid) && (d.syntax.n != 0 || d.sups.n == 1));
		list(&d.names, in);
		inside(d.equality, in);
		inside(d.desc, in);
	}
	if (schema_def_class(in, &d) == 0) {
		check(schema_is_oid(d.oid));
		list(&d.names, in);
		list(&d.sups, in);
		list(&d.must, in);
		list(&d.may, in);
	}
}

static void value(struct lw_arena *a, uint8_t which, struct lw_bytes in)
{
	static const char *const attrs[] = { "cn", "mail", "uidNumber", "createTimestamp", "postalAddress",
		"telephoneNumber", "x121Address", "member", "uniqueMember", "userCertificate", "entryUUID",
		"objectClass", "attributeTypes", "x500UniqueIdentifier", "pwdReset",
		"facsimileTelephoneNumber", "preferredDeliveryMethod", "telexNumber", "otherMailbox",
		"dITStructureRules" };
	const struct schema_attr *t = schema_attr(lw_str(attrs[which % (sizeof(attrs) / sizeof(attrs[0]))]));
	struct lw_bytes n1, n2;
	bool good = schema_check_value(t, in) == 0;
	int err;

	err = t->equality != NULL ? schema_norm(t, NULL, a, in, &n1) : -1;
	if (err == 0) {
		check(schema_norm(t, NULL, a, in, &n2) == 0 && lw_eq(n1, n2));
		inside(n1, n1);
	}
	/* numbers, times, names: what the syntax takes has a normal form */
	if (good && (t->id == schema_attr(LW_LIT("uidNumber"))->id ||
	                    t->id == schema_attr(LW_LIT("createTimestamp"))->id ||
	                    t->id == schema_attr(LW_LIT("member"))->id))
		check(err == 0);
	schema_ordkey(t, NULL, a, in, &n1);
	schema_sub_value(t, a, in, &n1);
	for (int k = SCHEMA_INITIAL; k <= SCHEMA_FINAL; k++)
		schema_sub_piece(t, (enum schema_piece)k, a, in, &n1);
}

static void desc(struct lw_arena *a, struct lw_bytes in)
{
	const struct schema_attr *t, *t2;
	struct lw_bytes o, o2;
	struct lw_writer w;

	if (schema_desc(a, in, &t, &o) != 0)
		return;
	lw_writer_init(&w, 1024);
	lw_put_raw(&w, t->names[0], strlen(t->names[0]));
	lw_put_bytes(&w, o);
	if (w.n <= 256)
		check(schema_desc(a, lw_written(&w), &t2, &o2) == 0 && t == t2 && lw_eq(o, o2));
	lw_writer_done(&w);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct lw_arena *a = lw_arena_new(32u << 20, false);
	struct lw_bytes in = { data, size };

	if (size != 0) {
		in = (struct lw_bytes){ data + 1, size - 1 };
		if (data[0] == '(')
			definition((struct lw_bytes){ data, size });
		else if (data[0] == '=')
			desc(a, in);
		else
			value(a, (uint8_t)(data[0] - 'a'), in);
	}
	lw_arena_free(a);
	return 0;
}
