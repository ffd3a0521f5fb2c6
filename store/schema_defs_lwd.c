/* SPDX-License-Identifier: Apache-2.0 */
/* Definitions: our own.
 * Ids are on disk: never change or reuse one, add at the end. */
#include "store/schema_int.h"

static const struct schema_row attrs[] = {
	{ 900, 0,
	  "( 2.25.259175303684374512886723417593824561234.1 NAME 'lwDisabled' EQUALITY booleanMatch SYNTAX "
	  "1.3.6.1.4.1.1466.115.121.1.7 SINGLE-VALUE USAGE directoryOperation )" },
	{ 901, SCHEMA_ORDINARY | SCHEMA_IX_EQ,
	  "( 2.25.259175303684374512886723417593824561234.2 NAME 'lwTag' EQUALITY caseIgnoreMatch SYNTAX "
	  "1.3.6.1.4.1.1466.115.121.1.15 USAGE directoryOperation )" },
	{ 902, SCHEMA_ORDINARY | SCHEMA_REF | SCHEMA_IX_EQ,
	  "( 2.25.259175303684374512886723417593824561234.3 NAME 'lwManagedBy' EQUALITY "
	  "distinguishedNameMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.12 USAGE directoryOperation )" },
	{ 903, 0,
	  "( 2.25.259175303684374512886723417593824561234.4 NAME 'lwCredentialVersion' EQUALITY "
	  "integerMatch ORDERING integerOrderingMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.27 SINGLE-VALUE "
	  "NO-USER-MODIFICATION USAGE directoryOperation )" },
	{ 904, 0,
	  "( 2.25.259175303684374512886723417593824561234.5 NAME 'lwGrantText' EQUALITY caseExactMatch "
	  "SYNTAX 1.3.6.1.4.1.1466.115.121.1.15 SINGLE-VALUE )" },
	{ 905, SCHEMA_SECRET,
	  "( 2.25.259175303684374512886723417593824561234.6 NAME 'lwScram' EQUALITY octetStringMatch SYNTAX "
	  "1.3.6.1.4.1.1466.115.121.1.40 NO-USER-MODIFICATION USAGE directoryOperation )" },
	{ 906, SCHEMA_SECRET,
	  "( 2.25.259175303684374512886723417593824561234.7 NAME 'lwTotpSeed' EQUALITY octetStringMatch "
	  "SYNTAX 1.3.6.1.4.1.1466.115.121.1.40 SINGLE-VALUE NO-USER-MODIFICATION USAGE directoryOperation "
	  ")" },
	{ 907, SCHEMA_IX_EQ,
	  "( 2.25.259175303684374512886723417593824561234.8 NAME 'lwSubject' EQUALITY uuidMatch SYNTAX "
	  "1.3.6.1.1.16.1 SINGLE-VALUE )" },
	{ 908, 0,
	  "( 2.25.259175303684374512886723417593824561234.9 NAME 'lwProfile' EQUALITY caseExactIA5Match "
	  "SYNTAX 1.3.6.1.4.1.1466.115.121.1.26 SINGLE-VALUE )" },
	{ 909, SCHEMA_IX_EQ,
	  "( 2.25.259175303684374512886723417593824561234.10 NAME 'lwCertState' EQUALITY "
	  "caseExactIA5Match SYNTAX 1.3.6.1.4.1.1466.115.121.1.26 SINGLE-VALUE )" },
	{ 910, 0,
	  "( 2.25.259175303684374512886723417593824561234.11 NAME 'lwNotBefore' EQUALITY "
	  "generalizedTimeMatch ORDERING generalizedTimeOrderingMatch SYNTAX "
	  "1.3.6.1.4.1.1466.115.121.1.24 SINGLE-VALUE )" },
	{ 911, 0,
	  "( 2.25.259175303684374512886723417593824561234.12 NAME 'lwNotAfter' EQUALITY "
	  "generalizedTimeMatch ORDERING generalizedTimeOrderingMatch SYNTAX "
	  "1.3.6.1.4.1.1466.115.121.1.24 SINGLE-VALUE )" },
	{ 912, 0,
	  "( 2.25.259175303684374512886723417593824561234.13 NAME 'lwRevokedAt' EQUALITY "
	  "generalizedTimeMatch ORDERING generalizedTimeOrderingMatch SYNTAX "
	  "1.3.6.1.4.1.1466.115.121.1.24 SINGLE-VALUE )" },
	{ 913, 0,
	  "( 2.25.259175303684374512886723417593824561234.14 NAME 'lwRevokeReason' EQUALITY "
	  "integerMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.27 SINGLE-VALUE )" },
	{ 914, SCHEMA_ORDINARY | SCHEMA_UNIQUE | SCHEMA_IX_EQ,
	  "( 2.25.259175303684374512886723417593824561234.15 NAME 'lwEntityId' EQUALITY "
	  "caseExactIA5Match SYNTAX 1.3.6.1.4.1.1466.115.121.1.26 SINGLE-VALUE )" },
	{ 915, SCHEMA_ORDINARY | SCHEMA_IX_EQ,
	  "( 2.25.259175303684374512886723417593824561234.16 NAME 'lwAcsUrl' EQUALITY caseExactIA5Match "
	  "SYNTAX 1.3.6.1.4.1.1466.115.121.1.26 )" },
	{ 916, SCHEMA_ORDINARY,
	  "( 2.25.259175303684374512886723417593824561234.17 NAME 'lwNameIdFormat' EQUALITY "
	  "caseExactIA5Match SYNTAX 1.3.6.1.4.1.1466.115.121.1.26 SINGLE-VALUE )" },
	{ 917, 0,
	  "( 2.25.259175303684374512886723417593824561234.18 NAME 'lwMetadata' SYNTAX "
	  "1.3.6.1.4.1.1466.115.121.1.40 SINGLE-VALUE )" },
	{ 918, SCHEMA_SECRET,
	  "( 2.25.259175303684374512886723417593824561234.19 NAME 'lwCaKey' EQUALITY octetStringMatch "
	  "SYNTAX 1.3.6.1.4.1.1466.115.121.1.40 SINGLE-VALUE NO-USER-MODIFICATION USAGE "
	  "directoryOperation )" },
	{ 919, SCHEMA_SECRET,
	  "( 2.25.259175303684374512886723417593824561234.20 NAME 'lwSamlKey' EQUALITY octetStringMatch "
	  "SYNTAX 1.3.6.1.4.1.1466.115.121.1.40 SINGLE-VALUE NO-USER-MODIFICATION USAGE "
	  "directoryOperation )" },
	{ 920, SCHEMA_SECRET,
	  "( 2.25.259175303684374512886723417593824561234.21 NAME 'lwJwtKey' EQUALITY octetStringMatch "
	  "SYNTAX 1.3.6.1.4.1.1466.115.121.1.40 SINGLE-VALUE NO-USER-MODIFICATION USAGE "
	  "directoryOperation )" },
	/* when a record of what was issued is taken away */
	{ 921, SCHEMA_IX_ORD,
	  "( 2.25.259175303684374512886723417593824561234.22 NAME 'lwExpires' EQUALITY "
	  "generalizedTimeMatch ORDERING generalizedTimeOrderingMatch SYNTAX "
	  "1.3.6.1.4.1.1466.115.121.1.24 SINGLE-VALUE "
	  "NO-USER-MODIFICATION USAGE directoryOperation )" },
	/* which tenant a trust is with, for as long as it is that one; and the own groups that are offered to it */
	{ 922, 0,
	  "( 2.25.259175303684374512886723417593824561234.23 NAME 'lwTrustTenant' EQUALITY uuidMatch SYNTAX "
	  "1.3.6.1.1.16.1 SINGLE-VALUE NO-USER-MODIFICATION USAGE directoryOperation )" },
	{ 923, SCHEMA_REF | SCHEMA_IX_EQ,
	  "( 2.25.259175303684374512886723417593824561234.24 NAME 'lwTrustGroup' EQUALITY "
	  "distinguishedNameMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.12 )" },
};

static const struct schema_row classes[] = {
	{ 900, 0,
	  "( 2.25.259175303684374512886723417593824561234.100 NAME 'lwService' SUP top STRUCTURAL MUST cn "
	  "MAY ( uid $ description $ seeAlso $ owner $ ou $ o $ l $ userCertificate $ userPassword ) )" },
	{ 901, 0,
	  "( 2.25.259175303684374512886723417593824561234.101 NAME 'lwHost' SUP top STRUCTURAL MUST cn MAY "
	  "( uid $ description $ seeAlso $ owner $ manager $ ou $ o $ l $ serialNumber $ userCertificate $ "
	  "userPassword ) )" },
	{ 902, 0,
	  "( 2.25.259175303684374512886723417593824561234.102 NAME 'lwGrant' SUP top STRUCTURAL MUST ( cn $ "
	  "lwGrantText ) MAY description )" },
	{ 903, 0,
	  "( 2.25.259175303684374512886723417593824561234.103 NAME 'lwPolicy' SUP top STRUCTURAL MUST cn "
	  "MAY ( description $ pwdAttribute $ pwdMinAge $ pwdMaxAge $ pwdInHistory $ pwdCheckQuality $ "
	  "pwdMinLength $ pwdMaxLength $ pwdExpireWarning $ pwdGraceAuthNLimit $ pwdGraceExpiry $ "
	  "pwdLockout $ pwdLockoutDuration $ pwdMaxFailure $ pwdFailureCountInterval $ pwdMustChange $ "
	  "pwdAllowUserChange $ pwdSafeModify $ pwdMinDelay $ pwdMaxDelay $ pwdMaxIdle $ "
	  "pwdMaxRecordedFailure $ krbMaxTicketLife $ krbMaxRenewableAge ) )" },
	{ 904, 0,
	  "( 2.25.259175303684374512886723417593824561234.104 NAME 'lwCertificate' SUP top STRUCTURAL "
	  "MUST ( cn $ lwSubject $ lwProfile $ lwCertState ) MAY ( lwNotBefore $ lwNotAfter "
	  "$ lwRevokedAt $ lwRevokeReason $ userCertificate ) )" },
	{ 905, 0,
	  "( 2.25.259175303684374512886723417593824561234.105 NAME 'lwApplication' SUP top STRUCTURAL "
	  "MUST cn MAY ( description $ displayName $ labeledURI $ seeAlso $ owner $ lwEntityId $ "
	  "lwAcsUrl $ lwNameIdFormat $ lwMetadata $ userCertificate ) )" },
	{ 906, 0,
	  "( 2.25.259175303684374512886723417593824561234.106 NAME 'lwToken' SUP top STRUCTURAL MUST ( "
	  "cn $ lwExpires ) )" },
	{ 907, 0,
	  "( 2.25.259175303684374512886723417593824561234.107 NAME 'lwTrust' SUP top STRUCTURAL MUST cn MAY ( "
	  "description $ lwTrustGroup ) )" },
};

const struct schema_source schema_src_lwd = { "lwd", 900, 999, attrs,
	sizeof(attrs) / sizeof(attrs[0]), classes, sizeof(classes) / sizeof(classes[0]) };
