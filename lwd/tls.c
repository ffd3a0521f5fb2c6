/* SPDX-License-Identifier: Apache-2.0 */
#include "lwd/tls.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include "base/err.h"
#include "base/text.h"

#define CLIENT_RSA_BITS 8192 /* no larger one is ever certified; verifying takes time that grows with the square */

struct lwd_tls {
	pthread_rwlock_t lock;
	bool ask;
	SSL_CTX *ctx; /* replaced as a whole; connections hold references */
};

struct lwd_tls *lwd_tls_new(void)
{
	struct lwd_tls *tls = calloc(1, sizeof(*tls));

	if (tls != NULL)
		pthread_rwlock_init(&tls->lock, NULL);
	return tls;
}

void lwd_tls_free(struct lwd_tls *tls)
{
	if (tls == NULL)
		return;
	SSL_CTX_free(tls->ctx);
	pthread_rwlock_destroy(&tls->lock);
	free(tls);
}

void lwd_tls_ask(struct lwd_tls *tls)
{
	tls->ask = true;
}

bool lwd_tls_ready(struct lwd_tls *tls)
{
	bool ready;

	pthread_rwlock_rdlock(&tls->lock);
	ready = tls->ctx != NULL;
	pthread_rwlock_unlock(&tls->lock);
	return ready;
}

int lwd_tls_request(struct lw_arena *arena, EVP_PKEY **ret_key, struct lw_bytes *ret_csr)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509_REQ *req = X509_REQ_new();
	unsigned char *der = NULL;
	int n, r = LW_ENOMEM;

	if (key == NULL || req == NULL)
		goto out;
	if (X509_REQ_set_version(req, X509_REQ_VERSION_1) != 1 || X509_REQ_set_pubkey(req, key) != 1 ||
		X509_REQ_sign(req, key, EVP_sha256()) <= 0 || (n = i2d_X509_REQ(req, &der)) <= 0) {
		r = LW_EINTERNAL;
		goto out;
	}
	*ret_csr = lw_dup(arena, (struct lw_bytes){ der, (size_t)n });
	if (ret_csr->p == NULL)
		goto out;
	*ret_key = key;
	key = NULL;
	r = LW_OK;
out:
	OPENSSL_free(der);
	X509_REQ_free(req);
	EVP_PKEY_free(key);
	ERR_clear_error();
	return r;
}

static bool ctx_options(SSL_CTX *ctx)
{
	static const unsigned char id[] = "lwd";

	SSL_CTX_set_options(ctx, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_IGNORE_UNEXPECTED_EOF |
			SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA);
	SSL_CTX_set_mode(ctx, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
			SSL_MODE_RELEASE_BUFFERS);
	SSL_CTX_set_read_ahead(ctx, 1);
	SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF); /* tickets only */
	return SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION) == 1 &&
		SSL_CTX_set_cipher_list(ctx, "ECDHE+AESGCM:ECDHE+CHACHA20") == 1 &&
		SSL_CTX_set1_groups_list(ctx, "X25519:P-256:P-384") == 1 && SSL_CTX_set_num_tickets(ctx, 1) == 1 &&
		SSL_CTX_set_session_id_context(ctx, id, sizeof(id) - 1) == 1;
}

/* Whose it is, and whether it is good, whoever takes it for a proof finds out. */
static int take_any(X509_STORE_CTX *store, void *arg)
{
	X509 *leaf = X509_STORE_CTX_get0_cert(store);
	EVP_PKEY *key = leaf == NULL ? NULL : X509_get0_pubkey(leaf);
	bool ok = key != NULL &&
		(EVP_PKEY_is_a(key, "EC") || (EVP_PKEY_is_a(key, "RSA") && EVP_PKEY_get_bits(key) <= CLIENT_RSA_BITS));

	X509_STORE_CTX_set_error(store, ok ? X509_V_OK : X509_V_ERR_APPLICATION_VERIFICATION);
	return ok;
}

static bool ctx_ask(SSL_CTX *ctx)
{
	SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, NULL);
	SSL_CTX_set_cert_verify_callback(ctx, take_any, NULL);
	SSL_CTX_set_max_cert_list(ctx, LWD_TLS_CHAIN_MAX);
	return SSL_CTX_set1_client_sigalgs_list(ctx,
		       "ECDSA+SHA256:ECDSA+SHA384:ECDSA+SHA512:RSA-PSS+SHA256:RSA-PSS+SHA384:RSA-PSS+SHA512:"
		       "RSA+SHA256:RSA+SHA384:RSA+SHA512") == 1;
}

static bool ctx_chain(SSL_CTX *ctx, struct lw_bytes pem, EVP_PKEY *key)
{
	BIO *bio = BIO_new_mem_buf(pem.p, (int)pem.n);
	X509 *cert = NULL;
	bool ok = false;
	int n = 0;

	if (bio == NULL)
		return false;
	while (n < 8 && (cert = PEM_read_bio_X509(bio, NULL, NULL, NULL)) != NULL) {
		int r = n++ == 0 ? SSL_CTX_use_certificate(ctx, cert) : SSL_CTX_add1_chain_cert(ctx, cert);

		X509_free(cert);
		if (r != 1)
			goto out;
	}
	ok = n > 0 && SSL_CTX_use_PrivateKey(ctx, key) == 1 && SSL_CTX_check_private_key(ctx) == 1;
out:
	BIO_free(bio);
	return ok;
}

int lwd_tls_set(struct lwd_tls *tls, struct lw_bytes chain_pem, EVP_PKEY *key)
{
	SSL_CTX *old, *ctx;

	if (chain_pem.n == 0 || chain_pem.n > 1 << 20)
		return LW_EINVAL;
	ctx = SSL_CTX_new(TLS_server_method());
	if (ctx == NULL)
		return LW_ENOMEM;
	if (!ctx_options(ctx) || (tls->ask && !ctx_ask(ctx)) || !ctx_chain(ctx, chain_pem, key)) {
		SSL_CTX_free(ctx);
		ERR_clear_error();
		return LW_EINVAL;
	}
	ERR_clear_error();
	pthread_rwlock_wrlock(&tls->lock);
	old = tls->ctx;
	tls->ctx = ctx;
	pthread_rwlock_unlock(&tls->lock);
	SSL_CTX_free(old);
	return LW_OK;
}

SSL *lwd_tls_ssl(struct lwd_tls *tls)
{
	SSL *ssl = NULL;

	pthread_rwlock_rdlock(&tls->lock);
	if (tls->ctx != NULL)
		ssl = SSL_new(tls->ctx);
	pthread_rwlock_unlock(&tls->lock);
	return ssl;
}

SSL *lwd_tls_accept(struct lwd_tls *tls, int fd)
{
	SSL *ssl = lwd_tls_ssl(tls);

	if (ssl == NULL)
		return NULL;
	if (SSL_set_fd(ssl, fd) != 1) {
		SSL_free(ssl);
		return NULL;
	}
	SSL_set_accept_state(ssl);
	return ssl;
}

/* RFC 5929 4.1: the hash of the certificate's signature, SHA-256 in place of MD5 and SHA-1. */
static void endpoint(SSL *ssl, struct lw_peer *peer)
{
	X509 *cert = SSL_get_certificate(ssl);
	const EVP_MD *md = NULL;
	unsigned int n = 0;
	int nid = NID_undef;

	if (cert == NULL)
		return;
	if (X509_get_signature_info(cert, &nid, NULL, NULL, NULL) == 1 && nid != NID_md5 && nid != NID_sha1)
		md = EVP_get_digestbynid(nid);
	if (md == NULL)
		md = EVP_sha256();
	if (X509_digest(cert, md, peer->tls_endpoint, &n) == 1)
		peer->tls_endpoint_n = n;
}

static void certificate(SSL *ssl, struct lw_peer *peer)
{
	X509 *x = SSL_get0_peer_certificate(ssl);
	unsigned char *der = NULL;
	int n = x == NULL ? 0 : i2d_X509(x, &der);

	lwd_tls_peer_done(peer);
	if (n > 0)
		peer->cert = (struct lw_bytes){ der, (size_t)n };
}

void lwd_tls_peer_done(struct lw_peer *peer)
{
	OPENSSL_free((void *)(uintptr_t)peer->cert.p);
	peer->cert = (struct lw_bytes){ NULL, 0 };
}

void lwd_tls_peer(SSL *ssl, struct lw_peer *peer)
{
	const char *sni = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
	struct lw_arena *arena;
	char *canon;

	peer->tls = true;
	endpoint(ssl, peer);
	certificate(ssl, peer);
	if (sni == NULL || (arena = lw_arena_new(8192, false)) == NULL)
		return;
	if (lw_domain_canon(arena, lw_str(sni), &canon) == LW_OK && strlen(canon) < sizeof(peer->sni))
		memcpy(peer->sni, canon, strlen(canon) + 1);
	lw_arena_free(arena);
}
