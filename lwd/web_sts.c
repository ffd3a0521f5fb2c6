/* SPDX-License-Identifier: Apache-2.0 */
/* WS-Trust: saml/soap.c and saml/sts.c read and write, keyd decides and signs. Whoever may not hears what he would hear if it were not there. */
#include "lwd/web.h"

#include <stdio.h>
#include <string.h>

#include "base/crypto.h"
#include "base/ctl.h"
#include "base/err.h"
#include "base/log.h"
#include "base/text.h"
#include "lwd/relay.h"
#include "saml/sts.h"

struct call {
	struct web *web;
	struct http_request *q;
	int64_t now;
	struct lw_bytes tenant;
	struct saml_doc *doc;
	struct soap_message m;
	struct sts_request r;
	struct keys_token token; /* the asker's; the arena is wiped */
	struct lw_cap cap;
	char why[200];
};

/* ---- errors: what keyd and directory say, and what the asker hears; what is not here is INTERNAL ---- */

static const struct { int err; enum soap_fault fault; } answers[] = { /* SOAP_FINE: what the caller of fault_of says */
	{ LW_EAUTH, SOAP_FINE }, { LW_ELOCKED, SOAP_FINE }, { LW_EDISABLED, SOAP_FINE }, { LW_EEXPIRED, SOAP_FINE }, { LW_EREVOKED, SOAP_FINE },
	{ LW_EACCES, SOAP_FINE }, { LW_ENOTFOUND, SOAP_FINE }, { LW_EUNWILLING, SOAP_FINE },
	{ LW_EINVAL, SOAP_F_INVALID_REQUEST }, { LW_EUNSUPPORTED, SOAP_F_INVALID_REQUEST }, { LW_ELIMIT, SOAP_F_INVALID_REQUEST },
	{ LW_EBUSY, SOAP_F_BUSY }, { LW_EUNAVAIL, SOAP_F_BUSY }, { LW_ETIMEOUT, SOAP_F_BUSY }, { LW_EAGAIN, SOAP_F_BUSY }, { LW_EFULL, SOAP_F_BUSY },
};

static enum soap_fault fault_of(struct call *c, int err, enum soap_fault refused)
{
	if (err == LW_OK)
		return SOAP_FINE;
	if (c->why[0] == '\0')
		snprintf(c->why, sizeof(c->why), "%s", lw_strerror(err));
	for (size_t i = 0; i < sizeof(answers) / sizeof(*answers); i++)
		if (answers[i].err == err)
			return answers[i].fault == SOAP_FINE ? refused : answers[i].fault;
	return SOAP_F_INTERNAL;
}

static struct lw_bytes octets(const struct keys_token *t)
{
	return (struct lw_bytes){ t->b, t->n };
}

/* ---- assertions of ours ---- */

/* xmlsec1 verifies what it reads, keyd verifies what was read. */
static int accept_assertion(struct call *c, xmlNode *node, enum keys_accept as, struct keys_token *ret_token, struct lw_cap *ret_cap, struct saml_assertion *ret)
{
	struct lw_bytes certs[WEB_SAML_CERTS], signature;
	struct lw_writer fields;
	int64_t until;
	size_t n = 0;
	int r = web_saml_certs(c->web, c->tenant, c->q->arena, certs, &n, &until);

	if (r == LW_OK)
		r = saml_assertion_verify(c->doc, node, certs, n, c->q->arena, ret, &signature, c->why);
	if (r == LW_EINVAL || r == LW_ELIMIT || r == LW_EUNSUPPORTED)
		r = LW_EAUTH; /* whatever is wrong with it */
	if (r != LW_OK)
		return r;
	lw_writer_init(&fields, SAML_MAX);
	saml_assertion_put(&fields, ret);
	r = fields.err;
	if (r == LW_OK)
		r = keys_accept_assertion(c->web->keys, c->tenant, lw_written(&fields), signature, as, 0, ret_token, ret_cap);
	lw_writer_done(&fields);
	return r;
}

/* ---- who asks ---- */

static enum soap_fault authenticate(struct call *c)
{
	struct keys_source source = web_source(c->q);
	struct saml_assertion shown;
	int r;

	if (c->m.assertion != NULL) {
		r = accept_assertion(c, c->m.assertion, KEYS_AS_CREDENTIAL, &c->token, &c->cap, &shown);
	} else if (c->m.user.p != NULL) {
		r = keys_login(c->web->keys, c->tenant, c->m.user, c->m.password, &source, &c->token, &c->cap);
	} else {
		snprintf(c->why, sizeof(c->why), "no security token");
		return SOAP_F_SECURITY;
	}
	return fault_of(c, r == LW_EINVAL || r == LW_EUNSUPPORTED || r == LW_ELIMIT ? LW_EAUTH : r, SOAP_F_FAILED_AUTH);
}

/* ---- the operations ---- */

static enum soap_fault issue(struct call *c, struct lw_bytes audience, struct sts_answer *ret)
{
	struct keys_token_order order = { .type = KEYS_SAML2, .audience = audience, .alg = lw_str(c->r.alg), .life = c->r.life };
	struct keys_issued got = { 0 };
	int r = keys_token_issue(c->web->keys, octets(&c->token), c->cap.tenant, &order, c->q->arena, &got, c->why);

	if (r != LW_OK && (r = web_want(c->web, c->tenant, KEYS_SAML, r)) == LW_OK)
		r = keys_token_issue(c->web->keys, octets(&c->token), c->cap.tenant, &order, c->q->arena, &got, c->why);
	if (r == LW_OK)
		*ret = (struct sts_answer){ got.token, got.id, got.not_before, got.not_after, true };
	return fault_of(c, r, SOAP_F_REQUEST_FAILED);
}

static enum soap_fault run_issue(struct call *c, struct sts_answer *ret)
{
	return issue(c, c->r.audience, ret);
}

/* The token that the request is about, if it is good and (mine) the asker's own. */
static enum soap_fault target(struct call *c, bool mine, struct saml_assertion *ret)
{
	struct keys_token none;
	struct lw_cap of;
	int r = accept_assertion(c, c->r.target, KEYS_AS_TARGET, &none, &of, ret);

	if (r == LW_OK && mine && (of.tenant != c->cap.tenant || !lw_uuid_eq(&of.subject, &c->cap.subject))) {
		snprintf(c->why, sizeof(c->why), "somebody else's token");
		return SOAP_F_INVALID_TOKEN;
	}
	return fault_of(c, r, SOAP_F_INVALID_TOKEN);
}

static enum soap_fault run_renew(struct call *c, struct sts_answer *ret)
{
	struct saml_assertion old;
	enum soap_fault f = target(c, true, &old);

	return f != SOAP_FINE ? f : issue(c, old.audience, ret);
}

static enum soap_fault run_validate(struct call *c, struct sts_answer *ret)
{
	struct saml_assertion shown;
	enum soap_fault f = target(c, false, &shown);

	*ret = (struct sts_answer){ .valid = f == SOAP_FINE };
	return f == SOAP_F_INVALID_TOKEN ? SOAP_FINE : f;
}

/* directory writes down that it was cancelled. */
static int cancel(struct call *c, const struct saml_assertion *a)
{
	char until[32];
	struct ctl_pair pairs[] = { { LW_LIT("id"), a->id }, { LW_LIT("until"), { NULL, 0 } } };
	struct ctl_request q = { .verb = LW_LIT("token.cancel"), .tenant = c->tenant, .pairs = pairs, .npairs = 2 };
	struct relay_control control = { .token = octets(&c->token), .addr = c->q->peer->addr };
	struct ctl_answer end;
	struct lw_bytes got;
	struct lw_writer w;
	int r;

	snprintf(until, sizeof(until), "%lld", (long long)a->not_on_or_after);
	pairs[1].value = lw_str(until);
	lw_writer_init(&w, 4096);
	ctl_request_put(&w, &q);
	control.request = w.err == LW_OK && w.n > 4 ? (struct lw_bytes){ w.p + 4, w.n - 4 } : (struct lw_bytes){ NULL, 0 };
	r = w.err != LW_OK ? w.err : relay_control(c->web->directory, &control, c->q->arena, &got);
	lw_writer_done(&w);
	if (r != LW_OK)
		return r;
	if (got.n < 4 || ctl_answer_get(c->q->arena, (struct lw_bytes){ got.p + 4, got.n - 4 }, &end) != LW_OK || end.kind != CTL_END)
		return LW_EINTERNAL;
	if (end.code.n > 0)
		snprintf(c->why, sizeof(c->why), "token.cancel: %.*s", (int)(end.code.n < 64 ? end.code.n : 64), (const char *)end.code.p);
	return end.code.n == 0 ? LW_OK : LW_EUNAVAIL;
}

static enum soap_fault run_cancel(struct call *c, struct sts_answer *ret)
{
	struct saml_assertion old;
	enum soap_fault f = target(c, true, &old);

	return f != SOAP_FINE ? f : fault_of(c, cancel(c, &old), SOAP_F_REQUEST_FAILED);
}

static const struct { const char *name; enum soap_fault (*run)(struct call *, struct sts_answer *ret); } operations[STS_OP_COUNT] = {
	[STS_ISSUE] = { "issue", run_issue },
	[STS_RENEW] = { "renew", run_renew },
	[STS_VALIDATE] = { "validate", run_validate },
	[STS_CANCEL] = { "cancel", run_cancel },
};

/* ---- the routes ---- */

static enum soap_fault serve(struct call *c, struct sts_answer *ret)
{
	enum soap_fault f;

	if (saml_doc_parse(c->q->body, &c->doc, c->why) != LW_OK)
		return SOAP_F_MALFORMED;
	f = soap_read(saml_doc_root(c->doc), c->now, c->q->arena, &c->m, c->why);
	if (f == SOAP_FINE)
		f = sts_read(&c->m, c->now, c->q->arena, &c->r, c->why);
	if (f == SOAP_FINE)
		f = authenticate(c);
	c->why[0] = f == SOAP_FINE ? '\0' : c->why[0];
	if (f == SOAP_FINE)
		f = operations[c->r.op].run(c, ret);
	return f;
}

static int post(void *ctx, struct http_request *q, struct http_response *a)
{
	struct web *web = ctx;
	struct call *c = lw_alloc(q->arena, sizeof(*c));
	struct sts_answer answer = { 0 };
	uint8_t id[16];
	enum soap_fault f;

	if (c == NULL)
		return LW_ENOMEM;
	c->web = web;
	c->q = q;
	c->now = lw_wall(web->clock);
	c->tenant = web_tenant(web, q);
	c->m.version = http_type_is(q, "application/soap+xml") ? SOAP_12 : SOAP_11;
	lw_random(id, sizeof(id));
	f = serve(c, &answer);
	saml_doc_free(c->doc);
	a->type = soap_media_type(c->m.version);
	if (f == SOAP_FINE) {
		sts_answer_put(&a->body, &c->m, &c->r, &answer, id, c->now);
		return LW_OK;
	}
	lw_log(LW_INFO, "sts-refused", "operation", c->r.op == 0 ? "" : operations[c->r.op].name, "fault", soap_fault_row(f)->code, "why", c->why,
		"addr", q->peer->addr, NULL);
	a->status = soap_fault_put(&a->body, &c->m, f, id);
	return LW_OK;
}

static int get(void *ctx, struct http_request *q, struct http_response *a)
{
	struct web *web = ctx;
	struct lw_bytes tenant = http_param(q, "tenant");
	char *name = NULL, *url;

	if (http_query(q, "wsdl").p == NULL && http_query(q, "WSDL").p == NULL)
		return LW_ENOTFOUND;
	if (tenant.p != NULL && lw_domain_canon(q->arena, tenant, &name) != LW_OK)
		return LW_ENOTFOUND;
	url = lw_printf(q->arena, "%s/sts/STSService%s%s", web->url, name == NULL ? "" : "/", name == NULL ? "" : name);
	if (url == NULL)
		return LW_ENOMEM;
	a->type = "text/xml; charset=utf-8";
	sts_wsdl_put(&a->body, lw_str(url));
	return LW_OK;
}

static const struct http_route sts[] = {
	{ .method = HTTP_POST, .pattern = "/sts/STSService", .right = ACCESS_TOKEN, .auth = HTTP_AUTH_NONE, .max_body = SOAP_MAX, .slow = true, .run = post },
	{ .method = HTTP_POST, .pattern = "/sts/STSService/{tenant}", .right = ACCESS_TOKEN, .auth = HTTP_AUTH_NONE, .max_body = SOAP_MAX, .slow = true,
		.run = post },
	{ .method = HTTP_GET, .pattern = "/sts/STSService", .right = ACCESS_READ, .auth = HTTP_AUTH_NONE, .quick = true, .run = get },
	{ .method = HTTP_GET, .pattern = "/sts/STSService/{tenant}", .right = ACCESS_READ, .auth = HTTP_AUTH_NONE, .quick = true, .run = get },
};
const struct web_table web_sts = WEB_TABLE(sts);
