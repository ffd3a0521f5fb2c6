/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/tables/client.h"
#include "tests/tables/tables.h"

#include "ldap/conn.h"

/* The answer to the row's own request, of several that were sent together. */
static const char *segment(const struct line *l, const char *outcome)
{
	static const struct {
		const char *row, *word;
	} own[] = { { "abandon", "abandon" }, { "Cancel", "cancel" } };
	const char *at = l->request;

	for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++)
		while (!strcmp(own[i].row, l->row) && strncmp(at, own[i].word, strlen(own[i].word))) {
			at = strstr(at, " ; ");
			outcome = strstr(outcome, " ; ");
			if (!at || !outcome)
				die("bad outcome");
			at += 3;
			outcome += 3;
		}
	return outcome;
}

/* Not refused with a code of its own. */
static bool granted(const struct line *l, const char *outcome)
{
	const char *mine = segment(l, outcome);
	char *end;
	long code = strtol(mine, &end, 10);

	if (end == mine) /* rows without an answer */
		return strstr(outcome, "closed") || (!strcmp(l->row, "abandon") && *outcome == '-');
	return code == LDAPD_SUCCESS || code == LDAPD_COMPARE_TRUE || code == LDAPD_COMPARE_FALSE ||
	       code == LDAPD_SASL_IN_PROGRESS;
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
	ret[0] = (struct right){ "right", (void *)&ldapd_ops[i].right, sizeof(ldapd_ops[i].right),
		ldapd_ops[i].right };
	return 1;
}

const struct table table_operations = { "operation", op_rows, op_row, op_rights, ldap_ask, granted,
	lines_operations };

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
	ret[0] = (struct right){ "right", (void *)&ldapd_extops[i].right, sizeof(ldapd_extops[i].right),
		ldapd_extops[i].right };
	return 1;
}

const struct table table_extended = { "extended", ext_rows, ext_row, ext_rights, ldap_ask, granted,
	lines_extended };

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
	ret[0] = (struct right){ "right", (void *)&ldapd_control_rows[i].right,
		sizeof(ldapd_control_rows[i].right), ldapd_control_rows[i].right };
	return 1;
}

const struct table table_controls = { "control", control_rows, control_row, control_rights, ldap_ask, granted,
	lines_controls };
