# SPDX-License-Identifier: Apache-2.0
# first, because it takes the longest
include tests/tables/matrix.mk
if HAVE_CMOCKA
include tests/unit/base.mk
endif
include tests/fuzz/base.mk
include tests/unit/keys.mk
include tests/unit/saml.mk
include tests/fuzz/saml.mk
include tests/unit/sts.mk
include tests/fuzz/sts.mk
include tests/unit/ca.mk
include tests/unit/token.mk
include tests/unit/kdc.mk
include tests/unit/krbmsg.mk
include tests/fuzz/ca.mk
include tests/fuzz/token.mk
include tests/fuzz/kdc.mk
include tests/fuzz/kdcreq.mk
include tests/fuzz/keys.mk
include tests/unit/lwd.mk
include tests/fuzz/lwd.mk
include tests/unit/http.mk
include tests/fuzz/http.mk
include tests/unit/api.mk
include tests/fuzz/api.mk
include tests/unit/schema.mk
include tests/fuzz/schema.mk
include tests/unit/ldap.mk
include tests/unit/own.mk
include tests/fuzz/ldap.mk
include tests/fuzz/own.mk
include tests/unit/access.mk
include tests/fuzz/access.mk
include tests/unit/ops.mk
include tests/unit/attack.mk
include tests/unit/cli.mk
include tests/fuzz/cli.mk
include tests/unit/engine.mk
include tests/fuzz/engine.mk
include tests/bench/bench.mk
EXTRA_DIST += tests/fuzz/run tests/lint/run tests/lint/testclock.sh tests/lint/layering.py tests/lint/banned.py tests/lint/tables.py tests/lib/lwdtest.py tests/lib/krbtest.py tests/lib/faulttest.py tests/stages tests/install-deps \
	tests/conform/clients.py tests/conform/roles.py tests/conform/faults.py tests/conform/faults_around.py tests/lib/turnclock.c tests/conform/badinput.py tests/conform/attack.py tests/conform/quickstart.sh tests/conform/distcheck.sh tests/conform/slapd_compare.py \
	tests/conform/web.py tests/conform/web_login.py tests/conform/saml.py tests/conform/lwctl_keys.py tests/conform/cert_cli.py tests/conform/kerberos.py tests/conform/kerberos_others.py tests/conform/kerberos_ldap.py tests/conform/kerberos_bad.py tests/conform/KrbLogin.java \
	tests/crash/kdc_kill9.py \
	tests/crash/kill9.py tests/crash/sync.py tests/crash/nosync.c quickstart runtests docs
EXTRA_DIST += tests/conform/tenant_life.py
EXTRA_DIST += tests/conform/ca.py tests/conform/clock_ahead.py tests/crash/master_kill9.py
EXTRA_DIST += tests/conform/rotation.py tests/conform/tokens.py tests/conform/jose/package.json tests/conform/jose/package-lock.json tests/conform/jose/jose.mjs
EXTRA_DIST += tests/conform/api.py tests/conform/delegation.py tests/conform/audit.py
EXTRA_DIST += examples/five-proofs.sh tests/conform/proofs.py
# What is installed for use does not have its clock turned by the environment; make distcheck runs this.
if !TEST_CLOCK
installcheck-local:
	$(srcdir)/tests/lint/testclock.sh $(DESTDIR)$(sbindir)/lwd $(DESTDIR)$(bindir)/lwctl
endif
EXTRA_DIST += tests/conform/howto.py
EXTRA_DIST += tests/conform/trust.py
