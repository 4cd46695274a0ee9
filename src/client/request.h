/* SPDX-License-Identifier: MIT
 *
 * request: what a command line asks of the pool, as lines of doc/CONTROL.md. Knows no socket. What cannot be asked
 * ends the program with a usage error (2); jansson must be loaded.
 */
#ifndef CLIENT_REQUEST_H
#define CLIENT_REQUEST_H

#include <jansson.h>
#include <stddef.h>

#include "base/buf.h"
#include "client/call.h"

/* How long a line may be, without its newline. */
#define REQUEST_MAX ((size_t)1 << 20)

/* Append the lines, each with its newline: one, or one for each operand. */
void request_lines(const struct call *call, struct buf *lines);

/* The operands of verbs (struct verb's `ask`). A message that is not among them is read from standard input. */
void request_command(json_t *request, char *const *words, size_t n);
void request_tasks(json_t *request, char *const *words, size_t n);
void request_task(json_t *request, char *const *words, size_t n);
void request_jobs(json_t *request, char *const *words, size_t n);
void request_queue(json_t *request, char *const *words, size_t n);
void request_message(json_t *request, char *const *words, size_t n);

#endif
