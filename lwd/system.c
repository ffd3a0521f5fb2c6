/* SPDX-License-Identifier: Apache-2.0 */
#include "lwd/system.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <grp.h>
#include <pwd.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>

#include "base/err.h"
#include "base/text.h"

extern char **environ;

static char *title_area;
static size_t title_room;

void lwd_title_init(int argc, char **argv)
{
	char *end = argv[0], **copy;
	size_t n = 0;

	/* arguments and environment lie behind one another */
	for (int i = 0; i < argc && argv[i] == end; i++)
		end = argv[i] + strlen(argv[i]) + 1;
	for (; environ[n] != NULL; n++)
		if (environ[n] == end)
			end += strlen(environ[n]) + 1;
	copy = calloc(n + 1, sizeof(*copy));
	if (copy == NULL)
		return;
	for (size_t i = 0; i < n; i++)
		if ((copy[i] = strdup(environ[i])) == NULL)
			return; /* a short-lived leak; titles stay as they are */
	title_area = argv[0];
	title_room = (size_t)(end - argv[0]);
	environ = copy;
}

void lwd_title(const char *title)
{
	size_t n = strlen(title);

	prctl(PR_SET_NAME, title, 0, 0, 0);
	if (title_room < 2)
		return;
	if (n > title_room - 1)
		n = title_room - 1;
	memset(title_area, 0, title_room);
	memcpy(title_area, title, n);
}

/* ---- systemd ---- */

void lwd_notify(const char *state)
{
	const char *path = getenv("NOTIFY_SOCKET");
	/* a manager that does not read must not stop us; a ping may be lost, a state is worth a second */
	int flags = MSG_NOSIGNAL | (strcmp(state, "WATCHDOG=1") == 0 ? MSG_DONTWAIT : 0);
	static const struct timeval second = { 1, 0 };
	struct sockaddr_un sa = { .sun_family = AF_UNIX };
	size_t n;
	int fd;

	if (path == NULL || (path[0] != '/' && path[0] != '@') || (n = strlen(path)) >= sizeof(sa.sun_path))
		return;
	memcpy(sa.sun_path, path, n);
	if (path[0] == '@')
		sa.sun_path[0] = '\0';
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return;
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &second, sizeof(second));
	(void)!sendto(fd, state, strlen(state), flags, (struct sockaddr *)&sa,
		(socklen_t)(offsetof(struct sockaddr_un, sun_path) + n));
	close(fd);
}

int64_t lwd_watchdog_us(void)
{
	const char *usec = getenv("WATCHDOG_USEC"), *pid = getenv("WATCHDOG_PID");
	uint64_t n;

	if (usec == NULL || lw_parse_u64(lw_str(usec), INT64_MAX, &n) != LW_OK || n == 0)
		return 0;
	if (pid != NULL) {
		uint64_t p;

		if (lw_parse_u64(lw_str(pid), INT32_MAX, &p) != LW_OK || (pid_t)p != getpid())
			return 0;
	}
	return (int64_t)(n / 2);
}

/* ---- users ---- */

#define USER_MAIN "lwd"
#define USER_KEYD "lwd-keyd"

/* Whose each part of the data directory is when roles have users of their own. */
static const struct part {
	const char *path, *user;
	mode_t dir_mode, file_mode;
} parts[] = {
	{ "db", USER_MAIN, 0770, 0660 },
	{ "keys", USER_KEYD, 0700, 0600 },
};

static const struct part *walking;
static struct { uid_t uid; gid_t gid; } walking_ids;

static int give(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	struct stat now;
	int fd, r = -1;

	if (type != FTW_D && type != FTW_F)
		return 0; /* links are not followed */
	/* through a descriptor: the directory is its user's, who may have put something else there meanwhile, or a
	 * second name of a file that is not his */
	fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return -1;
	if (fstat(fd, &now) == 0 && !S_ISDIR(now.st_mode) &&
		(!S_ISREG(now.st_mode) || (now.st_nlink > 1 && now.st_uid != walking_ids.uid)))
		r = 0; /* stays whose it is */
	else if (fchown(fd, walking_ids.uid, walking_ids.gid) == 0)
		r = fchmod(fd, type == FTW_D ? walking->dir_mode : walking->file_mode);
	close(fd);
	return r;
}

int lwd_privsep(const char *dir, bool *ret_on, char err[256])
{
	struct passwd *pw;
	gid_t group;
	char path[4200];

	*ret_on = false;
	if (geteuid() != 0 || getpwnam(USER_KEYD) == NULL || (pw = getpwnam(USER_MAIN)) == NULL)
		return LW_OK;
	group = pw->pw_gid;
	for (size_t i = 0; i < sizeof(parts) / sizeof(*parts); i++) {
		pw = getpwnam(parts[i].user);
		if (pw == NULL)
			return LW_OK;
		walking = &parts[i];
		walking_ids.uid = pw->pw_uid;
		walking_ids.gid = pw->pw_gid;
		snprintf(path, sizeof(path), "%s/%s", dir, parts[i].path);
		if (access(path, F_OK) == 0 && nftw(path, give, 16, FTW_PHYS) != 0) {
			snprintf(err, 256, "%.180s: cannot give it to user %s: %s", path, parts[i].user, strerror(errno));
			return LW_EIO;
		}
	}
	/* both pass through DIR, by group */
	if (chown(dir, (uid_t)-1, group) != 0 || chmod(dir, 0750) != 0) {
		snprintf(err, 256, "%.180s: %s", dir, strerror(errno));
		return LW_EIO;
	}
	*ret_on = true;
	return LW_OK;
}

int lwd_become(const char *user)
{
	struct passwd *pw = getpwnam(user), *main_user;
	gid_t groups[2];
	uid_t uid;

	if (pw == NULL)
		return LW_EIO;
	uid = pw->pw_uid;
	groups[0] = pw->pw_gid;
	main_user = getpwnam(USER_MAIN);
	if (main_user == NULL)
		return LW_EIO;
	groups[1] = main_user->pw_gid; /* the database is shared by that group */
	if (setgroups(2, groups) != 0 || setresgid(groups[0], groups[0], groups[0]) != 0 ||
		setresuid(uid, uid, uid) != 0 || setuid(0) == 0)
		return LW_EIO;
	return LW_OK;
}
