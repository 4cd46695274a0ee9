/* SPDX-License-Identifier: MIT */
#include <config.h>

#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "proto/msg.h"
#include "state/db.h"
#include "state/dbstruct.h"

/* Tasks. What a row says is believed only where it could do harm otherwise: anybody may have written into the file. */

/* Offsets, ascending, within the words. */
static bool read_holes(struct command *c, const char *text, size_t len)
{
	size_t at = 0;
	char *copy = xmemdup(text, len), *p = copy;
	bool is_sound = true;
	while (is_sound && *p) {
		const char *before = p;
		unsigned long hole = strtoul(before, &p, 10);
		is_sound = p > before && hole >= at && hole < c->len && (*p == ' ' || !*p);
		c->holes = xrealloc(c->holes, c->n_holes + 1, sizeof *c->holes);
		c->holes[c->n_holes++] = at = hole;
	}
	free(copy);
	return is_sound;
}

/* The columns command, words, holes, shell and direct. False: no such command can have been written. */
static bool take_command(struct query *q, struct command *c)
{
	size_t text_len, words_len, holes_len;
	const char *text = query_take_bytes(q, &text_len), *words = query_take_bytes(q, &words_len);
	const char *holes = query_take_bytes(q, &holes_len);
	c->shell = query_take_number(q) == 1;
	c->direct = query_take_number(q) == 1;
	if (!words && !text)
		return false;
	c->len = words ? words_len : text_len + 1;
	c->bytes = words ? xmemdup(words, words_len) : xmemdup(text, text_len);
	c->n_words = bytes_count_strings((struct bytes){c->bytes, c->len});
	return c->n_words != SIZE_MAX && (!c->shell || c->n_words == 1) && (!holes || read_holes(c, holes, holes_len));
}

static bool is_word(const char *bytes, size_t len, const char *word)
{
	return len == strlen(word) && memcmp(bytes, word, len) == 0;
}

/* The columns SQL_TASK. NULL: the row is damaged. */
static struct task *take_task(struct query *q)
{
	struct task *t = task_new(0);
	size_t len;
	t->seq = query_take_number(q);
	const char *origin = query_take_bytes(q, &len);
	t->submitted = !is_word(origin, len, "input");
	t->killed = is_word(origin, len, "apply");
	t->name = query_take_string(q);
	bool is_sound = take_command(q, &t->command);
	t->refusal = query_take_string(q);
	t->directory = query_take_string(q);
	const char *tag = query_take_bytes(q, &t->tag_len);
	t->tag = tag ? xmemdup(tag, t->tag_len) : NULL;
	t->results = query_take_string(q);
	uint64_t attempts = query_take_number(q);
	t->attempt = (unsigned)attempts;
	is_sound &= !t->directory || *t->directory == '/';
	if (is_sound && attempts < UINT_MAX && (t->command.n_words > 0 || t->refusal))
		return t;
	sql_fail(q->sql, xasprintf("it is damaged: task %" PRIu64 " is none; use another file", t->seq));
	task_drop(t);
	return NULL;
}

int db_each_left(struct db *db, void (*found)(void *arg, struct task *t, enum db_left how), void *arg)
{
	struct query q = query_read(&db->sql, SQL_LEFT);
	while (query_next(&q)) {
		bool was_running = query_take_number(&q) == 1, is_over = query_take_number(&q) == 1;
		bool is_shown = query_take_number(&q) == 1;
		struct task *t = take_task(&q);
		if (!t)
			break;
		t->over = is_over;
		t->shown = is_shown;
		found(arg, t, is_over ? DB_OVER : was_running ? DB_RAN : DB_WAITED);
	}
	query_end(&q);
	return db_error(db) ? -1 : 0;
}

/* Outcomes. */

static enum outcome_kind kind_named(const char *name)
{
	enum outcome_kind kind = 0;
	while (kind < OUTCOME_KINDS && strcmp(outcome_name(kind), name) != 0)
		kind++;
	return kind;
}

static uint64_t take_duration(struct query *q, double units_per_second)
{
	double seconds = query_take_real(q);
	return seconds > 0 && seconds < 1e10 ? (uint64_t)(seconds * units_per_second + 0.5) : 0;
}

/* The columns of SQL_OUTCOME; at most one of the first three numbers is not NULL. */
static bool take_outcome(struct query *q, struct outcome *o)
{
	char *name = query_take_string(q);
	*o = (struct outcome){.kind = name ? kind_named(name) : OUTCOME_KINDS};
	free(name);
	for (int i = 0; i < 3; i++)
		o->code += (int)query_take_number(q);
	char *reason = query_take_string(q);
	snprintf(o->reason, sizeof o->reason, "%s", reason ? reason : "");
	free(reason);
	o->pid = (int64_t)query_take_number(q);
	o->runtime_ns = take_duration(q, 1e9);
	o->utime_us = take_duration(q, 1e6);
	o->stime_us = take_duration(q, 1e6);
	o->maxrss_kib = query_take_number(q);
	if (o->kind < OUTCOME_KINDS)
		return true;
	sql_fail(q->sql, xstrdup("it is damaged: an outcome is none; use another file"));
	return false;
}

bool db_look(struct db *db, uint64_t seq, struct task **t, struct outcome *o)
{
	struct outcome found;
	struct query q = query_read(&db->sql, SQL_OUTCOME);
	query_number(&q, seq);
	bool is_over = query_next(&q) && take_outcome(&q, o ? o : &found);
	query_end(&q);
	if (!is_over || !t)
		return is_over;
	q = query_read(&db->sql, SQL_FINISHED);
	query_number(&q, seq);
	*t = query_next(&q) ? take_task(&q) : NULL;
	query_end(&q);
	return *t != NULL;
}

static void append(struct query *q, struct buf *out)
{
	size_t len;
	const void *bytes = query_take_bytes(q, &len);
	buf_add(out, bytes ? bytes : "", len);
}

bool db_read_result(struct db *db, uint64_t seq, struct buf *out, struct buf *err, bool *truncated)
{
	struct query q = query_read(&db->sql, SQL_RESULT);
	query_number(&q, seq);
	bool is_there = query_next(&q);
	if (is_there) {
		append(&q, out);
		append(&q, err);
		*truncated = query_take_number(&q) == 1;
	}
	query_end(&q);
	return is_there;
}

/* Tasks of the input. */

void db_read_known(struct db *db)
{
	struct query q = query_read(&db->sql, SQL_KNOWN_TASKS);
	while (query_next(&q)) {
		size_t len;
		uint64_t seq = query_take_number(&q);
		const char *text = query_take_bytes(&q, &len);
		bool is_finished = query_take_number(&q) == 1, succeeded = query_take_number(&q) == 1;
		known_add(&db->known, text, len, (struct known_task){
			.seq = seq, .state = !is_finished ? DB_UNFINISHED : succeeded ? DB_SUCCEEDED : DB_FAILED});
	}
	known_sort(&db->known);
}

static bool is_text_of(void *arg, const struct known_task *task, const char *text, size_t len)
{
	struct db *db = arg;
	size_t kept_len = 0;
	struct query q = query_read(&db->sql, SQL_COMMAND);
	query_number(&q, task->seq);
	const char *kept = query_next(&q) ? query_take_bytes(&q, &kept_len) : NULL;
	bool same = kept && kept_len == len && memcmp(kept, text, len) == 0;
	query_end(&q);
	return same;
}

enum db_known db_take(struct db *db, const char *text, size_t len, uint64_t *seq)
{
	const struct known_task *task = known_take(&db->known, text, len, is_text_of, db);
	if (!task)
		return DB_NEW;
	*seq = task->seq;
	return (enum db_known)task->state;
}
