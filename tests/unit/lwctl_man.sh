#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The manual and --help list the same commands with the same arguments.
man=${srcdir:-.}/cli/lwctl.1
n=0 failed=0
plain() { sed 's/\\-/-/g; s/\\&\.\.\./…/g; s/\\(aq/'"'"'/g; s/^\.B //; s/ *$//'; }
work=$(mktemp -d)
sed -n '/^\.SH COMMANDS/,/^\.SH OPTIONS/p' "$man" | grep '^\.B ' | plain > "$work/man"
./bin/lwctl --help | sed -n 's/^  \([^ ].*\)$/\1/p' | sed 's/ *$//' > "$work/help"
n=$((n + 1))
if [ -s "$work/help" ] && diff "$work/help" "$work/man" > "$work/diff"; then echo "ok $n - lwctl.1 and --help agree"; else failed=1; echo "not ok $n - lwctl.1 and --help agree"; sed 's/^/# /' "$work/diff"; fi
rm -rf "$work"
echo "1..$n"
exit $failed
