/* SPDX-License-Identifier: Apache-2.0 */
/* The server, and what each thread keeps. */
#include "kdc/int.h"

#include <stdlib.h>
#include <string.h>

#define OWN_REGION ((size_t)1 << 20)

/* ---- the server ---- */

#define BUFFER (KRB_MAX_MESSAGE + LW_KRB_OVERHEAD)

static void thread_free(struct kdc_thread *t)
{
	kdc_thread_end(t);
	kdc_realms_free(t);
	kdc_keycache_free(t->keys);
	lw_krbkey_free(t->session);
	lw_krbkey_free(t->subkey);
	lw_krbkey_free(t->other);
	lw_arena_free(t->arena);
	lw_writer_done(&t->text);
	free(t->out);
	free(t->plain); /* wiped after each use */
	free(t->cipher);
	free(t->reply);
	free(t);
}

static int thread_fill(struct kdc_thread *t)
{
	t->arena = lw_arena_new(KDC_ARENA, true);
	lw_writer_init(&t->text, 4 * KRB_MAX_NAME);
	t->out = malloc(BUFFER);
	t->plain = malloc(BUFFER);
	t->cipher = malloc(BUFFER);
	t->reply = malloc(BUFFER);
	t->session = lw_krbkey_new();
	t->subkey = lw_krbkey_new();
	t->other = lw_krbkey_new();
	t->realms = calloc(KDC_REALMS, sizeof *t->realms);
	t->realm_hash = calloc(KDC_REALMS, sizeof *t->realm_hash);
	t->keys = kdc_keycache_new(KDC_KEYS);
	if (t->keys)
		t->dummy = kdc_keys_dummy(t->keys, &t->server->dummy);
	return t->arena && t->out && t->plain && t->cipher && t->reply && t->session && t->subkey &&
	                       t->other && t->realms && t->realm_hash && t->dummy
	               ? LW_OK
	               : LW_ENOMEM;
}

/* A thread ends before its server. */
static void thread_gone(void *arg)
{
	struct kdc_thread *t = arg;
	struct kdc_server *s = t->server;

	pthread_mutex_lock(&s->lock);
	*t->prev = t->next;
	if (t->next)
		t->next->prev = t->prev;
	pthread_mutex_unlock(&s->lock);
	thread_free(t);
}

/* Keys that nobody has. */
static void make_dummy(struct keys_krb_set *set)
{
	set->kvno = 1;
	for (unsigned i = 0; i < lw_nenctypes; i++) {
		struct keys_krb_key *k = &set->keys[set->nkeys++];

		k->etype = lw_enctypes[i].etype;
		k->iterations = lw_enctypes[i].iterations;
		k->n = (uint8_t)lw_enctypes[i].key_size;
		lw_random(k->key, k->n);
	}
}

static int server_fill(struct kdc_server *s, const struct kdc_options *o)
{
	void *region = o->replays;
	size_t size = o->replays_size;

	s->options.names = strdup(o->names ? o->names : "");
	s->class_keys = calloc(KDC_CLASS_KEYS, sizeof *s->class_keys);
	s->aside = kdc_aside_new(KDC_ASIDE_BYTES);
	if (!region) {
		size = OWN_REGION;
		region = s->own_region = calloc(1, size);
	}
	if (!s->options.names || !s->class_keys || !s->aside || !region)
		return LW_ENOMEM;
	s->replay = kdc_replay_open(region, size, s->options.skew_us, lw_wall(s->clock));
	return s->replay ? LW_OK : LW_ENOMEM;
}

int kdc_server_new(struct store *store, struct keys *keys, const struct kdc_options *options,
        const struct lw_clock *clock, struct kdc_server **ret)
{
	struct kdc_server *s = calloc(1, sizeof *s);
	int err;

	if (!s)
		return LW_ENOMEM;
	if (pthread_key_create(&s->key, thread_gone)) {
		free(s);
		return LW_ENOMEM;
	}
	pthread_mutex_init(&s->lock, NULL);
	s->store = store;
	s->keys = keys;
	s->clock = clock;
	s->options = *options;
	if (!s->options.skew_us)
		s->options.skew_us = 300 * LW_SECOND;
	s->skew = s->options.skew_us / LW_SECOND;
	s->krb_name = schema_attr(LW_LIT("krbPrincipalName"));
	s->krb_key = schema_attr(LW_LIT("krbPrincipalKey"));
	s->uid = schema_attr(LW_LIT("uid"));
	make_dummy(&s->dummy);
	err = s->krb_name && s->krb_key && s->uid ? server_fill(s, options) : LW_EINTERNAL;
	if (err) {
		kdc_server_free(s);
		return err;
	}
	*ret = s;
	return LW_OK;
}

/* No thread is in it any more. */
void kdc_server_free(struct kdc_server *s)
{
	if (!s)
		return;
	pthread_key_delete(s->key);
	while (s->threads) {
		struct kdc_thread *t = s->threads;

		s->threads = t->next;
		thread_free(t);
	}
	kdc_replay_close(s->replay);
	free(s->own_region);
	kdc_aside_free(s->aside);
	if (s->class_keys)
		lw_wipe(s->class_keys, KDC_CLASS_KEYS * sizeof *s->class_keys);
	free(s->class_keys);
	pthread_mutex_destroy(&s->lock);
	free((char *)s->options.names);
	lw_wipe(s, sizeof *s);
	free(s);
}

/* ---- threads ---- */

struct kdc_thread *kdc_thread(struct kdc_server *s)
{
	struct kdc_thread *t = pthread_getspecific(s->key);

	if (t)
		return t;
	t = calloc(1, sizeof *t);
	if (!t)
		return NULL;
	t->server = s;
	if (thread_fill(t) || pthread_setspecific(s->key, t)) {
		thread_free(t);
		return NULL;
	}
	pthread_mutex_lock(&s->lock);
	t->next = s->threads;
	t->prev = &s->threads;
	if (t->next)
		t->next->prev = &t->next;
	s->threads = t;
	pthread_mutex_unlock(&s->lock);
	return t;
}

void kdc_thread_end(struct kdc_thread *t)
{
	if (t->txn)
		store_end(t->txn);
	t->txn = NULL;
	t->open = NULL;
}
