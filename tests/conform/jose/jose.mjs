// SPDX-License-Identifier: Apache-2.0
// Standard input: [{"discovery", "token", "issuer", "audience"}…]. For each: "ok", or jose's code of the refusal, with the protected header.
import { createRemoteJWKSet, jwtVerify } from 'jose';

let text = '';
for await (const chunk of process.stdin) text += chunk;
const results = [];
const documents = new Map();
for (const c of JSON.parse(text)) {
	try {
		if (!documents.has(c.discovery)) documents.set(c.discovery, await (await fetch(c.discovery)).json());
		const document = documents.get(c.discovery);
		const { payload, protectedHeader } = await jwtVerify(c.token, createRemoteJWKSet(new URL(document.jwks_uri)), {
			issuer: c.issuer ?? document.issuer,
			audience: c.audience,
			algorithms: document.id_token_signing_alg_values_supported,
			typ: 'JWT',
			clockTolerance: 1,
		});
		results.push({ result: 'ok', payload, header: protectedHeader });
	} catch (e) {
		results.push({ result: e.code ?? String(e) });
	}
}
console.log(JSON.stringify(results));
