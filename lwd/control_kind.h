/* SPDX-License-Identifier: Apache-2.0 */
/* Between the files of lwctl user, group, service, host, grant, policy, rp and trust. */
#ifndef LWD_CONTROL_KIND_H
#define LWD_CONTROL_KIND_H

#include "lwd/control.h"

struct control_kind {
	const char *name, *container, *naming; /* cn=NAME,ou=CONTAINER,SUFFIX */
	const char *filter;
	const char *classes[6];
	bool principal;
	const char *columns[6]; /* of list, besides id and name */
};

const struct control_kind *control_kind_named(const char *); /* NULL: no such */
/* From the request's arguments kind and name; LW_EINVAL with a text. */
int control_kind(struct control_call *, const struct control_kind **ret);
int control_object(struct control_call *, const struct control_kind **ret_kind, struct store_dn **ret);
/* NAME, KIND:NAME or a DN; kind NULL: a user unless it says otherwise. */
int control_dn(struct control_call *, const struct control_kind *, struct lw_bytes name, struct store_dn **ret);
int control_container(struct control_call *, const struct control_kind *, struct store_dn **ret);
int control_show(struct control_call *, const struct control_kind *, const struct store_dn *); /* appends the item */
/* What was just written; where the session may not read it, its id and name alone. */
int control_show_written(struct control_call *, const struct control_kind *, const struct store_dn *, const struct lw_uuid *, struct lw_bytes name);
/* Whom a DN or a unique name means: to the operator every principal, to others what they may see; of that keyd asks the rest. */
int control_principal(struct control_call *, struct store_txn *, const struct store_dn *, struct store_principal *ret);
int control_principal_named(struct control_call *, struct store_txn *, const struct schema_attr *, struct lw_bytes value, struct store_principal *ret);
/* The places of lists (control_page.c): opaque, bound to tenant, subject and kind. */
int control_place_get(struct control_call *, const char *kind, uint64_t *ret); /* of argument "after"; 0: the beginning. LW_EINVAL with a text */
void control_place_put(struct control_call *, const char *kind, uint64_t place); /* into text */
int control_page_limit(struct control_call *, size_t *ret); /* of argument "limit". LW_EINVAL with a text */
/* A relying party's attributes from the arguments entity-id, acs…, name-id-format, metadata, certificate… (base64). LW_EINVAL with a text. */
#define CONTROL_RP_ATTRS 5
int control_rp_values(struct control_call *, struct store_attr_values ret[CONTROL_RP_ATTRS]);
int control_rp_taken(struct control_call *, int rc); /* of a write: LW_EEXIST instead of LW_ECONSTRAINT when the entityID is another's */
/* Trusts (control_trust.c): the arguments "group" as the DNs of the groups that are offered; one value as lwctl says it. */
int control_trust_groups(struct control_call *, struct store_attr_values *ret);
int control_trust_value(struct control_call *, struct store_attr_values *inout);
/* The write of a new one: a tenant that an earlier version made gets ou=trusts first. */
int control_trust_add(struct control_call *, const struct store_op *, struct store_result *);
int control_write(struct control_call *, const struct store_op *, struct store_result *ret);

#endif
