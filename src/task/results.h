/* SPDX-License-Identifier: MIT
 *
 * results: what --results keeps of a task, where it stands and what it looks like.
 *
 * A task's results are five files. Its path (task.results) ends in a slash, and they are PATH/stdout, PATH/stderr,
 * PATH/seq, PATH/command and PATH/status; or it does not, and they are PATH, PATH.err, PATH.seq, PATH.command and
 * PATH.status. `status` is written last: where it is missing, the task is not over.
 */
#ifndef TASK_RESULTS_H
#define TASK_RESULTS_H

#include "base/buf.h"
#include "task/outcome.h"
#include "task/task.h"

enum results_file {
	RESULTS_STDOUT,
	RESULTS_STDERR,
	RESULTS_SEQ,
	RESULTS_COMMAND,
	RESULTS_STATUS,
	RESULTS_FILES
};

/* A path has room for the longest of what is put behind it. */
#define RESULTS_SUFFIX_MAX (sizeof ".command" - 1)

/* Set `out` to where `file` is, with a NUL behind it. */
void results_name(struct buf *out, const char *path, enum results_file file);

/* Append what `status` holds: a line with the exit status as a shell would give it; unless the task exited by itself, a
 * second line that says what happened. `refusal` is the task's, or NULL. */
void results_add_status(struct buf *out, const struct outcome *o, const char *refusal);

/* Append what `command` holds: the command in one slot, and a newline. */
void results_add_command(struct buf *out, const struct command *c, unsigned slot);

enum results_state {
	RESULTS_NONE,      /* nothing, the results of another command, or not all of them */
	RESULTS_SUCCEEDED,
	RESULTS_FAILED,
};

/* What an earlier run has left at `path` of this command, in whatever slot it ran. What cannot be read is not there. */
enum results_state results_look(const char *path, const struct command *c);

#endif
