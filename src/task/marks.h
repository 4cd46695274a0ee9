/* SPDX-License-Identifier: MIT
 *
 * marks: a file in which workers note which attempts they have begun, so that this is known whoever dies.
 *
 * Each slot has two cells, which its workers fill by turns. A worker has two tasks at most, the one that runs and one
 * behind it, and is given another when what became of the one before them is on record: so an attempt that was given
 * and is not on record as over has begun if, and only if, it stands in a cell. A mark costs one system call. Nothing
 * is put onto the disk: marks outlive processes, not a power cut.
 */
#ifndef TASK_MARKS_H
#define TASK_MARKS_H

#include <stdint.h>

#include "base/buf.h"

#define MARKS_PER_SLOT 2

struct mark {
	uint64_t seq;      /* of the task; 0: nothing has been noted in this cell */
	uint32_t attempt;  /* which try at it, from 1 */
	uint32_t slot;     /* from 1 */
	int64_t began_us;  /* since 1970 */
	uint64_t unused;   /* makes it as long as a power of two */
};

/* Note it; `nth`: how many this worker has noted before. -1 and errno. */
int marks_put(int fd, const struct mark *m, uint64_t nth);

/* What was noted of this task in that slot does not count any more: its last attempt was none, and what became of those
 * before is on record. -1 and errno. */
int marks_forget(int fd, unsigned slot, uint64_t seq);

/* See to it that there is room for the marks of slots 1 to `slots`, as long as the file lives. -1 and errno. */
int marks_reserve(int fd, unsigned slots);

/* Append all marks to an array of struct mark. -1 and errno. */
int marks_read(int fd, struct buf *marks);

#endif
