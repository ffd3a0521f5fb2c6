/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/issue_fix.h"

const uint8_t der_octets[5] = { 0x30, 0x03, 0x02, 0x01, 0x07 };
void issue_err(int got, int want, const char *what, int line)
{
	if (got != want)
		fail_msg("line %d: %s: %s (%s), not %s", line, what, lw_errname(got), fix.r.text,
		        lw_errname(want));
}

struct lw_session *alice_s, *bob_s, *web_s, *auth, *auth_beta, *upkeep, *anonymous;
struct lw_uuid alice, bob, web;
int grant(const char *cn, const char *text)
{
	char ldif[1024];

	snprintf(ldif, sizeof(ldif),
	        "dn: cn=%s,ou=grants," SUFFIX "\nobjectClass: lwGrant\ncn: %s\nlwGrantText: %s", cn, cn,
	        text);
	return fix_add(fix.admin, ldif);
}

int issue_up(void **state)
{
	int err = fix_up(state);

	OK(fix_person(fix.admin, "alice", "mail: alice@acme.example\ngivenName: Alice\nemployeeNumber: 7"));
	OK(fix_person(fix.admin, "bob", ""));
	OK(fix_add(fix.admin,
	        "dn: " WEB "\nobjectClass: lwHost\ncn: web1.acme.example\ncn: www.acme.example\nuid: web1"));
	alice = fix_uuid(ALICE);
	bob = fix_uuid(BOB);
	web = fix_uuid(WEB);
	alice_s = fix_login(fix.acme, &fix.acme_uuid, &alice, 0);
	bob_s = fix_login(fix.acme, &fix.acme_uuid, &bob, 0);
	web_s = fix_login(fix.acme, &fix.acme_uuid, &web, 0);
	OK(store_session_role(fix.store, fix.acme, STORE_ROLE_AUTH, &auth));
	OK(store_session_role(fix.store, fix.beta, STORE_ROLE_AUTH, &auth_beta));
	OK(store_session_role(fix.store, fix.acme, STORE_ROLE_UPKEEP, &upkeep));
	OK(store_session_anonymous(fix.store, fix.acme, &anonymous));
	return err;
}

int issue_down(void **state)
{
	struct lw_session **all[] = { &alice_s, &bob_s, &web_s, &auth, &auth_beta, &upkeep, &anonymous };

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		store_session_free(*all[i]);
		*all[i] = NULL;
	}
	return fix_down(state);
}

/* ---- short forms ---- */

int write_record(struct lw_session *s, enum store_op_kind kind, const struct store_record *r)
{
	struct store_op op = { .kind = kind, .record = *r };

	return store_write(s, &op, &fix.r);
}

struct lw_bytes serial(const char *hex)
{
	struct lw_bytes b = { 0 };

	OK(lw_unhex(fix.arena, lw_str(hex), &b));
	return b;
}

int intent(struct lw_session *s, const char *hex, const struct lw_uuid *subject, const char *profile)
{
	return write_record(s, STORE_CERT_INTENT,
	        &(struct store_record){
	                .serial = serial(hex), .subject = *subject, .profile = lw_str(profile) });
}

int issued(struct lw_session *s, const char *hex, int64_t life)
{
	int64_t now = lw_wall(&fix.clock);

	return write_record(s, STORE_CERT_ISSUED,
	        &(struct store_record){
	                .serial = serial(hex), .der = DER, .not_before = now, .not_after = now + life });
}

int drop(struct lw_session *s, const char *hex)
{
	return write_record(s, STORE_CERT_DROP, &(struct store_record){ .serial = serial(hex) });
}

int cert_revoke(struct lw_session *s, const char *hex, int reason)
{
	return write_record(
	        s, STORE_CERT_REVOKE, &(struct store_record){ .serial = serial(hex), .reason = reason });
}

int cancel(struct lw_session *s, const char *id, int64_t until)
{
	return write_record(
	        s, STORE_TOKEN_CANCEL, &(struct store_record){ .id = lw_str(id), .until = until });
}

/* How many went, or the error, negative. */
int expire(struct lw_session *s)
{
	int err = write_record(s, STORE_EXPIRE, &(struct store_record){ 0 });

	return err ? -err : (int)fix.r.version;
}

int cert_in(struct lw_session *s, const char *hex, struct store_cert *ret)
{
	struct store_txn *t;

	OK(store_begin(s, STORE_READ, &t));
	int err = store_cert(t, serial(hex), ret);
	if (!err) {
		ret->serial = lw_dup(fix.arena, ret->serial);
		ret->profile = lw_dup(fix.arena, ret->profile);
		ret->der = ret->der.p ? lw_dup(fix.arena, ret->der) : ret->der;
	}
	store_end(t);
	return err;
}

/* Serials of revoked ones, "0a 0b", asked for by two at a time. */
const char *revoked(struct lw_session *s, int64_t since)
{
	struct store_cert c[2];
	const char *out = "";
	struct store_txn *t;
	uint64_t after = 0;
	size_t n;

	OK(store_begin(s, STORE_READ, &t));
	do {
		OK(store_cert_revoked(t, since, &after, c, 2, &n));
		for (size_t i = 0; i < n; i++) {
			char hex[2 * STORE_CERT_SERIAL_MAX + 1];
			lw_hex(c[i].serial, hex);
			assert_null(c[i].der.p);
			assert_int_equal(c[i].state, STORE_CERT_IS_REVOKED);
			out = lw_printf(fix.arena, "%s%s%s", out, *out ? " " : "", hex);
		}
	} while (n);
	store_end(t);
	return out;
}

uint64_t generation(struct lw_session *s)
{
	struct store_txn *t;
	uint64_t g = 0;

	OK(store_begin(s, STORE_READ, &t));
	OK(store_cert_generation(t, &g));
	store_end(t);
	return g;
}

void make_shop(void)
{
	OK(fix_add(fix.admin, "dn: " SHOP "\nobjectClass: lwApplication\ncn: shop\nlwEntityId: " SP
	                      "\nlwAcsUrl: " ACS "\nlwAcsUrl: " ACS
	                      "2\nlwNameIdFormat: urn:oasis:names:tc:SAML:2.0:nameid-format:persistent"));
}

bool cancelled(struct lw_session *s, const char *id)
{
	struct store_txn *t;

	OK(store_begin(s, STORE_READ, &t));
	bool is = store_token_cancelled(t, lw_str(id));
	store_end(t);
	return is;
}

int put_key(
        struct lw_session *s, const char *attr, enum store_secret_class cls, uint64_t gen, const char *sealed)
{
	struct store_sealed_item item = { schema_attr(lw_str(attr))->id, cls, gen, lw_str(sealed) };
	struct store_op op = { .kind = STORE_TENANT_KEYS, .secrets = &item, .nsecrets = 1 };

	return store_write(s, &op, &fix.r);
}
