/* SPDX-License-Identifier: Apache-2.0 */
/* For the tests of what is issued: people, a host and their sessions in acme.example, and the operations in
 * short. */
#ifndef TESTS_UNIT_ISSUE_FIX_H
#define TESTS_UNIT_ISSUE_FIX_H

#include "base/text.h"
#include "store/issue.h"
#include "tests/unit/ops_fix.h"

#define SUFFIX "dc=acme,dc=example"
#define ALICE  "uid=alice,ou=people," SUFFIX
#define BOB    "uid=bob,ou=people," SUFFIX
#define WEB    "cn=web1.acme.example,ou=hosts," SUFFIX
#define SHOP   "cn=shop,ou=applications," SUFFIX
#define CERTS  "ou=certificates," SUFFIX
#define TOKENS "ou=tokens," SUFFIX
#define DAY    (INT64_C(24) * 3600 * LW_SECOND)

#define OK(x)       issue_err((x), LW_OK, #x, __LINE__)
#define ERR(x, err) issue_err((x), err, #x, __LINE__)
#define SP          "https://shop.acme.example/metadata"
#define ACS         "https://shop.acme.example/acs"

extern struct lw_session *alice_s, *bob_s, *web_s, *auth, *auth_beta, *upkeep, *anonymous;
extern struct lw_uuid alice, bob, web;
extern const uint8_t der_octets[5];
#define DER ((struct lw_bytes){ der_octets, sizeof(der_octets) })

void issue_err(int got, int want, const char *what, int line);
int grant(const char *cn, const char *text);
int issue_up(void **state);
int issue_down(void **state);
int write_record(struct lw_session *s, enum store_op_kind kind, const struct store_record *r);
struct lw_bytes serial(const char *hex);
int intent(struct lw_session *s, const char *hex, const struct lw_uuid *subject, const char *profile);
int issued(struct lw_session *s, const char *hex, int64_t life);
int drop(struct lw_session *s, const char *hex);
int cert_revoke(struct lw_session *s, const char *hex, int reason);
int cancel(struct lw_session *s, const char *id, int64_t until);
int expire(struct lw_session *s);
int cert_in(struct lw_session *s, const char *hex, struct store_cert *ret);
const char *revoked(struct lw_session *s, int64_t since);
uint64_t generation(struct lw_session *s);
void make_shop(void);
bool cancelled(struct lw_session *s, const char *id);
int put_key(struct lw_session *s, const char *attr, enum store_secret_class cls, uint64_t gen,
        const char *sealed);

#endif
