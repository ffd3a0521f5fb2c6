/* SPDX-License-Identifier: Apache-2.0 */
/* What is old goes (docs/audit.md): how much of a chain may, and that it does. Directory asks for it, keyd looks again by itself. */
#include <stdio.h>
#include <string.h>
#include "base/err.h"
#include "store/audit.h"
#include "store/engine.h"

uint64_t store_audit_excess(const struct store_audit_head *heads, size_t n, const struct store_audit_head *chain, uint64_t most)
{
	uint64_t total = 0, own = chain->maced.seq - chain->gone.seq, kept;

	for (size_t i = 0; most && i < n; i++) {
		kept = heads[i].maced.seq - heads[i].gone.seq;
		if (heads[i].maced.seq < heads[i].gone.seq || heads[i].maced.seq > UINT64_MAX / STORE_AUDIT_CHAINS)
			continue; /* no such number is ever reached */
		if (kept > own)
			return 0;
		total += kept;
	}
	return most && total > most ? total - most : 0;
}

/* ---- how much ---- */

struct past {
	int64_t before; /* 0: nothing is old */
	uint64_t gone, end, excess;
	uint64_t last;             /* of those that may go */
};

static bool is_old(const struct past *p, const struct eng_audit_record *r)
{
	struct lw_audit a;

	return r->seq - p->gone <= p->excess || (lw_audit_kept(r->octets, &a) == LW_OK && a.time < p->before);
}

static int look(void *ctx, const struct eng_audit_record *r)
{
	struct past *p = ctx;

	if (r->seq != p->last + 1 || r->seq > p->end || !is_old(p, r))
		return LW_EQUANTUM;
	p->last = r->seq;
	return LW_OK;
}

/* Those records, and the one behind them, are linked to each other. */
static int linked(struct eng_txn *txn, const struct store_audit_head *h, const struct past *p, struct store_audit_mark *ret, char ret_why[64])
{
	struct eng_audit_walk w = { .at = h->gone, .until = h->end, .maced = h->maced };
	struct store_audit_mark at = h->gone;
	int err = eng_audit_verify(txn, h->tenant, h->role, (size_t)(p->last - h->gone.seq), &w);

	if (err == LW_EQUANTUM) {
		at = w.at;
		err = eng_audit_verify(txn, h->tenant, h->role, 1, &w);
	}
	if (err && err != LW_EQUANTUM)
		return err;
	if (w.bad) {
		snprintf(ret_why, 64, "record %llu: %s", (unsigned long long)w.bad, w.why);
		return LW_EINTERNAL;
	}
	*ret = at;
	return at.seq == p->last ? LW_OK : LW_EIO;
}

static bool same(const struct store_audit_mark *a, const struct store_audit_mark *b)
{
	return a->seq == b->seq && memcmp(a->hash, b->hash, sizeof(a->hash)) == 0;
}

int store_audit_past(struct store *st, const struct store_audit_head *head, const struct store_audit_bounds *b, struct store_audit_mark *ret,
	char ret_why[64])
{
	struct store_audit_head h;
	struct past p = { .excess = b->excess, .before = b->before };
	struct eng_txn *txn;
	int err = eng_begin(st, &txn);

	if (err)
		return err;
	err = eng_audit_head(txn, head->tenant, head->role, &h);
	if (!err && (!same(&h.gone, &head->gone) || !same(&h.maced, &head->maced)))
		err = LW_EAGAIN; /* whose marks the caller knows to be good is not what stands there now */
	if (!err) {
		p.gone = p.last = h.gone.seq;
		p.end = h.maced.seq ? h.maced.seq - 1 : 0; /* one that was MACed stays, to which the rest is linked */
		if (p.end > p.gone + STORE_AUDIT_STEP)
			p.end = p.gone + STORE_AUDIT_STEP;
		if (b->upto && p.end > b->upto)
			p.end = b->upto;
		err = eng_audit_records(txn, h.tenant, h.role, p.gone + 1, look, &p);
		if (err == LW_EQUANTUM || err == LW_ENOTFOUND)
			err = p.last > p.gone ? LW_OK : LW_ENOTFOUND;
		if (!err)
			err = linked(txn, &h, &p, ret, ret_why);
	}
	eng_end(txn);
	return err;
}

/* ---- that it does ---- */

struct trimming {
	const struct store_audit_head *heads;
	size_t n;
};

static void record(struct eng_txn *txn, struct eng_fx *fx, const struct store_audit_head *h)
{
	uint8_t room[2 + LW_AUDIT_WIRE_MAX];
	struct lw_writer w = { .p = room, .cap = sizeof(room), .max = sizeof(room) };
	struct lw_audit a = { .event = LW_AUDIT_TRIM, .time = eng_now(txn), .tenant = h->tenant, .actor_name = LW_LIT("upkeep") };
	char text[64];

	snprintf(text, sizeof(text), "%s up to %llu", lw_audit_role_name((enum lw_role_id)h->role), (unsigned long long)h->gone.seq);
	a.detail = lw_str(text);
	lw_audit_keep(&w, &a);
	eng_fx_audit(fx, h->tenant, LW_ROLE_DIRECTORY, lw_written(&w));
}

static int trim(void *ctx, struct eng_txn *txn, struct eng_fx *fx)
{
	const struct trimming *t = ctx;
	struct store_audit_head now;

	for (size_t i = 0; i < t->n; i++) {
		const struct store_audit_head *h = &t->heads[i];
		int err = eng_audit_head(txn, h->tenant, h->role, &now);

		if (err)
			return err;
		if (h->gone.seq <= now.gone.seq || h->gone.seq >= now.maced.seq)
			return LW_EINVAL;
		eng_fx_audit_trim(fx, h->tenant, h->role, &h->gone, h->gone_time, h->gone_mac);
		record(txn, fx, h);
	}
	return LW_OK;
}

int store_audit_trim(struct store *st, const struct store_audit_head *heads, size_t n)
{
	struct trimming t = { heads, n };

	return n ? eng_submit(st, trim, &t) : LW_OK;
}
