/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "pool/sched.h"

#include "base/report.h"

static void unlink_slot(struct sched_list *l, struct sched_slot *s)
{
	*(s->prev ? &s->prev->next : &l->first) = s->next;
	*(s->next ? &s->next->prev : &l->last) = s->prev;
	s->prev = s->next = NULL;
	l->count--;
}

static void append_slot(struct sched_list *l, struct sched_slot *s)
{
	s->prev = l->last;
	s->next = NULL;
	*(l->last ? &l->last->next : &l->first) = s;
	l->last = s;
	l->count++;
}

static void prepend_slot(struct sched_list *l, struct sched_slot *s)
{
	s->prev = NULL;
	s->next = l->first;
	*(l->first ? &l->first->prev : &l->last) = s;
	l->first = s;
	l->count++;
}

void sched_add(struct sched *s, struct sched_slot *slot)
{
	slot->state = SLOT_EMPTY;
	append_slot(&s->in[SLOT_EMPTY], slot);
}

void sched_event(struct sched *s, struct sched_slot *slot, enum slot_event event)
{
	enum slot_state to = slot_next(slot->state, event, slot->load);
	if (to == SLOT_INVALID)
		bug("%s in state %s", slot_event_name(event), slot_state_name(slot->state));
	s->workers += (to != SLOT_EMPTY) - (slot->state != SLOT_EMPTY);
	unlink_slot(&s->in[slot->state], slot);
	slot->state = to;
	/* the worker that was last at work is the warmest; the lowest free numbers are used again first */
	if (to == SLOT_IDLE || to == SLOT_EMPTY)
		prepend_slot(&s->in[to], slot);
	else
		append_slot(&s->in[to], slot);
}

/* Those that take no more are few, and leave the list soon. */
static struct sched_slot *first_open(const struct sched_list *l)
{
	struct sched_slot *s = l->first;
	while (s && s->no_more)
		s = s->next;
	return s;
}

static struct sched_answer place(const struct sched *s, const struct sched_question *q)
{
	struct sched_slot *slot = first_open(&s->in[SLOT_IDLE]);
	if (slot)
		return (struct sched_answer){SCHED_ASSIGN, slot};
	if (s->workers < q->wanted)
		return (struct sched_answer){SCHED_ATTACH, s->in[SLOT_EMPTY].first};
	if (q->ahead && s->workers <= q->wanted && !(slot = first_open(&s->in[SLOT_BUSY])))
		slot = first_open(&s->in[SLOT_LOADED]);
	return (struct sched_answer){slot ? SCHED_ASSIGN : SCHED_WAIT, slot};
}

/* As many calls may be under way as there are idle workers to take what comes back. */
static struct sched_answer call_back(const struct sched *s, const struct sched_question *q)
{
	bool room = s->in[SLOT_RECALLING].count < s->in[SLOT_IDLE].count + (q->wanted - s->workers);
	struct sched_slot *slot = s->in[SLOT_FULL].first ? s->in[SLOT_FULL].first : s->in[SLOT_LOADED].first;
	if (!q->call_back || !room || !slot || s->workers > q->wanted)
		return (struct sched_answer){SCHED_WAIT, NULL};
	return (struct sched_answer){SCHED_CALL_BACK, slot};
}

struct sched_answer sched_ask(const struct sched *s, const struct sched_question *q)
{
	return q->waiting > 0 ? place(s, q) : call_back(s, q);
}
