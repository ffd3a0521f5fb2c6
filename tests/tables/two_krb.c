/* SPDX-License-Identifier: Apache-2.0 */
/* Random requests of the KDC. What a realm says before it knows who asks (a principal's salt) it says to everybody. */
#include "tests/tables/two.h"
#include "tests/unit/kdc_client.h"

#include <time.h>

#define DEPTH 16

struct krb {
	struct kc_reply tgt;
	struct kc_as as[DEPTH];
	struct kc_tgs tgs[DEPTH];
	unsigned made, opened;
};
enum { AS, TGS };

static const char *const realms[] = { "BETA.EXAMPLE", "GAMMA.EXAMPLE", "ACME.EXAMPLE" };

static int64_t now_us(void)
{
	static int64_t last;
	struct timespec ts;
	int64_t us;

	clock_gettime(CLOCK_REALTIME, &ts);
	us = (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
	last = us > last ? us : last + 1; /* none twice */
	return last;
}

static const char *any_server(void)
{
	static const char *const names[] = { "krbtgt/BETA.EXAMPLE", "krbtgt/GAMMA.EXAMPLE", "krbtgt/ACME.EXAMPLE", "kadmin/changepw", "ldap/localhost",
		"HTTP/localhost", "HTTP/web1.beta.example", "HTTP/web1.gamma.example", "host/web1", "host/dark", "host/none", "alice", "bob", "kim", "nobody",
		"HTTP/lwd.gamma.example" };

	return PICK(names);
}

static const uint32_t options[] = { 0, 0, KRB_FORWARDABLE, KRB_CANONICALIZE, KRB_RENEWABLE, KRB_PROXIABLE | KRB_RENEWABLE_OK, KRB_ANONYMOUS,
	KRB_ENC_TKT_IN_SKEY, KRB_CNAME_IN_ADDL };

static const char *any_realm(const struct asker *a)
{
	unsigned n = draw(20);

	return a->home == NEITHER ? realms[n % 3] : n < 10 ? realms[a->home] : n < 18 ? realms[!a->home] : n < 19 ? realms[2] : "NO.WHERE";
}

static enum side side_of(const char *realm)
{
	return !strcmp(realm, realms[BETA]) ? BETA : !strcmp(realm, realms[GAMMA]) ? GAMMA : NEITHER;
}

/* Whose password is tried is somebody whom the realm has, and it is right: nobody is locked out. */
static struct lw_bytes make_as(struct asker *a, struct kc_as *as, struct asked *q)
{
	static const char *const clients[] = { "alice", "bob", "carol", "dora", "kim", "kim", "nobody", "admin", "host/web1", "host/dark", "krbtgt/BETA.EXAMPLE",
		"alice@GAMMA.EXAMPLE", "alice@BETA.EXAMPLE" };
	unsigned who = draw(sizeof(clients) / sizeof(*clients));

	*as = (struct kc_as){ .realm = any_realm(a), .client = clients[who], .password = PASSWORD, .options = PICK(options), .rtime = KC_FAR,
		.server = draw(4) ? NULL : any_server(), .bare = who > 6 || draw(2), .want_rep = draw(2) };
	q->may = side_of(as->realm);
	if (strchr(as->client, '@'))
		as->client_type = KRB_NT_ENTERPRISE;
	if (!strcmp(as->client, "kim") && q->may == NEITHER)
		as->client = "nobody";
	if (!strcmp(as->client, "kim"))
		as->salt = lw_printf(kc_arena, "%s%sk", as->realm, tenants[q->may].word);
	if (q->may == NEITHER)
		as->bare = true;
	snprintf(q->text, sizeof(q->text), "AS-REQ %s@%s for %s options %x%s", as->client, as->realm, as->server ? as->server : "krbtgt", as->options,
	        as->bare ? "" : ", password");
	return kc_as_make(as, now_us());
}

static struct lw_bytes make_tgs(struct asker *a, struct kc_tgs *t, struct asked *q)
{
	struct krb *k = a->own;

	*t = (struct kc_tgs){ .tgt = &k->tgt, .realm = any_realm(a), .server = any_server(), .options = PICK(options), .rtime = KC_FAR,
		.second = draw(8) ? NULL : &k->tgt, .subkey = draw(2) ? 18 : 0, .spoilt = !draw(40), .cname = draw(20) ? NULL : "kim" };
	q->may = side_of(t->realm) == a->home ? a->home : NEITHER;
	snprintf(q->text, sizeof(q->text), "TGS-REQ in %s for %s options %x%s", t->realm, t->server, t->options, t->second ? ", a second ticket" : "");
	return kc_tgs_make(t, now_us());
}

static void make(struct asker *a, struct lw_writer *out, struct asked *q)
{
	struct krb *k = a->own;
	unsigned i = k->made++ % DEPTH;
	struct lw_bytes m;

	q->kind = a->user && draw(2) ? TGS : AS;
	m = q->kind == TGS ? make_tgs(a, &k->tgs[i], q) : make_as(a, &k->as[i], q);
	if (!strcmp(a->protocol, "kdc"))
		lw_put_u32(out, (uint32_t)m.n);
	lw_put_raw(out, m.p, m.n);
}

static struct lw_bytes open_answer(struct asker *a, const struct asked *q, struct lw_bytes answer, bool *ret_good)
{
	static uint8_t room[8192];
	size_t head = strcmp(a->protocol, "kdc") ? 0 : 4;
	struct krb *k = a->own;
	unsigned i = k->opened++ % DEPTH;
	struct lw_der_writer w;
	struct kc_reply r;

	answer = (struct lw_bytes){ answer.p + head, answer.n - head };
	if (q->kind == TGS)
		kc_tgs_open(&k->tgs[i], answer, &r);
	else
		kc_as_open(&k->as[i], answer, &r);
	*ret_good = r.code == 0 || r.code == 25;
	if (r.code == -2)
		die("what does the KDC answer to %s?", q->text);
	if (r.code)
		return (struct lw_bytes){ NULL, 0 };
	lw_der_writer_init(&w, room, sizeof(room));
	krb_put_enc_kdc_rep_part(&w, &r.part);
	return lw_der_written(&w);
}

/* The tickets that were got first stay while requests come and go. */
void krb_round(void)
{
	static struct lw_arena *mine;

	if (!mine)
		mine = lw_arena_new(64u << 20, false);
	if (!mine)
		die("out of memory");
	kc_arena = mine;
	lw_arena_reset(mine);
}

static struct wire *open_wire(struct asker *a)
{
	bool tcp = !strcmp(a->protocol, "kdc");
	struct kc_as as = { .realm = realms[a->home], .client = a->user, .password = !a->user || strcmp(a->user, "admin") ? PASSWORD : two.admin,
		.options = KRB_FORWARDABLE | KRB_PROXIABLE | KRB_RENEWABLE, .rtime = KC_FAR };
	struct wire *u = wire_udp(88);
	struct krb *k = a->own;
	static uint8_t buf[8192];
	struct lw_bytes b;

	if (!kc_arena)
		kc_reset();
	if (a->user) {
		wire_send(u, kc_as_make(&as, now_us()));
		b = wire_answer(u);
		if (b.n > sizeof(buf))
			die("a long ticket");
		b = lw_dup(kc_arena, b);
		kc_as_open(&as, b, &k->tgt);
		if (k->tgt.code)
			die("no ticket for %s@%s: %d", as.client, as.realm, k->tgt.code);
	}
	if (!tcp)
		return u;
	wire_free(u);
	return wire_new(88, false, whole_krb);
}

size_t krb_askers(struct asker *ret, size_t max)
{
	const struct {
		const char *user;
		enum side home;
		bool udp;
	} who[] = { { "admin", BETA }, { "alice", BETA }, { "bob", BETA }, { "bob", BETA, true }, { "admin", GAMMA }, { "alice", GAMMA }, { "bob", GAMMA },
		{ "bob", GAMMA, true }, { "admin", NEITHER }, { NULL, NEITHER }, { NULL, NEITHER, true } };
	size_t n = 0;

	for (; n < sizeof(who) / sizeof(*who) && n < max; n++) {
		ret[n] = (struct asker){ .name = who[n].user ? who[n].user : "nobody", .protocol = who[n].udp ? "kdc/udp" : "kdc", .home = who[n].home,
			.user = who[n].user, .depth = who[n].udp ? 1 : DEPTH, .share = 16, .own = calloc(1, sizeof(struct krb)), .open = open_wire, .make = make,
			.open_answer = open_answer };
		if (!ret[n].own)
			die("out of memory");
	}
	return n;
}
