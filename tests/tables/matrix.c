/* SPDX-License-Identifier: Apache-2.0 */
/* The tenant matrix: every row of every operation table as every kind of subject, against exact outcomes. A
 * row without an expectation fails, an expectation without a row too. matrix                 the matrix
 *   matrix --mutants       every row's right zeroed in turn: each such mutant must fail the matrix, and must
 * refuse matrix TABLE[:ROW]     only that */
#include "tests/tables/tables.h"

#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

const struct table *const tables[] = { &table_operations, &table_extended, &table_controls, &table_verbs,
	&table_forwarded, &table_messages, &table_writes, &table_kdc, &table_padata, &table_options, &table_routes, &table_relay,
	&table_mechanism, &table_token_type, &table_profile, &table_ws_trust };
const size_t ntables = sizeof(tables) / sizeof(tables[0]);

static unsigned tests, failures;
static char prepared[64];

__attribute__((format(printf, 2, 3))) static void result(bool ok, const char *fmt, ...)
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

/* ---- the matrix ---- */

static bool has_row(const struct table *t, const char *name)
{
	for (size_t i = 0; i < t->rows(); i++)
		if (!strcmp(t->row(i), name))
			return true;
	return false;
}

static void check_completeness(const struct table *t)
{
	for (size_t i = 0; i < t->rows(); i++) {
		bool found = false;

		for (const struct line *l = t->lines; l->row && !found; l++)
			found = !strcmp(l->row, t->row(i));
		if (!found)
			result(false, "%s %s: no expectation is written for this row", t->name, t->row(i));
	}
	for (const struct line *l = t->lines; l->row; l++) {
		if (!has_row(t, l->row))
			result(false, "%s %s: an expectation without a row", t->name, l->row);
		for (int who = 0; who < COLUMNS; who++)
			if (!l->want[who])
				result(false, "%s %s, %s: nothing expected for %s", t->name, l->row, l->what,
				        column_names[who]);
	}
}

static bool run_line(const struct table *t, const struct line *l)
{
	bool all = true;

	for (int who = 0; who < COLUMNS; who++) {
		const char *got;

		world_fresh(prepared);
		got = t->ask((enum column)who, l->request);
		if (strcmp(got, l->want[who])) {
			printf("# %s %s, %s, as %s: wanted %s, got %s\n", t->name, l->row, l->what,
			        column_names[who], l->want[who], got);
			all = false;
		}
	}
	return all;
}

static void run_table(const struct table *t, const char *only)
{
	check_completeness(t);
	for (const struct line *l = t->lines; l->row; l++)
		if (!only || !strcmp(only, l->row)) {
			bool ok = run_line(t, l);
			result(ok, "%s %s: %s", t->name, l->row, l->what);
		}
}

static int matrix(const char *only)
{
	const char *row = only ? strchr(only, ':') : NULL;
	size_t n = row ? (size_t)(row - only) : only ? strlen(only) : 0;

	world_open(prepared);
	for (size_t i = 0; i < ntables; i++)
		if (!only || (strlen(tables[i]->name) == n && !strncmp(only, tables[i]->name, n)))
			run_table(tables[i], row ? row + 1 : NULL);
	world_close();
	return failures != 0;
}

/* ---- mutants ---- */

static void write_right(const struct right *r, unsigned value)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	uintptr_t from = (uintptr_t)r->at & ~(page - 1),
	          to = ((uintptr_t)r->at + r->size + page - 1) & ~(page - 1);

	if (r->size != sizeof(value))
		die("a right of another size");
	if (mprotect((void *)from, to - from, PROT_READ | PROT_WRITE))
		die("mprotect");
	memcpy(r->at, &value, r->size);
}

/* In a process of its own. 0: the matrix sees it, and a zero refuses; 1: it does not see it; 2: a zero lets
 * somebody in. */
static int try_mutant(const struct mutant *m)
{
	const struct table *t = m->table;
	bool seen = false, refuses = true;

	if (!freopen("/dev/null", "w", stderr))
		die("/dev/null");
	write_right(&m->right, m->value);
	world_open(prepared);
	for (const struct line *l = t->lines; l->row; l++) {
		if (strcmp(l->row, m->row))
			continue;
		for (int who = 0; who < COLUMNS; who++) {
			const char *got;

			world_fresh(prepared);
			got = t->ask((enum column)who, l->request);
			seen |= strcmp(got, l->want[who]) != 0;
			if (m->strict && t->granted(l, got)) {
				printf("# %s %s, %s, as %s: a zero right, and yet %s\n", t->name, l->row,
				        l->what, column_names[who], got);
				refuses = false;
			}
		}
		if (seen && !m->strict)
			break;
	}
	world_close();
	fflush(stdout);
	return !refuses ? 2 : !seen;
}

static void one_ended(const struct mutant *list, pid_t *pids, size_t n)
{
	static const char *const words[] = { "is seen", "is not seen", "lets somebody in" };
	int status;
	pid_t pid = wait(&status);

	for (size_t i = 0; i < n; i++)
		if (pids[i] == pid) {
			int code = WIFEXITED(status) ? WEXITSTATUS(status) : 99;
			pids[i] = 0;
			result(code == 0, "%s %s with %s = %u %s", list[i].table->name, list[i].row,
			        list[i].right.field, list[i].value,
			        code < 3 ? words[code] : "breaks the test");
		}
}

static int mutants(void)
{
	static struct mutant list[1024];
	static pid_t pids[1024];
	size_t n = list_mutants(list, 1024);
	unsigned running = 0;

	for (size_t i = 0; i < n; i++) {
		if (running == 2) {
			one_ended(list, pids, i);
			running--;
		}
		fflush(stdout);
		pids[i] = fork();
		if (pids[i] < 0)
			die("fork");
		if (!pids[i])
			_exit(try_mutant(&list[i]));
		running++;
	}
	for (; running; running--)
		one_ended(list, pids, n);
	return failures != 0;
}

int main(int argc, char **argv)
{
	int rc;

	printf("TAP version 13\n");
	fflush(stdout);
	world_prepare_apart(prepared);
	rc = argc > 1 && !strcmp(argv[1], "--mutants") ? mutants() : matrix(argc > 1 ? argv[1] : NULL);
	printf("1..%u\n", tests);
	world_remove(prepared);
	return rc;
}
