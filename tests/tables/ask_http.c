/* SPDX-License-Identifier: Apache-2.0 */
/* The routes of the role web, asked as web's loop does once it has read a request. A request: METHOD TARGET WORD…
 *   by=bearer|basic|nothing   how the subject shows who it is; without it the first of these that the row takes
 *   token=forged|expired|directory   of the bearer; else a good one, minted for web
 *   password=TEXT             another than its own
 *   type=MEDIA/TYPE body=TEXT what is sent along; in TEXT "_" is a space, "$" and its like are suffixes, CSR is a certificate request
 *   rst=issue|Renew|Validate|Cancel   instead of body: WS-Trust's request, with the subject's name and password in its header
 *   clear                     over port 80
 * "~" in TARGET is the name of the tenant where the subject is at home. The anonymous subject shows nothing; the operator has no password,
 * but a token (such as keyd never mints for web). Tickets are asked about in tests/conform/web_login.py. The outcome is the status. */
#include "tests/tables/tables.h"

#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/sock.h"
#include "base/text.h"
#include "keys/keyd.h"
#include "lwd/relay.h"
#include "lwd/web.h"
#include "saml/soap.h"
#include "saml/xml.h"

/* ---- rows ---- */

static const struct http_route *route_at(size_t row)
{
	for (size_t i = 0; web_tables[i]; row -= web_tables[i++]->n)
		if (row < web_tables[i]->n)
			return &web_tables[i]->routes[row];
	die("no such route");
}

static size_t rows(void)
{
	size_t n = 0;

	for (size_t i = 0; web_tables[i]; i++)
		n += web_tables[i]->n;
	return n;
}

static const struct {
	const char *name;
	enum http_method method;
} methods[] = { { "GET", HTTP_GET }, { "POST", HTTP_POST }, { "PUT", HTTP_PUT }, { "PATCH", HTTP_PATCH }, { "DELETE", HTTP_DELETE } };
#define NMETHODS (sizeof(methods) / sizeof(methods[0]))

static const char *row(size_t i)
{
	static char names[512][128];
	const struct http_route *r = route_at(i);
	size_t m = 0;

	while (m < NMETHODS && methods[m].method != r->method)
		m++;
	if (m == NMETHODS || i >= 512)
		die("what route is %s?", r->pattern);
	snprintf(names[i], sizeof(names[i]), "%s %s", methods[m].name, r->pattern);
	return names[i];
}

static unsigned rights(size_t i, struct right ret[4])
{
	const struct http_route *r = route_at(i);

	ret[0] = (struct right){ "right", (void *)&r->right, sizeof(r->right), r->right };
	ret[1] = (struct right){ "auth", (void *)&r->auth, sizeof(r->auth), r->auth };
	return 2;
}

static bool granted(const struct line *l, const char *outcome)
{
	return outcome[0] == '2' || outcome[0] == '3';
}

/* ---- the roles that web asks ---- */

struct peer {
	struct relay_server server;
	int fds[2];
	struct lw_chan *chan;
	pthread_t thread;
};

static void handle(void *ctx, struct lw_bytes request, struct lw_writer *answer)
{
	struct peer *p = ctx;

	relay_handle(&p->server, LW_ROLE_WEB, request, answer);
}

static void busy(void *ctx, struct lw_bytes request, struct lw_writer *answer)
{
	relay_busy(request, answer);
}

static void *serve(void *arg)
{
	struct peer *p = arg;

	lw_chan_serve(p->fds[0], 1, 8, handle, busy, p);
	return NULL;
}

static int control(void *ctx, const struct keys_token *token, const struct lw_cap *cap, const struct relay_control *q, struct lw_writer *out)
{
	const struct control_from from = { token, cap, q->addr };

	return control_forwarded(world.control, &from, q->request, out);
}

static int want(void *ctx, struct lw_arena *arena, const struct relay_want *q)
{
	struct store_tenant t;
	int r = store_tenant_by_name(world.store, arena, q->tenant, &t);

	return r ? r : keys_want(world.keys, world.store, t.id, q->kind);
}

static void up(struct peer *p, enum lw_role_id me)
{
	*p = (struct peer){ .server = { .me = me, .store = world.store, .keys = world.keys, .control = control, .want = want } };
	check(lw_sock_pair(SOCK_STREAM, p->fds), "socket pair");
	p->chan = lw_chan_new("peer");
	if (!p->chan || pthread_create(&p->thread, NULL, serve, p))
		die("no channel");
	lw_chan_connect(p->chan, p->fds[1]);
}

static void down(struct peer *p)
{
	shutdown(p->fds[0], SHUT_RDWR);
	pthread_join(p->thread, NULL);
	close(p->fds[0]);
	lw_chan_free(p->chan);
}

/* ---- the request ---- */

static const char *tenant_of(enum column who)
{
	return who == OTHER ? "gamma.example" : who == INSTALLATION ? "acme.example" : "beta.example";
}

static char *target_for(enum column who, const char *target)
{
	const char *at = strchr(target, '~');

	return at ? lw_printf(world.arena, "%.*s%s%s", (int)(at - target), target, tenant_of(who), at + 1) : lw_strdup(world.arena, target);
}

static const char *word(char **w, size_t n, const char *key)
{
	size_t k = strlen(key);

	for (size_t i = 0; i < n; i++)
		if (!strncmp(w[i], key, k) && (w[i][k] == '=' || !w[i][k]))
			return w[i][k] ? w[i] + k + 1 : "";
	return NULL;
}

static char *bearer(enum column who, const char *kind)
{
	struct keys_token token;
	struct lw_cap cap;

	world_cap(who, &cap);
	if (!kind || strcmp(kind, "directory"))
		cap.role = LW_ROLE_WEB;
	if (kind && !strcmp(kind, "expired")) {
		cap.auth_time -= KEYS_CAP_LIFE;
		cap.expiry = lw_wall(&world.clock);
	}
	check(keys_cap_mint(&world.keyd->cap_key, &cap, &token), "mint");
	token.b[token.n / 2] ^= kind && !strcmp(kind, "forged");
	return lw_printf(world.arena, "Bearer %s", lw_base64url(world.arena, (struct lw_bytes){ token.b, token.n }));
}

static char *basic(enum column who, const char *password)
{
	const char *dn = subjects[who].dn, *end = strchr(dn, ',');
	char *pair = lw_printf(world.arena, "%.*s:%s", (int)(end - dn - 4), dn + 4, password ? password : subjects[who].password);

	return lw_printf(world.arena, "Basic %s", lw_base64(world.arena, lw_str(pair)));
}

static const char *authorization(enum column who, const struct http_route *r, char **w, size_t n)
{
	const char *by = word(w, n, "by");
	bool takes_bearer = r && (r->auth & HTTP_AUTH_BEARER), takes_basic = r && (r->auth & HTTP_AUTH_BASIC);

	if (who == ANONYMOUS || (by && !strcmp(by, "nothing")))
		return NULL;
	if (by ? !strcmp(by, "bearer") : takes_bearer)
		return bearer(who, word(w, n, "token"));
	if ((by ? !strcmp(by, "basic") : takes_basic) && who != OPERATOR)
		return basic(who, word(w, n, "password"));
	return NULL;
}

/* In the place of CSR: one, as JSON writes it. */
static char *with_csr(char *s)
{
	char *at = strstr(s, "CSR"), *ret;

	if (!at)
		return s;
	*at = 0;
	ret = lw_printf(world.arena, "%s-----BEGIN CERTIFICATE REQUEST-----\\n%s\\n-----END CERTIFICATE REQUEST-----\\n%s", s,
		lw_base64(world.arena, table_csr()), at + 3);
	if (!ret)
		die("out of memory");
	return ret;
}

static char *body_of(const char *text)
{
	char *s = expand(text ? text : "");

	for (char *p = s; *p; p++)
		*p = *p == '_' ? ' ' : *p;
	return with_csr(s);
}

static char *rst_of(enum column who, const char *op, const char *password)
{
	const char *dn = subjects[who].dn, *end = dn ? strchr(dn, ',') : NULL;
	char *user = who == ANONYMOUS || who == OPERATOR ? lw_strdup(world.arena, "")
		: lw_printf(world.arena, "<o:UsernameToken><o:Username>%.*s</o:Username><o:Password>%s</o:Password></o:UsernameToken>", (int)(end - dn - 4),
			dn + 4, password ? password : subjects[who].password);

	const char *target = strcmp(op, "Renew") && strcmp(op, "Validate") && strcmp(op, "Cancel") ? ""
		: lw_printf(world.arena, "<%sTarget><Assertion xmlns='" SAML_NS_ASSERTION "'/></%sTarget>", op, op); /* that nobody made */

	return lw_printf(world.arena, "<e:Envelope xmlns:e='" SOAP_NS_11 "' xmlns:o='" SOAP_NS_WSSE "'><e:Header><o:Security>%s</o:Security></e:Header><e:Body>"
		"<RequestSecurityToken xmlns='" SOAP_NS_WST "'><RequestType>" SOAP_NS_WST "/%s</RequestType>%s</RequestSecurityToken></e:Body></e:Envelope>",
		user, strcmp(op, "issue") ? op : "Issue", target);
}

static int answer(const struct http_server_options *opt, struct http_request *q, char *target, enum column who, char **w, size_t n)
{
	struct http_pair fields[3] = { { LW_LIT("Host"), LW_LIT("lwd.acme.example") } };
	struct http_response a = { .status = 200 };
	char *query = strchr(target, '?');
	const char *text;
	unsigned allow = 0;
	int status;

	if (query)
		*query++ = 0;
	lw_writer_init(&a.body, HTTP_ANSWER_MAX);
	q->fields = fields;
	q->nfields = 1;
	status = http_find(opt, q, lw_str(target), lw_str(query ? query : ""), &allow);
	if (!status) {
		text = word(w, n, "rst");
		q->body = lw_str(text ? rst_of(who, text, word(w, n, "password")) : body_of(word(w, n, "body")));
		if (q->body.n > q->route->max_body)
			die("a body that does not fit");
		if ((text = word(w, n, "type")))
			fields[q->nfields++] = (struct http_pair){ LW_LIT("Content-Type"), lw_str(text) };
		if ((text = authorization(who, q->route, w, n)))
			fields[q->nfields++] = (struct http_pair){ LW_LIT("Authorization"), lw_str(text) };
		http_run(opt, q, &a);
		status = a.status;
	}
	json_decref(q->json);
	lw_writer_done(&a.body);
	return status;
}

static const char *ask(enum column who, const char *request)
{
	struct peer directory, kdc;
	struct lw_peer from = { .addr = "127.0.0.1:4711", .loopback = true, .tls = true };
	struct http_request q = { .peer = &from, .arena = world.arena };
	struct web web = { .clock = &world.clock, .tenant = "acme.example", .url = "https://lwd.acme.example", .plain_url = "http://lwd.acme.example" };
	struct http_server_options opt = { .ctx = &web, .authenticate = web_authenticate, .clock = &world.clock };
	char *w[16];
	size_t n = words(lw_strdup(world.arena, world_trusting(request)), w, 16), m = 0;
	int status;

	while (m < NMETHODS && strcmp(methods[m].name, w[0]))
		m++;
	if (m == NMETHODS || n < 2)
		die("bad request %s", request);
	q.method = methods[m].method;
	from.tls = !word(w + 2, n - 2, "clear");
	web.keys = keys_around(world.keyd, LW_ROLE_WEB);
	opt.routes = web_routes(&opt.nroutes);
	if (!web.keys || !opt.routes)
		die("out of memory");
	up(&directory, LW_ROLE_DIRECTORY);
	up(&kdc, LW_ROLE_KDC);
	web.directory = directory.chan;
	web.kdc = kdc.chan;
	status = answer(&opt, &q, target_for(who, w[1]), who, w + 2, n - 2);
	down(&directory);
	down(&kdc);
	keys_free(web.keys);
	free((void *)opt.routes);
	/* what was refused for another reason than a guess has changed nothing */
	world.dirty = world.dirty || (q.method != HTTP_GET && (status < 400 || status == 401 || status >= 500));
	return lw_printf(world.arena, "%d", status);
}

const struct table table_routes = { "route", rows, row, rights, ask, granted, lines_routes };
