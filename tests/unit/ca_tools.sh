#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# What ca/ builds, before other people's tools: openssl verify and ocsp, GnuTLS certtool and ocsptool. TAP.
make=$PWD/tests/unit/ca_make
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
n=0 failed=0
result() { # STATUS NAME
	n=$((n + 1))
	if [ "$1" = 0 ]; then echo "ok $n - $2"; else failed=1; echo "not ok $n - $2"; sed 's/^/# /' out 2>/dev/null; fi
}
yes() { local name=$1; shift; "$@" >out 2>&1; result $? "$name"; }
no() { local name=$1; shift; "$@" >out 2>&1; local s=$?; [ $s -gt 0 ] && [ $s -lt 126 ]; result $? "$name"; }
says() { local name=$1 want=$2; shift 2; "$@" >out 2>&1; grep -Eq "$want" out; result $? "$name"; }
silent() { local name=$1 want=$2; shift 2; "$@" >out 2>&1 && ! grep -Eq "$want" out; result $? "$name"; }

csr() { # NAME ARGUMENTS: with openssl
	local name=$1; shift
	openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$name.k" -subj /CN=ignored -outform DER -out "$name.csr" "$@" 2>/dev/null
}
verify() { openssl verify -x509_strict -crl_check_all -CAfile root.pem -untrusted up.pem -CRLfile lists.pem "$@"; }

gnutls=1
command -v certtool >/dev/null && command -v ocsptool >/dev/null || gnutls=

for kind in p256 rsa2048; do
	yes "$kind: a root, an installation CA, two tenants" "$make" init . $kind
	cat acme.example.pem installation.pem > up.pem
	csr server -addext subjectAltName=DNS:web1.acme.example,DNS:WEB2.acme.example
	csr user -addext subjectAltName=email:alice@acme.example
	csr plain
	csr uri -addext subjectAltName=URI:spiffe://acme.example/web
	csr evil -addext subjectAltName=DNS:www.other.example
	openssl req -new -newkey rsa:2048 -nodes -keyout rsa.k -subj /CN=ignored -outform DER -out rsa.csr 2>/dev/null
	openssl req -new -newkey rsa:1024 -nodes -keyout weak.k -subj /CN=ignored -outform DER -out weak.csr 2>/dev/null
	yes "$kind: a server" "$make" issue . tls-server web1.acme.example server.csr server.pem
	yes "$kind: a client" "$make" issue . tls-client j.smith plain.csr client.pem
	yes "$kind: a user" "$make" issue . user alice user.csr user.pem
	yes "$kind: a user with an RSA key" "$make" issue . user j.smith rsa.csr rsa.pem
	yes "$kind: a workload" "$make" issue . tls-client web uri.csr uri.pem
	yes "$kind: one that is revoked" "$make" issue . tls-client gone plain.csr gone.pem
	no "$kind: not for another tenant's name" "$make" issue . tls-server x evil.csr x.pem
	no "$kind: not for 1024 bits" "$make" issue . tls-client x weak.csr x.pem
	for of in root installation acme.example; do
		"$make" crl . $of $of.crl $([ $of = acme.example ] && echo gone.pem)
		openssl crl -inform DER -in $of.crl -out $of.crl.pem
	done
	cat root.crl.pem installation.crl.pem acme.example.crl.pem > lists.pem
	for leaf in server client user rsa uri; do yes "$kind: openssl verify: $leaf" verify $leaf.pem; done
	yes "$kind: openssl verify: as a server of its name" verify -purpose sslserver -verify_hostname web2.acme.example server.pem
	yes "$kind: openssl verify: as mail's" verify -purpose smimesign -verify_email alice@acme.example user.pem
	no "$kind: openssl verify: a client is no server" verify -purpose sslserver client.pem
	says "$kind: openssl verify: the revoked one" 'certificate revoked' verify gone.pem
	mv lists.pem all.pem; cat root.crl.pem acme.example.crl.pem > lists.pem
	says "$kind: openssl verify: no list of the installation CA" 'unable to get certificate CRL' verify client.pem
	mv all.pem lists.pem
	i=0
	for san in DNS:www.other.example email:ceo@other.example URI:spiffe://other.example/x IP:10.0.0.1 IP:2001:db8::1; do
		i=$((i + 1))
		"$make" beyond . $san beyond$i.pem
		says "$kind: openssl verify: $san is beyond the tenant" '(permitted|excluded) subtree violation' verify beyond$i.pem
	done

	# OCSP as openssl asks
	ask() { openssl ocsp -issuer acme.example.pem -cert "$1" "${@:2}" -reqout req.der; }
	look() { openssl ocsp -no_nonce -reqin req.der -respin resp.der -issuer acme.example.pem $md -cert "$1" -CAfile root.pem -verify_other up.pem; }
	for md in -sha1 -sha256; do # the hash stands before -cert
		openssl ocsp -issuer acme.example.pem $md -cert server.pem -reqout req.der 2>/dev/null
		yes "$kind: an OCSP request $md" "$make" ocsp . req.der resp.der server.pem gone.pem
		says "$kind: openssl ocsp $md: verifies" 'Response verify OK' look server.pem
		silent "$kind: openssl ocsp $md: the nonce came back" '[Nn]once' look server.pem
	done
	md=
	ask server.pem >/dev/null 2>&1; "$make" ocsp . req.der resp.der server.pem gone.pem
	says "$kind: openssl ocsp: good" '^server.pem: good' look server.pem
	yes "$kind: the same by GET" "$make" ocsp . "@$(base64 -w0 req.der | sed 's/+/%2B/g; s/=/%3D/g; s,/,%2F,g')" resp.der server.pem gone.pem
	says "$kind: openssl ocsp: good, by GET" '^server.pem: good' look server.pem
	ask gone.pem >/dev/null 2>&1; "$make" ocsp . req.der resp.der server.pem gone.pem
	says "$kind: openssl ocsp: revoked" '^gone.pem: revoked' look gone.pem
	says "$kind: openssl ocsp: why" 'Reason: keyCompromise' look gone.pem
	ask client.pem >/dev/null 2>&1; "$make" ocsp . req.der resp.der server.pem gone.pem
	says "$kind: openssl ocsp: unknown" '^client.pem: unknown' look client.pem
	openssl ocsp -issuer other.example.pem -cert client.pem -reqout req.der >/dev/null 2>&1; "$make" ocsp . req.der resp.der server.pem gone.pem
	says "$kind: openssl ocsp: another tenant's" 'unauthorized \(6\)' openssl ocsp -respin resp.der
	echo hello > req.der; "$make" ocsp . req.der resp.der server.pem gone.pem
	says "$kind: openssl ocsp: no request at all" 'malformedrequest \(1\)' openssl ocsp -respin resp.der
	[ -n "$gnutls" ] || continue

	# GnuTLS: a chain from a file, and its answers
	chain() { cat "$@" root.pem > chain.pem; certtool --verify-chain --infile chain.pem; }
	first() { openssl x509 -in "$1"; }
	for leaf in server client user rsa uri; do says "$kind: certtool: $leaf" 'Chain verification output: Verified' chain $leaf.pem; done
	says "$kind: certtool: the revoked one" 'Not verified.*revoked' certtool --verify --load-ca-certificate root.pem --load-crl acme.example.crl.pem --infile gone.pem
	for i in 1 2 3 4 5; do
		first beyond$i.pem > x.pem
		says "$kind: certtool: beyond the tenant, $i" "output: Not verified.*violates the signer's constraints" chain x.pem up.pem
	done
	certtool --generate-request --load-privkey server.k --template <(printf 'cn = x\ndns_name = "web1.acme.example"\n') --outder --outfile gnutls.csr >/dev/null 2>&1
	yes "$kind: a request that certtool wrote" "$make" issue . tls-server web1 gnutls.csr gnutls.pem
	yes "$kind: certtool reads the list" certtool --crl-info --inder --infile acme.example.crl
	for leaf in server gone; do
		first $leaf.pem > leaf.pem
		ocsptool --generate-request --nonce --load-issuer acme.example.pem --load-cert leaf.pem --outfile req.der >/dev/null 2>&1
		yes "$kind: a request that ocsptool wrote: $leaf" "$make" ocsp . req.der resp.der server.pem gone.pem
		says "$kind: ocsptool: $leaf verifies" 'Verifying OCSP Response: Success' ocsptool --verify-response --load-signer acme.example.pem --load-response resp.der
		says "$kind: ocsptool: $leaf" "Certificate Status: $([ $leaf = gone ] && echo revoked || echo good)" ocsptool --response-info --load-response resp.der
	done
done
[ -n "$gnutls" ] || { n=$((n + 1)); echo "ok $n - GnuTLS # SKIP gnutls-bin is not installed"; }
echo "1..$n"
exit $failed
