/* SPDX-License-Identifier: Apache-2.0 */
#include "kdc/ad.h"

#include <string.h>

#define AD_VERSION 1
#define AD_SIZE    (1 + 16 + 16 + 4)

/* Containers (RFC 4120 5.2.6) … */
static const int32_t containers[] = { KDC_AD_IF_RELEVANT, 8 /* MANDATORY-FOR-KDC */ };
/* … and what only a KDC may put into a ticket. AND-OR is a container with a count in front: refused whole. */
static const int32_t kdc_issued[] = { 4 /* KDC-ISSUED */, 5 /* AND-OR */, 70 /* authentication-strength */,
	71 /* fx-fast-armor */, 72 /* fx-fast-used */, 96 /* CAMMAC */, 97 /* authentication-indicator */,
	128 /* PAC */, 512 /* SIGNTICKET */, KDC_AD_LWD };

static bool among(const int32_t *list, size_t n, int32_t type)
{
	for (size_t i = 0; i < n; i++)
		if (list[i] == type)
			return true;
	return false;
}

int kdc_ad_make(struct lw_arena *a, const struct kdc_ad *ad, struct krb_typed *ret)
{
	uint8_t data[AD_SIZE], *buf = lw_alloc(a, 128);
	struct krb_typed_list list = { .n = 1 };
	struct lw_der_writer w;

	if (!buf)
		return LW_ENOMEM;
	data[0] = AD_VERSION;
	memcpy(data + 1, ad->tenant.b, 16);
	memcpy(data + 17, ad->client.b, 16);
	for (int i = 0; i < 4; i++)
		data[33 + i] = (uint8_t)(ad->flags >> (24 - 8 * i));
	list.v[0] = (struct krb_typed){ KDC_AD_LWD, { data, sizeof data } };
	lw_der_writer_init(&w, buf, 128);
	krb_put_authz(&w, &list);
	if (w.err)
		return w.err;
	*ret = (struct krb_typed){ KDC_AD_IF_RELEVANT, lw_der_written(&w) };
	return LW_OK;
}

static int find_in(const struct krb_typed *v, struct kdc_ad *ret)
{
	struct krb_typed_list inner;
	struct kdc_ad ad;
	const uint8_t *p;

	if (v->type != KDC_AD_IF_RELEVANT || krb_get_authz(v->value, &inner) || inner.n != 1 ||
	        inner.v[0].type != KDC_AD_LWD)
		return LW_ENOTFOUND;
	p = inner.v[0].value.p;
	if (inner.v[0].value.n < 1)
		return LW_EINVAL;
	if (p[0] != AD_VERSION)
		return LW_EVERSION;
	if (inner.v[0].value.n != AD_SIZE)
		return LW_EINVAL;
	memcpy(ad.tenant.b, p + 1, 16);
	memcpy(ad.client.b, p + 17, 16);
	ad.flags = (uint32_t)p[33] << 24 | (uint32_t)p[34] << 16 | (uint32_t)p[35] << 8 | p[36];
	*ret = ad;
	return LW_OK;
}

int kdc_ad_find(const struct krb_typed_list *list, struct kdc_ad *ret)
{
	int err = LW_ENOTFOUND;

	for (unsigned i = 0; i < list->n && err == LW_ENOTFOUND; i++)
		err = find_in(&list->v[i], ret);
	return err;
}

bool kdc_ad_is_own(const struct krb_typed *v)
{
	struct kdc_ad ad;

	return find_in(v, &ad) != LW_ENOTFOUND;
}

static int check(const struct krb_typed_list *list, unsigned depth)
{
	struct krb_typed_list inner;
	int err = LW_OK;

	for (unsigned i = 0; i < list->n && !err; i++) {
		if (among(kdc_issued, sizeof kdc_issued / sizeof *kdc_issued, list->v[i].type))
			return LW_EACCES;
		if (!among(containers, sizeof containers / sizeof *containers, list->v[i].type))
			continue;
		if (depth == KDC_AD_DEPTH || krb_get_authz(list->v[i].value, &inner))
			return LW_EINVAL;
		err = check(&inner, depth + 1);
	}
	return err;
}

int kdc_ad_check(const struct krb_typed_list *list)
{
	return check(list, 0);
}
