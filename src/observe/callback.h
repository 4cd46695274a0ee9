/* SPDX-License-Identifier: MIT
 *
 * callback: --callback and --error-callback: a command run by this process for each task that is over,
 * one at a time, in the order of completion, with the task's standard output as its input.
 *
 * It stores that output itself, from the same events as output does, so that neither waits for the other. What a
 * callback writes goes out as a whole when it is over; if there is no room to store it, in pieces.
 */
#ifndef OBSERVE_CALLBACK_H
#define OBSERVE_CALLBACK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/loop.h"
#include "base/spool.h"
#include "observe/output.h"
#include "observe/pipes.h"
#include "observe/verdict.h"
#include "pool/observer.h"
#include "process/spawn.h"

struct callback_config {
	const char *on_success, *on_failure; /* shell text, borrowed; NULL: none */
	uint64_t timeout_ns, kill_after_ns;
	bool capture;   /* its own output is captured */
	bool leave;     /* --leave */
	const struct spawn_origin *origin; /* borrowed */
	bool sync;      /* start no task while one is pending */
	int null_fd;    /* borrowed; /dev/null */
};

struct call;

struct callback {
	struct observer observer; /* first: events come in through it */
	struct callback_config config;
	struct loop *loop;        /* borrowed, as the next two */
	struct store *store;
	struct output *output;
	struct call *first, *last; /* owned; those whose turn has not come */
	size_t waiting;
	struct call *now;          /* owned; it runs */
	pid_t pid;                 /* of its guard */
	bool told_to_end;
	unsigned put_off;          /* times in a row */
	struct timer timer;
	struct pipes pipes;        /* its standard streams */
	bool failed;               /* one of them did */
	bool ended;                /* one has: under --leave, what it left may be our children now */
	bool stopped;              /* start no more */
	int error;                 /* errno: one could not be started at all */
};

void callback_open(struct callback *c, const struct callback_config *config, struct loop *loop, struct store *store,
		   struct output *output);

/* Start the next if it is time. Call it in every turn. */
void callback_turn(struct callback *c);

/* A child has died: look whether it is ours. */
void callback_reap(struct callback *c);

/* Nothing runs and nothing waits? */
bool callback_idle(const struct callback *c);

/* Is this pid the one that runs? */
bool callback_owns(const struct callback *c, pid_t pid);

/* Start no more, and end the one that runs: with TERM, and KILL later, or with KILL at once. */
void callback_stop(struct callback *c, bool kill_it);

/* SIGSTOP or SIGCONT to the one that runs. */
void callback_signal(const struct callback *c, int signo);

void callback_close(struct callback *c);

#endif
