/* SPDX-License-Identifier: Apache-2.0 */
/* lwctl over the admin API: HTTPS by libcurl, and what a login left behind.
 * In $XDG_STATE_HOME/lwctl (else ~/.local/state/lwctl), 0700, files 0600:
 *   current                the server of the last login
 *   SERVER/root.pem        its root certificate, once its fingerprint has been shown
 *   SERVER/tenant          the tenant of the last login there
 *   SERVER/TENANT.json     {"token","expires","name"} */
#ifndef CLI_REMOTE_H
#define CLI_REMOTE_H

#include <jansson.h>

#include "cli/lwctl.h"

/* ---- HTTPS (web.c). TLS is verified against LWD_CACERT, else the server's root.pem, else what the system trusts ---- */
struct web_ask {
	const char *method, *path; /* below the server's URL */
	json_t *body;              /* NULL: none */
	const char *token;         /* bearer; NULL: */
	const char *user, *password; /* basic; password NULL: Negotiate, with the Kerberos ticket */
	bool login;                /* one of these two */
	bool unverified;           /* to fetch what a fingerprint will be compared with; nothing of ours is sent */
};
struct web_reply {
	long status;
	struct lw_bytes body;
	json_t *json; /* of application/json and problem documents, else NULL; the caller json_decref's */
};
int web_ask(struct lwctl *, const struct web_ask *, struct web_reply *ret); /* a status; 0: there is a reply, maybe of an error */
int web_problem(struct lwctl *, const struct web_reply *); /* says what a reply that is no 2xx means; its status */

/* ---- what is kept (state.c) ---- */
#define STATE_SECRET_MAX 65536
/* "https://host:port" of what the user said, in the arena; NULL: no URL of a server. */
const char *state_server(struct lwctl *, const char *said);
/* name: "current" with server NULL; "root.pem", "tenant", "acme.example.json" of a server. A path in the arena, NULL: no home. */
const char *state_path(struct lwctl *, const char *server, const char *name);
struct lw_bytes state_read(struct lwctl *, const char *server, const char *name); /* p NULL: not there */
int state_write(struct lwctl *, const char *server, const char *name, struct lw_bytes); /* a status */
void state_remove(struct lwctl *, const char *server, const char *name);

/* ---- logins (login.c) ---- */
/* The tenant that requests go to: -t, else that of the last login at the server; NULL: neither. */
const char *login_tenant(struct lwctl *);
const char *login_token(struct lwctl *, const char *tenant); /* NULL: not logged in */
/* The same, or else that of the last login: a partner's people have no other in the tenant that lets them in. */
const char *login_token_for(struct lwctl *, const char *tenant);
int cmd_login(struct lwctl *, const struct command *);
int cmd_logout(struct lwctl *, const struct command *);

/* ---- requests (remote.c) ---- */
/* Which way does this request go? false: the control socket. */
bool remote_is(struct lwctl *, const struct ctl_request *);
int remote_call(struct lwctl *, struct ctl_request *, void (*item)(struct lwctl *, const struct ctl_answer *));

#endif
