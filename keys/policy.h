/* SPDX-License-Identifier: Apache-2.0 */
/* The password policy. One set of values for now; a tenant's pwdMaxFailure and its sisters will fill another. */
#ifndef KEYS_POLICY_H
#define KEYS_POLICY_H

#include "base/clock.h"

#define KEYS_HISTORY_MAX 24

struct keys_policy {
	unsigned min_length, max_length;    /* octets after preparation */
	unsigned history;                   /* at most KEYS_HISTORY_MAX */
	unsigned account_guesses;           /* wrong ones within window: locked */
	unsigned source_guesses;            /* from one address, over all accounts */
	int64_t window, lock_account, lock_source; /* us */
};
extern const struct keys_policy keys_policy_default;

#endif
