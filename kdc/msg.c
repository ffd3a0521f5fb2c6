/* SPDX-License-Identifier: Apache-2.0 */
/* The types that the messages share: RFC 4120 section 5.2, the Ticket of 5.3, and messages that are one of
 * them. */
#include "kdc/msg_int.h"

#include <string.h>

/* ---- reading ---- */
static void fail(struct lw_der *d, int err)
{
	if (!d->err)
		d->err = err;
}

struct lw_der krb_f_start(struct lw_bytes b)
{
	struct lw_der d;

	lw_der_init(&d, b);
	if (b.n > KRB_MAX_MESSAGE)
		d.err = LW_ELIMIT;
	return d;
}

struct lw_der krb_f_seq(struct lw_der *d, uint8_t tag)
{
	struct lw_der wrap = lw_der_enter(d, tag), seq = lw_der_enter(&wrap, LW_DER_SEQUENCE);

	lw_der_leave(d, &wrap);
	return seq;
}

static struct lw_bytes field(struct lw_der *d, unsigned n, uint8_t tag)
{
	struct lw_der wrap = lw_der_enter(d, (uint8_t)LW_DER_CONTEXT(n));
	struct lw_bytes b = lw_der_get(&wrap, tag);

	lw_der_leave(d, &wrap);
	return b;
}

int64_t krb_f_int(struct lw_der *d, unsigned n, int64_t min, int64_t max)
{
	struct lw_der wrap = lw_der_enter(d, (uint8_t)LW_DER_CONTEXT(n));
	int64_t v = lw_der_int(&wrap, min, max);

	lw_der_leave(d, &wrap);
	return v;
}

void krb_f_version(struct lw_der *d, unsigned n)
{
	int32_t version = krb_f_int32(d, n);

	if (!d->err && version != 5)
		d->err = LW_EVERSION;
}

void krb_f_version_type(struct lw_der *d, unsigned n, int msg_type)
{
	int32_t type;

	krb_f_version(d, n);
	type = krb_f_int32(d, n + 1);
	if (!d->err && type != msg_type)
		d->err = LW_EVERSION;
}

struct lw_bytes krb_f_octets(struct lw_der *d, unsigned n)
{
	return field(d, n, LW_DER_OCTET_STRING);
}

static void check_string(struct lw_der *d, struct lw_bytes b, size_t max)
{
	if (b.n > max)
		fail(d, LW_ELIMIT);
	else if (b.n && memchr(b.p, 0, b.n))
		fail(d, LW_EINVAL);
}

struct lw_bytes krb_f_string(struct lw_der *d, unsigned n, size_t max)
{
	struct lw_bytes b = field(d, n, LW_DER_GENERAL_STRING);

	check_string(d, b, max);
	return b;
}

int64_t krb_f_time(struct lw_der *d, unsigned n)
{
	struct lw_der wrap = lw_der_enter(d, (uint8_t)LW_DER_CONTEXT(n));
	int64_t t = lw_der_time(&wrap);

	lw_der_leave(d, &wrap);
	return t;
}

int64_t krb_f_time_opt(struct lw_der *d, unsigned n)
{
	return krb_f_has(d, n) ? krb_f_time(d, n) : KRB_NO_TIME;
}

uint32_t krb_f_flags(struct lw_der *d, unsigned n)
{
	struct lw_der wrap = lw_der_enter(d, (uint8_t)LW_DER_CONTEXT(n));
	uint32_t flags = lw_der_flags(&wrap);

	lw_der_leave(d, &wrap);
	return flags;
}

void krb_f_name(struct lw_der *d, unsigned n, struct krb_name *name)
{
	struct lw_der seq = krb_f_seq(d, (uint8_t)LW_DER_CONTEXT(n)), parts;
	size_t total = 0;

	name->type = krb_f_int32(&seq, 0);
	name->n = 0;
	parts = krb_f_seq(&seq, LW_DER_CONTEXT(1));
	while (lw_der_more(&parts)) {
		struct lw_bytes part = lw_der_get(&parts, LW_DER_GENERAL_STRING);

		total += part.n;
		check_string(&parts, part, KRB_MAX_NAME);
		if (name->n == KRB_MAX_PARTS || total > KRB_MAX_NAME)
			fail(&parts, LW_ELIMIT);
		else
			name->part[name->n++] = part;
	}
	if (!name->n)
		fail(&parts, LW_EINVAL);
	lw_der_leave(&seq, &parts);
	lw_der_leave(d, &seq);
}

/* EncryptedData within the SEQUENCE that the caller entered. */
static void enc_fields(struct lw_der *seq, struct krb_enc *enc)
{
	enc->etype = krb_f_int32(seq, 0);
	enc->has_kvno = krb_f_has(seq, 1);
	enc->kvno = enc->has_kvno ? krb_f_uint32(seq, 1) : 0;
	enc->cipher = krb_f_octets(seq, 2);
}

void krb_f_enc(struct lw_der *d, unsigned n, struct krb_enc *enc)
{
	struct lw_der seq = krb_f_seq(d, (uint8_t)LW_DER_CONTEXT(n));

	enc_fields(&seq, enc);
	lw_der_leave(d, &seq);
}

static void typed_fields(struct lw_der *seq, unsigned first, struct krb_typed *typed)
{
	typed->type = krb_f_int32(seq, first);
	typed->value = krb_f_octets(seq, first + 1);
}

void krb_f_typed(struct lw_der *d, unsigned n, struct krb_typed *typed)
{
	struct lw_der seq = krb_f_seq(d, (uint8_t)LW_DER_CONTEXT(n));

	typed_fields(&seq, 0, typed);
	lw_der_leave(d, &seq);
}

void krb_f_key(struct lw_der *d, unsigned n, struct krb_key *key)
{
	struct krb_typed typed;

	krb_f_typed(d, n, &typed);
	*key = (struct krb_key){ typed.type, typed.value };
}

/* The tag of an item's first field; how many items: empty authorization data is refused, as MIT does. */
static const struct { uint8_t first, min, max; } lists[] = {
	[KRB_LIST_PADATA] = { 1, 0, KRB_MAX_PADATA },
	[KRB_LIST_ADDRS] = { 0, 0, KRB_MAX_ADDRS },
	[KRB_LIST_AD] = { 0, 1, KRB_MAX_AD },
};

/* The items of the SEQUENCE that the caller entered. */
static void list_items(struct lw_der *seq, enum krb_list kind, struct krb_typed_list *ret)
{
	unsigned n = 0;

	while (lw_der_more(seq)) {
		struct lw_der item = lw_der_enter(seq, LW_DER_SEQUENCE);

		if (n == lists[kind].max) {
			fail(seq, LW_ELIMIT);
			break;
		}
		typed_fields(&item, lists[kind].first, &ret->v[n++]);
		lw_der_leave(seq, &item);
	}
	if (n < lists[kind].min)
		fail(seq, LW_EINVAL);
	ret->n = n;
}

void krb_f_list(struct lw_der *d, unsigned n, enum krb_list kind, struct krb_typed_list *ret)
{
	struct lw_der seq = krb_f_seq(d, (uint8_t)LW_DER_CONTEXT(n));

	list_items(&seq, kind, ret);
	lw_der_leave(d, &seq);
}

bool krb_f_list_opt(struct lw_der *d, unsigned n, enum krb_list kind, struct krb_typed_list *ret)
{
	ret->n = 0;
	if (!krb_f_has(d, n))
		return false;
	krb_f_list(d, n, kind, ret);
	return true;
}

/* The list is the whole message. */
static int list_get(struct lw_bytes in, enum krb_list kind, struct krb_typed_list *ret)
{
	struct lw_der d = krb_f_start(in), seq = lw_der_enter(&d, LW_DER_SEQUENCE);

	list_items(&seq, kind, ret);
	lw_der_leave(&d, &seq);
	return lw_der_end(&d);
}

void krb_next_ticket(struct lw_der *d, struct krb_ticket *ticket)
{
	struct lw_der in, seq;

	ticket->der = lw_der_whole(d, LW_DER_APP(1));
	lw_der_init(&in, ticket->der);
	in.err = d->err;
	seq = krb_f_seq(&in, LW_DER_APP(1));
	krb_f_version(&seq, 0);
	ticket->realm = krb_f_string(&seq, 1, KRB_MAX_NAME);
	krb_f_name(&seq, 2, &ticket->sname);
	krb_f_enc(&seq, 3, &ticket->enc);
	lw_der_leave(&in, &seq);
	lw_der_leave(d, &in);
}

void krb_f_ticket(struct lw_der *d, unsigned n, struct krb_ticket *ticket)
{
	struct lw_der wrap = lw_der_enter(d, (uint8_t)LW_DER_CONTEXT(n));

	krb_next_ticket(&wrap, ticket);
	lw_der_leave(d, &wrap);
}

int krb_get_ticket(struct lw_bytes in, struct krb_ticket *ret)
{
	struct lw_der d = krb_f_start(in);

	krb_next_ticket(&d, ret);
	return lw_der_end(&d);
}

int krb_get_enc(struct lw_bytes in, struct krb_enc *ret)
{
	struct lw_der d = krb_f_start(in), seq = lw_der_enter(&d, LW_DER_SEQUENCE);

	enc_fields(&seq, ret);
	lw_der_leave(&d, &seq);
	return lw_der_end(&d);
}

int krb_get_padata(struct lw_bytes in, struct krb_typed_list *ret)
{
	return list_get(in, KRB_LIST_PADATA, ret);
}

int krb_get_authz(struct lw_bytes in, struct krb_typed_list *ret)
{
	return list_get(in, KRB_LIST_AD, ret);
}

/* ---- writing: every contents from the last field to the first ---- */
void krb_p_seq(struct lw_der_writer *w, uint8_t tag, size_t mark)
{
	lw_der_wrap(w, LW_DER_SEQUENCE, mark);
	lw_der_wrap(w, tag, mark);
}

static void put_field(struct lw_der_writer *w, unsigned n, uint8_t tag, struct lw_bytes b)
{
	size_t mark = lw_der_mark(w);

	lw_der_put(w, tag, b);
	lw_der_wrap(w, (uint8_t)LW_DER_CONTEXT(n), mark);
}

void krb_p_octets(struct lw_der_writer *w, unsigned n, struct lw_bytes b)
{
	put_field(w, n, LW_DER_OCTET_STRING, b);
}

void krb_p_octets_opt(struct lw_der_writer *w, unsigned n, struct lw_bytes b)
{
	if (b.p)
		krb_p_octets(w, n, b);
}

void krb_p_string(struct lw_der_writer *w, unsigned n, struct lw_bytes b)
{
	put_field(w, n, LW_DER_GENERAL_STRING, b);
}

void krb_p_string_opt(struct lw_der_writer *w, unsigned n, struct lw_bytes b)
{
	if (b.p)
		krb_p_string(w, n, b);
}

void krb_p_raw(struct lw_der_writer *w, unsigned n, struct lw_bytes der)
{
	lw_der_put(w, (uint8_t)LW_DER_CONTEXT(n), der);
}

void krb_p_int(struct lw_der_writer *w, unsigned n, int64_t v)
{
	size_t mark = lw_der_mark(w);

	lw_der_put_int(w, v);
	lw_der_wrap(w, (uint8_t)LW_DER_CONTEXT(n), mark);
}

void krb_p_time(struct lw_der_writer *w, unsigned n, int64_t t)
{
	size_t mark = lw_der_mark(w);

	lw_der_put_time(w, t);
	lw_der_wrap(w, (uint8_t)LW_DER_CONTEXT(n), mark);
}

void krb_p_time_opt(struct lw_der_writer *w, unsigned n, int64_t t)
{
	if (t != KRB_NO_TIME)
		krb_p_time(w, n, t);
}

void krb_p_flags(struct lw_der_writer *w, unsigned n, uint32_t flags)
{
	size_t mark = lw_der_mark(w);

	lw_der_put_flags(w, flags);
	lw_der_wrap(w, (uint8_t)LW_DER_CONTEXT(n), mark);
}

void krb_p_name(struct lw_der_writer *w, unsigned n, const struct krb_name *name)
{
	size_t mark = lw_der_mark(w);

	for (unsigned i = name->n; i-- > 0;)
		lw_der_put(w, LW_DER_GENERAL_STRING, name->part[i]);
	krb_p_seq(w, LW_DER_CONTEXT(1), mark);
	krb_p_int(w, 0, name->type);
	krb_p_seq(w, (uint8_t)LW_DER_CONTEXT(n), mark);
}

static void put_enc_fields(struct lw_der_writer *w, const struct krb_enc *enc)
{
	krb_p_octets(w, 2, enc->cipher);
	if (enc->has_kvno)
		krb_p_int(w, 1, (int32_t)enc->kvno); /* signed: MIT and Windows read and write it so */
	krb_p_int(w, 0, enc->etype);
}

void krb_p_enc(struct lw_der_writer *w, unsigned n, const struct krb_enc *enc)
{
	size_t mark = lw_der_mark(w);

	put_enc_fields(w, enc);
	krb_p_seq(w, (uint8_t)LW_DER_CONTEXT(n), mark);
}

void krb_p_typed(struct lw_der_writer *w, unsigned n, const struct krb_typed *typed)
{
	size_t mark = lw_der_mark(w);

	krb_p_octets(w, 1, typed->value);
	krb_p_int(w, 0, typed->type);
	krb_p_seq(w, (uint8_t)LW_DER_CONTEXT(n), mark);
}

void krb_p_key(struct lw_der_writer *w, unsigned n, const struct krb_key *key)
{
	krb_p_typed(w, n, &(const struct krb_typed){ key->etype, key->key });
}

static void list_put(struct lw_der_writer *w, enum krb_list kind, const struct krb_typed_list *list)
{
	unsigned first = lists[kind].first;
	size_t mark = lw_der_mark(w);

	for (unsigned i = list->n; i-- > 0;) {
		size_t item = lw_der_mark(w);

		krb_p_octets(w, first + 1, list->v[i].value);
		krb_p_int(w, first, list->v[i].type);
		lw_der_wrap(w, LW_DER_SEQUENCE, item);
	}
	lw_der_wrap(w, LW_DER_SEQUENCE, mark);
}

void krb_p_list(struct lw_der_writer *w, unsigned n, enum krb_list kind, const struct krb_typed_list *list)
{
	size_t mark = lw_der_mark(w);

	list_put(w, kind, list);
	lw_der_wrap(w, (uint8_t)LW_DER_CONTEXT(n), mark);
}

void krb_put_ticket(struct lw_der_writer *w, const struct krb_ticket *ticket)
{
	size_t mark = lw_der_mark(w);

	krb_p_enc(w, 3, &ticket->enc);
	krb_p_name(w, 2, &ticket->sname);
	krb_p_string(w, 1, ticket->realm);
	krb_p_int(w, 0, 5);
	krb_p_seq(w, LW_DER_APP(1), mark);
}

void krb_ticket_append(struct lw_der_writer *w, const struct krb_ticket *ticket)
{
	if (ticket->der.n)
		lw_der_put_raw(w, ticket->der);
	else
		krb_put_ticket(w, ticket);
}

void krb_p_ticket(struct lw_der_writer *w, unsigned n, const struct krb_ticket *ticket)
{
	size_t mark = lw_der_mark(w);

	krb_ticket_append(w, ticket);
	lw_der_wrap(w, (uint8_t)LW_DER_CONTEXT(n), mark);
}

void krb_put_enc(struct lw_der_writer *w, const struct krb_enc *enc)
{
	size_t mark = lw_der_mark(w);

	put_enc_fields(w, enc);
	lw_der_wrap(w, LW_DER_SEQUENCE, mark);
}

void krb_put_padata(struct lw_der_writer *w, const struct krb_typed_list *list)
{
	list_put(w, KRB_LIST_PADATA, list);
}

void krb_put_authz(struct lw_der_writer *w, const struct krb_typed_list *list)
{
	list_put(w, KRB_LIST_AD, list);
}

/* ---- names ---- */
bool krb_name_eq(const struct krb_name *a, const struct krb_name *b)
{
	if (a->n != b->n)
		return false;
	for (unsigned i = 0; i < a->n; i++)
		if (!lw_eq(a->part[i], b->part[i]))
			return false;
	return true;
}

bool krb_name_is(const struct krb_name *name, const char *first, struct lw_bytes second)
{
	return name->n == (second.p ? 2 : 1) && lw_eq(name->part[0], lw_str(first)) &&
	        (!second.p || lw_eq(name->part[1], second));
}

void krb_name_text(struct lw_writer *w, const struct krb_name *name)
{
	static const char from[] = "/@\\\0\t\n\b", to[] = "/@\\0tnb";

	for (unsigned i = 0; i < name->n; i++) {
		if (i)
			lw_put_u8(w, '/');
		for (size_t k = 0; k < name->part[i].n; k++) {
			uint8_t c = name->part[i].p[k];
			const char *escape = memchr(from, c, sizeof from - 1);

			if (escape)
				lw_put_u8(w, '\\');
			lw_put_u8(w, escape ? (uint8_t)to[escape - from] : c);
		}
	}
}
