/* SPDX-License-Identifier: Apache-2.0 */
#include "lwd/config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/text.h"

#define AT(field) offsetof(struct lwd_config, field)

const struct lw_conf_key lwd_config_keys[] = {
	{ "listen", LW_CONF_ADDRS, AT(listen), "127.0.0.1", 0, 1024, "addresses to listen on, comma-separated" },
	{ "port-offset", LW_CONF_UINT, AT(port_offset), "0", 0, 60000, "added to every port number" },
	{ "domain", LW_CONF_STRING, AT(domain), NULL, 0, 253, "the system tenant" },
	{ "hostname", LW_CONF_STRING, AT(hostname), "localhost", 0, 253, "this machine's name in certificates" },
	{ "ldap.cleartext", LW_CONF_STRING, AT(ldap_cleartext), "loopback", 0, 16,
		"where a simple bind without TLS is taken: loopback, always, never" },
	{ "web.url", LW_CONF_STRING, AT(web_url), NULL, 0, 512, "public URL, where lwd stands behind a proxy" },
	{ "ca.algorithm", LW_CONF_STRING, AT(ca_algorithm), "p256", 0, 8, "the CA key of a new tenant: p256, p384, rsa2048, rsa3072" },
	{ "rotate.overlap", LW_CONF_DURATION, AT(rotate_overlap), "24h", 0, 0, "keys of tokens are published so long before they sign" },
	{ "rotate.kerberos", LW_CONF_DURATION, AT(rotate_kerberos), "365d", 0, 0, "age at which a realm's keys are followed by new ones; 0s: never by itself" },
	{ "rotate.ca", LW_CONF_DURATION, AT(rotate_ca), "1095d", 0, 0, "the same of a tenant's CA key" },
	{ "rotate.saml", LW_CONF_DURATION, AT(rotate_saml), "0s", 0, 0, "the same of the key of assertions" },
	{ "rotate.jwt", LW_CONF_DURATION, AT(rotate_jwt), "90d", 0, 0, "the same of the keys of JWTs" },
	{ "audit.keep", LW_CONF_DURATION, AT(audit_keep), "400d", 0, 0, "records of the audit are kept so long; 0s: for ever" },
	{ "audit.max", LW_CONF_UINT, AT(audit_max), "1024", 0, 1u << 24, "MiB of them that a tenant may have, at 1 KiB a record; 0: any number" },
	{ "log.level", LW_CONF_STRING, AT(log_level), "info", 0, 8, "debug, info, warn or error" },
	{ "limits.connections", LW_CONF_UINT, AT(max_conns), "8192", 8, 1000000, "connections in all" },
	{ "limits.connections-per-address", LW_CONF_UINT, AT(max_conns_per_addr), "1024", 1, 1000000,
		"connections from one address" },
	{ "directory.loops", LW_CONF_UINT, AT(directory_loops), "0", 0, 64,
		"event loops; 0: one for each processor, at most 4" },
	{ "directory.workers", LW_CONF_UINT, AT(directory_workers), "64", 2, 512,
		"threads for requests that wait (writes, passwords)" },
	{ "kdc.loops", LW_CONF_UINT, AT(kdc_loops), "0", 0, 64,
		"event loops of the KDC; 0: one for each processor, at most 4" },
	{ "kdc.workers", LW_CONF_UINT, AT(kdc_workers), "16", 2, 512,
		"threads for Kerberos requests that wait (password changes, a tenant's first)" },
	{ "web.loops", LW_CONF_UINT, AT(web_loops), "0", 0, 64, "event loops of HTTP; 0: one for each processor, at most 4" },
	{ "web.workers", LW_CONF_UINT, AT(web_workers), "32", 2, 512, "threads for HTTP requests" },
	{ "search.size-limit", LW_CONF_UINT, AT(search_size_limit), "0", 0, 100000000,
		"entries of one search; 0: no limit" },
	{ "search.time-limit", LW_CONF_DURATION, AT(search_time_limit), "1h", 0, 0, "time of one search" },
	{ "shutdown.time", LW_CONF_DURATION, AT(shutdown_time), "5s", 0, 0,
		"how long requests in flight may take when lwd is told to stop" },
};
const size_t lwd_config_nkeys = sizeof(lwd_config_keys) / sizeof(*lwd_config_keys);

/* Keys whose value is one of a few words. */
static const struct {
	const char *key, *word;
	size_t offset;
	int value;
} words[] = {
	{ "ldap.cleartext", "loopback", AT(ldap_cleartext), LWD_CLEAR_LOOPBACK },
	{ "ldap.cleartext", "always", AT(ldap_cleartext), LWD_CLEAR_ALWAYS },
	{ "ldap.cleartext", "never", AT(ldap_cleartext), LWD_CLEAR_NEVER },
	{ "ca.algorithm", "p256", AT(ca_algorithm), 0 },
	{ "ca.algorithm", "p384", AT(ca_algorithm), 1 },
	{ "ca.algorithm", "rsa2048", AT(ca_algorithm), 2 },
	{ "ca.algorithm", "rsa3072", AT(ca_algorithm), 3 },
	{ "log.level", "debug", AT(log_level), LW_DEBUG },
	{ "log.level", "info", AT(log_level), LW_INFO },
	{ "log.level", "warn", AT(log_level), LW_WARN },
	{ "log.level", "error", AT(log_level), LW_ERROR },
};
#define NWORDS (sizeof(words) / sizeof(*words))

static int word_value(const struct lwd_config *conf, size_t offset)
{
	const char *text = *(char *const *)((const char *)conf + offset);

	for (size_t i = 0; text != NULL && i < NWORDS; i++)
		if (words[i].offset == offset && strcmp(words[i].word, text) == 0)
			return words[i].value;
	return -1;
}

static int check_words(const char *name, const struct lwd_config *conf, char err[256])
{
	for (size_t i = 0; i < NWORDS; i++) {
		size_t at;

		if (word_value(conf, words[i].offset) >= 0)
			continue;
		at = (size_t)snprintf(err, 256, "%s: %s must be one of:", name, words[i].key);
		for (size_t j = i; j < NWORDS && at < 256; j++)
			if (words[j].offset == words[i].offset)
				at += (size_t)snprintf(err + at, 256 - at, " %s", words[j].word);
		return LW_EINVAL;
	}
	return LW_OK;
}

/* Replaces a name by its canonical form. */
static int canon(const char *name, const char *key, char **inout, bool required, char err[256])
{
	struct lw_arena *arena;
	char *c, *dup = NULL;
	int r;

	if (*inout == NULL || **inout == '\0') {
		if (!required)
			return LW_OK;
		snprintf(err, 256, "%s: %s is missing; add a line '%s = NAME'", name, key, key);
		return LW_EINVAL;
	}
	arena = lw_arena_new(8192, false);
	if (arena == NULL)
		return LW_ENOMEM;
	r = lw_domain_canon(arena, lw_str(*inout), &c);
	if (r == LW_OK && (dup = strdup(c)) == NULL)
		r = LW_ENOMEM;
	if (r == LW_OK) {
		free(*inout);
		*inout = dup;
	} else {
		snprintf(err, 256, "%s: %s = %.100s is not a domain name", name, key, *inout);
	}
	lw_arena_free(arena);
	return r;
}

/* It goes into certificates, metadata and tokens: https, a host, perhaps a port and a path; no slash at the end. */
static int check_url(const char *name, char *url, char err[256])
{
	size_t n = url == NULL ? 0 : strlen(url), scheme = strlen("https://");

	while (n > scheme && url[n - 1] == '/')
		url[--n] = '\0';
	if (url == NULL || (strncmp(url, "https://", scheme) == 0 && n > scheme && url[scheme] != '/' &&
				   strspn(url + scheme, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~:/[]") == n - scheme))
		return LW_OK;
	snprintf(err, 256, "%s: web.url = %.100s is not of the form https://HOST[:PORT][/PATH]", name, url);
	return LW_EINVAL;
}

static void put_url(char ret[LWD_URL_MAX], const char *scheme, const char *host, unsigned port, unsigned usual)
{
	if (port == usual)
		snprintf(ret, LWD_URL_MAX, "%s://%s", scheme, host);
	else
		snprintf(ret, LWD_URL_MAX, "%s://%s:%u", scheme, host, port);
}

void lwd_config_urls(const struct lwd_config *conf, char ret_https[LWD_URL_MAX], char ret_http[LWD_URL_MAX])
{
	put_url(ret_https, "https", conf->hostname, 443 + (unsigned)conf->port_offset, 443);
	put_url(ret_http, "http", conf->hostname, 80 + (unsigned)conf->port_offset, 80);
	if (conf->web_url != NULL && conf->web_url[0] != '\0')
		snprintf(ret_https, LWD_URL_MAX, "%s", conf->web_url);
}

int lwd_config_parse(struct lw_bytes text, const char *name, struct lwd_config *ret, char err[256])
{
	struct lwd_config conf = { 0 };
	int r;

	r = lw_conf_parse(lwd_config_keys, lwd_config_nkeys, name, text, &conf, err);
	if (r != LW_OK)
		return r;
	r = check_words(name, &conf, err);
	if (r == LW_OK)
		r = canon(name, "domain", &conf.domain, true, err);
	if (r == LW_OK)
		r = canon(name, "hostname", &conf.hostname, true, err);
	if (r == LW_OK)
		r = check_url(name, conf.web_url, err);
	if (r != LW_OK) {
		lwd_config_done(&conf);
		return r;
	}
	conf.cleartext = (enum lwd_cleartext)word_value(&conf, AT(ldap_cleartext));
	conf.level = (enum lw_level)word_value(&conf, AT(log_level));
	*ret = conf;
	return LW_OK;
}

static int read_all(const char *path, struct lw_writer *w, char err[256])
{
	int r = LW_OK, fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);

	if (fd < 0) {
		snprintf(err, 256, "%.180s: %s", path, strerror(errno));
		return errno == ENOENT ? LW_ENOTFOUND : LW_EIO;
	}
	for (;;) {
		char buf[4096];
		ssize_t n = read(fd, buf, sizeof(buf));

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			snprintf(err, 256, "%.180s: %s", path, strerror(errno));
			r = LW_EIO;
			break;
		}
		if (n == 0)
			break;
		lw_put_raw(w, buf, (size_t)n);
		if (w->err != LW_OK) {
			snprintf(err, 256, "%.180s: longer than %d octets", path, LW_CONF_MAX_FILE);
			r = w->err;
			break;
		}
	}
	close(fd);
	return r;
}

int lwd_config_text(const char *dir, struct lw_writer *w, char err[256])
{
	char path[4096];

	if ((size_t)snprintf(path, sizeof(path), "%s/lwd.conf", dir) >= sizeof(path)) {
		snprintf(err, 256, "the path of the data directory is too long");
		return LW_ELIMIT;
	}
	return read_all(path, w, err);
}

int lwd_config_load(const char *dir, struct lwd_config *ret, char err[256])
{
	struct lw_writer w;
	char name[120];
	int r;

	lw_writer_init(&w, LW_CONF_MAX_FILE);
	snprintf(name, sizeof(name), "%.100s/lwd.conf", dir);
	r = lwd_config_text(dir, &w, err);
	if (r == LW_OK)
		r = lwd_config_parse(lw_written(&w), name, ret, err);
	lw_writer_done(&w);
	return r;
}

void lwd_config_done(struct lwd_config *conf)
{
	lw_conf_done(lwd_config_keys, lwd_config_nkeys, conf);
}

static int put_file(const char *dir, const char *path, struct lw_bytes text, char err[256])
{
	char tmp[4096];
	int fd, dirfd, r = LW_EIO;

	if ((size_t)snprintf(tmp, sizeof(tmp), "%s.new", path) >= sizeof(tmp))
		return LW_ELIMIT;
	fd = open(tmp, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0644);
	if (fd < 0) {
		snprintf(err, 256, "%.180s: %s", tmp, strerror(errno));
		return LW_EIO;
	}
	if (write(fd, text.p, text.n) != (ssize_t)text.n || fsync(fd) != 0) {
		snprintf(err, 256, "%.180s: %s", tmp, strerror(errno));
		goto out;
	}
	/* link, not rename: never over a file that is there */
	if (link(tmp, path) != 0) {
		r = errno == EEXIST ? LW_EEXIST : LW_EIO;
		snprintf(err, 256, "%.180s: %s", path, strerror(errno));
		goto out;
	}
	dirfd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dirfd >= 0) {
		fsync(dirfd);
		close(dirfd);
	}
	r = LW_OK;
out:
	close(fd);
	unlink(tmp);
	return r;
}

static void put_line(struct lw_writer *w, const char *key, const char *value)
{
	lw_put_bytes(w, lw_str(key));
	lw_put_bytes(w, LW_LIT(" = "));
	lw_put_bytes(w, lw_str(value));
	lw_put_bytes(w, LW_LIT("\n"));
}

int lwd_config_write(const char *dir, const struct lwd_config_new *n, char err[256])
{
	struct lwd_config conf;
	struct lw_writer w;
	char path[4080], number[24];
	int r;

	if ((size_t)snprintf(path, sizeof(path), "%s/lwd.conf", dir) >= sizeof(path)) {
		snprintf(err, 256, "the path of the data directory is too long");
		return LW_ELIMIT;
	}
	lw_writer_init(&w, LW_CONF_MAX_FILE);
	lw_put_bytes(&w, LW_LIT("# lwd.conf: key = value; see lwd(8). SIGHUP makes lwd read it again.\n"));
	if (n->domain != NULL)
		put_line(&w, "domain", n->domain);
	if (n->hostname != NULL)
		put_line(&w, "hostname", n->hostname);
	if (n->listen != NULL)
		put_line(&w, "listen", n->listen);
	if (n->port_offset != 0) {
		snprintf(number, sizeof(number), "%llu", (unsigned long long)n->port_offset);
		put_line(&w, "port-offset", number);
	}
	r = w.err;
	if (r == LW_OK)
		r = lwd_config_parse(lw_written(&w), path, &conf, err);
	if (r == LW_OK) {
		lwd_config_done(&conf);
		r = put_file(dir, path, lw_written(&w), err);
	}
	lw_writer_done(&w);
	return r;
}
