// SPDX-License-Identifier: Apache-2.0
// npm's soap as a client of the STS: URL USER PASSWORDFILE APPLIESTO(or "") OUT. Prints the token type it read; what the server sent is left in OUT.
// NODE_EXTRA_CA_CERTS names the CA.
const fs = require('fs');
const soap = require('soap');

const [url, user, passwordFile, appliesTo, out] = process.argv.slice(2);
const trust = 'http://docs.oasis-open.org/ws-sx/ws-trust/200512';

async function main() {
  const client = await soap.createClientAsync(url + '?wsdl');
  client.setSecurity(new soap.WSSecurity(user, fs.readFileSync(passwordFile, 'utf8'), { passwordType: 'PasswordText', mustUnderstand: true }));
  const request = { TokenType: 'urn:oasis:names:tc:SAML:2.0:assertion', RequestType: trust + '/Issue' };
  if (appliesTo)
    request.AppliesTo = { EndpointReference: { Address: appliesTo } };
  request.KeyType = trust + '/Bearer';
  const [result, raw] = await client.IssueAsync(request);
  fs.writeFileSync(out, raw);
  const response = [].concat(result.RequestSecurityTokenResponse)[0];
  console.log(response.TokenType, new Date(response.Lifetime.Expires).toISOString());
}
main().catch((e) => { console.error(e.message); process.exit(1); });
