/* SPDX-License-Identifier: Apache-2.0 */
/* keyd's messages, built by hand. A request: MESSAGE WORD…
 *   tenant=beta|acme|gamma|own|none  target=DN|own  password=…  old=…  new (the target is being made)
 *   from=monitor|keyd|kdc     the role whose socket pair it came by; directory where nothing is said
 *   for=monitor|keyd|kdc      the role that a token is minted for, or that the message says it was; directory
 *   age=SECONDS               since the authentication that the KDC tells of
 *   rotate                    new keys
 *   in=NAME user=TEXT         a login in beta.example, or there
 *   kind=ca  what=root|ca|crl  serial=HH (sixteen times that octet)  profile=NAME  ocsp=TEXT  file=TEXT
 *   token=none|forged|monitor|kdc|expired|asserted|other-boot   else a good one of the asking subject; anonymous
 * has none changed                   the subject has just changed its own password, with this token The
 * outcome is keyd's error. */
#include "tests/tables/tables.h"

#include <unistd.h>

#include <openssl/evp.h>
#include <openssl/x509.h>

#include "keys/keyd.h"

static size_t rows(void)
{
	return keys_nrows;
}

static const char *row(size_t i)
{
	return keys_rows[i].name;
}

static unsigned rights(size_t i, struct right ret[4])
{
	const struct keys_row *r = &keys_rows[i];
	unsigned n = 0;

	ret[n++] = (struct right){ "from", (void *)&r->from, sizeof(r->from), r->from };
	ret[n++] = (struct right){ "need", (void *)&r->need, sizeof(r->need), r->need };
	if (r->verb)
		ret[n++] = (struct right){ "verb", (void *)&r->verb, sizeof(r->verb), r->verb };
	return n;
}

static bool granted(const struct line *l, const char *outcome)
{
	return !strcmp(outcome, "OK");
}

static uint32_t tenant_named(enum column who, const char *name)
{
	if (!strcmp(name, "own"))
		return world_tenant(who);
	return !strcmp(name, "beta")    ? world.beta
	       : !strcmp(name, "acme")  ? world.acme
	       : !strcmp(name, "gamma") ? world.gamma
	       : !strcmp(name, "any")   ? 0
	                                : 99;
}

/* What keyd would have minted for the subject. */
static struct lw_bytes mint(enum column who, const char *kind)
{
	struct lw_cap cap;
	struct keys_cap_key key = world.keyd->cap_key;
	struct keys_token token;
	struct lw_bytes b;

	if (who == ANONYMOUS || !strcmp(kind, "none"))
		return (struct lw_bytes){ NULL, 0 };
	world_cap(who, &cap);
	if (!strcmp(kind, "monitor"))
		cap.role = LW_ROLE_MONITOR;
	if (!strncmp(kind, "kdc", 3))
		cap.role = LW_ROLE_KDC;
	if (!strncmp(kind, "web", 3))
		cap.role = LW_ROLE_WEB;
	if (strstr(kind, "expired")) {
		cap.auth_time -= KEYS_CAP_LIFE;
		cap.expiry = lw_wall(&world.clock);
	}
	if (!strcmp(kind, "asserted")) {
		cap.flags |= LW_CAP_ASSERTED;
		cap.methods = LW_CAP_CERT;
	}
	key.b[0] ^= !strcmp(kind, "other-boot");
	check(keys_cap_mint(&key, &cap, &token), "mint");
	b = lw_dup(world.arena, (struct lw_bytes){ token.b, token.n });
	if (strstr(kind, "forged"))
		((uint8_t *)b.p)[b.n / 2] ^= 1;
	return b;
}

struct lw_bytes table_csr(void)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509_REQ *req = X509_REQ_new();
	unsigned char *der = NULL;
	struct lw_bytes b;
	int n;

	if (!key || !req || !X509_REQ_set_pubkey(req, key) || !X509_REQ_sign(req, key, EVP_sha256()))
		die("no certificate request");
	n = i2d_X509_REQ(req, &der);
	b = lw_dup(world.arena, (struct lw_bytes){ der, n > 0 ? (size_t)n : 0 });
	OPENSSL_free(der);
	X509_REQ_free(req);
	EVP_PKEY_free(key);
	return b;
}

static const char *send_(const struct keys_row *r, enum lw_role_id from, const struct keys_request *q)
{
	struct keys_answer a;
	struct lw_writer in, out;
	int err;

	lw_writer_init(&in, KEYS_MAX_REQUEST);
	lw_writer_init(&out, 1u << 20);
	keys_request_put(&in, r, q);
	check(in.err, "request");
	keyd_handle(world.keyd, from, lw_written(&in), &out);
	err = keys_answer_get(lw_written(&out), r, &a);
	lw_writer_done(&in);
	lw_writer_done(&out);
	return err ? lw_errname(err) : "OK";
}

static enum lw_role_id role_named(const char *name)
{
	return !strcmp(name, "monitor") ? LW_ROLE_MONITOR
	       : !strcmp(name, "keyd")  ? LW_ROLE_KEYD
	       : !strcmp(name, "kdc")   ? LW_ROLE_KDC
	       : !strcmp(name, "web")   ? LW_ROLE_WEB
	                                : LW_ROLE_DIRECTORY;
}

static const char *value_of(char **w, size_t n, const char *key, const char *otherwise)
{
	size_t k = strlen(key);

	for (size_t i = 1; i < n; i++)
		if (!strncmp(w[i], key, k) && (w[i][k] == '=' || !w[i][k]))
			return w[i][k] ? w[i] + k + 1 : "";
	return otherwise;
}

/* The token that it was done with is the one that may be renewed. */
static struct lw_bytes change_own(enum column who)
{
	struct keys_request q = { .id = KEYS_MSG_SET_PASSWORD,
		.token = mint(who, ""),
		.tenant = world_tenant(who),
		.password = LW_LIT("a-new-password"),
		.addr = LW_LIT("127.0.0.1"),
		.confidential = true };

	if (!subjects[who].dn)
		return q.token;
	q.subject = world_uuid(q.tenant, subjects[who].dn);
	if (strcmp(send_(keys_row(q.id), LW_ROLE_DIRECTORY, &q), "OK"))
		die("%s can't change the own password", column_names[who]);
	world.dirty = true;
	return q.token;
}

static void issuing(struct keys_request *q, char **w, size_t n)
{
	static const struct {
		const char *name;
		enum keys_public what;
	} whats[] = { { "ca", KEYS_CA_PEM }, { "crl", KEYS_CA_CRL }, { "root", KEYS_ROOT_PEM }, { "root-crl", KEYS_ROOT_CRL },
		{ "installation", KEYS_INSTALLATION_DER }, { "jwks", KEYS_JWKS } };
	const char *what = value_of(w, n, "what", "ca");
	uint8_t octet = (uint8_t)strtoul(value_of(w, n, "serial", "0"), NULL, 16), serial[16];

	memset(serial, octet, sizeof(serial));
	q->serial = lw_dup(world.arena, (struct lw_bytes){ serial, sizeof(serial) });
	q->profile = lw_str(value_of(w, n, "profile", "user"));
	q->kind = !strcmp(value_of(w, n, "kind", "ca"), "saml") ? KEYS_SAML : KEYS_CA;
	q->alg = lw_str(value_of(w, n, "alg", ""));
	q->ocsp = lw_str(value_of(w, n, "ocsp", ""));
	q->file = lw_str(value_of(w, n, "file", ""));
	for (size_t i = 0; i < sizeof(whats) / sizeof(whats[0]); i++)
		if (!strcmp(whats[i].name, what))
			q->what = (uint8_t)whats[i].what;
	if (q->id == KEYS_MSG_PUBLIC || q->id == KEYS_MSG_OCSP)
		q->name = lw_str(value_of(w, n, "in", "beta.example"));
	if (q->id == KEYS_MSG_CERT)
		q->csr = table_csr();
	q->token_type = !strcmp(value_of(w, n, "type", "saml"), "jwt") ? KEYS_JWT_TOKEN : KEYS_SAML2;
	q->audience = lw_str(value_of(w, n, "aud", ""));
	q->as = KEYS_AS_CREDENTIAL;
	q->fields = q->signature = LW_LIT("junk");
	if (q->id == KEYS_MSG_ASSERTION_ACCEPT)
		q->name = lw_str(value_of(w, n, "in", "beta.example"));
	/* the database is put back before each cell, and with it the intents */
	memset(world.keyd->serials, 0, sizeof(world.keyd->serials));
}

/* The database is put back before each cell, and keyd's files are not: another master key has never been. */
static void one_master(void)
{
	char path[128], err[256];

	snprintf(path, sizeof(path), "%s/keys/" KEYS_MASTER_NEXT, world.dir);
	unlink(path);
	keys_master_free(world.keyd->master);
	check(keys_master_load(world.dir, &world.keyd->master, err), "master key");
}

static const char *ask(enum column who, const char *request)
{
	char *w[16];
	size_t n = words(expand(request), w, 16), i = 0;
	const char *from = value_of(w, n, "from", "directory"), *target = value_of(w, n, "target", NULL), *said;
	struct keys_request q = { .addr = LW_LIT("127.0.0.1"), .confidential = true };

	while (i < keys_nrows && strcmp(keys_rows[i].name, w[0]))
		i++;
	if (i == keys_nrows)
		return "no such message";
	q.id = keys_rows[i].id;
	q.token = value_of(w, n, "changed", NULL) ? change_own(who) : mint(who, value_of(w, n, "token", ""));
	q.tenant = tenant_named(who, value_of(w, n, "tenant", "beta"));
	if (target && !strcmp(target, "own"))
		target = subjects[who].dn;
	if (target)
		q.subject = world_uuid(strstr(target, "dc=acme")    ? world.acme
		                       : strstr(target, "dc=gamma") ? world.gamma
		                                                    : world.beta,
		        target);
	q.password = lw_str(value_of(w, n, "password", "a-new-password"));
	q.old = lw_str(value_of(w, n, "old", ""));
	q.is_new = q.new_user = value_of(w, n, "new", NULL) != NULL;
	q.name = LW_LIT("delta.example");
	q.realm = LW_LIT("DELTA.EXAMPLE");
	if (q.id == KEYS_MSG_LOGIN)
		q.name = lw_str(value_of(w, n, "in", "beta.example"));
	q.user = lw_str(value_of(w, n, "user", ""));
	q.krb_name = LW_LIT("new@BETA.EXAMPLE");
	q.tenant_uuid = lw_uuid_new(&world.clock);
	q.admin_uuid = lw_uuid_new(&world.clock);
	q.admin_name = LW_LIT("admin");
	if (q.id == KEYS_MSG_TLS_CERT) {
		check(keyd_names(world.keyd, "lwd.acme.example", "127.0.0.1"), "names");
		q.csr = table_csr();
	}
	q.role = (uint8_t)role_named(value_of(w, n, "for", "directory"));
	q.auth_time = lw_wall(&world.clock) - atoll(value_of(w, n, "age", "60")) * LW_SECOND;
	q.rotate = value_of(w, n, "rotate", NULL) != NULL;
	if (q.id == KEYS_MSG_CERT_CAP)
		q.leaf = leaf_named(value_of(w, n, "leaf", "none"));
	issuing(&q, w, n);
	said = send_(&keys_rows[i], role_named(from), &q);
	if (q.id == KEYS_MSG_MASTER_ROTATE)
		one_master();
	return said;
}

const struct table table_messages = { "message", rows, row, rights, ask, granted, lines_messages };
