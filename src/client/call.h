/* SPDX-License-Identifier: MIT
 *
 * call: the command line of "forkpool ctl", read and checked as far as that goes without a pool. Help and the
 * version are given here, too.
 */
#ifndef CLIENT_CALL_H
#define CLIENT_CALL_H

#include <stdbool.h>
#include <stddef.h>

#include "client/verb.h"

/* Everything is borrowed from argv and the environment. */
struct call {
	const struct verb *verb;
	/* Of the options: "" if it takes none; NULL: it was not given. OPTION_SOCKET's is always there. */
	const char *values[OPTION_COUNT];
	char **words; /* the operands, and NULL behind them */
	size_t n_words;
};

/* Read argv, of which argv[0] is "ctl", and which is changed: words are moved. Ends with a usage error if it is not to
 * be understood, and with the text if help or the version is asked for. */
void call_read(struct call *call, int argc, char **argv);

/* Was the option given? */
bool call_has(const struct call *call, enum verb_option option);

#endif
