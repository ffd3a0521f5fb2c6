/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/crypto.h"
#include "base/err.h"
#include "base/log.h"
#include "lwd/control.h"
#include "store/access.h"

struct control_server {
	struct store *store;
	struct keys *keys;
	const struct lw_clock *clock;
	struct control_options opt;
	uint8_t page_key[LW_AEAD_KEY]; /* for cursors: good as long as this process lives */
};

struct conn {
	struct control_server *srv;
	const struct lw_peer *peer;
	struct control_list *list;
	struct lw_writer pending; /* the request that waits for its job */
};

const struct control_verb control_verbs[] = {
	{ "status", ACCESS_READ, CONTROL_OPERATOR, control_status },
	{ "whoami", ACCESS_READ, 0, control_whoami },
	{ "ca.show", ACCESS_READ, CONTROL_TENANT, control_ca_show },
	{ "ca.crl", ACCESS_READ, CONTROL_TENANT, control_ca_crl },
	{ "ca.root.export", ACCESS_ADMINISTER, CONTROL_OPERATOR | CONTROL_TOKEN, control_ca_root_export },
	{ "ca.root.import", ACCESS_ADMINISTER, CONTROL_OPERATOR | CONTROL_TOKEN, control_ca_root_import },
	{ "ca.renew", ACCESS_ADMINISTER, CONTROL_OPERATOR | CONTROL_TOKEN, control_ca_renew },
	{ "cert.issue", ACCESS_ENROL, CONTROL_TENANT | CONTROL_TOKEN, control_cert_issue },
	{ "cert.show", ACCESS_READ, CONTROL_TENANT, control_cert_show },
	{ "cert.revoke", ACCESS_REVOKE, CONTROL_TENANT, control_cert_revoke },
	{ "token.issue", ACCESS_TOKEN, CONTROL_TENANT | CONTROL_TOKEN, control_token_issue },
	{ "tenant.create", ACCESS_ADMINISTER, CONTROL_INSTALLATION | CONTROL_TOKEN, control_tenant_create },
	{ "tenant.list", ACCESS_READ, CONTROL_INSTALLATION, control_tenant_list },
	{ "tenant.show", ACCESS_READ, CONTROL_INSTALLATION, control_tenant_show },
	{ "tenant.enable", ACCESS_ADMINISTER, CONTROL_INSTALLATION | CONTROL_TENANT, control_tenant_enable },
	{ "tenant.disable", ACCESS_ADMINISTER, CONTROL_INSTALLATION | CONTROL_TENANT, control_tenant_disable },
	{ "tenant.delete", ACCESS_ADMINISTER, CONTROL_INSTALLATION | CONTROL_TENANT | CONTROL_TOKEN, control_tenant_delete },
	{ "object.create", ACCESS_CREATE, CONTROL_TENANT | CONTROL_TOKEN | CONTROL_PARTNER, control_object_create },
	{ "object.list", ACCESS_SEARCH, CONTROL_TENANT | CONTROL_PARTNER, control_object_list },
	{ "next", ACCESS_SEARCH, CONTROL_OPERATOR, control_object_next },
	{ "object.show", ACCESS_READ, CONTROL_TENANT | CONTROL_PARTNER, control_object_show },
	{ "object.set", ACCESS_WRITE, CONTROL_TENANT | CONTROL_PARTNER, control_object_set },
	{ "object.delete", ACCESS_DELETE, CONTROL_TENANT | CONTROL_PARTNER, control_object_delete },
	{ "object.disable", ACCESS_WRITE, CONTROL_TENANT | CONTROL_PARTNER, control_object_disable },
	{ "object.enable", ACCESS_WRITE, CONTROL_TENANT | CONTROL_PARTNER, control_object_enable },
	{ "object.passwd", ACCESS_SET_SECRET, CONTROL_TENANT | CONTROL_TOKEN, control_object_passwd },
	{ "object.unlock", ACCESS_SET_SECRET, CONTROL_TENANT | CONTROL_TOKEN, control_object_unlock },
	{ "group.add", ACCESS_WRITE, CONTROL_TENANT | CONTROL_PARTNER, control_group_add },
	{ "group.remove", ACCESS_WRITE, CONTROL_TENANT | CONTROL_PARTNER, control_group_remove },
	{ "grant.defaults", ACCESS_CREATE, CONTROL_TENANT, control_grant_defaults },
	{ "keytab.get", ACCESS_EXPORT, CONTROL_TENANT | CONTROL_TOKEN, control_keytab_get },
	{ "key.list", ACCESS_ADMINISTER, CONTROL_TENANT | CONTROL_TOKEN, control_key_list },
	{ "key.rotate", ACCESS_ADMINISTER, CONTROL_TENANT | CONTROL_TOKEN, control_key_rotate },
	{ "token.cancel", ACCESS_REVOKE, CONTROL_TENANT, control_token_cancel },
	{ "explain", ACCESS_ADMINISTER, CONTROL_TENANT, control_explain },
	{ "audit.tail", ACCESS_ADMINISTER, CONTROL_TENANT, control_audit_tail },
	{ "audit.verify", ACCESS_ADMINISTER, CONTROL_TENANT, control_audit_verify },
	{ NULL, 0, 0, NULL },
};

/* Stable words; what is not listed is an internal failure whose detail is in the log. */
static const struct {
	int err;
	const char *code, *text;
} codes[] = {
	{ LW_OK, "", "" },
	{ LW_EINVAL, "usage", "malformed request" },
	{ LW_ELIMIT, "usage", "too long or too many" },
	{ LW_EVERSION, "usage", "unknown version" },
	{ LW_EDNSYNTAX, "usage", "not a distinguished name" },
	{ LW_ENOTFOUND, "not-found", "not there" },
	{ LW_ENOATTR, "not-found", "no such attribute or value" },
	{ LW_EEXIST, "exists", "exists already" },
	{ LW_EVALEXISTS, "exists", "that value is there already" },
	{ LW_EAGAIN, "try-again", "somebody else changed it meanwhile; try again" },
	{ LW_EBUSY, "try-again", "busy; try again" },
	{ LW_EUNAVAIL, "try-again", "a part of lwd is being restarted; try again" },
	{ LW_ETIMEOUT, "try-again", "no answer in time; try again" },
	{ LW_EACCES, "refused", "refused by the access policy" },
	{ LW_EAUTH, "refused", "invalid credentials" },
	{ LW_EDISABLED, "refused", "disabled" },
	{ LW_EPWPOLICY, "refused", "the password does not meet the policy" },
	{ LW_EUNWILLING, "refused", "not willing to do that" },
	{ LW_EUNDEFATTR, "invalid", "no such attribute type" },
	{ LW_ESYNTAX, "invalid", "the value does not fit the attribute's syntax" },
	{ LW_ECONSTRAINT, "invalid", "constraint violation" },
	{ LW_EOBJCLASS, "invalid", "the entry would not fit its object classes" },
	{ LW_EOBJCLASSMODS, "invalid", "the structural object class cannot be changed" },
	{ LW_ENAMING, "invalid", "naming violation" },
	{ LW_ENOTLEAF, "invalid", "it has entries below it" },
	{ LW_ENOTONRDN, "invalid", "the value is part of the entry's name" },
	{ LW_EMATCHING, "invalid", "that attribute cannot be matched so" },
	{ LW_EFULL, "failed", "no space left; free some disk space and try again" },
	{ LW_EUNSUPPORTED, "unsupported", "not built yet" },
};

static size_t code_of(int err)
{
	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++)
		if (codes[i].err == err)
			return i;
	return SIZE_MAX;
}

const char *control_code(int err)
{
	size_t i = code_of(err);

	return i == SIZE_MAX ? "failed" : codes[i].code;
}

bool control_permits(enum access_verb verb)
{
	struct access_rights *rights = access_bind_role(STORE_ROLE_OPERATOR, 0);
	bool holds = rights && access_any(rights, verb);

	access_rights_free(rights);
	return holds;
}

int control_need(struct control_call *call, const char *key, struct lw_bytes *ret)
{
	struct lw_bytes v = ctl_arg(call->req, key);

	if (!v.n) {
		snprintf(call->text, sizeof(call->text), "%s is missing", key);
		return LW_EINVAL;
	}
	*ret = v;
	return LW_OK;
}

const struct control_verb *control_verb_find(struct lw_bytes name)
{
	for (const struct control_verb *v = control_verbs; v->name; v++)
		if (lw_eq(lw_str(v->name), name))
			return v;
	return NULL;
}

static int find_tenant(struct control_call *call)
{
	if (call->req->tenant.n) {
		int rc = store_tenant_by_name(call->store, call->arena, call->req->tenant, &call->tenant);
		if (rc)
			snprintf(call->text, sizeof(call->text), "no tenant %.*s", (int)call->req->tenant.n,
				(const char *)call->req->tenant.p);
		return rc == LW_EINVAL ? LW_ENOTFOUND : rc;
	}
	return store_tenant_by_id(call->store, call->arena, call->srv->opt.system_tenant, &call->tenant);
}

static int run(struct control_call *call, const struct control_verb *verb)
{
	struct lw_cap cap;
	int rc;

	if (!control_permits(verb->right))
		return LW_EACCES;
	if (verb->needs & (CONTROL_TENANT | CONTROL_TOKEN)) {
		if ((rc = find_tenant(call)) != 0)
			return rc;
		if ((rc = store_session_role(call->store, call->tenant.id, STORE_ROLE_OPERATOR, &call->session)) != 0)
			return rc;
		store_session_channel(call->session, true);
		store_session_source(call->session, LW_AUDIT_CONTROL, call->addr);
	}
	if (verb->needs & CONTROL_TOKEN)
		if ((rc = keys_operator(call->keys, call->tenant.id, &call->token, &cap)) != 0)
			return rc;
	return verb->run(call);
}

/* ---- in a capability's session ---- */

/* The rest of the request is about the partner's tenant. The capability stays his own: keyd does nothing with it there. */
static int as_partner(struct control_call *call, const struct store_tenant *said)
{
	struct lw_session *there;

	if (store_session_partner(call->session, said->id, &there) != LW_OK)
		return LW_EACCES;
	store_session_free(call->session);
	call->session = there;
	call->tenant = *said;
	return LW_OK;
}

/* Other tenants are refused alike, whether they are there or not. */
static int own_tenant(struct control_call *call, const struct control_verb *verb)
{
	uint32_t own = call->cap->tenant;
	struct store_tenant said;
	int rc;

	if (verb->needs & CONTROL_INSTALLATION && own != call->system_tenant)
		return LW_EACCES;
	if (call->req->tenant.n) {
		rc = store_tenant_by_name(call->store, call->arena, call->req->tenant, &said);
		if (rc == LW_ENOTFOUND || rc == LW_EINVAL)
			return LW_EACCES;
		if (!rc && said.id != own)
			return verb->needs & CONTROL_PARTNER ? as_partner(call, &said) : LW_EACCES;
		if (rc)
			return rc;
	}
	return store_tenant_by_id(call->store, call->arena, own, &call->tenant);
}

static int administers(struct control_call *call)
{
	struct store_txn *txn;
	int rc = store_begin(call->session, STORE_READ, &txn);

	if (!rc) {
		rc = store_may(txn, ACCESS_ADMINISTER, NULL, NULL);
		store_end(txn);
	}
	return rc;
}

int control_installation(struct control_call *call)
{
	if (call->tenant.id != call->system_tenant)
		return LW_EACCES;
	return call->cap ? administers(call) : LW_OK;
}

int control_listeners(struct control_call *call, bool renew, struct control_listener ret[CONTROL_LISTENERS])
{
	const struct control_options *o = &call->srv->opt;

	return o->listeners ? o->listeners(o->ready_ctx, renew, ret) : LW_EUNAVAIL;
}

static int run_forwarded(struct control_call *call, const struct control_verb *verb)
{
	int rc;

	if (verb->right == ACCESS_NONE || verb->right >= ACCESS_VERB_COUNT || verb->needs & CONTROL_OPERATOR)
		return LW_EACCES;
	if ((rc = own_tenant(call, verb)) != 0)
		return rc;
	if (verb->needs & CONTROL_INSTALLATION && (rc = administers(call)) != 0)
		return rc;
	return verb->run(call);
}

/* In the audit is every request but those that only read and were allowed to: a verb that comes is in it without anybody's doing. */
bool control_audited(const struct control_verb *v, int rc)
{
	static const char *const reads[] = { "explain", "key.list", "audit.tail", "audit.verify" };

	if (rc)
		return lw_audit_is_denial(rc) && rc != LW_EINVAL && rc != LW_ELIMIT;
	for (size_t i = 0; i < sizeof(reads) / sizeof(reads[0]); i++)
		if (!strcmp(v->name, reads[i]))
			return false;
	return v->right != ACCESS_READ && v->right != ACCESS_SEARCH && v->right != ACCESS_COMPARE;
}

static void record(const struct control_call *call, struct lw_bytes name, int rc)
{
	const struct control_verb *v = control_verb_find(name);
	struct lw_audit a = { .event = LW_AUDIT_REQUEST, .protocol = call->cap ? LW_AUDIT_HTTP : LW_AUDIT_CONTROL, .err = rc,
		.tenant = call->tenant.id, .source = lw_str(call->addr) };

	if (!v || !control_audited(v, rc))
		return;
	a.detail = lw_str(v->name);
	if (call->cap)
		a.actor = call->cap->actor;
	else
		a.actor_name = LW_LIT("operator");
	if (!a.tenant && call->cap)
		a.tenant = call->cap->tenant;
	lw_audit(&a);
}

/* at: where this request's answer begins in out */
static void finish(struct control_call *call, struct lw_bytes verb, int rc, size_t at)
{
	size_t i = code_of(rc);
	char name[72], who[LW_UUID_TEXT] = "operator";

	if (call->cap)
		lw_uuid_format(&call->cap->subject, who);
	if (call->out->err) { /* the answer did not fit: nothing half goes out */
		call->out->n = at;
		call->out->err = 0;
		rc = LW_ELIMIT;
		i = code_of(rc);
	}
	record(call, verb, rc);
	snprintf(name, sizeof(name), "%.*s", (int)verb.n, (const char *)verb.p);
	lw_log(rc && i == SIZE_MAX ? LW_ERROR : LW_INFO, "control", "verb", name, "tenant", call->tenant.name, "result",
		rc ? lw_errname(rc) : "ok", "text", rc ? call->text : "", "subject", who, "from", call->addr, NULL);
	ctl_end(call->out, control_code(rc), call->text[0] || i == SIZE_MAX ? (call->text[0] ? call->text : "internal failure; see the log")
		: codes[i].text, call->more && !rc);
}

int control_forwarded(struct control_server *srv, const struct control_from *from, struct lw_bytes request, struct lw_writer *out)
{
	struct lw_arena *arena = lw_arena_new(64u << 20, true);
	struct ctl_request req = { 0 };
	struct control_call call = { .srv = srv, .store = srv->store, .keys = srv->keys, .clock = srv->clock, .arena = arena, .req = &req, .out = out,
		.system_tenant = srv->opt.system_tenant, .token = *from->token, .cap = from->cap, .addr = from->addr, .page_key = srv->page_key };
	const struct control_verb *verb;
	size_t at = out->n;
	int rc = arena ? ctl_request_get(arena, request, &req) : LW_ENOMEM;

	if (!rc && from->cap->flags & LW_CAP_OPERATOR)
		rc = LW_EACCES; /* nobody is that from afar */
	if (!rc)
		rc = store_session_cap(srv->store, from->cap, &call.session);
	if (!rc)
		store_session_source(call.session, LW_AUDIT_HTTP, from->addr);
	if (!rc)
		rc = store_session_check(call.session);
	if (!rc) {
		verb = control_verb_find(req.verb);
		finish(&call, req.verb, verb ? run_forwarded(&call, verb) : LW_EUNSUPPORTED, at);
	}
	store_session_free(call.session);
	lw_wipe(&call.token, sizeof(call.token));
	lw_arena_free(arena);
	return rc;
}

static void control_job(void *ctx, struct lw_writer *out)
{
	struct conn *c = ctx;
	struct lw_bytes body = lw_written(&c->pending);
	struct lw_arena *arena = lw_arena_new(64u << 20, true);
	struct ctl_request req = { 0 };
	struct control_call call = { .srv = c->srv, .store = c->srv->store, .keys = c->srv->keys, .clock = c->srv->clock, .arena = arena, .req = &req,
		.out = out, .list = &c->list, .system_tenant = c->srv->opt.system_tenant, .addr = "control" };
	const struct control_verb *verb;
	size_t at = out->n;
	int rc = arena ? ctl_request_get(arena, body, &req) : LW_ENOMEM;

	if (!rc && !c->peer->owner) {
		rc = LW_EACCES;
		snprintf(call.text, sizeof(call.text), "only the owner of the data directory and root may use the control socket");
	} else if (!rc && !(verb = control_verb_find(req.verb))) {
		rc = LW_EUNSUPPORTED;
	} else if (!rc) {
		rc = run(&call, verb);
	}
	finish(&call, req.verb, rc, at);
	store_session_free(call.session);
	lw_wipe(&call.token, sizeof(call.token));
	lw_arena_free(arena);
	lw_writer_done(&c->pending);
	lw_writer_init(&c->pending, CTL_MAX);
	c->pending.wipe = true;
}

static enum lw_next control_step(void *ctx, struct lw_reader *in, struct lw_writer *out)
{
	struct conn *c = ctx;
	struct lw_reader r = *in;
	uint32_t n;

	if (lw_reader_left(in) < 4)
		return LW_NEXT_READ;
	n = lw_get_u32(&r);
	if (n > CTL_MAX) {
		ctl_end(out, "usage", "the message is too long", false);
		return LW_NEXT_CLOSE;
	}
	if (lw_reader_left(&r) < n)
		return LW_NEXT_READ;
	lw_put_bytes(&c->pending, lw_get_raw(&r, n));
	if (c->pending.err) {
		ctl_end(out, "failed", "out of memory", false);
		return LW_NEXT_CLOSE;
	}
	in->p = r.p;
	return LW_NEXT_JOB;
}

static void *control_conn_new(void *server, const struct lw_peer *peer)
{
	struct conn *c = calloc(1, sizeof(*c));

	if (!c)
		return NULL;
	c->srv = server;
	c->peer = peer;
	lw_writer_init(&c->pending, CTL_MAX);
	c->pending.wipe = true;
	return c;
}

static void control_conn_free(void *ctx)
{
	struct conn *c = ctx;

	control_list_free(c->list);
	lw_writer_done(&c->pending);
	free(c);
}

const struct lw_proto control_proto = {
	.name = "control",
	.max_message = CTL_MAX + 4,
	.idle_us = 300 * LW_SECOND,
	.conn_new = control_conn_new,
	.step = control_step,
	.job = control_job,
	.conn_free = control_conn_free,
};

struct control_server *control_server_new(struct store *store, struct keys *keys, const struct lw_clock *clock,
	const struct control_options *opt)
{
	struct control_server *s = calloc(1, sizeof(*s));

	if (s) {
		*s = (struct control_server){ .store = store, .keys = keys, .clock = clock, .opt = *opt };
		lw_random(s->page_key, sizeof(s->page_key));
	}
	return s;
}

void control_server_free(struct control_server *s)
{
	if (s)
		lw_wipe(s->page_key, sizeof(s->page_key));
	free(s);
}

int control_status(struct control_call *call)
{
	const struct control_options *o = &call->srv->opt;
	int ready = keys_ping(call->keys);

	if (!ready && o->ready)
		ready = o->ready(o->ready_ctx);
	for (size_t i = 0; i < call->srv->opt.nservices; i++) {
		size_t at = ctl_item_begin(call->out);
		ctl_item_string(call->out, "name", call->srv->opt.services[i].name);
		ctl_item_string(call->out, "address", call->srv->opt.services[i].address);
		ctl_item_bool(call->out, "ready", ready == LW_OK);
		ctl_item_end(call->out, at);
	}
	if (!ready)
		control_waits(call);
	return ready;
}
