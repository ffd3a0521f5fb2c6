/* SPDX-License-Identifier: Apache-2.0 */
/* OCSP: requests read, answers built. */
#include "ca/ca.h"

#include <string.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/ocsp.h>
#include "base/der.h"
#include "base/err.h"
#include "base/text.h"
#include "ca/x509.h"

static int hex(uint8_t c)
{
	return c >= '0' && c <= '9'   ? c - '0'
	       : c >= 'a' && c <= 'f' ? c - 'a' + 10
	       : c >= 'A' && c <= 'F' ? c - 'A' + 10
	                              : -1;
}

int ca_ocsp_path(struct lw_bytes path, struct lw_arena *a, struct lw_bytes *ret_der)
{
	uint8_t *s;
	size_t n = 0;

	if (path.n == 0 || path.n > 4 * CA_OCSP_MAX_REQUEST) /* every octet as %XX, times 4/3 */
		return LW_EINVAL;
	s = lw_alloc(a, path.n);
	if (!s)
		return LW_ENOMEM;
	for (size_t i = 0; i < path.n; i++) {
		if (path.p[i] != '%') {
			s[n++] = path.p[i];
			continue;
		}
		if (path.n - i < 3 || hex(path.p[i + 1]) < 0 || hex(path.p[i + 2]) < 0)
			return LW_EINVAL;
		s[n++] = (uint8_t)(hex(path.p[i + 1]) << 4 | hex(path.p[i + 2]));
		i += 2;
	}
	return lw_unbase64(a, (struct lw_bytes){ s, n }, ret_der);
}

/* ---- reading ---- */
static OCSP_REQUEST *decode(struct lw_bytes der)
{
	const unsigned char *p = der.p;
	OCSP_REQUEST *r =
	        der.n && der.n <= CA_OCSP_MAX_REQUEST ? d2i_OCSP_REQUEST(NULL, &p, (long)der.n) : NULL;

	if (r && p != der.p + der.n) {
		OCSP_REQUEST_free(r);
		r = NULL;
	}
	ERR_clear_error();
	return r;
}

static bool nonce_good(X509_EXTENSION *e)
{
	const ASN1_OCTET_STRING *s = X509_EXTENSION_get_data(e);
	struct lw_bytes nonce;
	struct lw_der d;

	lw_der_init(&d, (struct lw_bytes){ ASN1_STRING_get0_data(s), (size_t)ASN1_STRING_length(s) });
	nonce = lw_der_get(&d, LW_DER_OCTET_STRING);
	return lw_der_end(&d) == LW_OK && nonce.n >= 1 && nonce.n <= CA_OCSP_MAX_NONCE;
}

static bool extensions_good(OCSP_REQUEST *r)
{
	int nonces = 0;

	for (int i = 0; i < OCSP_REQUEST_get_ext_count(r); i++) {
		X509_EXTENSION *e = OCSP_REQUEST_get_ext(r, i);

		if (OBJ_obj2nid(X509_EXTENSION_get_object(e)) == NID_id_pkix_OCSP_Nonce) {
			if (++nonces > 1 || !nonce_good(e))
				return false;
		} else if (X509_EXTENSION_get_critical(e)) {
			return false;
		}
	}
	return true;
}

/* The serial, when this is about one of the issuer's certificates. */
static struct lw_bytes serial_of(OCSP_CERTID *id, X509 *issuer, struct lw_arena *a)
{
	const EVP_MD *const mds[] = { EVP_sha1(), EVP_sha256() };
	ASN1_INTEGER *serial = NULL;
	bool ours = false;

	for (int i = 0; i < 2 && !ours; i++) {
		OCSP_CERTID *is = OCSP_cert_to_id(mds[i], NULL, issuer);

		ours = is && OCSP_id_issuer_cmp(is, id) == 0;
		OCSP_CERTID_free(is);
	}
	OCSP_id_get0_info(NULL, NULL, NULL, &serial, id);
	if (!ours)
		return (struct lw_bytes){ NULL, 0 };
	if (!serial || ASN1_STRING_type(serial) != V_ASN1_INTEGER || ASN1_STRING_length(serial) > 20)
		return (struct lw_bytes){ (const uint8_t *)"", 0 };
	return lw_dup(
	        a, (struct lw_bytes){ ASN1_STRING_get0_data(serial), (size_t)ASN1_STRING_length(serial) });
}

static int read_ids(OCSP_REQUEST *r, X509 *issuer, struct lw_arena *a, struct ca_ocsp_query *ret)
{
	int n = OCSP_request_onereq_count(r);

	if (n < 1 || n > CA_OCSP_MAX_IDS || !extensions_good(r))
		return LW_EINVAL;
	for (int i = 0; i < n; i++) {
		OCSP_ONEREQ *one = OCSP_request_onereq_get0(r, i);

		if (OCSP_ONEREQ_get_ext_by_critical(one, 1, -1) >= 0)
			return LW_EINVAL;
		ret->serial[i] = serial_of(OCSP_onereq_get0_id(one), issuer, a);
		if (!ret->serial[i].p && !lw_arena_failed(a))
			return LW_EACCES;
	}
	ret->n = (size_t)n;
	return lw_arena_failed(a) ? LW_ENOMEM : LW_OK;
}

static int read_query(struct lw_bytes der, X509 *issuer, struct lw_arena *a, struct ca_ocsp_query *ret)
{
	OCSP_REQUEST *r = decode(der);
	struct ca_ocsp_query q = { 0 };
	int err = r ? read_ids(r, issuer, a, &q) : LW_EINVAL;

	if (!err) {
		q.der = lw_dup(a, der);
		err = q.der.p ? LW_OK : LW_ENOMEM;
	}
	if (!err)
		*ret = q;
	ERR_clear_error();
	OCSP_REQUEST_free(r);
	return err;
}

int ca_ocsp_read_by(struct lw_bytes der, const struct ca_signer *signer, struct lw_arena *a, struct ca_ocsp_query *ret)
{
	return read_query(der, signer->c.x[0], a, ret);
}

int ca_ocsp_read(
        struct lw_bytes der, struct lw_bytes issuer_pem, struct lw_arena *a, struct ca_ocsp_query *ret)
{
	X509 *issuer = ca_get_pem(issuer_pem);
	int err = issuer ? read_query(der, issuer, a, ret) : LW_EINTERNAL;

	ERR_clear_error();
	X509_free(issuer);
	return err;
}

/* ---- answering ---- */
static bool add(
        OCSP_BASICRESP *b, OCSP_CERTID *id, const struct ca_ocsp_status *s, ASN1_TIME *now, ASN1_TIME *next)
{
	static const int states[] = { [CA_OCSP_UNKNOWN] = V_OCSP_CERTSTATUS_UNKNOWN,
		[CA_OCSP_GOOD] = V_OCSP_CERTSTATUS_GOOD,
		[CA_OCSP_REVOKED] = V_OCSP_CERTSTATUS_REVOKED };
	bool revoked = s->state == CA_OCSP_REVOKED, ok;
	ASN1_TIME *when = revoked ? ASN1_TIME_set(NULL, (time_t)(s->when / LW_SECOND)) : NULL;

	ok = (!revoked || when) && OCSP_basic_add1_status(b, id, states[s->state],
	                                   revoked && s->reason ? s->reason : -1, when, now, next);
	ASN1_TIME_free(when);
	return ok;
}

/* producedAt is the caller's time: OpenSSL would take the clock's, and has no call to set it. */
static bool sign(OCSP_BASICRESP *b, const struct ca_chain *c, int64_t now)
{
	ASN1_GENERALIZEDTIME *at = (ASN1_GENERALIZEDTIME *)(uintptr_t)OCSP_resp_get0_produced_at(b);

	return ASN1_GENERALIZEDTIME_set(at, (time_t)(now / LW_SECOND)) &&
	       OCSP_basic_sign(b, c->x[0], c->key, ca_digest(c->key), NULL,
	               OCSP_NOCERTS | OCSP_RESPID_KEY | OCSP_NOTIME) == 1;
}

static int put(OCSP_RESPONSE *r, struct lw_arena *a, struct lw_bytes *ret_der)
{
	unsigned char *der = NULL;
	int n = r ? i2d_OCSP_RESPONSE(r, &der) : -1;
	int err = ca_take(der, n, a, ret_der);

	OCSP_RESPONSE_free(r);
	return err;
}

int ca_ocsp_answer_by(const struct ca_signer *signer, const struct ca_ocsp_query *q, const struct ca_ocsp_status *s, int64_t now,
        int64_t next, struct lw_arena *a, struct lw_bytes *ret_der, char why[200])
{
	OCSP_REQUEST *r = decode(q->der);
	OCSP_BASICRESP *b = OCSP_BASICRESP_new();
	ASN1_TIME *this_update = ASN1_GENERALIZEDTIME_set(NULL, (time_t)(now / LW_SECOND));
	ASN1_TIME *next_update = ASN1_GENERALIZEDTIME_set(NULL, (time_t)(next / LW_SECOND));
	bool ok = r && b && this_update && next_update && OCSP_request_onereq_count(r) == (int)q->n;
	int err;

	for (size_t i = 0; ok && i < q->n; i++) {
		const struct ca_ocsp_status unknown = { CA_OCSP_UNKNOWN, 0, 0 };

		ok = add(b, OCSP_onereq_get0_id(OCSP_request_onereq_get0(r, (int)i)),
		        q->serial[i].n ? &s[i] : &unknown, this_update, next_update);
	}
	ok = ok && OCSP_copy_nonce(b, r) > 0 && sign(b, &signer->c, now);
	err = ok ? put(OCSP_response_create(OCSP_RESPONSE_STATUS_SUCCESSFUL, b), a, ret_der)
	         : ca_fail("OCSP answer", why);
	ASN1_TIME_free(this_update);
	ASN1_TIME_free(next_update);
	OCSP_BASICRESP_free(b);
	OCSP_REQUEST_free(r);
	return err;
}

int ca_ocsp_answer(const struct ca_issuer *issuer, const struct ca_ocsp_query *q,
        const struct ca_ocsp_status *s, int64_t now, int64_t next, struct lw_arena *a,
        struct lw_bytes *ret_der, char why[200])
{
	struct ca_signer by = { .c = { 0 } };
	int err = ca_chain_load(issuer, &by.c, why);

	if (!err)
		err = ca_ocsp_answer_by(&by, q, s, now, next, a, ret_der, why);
	ca_chain_done(&by.c);
	return err;
}

int ca_ocsp_error(int err, struct lw_arena *a, struct lw_bytes *ret_der)
{
	int status = err == LW_EINVAL      ? OCSP_RESPONSE_STATUS_MALFORMEDREQUEST
	             : err == LW_EACCES    ? OCSP_RESPONSE_STATUS_UNAUTHORIZED
	             : err == LW_EINTERNAL ? OCSP_RESPONSE_STATUS_INTERNALERROR
	                                   : OCSP_RESPONSE_STATUS_TRYLATER;

	return put(OCSP_response_create(status, NULL), a, ret_der);
}
