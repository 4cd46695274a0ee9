/* SPDX-License-Identifier: MIT
 *
 * xalloc: memory, or the end of the program: "out of memory" on stderr and exit status 125.
 * The workers notice by the end of their channel and clean up. The caller frees with free().
 */
#ifndef BASE_XALLOC_H
#define BASE_XALLOC_H

#include <stddef.h>

void *xmalloc(size_t n);
void *xcalloc(size_t count, size_t size);

/* Room for `count` elements of `size` bytes; the product is checked for overflow. */
void *xrealloc(void *old, size_t count, size_t size);
char *xstrdup(const char *s);

/* A copy of `n` bytes with a NUL behind them. */
char *xmemdup(const void *bytes, size_t n);
char *xasprintf(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* What all of these do when they fail, for who finds a size that no number holds. */
_Noreturn void xalloc_failed(void);

#endif
