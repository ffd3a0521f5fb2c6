/* SPDX-License-Identifier: Apache-2.0 */
/* A grant's text: what parses is printed, parses again and prints the same; what compiles survives its
 * octets. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include "base/err.h"
#include "store/access.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Every name is there; its id says nothing. */
static int resolve(void *ctx, enum access_name kind, struct lw_bytes name, uint64_t *ret_id)
{
	if (!name.n)
		abort();
	*ret_id = 1 + name.p[0] + 256 * (uint64_t)kind;
	return LW_OK;
}

static int tenant(void *ctx, struct lw_bytes domain, struct lw_uuid *ret)
{
	if (!domain.n)
		abort();
	*ret = (struct lw_uuid){ { 1, domain.p[0] } };
	return LW_OK;
}

static void again(struct lw_arena *arena, struct lw_bytes text)
{
	struct access_ast *ast;
	struct lw_writer w;
	char err[ACCESS_ERR];

	lw_writer_init(&w, 8 * ACCESS_MAX_TEXT);
	if (access_parse(arena, text, &ast, err))
		abort();
	access_format(&w, ast);
	if (w.err || !lw_eq(lw_written(&w), text))
		abort();
	lw_writer_done(&w);
}

static void octets(struct lw_arena *arena, const struct access_rule *rule)
{
	struct access_rule *back;
	struct lw_writer a, b;

	lw_writer_init(&a, ACCESS_MAX_ENCODED);
	lw_writer_init(&b, ACCESS_MAX_ENCODED);
	access_rule_encode(&a, rule);
	if (a.err || access_rule_decode(arena, lw_written(&a), &back))
		abort();
	access_rule_encode(&b, back);
	if (b.err || !lw_eq(lw_written(&a), lw_written(&b)))
		abort();
	lw_writer_done(&a);
	lw_writer_done(&b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct access_resolver resolver = { NULL, resolve, tenant };
	struct lw_arena *arena = lw_arena_new(1 << 20, false);
	struct access_ast *ast = NULL;
	struct access_rule *rule = NULL;
	struct lw_writer w;
	char err[ACCESS_ERR];

	if (access_parse(arena, (struct lw_bytes){ data, size }, &ast, err)) {
		if (ast || !err[0] || strlen(err) >= ACCESS_ERR || strchr(err, '\n'))
			abort();
		goto out;
	}
	lw_writer_init(&w, 8 * ACCESS_MAX_TEXT);
	access_format(&w, ast);
	if (w.err)
		abort();
	if (w.n <= ACCESS_MAX_TEXT) /* quoting may make it longer than what was read */
		again(arena, lw_written(&w));
	lw_writer_done(&w);
	if (!access_compile(arena, ast, &resolver, &rule, err))
		octets(arena, rule);
	else if (rule || !err[0])
		abort();
out:
	lw_arena_free(arena);
	return 0;
}
