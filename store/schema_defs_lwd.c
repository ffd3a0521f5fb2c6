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
};

const struct schema_source schema_src_lwd = { "lwd", 900, 999, attrs,
	sizeof(attrs) / sizeof(attrs[0]), classes, sizeof(classes) / sizeof(classes[0]) };
