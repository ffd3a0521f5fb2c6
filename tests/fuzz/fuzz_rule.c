/* SPDX-License-Identifier: Apache-2.0 */
/* A rule's octets from the `grant` table: what decodes has one form, and can be decided on. */
#include <stdint.h>
#include <stdlib.h>
#include "base/err.h"
#include "store/access.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Whatever the rule, a partner has none of what can't be given to him. */
static void decide_partner(const struct access_policy *p, const struct access_object *o, const struct access_ctx *c)
{
	const struct lw_bytes group = LW_LIT("helpdesk");
	const struct access_partner as = { .tenant = { { 0xbe } }, .groups = &group, .ngroups = 1 };
	const struct access_subject s = { .tenant = 2, .who = ACCESS_WHO_PERSON, .id = 2, .partner = &as };
	struct access_rights *r = access_bind(p, &s);
	struct access_object rule = *o;

	rule.kind = ACCESS_GRANT;
	for (unsigned v = 1; v < ACCESS_VERB_COUNT; v++) {
		enum access_verb verb = (enum access_verb)v;

		if (access_decide(r, verb, o, NULL, c, NULL) && !(ACCESS_PARTNER_VERBS >> v & 1))
			abort();
		if (access_decide(r, verb, &rule, NULL, c, NULL) && (ACCESS_PARTNER_CHANGES >> v & 1))
			abort();
	}
	access_rights_free(r);
}

static void decide(struct lw_bytes octets)
{
	static const uint64_t groups[] = { 1, 7 }, above[] = { 1, 2, 7 };
	const struct lw_bytes tag = LW_LIT("db");
	struct access_policy *p = access_policy_new(1, 7);
	struct access_subject s = {
		.tenant = 1, .who = ACCESS_WHO_PERSON, .id = 2, .groups = groups, .ngroups = 2
	};
	struct access_object o = { .tenant = 1,
		.id = 2,
		.kind = ACCESS_PERSON,
		.above = above,
		.nabove = 3,
		.managers = groups,
		.nmanagers = 2,
		.tags = &tag,
		.ntags = 1,
		.audience = LW_LIT("x"),
		.profile = LW_LIT("y") };
	struct access_ctx c = { .now = 10, .auth_time = 9, .methods = 1, .delegated = &s };
	const struct schema_attr *secret = schema_attr(LW_LIT("userPassword"));
	struct access_rights *r;
	struct access_set set;

	if (access_policy_add(p, 5, octets))
		abort();
	r = access_bind(p, &s);
	for (unsigned v = 1; v < ACCESS_VERB_COUNT; v++) {
		enum access_verb verb = (enum access_verb)v;

		access_decide(r, verb, &o, NULL, &c, NULL);
		access_attr_set(r, verb, &o, &c, &set);
		if (verb != ACCESS_SET_SECRET && verb != ACCESS_EXPORT && access_set_has(&set, secret))
			abort();
	}
	access_rights_free(r);
	decide_partner(p, &o, &c);
	access_policy_unref(p);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct lw_arena *arena = lw_arena_new(1 << 20, false);
	struct access_rule *rule = NULL;
	struct lw_writer w;
	uint64_t ids[ACCESS_MAX_REFS];

	if (access_rule_decode(arena, (struct lw_bytes){ data, size }, &rule)) {
		if (rule)
			abort();
		goto out;
	}
	lw_writer_init(&w, ACCESS_MAX_ENCODED);
	access_rule_encode(&w, rule);
	/* what version 1 said is written as version 2 from now on */
	if (w.err || (data[0] != 1 && !lw_eq(lw_written(&w), (struct lw_bytes){ data, size })))
		abort();
	lw_writer_done(&w);
	if (access_rule_refs(rule, ids) > ACCESS_MAX_REFS)
		abort();
	decide((struct lw_bytes){ data, size });
out:
	lw_arena_free(arena);
	return 0;
}
