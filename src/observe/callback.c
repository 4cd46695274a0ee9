/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "observe/callback.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/report.h"
#include "base/wait.h"
#include "base/xalloc.h"
#include "worker/guard.h"
#include "process/environment.h"

/* So many may wait before the pool starts no more tasks. */
enum { WAITING_MAX = 100 };

/* So often one is put off for want of processes or fds, a tenth of a second each time. */
enum { PUT_OFF_MAX = 100 };

/* execve(2) takes no longer string in the environment, its name and NUL included. */
#define COMMAND_MAX (131072 - sizeof "FORKPOOL_COMMAND=")

struct call {
	struct call *next;
	struct task *task;      /* held */
	struct outcome outcome;
	unsigned slot;
	char *host;             /* owned */
	struct spool input;
};

/* What is to be done, and what has been. */

static void call_free(struct callback *c, struct call *call)
{
	spool_clear(&call->input, c->store);
	call->task->call = NULL;
	task_drop(call->task);
	free(call->host);
	free(call);
}

static struct call *call_of(struct task *t)
{
	if (t->call)
		return t->call;
	struct call *call = xcalloc(1, sizeof *call);
	call->task = t;
	task_hold(t);
	t->call = call;
	return call;
}

static const char *command_for(const struct callback *c, const struct outcome *o)
{
	return outcome_ok(o) ? c->config.on_success : c->config.on_failure;
}

static void enqueue(struct callback *c, const struct pool_event *e)
{
	struct call *call = call_of(e->task);
	call->outcome = *e->outcome;
	call->slot = e->slot;
	call->host = xstrdup(e->host);
	*(c->last ? &c->last->next : &c->first) = call;
	c->last = call;
	c->waiting++;
	c->observer.full |= c->config.sync;
}

static void on_over(struct callback *c, const struct pool_event *e)
{
	bool wanted = e->kind == POOL_FINISHED && !e->outcome->stopped && command_for(c, e->outcome);
	e->task->unfinished = wanted; /* until it has been judged */
	if (wanted && !c->stopped)
		enqueue(c, e);
	else if (e->task->call)
		call_free(c, e->task->call);
}

static void on_event(struct observer *observer, const struct pool_event *e)
{
	struct callback *c = (struct callback *)observer;
	if (e->kind == POOL_OUTPUT && e->task && e->stream == 1)
		spool_add(&call_of(e->task)->input, c->store, e->bytes, e->len);
	else if (e->kind == POOL_FAILED && e->task->call)
		spool_clear(&((struct call *)e->task->call)->input, c->store);
	else if (e->kind == POOL_FINISHED || e->kind == POOL_DROPPED)
		on_over(c, e);
}

/* The environment of a callback. */

static void add_number(struct buf *b, const char *name, uint64_t n)
{
	buf_addf(b, "FORKPOOL_%s=%" PRIu64, name, n);
	buf_addc(b, '\0');
}

static void add_seconds(struct buf *b, const char *name, uint64_t us)
{
	buf_addf(b, "FORKPOOL_%s=%" PRIu64 ".%06" PRIu64, name, us / 1000000, us % 1000000);
	buf_addc(b, '\0');
}

static void add_text(struct buf *b, const char *name, const char *text)
{
	buf_addf(b, "FORKPOOL_%s=%.*s", name, (int)COMMAND_MAX, text);
	buf_addc(b, '\0');
}

static void describe(const struct call *call, struct buf *b)
{
	const struct outcome *o = &call->outcome;
	struct buf command = {0};
	command_print(&call->task->command, call->slot ? call->slot : 1, &command);
	buf_addc(&command, '\0');
	add_text(b, "COMMAND", buf_head(&command));
	add_text(b, "OUTCOME", outcome_name(o->kind));
	add_text(b, "HOST", call->host);
	add_number(b, "SEQ", call->task->seq);
	add_number(b, "SLOT", call->slot);
	add_number(b, "ATTEMPT", call->task->attempt);
	add_number(b, "EXIT", o->kind == OUTCOME_EXITED ? (uint64_t)o->code : 0);
	add_number(b, "SIGNAL", (uint64_t)outcome_signal(o));
	add_seconds(b, "RUNTIME", o->runtime_ns / 1000);
	add_seconds(b, "UTIME", o->utime_us);
	add_seconds(b, "STIME", o->stime_us);
	add_number(b, "MAXRSS", o->maxrss_kib);
	add_number(b, "TASK_PID", (uint64_t)o->pid);
	add_number(b, "PID", (uint64_t)getpid());
	buf_clear(&command);
}

/* Its beginning. */

static int start_guard(struct callback *c, int input_rfd)
{
	struct environment environment;
	struct buf added = {0};
	describe(c->now, &added);
	environment_init(&environment, buf_head(&added), buf_len(&added));
	c->pid = guard_start(&(struct guard_spec){
		.command = command_for(c, &c->now->outcome),
		.envp = environment_for(&environment, 0, 0, 0, NULL),
		.stdin_fd = input_rfd >= 0 ? input_rfd : c->config.null_fd,
		.stdout_fd = c->pipes.out.wfd >= 0 ? c->pipes.out.wfd : 1,
		.stderr_fd = c->pipes.err.wfd >= 0 ? c->pipes.err.wfd : 2,
		.leave = c->config.leave,
		.origin = c->config.origin});
	environment_clear(&environment);
	buf_clear(&added);
	return c->pid < 0 ? -1 : 0;
}

static void forget(struct callback *c)
{
	loop_cancel_timer(c->loop, &c->timer);
	pipes_close(&c->pipes);
	call_free(c, c->now);
	c->now = NULL;
	c->pid = 0;
}

/* The end of the one that runs is being brought about. */

static void drop_waiting(struct callback *c)
{
	for (struct call *call; (call = c->first); ) {
		c->first = call->next;
		call_free(c, call);
	}
	c->last = NULL;
	c->waiting = 0;
}

static void kill_now(void *arg)
{
	const struct callback *c = arg;
	guard_signal(c->pid, SIGKILL);
}

static void terminate(struct callback *c)
{
	c->told_to_end = true;
	guard_signal(c->pid, SIGTERM);
	guard_signal(c->pid, SIGCONT);
	c->timer.fire = kill_now;
	loop_set_timer(c->loop, &c->timer, c->config.kill_after_ns);
}

static void on_timeout(void *arg)
{
	terminate(arg);
}

static void try_again(void *arg)
{
	(void)arg; /* callback_turn sees that the timer is not set any more */
}

/* For want of processes or fds it waits, first in line as before. */
static void put_off(struct callback *c)
{
	struct call *call = c->now;
	pipes_close(&c->pipes);
	call->next = c->first;
	c->first = call;
	if (!c->last)
		c->last = call;
	c->waiting++;
	c->now = NULL;
	c->pid = 0;
	c->timer.fire = try_again;
	loop_set_timer(c->loop, &c->timer, 100 * NS_PER_MS);
}

static void take_first(struct callback *c)
{
	c->now = c->first;
	c->first = c->now->next;
	if (!c->first)
		c->last = NULL;
	c->now->next = NULL;
	c->waiting--;
}

static void start(struct callback *c)
{
	int input_rfd, error = 0;
	take_first(c);
	if (pipes_open(&c->pipes, &c->now->input, c->config.capture, &input_rfd) < 0 || start_guard(c, input_rfd) < 0)
		error = errno;
	fdio_close(&input_rfd);
	if (spawn_is_shortage(error) && c->put_off < PUT_OFF_MAX) {
		c->put_off++;
		put_off(c);
	} else if (error) {
		c->error = error;
		forget(c);
	} else {
		c->put_off = 0;
		c->told_to_end = false;
		pipes_started(&c->pipes);
		c->timer.fire = on_timeout;
		if (c->config.timeout_ns)
			loop_set_timer(c->loop, &c->timer, c->config.timeout_ns);
	}
}

/* Its end. */

static void judge(struct callback *c, int status)
{
	struct outcome o = {.kind = WIFSIGNALED(status) ? OUTCOME_SIGNALLED : OUTCOME_EXITED};
	char what[64], text[128];
	o.code = WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status);
	bool succeeded = outcome_ok(&o) && !c->told_to_end;
	c->now->task->unfinished = !succeeded && c->stopped;
	if (succeeded)
		return;
	c->failed = true;
	outcome_describe(&o, what, sizeof what);
	snprintf(text, sizeof text, "its callback failed: %s", c->told_to_end && !c->stopped ? "timed out" : what);
	if (!c->stopped)
		verdict_warn(c->now->task, c->now->slot, text);
}

static void hand_over(struct callback *c)
{
	output_add(c->output, &c->pipes.kept[0], &c->pipes.kept[1]);
}

void callback_reap(struct callback *c)
{
	int status;
	if (!c->now || waitpid(c->pid, &status, WNOHANG) != c->pid)
		return;
	c->ended = true;
	pipes_drain(&c->pipes);
	judge(c, status);
	hand_over(c);
	forget(c);
}

/* Without room its output goes out in pieces: it would never end if it had to wait with it. */
static void make_room(struct callback *c)
{
	if (c->pipes.paused)
		hand_over(c);
	pipes_resume(&c->pipes);
}

void callback_turn(struct callback *c)
{
	make_room(c);
	if (c->pipes.error && !c->error)
		c->error = c->pipes.error;
	if (!c->now && c->first && !c->stopped && !loop_timer_is_set(&c->timer))
		start(c);
	c->observer.full = c->waiting > WAITING_MAX || (c->config.sync && !callback_idle(c));
}

bool callback_idle(const struct callback *c)
{
	return !c->now && !c->first;
}

bool callback_owns(const struct callback *c, pid_t pid)
{
	return c->now && c->pid == pid;
}

void callback_signal(const struct callback *c, int signo)
{
	if (c->now)
		guard_signal(c->pid, signo);
}

void callback_stop(struct callback *c, bool kill_it)
{
	c->stopped = true;
	drop_waiting(c);
	if (c->now && kill_it)
		kill_now(c);
	else if (c->now && !c->told_to_end)
		terminate(c);
}

void callback_open(struct callback *c, const struct callback_config *config, struct loop *loop, struct store *store,
		   struct output *output)
{
	*c = (struct callback){.observer.on_event = on_event, .config = *config, .loop = loop, .store = store,
			       .output = output};
	pipes_init(&c->pipes, loop, store);
	c->timer.arg = c;
}

void callback_close(struct callback *c)
{
	callback_stop(c, true);
	if (c->now) {
		wait_for_child(c->pid);
		forget(c);
	}
	pipes_clear(&c->pipes);
}
