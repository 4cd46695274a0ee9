/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "task/task.h"

#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "task/word.h"

struct task *task_new(uint64_t place)
{
	struct task *t = xcalloc(1, sizeof *t);
	t->place = t->seq = place;
	t->holds = 1;
	return t;
}

void task_hold(struct task *t)
{
	t->holds++;
}

void task_drop(struct task *t)
{
	if (--t->holds)
		return;
	for (struct settler *s = t->settlers, *next; s; s = next) {
		next = s->next;
		s->settled(s, t);
	}
	free(t->command.bytes);
	free(t->command.holes);
	free(t->directory);
	free(t->name);
	free(t->refusal);
	free(t->tag);
	free(t->results);
	free(t);
}

void task_on_settled(struct task *t, struct settler *s)
{
	s->next = t->settlers;
	t->settlers = s;
}

void task_tell_shown(struct task *t)
{
	for (struct settler *s = t->settlers; s; s = s->next)
		if (s->shown)
			s->shown(s, t);
}

void command_render(const struct command *c, unsigned slot, struct buf *out)
{
	size_t at = 0;
	for (size_t i = 0; i < c->n_holes; i++) {
		buf_add(out, c->bytes + at, c->holes[i] - at);
		buf_addf(out, "%u", slot);
		at = c->holes[i];
	}
	buf_add(out, c->bytes + at, c->len - at);
}

static void print_words(struct buf *out, const char *bytes, size_t n_words)
{
	for (size_t i = 0; i < n_words; i++) {
		size_t len = strlen(bytes);
		if (i)
			buf_addc(out, ' ');
		if (!i && word_is_reserved(bytes, len))
			word_quote_always(out, bytes, len);
		else
			word_quote(out, bytes, len);
		bytes += len + 1;
	}
}

void command_print(const struct command *c, unsigned slot, struct buf *out)
{
	if (!c->n_words)
		return;
	struct buf rendered = {0};
	command_render(c, slot, &rendered);
	if (c->shell)
		buf_add(out, buf_head(&rendered), buf_len(&rendered) - 1);
	else
		print_words(out, buf_head(&rendered), c->n_words);
	buf_clear(&rendered);
}
