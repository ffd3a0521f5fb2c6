/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/tenant_fix.h"

#include <ftw.h>
#include <stdio.h>

#include "base/err.h"

int tenant_fix(const struct tenant_fix *f)
{
	struct store_sealed_item realm_keys;
	struct keys_tenant kt = { .uuid = f->uuid,
		.ret_realm = &realm_keys,
		.name = f->name,
		.realm = f->realm,
		.admin_uuid = f->admin,
		.admin_name = "admin" };
	struct store_op op = { .kind = STORE_TENANT_CREATE,
		.tenant_name = f->name,
		.tenant_uuid = f->uuid,
		.realm_keys = &realm_keys,
		.admin_name = "admin",
		.admin_uuid = f->admin };
	struct store_result res = { 0 };
	struct keys_token token;
	struct lw_session *s;
	struct lw_cap cap;
	char text[200];
	int err = keys_operator(f->keys, 0, &token, &cap);

	if (err)
		return err;
	err = keys_tenant_new(f->keys, (struct lw_bytes){ token.b, token.n }, &kt, lw_str(f->password), f->arena,
	        &op.tenant_keys, &op.secrets, &op.nsecrets, text);
	if (err)
		return err;
	if (op.nsecrets != 2) /* the administrator's hash and Kerberos keys */
		return LW_EINVAL;
	err = store_session_role(f->store, 0, STORE_ROLE_INIT, &s);
	if (err)
		return err;
	err = store_write(s, &op, &res);
	store_session_free(s);
	return err;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	return remove(path);
}

void remove_tree(const char *dir)
{
	nftw(dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}
