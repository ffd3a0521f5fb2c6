/* SPDX-License-Identifier: Apache-2.0 */
/* Writing BER in definite lengths (always the shortest, so what comes out is DER where the contents are), and
 * finding out how long the first TLV of some octets is. Identifiers are one octet: tag numbers up to 30. */
#ifndef BASE_BER_H
#define BASE_BER_H

#include <stdbool.h>
#include <stdint.h>
#include "base/bytes.h"

enum {
	LW_BER_BOOLEAN = 0x01,
	LW_BER_INTEGER = 0x02,
	LW_BER_BITSTRING = 0x03,
	LW_BER_OCTETS = 0x04,
	LW_BER_NULL = 0x05,
	LW_BER_OID = 0x06,
	LW_BER_ENUM = 0x0a,
	LW_BER_UTF8 = 0x0c,
	LW_BER_SEQUENCE = 0x30,
	LW_BER_SET = 0x31,
};
#define LW_BER_APP(n) (0x40 | (n)) /* or with LW_BER_CONS where constructed */
#define LW_BER_CTX(n) (0x80 | (n))
#define LW_BER_CONS   0x20

/* Errors are sticky in the writer. */
void lw_ber_put(struct lw_writer *, uint8_t tag, struct lw_bytes content);
void lw_ber_head(
        struct lw_writer *, uint8_t tag, size_t content_length); /* tag and length; contents follow */
void lw_ber_int(struct lw_writer *, uint8_t tag, int64_t);       /* INTEGER or ENUMERATED */
void lw_ber_bool(struct lw_writer *, uint8_t tag, bool);
/* A construct whose length is not known yet: what start returns goes to the matching end. May be nested. */
size_t lw_ber_start(struct lw_writer *, uint8_t tag);
void lw_ber_end(struct lw_writer *, size_t start);
size_t lw_ber_size(size_t content_length); /* of tag, length and contents together */

/* How long is the first TLV of in, header included? LW_OK and its length (in may hold fewer octets than
 * that); LW_EAGAIN: the header itself is not complete yet; LW_EINVAL: indefinite or reserved length, more
 * than 4 length octets or a multi-octet tag; LW_ELIMIT: the whole is longer than max. A longer-than-needed
 * length is accepted (BER). */
int lw_ber_frame(struct lw_bytes in, size_t max, size_t *ret_total);

#endif
