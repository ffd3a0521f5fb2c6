/* SPDX-License-Identifier: Apache-2.0 */
/* The installation's certificates, as keys_bootstrap leaves them and a listener gets them. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>
#include "base/err.h"
#include "ca/ca.h"
#include "ca/x509.h"

extern char **environ;

#define NOW  (INT64_C(1795392000) * LW_SECOND) /* 2026-11-22 */
#define HOST "lwd.acme.example"

static struct lw_arena *arena;
static struct lw_bytes root_key, root_pem, ca_key, ca_pem;
static char why[200];

static int setup(void **state)
{
	arena = lw_arena_new(4u << 20, true);
	if (!arena || ca_builders.root(HOST, NOW, arena, &root_key, &root_pem, why))
		return -1;
	return ca_builders.installation(root_key, root_pem, HOST, NOW, arena, &ca_key, &ca_pem, why);
}
static int teardown(void **state)
{
	lw_arena_free(arena);
	return 0;
}

static struct lw_bytes make_csr(EVP_PKEY *key, const char *cn)
{
	X509_REQ *req = X509_REQ_new();
	unsigned char *der = NULL;
	struct lw_bytes b;
	int n;

	X509_NAME_add_entry_by_txt(
	        X509_REQ_get_subject_name(req), "CN", MBSTRING_UTF8, (const unsigned char *)cn, -1, -1, 0);
	X509_REQ_set_pubkey(req, key);
	assert_true(X509_REQ_sign(req, key, EVP_sha256()) > 0);
	n = i2d_X509_REQ(req, &der);
	assert_true(n > 0);
	b = lw_dup(arena, (struct lw_bytes){ der, (size_t)n });
	OPENSSL_free(der);
	X509_REQ_free(req);
	return b;
}

/* The certificates of a PEM text, in order. */
static STACK_OF(X509) * read_chain(struct lw_bytes pem)
{
	STACK_OF(X509) *s = sk_X509_new_null();
	BIO *bio = BIO_new_mem_buf(pem.p, (int)pem.n);
	X509 *x;

	while ((x = PEM_read_bio_X509(bio, NULL, NULL, NULL)))
		sk_X509_push(s, x);
	BIO_free(bio);
	return s;
}

static int verify_at(STACK_OF(X509) * chain, X509 *root, const char *host, int64_t at)
{
	X509_STORE *store = X509_STORE_new();
	X509_STORE_CTX *ctx = X509_STORE_CTX_new();
	X509_VERIFY_PARAM *p;
	int ok;

	X509_STORE_add_cert(store, root);
	X509_STORE_CTX_init(ctx, store, sk_X509_value(chain, 0), chain);
	p = X509_STORE_CTX_get0_param(ctx);
	X509_VERIFY_PARAM_set_time(p, (time_t)(at / LW_SECOND));
	X509_VERIFY_PARAM_set_flags(p, X509_V_FLAG_X509_STRICT);
	X509_VERIFY_PARAM_set_purpose(p, X509_PURPOSE_SSL_SERVER);
	X509_VERIFY_PARAM_set_auth_level(p, 2);
	if (host && strspn(host, "0123456789.:abcdef") == strlen(host))
		X509_VERIFY_PARAM_set1_ip_asc(p, host);
	else if (host)
		X509_VERIFY_PARAM_set1_host(p, host, 0);
	ok = X509_verify_cert(ctx) == 1 ? X509_V_OK : X509_STORE_CTX_get_error(ctx);
	X509_STORE_CTX_free(ctx);
	X509_STORE_free(store);
	return ok;
}

#define DAY (INT64_C(86400) * LW_SECOND)

static void listener_chain_verifies(void **state)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	struct lw_bytes pem, csr = make_csr(key, "evil.example");
	STACK_OF(X509) * chain;
	X509 *root = ca_get_pem(root_pem), *leaf, *ca;
	int64_t until;

	assert_int_equal(ca_builders.listener(ca_key, ca_pem, csr, HOST ",127.0.0.1,::1,localhost", NOW,
	                         arena, &pem, &until, why),
	        LW_OK);
	assert_int_equal(until, NOW + 30 * DAY);
	chain = read_chain(pem);
	assert_int_equal(sk_X509_num(chain), 2);
	leaf = sk_X509_value(chain, 0);
	ca = sk_X509_value(chain, 1);
	assert_int_equal(verify_at(chain, root, HOST, NOW), X509_V_OK);
	assert_int_equal(verify_at(chain, root, "localhost", NOW), X509_V_OK);
	assert_int_equal(verify_at(chain, root, "127.0.0.1", NOW), X509_V_OK);
	assert_int_equal(verify_at(chain, root, "::1", NOW), X509_V_OK);
	assert_int_equal(verify_at(chain, root, HOST, NOW - 200 * LW_SECOND),
	        X509_V_OK); /* a client's clock is slow */
	assert_int_equal(
	        verify_at(chain, root, HOST, NOW + 30 * DAY + LW_SECOND), X509_V_ERR_CERT_HAS_EXPIRED);
	/* only the key was taken from the request */
	assert_int_equal(verify_at(chain, root, "evil.example", NOW), X509_V_ERR_HOSTNAME_MISMATCH);
	assert_int_equal(EVP_PKEY_eq(X509_get0_pubkey(leaf), key), 1);
	/* what each may do */
	assert_int_equal(X509_check_ca(leaf), 0);
	assert_int_equal(X509_get_key_usage(leaf), KU_DIGITAL_SIGNATURE);
	assert_int_equal(X509_get_extended_key_usage(leaf), XKU_SSL_SERVER);
	assert_int_equal(X509_check_ca(ca), 1);
	assert_int_equal(X509_get_pathlen(ca), 1);
	assert_true(X509_get_key_usage(ca) & KU_KEY_CERT_SIGN);
	assert_int_equal(X509_check_ca(root), 1);
	assert_int_equal(X509_get_extension_flags(root) & EXFLAG_INVALID, 0);
	assert_int_equal(verify_at(chain, root, HOST, NOW + 31 * DAY), X509_V_ERR_CERT_HAS_EXPIRED);
	sk_X509_pop_free(chain, X509_free);
	X509_free(root);
	EVP_PKEY_free(key);
}

/* 127 bits, positive, another each time. */
static void serials(void **state)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	struct lw_bytes pem, csr = make_csr(key, "x"), last = { NULL, 0 };
	int64_t until;

	for (int i = 0; i < 20; i++) {
		X509 *x;
		const ASN1_INTEGER *n;

		assert_int_equal(
		        ca_builders.listener(ca_key, ca_pem, csr, HOST, NOW, arena, &pem, &until, why),
		        LW_OK);
		x = ca_get_pem(pem);
		n = X509_get0_serialNumber(x);
		assert_int_equal(ASN1_STRING_type(n), V_ASN1_INTEGER); /* not negative */
		assert_int_equal(ASN1_STRING_length(n), 16);
		struct lw_bytes s = { ASN1_STRING_get0_data(n), 16 };

		assert_false(lw_eq(s, last));
		last = lw_dup(arena, s);
		X509_free(x);
	}
	EVP_PKEY_free(key);
}

static void lives(void **state)
{
	X509 *root = ca_get_pem(root_pem), *ca = ca_get_pem(ca_pem);
	time_t y20 = (time_t)(NOW / LW_SECOND) + 7300L * 86400,
	       y5 = (time_t)(NOW / LW_SECOND) + 1826L * 86400;
	EVP_PKEY *key = EVP_EC_gen("P-256");
	struct lw_bytes pem;
	int64_t until;

	assert_int_equal(ASN1_TIME_cmp_time_t(X509_get0_notAfter(root), y20), 0);
	assert_int_equal(ASN1_TIME_cmp_time_t(X509_get0_notAfter(ca), y5), 0);
	assert_int_equal(EVP_PKEY_eq(X509_get0_pubkey(root), X509_get0_pubkey(ca)), 0);
	/* no leaf outlives the CA */
	assert_int_equal(ca_builders.listener(ca_key, ca_pem, make_csr(key, "x"), HOST, NOW + 1820 * DAY,
	                         arena, &pem, &until, why),
	        LW_OK);
	assert_int_equal(until, (int64_t)y5 * LW_SECOND);
	X509_free(root);
	X509_free(ca);
	EVP_PKEY_free(key);
}

static void the_installation_ca_is_renewed(void **state)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	struct lw_bytes pem, fresh;
	STACK_OF(X509) * chain;
	X509 *root = ca_get_pem(root_pem), *old = ca_get_pem(ca_pem), *new;
	int64_t until, late = NOW + 1300 * DAY; /* two thirds of 1826 are 1217 */

	assert_int_equal(ca_builders.renew(root_key, root_pem, ca_pem, NOW + 1200 * DAY, arena, &fresh, why),
	        LW_EAGAIN);
	assert_int_equal(ca_builders.renew(root_key, root_pem, ca_pem, late, arena, &fresh, why), LW_OK);
	assert_int_equal(ca_builders.renew(LW_LIT(""), root_pem, ca_pem, late, arena, &fresh, why),
	        LW_EINVAL); /* the root's key is away */
	new = ca_get_pem(fresh);
	assert_int_equal(X509_NAME_cmp(X509_get_subject_name(old), X509_get_subject_name(new)), 0);
	assert_int_equal(EVP_PKEY_eq(X509_get0_pubkey(old), X509_get0_pubkey(new)), 1);
	assert_int_not_equal(ASN1_INTEGER_cmp(X509_get0_serialNumber(old), X509_get0_serialNumber(new)), 0);
	assert_int_equal(X509_get_pathlen(new), 1);
	assert_int_equal(
	        ASN1_TIME_cmp_time_t(X509_get0_notAfter(new), (time_t)((late + 1826 * DAY) / LW_SECOND)), 0);
	/* a leaf of the old one verifies with the new one in the chain */
	assert_int_equal(ca_builders.listener(
	                         ca_key, ca_pem, make_csr(key, "x"), HOST, late, arena, &pem, &until, why),
	        LW_OK);
	chain = read_chain(pem);
	X509_free(sk_X509_pop(chain));
	sk_X509_push(chain, new);
	assert_int_equal(verify_at(chain, root, HOST, late), X509_V_OK);
	sk_X509_pop_free(chain, X509_free);
	X509_free(old);
	X509_free(root);
	EVP_PKEY_free(key);
}

/* RFC 5280 6.1: what the old one anchored the new one anchors, and the other way round. */
static void the_root_is_renewed(void **state)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	struct lw_bytes pem, fresh, ca;
	STACK_OF(X509) * chain;
	X509 *old = ca_get_pem(root_pem), *new;
	int64_t until, late = NOW + 4900 * DAY; /* two thirds of 7300 are 4867 */

	assert_int_equal(ca_builders.renew_root(root_key, root_pem, NOW + 4800 * DAY, arena, &fresh, why), LW_EAGAIN);
	assert_int_equal(ca_builders.renew_root(LW_LIT(""), root_pem, late, arena, &fresh, why), LW_EINVAL); /* due, but its key is away */
	assert_int_equal(ca_builders.renew_root(ca_key, root_pem, late, arena, &fresh, why), LW_EINVAL);
	assert_int_equal(ca_builders.renew_root(root_key, LW_LIT("x"), late, arena, &fresh, why), LW_EINVAL);
	assert_int_equal(ca_builders.renew_root(root_key, root_pem, late, arena, &fresh, why), LW_OK);
	new = ca_get_pem(fresh);
	assert_int_equal(X509_NAME_cmp(X509_get_subject_name(old), X509_get_subject_name(new)), 0);
	assert_int_equal(X509_NAME_cmp(X509_get_issuer_name(new), X509_get_subject_name(new)), 0);
	assert_int_equal(EVP_PKEY_eq(X509_get0_pubkey(old), X509_get0_pubkey(new)), 1);
	assert_int_equal(X509_verify(new, X509_get0_pubkey(old)), 1);
	assert_int_not_equal(ASN1_INTEGER_cmp(X509_get0_serialNumber(old), X509_get0_serialNumber(new)), 0);
	assert_int_equal(ASN1_TIME_cmp_time_t(X509_get0_notAfter(new), (time_t)((late + 7300 * DAY) / LW_SECOND)), 0);
	assert_int_equal(ca_builders.renew(root_key, fresh, ca_pem, late, arena, &ca, why), LW_OK);
	assert_int_equal(ca_builders.listener(ca_key, ca, make_csr(key, "x"), HOST, late, arena, &pem, &until, why), LW_OK);
	chain = read_chain(pem);
	assert_int_equal(verify_at(chain, new, HOST, late), X509_V_OK);
	assert_int_equal(verify_at(chain, old, HOST, late), X509_V_OK);
	sk_X509_pop_free(chain, X509_free);
	X509_free(old);
	X509_free(new);
	EVP_PKEY_free(key);
}

/* The clock was turned back: what has not begun is no use to anybody. */
static void what_has_not_begun_is_due(void **state)
{
	struct lw_bytes fresh;

	assert_int_equal(ca_builders.renew(root_key, root_pem, ca_pem, NOW - 299 * LW_SECOND, arena, &fresh, why), LW_EAGAIN);
	assert_int_equal(ca_builders.renew(root_key, root_pem, ca_pem, NOW - 301 * LW_SECOND, arena, &fresh, why), LW_OK);
	assert_int_equal(ca_builders.renew_root(root_key, root_pem, NOW - 299 * LW_SECOND, arena, &fresh, why), LW_EAGAIN);
	assert_int_equal(ca_builders.renew_root(root_key, root_pem, NOW - 301 * LW_SECOND, arena, &fresh, why), LW_OK);
	assert_int_equal(ca_builders.renew(LW_LIT(""), root_pem, ca_pem, 0, arena, &fresh, why), LW_EAGAIN); /* only to see whether it is one */
}

static void requests_are_checked(void **state)
{
	EVP_PKEY *p256 = EVP_EC_gen("P-256"), *p384 = EVP_EC_gen("P-384"), *p224 = EVP_EC_gen("P-224"),
	         *k1 = EVP_EC_gen("secp256k1"), *rsa = EVP_RSA_gen(2048), *small = EVP_RSA_gen(1024);
	struct lw_bytes csr = make_csr(p256, "x"), spki;
	uint8_t *bad;

	assert_int_equal(ca_csr_key(csr, arena, &spki, why), LW_OK);
	assert_int_equal(ca_csr_key(make_csr(p384, "x"), arena, &spki, why), LW_OK);
	assert_int_equal(ca_csr_key(make_csr(rsa, "x"), arena, &spki, why), LW_OK);
	assert_int_equal(ca_csr_key(make_csr(p224, "x"), arena, &spki, why), LW_EUNSUPPORTED);
	assert_int_equal(ca_csr_key(make_csr(k1, "x"), arena, &spki, why), LW_EUNSUPPORTED);
	assert_int_equal(ca_csr_key(make_csr(small, "x"), arena, &spki, why), LW_EUNSUPPORTED);
	assert_int_equal(ca_csr_key(LW_LIT(""), arena, &spki, why), LW_EINVAL);
	assert_int_equal(ca_csr_key(LW_LIT("hello"), arena, &spki, why), LW_EINVAL);
	bad = lw_alloc(arena, csr.n + 1);
	memcpy(bad, csr.p, csr.n);
	assert_int_equal(ca_csr_key((struct lw_bytes){ bad, csr.n + 1 }, arena, &spki, why),
	        LW_EINVAL); /* something left over */
	/* the subject is signed: another letter breaks the proof */
	for (size_t i = 0; i + 2 < csr.n; i++) {
		if (bad[i] == 0x0c && bad[i + 1] == 1 && bad[i + 2] == 'x')
			bad[i + 2] = 'y';
	}
	assert_int_equal(ca_csr_key((struct lw_bytes){ bad, csr.n }, arena, &spki, why), LW_EAUTH);
	EVP_PKEY_free(p256);
	EVP_PKEY_free(p384);
	EVP_PKEY_free(p224);
	EVP_PKEY_free(k1);
	EVP_PKEY_free(rsa);
	EVP_PKEY_free(small);
}

static void names_are_checked(void **state)
{
	static const char *const bad[] = { "", ",", "a,,b", "a b", "*.acme.example", "a\nb", "DNS:x/y" };
	EVP_PKEY *key = EVP_EC_gen("P-256");
	struct lw_bytes pem, csr = make_csr(key, "x");
	int64_t until;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(
		        ca_builders.listener(ca_key, ca_pem, csr, bad[i], NOW, arena, &pem, &until, why),
		        LW_EINVAL);
	assert_int_equal(ca_builders.listener(root_key, ca_pem, csr, HOST, NOW, arena, &pem, &until, why),
	        LW_EINVAL); /* not its key */
	EVP_PKEY_free(key);
}

/* ---- bootstrap ---- */
static char dir[] = "/tmp/lwd-ca-XXXXXX", file[128];

static const char *in_keys(const char *name)
{
	snprintf(file, sizeof(file), "%s/keys/%s", dir, name);
	return file;
}

static mode_t mode_of(const char *path)
{
	struct stat st;

	assert_int_equal(stat(path, &st), 0);
	return st.st_mode & 07777;
}

static int run(const char *const argv[])
{
	pid_t pid;
	int status;

	if (posix_spawnp(&pid, argv[0], NULL, NULL, (char *const *)(uintptr_t)argv, environ))
		return -1;
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128;
}

static void bootstrap_makes_all_or_nothing(void **state)
{
	struct lw_clock clock = lw_clock_system;
	char err[256] = "", r[128], i[128];
	static const char *const files[] = { "master.key", "root.key.sealed", "root.pem",
		"installation.key.sealed", "installation.pem", "mac.secret.sealed" };

	assert_non_null(mkdtemp(dir));
	keys_builders(&ca_builders);
	assert_int_equal(keys_bootstrap("/tmp/there/is/no/such", HOST, &clock, err), LW_EIO);
	assert_int_equal(keys_bootstrap(dir, HOST, &clock, err), LW_OK);
	assert_int_equal(mode_of(in_keys("")), 0700);
	for (size_t f = 0; f < sizeof(files) / sizeof(files[0]); f++)
		assert_int_equal(mode_of(in_keys(files[f])), strstr(files[f], ".pem") ? 0644 : 0600);
	/* nothing of its making is left beside it, and a second one touches nothing */
	assert_int_equal(keys_bootstrap(dir, HOST, &clock, err), LW_EEXIST);
	assert_null(strchr(err, '\n'));
	snprintf(r, sizeof(r), "%s", in_keys("root.pem"));
	snprintf(i, sizeof(i), "%s", in_keys("installation.pem"));
	if (run((const char *[]){ "openssl", "version", NULL }) == 0)
		assert_int_equal(
		        run((const char *[]){ "openssl", "verify", "-x509_strict", "-CAfile", r, i, NULL }),
		        0);
	for (size_t f = 0; f < sizeof(files) / sizeof(files[0]); f++)
		assert_int_equal(unlink(in_keys(files[f])), 0);
	assert_int_equal(rmdir(in_keys("")), 0);
	assert_int_equal(rmdir(dir), 0); /* so it was empty */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(listener_chain_verifies, setup, teardown),
		cmocka_unit_test_setup_teardown(serials, setup, teardown),
		cmocka_unit_test_setup_teardown(lives, setup, teardown),
		cmocka_unit_test_setup_teardown(the_installation_ca_is_renewed, setup, teardown),
		cmocka_unit_test_setup_teardown(the_root_is_renewed, setup, teardown),
		cmocka_unit_test_setup_teardown(what_has_not_begun_is_due, setup, teardown),
		cmocka_unit_test_setup_teardown(requests_are_checked, setup, teardown),
		cmocka_unit_test_setup_teardown(names_are_checked, setup, teardown),
		cmocka_unit_test(bootstrap_makes_all_or_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
