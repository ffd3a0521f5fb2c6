/* SPDX-License-Identifier: Apache-2.0 */
/* Records as a role's ring gives them. */
#ifndef TESTS_AUDIT_RUN_H
#define TESTS_AUDIT_RUN_H

#include "base/audit.h"

static inline void audit_run(struct lw_writer *w, const struct lw_audit *a)
{
	size_t at = w->n;

	lw_put_u16(w, 0);
	lw_audit_put(w, a);
	w->p[at] = (uint8_t)((w->n - at - 2) >> 8);
	w->p[at + 1] = (uint8_t)(w->n - at - 2);
}

#endif
