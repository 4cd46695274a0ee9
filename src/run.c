/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "run.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fdio.h"
#include "base/loop.h"
#include "base/report.h"
#include "base/signals.h"
#include "base/spool.h"
#include "base/xalloc.h"
#include "feed/feed.h"
#include "feed/shell.h"
#include "observe/callback.h"
#include "observe/output.h"
#include "observe/verdict.h"
#include "pool/pool.h"
#include "process/kin.h"
#include "transport/peer.h"
#include "worker/worker.h"

#define STORE_LIMIT ((size_t)16 << 20) /* output that waits in memory */
#define ORPHANS_NS NS_PER_SEC          /* to end what a dead worker has left */
#define ABANDON_NS NS_PER_SEC          /* for the reader of our output, once a signal wants us to end */

/* Of our own, a callback's, and what is open for a moment. */
enum { FDS_BESIDES = 24 };

/* So many items in one go, before the workers are looked at again. */
enum { FEED_BATCH = 256 };

struct run {
	const struct options *options;
	const struct spawn_origin *origin;
	struct template *template;
	struct feed *feed;
	struct loop loop;
	struct store store;
	struct pool pool;
	struct output output;
	struct callback callback;
	struct verdict verdict;
	struct buf born;       /* pids of children that this process was born with */
	struct buf left;       /* --leave: pids of what finished tasks have left */
	char tag[40];          /* FORKPOOL_PID=..., which all that we start is given */
	struct watch signals, input;
	struct timer abandon;
	pid_t self;
	unsigned jobs;
	bool feed_ended;
	bool input_left;       /* it stopped before its input had ended */
	bool more_input;       /* the feed can give more without waiting */
	bool abandoned;        /* do not wait for our reader any longer */
	bool input_failed;     /* not all input could be read: 125 in the end */
	bool child_died;       /* since the orphans were looked at */
	bool broken;           /* forkpool itself failed: 125, and what runs is ended */
	int signo;             /* the signal to die of; 0: none */
};

/* Stopping. */

static void stop(struct run *r, enum pool_stop how)
{
	pool_stop(&r->pool, how);
	loop_unwatch(&r->loop, &r->input);
}

/* A message, exit status 125, and nothing more is started. */
static void __attribute__((format(printf, 2, 3))) fail(struct run *r, const char *fmt, ...)
{
	va_list ap;
	char text[REPORT_LINE_MAX];
	if (r->broken)
		return;
	r->broken = true;
	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	warn_msg("%s", text);
	stop(r, POOL_STOP_NOW);
	callback_stop(&r->callback, false);
}

static void on_abandon(void *arg)
{
	((struct run *)arg)->abandoned = true;
}

/* The first asks the tasks to end, the second kills them. */
static void on_stop_signal(struct run *r, int signo)
{
	bool again = r->signo != 0;
	if (!again && !r->options->quiet)
		warn_msg("SIG%s: ending %zu tasks; the next signal kills them", sigabbrev_np(signo), r->pool.running);
	if (!again)
		r->signo = signo;
	stop(r, again ? POOL_STOP_KILL : POOL_STOP_NOW);
	callback_stop(&r->callback, again);
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
	r->child_died |= signals_has(taken, SIGCHLD);
	if (signals_has(taken, SIGCHLD))
		callback_reap(&r->callback);
	if (signals_has(taken, SIGCONT))
		resume(r);
	if (signals_has(taken, SIGUSR1) && !r->options->sync)
		pool_resize(&r->pool, 1);
	if (signals_has(taken, SIGUSR2))
		pool_resize(&r->pool, -1);
	for (size_t i = 0; i < sizeof stopping / sizeof stopping[0]; i++)
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
	if (loop_watch(&r->loop, &r->input, EPOLLIN) < 0)
		fail(r, "cannot wait for input: %s", strerror(errno));
}

/* One item; false if there is none now. */
static bool feed_one(struct run *r)
{
	struct task *t;
	switch (feed_next(r->feed, &t)) {
	case FEED_TASK:
		pool_submit(&r->pool, t);
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

static void feed_some(struct run *r)
{
	r->more_input = false;
	for (int n = 0; !r->feed_ended && !r->input.added && pool_wants(&r->pool) && !pool_is_full(&r->pool); n++) {
		if (n == FEED_BATCH) {
			r->more_input = true;
			return;
		}
		if (!feed_one(r))
			return;
	}
}

/* When a failure stops the run: was there more to do? What is not known to be nothing counts. */
static void note_input_left(struct run *r)
{
	struct task *t = NULL;
	if (r->feed_ended || r->input_left)
		return;
	r->input_left = feed_next(r->feed, &t) != FEED_END;
	if (t)
		task_drop(t);
	r->feed_ended = true;
}

/* What the observers and the pool have come to. */

static void check_output(struct run *r)
{
	int error = r->output.sinks[0].error;
	if (error == EPIPE && !signals_was_ignored(SIGPIPE)) {
		r->signo = SIGPIPE;
		stop(r, POOL_STOP_NOW);
		callback_stop(&r->callback, false);
	} else if (error) {
		fail(r, "cannot write standard output: %s", strerror(error));
	} else if (r->output.sinks[1].error && r->output.used[1]) {
		fail(r, "cannot write standard error: %s", strerror(r->output.sinks[1].error));
	} else if (r->output.broken) {
		fail(r, "%s", r->output.broken);
	}
}

/* Draw the consequences. Each is drawn once; true if there was a new one. */
static bool check(struct run *r)
{
	bool ended = r->broken || r->signo;
	enum pool_stop before = r->pool.stop;
	if (!ended)
		check_output(r);
	if (!ended && r->pool.error)
		fail(r, "%s", r->pool.error);
	if (!ended && r->callback.error)
		fail(r, "cannot run a callback: %s", strerror(r->callback.error));
	if (r->verdict.condemned)
		stop(r, POOL_STOP_SOON);
	if (r->options->fail_fast && r->verdict.failed && !r->pool.stop) {
		note_input_left(r);
		stop(r, POOL_STOP_NOW);
	}
	return r->pool.stop != before;
}

/* Orphans. */

static bool is_in(const struct buf *pids, pid_t pid)
{
	const pid_t *p = (const void *)buf_head(pids);
	for (size_t i = 0; i < buf_len(pids) / sizeof *p; i++)
		if (p[i] == pid)
			return true;
	return false;
}

/* Workers and guards are waited for by their owners. What we were born with is not ours to touch, nor is what
 * that leaves behind; those can be told from our own by the environment only. */
static bool is_not_ours(const void *arg, pid_t pid)
{
	const struct run *r = arg;
	if (pool_owns(&r->pool, pid) || callback_owns(&r->callback, pid) || is_in(&r->born, pid))
		return true;
	return buf_len(&r->born) > 0 && !kin_started_with(pid, r->tag);
}

static bool is_spared(const void *arg, pid_t pid)
{
	const struct run *r = arg;
	return is_in(&r->left, pid) || is_not_ours(arg, pid);
}

/* With --leave, what a worker or a guard handed over by ending may stay, until it ends by itself. */
static void end_orphans(struct run *r)
{
	bool inherited = r->pool.heirs || r->callback.ended;
	if (r->options->leave && (inherited || r->child_died)) {
		kin_reap(is_not_ours, r);
		buf_reset(&r->left);
		kin_children(&r->left);
	}
	if (r->pool.orphans || (inherited && !r->options->leave))
		kin_end(is_spared, r, ORPHANS_NS);
	r->pool.heirs = r->pool.orphans = r->callback.ended = r->child_died = false;
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
	if (r->signo && !output_empty(&r->output) && r->abandon.place == 0)
		loop_set_timer(&r->loop, &r->abandon, ABANDON_NS);
	return output_empty(&r->output);
}

/* What has happened may have led to a callback, and to output. */
static void look_at_events(struct run *r)
{
	callback_turn(&r->callback);
	output_turn(&r->output);
	end_orphans(r);
}

/* True if it must be done again before there is anything to wait for. */
static bool turn(struct run *r)
{
	look_at_events(r);
	if (check(r))
		return true;
	feed_some(r);
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
		bool busy = r->more_input && pool_wants(&r->pool);
		if (loop_turn(&r->loop, !busy) < 0)
			die_sys(EXIT_FORKPOOL, "cannot wait for events");
	}
}

static int exit_status(const struct run *r)
{
	bool halted = r->pool.dropped || r->input_left;
	if (r->broken || r->input_failed)
		return EXIT_FORKPOOL;
	if (r->verdict.condemned)
		return r->verdict.condemned;
	if (r->options->fail_fast && r->verdict.failed && halted)
		return EXIT_HALTED;
	return r->verdict.failed || r->callback.failed ? EXIT_TASK_FAILED : EXIT_OK;
}

/* Setting up. */

static int serve(int rfd, int wfd, void *arg)
{
	const struct run *r = arg;
	return worker_serve(rfd, wfd, r->self, r->origin);
}

static void open_template(struct run *r)
{
	const struct options *o = r->options;
	char *why = NULL;
	size_t per_task = o->max_args > 1 ? o->max_args : 1;
	r->template = template_new(&(struct template_spec){
		.words = o->words, .n_words = o->n_words, .replace = o->replace, .tagstring = o->tagstring, .tag = o->tag,
		.join = o->join_words, .no_shell = o->no_shell,
		.direct = !r->origin->sigchld_ignored && shell_surroundings_plain(environ), /* dash would un-ignore it */
		.n_values = o->n_sources > 1 ? o->n_sources : per_task, .variadic = o->max_args > 0,
	}, &why);
	if (!r->template)
		die_usage("%s", why);
}

static void open_feed(struct run *r)
{
	const struct options *o = r->options;
	char *why = NULL;
	r->feed = feed_open(&(struct feed_spec){
		.sources = o->sources, .n_sources = o->n_sources, .delimiter = o->delimiter, .keep_empty = o->keep_empty,
		.max_args = o->max_args, .template = r->template,
	}, &why);
	if (!r->feed)
		die_msg(EXIT_FORKPOOL, "%s", why);
	if (feed_is_terminal(r->feed) && !o->quiet)
		warn_msg("reading from the terminal; end with Ctrl-D");
}

/* The shell keeps PWD right when it changes directory, and so must we. */
static void enter_directory(const struct options *o)
{
	if (!o->directory)
		return;
	if (chdir(o->directory) < 0)
		die_sys(EXIT_FORKPOOL, "cannot enter '%s'", o->directory);
	char *here = getcwd(NULL, 0);
	if (here)
		setenv("PWD", here, 1);
	free(here);
}

/* Two fds a worker, and some for everything else. Returns how many workers leave room for a callback. */
static unsigned raise_fd_limit(unsigned jobs, struct spawn_origin *origin)
{
	struct rlimit limit;
	rlim_t wanted = 2 * (rlim_t)jobs + FDS_BESIDES;
	if (getrlimit(RLIMIT_NOFILE, &limit) < 0 || limit.rlim_cur >= wanted)
		return jobs;
	origin->nofile = limit;
	limit.rlim_cur = limit.rlim_max < wanted ? limit.rlim_max : wanted;
	origin->nofile_raised = setrlimit(RLIMIT_NOFILE, &limit) == 0;
	return limit.rlim_cur > FDS_BESIDES + 2 ? (unsigned)(limit.rlim_cur - FDS_BESIDES) / 2 : 1;
}

static void open_loop(struct run *r)
{
	static const int taken[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP, SIGCONT, SIGUSR1, SIGUSR2, SIGCHLD, SIGPIPE,
				    SIGXFSZ};
	int fd = signals_open(taken, sizeof taken / sizeof taken[0]);
	if (fd < 0 || loop_open(&r->loop) < 0)
		die_sys(EXIT_FORKPOOL, "cannot wait for events");
	r->signals = (struct watch){.fd = fd, .ready = on_signals, .arg = r};
	r->input = (struct watch){.fd = -1, .ready = on_input, .arg = r};
	r->abandon = (struct timer){.fire = on_abandon, .arg = r};
	if (loop_watch(&r->loop, &r->signals, EPOLLIN) < 0 || kin_init() < 0)
		die_sys(EXIT_FORKPOOL, "cannot set up");
	kin_children(&r->born);
	snprintf(r->tag, sizeof r->tag, "FORKPOOL_PID=%d", (int)r->self);
}

static void open_observers(struct run *r)
{
	const struct options *o = r->options;
	bool calls = o->callback || o->error_callback;
	bool ungroup = o->output_mode == OUTPUT_UNGROUP;
	output_open(&r->output, &(struct output_config){
		.by_line = o->output_mode == OUTPUT_LINE, .keep_order = o->keep_order, .tag = o->tag || o->tagstring,
		.sync = o->sync, .retries = o->retries, .stored_twice = calls && !ungroup}, &r->store, &r->loop);
	verdict_open(&r->verdict, o->verbose, template_names_program(r->template));
	r->output.observer.next = &r->verdict.observer;
	if (!calls)
		return;
	int null_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	if (null_fd < 0)
		die_sys(EXIT_FORKPOOL, "cannot open /dev/null");
	callback_open(&r->callback, &(struct callback_config){
		.on_success = o->callback, .on_failure = o->error_callback, .timeout_ns = o->timeout_ns,
		.kill_after_ns = o->kill_after_ns, .capture = !ungroup, .sync = o->sync, .leave = o->leave,
		.origin = r->origin, .null_fd = null_fd},
		&r->loop, &r->store, &r->output);
	r->verdict.observer.next = &r->callback.observer;
}

static struct bytes bytes_of(const char *s)
{
	return (struct bytes){s ? s : "", s ? strlen(s) : 0};
}

static void open_pool(struct run *r)
{
	const struct options *o = r->options;
	bool prompt = o->keep_order || o->output_mode == OUTPUT_LINE;
	bool capture = o->output_mode != OUTPUT_UNGROUP;
	pool_open(&r->pool, &(struct pool_config){
		.jobs = o->callback || o->error_callback ? r->jobs : o->jobs, .ahead = !o->sync && !o->fail_fast,
		.prove = template_names_program(r->template), .queue_size = o->queue_size ? o->queue_size : o->jobs,
		.max_tasks_per_worker = o->max_tasks_per_worker, .timeout_ns = o->timeout_ns,
		.kill_after_ns = o->kill_after_ns, .retries = o->retries, .quiet = o->quiet, .via = o->via, .serve = serve, .serve_arg = r,
		.setup = {.type = MSG_SETUP, .u.setup = {
			.flags = (uint8_t)((capture ? SETUP_CAPTURE : 0) | (prompt ? SETUP_PROMPT : 0) |
					   (o->leave ? SETUP_LEAVE : 0)),
			.env = {r->tag, strlen(r->tag) + 1}, .directory = bytes_of(NULL), .initializer = bytes_of(o->initializer)}}},
		  &r->loop, &r->output.observer);
}

static void close_run(struct run *r)
{
	pool_close(&r->pool);
	r->pool.orphans = true;
	end_orphans(r);
	if (r->callback.observer.on_event)
		callback_close(&r->callback);
	output_close(&r->output);
	store_clear(&r->store);
	loop_unwatch(&r->loop, &r->signals);
	loop_unwatch(&r->loop, &r->input);
	loop_close(&r->loop);
	feed_close(r->feed);
	template_free(r->template);
	buf_clear(&r->born);
	buf_clear(&r->left);
}

/* --dry-run: the commands as they would run in slot 1. */
static int print_commands(struct run *r)
{
	struct task *t;
	bool failed = false;
	for (enum feed_state s; (s = feed_next(r->feed, &t)) != FEED_END; ) {
		if (s == FEED_FAILED)
			die_msg(EXIT_FORKPOOL, "%s", feed_error(r->feed));
		if (s == FEED_BLOCKED) {
			poll(&(struct pollfd){.fd = feed_fd(r->feed), .events = POLLIN}, 1, -1);
			continue;
		}
		struct buf line = {0};
		command_print(&t->command, 1, &line);
		buf_addc(&line, '\n');
		if (t->refusal)
			verdict_warn(t, 0, t->refusal);
		else if (fdio_write_all(1, buf_head(&line), buf_len(&line)) < 0)
			die_sys(EXIT_FORKPOOL, "cannot write standard output");
		failed |= t->refusal != NULL;
		buf_clear(&line);
		task_drop(t);
	}
	return failed ? EXIT_TASK_FAILED : EXIT_OK;
}

int run(const struct options *options, struct spawn_origin *origin)
{
	struct run r = {.options = options, .origin = origin, .self = getpid()};
	open_template(&r);
	open_feed(&r);
	if (options->dry_run) {
		int status = print_commands(&r);
		feed_close(r.feed);
		template_free(r.template);
		return status;
	}

	enter_directory(options);
	r.jobs = raise_fd_limit(options->jobs, origin);
	store_init(&r.store, STORE_LIMIT);
	open_loop(&r);
	open_observers(&r);
	open_pool(&r);
	loop_until_over(&r);

	close_run(&r);
	if (r.signo)
		signals_die_of(r.signo);
	return exit_status(&r);
}
