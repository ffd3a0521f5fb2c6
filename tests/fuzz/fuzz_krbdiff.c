/* SPDX-License-Identifier: Apache-2.0 */
/* The first octet chooses a message; what we accept of the rest, libkrb5 must accept too, and both write the same again.
 * (libkrb5 accepts more.) What its structs can't hold: tests/unit/krb_view.c. */
#include <stdlib.h>
#include <string.h>

#include "tests/unit/krb_oracle.h"

#define CHECK(x) \
	do { \
		if (!(x)) \
			abort(); \
	} while (0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t buf[KRB_MAX_MESSAGE + 1];
	static struct lw_arena *arena;
	const struct krb_coder *c;
	struct lw_der_writer w;
	enum krb_view view;
	krb5_data in, *theirs;
	union krb_any u;
	void *decoded;
	int err;

	if (!size)
		return 0;
	if (!arena)
		arena = lw_arena_new(64u << 20, false);
	lw_arena_reset(arena);
	c = &krb_coders[data[0] % KRB_CODERS];
	in = (krb5_data){ .length = (unsigned)(size - 1), .data = (char *)data + 1 };
	if (c->get((struct lw_bytes){ data + 1, size - 1 }, &u))
		return 0;
	view = c->view(arena, &u);
	err = c->decode(&in, &decoded);
	CHECK(!err || view == VIEW_REFUSED);
	if (err)
		return 0;
	if (view == VIEW_SAME) {
		CHECK(!c->encode(decoded, &theirs));
		lw_der_writer_init(&w, buf, sizeof buf);
		c->put(&w, &u);
		CHECK(!w.err);
		CHECK(lw_eq(lw_der_written(&w), (struct lw_bytes){ (uint8_t *)theirs->data, theirs->length }));
		krb5_free_data(NULL, theirs);
	}
	c->free(NULL, decoded);
	return 0;
}
