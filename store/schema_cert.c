/* SPDX-License-Identifier: Apache-2.0 */
/* certificateExactMatch: the serial number and issuer of a DER certificate, or of an assertion in RFC 4523's
 * form { serialNumber 17, issuer rdnSequence:"cn=…" }. Normal form: serial number (two's complement,
 * counted), issuer's DN. */
#include <string.h>
#include "base/err.h"
#include "base/text.h"
#include "store/dn.h"
#include "store/schema_int.h"

struct der {
	const uint8_t *p, *end;
	int err; /* sticky */
};

static struct der der_of(struct lw_bytes v)
{
	const uint8_t *p = v.n != 0 ? v.p : (const uint8_t *)"";

	return (struct der){ p, p + v.n, 0 };
}

/* The next value's contents and, in *ret_tag, its tag. */
static struct lw_bytes der_any(struct der *d, uint8_t *ret_tag)
{
	struct lw_bytes v = { 0 };
	size_t len;

	*ret_tag = 0;
	if (d->err || d->end - d->p < 2)
		goto bad;
	*ret_tag = *d->p++;
	len = *d->p++;
	if (len & 0x80) {
		unsigned n = len & 0x7f;

		if (n == 0 || n > 3 || (size_t)(d->end - d->p) < n)
			goto bad;
		for (len = 0; n > 0; n--)
			len = len << 8 | *d->p++;
	}
	if ((size_t)(d->end - d->p) < len)
		goto bad;
	v = (struct lw_bytes){ d->p, len };
	d->p += len;
	return v;
bad:
	d->err = LW_ESYNTAX;
	d->p = d->end;
	return v;
}

static struct lw_bytes der_get(struct der *d, uint8_t tag)
{
	uint8_t got;
	struct lw_bytes v = der_any(d, &got);

	if (d->err == 0 && got != tag)
		d->err = LW_ESYNTAX;
	return d->err ? (struct lw_bytes){ 0 } : v;
}

/* An OID's contents in dotted form; buf is long enough for 20 arcs. */
static bool dotted(struct lw_bytes v, char *buf, size_t size)
{
	struct lw_writer w;
	uint64_t arc = 0;
	bool first = true, ok;

	lw_writer_init(&w, size);
	for (size_t i = 0; i < v.n && w.err == 0; i++) {
		char digits[24];
		size_t n = sizeof(digits);

		if (arc >> 50)
			break;
		arc = arc << 7 | (v.p[i] & 0x7f);
		if (v.p[i] & 0x80)
			continue;
		if (first) {
			uint64_t top = arc < 80 ? arc / 40 : 2;

			lw_put_u8(&w, (uint8_t)('0' + top));
			arc -= top * 40;
			first = false;
		}
		do
			digits[--n] = (char)('0' + arc % 10);
		while ((arc /= 10) != 0);
		lw_put_u8(&w, '.');
		lw_put_raw(&w, digits + n, sizeof(digits) - n);
		arc = 0;
	}
	lw_put_u8(&w, 0);
	ok = w.err == 0 && v.n != 0 && !(v.p[v.n - 1] & 0x80);
	if (ok)
		memcpy(buf, w.p, w.n);
	lw_writer_done(&w);
	return ok;
}

static void put_hex(struct lw_writer *w, struct lw_bytes v)
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < v.n; i++) {
		lw_put_u8(w, '\\');
		lw_put_u8(w, (uint8_t)digits[v.p[i] >> 4]);
		lw_put_u8(w, (uint8_t)digits[v.p[i] & 15]);
	}
}

/* One AttributeTypeAndValue as RFC 4514 text. */
static int put_ava(struct lw_writer *w, struct lw_bytes ava)
{
	struct der d = der_of(ava);
	char oid[128];
	struct lw_bytes value, type = der_get(&d, 0x06);
	uint8_t tag;

	value = der_any(&d, &tag);
	if (d.err || !dotted(type, oid, sizeof(oid)))
		return LW_ESYNTAX;
	lw_put_raw(w, oid, strlen(oid));
	lw_put_u8(w, '=');
	switch (tag) {
	case 0x0c: /* UTF8String, NumericString, PrintableString, IA5String */
	case 0x12:
	case 0x13:
	case 0x16:
		put_hex(w, value);
		return 0;
	case 0x14: /* TeletexString: in practice Latin-1 */
		for (size_t i = 0; i < value.n; i++) {
			uint8_t utf8[2] = { (uint8_t)(0xc0 | value.p[i] >> 6),
				(uint8_t)(0x80 | (value.p[i] & 0x3f)) };
			bool wide = value.p[i] > 127;

			put_hex(w, wide ? (struct lw_bytes){ utf8, 2 } : (struct lw_bytes){ value.p + i, 1 });
		}
		return 0;
	default:
		return LW_ESYNTAX;
	}
}

/* A Name (its RDNs from the root) as RFC 4514 text, leaf first. */
static int name_text(struct lw_arena *a, struct lw_bytes name, struct lw_bytes *ret)
{
	struct lw_bytes rdn[DN_MAX_RDNS];
	struct der d = der_of(name);
	struct lw_writer w;
	unsigned n = 0;
	int err = 0;

	while (d.err == 0 && d.p < d.end && n < DN_MAX_RDNS)
		rdn[n++] = der_get(&d, 0x31);
	if (d.err || d.p != d.end)
		return LW_ESYNTAX;
	lw_writer_init(&w, DN_MAX_TEXT);
	for (unsigned i = n; err == 0 && i-- > 0;) {
		struct der r = der_of(rdn[i]);

		if (i != n - 1)
			lw_put_u8(&w, ',');
		for (bool more = false; err == 0 && r.p < r.end; more = true) {
			struct lw_bytes ava = der_get(&r, 0x30);

			if (more)
				lw_put_u8(&w, '+');
			err = r.err ? r.err : put_ava(&w, ava);
		}
	}
	if (err == 0 && w.err)
		err = LW_ESYNTAX;
	if (err == 0) {
		struct lw_bytes copy = lw_dup(a, lw_written(&w));

		if (copy.p == NULL)
			err = LW_ENOMEM;
		else
			*ret = copy;
	}
	lw_writer_done(&w);
	return err;
}

static int from_der(struct lw_bytes v, struct lw_bytes *ret_serial, struct lw_bytes *ret_issuer)
{
	struct der d = der_of(v), c, t;
	struct lw_bytes serial, issuer;

	c = der_of(der_get(&d, 0x30));
	c.err = d.err;
	t = der_of(der_get(&c, 0x30));
	t.err = c.err;
	if (t.p < t.end && *t.p == 0xa0)
		der_get(&t, 0xa0); /* version */
	serial = der_get(&t, 0x02);
	der_get(&t, 0x30); /* signature algorithm */
	issuer = der_get(&t, 0x30);
	if (t.err || serial.n == 0)
		return LW_ESYNTAX;
	*ret_serial = serial;
	*ret_issuer = issuer;
	return 0;
}

/* ---- the assertion ---- */

static void skip(struct der *s)
{
	while (s->p < s->end && *s->p == ' ')
		s->p++;
}

static bool word(struct der *s, const char *w)
{
	size_t n = strlen(w);

	skip(s);
	if ((size_t)(s->end - s->p) < n || memcmp(s->p, w, n) != 0)
		return false;
	s->p += n;
	return true;
}

/* A decimal number as a DER integer's contents. */
static bool decimal(struct lw_arena *a, struct der *s, struct lw_bytes *ret)
{
	uint8_t buf[40] = { 0 }, *p;
	size_t first = 0, digits = 0;
	bool neg;

	skip(s);
	neg = word(s, "-");
	for (; s->p < s->end && *s->p >= '0' && *s->p <= '9' && digits < 90; s->p++, digits++) {
		unsigned carry = *s->p - '0';

		for (size_t i = sizeof(buf); i-- > 0;) {
			carry += buf[i] * 10u;
			buf[i] = (uint8_t)carry;
			carry >>= 8;
		}
	}
	if (digits == 0 || digits == 90)
		return false;
	for (size_t i = sizeof(buf), carry = 1; neg && i-- > 0;) {
		carry += (uint8_t)~buf[i];
		buf[i] = (uint8_t)carry;
		carry >>= 8;
	}
	while (first + 1 < sizeof(buf) &&
	        ((buf[first] == 0 && buf[first + 1] < 0x80) || (buf[first] == 0xff && buf[first + 1] > 0x7f)))
		first++;
	p = lw_alloc(a, sizeof(buf) - first);
	if (p == NULL)
		return false;
	memcpy(p, buf + first, sizeof(buf) - first);
	*ret = (struct lw_bytes){ p, sizeof(buf) - first };
	return true;
}

/* "…" with doubled quotes */
static bool quoted(struct lw_arena *a, struct der *s, struct lw_bytes *ret)
{
	uint8_t *p = lw_alloc(a, (size_t)(s->end - s->p) + 1);
	size_t n = 0;

	if (p == NULL || !word(s, "\""))
		return false;
	for (; s->p < s->end; s->p++) {
		if (*s->p == '"') {
			if (s->end - s->p < 2 || s->p[1] != '"')
				break;
			s->p++;
		}
		p[n++] = *s->p;
	}
	*ret = (struct lw_bytes){ p, n };
	return word(s, "\"");
}

static bool from_text(
        struct lw_arena *a, struct lw_bytes v, struct lw_bytes *ret_serial, struct lw_bytes *ret_issuer)
{
	struct der s = der_of(v);
	bool ok = word(&s, "{") && word(&s, "serialNumber ") && decimal(a, &s, ret_serial) && word(&s, ",") &&
	          word(&s, "issuer ") && word(&s, "rdnSequence:") && quoted(a, &s, ret_issuer) &&
	          word(&s, "}");

	skip(&s);
	return ok && s.p == s.end;
}

int schema_norm_cert(
        const struct schema_attr *attr, struct lw_arena *a, struct lw_bytes v, struct lw_bytes *ret)
{
	const struct schema_rule *dn = schema_rule(LW_LIT("distinguishedNameMatch"));
	struct lw_bytes serial = { 0 }, issuer = { 0 }, text;
	uint8_t *p;
	int err = 0;

	if (v.n != 0 && v.p[0] == '{') {
		if (!from_text(a, v, &serial, &text))
			return LW_ESYNTAX;
		err = dn->norm(NULL, a, text, &issuer);
	} else {
		struct lw_bytes norm;

		err = from_der(v, &serial, &issuer);
		/* a name of types that we do not know: its DER, which no assertion in text can equal */
		if (err == 0 && name_text(a, issuer, &text) == 0 && dn->norm(NULL, a, text, &norm) == 0)
			issuer = norm;
	}
	if (err)
		return err;
	if (serial.n > 255)
		return LW_ESYNTAX;
	p = lw_alloc(a, 1 + serial.n + issuer.n);
	if (p == NULL)
		return LW_ENOMEM;
	p[0] = (uint8_t)serial.n;
	memcpy(p + 1, serial.p, serial.n);
	if (issuer.n != 0)
		memcpy(p + 1 + serial.n, issuer.p, issuer.n);
	*ret = (struct lw_bytes){ p, 1 + serial.n + issuer.n };
	return 0;
}
