/* SPDX-License-Identifier: Apache-2.0 */
/* What lwctl does, with --data and with --server: verbs are rows of one table; each names the right it needs.
 * Over the control socket the owner of the data directory and root are let in, and speak as the operator, an enumerated role with rule
 * rows of its own. Over the admin API (web asks, lwd/relay.h) the same verbs run in the session of a capability: grants decide. */
#ifndef LWD_CONTROL_H
#define LWD_CONTROL_H

#include "base/ctl.h"
#include "base/proto.h"
#include "keys/keys.h"
#include "store/store.h"

struct control_service {
	const char *name;
	char address[96]; /* 127.0.0.1:389, or a path */
};
/* A role's certificate for its TLS listeners. */
#define CONTROL_LISTENERS 2
struct control_listener {
	const char *role;
	bool done; /* it has the new one */
	int64_t end;
};
struct control_options {
	uint32_t system_tenant;
	const struct control_service *services; /* for status; lives as long as the server */
	size_t nservices;
	/* Are the other roles' services ready? LW_E. NULL: there are none. */
	int (*ready)(void *ctx);
	void *ready_ctx;
	/* The listeners' certificates, with renew new ones, for which it waits: LW_ETIMEOUT when not all are there in time. NULL: none. Same context. */
	int (*listeners)(void *ctx, bool renew, struct control_listener ret[CONTROL_LISTENERS]);
};
struct control_server;
struct control_server *control_server_new(struct store *, struct keys *, const struct lw_clock *, const struct control_options *);
void control_server_free(struct control_server *);
extern const struct lw_proto control_proto;

/* A request of whoever logged in at another role, with what keyd minted for this one. Its tenant is the capability's, said or not, or that of
 * a partner who lets him in (rows with CONTROL_PARTNER); every other is refused whether it is there or not. Lists come in pages: arguments "limit" (at most CONTROL_PAGE_MAX) and "after",
 * and while there is more the end's text says after what. The answer is items and one end. LW_EREVOKED, LW_EDISABLED, LW_EEXPIRED,
 * LW_EACCES, LW_EINVAL and whatever store_session_cap says: nothing was written to out. */
#define CONTROL_PAGE_MAX 1000
struct control_from {
	const struct keys_token *token;
	const struct lw_cap *cap;
	const char *addr; /* of the client */
};
int control_forwarded(struct control_server *, const struct control_from *, struct lw_bytes request, struct lw_writer *out);

/* ---- between the files of the control socket ---- */
struct control_list; /* a listing that goes on with verb "next" */
struct control_call {
	struct control_server *srv;
	struct store *store;
	struct keys *keys;
	const struct lw_clock *clock;
	struct lw_arena *arena; /* wiped afterwards */
	const struct ctl_request *req;
	struct store_tenant tenant;
	struct lw_session *session; /* in that tenant: the operator's, or the capability's */
	struct keys_token token;
	const struct lw_cap *cap;   /* NULL: the operator */
	const char *addr;           /* where the request is from */
	struct lw_writer *out;
	uint32_t system_tenant;
	struct control_list **list; /* the connection's; NULL: pages */
	const uint8_t *page_key;    /* LW_AEAD_KEY octets */
	bool more;
	char text[200];
};
enum control_needs {
	CONTROL_TENANT = 1, /* the operator's session in the tenant */
	CONTROL_TOKEN = 2,
	CONTROL_OPERATOR = 4,    /* for the operator alone */
	CONTROL_INSTALLATION = 8, /* for the operator and for the installation's administrators */
	CONTROL_PARTNER = 16 /* also in a partner's tenant, in store_session_partner: the store alone decides it */
};
struct control_verb {
	const char *name;
	enum access_verb right; /* never zero: what the operator's rule rows must hold. Of others the store and keyd ask it, on the object */
	unsigned needs;
	int (*run)(struct control_call *); /* appends items; 0 or LW_E with call->text where there is more to say */
};
extern const struct control_verb control_verbs[]; /* ended by a NULL name */
bool control_audited(const struct control_verb *, int err); /* does a request of it, with this result, get a record? */
const struct control_verb *control_verb_find(struct lw_bytes name); /* NULL: no such */

int control_status(struct control_call *);
int control_whoami(struct control_call *);
int control_ca_show(struct control_call *);
int control_ca_crl(struct control_call *);
int control_ca_root_export(struct control_call *);
int control_ca_root_import(struct control_call *);
int control_ca_renew(struct control_call *);
int control_cert_issue(struct control_call *);
int control_cert_show(struct control_call *);
int control_cert_revoke(struct control_call *);
int control_token_issue(struct control_call *);
int control_tenant_create(struct control_call *);
int control_tenant_list(struct control_call *);
int control_tenant_show(struct control_call *);
int control_tenant_enable(struct control_call *);
int control_tenant_disable(struct control_call *);
int control_tenant_delete(struct control_call *);
int control_object_create(struct control_call *);
int control_object_list(struct control_call *);
int control_object_next(struct control_call *);
int control_object_show(struct control_call *);
int control_object_set(struct control_call *);
int control_object_delete(struct control_call *);
int control_object_disable(struct control_call *);
int control_object_enable(struct control_call *);
int control_object_passwd(struct control_call *);
int control_object_unlock(struct control_call *);
int control_group_add(struct control_call *);
int control_group_remove(struct control_call *);
int control_grant_defaults(struct control_call *);
int control_explain(struct control_call *);
int control_keytab_get(struct control_call *);
int control_key_list(struct control_call *);
int control_key_rotate(struct control_call *);
int control_token_cancel(struct control_call *);
int control_audit_tail(struct control_call *);
int control_audit_verify(struct control_call *);
void control_list_free(struct control_list *);

/* lwd/control_master.c: what belongs to the installation, not to a tenant */
int control_master_rotate(struct control_call *);
int control_tls_rotate(struct control_call *);
int control_installation_list(struct control_call *); /* for key list: nothing, where the tenant is not the installation's own */
void control_waits(struct control_call *); /* for status: what waits for the operator */

/* May this caller do what is for the installation's administrators alone, and has named its tenant? LW_EACCES. */
int control_installation(struct control_call *);
int control_listeners(struct control_call *, bool renew, struct control_listener ret[CONTROL_LISTENERS]);
/* The required argument, or LW_EINVAL with a text. */
int control_need(struct control_call *, const char *key, struct lw_bytes *ret);
const char *control_token_type(size_t i); /* of token.issue; NULL after the last */
const char *control_code(int err); /* "not-found" …: stable words for scripts */
bool control_permits(enum access_verb); /* does the operator's role hold the verb at all? */

#endif
