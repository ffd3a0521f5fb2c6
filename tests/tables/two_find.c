/* SPDX-License-Identifier: Apache-2.0 */
/* Aho and Corasick's machine: all canaries in one pass over an answer, letters in any case. */
#include "tests/tables/two.h"

#include <ctype.h>

#include "base/text.h"

#define STATES 24000

struct pattern {
	enum side side;
	char id[37], name[80]; /* id: empty for a word */
	uint8_t octets[64];
	size_t n;
};
static struct pattern patterns[1200];
static unsigned npatterns;
static uint16_t next[STATES][256], fail[STATES], ends[STATES]; /* ends: pattern + 1 */
static unsigned nstates = 1;
static uint8_t fold[256];

static void add(enum side side, const char *id, const char *form, const uint8_t *p, size_t n)
{
	struct pattern *t = &patterns[npatterns++];
	unsigned s = 0;

	if (npatterns > sizeof(patterns) / sizeof(*patterns) || n > sizeof(t->octets))
		die("too many canaries");
	t->side = side;
	snprintf(t->id, sizeof(t->id), "%s", id);
	snprintf(t->name, sizeof(t->name), "%s's %s %s", tenants[side].name, form, *id ? id : tenants[side].word);
	for (size_t i = 0; i < n; i++) {
		uint16_t *to = &next[s][fold[p[i]]];

		if (!*to) {
			if (nstates == STATES)
				die("too many canaries");
			*to = (uint16_t)nstates++;
		}
		s = *to;
	}
	ends[s] = (uint16_t)npatterns;
}

static void prepare(void)
{
	for (int i = 0; i < 256; i++)
		fold[i] = (uint8_t)tolower(i);
}

void canary_word(enum side side, const char *word)
{
	char hex[64], padded[64];
	size_t n = strlen(word);

	prepare();
	add(side, "", "word", (const uint8_t *)word, n);
	for (size_t i = 0; i < n; i++)
		snprintf(hex + 2 * i, 3, "%02x", (unsigned char)word[i]);
	add(side, "", "word in hexadecimal", (const uint8_t *)hex, 2 * n);
	/* what of it does not depend on its neighbours */
	for (size_t before = 0; before < 3; before++) {
		char *text;
		size_t from = before ? 4 : 0, to = (before + n) / 3 * 4;

		memcpy(padded, "aaa", before);
		memcpy(padded + before, word, n);
		text = lw_base64url(world.arena, (struct lw_bytes){ (uint8_t *)padded, before + n });
		add(side, "", "word in base64", (uint8_t *)text + from, to - from);
	}
}

void canary_id(enum side side, const char *hex)
{
	uint8_t octets[16];
	size_t n = 0;

	prepare();
	add(side, hex, "id", (const uint8_t *)hex, strlen(hex));
	for (const char *p = hex; *p && n < 32; p++)
		if (*p != '-') {
			uint8_t v = (uint8_t)(isdigit((unsigned char)*p) ? *p - '0' : tolower(*p) - 'a' + 10);
			octets[n / 2] = (uint8_t)(n & 1 ? octets[n / 2] | v : v << 4);
			n++;
		}
	add(side, hex, "id in octets", octets, n / 2);
}

void canary_done(void)
{
	static uint16_t queue[STATES];
	unsigned head = 0, tail = 0;

	for (int c = 0; c < 256; c++)
		if (next[0][c])
			queue[tail++] = next[0][c];
	while (head < tail) {
		unsigned s = queue[head++];

		if (!ends[s])
			ends[s] = ends[fail[s]];
		for (int c = 0; c < 256; c++) {
			uint16_t to = next[s][c];

			if (to) {
				fail[to] = next[fail[s]][c];
				queue[tail++] = to;
			} else {
				next[s][c] = next[fail[s]][c];
			}
		}
	}
}

unsigned canary_heard(struct lw_bytes b, const char *request, enum side mine, const char **ret_what)
{
	unsigned s = 0, heard = 0;

	for (size_t i = 0; i < b.n; i++) {
		const struct pattern *t;

		s = next[s][fold[b.p[i]]];
		if (!ends[s])
			continue;
		t = &patterns[ends[s] - 1];
		if (t->id[0] && strcasestr(request, t->id))
			continue;
		heard |= 1u << t->side;
		if (t->side != mine)
			*ret_what = t->name;
	}
	return heard;
}
