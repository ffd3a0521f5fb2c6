/* SPDX-License-Identifier: Apache-2.0 */
/* lwd.conf: "key = value" lines, # comments; unknown, repeated or ill-typed keys are refused with line and
 * reason. Which keys there are is a const table of the caller's. */
#ifndef BASE_CONF_H
#define BASE_CONF_H

#include <stddef.h>
#include "base/bytes.h"

enum lw_conf_type {
	LW_CONF_STRING,
	LW_CONF_UINT,
	LW_CONF_BOOL,
	LW_CONF_DURATION /* int64_t us */,
	LW_CONF_ADDRS
};

struct lw_conf_key {
	const char *name;
	enum lw_conf_type type;
	size_t offset;     /* of char *, uint64_t, bool, int64_t, or char * (comma-separated, each checked) */
	const char *def;   /* as it would stand in the file; NULL: no default (string stays NULL) */
	uint64_t min, max; /* UINT: inclusive; STRING: max length */
	const char *help;  /* for the manual page */
};

#define LW_CONF_MAX_FILE 65536
/* Fills *conf (defaults first). On failure LW_EINVAL and a one-line message "FILE:LINE: why" in err[256];
 * the strings of *conf are freed then. What *conf held before is not looked at. */
int lw_conf_parse(const struct lw_conf_key *keys, size_t nkeys, const char *name, struct lw_bytes text,
        void *conf, char err[256]);
int lw_conf_load(const struct lw_conf_key *keys, size_t nkeys, const char *path, void *conf, char err[256]);
void lw_conf_done(const struct lw_conf_key *keys, size_t nkeys, void *conf); /* frees the strings */

#endif
