/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "pool/queue.h"

void queue_add(struct queue *q, struct task *t)
{
	t->next = NULL;
	*(q->last ? &q->last->next : &q->first) = t;
	q->last = t;
	q->count++;
}

void queue_return(struct queue *q, struct task *t)
{
	t->next = q->first;
	q->first = t;
	if (!q->last)
		q->last = t;
	q->count++;
	q->returned++;
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
	q->returned -= q->returned > 0;
	return t;
}
