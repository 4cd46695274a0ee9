/* SPDX-License-Identifier: MIT
 *
 * workjson: a task for a worker command that speaks JSON as Bazel's persistent workers do: one WorkRequest a line, one
 * WorkResponse a line, one at a time (request 0). Source: bazel.build/remote/creating, the part on JSON.
 *
 * jansson must have been loaded (proto/jansson.h).
 */
#ifndef WORKER_WORKJSON_H
#define WORKER_WORKJSON_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "proto/msg.h"

/* Append the request for these words, each of which has a NUL behind it, with its newline. NULL, or why it cannot be
 * made, and nothing is appended. */
const char *workjson_put(struct buf *out, struct bytes words);

/* What a response says. */
struct workjson_response {
	int exit_code; /* 0 to 255; whatever lies outside is 255 */
	char why[160]; /* if it is none */
};

/* Read the response that is all of `text`, and put the output that it holds in its place. False: it is none. */
bool workjson_take(struct buf *text, struct workjson_response *r);

#endif
