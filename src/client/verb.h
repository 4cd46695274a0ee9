/* SPDX-License-Identifier: MIT
 *
 * verb: what "forkpool ctl" can be told, each verb and each option once: what the user types, what help says, what is
 * asked of the pool, what is made of its answer. Parsing and help are made from these tables. Owns nothing.
 */
#ifndef CLIENT_VERB_H
#define CLIENT_VERB_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

struct answer;

enum verb_option {
	OPTION_SOCKET,
	OPTION_NAME,
	OPTION_DIRECTORY,
	OPTION_TIMEOUT,
	OPTION_NOWAIT,
	OPTION_MAXSIZE,
	OPTION_JSON,
	OPTION_LINE,
	OPTION_HELP,
	OPTION_VERSION,
	OPTION_COUNT,
};

struct verb_option_row {
	char letter;          /* 0: it has none */
	const char *name;     /* without its dashes; NULL: it has none */
	const char *argument; /* what help calls it; NULL: it takes none */
	const char *text;     /* for help */
};

extern const struct verb_option_row verb_options[OPTION_COUNT];

/* What the operands are. */
enum verb_manner {
	VERB_PLAIN,   /* what one request is about */
	VERB_EACH,    /* each what a request of its own is about */
	VERB_COMMAND, /* a command: no options behind its first word */
	VERB_END,     /* it waits for the end of the pool: one that has ended is as good */
};

struct verb {
	const char *name;     /* one word or two; with - between two, the protocol's */
	const char *operands; /* what help calls them */
	const char *text;     /* for help: fits the line */
	unsigned options;     /* 1 << each of enum verb_option that it takes besides those of all verbs */
	size_t least, most;   /* how many operands */
	enum verb_manner manner;
	/* Put the operands into the request; NULL: there are none. Ends with a usage error where they are no such thing. */
	void (*ask)(json_t *request, char *const *words, size_t n);
	/* What comes before the last reply; NULL: nothing does. */
	void (*part)(struct answer *a, const json_t *part);
	/* The last one, which is `ok`: the exit status. */
	int (*end)(struct answer *a, const json_t *reply);
};

extern const struct verb verb_rows[];
extern const size_t verb_count;

/* The verb that begins a command line's words; *n_taken is how many of them it is. NULL: none is. */
const struct verb *verb_find(char *const *words, size_t n, size_t *n_taken);

/* Does it take this option? */
bool verb_takes(const struct verb *verb, enum verb_option option);

#endif
