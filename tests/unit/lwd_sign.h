/* SPDX-License-Identifier: Apache-2.0 */
/* A certificate for a request, signed by a key of the moment: what keyd does in the real thing. */
#ifndef TESTS_UNIT_LWD_SIGN_H
#define TESTS_UNIT_LWD_SIGN_H

#include "base/arena.h"

int sign_request(struct lw_bytes csr, struct lw_arena *, struct lw_bytes *ret_pem);

#endif
