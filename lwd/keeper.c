/* SPDX-License-Identifier: Apache-2.0 */
#include "lwd/keeper.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "base/err.h"
#include "base/log.h"
#include "base/pause.h"
#include "lwd/tls.h"

#define RETRY_FIRST_MS 200   /* nothing is served before the first certificate */
#define RETRY_MS       30000
#define LOOK_MS        10000 /* at the wall clock, which may jump */
#define BACK           (240 * LW_SECOND) /* turned back by more, the certificate may not have begun: it is dated back by a little more */

struct lwd_keeper {
	struct lwd_tls *tls;
	const struct lw_clock *clock;
	const struct lwd_keeper_ops *ops;
	void *arg;
	pthread_t thread;
	struct lw_pause pause;
	int64_t got, due;
	atomic_bool asked;
	_Atomic unsigned made;
	_Atomic int64_t end;
};

int64_t lwd_keeper_due(int64_t got, int64_t end)
{
	int64_t life = end - got;

	return life < 90 * LW_SECOND ? got + 60 * LW_SECOND : got + life / 3 * 2;
}

static int renew(struct lwd_keeper *k)
{
	struct lw_arena *arena = lw_arena_new(1 << 20, false);
	int64_t got = lw_wall(k->clock), not_after;
	struct lw_bytes csr, pem;
	EVP_PKEY *key = NULL;
	char end[LW_TIME_TEXT];
	int r = LW_ENOMEM;

	if (arena == NULL)
		return LW_ENOMEM;
	r = lwd_tls_request(arena, &key, &csr);
	if (r == LW_OK)
		r = k->ops->issue(k->arg, csr, arena, &pem, &not_after);
	if (r == LW_OK)
		r = lwd_tls_set(k->tls, pem, key);
	if (r == LW_OK) {
		k->got = got;
		k->due = lwd_keeper_due(got, not_after);
		atomic_store(&k->end, not_after);
		atomic_fetch_add(&k->made, 1);
		lw_time_rfc3339(not_after, end);
		lw_log(LW_INFO, "certificate", "until", end, NULL);
	}
	EVP_PKEY_free(key);
	lw_arena_free(arena);
	return r;
}

static void *keeper_main(void *arg)
{
	struct lwd_keeper *k = arg;
	bool first = true, asked;
	int last = LW_OK;

	pthread_setname_np(pthread_self(), "lwd: keeper");
	do {
		int64_t now = lw_wall(k->clock);
		int r;

		asked = atomic_exchange(&k->asked, false);
		r = asked || k->due <= now || now < k->got - BACK ? renew(k) : LW_OK;
		if (r != LW_OK && asked)
			atomic_store(&k->asked, true);
		if (r != last && r != LW_OK)
			lw_log(LW_WARN, "no-certificate", "why", lw_strerror(r), "note", "asking again", NULL);
		last = r;
		if (r == LW_OK && first) {
			first = false;
			k->ops->first(k->arg);
		}
	} while (lw_pause_ms(&k->pause, last == LW_OK ? LOOK_MS : first ? RETRY_FIRST_MS : RETRY_MS));
	return NULL;
}

void lwd_keeper_renew(struct lwd_keeper *k)
{
	atomic_store(&k->asked, true);
	lw_pause_end(&k->pause);
}

unsigned lwd_keeper_made(const struct lwd_keeper *k, int64_t *ret_end)
{
	*ret_end = atomic_load(&k->end);
	return atomic_load(&k->made);
}

struct lwd_keeper *lwd_keeper_new(struct lwd_tls *tls, const struct lw_clock *clock, const struct lwd_keeper_ops *ops,
	void *arg)
{
	struct lwd_keeper *k = calloc(1, sizeof(*k));

	if (k == NULL)
		return NULL;
	k->tls = tls;
	k->clock = clock;
	k->ops = ops;
	k->arg = arg;
	lw_pause_init(&k->pause);
	if (pthread_create(&k->thread, NULL, keeper_main, k) == 0)
		return k;
	lw_pause_done(&k->pause);
	free(k);
	return NULL;
}

void lwd_keeper_free(struct lwd_keeper *k)
{
	if (k == NULL)
		return;
	lw_pause_stop(&k->pause);
	pthread_join(k->thread, NULL);
	lw_pause_done(&k->pause);
	free(k);
}
