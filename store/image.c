/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stdio.h>
#include "base/crypto.h"
#include "store/image.h"

int ops_say(struct store_txn *t, int err, const char *fmt, ...)
{
	va_list ap;

	if (t->result && !t->result->text[0]) {
		va_start(ap, fmt);
		vsnprintf(t->result->text, sizeof(t->result->text), fmt, ap);
		va_end(ap);
	}
	return err;
}

int image_new(struct store_txn *t, struct image *img)
{
	*img = (struct image){ .txn = t, .cap = 24 };
	img->head.tenant = t->tenant;
	img->attrs = lw_allocn(t->arena, img->cap, sizeof(*img->attrs));
	return img->attrs ? LW_OK : LW_ENOMEM;
}

struct image_attr *image_find(const struct image *img, const struct schema_attr *attr, struct lw_bytes options)
{
	for (size_t i = 0; i < img->n; i++)
		if (img->attrs[i].attr == attr && lw_eq(img->attrs[i].options, options))
			return &img->attrs[i];
	return NULL;
}

size_t image_count(const struct image_attr *a)
{
	if (!(a->attr->flags & SCHEMA_REF))
		return a->n;
	return (a->cleared ? 0 : a->stored.nrefs - a->nremoved) + a->nadded;
}

bool image_present(const struct image_attr *a)
{
	return a && image_count(a) > 0;
}

static struct image_attr *obtain(struct image *img, const struct schema_attr *attr, struct lw_bytes options)
{
	struct image_attr *a = image_find(img, attr, options), *more;
	struct lw_bytes name = lw_str(attr->names[0]);
	uint8_t *desc;

	if (a)
		return a;
	if (img->n == img->cap) {
		if (img->cap >= IMAGE_MAX_ATTRS)
			return NULL;
		more = lw_allocn(img->txn->arena, 2 * img->cap, sizeof(*more));
		if (!more)
			return NULL;
		memcpy(more, img->attrs, img->n * sizeof(*more));
		img->attrs = more;
		img->cap *= 2;
	}
	a = &img->attrs[img->n];
	*a = (struct image_attr){ .attr = attr, .options = options, .desc = name };
	if (options.n) {
		desc = lw_alloc(img->txn->arena, name.n + options.n);
		if (!desc)
			return NULL;
		memcpy(desc, name.p, name.n);
		memcpy(desc + name.n, options.p, options.n);
		a->desc = (struct lw_bytes){ desc, name.n + options.n };
	}
	img->n++;
	return a;
}

/* Room for one more in a list of the arena. */
static bool grow(struct lw_arena *arena, void *list, size_t size, size_t n, size_t *cap)
{
	void **at = list, *more;

	if (n < *cap)
		return true;
	if (n >= IMAGE_MAX_VALUES)
		return false;
	more = lw_allocn(arena, 2 * n + 4, size);
	if (!more)
		return false;
	if (n)
		memcpy(more, *at, n * size);
	*at = more;
	*cap = 2 * n + 4;
	return true;
}

int image_load(struct store_txn *t, const struct eng_entry *e, struct image *img)
{
	struct eng_attr ea;
	size_t pos = 0, vpos;
	int err = image_new(t, img);

	img->head = *e;
	while (!err && eng_attr_next(e, &pos, &ea)) {
		const struct schema_attr *attr = schema_attr_id(ea.id);
		const uint8_t *semi = ea.options ? memchr(ea.desc.p, ';', ea.desc.n) : NULL;
		struct lw_bytes options = { semi, semi ? (size_t)(ea.desc.p + ea.desc.n - semi) : 0 }, v;
		struct image_attr *a = attr ? obtain(img, attr, options) : NULL;
		if (!a)
			return attr ? LW_ENOMEM : LW_EIO;
		a->stored = ea;
		a->desc = ea.desc;
		for (vpos = 0; !ea.ref && eng_value_next(&ea, &vpos, &v);) {
			if (!grow(t->arena, &a->values, sizeof(v), a->n, &a->cap))
				return LW_ENOMEM;
			a->values[a->n++] = v;
		}
	}
	return err;
}

/* ---- single values ---- */

/* Normal forms of an attribute's values, and an open hash of them: a list of thousands costs the writer, which is
 * everybody's, no more than its length. */
#define FEW 8 /* so many are compared one by one */
struct image_index {
	struct lw_bytes *norms; /* of values[i] */
	uint32_t *slots;        /* i + 1; 0: free, GONE: was used */
	size_t cap, nslots, used;
};
#define GONE UINT32_MAX

/* Equal values have equal keys: the normal form, or the octets where there is no rule. */
static struct lw_bytes key_of(struct image *img, const struct image_attr *a, struct lw_bytes value)
{
	struct lw_bytes norm;

	return schema_norm(a->attr, NULL, img->txn->arena, value, &norm) == LW_OK ? norm : value;
}

static uint8_t hash_key[32];
static pthread_once_t hash_once = PTHREAD_ONCE_INIT;

static void hash_start(void)
{
	lw_random(hash_key, sizeof(hash_key));
}

/* Under a key, so that nobody can choose values that collide. */
static size_t slot_of(const struct image_index *x, struct lw_bytes key)
{
	uint8_t mac[32];
	uint64_t h;

	pthread_once(&hash_once, hash_start);
	lw_hmac(LW_SHA256, (struct lw_bytes){ hash_key, sizeof(hash_key) }, key, mac);
	memcpy(&h, mac, sizeof(h));
	return (size_t)(h & (x->nslots - 1));
}

static void index_put(struct image_index *x, struct lw_bytes key, size_t i)
{
	size_t at = slot_of(x, key);

	while (x->slots[at] && x->slots[at] != GONE)
		at = (at + 1) & (x->nslots - 1);
	x->used += !x->slots[at];
	x->slots[at] = (uint32_t)i + 1;
	x->norms[i] = key;
}

/* The slot that says `i`; the value is known to be there. */
static uint32_t *index_slot(struct image_index *x, size_t i)
{
	size_t at = slot_of(x, x->norms[i]);

	while (x->slots[at] != i + 1)
		at = (at + 1) & (x->nslots - 1);
	return &x->slots[at];
}

/* Room for one more; without memory there is no index, and the arena says so. */
static struct image_index *index_make(struct image *img, struct image_attr *a)
{
	struct image_index *x = a->index, *new;

	if (x && a->n < x->cap && 2 * x->used < x->nslots)
		return x;
	new = lw_alloc(img->txn->arena, sizeof(*new));
	if (!new)
		return NULL;
	for (new->nslots = 64; new->nslots < 8 * a->n; new->nslots *= 2)
		;
	new->cap = new->nslots / 2;
	new->norms = lw_allocn(img->txn->arena, new->cap, sizeof(*new->norms));
	new->slots = lw_allocn(img->txn->arena, new->nslots, sizeof(*new->slots));
	if (!new->norms || !new->slots)
		return NULL;
	for (size_t i = 0; i < a->n; i++)
		index_put(new, x ? x->norms[i] : key_of(img, a, a->values[i]), i);
	return a->index = new;
}

/* Index of an equal value, or n */
static size_t find_key(struct image *img, struct image_attr *a, struct lw_bytes key)
{
	struct image_index *x = a->n > FEW ? index_make(img, a) : NULL;
	size_t i = 0, at;

	if (!x) {
		while (i < a->n && !lw_eq(key_of(img, a, a->values[i]), key))
			i++;
		return i;
	}
	for (at = slot_of(x, key); x->slots[at]; at = (at + 1) & (x->nslots - 1))
		if (x->slots[at] != GONE && lw_eq(x->norms[x->slots[at] - 1], key))
			return x->slots[at] - 1;
	return a->n;
}

static size_t find_value(struct image *img, struct image_attr *a, struct lw_bytes value)
{
	return find_key(img, a, key_of(img, a, value));
}

static void drop_value(struct image_attr *a, size_t i)
{
	size_t last = a->n - 1;

	if (a->index) { /* the last one takes its place: a list has no order (RFC 4511 4.1.7) */
		*index_slot(a->index, i) = GONE;
		if (i != last) {
			*index_slot(a->index, last) = (uint32_t)i + 1;
			a->index->norms[i] = a->index->norms[last];
			a->values[i] = a->values[last];
		}
	} else {
		memmove(a->values + i, a->values + i + 1, (last - i) * sizeof(*a->values));
	}
	a->n--;
}

static int put_value(struct image *img, struct image_attr *a, struct lw_bytes value)
{
	struct lw_bytes key = key_of(img, a, value);

	if (find_key(img, a, key) < a->n)
		return LW_EVALEXISTS;
	if (lw_arena_failed(img->txn->arena))
		return LW_ENOMEM;
	if (!grow(img->txn->arena, &a->values, sizeof(value), a->n, &a->cap))
		return LW_ELIMIT;
	if (a->index && !index_make(img, a))
		return LW_ENOMEM;
	if (a->index)
		index_put(a->index, key, a->n);
	a->values[a->n++] = value;
	return LW_OK;
}

bool image_has_value(struct image *img, const struct schema_attr *attr, struct lw_bytes value)
{
	for (size_t i = 0; i < img->n; i++)
		if (img->attrs[i].attr == attr && find_value(img, &img->attrs[i], value) < img->attrs[i].n)
			return true;
	return false;
}

static int check_value(struct image *img, const struct schema_attr *attr, struct lw_bytes value)
{
	int err = schema_check_value(attr, value);

	if (err == LW_ELIMIT)
		return ops_say(img->txn, LW_ECONSTRAINT, "%s: the value is too long", attr->names[0]);
	return err ? ops_say(img->txn, err, "%s: value is not of its syntax", attr->names[0]) : LW_OK;
}

/* ---- references ---- */

static int ref_target(struct image *img, const struct schema_attr *attr, struct lw_bytes value, uint64_t *ret)
{
	struct store_txn *t = img->txn;
	struct store_view seen;
	struct store_dn *dn;
	int err = dn_parse(t->arena, value, &dn);

	if (err)
		return ops_say(t, LW_ESYNTAX, "%s: not a distinguished name", attr->names[0]);
	err = ops_locate(t, dn, ret);
	if (!err && t->session->role != STORE_ROLE_INIT)
		err = ops_view_in(t, *ret, &seen); /* what is hidden can't be referred to, nor probed so */
	if (err == LW_ENOTFOUND)
		return ops_say(t, LW_ECONSTRAINT, "%s: no such entry: %.*s", attr->names[0], (int)value.n, value.p);
	return err;
}

static bool in_list(const uint64_t *list, size_t n, uint64_t id, size_t *ret_at)
{
	for (size_t i = 0; i < n; i++)
		if (list[i] == id) {
			*ret_at = i;
			return true;
		}
	return false;
}

static bool is_stored(const struct image *img, const struct image_attr *a, uint64_t id)
{
	return a->stored.nrefs && !a->options.n &&
		eng_is_ref(img->txn->eng, img->txn->tenant, id, a->attr->id, img->head.id);
}

static int ref_add(struct image *img, struct image_attr *a, uint64_t id)
{
	struct lw_arena *arena = img->txn->arena;
	size_t at;

	if (in_list(a->added, a->nadded, id, &at))
		return LW_EVALEXISTS;
	if (in_list(a->removed, a->nremoved, id, &at)) {
		a->removed[at] = a->removed[--a->nremoved];
		return LW_OK;
	}
	if (!a->cleared && is_stored(img, a, id))
		return LW_EVALEXISTS;
	if (!grow(arena, &a->added, sizeof(id), a->nadded, &a->added_cap))
		return LW_ELIMIT;
	a->added[a->nadded++] = id;
	return LW_OK;
}

static int ref_delete(struct image *img, struct image_attr *a, uint64_t id)
{
	size_t at;

	if (in_list(a->added, a->nadded, id, &at)) {
		a->added[at] = a->added[--a->nadded];
		return LW_OK;
	}
	if (a->cleared || in_list(a->removed, a->nremoved, id, &at) || !is_stored(img, a, id))
		return LW_ENOATTR;
	if (!grow(img->txn->arena, &a->removed, sizeof(id), a->nremoved, &a->removed_cap))
		return LW_ELIMIT;
	a->removed[a->nremoved++] = id;
	return LW_OK;
}

/* The difference as removals, so that it can be looked at one by one. */
static int ref_clear(struct image *img, struct image_attr *a)
{
	int err = LW_OK;

	a->nadded = 0;
	for (size_t i = 0; !err && i < a->stored.nrefs; i++) {
		err = ref_delete(img, a, eng_ref_at(&a->stored, i));
		if (err == LW_ENOATTR)
			err = LW_OK;
	}
	return err;
}

/* ---- changes ---- */

int image_add(struct image *img, const struct schema_attr *attr, struct lw_bytes options, const struct lw_bytes *values,
	size_t n)
{
	struct image_attr *a;
	uint64_t id;
	int err = LW_OK;

	if (options.n && (attr->flags & SCHEMA_REF || attr == ops_known()->lwGrantText))
		return ops_say(img->txn, LW_EUNDEFATTR, "%s takes no options", attr->names[0]);
	a = obtain(img, attr, options);
	if (!a)
		return LW_ELIMIT;
	a->changed = true;
	for (size_t i = 0; !err && i < n; i++) {
		if (attr->flags & SCHEMA_REF) {
			err = ref_target(img, attr, values[i], &id);
			if (!err)
				err = ref_add(img, a, id);
		} else {
			err = check_value(img, attr, values[i]);
			if (!err)
				err = put_value(img, a, values[i]);
		}
		if (err == LW_EVALEXISTS)
			ops_say(img->txn, err, "%s: the value is there already", attr->names[0]);
	}
	return err;
}

int image_delete(struct image *img, const struct schema_attr *attr, struct lw_bytes options,
	const struct lw_bytes *values, size_t n)
{
	struct image_attr *a = image_find(img, attr, options);
	size_t at;
	uint64_t id;
	int err = LW_OK;

	if (!image_present(a))
		return ops_say(img->txn, LW_ENOATTR, "%s: no such attribute", attr->names[0]);
	a->changed = true;
	if (!n && attr->flags & SCHEMA_REF)
		return ref_clear(img, a);
	if (!n) {
		a->n = 0;
		a->index = NULL;
	}
	for (size_t i = 0; !err && i < n; i++) {
		if (attr->flags & SCHEMA_REF) {
			struct store_dn *dn;
			err = dn_parse(img->txn->arena, values[i], &dn) ? LW_ESYNTAX : ops_locate(img->txn, dn, &id);
			err = err == LW_ENOTFOUND ? LW_ENOATTR : err;
			if (!err)
				err = ref_delete(img, a, id);
		} else if ((at = find_value(img, a, values[i])) < a->n) {
			drop_value(a, at);
		} else {
			err = LW_ENOATTR;
		}
		if (err == LW_ENOATTR)
			ops_say(img->txn, err, "%s: no such value", attr->names[0]);
	}
	return err;
}

int image_replace(struct image *img, const struct schema_attr *attr, struct lw_bytes options,
	const struct lw_bytes *values, size_t n)
{
	struct image_attr *a = image_find(img, attr, options);
	int err = LW_OK;

	if (a && attr->flags & SCHEMA_REF)
		err = ref_clear(img, a);
	else if (a)
		*a = (struct image_attr){ .attr = attr, .options = a->options, .desc = a->desc, .stored = a->stored };
	if (a)
		a->changed = true;
	return err || !n ? err : image_add(img, attr, options, values, n);
}

static int parse_int(struct lw_bytes v, int64_t *ret)
{
	bool minus = v.n && v.p[0] == '-';
	uint64_t u;

	if (minus)
		v.p++, v.n--;
	if (lw_parse_u64(v, INT64_MAX, &u))
		return LW_ECONSTRAINT;
	*ret = minus ? -(int64_t)u : (int64_t)u;
	return LW_OK;
}

int image_increment(struct image *img, const struct schema_attr *attr, struct lw_bytes options,
	const struct lw_bytes *values, size_t n)
{
	struct image_attr *a = image_find(img, attr, options);
	int64_t by, now;
	char *text;

	if (n != 1)
		return LW_EINVAL;
	if (!image_present(a))
		return ops_say(img->txn, LW_ENOATTR, "%s: no such attribute", attr->names[0]);
	if (attr->flags & SCHEMA_REF || parse_int(values[0], &by))
		return ops_say(img->txn, LW_ECONSTRAINT, "%s: not an integer", attr->names[0]);
	for (size_t i = 0; i < a->n; i++) {
		if (parse_int(a->values[i], &now) || __builtin_add_overflow(now, by, &now))
			return ops_say(img->txn, LW_ECONSTRAINT, "%s: can't be incremented so", attr->names[0]);
		text = lw_printf(img->txn->arena, "%lld", (long long)now);
		if (!text)
			return LW_ENOMEM;
		a->values[i] = lw_str(text);
		if (schema_check_value(attr, a->values[i]))
			return ops_say(img->txn, LW_ECONSTRAINT, "%s: not an integer", attr->names[0]);
	}
	a->index = NULL;
	a->changed = true;
	return LW_OK;
}

int image_set(struct image *img, const struct schema_attr *attr, const char *value)
{
	struct lw_bytes v = lw_str(value), none = { 0 };
	struct image_attr *a = obtain(img, attr, none);

	if (!a || !value || (!a->cap && !grow(img->txn->arena, &a->values, sizeof(v), 0, &a->cap)))
		return LW_ENOMEM;
	a->values[0] = v;
	a->n = 1;
	a->index = NULL;
	a->changed = true;
	return LW_OK;
}
