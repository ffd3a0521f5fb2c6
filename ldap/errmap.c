/* SPDX-License-Identifier: Apache-2.0 */
/* Domain errors to RFC 4511 result codes: the one place. What the log knows better is not told to the peer:
 * locked, disabled, expired and unknown are all "invalid credentials". `tell` marks errors whose text speaks
 * of the request and the schema alone. */
#include "ldap/conn.h"

const struct ldapd_map ldapd_errmap[LW_ERR_COUNT] = {
	[LW_OK] = { LDAPD_SUCCESS, false },
	[LW_ENOMEM] = { LDAPD_BUSY, false },
	[LW_EINTERNAL] = { LDAPD_OTHER, false },
	[LW_EIO] = { LDAPD_OTHER, false },
	[LW_EFULL] = { LDAPD_UNAVAILABLE, false },
	[LW_EBUSY] = { LDAPD_BUSY, false },
	[LW_EUNAVAIL] = { LDAPD_UNAVAILABLE, false },
	[LW_ETIMEOUT] = { LDAPD_UNAVAILABLE, false }, /* of another role; searches know their own limit */
	[LW_EAGAIN] = { LDAPD_BUSY, false },
	[LW_EQUANTUM] = { LDAPD_OTHER, false },
	[LW_EINVAL] = { LDAPD_PROTOCOL_ERROR, false },
	[LW_ELIMIT] = { LDAPD_ADMIN_LIMIT, false },
	[LW_EVERSION] = { LDAPD_OTHER, false },
	[LW_ENOTFOUND] = { LDAPD_NO_SUCH_OBJECT, false },
	[LW_EEXIST] = { LDAPD_ENTRY_EXISTS, false },
	[LW_EACCES] = { LDAPD_INSUFFICIENT_ACCESS, false },
	[LW_EAUTH] = { LDAPD_INVALID_CREDENTIALS, false },
	[LW_ELOCKED] = { LDAPD_INVALID_CREDENTIALS, false },
	[LW_EDISABLED] = { LDAPD_INVALID_CREDENTIALS, false },
	[LW_EEXPIRED] = { LDAPD_INVALID_CREDENTIALS, false },
	[LW_EREVOKED] = { LDAPD_STRONGER_AUTH, false },
	[LW_ECONFIDENTIAL] = { LDAPD_CONFIDENTIALITY, false },
	[LW_EPWPOLICY] = { LDAPD_CONSTRAINT, true },
	[LW_EUNWILLING] = { LDAPD_UNWILLING, true },
	[LW_EUNSUPPORTED] = { LDAPD_UNWILLING, true },
	[LW_EUNAVAILCRIT] = { LDAPD_UNAVAIL_CRITICAL, false },
	[LW_ESIZELIMIT] = { LDAPD_SIZE_LIMIT, false },
	[LW_EADMINLIMIT] = { LDAPD_ADMIN_LIMIT, false },
	[LW_EDNSYNTAX] = { LDAPD_INVALID_DN, true },
	[LW_EUNDEFATTR] = { LDAPD_UNDEFINED_TYPE, true },
	[LW_EMATCHING] = { LDAPD_INAPPROPRIATE_MATCHING, true },
	[LW_ESYNTAX] = { LDAPD_INVALID_SYNTAX, true },
	[LW_ECONSTRAINT] = { LDAPD_CONSTRAINT, true },
	[LW_EOBJCLASS] = { LDAPD_OBJECT_CLASS, true },
	[LW_EOBJCLASSMODS] = { LDAPD_CLASS_MODS, true },
	[LW_ENAMING] = { LDAPD_NAMING, true },
	[LW_ENOTLEAF] = { LDAPD_NOT_ON_NON_LEAF, false },
	[LW_ENOTONRDN] = { LDAPD_NOT_ON_RDN, true },
	[LW_EVALEXISTS] = { LDAPD_VALUE_EXISTS, true },
	[LW_ENOATTR] = { LDAPD_NO_SUCH_ATTRIBUTE, true },
};

uint8_t ldapd_code(int err)
{
	if (err < 0 || err >= LW_ERR_COUNT)
		return LDAPD_OTHER;
	return ldapd_errmap[err].code;
}

bool ldapd_session_over(int err)
{
	return err == LW_EREVOKED || err == LW_EDISABLED || err == LW_EEXPIRED;
}
