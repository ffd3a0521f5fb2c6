/* SPDX-License-Identifier: Apache-2.0 */
#include "base/audit.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/crypto.h"
#include "base/err.h"

static const char *const event_names[LW_AUDIT_EVENT_COUNT] = {
#define X(id, name) [LW_AUDIT_##id] = name,
	LW_AUDIT_EVENTS(X)
#undef X
};
static const char *const protocol_names[LW_AUDIT_PROTOCOL_COUNT] = {
	[LW_AUDIT_INTERNAL] = "internal", [LW_AUDIT_LDAP] = "ldap", [LW_AUDIT_KRB] = "kerberos", [LW_AUDIT_HTTP] = "http",
	[LW_AUDIT_CONTROL] = "control", [LW_AUDIT_KEYD] = "keyd",
};

const char *lw_audit_event_name(enum lw_audit_event e)
{
	return (unsigned)e < LW_AUDIT_EVENT_COUNT ? event_names[e] : NULL;
}

const char *lw_audit_protocol_name(enum lw_audit_protocol p)
{
	return (unsigned)p < LW_AUDIT_PROTOCOL_COUNT ? protocol_names[p] : NULL;
}

const char *lw_audit_role_name(enum lw_role_id r)
{
	static const char *const names[LW_ROLE_COUNT] = { [LW_ROLE_MONITOR] = "monitor", [LW_ROLE_KEYD] = "keyd",
		[LW_ROLE_DIRECTORY] = "directory", [LW_ROLE_KDC] = "kdc", [LW_ROLE_WEB] = "web" };

	return (unsigned)r < LW_ROLE_COUNT ? names[r] : NULL;
}

bool lw_audit_is_denial(int err)
{
	static const int others[] = { LW_OK, LW_EAGAIN, LW_EBUSY, LW_EUNAVAIL, LW_ENOMEM, LW_EIO, LW_EFULL, LW_EINTERNAL, LW_EQUANTUM,
		LW_ETIMEOUT };

	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		if (err == others[i])
			return false;
	return true;
}

/* ---- as octets ---- */

/* Octets of the UTF-8 sequence at s, 0 when it is none. */
static size_t sequence(struct lw_bytes s)
{
	uint8_t a = s.p[0], low = 0x80, high = 0xbf;
	size_t n = a < 0xc2 ? 0 : a < 0xe0 ? 2 : a < 0xf0 ? 3 : a < 0xf5 ? 4 : 0;

	if (!n || s.n < n)
		return 0;
	if (a == 0xe0)
		low = 0xa0;
	else if (a == 0xed)
		high = 0x9f;
	else if (a == 0xf0)
		low = 0x90;
	else if (a == 0xf4)
		high = 0x8f;
	if (s.p[1] < low || s.p[1] > high)
		return 0;
	for (size_t i = 2; i < n; i++)
		if ((s.p[i] & 0xc0) != 0x80)
			return 0;
	return n;
}

/* Octets of printable ASCII at the beginning. */
static size_t plain(struct lw_bytes s)
{
	size_t n = 0;

	while (n < s.n && s.p[n] >= 0x20 && s.p[n] < 0x7f)
		n++;
	return n;
}

/* Cut, but not in the middle of a character; '?' for each octet that is none. */
static void put_text(struct lw_writer *w, struct lw_bytes b, size_t max)
{
	uint8_t room[LW_AUDIT_DETAIL_MAX];
	size_t i, n;

	if (b.n > max) {
		b.n = max;
		while (b.n && (b.p[b.n] & 0xc0) == 0x80)
			b.n--;
	}
	lw_put_u8(w, (uint8_t)b.n);
	i = plain(b);
	lw_put_raw(w, b.p, i);
	for (n = 0; n + i < b.n;) {
		struct lw_bytes rest = { b.p + i + n, b.n - i - n };
		size_t one = rest.p[0] < 0x80 ? plain(rest) : sequence(rest);

		if (one)
			memcpy(room + n, rest.p, one);
		else
			room[n] = '?';
		n += one ? one : 1;
	}
	lw_put_raw(w, room, n);
}

static struct lw_bytes get_text(struct lw_reader *r, size_t max)
{
	uint8_t n = lw_get_u8(r);

	if (n > max)
		r->err = LW_EINVAL;
	return lw_get_raw(r, n);
}

/* Whose UUIDs there are. */
enum { ACTOR = 1, TARGET = 2, BOTH = ACTOR | TARGET };

static void put_uuid(struct lw_writer *w, uint8_t is, const struct lw_uuid *u)
{
	if (is)
		lw_put_raw(w, u->b, sizeof(u->b));
}

static void put_kept(struct lw_writer *w, const struct lw_audit *a)
{
	uint8_t has = (uint8_t)((lw_uuid_zero(&a->actor) ? 0 : ACTOR) | (lw_uuid_zero(&a->target) ? 0 : TARGET));

	lw_put_u8(w, (uint8_t)a->event);
	lw_put_u8(w, (uint8_t)a->protocol);
	lw_put_u8(w, (uint8_t)a->err);
	lw_put_u64(w, (uint64_t)a->time);
	lw_put_u8(w, has);
	put_uuid(w, has & ACTOR, &a->actor);
	put_uuid(w, has & TARGET, &a->target);
	put_text(w, a->actor_name, LW_AUDIT_NAME_MAX);
	put_text(w, a->target_name, LW_AUDIT_NAME_MAX);
	put_text(w, a->source, LW_AUDIT_SOURCE_MAX);
	put_text(w, a->detail, LW_AUDIT_DETAIL_MAX);
}

void lw_audit_put(struct lw_writer *w, const struct lw_audit *a)
{
	lw_put_u32(w, a->tenant);
	put_kept(w, a);
}

void lw_audit_keep(struct lw_writer *w, const struct lw_audit *a)
{
	size_t at = w->n;

	lw_put_u16(w, 0);
	put_kept(w, a);
	if (w->err)
		return;
	w->p[at] = (uint8_t)((w->n - at - 2) >> 8);
	w->p[at + 1] = (uint8_t)(w->n - at - 2);
}

static void get_uuid(struct lw_reader *r, uint8_t is, struct lw_uuid *ret)
{
	struct lw_bytes b = lw_get_raw(r, is ? sizeof(ret->b) : 0);

	if (b.n == sizeof(ret->b))
		memcpy(ret->b, b.p, b.n);
}

static int get_kept(struct lw_reader *r, struct lw_audit *ret)
{
	uint8_t has;

	ret->event = (enum lw_audit_event)lw_get_u8(r);
	ret->protocol = (enum lw_audit_protocol)lw_get_u8(r);
	ret->err = lw_get_u8(r);
	ret->time = (int64_t)lw_get_u64(r);
	has = lw_get_u8(r);
	get_uuid(r, has & ACTOR, &ret->actor);
	get_uuid(r, has & TARGET, &ret->target);
	ret->actor_name = get_text(r, LW_AUDIT_NAME_MAX);
	ret->target_name = get_text(r, LW_AUDIT_NAME_MAX);
	ret->source = get_text(r, LW_AUDIT_SOURCE_MAX);
	ret->detail = get_text(r, LW_AUDIT_DETAIL_MAX);
	if (!r->err && (!lw_audit_event_name(ret->event) || !lw_audit_protocol_name(ret->protocol) || ret->err >= LW_ERR_COUNT ||
		ret->time < 0 || has > BOTH))
		r->err = LW_EINVAL;
	return r->err;
}

int lw_audit_get(struct lw_reader *r, struct lw_audit *ret)
{
	struct lw_audit a = { .tenant = lw_get_u32(r) };
	int err = get_kept(r, &a);

	if (!err)
		*ret = a;
	return err;
}

int lw_audit_kept(struct lw_bytes octets, struct lw_audit *ret)
{
	struct lw_audit a = { 0 };
	struct lw_reader r;

	lw_reader_init(&r, octets);
	if (get_kept(&r, &a) || lw_reader_end(&r))
		return LW_EINVAL;
	*ret = a;
	return LW_OK;
}

bool lw_audit_next(struct lw_reader *r, struct lw_audit *ret, struct lw_bytes *ret_kept)
{
	struct lw_reader one;
	struct lw_bytes octets;

	if (r->err || !lw_reader_left(r))
		return false;
	octets = lw_get_raw(r, lw_get_u16(r));
	lw_reader_init(&one, octets);
	if (!r->err && (lw_audit_get(&one, ret) || lw_reader_end(&one)))
		r->err = LW_EINVAL;
	if (!r->err)
		*ret_kept = (struct lw_bytes){ octets.p + 4, octets.n - 4 };
	return !r->err;
}

/* ---- JSON ---- */

struct line {
	size_t n;
	char p[LW_AUDIT_TEXT_MAX];
};

static void add(struct line *l, const char *s, size_t n)
{
	if (n <= sizeof(l->p) - l->n) {
		memcpy(l->p + l->n, s, n);
		l->n += n;
	}
}

static void add_str(struct line *l, const char *s)
{
	add(l, s, strlen(s));
}

/* ,"name":"value" unless it is empty. What is no printable character (from a role that is taken over) becomes '?'. */
static void add_value(struct line *l, const char *name, struct lw_bytes v)
{
	if (!v.n)
		return;
	add_str(l, ",\"");
	add_str(l, name);
	add_str(l, "\":\"");
	for (size_t i = 0, n; i < v.n; i += n) {
		struct lw_bytes rest = { v.p + i, v.n - i };
		char esc[2] = { '\\', (char)rest.p[0] };

		n = 1;
		if (rest.p[0] == '"' || rest.p[0] == '\\')
			add(l, esc, 2);
		else if (rest.p[0] >= 0x20 && rest.p[0] < 0x7f)
			add(l, (const char *)rest.p, 1);
		else if (rest.p[0] >= 0x80 && (n = sequence(rest)) != 0)
			add(l, (const char *)rest.p, n);
		else {
			add(l, "?", 1);
			n = 1;
		}
	}
	add_str(l, "\"");
}

static void add_uuid(struct line *l, const char *name, const struct lw_uuid *u)
{
	char text[LW_UUID_TEXT];

	if (lw_uuid_zero(u))
		return;
	lw_uuid_format(u, text);
	add_value(l, name, lw_str(text));
}

static struct lw_bytes limited(struct lw_bytes b, size_t max)
{
	return b.n > max ? (struct lw_bytes){ b.p, max } : b;
}

void lw_audit_time(int64_t time, char ret[LW_AUDIT_TIME])
{
	char text[LW_TIME_TEXT];
	unsigned micro = (unsigned)(time % LW_SECOND);

	lw_time_rfc3339(time - time % LW_SECOND, text); /* …:46Z or …:46.000Z */
	snprintf(ret, LW_AUDIT_TIME, "%.19s.%06uZ", text, micro);
}

void lw_audit_text(const struct lw_audit *a, struct lw_bytes tenant_name, const char *role, struct lw_writer *w)
{
	const char *event = lw_audit_event_name(a->event);
	char time[LW_AUDIT_TIME];
	struct line l;

	l.n = 0;
	lw_audit_time(a->time, time);
	add_str(&l, "\"time\":\"");
	add_str(&l, time);
	add_str(&l, "\"");
	add_value(&l, "tenant", limited(tenant_name, 253));
	add_value(&l, "role", lw_str(role));
	add_value(&l, "event", lw_str(event ? event : "?")); /* what can't be read any more */
	add_value(&l, "outcome", a->err ? LW_LIT("refused") : LW_LIT("ok"));
	if (a->err)
		add_value(&l, "code", lw_str(lw_errname(a->err)));
	add_uuid(&l, "actor", &a->actor);
	add_value(&l, "actorName", limited(a->actor_name, LW_AUDIT_NAME_MAX));
	add_uuid(&l, "target", &a->target);
	add_value(&l, "targetName", limited(a->target_name, LW_AUDIT_NAME_MAX));
	add_value(&l, "source", limited(a->source, LW_AUDIT_SOURCE_MAX));
	add_value(&l, "protocol", lw_str(lw_audit_protocol_name(a->protocol)));
	add_value(&l, "detail", limited(a->detail, LW_AUDIT_DETAIL_MAX));
	lw_put_raw(w, l.p, l.n);
}

/* ---- the ring ---- */

/* Budgets of refusals. A tenant's place is by its number, or one of the NEAR after it: numbers are given out one after the other. */
#define BUDGETS 4096 /* a power of two */
#define NEAR    16

struct budget {
	uint32_t tenant;
	int64_t at, left; /* left: in millionths of a record */
};

static struct ring {
	pthread_mutex_t lock;
	uint8_t *p;
	uint64_t from, to; /* octets ever taken out, ever put in */
	uint64_t lost;     /* records, since somebody was told */
	uint64_t peeked_lost;
	const struct lw_clock *clock;
	enum lw_role_id role;
	struct budget refusals[BUDGETS];
} ring = { .lock = PTHREAD_MUTEX_INITIALIZER };

int lw_audit_start(enum lw_role_id role, const struct lw_clock *clock)
{
	uint8_t *p = malloc(LW_AUDIT_RING);

	if (!p)
		return LW_ENOMEM;
	lw_audit_stop();
	lw_random(&ring.from, sizeof(ring.from)); /* what another process was told to forget is nothing of this one's */
	ring.from &= INT64_MAX >> 1;
	ring.to = ring.from;
	ring.clock = clock;
	ring.role = role;
	for (size_t i = 0; i < BUDGETS; i++)
		ring.refusals[i] = (struct budget){ 0, lw_mono(clock), (int64_t)LW_AUDIT_BURST * LW_SECOND };
	ring.p = p;
	return LW_OK;
}

void lw_audit_stop(void)
{
	free(ring.p);
	ring.p = NULL;
	ring.from = ring.to = ring.lost = ring.peeked_lost = 0;
}

static void copy_in(uint64_t at, const uint8_t *p, size_t n)
{
	size_t i = at % LW_AUDIT_RING, first = n < LW_AUDIT_RING - i ? n : LW_AUDIT_RING - i;

	memcpy(ring.p + i, p, first);
	memcpy(ring.p, p + first, n - first);
}

static void copy_out(uint64_t at, uint8_t *p, size_t n)
{
	size_t i = at % LW_AUDIT_RING, first = n < LW_AUDIT_RING - i ? n : LW_AUDIT_RING - i;

	memcpy(p, ring.p + i, first);
	memcpy(p + first, ring.p, n - first);
}

/* What a budget has by now. */
static int64_t refill(struct budget *b, int64_t now)
{
	int64_t most = (int64_t)LW_AUDIT_BURST * LW_SECOND, past = now - b->at;

	if (past > most / LW_AUDIT_RATE)
		b->left = most;
	else if (past > 0)
		b->left += past * LW_AUDIT_RATE;
	if (b->left > most)
		b->left = most;
	b->at = now;
	return b->left;
}

/* The tenant's own; or the fullest near its place, with what is left in that. A full one says nothing of whose it was, so tenants share only
 * when more than NEAR of one neighbourhood are flooded within the seconds that a budget takes to fill. */
static struct budget *budget_of(uint32_t tenant, int64_t now)
{
	struct budget *fullest = NULL;

	for (uint32_t i = 0; i < NEAR; i++) {
		struct budget *b = &ring.refusals[(tenant + i) & (BUDGETS - 1)];

		if (b->tenant == tenant) {
			refill(b, now);
			return b;
		}
	}
	for (uint32_t i = 0; i < NEAR; i++) {
		struct budget *b = &ring.refusals[(tenant + i) & (BUDGETS - 1)];

		if (refill(b, now) > (fullest ? fullest->left : -1))
			fullest = b;
	}
	fullest->tenant = tenant;
	return fullest;
}

/* A flood of refusals fills neither the ring nor the disk, and that of one tenant leaves the others theirs. */
static bool may_refuse(uint32_t tenant, int64_t now)
{
	struct budget *b = budget_of(tenant, now);

	if (b->left < LW_SECOND)
		return false;
	b->left -= LW_SECOND;
	return true;
}

void lw_audit(const struct lw_audit *record)
{
	uint8_t room[2 + LW_AUDIT_WIRE_MAX];
	struct lw_audit a = *record;
	struct lw_writer w = { .p = room, .cap = sizeof(room), .max = sizeof(room) };
	bool bounded = a.err != LW_OK || a.event == LW_AUDIT_KEY_USE;
	uint64_t most = bounded ? LW_AUDIT_RING / 4 * 3 : LW_AUDIT_RING;

	if (!ring.p)
		return;
	if (!a.time)
		a.time = lw_wall(ring.clock);
	lw_put_u16(&w, 0);
	lw_audit_put(&w, &a);
	room[0] = (uint8_t)((w.n - 2) >> 8);
	room[1] = (uint8_t)(w.n - 2);
	pthread_mutex_lock(&ring.lock);
	if (ring.to - ring.from + w.n > most || (bounded && !may_refuse(a.tenant, lw_mono(ring.clock)))) {
		ring.lost++;
	} else {
		copy_in(ring.to, room, w.n);
		ring.to += w.n;
	}
	pthread_mutex_unlock(&ring.lock);
}

size_t lw_audit_waiting(void)
{
	size_t n;

	pthread_mutex_lock(&ring.lock);
	n = (size_t)(ring.to - ring.from) + (ring.lost ? 1 : 0);
	pthread_mutex_unlock(&ring.lock);
	return n;
}

static void put_lost(struct lw_writer *ret, uint64_t lost)
{
	uint8_t room[LW_AUDIT_WIRE_MAX];
	struct lw_writer w = { .p = room, .cap = sizeof(room), .max = sizeof(room) };
	struct lw_audit a = { .event = LW_AUDIT_LOST, .err = LW_ELIMIT, .time = lw_wall(ring.clock) };
	char text[64];

	snprintf(text, sizeof(text), "%llu records", (unsigned long long)lost);
	a.detail = lw_str(text);
	lw_audit_put(&w, &a);
	lw_put_u16(ret, (uint16_t)w.n);
	lw_put_raw(ret, room, w.n);
}

/* Without the lock, for nobody writes between from and to: only lw_audit_done gives that away. */
void lw_audit_peek(struct lw_writer *w, size_t max, uint64_t *ret_upto)
{
	uint8_t room[2 + LW_AUDIT_WIRE_MAX];
	uint64_t at, to, lost;

	pthread_mutex_lock(&ring.lock);
	at = ring.from;
	to = ring.p ? ring.to : ring.from;
	lost = ring.peeked_lost = ring.lost;
	pthread_mutex_unlock(&ring.lock);
	if (lost)
		put_lost(w, lost);
	while (at < to) {
		size_t n;

		copy_out(at, room, 2);
		n = 2 + ((size_t)room[0] << 8 | room[1]);
		if (n > sizeof(room) || w->n + n > max || w->err)
			break;
		copy_out(at, room, n);
		lw_put_raw(w, room, n);
		at += n;
	}
	*ret_upto = at;
}

void lw_audit_done(uint64_t upto)
{
	pthread_mutex_lock(&ring.lock);
	if (upto >= ring.from && upto <= ring.to) {
		ring.from = upto;
		if (ring.from == ring.to) /* from its beginning again: with little to say, few of its pages are touched */
			ring.from = ring.to = (ring.to / LW_AUDIT_RING + 1) * LW_AUDIT_RING;
		ring.lost -= ring.peeked_lost;
		ring.peeked_lost = 0;
	}
	pthread_mutex_unlock(&ring.lock);
}
