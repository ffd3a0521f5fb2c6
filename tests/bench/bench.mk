# SPDX-License-Identifier: Apache-2.0
EXTRA_PROGRAMS += tests/bench/ldapbench
tests_bench_ldapbench_SOURCES = tests/bench/ldapbench.c
EXTRA_DIST += tests/bench/bench.py
CLEANFILES += tests/bench/ldapbench

# BENCH="--users 10000 --only search" makes it shorter
bench: bin/lwd$(EXEEXT) bin/lwctl$(EXEEXT) tests/bench/ldapbench$(EXEEXT)
	LWD_BIN=$(abs_builddir) $(srcdir)/tests/bench/bench.py $(BENCH)
.PHONY: bench
