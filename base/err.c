/* SPDX-License-Identifier: Apache-2.0 */
#include "base/err.h"

#include <stddef.h>

static const struct {
	const char *name, *text;
} errors[LW_ERR_COUNT] = { [LW_OK] = { "OK", "success" },
#define X(n, t) [LW_##n] = { #n, t },
	LW_ERRORS(X)
#undef X
};

const char *lw_strerror(int err)
{
	return err >= 0 && err < LW_ERR_COUNT ? errors[err].text : "unknown error";
}

const char *lw_errname(int err)
{
	return err >= 0 && err < LW_ERR_COUNT ? errors[err].name : "EUNKNOWN";
}
