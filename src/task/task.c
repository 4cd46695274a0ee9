/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "task/task.h"

#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"

#define ARRAY_LEN(a) (sizeof(a) / sizeof *(a))

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
	if (t->settled)
		t->settled(t);
	free(t->command.bytes);
	free(t->command.holes);
	free(t->refusal);
	free(t->tag);
	free(t);
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

static bool is_harmless(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
		(c && strchr("_./,:@%+-=", c));
}

static bool word_is_harmless(const char *word, size_t len)
{
	if (!len || word[0] == '=') /* zsh: the path of a command */
		return false;
	for (size_t i = 0; i < len; i++) {
		if (!is_harmless(word[i]))
			return false;
	}
	return true;
}

static void quote(struct buf *out, const char *word, size_t len)
{
	const char *end = word + len;
	buf_addc(out, '\'');
	for (const char *mark; (mark = memchr(word, '\'', (size_t)(end - word))); word = mark + 1) {
		buf_add(out, word, (size_t)(mark - word));
		buf_adds(out, "'\\''");
	}
	buf_add(out, word, (size_t)(end - word));
	buf_addc(out, '\'');
}

void word_quote(struct buf *out, const char *word, size_t len)
{
	if (word_is_harmless(word, len))
		buf_add(out, word, len);
	else
		quote(out, word, len);
}

/* Would the shell read this, as a command's first word, as an assignment or as part of its grammar? */
static bool is_grammar(const char *word)
{
	static const char *const reserved[] = {"case", "coproc", "do", "done", "elif", "else", "esac", "fi", "for",
		"function", "if", "in", "select", "then", "time", "until", "while"};
	if (strchr(word, '='))
		return true;
	for (size_t i = 0; i < ARRAY_LEN(reserved); i++) {
		if (!strcmp(word, reserved[i]))
			return true;
	}
	return false;
}

static void print_words(struct buf *out, const char *bytes, size_t n_words)
{
	for (size_t i = 0; i < n_words; i++) {
		size_t len = strlen(bytes);
		if (i)
			buf_addc(out, ' ');
		if (!i && is_grammar(bytes))
			quote(out, bytes, len);
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
