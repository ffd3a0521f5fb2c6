/* SPDX-License-Identifier: Apache-2.0 */
/* lwctl print: configuration for stock clients. Needs no running lwd. */
#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "base/text.h"
#include "cli/lwctl.h"
#include "lwd/config.h"

struct print {
	struct lwctl *c;
	struct lwd_config cfg;
	char dir[PATH_MAX];
	const char *domain; /* the tenant's, canonical */
};

static int print_ldap_conf(struct print *p)
{
	printf("# for LDAPCONF, ~/.ldaprc or /etc/ldap/ldap.conf\n");
	printf("URI ldap://%s:%" PRIu64 "/\n", p->cfg.hostname, 389 + p->cfg.port_offset);
	printf("BASE ");
	for (const char *d = p->domain; d; d = strchr(d, '.') ? strchr(d, '.') + 1 : NULL)
		printf("%sdc=%.*s", d == p->domain ? "" : ",", (int)strcspn(d, "."), d);
	printf("\nTLS_CACERT %s/ca.pem\nTLS_REQCERT demand\n", p->dir);
	return 0;
}

/* ---- krb5.conf ---- */

static bool is_loopback(const char *a)
{
	struct in6_addr v6;
	struct in_addr v4;

	return (inet_pton(AF_INET, a, &v4) == 1 && ntohl(v4.s_addr) >> 24 == 127) ||
		(inet_pton(AF_INET6, a, &v6) == 1 && IN6_IS_ADDR_LOOPBACK(&v6));
}

/* Where the KDC answers: the host's name, unless it listens on loopback alone, where the name may not lead. */
static const char *kdc_host(struct print *p)
{
	char *copy = lw_strdup(p->c->arena, p->cfg.listen), *at = copy, *one;
	const char *first = NULL;

	while (at && (one = strsep(&at, ", "))) {
		size_t n = strlen(one);

		if (!n)
			continue;
		if (one[0] == '[' && one[n - 1] == ']') {
			one[n - 1] = 0;
			one++;
		}
		if (!is_loopback(one))
			return p->cfg.hostname;
		if (!first)
			first = strchr(one, ':') ? lw_printf(p->c->arena, "[%s]", one) : one;
	}
	return first ? first : p->cfg.hostname;
}

static bool within(const char *name, const char *domain)
{
	size_t n = strlen(name), d = strlen(domain);

	return n >= d && !strcmp(name + n - d, domain) && (n == d || name[n - d - 1] == '.');
}

static struct lw_bytes krb5_conf(struct print *p)
{
	struct lw_arena *a = p->c->arena;
	uint64_t off = p->cfg.port_offset;
	char *realm = lw_strdup(a, p->domain), *extra = (char *)"";
	const char *host = kdc_host(p);

	for (char *r = realm; r && *r; r++)
		if (*r >= 'a' && *r <= 'z')
			*r -= 'a' - 'A';
	/* lwd's own services, by the names that clients on this machine give them */
	if (!within(p->cfg.hostname, p->domain))
		extra = lw_printf(a, "\t%s = %s\n", p->cfg.hostname, realm);
	if (host[0] == '[' || is_loopback(host) || !strcmp(host, "localhost"))
		extra = lw_printf(a, "%s%s", extra, strcmp(p->cfg.hostname, "localhost") ? lw_printf(a, "\tlocalhost = %s\n", realm) : "");
	return lw_str(lw_printf(a,
		"# for KRB5_CONFIG or /etc/krb5.conf\n"
		"[libdefaults]\n"
		"\tdefault_realm = %s\n"
		"\tdns_lookup_kdc = false\n"
		"\tdns_lookup_realm = false\n"
		"\trdns = false\n"
		"\tdns_canonicalize_hostname = false\n"
		"\tudp_preference_limit = 1465\n"
		"\n[realms]\n"
		"\t%s = {\n"
		"\t\tkdc = %s:%" PRIu64 "\n"
		"\t\tkpasswd_server = %s:%" PRIu64 "\n"
		"\t\tadmin_server = %s:%" PRIu64 "\n"
		"\t}\n"
		"\n[domain_realm]\n"
		"\t.%s = %s\n"
		"\t%s = %s\n%s",
		realm, realm, host, 88 + off, host, 464 + off, host, 749 + off, p->domain, realm, p->domain, realm, extra));
}

static int print_krb5_conf(struct print *p)
{
	struct lw_bytes text = krb5_conf(p);

	return text.n ? write_out(p->c, NULL, text, false) : fail(p->c, EX_FAILED, "failed", "out of memory");
}

/* DIR/krb5.conf is made or brought up to date where that is allowed. False: there is none. */
static bool keep_krb5_conf(struct print *p, const char *path)
{
	struct lw_bytes text = krb5_conf(p), old = { 0 };
	char temp[PATH_MAX + 16];
	bool quiet = p->c->quiet, ok;
	int fd;

	p->c->quiet = true;
	if (access(path, R_OK) != 0 || read_file(p->c, path, 65536, &old) != 0)
		old.n = 0;
	p->c->quiet = quiet;
	if (text.n && old.n == text.n - 1 && !memcmp(old.p, text.p, old.n)) /* its last newline is taken off */
		return true;
	if (!text.n || snprintf(temp, sizeof(temp), "%s.XXXXXX", path) >= (int)sizeof(temp) || (fd = mkstemp(temp)) < 0)
		return old.n > 0;
	ok = write(fd, text.p, text.n) == (ssize_t)text.n && fchmod(fd, 0644) == 0;
	if (close(fd) != 0 || !ok || rename(temp, path) != 0) {
		unlink(temp);
		return old.n > 0;
	}
	return true;
}

/* Where the admin API answers: on loopback alone the host's own name may not lead there. */
static const char *server_url(struct print *p)
{
	if (p->cfg.web_url && *p->cfg.web_url)
		return p->cfg.web_url;
	return lw_printf(p->c->arena, "https://%s:%" PRIu64, kdc_host(p) == p->cfg.hostname ? p->cfg.hostname : "localhost",
		443 + p->cfg.port_offset);
}

static int print_env(struct print *p)
{
	bool own = !strcmp(p->domain, p->cfg.domain);
	char path[PATH_MAX + 300];

	printf("export LWD_DATA='%s'\nexport LWD_SERVER='%s'\nexport LWD_TENANT='%s'\nexport LWD_CACERT='%s/ca.pem'\n", p->dir, server_url(p), p->domain,
		p->dir);
	printf("export LDAPURI='ldap://%s:%" PRIu64 "/'\nexport LDAPTLS_CACERT='%s/ca.pem'\n", p->cfg.hostname, 389 + p->cfg.port_offset,
		p->dir);
	if (snprintf(path, sizeof(path), "%s/krb5%s%s.conf", p->dir, own ? "" : "-", own ? "" : p->domain) >= PATH_MAX ||
		!keep_krb5_conf(p, path)) {
		printf("# no KRB5_CONFIG: the owner of %s makes it with lwctl print env\n", p->dir);
		return 0;
	}
	printf("export KRB5_CONFIG='%s'\n", path);
	return 0;
}

static int tenant_of(struct print *p)
{
	char *canon;

	p->domain = p->cfg.domain;
	if (!p->c->tenant || !*p->c->tenant)
		return 0;
	if (lw_domain_canon(p->c->arena, lw_str(p->c->tenant), &canon))
		return fail(p->c, EX_NOTFOUND, "not-found", "no tenant %s", p->c->tenant);
	p->domain = canon;
	return 0;
}

int cmd_print(struct lwctl *c, const struct command *cmd)
{
	static const struct {
		const char *what;
		int (*run)(struct print *);
	} rows[] = { { "krb5.conf", print_krb5_conf }, { "ldap.conf", print_ldap_conf }, { "env", print_env } };
	struct print p = { .c = c };
	char err[256];

	if (c->argc != 1)
		return usage(c, cmd);
	if (!realpath(c->data, p.dir))
		return fail(c, EX_CONF, "configuration", "there is no %s", c->data);
	if (lwd_config_load(p.dir, &p.cfg, err))
		return fail(c, EX_CONF, "configuration", "%s", err);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (!strcmp(rows[i].what, c->argv[0])) {
			int status = tenant_of(&p);
			if (!status)
				status = rows[i].run(&p);
			lwd_config_done(&p.cfg);
			return status;
		}
	lwd_config_done(&p.cfg);
	if (!strcmp(c->argv[0], "sssd.conf") || !strcmp(c->argv[0], "dns"))
		return fail(c, EX_CONF, "unsupported", "print %s is not built yet", c->argv[0]);
	return usage(c, cmd);
}
