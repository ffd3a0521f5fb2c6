/* SPDX-License-Identifier: Apache-2.0 */
/* The audit in the store (docs/audit.md): a chain of records for each tenant and role. What the writer does is recorded by the writer
 * (store/audit_write.c); what else happens comes here from the roles' rings (base/audit.h) through directory. */
#ifndef STORE_AUDIT_H
#define STORE_AUDIT_H

#include "base/audit.h"
#include "store/store.h"

struct store_audit_mark { /* a place in a chain */
	uint64_t seq;
	uint8_t hash[32]; /* what links that record to those before it; seq 0: zeros */
};
struct store_audit_head {
	uint32_t tenant;
	uint8_t role;             /* enum lw_role_id */
	struct store_audit_mark end; /* the last record */
	struct store_audit_mark maced; /* what keyd MACed last; seq 0: nothing yet */
	int64_t mac_time;
	uint8_t mac[32];
	struct store_audit_mark gone; /* the last record that was removed; seq 0: none */
	int64_t gone_time;
	uint8_t gone_mac[32];
};

/* ---- directory's: no session, because nothing is shown ---- */
/* Records as a role's ring gives them (lw_audit_peek) into the chains of their tenants, in one commit: when it returns LW_OK they are on
 * the disk. LW_EINVAL: one can't be read; LW_ENOMEM. */
int store_audit_append(struct store *, enum lw_role_id from, struct lw_bytes records);
/* Chains whose end keyd has not MACed yet; at most max, from a place on (0: the beginning), which becomes that of the next ones: so the
 * busiest tenants don't keep the others' from their turn. */
int store_audit_due(struct store *, uint64_t *inout_place, struct store_audit_head *ret, size_t max, size_t *ret_n);
/* What keyd said of them: maced, mac_time and mac. */
int store_audit_mac(struct store *, const struct store_audit_head *, size_t n);
/* All chains, from a place on in the same way. */
int store_audit_heads(struct store *, uint64_t *inout_place, struct store_audit_head *ret, size_t max, size_t *ret_n);
/* What keyd agreed to remove, and a record of each: gone, gone_time and gone_mac. LW_EINVAL: not between what is gone and what is MACed. */
int store_audit_trim(struct store *, const struct store_audit_head *, size_t n);

/* ---- both: what may be removed ---- */
#define STORE_AUDIT_STEP 2048 /* records at once */
struct store_audit_bounds {
	int64_t before;  /* older ones may; 0: no age is too old */
	uint64_t excess; /* so many of the oldest may, whatever their age */
	uint64_t upto;   /* up to this record; 0: as many as may */
};
/* By how many records a tenant has more than `most` (0: never): heads are his chains. Only in the chain that has the most of them: a flood
 * in one role pushes nothing out of another's. By MACed numbers alone. */
uint64_t store_audit_excess(const struct store_audit_head *heads, size_t n, const struct store_audit_head *chain, uint64_t most);
/* The last of the oldest records of a chain that may go, one behind the other, at most STORE_AUDIT_STEP and all before the MACed one; hashed,
 * and linked from what is gone to the first that stays. LW_ENOTFOUND: none; LW_EAGAIN: gone and MACed are not as in the head that was looked
 * at; LW_EINTERNAL: a link does not hold, ret_why says which. */
int store_audit_past(struct store *, const struct store_audit_head *, const struct store_audit_bounds *, struct store_audit_mark *ret,
	char ret_why[64]);

/* ---- keyd's ---- */
/* Every record since `from` (seq 0: the chain's beginning) hashed again, each linked to the one before, and passing `by` (seq 0: no matter)
 * if that is on the way: up to where, at most max records on; only that is MACed. LW_ENOTFOUND: no such chain; LW_EAGAIN: records behind
 * `from` were removed; LW_EINTERNAL: the chain does not hold, ret_why says how. */
int store_audit_extends(struct store *, uint32_t tenant, enum lw_role_id, const struct store_audit_mark *from,
	const struct store_audit_mark *by, size_t max, struct store_audit_mark *ret, char ret_why[64]);
/* The head alone. */
int store_audit_head(struct store *, uint32_t tenant, enum lw_role_id, struct store_audit_head *ret, struct lw_uuid *ret_tenant);

/* ---- for those who may read it: LW_EACCES ---- */
#define STORE_AUDIT_CHAINS LW_ROLE_COUNT
struct store_audit_place { uint64_t next[STORE_AUDIT_CHAINS]; }; /* by role: the first record not seen yet */
/* Where the last n records of all chains together begin, about: the last n of each. */
int store_audit_last(struct lw_session *, uint64_t n, struct store_audit_place *ret);
/* Records from a place on, in the order of their times as far as the chains allow, at most max; the place moves on. Lines live in the
 * arena. */
int store_audit_tail(struct lw_session *, struct lw_arena *, struct store_audit_place *inout, size_t max, struct lw_bytes **ret,
	size_t *ret_n);
/* Verifies one chain. ret->head is as it was at the beginning; bad and why as in struct eng_audit_walk, hashes alone: whether the MACs are
 * keyd's, keyd says. LW_ENOTFOUND: no such chain. May take long; no transaction is kept open for long. */
struct store_audit_report {
	struct store_audit_head head;
	struct lw_uuid tenant;
	uint64_t records, bad;
	const char *why;
	char since[LW_AUDIT_TIME]; /* when the oldest that is kept happened; empty: unknown */
};
int store_audit_verify(struct lw_session *, enum lw_role_id, struct store_audit_report *ret);

#endif
