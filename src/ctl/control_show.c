/* SPDX-License-Identifier: MIT
 *
 * status, list and result.
 */
#include <config.h>

#include "ctl/control.h"

#include <inttypes.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/array.h"
#include "base/xalloc.h"
#include "ctl/describe.h"

static pid_t pid_of(struct control *c, const struct ledger_entry *e)
{
	return e->state == LEDGER_RUNNING ? pool_task_pid(c->config.pool, e->seq) : 0;
}

json_t *control_describe(struct control *c, uint64_t seq, struct outcome *o)
{
	struct ledger_entry *e = ledger_find(c->config.ledger, seq);
	struct task *t;
	if (e && e->outcome)
		*o = *e->outcome;
	if (e)
		return describe_entry(e, pid_of(c, e));
	if (!c->config.db || !db_look(c->config.db, seq, &t, o))
		return NULL;
	json_t *object = describe_task(t, o);
	task_drop(t);
	return object;
}

static const char *state_name(const struct control *c)
{
	if (c->config.pool->stop || c->terminated)
		return "stopping";
	if (c->closed)
		return "closed";
	return c->config.pool->paused ? "paused" : "open";
}

static void show_pool(struct request *rq)
{
	struct control *c = rq->arg;
	const struct ledger *l = c->config.ledger;
	const struct { const char *name; uint64_t number; } numbers[] = {
		{"jobs", c->config.pool->config.jobs}, {"workers", pool_count_workers(c->config.pool)}, {"running", l->running},
		{"waiting", l->waiting}, {"finished", l->finished}, {"failed", l->failed}, {"queues", mqueue_count(&c->queues)},
		{"pid", (uint64_t)getpid()}};
	json_t *reply = reply_new(rq);
	reply_set(reply, "ok", jansson.yes());
	reply_set(reply, "state", jansson.string(state_name(c)));
	for (size_t i = 0; i < ARRAY_LEN(numbers); i++)
		reply_set(reply, numbers[i].name, jansson.integer((json_int_t)numbers[i].number));
	reply_set(reply, "version", jansson.string(PACKAGE_VERSION));
	reply_set(reply, "protocol", jansson.integer(CONTROL_PROTOCOL));
	reply_say(rq->from, reply);
}

void control_status(struct request *rq)
{
	uint64_t seq;
	struct outcome o;
	if (!request_number(rq, "task", &seq)) {
		show_pool(rq);
		return;
	}
	json_t *task = control_describe(rq->arg, seq, &o);
	if (!task) {
		request_fail(rq, "no-task", "there is no task %" PRIu64, seq);
		return;
	}
	json_t *reply = reply_new(rq);
	reply_set(reply, "ok", jansson.yes());
	reply_set(reply, "task", task);
	reply_say(rq->from, reply);
}

/* list. */

struct listing {
	struct asked asked; /* first */
	struct control *control;
	struct ledger_walk walk;
};

static void free_listing(struct listing *l)
{
	ledger_walk_end(l->control->config.ledger, &l->walk);
	free(l);
}

static void cancel_listing(struct asked *a)
{
	free_listing((struct listing *)a);
}

static void end_listing(struct listing *l)
{
	struct connection *to;
	json_t *reply = asked_end(&l->asked, &to);
	reply_set(reply, "ok", jansson.yes());
	reply_say(to, reply);
	free_listing(l);
}

static bool list_one(struct pending *p)
{
	struct listing *l = (struct listing *)p;
	struct ledger_entry *e = ledger_step(&l->walk);
	if (!e) {
		end_listing(l);
		return false;
	}
	json_t *part = reply_part(l->asked.reply);
	reply_set(part, "task", describe_entry(e, pid_of(l->control, e)));
	reply_say(p->connection, part);
	return true;
}

/* A million tasks may be waiting: those are many lines to make, and more to keep for one who does not read. */
void control_list(struct request *rq)
{
	struct control *c = rq->arg;
	struct listing *l = xcalloc(1, sizeof *l);
	l->control = c;
	ledger_walk(c->config.ledger, &l->walk);
	asked_wait(&l->asked, rq, c->config.loop, NULL, cancel_listing);
	connection_tell(rq->from, &l->asked.pending, list_one);
}

/* result. */

struct result {
	struct outcome outcome;
	struct buf out, err;
	bool truncated;
};

/* False: that has been said. */
static bool find_result(struct request *rq, uint64_t seq, struct result *r)
{
	struct control *c = rq->arg;
	const struct ledger_entry *e = ledger_find(c->config.ledger, seq);
	if (e && e->state != LEDGER_FINISHED) {
		request_fail(rq, "not-finished", "task %" PRIu64 " has not ended: it is %s", seq, ledger_state_name(e->state));
		return false;
	}
	if (c->config.db && db_look(c->config.db, seq, NULL, &r->outcome)) {
		db_read_result(c->config.db, seq, &r->out, &r->err, &r->truncated);
		return true;
	}
	if (!e) {
		request_fail(rq, "no-task", "there is no task %" PRIu64 ", or it is no longer known", seq);
		return false;
	}
	r->outcome = *e->outcome;
	r->truncated = e->out_cut || e->err_cut;
	buf_add(&r->out, buf_head(&e->out), buf_len(&e->out));
	buf_add(&r->err, buf_head(&e->err), buf_len(&e->err));
	return true;
}

void control_result(struct request *rq)
{
	struct result r = {0};
	uint64_t seq = 0;
	request_number(rq, "task", &seq);
	if (find_result(rq, seq, &r)) {
		json_t *reply = reply_new(rq);
		reply_output(rq->from, reply, 1, buf_head(&r.out), buf_len(&r.out));
		reply_output(rq->from, reply, 2, buf_head(&r.err), buf_len(&r.err));
		reply_set(reply, "ok", jansson.yes());
		describe_outcome(reply, &r.outcome);
		if (r.truncated)
			reply_set(reply, "truncated", jansson.yes());
		reply_say(rq->from, reply);
	}
	buf_clear(&r.out);
	buf_clear(&r.err);
}
