/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "pool/queue.h"

#include <string.h>

/* What it takes that grows with what whoever gave it has said. */
static size_t size_of(const struct task *t)
{
	return t->command.len + (t->name ? strlen(t->name) : 0) + (t->directory ? strlen(t->directory) : 0);
}

/* Between its neighbours, which are set. */
static void attach(struct queue *q, struct task *t)
{
	*(t->prev ? &t->prev->next : &q->first) = t;
	*(t->next ? &t->next->prev : &q->last) = t;
	q->count++;
	q->bytes += size_of(t);
	q->returned += t->returned;
	if (q->by_seq)
		HASH_ADD(hh, q->by_seq, seq, sizeof t->seq, t);
}

static void detach(struct queue *q, struct task *t)
{
	*(t->prev ? &t->prev->next : &q->first) = t->next;
	*(t->next ? &t->next->prev : &q->last) = t->prev;
	q->count--;
	q->bytes -= size_of(t);
	q->returned -= t->returned;
	if (q->by_seq)
		HASH_DELETE(hh, q->by_seq, t);
}

void queue_add(struct queue *q, struct task *t)
{
	t->next = NULL;
	t->prev = q->last;
	t->returned = false;
	attach(q, t);
}

/* Behind those of the returned ones that come before it. `*at` and `*passed` are where to begin to look, and how many
 * stand before that; they are moved on. */
static void insert(struct queue *q, struct task *t, struct task ***at, size_t *passed)
{
	while (*passed < q->returned && (**at)->place < t->place) {
		*at = &(**at)->next;
		++*passed;
	}
	t->next = **at;
	t->prev = t->next ? t->next->prev : q->last;
	t->returned = true;
	attach(q, t);
}

void queue_return(struct queue *q, struct task *t)
{
	insert(q, t, &(struct task **){&q->first}, &(size_t){0});
}

/* What comes back together is mostly in order itself: one walk does for all of it. */
void queue_return_all(struct queue *q, struct queue *back)
{
	struct task **at = &q->first;
	size_t passed = 0;
	uint64_t before = 0;
	for (struct task *t; (t = queue_take(back)); before = t->place) {
		if (t->place < before) {
			at = &q->first;
			passed = 0;
		}
		insert(q, t, &at, &passed);
	}
}

struct task *queue_find(const struct queue *q, uint64_t seq)
{
	struct task *t = q->first;
	while (t && t->seq != seq)
		t = t->next;
	return t;
}

/* Most queues are never searched: the index is made for the first that is wanted, and goes with the last in it. */
struct task *queue_remove(struct queue *q, uint64_t seq)
{
	struct task *t;
	for (t = q->by_seq ? NULL : q->first; t; t = t->next)
		HASH_ADD(hh, q->by_seq, seq, sizeof t->seq, t);
	HASH_FIND(hh, q->by_seq, &seq, sizeof seq, t);
	if (t)
		detach(q, t);
	return t;
}

bool queue_cut(struct queue *q, uint64_t seq, struct queue *rest)
{
	*rest = (struct queue){0};
	if (!queue_find(q, seq))
		return false;
	struct queue all = *q;
	*q = (struct queue){0};
	while (all.first->seq != seq)
		queue_add(q, queue_take(&all));
	for (struct task *t; (t = queue_take(&all)); )
		queue_add(rest, t);
	return true;
}

struct task *queue_take(struct queue *q)
{
	struct task *t = q->first;
	if (t)
		detach(q, t);
	return t;
}
