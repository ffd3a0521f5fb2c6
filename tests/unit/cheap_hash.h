/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_CHEAP_HASH_H
#define TESTS_CHEAP_HASH_H

#include <stdbool.h>

extern bool hash_cheaply; /* false: what is hashed from now on has its whole cost */

#endif
