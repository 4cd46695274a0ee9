/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "base/spool.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fdio.h"
#include "base/xalloc.h"

enum {
	PIECE_MIN = 64,
	PIECE_MAX = 64 * 1024,
	WINDOW = 256 * 1024,
	BLOCK = 4096, /* of most file systems; a wrong guess costs space, not bytes */
};

void store_init(struct store *st, size_t limit)
{
	*st = (struct store){.limit = limit, .fd = -1};
}

void store_clear(struct store *st)
{
	fdio_close(&st->fd);
	free(st->window);
	st->window = NULL;
}

bool store_full(const struct store *st)
{
	return st->error != 0 && st->in_memory > st->limit;
}

/* O_TMPFILE leaves no name behind even if we are killed here; not every file system has it. */
static int open_unlinked(const char *dir)
{
	int fd = open(dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	if (fd >= 0 || (errno != EOPNOTSUPP && errno != EISDIR && errno != ENOENT && errno != EINVAL))
		return fd;
	char *name = xasprintf("%s/forkpool.XXXXXX", dir);
	fd = mkostemp(name, O_CLOEXEC);
	if (fd >= 0)
		unlink(name);
	free(name);
	return fd;
}

static int open_file(struct store *st)
{
	const char *dir = getenv("TMPDIR");
	st->fd = open_unlinked(dir && *dir ? dir : "/tmp");
	return st->fd < 0 ? -1 : 0;
}

/* How many bytes the file took; fewer than `n` means that it is full, and st->error why. */
static size_t write_file(struct store *st, const char *bytes, size_t n)
{
	size_t done = 0;
	st->error = 0;
	if (st->fd < 0 && open_file(st) < 0)
		st->error = errno;
	while (done < n && !st->error) {
		ssize_t r = pwrite(st->fd, bytes + done, n - done, st->end);
		if (r > 0) {
			done += (size_t)r;
			st->end += r;
		} else if (r == 0 || errno != EINTR) {
			st->error = r == 0 ? ENOSPC : errno;
		}
	}
	st->in_file += done;
	return done;
}

static struct piece *append_piece(struct spool *sp, size_t cap)
{
	struct piece *p = xmalloc(sizeof *p + cap);
	*p = (struct piece){.cap = cap};
	if (sp->last)
		sp->last->next = p;
	else
		sp->first = p;
	sp->last = p;
	return p;
}

static size_t add_to_file(struct spool *sp, struct store *st, const char *bytes, size_t n)
{
	off_t offset = st->end;
	size_t done = write_file(st, bytes, n);
	if (done == 0)
		return 0;
	struct piece *p = sp->last;
	if (!p || p->cap > 0 || p->offset + (off_t)p->len != offset) {
		p = append_piece(sp, 0);
		p->offset = offset;
	}
	p->len += done;
	return done;
}

static size_t piece_size(size_t n)
{
	size_t size = PIECE_MIN;
	while (size < n && size < PIECE_MAX)
		size *= 2;
	return size;
}

static size_t add_to_memory(struct spool *sp, struct store *st, const char *bytes, size_t n)
{
	struct piece *p = sp->last;
	if (!p || p->len >= p->cap) {
		/* a second piece says that more is likely to come */
		p = append_piece(sp, p ? PIECE_MAX : piece_size(n));
		st->in_memory += p->cap;
	}
	size_t room = p->cap - p->len;
	if (n > room)
		n = room;
	memcpy(p->bytes + p->len, bytes, n);
	p->len += n;
	return n;
}

static bool has_room(const struct spool *sp, const struct store *st)
{
	return st->in_memory < st->limit || (sp->last && sp->last->cap > sp->last->len);
}

void spool_add(struct spool *sp, struct store *st, const void *bytes, size_t n)
{
	const char *p = bytes;
	for (size_t done; n > 0; p += done, n -= done) {
		done = has_room(sp, st) ? 0 : add_to_file(sp, st, p, n);
		if (done == 0)
			done = add_to_memory(sp, st, p, n);
		sp->len += done;
	}
}

/* What is in the file does not change until it is truncated: the window stays right until then. */
static ssize_t fill_window(struct store *st, off_t at, size_t n)
{
	ssize_t r;
	if (!st->window)
		st->window = xmalloc(WINDOW);
	do
		r = pread(st->fd, st->window, n < WINDOW ? n : WINDOW, at);
	while (r < 0 && errno == EINTR);
	st->window_at = at;
	st->window_len = r > 0 ? (size_t)r : 0;
	if (r == 0)
		errno = EIO; /* somebody truncated our file */
	return r > 0 ? 0 : -1;
}

static ssize_t peek_file(const struct piece *p, struct store *st, const char **bytes)
{
	off_t at = p->offset + (off_t)p->start;
	size_t wanted = p->len - p->start;
	bool there = at >= st->window_at && at < st->window_at + (off_t)st->window_len;
	if (!there && fill_window(st, at, wanted) < 0)
		return -1;
	size_t skip = (size_t)(at - st->window_at);
	size_t got = st->window_len - skip;
	*bytes = st->window + skip;
	return (ssize_t)(got < wanted ? got : wanted);
}

ssize_t spool_peek(struct spool *sp, struct store *st, const char **bytes)
{
	const struct piece *p = sp->first;
	if (!p)
		return 0;
	if (p->cap > 0) {
		*bytes = p->bytes + p->start;
		return (ssize_t)(p->len - p->start);
	}
	return peek_file(p, st, bytes);
}

/* Give the file's blocks back as `n` bytes of the piece are read; all of them, and from the start, when none
 * is wanted any more. A block comes back only when one call covers it all, so begin where the block of the
 * first byte does, if that is in the same piece. */
static void release_file(struct store *st, const struct piece *p, size_t n)
{
	off_t from = p->offset + (off_t)p->start, to = from + (off_t)n;
	off_t block = from / BLOCK * BLOCK;
	from = block > p->offset ? block : p->offset;
	st->in_file -= n;
	if (st->in_file > 0)
		fallocate(st->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, from, to - from);
	else if (ftruncate(st->fd, 0) == 0)
		st->end = 0;
	if (st->end == 0)
		st->window_len = 0;
	st->error = 0;
}

static void remove_first(struct spool *sp, struct store *st)
{
	struct piece *p = sp->first;
	st->in_memory -= p->cap;
	sp->first = p->next;
	if (!sp->first)
		sp->last = NULL;
	free(p);
}

void spool_drop(struct spool *sp, struct store *st, size_t n)
{
	struct piece *p = sp->first;
	if (n == 0)
		return;
	if (p->cap == 0)
		release_file(st, p, n);
	p->start += n;
	sp->len -= n;
	if (p->start == p->len)
		remove_first(sp, st);
}

void spool_clear(struct spool *sp, struct store *st)
{
	while (sp->first) {
		const struct piece *p = sp->first;
		if (p->cap == 0)
			release_file(st, p, p->len - p->start);
		sp->len -= p->len - p->start;
		remove_first(sp, st);
	}
}
