/* SPDX-License-Identifier: Apache-2.0 */
/* Definitions: RFC 4512, 4519, 2079, 2247, 3672, 4530, 5020.
 * Ids are on disk: never change or reuse one, add at the end. */
#include "store/schema_int.h"

static const struct schema_row attrs[] = {
	{ 1, SCHEMA_ORDINARY | SCHEMA_IX_EQ,
	  "( 2.5.4.0 NAME 'objectClass' EQUALITY objectIdentifierMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.38 "
	  ")" },
	{ 2, SCHEMA_ORDINARY,
	  "( 2.5.21.9 NAME 'structuralObjectClass' EQUALITY objectIdentifierMatch SYNTAX "
	  "1.3.6.1.4.1.1466.115.121.1.38 SINGLE-VALUE NO-USER-MODIFICATION USAGE directoryOperation )" },
	{ 3, SCHEMA_ORDINARY,
	  "( 2.5.18.1 NAME 'createTimestamp' EQUALITY generalizedTimeMatch ORDERING "
	  "generalizedTimeOrderingMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.24 SINGLE-VALUE "
	  "NO-USER-MODIFICATION USAGE directoryOperation )" },
	{ 4, SCHEMA_ORDINARY,
	  "( 2.5.18.2 NAME 'modifyTimestamp' EQUALITY generalizedTimeMatch ORDERING "
	  "generalizedTimeOrderingMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.24 SINGLE-VALUE "
	  "NO-USER-MODIFICATION USAGE directoryOperation )" },
	{ 5, 0,
	  "( 2.5.18.3 NAME 'creatorsName' EQUALITY distinguishedNameMatch SYNTAX "
	  "1.3.6.1.4.1.1466.115.121.1.12 SINGLE-VALUE NO-USER-MODIFICATION USAGE directoryOperation )" },
	{ 6, 0,
	  "( 2.5.18.4 NAME 'modifiersName' EQUALITY distinguishedNameMatch SYNTAX "
	  "1.3.6.1.4.1.1466.115.121.1.12 SINGLE-VALUE NO-USER-MODIFICATION USAGE directoryOperation )" },
	{ 7, SCHEMA_ORDINARY | SCHEMA_COMPUTED,
	  "( 2.5.18.9 NAME 'hasSubordinates' EQUALITY booleanMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.7 "
	  "SINGLE-VALUE NO-USER-MODIFICATION USAGE directoryOperation )" },
	{ 8, SCHEMA_ORDINARY | SCHEMA_COMPUTED,
	  "( 2.5.18.10 NAME 'subschemaSubentry' EQUALITY distinguishedNameMatch SYNTAX "
	  "1.3.6.1.4.1.1466.115.121.1.12 SINGLE-VALUE NO-USER-MODIFICATION USAGE directoryOperation )" },
	{ 9, SCHEMA_ORDINARY | SCHEMA_COMPUTED,
	  "( 1.3.6.1.1.20 NAME 'entryDN' EQUALITY distinguishedNameMatch SYNTAX "
	  "1.3.6.1.4.1.1466.115.121.1.12 SINGLE-VALUE NO-USER-MODIFICATION USAGE directoryOperation )" },
	{ 10, SCHEMA_ORDINARY | SCHEMA_IX_EQ,
	  "( 1.3.6.1.1.16.4 NAME 'entryUUID' EQUALITY UUIDMatch ORDERING UUIDOrderingMatch SYNTAX "
	  "1.3.6.1.1.16.1 SINGLE-VALUE NO-USER-MODIFICATION USAGE directoryOperation )" },
	{ 11, SCHEMA_ORDINARY | SCHEMA_COMPUTED,
	  "( 1.3.6.1.4.1.453.16.2.103 NAME 'numSubordinates' EQUALITY integerMatch ORDERING "
	  "integerOrderingMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.27 SINGLE-VALUE NO-USER-MODIFICATION "
	  "USAGE directoryOperation )" },
	{ 12, 0,
	  "( 2.5.21.10 NAME 'governingStructureRule' EQUALITY integerMatch SYNTAX "
	  "1.3.6.1.4.1.1466.115.121.1.27 SINGLE-VALUE NO-USER-MODIFICATION USAGE directoryOperation )" },
	{ 13, 0,
	  "( 2.5.18.5 NAME 'administrativeRole' EQUALITY objectIdentifierMatch SYNTAX "
	  "1.3.6.1.4.1.1466.115.121.1.38 USAGE directoryOperation )" },
	{ 14, 0,
	  "( 2.5.18.6 NAME 'subtreeSpecification' SYNTAX 1.3.6.1.4.1.1466.115.121.1.45 SINGLE-VALUE USAGE "
	  "directoryOperation )" },
	{ 15, 0,
	  "( 1.3.6.1.4.1.1466.101.120.6 NAME 'altServer' SYNTAX 1.3.6.1.4.1.1466.115.121.1.26 USAGE "
	  "dSAOperation )" },
	{ 16, 0,
	  "( 1.3.6.1.4.1.1466.101.120.5 NAME 'namingContexts' EQUALITY distinguishedNameMatch SYNTAX "
	  "1.3.6.1.4.1.1466.115.121.1.12 USAGE dSAOperation )" },
	{ 17, 0,
	  "( 1.3.6.1.4.1.1466.101.120.13 NAME 'supportedControl' SYNTAX 1.3.6.1.4.1.1466.115.121.1.38 USAGE "
	  "dSAOperation )" },
	{ 18, 0,
	  "( 1.3.6.1.4.1.1466.101.120.7 NAME 'supportedExtension' SYNTAX 1.3.6.1.4.1.1466.115.121.1.38 "
	  "USAGE dSAOperation )" },
	{ 19, 0,
	  "( 1.3.6.1.4.1.1466.101.120.15 NAME 'supportedLDAPVersion' SYNTAX 1.3.6.1.4.1.1466.115.121.1.27 "
	  "USAGE dSAOperation )" },
	{ 20, 0,
	  "( 1.3.6.1.4.1.1466.101.120.14 NAME 'supportedSASLMechanisms' SYNTAX "
	  "1.3.6.1.4.1.1466.115.121.1.15 USAGE dSAOperation )" },
	{ 21, 0,
	  "( 1.3.6.1.4.1.4203.1.3.5 NAME 'supportedFeatures' EQUALITY objectIdentifierMatch SYNTAX "
	  "1.3.6.1.4.1.1466.115.121.1.38 USAGE dSAOperation )" },
	{ 22, 0,
	  "( 1.3.6.1.1.4 NAME 'vendorName' EQUALITY caseExactMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.15 "
	  "SINGLE-VALUE NO-USER-MODIFICATION USAGE dSAOperation )" },
	{ 23, 0,
	  "( 1.3.6.1.1.5 NAME 'vendorVersion' EQUALITY caseExactMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.15 "
	  "SINGLE-VALUE NO-USER-MODIFICATION USAGE dSAOperation )" },
	{ 24, 0,
	  "( 2.5.21.4 NAME 'matchingRules' EQUALITY objectIdentifierFirstComponentMatch SYNTAX "
	  "1.3.6.1.4.1.1466.115.121.1.30 USAGE directoryOperation )" },
	{ 25, 0,
	  "( 2.5.21.5 NAME 'attributeTypes' EQUALITY objectIdentifierFirstComponentMatch SYNTAX "
	  "1.3.6.1.4.1.1466.115.121.1.3 USAGE directoryOperation )" },
	{ 26, 0,
	  "( 2.5.21.6 NAME 'objectClasses' EQUALITY objectIdentifierFirstComponentMatch SYNTAX "
	  "1.3.6.1.4.1.1466.115.121.1.37 USAGE directoryOperation )" },
	{ 27, 0,
	  "( 2.5.21.8 NAME 'matchingRuleUse' EQUALITY objectIdentifierFirstComponentMatch SYNTAX "
	  "1.3.6.1.4.1.1466.115.121.1.31 USAGE directoryOperation )" },
	{ 28, 0,
	  "( 1.3.6.1.4.1.1466.101.120.16 NAME 'ldapSyntaxes' EQUALITY objectIdentifierFirstComponentMatch "
	  "SYNTAX 1.3.6.1.4.1.1466.115.121.1.54 USAGE directoryOperation )" },
	{ 29, 0,
	  "( 2.5.21.1 NAME 'dITStructureRules' EQUALITY integerFirstComponentMatch SYNTAX "
	  "1.3.6.1.4.1.1466.115.121.1.17 USAGE directoryOperation )" },
	{ 30, 0,
	  "( 2.5.21.2 NAME 'dITContentRules' EQUALITY objectIdentifierFirstComponentMatch SYNTAX "
	  "1.3.6.1.4.1.1466.115.121.1.16 USAGE directoryOperation )" },
	{ 31, 0,
	  "( 2.5.21.7 NAME 'nameForms' EQUALITY objectIdentifierFirstComponentMatch SYNTAX "
	  "1.3.6.1.4.1.1466.115.121.1.35 USAGE directoryOperation )" },
	{ 32, SCHEMA_ORDINARY,
	  "( 2.5.4.1 NAME ( 'aliasedObjectName' 'aliasedEntryName' ) EQUALITY distinguishedNameMatch SYNTAX "
	  "1.3.6.1.4.1.1466.115.121.1.12 SINGLE-VALUE )" },
	{ 33, SCHEMA_ORDINARY,
	  "( 2.16.840.1.113730.3.1.34 NAME 'ref' EQUALITY caseExactMatch SYNTAX "
	  "1.3.6.1.4.1.1466.115.121.1.15 USAGE distributedOperation )" },
	{ 34, 0,
	  "( 1.3.6.1.4.1.1466.101.119.3 NAME 'entryTtl' SYNTAX 1.3.6.1.4.1.1466.115.121.1.27 SINGLE-VALUE "
	  "NO-USER-MODIFICATION USAGE dSAOperation )" },
	{ 35, SCHEMA_ORDINARY,
	  "( 2.5.4.49 NAME 'distinguishedName' EQUALITY distinguishedNameMatch SYNTAX "
	  "1.3.6.1.4.1.1466.115.121.1.12 )" },
	{ 36, SCHEMA_ORDINARY,
	  "( 2.5.4.41 NAME 'name' EQUALITY caseIgnoreMatch SUBSTR caseIgnoreSubstringsMatch SYNTAX "
	  "1.3.6.1.4.1.1466.115.121.1.15{32768} )" },
	{ 37, SCHEMA_ORDINARY | SCHEMA_IX_EQ | SCHEMA_IX_SUB,
	  "( 2.5.4.3 NAME ( 'cn' 'commonName' ) SUP name )" },
	{ 38, SCHEMA_ORDINARY | SCHEMA_UNIQUE | SCHEMA_IX_EQ,
	  "( 0.9.2342.19200300.100.1.1 NAME ( 'uid' 'userid' ) EQUALITY caseIgnoreMatch SUBSTR "
	  "caseIgnoreSubstringsMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.15{256} )" },
	{ 39, SCHEMA_SECRET,
	  "( 2.5.4.35 NAME 'userPassword' EQUALITY octetStringMatch SYNTAX "
	  "1.3.6.1.4.1.1466.115.121.1.40{128} )" },
	{ 40, SCHEMA_ORDINARY,
	  "( 1.3.6.1.4.1.250.1.57 NAME 'labeledURI' EQUALITY caseExactMatch SYNTAX "
	  "1.3.6.1.4.1.1466.115.121.1.15 )" },
	{ 41, SCHEMA_ORDINARY,
	  "( 2.5.4.13 NAME 'description' EQUALITY caseIgnoreMatch SUBSTR caseIgnoreSubstringsMatch SYNTAX "
	  "1.3.6.1.4.1.1466.115.121.1.15{1024} )" },
	{ 42, SCHEMA_ORDINARY,
	  "( 2.5.4.34 NAME 'seeAlso' SUP distinguishedName )" },
	{ 43, SCHEMA_ORDINARY | SCHEMA_IX_EQ,
	  "( 2.5.4.4 NAME ( 'sn' 'surname' ) SUP name )" },
	{ 44, SCHEMA_ORDINARY,
	  "( 2.5.4.5 NAME 'serialNumber' EQUALITY caseIgnoreMatch SUBSTR caseIgnoreSubstringsMatch SYNTAX "
	  "1.3.6.1.4.1.1466.115.121.1.44{64} )" },
	{ 45, SCHEMA_ORDINARY,
	  "( 2.5.4.6 NAME ( 'c' 'countryName' ) SUP name SYNTAX 1.3.6.1.4.1.1466.115.121.1.11 SINGLE-VALUE "
	  ")" },
	{ 46, SCHEMA_ORDINARY,
	  "( 2.5.4.7 NAME ( 'l' 'localityName' ) SUP name )" },
	{ 47, SCHEMA_ORDINARY,
	  "( 2.5.4.8 NAME ( 'st' 'stateOrProvinceName' ) SUP name )" },
	{ 48, SCHEMA_ORDINARY,
	  "( 2.5.4.9 NAME ( 'street' 'streetAddress' ) EQUALITY caseIgnoreMatch SUBSTR "
	  "caseIgnoreSubstringsMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.15{128} )" },
	{ 49, SCHEMA_ORDINARY | SCHEMA_IX_EQ,
	  "( 2.5.4.10 NAME ( 'o' 'organizationName' ) SUP name )" },
	{ 50, SCHEMA_ORDINARY | SCHEMA_IX_EQ,
	  "( 2.5.4.11 NAME ( 'ou' 'organizationalUnitName' ) SUP name )" },
	{ 51, SCHEMA_ORDINARY | SCHEMA_IX_EQ,
	  "( 2.5.4.12 NAME 'title' SUP name )" },
	{ 52, SCHEMA_ORDINARY,
	  "( 2.5.4.14 NAME 'searchGuide' SYNTAX 1.3.6.1.4.1.1466.115.121.1.25 )" },
	{ 53, SCHEMA_ORDINARY,
	  "( 2.5.4.15 NAME 'businessCategory' EQUALITY caseIgnoreMatch SUBSTR caseIgnoreSubstringsMatch "
	  "SYNTAX 1.3.6.1.4.1.1466.115.121.1.15{128} )" },
	{ 54, SCHEMA_ORDINARY,
	  "( 2.5.4.16 NAME 'postalAddress' EQUALITY caseIgnoreListMatch SUBSTR "
	  "caseIgnoreListSubstringsMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.41 )" },
	{ 55, SCHEMA_ORDINARY,
	  "( 2.5.4.17 NAME 'postalCode' EQUALITY caseIgnoreMatch SUBSTR caseIgnoreSubstringsMatch SYNTAX "
	  "1.3.6.1.4.1.1466.115.121.1.15{40} )" },
	{ 56, SCHEMA_ORDINARY,
	  "( 2.5.4.18 NAME 'postOfficeBox' EQUALITY caseIgnoreMatch SUBSTR caseIgnoreSubstringsMatch SYNTAX "
	  "1.3.6.1.4.1.1466.115.121.1.15{40} )" },
	{ 57, SCHEMA_ORDINARY,
	  "( 2.5.4.19 NAME 'physicalDeliveryOfficeName' EQUALITY caseIgnoreMatch SUBSTR "
	  "caseIgnoreSubstringsMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.15{128} )" },
	{ 58, SCHEMA_ORDINARY | SCHEMA_IX_EQ,
	  "( 2.5.4.20 NAME 'telephoneNumber' EQUALITY telephoneNumberMatch SUBSTR "
	  "telephoneNumberSubstringsMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.50{32} )" },
	{ 59, SCHEMA_ORDINARY,
	  "( 2.5.4.21 NAME 'telexNumber' SYNTAX 1.3.6.1.4.1.1466.115.121.1.52 )" },
	{ 60, SCHEMA_ORDINARY,
	  "( 2.5.4.22 NAME 'teletexTerminalIdentifier' SYNTAX 1.3.6.1.4.1.1466.115.121.1.51 )" },
	{ 61, SCHEMA_ORDINARY,
	  "( 2.5.4.23 NAME ( 'facsimileTelephoneNumber' 'fax' ) SYNTAX 1.3.6.1.4.1.1466.115.121.1.22 )" },
	{ 62, SCHEMA_ORDINARY,
	  "( 2.5.4.24 NAME 'x121Address' EQUALITY numericStringMatch SUBSTR numericStringSubstringsMatch "
	  "SYNTAX 1.3.6.1.4.1.1466.115.121.1.36{15} )" },
	{ 63, SCHEMA_ORDINARY,
	  "( 2.5.4.25 NAME 'internationaliSDNNumber' EQUALITY numericStringMatch SUBSTR "
	  "numericStringSubstringsMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.36{16} )" },
	{ 64, SCHEMA_ORDINARY,
	  "( 2.5.4.26 NAME 'registeredAddress' SUP postalAddress SYNTAX 1.3.6.1.4.1.1466.115.121.1.41 )" },
	{ 65, SCHEMA_ORDINARY,
	  "( 2.5.4.27 NAME 'destinationIndicator' EQUALITY caseIgnoreMatch SUBSTR caseIgnoreSubstringsMatch "
	  "SYNTAX 1.3.6.1.4.1.1466.115.121.1.44{128} )" },
	{ 66, SCHEMA_ORDINARY,
	  "( 2.5.4.28 NAME 'preferredDeliveryMethod' SYNTAX 1.3.6.1.4.1.1466.115.121.1.14 SINGLE-VALUE )" },
	{ 67, 0,
	  "( 2.5.4.29 NAME 'presentationAddress' EQUALITY presentationAddressMatch SYNTAX "
	  "1.3.6.1.4.1.1466.115.121.1.43 SINGLE-VALUE )" },
	{ 68, 0,
	  "( 2.5.4.30 NAME 'supportedApplicationContext' EQUALITY objectIdentifierMatch SYNTAX "
	  "1.3.6.1.4.1.1466.115.121.1.38 )" },
	{ 69, SCHEMA_ORDINARY | SCHEMA_REF | SCHEMA_IX_EQ,
	  "( 2.5.4.31 NAME 'member' SUP distinguishedName )" },
	{ 70, SCHEMA_ORDINARY,
	  "( 2.5.4.32 NAME 'owner' SUP distinguishedName )" },
	{ 71, SCHEMA_ORDINARY,
	  "( 2.5.4.33 NAME 'roleOccupant' SUP distinguishedName )" },
	{ 72, SCHEMA_ORDINARY | SCHEMA_IX_EQ,
	  "( 2.5.4.42 NAME ( 'givenName' 'gn' ) SUP name )" },
	{ 73, SCHEMA_ORDINARY,
	  "( 2.5.4.43 NAME 'initials' SUP name )" },
	{ 74, SCHEMA_ORDINARY,
	  "( 2.5.4.44 NAME 'generationQualifier' SUP name )" },
	{ 75, SCHEMA_ORDINARY,
	  "( 2.5.4.45 NAME 'x500UniqueIdentifier' EQUALITY bitStringMatch SYNTAX "
	  "1.3.6.1.4.1.1466.115.121.1.6 )" },
	{ 76, SCHEMA_ORDINARY,
	  "( 2.5.4.46 NAME 'dnQualifier' EQUALITY caseIgnoreMatch ORDERING caseIgnoreOrderingMatch SUBSTR "
	  "caseIgnoreSubstringsMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.44 )" },
	{ 77, 0,
	  "( 2.5.4.47 NAME 'enhancedSearchGuide' SYNTAX 1.3.6.1.4.1.1466.115.121.1.21 )" },
	{ 78, 0,
	  "( 2.5.4.48 NAME 'protocolInformation' EQUALITY protocolInformationMatch SYNTAX "
	  "1.3.6.1.4.1.1466.115.121.1.42 )" },
	{ 79, SCHEMA_ORDINARY | SCHEMA_REF | SCHEMA_IX_EQ,
	  "( 2.5.4.50 NAME 'uniqueMember' EQUALITY uniqueMemberMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.34 )" },
	{ 80, SCHEMA_ORDINARY,
	  "( 2.5.4.51 NAME 'houseIdentifier' EQUALITY caseIgnoreMatch SUBSTR caseIgnoreSubstringsMatch "
	  "SYNTAX 1.3.6.1.4.1.1466.115.121.1.15{32768} )" },
	{ 81, 0,
	  "( 2.5.4.54 NAME 'dmdName' SUP name )" },
	{ 82, SCHEMA_ORDINARY,
	  "( 2.5.4.65 NAME 'pseudonym' SUP name )" },
	{ 83, 0,
	  "( 2.5.4.2 NAME 'knowledgeInformation' EQUALITY caseIgnoreMatch SYNTAX "
	  "1.3.6.1.4.1.1466.115.121.1.15{32768} )" },
	{ 84, SCHEMA_ORDINARY | SCHEMA_IX_EQ,
	  "( 0.9.2342.19200300.100.1.25 NAME ( 'dc' 'domainComponent' ) EQUALITY caseIgnoreIA5Match SUBSTR "
	  "caseIgnoreIA5SubstringsMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.26 SINGLE-VALUE )" },
};

static const struct schema_row classes[] = {
	{ 1, 0,
	  "( 2.5.6.0 NAME 'top' ABSTRACT MUST objectClass )" },
	{ 2, CLASS_EXTENSIBLE,
	  "( 1.3.6.1.4.1.1466.101.120.111 NAME 'extensibleObject' SUP top AUXILIARY )" },
	{ 3, 0,
	  "( 2.5.6.1 NAME 'alias' SUP top STRUCTURAL MUST aliasedObjectName )" },
	{ 4, 0,
	  "( 2.16.840.1.113730.3.2.6 NAME 'referral' SUP top STRUCTURAL MUST ref )" },
	{ 5, 0,
	  "( 2.5.17.0 NAME 'subentry' SUP top STRUCTURAL MUST ( cn $ subtreeSpecification ) )" },
	{ 6, 0,
	  "( 2.5.20.1 NAME 'subschema' AUXILIARY MAY ( dITStructureRules $ nameForms $ dITContentRules $ "
	  "objectClasses $ attributeTypes $ matchingRules $ matchingRuleUse ) )" },
	{ 7, 0,
	  "( 2.5.6.2 NAME 'country' SUP top STRUCTURAL MUST c MAY ( searchGuide $ description ) )" },
	{ 8, 0,
	  "( 2.5.6.3 NAME 'locality' SUP top STRUCTURAL MAY ( street $ seeAlso $ searchGuide $ st $ l $ "
	  "description ) )" },
	{ 9, 0,
	  "( 2.5.6.4 NAME 'organization' SUP top STRUCTURAL MUST o MAY ( userPassword $ searchGuide $ "
	  "seeAlso $ businessCategory $ x121Address $ registeredAddress $ destinationIndicator $ "
	  "preferredDeliveryMethod $ telexNumber $ teletexTerminalIdentifier $ telephoneNumber $ "
	  "internationaliSDNNumber $ facsimileTelephoneNumber $ street $ postOfficeBox $ postalCode $ "
	  "postalAddress $ physicalDeliveryOfficeName $ st $ l $ description ) )" },
	{ 10, 0,
	  "( 2.5.6.5 NAME 'organizationalUnit' SUP top STRUCTURAL MUST ou MAY ( userPassword $ searchGuide "
	  "$ seeAlso $ businessCategory $ x121Address $ registeredAddress $ destinationIndicator $ "
	  "preferredDeliveryMethod $ telexNumber $ teletexTerminalIdentifier $ telephoneNumber $ "
	  "internationaliSDNNumber $ facsimileTelephoneNumber $ street $ postOfficeBox $ postalCode $ "
	  "postalAddress $ physicalDeliveryOfficeName $ st $ l $ description ) )" },
	{ 11, 0,
	  "( 2.5.6.6 NAME 'person' SUP top STRUCTURAL MUST ( sn $ cn ) MAY ( userPassword $ telephoneNumber "
	  "$ seeAlso $ description ) )" },
	{ 12, 0,
	  "( 2.5.6.7 NAME 'organizationalPerson' SUP person STRUCTURAL MAY ( title $ x121Address $ "
	  "registeredAddress $ destinationIndicator $ preferredDeliveryMethod $ telexNumber $ "
	  "teletexTerminalIdentifier $ telephoneNumber $ internationaliSDNNumber $ facsimileTelephoneNumber "
	  "$ street $ postOfficeBox $ postalCode $ postalAddress $ physicalDeliveryOfficeName $ ou $ st $ l "
	  ") )" },
	{ 13, 0,
	  "( 2.5.6.8 NAME 'organizationalRole' SUP top STRUCTURAL MUST cn MAY ( x121Address $ "
	  "registeredAddress $ destinationIndicator $ preferredDeliveryMethod $ telexNumber $ "
	  "teletexTerminalIdentifier $ telephoneNumber $ internationaliSDNNumber $ facsimileTelephoneNumber "
	  "$ seeAlso $ roleOccupant $ street $ postOfficeBox $ postalCode $ postalAddress $ "
	  "physicalDeliveryOfficeName $ ou $ st $ l $ description ) )" },
	{ 14, 0,
	  "( 2.5.6.9 NAME 'groupOfNames' SUP top STRUCTURAL MUST cn MAY ( member $ businessCategory $ "
	  "seeAlso $ owner $ ou $ o $ description ) )" },
	{ 15, 0,
	  "( 2.5.6.10 NAME 'residentialPerson' SUP person STRUCTURAL MUST l MAY ( businessCategory $ "
	  "x121Address $ registeredAddress $ destinationIndicator $ preferredDeliveryMethod $ telexNumber $ "
	  "teletexTerminalIdentifier $ telephoneNumber $ internationaliSDNNumber $ facsimileTelephoneNumber "
	  "$ street $ postOfficeBox $ postalCode $ postalAddress $ physicalDeliveryOfficeName $ st $ l ) )" },
	{ 16, 0,
	  "( 2.5.6.11 NAME 'applicationProcess' SUP top STRUCTURAL MUST cn MAY ( seeAlso $ ou $ l $ "
	  "description ) )" },
	{ 17, 0,
	  "( 2.5.6.12 NAME 'applicationEntity' SUP top STRUCTURAL MUST ( presentationAddress $ cn ) MAY ( "
	  "supportedApplicationContext $ seeAlso $ ou $ o $ l $ description ) )" },
	{ 18, 0,
	  "( 2.5.6.13 NAME 'dSA' SUP applicationEntity STRUCTURAL MAY knowledgeInformation )" },
	{ 19, 0,
	  "( 2.5.6.14 NAME 'device' SUP top STRUCTURAL MUST cn MAY ( serialNumber $ seeAlso $ owner $ ou $ "
	  "o $ l $ description ) )" },
	{ 20, 0,
	  "( 2.5.6.17 NAME 'groupOfUniqueNames' SUP top STRUCTURAL MUST cn MAY ( uniqueMember $ "
	  "businessCategory $ seeAlso $ owner $ ou $ o $ description ) )" },
	{ 21, 0,
	  "( 2.5.6.20 NAME 'dmd' SUP top STRUCTURAL MUST dmdName MAY ( userPassword $ searchGuide $ seeAlso "
	  "$ businessCategory $ x121Address $ registeredAddress $ destinationIndicator $ "
	  "preferredDeliveryMethod $ telexNumber $ teletexTerminalIdentifier $ telephoneNumber $ "
	  "internationaliSDNNumber $ facsimileTelephoneNumber $ street $ postOfficeBox $ postalCode $ "
	  "postalAddress $ physicalDeliveryOfficeName $ st $ l $ description ) )" },
	{ 22, 0,
	  "( 1.3.6.1.4.1.250.3.15 NAME 'labeledURIObject' SUP top AUXILIARY MAY labeledURI )" },
	{ 23, 0,
	  "( 1.3.6.1.4.1.1466.344 NAME 'dcObject' SUP top AUXILIARY MUST dc )" },
	{ 24, 0,
	  "( 1.3.6.1.1.3.1 NAME 'uidObject' SUP top AUXILIARY MUST uid )" },
};

const struct schema_source schema_src_core = { "core", 1, 199, attrs,
	sizeof(attrs) / sizeof(attrs[0]), classes, sizeof(classes) / sizeof(classes[0]) };
