# SPDX-License-Identifier: Apache-2.0
noinst_LIBRARIES += libkeys.a
libkeys_a_SOURCES = \
	keys/keys.h keys/issue.h keys/client.c keys/names.c \
	keys/keyd.h keys/keyd.c keys/keyd_account.c keys/keyd_password.c keys/keyd_kerberos.c keys/bootstrap.c \
	keys/keyd_login.c \
	keys/client.h keys/client_issue.c keys/client_audit.c keys/builders.h keys/sign.h keys/sets.c keys/keyd_sign.c keys/keyd_tokenkeys.c keys/keyd_token.c keys/token.h keys/keyd_ca.c \
	keys/keyd_cert.c keys/keyd_cert_cap.c keys/keyd_public.c keys/keyd_root.c keys/keyd_audit.c keys/keyd_install.c keys/keyd_end.c keys/keyd_master.c \
	keys/msg.h keys/msg.c \
	keys/cap.h keys/cap.c \
	keys/master.h keys/master.c \
	keys/seal.h keys/seal.c keys/krbkeys.h keys/krbkeys.c keys/keytab.h keys/keytab.c \
	keys/password.h keys/password.c \
	keys/policy.h keys/guess.h keys/guess.c \
	keys/lane.h keys/lane.c
