/* SPDX-License-Identifier: MIT
 *
 * feed_help: what the tests of feed/ share: a directory for files, a standard input to play with, and tasks shown as
 * text.
 */
#ifndef FEED_HELP_H
#define FEED_HELP_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/buf.h"
#include "feed/feed.h"

#define ARRAY_LEN(a) (sizeof(a) / sizeof *(a))

/* However long a test has to wait, the machine is not that slow. */
#define WAIT_MS 20000

extern const struct source_spec standard_input;

void feed_help_set_up(void);
void feed_help_tear_down(void);

/* The path of file 'a' to 'e' in the test's directory; valid for the test's life. */
const char *path_of(char name);

struct source_spec file_with(char name, const char *bytes, size_t len);
struct source_spec file_of(char name, const char *text);

/* File 'a': "first", a sparse item of `len` NULs, and "last"; it ends behind the NULs if `unfinished`. */
struct source_spec file_with_long_item(off_t len, bool unfinished);

/* Words up to a NULL. */
struct source_spec args_of(char *const *args);

/* A pipe as standard input; returns its writing end. */
int pipe_as_stdin(void);

/* Put the test's template into `spec`, and numbers from 1 on unless it has some, and open it. */
struct feed *open_feed(struct feed_spec *spec);

/* Does feed_fd become ready in time? */
bool wait_for(const struct feed *f, int timeout_ms);

/* Show every task that can be had without waiting, as "LINE:[value][value] ..." or "LINE:(refusal)". */
enum feed_state show_ready(struct feed *f, struct buf *shown);

/* Compare and clear. */
void assert_shown(struct buf *shown, const char *expected);

/* Run the feed to its end, `last`, and compare what it gave. */
void assert_rest(struct feed *f, enum feed_state last, const char *expected);

/* Open it, run it to a good end, close it. */
void assert_feed(struct feed_spec *spec, const char *expected);

/* Tests of volume do nothing under FORKPOOL_IO_SIZE. */
bool is_byte_at_a_time(void);

#endif
