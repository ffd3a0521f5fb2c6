/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "base/clock.h"
#include "base/err.h"
#include "tests/unit/access_fixture.h"

const char *const fixture_examples[] = {
	"permit group helpdesk may read,search person under ou=people attrs(cn,mail,telephoneNumber);",
	"permit self may set-secret person attrs(userPassword) when auth.age<5m and channel.confidential;",
	"permit group web may ticket service tagged db max-life 1h;",
	"permit service http/shop may delegate service tagged db when delegated.group!=protected;",
	"permit client shop may token audience \"https://api.acme.example\" attrs(sub,groups) when auth.mfa "
	"max-life 10m;",
	"permit class host may enrol profile tls-server names owned max-life 1d;",
	NULL,
};

struct fixture *fixture_new(void)
{
	struct fixture *f = calloc(1, sizeof(*f));

	assert_non_null(f);
	world_init(&f->w, 1);
	for (int i = 0; i < WORLD_NODES; i++) {
		f->w.node[i].in = f->w.node[i].managers = 0;
		f->w.node[i].tags = 0;
	}
	f->arena = lw_arena_new(1 << 20, false);
	f->policy = access_policy_new(1, f->w.node[ADMINS].id);
	return f;
}

void fixture_free(struct fixture *f)
{
	access_policy_unref(f->policy);
	lw_arena_free(f->arena);
	world_done(&f->w);
	free(f);
}

int fixture_compile(struct fixture *f, const char *text, struct access_rule **ret)
{
	struct access_resolver resolver = { &f->w, world_resolver_base.resolve, world_resolver_base.tenant };
	struct access_ast *ast;
	int err = access_parse(f->arena, lw_str(text), &ast, f->err);

	return err ? err : access_compile(f->arena, ast, &resolver, ret, f->err);
}

struct access_rule *fixture_add(struct fixture *f, const char *text)
{
	struct access_rule *rule = NULL;
	struct lw_writer out;
	int err = fixture_compile(f, text, &rule);

	if (err)
		fail_msg("%s: %s", text, f->err);
	lw_writer_init(&out, ACCESS_MAX_ENCODED);
	access_rule_encode(&out, rule);
	assert_int_equal(out.err, LW_OK);
	err = access_policy_add(f->policy, 100 + access_policy_count(f->policy), lw_written(&out));
	assert_int_equal(err, LW_OK);
	lw_writer_done(&out);
	return rule;
}

struct access_rights *fixture_bind(struct fixture *f, int node)
{
	struct access_subject s = world_subject(&f->w, node, 1);
	struct access_rights *r = access_bind(f->policy, &s);

	assert_non_null(r);
	return r;
}

const struct access_ctx fixture_plain = {
	.now = WORLD_NOW, .auth_time = WORLD_NOW - LW_SECOND, .methods = LW_CAP_PASSWORD
};

/* subject, verb, object, attribute under the plain context */
bool fixture_may(struct fixture *f, int subject, enum access_verb verb, int object, const char *attr,
        struct access_why *why)
{
	struct access_rights *r = fixture_bind(f, subject);
	struct access_object o = world_object(&f->w, object, 1);
	const struct schema_attr *a = attr ? schema_attr(lw_str(attr)) : NULL;
	bool yes;

	assert_true(!attr || a);
	yes = access_decide(r, verb, &o, a, &fixture_plain, why);
	access_rights_free(r);
	return yes;
}

void fixture_formatted(struct lw_arena *a, const char *text, char *ret, size_t size)
{
	struct access_ast *ast;
	struct lw_writer w;
	char err[ACCESS_ERR];

	if (access_parse(a, lw_str(text), &ast, err))
		fail_msg("%s: %s", text, err);
	lw_writer_init(&w, size - 1);
	access_format(&w, ast);
	assert_int_equal(w.err, LW_OK);
	memcpy(ret, w.p, w.n);
	ret[w.n] = 0;
	lw_writer_done(&w);
}
