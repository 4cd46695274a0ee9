/* SPDX-License-Identifier: MIT
 *
 * numbers: what the tasks of a run are numbered by, wherever they come from. All zero before the first task; whoever
 * makes a task counts the place up, and the seq too unless an earlier run has given the task one.
 */
#ifndef TASK_NUMBERS_H
#define TASK_NUMBERS_H

#include <stdint.h>

struct numbers {
	uint64_t place; /* of the last task: in this run, without gaps */
	uint64_t seq;   /* the highest that a task has, those of earlier runs that are known included */
};

#endif
