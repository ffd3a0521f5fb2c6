/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/ldap_rig.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/ber.h"
#include "base/log.h"
#include "ca/ca.h"
#include "tests/unit/ldap_asm.h"
#include "tests/unit/tenant_fix.h"

struct rig rig;
struct ldapd_options rig_options = {
	.vendor_version = "test", .default_tenant = "ACME.example", .starttls = true
};

static void make_tenant(const char *name, const char *realm, struct lw_arena *a)
{
	struct tenant_fix t = { rig.store, rig.keys, a, name, realm, "admin's password",
		.uuid = lw_uuid_new(&rig.clock),
		.admin = lw_uuid_new(&rig.clock) };

	assert_int_equal(tenant_fix(&t), LW_OK);
}

static void make_user(struct client *c, const char *name)
{
	struct lw_bytes n = lw_str(name);

	SEND(c,
	        "30( 020105 68( 04('uid=' %b ',ou=people,dc=acme,dc=example') 30( 30( 04('objectClass') 31( "
	        "04('inetOrgPerson') ) )"
	        " 30( 04('uid') 31( 04( %b ) ) ) 30( 04('cn') 31( 04( %b ) ) ) 30( 04('sn') 31( "
	        "04('Liddell') ) )"
	        " 30( 04('userPassword') 31( 04( %b 27 's password' ) ) ) ) ) )",
	        n, n, n, n);
	assert_int_equal(client_code(c), 0);
}

int rig_setup(void **state)
{
	struct lw_arena *a = lw_arena_new(8u << 20, true);
	struct client c;
	char err[256] = "";

	lw_log_level(LW_ERROR);
	/* whole seconds, a day in 2026 */
	rig.clock = lw_clock_test(INT64_C(1795392000) * LW_SECOND, 1000 * LW_SECOND);
	snprintf(rig.dir, sizeof rig.dir, "/tmp/lwd-ldap-XXXXXX");
	if (!a || !mkdtemp(rig.dir))
		return -1;
	keys_builders(&ca_builders);
	if (keys_bootstrap(rig.dir, "lwd.acme.example", &rig.clock, err) ||
	        store_open(rig.dir, STORE_OPEN_CREATE, &rig.clock, &rig.store, err) ||
	        store_writer_start(rig.store) ||
	        keyd_new(rig.dir, rig.store, &rig.clock, LW_LIT("an id of a boot"), err, &rig.keyd)) {
		fprintf(stderr, "%s\n", err);
		return -1;
	}
	rig.keys = keys_around(rig.keyd, LW_ROLE_DIRECTORY);
	rig.kdc_keys = keys_around(rig.keyd, LW_ROLE_KDC);
	if (!rig.keys || !rig.kdc_keys)
		return -1;
	make_tenant("acme.example", "ACME.EXAMPLE", a);
	make_tenant("beta.example", "BETA.EXAMPLE", a);
	lw_arena_free(a);
	rig_server();
	client_open(&c, "127.0.0.1:1");
	assert_int_equal(client_bind(&c, ADMIN, "admin's password"), 0);
	make_user(&c, "alice");
	make_user(&c, "bob");
	client_close(&c);
	return 0;
}

void rig_server(void)
{
	if (rig.server)
		ldapd_server_free(rig.server);
	rig.server = NULL;
	assert_int_equal(ldapd_server_new(rig.store, rig.keys, &rig_options, &rig.clock, &rig.server), LW_OK);
}

int rig_teardown(void **state)
{
	ldapd_server_free(rig.server);
	keys_free(rig.keys);
	keys_free(rig.kdc_keys);
	keyd_free(rig.keyd);
	store_writer_stop(rig.store);
	store_close(rig.store);
	remove_tree(rig.dir);
	return 0;
}

/* ---- the client ---- */

void client_open(struct client *c, const char *addr)
{
	memset(c, 0, sizeof *c);
	snprintf(c->peer.addr, sizeof c->peer.addr, "%s", addr);
	c->peer.local = strcmp(addr, "unix") == 0;
	c->peer.loopback = strncmp(addr, "127.", 4) == 0;
	lw_writer_init(&c->in, 64u << 20);
	lw_writer_init(&c->out, 64u << 20);
	c->conn = ldapd_proto.conn_new(rig.server, &c->peer);
	assert_non_null(c->conn);
}

void client_close(struct client *c)
{
	ldapd_proto.conn_free(c->conn);
	lw_writer_done(&c->in);
	lw_writer_done(&c->out);
}

void client_queue(struct client *c, struct lw_bytes pdu)
{
	lw_put_bytes(&c->in, pdu);
	free((void *)pdu.p);
}

bool client_step(struct client *c)
{
	struct lw_bytes left = { c->in.p + c->at, c->in.n - c->at };
	uint8_t *moved = malloc(left.n + 1); /* what is kept of the input must be a copy */
	struct lw_reader r;

	memcpy(moved, left.p ? left.p : (const uint8_t *)"", left.n);
	lw_reader_init(&r, (struct lw_bytes){ moved, left.n });
	if (left.n)
		ldapd_proto.seen(c->conn, left);
	ldapd_proto.ahead(c->conn);
	c->last = ldapd_proto.step(c->conn, &r, &c->out);
	c->at += (size_t)(r.p - moved);
	c->steps++;
	free(moved);
	if (c->last == LW_NEXT_JOB || c->last == LW_NEXT_SLOW_JOB) {
		c->jobs++;
		c->slow += c->last == LW_NEXT_SLOW_JOB;
		ldapd_proto.job(c->conn, &c->out);
		return true;
	}
	return c->last == LW_NEXT_MORE;
}

void client_run(struct client *c)
{
	for (unsigned i = 0; client_step(c); i++)
		assert_true(i < 100000);
}

void client_send(struct client *c, struct lw_bytes pdu)
{
	c->seen = c->out.n;
	client_queue(c, pdu);
	client_run(c);
}

static void dump(const char *what, struct lw_bytes b)
{
	fprintf(stderr, "%s (%zu):", what, b.n);
	for (size_t i = 0; i < b.n && i < 600; i++)
		fprintf(stderr, b.p[i] > 32 && b.p[i] < 127 ? " %c" : " %02x", b.p[i]);
	fprintf(stderr, "\n");
}

void client_expect(struct client *c, struct lw_bytes want, const char *file, int line)
{
	struct lw_bytes got = { c->out.p + c->seen, c->out.n - c->seen };
	bool same = lw_eq(got, want);

	if (!same) {
		dump("got ", got);
		dump("want", want);
	}
	free((void *)want.p);
	if (!same)
		_fail(file, line);
}

/* Walks the answers; the last one's code. */
static int walk(struct client *c, uint8_t tag, unsigned *ret_n)
{
	struct lw_bytes left = { c->out.p + c->seen, c->out.n - c->seen };
	int code = -1;
	size_t total;

	*ret_n = 0;
	while (left.n && lw_ber_frame(left, SIZE_MAX / 2, &total) == LW_OK && total <= left.n) {
		size_t k = left.p[1] & 0x80 ? 2u + (left.p[1] & 0x7f) : 2u;

		k += 2u + left.p[k + 1]; /* the message id */
		if (left.p[k] == tag)
			(*ret_n)++;
		if (left.p[k] != 0x64) {
			k += left.p[k + 1] & 0x80 ? 2u + (left.p[k + 1] & 0x7f) : 2u;
			code = left.p[k + 2];
		}
		left = (struct lw_bytes){ left.p + total, left.n - total };
	}
	return code;
}

int client_code(struct client *c)
{
	unsigned n;

	return walk(c, 0, &n);
}

unsigned client_messages(struct client *c, uint8_t tag)
{
	unsigned n;

	walk(c, tag, &n);
	return n;
}

bool client_saw(struct client *c, const char *text)
{
	return c->out.n > c->seen && memmem(c->out.p + c->seen, c->out.n - c->seen, text, strlen(text));
}

int client_bind(struct client *c, const char *name, const char *password)
{
	SEND(c, "30( 020101 60( 020103 04( %b ) 80( %b ) ) )", lw_str(name), lw_str(password));
	assert_int_equal(client_messages(c, 0x61), 1);
	return client_code(c);
}
