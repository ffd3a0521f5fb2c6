/* SPDX-License-Identifier: Apache-2.0 */
/* What every test with a real store and a real keyd begins and ends with. Of no test framework. */
#ifndef TESTS_UNIT_TENANT_FIX_H
#define TESTS_UNIT_TENANT_FIX_H

#include "keys/keys.h"
#include "store/store.h"

struct tenant_fix {
	struct store *store;
	struct keys *keys; /* directory's */
	struct lw_arena *arena;
	const char *name, *realm, *password; /* the administrator is called admin */
	struct lw_uuid uuid, admin;
};
/* The tenant and its administrator, as lwd's own init makes them. LW_OK, or the first error. */
int tenant_fix(const struct tenant_fix *);
/* The folder and all that is in it. */
void remove_tree(const char *dir);

#endif
