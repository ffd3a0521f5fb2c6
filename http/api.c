/* SPDX-License-Identifier: Apache-2.0 */
#include "http/api.h"

#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "base/text.h"

/* ---- a body becomes arguments ---- */

int http_api_add(struct lw_arena *arena, struct ctl_request *q, struct lw_bytes key, struct lw_bytes value)
{
	if (q->npairs == CTL_MAX_PAIRS)
		return LW_ELIMIT;
	if ((q->npairs & (q->npairs - 1)) == 0) { /* full at each power of two */
		struct ctl_pair *p = lw_allocn(arena, q->npairs ? 2 * q->npairs : 1, sizeof(*p));

		if (p == NULL)
			return LW_ENOMEM;
		if (q->npairs)
			memcpy(p, q->pairs, q->npairs * sizeof(*p));
		q->pairs = p;
	}
	q->pairs[q->npairs++] = (struct ctl_pair){ key, value };
	return LW_OK;
}

static struct lw_bytes text_of(json_t *v)
{
	return (struct lw_bytes){ (const uint8_t *)json_string_value(v), json_string_length(v) };
}

static int scalar(struct lw_arena *arena, json_t *v, bool number, struct lw_bytes *ret)
{
	if (json_is_string(v))
		*ret = text_of(v);
	else if (number && json_is_integer(v))
		*ret = lw_str(lw_printf(arena, "%" JSON_INTEGER_FORMAT, json_integer_value(v)));
	else
		return LW_EINVAL;
	return ret->p == NULL ? LW_ENOMEM : LW_OK;
}

static int wrong(char why[256], const char *name, const char *what)
{
	snprintf(why, 256, "member %.60s%s", name, what);
	return LW_EINVAL;
}

static int take_list(const struct api_member *m, json_t *v, struct lw_arena *arena, struct ctl_request *q, char why[256])
{
	int r = json_is_array(v) ? LW_OK : wrong(why, m->name, " must be a list of strings");
	json_t *one;
	size_t i;

	json_array_foreach(v, i, one) {
		if (r == LW_OK && (!json_is_string(one) || json_string_length(one) == 0))
			r = wrong(why, m->name, " must be a list of strings that are not empty");
		if (r == LW_OK)
			r = http_api_add(arena, q, lw_str(m->key), text_of(one));
	}
	return r;
}

static int take_one(const struct api_member *m, json_t *v, struct lw_arena *arena, struct ctl_request *q, char why[256])
{
	struct lw_bytes value;
	int r;

	if (m->type == API_STRINGS || m->type == API_CHANGES)
		return take_list(m, v, arena, q, why);
	if (m->type == API_FLAG) {
		if (!json_is_boolean(v))
			return wrong(why, m->name, " must be true or false");
		return json_is_true(v) ? http_api_add(arena, q, lw_str(m->key), LW_LIT("1")) : LW_OK;
	}
	r = scalar(arena, v, m->type == API_NUMBER, &value);
	if (r == LW_OK && m->type == API_PEM && memchr(value.p, '-', value.n) == NULL && lw_unbase64(arena, value, &value) != LW_OK)
		return wrong(why, m->name, " is neither PEM nor base64");
	if (r == LW_EINVAL)
		return wrong(why, m->name, m->type == API_NUMBER ? " must be a number" : " must be a string");
	if (r == LW_OK && value.n == 0)
		return wrong(why, m->name, " is empty");
	return r != LW_OK ? r : http_api_add(arena, q, lw_str(m->key), value);
}

/* ---- attributes: ATTR=V puts V in place of what was there, ATTR= takes it away, ATTR+=V adds ---- */

static bool attribute_name(const char *name)
{
	size_t n = strlen(name);

	for (size_t i = 0; i < n; i++)
		if (!((name[i] >= 'a' && name[i] <= 'z') || (name[i] >= 'A' && name[i] <= 'Z') ||
			    (i > 0 && ((name[i] >= '0' && name[i] <= '9') || strchr(".;-", name[i]) != NULL))))
			return false;
	return n > 0 && n < 200 && name[n - 1] != '-';
}

static int add_change(const struct api_member *m, const char *name, const char *how, json_t *v, struct lw_arena *arena, struct ctl_request *q,
	char why[256])
{
	struct lw_bytes value = { NULL, 0 };
	struct lw_writer w;
	int r = LW_OK;

	if (json_is_boolean(v))
		value = json_is_true(v) ? LW_LIT("TRUE") : LW_LIT("FALSE");
	else if (v != NULL && ((r = scalar(arena, v, true, &value)) == LW_EINVAL || (r == LW_OK && value.n == 0)))
		return wrong(why, name, " must have values that are not empty, or be null");
	if (r != LW_OK)
		return r;
	lw_writer_init(&w, CTL_MAX);
	w.wipe = true;
	lw_put_bytes(&w, lw_str(name));
	lw_put_bytes(&w, lw_str(how));
	lw_put_bytes(&w, value);
	value = lw_dup(arena, lw_written(&w));
	lw_writer_done(&w);
	return value.p == NULL ? LW_ENOMEM : http_api_add(arena, q, lw_str(m->key), value);
}

static int take_attribute(const struct api_member *m, const char *name, json_t *v, struct lw_arena *arena, struct ctl_request *q, char why[256])
{
	json_t *one;
	size_t i;
	int r = LW_OK;

	if (!attribute_name(name))
		return wrong(why, "", "names must be those of attributes");
	if (json_is_null(v) || (json_is_array(v) && json_array_size(v) == 0))
		return add_change(m, name, "=", NULL, arena, q, why);
	if (!json_is_array(v))
		return add_change(m, name, "=", v, arena, q, why);
	json_array_foreach(v, i, one)
		if (r == LW_OK)
			r = add_change(m, name, i == 0 ? "=" : "+=", one, arena, q, why);
	return r;
}

static int known(const struct api_row *row, const char *name, const struct api_member **ret)
{
	const struct api_member *changes = NULL;

	for (const struct api_member *m = row->members; m->name != NULL; m++) {
		if (strcmp(m->name, name) == 0 && m->key[0] != '\0') {
			*ret = m;
			return LW_OK;
		}
		if (m->type == API_CHANGES)
			changes = m;
	}
	*ret = changes;
	return changes != NULL ? LW_OK : LW_EINVAL;
}

int http_api_take(const struct api_row *row, json_t *body, struct lw_arena *arena, struct ctl_request *q, char why[256])
{
	const struct api_member *m;
	const char *name;
	json_t *v;
	int r;

	json_object_foreach(body, name, v) {
		r = known(row, name, &m);
		if (r != LW_OK)
			return wrong(why, name, " is not known here");
		r = strcmp(m->name, name) == 0 ? take_one(m, v, arena, q, why) : take_attribute(m, name, v, arena, q, why);
		if (r != LW_OK)
			return r;
	}
	for (m = row->members; m->name != NULL; m++)
		if (m->needed && ctl_arg(q, m->key).p == NULL)
			return wrong(why, m->name, " is missing");
	return LW_OK;
}

/* ---- items become objects ---- */

static bool is_octets(const struct api_row *row, struct lw_bytes name)
{
	for (const struct api_member *m = row->members; m->name != NULL; m++)
		if (m->type == API_OCTETS && lw_eq(name, lw_str(m->name)))
			return true;
	return false;
}

static json_t *encoded(struct lw_bytes v, bool octets)
{
	struct lw_arena *arena = lw_arena_new(v.n * 2 + (1 << 16), true);
	char *text = arena == NULL ? NULL : octets ? lw_base64(arena, v) : lw_alloc(arena, 2 * v.n + 1);
	json_t *j;

	if (text != NULL && !octets)
		lw_hex(v, text);
	j = text == NULL ? NULL : json_string(text);
	lw_arena_free(arena);
	return j;
}

static json_t *value_of(const struct ctl_field *f, struct lw_bytes v, bool octets)
{
	json_t *n;

	if (f->type == CTL_BOOL)
		return json_boolean(lw_eq(v, LW_LIT("true")));
	if (f->type == CTL_INT) {
		n = v.n < 32 ? json_loadb((const char *)v.p, v.n, JSON_DECODE_ANY, NULL) : NULL;
		if (json_is_integer(n))
			return n;
		json_decref(n);
		return json_null();
	}
	if (octets || !lw_utf8_valid(v) || (v.n > 0 && memchr(v.p, 0, v.n) != NULL))
		return encoded(v, octets);
	return json_stringn((const char *)v.p, v.n);
}

json_t *http_api_object(const struct api_row *row, const struct ctl_answer *item)
{
	json_t *o = json_object(), *v;

	for (size_t i = 0; i < item->nfields && o != NULL; i++) {
		const struct ctl_field *f = &item->fields[i];
		bool octets = is_octets(row, f->name), good = true;
		char name[257];

		snprintf(name, sizeof(name), "%.*s", (int)f->name.n, (const char *)f->name.p);
		v = f->multi ? json_array() : f->n > 0 ? value_of(f, f->values[0], octets) : json_null();
		for (size_t k = 0; f->multi && k < f->n; k++)
			good = json_array_append_new(v, value_of(f, f->values[k], octets)) == 0 && good;
		if (json_object_set_new(o, name, v) != 0 || !good) {
			json_decref(o);
			o = NULL;
		}
	}
	return o;
}

/* ---- lwctl's side: arguments become a body ---- */

static int put_argument(json_t *o, const struct api_member *m, struct lw_bytes value)
{
	bool binary = m->type == API_PEM && memchr(value.p, '-', value.n) == NULL;
	json_t *list, *v = m->type == API_FLAG ? json_true() : binary ? encoded(value, true) : json_stringn((const char *)value.p, value.n);

	if (v == NULL)
		return lw_utf8_valid(value) ? LW_ENOMEM : LW_EINVAL;
	if (m->type != API_STRINGS && m->type != API_CHANGES)
		return json_object_set_new(o, m->name, v) == 0 ? LW_OK : LW_ENOMEM;
	list = json_object_get(o, m->name);
	if (list == NULL) {
		list = json_array();
		if (json_object_set_new(o, m->name, list) != 0) {
			json_decref(v);
			return LW_ENOMEM;
		}
	}
	return json_array_append_new(list, v) == 0 ? LW_OK : LW_ENOMEM;
}

int http_api_body(const struct api_row *row, const struct ctl_request *q, json_t **ret)
{
	json_t *o;
	int r = LW_OK;

	*ret = NULL;
	if (row->method == API_GET || row->method == API_DELETE || row->members[0].name == NULL)
		return LW_OK;
	o = json_object();
	for (size_t i = 0; i < q->npairs && r == LW_OK; i++)
		for (const struct api_member *m = row->members; m->name != NULL && r == LW_OK; m++)
			if (lw_eq(lw_str(m->key), q->pairs[i].key) && !api_in_path(row, q->pairs[i].key))
				r = o == NULL ? LW_ENOMEM : put_argument(o, m, q->pairs[i].value);
	if (r == LW_OK && o != NULL)
		*ret = o;
	else
		json_decref(o);
	return o == NULL ? LW_ENOMEM : r;
}

/* ---- and objects items ---- */

static int take_value(struct lw_arena *arena, json_t *v, bool octets, enum ctl_type type, struct lw_bytes *ret)
{
	if (json_is_boolean(v) && type == CTL_BOOL)
		*ret = json_is_true(v) ? LW_LIT("true") : LW_LIT("false");
	else if (json_is_string(v) && type == CTL_STRING && octets)
		return lw_unbase64(arena, text_of(v), ret);
	else if ((json_is_string(v) && type == CTL_STRING) || (json_is_integer(v) && type == CTL_INT))
		return scalar(arena, v, type == CTL_INT, ret);
	else
		return LW_EINVAL;
	return LW_OK;
}

static int take_field(const struct api_row *row, const char *name, json_t *v, struct lw_arena *arena, struct ctl_field *f)
{
	json_t *first = json_is_array(v) ? json_array_get(v, 0) : v;
	bool octets;
	int r = LW_OK;

	*f = (struct ctl_field){ .name = lw_str(name), .multi = json_is_array(v), .n = json_is_array(v) ? json_array_size(v) : !json_is_null(v) };
	f->type = json_is_boolean(first) ? CTL_BOOL : json_is_integer(first) ? CTL_INT : CTL_STRING;
	f->values = lw_allocn(arena, f->n, sizeof(*f->values));
	if (f->n > 0 && f->values == NULL)
		return LW_ENOMEM;
	octets = is_octets(row, f->name);
	for (size_t i = 0; i < f->n && r == LW_OK; i++)
		r = take_value(arena, f->multi ? json_array_get(v, i) : v, octets, f->type, &f->values[i]);
	return r;
}

int http_api_item(const struct api_row *row, json_t *object, struct lw_arena *arena, struct ctl_answer *ret)
{
	struct ctl_answer a = { .kind = CTL_ITEM };
	const char *name;
	json_t *v;
	int r = json_is_object(object) ? LW_OK : LW_EINVAL;

	a.fields = lw_allocn(arena, json_object_size(object) + 1, sizeof(*a.fields));
	if (a.fields == NULL)
		return LW_ENOMEM;
	json_object_foreach(object, name, v)
		if (r == LW_OK)
			r = take_field(row, name, v, arena, &a.fields[a.nfields++]);
	if (r == LW_OK)
		*ret = a;
	return r;
}
