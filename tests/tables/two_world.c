/* SPDX-License-Identifier: Apache-2.0 */
/* What both tenants have, under the same names. */
#include "tests/tables/two.h"

#include <ctype.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include "base/ber.h"
#include "base/ctl.h"
#include "base/text.h"

struct tenant tenants[2] = {
	{ .name = "beta.example", .realm = "BETA.EXAMPLE", .word = "kestrelbqzx", .sign = '$' },
	{ .name = "gamma.example", .realm = "GAMMA.EXAMPLE", .word = "kestrelgqzx", .sign = '^' },
};

/* "~" is the suffix, "#" the word; the administrator adds these. */
#define PERSON(uid) "objectClass=inetOrgPerson uid=" uid " cn=" uid " "
#define VALUES      "sn=# givenName=# description=# title=# homePhone=+1-5 employeeNumber=# seeAlso=uid=#,ou=people,~ "
#define SECRET      "userPassword=" PASSWORD
#define GRANT(name) "cn=" name ",ou=grants,~ objectClass=lwGrant cn=" name " lwGrantText="
static const char *const entries[] = {
	"uid=#,ou=people,~ " PERSON("#") "sn=#",
	"uid=alice,ou=people,~ " PERSON("alice") VALUES "mail=alice.#@x.example " SECRET,
	"uid=bob,ou=people,~ " PERSON("bob") VALUES "mail=bob.#@x.example " SECRET,
	"uid=carol,ou=people,~ " PERSON("carol") VALUES,
	"uid=dora,ou=people,~ " PERSON("dora") VALUES SECRET,
	"uid=#k,ou=people,~ " PERSON("#k") "sn=kim " SECRET,
	"cn=web1,ou=hosts,~ objectClass=lwHost cn=web1 description=#",
	"cn=staff,ou=groups,~ objectClass=groupOfNames cn=staff member=uid=bob,ou=people,~ member=uid=alice,ou=people,~ member=uid=#,ou=people,~ description=#",
	"cn=#,ou=groups,~ objectClass=groupOfNames cn=# member=uid=alice,ou=people,~ member=uid=bob,ou=people,~",
	"ou=#,~ objectClass=organizationalUnit ou=#",
	"uid=dave,ou=#,~ " PERSON("dave") VALUES,
	"ou=cellar,~ objectClass=organizationalUnit ou=cellar",
	"uid=erin,ou=cellar,~ " PERSON("erin") VALUES,
	"cn=dark,ou=hosts,~ objectClass=lwHost cn=dark description=#",
	GRANT("cellar") "forbid_group_staff_may_read,search,compare_any_under_ou=cellar_attrs(*);",
	GRANT("dark") "forbid_group_staff_may_read,search,compare,ticket_host_named_dark_attrs(*);",
	GRANT("#") "permit_user_alice_may_read_person_under_ou=#_attrs(description);",
	GRANT("g1") "permit_user_alice_may_write_group_named_staff_attrs(member);",
	GRANT("g2") "permit_user_alice_may_delete,move_any;",
	GRANT("g3") "permit_user_alice_may_create_person_under_ou=people_attrs(*);",
	GRANT("g4") "permit_user_alice_may_write_any_attrs(description,seeAlso,title);",
	GRANT("g5") "permit_authenticated_may_token_audience_none;",
	GRANT("g6") "permit_authenticated_may_token_attrs(sub,groups,email,name);",
};

/* ---- text ---- */

static char *for_tenant(const struct tenant *t, const char *text)
{
	char *out = lw_alloc(world.arena, 16 * strlen(text) + 1), *p = out;

	for (; *text; text++) {
		if (*text == '#')
			p = stpcpy(p, t->word);
		else
			*p++ = *text == '~' ? t->sign : *text;
	}
	*p = 0;
	return out;
}

/* ---- LDAP ---- */

static size_t operation(struct lw_bytes b, size_t at)
{
	at += 2 + (b.p[at + 1] & 0x80 ? b.p[at + 1] & 0x7f : 0);
	return at + 2 + b.p[at + 1];
}

int ldap_code(struct lw_bytes b)
{
	size_t at = 0, last = 0, total;

	while (at < b.n && !lw_ber_frame((struct lw_bytes){ b.p + at, b.n - at }, SIZE_MAX / 2, &total)) {
		last = at;
		at += total;
	}
	if (!b.n)
		return -1;
	at = operation(b, last);
	at += 2 + (b.p[at + 1] & 0x80 ? b.p[at + 1] & 0x7f : 0);
	return b.p[at + 2];
}

struct lw_bytes ldap_one(struct wire *w, const char *request)
{
	struct lw_writer out;
	struct lw_bytes b;

	lw_writer_init(&out, 1u << 20);
	ldap_encode(&out, 2, request);
	wire_send(w, lw_written(&out));
	lw_writer_done(&out);
	b = wire_answer(w);
	if (!b.n)
		die("no answer to %s", request);
	return b;
}

struct wire *ldap_login(const char *dn, const char *password)
{
	struct wire *w = wire_new(389, false, whole_ldap);

	if (dn && ldap_code(ldap_one(w, lw_printf(world.arena, "bind %s %s", dn, password))))
		die("%s can't log in", dn);
	return w;
}

static void must(struct wire *w, const char *request)
{
	int code = ldap_code(ldap_one(w, request));

	if (code)
		die("%s: %d", request, code);
}

/* ---- HTTP ---- */

char *http_text(const char *method, const char *path, const char *token, const char *body)
{
	return lw_printf(world.arena, "%s %s HTTP/1.1\r\nHost: localhost:%d\r\n%s%s%s%sContent-Length: %zu\r\n\r\n%s", method, path, 443 + two.offset,
	        token ? "Authorization: " : "", token ? token : "", token ? "\r\n" : "", body && *body == '{' ? "Content-Type: application/json\r\n" : "",
	        body ? strlen(body) : 0, body ? body : "");
}

int http_one(struct wire *w, const char *request, struct lw_bytes *ret)
{
	wire_send(w, lw_str(request));
	*ret = wire_answer(w);
	return ret->n > 12 ? atoi((const char *)ret->p + 9) : -1;
}

char *http_basic(const char *user, const char *password)
{
	return lw_printf(world.arena, "Basic %s", lw_base64(world.arena, lw_str(lw_printf(world.arena, "%s:%s", user, password))));
}

static char *member(struct lw_bytes answer, const char *name)
{
	const char *key = lw_printf(world.arena, "\"%s\":\"", name), *at = memmem(answer.p, answer.n, key, strlen(key)), *end;

	if (!at)
		die("no %s in %.*s", name, (int)answer.n, (const char *)answer.p);
	at += strlen(key);
	end = memchr(at, '"', answer.n - (size_t)(at - (const char *)answer.p));
	return strndup(at, (size_t)(end - at));
}

char *http_login(const char *tenant, const char *user, const char *password)
{
	struct wire *w = wire_new(443, true, whole_http);
	char *path = lw_printf(world.arena, "/api/v1/tenants/%s/login", tenant), *token, *ret;
	struct lw_bytes a;

	if (http_one(w, http_text("POST", path, http_basic(user, password), ""), &a) != 200)
		die("%s can't log in: %.*s", user, (int)a.n, (const char *)a.p);
	token = member(a, "token");
	wire_free(w);
	if (asprintf(&ret, "Bearer %s", token) < 0)
		die("out of memory");
	free(token);
	return ret;
}

static const char *csr(void)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509_REQ *req = X509_REQ_new();
	BIO *bio = BIO_new(BIO_s_mem());
	char *text, *out, *p;
	long n;

	if (!key || !req || !X509_REQ_set_pubkey(req, key) || !X509_REQ_sign(req, key, EVP_sha256()) || !PEM_write_bio_X509_REQ(bio, req))
		die("no certificate request");
	n = BIO_get_mem_data(bio, &text);
	p = out = lw_alloc(world.arena, 2 * (size_t)n + 1);
	for (long i = 0; i < n; i++)
		p = text[i] == '\n' ? stpcpy(p, "\\n") : (*p = text[i], p + 1);
	*p = 0;
	BIO_free(bio);
	X509_REQ_free(req);
	EVP_PKEY_free(key);
	return out;
}

static void make_certificates(struct tenant *t)
{
	static const char *const users[] = { "alice", "bob", "alice", "bob" };
	char *path = lw_printf(world.arena, "/api/v1/tenants/%s/certificates", t->name);

	for (unsigned i = 0; i < 4; i++) {
		char *token = http_login(t->name, users[i], PASSWORD), *serial;
		struct wire *w = wire_new(443, true, whole_http);
		struct lw_bytes a;

		if (http_one(w, http_text("POST", path, token, lw_printf(world.arena, "{\"csr\":\"%s\"}", csr())), &a) != 201)
			die("no certificate: %.*s", (int)a.n, (const char *)a.p);
		serial = member(a, "name");
		if (strlen(serial) != 32)
			die("what serial is %s?", serial);
		strcpy(t->serials[i], serial);
		free(serial);
		free(token);
		wire_free(w);
	}
}

/* ---- the control socket ---- */

void control_text(struct lw_writer *out, const char *request)
{
	struct ctl_pair pairs[16];
	struct ctl_request q = { .pairs = pairs };
	char *w[16];
	size_t n = words(lw_strdup(world.arena, request), w, 16);

	q.verb = lw_str(w[0]);
	for (size_t i = 1; i < n; i++) {
		char *eq = strchr(w[i], '=');

		if (*w[i] == '@') {
			q.tenant = lw_str(w[i] + 1);
			continue;
		}
		*eq = 0;
		pairs[q.npairs++] = (struct ctl_pair){ lw_str(w[i]), lw_str(eq + 1) };
	}
	ctl_request_put(out, &q);
}

/* Does the end say that all went well? */
static bool fine(struct lw_bytes a)
{
	struct lw_reader r;
	bool good = false;

	for (lw_reader_init(&r, a); lw_reader_left(&r);) {
		struct lw_bytes m = lw_get_counted(&r, a.n);

		good = m.n > 4 && m.p[0] == CTL_END && !(m.p[1] | m.p[2] | m.p[3] | m.p[4]);
	}
	return good;
}

static void control(const char *request)
{
	struct wire *w = wire_new(0, false, whole_control);
	struct lw_writer out;
	struct lw_bytes a;

	lw_writer_init(&out, 65536);
	control_text(&out, request);
	wire_send(w, lw_written(&out));
	lw_writer_done(&out);
	a = wire_answer(w);
	if (!fine(a))
		die("%s: %.*s", request, (int)a.n, (const char *)a.p);
	wire_free(w);
}

/* ---- all of it ---- */

static bool is_uuid(const uint8_t *p)
{
	for (int i = 0; i < 36; i++)
		if (i == 8 || i == 13 || i == 18 || i == 23 ? p[i] != '-' : !isxdigit(p[i]))
			return false;
	return true;
}

/* All but the tenant's own, which its certificates have. */
static void learn_ids(struct wire *w, struct tenant *t)
{
	char own[37] = "";

	for (int all = 0; all < 2; all++) {
		struct lw_bytes a = ldap_one(w, for_tenant(t, all ? "search sub ~ (objectClass=*) entryUUID" : "search base ~ (objectClass=*) entryUUID"));

		for (size_t i = 0; i + 36 <= a.n; i++) {
			char id[37];

			if (!is_uuid(a.p + i))
				continue;
			memcpy(id, a.p + i, 36);
			id[36] = 0;
			i += 35;
			if (!all)
				strcpy(own, id);
			else if (strcmp(id, own) && t->nids < sizeof(t->ids) / sizeof(*t->ids))
				strcpy(t->ids[t->nids++], id);
		}
	}
	if (t->nids < 30 || t->nids == sizeof(t->ids) / sizeof(*t->ids))
		die("%u ids", t->nids);
}

/* The salt of the password stays what it was. */
static void rename_kim(struct wire *w, const struct tenant *t, const char *word)
{
	must(w, for_tenant(t, lw_printf(world.arena, "moddn uid=%sk,ou=people,~ uid=kim", word)));
	must(w, for_tenant(t, lw_printf(world.arena, "modify uid=kim,ou=people,~ replace:krbPrincipalName=kim@%s", t->realm)));
}

static void make_tenant(struct tenant *t)
{
	struct wire *w = ldap_login(for_tenant(t, "uid=admin,ou=people,~"), two.admin);

	for (size_t i = 0; i < sizeof(entries) / sizeof(*entries); i++)
		must(w, lw_printf(world.arena, "add %s", for_tenant(t, entries[i])));
	rename_kim(w, t, t->word);
	control(lw_printf(world.arena, "object.disable @%s kind=user name=dora", t->name));
	control(lw_printf(world.arena, "object.create @%s kind=rp name=shop entity-id=urn:%s:shop acs=https://%s.example/acs", t->name, t->word, t->word));
	control(lw_printf(world.arena, "object.create @%s kind=service name=HTTP/web1.%s", t->name, t->name));
	control(lw_printf(world.arena, "keytab.get @%s name=service:HTTP/web1.%s rotate=true", t->name, t->name));
	control(lw_printf(world.arena, "keytab.get @%s name=host:dark rotate=true", t->name));
	make_certificates(t);
	learn_ids(w, t);
	wire_free(w);
}

void two_world(void)
{
	for (int i = 0; i < 2; i++) {
		struct tenant *t = &tenants[i];

		make_tenant(t);
		canary_word((enum side)i, t->word);
		for (unsigned k = 0; k < t->nids; k++)
			canary_id((enum side)i, t->ids[k]);
		for (unsigned k = 0; k < 4; k++)
			canary_id((enum side)i, t->serials[k]);
	}
	canary_done();
}

void two_plant(void)
{
	static const char *const where[] = { "uid=alice,ou=people,~", "uid=bob,ou=people,~", "uid=carol,ou=people,~", "cn=staff,ou=groups,~" };
	const struct tenant *t = &tenants[GAMMA];
	struct wire *w = ldap_login(for_tenant(t, "uid=admin,ou=people,~"), two.admin);
	const char *word = tenants[BETA].word;

	for (size_t i = 0; i < sizeof(where) / sizeof(*where); i++)
		must(w, lw_printf(world.arena, "modify %s add:description=%s", for_tenant(t, where[i]), word));
	must(w, for_tenant(t, lw_printf(world.arena, "add uid=%sk,ou=people,~ objectClass=inetOrgPerson uid=%sk cn=k sn=k " SECRET, word, word)));
	must(w, for_tenant(t, "delete uid=kim,ou=people,~"));
	rename_kim(w, t, word);
	wire_free(w);
}
