/* SPDX-License-Identifier: Apache-2.0 */
/* SASL EXTERNAL (RFC 4422 appendix A): over ldapi the owner of the data directory is the installation's operator, over TLS the
 * certificate of a client says who it is. The handshake proved that the client holds its key; the rest is keyd's to find out. */
#include "ldap/conn.h"

#include "base/der.h"
#include "base/log.h"
#include "keys/issue.h"
#include "store/issue.h"

#include <stdio.h>
#include <string.h>

#define LOOK_US (LW_SECOND / 2) /* at the certificate's record, while the connection lasts */

bool ldapd_external_usable(const struct ldapd_conn *c)
{
	return c->peer->local ? c->peer->owner : c->peer->tls && c->peer->cert.p;
}

bool ldapd_external_possible(const struct ldapd_conn *c)
{
	return c->peer->local || ldapd_external_usable(c);
}

static int operator(struct ldapd_conn *c, struct lw_bytes authzid)
{
	struct keys_token token;
	struct lw_cap cap;
	int err = authzid.n && !lw_eq(authzid, LW_LIT("u:operator")) ? LW_EAUTH : ldapd_tenant(c);

	if (err == LW_OK)
		err = keys_operator(c->server->keys, c->tenant.id, &token, &cap);
	if (err == LW_OK)
		err = ldapd_established(c, &c->tenant, "operator", &token, &cap);
	c->operator_ = err == LW_OK;
	ldapd_bind_note(c, NULL, "external", err);
	return err;
}

/* ---- by certificate ---- */

/* RFC 5280 4.1: Certificate { tbsCertificate { [0] version, serialNumber … */
static struct lw_bytes serial_of(struct lw_bytes der)
{
	struct lw_der d, cert, tbs;
	struct lw_bytes serial;

	lw_der_init(&d, der);
	cert = lw_der_enter(&d, LW_DER_SEQUENCE);
	tbs = lw_der_enter(&cert, LW_DER_SEQUENCE);
	lw_der_get(&tbs, LW_DER_CONTEXT(0));
	serial = lw_der_get(&tbs, LW_DER_INTEGER);
	return tbs.err ? (struct lw_bytes){ NULL, 0 } : serial;
}

/* A host name in a tenant's domain says which tenant is meant, unless it is the default tenant's: that is where the listeners have their
 * names, and every tenant's clients come there. 0: any. */
static int meant(struct ldapd_conn *c, uint32_t *ret)
{
	struct store_tenant t;
	int err = ldapd_tenant(c);

	*ret = 0;
	if (err)
		return err;
	if (!c->server->options.default_tenant)
		return LW_OK;
	err = store_tenant_by_name(c->server->store, c->held, lw_str(c->server->options.default_tenant), &t);
	if (err == LW_OK && t.id != c->tenant.id)
		*ret = c->tenant.id;
	return err == LW_ENOTFOUND ? LW_OK : err;
}

static int certificate(struct ldapd_conn *c, struct lw_bytes authzid)
{
	struct ldapd_who who = { 0 };
	struct lw_bytes serial = serial_of(c->peer->cert);
	struct keys_token token = { .n = 0 };
	struct lw_cap cap;
	uint32_t tenant;
	int err = meant(c, &tenant);

	if (err == LW_OK)
		err = serial.n && serial.n <= sizeof c->cert_serial ? LW_OK : LW_EAUTH;
	if (err == LW_OK)
		err = keys_cert_cap(c->server->keys, tenant, c->peer->cert, ldapd_confidential(c), &token, &cap);
	if (err == LW_OK)
		err = ldapd_resolve_uuid(c, cap.tenant, &cap.subject, &who);
	if (err == LW_OK)
		err = ldapd_may_act_as(c, &who, authzid);
	if (err == LW_OK)
		err = ldapd_established(
		        c, &who.tenant, who.p.krb_name[0] ? who.p.krb_name : who.p.name, &token, &cap);
	if (err == LW_OK) {
		memcpy(c->cert_serial, serial.p, serial.n);
		c->cert_serial_n = serial.n;
		c->cert_looked = lw_mono(c->server->clock);
	}
	lw_wipe(&token, sizeof token);
	ldapd_bind_note(c, &who, "certificate", err);
	return err;
}

bool ldapd_cert_good(struct ldapd_conn *c)
{
	struct lw_bytes serial = { c->cert_serial, c->cert_serial_n };
	struct lw_session *role = NULL;
	struct store_txn *txn = NULL;
	struct store_cert record;
	int64_t now;
	int err;

	if (!serial.n)
		return true;
	now = lw_mono(c->server->clock);
	if (now - c->cert_looked < LOOK_US)
		return true;
	c->cert_looked = now;
	err = ldapd_resolver_take(c->server, c->tenant.id, &role);
	if (err == LW_OK)
		err = store_begin(role, STORE_READ, &txn);
	if (err == LW_OK) {
		err = store_cert(txn, serial, &record);
		store_end(txn);
		ldapd_resolver_give(c->server, role);
	} else if (role) {
		store_session_free(role);
	}
	/* when the store does not answer, the session says so itself */
	return err == LW_OK ? record.state == STORE_CERT_IS_ISSUED : err != LW_ENOTFOUND;
}

/* ---- both ---- */

enum ldapd_outcome ldapd_external(
        struct ldapd_conn *c, struct ldapd_msg *m, bool in_job, struct lw_writer *out)
{
	struct ldapd_result challenge = { .code = LDAPD_SASL_IN_PROGRESS, .sasl = LW_LIT("") };
	int err;

	if (!ldapd_external_usable(c))
		return ldapd_answer(out, m, LDAPD_INVALID_CREDENTIALS, NULL);
	if (!m->bind.has_creds && !c->sasl_started) {
		c->sasl_started = true;
		return ldapd_answer_result(out, m, &challenge);
	}
	c->sasl_started = false;
	if (!in_job)
		return LDAPD_JOB;
	err = c->peer->local ? operator(c, m->bind.creds) : certificate(c, m->bind.creds);
	return err ? ldapd_bind_failed(out, m, err) : ldapd_answer(out, m, LDAPD_SUCCESS, NULL);
}
