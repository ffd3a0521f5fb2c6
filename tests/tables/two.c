/* SPDX-License-Identifier: Apache-2.0 */
/* Two tenants on a running lwd, made the same but for their canaries. A great many random requests of either's people,
 * the installation's administrator and nobody, over every protocol: none may bring up a canary of a tenant whose people
 * did not ask. Each protocol has a process of its own with a connection for each subject.
 *   two --data DIR --offset N --admin PASSWORD [--seed N] [--requests N] [--plant] [--time [KIND]]
 * The tenants beta.example and gamma.example have been made, with admin's password. --plant: a canary is put where it
 * must be found: every protocol that could show it has to fail. --time: two_time.c instead. */
#include "tests/tables/two.h"

#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define ASKERS 64
#define DEPTH  64

struct two two = { .seed = 1 };

static unsigned tests, failures;

void result(bool ok, const char *fmt, ...)
{
	va_list ap;

	printf("%sok %u - ", ok ? "" : "not ", ++tests);
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	printf("\n");
	fflush(stdout);
	failures += !ok;
}

/* ---- chance ---- */

static uint64_t state;

uint64_t draw_state(uint64_t seed)
{
	uint64_t was = state;

	state = seed ? seed : 1;
	return was;
}

unsigned draw(unsigned n)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (unsigned)((state >> 20) % n);
}

enum side other(enum side s)
{
	return s == BETA ? GAMMA : s == GAMMA ? BETA : draw(2) ? BETA : GAMMA;
}

/* ---- one protocol ---- */

static const struct {
	const char *name;
	size_t (*askers)(struct asker *, size_t max);
	unsigned share; /* of 100 requests */
	void (*round)(void);
} protocols[] = {
	{ "ldap", ldap_askers, 62, NULL },
	{ "kdc", krb_askers, 25, krb_round },
	{ "https", http_askers, 10, NULL },
	{ "control", control_askers, 3, NULL },
};
#define NPROTOCOLS (sizeof(protocols) / sizeof(*protocols))

static struct tally {
	unsigned long asked, good, heard, leaks;
	double seconds;
} *tallies; /* shared */

static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static void look(struct tally *t, const struct asker *a, const struct asked *q, struct lw_bytes b)
{
	const char *what = NULL;
	unsigned heard = canary_heard(b, q->text, q->may, &what), may = q->may == NEITHER ? 0 : 1u << q->may;

	t->heard += (heard & may) != 0;
	if (!(heard & ~may))
		return;
	if (t->leaks++ < 5)
		printf("# %s as %s of %s hears %s: %s\n", a->protocol, a->name, a->home == NEITHER ? "no tenant" : tenants[a->home].name, what, q->text);
}

static void take(struct tally *t, struct asker *a, const struct asked *q)
{
	struct lw_bytes b = wire_answer(a->wire), sealed;
	bool good = false;

	if (!b.n)
		die("%s as %s: no answer to %s", a->protocol, a->name, q->text);
	sealed = a->open_answer(a, q, b, &good);
	look(t, a, q, b);
	if (sealed.n)
		look(t, a, q, sealed);
	t->asked++;
	t->good += good;
}

static void serve(size_t protocol, unsigned long requests)
{
	static struct asker askers[ASKERS];
	static struct asked asked[ASKERS][DEPTH];
	size_t n = protocols[protocol].askers(askers, ASKERS);
	struct tally *t = &tallies[protocol];
	struct lw_writer out;
	double begin = now();

	draw_state(two.seed * UINT64_C(0x9e3779b97f4a7c15) + protocol);
	lw_writer_init(&out, 1u << 20);
	for (size_t i = 0; i < n; i++)
		askers[i].wire = askers[i].open(&askers[i]);
	while (t->asked < requests) {
		unsigned turn = draw(16);

		if (protocols[protocol].round)
			protocols[protocol].round();

		for (size_t i = 0; i < n; i++) {
			lw_writer_reset(&out);
			for (unsigned k = 0; k < askers[i].depth && turn < askers[i].share; k++)
				askers[i].make(&askers[i], &out, &asked[i][k]);
			if (out.n)
				wire_send(askers[i].wire, lw_written(&out));
		}
		for (size_t i = 0; i < n; i++)
			for (unsigned k = 0; k < askers[i].depth && turn < askers[i].share; k++)
				take(t, &askers[i], &asked[i][k]);
		lw_arena_reset(world.arena);
	}
	t->seconds = now() - begin;
}

/* ---- all of them ---- */

static void million(unsigned long requests, bool planted)
{
	unsigned long all = 0, leaks = 0;
	double begin = now();
	pid_t pids[NPROTOCOLS];

	tallies = mmap(NULL, sizeof(*tallies) * NPROTOCOLS, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	fflush(stdout);
	for (size_t i = 0; i < NPROTOCOLS; i++) {
		pids[i] = fork();
		if (pids[i] < 0)
			die("fork");
		if (!pids[i]) {
			serve(i, requests * protocols[i].share / 100 + 1);
			fflush(stdout);
			_exit(0);
		}
	}
	for (size_t i = 0; i < NPROTOCOLS; i++) {
		const struct tally *t = &tallies[i];
		int status;

		waitpid(pids[i], &status, 0);
		printf("# %s: %lu requests in %.1f s, %lu granted something, %lu with the own canary, %lu with another's\n", protocols[i].name, t->asked,
		        t->seconds, t->good, t->heard, t->leaks);
		all += t->asked;
		leaks += t->leaks;
		result(status == 0 && (planted ? t->leaks > 0 : t->leaks == 0), "%s: %s", protocols[i].name,
		        planted ? "the planted canary is found" : "no canary of the other tenant");
		if (!planted)
			result(t->heard > t->asked / 200 && t->good > t->asked / 10, "%s: what one may hear is heard", protocols[i].name);
	}
	if (!planted)
		result(all >= requests, "%lu requests in %.1f s", all, now() - begin);
}

int main(int argc, char **argv)
{
	unsigned long requests = 1000000;
	bool plant = false, times = false;
	const char *only = NULL;

	for (int i = 1; i < argc; i++) {
		const char *value = i + 1 < argc ? argv[i + 1] : "";

		if (!strcmp(argv[i], "--plant")) {
			plant = true;
			continue;
		}
		if (!strcmp(argv[i], "--time")) {
			times = true;
			only = *value && *value != '-' ? argv[++i] : NULL;
			continue;
		}
		if (!strcmp(argv[i], "--data"))
			two.data = value;
		else if (!strcmp(argv[i], "--offset"))
			two.offset = atoi(value);
		else if (!strcmp(argv[i], "--admin"))
			two.admin = value;
		else if (!strcmp(argv[i], "--seed"))
			two.seed = strtoull(value, NULL, 0);
		else if (!strcmp(argv[i], "--requests"))
			requests = strtoul(value, NULL, 0);
		else
			die("what is %s?", argv[i]);
		i++;
	}
	printf("TAP version 13\n# seed %llu\n", (unsigned long long)two.seed);
	world.arena = lw_arena_new(64u << 20, false);
	if (!two.data || !two.admin || !world.arena)
		die("usage: two --data DIR --offset N --admin PASSWORD [...]");
	draw_state(two.seed);
	two_world();
	if (plant)
		two_plant();
	if (times)
		two_times(only);
	else
		million(requests, plant);
	printf("1..%u\n", tests);
	return failures != 0;
}
