/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "pool/pool.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/report.h"
#include "base/xalloc.h"
#include "pool/slots.h"
#include "process/spawn.h"

#define RETRY_HELD_MAX 10000         /* so many wait for their next attempt before no new tasks are wanted */
#define QUEUE_BYTES_MAX ((size_t)1 << 20) /* of commands that wait to be sent ahead */
#define CLOSE_NS (6 * NS_PER_SEC)    /* how long workers may take to end; a second more than they allow themselves */

/* Telling the observers. */

void pool_emit(const struct pool *p, const struct pool_event *e)
{
	for (struct observer *o = p->observers; o; o = o->next)
		o->on_event(o, e);
}

void pool_emit_for(const struct slot *slot, struct pool_event e)
{
	e.slot = slot->number;
	e.host = slot->link && slot->link->host ? slot->link->host : "";
	pool_emit(slot->pool, &e);
}

void pool_fail(struct pool *p, char *why)
{
	if (p->error)
		free(why);
	else
		p->error = why;
}

/* Tasks that wait. */

void pool_finish_unstarted(struct pool *p, struct task *t, const char *reason)
{
	struct outcome o = {.kind = OUTCOME_NOT_STARTED};
	snprintf(o.reason, sizeof o.reason, "%s", reason);
	pool_emit(p, &(struct pool_event){.kind = POOL_FINISHED, .task = t, .outcome = &o, .host = ""});
	task_drop(t);
}

void pool_finish_killed(struct pool *p, struct task *t)
{
	pool_finish_unstarted(p, t, t->attempt > 0 ? "killed before it was tried again" : "killed before it started");
}

void pool_drop(struct pool *p, struct task *t)
{
	static const struct outcome dropped = {.kind = OUTCOME_NOT_STARTED, .stopped = true, .reason = "the pool has been stopped"};
	p->dropped = true;
	pool_emit(p, &(struct pool_event){.kind = POOL_DROPPED, .task = t, .outcome = &dropped, .host = ""});
	task_drop(t);
}

/* First of all that wait; or dropped, if nothing will start any more. */
static void wait_again(void *arg, struct task *t)
{
	struct pool *p = arg;
	if (p->stop)
		pool_drop(p, t);
	else
		queue_return(&p->queue, t);
}

void pool_give_back(struct pool *p, struct queue *tasks)
{
	struct queue back = {0};
	p->running -= tasks->count;
	for (struct task *t; (t = queue_take(tasks)); ) {
		t->attempt--;
		pool_emit(p, &(struct pool_event){.kind = POOL_RETURNED, .task = t, .host = ""});
		if (t->killed)
			pool_finish_killed(p, t);
		else if (p->stop)
			pool_drop(p, t);
		else
			queue_add(&back, t);
	}
	queue_return_all(&p->queue, &back);
}

void pool_try_again(struct pool *p, struct task *t)
{
	if (p->config.retry.delay_ns)
		retry_hold(&p->retry, t);
	else
		wait_again(p, t);
}

/* As many as the workers can be given at once, so that one round trip serves many tasks. */
static bool has_room(const struct pool *p)
{
	const struct queue *q = &p->queue;
	if (q->count < p->config.queue_size)
		return true;
	return p->config.queue_grows && p->config.ahead_max > 1 && q->bytes < QUEUE_BYTES_MAX &&
	       q->count < p->config.jobs * pool_room_ahead(p);
}

bool pool_wants(const struct pool *p)
{
	return !p->stop && !p->error && has_room(p) && p->retry.count < RETRY_HELD_MAX;
}

bool pool_idle(const struct pool *p)
{
	return p->queue.count == 0 && p->running == 0 && p->retry.count == 0;
}

size_t pool_count_begun(const struct pool *p)
{
	size_t n = 0;
	for (size_t i = 0; i < p->n_slots; i++)
		n += p->slots[i]->current && p->slots[i]->link->ready;
	return n;
}

size_t pool_count_workers(const struct pool *p)
{
	return p->sched.workers;
}

/* Scheduling. */

static void retire(struct slot *slot)
{
	struct link *link = slot->link;
	pool_slot_event(slot, SLOT_ON_DETACH);
	slot->sched.no_more = false;
	link_retire(link);
}

static void add_slot(struct pool *p)
{
	struct slot *slot = xcalloc(1, sizeof *slot);
	p->slots = xrealloc(p->slots, p->n_slots + 1, sizeof(struct slot *));
	p->slots[p->n_slots++] = slot;
	slot->pool = p;
	slot->number = (unsigned)p->n_slots;
	slot->timer.arg = slot;
	sched_add(&p->sched, &slot->sched);
}

static void attach(struct pool *p, struct sched_slot *empty)
{
	if (!empty)
		add_slot(p);
	struct slot *slot = (struct slot *)p->sched.in[SLOT_EMPTY].first;
	if (link_open(slot) == 0)
		pool_slot_event(slot, SLOT_ON_ATTACH);
	else if (errno == EMFILE && !p->links) /* the limit is ours alone, and nobody will give any back */
		pool_fail(p, xasprintf("cannot start a worker: %s; raise ulimit -n", strerror(errno)));
	else if (spawn_is_shortage(errno))
		pool_do_with_less(p, NULL, errno);
	else
		pool_fail(p, xasprintf("cannot start a worker: %s", strerror(errno)));
}

static size_t wanted_workers(const struct pool *p)
{
	size_t cap = p->shortage.cap;
	return cap > 0 && cap < p->config.jobs ? cap : p->config.jobs;
}

/* Send away the workers that have had their share, and those that are too many. */
static void retire_idle(struct pool *p)
{
	struct sched_slot *next;
	for (struct sched_slot *s = p->sched.in[SLOT_IDLE].first; s; s = next) {
		next = s->next;
		if (s->no_more || p->sched.workers > wanted_workers(p))
			retire((struct slot *)s);
	}
}

static void on_ask_gate(void *arg)
{
	(void)arg; /* pool_turn follows */
}

/* Asked only when a task and a worker wait for nothing else. */
static bool gate_is_closed(struct pool *p)
{
	uint64_t wait_ns = p->gated ? gate_wait(&p->gate, loop_now(p->loop)) : 0;
	if (wait_ns)
		loop_set_timer(p->loop, &p->ask_gate, wait_ns);
	return wait_ns > 0;
}

/* No worker takes the place of one whose command has not ended: that may be large, and never are there more than -j. */
static size_t allowed_workers(const struct pool *p)
{
	size_t wanted = wanted_workers(p), taken = p->sched.workers + p->lingering;
	if (p->lingering == 0)
		return wanted;
	return p->sched.workers + (wanted > taken ? wanted - taken : 0);
}

static bool start_one(struct pool *p, bool may_start)
{
	struct sched_question q = {
		.waiting = may_start ? p->queue.count : 0,
		.wanted = allowed_workers(p),
		.ahead = p->config.ahead_max > 0 && (p->proven || !p->config.prove),
		.call_back = may_start,
	};
	struct sched_answer a = sched_ask(&p->sched, &q);
	if ((a.verb == SCHED_ASSIGN || a.verb == SCHED_ATTACH) && gate_is_closed(p))
		return false;
	switch (a.verb) {
	case SCHED_WAIT:
		return false;
	case SCHED_ASSIGN:
		pool_assign((struct slot *)a.slot, queue_take(&p->queue));
		return true;
	case SCHED_ATTACH:
		link_flush_posted(p); /* a fork takes long: nobody waits for it */
		attach(p, a.slot);
		return !p->shortage.resting && !p->error;
	case SCHED_CALL_BACK:
		pool_call_back((struct slot *)a.slot);
		return true;
	}
	return false;
}

bool pool_is_full(const struct pool *p)
{
	for (const struct observer *o = p->observers; o; o = o->next)
		if (o->full)
			return true;
	return false;
}

/* What has come back may be what everything else waits for. */
static bool may_start(const struct pool *p)
{
	bool in_turn = !p->config.in_turn || p->retry.count == 0;
	return !pool_starts_nothing(p) && !p->shortage.resting && in_turn && (p->queue.returned > 0 || !pool_is_full(p));
}

static bool runs(const struct pool *p, uint64_t place)
{
	for (size_t i = 0; i < p->n_slots; i++)
		if (p->slots[i]->current && p->slots[i]->current->place == place)
			return true;
	return false;
}

void pool_pause_output(struct link *l)
{
	const struct pool *p = l->pool;
	const struct slot *slot = l->slot;
	bool alone = slot && slot->ahead.count == 0 && !slot->called; /* what else it has is to come back first */
	bool held = alone && slot->held && !pool_is_ending(slot);
	bool unwanted = slot && slot->current && (held || (p->choked && slot->current->place != p->only_place));
	if (l->paused != unwanted)
		link_pause(l, unwanted);
}

/* No room for output is left: take only that of one task, which goes straight on. If that one does not run
 * it cannot end either, and waiting for it would be for ever. */
static void apply_choke(struct pool *p)
{
	const struct observer *o = p->observers;
	while (o && !o->choked)
		o = o->next;
	uint64_t only = o ? o->only_place : 0;
	bool choked = o && p->stop < POOL_STOP_NOW && (only == 0 || runs(p, only));
	if (choked == p->choked && only == p->only_place)
		return;
	p->choked = choked;
	p->only_place = only;
	for (struct link *l = p->links; l; l = l->next)
		pool_pause_output(l);
}

void pool_turn(struct pool *p)
{
	if (!p->suspended && !p->error) {
		apply_choke(p);
		retire_idle(p);
		while (start_one(p, may_start(p)))
			;
	}
	link_flush_posted(p);
}

/* The pool as a whole. */

void pool_open(struct pool *p, const struct pool_config *config, struct loop *loop, struct observer *observers)
{
	*p = (struct pool){.config = *config, .loop = loop, .observers = observers};
	p->pace_ns = NS_PER_SEC;
	p->ask_gate.fire = on_ask_gate;
	p->gated = gate_is_wanted(&config->gate);
	gate_open(&p->gate, &config->gate);
	retry_open(&p->retry, &(struct retry){.policy = config->retry, .loop = loop, .again = wait_again, .arg = p});
}

bool pool_owns(const struct pool *p, pid_t pid)
{
	for (const struct link *l = p->links; l; l = l->next)
		if (l->pid == pid)
			return true;
	return false;
}

static void on_close_expired(void *arg)
{
	*(bool *)arg = true;
}

void pool_dismiss(struct pool *p)
{
	bool expired = false;
	struct timer limit = {.fire = on_close_expired, .arg = &expired};
	while (p->sched.in[SLOT_IDLE].first)
		retire((struct slot *)p->sched.in[SLOT_IDLE].first);
	for (struct link *l = p->links; l; l = l->next)
		link_retire(l);
	loop_set_timer(p->loop, &limit, CLOSE_NS);
	while (p->links && !expired && loop_turn(p->loop, true) == 0)
		;
	loop_cancel_timer(p->loop, &limit);
	while (p->links)
		link_close(p->links);
}

void pool_close(struct pool *p)
{
	loop_cancel_timer(p->loop, &p->recover);
	loop_cancel_timer(p->loop, &p->ask_gate);
	pool_dismiss(p);
	for (size_t i = 0; i < p->n_slots; i++) {
		struct slot *slot = p->slots[i];
		loop_cancel_timer(p->loop, &slot->timer);
		if (slot->current)
			task_drop(slot->current);
		for (struct task *t; (t = queue_take(&slot->ahead)); )
			task_drop(t);
		free(slot);
	}
	free(p->slots);
	free(p->error);
	for (struct task *t; (t = queue_take(&p->queue)) || (t = retry_take(&p->retry)); )
		task_drop(t);
}
