/* SPDX-License-Identifier: MIT
 *
 * loop: one event loop over fds and timers, on epoll(7). It knows nothing of what they are for.
 *
 * Its clock can be stopped (loop_stop_clock): timers then stand still, and loop_now with them.
 * Events of one turn come before its timers, so that a completion that has already arrived is seen
 * before a timeout is declared.
 */
#ifndef BASE_LOOP_H
#define BASE_LOOP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/heap.h"

/* A watched fd; lives in its owner's struct. Zeroed with fd -1 it is not watched. */
struct watch {
	int fd; /* borrowed; unwatch before it is closed: an epoll registration can outlive the fd */
	uint32_t events;
	bool added;
	void (*ready)(void *arg, uint32_t events);
	void *arg;
};

/* A timer; lives in its owner's struct. Zeroed it is not set. */
struct timer {
	struct heap_item due; /* at so many nanoseconds of loop_now */
	void (*fire)(void *arg);
	void *arg;
};

struct loop {
	int epoll_fd;          /* owned */
	struct heap timers;    /* by when they are due; borrowed */
	uint64_t stood_ns;     /* for how long the clock stood still in all */
	uint64_t stopped_at;   /* 0: it runs */
	bool held_back;        /* the last turn fired no timers */
	struct watch *current[256]; /* of this turn; one that is unwatched meanwhile is struck out */
	int n_current;
};

/* -1 and errno. */
int loop_open(struct loop *l);
void loop_close(struct loop *l);

/* Watch `w->fd` for `events` (EPOLLIN, EPOLLOUT), or change what it is watched for. -1 and errno;
 * EPERM: a file that cannot be waited for and is always ready. */
int loop_watch(struct loop *l, struct watch *w, uint32_t events);
void loop_unwatch(struct loop *l, struct watch *w);

/* Monotonic nanoseconds, less the time that the clock stood still. */
uint64_t loop_now(const struct loop *l);
void loop_stop_clock(struct loop *l);
void loop_start_clock(struct loop *l);

/* Set (or move) a timer to fire `after_ns` from now; cancel it if it is set. */
void loop_set_timer(struct loop *l, struct timer *t, uint64_t after_ns);
void loop_cancel_timer(struct loop *l, struct timer *t);
bool loop_timer_is_set(const struct timer *t);

/* Wait for events or the next timer, then call what became ready, then what is due. With `wait` false
 * only what is ready now. -1 and errno if the kernel refuses. */
int loop_turn(struct loop *l, bool wait);

#endif
