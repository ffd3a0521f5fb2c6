/* SPDX-License-Identifier: Apache-2.0 */
/* Revocation lists and OCSP, with OpenSSL as the client. */
#include "tests/unit/ca_rig.h"

#include <openssl/ocsp.h>

static struct ca_rig rig;

static int setup(void **state)
{
	rig_new(&rig, "p256", NOW);
	return 0;
}
static int teardown(void **state)
{
	rig_done(&rig);
	return 0;
}

/* ---- lists ---- */
static X509_CRL *read_crl(struct lw_bytes der)
{
	const unsigned char *p = der.p;
	X509_CRL *crl = d2i_X509_CRL(NULL, &p, (long)der.n);

	assert_non_null(crl);
	assert_ptr_equal(p, der.p + der.n);
	return crl;
}

static void a_list(void **state)
{
	struct ca_revoked v[] = {
		{ rig_serial(&rig), NOW - DAY, 1 },
		{ rig_serial(&rig), NOW - 2 * DAY, 0 },
	};
	ASN1_INTEGER *serial = ca_serial_make(v[0].serial), *second = ca_serial_make(v[1].serial), *n;
	ASN1_ENUMERATED *reason;
	struct lw_bytes der;
	X509 *ca = ca_get_pem(rig.issuer.pem);
	AUTHORITY_KEYID *akid;
	X509_REVOKED *r;
	X509_CRL *crl;
	int crit;

	assert_int_equal(ca_crl(&rig.issuer, 7, v, 2, NOW, NOW + DAY, rig.a, &der, rig.why), LW_OK);
	crl = read_crl(der);
	assert_int_equal(X509_CRL_get_version(crl), X509_CRL_VERSION_2);
	assert_int_equal(X509_CRL_verify(crl, X509_get0_pubkey(ca)), 1);
	assert_int_equal(X509_NAME_cmp(X509_CRL_get_issuer(crl), X509_get_subject_name(ca)), 0);
	assert_int_equal(ASN1_TIME_cmp_time_t(X509_CRL_get0_lastUpdate(crl), (time_t)(NOW / LW_SECOND)), 0);
	assert_int_equal(
	        ASN1_TIME_cmp_time_t(X509_CRL_get0_nextUpdate(crl), (time_t)((NOW + DAY) / LW_SECOND)), 0);
	assert_int_equal(X509_CRL_get_ext_count(crl), 2);
	n = X509_CRL_get_ext_d2i(crl, NID_crl_number, &crit, NULL);
	assert_int_equal(ASN1_INTEGER_get(n), 7);
	assert_int_equal(crit, 0);
	ASN1_INTEGER_free(n);
	akid = X509_CRL_get_ext_d2i(crl, NID_authority_key_identifier, NULL, NULL);
	assert_int_equal(ASN1_OCTET_STRING_cmp(akid->keyid, X509_get0_subject_key_id(ca)), 0);
	AUTHORITY_KEYID_free(akid);
	assert_int_equal(sk_X509_REVOKED_num(X509_CRL_get_REVOKED(crl)), 2);
	assert_int_equal(X509_CRL_get0_by_serial(crl, &r, serial), 1);
	reason = X509_REVOKED_get_ext_d2i(r, NID_crl_reason, NULL, NULL);
	assert_int_equal(ASN1_ENUMERATED_get(reason), 1);
	ASN1_ENUMERATED_free(reason);
	assert_int_equal(
	        ASN1_TIME_cmp_time_t(X509_REVOKED_get0_revocationDate(r), (time_t)((NOW - DAY) / LW_SECOND)),
	        0);
	assert_int_equal(X509_CRL_get0_by_serial(crl, &r, second), 1);
	assert_null(X509_REVOKED_get_ext_d2i(r, NID_crl_reason, NULL, NULL)); /* unspecified is left out */
	ASN1_INTEGER_free(serial);
	ASN1_INTEGER_free(second);
	X509_CRL_free(crl);
	/* an empty one, of the root */
	struct ca_issuer root = { rig.root_key, rig.root_pem };

	assert_int_equal(ca_crl(&root, 1, NULL, 0, NOW, NOW + 365 * DAY, rig.a, &der, rig.why), LW_OK);
	crl = read_crl(der);
	assert_true(sk_X509_REVOKED_num(X509_CRL_get_REVOKED(crl)) <= 0);
	X509_CRL_free(crl);
	X509_free(ca);
}

static void lists_that_are_refused(void **state)
{
	struct ca_revoked v[2] = { { rig_serial(&rig), NOW, 1 } };
	struct lw_bytes der = { NULL, 5 };

	v[1] = v[0];
	assert_int_equal(ca_crl(&rig.issuer, 1, v, 2, NOW, NOW + DAY, rig.a, &der, rig.why), LW_EINVAL);
	v[0].reason = 6;
	assert_int_equal(ca_crl(&rig.issuer, 1, v, 1, NOW, NOW + DAY, rig.a, &der, rig.why), LW_EINVAL);
	v[0].reason = 1;
	v[0].serial.n = 3;
	assert_int_equal(ca_crl(&rig.issuer, 1, v, 1, NOW, NOW + DAY, rig.a, &der, rig.why), LW_EINVAL);
	assert_int_equal(ca_crl(&rig.issuer, 1, NULL, 0, NOW, NOW, rig.a, &der, rig.why), LW_EINVAL);
	assert_int_equal(der.n, 5);
}

static void reasons(void **state)
{
	assert_int_equal(ca_reason("unspecified"), 0);
	assert_int_equal(ca_reason("keyCompromise"), 1);
	assert_int_equal(ca_reason("superseded"), 4);
	assert_int_equal(ca_reason("privilegeWithdrawn"), 9);
	assert_int_equal(ca_reason("certificateHold"), -1);
	assert_int_equal(ca_reason("removeFromCRL"), -1);
	assert_int_equal(ca_reason("KEYCOMPROMISE"), -1);
	for (int i = -2; i < 20; i++) {
		if (ca_reason_text(i))
			assert_int_equal(ca_reason(ca_reason_text(i)), i);
	}
	assert_null(ca_reason_text(6));
	assert_null(ca_reason_text(8));
}

/* ---- OCSP ---- */
static struct lw_bytes put(OCSP_REQUEST *r)
{
	unsigned char *der = NULL;
	struct lw_bytes b;
	int n = i2d_OCSP_REQUEST(r, &der);

	assert_int_equal(ca_take(der, n, rig.a, &b), LW_OK);
	OCSP_REQUEST_free(r);
	return b;
}

static OCSP_CERTID *id_of(struct lw_bytes pem, struct lw_bytes serial, const EVP_MD *md)
{
	X509 *ca = ca_get_pem(pem);
	ASN1_INTEGER *n = ca_serial_make(serial);
	OCSP_CERTID *id = OCSP_cert_id_new(md, X509_get_subject_name(ca), X509_get0_pubkey_bitstr(ca), n);

	assert_non_null(id);
	ASN1_INTEGER_free(n);
	X509_free(ca);
	return id;
}

static OCSP_BASICRESP *response(struct lw_bytes der)
{
	const unsigned char *p = der.p;
	OCSP_RESPONSE *r = d2i_OCSP_RESPONSE(NULL, &p, (long)der.n);
	OCSP_BASICRESP *b;

	assert_non_null(r);
	assert_int_equal(OCSP_response_status(r), OCSP_RESPONSE_STATUS_SUCCESSFUL);
	b = OCSP_response_get1_basic(r);
	OCSP_RESPONSE_free(r);
	return b;
}

/* Signed by the issuer, who is trusted because the root is. */
static int verify(OCSP_BASICRESP *b)
{
	X509_STORE *store = X509_STORE_new();
	STACK_OF(X509) *certs = sk_X509_new_null();
	X509 *root = ca_get_pem(rig.root_pem), *up = ca_get_pem(rig.ca_pem), *ca = ca_get_pem(rig.issuer.pem);
	X509_VERIFY_PARAM *p = X509_STORE_get0_param(store);
	int ok;

	X509_VERIFY_PARAM_set_time(p, (time_t)(NOW / LW_SECOND));
	X509_STORE_add_cert(store, root);
	sk_X509_push(certs, ca);
	sk_X509_push(certs, up);
	ok = OCSP_basic_verify(b, certs, store, 0);
	sk_X509_pop_free(certs, X509_free);
	X509_free(root);
	X509_STORE_free(store);
	return ok;
}

static void states(void **state)
{
	struct lw_bytes s[4] = { rig_serial(&rig), rig_serial(&rig), rig_serial(&rig),
		LW_LIT("\x11"
		       "34567890123456789012345") },
	                der;
	const struct ca_ocsp_status status[4] = { { CA_OCSP_GOOD, 0, 0 }, { CA_OCSP_REVOKED, NOW - DAY, 1 },
		{ CA_OCSP_UNKNOWN, 0, 0 }, { CA_OCSP_GOOD, 0, 0 } };
	static const int want[4] = { V_OCSP_CERTSTATUS_GOOD, V_OCSP_CERTSTATUS_REVOKED,
		V_OCSP_CERTSTATUS_UNKNOWN, V_OCSP_CERTSTATUS_UNKNOWN };
	const EVP_MD *const mds[] = { EVP_sha1(), EVP_sha256() };

	for (int m = 0; m < 2; m++) {
		OCSP_REQUEST *r = OCSP_REQUEST_new();
		OCSP_CERTID *ids[4];
		struct ca_ocsp_query q;
		OCSP_BASICRESP *b;

		for (int i = 0; i < 4; i++) {
			ids[i] = id_of(rig.issuer.pem, s[i], mds[m]);
			OCSP_request_add0_id(r, OCSP_CERTID_dup(ids[i]));
		}
		OCSP_request_add1_nonce(r, NULL, 16 << m);
		const unsigned char *p;

		der = put(r);
		p = der.p;
		r = d2i_OCSP_REQUEST(NULL, &p, (long)der.n);
		assert_int_equal(ca_ocsp_read(der, rig.issuer.pem, rig.a, &q), LW_OK);
		assert_int_equal(q.n, 4);
		for (int i = 0; i < 3; i++)
			assert_true(lw_eq(q.serial[i], s[i]));
		assert_int_equal(q.serial[3].n, 0);
		assert_int_equal(
		        ca_ocsp_answer(&rig.issuer, &q, status, NOW, NOW + DAY, rig.a, &der, rig.why), LW_OK);
		b = response(der);
		assert_int_equal(verify(b), 1);
		assert_int_equal(OCSP_check_nonce(r, b), 1); /* there, and equal */
		assert_int_equal(OCSP_resp_count(b), 4);
		assert_int_equal(
		        ASN1_TIME_cmp_time_t(OCSP_resp_get0_produced_at(b), (time_t)(NOW / LW_SECOND)), 0);
		for (int i = 0; i < 4; i++) {
			ASN1_GENERALIZEDTIME *when = NULL, *this_update, *next_update;
			int got, reason = -5;

			assert_int_equal(OCSP_resp_find_status(
			                         b, ids[i], &got, &reason, &when, &this_update, &next_update),
			        1);
			assert_int_equal(got, want[i]);
			assert_int_equal(
			        ASN1_TIME_cmp_time_t(next_update, (time_t)((NOW + DAY) / LW_SECOND)), 0);
			if (i == 1) {
				assert_int_equal(reason, OCSP_REVOKED_STATUS_KEYCOMPROMISE);
				assert_int_equal(
				        ASN1_TIME_cmp_time_t(when, (time_t)((NOW - DAY) / LW_SECOND)), 0);
			}
			OCSP_CERTID_free(ids[i]);
		}
		OCSP_BASICRESP_free(b);
		OCSP_REQUEST_free(r);
	}
}

static OCSP_REQUEST *request(int n, const EVP_MD *md)
{
	OCSP_REQUEST *r = OCSP_REQUEST_new();

	while (n-- > 0)
		OCSP_request_add0_id(r, id_of(rig.issuer.pem, rig_serial(&rig), md));
	return r;
}

static int reads(OCSP_REQUEST *r)
{
	struct ca_ocsp_query q;

	return ca_ocsp_read(put(r), rig.issuer.pem, rig.a, &q);
}

static void limits(void **state)
{
	OCSP_REQUEST *r;
	struct ca_ocsp_query q = { .n = 99 };
	struct lw_bytes der;
	X509_EXTENSION *e;
	ASN1_OCTET_STRING *raw = ASN1_OCTET_STRING_new();

	assert_int_equal(reads(request(16, EVP_sha1())), LW_OK);
	assert_int_equal(reads(request(17, EVP_sha1())), LW_EINVAL);
	assert_int_equal(reads(request(0, EVP_sha1())), LW_EINVAL);
	assert_int_equal(reads(request(1, EVP_sha512())), LW_EACCES); /* a hash that we don't compare by */
	r = request(1, EVP_sha1());
	OCSP_request_add1_nonce(r, NULL, 32);
	assert_int_equal(reads(r), LW_OK);
	r = request(1, EVP_sha1());
	OCSP_request_add1_nonce(r, NULL, 33);
	assert_int_equal(reads(r), LW_EINVAL);
	/* an empty nonce; one that is no OCTET STRING; two */
	for (int i = 0; i < 3; i++) {
		r = request(1, EVP_sha1());
		ASN1_OCTET_STRING_set(raw,
		        (const unsigned char *)(i == 0   ? "\x04\x00"
		                                : i == 1 ? "abc"
		                                         : "\x04\x01x"),
		        i == 0 ? 2 : 3);
		e = X509_EXTENSION_create_by_NID(NULL, NID_id_pkix_OCSP_Nonce, 0, raw);
		OCSP_REQUEST_add_ext(r, e, -1);
		if (i == 2)
			OCSP_REQUEST_add_ext(r, e, -1);
		assert_int_equal(reads(r), LW_EINVAL);
		X509_EXTENSION_free(e);
	}
	/* other extensions: ignored, unless critical */
	for (int crit = 0; crit < 2; crit++) {
		e = X509_EXTENSION_create_by_NID(NULL, NID_netscape_comment, crit, raw);
		r = request(1, EVP_sha1());
		OCSP_REQUEST_add_ext(r, e, -1);
		assert_int_equal(reads(r), crit ? LW_EINVAL : LW_OK);
		r = request(1, EVP_sha1());
		OCSP_ONEREQ_add_ext(OCSP_request_onereq_get0(r, 0), e, -1);
		assert_int_equal(reads(r), crit ? LW_EINVAL : LW_OK);
		X509_EXTENSION_free(e);
	}
	ASN1_OCTET_STRING_free(raw);
	der = put(request(1, EVP_sha1()));
	assert_int_equal(
	        ca_ocsp_read(rig_join(&rig, der, LW_LIT("x")), rig.issuer.pem, rig.a, &q), LW_EINVAL);
	assert_int_equal(
	        ca_ocsp_read((struct lw_bytes){ der.p, der.n - 1 }, rig.issuer.pem, rig.a, &q), LW_EINVAL);
	assert_int_equal(ca_ocsp_read(LW_LIT(""), rig.issuer.pem, rig.a, &q), LW_EINVAL);
	/* another tenant's CA: alone, and among ours */
	r = request(1, EVP_sha256());
	OCSP_request_add0_id(r, id_of(rig.others.pem, rig_serial(&rig), EVP_sha256()));
	assert_int_equal(reads(r), LW_EACCES);
	assert_int_equal(ca_ocsp_read(der, rig.others.pem, rig.a, &q), LW_EACCES);
	assert_int_equal(q.n, 99);
}

static int error_of(int err)
{
	struct lw_bytes der;
	const unsigned char *p;
	OCSP_RESPONSE *r;
	int status;

	assert_int_equal(ca_ocsp_error(err, rig.a, &der), LW_OK);
	p = der.p;
	r = d2i_OCSP_RESPONSE(NULL, &p, (long)der.n);
	status = OCSP_response_status(r);
	assert_null(OCSP_response_get1_basic(r));
	OCSP_RESPONSE_free(r);
	return status;
}

static void errors(void **state)
{
	assert_int_equal(error_of(LW_EINVAL), 1);    /* malformedRequest */
	assert_int_equal(error_of(LW_EINTERNAL), 2); /* internalError */
	assert_int_equal(error_of(LW_EBUSY), 3);     /* tryLater */
	assert_int_equal(error_of(LW_EUNAVAIL), 3);
	assert_int_equal(error_of(LW_EACCES), 6); /* unauthorized */
}

static void paths(void **state)
{
	struct lw_bytes der = { NULL, 9 };
	char big[4 * CA_OCSP_MAX_REQUEST + 8];

	assert_int_equal(ca_ocsp_path(LW_LIT("MAA="), rig.a, &der), LW_OK);
	assert_hex(der.p, der.n, "30 00");
	assert_int_equal(ca_ocsp_path(LW_LIT("MAA%3D"), rig.a, &der), LW_OK);
	assert_hex(der.p, der.n, "30 00");
	assert_int_equal(ca_ocsp_path(LW_LIT("%2b%2F%2f%2B"), rig.a, &der), LW_OK);
	assert_hex(der.p, der.n, "fb ff fe");
	der.n = 9;
	assert_int_equal(ca_ocsp_path(LW_LIT(""), rig.a, &der), LW_EINVAL);
	assert_int_equal(ca_ocsp_path(LW_LIT("MAA%3"), rig.a, &der), LW_EINVAL);
	assert_int_equal(ca_ocsp_path(LW_LIT("MAA%3g"), rig.a, &der), LW_EINVAL);
	assert_int_equal(ca_ocsp_path(LW_LIT("MAA%00"), rig.a, &der), LW_EINVAL);
	assert_int_equal(ca_ocsp_path(LW_LIT("M A="), rig.a, &der), LW_EINVAL);
	memset(big, 'A', sizeof(big));
	assert_int_equal(
	        ca_ocsp_path((struct lw_bytes){ (uint8_t *)big, sizeof(big) }, rig.a, &der), LW_EINVAL);
	assert_int_equal(der.n, 9);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_list),
		cmocka_unit_test(lists_that_are_refused),
		cmocka_unit_test(reasons),
		cmocka_unit_test(states),
		cmocka_unit_test(limits),
		cmocka_unit_test(errors),
		cmocka_unit_test(paths),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
