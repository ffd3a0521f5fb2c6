/* SPDX-License-Identifier: Apache-2.0 */
/* Any octets as a document; one that is taken is walked, and keeps to the limits. */
#include <stdlib.h>
#include <string.h>
#include "base/err.h"
#include "saml/int.h"
#include "saml/xml.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void walk(struct lw_arena *arena, const xmlNode *n, size_t depth)
{
	struct saml_walk w;

	if (depth > SAML_MAX_DEPTH)
		abort();
	saml_walk_init(&w, arena);
	saml_text(&w, n);
	if (w.err != LW_OK && !*w.why)
		abort();
	saml_walk_init(&w, arena);
	saml_base64(&w, n);
	saml_walk_init(&w, arena);
	saml_attribute(&w, n, "ID");
	for (const xmlNode *c = saml_first(n); c; c = saml_next(c))
		walk(arena, c, depth + 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct lw_arena *arena = lw_arena_new(4u << 20, false);
	struct saml_doc *doc = NULL;
	char why[200] = "";
	int r = saml_doc_parse((struct lw_bytes){ data, size }, &doc, why);

	if ((r == LW_OK) != (doc != NULL) || (r != LW_OK && (!*why || strchr(why, '\n'))) || saml_loads() != 0)
		abort();
	if (doc && arena)
		walk(arena, saml_doc_root(doc), 1);
	saml_doc_free(doc);
	lw_arena_free(arena);
	return 0;
}
