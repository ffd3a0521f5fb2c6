/* SPDX-License-Identifier: Apache-2.0 */
#include "base/log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"

#define LINE_MAX_OCTETS 4096
#define TAIL            4 /* kept free for a closing quote, brace and newline */

static const char *const level_names[] = { "debug", "info", "warn", "error" };
static char log_role[32] = "main";
static atomic_int least_level = LW_INFO;

struct line {
	char p[LINE_MAX_OCTETS];
	size_t n;
};

void lw_log_role(const char *role)
{
	snprintf(log_role, sizeof log_role, "%s", role);
}

void lw_log_level(enum lw_level least)
{
	atomic_store(&least_level, (int)least);
}

/* All of s or nothing; TAIL octets are kept free for the end of the line. */
static bool add(struct line *l, const char *s, size_t n)
{
	if (n > sizeof l->p - TAIL - l->n)
		return false;
	memcpy(l->p + l->n, s, n);
	l->n += n;
	return true;
}

/* Octets of the UTF-8 sequence at s, 0 when it is none. Cheap and strict enough: the log must stay JSON. */
static size_t utf8_len(const unsigned char *s)
{
	static const struct {
		unsigned char low, high, second_low, second_high, len;
	} forms[] = {
		{ 0xc2, 0xdf, 0x80, 0xbf, 2 },
		{ 0xe0, 0xe0, 0xa0, 0xbf, 3 },
		{ 0xe1, 0xec, 0x80, 0xbf, 3 },
		{ 0xed, 0xed, 0x80, 0x9f, 3 },
		{ 0xee, 0xef, 0x80, 0xbf, 3 },
		{ 0xf0, 0xf0, 0x90, 0xbf, 4 },
		{ 0xf1, 0xf3, 0x80, 0xbf, 4 },
		{ 0xf4, 0xf4, 0x80, 0x8f, 4 },
	};

	for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
		if (s[0] < forms[i].low || s[0] > forms[i].high)
			continue;
		if (s[1] < forms[i].second_low || s[1] > forms[i].second_high)
			return 0;
		for (size_t k = 2; k < forms[i].len; k++)
			if ((s[k] & 0xc0) != 0x80)
				return 0;
		return forms[i].len;
	}
	return 0;
}

/* The inside of a JSON string; cut where the line is full (the caller has kept room for the quote). */
static void add_escaped(struct line *l, const char *text)
{
	const unsigned char *s = (const unsigned char *)text;

	while (*s) {
		char esc[8];
		size_t n = 1, used = 1;

		if (*s == '"' || *s == '\\') {
			esc[0] = '\\';
			esc[1] = (char)*s;
			n = 2;
		} else if (*s < 0x20 || *s == 0x7f) {
			n = (size_t)snprintf(esc, sizeof esc, "\\u%04x", *s);
		} else if (*s < 0x80) {
			esc[0] = (char)*s;
		} else if ((used = utf8_len(s))) {
			memcpy(esc, s, used);
			n = used;
		} else {
			n = (size_t)snprintf(esc, sizeof esc, "\\ufffd");
			used = 1;
		}
		if (!add(l, esc, n))
			return;
		s += used;
	}
}

/* ,"name":"value" — a field that does not fit at all is left out, a value is cut. */
static void add_field(struct line *l, const char *name, const char *value)
{
	size_t start = l->n;

	if (!add(l, ",\"", 2))
		return;
	add_escaped(l, name);
	if (!add(l, "\":\"", 3) || l->n >= sizeof l->p - TAIL - 1) {
		l->n = start;
		return;
	}
	add_escaped(l, value ? value : "");
	l->p[l->n++] = '"'; /* out of TAIL when the value was cut */
}

void lw_log(enum lw_level level, const char *event, ...)
{
	char time[LW_TIME_TEXT];
	const char *name;
	struct line l;
	int saved = errno;
	va_list ap;

	if ((int)level < atomic_load(&least_level))
		return;
	lw_time_rfc3339(lw_wall(&lw_clock_system), time);
	l.n = (size_t)snprintf(l.p, sizeof l.p,
	        "{\"time\":\"%s\",\"level\":\"%s\",\"role\":\"%s\",\"pid\":%ld", time, level_names[level],
	        log_role, (long)getpid());
	add_field(&l, "event", event);
	va_start(ap, event);
	while ((name = va_arg(ap, const char *)) && l.n < sizeof l.p - TAIL)
		add_field(&l, name, va_arg(ap, const char *));
	va_end(ap);
	l.p[l.n++] = '}';
	l.p[l.n++] = '\n';
	while (write(STDERR_FILENO, l.p, l.n) < 0 && errno == EINTR)
		;
	errno = saved;
}
