/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "base/loop.h"

#include <errno.h>
#include <limits.h>
#include <sys/epoll.h>

#include "base/array.h"
#include "base/clock.h"
#include "base/fdio.h"

int loop_open(struct loop *l)
{
	*l = (struct loop){.epoll_fd = epoll_create1(EPOLL_CLOEXEC)};
	return l->epoll_fd < 0 ? -1 : 0;
}

void loop_close(struct loop *l)
{
	fdio_close(&l->epoll_fd);
	heap_clear(&l->timers);
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

bool loop_timer_is_set(const struct timer *t)
{
	return t->due.place > 0;
}

void loop_cancel_timer(struct loop *l, struct timer *t)
{
	heap_remove(&l->timers, &t->due);
}

void loop_set_timer(struct loop *l, struct timer *t, uint64_t after_ns)
{
	uint64_t now = loop_now(l);
	loop_cancel_timer(l, t);
	heap_add(&l->timers, &t->due, after_ns > UINT64_MAX - now ? UINT64_MAX : now + after_ns);
}

/* Milliseconds until the next timer, rounded up, so that it is due when we wake. */
static int timeout_ms(const struct loop *l)
{
	const struct heap_item *next = heap_first(&l->timers);
	if (!next || l->stopped_at)
		return -1;
	uint64_t now = loop_now(l), due = next->key;
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
	struct heap_item *next = l->stopped_at ? NULL : heap_first(&l->timers);
	uint64_t now = next ? loop_now(l) : 0;
	for (; next && next->key <= now; next = heap_first(&l->timers)) {
		struct timer *t = HEAP_OF(next, struct timer, due);
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
