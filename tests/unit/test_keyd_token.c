/* SPDX-License-Identifier: Apache-2.0 */
/* keyd's tokens, over its messages: whose keys, for whom, with what in them, how long; and assertions that come back. */
#include "tests/unit/keyd_fix.h"
#include "tests/unit/unit.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "keys/sign.h"
#include "keys/token.h"
#include "keys/issue.h"
#include "oidc/issue.h"
#include "oidc/oidc.h"
#include "saml/issue.h"
#include "saml/saml.h"

#define API    "https://api.acme.example"
#define SP     "https://shop.acme.example/metadata"
#define ACS    "https://shop.acme.example/acs"
#define IDP    "https://idp.acme.example/websso/SAML2/Metadata/acme.example"
#define OP     "https://idp.acme.example/openidconnect/acme.example"
#define HOUR   (3600 * LW_SECOND)
#define SUFFIX "dc=acme,dc=example"

static struct keyd *k;
static struct keys *directory, *web;
static struct keys_token admin_t, alice_t, web_t; /* web_t: alice's, minted for web */
static struct lw_cap admin_cap;
static char why[200];

/* ---- the world ---- */
static void add(const struct lw_cap *cap, const char *dn, const char *const (*attrs)[2], size_t n)
{
	struct store_attr_values list[8];
	struct lw_bytes values[8];
	struct store_op op = { .kind = STORE_ADD, .attrs = list, .nattrs = n, .uuid = lw_uuid_new(&clk) };
	struct store_result res = { 0 };

	for (size_t i = 0; i < n; i++) {
		values[i] = lw_str(attrs[i][1]);
		list[i] = (struct store_attr_values){ lw_str(attrs[i][0]), &values[i], 1 };
	}
	assert_int_equal(dn_parse(arena, lw_str(dn), &op.dn), LW_OK);
	assert_int_equal(write_as(cap, &op, &res), LW_OK);
}

static void grant(const struct lw_cap *cap, const char *name, const char *suffix, const char *rule)
{
	const char *const attrs[][2] = { { "objectClass", "lwGrant" }, { "cn", name }, { "lwGrantText", rule } };

	add(cap, lw_printf(arena, "cn=%s,ou=grants,%s", name, suffix), attrs, 3);
}

static void set(const char *dn, const char *attr, const char *value)
{
	struct lw_bytes v = lw_str(value);
	struct store_mod mod = { STORE_MOD_REPLACE, { lw_str(attr), &v, 1 } };
	struct store_op op = { .kind = STORE_MODIFY, .mods = &mod, .nmods = 1 };
	struct store_result res = { 0 };

	assert_int_equal(dn_parse(arena, lw_str(dn), &op.dn), LW_OK);
	assert_int_equal(write_as(&admin_cap, &op, &res), LW_OK);
}

static struct keys_token login(struct keys *as, uint32_t tenant, const struct lw_uuid *who, const char *password, struct lw_cap *ret)
{
	struct keys_token t;
	struct lw_cap cap;

	assert_int_equal(keys_verify(as, tenant, who, lw_str(password), &HERE, &t, ret ? ret : &cap), LW_OK);
	return t;
}

static void upkeep(void)
{
	int64_t next;

	assert_int_equal(keys_upkeep(directory, store, acme, &next), LW_OK);
	assert_int_equal(keys_upkeep(directory, store, beta, &next), LW_OK);
}

static void want(enum keys_kind kind)
{
	assert_int_equal(keys_want(directory, store, acme, kind), LW_OK);
	assert_int_equal(keys_want(directory, store, beta, kind), LW_OK);
}

static int world(void **state)
{
	const char *const shop[][2] = { { "objectClass", "lwApplication" }, { "cn", "shop" }, { "lwEntityId", SP }, { "lwAcsUrl", ACS } };
	const char *const theirs[][2] = { { "objectClass", "lwApplication" }, { "cn", "theirs" }, { "lwEntityId", "urn:theirs" } };
	struct lw_cap beta_cap;

	if (setup(state))
		return -1;
	keys_token_builders(&saml_issuing, &oidc_issuing);
	k = second("boot");
	directory = keys_around(k, LW_ROLE_DIRECTORY);
	web = keys_around(k, LW_ROLE_WEB);
	admin_t = login(directory, acme, &acme_admin, "acme admin's password", &admin_cap);
	login(directory, beta, &beta_admin, "beta admin's password", &beta_cap);
	alice_t = login(directory, acme, &alice, "alice's password", NULL);
	web_t = login(web, acme, &alice, "alice's password", NULL);
	add(&admin_cap, "cn=shop,ou=applications," SUFFIX, shop, 4);
	add(&beta_cap, "cn=theirs,ou=applications,dc=beta,dc=example", theirs, 3);
	grant(&admin_cap, "g-shop", SUFFIX, "permit authenticated may token audience \"" SP "\" attrs(cn,groups);");
	grant(&admin_cap, "g-api", SUFFIX, "permit authenticated may token audience \"" API "\" attrs(email,preferred_username,amr) max-life 10m;");
	grant(&admin_cap, "g-none", SUFFIX, "permit user alice may token audience none;");
	set("uid=alice,ou=people," SUFFIX, "mail", "alice@acme.example");
	return 0;
}

static int gone(void **state)
{
	keys_free(directory);
	keys_free(web);
	keyd_free(k);
	return teardown(state);
}

static int order(const struct keys_token *t, enum keys_token_type type, const char *audience, struct keys_issued *ret)
{
	struct keys_token_order o = { .type = type, .audience = lw_str(audience) };

	return keys_token_issue(t == &web_t ? web : directory, tok(t), acme, &o, arena, ret, why);
}

static int ordered(const struct keys_token *t, const struct keys_token_order *o, struct keys_issued *ret)
{
	return keys_token_issue(directory, tok(t), acme, o, arena, ret, why);
}

/* ---- reading what came ---- */

/* Verified with the published keys. */
static json_t *claims_of(struct lw_bytes token)
{
	struct oidc_key keys_[8];
	struct lw_bytes set, payload = { NULL, 0 };
	int64_t until;
	json_t *doc, *one, *claims;
	size_t n = 0, i;

	assert_int_equal(keys_public(web, KEYS_JWKS, LW_LIT("ACME.example"), arena, &set, &until), LW_OK);
	doc = json_loadb((const char *)set.p, set.n, JSON_REJECT_DUPLICATES, NULL);
	json_array_foreach(json_object_get(doc, "keys"), i, one) {
		bool ec = strcmp(json_string_value(json_object_get(one, "kty")), "EC") == 0;
		struct lw_bytes x, y;
		struct lw_sigkey *key;

		assert_int_equal(lw_unbase64url(arena, lw_str(json_string_value(json_object_get(one, ec ? "x" : "n"))), &x), LW_OK);
		assert_int_equal(lw_unbase64url(arena, lw_str(json_string_value(json_object_get(one, ec ? "y" : "e"))), &y), LW_OK);
		assert_int_equal(lw_sigkey_numbers(ec ? LW_KEY_P256 : LW_KEY_RSA, x, y, &key), LW_OK);
		assert_true(n < 8);
		keys_[n++] = (struct oidc_key){ oidc_alg_find(lw_str(json_string_value(json_object_get(one, "alg")))),
			lw_str(json_string_value(json_object_get(one, "kid"))), key };
	}
	if (oidc_jws_verify(token, keys_, n, arena, &payload, why))
		payload.n = 0;
	claims = payload.n ? json_loadb((const char *)payload.p, payload.n, JSON_REJECT_DUPLICATES, NULL) : NULL;
	for (i = 0; i < n; i++)
		lw_sigkey_free((struct lw_sigkey *)(uintptr_t)keys_[i].key);
	json_decref(doc);
	return claims;
}

static const char *text(json_t *o, const char *name)
{
	const char *s = json_string_value(json_object_get(o, name));

	return s ? s : "";
}

/* Fields and signature by the recipe, with the published certificates. */
static int fields_of(struct lw_bytes xml, struct saml_assertion *a, struct lw_bytes *ret_signature)
{
	struct lw_bytes pem, der[8], rest;
	struct saml_doc *doc = NULL;
	int64_t until;
	size_t n = 0;
	int err;

	assert_int_equal(keys_public(web, KEYS_SAML_CERTS, LW_LIT("acme.example"), arena, &pem, &until), LW_OK);
	rest = pem;
	while (rest.n > 28 && n < 8) {
		const uint8_t *body = rest.p + 28, *end = memmem(body, rest.n - 28, "-----END", 8);
		char *b64 = lw_alloc(arena, rest.n);
		size_t at = 0;

		assert_non_null(end);
		for (const uint8_t *p = body; p < end; p++)
			if (*p != '\n')
				b64[at++] = (char)*p;
		assert_int_equal(lw_unbase64(arena, (struct lw_bytes){ (const uint8_t *)b64, at }, &der[n++]), LW_OK);
		rest = (struct lw_bytes){ end + 26, (size_t)(rest.p + rest.n - end - 26) };
	}
	err = saml_doc_parse(xml, &doc, why);
	if (!err)
		err = saml_assertion_verify(doc, saml_doc_root(doc), der, n, arena, a, ret_signature, why);
	saml_doc_free(doc);
	return err;
}

static struct saml_assertion assertion(struct lw_bytes xml, struct lw_bytes *ret_signature)
{
	struct saml_assertion a;
	struct lw_bytes sig;

	assert_int_equal(fields_of(xml, &a, &sig), LW_OK);
	if (ret_signature)
		*ret_signature = sig;
	return a;
}

static int show(const char *tenant, const struct saml_assertion *a, struct lw_bytes sig, enum keys_accept as, int64_t renewable, struct lw_cap *ret)
{
	struct keys_token t;
	struct lw_writer w;
	struct lw_cap cap;
	int err;

	lw_writer_init(&w, SAML_MAX);
	saml_assertion_put(&w, a);
	err = keys_accept_assertion(web, lw_str(tenant), lw_written(&w), sig, as, renewable, &t, &cap);
	if (!err && as == KEYS_AS_CREDENTIAL) {
		struct lw_cap again;

		assert_int_equal(keys_check(web, tok(&t), &again), LW_OK);
		assert_memory_equal(again.id, cap.id, sizeof(cap.id));
	}
	if (!err && ret)
		*ret = cap;
	lw_writer_done(&w);
	return err;
}

/* ---- tests ---- */

static size_t sets(enum keys_kind kind, size_t *ret_current)
{
	struct keys_set *v;
	size_t n, found = 0;

	*ret_current = 0;
	assert_int_equal(keys_list(directory, tok(&admin_t), acme, arena, &v, &n), LW_OK);
	for (size_t i = 0; i < n; i++) {
		if (v[i].kind == kind) {
			found++;
			*ret_current += v[i].state == KEYS_STATE_CURRENT;
		}
	}
	return found;
}

static void no_keys_yet(void **state)
{
	const struct keys_token_order rs256 = { .type = KEYS_JWT_TOKEN, .audience = LW_LIT(API), .alg = LW_LIT("RS256") };
	struct keys_issued t;
	struct lw_bytes b;
	int64_t until;
	size_t now;

	(void)state;
	assert_int_equal(order(&alice_t, KEYS_JWT_TOKEN, API, &t), LW_EAGAIN);
	assert_int_equal(keys_public(web, KEYS_JWKS, LW_LIT("acme.example"), arena, &b, &until), LW_EAGAIN);
	/* upkeep leaves what takes long for who asks for it */
	upkeep();
	assert_int_equal(sets(KEYS_SAML, &now), 0);
	assert_int_equal(sets(KEYS_JWT, &now), 1);
	assert_int_equal(ordered(&alice_t, &rs256, &t), LW_EAGAIN);
	assert_int_equal(order(&alice_t, KEYS_SAML2, "", &t), LW_EAGAIN);
	assert_int_equal(keys_public(web, KEYS_JWKS, LW_LIT("acme.example"), arena, &b, &until), LW_EAGAIN);
	assert_int_equal(keys_public(web, KEYS_SAML_CERTS, LW_LIT("acme.example"), arena, &b, &until), LW_EAGAIN);
	assert_int_equal(keys_want(directory, store, 99, KEYS_SAML), LW_ENOTFOUND);
	want(KEYS_SAML);
	assert_int_equal(sets(KEYS_SAML, &now), 1);
	assert_int_equal(now, 1);
	assert_int_equal(keys_public(web, KEYS_SAML_CERTS, LW_LIT("acme.example"), arena, &b, &until), LW_OK);
	assert_int_equal(sets(KEYS_JWT, &now), 1);
	want(KEYS_JWT);
	assert_int_equal(sets(KEYS_JWT, &now), 2);
	assert_int_equal(now, 2);
	want(KEYS_JWT); /* they are there */
	upkeep();       /* nothing is due */
	assert_int_equal(sets(KEYS_JWT, &now), 2);
	assert_int_equal(order(&alice_t, KEYS_JWT_TOKEN, API, &t), LW_EUNAVAIL); /* without a public URL there is no issuer */
	assert_int_equal(keyd_urls(k, "https://idp.acme.example", "http://idp.acme.example"), LW_OK);
	assert_int_equal(keys_public(web, KEYS_JWKS, LW_LIT("nowhere.example"), arena, &b, &until), LW_ENOTFOUND);
	assert_int_equal(keys_public(web, KEYS_SAML_CERTS, LW_LIT("nowhere.example"), arena, &b, &until), LW_ENOTFOUND);
}

static void jwt(void **state)
{
	struct keys_issued t;
	char sub[LW_UUID_TEXT];
	json_t *c;

	(void)state;
	assert_int_equal(order(&web_t, KEYS_JWT_TOKEN, API, &t), LW_OK);
	assert_int_equal(t.not_before, NOW);
	assert_int_equal(t.not_after, NOW + 600 * LW_SECOND); /* the grant's */
	c = claims_of(t.token);
	assert_non_null(c);
	lw_uuid_format(&alice, sub);
	assert_string_equal(text(c, "iss"), OP);
	assert_string_equal(text(c, "sub"), sub);
	assert_string_equal(text(c, "aud"), API);
	assert_bytes(t.id, text(c, "jti"));
	assert_int_equal(json_integer_value(json_object_get(c, "exp")), NOW / LW_SECOND + 600);
	assert_int_equal(json_integer_value(json_object_get(c, "iat")), NOW / LW_SECOND);
	assert_int_equal(json_integer_value(json_object_get(c, "auth_time")), NOW / LW_SECOND);
	assert_string_equal(json_string_value(json_array_get(json_object_get(c, "amr"), 0)), "pwd");
	assert_string_equal(text(c, "email"), "alice@acme.example");
	assert_string_equal(text(c, "preferred_username"), "alice");
	assert_null(json_object_get(c, "cn")); /* not released */
	json_decref(c);
	/* algorithms belong to keys */
	struct keys_token_order o = { .type = KEYS_JWT_TOKEN, .audience = LW_LIT(API), .alg = LW_LIT("RS256") };

	assert_int_equal(ordered(&alice_t, &o, &t), LW_OK);
	assert_memory_equal(t.token.p, "eyJhbGciOiJSUzI1NiIs", 20);
	json_decref(c = claims_of(t.token));
	assert_non_null(c);
	o.alg = LW_LIT("none");
	assert_int_equal(ordered(&alice_t, &o, &t), LW_EUNSUPPORTED);
	o.alg = LW_LIT("PS256");
	assert_int_equal(ordered(&alice_t, &o, &t), LW_EUNSUPPORTED);
	o.alg = LW_LIT("rsa-sha256");
	assert_int_equal(ordered(&alice_t, &o, &t), LW_EUNSUPPORTED);
}

static void saml(void **state)
{
	struct keys_issued t;
	struct saml_assertion a;
	char sub[LW_UUID_TEXT];

	(void)state;
	lw_uuid_format(&alice, sub);
	assert_int_equal(order(&web_t, KEYS_SAML2, ACS, &t), LW_OK); /* the URL where it will be sent stands for the relying party */
	a = assertion(t.token, NULL);
	assert_bytes(a.issuer, IDP);
	assert_bytes(a.audience, SP);
	assert_bytes(a.recipient, ACS);
	assert_bytes(a.name_id, sub);
	assert_bytes(a.name_id_format, "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent");
	assert_bytes(a.authn_context, "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport");
	assert_int_equal(a.not_before, NOW);
	assert_int_equal(a.not_on_or_after, NOW + HOUR);
	assert_int_equal(a.alg, SAML_RSA_SHA256);
	assert_true(lw_eq(a.id, t.id));
	assert_int_equal(a.id.p[0], '_');
	assert_int_equal(a.n_attrs, 1); /* in no group: no attribute */
	assert_bytes(a.attrs[0].name, "cn");
	assert_bytes(a.attrs[0].values[0], "alice");
	/* another NameID only from what is released */
	set("cn=shop,ou=applications," SUFFIX, "lwNameIdFormat", "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress");
	assert_int_equal(order(&web_t, KEYS_SAML2, SP, &t), LW_EUNWILLING);
	grant(&admin_cap, "g-mail", SUFFIX, "permit authenticated may token audience \"" SP "\" attrs(mail);");
	assert_int_equal(order(&web_t, KEYS_SAML2, SP, &t), LW_OK);
	a = assertion(t.token, NULL);
	assert_bytes(a.name_id, "alice@acme.example");
	assert_bytes(a.attrs[0].name, "entryUUID");
	assert_bytes(a.attrs[0].values[0], sub);
	set("cn=shop,ou=applications," SUFFIX, "lwNameIdFormat", "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent");
}

static void who_may(void **state)
{
	struct keys_token bob_t = login(directory, acme, &bob, "bob's password", NULL), op, beta_t = login(directory, beta, &beta_admin, "beta admin's password", NULL);
	struct keys_token_order o = { .type = KEYS_SAML2, .audience = LW_LIT(SP) };
	struct keys_issued t;
	struct lw_cap cap;

	(void)state;
	/* nobody hears whether a relying party is another tenant's or not there */
	assert_int_equal(order(&alice_t, KEYS_SAML2, "urn:theirs", &t), LW_EACCES);
	assert_int_equal(order(&alice_t, KEYS_SAML2, "urn:nobody", &t), LW_EACCES);
	assert_int_equal(order(&alice_t, KEYS_JWT_TOKEN, "urn:theirs", &t), LW_EACCES);
	assert_int_equal(order(&alice_t, KEYS_JWT_TOKEN, "urn:nobody", &t), LW_EACCES);
	/* a SAML relying party must be registered, although a grant speaks of it */
	assert_int_equal(order(&alice_t, KEYS_SAML2, API, &t), LW_EACCES);
	assert_int_equal(order(&alice_t, KEYS_SAML2, "", &t), LW_OK);
	assert_int_equal(order(&bob_t, KEYS_SAML2, "", &t), LW_EACCES);
	/* in another tenant's name */
	assert_int_equal(keys_token_issue(directory, tok(&beta_t), acme, &o, arena, &t, why), LW_EACCES);
	assert_int_equal(keys_token_issue(directory, tok(&beta_t), beta, &o, arena, &t, why), LW_EACCES);
	/* another role's token */
	assert_int_equal(keys_token_issue(web, tok(&alice_t), acme, &o, arena, &t, why), LW_EAUTH);
	/* about others: those that are hidden, or not there, alike */
	o.subject = bob;
	assert_int_not_equal(ordered(&alice_t, &o, &t), LW_OK);
	o.subject = (struct lw_uuid){ { 1 } };
	assert_int_equal(ordered(&alice_t, &o, &t), LW_ENOTFOUND);
	o.subject = (struct lw_uuid){ { 0 } };
	o.subject_name = LW_LIT("nobody");
	assert_int_equal(ordered(&alice_t, &o, &t), LW_ENOTFOUND);
	o.subject_name = LW_LIT("alice@beta.example");
	assert_int_equal(ordered(&alice_t, &o, &t), LW_ENOTFOUND);
	o.subject_name = LW_LIT("Alice@ACME.example");
	assert_int_equal(ordered(&alice_t, &o, &t), LW_OK);
	o.subject = alice; /* both */
	assert_int_equal(ordered(&alice_t, &o, &t), LW_EINVAL);
	/* the operator: about whom he says, for whom he says; somebody else's authentication is not the subject's */
	assert_int_equal(keys_operator(directory, acme, &op, &cap), LW_OK);
	o.subject_name = LW_LIT("");
	assert_int_equal(ordered(&op, &o, &t), LW_OK);
	assert_bytes(assertion(t.token, NULL).authn_context, "urn:oasis:names:tc:SAML:2.0:ac:classes:unspecified");
	o.type = KEYS_JWT_TOKEN;
	assert_int_equal(ordered(&op, &o, &t), LW_OK);
	json_t *c = claims_of(t.token);

	assert_non_null(c);
	assert_null(json_object_get(c, "auth_time"));
	assert_null(json_object_get(c, "amr"));
	json_decref(c);
	o.subject = (struct lw_uuid){ { 0 } };
	assert_int_equal(ordered(&op, &o, &t), LW_EINVAL);
	/* shut: at once */
	set("cn=shop,ou=applications," SUFFIX, "lwDisabled", "TRUE");
	assert_int_equal(order(&alice_t, KEYS_SAML2, SP, &t), LW_EACCES);
	set("cn=shop,ou=applications," SUFFIX, "lwDisabled", "FALSE");
	assert_int_equal(order(&alice_t, KEYS_SAML2, SP, &t), LW_OK);
}

static void life(void **state)
{
	static const struct {
		int64_t life, from, want_from, want_life;
	} rows[] = {
		{ 0, 0, NOW, HOUR },
		{ 60 * LW_SECOND, 0, NOW, 60 * LW_SECOND },
		{ INT64_MAX, 0, NOW, HOUR },
		{ HOUR, NOW - 10 * LW_SECOND, NOW - 10 * LW_SECOND, HOUR },
		{ HOUR, 1, NOW - 300 * LW_SECOND, HOUR },
		{ HOUR, NOW + 600 * LW_SECOND, NOW + 600 * LW_SECOND, HOUR },
		{ HOUR, INT64_MAX, NOW + HOUR, HOUR },
	};
	struct keys_token_order o = { .type = KEYS_SAML2, .audience = LW_LIT(SP) };
	struct keys_issued t;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		o.life = rows[i].life;
		o.not_before = rows[i].from;
		assert_int_equal(ordered(&alice_t, &o, &t), LW_OK);
		assert_int_equal(t.not_before, rows[i].want_from);
		assert_int_equal(t.not_after - t.not_before, rows[i].want_life);
	}
	o.life = -1;
	assert_int_equal(ordered(&alice_t, &o, &t), LW_EINVAL);
}

static void comes_back(void **state)
{
	struct keys_issued t;
	struct saml_assertion a, b;
	struct lw_bytes sig, bad;
	struct lw_cap cap;

	(void)state;
	assert_int_equal(order(&web_t, KEYS_SAML2, "", &t), LW_OK);
	a = assertion(t.token, &sig);
	assert_int_equal(show("acme.example", &a, sig, KEYS_AS_CREDENTIAL, 0, &cap), LW_OK);
	assert_true(lw_uuid_eq(&cap.subject, &alice));
	assert_int_equal(cap.tenant, acme);
	assert_int_equal(cap.methods, LW_CAP_TOKEN);
	assert_int_equal(cap.auth_time, NOW);
	assert_true(cap.expiry <= NOW + HOUR);
	assert_int_equal(show("ACME.Example", &a, sig, KEYS_AS_TARGET, 0, &cap), LW_OK);
	assert_true(lw_uuid_eq(&cap.subject, &alice));
	/* not ours */
	assert_int_equal(show("beta.example", &a, sig, KEYS_AS_CREDENTIAL, 0, NULL), LW_EAUTH);
	assert_int_equal(show("nowhere.example", &a, sig, KEYS_AS_CREDENTIAL, 0, NULL), LW_EAUTH);
	b = a;
	b.name_id = LW_LIT("0193576e-2222-7000-8000-000000000002");
	assert_int_equal(show("acme.example", &b, sig, KEYS_AS_CREDENTIAL, 0, NULL), LW_EAUTH);
	b = a;
	b.not_on_or_after += LW_SECOND;
	assert_int_equal(show("acme.example", &b, sig, KEYS_AS_CREDENTIAL, 0, NULL), LW_EAUTH);
	bad = lw_dup(arena, sig);
	((uint8_t *)(uintptr_t)bad.p)[7] ^= 1;
	assert_int_equal(show("acme.example", &a, bad, KEYS_AS_CREDENTIAL, 0, NULL), LW_EAUTH);
	assert_int_equal(show("acme.example", &a, LW_LIT(""), KEYS_AS_TARGET, 0, NULL), LW_EAUTH);
	/* for a relying party: to be renewed, not to log in with */
	assert_int_equal(order(&web_t, KEYS_SAML2, SP, &t), LW_OK);
	b = assertion(t.token, &bad);
	assert_int_equal(show("acme.example", &b, bad, KEYS_AS_CREDENTIAL, 0, NULL), LW_EAUTH);
	assert_int_equal(show("acme.example", &b, bad, KEYS_AS_TARGET, 0, NULL), LW_OK);
	/* times */
	clk.test_wall = NOW - LW_SECOND;
	assert_int_equal(show("acme.example", &a, sig, KEYS_AS_CREDENTIAL, 0, NULL), LW_EAUTH);
	clk.test_wall = NOW + HOUR - 1;
	assert_int_equal(show("acme.example", &a, sig, KEYS_AS_CREDENTIAL, 0, NULL), LW_OK);
	clk.test_wall = NOW + HOUR;
	assert_int_equal(show("acme.example", &a, sig, KEYS_AS_CREDENTIAL, 0, NULL), LW_EEXPIRED);
	assert_int_equal(show("acme.example", &a, sig, KEYS_AS_TARGET, 0, NULL), LW_EEXPIRED);
	assert_int_equal(show("acme.example", &a, sig, KEYS_AS_TARGET, 60 * LW_SECOND, NULL), LW_OK);
	clk.test_wall = NOW + HOUR + 60 * LW_SECOND;
	assert_int_equal(show("acme.example", &a, sig, KEYS_AS_TARGET, 60 * LW_SECOND, NULL), LW_EEXPIRED);
	clk.test_wall = NOW;
	/* cancelled */
	struct store_op op = { .kind = STORE_TOKEN_CANCEL, .record = { .id = a.id, .until = NOW + HOUR } };
	struct store_result res = { 0 };

	assert_int_equal(write_as(&admin_cap, &op, &res), LW_OK);
	assert_int_equal(show("acme.example", &a, sig, KEYS_AS_CREDENTIAL, 0, NULL), LW_EAUTH);
	assert_int_equal(show("acme.example", &a, sig, KEYS_AS_TARGET, HOUR, NULL), LW_EAUTH);
	/* somebody who is shut */
	assert_int_equal(order(&web_t, KEYS_SAML2, "", &t), LW_OK);
	a = assertion(t.token, &sig);
	set("uid=alice,ou=people," SUFFIX, "lwDisabled", "TRUE");
	assert_int_equal(show("acme.example", &a, sig, KEYS_AS_CREDENTIAL, 0, NULL), LW_EAUTH);
	set("uid=alice,ou=people," SUFFIX, "lwDisabled", "FALSE");
	assert_int_equal(show("acme.example", &a, sig, KEYS_AS_CREDENTIAL, 0, NULL), LW_OK);
}

/* A new password ends what the former one began, also what was renewed meanwhile; and then begins anew. */
static void another_password(void **state)
{
	struct store_op op = { .kind = STORE_SET_SECRET, .uuid = alice };
	struct store_result res = { 0 };
	struct keys_issued t;
	struct saml_assertion a, b;
	struct lw_bytes sig, sig_b;
	struct lw_cap cap;

	(void)state;
	assert_int_equal(order(&web_t, KEYS_SAML2, "", &t), LW_OK);
	a = assertion(t.token, &sig);
	assert_int_equal(order(&web_t, KEYS_SAML2, SP, &t), LW_OK);
	b = assertion(t.token, &sig_b);
	assert_int_equal(show("acme.example", &a, sig, KEYS_AS_CREDENTIAL, 0, NULL), LW_OK);
	assert_int_equal(keys_set_password(directory, tok(&admin_t), acme, &alice, 0, NULL, NONE, LW_LIT("alice's next password"), &HERE, arena, &op.secrets,
	                         &op.nsecrets, why),
		LW_OK);
	assert_int_equal(write_as(&admin_cap, &op, &res), LW_OK);
	assert_int_equal(show("acme.example", &a, sig, KEYS_AS_CREDENTIAL, 0, NULL), LW_EAUTH);
	assert_int_equal(show("acme.example", &a, sig, KEYS_AS_TARGET, 0, NULL), LW_EAUTH);
	assert_int_equal(show("acme.example", &b, sig_b, KEYS_AS_TARGET, 0, NULL), LW_OK); /* a relying party's is no credential */
	alice_t = login(directory, acme, &alice, "alice's next password", NULL);
	web_t = login(web, acme, &alice, "alice's next password", NULL);
	assert_int_equal(order(&web_t, KEYS_SAML2, "", &t), LW_OK);
	a = assertion(t.token, &sig);
	assert_int_equal(show("acme.example", &a, sig, KEYS_AS_CREDENTIAL, 0, &cap), LW_OK);
	assert_int_equal(cap.flags & LW_CAP_ASSERTED, 0);
}

/* Who may speak as alice about nothing in particular may not by that have what her own grants give her. */
static void in_her_name(void **state)
{
	struct keys_token_order o = { .type = KEYS_SAML2, .subject = alice };
	struct keys_token bob_t;
	struct keys_issued t;
	struct saml_assertion a;
	struct lw_bytes sig;

	(void)state;
	grant(&admin_cap, "g-bob", SUFFIX, "permit user bob may impersonate person under ou=people;");
	grant(&admin_cap, "g-bob-none", SUFFIX, "permit user bob may token audience none;");
	bob_t = login(directory, acme, &bob, "bob's password", NULL);
	assert_int_equal(ordered(&bob_t, &o, &t), LW_OK);
	a = assertion(t.token, &sig);
	assert_int_equal(show("acme.example", &a, sig, KEYS_AS_TARGET, 0, NULL), LW_OK);
	assert_int_equal(show("acme.example", &a, sig, KEYS_AS_CREDENTIAL, 0, NULL), LW_EAUTH);
}

/* What a certificate began stays asserted through any number of assertions. */
static void stays_asserted(void **state)
{
	struct keys_token asserted;
	struct keys_issued t;
	struct saml_assertion a;
	struct lw_bytes sig;
	struct lw_cap cap;

	(void)state;
	login(directory, acme, &alice, "alice's next password", &cap);
	cap.methods = LW_CAP_CERT;
	cap.flags |= LW_CAP_ASSERTED;
	cap.role = LW_ROLE_WEB;
	assert_int_equal(keys_cap_mint(&k->cap_key, &cap, &asserted), LW_OK);
	for (int i = 0; i < 2; i++) {
		struct keys_token_order o = { .type = KEYS_SAML2 };
		struct lw_writer w;

		assert_int_equal(keys_token_issue(web, tok(&asserted), acme, &o, arena, &t, why), LW_OK);
		a = assertion(t.token, &sig);
		lw_writer_init(&w, SAML_MAX);
		saml_assertion_put(&w, &a);
		assert_int_equal(keys_accept_assertion(web, LW_LIT("acme.example"), lw_written(&w), sig, KEYS_AS_CREDENTIAL, 0, &asserted, &cap), LW_OK);
		lw_writer_done(&w);
		assert_true(cap.flags & LW_CAP_ASSERTED);
	}
}

static int rotate_when(enum keys_kind kind, const char *alg, bool at_once)
{
	struct store_sealed_item item;
	struct store_op op = { .kind = STORE_TENANT_KEYS, .secrets = &item, .nsecrets = 1 };
	struct store_result res = { 0 };
	int err = keys_rotate(directory, tok(&admin_t), acme, kind, alg, at_once, arena, &item, why);

	return err ? err : write_as(&admin_cap, &op, &res);
}

static int rotate(enum keys_kind kind, const char *alg)
{
	return rotate_when(kind, alg, true);
}

static void rotation(void **state)
{
	struct keys_issued old_jwt, old_saml, t;
	struct saml_assertion a;
	struct lw_bytes sig;
	json_t *c;
	size_t now;

	(void)state;
	alice_t = login(directory, acme, &alice, "alice's next password", NULL);
	web_t = login(web, acme, &alice, "alice's next password", NULL);
	assert_int_equal(order(&alice_t, KEYS_JWT_TOKEN, API, &old_jwt), LW_OK);
	assert_int_equal(order(&alice_t, KEYS_SAML2, "", &old_saml), LW_OK);
	a = assertion(old_saml.token, &sig);
	assert_int_equal(rotate(KEYS_JWT, NULL), LW_OK);
	assert_int_equal(rotate(KEYS_SAML, "p256"), LW_OK);
	assert_int_equal(sets(KEYS_JWT, &now), 4);
	assert_int_equal(now, 2);
	assert_int_equal(sets(KEYS_SAML, &now), 2);
	assert_int_equal(now, 1);
	/* what the former keys signed stays good, new ones sign */
	json_decref(c = claims_of(old_jwt.token));
	assert_non_null(c);
	assert_int_equal(show("acme.example", &a, sig, KEYS_AS_CREDENTIAL, 0, NULL), LW_OK);
	assert_int_equal(order(&alice_t, KEYS_JWT_TOKEN, API, &t), LW_OK);
	assert_memory_not_equal(t.token.p, old_jwt.token.p, 90); /* the header has another kid */
	json_decref(c = claims_of(t.token));
	assert_non_null(c);
	assert_int_equal(order(&alice_t, KEYS_SAML2, "", &t), LW_OK);
	a = assertion(t.token, &sig);
	assert_int_equal(a.alg, SAML_ECDSA_SHA256);
	assert_int_equal(show("acme.example", &a, sig, KEYS_AS_CREDENTIAL, 0, NULL), LW_OK);
	/* kinds of keys that are not for it */
	assert_int_equal(rotate(KEYS_JWT, "p384"), LW_EINVAL);
	assert_int_equal(rotate(KEYS_JWT, "dsa"), LW_EINVAL);
	/* the former ones go when nothing that they signed is good any more */
	clk.test_wall += 49 * HOUR;
	upkeep();
	admin_t = login(directory, acme, &acme_admin, "acme admin's password", &admin_cap);
	assert_int_equal(sets(KEYS_JWT, &now), 2);
	assert_int_equal(now, 2);
	assert_null(claims_of(old_jwt.token));
	assert_int_equal(keys_rotate(directory, tok(&alice_t), acme, KEYS_JWT, NULL, false, arena, &(struct store_sealed_item){ 0 }, why), LW_EEXPIRED);
	alice_t = login(directory, acme, &alice, "alice's next password", NULL);
	assert_int_equal(keys_rotate(directory, tok(&alice_t), acme, KEYS_JWT, NULL, false, arena, &(struct store_sealed_item){ 0 }, why), LW_EACCES);
}

/* A new key is published a day before it signs; the old one is there for two days after that. */
static void published_before_use(void **state)
{
	struct keys_issued before, t;
	struct keys_set *v;
	struct lw_bytes b;
	int64_t until, start;
	size_t n, now;
	json_t *c;

	(void)state;
	start = lw_wall(&clk);
	assert_int_equal(order(&alice_t, KEYS_JWT_TOKEN, API, &before), LW_OK);
	assert_int_equal(rotate_when(KEYS_JWT, NULL, false), LW_OK);
	assert_int_equal(rotate_when(KEYS_SAML, NULL, false), LW_OK);
	assert_int_equal(sets(KEYS_JWT, &now), 4);
	assert_int_equal(now, 2);
	assert_int_equal(keys_list(directory, tok(&admin_t), acme, arena, &v, &n), LW_OK);
	for (size_t i = 0; i < n; i++) {
		if (v[i].kind == KEYS_CA)
			continue;
		assert_true(v[i].state == (v[i].created == start ? KEYS_STATE_NEXT : KEYS_STATE_CURRENT));
		assert_true(v[i].use_from == (v[i].created == start ? start + 24 * HOUR : v[i].created));
		assert_true(v[i].needed == (v[i].created == start ? 0 : start + 72 * HOUR));
		assert_true(v[i].next == (v[i].created == start && v[i].kind == KEYS_JWT ? start + 90 * 24 * HOUR : 0));
	}
	assert_int_equal(keys_public(web, KEYS_JWKS, LW_LIT("acme.example"), arena, &b, &until), LW_OK);
	assert_true(until == start + 60 * LW_SECOND);
	/* it is among the published ones, and does not sign yet */
	assert_int_equal(order(&alice_t, KEYS_JWT_TOKEN, API, &t), LW_OK);
	assert_memory_equal(t.token.p, before.token.p, 90);
	clk.test_wall = start + 24 * HOUR - LW_SECOND;
	alice_t = login(directory, acme, &alice, "alice's next password", NULL);
	assert_int_equal(order(&alice_t, KEYS_JWT_TOKEN, API, &t), LW_OK);
	assert_memory_equal(t.token.p, before.token.p, 90);
	json_decref(c = claims_of(t.token));
	assert_non_null(c);
	/* its time has come; nothing had to be written for that */
	clk.test_wall = start + 24 * HOUR;
	assert_int_equal(order(&alice_t, KEYS_JWT_TOKEN, API, &t), LW_OK);
	assert_memory_not_equal(t.token.p, before.token.p, 90);
	json_decref(c = claims_of(t.token));
	assert_non_null(c);
	/* a clock that is turned back has a key all the same */
	clk.test_wall = start - 2000 * HOUR;
	alice_t = login(directory, acme, &alice, "alice's next password", NULL);
	assert_int_equal(order(&alice_t, KEYS_JWT_TOKEN, API, &t), LW_OK);
	clk.test_wall = start + 72 * HOUR - LW_SECOND;
	upkeep();
	admin_t = login(directory, acme, &acme_admin, "acme admin's password", &admin_cap);
	assert_int_equal(sets(KEYS_JWT, &now), 4);
	clk.test_wall += 2 * LW_SECOND;
	upkeep();
	assert_int_equal(sets(KEYS_JWT, &now), 2);
	assert_int_equal(sets(KEYS_SAML, &now), 1);
	assert_null(claims_of(before.token));
	/* and by itself, at ninety days of age */
	clk.test_wall = start + 90 * 24 * HOUR;
	upkeep();
	want(KEYS_JWT);
	admin_t = login(directory, acme, &acme_admin, "acme admin's password", &admin_cap);
	assert_int_equal(sets(KEYS_JWT, &now), 4);
	assert_int_equal(now, 2);
	assert_int_equal(sets(KEYS_SAML, &now), 1); /* never by itself */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_keys_yet),
		cmocka_unit_test(jwt),
		cmocka_unit_test(saml),
		cmocka_unit_test(who_may),
		cmocka_unit_test(life),
		cmocka_unit_test(comes_back),
		cmocka_unit_test(another_password),
		cmocka_unit_test(in_her_name),
		cmocka_unit_test(stays_asserted),
		cmocka_unit_test(rotation),
		cmocka_unit_test(published_before_use),
	};

	return cmocka_run_group_tests_name("keyd_token", tests, world, gone);
}
