/* SPDX-License-Identifier: MIT
 *
 * What is given to a worker, how much of it at once, and how it is called back.
 */
#include <config.h>

#include "pool/slots.h"

#include <string.h>

#include "base/clock.h"

#define AHEAD_NS (4 * NS_PER_MS)           /* of work are sent ahead, */
#define AHEAD_BYTES_MAX ((size_t)64 << 10) /* or so much of commands; what is more goes one by one */
#define REST_MIN_NS (100 * NS_PER_US)      /* less is not worth the call; nor is it while tasks take longer */
#define REST_MAX_NS (1 * NS_PER_MS)        /* nobody waits longer than that for output or an answer */

/* A running average in which the last eight or so count. One that is long makes it long at once. */
void pool_note_pace(struct pool *p, uint64_t runtime_ns)
{
	p->pace_ns += runtime_ns / 8 - p->pace_ns / 8;
}

size_t pool_room_ahead(const struct pool *p)
{
	if (p->config.ahead_max <= 1)
		return 1;
	uint64_t n = AHEAD_NS / (p->pace_ns + 1);
	if (n > p->config.ahead_max)
		return p->config.ahead_max;
	return n > 1 ? (size_t)n : 1;
}

/* A quarter of what the worker has that has least: enough is left while the others are looked at. */
uint64_t pool_rest_ns(const struct pool *p)
{
	uint64_t ns = REST_MAX_NS;
	if (p->config.ahead_max <= 1 || p->pace_ns > REST_MIN_NS || p->stop || p->error || !p->links)
		return 0;
	for (size_t i = 0; i < p->n_slots && ns > 0; i++) {
		uint64_t quarter = p->slots[i]->ahead.count * p->pace_ns / 4;
		if (p->slots[i]->link && quarter < ns)
			ns = quarter < REST_MIN_NS ? 0 : quarter;
	}
	return ns;
}

static void send_task(struct slot *slot, struct task *t)
{
	struct buf words = {0};
	const struct command *c = &t->command;
	struct bytes body = {c->bytes, c->len};
	if (c->n_holes > 0) {
		command_render(c, slot->number, &words);
		body = bytes_in(&words);
	}
	const char *directory = t->directory ? t->directory : "";
	struct msg m = {.type = MSG_TASK, .u.task = {
		.seq = t->seq, .attempt = t->attempt, .slot = slot->number, .n_words = (uint32_t)c->n_words,
		.flags = (uint8_t)((c->shell ? TASK_SHELL : 0) | (c->direct ? TASK_DIRECT : 0)), .words = body,
		.directory = {directory, strlen(directory)}}};
	link_post(slot->link, &m);
	buf_clear(&words);
}

/* Nobody knows when one that is still to come will be there. */
static bool may_have_more(const struct slot *slot)
{
	return slot->link && slot->link->ready && slot->ahead.bytes < AHEAD_BYTES_MAX;
}

void pool_slot_event(struct slot *slot, enum slot_event event)
{
	size_t room = may_have_more(slot) ? pool_room_ahead(slot->pool) : 1;
	if (slot->sched.state == SLOT_FULL) /* several at once then: each message wakes the worker */
		room = (room + 1) / 2;
	slot->sched.load = (struct slot_load){.tasks = (slot->current != NULL) + slot->ahead.count, .most = 1 + room};
	sched_event(&slot->pool->sched, &slot->sched, event);
}

void pool_note_share(struct slot *slot)
{
	uint64_t most = slot->pool->config.max_tasks_per_worker;
	slot->sched.no_more = slot->held || (most > 0 && slot->link->given >= most);
}

void pool_assign(struct slot *slot, struct task *t)
{
	struct link *link = slot->link;
	t->attempt++;
	slot->pool->running++;
	if (slot->pool->gated)
		gate_pass(&slot->pool->gate, loop_now(slot->pool->loop));
	link->given++;
	pool_note_share(slot);
	pool_emit_for(slot, (struct pool_event){.kind = POOL_GIVEN, .task = t});
	send_task(slot, t);
	bool begins = !slot->current && link->ready;
	if (slot->current)
		queue_add(&slot->ahead, t);
	else
		slot->current = t;
	pool_slot_event(slot, SLOT_ON_ASSIGN);
	if (begins)
		pool_begin_current(slot);
}

bool pool_starts_nothing(const struct pool *p)
{
	return p->stop || p->paused;
}

/* This one and all behind it. */
static void call_back_from(struct slot *slot, const struct task *t)
{
	slot->called = t->seq;
	pool_slot_event(slot, SLOT_ON_CALL_BACK);
	link_post(slot->link, &(struct msg){.type = MSG_REVOKE, .u.revoke.seq = t->seq});
}

/* The later half, for whom it comes back is as busy as the other then. */
void pool_call_back(struct slot *slot)
{
	const struct task *from = slot->ahead.first;
	for (size_t kept = slot->ahead.count / 2; kept > 0; kept--)
		from = from->next;
	call_back_from(slot, from);
}

/* The first of what was sent ahead that is not to be started there; NULL: there is none. */
static const struct task *first_unwanted(const struct slot *slot)
{
	const struct pool *p = slot->pool;
	bool all = pool_starts_nothing(p) || p->sched.workers > p->config.jobs || slot->held;
	const struct task *t = slot->ahead.first;
	while (t && !all && !t->killed)
		t = t->next;
	return t;
}

void pool_call_unwanted_back(struct slot *slot)
{
	bool may_call = slot->sched.state == SLOT_LOADED || slot->sched.state == SLOT_FULL;
	const struct task *t = may_call ? first_unwanted(slot) : NULL;
	if (t)
		call_back_from(slot, t);
}

void pool_call_all_unwanted_back(struct pool *p)
{
	for (size_t i = 0; i < p->n_slots; i++)
		pool_call_unwanted_back(p->slots[i]);
}
