/* SPDX-License-Identifier: Apache-2.0 */
/* Add, modify, delete and modifyDN: jobs. Each prepares an operation (reading what controls and passwords
 * need, with the session's own rights), gives it to the writer, and prepares again when what it read has
 * changed meanwhile. */
#include "ldap/conn.h"

#include <string.h>

struct update {
	struct ldapd_conn *c;
	struct ldapd_msg *m;
	struct store_op op;
	struct store_result res;
	struct ldapd_secret secret;
	struct keys_new_entry *fresh; /* add with a password */
	struct lw_writer pre, post;   /* encoded entries */
	bool assertion_failed;
	const char *why; /* text of our own, harmless */
	char text[200];  /* keyd's */
};

/* ---- prepare: read, then have keyd seal ---- */

static int look(struct update *u)
{
	struct ldapd_ctls *ctls = &u->c->ctls;
	const struct store_view *v;
	struct store_txn *txn;
	bool matches = true;
	int err = u->secret.set ? ldapd_read(u->c, &txn) : ldapd_read_for(u->c, u->op.dn, &txn);

	if (err == LW_OK)
		err = store_get(txn, u->op.dn, &v);
	if (err)
		return err; /* the transaction stays open: the answer asks it for matchedDN */
	u->op.expect_version = store_view_version(v);
	if (u->secret.set || u->op.kind != STORE_ADD)
		u->op.uuid = *store_view_uuid(v);
	lw_writer_reset(&u->pre);
	if (ctls->pre_read)
		ldapd_put_entry_body(&u->pre, LW_BER_SEQUENCE, v, ctls->pre, false);
	err = u->pre.err;
	if (err == LW_OK && ctls->assertion)
		err = ldapd_matches(txn, u->op.dn, ctls->assertion, &matches);
	u->assertion_failed = !matches;
	if (err == LW_OK)
		ldapd_read_end(u->c);
	return err;
}

static int prepare(struct update *u)
{
	struct ldapd_ctls *ctls = &u->c->ctls;
	bool reads = ctls->assertion || ctls->pre_read || (u->secret.set && u->op.kind != STORE_ADD);
	int err = LW_OK;

	if (reads)
		err = look(u);
	if (err || u->assertion_failed)
		return err;
	ldapd_read_end(u->c);
	if (u->secret.set)
		err = ldapd_secret_seal(
		        u->c, &u->secret, &u->op.uuid, u->op.expect_version, u->fresh, &u->op, u->text);
	return err;
}

/* ---- answer ---- */

/* The entry as this change left it. A later change may have come in between: then there is nothing true to
 * say. */
static void read_back(struct update *u)
{
	const struct store_view *v;
	struct store_txn *txn;

	if (ldapd_read_for(u->c, u->op.dn, &txn) == LW_OK && store_get_uuid(txn, &u->res.uuid, &v) == LW_OK &&
	        store_view_version(v) == u->res.version)
		ldapd_put_entry_body(&u->post, LW_BER_SEQUENCE, v, u->c->ctls.post, false);
}

static enum ldapd_outcome succeeded(struct update *u, struct lw_writer *out)
{
	struct ldapd_result res = { .code = LDAPD_SUCCESS };
	struct lw_writer controls;

	lw_writer_init(&controls, 32u << 20);
	if (u->secret.set)
		ldapd_renew(u->c, &u->op.uuid, u->res.credential_version);
	if (u->c->ctls.post_read)
		read_back(u);
	if (u->pre.n && !u->pre.err)
		ldapd_put_control(&controls, "1.3.6.1.1.13.1", lw_written(&u->pre));
	if (u->post.n && !u->post.err)
		ldapd_put_control(&controls, "1.3.6.1.1.13.2", lw_written(&u->post));
	if (!controls.err)
		res.controls = lw_written(&controls);
	ldapd_answer_result(out, u->m, &res);
	lw_writer_done(&controls);
	return LDAPD_DONE;
}

static enum ldapd_outcome answer(struct update *u, struct lw_writer *out, int err)
{
	struct ldapd_result res = { .code = ldapd_code(err) };

	if (u->assertion_failed)
		return ldapd_answer(out, u->m, LDAPD_ASSERTION_FAILED, NULL);
	if (err == LW_OK)
		return succeeded(u, out);
	if (ldapd_session_over(err) || u->c->txn)
		return ldapd_answer_err(u->c, out, u->m, err);
	if (err == LW_ENOTFOUND)
		res.matched = lw_str(u->res.matched);
	if (ldapd_errmap[err].tell)
		res.text = lw_str(u->why ? u->why : u->text[0] ? u->text : u->res.text);
	return ldapd_answer_result(out, u->m, &res);
}

static int write_for(struct update *u)
{
	struct lw_session *s = u->c->session;
	int err = u->secret.set ? LW_OK : ldapd_session_for(u->c, u->op.dn, &s);

	return err ? err : store_write(s, &u->op, &u->res);
}

/* Passwords are set in one's own tenant alone. */
static int check_partner(struct update *u)
{
	struct lw_session *s;
	int err = ldapd_session_for(u->c, u->op.dn, &s);

	return err ? err : u->secret.set && s != u->c->session ? LW_EACCES : LW_OK;
}

static enum ldapd_outcome run(struct update *u, struct lw_writer *out, int err)
{
	enum ldapd_outcome done;

	lw_writer_init(&u->pre, 20u << 20);
	lw_writer_init(&u->post, 20u << 20);
	if (err == LW_OK)
		err = ldapd_session(u->c);
	if (err == LW_OK && u->op.dn->n == 0) {
		err = LW_EUNWILLING;
		u->why = "the root DSE can't be changed";
	}
	if (err == LW_OK)
		err = check_partner(u);
	for (unsigned i = 0; err == LW_OK && i < LDAPD_TRIES; i++) {
		err = prepare(u);
		if (err == LW_OK && !u->assertion_failed) {
			memset(&u->res, 0, sizeof u->res);
			err = write_for(u);
		}
		if (err != LW_EAGAIN)
			break;
		if (i + 1 < LDAPD_TRIES)
			err = LW_OK;
	}
	done = answer(u, out, err);
	ldapd_read_end(u->c);
	lw_writer_done(&u->pre);
	lw_writer_done(&u->post);
	return done;
}

/* ---- the four ---- */

/* As in draft-behera-ldap-password-policy 5.3.3: who takes pwdAccountLockedTime away unlocks. What is locked stands in no entry. */
static bool is_unlock(const struct ldapd_msg *m)
{
	const struct store_mod *one = m->modify.mods;

	return m->modify.n == 1 && (one->kind == STORE_MOD_DELETE || one->kind == STORE_MOD_REPLACE) && one->attr.n == 0 &&
	       lw_eq_nocase(one->attr.desc, LW_LIT("pwdAccountLockedTime"));
}

static int unlock(struct update *u)
{
	struct ldapd_conn *c = u->c;
	int err = ldapd_session(c);

	u->secret.set = false;
	if (err == LW_OK)
		err = look(u);
	if (err == LW_OK && u->assertion_failed)
		return LW_OK;
	if (err)
		return err;
	return keys_unlock(c->server->keys, (struct lw_bytes){ c->token.b, c->token.n }, store_session_tenant(c->session),
	        &u->op.uuid);
}

static enum ldapd_outcome run_unlock(struct update *u, struct lw_writer *out)
{
	enum ldapd_outcome done;

	lw_writer_init(&u->pre, 20u << 20);
	lw_writer_init(&u->post, 20u << 20);
	done = answer(u, out, unlock(u));
	ldapd_read_end(u->c);
	lw_writer_done(&u->pre);
	lw_writer_done(&u->post);
	return done;
}

int ldapd_modify(
        struct ldapd_conn *c, struct ldapd_msg *m, bool in_job, struct lw_reader *in, struct lw_writer *out)
{
	struct update u = { .c = c, .m = m, .op.kind = STORE_MODIFY };
	int err;

	if (!in_job) {
		for (size_t i = 0; i < m->modify.n; i++)
			if (ldapd_secret_is(m->modify.mods[i].attr.desc))
				return LDAPD_SLOW_JOB;
		return LDAPD_JOB;
	}
	err = dn_parse(c->held, m->modify.dn, &u.op.dn);
	if (err == LW_OK)
		err = ldapd_secret_of_mods(m->modify.mods, &m->modify.n, &u.secret, &u.why);
	if (err == LW_OK && u.secret.set && !ldapd_password_allowed(c))
		err = LW_ECONFIDENTIAL;
	u.op.mods = m->modify.mods;
	u.op.nmods = m->modify.n;
	if (u.secret.set && u.op.nmods == 0)
		u.op.kind = STORE_SET_SECRET;
	return err == LW_OK && u.op.dn->n && is_unlock(m) ? run_unlock(&u, out) : run(&u, out, err);
}

static bool has_class(const struct ldapd_msg *m, const char *name)
{
	const struct schema_class *want = schema_class(lw_str(name)), *k;

	for (size_t i = 0; i < m->add.n && want; i++)
		for (size_t j = 0;
		        lw_eq_nocase(m->add.attrs[i].desc, LW_LIT("objectClass")) && j < m->add.attrs[i].n;
		        j++) {
			k = schema_class(m->add.attrs[i].values[j]);
			if (k && schema_class_isa(k, want))
				return true;
		}
	return false;
}

static const char *first_value(struct lw_arena *a, const struct ldapd_msg *m, const char *name)
{
	const struct schema_attr *want = schema_attr(lw_str(name));

	for (size_t i = 0; i < m->add.n && want; i++)
		if (m->add.attrs[i].n && schema_attr(m->add.attrs[i].desc) == want)
			return (const char *)lw_dup(a, m->add.attrs[i].values[0]).p;
	return NULL;
}

/* The names that a new principal will have: they salt its Kerberos keys. As the writer gives them. */
static int new_entry(struct ldapd_conn *c, const struct ldapd_msg *m, struct keys_new_entry *ret)
{
	const char *uid = first_value(c->held, m, "uid"), *cn = first_value(c->held, m, "cn");
	bool host = has_class(m, "lwHost");

	ret->user = has_class(m, "person") || has_class(m, "account");
	if (!ret->user && !host && !has_class(m, "lwService"))
		return LW_EUNWILLING;
	ret->name = ret->user ? uid : cn;
	if (!ret->name)
		return LW_EUNWILLING;
	ret->krb_name = first_value(c->held, m, "krbPrincipalName");
	if (!ret->krb_name)
		ret->krb_name =
		        lw_printf(c->held, "%s%s@%s", host ? "host/" : "", ret->name, c->tenant.realm);
	return ret->krb_name ? LW_OK : LW_ENOMEM;
}

int ldapd_add(
        struct ldapd_conn *c, struct ldapd_msg *m, bool in_job, struct lw_reader *in, struct lw_writer *out)
{
	struct update u = { .c = c, .m = m, .op.kind = STORE_ADD };
	struct keys_new_entry fresh = { 0 };
	int err;

	if (!in_job) {
		for (size_t i = 0; i < m->add.n; i++)
			if (ldapd_secret_is(m->add.attrs[i].desc))
				return LDAPD_SLOW_JOB;
		return LDAPD_JOB;
	}
	err = dn_parse(c->held, m->add.dn, &u.op.dn);
	if (err == LW_OK)
		err = ldapd_secret_of_attrs(m->add.attrs, &m->add.n, &u.secret, &u.why);
	if (err == LW_OK && u.secret.set && !ldapd_password_allowed(c))
		err = LW_ECONFIDENTIAL;
	if (err == LW_OK && u.secret.set) {
		err = new_entry(c, m, &fresh);
		if (err == LW_EUNWILLING)
			u.why = "only users, services and hosts have passwords";
		u.fresh = &fresh;
		u.op.uuid = lw_uuid_new(c->server->clock);
	}
	u.op.attrs = m->add.attrs;
	u.op.nattrs = m->add.n;
	return run(&u, out, err);
}

int ldapd_delete(
        struct ldapd_conn *c, struct ldapd_msg *m, bool in_job, struct lw_reader *in, struct lw_writer *out)
{
	struct update u = { .c = c, .m = m, .op.kind = STORE_DELETE };

	if (!in_job)
		return LDAPD_JOB;
	return run(&u, out, dn_parse(c->held, m->delete_dn, &u.op.dn));
}

int ldapd_moddn(
        struct ldapd_conn *c, struct ldapd_msg *m, bool in_job, struct lw_reader *in, struct lw_writer *out)
{
	struct update u = { .c = c, .m = m, .op.kind = STORE_MODDN };
	int err;

	if (!in_job)
		return LDAPD_JOB;
	u.op.new_rdn = lw_alloc(c->held, sizeof *u.op.new_rdn);
	u.op.delete_old = m->moddn.delete_old;
	err = u.op.new_rdn ? dn_parse(c->held, m->moddn.dn, &u.op.dn) : LW_ENOMEM;
	if (err == LW_OK)
		err = dn_parse_rdn(c->held, m->moddn.new_rdn, u.op.new_rdn);
	if (err == LW_OK && m->moddn.has_superior)
		err = dn_parse(c->held, m->moddn.new_superior, &u.op.new_superior);
	return run(&u, out, err);
}
