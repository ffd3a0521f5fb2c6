/* SPDX-License-Identifier: Apache-2.0 */
/* A closed-loop Kerberos load: --flights clients, each with a socket of its own and one request in flight,
 * for --seconds. error  AS-REQ without pre-authentication; KDC_ERR_PREAUTH_REQUIRED is the answer as AS-REQ
 * with an encrypted timestamp tgs    TGS-REQ with a sub-key for --service; each user's TGT is got before the
 * clock starts Users are user0 … with the passwords Bench-pw-0 …; salts are learned from the server. Every
 * answer is read, opened and its nonce checked. Prints one JSON line. Loopback only. kdcbench --port P
 * --realm R --op error|as|tgs --users N [--service NAME] [--flights N] [--tcp [--once]] [--etype N]
 *            [--seconds S]
 * %u in R is the user's number: each may be of a realm of his own (not with tgs).
 * --once: a connection for each request, for a server that closes it after its answer */
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

#include "base/crypto.h"
#include "base/krbcrypt.h"
#include "kdc/msg.h"

enum op { ERROR, AS, TGS, NOPS };
static const char *const op_names[NOPS] = { "error", "as", "tgs" };
enum {
	USAGE_TIMESTAMP = 1,
	USAGE_AS_REP = 3,
	USAGE_BODY = 6,
	USAGE_AUTHENTICATOR = 7,
	USAGE_TGS_REP_SUBKEY = 9
};
#define PREAUTH_REQUIRED 25
#define MOST             4096 /* octets of a message */

static struct {
	int port, flights;
	enum op op;
	bool tcp, once;
	const char *realm, *service;
	unsigned users;
	double seconds;
	const struct lw_enctype *etype;
} opt = { .flights = 16, .users = 64, .seconds = 3, .service = "HTTP/web.bench.example" };

struct user {
	char name[24], realm[100];
	struct lw_krbkey *key, *session;
	uint8_t ticket[MOST];
	size_t nticket;
};

struct flight {
	int fd;
	struct user *user;
	uint32_t nonce;
	struct lw_krbkey *subkey;
	bool waiting, used;
	uint8_t in[MOST];
	size_t nin;
};

static struct user *users;
static struct flight *flights;
static uint64_t finished, errors;

static void die(const char *what)
{
	fprintf(stderr, "kdcbench: %s: %s\n", what, errno ? strerror(errno) : "failed");
	exit(2);
}

static void must(bool good, const char *what)
{
	if (!good)
		die(what);
}

static int connected(void)
{
	struct sockaddr_in to = { .sin_family = AF_INET,
		.sin_port = htons((uint16_t)opt.port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct timeval patience = { .tv_sec = 2 };
	int one = 1, fd = socket(AF_INET, (opt.tcp ? SOCK_STREAM : SOCK_DGRAM) | SOCK_CLOEXEC, 0);

	must(fd >= 0 && !connect(fd, (struct sockaddr *)&to, sizeof to), "connect");
	if (opt.tcp)
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
	return fd;
}

static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

/* ---- requests ---- */

static struct krb_name name_of(int32_t type, const char *text)
{
	struct krb_name n = { .type = type };
	const char *slash = strchr(text, '/');

	n.part[n.n++] =
	        (struct lw_bytes){ (const uint8_t *)text, slash ? (size_t)(slash - text) : strlen(text) };
	if (slash)
		n.part[n.n++] = lw_str(slash + 1);
	return n;
}

static void common(struct krb_kdc_req *q, const struct flight *f)
{
	memset(q, 0, sizeof *q);
	q->options = KRB_BIT(1) | KRB_BIT(27); /* forwardable, renewable-ok */
	q->realm = lw_str(f->user->realm);
	q->has_sname = true;
	q->from = q->rtime = KRB_NO_TIME;
	q->till = time(NULL) + 36000;
	q->nonce = f->nonce;
	q->netypes = 1;
	q->etypes[0] = opt.etype->etype;
}

static struct lw_bytes sealed(struct lw_krbkey *k, uint32_t usage, struct lw_bytes plain, uint8_t *buf)
{
	must(!lw_krb_encrypt(k, usage, plain, buf), "encrypt");
	return (struct lw_bytes){ buf, lw_krb_sealed_size(lw_krbkey_type(k), plain.n) };
}

static struct lw_bytes write_as(struct flight *f, bool preauth, uint8_t *buf, size_t size)
{
	uint8_t plain[64], cipher[64 + LW_KRB_OVERHEAD], value[160];
	struct krb_name tgs = {
		.type = KRB_NT_SRV_INST, .n = 2, .part = { LW_LIT("krbtgt"), lw_str(f->user->realm) }
	};
	struct krb_kdc_req q;
	struct lw_der_writer w;

	common(&q, f);
	q.msg_type = KRB_AS_REQ;
	q.has_cname = true;
	q.cname = name_of(KRB_NT_PRINCIPAL, f->user->name);
	q.sname = tgs;
	if (preauth) {
		struct timespec ts;
		struct krb_enc enc = { .etype = opt.etype->etype };

		clock_gettime(CLOCK_REALTIME, &ts);
		lw_der_writer_init(&w, plain, sizeof plain);
		krb_put_pa_enc_ts(
		        &w, &(struct krb_pa_enc_ts){ ts.tv_sec, true, (uint32_t)(ts.tv_nsec / 1000) });
		enc.cipher = sealed(f->user->key, USAGE_TIMESTAMP, lw_der_written(&w), cipher);
		lw_der_writer_init(&w, value, sizeof value);
		krb_put_enc(&w, &enc);
		q.padata.v[q.padata.n++] = (struct krb_typed){ KRB_PA_ENC_TIMESTAMP, lw_der_written(&w) };
	}
	q.padata.v[q.padata.n++] = (struct krb_typed){ KRB_PA_REQ_ENC_PA_REP, LW_LIT("") };
	lw_der_writer_init(&w, buf, size);
	krb_put_kdc_req(&w, &q);
	return lw_der_written(&w);
}

static struct lw_bytes write_tgs(struct flight *f, uint8_t *buf, size_t size)
{
	uint8_t body[512], sum[LW_KRB_CKSUM], plain[512], cipher[512 + LW_KRB_OVERHEAD], ap[MOST], subkey[32];
	struct krb_authenticator a = { .crealm = lw_str(f->user->realm),
		.cname = name_of(KRB_NT_PRINCIPAL, f->user->name) };
	struct krb_ap_req req = { .ticket.der = { f->user->ticket, f->user->nticket } };
	struct krb_kdc_req q;
	struct lw_der_writer w;
	struct timespec ts;

	common(&q, f);
	q.msg_type = KRB_TGS_REQ;
	q.sname = name_of(KRB_NT_SRV_HST, opt.service);
	lw_der_writer_init(&w, body, sizeof body);
	krb_put_kdc_req_body(&w, &q);
	must(!lw_krb_cksum(f->user->session, USAGE_BODY, lw_der_written(&w), sum), "checksum");
	clock_gettime(CLOCK_REALTIME, &ts);
	lw_random(subkey, opt.etype->key_size);
	must(!lw_krbkey_set(f->subkey, opt.etype, subkey), "sub-key");
	a.ctime = ts.tv_sec;
	a.cusec = (uint32_t)(ts.tv_nsec / 1000);
	a.subkey = (struct krb_key){ opt.etype->etype, { subkey, opt.etype->key_size } };
	a.has_cksum = true;
	a.cksum = (struct krb_typed){ lw_krb_cksumtype(opt.etype), { sum, lw_krb_cksum_size(opt.etype) } };
	lw_der_writer_init(&w, plain, sizeof plain);
	krb_put_authenticator(&w, &a);
	req.authenticator.etype = opt.etype->etype;
	req.authenticator.cipher = sealed(f->user->session, USAGE_AUTHENTICATOR, lw_der_written(&w), cipher);
	lw_der_writer_init(&w, ap, sizeof ap);
	krb_put_ap_req(&w, &req);
	q.padata.v[q.padata.n++] = (struct krb_typed){ KRB_PA_TGS_REQ, lw_der_written(&w) };
	lw_der_writer_init(&w, buf, size);
	krb_put_kdc_req(&w, &q);
	return lw_der_written(&w);
}

static int ep = -1;

/* Another connection, known to epoll when the former was. */
static void again(struct flight *f)
{
	close(f->fd);
	f->fd = connected();
	if (ep >= 0)
		must(!epoll_ctl(ep, EPOLL_CTL_ADD, f->fd,
		             &(struct epoll_event){ .events = EPOLLIN, .data.ptr = f }),
		        "epoll");
}

static void launch(struct flight *f, enum op op)
{
	uint8_t buf[4 + MOST];
	struct lw_bytes m;
	uint32_t n;

	lw_random(&f->nonce, sizeof f->nonce);
	f->nonce &= 0x7fffffff;
	m = op == TGS ? write_tgs(f, buf + 4, sizeof buf - 4)
	              : write_as(f, op == AS, buf + 4, sizeof buf - 4);
	must(m.n, "a request that is too long");
	if (opt.tcp) {
		n = htonl((uint32_t)m.n);
		memcpy((uint8_t *)(uintptr_t)m.p - 4, &n, 4);
		m = (struct lw_bytes){ m.p - 4, m.n + 4 };
	}
	if (opt.once && f->used)
		again(f);
	f->waiting = f->used = true;
	f->nin = 0;
	must(send(f->fd, m.p, m.n, 0) == (ssize_t)m.n, "send");
}

static void launch_any(struct flight *f)
{
	uint32_t draw;

	lw_random(&draw, sizeof draw);
	f->user = &users[draw % opt.users];
	launch(f, opt.op);
}

/* ---- answers ---- */

static bool open_part(struct flight *f, struct lw_krbkey *key, uint32_t usage, const struct krb_kdc_rep *rep,
        uint8_t *buf, struct krb_enc_kdc_rep_part *ret)
{
	size_t n;

	return rep->enc.cipher.n <= MOST && rep->enc.etype == opt.etype->etype &&
	       !lw_krb_decrypt(key, usage, rep->enc.cipher, buf, &n) &&
	       !krb_get_enc_kdc_rep_part((struct lw_bytes){ buf, n }, ret) && ret->nonce == f->nonce;
}

static bool good(struct flight *f, enum op op, struct lw_bytes m)
{
	struct krb_enc_kdc_rep_part part;
	uint8_t buf[MOST];
	struct krb_error err;
	struct krb_kdc_rep rep;

	if (!krb_get_error(m, &err)) {
		if (op == ERROR && err.code == PREAUTH_REQUIRED)
			return true;
		if (!errors)
			fprintf(stderr, "kdcbench: error %d %.*s\n", err.code, (int)err.e_text.n,
			        (const char *)err.e_text.p);
		return false;
	}
	if (op == ERROR || krb_get_kdc_rep(m, &rep) || rep.msg_type != (op == AS ? KRB_AS_REP : KRB_TGS_REP))
		return false;
	if (!open_part(f, op == AS ? f->user->key : f->subkey, op == AS ? USAGE_AS_REP : USAGE_TGS_REP_SUBKEY,
	            &rep, buf, &part))
		return false;
	if (op == AS && !f->user->nticket) {
		must(rep.ticket.n <= sizeof f->user->ticket && part.key.etype == opt.etype->etype,
		        "the ticket");
		memcpy(f->user->ticket, rep.ticket.p, f->user->nticket = rep.ticket.n);
		must(!lw_krbkey_set(f->user->session, opt.etype, part.key.key.p), "session key");
	}
	return true;
}

/* A whole message that has arrived; n 0: not yet. */
static struct lw_bytes arrived(struct flight *f)
{
	ssize_t got = recv(f->fd, f->in + f->nin, sizeof f->in - f->nin, 0);
	uint32_t n;

	if (got < 0 && errno == EINTR)
		return (struct lw_bytes){ f->in, 0 };
	must(got > 0, "receive");
	f->nin += (size_t)got;
	if (!opt.tcp)
		return (struct lw_bytes){ f->in, f->nin };
	if (f->nin < 4)
		return (struct lw_bytes){ f->in, 0 };
	memcpy(&n, f->in, 4);
	n = ntohl(n);
	must(n <= sizeof f->in - 4, "an answer that is too long");
	return (struct lw_bytes){ f->in + 4, f->nin < 4 + n ? 0 : n };
}

/* ---- setting up ---- */

static struct lw_bytes ask(struct flight *f, enum op op)
{
	struct lw_bytes m;

	launch(f, op);
	do
		m = arrived(f);
	while (!m.n);
	return m;
}

/* The key from the password, as the server's ETYPE-INFO2 says. */
static void learn_key(struct flight *f, const char *password)
{
	struct krb_error err;
	struct krb_typed_list list;
	struct krb_etype_info2 info;
	uint8_t key[32];

	must(!krb_get_error(ask(f, ERROR), &err) && err.code == PREAUTH_REQUIRED &&
	                !krb_get_padata(err.e_data, &list),
	        "no PREAUTH_REQUIRED");
	for (unsigned i = 0; i < list.n; i++) {
		if (list.v[i].type != KRB_PA_ETYPE_INFO2)
			continue;
		must(!krb_get_etype_info2(list.v[i].value, &info), "ETYPE-INFO2");
		for (unsigned k = 0; k < info.n; k++) {
			const uint8_t *p = info.v[k].s2kparams.p;
			uint32_t count = info.v[k].s2kparams.n == 4
			                         ? (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 |
			                                   (uint32_t)p[2] << 8 | p[3]
			                         : 0;
			char salt[200];

			if (info.v[k].etype != opt.etype->etype)
				continue;
			snprintf(salt, sizeof salt, "%s%s", f->user->realm, f->user->name);
			must(!lw_string_to_key(opt.etype, lw_str(password),
			             info.v[k].has_salt ? info.v[k].salt : lw_str(salt), count, key) &&
			                !lw_krbkey_set(f->user->key, opt.etype, key),
			        "key");
			return;
		}
	}
	die("the server does not offer the enctype");
}

static void prepare(void)
{
	struct flight f = { .fd = connected() };
	const char *at = strstr(opt.realm, "%u");

	users = calloc(opt.users, sizeof *users);
	must(users, "memory");
	for (unsigned i = 0; i < opt.users; i++) {
		struct user *u = f.user = &users[i];
		char password[32];

		snprintf(u->name, sizeof u->name, "user%u", i);
		if (at)
			snprintf(u->realm, sizeof u->realm, "%.*s%u%s", (int)(at - opt.realm), opt.realm, i, at + 2);
		else
			snprintf(u->realm, sizeof u->realm, "%s", opt.realm);
		snprintf(password, sizeof password, "Bench-pw-%u", i);
		u->key = lw_krbkey_new();
		u->session = lw_krbkey_new();
		must(u->key && u->session, "memory");
		if (opt.op == ERROR)
			continue;
		learn_key(&f, password);
		must(opt.op != TGS || good(&f, AS, ask(&f, AS)), "no TGT");
	}
	close(f.fd);
}

static void parse(int argc, char **argv)
{
	static const struct option longs[] = { { "port", 1, 0, 'p' }, { "realm", 1, 0, 'r' },
		{ "op", 1, 0, 'o' }, { "users", 1, 0, 'u' }, { "service", 1, 0, 's' },
		{ "flights", 1, 0, 'f' }, { "tcp", 0, 0, 't' }, { "once", 0, 0, '1' }, { "etype", 1, 0, 'e' },
		{ "seconds", 1, 0, 'd' }, { 0 } };
	int c, etype = 18;

	opt.op = NOPS;
	while ((c = getopt_long(argc, argv, "", longs, NULL)) >= 0)
		switch (c) {
		case 'p':
			opt.port = (int)strtol(optarg, NULL, 10);
			break;
		case 'r':
			opt.realm = optarg;
			break;
		case 'o':
			for (enum op o = 0; o < NOPS; o++)
				if (!strcmp(optarg, op_names[o]))
					opt.op = o;
			break;
		case 'u':
			opt.users = (unsigned)strtoul(optarg, NULL, 10);
			break;
		case 's':
			opt.service = optarg;
			break;
		case 'f':
			opt.flights = (int)strtol(optarg, NULL, 10);
			break;
		case 't':
			opt.tcp = true;
			break;
		case '1':
			opt.once = true;
			break;
		case 'e':
			etype = (int)strtol(optarg, NULL, 10);
			break;
		case 'd':
			opt.seconds = strtod(optarg, NULL);
			break;
		default:
			exit(2);
		}
	opt.etype = lw_enctype_find(etype);
	if (!opt.port || !opt.realm || opt.op == NOPS || !opt.etype || !opt.users || opt.flights < 1 ||
	        opt.flights > 1024) {
		fprintf(stderr, "usage: kdcbench --port P --realm R --op error|as|tgs --users N [...]\n");
		exit(2);
	}
}

int main(int argc, char **argv)
{
	struct epoll_event ev[64];
	double begin, end, stop;
	struct rusage before, after;
	int inflight = 0;

	parse(argc, argv);
	prepare();
	ep = epoll_create1(EPOLL_CLOEXEC);
	flights = calloc((size_t)opt.flights, sizeof *flights);
	must(ep >= 0 && flights, "start");
	getrusage(RUSAGE_SELF, &before);
	begin = now();
	for (int i = 0; i < opt.flights; i++) {
		struct flight *f = &flights[i];

		f->fd = connected();
		f->subkey = lw_krbkey_new();
		must(f->subkey && !epoll_ctl(ep, EPOLL_CTL_ADD, f->fd,
		                          &(struct epoll_event){ .events = EPOLLIN, .data.ptr = f }),
		        "start");
		launch_any(f);
		inflight++;
	}
	stop = begin + opt.seconds;
	while (inflight) {
		int n = epoll_wait(ep, ev, 64, 1000);

		if (n <= 0) { /* what is out now is lost */
			errors += (uint64_t)inflight;
			break;
		}
		end = now();
		for (int i = 0; i < n; i++) {
			struct flight *f = ev[i].data.ptr;
			struct lw_bytes m;

			if (!f->waiting) { /* the server ends the connection */
				epoll_ctl(ep, EPOLL_CTL_DEL, f->fd, NULL);
				continue;
			}
			m = arrived(f);
			if (!m.n)
				continue;
			f->waiting = false;
			inflight--;
			if (good(f, opt.op, m))
				finished++;
			else
				errors++;
			if (end < stop && errors < 100) {
				launch_any(f);
				inflight++;
			}
		}
	}
	end = now();
	getrusage(RUSAGE_SELF, &after);
	printf("{\"ops\":%llu,\"seconds\":%.4f,\"rate\":%.1f,\"errors\":%llu,\"client_cpu\":%.4f}\n",
	        (unsigned long long)finished, end - begin, (double)finished / (end - begin),
	        (unsigned long long)errors,
	        (double)(after.ru_utime.tv_sec - before.ru_utime.tv_sec + after.ru_stime.tv_sec -
	                 before.ru_stime.tv_sec) +
	                (double)(after.ru_utime.tv_usec - before.ru_utime.tv_usec + after.ru_stime.tv_usec -
	                         before.ru_stime.tv_usec) /
	                        1e6);
	return errors ? 1 : 0;
}
