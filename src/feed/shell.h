/* SPDX-License-Identifier: MIT
 *
 * shell: what /bin/sh would make of a text, as far as forkpool must know it. Reads text only; runs
 * nothing. The grammar is POSIX.1-2017, XCU 2.2 (Quoting), 2.3 (Token Recognition), 2.6 (Expansions).
 */
#ifndef FEED_SHELL_H
#define FEED_SHELL_H

#include <stdbool.h>
#include <stddef.h>

/* The longest single string that execve(2) takes on Linux, its NUL included (MAX_ARG_STRLEN). */
#define SHELL_TEXT_MAX ((size_t)131072)

/* Bytes: a blank splits words; a harmless one means nothing to any shell inside a word: letters, digits and
 * _./,:@%+-= (none from 0x80 on: some shells see blanks among them); a clear one of those, ./,:@%- , moreover stands in no
 * reserved word, no number and no name, which is made of letters, digits and _ . */
bool shell_is_blank(char c);
bool shell_is_harmless(char c);
bool shell_is_clear(char c);
bool shell_is_name(char c);

/* Is it a reserved word that words of the grammar follow (for, case), not a command? */
bool shell_expects_words(const char *word, size_t len);

/* Does `text` (placeholders taken out) hold blanks or a character that means something to a shell? An
 * assignment (NAME= in front) does; bytes from 0x80 on do not. */
bool shell_has_syntax(const char *text, size_t len);

/* Would running the words of `text`, split at blanks and tabs, do exactly what `sh -c text` does? True only for
 * words of harmless bytes, whose first is neither a builtin, a reserved word nor an assignment. If it cannot be
 * executed, the shell must still be asked: it runs scripts without #! and words its own messages. */
bool shell_is_plain(const char *text, size_t len);

/* Split plain text, a string, in its own place: its words follow each other, each with a NUL, in `*len` bytes. Returns
 * how many they are. */
size_t shell_split(char *text, size_t *len);

/* Does `text` end in a backslash that no other one escapes, so that it would take what comes behind it? */
bool shell_escapes_next(const char *text, size_t len);

/* May plain text be executed directly in this process's surroundings at all? /bin/sh is dash, PATH is
 * set and ordinary, PWD names the current directory, every environment entry is NAME=value once with a
 * name that the shell would pass on unchanged, and SIGCHLD is not ignored (dash would reset it). Asked once at
 * start, before dispositions are touched; whoever changes the directory afterwards must set PWD. */
bool shell_surroundings_plain(char *const *environment);

#endif
