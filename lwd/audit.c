/* SPDX-License-Identifier: Apache-2.0 */
#include "lwd/audit.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/log.h"
#include "base/pause.h"
#include "lwd/relay.h"

#define LOOK_MS   100
#define EVERY     4    /* looks */
#define MUCH      (LW_AUDIT_RING / 8)
#define ARENA     (16u << 20)
#define BAD_LOOKS 600  /* until a chain that is not as it was is asked about again */
#define BAD_MAX   64

struct lwd_audit {
	struct store *store;
	struct keys *keys;
	struct lw_chan *directory;
	pthread_t thread;
	struct lw_pause pause;
	uint64_t keyd_done; /* keyd's records up to here are on the disk */
	uint64_t looks;
	uint64_t place; /* of the chains whose turn it is */
	struct { uint32_t tenant; uint8_t role; uint64_t until; } bad[BAD_MAX];
	size_t nbad;
	int last;
};

int lwd_audit_store(struct store *store, struct lw_arena *arena, enum lw_role_id from, struct lw_bytes records)
{
	struct lw_audit *all, one;
	struct lw_reader r;
	size_t n = 0, i = 0;

	lw_reader_init(&r, records);
	while (lw_audit_next(&r, &one))
		n++;
	if (r.err)
		return r.err;
	all = lw_allocn(arena, n ? n : 1, sizeof(*all));
	if (!all)
		return LW_ENOMEM;
	lw_reader_init(&r, records);
	while (i < n && lw_audit_next(&r, &all[i]))
		all[i++].role = from;
	return store_audit_append(store, all, n);
}

static int hand_on(struct lwd_audit *a, struct lw_arena *arena, struct lw_bytes records)
{
	return a->directory ? relay_audit(a->directory, records) : lwd_audit_store(a->store, arena, LW_ROLE_DIRECTORY, records);
}

/* What is in this process's ring. */
static int own(struct lwd_audit *a, struct lw_arena *arena)
{
	struct lw_writer w;
	uint64_t upto;
	int r = LW_OK;

	lw_writer_init(&w, RELAY_MAX_AUDIT + LW_AUDIT_WIRE_MAX);
	while (r == LW_OK && lw_audit_waiting() > 0) {
		lw_writer_reset(&w);
		lw_arena_reset(arena);
		lw_audit_peek(&w, RELAY_MAX_AUDIT, &upto);
		r = w.err ? w.err : hand_on(a, arena, lw_written(&w));
		if (r == LW_OK || r == LW_EINVAL) /* what can't be read is not to be offered for ever */
			lw_audit_done(upto);
	}
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
			r = lwd_audit_store(a->store, arena, LW_ROLE_KEYD, records);
		if (r == LW_OK)
			a->keyd_done = upto;
	} while (r == LW_OK && records.n > RELAY_MAX_AUDIT / 2);
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

static void round_of(struct lwd_audit *a, struct lw_arena *arena)
{
	int r = own(a, arena), r2 = LW_OK;

	if (a->keys != NULL) {
		r2 = keyds(a, arena);
		if (r2 == LW_OK)
			r2 = macs(a);
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

static struct lwd_audit *start(struct store *store, struct keys *keys, struct lw_chan *directory)
{
	struct lwd_audit *a = calloc(1, sizeof(*a));

	if (a == NULL)
		return NULL;
	a->store = store;
	a->keys = keys;
	a->directory = directory;
	lw_pause_init(&a->pause);
	if (pthread_create(&a->thread, NULL, audit_main, a) == 0)
		return a;
	lw_pause_done(&a->pause);
	free(a);
	return NULL;
}

struct lwd_audit *lwd_audit_writer(struct store *store, struct keys *keys)
{
	return start(store, keys, NULL);
}

struct lwd_audit *lwd_audit_sender(struct lw_chan *directory)
{
	return start(NULL, NULL, directory);
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
