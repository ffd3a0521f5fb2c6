/* SPDX-License-Identifier: Apache-2.0 */
#include "lwd/system.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "base/err.h"

#define SEALS (F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL)

static int make(const struct lwd_region_row *row, int *ret)
{
	char name[64];
	int fd;

	snprintf(name, sizeof(name), "lwd-%s", row->name);
	fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (fd < 0)
		return LW_EIO;
	if (ftruncate(fd, (off_t)row->size()) == 0 && fcntl(fd, F_ADD_SEALS, SEALS) == 0) {
		*ret = fd;
		return LW_OK;
	}
	close(fd);
	return LW_EIO;
}

int lwd_regions(const struct lwd_program *prog, int ret[LWD_REGIONS_MAX], char err[256])
{
	int r = LW_OK;
	size_t i;

	if (prog->nregions > LWD_REGIONS_MAX)
		return LW_EINTERNAL;
	for (i = 0; r == LW_OK && i < prog->nregions; i++)
		r = make(&prog->regions[i], &ret[i]);
	if (r == LW_OK)
		return LW_OK;
	snprintf(err, 256, "shared memory %s: %s", prog->regions[i - 1].name, strerror(errno));
	for (i--; i > 0; i--)
		close(ret[i - 1]);
	return r;
}

void *lwd_region_map(const struct lwd_region_row *row, int fd, char err[256])
{
	struct stat st;
	void *p;

	if (fstat(fd, &st) != 0 || (size_t)st.st_size != row->size() || fcntl(fd, F_GET_SEALS) != SEALS) {
		snprintf(err, 256, "shared memory %s is not of its size", row->name);
		return NULL;
	}
	p = mmap(NULL, row->size(), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (p == MAP_FAILED) {
		snprintf(err, 256, "shared memory %s: %s", row->name, strerror(errno));
		return NULL;
	}
	return p;
}
