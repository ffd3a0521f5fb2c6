/* SPDX-License-Identifier: Apache-2.0 */
/* Encoding answers, straight into the connection's output. */
#include "ldap/msg.h"

#include <string.h>

static size_t size_of(struct lw_bytes v)
{
	return lw_ber_size(v.n);
}

static size_t int_size(int32_t id)
{
	return 2 + (id > 0x7fffff ? 4 : id > 0x7fff ? 3 : id > 0x7f ? 2 : 1);
}

void ldapd_put_result(struct lw_writer *w, int32_t id, uint8_t tag, const struct ldapd_result *res)
{
	size_t n = 3 + size_of(res->matched) + size_of(res->text);
	size_t whole;

	if (res->sasl.p)
		n += size_of(res->sasl);
	if (res->oid.p)
		n += size_of(res->oid);
	if (res->value.p)
		n += size_of(res->value);
	whole = int_size(id) + lw_ber_size(n);
	if (res->controls.n)
		whole += size_of(res->controls);
	lw_ber_head(w, LW_BER_SEQUENCE, whole);
	lw_ber_int(w, LW_BER_INTEGER, id);
	lw_ber_head(w, tag, n);
	lw_ber_int(w, LW_BER_ENUM, res->code); /* every code is below 128: three octets */
	lw_ber_put(w, LW_BER_OCTETS, res->matched);
	lw_ber_put(w, LW_BER_OCTETS, res->text);
	if (res->sasl.p)
		lw_ber_put(w, LW_BER_CTX(7), res->sasl);
	if (res->oid.p)
		lw_ber_put(w, LW_BER_CTX(10), res->oid);
	if (res->value.p)
		lw_ber_put(w, LW_BER_CTX(11), res->value);
	if (res->controls.n)
		lw_ber_put(w, LW_BER_CTX(0) | LW_BER_CONS, res->controls);
}

void ldapd_put_control(struct lw_writer *w, const char *oid, struct lw_bytes value)
{
	struct lw_bytes o = lw_str(oid);

	lw_ber_head(w, LW_BER_SEQUENCE, size_of(o) + (value.p ? size_of(value) : 0));
	lw_ber_put(w, LW_BER_OCTETS, o);
	if (value.p)
		lw_ber_put(w, LW_BER_OCTETS, value);
}

void ldapd_put_notice(struct lw_writer *w, uint8_t code, const char *text)
{
	struct ldapd_result res = { .code = code, .text = lw_str(text), .oid = LW_LIT(LDAPD_OID_DISCONNECT) };

	ldapd_put_result(w, 0, LDAPD_EXTENDED_ANSWER, &res);
}
