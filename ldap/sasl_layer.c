/* SPDX-License-Identifier: Apache-2.0 */
#include "ldap/sasl.h"

#include "base/err.h"

#include <stdlib.h>
#include <string.h>

#define KEEP (256u << 10) /* buffers that grew past this are given back when they are empty */
#define PIECE (64u << 10) /* octets of clear text in one buffer, at most */
#define LEAST 256u        /* … and at least: each one costs us an encryption */

struct ldapd_layer {
	gss_ctx_id_t ctx;
	bool private_;
	uint32_t piece;         /* octets of clear text that fit into one buffer for the client */
	size_t pending_max;
	struct lw_writer plain; /* opened */
	size_t at;              /* … and eaten up to here */
	struct lw_writer answers;
};

int ldapd_layer_new(gss_ctx_id_t *inout_ctx, bool private_, uint32_t peer_max, size_t pending_max,
        struct ldapd_layer **ret)
{
	struct ldapd_layer *l;
	OM_uint32 minor, piece = 0;

	if (GSS_ERROR(gss_wrap_size_limit(&minor, *inout_ctx, private_, GSS_C_QOP_DEFAULT, peer_max, &piece)) ||
	        piece < LEAST)
		return LW_EINVAL;
	l = calloc(1, sizeof *l);
	if (!l)
		return LW_ENOMEM;
	l->ctx = *inout_ctx;
	*inout_ctx = GSS_C_NO_CONTEXT;
	l->private_ = private_;
	l->piece = piece < PIECE ? piece : PIECE;
	l->pending_max = pending_max;
	lw_writer_init(&l->plain, pending_max + 2 * LDAPD_LAYER_BATCH);
	lw_writer_init(&l->answers, 64u << 20);
	l->plain.wipe = true;
	*ret = l;
	return LW_OK;
}

void ldapd_layer_free(struct ldapd_layer *l)
{
	OM_uint32 minor;

	if (!l)
		return;
	gss_delete_sec_context(&minor, &l->ctx, GSS_C_NO_BUFFER);
	lw_writer_done(&l->plain);
	lw_writer_done(&l->answers);
	free(l);
}

bool ldapd_layer_private(const struct ldapd_layer *l)
{
	return l && l->private_;
}

int ldapd_layer_frame(struct lw_reader *in, struct lw_bytes *ret)
{
	struct lw_reader r = *in;
	uint32_t n;

	if (lw_reader_left(&r) < 4)
		return LW_EAGAIN;
	n = lw_get_u32(&r);
	if (n == 0)
		return LW_EINVAL;
	if (n > LDAPD_LAYER_MAX)
		return LW_ELIMIT;
	if (lw_reader_left(&r) < n)
		return LW_EAGAIN;
	*ret = lw_get_raw(&r, n);
	*in = r;
	return LW_OK;
}

static int open_one(struct ldapd_layer *l, struct lw_bytes frame)
{
	gss_buffer_desc token = { frame.n, (void *)frame.p }, clear = GSS_C_EMPTY_BUFFER;
	OM_uint32 major, minor;
	int conf = 0;

	/* anything but COMPLETE: forged, repeated, or a gap */
	major = gss_unwrap(&minor, l->ctx, &token, &clear, &conf, NULL);
	if (major == GSS_S_COMPLETE && (conf || !l->private_))
		lw_put_raw(&l->plain, clear.value, clear.length);
	else
		major = GSS_S_BAD_SIG;
	if (clear.value)
		lw_wipe(clear.value, clear.length);
	gss_release_buffer(&minor, &clear);
	return major == GSS_S_COMPLETE ? l->plain.err : LW_EAUTH;
}

static size_t pending(const struct ldapd_layer *l)
{
	return l->plain.n - l->at;
}

/* Is the next buffer all there? */
static bool whole(const struct lw_reader *in)
{
	struct lw_reader look = *in;
	struct lw_bytes frame;

	return ldapd_layer_frame(&look, &frame) != LW_EAGAIN;
}

static void compact(struct ldapd_layer *l)
{
	if (l->at == 0)
		return;
	memmove(l->plain.p, l->plain.p + l->at, pending(l));
	lw_wipe(l->plain.p + pending(l), l->at);
	l->plain.n -= l->at;
	l->at = 0;
	if (l->plain.n == 0 && l->plain.cap > KEEP) {
		size_t max = l->plain.max;

		lw_writer_done(&l->plain);
		lw_writer_init(&l->plain, max);
		l->plain.wipe = true;
	}
}

int ldapd_layer_open(
        struct ldapd_layer *l, struct lw_reader *in, struct lw_reader *ret_plain, bool *ret_more)
{
	struct lw_bytes frame;
	int err = LW_OK;

	compact(l);
	for (size_t done = 0; done < LDAPD_LAYER_BATCH && pending(l) <= l->pending_max; done += frame.n) {
		err = ldapd_layer_frame(in, &frame);
		if (err)
			break;
		err = open_one(l, frame);
		if (err)
			break;
	}
	if (err && err != LW_EAGAIN)
		return err;
	*ret_more = whole(in);
	lw_reader_init(ret_plain, (struct lw_bytes){ l->plain.p, pending(l) }); /* compacted: at is 0 */
	return LW_OK;
}

void ldapd_layer_eaten(struct ldapd_layer *l, const struct lw_reader *plain)
{
	l->at = l->plain.n - (size_t)(plain->end - plain->p);
}

struct lw_writer *ldapd_layer_answers(struct ldapd_layer *l)
{
	return &l->answers;
}

static int seal_one(struct ldapd_layer *l, const uint8_t *p, size_t n, struct lw_writer *out)
{
	gss_buffer_desc clear = { n, (void *)p }, token = GSS_C_EMPTY_BUFFER;
	OM_uint32 major, minor;
	int conf = 0;

	major = gss_wrap(&minor, l->ctx, l->private_, GSS_C_QOP_DEFAULT, &clear, &conf, &token);
	if (major == GSS_S_COMPLETE && !conf == !l->private_) {
		lw_put_u32(out, (uint32_t)token.length);
		lw_put_raw(out, token.value, token.length);
	} else {
		major = GSS_S_FAILURE;
	}
	gss_release_buffer(&minor, &token);
	return major == GSS_S_COMPLETE ? LW_OK : LW_EINTERNAL;
}

void ldapd_layer_seal(struct ldapd_layer *l, struct lw_writer *out)
{
	size_t n;
	int err = l->answers.err;

	for (size_t at = 0; at < l->answers.n && !err; at += n) {
		n = l->answers.n - at < l->piece ? l->answers.n - at : l->piece;
		err = seal_one(l, l->answers.p + at, n, out);
	}
	if (err && !out->err)
		out->err = err;
	if (l->answers.cap > KEEP) {
		size_t max = l->answers.max;

		lw_writer_done(&l->answers);
		lw_writer_init(&l->answers, max);
	} else {
		lw_writer_reset(&l->answers);
	}
}
