#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# testclock.sh LWD LWCTL: fails when the environment can turn the clock of these programs, which must not be so in a build for use.
lwd=$1 lwctl=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
for program in "$lwd" "$lwctl"; do
	[ -x "$program" ] || { echo "$program is not there"; exit 1; }
	if grep -q LWD_TEST_CLOCK_OFFSET "$program"; then echo "$program knows LWD_TEST_CLOCK_OFFSET"; exit 1; fi
done
echo Correct-Horse-7 >"$work/pw"
chmod 600 "$work/pw"
LWD_TEST_CLOCK_OFFSET=157680000 "$lwctl" --data "$work/data" init --domain acme.example --admin-password-file "$work/pw" || exit 1
begin=$(date -d "$(openssl x509 -noout -startdate -in "$work/data/ca.pem" | cut -d= -f2)" +%s) now=$(date +%s)
if [ "$begin" -gt "$now" ]; then echo "$lwctl: the environment has turned the clock"; exit 1; fi
