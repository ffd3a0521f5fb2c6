/* SPDX-License-Identifier: Apache-2.0 */
/* The listeners' TLS: one current certificate, exchanged while connections go on with the one they began with. */
#ifndef LWD_TLS_H
#define LWD_TLS_H

#include <openssl/ssl.h>
#include "base/arena.h"
#include "base/proto.h"

struct lwd_tls;

struct lwd_tls *lwd_tls_new(void); /* without a certificate yet; NULL: out of memory */
void lwd_tls_free(struct lwd_tls *);
bool lwd_tls_ready(struct lwd_tls *);
/* Before the first lwd_tls_set: clients are asked for a certificate, and may have none. What they show is not verified; the
 * handshake proves that they hold its key. A chain longer than LWD_TLS_CHAIN_MAX, or an RSA key of more than 8192 bits, ends it. */
void lwd_tls_ask(struct lwd_tls *);
#define LWD_TLS_CHAIN_MAX 16384

/* A new P-256 key and a request (DER) with its proof of possession. Names are chosen by who signs it. */
int lwd_tls_request(struct lw_arena *, EVP_PKEY **ret_key, struct lw_bytes *ret_csr);
/* From now on new connections get this chain (PEM, leaf first). LW_EINVAL: no chain, or not that key's. Takes no
 * ownership of key. */
int lwd_tls_set(struct lwd_tls *, struct lw_bytes chain_pem, EVP_PKEY *key);

SSL *lwd_tls_ssl(struct lwd_tls *); /* without a descriptor; NULL as below */
SSL *lwd_tls_accept(struct lwd_tls *, int fd); /* NULL: no certificate yet, or out of memory */
/* After the handshake: fills tls, sni, tls_endpoint and, where clients are asked for one, cert. */
void lwd_tls_peer(SSL *, struct lw_peer *);
void lwd_tls_peer_done(struct lw_peer *); /* frees cert */

#endif
