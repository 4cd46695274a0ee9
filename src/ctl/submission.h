/* SPDX-License-Identifier: MIT
 *
 * submission: a command that a client gives, made a task. One word is shell text, several are a program and its arguments; nothing in
 * them is a placeholder. Tag and results are as for a line of input.
 */
#ifndef CTL_SUBMISSION_H
#define CTL_SUBMISSION_H

#include <stddef.h>

#include "base/buf.h"
#include "feed/template.h"
#include "task/numbers.h"

struct submitter {
	struct template *line;   /* borrowed; of no COMMAND: the item is the shell text */
	struct template *words;  /* borrowed; the same with `no_text`: the item is a word */
	struct numbers *numbers; /* borrowed */
};

/* `words`: n_words words, each with its NUL. The task is the caller's; one that cannot be run has its refusal. */
struct task *submission_make(const struct submitter *s, const struct buf *words, size_t n_words);

#endif
