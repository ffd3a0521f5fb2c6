/* SPDX-License-Identifier: Apache-2.0 */
/* A leaf's certificate, written as DER at once. What all leaves of an issuer have in common is prepared when the issuer is loaded; the rest
 * is a few fields, so that a certificate costs little more than its signature. ca/lint.c, which reads with OpenSSL, is the judge of each. */
#include <string.h>
#include <openssl/evp.h>
#include "base/crypto.h"
#include "base/der.h"
#include "base/err.h"
#include "ca/x509.h"

#define DER_MAX   24576 /* CA_MAX_NAMES of CA_MAX_NAME octets, and pointers */
#define ARENA_MAX 262144

#define OID(...) ((struct lw_bytes){ (const uint8_t[]){ __VA_ARGS__ }, sizeof((const uint8_t[]){ __VA_ARGS__ }) })

/* ---- what is the same for all of them ---- */
static int algorithm_of(struct ca_signer *s)
{
	static const uint8_t ecdsa256[] = { 0x30, 10, 6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 2 };
	static const uint8_t ecdsa384[] = { 0x30, 10, 6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 3 };
	static const uint8_t rsa256[] = { 0x30, 13, 6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 11, 5, 0 };

	switch (lw_sigkey_type(s->key)) {
	case LW_KEY_P256:
		s->algorithm = (struct lw_bytes){ ecdsa256, sizeof(ecdsa256) };
		s->hash = LW_SHA256;
		return LW_OK;
	case LW_KEY_P384:
		s->algorithm = (struct lw_bytes){ ecdsa384, sizeof(ecdsa384) };
		s->hash = LW_SHA384;
		return LW_OK;
	case LW_KEY_RSA:
		s->algorithm = (struct lw_bytes){ rsa256, sizeof(rsa256) };
		s->hash = LW_SHA256;
		return LW_OK;
	default:
		return LW_EUNSUPPORTED;
	}
}

/* An extension as the profile's text says it, appended. */
static bool put_text(struct lw_writer *w, int nid, const char *text)
{
	X509_EXTENSION *e = text ? X509V3_EXT_conf_nid(NULL, NULL, nid, text) : NULL;
	unsigned char *der = NULL;
	int n = e ? i2d_X509_EXTENSION(e, &der) : 0;

	if (n > 0)
		lw_put_raw(w, der, (size_t)n);
	OPENSSL_free(der);
	X509_EXTENSION_free(e);
	return !text || n > 0;
}

static int constants(struct ca_signer *s)
{
	struct lw_writer w;
	bool done = true;

	lw_writer_init(&w, 4096);
	for (int i = CA_TLS_SERVER; done && i < ca_nprofiles; i++) {
		const struct ca_profile *p = &ca_profiles[i];

		for (int rsa = 0; done && rsa < 2; rsa++) {
			lw_writer_reset(&w);
			done = put_text(&w, NID_basic_constraints, p->basic_constraints) &&
			       put_text(&w, NID_key_usage, rsa && p->rsa_usage ? p->rsa_usage : p->key_usage) &&
			       put_text(&w, NID_ext_key_usage, p->ext_key_usage) && !w.err;
			s->constant[i][rsa] = lw_dup(s->arena, lw_written(&w));
			done = done && s->constant[i][rsa].p;
		}
	}
	lw_writer_done(&w);
	return done ? LW_OK : LW_EINTERNAL;
}

/* Who has no subjectKeyIdentifier issues no leaves. */
static int key_id(struct ca_signer *s)
{
	const ASN1_OCTET_STRING *id = X509_get0_subject_key_id(s->c.x[0]);
	uint8_t buf[128];
	struct lw_der_writer w;
	size_t ext, octets, seq;

	if (!id)
		return LW_OK;
	lw_der_writer_init(&w, buf, sizeof(buf));
	ext = octets = seq = lw_der_mark(&w);
	lw_der_put(&w, 0x80, (struct lw_bytes){ ASN1_STRING_get0_data(id), (size_t)ASN1_STRING_length(id) });
	lw_der_wrap(&w, LW_DER_SEQUENCE, seq);
	lw_der_wrap(&w, LW_DER_OCTET_STRING, octets);
	lw_der_put(&w, LW_DER_OID, OID(0x55, 0x1d, 35));
	lw_der_wrap(&w, LW_DER_SEQUENCE, ext);
	s->key_id = lw_dup(s->arena, lw_der_written(&w));
	return s->key_id.p ? LW_OK : LW_EINTERNAL;
}

static int issuers(struct ca_signer *s)
{
	X509 *chain[CA_MAX_CHAIN];
	unsigned char *der;
	size_t n = 0;
	int err = LW_OK;

	for (size_t i = 0; !err && i < s->c.n; i++) {
		X509 *x = s->c.x[i];
		int len;

		der = NULL;
		len = i2d_PUBKEY(X509_get0_pubkey(x), &der);
		err = ca_take(der, len, s->arena, &s->spki[i]);
		if (!(X509_get_extension_flags(x) & EXFLAG_SS))
			chain[n++] = x;
	}
	if (!err && n)
		err = ca_put_pem(chain, n, s->arena, &s->chain);
	return err;
}

int ca_signer_prepare(struct ca_signer *s, struct lw_bytes key, char why[200])
{
	const unsigned char *p;
	size_t n;
	int err;

	s->arena = lw_arena_new(ARENA_MAX, false);
	err = s->arena ? lw_sigkey_private(key, &s->key) : LW_ENOMEM;
	if (!err)
		err = algorithm_of(s);
	if (!err)
		err = constants(s);
	if (!err)
		err = key_id(s);
	if (!err)
		err = issuers(s);
	if (!err && X509_NAME_get0_der(X509_get_subject_name(s->c.x[0]), &p, &n) != 1)
		err = LW_EINTERNAL;
	if (err)
		return ca_refuse(err == LW_EUNSUPPORTED ? LW_EINVAL : err, why, "the issuer's key: %s", lw_strerror(err));
	s->name = lw_dup(s->arena, (struct lw_bytes){ p, n });
	s->end = ca_not_after(s->c.x[0]);
	return s->name.p ? LW_OK : LW_ENOMEM;
}

/* ---- one of them; everything backwards ---- */

static void put_rdn(struct lw_der_writer *w, uint8_t attr, uint8_t tag, const char *text)
{
	size_t mark = lw_der_mark(w);

	lw_der_put(w, tag, lw_str(text));
	lw_der_put(w, LW_DER_OID, OID(0x55, 4, attr));
	lw_der_wrap(w, LW_DER_SEQUENCE, mark);
	lw_der_wrap(w, 0x31, mark); /* SET */
}

/* As ca_subject has it: O, serialNumber (PrintableString), CN. */
static void put_subject(struct lw_der_writer *w, const struct ca_order *o, const char *common_name)
{
	char uuid[LW_UUID_TEXT], tenant[LW_UUID_TEXT];
	size_t mark = lw_der_mark(w);

	lw_uuid_format(&o->subject, uuid);
	lw_uuid_format(&o->tenant.uuid, tenant);
	if (common_name)
		put_rdn(w, 3, 0x0c, common_name);
	put_rdn(w, 5, 0x13, uuid);
	put_rdn(w, 10, 0x0c, strlen(o->tenant.name) <= 64 ? o->tenant.name : tenant);
	lw_der_wrap(w, LW_DER_SEQUENCE, mark);
}

/* RFC 5280 4.1.2.5: two digits of the year until 2049. */
static void put_time(struct lw_der_writer *w, int64_t us)
{
	char text[LW_TIME_TEXT];
	bool utc = us < INT64_C(2524608000) * LW_SECOND;

	lw_time_generalized(us, false, text);
	lw_der_put(w, utc ? 0x17 : LW_DER_GENERALIZED_TIME, lw_str(utc ? text + 2 : text));
}

static void end_extension(struct lw_der_writer *w, struct lw_bytes oid, size_t mark)
{
	lw_der_wrap(w, LW_DER_OCTET_STRING, mark);
	lw_der_put(w, LW_DER_OID, oid);
	lw_der_wrap(w, LW_DER_SEQUENCE, mark);
}

static void put_crl(struct lw_der_writer *w, const char *url)
{
	size_t mark = lw_der_mark(w);

	if (!url)
		return;
	lw_der_put(w, 0x86, lw_str(url));
	lw_der_wrap(w, LW_DER_CONTEXT(0), mark); /* fullName */
	lw_der_wrap(w, LW_DER_CONTEXT(0), mark); /* distributionPoint */
	lw_der_wrap(w, LW_DER_SEQUENCE, mark);
	lw_der_wrap(w, LW_DER_SEQUENCE, mark);
	end_extension(w, OID(0x55, 0x1d, 31), mark);
}

static void put_access(struct lw_der_writer *w, struct lw_bytes method, const char *url)
{
	size_t mark = lw_der_mark(w);

	if (!url)
		return;
	lw_der_put(w, 0x86, lw_str(url));
	lw_der_put(w, LW_DER_OID, method);
	lw_der_wrap(w, LW_DER_SEQUENCE, mark);
}

static void put_pointers(struct lw_der_writer *w, const struct ca_pointers *p)
{
	size_t mark;

	if (!p)
		return;
	put_crl(w, p->crl);
	if (!p->issuer && !p->ocsp)
		return;
	mark = lw_der_mark(w);
	put_access(w, OID(0x2b, 6, 1, 5, 5, 7, 0x30, 2), p->issuer);
	put_access(w, OID(0x2b, 6, 1, 5, 5, 7, 0x30, 1), p->ocsp);
	lw_der_wrap(w, LW_DER_SEQUENCE, mark);
	end_extension(w, OID(0x2b, 6, 1, 5, 5, 7, 1, 1), mark);
}

static const uint8_t name_tags[] = { [CA_NAME_DNS] = 0x82, [CA_NAME_EMAIL] = 0x81, [CA_NAME_URI] = 0x86, [CA_NAME_REALM] = 0 };

/* Those with a tag of their own here, the others by OpenSSL. */
static int put_names(struct lw_der_writer *w, const struct ca_name *v, size_t n)
{
	size_t mark = lw_der_mark(w);
	bool plain = true;

	if (!n)
		return LW_OK;
	for (size_t i = 0; i < n; i++)
		plain = plain && name_tags[v[i].kind];
	for (size_t i = n; plain && i-- > 0;)
		lw_der_put(w, name_tags[v[i].kind], lw_str(v[i].text));
	if (plain) {
		lw_der_wrap(w, LW_DER_SEQUENCE, mark);
	} else {
		GENERAL_NAMES *names = ca_general_names(v, n);
		unsigned char *der = NULL;
		int len = names ? i2d_GENERAL_NAMES(names, &der) : -1;

		if (len > 0)
			lw_der_put_raw(w, (struct lw_bytes){ der, (size_t)len });
		OPENSSL_free(der);
		GENERAL_NAMES_free(names);
		if (len <= 0)
			return LW_EINTERNAL;
	}
	end_extension(w, OID(0x55, 0x1d, 17), mark);
	return LW_OK;
}

/* Method 1 of RFC 5280 4.2.1.2: SHA-1 over the key's bits. */
static int put_key_id(struct lw_der_writer *w, struct lw_bytes spki, bool *ret_rsa)
{
	static const uint8_t rsa[] = { 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 1 };
	struct lw_der d, in, alg;
	struct lw_bytes oid, bits;
	uint8_t sha1[20];
	size_t mark;

	lw_der_init(&d, spki);
	in = lw_der_enter(&d, LW_DER_SEQUENCE);
	alg = lw_der_enter(&in, LW_DER_SEQUENCE);
	oid = lw_der_get(&alg, LW_DER_OID);
	bits = lw_der_get(&in, LW_DER_BIT_STRING);
	if (in.err || alg.err || bits.n < 2 || bits.p[0])
		return LW_EINVAL;
	*ret_rsa = lw_eq(oid, (struct lw_bytes){ rsa, sizeof(rsa) });
	lw_hash(LW_SHA1, (struct lw_bytes){ bits.p + 1, bits.n - 1 }, sha1);
	mark = lw_der_mark(w);
	lw_der_put(w, LW_DER_OCTET_STRING, (struct lw_bytes){ sha1, sizeof(sha1) });
	end_extension(w, OID(0x55, 0x1d, 14), mark);
	return LW_OK;
}

static int put_extensions(struct lw_der_writer *w, const struct ca_signer *s, const struct ca_order *o, struct lw_bytes spki, const struct ca_name *names,
	size_t n)
{
	size_t mark = lw_der_mark(w);
	bool rsa = false;
	int err;

	put_pointers(w, o->pointers);
	err = put_names(w, names, n);
	lw_der_put_raw(w, s->key_id);
	if (!err)
		err = put_key_id(w, spki, &rsa);
	lw_der_put_raw(w, s->constant[o->profile - ca_profiles][rsa]);
	lw_der_wrap(w, LW_DER_SEQUENCE, mark);
	lw_der_wrap(w, LW_DER_CONTEXT(3), mark);
	return err;
}

/* What is signed. */
static int put_tbs(struct lw_der_writer *w, const struct ca_signer *s, const struct ca_order *o, struct lw_bytes spki, const struct ca_name *names, size_t n,
	const char *common_name, const struct ca_built *times)
{
	size_t mark = lw_der_mark(w), validity, version;
	int err = put_extensions(w, s, o, spki, names, n);

	lw_der_put_raw(w, spki);
	put_subject(w, o, common_name);
	validity = lw_der_mark(w);
	put_time(w, times->not_after);
	put_time(w, times->not_before);
	lw_der_wrap(w, LW_DER_SEQUENCE, validity);
	lw_der_put_raw(w, s->name);
	lw_der_put_raw(w, s->algorithm);
	lw_der_put(w, LW_DER_INTEGER, o->serial); /* positive, without zeros in front */
	version = lw_der_mark(w);
	lw_der_put_int(w, 2);
	lw_der_wrap(w, LW_DER_CONTEXT(0), version);
	lw_der_wrap(w, LW_DER_SEQUENCE, mark);
	return err ? err : w->err;
}

/* The whole, with what is signed in the middle. */
static int put_certificate(const struct ca_signer *s, struct lw_bytes tbs, struct lw_arena *a, struct lw_bytes *ret)
{
	uint8_t digest[64], signature[1 + LW_SIG_MAX] = { 0 }, *buf;
	size_t n, size = tbs.n + s->algorithm.n + LW_SIG_MAX + 32;
	struct lw_der_writer w;
	int err;

	lw_hash(s->hash, tbs, digest);
	err = lw_sigkey_sign_x509(s->key, lw_sigkey_type(s->key) == LW_KEY_RSA ? LW_SIG_RSA : LW_SIG_ECDSA, s->hash, digest, signature + 1, &n);
	buf = err ? NULL : lw_alloc(a, size);
	if (!buf)
		return err ? err : LW_ENOMEM;
	lw_der_writer_init(&w, buf, size);
	size_t mark = lw_der_mark(&w);
	lw_der_put(&w, LW_DER_BIT_STRING, (struct lw_bytes){ signature, 1 + n });
	lw_der_put_raw(&w, s->algorithm);
	lw_der_put_raw(&w, tbs);
	lw_der_wrap(&w, LW_DER_SEQUENCE, mark);
	*ret = lw_der_written(&w);
	return w.err;
}

int ca_build(const struct ca_signer *s, const struct ca_order *o, struct lw_bytes spki, const struct ca_name *names, size_t n_names, const char *common_name,
	int64_t life, struct lw_arena *a, struct ca_built *ret)
{
	int64_t now = o->now - o->now % LW_SECOND;
	struct ca_built got = { .not_before = now - CA_BACKDATE_SECONDS * LW_SECOND, .not_after = now + life - life % LW_SECOND };
	uint8_t buf[DER_MAX];
	struct lw_der_writer w;
	int err;

	if (!s->key_id.n)
		return LW_EINTERNAL;
	if (got.not_after > s->end)
		got.not_after = s->end;
	lw_der_writer_init(&w, buf, sizeof(buf));
	err = put_tbs(&w, s, o, spki, names, n_names, common_name, &got);
	if (!err)
		err = put_certificate(s, lw_der_written(&w), a, &got.der);
	if (!err)
		*ret = got;
	return err;
}
