# SPDX-License-Identifier: Apache-2.0
TABLES_WORLD = tests/tables/world.c tests/tables/world.h tests/tables/client.c tests/tables/client.h tests/unit/tenant_fix.c tests/unit/tenant_fix.h \
	$(CONTROL)
TABLES_LIBS = libsaml.a liboidc.a libldapd.a libkeys.a libca.a libstore.a libbase.a $(BASE_LIBS) $(LMDB_LIBS) $(LDAP_LIBS) $(GSSAPI_LIBS)
check_PROGRAMS += tests/tables/matrix tests/tables/leaks
TESTS += tests/tables/leaks tests/tables/matrix
tests_tables_matrix_SOURCES = tests/tables/matrix.c tests/tables/mutants.c tests/tables/tables.h tests/tables/ask_ldap.c tests/tables/want_ldap.c \
	tests/tables/ask_control.c tests/tables/want_control.c tests/tables/want_forwarded.c tests/tables/ask_keyd.c tests/tables/want_keyd.c \
	tests/tables/ask_store.c tests/tables/want_store.c tests/tables/ask_kdc.c tests/tables/want_kdc.c \
	tests/tables/ask_leaf.c tests/tables/ask_words.c tests/tables/want_words.c tests/unit/cert_fix.c tests/unit/cert_fix.h tests/tables/ask_http.c tests/tables/want_http.c tests/tables/want_api.h lwd/relay.c lwd/relay_msg.c lwd/relay.h lwd/roles.c $(WEB_ROUTES) \
	tests/unit/kdc_client.c tests/unit/kdc_client.h tests/unit/cheap_hash.c tests/unit/cheap_hash.h $(TABLES_WORLD)
tests_tables_matrix_LDADD = libhttp.a libkdc.a $(TABLES_LIBS) $(XML_LIBS) $(LIBEVENT_LIBS) $(JANSSON_LIBS) $(KRB5_LIBS)
tests_tables_leaks_SOURCES = tests/tables/leaks.c tests/unit/cheap_hash.c tests/unit/cheap_hash.h $(TABLES_WORLD)
tests_tables_leaks_LDADD = $(TABLES_LIBS)

# tests/conform/two_tenants.py runs it on a real lwd
EXTRA_DIST += tests/conform/two_tenants.py
check_PROGRAMS += tests/tables/two
tests_tables_two_SOURCES = tests/tables/two.c tests/tables/two.h tests/tables/two_find.c tests/tables/two_wire.c tests/tables/two_world.c \
	tests/tables/two_ldap.c tests/tables/two_krb.c tests/tables/two_http.c tests/tables/two_time.c tests/unit/kdc_client.c tests/unit/kdc_client.h $(TABLES_WORLD)
tests_tables_two_LDADD = libkdc.a $(TABLES_LIBS) $(KRB5_LIBS)

# Every right of every row zeroed or weakened in turn: the matrix must see each.
check-mutants: tests/tables/matrix
	tests/tables/matrix --mutants
.PHONY: check-mutants
