/* SPDX-License-Identifier: Apache-2.0 */
/* A closed-loop LDAP load: --conns connections, --depth requests in flight on each, for --seconds or --total operations.
 * Every answer's code is checked, and that a search finds its one entry. Prints one JSON line. Loopback only.
 *   ldapbench --port P --op search|bind|modify|add --people DN --count N [--start N] [--conns C] [--depth D]
 *             [--seconds S | --total N] [--bind DN --password PW]
 *             [--each]: users one after the other, not at random
 *             [--own]: each connection is one user's, bound as he, who looks for himself
 * %u in DN is the user's number: each may be of a tenant of his own. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum op { SEARCH, BIND, MODIFY, ADD, NOPS };
static const char *const op_names[NOPS] = { "search", "bind", "modify", "add" };
static const uint8_t answer_tag[NOPS] = { 0x65, 0x61, 0x67, 0x69 };

static struct {
	int port, conns, depth;
	enum op op;
	const char *people, *bind, *password;
	uint64_t count, start, total;
	double seconds;
	bool each, own;
} opt = { .conns = 1, .depth = 1, .count = 1000, .seconds = 3 };

struct conn {
	int fd, inflight;
	uint32_t id;
	bool bound;
	uint64_t user; /* --own */
	uint8_t entries[128]; /* so far, by message id: at most 64 are in flight */
	uint8_t in[65536], out[131072];
	size_t nin, nout;
};

static uint64_t issued, finished, errors, seed = 88172645463325252ull;
static bool stopping;

static void die(const char *what)
{
	fprintf(stderr, "ldapbench: %s: %s\n", what, strerror(errno));
	exit(2);
}

static uint64_t next_random(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed;
}

static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

/* ---- BER, written backwards so that lengths are known ---- */
struct ber {
	uint8_t buf[4096];
	size_t at; /* first octet in use */
};

static void put(struct ber *b, const void *p, size_t n)
{
	b->at -= n;
	memcpy(b->buf + b->at, p, n);
}

static void head(struct ber *b, uint8_t tag, size_t end)
{
	size_t n = end - b->at;
	uint8_t h[4];

	if (n < 128) {
		h[0] = tag, h[1] = (uint8_t)n;
		put(b, h, 2);
	} else {
		h[0] = tag, h[1] = 0x82, h[2] = (uint8_t)(n >> 8), h[3] = (uint8_t)n;
		put(b, h, 4);
	}
}

static void text(struct ber *b, uint8_t tag, const char *s)
{
	size_t end = b->at;

	put(b, s, strlen(s));
	head(b, tag, end);
}

static void integer(struct ber *b, uint8_t tag, uint32_t v)
{
	uint8_t o[5] = { 0, (uint8_t)(v >> 24), (uint8_t)(v >> 16), (uint8_t)(v >> 8), (uint8_t)v };
	size_t skip = 0, end = b->at;

	while (skip < 4 && o[skip] == 0 && !(o[skip + 1] & 0x80))
		skip++;
	put(b, o + skip, 5 - skip);
	head(b, tag, end);
}

static void attribute(struct ber *b, const char *name, const char *const *values, int n)
{
	size_t end = b->at;

	for (int i = n; i-- > 0;)
		text(b, 0x04, values[i]);
	head(b, 0x31, end);
	text(b, 0x04, name);
	head(b, 0x30, end);
}

static void person(struct ber *b, uint64_t n)
{
	static const char *const first[] = { "Anna", "Bert", "Clara", "David", "Erika", "Frank", "Greta", "Hans" };
	static const char *const last[] = { "Adler", "Baum", "Cordes", "Dietz", "Ebert", "Fuchs", "Graf", "Hahn", "Iser", "Jung" };
	static const char *const classes[] = { "inetOrgPerson" };
	char uid[32], cn[64], mail[80], phone[32], num[24];
	const char *v[1];

	snprintf(uid, sizeof(uid), "user%llu", (unsigned long long)n);
	snprintf(cn, sizeof(cn), "%s %s %llu", first[n % 8], last[n / 8 % 10], (unsigned long long)n);
	snprintf(mail, sizeof(mail), "user%llu@bench.example", (unsigned long long)n);
	snprintf(phone, sizeof(phone), "+49 30 %07llu", (unsigned long long)n);
	snprintf(num, sizeof(num), "%llu", (unsigned long long)n);
	attribute(b, "employeeNumber", (v[0] = num, v), 1);
	attribute(b, "telephoneNumber", (v[0] = phone, v), 1);
	attribute(b, "mail", (v[0] = mail, v), 1);
	attribute(b, "givenName", (v[0] = first[n % 8], v), 1);
	attribute(b, "sn", (v[0] = last[n / 8 % 10], v), 1);
	attribute(b, "cn", (v[0] = cn, v), 1);
	attribute(b, "uid", (v[0] = uid, v), 1);
	attribute(b, "objectClass", classes, 1);
}

static const char *people_of(uint64_t n, char buf[200])
{
	const char *at = strstr(opt.people, "%u");

	if (!at)
		return opt.people;
	snprintf(buf, 200, "%.*s%llu%s", (int)(at - opt.people), opt.people, (unsigned long long)n, at + 2);
	return buf;
}

static void write_search(struct ber *b, uint64_t n)
{
	static const char *const wanted[] = { "cn", "mail", "telephoneNumber" };
	size_t end = b->at, list;
	char uid[32], people[200];

	for (int i = 3; i-- > 0;)
		text(b, 0x04, wanted[i]);
	head(b, 0x30, end);
	list = b->at;
	snprintf(uid, sizeof(uid), "user%llu", (unsigned long long)n);
	text(b, 0x04, uid);
	text(b, 0x04, "uid");
	head(b, 0xa3, list);
	put(b, "\x01\x01\x00", 3); /* typesOnly */
	integer(b, 0x02, 0);
	integer(b, 0x02, 0);
	put(b, "\x0a\x01\x00", 3); /* derefAliases */
	put(b, "\x0a\x01\x02", 3); /* subtree */
	text(b, 0x04, people_of(n, people));
	head(b, 0x63, end);
}

static void write_bind(struct ber *b, const char *dn, const char *password)
{
	size_t end = b->at;

	text(b, 0x80, password);
	text(b, 0x04, dn);
	integer(b, 0x02, 3);
	head(b, 0x60, end);
}

static void write_modify(struct ber *b, const char *dn)
{
	size_t end = b->at, change;
	char value[40];
	const char *v[1] = { value };

	snprintf(value, sizeof(value), "changed %llu", (unsigned long long)next_random());
	attribute(b, "description", v, 1);
	put(b, "\x0a\x01\x02", 3); /* replace */
	head(b, 0x30, end);
	change = b->at;
	(void)change;
	head(b, 0x30, end);
	text(b, 0x04, dn);
	head(b, 0x66, end);
}

static void write_add(struct ber *b, const char *dn, uint64_t n)
{
	size_t end = b->at;

	person(b, n);
	head(b, 0x30, end);
	text(b, 0x04, dn);
	head(b, 0x68, end);
}

static void issue(struct conn *c)
{
	struct ber b;
	size_t end = b.at = sizeof(b.buf);
	uint64_t n = opt.op == ADD ? opt.start + issued : (opt.each ? issued : next_random()) % opt.count;
	char dn[300], people[200], password[64];

	if (opt.own)
		n = c->user;
	if (opt.op != SEARCH || !c->bound) {
		snprintf(dn, sizeof(dn), "uid=user%llu,%s", (unsigned long long)n, people_of(n, people));
		snprintf(password, sizeof(password), "Bench-pw-%llu", (unsigned long long)n);
	}
	if (!c->bound && opt.bind) {
		write_bind(&b, opt.bind, opt.password);
	} else if (!c->bound) {
		write_bind(&b, dn, password);
	} else if (opt.op == SEARCH) {
		write_search(&b, n);
	} else if (opt.op == BIND) {
		write_bind(&b, dn, password);
	} else if (opt.op == MODIFY) {
		write_modify(&b, dn);
	} else {
		write_add(&b, dn, n);
	}
	if (c->bound)
		issued++;
	c->id = c->id % 0x7ffffffe + 1;
	integer(&b, 0x02, c->id);
	head(&b, 0x30, end);
	if (c->nout + end - b.at > sizeof(c->out))
		abort();
	memcpy(c->out + c->nout, b.buf + b.at, end - b.at);
	c->nout += end - b.at;
	c->inflight++;
}

/* One whole message at p: its length, or 0 while it is not whole. */
static size_t frame(const uint8_t *p, size_t n, size_t *ret_head)
{
	size_t len, h = 2;

	if (n < 2)
		return 0;
	len = p[1];
	if (len & 0x80) {
		size_t k = len & 0x7f;
		if (n < 2 + k)
			return 0;
		for (len = 0, h = 2 + k; k; k--)
			len = len << 8 | p[h - k];
	}
	*ret_head = h;
	return n < h + len ? 0 : h + len;
}

static void answer(struct conn *c, const uint8_t *p, size_t n)
{
	size_t h, inner, idlen = p[1];
	const uint8_t *op = p + 2 + idlen;

	if (p[0] != 0x02 || n < 4 + idlen || !frame(op, n - 2 - idlen, &h)) {
		errors++;
		return;
	}
	unsigned slot = p[1 + idlen] & 127;
	if (op[0] == 0x64) {
		c->entries[slot]++;
		return;
	}
	inner = h;
	bool good = op[inner] == 0x0a && op[inner + 2] == 0 && (op[0] == answer_tag[opt.op] || (!c->bound && op[0] == 0x61));
	if (opt.op == SEARCH && c->bound && op[0] == 0x65) {
		good = good && c->entries[slot] == 1;
		c->entries[slot] = 0;
	}
	if (!good && !errors++)
		fprintf(stderr, "ldapbench: answer %02x with result %d\n", op[0], op[inner + 2]);
	c->inflight--;
	if (!c->bound)
		c->bound = true;
	else
		finished++;
}

static bool more_to_do(void)
{
	return !stopping && (!opt.total || issued < opt.total);
}

static void fill(struct conn *c)
{
	if (!c->bound && !c->inflight)
		issue(c);
	while (c->bound && c->inflight < opt.depth && more_to_do() && c->nout < sizeof(c->out) / 2)
		issue(c);
	while (c->nout) {
		ssize_t put_ = send(c->fd, c->out, c->nout, MSG_NOSIGNAL);
		if (put_ < 0 && errno == EAGAIN)
			break;
		if (put_ <= 0)
			die("send");
		memmove(c->out, c->out + put_, c->nout - (size_t)put_);
		c->nout -= (size_t)put_;
	}
}

static void readable(struct conn *c)
{
	ssize_t got = recv(c->fd, c->in + c->nin, sizeof(c->in) - c->nin, 0);
	size_t at = 0, n, h;

	if (got < 0 && errno == EAGAIN)
		return;
	if (got <= 0)
		die("the server closed a connection");
	c->nin += (size_t)got;
	while ((n = frame(c->in + at, c->nin - at, &h)) != 0) {
		answer(c, c->in + at + h, n - h);
		at += n;
	}
	memmove(c->in, c->in + at, c->nin - at);
	c->nin -= at;
}

static struct conn *dial(int ep)
{
	struct sockaddr_in sa = { .sin_family = AF_INET, .sin_port = htons((uint16_t)opt.port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct conn *c = calloc(1, sizeof(*c));
	struct epoll_event ev = { .events = EPOLLIN, .data.ptr = c };
	int one = 1;

	if (!c || (c->fd = socket(AF_INET, SOCK_STREAM, 0)) < 0 || connect(c->fd, (struct sockaddr *)&sa, sizeof(sa)) != 0)
		die("connect");
	setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	fcntl(c->fd, F_SETFL, O_NONBLOCK);
	if (epoll_ctl(ep, EPOLL_CTL_ADD, c->fd, &ev) != 0)
		die("epoll");
	c->user = next_random() % opt.count;
	c->bound = !opt.bind && !opt.own;
	return c;
}

static void options(int argc, char **argv)
{
	static const struct option longs[] = { { "port", 1, 0, 'p' }, { "op", 1, 0, 'o' }, { "people", 1, 0, 'b' }, { "count", 1, 0, 'n' },
		{ "start", 1, 0, 's' }, { "conns", 1, 0, 'c' }, { "depth", 1, 0, 'd' }, { "seconds", 1, 0, 't' }, { "total", 1, 0, 'N' },
		{ "bind", 1, 0, 'D' }, { "password", 1, 0, 'w' },
		{ "each", 0, 0, 'e' }, { "own", 0, 0, 'O' }, { 0 } };
	int k;

	opt.op = NOPS;
	while ((k = getopt_long(argc, argv, "", longs, NULL)) != -1)
		switch (k) {
		case 'p': opt.port = (int)strtol(optarg, NULL, 10); break;
		case 'o':
			for (int i = 0; i < NOPS; i++)
				if (!strcmp(op_names[i], optarg))
					opt.op = (enum op)i;
			break;
		case 'b': opt.people = optarg; break;
		case 'n': opt.count = strtoull(optarg, NULL, 10); break;
		case 's': opt.start = strtoull(optarg, NULL, 10); break;
		case 'c': opt.conns = (int)strtol(optarg, NULL, 10); break;
		case 'd': opt.depth = (int)strtol(optarg, NULL, 10); break;
		case 't': opt.seconds = strtod(optarg, NULL); break;
		case 'N': opt.total = strtoull(optarg, NULL, 10); break;
		case 'D': opt.bind = optarg; break;
		case 'w': opt.password = optarg; break;
		case 'e': opt.each = true; break;
		case 'O': opt.own = true; break;
		default: exit(2);
		}
	if (!opt.port || opt.op == NOPS || !opt.people || opt.conns < 1 || opt.conns > 1024 || opt.depth < 1 || opt.depth > 64 || !opt.count)
		exit(2);
	if (opt.op == BIND)
		opt.depth = 1; /* RFC 4511 4.2.1 */
}

int main(int argc, char **argv)
{
	struct epoll_event ev[64];
	struct conn **conns;
	struct rusage ru;
	double begin, end;
	int ep = epoll_create1(0);

	options(argc, argv);
	alarm(600);
	conns = calloc((size_t)opt.conns, sizeof(*conns));
	for (int i = 0; i < opt.conns; i++) {
		conns[i] = dial(ep);
		while (!conns[i]->bound) { /* bound before the clock starts */
			fill(conns[i]);
			fcntl(conns[i]->fd, F_SETFL, 0);
			readable(conns[i]);
			fcntl(conns[i]->fd, F_SETFL, O_NONBLOCK);
		}
	}
	begin = now();
	for (int i = 0; i < opt.conns; i++)
		fill(conns[i]);
	for (;;) {
		int n = epoll_wait(ep, ev, 64, 5000);
		if (n == 0) {
			fprintf(stderr, "ldapbench: no answer for 5 s\n");
			return 1;
		}
		for (int i = 0; i < n; i++) {
			readable(ev[i].data.ptr);
			fill(ev[i].data.ptr);
		}
		if (!opt.total && !stopping && now() - begin >= opt.seconds)
			stopping = true;
		if (!more_to_do() && finished == issued)
			break;
	}
	end = now();
	getrusage(RUSAGE_SELF, &ru);
	printf("{\"ops\":%llu,\"seconds\":%.4f,\"rate\":%.1f,\"errors\":%llu,\"client_cpu\":%.4f}\n", (unsigned long long)finished, end - begin,
		(double)finished / (end - begin), (unsigned long long)errors,
		(double)ru.ru_utime.tv_sec + (double)ru.ru_stime.tv_sec + (double)(ru.ru_utime.tv_usec + ru.ru_stime.tv_usec) / 1e6);
	return errors ? 1 : 0;
}
