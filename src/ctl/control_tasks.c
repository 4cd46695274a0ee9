/* SPDX-License-Identifier: MIT
 *
 * submit, apply and kill.
 */
#include <config.h>

#include "ctl/control.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#include "base/xalloc.h"
#include "ctl/describe.h"

#define BACKLOG_MAX ((uint64_t)256 << 20) /* of output that a client has not taken: then its task waits */

/* A client that waits for the end of its task, and gets what it writes. */
struct apply {
	struct asked asked; /* first */
	struct apply *next, *prev;
	struct control *control;
	uint64_t seq;
	struct spool kept;  /* standard output of an attempt that another may follow */
	bool held;          /* the client does not take what it has got: the pool takes no more of it */
	struct outcome *outcome; /* owned; once it is over, and the client is being told */
};

/* Making tasks. */

/* False: a word holds a NUL. */
static bool read_words(const json_t *list, struct buf *words)
{
	for (size_t i = 0; i < jansson.array_size(list); i++) {
		size_t before = buf_len(words);
		jansson_take_bytes(jansson.array_get(list, i), words);
		if (memchr(buf_head(words) + before, '\0', buf_len(words) - before))
			return false;
		buf_addc(words, '\0');
	}
	return true;
}

/* Why no task is taken from this client now, or NULL. */
static const char *find_hindrance(struct request *rq, const char **error)
{
	struct control *c = rq->arg;
	const struct pool *p = c->config.pool;
	*error = "closed";
	if (p->stop)
		return "the pool is stopping: it takes no more tasks";
	if (c->closed && !control_comes_from_task(c, rq->from, NULL))
		return "the pool is closed: it takes no more tasks, but from those that run";
	*error = "no-room";
	if (p->queue.count >= CONTROL_TASKS_MAX || p->queue.bytes >= CONTROL_BYTES_MAX)
		return "too many tasks wait; try again later";
	return NULL;
}

/* NULL: that has been said. */
static char *read_directory(struct request *rq, bool *bad)
{
	struct buf text = {0};
	*bad = false;
	if (!request_bytes(rq, "directory", &text))
		return NULL;
	*bad = buf_len(&text) == 0 || *buf_head(&text) != '/' || memchr(buf_head(&text), '\0', buf_len(&text));
	if (*bad)
		request_fail(rq, "bad-request", "'directory' must be an absolute path");
	char *path = *bad ? NULL : buf_take(&text, NULL);
	buf_clear(&text);
	return path;
}

/* NULL: it is refused, and that has been said. */
static struct task *make_task(struct request *rq)
{
	struct control *c = rq->arg;
	const json_t *list = request_list(rq, "command");
	const char *name = request_string(rq, "name"), *error, *why = find_hindrance(rq, &error);
	struct buf words = {0};
	struct task *t = NULL;
	bool bad;
	if (why) {
		request_fail(rq, error, "%s", why);
		return NULL;
	}
	char *directory = read_directory(rq, &bad);
	if (bad)
		return NULL;
	if (read_words(list, &words))
		t = submission_make(&c->config.submitter, &words, jansson.array_size(list));
	else
		request_fail(rq, "bad-request", "'command' holds a NUL byte");
	buf_clear(&words);
	if (!t) {
		free(directory);
		return NULL;
	}
	t->directory = directory;
	t->name = name ? xstrdup(name) : NULL;
	return t;
}

void control_submit(struct request *rq)
{
	struct control *c = rq->arg;
	struct task *t = make_task(rq);
	if (!t)
		return;
	json_t *reply = reply_new(rq);
	reply_set(reply, "ok", jansson.yes());
	reply_set(reply, "task", jansson.integer((json_int_t)t->seq));
	pool_submit(c->config.pool, t);
	reply_say(rq->from, reply);
}

/* apply. */

static void free_apply(struct apply *a)
{
	struct control *c = a->control;
	DL_DELETE(c->applied, a);
	spool_clear(&a->kept, c->config.store);
	free(a->outcome);
	free(a);
}

/* As a command whose terminal has gone. */
static void abandon(struct asked *asked)
{
	struct apply *a = (struct apply *)asked;
	if (a->outcome)
		free_apply(a);
	else
		pool_kill(a->control->config.pool, a->seq);
}

void control_apply(struct request *rq)
{
	struct control *c = rq->arg;
	struct task *t = make_task(rq);
	if (!t)
		return;
	struct apply *a = xcalloc(1, sizeof *a);
	a->control = c;
	a->seq = t->seq;
	DL_PREPEND(c->applied, a);
	t->caller = a;
	asked_wait(&a->asked, rq, c->config.loop, NULL, abandon);
	pool_submit(c->config.pool, t);
}

static void take_output(struct apply *a, const struct pool_event *e)
{
	struct connection *to = a->asked.pending.connection;
	if (!to)
		return;
	if (e->stream == 1 && e->task->attempt <= a->control->config.retries)
		spool_add(&a->kept, a->control->config.store, e->bytes, e->len);
	else
		reply_output(to, a->asked.reply, e->stream, e->bytes, e->len);
}

static void answer(struct apply *a, const struct outcome *o)
{
	struct connection *to;
	json_t *reply = asked_end(&a->asked, &to);
	if (reply) {
		reply_set(reply, "ok", jansson.yes());
		reply_set(reply, "task", jansson.integer((json_int_t)a->seq));
		describe_outcome(reply, o);
		reply_say(to, reply);
	}
	free_apply(a);
}

static bool say_kept(struct pending *p)
{
	struct apply *a = (struct apply *)p;
	struct store *store = a->control->config.store;
	const char *bytes;
	ssize_t n = spool_peek(&a->kept, store, &bytes);
	if (n <= 0) {
		answer(a, a->outcome);
		return false;
	}
	reply_output(p->connection, a->asked.reply, 1, bytes, (size_t)n);
	spool_drop(&a->kept, store, (size_t)n);
	return true;
}

/* What has been kept may be much: too much to be put into lines while everybody waits. */
static void end_apply(struct apply *a, const struct outcome *o)
{
	struct connection *to = a->asked.pending.connection;
	if (!to || a->kept.len == 0) {
		answer(a, o);
		return;
	}
	a->outcome = xmalloc(sizeof *o);
	*a->outcome = *o;
	connection_tell(to, &a->asked.pending, say_kept);
}

static void forget_attempt(struct apply *a)
{
	spool_clear(&a->kept, a->control->config.store);
	a->held = false;
}

/* Also once the client is gone, or has all that is to come: the end of the task is not to be waited for then. */
void control_hold_applied(struct control *c)
{
	for (struct apply *a = c->applied; a; a = a->next) {
		const struct connection *to = a->asked.pending.connection;
		bool hold = to && to->out.len > BACKLOG_MAX;
		if (hold != a->held && pool_hold(c->config.pool, a->seq, hold))
			a->held = hold;
	}
}

void control_hear_of_applied(struct apply *a, const struct pool_event *e)
{
	if (e->kind == POOL_OUTPUT)
		take_output(a, e);
	else if (e->kind == POOL_FAILED)
		forget_attempt(a);
	else if (e->kind == POOL_FINISHED || e->kind == POOL_DROPPED)
		end_apply(a, e->outcome);
}

void control_free_applied(struct control *c)
{
	while (c->applied)
		free_apply(c->applied);
}

void control_kill(struct request *rq)
{
	struct control *c = rq->arg;
	uint64_t seq = 0;
	request_number(rq, "task", &seq);
	const struct ledger_entry *e = ledger_find(c->config.ledger, seq);
	if (pool_kill(c->config.pool, seq))
		reply_ok(rq);
	else if ((e && e->state == LEDGER_FINISHED) || (c->config.db && db_look(c->config.db, seq, NULL, NULL)))
		request_fail(rq, "finished", "task %" PRIu64 " has ended already", seq);
	else
		request_fail(rq, "no-task", "there is no task %" PRIu64, seq);
}
