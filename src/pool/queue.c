/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "pool/queue.h"

#include <string.h>

/* What it takes that grows with what whoever gave it has said. */
static size_t size_of(const struct task *t)
{
	return t->command.len + (t->name ? strlen(t->name) : 0) + (t->directory ? strlen(t->directory) : 0);
}

void queue_add(struct queue *q, struct task *t)
{
	t->next = NULL;
	*(q->last ? &q->last->next : &q->first) = t;
	q->last = t;
	q->count++;
	q->bytes += size_of(t);
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
	**at = t;
	if (!t->next)
		q->last = t;
	q->count++;
	q->returned++;
	q->bytes += size_of(t);
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

struct task *queue_remove(struct queue *q, uint64_t seq)
{
	struct task *before = NULL, *t = q->first;
	size_t passed = 0;
	for (; t && t->seq != seq; t = t->next, passed++)
		before = t;
	if (!before)
		return queue_take(q);
	if (!t)
		return NULL;
	before->next = t->next;
	if (!t->next)
		q->last = before;
	q->count--;
	q->bytes -= size_of(t);
	q->returned -= passed < q->returned;
	return t;
}

bool queue_cut(struct queue *q, uint64_t seq, struct queue *rest)
{
	*rest = (struct queue){0};
	if (!queue_find(q, seq))
		return false;
	*rest = *q;
	rest->returned = 0;
	*q = (struct queue){0};
	while (rest->first->seq != seq)
		queue_add(q, queue_take(rest));
	return true;
}

struct task *queue_take(struct queue *q)
{
	struct task *t = q->first;
	if (!t)
		return NULL;
	q->first = t->next;
	if (!q->first)
		q->last = NULL;
	q->count--;
	q->bytes -= size_of(t);
	q->returned -= q->returned > 0;
	return t;
}
