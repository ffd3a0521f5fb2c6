/* SPDX-License-Identifier: Apache-2.0 */
/* Inside of an attribute selection: RFC 4511 4.5.1.8, RFC 3673 "+", RFC 4529 "@class". */
#ifndef STORE_ATTRSEL_H
#define STORE_ATTRSEL_H

#include "store/ops.h"

struct attrsel_desc {
	const struct schema_attr *attr;
	struct lw_bytes options;
};
struct store_attrsel {
	uint64_t bits[ACCESS_ATTR_BITS / 64]; /* whole types, by schema id, subtypes put in */
	size_t ndescs;
	struct attrsel_desc *descs; /* with options */
};

static inline bool attrsel_has_type(const struct store_attrsel *s, uint16_t id)
{
	return id < ACCESS_ATTR_BITS && s->bits[id / 64] >> (id % 64) & 1;
}
/* With a description as it is stored. */
bool attrsel_has(const struct store_attrsel *, uint16_t id, struct lw_bytes desc);

#endif
