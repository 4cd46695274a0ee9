/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "preload/proc.h"

#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { TEXT_LEN = 4096 };

int proc_number(const char **text)
{
	int n = -1;
	for (; **text >= '0' && **text <= '9'; ++*text)
		n = (n < 0 ? 0 : n) * 10 + (**text - '0');
	return n;
}

int proc_read_lines(const char *path, void (*see)(void *arg, const char *line), void *arg)
{
	char text[TEXT_LEN];
	size_t len = 0;
	ssize_t n;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -1;
	while ((n = read(fd, text + len, sizeof text - 1 - len)) > 0) {
		len += (size_t)n;
		text[len] = '\0';
		char *line = text;
		for (char *end; (end = strchr(line, '\n')); line = end + 1) {
			*end = '\0';
			see(arg, line);
		}
		len = line == text && len == sizeof text - 1 ? 0 : len - (size_t)(line - text);
		memmove(text, line, len);
	}
	if (len > 0) {
		text[len] = '\0';
		see(arg, text);
	}
	close(fd);
	return (int)n;
}

/* As the kernel gives it (getdents64(2)); the C library may have other sizes. */
struct dirent64 {
	uint64_t ino;
	int64_t off;
	unsigned short reclen;
	unsigned char type;
	char name[];
};

bool proc_list_fds(struct proc_fds *fds, int own)
{
	union { char bytes[TEXT_LEN]; struct dirent64 align; } list;
	long n;
	int dir = open("/proc/self/fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0)
		return false;
	while ((n = syscall(SYS_getdents64, dir, list.bytes, sizeof list.bytes)) > 0)
		for (long at = 0; at < n; ) {
			struct dirent64 *entry = (struct dirent64 *)(void *)(list.bytes + at);
			const char *name = entry->name;
			int fd = proc_number(&name);
			if (fd >= PROC_FDS_MAX)
				n = -1;
			else if (fd >= 0 && fd != dir && fd != own)
				fds->open[fd] = 1;
			at += entry->reclen;
		}
	close(dir);
	return n == 0;
}
