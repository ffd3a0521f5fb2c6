#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# One principal, five proofs: LDAP, Kerberos (and Apache, by a ticket), a certificate, a WS-Trust assertion and a JWT, each taken and checked with
# stock clients. They must all mean the same entryUUID.
#     examples/five-proofs.sh [--data DIR] [-t TENANT] [--user NAME] [--password-file FILE]
# where lwd runs on DIR, as its owner. It makes the user (with the password in FILE, else in DIR/NAME.password), a service and a relying party,
# unless they are there.
set -euo pipefail
data=${LWD_DATA:-/var/lib/lwd} tenant=acme.example user=alice password=
while [ $# -gt 1 ]; do
	case $1 in
	--data) data=$2 ;;
	-t) tenant=$2 ;;
	--user) user=$2 ;;
	--password-file) password=$2 ;;
	*) break ;;
	esac
	shift 2
done
[ $# = 0 ] || { echo "usage: five-proofs.sh [--data DIR] [-t TENANT] [--user NAME] [--password-file FILE]" >&2; exit 2; }
here=$(cd "$(dirname "$0")/.." && pwd)
PATH=$PATH:$here/build/bin:/usr/sbin:/sbin
data=$(realpath "$data") password=${password:-$data/$user.password}
"$here/tests/install-deps" proofs # Apache, xmlsec1 and python3-jwt; nothing where they are installed

work=$(mktemp -d) apache=
finish() { [ -z "$apache" ] || kill "$apache" 2>/dev/null || true; rm -rf "$work"; }
trap finish EXIT
env=$(lwctl --data "$data" -t "$tenant" print env)
eval "$env" # LWD_DATA, LDAPTLS_CACERT, KRB5_CONFIG …
export KRB5CCNAME=FILE:$work/tickets XDG_STATE_HOME=$work/state LDAPRC=none
offset=$(sed -n 's/^port-offset *= *//p' "$data/lwd.conf")
offset=${offset:-0}
ldap=ldap://localhost:$((389 + offset)) https=https://localhost:$((443 + offset)) http=http://localhost:$((80 + offset))
realm=${tenant^^} suffix=dc=${tenant//./,dc=} shop=https://shop.$tenant
there() { lwctl -t "$tenant" "$1" show "$2" >/dev/null 2>&1; }

names=() ids=()
proof() { # NAME UUID
	printf '%-45s %s\n' "$1" "${2:-nobody}"
	names+=("$1") ids+=("${2:-nobody}")
}

# ---- who it is ----
if [ ! -e "$password" ]; then
	(umask 077 && openssl rand -base64 18 | tr -d '\n' > "$password")
fi
there user "$user" || lwctl -t "$tenant" user create "$user" --given-name Alice --surname Liddell --mail "$user@$tenant" --password-file "$password" >"$work/out"
proof "lwctl user show" "$(lwctl -t "$tenant" user show "$user" | sed -n 's/^id: //p')"

# ---- LDAP over StartTLS, by password ----
ldapwhoami -x -ZZ -H "$ldap" -D "$user@$tenant" -y "$password" >"$work/dn"
dn=$(sed -n 's/^dn://p' "$work/dn")
own() { sed -n 's/^entryUUID: //p'; }
proof "LDAP over StartTLS" "$(ldapsearch -LLL -x -ZZ -H "$ldap" -D "$user@$tenant" -y "$password" -b "$suffix" "(uid=$user)" entryUUID | own)"

# ---- Kerberos: a ticket, LDAP by GSSAPI ----
kinit "$user@$realm" <"$password" >/dev/null
[ "$(ldapwhoami -Q -Y GSSAPI -H "$ldap")" = "dn:$dn" ]
proof "Kerberos: LDAP by GSSAPI" "$(ldapsearch -LLL -Q -Y GSSAPI -H "$ldap" -b "$dn" -s base entryUUID | own)"

# ---- … and a ticket for a service, which Apache accepts ----
web=web1.$tenant port=$((8080 + offset))
there service "HTTP/$web" || lwctl -t "$tenant" service create "HTTP/$web" >"$work/out"
chmod 755 "$work"
lwctl -t "$tenant" keytab get "HTTP/$web" --out "$work/keytab" >/dev/null
lwctl -t "$tenant" print krb5.conf >"$work/krb5.conf"
run_as= # Apache started by root gives root up
if [ "$(id -u)" = 0 ]; then
	run_as="User www-data
Group www-data"
	chown www-data "$work/keytab"
fi
mkdir "$work/htdocs"
echo hello >"$work/htdocs/index.html"
for m in mpm_event authn_core authz_core authz_user auth_gssapi headers dir; do
	echo "LoadModule ${m}_module /usr/lib/apache2/modules/mod_$m.so"
done >"$work/apache.conf"
cat >>"$work/apache.conf" <<CONF
ServerName $web
ServerRoot $work
DefaultRuntimeDir $work
PidFile $work/apache.pid
ErrorLog $work/apache.log
Listen 127.0.0.1:$port
DocumentRoot $work/htdocs
DirectoryIndex index.html
$run_as
<Location />
  AuthType GSSAPI
  AuthName $realm
  GssapiCredStore keytab:$work/keytab
  GssapiAllowedMech krb5
  Require valid-user
  Header always set Remote-User "expr=%{REMOTE_USER}"
</Location>
CONF
KRB5_CONFIG=$work/krb5.conf apache2 -f "$work/apache.conf" -DFOREGROUND >/dev/null 2>&1 &
apache=$!
for _ in $(seq 200); do ! (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null || break; sleep 0.05; done
curl -sS --fail --noproxy '*' --resolve "$web:$port:127.0.0.1" --negotiate -u : -o /dev/null -D "$work/headers" "http://$web:$port/" || { cat "$work/apache.log"; exit 1; }
seen=$(sed -n 's/^Remote-User: *\([^\r]*\)\r*$/\1/p' "$work/headers" | tail -n 1)
kill "$apache" && wait "$apache" || true
apache=
proof "Kerberos: Apache saw $seen" "$(ldapsearch -LLL -Q -Y GSSAPI -H "$ldap" -b "$suffix" "(krbPrincipalName=$seen)" entryUUID | own)"

# ---- a certificate ----
openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$work/key.pem" -subj "/CN=$user" -out "$work/csr.pem" 2>/dev/null
lwctl -t "$tenant" cert issue --csr "$work/csr.pem" --profile user --subject "$user" --out "$work/cert.pem" >/dev/null
curl -sS --fail -o "$work/root.pem" "$http/ca/root.pem"
for list in root.crl installation.crl "$tenant/crl"; do
	curl -sS --fail "$http/ca/$list" | openssl crl -inform DER
done >"$work/crls.pem"
openssl verify -x509_strict -crl_check_all -CRLfile "$work/crls.pem" -CAfile "$work/root.pem" -untrusted "$work/cert.pem" "$work/cert.pem" >"$work/out" ||
	{ cat "$work/out"; exit 1; }
proof "certificate: openssl verify, its serialNumber" "$(openssl x509 -in "$work/cert.pem" -noout -subject -nameopt multiline | sed -n 's/^ *serialNumber *= //p')"
export LDAPTLS_CERT=$work/cert.pem LDAPTLS_KEY=$work/key.pem
proof "certificate: LDAP by EXTERNAL" "$(ldapsearch -LLL -Q -Y EXTERNAL -ZZ -H "$ldap" -b "$dn" -s base entryUUID | own)"
unset LDAPTLS_CERT LDAPTLS_KEY

# ---- WS-Trust: an assertion ----
there rp shop || lwctl -t "$tenant" rp create shop --entity-id "$shop" --acs-url "$shop/acs" >"$work/out"
there grant shop-tokens || lwctl -t "$tenant" grant create "permit authenticated may token audience \"$shop\" attrs(sub);" --name shop-tokens >"$work/out"
cat >"$work/request.xml" <<XML
<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/" xmlns:t="http://docs.oasis-open.org/ws-sx/ws-trust/200512"
 xmlns:o="http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd"><e:Header><o:Security><o:UsernameToken>
<o:Username>$user</o:Username><o:Password>$(sed 's/&/\&amp;/g; s/</\&lt;/g' "$password")</o:Password></o:UsernameToken></o:Security></e:Header><e:Body>
<t:RequestSecurityToken><t:RequestType>http://docs.oasis-open.org/ws-sx/ws-trust/200512/Issue</t:RequestType>
<p:AppliesTo xmlns:p="http://schemas.xmlsoap.org/ws/2004/09/policy"><a:EndpointReference xmlns:a="http://www.w3.org/2005/08/addressing"><a:Address>$shop</a:Address>
</a:EndpointReference></p:AppliesTo></t:RequestSecurityToken></e:Body></e:Envelope>
XML
chmod 600 "$work/request.xml"
curl -sS --fail --cacert "$LWD_CACERT" -H 'Content-Type: text/xml' --data-binary @"$work/request.xml" "$https/sts/STSService/$tenant" >"$work/answer.xml"
grep -o '<saml2:Assertion .*</saml2:Assertion>' "$work/answer.xml" >"$work/assertion.xml"
# the key is the one of the metadata, whatever the assertion says
curl -sS --fail --cacert "$LWD_CACERT" "$https/websso/SAML2/Metadata/$tenant" | tr -d '\n' | sed -n 's/.*<ds:X509Certificate>\([^<]*\)<.*/\1/p' |
	base64 -di >"$work/idp.der"
xmlsec1 --verify --pubkey-cert-der "$work/idp.der" --enabled-reference-uris same-doc --id-attr:ID urn:oasis:names:tc:SAML:2.0:assertion:Assertion \
	"$work/assertion.xml" >"$work/out" 2>&1 || { cat "$work/out"; exit 1; }
proof "WS-Trust: xmlsec1 verifies, its NameID" "$(sed -n 's/.*<saml2:NameID[^>]*>\([^<]*\)<.*/\1/p' "$work/assertion.xml")"

# ---- a JWT, for who logged in by ticket ----
lwctl --server "$https" -t "$tenant" login >"$work/out"
proof "lwctl login by ticket, whoami" "$(lwctl --server "$https" -t "$tenant" whoami | sed -n 's/^id: //p')"
lwctl --server "$https" -t "$tenant" token issue --type jwt --audience "$shop" --out "$work/jwt" >"$work/out"
lwctl --server "$https" logout >"$work/out"
proof "JWT: PyJWT verifies, its sub" "$(SSL_CERT_FILE=$LWD_CACERT /usr/bin/python3 - "$https/openidconnect/$tenant" "$shop" "$work/jwt" <<'PY'
import json, sys, urllib.request
import jwt

issuer, audience, token = sys.argv[1], sys.argv[2], open(sys.argv[3]).read().strip()
about = json.load(urllib.request.urlopen(issuer + "/.well-known/openid-configuration"))
key = jwt.PyJWKClient(about["jwks_uri"]).get_signing_key_from_jwt(token)
print(jwt.decode(token, key.key, algorithms=["ES256", "RS256"], audience=audience, issuer=about["issuer"])["sub"])
PY
)"

# ---- the same in each? ----
for i in "${!ids[@]}"; do
	[[ ${ids[$i]} =~ ^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$ && ${ids[$i]} = "${ids[0]}" ]] || { echo "${names[$i]}: not the same" >&2; exit 1; }
done
echo "one principal: $user@$tenant is ${ids[0]}"
