/* SPDX-License-Identifier: MIT
 *
 * pool: tasks in, events out. Wires slots, sched and the workers' channels to the loop.
 *
 * Life cycle: pool_open; then in each turn pool_submit while pool_wants, pool_turn, loop_turn; when
 * pool_idle and no more tasks come, pool_close. It knows nothing of where tasks come from, nor of what observers make of
 * its events. Workers are forked when a task waits and none is idle.
 */
#ifndef POOL_POOL_H
#define POOL_POOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/loop.h"
#include "pool/gate.h"
#include "pool/median.h"
#include "pool/observer.h"
#include "pool/queue.h"
#include "pool/retry.h"
#include "pool/sched.h"
#include "pool/shortage.h"
#include "proto/msg.h"

struct pool_config {
	unsigned jobs;
	unsigned ahead_max;            /* so many tasks may be sent ahead to a worker, if they are short; 0: none */
	bool prove;                    /* ... but not before one of them could be executed */
	size_t queue_size;             /* tasks that may wait */
	bool queue_grows;              /* ... or as many as are sent ahead, where that is more */
	uint64_t max_tasks_per_worker; /* 0: no limit */
	uint64_t timeout_ns;           /* of an attempt; 0: none, or as the next says */
	unsigned timeout_percent;      /* of the median runtime of the attempts that succeeded; 0: none */
	uint64_t kill_after_ns;        /* from TERM to KILL */
	unsigned retries;
	struct retry_policy retry;     /* how long to wait before them */
	bool in_turn;                  /* no task starts while one before it waits for its next attempt */
	struct gate_config gate;       /* what must be so before anything is started; goes with `ahead_max` 0 */
	bool quiet;                    /* say nothing of shortages */
	const char *via;               /* borrowed; a command to reach workers through, or NULL: fork */
	int (*serve)(int rfd, int wfd, void *arg); /* what a forked worker does */
	void *serve_arg;
	const int *kept_fds;           /* borrowed; PEER_KEPT_MAX that forked workers keep open until they end; NULL: none */
	struct msg setup;              /* what each worker is told first; its strings are borrowed */
	/* Called before workers are written to, once for all of them, if any has been given tasks, or called some back: what
	 * must be on record before a task runs. False: it cannot be; then they are killed, and see nothing of it. It never
	 * calls the pool. NULL: none. */
	bool (*before_write)(void *arg);
	void *before_write_arg;
};

enum pool_stop {
	POOL_RUNS,
	POOL_STOP_SOON, /* start nothing more, let finish what runs */
	POOL_STOP_NOW,  /* TERM to what runs, KILL after kill_after_ns */
	POOL_STOP_KILL, /* KILL at once */
};

struct slot;
struct link;

struct pool {
	struct pool_config config;
	struct loop *loop;           /* borrowed */
	struct observer *observers;  /* borrowed */
	struct sched sched;
	struct slot **slots;         /* owned; made as they are needed */
	size_t n_slots;
	struct link *links;          /* owned; all workers, those that are on their way out too */
	size_t lingering;            /* of those that are on their way out: their worker commands have not ended */
	struct link *posted;         /* borrowed; those with something to write at the end of this turn */
	struct queue queue;          /* tasks that wait for a worker */
	struct retry retry;          /* tasks that wait for the time of their next attempt: neither waiting nor running */
	bool gated;
	struct gate gate;            /* if `gated` */
	struct timer ask_gate;       /* it was closed; when to ask again */
	size_t running;              /* tasks given to workers, sent ahead included */
	struct shortage shortage;    /* of processes, fds or memory */
	struct timer recover;        /* ... may be over */
	bool warned_shortage, warned_rest;
	uint64_t pace_ns;            /* how long an attempt takes, on a running average */
	bool proven;                 /* a task has been executed */
	bool suspended;
	bool paused;                 /* by pool_pause */
	bool choked;                 /* as the observers wanted it last */
	uint64_t only_place;
	unsigned failed_starts;      /* workers in a row that ended before they were ready */
	struct median runtimes;      /* ns; of the attempts that succeeded; kept for timeout_percent only */
	enum pool_stop stop;
	bool dropped;                /* a task was not run, or ended, because of `stop` */
	bool orphans;                /* a worker died: what its task had started may be our children now */
	bool heirs;                  /* a worker has gone: what its tasks were allowed to leave may be ours now */
	char *error;                 /* owned; why the pool cannot go on, or NULL */
};

void pool_open(struct pool *p, const struct pool_config *config, struct loop *loop, struct observer *observers);

/* Has the queue room? Never true once it stops. */
bool pool_wants(const struct pool *p);

/* Hand over a task (with its hold). */
void pool_submit(struct pool *p, struct task *t);

/* The same for a task whose last attempt was running (task->attempt tells which it was) when an earlier forkpool was killed:
 * that attempt is lost, so the task is tried again if it may be, else it is over. */
void pool_submit_lost(struct pool *p, struct task *t);

/* The same for a task that was over when an earlier forkpool was killed, before all had been done that follows from that: the
 * observers are told again what it wrote, and how it ended. */
void pool_submit_over(struct pool *p, struct task *t, const struct outcome *o, struct bytes out, struct bytes err);

/* Do all that can be done now: start, send ahead, call back, and write it out. */
void pool_turn(struct pool *p);

/* Does an observer want nothing more to be started? */
bool pool_is_full(const struct pool *p);

/* For how long nothing need be looked at, since all workers have more than that to do; 0: not at all. Tasks must be very
 * short for it: then what many of them say is heard at once, where being woken for each would cost more than the task. */
uint64_t pool_rest_ns(const struct pool *p);

/* Nothing waits, for its next attempt either, and nothing runs? */
bool pool_idle(const struct pool *p);

/* End this task for good: no further attempt. One that waits is finished at once, as not started. One that runs gets TERM,
 * and KILL after kill_after_ns, or at once when it is killed again; its outcome is what comes of it. One that is with a
 * worker and has not begun is called back and finished, or ended if it begins before that. False: there is no such task here. */
bool pool_kill(struct pool *p, uint64_t seq);

/* Stop, or stop harder; never softer. */
void pool_stop(struct pool *p, enum pool_stop how);

/* Run so many tasks at once, at least one. If those are fewer, what runs goes on, what was sent ahead is called back, and
 * workers that are too many go. */
void pool_set_jobs(struct pool *p, unsigned jobs);

/* One more (+1) or fewer (-1). */
void pool_resize(struct pool *p, int delta);

/* How many tasks run, and how many workers there are. */
size_t pool_count_begun(const struct pool *p);
size_t pool_count_workers(const struct pool *p);

/* Start nothing, or go on with it. What runs goes on, and so does what a worker has that is not ready yet; what was sent
 * ahead is called back, with the next pool_turn. */
void pool_pause(struct pool *p, bool paused);

/* Take no output of this task, which runs, for now; and take it again. What stands behind it is called back first. One that
 * has been told to end is not held any more: its end would not be heard of. False: it does not run. */
bool pool_hold(struct pool *p, uint64_t seq, bool held);

/* What this worker runs; NULL: nothing, or it is none. */
const struct task *pool_task_of(const struct pool *p, pid_t worker);

/* The process of a task that runs, as far as it is this machine's; 0: not known. */
pid_t pool_task_pid(const struct pool *p, uint64_t seq);

/* Stop every task with SIGSTOP, and let them go on. */
void pool_suspend(struct pool *p);
void pool_resume(struct pool *p);

/* Is this pid one of its workers? */
bool pool_owns(const struct pool *p, pid_t pid);

/* End the workers and wait for them: nothing more will be run, but they may have something to say yet. */
void pool_dismiss(struct pool *p);

/* The same, then free everything. */
void pool_close(struct pool *p);

#endif
