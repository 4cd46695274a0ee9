/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "setup.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/array.h"
#include "base/fdio.h"
#include "base/lock.h"
#include "base/report.h"
#include "base/signals.h"
#include "base/strnum.h"
#include "feed/shell.h"
#include "live.h"
#include "observers.h"
#include "worker/worker.h"

#define STORE_LIMIT ((size_t)16 << 20) /* output that waits in memory */

/* What a worker command answers in is microseconds: the pool is called for many answers at once. */
enum { ANSWERS_AHEAD = 1000 };

/* Of our own, a callback's, and what is open for a moment. */
enum { FDS_BESIDES = 24, FDS_OF_STATE = 8 };

/* Before anything else is opened: input may be what the other run is still making. */
static void take_lock(struct run *r)
{
	const char *path = r->options->lock;
	pid_t holder;
	r->lock_fd = -1;
	if (!path || r->options->dry_run)
		return;
	r->lock_fd = lock_take(path, &holder);
	if (r->lock_fd >= 0)
		return;
	if (errno == EINVAL)
		die_msg(EXIT_FORKPOOL, "cannot lock '%s': it is not a regular file", path);
	if (errno != EWOULDBLOCK)
		die_sys(EXIT_FORKPOOL, "cannot lock '%s'", path);
	if (holder)
		die_msg(EXIT_LOCKED, "'%s' is locked by another run, process %d; nothing was run", path, (int)holder);
	die_msg(EXIT_LOCKED, "'%s' is locked by another run; nothing was run", path);
}

static int serve(int rfd, int wfd, void *arg)
{
	const struct run *r = arg;
	return worker_serve(rfd, wfd, r->self, r->origin, r->db ? db_fds(r->db)[DB_MARKS] : -1);
}

char *setup_here(const char *for_what)
{
	char *here = getcwd(NULL, 0);
	if (!here)
		die_sys(EXIT_FORKPOOL, "cannot tell the name of the current directory for '%s'", for_what);
	return here;
}

/* Results are not moved by --directory: their names start from where we were started. NULL: from where we are. */
static char *results_base(const struct options *o)
{
	return o->results && *o->results != '/' && o->directory ? setup_here(o->results) : NULL;
}

/* dash would un-ignore SIGCHLD. */
static bool shell_may_be_spared(const struct run *r)
{
	return !r->origin->sigchld_ignored && shell_surroundings_plain(environ);
}

static struct template *open_one(struct template_spec *spec)
{
	char *why = NULL;
	struct template *t = template_new(spec, &why);
	if (!t)
		die_usage("%s", why);
	return t;
}

/* What clients submit is made a task as a line of input is, without a COMMAND. */
static void open_templates(struct run *r)
{
	const struct options *o = r->options;
	char *base = results_base(o);
	size_t per_task = o->max_args > 1 ? o->max_args : 1;
	struct template_spec spec = {
		.words = o->words, .n_words = o->n_words, .replace = o->replace, .tagstring = o->tagstring, .tag = o->tag,
		.results = o->results, .base = base, .join = o->join_words, .no_shell = o->no_shell,
		.direct = shell_may_be_spared(r), .no_text = o->worker_command != NULL,
		.n_values = o->n_sources > 1 ? o->n_sources : per_task, .variadic = o->max_args > 0};
	r->template = open_one(&spec);
	if (o->listen) {
		spec.n_words = 0;
		r->submitted_line = open_one(&spec);
		spec.no_text = true;
		r->submitted_words = open_one(&spec);
	}
	free(base);
}

static void check_template(const struct run *r)
{
	const struct options *o = r->options;
	bool resumes = o->resume == RESUME_REST || o->resume == RESUME_REST_AND_BAD || o->state;
	if (resumes && template_uses_numbers(r->template))
		die_usage("resuming knows tasks by their text, which {#} and {%%} change; leave them out");
	if (resumes && template_results_numbered(r->template))
		die_usage("--results cannot hold {#} when resuming: its tasks have the numbers of the log; use their items");
}

static enum resume_state look_into_log(void *log, const char *command, size_t len, uint64_t *seq)
{
	return resume_take(log, command, len, seq);
}

static void open_feed(struct run *r)
{
	const struct options *o = r->options;
	char *why = NULL;
	r->feed = feed_open(&(struct feed_spec){
		.sources = o->sources, .n_sources = o->n_sources, .delimiter = o->delimiter, .keep_empty = o->keep_empty,
		.max_args = o->max_args, .template = r->template, .numbers = &r->numbers,
		.mode = r->db ? RESUME_REST : o->resume, .resume = &r->resume,
		.look = r->db ? live_look : o->joblog ? look_into_log : NULL, .look_arg = r->db ? (void *)r : &r->resume,
	}, &why);
	if (!r->feed)
		die_msg(EXIT_FORKPOOL, "%s", why);
	if (feed_is_terminal(r->feed) && !o->quiet)
		warn_msg("reading from the terminal; end with Ctrl-D");
}

/* Is there a job log to be opened? A dry run only reads one. */
static bool wants_log(const struct options *o)
{
	if (!o->joblog || (!o->joblog_appends && strcmp(o->joblog, "-") == 0))
		return false;
	bool may_be_missing = o->resume != RESUME_ONLY_BAD;
	bool from_nothing = o->resume == RESUME_NOT || (may_be_missing && access(o->joblog, F_OK) < 0);
	return !(o->dry_run && from_nothing);
}

static void open_log(struct run *r)
{
	const struct options *o = r->options;
	bool resumes = o->resume != RESUME_NOT, goes_on = resumes || o->joblog_appends || o->state;
	bool is_users_mistake = false;
	char *why = NULL;
	r->log_fd = -1;
	if (!wants_log(o))
		return;
	r->log_fd = journal_open(o->joblog, o->resume != RESUME_ONLY_BAD, goes_on, &why, &is_users_mistake);
	if (r->log_fd < 0 && is_users_mistake)
		die_usage("--joblog '%s': %s", o->joblog, why);
	if (r->log_fd < 0 || resume_open(&r->resume, r->log_fd, o->retries + 1, &why) < 0)
		die_msg(EXIT_FORKPOOL, "job log '%s': %s", o->joblog, why);
	r->log_end = r->resume.end;
	if (r->resume.torn && !o->quiet)
		warn_msg("job log '%s': its last record is torn, so that task was not finished", o->joblog);
	if (resumes)
		r->numbers.seq = r->resume.last_seq;
	else
		resume_close(&r->resume);
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

/* Two fds a worker, one a client, and some for everything else. Sets for how many workers and clients there is room. */
static void raise_fd_limit(struct run *r)
{
	const struct options *o = r->options;
	struct rlimit limit;
	rlim_t others = FDS_BESIDES + (o->state ? FDS_OF_STATE : 0);
	rlim_t wanted = 2 * (rlim_t)o->jobs + others + (o->listen ? CONNECTIONS_MAX : 0);
	r->jobs = o->jobs;
	r->clients = CONNECTIONS_MAX;
	if (getrlimit(RLIMIT_NOFILE, &limit) < 0 || limit.rlim_cur >= wanted)
		return;
	r->origin->nofile = limit;
	limit.rlim_cur = limit.rlim_max < wanted ? limit.rlim_max : wanted;
	r->origin->nofile_raised = setrlimit(RLIMIT_NOFILE, &limit) == 0;
	rlim_t room = limit.rlim_cur > others + 2 ? limit.rlim_cur - others : 2;
	if (r->jobs > room / 2)
		r->jobs = (unsigned)room / 2;
	room -= 2 * (rlim_t)r->jobs;
	if (r->clients > room)
		r->clients = room > 0 ? (size_t)room : 1;
}

static void open_loop(struct run *r)
{
	static const int taken[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP, SIGCONT, SIGUSR1, SIGUSR2, SIGCHLD, SIGPIPE,
				    SIGXFSZ};
	int fd = signals_open(taken, ARRAY_LEN(taken));
	if (fd < 0 || loop_open(&r->loop) < 0)
		die_sys(EXIT_FORKPOOL, "cannot wait for events");
	r->signals.fd = fd;
	r->input.fd = -1;
	r->signals.arg = r->input.arg = r->abandon.arg = r->deadline.arg = r;
	if (loop_watch(&r->loop, &r->signals, EPOLLIN) < 0)
		die_sys(EXIT_FORKPOOL, "cannot wait for signals");
	if (orphans_open(&r->orphans, &r->pool, &r->callback, r->options->leave) < 0)
		die_sys(EXIT_FORKPOOL, "cannot adopt what tasks leave behind");
}

/* How many tasks may be sent ahead to a worker. FORKPOOL_AHEAD (tests only) says how many where it is any. With --state
 * there is one at most, of which the worker notes that it has begun (task/marks.h); what is far away can note nothing. */
static unsigned ahead_max(const struct options *o, const struct gate_config *gate)
{
	const char *text = getenv("FORKPOOL_AHEAD");
	uint64_t most = o->worker_command ? ANSWERS_AHEAD : 1;
	if (o->sync || o->halt.how || (o->state && o->via) || gate_is_wanted(gate))
		return 0;
	if (o->state)
		return 1;
	if (text)
		strnum_u64(text, 1, UINT32_MAX, &most);
	return (unsigned)most;
}

/* May this shell text be executed without a shell? */
static bool is_direct(const struct run *r, const char *text)
{
	return text && shell_may_be_spared(r) && shell_is_plain(text, strlen(text));
}

static struct bytes bytes_of(const char *s)
{
	return (struct bytes){s ? s : "", s ? strlen(s) : 0};
}

static void open_pool(struct run *r)
{
	const struct options *o = r->options;
	bool prompt = (o->keep_order && !o->quiet_success) || o->output_mode == OUTPUT_LINE || o->listen;
	bool capture = o->output_mode != OUTPUT_UNGROUP;
	struct gate_config gate = {.delay_ns = o->delay_ns, .rate_ns = o->rate_ns, .max_load = o->max_load,
				   .memfree_bytes = o->memfree_bytes, .quiet = o->quiet};
	size_t queue_size = o->halt.percent ? SIZE_MAX : o->queue_size ? o->queue_size : o->jobs;
	pool_open(&r->pool, &(struct pool_config){
		.jobs = o->callback || o->error_callback ? r->jobs : o->jobs, .ahead_max = ahead_max(o, &gate),
		.prove = r->verdict.names_program, .queue_size = queue_size, .queue_grows = !o->queue_size,
		.max_tasks_per_worker = o->max_tasks_per_worker, .timeout_ns = o->timeout_ns,
		.timeout_percent = o->timeout_percent, .kill_after_ns = o->kill_after_ns, .retries = o->retries,
		.retry = {.delay_ns = o->retry_delay_ns, .factor = o->retry_factor}, .in_turn = o->sync, .gate = gate,
		.quiet = o->quiet, .via = o->via, .serve = serve, .serve_arg = r,
		.kept_fds = r->db ? db_fds(r->db) : NULL,
		.before_write = r->db ? live_put_on_record : NULL, .before_write_arg = r,
		.setup = {.type = MSG_SETUP, .u.setup = {
			.flags = (uint8_t)((capture ? SETUP_CAPTURE : 0) | (prompt ? SETUP_PROMPT : 0) |
					   (o->leave ? SETUP_LEAVE : 0) | (o->prefork ? SETUP_PREFORK : 0) |
					   (is_direct(r, o->worker_command) ? SETUP_DIRECT : 0) | (o->worker_json ? SETUP_JSON : 0)),
			.env = {r->orphans.tag, strlen(r->orphans.tag) + 1}, .niceness = (uint32_t)o->niceness,
			.initializer = bytes_of(o->initializer), .worker_command = bytes_of(o->worker_command)}}},
		  &r->loop, r->observers);
}

void setup_input(struct run *r)
{
	open_templates(r);
	check_template(r);
	take_lock(r);
	live_prepare(r);
	open_feed(r);
	open_log(r);
}

void setup_run(struct run *r)
{
	enter_directory(r->options);
	raise_fd_limit(r);
	store_init(&r->store, STORE_LIMIT);
	open_loop(r);
	observers_open(r);
	live_open(r);
	open_pool(r);
	live_restore(r);
	r->is_set_up = true;
}

static void close_run(struct run *r)
{
	control_close(&r->control); /* clients that go have something to say to the pool */
	pool_close(&r->pool);
	orphans_close(&r->orphans);
	observers_close(r);
	live_close(r);
	store_clear(&r->store);
	loop_unwatch(&r->loop, &r->signals);
	loop_unwatch(&r->loop, &r->input);
	loop_close(&r->loop);
}

void setup_close(struct run *r)
{
	if (r->is_set_up)
		close_run(r);
	fdio_close(&r->log_fd);
	feed_close(r->feed);
	resume_close(&r->resume);
	template_free(r->template);
	template_free(r->submitted_line);
	template_free(r->submitted_words);
	free(r->listen);
	lock_free(r->lock_fd);
}
