/* SPDX-License-Identifier: MIT
 *
 * control: --listen: what clients ask of the pool, and what they are told.
 *
 * It calls the pool's verbs and hears of its events. What clients ask of the run as a whole it only notes: `closed` and
 * `terminated` are the run's to act on. No reply is sent before what it says is in the database, where there is one.
 * doc/CONTROL.md is the specification.
 *
 * Life cycle: control_open; in each turn control_turn; when the run is over control_tell_end; control_close. Zeroed it is
 * none, and all but control_open may be called.
 */
#ifndef CTL_CONTROL_H
#define CTL_CONTROL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/loop.h"
#include "ctl/connection.h"
#include "ctl/mqueue.h"
#include "ctl/request.h"
#include "ctl/submission.h"
#include "pool/observer.h"
#include "pool/pool.h"
#include "state/db.h"
#include "state/ledger.h"

#define CONTROL_TASKS_MAX 1000000 /* that wait for a worker, */
#define CONTROL_BYTES_MAX ((size_t)256 << 20) /* and of how many bytes */

struct control_config {
	const char *path;      /* of the socket */
	size_t connections_max;
	size_t queue_memory;   /* bytes of all queues and messages */
	unsigned jobs_max;     /* to which the pool may be resized */
	unsigned retries;      /* standard output of an attempt that another may follow is kept back */
	bool in_turn;          /* --sync: its size is fixed */
	struct submitter submitter;
	struct loop *loop;     /* borrowed, as all that follow */
	struct pool *pool;
	struct ledger *ledger;
	struct db *db;         /* NULL: none */
	struct store *store;   /* of output that is kept back */
};

#define CONTROL_PROTOCOL 1

struct wait;
struct join;
struct apply;

struct control {
	struct observer observer; /* first: events come in through it */
	struct control_config config;
	struct connections connections;
	struct mqueues queues;
	size_t waiting_bytes;     /* of messages that wait to be put */
	struct wait *waits_for_all; /* owned, as the next two */
	struct join *joins;
	struct apply *applied;
	bool open;
	bool closed;              /* no more tasks, but from those that run */
	bool terminated;          /* end what runs, and start nothing */
};

/* Listen. -1 with *why a message to free. */
int control_open(struct control *c, const struct control_config *config, char **why);

/* Must the run go on although nothing waits or runs? */
bool control_keeps_open(const struct control *c);

/* Put on record what was done, then answer. True: something has happened meanwhile, and it is to be done again. */
bool control_turn(struct control *c);

/* Are clients still to be told something, who go on taking it? It is to be asked again in each turn. */
bool control_owes(struct control *c);

/* The pool has ended, with this exit status: tell those who wait for it, and everybody what is left to tell. */
void control_tell_end(struct control *c, int status);
void control_close(struct control *c);

/* For its own parts only. */

/* Has the client been started by a task that runs? *task: by which, or NULL; `task` NULL: not wanted. */
bool control_comes_from_task(struct control *c, const struct connection *from, const struct task **task);

/* control_tasks.c */
void control_submit(struct request *rq);
void control_apply(struct request *rq);
void control_kill(struct request *rq);
void control_hold_applied(struct control *c); /* leave output in the workers where clients do not take it */
void control_hear_of_applied(struct apply *a, const struct pool_event *e);
void control_free_applied(struct control *c);

/* control_waits.c: the task is over, so is the pool. */
void control_wait(struct request *rq);
void control_join(struct request *rq);
void control_end_waits(struct control *c, const struct task *t);
void control_end_joins(struct control *c, int status);

/* control_show.c: what is said of a task, in memory or on disk, and its outcome, if it is over; NULL: there is none. */
json_t *control_describe(struct control *c, uint64_t seq, struct outcome *o);
void control_status(struct request *rq);
void control_list(struct request *rq);
void control_result(struct request *rq);

/* control_queues.c: -1: the database cannot be read. What a client that is gone has not acknowledged can be got again. */
int control_open_queues(struct control *c);
void control_take_back(struct control *c, struct connection *from);
void control_put(struct request *rq);
void control_get(struct request *rq);
void control_acknowledge(struct request *rq);
void control_create_queue(struct request *rq);
void control_close_queue(struct request *rq);
void control_delete_queue(struct request *rq);
void control_list_queues(struct request *rq);
void control_qsize(struct request *rq);
void control_empty(struct request *rq);
void control_full(struct request *rq);

#endif
