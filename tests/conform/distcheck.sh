#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# distcheck.sh BUILD: make distcheck (without running every test a second time), and make install DESTDIR.
build=$1
work=$(mktemp -d)
n=0 failed=0
result() { n=$((n + 1)); if [ "$1" = 0 ]; then echo "ok $n - $2"; else failed=1; echo "not ok $n - $2"; tail -n 30 "$work/out" | sed 's/^/# /'; fi; }
make -C "$build" -s -j"$(nproc)" distcheck TESTS= DISTCHECK_CONFIGURE_FLAGS="--enable-werror CFLAGS=-O0" >"$work/out" 2>&1
result $? "make distcheck"
make -C "$build" -s install DESTDIR="$work/root" >"$work/out" 2>&1
result $? "make install DESTDIR"
find "$work/root" -type f > "$work/out"
grep -q 'sbin/lwd$' "$work/out" && grep -q 'bin/lwctl$' "$work/out" && grep -q 'lwd.service$' "$work/out" && grep -q 'man8/lwd.8$' "$work/out"
result $? "lwd, lwctl, the systemd unit and the manual are installed"
"$(dirname "$0")/../lint/testclock.sh" "$work"/root/usr/local/{sbin/lwd,bin/lwctl} >"$work/out" 2>&1 && bad=1 || bad=0
grep -q LWD_TEST_CLOCK_OFFSET "$work/out" || bad=1
result $bad "make installcheck, which distcheck has run, finds the clock of a build for tests"
rm -rf "$work"
echo "1..$n"
exit $failed
