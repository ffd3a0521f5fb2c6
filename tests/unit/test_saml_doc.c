/* SPDX-License-Identifier: Apache-2.0 */
/* Inbound documents: what is taken, what is refused and as what; and walking them. */
#include "tests/unit/unit.h"

#include <time.h>

#include "base/arena.h"
#include "base/err.h"
#include "saml/int.h"
#include "saml/xml.h"

static struct lw_bytes repeated(const char *head, const char *part, size_t n, const char *tail)
{
	struct lw_writer w;
	struct lw_bytes b;

	lw_writer_init(&w, 8 << 20);
	lw_put_bytes(&w, lw_str(head));
	for (size_t i = 0; i < n; i++)
		lw_put_bytes(&w, lw_str(part));
	lw_put_bytes(&w, lw_str(tail));
	assert_int_equal(w.err, LW_OK);
	b.p = lw_writer_take(&w, &b.n);
	return b;
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void expect(struct lw_bytes in, int want, const char *says)
{
	struct saml_doc *doc = NULL;
	char why[200] = "";
	double from = now();
	int r = saml_doc_parse(in, &doc, why);

	if (r != want || (says && !strstr(why, says)))
		print_message("%.80s: %s (%s)\n", (const char *)in.p, lw_errname(r), why);
	assert_int_equal(r, want);
	if (says)
		assert_non_null(strstr(why, says));
#ifdef LW_SANITIZERS
	from = now();
#endif
	assert_true(now() - from < 0.05);
	if (r == LW_OK)
		assert_non_null(saml_doc_root(doc));
	else
		assert_null(doc);
	saml_doc_free(doc);
	assert_int_equal(saml_loads(), 0);
}

static void taken(void **state)
{
	static const char *const good[] = { "<a/>", "<?xml version=\"1.0\"?><a/>", "<?xml version='1.0' encoding='utf-8' standalone='yes'?>\n<a/>\n",
		"\xef\xbb\xbf<a/>", "<!-- words --><a><!-- <!DOCTYPE is a word here --></a>", "<a b='>'>&lt;&amp;&gt;&quot;&apos;&#x263a;</a>",
		"<a b=\"a&amp;b&lt;&#xe9;\"/>", "<a><![CDATA[<!DOCTYPE x><?y?>]]></a>", "<p:a xmlns:p='urn:x' p:Id='1' xml:lang='en'><b ID='2'/></p:a>",
		"<xmla/>" };

	for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++)
		expect(lw_str(good[i]), LW_OK, NULL);
}

static void refused(void **state)
{
	static const struct {
		const char *xml, *says;
	} bad[] = {
		{ "", "empty" },
		{ " ", NULL },
		{ "a", NULL },
		{ "<a>", "line 1" },
		{ "<a></b>", "line 1" },
		{ "<a/><b/>", "line 1" },
		{ "<a b='1' b='2'/>", "line 1" },
		{ "<a b=1/>", "line 1" },
		{ "<a b='<'/>", "'<' inside a tag" },
		{ "<a b='", "does not end" },
		{ "<a><!-- ", "does not end" },
		{ "<a><![CDATA[ ]]</a>", "does not end" },
		{ "<p:a/>", "Namespace prefix" },
		{ "<a p:b='1'/>", "Namespace prefix" },
		{ "<a xmlns:p=''/>", "xmlns:p" },
		{ "<a xmlns:p='urn:x' xmlns:q='urn:x' p:b='1' q:b='2'/>", "redefined" },
		{ "<!DOCTYPE a><a/>", "document type" },
		{ "<!DOCTYPE a SYSTEM 'http://127.0.0.1:9/x.dtd'><a/>", "document type" },
		{ "<!DOCTYPE a [<!ENTITY x SYSTEM 'file:///etc/passwd'>]><a>&x;</a>", "document type" },
		{ "<!DOCTYPE a [<!ENTITY % x SYSTEM 'file:///etc/passwd'> %x;]><a/>", "document type" },
		{ "<!DOCTYPE a [<!ATTLIST a i ID #IMPLIED>]><a i='x'/>", "document type" },
		{ "<!DOCTYPE l [<!ENTITY a 'ha'><!ENTITY b '&a;&a;&a;&a;&a;&a;&a;&a;'><!ENTITY c '&b;&b;&b;&b;&b;&b;&b;&b;'><!ENTITY d "
		  "'&c;&c;&c;&c;&c;&c;&c;&c;'><!ENTITY e '&d;&d;&d;&d;&d;&d;&d;&d;'><!ENTITY f '&e;&e;&e;&e;&e;&e;&e;&e;'>]><l>&f;&f;&f;</l>",
			"document type" },
		{ "<!doctype a><a/>", "document type" },
		{ "<a>&x;</a>", "Entity 'x' not defined" },
		{ "<a b='&x;'/>", "Entity 'x' not defined" },
		{ "<a>&#0;</a>", "line 1" },
		{ "<a>&#x8;</a>", "line 1" },
		{ "<a>\x01</a>", "line 1" },
		{ "<a>\xc3\x28</a>", "UTF-8" },
		{ "<a>\xed\xa0\x80</a>", "UTF-8" },
		{ "\xff\xfe<\0a\0/\0>\0", "UTF-8" },
		{ "<?xml version='1.0' encoding='UTF-16'?><a/>", "encoding" },
		{ "<?xml version='1.0' encoding=\"ISO-8859-1\"?><a/>", "encoding" },
		{ "<?xml version='1.0' encoding = 'UTF-7'?><a/>", "encoding" },
		{ "<?xml version='1.1'?><a/>", "version" },
		{ "<?xml version='1.0'", "declaration" },
		{ "<a/><?xml version='1.0'?>", "processing" },
		{ "<?xml-stylesheet href='http://127.0.0.1:9/x.xsl'?><a/>", "processing" },
		{ "<a><?php x ?></a>", "processing" },
		{ "<a xml:id='x'/>", "xml:id" },
		{ "<a xml:base='file:///etc/'/>", "xml:id or xml:base" },
		{ "<a ID='x'><b ID='x'/></a>", "twice" },
		{ "<a ID='x'><b Id='x'/></a>", "twice" },
		{ "<a ID='x'><b xmlns:u='urn:u' u:Id='x'/></a>", "twice" },
		{ "<a id='x' ID='x'/>", "twice" },
		{ "<a ID='x'><b ID='&#x78;'/></a>", "twice" },
		{ "<a AssertionID='x'><b ID='x'/></a>", "twice" },
		{ "<a ID=''><b ID=''/></a>", "twice" },
	};
	static const char utf16[] = "<\0a\0/\0>\0";

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		expect(lw_str(bad[i].xml), LW_EINVAL, bad[i].says);
	expect((struct lw_bytes){ (const uint8_t *)utf16, sizeof(utf16) - 1 }, LW_EINVAL, "UTF-8");
	expect((struct lw_bytes){ (const uint8_t *)"<a/>\0", 5 }, LW_EINVAL, "UTF-8");
}

static void limits(void **state)
{
	static const struct {
		const char *head, *part, *tail;
		size_t fits, over;
	} row[] = {
		{ "", "<a>", "", 0, SAML_MAX_DEPTH + 1 },
		{ "<a>", "<a/>", "</a>", 8000, 40000 },
		{ "<a>", "<a></a>", "</a>", 8000, 40000 },
		{ "<a>", "<!---->x", "</a>", 4000, 40000 },
		{ "<a>", "<a b='' c='' d=''/>", "</a>", 2000, 4000 },
		{ "<a>", "<a xmlns:b='urn:x'/>", "</a>", 256, 257 },
		{ "<a>", "<a xmlns='urn:x'/>", "</a>", 256, 257 },
		{ "<a ", "b=''", "/>", 1, 60000 }, /* quadratic in libxml2 */
		{ "<a>", "1234567", "</a>", 70000, 80000 },
	};
	char *deep = calloc(1, 1 << 16);

	for (size_t i = 0; i < sizeof(row) / sizeof(*row); i++) {
		struct lw_bytes fits = repeated(row[i].head, row[i].part, row[i].fits, row[i].tail);
		struct lw_bytes over = repeated(row[i].head, row[i].part, row[i].over, row[i].tail);

		if (row[i].fits)
			expect(fits, LW_OK, NULL);
		expect(over, LW_ELIMIT, NULL);
		free((void *)fits.p);
		free((void *)over.p);
	}
	for (int i = 0; i < SAML_MAX_DEPTH; i++)
		strcat(deep, "<a>");
	for (int i = 0; i < SAML_MAX_DEPTH; i++)
		strcat(deep, "</a>");
	expect(lw_str(deep), LW_OK, NULL);
	free(deep);
	deep = calloc(1, 1 << 16);
	strcat(deep, "<a ID='x'>");
	for (int i = 0; i < 600; i++)
		snprintf(deep + strlen(deep), 20, "<a ID='%d'/>", i);
	strcat(deep, "</a>");
	expect(lw_str(deep), LW_ELIMIT, "identifiers");
	free(deep);
}

static void walks(void **state)
{
	static const char xml[] = "<a xmlns='urn:x' b='1' c='&amp;&#xe9;'> <t> two words </t><!-- c --><t2>x<!-- c -->y</t2><c><![CDATA[<]]>&lt;</c>"
				  "<e/><n>eHl6\n eg==</n><w xmlns='urn:y'/><d/><d/><in><deep Id='here'/></in></a>";
	struct lw_arena *arena = lw_arena_new(1 << 16, false);
	struct saml_doc *doc = NULL;
	struct saml_walk w;
	char why[200] = "";
	xmlNode *root, *pos;

	assert_int_equal(saml_doc_parse(lw_str(xml), &doc, why), LW_OK);
	root = saml_doc_root(doc);
	saml_walk_init(&w, arena);
	assert_true(saml_is(root, "urn:x", "a"));
	assert_false(saml_is(root, "urn:y", "a") || saml_is(NULL, "urn:x", "a"));
	assert_bytes(saml_text(&w, saml_one(&w, root, "urn:x", "t")), " two words ");
	assert_bytes(saml_token(&w, saml_one(&w, root, "urn:x", "t")), "two words");
	assert_bytes(saml_text(&w, saml_one(&w, root, "urn:x", "c")), "<<");
	assert_bytes(saml_text(&w, saml_one(&w, root, "urn:x", "e")), "");
	assert_bytes(saml_base64(&w, saml_one(&w, root, "urn:x", "n")), "xyzz");
	assert_bytes(saml_attribute(&w, root, "b"), "1");
	assert_bytes(saml_attribute(&w, root, "c"), "&\xc3\xa9");
	assert_null(saml_attribute_maybe(&w, root, "d").p);
	assert_null(saml_maybe(&w, root, "urn:x", "w"));
	assert_non_null(saml_maybe(&w, root, "urn:y", "w"));
	assert_null(saml_maybe(&w, root, "urn:x", "deep"));
	pos = saml_first(root);
	assert_null(saml_take(&pos, "urn:x", "t2"));
	assert_non_null(saml_take(&pos, "urn:x", "t"));
	assert_non_null(saml_take(&pos, "urn:x", "t2"));
	assert_true(saml_is(saml_by_id(root, NULL, "Id", LW_LIT("here")), "urn:x", "deep"));
	assert_null(saml_by_id(root, NULL, "Id", LW_LIT("there")));
	assert_null(saml_by_id(root, "urn:y", "Id", LW_LIT("here")));
	assert_int_equal(w.err, LW_OK);
	assert_null(saml_one(&w, root, "urn:x", "d")); /* twice */
	assert_int_equal(w.err, LW_EINVAL);
	assert_string_equal(w.why, "d: stands twice");
	assert_int_equal(saml_text(&w, saml_one(&w, root, "urn:x", "t")).n, 0); /* sticky */
	saml_walk_init(&w, arena);
	assert_int_equal(saml_text(&w, saml_one(&w, root, "urn:x", "t2")).n, 0);
	assert_string_equal(w.why, "t2: has more than text");
	saml_walk_init(&w, arena);
	saml_text(&w, root);
	assert_int_equal(w.err, LW_EINVAL);
	saml_walk_init(&w, arena);
	assert_false(saml_only_elements(&w, root));
	saml_walk_init(&w, arena);
	assert_true(saml_only_elements(&w, saml_one(&w, root, "urn:x", "in")));
	assert_true(saml_only_attributes(&w, root, (const char *const[]){ "b", "c", NULL }));
	assert_false(saml_only_attributes(&w, root, (const char *const[]){ "b", NULL }));
	saml_doc_free(doc);
	lw_arena_free(arena);
}

static void times(void **state)
{
	static const struct {
		const char *text;
		int64_t us;
	} good[] = { { "1970-01-01T00:00:01Z", 1000000 }, { "2026-11-23T06:30:00.123Z", 1795415400123000 }, { "2026-11-23T06:30:00.123456Z", 1795415400123456 },
		{ "2026-11-23T07:30:00+01:00", 1795415400000000 } };
	static const char *const bad[] = { "", "2026-11-23", "2026-11-23T06:30:00", "20261123063000Z", "2026-11-23 06:30:00Z", "2026-13-23T06:30:00Z",
		"2026-11-23T24:30:00Z", "2026-11-23T06:30:00,1Z", "2026-11-23T06:30:00Z ", "+026-11-23T06:30:00Z", "2026-11-23T06:30:00.Z", "2026-11-23T06:3::00Z" };
	int64_t us;

	for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++) {
		assert_int_equal(saml_time(lw_str(good[i].text), &us), LW_OK);
		assert_int_equal(us, good[i].us);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		if (saml_time(lw_str(bad[i]), &us) != LW_EINVAL)
			fail_msg("%s is taken as a time", bad[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(taken), cmocka_unit_test(refused), cmocka_unit_test(limits), cmocka_unit_test(walks),
		cmocka_unit_test(times) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
