/* SPDX-License-Identifier: Apache-2.0 */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/conf.h"
#include "base/err.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct fuzzed {
	char *domain, *listen;
	uint64_t port;
	bool fast;
	int64_t wait;
};

static const struct lw_conf_key keys[] = {
	{ "domain", LW_CONF_STRING, offsetof(struct fuzzed, domain), NULL, 0, 20, "" },
	{ "listen", LW_CONF_ADDRS, offsetof(struct fuzzed, listen), "127.0.0.1", 0, 0, "" },
	{ "port", LW_CONF_UINT, offsetof(struct fuzzed, port), "5", 1, 60000, "" },
	{ "fast", LW_CONF_BOOL, offsetof(struct fuzzed, fast), "no", 0, 0, "" },
	{ "wait", LW_CONF_DURATION, offsetof(struct fuzzed, wait), "5s", 0, 0, "" },
};
#define NKEYS (sizeof keys / sizeof *keys)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzzed conf;
	char err[256];

	memset(err, 'x', sizeof err);
	if (lw_conf_parse(keys, NKEYS, "f", (struct lw_bytes){ data, size }, &conf, err)) {
		if (!memchr(err, 0, sizeof err) || strchr(err, '\n'))
			abort();
		return 0;
	}
	if (!conf.listen || conf.port < 1 || conf.port > 60000 || conf.wait < 0 ||
	        (conf.domain && strlen(conf.domain) > 20))
		abort();
	lw_conf_done(keys, NKEYS, &conf);
	return 0;
}
