/* SPDX-License-Identifier: MIT
 *
 * usage: what "forkpool ctl --help" and "forkpool ctl VERB --help" say, from the tables of verb. Owns nothing.
 */
#ifndef CLIENT_USAGE_H
#define CLIENT_USAGE_H

#include "base/buf.h"
#include "client/verb.h"

/* The texts: all verbs, on one screen; and one verb with its options. Appended to `out`. */
void usage_add_all(struct buf *out);
void usage_add_verb(struct buf *out, const struct verb *verb);

/* Write such a text to standard output and exit: 0, or 125 if it cannot be written. */
_Noreturn void usage_all(void);
_Noreturn void usage_verb(const struct verb *verb);
_Noreturn void usage_version(void);

#endif
