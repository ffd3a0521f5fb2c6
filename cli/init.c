/* SPDX-License-Identifier: Apache-2.0 */
/* lwctl init: everything is made in a folder beside DIR (or in it) and renamed into place at the end. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/crypto.h"
#include "base/err.h"
#include "base/log.h"
#include "base/text.h"
#include "ca/ca.h"
#include "cli/lwctl.h"
#include "keys/issue.h"
#include "lwd/config.h"
#include "oidc/issue.h"
#include "saml/issue.h"
#include "store/store.h"

struct init {
	struct lwctl *c;
	const char *domain, *admin, *hostname, *listen;
	uint64_t port_offset;
	struct lw_bytes password;
	char work[PATH_MAX];
	bool within; /* work is in DIR, not beside it */
	char err[256];
};

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	return remove(path);
}

static int sync_dir(const char *path)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC), rc = fd < 0 ? -1 : fsync(fd);

	if (fd >= 0)
		close(fd);
	return rc;
}

/* DIR is there, but the folder around it is not ours to write to: what was made goes into it piece by piece, and
 * lwd.conf, without which it is no data directory, last. */
static int move_into(struct init *in, const char *dir)
{
	static const char *const parts[] = { "keys", "db", "run", "ca.pem", "lwd.conf" };
	char from[PATH_MAX], to[PATH_MAX];

	for (size_t i = 0; i < sizeof(parts) / sizeof(*parts); i++) {
		if (snprintf(from, sizeof(from), "%s/%s", in->work, parts[i]) >= (int)sizeof(from) ||
			snprintf(to, sizeof(to), "%s/%s", dir, parts[i]) >= (int)sizeof(to) || rename(from, to) != 0) {
			while (i-- > 0)
				if (snprintf(to, sizeof(to), "%s/%s", dir, parts[i]) < (int)sizeof(to))
					nftw(to, remove_one, 16, FTW_DEPTH | FTW_PHYS);
			return -1;
		}
	}
	return sync_dir(dir) != 0 ? -1 : rmdir(in->work);
}

static bool usable(const char *dir)
{
	DIR *d = opendir(dir);
	struct dirent *e;
	bool empty = true;

	if (!d)
		return errno == ENOENT;
	while ((e = readdir(d)) != NULL)
		if (strcmp(e->d_name, ".") && strcmp(e->d_name, ".."))
			empty = false;
	closedir(d);
	return empty;
}

static int make_run(struct init *in)
{
	char path[PATH_MAX];

	if (snprintf(path, sizeof(path), "%s/run", in->work) >= (int)sizeof(path) || mkdir(path, 0755) != 0) {
		snprintf(in->err, sizeof(in->err), "cannot make %.200s: %s", path, strerror(errno));
		return LW_EIO;
	}
	return LW_OK;
}

static int first_tenant(struct init *in, struct store *store, struct keys *keys)
{
	struct lw_arena *arena = in->c->arena;
	struct keys_tenant kt = { .uuid = lw_uuid_new(&lw_clock_system), .name = in->domain, .admin_uuid = lw_uuid_new(&lw_clock_system),
		.admin_name = in->admin };
	struct store_op op = { .kind = STORE_TENANT_CREATE, .tenant_name = in->domain, .admin_name = in->admin };
	struct store_sealed_item realm_keys;
	struct store_result res = { 0 };
	struct lw_session *session = NULL;
	struct keys_token token;
	struct lw_cap cap;
	char *realm = lw_strdup(arena, in->domain), text[200] = "";
	int rc;

	if (!realm)
		return LW_ENOMEM;
	for (char *p = realm; *p; p++)
		if (*p >= 'a' && *p <= 'z')
			*p -= 'a' - 'A';
	kt.realm = realm;
	kt.ret_realm = &realm_keys;
	op.tenant_uuid = kt.uuid;
	op.realm_keys = &realm_keys;
	op.admin_uuid = kt.admin_uuid;
	if ((rc = keys_operator(keys, 0, &token, &cap)) != 0)
		goto out;
	rc = keys_tenant_new(keys, (struct lw_bytes){ token.b, token.n }, &kt, in->password, arena, &op.tenant_keys, &op.secrets, &op.nsecrets,
		text);
	if (!rc)
		rc = store_session_role(store, 0, STORE_ROLE_INIT, &session);
	if (!rc)
		rc = store_write(session, &op, &res);
out:
	snprintf(in->err, sizeof(in->err), "cannot make the tenant %.80s: %.150s", in->domain,
		text[0] ? text : res.text[0] ? res.text : lw_strerror(rc));
	store_session_free(session);
	return rc;
}

/* What the tenant signs with. */
static int first_keys(struct init *in, struct store *store, struct keys *keys)
{
	struct store_tenant tenant;
	int64_t next;
	int rc = store_tenant_by_name(store, in->c->arena, lw_str(in->domain), &tenant);

	if (!rc)
		rc = keys_upkeep(keys, store, tenant.id, &next);
	for (enum keys_kind kind = KEYS_SAML; !rc && kind < KEYS_KIND_COUNT; kind++)
		rc = keys_want(keys, store, tenant.id, kind);
	snprintf(in->err, sizeof(in->err), "cannot make the signing keys of %.80s: %s", in->domain, lw_strerror(rc));
	return rc;
}

/* The root certificate, for clients: DIR/ca.pem. */
static int write_root(struct init *in, struct keys *keys)
{
	char path[PATH_MAX];
	struct lw_bytes pem;
	int rc = keys_ca_pem(keys, true, in->c->arena, &pem);

	if (!rc && snprintf(path, sizeof(path), "%s/ca.pem", in->work) >= (int)sizeof(path))
		rc = LW_ELIMIT;
	if (!rc && write_out(in->c, path, pem, false) != 0)
		rc = LW_EIO;
	return rc;
}

/* keyd as it will run, in this process: what it makes now carries the names of the configuration. */
static int open_keyd(struct init *in, struct store *store, struct keyd **ret)
{
	char https[LWD_URL_MAX], http[LWD_URL_MAX];
	struct lwd_config conf;
	uint8_t boot[16];
	int rc = lwd_config_load(in->work, &conf, in->err);

	if (rc)
		return rc;
	lw_random(boot, sizeof(boot));
	rc = keyd_new(in->work, store, &lw_clock_system, (struct lw_bytes){ boot, sizeof(boot) }, in->err, ret);
	lwd_config_urls(&conf, https, http);
	if (!rc)
		rc = keyd_urls(*ret, https, http);
	lwd_config_done(&conf);
	return rc;
}

static int fill(struct init *in)
{
	struct lwd_config_new cfg = { .domain = in->domain, .hostname = in->hostname, .listen = in->listen, .port_offset = in->port_offset };
	struct store *store = NULL;
	struct keyd *keyd = NULL;
	struct keys *keys = NULL;
	int rc;

	lw_log_level(LW_WARN);
	keys_builders(&ca_builders);
	keys_ca_builders(&ca_issuing);
	keys_token_builders(&saml_issuing, &oidc_issuing);
	if ((rc = lwd_config_write(in->work, &cfg, in->err)) != 0)
		return rc;
	if ((rc = make_run(in)) || (rc = keys_bootstrap(in->work, in->hostname, &lw_clock_system, in->err)))
		return rc;
	if ((rc = store_open(in->work, STORE_OPEN_CREATE, &lw_clock_system, &store, in->err)) != 0)
		return rc;
	if ((rc = store_writer_start(store)) != 0)
		goto out;
	if ((rc = open_keyd(in, store, &keyd)) != 0)
		goto out;
	keys = keys_around(keyd, LW_ROLE_DIRECTORY);
	rc = keys ? first_tenant(in, store, keys) : LW_ENOMEM;
	if (!rc)
		rc = first_keys(in, store, keys);
	if (!rc)
		rc = write_root(in, keys);
out:
	keys_free(keys);
	keyd_free(keyd);
	store_writer_stop(store);
	store_close(store);
	return rc;
}

static int place(struct init *in, const char *dir)
{
	char parent[PATH_MAX];

	if (in->within) {
		if (move_into(in, dir) == 0)
			return LW_OK;
		snprintf(in->err, sizeof(in->err), "cannot put things into %.200s: %s", dir, strerror(errno));
		return LW_EIO;
	}
	snprintf(parent, sizeof(parent), "%s", in->work);
	*strrchr(parent, '/') = 0;
	if (chmod(in->work, 0755) != 0 || sync_dir(in->work) != 0 || rename(in->work, dir) != 0 || sync_dir(parent[0] ? parent : "/") != 0) {
		snprintf(in->err, sizeof(in->err), "cannot put %.200s in place: %s", dir, strerror(errno));
		return LW_EIO;
	}
	return LW_OK;
}

/* This machine's name as libldap finds it when it is told "localhost": canonical, where there is such a thing. */
static const char *machine_name(struct lwctl *c)
{
	struct addrinfo hints = { .ai_family = AF_UNSPEC, .ai_flags = AI_CANONNAME }, *found = NULL;
	char name[256] = "";
	const char *ret;

	if (gethostname(name, sizeof(name) - 1) != 0 || !name[0])
		return "localhost";
	if (getaddrinfo(name, NULL, &hints, &found) == 0 && found->ai_canonname)
		ret = lw_strdup(c->arena, found->ai_canonname);
	else
		ret = lw_strdup(c->arena, name);
	if (found)
		freeaddrinfo(found);
	return ret;
}

static int arguments(struct init *in, const struct command *cmd)
{
	struct lwctl *c = in->c;
	const char *domain = take_string(c, "--domain"), *pw = take_string(c, "--admin-password-file"), *off = take_string(c, "--port-offset");
	char *canon;
	int status;

	in->admin = take_string(c, "--admin");
	in->hostname = take_string(c, "--hostname");
	in->listen = take_string(c, "--listen");
	if (!in->admin)
		in->admin = "admin";
	if (!in->hostname)
		in->hostname = machine_name(c);
	if (!domain || !pw || c->argc)
		return usage(c, cmd);
	if (off && lw_parse_u64(lw_str(off), 64535, &in->port_offset))
		return fail(c, EX_USAGE_, "usage", "--port-offset takes a number up to 64535");
	if (lw_domain_canon(c->arena, lw_str(domain), &canon) || !strchr(canon, '.'))
		return fail(c, EX_USAGE_, "usage", "'%s' is not a domain name of two or more labels, like acme.example", domain);
	in->domain = canon;
	if (!usable(c->data))
		return fail(c, EX_EXISTS, "exists", "%s is not empty; choose another --data, or remove it if nothing in it is needed", c->data);
	if ((status = read_file(c, pw, 4096, &in->password)) != 0)
		return status;
	if (!in->password.n)
		return fail(c, EX_FAILED, "failed", "%s is empty", pw);
	return 0;
}

int cmd_init(struct lwctl *c, const struct command *cmd)
{
	struct init in = { .c = c };
	char dir[PATH_MAX];
	int status = arguments(&in, cmd), rc;
	size_t n;

	if (status)
		return status;
	snprintf(dir, sizeof(dir), "%s", c->data);
	for (n = strlen(dir); n > 1 && dir[n - 1] == '/';)
		dir[--n] = 0;
	if (dir[0] != '/') {
		char cwd[PATH_MAX];
		if (!getcwd(cwd, sizeof(cwd)) || snprintf(dir, sizeof(dir), "%s/%s", cwd, c->data) >= (int)sizeof(dir))
			return fail(c, EX_FAILED, "failed", "the path is too long");
		for (n = strlen(dir); n > 1 && dir[n - 1] == '/';)
			dir[--n] = 0;
	}
	if (snprintf(in.work, sizeof(in.work), "%s.new.XXXXXX", dir) >= (int)sizeof(in.work))
		return fail(c, EX_FAILED, "failed", "the path is too long");
	if (!mkdtemp(in.work)) {
		in.within = snprintf(in.work, sizeof(in.work), "%s/new.XXXXXX", dir) < (int)sizeof(in.work) && mkdtemp(in.work) != NULL;
		if (!in.within)
			return fail(c, EX_FAILED, "failed", "cannot make %s, nor a folder in it: %s", c->data, strerror(errno));
	}
	rc = fill(&in);
	if (!rc)
		rc = place(&in, dir);
	if (rc) {
		nftw(in.work, remove_one, 16, FTW_DEPTH | FTW_PHYS);
		return fail(c, rc == LW_EPWPOLICY ? EX_REFUSED : EX_FAILED, "failed", "%s", in.err[0] ? in.err : lw_strerror(rc));
	}
	if (c->format == OUT_TABLE)
		printf("made %s for %s; its administrator is %s. Start it with: lwd --data %s\n", c->data, in.domain, in.admin, c->data);
	return 0;
}
