/* SPDX-License-Identifier: Apache-2.0 */
/* The hands of ca_tools.sh: calls ca/ on files. Times are the clock's, because `openssl ocsp` knows no other.
 *   ca_make init DIR KIND                          a root, an installation CA, the tenants acme.example and
 * other.example with such keys ca_make issue DIR PROFILE NAME CSR OUT         a leaf of acme.example: CSR in
 * DER, the chain in PEM; DIR/up.pem: its issuers ca_make beyond DIR SAN OUT                     what that
 * tenant's CA may not sign, signed ca_make crl DIR ISSUER OUT [REVOKED-PEM]       a list in DER ca_make ocsp
 * DIR REQUEST OUT GOOD-PEM REVOKED-PEM    of that tenant; a REQUEST of @BASE64 is the path of a GET */
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/err.h"
#include "ca/x509.h"

static struct lw_arena *arena;
static const char *dir;
static char why[200];
static int64_t now;

static void check(int err, const char *what)
{
	if (err) {
		fprintf(stderr, "%s: %s: %s\n", what, lw_errname(err), why);
		exit(1);
	}
}

static const char *path(const char *name, const char *ext)
{
	return lw_printf(arena, "%s/%s%s", dir, name, ext);
}

static struct lw_bytes load(const char *file)
{
	FILE *f = fopen(file, "rb");
	uint8_t *p = lw_alloc(arena, 65536);
	size_t n = f && p ? fread(p, 1, 65536, f) : 0;

	if (!f) {
		perror(file);
		exit(1);
	}
	fclose(f);
	return (struct lw_bytes){ p, n };
}

static void save(const char *file, struct lw_bytes b)
{
	FILE *f = fopen(file, "wb");

	if (!f || fwrite(b.p, 1, b.n, f) != b.n || fclose(f)) {
		perror(file);
		exit(1);
	}
}

static struct lw_bytes serial(void)
{
	uint8_t *p = lw_alloc(arena, CA_SERIAL);

	ca_serial(p);
	return (struct lw_bytes){ p, CA_SERIAL };
}

static struct ca_tenant tenant(const char *name)
{
	struct ca_tenant t = { name, { { 1, 2, 3 } } };

	t.uuid.b[15] = (uint8_t)name[0];
	return t;
}

static struct ca_issuer issuer(const char *name)
{
	return (struct ca_issuer){ load(path(name, ".key")), load(path(name, ".pem")) };
}

static void init(const char *kind)
{
	static const char *const tenants[] = { "acme.example", "other.example" };
	struct lw_bytes root_key, root, key, pem;
	struct ca_issuer up;
	struct ca_pointers p;

	check(ca_builders.root("acme.example", now, arena, &root_key, &root, why), "root");
	check(ca_builders.installation(root_key, root, "acme.example", now, arena, &key, &pem, why),
	        "installation");
	check(ca_pointers("http://ca.acme.example", NULL, arena, &p), "pointers");
	save(path("root", ".key"), root_key);
	save(path("root", ".pem"), root);
	save(path("installation", ".key"), key);
	save(path("installation", ".pem"), pem);
	up = issuer("installation");
	for (int i = 0; i < 2; i++) {
		struct ca_tenant t = tenant(tenants[i]);

		check(ca_new_private(kind, arena, &key, why), "key");
		check(ca_tenant_cert(&up, &t, key, serial(), &p, now, arena, &pem, why), "tenant");
		save(path(tenants[i], ".key"), key);
		save(path(tenants[i], ".pem"), pem);
	}
}

static bool all(void *ctx, const struct ca_name *n)
{
	return !ctx && n;
}

static void issue(const char *profile, const char *name, const char *csr, const char *out)
{
	const struct ca_owner everything = { all, NULL, NULL, 0 };
	const struct ca_profile *p = ca_profile(profile);
	struct ca_issuer is = { load(path("acme.example", ".key")), load(path("up", ".pem")) };
	struct ca_pointers pointers;
	struct ca_order o = { .profile = p,
		.serial = serial(),
		.tenant = tenant("acme.example"),
		.subject = { { 9, 9 } },
		.name = name,
		.who = p->who & CA_WHO_HOST ? CA_WHO_HOST : p->who,
		.pointers = &pointers,
		.now = now };
	struct ca_issued got;

	check(ca_pointers("http://ca.acme.example", "acme.example", arena, &pointers), "pointers");
	check(ca_leaf(&is, load(csr), &o, &everything, arena, &got, why), "leaf");
	save(out, got.pem);
}

static void beyond(const char *san, const char *out)
{
	struct ca_tenant t = tenant("acme.example");
	struct ca_issuer is = issuer("acme.example");
	X509_EXTENSION *e = X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name, san);
	GENERAL_NAMES *alt = X509V3_EXT_d2i(e);
	X509_NAME *subject = ca_subject(&t, &t.uuid, "beyond");
	struct ca_chain c;
	struct lw_bytes pem;
	X509 *x;

	check(ca_chain_load(&is, &c, why), "issuer");
	x = ca_make(&(struct ca_spec){ .profile = &ca_profiles[CA_TLS_SERVER],
	                    .key = c.key,
	                    .subject = subject,
	                    .alt = alt,
	                    .issuer = c.x[0],
	                    .issuer_key = c.key,
	                    .now = now },
	        why);
	check(x ? ca_put_pem(&x, 1, arena, &pem) : LW_EINTERNAL, "beyond");
	save(out, pem);
	X509_free(x);
	X509_NAME_free(subject);
	GENERAL_NAMES_free(alt);
	X509_EXTENSION_free(e);
	ca_chain_done(&c);
}

static struct lw_bytes serial_of(const char *file)
{
	X509 *x = ca_get_pem(load(file));
	const ASN1_INTEGER *i = X509_get0_serialNumber(x);
	struct lw_bytes b =
	        lw_dup(arena, (struct lw_bytes){ ASN1_STRING_get0_data(i), (size_t)ASN1_STRING_length(i) });

	X509_free(x);
	return b;
}

static void crl(const char *of, const char *out, const char *revoked)
{
	struct ca_revoked v = { { NULL, 0 }, now - 60 * LW_SECOND, 1 };
	struct ca_issuer is = issuer(of);
	struct lw_bytes der;

	if (revoked)
		v.serial = serial_of(revoked);
	check(ca_crl(&is, 1, &v, revoked != NULL, now, now + 86400 * LW_SECOND, arena, &der, why), "list");
	save(out, der);
}

static void ocsp(const char *request, const char *out, const char *good, const char *revoked)
{
	struct lw_bytes der, answer, g = serial_of(good), r = serial_of(revoked);
	struct ca_ocsp_status s[CA_OCSP_MAX_IDS];
	struct ca_issuer is = issuer("acme.example");
	struct ca_ocsp_query q;
	int err = LW_OK;

	if (*request == '@')
		err = ca_ocsp_path(lw_str(request + 1), arena, &der);
	else
		der = load(request);
	if (!err)
		err = ca_ocsp_read(der, is.pem, arena, &q);
	if (err) {
		check(ca_ocsp_error(err, arena, &answer), "error");
	} else {
		for (size_t i = 0; i < q.n; i++)
			s[i] = (struct ca_ocsp_status){ lw_eq(q.serial[i], g)   ? CA_OCSP_GOOD
				                        : lw_eq(q.serial[i], r) ? CA_OCSP_REVOKED
				                                                : CA_OCSP_UNKNOWN,
				now - 60 * LW_SECOND, 1 };
		check(ca_ocsp_answer(&is, &q, s, now, now + 86400 * LW_SECOND, arena, &answer, why),
		        "answer");
	}
	save(out, answer);
}

int main(int argc, char **argv)
{
	const char *what = argc > 2 ? argv[1] : "";

	arena = lw_arena_new(8u << 20, true);
	now = lw_wall(&lw_clock_system);
	dir = argv[2];
	if (strcmp(what, "init") == 0 && argc == 4)
		init(argv[3]);
	else if (strcmp(what, "issue") == 0 && argc == 7)
		issue(argv[3], argv[4], argv[5], argv[6]);
	else if (strcmp(what, "beyond") == 0 && argc == 5)
		beyond(argv[3], argv[4]);
	else if (strcmp(what, "crl") == 0 && argc >= 5)
		crl(argv[3], argv[4], argv[5]);
	else if (strcmp(what, "ocsp") == 0 && argc == 7)
		ocsp(argv[3], argv[4], argv[5], argv[6]);
	else
		return 2;
	lw_arena_free(arena);
	return 0;
}
