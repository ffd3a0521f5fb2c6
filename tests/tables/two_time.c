/* SPDX-License-Identifier: Apache-2.0 */
/* What is hidden is answered like what is not there: the same octets, as fast. Pairs of requests, one about each, in turn
 * on one connection; they may differ by five in a hundred (apart). Those that differ more get more pairs, three
 * times in all, before it fails. Names of a pair are of one length; where they come back in an answer they are one. */
#include "tests/tables/two.h"
#include "tests/unit/kdc_client.h"

#include <math.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/text.h"
#include "saml/soap.h"

#define PAIRS    500
#define WARM     30
#define TOLERATED 0.05

enum how { LDAP, API, LOGIN, STS, AS_CLIENT, AS_SERVER, AS_PASSWORD, TGS_SERVER };
static const char *const words_of[] = { "", "", "login at ", "WS-Trust at ", "AS-REQ of @", "AS-REQ for @", "AS-REQ of @ with ", "TGS-REQ for @" };
struct kind {
	enum how how;
	const char *who;     /* of beta; NULL: nobody */
	const char *request; /* "@" is the name */
	const char *hidden, *absent;
};

#define DARK  "cn=dark,ou=hosts,$", "cn=darc,ou=hosts,$"        /* its parent is seen */
#define ERIN  "uid=erin,ou=cellar,$", "uid=erin,ou=cellos,$"    /* and is not */
#define THERE "uid=alice,ou=people,^", "uid=alyce,ou=people,^"  /* in the other tenant */
#define APART "ou=people,dc=gamma,dc=example", "ou=people,dc=gamba,dc=example"
#define ABOUT(request)                                                                                                 \
	{ LDAP, "alice", request, DARK }, { LDAP, "alice", request, ERIN }, { LDAP, "alice", request, THERE }, { LDAP, "alice", request, APART }
#define API_ "/api/v1/tenants/beta.example/"

static const struct kind kinds[] = {
	ABOUT("search base @ (objectClass=*)"),
	ABOUT("search sub @ (cn=web1)"),
	ABOUT("search sub $ (entryDN=@)"),
	ABOUT("search sub $ (member=@)"),
	ABOUT("search sub $ (memberOf=@)"),
	ABOUT("compare @ cn=dark"),
	ABOUT("modify @ replace:description=x"),
	ABOUT("modify @ delete:description=x"),
	ABOUT("delete @"),
	ABOUT("moddn @ cn=new"),
	ABOUT("moddn uid=carol,ou=people,$ uid=carol @"),
	ABOUT("add uid=new,@ objectClass=inetOrgPerson uid=new cn=new sn=new"),
	ABOUT("modify cn=staff,ou=groups,$ add:member=@"),
	ABOUT("compare cn=staff,ou=groups,$ member=@"),
	{ LDAP, "alice", "search sub $ (cn=@)", "dark", "darc" },
	{ LDAP, "alice", "search sub $ (description=@)", "kestrelgqzx", "kestrelnqzx" },
	{ LDAP, "bob", "search base @ (objectClass=*)", DARK },
	{ LDAP, "bob", "compare @ cn=dark", DARK },
	{ LDAP, NULL, "search base @ (objectClass=*)", DARK },
	{ LDAP, NULL, "search base @ (objectClass=*)", THERE },
	{ API, "alice", "GET " API_ "hosts/@", "dark", "darc" },
	{ API, "alice", "PATCH " API_ "hosts/@ {\"description\":\"x\"}", "dark", "darc" },
	{ API, "alice", "DELETE " API_ "hosts/@", "dark", "darc" },
	{ API, "alice", "GET " API_ "users/@", "erin", "eryn" },
	{ API, "alice", "GET " API_ "users/@", "uid=alice,ou=people,dc=gamma,dc=example", "uid=alyce,ou=people,dc=gamma,dc=example" },
	{ API, "alice", "GET " API_ "certificates/@", "bob's serial", NULL },
	{ API, "alice", "GET " API_ "certificates/@", "gamma's serial", NULL },
	{ API, "alice", "POST " API_ "certificates/@/revoke", "bob's serial", NULL },
	{ API, "alice", "GET /api/v1/tenants/@/users/alice", "gamma.example", "gamba.example" },
	{ API, "alice", "GET /api/v1/tenants/@/whoami", "gamma.example", "gamba.example" },
	{ API, "alice", "PATCH /api/v1/tenants/gamma.example/users/@ {\"description\":\"x\"}", "alice", "alyce" },
	{ AS_CLIENT, NULL, "", "alice", "alyce" },
	{ AS_CLIENT, NULL, "", "dora", "dorn" },
	{ AS_CLIENT, NULL, "", "carol", "carul" },
	{ AS_CLIENT, NULL, "", "host/dark", "host/darc" },
	{ AS_PASSWORD, NULL, "a wrong one", "dora", "dorn" },
	{ AS_PASSWORD, NULL, "a wrong one", "carol", "carul" },
	{ AS_SERVER, "alice", "", "host/dark", "host/darc" },
	{ AS_SERVER, "alice", "", "krbtgt/GAMMA.EXAMPLE", "krbtgt/GAMBA.EXAMPLE" },
	{ TGS_SERVER, "alice", "", "host/dark", "host/darc" },
	{ TGS_SERVER, "alice", "", "krbtgt/GAMMA.EXAMPLE", "krbtgt/GAMBA.EXAMPLE" },
	{ TGS_SERVER, "alice", "", "HTTP/web1.gamma.example", "HTTP/web1.gamba.example" },
	{ LDAP, NULL, "bind uid=@,ou=people,$ " PASSWORD, "dora", "dorn" },
	{ LDAP, NULL, "bind uid=@,ou=people,$ " PASSWORD, "carol", "carul" },
	{ LOGIN, NULL, "beta.example", "dora", "dorn" },
	{ STS, NULL, "beta.example", "dora", "dorn" },
};
#define NKINDS (sizeof(kinds) / sizeof(*kinds))

/* A password is hashed each time. */
static bool slow(const struct kind *k)
{
	return k->how == LOGIN || k->how == STS || !strncmp(k->request, "bind", 4);
}

/* ---- one request ---- */

struct side_of {
	char name[64]; /* expanded */
	struct lw_bytes octets;
	struct kc_as as;
	struct kc_tgs tgs;
	double times[8 * PAIRS]; /* ns */
};
struct run {
	const struct kind *kind;
	struct wire *wire;
	char *token;
	struct kc_reply tgt;
	struct side_of side[2];
};

static char *put_name(const char *request, const char *name)
{
	const char *at = strchr(request, '@');

	return at ? lw_printf(world.arena, "%.*s%s%s", (int)(at - request), request, name, at + 1) : lw_strdup(world.arena, request);
}

static struct lw_bytes keep(struct lw_bytes b)
{
	return (struct lw_bytes){ memcpy(malloc(b.n), b.p, b.n), b.n };
}

static struct lw_bytes http_octets(const struct run *r, const char *name)
{
	char *text = put_name(r->kind->request, name), *path = strchr(text, ' ') + 1, *body = strchr(path, ' ');

	path[-1] = 0;
	if (body)
		*body++ = 0;
	return lw_str(http_text(text, path, r->token, body ? body : ""));
}

static struct lw_bytes sts_octets(const char *tenant, const char *user)
{
	char *body = lw_printf(world.arena, "<e:Envelope xmlns:e='" SOAP_NS_11 "' xmlns:o='" SOAP_NS_WSSE "'><e:Header><o:Security><o:UsernameToken>"
		"<o:Username>%s</o:Username><o:Password>" PASSWORD "</o:Password></o:UsernameToken></o:Security></e:Header><e:Body><RequestSecurityToken "
		"xmlns='" SOAP_NS_WST "'><RequestType>" SOAP_NS_WST "/Issue</RequestType></RequestSecurityToken></e:Body></e:Envelope>", user);

	return lw_str(lw_printf(world.arena, "POST /sts/STSService/%s HTTP/1.1\r\nHost: localhost:%d\r\nContent-Type: text/xml\r\nContent-Length: %zu\r\n\r\n%s",
	        tenant, 443 + two.offset, strlen(body), body));
}

static int64_t wall(void)
{
	static int64_t last;
	struct timespec ts;
	int64_t us;

	clock_gettime(CLOCK_REALTIME, &ts);
	us = (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
	last = us > last ? us : last + 1;
	return last;
}

static struct kc_as as_of(const struct run *r, const char *name)
{
	struct kc_as as = { .realm = tenants[BETA].realm, .client = "alice", .password = PASSWORD, .rtime = KC_FAR };

	if (r->kind->how == AS_SERVER)
		as.server = name;
	else
		as.client = name;
	as.bare = r->kind->how == AS_CLIENT;
	if (r->kind->how == AS_PASSWORD)
		as.password = r->kind->request;
	return as;
}

/* What is sent for one side: the same octets each time, but for Kerberos' times. */
static struct lw_bytes octets(struct run *r, int i)
{
	struct side_of *s = &r->side[i];
	struct lw_bytes m;

	if (r->kind->how < AS_CLIENT)
		return s->octets;
	m = r->kind->how == TGS_SERVER ? kc_tgs_make(&s->tgs, wall()) : kc_as_make(&s->as, wall());
	return kc_framed(m);
}

static void prepare(struct run *r, int i)
{
	const struct kind *k = r->kind;
	struct side_of *s = &r->side[i];
	const char *name = i ? k->absent : k->hidden;
	struct lw_writer w;

	if (strstr(k->hidden, "serial")) {
		snprintf(s->name, sizeof(s->name), "%s", tenants[*k->hidden == 'b' ? BETA : GAMMA].serials[1]);
		for (char *p = s->name; i && *p; p++)
			*p = p - s->name > 20 ? (char)(*p == '7' ? '8' : '7') : *p;
	} else {
		snprintf(s->name, sizeof(s->name), "%s", k->how == LDAP ? expand(name) : name);
	}
	lw_writer_init(&w, 65536);
	switch (k->how) {
	case LDAP:
		ldap_encode(&w, 7, put_name(k->request, name));
		s->octets = keep(lw_written(&w));
		break;
	case API:
		s->octets = keep(http_octets(r, s->name));
		break;
	case LOGIN:
		s->octets = keep(lw_str(http_text("POST", lw_printf(world.arena, "/api/v1/tenants/%s/login", k->request), http_basic(name, PASSWORD), "")));
		break;
	case STS:
		s->octets = keep(sts_octets(k->request, name));
		break;
	case TGS_SERVER:
		s->tgs = (struct kc_tgs){ .tgt = &r->tgt, .server = name, .rtime = KC_FAR };
		break;
	default:
		s->as = as_of(r, name);
	}
	lw_writer_done(&w);
}

static void log_in(struct run *r)
{
	const struct kind *k = r->kind;

	if (k->how == LDAP) {
		r->wire = ldap_login(k->who ? expand(lw_printf(world.arena, "uid=%s,ou=people,$", k->who)) : NULL, PASSWORD);
	} else if (k->how < AS_CLIENT) {
		r->wire = wire_new(443, true, whole_http);
		r->token = k->who ? http_login(tenants[BETA].name, k->who, PASSWORD) : NULL;
	} else {
		struct kc_as as = { .realm = tenants[BETA].realm, .client = "alice", .password = PASSWORD, .rtime = KC_FAR };

		r->wire = wire_new(88, false, whole_krb);
		if (k->how != TGS_SERVER)
			return;
		wire_send(r->wire, kc_framed(kc_as_make(&as, wall())));
		struct lw_bytes b = lw_dup(kc_arena, wire_answer(r->wire));
		kc_as_open(&as, (struct lw_bytes){ b.p + 4, b.n - 4 }, &r->tgt);
		if (r->tgt.code)
			die("no ticket: %d", r->tgt.code);
	}
}

/* ---- what came back ---- */

/* Nothing of the time in it, and one name. */
static char *plain(const struct run *r, const char *name, struct lw_bytes b)
{
	uint8_t room[4096];
	struct krb_error e;
	char *out, *p, *date;
	size_t n;

	if (r->kind->how >= AS_CLIENT) {
		struct lw_der_writer w;

		if (krb_get_error((struct lw_bytes){ b.p + 4, b.n - 4 }, &e))
			return lw_strdup(world.arena, "a ticket");
		e.stime = e.ctime = 0;
		e.susec = e.cusec = 0;
		lw_der_writer_init(&w, room, sizeof(room));
		krb_put_error(&w, &e);
		b = lw_der_written(&w);
	}
	if (r->kind->how >= AS_CLIENT && strchr(name, '/'))
		name = strchr(name, '/') + 1; /* that part alone is another */
	n = strlen(name);
	p = out = lw_alloc(world.arena, 3 * b.n + 1);
	for (size_t i = 0; i < b.n;) {
		bool here = i + n <= b.n && !strncasecmp((const char *)b.p + i, name, n);

		p += here ? sprintf(p, "@") : b.p[i] >= 32 && b.p[i] < 127 ? sprintf(p, "%c", b.p[i]) : sprintf(p, "%02x", b.p[i]);
		i += here ? n : 1;
	}
	*p = 0;
	if (r->kind->how < AS_CLIENT && (date = strstr(out, "Date: ")) != NULL && strlen(date) > 35)
		memset(date + 6, '-', 29);
	for (p = out; r->kind->how == STS && (p = strstr(p, "urn:uuid:")); p += 9) /* of the message */
		memset(p + 9, '-', strnlen(p + 9, 36));
	return out;
}

static double shot(struct run *r, int i, struct lw_bytes *ret)
{
	struct timespec a, b;
	struct lw_bytes q = octets(r, i);

	clock_gettime(CLOCK_MONOTONIC, &a);
	wire_send(r->wire, q);
	*ret = wire_answer(r->wire);
	clock_gettime(CLOCK_MONOTONIC, &b);
	if (!ret->n)
		die("no answer about %s", r->side[i].name);
	return (double)((b.tv_sec - a.tv_sec) * 1000000000 + b.tv_nsec - a.tv_nsec);
}

/* Both, and are the answers one? */
static bool same_answer(struct run *r, char **ret_one, char **ret_two)
{
	struct lw_bytes b;

	shot(r, 0, &b);
	*ret_one = plain(r, r->side[0].name, b);
	shot(r, 1, &b);
	*ret_two = plain(r, r->side[1].name, b);
	return !strcmp(*ret_one, *ret_two);
}

static int by_size(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

static double median(double *t, size_t n)
{
	qsort(t, n, sizeof(*t), by_size);
	return (t[n / 2] + t[(n - 1) / 2]) / 2;
}

/* How far the two are apart: the median of what the halves of each pair differ by, of the smaller time. What slows both (a neighbour on the
 * processor, for some of the pairs) is in both halves, or as often in either; medians of each side alone would jump between the machine's speeds. */
static double apart(struct run *r, size_t pairs, double ret_us[2])
{
	static double differ[8 * PAIRS];
	struct lw_bytes b;
	double by;

	for (size_t i = 0; i < pairs; i++) {
		int first = (int)draw(2);

		for (int k = 0; k < 2; k++) {
			int which = k ^ first;

			if (r->kind->how >= AS_CLIENT)
				krb_round();
			r->side[which].times[i] = shot(r, which, &b);
		}
		differ[i] = r->side[0].times[i] - r->side[1].times[i];
	}
	by = fabs(median(differ, pairs)) / 1000;
	for (int k = 0; k < 2; k++)
		ret_us[k] = median(r->side[k].times, pairs) / 1000;
	return by / (ret_us[0] < ret_us[1] ? ret_us[0] : ret_us[1]);
}

static struct lw_arena *tickets; /* krb_round empties another */

static bool measure(const struct kind *k)
{
	static struct run r;
	double us[2], diff = 1;
	char *one, *two_;
	/* of the slow ones, two that go the same way to keyd as the others */
	size_t pairs = slow(k) && (k->how == STS || *k->hidden == 'c') ? PAIRS / 5 : PAIRS;
	bool same;
	struct lw_bytes b;

	memset(&r, 0, sizeof(r));
	r.kind = k;
	kc_arena = tickets;
	log_in(&r);
	krb_round();
	prepare(&r, 0);
	prepare(&r, 1);
	for (int i = 0; i < (slow(k) ? 4 : 2 * WARM); i++)
		shot(&r, i & 1, &b);
	same = same_answer(&r, &one, &two_);
	if (!same)
		printf("# hidden: %s\n# absent: %s\n", one, two_);
	for (int again = 0; again < 3 && diff > TOLERATED; again++, pairs *= 2)
		diff = apart(&r, pairs, us);
	printf("# %s: hidden %.1f us, not there %.1f us, %.1f %% apart, %s octets\n", put_name(k->request, r.side[0].name), us[0], us[1], 100 * diff,
	        same ? "the same" : "other");
	fflush(stdout);
	wire_free(r.wire);
	return same && diff <= TOLERATED;
}

static bool chosen(const struct kind *k, const char *only, bool slow_ones)
{
	return slow(k) == slow_ones && (!only || strstr(k->request, only) || strstr(k->hidden, only));
}

/* Those that wait for a password's hash have a core each. */
static void slow_ones(const char *only)
{
	pid_t pids[NKINDS] = { 0 };
	unsigned running = 0;

	for (size_t i = 0; i <= NKINDS; i++) {
		if (i < NKINDS && !chosen(&kinds[i], only, true))
			continue;
		while (running == 2 || (i == NKINDS && running)) {
			int status;
			pid_t pid = wait(&status);

			running--;
			for (size_t k = 0; k < NKINDS; k++)
				if (pids[k] == pid)
					result(status == 0, "%s%s as %s: %s is not there", words_of[kinds[k].how], kinds[k].request,
					        kinds[k].who ? kinds[k].who : "nobody", kinds[k].hidden);
		}
		if (i == NKINDS)
			break;
		fflush(stdout);
		pids[i] = fork();
		if (!pids[i]) {
			draw_state(two.seed + i); /* not the order of the kind beside it */
			_exit(!measure(&kinds[i]));
		}
		running++;
	}
}

void two_times(const char *only)
{
	kc_reset();
	tickets = kc_arena;
	for (size_t i = 0; i < NKINDS; i++)
		if (chosen(&kinds[i], only, false)) {
			bool fine = measure(&kinds[i]);

			result(fine, "%s%s as %s: %s is not there", words_of[kinds[i].how], kinds[i].request, kinds[i].who ? kinds[i].who : "nobody",
			        kinds[i].hidden);
			lw_arena_reset(world.arena);
		}
	slow_ones(only);
}
