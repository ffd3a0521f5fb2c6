/* SPDX-License-Identifier: Apache-2.0 */
#include "store/audit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/ops.h"

#define QUANTUM 2048 /* records hashed in one transaction */

/* ---- writing ---- */

struct arrived {
	uint32_t tenant;
	uint32_t place; /* in the order of their coming */
	struct lw_bytes kept;
};

struct appending {
	enum lw_role_id from;
	struct arrived *all; /* by tenant and place */
	size_t n;
};

static int by_tenant(const void *a, const void *b)
{
	const struct arrived *x = a, *y = b;

	return x->tenant != y->tenant ? (x->tenant < y->tenant ? -1 : 1) : (x->place > y->place) - (x->place < y->place);
}

/* What belongs to no tenant, or to one that is not there, stands with the system tenant's. */
static uint32_t chain_tenant(struct eng_txn *txn, uint32_t tenant)
{
	struct eng_tenant t;

	return tenant && eng_tenant(txn, tenant, &t) == LW_OK ? tenant : 1;
}

static int append(void *ctx, struct eng_txn *txn, struct eng_fx *fx)
{
	const struct appending *a = ctx;
	struct lw_writer w;
	int err;

	lw_writer_init(&w, ENG_BATCH_MAX / 2);
	for (size_t i = 0; i < a->n && !w.err;) {
		uint32_t tenant = a->all[i].tenant;

		lw_writer_reset(&w);
		for (; i < a->n && a->all[i].tenant == tenant; i++) {
			lw_put_u16(&w, (uint16_t)a->all[i].kept.n);
			lw_put_bytes(&w, a->all[i].kept);
		}
		if (!w.err)
			eng_fx_audit(fx, chain_tenant(txn, tenant), (uint8_t)a->from, lw_written(&w));
	}
	err = w.err;
	lw_writer_done(&w);
	return err;
}

int store_audit_append(struct store *st, enum lw_role_id from, struct lw_bytes records)
{
	struct appending a = { .from = from };
	struct lw_audit one;
	struct lw_reader r;
	int err;

	if (!records.n)
		return LW_OK;
	a.all = calloc(records.n / LW_AUDIT_WIRE_MIN + 1, sizeof(*a.all));
	if (!a.all)
		return LW_ENOMEM;
	lw_reader_init(&r, records);
	for (; lw_audit_next(&r, &one, &a.all[a.n].kept); a.n++) {
		a.all[a.n].tenant = one.tenant;
		a.all[a.n].place = (uint32_t)a.n;
	}
	err = r.err;
	if (!err) {
		qsort(a.all, a.n, sizeof(*a.all), by_tenant);
		err = eng_submit(st, append, &a);
	}
	free(a.all);
	return err;
}

struct macing {
	const struct store_audit_head *heads;
	size_t n;
};

static int put_macs(void *ctx, struct eng_txn *txn, struct eng_fx *fx)
{
	const struct macing *m = ctx;

	for (size_t i = 0; i < m->n; i++)
		eng_fx_audit_mac(fx, m->heads[i].tenant, m->heads[i].role, &m->heads[i].maced, m->heads[i].mac_time, m->heads[i].mac);
	return LW_OK;
}

int store_audit_mac(struct store *st, const struct store_audit_head *heads, size_t n)
{
	struct macing m = { heads, n };

	return n ? eng_submit(st, put_macs, &m) : LW_OK;
}

/* ---- heads ---- */

static int heads(struct store *st, bool due, uint64_t *inout_place, struct store_audit_head *ret, size_t max, size_t *ret_n)
{
	struct store_audit_head h;
	struct eng_txn *txn;
	uint32_t tenant = (uint32_t)(*inout_place >> 8);
	uint8_t role = (uint8_t)*inout_place;
	size_t n = 0;
	int err = eng_begin(st, &txn);

	if (err)
		return err;
	while (n < max && !(err = eng_audit_head_next(txn, tenant, role, &h))) {
		if (!due || h.end.seq != h.maced.seq)
			ret[n++] = h;
		tenant = h.tenant;
		role = (uint8_t)(h.role + 1);
	}
	eng_end(txn);
	if (err && err != LW_ENOTFOUND)
		return err;
	*inout_place = err ? 0 : (uint64_t)tenant << 8 | role;
	*ret_n = n;
	return LW_OK;
}

int store_audit_due(struct store *st, uint64_t *inout_place, struct store_audit_head *ret, size_t max, size_t *ret_n)
{
	return heads(st, true, inout_place, ret, max, ret_n);
}

int store_audit_heads(struct store *st, uint64_t *inout_place, struct store_audit_head *ret, size_t max, size_t *ret_n)
{
	return heads(st, false, inout_place, ret, max, ret_n);
}

static int head_in(struct eng_txn *txn, uint32_t tenant, enum lw_role_id role, struct store_audit_head *ret, struct lw_uuid *ret_tenant)
{
	struct eng_tenant t;
	int err = eng_audit_head(txn, tenant, (uint8_t)role, ret);

	if (!err)
		err = eng_tenant(txn, tenant, &t);
	if (!err)
		*ret_tenant = t.uuid;
	return err;
}

int store_audit_head(struct store *st, uint32_t tenant, enum lw_role_id role, struct store_audit_head *ret, struct lw_uuid *ret_tenant)
{
	struct eng_txn *txn;
	int err = eng_begin(st, &txn);

	if (!err)
		err = head_in(txn, tenant, role, ret, ret_tenant);
	eng_end(txn);
	return err;
}

/* One chain up to its end as it is now; w->maced may be set, or is as the chain says. Between quanta records come at its end, and go at its
 * beginning: LW_EAGAIN when one of those to be read is gone, unless it follows. */
static int walk(struct store *st, uint32_t tenant, enum lw_role_id role, size_t max, bool follow, struct eng_audit_walk *w,
	struct store_audit_head *ret, struct lw_uuid *ret_tenant)
{
	struct store_audit_head h;
	struct eng_txn *txn;
	bool first = true;
	size_t left = max;
	int err;

	do {
		err = eng_begin(st, &txn);
		if (err)
			return err;
		err = head_in(txn, tenant, role, &h, ret_tenant);
		if (!err && first) {
			*ret = h;
			w->until = h.end;
			if (!w->maced.seq)
				w->maced = h.maced;
		}
		if (!err && w->at.seq < h.gone.seq && !follow)
			err = LW_EAGAIN;
		else if (!err && w->at.seq < h.gone.seq)
			w->at = h.gone;
		if (!err && (first || w->at.seq < w->until.seq)) /* else all that was to be read is gone meanwhile */
			err = eng_audit_verify(txn, tenant, (uint8_t)role, left < QUANTUM ? left : QUANTUM, w);
		first = false;
		eng_end(txn);
		left -= left < QUANTUM ? left : QUANTUM;
	} while (err == LW_EQUANTUM && left);
	return err;
}

int store_audit_extends(struct store *st, uint32_t tenant, enum lw_role_id role, const struct store_audit_mark *from,
	const struct store_audit_mark *by, size_t max, struct store_audit_mark *ret, char ret_why[64])
{
	struct eng_audit_walk w = { .at = *from, .maced = *by };
	struct store_audit_head head;
	struct lw_uuid uuid;
	int err = walk(st, tenant, role, max, false, &w, &head, &uuid);

	if ((!err || err == LW_EQUANTUM) && w.bad) {
		snprintf(ret_why, 64, "record %llu: %s", (unsigned long long)w.bad, w.why);
		return LW_EINTERNAL;
	}
	if (err && err != LW_EQUANTUM)
		return err;
	*ret = w.at;
	return LW_OK;
}

/* ---- for those who may read it ---- */

static int begin(struct lw_session *s, struct store_txn **ret)
{
	int err = store_begin(s, STORE_READ, ret);

	if (!err) {
		err = store_may(*ret, ACCESS_ADMINISTER, NULL, NULL);
		if (err) {
			store_end(*ret);
			err = LW_EACCES;
		}
	}
	return err;
}

int store_audit_last(struct lw_session *s, uint64_t n, struct store_audit_place *ret)
{
	struct store_audit_place p = { 0 };
	struct store_audit_head h;
	struct store_txn *t;
	int err = begin(s, &t);

	if (err)
		return err;
	for (unsigned role = 0; role < STORE_AUDIT_CHAINS && !err; role++) {
		err = eng_audit_head(t->eng, t->tenant, (uint8_t)role, &h);
		p.next[role] = err || h.end.seq <= n ? 1 : h.end.seq - n + 1;
		if (err == LW_ENOTFOUND)
			err = LW_OK;
	}
	store_end(t);
	if (!err)
		*ret = p;
	return err;
}

/* The next record of a chain. */
struct ahead {
	uint64_t seq; /* 0: there is none */
	uint8_t prev[32];
	struct lw_audit a;
};

static int take(void *ctx, const struct eng_audit_record *r)
{
	struct ahead *a = ctx;

	a->seq = r->seq;
	memcpy(a->prev, r->prev, sizeof(a->prev));
	if (lw_audit_kept(r->octets, &a->a) != LW_OK)
		a->a = (struct lw_audit){ .event = LW_AUDIT_NONE }; /* the rest is read nevertheless */
	return LW_EQUANTUM;
}

static int look_ahead(struct store_txn *t, unsigned role, uint64_t from, struct ahead *ret)
{
	int err;

	ret->seq = 0;
	err = eng_audit_records(t->eng, t->tenant, (uint8_t)role, from, take, ret);
	return err == LW_EQUANTUM || err == LW_ENOTFOUND ? LW_OK : err;
}

/* {"seq":7,"prev":"…","time":…} */
static struct lw_bytes line(struct lw_arena *arena, const struct ahead *a, struct lw_bytes tenant, unsigned role)
{
	char start[128], prev[65];
	struct lw_writer w;
	struct lw_bytes ret;

	lw_hex((struct lw_bytes){ a->prev, 32 }, prev);
	snprintf(start, sizeof(start), "{\"seq\":%llu,\"prev\":\"%s\",", (unsigned long long)a->seq, prev);
	lw_writer_init(&w, sizeof(start) + LW_AUDIT_TEXT_MAX);
	lw_put_bytes(&w, lw_str(start));
	lw_audit_text(&a->a, tenant, lw_audit_role_name((enum lw_role_id)role), &w);
	lw_put_u8(&w, '}');
	ret = w.err ? (struct lw_bytes){ NULL, 0 } : lw_dup(arena, lw_written(&w));
	lw_writer_done(&w);
	return ret;
}

int store_audit_tail(struct lw_session *s, struct lw_arena *arena, struct store_audit_place *inout, size_t max, struct lw_bytes **ret,
	size_t *ret_n)
{
	struct lw_bytes *lines = lw_allocn(arena, max ? max : 1, sizeof(*lines));
	struct ahead a[STORE_AUDIT_CHAINS];
	struct eng_tenant tenant;
	struct store_txn *t;
	size_t n = 0;
	int err = lines ? begin(s, &t) : LW_ENOMEM;

	if (err)
		return err;
	err = eng_tenant(t->eng, t->tenant, &tenant);
	for (unsigned role = 0; role < STORE_AUDIT_CHAINS && !err; role++)
		err = look_ahead(t, role, inout->next[role], &a[role]);
	while (!err && n < max) {
		unsigned first = STORE_AUDIT_CHAINS;

		for (unsigned role = 0; role < STORE_AUDIT_CHAINS; role++)
			if (a[role].seq && (first == STORE_AUDIT_CHAINS || a[role].a.time < a[first].a.time))
				first = role;
		if (first == STORE_AUDIT_CHAINS)
			break;
		lines[n] = line(arena, &a[first], tenant.name, first);
		if (!lines[n++].p)
			err = LW_ENOMEM;
		inout->next[first] = a[first].seq + 1;
		if (!err)
			err = look_ahead(t, first, inout->next[first], &a[first]);
	}
	store_end(t);
	if (err)
		return err;
	*ret = lines;
	*ret_n = n;
	return LW_OK;
}

int store_audit_verify(struct lw_session *s, enum lw_role_id role, struct store_audit_report *ret)
{
	struct eng_audit_walk w = { 0 };
	struct store_audit_report r = { 0 };
	struct store_txn *t;
	struct ahead first;
	int err = begin(s, &t);

	if (err)
		return err;
	if (!eng_audit_head(t->eng, t->tenant, (uint8_t)role, &r.head) && !look_ahead(t, role, r.head.gone.seq + 1, &first) && first.seq)
		lw_audit_time(first.a.time, r.since);
	store_end(t);
	err = walk(s->store, s->tenant, role, SIZE_MAX, true, &w, &r.head, &r.tenant);
	if (err)
		return err;
	r.records = w.at.seq - r.head.gone.seq;
	r.bad = w.bad;
	r.why = w.why;
	*ret = r;
	return LW_OK;
}
