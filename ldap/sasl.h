/* SPDX-License-Identifier: Apache-2.0 */
/* SASL GSSAPI (RFC 4752): the negotiation, and the security layer that it may leave on the connection.
 *
 * The kdc accepts the client's token (ldapd_options.accept); here only its exported context is used, to wrap
 * and unwrap. A layer lies between the socket's octets and the LDAP messages: what the client sends is opened
 * into a buffer that the machine reads instead of `in`, and what the machine appends to another one is sealed
 * at the end of each step, job, tick and farewell. */
#ifndef LDAP_SASL_H
#define LDAP_SASL_H

#include <gssapi/gssapi.h>

#include "base/proto.h"
#include "ldap/msg.h"

#define LDAPD_LAYER_MAX   65536u /* octets of a wrapped buffer that we take: announced to the client */
#define LDAPD_LAYER_BATCH (256u << 10) /* octets opened in one step, about */

/* RFC 4752 3.3, the first octet. */
enum ldapd_layers { LDAPD_LAYER_NONE = 1, LDAPD_LAYER_INTEGRITY = 2, LDAPD_LAYER_PRIVACY = 4 };

struct ldapd_layer;
/* Takes over *inout_ctx (sets it to GSS_C_NO_CONTEXT). peer_max: octets of a wrapped buffer that the client
 * takes. pending_max: octets that a message may have. LW_EINVAL: too little fits into peer_max; LW_ENOMEM. */
int ldapd_layer_new(gss_ctx_id_t *inout_ctx, bool private_, uint32_t peer_max, size_t pending_max,
        struct ldapd_layer **ret);
void ldapd_layer_free(struct ldapd_layer *);          /* NULL is fine */
bool ldapd_layer_private(const struct ldapd_layer *); /* NULL: no */

/* Opens what has come, up to a batch, and gives a reader over everything that the machine has not eaten yet.
 * *ret_more: there is a whole buffer left for the next step. LW_EAUTH: not sealed by the peer, or not in this
 * order, or not private in a layer that is; LW_ELIMIT: longer than LDAPD_LAYER_MAX. */
int ldapd_layer_open(
        struct ldapd_layer *, struct lw_reader *in, struct lw_reader *ret_plain, bool *ret_more);
void ldapd_layer_eaten(struct ldapd_layer *, const struct lw_reader *plain); /* what the machine left of it */
struct lw_writer *ldapd_layer_answers(struct ldapd_layer *); /* where the machine appends */
void ldapd_layer_seal(struct ldapd_layer *, struct lw_writer *out); /* the answers; errors stick to out */

/* The next buffer (RFC 4422 3.7: a length of four octets, then as many). LW_EAGAIN: not all there; LW_EINVAL:
 * empty; LW_ELIMIT. in moves past it. */
int ldapd_layer_frame(struct lw_reader *in, struct lw_bytes *ret);

#endif
