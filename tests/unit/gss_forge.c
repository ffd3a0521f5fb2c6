/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/gss_forge.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <cmocka.h>

#include "base/crypto.h"
#include "tests/unit/ldap_asm.h"

void forge_environment(void)
{
	setenv("KRB5_CONFIG", "/dev/null", 1);
	setenv("GSS_MECH_CONFIG", "/dev/null", 1);
	setenv("KRB5RCACHENAME", "none:", 1);
	setenv("KRB5CCNAME", "MEMORY:unused", 1);
	setenv("KRB5_KTNAME", "MEMORY:unused", 1);
}

static struct lw_bytes stamp(time_t t, char buf[32])
{
	struct tm tm;

	gmtime_r(&t, &tm);
	strftime(buf, 32, "%Y%m%d%H%M%SZ", &tm);
	return lw_str(buf);
}

/* PrincipalName, as RFC 4120 5.2.2 has it */
static struct lw_bytes name(int type, const char *a, const char *b)
{
	uint8_t t = (uint8_t)type;

	if (b)
		return asm_("30( a0( 0201 %b ) a1( 30( 1b( %b ) 1b( %b ) ) ) )", (struct lw_bytes){ &t, 1 },
		        lw_str(a), lw_str(b));
	return asm_("30( a0( 0201 %b ) a1( 30( 1b( %b ) ) ) )", (struct lw_bytes){ &t, 1 }, lw_str(a));
}

static struct lw_bytes ticket_part(const struct forge_ticket *t, const krb5_keyblock *session, time_t start)
{
	char b1[32], b2[32];
	uint8_t e = (uint8_t)session->enctype;
	uint8_t flags[4] = { (uint8_t)(t->flags >> 24), (uint8_t)(t->flags >> 16), (uint8_t)(t->flags >> 8),
		(uint8_t)t->flags };
	struct lw_bytes client = name(1, t->client, t->client2), authz = { NULL, 0 }, part;

	if (t->authz.n)
		authz = asm_("aa( %b )", t->authz);
	else
		authz = asm_("");
	part = asm_("63( 30( a0( 030500 %b ) a1( 30( a0( 0201 %b ) a1( 04( %b ) ) ) ) a2( 1b( %b ) ) a3( %b )"
	            " a4( 30( a0( 020100 ) a1( 0400 ) ) ) a5( 18( %b ) ) a7( 18( %b ) ) %b ) )",
	        (struct lw_bytes){ flags, 4 }, (struct lw_bytes){ &e, 1 },
	        (struct lw_bytes){ session->contents, session->length }, lw_str(t->realm), client,
	        stamp(start, b1), stamp(start + t->life, b2), authz);
	free((void *)client.p);
	free((void *)authz.p);
	return part;
}

/* Ticket in DER, sealed with key usage 2. */
static struct lw_bytes seal(struct forge *f, const struct forge_ticket *t, struct lw_bytes part)
{
	krb5_keyblock key = { .enctype = t->etype,
		.length = (unsigned)t->key.n,
		.contents = (krb5_octet *)t->key.p };
	krb5_data clear = { .data = (char *)part.p, .length = (unsigned)part.n };
	krb5_enc_data enc = { 0 };
	uint8_t e = (uint8_t)t->etype, kvno = (uint8_t)t->kvno;
	struct lw_bytes server = name(2, t->service, t->host), ret;
	size_t n;

	assert_int_equal(krb5_c_encrypt_length(f->k, t->etype, part.n, &n), 0);
	enc.ciphertext.data = malloc(n);
	enc.ciphertext.length = (unsigned)n;
	assert_int_equal(krb5_c_encrypt(f->k, &key, KRB5_KEYUSAGE_KDC_REP_TICKET, NULL, &clear, &enc), 0);
	ret = asm_("61( 30( a0( 020105 ) a1( 1b( %b ) ) a2( %b ) a3( 30( a0( 0201 %b ) a1( 0201 %b ) a2( 04( %b )"
	           " ) ) ) ) )",
	        lw_str(t->realm), server, (struct lw_bytes){ &e, 1 }, (struct lw_bytes){ &kvno, 1 },
	        (struct lw_bytes){ (uint8_t *)enc.ciphertext.data, enc.ciphertext.length });
	free(enc.ciphertext.data);
	free((void *)server.p);
	return ret;
}

void forge_init(struct forge *f, const struct forge_ticket *t)
{
	time_t start = time(NULL) + t->from_now;
	struct lw_bytes part, ticket;
	OM_uint32 minor;
	gss_buffer_desc text, none = GSS_C_EMPTY_BUFFER;
	char target[300];

	memset(f, 0, sizeof *f);
	assert_int_equal(krb5_init_context(&f->k), 0);
	assert_int_equal(krb5_build_principal(f->k, &f->creds.client, (unsigned)strlen(t->realm), t->realm,
	                         t->client, t->client2, NULL),
	        0);
	assert_int_equal(krb5_build_principal(f->k, &f->creds.server, (unsigned)strlen(t->realm), t->realm,
	                         t->service, t->host, NULL),
	        0);
	assert_int_equal(krb5_c_make_random_key(f->k, t->etype, &f->creds.keyblock), 0);
	part = ticket_part(t, &f->creds.keyblock, start);
	ticket = seal(f, t, part);
	free((void *)part.p);
	f->creds.ticket.data = (char *)ticket.p;
	f->creds.ticket.length = (unsigned)ticket.n;
	f->creds.ticket_flags = (krb5_flags)t->flags;
	/* what the client believes: that it is good now */
	f->creds.times.authtime = f->creds.times.starttime = (krb5_timestamp)(time(NULL) - 60);
	f->creds.times.endtime = (krb5_timestamp)(time(NULL) + 3600);
	assert_int_equal(krb5_cc_new_unique(f->k, "MEMORY", NULL, &f->cc), 0);
	assert_int_equal(krb5_cc_initialize(f->k, f->cc, f->creds.client), 0);
	assert_int_equal(krb5_cc_store_cred(f->k, f->cc, &f->creds), 0);
	assert_int_equal(gss_krb5_import_cred(&minor, f->cc, NULL, NULL, &f->cred), GSS_S_COMPLETE);
	/* else integrity and confidentiality are asked for always */
	assert_int_equal(gss_set_cred_option(&minor, &f->cred, (gss_OID)GSS_KRB5_CRED_NO_CI_FLAGS_X, &none),
	        GSS_S_COMPLETE);
	snprintf(target, sizeof target, "%s/%s@%s", t->service, t->host, t->realm);
	text.value = target;
	text.length = strlen(target);
	assert_int_equal(
	        gss_import_name(&minor, &text, (gss_OID)GSS_KRB5_NT_PRINCIPAL_NAME, &f->target), GSS_S_COMPLETE);
}

static gss_OID_desc spnego = { 6, (void *)"\x2b\x06\x01\x05\x05\x02" };

/* Imported credentials are of Kerberos alone. */
void forge_spnego(struct forge *f)
{
	gss_key_value_element_desc where = { "ccache", NULL };
	gss_key_value_set_desc store = { 1, &where };
	gss_OID_set_desc mechs = { 1, &spnego };
	OM_uint32 minor;
	char *name;

	assert_int_equal(krb5_cc_get_full_name(f->k, f->cc, &name), 0);
	where.value = name;
	gss_release_cred(&minor, &f->cred);
	assert_int_equal(gss_acquire_cred_from(&minor, GSS_C_NO_NAME, 0, &mechs, GSS_C_INITIATE, &store, &f->cred, NULL, NULL),
	        GSS_S_COMPLETE);
	krb5_free_string(f->k, name);
	f->spnego = true;
}

void forge_done(struct forge *f)
{
	OM_uint32 minor;

	gss_release_name(&minor, &f->target);
	gss_release_cred(&minor, &f->cred);
	krb5_cc_destroy(f->k, f->cc);
	krb5_free_cred_contents(f->k, &f->creds);
	krb5_free_context(f->k);
}

OM_uint32 forge_step(struct forge *f, gss_ctx_id_t *ctx, OM_uint32 flags, struct lw_bytes bindings,
        struct lw_bytes from_server, gss_buffer_t ret)
{
	struct gss_channel_bindings_struct cb = { .application_data = { bindings.n, (void *)bindings.p } };
	gss_buffer_desc in = { from_server.n, (void *)from_server.p };
	OM_uint32 minor;

	return gss_init_sec_context(&minor, f->cred, ctx, f->target, f->spnego ? &spnego : (gss_OID)gss_mech_krb5, flags, 0,
	        bindings.p ? &cb : GSS_C_NO_CHANNEL_BINDINGS, &in, NULL, ret, NULL, NULL);
}

gss_cred_id_t forge_acceptor(struct forge *f, const struct forge_ticket *t, const char *keytab)
{
	krb5_keytab_entry entry = { .principal = f->creds.server,
		.vno = t->kvno,
		.key = { .enctype = t->etype, .length = (unsigned)t->key.n, .contents = (krb5_octet *)t->key.p } };
	gss_cred_id_t cred;
	krb5_keytab kt;
	OM_uint32 minor;

	assert_int_equal(krb5_kt_resolve(f->k, keytab, &kt), 0);
	assert_int_equal(krb5_kt_add_entry(f->k, kt, &entry), 0);
	assert_int_equal(gss_krb5_import_cred(&minor, NULL, NULL, kt, &cred), GSS_S_COMPLETE);
	return cred;
}
