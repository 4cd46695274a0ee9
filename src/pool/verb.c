/* SPDX-License-Identifier: MIT
 *
 * What the pool is told to do by those who have it.
 */
#include <config.h>

#include "pool/slots.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>

#include "process/kin.h"

void pool_submit(struct pool *p, struct task *t)
{
	pool_emit(p, &(struct pool_event){.kind = POOL_ACCEPTED, .task = t, .host = ""});
	if (p->stop)
		pool_drop(p, t);
	else if (!t->refusal)
		queue_add(&p->queue, t);
	else
		pool_finish_unstarted(p, t, "");
}

void pool_submit_lost(struct pool *p, struct task *t)
{
	struct outcome lost = {.kind = OUTCOME_LOST, .reason = "forkpool was killed while it ran"};
	pool_emit(p, &(struct pool_event){.kind = POOL_ACCEPTED, .task = t, .host = ""});
	if (p->stop)
		pool_drop(p, t);
	else
		pool_settle(p, NULL, t, &lost);
}

static void emit_output(struct pool *p, struct task *t, unsigned stream, struct bytes bytes)
{
	if (bytes.n > 0)
		pool_emit(p, &(struct pool_event){.kind = POOL_OUTPUT, .task = t, .stream = stream, .bytes = bytes.p,
						  .len = bytes.n, .host = ""});
}

void pool_submit_over(struct pool *p, struct task *t, const struct outcome *o, struct bytes out, struct bytes err)
{
	pool_emit(p, &(struct pool_event){.kind = POOL_ACCEPTED, .task = t, .host = ""});
	emit_output(p, t, 1, out);
	emit_output(p, t, 2, err);
	pool_emit(p, &(struct pool_event){.kind = POOL_FINISHED, .task = t, .outcome = o, .host = ""});
	task_drop(t);
}

/* The worker shall not start it, if it is not too late for that. */
static void kill_ahead(struct slot *slot, struct task *t)
{
	t->killed = true;
	pool_call_unwanted_back(slot);
}

/* With a worker, it may begin to run at any moment. */
static bool kill_given(struct pool *p, uint64_t seq)
{
	for (size_t i = 0; i < p->n_slots; i++) {
		struct slot *slot = p->slots[i];
		struct task *ahead = queue_find(&slot->ahead, seq);
		if (ahead)
			kill_ahead(slot, ahead);
		else if (slot->current && slot->current->seq == seq)
			pool_kill_current(slot);
		else
			continue;
		return true;
	}
	return false;
}

bool pool_kill(struct pool *p, uint64_t seq)
{
	struct task *t = queue_remove(&p->queue, seq);
	if (!t)
		t = retry_remove(&p->retry, seq);
	if (!t)
		return kill_given(p, seq);
	t->killed = true;
	pool_finish_killed(p, t);
	return true;
}

void pool_stop(struct pool *p, enum pool_stop how)
{
	if (how <= p->stop)
		return;
	p->stop = how;
	if (p->suspended)
		pool_resume(p);
	for (struct task *t; (t = queue_take(&p->queue)) || (t = retry_take(&p->retry)); )
		pool_drop(p, t);
	pool_call_all_unwanted_back(p);
	for (size_t i = 0; i < p->n_slots; i++)
		pool_stop_slot(p->slots[i]);
	link_flush_posted(p);
}

/* A shortage may have been one for the other number. */
void pool_set_jobs(struct pool *p, unsigned jobs)
{
	p->config.jobs = jobs > 1 ? jobs : 1;
	p->shortage = (struct shortage){0};
	loop_cancel_timer(p->loop, &p->recover);
	pool_call_all_unwanted_back(p);
}

void pool_resize(struct pool *p, int delta)
{
	unsigned jobs = p->config.jobs;
	if (delta < 0)
		pool_set_jobs(p, jobs - 1);
	else
		pool_set_jobs(p, jobs < UINT32_MAX ? jobs + 1 : jobs);
}

void pool_pause(struct pool *p, bool paused)
{
	p->paused = paused;
	pool_call_all_unwanted_back(p);
}

static struct slot *find_running(const struct pool *p, uint64_t seq)
{
	for (size_t i = 0; i < p->n_slots; i++)
		if (p->slots[i]->current && p->slots[i]->current->seq == seq)
			return p->slots[i];
	return NULL;
}

bool pool_hold(struct pool *p, uint64_t seq, bool held)
{
	struct slot *slot = find_running(p, seq);
	if (!slot)
		return false;
	slot->held = held;
	pool_note_share(slot);
	pool_call_unwanted_back(slot);
	pool_pause_output(slot->link);
	return true;
}

const struct task *pool_task_of(const struct pool *p, pid_t worker)
{
	for (const struct link *l = p->links; l; l = l->next)
		if (l->pid == worker)
			return l->slot ? l->slot->current : NULL;
	return NULL;
}

pid_t pool_task_pid(const struct pool *p, uint64_t seq)
{
	const struct slot *slot = find_running(p, seq);
	char entry[40];
	snprintf(entry, sizeof entry, "FORKPOOL_SEQ=%" PRIu64, seq);
	return slot ? kin_child_started_with(slot->link->pid, entry) : 0;
}

/* To every worker, whatever it runs: seq 0. */
static void signal_all(struct pool *p, int signo)
{
	struct msg m = {.type = MSG_SIGNAL, .u.signal.signo = (uint32_t)signo};
	for (struct link *l = p->links; l; l = l->next) {
		link_send(l, &m);
		link_flush(l);
	}
}

void pool_suspend(struct pool *p)
{
	p->suspended = true;
	signal_all(p, SIGSTOP);
}

void pool_resume(struct pool *p)
{
	p->suspended = false;
	signal_all(p, SIGCONT);
}
