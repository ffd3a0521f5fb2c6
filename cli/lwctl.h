/* SPDX-License-Identifier: Apache-2.0 */
/* lwctl: a table of subcommands, one file each. */
#ifndef CLI_LWCTL_H
#define CLI_LWCTL_H

#include "base/ctl.h"

enum { EX_DONE = 0, EX_FAILED = 1, EX_USAGE_ = 2, EX_NOTFOUND = 4, EX_EXISTS = 5, EX_TRYAGAIN = 75, EX_REFUSED = 77, EX_CONF = 78 };
enum out_format { OUT_TABLE, OUT_JSON, OUT_NAME };

struct lwctl {
	const char *data;   /* --data, LWD_DATA, or the default */
	const char *server; /* --server, LWD_SERVER, or that of the last login; NULL: the control socket of data */
	/* Over the API goes: what it has, where there is a login (the environment names both ways); what it has; everything */
	enum { SERVER_LOGGED_IN, SERVER_OFFERED, SERVER_ALL } server_for;
	const char *tenant; /* -t, LWD_TENANT; NULL: the system tenant */
	enum out_format format;
	bool quiet;         /* no message for a failure that is tried again */
	int argc;           /* of the subcommand: argv[0] is its first argument */
	char **argv;
	struct lw_arena *arena;
};

struct command {
	const char *area, *verb;  /* verb NULL: a single word */
	const char *args, *help;  /* help NULL: not built yet, exits 78 and is not listed */
	int (*run)(struct lwctl *, const struct command *);
	const char *control;      /* the control socket's verb */
};
extern const struct command commands[];

int fail(struct lwctl *, int status, const char *code, const char *fmt, ...) __attribute__((format(printf, 4, 5)));
int usage(struct lwctl *, const struct command *);

/* Options of one subcommand, by table. values: where it goes; flag: no value; many: may repeat. */
struct option_row {
	const char *name;    /* "--given-name" */
	const char *key;     /* of the pair that it becomes */
	bool flag, file;     /* file: the value is a file's contents, - is standard input; a last newline is taken off */
};
/* Takes options out of argv (the rest, in order, stays) and adds them as pairs. A status, 0 when fine. */
int take_options(struct lwctl *, const struct option_row *, size_t n, struct ctl_request *req);
void add_pair(struct lwctl *, struct ctl_request *, const char *key, struct lw_bytes value);
const char *take_string(struct lwctl *, const char *name); /* --name VALUE; NULL: not given */
int read_file(struct lwctl *, const char *path, size_t max, struct lw_bytes *ret);
int write_out(struct lwctl *, const char *path, struct lw_bytes, bool secret);

/* One exchange with the control socket, or over the admin API; prints the items in the chosen format. */
int call_control(struct lwctl *, const char *verb, struct ctl_request *req, void (*item)(struct lwctl *, const struct ctl_answer *));
int status_of_code(struct lw_bytes code);

/* Printing */
void print_begin(struct lwctl *, bool list);
void print_item(struct lwctl *, const struct ctl_answer *);
void print_end(struct lwctl *);

int cmd_init(struct lwctl *, const struct command *);
int cmd_status(struct lwctl *, const struct command *);
int cmd_one(struct lwctl *, const struct command *, struct ctl_request *); /* the request about an object of the command's kind, and its answer */
int cmd_rp_create(struct lwctl *, const struct command *);
int cmd_rp_set(struct lwctl *, const struct command *);
int cmd_create(struct lwctl *, const struct command *);
int cmd_named(struct lwctl *, const struct command *);
int cmd_disable(struct lwctl *, const struct command *);
int cmd_list(struct lwctl *, const struct command *);
int cmd_set(struct lwctl *, const struct command *);
int cmd_passwd(struct lwctl *, const struct command *);
int cmd_members(struct lwctl *, const struct command *);
int cmd_tenant_create(struct lwctl *, const struct command *);
int cmd_grant_create(struct lwctl *, const struct command *);
int cmd_grant_defaults(struct lwctl *, const struct command *);
int cmd_explain(struct lwctl *, const struct command *);
int cmd_ca_show(struct lwctl *, const struct command *);
int cmd_ca_rotate(struct lwctl *, const struct command *);
int cmd_ca_root(struct lwctl *, const struct command *);
/* One field of the one item goes to the file out (mode 0600 when secret), with a word about it; without out the text alone to standard output,
 * unless somebody wants it as JSON or always. */
int call_for_text(struct lwctl *, const struct command *, struct ctl_request *, const char *field, const char *out, bool always, bool secret);
int cmd_token_issue(struct lwctl *, const struct command *);
int cmd_cert_issue(struct lwctl *, const struct command *);
int cmd_cert_show(struct lwctl *, const struct command *);
int cmd_cert_revoke(struct lwctl *, const struct command *);
int cmd_check(struct lwctl *, const struct command *);
int cmd_print(struct lwctl *, const struct command *);
int cmd_schema(struct lwctl *, const struct command *);
int cmd_keytab_get(struct lwctl *, const struct command *);
int cmd_key_rotate(struct lwctl *, const struct command *);
int cmd_audit_tail(struct lwctl *, const struct command *);
int cmd_audit_verify(struct lwctl *, const struct command *);
int cmd_unbuilt(struct lwctl *, const struct command *);

#endif
