/* SPDX-License-Identifier: MIT
 *
 * parts: a template once read: text and placeholders in turn, with words to repeat for each value.
 * Filled by who reads templates, rendered once for each task.
 *
 * Life cycle: a zeroed struct is empty; parts_clear releases it.
 */
#ifndef FEED_PARTS_H
#define FEED_PARTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "feed/placeholder.h"

/* A value is written so that a shell reads it back byte for byte, wherever its placeholder stands. Who reads the
 * template finds out where that is (reader); here is what to do there. */
enum quoting {
	QUOTE_NONE,         /* no shell will read it */
	QUOTE_ALWAYS,       /* unquoted, but glued to what is not plain text, as in $HOME{} */
	QUOTE_UNLESS_CLEAR, /* may come to be any word: bare if a byte of it says that it is none of the grammar's */
	QUOTE_UNLESS_WORD,  /* the same, but the place rules out a number before < or > */
	QUOTE_UNLESS_PLAIN, /* the place rules out all of that: bare if harmless */
	QUOTE_DOUBLE,       /* in double quotes */
	QUOTE_DOUBLE_GLUED, /* in double quotes, behind $NAME, which must not grow */
	QUOTE_SINGLE,       /* in single quotes */
	QUOTE_INTEGER,      /* in $((...)) */
};

enum part_kind {
	PART_TEXT,
	PART_VALUE,
	PART_SEQ,
	PART_SLOT,
	PART_REPEAT, /* what follows is done once for each value */
	PART_END,    /* of a word: its NUL */
};

struct part {
	enum part_kind kind;
	enum quoting quoting;
	enum path_part path;
	size_t number; /* VALUE: which, from 1; 0: all of them. REPEAT: how many parts */
	size_t at;     /* TEXT: offset into parts.text */
	size_t len;
};

struct parts {
	struct part *list; /* owned */
	size_t n;
	size_t cap;
	struct buf text;
	size_t n_values; /* parts that are values */
	bool uses_seq;
	bool uses_slot;
	bool shell; /* repeated words are set apart by blanks; otherwise each brings its NUL */
};

void parts_clear(struct parts *p);
void parts_add_text(struct parts *p, const char *text, size_t len);
void parts_add_placeholder(struct parts *p, const struct placeholder *placeholder, enum quoting quoting);
void parts_add_end(struct parts *p);

/* Repeat the parts from index `first` to the last for each value. */
void parts_repeat_from(struct parts *p, size_t first);

struct rendering {
	/* in */
	uint64_t seq;
	const struct value *values;
	size_t n_values;

	/* out; zeroed before */
	struct buf bytes;
	size_t n_words;
	size_t *holes; /* owned; see struct command */
	size_t n_holes;
	bool not_integer; /* a value that had to be an integer was none, and is left out */
};

void parts_render(const struct parts *p, struct rendering *r);

#endif
