/* SPDX-License-Identifier: Apache-2.0 */
/* Items as a table, as JSON or as names. */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "cli/lwctl.h"
#include "http/api.h"

static json_t *items;
static bool as_list;

/* A table is printed at its end, when the widths are known. */
#define MAX_COLUMNS 16
struct row {
	char *cell[MAX_COLUMNS];
	struct row *next;
};
static struct row *rows, **last_row;
static size_t width[MAX_COLUMNS], ncolumns;

void print_begin(struct lwctl *c, bool list)
{
	as_list = list;
	rows = NULL;
	last_row = &rows;
	ncolumns = 0;
	memset(width, 0, sizeof(width));
	items = c->format == OUT_JSON ? json_array() : NULL;
}

static void item_json(const struct ctl_answer *a)
{
	static const struct api_member none = { NULL, NULL, 0, false };

	json_array_append_new(items, http_api_object(&(struct api_row){ .members = &none }, a));
}

/* What is no text is shown as in JSON. */
static struct lw_bytes as_text(struct lw_arena *arena, struct lw_bytes v)
{
	char *hex;

	if (lw_utf8_valid(v) && !(v.n && memchr(v.p, 0, v.n)))
		return v;
	if (!(hex = lw_alloc(arena, 2 * v.n + 1)))
		return (struct lw_bytes){ NULL, 0 };
	lw_hex(v, hex);
	return lw_str(hex);
}

static char *text_of(struct lw_arena *arena, const struct lw_bytes *values, size_t n)
{
	struct lw_writer w;
	char *ret;

	lw_writer_init(&w, 1u << 20);
	for (size_t k = 0; k < n; k++) {
		if (k)
			lw_put_u8(&w, ',');
		struct lw_bytes v = as_text(arena, values[k]);
		for (size_t i = 0; i < v.n; i++) {
			uint8_t ch = v.p[i];
			if (ch >= 32 && ch != 127) {
				lw_put_u8(&w, ch);
			} else {
				char hex[5];
				snprintf(hex, sizeof(hex), ch == '\n' ? " " : "\\x%02x", ch);
				lw_put_raw(&w, hex, strlen(hex));
			}
		}
	}
	ret = (char *)lw_dup(arena, lw_written(&w)).p;
	lw_writer_done(&w);
	return ret ? ret : (char *)"";
}

static size_t columns_of(const char *s) /* code points, near enough */
{
	size_t n = 0;

	for (; *s; s++)
		n += (*s & 0xc0) != 0x80;
	return n;
}

static void add_row(struct lwctl *c, char *const cell[MAX_COLUMNS])
{
	struct row *r = lw_alloc(c->arena, sizeof(*r));

	if (!r)
		return;
	for (size_t i = 0; i < MAX_COLUMNS; i++) {
		size_t len = cell[i] ? columns_of(cell[i]) : 0;

		r->cell[i] = cell[i];
		if (len > width[i])
			width[i] = len;
	}
	*last_row = r;
	last_row = &r->next;
}

/* The column of this name, a new one where there is none. MAX_COLUMNS: no more room. */
static size_t column(struct lwctl *c, const struct lw_bytes *name)
{
	const char *text = text_of(c->arena, name, 1);
	size_t i = 0;

	while (i < ncolumns && strcmp(rows->cell[i], text) != 0)
		i++;
	if (i < ncolumns || i == MAX_COLUMNS)
		return i;
	rows->cell[i] = (char *)(uintptr_t)text;
	width[i] = columns_of(text);
	ncolumns++;
	return i;
}

static void item_row(struct lwctl *c, const struct ctl_answer *a)
{
	char *cell[MAX_COLUMNS] = { NULL };

	if (!rows)
		add_row(c, cell);
	for (size_t i = 0; rows && i < a->nfields; i++) {
		size_t at = column(c, &a->fields[i].name);

		if (at < MAX_COLUMNS)
			cell[at] = text_of(c->arena, a->fields[i].values, a->fields[i].n);
	}
	add_row(c, cell);
}

static void put_table(void)
{
	for (const struct row *r = rows; r; r = r->next) {
		for (size_t i = 0; i < ncolumns; i++) {
			const char *cell = r->cell[i] ? r->cell[i] : "";
			fputs(cell, stdout);
			if (i + 1 < ncolumns)
				for (size_t k = columns_of(cell); k < width[i] + 2; k++)
					putchar(' ');
		}
		putchar('\n');
	}
}

static void item_lines(struct lwctl *c, const struct ctl_answer *a)
{
	for (size_t i = 0; i < a->nfields; i++)
		for (size_t k = 0; k < a->fields[i].n; k++)
			printf("%s: %s\n", text_of(c->arena, &a->fields[i].name, 1), text_of(c->arena, &a->fields[i].values[k], 1));
}

void print_item(struct lwctl *c, const struct ctl_answer *a)
{
	if (c->format == OUT_JSON) {
		item_json(a);
	} else if (c->format == OUT_NAME) {
		for (size_t i = 0; i < a->nfields; i++)
			if (lw_eq(a->fields[i].name, LW_LIT("name")) && a->fields[i].n)
				puts(text_of(c->arena, a->fields[i].values, 1));
	} else if (as_list) {
		item_row(c, a);
	} else {
		item_lines(c, a);
	}
}

void print_end(struct lwctl *c)
{
	json_t *out;

	if (c->format != OUT_JSON) {
		put_table();
		return;
	}
	if (as_list) {
		out = json_object();
		json_object_set(out, "items", items);
	} else {
		out = json_incref(json_array_get(items, 0));
	}
	if (out) {
		json_dumpf(out, stdout, JSON_INDENT(2));
		putchar('\n');
		json_decref(out);
	}
	json_decref(items);
	items = NULL;
}
