/* SPDX-License-Identifier: Apache-2.0 */
/* Answers to recent datagrams: a client that heard nothing sends the same octets again from the same address
 * and port, and gets the same answer. Bounded in number and octets; threads share it. */
#ifndef KDC_ASIDE_H
#define KDC_ASIDE_H

#include "base/bytes.h"

#define KDC_ASIDE_US    INT64_C(5000000)
#define KDC_ASIDE_BYTES ((size_t)8 << 20)

struct kdc_aside;
struct kdc_aside *kdc_aside_new(size_t max_bytes);
void kdc_aside_free(struct kdc_aside *);
/* The answer's length, copied to out; 0: none. now: monotonic, us. */
size_t kdc_aside_find(struct kdc_aside *, const char *addr, struct lw_bytes request, int64_t now,
        uint8_t *out, size_t out_max);
void kdc_aside_keep(
        struct kdc_aside *, const char *addr, struct lw_bytes request, int64_t now, struct lw_bytes answer);

#endif
