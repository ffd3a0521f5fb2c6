/* SPDX-License-Identifier: Apache-2.0 */
/* Between the files of lwctl user, group, service, host, grant and policy. */
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

/* From the request's arguments kind and name; LW_EINVAL with a text. */
int control_kind(struct control_call *, const struct control_kind **ret);
int control_object(struct control_call *, const struct control_kind **ret_kind, struct store_dn **ret);
/* NAME, KIND:NAME or a DN; kind NULL: a user unless it says otherwise. */
int control_dn(struct control_call *, const struct control_kind *, struct lw_bytes name, struct store_dn **ret);
int control_container(struct control_call *, const struct control_kind *, struct store_dn **ret);
int control_show(struct control_call *, const struct control_kind *, const struct store_dn *); /* appends the item */
int control_write(struct control_call *, const struct store_op *, struct store_result *ret);

#endif
