/* SPDX-License-Identifier: Apache-2.0 */
/* lwd's monitor, roles, sandboxes and loops with the echo protocol in place of the directory and the KDC: what
 * tests/unit/lwd_monitor drives. "keyd" signs listener certificates and answers "ask"; kdc asks directory, and "ask kdc" the kdc.
 * "count" adds one to a number in memory that outlives the roles. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/chan.h"
#include "base/err.h"
#include "lwd/netrole.h"
#include "lwd_echo.h"
#include "lwd_sign.h"

static struct lw_chan *chan, *other; /* to keyd, and between the other two */
static _Atomic int *counter;
static struct lwd_netrole *net;
static const char *me; /* set before there is another thread */

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
		lw_put_bytes(out, lw_str(me));
		lw_put_bytes(out, LW_LIT(": "));
		lw_put_bytes(out, request);
		if (request.n == 5 && memcmp(request.p, "count", 5) == 0) {
			char text[16];

			snprintf(text, sizeof(text), " %d", atomic_fetch_add(counter, 1) + 1);
			lw_put_bytes(out, lw_str(text));
		}
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

static void answer_peer(int fd)
{
	int *arg = malloc(sizeof(*arg));
	pthread_t t;

	*arg = fd;
	if (pthread_create(&t, NULL, serve, arg) == 0)
		pthread_detach(t);
}

static void keyd_peer(struct lwd_ctx *ctx, enum lw_role_id role, enum lwd_peer side, int fd)
{
	if (side != LWD_PEER_ASKS)
		abort();
	answer_peer(fd);
}

static int keyd_start(struct lwd_ctx *ctx, char err[256])
{
	if (ctx->boot_id_n != 32 || ctx->regions[0] == NULL || ctx->regions[1] != NULL)
		return LW_EINTERNAL;
	counter = ctx->regions[0];
	me = ctx->role->name;
	lwd_ctx_ready(ctx);
	return LW_OK;
}

static const struct lwd_role_ops keyd_ops = { .start = keyd_start, .peer = keyd_peer };

/* ---- directory ---- */

static void ask(const char *line, char ret[256])
{
	struct lw_arena *arena = lw_arena_new(1 << 16, false);
	struct lw_bytes got;
	bool peer = strncmp(line, "kdc ", 4) == 0 || strncmp(line, "dir ", 4) == 0;
	int r = lw_chan_call(peer ? other : chan, lw_str(peer ? line + 4 : line), 4 * LW_SECOND, arena, &got);

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

static const struct lwd_netrole_ops net_ops = { server, issue }, kdc_net_ops = { server, NULL };

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
	me = ctx->role->name;
	chan = lw_chan_new("keyd");
	other = lw_chan_new("the other");
	echo_ask = ask;
	return lwd_netrole_start(ctx, ctx->role->id == LW_ROLE_KDC ? &kdc_net_ops : &net_ops, NULL, &net, err);
}

static void dir_peer(struct lwd_ctx *ctx, enum lw_role_id role, enum lwd_peer side, int fd)
{
	if (side == LWD_PEER_ASKS)
		answer_peer(fd);
	else
		lw_chan_connect(role == LW_ROLE_KEYD ? chan : other, fd);
}

static int kdc_open(struct lwd_ctx *ctx, char err[256])
{
	counter = ctx->regions[0];
	return counter == NULL || ctx->regions[1] == NULL ? LW_EINTERNAL : LW_OK;
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

static const struct lwd_role_ops kdc_ops = {
	.open = kdc_open,
	.start = dir_start,
	.peer = dir_peer,
	.alive = dir_alive,
	.drain = dir_drain,
};

static const struct lwd_service_row services[] = {
	{ "echo", LW_ROLE_DIRECTORY, 389, NULL, 0, false, &echo_proto, NULL },
	{ "echos", LW_ROLE_DIRECTORY, 636, NULL, 0, true, &echo_proto, NULL },
	{ "control", LW_ROLE_DIRECTORY, 0, "run/control.sock", 0600, false, &echo_proto, NULL },
	{ "ldapi", LW_ROLE_DIRECTORY, 0, "run/ldapi", 0666, false, &echo_proto, NULL },
	{ "kerberos", LW_ROLE_KDC, 88, NULL, 0, false, &echo_proto, &echo_dgram },
};

static size_t counter_size(void)
{
	return sizeof(*counter);
}

static size_t large(void)
{
	return 64u << 20;
}

static const struct lwd_region_row regions[] = {
	{ "counter", counter_size, 1u << LW_ROLE_KEYD | 1u << LW_ROLE_KDC },
	{ "large", large, 1u << LW_ROLE_KDC },
};

int main(int argc, char **argv)
{
	static const struct lwd_program program = {
		.services = services,
		.nservices = sizeof(services) / sizeof(*services),
		.regions = regions,
		.nregions = sizeof(regions) / sizeof(*regions),
		.ops = { [LW_ROLE_KEYD] = &keyd_ops, [LW_ROLE_DIRECTORY] = &directory_ops, [LW_ROLE_KDC] = &kdc_ops },
		.version = "test",
	};

	return lwd_main(argc, argv, &program);
}
