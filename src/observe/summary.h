/* SPDX-License-Identifier: MIT
 *
 * summary: what became of all tasks, counted, and the first failures, for the lines at the end of a run. They are
 * what is read in the morning, in a mail: few, plain ASCII, and beginning with how much is wrong.
 *
 * Life cycle: summary_open when the run begins; events; summary_print when all output is out. Nothing is owned.
 */
#ifndef OBSERVE_SUMMARY_H
#define OBSERVE_SUMMARY_H

#include <stdbool.h>
#include <stdint.h>

#include "pool/observer.h"

enum { SUMMARY_LISTED = 10, SUMMARY_LINE_MAX = 200 };

struct summary {
	struct observer observer; /* first: events come in through it */
	uint64_t began_ns;        /* clock_ns */
	uint64_t tasks;           /* that have come to the pool */
	uint64_t succeeded, failed;
	uint64_t of_kind[OUTCOME_KINDS]; /* those that failed */
	uint64_t stopped;         /* by forkpool, some of them between two attempts */
	uint64_t not_started;     /* for forkpool was stopping */
	char listed[SUMMARY_LISTED][SUMMARY_LINE_MAX]; /* the first that failed, as they are printed */
};

/* What the run alone knows. */
struct summary_end {
	bool input_left;      /* not all of the input was read */
	bool callback_failed;
	bool calls_left;      /* some callbacks were stopped or not run */
	const char *cause;    /* what stopped the run, or NULL */
};

void summary_open(struct summary *s);

/* Print it, unless all is well. */
void summary_print(const struct summary *s, const struct summary_end *end);

#endif
