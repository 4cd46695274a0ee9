/* SPDX-License-Identifier: MIT
 *
 * reader: reads the text of a template into parts: finds each placeholder, and in shell text how its value is to be
 * quoted there. Where that cannot be told for sure, no placeholder is accepted: better no task than a value that the
 * shell takes for its own text.
 */
#ifndef FEED_READER_H
#define FEED_READER_H

#include <stdbool.h>
#include <stddef.h>

#include "feed/parts.h"

struct reader_spec {
	const char *text; /* borrowed during the call */
	size_t len;
	const char *replace; /* what stands for {} */
	size_t n_values;     /* the most a task can have: {N} above it is an error */
	bool variadic;       /* a word with {} in it is repeated for each value */
};

/* Read shell text into `parts`, empty before; the final NUL is not added. `*n_placeholders` is how many there were. On
 * an error of the user's returns false with *why to free; `parts` is to be cleared then, too. */
bool reader_read_shell(const struct reader_spec *spec, struct parts *parts, size_t *n_placeholders, char **why);

/* Append text that no shell will read. A backslash right before a placeholder makes it plain text and vanishes; two of
 * them are one. Nothing is repeated here. Errors as above. */
bool reader_read_raw(const struct reader_spec *spec, struct parts *parts, char **why);

#endif
