/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "ctl/mqueue.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/xalloc.h"

struct mqueue {
	UT_hash_handle hh;            /* by name */
	struct heap messages;         /* by number; owned */
	struct heap putters, getters; /* by arrival; no getter waits while there is a message */
	uint64_t maxsize, deliveries;
	struct heap_item place;       /* in the line */
	bool closed, deleted;
	char name[];
};

static struct mqueue_waiter *first_waiter(const struct heap *h)
{
	return h->count > 0 ? HEAP_OF(heap_first(h), struct mqueue_waiter, turn) : NULL;
}

static size_t cost(const struct message *m)
{
	return m->len + MESSAGE_OVERHEAD;
}

static size_t queue_cost(const char *name)
{
	return strlen(name) + MQUEUE_OVERHEAD;
}

/* What was restored may be more than is allowed now: here, and in the next. */
static size_t left_by_queues(const struct mqueues *qs)
{
	return qs->queue_bytes <= qs->bytes_max ? qs->bytes_max - qs->queue_bytes : 0;
}

static bool fits(const struct mqueues *qs, size_t bytes)
{
	size_t left = left_by_queues(qs);
	return qs->bytes <= left && bytes <= left - qs->bytes;
}

/* It would wait until queues are deleted, and all others behind it. */
static bool is_too_large(const struct mqueues *qs, const struct message *m)
{
	return cost(m) > left_by_queues(qs);
}

static bool has_room(const struct mqueue *q)
{
	return q->maxsize == 0 || q->messages.count + q->deliveries < q->maxsize;
}

/* Could one who comes now put so many bytes? */
static bool can_put(const struct mqueues *qs, const struct mqueue *q, size_t bytes)
{
	return q->putters.count == 0 && has_room(q) && qs->line.count == 0 && fits(qs, bytes);
}

/* After each change of what is in the queue, or who waits to put. */
static void line_up(struct mqueues *qs, struct mqueue *q)
{
	heap_remove(&qs->line, &q->place);
	if (q->putters.count > 0 && !q->closed && has_room(q))
		heap_add(&qs->line, &q->place, heap_first(&q->putters)->key);
}

static void stand(struct mqueues *qs, struct mqueue *q, struct mqueue_waiter *w, struct message *m)
{
	w->queue = q;
	w->message = m;
	heap_add(m ? &q->putters : &q->getters, &w->turn, ++qs->last_arrival);
	if (m)
		line_up(qs, q);
}

/* What it wanted to put, the caller's now; NULL: it wanted to get. */
static struct message *leave(struct mqueues *qs, struct mqueue_waiter *w)
{
	struct mqueue *q = w->queue;
	struct message *m = w->message;
	heap_remove(m ? &q->putters : &q->getters, &w->turn);
	w->queue = NULL;
	w->message = NULL;
	if (m)
		line_up(qs, q);
	return m;
}

static void add(struct mqueues *qs, struct mqueue *q, struct message *m, uint64_t number)
{
	m->queue = q;
	m->number = number;
	qs->bytes += cost(m);
	heap_add(&q->messages, &m->turn, number);
	line_up(qs, q);
}

static struct message *take(struct mqueue *q)
{
	struct message *m = HEAP_OF(heap_first(&q->messages), struct message, turn);
	heap_remove(&q->messages, &m->turn);
	return m;
}

static struct message *deliver(struct mqueue *q)
{
	q->deliveries++;
	return take(q);
}

static void discard(struct mqueues *qs, struct message *m)
{
	qs->bytes -= cost(m);
	message_free(m);
}

static bool is_at_end(const struct mqueue *q)
{
	return q->closed && q->messages.count + q->deliveries == 0;
}

static void serve_getters(struct mqueues *qs, struct mqueue *q)
{
	for (struct mqueue_waiter *w; (w = first_waiter(&q->getters)) && (q->messages.count > 0 || is_at_end(q));) {
		struct message *m = is_at_end(q) ? NULL : deliver(q);
		leave(qs, w);
		qs->served(qs->arg, w, m ? MQUEUE_DONE : MQUEUE_END, m);
	}
}

static struct mqueue *first_in_line(const struct mqueues *qs)
{
	return qs->line.count > 0 ? HEAP_OF(heap_first(&qs->line), struct mqueue, place) : NULL;
}

static void dismiss(struct mqueues *qs, struct mqueue_waiter *w, enum mqueue_answer answer)
{
	message_free(leave(qs, w));
	qs->served(qs->arg, w, answer, NULL);
}

static void dismiss_all(struct mqueues *qs, struct heap *waiters, enum mqueue_answer answer)
{
	for (struct mqueue_waiter *w; (w = first_waiter(waiters));)
		dismiss(qs, w, answer);
}

static void let_put(struct mqueues *qs, struct mqueue *q, struct mqueue_waiter *w)
{
	struct message *m = leave(qs, w);
	add(qs, q, m, ++qs->last_number);
	qs->served(qs->arg, w, MQUEUE_DONE, m);
	serve_getters(qs, q);
}

/* One who is served may cancel others, which makes room for more: that is served here, not deeper and deeper. */
static void serve_line(struct mqueues *qs)
{
	if (qs->serving)
		return;
	qs->serving = true;
	for (struct mqueue *q; (q = first_in_line(qs));) {
		struct mqueue_waiter *w = first_waiter(&q->putters);
		if (is_too_large(qs, w->message))
			dismiss(qs, w, MQUEUE_TOO_LARGE);
		else if (fits(qs, cost(w->message)))
			let_put(qs, q, w);
		else
			break;
	}
	qs->serving = false;
}

struct message *message_new(const void *bytes, size_t len)
{
	struct message *m = xmalloc(sizeof *m + len);
	*m = (struct message){.len = len};
	if (len > 0)
		memcpy(m->bytes, bytes, len);
	return m;
}

void message_free(struct message *m)
{
	free(m);
}

enum mqueue_answer mqueue_put(struct mqueues *qs, struct mqueue *q, struct message *m, struct mqueue_waiter *w)
{
	if (q->closed)
		return MQUEUE_END;
	if (is_too_large(qs, m))
		return MQUEUE_TOO_LARGE;
	if (can_put(qs, q, cost(m))) {
		add(qs, q, m, ++qs->last_number);
		serve_getters(qs, q);
		return MQUEUE_DONE;
	}
	if (w)
		stand(qs, q, w, m);
	return MQUEUE_WAIT;
}

void mqueue_restore(struct mqueues *qs, struct mqueue *q, struct message *m, uint64_t number)
{
	if (number > qs->last_number)
		qs->last_number = number;
	add(qs, q, m, number);
	serve_getters(qs, q);
}

enum mqueue_answer mqueue_get(struct mqueues *qs, struct mqueue *q, struct mqueue_waiter *w, struct message **m)
{
	*m = q->messages.count > 0 ? deliver(q) : NULL;
	if (*m)
		return MQUEUE_DONE;
	if (is_at_end(q))
		return MQUEUE_END;
	if (w)
		stand(qs, q, w, NULL);
	return MQUEUE_WAIT;
}

/* A queue is freed when it is deleted and nothing of it is left. */
static void free_if_over(struct mqueues *qs, struct mqueue *q)
{
	if (!q->deleted || q->deliveries > 0)
		return;
	qs->queue_bytes -= queue_cost(q->name);
	heap_clear(&q->messages);
	heap_clear(&q->putters);
	heap_clear(&q->getters);
	free(q);
}

void mqueue_acknowledge(struct mqueues *qs, struct message *delivery)
{
	struct mqueue *q = delivery->queue;
	q->deliveries--;
	discard(qs, delivery);
	line_up(qs, q);
	serve_getters(qs, q);
	free_if_over(qs, q);
	serve_line(qs);
}

void mqueue_give_back(struct mqueues *qs, struct message *delivery)
{
	struct mqueue *q = delivery->queue;
	if (q->deleted) {
		mqueue_acknowledge(qs, delivery);
		return;
	}
	q->deliveries--;
	heap_add(&q->messages, &delivery->turn, delivery->number);
	serve_getters(qs, q);
}

void mqueue_cancel(struct mqueues *qs, struct mqueue_waiter *w)
{
	if (!w->queue)
		return;
	message_free(leave(qs, w));
	serve_line(qs);
}

void mqueue_close(struct mqueues *qs, struct mqueue *q)
{
	q->closed = true;
	line_up(qs, q);
	dismiss_all(qs, &q->putters, MQUEUE_END);
	serve_getters(qs, q);
	serve_line(qs);
}

static bool is_name(const char *name)
{
	size_t len = strlen(name), plain = 0;
	while (plain < len && (unsigned char)name[plain] >= ' ' && name[plain] != '\x7f')
		plain++;
	return len > 0 && len <= MQUEUE_NAME_MAX && plain == len;
}

struct mqueue *mqueue_find(const struct mqueues *qs, const char *name)
{
	struct mqueue *q;
	HASH_FIND_STR(qs->queues, name, q);
	return q;
}

struct mqueue *mqueue_next(const struct mqueues *qs, const struct mqueue *q)
{
	return q ? q->hh.next : qs->queues;
}

size_t mqueue_count(const struct mqueues *qs)
{
	return HASH_COUNT(qs->queues);
}

/* NULL and errno: there is one, or there can be none. */
static struct mqueue *make(struct mqueues *qs, const char *name, uint64_t maxsize, bool has_memory)
{
	errno = mqueue_find(qs, name) ? EEXIST : !is_name(name) ? EINVAL : !has_memory ? ENOSPC : 0;
	if (errno)
		return NULL;
	struct mqueue *q = xcalloc(1, sizeof *q + strlen(name) + 1);
	memcpy(q->name, name, strlen(name));
	q->maxsize = maxsize;
	qs->queue_bytes += queue_cost(name);
	HASH_ADD_STR(qs->queues, name, q);
	return q;
}

struct mqueue *mqueue_create(struct mqueues *qs, const char *name, uint64_t maxsize)
{
	return make(qs, name, maxsize, qs->line.count == 0 && fits(qs, queue_cost(name)));
}

struct mqueue *mqueue_restore_queue(struct mqueues *qs, const char *name, uint64_t maxsize)
{
	return make(qs, name, maxsize, true);
}

void mqueue_delete(struct mqueues *qs, struct mqueue *q)
{
	HASH_DELETE(hh, qs->queues, q);
	q->closed = q->deleted = true;
	line_up(qs, q);
	while (q->messages.count > 0)
		discard(qs, take(q));
	dismiss_all(qs, &q->putters, MQUEUE_GONE);
	dismiss_all(qs, &q->getters, MQUEUE_GONE);
	free_if_over(qs, q);
	serve_line(qs);
}

struct mqueue_state mqueue_look(const struct mqueues *qs, const struct mqueue *q)
{
	return (struct mqueue_state){
		.name = q->name,
		.maxsize = q->maxsize,
		.size = q->messages.count,
		.full = !can_put(qs, q, MESSAGE_OVERHEAD),
		.closed = q->closed,
	};
}

void mqueues_init(struct mqueues *qs, size_t bytes_max)
{
	*qs = (struct mqueues){.bytes_max = bytes_max, .served = qs->served, .arg = qs->arg};
}

void mqueues_clear(struct mqueues *qs)
{
	while (qs->queues)
		mqueue_delete(qs, qs->queues);
	heap_clear(&qs->line);
	mqueues_init(qs, qs->bytes_max);
}
