/* SPDX-License-Identifier: Apache-2.0 */
/* The LDAP server over a real store and a real keyd in a temporary directory, and a client that hands it
 * octets. Two tenants, acme.example (system) and beta.example, each with `admin`; alice and bob in acme. */
#ifndef TESTS_UNIT_LDAP_RIG_H
#define TESTS_UNIT_LDAP_RIG_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/err.h"
#include "ldap/ldapd.h"

struct rig {
	char dir[64];
	struct lw_clock clock;
	struct store *store;
	struct keyd *keyd;
	struct keys *keys, *kdc_keys; /* keyd as the directory and as the kdc reach it */
	struct ldapd_server *server;
};
extern struct rig rig;
extern struct ldapd_options rig_options; /* takes effect at rig_server */

int rig_setup(void **state); /* group fixtures */
int rig_teardown(void **state);
void rig_server(void); /* a new server with rig_options */

struct client {
	struct lw_peer peer;
	void *conn;
	struct lw_writer in, out;
	size_t at, seen; /* octets the machine has eaten; answers that were looked at */
	unsigned jobs, slow, steps;
	enum lw_next last;
};
void client_open(struct client *, const char *addr); /* "127.0.0.1:1" is loopback, "unix" ldapi, others far */
void client_close(struct client *);
/* Sends what tests/unit/ldap_asm.h makes of the format, runs the machine until it wants more, forgets old
 * answers. */
void client_send(struct client *, struct lw_bytes pdu);  /* frees pdu.p */
void client_queue(struct client *, struct lw_bytes pdu); /* without running */
bool client_step(struct client *);                       /* one step; false: wants more octets or is closed */
void client_run(struct client *);
/* Exactly these octets came; frees. */
void client_expect(struct client *, struct lw_bytes want, const char *file, int line);
#define EXPECT(c, ...) client_expect((c), asm_(__VA_ARGS__), __FILE__, __LINE__)
#define SEND(c, ...)   client_send((c), asm_(__VA_ARGS__))
/* Result code of the last message in the answers. */
int client_code(struct client *);
unsigned client_messages(struct client *, uint8_t tag); /* how many answers of that kind came */
bool client_saw(struct client *, const char *text);
int client_bind(struct client *, const char *name, const char *password);

#define ALICE "uid=alice,ou=people,dc=acme,dc=example"
#define BOB   "uid=bob,ou=people,dc=acme,dc=example"
#define ADMIN "uid=admin,ou=people,dc=acme,dc=example"

#endif
