/* SPDX-License-Identifier: Apache-2.0 */
/* The kinds of certificates: one const table. What a row does not name, no certificate of its kind has. */
#ifndef CA_PROFILES_H
#define CA_PROFILES_H

#include <stddef.h>
#include "base/bytes.h"

enum ca_profile_id {
	CA_ROOT,
	CA_INSTALLATION,
	CA_LISTENER,
	CA_TENANT,
	CA_TLS_SERVER, /* here and below: leaves that a tenant's intermediate issues */
	CA_TLS_CLIENT,
	CA_USER,
	CA_KDC /* behind it: others, known by their names only */
};

/* Kinds of names in a subjectAltName; bits. */
enum ca_name_kind {
	CA_NAME_DNS = 1,   /* dNSName */
	CA_NAME_EMAIL = 2, /* rfc822Name */
	CA_NAME_URI = 4,   /* uniformResourceIdentifier, spiffe: only */
	CA_NAME_UPN = 8,   /* otherName 1.3.6.1.4.1.311.20.2.3: user@tenant */
	CA_NAME_REALM = 16 /* otherName 1.3.6.1.5.2.2 (RFC 4556): krbtgt/REALM@REALM; the text is REALM */
};

/* Who may have it; bits. */
#define CA_WHO_PERSON  1
#define CA_WHO_SERVICE 2
#define CA_WHO_HOST    4
#define CA_WHO_KDC     8  /* lwd's own KDC */
#define CA_WHO_SELF    16 /* lwd itself: no principal asks for these */

struct ca_profile {
	const char *name; /* of a leaf: what lwctl and grants call it */
	int days;
	/* X.509v3 configuration syntax; NULL: none. rsa_usage: instead of key_usage for an RSA key */
	const char *basic_constraints, *key_usage, *rsa_usage, *ext_key_usage;
	unsigned names; /* which kinds of names it may have */
	unsigned needs; /* at least one name of one of these kinds; 0: may have none */
	unsigned who;
};

#define CA_PROFILES_MAX 32
extern const struct ca_profile ca_profiles[];
extern const int ca_nprofiles;

/* A leaf's row by its name ("tls-server"); NULL: there is none. */
const struct ca_profile *ca_profile(const char *name);

#endif
