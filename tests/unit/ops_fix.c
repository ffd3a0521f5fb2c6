/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/ops_fix.h"

struct fix fix;

static struct lw_session *init_session(void)
{
	struct lw_session *s = NULL;

	assert_int_equal(store_session_role(fix.store, 0, STORE_ROLE_INIT, &s), LW_OK);
	return s;
}

static uint32_t make_tenant(const char *name, struct lw_uuid *ret_uuid, struct lw_uuid *ret_admin)
{
	struct store_sealed_item secret = { .cls = STORE_SECRET_PASSWORD, .generation = 1, .sealed = LW_LIT("sealed") };
	struct store_op op = { .kind = STORE_TENANT_CREATE, .tenant_name = name, .tenant_keys = LW_LIT("keys"),
		.secrets = &secret, .nsecrets = 1 };
	struct lw_session *s = init_session();
	struct store_tenant t;

	secret.attr = schema_attr(LW_LIT("userPassword"))->id;
	op.tenant_uuid = lw_uuid_new(&fix.clock);
	op.admin_uuid = *ret_admin = lw_uuid_new(&fix.clock);
	int err = store_write(s, &op, &fix.r);
	if (err)
		print_message("%s: %s\n", lw_errname(err), fix.r.text);
	assert_int_equal(err, LW_OK);
	store_session_free(s);
	assert_int_equal(store_tenant_by_name(fix.store, fix.arena, lw_str(name), &t), LW_OK);
	*ret_uuid = t.uuid;
	return t.id;
}

struct lw_session *fix_login(uint32_t tenant, const struct lw_uuid *tenant_uuid, const struct lw_uuid *subject, uint64_t cv)
{
	struct lw_cap cap = { .tenant = tenant, .tenant_uuid = *tenant_uuid, .subject = *subject, .actor = *subject,
		.methods = LW_CAP_PASSWORD, .flags = LW_CAP_CONFIDENTIAL, .auth_time = lw_wall(&fix.clock),
		.expiry = lw_wall(&fix.clock) + 3600 * LW_SECOND, .credential_version = cv };
	struct lw_session *s = NULL;

	if (store_session_cap(fix.store, &cap, &s))
		return NULL;
	return s;
}

int fix_up(void **state)
{
	char err[256] = "";

	snprintf(fix.dir, sizeof(fix.dir), "/tmp/lwd-ops-XXXXXX");
	assert_non_null(mkdtemp(fix.dir));
	fix.clock = lw_clock_test(INT64_C(1790000000) * LW_SECOND, 1000 * LW_SECOND);
	fix.arena = lw_arena_new(64 << 20, false);
	if (store_open(fix.dir, STORE_OPEN_CREATE, &fix.clock, &fix.store, err))
		fail_msg("store_open: %s", err);
	assert_int_equal(store_writer_start(fix.store), LW_OK);
	fix.acme = make_tenant("acme.example", &fix.acme_uuid, &fix.acme_admin);
	fix.beta = make_tenant("beta.example", &fix.beta_uuid, &fix.beta_admin);
	assert_int_equal(store_session_role(fix.store, fix.acme, STORE_ROLE_OPERATOR, &fix.op), LW_OK);
	fix.admin = fix_login(fix.acme, &fix.acme_uuid, &fix.acme_admin, 1);
	fix.other = fix_login(fix.beta, &fix.beta_uuid, &fix.beta_admin, 1);
	assert_non_null(fix.admin);
	assert_non_null(fix.other);
	return 0;
}

int fix_down(void **state)
{
	char cmd[128];
	uint64_t problems = 0;

	store_session_free(fix.op);
	store_session_free(fix.admin);
	store_session_free(fix.other);
	store_writer_stop(fix.store);
	assert_int_equal(store_check(fix.store, NULL, NULL, &problems), LW_OK);
	assert_int_equal(problems, 0);
	store_close(fix.store);
	lw_arena_free(fix.arena);
	snprintf(cmd, sizeof(cmd), "%s/db", fix.dir);
	for (const char *const *f = (const char *const[]){ "db/data.mdb", "db/lock.mdb", "db/write.lock", "db/writer.lock", "db", NULL }; *f; f++) {
		snprintf(cmd, sizeof(cmd), "%s/%s", fix.dir, *f);
		if (unlink(cmd))
			rmdir(cmd);
	}
	rmdir(fix.dir);
	return 0;
}

struct store_dn *fix_dn(const char *text)
{
	struct store_dn *dn = NULL;

	if (dn_parse(fix.arena, lw_str(text), &dn))
		fail_msg("bad DN %s", text);
	return dn;
}

/* One line "name: value" of *text; false at the end. */
static bool next_line(const char **text, struct lw_bytes *ret_name, struct lw_bytes *ret_value)
{
	const char *s = *text, *end = strchr(s, '\n'), *colon;

	if (!*s)
		return false;
	if (!end)
		end = s + strlen(s);
	*text = *end ? end + 1 : end;
	colon = memchr(s, ':', (size_t)(end - s));
	if (!colon) {
		*ret_name = (struct lw_bytes){ (const uint8_t *)s, (size_t)(end - s) };
		*ret_value = (struct lw_bytes){ NULL, 0 };
		return true;
	}
	*ret_name = (struct lw_bytes){ (const uint8_t *)s, (size_t)(colon - s) };
	colon += colon[1] == ' ' ? 2 : 1;
	*ret_value = (struct lw_bytes){ (const uint8_t *)colon, (size_t)(end - colon) };
	return true;
}

static void put_value(struct store_attr_values *a, struct lw_bytes v)
{
	struct lw_bytes *more = lw_allocn(fix.arena, a->n + 1, sizeof(*more));

	if (a->n)
		memcpy(more, a->values, a->n * sizeof(*more));
	more[a->n++] = v;
	a->values = more;
}

int fix_add(struct lw_session *s, const char *ldif)
{
	struct store_attr_values attrs[64] = { 0 };
	struct store_op op = { .kind = STORE_ADD, .attrs = attrs };
	struct lw_bytes name, value;

	assert_true(next_line(&ldif, &name, &value));
	op.dn = fix_dn((const char *)lw_dup(fix.arena, value).p);
	while (next_line(&ldif, &name, &value)) {
		size_t i = 0;
		while (i < op.nattrs && !lw_eq_nocase(attrs[i].desc, name))
			i++;
		if (i == op.nattrs)
			attrs[op.nattrs++].desc = name;
		put_value(&attrs[i], value);
	}
	return store_write(s, &op, &fix.r);
}

int fix_modify(struct lw_session *s, const char *ldif)
{
	static const char *const kinds[] = { "add ", "delete ", "replace ", "increment " };
	struct store_mod mods[32] = { 0 };
	struct store_op op = { .kind = STORE_MODIFY, .mods = mods };
	struct lw_bytes name, value;

	assert_true(next_line(&ldif, &name, &value));
	op.dn = fix_dn((const char *)lw_dup(fix.arena, value).p);
	while (next_line(&ldif, &name, &value)) {
		if (value.p) {
			put_value(&mods[op.nmods - 1].attr, value);
			continue;
		}
		for (size_t k = 0; k < 4; k++)
			if (name.n > strlen(kinds[k]) && memcmp(name.p, kinds[k], strlen(kinds[k])) == 0) {
				mods[op.nmods].kind = (enum store_mod_kind)k;
				mods[op.nmods++].attr.desc = (struct lw_bytes){ name.p + strlen(kinds[k]),
					name.n - strlen(kinds[k]) };
				break;
			}
	}
	return store_write(s, &op, &fix.r);
}

int fix_delete(struct lw_session *s, const char *dn)
{
	struct store_op op = { .kind = STORE_DELETE, .dn = fix_dn(dn) };

	return store_write(s, &op, &fix.r);
}

int fix_moddn(struct lw_session *s, const char *dn, const char *rdn, bool delete_old, const char *superior)
{
	struct dn_rdn new_rdn;
	struct store_op op = { .kind = STORE_MODDN, .dn = fix_dn(dn), .new_rdn = &new_rdn, .delete_old = delete_old,
		.new_superior = superior ? fix_dn(superior) : NULL };

	assert_int_equal(dn_parse_rdn(fix.arena, lw_str(rdn), &new_rdn), LW_OK);
	return store_write(s, &op, &fix.r);
}

int fix_secret(struct lw_session *s, const struct lw_uuid *target, const char *blob)
{
	struct store_sealed_item secret = { .cls = STORE_SECRET_PASSWORD, .generation = 1, .sealed = lw_str(blob) };
	struct store_op op = { .kind = STORE_SET_SECRET, .uuid = *target, .secrets = &secret, .nsecrets = 1 };

	secret.attr = schema_attr(LW_LIT("userPassword"))->id;
	return store_write(s, &op, &fix.r);
}

int fix_person(struct lw_session *s, const char *uid, const char *more)
{
	char ldif[2048];

	snprintf(ldif, sizeof(ldif), "dn: uid=%s,ou=people,dc=acme,dc=example\nobjectClass: inetOrgPerson\nuid: %s\ncn: %s\n"
		"sn: %s\n%s", uid, uid, uid, uid, more);
	return fix_add(s, ldif);
}

struct lw_uuid fix_uuid(const char *dn)
{
	struct lw_session *s = NULL;
	const struct store_view *v;
	struct lw_uuid u = { 0 };
	struct store_tenant t;
	struct store_txn *txn;

	assert_int_equal(store_tenant_of_dn(fix.store, fix.arena, fix_dn(dn), &t), LW_OK);
	assert_int_equal(store_session_role(fix.store, t.id, STORE_ROLE_OPERATOR, &s), LW_OK);
	assert_int_equal(store_begin(s, STORE_READ, &txn), LW_OK);
	if (store_get(txn, fix_dn(dn), &v) == LW_OK)
		u = *store_view_uuid(v);
	store_end(txn);
	store_session_free(s);
	return u;
}

static int cmp_str(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

const char *fix_search(struct lw_session *s, const char *base, enum store_scope scope, const char *filter)
{
	struct store_search what = { .base = fix_dn(base), .scope = scope };
	struct store_cursor *c = NULL;
	const struct store_view *v;
	struct store_txn *txn;
	struct lw_writer w;
	struct filter *f;
	char **names = lw_allocn(fix.arena, 20000, sizeof(*names)), *out;
	size_t n = 0, len = 1;
	int err;

	if (filter_parse(fix.arena, lw_str(filter), &f))
		fail_msg("bad filter %s", filter);
	what.filter = f;
	err = store_begin(s, STORE_READ, &txn);
	if (err)
		return lw_errname(err);
	err = store_search(txn, &what, &c);
	while (!err) {
		while (store_next(c, &v)) {
			lw_writer_init(&w, DN_MAX_TEXT);
			store_view_dn(v, &w);
			lw_put_u8(&w, 0);
			names[n] = lw_strdup(fix.arena, (const char *)lw_written(&w).p);
			if (strchr(names[n], ','))
				*strchr(names[n], ',') = 0;
			len += strlen(names[n++]) + 1;
			lw_writer_done(&w);
		}
		err = store_cursor_status(c);
		if (err != LW_EQUANTUM)
			break;
		store_end(txn);
		err = store_begin(s, STORE_READ, &txn);
		if (err)
			txn = NULL;
		else
			err = store_resume(txn, c);
	}
	store_cursor_free(c);
	store_end(txn);
	if (err)
		return lw_errname(err);
	qsort(names, n, sizeof(*names), cmp_str);
	out = lw_alloc(fix.arena, len);
	for (size_t i = 0, at = 0; i < n; i++)
		at += (size_t)snprintf(out + at, len - at, "%s%s", i ? " " : "", names[i]);
	return out;
}

const char *fix_read(struct lw_session *s, const char *dn, const char *attr)
{
	const struct store_view *v;
	const struct lw_bytes *values;
	struct store_txn *txn;
	const char *out = "";
	size_t n;
	int err = store_begin(s, STORE_READ, &txn);

	if (err)
		return lw_errname(err);
	err = store_get(txn, fix_dn(dn), &v);
	if (!err)
		err = store_view_values(v, schema_attr(lw_str(attr)), (struct lw_bytes){ 0 }, &values, &n);
	for (size_t i = 0; !err && i < n; i++)
		out = lw_printf(fix.arena, "%s%s%.*s", out, i ? "|" : "", (int)values[i].n, values[i].p);
	store_end(txn);
	return err ? lw_errname(err) : out;
}

/* A BER header of one of the encoder's own forms */
static struct lw_bytes tlv(struct lw_reader *r, uint8_t tag)
{
	size_t n;
	uint8_t len;

	assert_int_equal(lw_get_u8(r), tag);
	len = lw_get_u8(r);
	for (n = len & 0x80 ? 0 : len, len = len & 0x80 ? len & 0x7f : 0; len; len--)
		n = n << 8 | lw_get_u8(r);
	return lw_get_raw(r, n);
}

const char *fix_attrs(struct lw_session *s, const char *dn, const char *sel, bool types_only)
{
	struct lw_bytes descs[32];
	struct store_attrsel *as;
	const struct store_view *v;
	struct store_txn *txn;
	struct lw_writer w;
	struct lw_reader r, a, set;
	const char *out = "";
	size_t n = 0;
	int err;

	while (sel && *sel) {
		const char *end = strchr(sel, ' ');
		size_t len = end ? (size_t)(end - sel) : strlen(sel);
		descs[n++] = (struct lw_bytes){ (const uint8_t *)sel, len };
		sel += len + (end != NULL);
	}
	assert_int_equal(store_attrsel_new(fix.arena, descs, n, &as), LW_OK);
	err = store_begin(s, STORE_READ, &txn);
	if (err)
		return lw_errname(err);
	err = store_get(txn, fix_dn(dn), &v);
	if (err) {
		store_end(txn);
		return lw_errname(err);
	}
	lw_writer_init(&w, 1 << 20);
	store_view_attrs(v, as, types_only, &w);
	assert_int_equal(w.err, 0);
	lw_reader_init(&r, lw_written(&w));
	while (lw_reader_left(&r)) {
		lw_reader_init(&a, tlv(&r, 0x30));
		struct lw_bytes type = tlv(&a, 0x04);
		out = lw_printf(fix.arena, "%s%s%.*s", out, *out ? ";" : "", (int)type.n, type.p);
		lw_reader_init(&set, tlv(&a, 0x31));
		for (bool first = true; lw_reader_left(&set); first = false) {
			struct lw_bytes value = tlv(&set, 0x04);
			out = lw_printf(fix.arena, "%s%c%.*s", out, first ? '=' : '|', (int)value.n, value.p);
		}
		assert_int_equal(lw_reader_end(&a), 0);
	}
	assert_int_equal(r.err, 0);
	lw_writer_done(&w);
	store_end(txn);
	return out;
}
