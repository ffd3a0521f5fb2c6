/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/tables/two.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/ber.h"

#define ROOM (32u << 20)

struct wire {
	int fd;
	SSL *ssl;
	wire_whole *whole;
	struct lw_bytes again; /* of a datagram: sent once more when nothing comes */
	size_t at, n, size;
	uint8_t *buf;
};

/* ---- framing ---- */

static uint32_t u32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

/* All messages of one id until its result. */
size_t whole_ldap(const uint8_t *p, size_t n)
{
	size_t at = 0, total;

	while (at < n) {
		size_t op;

		if (lw_ber_frame((struct lw_bytes){ p + at, n - at }, ROOM, &total) || !total || total > n - at)
			return 0;
		/* the head of the sequence, the id, the operation's tag */
		op = at + 2 + (p[at + 1] & 0x80 ? p[at + 1] & 0x7f : 0);
		op += 2u + p[op + 1];
		at += total;
		if (p[op] != 0x64 && p[op] != 0x73 && p[op] != 0x79)
			return at;
	}
	return 0;
}

size_t whole_krb(const uint8_t *p, size_t n)
{
	return n >= 4 && n - 4 >= u32(p) ? 4 + (size_t)u32(p) : 0;
}

/* Items and one end. */
size_t whole_control(const uint8_t *p, size_t n)
{
	for (size_t at = 0; n - at > 4 && n - at - 4 >= u32(p + at);) {
		size_t kind = at + 4;

		at += 4 + (size_t)u32(p + at);
		if (p[kind] == CTL_END)
			return at;
	}
	return 0;
}

size_t whole_http(const uint8_t *p, size_t n)
{
	const uint8_t *end = memmem(p, n, "\r\n\r\n", 4);
	size_t head = end ? (size_t)(end - p) + 4 : 0, body = 0;
	char text[4096], *at;

	if (!end)
		return 0;
	if (head >= sizeof(text))
		die("a long head");
	memcpy(text, p, head);
	text[head] = 0;
	at = strcasestr(text, "\r\nContent-Length:");
	if (at)
		body = strtoul(at + 17, NULL, 10);
	else if (strcasestr(text, "\r\nTransfer-Encoding:"))
		die("an answer in chunks");
	return n - head >= body ? head + body : 0;
}

size_t whole_datagram(const uint8_t *p, size_t n)
{
	return n;
}

/* ---- connections ---- */

static void give(struct wire *w, struct lw_bytes b)
{
	while (b.n) {
		ssize_t n = w->ssl ? SSL_write(w->ssl, b.p, (int)b.n) : send(w->fd, b.p, b.n, MSG_NOSIGNAL);

		if (n <= 0) {
			if (!w->ssl && errno == EINTR)
				continue;
			return; /* the answer will say that it is closed */
		}
		b.p += n;
		b.n -= (size_t)n;
	}
}

void wire_send(struct wire *w, struct lw_bytes b)
{
	if (w->whole == whole_datagram) {
		free((void *)w->again.p);
		w->again = (struct lw_bytes){ memcpy(malloc(b.n), b.p, b.n), b.n };
	}
	give(w, b);
}

/* false: closed, or a minute of silence */
static bool more(struct wire *w)
{
	ssize_t n;

	if (w->n == w->size) {
		w->size = w->size ? 2 * w->size : 65536;
		w->buf = w->size <= 4 * ROOM ? realloc(w->buf, w->size) : NULL;
		if (!w->buf)
			die("out of memory");
	}
	for (unsigned tries = 0;;) {
		n = w->ssl ? SSL_read(w->ssl, w->buf + w->n, (int)(w->size - w->n)) : recv(w->fd, w->buf + w->n, w->size - w->n, 0);
		if (n > 0)
			break;
		if (!w->ssl && n < 0 && errno == EINTR)
			continue;
		if (w->whole != whole_datagram || ++tries > 20)
			return false;
		give(w, w->again);
	}
	w->n += (size_t)n;
	return true;
}

struct lw_bytes wire_answer(struct wire *w)
{
	struct lw_bytes b = { NULL, 0 };

	if (w->at == w->n)
		w->at = w->n = 0;
	while (w->at == w->n || !(b.n = w->whole(w->buf + w->at, w->n - w->at))) {
		if (w->at > w->size / 2) {
			memmove(w->buf, w->buf + w->at, w->n - w->at);
			w->n -= w->at;
			w->at = 0;
		}
		if (!more(w))
			return (struct lw_bytes){ NULL, 0 };
	}
	b.p = w->buf + w->at;
	w->at += b.n;
	return b;
}

static int connected(int port, int type)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons((uint16_t)(port + two.offset)), .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	struct timeval patience = { .tv_sec = type == SOCK_DGRAM ? 1 : 60 };
	int one = 1, fd = socket(port ? AF_INET : AF_UNIX, type | SOCK_CLOEXEC, 0);

	snprintf(un.sun_path, sizeof(un.sun_path), "%s/run/control.sock", two.data);
	if (fd < 0 || (port ? connect(fd, (struct sockaddr *)&to, sizeof(to)) : connect(fd, (struct sockaddr *)&un, sizeof(un))))
		die("connect to %d: %s", port, strerror(errno));
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	if (port && type == SOCK_STREAM)
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	return fd;
}

static struct wire *wire(int fd, wire_whole *whole)
{
	struct wire *w = calloc(1, sizeof(*w));

	if (!w)
		die("out of memory");
	w->fd = fd;
	w->whole = whole;
	return w;
}

struct wire *wire_new(int port, bool tls, wire_whole *whole)
{
	static SSL_CTX *ctx;
	struct wire *w = wire(connected(port, SOCK_STREAM), whole);

	if (!tls)
		return w;
	if (!ctx)
		ctx = SSL_CTX_new(TLS_client_method()); /* who the server is matters to other tests */
	w->ssl = ctx ? SSL_new(ctx) : NULL;
	if (!w->ssl || !SSL_set_fd(w->ssl, w->fd) || SSL_connect(w->ssl) != 1)
		die("TLS: %s", ERR_reason_error_string(ERR_get_error()));
	return w;
}

struct wire *wire_udp(int port)
{
	return wire(connected(port, SOCK_DGRAM), whole_datagram);
}

void wire_free(struct wire *w)
{
	if (!w)
		return;
	SSL_free(w->ssl);
	close(w->fd);
	free((void *)w->again.p);
	free(w->buf);
	free(w);
}
