/* SPDX-License-Identifier: MIT
 *
 * The beginning of an attempt, and its end by force: time limits, and the pool's own stopping. And the limits of the
 * system, which are waited out.
 */
#include <config.h>

#include "pool/slots.h"

#include <signal.h>
#include <string.h>

#include "base/clock.h"
#include "base/report.h"

#define START_NS (20 * NS_PER_MS)   /* for the worker to start it: no task gets less than its limit */
#define MEDIAN_OF 3                 /* attempts must have succeeded before a percentage of their runtime is a limit */
#define ANSWER_NS (10 * NS_PER_SEC) /* a worker gives up on what cannot be killed long before */
#define WARN_NS (4 * NS_PER_SEC)    /* of a shortage in which nothing runs */

static void signal_slot(struct slot *slot, int signo)
{
	uint64_t seq = slot->link->ready ? slot->current->seq : 0; /* 0: the initializer is what runs */
	link_send(slot->link, &(struct msg){.type = MSG_SIGNAL, .u.signal = {.seq = seq, .signo = (uint32_t)signo}});
	kill(slot->link->pid, SIGCONT); /* somebody may have stopped the worker */
}

/* The worker does not answer: it dies too, with all of its group, since --via may be more than one process. */
static void kill_worker(void *arg)
{
	struct slot *slot = arg;
	if (slot->link->paused) { /* it may have answered: we do not listen now */
		loop_set_timer(slot->pool->loop, &slot->timer, ANSWER_NS);
		return;
	}
	kill(-slot->link->pid, SIGKILL);
	kill(slot->link->pid, SIGKILL);
}

bool pool_is_ending(const struct slot *slot)
{
	return slot->timed_out || slot->stopped || (slot->current && slot->current->killed);
}

static void kill_slot(void *arg)
{
	struct slot *slot = arg;
	slot->began_ns = 0; /* no limit matters any more */
	signal_slot(slot, SIGKILL);
	link_flush(slot->link);
	pool_pause_output(slot->link);
	slot->timer.fire = kill_worker;
	loop_set_timer(slot->pool->loop, &slot->timer, ANSWER_NS);
}

/* TERM, CONT so that a stopped task sees it, and KILL when it has had its time. */
static void terminate_slot(struct slot *slot)
{
	struct pool *p = slot->pool;
	if (p->config.kill_after_ns == 0) {
		kill_slot(slot);
		return;
	}
	slot->began_ns = 0;
	signal_slot(slot, SIGTERM);
	signal_slot(slot, SIGCONT);
	slot->timer.fire = kill_slot;
	loop_set_timer(p->loop, &slot->timer, p->config.kill_after_ns);
	link_flush(slot->link);
	pool_pause_output(slot->link);
}

/* How long an attempt may run; UINT64_MAX: as long as it likes. */
static uint64_t limit_ns(const struct pool *p)
{
	uint64_t ns;
	if (p->config.timeout_ns)
		return p->config.timeout_ns;
	if (!p->config.timeout_percent || p->runtimes.n < MEDIAN_OF)
		return UINT64_MAX;
	bool too_long = __builtin_mul_overflow(median_value(&p->runtimes), p->config.timeout_percent, &ns);
	return too_long ? INT64_MAX : ns / 100;
}

/* End the attempt if its time is up, else look again when it may be: by then the median may have risen. */
static void enforce_limit(void *arg)
{
	struct slot *slot = arg;
	struct pool *p = slot->pool;
	uint64_t ran_ns = loop_now(p->loop) - slot->began_ns;
	slot->limit_ns = limit_ns(p);
	if (slot->limit_ns == UINT64_MAX)
		return;
	if (ran_ns >= slot->limit_ns + START_NS) {
		slot->timed_out = true;
		terminate_slot(slot);
		return;
	}
	slot->timer.fire = enforce_limit;
	loop_set_timer(p->loop, &slot->timer, slot->limit_ns + START_NS - ran_ns);
}

/* With the median known, those that run already get their limit. */
void pool_note_runtime(struct pool *p, uint64_t runtime_ns)
{
	if (!p->config.timeout_percent)
		return;
	median_add(&p->runtimes, runtime_ns);
	for (size_t i = 0; p->runtimes.n == MEDIAN_OF && i < p->n_slots; i++)
		if (p->slots[i]->began_ns)
			enforce_limit(p->slots[i]);
}

void pool_stop_slot(struct slot *slot)
{
	if (!slot->current || slot->pool->stop < POOL_STOP_NOW)
		return;
	slot->pool->dropped = true;
	slot->stopped = true;
	if (!slot->link->channel.greeted)
		kill_worker(slot); /* nothing of ours can have started there */
	else if (slot->pool->stop == POOL_STOP_KILL)
		kill_slot(slot);
	else
		terminate_slot(slot);
}

void pool_kill_current(struct slot *slot)
{
	bool again = slot->current->killed;
	slot->current->killed = true;
	if (!slot->link->ready || slot->doubt)
		return; /* it has not begun, as far as can be known */
	if (again)
		kill_slot(slot);
	else if (!slot->timed_out && !slot->stopped) /* then it is being ended */
		terminate_slot(slot);
}

/* The slot's current task begins now, as far as can be known here. */
void pool_begin_current(struct slot *slot)
{
	struct pool *p = slot->pool;
	slot->timed_out = slot->stopped = false;
	if (p->config.timeout_ns || p->config.timeout_percent) {
		slot->began_ns = loop_now(p->loop);
		enforce_limit(slot);
	}
	pool_emit_for(slot, (struct pool_event){.kind = POOL_STARTED, .task = slot->current});
	pool_stop_slot(slot);
	if (slot->current->killed && !slot->stopped)
		terminate_slot(slot);
}

/* Shortages. */

/* It may never end: then somebody should know what is waited for. */
static void warn_of_rest(struct pool *p)
{
	if (p->warned_rest || p->config.quiet || p->shortage.idle_ns < WARN_NS)
		return;
	p->warned_rest = true;
	warn_msg("no task can be started: %s; still waiting; %s", strerror(p->shortage.error),
		 shortage_remedy(p->shortage.error));
}

/* Has a worker still to show whether there is room for what it will do? */
static bool is_one_starting(const struct pool *p)
{
	for (const struct link *l = p->links; l; l = l->next)
		if (l->slot && !l->ready)
			return true;
	return false;
}

static void on_recover(void *arg)
{
	struct pool *p = arg;
	bool too_early = !p->shortage.resting && is_one_starting(p);
	if (too_early || shortage_retry(&p->shortage, p->sched.workers, p->config.jobs))
		loop_set_timer(p->loop, &p->recover, p->shortage.pause_ns);
	warn_of_rest(p);
}

/* One that has just failed has not found room, whatever it has ahead: counted as busy, it would be given tasks for ever. */
void pool_do_with_less(struct pool *p, const struct slot *failed, int error)
{
	size_t busy = p->sched.workers - p->sched.in[SLOT_IDLE].count - (failed && failed->current);
	if (!p->warned_shortage && !p->config.quiet)
		warn_msg("cannot run %u tasks at once: %s; going on with fewer", p->config.jobs, strerror(error));
	p->warned_shortage = true;
	shortage_met(&p->shortage, error, busy);
	p->recover.fire = on_recover;
	p->recover.arg = p;
	loop_set_timer(p->loop, &p->recover, p->shortage.pause_ns);
}
