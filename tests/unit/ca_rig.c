/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/ca_rig.h"

#include <openssl/bio.h>
#include <openssl/conf.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

static struct lw_uuid uuid(const char *text)
{
	struct lw_uuid u;

	assert_int_equal(lw_uuid_parse(lw_str(text), &u), LW_OK);
	return u;
}

struct lw_bytes rig_join(struct ca_rig *r, struct lw_bytes x, struct lw_bytes y)
{
	uint8_t *p = lw_alloc(r->a, x.n + y.n);

	assert_non_null(p);
	memcpy(p, x.p, x.n);
	memcpy(p + x.n, y.p, y.n);
	return (struct lw_bytes){ p, x.n + y.n };
}

struct lw_bytes rig_serial(struct ca_rig *r)
{
	uint8_t *p = lw_alloc(r->a, CA_SERIAL);

	assert_non_null(p);
	ca_serial(p);
	return (struct lw_bytes){ p, CA_SERIAL };
}

static struct ca_issuer tenant_ca(struct ca_rig *r, const struct ca_tenant *t, const char *kind, int64_t now)
{
	struct ca_issuer is;

	assert_int_equal(ca_new_private(kind, r->a, &is.key, r->why), LW_OK);
	if (ca_tenant_cert(&r->installation, t, is.key, rig_serial(r), &r->up, now, r->a, &is.pem, r->why))
		fail_msg("%s", r->why);
	is.pem = rig_join(r, is.pem, r->installation.pem);
	return is;
}

void rig_new(struct ca_rig *r, const char *kind, int64_t now)
{
	*r = (struct ca_rig){ .a = lw_arena_new(64u << 20, true) };
	assert_non_null(r->a);
	assert_int_equal(ca_builders.root(HOST, now, r->a, &r->root_key, &r->root_pem, r->why), LW_OK);
	assert_int_equal(ca_builders.installation(
	                         r->root_key, r->root_pem, HOST, now, r->a, &r->ca_key, &r->ca_pem, r->why),
	        LW_OK);
	r->installation = (struct ca_issuer){ r->ca_key, rig_join(r, r->ca_pem, r->root_pem) };
	r->tenant = (struct ca_tenant){ TENANT, uuid(UUID_T) };
	r->other = (struct ca_tenant){ "other.example", uuid("0193576e-3333-7000-8000-000000000003") };
	assert_int_equal(ca_pointers(BASE, NULL, r->a, &r->up), LW_OK);
	assert_int_equal(ca_pointers(BASE, TENANT, r->a, &r->down), LW_OK);
	r->issuer = tenant_ca(r, &r->tenant, kind, now);
	r->others = tenant_ca(r, &r->other, "p256", now);
	r->key = EVP_EC_gen("P-256");
	assert_non_null(r->key);
}

void rig_done(struct ca_rig *r)
{
	EVP_PKEY_free(r->key);
	lw_arena_free(r->a);
}

static const char config[] = "[krbtgt]\nrealm=EXP:0,GeneralString:ACME.EXAMPLE\nname=EXP:1,SEQUENCE:name\n"
                             "[name]\ntype=EXP:0,INTEGER:2\nstrings=EXP:1,SEQUENCE:strings\n"
                             "[strings]\na=GeneralString:krbtgt\nb=GeneralString:ACME.EXAMPLE\n"
                             "[kadmin]\nrealm=EXP:0,GeneralString:ACME.EXAMPLE\nname=EXP:1,SEQUENCE:kname\n"
                             "[kname]\ntype=EXP:0,INTEGER:2\nstrings=EXP:1,SEQUENCE:kstrings\n"
                             "[kstrings]\na=GeneralString:kadmin\nb=GeneralString:changepw\n"
                             "[dir]\nO=acme.example\n";

static void add_san(X509_REQ *req, const char *san)
{
	BIO *bio = BIO_new_mem_buf(config, -1);
	CONF *conf = NCONF_new(NULL);
	STACK_OF(X509_EXTENSION) *exts = sk_X509_EXTENSION_new_null();
	X509_EXTENSION *e;
	X509V3_CTX ctx;

	assert_true(NCONF_load_bio(conf, bio, NULL) > 0);
	X509V3_set_ctx(&ctx, NULL, NULL, req, NULL, 0);
	X509V3_set_nconf(&ctx, conf);
	e = X509V3_EXT_nconf_nid(conf, &ctx, NID_subject_alt_name, san);
	if (!e)
		fail_msg("the test's own subjectAltName: %s", san);
	sk_X509_EXTENSION_push(exts, e);
	assert_int_equal(X509_REQ_add_extensions(req, exts), 1);
	sk_X509_EXTENSION_pop_free(exts, X509_EXTENSION_free);
	NCONF_free(conf);
	BIO_free(bio);
}

struct lw_bytes rig_csr(struct ca_rig *r, EVP_PKEY *key, const char *san)
{
	X509_REQ *req = X509_REQ_new();
	unsigned char *der = NULL;
	struct lw_bytes b;
	int n;

	X509_REQ_set_pubkey(req, key);
	if (san)
		add_san(req, san);
	assert_true(X509_REQ_sign(req, key, EVP_sha256()) > 0);
	n = i2d_X509_REQ(req, &der);
	assert_int_equal(ca_take(der, n, r->a, &b), LW_OK);
	X509_REQ_free(req);
	return b;
}

static bool all(void *ctx, const struct ca_name *n)
{
	return ctx == NULL && n != NULL;
}

static const char *const hosts[] = { HOST };
const struct ca_owner rig_owner = { all, NULL, hosts, 1 };

struct ca_order rig_order(struct ca_rig *r, const char *profile)
{
	const struct ca_profile *p = ca_profile(profile);

	assert_non_null(p);
	return (struct ca_order){ .profile = p,
		.serial = rig_serial(r),
		.tenant = r->tenant,
		.subject = uuid(UUID_E),
		.name = "web1.acme.example",
		.who = p->who & CA_WHO_HOST ? CA_WHO_HOST : p->who,
		.pointers = &r->down,
		.now = NOW };
}

X509 *rig_x509(struct lw_bytes der)
{
	const unsigned char *p = der.p;
	X509 *x = d2i_X509(NULL, &p, (long)der.n);

	assert_non_null(x);
	return x;
}

int rig_verify(struct ca_rig *r, struct lw_bytes pem, int64_t at)
{
	X509_STORE *store = X509_STORE_new();
	X509_STORE_CTX *ctx = X509_STORE_CTX_new();
	STACK_OF(X509) *chain = sk_X509_new_null();
	BIO *bio = BIO_new_mem_buf(pem.p, (int)pem.n);
	X509 *root = ca_get_pem(r->root_pem), *x;
	X509_VERIFY_PARAM *p;
	int ret;

	while ((x = PEM_read_bio_X509(bio, NULL, NULL, NULL)))
		sk_X509_push(chain, x);
	X509_STORE_add_cert(store, root);
	X509_STORE_CTX_init(ctx, store, sk_X509_value(chain, 0), chain);
	p = X509_STORE_CTX_get0_param(ctx);
	X509_VERIFY_PARAM_set_time(p, (time_t)(at / LW_SECOND));
	X509_VERIFY_PARAM_set_flags(p, X509_V_FLAG_X509_STRICT);
	X509_VERIFY_PARAM_set_auth_level(p, 2);
	ret = X509_verify_cert(ctx) == 1 ? X509_V_OK : X509_STORE_CTX_get_error(ctx);
	X509_STORE_CTX_free(ctx);
	X509_STORE_free(store);
	sk_X509_pop_free(chain, X509_free);
	X509_free(root);
	BIO_free(bio);
	return ret;
}
