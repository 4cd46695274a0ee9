/* SPDX-License-Identifier: MIT
 *
 * joblog: one line of a job log, as GNU parallel writes it: nine columns with a TAB between them.
 *
 *   Seq Host Starttime JobRuntime Send Receive Exitval Signal Command
 *
 * A line is one attempt. Newlines in the command are NUL bytes there, so that a line is a line; TABs stay, for the
 * command is the last column. Pure: it reads and writes no files.
 */
#ifndef TASK_JOBLOG_H
#define TASK_JOBLOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "task/outcome.h"

/* The first line of every job log. */
#define JOBLOG_HEADER "Seq\tHost\tStarttime\tJobRuntime\tSend\tReceive\tExitval\tSignal\tCommand\n"

struct joblog_record {
	uint64_t seq;          /* from 1 */
	const char *host;      /* borrowed; ":" is this one */
	uint64_t started_ms;   /* since 1970 */
	uint64_t runtime_ns;
	uint64_t received;     /* bytes of standard output */
	int exit_value, signo; /* both 0: it succeeded */
};

/* Exit value and signal of an outcome, as they stand in a job log: -1 and a signal for a time limit. */
void joblog_set_outcome(struct joblog_record *r, const struct outcome *o);

/* Append the line of an attempt at the command, whose text is `len` bytes. */
void joblog_print(struct buf *out, const struct joblog_record *r, const char *command, size_t len);

/* What resuming needs to know of a line. */
struct joblog_line {
	uint64_t seq;
	bool succeeded;
	const char *command; /* borrowed from the line; newlines are NULs in it */
	size_t len;
};

/* Read a line, without its newline. False if it is no record. */
bool joblog_parse(const char *line, size_t len, struct joblog_line *out);

/* May this, without a newline, be the beginning of a line that was not written to its end? */
bool joblog_may_begin(const char *rest, size_t len);

#endif
