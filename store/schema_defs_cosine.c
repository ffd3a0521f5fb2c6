/* SPDX-License-Identifier: Apache-2.0 */
/* Definitions: RFC 4524, 1274.
 * Ids are on disk: never change or reuse one, add at the end. */
#include "store/schema_int.h"

static const struct schema_row attrs[] = {
	{ 300, SCHEMA_ORDINARY | SCHEMA_UNIQUE | SCHEMA_IX_EQ | SCHEMA_IX_SUB,
	  "( 0.9.2342.19200300.100.1.3 NAME ( 'mail' 'rfc822Mailbox' ) EQUALITY caseIgnoreIA5Match SUBSTR "
	  "caseIgnoreIA5SubstringsMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.26{256} )" },
	{ 301, SCHEMA_ORDINARY,
	  "( 0.9.2342.19200300.100.1.37 NAME 'associatedDomain' EQUALITY caseIgnoreIA5Match SUBSTR "
	  "caseIgnoreIA5SubstringsMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.26 )" },
	{ 302, SCHEMA_ORDINARY,
	  "( 1.2.840.113549.1.9.1 NAME ( 'email' 'emailAddress' 'pkcs9email' ) EQUALITY caseIgnoreIA5Match "
	  "SUBSTR caseIgnoreIA5SubstringsMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.26{128} )" },
	{ 303, 0,
	  "( 0.9.2342.19200300.100.1.2 NAME 'textEncodedORAddress' EQUALITY caseIgnoreMatch SUBSTR "
	  "caseIgnoreSubstringsMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.15{256} )" },
	{ 304, SCHEMA_ORDINARY,
	  "( 0.9.2342.19200300.100.1.4 NAME 'info' EQUALITY caseIgnoreMatch SUBSTR "
	  "caseIgnoreSubstringsMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.15{2048} )" },
	{ 305, 0,
	  "( 0.9.2342.19200300.100.1.5 NAME ( 'drink' 'favouriteDrink' ) EQUALITY caseIgnoreMatch SUBSTR "
	  "caseIgnoreSubstringsMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.15{256} )" },
	{ 306, SCHEMA_ORDINARY,
	  "( 0.9.2342.19200300.100.1.6 NAME 'roomNumber' EQUALITY caseIgnoreMatch SUBSTR "
	  "caseIgnoreSubstringsMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.15{256} )" },
	{ 307, SCHEMA_ORDINARY,
	  "( 0.9.2342.19200300.100.1.7 NAME 'photo' SYNTAX 1.3.6.1.4.1.1466.115.121.1.23{25000} )" },
	{ 308, SCHEMA_ORDINARY,
	  "( 0.9.2342.19200300.100.1.8 NAME 'userClass' EQUALITY caseIgnoreMatch SUBSTR "
	  "caseIgnoreSubstringsMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.15{256} )" },
	{ 309, SCHEMA_ORDINARY,
	  "( 0.9.2342.19200300.100.1.9 NAME 'host' EQUALITY caseIgnoreMatch SUBSTR "
	  "caseIgnoreSubstringsMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.15{256} )" },
	{ 310, SCHEMA_ORDINARY | SCHEMA_IX_EQ,
	  "( 0.9.2342.19200300.100.1.10 NAME 'manager' EQUALITY distinguishedNameMatch SYNTAX "
	  "1.3.6.1.4.1.1466.115.121.1.12 )" },
	{ 311, SCHEMA_ORDINARY,
	  "( 0.9.2342.19200300.100.1.11 NAME 'documentIdentifier' EQUALITY caseIgnoreMatch SUBSTR "
	  "caseIgnoreSubstringsMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.15{256} )" },
	{ 312, SCHEMA_ORDINARY,
	  "( 0.9.2342.19200300.100.1.12 NAME 'documentTitle' EQUALITY caseIgnoreMatch SUBSTR "
	  "caseIgnoreSubstringsMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.15{256} )" },
	{ 313, SCHEMA_ORDINARY,
	  "( 0.9.2342.19200300.100.1.13 NAME 'documentVersion' EQUALITY caseIgnoreMatch SUBSTR "
	  "caseIgnoreSubstringsMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.15{256} )" },
	{ 314, SCHEMA_ORDINARY,
	  "( 0.9.2342.19200300.100.1.14 NAME 'documentAuthor' EQUALITY distinguishedNameMatch SYNTAX "
	  "1.3.6.1.4.1.1466.115.121.1.12 )" },
	{ 315, SCHEMA_ORDINARY,
	  "( 0.9.2342.19200300.100.1.15 NAME 'documentLocation' EQUALITY caseIgnoreMatch SUBSTR "
	  "caseIgnoreSubstringsMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.15{256} )" },
	{ 316, 0,
	  "( 0.9.2342.19200300.100.1.20 NAME ( 'homePhone' 'homeTelephoneNumber' ) EQUALITY "
	  "telephoneNumberMatch SUBSTR telephoneNumberSubstringsMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.50 "
	  ")" },
	{ 317, SCHEMA_ORDINARY,
	  "( 0.9.2342.19200300.100.1.21 NAME 'secretary' EQUALITY distinguishedNameMatch SYNTAX "
	  "1.3.6.1.4.1.1466.115.121.1.12 )" },
	{ 318, 0,
	  "( 0.9.2342.19200300.100.1.22 NAME 'otherMailbox' SYNTAX 1.3.6.1.4.1.1466.115.121.1.39 )" },
	{ 319, SCHEMA_ORDINARY,
	  "( 0.9.2342.19200300.100.1.26 NAME 'aRecord' EQUALITY caseIgnoreIA5Match SYNTAX "
	  "1.3.6.1.4.1.1466.115.121.1.26 )" },
	{ 320, SCHEMA_ORDINARY,
	  "( 0.9.2342.19200300.100.1.27 NAME 'mDRecord' EQUALITY caseIgnoreIA5Match SYNTAX "
	  "1.3.6.1.4.1.1466.115.121.1.26 )" },
	{ 321, SCHEMA_ORDINARY,
	  "( 0.9.2342.19200300.100.1.28 NAME 'mXRecord' EQUALITY caseIgnoreIA5Match SYNTAX "
	  "1.3.6.1.4.1.1466.115.121.1.26 )" },
	{ 322, SCHEMA_ORDINARY,
	  "( 0.9.2342.19200300.100.1.29 NAME 'nSRecord' EQUALITY caseIgnoreIA5Match SYNTAX "
	  "1.3.6.1.4.1.1466.115.121.1.26 )" },
	{ 323, SCHEMA_ORDINARY,
	  "( 0.9.2342.19200300.100.1.30 NAME 'sOARecord' EQUALITY caseIgnoreIA5Match SYNTAX "
	  "1.3.6.1.4.1.1466.115.121.1.26 )" },
	{ 324, SCHEMA_ORDINARY,
	  "( 0.9.2342.19200300.100.1.31 NAME 'cNAMERecord' EQUALITY caseIgnoreIA5Match SYNTAX "
	  "1.3.6.1.4.1.1466.115.121.1.26 )" },
	{ 325, SCHEMA_ORDINARY,
	  "( 0.9.2342.19200300.100.1.38 NAME 'associatedName' EQUALITY distinguishedNameMatch SYNTAX "
	  "1.3.6.1.4.1.1466.115.121.1.12 )" },
	{ 326, 0,
	  "( 0.9.2342.19200300.100.1.39 NAME 'homePostalAddress' EQUALITY caseIgnoreListMatch SUBSTR "
	  "caseIgnoreListSubstringsMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.41 )" },
	{ 327, SCHEMA_ORDINARY,
	  "( 0.9.2342.19200300.100.1.40 NAME 'personalTitle' EQUALITY caseIgnoreMatch SUBSTR "
	  "caseIgnoreSubstringsMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.15{256} )" },
	{ 328, SCHEMA_ORDINARY,
	  "( 0.9.2342.19200300.100.1.41 NAME ( 'mobile' 'mobileTelephoneNumber' ) EQUALITY "
	  "telephoneNumberMatch SUBSTR telephoneNumberSubstringsMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.50 "
	  ")" },
	{ 329, SCHEMA_ORDINARY,
	  "( 0.9.2342.19200300.100.1.42 NAME ( 'pager' 'pagerTelephoneNumber' ) EQUALITY "
	  "telephoneNumberMatch SUBSTR telephoneNumberSubstringsMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.50 "
	  ")" },
	{ 330, SCHEMA_ORDINARY,
	  "( 0.9.2342.19200300.100.1.43 NAME ( 'co' 'friendlyCountryName' ) EQUALITY caseIgnoreMatch SUBSTR "
	  "caseIgnoreSubstringsMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.15 )" },
	{ 331, SCHEMA_ORDINARY,
	  "( 0.9.2342.19200300.100.1.44 NAME 'uniqueIdentifier' EQUALITY caseIgnoreMatch SYNTAX "
	  "1.3.6.1.4.1.1466.115.121.1.15{256} )" },
	{ 332, SCHEMA_ORDINARY,
	  "( 0.9.2342.19200300.100.1.45 NAME 'organizationalStatus' EQUALITY caseIgnoreMatch SUBSTR "
	  "caseIgnoreSubstringsMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.15{256} )" },
	{ 333, 0,
	  "( 0.9.2342.19200300.100.1.46 NAME 'janetMailbox' EQUALITY caseIgnoreIA5Match SUBSTR "
	  "caseIgnoreIA5SubstringsMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.26{256} )" },
	{ 334, 0,
	  "( 0.9.2342.19200300.100.1.47 NAME 'mailPreferenceOption' SYNTAX 1.3.6.1.4.1.1466.115.121.1.27 )" },
	{ 335, SCHEMA_ORDINARY,
	  "( 0.9.2342.19200300.100.1.48 NAME 'buildingName' EQUALITY caseIgnoreMatch SUBSTR "
	  "caseIgnoreSubstringsMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.15{256} )" },
	{ 336, 0,
	  "( 0.9.2342.19200300.100.1.49 NAME 'dSAQuality' SYNTAX 1.3.6.1.4.1.1466.115.121.1.19 SINGLE-VALUE "
	  ")" },
	{ 337, 0,
	  "( 0.9.2342.19200300.100.1.50 NAME 'singleLevelQuality' SYNTAX 1.3.6.1.4.1.1466.115.121.1.13 "
	  "SINGLE-VALUE )" },
	{ 338, 0,
	  "( 0.9.2342.19200300.100.1.51 NAME 'subtreeMinimumQuality' SYNTAX 1.3.6.1.4.1.1466.115.121.1.13 "
	  "SINGLE-VALUE )" },
	{ 339, 0,
	  "( 0.9.2342.19200300.100.1.52 NAME 'subtreeMaximumQuality' SYNTAX 1.3.6.1.4.1.1466.115.121.1.13 "
	  "SINGLE-VALUE )" },
	{ 340, 0,
	  "( 0.9.2342.19200300.100.1.53 NAME 'personalSignature' SYNTAX 1.3.6.1.4.1.1466.115.121.1.23 )" },
	{ 341, 0,
	  "( 0.9.2342.19200300.100.1.54 NAME 'dITRedirect' EQUALITY distinguishedNameMatch SYNTAX "
	  "1.3.6.1.4.1.1466.115.121.1.12 )" },
	{ 342, SCHEMA_ORDINARY,
	  "( 0.9.2342.19200300.100.1.55 NAME 'audio' SYNTAX 1.3.6.1.4.1.1466.115.121.1.4{25000} )" },
	{ 343, SCHEMA_ORDINARY,
	  "( 0.9.2342.19200300.100.1.56 NAME 'documentPublisher' EQUALITY caseIgnoreMatch SUBSTR "
	  "caseIgnoreSubstringsMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.15 )" },
};

static const struct schema_row classes[] = {
	{ 300, 0,
	  "( 0.9.2342.19200300.100.4.4 NAME ( 'pilotPerson' 'newPilotPerson' ) SUP person STRUCTURAL MAY ( "
	  "uid $ textEncodedORAddress $ mail $ drink $ roomNumber $ userClass $ homePhone $ "
	  "homePostalAddress $ secretary $ personalTitle $ preferredDeliveryMethod $ businessCategory $ "
	  "janetMailbox $ otherMailbox $ mobile $ pager $ organizationalStatus $ mailPreferenceOption $ "
	  "personalSignature ) )" },
	{ 301, 0,
	  "( 0.9.2342.19200300.100.4.5 NAME 'account' SUP top STRUCTURAL MUST uid MAY ( description $ "
	  "seeAlso $ l $ o $ ou $ host ) )" },
	{ 302, 0,
	  "( 0.9.2342.19200300.100.4.6 NAME 'document' SUP top STRUCTURAL MUST documentIdentifier MAY ( cn "
	  "$ description $ seeAlso $ l $ o $ ou $ documentTitle $ documentVersion $ documentAuthor $ "
	  "documentLocation $ documentPublisher ) )" },
	{ 303, 0,
	  "( 0.9.2342.19200300.100.4.7 NAME 'room' SUP top STRUCTURAL MUST cn MAY ( roomNumber $ "
	  "description $ seeAlso $ telephoneNumber ) )" },
	{ 304, 0,
	  "( 0.9.2342.19200300.100.4.9 NAME 'documentSeries' SUP top STRUCTURAL MUST cn MAY ( description $ "
	  "seeAlso $ telephoneNumber $ l $ o $ ou ) )" },
	{ 305, 0,
	  "( 0.9.2342.19200300.100.4.13 NAME 'domain' SUP top STRUCTURAL MUST dc MAY ( associatedName $ o $ "
	  "description $ businessCategory $ seeAlso $ searchGuide $ userPassword $ l $ st $ street $ "
	  "physicalDeliveryOfficeName $ postalAddress $ postalCode $ postOfficeBox $ "
	  "facsimileTelephoneNumber $ internationaliSDNNumber $ telephoneNumber $ teletexTerminalIdentifier "
	  "$ telexNumber $ preferredDeliveryMethod $ destinationIndicator $ registeredAddress $ x121Address "
	  ") )" },
	{ 306, 0,
	  "( 0.9.2342.19200300.100.4.14 NAME 'RFC822localPart' SUP domain STRUCTURAL MAY ( cn $ sn $ "
	  "description $ seeAlso $ telephoneNumber $ physicalDeliveryOfficeName $ postalAddress $ "
	  "postalCode $ postOfficeBox $ street $ facsimileTelephoneNumber $ internationaliSDNNumber $ "
	  "teletexTerminalIdentifier $ telexNumber $ preferredDeliveryMethod $ destinationIndicator $ "
	  "registeredAddress $ x121Address ) )" },
	{ 307, 0,
	  "( 0.9.2342.19200300.100.4.15 NAME 'dNSDomain' SUP domain STRUCTURAL MAY ( aRecord $ mDRecord $ "
	  "mXRecord $ nSRecord $ sOARecord $ cNAMERecord ) )" },
	{ 308, 0,
	  "( 0.9.2342.19200300.100.4.17 NAME 'domainRelatedObject' SUP top AUXILIARY MUST associatedDomain "
	  ")" },
	{ 309, 0,
	  "( 0.9.2342.19200300.100.4.18 NAME 'friendlyCountry' SUP country STRUCTURAL MUST co )" },
	{ 310, 0,
	  "( 0.9.2342.19200300.100.4.19 NAME 'simpleSecurityObject' SUP top AUXILIARY MUST userPassword )" },
	{ 311, 0,
	  "( 0.9.2342.19200300.100.4.20 NAME 'pilotOrganization' SUP ( organization $ organizationalUnit ) "
	  "STRUCTURAL MAY buildingName )" },
	{ 312, 0,
	  "( 0.9.2342.19200300.100.4.21 NAME 'pilotDSA' SUP dSA STRUCTURAL MAY dSAQuality )" },
	{ 313, 0,
	  "( 0.9.2342.19200300.100.4.22 NAME 'qualityLabelledData' SUP top AUXILIARY MUST dSAQuality MAY ( "
	  "subtreeMinimumQuality $ subtreeMaximumQuality ) )" },
};

const struct schema_source schema_src_cosine = { "cosine", 300, 399, attrs,
	sizeof(attrs) / sizeof(attrs[0]), classes, sizeof(classes) / sizeof(classes[0]) };
