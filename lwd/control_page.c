/* SPDX-License-Identifier: Apache-2.0 */
/* Lists in pages, and who is asking. */
#include <stdio.h>
#include <string.h>

#include "base/crypto.h"
#include "base/err.h"
#include "base/text.h"
#include "lwd/control_kind.h"

#define PAGE_DEFAULT 100
#define PLACE        8
#define SEALED       (PLACE + LW_AEAD_OVERHEAD)

int control_page_limit(struct control_call *call, size_t *ret)
{
	struct lw_bytes said = ctl_arg(call->req, "limit");
	uint64_t n = PAGE_DEFAULT;

	if (said.n && (lw_parse_u64(said, CONTROL_PAGE_MAX, &n) != LW_OK || n == 0)) {
		snprintf(call->text, sizeof(call->text), "limit is a number from 1 to %d", CONTROL_PAGE_MAX);
		return LW_EINVAL;
	}
	*ret = (size_t)n;
	return LW_OK;
}

/* ---- places: an entry's number would tell how many there are, so it is sealed ---- */

static size_t bound_to(struct control_call *call, const char *kind, uint8_t ret[64])
{
	size_t n = strlen(kind);

	memcpy(ret, call->tenant.uuid.b, 16);
	memcpy(ret + 16, call->cap->subject.b, 16);
	memcpy(ret + 32, kind, n < 32 ? n : 32);
	return 32 + (n < 32 ? n : 32);
}

void control_place_put(struct control_call *call, const char *kind, uint64_t place)
{
	uint8_t ad[64], plain[PLACE], sealed[SEALED];
	char *text;

	for (int i = 0; i < PLACE; i++)
		plain[i] = (uint8_t)(place >> (56 - 8 * i));
	if (lw_seal(call->page_key, (struct lw_bytes){ ad, bound_to(call, kind, ad) }, (struct lw_bytes){ plain, PLACE }, sealed) != LW_OK)
		return;
	text = lw_base64url(call->arena, (struct lw_bytes){ sealed, SEALED });
	if (text)
		snprintf(call->text, sizeof(call->text), "%s", text);
}

int control_place_get(struct control_call *call, const char *kind, uint64_t *ret)
{
	struct lw_bytes said = ctl_arg(call->req, "after"), sealed;
	uint8_t ad[64], plain[PLACE];
	uint64_t place = 0;

	if (!said.n) {
		*ret = 0;
		return LW_OK;
	}
	if (lw_unbase64url(call->arena, said, &sealed) != LW_OK || sealed.n != SEALED ||
		lw_open(call->page_key, (struct lw_bytes){ ad, bound_to(call, kind, ad) }, sealed, plain) != LW_OK) {
		snprintf(call->text, sizeof(call->text), "\"after\" is not a place of this list; begin it again");
		return LW_EINVAL;
	}
	for (int i = 0; i < PLACE; i++)
		place = place << 8 | plain[i];
	*ret = place;
	return LW_OK;
}

/* ---- whoami ---- */

static void put_methods(struct lw_writer *out, uint32_t methods)
{
	static const struct {
		enum lw_cap_method bit;
		const char *name;
	} rows[] = { { LW_CAP_PASSWORD, "password" }, { LW_CAP_KERBEROS, "kerberos" }, { LW_CAP_CERT, "certificate" }, { LW_CAP_OTP, "otp" },
		{ LW_CAP_TOKEN, "token" } };
	struct lw_bytes names[5];
	size_t n = 0;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (methods & rows[i].bit)
			names[n++] = lw_str(rows[i].name);
	ctl_item_field(out, "methods", CTL_STRING, true, names, n);
}

/* One's own name is no secret to oneself, whatever the rules say about reading. */
static int own_entry(struct control_call *call, struct store_principal *ret)
{
	struct lw_session *session;
	struct store_txn *txn;
	int rc = store_session_role(call->store, call->tenant.id, STORE_ROLE_AUTH, &session);

	if (rc)
		return rc;
	if ((rc = store_begin(session, STORE_READ, &txn)) == LW_OK) {
		rc = store_principal_uuid(txn, &call->cap->subject, ret);
		store_end(txn);
	}
	store_session_free(session);
	return rc;
}

int control_whoami(struct control_call *call)
{
	char id[LW_UUID_TEXT], when[LW_TIME_TEXT], until[LW_TIME_TEXT];
	struct store_principal who = { 0 };
	size_t at;
	int rc;

	if (call->cap && (rc = own_entry(call, &who)) != 0)
		return rc;
	at = ctl_item_begin(call->out);
	if (!call->cap) {
		ctl_item_string(call->out, "name", "operator");
		ctl_item_end(call->out, at);
		return LW_OK;
	}
	lw_uuid_format(&who.uuid, id);
	lw_time_rfc3339(call->cap->auth_time, when);
	lw_time_rfc3339(call->cap->expiry, until);
	ctl_item_string(call->out, "id", id);
	ctl_item_string(call->out, "name", who.name);
	ctl_item_string(call->out, "principal", who.krb_name);
	ctl_item_string(call->out, "tenant", call->tenant.name);
	put_methods(call->out, call->cap->methods);
	ctl_item_string(call->out, "authenticated", when);
	ctl_item_string(call->out, "expires", until);
	ctl_item_end(call->out, at);
	return LW_OK;
}
