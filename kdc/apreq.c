/* SPDX-License-Identifier: Apache-2.0 */
/* Tickets and authenticators that are shown to us. Every check of RFC 4120 3.2.3 and 3.3.2 that doesn't
 * depend on what is asked for; the replay cache is the caller's, who knows when an answer leaves. */
#include "kdc/int.h"

#include <arpa/inet.h>
#include <string.h>

/* Octets that the plain text goes to, for the length of the request. */
static int decrypt(struct kdc_thread *t, struct lw_krbkey *key, uint32_t usage, struct lw_bytes cipher,
        struct lw_bytes *ret)
{
	uint8_t *p = key ? lw_alloc(t->arena, cipher.n + 1) : NULL;
	int err;

	if (!p)
		return LW_ENOMEM;
	err = lw_krb_decrypt(key, usage, cipher, p, &ret->n);
	if (err)
		return err == LW_ENOMEM ? err : KDC_R_BAD_INTEGRITY;
	ret->p = p;
	return LW_OK;
}

/* ---- tickets ---- */

/* An older key is good for one life of a ticket after it was replaced. */
static const struct keys_krb_set *set_of(
        const struct kdc_keys *k, const struct krb_enc *enc, int64_t life, int64_t now)
{
	for (unsigned i = 0; i < k->nsets; i++) {
		if (enc->has_kvno ? k->set[i].kvno != enc->kvno : i > 0)
			continue;
		if (i > 0 && k->set[i - 1].set_time / LW_SECOND + life < now)
			return NULL;
		return &k->set[i];
	}
	return NULL;
}

static int key_for(struct kdc_thread *t, const struct kdc_princ *p, const struct krb_enc *enc, int64_t now,
        struct lw_krbkey **ret)
{
	const struct keys_krb_set *set;
	int64_t life, renew;
	int err = store_ticket_policy(t->txn, &life, &renew), at;

	if (err)
		return err;
	if (!p->keys)
		return KDC_R_NOT_US;
	set = set_of(p->keys, enc, life, now);
	if (!set)
		return KDC_R_BADKEYVER;
	at = kdc_key_of(set, enc->etype);
	if (at < 0)
		return KDC_R_ETYPE_NOSUPP;
	*ret = kdc_prepared(t, p->keys, set, (unsigned)at);
	return *ret ? LW_OK : LW_ENOMEM;
}

static int issued_to(struct kdc_thread *t, struct kdc_realm *r, const struct krb_ticket *k, enum kdc_own own,
        unsigned flags, struct kdc_princ *ret)
{
	int err = kdc_find_server(t, r, &k->sname, ret);

	if (!err && ret->own != own && !(flags & KDC_OPEN_ANY))
		return KDC_R_NOT_US;
	if (!err && ret->user)
		return KDC_R_NOT_US; /* no ticket is sealed with a person's key: nobody tries passwords */
	if (!err)
		err = kdc_princ_keys(t, r, ret);
	return err == LW_ENOTFOUND ? KDC_R_NOT_US : err;
}

int kdc_open_ticket(struct kdc_thread *t, struct kdc_realm *r, const struct krb_ticket *k, enum kdc_own own,
        unsigned flags, int64_t now, struct kdc_shown *ret)
{
	struct lw_krbkey *key = NULL;
	struct lw_bytes plain;
	int err;

	if (!lw_eq(k->realm, (struct lw_bytes){ (const uint8_t *)r->name, r->n }))
		return KDC_R_NOT_US;
	ret->server.own = KDC_ENTRY;
	err = issued_to(t, r, k, own, flags, &ret->server);
	if (!err)
		err = key_for(t, &ret->server, &k->enc, now, &key);
	if (!err)
		err = decrypt(t, key, KRB_U_TICKET, k->enc.cipher, &plain);
	if (err > KDC_R_BASE && flags & KDC_OPEN_ANY && ret->server.own == KDC_ENTRY)
		err = KDC_R_BAD_INTEGRITY; /* nobody has proved anything: which names, versions and types
		                              there are is not told */
	if (err)
		return err;
	if (krb_get_enc_ticket_part(plain, &ret->part) || kdc_ad_find(&ret->part.authz, &ret->ad))
		return KDC_R_BAD_INTEGRITY;
	/* the client is of this realm: there are no others to be trusted */
	if (!lw_uuid_eq(&ret->ad.tenant, &r->uuid) || !lw_eq(ret->part.crealm, k->realm))
		return KDC_R_NOT_US;
	ret->there = true;
	return LW_OK;
}

int kdc_ticket_times(const struct kdc_shown *s, int64_t now, int64_t skew, bool validate)
{
	int64_t start = s->part.starttime == KRB_NO_TIME ? s->part.authtime : s->part.starttime;

	if (s->part.endtime <= now)
		return KDC_R_TKT_EXPIRED;
	if (s->part.flags & KRB_INVALID)
		return validate && start <= now ? LW_OK : KDC_R_TKT_NYV;
	return start > now + skew ? KDC_R_TKT_NYV : LW_OK;
}

/* ---- addresses ---- */

/* "127.0.0.1:88", "[::1]:88", "::1": type and octets of RFC 4120 7.5.3; 0: none. */
static int32_t peer_address(const struct lw_peer *peer, uint8_t ret[16])
{
	const char *from = peer->addr, *to = strrchr(from, ':');
	char text[64];
	size_t n;

	if (*from == '[') {
		from++;
		to = strchr(from, ']');
	} else if (to && strchr(from, ':') != to) {
		to = from + strlen(from);
	}
	n = to ? (size_t)(to - from) : strlen(from);
	if (n >= sizeof text)
		return 0;
	memcpy(text, from, n);
	text[n] = 0;
	if (inet_pton(AF_INET, text, ret) == 1)
		return 2;
	if (inet_pton(AF_INET6, text, ret) != 1)
		return 0;
	if (memcmp(ret, "\0\0\0\0\0\0\0\0\0\0\xff\xff", 12) == 0) {
		memmove(ret, ret + 12, 4);
		return 2;
	}
	return 24;
}

bool kdc_address_fits(const struct krb_enc_ticket_part *part, const struct lw_peer *peer)
{
	uint8_t addr[16];
	int32_t type;

	if (!part->has_addrs || !part->caddr.n)
		return true;
	type = peer_address(peer, addr);
	for (unsigned i = 0; i < part->caddr.n; i++)
		if (type && part->caddr.v[i].type == type &&
		        lw_eq(part->caddr.v[i].value, (struct lw_bytes){ addr, type == 2 ? 4 : 16 }))
			return true;
	return false;
}

/* ---- authenticators ---- */

static int set_key(struct lw_krbkey *into, const struct krb_key *k)
{
	const struct lw_enctype *e = lw_enctype_find(k->etype);

	if (!e)
		return KDC_R_ETYPE_NOSUPP;
	return k->key.n == e->key_size ? lw_krbkey_set(into, e, k->key.p) : KDC_R_BAD_INTEGRITY;
}

int kdc_open_authenticator(struct kdc_thread *t, const struct kdc_shown *s, const struct krb_enc *enc,
        uint32_t usage, int64_t now, int64_t skew, struct krb_authenticator *ret, uint8_t mac[16])
{
	struct lw_bytes plain;
	int err = set_key(t->session, &s->part.key);

	if (!err && enc->etype != s->part.key.etype)
		err = KDC_R_BAD_INTEGRITY;
	if (!err)
		err = decrypt(t, t->session, usage, enc->cipher, &plain);
	if (err)
		return err;
	if (krb_get_authenticator(plain, ret))
		return KDC_R_BAD_INTEGRITY;
	if (!krb_name_eq(&ret->cname, &s->part.cname) || !lw_eq(ret->crealm, s->part.crealm))
		return KDC_R_BADMATCH;
	if (ret->ctime > now + skew || ret->ctime < now - skew)
		return KDC_R_SKEW;
	memcpy(mac, enc->cipher.p + enc->cipher.n - 16, 16); /* it decrypted: it is longer */
	return ret->subkey.key.p ? set_key(t->subkey, &ret->subkey) : LW_OK;
}

int kdc_shown_client(
        struct kdc_thread *t, struct kdc_realm *r, const struct kdc_shown *s, struct kdc_princ *ret)
{
	int err = kdc_find_entry(t, r, &s->part.cname, ret);

	if (err)
		return err == LW_ENOTFOUND ? KDC_R_TGT_REVOKED : err;
	ret->name = s->part.cname;
	if (!lw_uuid_eq(&ret->uuid, &s->ad.client))
		return KDC_R_TGT_REVOKED; /* the name is another's by now */
	return ret->disabled ? KDC_R_CLIENT_REVOKED : LW_OK;
}
