/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "process/search.h"

#include <errno.h>
#include <string.h>

int search_next(const char **rest, const char *name, char file[PATH_MAX])
{
	const char *dir = *rest, *end = strchrnul(dir, ':');
	size_t dir_len = (size_t)(end - dir), name_len = strlen(name);
	*rest = *end ? end + 1 : NULL;
	if (dir_len + name_len + 2 > PATH_MAX) {
		errno = ENAMETOOLONG;
		return -1;
	}
	memcpy(file, dir, dir_len);
	if (dir_len > 0) /* an empty entry is the current directory */
		file[dir_len++] = '/';
	memcpy(file + dir_len, name, name_len + 1);
	return 0;
}

bool search_goes_on(int error)
{
	return error == ENOENT || error == ENOTDIR || error == EACCES || error == ESTALE || error == ENODEV ||
	       error == ETIMEDOUT || error == ENAMETOOLONG;
}
