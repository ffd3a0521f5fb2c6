/* SPDX-License-Identifier: Apache-2.0 */
/* Attributes that the code knows by name, and which have subtypes. */
#include <stdlib.h>
#include "base/log.h"
#include "store/ops.h"

const char ops_subschema_dn[] = "cn=subschema";

static struct ops_known known;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static const struct schema_attr *must(const char *name)
{
	const struct schema_attr *a = schema_attr(lw_str(name));
	if (!a) {
		lw_log(LW_ERROR, "schema-lacks", "attribute", name, NULL);
		abort();
	}
	return a;
}

static void find_all(void)
{
	const struct schema_attr *a;

	schema_init();
#define X(name) known.name = must(#name);
	OPS_ATTRS(X)
#undef X
	known.person = schema_class(LW_LIT("person"));
	known.account = schema_class(LW_LIT("account"));
	for (size_t i = 0; (a = schema_attr_at(i)) != NULL; i++)
		for (const struct schema_attr *s = a->sup; s; s = s->sup)
			if (s->id < ACCESS_ATTR_BITS)
				known.subtypes[s->id] = true;
}

const struct ops_known *ops_known(void)
{
	pthread_once(&once, find_all);
	return &known;
}

bool ops_has_subtypes(const struct schema_attr *a)
{
	return a->id >= ACCESS_ATTR_BITS || ops_known()->subtypes[a->id];
}
