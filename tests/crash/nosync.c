/* SPDX-License-Identifier: Apache-2.0 */
/* Preloaded to take the sync away: the test that shows syncs must then fail. */
#include <unistd.h>

int fdatasync(int fd)
{
	(void)fd;
	return 0;
}

int fsync(int fd)
{
	(void)fd;
	return 0;
}
