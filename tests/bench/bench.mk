# SPDX-License-Identifier: Apache-2.0
EXTRA_PROGRAMS += tests/bench/ldapbench tests/bench/kdcbench tests/bench/kdcdump tests/bench/signbench
tests_bench_ldapbench_SOURCES = tests/bench/ldapbench.c
tests_bench_kdcbench_SOURCES = tests/bench/kdcbench.c
tests_bench_kdcbench_LDADD = libkdc.a libbase.a $(BASE_LIBS)
tests_bench_kdcdump_SOURCES = tests/bench/kdcdump.c
tests_bench_kdcdump_LDADD = libbase.a $(BASE_LIBS)
tests_bench_signbench_SOURCES = tests/bench/signbench.c $(CA_RIG) $(SIG_RIG)
tests_bench_signbench_LDADD = libca.a libsaml.a liboidc.a libkeys.a libbase.a $(XML_LIBS) $(BASE_LIBS) $(CMOCKA_LIBS)
EXTRA_DIST += tests/bench/tenants.py tests/bench/signbench.py tests/bench/bench.py tests/bench/kdcbench.py
CLEANFILES += tests/bench/signbench tests/bench/ldapbench tests/bench/kdcbench tests/bench/kdcdump

# BENCH="--users 10000 --only search" makes the first shorter, KDCBENCH="--seconds 1 --runs 1" the second, SIGNBENCH="--seconds 1" the third
bench: bench-ldap bench-kdc bench-sign
bench-ldap: bin/lwd$(EXEEXT) bin/lwctl$(EXEEXT) tests/bench/ldapbench$(EXEEXT)
	LWD_BIN=$(abs_builddir) $(srcdir)/tests/bench/bench.py $(BENCH)
bench-kdc: bin/lwd$(EXEEXT) bin/lwctl$(EXEEXT) tests/bench/ldapbench$(EXEEXT) tests/bench/kdcbench$(EXEEXT) tests/bench/kdcdump$(EXEEXT)
	LWD_BIN=$(abs_builddir) $(srcdir)/tests/bench/kdcbench.py $(KDCBENCH)
bench-sign: tests/bench/signbench$(EXEEXT)
	LWD_BIN=$(abs_builddir) $(srcdir)/tests/bench/signbench.py $(SIGNBENCH)
# not of bench: to make a thousand tenants takes minutes
bench-tenants: bin/lwd$(EXEEXT) bin/lwctl$(EXEEXT) tests/bench/ldapbench$(EXEEXT) tests/bench/kdcbench$(EXEEXT)
	LWD_BIN=$(abs_builddir) $(srcdir)/tests/bench/tenants.py $(TENANTSBENCH)
.PHONY: bench-tenants bench bench-ldap bench-kdc bench-sign
