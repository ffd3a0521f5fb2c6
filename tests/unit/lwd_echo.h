/* SPDX-License-Identifier: Apache-2.0 */
/* A line protocol to try the loops with: each line comes back, some do more.
 *   job X, slow X   answered by a job          hold X      a job that waits until echo_release
 *   big N           N octets, in quanta        starttls    ok, then TLS
 *   peer            what lw_peer says          quit        bye, then close
 *   ask X           what echo_ask answers      die         abort()
 *   stay X          holds the loop itself until echo_release
 *   told            how many connections were told, since the last step of any, that they will be stepped
 * The same for datagrams: each comes back; job X, slow X and hold X are put off; peer says the address and the octets it takes;
 * here the address that was asked; big N as above; silent gets no answer. */
#ifndef TESTS_UNIT_LWD_ECHO_H
#define TESTS_UNIT_LWD_ECHO_H

#include "base/proto.h"

extern const struct lw_proto echo_proto;
extern const struct lw_dgram_proto echo_dgram, echo_slow_dgram; /* max_in 2048, max_out 4096 */
extern void (*echo_ask)(const char *line, char ret[256]);
extern _Atomic int echo_steps, echo_jobs, echo_conns, echo_doomed; /* doomed: tick closes all */
extern _Atomic int echo_batches, echo_held; /* held: jobs that wait now */
void echo_hold(void);
void echo_release(void);

#endif
