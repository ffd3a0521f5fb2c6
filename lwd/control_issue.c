/* SPDX-License-Identifier: Apache-2.0 */
/* lwctl token issue: keyd decides, builds and signs. */
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "base/text.h"
#include "keys/issue.h"
#include "lwd/control_kind.h"
#include "lwd/upkeep.h"

static const struct {
	const char *name;
	enum keys_token_type type;
} types[] = { { "saml2", KEYS_SAML2 }, { "jwt", KEYS_JWT_TOKEN } };

const char *control_token_type(size_t i)
{
	return i < sizeof(types) / sizeof(types[0]) ? types[i].name : NULL;
}

static int type_of(struct control_call *call, enum keys_token_type *ret)
{
	struct lw_bytes name;
	int rc = control_need(call, "type", &name);

	for (size_t i = 0; !rc && i < sizeof(types) / sizeof(types[0]); i++) {
		if (lw_eq(name, lw_str(types[i].name))) {
			*ret = types[i].type;
			return LW_OK;
		}
	}
	if (!rc)
		snprintf(call->text, sizeof(call->text), "there is no type of token %.40s; saml2 and jwt are", (const char *)lw_dup(call->arena, name).p);
	return LW_EINVAL;
}

/* KIND:NAME and DNs are looked up here, plain names by keyd. */
static int subject(struct control_call *call, struct keys_token_order *o)
{
	struct lw_bytes name = ctl_arg(call->req, "subject");
	struct store_principal p;
	struct store_txn *txn;
	struct store_dn *dn;
	int rc;

	if (!name.n && !call->cap) {
		snprintf(call->text, sizeof(call->text), "about whom? --subject NAME says it");
		return LW_EINVAL;
	}
	if (!name.n || (!memchr(name.p, ':', name.n) && !memchr(name.p, '=', name.n))) {
		o->subject_name = name;
		return LW_OK;
	}
	rc = control_dn(call, NULL, name, &dn);
	if (!rc)
		rc = store_begin(call->session, STORE_READ, &txn);
	if (rc)
		return rc;
	rc = control_principal(call, txn, dn, &p);
	store_end(txn);
	if (!rc)
		o->subject = p.uuid;
	return rc;
}

static void put(struct control_call *call, const struct keys_token_order *o, const struct keys_issued *t)
{
	char time[LW_TIME_TEXT];
	size_t at = ctl_item_begin(call->out);

	call->out->wipe = true;
	ctl_item_field(call->out, "id", CTL_STRING, false, &t->id, 1);
	if (o->audience.n)
		ctl_item_field(call->out, "audience", CTL_STRING, false, &o->audience, 1);
	lw_time_rfc3339(t->not_before, time);
	ctl_item_string(call->out, "notBefore", time);
	lw_time_rfc3339(t->not_after, time);
	ctl_item_string(call->out, "notAfter", time);
	ctl_item_field(call->out, "token", CTL_STRING, false, &t->token, 1);
	ctl_item_end(call->out, at);
}

int control_token_issue(struct control_call *call)
{
	struct keys_token_order o = { .audience = ctl_arg(call->req, "audience"), .alg = ctl_arg(call->req, "alg") };
	struct lw_bytes life = ctl_arg(call->req, "life"), token = { call->token.b, call->token.n };
	struct keys_issued issued;
	char why[200] = "";
	int rc = type_of(call, &o.type);

	if (!rc && life.n && lw_parse_duration(life, &o.life)) {
		snprintf(call->text, sizeof(call->text), "a life is a number and s, m or h: 10m");
		rc = LW_EINVAL;
	}
	if (!rc)
		rc = subject(call, &o);
	if (rc)
		return rc;
	rc = keys_token_issue(call->keys, token, call->tenant.id, &o, call->arena, &issued, why);
	if (rc == LW_EAGAIN && (rc = upkeep_want(call->store, call->keys, call->tenant.id, o.type == KEYS_SAML2 ? KEYS_SAML : KEYS_JWT)) == LW_OK)
		rc = keys_token_issue(call->keys, token, call->tenant.id, &o, call->arena, &issued, why);
	if (rc)
		snprintf(call->text, sizeof(call->text), "%s", why);
	else
		put(call, &o, &issued);
	return rc;
}
