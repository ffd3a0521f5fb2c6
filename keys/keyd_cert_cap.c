/* SPDX-License-Identifier: Apache-2.0 */
/* keyd: a capability for whoever has shown the key of a certificate, on the word of the role that ended TLS. What counts is the tenant's own
 * issuers and its record of the certificate; names mean nothing. Whatever is wrong is one answer; the log says what. */
#include "keys/sign.h"

#include <stdio.h>
#include <string.h>
#include "base/err.h"
#include "base/log.h"
#include "base/text.h"

struct shown {
	struct keys_shown leaf;
	struct store_tenant tenant;
	struct store_principal who;
	bool known; /* the leaf could be read */
	char why[200];
};

static int refuse(struct shown *s, const char *why)
{
	snprintf(s->why, sizeof(s->why), "%s", why);
	return LW_EAUTH;
}

/* In a certificate of a tenant whose name is too long for it stands the UUID. */
static int tenant_of_uuid(struct keyd *k, struct lw_arena *arena, const struct lw_uuid *uuid, struct store_tenant *ret)
{
	struct store_tenant *v;
	size_t n;
	int err = store_tenant_list(k->store, arena, &v, &n);

	for (size_t i = 0; !err && i < n; i++) {
		if (lw_uuid_eq(&v[i].uuid, uuid))
			return store_tenant_by_id(k->store, arena, v[i].id, ret);
	}
	return err ? err : LW_ENOTFOUND;
}

static int find_tenant(struct keyd *k, struct keys_call *c, struct shown *s)
{
	struct lw_uuid uuid;
	int err;

	if (lw_uuid_parse(s->leaf.organization, &uuid) == LW_OK)
		err = tenant_of_uuid(k, c->arena, &s->leaf.tenant, &s->tenant);
	else
		err = store_tenant_by_name(k->store, c->arena, s->leaf.organization, &s->tenant);
	if (err == LW_ENOTFOUND || err == LW_EINVAL || (!err && !lw_uuid_eq(&s->tenant.uuid, &s->leaf.tenant)))
		return refuse(s, "it names no tenant that is here");
	if (err)
		return err;
	if (!s->tenant.enabled)
		return refuse(s, "its tenant is disabled");
	if (c->q.tenant && c->q.tenant != s->tenant.id)
		return refuse(s, "it is of another tenant than the one that is meant");
	return LW_OK;
}

/* The tenant's record of it. */
static int look_up(struct store_txn *txn, struct keys_call *c, struct shown *s)
{
	struct store_cert r;
	int err = store_cert(txn, s->leaf.serial, &r);

	if (err)
		return err == LW_ENOTFOUND ? refuse(s, "nothing is known of its serial") : err;
	if (r.state == STORE_CERT_IS_REVOKED)
		return refuse(s, "it is revoked");
	if (r.state != STORE_CERT_IS_ISSUED)
		return refuse(s, "it was never issued");
	if (!lw_eq(r.der, c->q.leaf) || !lw_uuid_eq(&r.subject, &s->leaf.subject) || !lw_eq(r.profile, lw_str(s->leaf.profile)))
		return refuse(s, "it is not the one that was issued with its serial");
	err = store_principal_uuid(txn, &s->leaf.subject, &s->who);
	if (err)
		return err == LW_ENOTFOUND ? refuse(s, "its subject is gone") : err;
	return s->who.disabled ? refuse(s, "its subject is disabled") : LW_OK;
}

/* The certificates of the tenant's own issuers. */
static int issuers(struct keyd *k, struct keys_call *c, struct store_txn *txn, struct shown *s, struct lw_bytes *ret)
{
	struct keyd_loaded *l;
	struct lw_writer w;
	int err = keyd_load(k, &s->tenant, txn, KEYS_CA, &l);

	if (err)
		return err == LW_ENOTFOUND ? refuse(s, "its tenant has no issuer") : err;
	lw_writer_init(&w, KEYD_SETS * KEYD_SET_CERT);
	for (size_t i = 0; i < l->sets.n; i++)
		lw_put_bytes(&w, l->sets.v[i].cert);
	keyd_unload(k, l);
	err = w.err;
	if (!err) {
		*ret = lw_dup(c->arena, lw_written(&w));
		err = ret->p ? LW_OK : LW_ENOMEM;
	}
	lw_writer_done(&w);
	return err;
}

static int identify(struct keyd *k, struct keys_call *c, struct shown *s)
{
	const struct keys_builders *b = keyd_builders();
	struct keyd_reading r;
	struct lw_bytes pem = { NULL, 0 };
	int err;

	if (!b || !k->store)
		return LW_EUNAVAIL;
	err = b->leaf_read(c->q.leaf, c->arena, &s->leaf, s->why);
	if (err)
		return err;
	s->known = true;
	err = s->leaf.client ? find_tenant(k, c, s) : refuse(s, "it is not for clients");
	if (!err)
		err = keyd_begin(k, s->tenant.id, &r);
	if (err)
		return err;
	err = look_up(r.txn, c, s);
	if (!err)
		err = issuers(k, c, r.txn, s, &pem);
	keyd_end(&r);
	return err ? err : b->leaf_verify(c->q.leaf, pem, lw_wall(k->clock), s->why);
}

static void say(const struct shown *s, int err)
{
	char tenant[LW_UUID_TEXT] = "", subject[LW_UUID_TEXT] = "", serial[2 * STORE_CERT_SERIAL_MAX + 1] = "";

	if (s->known) {
		lw_uuid_format(&s->leaf.tenant, tenant);
		lw_uuid_format(&s->leaf.subject, subject);
		lw_hex(s->leaf.serial, serial);
	}
	lw_log(err ? LW_WARN : LW_DEBUG, err ? "certificate refused" : "certificate accepted", "tenant", tenant, "subject", subject, "serial",
	        serial, "why", err ? s->why[0] ? s->why : lw_errname(err) : "", NULL);
}

int keyd_cert_cap(struct keyd *k, struct keys_call *c)
{
	int64_t now = lw_wall(k->clock), expiry = now + KEYS_CAP_LIFE;
	struct shown s = { .known = false };
	struct lw_cap cap;
	int err = identify(k, c, &s);

	say(&s, err);
	if (err == LW_EINVAL || err == LW_EEXPIRED || err == LW_EDISABLED || err == LW_EREVOKED || err == LW_ENOTFOUND)
		return LW_EAUTH;
	if (err)
		return err;
	cap = (struct lw_cap){ .tenant = s.tenant.id,
		.tenant_uuid = s.tenant.uuid,
		.subject = s.who.uuid,
		.actor = s.who.uuid,
		.methods = LW_CAP_CERT,
		.flags = LW_CAP_ASSERTED | (c->q.confidential ? LW_CAP_CONFIDENTIAL : 0),
		.auth_time = now,
		.expiry = s.leaf.not_after < expiry ? s.leaf.not_after : expiry,
		.credential_version = s.who.credential_version };
	return keyd_mint(k, c, &cap);
}
