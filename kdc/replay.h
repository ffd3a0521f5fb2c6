/* SPDX-License-Identifier: Apache-2.0 */
/* Authenticators seen, in memory that outlives the process (a region that the monitor keeps), so that a kdc
 * that was killed still knows them. Bounded: a full bucket forgets its oldest entry and from then on refuses
 * everything as old as that; a region that is new refuses what is older than itself. So memory lost or short
 * refuses, and never accepts.
 *
 * An entry is `taken` while its request is in work and `answered` when the answer leaves (kdc_hold). One that a
 * dead process left taken was never answered and may be taken again: its client repeats the request and sees
 * no error. */
#ifndef KDC_REPLAY_H
#define KDC_REPLAY_H

#include "base/bytes.h"

struct kdc_replay;
/* region: zeroed, or as another process left it (a foreign or torn one is begun anew). size >= 64 KiB.
 * window_us: how far an authenticator's time may be from now (the clock skew). now: wall clock, us. NULL: no
 * memory, size. Threads may share it. */
struct kdc_replay *kdc_replay_open(void *region, size_t size, int64_t window_us, int64_t now);
void kdc_replay_close(struct kdc_replay *);
struct kdc_seen { uint32_t bucket, slot; uint64_t stamp; };
/* mac: the last 16 octets of the authenticator's verified cipher text. ctime_us: the authenticator's time,
 * already within the window. LW_OK: first time (ret is for answered/forget); LW_EEXIST: seen, or older than
 * what is remembered. Never blocks long. */
int kdc_replay_take(
        struct kdc_replay *, const uint8_t mac[16], int64_t ctime_us, int64_t now, struct kdc_seen *ret);
/* After LW_EEXIST: is it because the same is being answered right now, by this process? */
bool kdc_replay_in_work(struct kdc_replay *, const uint8_t mac[16]);
void kdc_replay_answered(struct kdc_replay *, const struct kdc_seen *); /* its answer leaves */
/* refused before anything was given away */
void kdc_replay_forget(struct kdc_replay *, const struct kdc_seen *);

#endif
