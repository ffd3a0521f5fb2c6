/* SPDX-License-Identifier: Apache-2.0 */
/* HTTP/1.1 (RFC 9110, 9112) as a machine behind base/proto.h, and its table of routes. Domain code sees a whole request and fills in
 * an answer; it sees no sockets, no events and no callbacks, and it never calls malloc or free.
 *
 * Limits: HTTP_HEAD_MAX octets of request line and fields, HTTP_FIELDS_MAX fields, the route's max_body. Deadlines are absolute:
 * HTTP_HEAD_US for a head from its first octet (the first head of a connection: from its beginning), HTTP_BODY_US for a body. The
 * handshake's and the connections' limits are the loops' (lwd/loop.h).
 *
 * Refused before any route is looked at (400 unless said otherwise): no Host or more than one, a bare CR or LF, folded fields, space
 * before a colon, two lengths or a length beside chunks, an unknown transfer coding (501), an unknown method (501), a version other
 * than 1.0 and 1.1 (505), a path with "." or ".." segments, bad percent-encoding, zero octets or octets that are not UTF-8. */
#ifndef HTTP_HTTP_H
#define HTTP_HTTP_H

#include <jansson.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/proto.h"

#define HTTP_HEAD_MAX   32768u
#define HTTP_TARGET_MAX 8192u  /* of the request line: 414 */
#define HTTP_FIELDS_MAX 100u
#define HTTP_QUERY_MAX  64u    /* parameters */
#define HTTP_PARAMS_MAX 4u     /* of a pattern */
#define HTTP_BODY_MAX   (1u << 20) /* no route may take more */
#define HTTP_ANSWER_MAX (32u << 20)
#define HTTP_ARENA_MAX  (16u << 20)
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
};
/* Lives as long as the request's arena. Control octets in a value: the field is left out. Cache-Control replaces "no-store". */
void http_put_field(struct http_response *, const char *name, struct lw_bytes value);
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
struct http_server_options {
	const struct http_route *routes;
	size_t nroutes;
	void *ctx; /* for handlers and authenticate */
	/* Who is it? May wait. *ret_who goes to the handler. Negotiate: *ret_reply goes back to the client, also with an error. LW_EAUTH is
	 * 401; others as http_problem_of says. NULL: no route asks. */
	int (*authenticate)(void *ctx, struct http_request *, const struct http_credentials *, void **ret_who, struct lw_bytes *ret_reply);
	const struct lw_clock *clock;
};
struct http_server;
/* The options' tables are borrowed. LW_EINVAL: http_routes_wrong says why; LW_ENOMEM. */
int http_server_new(const struct http_server_options *, struct http_server **ret);
void http_server_free(struct http_server *);
/* Its server is a struct http_server. Over TLS every route is there, without it only those marked plain. */
extern const struct lw_proto http_proto;

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

/* ---- the parsers, pure ---- */
struct http_head {
	enum http_method method;
	bool head;              /* it was HEAD; method is GET */
	unsigned minor;         /* HTTP/1.minor */
	struct lw_bytes target; /* path and query as sent */
	struct lw_bytes host;
	struct http_pair fields[HTTP_FIELDS_MAX];
	size_t nfields;
	uint64_t length;        /* of the body */
	bool chunked, close, expect;
};
/* in: request line and fields with the empty line that ends them. 0, or the status to answer with. Octets are borrowed. */
int http_head_parse(struct lw_bytes in, struct http_head *ret);
/* Splits and decodes: segments of the path (an empty last one is a trailing slash), parameters of the query. 0 or a status. */
#define HTTP_SEGMENTS_MAX 32
struct http_target {
	struct lw_bytes segments[HTTP_SEGMENTS_MAX];
	size_t nsegments;
	struct http_pair query[HTTP_QUERY_MAX];
	size_t nquery;
};
int http_target_parse(struct lw_bytes target, struct lw_arena *, struct http_target *ret);
/* The first row that fits; params are filled in (those of {name...} in the arena). NULL: *ret_allow has the methods of the rows whose
 * pattern fits, 0: none does. */
const struct http_route *http_route_find(const struct http_route *, size_t n, enum http_method, const struct http_target *,
	struct lw_arena *, struct http_pair params[HTTP_PARAMS_MAX], size_t *ret_nparams, unsigned *ret_allow);
/* The value of an Authorization field; user, password and token in the arena. LW_EINVAL; LW_EUNSUPPORTED: another scheme. */
int http_authorization_parse(struct lw_bytes, struct lw_arena *, struct http_credentials *ret);
/* Transfer coding "chunked", octet by octet as it comes. Its octets go to body. */
struct http_chunks {
	int state;
	uint64_t left;
	size_t line, total;     /* octets of this line of extensions or trailers; of all of them */
};
enum http_chunk_next { HTTP_CHUNK_MORE, HTTP_CHUNK_END, HTTP_CHUNK_BAD };
enum http_chunk_next http_chunks_take(struct http_chunks *, struct lw_reader *, struct lw_writer *body);

#endif
