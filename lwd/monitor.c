/* SPDX-License-Identifier: Apache-2.0 */
/* The monitor: starts the roles, hands them their sockets, restarts what dies. It has one thread, opens no database,
 * and reads nothing that a network peer wrote. */
#include "lwd/main.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "base/crypto.h"
#include "base/err.h"
#include "base/log.h"
#include "base/sock.h"
#include "lwd/message.h"
#include "lwd/system.h"

#define STEADY_US    (10 * LW_SECOND)  /* a role that lived so long has not crashed on start */
#define BACKOFF_US   (100 * 1000)      /* doubled with each crash in a row … */
#define BACKOFF_MAX  (800 * 1000)      /* … up to this: back within a second, always */
#define GIVE_UP      6                 /* crashes before the first time all were ready */
#define HANG_US      (60 * LW_SECOND)
#define START_US     (600 * LW_SECOND) /* until it says that it is ready */
#define STOP_EXTRA   (4 * LW_SECOND)   /* after shutdown.time a role is killed */

struct child {
	const struct lwd_role *role; /* NULL: the monitor's own row */
	pid_t pid;                   /* 0: not running */
	int sock;
	bool ready, stopping;
	int64_t started, restart_at, kill_at, answered;
	unsigned crashes;
	int failed_status;
	char failed[256];
};

struct monitor {
	struct lwd_monitor_args *args;
	const struct lw_clock *clock;
	struct lwd_bounds bounds;
	int regions[LWD_REGIONS_MAX];
	struct child children[LW_ROLE_COUNT];
	uint8_t boot_id[32];
	bool separate_users, all_ready_once, stopping;
	unsigned stop_step;
	uint32_t ping;
	int64_t next_second, next_watchdog;
	int signals, exit_status;
};

static int64_t now(const struct monitor *m)
{
	return lw_mono(m->clock);
}

static void number(char ret[16], long n)
{
	snprintf(ret, 16, "%ld", n);
}

/* ---- starting ---- */

static void child_exec(struct monitor *m, const struct lwd_role *role, int sock) __attribute__((noreturn));
static void child_exec(struct monitor *m, const struct lwd_role *role, int sock)
{
	char *args[4] = { m->args->self, (char *)(uintptr_t) "--role", (char *)(uintptr_t)role->name, NULL };
	sigset_t none;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	if (sock == LWD_MONITOR_FD)
		lw_fd_cloexec(sock, 0);
	else if (dup2(sock, LWD_MONITOR_FD) < 0)
		_exit(1);
	unsetenv("NOTIFY_SOCKET");
	unsetenv("WATCHDOG_USEC");
	if (m->separate_users && lwd_become(role->user) != LW_OK) {
		lw_log(LW_ERROR, "cannot-change-user", "user", role->user, "why", strerror(errno), NULL);
		_exit(1);
	}
	execv("/proc/self/exe", args);
	execv(args[0], args); /* no /proc */
	lw_log(LW_ERROR, "cannot-exec", "why", strerror(errno), NULL);
	_exit(1);
}

/* A new channel on which asker asks answerer. Of the two, fresh is the one that is being started. */
static int join(struct child *asker, struct child *answerer, const struct child *fresh)
{
	int pair[2], r = lw_sock_pair(SOCK_STREAM, pair), r1, r2;

	if (r != LW_OK)
		return r;
	r1 = lwd_msg_send(asker->sock,
		&(struct lwd_msg){ LWD_MSG_PEER, .a = answerer->role->id, .b = LWD_PEER_ANSWERS }, pair[0]);
	r2 = lwd_msg_send(answerer->sock, &(struct lwd_msg){ LWD_MSG_PEER, .a = asker->role->id, .b = LWD_PEER_ASKS }, pair[1]);
	close(pair[0]);
	close(pair[1]);
	return fresh == asker ? r1 : r2; /* when the other is dying, its restart makes another pair */
}

/* The channels between the two, when both run: one for each direction in which one may ask the other. */
static int join_peers(struct child *fresh, struct child *other)
{
	int r = LW_OK;

	if (other->pid == 0)
		return LW_OK;
	if (fresh->role->calls & (1u << other->role->id))
		r = join(fresh, other, fresh);
	if (r == LW_OK && (other->role->calls & (1u << fresh->role->id)))
		r = join(other, fresh, fresh);
	return r;
}

static int hand_over(struct monitor *m, struct child *c)
{
	struct lw_bytes boot = { m->boot_id, sizeof(m->boot_id) };
	int r = lwd_msg_send(c->sock,
		&(struct lwd_msg){ LWD_MSG_SETUP, .a = (uint32_t)m->args->owner, .text = lw_str(m->args->dir) }, -1);

	if (r == LW_OK && c->role->id == LW_ROLE_KEYD)
		r = lwd_msg_send(c->sock, &(struct lwd_msg){ LWD_MSG_BOOT, .text = boot }, -1);
	if (r == LW_OK)
		r = lwd_msg_send_conf(c->sock, lw_written(&m->args->conf_text));
	for (size_t i = 0; r == LW_OK && i < m->bounds.n; i++) {
		const struct lwd_bound *b = &m->bounds.v[i];

		if (m->args->program->services[b->service].role == c->role->id)
			r = lwd_msg_send(c->sock, &(struct lwd_msg){ LWD_MSG_LISTEN, .a = b->service, .b = b->loop }, b->fd);
	}
	for (unsigned i = 0; r == LW_OK && i < m->args->program->nregions; i++)
		if (m->args->program->regions[i].roles & (1u << c->role->id))
			r = lwd_msg_send(c->sock, &(struct lwd_msg){ LWD_MSG_REGION, .a = i }, m->regions[i]);
	for (int i = 0; r == LW_OK && i < LW_ROLE_COUNT; i++)
		if (m->children[i].role != NULL && &m->children[i] != c)
			r = join_peers(c, &m->children[i]);
	if (r == LW_OK)
		r = lwd_msg_send(c->sock, &(struct lwd_msg){ LWD_MSG_START }, -1);
	return r;
}

static void child_start(struct monitor *m, struct child *c)
{
	static const struct timeval patience = { 2, 0 };
	char text[16];
	int pair[2], r = lw_sock_pair(SOCK_SEQPACKET, pair);
	pid_t pid = -1;

	c->restart_at = now(m) + LW_SECOND / 2; /* should anything below fail */
	if (r == LW_OK && (pid = fork()) == 0)
		child_exec(m, c->role, pair[1]);
	if (r == LW_OK)
		close(pair[1]);
	if (pid < 0) {
		lw_log(LW_ERROR, "cannot-start-role", "name", c->role->name, "why",
			r != LW_OK ? lw_strerror(r) : strerror(errno), NULL);
		if (r == LW_OK)
			close(pair[0]);
		return;
	}
	c->pid = pid;
	c->sock = pair[0];
	c->ready = c->stopping = false;
	c->started = c->answered = now(m);
	c->restart_at = 0;
	c->failed[0] = '\0';
	setsockopt(c->sock, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
	number(text, pid);
	lw_log(LW_INFO, "role-started", "name", c->role->name, "child", text, NULL);
	r = hand_over(m, c);
	if (r != LW_OK) {
		lw_log(LW_ERROR, "cannot-hand-over", "name", c->role->name, "why", lw_strerror(r), NULL);
		kill(pid, SIGKILL);
	}
}

/* ---- stopping ---- */

/* The roles of one step of the stop order are told to finish; when they have ended, the next step's. */
static void stop_next(struct monitor *m)
{
	while (m->stop_step < lwd_roles[LW_ROLE_MONITOR].stop) {
		bool any = false;

		for (int i = 0; i < LW_ROLE_COUNT; i++) {
			struct child *c = &m->children[i];

			if (c->role == NULL || c->pid == 0 || c->role->stop != m->stop_step)
				continue;
			any = true;
			if (c->stopping)
				continue;
			c->stopping = true;
			c->kill_at = now(m) + m->args->conf.shutdown_time + STOP_EXTRA;
			lwd_msg_send(c->sock, &(struct lwd_msg){ LWD_MSG_DRAIN }, -1);
		}
		if (any)
			return;
		m->stop_step++;
	}
}

static void stop(struct monitor *m, const char *why, int status)
{
	if (m->stopping)
		return;
	m->stopping = true;
	m->exit_status = status;
	lw_log(LW_INFO, "stopping", "why", why, NULL);
	lwd_notify("STOPPING=1");
	lwd_unbind(m->args->program, m->args->dir, &m->bounds);
	stop_next(m);
}

/* ---- what children do ---- */

static void check_ready(struct monitor *m)
{
	for (int i = 0; i < LW_ROLE_COUNT; i++)
		if (m->children[i].role != NULL && !m->children[i].ready)
			return;
	if (!m->all_ready_once)
		lw_log(LW_INFO, "ready", "version", m->args->program->version, NULL);
	m->all_ready_once = true;
	lwd_notify("READY=1\nSTATUS=serving");
}

static void child_said(struct monitor *m, struct child *c)
{
	uint8_t buf[1024];
	struct lwd_msg msg;
	int fd, r = lwd_msg_recv(c->sock, buf, &msg, &fd);

	if (r != LW_OK) {
		if (r == LW_EUNAVAIL) { /* it is dying: SIGCHLD says the rest */
			close(c->sock);
			c->sock = -1;
		}
		return;
	}
	if (fd >= 0)
		close(fd);
	c->answered = now(m);
	if (msg.type == LWD_MSG_READY && !c->ready) {
		c->ready = true;
		lw_log(LW_INFO, "role-ready", "name", c->role->name, NULL);
		check_ready(m);
	} else if (msg.type == LWD_MSG_FAILED) {
		c->failed_status = (int)(msg.a & 0xff);
		snprintf(c->failed, sizeof(c->failed), "%.*s", (int)msg.text.n, (const char *)msg.text.p);
	}
}

static void log_exit(const struct child *c, int status, bool expected)
{
	char text[16], pid[16];

	number(text, WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
	number(pid, c->pid);
	lw_log(expected ? LW_INFO : LW_ERROR, expected ? "role-ended" : "role-exit", "name", c->role->name, "child", pid,
		WIFSIGNALED(status) ? "signal" : "status", text, c->failed[0] != '\0' ? "why" : NULL, c->failed, NULL);
}

static void child_ended(struct monitor *m, struct child *c, int status)
{
	bool expected = c->stopping && WIFEXITED(status) && WEXITSTATUS(status) == 0;
	int64_t lived = now(m) - c->started, wait;

	while (c->sock >= 0) { /* its last words */
		struct pollfd p = { .fd = c->sock, .events = POLLIN };

		if (poll(&p, 1, 0) <= 0)
			break;
		child_said(m, c);
	}
	log_exit(c, status, expected);
	if (c->sock >= 0)
		close(c->sock);
	c->sock = -1;
	c->pid = 0;
	c->ready = false;
	if (m->stopping) {
		if (!expected && m->exit_status == 0)
			m->exit_status = 1;
		stop_next(m);
		return;
	}
	c->crashes = lived > STEADY_US ? 0 : c->crashes + 1;
	if (!m->all_ready_once && c->failed[0] != '\0') {
		fprintf(stderr, "lwd: %s\n", c->failed);
		stop(m, c->failed, c->failed_status);
		return;
	}
	if (!m->all_ready_once && c->crashes >= GIVE_UP) {
		fprintf(stderr, "lwd: role %s ends again and again; see the log lines above\n", c->role->name);
		stop(m, "a role does not start", 1);
		return;
	}
	wait = c->crashes <= 1 ? 0 : BACKOFF_US << (c->crashes - 2 < 8 ? c->crashes - 2 : 8);
	c->restart_at = now(m) + (wait < BACKOFF_MAX ? wait : BACKOFF_MAX);
	if (wait == 0)
		child_start(m, c);
}

static void reap(struct monitor *m)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
		for (int i = 0; i < LW_ROLE_COUNT; i++)
			if (m->children[i].role != NULL && m->children[i].pid == pid)
				child_ended(m, &m->children[i], status);
}

/* ---- configuration ---- */

static bool same(const char *a, const char *b)
{
	return strcmp(a != NULL ? a : "", b != NULL ? b : "") == 0;
}

static void reload(struct monitor *m)
{
	struct lwd_config *old = &m->args->conf, conf;
	struct lw_writer text;
	char err[256] = "";

	lwd_notify("RELOADING=1");
	lw_writer_init(&text, LW_CONF_MAX_FILE);
	if (lwd_config_text(m->args->dir, &text, err) != LW_OK ||
		lwd_config_parse(lw_written(&text), "lwd.conf", &conf, err) != LW_OK) {
		lw_log(LW_ERROR, "reload-failed", "why", err, "note", "going on with the former configuration", NULL);
		lw_writer_done(&text);
		goto out;
	}
	if (!same(old->listen, conf.listen) || old->port_offset != conf.port_offset || !same(old->domain, conf.domain) ||
		!same(old->hostname, conf.hostname) || old->cleartext != conf.cleartext ||
		old->directory_loops != conf.directory_loops || old->directory_workers != conf.directory_workers ||
		old->kdc_loops != conf.kdc_loops || old->kdc_workers != conf.kdc_workers ||
		old->search_size_limit != conf.search_size_limit || old->search_time_limit != conf.search_time_limit)
		lw_log(LW_WARN, "reload-partial", "why",
			"only log.level, limits.* and shutdown.time change while lwd runs; restart it for the rest", NULL);
	lw_writer_done(&m->args->conf_text);
	m->args->conf_text = text;
	old->shutdown_time = conf.shutdown_time;
	old->level = conf.level;
	lw_log_level(conf.level);
	lwd_config_done(&conf);
	for (int i = 0; i < LW_ROLE_COUNT; i++) {
		struct child *c = &m->children[i];

		if (c->role == NULL || c->sock < 0)
			continue;
		if (lwd_msg_send_conf(c->sock, lw_written(&m->args->conf_text)) == LW_OK)
			lwd_msg_send(c->sock, &(struct lwd_msg){ LWD_MSG_RELOAD }, -1);
	}
	lw_log(LW_INFO, "reloaded", NULL);
out:
	lwd_notify("READY=1");
}

/* ---- the loop ---- */

static void take_signal(struct monitor *m)
{
	struct signalfd_siginfo si;

	while (read(m->signals, &si, sizeof(si)) == sizeof(si)) {
		if (si.ssi_signo == SIGCHLD)
			reap(m);
		else if (si.ssi_signo == SIGHUP && !m->stopping)
			reload(m);
		else if (si.ssi_signo == SIGTERM || si.ssi_signo == SIGINT)
			stop(m, si.ssi_signo == SIGTERM ? "SIGTERM" : "SIGINT", 0);
	}
}

static void watch_child(struct monitor *m, struct child *c)
{
	int64_t t = now(m);

	if (c->pid == 0) {
		if (!m->stopping && t >= c->restart_at)
			child_start(m, c);
		return;
	}
	if (c->stopping && t > c->kill_at) {
		lw_log(LW_WARN, "role-killed", "name", c->role->name, "why", "it did not finish in time", NULL);
		kill(c->pid, SIGKILL);
		c->kill_at = t + LW_SECOND;
	}
	if (!c->stopping && t - c->answered > (c->ready ? HANG_US : START_US)) {
		lw_log(LW_ERROR, "role-killed", "name", c->role->name, "why", "it does not answer", NULL);
		kill(c->pid, SIGKILL);
		c->answered = t;
	}
}

static void upkeep(struct monitor *m)
{
	bool second = now(m) >= m->next_second;

	if (second) {
		m->next_second = now(m) + LW_SECOND;
		m->ping++;
	}
	for (int i = 0; i < LW_ROLE_COUNT; i++) {
		struct child *c = &m->children[i];

		if (c->role == NULL)
			continue;
		watch_child(m, c);
		if (second && c->sock >= 0 && !c->stopping && c->ready)
			lwd_msg_send(c->sock, &(struct lwd_msg){ LWD_MSG_PING, .a = m->ping }, -1);
	}
	if (m->next_watchdog != 0 && now(m) >= m->next_watchdog) {
		lwd_notify("WATCHDOG=1");
		m->next_watchdog = now(m) + lwd_watchdog_us();
	}
}

static int until_next(const struct monitor *m)
{
	int64_t at = m->next_second, t = now(m);

	for (int i = 0; i < LW_ROLE_COUNT; i++)
		if (m->children[i].role != NULL && m->children[i].pid == 0 && !m->stopping &&
			m->children[i].restart_at < at)
			at = m->children[i].restart_at;
	if (m->next_watchdog != 0 && m->next_watchdog < at)
		at = m->next_watchdog;
	return at > t ? (int)((at - t) / 1000) + 1 : 0;
}

static bool any_running(const struct monitor *m)
{
	for (int i = 0; i < LW_ROLE_COUNT; i++)
		if (m->children[i].role != NULL && m->children[i].pid != 0)
			return true;
	return false;
}

static void run(struct monitor *m)
{
	while (!m->stopping || any_running(m)) {
		struct pollfd p[1 + LW_ROLE_COUNT];

		p[0] = (struct pollfd){ .fd = m->signals, .events = POLLIN };
		for (int i = 0; i < LW_ROLE_COUNT; i++)
			p[1 + i] = (struct pollfd){ .fd = m->children[i].role != NULL ? m->children[i].sock : -1,
				.events = POLLIN };
		if (poll(p, 1 + LW_ROLE_COUNT, until_next(m)) > 0) {
			for (int i = 0; i < LW_ROLE_COUNT; i++)
				if (p[1 + i].fd >= 0 && p[1 + i].revents != 0 && m->children[i].sock == p[1 + i].fd)
					child_said(m, &m->children[i]);
			if (p[0].revents != 0)
				take_signal(m);
		}
		upkeep(m);
	}
}

static int signals_fd(void)
{
	static const int wanted[] = { SIGCHLD, SIGHUP, SIGTERM, SIGINT };
	struct sigaction ignore = { .sa_handler = SIG_IGN };
	sigset_t set;

	sigaction(SIGPIPE, &ignore, NULL);
	sigemptyset(&set);
	for (size_t i = 0; i < sizeof(wanted) / sizeof(*wanted); i++) {
		struct sigaction def = { .sa_handler = SIG_DFL };

		sigaction(wanted[i], &def, NULL); /* a parent may have left them ignored */
		sigaddset(&set, wanted[i]);
	}
	sigprocmask(SIG_BLOCK, &set, NULL);
	return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

int lwd_monitor_main(struct lwd_monitor_args *args)
{
	struct monitor m = { .args = args, .clock = &lw_clock_system };
	char err[256] = "";
	int r;

	lwd_title(lwd_roles[LW_ROLE_MONITOR].title);
	lw_log_role(lwd_roles[LW_ROLE_MONITOR].name);
	lw_log_level(args->conf.level);
	if (lw_clock_turned() != NULL)
		lw_log(LW_WARN, "test-clock", "offset", lw_clock_turned(), "note", "this build is for tests alone", NULL);
	lw_random(m.boot_id, sizeof(m.boot_id));
	m.signals = signals_fd();
	r = m.signals < 0 ? LW_EIO : lwd_privsep(args->dir, &m.separate_users, err);
	if (r == LW_OK)
		r = lwd_regions(args->program, m.regions, err);
	if (r == LW_OK)
		r = lwd_bind(args->program, &args->conf, args->dir, &m.bounds, err);
	if (r != LW_OK) {
		fprintf(stderr, "lwd: %s\n", err[0] != '\0' ? err : lw_strerror(r));
		return r == LW_ENOMEM ? 1 : LWD_EXIT_CONFIG;
	}
	m.next_second = now(&m) + LW_SECOND;
	if (lwd_watchdog_us() > 0)
		m.next_watchdog = now(&m) + lwd_watchdog_us();
	for (int i = 0; i < LW_ROLE_COUNT; i++) {
		m.children[i].sock = -1;
		if (args->program->ops[i] != NULL)
			m.children[i].role = &lwd_roles[i];
	}
	for (int i = 0; i < LW_ROLE_COUNT; i++)
		if (m.children[i].role != NULL)
			child_start(&m, &m.children[i]);
	run(&m);
	close(m.signals);
	lw_log(LW_INFO, "stopped", NULL);
	return m.exit_status;
}
