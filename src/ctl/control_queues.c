/* SPDX-License-Identifier: MIT
 *
 * Message queues: put, get and what belongs to them.
 */
#include <config.h>

#include "ctl/control.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"

/* A client that waits to put, or to get. */
struct turn {
	struct asked asked; /* first */
	struct mqueue_waiter waiter;
	struct control *control;
	bool gets;
	size_t bytes; /* of the message that it wants to put */
};

/* NULL: that has been said. */
static struct mqueue *find_queue(struct request *rq)
{
	struct control *c = rq->arg;
	const char *name = request_string(rq, "queue");
	struct mqueue *q = mqueue_find(&c->queues, name);
	if (!q)
		request_fail(rq, "no-queue", "there is no queue '%s'", name);
	return q;
}

/* Answers. */

static void say_delivery(struct connection *to, json_t *reply, struct message *m)
{
	struct handed *h = xcalloc(1, sizeof *h);
	h->number = m->number;
	h->what = m;
	HASH_ADD(hh, to->handed, number, sizeof h->number, h);
	reply_set(reply, "ok", jansson.yes());
	reply_set(reply, "message", jansson_bytes(m->bytes, m->len));
	reply_set(reply, "delivery", jansson.integer((json_int_t)m->number));
	reply_say(to, reply);
}

static void record_put(struct control *c, const struct message *m)
{
	if (c->config.db)
		db_put(c->config.db, mqueue_look(&c->queues, m->queue).name, m->number, m->bytes, m->len);
}

static void say_end(struct connection *to, json_t *reply, enum mqueue_answer answer)
{
	if (answer == MQUEUE_GONE)
		reply_fail(to, reply, "no-queue", "the queue has been deleted");
	else if (answer == MQUEUE_TOO_LARGE)
		reply_fail(to, reply, "no-room", "the message is larger than what the queues leave for messages (--queue-memory)");
	else
		reply_fail(to, reply, "end", "the queue is closed");
}

static void free_turn(struct turn *t)
{
	t->control->waiting_bytes -= t->bytes;
	free(t);
}

/* One that has waited. */
static void on_served(void *arg, struct mqueue_waiter *w, enum mqueue_answer answer, struct message *m)
{
	struct control *c = arg;
	struct turn *t = w->owner;
	struct connection *to;
	bool gets = t->gets;
	json_t *reply = asked_end(&t->asked, &to);
	free_turn(t);
	if (answer != MQUEUE_DONE) {
		say_end(to, reply, answer);
	} else if (gets) {
		say_delivery(to, reply, m);
	} else {
		record_put(c, m);
		reply_set(reply, "ok", jansson.yes());
		reply_say(to, reply);
	}
}

static void cancel_turn(struct asked *a)
{
	struct turn *t = (struct turn *)a;
	mqueue_cancel(&t->control->queues, &t->waiter);
	free_turn(t);
}

static void on_late(void *arg)
{
	struct turn *t = arg;
	struct connection *to;
	json_t *reply = asked_end(&t->asked, &to);
	mqueue_cancel(&t->control->queues, &t->waiter);
	reply_fail(to, reply, "timeout", t->gets ? "the time is up; no message has come" : "the time is up; there was no room");
	free_turn(t);
}

/* NULL: it shall not wait. */
static struct turn *new_turn(struct request *rq, bool gets)
{
	if (request_has(rq, "nowait"))
		return NULL;
	struct turn *t = xcalloc(1, sizeof *t);
	t->control = rq->arg;
	t->gets = gets;
	t->waiter.owner = t;
	return t;
}

/* It stands in line, and the reply comes later; else the turn is not needed. */
static void settle_turn(struct turn *t, struct request *rq, enum mqueue_answer answer)
{
	struct control *c = rq->arg;
	if (t && answer == MQUEUE_WAIT) {
		c->waiting_bytes += t->bytes;
		asked_wait(&t->asked, rq, c->config.loop, on_late, cancel_turn);
	} else {
		free(t);
	}
}

/* As many bytes may wait to be put as may be in queues. */
static bool may_wait(const struct control *c, const struct message *m)
{
	return c->waiting_bytes + m->len <= c->config.queue_memory;
}

/* Takes over the message. */
static void put(struct request *rq, struct mqueue *q, struct message *m)
{
	struct control *c = rq->arg;
	struct turn *t = may_wait(c, m) ? new_turn(rq, false) : NULL;
	if (t)
		t->bytes = m->len;
	enum mqueue_answer answer = mqueue_put(&c->queues, q, m, t ? &t->waiter : NULL);
	bool waits = t && answer == MQUEUE_WAIT;
	settle_turn(t, rq, answer);
	if (waits)
		return;
	if (answer == MQUEUE_DONE) {
		record_put(c, m);
		reply_ok(rq);
		return;
	}
	message_free(m);
	if (answer == MQUEUE_WAIT && request_has(rq, "nowait"))
		request_fail(rq, "full", "queue '%s' is full", mqueue_look(&c->queues, q).name);
	else if (answer == MQUEUE_WAIT)
		request_fail(rq, "no-room", "too many bytes wait to be put (--queue-memory)");
	else
		say_end(rq->from, reply_new(rq), answer);
}

void control_put(struct request *rq)
{
	struct mqueue *q = find_queue(rq);
	struct buf bytes = {0};
	if (!q)
		return;
	request_bytes(rq, "message", &bytes);
	put(rq, q, message_new(buf_head(&bytes), buf_len(&bytes)));
	buf_clear(&bytes);
}

void control_get(struct request *rq)
{
	struct control *c = rq->arg;
	struct mqueue *q = find_queue(rq);
	struct message *m = NULL;
	if (!q)
		return;
	struct turn *t = new_turn(rq, true);
	enum mqueue_answer answer = mqueue_get(&c->queues, q, t ? &t->waiter : NULL, &m);
	settle_turn(t, rq, answer);
	if (answer == MQUEUE_DONE)
		say_delivery(rq->from, reply_new(rq), m);
	else if (answer == MQUEUE_END)
		say_end(rq->from, reply_new(rq), answer);
	else if (!t)
		request_fail(rq, "empty", "queue '%s' is empty", mqueue_look(&c->queues, q).name);
}

/* Deliveries. */

void control_acknowledge(struct request *rq)
{
	struct control *c = rq->arg;
	uint64_t number = 0;
	struct handed *h;
	request_number(rq, "delivery", &number);
	HASH_FIND(hh, rq->from->handed, &number, sizeof number, h);
	if (!h) {
		request_fail(rq, "bad-request", "delivery %" PRIu64 " is not one of this connection", number);
		return;
	}
	HASH_DELETE(hh, rq->from->handed, h);
	if (c->config.db)
		db_remove(c->config.db, number);
	mqueue_acknowledge(&c->queues, h->what);
	free(h);
	reply_ok(rq);
}

static int compare_numbers(const struct handed *a, const struct handed *b)
{
	return (a->number > b->number) - (a->number < b->number);
}

/* The one that was put first is for whoever waits first. */
void control_take_back(struct control *c, struct connection *from)
{
	HASH_SORT(from->handed, compare_numbers);
	for (struct handed *h; (h = from->handed); free(h)) {
		HASH_DELETE(hh, from->handed, h);
		mqueue_give_back(&c->queues, h->what);
	}
}

/* The queues themselves. */

void control_create_queue(struct request *rq)
{
	struct control *c = rq->arg;
	const char *name = request_string(rq, "queue");
	uint64_t maxsize = 0;
	request_number(rq, "maxsize", &maxsize);
	if (mqueue_create(&c->queues, name, maxsize)) {
		if (c->config.db)
			db_create_queue(c->config.db, name, maxsize);
		reply_ok(rq);
	} else if (errno == EEXIST) {
		request_fail(rq, "exists", "there is a queue '%s' already", name);
	} else if (errno == ENOSPC) {
		request_fail(rq, "no-room", "queues and messages leave no room for one more queue (--queue-memory)");
	} else {
		request_fail(rq, "bad-request", "a queue has a name of 1 to %d bytes without control bytes", MQUEUE_NAME_MAX);
	}
}

void control_close_queue(struct request *rq)
{
	struct control *c = rq->arg;
	struct mqueue *q = find_queue(rq);
	if (!q)
		return;
	if (c->config.db)
		db_close_queue(c->config.db, mqueue_look(&c->queues, q).name);
	mqueue_close(&c->queues, q);
	reply_ok(rq);
}

void control_delete_queue(struct request *rq)
{
	struct control *c = rq->arg;
	struct mqueue *q = find_queue(rq);
	if (!q)
		return;
	if (c->config.db)
		db_delete_queue(c->config.db, mqueue_look(&c->queues, q).name);
	mqueue_delete(&c->queues, q);
	reply_ok(rq);
}

static void say_state(struct request *rq, const char *member, json_t *(*value)(const struct mqueue_state *))
{
	struct control *c = rq->arg;
	struct mqueue *q = find_queue(rq);
	if (!q)
		return;
	struct mqueue_state state = mqueue_look(&c->queues, q);
	json_t *reply = reply_new(rq);
	reply_set(reply, "ok", jansson.yes());
	reply_set(reply, member, value(&state));
	reply_say(rq->from, reply);
}

static json_t *size_of(const struct mqueue_state *state)
{
	return jansson.integer((json_int_t)state->size);
}

static json_t *is_empty(const struct mqueue_state *state)
{
	return state->size == 0 ? jansson.yes() : jansson.no();
}

static json_t *is_full(const struct mqueue_state *state)
{
	return state->full ? jansson.yes() : jansson.no();
}

void control_qsize(struct request *rq)
{
	say_state(rq, "qsize", size_of);
}

void control_empty(struct request *rq)
{
	say_state(rq, "empty", is_empty);
}

void control_full(struct request *rq)
{
	say_state(rq, "full", is_full);
}

static json_t *describe_queue(const struct mqueue_state *state)
{
	json_t *object = jansson.object();
	reply_set(object, "queue", jansson.string(state->name));
	reply_set(object, "state", jansson.string(state->closed ? "closed" : "open"));
	reply_set(object, "qsize", size_of(state));
	if (state->maxsize)
		reply_set(object, "maxsize", jansson.integer((json_int_t)state->maxsize));
	return object;
}

void control_list_queues(struct request *rq)
{
	struct control *c = rq->arg;
	for (struct mqueue *q = NULL; (q = mqueue_next(&c->queues, q));) {
		struct mqueue_state state = mqueue_look(&c->queues, q);
		json_t *part = reply_new(rq);
		reply_set(part, "queue", describe_queue(&state));
		reply_say(rq->from, part);
	}
	reply_ok(rq);
}

/* What an earlier run has left. */

static void restore_queue(void *arg, const char *name, uint64_t maxsize, bool closed)
{
	struct control *c = arg;
	struct mqueue *q = mqueue_restore_queue(&c->queues, name, maxsize);
	if (q && closed)
		mqueue_close(&c->queues, q);
}

static void restore_message(void *arg, const char *queue, uint64_t number, const void *bytes, size_t len)
{
	struct control *c = arg;
	struct mqueue *q = mqueue_find(&c->queues, queue);
	if (q)
		mqueue_restore(&c->queues, q, message_new(bytes, len), number);
}

int control_open_queues(struct control *c)
{
	c->queues.served = on_served;
	c->queues.arg = c;
	mqueues_init(&c->queues, c->config.queue_memory);
	if (!c->config.db)
		return 0;
	if (db_each_queue(c->config.db, restore_queue, c) < 0)
		return -1;
	return db_each_message(c->config.db, restore_message, c);
}
