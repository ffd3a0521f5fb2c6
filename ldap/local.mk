# SPDX-License-Identifier: Apache-2.0
noinst_LIBRARIES += libldapd.a
libldapd_a_SOURCES = ldap/ldapd.h ldap/msg.h ldap/conn.h ldap/credcache.h ldap/sasl.h ldap/codec.c ldap/answer.c ldap/errmap.c \
	ldap/ops.c ldap/extops.c ldap/controls.c ldap/server.c ldap/bind.c ldap/sasl_external.c ldap/sasl_gssapi.c ldap/sasl_layer.c ldap/credcache.c ldap/search.c ldap/rootdse.c \
	ldap/update.c ldap/passwd.c
