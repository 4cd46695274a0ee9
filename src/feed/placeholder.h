/* SPDX-License-Identifier: MIT
 *
 * placeholder: what in a template stands for a value: {} {.} {/} {//} {/.}, {N} with the same endings,
 * {#} {seq}, {%} {slot}; values, and the part of one that each means. Knows neither shells nor tasks.
 */
#ifndef FEED_PLACEHOLDER_H
#define FEED_PLACEHOLDER_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"

/* A value: bytes borrowed until the call returns; may hold NULs. */
struct value {
	const char *bytes;
	size_t len;
};

enum placeholder_kind {
	PLACEHOLDER_VALUE,
	PLACEHOLDER_SEQ,
	PLACEHOLDER_SLOT,
};

enum path_part {
	PATH_WHOLE,
	PATH_STEM,      /* {.}  without the extension of the base name */
	PATH_BASE,      /* {/}  behind the last slash */
	PATH_DIR,       /* {//} dirname(1) */
	PATH_BASE_STEM, /* {/.} */
};

struct placeholder {
	enum placeholder_kind kind;
	enum path_part path;
	bool numbered; /* {N}: value N, from 1; otherwise every value there is */
	size_t number; /* SIZE_MAX: more digits than count */
	size_t len;    /* of its text in the template */
};

/* Does `text` begin with a placeholder? `replace` stands for {} (-I). */
bool placeholder_read(struct placeholder *p, const char *text, size_t len, const char *replace);

/* Append `text` with `instead` for each placeholder in it. */
void placeholder_replace(struct buf *out, const char *text, size_t len, const char *replace, const char *instead);

/* Is {N} within 1 to n_values? Otherwise a message to free, with the way to write `text` so that it stands for itself:
 * behind a backslash, or split by `quotes`, if given, where a backslash would stay. */
char *placeholder_check(const struct placeholder *p, const char *text, size_t n_values, const char *quotes);

/* The part of a value that is meant; points into the value, or to a constant. */
struct value path_part(struct value v, enum path_part part);

bool values_hold_nul(const struct value *values, size_t n_values);

/* Copies without their NULs, the bytes put in `bytes`, empty before. The caller frees the array. */
struct value *values_without_nul(const struct value *values, size_t n_values, struct buf *bytes);

#endif
