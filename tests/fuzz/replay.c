/* SPDX-License-Identifier: Apache-2.0 */
/* Feeds files to a fuzzer's function without libFuzzer: those of the command line (a directory stands for the
 * files in it), else, as replay_X, those of tests/fuzz/corpus/X below $srcdir. One TAP line in the end. */
#include <dirent.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define INPUT_MAX (1u << 20)

static unsigned inputs;
static bool failed;

static void one_file(const char *path)
{
	FILE *f = fopen(path, "rb");
	uint8_t *all = malloc(INPUT_MAX), *exact;
	size_t n;

	printf("# %s\n", path);
	fflush(stdout);
	if (!f || !all) {
		perror(path);
		failed = true;
		goto out;
	}
	n = fread(all, 1, INPUT_MAX, f);
	exact = malloc(n ? n : 1); /* so that a sanitizer sees a read behind the end */
	if (exact) {
		memcpy(exact, all, n);
		LLVMFuzzerTestOneInput(exact, n);
		inputs++;
	}
	free(exact);
out:
	free(all);
	if (f)
		fclose(f);
}

static void one(const char *path)
{
	struct dirent **names;
	struct stat st;
	int n;

	if (stat(path, &st)) {
		perror(path);
		failed = true;
		return;
	}
	if (!S_ISDIR(st.st_mode)) {
		one_file(path);
		return;
	}
	n = scandir(path, &names, NULL, alphasort);
	for (int i = 0; i < n; i++) {
		char full[4096];

		if (names[i]->d_name[0] != '.' &&
		        (size_t)snprintf(full, sizeof full, "%s/%s", path, names[i]->d_name) < sizeof full)
			one_file(full);
		free(names[i]);
	}
	if (n >= 0)
		free(names);
}

int main(int argc, char **argv)
{
	const char *name = strrchr(argv[0], '/'), *srcdir = getenv("srcdir");
	char corpus[4096];

	name = name ? name + 1 : argv[0];
	if (!strncmp(name, "replay_", 7))
		name += 7;
	printf("1..1\n");
	LLVMFuzzerTestOneInput((const uint8_t *)"", 0);
	for (int i = 1; i < argc; i++)
		one(argv[i]);
	if (argc == 1) {
		snprintf(corpus, sizeof corpus, "%s/tests/fuzz/corpus/%s", srcdir ? srcdir : ".", name);
		one(corpus);
	}
	if (!inputs)
		failed = true;
	printf("%s 1 - %s: %u inputs\n", failed ? "not ok" : "ok", name, inputs);
	return failed;
}
