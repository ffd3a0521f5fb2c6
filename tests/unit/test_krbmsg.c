/* SPDX-License-Identifier: Apache-2.0 */
/* The messages of Kerberos against libkrb5's coders: random contents of every message, octet for octet, in both directions. */
#include "tests/unit/unit.h"

#include "base/err.h"
#include "tests/unit/krb_oracle.h"

#define ROUNDS 400

/* ---- random contents ---- */
static uint64_t seed;

static uint32_t rnd(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (uint32_t)(seed >> 16);
}

static uint32_t below(uint32_t n)
{
	return rnd() % n;
}

static bool coin(void)
{
	return rnd() & 1;
}

/* Small, and at the edges of one to four octets, and anything. */
static int32_t number(void)
{
	static const int32_t edges[] = { 0, 1, 127, 128, 255, 256, 32767, 32768, 65535, 65536, 8388607, 8388608, INT32_MAX, -1, -128,
		-129, -32768, -32769, -8388608, -8388609, INT32_MIN };

	return coin() ? edges[below(sizeof edges / sizeof *edges)] : coin() ? (int32_t)below(30) : (int32_t)rnd();
}

static int64_t when(void)
{
	return coin() ? 1 + (int64_t)below(UINT32_MAX) : 1795000000 + below(100000000);
}

static int64_t when_opt(void)
{
	return coin() ? when() : KRB_NO_TIME;
}

static struct lw_bytes octets(uint32_t max)
{
	static uint8_t pool[1 << 16];
	uint32_t n = below(8) ? below(60) : below(max);

	if (!pool[0])
		for (size_t i = 0; i < sizeof pool; i++)
			pool[i] = (uint8_t)(1 + rnd() % 255); /* no NUL: also for strings */
	n = n < max ? n : max;
	return (struct lw_bytes){ pool + below((uint32_t)(sizeof pool - n)), n };
}

static void fill_name(struct krb_name *name)
{
	name->type = number();
	name->n = 1 + below(KRB_MAX_PARTS);
	for (unsigned i = 0; i < name->n; i++)
		name->part[i] = octets(KRB_MAX_NAME / KRB_MAX_PARTS);
}

static struct lw_bytes realm(void)
{
	return octets(KRB_MAX_NAME);
}

static void fill_enc(struct krb_enc *e)
{
	e->etype = number();
	e->has_kvno = coin();
	e->kvno = e->has_kvno ? (uint32_t)number() : 0;
	e->cipher = octets(3000);
}

static void fill_typed(struct krb_typed *t)
{
	t->type = number();
	t->value = octets(300);
}

static bool fill_list(struct krb_typed_list *list, unsigned max)
{
	list->n = coin() ? 1 + below(max) : 0;
	for (unsigned i = 0; i < list->n; i++)
		fill_typed(&list->v[i]);
	return list->n;
}

static void fill_key(struct krb_key *key)
{
	key->etype = number();
	key->key = octets(64);
}

static void fill_key_opt(struct krb_key *key)
{
	if (coin())
		fill_key(key);
}

static void fill_ticket(struct krb_ticket *t)
{
	t->realm = realm();
	fill_name(&t->sname);
	fill_enc(&t->enc);
}

static bool fill_seq(uint32_t *seq)
{
	*seq = (uint32_t)number();
	return coin();
}

static bool fill_usec(uint32_t *usec)
{
	*usec = coin() ? below(1000000) : coin() ? 999999 : 0;
	return coin();
}

static void fill_kdc_req(struct lw_arena *a, union krb_any *u)
{
	struct krb_kdc_req *r = &u->req;

	fill_list(&r->padata, KRB_MAX_PADATA);
	r->options = rnd();
	r->has_cname = coin();
	fill_name(&r->cname);
	r->has_sname = true;
	fill_name(&r->sname);
	r->realm = realm();
	r->from = when_opt();
	r->till = when();
	r->rtime = when_opt();
	r->nonce = number();
	r->netypes = below(KRB_MAX_ETYPES + 1);
	for (unsigned i = 0; i < r->netypes; i++)
		r->etypes[i] = number();
	r->has_addrs = fill_list(&r->addrs, KRB_MAX_ADDRS);
	r->has_authz = coin();
	fill_enc(&r->authz);
	r->ntickets = below(KRB_MAX_TICKETS + 1);
	if (!r->ntickets)
		r->options &= ~KRB_BIT(28);
	for (unsigned i = 0; i < r->ntickets; i++)
		fill_ticket(&r->tickets[i]);
}

static void fill_as_req(struct lw_arena *a, union krb_any *u)
{
	u->req.msg_type = KRB_AS_REQ;
	fill_kdc_req(a, u);
}

static void fill_tgs_req(struct lw_arena *a, union krb_any *u)
{
	u->req.msg_type = KRB_TGS_REQ;
	fill_kdc_req(a, u);
}

static void fill_kdc_rep(struct lw_arena *a, union krb_any *u)
{
	struct krb_kdc_rep *r = &u->rep;
	struct krb_ticket ticket = { 0 };
	struct lw_der_writer w;

	fill_ticket(&ticket);
	lw_der_writer_init(&w, lw_alloc(a, 8192), 8192);
	krb_put_ticket(&w, &ticket);
	r->ticket = lw_der_written(&w);
	fill_list(&r->padata, KRB_MAX_PADATA);
	r->crealm = realm();
	fill_name(&r->cname);
	fill_enc(&r->enc);
}

static void fill_as_rep(struct lw_arena *a, union krb_any *u)
{
	u->rep.msg_type = KRB_AS_REP;
	fill_kdc_rep(a, u);
}

static void fill_tgs_rep(struct lw_arena *a, union krb_any *u)
{
	u->rep.msg_type = KRB_TGS_REP;
	fill_kdc_rep(a, u);
}

static void fill_enc_kdc_rep_part(struct lw_arena *a, union krb_any *u)
{
	struct krb_enc_kdc_rep_part *r = &u->enc_rep;

	r->tag = 25;
	fill_key(&r->key);
	r->nlast_req = 1 + below(KRB_MAX_LASTREQ);
	for (unsigned i = 0; i < r->nlast_req; i++) {
		r->last_req[i].type = number();
		r->last_req[i].time = when();
	}
	r->nonce = number();
	r->key_expiration = when_opt();
	r->flags = rnd();
	r->authtime = when();
	r->starttime = when_opt();
	r->endtime = when();
	r->renew_till = when_opt();
	r->srealm = realm();
	fill_name(&r->sname);
	r->has_addrs = fill_list(&r->caddr, KRB_MAX_ADDRS);
	fill_list(&r->enc_padata, KRB_MAX_PADATA);
}

static void fill_ticket_only(struct lw_arena *a, union krb_any *u)
{
	fill_ticket(&u->ticket);
}

static void fill_enc_ticket_part(struct lw_arena *a, union krb_any *u)
{
	struct krb_enc_ticket_part *r = &u->enc_ticket;

	r->flags = rnd();
	fill_key(&r->key);
	r->crealm = realm();
	fill_name(&r->cname);
	fill_typed(&r->transited);
	r->transited.type = (int32_t)below(256);
	r->authtime = when();
	r->starttime = when_opt();
	r->endtime = when();
	r->renew_till = when_opt();
	r->has_addrs = fill_list(&r->caddr, KRB_MAX_ADDRS);
	fill_list(&r->authz, KRB_MAX_AD);
}

static void fill_ap_req(struct lw_arena *a, union krb_any *u)
{
	u->ap_req.options = rnd();
	fill_ticket(&u->ap_req.ticket);
	fill_enc(&u->ap_req.authenticator);
}

static void fill_authenticator(struct lw_arena *a, union krb_any *u)
{
	struct krb_authenticator *r = &u->auth;

	r->crealm = realm();
	fill_name(&r->cname);
	r->has_cksum = coin();
	fill_typed(&r->cksum);
	fill_usec(&r->cusec);
	r->ctime = when();
	fill_key_opt(&r->subkey);
	r->has_seq = fill_seq(&r->seq);
	fill_list(&r->authz, KRB_MAX_AD);
}

static void fill_enc_only(struct lw_arena *a, union krb_any *u)
{
	fill_enc(&u->enc);
}

static void fill_enc_ap_rep_part(struct lw_arena *a, union krb_any *u)
{
	struct krb_enc_ap_rep_part *r = &u->enc_ap_rep;

	r->ctime = when();
	fill_usec(&r->cusec);
	fill_key_opt(&r->subkey);
	r->has_seq = fill_seq(&r->seq);
}

static void fill_error(struct lw_arena *a, union krb_any *u)
{
	struct krb_error *r = &u->error;

	r->ctime = when_opt();
	r->has_cusec = fill_usec(&r->cusec);
	r->stime = when();
	fill_usec(&r->susec);
	r->code = (int32_t)below(INT32_MAX);
	r->has_cname = coin();
	if (r->has_cname) {
		r->crealm = realm();
		fill_name(&r->cname);
	}
	r->realm = realm();
	fill_name(&r->sname);
	if (coin())
		r->e_text = octets(100);
	if (coin())
		r->e_data = octets(1000);
}

static void fill_enc_priv_part(struct lw_arena *a, union krb_any *u)
{
	struct krb_enc_priv_part *r = &u->priv;

	r->user_data = octets(1000);
	r->timestamp = when_opt();
	r->has_usec = fill_usec(&r->usec);
	r->has_seq = fill_seq(&r->seq);
	fill_typed(&r->s_address);
	r->has_r_address = coin();
	fill_typed(&r->r_address);
}

static void fill_pa_enc_ts(struct lw_arena *a, union krb_any *u)
{
	u->ts.time = when();
	u->ts.has_usec = fill_usec(&u->ts.usec);
}

static void fill_padata(struct lw_arena *a, union krb_any *u)
{
	fill_list(&u->list, KRB_MAX_PADATA);
}

static void fill_authz(struct lw_arena *a, union krb_any *u)
{
	while (!fill_list(&u->list, KRB_MAX_AD))
		;
}

static void fill_etype_info2(struct lw_arena *a, union krb_any *u)
{
	struct krb_etype_info2 *r = &u->info;

	r->n = below(9);
	for (unsigned i = 0; i < r->n; i++) {
		r->v[i].etype = number();
		r->v[i].has_salt = coin();
		if (r->v[i].has_salt)
			r->v[i].salt = octets(KRB_MAX_SALT);
		if (coin())
			r->v[i].s2kparams = octets(8);
	}
}

static void fill_chpw_data(struct lw_arena *a, union krb_any *u)
{
	u->chpw.password = octets(200);
	u->chpw.has_target = true;
	fill_name(&u->chpw.target);
	u->chpw.realm = realm();
}

/* in the order of krb_coders */
static void (*const fill[KRB_CODERS])(struct lw_arena *, union krb_any *) = {
	fill_as_req, fill_tgs_req, fill_as_rep, fill_tgs_rep,
	fill_enc_kdc_rep_part, fill_ticket_only, fill_enc_ticket_part, fill_ap_req, fill_authenticator, fill_enc_only,
	fill_enc_ap_rep_part, fill_error, fill_enc_only, fill_enc_priv_part, fill_enc_only, fill_pa_enc_ts, fill_padata, fill_authz,
	fill_etype_info2, fill_chpw_data,
};

/* ---- the comparison ---- */
static krb5_context ctx;

static struct lw_bytes ours(const struct krb_coder *c, const union krb_any *u, uint8_t *buf)
{
	struct lw_der_writer w;

	lw_der_writer_init(&w, buf, KRB_MAX_MESSAGE);
	c->put(&w, u);
	assert_int_equal(w.err, LW_OK);
	return lw_der_written(&w);
}

static void same(const struct krb_coder *c, const char *what, struct lw_bytes a, const krb5_data *b)
{
	if (a.n == b->length && !memcmp(a.p, b->data, a.n))
		return;
	print_message("%s: %s differs\n", c->name, what);
	for (size_t i = 0; i < a.n; i++)
		print_message("%02x", a.p[i]);
	print_message("\n");
	for (size_t i = 0; i < b->length; i++)
		print_message("%02x", (uint8_t)b->data[i]);
	print_message("\n");
	fail();
}

static void one(const struct krb_coder *c, struct lw_arena *a, union krb_any *u)
{
	static uint8_t buf[KRB_MAX_MESSAGE], again[KRB_MAX_MESSAGE];
	struct lw_bytes mine;
	union krb_any back;
	krb5_data in, *theirs, *recoded;
	void *decoded;
	int err;

	assert_int_equal(c->view(a, u), VIEW_SAME);
	mine = ours(c, u, buf);
	assert_int_equal(c->encode(c->to_mit(a, u), &theirs), 0);
	same(c, "the encoding", mine, theirs);

	in = (krb5_data){ .length = (unsigned)mine.n, .data = (char *)mine.p };
	assert_int_equal(c->decode(&in, &decoded), 0);
	assert_int_equal(c->encode(decoded, &recoded), 0);
	same(c, "what libkrb5 read", mine, recoded);
	c->free(ctx, decoded);
	krb5_free_data(ctx, recoded);

	memset(&back, 0xee, sizeof back);
	err = c->get((struct lw_bytes){ (uint8_t *)theirs->data, theirs->length }, &back);
	if (err)
		print_message("%s: %s\n", c->name, lw_errname(err));
	assert_int_equal(err, LW_OK);
	same(c, "what we read", ours(c, &back, again), theirs);
	c->view(a, &back);
	assert_int_equal(c->encode(c->to_mit(a, &back), &recoded), 0);
	same(c, "what we read, field by field", mine, recoded);
	krb5_free_data(ctx, recoded);
	krb5_free_data(ctx, theirs);
}

static void test_oracle(void **state)
{
	struct lw_arena *a = lw_arena_new(64u << 20, false);
	union krb_any u;

	for (size_t k = 0; k < KRB_CODERS; k++) {
		seed = UINT64_C(88172645463325252) + k;
		for (unsigned i = 0; i < ROUNDS; i++) {
			lw_arena_reset(a);
			memset(&u, 0, sizeof u);
			fill[k](a, &u);
			one(&krb_coders[k], a, &u);
		}
	}
	lw_arena_free(a);
}

/* Every proper beginning of a message is refused, and every message with an octet behind it; so is each with one octet of
 * its first headers changed. */
static void test_cut(void **state)
{
	static uint8_t buf[KRB_MAX_MESSAGE];
	struct lw_arena *a = lw_arena_new(64u << 20, false);
	union krb_any u;

	for (size_t k = 0; k < KRB_CODERS; k++) {
		const struct krb_coder *c = &krb_coders[k];

		for (unsigned round = 0; round < 3; round++) {
			struct lw_bytes whole;
			uint8_t *copy;

			seed = UINT64_C(362436069) * (k + 1) + round;
			memset(&u, 0, sizeof u);
			fill[k](a, &u);
			whole = ours(c, &u, buf);
			copy = malloc(whole.n + 1);
			assert_non_null(copy);
			memcpy(copy, whole.p, whole.n);
			copy[whole.n] = 0;
			assert_int_equal(c->get((struct lw_bytes){ copy, whole.n }, &u), LW_OK);
			assert_int_equal(c->get((struct lw_bytes){ copy, whole.n + 1 }, &u), LW_EINVAL);
			for (size_t n = 0; n < whole.n; n++) {
				int err = c->get((struct lw_bytes){ copy, n }, &u);

				assert_int_equal(err, LW_EINVAL);
			}
			copy[0] ^= 1;
			assert_int_not_equal(c->get((struct lw_bytes){ copy, whole.n }, &u), LW_OK);
			copy[0] ^= 1 ^ 0x20; /* primitive */
			assert_int_equal(c->get((struct lw_bytes){ copy, whole.n }, &u), LW_EINVAL);
			free(copy);
			lw_arena_reset(a);
		}
	}
	lw_arena_free(a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_oracle),
		cmocka_unit_test(test_cut),
	};
	int failed;

	if (krb5_init_context(&ctx))
		return 1;
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	krb5_free_context(ctx);
	return failed;
}
