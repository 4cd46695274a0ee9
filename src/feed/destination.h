/* SPDX-License-Identifier: MIT
 *
 * destination: the value of --results, read once; values in, the path of a task's results out (task/results.h).
 *
 * A plain name is a folder in which each task has one of its own, named by its values as GNU parallel does it:
 * NAME/1/VALUE/2/VALUE/. In a name with placeholders the values are put in as they are.
 *
 * Life cycle: a zeroed struct; destination_read, whatever it returns; destination_clear. It touches no file.
 */
#ifndef FEED_DESTINATION_H
#define FEED_DESTINATION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "feed/parts.h"
#include "feed/reader.h"

/* What a path is made of. */
struct destination_shape {
	size_t climbs;  /* components .. */
	size_t names;   /* components that are neither . nor .. */
	size_t longest; /* bytes of one */
	size_t last;    /* bytes of the name that it ends in; 0 if in none */
	bool is_folder; /* it ends in a slash */
};

struct destination {
	struct parts parts;
	bool plain;      /* no placeholder in it */
	bool one_source; /* all values come from the first source */
	struct destination_shape shape; /* with a name for each placeholder */
};

/* Read the value; `base` is the folder that it starts from, or NULL for the current one. On an error of the user's
 * returns false with *why to free. */
bool destination_read(struct destination *d, const struct reader_spec *spec, const char *base, char **why);
void destination_clear(struct destination *d);

/* The folder that all results will be in; the caller frees it. */
char *destination_folder(const struct destination *d);

/* The path for a task of these values, the caller's to free; or NULL with *why to free, if they make none that can be
 * used: one that climbs by .., lacks a name or is too long. Of values with a NUL only a plain name makes any. */
char *destination_make(
	const struct destination *d, uint64_t seq, const struct value *values, size_t n_values, char **why);

#endif
