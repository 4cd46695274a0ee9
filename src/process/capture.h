/* SPDX-License-Identifier: MIT
 *
 * capture: one output stream of a running command: a pipe, and what has come out of it and was not passed
 * on yet. Life cycle: capture_open before the command starts, capture_close any number of times.
 */
#ifndef PROCESS_CAPTURE_H
#define PROCESS_CAPTURE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

struct capture {
	int rfd;         /* owned; -1: not captured, or all has been read */
	int wfd;         /* owned; the command's end, until it has been started */
	uint8_t stream;  /* 1 or 2 */
	bool wide;       /* much has come: the pipe holds more, and may be passed on unread */
	struct buf held; /* read, not passed on */
};

/* How much is held before it is worth a message of its own. */
#define CAPTURE_CHUNK ((size_t)64 * 1024)

/* Make the pipe. -1 and errno. */
int capture_open(struct capture *c, uint8_t stream);

/* The command has its end now: close ours. */
void capture_started(struct capture *c);

/* One read, known not to block; closes at the end of the stream. */
void capture_read(struct capture *c);

/* Much comes out of it: make it wide. */
void capture_widen(struct capture *c);

/* How many bytes are in the pipe. */
size_t capture_waiting(const struct capture *c);

/* Read what is in the pipe now, without waiting for its writers to end. */
void capture_take(struct capture *c);

/* The same, and close it. */
void capture_drain(struct capture *c);

void capture_close(struct capture *c);

#endif
