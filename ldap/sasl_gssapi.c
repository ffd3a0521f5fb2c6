/* SPDX-License-Identifier: Apache-2.0 */
/* RFC 4752 3.2 and 3.3 as binds: the client's token goes to the kdc in a job, and comes back as a context and
 * a capability; then the client says nothing, hears which layers there are, and chooses one. */
#include "ldap/conn.h"
#include "ldap/sasl.h"

#include "base/crypto.h"

#include <stdlib.h>
#include <string.h>

#define TOKEN_MAX      65536u /* octets: more than a ticket can have */
#define BINDING_PREFIX "tls-server-end-point:" /* RFC 5929 4 */

struct ldapd_gss {
	gss_ctx_id_t ctx;
	uint8_t offered; /* enum ldapd_layers; 0: not yet */
	struct keys_token token;
	struct lw_cap cap;
};

void ldapd_gss_end(struct ldapd_conn *c)
{
	OM_uint32 minor;

	if (!c->gss)
		return;
	gss_delete_sec_context(&minor, &c->gss->ctx, GSS_C_NO_BUFFER);
	lw_wipe(c->gss, sizeof *c->gss);
	free(c->gss);
	c->gss = NULL;
}

static enum ldapd_outcome give_up(struct ldapd_conn *c, struct ldapd_msg *m, struct lw_writer *out, int err)
{
	ldapd_gss_end(c);
	c->sasl_started = false;
	ldapd_bind_note(c, NULL, "gssapi", err);
	return ldapd_bind_failed(out, m, err);
}

static enum ldapd_outcome go_on(struct ldapd_msg *m, struct lw_writer *out, struct lw_bytes say)
{
	struct ldapd_result res = { .code = LDAPD_SASL_IN_PROGRESS, .sasl = say };

	if (!say.p)
		res.sasl = LW_LIT("");
	return ldapd_answer_result(out, m, &res);
}

/* ---- which layers ---- */

static uint8_t layers(gss_ctx_id_t ctx)
{
	OM_uint32 minor, flags = 0;
	uint8_t mask = LDAPD_LAYER_NONE;

	if (GSS_ERROR(gss_inquire_context(&minor, ctx, NULL, NULL, NULL, NULL, &flags, NULL, NULL)))
		return mask;
	/* without an order, buffers could be repeated or left out */
	if (!(flags & GSS_C_INTEG_FLAG) || !(flags & GSS_C_SEQUENCE_FLAG))
		return mask;
	mask |= LDAPD_LAYER_INTEGRITY;
	return flags & GSS_C_CONF_FLAG ? mask | LDAPD_LAYER_PRIVACY : mask;
}

static enum ldapd_outcome offer(struct ldapd_conn *c, struct ldapd_msg *m, struct lw_writer *out)
{
	uint8_t say[4] = { layers(c->gss->ctx) };
	gss_buffer_desc clear = { sizeof say, say }, token = GSS_C_EMPTY_BUFFER;
	OM_uint32 minor;

	if (say[0] != LDAPD_LAYER_NONE) { /* else nothing may be sent to us wrapped: size 0 */
		say[1] = LDAPD_LAYER_MAX >> 16;
		say[2] = LDAPD_LAYER_MAX >> 8 & 255;
		say[3] = LDAPD_LAYER_MAX & 255;
	}
	if (gss_wrap(&minor, c->gss->ctx, 0, GSS_C_QOP_DEFAULT, &clear, NULL, &token) != GSS_S_COMPLETE)
		return give_up(c, m, out, LW_EINTERNAL);
	c->gss->offered = say[0];
	c->sasl_started = true;
	go_on(m, out, (struct lw_bytes){ token.value, token.length });
	gss_release_buffer(&minor, &token);
	return LDAPD_DONE;
}

/* ---- the first token ---- */

static struct lw_bytes bindings(const struct ldapd_conn *c)
{
	struct lw_bytes end = { c->peer->tls_endpoint, c->peer->tls_endpoint_n };
	size_t n = sizeof BINDING_PREFIX - 1;
	uint8_t *p = c->peer->tls && end.n ? lw_alloc(c->held, n + end.n) : NULL;

	if (!p)
		return (struct lw_bytes){ NULL, 0 };
	memcpy(p, BINDING_PREFIX, n);
	memcpy(p + n, end.p, end.n);
	return (struct lw_bytes){ p, n + end.n };
}

/* The accepted context becomes that of this connection. */
static int take(struct ldapd_conn *c, const struct ldapd_accepted *got)
{
	gss_buffer_desc exported = { got->context.n, (void *)got->context.p };
	struct ldapd_gss *g = calloc(1, sizeof *g);
	OM_uint32 minor;
	int err;

	if (!g)
		return LW_ENOMEM;
	c->gss = g;
	g->token = got->cap;
	err = keys_check(c->server->keys, (struct lw_bytes){ g->token.b, g->token.n }, &g->cap);
	if (err == LW_OK && gss_import_sec_context(&minor, &exported, &g->ctx) != GSS_S_COMPLETE)
		err = LW_EINTERNAL;
	return err;
}

static enum ldapd_outcome first(struct ldapd_conn *c, struct ldapd_msg *m, struct lw_writer *out)
{
	const struct ldapd_options *o = &c->server->options;
	struct ldapd_accept in = { .token = m->bind.creds,
		.bindings = bindings(c),
		.confidential = ldapd_confidential(c) };
	struct ldapd_accepted got = { 0 };
	struct ldapd_result refused = { 0 };
	int err = LW_ENOMEM;

	ldapd_gss_end(c);
	if (!c->peer->tls || !c->peer->tls_endpoint_n || in.bindings.n)
		err = o->accept(o->accept_ctx, &in, c->held, &got);
	if (err == LW_OK)
		err = take(c, &got);
	lw_wipe(&got.cap, sizeof got.cap);
	if (err == LW_EAUTH && got.token.n) { /* a KRB-ERROR that says why */
		ldapd_gss_end(c);
		c->sasl_started = false;
		ldapd_bind_note(c, NULL, "gssapi", err);
		refused = (struct ldapd_result){ .code = LDAPD_INVALID_CREDENTIALS, .sasl = got.token };
		return ldapd_answer_result(out, m, &refused);
	}
	if (err)
		return give_up(c, m, out, err);
	c->sasl_started = true;
	if (!got.token.n) /* the client asked for no proof of the server: it has nothing more to say */
		return offer(c, m, out);
	return go_on(m, out, got.token);
}

/* ---- the client's choice ---- */

static int install(struct ldapd_conn *c, const uint8_t choice[4])
{
	uint32_t size = (uint32_t)choice[1] << 16 | (uint32_t)choice[2] << 8 | choice[3];
	int err;

	if (choice[0] == LDAPD_LAYER_NONE)
		return LW_OK; /* one that is there stays (RFC 4422 3.7) */
	err = ldapd_layer_new(&c->gss->ctx, choice[0] == LDAPD_LAYER_PRIVACY, size,
	        c->server->options.max_message, &c->next_layer);
	return err == LW_EINVAL ? LW_EAUTH : err;
}

static bool one_of(uint8_t layer, uint8_t offered)
{
	return layer && !(layer & (layer - 1)) && layer & offered;
}

static int chosen(struct ldapd_conn *c, struct lw_bytes say, struct ldapd_who *who)
{
	struct lw_bytes authzid;
	int err;

	if (say.n < 4 || !one_of(say.p[0], c->gss->offered))
		return LW_EAUTH;
	authzid = (struct lw_bytes){ say.p + 4, say.n - 4 };
	err = ldapd_resolve_uuid(c, c->gss->cap.tenant, &c->gss->cap.subject, who);
	if (err == LW_OK)
		err = ldapd_may_act_as(c, who, authzid);
	if (err == LW_OK)
		err = install(c, say.p);
	if (err == LW_OK)
		err = ldapd_established(c, &who->tenant,
		        who->p.krb_name[0] ? who->p.krb_name : who->p.name, &c->gss->token, &c->gss->cap);
	if (err) {
		ldapd_layer_free(c->next_layer);
		c->next_layer = NULL;
	}
	return err;
}

static enum ldapd_outcome choose(struct ldapd_conn *c, struct ldapd_msg *m, struct lw_writer *out)
{
	gss_buffer_desc token = { m->bind.creds.n, (void *)m->bind.creds.p }, clear = GSS_C_EMPTY_BUFFER;
	struct ldapd_who who = { 0 };
	OM_uint32 major, minor;
	int err = LW_EAUTH;

	major = gss_unwrap(&minor, c->gss->ctx, &token, &clear, NULL, NULL);
	if (major == GSS_S_COMPLETE)
		err = chosen(c, (struct lw_bytes){ clear.value, clear.length }, &who);
	gss_release_buffer(&minor, &clear);
	ldapd_gss_end(c);
	c->sasl_started = false;
	ldapd_bind_note(c, &who, "gssapi", err);
	return err ? ldapd_bind_failed(out, m, err) : ldapd_answer(out, m, LDAPD_SUCCESS, NULL);
}

enum ldapd_outcome ldapd_gssapi(
        struct ldapd_conn *c, struct ldapd_msg *m, bool in_job, struct lw_writer *out)
{
	bool empty = m->bind.creds.n == 0;

	if (in_job)
		return first(c, m, out);
	if (!c->sasl_started)
		ldapd_gss_end(c);
	if (!c->gss) {
		if (m->bind.creds.n > TOKEN_MAX)
			return give_up(c, m, out, LW_EAUTH);
		if (!empty)
			return LDAPD_JOB;
		if (c->sasl_started)
			return give_up(c, m, out, LW_EAUTH);
		c->sasl_started = true; /* RFC 4422 3.3: the client speaks first */
		return go_on(m, out, (struct lw_bytes){ NULL, 0 });
	}
	if (!c->gss->offered)
		return empty ? offer(c, m, out) : give_up(c, m, out, LW_EAUTH);
	return choose(c, m, out);
}
