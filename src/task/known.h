/* SPDX-License-Identifier: MIT
 *
 * known: tasks of an earlier run, by the text of their command and by which occurrence of it this is: the first task
 * of the input with some text is the one with the lowest number among those with that text, and so on.
 *
 * 24 bytes are kept for each, not the text: whoever has that compares. A newline is the same as a NUL here, as in a
 * job log.
 *
 * Life cycle: zero, known_add for each, known_sort, known_take ..., known_clear.
 */
#ifndef TASK_KNOWN_H
#define TASK_KNOWN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct known_task {
	uint64_t hash;      /* of the text */
	uint64_t seq;
	uint64_t at : 61;   /* the owner's: where the text is */
	uint64_t state : 2; /* the owner's */
	uint64_t used : 1;  /* known_take has had it */
};

struct known {
	struct known_task *tasks; /* owned */
	size_t n, cap;
	uint64_t seed; /* keeps others from choosing texts that collide */
};

void known_clear(struct known *k);

/* Add one with this text; `hash` and `used` are set here. */
void known_add(struct known *k, const char *text, size_t len, struct known_task task);

/* By text, then number, then place. */
void known_sort(struct known *k);

/* Is this the text of that task? */
typedef bool known_compare(void *arg, const struct known_task *task, const char *text, size_t len);

/* The next task with this text, which is used then; borrowed until the next call. NULL: there is none. */
const struct known_task *known_take(struct known *k, const char *text, size_t len, known_compare *is_text_of, void *arg);

#endif
