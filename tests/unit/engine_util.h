/* SPDX-License-Identifier: Apache-2.0 */
/* What the engine's tests share: a store in a new directory, effects from a function, numbers from a seed. */
#ifndef TESTS_ENGINE_UTIL_H
#define TESTS_ENGINE_UTIL_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "store/eng_int.h"

enum { CN = 37, UID = 38, DESCRIPTION = 41, MEMBER = 69, MAIL = 300, UIDNUMBER = 450 };

struct box {
	char dir[64];
	struct store *st;
	struct lw_clock clock;
};

static inline uint64_t next_number(uint64_t *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 7;
	*seed ^= *seed << 17;
	return *seed;
}

static inline void box_open_size(struct box *b, size_t map, uint64_t reserve)
{
	char err[256] = "";

	snprintf(b->dir, sizeof(b->dir), "engine-test-XXXXXX");
	assert_non_null(mkdtemp(b->dir));
	b->clock = lw_clock_test(INT64_C(1767225600) * LW_SECOND, 1);
	if (eng_open(b->dir, STORE_OPEN_CREATE, &b->clock, map, reserve, &b->st, err))
		fail_msg("%s", err);
}

static inline void box_open(struct box *b)
{
	box_open_size(b, (size_t)1 << 32, 0);
}

static inline void remove_dir(const char *dir)
{
	char path[600];
	struct dirent *d;
	DIR *dp = opendir(dir);

	while (dp && (d = readdir(dp))) {
		if (!strcmp(d->d_name, ".") || !strcmp(d->d_name, ".."))
			continue;
		if (snprintf(path, sizeof(path), "%s/%s", dir, d->d_name) >= (int)sizeof(path))
			continue;
		if (unlink(path))
			remove_dir(path);
	}
	if (dp)
		closedir(dp);
	rmdir(dir);
}

static inline void box_close(struct box *b)
{
	store_close(b->st);
	remove_dir(b->dir);
}

static inline int box_do(struct box *b, eng_resolve *fn, void *ctx)
{
	return eng_submit_now(b->st, &fn, &ctx, 1, NULL);
}

static inline void print_problem(void *ctx, const char *problem)
{
	if (ctx)
		print_message("check: %s\n", problem);
}

static inline uint64_t box_problems(struct box *b, bool print)
{
	uint64_t n = UINT64_MAX;

	assert_int_equal(store_check(b->st, print_problem, print ? b : NULL, &n), LW_OK);
	return n;
}

/* Tenant 1 and its suffix entry, id 1. */
static inline int make_tenant(void *ctx, struct eng_txn *txn, struct eng_fx *fx)
{
	struct eng_tenant t = { .id = eng_fx_new_tenant(fx), .name = LW_LIT("acme.example"), .realm = LW_LIT("ACME.EXAMPLE"),
		.keys = LW_LIT("wrapped") };
	struct eng_entry e = { .rdn_text = LW_LIT("dc=acme,dc=example"), .rdn_norm = LW_LIT("acme") };

	e.tenant = t.id;
	memset(e.uuid.b, 0xaa, sizeof(e.uuid.b));
	eng_fx_tenant_put(fx, &t);
	e.id = eng_fx_new_id(fx, t.id);
	eng_fx_entry_new(fx, &e, NULL, 0);
	return LW_OK;
}

#endif
