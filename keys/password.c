/* SPDX-License-Identifier: Apache-2.0 */
#include "keys/password.h"

#include <stdio.h>
#include <string.h>
#include "base/enctype.h"
#include "base/err.h"
#include "base/text.h"

#define BUNDLE_VERSION 1
#define KRB_VERSION    1
#define MAX_SALT       1024

static const enum lw_hash scram_hashes[2] = { LW_SHA256, LW_SHA512 };

/* ---- encodings ---- */
void keys_bundle_put(struct lw_writer *w, const struct keys_bundle *b)
{
	lw_put_u8(w, BUNDLE_VERSION);
	lw_put_u64(w, (uint64_t)b->set_time);
	lw_put_str(w, b->phc);
	for (int i = 0; i < 2; i++) {
		size_t n = lw_hash_size(scram_hashes[i]);

		lw_put_u32(w, b->scram[i].iterations);
		lw_put_raw(w, b->scram[i].salt, sizeof(b->scram[i].salt));
		lw_put_raw(w, b->scram[i].stored_key, n);
		lw_put_raw(w, b->scram[i].server_key, n);
	}
	lw_put_u8(w, (uint8_t)b->nhistory);
	for (unsigned i = 0; i < b->nhistory; i++)
		lw_put_str(w, b->history[i]);
}

static void get_phc(struct lw_reader *r, char ret[LW_PHC_MAX])
{
	struct lw_bytes b = lw_get_counted(r, LW_PHC_MAX - 1);

	memset(ret, 0, LW_PHC_MAX);
	if (b.n && memchr(b.p, 0, b.n) && !r->err)
		r->err = LW_EINVAL;
	if (b.n)
		memcpy(ret, b.p, b.n);
}

static void get_raw(struct lw_reader *r, uint8_t *ret, size_t n)
{
	struct lw_bytes b = lw_get_raw(r, n);

	if (!r->err)
		memcpy(ret, b.p, n);
}

int keys_bundle_get(struct lw_bytes in, struct keys_bundle *ret)
{
	struct keys_bundle b;
	struct lw_reader r;
	int err;

	memset(&b, 0, sizeof(b));
	lw_reader_init(&r, in);
	if (lw_get_u8(&r) != BUNDLE_VERSION)
		return r.err ? r.err : LW_EVERSION;
	b.set_time = (int64_t)lw_get_u64(&r);
	get_phc(&r, b.phc);
	for (int i = 0; i < 2; i++) {
		size_t n = lw_hash_size(scram_hashes[i]);

		b.scram[i].hash = scram_hashes[i];
		b.scram[i].iterations = lw_get_u32(&r);
		get_raw(&r, b.scram[i].salt, sizeof(b.scram[i].salt));
		get_raw(&r, b.scram[i].stored_key, n);
		get_raw(&r, b.scram[i].server_key, n);
	}
	b.nhistory = lw_get_u8(&r);
	if (b.nhistory > KEYS_HISTORY_MAX && !r.err)
		r.err = LW_ELIMIT;
	for (unsigned i = 0; i < b.nhistory && !r.err; i++)
		get_phc(&r, b.history[i]);
	err = lw_reader_end(&r);
	if (!err)
		*ret = b;
	lw_wipe(&b, sizeof(b));
	return err;
}

void keys_krb_put(struct lw_writer *w, const struct keys_krb *k)
{
	lw_put_u8(w, KRB_VERSION);
	lw_put_u8(w, (uint8_t)k->nsets);
	for (unsigned i = 0; i < k->nsets; i++) {
		const struct keys_krb_set *s = &k->sets[i];

		lw_put_u32(w, s->kvno);
		lw_put_u64(w, (uint64_t)s->set_time);
		lw_put_counted(w, s->salt);
		lw_put_u8(w, (uint8_t)s->nkeys);
		for (unsigned j = 0; j < s->nkeys; j++) {
			lw_put_u32(w, (uint32_t)s->keys[j].etype);
			lw_put_u32(w, s->keys[j].iterations);
			lw_put_counted(w, (struct lw_bytes){ s->keys[j].key, s->keys[j].n });
		}
	}
}

static void get_krb_set(struct lw_reader *r, struct keys_krb_set *s)
{
	s->kvno = lw_get_u32(r);
	s->set_time = (int64_t)lw_get_u64(r);
	s->salt = lw_get_counted(r, MAX_SALT);
	s->nkeys = lw_get_u8(r);
	if (s->nkeys > KEYS_KRB_KEYS && !r->err)
		r->err = LW_ELIMIT;
	for (unsigned j = 0; j < s->nkeys && !r->err; j++) {
		const struct lw_enctype *e;
		struct lw_bytes key;

		s->keys[j].etype = (int32_t)lw_get_u32(r);
		s->keys[j].iterations = lw_get_u32(r);
		key = lw_get_counted(r, sizeof(s->keys[j].key));
		e = lw_enctype_find(s->keys[j].etype);
		if (r->err)
			return;
		if (!e || e->key_size != key.n) {
			r->err = LW_EINVAL;
			return;
		}
		s->keys[j].n = (uint8_t)key.n;
		memcpy(s->keys[j].key, key.p, key.n);
	}
}

int keys_krb_get(struct lw_bytes in, struct keys_krb *ret)
{
	struct keys_krb k;
	struct lw_reader r;
	int err;

	memset(&k, 0, sizeof(k));
	lw_reader_init(&r, in);
	if (lw_get_u8(&r) != KRB_VERSION)
		return r.err ? r.err : LW_EVERSION;
	k.nsets = lw_get_u8(&r);
	if ((k.nsets == 0 || k.nsets > KEYS_KRB_SETS) && !r.err)
		r.err = LW_ELIMIT;
	for (unsigned i = 0; i < k.nsets && !r.err; i++)
		get_krb_set(&r, &k.sets[i]);
	err = lw_reader_end(&r);
	if (!err)
		*ret = k;
	lw_wipe(&k, sizeof(k));
	return err;
}

/* ---- preparation and quality ---- */
int keys_password_prep(struct lw_arena *a, struct lw_bytes raw, struct lw_bytes *ret)
{
	int err;

	if (!lw_utf8_valid(raw) || (raw.n && memchr(raw.p, 0, raw.n)))
		return LW_EINVAL;
	err = lw_saslprep(a, raw, true, ret);
	return err == LW_EINVAL ? lw_opaque_string(a, raw, ret) : err;
}

int keys_password_quality(
        const struct keys_policy *p, struct lw_bytes pw, const char *const *names, char text[200])
{
	if (pw.n < p->min_length) {
		snprintf(text, 200, "the password is too short: it needs %u octets at least", p->min_length);
		return LW_EPWPOLICY;
	}
	if (pw.n > p->max_length) {
		snprintf(text, 200, "the password is too long: it may have %u octets at most", p->max_length);
		return LW_EPWPOLICY;
	}
	for (; *names; names++) {
		if (**names && lw_eq_nocase(pw, lw_str(*names))) {
			snprintf(text, 200, "the password may not be the account's name");
			return LW_EPWPOLICY;
		}
	}
	text[0] = '\0';
	return LW_OK;
}

bool keys_password_used(const struct keys_bundle *old, const struct keys_policy *p, struct lw_bytes pw)
{
	if (p->history == 0)
		return false;
	if (lw_argon2_verify(old->phc, pw) == LW_OK)
		return true;
	for (unsigned i = 0; i < old->nhistory && i + 1 < p->history; i++) {
		if (lw_argon2_verify(old->history[i], pw) == LW_OK)
			return true;
	}
	return false;
}

/* ---- derivation ---- */
int keys_krb_salt(struct lw_arena *a, struct lw_bytes name, struct lw_bytes *ret)
{
	uint8_t *salt = lw_alloc(a, name.n + 1);
	size_t at = name.n, n = 0, i;

	if (!salt)
		return LW_ENOMEM;
	for (i = 0; i < name.n; i++) { /* the realm begins after the unescaped @ */
		if (name.p[i] == '\\')
			i++;
		else if (name.p[i] == '@')
			break;
	}
	if (i + 1 >= name.n || i == 0 || name.n > MAX_SALT)
		return LW_EINVAL;
	at = i;
	for (i = at + 1; i < name.n; i++) {
		if (name.p[i] == '@')
			return LW_EINVAL;
		if (name.p[i] == '\\' && ++i == name.n)
			return LW_EINVAL;
		salt[n++] = name.p[i];
	}
	for (i = 0; i < at; i++) {
		if (name.p[i] == '/')
			continue;
		if (name.p[i] == '\\')
			i++;
		salt[n++] = name.p[i];
	}
	*ret = (struct lw_bytes){ salt, n };
	return LW_OK;
}

int keys_bundle_make(struct lw_bytes pw, const struct keys_bundle *old, const struct keys_policy *p,
        int64_t now, struct keys_bundle *ret)
{
	int err;

	memset(ret, 0, sizeof(*ret));
	ret->set_time = now;
	err = lw_argon2_hash(pw, ret->phc);
	for (int i = 0; i < 2 && !err; i++) {
		ret->scram[i].hash = scram_hashes[i];
		ret->scram[i].iterations = KEYS_SCRAM_ITERATIONS;
		lw_random(ret->scram[i].salt, sizeof(ret->scram[i].salt));
		err = lw_scram_derive(pw, &ret->scram[i]);
	}
	if (err || !old || p->history < 2)
		return err;
	memcpy(ret->history[ret->nhistory++], old->phc, LW_PHC_MAX);
	for (unsigned i = 0; i < old->nhistory && ret->nhistory + 1 < p->history; i++)
		memcpy(ret->history[ret->nhistory++], old->history[i], LW_PHC_MAX);
	return LW_OK;
}

int keys_krb_make(struct lw_arena *a, struct lw_bytes raw, struct lw_bytes krb_name, uint32_t kvno,
        int64_t now, struct keys_krb *ret)
{
	struct keys_krb_set *s = &ret->sets[0];
	int err;

	memset(ret, 0, sizeof(*ret));
	err = keys_krb_salt(a, krb_name, &s->salt);
	if (err)
		return err;
	ret->nsets = 1;
	s->kvno = kvno;
	s->set_time = now;
	for (unsigned i = 0; i < lw_nenctypes && !err; i++) {
		const struct lw_enctype *e = &lw_enctypes[i];
		struct keys_krb_key *k = &s->keys[s->nkeys++];

		k->etype = e->etype;
		k->iterations = e->iterations;
		k->n = (uint8_t)e->key_size;
		err = lw_string_to_key(e, raw, s->salt, e->iterations, k->key);
	}
	return err;
}
