/* SPDX-License-Identifier: Apache-2.0 */
/* From tree to rule: names become entry ids, attributes schema ids; and the rule as octets of the `grant`
 * table. */
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/err.h"
#include "store/access_rule.h"

/* Row numbers are on disk: append only, at most 64. */
const char *const access_claims[] = { "sub", "groups", "name", "given_name", "family_name", "middle_name",
	"nickname", "preferred_username", "profile", "picture", "website", "email", "email_verified",
	"gender", "birthdate", "zoneinfo", "locale", "phone_number", "phone_number_verified", "address",
	"updated_at", "tenant", "upn", "acr", "amr", NULL };

int access_claim_find(struct lw_bytes name)
{
	for (int i = 0; access_claims[i]; i++)
		if (lw_eq_nocase(name, lw_str(access_claims[i])))
			return i;
	return -1;
}

uint64_t access_claims_all(void)
{
	return (UINT64_C(1) << (sizeof(access_claims) / sizeof(access_claims[0]) - 1)) - 1;
}

/* ---- sets ---- */

static struct access_masks masks;
static pthread_once_t masks_once = PTHREAD_ONCE_INIT;

static void set_add(struct access_set *s, const struct schema_attr *a)
{
	if (a->id < ACCESS_ATTR_BITS)
		s->bits[a->id / 64] |= UINT64_C(1) << (a->id % 64);
}

static void make_masks(void)
{
	const struct schema_attr *a;

	schema_init();
	for (size_t i = 0; (a = schema_attr_at(i)) != NULL; i++) {
		set_add(a->flags & SCHEMA_SECRET ? &masks.secret : &masks.open, a);
		if ((a->flags & (SCHEMA_SECRET | SCHEMA_ORDINARY)) == SCHEMA_ORDINARY)
			set_add(&masks.ordinary, a);
	}
	masks.open.rest = true;
}

const struct access_masks *access_masks(void)
{
	pthread_once(&masks_once, make_masks);
	return &masks;
}

void access_set_or(struct access_set *s, const struct access_set *t)
{
	for (unsigned i = 0; i < ACCESS_ATTR_BITS / 64; i++)
		s->bits[i] |= t->bits[i];
	s->claims |= t->claims;
	s->rest |= t->rest;
}

void access_set_and(struct access_set *s, const struct access_set *t)
{
	for (unsigned i = 0; i < ACCESS_ATTR_BITS / 64; i++)
		s->bits[i] &= t->bits[i];
	s->claims &= t->claims;
	s->rest &= t->rest;
}

void access_set_minus(struct access_set *s, const struct access_set *t)
{
	for (unsigned i = 0; i < ACCESS_ATTR_BITS / 64; i++)
		s->bits[i] &= ~t->bits[i];
	s->claims &= ~t->claims;
	s->rest &= !t->rest;
}

bool access_set_meets(const struct access_set *s, const struct access_set *t)
{
	uint64_t any = s->claims & t->claims;

	for (unsigned i = 0; i < ACCESS_ATTR_BITS / 64; i++)
		any |= s->bits[i] & t->bits[i];
	return any || (s->rest && t->rest);
}

bool access_set_empty(const struct access_set *s)
{
	uint64_t any = s->claims;

	for (unsigned i = 0; i < ACCESS_ATTR_BITS / 64; i++)
		any |= s->bits[i];
	return !any && !s->rest;
}

void access_rule_finish(struct access_rule *r)
{
	const struct access_masks *m = access_masks();

	memset(&r->open, 0, sizeof(r->open));
	memset(&r->secret, 0, sizeof(r->secret));
	for (unsigned i = 0; i < r->nattrs; i++) {
		const struct schema_attr *a = schema_attr_id(r->attrs[i]);

		if (a)
			set_add(a->flags & SCHEMA_SECRET ? &r->secret : &r->open, a);
	}
	r->open.claims = r->claims;
	if (r->ordinary) {
		access_set_or(&r->open, &m->ordinary);
		r->open.claims = access_claims_all();
	}
	if (r->star || !r->attrs_said) {
		r->open = m->open;
		r->secret = m->secret;
		r->open.claims = access_claims_all();
	}
}

void access_rule_set(const struct access_rule *r, enum access_verb verb, struct access_set *ret)
{
	if (verb == ACCESS_SET_SECRET || verb == ACCESS_EXPORT) {
		*ret = r->secret;
	} else if (verb == ACCESS_TOKEN && !r->attrs_said && !r->forbid) {
		memset(ret, 0, sizeof(*ret));
		ret->claims = 1; /* sub */
	} else {
		*ret = r->open;
		if (verb != ACCESS_TOKEN)
			ret->claims = 0;
	}
}

/* ---- compiling ---- */

struct compiler {
	struct lw_arena *arena;
	const struct access_resolver *resolver;
	struct access_rule *rule;
	int err;
	char *why;
};

static void fail(struct compiler *c, int err, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

static void fail(struct compiler *c, int err, const char *fmt, ...)
{
	va_list ap;

	if (c->err)
		return;
	c->err = err;
	va_start(ap, fmt);
	vsnprintf(c->why, ACCESS_ERR, fmt, ap);
	va_end(ap);
}

#define CUT(s) (int)((s).n > 64 ? 64 : (s).n), (const char *)(s).p

static uint64_t resolve(struct compiler *c, enum access_name kind, struct lw_bytes name)
{
	static const char *const what[] = { "group", "user", "service", "host", "client", "grant", "policy",
		"entry" };
	uint64_t id = 0;
	int err;

	if (c->err)
		return 0;
	err = c->resolver->resolve(c->resolver->ctx, kind, name, &id);
	if (!err && !id)
		err = LW_EINTERNAL;
	if (err == LW_ENOTFOUND)
		fail(c, err, "there is no %s '%.*s'", what[kind], CUT(name));
	else if (err)
		fail(c, err, "%s '%.*s': %s", what[kind], CUT(name), lw_strerror(err));
	return id;
}

static struct lw_bytes copy(struct compiler *c, struct lw_bytes in)
{
	struct lw_bytes out = { NULL, 0 };

	if (!in.n)
		return out;
	out = lw_dup(c->arena, in);
	if (!out.p)
		fail(c, LW_ENOMEM, "out of memory");
	return out;
}

static uint64_t resolve_named(struct compiler *c, const struct access_ast *a)
{
	enum access_name kind = ACCESS_NAME_ENTRY;

	switch (a->kinds) {
	case ACCESS_PERSON:
		kind = ACCESS_NAME_USER;
		break;
	case ACCESS_GROUP:
		kind = ACCESS_NAME_GROUP;
		break;
	case ACCESS_SERVICE:
		kind = ACCESS_NAME_SERVICE;
		break;
	case ACCESS_HOST:
		kind = ACCESS_NAME_HOST;
		break;
	case ACCESS_APPLICATION:
		kind = ACCESS_NAME_CLIENT;
		break;
	case ACCESS_GRANT:
		kind = ACCESS_NAME_GRANT;
		break;
	case ACCESS_POLICY:
		kind = ACCESS_NAME_POLICY;
		break;
	default:
		break;
	}
	if (memchr(a->named.p, '=', a->named.n))
		kind = ACCESS_NAME_ENTRY;
	return resolve(c, kind, a->named);
}

static void compile_tag(struct compiler *c, struct lw_bytes tag)
{
	const struct schema_attr *attr = schema_attr(LW_LIT("lwTag"));
	struct lw_bytes norm = { NULL, 0 };

	if (!tag.n || c->err)
		return;
	if (!attr || schema_norm(attr, NULL, c->arena, tag, &norm) || !norm.n || norm.n > ACCESS_MAX_NAME)
		fail(c, LW_EINVAL, "'%.*s' can't be a tag", CUT(tag));
	c->rule->tag = norm;
}

static int by_id(const void *a, const void *b)
{
	uint16_t x = *(const uint16_t *)a, y = *(const uint16_t *)b;

	return x < y ? -1 : x > y;
}

/* An attribute must be of use to at least one of the verbs, and a secret may not be named where it could be
 * read. */
static void compile_attr(struct compiler *c, struct lw_bytes name, uint16_t *ids)
{
	struct access_rule *r = c->rule;
	const uint32_t on_secret = ACCESS_V(SET_SECRET) | ACCESS_V(EXPORT);
	const uint32_t on_open = ACCESS_SET_VERBS & ~on_secret;
	const struct schema_attr *a = schema_attr(name);
	int claim = access_claim_find(name);
	bool used = false;

	if (claim >= 0 && (r->verbs & ACCESS_V(TOKEN))) {
		r->claims |= UINT64_C(1) << claim;
		used = true;
	}
	if (!a && !used)
		fail(c, LW_EUNDEFATTR, "there is no attribute '%.*s'", CUT(name));
	/* in a rule for tokens alone a claim's name is the claim, not the attribute of the same name */
	if (!a || (used && !(r->verbs & on_open & ~ACCESS_V(TOKEN))))
		return;
	if ((a->flags & SCHEMA_SECRET) && !(r->verbs & on_secret))
		fail(c, LW_EINVAL, "'%s' is secret: only set-secret and export can be about it", a->names[0]);
	else if (!(a->flags & SCHEMA_SECRET) && !(r->verbs & on_open))
		fail(c, LW_EINVAL, "'%s' is not secret: set-secret and export can't be about it",
		        a->names[0]);
	for (unsigned i = 0; i < r->nattrs; i++)
		if (ids[i] == a->id)
			return;
	ids[r->nattrs++] = a->id;
}

static void compile_attrs(struct compiler *c, const struct access_ast *a)
{
	uint16_t *ids;

	c->rule->attrs_said = a->attrs_said;
	c->rule->star = a->star;
	c->rule->ordinary = a->ordinary;
	if (!a->nattrs || c->err)
		return;
	ids = lw_allocn(c->arena, a->nattrs, sizeof(*ids));
	if (!ids) {
		fail(c, LW_ENOMEM, "out of memory");
		return;
	}
	for (unsigned i = 0; i < a->nattrs && !c->err; i++)
		compile_attr(c, a->attrs[i], ids);
	qsort(ids, c->rule->nattrs, sizeof(*ids), by_id);
	c->rule->attrs = ids;
}

static void compile_conds(struct compiler *c, const struct access_ast *a)
{
	for (unsigned i = 0; i < a->nconds; i++) {
		struct access_cond *to = &c->rule->conds[i];

		to->kind = a->conds[i].kind;
		to->age = a->conds[i].age;
		to->method = a->conds[i].method;
		if (to->kind >= ACCESS_COND_IN && !a->conds[i].is_protected)
			to->group = resolve(c, ACCESS_NAME_GROUP, a->conds[i].group);
	}
	c->rule->nconds = a->nconds;
}

static void compile_partner(struct compiler *c, const struct access_ast *a)
{
	const struct schema_attr *cn = schema_attr(LW_LIT("cn"));
	struct lw_bytes norm = { NULL, 0 };
	int err = c->err;

	if (a->subject != ACCESS_SUBJ_PARTNER || err)
		return;
	err = c->resolver->tenant ? c->resolver->tenant(c->resolver->ctx, a->partner, &c->rule->partner) : LW_ENOTFOUND;
	if (err == LW_EINVAL)
		fail(c, err, "'%.*s' is this tenant itself: a partner is another", CUT(a->partner));
	else if (err)
		fail(c, err, "there is no tenant '%.*s'", CUT(a->partner));
	else if (!cn || schema_norm(cn, NULL, c->arena, a->subject_name, &norm) || !norm.n || norm.n > ACCESS_MAX_NAME)
		fail(c, LW_EINVAL, "'%.*s' can't be a group's name", CUT(a->subject_name));
	c->rule->partner_group = norm;
}

int access_compile(struct lw_arena *arena, const struct access_ast *a, const struct access_resolver *resolver,
        struct access_rule **ret, char err[ACCESS_ERR])
{
	struct compiler c = { .arena = arena, .resolver = resolver, .why = err };
	struct access_rule *r = lw_alloc(arena, sizeof(*r));

	err[0] = 0;
	c.rule = r;
	if (!r) {
		fail(&c, LW_ENOMEM, "out of memory");
		return c.err;
	}
	r->forbid = a->forbid;
	r->subject = a->subject;
	r->who = a->who;
	r->verbs = a->verbs;
	r->kinds = a->kinds ? a->kinds : ACCESS_ANY;
	r->names_owned = a->names_owned;
	r->names_theirs = a->names_theirs;
	r->audience = a->audience;
	r->max_life = a->max_life ? a->max_life : INT64_MAX;
	r->url = copy(&c, a->url);
	r->profile = copy(&c, a->profile);
	if (a->subject <= ACCESS_SUBJ_CLIENT) /* the first five of both enums are the same */
		r->subject_id = resolve(&c, (enum access_name)a->subject, a->subject_name);
	compile_partner(&c, a);
	if (a->under.n)
		r->under = resolve(&c, ACCESS_NAME_ENTRY, a->under);
	if (a->named.n)
		r->named = resolve_named(&c, a);
	compile_tag(&c, a->tag);
	compile_attrs(&c, a);
	compile_conds(&c, a);
	if (c.err)
		return c.err;
	access_rule_finish(r);
	*ret = r;
	return LW_OK;
}

bool access_rule_forbids(const struct access_rule *r)
{
	return r->forbid;
}

size_t access_rule_refs(const struct access_rule *r, uint64_t ret[ACCESS_MAX_REFS])
{
	uint64_t ids[ACCESS_MAX_REFS] = { r->subject_id, r->under, r->named };
	size_t n = 3, out = 0;

	for (unsigned i = 0; i < r->nconds; i++)
		ids[n++] = r->conds[i].group;
	for (size_t i = 0; i < n; i++)
		if (ids[i] && !access_ids_have(ret, out, ids[i]))
			ret[out++] = ids[i];
	return out;
}

/* ---- octets ---- */

#define RULE_VERSION 3    /* for rules about partners: two fields more at the end */
#define RULE_VERSION_OWN 2 /* 1 had no word for `any` kind: it said the nine there were */
#define VERSION_1_ANY ((1u << 9) - 1)
enum { F_FORBID = 1, F_NAMES_OWNED = 2, F_ATTRS = 4, F_STAR = 8, F_ORDINARY = 16, F_NAMES_THEIRS = 32, F_ALL = 63 };

void access_rule_encode(struct lw_writer *w, const struct access_rule *r)
{
	bool partner = r->subject == ACCESS_SUBJ_PARTNER;

	lw_put_u8(w, partner ? RULE_VERSION : RULE_VERSION_OWN);
	lw_put_u8(w, (uint8_t)((r->forbid ? F_FORBID : 0) | (r->names_owned ? F_NAMES_OWNED : 0) |
	                       (r->attrs_said ? F_ATTRS : 0) | (r->star ? F_STAR : 0) |
	                       (r->ordinary ? F_ORDINARY : 0) |
	                       (r->names_theirs ? F_NAMES_THEIRS : 0)));
	lw_put_u8(w, (uint8_t)r->subject);
	lw_put_u8(w, (uint8_t)r->who);
	lw_put_u8(w, (uint8_t)r->audience);
	lw_put_u32(w, r->verbs);
	lw_put_u32(w, r->kinds == ACCESS_ANY ? 0 : r->kinds); /* 0: also those to come */
	lw_put_u64(w, r->subject_id);
	lw_put_u64(w, r->under);
	lw_put_u64(w, r->named);
	lw_put_u64(w, (uint64_t)r->max_life);
	lw_put_u64(w, r->claims);
	lw_put_counted(w, r->tag);
	lw_put_counted(w, r->url);
	lw_put_counted(w, r->profile);
	lw_put_u16(w, (uint16_t)r->nattrs);
	for (unsigned i = 0; i < r->nattrs; i++)
		lw_put_u16(w, r->attrs[i]);
	lw_put_u8(w, (uint8_t)r->nconds);
	for (unsigned i = 0; i < r->nconds; i++) {
		lw_put_u8(w, (uint8_t)r->conds[i].kind);
		lw_put_u64(w, (uint64_t)r->conds[i].age);
		lw_put_u32(w, r->conds[i].method);
		lw_put_u64(w, r->conds[i].group);
	}
	if (partner) {
		lw_put_raw(w, r->partner.b, sizeof(r->partner.b));
		lw_put_counted(w, r->partner_group);
	}
}

static bool sane_cond(const struct access_cond *c)
{
	bool delegated = c->kind == ACCESS_COND_IN || c->kind == ACCESS_COND_NOT_IN;

	return c->kind < ACCESS_COND_COUNT && (c->kind == ACCESS_COND_AGE) == (c->age > 0) && c->age >= 0 &&
	       (c->kind == ACCESS_COND_METHOD) == (c->method != 0) && (delegated || !c->group);
}

static bool sane_partner(const struct access_rule *r)
{
	if (r->subject != ACCESS_SUBJ_PARTNER)
		return lw_uuid_zero(&r->partner) && !r->partner_group.n;
	if (lw_uuid_zero(&r->partner) || !r->partner_group.n)
		return false;
	return r->forbid || (!(r->verbs & ~ACCESS_PARTNER_VERBS) &&
	                            (!(r->verbs & ACCESS_PARTNER_CHANGES) || !(r->kinds & ~ACCESS_PARTNER_CHANGES_KINDS)));
}

static bool sane(const struct access_rule *r)
{
	bool named_subject = r->subject <= ACCESS_SUBJ_CLIENT;

	if (r->subject >= ACCESS_SUBJ_ROLE || named_subject != (r->subject_id != 0) ||
	        r->audience > ACCESS_AUD_URL)
		return false;
	if (r->subject == ACCESS_SUBJ_CLASS ? r->who < ACCESS_WHO_PERSON || r->who > ACCESS_WHO_HOST
	                                    : r->who != ACCESS_WHO_ANONYMOUS)
		return false;
	if (!r->verbs || (r->verbs & ~ACCESS_VERBS_ALL) || !r->kinds || (r->kinds & ~(unsigned)ACCESS_ANY))
		return false;
	if (r->max_life <= 0 || (r->claims & ~access_claims_all()) ||
	        (r->audience != ACCESS_AUD_URL) != !r->url.n)
		return false;
	if (!r->attrs_said && (r->star || r->ordinary || r->nattrs || r->claims))
		return false;
	if ((r->names_owned && r->names_theirs) || !sane_partner(r))
		return false;
	for (unsigned i = 0; i < r->nconds; i++)
		if (!sane_cond(&r->conds[i]))
			return false;
	return true;
}

static int decode_attrs(struct lw_arena *arena, struct lw_reader *in, struct access_rule *r)
{
	uint16_t *ids;

	r->nattrs = lw_get_u16(in);
	if (in->err || !r->nattrs) {
		r->nattrs = 0;
		return in->err;
	}
	if (r->nattrs > ACCESS_MAX_ATTRS)
		return LW_ELIMIT;
	ids = lw_allocn(arena, r->nattrs, sizeof(*ids));
	if (!ids)
		return LW_ENOMEM;
	for (unsigned i = 0; i < r->nattrs; i++) {
		ids[i] = lw_get_u16(in);
		if (i && ids[i] <= ids[i - 1])
			return LW_EINVAL;
		if (!schema_attr_id(ids[i]))
			return LW_EINVAL;
	}
	r->attrs = ids;
	return in->err;
}

static int decode_conds(struct lw_reader *in, struct access_rule *r)
{
	r->nconds = lw_get_u8(in);
	if (r->nconds > ACCESS_MAX_CONDS)
		return LW_ELIMIT;
	for (unsigned i = 0; i < r->nconds; i++) {
		r->conds[i].kind = (enum access_cond_kind)lw_get_u8(in);
		r->conds[i].age = (int64_t)lw_get_u64(in);
		r->conds[i].method = lw_get_u32(in);
		r->conds[i].group = lw_get_u64(in);
	}
	return in->err;
}

static struct lw_bytes decode_text(struct lw_arena *arena, struct lw_reader *in)
{
	struct lw_bytes t = lw_get_counted(in, ACCESS_MAX_NAME);

	if (in->err || !t.n)
		return (struct lw_bytes){ NULL, 0 };
	return lw_dup(arena, t);
}

static void decode_partner(struct lw_arena *arena, struct lw_reader *in, struct access_rule *r)
{
	struct lw_bytes uuid = lw_get_raw(in, sizeof(r->partner.b));

	if (uuid.n == sizeof(r->partner.b))
		memcpy(r->partner.b, uuid.p, sizeof(r->partner.b));
	r->partner_group = decode_text(arena, in);
}

int access_rule_decode(struct lw_arena *arena, struct lw_bytes octets, struct access_rule **ret)
{
	struct access_rule *r = lw_alloc(arena, sizeof(*r));
	struct lw_reader in;
	uint8_t version, flags;
	int err;

	if (!r)
		return LW_ENOMEM;
	if (octets.n > ACCESS_MAX_ENCODED)
		return LW_ELIMIT;
	lw_reader_init(&in, octets);
	version = lw_get_u8(&in);
	if (version < 1 || version > RULE_VERSION)
		return in.err ? in.err : LW_EVERSION;
	flags = lw_get_u8(&in);
	r->forbid = flags & F_FORBID;
	r->names_owned = flags & F_NAMES_OWNED;
	r->names_theirs = flags & F_NAMES_THEIRS;
	r->attrs_said = flags & F_ATTRS;
	r->star = flags & F_STAR;
	r->ordinary = flags & F_ORDINARY;
	r->subject = (enum access_subj)lw_get_u8(&in);
	r->who = (enum access_who)lw_get_u8(&in);
	r->audience = (enum access_audience)lw_get_u8(&in);
	r->verbs = lw_get_u32(&in);
	r->kinds = lw_get_u32(&in);
	if (version == 1 ? r->kinds == VERSION_1_ANY : !r->kinds)
		r->kinds = ACCESS_ANY;
	else if (r->kinds == ACCESS_ANY)
		r->kinds = 0; /* refused: it has a word of its own */
	r->subject_id = lw_get_u64(&in);
	r->under = lw_get_u64(&in);
	r->named = lw_get_u64(&in);
	r->max_life = (int64_t)lw_get_u64(&in);
	r->claims = lw_get_u64(&in);
	r->tag = decode_text(arena, &in);
	r->url = decode_text(arena, &in);
	r->profile = decode_text(arena, &in);
	err = decode_attrs(arena, &in, r);
	if (!err)
		err = decode_conds(&in, r);
	if (!err && version > RULE_VERSION_OWN)
		decode_partner(arena, &in, r);
	if (!err)
		err = lw_reader_end(&in);
	if (!err && lw_arena_failed(arena))
		err = LW_ENOMEM;
	if (!err && ((flags & ~F_ALL) || !sane(r) || (version > RULE_VERSION_OWN) != (r->subject == ACCESS_SUBJ_PARTNER)))
		err = LW_EINVAL;
	if (err)
		return err;
	access_rule_finish(r);
	*ret = r;
	return LW_OK;
}
