/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "worker/worker.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fdio.h"
#include "base/signals.h"
#include "base/wait.h"
#include "base/xalloc.h"
#include "process/environment.h"
#include "process/kin.h"
#include "process/spawn.h"
#include "proto/channel.h"
#include "task/marks.h"
#include "worker/attempt.h"
#include "worker/backlog.h"
#include "worker/coworker.h"
#include "worker/prefork.h"
#include "worker/relay.h"

#define PROMPT_NS (10 * NS_PER_MS) /* how old output may grow before it is sent */

struct worker {
	struct channel channel;
	pid_t parent;
	int signal_fd; /* owned */
	int null_fd;   /* owned */
	int marks_fd;  /* borrowed; -1: nothing is noted there */
	uint64_t begun; /* how many attempts are */
	bool set_up, ready, suspended;
	bool failed; /* it will end when the pool has been told why */
	bool ending;
	uint8_t flags; /* of SETUP */
	struct environment environment;
	struct assignment now;  /* what runs */
	struct buf strings;     /* owned; its words, and its directory */
	struct backlog ahead;   /* what is to run then */
	struct attempt attempt;
	struct prefork prefork;
	struct coworker coworker; /* if it serves: the process that gets the tasks is `attempt` */
	uint64_t held_since_ns; /* 0: no output is held, or nobody is in a hurry for it */
};

/* Sending. What the pool does not read waits in the channel; a pool that is gone ends the worker. */

static void send_msg(struct worker *w, const struct msg *m)
{
	channel_put(&w->channel, m);
	if (channel_flush(&w->channel) < 0)
		w->ending = true;
}

/* Are tasks given to a worker command? The initializer (seq 0) never is. */
static bool is_served(const struct worker *w)
{
	return w->now.seq > 0 && coworker_serves(&w->coworker);
}

static uint64_t output_seq(const struct worker *w)
{
	return is_served(w) ? coworker_seq(&w->coworker) : w->now.seq;
}

static void send_held(struct worker *w, struct capture *c)
{
	bool is_answer = is_served(w) && c == &w->attempt.out;
	w->ending |= (is_answer ? coworker_send(&w->coworker) : relay_held(&w->channel, output_seq(w), c)) < 0;
}

static void send_ready(struct worker *w)
{
	char host[HOST_NAME_MAX + 1] = "";
	gethostname(host, sizeof host - 1);
	w->ready = true;
	send_msg(w, &(struct msg){.type = MSG_READY, .u.ready = {.pid = (uint64_t)getpid(), .host = {host, strlen(host)}}});
}

static void send_failed(struct worker *w, const char *what, const char *why)
{
	char text[256];
	snprintf(text, sizeof text, "%s: %s", what, why);
	send_msg(w, &(struct msg){.type = MSG_FAILED, .u.failed.reason = {text, strlen(text)}});
	w->failed = true;
}

static void send_done(struct worker *w)
{
	const struct outcome *o = is_served(w) ? &w->coworker.outcome : &w->attempt.outcome;
	send_msg(w, &(struct msg){.type = MSG_DONE, .u.done = {
		.seq = w->now.seq, .kind = (uint8_t)o->kind, .code = (uint32_t)o->code, .pid = (uint64_t)o->pid,
		.runtime_ns = o->runtime_ns, .utime_us = o->utime_us, .stime_us = o->stime_us,
		.maxrss_kib = o->maxrss_kib,
		.out = bytes_in(&w->attempt.out.held), .err = bytes_in(&w->attempt.err.held),
		.reason = {o->reason, strlen(o->reason)}}});
}

/* The initializer is an attempt like any other, but its end is told in other words. */
static void tell_initializer(struct worker *w)
{
	char why[128];
	send_held(w, &w->attempt.out);
	send_held(w, &w->attempt.err);
	outcome_describe(&w->attempt.outcome, why, sizeof why);
	if (outcome_ok(&w->attempt.outcome))
		send_ready(w);
	else
		send_failed(w, "the initializer failed", why);
}

static void tell_over(struct worker *w)
{
	struct attempt *a = &w->attempt;
	if (buf_len(&a->escaped) > 0)
		send_msg(w, &(struct msg){.type = MSG_NOTE, .u.note = {.seq = w->now.seq, .text = bytes_in(&a->escaped)}});
	buf_reset(&a->escaped);
	/* a burst at the end need not fit into one message */
	if (buf_len(&a->out.held) > CAPTURE_CHUNK)
		send_held(w, &a->out);
	if (buf_len(&a->err.held) > CAPTURE_CHUNK)
		send_held(w, &a->err);
	if (w->now.seq == 0)
		tell_initializer(w);
	else
		send_done(w);
	w->held_since_ns = 0;
	if (is_served(w))
		coworker_rest(&w->coworker);
	else
		attempt_rest(a);
}

static bool is_over(const struct worker *w)
{
	return is_served(w) ? w->coworker.state == COWORKER_DONE : w->attempt.state == ATTEMPT_OVER;
}

/* Tasks. */

static void start(struct worker *w)
{
	const struct assignment *t = &w->now;
	if (is_served(w)) {
		coworker_give(&w->coworker, &(struct coworker_item){
			.seq = t->seq, .slot = t->slot, .words = {buf_head(&w->strings), t->len}});
		return;
	}
	const char *directory = t->directory_len > 0 ? buf_head(&w->strings) + t->len : NULL;
	attempt_start(&w->attempt, &(struct attempt_spec){
		.words = buf_head(&w->strings), .n_words = t->n_words,
		.shell = t->flags & TASK_SHELL, .direct = t->flags & TASK_DIRECT,
		.capture = w->flags & SETUP_CAPTURE, .to_err = t->seq == 0, .prefork = t->seq != 0,
		.directory = directory,
		.envp = environment_for(&w->environment, t->seq, t->slot, t->attempt, directory),
		.path = environment_path(&w->environment), .stdin_fd = w->null_fd, .stdout_fd = 1, .stderr_fd = 2});
}

static bool is_idle(const struct worker *w)
{
	return is_served(w) ? w->coworker.state == COWORKER_FREE : w->attempt.state == ATTEMPT_IDLE;
}

static bool may_start(const struct worker *w)
{
	return is_idle(w) && w->ready && !w->suspended && w->ahead.count > 0 &&
	       channel_pending(&w->channel) == 0;
}

static void start_next(struct worker *w)
{
	w->now = backlog_take(&w->ahead, &w->strings);
	struct mark m = {.seq = w->now.seq, .attempt = w->now.attempt, .slot = w->now.slot, .began_us = clock_wall_us()};
	if (w->marks_fd >= 0 && marks_put(w->marks_fd, &m, w->begun++) < 0)
		w->ending = true; /* it must not run */
	else
		start(w);
}

/* What the pool asks for. */

static void run_initializer(struct worker *w, struct bytes text)
{
	w->now.flags = TASK_SHELL;
	w->now.n_words = 1;
	buf_add(&w->strings, text.p, text.n);
	buf_addc(&w->strings, '\0');
	start(w);
}

static void on_setup(struct worker *w, const struct msg *m)
{
	if (bytes_count_strings(m->u.setup.env) == SIZE_MAX) {
		w->ending = true;
		return;
	}
	int niceness = (int)m->u.setup.niceness;
	char what[64];
	snprintf(what, sizeof what, "cannot run tasks with --nice %d", niceness);
	w->flags = m->u.setup.flags;
	w->attempt.leave = w->flags & SETUP_LEAVE;
	w->set_up = true;
	environment_init(&w->environment, m->u.setup.env.p, m->u.setup.env.n);
	if (w->flags & SETUP_PREFORK && m->u.setup.worker_command.n == 0)
		prefork_open(&w->prefork, &w->channel, environment_for(&w->environment, 0, 0, 0, NULL));
	const char *why = coworker_open(&w->coworker, m->u.setup.worker_command, w->flags & SETUP_DIRECT, w->flags & SETUP_JSON);
	if (why)
		send_failed(w, "cannot use --worker-protocol json", why);
	else if (niceness != 0 && spawn_nice(niceness) < 0)
		send_failed(w, what, strerror(errno));
	else if (m->u.setup.initializer.n > 0)
		run_initializer(w, m->u.setup.initializer);
	else
		send_ready(w);
}

static void on_revoke(struct worker *w, uint64_t seq)
{
	uint64_t first = backlog_cut(&w->ahead, seq);
	if (first != 0)
		send_msg(w, &(struct msg){.type = MSG_REVOKED, .u.revoked.seq = first});
	else
		send_msg(w, &(struct msg){.type = MSG_STARTED, .u.started.seq = seq});
}

static void on_signal(struct worker *w, uint64_t seq, int signo)
{
	if (seq == 0 && (signo == SIGSTOP || signo == SIGCONT)) {
		w->suspended = signo == SIGSTOP;
		coworker_suspend(&w->coworker, w->suspended);
	}
	bool is_meant = seq == 0 || (seq == w->now.seq && !is_idle(w) && !is_over(w));
	if (w->attempt.state != ATTEMPT_IDLE && is_meant)
		attempt_signal(&w->attempt, signo);
}

static void on_message(struct worker *w, const struct msg *m)
{
	if (m->type == MSG_SETUP && !w->set_up)
		on_setup(w, m);
	else if (m->type == MSG_TASK && w->set_up)
		w->ending |= !backlog_add(&w->ahead, m);
	else if (m->type == MSG_REVOKE)
		on_revoke(w, m->u.revoke.seq);
	else if (m->type == MSG_SIGNAL)
		on_signal(w, m->u.signal.seq, (int)m->u.signal.signo);
	else
		w->ending = true;
}

static void read_channel(struct worker *w)
{
	struct msg m;
	int r = 0;
	if (channel_fill(&w->channel) <= 0) {
		w->ending = !is_served(w) || !coworker_close(&w->coworker);
		fdio_close(&w->channel.rfd);
		return;
	}
	while (!w->ending && (r = channel_next(&w->channel, &m)) > 0)
		on_message(w, &m);
	w->ending |= r < 0;
}

static void read_signals(struct worker *w)
{
	uint64_t taken = signals_take(w->signal_fd);
	if (signals_has(taken, SIGTERM) && getppid() != w->parent)
		w->ending = true;
	attempt_reap(&w->attempt);
}

/* Output. */

static void read_capture(struct worker *w, struct capture *c, short revents)
{
	if (c->rfd < 0 || revents == 0)
		return;
	if (is_served(w) && c == &w->attempt.out)
		w->ending |= coworker_read(&w->coworker) < 0;
	else
		w->ending |= relay_read(&w->channel, output_seq(w), c, revents) < 0;
	if (buf_len(&c->held) > 0 && w->held_since_ns == 0 && w->flags & SETUP_PROMPT)
		w->held_since_ns = clock_ns();
}

static void send_aged(struct worker *w)
{
	if (w->held_since_ns == 0 || clock_ns() < w->held_since_ns + PROMPT_NS)
		return;
	send_held(w, &w->attempt.out);
	send_held(w, &w->attempt.err);
	w->held_since_ns = 0;
}

/* The loop. */

enum { P_CHANNEL, P_SIGNAL, P_OUT, P_ERR, P_WRITE, P_INPUT, P_COUNT };

/* Milliseconds until something is due, -1 if nothing is. */
static int next_due_ms(const struct worker *w)
{
	uint64_t due = w->held_since_ns ? w->held_since_ns + PROMPT_NS : UINT64_MAX;
	if (w->attempt.state == ATTEMPT_LEAVING && w->attempt.leave_until_ns < due)
		due = w->attempt.leave_until_ns;
	if (w->coworker.end_ns && !w->coworker.suspended_ns && w->coworker.end_ns < due)
		due = w->coworker.end_ns;
	if (due == UINT64_MAX)
		return -1;
	uint64_t now = clock_ns();
	return due <= now ? 0 : (int)((due - now) / NS_PER_MS + 1);
}

static void wait_for_events(struct worker *w, struct pollfd *p)
{
	p[P_CHANNEL] = (struct pollfd){.fd = w->channel.rfd, .events = POLLIN};
	p[P_SIGNAL] = (struct pollfd){.fd = w->signal_fd, .events = POLLIN};
	p[P_OUT] = (struct pollfd){.fd = relay_fd(&w->channel, &w->attempt.out), .events = POLLIN};
	p[P_ERR] = (struct pollfd){.fd = relay_fd(&w->channel, &w->attempt.err), .events = POLLIN};
	p[P_WRITE] = (struct pollfd){.fd = channel_pending(&w->channel) > 0 ? w->channel.wfd : -1, .events = POLLOUT};
	p[P_INPUT] = coworker_input(&w->coworker);
	wait_for_fds(p, P_COUNT, next_due_ms(w));
}

static void turn(struct worker *w)
{
	struct pollfd p[P_COUNT];
	if (may_start(w))
		start_next(w);
	if (!is_over(w) && !w->ending) {
		wait_for_events(w, p);
		if (p[P_WRITE].revents && channel_flush(&w->channel) < 0)
			w->ending = true;
		if (p[P_INPUT].revents)
			coworker_look_at_input(&w->coworker, p[P_INPUT].revents);
		read_capture(w, &w->attempt.out, p[P_OUT].revents);
		read_capture(w, &w->attempt.err, p[P_ERR].revents);
		bool err_waits = p[P_ERR].revents || p[P_ERR].fd < 0; /* or it was not looked at */
		if (err_waits && is_over(w)) /* it was written before the answer, which is looked for first */
			capture_take(&w->attempt.err);
		send_aged(w);
		if (p[P_SIGNAL].revents)
			read_signals(w);
		attempt_press(&w->attempt);
		if (p[P_CHANNEL].revents)
			read_channel(w);
		if (is_served(w))
			coworker_turn(&w->coworker);
	}
	if (is_over(w))
		tell_over(w);
	w->ending |= (w->failed || w->coworker.state == COWORKER_CLOSED) && channel_pending(&w->channel) == 0;
}

/* What goes wrong here can be told to nobody: the pool sees a worker that ends before it is ready. */
static int open_worker(struct worker *w, const struct spawn_origin *origin)
{
	setpgid(0, 0); /* what the terminal sends to forkpool's group is forkpool's to answer */
	w->signal_fd = signals_open_all_blocked((int[]){SIGCHLD, SIGTERM}, 2);
	w->null_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	if (w->signal_fd < 0 || w->null_fd < 0 || fdio_set_nonblocking(w->channel.wfd) < 0)
		return -1;
	if (kin_init() < 0 || spawn_init(origin) < 0 || kin_die_with(w->parent, SIGTERM) < 0)
		return -1;
	return channel_flush(&w->channel);
}

static void close_worker(struct worker *w)
{
	attempt_clear(&w->attempt);
	prefork_close(&w->prefork);
	channel_close(&w->channel); /* now that nothing is left: the pool may rely on it */
	fdio_close(&w->signal_fd);
	fdio_close(&w->null_fd);
	coworker_clear(&w->coworker);
	buf_clear(&w->strings);
	backlog_clear(&w->ahead);
	environment_clear(&w->environment);
}

int worker_serve(int rfd, int wfd, pid_t parent, const struct spawn_origin *origin, int marks_fd)
{
	struct worker w = {.parent = parent, .marks_fd = marks_fd, .signal_fd = -1, .null_fd = -1};
	attempt_init(&w.attempt, &w.prefork);
	coworker_init(&w.coworker, &w.attempt, &w.channel, &w.environment);
	channel_open(&w.channel, rfd, wfd);
	int failed = open_worker(&w, origin);
	while (failed == 0 && !w.ending)
		turn(&w);
	close_worker(&w);
	return failed == 0 ? 0 : 1;
}
