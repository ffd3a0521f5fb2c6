/* SPDX-License-Identifier: Apache-2.0 */
/* Definitions: what stock clients and imports carry besides.
 * Ids are on disk: never change or reuse one, add at the end. */
#include "store/schema_int.h"

static const struct schema_row attrs[] = {
	{ 750, SCHEMA_ORDINARY | SCHEMA_COMPUTED,
	  "( 1.2.840.113556.1.2.102 NAME 'memberOf' EQUALITY distinguishedNameMatch SYNTAX "
	  "1.3.6.1.4.1.1466.115.121.1.12 NO-USER-MODIFICATION USAGE dSAOperation )" },
	{ 751, 0,
	  "( 1.3.6.1.4.1.4203.666.1.7 NAME 'entryCSN' EQUALITY CSNMatch ORDERING CSNOrderingMatch SYNTAX "
	  "1.3.6.1.4.1.4203.666.11.2.1{64} SINGLE-VALUE NO-USER-MODIFICATION USAGE directoryOperation )" },
	{ 752, 0,
	  "( 1.3.6.1.4.1.4203.666.1.25 NAME 'contextCSN' EQUALITY CSNMatch ORDERING CSNOrderingMatch SYNTAX "
	  "1.3.6.1.4.1.4203.666.11.2.1{64} NO-USER-MODIFICATION USAGE dSAOperation )" },
	{ 753, SCHEMA_ORDINARY,
	  "( 1.3.6.1.4.1.24552.500.1.1.1.13 NAME 'sshPublicKey' EQUALITY octetStringMatch SYNTAX "
	  "1.3.6.1.4.1.1466.115.121.1.40 )" },
	{ 754, 0,
	  "( 1.3.6.1.4.1.4203.1.3.3 NAME 'supportedAuthPasswordSchemes' EQUALITY caseExactIA5Match SYNTAX "
	  "1.3.6.1.4.1.1466.115.121.1.26{32} USAGE dSAOperation )" },
	{ 755, SCHEMA_SECRET,
	  "( 1.3.6.1.4.1.4203.1.3.4 NAME 'authPassword' EQUALITY authPasswordExactMatch SYNTAX "
	  "1.3.6.1.4.1.4203.1.1.2 )" },
	{ 756, 0,
	  "( 1.3.6.1.4.1.4203.666.1.60 NAME 'pKCS8PrivateKey' SYNTAX 1.2.840.113549.1.8.1.1 )" },
};

static const struct schema_row classes[] = {
	{ 750, 0,
	  "( 1.3.6.1.4.1.24552.500.1.1.2.0 NAME 'ldapPublicKey' SUP top AUXILIARY MAY ( sshPublicKey $ uid "
	  ") )" },
	{ 751, 0,
	  "( 1.3.6.1.4.1.4203.1.4.7 NAME 'authPasswordObject' SUP top AUXILIARY MAY authPassword )" },
};

const struct schema_source schema_src_misc = { "misc", 750, 849, attrs,
	sizeof(attrs) / sizeof(attrs[0]), classes, sizeof(classes) / sizeof(classes[0]) };
