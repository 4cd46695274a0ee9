/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "task/marks.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stddef.h>
#include <unistd.h>

#define CELL ((off_t)sizeof(struct mark))
#define CELLS_OF_SLOT (MARKS_PER_SLOT * CELL)

/* A cell is written in one piece, so that it is there or not, whenever its writer dies: SIGKILL ends a write between two
 * pages, and none lies across them. */
_Static_assert((sizeof(struct mark) & (sizeof(struct mark) - 1)) == 0, "a page holds whole cells");

static int write_cell(int fd, const struct mark *m, off_t at)
{
	ssize_t n = pwrite(fd, m, sizeof *m, at);
	if (n >= 0 && n < CELL)
		errno = ENOSPC;
	return n == CELL ? 0 : -1;
}

int marks_put(int fd, const struct mark *m, uint64_t nth)
{
	return write_cell(fd, m, (m->slot - 1) * CELLS_OF_SLOT + (off_t)(nth % MARKS_PER_SLOT) * CELL);
}

int marks_forget(int fd, unsigned slot, uint64_t seq)
{
	for (int i = 0; i < MARKS_PER_SLOT; i++) {
		struct mark found;
		off_t at = (slot - 1) * CELLS_OF_SLOT + i * CELL;
		ssize_t n = pread(fd, &found, sizeof found, at);
		bool is_its = n == CELL && found.seq == seq;
		if (n < 0 || (is_its && write_cell(fd, &(struct mark){0}, at) < 0))
			return -1;
	}
	return 0;
}

int marks_reserve(int fd, unsigned slots)
{
	errno = posix_fallocate(fd, 0, slots * CELLS_OF_SLOT);
	return errno ? -1 : 0;
}

int marks_read(int fd, struct buf *marks)
{
	struct mark m;
	ssize_t n;
	for (off_t at = 0; (n = pread(fd, &m, sizeof m, at)) == CELL; at += CELL)
		if (m.seq > 0)
			buf_add(marks, &m, sizeof m);
	return n < 0 ? -1 : 0;
}
