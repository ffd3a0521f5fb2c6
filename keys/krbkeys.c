/* SPDX-License-Identifier: Apache-2.0 */
#include "keys/krbkeys.h"

#include <string.h>
#include "base/enctype.h"
#include "base/err.h"
#include "store/store.h"

#define OWN "lwd own service "

int keys_krb_open(const uint8_t key[LW_AEAD_KEY], const struct lw_uuid *tenant, const struct lw_uuid *entry,
        uint64_t generation, struct lw_bytes sealed, struct lw_arena *arena, struct keys_krb *ret)
{
	struct keys_place at = { .tenant = *tenant,
		.entry = *entry,
		.attr = schema_attr(LW_LIT("krbPrincipalKey"))->id,
		.cls = STORE_SECRET_KERBEROS,
		.generation = generation };
	struct lw_bytes clear;
	int err = keys_open(key, &at, sealed, arena, &clear);

	return err ? err : keys_krb_get(clear, ret);
}

void keys_krb_keep(const struct keys_krb *old, struct keys_krb *krb)
{
	for (unsigned i = 0; old && i < old->nsets && krb->nsets < KEYS_KRB_SETS; i++)
		krb->sets[krb->nsets++] = old->sets[i];
}

int keys_krb_random(struct lw_arena *arena, const struct keys_krb *old, int64_t now, struct keys_krb *ret)
{
	struct keys_krb krb = { .nsets = 1 };
	struct keys_krb_set *s = &krb.sets[0];

	(void)arena; /* they have no salt */
	s->kvno = old && old->nsets ? old->sets[0].kvno + 1 : 1;
	if (!s->kvno)
		return LW_ELIMIT;
	s->set_time = now;
	for (size_t i = 0; i < lw_nenctypes; i++) {
		struct keys_krb_key *k = &s->keys[s->nkeys++];

		/* RFC 3962, RFC 8009: any octets are a key */
		k->etype = lw_enctypes[i].etype;
		k->n = (uint8_t)lw_enctypes[i].key_size;
		lw_random(k->key, k->n);
	}
	keys_krb_keep(old, &krb);
	*ret = krb;
	lw_wipe(&krb, sizeof(krb));
	return LW_OK;
}

void keys_krb_own(const struct keys_krb_key *krbtgt, const char *service, struct keys_krb_key *ret)
{
	uint8_t info[64] = OWN;
	size_t n = strnlen(service, sizeof(info) - sizeof(OWN));
	struct keys_krb_key k = { .etype = krbtgt->etype, .n = krbtgt->n };

	memcpy(info + sizeof(OWN) - 1, service, n);
	lw_hkdf((struct lw_bytes){ krbtgt->key, krbtgt->n }, (struct lw_bytes){ NULL, 0 },
	        (struct lw_bytes){ info, sizeof(OWN) - 1 + n }, k.key, k.n);
	*ret = k;
	lw_wipe(&k, sizeof(k));
}
