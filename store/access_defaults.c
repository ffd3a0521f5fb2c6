/* SPDX-License-Identifier: Apache-2.0 */
/* What every new tenant starts with; its administrators may change all of it. Nothing for anonymous: the root
 * DSE and the base subschema are no entries of a tenant. */
#include "store/access.h"

const struct access_default access_defaults[] = {
	{ "administrators", "permit group administrators may all any attrs(*);" },
	{ "administrators-bare-token", "permit group administrators may token any audience none attrs(*);" },
	{ "authenticated-browse", "permit authenticated may read,search,compare person,group,service,entry "
	                          "attrs(ordinary);" },
	{ "authenticated-ticket", "permit authenticated may ticket person,service,host;" },
	/* For oneself and by one's own names; what else a profile asks for is the CA's to say. */
	{ "self-enrol-user", "permit self may enrol person profile user names owned max-life 30d;" },
	{ "self-enrol-tls-server", "permit self may enrol service,host profile tls-server names owned max-life 90d;" },
	{ "self-enrol-tls-client", "permit self may enrol service,host profile tls-client names owned max-life 90d;" },
	{ "self-certificates", "permit self may read,search,compare,revoke certificate attrs(*);" },
	/* A stolen ticket or session, hours old, must not do; a proved old password counts as a login. Fifteen minutes:
	 * a bind's capability may be some minutes old (ldap/credcache.h). */
	{ "self-password", "permit self may set-secret person attrs(userPassword) "
	                   "when auth.age<15m and channel.confidential;" },
	{ "self-read", "permit self may read,search,compare person,service,host attrs(*);" },
	{ "self-write", "permit self may write person "
	                "attrs(telephoneNumber,mobile,homePhone,facsimileTelephoneNumber,"
	                "description,displayName,preferredLanguage,roomNumber,jpegPhoto,labeledURI);" },
	{ NULL, NULL },
};

const struct access_default access_default_groups[] = {
	{ "helpdesk", "reset passwords, unlock, disable and enable people who hold no more than themselves" },
	{ "certificate-officers", "have certificates made for others, by their own names, and revoke them" },
	{ "application-owners", "register applications, and manage those" },
	{ NULL, NULL },
};

/* What the class lwApplication has, and what every entry has. By no auxiliary class anything else: an application is no account (uid,
 * uidNumber, krbPrincipalName) and no group (gidNumber, memberUid) of those who look for such in the directory. */
#define OF_APPLICATIONS \
	"objectClass,cn,description,displayName,labeledURI,seeAlso,owner,lwEntityId,lwAcsUrl,lwNameIdFormat,lwMetadata,userCertificate," \
	"lwManagedBy,lwTag,lwDisabled,memberOf,entryUUID,entryDN,hasSubordinates,subschemaSubentry,structuralObjectClass,createTimestamp," \
	"modifyTimestamp,creatorsName,modifiersName"

/* Reading: who may become somebody (by a new password, by a certificate) must hold what he holds, so these see of people and groups what
 * groups of people are commonly given to see. */
const struct access_default access_delegated[] = {
	{ "helpdesk-read", "permit group helpdesk may read,search,compare person,group attrs(*);" },
	{ "helpdesk-password", "permit group helpdesk may set-secret person under ou=people attrs(userPassword);" },
	{ "helpdesk-disable", "permit group helpdesk may write person under ou=people attrs(lwDisabled);" },
	{ "certificate-officers-read", "permit group certificate-officers may read,search,compare "
	                               "person,group,service,host,certificate attrs(*);" },
	{ "certificate-officers-user", "permit group certificate-officers may enrol person profile user names theirs "
	                               "max-life 30d;" },
	{ "certificate-officers-tls-server", "permit group certificate-officers may enrol service,host profile tls-server "
	                                     "names theirs max-life 90d;" },
	{ "certificate-officers-tls-client", "permit group certificate-officers may enrol service,host profile tls-client "
	                                     "names theirs max-life 90d;" },
	{ "certificate-officers-revoke", "permit group certificate-officers may revoke certificate;" },
	{ "application-owners-create", "permit group application-owners may create application under ou=applications "
	                               "attrs(" OF_APPLICATIONS ");" },
	{ "application-manager", "permit manager may read,search,compare,write,delete application under ou=applications "
	                         "attrs(" OF_APPLICATIONS ");" },
	{ NULL, NULL },
};

enum access_kind access_kind_of(const struct schema_class *const *classes, size_t n)
{
	/* the first row that fits; a principal stays one whatever else it also is */
	static const struct {
		const char *name;
		enum access_kind kind;
	} rows[] = {
		{ "lwGrant", ACCESS_GRANT },
		{ "lwPolicy", ACCESS_POLICY },
		{ "lwTrust", ACCESS_TRUST },
		{ "lwHost", ACCESS_HOST },
		{ "lwService", ACCESS_SERVICE },
		{ "lwApplication", ACCESS_APPLICATION },
		{ "lwCertificate", ACCESS_CERTIFICATE },
		{ "lwToken", ACCESS_CERTIFICATE },
		{ "person", ACCESS_PERSON },
		{ "account", ACCESS_PERSON },
		{ "groupOfNames", ACCESS_GROUP },
		{ "groupOfUniqueNames", ACCESS_GROUP },
		{ "posixGroup", ACCESS_GROUP },
	};

	for (size_t k = 0; k < sizeof(rows) / sizeof(rows[0]); k++) {
		const struct schema_class *c = schema_class(lw_str(rows[k].name));

		for (size_t i = 0; c && i < n; i++)
			if (schema_class_isa(classes[i], c))
				return rows[k].kind;
	}
	return ACCESS_ENTRY;
}
