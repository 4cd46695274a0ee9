/* SPDX-License-Identifier: MIT
 *
 * journal: --joblog: one line an attempt, written when nothing remains to be done for its task.
 *
 * That is when the last hold on the task is gone (task.h: settled) and all that was put into the sinks by then has been
 * written. So a run that is killed repeats at most what the log does not have. All attempts of a task go out
 * in one write; what forkpool itself ended, or never started, or did not try again as it should, gets no line, nor does
 * a task whose callback did not come to its end.
 *
 * Life cycle: journal_open before anything is run, journal_start when it is sure that there will be a run,
 * journal_turn in every turn after output_turn, journal_close.
 */
#ifndef OBSERVE_JOURNAL_H
#define OBSERVE_JOURNAL_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/buf.h"
#include "observe/output.h"
#include "pool/observer.h"

/* Lines whose tasks are settled, a task's together; `ends` has for each task the offset behind its last one. */
struct journal_lines {
	struct buf text;
	struct buf ends;
};

struct journal {
	struct observer observer; /* first: events come in through it */
	struct output *output;    /* borrowed */
	const char *path;         /* borrowed; for messages */
	int fd;                   /* owned, locked; -1: the log goes to standard output */
	off_t end;                /* where the next line goes */
	unsigned retries;
	bool name_hosts;          /* workers may be elsewhere: Host is their name */
	struct journal_lines ripe;    /* their tasks are settled */
	struct journal_lines leaving; /* ... and this must have been written before them: */
	struct output_mark mark;
	char *error;              /* owned; why nothing more can be logged, or NULL */
};

/* Open the log at `path`, making it if `create`, and lock it: its fd, the caller's until journal_start. An existing one
 * with records in it needs `may_exist`. -1 with *why, a message to free; *usage: it is the user's mistake. */
int journal_open(const char *path, bool create, bool may_exist, char **why, bool *usage);

struct journal_spec {
	const char *path; /* borrowed */
	int fd;           /* the journal's from now on; -1: standard output */
	off_t end;        /* of its records: what is behind them, torn, is cut off; without any it gets its heading */
	unsigned retries; /* a failed task with fewer was stopped */
	bool name_hosts;
};

void journal_start(struct journal *j, const struct journal_spec *spec, struct output *output);

/* Write what can be. True if it went to `output`, which has to take a turn then. */
bool journal_turn(struct journal *j);

void journal_close(struct journal *j);

#endif
