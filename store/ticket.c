/* SPDX-License-Identifier: Apache-2.0 */
/* What the KDC asks: may this client have a ticket for this server, how long do tickets live.
 * A decision that no condition entered is remembered until the tenant's authgen moves: everything that it looked at
 * (groups, tags, managers, place, class, disabled, the rules) moves that. */
#include <stdlib.h>
#include "store/access_rule.h"
#include "store/ops.h"

#define SHARDS     64
#define PER_SHARD  512
#define LIFE       (10 * 3600)
#define RENEW      (7 * 24 * 3600)
#define LIFE_LIMIT (366u * 24 * 3600)

struct decision {
	struct lw_uuid client, server;
	uint64_t authgen;
	int64_t max_life;
	uint32_t tenant; /* 0: nothing here */
	int32_t err;
};
struct shard {
	pthread_mutex_t lock;
	struct decision at[PER_SHARD];
};
struct decisions {
	struct shard shard[SHARDS];
};
static pthread_mutex_t make_lock = PTHREAD_MUTEX_INITIALIZER;

static void decisions_free(void *arg)
{
	struct decisions *d = arg;

	for (size_t i = 0; i < SHARDS; i++)
		pthread_mutex_destroy(&d->shard[i].lock);
	free(d);
}

int ops_ticket_prepare(struct store *st)
{
	struct decisions *d;

	pthread_mutex_lock(&make_lock);
	d = eng_slot(st, ENG_SLOT_TICKET);
	if (!d && (d = calloc(1, sizeof(*d))) != NULL) {
		for (size_t i = 0; i < SHARDS; i++)
			pthread_mutex_init(&d->shard[i].lock, NULL);
		eng_slot_set(st, ENG_SLOT_TICKET, d, decisions_free);
	}
	pthread_mutex_unlock(&make_lock);
	return d ? LW_OK : LW_ENOMEM;
}

static struct decision *place_of(struct store_txn *t, const struct store_ticket *q, struct shard **ret_shard)
{
	struct decisions *d = eng_slot(t->session->store, ENG_SLOT_TICKET);
	uint64_t c[2], s[2], h;

	memcpy(c, q->client.b, sizeof(c));
	memcpy(s, q->server.b, sizeof(s));
	h = (c[0] ^ (c[1] << 1)) * UINT64_C(0x9e3779b97f4a7c15);
	h = (h ^ h >> 29 ^ s[0] ^ (s[1] << 1) ^ t->tenant) * UINT64_C(0xbf58476d1ce4e5b9);
	h ^= h >> 32;
	*ret_shard = &d->shard[h % SHARDS];
	return &(*ret_shard)->at[h / SHARDS % PER_SHARD];
}

static bool same(const struct store_txn *t, const struct decision *d, const struct store_ticket *q)
{
	return d->tenant == t->tenant && d->authgen == t->session->authgen && lw_uuid_eq(&d->client, &q->client) &&
		lw_uuid_eq(&d->server, &q->server);
}

static bool recall(struct store_txn *t, const struct store_ticket *q, int *ret_err, int64_t *ret_max_life)
{
	struct shard *shard;
	struct decision *d = place_of(t, q, &shard);
	bool found;

	pthread_mutex_lock(&shard->lock);
	found = same(t, d, q);
	if (found) {
		*ret_err = d->err;
		*ret_max_life = d->max_life;
	}
	pthread_mutex_unlock(&shard->lock);
	return found;
}

static void remember(struct store_txn *t, const struct store_ticket *q, int err, int64_t max_life)
{
	struct shard *shard;
	struct decision *d = place_of(t, q, &shard);

	if (eng_writing(t->eng))
		return;
	pthread_mutex_lock(&shard->lock);
	*d = (struct decision){ q->client, q->server, t->session->authgen, max_life, t->tenant, err };
	pthread_mutex_unlock(&shard->lock);
}

/* Does no rule about tickets that can concern the client look at the circumstances? */
static bool plain(const struct access_rights *a)
{
	for (uint32_t i = a->first[ACCESS_TICKET]; i < a->first[ACCESS_TICKET + 1]; i++)
		if (a->rules[i]->nconds)
			return false;
	return true;
}

static int server_object(struct store_txn *t, const struct lw_uuid *uuid, unsigned needs, struct access_object *ret)
{
	struct eng_entry e;
	int err = ops_by_uuid(t->eng, t->tenant, uuid, &e);

	if (!err && e.flags & OPS_DISABLED)
		err = LW_EDISABLED;
	return err ? err : ops_object_for(t, &e, needs, ret);
}

static int decide(struct store_txn *t, const struct store_ticket *q, bool *ret_plain, int64_t *ret_max_life)
{
	struct access_ctx ctx = { .now = t->ctx.now, .auth_time = q->auth_time, .methods = q->methods, .mfa = q->mfa,
		.confidential = true /* the exchange is encrypted, whatever carries it */ };
	struct access_rights *rights;
	struct access_object o;
	struct access_why why;
	struct ops_who client;
	int err = ops_who(t->eng, t->tenant, &q->client, false, &client);

	*ret_plain = true;
	if (!err && !(client.e.flags & OPS_HOLDERS))
		err = LW_ENOTFOUND;
	if (err)
		return err;
	if (lw_uuid_zero(&q->server)) {
		*ret_max_life = INT64_MAX;
		return LW_OK;
	}
	if (!t->session->policy)
		return LW_EACCES;
	rights = access_bind(t->session->policy->access, &client.subject);
	if (!rights)
		return LW_ENOMEM;
	err = server_object(t, &q->server, access_needs(rights, ACCESS_TICKET), &o);
	if (!err && !access_decide(rights, ACCESS_TICKET, &o, NULL, &ctx, &why))
		err = LW_EACCES;
	*ret_plain = plain(rights);
	if (!err)
		*ret_max_life = why.max_life;
	access_rights_free(rights);
	return err;
}

int store_may_ticket(struct store_txn *t, const struct store_ticket *q, int64_t *ret_max_life)
{
	int64_t max_life = 0;
	bool keep;
	int err;

	if (t->session->role != STORE_ROLE_KDC)
		return LW_EACCES;
	if (!recall(t, q, &err, &max_life)) {
		err = decide(t, q, &keep, &max_life);
		/* an entry that is not there may come without the authgen's moving */
		if (keep && (!err || err == LW_EACCES || err == LW_EDISABLED))
			remember(t, q, err, max_life);
	}
	if (!err)
		*ret_max_life = max_life;
	return err;
}

/* ---- how long ---- */

static void seconds(const struct eng_entry *e, const struct schema_attr *attr, uint64_t least, int64_t *inout)
{
	struct eng_attr a;
	struct lw_bytes v;
	uint64_t n;

	if (eng_attr_find(e, attr->id, &a) && eng_value_first(&a, &v) && !lw_parse_u64(v, LIFE_LIMIT, &n) && n >= least)
		*inout = (int64_t)n;
}

int store_ticket_policy(struct store_txn *t, int64_t *ret_life, int64_t *ret_renew)
{
	const struct ops_known *k = ops_known();
	struct lw_session *s = t->session;
	uint64_t snapshot = eng_writing(t->eng) ? 0 : eng_snapshot(t->eng), id;
	struct eng_entry e;
	int err;

	if (s->role == OPS_NO_ROLE)
		return LW_EACCES;
	if (!snapshot || s->ticket_snapshot != snapshot) {
		s->ticket_snapshot = 0;
		s->ticket_life = LIFE;
		s->ticket_renew = RENEW;
		err = ops_child(t, OPS_SUFFIX_ID, k->ou, "policies", &id);
		if (!err)
			err = ops_child(t, id, k->cn, "default", &id);
		if (!err)
			err = eng_entry(t->eng, t->tenant, id, &e);
		if (err && err != LW_ENOTFOUND)
			return err;
		if (!err) {
			seconds(&e, k->krbMaxTicketLife, 1, &s->ticket_life);
			seconds(&e, k->krbMaxRenewableAge, 0, &s->ticket_renew);
		}
		s->ticket_snapshot = snapshot;
	}
	*ret_life = s->ticket_life;
	*ret_renew = s->ticket_renew;
	return LW_OK;
}
