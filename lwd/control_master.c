/* SPDX-License-Identifier: Apache-2.0 */
/* lwctl key rotate master|tls, and what key list and status say of the installation's own keys. */
#include <stdio.h>

#include "base/err.h"
#include "base/log.h"
#include "ca/ca.h"
#include "lwd/control_kind.h"
#include "lwd/master.h"

#define PATIENCE (6 * LW_SECOND) /* then upkeep goes on with it */
#define MASTER_WAITS "a rotation of the master key goes on in the background"
#define AWAY "waits for the root's key: lwctl ca root import"

static void put_time(struct control_call *call, const char *name, int64_t at)
{
	char text[LW_TIME_TEXT];

	lw_time_rfc3339(at, text);
	ctl_item_string(call->out, name, text);
}

static void put_current(struct control_call *call)
{
	ctl_item_bool(call->out, "current", true);
	ctl_item_string(call->out, "state", "current");
}

static void put_master(struct control_call *call, const struct keys_master_state *s)
{
	size_t at = ctl_item_begin(call->out);

	ctl_item_string(call->out, "name", "master");
	ctl_item_string(call->out, "algorithm", "aes256");
	if (s->since) {
		put_time(call, "created", s->since);
		ctl_item_int(call->out, "ageDays", (lw_wall(call->clock) - s->since) / (86400 * LW_SECOND));
	}
	put_current(call);
	if (s->turning)
		ctl_item_string(call->out, "note", MASTER_WAITS);
	ctl_item_end(call->out, at);
}

int control_master_rotate(struct control_call *call)
{
	struct keys_master_state s = { 0 };
	int rc = control_installation(call);

	if (!rc)
		rc = keys_master_rotate(call->keys, (struct lw_bytes){ call->token.b, call->token.n }, call->text);
	if (!rc)
		rc = master_go(call->store, call->keys, call->clock, lw_mono(call->clock) + PATIENCE, &s, call->text);
	if (!rc)
		put_master(call, &s);
	return rc;
}

static void put_listeners(struct control_call *call, const struct control_listener l[CONTROL_LISTENERS])
{
	for (int i = 0; i < CONTROL_LISTENERS; i++) {
		size_t at = ctl_item_begin(call->out);

		ctl_item_string(call->out, "name", "tls");
		ctl_item_string(call->out, "keyId", l[i].role);
		ctl_item_string(call->out, "algorithm", "p256");
		if (l[i].end)
			put_time(call, "notAfter", l[i].end);
		put_current(call);
		ctl_item_end(call->out, at);
	}
}

int control_tls_rotate(struct control_call *call)
{
	struct control_listener l[CONTROL_LISTENERS] = { { 0 } };
	int rc = control_installation(call);

	if (rc)
		return rc;
	rc = control_listeners(call, true, l);
	if (rc == LW_ETIMEOUT)
		snprintf(call->text, sizeof(call->text), "%s%s%s not renewed yet; it will be when keyd answers", l[0].done ? "" : "directory",
			l[0].done || l[1].done ? "" : " and ", l[1].done ? "" : "web");
	lw_log(rc ? LW_WARN : LW_INFO, "the listeners' keys are rotated", "result", rc ? lw_errname(rc) : "ok", NULL);
	if (!rc)
		put_listeners(call, l);
	return rc;
}

/* Two thirds of its life are over. */
static bool due(struct control_call *call, bool root, int64_t *ret_begin, int64_t *ret_renewal, int64_t *ret_end)
{
	struct lw_bytes pem;

	*ret_begin = *ret_renewal = *ret_end = 0;
	if (keys_ca_pem(call->keys, root, call->arena, &pem))
		return false;
	*ret_begin = ca_issuing.not_before(pem);
	*ret_end = ca_issuing.not_after(pem);
	*ret_renewal = ca_issuing.renew_at(pem);
	return *ret_renewal <= lw_wall(call->clock);
}

static void put_ca(struct control_call *call, bool root, bool root_here)
{
	int64_t begin, renewal, end;
	bool late = due(call, root, &begin, &renewal, &end);
	size_t at = ctl_item_begin(call->out);

	ctl_item_string(call->out, "name", root ? "root" : "installation");
	ctl_item_string(call->out, "algorithm", "p256");
	put_time(call, "created", begin);
	ctl_item_int(call->out, "ageDays", (lw_wall(call->clock) - begin) / (86400 * LW_SECOND));
	put_time(call, "notAfter", end);
	put_current(call);
	put_time(call, "nextRotation", renewal);
	if (root && !root_here)
		ctl_item_string(call->out, "note", "its key is away");
	else if (late && !root_here)
		ctl_item_string(call->out, "note", AWAY);
	ctl_item_end(call->out, at);
}

int control_installation_list(struct control_call *call)
{
	struct control_listener l[CONTROL_LISTENERS];
	struct keys_master_state s;
	char why[200];
	int rc = control_installation(call);

	if (!rc)
		rc = keys_master_state(call->keys, false, &s, why);
	if (rc)
		return rc == LW_EACCES ? LW_OK : rc;
	put_master(call, &s);
	put_ca(call, true, s.root_here);
	put_ca(call, false, s.root_here);
	if (control_listeners(call, false, l) == LW_OK)
		put_listeners(call, l);
	return LW_OK;
}

static void put_wait(struct control_call *call, const char *name, const char *what)
{
	size_t at = ctl_item_begin(call->out);

	ctl_item_string(call->out, "name", name);
	ctl_item_string(call->out, "address", what);
	ctl_item_bool(call->out, "ready", true); /* it serves */
	ctl_item_end(call->out, at);
}

void control_waits(struct control_call *call)
{
	struct keys_master_state s;
	int64_t begin, renewal, end;
	char why[200];

	if (keys_master_state(call->keys, false, &s, why))
		return;
	if (s.turning)
		put_wait(call, "master key", MASTER_WAITS);
	if (!s.root_here && due(call, false, &begin, &renewal, &end))
		put_wait(call, "installation CA", end <= lw_wall(call->clock) ? "has ended; its renewal " AWAY : "its renewal " AWAY);
	if (!s.root_here && due(call, true, &begin, &renewal, &end))
		put_wait(call, "root CA", "its renewal " AWAY);
}
