/* SPDX-License-Identifier: Apache-2.0 */
/* ca/ as keyd uses it (keys/builders.h): the same calls in keyd's words. */
#include "ca/ca.h"

#include <stdlib.h>
#include <string.h>
#include "base/err.h"
#include "ca/x509.h"

_Static_assert((int)KEYS_SAN_DNS == CA_NAME_DNS && (int)KEYS_SAN_EMAIL == CA_NAME_EMAIL && (int)KEYS_SAN_URI == CA_NAME_URI &&
	(int)KEYS_SAN_UPN == CA_NAME_UPN && (int)KEYS_SAN_REALM == CA_NAME_REALM, "kinds of names");
_Static_assert(KEYS_SERIAL == CA_SERIAL, "serials");

#define MAX_REVOKED 1000000

int ca_signer_new(const struct ca_issuer *issuer, struct ca_signer **ret, char why[200])
{
	struct ca_signer *s = calloc(1, sizeof(*s));
	int err = s ? ca_chain_load(issuer, &s->c, why) : LW_ENOMEM;

	if (!err)
		err = ca_signer_prepare(s, issuer->key, why);
	if (err)
		ca_signer_free(s);
	else
		*ret = s;
	return err;
}

void ca_signer_free(struct ca_signer *s)
{
	if (!s)
		return;
	ca_chain_done(&s->c);
	lw_sigkey_free(s->key);
	lw_arena_free(s->arena);
	free(s);
}

static int load(struct lw_bytes key, struct lw_bytes pem, struct ca_signer **ret, char why[200])
{
	return ca_signer_new(&(struct ca_issuer){ key, pem }, ret, why);
}

static int pointers_below(const char *url, const char *tenant, const char *key, struct lw_arena *a, struct ca_pointers *room,
        const struct ca_pointers **ret)
{
	int err = !url ? LW_OK : key ? ca_key_pointers(url, tenant, key, a, room) : ca_pointers(url, tenant, a, room);

	if (!err)
		*ret = url ? room : NULL;
	return err;
}

static int tenant(const struct ca_signer *installation, const struct keys_ca_tenant *t, struct lw_arena *a, struct lw_bytes *ret_pem,
        uint8_t ret_serial[KEYS_SERIAL], int64_t *ret_not_after, char why[200])
{
	struct ca_tenant who = { t->name, t->uuid };
	struct ca_pointers room;
	const struct ca_pointers *pointers;
	uint8_t serial[CA_SERIAL];
	X509 *x;
	int err = pointers_below(t->url, NULL, NULL, a, &room, &pointers);

	if (err)
		return ca_refuse(err, why, "the URL of this installation can't stand in certificates");
	ca_serial(serial);
	err = ca_tenant_cert_by(installation, &who, t->key, (struct lw_bytes){ serial, sizeof(serial) }, pointers, t->now, a, ret_pem, why);
	if (err)
		return err;
	x = ca_get_pem(*ret_pem);
	if (!x)
		return ca_fail("the new certificate", why);
	memcpy(ret_serial, serial, sizeof(serial));
	*ret_not_after = ca_not_after(x);
	X509_free(x);
	return LW_OK;
}

/* Self-issued, so that the path length above it does not count it (RFC 5280 6.1.4 l), and it keeps to the same names. No OCSP: its issuer's list
 * says of it what there is to say. */
static int cross(const struct ca_signer *before, const char *id, const struct keys_ca_tenant *t, struct lw_arena *a, struct lw_bytes *ret_pem, char why[200])
{
	struct ca_tenant who = { t->name, t->uuid };
	struct ca_pointers room = { 0 };
	const struct ca_pointers *pointers;
	uint8_t serial[CA_SERIAL];
	int err = pointers_below(t->url, t->name, id, a, &room, &pointers);

	if (err)
		return ca_refuse(err, why, "the URL of this installation can't stand in certificates");
	room.ocsp = NULL;
	ca_serial(serial);
	return ca_tenant_cert_by(before, &who, t->key, (struct lw_bytes){ serial, sizeof(serial) }, pointers, t->now, a, ret_pem, why);
}

static int64_t not_after(struct lw_bytes pem)
{
	X509 *x = ca_get_pem(pem);
	int64_t ret = x ? ca_not_after(x) : 0;

	X509_free(x);
	return ret;
}

static size_t serial(struct lw_bytes pem, uint8_t ret[KEYS_SERIAL_MAX])
{
	X509 *x = ca_get_pem(pem);
	const ASN1_INTEGER *s = x ? X509_get0_serialNumber(x) : NULL;
	int n = s ? ASN1_STRING_length(s) : 0;

	if (n > KEYS_SERIAL_MAX || (n && ASN1_STRING_type(s) != V_ASN1_INTEGER))
		n = 0;
	if (n)
		memcpy(ret, ASN1_STRING_get0_data(s), (size_t)n);
	X509_free(x);
	return (size_t)n;
}

static int der(struct lw_bytes pem, struct lw_arena *a, struct lw_bytes *ret)
{
	X509 *x = ca_get_pem(pem);
	unsigned char *p = NULL;
	int n = x ? i2d_X509(x, &p) : -1;

	X509_free(x);
	return ca_take(p, n, a, ret);
}

static int64_t longest(void)
{
	int days = 0;

	for (int i = CA_TLS_SERVER; i < ca_nprofiles; i++)
		days = ca_profiles[i].days > days ? ca_profiles[i].days : days;
	return (int64_t)days * 86400 * LW_SECOND;
}

/* ---- leaves ---- */
static int csr(struct lw_bytes in, struct lw_arena *a, const struct ca_csr **ret, char why[200])
{
	struct ca_csr *c = lw_alloc(a, sizeof(*c));
	struct lw_bytes binary;
	int err = c ? ca_csr_der(in, a, &binary, why) : LW_ENOMEM;

	if (!err)
		err = ca_csr_read(binary, a, c, why);
	if (!err)
		*ret = c;
	return err;
}

static bool each_name(const struct ca_csr *c, keys_san_fn *fn, void *ctx)
{
	bool all = true;

	for (size_t i = 0; i < c->n_names; i++)
		all = fn(ctx, (enum keys_san)c->names[i].kind, c->names[i].text) && all;
	return all;
}

static int canon(enum keys_san kind, struct lw_bytes text, struct lw_arena *a, const char **ret)
{
	struct ca_name n;
	char why[200];
	int err = ca_name_canon((enum ca_name_kind)kind, text, a, &n, why);

	if (!err)
		*ret = n.text;
	return err;
}

static bool leaf_owns(void *ctx, const struct ca_name *n)
{
	const struct keys_leaf *l = ctx;

	return l->owns && l->owns(l->ctx, (enum keys_san)n->kind, n->text);
}

static int leaf(const struct ca_signer *signer, const struct ca_csr *from, const struct keys_leaf *l, struct lw_arena *a,
        struct keys_cert *ret, char why[200])
{
	static const unsigned who[] = { [STORE_PERSON] = CA_WHO_PERSON, [STORE_SERVICE] = CA_WHO_SERVICE, [STORE_HOST] = CA_WHO_HOST };
	struct ca_owner owner = { .owns = leaf_owns, .ctx = (void *)(uintptr_t)l, .reserved = l->reserved };
	struct ca_pointers room;
	struct ca_order o = { .profile = ca_profile(l->profile),
		.serial = l->serial,
		.tenant = { l->tenant, l->tenant_uuid },
		.subject = l->subject,
		.name = l->name,
		.who = who[l->kind],
		.life = l->life,
		.now = l->now };
	struct ca_issued got;
	int err;

	if (!o.profile)
		return ca_refuse(LW_EINVAL, why, "there is no profile \"%.60s\"", l->profile);
	while (l->reserved && l->reserved[owner.n_reserved])
		owner.n_reserved++;
	err = pointers_below(l->url, l->tenant, l->key, a, &room, &o.pointers);
	if (err)
		return ca_refuse(err, why, "the URL of this installation can't stand in certificates");
	err = ca_leaf_by(signer, from, &o, &owner, a, &got, why);
	if (!err)
		*ret = (struct keys_cert){ got.der, got.pem, got.not_before, got.not_after };
	return err;
}

/* ---- what became of them ---- */
static int crl(const struct ca_signer *signer, uint64_t number, const struct keys_revocation *v, size_t n, int64_t now, int64_t next,
        struct lw_arena *a, struct lw_bytes *ret_der, char why[200])
{
	struct ca_revoked *list;
	int err;

	if (n > MAX_REVOKED)
		return ca_refuse(LW_ELIMIT, why, "more than %d revoked certificates", MAX_REVOKED);
	list = calloc(n ? n : 1, sizeof(*list));
	if (!list)
		return LW_ENOMEM;
	for (size_t i = 0; i < n; i++)
		list[i] = (struct ca_revoked){ v[i].serial, v[i].when, v[i].reason };
	err = ca_crl_by(signer, number, list, n, now, next, a, ret_der, why);
	free(list);
	return err;
}

static bool issued(const struct ca_signer *signer, struct lw_bytes from)
{
	const unsigned char *p = from.p;
	X509 *x = d2i_X509(NULL, &p, (long)from.n);
	const ASN1_OCTET_STRING *id = x ? X509_get0_authority_key_id(x) : NULL, *own = X509_get0_subject_key_id(signer->c.x[0]);
	bool is = id && own && ASN1_OCTET_STRING_cmp(id, own) == 0;

	X509_free(x);
	return is;
}

static int64_t crl_next(struct lw_bytes from)
{
	const unsigned char *p = from.p;
	X509_CRL *list = d2i_X509_CRL(NULL, &p, (long)from.n);
	int64_t ret = list ? ca_time(X509_CRL_get0_nextUpdate(list)) : 0;

	X509_CRL_free(list);
	return ret;
}

static int status(keys_status_fn *fn, void *ctx, size_t signer, struct lw_bytes serial, struct ca_ocsp_status *ret)
{
	static const enum ca_ocsp_state states[] = { [KEYS_STATUS_UNKNOWN] = CA_OCSP_UNKNOWN, [KEYS_STATUS_GOOD] = CA_OCSP_GOOD,
		[KEYS_STATUS_REVOKED] = CA_OCSP_REVOKED };
	struct keys_revocation when = { .reason = 0 };
	enum keys_status s = KEYS_STATUS_UNKNOWN;
	int err = serial.n ? fn(ctx, signer, serial, &s, &when) : LW_OK;

	*ret = (struct ca_ocsp_status){ states[s], when.when, when.reason };
	return err;
}

static int answer(const struct ca_signer *const *signers, size_t n, struct lw_bytes request, keys_status_fn *fn, void *ctx, int64_t now,
        int64_t next, struct lw_arena *a, struct lw_bytes *ret_der, char why[200])
{
	struct ca_ocsp_query q = { .n = 0 };
	struct ca_ocsp_status s[CA_OCSP_MAX_IDS];
	size_t by = 0;
	int err = LW_EACCES;

	for (; by < n; by++) {
		err = ca_ocsp_read_by(request, signers[by], a, &q);
		if (err != LW_EACCES)
			break;
	}
	for (size_t i = 0; !err && i < q.n; i++)
		err = status(fn, ctx, by, q.serial[i], &s[i]);
	return err ? err : ca_ocsp_answer_by(signers[by], &q, s, now, next, a, ret_der, why);
}

static int ocsp(const struct ca_signer *const *signers, size_t n, struct lw_bytes request, keys_status_fn *fn, void *ctx, int64_t now,
        int64_t next, struct lw_arena *a, struct lw_bytes *ret_der, char why[200])
{
	int err = answer(signers, n, request, fn, ctx, now, next, a, ret_der, why);

	return err ? ca_ocsp_error(err, a, ret_der) : LW_OK;
}

static int64_t not_before(struct lw_bytes pem)
{
	X509 *x = ca_get_pem(pem);
	int64_t ret = x ? ca_not_before(x) : 0;

	X509_free(x);
	return ret;
}

const struct keys_ca_builders ca_issuing = { ca_new_private, tenant, cross, ca_renew_at, not_after, not_before, serial, der, longest, load, ca_signer_free, csr,
	each_name, canon, leaf, issued, crl, crl_next, ocsp };
