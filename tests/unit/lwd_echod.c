/* SPDX-License-Identifier: Apache-2.0 */
/* lwd's monitor, roles, sandboxes and loops with the echo protocol in place of the directory: what tests/unit/lwd_monitor
 * drives. "keyd" signs listener certificates and answers "ask". */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/chan.h"
#include "base/err.h"
#include "lwd/netrole.h"
#include "lwd_echo.h"
#include "lwd_sign.h"

static struct lw_chan *chan;
static struct lwd_netrole *net;

/* ---- keyd ---- */

static void answer(void *ctx, struct lw_bytes request, struct lw_writer *out)
{
	struct lw_arena *arena = lw_arena_new(1 << 20, false);
	struct lw_bytes pem = { NULL, 0 };

	if (request.n > 4 && memcmp(request.p, "cert", 4) == 0) {
		if (sign_request((struct lw_bytes){ request.p + 4, request.n - 4 }, arena, &pem) == LW_OK)
			lw_put_bytes(out, pem);
	} else if (request.n >= 3 && memcmp(request.p, "die", 3) == 0) {
		abort();
	} else {
		lw_put_bytes(out, LW_LIT("keyd: "));
		lw_put_bytes(out, request);
	}
	lw_arena_free(arena);
}

static void busy(void *ctx, struct lw_bytes request, struct lw_writer *out)
{
	lw_put_bytes(out, LW_LIT("busy"));
}

static void *serve(void *arg)
{
	int fd = *(int *)arg;

	free(arg);
	lw_chan_serve(fd, 4, 64, answer, busy, NULL);
	close(fd);
	return NULL;
}

static void keyd_peer(struct lwd_ctx *ctx, enum lw_role_id role, int fd)
{
	int *arg = malloc(sizeof(*arg));
	pthread_t t;

	*arg = fd;
	if (pthread_create(&t, NULL, serve, arg) == 0)
		pthread_detach(t);
}

static int keyd_start(struct lwd_ctx *ctx, char err[256])
{
	if (ctx->boot_id_n != 32)
		return LW_EINTERNAL;
	lwd_ctx_ready(ctx);
	return LW_OK;
}

static const struct lwd_role_ops keyd_ops = { .start = keyd_start, .peer = keyd_peer };

/* ---- directory ---- */

static void ask(const char *line, char ret[256])
{
	struct lw_arena *arena = lw_arena_new(1 << 16, false);
	struct lw_bytes got;
	int r = lw_chan_call(chan, lw_str(line), 4 * LW_SECOND, arena, &got);

	if (r == LW_OK)
		snprintf(ret, 256, "%.*s", (int)got.n, (const char *)got.p);
	else
		snprintf(ret, 256, "error: %s", lw_errname(r));
	lw_arena_free(arena);
}

static int issue(void *arg, struct lw_bytes csr, struct lw_arena *arena, struct lw_bytes *ret_pem, int64_t *ret_not_after)
{
	struct lw_writer w;
	int r;

	lw_writer_init(&w, 65536);
	lw_put_bytes(&w, LW_LIT("cert"));
	lw_put_bytes(&w, csr);
	r = lw_chan_call(chan, lw_written(&w), 5 * LW_SECOND, arena, ret_pem);
	lw_writer_done(&w);
	*ret_not_after = lw_wall(&lw_clock_system) + 3600 * LW_SECOND;
	return r;
}

static void *server(void *arg, const struct lwd_service_row *row)
{
	return chan;
}

static const struct lwd_netrole_ops net_ops = { server, issue };

static int dir_open(struct lwd_ctx *ctx, char err[256])
{
	lwd_netrole_prepare();
	if (ctx->boot_id_n != 0) {
		snprintf(err, 256, "the boot id is keyd's alone");
		return LW_EINTERNAL;
	}
	if (strcmp(ctx->conf.domain, "broken.example") == 0) {
		snprintf(err, 256, "broken as asked");
		return LW_EVERSION;
	}
	return LW_OK;
}

static int dir_start(struct lwd_ctx *ctx, char err[256])
{
	chan = lw_chan_new("keyd");
	echo_ask = ask;
	return lwd_netrole_start(ctx, &net_ops, NULL, &net, err);
}

static void dir_peer(struct lwd_ctx *ctx, enum lw_role_id role, int fd)
{
	lw_chan_connect(chan, fd);
}

static bool dir_alive(struct lwd_ctx *ctx)
{
	return lwd_netrole_alive(net);
}

static void dir_reload(struct lwd_ctx *ctx, const struct lwd_config *old)
{
	lwd_netrole_reload(net, &ctx->conf);
}

static void dir_drain(struct lwd_ctx *ctx)
{
	lwd_netrole_drain(net, ctx->conf.shutdown_time);
}

static const struct lwd_role_ops directory_ops = {
	.open = dir_open,
	.start = dir_start,
	.peer = dir_peer,
	.reload = dir_reload,
	.alive = dir_alive,
	.drain = dir_drain,
};

static const struct lwd_service_row services[] = {
	{ "echo", LW_ROLE_DIRECTORY, 389, NULL, 0, false, &echo_proto },
	{ "echos", LW_ROLE_DIRECTORY, 636, NULL, 0, true, &echo_proto },
	{ "control", LW_ROLE_DIRECTORY, 0, "run/control.sock", 0600, false, &echo_proto },
	{ "ldapi", LW_ROLE_DIRECTORY, 0, "run/ldapi", 0666, false, &echo_proto },
};

int main(int argc, char **argv)
{
	static const struct lwd_program program = {
		.services = services,
		.nservices = sizeof(services) / sizeof(*services),
		.ops = { [LW_ROLE_KEYD] = &keyd_ops, [LW_ROLE_DIRECTORY] = &directory_ops },
		.version = "test",
	};

	return lwd_main(argc, argv, &program);
}
