/* SPDX-License-Identifier: Apache-2.0 */
/* Definitions: draft-behera-ldap-password-policy-10.
 * Ids are on disk: never change or reuse one, add at the end. */
#include "store/schema_int.h"

static const struct schema_row attrs[] = {
	{ 650, 0,
	  "( 1.3.6.1.4.1.42.2.27.8.1.16 NAME 'pwdChangedTime' EQUALITY generalizedTimeMatch ORDERING "
	  "generalizedTimeOrderingMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.24 SINGLE-VALUE "
	  "NO-USER-MODIFICATION USAGE directoryOperation )" },
	{ 651, 0,
	  "( 1.3.6.1.4.1.42.2.27.8.1.17 NAME 'pwdAccountLockedTime' EQUALITY generalizedTimeMatch ORDERING "
	  "generalizedTimeOrderingMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.24 SINGLE-VALUE USAGE "
	  "directoryOperation )" },
	{ 652, 0,
	  "( 1.3.6.1.4.1.42.2.27.8.1.19 NAME 'pwdFailureTime' EQUALITY generalizedTimeMatch ORDERING "
	  "generalizedTimeOrderingMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.24 NO-USER-MODIFICATION USAGE "
	  "directoryOperation )" },
	{ 653, SCHEMA_SECRET,
	  "( 1.3.6.1.4.1.42.2.27.8.1.20 NAME 'pwdHistory' EQUALITY octetStringMatch SYNTAX "
	  "1.3.6.1.4.1.1466.115.121.1.40 NO-USER-MODIFICATION USAGE directoryOperation )" },
	{ 654, 0,
	  "( 1.3.6.1.4.1.42.2.27.8.1.21 NAME 'pwdGraceUseTime' EQUALITY generalizedTimeMatch SYNTAX "
	  "1.3.6.1.4.1.1466.115.121.1.24 NO-USER-MODIFICATION USAGE directoryOperation )" },
	{ 655, 0,
	  "( 1.3.6.1.4.1.42.2.27.8.1.22 NAME 'pwdReset' EQUALITY booleanMatch SYNTAX "
	  "1.3.6.1.4.1.1466.115.121.1.7 SINGLE-VALUE USAGE directoryOperation )" },
	{ 656, 0,
	  "( 1.3.6.1.4.1.42.2.27.8.1.23 NAME 'pwdPolicySubentry' EQUALITY distinguishedNameMatch SYNTAX "
	  "1.3.6.1.4.1.1466.115.121.1.12 SINGLE-VALUE USAGE directoryOperation )" },
	{ 657, 0,
	  "( 1.3.6.1.4.1.42.2.27.8.1.27 NAME 'pwdStartTime' EQUALITY generalizedTimeMatch ORDERING "
	  "generalizedTimeOrderingMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.24 SINGLE-VALUE USAGE "
	  "directoryOperation )" },
	{ 658, 0,
	  "( 1.3.6.1.4.1.42.2.27.8.1.28 NAME 'pwdEndTime' EQUALITY generalizedTimeMatch ORDERING "
	  "generalizedTimeOrderingMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.24 SINGLE-VALUE USAGE "
	  "directoryOperation )" },
	{ 659, 0,
	  "( 1.3.6.1.4.1.42.2.27.8.1.29 NAME 'pwdLastSuccess' EQUALITY generalizedTimeMatch ORDERING "
	  "generalizedTimeOrderingMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.24 SINGLE-VALUE "
	  "NO-USER-MODIFICATION USAGE directoryOperation )" },
	{ 660, 0,
	  "( 1.3.6.1.4.1.42.2.27.8.1.33 NAME 'pwdAccountTmpLockoutEnd' EQUALITY generalizedTimeMatch "
	  "ORDERING generalizedTimeOrderingMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.24 SINGLE-VALUE "
	  "NO-USER-MODIFICATION USAGE directoryOperation )" },
	{ 661, 0,
	  "( 1.3.6.1.4.1.42.2.27.8.1.1 NAME 'pwdAttribute' EQUALITY objectIdentifierMatch SYNTAX "
	  "1.3.6.1.4.1.1466.115.121.1.38 )" },
	{ 662, 0,
	  "( 1.3.6.1.4.1.42.2.27.8.1.2 NAME 'pwdMinAge' EQUALITY integerMatch ORDERING integerOrderingMatch "
	  "SYNTAX 1.3.6.1.4.1.1466.115.121.1.27 SINGLE-VALUE )" },
	{ 663, 0,
	  "( 1.3.6.1.4.1.42.2.27.8.1.3 NAME 'pwdMaxAge' EQUALITY integerMatch ORDERING integerOrderingMatch "
	  "SYNTAX 1.3.6.1.4.1.1466.115.121.1.27 SINGLE-VALUE )" },
	{ 664, 0,
	  "( 1.3.6.1.4.1.42.2.27.8.1.4 NAME 'pwdInHistory' EQUALITY integerMatch ORDERING "
	  "integerOrderingMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.27 SINGLE-VALUE )" },
	{ 665, 0,
	  "( 1.3.6.1.4.1.42.2.27.8.1.5 NAME 'pwdCheckQuality' EQUALITY integerMatch ORDERING "
	  "integerOrderingMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.27 SINGLE-VALUE )" },
	{ 666, 0,
	  "( 1.3.6.1.4.1.42.2.27.8.1.6 NAME 'pwdMinLength' EQUALITY integerMatch ORDERING "
	  "integerOrderingMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.27 SINGLE-VALUE )" },
	{ 667, 0,
	  "( 1.3.6.1.4.1.42.2.27.8.1.31 NAME 'pwdMaxLength' EQUALITY integerMatch SYNTAX "
	  "1.3.6.1.4.1.1466.115.121.1.27 SINGLE-VALUE )" },
	{ 668, 0,
	  "( 1.3.6.1.4.1.42.2.27.8.1.7 NAME 'pwdExpireWarning' EQUALITY integerMatch ORDERING "
	  "integerOrderingMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.27 SINGLE-VALUE )" },
	{ 669, 0,
	  "( 1.3.6.1.4.1.42.2.27.8.1.8 NAME 'pwdGraceAuthNLimit' EQUALITY integerMatch ORDERING "
	  "integerOrderingMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.27 SINGLE-VALUE )" },
	{ 670, 0,
	  "( 1.3.6.1.4.1.42.2.27.8.1.30 NAME 'pwdGraceExpiry' EQUALITY integerMatch SYNTAX "
	  "1.3.6.1.4.1.1466.115.121.1.27 SINGLE-VALUE )" },
	{ 671, 0,
	  "( 1.3.6.1.4.1.42.2.27.8.1.9 NAME 'pwdLockout' EQUALITY booleanMatch SYNTAX "
	  "1.3.6.1.4.1.1466.115.121.1.7 SINGLE-VALUE )" },
	{ 672, 0,
	  "( 1.3.6.1.4.1.42.2.27.8.1.10 NAME 'pwdLockoutDuration' EQUALITY integerMatch ORDERING "
	  "integerOrderingMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.27 SINGLE-VALUE )" },
	{ 673, 0,
	  "( 1.3.6.1.4.1.42.2.27.8.1.11 NAME 'pwdMaxFailure' EQUALITY integerMatch ORDERING "
	  "integerOrderingMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.27 SINGLE-VALUE )" },
	{ 674, 0,
	  "( 1.3.6.1.4.1.42.2.27.8.1.12 NAME 'pwdFailureCountInterval' EQUALITY integerMatch ORDERING "
	  "integerOrderingMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.27 SINGLE-VALUE )" },
	{ 675, 0,
	  "( 1.3.6.1.4.1.42.2.27.8.1.13 NAME 'pwdMustChange' EQUALITY booleanMatch SYNTAX "
	  "1.3.6.1.4.1.1466.115.121.1.7 SINGLE-VALUE )" },
	{ 676, 0,
	  "( 1.3.6.1.4.1.42.2.27.8.1.14 NAME 'pwdAllowUserChange' EQUALITY booleanMatch SYNTAX "
	  "1.3.6.1.4.1.1466.115.121.1.7 SINGLE-VALUE )" },
	{ 677, 0,
	  "( 1.3.6.1.4.1.42.2.27.8.1.15 NAME 'pwdSafeModify' EQUALITY booleanMatch SYNTAX "
	  "1.3.6.1.4.1.1466.115.121.1.7 SINGLE-VALUE )" },
	{ 678, 0,
	  "( 1.3.6.1.4.1.42.2.27.8.1.24 NAME 'pwdMinDelay' EQUALITY integerMatch SYNTAX "
	  "1.3.6.1.4.1.1466.115.121.1.27 SINGLE-VALUE )" },
	{ 679, 0,
	  "( 1.3.6.1.4.1.42.2.27.8.1.25 NAME 'pwdMaxDelay' EQUALITY integerMatch SYNTAX "
	  "1.3.6.1.4.1.1466.115.121.1.27 SINGLE-VALUE )" },
	{ 680, 0,
	  "( 1.3.6.1.4.1.42.2.27.8.1.26 NAME 'pwdMaxIdle' EQUALITY integerMatch SYNTAX "
	  "1.3.6.1.4.1.1466.115.121.1.27 SINGLE-VALUE )" },
	{ 681, 0,
	  "( 1.3.6.1.4.1.42.2.27.8.1.32 NAME 'pwdMaxRecordedFailure' EQUALITY integerMatch ORDERING "
	  "integerOrderingMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.27 SINGLE-VALUE )" },
};

static const struct schema_row classes[] = {
	{ 650, 0,
	  "( 1.3.6.1.4.1.42.2.27.8.2.1 NAME 'pwdPolicy' SUP top AUXILIARY MUST pwdAttribute MAY ( pwdMinAge "
	  "$ pwdMaxAge $ pwdInHistory $ pwdCheckQuality $ pwdMinLength $ pwdMaxLength $ pwdExpireWarning $ "
	  "pwdGraceAuthNLimit $ pwdGraceExpiry $ pwdLockout $ pwdLockoutDuration $ pwdMaxFailure $ "
	  "pwdFailureCountInterval $ pwdMustChange $ pwdAllowUserChange $ pwdSafeModify $ pwdMinDelay $ "
	  "pwdMaxDelay $ pwdMaxIdle $ pwdMaxRecordedFailure ) )" },
};

const struct schema_source schema_src_ppolicy = { "ppolicy", 650, 749, attrs,
	sizeof(attrs) / sizeof(attrs[0]), classes, sizeof(classes) / sizeof(classes[0]) };
