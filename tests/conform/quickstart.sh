#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Runs ./quickstart --detach from the source tree and then every line that it prints, as printed.
set -u
top=$(cd "$(dirname "$0")/../.." && pwd)
work=$(mktemp -d)
n=0 failed=0
result() { n=$((n + 1)); if [ "$1" = 0 ]; then echo "ok $n - $2"; else failed=1; echo "not ok $n - $2"; sed 's/^/# /' "$work/out" | tail -n 15; fi; }
cd "$work" || exit 1
"$top/quickstart" --data "$work/demo data" --detach >"$work/out" 2>&1
result $? "quickstart --detach"
cp "$work/out" "$work/printed"
sed -n 's/^    //p' "$work/printed" | grep -v '^kill ' > "$work/lines"
result "$(($(wc -l < "$work/lines") < 8))" "it prints what to try next"
# one shell for all, as a newcomer would paste them
export XDG_STATE_HOME=$work/state
: > "$work/script"
while IFS= read -r line; do
	printf '%s\nprintf "STATUS %%s\\n" $?\n' "$line" >> "$work/script"
done < "$work/lines"
bash "$work/script" >"$work/ran" 2>&1
mapfile -t statuses < <(sed -n 's/^STATUS //p' "$work/ran")
i=0
while IFS= read -r line; do
	cp "$work/ran" "$work/out"
	result "${statuses[$i]:-1}" "works as printed: $line"
	i=$((i + 1))
done < "$work/lines"
grep -q '^dn:uid=alice,ou=people,dc=acme,dc=example' "$work/ran"; result $? "alice is who she says"
grep -q '^mail: alice@acme.example' "$work/ran"; result $? "and is found"
[ "$(grep -c '^dn:uid=alice,ou=people,dc=acme,dc=example' "$work/ran")" -ge 3 ]; result $? "by her ticket too, and by her certificate"
grep -q 'HTTP/web1.acme.example@ACME.EXAMPLE: kvno = 1' "$work/ran"; result $? "which gets others"
grep -q '^{"token":"[A-Za-z0-9_-]*","expires":"' "$work/ran"; result $? "her ticket logs in over HTTPS"
grep -q '^principal: alice@ACME.EXAMPLE' "$work/ran" && grep -q '^methods: kerberos' "$work/ran"; result $? "and lwctl, over the admin API"
[ -s "$work/state/lwctl/localhost%3A$(sed -n 's/.*localhost:\([0-9]*\)\/readyz.*/\1/p' "$work/lines")/root.pem" ]; result $? "which has kept the root's certificate"
grep -q 'aes256-cts-hmac-sha384-192' "$work/ran"; result $? "the keytab has keys"
[ "$(grep -c '^one principal: alice@acme.example is [0-9a-f-]*$' "$work/ran")" = 1 ]; result $? "five proofs of one principal"
"$top/quickstart" --data "$work/demo data" --detach >"$work/out" 2>&1
result $? "a second quickstart on the same folder finds it running"
pid=$(cat "$work/demo data/run/lwd.pid")
eval "$(sed -n 's/^    \(kill .*\)/\1/p' "$work/printed")"
for _ in $(seq 400); do kill -0 "$pid" 2>/dev/null || break; sleep 0.05; done
if kill -0 "$pid" 2>/dev/null; then echo "still there" > "$work/out"; result 1 "stops as printed"; else result 0 "stops as printed"; fi
"$top/quickstart" --data "$work/d2" >"$work/out" 2>&1 &
quick=$!
for _ in $(seq 1200); do grep -q Ctrl-C "$work/out" && break; kill -0 $quick 2>/dev/null || break; sleep 0.05; done
grep -q Ctrl-C "$work/out"; result $? "in the foreground it says how to stop"
pid=$(cat "$work/d2/run/lwd.pid" 2>/dev/null || echo 0)
kill -TERM $quick
wait $quick
for _ in $(seq 400); do kill -0 "$pid" 2>/dev/null || break; sleep 0.05; done
if [ "$pid" != 0 ] && ! kill -0 "$pid" 2>/dev/null; then result 0 "ending quickstart ends lwd"; else result 1 "ending quickstart ends lwd"; fi
rm -rf "$work"
echo "1..$n"
exit $failed
