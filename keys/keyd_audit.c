/* SPDX-License-Identifier: Apache-2.0 */
/* keyd and the audit: what its messages are as records, and the MACs that say how far a chain is as it was written. keyd MACs nothing that
 * it has not hashed itself, record by record from what it MACed before: who can write the database can add records and leave some out, but
 * not change one without keyd's seeing it. */
#include "keys/keyd.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/audit.h"
#include "base/crypto.h"
#include "base/err.h"
#include "base/log.h"

#define HASH_MAX 50000  /* records of one chain in one message */
#define TRIES    3
#define CHAIN    (4 + 1 + 8)

/* ---- what messages are ---- */

#define NOTHING_DONE "it tells what is public, or what whoever asks has shown"
static const struct keyd_audit_row rows[] = {
	{ KEYS_MSG_VERIFY, LW_AUDIT_PASSWORD, NULL },
	{ KEYS_MSG_OPERATOR, LW_AUDIT_PEER, NULL },
	{ KEYS_MSG_CHECK, LW_AUDIT_NONE, "the token was made by an authentication that is recorded" },
	{ KEYS_MSG_RENEW, LW_AUDIT_CAPABILITY, NULL },
	{ KEYS_MSG_SET_PASSWORD, LW_AUDIT_KEY_MAKE, NULL },
	{ KEYS_MSG_UNLOCK, LW_AUDIT_UNLOCK, NULL },
	{ KEYS_MSG_TENANT_NEW, LW_AUDIT_KEY_MAKE, NULL },
	{ KEYS_MSG_TLS_CERT, LW_AUDIT_CERT_SIGN, NULL },
	{ KEYS_MSG_CA_PEM, LW_AUDIT_NONE, NOTHING_DONE },
	{ KEYS_MSG_PING, LW_AUDIT_NONE, NOTHING_DONE },
	{ KEYS_MSG_KERBEROS_KEY, LW_AUDIT_KEY_EXPORT, NULL },
	{ KEYS_MSG_KERBEROS_CAP, LW_AUDIT_KERBEROS, NULL },
	{ KEYS_MSG_CHECK_FORWARDED, LW_AUDIT_NONE, "the token was made by an authentication that is recorded" },
	{ KEYS_MSG_KEYTAB, LW_AUDIT_KEY_EXPORT, NULL },
	{ KEYS_MSG_REALM_KEYS, LW_AUDIT_KEY_MAKE, NULL },
	{ KEYS_MSG_REALM_LIST, LW_AUDIT_NONE, NOTHING_DONE },
	{ KEYS_MSG_LOGIN, LW_AUDIT_PASSWORD, NULL },
	{ KEYS_MSG_ADOPT, LW_AUDIT_NONE, "the token was made by an authentication that is recorded" },
	{ KEYS_MSG_DUE, LW_AUDIT_KEY_MAKE, NULL },
	{ KEYS_MSG_ROTATE, LW_AUDIT_KEY_MAKE, NULL },
	{ KEYS_MSG_LIST, LW_AUDIT_NONE, NOTHING_DONE },
	{ KEYS_MSG_CERT, LW_AUDIT_CERT_SIGN, NULL },
	{ KEYS_MSG_CERT_CAP, LW_AUDIT_CERTIFICATE, NULL },
	{ KEYS_MSG_PUBLIC, LW_AUDIT_NONE, "certificates; a list is recorded where it is signed" },
	{ KEYS_MSG_OCSP, LW_AUDIT_KEY_USE, NULL },
	{ KEYS_MSG_ROOT_EXPORT, LW_AUDIT_KEY_EXPORT, NULL },
	{ KEYS_MSG_ROOT_IMPORT, LW_AUDIT_KEY_MAKE, NULL },
	{ KEYS_MSG_CA_RENEW, LW_AUDIT_CERT_SIGN, NULL },
	{ KEYS_MSG_TOKEN_ISSUE, LW_AUDIT_TOKEN_ISSUE, NULL },
	{ KEYS_MSG_ASSERTION_ACCEPT, LW_AUDIT_TOKEN, NULL },
	{ KEYS_MSG_AUDIT_TAKE, LW_AUDIT_NONE, "it would never end" },
	{ KEYS_MSG_AUDIT_MAC, LW_AUDIT_NONE, "it would never end" },
	{ KEYS_MSG_WANT, LW_AUDIT_KEY_MAKE, NULL },
	{ KEYS_MSG_MASTER_ROTATE, LW_AUDIT_KEY_MAKE, NULL },
	{ KEYS_MSG_MASTER_REWRAP, LW_AUDIT_KEY_MAKE, NULL },
	{ KEYS_MSG_TENANT_END, LW_AUDIT_NONE, "it tells the certificates of a tenant; the end itself is the writer's record" },
	{ KEYS_MSG_FORGET, LW_AUDIT_NONE, NOTHING_DONE },
};

const struct keyd_audit_row *keyd_audit_row(uint16_t id)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (rows[i].id == id)
			return &rows[i];
	return NULL;
}

/* Whom a minted capability is for. */
static void minted(const struct keys_call *c, struct lw_audit *a)
{
	struct lw_cap cap;

	if (!c->a.token.n || keys_cap_decode(c->a.token, &cap))
		return;
	a->tenant = cap.tenant;
	a->target = cap.subject;
}

void keyd_audit(struct keyd *k, struct keys_call *c, int err)
{
	const struct keyd_audit_row *row = c->row ? keyd_audit_row(c->row->id) : NULL;
	struct lw_audit a = { .event = row ? row->event : LW_AUDIT_DENIED, .protocol = LW_AUDIT_KEYD, .err = err };
	struct store_tenant t;

	if (!c->row || (err && !lw_audit_is_denial(err)) || (a.event == LW_AUDIT_NONE && err != LW_EACCES && err != LW_EAUTH))
		return;
	if ((c->row->id == KEYS_MSG_DUE || c->row->id == KEYS_MSG_WANT) && (err || !c->a.nitems))
		return; /* nothing was due */
	if (a.event == LW_AUDIT_NONE)
		a.event = LW_AUDIT_DENIED;
	a.tenant = c->q.tenant ? c->q.tenant : c->cap.tenant;
	if (!a.tenant && c->q.name.n && c->row->need == KEYS_NEED_PEER && k->store &&
		store_tenant_by_name(k->store, c->arena, c->q.name, &t) == LW_OK)
		a.tenant = t.id;
	a.actor = c->cap.actor;
	if (c->cap.flags & LW_CAP_OPERATOR)
		a.actor_name = LW_LIT("operator");
	a.target = c->q.subject;
	if (!err)
		minted(c, &a);
	a.source = c->q.addr;
	a.detail = lw_str(c->row->name);
	lw_audit(&a);
}

int keyd_audit_take(struct keyd *k, struct keys_call *c)
{
	struct lw_writer w;
	uint64_t upto;
	int err;

	if (c->q.version)
		lw_audit_done(c->q.version);
	lw_writer_init(&w, KEYS_AUDIT_TAKE + 2 * LW_AUDIT_WIRE_MAX);
	lw_audit_peek(&w, KEYS_AUDIT_TAKE, &upto);
	err = w.err;
	c->a.blob = lw_dup(c->arena, lw_written(&w));
	c->a.time = (int64_t)upto;
	if (!err && w.n && !c->a.blob.p)
		err = LW_ENOMEM;
	lw_writer_done(&w);
	return err;
}

/* ---- MACs ---- */

static void mac(const struct keyd *k, const char *what, const struct lw_uuid *tenant, uint8_t role, const struct store_audit_mark *m,
	int64_t time, uint8_t ret[32])
{
	uint8_t room[128];
	struct lw_writer w = { .p = room, .cap = sizeof(room), .max = sizeof(room) };

	lw_put_str(&w, what);
	lw_put_raw(&w, tenant->b, sizeof(tenant->b));
	lw_put_u8(&w, role);
	lw_put_u64(&w, m->seq);
	lw_put_raw(&w, m->hash, sizeof(m->hash));
	lw_put_u64(&w, (uint64_t)time);
	lw_hmac(LW_SHA256, (struct lw_bytes){ k->audit_key, sizeof(k->audit_key) }, lw_written(&w), ret);
}

static bool is_mac(const struct keyd *k, const char *what, const struct lw_uuid *tenant, uint8_t role, const struct store_audit_mark *m,
	int64_t time, const uint8_t said[32])
{
	uint8_t is[32];

	if (!m->seq)
		return true;
	mac(k, what, tenant, role, m, time, is);
	return lw_eq_secret((struct lw_bytes){ is, 32 }, (struct lw_bytes){ said, 32 });
}

static int by_chain(const void *a, const void *b)
{
	const struct keyd_mark *x = a, *y = b;

	return x->tenant != y->tenant ? (x->tenant < y->tenant ? -1 : 1) : (x->role > y->role) - (x->role < y->role);
}

/* What this keyd MACed last of a chain; seq 0: nothing. */
static struct store_audit_mark remembered(struct keyd *k, uint32_t tenant, uint8_t role)
{
	struct keyd_mark key = { .tenant = tenant, .role = role }, *m;
	struct store_audit_mark ret = { 0 };

	pthread_mutex_lock(&k->lock);
	m = k->nmarks ? bsearch(&key, k->marks, k->nmarks, sizeof(*m), by_chain) : NULL;
	if (m)
		ret = m->at;
	pthread_mutex_unlock(&k->lock);
	return ret;
}

static void remember(struct keyd *k, uint32_t tenant, uint8_t role, const struct store_audit_mark *at)
{
	struct keyd_mark key = { .tenant = tenant, .role = role, .at = *at }, *m, *more;

	pthread_mutex_lock(&k->lock);
	m = k->nmarks ? bsearch(&key, k->marks, k->nmarks, sizeof(*m), by_chain) : NULL;
	if (m && m->at.seq < at->seq) {
		m->at = *at;
	} else if (!m && (more = realloc(k->marks, (k->nmarks + 1) * sizeof(*more)))) {
		k->marks = more;
		more[k->nmarks++] = key;
		qsort(more, k->nmarks, sizeof(*more), by_chain);
	}
	pthread_mutex_unlock(&k->lock);
}

#define HEAD "lwd audit head 1"
#define GONE "lwd audit gone 1"

static enum keys_audit_state broken(const struct store_audit_head *h, const char *why)
{
	char text[24];

	snprintf(text, sizeof(text), "%u", h->tenant);
	lw_log(LW_ERROR, "audit-broken", "tenant", text, "chain", lw_audit_role_name((enum lw_role_id)h->role), "why", why, NULL);
	return KEYS_AUDIT_BROKEN;
}

/* From what stands as MACed, by what this keyd knows to have MACed after that, to the end. */
static int extend(struct keyd *k, const struct store_audit_head *h, const struct store_audit_mark *known, struct keys_audit_chain *c)
{
	uint64_t most = HASH_MAX + (known->seq > h->maced.seq ? known->seq - h->maced.seq : 0);
	char why[64] = "";
	int err = store_audit_extends(k->store, h->tenant, (enum lw_role_id)h->role, &h->maced, known, most, &c->mark, why);

	c->state = err == LW_EINTERNAL ? broken(h, why) : err ? KEYS_AUDIT_GONE : KEYS_AUDIT_OK;
	return err;
}

static enum keys_audit_state is_own(const struct keyd *k, const struct store_audit_head *h, const struct lw_uuid *tenant)
{
	if (!is_mac(k, HEAD, tenant, h->role, &h->maced, h->mac_time, h->mac))
		return KEYS_AUDIT_BAD_MAC;
	if (h->gone.seq && h->gone.seq >= h->maced.seq)
		return KEYS_AUDIT_BAD_GONE; /* it never agreed to that */
	return is_mac(k, GONE, tenant, h->role, &h->gone, h->gone_time, h->gone_mac) ? KEYS_AUDIT_OK : KEYS_AUDIT_BAD_GONE;
}

/* ---- what is old ---- */

void keyd_audit_bounds(struct keyd *k, int64_t keep, uint64_t most)
{
	pthread_mutex_lock(&k->lock);
	k->audit_keep = keep;
	k->audit_most = most;
	pthread_mutex_unlock(&k->lock);
}

/* A head that somebody else wrote does not count. */
static uint64_t excess_of(struct keyd *k, const struct store_audit_head *h, uint64_t most)
{
	struct store_audit_head heads[STORE_AUDIT_CHAINS];
	struct lw_uuid tenant;
	size_t n = 0;

	for (unsigned role = 0; most && role < STORE_AUDIT_CHAINS; role++)
		if (store_audit_head(k->store, h->tenant, (enum lw_role_id)role, &heads[n], &tenant) == LW_OK &&
			is_own(k, &heads[n], &tenant) == KEYS_AUDIT_OK)
			n++;
	return store_audit_excess(heads, n, h, most);
}

/* Only what is past the bounds by keyd's own configuration, clock and reading, and before what it has MACed. */
static int agree(struct keyd *k, const struct store_audit_head *h, const struct lw_uuid *tenant, struct keys_audit_chain *c)
{
	struct store_audit_bounds b = { .upto = c->trim };
	int64_t now = lw_wall(k->clock), keep;
	struct store_audit_mark gone;
	uint64_t most;
	char why[64] = "";
	int err;

	pthread_mutex_lock(&k->lock);
	keep = k->audit_keep;
	most = k->audit_most;
	pthread_mutex_unlock(&k->lock);
	b.before = keep ? now - keep : 0;
	b.excess = excess_of(k, h, most);
	err = store_audit_past(k->store, h, &b, &gone, why);
	if (err == LW_ENOTFOUND || (!err && gone.seq != c->trim))
		c->state = KEYS_AUDIT_KEPT;
	else
		c->state = err == LW_EINTERNAL ? broken(h, why) : err ? KEYS_AUDIT_GONE : KEYS_AUDIT_OK;
	if (c->state != KEYS_AUDIT_OK)
		return err;
	c->mark = gone;
	c->time = now;
	mac(k, GONE, tenant, h->role, &gone, now, c->mac);
	return LW_OK;
}

/* Others may ask about the same chain, which meanwhile grows and is trimmed: what is remembered is read first, so that the head is never
 * older. LW_EAGAIN: the chain's beginning was removed while it was read. */
static int look_at(struct keyd *k, struct keys_audit_chain *c)
{
	struct store_audit_mark known = remembered(k, c->tenant, (uint8_t)c->role);
	struct store_audit_head h;
	struct lw_uuid tenant;
	int err = store_audit_head(k->store, c->tenant, c->role, &h, &tenant);

	c->state = err ? KEYS_AUDIT_GONE : is_own(k, &h, &tenant);
	if (c->state == KEYS_AUDIT_OK && known.seq > h.end.seq)
		c->state = KEYS_AUDIT_BACK;
	if (c->state != KEYS_AUDIT_OK)
		return err;
	if (c->trim)
		return agree(k, &h, &tenant, c);
	err = extend(k, &h, &known, c);
	if (err)
		return err;
	c->time = lw_wall(k->clock);
	mac(k, HEAD, &tenant, h.role, &c->mark, c->time, c->mac);
	remember(k, h.tenant, h.role, &c->mark);
	return LW_OK;
}

int keyd_audit_mac(struct keyd *k, struct keys_call *c)
{
	struct lw_reader r;
	struct lw_writer w;
	int err = LW_OK;

	if (!k->store)
		return LW_EUNAVAIL;
	if (c->q.file.n % CHAIN || c->q.file.n / CHAIN > KEYS_AUDIT_CHAINS)
		return LW_EINVAL;
	lw_reader_init(&r, c->q.file);
	lw_writer_init(&w, KEYS_AUDIT_CHAINS * 128);
	while (lw_reader_left(&r)) {
		struct keys_audit_chain one = { .tenant = lw_get_u32(&r) };

		one.role = (enum lw_role_id)lw_get_u8(&r);
		one.trim = lw_get_u64(&r);
		for (unsigned tries = 0; look_at(k, &one) == LW_EAGAIN && tries < TRIES; tries++)
			;
		lw_put_u8(&w, (uint8_t)one.state);
		lw_put_u64(&w, one.mark.seq);
		lw_put_raw(&w, one.mark.hash, sizeof(one.mark.hash));
		lw_put_u64(&w, (uint64_t)one.time);
		lw_put_raw(&w, one.mac, sizeof(one.mac));
	}
	c->a.blob = lw_dup(c->arena, lw_written(&w));
	if (w.err || (w.n && !c->a.blob.p))
		err = LW_ENOMEM;
	lw_writer_done(&w);
	return err;
}
