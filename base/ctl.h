/* SPDX-License-Identifier: Apache-2.0 */
/* The control socket's messages, shared by lwctl and the directory role. Every message is a u32 length and a body.
 * Request: verb, tenant (empty: the system tenant), pairs of key and value; a key may repeat.
 * Answer: any number of items, each a list of typed fields, then one end with a code, a text and "more" (ask with verb "next"). */
#ifndef BASE_CTL_H
#define BASE_CTL_H

#include "base/arena.h"

#define CTL_MAX       (16u << 20) /* octets of one message */
#define CTL_MAX_PAIRS 20000

struct ctl_pair {
	struct lw_bytes key, value;
};
struct ctl_request {
	struct lw_bytes verb, tenant;
	struct ctl_pair *pairs;
	size_t npairs;
};
/* LW_EINVAL, LW_ELIMIT. body is without its length and must live as long as the request. */
int ctl_request_get(struct lw_arena *, struct lw_bytes body, struct ctl_request *ret);
void ctl_request_put(struct lw_writer *, const struct ctl_request *); /* with its length */
struct lw_bytes ctl_arg(const struct ctl_request *, const char *key); /* first of that key; p NULL: none */

enum ctl_type { CTL_STRING = 's', CTL_BOOL = 'b', CTL_INT = 'i' };
struct ctl_field {
	struct lw_bytes name;
	enum ctl_type type;
	bool multi; /* a list, even with one value */
	struct lw_bytes *values;
	size_t n;
};
enum ctl_kind { CTL_ITEM = 1, CTL_END = 2 };
struct ctl_answer {
	enum ctl_kind kind;
	struct ctl_field *fields; /* ITEM */
	size_t nfields;
	struct lw_bytes code, text; /* END; code is empty when all went well */
	bool more;
};
int ctl_answer_get(struct lw_arena *, struct lw_bytes body, struct ctl_answer *ret);

/* An item is written between begin and end; both return or take the place of its length. */
size_t ctl_item_begin(struct lw_writer *);
void ctl_item_field(struct lw_writer *, const char *name, enum ctl_type, bool multi, const struct lw_bytes *values, size_t n);
void ctl_item_string(struct lw_writer *, const char *name, const char *value);
void ctl_item_bool(struct lw_writer *, const char *name, bool);
void ctl_item_int(struct lw_writer *, const char *name, int64_t);
void ctl_item_end(struct lw_writer *, size_t begin);
void ctl_end(struct lw_writer *, const char *code, const char *text, bool more);

#endif
