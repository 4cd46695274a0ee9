/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "feed/feed.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/xalloc.h"
#include "feed/lines.h"
#include "task/results.h"

#define MIB(bytes) ((bytes) >> 20)

/* What each value costs execve(2) beside its bytes: a NUL and a pointer. */
#define VALUE_OVERHEAD (1 + sizeof(char *))

/* -n: the values of the combinations that wait for their task to be full. */
struct group {
	struct items items;
	size_t n;             /* combinations */
	uint64_t line;        /* of the first one */
	bool cut;             /* it holds a cut item */
	bool too_long;        /* more than ITEM_MAX in all; some were left out */
	struct value *values; /* owned; all of them, when the task is made */
};

/* A combination is one item of each source, so of a single source an item. The next one has other items of the last
 * kept sources, as an odometer turns; when all have turned, the first source gives its next item. */
struct feed {
	struct feed_spec spec;
	struct lines *sources; /* owned; spec.n_sources */
	struct items *kept;    /* owned; by source, all that it gave; [0] is unused */
	size_t *turns;         /* owned; by source, which kept item is in the present combination */
	size_t n_loaded;       /* sources that need no more reading before the first task */
	struct item first;     /* of the first source */
	bool has_first;
	struct value *values; /* owned; the present combination */
	bool cut;             /* one of its items is */
	struct group group;
	size_t waiting; /* the source that FEED_BLOCKED is about */
	struct buf text; /* of a task that is looked up */
	uint64_t left_out_failed;
};

static int open_sources(struct feed *f, char **why)
{
	const struct feed_spec *spec = &f->spec;
	for (size_t i = 0; i < spec->n_sources; i++) {
		if (lines_open(&f->sources[i], &spec->sources[i], spec->delimiter, spec->keep_empty, why) == 0)
			continue;
		f->spec.n_sources = i;
		return -1;
	}
	return 0;
}

struct feed *feed_open(const struct feed_spec *spec, char **why)
{
	struct feed *f = xcalloc(1, sizeof *f);
	f->spec = *spec;
	f->sources = xcalloc(spec->n_sources, sizeof *f->sources);
	f->kept = xcalloc(spec->n_sources, sizeof *f->kept);
	f->turns = xcalloc(spec->n_sources, sizeof *f->turns);
	f->values = xcalloc(spec->n_sources, sizeof *f->values);
	f->n_loaded = 1;
	if (open_sources(f, why) == 0)
		return f;
	feed_close(f);
	return NULL;
}

void feed_close(struct feed *f)
{
	for (size_t i = 0; i < f->spec.n_sources; i++) {
		lines_close(&f->sources[i]);
		items_clear(&f->kept[i]);
	}
	items_clear(&f->group.items);
	buf_clear(&f->text);
	free(f->group.values);
	free(f->values);
	free(f->turns);
	free(f->kept);
	free(f->sources);
	free(f);
}

/* The next item of source `i`; FEED_END as well when it failed. */
static enum feed_state next_item(struct feed *f, size_t i, struct item *item)
{
	switch (lines_next(&f->sources[i], item)) {
	case LINES_ITEM:
		return FEED_TASK;
	case LINES_BLOCKED:
		f->waiting = i;
		return FEED_BLOCKED;
	case LINES_END:
	case LINES_FAILED:
		break;
	}
	return FEED_END;
}

/* Read all sources but the first. FEED_END if one of them has nothing. */
static enum feed_state load(struct feed *f)
{
	for (; f->n_loaded < f->spec.n_sources; f->n_loaded++) {
		struct items *kept = &f->kept[f->n_loaded];
		struct item item;
		enum feed_state state;
		while ((state = next_item(f, f->n_loaded, &item)) == FEED_TASK)
			items_add(kept, &item);
		if (state == FEED_BLOCKED)
			return state;
	}
	for (size_t i = 1; i < f->spec.n_sources; i++) {
		if (!f->kept[i].n)
			return FEED_END;
	}
	return FEED_TASK;
}

/* Go to the next items of the kept sources. False when the first source is due. */
static bool turn(struct feed *f)
{
	for (size_t i = f->spec.n_sources; i-- > 1;) {
		if (++f->turns[i] < f->kept[i].n)
			return true;
		f->turns[i] = 0;
	}
	return false;
}

static enum feed_state next_first(struct feed *f)
{
	enum feed_state state = next_item(f, 0, &f->first);
	f->has_first = state == FEED_TASK;
	return state;
}

static enum feed_state next_combination(struct feed *f)
{
	enum feed_state state = load(f);
	if (state == FEED_TASK && (!f->has_first || !turn(f)))
		state = next_first(f);
	if (state != FEED_TASK)
		return state;
	f->values[0] = f->first.value;
	f->cut = f->first.cut;
	for (size_t i = 1; i < f->spec.n_sources; i++) {
		struct item item = items_get(&f->kept[i], f->turns[i]);
		f->values[i] = item.value;
		f->cut |= item.cut;
	}
	return FEED_TASK;
}

/* Add the present combination, but what no program could be given in any case is not stored. */
static void group_add(struct group *g, const struct feed *f)
{
	if (!g->n++)
		g->line = f->first.line;
	g->cut |= f->cut;
	g->too_long |= buf_len(&g->items.bytes) + g->items.n * VALUE_OVERHEAD > ITEM_MAX;
	if (g->too_long)
		return;
	for (size_t i = 0; i < f->spec.n_sources; i++)
		items_add(&g->items, &(struct item){.value = f->values[i]});
}

/* Fill the group. FEED_TASK when it is full, or when nothing more can come to what it has. */
static enum feed_state next_group(struct feed *f)
{
	enum feed_state state = FEED_TASK;
	while (f->group.n < f->spec.max_args && (state = next_combination(f)) == FEED_TASK)
		group_add(&f->group, f);
	return state == FEED_END && f->group.n ? FEED_TASK : state;
}

static struct task *make_task(struct feed *f, const struct value *values, size_t n, uint64_t line)
{
	struct task *t = template_task(f->spec.template, ++f->spec.numbers->place, values, n);
	t->line = line;
	return t;
}

static void refuse(struct task *t, const char *what)
{
	free(t->results); /* it may be another task's as well */
	t->results = NULL;
	if (!t->refusal)
		t->refusal = xasprintf("%s longer than %zu MiB", what, MIB(ITEM_MAX));
}

static struct task *combination_task(struct feed *f)
{
	struct task *t = make_task(f, f->values, f->spec.n_sources, f->first.line);
	if (f->cut)
		refuse(t, "item");
	return t;
}

static struct task *group_task(struct feed *f)
{
	struct group *g = &f->group;
	/* One that is refused needs no more than to be known by its text. */
	size_t n = g->too_long ? f->spec.n_sources : g->items.n;
	g->values = xrealloc(g->values, g->items.cap, sizeof *g->values);
	for (size_t i = 0; i < n; i++)
		g->values[i] = items_get(&g->items, i).value;
	struct task *t = make_task(f, g->values, n, g->line);
	if (g->too_long)
		refuse(t, "items together");
	if (g->cut)
		refuse(t, "item");
	items_reset(&g->items);
	*g = (struct group){.items = g->items, .values = g->values};
	return t;
}

/* Who knows the text also knows the number that the task had. */
static enum resume_state look_up(struct feed *f, const struct task *t, uint64_t *seq)
{
	buf_reset(&f->text);
	command_print(&t->command, 1, &f->text);
	return f->spec.look(f->spec.look_arg, buf_head(&f->text), buf_len(&f->text), seq);
}

static enum resume_state look_at_results(const struct task *t)
{
	static const enum resume_state states[] = {
		[RESULTS_NONE] = RESUME_NEW, [RESULTS_SUCCEEDED] = RESUME_SUCCEEDED, [RESULTS_FAILED] = RESUME_FAILED};
	return states[results_look(t->results, &t->command)];
}

static bool is_done(struct feed *f, const struct task *t, uint64_t *seq)
{
	if (f->spec.mode == RESUME_NOT || t->refusal)
		return false;
	enum resume_state state = f->spec.look ? look_up(f, t, seq) : look_at_results(t);
	if (state != RESUME_FAILED || f->spec.mode != RESUME_REST)
		return state == RESUME_SUCCEEDED;
	f->left_out_failed++;
	return true;
}

/* Give it the number that it had in an earlier run, or the next. */
static enum feed_state number_or_skip(struct feed *f, struct task *t)
{
	uint64_t seq = 0;
	if (is_done(f, t, &seq)) {
		task_drop(t);
		f->spec.numbers->place--;
		return FEED_SKIPPED;
	}
	t->seq = seq ? seq : ++f->spec.numbers->seq;
	return FEED_TASK;
}

static enum feed_state next_of_log(struct feed *f, struct task **task)
{
	struct value text;
	uint64_t seq;
	if (!resume_next(f->spec.resume, &text.bytes, &text.len, &seq))
		return f->spec.resume->changed ? FEED_FAILED : FEED_END;
	*task = make_task(f, &text, 1, 0);
	(*task)->seq = seq;
	return FEED_TASK;
}

enum feed_state feed_next(struct feed *f, struct task **task)
{
	if (f->spec.mode == RESUME_ONLY_BAD)
		return next_of_log(f, task);
	bool grouped = f->spec.max_args > 1;
	enum feed_state state = grouped ? next_group(f) : next_combination(f);
	if (state == FEED_TASK)
		*task = grouped ? group_task(f) : combination_task(f);
	/* A source that fails ends there: what it gave is used first, and the failure told when all else is done. */
	if (state == FEED_END && feed_error(f))
		return FEED_FAILED;
	return state == FEED_TASK ? number_or_skip(f, *task) : state;
}

int feed_fd(const struct feed *f)
{
	return f->sources[f->waiting].stream.fd;
}

const char *feed_error(const struct feed *f)
{
	if (f->spec.mode == RESUME_ONLY_BAD && f->spec.resume->changed)
		return "the job log was changed while it was read";
	for (size_t i = 0; i < f->spec.n_sources; i++) {
		if (f->sources[i].error)
			return f->sources[i].error;
	}
	return NULL;
}

uint64_t feed_left_out_failed(const struct feed *f)
{
	return f->left_out_failed;
}

bool feed_is_terminal(const struct feed *f)
{
	for (size_t i = 0; i < f->spec.n_sources; i++) {
		const struct source_spec *source = &f->spec.sources[i];
		if (source->kind == SOURCE_FILE && !strcmp(source->path, "-"))
			return isatty(STDIN_FILENO);
	}
	return false;
}
