/* SPDX-License-Identifier: Apache-2.0 */
/* Definitions: RFC 4523.
 * Ids are on disk: never change or reuse one, add at the end. */
#include "store/schema_int.h"

static const struct schema_row attrs[] = {
	{ 200, SCHEMA_ORDINARY,
	  "( 2.5.4.36 NAME 'userCertificate' EQUALITY certificateExactMatch SYNTAX "
	  "1.3.6.1.4.1.1466.115.121.1.8 )" },
	{ 201, SCHEMA_ORDINARY,
	  "( 2.5.4.37 NAME 'cACertificate' EQUALITY certificateExactMatch SYNTAX "
	  "1.3.6.1.4.1.1466.115.121.1.8 )" },
	{ 202, SCHEMA_ORDINARY,
	  "( 2.5.4.38 NAME 'authorityRevocationList' EQUALITY certificateListExactMatch SYNTAX "
	  "1.3.6.1.4.1.1466.115.121.1.9 )" },
	{ 203, SCHEMA_ORDINARY,
	  "( 2.5.4.39 NAME 'certificateRevocationList' EQUALITY certificateListExactMatch SYNTAX "
	  "1.3.6.1.4.1.1466.115.121.1.9 )" },
	{ 204, SCHEMA_ORDINARY,
	  "( 2.5.4.40 NAME 'crossCertificatePair' EQUALITY certificatePairExactMatch SYNTAX "
	  "1.3.6.1.4.1.1466.115.121.1.10 )" },
	{ 205, SCHEMA_ORDINARY,
	  "( 2.5.4.52 NAME 'supportedAlgorithms' EQUALITY algorithmIdentifierMatch SYNTAX "
	  "1.3.6.1.4.1.1466.115.121.1.49 )" },
	{ 206, SCHEMA_ORDINARY,
	  "( 2.5.4.53 NAME 'deltaRevocationList' EQUALITY certificateListExactMatch SYNTAX "
	  "1.3.6.1.4.1.1466.115.121.1.9 )" },
};

static const struct schema_row classes[] = {
	{ 200, 0,
	  "( 2.5.6.15 NAME 'strongAuthenticationUser' SUP top AUXILIARY MUST userCertificate )" },
	{ 201, 0,
	  "( 2.5.6.16 NAME 'certificationAuthority' SUP top AUXILIARY MUST ( authorityRevocationList $ "
	  "certificateRevocationList $ cACertificate ) MAY crossCertificatePair )" },
	{ 202, 0,
	  "( 2.5.6.18 NAME 'userSecurityInformation' SUP top AUXILIARY MAY supportedAlgorithms )" },
	{ 203, 0,
	  "( 2.5.6.16.2 NAME 'certificationAuthority-V2' SUP certificationAuthority AUXILIARY MAY "
	  "deltaRevocationList )" },
	{ 204, 0,
	  "( 2.5.6.19 NAME 'cRLDistributionPoint' SUP top STRUCTURAL MUST cn MAY ( "
	  "certificateRevocationList $ authorityRevocationList $ deltaRevocationList ) )" },
	{ 205, 0,
	  "( 2.5.6.21 NAME 'pkiUser' SUP top AUXILIARY MAY userCertificate )" },
	{ 206, 0,
	  "( 2.5.6.22 NAME 'pkiCA' SUP top AUXILIARY MAY ( authorityRevocationList $ "
	  "certificateRevocationList $ cACertificate $ crossCertificatePair ) )" },
	{ 207, 0,
	  "( 2.5.6.23 NAME 'deltaCRL' SUP top AUXILIARY MAY deltaRevocationList )" },
};

const struct schema_source schema_src_pki = { "pki", 200, 299, attrs,
	sizeof(attrs) / sizeof(attrs[0]), classes, sizeof(classes) / sizeof(classes[0]) };
