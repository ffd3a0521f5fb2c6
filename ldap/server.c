/* SPDX-License-Identifier: Apache-2.0 */
/* The machine: frames what has arrived, answers what can be answered in one read transaction, and stops at
 * what may wait. */
#include "ldap/conn.h"
#include "ldap/credcache.h"
#include "ldap/sasl.h"

#include "base/text.h"

#include <stdlib.h>
#include <string.h>

#define ARENA_MAX (96u << 20) /* a message of 16 MiB, decoded */

/* ---- the server ---- */

static int resolve_default(struct ldapd_server *s)
{
	struct lw_arena *a = lw_arena_new(1 << 16, false);
	char *canon = NULL;
	int err = LW_ENOMEM;

	if (a)
		err = lw_domain_canon(a, lw_str(s->options.default_tenant), &canon);
	if (err == LW_OK && !(s->options.default_tenant = strdup(canon)))
		err = LW_ENOMEM;
	lw_arena_free(a);
	return err;
}

int ldapd_server_new(struct store *store, struct keys *keys, const struct ldapd_options *options,
        const struct lw_clock *clock, struct ldapd_server **ret)
{
	struct ldapd_server *s = calloc(1, sizeof *s);
	struct ldapd_options *o;
	int err = LW_ENOMEM;

	if (!s)
		return LW_ENOMEM;
	s->store = store;
	s->keys = keys;
	s->clock = clock;
	pthread_mutex_init(&s->resolvers_lock, NULL);
	o = &s->options;
	*o = *options;
	o->vendor_version = options->vendor_version ? strdup(options->vendor_version) : NULL;
	if (options->vendor_version && !o->vendor_version)
		goto out;
	if (!o->max_message || o->max_message > ldapd_proto.max_message)
		o->max_message = ldapd_proto.max_message;
	if (!o->max_message_anonymous)
		o->max_message_anonymous = 64u << 10;
	if (!o->cache_size)
		o->cache_size = 16384;
	if (!o->cache_us)
		o->cache_us = 300 * LW_SECOND;
	s->cache = ldapd_credcache_new(o->cache_size, o->cache_us, clock);
	if (!s->cache)
		goto out;
	s->ahead = store_ahead_new();
	if (o->default_tenant) {
		err = resolve_default(s);
		if (err) {
			o->default_tenant = NULL; /* still the caller's string */
			goto out;
		}
	}
	*ret = s;
	return LW_OK;
out:
	o->default_tenant = NULL;
	ldapd_server_free(s);
	return err;
}

void ldapd_server_free(struct ldapd_server *s)
{
	if (!s)
		return;
	ldapd_credcache_free(s->cache);
	store_ahead_free(s->ahead);
	for (size_t i = 0; i < LDAPD_RESOLVERS; i++)
		if (s->resolvers[i])
			store_session_free(s->resolvers[i]);
	pthread_mutex_destroy(&s->resolvers_lock);
	free((char *)s->options.vendor_version);
	free((char *)s->options.default_tenant);
	free(s);
}

/* ---- a connection's things ---- */

static int system_tenant(struct ldapd_conn *c)
{
	struct store_tenant *list;
	size_t n;
	int err = store_tenant_by_id(c->server->store, c->arena, 1, &c->tenant);

	if (err == LW_OK && c->tenant.system)
		return LW_OK;
	err = store_tenant_list(c->server->store, c->arena, &list, &n);
	if (err)
		return err;
	for (size_t i = 0; i < n; i++)
		if (list[i].system) {
			c->tenant = list[i];
			return LW_OK;
		}
	return LW_ENOTFOUND;
}

int ldapd_tenant(struct ldapd_conn *c)
{
	const char *name = c->peer->sni;
	int err = LW_ENOTFOUND;

	if (c->has_tenant)
		return LW_OK;
	/* a host name of the tenant's domain says which tenant is meant; tenants are never nested, so the
	 * first is the one */
	while (err == LW_ENOTFOUND && *name && strchr(name, '.')) {
		err = store_tenant_by_name(c->server->store, c->arena, lw_str(name), &c->tenant);
		name = strchr(name, '.') + 1;
	}
	if (err && c->server->options.default_tenant)
		err = store_tenant_by_name(
		        c->server->store, c->arena, lw_str(c->server->options.default_tenant), &c->tenant);
	if (err)
		err = system_tenant(c);
	c->tenant.keys = (struct lw_bytes){ NULL, 0 };
	c->has_tenant = err == LW_OK;
	return err;
}

static bool private_layer(const struct ldapd_conn *c)
{
	return ldapd_layer_private(c->next_layer ? c->next_layer : c->layer);
}

bool ldapd_confidential(const struct ldapd_conn *c)
{
	return c->peer->tls || c->peer->loopback || c->peer->local || private_layer(c);
}

bool ldapd_password_allowed(const struct ldapd_conn *c)
{
	switch (c->server->options.cleartext) {
	case LDAPD_CLEARTEXT_ALWAYS:
		return true;
	case LDAPD_CLEARTEXT_LOOPBACK:
		return ldapd_confidential(c);
	case LDAPD_CLEARTEXT_NEVER:
		break;
	}
	return c->peer->tls || c->peer->local || private_layer(c);
}

struct keys_source ldapd_source(const struct ldapd_conn *c)
{
	struct keys_source s = { .confidential = ldapd_confidential(c) };
	const char *port = strrchr(c->peer->addr, ':');
	size_t n = port ? (size_t)(port - c->peer->addr) : strlen(c->peer->addr);

	if (n >= sizeof s.addr)
		n = sizeof s.addr - 1;
	memcpy(s.addr, c->peer->addr, n);
	return s;
}

int ldapd_session(struct ldapd_conn *c)
{
	int err;

	if (!c->session) {
		err = ldapd_tenant(c);
		if (err == LW_OK)
			err = store_session_anonymous(c->server->store, c->tenant.id, &c->session);
		if (err)
			return err;
		store_session_channel(c->session, ldapd_confidential(c));
	}
	return LW_OK;
}

static int read_as(struct ldapd_conn *c, struct lw_session *s, struct store_txn **ret)
{
	int err = LW_OK;

	if (c->txn && c->txn_of != s)
		ldapd_read_end(c);
	if (!c->txn) {
		err = store_begin(s, STORE_READ, &c->txn);
		c->txn_of = s;
	}
	if (err == LW_OK)
		*ret = c->txn;
	return err;
}

int ldapd_read(struct ldapd_conn *c, struct store_txn **ret)
{
	int err = ldapd_session(c);

	return err ? err : read_as(c, c->session, ret);
}

void ldapd_partner_end(struct ldapd_conn *c)
{
	if (c->partner && c->txn_of == c->partner)
		ldapd_read_end(c);
	store_session_free(c->partner);
	c->partner = NULL;
}

/* NULL: the name is not in a tenant that lets this principal in. */
static struct lw_session *partner_for(struct ldapd_conn *c, const struct store_dn *dn)
{
	struct lw_session *none = NULL;
	struct lw_arena *a;
	struct store_tenant t;

	if (!c->bound || c->operator_ || dn->n == 0 || store_session_holds(c->session, dn))
		return NULL;
	if (c->partner && store_session_check(c->partner))
		ldapd_partner_end(c);
	if (c->partner && !store_session_holds(c->partner, dn))
		ldapd_partner_end(c);
	if (!c->partner && (a = lw_arena_new(1u << 20, false)) != NULL) {
		if (store_tenant_of_dn(c->server->store, a, dn, &t) == LW_OK)
			store_session_partner(c->session, t.id, &c->partner);
		else /* what no tenant is called takes as long: one that is there is asked */
			store_session_partner(c->session, store_session_tenant(c->session) == 1 ? 2 : 1, &none);
		store_session_free(none);
		lw_arena_free(a);
	}
	if (c->partner) {
		store_session_channel(c->partner, ldapd_confidential(c));
		store_session_source(c->partner, LW_AUDIT_LDAP, c->peer->addr);
	}
	return c->partner;
}

int ldapd_session_for(struct ldapd_conn *c, const struct store_dn *dn, struct lw_session **ret)
{
	int err = ldapd_session(c);
	struct lw_session *partner = err ? NULL : partner_for(c, dn);

	if (!err)
		*ret = partner ? partner : c->session;
	return err;
}

int ldapd_read_for(struct ldapd_conn *c, const struct store_dn *dn, struct store_txn **ret)
{
	struct lw_session *s = NULL;
	int err = ldapd_session_for(c, dn, &s);

	if (err == LW_OK)
		err = read_as(c, s, ret);
	/* what ended between the question and now: as for anybody */
	return err && s && s == c->partner ? ldapd_read(c, ret) : err;
}

void ldapd_read_end(struct ldapd_conn *c)
{
	if (c->txn)
		store_end(c->txn);
	c->txn = NULL;
	c->txn_of = NULL;
}

void ldapd_anonymous(struct ldapd_conn *c)
{
	ldapd_read_end(c);
	ldapd_paged_end(c);
	ldapd_partner_end(c);
	if (c->session)
		store_session_free(c->session);
	c->session = NULL;
	if (c->bound)
		c->has_tenant = false;
	c->bound = c->operator_ = false;
	c->cert_serial_n = 0;
	c->cancelled = 0;
	lw_wipe(&c->token, sizeof c->token);
	c->user[0] = 0;
}

static void *conn_new(void *server, const struct lw_peer *peer)
{
	struct ldapd_conn *c = calloc(1, sizeof *c);

	if (!c)
		return NULL;
	c->server = server;
	c->peer = peer;
	c->tls = peer->tls;
	c->arena = lw_arena_new(ARENA_MAX, false);
	c->held = lw_arena_new(ARENA_MAX, true);
	if (!c->arena || !c->held) {
		lw_arena_free(c->arena);
		lw_arena_free(c->held);
		free(c);
		return NULL;
	}
	return c;
}

static void conn_free(void *conn)
{
	struct ldapd_conn *c = conn;

	if (!c)
		return;
	ldapd_search_end(&c->search);
	ldapd_anonymous(c);
	ldapd_gss_end(c);
	ldapd_layer_free(c->layer);
	ldapd_layer_free(c->next_layer);
	lw_arena_free(c->arena);
	lw_arena_free(c->held);
	lw_arena_free(c->paged_arena);
	lw_arena_free(c->base_arena);
	lw_arena_free(c->sel_arena);
	lw_wipe(c, sizeof *c);
	free(c);
}

/* Denied before anything was looked up. What the writer or keyd refuse they record themselves. */
void ldapd_denied(struct ldapd_conn *c, const char *what)
{
	struct lw_audit a = { .event = LW_AUDIT_DENIED, .protocol = LW_AUDIT_LDAP, .err = LW_EACCES, .source = lw_str(c->peer->addr),
		.detail = lw_str(what) };

	if (c->session) {
		a.tenant = store_session_tenant(c->session);
		a.actor = *store_session_subject(c->session);
	}
	lw_audit(&a);
}

/* ---- one request ---- */

static enum ldapd_outcome request(
        struct ldapd_conn *c, struct lw_bytes pdu, struct lw_reader *in, struct lw_writer *out)
{
	struct ldapd_msg *m = &c->msg;
	const struct ldapd_op *op;
	struct lw_arena *arena;
	struct lw_bytes body;
	enum ldapd_outcome done;
	uint8_t tag, code;
	int32_t id;
	bool open;

	if (ldapd_peek(pdu, &id, &tag, &body) || !(op = ldapd_op_find(tag)))
		return ldapd_disconnect(c, out, LDAPD_PROTOCOL_ERROR, "malformed message");
	arena = op->flags & (LDAPD_MAY_BLOCK | LDAPD_SECRET) ? c->held : c->arena;
	lw_arena_reset(arena);
	/* copied, because a search between quanta and a job outlive the input */
	pdu = lw_dup(arena, pdu);
	switch (pdu.p ? ldapd_decode(arena, pdu, m) : LW_ENOMEM) {
	case LW_OK:
		break;
	case LW_ENOMEM:
		return ldapd_disconnect(c, out, LDAPD_BUSY, NULL);
	default:
		return ldapd_disconnect(c, out, LDAPD_PROTOCOL_ERROR, "malformed message");
	}
	if (m->refuse)
		return ldapd_answer(out, m, m->refuse, m->why);
	open = op->right != ACCESS_NONE && op->open_to_all && op->open_to_all(m);
	if (!open && !ldapd_has_right(c, op->right)) {
		ldapd_denied(c, op->name);
		return ldapd_answer(out, m, LDAPD_INSUFFICIENT_ACCESS, NULL);
	}
	code = ldapd_controls(arena, m, op->bit, !c->bound && !open, &c->ctls);
	if (code)
		return ldapd_answer(out, m, code, NULL);
	done = op->handler(c, m, false, in, out);
	if (c->slot && c->txn)
		store_ahead_keep(c->server->ahead, c->slot, c->txn);
	c->slot = NULL; /* it was this request's */
	if (op->tag != LDAPD_BIND)
		c->sasl_started = false;
	if (done == LDAPD_JOB || done == LDAPD_SLOW_JOB)
		c->op = op;
	else if (op->flags & LDAPD_SECRET)
		lw_arena_reset(c->held);
	return done;
}

/* LW_OK and a whole message in *ret (in is moved past it); LW_EAGAIN: not all there. */
static int next_message(const struct ldapd_conn *c, struct lw_reader *in, struct lw_bytes *ret)
{
	struct lw_bytes left = { in->p, (size_t)(in->end - in->p) };
	const struct ldapd_options *o = &c->server->options;
	size_t total;
	int err;

	if (left.n == 0)
		return LW_EAGAIN;
	if (left.p[0] != LW_BER_SEQUENCE)
		return LW_EINVAL;
	err = lw_ber_frame(left, c->bound ? o->max_message : o->max_message_anonymous, &total);
	if (err)
		return err;
	if (total > left.n)
		return LW_EAGAIN;
	*ret = (struct lw_bytes){ left.p, total };
	in->p += total;
	return LW_OK;
}

static enum ldapd_outcome one(
        struct ldapd_conn *c, struct lw_reader *in, struct lw_writer *out, bool *ret_starved)
{
	struct lw_bytes pdu;

	if (c->searching)
		return ldapd_search_more(c, in, out);
	switch (next_message(c, in, &pdu)) {
	case LW_OK:
		return request(c, pdu, in, out);
	case LW_EAGAIN:
		*ret_starved = true;
		return LDAPD_DONE;
	case LW_ELIMIT:
		return ldapd_disconnect(c, out, LDAPD_ADMIN_LIMIT, "message too long");
	default:
		return ldapd_disconnect(c, out, LDAPD_PROTOCOL_ERROR, "malformed message");
	}
}

/* What StartTLS changed. */
static void channel(struct ldapd_conn *c)
{
	if (c->peer->tls == c->tls)
		return;
	c->tls = c->peer->tls;
	if (!c->bound) {
		ldapd_anonymous(c); /* the SNI may say another tenant */
		c->has_tenant = false;
	} else {
		store_session_channel(c->session, ldapd_confidential(c));
	}
}

/* As many requests as fit into a quantum. */
static enum lw_next work(struct ldapd_conn *c, struct lw_reader *in, struct lw_writer *out)
{
	static const enum lw_next next[] = { [LDAPD_DONE] = LW_NEXT_MORE,
		[LDAPD_AGAIN] = LW_NEXT_MORE,
		[LDAPD_JOB] = LW_NEXT_JOB,
		[LDAPD_SLOW_JOB] = LW_NEXT_SLOW_JOB,
		[LDAPD_STARTTLS] = LW_NEXT_STARTTLS,
		[LDAPD_CLOSE] = LW_NEXT_CLOSE };
	enum ldapd_outcome done = LDAPD_DONE;
	bool starved = false;

	if (c->closing)
		return LW_NEXT_CLOSE;
	if (c->op)
		return LW_NEXT_JOB;
	c->out_mark = out->n;
	c->began = lw_mono(c->server->clock);
	channel(c);
	if (!ldapd_cert_good(c)) {
		ldapd_disconnect(c, out, LDAPD_STRONGER_AUTH, "log in again");
		c->closing = true;
		return LW_NEXT_CLOSE;
	}
	for (unsigned n = 0; done == LDAPD_DONE && !starved && !c->next_layer; n++) {
		if (n && in->p != in->end && (n >= LDAPD_BATCH_OPS || out->n - c->out_mark > LDAPD_OUT_MAX ||
		                 lw_mono(c->server->clock) - c->began > LDAPD_BATCH_US))
			break;
		done = one(c, in, out, &starved);
	}
	ldapd_read_end(c);
	if (out->err)
		done = LDAPD_CLOSE;
	if (done == LDAPD_CLOSE)
		c->closing = true;
	return starved && done == LDAPD_DONE ? LW_NEXT_READ : next[done];
}

/* Where answers go: sealed into out by sent(). */
static struct lw_writer *answers(struct ldapd_conn *c, struct lw_writer *out)
{
	return c->layer ? ldapd_layer_answers(c->layer) : out;
}

static void sent(struct ldapd_conn *c, struct lw_writer *out)
{
	if (c->layer)
		ldapd_layer_seal(c->layer, out);
	if (c->next_layer) { /* RFC 4422 3.7: from behind the answer that says success */
		ldapd_layer_free(c->layer);
		c->layer = c->next_layer;
		c->next_layer = NULL;
	}
}

/* step() behind a security layer. */
static enum lw_next layered(struct ldapd_conn *c, struct lw_reader *in, struct lw_writer *out)
{
	struct lw_reader plain;
	bool more = false;
	enum lw_next next;

	if (!c->closing && !c->op && ldapd_layer_open(c->layer, in, &plain, &more)) {
		ldapd_disconnect(c, ldapd_layer_answers(c->layer), LDAPD_PROTOCOL_ERROR, "bad security layer");
		c->closing = true;
	}
	if (c->closing || c->op) {
		next = work(c, in, ldapd_layer_answers(c->layer));
	} else {
		next = work(c, &plain, ldapd_layer_answers(c->layer));
		ldapd_layer_eaten(c->layer, &plain);
		if (c->next_layer && plain.p != plain.end)
			c->closing = true; /* they were sent before the client knew which layer they need */
	}
	sent(c, out);
	if (out->err || c->closing)
		return c->closing = true, LW_NEXT_CLOSE;
	return next == LW_NEXT_READ && more ? LW_NEXT_MORE : next;
}

static enum lw_next step(void *conn, struct lw_reader *in, struct lw_writer *out)
{
	struct ldapd_conn *c = conn;
	enum lw_next next;

	if (c->layer)
		return layered(c, in, out);
	next = work(c, in, out);
	sent(c, out);
	return next;
}

static void job(void *conn, struct lw_writer *out)
{
	struct ldapd_conn *c = conn;
	const struct ldapd_op *op = c->op;
	struct lw_reader none;

	if (!op)
		return;
	lw_reader_init(&none, (struct lw_bytes){ NULL, 0 });
	if (op->handler(c, &c->msg, true, &none, answers(c, out)) == LDAPD_CLOSE)
		c->closing = true;
	ldapd_read_end(c);
	c->op = NULL;
	lw_arena_reset(c->held);
	lw_wipe(&c->msg, sizeof c->msg);
	sent(c, out);
	if (out->err)
		c->closing = true;
}

static bool tick(void *conn, struct lw_writer *out)
{
	struct ldapd_conn *c = conn;

	if (c->op || c->closing || !c->bound ||
	        (!ldapd_session_over(store_session_check(c->session)) && ldapd_cert_good(c)))
		return c->closing;
	ldapd_disconnect(c, answers(c, out), LDAPD_STRONGER_AUTH, "log in again");
	sent(c, out);
	return true;
}

/* Of a BindRequest, without the credentials. */
static struct lw_bytes up_to_name(struct lw_bytes body)
{
	struct lw_reader r;
	struct lw_bytes name;

	lw_reader_init(&r, body);
	(void)ldapd_ber_get(&r, LW_BER_INTEGER);
	name = ldapd_ber_get(&r, LW_BER_OCTETS);
	return (struct lw_bytes){ body.p, r.err ? 0 : (size_t)(name.p + name.n - body.p) };
}

/* Requests that mostly are one look-up in a large directory. */
static void seen(void *conn, struct lw_bytes in)
{
	struct ldapd_conn *c = conn;
	struct lw_bytes body;
	uint8_t tag;
	int32_t id;

	c->slot = NULL;
	if (c->layer || !c->server->ahead || ldapd_peek(in, &id, &tag, &body) || body.n > LDAPD_AHEAD_MAX)
		return;
	if (tag == LDAPD_BIND)
		body = up_to_name(body);
	else if (tag != LDAPD_SEARCH && tag != LDAPD_COMPARE)
		return;
	if (body.n)
		c->slot = store_ahead_slot(c->server->ahead, body);
}

static void ahead(void *conn)
{
	const struct ldapd_conn *c = conn;

	if (c->slot)
		store_ahead_fetch(c->server->ahead, c->slot);
}

static void farewell(void *conn, struct lw_writer *out)
{
	struct ldapd_conn *c = conn;

	if (!c->closing)
		ldapd_disconnect(c, answers(c, out), LDAPD_UNAVAILABLE, "the server is shutting down");
	sent(c, out);
}

const struct lw_proto ldapd_proto = {
	.name = "ldap",
	.max_message = 16u << 20,
	.idle_us = 0,
	.conn_new = conn_new,
	.step = step,
	.job = job,
	.conn_free = conn_free,
	.tick = tick,
	.farewell = farewell,
	.seen = seen,
	.ahead = ahead,
};

int ldapd_unbind(
        struct ldapd_conn *c, struct ldapd_msg *m, bool in_job, struct lw_reader *in, struct lw_writer *out)
{
	return LDAPD_CLOSE;
}

/* What is still running when a request is read is nothing: see ldapd_search_more for the search that is. */
int ldapd_abandon(
        struct ldapd_conn *c, struct ldapd_msg *m, bool in_job, struct lw_reader *in, struct lw_writer *out)
{
	return LDAPD_DONE;
}
