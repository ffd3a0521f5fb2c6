/* SPDX-License-Identifier: Apache-2.0 */
/* keyd with a real store: two tenants, their administrators, alice and bob of acme. Each test starts from the same state. */
#ifndef TESTS_UNIT_KEYD_FIX_H
#define TESTS_UNIT_KEYD_FIX_H

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include "base/err.h"
#include "keys/keyd.h"
#include "tests/unit/cheap_hash.h"

#define NOW (INT64_C(1795392000) * LW_SECOND)

extern char dir[64];
extern struct lw_clock clk;
extern struct store *store;
extern struct keys *keys; /* directory's */
extern struct lw_arena *arena;
extern struct lw_uuid acme_uuid, beta_uuid, acme_admin, beta_admin, alice, bob;
extern uint32_t acme, beta;
extern const struct keys_source HERE;
extern const struct lw_uuid NOBODY;
extern const struct lw_bytes NONE;

int setup(void **state);
int teardown(void **state);
int setup_dear(void **state); /* whose passwords have their whole cost */
struct lw_bytes tok(const struct keys_token *);
int write_as(const struct lw_cap *, const struct store_op *, struct store_result *);
/* By the password; t and cap may be NULL. */
int verify(uint32_t tenant, const struct lw_uuid *who, const char *password, struct keys_token *t, struct lw_cap *cap);
struct keyd *second(const char *boot); /* another keyd on the same directory */

#endif
