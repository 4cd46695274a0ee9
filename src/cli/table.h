/* SPDX-License-Identifier: MIT
 *
 * table: the options, each once: what the user types, what help says, what it does. getopt's arrays
 * and all help texts are made from it. Private to cli/.
 */
#ifndef CLI_TABLE_H
#define CLI_TABLE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/jobs.h"
#include "cli/options.h"

enum option_group {
	GROUP_INPUT,
	GROUP_POOL,
	GROUP_OUTPUT,
	GROUP_FAILURE,
	GROUP_LOAD,
	GROUP_JOURNAL,
	GROUP_LIVE,
	GROUP_OTHER,
	GROUP_HIDDEN, /* in no help text */
};

/* A command line while it is read: the options so far and what they cannot hold yet. */
struct parse {
	struct options *o; /* borrowed */
	struct jobs jobs;
	bool jobs_given;
	bool retries_given;
};

struct option_row {
	char letter;          /* 0: it has none */
	const char *name;     /* without its dashes; NULL: it has none */
	const char *argument; /* what help calls it; NULL: it takes none */
	enum option_group group;
	bool is_common; /* in -h, too */
	/* Do what the option says with its value, or end with a usage error that names it. */
	void (*set)(struct parse *p, const struct option_row *row, const char *value);
	size_t at;        /* the field of struct options that a general `set` fills */
	const char *text; /* for --help, which breaks it into lines; -h shows it up to a ";" */
};

extern const struct option_row table_rows[];
extern const size_t table_len;

/* Append a source of items. */
void table_add_source(struct options *o, const struct source_spec *source);

#endif
