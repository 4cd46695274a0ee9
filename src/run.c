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
#include "live.h"
#include "setup.h"
#include "stopping.h"

#define ABANDON_NS NS_PER_SEC /* for those who read our output, once a signal wants us to end */

/* So many items in one go, before the workers are looked at again. */
enum { FEED_BATCH = 256 };

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
	stopping_give_up(r);
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
		r->feed_ended = true;
		return false;
	case FEED_END:
		r->feed_ended = true;
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

/* The run. */

static bool is_over(struct run *r)
{
	bool stopping = r->pool.stop || r->broken;
	bool more = !r->feed_ended || control_keeps_open(&r->control);
	if ((more && !stopping) || !pool_idle(&r->pool))
		return false;
	if (r->abandoned)
		return true;
	if (!callback_idle(&r->callback))
		return false;
	bool told = output_empty(&r->output) && !control_owes(&r->control);
	if (r->signo && !told && !loop_timer_is_set(&r->abandon))
		loop_set_timer(&r->loop, &r->abandon, ABANDON_NS);
	return told;
}

/* Neither the input nor clients have more to come, but for what running tasks submit. */
static void note_all_known(struct run *r)
{
	if (r->feed_ended && !r->pool.stop && !control_keeps_open(&r->control))
		halt_all_known(&r->halt);
}

/* What has happened may have led to a callback, and to output. */
static void look_at_events(struct run *r)
{
	live_before_telling(r);
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
	if (stopping_check(r))
		return true;
	feed_some(r);
	note_all_known(r);
	if (stopping_check(r)) /* tasks that were refused */
		return true;
	bool full = pool_is_full(&r->pool);
	pool_turn(&r->pool);
	look_at_events(r);
	bool more = live_turn(r); /* once in a turn: each commit costs */
	return stopping_check(r) || more || (full && !pool_is_full(&r->pool));
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
	if ((r->halt.tripped || r->out_of_time || r->terminated) && halted)
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
	if (r->terminated)
		return "forkpool ctl terminate";
	return r->halt.tripped && (r->pool.dropped || r->input_left) ? "--halt" : NULL;
}

/* The last words, after all output. Where the reader has gone there is nobody to read them, and who presses Ctrl-C
 * knows what has been stopped. */
static void summarize(struct run *r)
{
	char text[32];
	if (r->options->quiet || r->signo == SIGPIPE || r->signo == SIGINT)
		return;
	stopping_note_input_left(r);
	summary_print(&r->summary, &(struct summary_end){
		.input_left = r->input_left, .calls_left = r->calls_left, .cause = cause(r, text),
		.callback_failed = r->callback.failed && !r->callback.stopped});
	loop_until_over(r);
}

static void tell_left_out(const struct run *r)
{
	uint64_t n = feed_left_out_failed(r->feed);
	if (n > 0)
		warn_msg("tasks left out since they failed in an earlier run: %" PRIu64 "%s", n,
			 r->db ? "; forkpool(5) tells how to let them run again" : "; --resume-failed tries them again");
}

int run(const struct options *options, struct spawn_origin *origin)
{
	struct run r = {.options = options, .origin = origin, .self = getpid(), .signals.ready = stopping_on_signals,
			.input.ready = on_input, .abandon.fire = stopping_abandon, .deadline.fire = stopping_on_deadline};
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
	control_tell_end(&r.control, r.signo ? EXIT_SIGNALLED + r.signo : status);
	setup_close(&r);
	if (r.signo)
		signals_die_of(r.signo);
	return status;
}
