/* SPDX-License-Identifier: Apache-2.0 */
/* Inside of the resolvers: an entry as it is being made or changed, checked as a whole before any effect is put down. */
#ifndef STORE_IMAGE_H
#define STORE_IMAGE_H

#include "store/ops.h"

#define IMAGE_MAX_VALUES 100000 /* of one attribute */
#define IMAGE_MAX_ATTRS  512

struct image_attr {
	const struct schema_attr *attr;
	struct lw_bytes options, desc; /* canonical */
	struct lw_bytes *values;       /* not for refs */
	size_t n, cap;
	bool changed;
	struct image_index *index;     /* by normal form, once there are many; NULL: not made */
	/* SCHEMA_REF: what is stored stays where it is; only the difference is held */
	struct eng_attr stored;
	bool cleared;                  /* nothing of stored remains */
	uint64_t *added, *removed;
	size_t nadded, nremoved, added_cap, removed_cap;
};
struct image {
	struct store_txn *txn;
	struct eng_entry head;         /* id 0 until it is made */
	struct image_attr *attrs;
	size_t n, cap;
};

int image_new(struct store_txn *, struct image *);
int image_load(struct store_txn *, const struct eng_entry *, struct image *);
struct image_attr *image_find(const struct image *, const struct schema_attr *, struct lw_bytes options); /* may be empty */
bool image_present(const struct image_attr *); /* NULL: no */
size_t image_count(const struct image_attr *);
/* Values are checked against the syntax. Texts of errors go to the transaction's result. */
int image_add(struct image *, const struct schema_attr *, struct lw_bytes options, const struct lw_bytes *values, size_t n);
int image_delete(struct image *, const struct schema_attr *, struct lw_bytes options, const struct lw_bytes *values, size_t n);
int image_replace(struct image *, const struct schema_attr *, struct lw_bytes options, const struct lw_bytes *values, size_t n);
int image_increment(struct image *, const struct schema_attr *, struct lw_bytes options, const struct lw_bytes *values, size_t n);
bool image_has_value(struct image *, const struct schema_attr *, struct lw_bytes value);
/* One value by us, without questions. */
int image_set(struct image *, const struct schema_attr *, const char *value);
int image_stamp(struct image *, bool created); /* who and when */
/* The whole: classes, single values, RDN, unique names; brings head.structural and head.flags up to date. */
int image_check(struct image *);
bool image_name_reserved(struct lw_bytes principal); /* krbtgt/…, kadmin/…, WELLKNOWN/… */
/* Effects. image_make: head has id, parent, rdn, uuid. image_change: what differs. */
int image_make(struct image *, struct eng_fx *);
int image_change(struct image *, struct eng_fx *);
/* Does the change touch what sessions remember? */
bool image_touches_rights(const struct image *);
/* A line for the result, for the log and, where it tells no secret, for the client. Returns err. */
int ops_say(struct store_txn *, int err, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

#endif
