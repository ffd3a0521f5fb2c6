/* SPDX-License-Identifier: Apache-2.0 */
/* The operations over a real store and keyd. Answers are written out by hand. */
#include "tests/unit/ldap_rig.h"

#include <stdio.h>
#include <stdlib.h>

#include "ldap/conn.h"
#include "tests/unit/ldap_asm.h"

#define WHOAMI         "30( 020109 77( 80('1.3.6.1.4.1.4203.1.11.3') ) )"
#define NOTICE         "30( 020100 78( 0a0108 0400 04('log in again') 8a('1.3.6.1.4.1.1466.20036') ) )"
#define DONE(code)     "30( 020107 65( 0a01" code " 0400 0400 ) )"
#define PEOPLE         "ou=people,dc=acme,dc=example"
#define PASSMOD(value) "30( 020108 77( 80('1.3.6.1.4.1.4203.1.11.1') 81( 30( " value " ) ) ) )"

static void as(struct client *c, const char *name, const char *password)
{
	client_open(c, "127.0.0.1:1");
	assert_int_equal(client_bind(c, name, password), 0);
}

static void admin(struct client *c)
{
	as(c, ADMIN, "admin's password");
}

static void person(struct client *c, const char *uid, int code)
{
	struct lw_bytes n = lw_str(uid);

	SEND(c,
	        "30( 020107 68( 04('uid=' %b '," PEOPLE
	        "') 30( 30( 04('objectClass') 31( 04('inetOrgPerson') ) )"
	        " 30( 04('cn') 31( 04( %b ) ) ) 30( 04('sn') 31( 04('Test') ) ) ) ) )",
	        n, n);
	assert_int_equal(client_code(c), code);
}

/* ---- looking ahead ---- */

#define BY_UID(id) "30( 0201" id " 63( 04('" PEOPLE "') 0a0102 0a0100 020100 020100 010100 a3( 04('uid') 04('bob') ) 30( 04('sn') ) ) )"

/* The slot that the connection has after the first `n` octets of what asm_ makes of format have come; all of them: n 0. */
static struct store_ahead_slot *slot_of(struct client *c, const char *format, size_t n)
{
	struct lw_bytes pdu = asm_(format);

	ldapd_proto.seen(c->conn, (struct lw_bytes){ pdu.p, n ? n : pdu.n });
	free((void *)pdu.p);
	return ((struct ldapd_conn *)c->conn)->slot;
}

static void test_ahead(void **state)
{
	struct store_ahead_slot *slot;
	struct client c, d;

	as(&c, "alice", "alice's password");
	as(&d, "bob", "bob's password");
	slot = slot_of(&c, BY_UID("07"), 0);
	assert_non_null(slot);
	assert_int_equal(store_ahead_fetch(((struct ldapd_conn *)c.conn)->server->ahead, slot), 0); /* nobody has asked it yet */
	SEND(&c, BY_UID("07"));
	EXPECT(&c, "30( 020107 64( 04('" BOB "') 30( 30( 04('sn') 31( 04('Liddell') ) ) ) ) )" DONE("00"));
	assert_true(store_ahead_fetch(((struct ldapd_conn *)c.conn)->server->ahead, slot) >= 2); /* the index and the entry */
	/* the same request: whoever asks, and whatever its number is */
	assert_ptr_equal(slot_of(&d, BY_UID("2a"), 0), slot);
	SEND(&d, BY_UID("2a"));
	EXPECT(&d, "30( 02012a 64( 04('" BOB "') 30( 30( 04('sn') 31( 04('Liddell') ) ) ) ) ) 30( 02012a 65( 0a0100 0400 0400 ) )");
	/* a slot belongs to one request: the next one of the same step does not write it */
	assert_null(((struct ldapd_conn *)d.conn)->slot);
	assert_ptr_not_equal(slot_of(&d, "30( 020107 63( 04('" PEOPLE "') 0a0102 0a0100 020100 020100 010100 a3( 04('uid') 04('amy') ) 30( 04('sn') ) ) )", 0),
	        slot);
	/* what has not all come, is too long, is no search or compare, or no message at all, has none */
	assert_null(slot_of(&d, BY_UID("07"), 20));
	assert_null(slot_of(&d, "30( 020107 66( 04('" BOB "') 3000 ) )", 0));
	assert_null(slot_of(&d, "00ff", 0));
	assert_null(slot_of(&d, "30( 0401ff 63( 0400 ) )", 0));
	/* a bind's does not depend on the password */
	slot = slot_of(&d, "30( 020107 60( 020103 04('" BOB "') 80('secret') ) )", 0);
	assert_ptr_equal(slot_of(&d, "30( 020108 60( 020103 04('" BOB "') 80('another') ) )", 0), slot);
	assert_ptr_not_equal(slot_of(&d, "30( 020108 60( 020103 04('" ALICE "') 80('secret') ) )", 0), slot);
	assert_non_null(slot_of(&d, "30( 020107 6e( 04('" BOB "') 30( 04('sn') 04('x') ) ) )", 0));
	client_close(&c);
	client_close(&d);
}

/* A connection remembers the attributes of its last search; those of the present one are answered. */
static void test_selection(void **state)
{
#define ASK(attrs) SEND(&c, "30( 020107 63( 04('" BOB "') 0a0100 0a0100 020100 020100 010100 87('objectClass') 30( " attrs " ) ) )")
#define GOT(attrs) EXPECT(&c, "30( 020107 64( 04('" BOB "') 30( " attrs " ) ) )" DONE("00"))
	struct client c;

	as(&c, "alice", "alice's password");
	for (int i = 0; i < 2; i++) {
		ASK("04('sn')");
		GOT("30( 04('sn') 31( 04('Liddell') ) )");
		ASK("04('sn')");
		GOT("30( 04('sn') 31( 04('Liddell') ) )");
		ASK("04('cn') 04('sn;lang-en')");
		GOT("30( 04('cn') 31( 04('bob') ) )");
		ASK("04('cn') 04('sn;lang-en')");
		GOT("30( 04('cn') 31( 04('bob') ) )");
		ASK("04('1.1')");
		GOT("");
	}
	client_close(&c);
#undef ASK
#undef GOT
}

/* ---- search and compare ---- */

static void test_search(void **state)
{
	struct client c;

	as(&c, "alice", "alice's password");
	SEND(&c, "30( 020107 63( 04('" ALICE
	         "') 0a0100 0a0100 020100 020100 010100 87('objectClass') 30( 04('cn') 04('SN') ) ) )");
	EXPECT(&c, "30( 020107 64( 04('" ALICE
	           "') 30( 30( 04('cn') 31( 04('alice') ) ) 30( 04('sn') 31( 04('Liddell') ) ) ) ) )" DONE(
	                   "00"));
	SEND(&c, "30( 020107 63( 04('" PEOPLE
	         "') 0a0101 0a0100 020100 020100 0101ff a3( 04('uid') 04('BOB') ) 30( 04('cn') ) ) )");
	EXPECT(&c, "30( 020107 64( 04('" BOB "') 30( 30( 04('cn') 3100 ) ) ) )" DONE("00"));
	SEND(&c, "30( 020107 63( 04('dc=acme,dc=example') 0a0102 0a0100 020100 020100 010100 a0( a4( "
	         "04('cn') 30( 80('al') 82('ce') ) ) a2( a3( 04('uid') 04('bob') ) ) ) 30( 04('1.1') ) ) )");
	EXPECT(&c, "30( 020107 64( 04('" ALICE "') 3000 ) )" DONE("00"));
	/* not there: the deepest ancestor; and another tenant is not there at all */
	SEND(&c, "30( 020107 63( 04('uid=x,ou=y," PEOPLE
	         "') 0a0102 0a0100 020100 020100 010100 87('objectClass') 3000 ) )");
	EXPECT(&c, "30( 020107 65( 0a0120 04('" PEOPLE "') 0400 ) )");
	SEND(&c, "30( 020107 63( 04('ou=people,dc=beta,dc=example') 0a0102 0a0100 020100 020100 010100 "
	         "87('objectClass') 3000 ) )");
	EXPECT(&c, DONE("20"));
	SEND(&c, "30( 020107 63( 04('dc=nonesuch') 0a0102 0a0100 020100 020100 010100 87('objectClass') 3000 "
	         ") )");
	EXPECT(&c, DONE("20"));
	SEND(&c, "30( 020107 63( 0400 0a0102 0a0100 020100 020100 010100 87('objectClass') 3000 ) )");
	EXPECT(&c, DONE("20"));
	SEND(&c, "30( 020107 63( 04('nonsense') 0a0102 0a0100 020100 020100 010100 87('objectClass') 3000 ) "
	         ")");
	assert_int_equal(client_code(&c), 34);
	/* no secret, whatever is asked */
	SEND(&c,
	        "30( 020107 63( 04('" ALICE "') 0a0100 0a0100 020100 020100 010100 87('objectClass') 30( "
	                                    "04('*') 04('+') 04('userPassword') 04('krbPrincipalKey') ) ) )");
	assert_int_equal(client_messages(&c, 0x64), 1);
	assert_false(client_saw(&c, "userPassword") || client_saw(&c, "krbPrincipalKey") ||
	             client_saw(&c, "argon2"));
	assert_true(client_saw(&c, "entryUUID"));
	SEND(&c, "30( 020107 63( 04('" ALICE
	         "') 0a0100 0a0100 020100 020100 010100 87('userPassword') 3000 ) )");
	EXPECT(&c, DONE("00"));
	client_close(&c);
}

static void test_compare(void **state)
{
	struct client c;

	as(&c, "alice", "alice's password");
	SEND(&c, "30( 020107 6e( 04('" ALICE "') 30( 04('cn') 04('ALICE') ) ) )");
	EXPECT(&c, "30( 020107 6f( 0a0106 0400 0400 ) )");
	SEND(&c, "30( 020107 6e( 04('" ALICE "') 30( 04('cn') 04('bob') ) ) )");
	EXPECT(&c, "30( 020107 6f( 0a0105 0400 0400 ) )");
	SEND(&c, "30( 020107 6e( 04('" ALICE "') 30( 04('mail') 04('a@b') ) ) )");
	assert_int_equal(client_code(&c), 16);
	SEND(&c, "30( 020107 6e( 04('" ALICE "') 30( 04('nonesuch') 04('x') ) ) )");
	assert_int_equal(client_code(&c), 17);
	SEND(&c, "30( 020107 6e( 04('uid=x," PEOPLE "') 30( 04('cn') 04('x') ) ) )");
	EXPECT(&c, "30( 020107 6f( 0a0120 04('" PEOPLE "') 0400 ) )");
	SEND(&c, "30( 020107 6e( 04('" ALICE "') 30( 04('userPassword') 04('alice' 27 's password') ) ) )");
	assert_true(client_code(&c) == 16 || client_code(&c) == 50);
	client_close(&c);
}

static void test_limits(void **state)
{
	struct client c;

	as(&c, "alice", "alice's password");
	SEND(&c, "30( 020107 63( 04('" PEOPLE
	         "') 0a0101 0a0100 020102 020100 010100 87('objectClass') 30( 04('1.1') ) ) )");
	assert_int_equal(client_messages(&c, 0x64), 2);
	assert_int_equal(client_code(&c), 4);
	SEND(&c, "30( 020107 63( 04('" PEOPLE
	         "') 0a0101 0a0100 020164 020100 010100 a3( 04('uid') 04('alice') ) 30( 04('1.1') ) ) )");
	assert_int_equal(client_code(&c), 0);
	/* one exactly: the limit is not exceeded */
	SEND(&c, "30( 020107 63( 04('" PEOPLE
	         "') 0a0101 0a0100 020101 020100 010100 a3( 04('uid') 04('alice') ) 30( 04('1.1') ) ) )");
	assert_int_equal(client_code(&c), 0);
	client_close(&c);
}

static void test_size_of_server(void **state)
{
	struct client c;

	rig_options.size_limit = 1;
	rig_server();
	as(&c, "alice", "alice's password");
	SEND(&c, "30( 020107 63( 04('" PEOPLE
	         "') 0a0101 0a0100 020105 020100 010100 87('objectClass') 30( 04('1.1') ) ) )");
	assert_int_equal(client_messages(&c, 0x64), 1);
	assert_int_equal(client_code(&c), 4);
	client_close(&c);
	rig_options.size_limit = 0;
	rig_server();
}

/* ---- quanta ---- */

#define BIG 4
static void big_entries(struct client *c)
{
	static bool made;
	static uint8_t text[110000];

	memset(text, 'x', sizeof text);
	for (int i = 0; i < BIG && !made; i++) {
		uint8_t digit = (uint8_t)('0' + i);
		struct lw_bytes d = { &digit, 1 }, photo = { text, 1000 }, list;
		struct lw_writer w;

		/* a run of different values, 110 kB in all */
		lw_writer_init(&w, 1 << 20);
		for (int k = 0; k < 108; k++) {
			struct lw_bytes v;

			memcpy(text, (char[3]){ (char)('a' + k / 26), (char)('a' + k % 26), 'x' }, 3);
			v = asm_("04( %b )", photo);
			lw_put_bytes(&w, v);
			free((void *)v.p);
		}
		list = lw_written(&w);
		/* longer than asm_'s two octets of length: 84 by hand */
		{
			struct lw_bytes head = asm_("04('cn=big' %b '," PEOPLE "')", d),
			                oc = asm_("30( 04('objectClass') 31( 04('inetOrgPerson') ) )"
			                          " 30( 04('cn') 31( 04('big' %b ) ) ) 30( 04('sn') 31( "
			                          "04('Big') ) ) 30( 04('uid') 31( 04('big' %b ) ) )",
			                        d, d);
			size_t set = list.n, attr = 2 + 11 + 6 + set, attrs = oc.n + 6 + attr,
			       op = head.n + 6 + attrs;
			struct lw_writer m;

			lw_writer_init(&m, 1 << 20);
#define LONG(tag, n)                                                                                         \
	do {                                                                                                 \
		lw_put_u8(&m, tag);                                                                          \
		lw_put_u8(&m, 0x84);                                                                         \
		lw_put_u32(&m, (uint32_t)(n));                                                               \
	} while (0)
			LONG(0x30, 3 + 6 + op);
			lw_put_raw(&m, "\x02\x01\x07", 3);
			LONG(0x68, op);
			lw_put_bytes(&m, head);
			LONG(0x30, attrs);
			lw_put_bytes(&m, oc);
			LONG(0x30, attr);
			lw_put_raw(&m,
			        "\x04\x0b"
			        "description",
			        13);
			LONG(0x31, set);
			lw_put_bytes(&m, list);
			free((void *)head.p);
			free((void *)oc.p);
			c->seen = c->out.n;
			lw_put_bytes(&c->in, lw_written(&m));
			client_run(c);
			lw_writer_done(&m);
		}
		lw_writer_done(&w);
		assert_int_equal(client_code(c), 0);
	}
	made = true;
}

#define BIG_SEARCH                                                                                           \
	"30( 02010b 63( 04('" PEOPLE "') 0a0101 0a0100 020100 020100 010100 a3( 04('sn') 04('big') ) 3000 "  \
	                             ") )"

static void test_quanta(void **state)
{
	struct client c;

	admin(&c);
	big_entries(&c);
	c.seen = c.out.n;
	client_queue(&c, asm_(BIG_SEARCH));
	assert_true(client_step(&c));
	assert_int_equal(c.last, LW_NEXT_MORE);
	assert_int_equal(client_messages(&c, 0x65), 0);
	assert_true(client_messages(&c, 0x64) < BIG); /* output of a step is bounded */
	client_run(&c);
	assert_int_equal(client_messages(&c, 0x64), BIG);
	assert_int_equal(client_code(&c), 0);

	/* Abandon between two quanta: no answer, and what came before it in the input is answered still */
	c.seen = c.out.n;
	client_queue(&c, asm_(BIG_SEARCH));
	client_step(&c);
	client_queue(&c, asm_(WHOAMI "30( 02010d 50010b )"));
	client_run(&c);
	assert_int_equal(client_messages(&c, 0x65), 0);
	assert_int_equal(client_messages(&c, 0x78), 1);
	assert_true(client_messages(&c, 0x64) < BIG);
	/* of another id: goes on */
	c.seen = c.out.n;
	client_queue(&c, asm_(BIG_SEARCH));
	client_step(&c);
	client_queue(&c, asm_("30( 02010d 50010c )"));
	client_run(&c);
	assert_int_equal(client_messages(&c, 0x65), 1);
	/* Cancel, RFC 3909 */
	c.seen = c.out.n;
	client_queue(&c, asm_(BIG_SEARCH));
	client_step(&c);
	client_queue(&c, asm_("30( 02010d 77( 80('1.3.6.1.1.8') 81( 30( 02010b ) ) ) )"));
	client_run(&c);
	assert_true(client_messages(&c, 0x64) < BIG);
	assert_int_equal(client_messages(&c, 0x65), 1);
	assert_int_equal(client_messages(&c, 0x78), 1);
	assert_int_equal(client_code(&c), 0);
	SEND(&c, "30( 02010d 77( 80('1.3.6.1.1.8') 81( 30( 02010b ) ) ) )");
	assert_int_equal(client_code(&c), 119);
	/* Unbind */
	c.seen = c.out.n;
	client_queue(&c, asm_(BIG_SEARCH));
	client_step(&c);
	client_queue(&c, asm_("30( 02010d 4200 )"));
	client_run(&c);
	assert_int_equal(c.last, LW_NEXT_CLOSE);
	assert_int_equal(client_messages(&c, 0x65), 0);
	client_close(&c);
}

static void test_time_limit(void **state)
{
	struct client c;

	admin(&c);
	big_entries(&c);
	c.seen = c.out.n;
	client_queue(&c, asm_("30( 02010b 63( 04('" PEOPLE
	                      "') 0a0101 0a0100 020100 020105 010100 a3( 04('sn') 04('big') ) 3000 ) )"));
	client_step(&c);
	rig.clock.test_mono += 6 * LW_SECOND;
	client_run(&c);
	assert_int_equal(client_code(&c), 3);
	client_close(&c);
}

/* ---- pages ---- */

static void cookie_of(struct client *c, uint8_t cookie[16])
{
	assert_true(c->out.n >= 18);
	memcpy(cookie, c->out.p + c->out.n - 16, 16);
	assert_int_equal(c->out.p[c->out.n - 17], 16);
}

#define PAGED(filter, control)                                                                               \
	"30( 020107 63( 04('" PEOPLE "') 0a0101 0a0100 020100 020100 010100 " filter " 30( 04('1.1') ) )"    \
	" a0( 30( 04('1.2.840.113556.1.4.319') 04( 30( " control " ) ) ) ) )"
#define ALL "87('objectClass')"

static void test_pages(void **state)
{
	uint8_t cookie[16];
	struct lw_bytes k = { cookie, 16 };
	unsigned seen, pages = 1, all;
	struct client c, other;

	admin(&c);
	big_entries(&c);
	SEND(&c, "30( 020107 63( 04('" PEOPLE "') 0a0101 0a0100 020100 020100 010100 " ALL
	         " 30( 04('1.1') ) ) )");
	all = client_messages(&c, 0x64);
	assert_true(all >= BIG + 3);

	SEND(&c, PAGED(ALL, "020102 0400"));
	seen = client_messages(&c, 0x64);
	assert_int_equal(seen, 2);
	cookie_of(&c, cookie);
	/* the cookie belongs to this connection and this search */
	admin(&other);
	SEND(&other, PAGED(ALL, "020102 04( %b )"), k);
	assert_int_equal(client_code(&other), 53);
	client_close(&other);
	while (seen < all) {
		/* something else in between does no harm */
		SEND(&c,
		        "30( 020107 63( 04('" ALICE "') 0a0100 0a0100 020100 020100 010100 " ALL " 3000 ) )");
		assert_int_equal(client_messages(&c, 0x64), 1);
		SEND(&c, PAGED(ALL, "020102 04( %b )"), k);
		assert_int_equal(client_code(&c), 0);
		seen += client_messages(&c, 0x64);
		pages++;
		if (client_messages(&c, 0x64) == 2 && c.out.p[c.out.n - 17] == 16)
			cookie_of(&c, cookie);
		else
			break;
	}
	assert_int_equal(seen, all);
	assert_true(pages >= all / 2);
	/* a used cookie, a made-up one, another filter */
	SEND(&c, PAGED(ALL, "020102 04( %b )"), k);
	assert_true(client_code(&c) == 53 || client_messages(&c, 0x64) == 0);
	SEND(&c, PAGED(ALL, "020102 0400"));
	cookie_of(&c, cookie);
	cookie[3] ^= 1;
	SEND(&c, PAGED(ALL, "020102 04( %b )"), k);
	assert_int_equal(client_code(&c), 53);
	cookie[3] ^= 1;
	SEND(&c, PAGED("87('cn')", "020102 04( %b )"), k);
	assert_int_equal(client_code(&c), 53);
	/* size 0: the client has had enough */
	SEND(&c, PAGED(ALL, "020100 04( %b )"), k);
	EXPECT(&c, "30( 020107 65( 0a0100 0400 0400 ) a0( 30( 04('1.2.840.113556.1.4.319') 04( 30( 020100 "
	           "0400 ) ) ) ) )");
	SEND(&c, PAGED(ALL, "020102 04( %b )"), k);
	assert_int_equal(client_code(&c), 53);
	/* a bind ends it too */
	SEND(&c, PAGED(ALL, "020102 0400"));
	cookie_of(&c, cookie);
	assert_int_equal(client_bind(&c, ADMIN, "admin's password"), 0);
	SEND(&c, PAGED(ALL, "020102 04( %b )"), k);
	assert_int_equal(client_code(&c), 53);
	client_close(&c);
}

/* ---- updates ---- */

static void test_updates(void **state)
{
	struct client c;

	admin(&c);
	person(&c, "carol", 0);
	assert_int_equal(c.slow, 0); /* no password in it */
	person(&c, "carol", 68);
	SEND(&c, "30( 020107 66( 04('uid=carol," PEOPLE
	         "') 30( 30( 0a0100 30( 04('mail') 31( 04('carol@acme.example') ) ) )"
	         " 30( 0a0102 30( 04('sn') 31( 04('Carroll') ) ) ) ) ) )");
	EXPECT(&c, "30( 020107 67( 0a0100 0400 0400 ) )");
	SEND(&c, "30( 020107 63( 04('uid=carol," PEOPLE "') 0a0100 0a0100 020100 020100 010100 " ALL
	         " 30( 04('sn') 04('mail') ) ) )");
	assert_true(client_saw(&c, "Carroll") && client_saw(&c, "carol@acme.example"));
	SEND(&c, "30( 020107 6c( 04('uid=carol," PEOPLE "') 04('uid=caroline') 0101ff ) )");
	EXPECT(&c, "30( 020107 6d( 0a0100 0400 0400 ) )");
	SEND(&c, "30( 020107 4a('uid=carol," PEOPLE "') )");
	EXPECT(&c, "30( 020107 6b( 0a0120 04('" PEOPLE "') 0400 ) )");
	SEND(&c, "30( 020107 4a('uid=caroline," PEOPLE "') )");
	EXPECT(&c, "30( 020107 6b( 0a0100 0400 0400 ) )");
	/* errors keep their codes */
	SEND(&c, "30( 020107 66( 04('" ALICE "') 30( 30( 0a0100 30( 04('nonesuch') 31( 04('x') ) ) ) ) ) )");
	assert_int_equal(client_code(&c), 17);
	SEND(&c, "30( 020107 66( 04('" ALICE "') 30( 30( 0a0101 30( 04('sn') 31() ) ) ) ) )");
	assert_int_equal(client_code(&c), 65);
	SEND(&c, "30( 020107 66( 04('" ALICE "') 30( 30( 0a0101 30( 04('mail') 31() ) ) ) ) )");
	assert_int_equal(client_code(&c), 16);
	SEND(&c, "30( 020107 66( 04('" ALICE "') 30( 30( 0a0100 30( 04('cn') 31( 04('Alice') ) ) ) ) ) )");
	assert_int_equal(client_code(&c), 20);
	SEND(&c, "30( 020107 68( 04('ou=sub," PEOPLE
	         "') 30( 30( 04('objectClass') 31( 04('organizationalUnit') ) ) ) ) )");
	assert_int_equal(client_code(&c), 0);
	person(&c, "hal,ou=sub", 0);
	SEND(&c, "30( 020107 4a('ou=sub," PEOPLE "') )");
	assert_int_equal(client_code(&c), 66);
	SEND(&c, "30( 020107 66( 0400 30( 30( 0a0102 30( 04('cn') 31( 04('x') ) ) ) ) ) )");
	assert_int_equal(client_code(&c), 53);
	SEND(&c, "30( 020107 4a('uid=x,,') )");
	assert_int_equal(client_code(&c), 34);
	client_close(&c);
	/* who has no right: 50 */
	as(&c, "alice", "alice's password");
	person(&c, "mallory", 50);
	SEND(&c, "30( 020107 66( 04('" BOB "') 30( 30( 0a0102 30( 04('sn') 31( 04('x') ) ) ) ) ) )");
	assert_int_equal(client_code(&c), 50);
	SEND(&c, "30( 020107 4a('" BOB "') )");
	assert_int_equal(client_code(&c), 50);
	client_close(&c);
}

static void test_update_controls(void **state)
{
	struct client c;

	admin(&c);
	person(&c, "dora", 0);
	/* RFC 4527: before and after */
	SEND(&c,
	        "30( 020107 66( 04('uid=dora," PEOPLE "') 30( 30( 0a0102 30( 04('sn') 31( 04('New') ) ) ) ) )"
	        " a0( 30( 04('1.3.6.1.1.13.1') 0101ff 04( 30( 04('sn') ) ) ) 30( 04('1.3.6.1.1.13.2') 0101ff "
	        "04( 30( 04('sn') ) ) ) ) )");
	EXPECT(&c, "30( 020107 67( 0a0100 0400 0400 ) a0("
	           " 30( 04('1.3.6.1.1.13.1') 04( 30( 04('uid=dora," PEOPLE
	           "') 30( 30( 04('sn') 31( 04('Test') ) ) ) ) ) )"
	           " 30( 04('1.3.6.1.1.13.2') 04( 30( 04('uid=dora," PEOPLE
	           "') 30( 30( 04('sn') 31( 04('New') ) ) ) ) ) ) ) )");
	/* RFC 4528 */
	SEND(&c, "30( 020107 4a('uid=dora," PEOPLE
	         "') a0( 30( 04('1.3.6.1.1.12') 0101ff 04( a3( 04('sn') 04('Test') ) ) ) ) )");
	EXPECT(&c, "30( 020107 6b( 0a017a 0400 0400 ) )");
	SEND(&c, "30( 020107 6e( 04('uid=dora," PEOPLE
	         "') 30( 04('sn') 04('New') ) ) a0( 30( 04('1.3.6.1.1.12') 0101ff 04( a3( 04('sn') "
	         "04('Test') ) ) ) ) )");
	EXPECT(&c, "30( 020107 6f( 0a017a 0400 0400 ) )");
	SEND(&c, "30( 020107 63( 04('uid=dora," PEOPLE "') 0a0100 0a0100 020100 020100 010100 " ALL
	         " 3000 ) a0( 30( 04('1.3.6.1.1.12') 0101ff 04( a3( 04('sn') 04('Test') ) ) ) ) )");
	EXPECT(&c, "30( 020107 65( 0a017a 0400 0400 ) )");
	SEND(&c, "30( 020107 4a('uid=dora," PEOPLE
	         "') a0( 30( 04('1.3.6.1.1.12') 0101ff 04( a3( 04('sn') 04('new') ) ) ) ) )");
	assert_int_equal(client_code(&c), 0);
	SEND(&c, "30( 020107 63( 04('" PEOPLE "') 0a0101 0a0100 020100 020100 010100 " ALL
	         " 3000 ) a0( 30( 04('1.3.6.1.4.1.4203.1.10.1') 0101ff 04( 0101ff ) ) ) )");
	EXPECT(&c, DONE("00")); /* there are no subentries among people */
	client_close(&c);
}

/* ---- passwords and sessions ---- */

static void test_passwords(void **state)
{
	struct client c, root, other;

	admin(&root);
	SEND(&root, "30( 020107 68( 04('uid=eve," PEOPLE
	            "') 30( 30( 04('objectClass') 31( 04('inetOrgPerson') ) )"
	            " 30( 04('cn') 31( 04('eve') ) ) 30( 04('uid') 31( 04('eve') ) ) 30( 04('sn') 31( "
	            "04('Test') ) )"
	            " 30( 04('userPassword') 31( 04('first password 1') ) ) ) ) )");
	assert_int_equal(client_code(&root), 0);
	as(&c, "eve", "first password 1");
	as(&other, "eve", "first password 1");
	/* her own, with the old one: this connection lives on, the other does not */
	SEND(&c, PASSMOD("81('wrong') 82('second password 2')"));
	assert_int_equal(client_code(&c), 49);
	SEND(&c, PASSMOD("81('first password 1') 82('second password 2')"));
	EXPECT(&c, "30( 020108 78( 0a0100 0400 0400 ) )");
	SEND(&c, "30( 020107 63( 04('uid=eve," PEOPLE "') 0a0100 0a0100 020100 020100 010100 " ALL
	         " 30( 04('1.1') ) ) )");
	assert_int_equal(client_messages(&c, 0x64), 1);
	SEND(&other, "30( 020107 63( 04('uid=eve," PEOPLE "') 0a0100 0a0100 020100 020100 010100 " ALL
	             " 30( 04('1.1') ) ) )");
	EXPECT(&other, NOTICE);
	assert_int_equal(other.last, LW_NEXT_CLOSE);
	client_close(&other);
	client_open(&other, "127.0.0.1:1");
	assert_int_equal(client_bind(&other, "eve", "first password 1"), 49); /* warm a moment ago */
	assert_int_equal(client_bind(&other, "eve", "second password 2"), 0);
	/* and once more on the same connection: its token was renewed */
	SEND(&c, "30( 020107 66( 04('uid=eve," PEOPLE
	         "') 30( 30( 0a0101 30( 04('userPassword') 31( 04('second password 2') ) ) )"
	         " 30( 0a0100 30( 04('userPassword') 31( 04('third password 3') ) ) ) ) ) )");
	EXPECT(&c, "30( 020107 67( 0a0100 0400 0400 ) )");
	assert_true(c.slow > 0);
	assert_int_equal(client_bind(&c, "eve", "third password 3"), 0);
	/* hashes are not taken, nor passwords taken away */
	SEND(&root, "30( 020107 66( 04('uid=eve," PEOPLE
	            "') 30( 30( 0a0102 30( 04('userPassword') 31( 04('{SSHA}xxxx') ) ) ) ) ) )");
	assert_int_equal(client_code(&root), 19);
	SEND(&root, "30( 020107 66( 04('uid=eve," PEOPLE
	            "') 30( 30( 0a0101 30( 04('userPassword') 31() ) ) ) ) )");
	assert_int_equal(client_code(&root), 53);
	/* another's: not without the right; the administrator may, and the session ends by tick too */
	SEND(&c, PASSMOD("80('" BOB "') 82('fourth password 4')"));
	assert_int_equal(client_code(&c), 50);
	assert_false(ldapd_proto.tick(c.conn, &c.out));
	SEND(&root, PASSMOD("80('u:eve@acme.example') 82('fifth password 5')"));
	assert_int_equal(client_code(&root), 0);
	c.seen = c.out.n;
	assert_true(ldapd_proto.tick(c.conn, &c.out));
	EXPECT(&c, NOTICE);
	/* generated */
	SEND(&root, PASSMOD("80('uid=eve," PEOPLE "')"));
	assert_int_equal(client_code(&root), 0);
	{
		char password[21] = "";

		/* … 8b( 30( 80( 20 octets ) ) ) */
		memcpy(password, root.out.p + root.out.n - 20, 20);
		assert_int_equal(root.out.p[root.out.n - 21], 20);
		assert_int_equal(client_bind(&other, "eve", password), 0);
	}
	SEND(&root, PASSMOD("80('uid=nobody," PEOPLE "') 82('sixth password 6')"));
	assert_int_equal(client_code(&root), 32);
	SEND(&root, PASSMOD("80('eve@beta.example') 82('sixth password 6')"));
	assert_int_equal(client_code(&root), 32);
	client_close(&c);
	client_close(&other);
	client_close(&root);
}

/* What a new tenant starts with: fifteen minutes after the bind, or with the old one. */
static void test_own_password_later(void **state)
{
	struct client c, root;

	admin(&root);
	SEND(&root, "30( 020107 68( 04('uid=ivy," PEOPLE
	            "') 30( 30( 04('objectClass') 31( 04('inetOrgPerson') ) )"
	            " 30( 04('cn') 31( 04('ivy') ) ) 30( 04('uid') 31( 04('ivy') ) ) 30( 04('sn') 31( "
	            "04('Test') ) )"
	            " 30( 04('userPassword') 31( 04('first password 1') ) ) ) ) )");
	assert_int_equal(client_code(&root), 0);
	client_close(&root);
	as(&c, "ivy", "first password 1");
	rig.clock.test_wall += 14 * 60 * LW_SECOND;
	SEND(&c, PASSMOD("82('second password 2')"));
	assert_int_equal(client_code(&c), 0);
	rig.clock.test_wall += 2 * 60 * LW_SECOND;
	SEND(&c, PASSMOD("82('third password 3')"));
	assert_int_equal(client_code(&c), 50);
	SEND(&c, "30( 020107 66( 04('uid=ivy," PEOPLE
	         "') 30( 30( 0a0102 30( 04('userPassword') 31( 04('third password 3') ) ) ) ) ) )");
	assert_int_equal(client_code(&c), 50);
	SEND(&c, PASSMOD("81('first password 1') 82('third password 3')"));
	assert_int_equal(client_code(&c), 49);
	SEND(&c, PASSMOD("81('second password 2') 82('third password 3')"));
	assert_int_equal(client_code(&c), 0);
	SEND(&c, "30( 020107 66( 04('uid=ivy," PEOPLE
	         "') 30( 30( 0a0101 30( 04('userPassword') 31( 04('third password 3') ) ) )"
	         " 30( 0a0100 30( 04('userPassword') 31( 04('fourth password 4') ) ) ) ) ) )");
	assert_int_equal(client_code(&c), 0);
	/* bound again it does */
	assert_int_equal(client_bind(&c, "ivy", "fourth password 4"), 0);
	SEND(&c, PASSMOD("82('fifth password 5')"));
	assert_int_equal(client_code(&c), 0);
	client_close(&c);
}

static void test_disable(void **state)
{
	struct client c, root;

	admin(&root);
	SEND(&root, "30( 020107 68( 04('uid=fay," PEOPLE
	            "') 30( 30( 04('objectClass') 31( 04('inetOrgPerson') ) )"
	            " 30( 04('cn') 31( 04('fay') ) ) 30( 04('uid') 31( 04('fay') ) ) 30( 04('sn') 31( "
	            "04('Test') ) )"
	            " 30( 04('userPassword') 31( 04('first password 1') ) ) ) ) )");
	as(&c, "fay", "first password 1");
	SEND(&root, "30( 020107 66( 04('uid=fay," PEOPLE
	            "') 30( 30( 0a0102 30( 04('lwDisabled') 31( 04('TRUE') ) ) ) ) ) )");
	assert_int_equal(client_code(&root), 0);
	SEND(&c, "30( 020107 63( 04('" ALICE "') 0a0100 0a0100 020100 020100 010100 " ALL
	         " 30( 04('1.1') ) ) )");
	EXPECT(&c, NOTICE);
	client_close(&c);
	client_open(&c, "127.0.0.1:1");
	assert_int_equal(
	        client_bind(&c, "fay", "first password 1"), 49); /* though it was verified a moment ago */
	client_close(&c);
	SEND(&root,
	        "30( 020107 66( 04('uid=fay," PEOPLE "') 30( 30( 0a0102 30( 04('lwDisabled') 31() ) ) ) ) )");
	assert_int_equal(client_code(&root), 0);
	as(&c, "fay", "first password 1");
	/* deleted: gone at once */
	SEND(&root, "30( 020107 4a('uid=fay," PEOPLE "') )");
	assert_int_equal(client_code(&root), 0);
	assert_true(ldapd_proto.tick(c.conn, &c.out));
	client_close(&c);
	client_close(&root);
}

/* A warm credential is no way around a lock: the guesses that locked it made it cold. */
static void test_lock(void **state)
{
	struct client c, root;

	admin(&root);
	SEND(&root, "30( 020107 68( 04('uid=gus," PEOPLE
	            "') 30( 30( 04('objectClass') 31( 04('inetOrgPerson') ) )"
	            " 30( 04('cn') 31( 04('gus') ) ) 30( 04('uid') 31( 04('gus') ) ) 30( 04('sn') 31( "
	            "04('Test') ) )"
	            " 30( 04('userPassword') 31( 04('first password 1') ) ) ) ) )");
	as(&c, "gus", "first password 1");
	assert_int_equal(client_bind(&c, "gus", "first password 1"), 0);
	for (int i = 0; i < 10; i++) /* keyd's default policy locks at the tenth */
		assert_int_equal(client_bind(&c, "gus", "wrong"), 49);
	assert_int_equal(client_bind(&c, "gus", "first password 1"), 49);
	client_close(&c);
	client_close(&root);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ahead),
		cmocka_unit_test(test_selection),
		cmocka_unit_test(test_search),
		cmocka_unit_test(test_compare),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_size_of_server),
		cmocka_unit_test(test_quanta),
		cmocka_unit_test(test_time_limit),
		cmocka_unit_test(test_pages),
		cmocka_unit_test(test_updates),
		cmocka_unit_test(test_update_controls),
		cmocka_unit_test(test_passwords),
		cmocka_unit_test(test_own_password_later),
		cmocka_unit_test(test_disable),
		cmocka_unit_test(test_lock),
	};

	return cmocka_run_group_tests(tests, rig_setup, rig_teardown);
}
