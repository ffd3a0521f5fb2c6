/* SPDX-License-Identifier: Apache-2.0 */
/* What stands on stderr is read back with jansson. */
#include "tests/unit/unit.h"

#include <fcntl.h>
#include <pthread.h>
#include <sys/mman.h>
#include <unistd.h>

#include <jansson.h>

#include "base/log.h"

static int saved, captured;
static char text[1 << 20];

static void begin(void)
{
	captured = memfd_create("log", 0);
	assert_true(captured >= 0);
	assert_int_equal(fcntl(captured, F_SETFL, O_APPEND), 0);
	saved = dup(2);
	dup2(captured, 2);
}

/* Puts stderr back; what was written to it. */
static size_t end(void)
{
	ssize_t n;

	dup2(saved, 2);
	close(saved);
	n = pread(captured, text, sizeof text - 1, 0);
	close(captured);
	assert_true(n >= 0);
	text[n] = 0;
	return (size_t)n;
}

static json_t *parsed(void)
{
	json_t *o = json_loads(text, JSON_REJECT_DUPLICATES, NULL);

	assert_non_null(o);
	return o;
}

static const char *field(json_t *o, const char *name)
{
	return json_string_value(json_object_get(o, name));
}

static void fields(void **state)
{
	json_t *o;

	lw_log_role("directory");
	begin();
	lw_log(LW_INFO, "bind", "dn", "uid=\"a\\b\"\n\x01,\xc3\xa9", "bad", "x\xff\xed\xa0\x80y", "none",
	        NULL, NULL);
	assert_true(end() > 0);
	assert_int_equal(strchr(text, '\n') - text, (ptrdiff_t)strlen(text) - 1);
	o = parsed();
	assert_string_equal(field(o, "level"), "info");
	assert_string_equal(field(o, "role"), "directory");
	assert_int_equal(json_integer_value(json_object_get(o, "pid")), getpid());
	assert_string_equal(field(o, "event"), "bind");
	assert_string_equal(field(o, "dn"), "uid=\"a\\b\"\n\x01,\xc3\xa9");
	assert_string_equal(field(o, "bad"), "x\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbdy");
	assert_string_equal(field(o, "none"), "");
	assert_int_equal(strlen(field(o, "time")), 24);
	assert_int_equal(field(o, "time")[10], 'T');
	assert_int_equal(field(o, "time")[23], 'Z');
	json_decref(o);
}

static void levels(void **state)
{
	begin();
	lw_log(LW_DEBUG, "quiet", NULL);
	lw_log_level(LW_ERROR);
	lw_log(LW_WARN, "quiet", NULL);
	lw_log_level(LW_INFO);
	assert_int_equal(end(), 0);
}

/* Whatever the length of a value, the line is JSON and at most 4 KiB. */
static void long_values(void **state)
{
	static char value[6000];
	static const char *const fill[] = { "a", "\"", "\x01", "\xc3\xa9" };

	for (size_t f = 0; f < 4; f++) {
		for (size_t n = 3800; n < 4200; n++) {
			json_t *o;
			size_t at = 0;

			while (at + strlen(fill[f]) <= n)
				for (const char *c = fill[f]; *c; c++)
					value[at++] = *c;
			value[at] = 0;
			begin();
			lw_log(LW_INFO, "e", "v", value, "w", "after", NULL);
			assert_true(end() <= 4096);
			o = parsed();
			assert_true(field(o, "v") == NULL || strlen(field(o, "v")) <= at);
			json_decref(o);
		}
	}
}

static void *chatter(void *p)
{
	for (int i = 0; i < 200; i++)
		lw_log(LW_INFO, "chatter", "who", p, NULL);
	return NULL;
}

static void threads(void **state)
{
	pthread_t t[4];
	char *line = text, *next;
	int lines = 0;

	begin();
	for (int i = 0; i < 4; i++)
		assert_int_equal(pthread_create(&t[i], NULL, chatter, (void *)(uintptr_t) "thread"), 0);
	for (int i = 0; i < 4; i++)
		pthread_join(t[i], NULL);
	end();
	for (; (next = strchr(line, '\n')); line = next + 1, lines++) {
		json_t *o;

		*next = 0;
		o = json_loads(line, 0, NULL);
		assert_non_null(o);
		json_decref(o);
	}
	assert_int_equal(lines, 800);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fields),
		cmocka_unit_test(levels),
		cmocka_unit_test(long_values),
		cmocka_unit_test(threads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
