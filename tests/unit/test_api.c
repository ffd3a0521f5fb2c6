/* SPDX-License-Identifier: Apache-2.0 */
/* The admin API's table and its JSON: every row is sound and names a verb that is there; requests and items in both directions. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "http/api.h"
#include "http/http.h"
#include "lwd/control.h"
#include "store/verbs.h"

static struct lw_arena *arena;

static int up(void **state)
{
	arena = lw_arena_new(1 << 22, false);
	return arena == NULL;
}

static int down(void **state)
{
	lw_arena_free(arena);
	return 0;
}

/* ---- the table ---- */

static int nothing(void *ctx, struct http_request *q, struct http_response *a)
{
	return LW_OK;
}

#define BODY(set, octets, hashes) enum { BODY_##set = octets, HASHES_##set = hashes };
API_SETS(BODY)
#define ROUTE(how, path, verb, control, kind, set, answer) \
	{ .method = HTTP_##how, .pattern = path, .right = ACCESS_##verb, .auth = HTTP_AUTH_BEARER, .max_body = BODY_##set, .run = nothing },
static const struct http_route routes[] = { API_ROWS(ROUTE) };
#define NROUTES (sizeof(routes) / sizeof(*routes))

static void rows(void **state)
{
	size_t n = 0;

	assert_null(http_routes_wrong(routes, NROUTES)); /* a right, and no other row of that method and path */
	for (const struct api_row *row = api_rows; row->path != NULL; row++, n++) {
		const struct control_verb *verb = control_verb_find(lw_str(row->verb));
		bool in_body = row->method == API_POST || row->method == API_PUT || row->method == API_PATCH;

		assert_non_null(verb);
		assert_false(verb->needs & CONTROL_OPERATOR); /* nobody could ask it */
		assert_int_equal((verb->needs & CONTROL_INSTALLATION) != 0, strstr(row->path, "{tenant}") == NULL);
		assert_int_equal(strncmp(row->path, "/api/v1/tenants", 15), 0);
		assert_true(row->answer == API_MADE ? row->method == API_POST : true);
		assert_int_equal(routes[n].max_body > 0, in_body && row->members[0].name != NULL);
		for (const struct api_member *m = row->members; m->name != NULL; m++) {
			assert_true(m->type >= API_STRING && m->type <= API_CHANGES);
			assert_false(api_in_path(row, lw_str(m->key)) && m->key[0] != '\0');
			assert_ptr_equal(api_member(row, m->key), m); /* no two for one argument */
			assert_true(in_body || m->type == API_STRING || m->type == API_NUMBER || m->type == API_FLAG);
		}
	}
	assert_int_equal(n, NROUTES);
	assert_int_equal(api_status(LW_LIT("not-found")), 404);
	assert_int_equal(api_status(LW_LIT("exists")), 409);
	assert_int_equal(api_status(LW_LIT("refused")), 403);
	assert_int_equal(api_status(LW_LIT("usage")), 400);
	assert_int_equal(api_status(LW_LIT("invalid")), 400);
	assert_int_equal(api_status(LW_LIT("try-again")), 503);
	assert_int_equal(api_status(LW_LIT("unsupported")), 501);
	assert_int_equal(api_status(LW_LIT("whatever")), 500);
}

/* ---- lwctl's side ---- */

static struct ctl_request request(const char *verb, const char *kind, const char *const *pairs)
{
	struct ctl_request q = { .verb = lw_str(verb), .tenant = LW_LIT("acme.example") };

	if (kind != NULL)
		assert_int_equal(http_api_add(arena, &q, LW_LIT("kind"), lw_str(kind)), LW_OK);
	for (; pairs != NULL && pairs[0] != NULL; pairs += 2)
		assert_int_equal(http_api_add(arena, &q, lw_str(pairs[0]), lw_str(pairs[1])), LW_OK);
	return q;
}

#define PAIRS(...) ((const char *const[]){ __VA_ARGS__, NULL })

/* "METHOD target body" */
static const char *sent(struct ctl_request q)
{
	static const char *const methods[] = { "", "GET", "POST", "PUT", "PATCH", "DELETE" };
	const struct api_row *row = api_row_for(&q);
	struct lw_writer w;
	json_t *body;
	char *text, *ret;

	if (row == NULL)
		return "none";
	lw_writer_init(&w, 65536);
	api_target(&w, row, &q);
	assert_int_equal(http_api_body(row, &q, &body), LW_OK);
	text = body == NULL ? NULL : json_dumps(body, JSON_COMPACT);
	ret = lw_printf(arena, "%s %.*s%s%s", methods[row->method], (int)w.n, (const char *)w.p, text == NULL ? "" : " ", text == NULL ? "" : text);
	free(text);
	json_decref(body);
	lw_writer_done(&w);
	return ret;
}

#define T "/api/v1/tenants/acme.example"
static void what_is_sent(void **state)
{
	assert_string_equal(sent(request("whoami", NULL, NULL)), "GET " T "/whoami");
	assert_string_equal(sent(request("tenant.show", "tenant", PAIRS("name", "beta.example"))), "GET /api/v1/tenants/beta.example");
	assert_string_equal(sent(request("object.show", "service", PAIRS("name", "HTTP/web1 \xc3\xa4"))), "GET " T "/services/HTTP%2Fweb1%20%C3%A4");
	assert_string_equal(sent(request("object.list", "user", PAIRS("limit", "1000", "after", "a+b"))), "GET " T "/users?limit=1000&after=a%2Bb");
	assert_string_equal(sent(request("object.create", "user", PAIRS("given-name", "A", "posix", "1", "name", "alice"))),
		"POST " T "/users {\"givenName\":\"A\",\"posix\":true,\"name\":\"alice\"}");
	assert_string_equal(sent(request("object.set", "user", PAIRS("name", "alice", "set", "cn=A", "set", "mail+=b"))),
		"PATCH " T "/users/alice {\"changes\":[\"cn=A\",\"mail+=b\"]}");
	assert_string_equal(sent(request("group.remove", "group", PAIRS("name", "g", "member", "a", "member", "b"))),
		"POST " T "/groups/g/members/remove {\"members\":[\"a\",\"b\"]}");
	assert_string_equal(sent(request("key.rotate", NULL, PAIRS("kind", "kerberos"))), "POST " T "/keys/kerberos/rotate {}");
	assert_string_equal(sent(request("ca.show", NULL, PAIRS("of", "root"))), "GET " T "/ca?of=root");
	assert_string_equal(sent(request("cert.issue", NULL, PAIRS("csr", "\x30\x03\xff\x01"))), "POST " T "/certificates {\"csr\":\"MAP/AQ==\"}");
	assert_string_equal(sent(request("cert.issue", NULL, PAIRS("csr", "-----BEGIN"))), "POST " T "/certificates {\"csr\":\"-----BEGIN\"}");
	assert_string_equal(sent(request("key.rotate", NULL, PAIRS("kind", "ca", "alg", "p384"))), "POST " T "/keys/ca/rotate {\"algorithm\":\"p384\"}");
	assert_string_equal(sent(request("object.disable", "host", PAIRS("name", "web1"))), "POST " T "/hosts/web1/disable {}");
	assert_string_equal(sent(request("object.disable", "user", PAIRS("name", "bob", "revoke", "1", "reason", "superseded"))),
		"POST " T "/users/bob/disable {\"revoke\":true,\"reason\":\"superseded\"}");
	/* what the API does not have */
	assert_string_equal(sent(request("status", NULL, NULL)), "none");
	assert_string_equal(sent(request("object.disable", "group", PAIRS("name", "g"))), "none");
	assert_string_equal(sent(request("object.show", "user", PAIRS("name", "a", "colour", "red"))), "none");
	assert_string_equal(sent(request("object.show", "user", NULL)), "none");
	assert_string_equal(sent(request("object.show", "user", PAIRS("name", ""))), "none");
}

/* ---- web's side ---- */

static const struct api_row *row_of(const char *verb, const char *kind)
{
	const struct api_row *row = api_rows;

	while (row->path != NULL && (strcmp(row->verb, verb) != 0 || (kind != NULL && strcmp(row->kind, kind) != 0)))
		row++;
	assert_non_null(row->path);
	return row;
}

/* The arguments as "key=value;…", or why not. */
static const char *taken(const struct api_row *row, const char *body)
{
	struct ctl_request q = { 0 };
	char why[256] = "";
	const char *ret = "";
	json_t *o;
	int r;

	assert_int_equal(http_json_parse(lw_str(body), &o), LW_OK);
	r = http_api_take(row, o, arena, &q, why);
	for (size_t i = 0; i < q.npairs && r == LW_OK; i++)
		ret = lw_printf(arena, "%s%.*s=%.*s;", ret, (int)q.pairs[i].key.n, (const char *)q.pairs[i].key.p, (int)q.pairs[i].value.n,
			(const char *)q.pairs[i].value.p);
	json_decref(o);
	return r == LW_OK ? ret : lw_printf(arena, "%s: %s", lw_errname(r), why);
}

static void what_is_taken(void **state)
{
	const struct api_row *user = row_of("object.create", "user"), *set = row_of("object.set", "user"), *add = row_of("group.add", NULL);

	assert_string_equal(taken(user, "{\"name\":\"alice\",\"posix\":true,\"uidNumber\":1007,\"surname\":\"A\"}"),
		"name=alice;posix=1;uidNumber=1007;surname=A;");
	assert_string_equal(taken(user, "{\"name\":\"alice\",\"posix\":false,\"uidNumber\":\"1007\"}"), "name=alice;uidNumber=1007;");
	assert_string_equal(taken(user, "{}"), "EINVAL: member name is missing");
	assert_string_equal(taken(user, "{\"name\":\"\"}"), "EINVAL: member name is empty");
	assert_string_equal(taken(user, "{\"name\":1}"), "EINVAL: member name must be a string");
	assert_string_equal(taken(user, "{\"name\":[\"a\"]}"), "EINVAL: member name must be a string");
	assert_string_equal(taken(user, "{\"name\":\"a\",\"uidNumber\":1.5}"), "EINVAL: member uidNumber must be a number");
	assert_string_equal(taken(user, "{\"name\":\"a\",\"posix\":1}"), "EINVAL: member posix must be true or false");
	assert_string_equal(taken(user, "{\"name\":\"a\",\"given-name\":\"x\"}"), "EINVAL: member given-name is not known here");
	assert_string_equal(taken(user, "{\"name\":\"a\",\"kind\":\"group\"}"), "EINVAL: member kind is not known here");

	assert_string_equal(taken(set, "{\"cn\":\"A\",\"mail\":[\"a\",\"b\"],\"title\":null,\"roomNumber\":[],\"uidNumber\":7,\"x\":true}"),
		"set=cn=A;set=mail=a;set=mail+=b;set=title=;set=roomNumber=;set=uidNumber=7;set=x=TRUE;");
	assert_string_equal(taken(set, "{\"changes\":[\"cn+=A\",\"mail-=b\"],\"cn;lang-de\":\"C=D\"}"),
		"set=cn+=A;set=mail-=b;set=cn;lang-de=C=D;");
	assert_string_equal(taken(set, "{\"cn-\":\"A\"}"), "EINVAL: member names must be those of attributes");
	assert_string_equal(taken(set, "{\"cn+\":\"A\"}"), "EINVAL: member names must be those of attributes");
	assert_string_equal(taken(set, "{\"cn=x\":\"A\"}"), "EINVAL: member names must be those of attributes");
	assert_string_equal(taken(set, "{\"\":\"A\"}"), "EINVAL: member names must be those of attributes");
	assert_string_equal(taken(set, "{\"cn\":\"\"}"), "EINVAL: member cn must have values that are not empty, or be null");
	assert_string_equal(taken(set, "{\"cn\":{}}"), "EINVAL: member cn must have values that are not empty, or be null");
	assert_string_equal(taken(set, "{\"cn\":[\"a\",[\"b\"]]}"), "EINVAL: member cn must have values that are not empty, or be null");
	assert_string_equal(taken(set, "{\"changes\":\"cn=A\"}"), "EINVAL: member changes must be a list of strings");

	assert_string_equal(taken(add, "{\"members\":[\"a\",\"b\"]}"), "member=a;member=b;");
	assert_string_equal(taken(add, "{\"members\":[\"a\",1]}"), "EINVAL: member members must be a list of strings that are not empty");
	assert_string_equal(taken(add, "{\"members\":[]}"), "EINVAL: member members is missing");
	assert_string_equal(taken(row_of("cert.issue", NULL), "{\"csr\":\"MDEy\"}"), "csr=012;");
	assert_string_equal(taken(row_of("cert.issue", NULL), "{\"csr\":\"-----BEGIN\"}"), "csr=-----BEGIN;");
	assert_string_equal(taken(row_of("cert.issue", NULL), "{\"csr\":\"x y\"}"), "EINVAL: member csr is neither PEM nor base64");
	/* what stands in answers alone */
	assert_string_equal(taken(row_of("keytab.get", NULL), "{\"name\":\"a\",\"keytab\":\"AAAA\"}"), "EINVAL: member keytab is not known here");
}

/* ---- items ---- */

static void items_and_objects(void **state)
{
	const struct lw_bytes two[] = { LW_LIT("a"), LW_LIT("b") }, octets = { (const uint8_t *)"\x05\x02\0\xff", 4 };
	const struct api_row *row = row_of("keytab.get", NULL);
	struct ctl_answer item, back;
	struct lw_writer w;
	json_t *o;
	char *text;
	size_t at;

	lw_writer_init(&w, 65536);
	at = ctl_item_begin(&w);
	ctl_item_string(&w, "name", "\xc3\xa4");
	ctl_item_bool(&w, "disabled", true);
	ctl_item_int(&w, "kvno", -3);
	ctl_item_field(&w, "mail", CTL_STRING, true, two, 2);
	ctl_item_field(&w, "none", CTL_STRING, true, NULL, 0);
	ctl_item_field(&w, "nothing", CTL_STRING, false, NULL, 0);
	ctl_item_field(&w, "photo", CTL_STRING, false, &octets, 1);
	ctl_item_field(&w, "keytab", CTL_STRING, false, &octets, 1);
	ctl_item_end(&w, at);
	assert_int_equal(ctl_answer_get(arena, (struct lw_bytes){ w.p + 4, w.n - 4 }, &item), LW_OK);
	o = http_api_object(row, &item);
	text = json_dumps(o, JSON_COMPACT);
	assert_string_equal(text, "{\"name\":\"\xc3\xa4\",\"disabled\":true,\"kvno\":-3,\"mail\":[\"a\",\"b\"],\"none\":[],\"nothing\":null,"
				  "\"photo\":\"050200ff\",\"keytab\":\"BQIA/w==\"}");
	free(text);
	assert_int_equal(http_api_item(row, o, arena, &back), LW_OK);
	assert_int_equal(back.nfields, 8);
	assert_true(back.fields[1].type == CTL_BOOL && lw_eq(back.fields[1].values[0], LW_LIT("true")));
	assert_true(back.fields[2].type == CTL_INT && lw_eq(back.fields[2].values[0], LW_LIT("-3")));
	assert_true(back.fields[3].multi && back.fields[3].n == 2 && lw_eq(back.fields[3].values[1], LW_LIT("b")));
	assert_true(back.fields[4].multi && back.fields[4].n == 0);
	assert_true(!back.fields[5].multi && back.fields[5].n == 0);
	assert_true(lw_eq(back.fields[7].values[0], octets));
	json_decref(o);
	lw_writer_done(&w);
	/* what no server of ours says */
	assert_int_equal(http_json_parse(LW_LIT("{\"a\":{\"b\":1}}"), &o), LW_OK);
	assert_int_equal(http_api_item(row, o, arena, &back), LW_EINVAL);
	json_decref(o);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(rows, up, down),
		cmocka_unit_test_setup_teardown(what_is_sent, up, down),
		cmocka_unit_test_setup_teardown(what_is_taken, up, down),
		cmocka_unit_test_setup_teardown(items_and_objects, up, down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
