# SPDX-License-Identifier: Apache-2.0
bin_PROGRAMS += bin/lwctl
bin_lwctl_SOURCES = cli/lwctl.h cli/main.c cli/util.c cli/control.c cli/print.c cli/objects.c cli/status.c cli/local.c cli/conf.c cli/keys.c cli/init.c \
	cli/remote.h cli/remote.c cli/web.c cli/state.c cli/login.c cli/cert.c cli/token.c \
	cli/rp.c cli/audit.c \
	lwd/config.c
bin_lwctl_LDADD = libsaml.a liboidc.a libhttp.a libkeys.a libca.a libstore.a libbase.a $(LMDB_LIBS) $(OPENSSL_LIBS) $(ARGON2_LIBS) $(IDN_LIBS) $(UTF8PROC_LIBS) \
	$(XCRYPT_LIBS) $(JANSSON_LIBS) $(CURL_LIBS) $(XML_LIBS)
dist_man_MANS += cli/lwctl.1
dist_check_SCRIPTS += tests/unit/lwctl_man.sh
TESTS += tests/unit/lwctl_man.sh
