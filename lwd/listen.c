/* SPDX-License-Identifier: Apache-2.0 */
#include "lwd/system.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "base/err.h"

#define BACKLOG 1024
#define UDP_ROOM (4 << 20) /* of a socket, where the system gives so much: what comes while the role is being restarted waits there */

#define BUSY_TRIES 40 /* while the roles of an lwd that was killed are still dying */
#define BUSY_NS    (50 * 1000 * 1000)

struct addr {
	struct sockaddr_storage sa;
	socklen_t n;
	char text[INET6_ADDRSTRLEN];
};

static int add(struct lwd_bounds *b, unsigned service, unsigned loop, int fd)
{
	struct lwd_bound *v = reallocarray(b->v, b->n + 1, sizeof(*v));

	if (v == NULL) {
		close(fd);
		return LW_ENOMEM;
	}
	b->v = v;
	v[b->n++] = (struct lwd_bound){ service, loop, fd };
	return LW_OK;
}

static bool parse_addr(const char *p, size_t n, struct addr *ret)
{
	struct sockaddr_in *in = (struct sockaddr_in *)&ret->sa;
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)&ret->sa;

	memset(ret, 0, sizeof(*ret));
	while (n > 0 && (*p == ' ' || *p == '\t'))
		p++, n--;
	while (n > 0 && (p[n - 1] == ' ' || p[n - 1] == '\t'))
		n--;
	if (n > 2 && p[0] == '[' && p[n - 1] == ']')
		p++, n -= 2;
	if (n == 0 || n >= sizeof(ret->text))
		return false;
	memcpy(ret->text, p, n);
	if (strcmp(ret->text, "*") == 0)
		memcpy(ret->text, "0.0.0.0", 8);
	if (inet_pton(AF_INET, ret->text, &in->sin_addr) == 1) {
		in->sin_family = AF_INET;
		ret->n = sizeof(*in);
		return true;
	}
	if (inet_pton(AF_INET6, ret->text, &in6->sin6_addr) == 1) {
		in6->sin6_family = AF_INET6;
		ret->n = sizeof(*in6);
		return true;
	}
	return false;
}

static size_t parse_addrs(const char *list, struct addr ret[LWD_ADDRS_MAX])
{
	size_t n = 0;

	while (*list != '\0' && n < LWD_ADDRS_MAX) {
		size_t len = strcspn(list, ",");

		if (!parse_addr(list, len, &ret[n]))
			return 0;
		n++;
		list += len;
		list += *list == ',';
	}
	return n;
}

static void set_port(struct addr *t, uint16_t port)
{
	if (t->sa.ss_family == AF_INET)
		((struct sockaddr_in *)&t->sa)->sin_port = htons(port);
	else
		((struct sockaddr_in6 *)&t->sa)->sin6_port = htons(port);
}

static bool wildcard(const struct addr *t)
{
	return t->sa.ss_family == AF_INET ?
		((const struct sockaddr_in *)&t->sa)->sin_addr.s_addr == htonl(INADDR_ANY) :
		IN6_IS_ADDR_UNSPECIFIED(&((const struct sockaddr_in6 *)&t->sa)->sin6_addr);
}

static void set_tcp(int fd)
{
	int on = 1;

	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)); /* inherited by what is accepted */
	setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
}

static void set_udp(int fd, const struct addr *t)
{
	int on = 1, room = UDP_ROOM;

	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof(room)) != 0)
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof(room));
	if (setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &room, sizeof(room)) != 0)
		setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &room, sizeof(room));
	if (!wildcard(t))
		return;
	/* a datagram says which address it came for, so that the answer can leave from there */
	if (t->sa.ss_family == AF_INET)
		setsockopt(fd, IPPROTO_IP, IP_PKTINFO, &on, sizeof(on));
	else
		setsockopt(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, &on, sizeof(on));
}

static int port_socket(const struct addr *t, int type, bool share)
{
	int on = 1, saved, fd = socket(t->sa.ss_family, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0)
		return -1;
	if (type == SOCK_STREAM) /* for UDP it would share the port with anybody */
		setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (share)
		setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on));
	if (t->sa.ss_family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on));
	if (type == SOCK_STREAM)
		set_tcp(fd);
	else
		set_udp(fd, t);
	if (bind(fd, (const struct sockaddr *)&t->sa, t->n) == 0 &&
		(!share || type == SOCK_DGRAM || listen(fd, BACKLOG) == 0))
		return fd;
	saved = errno;
	close(fd);
	errno = saved;
	return -1;
}

static void explain(const struct addr *t, const char *name, unsigned port, char err[256])
{
	if (errno == EADDRINUSE)
		snprintf(err, 256, "%s: %s port %u is in use; stop what uses it or set port-offset in lwd.conf", name,
			t->text, port);
	else if (errno == EACCES || errno == EPERM)
		snprintf(err, 256, "%s: no right to listen on port %u; start as root or set port-offset in lwd.conf",
			name, port);
	else if (errno == EADDRNOTAVAIL)
		snprintf(err, 256, "%s: this machine does not have address %s; mend listen in lwd.conf", name, t->text);
	else
		snprintf(err, 256, "%s: %s port %u: %s", name, t->text, port, strerror(errno));
}

/* A port that nobody else has, or that is free within two seconds. */
static int free_port(const struct addr *t, int type)
{
	static const struct timespec pause = { 0, BUSY_NS };
	int fd = port_socket(t, type, false);

	for (int i = 0; fd < 0 && errno == EADDRINUSE && i < BUSY_TRIES; i++) {
		nanosleep(&pause, NULL);
		fd = port_socket(t, type, false);
	}
	return fd;
}

/* A port that is shared between our loops would also be shared with another lwd: the first bind is an exclusive
 * one, to see that nobody is there. */
static int bind_port(const struct lwd_service_row *row, unsigned service, int type, struct addr *t, unsigned port,
	unsigned loops, struct lwd_bounds *b, char err[256])
{
	int fd;

	set_port(t, (uint16_t)port);
	fd = free_port(t, type);
	if (fd < 0) {
		explain(t, row->name, port, err);
		return LW_EIO;
	}
	close(fd);
	for (unsigned i = 0; i < loops; i++) {
		fd = port_socket(t, type, true);
		if (fd < 0) {
			explain(t, row->name, port, err);
			return LW_EIO;
		}
		if (add(b, service, i, fd) != LW_OK)
			return LW_ENOMEM;
	}
	return LW_OK;
}

static int bind_unix(const struct lwd_service_row *row, unsigned service, const char *dir, struct lwd_bounds *b,
	char err[256])
{
	struct sockaddr_un sa = { .sun_family = AF_UNIX };
	mode_t mask;
	int r, fd;

	if ((size_t)snprintf(sa.sun_path, sizeof(sa.sun_path), "%s/%s", dir, row->path) >= sizeof(sa.sun_path)) {
		snprintf(err, 256, "the path of the data directory is too long for a socket (at most %zu octets)",
			sizeof(sa.sun_path) - strlen(row->path) - 2);
		return LW_EIO;
	}
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0) {
		snprintf(err, 256, "%s: %s", row->name, strerror(errno));
		return LW_EIO;
	}
	unlink(sa.sun_path); /* a former lwd's: this one holds the lock */
	mask = umask(0777 & ~row->mode);
	r = bind(fd, (struct sockaddr *)&sa, sizeof(sa)) == 0 && listen(fd, BACKLOG) == 0 ? LW_OK : LW_EIO;
	umask(mask);
	if (r != LW_OK) {
		snprintf(err, 256, "%.150s: %s", sa.sun_path, strerror(errno));
		close(fd);
		return r;
	}
	return add(b, service, 0, fd);
}

size_t lwd_addrs(const char *listen, char ret[LWD_ADDRS_MAX][46])
{
	struct addr v[LWD_ADDRS_MAX];
	size_t n = parse_addrs(listen, v);

	for (size_t i = 0; i < n; i++)
		memcpy(ret[i], v[i].text, sizeof(v[i].text));
	return n;
}

int lwd_bind(const struct lwd_program *prog, const struct lwd_config *conf, const char *dir, struct lwd_bounds *ret,
	char err[256])
{
	struct lwd_bounds b = { 0 };
	struct addr addrs[LWD_ADDRS_MAX];
	size_t naddrs = parse_addrs(conf->listen, addrs);
	int r = LW_OK;

	if (naddrs == 0) {
		snprintf(err, 256, "listen = %.100s: not up to %d addresses separated by commas", conf->listen, LWD_ADDRS_MAX);
		return LW_EINVAL;
	}
	for (unsigned s = 0; r == LW_OK && s < prog->nservices; s++) {
		const struct lwd_service_row *row = &prog->services[s];

		if (row->port == 0) {
			r = bind_unix(row, s, dir, &b, err);
			continue;
		}
		for (size_t a = 0; r == LW_OK && a < naddrs; a++) {
			unsigned port = row->port + (unsigned)conf->port_offset, loops = lwd_loops(conf, row->role);

			r = bind_port(row, s, SOCK_STREAM, &addrs[a], port, loops, &b, err);
			if (r == LW_OK && row->dgram != NULL)
				r = bind_port(row, s, SOCK_DGRAM, &addrs[a], port, loops, &b, err);
		}
	}
	if (r != LW_OK) {
		lwd_unbind(prog, dir, &b);
		return r;
	}
	*ret = b;
	return LW_OK;
}

void lwd_unbind(const struct lwd_program *prog, const char *dir, struct lwd_bounds *b)
{
	for (size_t i = 0; i < b->n; i++) {
		const struct lwd_service_row *row = &prog->services[b->v[i].service];
		char path[4200];

		close(b->v[i].fd);
		if (row->port != 0)
			continue;
		snprintf(path, sizeof(path), "%s/%s", dir, row->path);
		unlink(path);
	}
	free(b->v);
	b->v = NULL;
	b->n = 0;
}
