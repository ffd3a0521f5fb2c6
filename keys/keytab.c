/* SPDX-License-Identifier: Apache-2.0 */
#include "keys/keytab.h"

#include <string.h>
#include "base/clock.h"
#include "base/err.h"

#define NT_PRINCIPAL 1 /* RFC 4120 6.2 */
#define MAX_NAME     1024

struct name {
	struct lw_bytes part[KEYS_KEYTAB_COMPONENTS], realm;
	size_t n;
	uint8_t text[MAX_NAME]; /* unquoted */
};

/* A backslash takes the next octet's meaning away; \n, \t, \b and \0 are the control characters. */
static uint8_t quoted(uint8_t c)
{
	return c == 'n' ? '\n' : c == 't' ? '\t' : c == 'b' ? '\b' : c == '0' ? 0 : c;
}

static int parse(struct lw_bytes in, struct name *ret)
{
	uint8_t *out = ret->text;
	struct lw_bytes *part = ret->part;
	bool realm = false;

	if (in.n > MAX_NAME)
		return LW_EINVAL;
	part->p = out;
	part->n = 0;
	for (size_t i = 0; i < in.n; i++) {
		uint8_t c = in.p[i];

		if (c == '/' || c == '@') {
			if (realm || (c == '/' && part == &ret->part[KEYS_KEYTAB_COMPONENTS - 1]))
				return LW_EINVAL;
			if (c == '@') {
				ret->n = (size_t)(part - ret->part) + 1;
				realm = true;
			}
			part = c == '@' ? &ret->realm : part + 1;
			part->p = out;
			part->n = 0;
			continue;
		}
		if (c == '\\') {
			if (++i == in.n)
				return LW_EINVAL;
			c = quoted(in.p[i]);
		}
		*out++ = c;
		part->n++;
	}
	return realm && ret->realm.n && ret->part[0].n ? LW_OK : LW_EINVAL;
}

static void put16(struct lw_writer *w, struct lw_bytes b)
{
	lw_put_u16(w, (uint16_t)b.n);
	lw_put_bytes(w, b);
}

void keys_keytab_begin(struct lw_writer *w)
{
	lw_put_u16(w, KEYS_KEYTAB_MAGIC);
}

int keys_keytab_put(struct lw_writer *w, struct lw_bytes principal, const struct keys_krb_set *s)
{
	struct name name;
	size_t names;
	int err = parse(principal, &name);

	if (err)
		return err;
	names = 2 + 2 + name.realm.n;
	for (size_t i = 0; i < name.n; i++)
		names += 2 + name.part[i].n;
	for (unsigned i = 0; i < s->nkeys; i++) {
		const struct keys_krb_key *k = &s->keys[i];

		lw_put_u32(w, (uint32_t)(names + 4 + 4 + 1 + 2 + 2 + k->n + 4));
		lw_put_u16(w, (uint16_t)name.n);
		put16(w, name.realm);
		for (size_t j = 0; j < name.n; j++)
			put16(w, name.part[j]);
		lw_put_u32(w, NT_PRINCIPAL);
		lw_put_u32(w, (uint32_t)(s->set_time / LW_SECOND));
		lw_put_u8(w, (uint8_t)s->kvno);
		lw_put_u16(w, (uint16_t)k->etype);
		put16(w, (struct lw_bytes){ k->key, k->n });
		lw_put_u32(w, s->kvno);
	}
	return w->err;
}

int keys_keytab_open(struct lw_bytes file, struct keys_keytab_reader *ret)
{
	lw_reader_init(&ret->r, file);
	return lw_get_u16(&ret->r) == KEYS_KEYTAB_MAGIC ? LW_OK : LW_EINVAL;
}

static struct lw_bytes get16(struct lw_reader *r)
{
	return lw_get_raw(r, lw_get_u16(r));
}

static int get_entry(struct lw_bytes body, struct keys_keytab_entry *ret)
{
	struct lw_reader r;
	uint16_t n;

	lw_reader_init(&r, body);
	n = lw_get_u16(&r);
	for (unsigned i = 0; i <= n && !r.err; i++) /* the realm, and n components */
		get16(&r);
	ret->who = (struct lw_bytes){ body.p, (size_t)(r.p - body.p) };
	lw_get_u32(&r);
	lw_get_u32(&r);
	ret->kvno = lw_get_u8(&r);
	ret->etype = lw_get_u16(&r);
	ret->key = get16(&r);
	if (r.err)
		return LW_EINVAL;
	if (lw_reader_left(&r) >= 4) { /* older writers left it out; what comes behind is for others */
		uint32_t whole = lw_get_u32(&r);

		ret->kvno = whole ? whole : ret->kvno;
	}
	return LW_OK;
}

int keys_keytab_next(struct keys_keytab_reader *k, struct keys_keytab_entry *ret)
{
	struct lw_reader *r = &k->r;

	while (lw_reader_left(r) && !r->err) {
		const uint8_t *at = r->p;
		uint32_t n = lw_get_u32(r);
		struct keys_keytab_entry e;
		struct lw_bytes body;
		int err;

		if (!n) /* the end of what libkrb5 writes into a file that it made longer */
			break;
		if (n > INT32_MAX) {
			lw_get_raw(r, (size_t)(UINT32_C(0) - n));
			continue;
		}
		body = lw_get_raw(r, n);
		if (r->err)
			break;
		err = get_entry(body, &e);
		if (err)
			return err;
		e.whole = (struct lw_bytes){ at, (size_t)(r->p - at) };
		*ret = e;
		return LW_OK;
	}
	return r->err ? LW_EINVAL : LW_ENOTFOUND;
}

static int has(struct lw_bytes file, const struct keys_keytab_entry *e, bool *ret)
{
	struct keys_keytab_reader k;
	struct keys_keytab_entry f;
	int err = keys_keytab_open(file, &k);

	*ret = false;
	while (!err && !*ret && (err = keys_keytab_next(&k, &f)) == LW_OK)
		*ret = f.kvno == e->kvno && f.etype == e->etype && lw_eq(f.who, e->who);
	return err == LW_ENOTFOUND ? LW_OK : err;
}

int keys_keytab_merge(struct lw_bytes old, struct lw_bytes add, struct lw_writer *out)
{
	struct keys_keytab_reader k;
	struct keys_keytab_entry e;
	int err = keys_keytab_open(old, &k);

	keys_keytab_begin(out);
	while (!err && (err = keys_keytab_next(&k, &e)) == LW_OK)
		lw_put_bytes(out, e.whole);
	if (err == LW_ENOTFOUND)
		err = keys_keytab_open(add, &k);
	while (!err && (err = keys_keytab_next(&k, &e)) == LW_OK) {
		bool there;

		err = has(old, &e, &there);
		if (!err && !there)
			lw_put_bytes(out, e.whole);
	}
	return err == LW_ENOTFOUND ? out->err : err;
}
