/* SPDX-License-Identifier: Apache-2.0 */
/* DIR/lwd.conf: the keys there are (a const table), reading and writing it. */
#ifndef LWD_CONFIG_H
#define LWD_CONFIG_H

#include "base/conf.h"
#include "base/log.h"

enum lwd_cleartext { LWD_CLEAR_LOOPBACK, LWD_CLEAR_ALWAYS, LWD_CLEAR_NEVER };

struct lwd_config {
	char *listen;              /* comma-separated addresses */
	uint64_t port_offset;
	char *domain;              /* of the system tenant, canonical */
	char *hostname;            /* of this machine in certificates and Kerberos names, canonical */
	char *ldap_cleartext;      /* as text; see cleartext */
	char *ca_algorithm;        /* of the keys of new tenants' CAs */
	int64_t rotate_overlap, rotate_kerberos, rotate_ca, rotate_saml, rotate_jwt; /* microseconds; ages: 0 is never */
	int64_t audit_keep;        /* microseconds; 0: for ever */
	uint64_t audit_max;        /* MiB a tenant; 0: any number */
	char *web_url;             /* NULL: https://HOSTNAME[:PORT] */
	char *log_level;           /* as text; see level */
	uint64_t max_conns, max_conns_per_addr;
	uint64_t directory_loops;  /* 0: one for each processor, at most 4 */
	uint64_t directory_workers;
	uint64_t kdc_loops, kdc_workers; /* the same of the KDC */
	uint64_t web_loops, web_workers; /* and of HTTP */
	uint64_t search_size_limit; /* 0: none */
	int64_t search_time_limit; /* microseconds; 0: none */
	int64_t shutdown_time;     /* a drain lasts at most so long, microseconds */
	/* derived by lwd_config_parse */
	enum lwd_cleartext cleartext;
	enum lw_level level;
};

extern const struct lw_conf_key lwd_config_keys[];
extern const size_t lwd_config_nkeys;

/* LW_EINVAL, LW_ENOTFOUND, LW_EIO, LW_ELIMIT and one line in err. ret is untouched on failure. */
int lwd_config_load(const char *dir, struct lwd_config *ret, char err[256]);
/* The text alone, appended to w (made with LW_CONF_MAX_FILE). */
int lwd_config_text(const char *dir, struct lw_writer *w, char err[256]);
int lwd_config_parse(struct lw_bytes text, const char *name, struct lwd_config *ret, char err[256]);
void lwd_config_done(struct lwd_config *);
/* Where others find this lwd, without a slash at the end: web.url, else https://HOSTNAME[:PORT]; and http://HOSTNAME[:PORT]. */
#define LWD_URL_MAX 600
void lwd_config_urls(const struct lwd_config *, char ret_https[LWD_URL_MAX], char ret_http[LWD_URL_MAX]);

/* What `lwctl init` says; NULL or 0 keeps the default. Writes DIR/lwd.conf (0644) by way of a temporary file and
 * fsync; LW_EEXIST when there is one. The result is parsed before it is put in place. */
struct lwd_config_new {
	const char *domain, *hostname, *listen;
	uint64_t port_offset;
};
int lwd_config_write(const char *dir, const struct lwd_config_new *, char err[256]);

#endif
