/* SPDX-License-Identifier: Apache-2.0 */
/* Keytabs, version 0x0502, as MIT krb5 and Heimdal read them. All integers big-endian:
 *   file   05 02, then entries
 *   entry  i32 length of what follows (negative: a hole of that many octets), u16 number of components,
 *          counted realm, counted components, u32 name type, u32 time stamp (seconds), u8 kvno (low octet),
 *          u16 enctype, counted key, u32 kvno (whole)
 * where a counted item is u16 length and octets. */
#ifndef KEYS_KEYTAB_H
#define KEYS_KEYTAB_H

#include "keys/password.h"

#define KEYS_KEYTAB_MAGIC 0x0502
#define KEYS_KEYTAB_COMPONENTS 16

/* The two octets that begin a file. */
void keys_keytab_begin(struct lw_writer *);
/* One entry for every key of the set. principal as krb5_parse_name reads it, with its realm. LW_EINVAL: it is
 * none. */
int keys_keytab_put(struct lw_writer *, struct lw_bytes principal, const struct keys_krb_set *);

/* One entry of a file; borrowed. who: components and realm as they lie there, to compare. whole: with its
 * length. */
struct keys_keytab_entry { struct lw_bytes who, key, whole; uint32_t kvno; uint16_t etype; };
struct keys_keytab_reader { struct lw_reader r; };
/* LW_EINVAL: no keytab of this version */
int keys_keytab_open(struct lw_bytes file, struct keys_keytab_reader *ret);
/* Skips holes. LW_ENOTFOUND: no more; LW_EINVAL. */
int keys_keytab_next(struct keys_keytab_reader *, struct keys_keytab_entry *ret);
/* What is in add and not yet in old (by principal, kvno and enctype), behind what is in old. */
int keys_keytab_merge(struct lw_bytes old, struct lw_bytes add, struct lw_writer *out);

#endif
