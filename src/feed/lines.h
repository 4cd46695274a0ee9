/* SPDX-License-Identifier: MIT
 *
 * lines: one source, an open file or the words of an argument list, cut into items; and items, many of them kept in
 * one run of memory, 8 bytes each beside their own.
 *
 * Life cycle: lines_open, lines_next until it says LINES_END or LINES_FAILED, lines_close. It never blocks, but on
 * files that cannot be waited for, and keeps one item and one read of the file in memory, however long the input is.
 * A zeroed struct items is an empty list; items_clear releases it. Neither knows anything of tasks.
 */
#ifndef FEED_LINES_H
#define FEED_LINES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/fdio.h"
#include "feed/feed.h"

/* A longer item is read, but only its first ITEM_SHOWN bytes are kept: they tell which one it was. No program takes
 * more than 6 MiB of arguments, execve(2). */
#define ITEM_MAX ((size_t)8 << 20)
#define ITEM_SHOWN ((size_t)4096)

/* A file that goes on for so long without a delimiter is none of lines: reading it has failed. */
#define ITEM_ENDLESS ((uint64_t)1 << 30)

struct item {
	struct value value; /* borrowed from whoever gave the item */
	uint64_t line;      /* which record of its file it is, from 1, empty ones counted; 0 if it has none */
	bool cut;           /* it was too long, this is only its beginning */
};

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

/* Where a kept item ends in `bytes`, and whether it is cut. */
struct items_end {
	uint64_t offset : 63;
	uint64_t cut : 1;
};

struct items {
	struct buf bytes;       /* owned */
	struct items_end *ends; /* owned */
	size_t n;
	size_t cap;
};

void items_clear(struct items *list);

/* Forget the items, keep the memory. */
void items_reset(struct items *list);

/* Append a copy; its line is not kept. */
void items_add(struct items *list, const struct item *item);

/* Item `i`, borrowed until the list changes. */
struct item items_get(const struct items *list, size_t i);

#endif
