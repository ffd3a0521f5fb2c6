/* SPDX-License-Identifier: Apache-2.0 */
/* Definitions: RFC 2307 and draft-howard-rfc2307bis.
 * Ids are on disk: never change or reuse one, add at the end. */
#include "store/schema_int.h"

static const struct schema_row attrs[] = {
	{ 450, SCHEMA_ORDINARY | SCHEMA_IX_EQ | SCHEMA_IX_ORD,
	  "( 1.3.6.1.1.1.1.0 NAME 'uidNumber' EQUALITY integerMatch ORDERING integerOrderingMatch SYNTAX "
	  "1.3.6.1.4.1.1466.115.121.1.27 SINGLE-VALUE )" },
	{ 451, SCHEMA_ORDINARY | SCHEMA_IX_EQ | SCHEMA_IX_ORD,
	  "( 1.3.6.1.1.1.1.1 NAME 'gidNumber' EQUALITY integerMatch ORDERING integerOrderingMatch SYNTAX "
	  "1.3.6.1.4.1.1466.115.121.1.27 SINGLE-VALUE )" },
	{ 452, SCHEMA_ORDINARY,
	  "( 1.3.6.1.1.1.1.2 NAME 'gecos' EQUALITY caseIgnoreIA5Match SUBSTR caseIgnoreIA5SubstringsMatch "
	  "SYNTAX 1.3.6.1.4.1.1466.115.121.1.26 SINGLE-VALUE )" },
	{ 453, SCHEMA_ORDINARY,
	  "( 1.3.6.1.1.1.1.3 NAME 'homeDirectory' EQUALITY caseExactIA5Match SYNTAX "
	  "1.3.6.1.4.1.1466.115.121.1.26 SINGLE-VALUE )" },
	{ 454, SCHEMA_ORDINARY,
	  "( 1.3.6.1.1.1.1.4 NAME 'loginShell' EQUALITY caseExactIA5Match SYNTAX "
	  "1.3.6.1.4.1.1466.115.121.1.26 SINGLE-VALUE )" },
	{ 455, SCHEMA_ORDINARY,
	  "( 1.3.6.1.1.1.1.5 NAME 'shadowLastChange' EQUALITY integerMatch SYNTAX "
	  "1.3.6.1.4.1.1466.115.121.1.27 SINGLE-VALUE )" },
	{ 456, SCHEMA_ORDINARY,
	  "( 1.3.6.1.1.1.1.6 NAME 'shadowMin' EQUALITY integerMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.27 "
	  "SINGLE-VALUE )" },
	{ 457, SCHEMA_ORDINARY,
	  "( 1.3.6.1.1.1.1.7 NAME 'shadowMax' EQUALITY integerMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.27 "
	  "SINGLE-VALUE )" },
	{ 458, SCHEMA_ORDINARY,
	  "( 1.3.6.1.1.1.1.8 NAME 'shadowWarning' EQUALITY integerMatch SYNTAX "
	  "1.3.6.1.4.1.1466.115.121.1.27 SINGLE-VALUE )" },
	{ 459, SCHEMA_ORDINARY,
	  "( 1.3.6.1.1.1.1.9 NAME 'shadowInactive' EQUALITY integerMatch SYNTAX "
	  "1.3.6.1.4.1.1466.115.121.1.27 SINGLE-VALUE )" },
	{ 460, SCHEMA_ORDINARY,
	  "( 1.3.6.1.1.1.1.10 NAME 'shadowExpire' EQUALITY integerMatch SYNTAX "
	  "1.3.6.1.4.1.1466.115.121.1.27 SINGLE-VALUE )" },
	{ 461, SCHEMA_ORDINARY,
	  "( 1.3.6.1.1.1.1.11 NAME 'shadowFlag' EQUALITY integerMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.27 "
	  "SINGLE-VALUE )" },
	{ 462, SCHEMA_ORDINARY | SCHEMA_IX_EQ,
	  "( 1.3.6.1.1.1.1.12 NAME 'memberUid' EQUALITY caseExactIA5Match SUBSTR "
	  "caseExactIA5SubstringsMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.26 )" },
	{ 463, SCHEMA_ORDINARY,
	  "( 1.3.6.1.1.1.1.13 NAME 'memberNisNetgroup' EQUALITY caseExactIA5Match SUBSTR "
	  "caseExactIA5SubstringsMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.26 )" },
	{ 464, SCHEMA_ORDINARY,
	  "( 1.3.6.1.1.1.1.14 NAME 'nisNetgroupTriple' SYNTAX 1.3.6.1.1.1.0.0 )" },
	{ 465, SCHEMA_ORDINARY,
	  "( 1.3.6.1.1.1.1.15 NAME 'ipServicePort' EQUALITY integerMatch SYNTAX "
	  "1.3.6.1.4.1.1466.115.121.1.27 SINGLE-VALUE )" },
	{ 466, SCHEMA_ORDINARY,
	  "( 1.3.6.1.1.1.1.16 NAME 'ipServiceProtocol' SUP name )" },
	{ 467, SCHEMA_ORDINARY,
	  "( 1.3.6.1.1.1.1.17 NAME 'ipProtocolNumber' EQUALITY integerMatch SYNTAX "
	  "1.3.6.1.4.1.1466.115.121.1.27 SINGLE-VALUE )" },
	{ 468, SCHEMA_ORDINARY,
	  "( 1.3.6.1.1.1.1.18 NAME 'oncRpcNumber' EQUALITY integerMatch SYNTAX "
	  "1.3.6.1.4.1.1466.115.121.1.27 SINGLE-VALUE )" },
	{ 469, SCHEMA_ORDINARY | SCHEMA_IX_EQ,
	  "( 1.3.6.1.1.1.1.19 NAME 'ipHostNumber' EQUALITY caseIgnoreIA5Match SYNTAX "
	  "1.3.6.1.4.1.1466.115.121.1.26{128} )" },
	{ 470, SCHEMA_ORDINARY,
	  "( 1.3.6.1.1.1.1.20 NAME 'ipNetworkNumber' EQUALITY caseIgnoreIA5Match SYNTAX "
	  "1.3.6.1.4.1.1466.115.121.1.26{128} SINGLE-VALUE )" },
	{ 471, SCHEMA_ORDINARY,
	  "( 1.3.6.1.1.1.1.21 NAME 'ipNetmaskNumber' EQUALITY caseIgnoreIA5Match SYNTAX "
	  "1.3.6.1.4.1.1466.115.121.1.26{128} SINGLE-VALUE )" },
	{ 472, SCHEMA_ORDINARY,
	  "( 1.3.6.1.1.1.1.22 NAME 'macAddress' EQUALITY caseIgnoreIA5Match SYNTAX "
	  "1.3.6.1.4.1.1466.115.121.1.26{128} )" },
	{ 473, SCHEMA_ORDINARY,
	  "( 1.3.6.1.1.1.1.23 NAME 'bootParameter' SYNTAX 1.3.6.1.1.1.0.1 )" },
	{ 474, SCHEMA_ORDINARY,
	  "( 1.3.6.1.1.1.1.24 NAME 'bootFile' EQUALITY caseExactIA5Match SYNTAX "
	  "1.3.6.1.4.1.1466.115.121.1.26 )" },
	{ 475, SCHEMA_ORDINARY,
	  "( 1.3.6.1.1.1.1.26 NAME 'nisMapName' SUP name )" },
	{ 476, SCHEMA_ORDINARY,
	  "( 1.3.6.1.1.1.1.27 NAME 'nisMapEntry' EQUALITY caseExactIA5Match SUBSTR "
	  "caseExactIA5SubstringsMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.26{1024} SINGLE-VALUE )" },
	{ 477, SCHEMA_ORDINARY,
	  "( 1.3.6.1.1.1.1.28 NAME 'nisPublicKey' EQUALITY octetStringMatch SYNTAX "
	  "1.3.6.1.4.1.1466.115.121.1.40 SINGLE-VALUE )" },
	{ 478, 0,
	  "( 1.3.6.1.1.1.1.29 NAME 'nisSecretKey' EQUALITY octetStringMatch SYNTAX "
	  "1.3.6.1.4.1.1466.115.121.1.40 SINGLE-VALUE )" },
	{ 479, SCHEMA_ORDINARY,
	  "( 1.3.6.1.1.1.1.30 NAME 'nisDomain' EQUALITY caseIgnoreIA5Match SYNTAX "
	  "1.3.6.1.4.1.1466.115.121.1.26 )" },
	{ 480, SCHEMA_ORDINARY,
	  "( 1.3.6.1.1.1.1.31 NAME 'automountMapName' EQUALITY caseExactIA5Match SUBSTR "
	  "caseExactIA5SubstringsMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.26 SINGLE-VALUE )" },
	{ 481, SCHEMA_ORDINARY,
	  "( 1.3.6.1.1.1.1.32 NAME 'automountKey' EQUALITY caseExactIA5Match SUBSTR "
	  "caseExactIA5SubstringsMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.26 SINGLE-VALUE )" },
	{ 482, SCHEMA_ORDINARY,
	  "( 1.3.6.1.1.1.1.33 NAME 'automountInformation' EQUALITY caseExactIA5Match SUBSTR "
	  "caseExactIA5SubstringsMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.26 SINGLE-VALUE )" },
};

static const struct schema_row classes[] = {
	{ 450, 0,
	  "( 1.3.6.1.1.1.2.0 NAME 'posixAccount' SUP top AUXILIARY MUST ( cn $ uid $ uidNumber $ gidNumber "
	  "$ homeDirectory ) MAY ( userPassword $ loginShell $ gecos $ description ) )" },
	{ 451, 0,
	  "( 1.3.6.1.1.1.2.1 NAME 'shadowAccount' SUP top AUXILIARY MUST uid MAY ( userPassword $ "
	  "shadowLastChange $ shadowMin $ shadowMax $ shadowWarning $ shadowInactive $ shadowExpire $ "
	  "shadowFlag $ description ) )" },
	{ 452, CLASS_ALONE,
	  "( 1.3.6.1.1.1.2.2 NAME 'posixGroup' SUP top AUXILIARY MUST gidNumber MAY ( cn $ userPassword $ "
	  "memberUid $ description ) )" },
	{ 453, 0,
	  "( 1.3.6.1.1.1.2.3 NAME 'ipService' SUP top STRUCTURAL MUST ( cn $ ipServicePort $ "
	  "ipServiceProtocol ) MAY description )" },
	{ 454, 0,
	  "( 1.3.6.1.1.1.2.4 NAME 'ipProtocol' SUP top STRUCTURAL MUST ( cn $ ipProtocolNumber ) MAY "
	  "description )" },
	{ 455, 0,
	  "( 1.3.6.1.1.1.2.5 NAME 'oncRpc' SUP top STRUCTURAL MUST ( cn $ oncRpcNumber ) MAY description )" },
	{ 456, 0,
	  "( 1.3.6.1.1.1.2.6 NAME 'ipHost' SUP top AUXILIARY MUST ( cn $ ipHostNumber ) MAY ( l $ "
	  "description $ manager ) )" },
	{ 457, 0,
	  "( 1.3.6.1.1.1.2.7 NAME 'ipNetwork' SUP top STRUCTURAL MUST ( cn $ ipNetworkNumber ) MAY ( "
	  "ipNetmaskNumber $ l $ description $ manager ) )" },
	{ 458, 0,
	  "( 1.3.6.1.1.1.2.8 NAME 'nisNetgroup' SUP top STRUCTURAL MUST cn MAY ( nisNetgroupTriple $ "
	  "memberNisNetgroup $ description ) )" },
	{ 459, 0,
	  "( 1.3.6.1.1.1.2.9 NAME 'nisMap' SUP top STRUCTURAL MUST nisMapName MAY description )" },
	{ 460, 0,
	  "( 1.3.6.1.1.1.2.10 NAME 'nisObject' SUP top STRUCTURAL MUST ( cn $ nisMapEntry $ nisMapName ) "
	  "MAY description )" },
	{ 461, 0,
	  "( 1.3.6.1.1.1.2.11 NAME 'ieee802Device' SUP top AUXILIARY MAY macAddress )" },
	{ 462, 0,
	  "( 1.3.6.1.1.1.2.12 NAME 'bootableDevice' SUP top AUXILIARY MAY ( bootFile $ bootParameter ) )" },
	{ 463, 0,
	  "( 1.3.6.1.1.1.2.14 NAME 'nisKeyObject' SUP top AUXILIARY MUST ( cn $ nisPublicKey $ nisSecretKey "
	  ") MAY ( uidNumber $ description ) )" },
	{ 464, 0,
	  "( 1.3.6.1.1.1.2.15 NAME 'nisDomainObject' SUP top AUXILIARY MUST nisDomain )" },
	{ 465, 0,
	  "( 1.3.6.1.1.1.2.16 NAME 'automountMap' SUP top STRUCTURAL MUST automountMapName MAY description "
	  ")" },
	{ 466, 0,
	  "( 1.3.6.1.1.1.2.17 NAME 'automount' SUP top STRUCTURAL MUST ( automountKey $ "
	  "automountInformation ) MAY description )" },
	{ 467, 0,
	  "( 1.3.6.1.1.1.2.18 NAME 'groupOfMembers' SUP top STRUCTURAL MUST cn MAY ( businessCategory $ "
	  "seeAlso $ owner $ ou $ o $ description $ member ) )" },
};

const struct schema_source schema_src_nis = { "nis", 450, 549, attrs,
	sizeof(attrs) / sizeof(attrs[0]), classes, sizeof(classes) / sizeof(classes[0]) };
