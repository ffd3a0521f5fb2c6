/* SPDX-License-Identifier: Apache-2.0 */
/* Keytabs: what is read can be merged, once; and names. First octet: 0 a file, else a principal's name. */
#include <stdlib.h>
#include "base/err.h"
#include "keys/keytab.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool ok)
{
	if (!ok)
		abort();
}

static void file(struct lw_bytes in)
{
	struct keys_keytab_reader r;
	struct keys_keytab_entry e;
	struct lw_writer w, again;
	size_t n = 0, m = 0;
	int err = keys_keytab_open(in, &r);

	while (!err && (err = keys_keytab_next(&r, &e)) == LW_OK)
		n += e.whole.n;
	if (err != LW_ENOTFOUND)
		return;
	must(n <= in.n);
	lw_writer_init(&w, 1u << 20);
	lw_writer_init(&again, 1u << 20);
	must(keys_keytab_merge(in, in, &w) == LW_OK && w.n == n + 2);
	must(keys_keytab_merge(lw_written(&w), in, &again) == LW_OK && lw_eq(lw_written(&w), lw_written(&again)));
	must(keys_keytab_open(lw_written(&w), &r) == LW_OK);
	while (keys_keytab_next(&r, &e) == LW_OK)
		m += e.whole.n;
	must(m == n);
	lw_writer_done(&w);
	lw_writer_done(&again);
}

static void name(struct lw_bytes in)
{
	struct keys_krb_set s = { .kvno = 1, .nkeys = 1, .keys = { { .etype = 18, .n = 32 } } };
	struct keys_keytab_reader r;
	struct keys_keytab_entry e;
	struct lw_writer w;

	lw_writer_init(&w, 65536);
	keys_keytab_begin(&w);
	if (keys_keytab_put(&w, in, &s) == LW_OK) {
		must(keys_keytab_open(lw_written(&w), &r) == LW_OK && keys_keytab_next(&r, &e) == LW_OK);
		must(e.whole.n + 2 == w.n && e.kvno == 1 && e.etype == 18 && e.key.n == 32);
		must(keys_keytab_next(&r, &e) == LW_ENOTFOUND);
	}
	lw_writer_done(&w);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (!size)
		return 0;
	if (data[0])
		name((struct lw_bytes){ data + 1, size - 1 });
	else
		file((struct lw_bytes){ data + 1, size - 1 });
	return 0;
}
