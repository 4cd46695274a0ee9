/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "feed/resume.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/fdio.h"
#include "base/xalloc.h"
#include "task/joblog.h"

enum { READ_SIZE = 256 * 1024, WINDOW_SIZE = 64 * 1024 };

/* A line longer than any that a task can have. */
#define LINE_MAX_BYTES ((size_t)64 << 20)

/* One task. While the log is read, one record. */
struct resume_entry {
	uint64_t hash;        /* of the command */
	uint64_t seq;
	uint64_t at : 61;     /* where its last record begins in the file */
	uint64_t state : 2;   /* enum resume_state */
	uint64_t used : 1;    /* resume_take has had it */
};

/* FNV-1a; the seed keeps others from choosing texts that collide. Newlines count as NULs, as in the log. */
static uint64_t hash_text(const struct resume *r, const char *text, size_t len)
{
	uint64_t h = UINT64_C(0xcbf29ce484222325) ^ r->hash_seed;
	for (size_t i = 0; i < len; i++) {
		h ^= text[i] == '\n' ? 0 : (unsigned char)text[i];
		h *= UINT64_C(0x100000001b3);
	}
	return h;
}

/* Reading the log. */

static void add_record(struct resume *r, const struct joblog_line *line, off_t at)
{
	if (r->n == r->cap) {
		r->cap = r->cap ? 2 * r->cap : 1024;
		r->entries = xrealloc(r->entries, r->cap, sizeof *r->entries);
	}
	if (line->seq > r->last_seq)
		r->last_seq = line->seq;
	r->entries[r->n++] = (struct resume_entry){
		.hash = hash_text(r, line->command, line->len), .seq = line->seq, .at = (uint64_t)at,
		.state = line->succeeded ? RESUME_SUCCEEDED : RESUME_FAILED};
}

static int refuse(char **why, uint64_t line_number, const char *what)
{
	*why = xasprintf("line %" PRIu64 " %s; mend or remove that line, or use another file", line_number, what);
	return -1;
}

static int take_line(struct resume *r, const char *line, size_t len, uint64_t number, char **why)
{
	struct joblog_line record;
	if (number == 1 && (len != strlen(JOBLOG_HEADER) - 1 || memcmp(line, JOBLOG_HEADER, len) != 0)) {
		*why = xstrdup("it is no job log: its first line is not the heading of one; use another file");
		return -1;
	}
	if (number > 1 && !joblog_parse(line, len, &record))
		return refuse(why, number, "is no record of a job log");
	if (number > 1)
		add_record(r, &record, r->end);
	r->end += (off_t)len + 1;
	return 0;
}

static bool is_beginning(const char *rest, size_t len, const char *whole)
{
	size_t n = strlen(whole);
	return memcmp(rest, whole, len < n ? len : n) == 0;
}

/* What stands behind the last newline was not written to its end. If it may be one more attempt of the last task,
 * that one has not been finished. */
static int take_rest(struct resume *r, const char *rest, size_t len, uint64_t number, char **why)
{
	struct resume_entry *last = r->n > 0 ? &r->entries[r->n - 1] : NULL;
	char beginning[24];
	if (number == 0)
		return len < strlen(JOBLOG_HEADER) && is_beginning(rest, len, JOBLOG_HEADER) ? 0 : take_line(r, rest, len, 1, why);
	if (!joblog_may_begin(rest, len))
		return refuse(why, number + 1, "is no record of a job log, nor the beginning of one");
	r->torn = len > 0;
	if (!last || len == 0 || last->state != RESUME_FAILED)
		return 0;
	snprintf(beginning, sizeof beginning, "%" PRIu64 "\t", (uint64_t)last->seq);
	if (is_beginning(rest, len, beginning))
		last->state = RESUME_UNFINISHED;
	return 0;
}

static int read_lines(struct resume *r, struct buf *in, char **why)
{
	uint64_t number = 0;
	size_t searched = 0;
	for (ssize_t n; (n = fdio_read(r->fd, buf_room(in, READ_SIZE), READ_SIZE)) != 0; ) {
		if (n < 0) {
			*why = xasprintf("it cannot be read: %s", strerror(errno));
			return -1;
		}
		buf_grew(in, (size_t)n);
		for (char *end; (end = memchr(buf_head(in) + searched, '\n', buf_len(in) - searched)); searched = 0) {
			size_t len = (size_t)(end - buf_head(in));
			if (take_line(r, buf_head(in), len, ++number, why) < 0)
				return -1;
			buf_drop(in, len + 1);
		}
		searched = buf_len(in);
		if (searched > LINE_MAX_BYTES)
			return refuse(why, number + 1, "is too long for a record");
	}
	return take_rest(r, buf_head(in), buf_len(in), number, why);
}

/* All attempts of a task are written at once: if such a write was torn, it was the last, and between two lines no
 * mark is left of it but that there are too few. */
static void doubt_last(struct resume *r, unsigned attempts)
{
	size_t first = r->n;
	while (first > 0 && r->entries[first - 1].seq == r->entries[r->n - 1].seq &&
	       r->entries[first - 1].hash == r->entries[r->n - 1].hash)
		first--;
	if (r->n > 0 && r->entries[r->n - 1].state == RESUME_FAILED && r->n - first < attempts)
		r->entries[r->n - 1].state = RESUME_UNFINISHED;
}

/* Looking up. */

static int by_hash_and_seq(const void *a, const void *b)
{
	const struct resume_entry *x = a, *y = b;
	if (x->hash != y->hash)
		return x->hash < y->hash ? -1 : 1;
	if (x->seq != y->seq)
		return x->seq < y->seq ? -1 : 1;
	return x->at < y->at ? -1 : 1;
}

/* Of the attempts of a task, keep the last. */
static void merge_attempts(struct resume *r)
{
	size_t kept = 0;
	for (size_t i = 0; i < r->n; i++) {
		const struct resume_entry *e = &r->entries[i];
		bool again = kept > 0 && r->entries[kept - 1].hash == e->hash && r->entries[kept - 1].seq == e->seq;
		r->entries[kept - again] = *e;
		kept += !again;
	}
	r->n = kept;
}

int resume_open(struct resume *r, int fd, unsigned attempts, char **why)
{
	struct buf in = {0};
	*r = (struct resume){.fd = fd};
	if (getrandom(&r->hash_seed, sizeof r->hash_seed, GRND_NONBLOCK) < 0)
		r->hash_seed = 0; /* early in the boot of a machine */
	int result = read_lines(r, &in, why);
	buf_clear(&in);
	if (result < 0) {
		resume_close(r);
		return -1;
	}
	doubt_last(r, attempts);
	if (r->n > 0)
		qsort(r->entries, r->n, sizeof *r->entries, by_hash_and_seq);
	merge_attempts(r);
	return 0;
}

void resume_close(struct resume *r)
{
	free(r->entries);
	buf_clear(&r->window);
	*r = (struct resume){.fd = -1};
}

/* The window shows `len` bytes of the file from `at` on. Tasks come mostly in the order of the log, a few places up or
 * down: then much is read at once. */
static bool show(struct resume *r, off_t at, size_t len)
{
	off_t end = r->window_at + (off_t)buf_len(&r->window);
	if (at >= r->window_at && at + (off_t)len <= end)
		return true;
	bool is_near = at + WINDOW_SIZE >= r->window_at && at <= end + WINDOW_SIZE;
	off_t from = !is_near ? at : at > WINDOW_SIZE / 8 ? at - WINDOW_SIZE / 8 : 0;
	size_t wanted = (size_t)(at - from) + len, size = is_near && wanted < WINDOW_SIZE ? WINDOW_SIZE : wanted;
	buf_reset(&r->window);
	r->window_at = from;
	while (buf_len(&r->window) < wanted) {
		size_t room = size - buf_len(&r->window);
		ssize_t n = fdio_pread(r->fd, buf_room(&r->window, room), room, from + (off_t)buf_len(&r->window));
		if (n <= 0)
			return false;
		buf_grew(&r->window, (size_t)n);
	}
	return true;
}

/* The command of an entry, in the window, as it stands in the file. NULL if the file is not what it was. */
static char *text_of(struct resume *r, const struct resume_entry *e, size_t *len)
{
	off_t at = (off_t)e->at;
	size_t left = (size_t)(r->end - at);
	struct joblog_line record;
	char *line, *end = NULL;
	for (size_t n = 512; !end; n *= 2) {
		n = n < left ? n : left;
		if (!show(r, at, n))
			return NULL;
		line = buf_head(&r->window) + (at - r->window_at);
		end = memchr(line, '\n', n);
		if (!end && n == left)
			return NULL;
	}
	if (!joblog_parse(line, (size_t)(end - line), &record))
		return NULL;
	*len = record.len;
	return end - record.len;
}

static bool is_text_of(struct resume *r, const struct resume_entry *e, const char *text, size_t len)
{
	size_t logged_len;
	const char *logged = text_of(r, e, &logged_len);
	if (!logged || logged_len != len)
		return false;
	for (size_t i = 0; i < len; i++)
		if (logged[i] != (text[i] == '\n' ? '\0' : text[i]))
			return false;
	return true;
}

/* The first entry with this hash that is not used: those that are stand before it. */
static size_t first_unused(const struct resume *r, uint64_t hash)
{
	size_t low = 0, high = r->n;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const struct resume_entry *e = &r->entries[middle];
		if (e->hash < hash || (e->hash == hash && e->used))
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* Use an entry. Another text with the same hash may wait before it. */
static struct resume_entry *use(struct resume *r, size_t first, size_t i)
{
	struct resume_entry used = r->entries[i];
	used.used = 1;
	memmove(&r->entries[first + 1], &r->entries[first], (i - first) * sizeof used);
	r->entries[first] = used;
	return &r->entries[first];
}

enum resume_state resume_take(struct resume *r, const char *command, size_t len, uint64_t *seq)
{
	uint64_t hash = hash_text(r, command, len);
	size_t first = first_unused(r, hash);
	for (size_t i = first; i < r->n && r->entries[i].hash == hash; i++) {
		if (!is_text_of(r, &r->entries[i], command, len))
			continue;
		const struct resume_entry *e = use(r, first, i);
		*seq = e->seq;
		return (enum resume_state)e->state;
	}
	return RESUME_NEW;
}

/* Doing again. */

static int by_seq(const void *a, const void *b)
{
	const struct resume_entry *x = a, *y = b;
	if (x->seq != y->seq)
		return x->seq < y->seq ? -1 : 1;
	return x->at < y->at ? -1 : 1;
}

bool resume_next(struct resume *r, const char **command, size_t *len, uint64_t *seq)
{
	if (!r->by_seq && r->n > 0)
		qsort(r->entries, r->n, sizeof *r->entries, by_seq);
	r->by_seq = true;
	for (; r->next < r->n; r->next++) {
		const struct resume_entry *e = &r->entries[r->next];
		if (e->state == RESUME_SUCCEEDED)
			continue;
		char *text = text_of(r, e, len);
		r->changed = !text;
		if (!text)
			return false;
		for (char *p = text; (p = memchr(p, '\0', *len - (size_t)(p - text))); )
			*p = '\n'; /* in the window only */
		*command = text;
		*seq = e->seq;
		r->next++;
		return true;
	}
	return false;
}
