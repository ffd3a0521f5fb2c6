/* SPDX-License-Identifier: Apache-2.0 */
#include "base/conf.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "base/sock.h"
#include "base/text.h"

#define ERR_SIZE 256
#define KEYS_MAX 256

/* Where a message points to. */
struct place {
	const char *name;
	unsigned line; /* 0: the whole file, or a default */
	char *err;
};

static int fail(const struct place *at, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static int fail(const struct place *at, const char *fmt, ...)
{
	int n = at->line ? snprintf(at->err, ERR_SIZE, "%s:%u: ", at->name, at->line)
	                 : snprintf(at->err, ERR_SIZE, "%s: ", at->name);
	va_list ap;

	if (n >= 0 && n < ERR_SIZE) {
		va_start(ap, fmt);
		vsnprintf(at->err + n, (size_t)(ERR_SIZE - n), fmt, ap);
		va_end(ap);
	}
	for (char *p = at->err; *p; p++) /* one line, whatever the file holds */
		if ((unsigned char)*p < 0x20 || *p == 0x7f)
			*p = '?';
	return LW_EINVAL;
}

static bool blank(uint8_t c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

static struct lw_bytes trim(struct lw_bytes b)
{
	while (b.n && blank(b.p[0])) {
		b.p++;
		b.n--;
	}
	while (b.n && blank(b.p[b.n - 1]))
		b.n--;
	return b;
}

/* What stands before the first sep; *rest is what follows it (p NULL when there is no sep). */
static struct lw_bytes cut(struct lw_bytes b, char sep, struct lw_bytes *rest)
{
	const uint8_t *at = b.n ? memchr(b.p, sep, b.n) : NULL;

	*rest = (struct lw_bytes){ NULL, 0 };
	if (!at)
		return b;
	*rest = (struct lw_bytes){ at + 1, (size_t)(b.p + b.n - at - 1) };
	return (struct lw_bytes){ b.p, (size_t)(at - b.p) };
}

static bool is_addr(struct lw_bytes b)
{
	uint8_t addr[16];
	char s[64];

	if (!b.n || b.n >= sizeof s || memchr(b.p, 0, b.n))
		return false;
	memcpy(s, b.p, b.n);
	s[b.n] = 0;
	return inet_pton(AF_INET, s, addr) == 1 || inet_pton(AF_INET6, s, addr) == 1;
}

static int set_string(const struct lw_conf_key *k, struct lw_bytes v, void *field, const struct place *at)
{
	char **s = field, *copy;

	if (k->max && v.n > k->max)
		return fail(at, "%s: at most %llu octets", k->name, (unsigned long long)k->max);
	if ((v.n && memchr(v.p, 0, v.n)) || !lw_utf8_valid(v))
		return fail(at, "%s: not text in UTF-8", k->name);
	copy = malloc(v.n + 1);
	if (!copy) {
		fail(at, "out of memory");
		return LW_ENOMEM;
	}
	if (v.n)
		memcpy(copy, v.p, v.n);
	copy[v.n] = 0;
	free(*s);
	*s = copy;
	return LW_OK;
}

static int set_uint(const struct lw_conf_key *k, struct lw_bytes v, void *field, const struct place *at)
{
	uint64_t max = k->max ? k->max : UINT64_MAX, n;

	if (lw_parse_u64(v, max, &n) || n < k->min)
		return fail(at, "%s: must be a number from %llu to %llu", k->name, (unsigned long long)k->min,
		        (unsigned long long)max);
	*(uint64_t *)field = n;
	return LW_OK;
}

static int set_bool(const struct lw_conf_key *k, struct lw_bytes v, void *field, const struct place *at)
{
	static const struct {
		const char *word;
		bool value;
	} words[] = { { "yes", true }, { "no", false }, { "true", true }, { "false", false }, { "on", true },
		{ "off", false } };

	for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
		if (lw_eq(v, lw_str(words[i].word))) {
			*(bool *)field = words[i].value;
			return LW_OK;
		}
	}
	return fail(at, "%s: must be yes or no", k->name);
}

static int set_duration(const struct lw_conf_key *k, struct lw_bytes v, void *field, const struct place *at)
{
	int64_t us;

	if (lw_parse_duration(v, &us))
		return fail(at, "%s: must be a duration such as 5s, 10m, 1h or 30d", k->name);
	*(int64_t *)field = us;
	return LW_OK;
}

static int set_addrs(const struct lw_conf_key *k, struct lw_bytes v, void *field, const struct place *at)
{
	struct lw_bytes rest = v;

	while (rest.p) {
		struct lw_bytes one = trim(cut(rest, ',', &rest));

		if (!is_addr(one))
			return fail(at, "%s: must be IP addresses, separated by commas", k->name);
	}
	return set_string(k, v, field, at);
}

typedef int setter(const struct lw_conf_key *, struct lw_bytes, void *field, const struct place *);

static setter *const setters[] = {
	[LW_CONF_STRING] = set_string,
	[LW_CONF_UINT] = set_uint,
	[LW_CONF_BOOL] = set_bool,
	[LW_CONF_DURATION] = set_duration,
	[LW_CONF_ADDRS] = set_addrs,
};

static int set(const struct lw_conf_key *k, struct lw_bytes v, void *conf, const struct place *at)
{
	return setters[k->type](k, v, (char *)conf + k->offset, at);
}

static bool owns_string(const struct lw_conf_key *k)
{
	return k->type == LW_CONF_STRING || k->type == LW_CONF_ADDRS;
}

void lw_conf_done(const struct lw_conf_key *keys, size_t nkeys, void *conf)
{
	for (size_t i = 0; i < nkeys; i++) {
		char **s = (void *)((char *)conf + keys[i].offset);

		if (owns_string(&keys[i])) {
			free(*s);
			*s = NULL;
		}
	}
}

static int set_defaults(const struct lw_conf_key *keys, size_t nkeys, void *conf, const struct place *at)
{
	int err = LW_OK;

	for (size_t i = 0; i < nkeys; i++)
		if (owns_string(&keys[i]))
			*(char **)(void *)((char *)conf + keys[i].offset) = NULL;
	for (size_t i = 0; i < nkeys && !err; i++)
		if (keys[i].def)
			err = set(&keys[i], lw_str(keys[i].def), conf, at);
	return err;
}

/* One line without its end; seen[i] is the line that set keys[i]. */
static int parse_line(const struct lw_conf_key *keys, size_t nkeys, struct lw_bytes line, unsigned *seen,
        void *conf, const struct place *at)
{
	struct lw_bytes value, key = trim(line);

	if (!key.n || key.p[0] == '#')
		return LW_OK;
	key = trim(cut(key, '=', &value));
	if (!value.p)
		return fail(at, "expected KEY = VALUE");
	value = trim(value);
	for (size_t i = 0; i < nkeys; i++) {
		if (!lw_eq(key, lw_str(keys[i].name)))
			continue;
		if (seen[i])
			return fail(at, "%s: set already in line %u", keys[i].name, seen[i]);
		seen[i] = at->line;
		return set(&keys[i], value, conf, at);
	}
	return fail(at, "unknown key '%.*s'", (int)(key.n < 64 ? key.n : 64), (const char *)key.p);
}

int lw_conf_parse(const struct lw_conf_key *keys, size_t nkeys, const char *name, struct lw_bytes text,
        void *conf, char err[256])
{
	struct place at = { name, 0, err };
	unsigned seen[KEYS_MAX] = { 0 };
	struct lw_bytes rest = text;
	int e;

	if (nkeys > KEYS_MAX)
		return fail(&at, "too many keys in the table");
	e = set_defaults(keys, nkeys, conf, &at);
	if (!e && text.n > LW_CONF_MAX_FILE)
		e = fail(&at, "longer than %d octets", LW_CONF_MAX_FILE);
	while (!e && rest.n) {
		struct lw_bytes line = cut(rest, '\n', &rest);

		at.line++;
		e = parse_line(keys, nkeys, line, seen, conf, &at);
	}
	if (e)
		lw_conf_done(keys, nkeys, conf);
	return e;
}

int lw_conf_load(const struct lw_conf_key *keys, size_t nkeys, const char *path, void *conf, char err[256])
{
	struct place at = { path, 0, err };
	struct stat st;
	uint8_t *text = NULL;
	int e, fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);

	if (fd < 0 || fstat(fd, &st)) {
		e = fail(&at, "cannot be read: %s", strerror(errno));
		goto out;
	}
	if (!S_ISREG(st.st_mode)) {
		e = fail(&at, "not a file");
		goto out;
	}
	if (st.st_size > LW_CONF_MAX_FILE) {
		e = fail(&at, "longer than %d octets", LW_CONF_MAX_FILE);
		goto out;
	}
	text = malloc((size_t)st.st_size + 1);
	if (!text || lw_read_full(fd, text, (size_t)st.st_size)) {
		e = fail(&at, "cannot be read");
		goto out;
	}
	e = lw_conf_parse(keys, nkeys, path, (struct lw_bytes){ text, (size_t)st.st_size }, conf, err);
out:
	free(text);
	if (fd >= 0)
		close(fd);
	return e;
}
