/* SPDX-License-Identifier: Apache-2.0 */
/* Messages of Kerberos written by hand after RFC 4120: what they say, and what is refused and why. */
#include "tests/unit/unit.h"

#include "base/err.h"
#include "kdc/msg.h"
#include "tests/unit/ldap_asm.h"

#define OPTS        "a0( 0305 00 50800010 )"
#define CNAME       "a1( 30( a0(020101) a1( 30( 1b('alice') ) ) ) )"
#define REALM       "a2( 1b('ACME.EXAMPLE') )"
#define SNAME       "a3( 30( a0(020102) a1( 30( 1b('krbtgt') 1b('ACME.EXAMPLE') ) ) ) )"
#define TILL        "a5( 18('20370913024805Z') )"
#define NONCE       "a7( 0204 7fffffff )"
#define ETYPES      "a8( 30( 020114 020113 ) )"
#define BODY        OPTS CNAME REALM SNAME TILL NONCE ETYPES
#define REQ(body)   "6a( 30( a1(020105) a2(02010a) a4( 30(" body ") ) ) )"
#define PADATA(x)   "6a( 30( a1(020105) a2(02010a) a3( 30(" x ") ) a4( 30(" BODY ") ) ) )"
#define NAME(parts) "a1( 30( a0(020101) a1( 30(" parts ") ) ) )"
#define ENC         "30( a0(020112) a1(020101) a2(04 03 010203) )"
#define TKT         "61( 30( a0(020105) a1( 1b('R') ) a2( 30( a0(020101) a1( 30( 1b('s') ) ) ) ) a3(" ENC ") ) )"
#define TS(time)    "30( a0( 18('" time "') ) )"
#define AD1         "30( a0(020101) a1(0400) )"
#define AUTH(x)     "62( 30( a0(020105) a1( 1b('R') ) a2( 30( a0(020101) a1( 30( 1b('c') ) ) ) )" x ") )"
#define CTIME       "a4(020100) a5( 18('20261123000000Z') )"

enum what { REQUEST, ENCRYPTED, STAMP, AP, AUTHENTICATOR, TICKET, AUTHZ, INFO2, ERROR, CHPW, REPLY };

static int get(enum what what, struct lw_bytes in)
{
	union {
		struct krb_kdc_req req;
		struct krb_kdc_rep rep;
		struct krb_enc enc;
		struct krb_pa_enc_ts ts;
		struct krb_ap_req ap;
		struct krb_authenticator auth;
		struct krb_ticket ticket;
		struct krb_typed_list list;
		struct krb_etype_info2 info;
		struct krb_error error;
		struct krb_chpw_data chpw;
	} u;

	switch (what) {
	case REQUEST:
		return krb_get_kdc_req(in, &u.req);
	case ENCRYPTED:
		return krb_get_enc(in, &u.enc);
	case STAMP:
		return krb_get_pa_enc_ts(in, &u.ts);
	case AP:
		return krb_get_ap_req(in, &u.ap);
	case AUTHENTICATOR:
		return krb_get_authenticator(in, &u.auth);
	case TICKET:
		return krb_get_ticket(in, &u.ticket);
	case AUTHZ:
		return krb_get_authz(in, &u.list);
	case INFO2:
		return krb_get_etype_info2(in, &u.info);
	case ERROR:
		return krb_get_error(in, &u.error);
	case CHPW:
		return krb_get_chpw_data(in, &u.chpw);
	case REPLY:
		return krb_get_kdc_rep(in, &u.rep);
	}
	return -1;
}

static const struct { const char *name; enum what what; const char *text; int err; } rows[] = {
	{ "a request", REQUEST, REQ(BODY), LW_OK },
	{ "nothing", REQUEST, "", LW_EINVAL },
	{ "one octet", REQUEST, "6a", LW_EINVAL },
	{ "an empty message", REQUEST, "6a()", LW_EINVAL },
	{ "an empty sequence", REQUEST, "6a( 30() )", LW_EINVAL },
	{ "another application", REQUEST, "6b( 30( a1(020105) a2(02010a) a4( 30(" BODY ") ) ) )", LW_EINVAL },
	{ "a TGS-REQ that says AS-REQ", REQUEST, "6c( 30( a1(020105) a2(02010a) a4( 30(" BODY ") ) ) )", LW_EVERSION },
	{ "an AS-REQ that says TGS-REQ", REQUEST, "6a( 30( a1(020105) a2(02010c) a4( 30(" BODY ") ) ) )", LW_EVERSION },
	{ "Kerberos 4", REQUEST, "6a( 30( a1(020104) a2(02010a) a4( 30(" BODY ") ) ) )", LW_EVERSION },
	{ "a set, not a sequence", REQUEST, "6a( 31( a1(020105) a2(02010a) a4( 30(" BODY ") ) ) )", LW_EINVAL },
	{ "a primitive sequence", REQUEST, "6a( 10( a1(020105) a2(02010a) a4( 30(" BODY ") ) ) )", LW_EINVAL },
	{ "an implicit tag", REQUEST, "6a( 30( 81 01 05 a2(02010a) a4( 30(" BODY ") ) ) )", LW_EINVAL },
	{ "octets after the message", REQUEST, REQ(BODY) "00", LW_EINVAL },
	{ "octets after the sequence", REQUEST, "6a( 30( a1(020105) a2(02010a) a4( 30(" BODY ") ) ) 00 )", LW_EINVAL },
	{ "octets after the body", REQUEST, "6a( 30( a1(020105) a2(02010a) a4( 30(" BODY ") 0500 ) ) )", LW_EINVAL },
	{ "octets after a number", REQUEST, "6a( 30( a1(020105 00) a2(02010a) a4( 30(" BODY ") ) ) )", LW_EINVAL },
	{ "an unknown field of the request", REQUEST, "6a( 30( a1(020105) a2(02010a) a4( 30(" BODY ") ) a5(0500) ) )", LW_EINVAL },
	{ "an unknown field of the body", REQUEST, REQ(BODY "ac(0500)"), LW_EINVAL },
	{ "two fields in the other order", REQUEST, REQ(OPTS REALM CNAME SNAME TILL NONCE ETYPES), LW_EINVAL },
	{ "a field twice", REQUEST, REQ(OPTS CNAME CNAME REALM SNAME TILL NONCE ETYPES), LW_EINVAL },
	{ "no options", REQUEST, REQ(CNAME REALM SNAME TILL NONCE ETYPES), LW_EINVAL },
	{ "no client", REQUEST, REQ(OPTS REALM SNAME TILL NONCE ETYPES), LW_OK },
	{ "no realm", REQUEST, REQ(OPTS CNAME SNAME TILL NONCE ETYPES), LW_EINVAL },
	{ "no server", REQUEST, REQ(OPTS CNAME REALM TILL NONCE ETYPES), LW_OK },
	{ "no till", REQUEST, REQ(OPTS CNAME REALM SNAME NONCE ETYPES), LW_EINVAL },
	{ "no nonce", REQUEST, REQ(OPTS CNAME REALM SNAME TILL ETYPES), LW_EINVAL },
	{ "no etypes", REQUEST, REQ(OPTS CNAME REALM SNAME TILL NONCE), LW_EINVAL },
	{ "an empty list of etypes", REQUEST, REQ(OPTS CNAME REALM SNAME TILL NONCE "a8( 30() )"), LW_OK },
	{ "an etype that is no number", REQUEST, REQ(OPTS CNAME REALM SNAME TILL NONCE "a8( 30( 040114 ) )"), LW_EINVAL },
	{ "etypes of 33 bits", REQUEST, REQ(OPTS CNAME REALM SNAME TILL NONCE "a8( 30( 02050080000000 ) )"), LW_EINVAL },
	{ "etypes of Windows", REQUEST,
	        REQ(OPTS CNAME REALM SNAME TILL NONCE "a8( 30( 020112 020111 020117 020118 0202ff79 020103 ) )"), LW_OK },
	{ "a negative nonce", REQUEST, REQ(OPTS CNAME REALM SNAME TILL "a7( 0204 80000000 )" ETYPES), LW_OK },
	{ "an unsigned nonce", REQUEST, REQ(OPTS CNAME REALM SNAME TILL "a7( 0205 00ffffffff )" ETYPES), LW_OK },
	{ "a nonce of 33 bits", REQUEST, REQ(OPTS CNAME REALM SNAME TILL "a7( 0205 0100000000 )" ETYPES), LW_EINVAL },
	{ "a nonce of -33 bits", REQUEST, REQ(OPTS CNAME REALM SNAME TILL "a7( 0205 ff7fffffff )" ETYPES), LW_EINVAL },
	{ "a nonce with a needless octet", REQUEST, REQ(OPTS CNAME REALM SNAME TILL "a7( 0205 007fffffff )" ETYPES), LW_EINVAL },
	{ "options of 31 bits", REQUEST, REQ("a0( 0305 01 50800010 )" REALM TILL NONCE ETYPES), LW_EINVAL },
	{ "options of 40 bits", REQUEST, REQ("a0( 0306 00 5080001001 )" REALM TILL NONCE ETYPES), LW_OK },
	{ "a part that is UTF8String", REQUEST, REQ(OPTS NAME("0c('alice')") REALM TILL NONCE ETYPES), LW_EINVAL },
	{ "a part with NUL", REQUEST, REQ(OPTS NAME("1b('al' 00 'ice')") REALM TILL NONCE ETYPES), LW_EINVAL },
	{ "a name without parts", REQUEST, REQ(OPTS NAME("") REALM TILL NONCE ETYPES), LW_EINVAL },
	{ "an empty part", REQUEST, REQ(OPTS NAME("1b00") REALM TILL NONCE ETYPES), LW_OK },
	{ "eight parts", REQUEST, REQ(OPTS NAME("1b00 1b00 1b00 1b00 1b00 1b00 1b00 1b00") REALM TILL NONCE ETYPES), LW_OK },
	{ "nine parts", REQUEST, REQ(OPTS NAME("1b00 1b00 1b00 1b00 1b00 1b00 1b00 1b00 1b00") REALM TILL NONCE ETYPES), LW_ELIMIT },
	{ "a realm with NUL", REQUEST, REQ(OPTS "a2( 1b('A' 00) )" TILL NONCE ETYPES), LW_EINVAL },
	{ "a realm in two pieces", REQUEST, REQ(OPTS "a2( 3b( 1b('A') 1b('B') ) )" TILL NONCE ETYPES), LW_EINVAL },
	{ "an empty list of padata", REQUEST, PADATA(""), LW_OK },
	{ "padata", REQUEST, PADATA("30( a1(020102) a2(0400) )"), LW_OK },
	{ "padata of odd types", REQUEST, PADATA("30( a1(0204 80000000) a2(0400) ) 30( a1(0204 7fffffff) a2(0400) )"), LW_OK },
	{ "padata as RFC 1510 tags nothing", REQUEST, PADATA("30( a0(020102) a1(0400) )"), LW_EINVAL },
	{ "an empty list of addresses", REQUEST, REQ(BODY "a9( 30() )"), LW_OK },
	{ "an empty list of tickets", REQUEST, REQ(BODY "ab( 30() )"), LW_EINVAL },
	{ "two tickets", REQUEST, REQ(BODY "ab( 30(" TKT TKT ") )"), LW_OK },
	{ "three tickets", REQUEST, REQ(BODY "ab( 30(" TKT TKT TKT ") )"), LW_ELIMIT },

	{ "EncryptedData", ENCRYPTED, ENC, LW_OK },
	{ "a length in the long form", ENCRYPTED, "30 81 11 a0(020112) a1(020101) a2(04 03 010203)", LW_EINVAL },
	{ "a length in two octets", ENCRYPTED, "30 82 0011 a0(020112) a1(020101) a2(04 03 010203)", LW_EINVAL },
	{ "an inner length in the long form", ENCRYPTED, "30( a0(020112) a1(020101) a2(04 81 03 010203) )", LW_EINVAL },
	{ "an indefinite length", ENCRYPTED, "30 80 a0(020112) a1(020101) a2(04 03 010203) 0000", LW_EINVAL },
	{ "an inner indefinite length", ENCRYPTED, "30( a0(020112) a1(020101) a2(24 80 04 03 010203 0000) )", LW_EINVAL },
	{ "a length of 127 octets", ENCRYPTED, "30 ff a0(020112) a1(020101) a2(04 03 010203)", LW_EINVAL },
	{ "a length past the end", ENCRYPTED, "30 12 a0(020112) a1(020101) a2(04 03 010203)", LW_EINVAL },
	{ "a length past any end", ENCRYPTED, "30 84 ffffffff a0(020112) a1(020101) a2(04 03 010203)", LW_EINVAL },
	{ "an inner length past its end", ENCRYPTED, "30( a0(020212) a2(04 03 010203) )", LW_EINVAL },
	{ "a number without octets", ENCRYPTED, "30( a0(0200) a2(0400) )", LW_EINVAL },
	{ "a kvno of 32 bits", ENCRYPTED, "30( a0(020112) a1(0205 00ffffffff) a2(0400) )", LW_OK },
	{ "a negative kvno", ENCRYPTED, "30( a0(020112) a1(0204 80000000) a2(0400) )", LW_OK },
	{ "a kvno of 33 bits", ENCRYPTED, "30( a0(020112) a1(0205 0100000000) a2(0400) )", LW_EINVAL },
	{ "a kvno of 9 octets", ENCRYPTED, "30( a0(020112) a1(0209 000000000000000001) a2(0400) )", LW_EINVAL },
	{ "no ciphertext", ENCRYPTED, "30( a0(020112) a1(020101) )", LW_EINVAL },

	{ "a time", STAMP, TS("20261123034000Z"), LW_OK },
	{ "the leap day", STAMP, TS("20240229000000Z"), LW_OK },
	{ "no leap day", STAMP, TS("20230229000000Z"), LW_EINVAL },
	{ "a 13th month", STAMP, TS("20231301000000Z"), LW_EINVAL },
	{ "a leap second", STAMP, TS("20161231235960Z"), LW_EINVAL },
	{ "a fraction", STAMP, TS("20261123034000.5Z"), LW_EINVAL },
	{ "a zone", STAMP, TS("20261123034000+0100"), LW_EINVAL },
	{ "a local time", STAMP, TS("20261123034000"), LW_EINVAL },
	{ "UTCTime", STAMP, "30( a0( 17('261123034000Z') ) )", LW_EINVAL },
	{ "a million microseconds", STAMP, "30( a0( 18('20261123034000Z') ) a1( 0203 0f4240 ) )", LW_EINVAL },
	{ "one less", STAMP, "30( a0( 18('20261123034000Z') ) a1( 0203 0f423f ) )", LW_OK },
	{ "negative microseconds", STAMP, "30( a0( 18('20261123034000Z') ) a1( 0201 ff ) )", LW_EINVAL },

	{ "AP-REQ", AP, "6e( 30( a0(020105) a1(02010e) a2( 0305 00 20000000 ) a3(" TKT ") a4(" ENC ") ) )", LW_OK },
	{ "a ticket and octets in it", AP,
	        "6e( 30( a0(020105) a1(02010e) a2( 0305 00 20000000 ) a3(" TKT "0500 ) a4(" ENC ") ) )", LW_EINVAL },
	{ "no ticket", AP, "6e( 30( a0(020105) a1(02010e) a2( 0305 00 20000000 ) a3() a4(" ENC ") ) )", LW_EINVAL },
	{ "a ticket of another version", TICKET,
	        "61( 30( a0(020104) a1( 1b('R') ) a2( 30( a0(020101) a1( 30( 1b('s') ) ) ) ) a3(" ENC ") ) )", LW_EVERSION },
	{ "an authenticator", AUTHENTICATOR, AUTH(CTIME), LW_OK },
	{ "a negative sequence number", AUTHENTICATOR, AUTH(CTIME "a7( 0204 80000000 )"), LW_OK },
	{ "a sequence number of 33 bits", AUTHENTICATOR, AUTH(CTIME "a7( 0205 0100000000 )"), LW_EINVAL },
	{ "an empty list of authorization data in it", AUTHENTICATOR, AUTH(CTIME "a8( 30() )"), LW_EINVAL },
	{ "authorization data in it", AUTHENTICATOR, AUTH(CTIME "a8( 30(" AD1 ") )"), LW_OK },
	{ "authorization data", AUTHZ, "30(" AD1 ")", LW_OK },
	{ "no authorization data", AUTHZ, "30()", LW_EINVAL },
	{ "authorization data as padata", AUTHZ, "30( 30( a1(020101) a2(0400) ) )", LW_EINVAL },
	{ "a salt with NUL", INFO2, "30( 30( a0(020112) a1( 1b('A' 00) ) ) )", LW_EINVAL },
	{ "ETYPE-INFO's salt", INFO2, "30( 30( a0(020112) a1( 04('A') ) ) )", LW_EINVAL },
	{ "an error", ERROR,
	        "7e( 30( a0(020105) a1(02011e) a4( 18('20261123034000Z') ) a5(020100) a6(020119) a9( 1b('R') )"
	        "aa( 30( a0(020101) a1( 30( 1b('s') ) ) ) ) ) )", LW_OK },
	{ "an error that says AS-REP", ERROR,
	        "7e( 30( a0(020105) a1(02010b) a4( 18('20261123034000Z') ) a5(020100) a6(020119) a9( 1b('R') )"
	        "aa( 30( a0(020101) a1( 30( 1b('s') ) ) ) ) ) )", LW_EVERSION },
	{ "an answer with no ticket", REPLY,
	        "6b( 30( a0(020105) a1(02010b) a3( 1b('R') ) a4( 30( a0(020101) a1( 30( 1b('s') ) ) ) ) a5( 30() ) a6(" ENC ") ) )",
	        LW_EINVAL },
	{ "an answer", REPLY,
	        "6b( 30( a0(020105) a1(02010b) a3( 1b('R') ) a4( 30( a0(020101) a1( 30( 1b('s') ) ) ) ) a5(" TKT ") a6(" ENC ") ) )",
	        LW_OK },
	{ "a new password", CHPW, "30( a0( 04('secret') ) )", LW_OK },
	{ "no new password", CHPW, "30( a2( 1b('R') ) )", LW_EINVAL },
};

static void test_table(void **state)
{
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct lw_bytes in = asm_(rows[i].text);
		int err = get(rows[i].what, in);

		if (err != rows[i].err)
			fail_msg("%s: %s, not %s", rows[i].name, lw_errname(err), lw_errname(rows[i].err));
		free((void *)in.p);
	}
}

/* n times what the text says; the caller frees. */
static struct lw_bytes times(unsigned n, const char *text)
{
	struct lw_bytes one = asm_(text);
	uint8_t *p = malloc(n * one.n + 1);

	assert_non_null(p);
	for (unsigned i = 0; i < n; i++)
		memcpy(p + i * one.n, one.p, one.n);
	free((void *)one.p);
	return (struct lw_bytes){ p, n * one.n };
}

static void counted(enum what what, const char *frame, const char *item, unsigned n, int err)
{
	struct lw_bytes items = times(n, item), in = asm_(frame, items);
	int got = get(what, in);

	if (got != err)
		fail_msg("%u times %s in %s: %s, not %s", n, item, frame, lw_errname(got), lw_errname(err));
	free((void *)items.p);
	free((void *)in.p);
}

static void test_limits(void **state)
{
	static const struct { enum what what; const char *frame, *item; unsigned max; } limits[] = {
		{ REQUEST, REQ(OPTS REALM TILL NONCE "a8( 30( %b ) )"), "020112", KRB_MAX_ETYPES },
		{ REQUEST, PADATA("%b"), "30( a1(020102) a2(0400) )", KRB_MAX_PADATA },
		{ REQUEST, REQ(BODY "a9( 30( %b ) )"), "30( a0(020102) a1(04 04 7f000001) )", KRB_MAX_ADDRS },
		{ REQUEST, REQ(BODY "ab( 30( %b ) )"), TKT, KRB_MAX_TICKETS },
		{ REQUEST, REQ(OPTS NAME("%b") REALM TILL NONCE ETYPES), "1b('a')", KRB_MAX_PARTS },
		{ REQUEST, REQ(OPTS NAME("1b( %b )") REALM TILL NONCE ETYPES), "'a'", KRB_MAX_NAME },
		{ REQUEST, REQ(OPTS NAME("1b('bb') 1b( %b )") REALM TILL NONCE ETYPES), "'a'", KRB_MAX_NAME - 2 },
		{ REQUEST, REQ(OPTS "a2( 1b( %b ) )" TILL NONCE ETYPES), "'A'", KRB_MAX_NAME },
		{ AUTHENTICATOR, AUTH(CTIME "a8( 30( %b ) )"), AD1, KRB_MAX_AD },
		{ AUTHZ, "30( %b )", AD1, KRB_MAX_AD },
		{ INFO2, "30( %b )", "30( a0(020112) )", 8 },
		{ INFO2, "30( 30( a0(020112) a1( 1b( %b ) ) ) )", "'s'", KRB_MAX_SALT },
	};
	static uint8_t big[KRB_MAX_MESSAGE + 1], deep[20000];
	struct krb_enc enc = { .etype = 18, .cipher = { big, 0 } }, back;
	struct lw_der_writer w;

	for (size_t i = 0; i < sizeof limits / sizeof *limits; i++) {
		counted(limits[i].what, limits[i].frame, limits[i].item, limits[i].max, LW_OK);
		counted(limits[i].what, limits[i].frame, limits[i].item, limits[i].max + 1, LW_ELIMIT);
		counted(limits[i].what, limits[i].frame, limits[i].item, limits[i].max + 200, LW_ELIMIT);
	}
	/* the largest message: 30 82 xx xx | a0 03 02 01 12 | a2 82 xx xx | 04 82 xx xx */
	for (size_t n = KRB_MAX_MESSAGE - 20; n <= KRB_MAX_MESSAGE; n++) {
		static uint8_t out[2 * KRB_MAX_MESSAGE];
		struct lw_bytes m;

		enc.cipher.n = n;
		lw_der_writer_init(&w, out, sizeof out);
		krb_put_enc(&w, &enc);
		m = lw_der_written(&w);
		assert_int_equal(krb_get_enc(m, &back), m.n <= KRB_MAX_MESSAGE ? LW_OK : LW_ELIMIT);
	}
	assert_int_equal(krb_get_enc((struct lw_bytes){ big, sizeof big }, &back), LW_ELIMIT);
	/* sequences in sequences in sequences */
	memset(deep, 0x30, sizeof deep);
	for (size_t i = 0; i < REPLY; i++)
		assert_int_equal(get((enum what)i, (struct lw_bytes){ deep, sizeof deep }), LW_EINVAL);
	for (size_t i = 0; i < sizeof deep; i += 4)
		memcpy(deep + i, (uint8_t[]){ 0x30, 0x82, (uint8_t)((sizeof deep - i - 4) >> 8), (uint8_t)(sizeof deep - i - 4) }, 4);
	for (size_t i = 0; i <= REPLY; i++)
		assert_int_equal(get((enum what)i, (struct lw_bytes){ deep, sizeof deep }), LW_EINVAL);
}

/* What a request says, read from octets written by hand; and written again. */
static void test_request(void **state)
{
	struct lw_bytes in = asm_("6c( 30( a1(020105) a2(02010c) a3( 30( 30( a1(020101) a2( 04('ap') ) ) 30( a1(02020095) a2(0400) ) ) )"
	                          "a4( 30( a0( 0306 02 40810010 fc )" CNAME REALM SNAME "a4( 18('20261123000000Z') )" TILL
	                          "a6( 18('20261124000000Z') ) a7( 0205 00fffffffe )" ETYPES
	                          "a9( 30( 30( a0(020102) a1(04 04 7f000001) ) ) ) aa(" ENC ") ab( 30(" TKT ") ) ) ) ) )");
	struct lw_bytes tkt = asm_(TKT);
	static uint8_t buf[2048];
	struct lw_der_writer w;
	struct krb_kdc_req r;

	memset(&r, 0xee, sizeof r);
	assert_int_equal(krb_get_kdc_req(in, &r), LW_OK);
	assert_int_equal(r.msg_type, KRB_TGS_REQ);
	assert_int_equal(r.padata.n, 2);
	assert_int_equal(r.padata.v[0].type, KRB_PA_TGS_REQ);
	assert_bytes(r.padata.v[0].value, "ap");
	assert_int_equal(r.padata.v[1].type, KRB_PA_REQ_ENC_PA_REP);
	assert_true(r.padata.v[1].value.p && !r.padata.v[1].value.n);
	assert_true(r.body.p + r.body.n == in.p + in.n && *r.body.p == LW_DER_SEQUENCE && r.body.p[-3] == LW_DER_CONTEXT(4));
	assert_int_equal(r.options, KRB_BIT(1) | KRB_BIT(8) | KRB_BIT(15) | KRB_BIT(27));
	assert_true(r.has_cname && r.has_sname && r.has_addrs && r.has_authz);
	assert_int_equal(r.cname.type, KRB_NT_PRINCIPAL);
	assert_int_equal(r.cname.n, 1);
	assert_bytes(r.cname.part[0], "alice");
	assert_bytes(r.realm, "ACME.EXAMPLE");
	assert_true(krb_name_is(&r.sname, "krbtgt", LW_LIT("ACME.EXAMPLE")));
	assert_int_equal(r.from, 1795392000);
	assert_int_equal(r.till, 2136422885);
	assert_int_equal(r.rtime, 1795478400);
	assert_int_equal(r.nonce, INT64_C(4294967294));
	assert_int_equal(r.netypes, 2);
	assert_int_equal(r.etypes[0], 20);
	assert_int_equal(r.etypes[1], 19);
	assert_int_equal(r.addrs.n, 1);
	assert_int_equal(r.addrs.v[0].type, 2);
	assert_hex(r.addrs.v[0].value.p, r.addrs.v[0].value.n, "7f000001");
	assert_int_equal(r.authz.etype, 18);
	assert_true(r.authz.has_kvno && r.authz.kvno == 1);
	assert_hex(r.authz.cipher.p, r.authz.cipher.n, "010203");
	assert_int_equal(r.ntickets, 1);
	assert_true(lw_eq(r.tickets[0].der, tkt));
	assert_bytes(r.tickets[0].realm, "R");
	assert_true(krb_name_is(&r.tickets[0].sname, "s", (struct lw_bytes){ 0 }));
	lw_der_writer_init(&w, buf, sizeof buf);
	krb_put_kdc_req(&w, &r);
	/* one octet of options less; every length before it is one less, and has as many octets */
	assert_int_equal(lw_der_written(&w).n, in.n - 1);
	assert_memory_equal(lw_der_written(&w).p + lw_der_written(&w).n - 100, in.p + in.n - 100, 100);
	free((void *)in.p);
	free((void *)tkt.p);

	in = asm_(REQ(OPTS REALM TILL "a7( 0201 fe )" ETYPES));
	memset(&r, 0xee, sizeof r);
	assert_int_equal(krb_get_kdc_req(in, &r), LW_OK);
	assert_int_equal(r.nonce, -2);
	assert_false(r.has_cname || r.has_sname || r.has_addrs || r.has_authz);
	assert_true(r.from == KRB_NO_TIME && r.rtime == KRB_NO_TIME);
	assert_int_equal(r.padata.n + r.ntickets + r.addrs.n, 0);
	lw_der_writer_init(&w, buf, sizeof buf);
	krb_put_kdc_req(&w, &r);
	assert_true(lw_eq(lw_der_written(&w), in));
	free((void *)in.p);
}

/* AS-REQs as they came from kinit of MIT 1.20 and Heimdal 7.8, a JDK 17 and impacket. The first octet is the fuzzer's. */
static void test_clients(void **state)
{
	static const char *const names[] = { "mit", "heimdal", "jdk", "impacket" };
	const char *top = getenv("srcdir");
	static uint8_t buf[2048], out[2048];
	struct lw_der_writer w;
	struct krb_kdc_req r;
	char path[4096];

	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		FILE *f;
		size_t n;

		snprintf(path, sizeof path, "%s/tests/fuzz/corpus/krbmsg/sent-by-%s", top ? top : ".", names[i]);
		f = fopen(path, "rb");
		assert_non_null(f);
		n = fread(buf, 1, sizeof buf, f);
		fclose(f);
		memset(&r, 0xee, sizeof r);
		assert_int_equal(krb_get_kdc_req((struct lw_bytes){ buf + 1, n - 1 }, &r), LW_OK);
		assert_int_equal(r.msg_type, KRB_AS_REQ);
		assert_true(r.has_cname && krb_name_is(&r.cname, "alice", (struct lw_bytes){ 0 }));
		assert_true(r.has_sname && krb_name_is(&r.sname, "krbtgt", LW_LIT("ACME.EXAMPLE")));
		lw_der_writer_init(&w, out, sizeof out);
		krb_put_kdc_req(&w, &r);
		assert_true(lw_eq(lw_der_written(&w), (struct lw_bytes){ buf + 1, n - 1 }));
	}
}

static void test_chpw(void **state)
{
	static const char text[] = "30( a0( 04('n3w') ) a1( 30( a0(020101) a1( 30( 1b('bob') ) ) ) ) a2( 1b('ACME.EXAMPLE') ) )";
	struct krb_chpw_data d = { .password = LW_LIT("n3w"), .has_target = true, .target = { KRB_NT_PRINCIPAL, 1, { LW_LIT("bob") } },
		.realm = LW_LIT("ACME.EXAMPLE") };
	struct lw_bytes want = asm_(text);
	static uint8_t buf[200];
	struct lw_der_writer w;

	lw_der_writer_init(&w, buf, sizeof buf);
	krb_put_chpw_data(&w, &d);
	assert_true(lw_eq(lw_der_written(&w), want));
	memset(&d, 0xee, sizeof d);
	assert_int_equal(krb_get_chpw_data(want, &d), LW_OK);
	assert_bytes(d.password, "n3w");
	assert_true(d.has_target && krb_name_is(&d.target, "bob", (struct lw_bytes){ 0 }));
	assert_bytes(d.realm, "ACME.EXAMPLE");
	free((void *)want.p);
	want = asm_("30( a0( 04('n3w') ) )");
	assert_int_equal(krb_get_chpw_data(want, &d), LW_OK);
	assert_true(!d.has_target && !d.realm.p);
	free((void *)want.p);
}

static void test_sequence_number(void **state)
{
	struct lw_bytes in = asm_("7b( 30( a0( 18('20261123000000Z') ) a1(020107) a3( 0204 fffffff0 ) ) )");
	struct krb_enc_ap_rep_part r;

	assert_int_equal(krb_get_enc_ap_rep_part(in, &r), LW_EINVAL); /* f0 says the same */
	free((void *)in.p);
	in = asm_("7b( 30( a0( 18('20261123000000Z') ) a1(020107) a3( 0201 f0 ) ) )");
	memset(&r, 0xee, sizeof r);
	assert_int_equal(krb_get_enc_ap_rep_part(in, &r), LW_OK);
	assert_true(r.has_seq && r.seq == UINT32_C(0xfffffff0) && r.cusec == 7 && !r.subkey.key.p);
	free((void *)in.p);
}

static void names_are(const struct krb_name *name, const char *text)
{
	struct lw_writer w;

	lw_writer_init(&w, 100);
	krb_name_text(&w, name);
	assert_int_equal(w.err, LW_OK);
	assert_bytes(lw_written(&w), text);
	lw_writer_done(&w);
}

static void test_names(void **state)
{
	struct krb_name a = { 1, 1, { LW_LIT("alice") } }, b = { 10, 1, { LW_LIT("alice") } };
	struct krb_name c = { 1, 2, { LW_LIT("alice"), LW_LIT("x") } }, d = { 1, 1, { LW_LIT("Alice") } };
	struct krb_name odd = { 1, 3, { LW_LIT("a/b@c\\d"), LW_LIT("\0\t\n\b"), LW_LIT("") } };

	assert_true(krb_name_eq(&a, &b)); /* the type is a hint */
	assert_false(krb_name_eq(&a, &c) || krb_name_eq(&c, &a) || krb_name_eq(&a, &d));
	assert_true(krb_name_is(&a, "alice", (struct lw_bytes){ 0 }));
	assert_false(krb_name_is(&a, "alice", LW_LIT("x")) || krb_name_is(&c, "alice", (struct lw_bytes){ 0 }));
	assert_true(krb_name_is(&c, "alice", LW_LIT("x")));
	assert_false(krb_name_is(&c, "alice", LW_LIT("y")) || krb_name_is(&c, "bob", LW_LIT("x")));
	names_are(&a, "alice");
	names_are(&c, "alice/x");
	names_are(&odd, "a\\/b\\@c\\\\d/\\0\\t\\n\\b/");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_table),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_request),
		cmocka_unit_test(test_clients),
		cmocka_unit_test(test_chpw),
		cmocka_unit_test(test_sequence_number),
		cmocka_unit_test(test_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
