/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/tables/client.h"
#include "tests/tables/tables.h"

#include "ldap/conn.h"

/* Refused with a code of its own, or not answered though an answer was due. */
static bool granted(const char *outcome)
{
	char *end;
	long code = strtol(outcome, &end, 10);

	if (end == outcome)
		return strstr(outcome, "closed") != NULL;
	return code == LDAPD_SUCCESS || code == LDAPD_COMPARE_TRUE || code == LDAPD_COMPARE_FALSE || code == LDAPD_SASL_IN_PROGRESS;
}

static size_t op_rows(void)
{
	return ldapd_nops;
}

static const char *op_row(size_t i)
{
	return ldapd_ops[i].name;
}

static unsigned op_rights(size_t i, struct right ret[4])
{
	ret[0] = (struct right){ "right", (void *)&ldapd_ops[i].right, sizeof(ldapd_ops[i].right), ldapd_ops[i].right };
	return 1;
}

const struct table table_operations = { "operation", op_rows, op_row, op_rights, ldap_ask, granted, lines_operations };

static size_t ext_rows(void)
{
	return ldapd_nextops;
}

static const char *ext_row(size_t i)
{
	return ldapd_extops[i].name;
}

static unsigned ext_rights(size_t i, struct right ret[4])
{
	ret[0] = (struct right){ "right", (void *)&ldapd_extops[i].right, sizeof(ldapd_extops[i].right), ldapd_extops[i].right };
	return 1;
}

const struct table table_extended = { "extended", ext_rows, ext_row, ext_rights, ldap_ask, granted, lines_extended };

static size_t control_rows(void)
{
	return ldapd_ncontrol_rows;
}

static const char *control_row(size_t i)
{
	return ldapd_control_rows[i].name;
}

static unsigned control_rights(size_t i, struct right ret[4])
{
	ret[0] = (struct right){ "right", (void *)&ldapd_control_rows[i].right, sizeof(ldapd_control_rows[i].right),
		ldapd_control_rows[i].right };
	return 1;
}

const struct table table_controls = { "control", control_rows, control_row, control_rights, ldap_ask, granted, lines_controls };
