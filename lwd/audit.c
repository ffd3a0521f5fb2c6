/* SPDX-License-Identifier: Apache-2.0 */
#include "lwd/audit.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/log.h"
#include "base/pause.h"
#include "lwd/relay.h"
#include "store/audit.h"

#define LOOK_MS   100
#define EVERY     10   /* looks */
#define MUCH      (LW_AUDIT_RING / 2)
#define MACS      2    /* rounds */
#define ARENA     (16u << 20)
#define BAD_LOOKS 600  /* until a chain that is not as it was is asked about again */
#define BAD_MAX   64
#define TRIM_LOOKS 600 /* from one look at all chains for what is old to the next */
#define TRIM_MAX   16  /* chains in one transaction, STORE_AUDIT_STEP records each */
#define TRIM_PAGES 16  /* of as many chains, looked at in one step */
#define SLACK      (INT64_C(86400) * LW_SECOND) /* so that one does not go by one */

struct lwd_audit {
	struct store *store;
	struct keys *keys;
	struct lw_chan *directory;
	pthread_t thread;
	struct lw_pause pause;
	uint64_t keyd_done; /* keyd's records up to here are on the disk */
	uint64_t looks, rounds;
	uint64_t place; /* of the chains whose turn it is */
	struct { uint32_t tenant; uint8_t role; uint64_t until; } bad[BAD_MAX];
	size_t nbad;
	int last;
	const struct lw_clock *clock;
	_Atomic int64_t keep;
	_Atomic uint64_t most;
	uint64_t trim_place, trim_looks; /* where the look at all chains is; when the next begins */
	bool trim_more;
};

static int hand_on(struct lwd_audit *a, struct lw_bytes records)
{
	return a->directory ? relay_audit(a->directory, records) : store_audit_append(a->store, LW_ROLE_DIRECTORY, records);
}

/* What is in this process's ring; what comes meanwhile waits for the next round, or each would be handed on by itself. */
static int own(struct lwd_audit *a)
{
	struct lw_writer w;
	uint64_t upto;
	int r = LW_OK;

	lw_writer_init(&w, RELAY_MAX_AUDIT + LW_AUDIT_WIRE_MAX);
	do {
		lw_writer_reset(&w);
		lw_audit_peek(&w, RELAY_MAX_AUDIT, &upto);
		if (w.n != 0)
			r = w.err ? w.err : hand_on(a, lw_written(&w));
		if (r == LW_OK || r == LW_EINVAL) /* what can't be read is not to be offered for ever */
			lw_audit_done(upto);
	} while (r == LW_OK && w.n > RELAY_MAX_AUDIT / 2);
	lw_writer_done(&w);
	return r;
}

static int keyds(struct lwd_audit *a, struct lw_arena *arena)
{
	struct lw_bytes records;
	uint64_t upto;
	int r;

	do {
		lw_arena_reset(arena);
		r = keys_audit_take(a->keys, a->keyd_done, arena, &records, &upto);
		if (r == LW_OK && records.n)
			r = store_audit_append(a->store, LW_ROLE_KEYD, records);
		if (r == LW_OK)
			a->keyd_done = upto;
	} while (r == LW_OK && records.n > KEYS_AUDIT_TAKE / 2);
	return r;
}

static bool is_bad(struct lwd_audit *a, const struct store_audit_head *h)
{
	for (size_t i = 0; i < a->nbad; i++)
		if (a->bad[i].tenant == h->tenant && a->bad[i].role == h->role)
			return a->bad[i].until > a->looks;
	return false;
}

static void set_bad(struct lwd_audit *a, const struct store_audit_head *h)
{
	size_t i = 0;

	while (i < a->nbad && (a->bad[i].tenant != h->tenant || a->bad[i].role != h->role))
		i++;
	if (i == BAD_MAX)
		i = a->looks % BAD_MAX;
	else if (i == a->nbad)
		a->nbad++;
	a->bad[i].tenant = h->tenant;
	a->bad[i].role = h->role;
	a->bad[i].until = a->looks + BAD_LOOKS;
}

static int macs(struct lwd_audit *a)
{
	struct store_audit_head *heads = calloc(KEYS_AUDIT_CHAINS, sizeof(*heads));
	struct keys_audit_chain *chains = calloc(KEYS_AUDIT_CHAINS, sizeof(*chains));
	size_t n = 0, kept = 0, good = 0;
	int r = heads == NULL || chains == NULL ? LW_ENOMEM : store_audit_due(a->store, &a->place, heads, KEYS_AUDIT_CHAINS, &n);

	for (size_t i = 0; r == LW_OK && i < n; i++)
		if (!is_bad(a, &heads[i])) {
			heads[kept] = heads[i];
			chains[kept++] = (struct keys_audit_chain){ .tenant = heads[i].tenant, .role = (enum lw_role_id)heads[i].role };
		}
	if (r == LW_OK && kept)
		r = keys_audit_mac(a->keys, chains, kept);
	for (size_t i = 0; r == LW_OK && i < kept; i++) {
		if (chains[i].state != KEYS_AUDIT_OK) {
			set_bad(a, &heads[i]);
			continue;
		}
		heads[good] = heads[i];
		heads[good].maced = chains[i].mark;
		heads[good].mac_time = chains[i].time;
		memcpy(heads[good++].mac, chains[i].mac, sizeof(heads[0].mac));
	}
	if (r == LW_OK)
		r = store_audit_mac(a->store, heads, good);
	free(heads);
	free(chains);
	return r;
}

/* ---- what is old ---- */

static uint64_t excess_of(struct lwd_audit *a, const struct store_audit_head *h, uint64_t most)
{
	struct store_audit_head heads[STORE_AUDIT_CHAINS];
	struct lw_uuid tenant;
	uint64_t n;
	size_t i = 0;

	if (most == 0 || h->maced.seq - h->gone.seq < most / STORE_AUDIT_CHAINS)
		return 0; /* it can't be the longest of a tenant that has too many */
	for (unsigned role = 0; role < STORE_AUDIT_CHAINS; role++)
		if (store_audit_head(a->store, h->tenant, (enum lw_role_id)role, &heads[i], &tenant) == LW_OK)
			i++;
	n = store_audit_excess(heads, i, h, most);
	return n > most / 64 ? n : 0;
}

/* Up to which record is it time? 0: nothing. */
static uint64_t old_of(struct lwd_audit *a, const struct store_audit_head *h)
{
	int64_t keep = atomic_load(&a->keep), now = lw_wall(a->clock);
	struct store_audit_bounds b = { .before = keep ? now - keep - SLACK : 0, .excess = excess_of(a, h, atomic_load(&a->most)) };
	struct store_audit_mark m;
	char why[64];

	if (store_audit_past(a->store, h, &b, &m, why) != LW_OK)
		return 0; /* what is altered, is said where it is MACed or verified */
	b.before = keep ? now - keep : 0;
	return store_audit_past(a->store, h, &b, &m, why) == LW_OK ? m.seq : 0;
}

static int agreed(struct lwd_audit *a, struct store_audit_head *heads, struct keys_audit_chain *chains, size_t n)
{
	int r = n ? keys_audit_mac(a->keys, chains, n) : LW_OK;
	size_t good = 0;

	for (size_t i = 0; r == LW_OK && i < n; i++) {
		if (chains[i].state != KEYS_AUDIT_OK)
			continue; /* a chain that is not as it was, is found where it is MACed */
		a->trim_more |= chains[i].trim - heads[i].gone.seq == STORE_AUDIT_STEP;
		heads[good] = heads[i];
		heads[good].gone = chains[i].mark;
		heads[good].gone_time = chains[i].time;
		memcpy(heads[good++].gone_mac, chains[i].mac, sizeof(heads[0].gone_mac));
	}
	return r == LW_OK ? store_audit_trim(a->store, heads, good) : r;
}

/* A step of the look at all chains. When one has more to remove, the next look begins at once. */
static int trims(struct lwd_audit *a)
{
	struct store_audit_head heads[TRIM_MAX];
	struct keys_audit_chain chains[TRIM_MAX] = { 0 };
	size_t n = 0, kept = 0;
	uint64_t upto;
	int r = LW_OK;

	if (a->looks < a->trim_looks || (atomic_load(&a->keep) == 0 && atomic_load(&a->most) == 0))
		return LW_OK;
	for (unsigned page = 0; r == LW_OK && kept == 0 && page < TRIM_PAGES && (page == 0 || a->trim_place != 0); page++) {
		r = store_audit_heads(a->store, &a->trim_place, heads, TRIM_MAX, &n);
		for (size_t i = 0; r == LW_OK && i < n; i++) {
			if (is_bad(a, &heads[i]) || (upto = old_of(a, &heads[i])) == 0)
				continue;
			heads[kept] = heads[i];
			chains[kept++] = (struct keys_audit_chain){ .tenant = heads[i].tenant, .role = (enum lw_role_id)heads[i].role, .trim = upto };
		}
	}
	if (r == LW_OK)
		r = agreed(a, heads, chains, kept);
	if (a->trim_place == 0) {
		a->trim_looks = a->trim_more ? 0 : a->looks + TRIM_LOOKS;
		a->trim_more = false;
	}
	return r;
}

static void round_of(struct lwd_audit *a, struct lw_arena *arena)
{
	int r = own(a), r2 = LW_OK;

	if (a->keys != NULL) {
		r2 = keyds(a, arena);
		if (r2 == LW_OK && a->rounds++ % MACS == 0) {
			r2 = macs(a);
			if (r2 == LW_OK)
				r2 = trims(a);
		}
	}
	r = r != LW_OK ? r : r2;
	if (r != a->last && r != LW_OK)
		lw_log(LW_WARN, "audit-waits", "why", lw_strerror(r), NULL);
	a->last = r;
}

static void *audit_main(void *arg)
{
	struct lw_arena *arena = lw_arena_new(ARENA, false);
	struct lwd_audit *a = arg;
	bool go;

	pthread_setname_np(pthread_self(), "lwd: audit");
	do {
		go = lw_pause_ms(&a->pause, LOOK_MS);
		if (arena != NULL && (++a->looks % EVERY == 0 || lw_audit_waiting() > MUCH || !go))
			round_of(a, arena);
	} while (go);
	lw_arena_free(arena);
	return NULL;
}

static struct lwd_audit *start(struct store *store, struct keys *keys, struct lw_chan *directory, const struct lw_clock *clock)
{
	struct lwd_audit *a = calloc(1, sizeof(*a));

	if (a == NULL)
		return NULL;
	a->store = store;
	a->keys = keys;
	a->directory = directory;
	a->clock = clock;
	lw_pause_init(&a->pause);
	if (pthread_create(&a->thread, NULL, audit_main, a) == 0)
		return a;
	lw_pause_done(&a->pause);
	free(a);
	return NULL;
}

struct lwd_audit *lwd_audit_writer(struct store *store, struct keys *keys, const struct lw_clock *clock)
{
	return start(store, keys, NULL, clock);
}

void lwd_audit_bounds(struct lwd_audit *a, int64_t keep, uint64_t most)
{
	if (a == NULL)
		return;
	atomic_store(&a->keep, keep);
	atomic_store(&a->most, most);
}

struct lwd_audit *lwd_audit_sender(struct lw_chan *directory)
{
	return start(NULL, NULL, directory, NULL);
}

void lwd_audit_free(struct lwd_audit *a)
{
	if (a == NULL)
		return;
	lw_pause_stop(&a->pause);
	pthread_join(a->thread, NULL);
	lw_pause_done(&a->pause);
	free(a);
}
