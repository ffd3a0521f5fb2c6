/* SPDX-License-Identifier: Apache-2.0 */
/* A leaf that somebody shows: whose is it, and did one of the tenant's issuers make it? */
#include "ca/ca.h"

#include <string.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include "base/err.h"
#include "ca/x509.h"

#define MAX_ISSUERS 32 /* of a tenant: what rotations have left */
#define MAX_PEM     262144

static X509 *get_der(struct lw_bytes der)
{
	const unsigned char *p = der.p;
	X509 *x = der.n > 0 && der.n <= CA_MAX_LEAF ? d2i_X509(NULL, &p, (long)der.n) : NULL;

	if (x && p == der.p + der.n)
		return x;
	X509_free(x);
	return NULL;
}

/* ---- what it says ---- */
/* O=…, serialNumber=UUID, and maybe CN=…, one attribute each. */
static bool read_name(const X509_NAME *name, struct lw_bytes *ret_org, struct lw_uuid *ret_uuid)
{
	static const int order[] = { NID_organizationName, NID_serialNumber, NID_commonName };
	int n = X509_NAME_entry_count(name);
	struct lw_bytes part[3] = { 0 };

	if (n < 2 || n > 3)
		return false;
	for (int i = 0; i < n; i++) {
		X509_NAME_ENTRY *e = X509_NAME_get_entry(name, i);
		const ASN1_STRING *s = X509_NAME_ENTRY_get_data(e);

		if (X509_NAME_ENTRY_set(e) != i || OBJ_obj2nid(X509_NAME_ENTRY_get_object(e)) != order[i])
			return false;
		part[i] = (struct lw_bytes){ ASN1_STRING_get0_data(s), (size_t)ASN1_STRING_length(s) };
	}
	*ret_org = part[0];
	return part[0].n > 0 && !memchr(part[0].p, 0, part[0].n) && lw_uuid_parse(part[1], ret_uuid) == LW_OK &&
	       !lw_uuid_zero(ret_uuid);
}

/* Does the profile say exactly these purposes? */
static bool same_purposes(const char *text, const EXTENDED_KEY_USAGE *eku)
{
	X509_EXTENSION *e = X509V3_EXT_conf_nid(NULL, NULL, NID_ext_key_usage, text);
	EXTENDED_KEY_USAGE *want = e ? X509V3_EXT_d2i(e) : NULL;
	int n = want ? sk_ASN1_OBJECT_num(want) : -1;
	bool same = n > 0 && n == sk_ASN1_OBJECT_num(eku);

	for (int i = 0; same && i < n; i++)
		same = OBJ_cmp(sk_ASN1_OBJECT_value(want, i), sk_ASN1_OBJECT_value(eku, i)) == 0;
	EXTENDED_KEY_USAGE_free(want);
	X509_EXTENSION_free(e);
	return same;
}

static const struct ca_profile *profile_of(X509 *x)
{
	EXTENDED_KEY_USAGE *eku = X509_get_ext_d2i(x, NID_ext_key_usage, NULL, NULL);
	const struct ca_profile *found = NULL;

	for (int i = CA_TLS_SERVER; eku && i < ca_nprofiles && !found; i++) {
		if (same_purposes(ca_profiles[i].ext_key_usage, eku))
			found = &ca_profiles[i];
	}
	EXTENDED_KEY_USAGE_free(eku);
	return found;
}

static int says(X509 *x, struct lw_arena *a, struct keys_shown *ret, char why[200])
{
	const ASN1_INTEGER *serial = X509_get0_serialNumber(x);
	const struct ca_profile *p;
	struct keys_shown l = { .not_before = ca_not_before(x), .not_after = ca_not_after(x) };
	struct lw_bytes org, theirs;

	if (X509_get_version(x) != X509_VERSION_3 || X509_get_extension_flags(x) & (EXFLAG_INVALID | EXFLAG_CRITICAL) ||
	        X509_check_ca(x) != 0)
		return ca_refuse(LW_EINVAL, why, "not a leaf of version 3 with extensions that are known");
	if (!read_name(X509_get_issuer_name(x), &theirs, &l.tenant) ||
	        !read_name(X509_get_subject_name(x), &org, &l.subject) || !lw_eq(org, theirs))
		return ca_refuse(LW_EINVAL, why, "subject or issuer are not in the form of a tenant's");
	l.serial = (struct lw_bytes){ ASN1_STRING_get0_data(serial), (size_t)ASN1_STRING_length(serial) };
	if (ASN1_STRING_type(serial) != V_ASN1_INTEGER || !ca_serial_good(l.serial))
		return ca_refuse(LW_EINVAL, why, "the serial");
	if (l.not_before <= 0 || l.not_after <= l.not_before)
		return ca_refuse(LW_EINVAL, why, "the validity");
	p = profile_of(x);
	if (!p)
		return ca_refuse(LW_EINVAL, why, "the purposes of no profile");
	l.profile = p->name;
	l.client = strstr(p->ext_key_usage, "clientAuth") != NULL;
	l.organization = lw_dup(a, org);
	l.serial = lw_dup(a, l.serial);
	if (!l.organization.p || !l.serial.p)
		return ca_refuse(LW_ENOMEM, why, "out of memory");
	*ret = l;
	return LW_OK;
}

int ca_leaf_read(struct lw_bytes der, struct lw_arena *a, struct keys_shown *ret, char why[200])
{
	X509 *x = get_der(der);
	int err = x ? says(x, a, ret, why) : ca_refuse(LW_EINVAL, why, "not a certificate");

	X509_free(x);
	ERR_clear_error();
	return err;
}

/* ---- who made it ---- */
static bool made_by(X509 *x, X509 *issuer)
{
	const ASN1_OCTET_STRING *theirs = X509_get0_authority_key_id(x), *own = X509_get0_subject_key_id(issuer);

	return X509_NAME_cmp(X509_get_issuer_name(x), X509_get_subject_name(issuer)) == 0 && theirs && own &&
	       ASN1_OCTET_STRING_cmp(theirs, own) == 0 && X509_verify(x, X509_get0_pubkey(issuer)) == 1;
}

static int verify(X509 *x, struct lw_bytes issuers_pem, int64_t now, char why[200])
{
	BIO *bio = issuers_pem.n <= MAX_PEM ? BIO_new_mem_buf(issuers_pem.p, (int)issuers_pem.n) : NULL;
	bool made = false, live = false;
	X509 *issuer;

	for (int n = 0; bio && n < MAX_ISSUERS && !live && (issuer = PEM_read_bio_X509(bio, NULL, NULL, NULL)); n++) {
		if (made_by(x, issuer)) {
			made = true; /* a renewed certificate of the same key may follow */
			live = ca_not_before(issuer) <= now && now < ca_not_after(issuer);
		}
		X509_free(issuer);
	}
	BIO_free(bio);
	if (!made)
		return ca_refuse(LW_EAUTH, why, "none of the tenant's issuers made it");
	if (!live)
		return ca_refuse(LW_EEXPIRED, why, "its issuer has expired");
	if (now < ca_not_before(x))
		return ca_refuse(LW_EAUTH, why, "not valid yet");
	if (now >= ca_not_after(x))
		return ca_refuse(LW_EEXPIRED, why, "expired");
	return LW_OK;
}

int ca_leaf_verify(struct lw_bytes der, struct lw_bytes issuers_pem, int64_t now, char why[200])
{
	X509 *x = get_der(der);
	int err = x ? verify(x, issuers_pem, now, why) : ca_refuse(LW_EINVAL, why, "not a certificate");

	X509_free(x);
	ERR_clear_error();
	return err;
}
