/* SPDX-License-Identifier: Apache-2.0 */
/* keyd's messages: whatever decodes is within its bounds and encodes to the same octets. First octet: which
 * row's answer, or 0 for a request. */
#include <stdlib.h>
#include "keys/msg.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool ok)
{
	if (!ok)
		abort();
}

static void request(struct lw_bytes in)
{
	const struct keys_row *row;
	struct keys_request q;
	struct lw_writer w;

	if (keys_request_get(in, &row, &q))
		return;
	must(row->need != KEYS_NEED_NOTHING_IS_AN_ERROR && row->from != 0);
	must(q.token.n <= LW_CAP_MAX && q.password.n <= KEYS_MAX_PASSWORD && q.old.n <= KEYS_MAX_PASSWORD &&
	        q.csr.n <= KEYS_MAX_CSR);
	must(q.name.n <= KEYS_MAX_NAME && q.user.n <= KEYS_MAX_NAME && q.realm.n < 256 && q.krb_name.n < 320 && q.admin_name.n < 256 &&
	        q.addr.n < 64);
	must(q.alg.n <= KEYS_MAX_ALG && q.profile.n <= KEYS_MAX_PROFILE && q.serial.n <= KEYS_MAX_SERIAL && q.ocsp.n <= KEYS_MAX_OCSP &&
	        q.file.n <= KEYS_MAX_FILE && q.kind < KEYS_KIND_COUNT && q.what < KEYS_PUBLIC_COUNT);
	must(q.audience.n <= KEYS_MAX_URI && q.request_id.n <= KEYS_MAX_TOKEN_ID && q.fields.n <= KEYS_MAX_FIELDS && q.signature.n <= KEYS_MAX_SIGNATURE &&
	        q.life >= 0 && q.not_before >= 0 && q.renewable >= 0 && q.token_type <= KEYS_JWT_TOKEN && q.as <= KEYS_AS_TARGET);
	lw_writer_init(&w, KEYS_MAX_REQUEST);
	keys_request_put(&w, row, &q);
	must(w.err == 0 && lw_eq(lw_written(&w), in));
	lw_writer_done(&w);
}

static void answer(const struct keys_row *row, struct lw_bytes in)
{
	struct keys_answer a;
	struct lw_writer w;

	if (keys_answer_get(in, row, &a))
		return;
	must(a.nitems <= KEYS_MAX_ITEMS && a.token.n <= LW_CAP_MAX && a.blob.n <= KEYS_MAX_BLOB && a.pem.n <= KEYS_MAX_PEM);
	lw_writer_init(&w, LW_CHAN_MAX);
	keys_answer_put(&w, row, 0, &a);
	must(w.err == 0 && lw_eq(lw_written(&w), in));
	lw_writer_done(&w);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct lw_bytes in = { data, size };

	if (size == 0)
		return 0;
	in.p++;
	in.n--;
	if (data[0] == 0)
		request(in);
	else
		answer(&keys_rows[data[0] % keys_nrows], in);
	return 0;
}
