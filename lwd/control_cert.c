/* SPDX-License-Identifier: Apache-2.0 */
/* lwctl cert: the intent is stored before anything is signed, the certificate after. What stays an intent was never given out. */
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "base/text.h"
#include "ca/ca.h"
#include "keys/issue.h"
#include "lwd/control_kind.h"
#include "store/issue.h"

#define DEFAULT_PERSON "user"
#define DEFAULT_MACHINE "tls-server"

static struct lw_bytes token_of(const struct control_call *call)
{
	return (struct lw_bytes){ call->token.b, call->token.n };
}

/* ---- issuing ---- */

static bool is_a(const struct store_view *view, const char *class)
{
	const struct lw_bytes *values;
	size_t n;

	if (store_view_values(view, schema_attr(LW_LIT("objectClass")), (struct lw_bytes){ 0 }, &values, &n))
		return false;
	for (size_t i = 0; i < n; i++)
		if (lw_eq_nocase(values[i], lw_str(class)))
			return true;
	return false;
}

/* Whom it is for: who is named, or who asks. */
static int for_whom(struct control_call *call, struct lw_uuid *ret, const char **ret_profile)
{
	struct lw_bytes name = ctl_arg(call->req, "subject");
	const struct store_view *view;
	struct store_txn *txn;
	struct store_dn *dn = NULL;
	int rc = LW_OK;

	if (!name.n && !call->cap) {
		snprintf(call->text, sizeof(call->text), "for whom? --subject KIND:NAME says it");
		return LW_EINVAL;
	}
	if (name.n)
		rc = control_dn(call, NULL, name, &dn);
	if (!rc)
		rc = store_begin(call->session, STORE_READ, &txn);
	if (rc)
		return rc;
	rc = dn ? store_get(txn, dn, &view) : store_get_uuid(txn, &call->cap->subject, &view);
	if (!rc) {
		*ret = *store_view_uuid(view);
		*ret_profile = is_a(view, "lwHost") || is_a(view, "lwService") ? DEFAULT_MACHINE : DEFAULT_PERSON;
	} else if (!dn && (rc == LW_ENOTFOUND || rc == LW_EACCES)) {
		/* who may not read himself may still ask for himself */
		*ret = call->cap->subject;
		*ret_profile = DEFAULT_PERSON;
		rc = LW_OK;
	}
	store_end(txn);
	return rc;
}

/* Nothing was signed: keyd has said so. Whatever else went wrong, the intent stays to be seen. */
static bool refused(int rc)
{
	static const int said[] = { LW_EACCES, LW_EINVAL, LW_EUNSUPPORTED, LW_ENOTFOUND, LW_EBUSY, LW_EAUTH, LW_EEXPIRED, LW_EDISABLED,
		LW_EREVOKED };

	for (size_t i = 0; i < sizeof(said) / sizeof(said[0]); i++)
		if (said[i] == rc)
			return true;
	return false;
}

static void put_cert(struct control_call *call, const struct store_record *rec, struct lw_bytes pem)
{
	char serial[2 * STORE_CERT_SERIAL_MAX + 1], time[LW_TIME_TEXT], id[LW_UUID_TEXT];
	size_t at = ctl_item_begin(call->out);

	lw_hex(rec->serial, serial);
	lw_uuid_format(&rec->subject, id);
	ctl_item_string(call->out, "name", serial);
	ctl_item_string(call->out, "subject", id);
	ctl_item_field(call->out, "profile", CTL_STRING, false, &rec->profile, 1);
	lw_time_rfc3339(rec->not_before, time);
	ctl_item_string(call->out, "notBefore", time);
	lw_time_rfc3339(rec->not_after, time);
	ctl_item_string(call->out, "notAfter", time);
	ctl_item_field(call->out, "pem", CTL_STRING, false, &pem, 1);
	ctl_item_end(call->out, at);
}

int control_cert_issue(struct control_call *call)
{
	struct store_op op = { .kind = STORE_CERT_INTENT };
	struct store_record *rec = &op.record;
	struct store_result res = { 0 };
	struct keys_cert_order order = { .tenant = call->tenant.id };
	struct keys_cert cert;
	struct lw_bytes said = ctl_arg(call->req, "profile");
	uint8_t serial[CA_SERIAL];
	char why[200] = "";
	int rc = control_need(call, "csr", &order.csr);

	if (!rc)
		rc = for_whom(call, &rec->subject, &order.profile);
	if (rc)
		return rc;
	if (said.n && !(order.profile = (const char *)lw_dup(call->arena, said).p))
		return LW_ENOMEM;
	if (!ca_profile(order.profile)) {
		snprintf(call->text, sizeof(call->text), "there is no profile %.60s", order.profile);
		return LW_EINVAL;
	}
	ca_serial(serial);
	rec->serial = order.serial = (struct lw_bytes){ serial, sizeof(serial) };
	rec->profile = lw_str(order.profile);
	order.subject = rec->subject;
	if ((rc = control_write(call, &op, &res)) != 0)
		return rc;
	rc = keys_cert(call->keys, token_of(call), &order, call->arena, &cert, why);
	if (rc) {
		op.kind = STORE_CERT_DROP;
		if (refused(rc))
			store_write(call->session, &op, &res); /* where that fails, it expires */
		snprintf(call->text, sizeof(call->text), "%s", why);
		return rc;
	}
	op.kind = STORE_CERT_ISSUED;
	rec->der = cert.der;
	rec->not_before = cert.not_before;
	rec->not_after = cert.not_after;
	if ((rc = control_write(call, &op, &res)) == 0)
		put_cert(call, rec, cert.pem);
	return rc;
}

/* ---- what there is ---- */

static int serial_arg(struct control_call *call, struct lw_bytes *ret)
{
	struct lw_bytes text;
	uint8_t *lower;
	int rc = control_need(call, "name", &text);

	if (rc)
		return rc;
	lower = lw_alloc(call->arena, text.n + 1);
	if (!lower)
		return LW_ENOMEM;
	size_t n = 0;
	for (size_t i = 0; i < text.n; i++) /* as OpenSSL and certtool print them */
		if (text.p[i] != ':' && text.p[i] != ' ')
			lower[n++] = (uint8_t)(text.p[i] >= 'A' && text.p[i] <= 'F' ? text.p[i] | 0x20 : text.p[i]);
	if (n > 2 * STORE_CERT_SERIAL_MAX || lw_unhex(call->arena, (struct lw_bytes){ lower, n }, ret) != 0 || !ret->n)
		return LW_ENOTFOUND; /* nobody has such a serial */
	return LW_OK;
}

static int cert_dn(struct control_call *call, struct lw_bytes serial, const struct control_kind **ret_kind, struct store_dn **ret)
{
	char hex[2 * STORE_CERT_SERIAL_MAX + 1];

	lw_hex(serial, hex);
	*ret_kind = control_kind_named("cert");
	return *ret_kind ? control_dn(call, *ret_kind, lw_str(lw_strdup(call->arena, hex)), ret) : LW_EINTERNAL;
}

static void put_pem(struct control_call *call, const char *what, struct lw_bytes der, const char *field)
{
	struct lw_writer w;
	struct lw_bytes pem;

	lw_writer_init(&w, CTL_MAX);
	lw_pem_put(&w, what, der);
	pem = lw_written(&w);
	if (!w.err)
		ctl_item_field(call->out, field, CTL_STRING, false, &pem, 1);
	lw_writer_done(&w);
}

static void put_value(struct control_call *call, const struct store_view *view, const char *attr, const char *field)
{
	const struct schema_attr *a = schema_attr(lw_str(attr));
	const struct lw_bytes *v;
	char text[LW_TIME_TEXT];
	int64_t us;
	size_t n;

	if (!a || store_view_values(view, a, (struct lw_bytes){ 0 }, &v, &n) || !n)
		return;
	if (lw_time_parse_generalized(v[0], &us) == LW_OK) {
		lw_time_rfc3339(us, text);
		ctl_item_string(call->out, field, text);
	} else {
		ctl_item_field(call->out, field, CTL_STRING, false, &v[0], 1);
	}
}

static void put_record(struct control_call *call, const struct store_view *view)
{
	static const struct {
		const char *attr, *field;
	} rows[] = { { "cn", "name" }, { "lwCertState", "state" }, { "lwSubject", "subject" }, { "lwProfile", "profile" },
		{ "lwNotBefore", "notBefore" }, { "lwNotAfter", "notAfter" }, { "lwRevokedAt", "revoked" } };
	const struct schema_attr *der = schema_attr(LW_LIT("userCertificate")), *reason = schema_attr(LW_LIT("lwRevokeReason"));
	const struct lw_bytes *v;
	char id[LW_UUID_TEXT];
	uint64_t number;
	size_t n, at = ctl_item_begin(call->out);

	lw_uuid_format(store_view_uuid(view), id);
	ctl_item_string(call->out, "id", id);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		put_value(call, view, rows[i].attr, rows[i].field);
	if (reason && store_view_values(view, reason, (struct lw_bytes){ 0 }, &v, &n) == LW_OK && n &&
		lw_parse_u64(v[0], 10, &number) == LW_OK && ca_reason_text((int)number))
		ctl_item_string(call->out, "reason", ca_reason_text((int)number));
	if (store_view_values(view, der, LW_LIT(";binary"), &v, &n) == LW_OK && n)
		put_pem(call, "CERTIFICATE", v[0], "pem");
	ctl_item_end(call->out, at);
}

int control_cert_show(struct control_call *call)
{
	const struct control_kind *kind;
	const struct store_view *view;
	struct store_txn *txn;
	struct store_dn *dn;
	struct lw_bytes serial;
	int rc = serial_arg(call, &serial);

	if (!rc)
		rc = cert_dn(call, serial, &kind, &dn);
	if (!rc)
		rc = store_begin(call->session, STORE_READ, &txn);
	if (rc)
		return rc;
	rc = store_get(txn, dn, &view);
	if (!rc)
		put_record(call, view);
	store_end(txn);
	return rc;
}

int control_cert_revoke(struct control_call *call)
{
	struct store_op op = { .kind = STORE_CERT_REVOKE };
	struct store_result res = { 0 };
	struct lw_bytes reason = ctl_arg(call->req, "reason");
	int rc = serial_arg(call, &op.record.serial);

	if (rc)
		return rc;
	if (reason.n) {
		const char *text = (const char *)lw_dup(call->arena, reason).p;
		op.record.reason = text ? ca_reason(text) : -1;
		if (op.record.reason < 0) {
			snprintf(call->text, sizeof(call->text), "there is no reason %.60s", text ? text : "");
			return LW_EINVAL;
		}
	}
	return control_write(call, &op, &res);
}
