/* SPDX-License-Identifier: MIT
 *
 * optscan: the options of a command line, found by getopt_long(3) and named by where they stand in the caller's table. Knows what
 * they look like, not what they mean.
 *
 * A word that is no such option, or one without its value, ends the program with a usage error (2). Only one scan at a
 * time: getopt's state is the process's.
 */
#ifndef BASE_OPTSCAN_H
#define BASE_OPTSCAN_H

#include <getopt.h>

#define OPTSCAN_MAX 80

enum {
	OPTSCAN_END = -1,  /* argv[optind] is the first word behind the options */
	OPTSCAN_WORD = -2, /* optarg is a word that is none */
};

struct optscan {
	struct {
		char letter;
		const char *name, *argument;
	} rows[OPTSCAN_MAX]; /* borrowed strings */
	int n;
	char letters[2 + 2 * OPTSCAN_MAX + 1]; /* getopt_long's view of them, */
	struct option longs[OPTSCAN_MAX + 1];  /* with a zero behind each */
	int n_letters, n_longs;
};

/* `order`: '+', the first word that is no option ends them; '-', words and options in any order. */
void optscan_init(struct optscan *s, char order);

/* The next row of the table: `letter` may be 0, `name` and `argument` NULL. */
void optscan_add(struct optscan *s, char letter, const char *name, const char *argument);

/* The row of the next option, whose value, if it takes one, is optarg; or one of the enum above. */
int optscan_next(const struct optscan *s, int argc, char **argv);

#endif
