/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/tables/world.h"

#include <ctype.h>
#include <fcntl.h>
#include <ftw.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/log.h"
#include "base/text.h"
#include "ca/ca.h"
#include "oidc/issue.h"
#include "saml/issue.h"
#include "keys/keyd.h"
#include "ldap/conn.h"
#include "keys/issue.h"
#include "tests/tables/client.h"
#include "tests/unit/tenant_fix.h"

struct world world;
const char *const *world_more;
const char *const column_names[COLUMNS] = { "anonymous", "user", "administrator",
	"other tenant's administrator", "installation's administrator", "operator" };
const struct subject subjects[COLUMNS] = {
	[USER] = { "uid=bob,ou=people,dc=beta,dc=example", "bobs-password" },
	[ADMIN] = { "uid=admin,ou=people,dc=beta,dc=example", "beta-password" },
	[OTHER] = { "uid=admin,ou=people,dc=gamma,dc=example", "gamma-password" },
	[INSTALLATION] = { "uid=admin,ou=people,dc=acme,dc=example", "acme-password" },
};

void die(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	printf("Bail out! ");
	vprintf(fmt, ap);
	printf("\n");
	va_end(ap);
	fflush(stdout);
	_exit(99);
}

void check(int err, const char *what)
{
	if (err)
		die("%s: %s", what, lw_errname(err));
}

/* ---- directories ---- */

void world_remove(const char *dir)
{
	remove_tree(dir);
}

/* In memory where that is possible: nothing here is about disks. */
static void make_dir(char *ret, size_t size)
{
	bool shm = access("/dev/shm", W_OK) == 0;

	snprintf(ret, size, "%s/lwd-tables-XXXXXX", shm ? "/dev/shm" : "/tmp");
	if (!mkdtemp(ret))
		die("no temporary directory");
}

static const char *copy_from, *copy_to;

static int copy_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	char to[512];
	static char block[1 << 16];
	ssize_t n;
	int in, out;

	snprintf(to, sizeof(to), "%s%s", copy_to, path + strlen(copy_from));
	if (type == FTW_D)
		return mkdir(to, st->st_mode & 07777) && ftw->level ? -1 : 0;
	if (!S_ISREG(st->st_mode))
		return 0;
	in = open(path, O_RDONLY | O_CLOEXEC);
	out = open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, st->st_mode & 07777);
	if (in < 0 || out < 0)
		return -1;
	while ((n = read(in, block, sizeof(block))) > 0)
		if (write(out, block, (size_t)n) != n)
			return -1;
	close(in);
	close(out);
	return n ? -1 : 0;
}

/* ---- making it ---- */

static void make_tenant(const char *name, const char *realm, const char *password)
{
	struct tenant_fix t = { world.store, world.keys, world.arena, name, realm, password,
		.uuid = lw_uuid_new(&world.clock),
		.admin = lw_uuid_new(&world.clock) };

	check(tenant_fix(&t), name);
}

#define PERSON(uid) "objectClass=inetOrgPerson uid=" uid " cn=" uid " sn=" uid " "
/* Who makes it and what: an add without its word. CANARY stands in acme alone. */
static const struct {
	enum column who;
	const char *add;
} entries[] = {
	{ ADMIN, "uid=bob,ou=people,$ " PERSON(
	                 "bob") "description=of-beta telephoneNumber=+1-5 userPassword=bobs-password" },
	{ ADMIN, "uid=carol,ou=people,$ " PERSON(
	                 "carol") "description=of-beta homePhone=+1-7 mail=carol@beta.example "
	                          "userPassword=carols-password" },
	{ ADMIN, "uid=tmp,ou=people,$ " PERSON("tmp") },
	{ ADMIN, "cn=web1,ou=hosts,$ objectClass=lwHost cn=web1 description=of-beta" },
	{ ADMIN, "cn=staff,ou=groups,$ objectClass=groupOfNames cn=staff member=uid=bob,ou=people,$" },
	{ ADMIN, "ou=cellar,$ objectClass=organizationalUnit ou=cellar" },
	{ ADMIN, "uid=dave,ou=cellar,$ " PERSON("dave") },
	{ ADMIN, "cn=cellar,ou=grants,$ objectClass=lwGrant cn=cellar "
	         "lwGrantText=forbid_group_staff_may_read,search,compare_any_under_ou=cellar_attrs(*);" },
	{ ADMIN, "cn=gamma.example,ou=trusts,$ objectClass=lwTrust cn=gamma.example" },
	{ ADMIN, "cn=gamma,ou=grants,$ objectClass=lwGrant cn=gamma "
	         "lwGrantText=permit_partner_gamma.example_group_administrators_may_read,search,compare,write,create,delete,move_"
	         "person,entry_under_ou=people_attrs(ou,objectClass,uid,cn,sn,description,telephoneNumber);" },
	{ INSTALLATION, "uid=alice,ou=people,% " PERSON("alice") "description=qxcanaryqx" },
	{ INSTALLATION,
	        "uid=bob,ou=people,% " PERSON(
	                "bob") "description=qxcanaryqx title=qxcanaryqx mail=qxcanaryqx@acme.example" },
	{ INSTALLATION,
	        "uid=carol,ou=people,% " PERSON("carol") "description=qxcanaryqx givenName=qxcanaryqx" },
	{ INSTALLATION, "uid=qxcanaryqx,ou=people,% " PERSON("qxcanaryqx") },
	{ INSTALLATION, "cn=web1,ou=hosts,% objectClass=lwHost cn=web1 description=qxcanaryqx" },
	{ INSTALLATION,
	        "cn=staff,ou=groups,% objectClass=groupOfNames cn=staff member=uid=qxcanaryqx,ou=people,% "
	        "member=uid=bob,ou=people,%" },
	{ INSTALLATION, "ou=qxcanaryqx,% objectClass=organizationalUnit ou=qxcanaryqx" },
};

static void make_fillers(void)
{
	struct lw_session *s;

	check(store_session_role(world.store, world.beta, STORE_ROLE_OPERATOR, &s), "operator session");
	for (int i = 0; i < WORLD_FILLERS; i++) {
		char uid[16];
		struct lw_bytes classes[] = { LW_LIT("inetOrgPerson") }, name[1];
		struct store_attr_values attrs[] = { { LW_LIT("objectClass"), classes, 1 },
			{ LW_LIT("uid"), name, 1 }, { LW_LIT("cn"), name, 1 }, { LW_LIT("sn"), name, 1 } };
		struct store_op op = { .kind = STORE_ADD, .attrs = attrs, .nattrs = 4 };
		struct store_result res;

		snprintf(uid, sizeof(uid), "f%03d", i);
		name[0] = lw_str(uid);
		check(dn_parse(world.arena,
		              lw_str(lw_printf(world.arena, "uid=%s,ou=people,dc=beta,dc=example", uid)),
		              &op.dn),
		        uid);
		check(store_write(s, &op, &res), uid);
	}
	store_session_free(s);
}

static void open_store(enum store_open_mode mode)
{
	char err[256] = "";

	if (store_open(world.dir, mode, &world.clock, &world.store, err))
		die("store: %s", err);
	check(store_writer_start(world.store), "writer");
}

static void open_keyd(void)
{
	char err[256] = "";

	if (keyd_new(world.dir, world.store, &world.clock, LW_LIT("a boot id"), err, &world.keyd))
		die("keyd: %s", err);
	check(keyd_urls(world.keyd, "https://lwd.acme.example", "http://lwd.acme.example"), "URLs");
	world.keys = keys_around(world.keyd, LW_ROLE_DIRECTORY);
	if (!world.keys)
		die("out of memory");
}

static void start(void)
{
	lw_log_level(LW_ERROR);
	world.clock = lw_clock_test(INT64_C(1795392000) * LW_SECOND, 1000 * LW_SECOND);
	world.arena = lw_arena_new(64u << 20, false);
	if (!world.arena)
		die("out of memory");
	keys_builders(&ca_builders);
	keys_ca_builders(&ca_issuing);
	keys_token_builders(&saml_issuing, &oidc_issuing);
}

static void find_tenants(void)
{
	const struct {
		const char *name;
		uint32_t *id;
	} rows[] = { { "acme.example", &world.acme }, { "beta.example", &world.beta },
		{ "gamma.example", &world.gamma } };
	struct store_tenant t;

	for (size_t i = 0; i < 3; i++) {
		check(store_tenant_by_name(world.store, world.arena, lw_str(rows[i].name), &t), rows[i].name);
		*rows[i].id = t.id;
	}
}

static void serve(void)
{
	/* anonymous connections and ldapi are about beta here */
	struct ldapd_options o = {
		.vendor_version = "test", .default_tenant = "beta.example", .starttls = true
	};

	find_tenants();
	check(ldapd_server_new(world.store, world.keys, &o, &world.clock, &world.ldap), "ldap server");
}

static void serve_control(void)
{
	static const struct control_service services[] = { { "ldap", "127.0.0.1:389" } };
	struct control_options o = { .services = services, .nservices = 1, .system_tenant = world.acme };

	control_server_free(world.control);
	world.control = control_server_new(world.store, world.keys, &world.clock, &o);
	if (!world.control)
		die("out of memory");
}

static void make_entry(enum column who, const char *add)
{
	const char *got = ldap_ask(who, lw_printf(world.arena, "add %s", add));

	if (strcmp(got, "0"))
		die("add %s: %s", add, got);
}

/* Records of certificates: serials of one octet, sixteen times. */
static void make_certs(void)
{
	static const uint8_t der[] = { 0x30, 0 };
	const struct {
		uint32_t tenant;
		const char *subject, *profile;
		uint8_t octet;
		bool issued;
	} rows[] = { { world.beta, "uid=bob,ou=people,$", "user", 0x42, false }, { world.beta, "uid=carol,ou=people,$", "user", 0x44, false },
		{ world.beta, "uid=carol,ou=people,$", "user", 0x46, true }, { world.acme, "uid=alice,ou=people,%", "user", 0x45, false } };

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct store_op op = { .kind = STORE_CERT_INTENT };
		struct store_result res = { 0 };
		struct lw_session *s;
		uint8_t serial[16];

		memset(serial, rows[i].octet, sizeof(serial));
		op.record = (struct store_record){ .serial = { serial, sizeof(serial) },
			.profile = lw_str(rows[i].profile),
			.subject = world_uuid(rows[i].tenant, rows[i].subject) };
		check(store_session_role(world.store, rows[i].tenant, STORE_ROLE_OPERATOR, &s), "operator session");
		check(store_write(s, &op, &res), "intent");
		op.kind = STORE_CERT_ISSUED;
		op.record.der = (struct lw_bytes){ der, sizeof(der) };
		op.record.not_before = lw_wall(&world.clock);
		op.record.not_after = op.record.not_before + 86400 * LW_SECOND;
		if (rows[i].issued)
			check(store_write(s, &op, &res), "issued");
		store_session_free(s);
	}
}

static void make_keys(void)
{
	const uint32_t all[] = { world.acme, world.beta, world.gamma };
	int64_t next;

	for (size_t i = 0; i < 3; i++) {
		check(keys_upkeep(world.keys, world.store, all[i], &next), "signing keys");
		check(keys_want(world.keys, world.store, all[i], KEYS_SAML), "keys of assertions");
		check(keys_want(world.keys, world.store, all[i], KEYS_JWT), "keys of JWTs");
	}
}

void world_prepare(char ret[64])
{
	char err[256] = "";

	start();
	make_dir(world.dir, sizeof(world.dir));
	if (keys_bootstrap(world.dir, "lwd.acme.example", &world.clock, err))
		die("bootstrap: %s", err);
	open_store(STORE_OPEN_CREATE);
	open_keyd();
	make_tenant("acme.example", "ACME.EXAMPLE", "acme-password");
	make_tenant("beta.example", "BETA.EXAMPLE", "beta-password");
	make_tenant("gamma.example", "GAMMA.EXAMPLE", "gamma-password");
	serve();
	for (size_t i = 0; i < sizeof(entries) / sizeof(entries[0]); i++)
		make_entry(entries[i].who, entries[i].add);
	for (size_t i = 0; world_more && world_more[i]; i++)
		make_entry(ADMIN, world_more[i]);
	make_fillers();
	make_keys();
	make_certs();
	snprintf(ret, 64, "%s", world.dir);
	world.dir[0] = 0; /* stays */
	world_close();
}

void world_prepare_apart(char ret[64])
{
	int fds[2], status;
	pid_t pid;

	if (pipe(fds) || (pid = fork()) < 0)
		die("fork");
	if (pid == 0) {
		char name[64] = "";

		world_prepare(name);
		exit(write(fds[1], name, sizeof(name)) != sizeof(name));
	}
	close(fds[1]);
	if (read(fds[0], ret, 64) != 64 || waitpid(pid, &status, 0) != pid || status)
		die("the world can't be made");
	close(fds[0]);
}

static void copy(const char *from, const char *to)
{
	copy_from = from;
	copy_to = to;
	if (nftw(from, copy_one, 16, FTW_PHYS))
		die("can't copy %s", from);
}

void world_open(const char *prepared)
{
	start();
	make_dir(world.dir, sizeof(world.dir));
	copy(prepared, world.dir);
	open_store(STORE_OPEN_WRITE);
	open_keyd();
	serve();
	serve_control();
}

void world_close(void)
{
	control_server_free(world.control);
	ldapd_server_free(world.ldap);
	keys_free(world.keys);
	keyd_free(world.keyd);
	store_writer_stop(world.store);
	store_close(world.store);
	lw_arena_free(world.arena);
	if (world.dir[0])
		world_remove(world.dir);
	memset(&world, 0, sizeof(world));
}

/* The database alone is put back. Keyd and the LDAP server get it under their feet: making them anew, and the
 * credentials that they have verified, would cost hundreds of argon2 evaluations. */
void world_fresh(const char *prepared)
{
	char from[80], to[80];

	if (world.dirty) {
		for (size_t i = 0; i < LDAPD_RESOLVERS; i++) { /* sessions of the former store */
			store_session_free(world.ldap->resolvers[i]);
			world.ldap->resolvers[i] = NULL;
		}
		store_writer_stop(world.store);
		store_close(world.store);
		snprintf(from, sizeof(from), "%s/db", prepared);
		snprintf(to, sizeof(to), "%s/db", world.dir);
		world_remove(to);
		if (mkdir(to, 0700))
			die("can't make %s", to);
		copy(from, to);
		open_store(STORE_OPEN_WRITE);
		world.keyd->store = world.ldap->store = world.store;
		keys_guesses_free(world.keyd->guesses);
		world.keyd->guesses = keys_guesses_new(&world.clock, &world.keyd->policy);
		memset(world.keyd->renewals, 0, sizeof(world.keyd->renewals));
		serve_control();
		world.dirty = false;
	}
	lw_arena_reset(world.arena);
}

uint32_t world_tenant(enum column who)
{
	return who == OTHER ? world.gamma : who == INSTALLATION ? world.acme : world.beta;
}

void world_cap(enum column who, struct lw_cap *ret)
{
	struct lw_cap cap = { .tenant = world_tenant(who),
		.methods = LW_CAP_PASSWORD,
		.flags = LW_CAP_CONFIDENTIAL,
		.auth_time = lw_wall(&world.clock),
		.credential_version = 1,
		.role = LW_ROLE_DIRECTORY };
	struct store_tenant t;

	check(store_tenant_by_id(world.store, world.arena, cap.tenant, &t), "tenant");
	cap.tenant_uuid = t.uuid;
	cap.expiry = cap.auth_time + KEYS_CAP_LIFE;
	if (who == OPERATOR) {
		cap.methods = LW_CAP_PEERCRED;
		cap.flags |= LW_CAP_OPERATOR;
	} else {
		cap.subject = cap.actor = world_uuid(cap.tenant, subjects[who].dn);
	}
	*ret = cap;
}

const char *world_trusting(const char *request)
{
	struct lw_bytes class = LW_LIT("lwTrust"), cn = LW_LIT("beta.example"), group;
	struct store_attr_values attrs[] = { { LW_LIT("objectClass"), &class, 1 }, { LW_LIT("cn"), &cn, 1 }, { LW_LIT("lwTrustGroup"), &group, 1 } };
	struct store_op op = { .kind = STORE_ADD, .attrs = attrs, .nattrs = 3 };
	struct store_result res;
	struct lw_session *s;
	struct lw_cap cap;

	if (strncmp(request, "trusted ", 8))
		return request;
	group = lw_str(expand("cn=administrators,ou=groups,^"));
	check(dn_parse(world.arena, lw_str(expand("cn=beta.example,ou=trusts,^")), &op.dn), "the trust's name");
	world_cap(OTHER, &cap);
	check(store_session_cap(world.store, &cap, &s), "gamma's administrator");
	check(store_write(s, &op, &res), "the trust's other half");
	store_session_free(s);
	world.dirty = true;
	return request + 8;
}

struct lw_uuid world_uuid(uint32_t tenant, const char *dn_text)
{
	struct lw_uuid u = { { 0xde, 0xad, 0, 0, 0, 0, 0x40, 0, 0x80 } };
	const struct store_view *v;
	struct lw_session *s;
	struct store_txn *t;
	struct store_dn *dn;

	check(dn_parse(world.arena, lw_str(expand(dn_text)), &dn), dn_text);
	check(store_session_role(world.store, tenant, STORE_ROLE_OPERATOR, &s), "operator session");
	check(store_begin(s, STORE_READ, &t), "transaction");
	if (store_get(t, dn, &v) == LW_OK)
		u = *store_view_uuid(v);
	store_end(t);
	store_session_free(s);
	return u;
}

/* ---- text ---- */

char *expand(const char *text)
{
	static const struct {
		char c;
		const char *suffix;
	} rows[] = { { '$', "dc=beta,dc=example" }, { '%', "dc=acme,dc=example" },
		{ '^', "dc=gamma,dc=example" } };
	char *out = lw_alloc(world.arena, 20 * strlen(text) + 1), *p = out;

	if (!out)
		die("out of memory");
	for (; *text; text++) {
		size_t i = 0;

		while (i < 3 && rows[i].c != *text)
			i++;
		if (i < 3)
			p = stpcpy(p, rows[i].suffix);
		else
			*p++ = *text;
	}
	*p = 0;
	return out;
}

size_t words(char *text, char **ret, size_t max)
{
	size_t n = 0;
	char *save = NULL;

	for (char *w = strtok_r(text, " ", &save); w; w = strtok_r(NULL, " ", &save)) {
		if (n == max)
			die("too many words");
		ret[n++] = w;
	}
	return n;
}
