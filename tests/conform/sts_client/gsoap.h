// SPDX-License-Identifier: Apache-2.0
// What soapcpp2 makes gSOAP's client of: its own WS-Trust types, and Issue with the answer that WS-Trust 1.3 gives it.
//gsoap lwd service name: sts
//gsoap lwd service method-protocol: Issue SOAP
#import "wst.h"
int __lwd__Issue(struct wst__RequestSecurityTokenType *wst__RequestSecurityToken,
	struct wst__RequestSecurityTokenResponseCollectionType *wst__RequestSecurityTokenResponseCollection);
