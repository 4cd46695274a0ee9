/* SPDX-License-Identifier: MIT
 *
 * coworker: the talk with a worker command (--worker-command): one process that is given task after task, and answers
 * each with one line before it is given the next.
 *
 * The process is an attempt that lives long: how it is started, and ended with all that it leaves, is known there.
 * Here are the item that it is given, its answer, and what is wrong with either. A process that breaks the rules is killed,
 * and one that ends early is missed with the next item at the latest; the item after that gets a new one.
 *
 * Life cycle: coworker_init; without a command it serves nobody; coworker_open; then coworker_give whenever it is
 * COWORKER_FREE; the events below as they come, and coworker_turn behind them, until it is COWORKER_DONE;
 * coworker_rest. At the end coworker_close and, when it says so, coworker_clear.
 */
#ifndef WORKER_COWORKER_H
#define WORKER_COWORKER_H

#include <poll.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "process/environment.h"
#include "proto/channel.h"
#include "task/outcome.h"
#include "worker/attempt.h"

enum coworker_state {
	COWORKER_FREE,    /* has no item; its process lives, or is not needed yet, or has ended */
	COWORKER_WAITING, /* has one; a process that has been killed must be gone before it can be given */
	COWORKER_ASKED,   /* the process has been given it, or is being so */
	COWORKER_ENDING,  /* the outcome is there; the process has to go first */
	COWORKER_DONE,    /* the outcome is there, what it has written is in its captures */
	COWORKER_CLOSING, /* no item will come: the end of the process is waited for */
	COWORKER_CLOSED,
};

struct coworker {
	struct attempt *process;         /* borrowed, as are the next two */
	struct channel *channel;
	struct environment *environment;
	struct buf command;      /* owned; shell text and its NUL; empty: there is none */
	bool direct;             /* that may be split at blanks */
	bool json;               /* it speaks JSON (workjson), not lines (workline) */
	enum coworker_state state;
	int wfd;                 /* owned; the standard input of the process; -1: closed */
	struct buf request;      /* owned; of the item: what has not been written */
	uint64_t seq;            /* of the item, or of the last */
	uint64_t answered_seq;   /* of the last that was answered */
	uint32_t slot;
	uint64_t given_ns;       /* when the process got it */
	uint64_t end_ns;         /* when to end the process harder; 0: not at all */
	uint64_t suspended_ns;   /* since when nothing is to begin and no time is to run out; 0: go on */
	size_t looked;           /* so much of what is held of its output needs no second look */
	bool spent;              /* what has become of the process has been told: the next item gets a new one */
	bool has_answered;       /* the process, ever */
	struct outcome outcome;  /* of the item */
};

struct coworker_item {
	uint64_t seq;
	uint32_t slot;
	struct bytes words;      /* each with a NUL behind it; borrowed during the call */
};

/* All of these are borrowed for good. */
void coworker_init(struct coworker *c, struct attempt *process, struct channel *channel, struct environment *environment);

/* `text`: shell text; empty: there is none, and nothing is done. NULL, or why it cannot serve. */
const char *coworker_open(struct coworker *c, struct bytes text, bool direct, bool json);

/* Does it serve tasks at all? */
bool coworker_serves(const struct coworker *c);

/* Give it an item; FREE before. */
void coworker_give(struct coworker *c, const struct coworker_item *item);

/* The task that output belongs to now; 0: none. */
uint64_t coworker_seq(const struct coworker *c);

/* What to wait for at its standard input, and what to do when poll(2) said `revents` of that. */
struct pollfd coworker_input(const struct coworker *c);
void coworker_look_at_input(struct coworker *c, short revents);

/* Its standard output is readable. -1 and errno: the other side of the channel is gone. */
int coworker_read(struct coworker *c);

/* Send what is there of the answer. -1 and errno likewise. */
int coworker_send(struct coworker *c);

/* Draw the consequences of what has come, of the end of the process and of the time. */
void coworker_turn(struct coworker *c);

/* The process has been stopped, or goes on: until then its time stands still, and no other takes its place. */
void coworker_suspend(struct coworker *c, bool suspended);

/* DONE to FREE; what was not taken is forgotten. */
void coworker_rest(struct coworker *c);

/* No more items: the end of its input is told to a process that has none in hand. False: there is nothing to wait
 * for; else coworker_turn makes it CLOSED in a bounded time. */
bool coworker_close(struct coworker *c);

void coworker_clear(struct coworker *c);

#endif
