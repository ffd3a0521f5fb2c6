/* SPDX-License-Identifier: Apache-2.0 */
/* What the listeners are called: in their certificates, and in the Kerberos names of lwd's own services. */
#include "keys/keys.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/err.h"
#include "base/log.h"

/* An address that can stand in a certificate; wildcards name nobody. "[::1]" is taken as "::1". */
static bool usable_address(char *a, char **ret, bool *ret_loopback)
{
	struct in_addr v4;
	struct in6_addr v6;

	if (*a == '[') {
		char *end = strchr(a, ']');

		if (end)
			*end = '\0';
		a++;
	}
	*ret = a;
	if (inet_pton(AF_INET, a, &v4) == 1) {
		*ret_loopback = ntohl(v4.s_addr) >> 24 == 127;
		return v4.s_addr != 0;
	}
	if (inet_pton(AF_INET6, a, &v6) == 1) {
		*ret_loopback = IN6_IS_ADDR_LOOPBACK(&v6);
		return !IN6_IS_ADDR_UNSPECIFIED(&v6);
	}
	return false;
}

/* A host name that a certificate can carry; the system may have another ("my_pc"). */
static bool usable_hostname(const char *s)
{
	size_t n = strlen(s);

	return n > 0 && n <= 253 &&
	       strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-.") == n;
}

/* Clients on this machine: libldap looks for the machine's own name when it is told "localhost". */
static void put_local_names(struct lw_writer *w, const char *hostname)
{
	char machine[256] = "";

	if (strcmp(hostname, "localhost") != 0)
		lw_put_bytes(w, LW_LIT(",localhost"));
	if (gethostname(machine, sizeof(machine) - 1) || !usable_hostname(machine))
		return;
	if (strcmp(machine, "localhost") == 0 || strcmp(machine, hostname) == 0)
		return;
	lw_put_u8(w, ',');
	lw_put_raw(w, machine, strlen(machine));
}

int keys_listener_names(const char *hostname, const char *listen, bool addresses, struct lw_writer *w)
{
	char *copy = strdup(listen ? listen : ""), *at = copy, *one, *a;
	bool loopback = false, any = false;

	if (!copy)
		return LW_ENOMEM;
	if (!hostname || !usable_hostname(hostname)) {
		lw_log(LW_WARN, "host name can't stand in a certificate", "hostname",
		        hostname ? hostname : "", NULL);
		hostname = "localhost";
	}
	lw_put_raw(w, hostname, strlen(hostname));
	while ((one = strsep(&at, ", "))) {
		bool lo = false;

		if (!*one)
			continue;
		if (!usable_address(one, &a, &lo)) {
			any = true; /* a wildcard listens on loopback as well */
		} else if (addresses) {
			lw_put_u8(w, ',');
			lw_put_raw(w, a, strlen(a));
		}
		loopback |= lo;
	}
	if (any && addresses)
		lw_put_bytes(w, LW_LIT(",127.0.0.1,::1"));
	if (any || loopback)
		put_local_names(w, hostname);
	lw_put_u8(w, 0);
	free(copy);
	return w->err;
}
