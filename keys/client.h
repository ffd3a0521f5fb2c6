/* SPDX-License-Identifier: Apache-2.0 */
/* Between the files of keyd's client. */
#ifndef KEYS_CLIENT_H
#define KEYS_CLIENT_H

#include "keys/msg.h"

/* The answer's bytes live in the arena. */
int keys_client_call(struct keys *, const struct keys_request *, struct lw_arena *, struct keys_answer *ret);
/* For calls whose answer is a token at most. NULLs: not wanted. */
int keys_client_token(struct keys *, const struct keys_request *, struct keys_token *ret_token, struct lw_cap *ret_cap);
int keys_client_items(struct lw_arena *, const struct keys_answer *, struct store_sealed_item **ret, size_t *ret_n);

#endif
