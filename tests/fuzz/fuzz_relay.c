/* SPDX-License-Identifier: Apache-2.0 */
/* What kdc and directory say to each other: whatever decodes is within its bounds and encodes to the same octets. First octet: whose
 * answer it is, or 0 for a request. */
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "lwd/relay.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool ok)
{
	if (!ok)
		abort();
}

static void request(struct lw_bytes in)
{
	struct lw_arena *arena = lw_arena_new(1 << 16, false);
	struct relay_request q;
	struct lw_writer w;

	if (relay_request_get(in, arena, &q) == LW_OK) {
		must(q.op >= RELAY_PING && q.op < RELAY_OP_COUNT);
		must(q.secret.token.n <= LW_CAP_MAX && q.secret.nitems <= RELAY_MAX_ITEMS);
		for (size_t i = 0; i < q.secret.nitems; i++)
			must(q.secret.items[i].sealed.n <= RELAY_MAX_SEALED);
		must(q.accept.token.n <= RELAY_MAX_GSS && q.accept.bindings.n <= RELAY_MAX_BINDINGS && q.accept.tenant.n <= RELAY_MAX_TENANT);
		must((q.op == RELAY_ACCEPT) == (q.accept.service != NULL));
		if (q.op == RELAY_ACCEPT)
			must(strlen(q.accept.service) > 0 && strlen(q.accept.service) <= RELAY_MAX_SERVICE && q.accept.role < LW_ROLE_COUNT);
		must(q.control.token.n <= LW_CAP_MAX && q.control.request.n <= RELAY_MAX_CONTROL);
		must((q.op == RELAY_CONTROL) == (q.control.addr != NULL));
		must(q.op != RELAY_CONTROL || strlen(q.control.addr) <= RELAY_MAX_ADDR);
		must(q.want.tenant.n <= RELAY_MAX_TENANT && (q.op == RELAY_WANT) == (q.want.kind != 0) && q.want.kind < KEYS_KIND_COUNT);
		must(q.audit.n <= RELAY_MAX_AUDIT);
		lw_writer_init(&w, RELAY_MAX_CONTROL + RELAY_MAX);
		relay_request_put(&w, &q);
		must(w.err == LW_OK && lw_eq(lw_written(&w), in));
		lw_writer_done(&w);
	}
	lw_arena_free(arena);
}

static void answer(enum relay_op op, struct lw_bytes in)
{
	struct relay_answer a;
	struct lw_writer w;

	if (relay_answer_get(in, op, &a) != LW_OK)
		return;
	must(a.err >= 0 && a.err < LW_ERR_COUNT && strlen(a.text) <= RELAY_MAX_TEXT);
	must(a.accepted.token.n <= RELAY_MAX_GSS && a.accepted.context.n <= RELAY_MAX_GSS && a.accepted.cap.n <= LW_CAP_MAX);
	must(a.control.n <= RELAY_MAX_ANSWER && (a.err == LW_OK || a.control.n == 0));
	lw_writer_init(&w, RELAY_MAX_ANSWER + RELAY_MAX);
	relay_answer_put(&w, op, &a);
	must(w.err == LW_OK && lw_eq(lw_written(&w), in));
	lw_writer_done(&w);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct lw_bytes in = { data + 1, size - 1 };

	if (size == 0)
		return 0;
	if (data[0] == 0)
		request(in);
	else
		answer((enum relay_op)(1 + data[0] % (RELAY_OP_COUNT - 1)), in);
	return 0;
}
