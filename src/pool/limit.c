/* SPDX-License-Identifier: MIT
 *
 * The beginning of an attempt, and its end by force: time limits, and the pool's own stopping.
 */
#include <config.h>

#include "pool/slots.h"

#include <signal.h>

#include "base/clock.h"

#define START_NS (5 * NS_PER_MS)    /* for the worker to start it: no task gets less than its limit */
#define ANSWER_NS (10 * NS_PER_SEC) /* a worker gives up on what cannot be killed long before */

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

static void kill_slot(void *arg)
{
	struct slot *slot = arg;
	signal_slot(slot, SIGKILL);
	link_flush(slot->link);
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
	signal_slot(slot, SIGTERM);
	signal_slot(slot, SIGCONT);
	slot->timer.fire = kill_slot;
	loop_set_timer(p->loop, &slot->timer, p->config.kill_after_ns);
	link_flush(slot->link);
}

static void on_timeout(void *arg)
{
	struct slot *slot = arg;
	slot->timed_out = true;
	terminate_slot(slot);
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

/* The slot's current task begins now, as far as can be known here. */
void pool_begin_current(struct slot *slot)
{
	struct pool *p = slot->pool;
	slot->timed_out = slot->stopped = false;
	if (p->config.timeout_ns) {
		slot->timer.fire = on_timeout;
		loop_set_timer(p->loop, &slot->timer, p->config.timeout_ns + START_NS);
	}
	pool_emit_for(slot, (struct pool_event){.kind = POOL_STARTED, .task = slot->current});
	pool_stop_slot(slot);
}
