/* SPDX-License-Identifier: Apache-2.0 */
/* A role's first thread: takes what the monitor hands over, opens, enters the sandbox, serves until told to stop. */
#include "lwd/main.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/prctl.h>
#include <sys/signal.h>
#include <sys/socket.h>

#include "base/err.h"
#include "base/log.h"
#include "lwd/message.h"
#include "lwd/sandbox.h"
#include "lwd/system.h"

struct early_peer {
	enum lw_role_id role;
	enum lwd_peer side;
	int fd;
};

struct role_run {
	struct lwd_ctx ctx;
	const struct lwd_role_ops *ops;
	struct lw_writer conf_text;
	struct early_peer early[16];
	size_t nearly;
	bool configured, started;
};

void lwd_ctx_ready(struct lwd_ctx *ctx)
{
	lwd_msg_send(ctx->monitor, &(struct lwd_msg){ LWD_MSG_READY }, -1);
}

/* Says why to the monitor and ends. _exit: nothing that other threads use is torn down under them. */
static void fail(struct role_run *run, int r, const char *err) __attribute__((noreturn));
static void fail(struct role_run *run, int r, const char *err)
{
	struct lw_bytes text = lw_str(err[0] != '\0' ? err : lw_strerror(r));

	if (text.n > LWD_MSG_TEXT_MAX)
		text.n = LWD_MSG_TEXT_MAX;
	lwd_msg_send(run->ctx.monitor,
		&(struct lwd_msg){ LWD_MSG_FAILED, .a = (uint32_t)lwd_exit_status(r), .text = text }, -1);
	_exit(lwd_exit_status(r));
}

static void take_conf(struct role_run *run)
{
	struct lwd_config old = run->ctx.conf, now;
	char err[256] = "";
	int r = lwd_config_parse(lw_written(&run->conf_text), "lwd.conf", &now, err);

	lw_writer_reset(&run->conf_text);
	if (r != LW_OK) {
		if (!run->configured)
			fail(run, r, err);
		lw_log(LW_ERROR, "reload-failed", "why", err, NULL);
		return;
	}
	run->ctx.conf = now;
	lw_log_level(now.level);
	if (run->started && run->ops->reload != NULL)
		run->ops->reload(&run->ctx, &old);
	if (run->configured && !run->started)
		lwd_config_done(&old); /* else others may still hold its strings: a reload keeps them */
	run->configured = true;
}

static void start(struct role_run *run)
{
	struct lwd_ctx *ctx = &run->ctx;
	char err[256] = "";
	int r;

	take_conf(run);
	r = run->ops->open == NULL ? LW_OK : run->ops->open(ctx, err);
	if (r == LW_OK)
		r = lwd_sandbox_enter(ctx->role->sandbox, ctx->dir, err);
	if (r == LW_OK && run->ops->start != NULL)
		r = run->ops->start(ctx, err);
	if (r != LW_OK)
		fail(run, r, err);
	run->started = true;
	for (size_t i = 0; i < run->nearly; i++)
		run->ops->peer(ctx, run->early[i].role, run->early[i].side, run->early[i].fd);
	run->nearly = 0;
}

static void take_peer(struct role_run *run, enum lw_role_id role, enum lwd_peer side, int fd)
{
	if (role >= LW_ROLE_COUNT || side >= LWD_PEER_COUNT || run->ops->peer == NULL) {
		close(fd);
	} else if (run->started) {
		run->ops->peer(&run->ctx, role, side, fd);
	} else if (run->nearly < sizeof(run->early) / sizeof(*run->early)) {
		run->early[run->nearly++] = (struct early_peer){ role, side, fd };
	} else {
		close(fd);
	}
}

static void take_listener(struct lwd_ctx *ctx, unsigned service, unsigned loop, int fd)
{
	struct lwd_handed *v = reallocarray(ctx->listeners, ctx->nlisteners + 1, sizeof(*v));

	if (v == NULL || service >= ctx->program->nservices) {
		close(fd);
		return;
	}
	ctx->listeners = v;
	v[ctx->nlisteners++] = (struct lwd_handed){ service, loop, fd };
}

/* Only memory that nobody can cut short under us. */
static void take_region(struct role_run *run, unsigned row, int fd)
{
	const struct lwd_program *prog = run->ctx.program;
	char err[256] = "";
	void *p = NULL;

	if (row < prog->nregions && !run->started)
		p = lwd_region_map(&prog->regions[row], fd, err);
	close(fd);
	if (p == NULL)
		fail(run, LW_EIO, err);
	run->ctx.regions[row] = p;
}

static char *to_string(struct lw_bytes b)
{
	return strndup((const char *)b.p, b.n);
}

static void take(struct role_run *run, const struct lwd_msg *m, int fd)
{
	struct lwd_ctx *ctx = &run->ctx;

	switch (m->type) {
	case LWD_MSG_SETUP:
		free(ctx->dir);
		ctx->dir = to_string(m->text);
		ctx->owner = (uid_t)m->a;
		break;
	case LWD_MSG_BOOT:
		if (m->text.n <= sizeof(ctx->boot_id)) {
			memcpy(ctx->boot_id, m->text.p, m->text.n);
			ctx->boot_id_n = m->text.n;
		}
		break;
	case LWD_MSG_CONF:
		lw_put_bytes(&run->conf_text, m->text);
		break;
	case LWD_MSG_LISTEN:
		take_listener(ctx, m->a, m->b, fd);
		break;
	case LWD_MSG_PEER:
		take_peer(run, (enum lw_role_id)m->a, (enum lwd_peer)m->b, fd);
		break;
	case LWD_MSG_REGION:
		take_region(run, m->a, fd);
		break;
	case LWD_MSG_START:
		if (!run->started)
			start(run);
		break;
	case LWD_MSG_RELOAD:
		take_conf(run);
		break;
	case LWD_MSG_PING:
		if (run->ops->alive == NULL || run->ops->alive(ctx))
			lwd_msg_send(ctx->monitor, &(struct lwd_msg){ LWD_MSG_PONG, .a = m->a }, -1);
		break;
	case LWD_MSG_DRAIN:
		if (run->started && run->ops->drain != NULL)
			run->ops->drain(ctx);
		lw_log(LW_INFO, "role-stopped", NULL);
		_exit(0);
	default:
		break;
	}
}

static void ignore_signals(void)
{
	static const int ignored[] = { SIGPIPE, SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2 };
	struct sigaction sa = { .sa_handler = SIG_IGN };
	sigset_t none;

	for (size_t i = 0; i < sizeof(ignored) / sizeof(*ignored); i++)
		sigaction(ignored[i], &sa, NULL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

/* What libgssapi looks for outside: no configuration of the machine, no files, no replay cache but our own. Empty names are
 * those of no file. */
static void shut_out(void)
{
	static const char *const settings[][2] = {
		{ "KRB5_CONFIG", "" },
		{ "KRB5_KDC_PROFILE", "" },
		{ "GSS_MECH_CONFIG", "" },
		{ "KRB5RCACHENAME", "none:" },
		{ "KRB5_KTNAME", "MEMORY:" },
		{ "KRB5_CLIENT_KTNAME", "MEMORY:" },
		{ "KRB5CCNAME", "MEMORY:" },
		{ "KRB5_TRACE", NULL },
		{ "KRB5RCACHETYPE", NULL },
		{ "KRB5RCACHEDIR", NULL },
	};

	for (size_t i = 0; i < sizeof(settings) / sizeof(*settings); i++)
		if (settings[i][1] != NULL)
			setenv(settings[i][0], settings[i][1], 1);
		else
			unsetenv(settings[i][0]);
}

int lwd_role_main(const struct lwd_role *role, const struct lwd_program *program)
{
	struct role_run *run;
	int type = 0;
	socklen_t n = sizeof(type);
	int64_t next;

	if (getsockopt(LWD_MONITOR_FD, SOL_SOCKET, SO_TYPE, &type, &n) != 0 || type != SOCK_SEQPACKET) {
		fprintf(stderr, "lwd: --role is for lwd itself; start it with lwd --data DIR\n");
		return 2;
	}
	run = calloc(1, sizeof(*run));
	if (run == NULL)
		return 1;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	lwd_title(role->title);
	shut_out();
	lw_log_role(role->name);
	ignore_signals();
	run->ctx.role = role;
	run->ctx.program = program;
	run->ctx.clock = &lw_clock_system;
	run->ctx.monitor = LWD_MONITOR_FD;
	run->ops = program->ops[role->id];
	lw_writer_init(&run->conf_text, LW_CONF_MAX_FILE);
	next = lw_mono(run->ctx.clock) + LW_SECOND;
	for (;;) {
		struct pollfd p = { .fd = LWD_MONITOR_FD, .events = POLLIN };
		int64_t now = lw_mono(run->ctx.clock);

		if (poll(&p, 1, next > now ? (int)((next - now) / 1000) + 1 : 0) > 0) {
			uint8_t buf[1024];
			struct lwd_msg m;
			int fd, r = lwd_msg_recv(LWD_MONITOR_FD, buf, &m, &fd);

			if (r == LW_EUNAVAIL)
				_exit(1); /* the monitor is gone */
			if (r == LW_OK)
				take(run, &m, fd);
		}
		if (lw_mono(run->ctx.clock) < next)
			continue;
		next = lw_mono(run->ctx.clock) + LW_SECOND;
		if (run->started && run->ops->second != NULL)
			run->ops->second(&run->ctx);
	}
}
