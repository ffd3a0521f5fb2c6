/* SPDX-License-Identifier: Apache-2.0 */
/* For keys_token_builders(): lwd joins keyd and SAML. */
#ifndef SAML_ISSUE_H
#define SAML_ISSUE_H

#include "keys/token.h"

extern const struct keys_token_builder saml_issuing;

#endif
