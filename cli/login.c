/* SPDX-License-Identifier: Apache-2.0 */
/* lwctl login and logout. */
#include <errno.h>
#include <fcntl.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "base/api.h"
#include "base/err.h"
#include "cli/remote.h"

#define PASSWORD_MAX 1024

/* ---- what is there ---- */

const char *login_tenant(struct lwctl *c)
{
	return c->tenant && *c->tenant ? c->tenant : (const char *)state_read(c, c->server, "tenant").p;
}

static const char *token_file(struct lwctl *c, const char *tenant)
{
	return lw_printf(c->arena, "%s.json", tenant);
}

const char *login_token(struct lwctl *c, const char *tenant)
{
	struct lw_bytes text = state_read(c, c->server, token_file(c, tenant));
	json_t *o = text.p ? json_loadb((const char *)text.p, text.n, JSON_REJECT_DUPLICATES, NULL) : NULL;
	const char *token = json_string_value(json_object_get(o, "token"));
	char *ret = token ? lw_strdup(c->arena, token) : NULL;

	json_decref(o);
	return ret;
}

const char *login_token_for(struct lwctl *c, const char *tenant)
{
	const char *token = login_token(c, tenant), *own = (const char *)state_read(c, c->server, "tenant").p;

	return token || !own ? token : login_token(c, own);
}

/* ---- first contact ---- */

static bool hex_of(const char *text, uint8_t ret[32])
{
	size_t n = 0;
	int high = -1;

	for (; *text; text++) {
		int d = *text >= '0' && *text <= '9' ? *text - '0' : (*text | 32) >= 'a' && (*text | 32) <= 'f' ? (*text | 32) - 'a' + 10 : -1;

		if (*text == ':' && high < 0)
			continue;
		if (d < 0 || n == 32)
			return false;
		if (high < 0) {
			high = d;
		} else {
			ret[n++] = (uint8_t)(high << 4 | d);
			high = -1;
		}
	}
	return n == 32 && high < 0;
}

static bool is_the_one(struct lw_bytes pem, const uint8_t want[32])
{
	BIO *bio = BIO_new_mem_buf(pem.p, (int)pem.n);
	X509 *cert = bio ? PEM_read_bio_X509(bio, NULL, NULL, NULL) : NULL;
	uint8_t got[EVP_MAX_MD_SIZE];
	unsigned n = 0;
	bool same = cert && X509_digest(cert, EVP_sha256(), got, &n) && n == 32 && !memcmp(got, want, 32);

	X509_free(cert);
	BIO_free(bio);
	return same;
}

/* The root certificate comes over a connection that nothing vouches for; the fingerprint does. */
static int trust(struct lwctl *c, const char *fingerprint)
{
	const struct web_ask ask = { .method = "GET", .path = "/ca/root.pem", .unverified = true };
	struct web_reply r;
	uint8_t want[32];
	int status;

	if (!hex_of(fingerprint, want))
		return fail(c, EX_USAGE_, "usage", "a fingerprint is 64 hexadecimal digits, as openssl x509 -fingerprint -sha256 prints them");
	if ((status = web_ask(c, &ask, &r)) != 0)
		return status;
	json_decref(r.json);
	if (r.status != 200 || r.body.n >= STATE_SECRET_MAX)
		return fail(c, EX_FAILED, "failed", "%s has no /ca/root.pem (HTTP status %ld)", c->server, r.status);
	if (!is_the_one(r.body, want))
		return fail(c, EX_REFUSED, "refused", "the root certificate of %s has another fingerprint: it is not the server that you mean, or somebody is between",
			c->server);
	return state_write(c, c->server, "root.pem", r.body);
}

/* ---- the password ---- */

static int ask_password(struct lwctl *c, const char *user, struct lw_bytes *ret)
{
	uint8_t *buf = lw_alloc(c->arena, PASSWORD_MAX + 1);
	int fd = open("/dev/tty", O_RDWR | O_CLOEXEC);
	struct termios old, quiet;
	ssize_t n;

	if (fd < 0 || !buf || tcgetattr(fd, &old) != 0) {
		if (fd >= 0)
			close(fd);
		return fail(c, EX_USAGE_, "usage", "there is no terminal to ask for the password; give --password-file FILE");
	}
	quiet = old;
	quiet.c_lflag &= ~(tcflag_t)ECHO;
	tcsetattr(fd, TCSAFLUSH, &quiet);
	dprintf(fd, "Password of %s: ", user);
	n = read(fd, buf, PASSWORD_MAX);
	tcsetattr(fd, TCSAFLUSH, &old);
	dprintf(fd, "\n");
	close(fd);
	while (n > 0 && (buf[n - 1] == '\n' || buf[n - 1] == '\r'))
		n--;
	if (n <= 0)
		return fail(c, EX_USAGE_, "usage", "no password");
	buf[n] = 0;
	*ret = (struct lw_bytes){ buf, (size_t)n };
	return 0;
}

/* ---- logging in ---- */

static const char *login_path(struct lwctl *c)
{
	const struct ctl_pair name = { LW_LIT("name"), lw_str(c->tenant) };
	const struct ctl_request q = { .pairs = (struct ctl_pair *)&name, .npairs = 1 };
	const struct api_row row = { .method = API_POST, .path = "/api/v1/tenants/{name}/login", .members = api_rows[0].members };
	struct lw_writer w;
	const char *ret;

	if (!c->tenant || !*c->tenant)
		return "/api/v1/login";
	lw_writer_init(&w, 4096);
	api_target(&w, &row, &q);
	ret = w.err ? NULL : (const char *)lw_dup(c->arena, lw_written(&w)).p;
	lw_writer_done(&w);
	return ret;
}

static int keep(struct lwctl *c, json_t *answer)
{
	const char *tenant = json_string_value(json_object_get(answer, "tenant"));
	char *text = json_dumps(answer, JSON_INDENT(1));
	int status;

	if (c->tenant && *c->tenant)
		tenant = c->tenant;
	if (!text || !tenant || !json_string_value(json_object_get(answer, "token"))) {
		free(text);
		return fail(c, EX_FAILED, "failed", "%s gave an answer that lwctl does not understand", c->server);
	}
	status = state_write(c, c->server, token_file(c, tenant), lw_str(text));
	if (!status)
		status = state_write(c, c->server, "tenant", lw_str(tenant));
	if (!status)
		status = state_write(c, NULL, "current", lw_str(c->server));
	lw_wipe(text, strlen(text));
	free(text);
	return status;
}

static int log_in(struct lwctl *c, const char *user, struct lw_bytes password)
{
	struct web_ask ask = { .method = "POST", .path = login_path(c), .login = true, .user = user, .password = (const char *)password.p };
	struct web_reply r;
	int status = ask.path ? web_ask(c, &ask, &r) : fail(c, EX_USAGE_, "usage", "the tenant's name is too long");

	if (status)
		return status;
	if (r.status == 401)
		status = fail(c, EX_REFUSED, "refused", user ? "invalid credentials" : "no Kerberos ticket, or not one for %s; get one with kinit, or give --user",
			c->server);
	else if (r.status != 200)
		status = web_problem(c, &r);
	else
		status = keep(c, r.json);
	json_decref(r.json);
	return status;
}

/* Who it is, as the server sees it; also shows that the token is good. */
static int show(struct lwctl *c)
{
	struct ctl_request req = { .verb = LW_LIT("whoami") };
	int status;

	print_begin(c, false);
	status = remote_call(c, &req, print_item);
	if (!status)
		print_end(c);
	return status;
}

static int server_of(struct lwctl *c)
{
	if (!c->server)
		c->server = (const char *)state_read(c, NULL, "current").p;
	if (!c->server)
		return fail(c, EX_USAGE_, "usage", "which server? give --server https://HOST[:PORT], or set LWD_SERVER");
	return 0;
}

int cmd_login(struct lwctl *c, const struct command *cmd)
{
	static const struct option_row options[] = { { "--password-file", "password", false, true } };
	const char *fingerprint = take_string(c, "--fingerprint"), *user = take_string(c, "--user");
	struct ctl_request req = { 0 };
	struct lw_bytes password;
	const char *at;
	int status = take_options(c, options, 1, &req);

	if (status)
		return status;
	password = ctl_arg(&req, "password");
	if (c->argc || (password.n && !user))
		return usage(c, cmd);
	if (user && (!*user || strchr(user, ':')))
		return fail(c, EX_USAGE_, "usage", "a name to log in with holds no colon");
	/* alice@acme.example says the tenant as well */
	if (user && (!c->tenant || !*c->tenant) && (at = strrchr(user, '@')) != NULL && at[1])
		c->tenant = at + 1;
	if ((status = server_of(c)) != 0 || (fingerprint && (status = trust(c, fingerprint)) != 0))
		return status;
	if (user && !password.n && (status = ask_password(c, user, &password)) != 0)
		return status;
	status = log_in(c, user, user ? password : (struct lw_bytes){ NULL, 0 });
	return status ? status : show(c);
}

int cmd_logout(struct lwctl *c, const struct command *cmd)
{
	struct lw_bytes current;
	const char *tenant;
	int status = c->argc ? usage(c, cmd) : server_of(c);

	if (status)
		return status;
	tenant = login_tenant(c);
	current = state_read(c, NULL, "current");
	if (tenant)
		state_remove(c, c->server, token_file(c, tenant));
	if (tenant && lw_eq(state_read(c, c->server, "tenant"), lw_str(tenant)))
		state_remove(c, c->server, "tenant");
	if (lw_eq(current, lw_str(c->server)))
		state_remove(c, NULL, "current");
	return 0;
}
