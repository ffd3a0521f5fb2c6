/* SPDX-License-Identifier: Apache-2.0 */
/* Only in builds configured with --enable-test-clock. LWD_TEST_CLOCK_OFFSET turns the wall clock of the whole program, libraries and all:
 * by so many seconds, or, when it is a path, by the signed number of 64 bits in the machine's own form that this file holds at the moment.
 * The monotonic clock is left alone. */
#include "base/clock.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#define SHOWN __attribute__((visibility("default"))) /* or libraries would ask the C library's */

static int64_t fixed;
static const volatile int64_t *turned = &fixed;
static int (*real)(clockid_t, struct timespec *);

const char *lw_clock_turned(void)
{
	const char *s = getenv("LWD_TEST_CLOCK_OFFSET");

	return s && *s ? s : NULL;
}

/* Before main, and so before there is a sandbox. */
__attribute__((constructor)) static void turn(void)
{
	const char *s = lw_clock_turned();
	char *end = NULL;

	*(void **)&real = dlsym(RTLD_NEXT, "clock_gettime");
	if (!s)
		return;
	if (*s == '/') {
		int fd = open(s, O_RDONLY | O_CLOEXEC);
		void *p = fd < 0 ? MAP_FAILED : mmap(NULL, sizeof(*turned), PROT_READ, MAP_SHARED, fd, 0);

		if (fd >= 0)
			close(fd);
		if (p != MAP_FAILED) {
			turned = p;
			return;
		}
	} else {
		errno = 0;
		fixed = strtoll(s, &end, 10);
		if (!errno && end != s && !*end)
			return;
	}
	fprintf(stderr, "LWD_TEST_CLOCK_OFFSET is no number of seconds and no file that has one: %s\n", s);
	exit(1);
}

SHOWN int clock_gettime(clockid_t id, struct timespec *ts)
{
	int r = real ? real(id, ts) : (int)syscall(SYS_clock_gettime, id, ts);

	if (r == 0 && (id == CLOCK_REALTIME || id == CLOCK_REALTIME_COARSE))
		ts->tv_sec += *turned;
	return r;
}

SHOWN time_t time(time_t *ret)
{
	struct timespec ts = { 0, 0 };

	clock_gettime(CLOCK_REALTIME, &ts);
	if (ret)
		*ret = ts.tv_sec;
	return ts.tv_sec;
}

SHOWN int gettimeofday(struct timeval *restrict tv, void *restrict tz)
{
	struct timespec ts = { 0, 0 };

	(void)tz;
	clock_gettime(CLOCK_REALTIME, &ts);
	tv->tv_sec = ts.tv_sec;
	tv->tv_usec = ts.tv_nsec / 1000;
	return 0;
}
