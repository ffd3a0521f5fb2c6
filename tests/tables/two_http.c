/* SPDX-License-Identifier: Apache-2.0 */
/* Random requests over HTTPS: the admin API with one's token, in paths of either tenant; WS-Trust with an assertion that one
 * tenant gave; what is public. And the control socket, whose owner speaks for one tenant at a time. */
#include "tests/tables/two.h"

#include <openssl/ocsp.h>
#include <openssl/pem.h>

#include "base/text.h"
#include "saml/soap.h"

static char *assertions[3];  /* by side: bob's, issued by his tenant */
static char *questions[2][8]; /* OCSP: issuer, serial */

static const char *const paths[] = { "beta.example", "gamma.example", "acme.example", "nowhere.example" };

static const char *any_tenant(const struct asker *a)
{
	unsigned n = draw(20);

	return a->home == NEITHER ? paths[n % 4] : n < 10 ? paths[a->home] : n < 18 ? paths[!a->home] : paths[n - 16];
}

static const char *any_serial(void)
{
	return tenants[draw(2)].serials[draw(4)];
}

/* As it stands in a path. */
static const char *any_name(void)
{
	static const char *const names[] = { "alice", "bob", "carol", "kim", "dora", "nobody", "admin", "web1", "dark", "staff", "administrators", "g1",
		"cellar", "default", "shop", "erin", "tmp1", "HTTP%2Fweb1.beta.example", "HTTP%2Fweb1.gamma.example" };
	static const char *const dns[] = { "uid=alice,ou=people", "uid=erin,ou=cellar", "cn=web1,ou=hosts", "cn=staff,ou=groups", "ou=people",
		"cn=g1,ou=grants" };
	const struct tenant *t = &tenants[draw(2)];

	if (!draw(12))
		return t->ids[draw(t->nids)];
	if (!draw(6))
		return lw_printf(world.arena, "%s,dc=%s,dc=example", PICK(dns), draw(2) ? "beta" : "gamma");
	return PICK(names);
}

static const char *const objects[] = { "users", "users", "users", "groups", "hosts", "services", "grants", "policies", "relying-parties" };

struct http {
	const char *method, *path, *body;
};

static struct http a_write(struct asker *a, const char *base)
{
	struct http h = { "PATCH", NULL, "" };
	const char *name = any_name();

	switch (draw(7)) {
	case 0:
		h = (struct http){ "POST", lw_printf(world.arena, "%s/groups/staff/members", base),
			lw_printf(world.arena, "{\"members\":[\"%s\"]}", draw(2) ? "carol" : "uid=bob,ou=people,dc=gamma,dc=example") };
		break;
	case 1:
		h = (struct http){ "POST", lw_printf(world.arena, "%s/users", base),
			lw_printf(world.arena, "{\"name\":\"tmp%u\",\"surname\":\"s\",\"description\":\"new\"}", 100 + draw(20)) };
		break;
	case 2:
		h = (struct http){ "DELETE", lw_printf(world.arena, "%s/users/tmp%u", base, 100 + draw(20)), "" };
		break;
	case 3: /* of nobody */
		h = (struct http){ "PUT", lw_printf(world.arena, "%s/users/nobody/password", base), "{\"password\":\"another-password\"}" };
		break;
	case 4: /* the own ones stay good */
		h = (struct http){ "POST", lw_printf(world.arena, "%s/certificates/%s/revoke", base, tenants[other(a->home)].serials[draw(4)]), "" };
		break;
	default:
		h.path = lw_printf(world.arena, "%s/%s/%s", base, PICK(objects), name);
		h.body = draw(2) ? "{\"description\":\"new\"}" : "{\"seeAlso\":\"uid=alice,ou=people,dc=gamma,dc=example\"}";
	}
	return h;
}

/* The admin API. */
static struct http an_api(struct asker *a)
{
	const char *base = lw_printf(world.arena, "/api/v1/tenants/%s", any_tenant(a));
	struct http h = { "GET", NULL, "" };

	switch (draw(20)) {
	case 0:
		h.path = lw_printf(world.arena, "%s/whoami", base);
		break;
	case 1:
		h.path = draw(2) ? lw_printf(world.arena, "%s/keys", base) : lw_printf(world.arena, "%s/ca?of=tenant", base);
		break;
	case 2:
		h.path = draw(4) ? lw_printf(world.arena, "%s/explain?who=%s&verb=read&what=%s&attr=cn", base, any_name(), any_name())
		         : draw(2) ? "/api/v1/tenants" : base;
		break;
	case 3:
		h = (struct http){ "POST", lw_printf(world.arena, "%s/tokens", base),
			lw_printf(world.arena, "{\"type\":\"jwt\",\"audience\":\"urn:%s:shop\"%s}", tenants[a->home == NEITHER ? 0 : a->home].word,
			        draw(3) ? "" : ",\"subject\":\"alice\"") };
		if (a->home == NEITHER)
			h.body = "{\"type\":\"jwt\",\"audience\":\"urn:api\"}";
		break;
	case 4:
	case 5:
		h.path = lw_printf(world.arena, "%s/certificates/%s", base, any_serial());
		break;
	case 6:
		h.path = lw_printf(world.arena, "%s/users?limit=2&after=%s", base, two.place[draw(2)]);
		break;
	case 7:
	case 8:
		h.path = lw_printf(world.arena, "%s/%s?limit=%u", base, draw(8) ? PICK(objects) : "certificates", 1 + draw(20));
		break;
	case 9:
		return a_write(a, base);
	default:
		h.path = lw_printf(world.arena, "%s/%s/%s", base, PICK(objects), any_name());
	}
	return h;
}

/* An assertion of one tenant, shown to any. */
static struct http an_sts(struct asker *a)
{
	static const char *const ops[] = { "Issue", "Validate", "Renew" };
	enum side of = draw(3) && a->home != NEITHER ? a->home : BETA;
	const char *op = PICK(ops), *target = *op == 'I' ? "" : lw_printf(world.arena, "<%sTarget>%s</%sTarget>", op, assertions[of], op);

	/* whose assertion that is may have it back */
	return (struct http){ "POST", lw_printf(world.arena, "/sts/STSService/%s", any_tenant(a)),
		lw_printf(world.arena, "<e:Envelope xmlns:e='" SOAP_NS_11 "' xmlns:o='" SOAP_NS_WSSE "'><e:Header><o:Security>%s</o:Security></e:Header><e:Body>"
			"<RequestSecurityToken xmlns='" SOAP_NS_WST "'><RequestType>" SOAP_NS_WST "/%s</RequestType>%s</RequestSecurityToken></e:Body></e:Envelope>",
		        assertions[a->home], op, target) };
}

static struct http a_public(struct asker *a)
{
	static const char *const all[] = { "/websso/SAML2/Metadata/", "/openidconnect/jwks/", "/sts/STSService/", "/ca/", "/ca/", "/ca/", "/openidconnect/" };
	static const char *const ca[] = { "/ca.pem", "/ca.cer", "/crl", "/ocsp" };
	const char *tenant = any_tenant(a), *begin = PICK(all);

	if (!strcmp(begin, "/ca/") && draw(2))
		return (struct http){ "GET", lw_printf(world.arena, "/ca/%s/ocsp/%s", tenant, questions[draw(2)][draw(8)]), "" };
	return (struct http){ "GET", lw_printf(world.arena, "%s%s%s", begin, tenant,
		                             !strcmp(begin, "/ca/") ? PICK(ca) : strstr(begin, "sts") ? "?wsdl"
		                             : !strcmp(begin, "/openidconnect/") ? "/.well-known/openid-configuration" : ""), "" };
}

static void make(struct asker *a, struct lw_writer *out, struct asked *q)
{
	static const char *const hosts[] = { "gamma.example", "beta.example", "lwd.gamma.example", "localhost", "127.0.0.1" };
	unsigned kind = draw(1000), shown = draw(40);
	struct http h = kind == 0 && a->user ? (struct http){ "POST", lw_printf(world.arena, "/api/v1/tenants/%s/login", paths[draw(2)]), "" }
	                : kind < 30 && a->user ? an_sts(a)
	                : kind < 200         ? a_public(a)
	                                     : an_api(a);
	const char *token = shown ? a->token : draw(2) ? NULL : "Bearer AQEAAA";
	const char *host = draw(20) ? lw_printf(world.arena, "localhost:%d", 443 + two.offset) : PICK(hosts);

	if (kind == 0 && a->user)
		token = http_basic(a->user, a->own);
	if (kind < 200 && kind)
		token = NULL;
	q->may = token || (kind < 30 && a->user) ? a->home : NEITHER;
	snprintf(q->text, sizeof(q->text), "%s %s Host: %s%s %s", h.method, h.path, host, token ? "" : ", no token,", strlen(h.body) < 200 ? h.body : "");
	lw_put_bytes(out, lw_str(lw_printf(world.arena, "%s %s HTTP/1.1\r\nHost: %s\r\n%s%s%s%s%sContent-Length: %zu\r\n\r\n%s", h.method, h.path, host,
	        token ? "Authorization: " : "", token ? token : "", token ? "\r\n" : "", *h.body == '{' ? "Content-Type: application/json\r\n" : "",
	        *h.body == '<' ? "Content-Type: text/xml\r\n" : "", strlen(h.body), h.body)));
}

static struct lw_bytes open_answer(struct asker *a, const struct asked *q, struct lw_bytes answer, bool *ret_good)
{
	*ret_good = answer.n > 12 && answer.p[9] == '2';
	return (struct lw_bytes){ NULL, 0 };
}

static struct wire *open_wire(struct asker *a)
{
	return wire_new(443, true, whole_http);
}

/* ---- what the requests are made of ---- */

static struct lw_bytes body(struct lw_bytes answer)
{
	const uint8_t *end = memmem(answer.p, answer.n, "\r\n\r\n", 4);

	return (struct lw_bytes){ end + 4, answer.n - (size_t)(end + 4 - answer.p) };
}

static X509 *issuer(struct wire *w, const char *tenant)
{
	struct lw_bytes a;
	BIO *bio;
	X509 *x;

	if (http_one(w, http_text("GET", lw_printf(world.arena, "/ca/%s/ca.pem", tenant), NULL, ""), &a) != 200)
		die("no CA of %s", tenant);
	a = body(a);
	bio = BIO_new_mem_buf(a.p, (int)a.n);
	x = PEM_read_bio_X509(bio, NULL, NULL, NULL);
	BIO_free(bio);
	if (!x)
		die("no certificate of %s", tenant);
	return x;
}

/* RFC 6960 A.1: base64, percent-encoded. The serial stands behind, where the path has an end, for people and the finder. */
static char *question(X509 *ca, const char *serial)
{
	BIGNUM *bn = NULL;
	ASN1_INTEGER *number;
	OCSP_REQUEST *r = OCSP_REQUEST_new();
	unsigned char *der = NULL;
	char *text, *out, *p;
	int n;

	BN_hex2bn(&bn, serial);
	number = BN_to_ASN1_INTEGER(bn, NULL);
	OCSP_request_add0_id(r, OCSP_cert_id_new(EVP_sha1(), X509_get_subject_name(ca), X509_get0_pubkey_bitstr(ca), number));
	n = i2d_OCSP_REQUEST(r, &der);
	text = lw_base64(world.arena, (struct lw_bytes){ der, n > 0 ? (size_t)n : 0 });
	p = out = malloc(3 * strlen(text) + 80);
	for (; *text; text++)
		p = *text == '/' ? stpcpy(p, "%2F") : *text == '+' ? stpcpy(p, "%2B") : *text == '=' ? stpcpy(p, "%3D") : (*p = *text, p + 1);
	sprintf(p, "?%s", serial);
	OPENSSL_free(der);
	OCSP_REQUEST_free(r);
	ASN1_INTEGER_free(number);
	BN_free(bn);
	return out;
}

static char *between(struct lw_bytes a, const char *from, const char *to, bool with)
{
	const uint8_t *at = memmem(a.p, a.n, from, strlen(from)), *end;

	if (!at)
		die("no %s in %.*s", from, (int)a.n, (const char *)a.p);
	at += with ? 0 : strlen(from);
	end = memmem(at, a.n - (size_t)(at - a.p), to, strlen(to));
	if (!end)
		die("no %s in %.*s", to, (int)a.n, (const char *)a.p);
	return strndup((const char *)at, (size_t)(end - at) + (with ? strlen(to) : 0));
}

/* The escapes that JSON has in an assertion: quotes and slashes. */
static char *unescaped(char *s)
{
	char *to = s;

	for (char *p = s; *p; p++)
		if (*p != '\\')
			*to++ = *p;
	*to = 0;
	return s;
}

static void prepare(void)
{
	struct wire *w = wire_new(443, true, whole_http);

	for (int i = 0; i < 3; i++) {
		const char *user = i == NEITHER ? "admin" : "bob", *name = i == NEITHER ? "acme.example" : tenants[i].name;
		char *token = http_login(name, user, i == NEITHER ? two.admin : PASSWORD), *admin, *place;
		struct lw_bytes a;

		if (http_one(w, http_text("POST", lw_printf(world.arena, "/api/v1/tenants/%s/tokens", name), token, "{\"type\":\"saml2\",\"life\":\"1h\"}"), &a) != 200)
			die("no assertion: %.*s", (int)a.n, (const char *)a.p);
		assertions[i] = unescaped(between(a, "<saml2:Assertion", "</saml2:Assertion>", true));
		free(token);
		if (i == NEITHER)
			break;
		admin = http_login(name, "admin", two.admin);
		if (http_one(w, http_text("GET", lw_printf(world.arena, "/api/v1/tenants/%s/users?limit=1", name), admin, ""), &a) != 200)
			die("no list: %.*s", (int)a.n, (const char *)a.p);
		place = between(a, "\"next\":\"", "\"", false);
		snprintf(two.place[i], sizeof(two.place[i]), "%s", place);
		free(place);
		free(admin);
	}
	for (int i = 0; i < 2; i++) {
		X509 *ca = issuer(w, tenants[i].name);

		for (int k = 0; k < 8; k++)
			questions[i][k] = question(ca, tenants[k / 4].serials[k % 4]);
		X509_free(ca);
	}
	wire_free(w);
}

size_t http_askers(struct asker *ret, size_t max)
{
	const struct {
		const char *user;
		enum side home;
	} who[] = { { "admin", BETA }, { "alice", BETA }, { "bob", BETA }, { "admin", GAMMA }, { "alice", GAMMA }, { "bob", GAMMA }, { "admin", NEITHER },
		{ NULL, NEITHER }, { "admin", BETA }, { "alice", BETA }, { "bob", BETA }, { "admin", GAMMA }, { "alice", GAMMA }, { "bob", GAMMA } };
	size_t n = 0;

	prepare();
	for (; n < sizeof(who) / sizeof(*who) && n < max; n++) {
		const char *password = who[n].user && strcmp(who[n].user, "admin") ? PASSWORD : two.admin;

		ret[n] = (struct asker){ .name = who[n].user ? who[n].user : "nobody", .protocol = "https", .home = who[n].home, .user = who[n].user, .depth = 1,
			.share = 16, .own = (void *)password, .open = open_wire, .make = make, .open_answer = open_answer };
		if (who[n].user)
			ret[n].token = http_login(who[n].home == NEITHER ? "acme.example" : tenants[who[n].home].name, who[n].user, password);
	}
	return n;
}

/* ---- the control socket ---- */

static void make_control(struct asker *a, struct lw_writer *out, struct asked *q)
{
	static const char *const kinds[] = { "user", "group", "host", "service", "grant", "policy", "rp" };
	static const char *const verbs[] = { "read", "write", "ticket", "set-secret" };
	enum side s = draw(9) < 8 ? draw(2) : NEITHER;
	const char *name = any_name(), *text;

	switch (draw(8)) {
	case 0:
		text = lw_printf(world.arena, "object.list @%s kind=%s limit=%u", paths[s], PICK(kinds), 1 + draw(30));
		break;
	case 1:
		text = lw_printf(world.arena, "explain @%s who=%s verb=%s what=%s attr=cn", paths[s], name, PICK(verbs), any_name());
		break;
	case 2:
		text = lw_printf(world.arena, "cert.show @%s name=%s", paths[s], any_serial());
		break;
	case 3:
		text = lw_printf(world.arena, "object.set @%s kind=%s name=%s set=seeAlso=uid=alice,ou=people,dc=gamma,dc=example", paths[s], PICK(kinds), name);
		break;
	case 4:
		text = lw_printf(world.arena, draw(2) ? "key.list @%s" : "ca.crl @%s", paths[s]);
		break;
	default:
		text = lw_printf(world.arena, "object.show @%s kind=%s name=%s", paths[s], PICK(kinds), name);
	}
	q->may = s;
	snprintf(q->text, sizeof(q->text), "%s", text);
	control_text(out, text);
}

static struct lw_bytes open_control(struct asker *a, const struct asked *q, struct lw_bytes answer, bool *ret_good)
{
	*ret_good = answer.n > 4 && answer.p[4] == CTL_ITEM;
	return (struct lw_bytes){ NULL, 0 };
}

static struct wire *wire_control(struct asker *a)
{
	return wire_new(0, false, whole_control);
}

size_t control_askers(struct asker *ret, size_t max)
{
	size_t n = 0;

	for (; n < 4 && n < max; n++)
		ret[n] = (struct asker){ .name = "operator", .protocol = "control", .home = NEITHER, .depth = 1, .share = 16, .open = wire_control,
			.make = make_control, .open_answer = open_control };
	return n;
}
