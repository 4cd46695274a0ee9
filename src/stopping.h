/* SPDX-License-Identifier: MIT
 *
 * stopping: what ends a run before its time, or holds it up: signals, a deadline, --halt, what clients ask for, faults of our own.
 * How it ends then is for run.c to say, from what is noted in struct run.
 */
#ifndef STOPPING_H
#define STOPPING_H

#include <stdbool.h>
#include <stdint.h>

#include "setup.h"

/* Handlers of the run's watch and timers; `run` is a struct run. */
void stopping_on_signals(void *run, uint32_t events);
void stopping_on_deadline(void *run);
void stopping_abandon(void *run);

/* Something of ours has failed, and has said why: end all. */
void stopping_give_up(struct run *r);

/* Draw the consequences of what observers, pool and clients have come to. Each is drawn once; true if there was a new one. */
bool stopping_check(struct run *r);

/* When forkpool stops the run: was there more to do? What is not known to be nothing counts. */
bool stopping_note_input_left(struct run *r);

#endif
