/* SPDX-License-Identifier: MIT
 *
 * word: any bytes but NUL, written as one word that a shell reads back as they are. All that forkpool quotes, in the
 * commands that it runs as in those that it shows, is quoted here, and just as GNU parallel does it: the Command
 * columns of their job logs are the same. Owns nothing.
 */
#ifndef TASK_WORD_H
#define TASK_WORD_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"

/* Does it need no quotes: letters, digits and _ . + - / only, and at least one of them? */
bool word_is_bare(const char *word, size_t len);

/* Is it part of the grammar of dash or bash where a command begins (if, do, time, !)? */
bool word_is_reserved(const char *word, size_t len);

/* Append the word: bare if it may be, '' if it is empty, else in single quotes, each ' as '"'"', without the pair of
 * single quotes that this leaves where the word begins or ends in one. */
void word_quote(struct buf *out, const char *word, size_t len);

/* The same, never bare: for places where a bare word would be more than a word. */
void word_quote_always(struct buf *out, const char *word, size_t len);

/* Append what stands for it inside of single quotes that are there already. */
void word_quote_inside(struct buf *out, const char *word, size_t len);

#endif
