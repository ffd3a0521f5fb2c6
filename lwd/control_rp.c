/* SPDX-License-Identifier: Apache-2.0 */
/* lwctl rp: what lwctl read of a relying party's metadata, as attributes of its entry. No XML here: directory never parses any. */
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "base/text.h"
#include "lwd/control_kind.h"

static const struct {
	const char *key, *attr;
	bool base64;
} given[CONTROL_RP_ATTRS] = {
	{ "entity-id", "lwEntityId", false },
	{ "acs", "lwAcsUrl", false },
	{ "name-id-format", "lwNameIdFormat", false },
	{ "metadata", "lwMetadata", false },
	{ "certificate", "userCertificate;binary", true },
};

static int value_of(struct control_call *call, size_t row, struct lw_bytes in, struct lw_bytes *ret)
{
	if (!given[row].base64) {
		*ret = in;
		return LW_OK;
	}
	if (lw_unbase64(call->arena, in, ret) == LW_OK)
		return LW_OK;
	snprintf(call->text, sizeof(call->text), "%s is not base64", given[row].key);
	return LW_EINVAL;
}

int control_rp_values(struct control_call *call, struct store_attr_values ret[CONTROL_RP_ATTRS])
{
	int rc = LW_OK;

	for (size_t row = 0; row < CONTROL_RP_ATTRS; row++) {
		struct store_attr_values *a = &ret[row];

		a->desc = lw_str(given[row].attr);
		a->n = 0;
		a->values = lw_allocn(call->arena, call->req->npairs + 1, sizeof(*a->values));
		if (!a->values)
			return LW_ENOMEM;
		for (size_t i = 0; !rc && i < call->req->npairs; i++)
			if (lw_eq(call->req->pairs[i].key, lw_str(given[row].key)) && call->req->pairs[i].value.n)
				rc = value_of(call, row, call->req->pairs[i].value, &a->values[a->n++]);
	}
	if (!rc && !ret[0].n) {
		snprintf(call->text, sizeof(call->text), "entity-id is missing");
		rc = LW_EINVAL;
	}
	return rc;
}

int control_rp_taken(struct control_call *call, int rc)
{
	if (rc != LW_ECONSTRAINT || strcmp(call->text, "lwEntityId: the name is taken") != 0)
		return rc;
	snprintf(call->text, sizeof(call->text), "another relying party of this tenant has this entityID");
	return LW_EEXIST;
}
