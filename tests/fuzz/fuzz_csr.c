/* SPDX-License-Identifier: Apache-2.0 */
/* A certificate request; and, since a request's names are read only when its signature is good, the same
 * octets as a subjectAltName. */
#include <stdlib.h>
#include <string.h>
#include <openssl/err.h>
#include "base/err.h"
#include "ca/ca.h"
#include "ca/x509.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void request(struct lw_bytes in, struct lw_arena *a)
{
	struct lw_bytes spki = { NULL, 0 };
	struct ca_csr csr = { 0 };
	char why[200] = "";
	int key = ca_csr_key(in, a, &spki, why), all = ca_csr_read(in, a, &csr, why);

	if (key == LW_OK && spki.n == 0)
		abort();
	if (all == LW_OK && (key != LW_OK || !lw_eq(spki, csr.spki)))
		abort();
	if (all != LW_OK && (csr.spki.p || !*why || strchr(why, '\n')))
		abort();
}

/* Also out of PEM. */
static void text(struct lw_bytes in, struct lw_arena *a)
{
	struct lw_bytes der = { NULL, 0 };
	char why[200] = "";

	if (ca_csr_der(in, a, &der, why) == LW_OK ? !der.p || !der.n : der.p || !*why)
		abort();
	if (der.p)
		request(der, a);
}

/* What is read is canonical: written and read again it is the same. */
static void names(struct lw_bytes in, struct lw_arena *a)
{
	const unsigned char *p = in.p;
	GENERAL_NAMES *is = d2i_GENERAL_NAMES(NULL, &p, (long)in.n), *again = NULL;
	struct ca_name *v, *w;
	size_t n, m;
	char why[200];

	if (is && ca_names_read(is, a, &v, &n, why) == LW_OK) {
		again = ca_general_names(v, n);
		if (again && !lw_arena_failed(a)) {
			if (ca_names_read(again, a, &w, &m, why) != LW_OK || n != m)
				abort();
			for (size_t i = 0; i < n; i++) {
				if (!ca_names_equal(&v[i], &w[i]))
					abort();
			}
		}
	}
	GENERAL_NAMES_free(is);
	GENERAL_NAMES_free(again);
	ERR_clear_error();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct lw_arena *a = lw_arena_new(1u << 20, false);

	if (a) {
		request((struct lw_bytes){ data, size }, a);
		text((struct lw_bytes){ data, size }, a);
		names((struct lw_bytes){ data, size }, a);
	}
	lw_arena_free(a);
	return 0;
}
