/* SPDX-License-Identifier: Apache-2.0 */
/* lwctl audit. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "base/text.h"
#include "lwd/control_kind.h"
#include "store/audit.h"

/* ---- tail: a place is the next number of each chain, in the order of roles ---- */

static void put_place(const struct store_audit_place *p, char ret[120])
{
	size_t n = 0;

	for (unsigned i = 0; i < STORE_AUDIT_CHAINS; i++)
		n += (size_t)snprintf(ret + n, 120 - n, "%s%" PRIu64, i ? "." : "", p->next[i]);
}

static int get_place(struct lw_bytes said, struct store_audit_place *ret)
{
	struct store_audit_place p = { 0 };
	size_t at = 0;

	for (unsigned i = 0; i < STORE_AUDIT_CHAINS; i++) {
		const uint8_t *dot = at < said.n ? memchr(said.p + at, '.', said.n - at) : NULL;
		size_t end = dot ? (size_t)(dot - said.p) : said.n;

		if (!dot != (i + 1 == STORE_AUDIT_CHAINS) || at > said.n ||
			lw_parse_u64((struct lw_bytes){ said.p + at, end - at }, INT64_MAX, &p.next[i]) != LW_OK)
			return LW_EINVAL;
		at = end + 1;
	}
	*ret = p;
	return LW_OK;
}

int control_audit_tail(struct control_call *call)
{
	struct lw_bytes after = ctl_arg(call->req, "after"), *lines;
	struct store_audit_place p = { 0 };
	size_t limit, n = 0;
	char text[120];
	int rc = control_page_limit(call, &limit);

	if (!rc && after.n && (rc = get_place(after, &p)) != 0)
		snprintf(call->text, sizeof(call->text), "\"after\" is not a place of this list; begin it again");
	if (!rc && !after.n)
		rc = store_audit_last(call->session, limit, &p);
	if (!rc && !after.n) /* the last of each chain; of all of them together, the last */
		rc = store_audit_tail(call->session, call->arena, &p, STORE_AUDIT_CHAINS * limit, &lines, &n);
	else if (!rc)
		rc = store_audit_tail(call->session, call->arena, &p, limit, &lines, &n);
	if (rc)
		return rc;
	put_place(&p, text);
	for (size_t i = n > limit ? n - limit : 0; i < n; i++) {
		size_t at = ctl_item_begin(call->out);

		ctl_item_field(call->out, "record", CTL_STRING, false, &lines[i], 1);
		ctl_item_string(call->out, "place", text); /* behind the whole answer */
		ctl_item_end(call->out, at);
	}
	if (call->cap && after.n && n == limit) {
		call->more = true;
		snprintf(call->text, sizeof(call->text), "%s", text);
	}
	return LW_OK;
}

/* ---- verify ---- */

static const char *const states[KEYS_AUDIT_STATES] = {
	[KEYS_AUDIT_OK] = "ok", [KEYS_AUDIT_BAD_MAC] = "forged: its end is not MACed by keyd", [KEYS_AUDIT_BROKEN] = "altered since keyd MACed it",
	[KEYS_AUDIT_BAD_GONE] = "forged: what was removed is not MACed by keyd", [KEYS_AUDIT_KEPT] = "kept",
	[KEYS_AUDIT_BACK] = "truncated: keyd has MACed more than there is", [KEYS_AUDIT_GONE] = "keyd cannot read it now",
};

static void put_report(struct control_call *call, const struct keys_audit_chain *c, const struct store_audit_report *r)
{
	size_t at = ctl_item_begin(call->out);
	char hash[65], text[120];

	lw_hex((struct lw_bytes){ r->head.end.hash, 32 }, hash);
	ctl_item_string(call->out, "name", lw_audit_role_name(c->role));
	ctl_item_bool(call->out, "good", !r->bad && c->state == KEYS_AUDIT_OK);
	ctl_item_int(call->out, "first", (int64_t)r->head.gone.seq + 1);
	ctl_item_int(call->out, "last", (int64_t)r->head.end.seq);
	ctl_item_int(call->out, "maced", (int64_t)r->head.maced.seq);
	ctl_item_string(call->out, "hash", hash);
	ctl_item_string(call->out, "since", r->since);
	ctl_item_int(call->out, "trimmed", (int64_t)r->head.gone.seq);
	if (r->bad)
		snprintf(text, sizeof(text), "record %" PRIu64 ": %s", r->bad, r->why);
	else
		snprintf(text, sizeof(text), "%s", states[c->state]);
	ctl_item_string(call->out, "state", text);
	ctl_item_end(call->out, at);
}

/* Hashes and links here; whether the ends are as keyd MACed them, and whether it has MACed more, keyd says. */
int control_audit_verify(struct control_call *call)
{
	struct store_audit_report reports[STORE_AUDIT_CHAINS];
	struct keys_audit_chain chains[STORE_AUDIT_CHAINS];
	size_t n = 0;
	int rc;

	for (unsigned role = 0; role < STORE_AUDIT_CHAINS; role++) {
		rc = store_audit_verify(call->session, (enum lw_role_id)role, &reports[n]);
		if (rc == LW_ENOTFOUND)
			continue;
		if (rc)
			return rc;
		chains[n++] = (struct keys_audit_chain){ .tenant = call->tenant.id, .role = (enum lw_role_id)role };
	}
	rc = keys_audit_mac(call->keys, chains, n);
	for (size_t i = 0; !rc && i < n; i++)
		put_report(call, &chains[i], &reports[i]);
	return rc;
}
