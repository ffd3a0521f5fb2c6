/* SPDX-License-Identifier: Apache-2.0 */
/* For keys_token_builders(): lwd joins keyd and JOSE. */
#ifndef OIDC_ISSUE_H
#define OIDC_ISSUE_H

#include "keys/token.h"

extern const struct keys_token_builder oidc_issuing;

#endif
