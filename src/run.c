/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "run.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "base/array.h"
#include "base/clock.h"
#include "base/report.h"
#include "base/signals.h"
#include "dryrun.h"
#include "setup.h"

#define ABANDON_NS NS_PER_SEC /* for the reader of our output, once a signal wants us to end */

/* So many items in one go, before the workers are looked at again. */
enum { FEED_BATCH = 256 };

/* Stopping. */

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
static void give_up(struct run *r)
{
	r->broken = true;
	stop(r, POOL_STOP_NOW);
	stop_callbacks(r, false);
}

static void on_abandon(void *arg)
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

static void on_signals(void *arg, uint32_t events)
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

/* Input. */

static void on_input(void *arg, uint32_t events)
{
	struct run *r = arg;
	(void)events;
	loop_unwatch(&r->loop, &r->input);
}

static void wait_for_input(struct run *r)
{
	r->input.fd = feed_fd(r->feed);
	if (loop_watch(&r->loop, &r->input, EPOLLIN) == 0)
		return;
	warn_sys("cannot wait for input");
	give_up(r);
}

static void end_input(struct run *r)
{
	r->feed_ended = true;
	halt_input_ended(&r->halt);
}

/* One item; false if there is none now. */
static bool feed_one(struct run *r)
{
	struct task *t;
	switch (feed_next(r->feed, &t)) {
	case FEED_TASK:
		pool_submit(&r->pool, t);
		return true;
	case FEED_SKIPPED:
		return true;
	case FEED_BLOCKED:
		wait_for_input(r);
		return false;
	case FEED_FAILED:
		r->input_failed = true;
		warn_msg("%s", feed_error(r->feed));
		end_input(r);
		return false;
	case FEED_END:
		end_input(r);
		return false;
	}
	return false;
}

static bool may_feed(const struct run *r)
{
	return !r->feed_ended && !r->input.added && !r->halt.tripped && pool_wants(&r->pool) && !pool_is_full(&r->pool);
}

static void feed_some(struct run *r)
{
	r->more_input = false;
	for (int n = 0; may_feed(r); n++) {
		if (n == FEED_BATCH) {
			r->more_input = true;
			return;
		}
		if (!feed_one(r))
			return;
	}
}

/* When forkpool stops the run: was there more to do? What is not known to be nothing counts. */
static bool note_input_left(struct run *r)
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
		give_up(r);
	}
}

static void halt(struct run *r)
{
	size_t n = pool_count_begun(&r->pool);
	note_input_left(r);
	if (n > 0 && !r->options->quiet)
		warn_msg("--halt: %s %zu task%s", r->halt.tripped == POOL_STOP_SOON ? "waiting for" : "ending", n,
			 n > 1 ? "s" : "");
	stop(r, r->halt.tripped);
}

/* As a halt, but callbacks have no more time either. */
static void on_deadline(void *arg)
{
	struct run *r = arg;
	bool calls = !callback_idle(&r->callback);
	if (r->signo || r->broken)
		return;
	r->out_of_time = note_input_left(r) || calls || !pool_idle(&r->pool);
	if (!r->out_of_time)
		return;
	warn_msg("--deadline: the time is over; ending the run");
	stop(r, POOL_STOP_NOW);
	stop_callbacks(r, false);
}

/* Draw the consequences. Each is drawn once; true if there was a new one. */
static bool check(struct run *r)
{
	enum pool_stop before = r->pool.stop;
	check_self(r);
	if (r->verdict.condemned)
		stop(r, POOL_STOP_SOON);
	if (r->halt.tripped > r->pool.stop)
		halt(r);
	return r->pool.stop != before;
}

/* The run. */

static bool is_over(struct run *r)
{
	bool stopping = r->pool.stop || r->broken;
	if ((!r->feed_ended && !stopping) || !pool_idle(&r->pool))
		return false;
	if (r->abandoned)
		return true;
	if (!callback_idle(&r->callback))
		return false;
	if (r->signo && !output_empty(&r->output) && !loop_timer_is_set(&r->abandon))
		loop_set_timer(&r->loop, &r->abandon, ABANDON_NS);
	return output_empty(&r->output);
}

/* What has happened may have led to a callback, and to output. */
static void look_at_events(struct run *r)
{
	callback_turn(&r->callback);
	output_turn(&r->output);
	if (journal_turn(&r->journal))
		output_turn(&r->output);
	orphans_end(&r->orphans);
}

/* True if it must be done again before there is anything to wait for. */
static bool turn(struct run *r)
{
	look_at_events(r);
	if (check(r))
		return true;
	feed_some(r);
	if (check(r)) /* tasks that were refused */
		return true;
	bool full = pool_is_full(&r->pool);
	pool_turn(&r->pool);
	look_at_events(r);
	return check(r) || (full && !pool_is_full(&r->pool));
}

static void loop_until_over(struct run *r)
{
	for (;;) {
		while (turn(r))
			;
		if (is_over(r))
			return;
		bool busy = (r->more_input && pool_wants(&r->pool)) || r->output.has_more;
		uint64_t rest_ns = busy ? 0 : pool_rest_ns(&r->pool);
		if (rest_ns > 0)
			clock_rest(rest_ns);
		if (loop_turn(&r->loop, !busy) < 0)
			die_sys(EXIT_FORKPOOL, "cannot wait for events");
	}
}

/* How a worker command ends counts, too. */
static void hear_last_words(struct run *r)
{
	pool_dismiss(&r->pool);
	loop_until_over(r);
}

static int exit_status(const struct run *r)
{
	bool halted = r->pool.dropped || r->input_left || r->calls_left;
	if (r->broken || r->input_failed)
		return EXIT_FORKPOOL;
	if (r->verdict.condemned)
		return r->verdict.condemned;
	if ((r->halt.tripped || r->out_of_time) && halted)
		return EXIT_HALTED;
	bool failed = r->verdict.failed || r->callback.failed || feed_left_out_failed(r->feed) > 0;
	return failed ? EXIT_TASK_FAILED : EXIT_OK;
}

/* What stopped the run before all was done. */
static const char *cause(const struct run *r, char text[32])
{
	if (r->signo) {
		snprintf(text, 32, "SIG%s", sigabbrev_np(r->signo));
		return text;
	}
	if (r->broken || r->verdict.condemned)
		return "the error above";
	if (r->out_of_time)
		return "--deadline";
	return r->halt.tripped && (r->pool.dropped || r->input_left) ? "--halt" : NULL;
}

/* The last words, after all output. Where the reader has gone there is nobody to read them, and who presses Ctrl-C
 * knows what has been stopped. */
static void summarize(struct run *r)
{
	char text[32];
	if (r->options->quiet || r->signo == SIGPIPE || r->signo == SIGINT)
		return;
	note_input_left(r);
	summary_print(&r->summary, &(struct summary_end){
		.input_left = r->input_left, .calls_left = r->calls_left, .cause = cause(r, text),
		.callback_failed = r->callback.failed && !r->callback.stopped});
	loop_until_over(r);
}

static void tell_left_out(const struct run *r)
{
	uint64_t n = feed_left_out_failed(r->feed);
	if (n > 0)
		warn_msg("tasks left out since they failed in an earlier run: %" PRIu64 "; --resume-failed tries them again", n);
}

int run(const struct options *options, struct spawn_origin *origin)
{
	struct run r = {.options = options, .origin = origin, .self = getpid(), .signals.ready = on_signals,
			.input.ready = on_input, .abandon.fire = on_abandon, .deadline.fire = on_deadline};
	setup_input(&r);
	if (options->dry_run) {
		int status = dryrun(r.feed);
		setup_close(&r);
		return status;
	}
	setup_run(&r);
	if (options->deadline_ns)
		loop_set_timer(&r.loop, &r.deadline, options->deadline_ns);
	loop_until_over(&r);
	loop_cancel_timer(&r.loop, &r.deadline);
	if (options->worker_command)
		hear_last_words(&r);
	tell_left_out(&r);
	summarize(&r);
	int status = exit_status(&r);
	setup_close(&r);
	if (r.signo)
		signals_die_of(r.signo);
	return status;
}
