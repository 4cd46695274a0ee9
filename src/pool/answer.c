/* SPDX-License-Identifier: MIT
 *
 * What the workers say, and what becomes of their tasks then.
 */
#include <config.h>

#include "pool/slots.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/xalloc.h"

enum { FAILED_STARTS_MAX = 3 };

void pool_on_ready(struct slot *slot)
{
	slot->pool->failed_starts = 0;
	if (slot->current)
		pool_begin_current(slot);
}

void pool_on_output(struct slot *slot, const struct msg *m)
{
	struct task *t = m->u.output.seq ? slot->current : NULL; /* NULL: the initializer's */
	pool_emit_for(slot, (struct pool_event){.kind = POOL_OUTPUT, .task = t, .stream = m->u.output.stream,
					   .bytes = m->u.output.bytes.p, .len = m->u.output.bytes.n});
}

void pool_on_note(struct pool *p, struct slot *slot, const struct msg *m)
{
	bool of_current = slot && slot->current && slot->current->seq == m->u.note.seq;
	pool_emit(p, &(struct pool_event){.kind = POOL_NOTE, .task = of_current ? slot->current : NULL, .host = "",
					  .bytes = m->u.note.text.p, .len = m->u.note.text.n,
					  .failure = m->u.note.flags & NOTE_FAILURE, .remark = m->u.note.flags & NOTE_REMARK});
}

void pool_on_last_output(struct pool *p, const struct msg *m)
{
	pool_emit(p, &(struct pool_event){.kind = POOL_OUTPUT, .stream = m->u.output.stream, .host = "",
					  .bytes = m->u.output.bytes.p, .len = m->u.output.bytes.n});
}

/* The next one runs now; behind the first that was called back, that is not so sure. */
static void promote(struct slot *slot)
{
	slot->current = queue_take(&slot->ahead);
	slot->doubt = slot->current && (slot->doubt || slot->current->seq == slot->called);
}

/* What is left has not been called back, or could not be any more. */
static void take_answer(struct slot *slot, bool begins)
{
	slot->called = 0;
	slot->doubt = false;
	pool_slot_event(slot, SLOT_ON_ANSWER);
	if (begins)
		pool_begin_current(slot);
	pool_call_unwanted_back(slot);
	pool_pause_output(slot->link);
}

/* The answer is for one task, but nothing behind it comes back either. */
void pool_on_started(struct slot *slot, uint64_t seq)
{
	if (slot->called == seq)
		take_answer(slot, slot->doubt);
}

/* The current one among what comes back. */
static void take_current(struct slot *slot, struct queue *back)
{
	loop_cancel_timer(slot->pool->loop, &slot->timer);
	slot->stopped = slot->held = false;
	*back = slot->ahead;
	slot->ahead = (struct queue){0};
	queue_return(back, slot->current);
	slot->current = NULL;
}

void pool_on_revoked(struct slot *slot, uint64_t seq)
{
	struct queue back;
	bool doubt = slot->doubt;
	if (!queue_cut(&slot->ahead, seq, &back))
		take_current(slot, &back);
	slot->link->given -= back.count;
	pool_note_share(slot);
	take_answer(slot, doubt && slot->current);
	pool_give_back(slot->pool, &back);
}

static void emit_piece(const struct slot *slot, struct task *t, unsigned stream, struct bytes piece)
{
	if (piece.n > 0)
		pool_emit_for(slot, (struct pool_event){.kind = POOL_OUTPUT, .task = t, .stream = stream, .bytes = piece.p,
						   .len = piece.n});
}

static struct outcome read_outcome(const struct slot *slot, const struct msg *m)
{
	struct outcome o = {
		.kind = (enum outcome_kind)m->u.done.kind, .code = (int)m->u.done.code, .pid = (int64_t)m->u.done.pid,
		.runtime_ns = m->u.done.runtime_ns, .utime_us = m->u.done.utime_us, .stime_us = m->u.done.stime_us,
		.maxrss_kib = m->u.done.maxrss_kib, .stopped = slot->stopped,
	};
	if (m->u.done.reason.n > 0)
		snprintf(o.reason, sizeof o.reason, "%.*s", (int)m->u.done.reason.n, m->u.done.reason.p);
	/* it may have ended by itself while the signal was on its way */
	bool in_time = outcome_ok(&o) && o.runtime_ns < slot->limit_ns;
	bool ran = o.kind == OUTCOME_EXITED || o.kind == OUTCOME_SIGNALLED || o.kind == OUTCOME_LOST;
	if (slot->timed_out && !in_time && ran) {
		o.code = o.kind == OUTCOME_EXITED ? 0 : o.code;
		o.kind = OUTCOME_TIMED_OUT;
	}
	return o;
}

/* Where the next attempt will not come since the pool stops, forkpool has stopped the task; none comes for one that was
 * killed. */
void pool_settle(struct pool *p, const struct slot *slot, struct task *t, struct outcome *o)
{
	bool again = !outcome_ok(o) && !o->stopped && !t->killed && t->attempt <= p->config.retries;
	if (again && p->stop) {
		again = false;
		o->stopped = p->dropped = true;
	}
	struct pool_event e = {.kind = again ? POOL_FAILED : POOL_FINISHED, .task = t, .outcome = o, .host = ""};
	if (slot)
		pool_emit_for(slot, e);
	else
		pool_emit(p, &e);
	if (again)
		pool_try_again(p, t);
	else
		task_drop(t);
}

static void settle_given(struct slot *slot, struct task *t, struct outcome *o)
{
	slot->pool->running--;
	pool_settle(slot->pool, slot, t, o);
}

/* Nothing of it has run. The worker that found no room makes some by going. */
static void return_unstarted(struct slot *slot, struct task *t, int error)
{
	struct pool *p = slot->pool;
	struct queue back = {0};
	queue_add(&back, t);
	pool_give_back(p, &back);
	if (error == EMFILE) /* its own limit, and nobody will give any back */
		pool_fail(p, xasprintf("a worker cannot start tasks: %s; raise ulimit -n", strerror(error)));
	pool_do_with_less(p, slot, error);
}

void pool_on_done(struct slot *slot, const struct msg *m)
{
	struct task *t = slot->current;
	if (slot->doubt)
		pool_begin_current(slot); /* the answer to the call is still to come */
	struct outcome o = read_outcome(slot, m);
	loop_cancel_timer(slot->pool->loop, &slot->timer);
	emit_piece(slot, t, 1, m->u.done.out);
	emit_piece(slot, t, 2, m->u.done.err);
	promote(slot);
	slot->timed_out = slot->stopped = slot->held = false;
	pool_note_share(slot);
	if (slot->link->paused) /* it was to be held, but its end had been read with what came before */
		pool_pause_output(slot->link);
	slot->began_ns = 0;
	slot->pool->proven |= o.kind == OUTCOME_EXITED;
	if (outcome_ok(&o))
		pool_note_runtime(slot->pool, o.runtime_ns);
	pool_note_pace(slot->pool, o.runtime_ns);
	pool_slot_event(slot, SLOT_ON_DONE);
	if (o.kind == OUTCOME_NO_RESOURCES)
		return_unstarted(slot, t, o.code);
	else
		settle_given(slot, t, &o);
	if (slot->current && !slot->doubt)
		pool_begin_current(slot);
}

/* What forkpool itself has ended, since the run is to end, is no failure. */
void pool_on_failed(struct slot *slot, struct bytes reason)
{
	if (!slot->stopped)
		pool_fail(slot->pool, xmemdup(reason.p, reason.n));
}

static void detach_dead(struct slot *slot)
{
	loop_cancel_timer(slot->pool->loop, &slot->timer);
	slot->began_ns = slot->called = 0;
	slot->doubt = slot->held = false;
	pool_slot_event(slot, SLOT_ON_DETACH);
	slot->sched.no_more = false;
}

void pool_on_death(struct slot *slot, bool was_ready)
{
	struct pool *p = slot->pool;
	struct task *lost = was_ready ? slot->current : NULL;
	struct outcome o = {.kind = OUTCOME_LOST, .stopped = slot->stopped};
	detach_dead(slot);
	if (slot->current && !lost)
		queue_return(&slot->ahead, slot->current);
	slot->current = NULL;
	pool_give_back(p, &slot->ahead);
	if (lost)
		settle_given(slot, lost, &o);
	if (!was_ready && !slot->stopped && ++p->failed_starts >= FAILED_STARTS_MAX)
		pool_fail(p, xasprintf("%u workers in a row ended before they were ready%s%s", p->failed_starts,
				       p->config.via ? "; check the command of --via: " : "",
				       p->config.via ? p->config.via : ""));
}
