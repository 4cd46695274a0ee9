/* SPDX-License-Identifier: MIT
 *
 * quote: a value, written so that a shell reads it back byte for byte, wherever its placeholder stands.
 * Who reads the template finds out where that is (reader); here is only what to do there.
 */
#ifndef FEED_QUOTE_H
#define FEED_QUOTE_H

#include <stdbool.h>

#include "base/buf.h"
#include "feed/placeholder.h"

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

/* Append the value. False, with nothing appended, if it cannot stand there: not an integer. */
bool quote_value(struct buf *out, struct value v, enum quoting quoting);

/* What to put around digits that are not known yet. */
const char *quote_opening(enum quoting quoting);
const char *quote_closing(enum quoting quoting);

#endif
