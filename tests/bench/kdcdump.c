/* SPDX-License-Identifier: Apache-2.0 */
/* Principals for krb5kdc in the text form of kdb5_util dump (version 7), which takes seconds where kadmin
 * takes minutes: kdcdump REALM MASTER-PASSWORD USERS KEYED SERVICE user0 … of which the first KEYED have the
 * password Bench-pw-N, the others keys that nobody has; and a service with random keys. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/crypto.h"
#include "base/krbcrypt.h"

#define REQUIRES_PREAUTH 128

static struct lw_krbkey *master;

/* A key in a record: its length, little-endian, and the key under the master key. */
static void print_key(const struct lw_enctype *e, const uint8_t *key)
{
	uint8_t out[2 + 32 + LW_KRB_OVERHEAD] = { (uint8_t)e->key_size };
	size_t n = 2 + lw_krb_sealed_size(lw_krbkey_type(master), e->key_size);

	if (lw_krb_encrypt(master, 0, (struct lw_bytes){ key, e->key_size }, out + 2))
		abort();
	printf("\t1\t1\t%d\t%zu\t", e->etype, n);
	for (size_t i = 0; i < n; i++)
		printf("%02x", out[i]);
}

/* password NULL: random keys */
static void print_principal(const char *name, const char *realm, int attributes, const char *password)
{
	char salt[256];
	uint8_t key[32];

	snprintf(salt, sizeof salt, "%s%s", realm, name);
	printf("princ\t38\t%zu\t0\t2\t0\t%s@%s\t%d\t86400\t0\t0\t0\t0\t0\t0",
	        strlen(name) + 1 + strlen(realm), name, realm, attributes);
	for (int etype = 18; etype >= 17; etype--) {
		const struct lw_enctype *e = lw_enctype_find(etype);

		lw_random(key, sizeof key);
		if (password && lw_string_to_key(e, lw_str(password), lw_str(salt), 0, key))
			abort();
		print_key(e, key);
	}
	printf("\t-1;\n");
}

int main(int argc, char **argv)
{
	const struct lw_enctype *e = lw_enctype_find(18);
	long users, keyed;
	char salt[256];
	uint8_t key[32];

	if (argc != 6)
		return 2;
	users = strtol(argv[3], NULL, 10);
	keyed = strtol(argv[4], NULL, 10);
	snprintf(salt, sizeof salt, "%sKM", argv[1]); /* of K/M */
	master = lw_krbkey_new();
	if (!master || lw_string_to_key(e, lw_str(argv[2]), lw_str(salt), 0, key) ||
	        lw_krbkey_set(master, e, key))
		return 1;
	printf("kdb5_util load_dump version 7\n");
	for (long i = 0; i < users; i++) {
		char name[32], password[32];

		snprintf(name, sizeof name, "user%ld", i);
		snprintf(password, sizeof password, "Bench-pw-%ld", i);
		print_principal(name, argv[1], REQUIRES_PREAUTH, i < keyed ? password : NULL);
	}
	print_principal(argv[5], argv[1], 0, NULL);
	lw_krbkey_free(master);
	return 0;
}
