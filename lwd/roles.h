/* SPDX-License-Identifier: Apache-2.0 */
/* The roles: what each is called, whom it may ask, what confines it. And the listeners of the whole program, as a
 * program hands them to lwd_main: lwd itself in services.c, a test with an echo protocol in tests/unit. */
#ifndef LWD_ROLES_H
#define LWD_ROLES_H

#include <stdint.h>
#include <sys/types.h>

#include "base/clock.h"
#include "base/proto.h"
#include "base/role.h"
#include "lwd/config.h"

enum lwd_sandbox { LWD_SANDBOX_NONE, LWD_SANDBOX_KEYD, LWD_SANDBOX_NETWORK, LWD_SANDBOX_WEB /* as NETWORK, and no files */ };

struct lwd_role {
	enum lw_role_id id;
	const char *name;          /* --role NAME, log field */
	const char *title;         /* in ps; at most 15 octets */
	const char *user;          /* under root, when there is such a user */
	unsigned calls;            /* 1 << enum lw_role_id: whom it may send requests */
	enum lwd_sandbox sandbox;
	unsigned stop;             /* the order in which roles end: low numbers first */
};
extern const struct lwd_role lwd_roles[LW_ROLE_COUNT];
const struct lwd_role *lwd_role_find(const char *name); /* NULL: no such role that can be started */

/* A listener: TCP (proto) and UDP (dgram) on a port, or a unix socket (path below the data directory, mode). */
struct lwd_service_row {
	const char *name;
	enum lw_role_id role;
	uint16_t port;             /* before port-offset; 0: unix */
	const char *path;
	mode_t mode;
	bool tls;                  /* from the first octet */
	const struct lw_proto *proto;
	const struct lw_dgram_proto *dgram; /* NULL: no UDP */
};
#define LWD_SERVICES_MAX 32

/* Memory that outlives the roles: the monitor makes it once, of a size that nobody can change, and each role that is named has
 * it mapped before it opens. All octets are zero at first; afterwards they are as its users left them, killed ones too. */
struct lwd_region_row {
	const char *name;
	size_t (*size)(void);
	unsigned roles;            /* 1 << enum lw_role_id */
};
#define LWD_REGIONS_MAX 8

/* A channel between two roles has one side that asks; where either may ask the other, there are two. */
enum lwd_peer {
	LWD_PEER_ASKS,    /* the other role asks on it, this one answers */
	LWD_PEER_ANSWERS, /* this one asks */
	LWD_PEER_COUNT
};

/* What a running role knows of itself. */
struct lwd_ctx {
	const struct lwd_role *role;
	const struct lwd_program *program;
	const struct lw_clock *clock;
	char *dir;
	struct lwd_config conf;
	uint8_t boot_id[32];       /* keyd's only; boot_id_n is 0 for others */
	size_t boot_id_n;
	uid_t owner;               /* of the data directory */
	struct lwd_handed {
		unsigned service, loop;
		int fd;
	} *listeners;              /* the role's to use and close */
	size_t nlisteners;
	void *regions[LWD_REGIONS_MAX]; /* by row of the program's table; NULL: not for this role */
	int monitor;
	void *state;
};
/* Tells the monitor that the role serves. Any thread. */
void lwd_ctx_ready(struct lwd_ctx *);

/* What a role does. Each is called on the role's first thread. */
struct lwd_role_ops {
	int (*open)(struct lwd_ctx *, char err[256]);   /* before the sandbox: open files. LW_E and a line: lwd exits 78 or 1 */
	int (*start)(struct lwd_ctx *, char err[256]);  /* in it: start threads; must not wait for another role */
	void (*peer)(struct lwd_ctx *, enum lw_role_id, enum lwd_peer, int fd); /* a channel to or from that role; takes the fd */
	void (*reload)(struct lwd_ctx *, const struct lwd_config *old);
	void (*second)(struct lwd_ctx *);               /* once a second */
	bool (*alive)(struct lwd_ctx *);                /* false: the monitor kills and restarts it after a minute */
	void (*drain)(struct lwd_ctx *);                /* finish; the process exits afterwards */
};

struct lwd_program {
	const struct lwd_service_row *services;
	size_t nservices;
	const struct lwd_region_row *regions;
	size_t nregions;
	const struct lwd_role_ops *ops[LW_ROLE_COUNT]; /* NULL for the monitor */
	const char *version;
};

/* How many event loops and worker threads a network role runs. */
unsigned lwd_loops(const struct lwd_config *, enum lw_role_id);
unsigned lwd_workers(const struct lwd_config *, enum lw_role_id);
int lwd_main(int argc, char **argv, const struct lwd_program *);

#endif
