/* SPDX-License-Identifier: Apache-2.0 */
/* The connection as a state machine: binds, StartTLS, controls, what ends it. Answers are written out by
 * hand. */
#include "tests/unit/ldap_rig.h"

#include <stdlib.h>

#include "tests/unit/ldap_asm.h"

#define WHOAMI             "30( 020109 77( 80('1.3.6.1.4.1.4203.1.11.3') ) )"
#define STARTTLS           "30( 020103 77( 80('1.3.6.1.4.1.1466.20037') ) )"
#define NOTICE(code, text) "30( 020100 78( 0a01" code " 0400 04('" text "') 8a('1.3.6.1.4.1.1466.20036') ) )"
#define SEARCH_ALICE(extra)                                                                                  \
	"30( 020107 63( 04('" ALICE "') 0a0100 0a0100 020100 020100 010100 87('objectClass') 3000 ) " extra  \
	" )"

/* ---- who may ask what without a bind ---- */

static void test_root_dse(void **state)
{
	struct client c;

	client_open(&c, "10.0.0.1:5");
	SEND(&c, "30 25 020102 63 20 0400 0a0100 0a0100 020100 020100 010100 870b'objectClass' 3000");
	/* user attributes only: RFC 4512 5.1 makes the rest operational */
	EXPECT(&c, "30( 020102 64( 0400 30( 30( 04('objectClass') 31( 04('top') ) ) ) ) ) 30( 020102 65( "
	           "0a0100 0400 0400 ) )");
	SEND(&c, "30( 020102 63( 0400 0a0100 0a0100 020100 020100 010100 87('objectClass') 30( "
	         "04('namingContexts') 04('SupportedLDAPVersion') 04('1.1') ) ) )");
	EXPECT(&c,
	        "30( 020102 64( 0400 30( 30( 04('namingContexts') 31( 04('dc=acme,dc=example') ) )"
	        " 30( 04('supportedLDAPVersion') 31( 04('3') ) ) ) ) ) 30( 020102 65( 0a0100 0400 0400 ) )");
	SEND(&c,
	        "30( 020102 63( 0400 0a0100 0a0100 020100 020100 010100 87('objectClass') 30( 04('+') ) ) )");
	assert_true(client_saw(&c, "1.3.6.1.4.1.1466.20037"));
	assert_true(client_saw(&c, "1.3.6.1.4.1.4203.1.5.1"));
	assert_true(client_saw(&c, "cn=Subschema"));
	assert_false(client_saw(&c, "EXTERNAL")); /* not over TCP */
	assert_false(client_saw(&c, "beta"));     /* other tenants are nobody's business */
	/* typesOnly, and filters on it */
	SEND(&c, "30( 020102 63( 0400 0a0100 0a0100 020100 020100 0101ff a3( 04('objectClass') 04('top') ) "
	         "30( 04('vendorName') ) ) )");
	EXPECT(&c, "30( 020102 64( 0400 30( 30( 04('vendorName') 3100 ) ) ) ) 30( 020102 65( 0a0100 0400 "
	           "0400 ) )");
	SEND(&c, "30( 020102 63( 0400 0a0100 0a0100 020100 020100 010100 a2( 87('objectClass') ) 3000 ) )");
	EXPECT(&c, "30( 020102 65( 0a0100 0400 0400 ) )");
	SEND(&c, "30( 020102 63( 0400 0a0100 0a0100 020100 020100 010100 a2( a3( 04('nonesuch') 04('x') ) ) "
	         "3000 ) )");
	EXPECT(&c, "30( 020102 65( 0a0100 0400 0400 ) )"); /* not Undefined is Undefined */
	client_close(&c);
}

static void test_dse_by_sni(void **state)
{
	struct client c;

	client_open(&c, "10.0.0.1:5");
	c.peer.tls = true;
	memcpy(c.peer.sni, "ldap.beta.example", 18);
	SEND(&c, "30( 020102 63( 0400 0a0100 0a0100 020100 020100 010100 87('objectClass') 30( "
	         "04('namingContexts') ) ) )");
	EXPECT(&c, "30( 020102 64( 0400 30( 30( 04('namingContexts') 31( 04('dc=beta,dc=example') ) ) ) ) ) "
	           "30( 020102 65( 0a0100 0400 0400 ) )");
	SEND(&c, "30( 020102 63( 0400 0a0100 0a0100 020100 020100 010100 87('objectClass') 30( "
	         "04('supportedExtension') ) ) )");
	assert_false(client_saw(&c, "1.3.6.1.4.1.1466.20037")); /* is on already */
	client_close(&c);
	client_open(&c, "unix");
	c.peer.owner = true;
	SEND(&c, "30( 020102 63( 0400 0a0100 0a0100 020100 020100 010100 87('objectClass') 30( "
	         "04('supportedSASLMechanisms') ) ) )");
	assert_true(client_saw(&c, "EXTERNAL"));
	client_close(&c);
}

static void test_subschema(void **state)
{
	struct client c;

	client_open(&c, "10.0.0.1:5");
	SEND(&c, "30( 020102 63( 04('CN=subschema') 0a0100 0a0100 020100 020100 010100 a3( 04('objectClass') "
	         "04('subschema') ) 30( 04('cn') 04('objectClasses') ) ) )");
	assert_int_equal(client_messages(&c, 0x64), 1);
	assert_true(client_saw(&c, "( 2.5.6.6 NAME 'person'"));
	assert_false(client_saw(&c, "( 2.5.4.3 NAME 'cn'"));
	SEND(&c, "30( 020102 63( 04('cn=Subschema') 0a0100 0a0100 020100 020100 010100 87('objectClass') "
	         "3000 ) )");
	EXPECT(&c, "30( 020102 64( 04('cn=Subschema') 30( 30( 04('objectClass') 31( 04('top') 04('subentry') "
	           "04('subschema') ) )"
	           " 30( 04('cn') 31( 04('Subschema') ) ) ) ) ) 30( 020102 65( 0a0100 0400 0400 ) )");
	client_close(&c);
}

static void test_anonymous_refused(void **state)
{
	static const struct {
		const char *pdu;
		uint8_t answer;
	} all[] = {
		{ SEARCH_ALICE(""), 0x65 },
		{ "30( 020107 63( 04('dc=nonesuch') 0a0102 0a0100 020100 020100 010100 87('objectClass') "
		  "3000 ) )",
		        0x65 },
		{ "30( 020107 63( 0400 0a0102 0a0100 020100 020100 010100 87('objectClass') 3000 ) )", 0x65 },
		{ "30( 020107 6e( 04('" ALICE "') 30( 04('sn') 04('Liddell') ) ) )", 0x6f },
		{ "30( 020107 66( 04('" ALICE "') 30( 30( 0a0102 30( 04('sn') 31( 04('x') ) ) ) ) ) )",
		        0x67 },
		{ "30( 020107 68( 04('cn=x') 30( 30( 04('cn') 31( 04('x') ) ) ) ) )", 0x69 },
		{ "30( 020107 4a('" ALICE "') )", 0x6b },
		{ "30( 020107 6c( 04('" ALICE "') 04('uid=x') 0101ff ) )", 0x6d },
		{ "30( 020107 77( 80('1.3.6.1.4.1.4203.1.11.1') ) )", 0x78 },
	};
	struct client c;
	struct lw_bytes tag;

	client_open(&c, "127.0.0.1:1");
	for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
		SEND(&c, all[i].pdu);
		tag = (struct lw_bytes){ &all[i].answer, 1 };
		EXPECT(&c, "30( 020107 %b ( 0a0132 0400 0400 ) )", tag);
	}
	assert_int_equal(c.jobs, 0);
	SEND(&c, WHOAMI);
	EXPECT(&c, "30( 020109 78( 0a0100 0400 0400 8b00 ) )");
	SEND(&c, "30( 020109 77( 80('1.2.3') ) )");
	assert_int_equal(client_code(&c), 2);
	client_close(&c);
}

/* ---- binds ---- */

static void test_bind_names(void **state)
{
	static const char *const good[] = { ALICE, "UID=Alice , OU=people,DC=Acme,DC=Example", "alice",
		"ALICE", "alice@acme.example", "alice@ACME.Example" };
	static const char *const bad[] = { BOB, "alice@beta.example", "alice@nonesuch.example", "nobody",
		"uid=alice,ou=people,dc=beta,dc=example", "dc=nonesuch", "ou=people,dc=acme,dc=example",
		"alice@", "@acme.example", "@" };
	struct client c;

	client_open(&c, "127.0.0.1:1");
	for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
		if (client_bind(&c, good[i], "alice's password"))
			fail_msg("refused: %s", good[i]);
		SEND(&c, WHOAMI);
		EXPECT(&c, "30( 020109 78( 0a0100 0400 0400 8b('dn:" ALICE "') ) )");
	}
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		SEND(&c, "30( 020102 60( 020103 04( %b ) 80('alice' 27 's password') ) )", lw_str(bad[i]));
		EXPECT(&c, "30( 020102 61( 0a0131 0400 0400 ) )"); /* alike, whatever is wrong */
		SEND(&c, WHOAMI);                                  /* and who it was is forgotten */
		EXPECT(&c, "30( 020109 78( 0a0100 0400 0400 8b00 ) )");
	}
	client_close(&c);
}

static void test_bind_codes(void **state)
{
	struct client c;

	client_open(&c, "127.0.0.1:1");
	SEND(&c, "30 0c 020101 60 07 020103 0400 8000");
	EXPECT(&c, "30( 020101 61( 0a0100 0400 0400 ) )");
	SEND(&c, "30( 020101 60( 020102 0400 8000 ) )");
	assert_int_equal(client_code(&c), 2);
	assert_int_equal(client_bind(&c, "alice", ""), 53); /* RFC 4513 5.1.2 */
	assert_int_equal(client_bind(&c, "", "secret"), 49);
	assert_int_equal(client_bind(&c, "alice", "wrong"), 49);
	assert_int_equal(client_bind(&c, "uid=alice,,", "x"), 34);
	SEND(&c, "30( 020101 60( 020103 0400 a3( 04('GS2-NONE') ) ) )");
	assert_int_equal(client_code(&c), 7);
	SEND(&c, "30( 020101 60( 020103 0400 a3( 04('EXTERNAL') 0400 ) ) )");
	assert_int_equal(client_code(&c), 7);
	SEND(&c, "30( 020101 60( 020103 0400 89('x') ) )");
	assert_int_equal(client_code(&c), 7);
	assert_int_equal(c.last, LW_NEXT_READ);
	client_close(&c);
}

static void test_cleartext(void **state)
{
	struct client c;

	client_open(&c, "10.0.0.1:5");
	assert_int_equal(client_bind(&c, "alice", "alice's password"), 13);
	assert_int_equal(client_bind(&c, "", ""), 0);
	c.peer.tls = true;
	assert_int_equal(client_bind(&c, "alice", "alice's password"), 0);
	client_close(&c);

	rig_options.cleartext = LDAPD_CLEARTEXT_NEVER;
	rig_server();
	client_open(&c, "127.0.0.1:1");
	assert_int_equal(client_bind(&c, "alice", "alice's password"), 13);
	client_close(&c);
	client_open(&c, "unix"); /* the octets don't leave the machine, and nobody can listen */
	assert_int_equal(client_bind(&c, "alice", "alice's password"), 0);
	client_close(&c);

	rig_options.cleartext = LDAPD_CLEARTEXT_ALWAYS;
	rig_server();
	client_open(&c, "10.0.0.1:5");
	assert_int_equal(client_bind(&c, "alice", "alice's password"), 0);
	client_close(&c);
	rig_options.cleartext = LDAPD_CLEARTEXT_LOOPBACK;
	rig_server();
}

static void test_external(void **state)
{
	struct client c;

	client_open(&c, "unix");
	SEND(&c, "30( 020101 60( 020103 0400 a3( 04('EXTERNAL') 0400 ) ) )");
	assert_int_equal(client_code(&c), 49); /* not the owner */
	c.peer.owner = true;
	SEND(&c, "30( 020101 60( 020103 0400 a3( 04('EXTERNAL') 0400 ) ) )");
	EXPECT(&c, "30( 020101 61( 0a0100 0400 0400 ) )");
	SEND(&c, WHOAMI);
	EXPECT(&c, "30( 020109 78( 0a0100 0400 0400 8b('u:operator') ) )");
	/* without an initial response: an empty challenge first, RFC 4422 appendix A */
	SEND(&c, "30( 020101 60( 020103 0400 a3( 04('EXTERNAL') ) ) )");
	EXPECT(&c, "30( 020101 61( 0a010e 0400 0400 8700 ) )");
	SEND(&c, WHOAMI);
	EXPECT(&c, "30( 020109 78( 0a0100 0400 0400 8b00 ) )");
	SEND(&c, "30( 020101 60( 020103 0400 a3( 04('EXTERNAL') ) ) )");
	EXPECT(&c, "30( 020101 61( 0a010e 0400 0400 8700 ) )");
	SEND(&c, "30( 020101 60( 020103 0400 a3( 04('EXTERNAL') 0400 ) ) )");
	assert_int_equal(client_code(&c), 0);
	/* an authzId of its own, and of another */
	SEND(&c, "30( 020101 60( 020103 0400 a3( 04('EXTERNAL') 04('u:operator') ) ) )");
	assert_int_equal(client_code(&c), 0);
	SEND(&c, "30( 020101 60( 020103 0400 a3( 04('EXTERNAL') 04('dn:" ALICE "') ) ) )");
	assert_int_equal(client_code(&c), 49);
	SEND(&c, WHOAMI);
	EXPECT(&c, "30( 020109 78( 0a0100 0400 0400 8b00 ) )");
	client_close(&c);
}

/* A warm bind asks nobody; a wrong guess, or a changed credential, makes it cold. */
static void test_warm(void **state)
{
	struct client c;
	unsigned jobs;

	client_open(&c, "127.0.0.1:1");
	assert_int_equal(client_bind(&c, "bob", "bob's password"), 0);
	jobs = c.slow;
	assert_int_equal(client_bind(&c, BOB, "bob's password"), 0);
	assert_int_equal(client_bind(&c, "bob", "bob's password"), 0);
	assert_int_equal(c.slow, jobs);
	assert_int_equal(client_bind(&c, "bob", "wrong"), 49);
	assert_int_equal(c.slow, jobs + 1);
	assert_int_equal(client_bind(&c, "bob", "bob's password"), 0);
	assert_int_equal(c.slow, jobs + 2); /* keyd had a word to say about that guess */
	assert_int_equal(client_bind(&c, "bob", "bob's password"), 0);
	assert_int_equal(c.slow, jobs + 2);
	rig.clock.test_mono += 301 * LW_SECOND;
	assert_int_equal(client_bind(&c, "bob", "bob's password"), 0);
	assert_int_equal(c.slow, jobs + 3);
	client_close(&c);
}

static struct lw_uuid uuid_of(uint32_t tenant, const char *dn)
{
	struct lw_arena *arena = lw_arena_new(1u << 16, false);
	struct lw_session *session;
	struct store_principal p;
	struct store_txn *txn;
	struct store_dn *d;

	assert_int_equal(dn_parse(arena, lw_str(dn), &d), 0);
	assert_int_equal(store_session_role(rig.store, tenant, STORE_ROLE_AUTH, &session), 0);
	assert_int_equal(store_begin(session, STORE_READ, &txn), 0);
	assert_int_equal(store_principal_dn(txn, d, &p), 0);
	store_end(txn);
	store_session_free(session);
	lw_arena_free(arena);
	return p.uuid;
}

/* Wrong guesses that came by another protocol stand in the roles' table: a warm bind is no way around the lock. */
static void test_warm_locked(void **state)
{
	struct keys_guesses *table = keys_guesses_new(&rig.clock, &keys_policy_default);
	struct lw_uuid alice = uuid_of(1, ALICE);
	struct keys_guess guess;
	struct client c;
	unsigned jobs;

	keyd_guesses(rig.keyd, table);
	rig_options.guesses = table;
	rig_server();
	client_open(&c, "127.0.0.1:1");
	assert_int_equal(client_bind(&c, "alice", "alice's password"), 0);
	jobs = c.slow;
	assert_int_equal(client_bind(&c, "alice", "alice's password"), 0);
	assert_int_equal(c.slow, jobs);
	for (int i = 0; i < 10; i++) {
		assert_int_equal(keys_guess_reserve(table, 1, &alice, LW_LIT(""), &guess), 0);
		keys_guess_settle(table, &guess, KEYS_GUESS_WRONG);
	}
	assert_int_equal(client_bind(&c, "alice", "alice's password"), 49);
	keys_guess_forget(table, 1, &alice);
	assert_int_equal(client_bind(&c, "alice", "alice's password"), 0);
	client_close(&c);
}

/* ---- StartTLS ---- */

static void test_starttls(void **state)
{
	struct client c;

	client_open(&c, "10.0.0.1:5");
	SEND(&c, STARTTLS);
	EXPECT(&c, "30( 020103 78( 0a0100 0400 0400 8a('1.3.6.1.4.1.1466.20037') ) )");
	assert_int_equal(c.last, LW_NEXT_STARTTLS);
	c.peer.tls = true;
	SEND(&c, STARTTLS);
	assert_int_equal(client_code(&c), 1); /* operationsError: it is on already */
	assert_int_equal(c.last, LW_NEXT_READ);
	assert_int_equal(client_bind(&c, "alice", "alice's password"), 0);
	client_close(&c);

	/* octets in the clear behind it: somebody in between */
	client_open(&c, "10.0.0.1:5");
	SEND(&c, STARTTLS "30 0c 020101 60 07 020103 0400 8000");
	assert_int_equal(client_code(&c), 2);
	assert_int_equal(client_messages(&c, 0x61), 0);
	assert_int_equal(c.last, LW_NEXT_CLOSE);
	client_close(&c);
	client_open(&c, "10.0.0.1:5");
	SEND(&c, STARTTLS "30");
	assert_int_equal(c.last, LW_NEXT_CLOSE);
	client_close(&c);

	client_open(&c, "10.0.0.1:5");
	SEND(&c, "30( 020103 77( 80('1.3.6.1.4.1.1466.20037') 8100 ) )");
	assert_int_equal(client_code(&c), 2);
	client_close(&c);
	client_open(&c, "unix");
	SEND(&c, STARTTLS);
	assert_int_equal(client_code(&c), 52);
	client_close(&c);
}

/* ---- controls ---- */

static void test_critical(void **state)
{
	struct client c;

	client_open(&c, "127.0.0.1:1");
	assert_int_equal(client_bind(&c, "alice", "alice's password"), 0);
	SEND(&c, SEARCH_ALICE("a0( 30( 04('1.2.3') 0101ff ) )"));
	EXPECT(&c, "30( 020107 65( 0a010c 0400 0400 ) )");
	SEND(&c, SEARCH_ALICE("a0( 30( 04('1.2.3') ) )"));
	assert_int_equal(client_code(&c), 0);
	assert_int_equal(client_messages(&c, 0x64), 1);
	SEND(&c, "30( 020101 60( 020103 0400 8000 ) a0( 30( 04('1.2.840.113556.1.4.319') 0101ff 04( 30( "
	         "020105 0400 ) ) ) ) )");
	EXPECT(&c, "30( 020101 61( 0a010c 0400 0400 ) )"); /* known, but not for a bind */
	SEND(&c, "30( 020101 4200 a0( 30( 04('1.2.3') 0101ff ) ) )");
	EXPECT(&c, "");
	assert_int_equal(c.last, LW_NEXT_CLOSE);
	client_close(&c);
}

/* ---- what ends a connection ---- */

static void ends(const char *pdu, const char *notice)
{
	struct client c;

	client_open(&c, "127.0.0.1:1");
	SEND(&c, pdu);
	EXPECT(&c, notice);
	assert_int_equal(c.last, LW_NEXT_CLOSE);
	SEND(&c, WHOAMI); /* nothing more is answered */
	EXPECT(&c, "");
	client_close(&c);
}

static void test_malformed(void **state)
{
	static const char *const bad[] = { "ff", "30 80 020101 4200 0000", "30 03 020101",
		"30( 020101 7e00 )", "30( 020100 4200 )", "30( 020101 61( 0a0100 0400 0400 ) )",
		"30( 020101 63( 0400 ) )", "16030100" };

	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		ends(bad[i], NOTICE("02", "malformed message"));
	ends("30 83 010001", NOTICE("0b", "message too long")); /* 64 KiB and five octets, before a bind */
}

static void test_limits_after_bind(void **state)
{
	struct client c;

	client_open(&c, "127.0.0.1:1");
	assert_int_equal(client_bind(&c, "alice", "alice's password"), 0);
	SEND(&c, "30 83 010001");
	EXPECT(&c, "");
	assert_int_equal(c.last, LW_NEXT_READ); /* waits for the rest */
	client_close(&c);
	client_open(&c, "127.0.0.1:1");
	assert_int_equal(client_bind(&c, "alice", "alice's password"), 0);
	SEND(&c, "30 84 01000001");
	assert_int_equal(client_code(&c), 11);
	assert_int_equal(c.last, LW_NEXT_CLOSE);
	client_close(&c);
}

/* Octet by octet it is the same. */
static void test_pieces(void **state)
{
	struct lw_bytes pdu = asm_("30( 020101 60( 020103 0400 8000 ) ) " WHOAMI);
	struct client c;

	client_open(&c, "127.0.0.1:1");
	for (size_t i = 0; i < pdu.n; i++) {
		lw_put_raw(&c.in, pdu.p + i, 1);
		client_run(&c);
	}
	EXPECT(&c, "30( 020101 61( 0a0100 0400 0400 ) ) 30( 020109 78( 0a0100 0400 0400 8b00 ) )");
	free((void *)pdu.p);
	client_close(&c);
}

static void test_batch(void **state)
{
	struct client c;

	client_open(&c, "127.0.0.1:1");
	for (unsigned i = 0; i < 100; i++)
		client_queue(&c, asm_(WHOAMI));
	c.steps = 0;
	client_run(&c);
	assert_int_equal(client_messages(&c, 0x78), 100);
	assert_int_equal(c.steps, 4); /* 32, 32, 32, 4: the clock stands still */
	client_close(&c);
}

static void test_farewell(void **state)
{
	struct client c;

	client_open(&c, "127.0.0.1:1");
	ldapd_proto.farewell(c.conn, &c.out);
	EXPECT(&c, NOTICE("34", "the server is shutting down"));
	client_close(&c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_root_dse),
		cmocka_unit_test(test_dse_by_sni),
		cmocka_unit_test(test_subschema),
		cmocka_unit_test(test_anonymous_refused),
		cmocka_unit_test(test_bind_names),
		cmocka_unit_test(test_bind_codes),
		cmocka_unit_test(test_cleartext),
		cmocka_unit_test(test_external),
		cmocka_unit_test(test_warm),
		cmocka_unit_test(test_warm_locked),
		cmocka_unit_test(test_starttls),
		cmocka_unit_test(test_critical),
		cmocka_unit_test(test_malformed),
		cmocka_unit_test(test_limits_after_bind),
		cmocka_unit_test(test_pieces),
		cmocka_unit_test(test_batch),
		cmocka_unit_test(test_farewell),
	};

	return cmocka_run_group_tests(tests, rig_setup, rig_teardown);
}
