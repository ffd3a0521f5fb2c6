/* SPDX-License-Identifier: Apache-2.0 */
/* What is sealed, once it is open: both items of a principal, a tenant's signing keys, the wrapped data keys, and principal names. */
#include <stdlib.h>
#include "base/err.h"
#include "keys/master.h"
#include "keys/password.h"
#include "keys/sign.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void same(const struct lw_writer *w, struct lw_bytes in)
{
	if (w->err || !lw_eq(lw_written(w), in))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint8_t key[32];
	static const struct lw_uuid tenant = { { 1 } };
	static struct keys_master *master;
	struct lw_bytes in = { data, size }, salt;
	struct lw_arena *a = lw_arena_new(1u << 20, false);
	struct keys_bundle b;
	struct keys_krb k;
	struct keyd_sets s;
	struct lw_writer w;
	uint8_t out[32];

	if (!master)
		master = keys_master_from(key);
	if (!a || !master)
		return 0;
	lw_writer_init(&w, 1u << 20);
	if (keys_bundle_get(in, &b) == LW_OK) {
		keys_bundle_put(&w, &b);
		same(&w, in);
	}
	lw_writer_reset(&w);
	if (keys_krb_get(in, &k) == LW_OK) {
		keys_krb_put(&w, &k);
		same(&w, in);
	}
	lw_writer_reset(&w);
	if (keyd_sets_get(in, a, &s) == LW_OK) {
		keyd_sets_put(&w, &s);
		if (in.p[0] == 2) /* version 1 is read, and written as this one */
			same(&w, in);
	}
	lw_writer_done(&w);
	(void)keys_master_unwrap(master, &tenant, in, 1, out);
	if (keys_krb_salt(a, in, &salt) == LW_OK && salt.n >= in.n)
		abort();
	lw_arena_free(a);
	return 0;
}
