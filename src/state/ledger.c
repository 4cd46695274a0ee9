/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "state/ledger.h"

#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#include "base/clock.h"
#include "base/xalloc.h"

const char *ledger_state_name(enum ledger_state state)
{
	static const char *const names[] = {
		[LEDGER_WAITING] = "waiting", [LEDGER_RUNNING] = "running", [LEDGER_FINISHED] = "finished"};
	return names[state];
}

struct ledger_entry *ledger_find(struct ledger *l, uint64_t seq)
{
	struct ledger_entry *e;
	HASH_FIND(hh, l->entries, &seq, sizeof seq, e);
	return e;
}

/* Walks. */

void ledger_walk(struct ledger *l, struct ledger_walk *w)
{
	w->at = l->entries;
	w->until = l->came;
	DL_PREPEND(l->walks, w);
}

struct ledger_entry *ledger_step(struct ledger_walk *w)
{
	struct ledger_entry *e = w->at;
	if (!e || e->number > w->until)
		return NULL;
	w->at = e->hh.next;
	return e;
}

void ledger_walk_end(struct ledger *l, struct ledger_walk *w)
{
	DL_DELETE(l->walks, w);
}

static void step_off(struct ledger *l, const struct ledger_entry *e)
{
	for (struct ledger_walk *w = l->walks; w; w = w->next)
		if (w->at == e)
			w->at = e->hh.next;
}

/* Forgetting. */

static size_t bytes_of(const struct ledger_entry *e)
{
	return e->command_len + (e->name ? strlen(e->name) : 0) + buf_len(&e->out) + buf_len(&e->err);
}

static void forget(struct ledger *l, struct ledger_entry *e)
{
	step_off(l, e);
	HASH_DELETE(hh, l->entries, e);
	buf_clear(&e->out);
	buf_clear(&e->err);
	free(e->command);
	free(e->name);
	free(e->outcome);
	free(e);
}

static void forget_oldest(struct ledger *l)
{
	struct ledger_entry *e = l->oldest;
	l->oldest = e->later;
	if (!l->oldest)
		l->newest = NULL;
	l->kept--;
	l->kept_bytes -= bytes_of(e);
	forget(l, e);
}

/* The one that has just ended is kept in any case: somebody may be about to ask. */
static void keep(struct ledger *l, struct ledger_entry *e)
{
	*(l->newest ? &l->newest->later : &l->oldest) = e;
	l->newest = e;
	l->kept++;
	l->kept_bytes += bytes_of(e);
	while (l->kept > 1 && (l->kept > LEDGER_TASKS_MAX || l->kept_bytes > LEDGER_BYTES_MAX))
		forget_oldest(l);
}

/* What happens to a task. */

static void set_state(struct ledger *l, struct ledger_entry *e, enum ledger_state state)
{
	uint64_t *const counts[] = {
		[LEDGER_WAITING] = &l->waiting, [LEDGER_RUNNING] = &l->running, [LEDGER_FINISHED] = &l->finished};
	--*counts[e->state];
	++*counts[state];
	e->state = state;
}

/* The database has those already that an earlier run has left. */
static void add(struct ledger *l, struct task *t)
{
	struct ledger_entry *e = xcalloc(1, sizeof *e);
	e->seq = t->seq;
	e->task = t;
	e->attempt = t->attempt;
	e->number = ++l->came;
	l->waiting++;
	HASH_ADD(hh, l->entries, seq, sizeof e->seq, e);
	if (l->db && !t->restored)
		db_add(l->db, t);
}

static void write_running(struct ledger *l, struct ledger_entry *e)
{
	if (!e->run.on_record)
		db_run(l->db, e->task, &e->run);
}

static void give(struct ledger *l, struct ledger_entry *e, unsigned slot)
{
	e->attempt = e->task->attempt;
	e->run = (struct db_attempt){.slot = slot, .began_us = clock_wall_us()};
	if (l->db && l->no_marks)
		write_running(l, e);
	else if (l->db)
		db_use_slot(l->db, slot);
}

static void start(struct ledger *l, struct ledger_entry *e)
{
	e->run.began_us = clock_wall_us();
	DL_APPEND(l->first_running, e);
	l->unwritten += !e->run.on_record;
	set_state(l, e, LEDGER_RUNNING);
}

/* It waits, or is over. */
static void end_run(struct ledger *l, struct ledger_entry *e, enum ledger_state state)
{
	if (e->state == LEDGER_RUNNING) {
		DL_DELETE(l->first_running, e);
		l->unwritten -= !e->run.on_record;
	}
	set_state(l, e, state);
}

static void take_back(struct ledger *l, struct ledger_entry *e)
{
	e->attempt = e->task->attempt;
	end_run(l, e, LEDGER_WAITING);
	if (l->db)
		db_return(l->db, e->task, &e->run);
}

/* How much more of a stream is kept, of which so much is kept. A few that write much and run for ever leave the others theirs. */
static size_t room_for(const struct ledger *l, size_t len)
{
	size_t left = LEDGER_OUTPUT_MAX - l->output_bytes;
	size_t most = left > LEDGER_OUTPUT_MAX / 4 ? LEDGER_RESULT_MAX : LEDGER_RESULT_MIN;
	size_t room = most > len ? most - len : 0;
	return room < left ? room : left;
}

static void add_output(struct ledger *l, struct ledger_entry *e, const struct pool_event *event)
{
	struct buf *to = event->stream == 1 ? &e->out : &e->err;
	bool *cut = event->stream == 1 ? &e->out_cut : &e->err_cut;
	size_t room = *cut ? 0 : room_for(l, buf_len(to)), n = event->len < room ? event->len : room;
	buf_add(to, event->bytes, n);
	l->output_bytes += n;
	*cut |= n < event->len;
}

/* Of standard output, that of the last attempt counts. */
static void fail(struct ledger *l, struct ledger_entry *e, const struct outcome *o)
{
	if (l->db)
		db_fail(l->db, e->task, &e->run, o);
	l->output_bytes -= buf_len(&e->out);
	buf_clear(&e->out);
	e->out_cut = false;
	end_run(l, e, LEDGER_WAITING);
}

/* Who hears what has been done of that which follows from a task's end. The entry may be gone by then. */
struct watch_end {
	struct settler settler; /* first */
	struct ledger *ledger;
};

static void note_settled(struct settler *s, const struct task *t, bool all)
{
	buf_add(&((struct watch_end *)s)->ledger->settled, &(struct ledger_settled){t->seq, all}, sizeof(struct ledger_settled));
}

/* Where nobody else holds it, all is done at once. */
static void on_shown(struct settler *s, struct task *t)
{
	if (t->holds > 1)
		note_settled(s, t, false);
}

static void on_settled(struct settler *s, struct task *t)
{
	if (!t->unfinished)
		note_settled(s, t, true);
	free(s);
}

/* Does anything remain to be done now that it is over? What is a client's is told to it or nobody. */
static bool wait_for_settling(struct ledger *l, struct ledger_entry *e)
{
	bool wrote = buf_len(&e->out) + buf_len(&e->err) > 0 || e->out_cut || e->err_cut;
	if (e->task->caller || !(wrote || l->is_followed || e->task->over))
		return false;
	struct watch_end *w = xmalloc(sizeof *w);
	*w = (struct watch_end){.settler = {.settled = on_settled, .shown = on_shown}, .ledger = l};
	task_on_settled(e->task, &w->settler);
	return true;
}

static void record(struct ledger *l, struct ledger_entry *e)
{
	bool has_run = e->state == LEDGER_RUNNING || e->outcome->kind == OUTCOME_LOST;
	if (!l->db)
		return;
	bool stopped = e->outcome->stopped, settled = stopped || !wait_for_settling(l, e);
	if (stopped)
		db_return(l->db, e->task, &e->run);
	else if (!e->task->over)
		db_finish(l->db, e->task, has_run ? &e->run : NULL, e->outcome, &(struct db_result){
			.out = buf_head(&e->out), .out_len = buf_len(&e->out), .err = buf_head(&e->err),
			.err_len = buf_len(&e->err), .truncated = e->out_cut || e->err_cut,
			.settled = settled});
	buf_clear(&e->out);
	buf_clear(&e->err);
}

/* The task will be freed: what may be asked for is kept here. */
static void note_task(struct ledger_entry *e)
{
	struct buf text = {0};
	command_print(&e->task->command, e->run.slot ? e->run.slot : 1, &text);
	e->command = buf_take(&text, &e->command_len);
	e->name = e->task->name ? xstrdup(e->task->name) : NULL;
	e->task = NULL;
}

static void finish(struct ledger *l, struct ledger_entry *e, const struct outcome *o)
{
	e->outcome = xmalloc(sizeof *o);
	*e->outcome = *o;
	l->output_bytes -= buf_len(&e->out) + buf_len(&e->err);
	record(l, e);
	l->failed += !outcome_ok(o);
	end_run(l, e, LEDGER_FINISHED);
	if (!l->is_asked) {
		forget(l, e);
		return;
	}
	note_task(e);
	keep(l, e);
}

/* What became of the attempts that it had has been told before. */
static void drop(struct ledger *l, struct ledger_entry *e, const struct outcome *o)
{
	e->run = (struct db_attempt){0};
	finish(l, e, o);
}

static void on_event(struct observer *observer, const struct pool_event *event)
{
	struct ledger *l = (struct ledger *)observer;
	if (!event->task || event->kind == POOL_NOTE)
		return;
	if (event->kind == POOL_ACCEPTED) {
		add(l, event->task);
		return;
	}
	struct ledger_entry *e = ledger_find(l, event->task->seq);
	switch (event->kind) {
	case POOL_GIVEN:
		give(l, e, event->slot);
		break;
	case POOL_RETURNED:
		take_back(l, e);
		break;
	case POOL_STARTED:
		start(l, e);
		break;
	case POOL_OUTPUT:
		add_output(l, e, event);
		break;
	case POOL_FAILED:
		fail(l, e, event->outcome);
		break;
	case POOL_FINISHED:
		finish(l, e, event->outcome);
		break;
	case POOL_DROPPED:
		drop(l, e, event->outcome);
		break;
	case POOL_ACCEPTED:
	case POOL_NOTE:
		break;
	}
}

void ledger_write_running(struct ledger *l)
{
	struct ledger_entry *e;
	DL_FOREACH(l->first_running, e)
		write_running(l, e);
	l->unwritten = 0;
}

void ledger_open(struct ledger *l, const struct ledger *init)
{
	*l = (struct ledger){.observer.on_event = on_event, .db = init->db, .no_marks = init->no_marks,
			     .is_followed = init->is_followed,
			     .is_asked = init->is_asked};
}

void ledger_close(struct ledger *l)
{
	struct ledger_entry *e, *next;
	HASH_ITER(hh, l->entries, e, next)
		forget(l, e);
	buf_clear(&l->settled);
}
