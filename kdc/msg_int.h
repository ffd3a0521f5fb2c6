/* SPDX-License-Identifier: Apache-2.0 */
/* What the codecs of the messages share. Almost every field is [n] EXPLICIT: f_TYPE(d, n, …) reads the field
 * n of a SEQUENCE, p_TYPE(w, n, …) writes it. Errors stay in the cursor or writer. */
#ifndef KDC_MSG_INT_H
#define KDC_MSG_INT_H

#include "kdc/msg.h"

/* ---- reading ---- */
/* Starts a message: a cursor over it, in error when it is too long. */
struct lw_der krb_f_start(struct lw_bytes);
/* Enters a SEQUENCE that is all there is within tag. lw_der_leave(d, …) ends it. */
struct lw_der krb_f_seq(struct lw_der *d, uint8_t tag);
/* pvno (or a version) [n], msg-type [n + 1]: others are LW_EVERSION. */
void krb_f_version(struct lw_der *, unsigned n);
void krb_f_version_type(struct lw_der *, unsigned n, int msg_type);
struct lw_bytes krb_f_octets(struct lw_der *, unsigned n);
/* GeneralString without NUL, longer: LW_ELIMIT */
struct lw_bytes krb_f_string(struct lw_der *, unsigned n, size_t max);
int64_t krb_f_int(struct lw_der *, unsigned n, int64_t min, int64_t max);
int64_t krb_f_time(struct lw_der *, unsigned n);
int64_t krb_f_time_opt(struct lw_der *, unsigned n); /* KRB_NO_TIME when it is not there */
uint32_t krb_f_flags(struct lw_der *, unsigned n);
void krb_f_name(struct lw_der *, unsigned n, struct krb_name *);
void krb_f_enc(struct lw_der *, unsigned n, struct krb_enc *);
void krb_f_key(struct lw_der *, unsigned n, struct krb_key *);
void krb_f_ticket(struct lw_der *, unsigned n, struct krb_ticket *);
void krb_next_ticket(struct lw_der *, struct krb_ticket *); /* a Ticket without [n]: one of a SEQUENCE */
/* SEQUENCE { [0] Int32, [1] OCTET STRING } */
void krb_f_typed(struct lw_der *, unsigned n, struct krb_typed *);
/* SEQUENCE OF such; of padata the tags are [1] and [2]. */
enum krb_list { KRB_LIST_PADATA, KRB_LIST_ADDRS, KRB_LIST_AD };
void krb_f_list(struct lw_der *, unsigned n, enum krb_list, struct krb_typed_list *);
bool krb_f_list_opt(struct lw_der *, unsigned n, enum krb_list, struct krb_typed_list *); /* is it there? */

static inline bool krb_f_has(const struct lw_der *d, unsigned n)
{
	return lw_der_at(d, (uint8_t)LW_DER_CONTEXT(n));
}

static inline int32_t krb_f_int32(struct lw_der *d, unsigned n)
{
	return (int32_t)krb_f_int(d, n, INT32_MIN, INT32_MAX);
}

/* UInt32, or Int32 as older implementations have it. */
static inline uint32_t krb_f_uint32(struct lw_der *d, unsigned n)
{
	return (uint32_t)krb_f_int(d, n, INT32_MIN, UINT32_MAX);
}

static inline uint32_t krb_f_usec(struct lw_der *d, unsigned n)
{
	return (uint32_t)krb_f_int(d, n, 0, 999999);
}

/* ---- writing ---- */
void krb_p_octets(struct lw_der_writer *, unsigned n, struct lw_bytes);
void krb_p_octets_opt(struct lw_der_writer *, unsigned n, struct lw_bytes); /* not when p is NULL */
void krb_p_string(struct lw_der_writer *, unsigned n, struct lw_bytes);
void krb_p_string_opt(struct lw_der_writer *, unsigned n, struct lw_bytes);
void krb_p_raw(struct lw_der_writer *, unsigned n, struct lw_bytes der);
void krb_p_int(struct lw_der_writer *, unsigned n, int64_t);
void krb_p_time(struct lw_der_writer *, unsigned n, int64_t);
void krb_p_time_opt(struct lw_der_writer *, unsigned n, int64_t);
void krb_p_flags(struct lw_der_writer *, unsigned n, uint32_t);
void krb_p_name(struct lw_der_writer *, unsigned n, const struct krb_name *);
void krb_p_enc(struct lw_der_writer *, unsigned n, const struct krb_enc *);
void krb_p_key(struct lw_der_writer *, unsigned n, const struct krb_key *);
/* der, or from the fields when it is empty */
void krb_p_ticket(struct lw_der_writer *, unsigned n, const struct krb_ticket *);
void krb_ticket_append(struct lw_der_writer *, const struct krb_ticket *);        /* the same without [n] */
void krb_p_typed(struct lw_der_writer *, unsigned n, const struct krb_typed *);
void krb_p_list(struct lw_der_writer *, unsigned n, enum krb_list, const struct krb_typed_list *);
/* SEQUENCE and tag around what was written since mark: the counterpart of krb_f_seq. */
void krb_p_seq(struct lw_der_writer *, uint8_t tag, size_t mark);

#endif
