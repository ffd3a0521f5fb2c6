# SPDX-License-Identifier: Apache-2.0
noinst_LIBRARIES += liblwd.a
liblwd_a_SOURCES = \
	lwd/config.c lwd/config.h \
	lwd/conn.c lwd/conn.h lwd/loop.c lwd/loop.h lwd/dgram.c lwd/worker.c lwd/limit.c lwd/tls.c lwd/tls.h \
	lwd/keeper.c lwd/keeper.h lwd/netrole.c lwd/netrole.h \
	lwd/roles.c lwd/roles.h lwd/message.c lwd/message.h lwd/role.c lwd/monitor.c lwd/main.c lwd/main.h \
	lwd/relay.h lwd/relay.c lwd/relay_msg.c \
	lwd/listen.c lwd/region.c lwd/system.c lwd/system.h lwd/sandbox.c lwd/sandbox.h lwd/selftest.c
# What a program that links liblwd.a needs behind it, besides libbase.a and its libraries.
LWD_LIBS = $(LIBEVENT_LIBS) $(SECCOMP_LIBS)

# The routes of web, which the matrix asks too.
WEB_ROUTES = lwd/web.h lwd/web.c lwd/web_health.c lwd/web_login.c lwd/web_ca.c lwd/web_api.c lwd/web_oidc.c
WEB_ROUTES += lwd/web_saml.c
WEB_ROUTES += lwd/web_sts.c

# The verbs of lwctl.
CONTROL = lwd/control_cert.c lwd/control_ca.c lwd/upkeep.h lwd/upkeep.c lwd/reclaim.h lwd/reclaim.c lwd/control.h lwd/control.c lwd/control_object.c lwd/control_write.c lwd/control_disable.c lwd/control_rp.c lwd/control_kind.h lwd/control_tenant.c lwd/control_keys.c lwd/control_master.c lwd/master.h lwd/master.c lwd/control_token.c lwd/control_issue.c lwd/control_page.c lwd/control_defaults.c
CONTROL += lwd/control_trust.c
CONTROL += lwd/audit.h lwd/control_audit.c

# Programs are built into bin/: beside this folder there cannot be a file of its name.
sbin_PROGRAMS += bin/lwd
bin_lwd_SOURCES = lwd/audit.c lwd/services.c lwd/services.h lwd/services_kdc.c lwd/services_web.c $(WEB_ROUTES) $(CONTROL)
bin_lwd_LDADD = liblwd.a libsaml.a liboidc.a libhttp.a libldapd.a libkdc.a libkeys.a libca.a libstore.a libbase.a $(LWD_LIBS) $(LMDB_LIBS) $(GSSAPI_LIBS) $(KRB5_LIBS) $(XCRYPT_LIBS) \
	$(BASE_LIBS) $(XML_LIBS) $(JANSSON_LIBS) -llber

dist_man_MANS += lwd/lwd.8
EXTRA_DIST += lwd/lwd.service.in
unitdir = $(prefix)/lib/systemd/system
unit_DATA = lwd/lwd.service
CLEANFILES += lwd/lwd.service
lwd/lwd.service: lwd/lwd.service.in Makefile
	$(AM_V_GEN)$(MKDIR_P) lwd && sed 's|@sbindir[@]|$(sbindir)|' $(srcdir)/lwd/lwd.service.in > $@.tmp && mv $@.tmp $@
