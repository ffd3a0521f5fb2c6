/* SPDX-License-Identifier: Apache-2.0 */
/* Definitions: MIT Kerberos.
 * Ids are on disk: never change or reuse one, add at the end. */
#include "store/schema_int.h"

static const struct schema_row attrs[] = {
	{ 550, SCHEMA_OPERATIONAL | SCHEMA_ORDINARY | SCHEMA_UNIQUE | SCHEMA_IX_EQ,
	  "( 2.16.840.1.113719.1.301.4.1.1 NAME 'krbPrincipalName' EQUALITY caseExactIA5Match SUBSTR "
	  "caseExactSubstringsMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.26 )" },
	{ 551, SCHEMA_ORDINARY,
	  "( 1.2.840.113554.1.4.1.6.1 NAME 'krbCanonicalName' EQUALITY caseExactIA5Match SUBSTR "
	  "caseExactSubstringsMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.26 SINGLE-VALUE )" },
	{ 552, 0,
	  "( 2.16.840.1.113719.1.301.4.3.1 NAME 'krbPrincipalType' EQUALITY integerMatch SYNTAX "
	  "1.3.6.1.4.1.1466.115.121.1.27 SINGLE-VALUE )" },
	{ 553, 0,
	  "( 2.16.840.1.113719.1.301.4.5.1 NAME 'krbUPEnabled' SYNTAX 1.3.6.1.4.1.1466.115.121.1.7 "
	  "SINGLE-VALUE )" },
	{ 554, 0,
	  "( 2.16.840.1.113719.1.301.4.6.1 NAME 'krbPrincipalExpiration' EQUALITY generalizedTimeMatch "
	  "SYNTAX 1.3.6.1.4.1.1466.115.121.1.24 SINGLE-VALUE )" },
	{ 555, 0,
	  "( 2.16.840.1.113719.1.301.4.8.1 NAME 'krbTicketFlags' EQUALITY integerMatch SYNTAX "
	  "1.3.6.1.4.1.1466.115.121.1.27 SINGLE-VALUE )" },
	{ 556, 0,
	  "( 2.16.840.1.113719.1.301.4.9.1 NAME 'krbMaxTicketLife' EQUALITY integerMatch SYNTAX "
	  "1.3.6.1.4.1.1466.115.121.1.27 SINGLE-VALUE )" },
	{ 557, 0,
	  "( 2.16.840.1.113719.1.301.4.10.1 NAME 'krbMaxRenewableAge' EQUALITY integerMatch SYNTAX "
	  "1.3.6.1.4.1.1466.115.121.1.27 SINGLE-VALUE )" },
	{ 558, 0,
	  "( 2.16.840.1.113719.1.301.4.14.1 NAME 'krbRealmReferences' EQUALITY distinguishedNameMatch "
	  "SYNTAX 1.3.6.1.4.1.1466.115.121.1.12 )" },
	{ 559, 0,
	  "( 2.16.840.1.113719.1.301.4.15.1 NAME 'krbLdapServers' EQUALITY caseIgnoreMatch SYNTAX "
	  "1.3.6.1.4.1.1466.115.121.1.15 )" },
	{ 560, 0,
	  "( 2.16.840.1.113719.1.301.4.17.1 NAME 'krbKdcServers' EQUALITY distinguishedNameMatch SYNTAX "
	  "1.3.6.1.4.1.1466.115.121.1.12 )" },
	{ 561, 0,
	  "( 2.16.840.1.113719.1.301.4.18.1 NAME 'krbPwdServers' EQUALITY distinguishedNameMatch SYNTAX "
	  "1.3.6.1.4.1.1466.115.121.1.12 )" },
	{ 562, 0,
	  "( 2.16.840.1.113719.1.301.4.24.1 NAME 'krbHostServer' EQUALITY caseExactIA5Match SYNTAX "
	  "1.3.6.1.4.1.1466.115.121.1.26 )" },
	{ 563, 0,
	  "( 2.16.840.1.113719.1.301.4.25.1 NAME 'krbSearchScope' EQUALITY integerMatch SYNTAX "
	  "1.3.6.1.4.1.1466.115.121.1.27 SINGLE-VALUE )" },
	{ 564, 0,
	  "( 2.16.840.1.113719.1.301.4.26.1 NAME 'krbPrincipalReferences' EQUALITY distinguishedNameMatch "
	  "SYNTAX 1.3.6.1.4.1.1466.115.121.1.12 )" },
	{ 565, 0,
	  "( 2.16.840.1.113719.1.301.4.28.1 NAME 'krbPrincNamingAttr' EQUALITY caseIgnoreMatch SYNTAX "
	  "1.3.6.1.4.1.1466.115.121.1.15 SINGLE-VALUE )" },
	{ 566, 0,
	  "( 2.16.840.1.113719.1.301.4.29.1 NAME 'krbAdmServers' EQUALITY distinguishedNameMatch SYNTAX "
	  "1.3.6.1.4.1.1466.115.121.1.12 )" },
	{ 567, 0,
	  "( 2.16.840.1.113719.1.301.4.30.1 NAME 'krbMaxPwdLife' EQUALITY integerMatch SYNTAX "
	  "1.3.6.1.4.1.1466.115.121.1.27 SINGLE-VALUE )" },
	{ 568, 0,
	  "( 2.16.840.1.113719.1.301.4.31.1 NAME 'krbMinPwdLife' EQUALITY integerMatch SYNTAX "
	  "1.3.6.1.4.1.1466.115.121.1.27 SINGLE-VALUE )" },
	{ 569, 0,
	  "( 2.16.840.1.113719.1.301.4.32.1 NAME 'krbPwdMinDiffChars' EQUALITY integerMatch SYNTAX "
	  "1.3.6.1.4.1.1466.115.121.1.27 SINGLE-VALUE )" },
	{ 570, 0,
	  "( 2.16.840.1.113719.1.301.4.33.1 NAME 'krbPwdMinLength' EQUALITY integerMatch SYNTAX "
	  "1.3.6.1.4.1.1466.115.121.1.27 SINGLE-VALUE )" },
	{ 571, 0,
	  "( 2.16.840.1.113719.1.301.4.34.1 NAME 'krbPwdHistoryLength' EQUALITY integerMatch SYNTAX "
	  "1.3.6.1.4.1.1466.115.121.1.27 SINGLE-VALUE )" },
	{ 572, 0,
	  "( 1.3.6.1.4.1.5322.21.2.1 NAME 'krbPwdMaxFailure' EQUALITY integerMatch SYNTAX "
	  "1.3.6.1.4.1.1466.115.121.1.27 SINGLE-VALUE )" },
	{ 573, 0,
	  "( 1.3.6.1.4.1.5322.21.2.2 NAME 'krbPwdFailureCountInterval' EQUALITY integerMatch SYNTAX "
	  "1.3.6.1.4.1.1466.115.121.1.27 SINGLE-VALUE )" },
	{ 574, 0,
	  "( 1.3.6.1.4.1.5322.21.2.3 NAME 'krbPwdLockoutDuration' EQUALITY integerMatch SYNTAX "
	  "1.3.6.1.4.1.1466.115.121.1.27 SINGLE-VALUE )" },
	{ 575, 0,
	  "( 2.16.840.1.113719.1.301.4.36.1 NAME 'krbPwdPolicyReference' EQUALITY distinguishedNameMatch "
	  "SYNTAX 1.3.6.1.4.1.1466.115.121.1.12 SINGLE-VALUE )" },
	{ 576, 0,
	  "( 2.16.840.1.113719.1.301.4.37.1 NAME 'krbPasswordExpiration' EQUALITY generalizedTimeMatch "
	  "SYNTAX 1.3.6.1.4.1.1466.115.121.1.24 SINGLE-VALUE )" },
	{ 577, SCHEMA_OPERATIONAL | SCHEMA_SECRET,
	  "( 2.16.840.1.113719.1.301.4.39.1 NAME 'krbPrincipalKey' EQUALITY octetStringMatch SYNTAX "
	  "1.3.6.1.4.1.1466.115.121.1.40 )" },
	{ 578, 0,
	  "( 2.16.840.1.113719.1.301.4.40.1 NAME 'krbTicketPolicyReference' EQUALITY distinguishedNameMatch "
	  "SYNTAX 1.3.6.1.4.1.1466.115.121.1.12 SINGLE-VALUE )" },
	{ 579, 0,
	  "( 2.16.840.1.113719.1.301.4.41.1 NAME 'krbSubTrees' EQUALITY distinguishedNameMatch SYNTAX "
	  "1.3.6.1.4.1.1466.115.121.1.12 )" },
	{ 580, 0,
	  "( 2.16.840.1.113719.1.301.4.42.1 NAME 'krbDefaultEncSaltTypes' EQUALITY caseIgnoreMatch SYNTAX "
	  "1.3.6.1.4.1.1466.115.121.1.15 )" },
	{ 581, 0,
	  "( 2.16.840.1.113719.1.301.4.43.1 NAME 'krbSupportedEncSaltTypes' EQUALITY caseIgnoreMatch SYNTAX "
	  "1.3.6.1.4.1.1466.115.121.1.15 )" },
	{ 582, SCHEMA_SECRET,
	  "( 2.16.840.1.113719.1.301.4.44.1 NAME 'krbPwdHistory' EQUALITY octetStringMatch SYNTAX "
	  "1.3.6.1.4.1.1466.115.121.1.40 )" },
	{ 583, 0,
	  "( 2.16.840.1.113719.1.301.4.45.1 NAME 'krbLastPwdChange' EQUALITY generalizedTimeMatch SYNTAX "
	  "1.3.6.1.4.1.1466.115.121.1.24 SINGLE-VALUE )" },
	{ 584, SCHEMA_SECRET,
	  "( 2.16.840.1.113719.1.301.4.46.1 NAME 'krbMKey' EQUALITY octetStringMatch SYNTAX "
	  "1.3.6.1.4.1.1466.115.121.1.40 )" },
	{ 585, SCHEMA_ORDINARY,
	  "( 2.16.840.1.113719.1.301.4.47.1 NAME 'krbPrincipalAliases' EQUALITY caseExactIA5Match SYNTAX "
	  "1.3.6.1.4.1.1466.115.121.1.26 )" },
	{ 586, 0,
	  "( 2.16.840.1.113719.1.301.4.48.1 NAME 'krbLastSuccessfulAuth' EQUALITY generalizedTimeMatch "
	  "SYNTAX 1.3.6.1.4.1.1466.115.121.1.24 SINGLE-VALUE )" },
	{ 587, 0,
	  "( 2.16.840.1.113719.1.301.4.49.1 NAME 'krbLastFailedAuth' EQUALITY generalizedTimeMatch SYNTAX "
	  "1.3.6.1.4.1.1466.115.121.1.24 SINGLE-VALUE )" },
	{ 588, 0,
	  "( 2.16.840.1.113719.1.301.4.50.1 NAME 'krbLoginFailedCount' EQUALITY integerMatch SYNTAX "
	  "1.3.6.1.4.1.1466.115.121.1.27 SINGLE-VALUE )" },
	{ 589, 0,
	  "( 2.16.840.1.113719.1.301.4.51.1 NAME 'krbExtraData' EQUALITY octetStringMatch SYNTAX "
	  "1.3.6.1.4.1.1466.115.121.1.40 )" },
	{ 590, 0,
	  "( 2.16.840.1.113719.1.301.4.52.1 NAME 'krbObjectReferences' EQUALITY distinguishedNameMatch "
	  "SYNTAX 1.3.6.1.4.1.1466.115.121.1.12 )" },
	{ 591, 0,
	  "( 2.16.840.1.113719.1.301.4.53.1 NAME 'krbPrincContainerRef' EQUALITY distinguishedNameMatch "
	  "SYNTAX 1.3.6.1.4.1.1466.115.121.1.12 )" },
	{ 592, 0,
	  "( 1.3.6.1.4.1.5322.21.2.4 NAME 'krbAllowedToDelegateTo' EQUALITY caseExactIA5Match SUBSTR "
	  "caseExactSubstringsMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.26 )" },
};

static const struct schema_row classes[] = {
	{ 550, 0,
	  "( 2.16.840.1.113719.1.301.6.1.1 NAME 'krbContainer' SUP top STRUCTURAL MUST cn )" },
	{ 551, 0,
	  "( 2.16.840.1.113719.1.301.6.2.1 NAME 'krbRealmContainer' SUP top STRUCTURAL MUST cn MAY ( "
	  "krbMKey $ krbUPEnabled $ krbSubTrees $ krbSearchScope $ krbLdapServers $ "
	  "krbSupportedEncSaltTypes $ krbDefaultEncSaltTypes $ krbTicketPolicyReference $ krbKdcServers $ "
	  "krbPwdServers $ krbAdmServers $ krbPrincNamingAttr $ krbPwdPolicyReference $ "
	  "krbPrincContainerRef ) )" },
	{ 552, 0,
	  "( 2.16.840.1.113719.1.301.6.3.1 NAME 'krbService' SUP top ABSTRACT MUST cn MAY ( krbHostServer $ "
	  "krbRealmReferences ) )" },
	{ 553, 0,
	  "( 2.16.840.1.113719.1.301.6.4.1 NAME 'krbKdcService' SUP krbService STRUCTURAL )" },
	{ 554, 0,
	  "( 2.16.840.1.113719.1.301.6.5.1 NAME 'krbPwdService' SUP krbService STRUCTURAL )" },
	{ 555, 0,
	  "( 2.16.840.1.113719.1.301.6.8.1 NAME 'krbPrincipalAux' SUP top AUXILIARY MAY ( krbPrincipalName "
	  "$ krbCanonicalName $ krbUPEnabled $ krbPrincipalKey $ krbTicketPolicyReference $ "
	  "krbPrincipalExpiration $ krbPasswordExpiration $ krbPwdPolicyReference $ krbPrincipalType $ "
	  "krbPwdHistory $ krbLastPwdChange $ krbPrincipalAliases $ krbLastSuccessfulAuth $ "
	  "krbLastFailedAuth $ krbLoginFailedCount $ krbExtraData $ krbAllowedToDelegateTo ) )" },
	{ 556, 0,
	  "( 2.16.840.1.113719.1.301.6.9.1 NAME 'krbPrincipal' SUP top STRUCTURAL MUST krbPrincipalName MAY "
	  "krbObjectReferences )" },
	{ 557, 0,
	  "( 2.16.840.1.113719.1.301.6.11.1 NAME 'krbPrincRefAux' SUP top AUXILIARY MAY "
	  "krbPrincipalReferences )" },
	{ 558, 0,
	  "( 2.16.840.1.113719.1.301.6.13.1 NAME 'krbAdmService' SUP krbService STRUCTURAL )" },
	{ 559, 0,
	  "( 2.16.840.1.113719.1.301.6.14.1 NAME 'krbPwdPolicy' SUP top STRUCTURAL MUST cn MAY ( "
	  "krbMaxPwdLife $ krbMinPwdLife $ krbPwdMinDiffChars $ krbPwdMinLength $ krbPwdHistoryLength $ "
	  "krbPwdMaxFailure $ krbPwdFailureCountInterval $ krbPwdLockoutDuration ) )" },
	{ 560, 0,
	  "( 2.16.840.1.113719.1.301.6.16.1 NAME 'krbTicketPolicyAux' SUP top AUXILIARY MAY ( "
	  "krbTicketFlags $ krbMaxTicketLife $ krbMaxRenewableAge ) )" },
	{ 561, 0,
	  "( 2.16.840.1.113719.1.301.6.17.1 NAME 'krbTicketPolicy' SUP top STRUCTURAL MUST cn )" },
};

const struct schema_source schema_src_krb = { "krb", 550, 649, attrs,
	sizeof(attrs) / sizeof(attrs[0]), classes, sizeof(classes) / sizeof(classes[0]) };
