/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "feed/lines.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/xalloc.h"

#define ITEMS_CAP_MIN ((size_t)16)
#define READ_SIZE ((size_t)16384)

/* After so many reads the caller gets a chance to look at its signals and timers, even where input never pauses. */
#define READS_A_TURN 64

static bool is_standard_input(const struct lines *l)
{
	return !strcmp(l->spec->path, "-");
}

/* Opened without waiting for a FIFO's writer; a lease on a file (fcntl(2), F_SETLEASE) has to be waited for. */
static int open_path(const char *path)
{
	int flags = O_RDONLY | O_CLOEXEC | O_NOCTTY;
	int fd = (int)TEMP_FAILURE_RETRY(open(path, flags | O_NONBLOCK));
	if (fd < 0 && errno == EWOULDBLOCK)
		fd = (int)TEMP_FAILURE_RETRY(open(path, flags));
	return fd;
}

static int open_file(struct lines *l)
{
	struct stat st;
	l->fd = open_path(l->spec->path);
	if (l->fd < 0 || fstat(l->fd, &st) < 0)
		return -1;
	if (S_ISDIR(st.st_mode)) {
		errno = EISDIR;
		return -1;
	}
	bool can_wait = S_ISFIFO(st.st_mode) || isatty(l->fd);
	l->stream = (struct stream){.fd = l->fd, .kind = can_wait ? STREAM_OWN : STREAM_PLAIN};
	return 0;
}

int lines_open(struct lines *l, const struct source_spec *spec, int delimiter, bool keep_empty, char **why)
{
	*l = (struct lines){
		.spec = spec,
		.stream = {.fd = -1, .kind = STREAM_PLAIN},
		.fd = -1,
		.delimiter = (char)delimiter,
		.keep_empty = keep_empty,
	};
	if (spec->kind == SOURCE_ARGS)
		return 0;
	if (is_standard_input(l)) {
		stream_open(&l->stream, STDIN_FILENO, O_RDONLY);
		return 0;
	}
	if (open_file(l) == 0)
		return 0;
	*why = xasprintf("cannot open '%s': %s", spec->path, strerror(errno));
	fdio_close(&l->fd);
	return -1;
}

void lines_close(struct lines *l)
{
	if (l->fd >= 0)
		fdio_close(&l->fd);
	else
		stream_close(&l->stream);
	buf_clear(&l->buf);
	free(l->error);
	l->error = NULL;
}

static enum lines_state next_arg(struct lines *l, struct item *item)
{
	if (l->next_arg == l->spec->n_args)
		return LINES_END;
	const char *arg = l->spec->args[l->next_arg++];
	*item = (struct item){.value = {.bytes = arg, .len = strlen(arg)}};
	return LINES_ITEM;
}

/* The next delimiter, or the end of the input behind some bytes, ends an item: give it. False if there is none yet. */
static bool find_item(struct lines *l, struct item *item)
{
	const char *head = buf_head(&l->buf);
	size_t len = buf_len(&l->buf);
	const char *end = memchr(head + l->searched, l->delimiter, len - l->searched);
	if (!end && (!l->at_end || !len)) {
		l->searched = len;
		return false;
	}
	size_t item_len = end ? (size_t)(end - head) : len;
	item->cut = item_len + l->skipped > ITEM_MAX;
	item->value.bytes = head;
	item->value.len = item->cut ? ITEM_SHOWN : item_len;
	item->line = ++l->line;
	l->used = end ? item_len + 1 : len;
	l->searched = 0;
	l->skipped = 0;
	return true;
}

static enum lines_state fail(struct lines *l, const char *reason)
{
	const char *dropped = buf_len(&l->buf) ? "; an unfinished last item was dropped" : "";
	if (is_standard_input(l))
		l->error = xasprintf("error reading standard input: %s%s", reason, dropped);
	else
		l->error = xasprintf("error reading '%s': %s%s", l->spec->path, reason, dropped);
	return LINES_FAILED;
}

/* Of an item that grew too long, only the beginning is kept. */
static void skip_long(struct lines *l)
{
	size_t len = buf_len(&l->buf);
	if (len + l->skipped <= ITEM_MAX)
		return;
	buf_cut(&l->buf, ITEM_SHOWN);
	l->skipped += len - ITEM_SHOWN;
	l->searched = ITEM_SHOWN;
}

/* Nothing was read. From a FIFO that was opened before its first writer came this is not yet the end: poll(2) reports
 * POLLHUP only when a writer has come and gone. Standard input had its writer when the caller opened it. */
static bool is_end(const struct lines *l)
{
	bool saw_writer = l->fd < 0 || l->stream.kind == STREAM_PLAIN || l->line || buf_len(&l->buf);
	if (saw_writer || isatty(l->fd))
		return true;
	struct pollfd p = {.fd = l->fd, .events = POLLIN};
	return TEMP_FAILURE_RETRY(poll(&p, 1, 0)) > 0 && !(p.revents & POLLIN);
}

/* Read once. LINES_ITEM says that there is more to look at. */
static enum lines_state fill(struct lines *l)
{
	if (l->stream.kind != STREAM_PLAIN && ++l->n_reads % READS_A_TURN == 0)
		return LINES_BLOCKED;
	skip_long(l);
	if (l->skipped > ITEM_ENDLESS)
		return fail(l, "it is one endless item");
	ssize_t n = stream_read(&l->stream, buf_room(&l->buf, READ_SIZE), READ_SIZE);
	if (n < 0 && errno == EAGAIN)
		return LINES_BLOCKED;
	if (n < 0)
		return fail(l, strerror(errno));
	if (n == 0 && !is_end(l))
		return LINES_BLOCKED;
	buf_grew(&l->buf, (size_t)n);
	l->at_end = n == 0;
	return LINES_ITEM;
}

enum lines_state lines_next(struct lines *l, struct item *item)
{
	if (l->spec->kind == SOURCE_ARGS)
		return next_arg(l, item);
	if (l->error)
		return LINES_FAILED;
	for (;;) {
		buf_drop(&l->buf, l->used);
		l->used = 0;
		if (find_item(l, item)) {
			if (item->value.len || l->keep_empty)
				return LINES_ITEM;
			continue;
		}
		if (l->at_end)
			return LINES_END;
		enum lines_state state = fill(l);
		if (state != LINES_ITEM)
			return state;
	}
}

void items_clear(struct items *list)
{
	buf_clear(&list->bytes);
	free(list->ends);
	*list = (struct items){0};
}

void items_reset(struct items *list)
{
	buf_reset(&list->bytes);
	list->n = 0;
}

void items_add(struct items *list, const struct item *item)
{
	if (list->n == list->cap) {
		list->cap = list->cap ? list->cap * 2 : ITEMS_CAP_MIN;
		list->ends = xrealloc(list->ends, list->cap, sizeof *list->ends);
	}
	buf_add(&list->bytes, item->value.bytes, item->value.len);
	list->ends[list->n++] = (struct items_end){.offset = buf_len(&list->bytes), .cut = item->cut};
}

struct item items_get(const struct items *list, size_t i)
{
	size_t start = i ? list->ends[i - 1].offset : 0;
	return (struct item){
		.value = {.bytes = buf_head(&list->bytes) + start, .len = list->ends[i].offset - start},
		.cut = list->ends[i].cut,
	};
}
