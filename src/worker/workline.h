/* SPDX-License-Identifier: MIT
 *
 * workline: a task for a worker command that speaks lines: its words, joined by blanks, are one line. The answer is
 * one line, too, and needs no reading.
 */
#ifndef WORKER_WORKLINE_H
#define WORKER_WORKLINE_H

#include "base/buf.h"
#include "proto/msg.h"

/* Append the line of these words, each of which has a NUL behind it. NULL, or why it cannot be, and nothing is appended. */
const char *workline_put(struct buf *out, struct bytes words);

#endif
