/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "base/spool.h"

#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fdio.h"
#include "base/xalloc.h"

enum {
	PIECE_MIN = 64,
	PIECE_MAX = 64 * 1024,
	EXTENT_MIN = 64 * 1024,
	EXTENT_MAX = 4 * 1024 * 1024,
	RELEASE = 1024 * 1024, /* what is worth a call that gives space back; a multiple of any block's size */
	WINDOW = 256 * 1024,
	HEAP_KEPT = 4 * 1024 * 1024, /* as pieces come and go, not every task's are to be new pages */
};

void store_init(struct store *st, size_t limit)
{
	*st = (struct store){.limit = limit, .fd = -1};
	mallopt(M_TRIM_THRESHOLD, HEAP_KEPT);
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
static size_t write_file(struct store *st, const char *bytes, size_t n, off_t at)
{
	size_t done = 0;
	st->error = 0;
	if (st->fd < 0 && open_file(st) < 0)
		st->error = errno;
	while (done < n && !st->error) {
		ssize_t r = pwrite(st->fd, bytes + done, n - done, at + (off_t)done);
		if (r > 0)
			done += (size_t)r;
		else if (r == 0 || errno != EINTR)
			st->error = r == 0 ? ENOSPC : errno;
	}
	st->in_file += done;
	return done;
}

static struct piece *append_piece(struct spool *sp, size_t cap, bool in_file)
{
	struct piece *p = xmalloc(sizeof *p + (in_file ? 0 : cap));
	*p = (struct piece){.cap = cap, .in_file = in_file};
	if (sp->last)
		sp->last->next = p;
	else
		sp->first = p;
	sp->last = p;
	return p;
}

/* Spools that are filled by turns stay apart in the file: each writes into an extent of its own, and the
 * more it has written the larger is its next. What is not used of one is a hole and takes no space. */
static size_t add_to_file(struct spool *sp, struct store *st, const char *bytes, size_t n)
{
	struct piece *p = sp->last;
	size_t cap = p && p->in_file ? p->cap : EXTENT_MIN / 2;
	bool begun = p && p->in_file && p->len < cap;
	if (!begun && cap < EXTENT_MAX)
		cap *= 2;
	off_t at = begun ? p->offset + (off_t)p->len : st->end;
	size_t room = begun ? cap - p->len : cap;
	size_t done = write_file(st, bytes, n < room ? n : room, at);
	if (!begun && done > 0) {
		p = append_piece(sp, cap, true);
		p->offset = at;
		st->end += (off_t)cap;
	}
	if (done > 0)
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

static bool has_begun_piece(const struct spool *sp)
{
	return sp->last && !sp->last->in_file && sp->last->len < sp->last->cap;
}

static size_t add_to_memory(struct spool *sp, struct store *st, const char *bytes, size_t n)
{
	struct piece *p = sp->last;
	if (!has_begun_piece(sp)) {
		/* a second piece says that more is likely to come */
		p = append_piece(sp, p ? PIECE_MAX : piece_size(n), false);
		st->in_memory += p->cap;
	}
	size_t room = p->cap - p->len;
	if (n > room)
		n = room;
	memcpy(p->bytes + p->len, bytes, n);
	p->len += n;
	return n;
}

void spool_add(struct spool *sp, struct store *st, const void *bytes, size_t n)
{
	const char *p = bytes;
	for (size_t done; n > 0; p += done, n -= done) {
		bool room = st->in_memory < st->limit || has_begun_piece(sp);
		done = room ? 0 : add_to_file(sp, st, p, n);
		if (done == 0)
			done = add_to_memory(sp, st, p, n);
		sp->len += done;
	}
}

/* What is in the file does not change until it is truncated: the window stays right until then. */
static ssize_t fill_window(struct store *st, off_t at, size_t n)
{
	if (!st->window)
		st->window = xmalloc(WINDOW);
	ssize_t r = fdio_pread(st->fd, st->window, n < WINDOW ? n : WINDOW, at);
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
	if (!p->in_file) {
		*bytes = p->bytes + p->start;
		return (ssize_t)(p->len - p->start);
	}
	return peek_file(p, st, bytes);
}

/* `n` bytes of the piece have been read. The file's space comes back in large units, the rest of an extent with
 * its last byte, and all of it when nothing in it is wanted any more. */
static void release_file(struct store *st, const struct piece *p, size_t n)
{
	size_t from = p->start / RELEASE * RELEASE, to = (p->start + n) / RELEASE * RELEASE;
	if (p->start + n == p->len)
		to = p->cap;
	st->in_file -= n;
	st->error = 0;
	if (st->in_file > 0 || ftruncate(st->fd, 0) < 0) {
		if (to > from)
			fallocate(st->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, p->offset + (off_t)from, (off_t)(to - from));
		return;
	}
	st->end = 0;
	st->window_len = 0;
}

static void remove_first(struct spool *sp, struct store *st)
{
	struct piece *p = sp->first;
	st->in_memory -= p->in_file ? 0 : p->cap;
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
	if (p->in_file)
		release_file(st, p, n);
	p->start += n;
	sp->len -= n;
	if (p->start == p->len)
		remove_first(sp, st);
}

bool spool_in_file(const struct spool *sp)
{
	return sp->first && sp->first->in_file;
}

size_t spool_send(struct spool *sp, struct store *st, int fd, uint64_t most)
{
	const struct piece *p = sp->first;
	size_t n = p->len - p->start;
	ssize_t done = fdio_sendfile(fd, st->fd, p->offset + (off_t)p->start, n < most ? n : (size_t)most);
	if (done <= 0)
		return 0;
	spool_drop(sp, st, (size_t)done);
	return (size_t)done;
}

void spool_clear(struct spool *sp, struct store *st)
{
	while (sp->first)
		spool_drop(sp, st, sp->first->len - sp->first->start);
}
