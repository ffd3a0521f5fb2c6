/* SPDX-License-Identifier: Apache-2.0 */
/* keyd: certificates for principals. Whose names are they, may he have one, is the intent stored: then one is built, linted and signed. */
#include "keys/sign.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/err.h"
#include "base/log.h"
#include "base/text.h"

#define OWNED 64 /* names of one principal */

struct owned {
	enum keys_san kind;
	const char *text;
};
struct owner {
	struct lw_arena *arena;
	const struct store_tenant *tenant;
	struct owned v[OWNED];
	size_t n;
	bool any; /* a grant says so: all that is in the tenant and not reserved */
};

/* ---- whose names ---- */

static void own(struct owner *o, enum keys_san kind, const char *text)
{
	const char *canon;

	if (text && o->n < OWNED && keyd_ca_builders()->canon(kind, lw_str(text), o->arena, &canon) == LW_OK)
		o->v[o->n++] = (struct owned){ kind, canon };
}

/* CLASS/HOST, of a Kerberos name without its realm. */
static void own_host_of(struct owner *o, struct lw_bytes name)
{
	const uint8_t *at = memchr(name.p, '@', name.n), *slash;

	if (at)
		name.n = (size_t)(at - name.p);
	slash = memchr(name.p, '/', name.n);
	if (slash)
		own(o, KEYS_SAN_DNS, lw_printf(o->arena, "%.*s", (int)(name.p + name.n - slash - 1), (const char *)slash + 1));
}

static void own_person(struct owner *o, const struct store_name *n)
{
	int len = (int)n->text.n;
	const char *text = (const char *)n->text.p;

	if (n->kind == STORE_NAME_MAIL)
		own(o, KEYS_SAN_EMAIL, lw_printf(o->arena, "%.*s", len, text));
	if (n->kind == STORE_NAME_CN)
		own(o, KEYS_SAN_UPN, lw_printf(o->arena, "%.*s@%s", len, text, o->tenant->name));
}

static void own_service(struct owner *o, const struct store_name *n)
{
	if (n->kind != STORE_NAME_MAIL)
		own_host_of(o, n->text);
	if (n->kind == STORE_NAME_CN)
		own(o, KEYS_SAN_URI,
		        lw_printf(o->arena, "spiffe://%s/service/%.*s", o->tenant->name, (int)n->text.n, (const char *)n->text.p));
}

static void own_host(struct owner *o, const struct store_name *n)
{
	int len = (int)n->text.n;
	const char *text = (const char *)n->text.p;

	if (n->kind == STORE_NAME_KRB)
		own_host_of(o, n->text);
	if (n->kind != STORE_NAME_CN)
		return;
	own(o, KEYS_SAN_DNS, lw_printf(o->arena, "%.*s", len, text));
	own(o, KEYS_SAN_URI, lw_printf(o->arena, "spiffe://%s/host/%.*s", o->tenant->name, len, text));
}

static void (*const owning[])(struct owner *, const struct store_name *) = {
	[STORE_PERSON] = own_person,
	[STORE_SERVICE] = own_service,
	[STORE_HOST] = own_host,
};

static bool owns(void *ctx, enum keys_san kind, const char *text)
{
	const struct owner *o = ctx;

	for (size_t i = 0; i < o->n; i++) {
		if (o->v[i].kind == kind && strcmp(o->v[i].text, text) == 0)
			return true;
	}
	return false;
}

static bool has(void *ctx, enum keys_san kind, const char *text)
{
	return ((const struct owner *)ctx)->any || owns(ctx, kind, text);
}

/* The installation's own host names, ended by NULL. */
static const char *const *reserved(struct keyd *k, struct lw_arena *arena)
{
	const char **list = lw_allocn(arena, OWNED + 1, sizeof(*list));
	char *names, *one;
	size_t n = 0;

	pthread_mutex_lock(&k->lock);
	names = lw_strdup(arena, k->names ? k->names : "");
	pthread_mutex_unlock(&k->lock);
	while (list && names && n < OWNED && (one = strsep(&names, ",")))
		list[n++] = one;
	return list;
}

/* ---- the decision ---- */

/* The intent, as it was stored: for this subject and profile, and still open. */
static int intended(struct keys_call *c, struct store_txn *txn)
{
	struct store_cert cert;
	int err = store_cert(txn, c->q.serial, &cert);

	if (!err && (cert.state != STORE_CERT_IS_INTENT || !lw_uuid_eq(&cert.subject, &c->q.subject) || !lw_eq(cert.profile, c->q.profile)))
		err = LW_EAGAIN;
	return err == LW_ENOTFOUND ? LW_EAGAIN : err;
}

static int may_enrol(struct keyd *k, struct keys_call *c, bool names_owned, int64_t *ret_life)
{
	struct lw_session *s = NULL;
	struct store_txn *txn = NULL;
	int err = keyd_session(k, c, &c->cap, &s);

	if (!err)
		err = store_begin(s, STORE_READ, &txn);
	if (!err)
		err = store_may_enrol(txn, &c->q.subject, c->q.profile, names_owned, ret_life);
	store_end(txn);
	store_session_free(s);
	return err;
}

/* A serial is good for one signature. keyd forgets when it is restarted; nobody has seen what it signed before then. */
static struct keyd_serial *spent(struct keyd *k, struct lw_bytes serial)
{
	for (size_t i = 0; i < KEYD_SERIALS; i++) {
		if (k->serials[i].n == serial.n && memcmp(k->serials[i].b, serial.p, serial.n) == 0)
			return &k->serials[i];
	}
	return NULL;
}

static int spend(struct keyd *k, struct lw_bytes serial)
{
	int err;

	pthread_mutex_lock(&k->lock);
	err = spent(k, serial) ? LW_EAGAIN : LW_OK;
	if (!err) {
		struct keyd_serial *s = &k->serials[k->next_serial++ % KEYD_SERIALS];

		s->n = (uint8_t)serial.n;
		memcpy(s->b, serial.p, serial.n);
	}
	pthread_mutex_unlock(&k->lock);
	return err;
}

/* Refused: nothing was signed. */
static void unspend(struct keyd *k, struct lw_bytes serial)
{
	struct keyd_serial *s;

	pthread_mutex_lock(&k->lock);
	s = spent(k, serial);
	if (s)
		s->n = 0;
	pthread_mutex_unlock(&k->lock);
}

struct ordered {
	struct store_tenant tenant;
	struct store_holder holder;
	struct keyd_loaded *loaded;
	struct owner owner;
	const struct ca_csr *csr;
	int64_t life;
};

/* All that the store knows of it. */
static int read_order(struct keyd *k, struct keys_call *c, struct ordered *o)
{
	struct keyd_reading r;
	int err = keyd_tenant(k, c->arena, c->q.tenant, &o->tenant);

	if (!err && !lw_uuid_eq(&o->tenant.uuid, &c->cap.tenant_uuid))
		err = LW_EACCES;
	if (!err)
		err = keyd_begin(k, o->tenant.id, &r);
	if (err)
		return err;
	err = intended(c, r.txn);
	if (!err)
		err = store_holder(r.txn, &c->q.subject, &o->holder);
	if (!err)
		err = keyd_load(k, &o->tenant, r.txn, KEYS_CA, &o->loaded);
	if (err == LW_ENOTFOUND && o->holder.kind)
		err = LW_EBUSY; /* the tenant's keys are being made */
	o->owner = (struct owner){ .arena = c->arena, .tenant = &o->tenant };
	for (size_t i = 0; !err && i < o->holder.n_names; i++) {
		const struct lw_bytes *text = &o->holder.names[i].text;

		if (!memchr(text->p, 0, text->n)) /* the directory takes one; what stands before it is another name */
			owning[o->holder.kind](&o->owner, &o->holder.names[i]);
	}
	keyd_end(&r);
	o->holder.names = NULL;
	return err;
}

struct foreign {
	struct owner *owner;
	const char *text;
};

static bool note_foreign(void *ctx, enum keys_san kind, const char *text)
{
	struct foreign *f = ctx;

	if (!f->text && !owns(f->owner, kind, text))
		f->text = text;
	return true;
}

/* The rules know no names: which one it is that they would not have is worth a line. */
static void name_foreign(struct ordered *o, char why[200])
{
	struct foreign f = { &o->owner, NULL };

	keyd_ca_builders()->each_name(o->csr, note_foreign, &f);
	if (f.text)
		snprintf(why, 200, "\"%.100s\" is not a name of the subject", f.text);
}

static int decide(struct keyd *k, struct keys_call *c, struct ordered *o, char why[200])
{
	const struct keys_ca_builders *b = keyd_ca_builders();
	bool all;
	int err = b->csr(c->q.csr, c->arena, &o->csr, why);

	if (err)
		return err == LW_EAUTH ? LW_EINVAL : err;
	all = b->each_name(o->csr, owns, &o->owner);
	err = may_enrol(k, c, all, &o->life);
	if (!err && !all && c->cap.flags & LW_CAP_OPERATOR)
		err = LW_EACCES; /* he says for whom; no grant says which other names */
	o->owner.any = !err && !all;
	if (err == LW_EACCES && !all)
		name_foreign(o, why);
	if (!err && o->holder.who.disabled)
		err = LW_EACCES;
	return err;
}

static int sign(struct keyd *k, struct keys_call *c, struct ordered *o, struct keys_cert *ret, char why[200])
{
	const struct keyd_ca *ca = o->loaded->it;
	struct keys_leaf leaf = { .tenant = o->tenant.name,
		.tenant_uuid = o->tenant.uuid,
		.subject = o->holder.who.uuid,
		.name = o->holder.who.name,
		.kind = o->holder.kind,
		.serial = c->q.serial,
		.url = keyd_http_url(k, c->arena),
		.key = o->loaded->sets.v[0].id,
		.now = lw_wall(k->clock),
		.life = o->life == INT64_MAX ? 0 : o->life,
		.reserved = reserved(k, c->arena),
		.owns = has,
		.ctx = &o->owner };

	leaf.profile = (const char *)lw_dup(c->arena, c->q.profile).p;
	if (!leaf.reserved || !leaf.profile)
		return LW_ENOMEM;
	return keyd_ca_builders()->leaf(ca->signer[0], o->csr, &leaf, c->arena, ret, why);
}

int keyd_cert(struct keyd *k, struct keys_call *c)
{
	struct ordered o = { .loaded = NULL };
	struct keys_cert cert = { .not_before = 0 };
	char why[200] = "", serial[2 * KEYS_MAX_SERIAL + 1], id[LW_UUID_TEXT];
	int err = c->q.tenant != c->cap.tenant ? LW_EACCES : !keyd_ca_builders() ? LW_EUNAVAIL : read_order(k, c, &o);

	if (!err)
		err = decide(k, c, &o, why);
	if (!err)
		err = spend(k, c->q.serial);
	if (!err) {
		err = sign(k, c, &o, &cert, why);
		if (err == LW_EACCES || err == LW_EINVAL || err == LW_EUNSUPPORTED)
			unspend(k, c->q.serial);
	}
	keyd_unload(k, o.loaded);
	if (!err) {
		c->a.blob = cert.der;
		c->a.pem = cert.pem;
		c->a.from = cert.not_before;
		c->a.time = cert.not_after;
	} else if (why[0] && err != LW_EINTERNAL) {
		keyd_say(c, why);
	}
	lw_hex(c->q.serial, serial);
	lw_uuid_format(&c->q.subject, id);
	lw_log(err ? LW_WARN : LW_INFO, "certificate", "tenant", o.tenant.name, "profile",
	        lw_printf(c->arena, "%.*s", (int)c->q.profile.n, (const char *)c->q.profile.p), "serial", serial, "target", id, "result",
	        err ? why[0] ? why : lw_errname(err) : "OK", NULL);
	return err;
}
