/* SPDX-License-Identifier: Apache-2.0 */
/* Any octets as a SOAP request to the STS: what is taken keeps to its promises, and whatever comes, the answer is a document again. */
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "saml/sts.h"

#define NOW (INT64_C(1795417200) * LW_SECOND) /* 2026-11-23T07:00:00Z */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool ok)
{
	if (!ok)
		abort();
}

static void answer(const struct soap_message *m, const struct sts_request *q, enum soap_fault f)
{
	static const uint8_t id[16];
	const struct sts_answer a = { .token = LW_LIT("<a/>"), .id = LW_LIT("_1"), .not_before = NOW, .not_after = NOW + 1 };
	struct saml_doc *doc = NULL;
	struct lw_writer w;
	char why[200];

	lw_writer_init(&w, 1 << 20);
	if (f == SOAP_FINE)
		sts_answer_put(&w, m, q, &a, id, NOW);
	else
		must(soap_fault_put(&w, m, f, id) >= 400);
	must(w.err == LW_OK && saml_doc_parse(lw_written(&w), &doc, why) == LW_OK);
	saml_doc_free(doc);
	lw_writer_done(&w);
}

static void taken(const struct soap_message *m, const struct sts_request *q)
{
	must(q->op >= STS_ISSUE && q->op < STS_OP_COUNT && q->alg != NULL && q->life >= 0);
	must((q->target != NULL) == (q->op != STS_ISSUE));
	must(m->user.p == NULL || (m->assertion == NULL && m->user.n > 0 && m->password.p != NULL));
	must(m->user.n <= SOAP_TEXT_MAX && m->password.n <= SOAP_TEXT_MAX && q->audience.n <= SOAP_TEXT_MAX);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct lw_arena *arena = lw_arena_new(4u << 20, false);
	struct soap_message m = { .version = SOAP_11 };
	struct saml_doc *doc = NULL;
	struct sts_request q = { 0 };
	char why[200] = "";

	if (arena != NULL && size <= SOAP_MAX && saml_doc_parse((struct lw_bytes){ data, size }, &doc, why) == LW_OK) {
		enum soap_fault f = soap_read(saml_doc_root(doc), NOW, arena, &m, why);

		if (f == SOAP_FINE)
			f = sts_read(&m, NOW, arena, &q, why);
		must(f == SOAP_FINE || (why[0] != '\0' && strchr(why, '\n') == NULL));
		if (f == SOAP_FINE)
			taken(&m, &q);
		if (!lw_arena_failed(arena))
			answer(&m, &q, f);
	}
	saml_doc_free(doc);
	lw_arena_free(arena);
	return 0;
}
