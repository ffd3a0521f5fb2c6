/* SPDX-License-Identifier: Apache-2.0 */
/* The const tables of lwd/: configuration, roles, sandbox; and the monitor's messages. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include "base/err.h"
#include "base/sock.h"
#include "lwd/keeper.h"
#include "lwd/message.h"
#include "lwd/sandbox.h"
#include "lwd/system.h"

static void config_rows(void **state)
{
	for (size_t i = 0; i < lwd_config_nkeys; i++) {
		const struct lw_conf_key *k = &lwd_config_keys[i];

		assert_true(k->name != NULL && k->name[0] != '\0');
		assert_true(k->help != NULL && k->help[0] != '\0');
		assert_true(k->offset < sizeof(struct lwd_config));
		if (k->type == LW_CONF_UINT)
			assert_true(k->min <= k->max);
		for (size_t j = 0; j < i; j++) {
			assert_string_not_equal(k->name, lwd_config_keys[j].name);
			assert_int_not_equal(k->offset, lwd_config_keys[j].offset);
		}
	}
}

static void config_defaults(void **state)
{
	struct lwd_config c;
	char err[256];

	assert_int_equal(lwd_config_parse(lw_str("domain = ACME.example\n"), "t", &c, err), LW_OK);
	assert_string_equal(c.domain, "acme.example");
	assert_string_equal(c.listen, "127.0.0.1");
	assert_int_equal(c.port_offset, 0);
	assert_int_equal(c.cleartext, LWD_CLEAR_LOOPBACK);
	assert_int_equal(c.level, LW_INFO);
	assert_int_equal(c.directory_workers, 64);
	assert_int_equal(lwd_workers(&c, LW_ROLE_DIRECTORY), 64);
	assert_int_equal(lwd_workers(&c, LW_ROLE_KDC), 16);
	assert_int_equal(lwd_workers(&c, LW_ROLE_WEB), 32);
	c.web_loops = 4;
	assert_int_equal(lwd_loops(&c, LW_ROLE_WEB), 4);
	c.directory_loops = 3;
	c.kdc_loops = 2;
	assert_int_equal(lwd_loops(&c, LW_ROLE_DIRECTORY), 3);
	assert_int_equal(lwd_loops(&c, LW_ROLE_KDC), 2);
	assert_int_equal(c.search_time_limit, 3600 * LW_SECOND);
	assert_int_equal(c.shutdown_time, 5 * LW_SECOND);
	assert_int_equal(c.audit_keep, INT64_C(400) * 86400 * LW_SECOND);
	assert_int_equal(c.audit_max, 1024);
	assert_string_equal(c.hostname, "localhost");
	assert_null(c.web_url);
	lwd_config_done(&c);
}

static void config_refused(void **state)
{
	static const struct {
		const char *text, *says;
	} rows[] = {
		{ "", "domain is missing" },
		{ "domain = a.example\nno.such = 1\n", "no.such" },
		{ "domain = a.example\ndomain = b.example\n", "domain" },
		{ "domain = -\n", "not a domain name" },
		{ "domain = a.example\nldap.cleartext = sometimes\n", "loopback always never" },
		{ "domain = a.example\nlog.level = loud\n", "debug info warn error" },
		{ "domain = a.example\nca.algorithm = rsa1024\n", "p256 p384 rsa2048 rsa3072" },
		{ "domain = a.example\nport-offset = 60001\n", "port-offset" },
		{ "domain = a.example\nlisten = here\n", "listen" },
		{ "domain = a.example\ndirectory.workers = 1\n", "directory.workers" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct lwd_config c;
		char err[256] = "";

		memset(&c, 0x5a, sizeof(c));
		assert_int_not_equal(lwd_config_parse(lw_str(rows[i].text), "t", &c, err), LW_OK);
		assert_non_null(strstr(err, rows[i].says));
		assert_null(strchr(err, '\n'));
		assert_int_equal(((unsigned char *)&c)[0], 0x5a); /* untouched */
	}
}

static void public_urls(void **state)
{
	static const struct {
		const char *conf, *https, *http; /* https NULL: refused */
	} rows[] = {
		{ "hostname = idp.acme.example\n", "https://idp.acme.example", "http://idp.acme.example" },
		{ "hostname = idp.acme.example\nport-offset = 10000\n", "https://idp.acme.example:10443", "http://idp.acme.example:10080" },
		{ "web.url = https://login.acme.example/\nport-offset = 1\n", "https://login.acme.example", "http://localhost:81" },
		{ "web.url = https://acme.example:8443/idp//\n", "https://acme.example:8443/idp", "http://localhost" },
		{ "web.url = https://[::1]:8443\n", "https://[::1]:8443", "http://localhost" },
		{ "web.url = http://acme.example\n", NULL, NULL },
		{ "web.url = https://\n", NULL, NULL },
		{ "web.url = https:///idp\n", NULL, NULL },
		{ "web.url = acme.example\n", NULL, NULL },
		{ "web.url = https://acme.example/?q\n", NULL, NULL },
		{ "web.url = https://acme.example/<x>\n", NULL, NULL },
		{ "web.url = https://admin@acme.example/\n", NULL, NULL },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char text[300], err[256] = "", https[LWD_URL_MAX], http[LWD_URL_MAX];
		struct lwd_config c;

		snprintf(text, sizeof(text), "domain = acme.example\n%s", rows[i].conf);
		assert_int_equal(lwd_config_parse(lw_str(text), "t", &c, err), rows[i].https != NULL ? LW_OK : LW_EINVAL);
		if (rows[i].https == NULL) {
			assert_non_null(strstr(err, "web.url"));
			continue;
		}
		lwd_config_urls(&c, https, http);
		assert_string_equal(https, rows[i].https);
		assert_string_equal(http, rows[i].http);
		lwd_config_done(&c);
	}
}

static void config_written(void **state)
{
	char dir[] = "/tmp/lwd-test-XXXXXX", path[64], err[256];
	struct lwd_config_new n = { .domain = "acme.example", .hostname = "h.acme.example", .listen = "127.0.0.1,::1",
		.port_offset = 10000 };
	struct lwd_config c;

	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/lwd.conf", dir);
	assert_int_equal(lwd_config_load(dir, &c, err), LW_ENOTFOUND);
	assert_int_equal(lwd_config_write(dir, &n, err), LW_OK);
	assert_int_equal(lwd_config_load(dir, &c, err), LW_OK);
	assert_string_equal(c.hostname, "h.acme.example");
	assert_string_equal(c.listen, "127.0.0.1,::1");
	assert_int_equal(c.port_offset, 10000);
	lwd_config_done(&c);
	assert_int_equal(lwd_config_write(dir, &n, err), LW_EEXIST);
	unlink(path);
	n.domain = "no dots here";
	assert_int_not_equal(lwd_config_write(dir, &n, err), LW_OK);
	assert_int_equal(access(path, F_OK), -1);
	assert_int_equal(rmdir(dir), 0); /* nothing half made is left */
}

static void role_rows(void **state)
{
	for (int i = 0; i < LW_ROLE_COUNT; i++) {
		const struct lwd_role *r = &lwd_roles[i];

		assert_int_equal(r->id, i);
		assert_true(strlen(r->title) <= 15);
		assert_memory_equal(r->title, "lwd: ", 5);
		assert_string_equal(r->title + 5, r->name);
		assert_false(r->calls & (1u << i)); /* nobody calls itself */
		assert_true(r->stop <= lwd_roles[LW_ROLE_MONITOR].stop);
		if (i == LW_ROLE_MONITOR) {
			assert_null(lwd_role_find(r->name));
			continue;
		}
		assert_ptr_equal(lwd_role_find(r->name), r);
		assert_int_not_equal(r->sandbox, LWD_SANDBOX_NONE);
		assert_non_null(r->user);
		/* who is called stops after who calls; those that call each other stop together */
		for (int j = 0; j < LW_ROLE_COUNT; j++)
			if ((r->calls & (1u << j)) && (lwd_roles[j].calls & (1u << i)))
				assert_int_equal(lwd_roles[j].stop, r->stop);
			else if (r->calls & (1u << j))
				assert_true(lwd_roles[j].stop > r->stop);
	}
	assert_string_not_equal(lwd_roles[LW_ROLE_KEYD].user, lwd_roles[LW_ROLE_DIRECTORY].user);
	assert_int_equal(lwd_roles[LW_ROLE_KEYD].calls, 0);
	assert_int_equal(lwd_roles[LW_ROLE_DIRECTORY].calls, 1u << LW_ROLE_KEYD | 1u << LW_ROLE_KDC);
	assert_int_equal(lwd_roles[LW_ROLE_KDC].calls, 1u << LW_ROLE_KEYD | 1u << LW_ROLE_DIRECTORY);
	assert_int_equal(lwd_roles[LW_ROLE_WEB].calls, 1u << LW_ROLE_KEYD | 1u << LW_ROLE_DIRECTORY | 1u << LW_ROLE_KDC);
	for (int i = 0; i < LW_ROLE_COUNT; i++)
		assert_false(lwd_roles[i].calls & 1u << LW_ROLE_WEB); /* nobody asks it */
}

static void sandbox_rows(void **state)
{
	static const char *const never[] = { "connect", "execve", "execveat", "ptrace", "kill", "tkill", "socket", "bind", "listen",
		"fork", "vfork", "clone3", "process_vm_readv", "process_vm_writev", "io_uring_setup", "bpf", "mount", "setuid",
		"pidfd_send_signal", "rt_sigqueueinfo", "unshare", "setns", "chmod", "chown" };
	/* what changes files is not for web */
	static const char *const files[] = { "rename", "renameat", "renameat2", "unlink", "unlinkat", "link", "linkat", "mkdir", "mkdirat",
		"rmdir", "fchmod", "ftruncate", "fallocate", "pwrite64", "pwritev", "fsync", "fdatasync" };

	for (size_t i = 0; i < lwd_nsyscalls; i++) {
		assert_int_not_equal(lwd_syscalls[i].who, 0);
		for (size_t j = 0; j < sizeof(never) / sizeof(*never); j++)
			assert_string_not_equal(lwd_syscalls[i].name, never[j]);
		for (size_t j = 0; j < i; j++)
			assert_string_not_equal(lwd_syscalls[i].name, lwd_syscalls[j].name);
		if (strcmp(lwd_syscalls[i].name, "accept4") == 0)
			assert_int_equal(lwd_syscalls[i].who, 1u << LWD_SANDBOX_NETWORK | 1u << LWD_SANDBOX_WEB);
		for (size_t j = 0; j < sizeof(files) / sizeof(*files); j++)
			assert_false(strcmp(lwd_syscalls[i].name, files[j]) == 0 && (lwd_syscalls[i].who & 1u << LWD_SANDBOX_WEB));
		if (strcmp(lwd_syscalls[i].name, "tgkill") == 0)
			assert_int_equal(lwd_syscalls[i].rule, LWD_CALL_SELF);
		if (strcmp(lwd_syscalls[i].name, "clone") == 0)
			assert_int_equal(lwd_syscalls[i].rule, LWD_CALL_THREAD);
	}
}

static void messages(void **state)
{
	struct lwd_msg m = { LWD_MSG_PEER, .a = 2, .b = 7, .text = LW_LIT("text") }, got;
	uint8_t buf[1024], bad[] = { LWD_MSG_COUNT, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 };
	int pair[2], fd;

	assert_int_equal(lw_sock_pair(SOCK_SEQPACKET, pair), LW_OK);
	assert_int_equal(lwd_msg_send(pair[0], &m, pair[0]), LW_OK);
	assert_int_equal(lwd_msg_recv(pair[1], buf, &got, &fd), LW_OK);
	assert_int_equal(got.type, LWD_MSG_PEER);
	assert_int_equal(got.a, 2);
	assert_int_equal(got.b, 7);
	assert_true(lw_eq(got.text, LW_LIT("text")));
	assert_true(fd >= 0);
	close(fd);
	/* a descriptor where none belongs, and none where one does */
	m.type = LWD_MSG_START;
	assert_int_equal(lwd_msg_send(pair[0], &m, pair[0]), LW_OK);
	assert_int_equal(lwd_msg_recv(pair[1], buf, &got, &fd), LW_EINVAL);
	m.type = LWD_MSG_LISTEN;
	assert_int_equal(lwd_msg_send(pair[0], &m, -1), LW_OK);
	assert_int_equal(lwd_msg_recv(pair[1], buf, &got, &fd), LW_EINVAL);
	m.type = LWD_MSG_REGION;
	assert_int_equal(lwd_msg_send(pair[0], &m, -1), LW_OK);
	assert_int_equal(lwd_msg_recv(pair[1], buf, &got, &fd), LW_EINVAL);
	assert_int_equal(lwd_msg_parse((struct lw_bytes){ bad, sizeof(bad) }, &got), LW_EINVAL);
	bad[0] = LWD_MSG_START;
	assert_int_equal(lwd_msg_parse((struct lw_bytes){ bad, sizeof(bad) }, &got), LW_OK);
	assert_int_equal(lwd_msg_parse((struct lw_bytes){ bad, sizeof(bad) - 1 }, &got), LW_EINVAL);
	bad[12] = 1; /* longer than it is */
	assert_int_equal(lwd_msg_parse((struct lw_bytes){ bad, sizeof(bad) }, &got), LW_EINVAL);
	close(pair[0]);
	assert_int_equal(lwd_msg_recv(pair[1], buf, &got, &fd), LW_EUNAVAIL);
	close(pair[1]);
}

static size_t counted(void)
{
	return 4096;
}

static size_t region_size(void)
{
	return 100000;
}

/* Memory for the roles has its size for ever, so that nobody can make another's access fault. */
static void regions(void **state)
{
	const struct lwd_region_row row = { "test", region_size, 0 };
	const struct lwd_program prog = { .regions = &row, .nregions = 1 };
	int fds[LWD_REGIONS_MAX], plain = memfd_create("plain", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	char err[256] = "";
	uint8_t *p, *q;

	assert_int_equal(lwd_regions(&prog, fds, err), LW_OK);
	p = lwd_region_map(&row, fds[0], err);
	q = lwd_region_map(&row, fds[0], err);
	assert_non_null(p);
	assert_non_null(q);
	for (size_t i = 0; i < region_size(); i++)
		assert_int_equal(p[i], 0);
	p[99999] = 7;
	assert_int_equal(q[99999], 7);
	assert_int_equal(ftruncate(fds[0], 10), -1);
	assert_int_equal(ftruncate(fds[0], 200000), -1);
	assert_int_equal(ftruncate(plain, 100000), 0); /* of the size, but not sealed */
	assert_null(lwd_region_map(&row, plain, err));
	assert_non_null(strstr(err, "test"));
	assert_null(lwd_region_map(&(struct lwd_region_row){ "other", counted, 0 }, fds[0], err));
	munmap(p, region_size());
	munmap(q, region_size());
	close(plain);
	close(fds[0]);
}

static void addresses(void **state)
{
	char v[LWD_ADDRS_MAX][46];

	assert_int_equal(lwd_addrs("127.0.0.1, [::1],*", v), 3);
	assert_string_equal(v[0], "127.0.0.1");
	assert_string_equal(v[1], "::1");
	assert_string_equal(v[2], "0.0.0.0");
	assert_int_equal(lwd_addrs("127.0.0.1,nonsense", v), 0);
}

static void renewal(void **state)
{
	const int64_t day = 86400 * LW_SECOND;

	assert_int_equal(lwd_keeper_due(0, 30 * day), 20 * day);
	assert_int_equal(lwd_keeper_due(5 * day, 35 * day), 25 * day);
	/* one that ended before it came is not asked for again in a tight loop */
	assert_int_equal(lwd_keeper_due(day, 0), day + 60 * LW_SECOND);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(config_rows),
		cmocka_unit_test(config_defaults),
		cmocka_unit_test(config_refused),
		cmocka_unit_test(public_urls),
		cmocka_unit_test(config_written),
		cmocka_unit_test(role_rows),
		cmocka_unit_test(sandbox_rows),
		cmocka_unit_test(messages),
		cmocka_unit_test(regions),
		cmocka_unit_test(addresses),
		cmocka_unit_test(renewal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
