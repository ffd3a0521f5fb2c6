/* SPDX-License-Identifier: Apache-2.0 */
/* Documents with assertions, each verified with certificates whose private keys nobody has any more: whatever is taken is one that was signed when the
 * corpus was made, and those speak of alice only. */
#include <stdlib.h>
#include <string.h>
#include "base/err.h"
#include "saml/int.h"
#include "tests/unit/saml_certs.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct lw_bytes certs[] = { { cert_ec384, sizeof(cert_ec384) }, { cert_ec256, sizeof(cert_ec256) }, { cert_rsa, sizeof(cert_rsa) } };

static void verify(struct saml_doc *doc, xmlNode *n, struct lw_arena *arena)
{
	struct saml_assertion a = { .alg = 0 };
	struct lw_bytes value = { NULL, 0 };
	char why[200] = "";
	int r = saml_assertion_verify(doc, n, certs, sizeof(certs) / sizeof(*certs), arena, &a, &value, why);

	if (r == LW_OK && (!lw_eq(a.id, LW_LIT("_orig")) || !lw_eq(a.name_id, LW_LIT("alice@acme.example")) || a.not_on_or_after != 1795419000000000))
		abort();
	if (r != LW_OK && (a.alg || value.p || !*why || strchr(why, '\n')))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct lw_arena *arena = lw_arena_new(4u << 20, false);
	struct saml_doc *doc = NULL;
	char why[200];

	if (!arena || saml_doc_parse((struct lw_bytes){ data, size }, &doc, why) != LW_OK)
		goto out;
	for (xmlNode *n = saml_doc_root(doc); n;) {
		xmlNode *up;

		if (n->type == XML_ELEMENT_NODE && xmlStrEqual(n->name, BAD_CAST "Assertion"))
			verify(doc, n, arena);
		if (n->type == XML_ELEMENT_NODE && n->children) {
			n = n->children;
			continue;
		}
		for (up = n; up && !up->next; up = up->parent)
			;
		n = up ? up->next : NULL;
	}
	if (saml_loads() != 0)
		abort();
out:
	saml_doc_free(doc);
	lw_arena_free(arena);
	return 0;
}
