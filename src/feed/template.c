/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "feed/template.h"

#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "feed/destination.h"
#include "feed/parts.h"
#include "feed/reader.h"
#include "feed/shell.h"

enum kind {
	KIND_LINE,    /* no COMMAND: the item is the text */
	KIND_SHELL,   /* a shell template */
	KIND_PROGRAM, /* a program and its arguments */
};

struct template {
	enum kind kind;
	struct parts command;
	struct parts tag;
	struct destination results;
	bool has_tag;
	bool has_results;
	bool no_shell;
	bool no_text;
	bool direct;
	bool names_program;
};

/* The spec while it is read, with what it leaves open filled in. */
struct reading {
	struct template_spec spec;
	struct template *t;
	char **why;
};

static struct reader_spec reader_spec(const struct reading *g, const char *text, size_t len)
{
	return (struct reader_spec){
		.text = text,
		.len = len,
		.replace = g->spec.replace,
		.n_values = g->spec.n_values,
		.variadic = g->spec.variadic,
	};
}

static bool is_for_all(const struct part *part)
{
	return part->kind == PART_VALUE && !part->number;
}

static bool read_word(struct reading *g, const char *word, size_t len)
{
	struct parts *parts = &g->t->command;
	size_t first = parts->n;
	bool repeats = false;
	struct reader_spec spec = reader_spec(g, word, len);
	if (!reader_read_raw(&spec, parts, g->why))
		return false;
	for (size_t i = first; i < parts->n; i++)
		repeats |= is_for_all(&parts->list[i]) && (g->spec.variadic || parts->n == first + 1);
	parts_add_end(parts);
	if (repeats && (g->spec.variadic || g->spec.n_values > 1))
		parts_repeat_from(parts, first);
	return true;
}

static bool has_placeholders(const struct parts *parts)
{
	for (size_t i = 0; i < parts->n; i++) {
		if (parts->list[i].kind >= PART_VALUE && parts->list[i].kind <= PART_SLOT)
			return true;
	}
	return false;
}

/* `first_end`: how many parts the program's name has. */
static bool finish_program(struct reading *g, size_t first_end)
{
	struct template *t = g->t;
	struct parts first = {.list = t->command.list, .n = first_end};
	t->kind = KIND_PROGRAM;
	t->names_program = !has_placeholders(&first);
	return has_placeholders(&t->command) || read_word(g, g->spec.replace, strlen(g->spec.replace));
}

static bool read_program(struct reading *g)
{
	size_t first_end = 0;
	for (size_t i = 0; i < g->spec.n_words; i++) {
		if (!read_word(g, g->spec.words[i], strlen(g->spec.words[i])))
			return false;
		if (!i)
			first_end = g->t->command.n;
	}
	return finish_program(g, first_end);
}

/* Plain shell text without a shell: its words are those between blanks. */
static bool read_plain(struct reading *g, const char *text, size_t len)
{
	size_t first_end = 0;
	for (size_t at = 0, end; at < len; at = end) {
		for (; at < len && shell_is_blank(text[at]); at++)
			;
		for (end = at; end < len && !shell_is_blank(text[end]); end++)
			;
		if (end > at && !read_word(g, text + at, end - at))
			return false;
		if (!first_end)
			first_end = g->t->command.n;
	}
	return finish_program(g, first_end);
}

static bool asks(const struct reading *g, const char *text, size_t len, const char *instead,
	bool (*question)(const char *text, size_t len))
{
	struct buf replaced = {0};
	placeholder_replace(&replaced, text, len, g->spec.replace, instead);
	bool answer = question(buf_head(&replaced), buf_len(&replaced));
	buf_clear(&replaced);
	return answer;
}

static bool read_shell_text(struct reading *g, const char *text, size_t len, size_t *n_placeholders)
{
	struct reader_spec spec = reader_spec(g, text, len);
	return reader_read_shell(&spec, &g->t->command, n_placeholders, g->why);
}

/* The value goes to the last command, not behind it. */
static void append_placeholder(const struct reading *g, struct buf *text)
{
	size_t len = buf_len(text);
	while (len && buf_head(text)[len - 1] == '\n')
		len--;
	buf_cut(text, len);
	buf_addc(text, ' ');
	buf_adds(text, g->spec.replace);
}

static bool read_shell(struct reading *g, struct buf *text)
{
	size_t n_placeholders;
	g->t->kind = KIND_SHELL;
	if (!read_shell_text(g, buf_head(text), buf_len(text), &n_placeholders))
		return false;
	if (shell_escapes_next(buf_head(text), buf_len(text))) {
		*g->why = xasprintf("the command ends in a backslash");
		return false;
	}
	if (!n_placeholders) {
		parts_clear(&g->t->command);
		append_placeholder(g, text);
		if (!read_shell_text(g, buf_head(text), buf_len(text), &n_placeholders))
			return false;
	}
	parts_add_end(&g->t->command);
	return true;
}

static bool read_text(struct reading *g)
{
	struct buf text = {0};
	bool ok;
	for (size_t i = 0; i < g->spec.n_words; i++) {
		if (i)
			buf_addc(&text, ' ');
		buf_adds(&text, g->spec.words[i]);
	}
	if (!g->spec.no_shell) {
		ok = read_shell(g, &text);
	} else if (asks(g, buf_head(&text), buf_len(&text), "x", shell_is_plain)) {
		ok = read_plain(g, buf_head(&text), buf_len(&text));
	} else {
		*g->why = xasprintf("the command needs a shell, which --no-shell forbids; give its words one by one");
		ok = false;
	}
	buf_clear(&text);
	return ok;
}

static bool is_shell_template(const struct reading *g)
{
	const char *word = g->spec.words[0];
	return g->spec.join || (g->spec.n_words == 1 && asks(g, word, strlen(word), "", shell_has_syntax));
}

static bool read_line(struct reading *g)
{
	g->t->kind = KIND_LINE;
	parts_add_placeholder(&g->t->command, &(struct placeholder){.kind = PLACEHOLDER_VALUE}, QUOTE_NONE);
	parts_add_end(&g->t->command);
	return true;
}

static bool read_command(struct reading *g)
{
	if (!g->spec.n_words && !g->spec.no_text)
		return read_line(g);
	return !g->spec.no_text && is_shell_template(g) ? read_text(g) : read_program(g);
}

static bool read_tag(struct reading *g)
{
	struct parts *tag = &g->t->tag;
	const char *text = g->spec.tagstring ? g->spec.tagstring : g->spec.replace;
	g->t->has_tag = g->spec.tag || g->spec.tagstring;
	if (!g->t->has_tag)
		return true;
	struct reader_spec spec = reader_spec(g, text, strlen(text));
	if (!reader_read_raw(&spec, tag, g->why))
		return false;
	if (tag->uses_slot)
		*g->why = xasprintf("--tagstring cannot hold {%%}: the tag is made before a worker is chosen; use {#}");
	return !tag->uses_slot;
}

static bool read_results(struct reading *g)
{
	const char *text = g->spec.results;
	g->t->has_results = text != NULL;
	if (!text)
		return true;
	struct reader_spec spec = reader_spec(g, text, strlen(text));
	return destination_read(&g->t->results, &spec, g->spec.base, g->why);
}

struct template *template_new(const struct template_spec *spec, char **why)
{
	struct template *t = xcalloc(1, sizeof *t);
	struct reading g = {.spec = *spec, .t = t, .why = why};
	if (!g.spec.replace)
		g.spec.replace = "{}";
	if (!g.spec.n_values)
		g.spec.n_values = 1;
	t->no_shell = spec->no_shell;
	t->no_text = spec->no_text;
	t->direct = spec->direct;
	*why = NULL;
	if (!*g.spec.replace)
		*why = xasprintf("-I '': what stands for the value cannot be empty");
	if (*why || !read_command(&g) || !read_tag(&g) || !read_results(&g)) {
		template_free(t);
		return NULL;
	}
	return t;
}

void template_free(struct template *t)
{
	if (!t)
		return;
	parts_clear(&t->command);
	parts_clear(&t->tag);
	destination_clear(&t->results);
	free(t);
}

bool template_names_program(const struct template *t)
{
	return t->names_program;
}

char *template_results_folder(const struct template *t, bool *plain)
{
	*plain = t->results.plain;
	return t->has_results ? destination_folder(&t->results) : NULL;
}

bool template_results_numbered(const struct template *t)
{
	return t->results.parts.uses_seq;
}

bool template_uses_numbers(const struct template *t)
{
	return t->command.uses_seq || t->command.uses_slot;
}

/* Refusals are short and do not hold the task's text: the first one counts. */
static void refuse(struct task *task, const char *why)
{
	if (!task->refusal)
		task->refusal = xstrdup(why);
}

static void take_rendering(struct command *c, struct rendering *r)
{
	c->bytes = buf_take(&r->bytes, &c->len);
	c->n_words = r->n_words;
	c->holes = r->holes;
	c->n_holes = r->n_holes;
}

static void forbid_shell(struct task *task)
{
	struct command *c = &task->command;
	if (!shell_is_plain(c->bytes, c->len - 1))
		return refuse(task, "needs a shell, which --no-shell forbids");
	c->shell = false;
	c->n_words = shell_split(c->bytes, &c->len);
}

static void make_command(const struct template *t, struct task *task, struct rendering *r)
{
	parts_render(&t->command, r);
	take_rendering(&task->command, r);
	task->command.shell = t->kind != KIND_PROGRAM;
	if (r->not_integer)
		refuse(task, "a value in $((...)) is no decimal integer; put it elsewhere in quotes");
	if (t->no_shell && t->kind == KIND_LINE)
		forbid_shell(task);
}

static void check_lengths(struct task *task, bool no_text)
{
	const char *at = task->command.bytes;
	if (task->command.len > COMMAND_BYTES_MAX && !task->refusal)
		task->refusal = xasprintf("arguments of %zu bytes; %s takes at most %zu: use fewer with -n",
			task->command.len, no_text ? "a worker command" : "exec", COMMAND_BYTES_MAX);
	for (size_t i = 0; !no_text && i < task->command.n_words && !task->refusal; i++) {
		size_t len = strlen(at);
		if (len >= SHELL_TEXT_MAX)
			task->refusal = xasprintf("%s of %zu bytes; exec takes at most %zu: put it in a file",
				task->command.shell ? "shell text" : "argument", len, SHELL_TEXT_MAX - 1);
		at += len + 1;
	}
}

static void make_tag(const struct template *t, struct task *task, struct rendering *r)
{
	parts_render(&t->tag, r);
	task->tag = buf_take(&r->bytes, &task->tag_len);
}

static void make_results(const struct template *t, struct task *task, const struct value *values, size_t n_values)
{
	char *why;
	task->results = destination_make(&t->results, task->seq, values, n_values, &why);
	if (why)
		refuse(task, why);
	free(why);
}

static void make(const struct template *t, struct task *task, const struct value *values, size_t n_values)
{
	struct rendering command = {.seq = task->seq, .values = values, .n_values = n_values};
	struct rendering tag = command;
	make_command(t, task, &command);
	if (t->has_tag)
		make_tag(t, task, &tag);
}

static void make_without_nuls(const struct template *t, struct task *task, const struct value *values, size_t n_values)
{
	struct buf bytes = {0};
	struct value *clean = values_without_nul(values, n_values, &bytes);
	refuse(task, "NUL byte in a line; use -0 for NUL-separated items");
	make(t, task, clean, n_values);
	free(clean);
	buf_clear(&bytes);
}

/* The digits to come break nothing: no builtin or reserved word has any. */
static bool is_direct(const struct template *t, const struct command *c)
{
	return t->direct && c->shell && c->len + c->n_holes * 10 <= SHELL_TEXT_MAX &&
		shell_is_plain(c->bytes, c->len - 1);
}

struct task *template_task(const struct template *t, uint64_t place, const struct value *values, size_t n_values)
{
	struct task *task = task_new(place);
	if (values_hold_nul(values, n_values))
		make_without_nuls(t, task, values, n_values);
	else
		make(t, task, values, n_values);
	if (task->command.len > SHELL_TEXT_MAX)
		check_lengths(task, t->no_text);
	if (t->has_results)
		make_results(t, task, values, n_values);
	task->command.direct = !task->refusal && is_direct(t, &task->command);
	return task;
}
