/* SPDX-License-Identifier: MIT
 *
 * lines: one source, an open file or the words of an argument list, cut into items.
 *
 * Life cycle: lines_open, lines_next until it says LINES_END or LINES_FAILED, lines_close. It never blocks, but on
 * files that cannot be waited for, and keeps one item and one read of the file in memory, however long the input is.
 * It knows nothing of tasks.
 */
#ifndef FEED_LINES_H
#define FEED_LINES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/fdio.h"
#include "feed/feed.h"
#include "feed/items.h"

/* A longer item is read, but only its first ITEM_SHOWN bytes are kept: they tell which one it was. No program takes
 * more than 6 MiB of arguments, execve(2). */
#define ITEM_MAX ((size_t)8 << 20)
#define ITEM_SHOWN ((size_t)4096)

/* A file that goes on for so long without a delimiter is none of lines: reading it has failed. */
#define ITEM_ENDLESS ((uint64_t)1 << 30)

enum lines_state {
	LINES_ITEM,
	LINES_BLOCKED, /* wait until stream.fd is readable */
	LINES_END,
	LINES_FAILED,  /* `error` tells why */
};

struct lines {
	const struct source_spec *spec; /* borrowed */
	size_t next_arg;

	struct stream stream;
	int fd;           /* owned: opened by its name; -1 for standard input and lists */
	char delimiter;
	bool keep_empty;

	struct buf buf;   /* what was read and not yet dropped */
	size_t used;      /* bytes of `buf` that the last item took; dropped by the next call */
	size_t searched;  /* bytes of `buf` that hold no delimiter */
	uint64_t skipped; /* bytes of the present item that were not kept */
	uint64_t line;
	unsigned n_reads;
	bool at_end;
	char *error;      /* owned */
};

/* Open a source; nothing is read yet. On failure returns -1 with *why a message to free, and there is nothing to
 * close. */
int lines_open(struct lines *l, const struct source_spec *spec, int delimiter, bool keep_empty, char **why);
void lines_close(struct lines *l);

/* The next item, borrowed until the next call or lines_close. LINES_END and LINES_FAILED are final. */
enum lines_state lines_next(struct lines *l, struct item *item);

#endif
