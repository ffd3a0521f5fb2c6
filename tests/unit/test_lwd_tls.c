/* SPDX-License-Identifier: Apache-2.0 */
/* Certificates of clients: asked for, never verified, but proven. Client and server speak through memory. */
#include "tests/unit/unit.h"

#include <string.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>

#include "base/err.h"
#include "lwd/tls.h"
#include "lwd_sign.h"

struct party {
	EVP_PKEY *key;
	X509 *cert;
};

static struct lw_arena *arena;
static struct party alice;

/* A key with a certificate that nobody would accept. */
static struct party make_party(void)
{
	struct party p = { NULL, NULL };
	struct lw_bytes csr, pem;
	BIO *bio;

	assert_int_equal(lwd_tls_request(arena, &p.key, &csr), LW_OK);
	assert_int_equal(sign_request(csr, arena, &pem), LW_OK);
	bio = BIO_new_mem_buf(pem.p, (int)pem.n);
	p.cert = PEM_read_bio_X509(bio, NULL, NULL, NULL);
	assert_non_null(p.cert);
	BIO_free(bio);
	return p;
}

static void party_done(struct party *p)
{
	EVP_PKEY_free(p->key);
	X509_free(p->cert);
}

static struct lwd_tls *make_server(bool ask)
{
	struct lwd_tls *tls = lwd_tls_new();
	struct lw_bytes csr, pem;
	EVP_PKEY *key;

	if (ask)
		lwd_tls_ask(tls);
	assert_int_equal(lwd_tls_request(arena, &key, &csr), LW_OK);
	assert_int_equal(sign_request(csr, arena, &pem), LW_OK);
	assert_int_equal(lwd_tls_set(tls, pem, key), LW_OK);
	EVP_PKEY_free(key);
	return tls;
}

static SSL_CTX *make_client(const struct party *p, int version)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());

	SSL_CTX_set_max_proto_version(ctx, version);
	SSL_CTX_set_security_level(ctx, 0);
	if (p != NULL) {
		assert_int_equal(SSL_CTX_use_certificate(ctx, p->cert), 1);
		assert_int_equal(SSL_CTX_use_PrivateKey(ctx, p->key), 1);
	}
	return ctx;
}

struct talk {
	SSL *server, *client;
	struct lw_peer peer;
	SSL_SESSION *session; /* to go on with; NULL: none */
};

/* One step of each until neither waits for the other any more. */
static bool shake(struct talk *t)
{
	int s = 0, c = 0;

	for (int i = 0; i < 20 && (s != 1 || c != 1); i++) {
		c = SSL_do_handshake(t->client);
		s = SSL_do_handshake(t->server);
		if (s != 1 && SSL_get_error(t->server, s) != SSL_ERROR_WANT_READ)
			return false;
		if (c != 1 && SSL_get_error(t->client, c) != SSL_ERROR_WANT_READ)
			return false;
	}
	return s == 1 && c == 1;
}

static bool talk(struct talk *t, struct lwd_tls *tls, SSL_CTX *ctx)
{
	BIO *a, *b;

	ERR_clear_error();
	t->peer = (struct lw_peer){ .addr = "test" };
	t->server = lwd_tls_ssl(tls);
	t->client = SSL_new(ctx);
	assert_int_equal(BIO_new_bio_pair(&a, 1 << 20, &b, 1 << 20), 1);
	SSL_set_bio(t->server, a, a);
	SSL_set_bio(t->client, b, b);
	SSL_set_accept_state(t->server);
	SSL_set_connect_state(t->client);
	if (t->session != NULL)
		assert_int_equal(SSL_set_session(t->client, t->session), 1);
	if (!shake(t))
		return false;
	lwd_tls_peer(t->server, &t->peer);
	return true;
}

/* An octet each way: tickets arrive, too. */
static void chat(struct talk *t)
{
	char c;

	assert_int_equal(SSL_write(t->server, "x", 1), 1);
	assert_int_equal(SSL_read(t->client, &c, 1), 1);
	assert_int_equal(SSL_write(t->client, "y", 1), 1);
	assert_int_equal(SSL_read(t->server, &c, 1), 1);
	assert_int_equal(c, 'y');
}

static void end(struct talk *t)
{
	lwd_tls_peer_done(&t->peer);
	assert_null(t->peer.cert.p);
	SSL_set_shutdown(t->client, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN); /* else its session is a bad one */
	SSL_free(t->server);
	SSL_free(t->client);
	ERR_clear_error();
}

static void is_cert_of(const struct talk *t, const struct party *p)
{
	unsigned char *der = NULL;
	int n = i2d_X509(p->cert, &der);

	assert_int_equal(t->peer.cert.n, n);
	assert_memory_equal(t->peer.cert.p, der, n);
	OPENSSL_free(der);
}

static const int versions[] = { TLS1_2_VERSION, TLS1_3_VERSION };

static void shown_or_not(void **state)
{
	struct lwd_tls *asks = make_server(true), *silent = make_server(false);

	for (size_t i = 0; i < 2; i++) {
		SSL_CTX *with = make_client(&alice, versions[i]), *without = make_client(NULL, versions[i]);
		struct talk t = { 0 };

		assert_true(talk(&t, asks, with));
		assert_int_equal(SSL_version(t.server), versions[i]);
		is_cert_of(&t, &alice);
		chat(&t);
		end(&t);
		assert_true(talk(&t, asks, without));
		assert_true(t.peer.tls);
		assert_null(t.peer.cert.p);
		chat(&t);
		end(&t);
		assert_true(talk(&t, silent, with)); /* HTTPS: no browser is asked */
		assert_null(t.peer.cert.p);
		end(&t);
		SSL_CTX_free(with);
		SSL_CTX_free(without);
	}
	lwd_tls_free(asks);
	lwd_tls_free(silent);
}

/* Somebody else's certificate: its public key with a private one of one's own. */
static EVP_PKEY *liar(EVP_PKEY *mine, EVP_PKEY *theirs)
{
	OSSL_PARAM_BLD *bld = OSSL_PARAM_BLD_new();
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
	unsigned char pub[133];
	EVP_PKEY *key = NULL;
	BIGNUM *d = NULL;
	OSSL_PARAM *params;
	size_t n = 0;

	assert_int_equal(EVP_PKEY_get_bn_param(mine, OSSL_PKEY_PARAM_PRIV_KEY, &d), 1);
	assert_int_equal(EVP_PKEY_get_octet_string_param(theirs, OSSL_PKEY_PARAM_PUB_KEY, pub, sizeof(pub), &n), 1);
	OSSL_PARAM_BLD_push_utf8_string(bld, OSSL_PKEY_PARAM_GROUP_NAME, "P-256", 0);
	OSSL_PARAM_BLD_push_octet_string(bld, OSSL_PKEY_PARAM_PUB_KEY, pub, n);
	OSSL_PARAM_BLD_push_BN(bld, OSSL_PKEY_PARAM_PRIV_KEY, d);
	params = OSSL_PARAM_BLD_to_param(bld);
	assert_int_equal(EVP_PKEY_fromdata_init(ctx), 1);
	assert_int_equal(EVP_PKEY_fromdata(ctx, &key, EVP_PKEY_KEYPAIR, params), 1);
	OSSL_PARAM_free(params);
	OSSL_PARAM_BLD_free(bld);
	EVP_PKEY_CTX_free(ctx);
	BN_free(d);
	return key;
}

static void without_the_key(void **state)
{
	struct lwd_tls *tls = make_server(true);
	struct party thief = make_party(), lie = { liar(thief.key, alice.key), alice.cert };

	for (size_t i = 0; i < 2; i++) {
		SSL_CTX *ctx = make_client(&lie, versions[i]);
		struct talk t = { 0 };

		assert_false(talk(&t, tls, ctx));
		end(&t);
		SSL_CTX_free(ctx);
	}
	EVP_PKEY_free(lie.key);
	party_done(&thief);
	lwd_tls_free(tls);
}

static void long_chain(void **state)
{
	struct lwd_tls *tls = make_server(true);

	for (size_t i = 0; i < 2; i++) {
		SSL_CTX *ctx = make_client(&alice, versions[i]);
		int more = LWD_TLS_CHAIN_MAX / i2d_X509(alice.cert, NULL);
		struct talk t = { 0 };

		for (int k = 0; k < more; k++)
			assert_int_equal(SSL_CTX_add1_chain_cert(ctx, alice.cert), 1);
		assert_false(talk(&t, tls, ctx));
		assert_int_equal(ERR_GET_REASON(ERR_peek_error()), SSL_R_EXCESSIVE_MESSAGE_SIZE);
		end(&t);
		SSL_CTX_free(ctx);
	}
	lwd_tls_free(tls);
}

/* A modulus of 9000 bits, in a certificate whose signature nobody looks at. */
static struct party giant(void)
{
	OSSL_PARAM_BLD *bld = OSSL_PARAM_BLD_new();
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
	struct party p = { NULL, X509_dup(alice.cert) };
	BIGNUM *n = BN_new(), *e = BN_new(), *d = BN_new();
	OSSL_PARAM *params;

	BN_rand(n, 9000, BN_RAND_TOP_ONE, BN_RAND_BOTTOM_ODD);
	BN_set_word(e, 65537);
	BN_set_word(d, 65537);
	OSSL_PARAM_BLD_push_BN(bld, OSSL_PKEY_PARAM_RSA_N, n);
	OSSL_PARAM_BLD_push_BN(bld, OSSL_PKEY_PARAM_RSA_E, e);
	OSSL_PARAM_BLD_push_BN(bld, OSSL_PKEY_PARAM_RSA_D, d);
	params = OSSL_PARAM_BLD_to_param(bld);
	assert_int_equal(EVP_PKEY_fromdata_init(ctx), 1);
	assert_int_equal(EVP_PKEY_fromdata(ctx, &p.key, EVP_PKEY_KEYPAIR, params), 1);
	assert_int_equal(X509_set_pubkey(p.cert, p.key), 1);
	assert_true(i2d_re_X509_tbs(p.cert, NULL) > 0);
	OSSL_PARAM_free(params);
	OSSL_PARAM_BLD_free(bld);
	EVP_PKEY_CTX_free(ctx);
	BN_free(n);
	BN_free(e);
	BN_free(d);
	return p;
}

static void large_key(void **state)
{
	struct lwd_tls *tls = make_server(true);
	struct party p = giant();

	for (size_t i = 0; i < 2; i++) {
		SSL_CTX *ctx = make_client(&p, versions[i]);
		struct talk t = { 0 };

		assert_false(talk(&t, tls, ctx));
		assert_int_equal(ERR_GET_REASON(ERR_peek_error()), SSL_R_CERTIFICATE_VERIFY_FAILED);
		end(&t);
		SSL_CTX_free(ctx);
	}
	party_done(&p);
	lwd_tls_free(tls);
}

/* A session that goes on is still the one in which the key was proven. */
static void gone_on_with(void **state)
{
	struct lwd_tls *tls = make_server(true);

	for (size_t i = 0; i < 2; i++) {
		SSL_CTX *ctx = make_client(&alice, versions[i]), *bare = make_client(NULL, versions[i]);
		struct talk t = { 0 };

		assert_true(talk(&t, tls, ctx));
		chat(&t);
		t.session = SSL_get1_session(t.client);
		end(&t);
		assert_true(talk(&t, tls, bare));
		assert_int_equal(SSL_session_reused(t.server), 1);
		is_cert_of(&t, &alice);
		end(&t);
		SSL_SESSION_free(t.session);
		SSL_CTX_free(ctx);
		SSL_CTX_free(bare);
	}
	lwd_tls_free(tls);
}

static void no_renegotiation(void **state)
{
	struct lwd_tls *tls = make_server(true);
	SSL_CTX *ctx = make_client(&alice, TLS1_2_VERSION);
	struct talk t = { 0 };

	assert_true(talk(&t, tls, ctx));
	assert_int_equal(SSL_renegotiate(t.client), 1);
	assert_int_not_equal(SSL_do_handshake(t.client), 1);
	assert_int_not_equal(SSL_read(t.server, &(char){ 0 }, 1), 1);
	assert_int_not_equal(SSL_do_handshake(t.client), 1);
	assert_int_equal(ERR_GET_REASON(ERR_peek_error()), SSL_R_NO_RENEGOTIATION);
	end(&t);
	SSL_CTX_free(ctx);
	lwd_tls_free(tls);
}

static int set_up(void **state)
{
	arena = lw_arena_new(1 << 20, false);
	alice = make_party();
	return 0;
}

static int tear_down(void **state)
{
	party_done(&alice);
	lw_arena_free(arena);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(shown_or_not),
		cmocka_unit_test(without_the_key),
		cmocka_unit_test(long_chain),
		cmocka_unit_test(large_key),
		cmocka_unit_test(gone_on_with),
		cmocka_unit_test(no_renegotiation),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
