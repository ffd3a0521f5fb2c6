/* SPDX-License-Identifier: Apache-2.0 */
/* Attacks on signed assertions. Each file of tests/fuzz/corpus/assertion was made by saml_attacks.py from something that is really signed; each is refused as
 * the table says, quickly, and without a file or a connection being opened.
 * Compiled a second time with SAML_WEAK (test_saml_weak) the same table shows what each is refused by: without these checks it is taken. */
#include "tests/unit/unit.h"

#include <pthread.h>
#include <time.h>
#include <unistd.h>
#include <seccomp.h>
#include <sys/wait.h>
#ifdef SAML_WEAK
#include <libxslt/xsltutils.h>
#include <xmlsec/xmlsec.h>
#include <xmlsec/io.h>
#endif

#include "base/arena.h"
#include "base/err.h"
#include "saml/int.h"
#include "tests/unit/saml_certs.h"
#include "tests/unit/sig_rig.h"

#define W(check) (1u << SAML_CHECK_##check)
#define EVER     0xffffffffu /* without any of the checks xmlsec1, or the form of our functions, still refuses it */
#define OTHER    1           /* the document also has alice's own, which is good */

static const struct attack {
	const char *name;
	int want;
	uint32_t without;
	int flags;
} attacks[] = {
	/* wrapping: mallory's assertion, and somewhere what was signed */
	{ "xsw1", LW_EINVAL, EVER },
	{ "xsw2", LW_EINVAL, W(URI) | W(NODE) },
	{ "xsw3", LW_EINVAL, EVER, OTHER },
	{ "xsw4", LW_EINVAL, EVER, OTHER },
	{ "xsw5", LW_EINVAL, W(URI) | W(NODE) },
	{ "xsw6", LW_EINVAL, EVER },
	{ "xsw7", LW_EINVAL, W(IDS) | W(NODE) },
	{ "xsw8", LW_EINVAL, W(URI) | W(NODE) | W(SIGNATURE) | W(TRANSFORMS) },
	{ "xsw8-detached", LW_EINVAL, W(URI) | W(NODE) | W(TRANSFORMS) },
	{ "xsw-last", LW_EINVAL, W(URI) | W(NODE) | W(PLACE) | W(FIELDS) },
	{ "xsw-inside", LW_EINVAL, W(URI) | W(NODE) | W(TRANSFORMS) | W(FIELDS) },
	/* documents */
	{ "comment-nameid", LW_EINVAL, W(COMMENT) | W(TEXT) },
	{ "comment-between", LW_EINVAL, W(COMMENT) | W(FIELDS) },
	{ "comment-signature", LW_EINVAL, W(COMMENT) | W(FIELDS) },
	{ "pi-nameid", LW_EINVAL, W(PI) | W(TEXT) },
	{ "doctype", LW_EINVAL, W(DOCTYPE) },
	{ "doctype-id", LW_EINVAL, EVER },
	{ "entity", LW_EINVAL, EVER },
	{ "bomb", LW_EINVAL, EVER },
	{ "bomb-quadratic", LW_EINVAL, EVER },
	{ "bomb-parameter", LW_EINVAL, EVER },
	{ "xxe-file", LW_EINVAL, EVER },
	{ "xxe-http", LW_EINVAL, EVER },
	{ "xxe-parameter", LW_EINVAL, EVER },
	{ "xxe-subset", LW_EINVAL, W(DOCTYPE) },
	{ "xxe-public", LW_EINVAL, W(DOCTYPE) },
	{ "xinclude", LW_EAUTH, EVER },
	{ "utf16", LW_EINVAL, EVER },
	{ "latin1", LW_EINVAL, EVER },
	{ "latin1-said", LW_EINVAL, EVER },
	{ "two-ids", LW_EINVAL, W(IDS) },
	{ "two-ids-other-case", LW_EINVAL, W(IDS) },
	{ "two-ids-wss", LW_EINVAL, W(IDS) },
	{ "xmlid", LW_EINVAL, W(XMLID) | W(IDS) | W(NODE) | W(TRANSFORMS) },
	{ "xmlid-alone", LW_EINVAL, W(XMLID) },
	{ "too-deep", LW_ELIMIT, EVER },
	{ "undeclared-prefix", LW_EINVAL, W(NAMESPACES) | W(FIELDS) },
	{ "unfinished", LW_EINVAL, EVER },
	/* references */
	{ "uri-empty", LW_EINVAL, W(URI) | W(LIMITS) },
	{ "uri-empty-wrapped", LW_EINVAL, W(URI) | W(LIMITS) },
	{ "uri-none", LW_EINVAL, EVER },
	{ "uri-file", LW_EINVAL, W(URI) | W(TRANSFORMS) | W(LIMITS) },
	{ "uri-file-c14n", LW_EINVAL, EVER },
	{ "uri-http", LW_EINVAL, EVER },
	{ "uri-xpointer", LW_EINVAL, W(URI) },
	{ "uri-xpointer-root", LW_EINVAL, W(URI) },
	{ "two-references", LW_EINVAL, W(REFERENCE) | W(NODE) },
	{ "no-reference", LW_EINVAL, EVER },
	{ "manifest", LW_EINVAL, W(URI) | W(NODE) | W(SIGNATURE) | W(TRANSFORMS) },
	/* transforms and canonicalisation */
	{ "xslt", LW_EINVAL, W(TRANSFORMS) | W(LIMITS) },
	{ "xslt-file", LW_EINVAL, EVER },
	{ "xpath", LW_EINVAL, W(TRANSFORMS) | W(LIMITS) },
	{ "xpath2", LW_EINVAL, W(TRANSFORMS) | W(LIMITS) },
	{ "transforms-inclusive", LW_EINVAL, W(TRANSFORMS) | W(LIMITS) },
	{ "transforms-prefixes", LW_EINVAL, W(TRANSFORMS) },
	{ "transforms-twice", LW_EINVAL, W(TRANSFORMS) },
	{ "transforms-comments", LW_EINVAL, W(TRANSFORMS) | W(LIMITS) },
	{ "c14n-inclusive", LW_EINVAL, W(C14N) | W(LIMITS) },
	{ "c14n-comments", LW_EINVAL, W(C14N) | W(LIMITS) },
	{ "c14n-unknown", LW_EINVAL, EVER },
	{ "c14n-fails", LW_EINVAL, EVER },
	{ "c14n-fails-early", LW_EINVAL, EVER },
	{ "c14n-fails-info", LW_EINVAL, EVER },
	/* methods and keys */
	{ "hmac-public-key", LW_EINVAL, EVER },
	{ "hmac-certificate", LW_EINVAL, EVER },
	{ "hmac-sha1", LW_EINVAL, EVER },
	{ "hmac-truncated", LW_EINVAL, EVER },
	{ "hmac-length-0", LW_EINVAL, EVER },
	{ "method-length", LW_EINVAL, EVER },
	{ "rsa-sha1", LW_EINVAL, W(METHOD) | W(DIGEST) | W(LIMITS) },
	{ "rsa-md5", LW_EINVAL, EVER },
	{ "digest-sha1", LW_EINVAL, W(DIGEST) | W(LIMITS) },
	{ "digest-other", LW_EINVAL, W(DIGEST) },
	{ "digest-unknown", LW_EINVAL, EVER },
	{ "method-unknown", LW_EINVAL, EVER },
	{ "method-none", LW_EINVAL, EVER },
	{ "method-other", LW_EAUTH, EVER },
	{ "other-key", LW_EAUTH, EVER },
	{ "other-key-said", LW_EAUTH, EVER },
	{ "weak-key", LW_EAUTH, W(KEY) },
	{ "other-curve", LW_EAUTH, W(KEY) },
	/* changed afterwards */
	{ "changed", LW_EAUTH, EVER },
	{ "changed-digest", LW_EAUTH, EVER },
	{ "changed-value", LW_EAUTH, EVER },
	{ "changed-time", LW_EAUTH, EVER },
	{ "value-empty", LW_EINVAL, EVER },
	{ "value-short", LW_EAUTH, EVER },
	{ "value-not-base64", LW_EINVAL, EVER },
	{ "unsigned", LW_EINVAL, EVER },
	/* signatures */
	{ "two-signatures", LW_EINVAL, W(ONE) | W(FIELDS) },
	{ "two-signatures-beside", LW_EINVAL, EVER },
	{ "signature-last", LW_EINVAL, W(PLACE) | W(FIELDS) },
	{ "signature-object", LW_EINVAL, W(SIGNATURE) },
	{ "signature-id", LW_EINVAL, W(SIGNATURE) },
	{ "signature-namespace", LW_EINVAL, EVER },
	/* signed, but not of the profile */
	{ "id-not-a-name", LW_EINVAL, EVER },
	{ "version-11", LW_EINVAL, EVER },
	{ "saml11", LW_EINVAL, EVER },
	{ "element-unknown", LW_EINVAL, W(FIELDS) },
	{ "element-advice", LW_EINVAL, W(FIELDS) },
	{ "subject-twice", LW_EINVAL, W(FIELDS) },
	{ "nameid-namespace", LW_EINVAL, EVER },
	{ "nameid-element", LW_EINVAL, W(TEXT) },
	{ "nameid-qualifier", LW_EINVAL, W(FIELDS) },
	{ "attribute-namespace", LW_EINVAL, W(FIELDS) },
	{ "text-between", LW_EINVAL, W(FIELDS) },
	{ "holder-of-key", LW_EINVAL, EVER },
	{ "time-bad", LW_EINVAL, EVER },
	{ "times-differ", LW_EINVAL, EVER },
};
#define N_ATTACKS (sizeof(attacks) / sizeof(*attacks))

static const struct lw_bytes certs[] = { { cert_weak, sizeof(cert_weak) }, { cert_ec521, sizeof(cert_ec521) }, { cert_ec384, sizeof(cert_ec384) },
	{ cert_ec256, sizeof(cert_ec256) }, { cert_rsa, sizeof(cert_rsa) } };
#define N_CERTS (sizeof(certs) / sizeof(*certs))

static struct lw_bytes load(const char *name)
{
	const char *srcdir = getenv("srcdir");
	char path[1024];
	uint8_t *all = malloc(1 << 20);
	struct lw_bytes b = { all, 0 };
	FILE *f;

	snprintf(path, sizeof(path), "%s/tests/fuzz/corpus/assertion/%s.xml", srcdir ? srcdir : ".", name);
	f = fopen(path, "rb");
	if (!f)
		fail_msg("%s is not there", path);
	b.n = fread(all, 1, 1 << 20, f);
	fclose(f);
	return b;
}

static xmlNode *next_in_document(xmlNode *n)
{
	if (n->children && n->type == XML_ELEMENT_NODE)
		return n->children;
	while (n && !n->next)
		n = n->parent;
	return n ? n->next : NULL;
}

static bool about_mallory(const xmlNode *assertion)
{
	for (xmlNode *n = saml_first(assertion); n; n = saml_next(n))
		if (saml_is(n, SAML_NS_ASSERTION, "Subject")) {
			xmlChar *text = xmlNodeGetContent(n);
			bool is = strstr((char *)text, "mallory") != NULL;

			xmlFree(text);
			return is;
		}
	return false;
}

static bool is_assertion(const xmlNode *n)
{
	return n->type == XML_ELEMENT_NODE && xmlStrEqual(n->name, BAD_CAST "Assertion");
}

/* What the attacker wants to be taken: mallory's assertion, or else the first. */
static xmlNode *target_of(struct saml_doc *doc)
{
	xmlNode *first = NULL;

	for (xmlNode *n = saml_doc_root(doc); n; n = next_in_document(n)) {
		if (is_assertion(n) && about_mallory(n))
			return n;
		if (is_assertion(n) && !first)
			first = n;
	}
	return first;
}

static int verify(struct saml_doc *doc, xmlNode *n, struct lw_arena *arena, struct saml_assertion *ret, char why[200])
{
	struct lw_bytes signature;

	return saml_assertion_verify(doc, n, certs, N_CERTS, arena, ret, &signature, why);
}

#ifndef SAML_WEAK

static const struct {
	const char *name;
	enum saml_alg alg;
} good[] = {
	{ "good-rsa-sha256", SAML_RSA_SHA256 },
	{ "good-rsa-sha384", SAML_RSA_SHA384 },
	{ "good-rsa-sha512", SAML_RSA_SHA512 },
	{ "good-ecdsa-sha256", SAML_ECDSA_SHA256 },
	{ "good-ecdsa-sha384", SAML_ECDSA_SHA384 },
	{ "good-ecdsa-p384-sha256", SAML_ECDSA_SHA256 },
	{ "good-wrapped", SAML_RSA_SHA256 },
	{ "good-keyinfo", SAML_RSA_SHA256 },
	{ "good-default-namespace", SAML_RSA_SHA256 },
	{ "good-by-hand", SAML_RSA_SHA256 },
};

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* Everything that may be read from the document: 0 when nothing, else what the table's row does not allow. */
static int try_attack(const struct attack *a, struct lw_bytes in, char why[200])
{
	struct lw_arena *arena = lw_arena_new(4 << 20, false);
	struct saml_assertion got;
	struct saml_doc *doc = NULL;
	xmlNode *target;
	int err = saml_doc_parse(in, &doc, why);

	if (err == LW_OK) {
		target = target_of(doc);
		err = verify(doc, target, arena, &got, why);
		for (xmlNode *n = saml_doc_root(doc); n; n = next_in_document(n)) {
			char other[200];

			if (!is_assertion(n) || n == target || verify(doc, n, arena, &got, other) != LW_OK)
				continue;
			if (!(a->flags & OTHER) || !lw_eq(got.name_id, LW_LIT("alice@acme.example")))
				err = LW_OK;
		}
	}
	saml_doc_free(doc);
	lw_arena_free(arena);
	return err;
}

static void all_good(void **state)
{
	for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++) {
		struct lw_arena *arena = lw_arena_new(1 << 20, false);
		struct lw_bytes in = load(good[i].name), value;
		struct saml_doc *doc;
		struct saml_assertion a;
		char why[200] = "";
		xmlNode *n;

		assert_int_equal(saml_doc_parse(in, &doc, why), LW_OK);
		n = target_of(doc);
		if (saml_assertion_verify(doc, n, certs, N_CERTS, arena, &a, &value, why) != LW_OK)
			fail_msg("%s: %s", good[i].name, why);
		assert_int_equal(a.alg, good[i].alg);
		assert_bytes(a.id, "_orig");
		assert_bytes(a.issuer, "https://idp.acme.example/websso/SAML2/Metadata/acme.example");
		assert_int_equal(a.issue_instant, 1795415400000000);
		assert_int_equal(a.not_before, 1795415340000000);
		assert_int_equal(a.not_on_or_after, 1795419000000000);
		assert_int_equal(a.authn_instant, 1795415400000000);
		assert_bytes(a.name_id, "alice@acme.example");
		assert_bytes(a.name_id_format, "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress");
		assert_bytes(a.audience, "https://sp.acme.example");
		assert_bytes(a.recipient, "https://sp.acme.example/acs");
		assert_bytes(a.in_response_to, "_req");
		assert_bytes(a.session_index, "_s");
		assert_bytes(a.authn_context, "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport");
		assert_int_equal(a.n_attrs, 1);
		assert_bytes(a.attrs[0].name, "mail");
		assert_null(a.attrs[0].name_format.p);
		assert_int_equal(a.attrs[0].n, 2);
		assert_bytes(a.attrs[0].values[0], "alice@acme.example");
		assert_bytes(a.attrs[0].values[1], "a&b<c>\"\xc3\xa9");
		assert_int_equal(value.n, !strcmp(good[i].name, "good-ecdsa-sha256") ? 64 : !strncmp(good[i].name, "good-ec", 7) ? 96 : 256);
		/* a second time: nothing was left behind */
		assert_int_equal(saml_assertion_verify(doc, n, certs, N_CERTS, arena, &a, &value, why), LW_OK);
		/* with nobody's or somebody else's certificate */
		assert_int_equal(saml_assertion_verify(doc, n, certs, 0, arena, &a, &value, why), LW_EAUTH);
		assert_int_equal(saml_assertion_verify(doc, n, &(struct lw_bytes){ cert_other, sizeof(cert_other) }, 1, arena, &a, &value, why), LW_EAUTH);
		assert_int_equal(saml_assertion_verify(doc, n, &LW_LIT("no certificate"), 1, arena, &a, &value, why), LW_EAUTH);
		saml_doc_free(doc);
		lw_arena_free(arena);
		free((void *)in.p);
	}
	assert_int_equal(saml_loads(), 0);
}

/* What our builder writes comes back as it was, and the signature with it holds for keyd's check. */
static void built(void **state)
{
	static struct lw_bytes values[] = { { (const uint8_t *)"R&D <all> \t\r\n\"'", 15 }, { (const uint8_t *)"", 0 }, { (const uint8_t *)"\xe2\x98\xba", 3 } };
	struct saml_attr attrs[] = { { LW_LIT("mail"), { NULL, 0 }, values, 3 }, { LW_LIT("a&\"b"), LW_LIT("urn:oasis:names:tc:SAML:2.0:attrname-format:uri"), values, 1 } };
	const struct saml_assertion whole = { .id = LW_LIT("_0123456789abcdef0123456789abcdef"),
		.issuer = LW_LIT("https://idp.acme.example/websso/SAML2/Metadata/acme.example"),
		.issue_instant = 1795415400123000,
		.not_before = 1795415100123000,
		.not_on_or_after = 1795419000123000,
		.authn_instant = 1795415399000000,
		.name_id_format = LW_LIT("urn:oasis:names:tc:SAML:2.0:nameid-format:persistent"),
		.name_id = LW_LIT(" alice <&> "),
		.audience = LW_LIT("https://sp.acme.example/?a=1&b=2"),
		.recipient = LW_LIT("https://sp.acme.example/acs?x=\"1\"&y"),
		.in_response_to = LW_LIT("_req"),
		.authn_context = LW_LIT("urn:oasis:names:tc:SAML:2.0:ac:classes:Kerberos"),
		.session_index = LW_LIT("_s"),
		.attrs = attrs,
		.n_attrs = 2 };
	const struct saml_assertion least = { .id = LW_LIT("_1"), .issuer = LW_LIT("urn:x"), .issue_instant = 1000, .name_id = LW_LIT("a") };

	for (unsigned i = 1; i < 2 * SAML_ALG_COUNT; i += i == SAML_ALG_COUNT - 1 ? 2 : 1) {
		struct saml_assertion a = i < SAML_ALG_COUNT ? whole : least, got;
		const struct rig_signer *key;
		struct lw_arena *arena = lw_arena_new(1 << 20, false);
		struct lw_bytes value;
		struct lw_writer w, as_made, as_read;
		struct saml_doc *doc;
		char why[200] = "";

		a.alg = i % SAML_ALG_COUNT;
		key = sig_rig(a.alg == SAML_ECDSA_SHA256 ? RIG_P256 : a.alg == SAML_ECDSA_SHA384 ? RIG_P384 : RIG_RSA2048);
		lw_writer_init(&w, SAML_MAX);
		lw_writer_init(&as_made, SAML_MAX);
		lw_writer_init(&as_read, SAML_MAX);
		assert_int_equal(saml_assertion_build(&a, key->signer, &w), LW_OK);
		assert_int_equal(saml_doc_parse(lw_written(&w), &doc, why), LW_OK);
		if (saml_assertion_verify(doc, saml_doc_root(doc), &key->cert, 1, arena, &got, &value, why) != LW_OK)
			fail_msg("%u: %s", i, why);
		saml_assertion_put(&as_made, &a);
		saml_assertion_put(&as_read, &got);
		assert_int_equal(as_made.n, as_read.n);
		assert_memory_equal(as_made.p, as_read.p, as_made.n);
		assert_int_equal(saml_assertion_check(&got, value, key->signer), LW_OK);
		got.name_id = LW_LIT("mallory");
		assert_int_equal(saml_assertion_check(&got, value, key->signer), LW_EAUTH);
		saml_doc_free(doc);
		lw_writer_done(&w);
		lw_writer_done(&as_made);
		lw_writer_done(&as_read);
		lw_arena_free(arena);
	}
	sig_rig_done();
}

static void all_refused(void **state)
{
	for (size_t i = 0; i < N_ATTACKS; i++) {
		struct lw_bytes in = load(attacks[i].name);
		char why[200] = "";
		double from = now();
		int r = try_attack(&attacks[i], in, why);

		if (r != attacks[i].want)
			fail_msg("%s: %s (%s)", attacks[i].name, lw_errname(r), why);
		assert_true(*why && !strchr(why, '\n'));
#ifndef LW_SANITIZERS
		if (now() - from > 0.05)
			fail_msg("%s takes %.3f s", attacks[i].name, now() - from);
#else
		(void)from;
#endif
		free((void *)in.p);
	}
	assert_int_equal(saml_loads(), 0);
}

/* Once more where the kernel ends whoever opens a file, looks at one, or makes a socket. */
static int confined(void)
{
	static const char *const calls[] = { "open", "openat", "stat", "lstat", "newfstatat", "statx", "access", "faccessat", "faccessat2", "readlink", "readlinkat",
		"socket", "connect", "sendto", "sendmsg", "execve", "clone", "clone3", "fork", "vfork" };
	static struct lw_bytes in[N_ATTACKS], fine;
	scmp_filter_ctx f = seccomp_init(SCMP_ACT_ALLOW);
	char why[200];

	for (size_t i = 0; i < N_ATTACKS; i++)
		in[i] = load(attacks[i].name);
	fine = load("good-keyinfo");
	saml_prepare();
	for (size_t i = 0; i < sizeof(calls) / sizeof(*calls); i++) {
		int nr = seccomp_syscall_resolve_name(calls[i]);

		if (nr >= 0 && seccomp_rule_add(f, SCMP_ACT_KILL_PROCESS, nr, 0) != 0)
			return 2;
	}
	if (seccomp_load(f) != 0)
		return 3;
	for (size_t i = 0; i < N_ATTACKS; i++)
		if (try_attack(&attacks[i], in[i], why) != attacks[i].want)
			return 4;
	return try_attack(&(struct attack){ "", 0, 0, 0 }, fine, why) == LW_OK ? 0 : 5;
}

/* As much as a document may have, so that nobody keeps a worker busy: many elements; or many namespaces and attributes, deep down. */
static void largest(void **state)
{
	struct lw_bytes fine = load("good-rsa-sha256");
	const char *mark = memmem(fine.p, fine.n, "<saml2:AttributeStatement>", 26);

	for (int deep = 0; deep < 2; deep++) {
		const struct attack none = { "", 0, 0, 0 };
		char *text = malloc(SAML_MAX_DOC), why[200] = "";
		FILE *f = fmemopen(text, SAML_MAX_DOC, "w");
		double from;
		long n;

		fwrite(fine.p, 1, (size_t)(mark - (const char *)fine.p), f);
		for (int i = 0; i < (deep ? 50 : 1); i++) {
			fprintf(f, "<n%d:e xmlns:n%d='urn:%d'", i, i, i);
			for (int k = 0; deep && k < 4; k++)
				fprintf(f, " xmlns:m%d_%d='urn:%d:%d'", i, k, i, k);
			fputc('>', f);
		}
		for (int i = 0; i < (deep ? 190 : 7900); i++) {
			fputs("<n0:e", f);
			for (int k = 0; deep && k < 40; k++)
				fprintf(f, " n%d:a='1'", k);
			fputs(">x</n0:e>", f);
		}
		for (int i = deep ? 49 : 0; i >= 0; i--)
			fprintf(f, "</n%d:e>", i);
		fwrite(mark, 1, fine.n - (size_t)(mark - (const char *)fine.p), f);
		n = ftell(f);
		fclose(f);
		from = now();
		if (try_attack(&none, (struct lw_bytes){ (uint8_t *)text, (size_t)n }, why) != LW_EAUTH)
			fail_msg("%s", why);
#ifdef LW_SANITIZERS
		from = now();
#endif
		assert_true(now() - from < 0.05);
		free(text);
	}
	free((void *)fine.p);
}

/* Workers share nothing but what saml_prepare made. */
static void *one_worker(void *arg)
{
	const struct lw_bytes *in = arg;
	char why[200];

	for (int i = 0; i < 40; i++) {
		const struct attack none = { "", 0, 0, 0 };

		if (try_attack(&none, in[i % 3], why) != (i % 3 == 0 ? LW_OK : i % 3 == 1 ? LW_EAUTH : LW_EINVAL))
			return arg;
	}
	return NULL;
}

static void many_threads(void **state)
{
	struct lw_bytes in[3] = { load("good-ecdsa-sha384"), load("changed"), load("c14n-fails") };
	pthread_t thread[4];

	for (size_t i = 0; i < 4; i++)
		assert_int_equal(pthread_create(&thread[i], NULL, one_worker, in), 0);
	for (size_t i = 0; i < 4; i++) {
		void *bad;

		pthread_join(thread[i], &bad);
		assert_null(bad);
	}
	for (size_t i = 0; i < 3; i++)
		free((void *)in[i].p);
}

static void opens_nothing(void **state)
{
	pid_t pid = fork();
	int status;

	if (pid == 0)
		_exit(confined());
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(opens_nothing), cmocka_unit_test(all_good), cmocka_unit_test(built),
		cmocka_unit_test(all_refused), cmocka_unit_test(largest),
		cmocka_unit_test(many_threads) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}

#else

uint32_t saml_weak;

#ifdef LW_SANITIZERS
__attribute__((visibility("default"))) const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
	return "detect_leaks=0"; /* xmlsec1 loses a little of transforms that nothing but this test uses */
}
#endif

static void register_all(struct saml_doc *doc)
{
	for (xmlNode *n = saml_doc_root(doc); n; n = next_in_document(n))
		for (xmlAttr *a = n->type == XML_ELEMENT_NODE ? n->properties : NULL; a; a = a->next)
			if (!xmlStrcasecmp(a->name, BAD_CAST "ID") && !xmlGetID(n->doc, a->children->content))
				xmlAddID(NULL, n->doc, a->children->content, a);
}

static int try_weak(const struct attack *a, struct lw_bytes in, char why[200])
{
	struct lw_arena *arena = lw_arena_new(4 << 20, false);
	struct saml_assertion got;
	struct saml_doc *doc = NULL;
	int err;

	saml_weak = a->without;
	err = saml_doc_parse(in, &doc, why);
	if (err == LW_OK && saml_weak & W(NODE))
		register_all(doc);
	if (err == LW_OK)
		err = verify(doc, target_of(doc), arena, &got, why);
	saml_doc_free(doc);
	lw_arena_free(arena);
	return err;
}

static void say_nothing(void *ctx, const char *format, ...)
{
}

/* Each attack passes without the checks of its row, and does not as soon as one of them is back. */
static void each_check_matters(void **state)
{
	uint32_t used = 0;

	saml_prepare();
	xmlSecIOCleanupCallbacks();
	xmlSecIORegisterDefaultCallbacks(); /* uri-file */
	xmlSetGenericErrorFunc(NULL, say_nothing); /* libxslt */
	xsltSetGenericErrorFunc(NULL, say_nothing);
	for (size_t i = 0; i < N_ATTACKS; i++) {
		const struct attack *a = &attacks[i];
		struct lw_bytes in = load(a->name);
		char why[200] = "";
		int r = try_weak(a, in, why);

		if (a->without == EVER ? r == LW_OK : r != LW_OK)
			fail_msg("%s without its checks: %s (%s)", a->name, lw_errname(r), why);
		for (uint32_t bit = 1; bit && a->without != EVER; bit <<= 1) {
			struct attack less = *a;

			less.without &= ~bit;
			if (less.without != a->without && try_weak(&less, in, why) == LW_OK)
				fail_msg("%s passes already without some of them (not %x)", a->name, bit);
		}
		used |= a->without == EVER ? 0 : a->without;
		free((void *)in.p);
	}
	assert_int_equal(used, (W(FIELDS) << 1) - 1); /* all of them */
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(each_check_matters) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}

#endif
