/* SPDX-License-Identifier: Apache-2.0 */
/* Request controls, one row each: what it is, whose right it needs, which operations it is for. A control
 * that has no row, is not for the operation, or whose right the subject lacks is unavailable: refused when
 * critical, else ignored. */
#include "ldap/conn.h"

static int no_value(struct lw_arena *a, const struct ldapd_control *c, struct ldapd_ctls *ret)
{
	return c->has_value ? LW_EINVAL : LW_OK;
}

/* RFC 2696: SEQUENCE { size INTEGER, cookie OCTET STRING } */
static int get_paged(struct lw_arena *a, const struct ldapd_control *c, struct ldapd_ctls *ret)
{
	struct lw_reader r, s;
	int64_t size;

	lw_reader_init(&r, c->value);
	lw_reader_init(&s, ldapd_ber_get(&r, LW_BER_SEQUENCE));
	size = ldapd_ber_int(&s, LW_BER_INTEGER);
	ret->cookie = ldapd_ber_get(&s, LW_BER_OCTETS);
	if (!c->has_value || lw_reader_end(&r) || lw_reader_end(&s) || size < 0 || size > INT32_MAX)
		return LW_EINVAL;
	ret->paged = true;
	ret->page_size = (uint32_t)size;
	return LW_OK;
}

/* RFC 4528: the value is a Filter */
static int get_assertion(struct lw_arena *a, const struct ldapd_control *c, struct ldapd_ctls *ret)
{
	return c->has_value ? ldapd_decode_filter(a, c->value, &ret->assertion) : LW_EINVAL;
}

/* RFC 4527: the value is an AttributeSelection */
static int get_selection(struct lw_arena *a, const struct ldapd_control *c, struct store_attrsel **ret)
{
	struct lw_bytes *descs, list;
	struct lw_reader r, s;
	size_t n = 0;

	lw_reader_init(&r, c->value);
	list = ldapd_ber_get(&r, LW_BER_SEQUENCE);
	if (!c->has_value || lw_reader_end(&r))
		return LW_EINVAL;
	lw_reader_init(&s, list);
	for (; s.err == LW_OK && s.p < s.end; n++)
		ldapd_ber_get(&s, LW_BER_OCTETS);
	if (s.err || n > LDAPD_MAX_ITEMS)
		return LW_EINVAL;
	descs = lw_allocn(a, n ? n : 1, sizeof *descs);
	if (!descs)
		return LW_ENOMEM;
	lw_reader_init(&s, list);
	for (size_t i = 0; i < n; i++)
		descs[i] = ldapd_ber_get(&s, LW_BER_OCTETS);
	return store_attrsel_new(a, descs, n, ret);
}

static int get_pre(struct lw_arena *a, const struct ldapd_control *c, struct ldapd_ctls *ret)
{
	ret->pre_read = true;
	return get_selection(a, c, &ret->pre);
}

static int get_post(struct lw_arena *a, const struct ldapd_control *c, struct ldapd_ctls *ret)
{
	ret->post_read = true;
	return get_selection(a, c, &ret->post);
}

/* RFC 3672: BOOLEAN, true: subentries only */
static int get_subentries(struct lw_arena *a, const struct ldapd_control *c, struct ldapd_ctls *ret)
{
	struct lw_reader r;

	lw_reader_init(&r, c->value);
	ret->subentries = true;
	ret->subentries_only = ldapd_ber_bool(&r, LW_BER_BOOLEAN);
	return c->has_value && lw_reader_end(&r) == LW_OK ? LW_OK : LW_EINVAL;
}

static int get_ppolicy(struct lw_arena *a, const struct ldapd_control *c, struct ldapd_ctls *ret)
{
	ret->ppolicy = true;
	return no_value(a, c, ret);
}

#define UPDATES (LDAPD_ON_ADD | LDAPD_ON_DELETE | LDAPD_ON_MODIFY | LDAPD_ON_MODDN)

const struct ldapd_control_row ldapd_control_rows[] = {
	{ "1.2.840.113556.1.4.319", "pagedResults", ACCESS_SEARCH, LDAPD_ON_SEARCH, get_paged },
	{ "1.3.6.1.1.12", "assertion", ACCESS_SEARCH,
	        LDAPD_ON_SEARCH | LDAPD_ON_COMPARE | LDAPD_ON_DELETE | LDAPD_ON_MODIFY | LDAPD_ON_MODDN,
	        get_assertion },
	{ "1.3.6.1.1.13.1", "preRead", ACCESS_READ, LDAPD_ON_DELETE | LDAPD_ON_MODIFY | LDAPD_ON_MODDN,
	        get_pre },
	{ "1.3.6.1.1.13.2", "postRead", ACCESS_READ, LDAPD_ON_ADD | LDAPD_ON_MODIFY | LDAPD_ON_MODDN,
	        get_post },
	/* there are no referrals: every entry is what it seems */
	{ "2.16.840.1.113730.3.4.2", "manageDsaIT", LDAPD_OWN_CONNECTION,
	        LDAPD_ON_SEARCH | LDAPD_ON_COMPARE | UPDATES, no_value },
	{ "1.3.6.1.4.1.4203.1.10.1", "subentries", ACCESS_SEARCH, LDAPD_ON_SEARCH, get_subentries },
	/* what we read is never a copy */
	{ "1.3.6.1.1.22", "dontUseCopy", LDAPD_OWN_CONNECTION, LDAPD_ON_SEARCH | LDAPD_ON_COMPARE, no_value },
	{ "1.3.6.1.4.1.42.2.27.8.5.1", "passwordPolicy", LDAPD_OWN_CONNECTION,
	        LDAPD_ON_BIND | LDAPD_ON_EXTENDED | LDAPD_ON_SEARCH | LDAPD_ON_COMPARE | UPDATES,
	        get_ppolicy },
};
const size_t ldapd_ncontrol_rows = sizeof ldapd_control_rows / sizeof *ldapd_control_rows;

const struct ldapd_control_row *ldapd_control_find(struct lw_bytes oid)
{
	for (size_t i = 0; i < ldapd_ncontrol_rows; i++)
		if (lw_eq(oid, lw_str(ldapd_control_rows[i].oid)))
			return &ldapd_control_rows[i];
	return NULL;
}

uint8_t ldapd_controls(struct lw_arena *a, const struct ldapd_msg *m, unsigned op_bit, bool anonymous,
        struct ldapd_ctls *ret)
{
	struct ldapd_ctls ctls = { 0 };
	uint32_t seen = 0;

	/* RFC 4511 4.1.11: on requests without an answer criticality means nothing */
	if (op_bit & (LDAPD_ON_ABANDON | LDAPD_ON_UNBIND)) {
		*ret = ctls;
		return LDAPD_SUCCESS;
	}
	for (size_t i = 0; i < m->ncontrols; i++) {
		const struct ldapd_control *c = &m->controls[i];
		const struct ldapd_control_row *row = ldapd_control_find(c->oid);
		bool usable = row && row->ops & op_bit && row->right != ACCESS_NONE &&
		              (row->right == LDAPD_OWN_CONNECTION || !anonymous);
		int err;

		if (!usable && c->critical)
			return LDAPD_UNAVAIL_CRITICAL;
		if (!usable)
			continue;
		if (seen & 1u << (row - ldapd_control_rows))
			return LDAPD_PROTOCOL_ERROR;
		seen |= 1u << (row - ldapd_control_rows);
		err = row->decode(a, c, &ctls);
		if (err)
			return ldapd_code(err);
	}
	*ret = ctls;
	return LDAPD_SUCCESS;
}
