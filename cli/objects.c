/* SPDX-License-Identifier: Apache-2.0 */
/* Subcommands that are one request to the control socket. */
#include <stdio.h>
#include <string.h>

#include "cli/lwctl.h"

static const struct option_row create_options[] = {
	{ "--given-name", "given-name", false, false }, { "--surname", "surname", false, false }, { "--mail", "mail", false, false },
	{ "--posix", "posix", true, false }, { "--uid-number", "uidNumber", false, false }, { "--gid-number", "gidNumber", false, false },
	{ "--home", "homeDirectory", false, false }, { "--shell", "loginShell", false, false },
	{ "--password-file", "password", false, true }, { "--description", "description", false, false },
};
static const struct option_row tenant_options[] = {
	{ "--admin-password-file", "password", false, true }, { "--admin", "admin", false, false },
};

static bool about_tenants(const struct command *cmd)
{
	return !strcmp(cmd->area, "tenant");
}

int cmd_one(struct lwctl *c, const struct command *cmd, struct ctl_request *req)
{
	if (!about_tenants(cmd))
		add_pair(c, req, "kind", lw_str(cmd->area));
	print_begin(c, false);
	int status = call_control(c, cmd->control, req, print_item);
	if (!status)
		print_end(c);
	return status;
}

int cmd_create(struct lwctl *c, const struct command *cmd)
{
	struct ctl_request req = { 0 };
	const char *group;
	int status;

	while (!strcmp(cmd->area, "trust") && (group = take_string(c, "--group")) != NULL)
		add_pair(c, &req, "group", lw_str(group));
	status = take_options(c, create_options, sizeof(create_options) / sizeof(create_options[0]), &req);
	if (status)
		return status;
	if (c->argc != 1)
		return usage(c, cmd);
	add_pair(c, &req, "name", lw_str(c->argv[0]));
	return cmd_one(c, cmd, &req);
}

int cmd_tenant_create(struct lwctl *c, const struct command *cmd)
{
	struct ctl_request req = { 0 };
	int status = take_options(c, tenant_options, sizeof(tenant_options) / sizeof(tenant_options[0]), &req);

	if (status)
		return status;
	if (c->argc != 1 || !ctl_arg(&req, "password").n)
		return usage(c, cmd);
	add_pair(c, &req, "name", lw_str(c->argv[0]));
	c->tenant = NULL; /* tenants belong to the installation */
	return cmd_one(c, cmd, &req);
}

int cmd_grant_create(struct lwctl *c, const struct command *cmd)
{
	struct ctl_request req = { 0 };
	const char *name = take_string(c, "--name");

	if (c->argc != 1)
		return usage(c, cmd);
	if (name)
		add_pair(c, &req, "name", lw_str(name));
	add_pair(c, &req, "text", lw_str(c->argv[0]));
	return cmd_one(c, cmd, &req);
}

int cmd_grant_defaults(struct lwctl *c, const struct command *cmd)
{
	struct ctl_request req = { 0 };

	for (int i = 0; i < c->argc; i++)
		add_pair(c, &req, "name", lw_str(c->argv[i]));
	print_begin(c, true);
	int status = call_control(c, cmd->control, &req, print_item);
	if (!status)
		print_end(c);
	return status;
}

int cmd_named(struct lwctl *c, const struct command *cmd)
{
	struct ctl_request req = { 0 };

	if (c->argc != 1)
		return usage(c, cmd);
	if (about_tenants(cmd))
		c->tenant = NULL;
	add_pair(c, &req, "name", lw_str(c->argv[0]));
	return cmd_one(c, cmd, &req);
}

int cmd_disable(struct lwctl *c, const struct command *cmd)
{
	static const struct option_row options[] = { { "--revoke", "revoke", true, false }, { "--reason", "reason", false, false } };
	struct ctl_request req = { 0 };
	int status = take_options(c, options, 2, &req);

	if (status)
		return status;
	if (c->argc != 1 || (ctl_arg(&req, "reason").n && !ctl_arg(&req, "revoke").n))
		return usage(c, cmd);
	add_pair(c, &req, "name", lw_str(c->argv[0]));
	return cmd_one(c, cmd, &req);
}

int cmd_list(struct lwctl *c, const struct command *cmd)
{
	struct ctl_request req = { 0 };

	if (c->argc != 0)
		return usage(c, cmd);
	if (about_tenants(cmd))
		c->tenant = NULL;
	if (cmd->verb)
		add_pair(c, &req, "kind", lw_str(cmd->area));
	print_begin(c, cmd->verb != NULL);
	int status = call_control(c, cmd->control, &req, print_item);
	if (!status)
		print_end(c);
	return status;
}

int cmd_set(struct lwctl *c, const struct command *cmd)
{
	struct ctl_request req = { 0 };

	if (c->argc < 2)
		return usage(c, cmd);
	add_pair(c, &req, "name", lw_str(c->argv[0]));
	for (int i = 1; i < c->argc; i++)
		add_pair(c, &req, "set", lw_str(c->argv[i]));
	return cmd_one(c, cmd, &req);
}

int cmd_passwd(struct lwctl *c, const struct command *cmd)
{
	static const struct option_row options[] = { { "--password-file", "password", false, true }, { "--old-password-file", "old", false, true } };
	struct ctl_request req = { 0 };
	int status = take_options(c, options, 2, &req);

	if (status)
		return status;
	if (c->argc != 1 || !ctl_arg(&req, "password").n)
		return usage(c, cmd);
	add_pair(c, &req, "name", lw_str(c->argv[0]));
	return cmd_one(c, cmd, &req);
}

int cmd_members(struct lwctl *c, const struct command *cmd)
{
	struct ctl_request req = { 0 };

	if (c->argc < 2)
		return usage(c, cmd);
	add_pair(c, &req, "name", lw_str(c->argv[0]));
	for (int i = 1; i < c->argc; i++)
		add_pair(c, &req, "member", lw_str(c->argv[i]));
	return cmd_one(c, cmd, &req);
}

static bool permitted;

static void explain_item(struct lwctl *c, const struct ctl_answer *a)
{
	for (size_t i = 0; i < a->nfields; i++)
		if (lw_eq(a->fields[i].name, LW_LIT("permit")) && a->fields[i].n)
			permitted = lw_eq(a->fields[i].values[0], LW_LIT("true"));
	print_item(c, a);
}

int cmd_explain(struct lwctl *c, const struct command *cmd)
{
	static const char *const keys[] = { "who", "verb", "what", "attr" };
	struct ctl_request req = { 0 };

	if (c->argc < 3 || c->argc > 4)
		return usage(c, cmd);
	for (int i = 0; i < c->argc; i++)
		add_pair(c, &req, keys[i], lw_str(c->argv[i]));
	print_begin(c, false);
	int status = call_control(c, cmd->control, &req, explain_item);
	if (status)
		return status;
	print_end(c);
	return permitted ? EX_DONE : EX_FAILED;
}
