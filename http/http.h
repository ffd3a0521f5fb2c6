/* SPDX-License-Identifier: Apache-2.0 */
/* A façade over libevent's evhttp: a table of routes, whole requests to handlers on worker threads, answers and problem documents. evhttp
 * does HTTP/1.1 and libevent's OpenSSL bufferevents TLS; domain code sees neither, has no callbacks, and never calls malloc or free.
 *
 * Limits: HTTP_HEAD_MAX octets of request line and fields, HTTP_FIELDS_MAX fields, the route's max_body. Deadlines are absolute:
 * HTTP_HANDSHAKE_US, HTTP_HEAD_US for a head from its first octet (a connection's first: from its beginning), HTTP_BODY_US for a body.
 * What comes late is cut. Between two requests HTTP_IDLE_US may pass.
 *
 * Refused before any route is looked at: no Host or more than one, two lengths or a length beside chunks (400), another transfer coding
 * (501), a path with "." or ".." segments, bad percent-encoding, zero octets or octets that are not UTF-8 (400). */
#ifndef HTTP_HTTP_H
#define HTTP_HTTP_H

#include <jansson.h>
#include <openssl/ssl.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/proto.h"

#define HTTP_HEAD_MAX   32768u
#define HTTP_TARGET_MAX 8192u  /* of the request line: 414 */
#define HTTP_FIELDS_MAX 100u
#define HTTP_QUERY_MAX  64u    /* parameters */
#define HTTP_PARAMS_MAX 4u     /* of a pattern */
#define HTTP_BODY_MAX   (1u << 20) /* no route may take more */
#define HTTP_HELD_MAX   (128u << 20) /* of requests that have not come whole, in all: what goes past it is cut */
#define HTTP_ANSWER_MAX (32u << 20)
#define HTTP_ARENA_MAX  (16u << 20)
#define HTTP_HANDSHAKE_US (10 * LW_SECOND)
#define HTTP_HEAD_US    (10 * LW_SECOND)
#define HTTP_BODY_US    (30 * LW_SECOND)
#define HTTP_IDLE_US    (60 * LW_SECOND) /* between two requests */

enum http_method {
	HTTP_GET = 1, HTTP_HEAD = 2, HTTP_POST = 4, HTTP_PUT = 8, HTTP_PATCH = 16, HTTP_DELETE = 32,
	HTTP_OTHER = 64 /* OPTIONS, TRACE, CONNECT: known, and no route's */
};
enum http_auth {
	HTTP_AUTH_NONE = 1,      /* without credentials too */
	HTTP_AUTH_BASIC = 2,     /* RFC 7617 */
	HTTP_AUTH_NEGOTIATE = 4, /* RFC 4559 */
	HTTP_AUTH_BEARER = 8     /* RFC 6750 2.1 */
};

struct http_pair {
	struct lw_bytes name, value;
};
struct http_route;

/* All octets are borrowed and live as long as the handler runs. */
struct http_request {
	enum http_method method;         /* a HEAD request comes to the GET route as GET */
	const struct http_route *route;
	struct http_pair params[HTTP_PARAMS_MAX]; /* what {name} matched, decoded */
	size_t nparams;
	const struct http_pair *query;   /* decoded, in order */
	size_t nquery;
	const struct http_pair *fields;  /* headers, in order */
	size_t nfields;
	struct lw_bytes host;            /* as it was sent, with its port */
	struct lw_bytes body;            /* without transfer coding */
	const struct lw_peer *peer;
	struct lw_arena *arena;          /* wiped afterwards */
	enum http_auth how;              /* HTTP_AUTH_NONE: nobody */
	void *who;                       /* what authenticate made of it; NULL: nobody */
	json_t *json;                    /* http_json's */
};
struct lw_bytes http_param(const struct http_request *, const char *name);  /* p NULL: no such */
struct lw_bytes http_query(const struct http_request *, const char *name);  /* the first; p NULL: no such */
struct lw_bytes http_field(const struct http_request *, const char *name);  /* the first, any case; p NULL: no such */
struct lw_bytes http_pair_find(const struct http_pair *, size_t n, const char *name); /* the first, any case; p NULL: no such */
/* The media type of the body without parameters is this one (any case). */
bool http_type_is(const struct http_request *, const char *type);

#define HTTP_MORE_FIELDS 8
struct http_response {
	int status;                      /* 200 at first */
	const char *type;                /* of the body; NULL: none */
	const char *code;                /* of a problem: a stable word; NULL: the status' own */
	char detail[256];                /* of a problem: one sentence for the peer */
	struct lw_writer body;
	struct http_pair fields[HTTP_MORE_FIELDS]; /* by http_put_field */
	size_t nfields;
	struct lw_arena *arena;          /* the request's, by http_run */
};
/* Copies the value into the request's arena; the name is a constant. Control octets in a value: the field is left out. Cache-Control replaces "no-store". */
void http_put_field(struct http_response *, const char *name, struct lw_bytes value);
/* A problem document of the answer's status, code and detail, in place of what was written. */
void http_put_problem(struct http_response *);
/* The answer's body; takes the reference. */
void http_put_json(struct http_response *, json_t *);

struct http_route {
	enum http_method method;
	const char *pattern;    /* "/api/v1/tenants/{tenant}/users/{name}"; a last {name...} takes all that is left, slashes too */
	unsigned right;         /* the access verb that it needs (store/verbs.h), never zero; whoever decides is behind the handler */
	unsigned auth;          /* enum http_auth, never zero */
	size_t max_body;        /* 0: a body is refused */
	bool plain;             /* over port 80 too */
	bool quick;             /* never waits: runs on the loop */
	bool slow;              /* waits for password hashing, even without Basic */
	/* LW_OK, or an error that http_problem_of knows; then what was written to the body is dropped. */
	int (*run)(void *ctx, struct http_request *, struct http_response *);
};
/* Every row has a method, a right, an authentication, a sound pattern that no other row of its method has, a body only where the method
 * may have one. NULL, or what is wrong with which row. */
const char *http_routes_wrong(const struct http_route *, size_t n);

struct http_credentials {
	enum http_auth how;
	struct lw_bytes user, password; /* Basic; user may hold anything but a colon */
	struct lw_bytes token;          /* Negotiate: decoded; Bearer: as sent */
};
/* Something for a worker to do. room is the submitter's while it waits. */
struct http_work {
	void (*run)(struct http_work *);
	bool slow; /* waits for password hashing: at most half of the workers should do that at once */
	void *room[6];
};
struct http_server_options {
	const struct http_route *routes;
	size_t nroutes;
	void *ctx; /* for handlers and authenticate */
	/* Who is it? May wait. *ret_who goes to the handler. Negotiate: *ret_reply goes back to the client, also with an error. LW_EAUTH is
	 * 401; others as http_problem_of says. NULL: no route asks. */
	int (*authenticate)(void *ctx, struct http_request *, const struct http_credentials *, void **ret_who, struct lw_bytes *ret_reply);
	const struct lw_clock *clock;
	unsigned loops;                /* at least one */
	size_t max_conns, max_conns_per_addr;
	size_t max_held;               /* 0: HTTP_HELD_MAX */
	void *host;                    /* for the three below */
	void (*submit)(void *host, struct http_work *); /* any thread; runs it soon, on a thread of its own */
	SSL *(*tls)(void *host);       /* a new one, to accept with; NULL: none to be had now */
	void (*tls_peer)(void *host, SSL *, struct lw_peer *); /* after the handshake: tls, sni, tls_endpoint */
};
/* What the server does with a request that it has read, without sockets: method, fields, body, peer and arena are the caller's. */
/* Sets route, params and query. 0, 400, 404, 405 (ret_allow has the methods), 403 (not in the clear). */
int http_find(const struct http_server_options *, struct http_request *, struct lw_bytes path, struct lw_bytes query, unsigned *ret_allow);
/* Authenticates and runs the route; the answer's status is 200 and its body initialised before. */
void http_run(const struct http_server_options *, struct http_request *, struct http_response *);

struct http_server;
/* The options' tables are borrowed. LW_EINVAL: http_routes_wrong says why; LW_ENOMEM. */
int http_server_new(const struct http_server_options *, struct http_server **ret);
/* Before http_server_start. Takes fd, a listening socket. Over TLS every route is there, without it only those marked plain. */
int http_server_listen(struct http_server *, unsigned loop, int fd, bool tls);
int http_server_start(struct http_server *); /* LW_EIO */
void http_server_limits(struct http_server *, size_t max_conns, size_t max_conns_per_addr); /* for connections to come */
size_t http_server_conns(const struct http_server *);
bool http_server_alive(const struct http_server *, int64_t within_us); /* has every loop come round? */
/* No more connections; requests in work are answered; after limit_us what is left is cut. false: something was. */
bool http_server_drain(struct http_server *, int64_t limit_us);
void http_server_free(struct http_server *); /* after drain, or never started; no work may be left */

/* Prometheus' text format: requests by route and status, latencies, connections. No names of tenants, no paths. */
void http_metrics(struct http_server *, struct lw_writer *);

/* ---- problems: RFC 9457 ---- */
struct http_problem {
	int err;          /* LW_E */
	int status;
	const char *code; /* a stable word, lwctl's too */
	const char *text;
};
extern const struct http_problem http_problems[]; /* ended by status 0; what is not in it is 500 */
const struct http_problem *http_problem_of(int err);
const char *http_reason(int status); /* "Not Found"; never NULL */
/* The body of a problem document, application/problem+json. */
void http_problem_put(struct lw_writer *, int status, const char *code, const char *detail);

/* ---- JSON: jansson, duplicates refused, at most HTTP_JSON_DEPTH levels ---- */
#define HTTP_JSON_DEPTH 16
/* The body as an object; lives as long as the request. LW_EINVAL with a detail: not application/json, not JSON, not an object. */
int http_json(struct http_request *, struct http_response *, json_t **ret);
int http_json_parse(struct lw_bytes, json_t **ret); /* an object or an array; LW_EINVAL, LW_ELIMIT, LW_ENOMEM. The caller json_decref's */
/* A string member; p NULL: not there. LW_EINVAL: something else. */
int http_json_string(json_t *object, const char *name, struct lw_bytes *ret);

/* ---- pure ---- */
/* Splits and decodes: segments of the path (an empty last one is a trailing slash), parameters of the query. 0 or a status. */
#define HTTP_SEGMENTS_MAX 32
struct http_target {
	struct lw_bytes segments[HTTP_SEGMENTS_MAX];
	size_t nsegments;
	struct http_pair query[HTTP_QUERY_MAX];
	size_t nquery;
};
int http_target_parse(struct lw_bytes path, struct lw_bytes query, struct lw_arena *, struct http_target *ret);
/* The first row that fits; params are filled in (those of {name...} in the arena). NULL: *ret_allow has the methods of the rows whose
 * pattern fits, 0: none does. */
const struct http_route *http_route_find(const struct http_route *, size_t n, enum http_method, const struct http_target *,
	struct lw_arena *, struct http_pair params[HTTP_PARAMS_MAX], size_t *ret_nparams, unsigned *ret_allow);
/* The value of an Authorization field; user, password and token in the arena. LW_EINVAL; LW_EUNSUPPORTED: another scheme. */
int http_authorization_parse(struct lw_bytes, struct lw_arena *, struct http_credentials *ret);

#endif
