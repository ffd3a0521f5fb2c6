/* SPDX-License-Identifier: Apache-2.0 */
/* Definitions: RFC 2798.
 * Ids are on disk: never change or reuse one, add at the end. */
#include "store/schema_int.h"

static const struct schema_row attrs[] = {
	{ 400, 0,
	  "( 2.16.840.1.113730.3.1.1 NAME 'carLicense' EQUALITY caseIgnoreMatch SUBSTR "
	  "caseIgnoreSubstringsMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.15 )" },
	{ 401, SCHEMA_ORDINARY,
	  "( 2.16.840.1.113730.3.1.2 NAME 'departmentNumber' EQUALITY caseIgnoreMatch SUBSTR "
	  "caseIgnoreSubstringsMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.15 )" },
	{ 402, SCHEMA_ORDINARY | SCHEMA_IX_EQ,
	  "( 2.16.840.1.113730.3.1.241 NAME 'displayName' EQUALITY caseIgnoreMatch SUBSTR "
	  "caseIgnoreSubstringsMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.15 SINGLE-VALUE )" },
	{ 403, SCHEMA_ORDINARY | SCHEMA_IX_EQ,
	  "( 2.16.840.1.113730.3.1.3 NAME 'employeeNumber' EQUALITY caseIgnoreMatch SUBSTR "
	  "caseIgnoreSubstringsMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.15 SINGLE-VALUE )" },
	{ 404, SCHEMA_ORDINARY,
	  "( 2.16.840.1.113730.3.1.4 NAME 'employeeType' EQUALITY caseIgnoreMatch SUBSTR "
	  "caseIgnoreSubstringsMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.15 )" },
	{ 405, SCHEMA_ORDINARY,
	  "( 0.9.2342.19200300.100.1.60 NAME 'jpegPhoto' SYNTAX 1.3.6.1.4.1.1466.115.121.1.28 )" },
	{ 406, SCHEMA_ORDINARY,
	  "( 2.16.840.1.113730.3.1.39 NAME 'preferredLanguage' EQUALITY caseIgnoreMatch SUBSTR "
	  "caseIgnoreSubstringsMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.15 SINGLE-VALUE )" },
	{ 407, SCHEMA_ORDINARY,
	  "( 2.16.840.1.113730.3.1.40 NAME 'userSMIMECertificate' SYNTAX 1.3.6.1.4.1.1466.115.121.1.5 )" },
	{ 408, 0,
	  "( 2.16.840.1.113730.3.1.216 NAME 'userPKCS12' SYNTAX 1.3.6.1.4.1.1466.115.121.1.5 )" },
};

static const struct schema_row classes[] = {
	{ 400, 0,
	  "( 2.16.840.1.113730.3.2.2 NAME 'inetOrgPerson' SUP organizationalPerson STRUCTURAL MAY ( audio $ "
	  "businessCategory $ carLicense $ departmentNumber $ displayName $ employeeNumber $ employeeType $ "
	  "givenName $ homePhone $ homePostalAddress $ initials $ jpegPhoto $ labeledURI $ mail $ manager $ "
	  "mobile $ o $ pager $ photo $ roomNumber $ secretary $ uid $ userCertificate $ "
	  "x500UniqueIdentifier $ preferredLanguage $ userSMIMECertificate $ userPKCS12 ) )" },
};

const struct schema_source schema_src_inet = { "inet", 400, 449, attrs,
	sizeof(attrs) / sizeof(attrs[0]), classes, sizeof(classes) / sizeof(classes[0]) };
