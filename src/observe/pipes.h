/* SPDX-License-Identifier: MIT
 *
 * pipes: the standard streams of the callback that runs: what it is given to read, what it has written and nobody has
 * taken yet. When there is no room to store more (store_full) nothing is read until pipes_resume.
 *
 * Life cycle: pipes_init; for each command pipes_open, pipes_started and pipes_close; pipes_clear. It knows nothing of
 * what the command is, nor where its output goes.
 */
#ifndef OBSERVE_PIPES_H
#define OBSERVE_PIPES_H

#include <stdbool.h>

#include "base/loop.h"
#include "base/spool.h"
#include "process/capture.h"

struct pipes {
	struct loop *loop;   /* borrowed, as the next two */
	struct store *store;
	struct spool *input; /* until pipes_close */
	int input_wfd;       /* owned; -1: closed */
	struct watch input_watch, out_watch, err_watch;
	struct capture out, err;
	struct spool kept[2]; /* owned; what came from out and err: to be taken by whoever has a use for it */
	bool paused;          /* there was no room */
	int error;            /* errno: the input could not be read back */
};

void pipes_init(struct pipes *p, struct loop *loop, struct store *store);

/* Make the pipes: those for output if it is captured, one for the input if there is any. `*input_rfd` is the command's
 * end of that, the caller's to close, or -1. -1 and errno; pipes_close all the same. */
int pipes_open(struct pipes *p, struct spool *input, bool captured, int *input_rfd);

/* The command has its ends now: close ours of them, give it its input and read what it writes. */
void pipes_started(struct pipes *p);

/* Read on if there is room again. */
void pipes_resume(struct pipes *p);

/* The command is over: read what it has left in the pipes. */
void pipes_drain(struct pipes *p);

void pipes_close(struct pipes *p);

/* Free what is kept. */
void pipes_clear(struct pipes *p);

#endif
