/* SPDX-License-Identifier: Apache-2.0 */
#include "keys/client.h"

#include <string.h>
#include "base/err.h"

int keys_audit_take(struct keys *k, uint64_t done, struct lw_arena *arena, struct lw_bytes *ret_records, uint64_t *ret_upto)
{
	struct keys_request q = { .id = KEYS_MSG_AUDIT_TAKE, .version = done };
	struct keys_answer a;
	int err = keys_client_call(k, &q, arena, &a);

	if (!err) {
		*ret_records = a.blob;
		*ret_upto = (uint64_t)a.time;
	}
	return err;
}

static void get(struct lw_reader *r, void *ret, size_t n)
{
	struct lw_bytes b = lw_get_raw(r, n);

	if (b.n == n)
		memcpy(ret, b.p, n);
}

int keys_audit_mac(struct keys *k, struct keys_audit_chain *chains, size_t n)
{
	struct keys_request q = { .id = KEYS_MSG_AUDIT_MAC };
	struct lw_arena *arena = lw_arena_new(1 << 20, true);
	struct keys_answer a;
	struct lw_reader r;
	struct lw_writer w;
	int err;

	lw_writer_init(&w, KEYS_MAX_FILE);
	for (size_t i = 0; i < n; i++) {
		lw_put_u32(&w, chains[i].tenant);
		lw_put_u8(&w, (uint8_t)chains[i].role);
		lw_put_u64(&w, chains[i].trim);
	}
	q.file = lw_written(&w);
	err = !arena ? LW_ENOMEM : w.err;
	if (!err)
		err = keys_client_call(k, &q, arena, &a);
	if (!err) {
		lw_reader_init(&r, a.blob);
		for (size_t i = 0; i < n; i++) {
			struct keys_audit_chain *c = &chains[i];

			c->state = (enum keys_audit_state)lw_get_u8(&r);
			c->mark.seq = lw_get_u64(&r);
			get(&r, c->mark.hash, sizeof(c->mark.hash));
			c->time = (int64_t)lw_get_u64(&r);
			get(&r, c->mac, sizeof(c->mac));
			if (c->state >= KEYS_AUDIT_STATES)
				r.err = LW_EINVAL;
		}
		if (lw_reader_end(&r))
			err = LW_EINTERNAL;
	}
	lw_writer_done(&w);
	lw_arena_free(arena);
	return err;
}
