/* SPDX-License-Identifier: Apache-2.0 */
/* A capability: what an authentication proved, MACed by keyd. Whoever holds a token shows it with every write
 * and every issue. A struct lw_cap that did not come out of keys_* is a forgery: tests/lint forbids filling
 * one elsewhere. */
#ifndef BASE_CAP_H
#define BASE_CAP_H

#include <stdint.h>
#include "base/bytes.h"
#include "base/uuid.h"

enum lw_cap_method {
	LW_CAP_PASSWORD = 1,
	LW_CAP_KERBEROS = 2,
	LW_CAP_CERT = 4,
	LW_CAP_OTP = 8,
	LW_CAP_TOKEN = 16,
	LW_CAP_PEERCRED = 32 /* the operator, by the control socket or ldapi */
};
enum lw_cap_flag { LW_CAP_MFA = 1, LW_CAP_ASSERTED = 2, LW_CAP_CONFIDENTIAL = 4, LW_CAP_OPERATOR = 8 };

struct lw_cap {
	uint32_t tenant; /* store's number of the tenant */
	struct lw_uuid tenant_uuid;
	struct lw_uuid subject;      /* entryUUID; all zero for the operator */
	struct lw_uuid actor;        /* who acts, when delegated; else equal to subject */
	uint32_t methods, flags;     /* enum lw_cap_method, lw_cap_flag */
	int64_t auth_time, expiry;   /* wall clock, microseconds */
	uint64_t credential_version; /* of the subject at authentication */
	uint8_t role;                /* enum lw_role_id it was minted for */
	uint8_t id[16];
};
#define LW_CAP_MAX 256 /* octets of an encoded token with its MAC */

void lw_cap_put(struct lw_writer *, const struct lw_cap *);
int lw_cap_get(struct lw_reader *, struct lw_cap *ret);

#endif
