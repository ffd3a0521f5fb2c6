/* SPDX-License-Identifier: Apache-2.0 */
/* An OCSP request in DER, and the same octets as the path of a GET. The corpus asks about this issuer. */
#include <stdlib.h>
#include "base/err.h"
#include "ca/ca.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char issuer[] = "-----BEGIN CERTIFICATE-----\n"
                             "MIIDRDCCAumgAwIBAgIQQKsDeOmHzoVisOBnUgeJZTAKBggqhkjOPQQDAjBCMRUw\n"
                             "EwYDVQQKDAxhY21lLmV4YW1wbGUxKTAnBgNVBAMMIGx3ZCBpbnN0YWxsYXRpb24g\n"
                             "Q0EgNjM3OGI1ZTkyYTEyMB4XDTI2MTEyMzA0NTM1N1oXDTMxMTEyMzA0NTg1N1ow\n"
                             "YDEVMBMGA1UECgwMYWNtZS5leGFtcGxlMS0wKwYDVQQFEyQwMTAyMDMwMC0wMDAw\n"
                             "LTAwMDAtMDAwMC0wMDAwMDAwMDAwNjExGDAWBgNVBAMMD2FjbWUuZXhhbXBsZSBD\n"
                             "QTBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABKL25xplSgwxY9iJWomPBs9zmnhN\n"
                             "uq2HcV2F2pKkz+Bk0aBTCDG77H8wCVpB21Rqcz2uZ8gnlEseo9Izo6xINJGjggGh\n"
                             "MIIBnTASBgNVHRMBAf8ECDAGAQH/AgEAMA4GA1UdDwEB/wQEAwIBhjAdBgNVHQ4E\n"
                             "FgQUwoIgCKgu8q6nfgstb8AADDdWMDwwHwYDVR0jBBgwFoAU10ZdRuw7B5hKEzKn\n"
                             "mRTfb6/rCM8wgbEGA1UdHgEB/wSBpjCBo6BvMA6CDGFjbWUuZXhhbXBsZTAOgQxh\n"
                             "Y21lLmV4YW1wbGUwD4ENLmFjbWUuZXhhbXBsZTAOhgxhY21lLmV4YW1wbGUwD4YN\n"
                             "LmFjbWUuZXhhbXBsZTAbpBkwFzEVMBMGA1UECgwMYWNtZS5leGFtcGxloTAwCocI\n"
                             "AAAAAAAAAAAwIocgAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAwRgYI\n"
                             "KwYBBQUHAQEEOjA4MDYGCCsGAQUFBzAChipodHRwOi8vY2EuYWNtZS5leGFtcGxl\n"
                             "L2NhL2luc3RhbGxhdGlvbi5jZXIwOwYDVR0fBDQwMjAwoC6gLIYqaHR0cDovL2Nh\n"
                             "LmFjbWUuZXhhbXBsZS9jYS9pbnN0YWxsYXRpb24uY3JsMAoGCCqGSM49BAMCA0kA\n"
                             "MEYCIQDSoXoIhYer0QCW5loMEIiB4Z+keIHjcRRVRWgFn0/IVAIhAJRAhYUq5uAm\n"
                             "2G1KBKFG5RHTAEVRZTjxY2MU48Jbh/Tz\n"
                             "-----END CERTIFICATE-----\n";

static void request(struct lw_bytes der, struct lw_arena *a)
{
	struct ca_ocsp_query q = { .n = 0 };
	int err = ca_ocsp_read(der, lw_str(issuer), a, &q);

	if (err == LW_EINTERNAL ||
	        (err == LW_OK && (q.n < 1 || q.n > CA_OCSP_MAX_IDS || !lw_eq(q.der, der))) ||
	        (err != LW_OK && q.n))
		abort();
	for (size_t i = 0; i < q.n; i++) {
		if (!q.serial[i].p || q.serial[i].n > 20)
			abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct lw_bytes in = { data, size }, der;
	struct lw_arena *a = lw_arena_new(1u << 20, false);

	if (a) {
		request(in, a);
		if (ca_ocsp_path(in, a, &der) == LW_OK)
			request(der, a);
	}
	lw_arena_free(a);
	return 0;
}
