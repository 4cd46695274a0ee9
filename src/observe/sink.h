/* SPDX-License-Identifier: MIT
 *
 * sink: standard output or standard error, written without ever blocking.
 *
 * Small writes are gathered until sink_flush. What the reader does not take now stays with the caller:
 * sink_put says how much it took. After an error everything is taken and thrown away, and `error` says so.
 */
#ifndef OBSERVE_SINK_H
#define OBSERVE_SINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/fdio.h"
#include "base/loop.h"

struct sink {
	struct stream stream;
	struct loop *loop;    /* borrowed */
	struct watch watch;
	struct buf gathered;
	bool stuck;           /* the reader is slow: wait for the watch */
	bool mid_line;        /* the last byte that was put was no newline */
	int error;            /* errno of the first write that failed */
	uint64_t accepted;    /* bytes that were taken, */
	uint64_t written;     /* and those of them that have been written */
};

/* `ready(arg)` is called when a stuck sink can go on. */
void sink_open(struct sink *s, int fd, struct loop *loop, void (*ready)(void *arg, uint32_t events), void *arg);
void sink_close(struct sink *s);

/* Take up to `n` bytes; the number taken, 0 when stuck. */
size_t sink_put(struct sink *s, const char *bytes, size_t n);

/* The same, all of them: for what is small and cannot be cut. */
void sink_put_whole(struct sink *s, const char *bytes, size_t n);

/* The fd, for bytes that come from elsewhere; -1 if those that were gathered do not all go out before them, or if it
 * is something else than a file. */
int sink_file(struct sink *s);

/* The watch says that the reader takes something: no longer stuck. */
void sink_try_again(struct sink *s);

/* Write what was gathered. True when nothing is left of it. */
bool sink_flush(struct sink *s);

#endif
