/* SPDX-License-Identifier: Apache-2.0 */
#include <pthread.h>
#include "base/err.h"
#include "store/access_roles.h"
#include "store/access_rule.h"
#include "store/store.h"

const struct access_role access_role_table[] = {
	/*                         name       admin  passes hands_out */
	[STORE_ROLE_OPERATOR] = { "operator", true, true, true },
	[STORE_ROLE_AUTH] = { "auth", false, true, false },
	[STORE_ROLE_INIT] = { "init", true, true, true },
	[STORE_ROLE_KDC] = { "kdc", false, true, false },
	[STORE_ROLE_UPKEEP] = { "upkeep", false, true, false },
};
const size_t access_role_count = sizeof(access_role_table) / sizeof(access_role_table[0]);

#define PRINCIPALS (ACCESS_PERSON | ACCESS_SERVICE | ACCESS_HOST)

const struct access_role_row access_role_rows[] = {
	/* the owner of the data directory, in any tenant, audited; passwords and people's keys stay sealed even so */
	{ STORE_ROLE_OPERATOR, ACCESS_READ, ACCESS_ANY, true, NULL },
	{ STORE_ROLE_OPERATOR, ACCESS_SEARCH, ACCESS_ANY, true, NULL },
	{ STORE_ROLE_OPERATOR, ACCESS_COMPARE, ACCESS_ANY, true, NULL },
	{ STORE_ROLE_OPERATOR, ACCESS_WRITE, ACCESS_ANY, true, NULL },
	{ STORE_ROLE_OPERATOR, ACCESS_CREATE, ACCESS_ANY, true, NULL },
	{ STORE_ROLE_OPERATOR, ACCESS_DELETE, ACCESS_ANY, false, NULL },
	{ STORE_ROLE_OPERATOR, ACCESS_MOVE, ACCESS_ANY, false, NULL },
	{ STORE_ROLE_OPERATOR, ACCESS_SET_SECRET, ACCESS_ANY, true, NULL },
	{ STORE_ROLE_OPERATOR, ACCESS_REVOKE, ACCESS_ANY, false, NULL },
	{ STORE_ROLE_OPERATOR, ACCESS_ADMINISTER, ACCESS_ANY, false, NULL },
	{ STORE_ROLE_OPERATOR, ACCESS_EXPORT, ACCESS_SERVICE | ACCESS_HOST, true, "krbPrincipalKey" }, /* keytabs */
	{ STORE_ROLE_OPERATOR, ACCESS_ENROL, PRINCIPALS, false, NULL },
	/* tokens for relying parties that are named, about whom he says: he could set their passwords as well */
	{ STORE_ROLE_OPERATOR, ACCESS_TOKEN, ACCESS_APPLICATION | ACCESS_ENTRY, true, NULL },
	{ STORE_ROLE_OPERATOR, ACCESS_IMPERSONATE, PRINCIPALS, false, NULL },
	/* keyd and binds: who is this, which policy holds, and the sealed verifiers */
	{ STORE_ROLE_AUTH, ACCESS_READ,
	        PRINCIPALS | ACCESS_GROUP | ACCESS_POLICY | ACCESS_APPLICATION | ACCESS_ENTRY | ACCESS_CERTIFICATE, true, NULL },
	{ STORE_ROLE_AUTH, ACCESS_SEARCH, PRINCIPALS, true, NULL },
	{ STORE_ROLE_AUTH, ACCESS_EXPORT, PRINCIPALS, true, NULL },
	{ STORE_ROLE_AUTH, ACCESS_EXPORT, ACCESS_ENTRY, true, "krbPrincipalKey" }, /* the suffix has the krbtgt's */
	{ STORE_ROLE_AUTH, ACCESS_EXPORT, ACCESS_ENTRY, true, "lwCaKey" }, /* … and what the tenant signs with */
	{ STORE_ROLE_AUTH, ACCESS_EXPORT, ACCESS_ENTRY, true, "lwSamlKey" },
	{ STORE_ROLE_AUTH, ACCESS_EXPORT, ACCESS_ENTRY, true, "lwJwtKey" },
	/* the KDC: who is this, which policy holds, and the sealed keys; whether somebody may have a ticket is decided by
	 * his own rights */
	{ STORE_ROLE_KDC, ACCESS_READ, PRINCIPALS | ACCESS_POLICY, true, NULL },
	{ STORE_ROLE_KDC, ACCESS_SEARCH, PRINCIPALS, true, NULL },
	{ STORE_ROLE_KDC, ACCESS_EXPORT, PRINCIPALS | ACCESS_ENTRY, true, "krbPrincipalKey" },
	/* upkeep: the tenants' signing keys as keyd sealed them, and what has expired */
	{ STORE_ROLE_UPKEEP, ACCESS_SET_SECRET, ACCESS_ENTRY, true, "krbPrincipalKey" },
	{ STORE_ROLE_UPKEEP, ACCESS_SET_SECRET, ACCESS_ENTRY, true, "lwCaKey" },
	{ STORE_ROLE_UPKEEP, ACCESS_SET_SECRET, ACCESS_ENTRY, true, "lwSamlKey" },
	{ STORE_ROLE_UPKEEP, ACCESS_SET_SECRET, ACCESS_ENTRY, true, "lwJwtKey" },
	{ STORE_ROLE_UPKEEP, ACCESS_DELETE, ACCESS_CERTIFICATE | ACCESS_TENANT, false, NULL },
	{ STORE_ROLE_UPKEEP, ACCESS_MOVE, ACCESS_TENANT, false, NULL }, /* to another master key */
	/* … and which CA certificates a tenant has, before it is deleted */
	{ STORE_ROLE_UPKEEP, ACCESS_EXPORT, ACCESS_ENTRY, true, "lwCaKey" },
	/* lwctl init and the making of a tenant: no reading, no deleting */
	{ STORE_ROLE_INIT, ACCESS_CREATE, ACCESS_ANY, true, NULL },
	{ STORE_ROLE_INIT, ACCESS_WRITE, ACCESS_ANY, true, NULL },
	{ STORE_ROLE_INIT, ACCESS_SET_SECRET, PRINCIPALS, true, NULL },
	{ STORE_ROLE_INIT, ACCESS_ADMINISTER, ACCESS_TENANT, false, NULL },
};
const size_t access_role_row_count = sizeof(access_role_rows) / sizeof(access_role_rows[0]);
#define NROWS (sizeof(access_role_rows) / sizeof(access_role_rows[0]))

bool access_role_row_ok(const struct access_role_row *row)
{
	return row->role < access_role_count && row->verb > ACCESS_NONE && row->verb < ACCESS_VERB_COUNT &&
	       row->kinds && !(row->kinds & ~(unsigned)ACCESS_ANY) &&
	       row->attrs == (ACCESS_SET_VERBS >> row->verb & 1) &&
	       (!row->attr || (row->attrs && schema_attr(lw_str(row->attr))));
}

static struct access_rule role_rules[NROWS];
static uint16_t role_attrs[NROWS];
static pthread_once_t role_once = PTHREAD_ONCE_INIT;

static void make_rules(void)
{
	schema_init();
	for (size_t i = 0; i < NROWS; i++) {
		struct access_rule *r = &role_rules[i];

		r->subject = ACCESS_SUBJ_ROLE;
		r->verbs = 1u << access_role_rows[i].verb;
		r->kinds = access_role_rows[i].kinds;
		r->attrs_said = access_role_rows[i].attrs;
		r->star = r->attrs_said && !access_role_rows[i].attr;
		if (access_role_rows[i].attr && access_role_row_ok(&access_role_rows[i])) {
			role_attrs[i] = schema_attr(lw_str(access_role_rows[i].attr))->id;
			r->attrs = &role_attrs[i];
			r->nattrs = 1;
		}
		r->max_life = INT64_MAX;
		r->index = (uint32_t)i;
		access_rule_finish(r);
	}
}

struct access_rights *access_bind_role(unsigned role, uint32_t tenant)
{
	struct access_subject s = { .tenant = tenant, .who = ACCESS_WHO_ROLE };
	struct access_rule *mine[NROWS];
	struct access_rights *a;
	size_t n = 0;

	if (role >= access_role_count)
		return NULL;
	pthread_once(&role_once, make_rules);
	for (size_t i = 0; i < NROWS; i++)
		if (access_role_rows[i].role == role && access_role_row_ok(&access_role_rows[i]))
			mine[n++] = &role_rules[i];
	a = access_rights_new(NULL, &s, mine, n);
	if (!a)
		return NULL;
	a->admin = access_role_table[role].admin;
	a->passes = access_role_table[role].passes;
	a->hands_out = access_role_table[role].hands_out;
	return a;
}
