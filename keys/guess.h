/* SPDX-License-Identifier: Apache-2.0 */
/* Guesses at secrets, counted per account and per source address. A guess is reserved before it is evaluated: however many come at
 * once, no more are evaluated than the policy allows; those beyond wait until the ones under evaluation are settled. */
#ifndef KEYS_GUESS_H
#define KEYS_GUESS_H

#include "base/clock.h"
#include "base/role.h"
#include "base/uuid.h"
#include "keys/policy.h"

#define KEYS_GUESS_UNPROVED "udp:"

struct keys_guesses;
struct keys_guess { void *account, *source; };
enum keys_outcome { KEYS_GUESS_RIGHT, KEYS_GUESS_WRONG, KEYS_GUESS_VOID /* not evaluated */ };

/* The table lies in memory that the roles share and that the monitor keeps, so that the policy's number holds
 * over all protocols and a role's restart forgets no failure. region: keys_guesses_size octets, zeroed
 * or as others left it. me: reservations that this role's former process left open are dropped. NULL: no
 * memory, foreign region. */
size_t keys_guesses_size(void);
struct keys_guesses *keys_guesses_attach(
        void *region, enum lw_role_id me, const struct lw_clock *, const struct keys_policy *);
/* In memory of its own (lwctl init, tests). */
struct keys_guesses *keys_guesses_new(const struct lw_clock *, const struct keys_policy *);
void keys_guesses_free(struct keys_guesses *);
/* account zero: an unknown name, only the source is counted. source: an address with or without a port; one
 * of this machine (loopback, "unix", empty) is not counted, since it may stand for everybody behind a proxy;
 * IPv6 counts as /64. With KEYS_GUESS_UNPROVED in front it is what a datagram says, which anybody may write:
 * counted apart, so that nobody locks out others. LW_ELOCKED, LW_EBUSY (the table is full of locks). Every
 * success is followed by one keys_guess_settle. */
int keys_guess_reserve(struct keys_guesses *, uint32_t tenant, const struct lw_uuid *account, struct lw_bytes source,
	struct keys_guess *ret);
/* The same, but never waits: LW_EBUSY when others' guesses under evaluation use up what is left. */
int keys_guess_try(struct keys_guesses *, uint32_t tenant, const struct lw_uuid *account,
        struct lw_bytes source, struct keys_guess *ret);
void keys_guess_settle(struct keys_guesses *, struct keys_guess *, enum keys_outcome);
/* Is the account locked now? Also when the table can't be read. For those who let in without a guess: a warm bind. */
bool keys_guess_locked(struct keys_guesses *, uint32_t tenant, const struct lw_uuid *account);
void keys_guess_forget(struct keys_guesses *, uint32_t tenant, const struct lw_uuid *account);

#endif
