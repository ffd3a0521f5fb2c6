/* SPDX-License-Identifier: Apache-2.0 */
/* Any octets as the value of each control, on each operation it is for: the first octet picks the row. */
#include <stdlib.h>

#include "base/err.h"
#include "ldap/conn.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct lw_arena *arena;
	struct ldapd_control control = { .critical = true, .has_value = true };
	struct ldapd_msg m = { .id = 1, .controls = &control, .ncontrols = 1 };
	const struct ldapd_control_row *row;
	struct ldapd_ctls ctls;
	uint8_t code;

	if (size == 0)
		return 0;
	if (!arena) {
		schema_init();
		arena = lw_arena_new(64u << 20, false);
	}
	lw_arena_reset(arena);
	row = &ldapd_control_rows[data[0] % ldapd_ncontrol_rows];
	control.oid = lw_str(row->oid);
	control.value = (struct lw_bytes){ data + 1, size - 1 };
	code = ldapd_controls(arena, &m, row->ops & -row->ops, false, &ctls);
	if (code != LDAPD_SUCCESS && code != LDAPD_PROTOCOL_ERROR && code != LDAPD_ADMIN_LIMIT &&
	        code != LDAPD_BUSY)
		abort();
	if (code == LDAPD_SUCCESS && ctls.paged && (ctls.page_size > INT32_MAX || ctls.cookie.n > size))
		abort();
	return 0;
}
