/* SPDX-License-Identifier: Apache-2.0 */
/* lwd --data DIR: options, the data directory, then monitor or role. */
#include "lwd/main.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "base/err.h"
#include "lwd/sandbox.h"
#include "lwd/system.h"

enum action { ACT_RUN, ACT_CHECK, ACT_ROLE, ACT_SELFTEST };

static const char help[] =
	"usage: lwd --data DIR [--check-config]\n"
	"\n"
	"The identity server. Stays in the foreground and writes one JSON log line per event to stderr.\n"
	"SIGTERM finishes what is in flight and stops; SIGHUP reads DIR/lwd.conf again.\n"
	"\n"
	"  --data DIR       the data directory that lwctl init made (LWD_DATA, else /var/lib/lwd)\n"
	"  --check-config   read DIR/lwd.conf, say what is wrong with it, and exit\n"
	"  --help, --version\n"
	"\n"
	"Exit: 0 stopped when told to, 1 failed, 2 usage, 78 configuration. See lwd(8).\n";

int lwd_exit_status(int err)
{
	static const struct {
		int err, status;
	} map[] = { { LW_EINVAL, LWD_EXIT_CONFIG }, { LW_ENOTFOUND, LWD_EXIT_CONFIG }, { LW_EVERSION, LWD_EXIT_CONFIG },
		{ LW_ELIMIT, LWD_EXIT_CONFIG }, { LW_EACCES, LWD_EXIT_CONFIG } };

	for (size_t i = 0; i < sizeof(map) / sizeof(*map); i++)
		if (map[i].err == err)
			return map[i].status;
	return 1;
}

static void raise_nofile(void)
{
	struct rlimit rl;

	if (getrlimit(RLIMIT_NOFILE, &rl) != 0 || rl.rlim_cur == rl.rlim_max)
		return;
	rl.rlim_cur = rl.rlim_max;
	setrlimit(RLIMIT_NOFILE, &rl);
}

/* Descriptors 0 to 2 must be something, or a socket would take their place. */
static void fill_stdio(void)
{
	int fd;

	do
		fd = open("/dev/null", O_RDWR);
	while (fd >= 0 && fd <= 2);
	if (fd > 2)
		close(fd);
}

static int open_dir(const char *given, char ret[PATH_MAX], uid_t *ret_owner)
{
	char path[PATH_MAX + 16];
	struct stat st;

	if (realpath(given, ret) == NULL) {
		fprintf(stderr, "lwd: %s: %s; make it with: lwctl init --data %s --domain NAME --admin-password-file FILE\n",
			given, strerror(errno), given);
		return LWD_EXIT_CONFIG;
	}
	if (stat(ret, &st) != 0 || !S_ISDIR(st.st_mode)) {
		fprintf(stderr, "lwd: %s is not a directory\n", ret);
		return LWD_EXIT_CONFIG;
	}
	if (geteuid() != 0 && st.st_uid != geteuid()) {
		fprintf(stderr, "lwd: %s belongs to another user; start lwd as its owner or as root\n", ret);
		return LWD_EXIT_CONFIG;
	}
	if (st.st_mode & S_IWOTH) {
		fprintf(stderr, "lwd: %s is writable by everyone; mend it with: chmod o-w %s\n", ret, ret);
		return LWD_EXIT_CONFIG;
	}
	snprintf(path, sizeof(path), "%s/lwd.conf", ret);
	if (access(path, F_OK) != 0 && errno == ENOENT) {
		fprintf(stderr, "lwd: %s holds no lwd.conf: not a data directory; make one with lwctl init\n", ret);
		return LWD_EXIT_CONFIG;
	}
	*ret_owner = st.st_uid;
	return 0;
}

/* run/lwd.pid: held with a lock while the monitor lives. A former monitor may be on its way out. */
static int take_lock(const char *dir, int *ret_fd)
{
	static const struct timespec moment = { 0, 50 * 1000 * 1000 };
	char path[PATH_MAX + 16], text[24] = "";
	int fd;

	snprintf(path, sizeof(path), "%s/run", dir);
	if (mkdir(path, 0755) != 0 && errno != EEXIST) {
		fprintf(stderr, "lwd: %s: %s\n", path, strerror(errno));
		return 1;
	}
	snprintf(path, sizeof(path), "%s/run/lwd.pid", dir);
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
	if (fd < 0) {
		fprintf(stderr, "lwd: %s: %s\n", path, strerror(errno));
		return 1;
	}
	for (int i = 0; flock(fd, LOCK_EX | LOCK_NB) != 0; i++) {
		if (i < 10) {
			nanosleep(&moment, NULL);
			continue;
		}
		if (pread(fd, text, sizeof(text) - 1, 0) < 0)
			text[0] = '\0';
		text[strcspn(text, "\n")] = '\0';
		fprintf(stderr, "lwd: another lwd (process %s) runs on %s; stop it first\n", text, dir);
		close(fd);
		return LWD_EXIT_CONFIG;
	}
	snprintf(text, sizeof(text), "%ld\n", (long)getpid());
	if (ftruncate(fd, 0) != 0 || pwrite(fd, text, strlen(text), 0) < 0) {
		fprintf(stderr, "lwd: %s: %s\n", path, strerror(errno));
		close(fd);
		return 1;
	}
	*ret_fd = fd;
	return 0;
}

static int run(const char *data, bool check_only, char *self, const struct lwd_program *program)
{
	struct lwd_monitor_args args = { .self = self, .program = program };
	char dir[PATH_MAX], err[256] = "", conf_path[PATH_MAX + 16];
	int r, status = open_dir(data, dir, &args.owner);

	if (status != 0)
		return status;
	lw_writer_init(&args.conf_text, LW_CONF_MAX_FILE);
	snprintf(conf_path, sizeof(conf_path), "%s/lwd.conf", dir);
	r = lwd_config_text(dir, &args.conf_text, err);
	if (r == LW_OK)
		r = lwd_config_parse(lw_written(&args.conf_text), conf_path, &args.conf, err);
	if (r != LW_OK) {
		fprintf(stderr, "lwd: %s\n", err);
		lw_writer_done(&args.conf_text);
		return LWD_EXIT_CONFIG;
	}
	if (strlen(dir) > 800) {
		fprintf(stderr, "lwd: the path of the data directory is too long\n");
		status = LWD_EXIT_CONFIG;
	} else if (check_only) {
		printf("%s is fine\n", conf_path);
	} else if ((status = take_lock(dir, &args.lock_fd)) == 0) {
		args.dir = dir;
		raise_nofile();
		status = lwd_monitor_main(&args);
		/* emptied, not unlinked: a waiting lwd would lock a file that nobody else finds */
		if (ftruncate(args.lock_fd, 0) != 0)
			status = status != 0 ? status : 1;
		close(args.lock_fd);
	}
	lw_writer_done(&args.conf_text);
	lwd_config_done(&args.conf);
	return status;
}

static int role(enum action act, const char *name, const char *data, const struct lwd_program *program)
{
	const struct lwd_role *r = lwd_role_find(name);
	char dir[PATH_MAX];

	if (r == NULL || program->ops[r->id] == NULL) {
		fprintf(stderr, "lwd: no role is called %s\n", name);
		return 2;
	}
	if (act == ACT_ROLE)
		return lwd_role_main(r, program);
	return lwd_sandbox_selftest(r, realpath(data, dir) != NULL ? dir : NULL);
}

int lwd_main(int argc, char **argv, const struct lwd_program *program)
{
	static const struct option options[] = { { "data", required_argument, NULL, 'd' },
		{ "check-config", no_argument, NULL, 'c' }, { "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, 'V' }, { "role", required_argument, NULL, 'r' },
		{ "role-selftest", required_argument, NULL, 's' }, { NULL, 0, NULL, 0 } };
	const char *data = getenv("LWD_DATA"), *name = NULL;
	enum action act = ACT_RUN;
	char *data_copy, *name_copy = NULL;
	int c;

	fill_stdio();
	if (data == NULL || *data == '\0')
		data = "/var/lib/lwd";
	while ((c = getopt_long(argc, argv, ":h", options, NULL)) != -1) {
		switch (c) {
		case 'd':
			data = optarg;
			break;
		case 'c':
			act = ACT_CHECK;
			break;
		case 'r':
		case 's':
			act = c == 'r' ? ACT_ROLE : ACT_SELFTEST;
			name = optarg;
			break;
		case 'h':
			fputs(help, stdout);
			return 0;
		case 'V':
			printf("lwd %s\n", program->version);
			return 0;
		default:
			fprintf(stderr, c == ':' ? "lwd: %s needs a value; see lwd --help\n" :
						   "lwd: what is %s? see lwd --help\n", argv[optind - 1]);
			return 2;
		}
	}
	if (optind < argc) {
		fprintf(stderr, "lwd: what is %s? see lwd --help\n", argv[optind]);
		return 2;
	}
	data_copy = strdup(data);
	if (name != NULL)
		name_copy = strdup(name);
	if (data_copy == NULL || (name != NULL && name_copy == NULL))
		return 1;
	if (act == ACT_ROLE || act == ACT_SELFTEST) {
		if (act == ACT_ROLE)
			lwd_title_init(argc, argv);
		c = role(act, name_copy, data_copy, program);
	} else {
		char *self = strdup(argv[0]); /* for exec, where there is no /proc */

		if (act == ACT_RUN)
			lwd_title_init(argc, argv);
		c = self == NULL ? 1 : run(data_copy, act == ACT_CHECK, self, program);
		free(self);
	}
	free(data_copy);
	free(name_copy);
	return c;
}
