/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "feed/resume.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fdio.h"
#include "base/xalloc.h"
#include "task/joblog.h"

enum { READ_SIZE = 256 * 1024, WINDOW_SIZE = 64 * 1024 };

/* A line longer than any that a task can have. */
#define LINE_MAX_BYTES ((size_t)64 << 20)

/* Reading the log. */

static void add_record(struct resume *r, const struct joblog_line *line, off_t at)
{
	if (line->seq > r->last_seq)
		r->last_seq = line->seq;
	known_add(&r->known, line->command, line->len, (struct known_task){
		.seq = line->seq, .at = (uint64_t)at, .state = line->succeeded ? RESUME_SUCCEEDED : RESUME_FAILED});
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
	struct known_task *last = r->known.n > 0 ? &r->known.tasks[r->known.n - 1] : NULL;
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
	if (r->known.n == 0)
		return;
	struct known_task *last = &r->known.tasks[r->known.n - 1], *first = last;
	while (first > r->known.tasks && first[-1].seq == last->seq && first[-1].hash == last->hash)
		first--;
	if (last->state == RESUME_FAILED && last - first + 1 < (ptrdiff_t)attempts)
		last->state = RESUME_UNFINISHED;
}

/* Looking up. */

/* Of the attempts of a task, keep the last. */
static void merge_attempts(struct known *k)
{
	size_t kept = 0;
	for (size_t i = 0; i < k->n; i++) {
		const struct known_task *task = &k->tasks[i];
		bool again = kept > 0 && k->tasks[kept - 1].hash == task->hash && k->tasks[kept - 1].seq == task->seq;
		k->tasks[kept - again] = *task;
		kept += !again;
	}
	k->n = kept;
}

int resume_open(struct resume *r, int fd, unsigned attempts, char **why)
{
	struct buf in = {0};
	*r = (struct resume){.fd = fd};
	int result = read_lines(r, &in, why);
	buf_clear(&in);
	if (result < 0) {
		resume_close(r);
		return -1;
	}
	doubt_last(r, attempts);
	known_sort(&r->known);
	merge_attempts(&r->known);
	return 0;
}

void resume_close(struct resume *r)
{
	known_clear(&r->known);
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
static char *text_of(struct resume *r, const struct known_task *e, size_t *len)
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

static bool is_text_of(void *arg, const struct known_task *e, const char *text, size_t len)
{
	size_t logged_len;
	const char *logged = text_of(arg, e, &logged_len);
	if (!logged || logged_len != len)
		return false;
	for (size_t i = 0; i < len; i++)
		if (logged[i] != (text[i] == '\n' ? '\0' : text[i]))
			return false;
	return true;
}

enum resume_state resume_take(struct resume *r, const char *command, size_t len, uint64_t *seq)
{
	const struct known_task *task = known_take(&r->known, command, len, is_text_of, r);
	if (!task)
		return RESUME_NEW;
	*seq = task->seq;
	return (enum resume_state)task->state;
}

/* Doing again. */

static int by_seq(const void *a, const void *b)
{
	const struct known_task *x = a, *y = b;
	if (x->seq != y->seq)
		return x->seq < y->seq ? -1 : 1;
	return x->at < y->at ? -1 : 1;
}

bool resume_next(struct resume *r, const char **command, size_t *len, uint64_t *seq)
{
	if (!r->by_seq && r->known.n > 0)
		qsort(r->known.tasks, r->known.n, sizeof *r->known.tasks, by_seq);
	r->by_seq = true;
	for (; r->next < r->known.n; r->next++) {
		const struct known_task *e = &r->known.tasks[r->next];
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
