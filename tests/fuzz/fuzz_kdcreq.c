/* SPDX-License-Identifier: Apache-2.0 */
/* The KDC with a realm behind it: octets of a datagram, of a connection, and what lies behind encryption. The
 * first octet says what the rest is: 0 a datagram, 1 a stream, 2 the plain text of an authenticator, 3 that
 * of a TGT, 4 a TGS-REQ's body, 5 the plain text of a timestamp, 6 that of authorization data, 7 an AP-REQ.
 * Whatever comes back is a message of Kerberos, and what a forged TGT gets is for the client that its private
 * data names. */
#include "tests/unit/kdc_client.h"
#include "tests/unit/tenant_fix.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "ca/ca.h"
#include "keys/keyd.h"

#define REALM "ACME.EXAMPLE"
#define ADDR  "192.0.2.1:88"
#define NOW   (INT64_C(1795392000) * LW_SECOND)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char dir[64];
static struct lw_clock clk;
static struct store *store;
static struct keyd *keyd;
static struct keys *as_directory, *as_kdc;
static struct kdc_server *server;
static struct kc_reply tgt;
static struct krb_key tgt_key, admin_key;
static uint8_t tgt_octets[32], admin_octets[32], session_octets[32], ticket_octets[2048];
static struct lw_uuid admin;

static void must(bool ok, const char *what)
{
	if (!ok) {
		fprintf(stderr, "fuzz_kdcreq: %s\n", what);
		abort();
	}
}

/* ---- the world ---- */

static void end(void)
{
	kdc_server_free(server);
	keys_free(as_directory);
	keys_free(as_kdc);
	keyd_free(keyd);
	store_writer_stop(store);
	store_close(store);
	lw_arena_free(kc_arena);
	remove_tree(dir);
}

static void make_tenant(void)
{
	struct tenant_fix t = { store, as_directory, kc_arena, "acme.example", REALM, "admin's password",
		.uuid = { { 1, 2, 3 } },
		.admin = { { 4, 5, 6 } } };

	admin = t.admin;
	must(!tenant_fix(&t), "tenant");
}

static void take(const struct kdc_keys *k, int32_t etype, uint8_t *octets, struct krb_key *ret)
{
	int at = kdc_key_of(&k->set[0], etype);

	must(at >= 0, "a key");
	memcpy(octets, k->set[0].keys[at].key, 32);
	*ret = (struct krb_key){ etype, { octets, lw_enctype_find(etype)->key_size } };
}

static void find_keys(void)
{
	struct kdc_thread *t = kdc_thread(server);
	struct kdc_realm *r;
	const struct kdc_keys *k;

	must(t && !kdc_realm_open(t, lw_str(REALM), true, &r), "realm");
	must(!kdc_keys_get(t, r, KDC_KRBTGT, NULL, &k), "krbtgt");
	take(k, 20, tgt_octets, &tgt_key);
	must(!kdc_keys_get(t, r, KDC_ENTRY, &admin, &k), "admin");
	take(k, 18, admin_octets, &admin_key);
	kdc_thread_end(t);
}

static void login(void)
{
	struct kc_as a = { .realm = REALM,
		.client = "admin",
		.key = &admin_key,
		.options = KRB_FORWARDABLE | KRB_PROXIABLE | KRB_RENEWABLE,
		.rtime = KC_FAR };

	must(!kc_as(server, ADDR, &a, &tgt), "log in");
	memcpy(session_octets, tgt.part.key.key.p, tgt.part.key.key.n);
	memcpy(ticket_octets, tgt.rep.ticket.p, tgt.rep.ticket.n);
	tgt.part.key.key.p = session_octets;
	tgt.rep.ticket.p = ticket_octets;
	tgt.rep.crealm = tgt.part.srealm = lw_str(REALM);
	kc_name("admin", &tgt.rep.cname);
}

static void begin(void)
{
	struct kdc_options o = { .names = "lwd.acme.example" };
	char err[256] = "";

	lw_log_level(LW_ERROR + 1);
	kc_reset();
	clk = lw_clock_test(NOW, LW_SECOND);
	snprintf(dir, sizeof dir, "/tmp/lwd-fuzz-XXXXXX");
	must(mkdtemp(dir) != NULL, "directory");
	keys_builders(&ca_builders);
	must(!keys_bootstrap(dir, "lwd.acme.example", &clk, err) &&
	                !store_open(dir, STORE_OPEN_CREATE, &clk, &store, err) &&
	                !store_writer_start(store) && !keyd_new(dir, store, &clk, LW_LIT("boot"), err, &keyd),
	        err);
	as_directory = keys_around(keyd, LW_ROLE_DIRECTORY);
	as_kdc = keys_around(keyd, LW_ROLE_KDC);
	make_tenant();
	must(!kdc_server_new(store, as_kdc, &o, &clk, &server), "server");
	find_keys();
	login();
	atexit(end);
}

/* ---- what is fed ---- */

static struct lw_bytes seal(const struct krb_key *key, uint32_t usage, struct lw_bytes plain)
{
	const struct lw_enctype *e = lw_enctype_find(key->etype);
	static struct lw_krbkey *k;
	struct lw_bytes ret = { lw_alloc(kc_arena, lw_krb_sealed_size(e, plain.n)),
		lw_krb_sealed_size(e, plain.n) };

	if (!k)
		k = lw_krbkey_new();
	must(k && ret.p && !lw_krbkey_set(k, e, key->key.p) &&
	                !lw_krb_encrypt(k, usage, plain, (uint8_t *)ret.p),
	        "encryption");
	return ret;
}

static struct lw_bytes der(void (*put)(struct lw_der_writer *, const void *), const void *what)
{
	struct lw_der_writer w;

	lw_der_writer_init(&w, lw_alloc(kc_arena, 1 << 18), 1 << 18);
	put(&w, what);
	must(!w.err, "too long");
	return lw_der_written(&w);
}

static struct lw_bytes fed;

static void authenticator(struct krb_ap_req *ap)
{
	ap->authenticator.cipher = seal(&tgt.part.key, 7, fed);
}
static void timestamp(struct krb_kdc_req *r)
{
	struct krb_enc enc = { .etype = 18, .cipher = seal(&admin_key, 1, fed) };

	r->padata.v[0].value = der((void (*)(struct lw_der_writer *, const void *))krb_put_enc, &enc);
}
static void authz(struct krb_kdc_req *r)
{
	r->has_authz = true;
	r->authz = (struct krb_enc){ .etype = 18, .cipher = seal(&tgt.part.key, 4, fed) };
}
static void ap_req(struct krb_kdc_req *r)
{
	r->padata.v[r->padata.n++] = (struct krb_typed){ KRB_PA_TGS_REQ, fed };
}

/* The body as it was fed, under a checksum that fits. */
static struct lw_bytes with_body(void)
{
	struct krb_authenticator a = { .crealm = lw_str(REALM),
		.cname = tgt.rep.cname,
		.has_cksum = true,
		.ctime = clk.test_wall / LW_SECOND };
	struct krb_ap_req ap = { .authenticator = { .etype = 18 } };
	struct krb_typed_list padata = { .n = 1 };
	struct lw_krbkey *k = lw_krbkey_new();
	uint8_t sum[LW_KRB_CKSUM];
	struct lw_der_writer w;
	size_t all, mark;

	must(k && !lw_krbkey_set(k, lw_enctype_find(18), session_octets) && !lw_krb_cksum(k, 6, fed, sum),
	        "checksum");
	lw_krbkey_free(k);
	a.cksum = (struct krb_typed){ 16, { sum, 12 } };
	ap.ticket.der = tgt.rep.ticket;
	ap.authenticator.cipher = seal(&tgt.part.key, 7,
	        der((void (*)(struct lw_der_writer *, const void *))krb_put_authenticator, &a));
	padata.v[0] = (struct krb_typed){ KRB_PA_TGS_REQ,
		der((void (*)(struct lw_der_writer *, const void *))krb_put_ap_req, &ap) };
	lw_der_writer_init(&w, lw_alloc(kc_arena, 1 << 18), 1 << 18);
	all = mark = lw_der_mark(&w);
	lw_der_put_raw(&w, fed);
	lw_der_wrap(&w, LW_DER_CONTEXT(4), mark);
	mark = lw_der_mark(&w);
	krb_put_padata(&w, &padata);
	lw_der_wrap(&w, LW_DER_CONTEXT(3), mark);
	mark = lw_der_mark(&w);
	lw_der_put_int(&w, KRB_TGS_REQ);
	lw_der_wrap(&w, LW_DER_CONTEXT(2), mark);
	mark = lw_der_mark(&w);
	lw_der_put_int(&w, 5);
	lw_der_wrap(&w, LW_DER_CONTEXT(1), mark);
	lw_der_wrap(&w, LW_DER_SEQUENCE, all);
	lw_der_wrap(&w, LW_DER_APP(KRB_TGS_REQ), all);
	must(!w.err, "too long");
	return lw_der_written(&w);
}

static void is_message(struct lw_bytes answer)
{
	struct krb_kdc_rep rep;
	struct krb_error e;

	must(!answer.n || !krb_get_error(answer, &e) || !krb_get_kdc_rep(answer, &rep),
	        "an answer that is no message");
}

static void stream(void)
{
	struct lw_bytes out = kc_tcp(server, ADDR, fed, NULL);
	struct lw_reader r;

	for (lw_reader_init(&r, out); lw_reader_left(&r) && !r.err;)
		is_message(lw_get_counted(&r, KRB_MAX_MESSAGE));
	must(!r.err, "a frame");
}

/* A TGT that nobody but the KDC could make, with anything in it. */
static void forged(void)
{
	struct kc_reply shown = tgt, r;
	struct kc_tgs q = { .tgt = &shown, .server = "ldap/lwd.acme.example" };
	struct krb_enc_ticket_part part;
	struct krb_ticket t = { .realm = lw_str(REALM),
		.enc = { .etype = 20, .has_kvno = true, .kvno = 1, .cipher = seal(&tgt_key, 2, fed) } };
	struct kdc_ad ad;

	kc_name("krbtgt/" REALM, &t.sname);
	shown.rep.ticket = der((void (*)(struct lw_der_writer *, const void *))krb_put_ticket, &t);
	if (!krb_get_enc_ticket_part(fed, &part)) {
		const struct lw_enctype *e = lw_enctype_find(part.key.etype);

		if (e && part.key.key.n == e->key_size)
			shown.part.key = part.key;
		shown.rep.cname = part.cname;
	}
	if (!kc_tgs(server, ADDR, &q, &r))
		must(!kdc_ad_find(&part.authz, &ad) && lw_uuid_eq(&ad.client, &admin), "a ticket for nobody");
	must(r.code != -2, "an answer that does not open");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct kc_as as = { .realm = REALM, .client = "admin", .change = timestamp };
	struct kc_as a = as;
	struct kc_tgs q = { .tgt = &tgt, .server = "ldap/lwd.acme.example" };
	struct kc_reply r;

	if (!server)
		begin();
	if (!size || size > 20000)
		return 0;
	kc_reset();
	fed = (struct lw_bytes){ data + 1, size - 1 };
	switch (*data % 8) {
	case 0:
		is_message(kc_udp(server, ADDR, fed));
		break;
	case 1:
		stream();
		break;
	case 2:
		q.change_ap = authenticator;
		kc_tgs(server, ADDR, &q, &r);
		break;
	case 3:
		forged();
		break;
	case 4:
		is_message(kc_udp(server, ADDR, with_body()));
		break;
	case 5:
		a.key = &admin_key;
		kc_as(server, ADDR, &a, &r);
		break;
	case 6:
		q.change = authz;
		kc_tgs(server, ADDR, &q, &r);
		break;
	case 7:
		q.bare = true;
		q.change = ap_req;
		kc_tgs(server, ADDR, &q, &r);
		break;
	}
	clk.test_wall += 1000; /* no two authenticators of a time */
	if (clk.test_wall > NOW + 3600 * LW_SECOND)
		clk.test_wall = NOW;
	return 0;
}
