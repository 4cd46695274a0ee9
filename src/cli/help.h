/* SPDX-License-Identifier: MIT
 *
 * help: what -h and --help say. Their options are those of the table, so that no text can
 * lag behind the parser; the lint tests compare --help with the manual.
 */
#ifndef CLI_HELP_H
#define CLI_HELP_H

#include "base/buf.h"

/* Append the text to `out`, in lines of at most 80 columns; help_brief's fit a screen of 24 lines. */
void help_brief(struct buf *out);
void help_full(struct buf *out);

/* Write one of the texts to standard output and exit: 0, or 125 if it cannot be written. */
_Noreturn void help_exit(void (*text)(struct buf *out));

#endif
