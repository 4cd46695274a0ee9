/* SPDX-License-Identifier: MIT
 *
 * setup: all that a run consists of, made from the options, and taken down again. What happens between the two is
 * run.c's.
 *
 * Life cycle: setup_input; then, unless nothing is to be run, setup_run; after the run setup_close, which takes
 * down as much as was set up. The handlers of `signals`, `input`, `abandon` and `deadline` are the caller's to fill in first.
 */
#ifndef SETUP_H
#define SETUP_H

#include <stdbool.h>

#include "base/loop.h"
#include "base/spool.h"
#include "cli/options.h"
#include "ctl/control.h"
#include "feed/feed.h"
#include "feed/resume.h"
#include "observe/callback.h"
#include "observe/halt.h"
#include "observe/filing.h"
#include "observe/journal.h"
#include "observe/output.h"
#include "observe/summary.h"
#include "observe/verdict.h"
#include "orphans.h"
#include "pool/pool.h"
#include "process/spawn.h"
#include "state/db.h"
#include "state/ledger.h"
#include "task/numbers.h"

struct run {
	const struct options *options;     /* borrowed */
	struct spawn_origin *origin;       /* borrowed */
	struct template *template;
	struct numbers numbers;    /* of the tasks, wherever they come from */
	struct feed *feed;
	struct loop loop;
	struct store store;
	struct pool pool;
	struct observer *observers; /* those below that are wanted, in a row */
	struct output output;
	struct callback callback;
	struct verdict verdict;
	struct summary summary;
	struct halt halt;
	struct filing filing;
	struct journal journal;
	struct resume resume;  /* what the job log knows, if that is wanted */
	struct orphans orphans;
	struct db *db;         /* owned; --state; NULL: none */
	struct timer sync;     /* of the database */
	struct buf leaving;    /* struct ledger_settled: what is so when this has been written: */
	struct output_mark left;
	struct ledger ledger;  /* what is known of tasks, with --state or --listen */
	struct control control; /* --listen */
	struct template *submitted_line, *submitted_words; /* for tasks of clients */
	char *listen;          /* owned; where the socket is, whatever --directory says; NULL: nowhere */
	size_t clients;        /* for which there are fds */
	struct watch signals, input;
	struct timer abandon, deadline;
	int lock_fd;           /* owned; -1: none */
	pid_t self;
	unsigned jobs;         /* for which there are fds */
	int log_fd;            /* the job log until it is the journal's; -1: none, or standard output */
	off_t log_end;         /* of its records */
	bool is_set_up;
	bool feed_ended;
	bool terminated;       /* a client has asked for the end while there was something to do */
	bool out_of_time;      /* --deadline has passed while there was something to do */
	bool input_left;       /* the run was stopped before its input had ended */
	bool calls_left;       /* ... or before all callbacks had run */
	bool more_input;       /* the feed can give more without waiting */
	bool abandoned;        /* do not wait any longer for those who read what we say */
	bool input_failed;     /* not all input could be read: 125 in the end */
	bool broken;           /* forkpool itself failed: 125, and what runs is ended */
	int signo;             /* the signal to die of; 0: none */
};

/* Template, lock and feed. Dies of usage errors (2), a lock that is held (75), and what cannot be opened (125). */
void setup_input(struct run *r);

/* The rest. Dies (125) of what cannot be had. */
void setup_run(struct run *r);

void setup_close(struct run *r);

/* The current directory, to be freed. Dies (125) naming `for_what` if it has no name. */
char *setup_here(const char *for_what);

#endif
