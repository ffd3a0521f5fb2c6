/* SPDX-License-Identifier: Apache-2.0 */
#include "lwd/conn.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#include "base/err.h"
#include "base/log.h"
#include "base/sock.h"

#define ACCEPT_BURST 32

/* ---- lists ---- */

void loop_ready(struct conn *c)
{
	struct loop *l = c->loop;

	if (c->queued)
		return;
	c->queued = true;
	c->link = NULL;
	*l->ready_last = c;
	l->ready_last = &c->link;
}

static void wake(struct loop *l)
{
	uint64_t one = 1;

	while (write(l->wake_fd, &one, sizeof(one)) < 0 && errno == EINTR)
		;
}

void loop_return(struct conn *c)
{
	struct loop *l = c->loop;
	bool first;

	pthread_mutex_lock(&l->lock);
	first = l->returned == NULL;
	c->link = l->returned;
	l->returned = c;
	pthread_mutex_unlock(&l->lock);
	if (first)
		wake(l);
}

/* All are asked before the first is answered: what one kind of work needs stays in the caches. */
void loop_run_ready(struct loop *l)
{
	struct conn *c = l->ready, *next, *asked = NULL, **last = &asked;

	if (c == NULL)
		return;
	l->ready = NULL;
	l->ready_last = &l->ready;
	loop_batch(l, LWD_BATCH_ASKS);
	for (next = c; next != NULL; next = next->link)
		if (next->machine != NULL && next->svc->proto->ahead != NULL)
			next->svc->proto->ahead(next->machine);
	for (; c != NULL; c = next) {
		next = c->link;
		c->queued = false;
		if (c->dead && c->machine == NULL) {
			free(c); /* closed while it was queued */
		} else if (conn_ask(c)) {
			c->queued = true;
			*last = c;
			last = &c->link;
		}
	}
	loop_batch(l, LWD_BATCH_ASKED);
	*last = NULL;
	for (c = asked; c != NULL; c = next) {
		next = c->link;
		c->queued = false;
		if (c->dead && c->machine == NULL)
			free(c);
		else
			conn_answer(c);
	}
	loop_batch(l, LWD_BATCH_SENT);
}

static void take_returned(struct loop *l)
{
	struct conn *c, *next;

	pthread_mutex_lock(&l->lock);
	c = l->returned;
	l->returned = NULL;
	pthread_mutex_unlock(&l->lock);
	for (; c != NULL; c = next) {
		next = c->link;
		atomic_store_explicit(&c->owner, OWNER_LOOP, memory_order_relaxed);
		conn_returned(c);
	}
}

/* ---- accepting ---- */

static void listeners_watch(struct loop *l, bool on)
{
	for (struct listener *li = l->listeners; li != NULL; li = li->next) {
		if (on)
			event_add(&li->ev, NULL);
		else
			event_del(&li->ev);
	}
}

static void listeners_close(struct loop *l)
{
	while (l->listeners != NULL) {
		struct listener *li = l->listeners;

		l->listeners = li->next;
		event_del(&li->ev);
		close(li->fd);
		/* connections point to its service: freed with the loop */
		li->fd = -1;
		li->next = l->closed;
		l->closed = li;
	}
}

static void refused(struct loop *l, const char *why)
{
	int64_t now = lw_mono(l->net->clock);

	if (l->refused_logged != 0 && now - l->refused_logged < LW_SECOND)
		return;
	l->refused_logged = now;
	lw_log(LW_WARN, "connection-refused", "why", why, NULL);
}

/* Out of descriptors: take one with the reserve and close it, so that the peer knows; then leave the listeners
 * alone for a moment. */
static void back_off(struct loop *l, int fd)
{
	static const struct timeval moment = { 0, 100000 };
	int victim;

	refused(l, "out of file descriptors or memory");
	close(l->reserve_fd);
	victim = accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (victim >= 0)
		close(victim);
	l->reserve_fd = dup(l->wake_fd);
	listeners_watch(l, false);
	event_add(&l->ev_backoff, &moment);
}

static void admit(struct listener *li, int fd, const struct sockaddr_storage *sa)
{
	struct lwd_net *net = li->loop->net;
	struct addr_count *addr;
	bool trusted = false;
	uid_t uid = (uid_t)-1;
	gid_t gid;
	pid_t pid;

	/* nobody can keep the owner from the control socket, nor another local user the others */
	if (sa->ss_family == AF_UNIX && lw_sock_peer(fd, &uid, &gid, &pid) == LW_OK)
		trusted = uid == 0 || uid == net->opt.owner;
	if (!trusted && atomic_load(&net->nconns) >= atomic_load(&net->max_conns)) {
		refused(li->loop, "limits.connections is reached");
		close(fd);
		return;
	}
	addr = addr_take(net->addrs, sa, uid, trusted ? SIZE_MAX : atomic_load(&net->max_conns_per_addr));
	if (addr == NULL) {
		refused(li->loop, "limits.connections-per-address is reached");
		close(fd);
		return;
	}
	conn_open(li->loop, &li->svc, fd, sa, addr);
}

static void on_accept(evutil_socket_t fd, short what, void *arg)
{
	struct listener *li = arg;

	for (int i = 0; i < ACCEPT_BURST; i++) {
		struct sockaddr_storage sa = { 0 };
		socklen_t n = sizeof(sa);
		int conn = accept4(fd, (struct sockaddr *)&sa, &n, SOCK_CLOEXEC | SOCK_NONBLOCK);

		if (conn >= 0) {
			admit(li, conn, &sa);
			continue;
		}
		if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
			back_off(li->loop, fd);
			return;
		}
		if (errno != EINTR && errno != ECONNABORTED)
			return;
	}
}

static void on_backoff(evutil_socket_t fd, short what, void *arg)
{
	listeners_watch(arg, true);
}

/* ---- time, drain ---- */

static void cut_all(struct loop *l)
{
	struct conn *c, *next;

	loop_run_ready(l);
	for (c = l->conns; c != NULL; c = next) {
		next = c->next;
		if (atomic_load_explicit(&c->owner, memory_order_acquire) != OWNER_LOOP)
			continue;
		if (c->phase != PHASE_LINGER)
			atomic_store(&l->net->cut, true);
		conn_close(c);
	}
}

static void each(struct loop *l, void (*visit)(struct conn *, int64_t now), int64_t now)
{
	struct conn *c, *next;

	for (c = l->conns; c != NULL; c = next) {
		next = c->next;
		visit(c, now);
	}
}

static void visit_farewell(struct conn *c, int64_t now)
{
	conn_farewell(c);
}

static void check_drain(struct loop *l)
{
	int64_t end = atomic_load(&l->net->drain_end);
	struct timeval often = { 0, 50000 };

	if (end == 0)
		return;
	if (!l->draining) {
		l->draining = true;
		event_del(&l->ev_backoff);
		listeners_close(l);
		dgram_stop(l);
		each(l, visit_farewell, 0);
		event_add(&l->ev_tick, &often);
	}
	if (lw_mono(l->net->clock) >= end)
		cut_all(l);
}

static void on_wake(evutil_socket_t fd, short what, void *arg)
{
	uint64_t n;

	if (read(fd, &n, sizeof(n)) < 0)
		return;
	take_returned(arg);
	check_drain(arg);
}

static void on_tick(evutil_socket_t fd, short what, void *arg)
{
	struct loop *l = arg;
	int64_t now = lw_mono(l->net->clock);

	atomic_store(&l->came_round, now);
	loop_run_ready(l); /* answers that wait there are not stalled */
	each(l, conn_tick, now);
	check_drain(l);
}

static void *loop_main(void *arg)
{
	static const struct timeval half = { 0, 500000 }; /* an idle connection of who is disabled ends within the second */
	struct loop *l = arg;

	pthread_setname_np(pthread_self(), "lwd: loop");
	atomic_store(&l->came_round, lw_mono(l->net->clock));
	event_add(&l->ev_wake, NULL);
	event_add(&l->ev_tick, &half);
	listeners_watch(l, true);
	dgram_watch(l);
	while (!l->draining || l->nconns > 0 || dgram_busy(l)) {
		event_base_loop(l->base, EVLOOP_ONCE | (l->ready != NULL ? EVLOOP_NONBLOCK : 0));
		loop_run_ready(l);
	}
	loop_run_ready(l);
	atomic_store(&l->ended, true);
	sem_post(&l->net->ended);
	return NULL;
}

/* ---- building and ending ---- */

static bool loop_init(struct loop *l, struct lwd_net *net, unsigned index)
{
	struct event_config *cfg = event_config_new();

	l->net = net;
	l->index = index;
	l->ready_last = &l->ready;
	pthread_mutex_init(&l->lock, NULL);
	l->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	l->reserve_fd = dup(l->wake_fd);
	if (cfg != NULL) {
		event_config_set_flag(cfg, EVENT_BASE_FLAG_NOLOCK);
		l->base = event_base_new_with_config(cfg);
		event_config_free(cfg);
	}
	if (l->base == NULL || l->wake_fd < 0 || l->reserve_fd < 0)
		return false;
	event_assign(&l->ev_wake, l->base, l->wake_fd, EV_READ | EV_PERSIST, on_wake, l);
	event_assign(&l->ev_tick, l->base, -1, EV_PERSIST, on_tick, l);
	event_assign(&l->ev_backoff, l->base, -1, 0, on_backoff, l);
	return true;
}

static void loop_done(struct loop *l)
{
	if (l->net == NULL)
		return;
	while (l->conns != NULL)
		conn_close(l->conns);
	loop_run_ready(l);
	if (l->base != NULL)
		listeners_close(l);
	dgram_free(l);
	while (l->closed != NULL) {
		struct listener *li = l->closed;

		l->closed = li->next;
		free(li);
	}
	if (l->base != NULL)
		event_base_free(l->base);
	if (l->wake_fd >= 0)
		close(l->wake_fd);
	if (l->reserve_fd >= 0)
		close(l->reserve_fd);
	pthread_mutex_destroy(&l->lock);
}

int lwd_net_new(const struct lwd_net_options *opt, struct lwd_tls *tls, const struct lw_clock *clock,
	struct lwd_net **ret)
{
	struct lwd_net *net = calloc(1, sizeof(*net));
	int r = LW_ENOMEM;

	if (net == NULL)
		return LW_ENOMEM;
	net->opt = *opt;
	net->tls = tls;
	net->clock = clock;
	sem_init(&net->ended, 0, 0);
	lwd_net_limits(net, opt->max_conns, opt->max_conns_per_addr);
	net->addrs = addr_table_new();
	net->loops = calloc(opt->loops, sizeof(*net->loops));
	if (net->addrs == NULL || net->loops == NULL)
		goto out;
	r = LW_EIO;
	for (unsigned i = 0; i < opt->loops; i++)
		if (!loop_init(&net->loops[i], net, i))
			goto out;
	*ret = net;
	return LW_OK;
out:
	lwd_net_free(net);
	return r;
}

unsigned lwd_net_loops(const struct lwd_net *net)
{
	return net->opt.loops;
}

int lwd_net_listen(struct lwd_net *net, unsigned loop, int fd, const struct lwd_service *svc)
{
	struct loop *l = &net->loops[loop % net->opt.loops];
	int type = SOCK_STREAM;
	socklen_t n = sizeof(type);
	struct listener *li;

	if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &n) == 0 && type == SOCK_DGRAM)
		return dgram_new(l, fd, svc);
	li = calloc(1, sizeof(*li));
	if (li == NULL) {
		close(fd);
		return LW_ENOMEM;
	}
	li->loop = l;
	li->fd = fd;
	li->svc = *svc;
	fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
	event_assign(&li->ev, l->base, fd, EV_READ | EV_PERSIST, on_accept, li);
	li->next = l->listeners;
	l->listeners = li;
	return LW_OK;
}

int lwd_net_start(struct lwd_net *net)
{
	net->workers = workers_new(net->opt.workers);
	if (net->workers == NULL)
		return LW_EIO;
	for (unsigned i = 0; i < net->opt.loops; i++) {
		if (pthread_create(&net->loops[i].thread, NULL, loop_main, &net->loops[i]) != 0)
			return LW_EIO;
		net->loops[i].started = true;
	}
	return LW_OK;
}

void lwd_net_limits(struct lwd_net *net, size_t max_conns, size_t max_conns_per_addr)
{
	atomic_store(&net->max_conns, max_conns);
	atomic_store(&net->max_conns_per_addr, max_conns_per_addr);
}

size_t lwd_net_conns(const struct lwd_net *net)
{
	return atomic_load(&net->nconns);
}

bool lwd_net_alive(const struct lwd_net *net, int64_t within_us)
{
	int64_t now = lw_mono(net->clock);

	for (unsigned i = 0; i < net->opt.loops; i++) {
		const struct loop *l = &net->loops[i];

		if (l->started && now - atomic_load(&l->came_round) > within_us)
			return false;
	}
	return true;
}

/* Until every started loop has ended or the time is up. */
static void wait_ended(struct lwd_net *net, const struct timespec *until)
{
	for (unsigned i = 0; i < net->opt.loops; i++)
		while (net->loops[i].started && sem_clockwait(&net->ended, CLOCK_MONOTONIC, until) != 0)
			if (errno != EINTR)
				return;
}

bool lwd_net_drain(struct lwd_net *net, int64_t limit_us)
{
	struct timespec until;
	bool all = true;
	int64_t seconds;

	atomic_store(&net->drain_end, lw_mono(net->clock) + limit_us + 1);
	for (unsigned i = 0; i < net->opt.loops; i++)
		wake(&net->loops[i]);
	clock_gettime(CLOCK_MONOTONIC, &until);
	seconds = limit_us / LW_SECOND + 3; /* jobs that wait for a commit or another role */
	until.tv_sec += (time_t)seconds;
	wait_ended(net, &until);
	for (unsigned i = 0; i < net->opt.loops; i++) {
		if (!net->loops[i].started)
			continue;
		if (atomic_load(&net->loops[i].ended)) {
			pthread_join(net->loops[i].thread, NULL);
			net->loops[i].started = false;
		} else {
			all = false;
		}
	}
	return all && !atomic_load(&net->cut);
}

void lwd_net_free(struct lwd_net *net)
{
	if (net == NULL)
		return;
	if (net->loops != NULL)
		for (unsigned i = 0; i < net->opt.loops; i++)
			if (net->loops[i].started)
				return; /* a job that never came back: the process is about to end */
	workers_free(net->workers);
	if (net->loops != NULL)
		for (unsigned i = 0; i < net->opt.loops; i++)
			loop_done(&net->loops[i]);
	free(net->loops);
	addr_table_free(net->addrs);
	free(net);
}
