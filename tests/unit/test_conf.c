/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/unit.h"

#include <unistd.h>

#include "base/clock.h"
#include "base/conf.h"
#include "base/err.h"

struct conf {
	char *name, *listen;
	uint64_t port;
	bool fast;
	int64_t wait;
};

static const struct lw_conf_key keys[] = {
	{ "name", LW_CONF_STRING, offsetof(struct conf, name), NULL, 0, 10, "a name" },
	{ "listen", LW_CONF_ADDRS, offsetof(struct conf, listen), "127.0.0.1", 0, 0, "where" },
	{ "port", LW_CONF_UINT, offsetof(struct conf, port), "389", 1, 65535, "a port" },
	{ "fast", LW_CONF_BOOL, offsetof(struct conf, fast), "yes", 0, 0, "or slow" },
	{ "wait", LW_CONF_DURATION, offsetof(struct conf, wait), "5s", 0, 0, "how long" },
};
#define NKEYS (sizeof keys / sizeof *keys)

static void defaults(void **state)
{
	struct conf c;
	char err[256];

	assert_int_equal(lw_conf_parse(keys, NKEYS, "f", LW_LIT(""), &c, err), LW_OK);
	assert_null(c.name);
	assert_string_equal(c.listen, "127.0.0.1");
	assert_int_equal(c.port, 389);
	assert_true(c.fast);
	assert_int_equal(c.wait, 5 * LW_SECOND);
	lw_conf_done(keys, NKEYS, &c);
	assert_null(c.listen);
}

static void values(void **state)
{
	struct conf c;
	char err[256];

	assert_int_equal(lw_conf_parse(keys, NKEYS, "f",
	                         LW_LIT("# comment\n\n name = acme x \r\nlisten=::1 , "
	                                "10.0.0.1\nport\t=\t636\n  # more\nfast = off\nwait=2h"),
	                         &c, err),
	        LW_OK);
	assert_string_equal(c.name, "acme x");
	assert_string_equal(c.listen, "::1 , 10.0.0.1");
	assert_int_equal(c.port, 636);
	assert_false(c.fast);
	assert_int_equal(c.wait, 7200 * LW_SECOND);
	lw_conf_done(keys, NKEYS, &c);
}

static void refusals(void **state)
{
	static const char *const rows[][2] = {
		{ "port = 1\ncolour = red\n", "f:2: unknown key 'colour'" },
		{ "\nport = 1\nport = 2\n", "f:3: port: set already in line 2" },
		{ "port = 0", "f:1: port: must be a number from 1 to 65535" },
		{ "port = 65536", "f:1: port: must be a number from 1 to 65535" },
		{ "port = -1", "f:1: port: must be a number from 1 to 65535" },
		{ "port =", "f:1: port: must be a number from 1 to 65535" },
		{ "fast = maybe", "f:1: fast: must be yes or no" },
		{ "wait = 5", "f:1: wait: must be a duration such as 5s, 10m, 1h or 30d" },
		{ "listen = localhost", "f:1: listen: must be IP addresses, separated by commas" },
		{ "listen = 127.0.0.1,", "f:1: listen: must be IP addresses, separated by commas" },
		{ "listen =", "f:1: listen: must be IP addresses, separated by commas" },
		{ "name = 12345678901", "f:1: name: at most 10 octets" },
		{ "name = \xff", "f:1: name: not text in UTF-8" },
		{ "port 7", "f:1: expected KEY = VALUE" },
		{ "= 7", "f:1: unknown key ''" },
		{ "Port = 7", "f:1: unknown key 'Port'" },
		{ "\x1b[1m = 7", "f:1: unknown key '?[1m'" },
	};
	struct conf c;
	char err[256];

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		assert_int_equal(lw_conf_parse(keys, NKEYS, "f", lw_str(rows[i][0]), &c, err), LW_EINVAL);
		assert_string_equal(err, rows[i][1]);
		assert_null(c.name);
		assert_null(c.listen);
	}
	assert_int_equal(lw_conf_parse(keys, NKEYS, "f", LW_LIT("name = a\0b"), &c, err), LW_EINVAL);
	assert_string_equal(err, "f:1: name: not text in UTF-8");
}

static void files(void **state)
{
	static char big[LW_CONF_MAX_FILE + 1];
	char path[] = "test_conf.XXXXXX", err[256];
	struct conf c;
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, "port = 5\n", 9), 9);
	assert_int_equal(lw_conf_load(keys, NKEYS, path, &c, err), LW_OK);
	assert_int_equal(c.port, 5);
	lw_conf_done(keys, NKEYS, &c);
	memset(big, '\n', sizeof big);
	assert_int_equal(pwrite(fd, big, sizeof big, 0), (ssize_t)sizeof big);
	assert_int_equal(lw_conf_load(keys, NKEYS, path, &c, err), LW_EINVAL);
	assert_non_null(strstr(err, ": longer than 65536 octets"));
	close(fd);
	unlink(path);
	assert_int_equal(lw_conf_load(keys, NKEYS, path, &c, err), LW_EINVAL);
	assert_non_null(strstr(err, "No such file"));
	assert_int_equal(lw_conf_load(keys, NKEYS, "/", &c, err), LW_EINVAL);
	assert_string_equal(err, "/: not a file");
	assert_int_equal(
	        lw_conf_parse(keys, NKEYS, "f", (struct lw_bytes){ (uint8_t *)big, sizeof big }, &c, err),
	        LW_EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(defaults),
		cmocka_unit_test(values),
		cmocka_unit_test(refusals),
		cmocka_unit_test(files),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
