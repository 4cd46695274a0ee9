/* SPDX-License-Identifier: MIT
 *
 * wait and join.
 */
#include <config.h>

#include "ctl/control.h"

#include <inttypes.h>
#include <stdlib.h>
#include <utlist.h>

#include "base/xalloc.h"
#include "ctl/describe.h"

/* One of the tasks that a client waits for; they stand at the task's entry in the ledger. */
struct watcher {
	struct watcher *next, *prev;
	struct ledger_entry *entry; /* borrowed; NULL: it stands nowhere */
	struct wait *wait;
	json_t *part;               /* owned; what the task has come to, once it is over */
};

struct wait {
	struct asked asked; /* first */
	struct control *control;
	uint64_t remaining, failed;
	struct wait *next, *prev; /* of those that wait for all until then */
	uint64_t until;          /* their place; 0: for `watchers` */
	bool listed;             /* it stands among those */
	uint64_t except;         /* the task that asks; 0: none of ours */
	size_t n;
	struct watcher watchers[];
};

struct join {
	struct asked asked; /* first */
	struct join *next, *prev;
	struct control *control;
};

static void leave_entry(struct watcher *v)
{
	if (v->entry)
		DL_DELETE(v->entry->watchers, v);
	v->entry = NULL;
}

static void free_wait(struct wait *w)
{
	if (w->listed)
		DL_DELETE(w->control->waits_for_all, w);
	for (size_t i = 0; i < w->n; i++) {
		leave_entry(&w->watchers[i]);
		jansson_free(w->watchers[i].part);
	}
	free(w);
}

static void cancel_wait(struct asked *a)
{
	free_wait((struct wait *)a);
}

static void on_late(void *arg)
{
	struct wait *w = arg;
	struct connection *to;
	json_t *reply = asked_end(&w->asked, &to);
	if (reply)
		reply_fail(to, reply, "timeout", "the time is up; tasks that have not ended: %" PRIu64, w->remaining);
	free_wait(w);
}

static void say_parts(struct wait *w)
{
	for (size_t i = 0; i < w->n; i++) {
		json_t *part = reply_part(w->asked.reply);
		reply_set(part, "task", w->watchers[i].part);
		w->watchers[i].part = NULL;
		reply_say(w->asked.pending.connection, part);
	}
}

static void answer(struct wait *w)
{
	struct connection *to;
	if (w->asked.pending.connection)
		say_parts(w);
	json_t *reply = asked_end(&w->asked, &to);
	if (reply) {
		reply_set(reply, "ok", jansson.yes());
		reply_set(reply, "failed", jansson.integer((json_int_t)w->failed));
		reply_say(to, reply);
	}
	free_wait(w);
}

/* One of those it waits for is over. */
static void count(struct wait *w, const struct outcome *o)
{
	w->failed += !outcome_ok(o);
	w->remaining--;
}

/* False: there is no such task. */
static bool add_task(struct wait *w, size_t i, uint64_t seq)
{
	struct control *c = w->control;
	struct watcher *v = &w->watchers[i];
	struct ledger_entry *e = ledger_find(c->config.ledger, seq);
	struct outcome o;
	v->wait = w;
	if (e && e->state != LEDGER_FINISHED) {
		v->entry = e;
		DL_PREPEND(e->watchers, v);
		return true;
	}
	v->part = control_describe(c, seq, &o);
	if (v->part)
		count(w, &o);
	return v->part != NULL;
}

static void wait_for_some(struct request *rq, const json_t *list)
{
	struct control *c = rq->arg;
	size_t n = jansson.array_size(list);
	struct wait *w = xcalloc(1, sizeof *w + n * sizeof w->watchers[0]);
	w->control = c;
	w->remaining = w->n = n;
	for (size_t i = 0; i < n; i++) {
		uint64_t seq = (uint64_t)jansson.integer_value(jansson.array_get(list, i));
		if (add_task(w, i, seq))
			continue;
		request_fail(rq, "no-task", "there is no task %" PRIu64, seq);
		free_wait(w);
		return;
	}
	asked_wait(&w->asked, rq, c->config.loop, on_late, cancel_wait);
	if (w->remaining == 0)
		answer(w);
}

static void wait_for_all(struct request *rq)
{
	struct control *c = rq->arg;
	const struct ledger *l = c->config.ledger;
	const struct task *self = NULL;
	struct wait *w = xcalloc(1, sizeof *w);
	control_comes_from_task(c, rq->from, &self);
	w->control = c;
	w->until = c->config.submitter.numbers->place;
	w->except = self ? self->seq : 0;
	w->failed = l->failed;
	w->remaining = l->waiting + l->running - (self ? 1 : 0);
	asked_wait(&w->asked, rq, c->config.loop, on_late, cancel_wait);
	if (w->remaining == 0) {
		answer(w);
		return;
	}
	w->listed = true;
	DL_PREPEND(c->waits_for_all, w);
}

void control_wait(struct request *rq)
{
	const json_t *list = request_list(rq, "tasks");
	if (list)
		wait_for_some(rq, list);
	else
		wait_for_all(rq);
}

/* The ledger has heard of it before us. */
void control_end_waits(struct control *c, const struct task *t)
{
	struct ledger_entry *e = ledger_find(c->config.ledger, t->seq);
	struct wait *next;
	for (struct watcher *v; e && (v = e->watchers); ) {
		leave_entry(v);
		v->part = describe_entry(e, 0);
		count(v->wait, e->outcome);
		if (v->wait->remaining == 0)
			answer(v->wait);
	}
	for (struct wait *w = c->waits_for_all; e && w; w = next) {
		next = w->next;
		if (t->place > w->until || t->seq == w->except)
			continue;
		count(w, e->outcome);
		if (w->remaining == 0)
			answer(w);
	}
}

/* join. */

static void free_join(struct join *j)
{
	DL_DELETE(j->control->joins, j);
	free(j);
}

static void cancel_join(struct asked *a)
{
	free_join((struct join *)a);
}

static void on_late_join(void *arg)
{
	struct join *j = arg;
	struct connection *to;
	json_t *reply = asked_end(&j->asked, &to);
	if (reply)
		reply_fail(to, reply, "timeout", "the time is up; the pool has not ended");
	free_join(j);
}

void control_join(struct request *rq)
{
	struct control *c = rq->arg;
	struct join *j = xcalloc(1, sizeof *j);
	j->control = c;
	DL_PREPEND(c->joins, j);
	asked_wait(&j->asked, rq, c->config.loop, on_late_join, cancel_join);
}

void control_end_joins(struct control *c, int status)
{
	struct connection *to;
	for (struct join *j; (j = c->joins); free_join(j)) {
		json_t *reply = asked_end(&j->asked, &to);
		if (!reply)
			continue;
		reply_set(reply, "ok", jansson.yes());
		reply_set(reply, "status", jansson.integer(status));
		reply_say(to, reply);
	}
}
