/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "ctl/submission.h"

#include <stdlib.h>

#include "base/xalloc.h"

static struct task *make(const struct submitter *s, const struct template *t, const char *text, size_t len)
{
	struct value value = {text, len};
	struct task *task = template_task(t, ++s->numbers->place, &value, 1);
	task->seq = ++s->numbers->seq;
	task->submitted = true;
	return task;
}

/* The text is for the tag, and for the folder of the results. */
static struct task *make_program(const struct submitter *s, const struct buf *words, size_t n_words)
{
	struct command command = {.bytes = xmemdup(buf_head(words), buf_len(words)), .len = buf_len(words), .n_words = n_words};
	struct buf text = {0};
	command_print(&command, 1, &text);
	struct task *task = make(s, s->words, buf_head(&text), buf_len(&text));
	free(task->command.bytes);
	free(task->command.holes);
	task->command = command;
	buf_clear(&text);
	return task;
}

struct task *submission_make(const struct submitter *s, const struct buf *words, size_t n_words)
{
	if (n_words > 1)
		return make_program(s, words, n_words);
	return make(s, s->line, buf_head(words), buf_len(words) - 1);
}
