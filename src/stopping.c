/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "stopping.h"

#include <errno.h>
#include <signal.h>
#include <string.h>

#include "base/array.h"
#include "base/clock.h"
#include "base/report.h"
#include "base/signals.h"

static void stop(struct run *r, enum pool_stop how)
{
	pool_stop(&r->pool, how);
	loop_unwatch(&r->loop, &r->input);
}

/* Callbacks have no more time, those that wait included. */
static void stop_callbacks(struct run *r, bool kill)
{
	r->calls_left |= !callback_idle(&r->callback);
	callback_stop(&r->callback, kill);
}

/* forkpool itself failed, and has said why: 125. */
void stopping_give_up(struct run *r)
{
	r->broken = true;
	stop(r, POOL_STOP_NOW);
	stop_callbacks(r, false);
}

void stopping_abandon(void *arg)
{
	((struct run *)arg)->abandoned = true;
}

/* The first asks the tasks to end, the second kills them. */
static void on_stop_signal(struct run *r, int signo)
{
	bool again = r->signo != 0;
	size_t n = pool_count_begun(&r->pool);
	if (!again && !r->options->quiet)
		warn_msg("SIG%s: ending %zu task%s; the next signal kills", sigabbrev_np(signo), n, n == 1 ? "" : "s");
	if (!again)
		r->signo = signo;
	stop(r, again ? POOL_STOP_KILL : POOL_STOP_NOW);
	stop_callbacks(r, again);
	r->abandoned |= again;
}

static void resume(struct run *r)
{
	if (!r->pool.suspended)
		return;
	loop_start_clock(&r->loop);
	pool_resume(&r->pool);
	callback_signal(&r->callback, SIGCONT);
}

/* Ctrl-Z: the tasks first, then this process; when it goes on, they do. */
static void suspend(struct run *r)
{
	pool_suspend(&r->pool);
	callback_signal(&r->callback, SIGSTOP);
	loop_stop_clock(&r->loop);
	signals_stop_self();
	resume(r);
}

void stopping_on_signals(void *arg, uint32_t events)
{
	static const int stopping[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};
	struct run *r = arg;
	(void)events;
	uint64_t taken = signals_take(r->signals.fd);
	r->orphans.child_died |= signals_has(taken, SIGCHLD);
	if (signals_has(taken, SIGCHLD))
		callback_reap(&r->callback);
	if (signals_has(taken, SIGCONT))
		resume(r);
	if (signals_has(taken, SIGUSR1) && !r->options->sync)
		pool_resize(&r->pool, 1);
	if (signals_has(taken, SIGUSR2))
		pool_resize(&r->pool, -1);
	for (size_t i = 0; i < ARRAY_LEN(stopping); i++)
		if (signals_has(taken, stopping[i]))
			on_stop_signal(r, stopping[i]);
	if (signals_has(taken, SIGTSTP))
		suspend(r);
}

/* When forkpool stops the run: was there more to do? What is not known to be nothing counts. */
bool stopping_note_input_left(struct run *r)
{
	struct task *t = NULL;
	if (r->feed_ended)
		return false;
	enum feed_state state;
	while ((state = feed_next(r->feed, &t)) == FEED_SKIPPED)
		;
	if (t)
		task_drop(t);
	r->feed_ended = true;
	r->input_left = state != FEED_END;
	return r->input_left;
}

/* What the observers and the pool have come to. */

/* The reader of standard output is gone: that is no fault, but the end. */
static bool reader_is_gone(const struct run *r)
{
	return r->output.sinks[0].error == EPIPE && !signals_was_ignored(SIGPIPE);
}

/* Says what has gone wrong here, if anything has. */
static bool has_failed(const struct run *r)
{
	if (r->output.sinks[0].error)
		warn_msg("cannot write standard output: %s", strerror(r->output.sinks[0].error));
	else if (r->output.sinks[1].error && r->output.used[1])
		warn_msg("cannot write standard error: %s", strerror(r->output.sinks[1].error));
	else if (r->output.broken)
		warn_msg("%s", r->output.broken);
	else if (r->filing.error)
		warn_msg("%s", r->filing.error);
	else if (r->pool.error)
		warn_msg("%s", r->pool.error);
	else if (r->db && db_error(r->db))
		warn_msg("--state '%s': %s", r->options->state, db_error(r->db));
	else if (r->journal.error)
		warn_msg("%s", r->journal.error);
	else if (r->callback.error)
		warn_msg("cannot run a callback: %s", strerror(r->callback.error));
	else
		return false;
	return true;
}

static void check_self(struct run *r)
{
	if (r->broken || r->signo)
		return;
	if (reader_is_gone(r)) {
		r->signo = SIGPIPE;
		stop(r, POOL_STOP_NOW);
		stop_callbacks(r, false);
	} else if (has_failed(r)) {
		stopping_give_up(r);
	}
}

static void halt(struct run *r)
{
	size_t n = pool_count_begun(&r->pool);
	stopping_note_input_left(r);
	if (n > 0 && !r->options->quiet)
		warn_msg("--halt: %s %zu task%s", r->halt.tripped == POOL_STOP_SOON ? "waiting for" : "ending", n,
			 n > 1 ? "s" : "");
	stop(r, r->halt.tripped);
}

/* As a halt, but callbacks have no more time either. False: there was nothing more to do. */
static bool cut_short(struct run *r, const char *why)
{
	bool calls = !callback_idle(&r->callback);
	bool more = stopping_note_input_left(r) || calls || !pool_idle(&r->pool);
	if (!more)
		return false;
	warn_msg("%s; ending the run", why);
	stop(r, POOL_STOP_NOW);
	stop_callbacks(r, false);
	return true;
}

void stopping_on_deadline(void *arg)
{
	struct run *r = arg;
	if (r->signo || r->broken)
		return;
	r->control.closed = true; /* what only waits for clients has no more time to do so either */
	r->out_of_time = cut_short(r, "--deadline: the time is over");
}

/* Draw the consequences. Each is drawn once; true if there was a new one. */
bool stopping_check(struct run *r)
{
	enum pool_stop before = r->pool.stop;
	check_self(r);
	if (r->verdict.condemned)
		stop(r, POOL_STOP_SOON);
	if (r->halt.tripped > r->pool.stop)
		halt(r);
	if (r->control.terminated && r->pool.stop < POOL_STOP_NOW && !r->terminated)
		r->terminated = cut_short(r, "terminated by a client");
	return r->pool.stop != before;
}
