/* SPDX-License-Identifier: Apache-2.0 */
/* RFC 4178, octets written by hand. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "base/err.h"
#include "kdc/spnego.h"

#define KRB5    "\x06\x09\x2a\x86\x48\x86\xf7\x12\x01\x02\x02"
#define WINDOWS "\x06\x09\x2a\x86\x48\x82\xf7\x12\x01\x02\x02"
#define NTLM    "\x06\x0a\x2b\x06\x01\x04\x01\x82\x37\x02\x02\x0a"
#define SPNEGO  "\x06\x06\x2b\x06\x01\x05\x05\x02"
#define B(text) { (const uint8_t *)(text), sizeof(text) - 1 }

static void first_tokens(void **state)
{
	static const struct {
		struct lw_bytes in;
		int err;
		const char *mech;
	} rows[] = {
		/* mechTypes { krb5 }, mechToken "abc" */
		{ B("\x60\x22" SPNEGO "\xa0\x18\x30\x16\xa0\x0d\x30\x0b" KRB5 "\xa2\x05\x04\x03" "abc"), LW_OK, KRB5 },
		/* Windows: its own name for Kerberos first, then Kerberos and NTLM */
		{ B("\x60\x39" SPNEGO "\xa0\x2f\x30\x2d\xa0\x24\x30\x22" WINDOWS KRB5 NTLM "\xa2\x05\x04\x03" "abc"), LW_OK, WINDOWS },
		/* reqFlags and mechListMIC */
		{ B("\x60\x2f" SPNEGO "\xa0\x25\x30\x23\xa0\x0d\x30\x0b" KRB5 "\xa1\x04\x03\x02\x05\xa0" "\xa2\x05\x04\x03" "abc" "\xa3\x05\x04\x03" "mic"), LW_OK, KRB5 },
		/* NTLM is preferred */
		{ B("\x60\x2e" SPNEGO "\xa0\x24\x30\x22\xa0\x19\x30\x17" NTLM KRB5 "\xa2\x05\x04\x03" "abc"), LW_EUNSUPPORTED, NULL },
		/* no mechToken; an empty one */
		{ B("\x60\x1b" SPNEGO "\xa0\x11\x30\x0f\xa0\x0d\x30\x0b" KRB5), LW_EUNSUPPORTED, NULL },
		{ B("\x60\x1f" SPNEGO "\xa0\x15\x30\x13\xa0\x0d\x30\x0b" KRB5 "\xa2\x02\x04\x00"), LW_EUNSUPPORTED, NULL },
		/* no mechTypes, an empty list of them */
		{ B("\x60\x13" SPNEGO "\xa0\x09\x30\x07" "\xa2\x05\x04\x03" "abc"), LW_EINVAL, NULL },
		{ B("\x60\x17" SPNEGO "\xa0\x0d\x30\x0b" "\xa0\x02\x30\x00" "\xa2\x05\x04\x03" "abc"), LW_EINVAL, NULL },
		/* fields in another order, twice; octets after the frame, after the choice, after the sequence's fields */
		{ B("\x60\x22" SPNEGO "\xa0\x18\x30\x16\xa2\x05\x04\x03" "abc" "\xa0\x0d\x30\x0b" KRB5), LW_EINVAL, NULL },
		{ B("\x60\x29" SPNEGO "\xa0\x1f\x30\x1d\xa0\x0d\x30\x0b" KRB5 "\xa2\x05\x04\x03" "abc" "\xa2\x05\x04\x03" "abc"), LW_EINVAL, NULL },
		{ B("\x60\x22" SPNEGO "\xa0\x18\x30\x16\xa0\x0d\x30\x0b" KRB5 "\xa2\x05\x04\x03" "abc" "\0"), LW_EINVAL, NULL },
		{ B("\x60\x23" SPNEGO "\xa0\x18\x30\x16\xa0\x0d\x30\x0b" KRB5 "\xa2\x05\x04\x03" "abc" "\0"), LW_EINVAL, NULL },
		{ B("\x60\x23" SPNEGO "\xa0\x19\x30\x16\xa0\x0d\x30\x0b" KRB5 "\xa2\x05\x04\x03" "abc" "\0"), LW_EINVAL, NULL },
		/* NegTokenResp */
		{ B("\xa1\x07\x30\x05\xa0\x03\x0a\x01\0"), LW_ENOTFOUND, NULL },
		/* Kerberos itself; NTLM's own; nothing */
		{ B("\x60\x0f" KRB5 "\x01\0" "ap"), LW_ENOTFOUND, NULL },
		{ B("NTLMSSP"), LW_ENOTFOUND, NULL },
		{ B(""), LW_ENOTFOUND, NULL },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct kdc_spnego sp = { 0 };

		assert_int_equal(kdc_spnego_get(rows[i].in, &sp), rows[i].err);
		assert_int_equal(sp.mech.p != NULL, rows[i].err == LW_OK); /* untouched on failure */
		if (rows[i].err != LW_OK)
			continue;
		assert_true(lw_eq(sp.mech, (struct lw_bytes){ (const uint8_t *)rows[i].mech + 2, 9 }));
		assert_true(lw_eq(sp.token, LW_LIT("abc")));
		for (size_t n = 0; n < rows[i].in.n; n++)
			assert_int_not_equal(kdc_spnego_get((struct lw_bytes){ rows[i].in.p, n }, &sp), LW_OK);
	}
}

static void answers(void **state)
{
	struct lw_arena *arena = lw_arena_new(1 << 16, false);
	struct lw_bytes mech = { (const uint8_t *)KRB5 + 2, 9 }, none = { NULL, 0 }, got;

	assert_int_equal(kdc_spnego_put(arena, KDC_SPNEGO_COMPLETED, mech, LW_LIT("rep"), &got), LW_OK);
	assert_true(lw_eq(got, (struct lw_bytes)B("\xa1\x1b\x30\x19\xa0\x03\x0a\x01\0\xa1\x0b" KRB5 "\xa2\x05\x04\x03" "rep")));
	assert_int_equal(kdc_spnego_put(arena, KDC_SPNEGO_COMPLETED, mech, none, &got), LW_OK);
	assert_true(lw_eq(got, (struct lw_bytes)B("\xa1\x14\x30\x12\xa0\x03\x0a\x01\0\xa1\x0b" KRB5)));
	assert_int_equal(kdc_spnego_put(arena, KDC_SPNEGO_REJECT, none, none, &got), LW_OK);
	assert_true(lw_eq(got, (struct lw_bytes)B("\xa1\x07\x30\x05\xa0\x03\x0a\x01\x02")));
	lw_arena_free(arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(first_tokens), cmocka_unit_test(answers) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
