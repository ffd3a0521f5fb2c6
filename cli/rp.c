/* SPDX-License-Identifier: Apache-2.0 */
/* lwctl rp create and set: SAML and WS-Trust relying parties. The metadata is parsed here, by the recipe of docs/saml.md; lwd gets its fields. */
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "base/text.h"
#include "cli/lwctl.h"
#include "saml/saml.h"

static const struct option_row options[] = {
	{ "--entity-id", "entity-id", false, false }, { "--name-id-format", "name-id-format", false, false },
	{ "--description", "description", false, false },
};

static void add_once(struct lwctl *c, struct ctl_request *req, const char *key, struct lw_bytes value)
{
	for (size_t i = 0; i < req->npairs; i++)
		if (lw_eq(req->pairs[i].key, lw_str(key)) && lw_eq(req->pairs[i].value, value))
			return;
	add_pair(c, req, key, value);
}

static int add_metadata(struct lwctl *c, struct ctl_request *req, const char *path)
{
	struct saml_rp rp;
	struct lw_bytes xml;
	char why[200];
	int status = read_file(c, path, SAML_MAX_DOC, &xml), err;

	if (status)
		return status;
	err = saml_rp_read(xml, c->arena, &rp, why);
	if (err)
		return fail(c, err == LW_EUNSUPPORTED ? EX_CONF : EX_FAILED, err == LW_EUNSUPPORTED ? "unsupported" : "failed", "%s: %s", path, why);
	if (ctl_arg(req, "entity-id").n)
		return fail(c, EX_USAGE_, "usage", "the entityID is in the metadata: --entity-id or --metadata, not both");
	add_pair(c, req, "entity-id", rp.entity_id);
	for (size_t i = 0; i < rp.n_acs; i++)
		add_once(c, req, "acs", rp.acs[i]);
	if (rp.name_id_format.n && !ctl_arg(req, "name-id-format").n)
		add_pair(c, req, "name-id-format", rp.name_id_format);
	for (size_t i = 0; i < rp.n_certs; i++)
		add_once(c, req, "certificate", lw_str(lw_base64(c->arena, rp.certs[i])));
	add_pair(c, req, "metadata", xml);
	return 0;
}

/* --metadata F, or --entity-id URI with --acs-url URL… */
static int take_rp(struct lwctl *c, struct ctl_request *req)
{
	const char *path = take_string(c, "--metadata"), *url;
	int status;

	while ((url = take_string(c, "--acs-url")) != NULL)
		add_once(c, req, "acs", lw_str(url));
	status = take_options(c, options, sizeof(options) / sizeof(options[0]), req);
	if (!status && path && ctl_arg(req, "acs").n)
		status = fail(c, EX_USAGE_, "usage", "the URLs are in the metadata: --acs-url or --metadata, not both");
	return status || !path ? status : add_metadata(c, req, path);
}

/* The name when none is given: of a URL the host, of another URI what stands for a name in it: everything else becomes '-'. */
static struct lw_bytes name_of(struct lwctl *c, struct lw_bytes id)
{
	const char *scheme = memmem(id.p, id.n, "://", 3);
	struct lw_bytes part = id;
	uint8_t *name;
	size_t n = 0;

	if (scheme) {
		part.p = (const uint8_t *)scheme + 3;
		part.n = id.n - (size_t)(part.p - id.p);
		while (n < part.n && !strchr(":/?#", part.p[n]))
			n++;
		part.n = n;
	}
	name = lw_alloc(c->arena, part.n + 1);
	for (size_t i = 0; name && i < part.n; i++) {
		uint8_t ch = part.p[i];
		bool letter = (ch >= 'a' && ch <= 'z') || (ch >= 'A' && ch <= 'Z');

		name[i] = letter || (ch >= '0' && ch <= '9') || ch == '.' || ch == '-' ? ch : '-';
		if (scheme && ch >= 'A' && ch <= 'Z')
			name[i] |= 32;
	}
	return name ? (struct lw_bytes){ name, part.n } : part;
}

int cmd_rp_create(struct lwctl *c, const struct command *cmd)
{
	struct ctl_request req = { 0 };
	int status = take_rp(c, &req);
	struct lw_bytes id = ctl_arg(&req, "entity-id");

	if (status)
		return status;
	if (c->argc > 1 || !id.n)
		return usage(c, cmd);
	add_pair(c, &req, "name", c->argc ? lw_str(c->argv[0]) : name_of(c, id));
	return cmd_one(c, cmd, &req);
}

int cmd_rp_set(struct lwctl *c, const struct command *cmd)
{
	struct ctl_request req = { 0 };
	int status = take_rp(c, &req);

	if (status)
		return status;
	if (c->argc < 1 || (c->argc < 2 && !ctl_arg(&req, "entity-id").n))
		return usage(c, cmd);
	add_pair(c, &req, "name", lw_str(c->argv[0]));
	for (int i = 1; i < c->argc; i++)
		add_pair(c, &req, "set", lw_str(c->argv[i]));
	return cmd_one(c, cmd, &req);
}
