/* SPDX-License-Identifier: Apache-2.0 */
/* The store alone, no protocol: durable adds and modifies of an 8-attribute person (cn and mail substring-indexed).
 *   storebench [ENTRIES [DIR]]     loads ENTRIES (default 100000) first, then measures in batches of 1, 16 and 64 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/err.h"
#include "store/engine.h"

static struct store *st;
static uint64_t people, loaded;
static uint64_t seed = 88172645463325252;

static uint64_t rnd(uint64_t n)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed % n;
}

static const char *const syllables[] = { "an", "ber", "ca", "dor", "el", "fin", "ga", "hil", "is", "jo", "ka", "lin",
	"ma", "nor", "ol", "per", "quin", "ro", "sa", "tim", "ur", "vi", "wen", "xa", "yo", "zel", "sch", "mid", "ton", "ley" };

static void name(char *buf, size_t size, unsigned parts)
{
	size_t n = 0;

	for (unsigned i = 0; i < parts; i++)
		n += (size_t)snprintf(buf + n, size - n, "%s", syllables[rnd(sizeof(syllables) / sizeof(*syllables))]);
	buf[0] = (char)(buf[0] - 32);
}

static uint16_t id_of(const char *attr)
{
	const struct schema_attr *a = schema_attr(lw_str(attr));

	if (!a) {
		fprintf(stderr, "no attribute %s\n", attr);
		exit(1);
	}
	return a->id;
}

static int base(void *ctx, struct eng_txn *txn, struct eng_fx *fx)
{
	struct eng_tenant t = { .id = 1, .name = LW_LIT("acme.example"), .realm = LW_LIT("ACME.EXAMPLE") };
	struct eng_entry e = { .tenant = 1, .rdn_text = LW_LIT("dc=acme,dc=example"), .rdn_norm = LW_LIT("acme") };
	struct lw_bytes oc[] = { LW_LIT("top"), LW_LIT("domain") };
	struct eng_values v = { .attr = id_of("objectClass"), .values = oc, .n = 2 };

	eng_fx_tenant_put(fx, &t);
	e.id = eng_fx_new_id(fx, 1);
	e.uuid = lw_uuid_new(&lw_clock_system);
	eng_fx_entry_new(fx, &e, &v, 1);
	return LW_OK;
}

static int add(void *ctx, struct eng_txn *txn, struct eng_fx *fx)
{
	struct eng_entry e = { .tenant = 1, .parent = 1 };
	struct lw_bytes oc[] = { LW_LIT("top"), LW_LIT("person"), LW_LIT("organizationalPerson"), LW_LIT("inetOrgPerson") };
	char uid[40], cn[80], sn[40], gn[40], mail[120], tel[40], title[40], rdn[64], uuid[LW_UUID_TEXT];
	struct lw_bytes b[8];
	struct eng_values v[9];
	uint64_t dup;

	name(gn, sizeof(gn), 2);
	name(sn, sizeof(sn), 3);
	e.id = eng_fx_new_id(fx, 1);
	snprintf(uid, sizeof(uid), "u%07llu", (unsigned long long)e.id);
	snprintf(cn, sizeof(cn), "%s %s", gn, sn);
	snprintf(mail, sizeof(mail), "%s.%s%llu@acme.example", gn, sn, (unsigned long long)e.id);
	snprintf(tel, sizeof(tel), "+1 555 %07llu", (unsigned long long)rnd(10000000));
	snprintf(title, sizeof(title), "Grade %llu", (unsigned long long)rnd(20));
	snprintf(rdn, sizeof(rdn), "uid=%s", uid);
	e.uuid = lw_uuid_new(&lw_clock_system);
	lw_uuid_format(&e.uuid, uuid);
	e.rdn_text = e.rdn_norm = lw_str(rdn);
	if (eng_child(txn, 1, 1, e.rdn_norm, &dup) != LW_ENOTFOUND)
		return LW_EEXIST;
	b[0] = lw_str(uid), b[1] = lw_str(cn), b[2] = lw_str(sn), b[3] = lw_str(gn);
	b[4] = lw_str(mail), b[5] = lw_str(tel), b[6] = lw_str(title), b[7] = lw_str(uuid);
	static const char *const names[] = { "uid", "cn", "sn", "givenName", "mail", "telephoneNumber", "title", "entryUUID" };

	for (unsigned i = 0; i < 8; i++)
		v[i] = (struct eng_values){ .attr = id_of(names[i]), .values = &b[i], .n = 1 };
	v[8] = (struct eng_values){ .attr = id_of("objectClass"), .values = oc, .n = 4 };
	eng_fx_entry_new(fx, &e, v, 9);
	people = e.id;
	return LW_OK;
}

static int modify(void *ctx, struct eng_txn *txn, struct eng_fx *fx)
{
	char text[40];
	struct lw_bytes b = { (const uint8_t *)text, 0 };
	struct eng_values v = { .attr = id_of("description"), .values = &b, .n = 1 };
	struct eng_entry e;
	uint64_t id = 2 + rnd(loaded - 2);
	int err = eng_entry(txn, 1, id, &e);

	if (err)
		return err;
	b.n = (size_t)snprintf(text, sizeof(text), "changed %llu", (unsigned long long)rnd(1u << 30));
	eng_fx_attr(fx, 1, id, ENG_REPLACE, &v);
	return LW_OK;
}

struct result {
	double rate, cpu, pages; /* operations a second; microseconds of CPU and pages written for each */
};

static double pages(void)
{
	char line[80];
	double n = 0;
	FILE *f = fopen("/proc/self/io", "r");

	while (f && fgets(line, sizeof(line), f))
		if (!strncmp(line, "wchar:", 6))
			n = strtod(line + 6, NULL) / 4096;
	if (f)
		fclose(f);
	return n;
}

static int64_t cpu_us(void)
{
	struct rusage u;

	getrusage(RUSAGE_SELF, &u);
	return (u.ru_utime.tv_sec + u.ru_stime.tv_sec) * INT64_C(1000000) + u.ru_utime.tv_usec + u.ru_stime.tv_usec;
}

static struct result run(eng_resolve *fn, size_t batch, double seconds, uint64_t most)
{
	int64_t cpu = cpu_us();
	double written = pages();
	eng_resolve *fns[1024];
	void *ctx[1024] = { 0 };
	int64_t start = lw_mono(&lw_clock_system), now;
	uint64_t n = 0;

	for (size_t i = 0; i < batch; i++)
		fns[i] = fn;
	do {
		int err = eng_submit_now(st, fns, ctx, batch, NULL);

		if (err) {
			fprintf(stderr, "%s\n", lw_strerror(err));
			exit(1);
		}
		n += batch;
		now = lw_mono(&lw_clock_system);
	} while (now - start < (int64_t)(seconds * 1e6) && n < most);
	return (struct result){ (double)n * 1e6 / (double)(now - start), (double)(cpu_us() - cpu) / (double)n,
		(pages() - written) / (double)n };
}

int main(int argc, char **argv)
{
	uint64_t entries = argc > 1 ? strtoull(argv[1], NULL, 10) : 100000;
	char dir[256] = "storebench-XXXXXX", err[256], path[512];
	static const size_t sizes[] = { 1, 16, 64 };
	struct result rate[2][3];

	if (argc > 2)
		snprintf(dir, sizeof(dir), "%s", argv[2]);
	else if (!mkdtemp(dir))
		return 1;
	if (store_open(dir, STORE_OPEN_CREATE, &lw_clock_system, &st, err)) {
		fprintf(stderr, "%s\n", err);
		return 1;
	}
	run(base, 1, 0, 1);
	struct result load = run(add, 1000, 1e9, entries);

	loaded = people;
	printf("load  %8.0f/s %5.0f us CPU (batches of 1000, %llu entries)\n", load.rate, load.cpu, (unsigned long long)loaded);
	for (unsigned i = 0; i < 3; i++)
		rate[1][i] = run(modify, sizes[i], 3, UINT64_MAX);
	for (unsigned i = 0; i < 3; i++)
		rate[0][i] = run(add, sizes[i], 3, UINT64_MAX);
	for (unsigned i = 0; i < 3; i++)
		printf("batch %2zu: %7.0f adds/s %4.0f us CPU %5.1f pages, %7.0f modifies/s %4.0f us CPU %5.1f pages\n", sizes[i],
			rate[0][i].rate, rate[0][i].cpu, rate[0][i].pages, rate[1][i].rate, rate[1][i].cpu, rate[1][i].pages);
	store_close(st);
	if (argc <= 2) {
		static const char *const files[] = { "db/data.mdb", "db/lock.mdb", "db/writer.lock" };

		for (unsigned i = 0; i < 3; i++) {
			snprintf(path, sizeof(path), "%s/%s", dir, files[i]);
			unlink(path);
		}
		snprintf(path, sizeof(path), "%s/db", dir);
		rmdir(path);
		rmdir(dir);
	}
	return 0;
}
