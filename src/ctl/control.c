/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "ctl/control.h"

#include <inttypes.h>

#include "base/array.h"
#include "base/cpus.h"
#include "base/jobs.h"
#include "base/xalloc.h"
#include "process/kin.h"

/* The pool as a whole. */

/* 0: no number of jobs. The CPUs that count are those of the pool, not of who asks. */
static uint64_t wanted_jobs(const struct request *rq)
{
	const char *text = request_string(rq, "jobs");
	uint64_t n = 0;
	struct jobs jobs;
	if (!text)
		request_number(rq, "jobs", &n);
	else if (jobs_parse(text, &jobs) == 0)
		n = jobs_count(&jobs, jobs_need_cpus(&jobs) ? cpus_usable() : 1);
	return n;
}

static void set_jobs(struct request *rq)
{
	struct control *c = rq->arg;
	struct pool *p = c->config.pool;
	bool change = request_has(rq, "jobs");
	uint64_t jobs = wanted_jobs(rq);
	if (change && c->config.in_turn) {
		request_fail(rq, "bad-request", "this pool runs one task at a time, as --sync has it");
		return;
	}
	if (change && (jobs < 1 || jobs > c->config.jobs_max)) {
		request_fail(rq, "bad-request", "'jobs' must be 1 to %u, or N%%, +N or -N, from the CPUs", c->config.jobs_max);
		return;
	}
	if (change)
		pool_set_jobs(p, (unsigned)jobs);
	json_t *reply = reply_new(rq);
	reply_set(reply, "ok", jansson.yes());
	reply_set(reply, "jobs", jansson.integer((json_int_t)p->config.jobs));
	reply_say(rq->from, reply);
}

static void set_paused(struct request *rq, bool paused)
{
	struct control *c = rq->arg;
	pool_pause(c->config.pool, paused);
	reply_ok(rq);
}

static void pause_pool(struct request *rq)
{
	set_paused(rq, true);
}

static void continue_pool(struct request *rq)
{
	set_paused(rq, false);
}

static void close_pool(struct request *rq)
{
	struct control *c = rq->arg;
	c->closed = true;
	reply_ok(rq);
}

static void terminate_pool(struct request *rq)
{
	struct control *c = rq->arg;
	c->closed = c->terminated = true;
	reply_ok(rq);
}

#define TASK {"task", MEMBER_NUMBER, true}
#define COMMAND {"command", MEMBER_BYTES_LIST, true}, {"name", MEMBER_STRING, false}, {"directory", MEMBER_BYTES, false}
#define QUEUE {"queue", MEMBER_STRING, true}
#define TIMEOUT {"timeout", MEMBER_SECONDS, false}
#define NOWAIT {"nowait", MEMBER_TRUE, false}

static const struct verb verbs[] = {
	{"submit", {COMMAND}, control_submit, false},
	{"apply", {COMMAND}, control_apply, true},
	{"wait", {{"tasks", MEMBER_NUMBER_LIST, false}, TIMEOUT}, control_wait, true},
	{"result", {TASK}, control_result, false},
	{"status", {{"task", MEMBER_NUMBER, false}}, control_status, false},
	{"list", {{0}}, control_list, false},
	{"kill", {TASK}, control_kill, false},
	{"jobs", {{"jobs", MEMBER_NUMBER_OR_STRING, false}}, set_jobs, false},
	{"pause", {{0}}, pause_pool, false},
	{"continue", {{0}}, continue_pool, false},
	{"close", {{0}}, close_pool, false},
	{"terminate", {{0}}, terminate_pool, false},
	{"join", {TIMEOUT}, control_join, true},
	{"queue-create", {QUEUE, {"maxsize", MEMBER_NUMBER, false}}, control_create_queue, false},
	{"queue-close", {QUEUE}, control_close_queue, false},
	{"queue-delete", {QUEUE}, control_delete_queue, false},
	{"queue-list", {{0}}, control_list_queues, false},
	{"put", {QUEUE, {"message", MEMBER_BYTES, true}, TIMEOUT, NOWAIT}, control_put, true},
	{"get", {QUEUE, TIMEOUT, NOWAIT}, control_get, true},
	{"ack", {{"delivery", MEMBER_NUMBER, true}}, control_acknowledge, false},
	{"qsize", {QUEUE}, control_qsize, false},
	{"empty", {QUEUE}, control_empty, false},
	{"full", {QUEUE}, control_full, false},
};

/* What clients say and do. */

static void on_line(void *arg, struct connection *from, const char *line, size_t len)
{
	request_run(from, line, len, verbs, ARRAY_LEN(verbs), arg);
}

static void on_too_long(void *arg, struct connection *from)
{
	struct request rq = {.arg = arg, .from = from};
	request_fail(&rq, "too-long", "a request is a line of at most %zu bytes", LINE_MAX_BYTES);
}

static void on_refused(void *arg, struct connection *from, const char *why)
{
	struct request rq = {.arg = arg, .from = from};
	request_fail(&rq, "refused", "%s", why);
}

static void on_gone(void *arg, struct connection *from)
{
	control_take_back(arg, from);
}

static bool is_worker(const void *arg, pid_t pid)
{
	const struct control *c = arg;
	return pool_owns(c->config.pool, pid);
}

bool control_comes_from_task(struct control *c, const struct connection *from, const struct task **task)
{
	pid_t worker = kin_ancestor(from->pid, is_worker, c);
	const struct task *of = worker ? pool_task_of(c->config.pool, worker) : NULL;
	if (task)
		*task = of;
	return of != NULL;
}

/* What the pool does. */

static void on_event(struct observer *observer, const struct pool_event *e)
{
	struct control *c = (struct control *)observer;
	bool over = e->kind == POOL_FINISHED || e->kind == POOL_DROPPED;
	if (e->task && e->task->caller)
		control_hear_of_applied(e->task->caller, e);
	if (over)
		control_end_waits(c, e->task);
}

int control_open(struct control *c, const struct control_config *config, char **why)
{
	*c = (struct control){.observer.on_event = on_event, .config = *config};
	if (control_open_queues(c) < 0) {
		*why = xstrdup(db_error(config->db));
		return -1;
	}
	c->open = connections_open(&c->connections, &(struct connections_config){
		.path = config->path, .max = config->connections_max, .loop = config->loop, .on_line = on_line,
		.on_too_long = on_too_long, .on_refused = on_refused, .on_gone = on_gone, .arg = c}, why) == 0;
	return c->open ? 0 : -1;
}

bool control_keeps_open(const struct control *c)
{
	return c->open && !c->closed;
}

bool control_owes(struct control *c)
{
	bool can_speak = c->open && !(c->config.db && db_error(c->config.db));
	return can_speak && connections_owe(&c->connections);
}

/* False: what would be said may not be true tomorrow. */
static bool put_on_disk(struct control *c)
{
	if (!c->config.db)
		return true;
	db_commit(c->config.db, true);
	return !db_error(c->config.db);
}

bool control_turn(struct control *c)
{
	control_hold_applied(c);
	if (!c->open || !connections_speak(&c->connections))
		return false;
	if (!put_on_disk(c))
		return false;
	return connections_flush(&c->connections);
}

void control_tell_end(struct control *c, int status)
{
	if (!c->open)
		return;
	control_end_joins(c, status);
	if (put_on_disk(c))
		connections_end(&c->connections);
}

void control_close(struct control *c)
{
	if (!c->open)
		return;
	connections_close(&c->connections);
	control_free_applied(c);
	mqueues_clear(&c->queues);
	c->open = false;
}
