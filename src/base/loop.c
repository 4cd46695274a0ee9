/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "base/loop.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/epoll.h>

#include "base/array.h"
#include "base/clock.h"
#include "base/fdio.h"
#include "base/xalloc.h"

int loop_open(struct loop *l)
{
	*l = (struct loop){.epoll_fd = epoll_create1(EPOLL_CLOEXEC)};
	return l->epoll_fd < 0 ? -1 : 0;
}

void loop_close(struct loop *l)
{
	fdio_close(&l->epoll_fd);
	free(l->heap);
	l->heap = NULL;
	l->n_timers = l->cap = 0;
}

int loop_watch(struct loop *l, struct watch *w, uint32_t events)
{
	if (w->added && w->events == events)
		return 0;
	struct epoll_event e = {.events = events, .data.ptr = w};
	if (epoll_ctl(l->epoll_fd, w->added ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, w->fd, &e) < 0)
		return -1;
	w->added = true;
	w->events = events;
	return 0;
}

void loop_unwatch(struct loop *l, struct watch *w)
{
	if (!w->added)
		return;
	epoll_ctl(l->epoll_fd, EPOLL_CTL_DEL, w->fd, NULL);
	w->added = false;
	for (int i = 0; i < l->n_current; i++)
		if (l->current[i] == w)
			l->current[i] = NULL;
}

uint64_t loop_now(const struct loop *l)
{
	return (l->stopped_at ? l->stopped_at : clock_ns()) - l->stood_ns;
}

void loop_stop_clock(struct loop *l)
{
	if (!l->stopped_at)
		l->stopped_at = clock_ns();
}

void loop_start_clock(struct loop *l)
{
	if (l->stopped_at)
		l->stood_ns += clock_ns() - l->stopped_at;
	l->stopped_at = 0;
}

static void put(struct loop *l, size_t place, struct timer *t)
{
	l->heap[place] = t;
	t->place = place;
}

static void sift_up(struct loop *l, size_t i, struct timer *t)
{
	for (; i > 1 && l->heap[i / 2]->due_ns > t->due_ns; i /= 2)
		put(l, i, l->heap[i / 2]);
	put(l, i, t);
}

static void sift_down(struct loop *l, size_t i, struct timer *t)
{
	for (size_t child; (child = 2 * i) <= l->n_timers; i = child) {
		if (child < l->n_timers && l->heap[child + 1]->due_ns < l->heap[child]->due_ns)
			child++;
		if (l->heap[child]->due_ns >= t->due_ns)
			break;
		put(l, i, l->heap[child]);
	}
	put(l, i, t);
}

bool loop_timer_is_set(const struct timer *t)
{
	return t->place > 0;
}

void loop_cancel_timer(struct loop *l, struct timer *t)
{
	if (t->place == 0)
		return;
	size_t hole = t->place;
	struct timer *last = l->heap[l->n_timers--];
	t->place = 0;
	if (last == t)
		return;
	if (hole > 1 && l->heap[hole / 2]->due_ns > last->due_ns)
		sift_up(l, hole, last);
	else
		sift_down(l, hole, last);
}

void loop_set_timer(struct loop *l, struct timer *t, uint64_t after_ns)
{
	loop_cancel_timer(l, t);
	uint64_t now = loop_now(l);
	t->due_ns = after_ns > UINT64_MAX - now ? UINT64_MAX : now + after_ns;
	if (l->n_timers + 2 > l->cap) {
		l->cap = l->cap ? 2 * l->cap : 16;
		l->heap = xrealloc(l->heap, l->cap, sizeof *l->heap);
	}
	sift_up(l, ++l->n_timers, t);
}

/* Milliseconds until the next timer, rounded up, so that it is due when we wake. */
static int timeout_ms(const struct loop *l)
{
	if (l->n_timers == 0 || l->stopped_at)
		return -1;
	uint64_t now = loop_now(l), due = l->heap[1]->due_ns;
	if (due <= now)
		return 0;
	uint64_t ms = (due - now + NS_PER_MS - 1) / NS_PER_MS;
	return ms > INT_MAX ? INT_MAX : (int)ms;
}

static void call_ready(struct loop *l, const struct epoll_event *events, int n)
{
	for (int i = 0; i < n; i++)
		l->current[i] = events[i].data.ptr;
	l->n_current = n;
	for (int i = 0; i < n; i++) {
		struct watch *w = l->current[i];
		if (w)
			w->ready(w->arg, events[i].events);
	}
	l->n_current = 0;
}

static void fire_due(struct loop *l)
{
	if (l->n_timers == 0 || l->stopped_at)
		return;
	uint64_t now = loop_now(l);
	while (l->n_timers > 0 && l->heap[1]->due_ns <= now) {
		struct timer *t = l->heap[1];
		loop_cancel_timer(l, t);
		t->fire(t->arg);
	}
}

int loop_turn(struct loop *l, bool wait)
{
	struct epoll_event events[ARRAY_LEN(l->current)];
	int n = epoll_wait(l->epoll_fd, events, ARRAY_LEN(l->current), wait ? timeout_ms(l) : 0);
	if (n < 0)
		return errno == EINTR ? 0 : -1;
	call_ready(l, events, n);
	/* A full batch means that more has happened than one call tells: the timers wait for it, once. */
	l->held_back = n == (int)ARRAY_LEN(l->current) && !l->held_back;
	if (!l->held_back)
		fire_due(l);
	return 0;
}
