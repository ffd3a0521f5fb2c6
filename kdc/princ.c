/* SPDX-License-Identifier: Apache-2.0 */
/* Names to principals. Looked up anew for every request: what is cached (kdc/keys.c) hangs on UUIDs and
 * generations. */
#include "kdc/int.h"

#include <string.h>
#include <strings.h>

static struct lw_bytes text_of(struct kdc_thread *t, const struct kdc_realm *r, const struct krb_name *name)
{
	lw_writer_reset(&t->text);
	krb_name_text(&t->text, name);
	lw_put_u8(&t->text, '@');
	lw_put_raw(&t->text, r->name, r->n);
	return lw_written(&t->text);
}

/* What krb_name_text (or whoever wrote the entry) wrote, up to the realm. LW_EINVAL: no such name. */
static int name_parse(struct lw_arena *a, const char *text, struct krb_name *ret)
{
	size_t n = strlen(text);
	uint8_t *p = lw_alloc(a, n + 1), *from = p;
	struct krb_name name = { .type = KRB_NT_PRINCIPAL };

	if (!p)
		return LW_ENOMEM;
	for (;; text++) {
		if (*text == '\\' && text[1]) {
			static const char codes[] = "ntb0", octets[] = { '\n', '\t', '\b', 0 };
			const char *c = strchr(codes, *++text);

			*p++ = (uint8_t)(c ? octets[c - codes] : *text);
		} else if (*text == '/' || *text == '@' || !*text) {
			if (name.n == KRB_MAX_PARTS)
				return LW_EINVAL;
			name.part[name.n++] = (struct lw_bytes){ from, (size_t)(p - from) };
			from = p;
			if (*text != '/')
				break;
		} else {
			*p++ = (uint8_t)*text;
		}
	}
	*ret = name;
	return LW_OK;
}

/* The directory passes over control characters and needless spaces; a ticket's name must be the very name. */
static bool is_exact(struct lw_bytes name)
{
	for (size_t i = 0; i < name.n; i++)
		if (name.p[i] < ' ' || name.p[i] > '~' ||
		        (name.p[i] == ' ' && (i == 0 || i + 1 == name.n || name.p[i - 1] == ' ')))
			return false;
	return true;
}

static int look_up(struct kdc_thread *t, const struct schema_attr *kind, struct lw_bytes value,
        struct store_principal *p, struct kdc_princ *ret)
{
	int err = is_exact(value) ? store_principal_name(t->txn, kind, value, p) : LW_ENOTFOUND;

	if (err)
		return err == LW_EINVAL || err == LW_ESYNTAX || err == LW_ELIMIT ? LW_ENOTFOUND : err;
	ret->own = KDC_ENTRY;
	ret->known = true;
	ret->user = p->user;
	ret->disabled = p->disabled;
	ret->uuid = p->uuid;
	ret->keys = NULL;
	return LW_OK;
}

int kdc_find_entry(
        struct kdc_thread *t, struct kdc_realm *r, const struct krb_name *name, struct kdc_princ *ret)
{
	struct store_principal p;
	struct lw_bytes text = text_of(t, r, name);
	int err = t->text.err ? LW_ENOTFOUND : look_up(t, t->server->krb_name, text, &p, ret);

	if (!err)
		ret->name = *name;
	return err;
}

int kdc_find_login(struct kdc_thread *t, struct kdc_realm *r, struct lw_bytes uid, struct kdc_princ *ret)
{
	struct store_principal p;
	struct krb_name name;
	struct lw_uuid uuid;
	int err = look_up(t, t->server->uid, uid, &p, ret);

	if (!err && !p.krb_name[0])
		err = LW_ENOTFOUND;
	if (!err)
		err = name_parse(t->arena, p.krb_name, &name);
	if (err)
		return err == LW_EINVAL ? LW_ENOTFOUND : err;
	uuid = ret->uuid;
	err = kdc_find_entry(t, r, &name, ret);
	/* older data may have a first name of another realm, which is somebody else's here */
	return !err && !lw_uuid_eq(&uuid, &ret->uuid) ? LW_ENOTFOUND : err;
}

/* ---- servers ---- */

bool kdc_own_host(const struct kdc_server *s, struct lw_bytes host)
{
	const char *p = s->options.names;

	while (*p) {
		size_t n = strcspn(p, ",");
		const char *from = p;

		p += n + (p[n] == ',');
		while (n && *from == ' ') {
			from++;
			n--;
		}
		while (n && from[n - 1] == ' ')
			n--;
		if (n && lw_eq_nocase((struct lw_bytes){ (const uint8_t *)from, n }, host))
			return true;
	}
	return false;
}

static enum kdc_own own_service(
        const struct kdc_thread *t, const struct kdc_realm *r, const struct krb_name *name)
{
	if (name->n != 2)
		return KDC_ENTRY;
	if (krb_name_is(name, "krbtgt", (struct lw_bytes){ (const uint8_t *)r->name, r->n }))
		return KDC_KRBTGT;
	if (krb_name_is(name, "kadmin", LW_LIT("changepw")))
		return KDC_CHANGEPW;
	if (lw_eq(name->part[0], LW_LIT("ldap")) && kdc_own_host(t->server, name->part[1]))
		return KDC_LDAP;
	if (lw_eq(name->part[0], LW_LIT("HTTP")) && kdc_own_host(t->server, name->part[1]))
		return KDC_HTTP;
	return KDC_ENTRY;
}

int kdc_find_server(
        struct kdc_thread *t, struct kdc_realm *r, const struct krb_name *name, struct kdc_princ *ret)
{
	enum kdc_own own = own_service(t, r, name);
	int err = LW_ENOTFOUND;

	/* somebody else's web server on one of our host names is an entry, and comes before ours */
	if (own == KDC_ENTRY || own == KDC_LDAP || own == KDC_HTTP)
		err = kdc_find_entry(t, r, name, ret);
	if (own == KDC_ENTRY || err != LW_ENOTFOUND)
		return err;
	*ret = (struct kdc_princ){ .own = own, .known = true, .name = *name };
	return LW_OK;
}

int kdc_princ_keys(struct kdc_thread *t, struct kdc_realm *r, struct kdc_princ *p)
{
	int err = kdc_keys_get(t, r, p->own, &p->uuid, &p->keys);

	if (err != LW_ENOTFOUND)
		return err;
	p->keys = NULL;
	return p->own == KDC_ENTRY ? LW_OK : LW_EUNAVAIL; /* a tenant without krbtgt keys */
}

int kdc_default_salt(struct kdc_thread *t, const struct kdc_realm *r, const struct krb_name *name, bool fold,
        struct lw_bytes *ret)
{
	size_t n = r->n;
	uint8_t *p, *from;

	for (unsigned i = 0; i < name->n; i++)
		n += name->part[i].n;
	from = p = lw_alloc(t->arena, n + 1);
	if (!p)
		return LW_ENOMEM;
	memcpy(p, r->name, r->n);
	p += r->n;
	for (unsigned i = 0; i < name->n; i++)
		for (size_t k = 0; k < name->part[i].n; k++) {
			uint8_t c = name->part[i].p[k];

			*p++ = fold && c >= 'A' && c <= 'Z' ? (uint8_t)(c - 'A' + 'a') : c;
		}
	*ret = (struct lw_bytes){ from, n };
	return LW_OK;
}
