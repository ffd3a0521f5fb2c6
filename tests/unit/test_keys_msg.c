/* SPDX-License-Identifier: Apache-2.0 */
/* keyd's message table, and its encodings. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include "base/err.h"
#include "keys/msg.h"

/* Every message, written down here a second time: a new row fails until somebody says who may send it and
 * what it needs. */
static const struct {
	uint16_t id;
	const char *name;
	unsigned from;
	enum keys_need need;
	enum access_verb verb;
	enum keys_lane_id lane;
} expected[] = {
	{ 1, "verify", 1u << LW_ROLE_DIRECTORY | 1u << LW_ROLE_WEB, KEYS_NEED_PASSWORD, ACCESS_NONE, KEYS_LANE_HASH },
	{ 2, "operator", 1u << LW_ROLE_DIRECTORY, KEYS_NEED_PEER, ACCESS_NONE, KEYS_LANE_SIGN },
	{ 3, "check", 1u << LW_ROLE_DIRECTORY | 1u << LW_ROLE_WEB, KEYS_NEED_TOKEN, ACCESS_NONE, KEYS_LANE_SIGN },
	{ 4, "renew", 1u << LW_ROLE_DIRECTORY, KEYS_NEED_TOKEN, ACCESS_NONE, KEYS_LANE_SIGN },
	{ 5, "set-password", 1u << LW_ROLE_DIRECTORY | 1u << LW_ROLE_KDC | 1u << LW_ROLE_WEB, KEYS_NEED_VERB, ACCESS_SET_SECRET, KEYS_LANE_HASH },
	{ 6, "unlock", 1u << LW_ROLE_DIRECTORY | 1u << LW_ROLE_WEB, KEYS_NEED_VERB, ACCESS_SET_SECRET, KEYS_LANE_SIGN },
	{ 7, "tenant-new", 1u << LW_ROLE_DIRECTORY, KEYS_NEED_INSTALLATION, ACCESS_ADMINISTER,
	        KEYS_LANE_HASH },
	{ 8, "tls-cert", 1u << LW_ROLE_DIRECTORY | 1u << LW_ROLE_WEB, KEYS_NEED_PEER, ACCESS_NONE, KEYS_LANE_SIGN },
	{ 9, "ca-pem", 1u << LW_ROLE_DIRECTORY | 1u << LW_ROLE_MONITOR | 1u << LW_ROLE_WEB, KEYS_NEED_PEER, ACCESS_NONE,
	        KEYS_LANE_SIGN },
	{ 10, "ping", 1u << LW_ROLE_DIRECTORY | 1u << LW_ROLE_MONITOR | 1u << LW_ROLE_WEB, KEYS_NEED_PEER, ACCESS_NONE,
	        KEYS_LANE_SIGN },
	{ 11, "kerberos-key", 1u << LW_ROLE_KDC, KEYS_NEED_PEER, ACCESS_NONE, KEYS_LANE_SIGN },
	{ 12, "kerberos-cap", 1u << LW_ROLE_KDC, KEYS_NEED_PEER, ACCESS_NONE, KEYS_LANE_SIGN },
	{ 13, "check-forwarded", 1u << LW_ROLE_DIRECTORY, KEYS_NEED_FORWARDED, ACCESS_NONE, KEYS_LANE_SIGN },
	{ 14, "keytab", 1u << LW_ROLE_DIRECTORY, KEYS_NEED_VERB, ACCESS_EXPORT, KEYS_LANE_SIGN },
	{ 15, "realm-keys", 1u << LW_ROLE_DIRECTORY, KEYS_NEED_VERB, ACCESS_ADMINISTER, KEYS_LANE_SIGN },
	{ 16, "realm-list", 1u << LW_ROLE_DIRECTORY, KEYS_NEED_VERB, ACCESS_ADMINISTER, KEYS_LANE_SIGN },
	{ 17, "login", 1u << LW_ROLE_WEB, KEYS_NEED_PASSWORD, ACCESS_NONE, KEYS_LANE_HASH },
	{ 18, "adopt", 1u << LW_ROLE_DIRECTORY, KEYS_NEED_FORWARDED, ACCESS_NONE, KEYS_LANE_SIGN },
	{ 20, "tenant-keys-due", 1u << LW_ROLE_DIRECTORY, KEYS_NEED_PEER, ACCESS_NONE, KEYS_LANE_SIGN },
	{ 38, "tenant-keys-wanted", 1u << LW_ROLE_DIRECTORY, KEYS_NEED_PEER, ACCESS_NONE, KEYS_LANE_SIGN },
	{ 21, "tenant-keys-rotate", 1u << LW_ROLE_DIRECTORY, KEYS_NEED_VERB, ACCESS_ADMINISTER, KEYS_LANE_SIGN },
	{ 22, "tenant-keys-list", 1u << LW_ROLE_DIRECTORY, KEYS_NEED_VERB, ACCESS_ADMINISTER, KEYS_LANE_SIGN },
	{ 23, "cert", 1u << LW_ROLE_DIRECTORY, KEYS_NEED_VERB, ACCESS_ENROL, KEYS_LANE_SIGN },
	{ 24, "cert-cap", 1u << LW_ROLE_DIRECTORY, KEYS_NEED_PEER, ACCESS_NONE, KEYS_LANE_SIGN },
	{ 25, "public", 1u << LW_ROLE_DIRECTORY | 1u << LW_ROLE_WEB, KEYS_NEED_PEER, ACCESS_NONE, KEYS_LANE_SIGN },
	{ 26, "ocsp", 1u << LW_ROLE_DIRECTORY | 1u << LW_ROLE_WEB, KEYS_NEED_PEER, ACCESS_NONE, KEYS_LANE_SIGN },
	{ 27, "root-export", 1u << LW_ROLE_DIRECTORY, KEYS_NEED_INSTALLATION, ACCESS_ADMINISTER, KEYS_LANE_SIGN },
	{ 28, "root-import", 1u << LW_ROLE_DIRECTORY, KEYS_NEED_INSTALLATION, ACCESS_ADMINISTER, KEYS_LANE_SIGN },
	{ 29, "ca-renew", 1u << LW_ROLE_DIRECTORY, KEYS_NEED_INSTALLATION, ACCESS_ADMINISTER, KEYS_LANE_SIGN },
	{ 30, "token-issue", 1u << LW_ROLE_DIRECTORY | 1u << LW_ROLE_WEB, KEYS_NEED_VERB, ACCESS_TOKEN, KEYS_LANE_SIGN },
	{ 31, "assertion-accept", 1u << LW_ROLE_WEB, KEYS_NEED_PEER, ACCESS_NONE, KEYS_LANE_SIGN },
	{ 36, "tenant-end", 1u << LW_ROLE_DIRECTORY, KEYS_NEED_INSTALLATION, ACCESS_ADMINISTER, KEYS_LANE_SIGN },
	{ 37, "forget", 1u << LW_ROLE_DIRECTORY, KEYS_NEED_PEER, ACCESS_NONE, KEYS_LANE_SIGN },
	{ 32, "audit-take", 1u << LW_ROLE_DIRECTORY, KEYS_NEED_PEER, ACCESS_NONE, KEYS_LANE_SIGN },
	{ 33, "audit-mac", 1u << LW_ROLE_DIRECTORY, KEYS_NEED_PEER, ACCESS_NONE, KEYS_LANE_SIGN },
	{ 34, "master-rotate", 1u << LW_ROLE_DIRECTORY, KEYS_NEED_INSTALLATION, ACCESS_ADMINISTER, KEYS_LANE_SIGN },
	{ 35, "master-rewrap", 1u << LW_ROLE_DIRECTORY, KEYS_NEED_PEER, ACCESS_NONE, KEYS_LANE_SIGN },
};

static void table(void **state)
{
	assert_int_equal(keys_nrows, sizeof(expected) / sizeof(expected[0]));
	for (size_t i = 0; i < keys_nrows; i++) {
		const struct keys_row *r = &keys_rows[i];

		assert_int_equal(r->id, expected[i].id);
		assert_string_equal(r->name, expected[i].name);
		assert_int_equal(r->from, expected[i].from);
		assert_int_equal(r->need, expected[i].need);
		assert_int_equal(r->verb, expected[i].verb);
		assert_int_equal(r->lane, expected[i].lane);
	}
}

static void every_row_is_whole(void **state)
{
	for (size_t i = 0; i < keys_nrows; i++) {
		const struct keys_row *r = &keys_rows[i];
		bool verb = r->need == KEYS_NEED_VERB || r->need == KEYS_NEED_INSTALLATION, token = false,
		     password = false;

		assert_int_not_equal(r->id, 0);
		assert_int_not_equal(r->from, 0);
		assert_true(r->from < 1u << LW_ROLE_COUNT);
		assert_false(r->from & 1u << LW_ROLE_KEYD);
		assert_true(r->need > KEYS_NEED_NOTHING_IS_AN_ERROR && r->need < KEYS_NEED_COUNT);
		assert_true(verb == (r->verb != ACCESS_NONE));
		assert_true(r->lane == KEYS_LANE_HASH || r->lane == KEYS_LANE_SIGN);
		assert_int_equal(r->fields[sizeof(r->fields) - 1], KEYS_F_END);
		assert_int_equal(r->answer[sizeof(r->answer) - 1], KEYS_A_END);
		for (const uint8_t *f = r->fields; *f; f++) {
			assert_true(*f < KEYS_F_COUNT);
			token |= *f == KEYS_F_TOKEN;
			password |= *f == KEYS_F_PASSWORD;
		}
		for (const uint8_t *f = r->answer; *f; f++)
			assert_true(*f < KEYS_A_COUNT);
		assert_true(token ==
		            (verb || r->need == KEYS_NEED_TOKEN || r->need == KEYS_NEED_FORWARDED)); /* who needs a token has a field for it */
		assert_true(password ==
		            (r->lane == KEYS_LANE_HASH)); /* and what hashes runs where hashing is bounded */
		for (size_t j = 0; j < i; j++) {
			assert_int_not_equal(keys_rows[j].id, r->id);
			assert_string_not_equal(keys_rows[j].name, r->name);
		}
		assert_ptr_equal(keys_row(r->id), r);
	}
	assert_null(keys_row(0));
	assert_null(keys_row(999));
}

static void requests_go_round(void **state)
{
	const struct keys_request full = { .token = LW_LIT("token"),
		.tenant = 0xfedcba98,
		.subject = { { 1, 2, 3 } },
		.password = LW_LIT("new"),
		.old = LW_LIT("old"),
		.addr = LW_LIT("[::1]:389"),
		.confidential = true,
		.version = 77,
		.is_new = true,
		.new_user = true,
		.name = LW_LIT("alice"),
		.krb_name = LW_LIT("alice@R"),
		.tenant_uuid = { { 9 } },
		.admin_uuid = { { 8 } },
		.realm = LW_LIT("R"),
		.admin_name = LW_LIT("admin"),
		.csr = LW_LIT("csr"),
		.leaf = LW_LIT("leaf"),
		.root = true,
		.role = LW_ROLE_KDC,
		.auth_time = INT64_C(1795392000000000),
		.rotate = true,
		.user = LW_LIT("alice@acme.example"),
		.kind = KEYS_CA,
		.alg = LW_LIT("p384"),
		.profile = LW_LIT("tls-server"),
		.serial = LW_LIT("\1\2\3"),
		.what = KEYS_CA_CRL,
		.ocsp = LW_LIT("ocsp"),
		.file = LW_LIT("file"),
		.token_type = KEYS_SAML2,
		.audience = LW_LIT("urn:a"),
		.request_id = LW_LIT("_r"),
		.life = 5,
		.not_before = 6,
		.fields = LW_LIT("fields"),
		.signature = LW_LIT("signature"),
		.as = KEYS_AS_CREDENTIAL,
		.renewable = 7 };
	struct lw_writer w, again;

	lw_writer_init(&w, KEYS_MAX_REQUEST);
	lw_writer_init(&again, KEYS_MAX_REQUEST);
	for (size_t i = 0; i < keys_nrows; i++) {
		const struct keys_row *row;
		struct keys_request q;

		lw_writer_reset(&w);
		lw_writer_reset(&again);
		keys_request_put(&w, &keys_rows[i], &full);
		assert_int_equal(w.err, LW_OK);
		assert_int_equal(keys_request_get(lw_written(&w), &row, &q), LW_OK);
		assert_ptr_equal(row, &keys_rows[i]);
		keys_request_put(&again, row, &q);
		assert_true(lw_eq(lw_written(&w), lw_written(&again)));
		for (size_t n = 0; n < w.n; n++)
			assert_int_not_equal(keys_request_get((struct lw_bytes){ w.p, n }, &row, &q), LW_OK);
		lw_put_u8(&w, 0);
		assert_int_not_equal(keys_request_get(lw_written(&w), &row, &q), LW_OK);
	}
	lw_writer_done(&w);
	lw_writer_done(&again);
}

/* Octet by octet, so that encoder and decoder can't be wrong together. */
static void verify_on_the_wire(void **state)
{
	static const uint8_t wire[] = { 1, 0, 1, 0, 0, 0, 5, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14,
		15, 16, 0, 0, 0, 2, 'p', 'w', 0, 0, 0, 4, 'u', 'n', 'i', 'x', 1 };
	const struct keys_row *row;
	struct keys_request q;

	assert_int_equal(keys_request_get((struct lw_bytes){ wire, sizeof(wire) }, &row, &q), LW_OK);
	assert_int_equal(row->id, KEYS_MSG_VERIFY);
	assert_int_equal(q.tenant, 5);
	assert_int_equal(q.subject.b[15], 16);
	assert_true(lw_eq(q.password, LW_LIT("pw")));
	assert_true(lw_eq(q.addr, LW_LIT("unix")));
	assert_true(q.confidential);
}

static void kerberos_cap_on_the_wire(void **state)
{
	static uint8_t wire[] = { 1, 0, 12, 0, 0, 0, 5, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 0, 0,
		0, 0, 0, 0, 1, 2, 0, 2 };
	const struct keys_row *row;
	struct keys_request q;

	assert_int_equal(keys_request_get((struct lw_bytes){ wire, sizeof(wire) }, &row, &q), LW_OK);
	assert_int_equal(row->id, KEYS_MSG_KERBEROS_CAP);
	assert_int_equal(q.tenant, 5);
	assert_int_equal(q.subject.b[15], 16);
	assert_int_equal(q.auth_time, 258);
	assert_false(q.confidential);
	assert_int_equal(q.role, LW_ROLE_DIRECTORY);
	wire[sizeof(wire) - 1] = LW_ROLE_COUNT; /* no role */
	assert_int_equal(keys_request_get((struct lw_bytes){ wire, sizeof(wire) }, &row, &q), LW_EINVAL);
	wire[sizeof(wire) - 1] = LW_ROLE_KDC;
	wire[sizeof(wire) - 10] = 0x80; /* before the beginning of time */
	assert_int_equal(keys_request_get((struct lw_bytes){ wire, sizeof(wire) }, &row, &q), LW_EINVAL);
}

static void login_on_the_wire(void **state)
{
	static const uint8_t wire[] = { 1, 0, 17, 0, 0, 0, 1, 'b', 0, 0, 0, 3, 'b', 'o', 'b', 0, 0, 0, 2, 'p', 'w', 0, 0, 0, 0, 0 };
	const struct keys_row *row;
	struct keys_request q;

	assert_int_equal(keys_request_get((struct lw_bytes){ wire, sizeof(wire) }, &row, &q), LW_OK);
	assert_int_equal(row->id, KEYS_MSG_LOGIN);
	assert_true(lw_eq(q.name, LW_LIT("b")) && lw_eq(q.user, LW_LIT("bob")) && lw_eq(q.password, LW_LIT("pw")));
	assert_false(q.confidential);
}

static void cert_on_the_wire(void **state)
{
	static uint8_t wire[] = { 1, 0, 23, 0, 0, 0, 1, 't', 0, 0, 0, 5, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 0, 0, 0, 4,
		'u', 's', 'e', 'r', 0, 0, 0, 2, 0x41, 0x42, 0, 0, 0, 1, 0x30 };
	static const uint8_t of_ca[] = { 1, 0, 25, 7, 0, 0, 0, 1, 'b' }, of_nothing[] = { 1, 0, 25, 0, 0, 0, 0, 1, 'b' };
	static const uint8_t no_kind[] = { 1, 0, 21, 0, 0, 0, 0, 0, 0, 0, 5, KEYS_KIND_COUNT, 0, 0, 0, 0 };
	const struct keys_row *row;
	struct keys_request q;

	assert_int_equal(keys_request_get((struct lw_bytes){ wire, sizeof(wire) }, &row, &q), LW_OK);
	assert_int_equal(row->id, KEYS_MSG_CERT);
	assert_int_equal(q.tenant, 5);
	assert_int_equal(q.subject.b[15], 16);
	assert_true(lw_eq(q.profile, LW_LIT("user")) && lw_eq(q.serial, LW_LIT("AB")) && lw_eq(q.csr, LW_LIT("0")));
	wire[35] = 0; /* "use", to whom reads it as C does */
	assert_int_equal(keys_request_get((struct lw_bytes){ wire, sizeof(wire) }, &row, &q), LW_EINVAL);
	assert_int_equal(keys_request_get((struct lw_bytes){ of_ca, sizeof(of_ca) }, &row, &q), LW_OK);
	assert_true(q.what == KEYS_CA_CRL && lw_eq(q.name, LW_LIT("b")));
	assert_int_equal(keys_request_get((struct lw_bytes){ of_nothing, sizeof(of_nothing) }, &row, &q), LW_EINVAL);
	assert_int_equal(keys_request_get((struct lw_bytes){ no_kind, sizeof(no_kind) }, &row, &q), LW_EINVAL);
}

static void tokens_on_the_wire(void **state)
{
	static uint8_t order[] = { 1, 0, 30, 0, 0, 0, 1, 't', 0, 0, 0, 5, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, KEYS_JWT_TOKEN,
		0, 0, 0, 1, 'u', 0, 0, 0, 2, 'a', 'b', 0, 0, 0, 1, 'r', 0, 0, 0, 0, 0, 0, 0, 9, 0, 0, 0, 0, 0, 0, 0, 8, 0, 0, 0, 1, 'x' };
	static uint8_t shown[] = { 1, 0, 31, 0, 0, 0, 1, 'b', 0, 0, 0, 2, 'f', 'g', 0, 0, 0, 1, 's', KEYS_AS_TARGET, 0, 0, 0, 0, 0, 0, 0, 7 };
	const struct keys_row *row;
	struct keys_request q;

	assert_int_equal(keys_request_get((struct lw_bytes){ order, sizeof(order) }, &row, &q), LW_OK);
	assert_int_equal(row->id, KEYS_MSG_TOKEN_ISSUE);
	assert_true(q.token_type == KEYS_JWT_TOKEN && lw_eq(q.user, LW_LIT("u")) && lw_eq(q.audience, LW_LIT("ab")) && lw_eq(q.request_id, LW_LIT("r")));
	assert_true(q.life == 9 && q.not_before == 8 && lw_eq(q.alg, LW_LIT("x")) && q.subject.b[15] == 16);
	order[28] = 0; /* no type */
	assert_int_equal(keys_request_get((struct lw_bytes){ order, sizeof(order) }, &row, &q), LW_EINVAL);
	order[28] = KEYS_JWT_TOKEN + 1;
	assert_int_equal(keys_request_get((struct lw_bytes){ order, sizeof(order) }, &row, &q), LW_EINVAL);
	order[28] = KEYS_SAML2;
	order[45] = 0x80; /* a life below nothing */
	assert_int_equal(keys_request_get((struct lw_bytes){ order, sizeof(order) }, &row, &q), LW_EINVAL);
	assert_int_equal(keys_request_get((struct lw_bytes){ shown, sizeof(shown) }, &row, &q), LW_OK);
	assert_true(lw_eq(q.name, LW_LIT("b")) && lw_eq(q.fields, LW_LIT("fg")) && lw_eq(q.signature, LW_LIT("s")));
	assert_true(q.as == KEYS_AS_TARGET && q.renewable == 7);
	shown[19] = KEYS_AS_TARGET + 1;
	assert_int_equal(keys_request_get((struct lw_bytes){ shown, sizeof(shown) }, &row, &q), LW_EINVAL);
}

static void bounds_hold(void **state)
{
	static uint8_t big[KEYS_MAX_REQUEST];
	struct keys_request q = { .id = KEYS_MSG_VERIFY, .password = { big, KEYS_MAX_PASSWORD + 1 } };
	const struct keys_row *row;
	struct lw_writer w;

	lw_writer_init(&w, KEYS_MAX_REQUEST);
	keys_request_put(&w, keys_row(KEYS_MSG_VERIFY), &q);
	assert_int_equal(keys_request_get(lw_written(&w), &row, &q), LW_ELIMIT);
	assert_int_equal(keys_request_get(LW_LIT("\2\0\1"), &row, &q), LW_EVERSION);
	assert_int_equal(keys_request_get(LW_LIT("\1\0\143"), &row, &q), LW_EUNSUPPORTED);
	assert_int_equal(keys_request_get(LW_LIT(""), &row, &q), LW_EINVAL);
	lw_writer_done(&w);
}

static void answers_go_round(void **state)
{
	struct keys_answer a = { .token = LW_LIT("tok"),
		.nitems = 2,
		.blob = LW_LIT("blob"),
		.time = -5,
		.text = "say it" },
	                   got;
	struct lw_writer w;

	a.items[0] = (struct store_sealed_item){ 100, STORE_SECRET_PASSWORD, 3, LW_LIT("one") };
	a.items[1] = (struct store_sealed_item){ 101, STORE_SECRET_KERBEROS, 4, LW_LIT("two") };
	lw_writer_init(&w, 65536);
	keys_answer_put(&w, keys_row(KEYS_MSG_TENANT_NEW), 0, &a);
	assert_int_equal(keys_answer_get(lw_written(&w), keys_row(KEYS_MSG_TENANT_NEW), &got), LW_OK);
	assert_true(lw_eq(got.blob, LW_LIT("blob")));
	assert_int_equal(got.nitems, 2);
	assert_int_equal(got.items[1].attr, 101);
	assert_int_equal(got.items[1].cls, STORE_SECRET_KERBEROS);
	assert_int_equal(got.items[1].generation, 4);
	assert_true(lw_eq(got.items[1].sealed, LW_LIT("two")));
	lw_writer_reset(&w);
	keys_answer_put(&w, keys_row(KEYS_MSG_VERIFY), LW_EPWPOLICY, &a);
	assert_int_equal(keys_answer_get(lw_written(&w), keys_row(KEYS_MSG_VERIFY), &got), LW_EPWPOLICY);
	assert_string_equal(got.text, "say it");
	assert_int_equal(got.token.n, 0);
	/* an error that does not exist, and an answer cut short */
	assert_int_equal(
	        keys_answer_get(LW_LIT("\377\377\0\0\0\0"), keys_row(KEYS_MSG_PING), &got), LW_EINTERNAL);
	assert_int_equal(keys_answer_get(LW_LIT("\0"), keys_row(KEYS_MSG_PING), &got), LW_EINTERNAL);
	assert_int_equal(keys_answer_get(LW_LIT("\0\0"), keys_row(KEYS_MSG_PING), &got), LW_OK);
	lw_writer_done(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(table),
		cmocka_unit_test(every_row_is_whole),
		cmocka_unit_test(requests_go_round),
		cmocka_unit_test(verify_on_the_wire),
		cmocka_unit_test(kerberos_cap_on_the_wire),
		cmocka_unit_test(login_on_the_wire),
		cmocka_unit_test(cert_on_the_wire),
		cmocka_unit_test(tokens_on_the_wire),
		cmocka_unit_test(bounds_hold),
		cmocka_unit_test(answers_go_round),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
