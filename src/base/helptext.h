/* SPDX-License-Identifier: MIT
 *
 * helptext: how --help looks, of whichever command line: two columns, the left one as the user types it, in lines of at
 * most 80 columns. Knows no option and no verb.
 */
#ifndef BASE_HELPTEXT_H
#define BASE_HELPTEXT_H

#include <stddef.h>

#include "base/buf.h"

/* Append what an option looks like; `letter` may be 0, `name` and `argument` NULL. */
void helptext_option(struct buf *out, char letter, const char *name, const char *argument);

/* Append `len` bytes of `text` as the right column of a line that begins at offset `start` of `out`'s contents, broken
 * at blanks; on a line of its own if the left column is too long. */
void helptext_entry(struct buf *out, size_t start, const char *text, size_t len);

/* Append what --version says. */
void helptext_version(struct buf *out);

/* Write it to standard output, release it, and exit: 0, or 125 if it cannot be written. */
_Noreturn void helptext_exit(struct buf *out);

#endif
