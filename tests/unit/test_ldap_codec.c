/* SPDX-License-Identifier: Apache-2.0 */
/* Requests written by hand after RFC 4511, appendix B. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <lber.h>

#include "base/err.h"
#include "ldap/msg.h"
#include "tests/unit/ldap_asm.h"

struct t {
	struct lw_arena *arena;
	struct lw_bytes pdu;
	struct ldapd_msg m;
};

static int decode(struct t *t, struct lw_bytes pdu)
{
	if (!t->arena)
		t->arena = lw_arena_new(1 << 24, false);
	free((void *)t->pdu.p);
	lw_arena_reset(t->arena);
	t->pdu = pdu;
	memset(&t->m, 0xee, sizeof t->m);
	return ldapd_decode(t->arena, pdu, &t->m);
}

static void done(struct t *t)
{
	lw_arena_free(t->arena);
	free((void *)t->pdu.p);
}

static void is(struct lw_bytes v, const char *text)
{
	assert_int_equal(v.n, strlen(text));
	assert_memory_equal(v.p ? v.p : (const uint8_t *)"", text, v.n);
}

static void test_bind(void **state)
{
	struct t t = { 0 };

	assert_int_equal(decode(&t, asm_("30 0c 020101 60 07 020103 0400 8000")), LW_OK);
	assert_int_equal(t.m.id, 1);
	assert_int_equal(t.m.tag, LDAPD_BIND);
	assert_int_equal(t.m.bind.version, 3);
	assert_int_equal(t.m.bind.method, LDAPD_SIMPLE);
	is(t.m.bind.name, "");
	is(t.m.bind.password, "");
	assert_int_equal(t.m.ncontrols, 0);
	assert_int_equal(decode(&t, asm_("30( 0204 7fffffff 60( 020103 04('cn=a') 80('pw') ) )")), LW_OK);
	assert_int_equal(t.m.id, INT32_MAX);
	is(t.m.bind.name, "cn=a");
	is(t.m.bind.password, "pw");
	assert_int_equal(decode(&t, asm_("30( 020103 60( 020103 0400 a3( 04('EXTERNAL') ) ) )")), LW_OK);
	assert_int_equal(t.m.bind.method, LDAPD_SASL);
	is(t.m.bind.mech, "EXTERNAL");
	assert_false(t.m.bind.has_creds);
	assert_int_equal(decode(&t, asm_("30( 020103 60( 020103 0400 a3( 04('EXTERNAL') 0400 ) ) )")), LW_OK);
	assert_true(t.m.bind.has_creds);
	assert_int_equal(t.m.bind.creds.n, 0);
	/* another choice of authentication is for the operation to refuse; another tag class is no message */
	assert_int_equal(decode(&t, asm_("30( 020103 60( 020103 0400 89('NTLM') ) )")), LW_OK);
	assert_int_equal(t.m.bind.method, 0x89);
	assert_int_equal(decode(&t, asm_("30( 020103 60( 020103 0400 0400 ) )")), LW_EINVAL);
	assert_int_equal(decode(&t, asm_("30( 020103 60( 020103 0400 ) )")), LW_EINVAL);
	done(&t);
}

static void test_search(void **state)
{
	struct t t = { 0 };
	struct lw_bytes norm;
	struct filter *f;

	/* what ldapsearch -x -b '' -s base sends */
	assert_int_equal(decode(&t, asm_("30 25 020102 63 20 0400 0a0100 0a0100 020100 020100 010100 "
	                                 "870b'objectClass' 3000")),
	        LW_OK);
	assert_int_equal(t.m.search.scope, STORE_BASE);
	assert_int_equal(t.m.search.filter->kind, FILTER_PRESENT);
	assert_int_equal(t.m.search.nattrs, 0);
	assert_false(t.m.search.types_only);

	assert_int_equal(decode(&t, asm_("30( 020102 63( 04('dc=a') 0a0102 0a0103 0202 0400 020109 0101ff"
	                                 " a0( a3(04('cn') 04('Bob')) a2(87('mail')) a1() a5(04('uidNumber') "
	                                 "04('5')) ) 30( 04('cn') 04('+') ) ) )")),
	        LW_OK);
	assert_int_equal(t.m.search.scope, STORE_SUB);
	assert_int_equal(t.m.search.size_limit, 1024);
	assert_int_equal(t.m.search.time_limit, 9);
	assert_true(t.m.search.types_only);
	assert_int_equal(t.m.search.nattrs, 2);
	is(t.m.search.attrs[1], "+");
	f = t.m.search.filter;
	assert_int_equal(f->kind, FILTER_AND);
	f = f->child;
	assert_int_equal(f->kind, FILTER_EQ);
	assert_int_equal(schema_norm(f->attr, NULL, t.arena, LW_LIT(" bOB"), &norm), LW_OK);
	assert_true(lw_eq(f->norm, norm)); /* caseIgnoreMatch, RFC 4517 4.2.11 */
	f = f->next;
	assert_int_equal(f->kind, FILTER_NOT);
	assert_int_equal(f->child->kind, FILTER_PRESENT);
	f = f->next;
	assert_int_equal(f->kind, FILTER_OR);
	assert_null(f->child);
	f = f->next;
	assert_int_equal(f->kind, FILTER_GE);
	assert_null(f->next);

	/* out of range: answered, not disconnected */
	assert_int_equal(
	        decode(&t, asm_("30( 020102 63( 0400 0a0104 0a0100 020100 020100 010100 8701'c' 3000 ) )")),
	        LW_OK);
	assert_int_equal(t.m.refuse, LDAPD_PROTOCOL_ERROR);
	assert_int_equal(
	        decode(&t, asm_("30( 020102 63( 0400 0a0100 0a0104 020100 020100 010100 8701'c' 3000 ) )")),
	        LW_OK);
	assert_int_equal(t.m.refuse, LDAPD_PROTOCOL_ERROR);
	assert_int_equal(
	        decode(&t, asm_("30( 020102 63( 0400 0a0100 0a0100 0201ff 020100 010100 8701'c' 3000 ) )")),
	        LW_OK);
	assert_int_equal(t.m.refuse, LDAPD_PROTOCOL_ERROR);
	/* attribute list that is not of octet strings */
	assert_int_equal(decode(&t, asm_("30( 020102 63( 0400 0a0100 0a0100 020100 020100 010100 8701'c' "
	                                 "30(020101) ) )")),
	        LW_EINVAL);
	done(&t);
}

#define SEARCH(filter) "30( 020102 63( 0400 0a0100 0a0100 020100 020100 010100 " filter " 3000 ) )"

static void test_filters(void **state)
{
	struct t t = { 0 };
	struct filter *f;

	assert_int_equal(decode(&t, asm_(SEARCH("a4( 04('cn') 30( 80('Jo') 81('x') 82('ith') ) )"))), LW_OK);
	f = t.m.search.filter;
	assert_int_equal(f->kind, FILTER_SUBSTR);
	assert_int_equal(f->npieces, 3);
	assert_int_equal(f->pieces[0].kind, SCHEMA_INITIAL);
	assert_int_equal(f->pieces[2].kind, SCHEMA_FINAL);
	/* initial only first, final only last, at least one */
	assert_int_equal(decode(&t, asm_(SEARCH("a4( 04('cn') 30( 81('x') 80('Jo') ) )"))), LW_EINVAL);
	assert_int_equal(decode(&t, asm_(SEARCH("a4( 04('cn') 30( 82('x') 81('Jo') ) )"))), LW_EINVAL);
	assert_int_equal(decode(&t, asm_(SEARCH("a4( 04('cn') 3000 )"))), LW_EINVAL);
	/* cn:dn:caseExactMatch:=x */
	assert_int_equal(
	        decode(&t, asm_(SEARCH("a9( 81('caseExactMatch') 82('cn') 83('x') 8401ff )"))), LW_OK);
	assert_int_equal(t.m.search.filter->kind, FILTER_EXTENSIBLE);
	assert_true(t.m.search.filter->dn_attrs);
	assert_int_equal(decode(&t, asm_(SEARCH("a9( 83('x') )"))), LW_OK);
	assert_int_equal(t.m.refuse, LDAPD_PROTOCOL_ERROR);
	assert_int_equal(decode(&t, asm_(SEARCH("a9( 82('cn') )"))), LW_EINVAL);
	assert_int_equal(decode(&t, asm_(SEARCH("a3( 04('nonesuch') 04('x') )"))), LW_OK);
	assert_int_equal(t.m.search.filter->kind, FILTER_UNDEFINED);
	assert_int_equal(decode(&t, asm_(SEARCH("a2()"))), LW_EINVAL);
	assert_int_equal(decode(&t, asm_(SEARCH("a2( 87('cn') 87('sn') )"))), LW_EINVAL);
	assert_int_equal(decode(&t, asm_(SEARCH("aa( 87('cn') )"))), LW_EINVAL);
	done(&t);
}

static struct lw_bytes nested(unsigned depth)
{
	struct lw_bytes f = asm_("87('cn')"), more;

	while (--depth) {
		more = asm_("a2( %b )", f);
		free((void *)f.p);
		f = more;
	}
	more = asm_(SEARCH("%b"), f);
	free((void *)f.p);
	return more;
}

static void test_filter_limits(void **state)
{
	struct t t = { 0 };
	struct lw_bytes f, all;
	uint8_t leaves[4 * 1100];

	assert_int_equal(decode(&t, nested(FILTER_MAX_DEPTH)), LW_OK);
	assert_int_equal(t.m.refuse, 0);
	assert_int_equal(decode(&t, nested(FILTER_MAX_DEPTH + 1)), LW_OK);
	assert_int_equal(t.m.refuse, LDAPD_ADMIN_LIMIT);
	for (size_t i = 0; i < 1100; i++)
		memcpy(leaves + 4 * i,
		        "\x87\x02"
		        "cn",
		        4);
	f = (struct lw_bytes){ leaves, 4 * (FILTER_MAX_NODES - 1) };
	all = asm_(SEARCH("a1( %b )"), f);
	assert_int_equal(decode(&t, all), LW_OK);
	assert_int_equal(t.m.refuse, 0);
	f.n += 4;
	all = asm_(SEARCH("a1( %b )"), f);
	assert_int_equal(decode(&t, all), LW_OK);
	assert_int_equal(t.m.refuse, LDAPD_ADMIN_LIMIT);
	done(&t);
}

static void test_updates(void **state)
{
	struct t t = { 0 };

	assert_int_equal(decode(&t, asm_("30( 020107 66( 04('cn=a') 30("
	                                 " 30( 0a0100 30( 04('mail') 31( 04('x') 04('y') ) ) )"
	                                 " 30( 0a0101 30( 04('sn') 31() ) )"
	                                 " 30( 0a0102 30( 04('cn;lang-de') 31( 04('z') ) ) )"
	                                 " 30( 0a0103 30( 04('uidNumber') 31( 04('1') ) ) ) ) ) )")),
	        LW_OK);
	assert_int_equal(t.m.modify.n, 4);
	assert_int_equal(t.m.modify.mods[0].kind, STORE_MOD_ADD);
	assert_int_equal(t.m.modify.mods[0].attr.n, 2);
	is(t.m.modify.mods[0].attr.values[1], "y");
	assert_int_equal(t.m.modify.mods[1].kind, STORE_MOD_DELETE);
	assert_int_equal(t.m.modify.mods[1].attr.n, 0);
	assert_int_equal(t.m.modify.mods[2].kind, STORE_MOD_REPLACE);
	is(t.m.modify.mods[2].attr.desc, "cn;lang-de");
	assert_int_equal(t.m.modify.mods[3].kind, STORE_MOD_INCREMENT);
	assert_int_equal(
	        decode(&t, asm_("30( 020107 66( 04('cn=a') 30( 30( 0a0104 30( 04('sn') 31() ) ) ) ) )")),
	        LW_OK);
	assert_int_equal(t.m.refuse, LDAPD_PROTOCOL_ERROR);

	assert_int_equal(decode(&t, asm_("30( 020107 68( 04('cn=a') 30( 30( 04('cn') 31( 04('a') ) ) 30( "
	                                 "04('sn') 31( 04('b') ) ) ) ) )")),
	        LW_OK);
	assert_int_equal(t.m.add.n, 2);
	is(t.m.add.attrs[1].values[0], "b");
	assert_int_equal(decode(&t, asm_("30( 020107 68( 04('cn=a') 30( 30( 04('cn') 31() ) ) ) )")), LW_OK);
	assert_int_equal(t.m.refuse, LDAPD_PROTOCOL_ERROR);

	assert_int_equal(decode(&t, asm_("30( 020107 4a('cn=a') )")), LW_OK);
	is(t.m.delete_dn, "cn=a");
	assert_int_equal(decode(&t, asm_("30( 020107 6c( 04('cn=a') 04('cn=b') 0101ff ) )")), LW_OK);
	assert_true(t.m.moddn.delete_old);
	assert_false(t.m.moddn.has_superior);
	assert_int_equal(
	        decode(&t, asm_("30( 020107 6c( 04('cn=a') 04('cn=b') 010100 80('dc=c') ) )")), LW_OK);
	assert_false(t.m.moddn.delete_old);
	is(t.m.moddn.new_superior, "dc=c");
	assert_int_equal(decode(&t, asm_("30( 020107 6e( 04('cn=a') 30( 04('sn') 04('v') ) ) )")), LW_OK);
	is(t.m.compare.desc, "sn");
	is(t.m.compare.value, "v");
	done(&t);
}

static void test_others(void **state)
{
	struct t t = { 0 };

	assert_int_equal(decode(&t, asm_("30 05 020102 4200")), LW_OK);
	assert_int_equal(t.m.tag, LDAPD_UNBIND);
	assert_int_equal(decode(&t, asm_("30 06 020102 500105")), LW_OK);
	assert_int_equal(t.m.abandon, 5);
	assert_int_equal(decode(&t, asm_("30( 020102 77( 80('1.3.6.1.4.1.4203.1.11.3') ) )")), LW_OK);
	is(t.m.extended.oid, "1.3.6.1.4.1.4203.1.11.3");
	assert_false(t.m.extended.has_value);
	assert_int_equal(decode(&t, asm_("30( 020102 77( 80('1.2') 81('v') ) )")), LW_OK);
	is(t.m.extended.value, "v");
	done(&t);
}

static void test_controls(void **state)
{
	struct t t = { 0 };

	assert_int_equal(decode(&t, asm_("30( 020102 4200 a0( 30( 04('1.1') ) 30( 04('1.2') 0101ff ) 30( "
	                                 "04('1.3') 0401'v' ) 30( 04('1.4') 010100 0400 ) ) )")),
	        LW_OK);
	assert_int_equal(t.m.ncontrols, 4);
	assert_false(t.m.controls[0].critical);
	assert_false(t.m.controls[0].has_value);
	assert_true(t.m.controls[1].critical);
	assert_false(t.m.controls[2].critical);
	is(t.m.controls[2].value, "v");
	assert_true(t.m.controls[3].has_value);
	assert_int_equal(decode(&t, asm_("30( 020102 4200 a0( 0400 ) )")), LW_EINVAL);
	done(&t);
}

static void test_envelope(void **state)
{
	static const char *const bad[] = {
		"30 05 020100 4200",          /* id 0 is for unsolicited notifications */
		"30 05 0201ff 4200",          /* negative */
		"30( 0205 0100000000 4200 )", /* above 2^31 - 1 */
		"30 05 020101 4200 00",       /* octets behind */
		"30 06 020101 4200",          /* shorter than it says */
		"30 80 020101 4200 0000",     /* indefinite, RFC 4511 5.1 */
		"31 05 020101 4200",
		"30 05 0a0101 4200",
		"30( 020101 61( 0a0100 0400 0400 ) )", /* an answer */
		"30( 020101 7f00 )",
		"30( 020101 )",
		"3000",
		"30",
		"",
		"30( 020101 420101 )", /* unbind is NULL */
		"30( 020101 4201 )",
		"30( 020101 63( 0400 0a0100 ) )",
	};
	struct t t = { 0 };

	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		if (decode(&t, asm_(bad[i])) != LW_EINVAL)
			fail_msg("accepted: %s", bad[i]);
	/* longer lengths than needed are BER all the same (Java and Active Directory clients send them) */
	assert_int_equal(decode(&t, asm_("30 84 00000009 020101 42 84 00000000")), LW_OK);
	/* unknown elements at the end of a sequence: the module is EXTENSIBILITY IMPLIED */
	assert_int_equal(decode(&t, asm_("30( 020102 60( 020103 0400 8000 9f00 ) )")),
	        LW_EINVAL); /* not even a TLV to us */
	assert_int_equal(decode(&t, asm_("30( 020102 60( 020103 0400 8000 8b('new') ) 8b('new') )")), LW_OK);
	assert_int_equal(decode(&t, asm_("30( 020102 60( 020103 0400 8000 8b 05 ) )")), LW_EINVAL);
	done(&t);
}

/* Every truncation of a good message is refused. */
static void test_truncated(void **state)
{
	struct lw_bytes whole = asm_("30( 020102 63( 04('dc=a') 0a0102 0a0103 020100 020109 0101ff"
	                             " a0( a3(04('cn') 04('Bob')) a4( 04('cn') 30( 80('Jo') ) ) a9( 82('cn') "
	                             "83('x') ) ) 30( 04('cn') ) ) a0( 30( 04('1.1') ) ) )");
	struct t t = { 0 };

	for (size_t n = 0; n < whole.n; n++) {
		uint8_t *part = malloc(n + 1);

		memcpy(part, whole.p, n);
		if (n > 1 && n < 130)
			part[1] = (uint8_t)(n - 2);
		if (decode(&t, (struct lw_bytes){ part, n }) == LW_OK)
			assert_true(n >= whole.n - 12); /* only the controls are optional */
	}
	assert_int_equal(decode(&t, whole), LW_OK);
	done(&t);
}

/* ---- answers: by hand, and read back by liblber ---- */

static void test_answers(void **state)
{
	struct ldapd_result res = {
		.code = LDAPD_NO_SUCH_OBJECT, .matched = LW_LIT("dc=a"), .text = LW_LIT("t")
	};
	struct lw_bytes want;
	struct lw_writer w;

	lw_writer_init(&w, 4096);
	ldapd_put_result(&w, 5, LDAPD_SEARCH_DONE, &res);
	want = asm_("30( 020105 65( 0a0120 04('dc=a') 04('t') ) )");
	assert_int_equal(w.n, want.n);
	assert_memory_equal(w.p, want.p, want.n);
	free((void *)want.p);

	lw_writer_reset(&w);
	res = (struct ldapd_result){ .sasl = LW_LIT("s"),
		.controls = LW_LIT("\x30\x05\x04\x03"
		                   "1.2") };
	ldapd_put_result(&w, 0x1234567, LDAPD_BIND_ANSWER, &res);
	want = asm_("30( 020401234567 61( 0a0100 0400 0400 87('s') ) a0( 30( 04('1.2') ) ) )");
	assert_int_equal(w.n, want.n);
	assert_memory_equal(w.p, want.p, want.n);
	free((void *)want.p);

	lw_writer_reset(&w);
	ldapd_put_notice(&w, LDAPD_UNAVAILABLE, "bye");
	want = asm_("30( 020100 78( 0a0134 0400 04('bye') 8a('1.3.6.1.4.1.1466.20036') ) )");
	assert_int_equal(w.n, want.n);
	assert_memory_equal(w.p, want.p, want.n);
	free((void *)want.p);
	lw_writer_done(&w);
}

static void test_answer_lber(void **state)
{
	static char text[300];
	struct ldapd_result res = { .code = LDAPD_OTHER, .oid = LW_LIT("1.2.3"), .value = LW_LIT("value") };
	static const int32_t ids[] = { 0, 127, 128, 255, 32767, 32768, 8388607, 8388608, INT32_MAX };
	struct berval bv, matched, diag, oid, value;
	struct lw_writer w;
	BerElement *ber;
	ber_int_t id, code;

	memset(text, 'x', sizeof text - 1);
	res.text = lw_str(text);
	lw_writer_init(&w, 4096);
	for (size_t i = 0; i < sizeof ids / sizeof *ids; i++) {
		lw_writer_reset(&w);
		ldapd_put_result(&w, ids[i], LDAPD_EXTENDED_ANSWER, &res);
		bv = (struct berval){ w.n, (char *)w.p };
		ber = ber_init(&bv);
		assert_non_null(ber);
		assert_int_not_equal(ber_scanf(ber, "{it{emmt", &id, &(ber_tag_t){ 0 }, &code, &matched,
		                             &diag, &(ber_tag_t){ 0 }),
		        LBER_ERROR);
		assert_int_not_equal(ber_scanf(ber, "mm}}", &oid, &value), LBER_ERROR);
		assert_int_equal(id, ids[i]);
		assert_int_equal(code, 80);
		assert_int_equal(diag.bv_len, sizeof text - 1);
		assert_int_equal(oid.bv_len, 5);
		assert_memory_equal(value.bv_val, "value", 5);
		ber_free(ber, 1);
	}
	lw_writer_done(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bind),
		cmocka_unit_test(test_search),
		cmocka_unit_test(test_filters),
		cmocka_unit_test(test_filter_limits),
		cmocka_unit_test(test_updates),
		cmocka_unit_test(test_others),
		cmocka_unit_test(test_controls),
		cmocka_unit_test(test_envelope),
		cmocka_unit_test(test_truncated),
		cmocka_unit_test(test_answers),
		cmocka_unit_test(test_answer_lber),
	};

	schema_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
