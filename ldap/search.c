/* SPDX-License-Identifier: Apache-2.0 */
/* Search and compare, inline. A search runs in quanta: no transaction lives from one to the next, output is
 * bounded, and an Abandon, Cancel or Unbind that has arrived meanwhile ends it. RFC 2696 pages keep the
 * cursor on the connection; the cookie is a random name for it. */
#include "ldap/conn.h"

#include "base/crypto.h"

#include <string.h>

void ldapd_search_end(struct ldapd_search *s)
{
	if (s->cursor)
		store_cursor_free(s->cursor);
	memset(s, 0, sizeof *s);
}

void ldapd_paged_end(struct ldapd_conn *c)
{
	if (c->paged_open)
		ldapd_search_end(&c->paged);
	c->paged_open = false;
}

int ldapd_matches(struct store_txn *txn, const struct store_dn *dn, const struct filter *f, bool *ret)
{
	struct store_search what = { dn, STORE_BASE, f, true };
	const struct store_view *v;
	struct store_cursor *cursor;
	bool found;
	int err = store_search(txn, &what, &cursor);

	if (err)
		return err;
	found = store_next(cursor, &v);
	err = found ? LW_OK : store_cursor_status(cursor);
	store_cursor_free(cursor);
	if (err == LW_OK)
		*ret = found;
	return err;
}

/* ---- answers ---- */

void ldapd_put_entry_body(struct lw_writer *w, uint8_t tag, const struct store_view *v,
        const struct store_attrsel *sel, bool types_only)
{
	size_t entry = lw_ber_start(w, tag), part = lw_ber_start(w, LW_BER_OCTETS);

	store_view_dn(v, w);
	lw_ber_end(w, part);
	part = lw_ber_start(w, LW_BER_SEQUENCE);
	store_view_attrs(v, sel, types_only, w);
	lw_ber_end(w, part);
	lw_ber_end(w, entry);
}

void ldapd_put_entry(struct lw_writer *w, int32_t id, const struct store_view *v,
        const struct store_attrsel *sel, bool types_only)
{
	size_t msg = lw_ber_start(w, LW_BER_SEQUENCE);

	lw_ber_int(w, LW_BER_INTEGER, id);
	ldapd_put_entry_body(w, LDAPD_ENTRY, v, sel, types_only);
	lw_ber_end(w, msg);
}

void ldapd_search_done(
        struct ldapd_conn *c, struct lw_writer *out, struct ldapd_result *res, struct lw_bytes cookie)
{
	struct lw_writer value, controls;
	size_t at;

	if (!c->ctls.paged) {
		ldapd_answer_result(out, &c->msg, res);
		return;
	}
	lw_writer_init(&value, 256);
	lw_writer_init(&controls, 512);
	at = lw_ber_start(&value, LW_BER_SEQUENCE);
	lw_ber_int(&value, LW_BER_INTEGER, 0); /* no estimate */
	lw_ber_put(&value, LW_BER_OCTETS, cookie);
	lw_ber_end(&value, at);
	ldapd_put_control(&controls, "1.2.840.113556.1.4.319", lw_written(&value));
	res->controls = lw_written(&controls);
	ldapd_answer_result(out, &c->msg, res);
	lw_writer_done(&value);
	lw_writer_done(&controls);
}

static enum ldapd_outcome finish(struct ldapd_conn *c, struct lw_writer *out, uint8_t code)
{
	struct ldapd_result res = { .code = code };

	c->searching = false;
	ldapd_search_end(&c->search);
	ldapd_search_done(c, out, &res, (struct lw_bytes){ NULL, 0 });
	return LDAPD_DONE;
}

static enum ldapd_outcome finish_err(struct ldapd_conn *c, struct lw_writer *out, int err)
{
	c->searching = false;
	ldapd_search_end(&c->search);
	return ldapd_answer_err(c, out, &c->msg, err);
}

/* The page is full: keep the cursor, and the arena that its filter lies in, for the next one. */
static enum ldapd_outcome finish_page(struct ldapd_conn *c, struct lw_writer *out)
{
	struct ldapd_result res = { .code = LDAPD_SUCCESS };

	c->searching = false;
	c->paged = c->search;
	memset(&c->search, 0, sizeof c->search);
	c->paged_open = true;
	lw_random(c->cookie, sizeof c->cookie);
	ldapd_search_done(c, out, &res, (struct lw_bytes){ c->cookie, sizeof c->cookie });
	return LDAPD_DONE;
}

/* ---- a quantum ---- */

static enum ldapd_outcome run(struct ldapd_conn *c, struct lw_writer *out)
{
	struct ldapd_search *s = &c->search;
	const struct store_view *v;
	int err;

	if (s->deadline && c->began > s->deadline)
		return finish(c, out, LDAPD_TIME_LIMIT);
	while (store_next(s->cursor, &v)) {
		if (s->limit && s->sent == s->limit)
			return finish(c, out, LDAPD_SIZE_LIMIT);
		ldapd_put_entry(out, s->id, v, s->sel, s->what.types_only);
		s->sent++;
		if (s->page && ++s->page_sent == s->page)
			return finish_page(c, out);
		if (out->n - c->out_mark > LDAPD_OUT_MAX)
			return LDAPD_AGAIN;
	}
	err = store_cursor_status(s->cursor);
	if (err == LW_EQUANTUM)
		return LDAPD_AGAIN;
	return err ? finish_err(c, out, err) : finish(c, out, LDAPD_SUCCESS);
}

/* Rows that work ahead of their turn are asked for their right here as well. */
static bool may(const struct ldapd_conn *c, uint8_t tag)
{
	const struct ldapd_op *op = ldapd_op_find(tag);

	return op && ldapd_has_right(c, op->right);
}

/* Is it a Cancel of the running search? */
static bool cancels(const struct ldapd_conn *c, const struct ldapd_msg *m)
{
	const struct ldapd_extop *x = ldapd_extop_find(m->extended.oid);
	struct lw_reader r, s;

	if (!x || x->handler != ldapd_cancel || !ldapd_has_right(c, x->right))
		return false;
	lw_reader_init(&r, m->extended.value);
	lw_reader_init(&s, ldapd_ber_get(&r, LW_BER_SEQUENCE));
	return ldapd_ber_int(&s, LW_BER_INTEGER) == c->search.id && s.err == LW_OK;
}

/* Looks at what has arrived behind the running search; what it finds stays where it is, and is answered in
 * its turn. */
static enum ldapd_outcome interrupted(struct ldapd_conn *c, const struct lw_reader *in, struct lw_writer *out)
{
	struct lw_bytes left = { in->p, (size_t)(in->end - in->p) }, pdu, body;
	struct lw_arena *a = NULL;
	enum ldapd_outcome done = LDAPD_AGAIN;
	struct ldapd_msg m;
	size_t total;
	uint8_t tag;
	int32_t id;

	if (c->peeked > left.n)
		c->peeked = 0;
	while (done == LDAPD_AGAIN) {
		pdu = (struct lw_bytes){ left.p + c->peeked, left.n - c->peeked };
		if (pdu.n == 0 || lw_ber_frame(pdu, ldapd_proto.max_message, &total) || total > pdu.n)
			break;
		pdu.n = total;
		c->peeked += total;
		if (ldapd_peek(pdu, &id, &tag, &body))
			break;
		if (!may(c, tag))
			continue;
		if (tag == LDAPD_UNBIND) {
			done = LDAPD_CLOSE;
		} else if (tag == LDAPD_ABANDON || tag == LDAPD_EXTENDED) {
			if (!a)
				a = lw_arena_new(1u << 20, false);
			if (!a || ldapd_decode(a, pdu, &m))
				continue;
			if (tag == LDAPD_ABANDON && m.abandon == c->search.id) {
				done = LDAPD_DONE;
			} else if (tag == LDAPD_EXTENDED && cancels(c, &m)) {
				c->cancelled = c->search.id;
				done = finish(c, out, LDAPD_CANCELED);
			}
		}
	}
	lw_arena_free(a);
	return done;
}

enum ldapd_outcome ldapd_search_more(struct ldapd_conn *c, struct lw_reader *in, struct lw_writer *out)
{
	enum ldapd_outcome done = interrupted(c, in, out);
	struct store_txn *txn;
	int err;

	if (done != LDAPD_AGAIN) {
		c->searching = false;
		ldapd_search_end(&c->search);
		return done;
	}
	err = ldapd_read_for(c, c->search.what.base, &txn);
	if (err == LW_OK)
		err = store_resume(txn, c->search.cursor);
	return err ? finish_err(c, out, err) : run(c, out);
}

/* ---- the request ---- */

static uint32_t least(uint32_t a, uint32_t b)
{
	return a == 0 ? b : b == 0 || a < b ? a : b;
}

static void set_limits(struct ldapd_conn *c, const struct ldapd_msg *m)
{
	uint32_t seconds = least(m->search.time_limit, c->server->options.time_limit);

	c->search.limit = least(m->search.size_limit, c->server->options.size_limit);
	c->search.deadline = seconds ? c->began + seconds * LW_SECOND : 0;
	c->search.id = m->id;
	c->peeked = 0;
}

#define BASE_KEPT 256

/* Clients search under the same base again and again: it is parsed once. Not for pages, whose base has to stay. */
static int parse_base(struct ldapd_conn *c, struct lw_bytes text, struct store_dn **ret)
{
	int err;

	if (c->ctls.paged || text.n == 0 || text.n > BASE_KEPT)
		return dn_parse(c->arena, text, ret);
	if (!c->base || !lw_eq(c->base_text, text)) {
		c->base = NULL;
		if (!c->base_arena && !(c->base_arena = lw_arena_new(64u << 10, false)))
			return LW_ENOMEM;
		lw_arena_reset(c->base_arena);
		c->base_text = lw_dup(c->base_arena, text);
		err = dn_parse(c->base_arena, text, &c->base);
		if (err) {
			c->base = NULL;
			return err;
		}
	}
	*ret = c->base;
	return LW_OK;
}

/* And for the same attributes. */
static int parse_selection(struct ldapd_conn *c, const struct ldapd_msg *m, struct store_attrsel **ret)
{
	struct lw_bytes *names;
	int err;

	if (c->ctls.paged || m->search.selection.n > BASE_KEPT)
		return store_attrsel_new(c->arena, m->search.attrs, m->search.nattrs, ret);
	if (!c->sel || !lw_eq(c->selection, m->search.selection)) {
		c->sel = NULL;
		if (!c->sel_arena && !(c->sel_arena = lw_arena_new(64u << 10, false)))
			return LW_ENOMEM;
		lw_arena_reset(c->sel_arena);
		c->selection = lw_dup(c->sel_arena, m->search.selection);
		names = lw_allocn(c->sel_arena, m->search.nattrs + 1, sizeof *names);
		for (size_t i = 0; names && i < m->search.nattrs; i++)
			names[i] = lw_dup(c->sel_arena, m->search.attrs[i]);
		err = names ? store_attrsel_new(c->sel_arena, names, m->search.nattrs, &c->sel) : LW_ENOMEM;
		if (err) {
			c->sel = NULL;
			return err;
		}
	}
	*ret = c->sel;
	return LW_OK;
}

static int start(struct ldapd_conn *c, const struct ldapd_msg *m, bool *ret_assertion)
{
	struct ldapd_search *s = &c->search;
	struct filter *f = m->search.filter, *sub;
	struct store_txn *txn;
	struct store_dn *base;
	int err = parse_base(c, m->search.base, &base);

	*ret_assertion = true;
	if (err)
		return err;
	if (base->n == 0)
		return LW_ENOTFOUND; /* the root DSE is nobody's parent */
	if (c->ctls.subentries_only) {
		sub = filter_assert(c->arena, FILTER_EQ, LW_LIT("objectClass"), LW_LIT("subentry"));
		if (sub)
			sub->next = f;
		f = sub ? filter_set(c->arena, FILTER_AND, sub) : NULL;
		if (!f)
			return LW_ENOMEM;
	}
	err = parse_selection(c, m, &s->sel);
	if (err == LW_OK)
		err = ldapd_read_for(c, base, &txn);
	if (err == LW_OK && c->ctls.assertion)
		err = ldapd_matches(txn, base, c->ctls.assertion, ret_assertion);
	if (err || !*ret_assertion)
		return err;
	s->what = (struct store_search){ base, m->search.scope, f, m->search.types_only };
	s->body = m->body;
	set_limits(c, m);
	return store_search(txn, &s->what, &s->cursor);
}

/* A further page. 0: go on; else the code to answer with. */
static uint8_t next_page(struct ldapd_conn *c, const struct ldapd_msg *m)
{
	struct lw_bytes cookie = { c->cookie, sizeof c->cookie };
	uint32_t sent;

	if (!c->paged_open || !lw_eq_secret(cookie, c->ctls.cookie) || !lw_eq(c->paged.body, m->body))
		return LDAPD_UNWILLING;
	sent = c->paged.sent;
	c->search = c->paged;
	c->paged_open = false;
	set_limits(c, m);
	c->search.sent = sent;
	c->search.page_sent = 0;
	return 0;
}

/* The first page: the request's arena becomes the pages' one. */
static bool keep_arena(struct ldapd_conn *c)
{
	struct lw_arena *a = c->paged_arena ? c->paged_arena : lw_arena_new(96u << 20, false);

	if (!a)
		return false;
	lw_arena_reset(a);
	c->paged_arena = c->arena;
	c->arena = a;
	return true;
}

int ldapd_do_search(
        struct ldapd_conn *c, struct ldapd_msg *m, bool in_job, struct lw_reader *in, struct lw_writer *out)
{
	bool assertion, first = !c->ctls.cookie.n;
	enum ldapd_outcome done;
	struct store_txn *txn;
	uint8_t code;
	int err;

	if (ldapd_dse_is(m))
		return ldapd_dse_search(c, m, out);
	if (c->ctls.paged && first)
		ldapd_paged_end(c);
	if (c->ctls.paged && !first) {
		code = next_page(c, m);
		if (code)
			return ldapd_answer(out, m, code, "no such page");
		if (c->ctls.page_size == 0)
			return finish(c, out, LDAPD_SUCCESS);
		err = ldapd_read_for(c, c->search.what.base, &txn);
		if (err == LW_OK)
			err = store_resume(txn, c->search.cursor);
	} else {
		err = start(c, m, &assertion);
		if (err == LW_OK && !assertion) {
			ldapd_search_end(&c->search);
			return ldapd_answer(out, m, LDAPD_ASSERTION_FAILED, NULL);
		}
		if (err == LW_OK && c->ctls.paged && c->ctls.page_size == 0)
			return finish(c, out, LDAPD_SUCCESS);
		if (err == LW_OK && c->ctls.paged && !keep_arena(c))
			err = LW_ENOMEM;
	}
	if (err)
		return finish_err(c, out, err);
	c->search.page = c->ctls.paged ? c->ctls.page_size : 0;
	done = run(c, out);
	c->searching = done == LDAPD_AGAIN;
	return done;
}

int ldapd_compare(
        struct ldapd_conn *c, struct ldapd_msg *m, bool in_job, struct lw_reader *in, struct lw_writer *out)
{
	const struct store_view *v;
	struct store_txn *txn;
	struct store_dn *dn;
	bool matches = true;
	int err = dn_parse(c->arena, m->compare.dn, &dn);

	if (err == LW_OK)
		err = ldapd_read_for(c, dn, &txn);
	if (err == LW_OK)
		err = dn->n ? store_get(txn, dn, &v) : LW_ENOTFOUND;
	if (err == LW_OK && c->ctls.assertion)
		err = ldapd_matches(txn, dn, c->ctls.assertion, &matches);
	if (err)
		return ldapd_answer_err(c, out, m, err);
	if (!matches)
		return ldapd_answer(out, m, LDAPD_ASSERTION_FAILED, NULL);
	err = store_compare(txn, dn, m->compare.desc, m->compare.value);
	if (err == LW_OK)
		return ldapd_answer(out, m, LDAPD_COMPARE_TRUE, NULL);
	if (err == LW_ENOTFOUND)
		return ldapd_answer(out, m, LDAPD_COMPARE_FALSE, NULL);
	return ldapd_answer_err(c, out, m, err);
}
