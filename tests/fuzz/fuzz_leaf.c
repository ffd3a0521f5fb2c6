/* SPDX-License-Identifier: Apache-2.0 */
/* A certificate that somebody shows. */
#include <stdlib.h>
#include <string.h>
#include "base/err.h"
#include "ca/ca.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* An issuer whose key nobody has any more. */
static const char issuer[] = "-----BEGIN CERTIFICATE-----\n"
                             "MIIDSTCCAu6gAwIBAgIQQ1c2UOqjhCMXzqOz8eW2QzAKBggqhkjOPQQDAjBHMRow\n"
                             "GAYDVQQKDBFsZGFwLmFjbWUuZXhhbXBsZTEpMCcGA1UEAwwgbHdkIGluc3RhbGxh\n"
                             "dGlvbiBDQSAwNmU0YzRhZTFlMzgwHhcNMjYxMTIyMjM1NTAwWhcNMzExMTIzMDAw\n"
                             "MDAwWjBgMRUwEwYDVQQKDAxhY21lLmV4YW1wbGUxLTArBgNVBAUTJDAxOTM1NzZl\n"
                             "LTExMTEtNzAwMC04MDAwLTAwMDAwMDAwMDAwMTEYMBYGA1UEAwwPYWNtZS5leGFt\n"
                             "cGxlIENBMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEabWfHgacP42RrfbNLOD4\n"
                             "BZpeNjNSiRJNAHrSgEBzIvtB0CqDAKbzy/8JX2ZTAEwYE8jD3n1Sy+1lFLhCdTMO\n"
                             "t6OCAaEwggGdMBIGA1UdEwEB/wQIMAYBAf8CAQAwDgYDVR0PAQH/BAQDAgGGMB0G\n"
                             "A1UdDgQWBBQEvQ0HK67maPMTRQjbUHdJWEXkIDAfBgNVHSMEGDAWgBTarW+cZy8J\n"
                             "QK+ddM6kNxG0qijQtDCBsQYDVR0eAQH/BIGmMIGjoG8wDoIMYWNtZS5leGFtcGxl\n"
                             "MA6BDGFjbWUuZXhhbXBsZTAPgQ0uYWNtZS5leGFtcGxlMA6GDGFjbWUuZXhhbXBs\n"
                             "ZTAPhg0uYWNtZS5leGFtcGxlMBukGTAXMRUwEwYDVQQKDAxhY21lLmV4YW1wbGWh\n"
                             "MDAKhwgAAAAAAAAAADAihyAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n"
                             "ADBGBggrBgEFBQcBAQQ6MDgwNgYIKwYBBQUHMAKGKmh0dHA6Ly9jYS5hY21lLmV4\n"
                             "YW1wbGUvY2EvaW5zdGFsbGF0aW9uLmNlcjA7BgNVHR8ENDAyMDCgLqAshipodHRw\n"
                             "Oi8vY2EuYWNtZS5leGFtcGxlL2NhL2luc3RhbGxhdGlvbi5jcmwwCgYIKoZIzj0E\n"
                             "AwIDSQAwRgIhANmNG2Uqebi/zOQMy0kkRf0Jcd+XFp5+bfJofO6lvngrAiEAiN5f\n"
                             "ESVyXuoJKunKYZ8Tcroqt3xhxqW1TaEExgYZyxM=\n"
                             "-----END CERTIFICATE-----\n";

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct lw_arena *a = lw_arena_new(1u << 20, false);
	struct lw_bytes in = { data, size };
	struct keys_shown l = { .organization = { NULL, 0 } };
	char why[200] = "";
	int err = a ? ca_leaf_read(in, a, &l, why) : LW_ENOMEM;

	if (err == LW_OK && (!l.organization.n || lw_uuid_zero(&l.tenant) || lw_uuid_zero(&l.subject) || !ca_profile(l.profile) ||
	                            l.serial.n < CA_SERIAL || l.not_after <= l.not_before))
		abort();
	if (err != LW_OK && a && (l.organization.p || !*why || strchr(why, '\n')))
		abort();
	err = ca_leaf_verify(in, lw_str(issuer), l.not_before, why);
	if (err != LW_OK && !*why)
		abort();
	lw_arena_free(a);
	return 0;
}
