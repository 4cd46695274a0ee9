/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "pool_help.h"

#include <check.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/fdio.h"
#include "base/xalloc.h"
#include "proto/channel.h"
#include "worker/backlog.h"

struct pool pool;
struct loop loop;
struct heard heard[HELP_TASKS + 1];

static struct observer observer;
static uint64_t last_place;
static unsigned *runs; /* by place, shared with the workers */
static int allow_rfd, allow_wfd;

/* The worker. */

struct puppet {
	struct channel channel;
	struct backlog ahead;
	uint64_t seq;     /* that runs; 0: none */
	struct buf words;
	enum help_start start;
};

static void tell_done(struct puppet *w, enum outcome_kind kind, unsigned code)
{
	channel_put(&w->channel, &(struct msg){.type = MSG_DONE, .u.done = {
		.seq = w->seq, .kind = (uint8_t)kind, .code = code, .runtime_ns = 1000, .out = {"", 0}, .err = {"", 0}}});
	w->seq = 0;
}

static bool is(const struct puppet *w, const char *word)
{
	return w->seq != 0 && strcmp(buf_head(&w->words), word) == 0;
}

static void start_next(struct puppet *w)
{
	while (w->seq == 0 && w->ahead.count > 0) {
		w->seq = backlog_take(&w->ahead, &w->words).seq;
		__atomic_add_fetch(&runs[w->seq], 1, __ATOMIC_RELAXED);
		if (is(w, "quick") || is(w, "fail"))
			tell_done(w, OUTCOME_EXITED, is(w, "fail"));
	}
}

static void on_signal(struct puppet *w, uint64_t seq, unsigned signo)
{
	if (seq == 0)
		_exit(1); /* it would be for the initializer */
	if (seq != w->seq)
		return;
	if (signo == SIGTERM && is(w, "die"))
		_exit(1);
	if (signo == SIGTERM && is(w, "catch"))
		tell_done(w, OUTCOME_EXITED, 0);
	else if (signo == SIGKILL || (signo == SIGTERM && is(w, "hold")))
		tell_done(w, OUTCOME_SIGNALLED, signo);
}

static void on_revoke(struct puppet *w, uint64_t seq)
{
	uint64_t first = backlog_cut(&w->ahead, seq);
	if (first != 0)
		channel_put(&w->channel, &(struct msg){.type = MSG_REVOKED, .u.revoked.seq = first});
	else
		channel_put(&w->channel, &(struct msg){.type = MSG_STARTED, .u.started.seq = seq});
}

/* Is it this one that is allowed something? */
static bool take_leave(void)
{
	char byte;
	return read(allow_rfd, &byte, 1) == 1;
}

static void get_ready(struct puppet *w)
{
	while (w->start != START_AT_ONCE && !take_leave())
		poll(&(struct pollfd){.fd = allow_rfd, .events = POLLIN}, 1, -1);
	if (w->start == START_AND_DIE)
		_exit(1);
	channel_put(&w->channel, &(struct msg){.type = MSG_READY, .u.ready = {.pid = 1, .host = {"", 0}}});
}

static bool listen_to_pool(struct puppet *w)
{
	struct msg m;
	if (channel_fill(&w->channel) <= 0)
		return false;
	while (channel_next(&w->channel, &m) > 0) {
		if (m.type == MSG_SETUP)
			get_ready(w);
		else if (m.type == MSG_TASK)
			backlog_add(&w->ahead, &m);
		else if (m.type == MSG_REVOKE)
			on_revoke(w, m.u.revoke.seq);
		else if (m.type == MSG_SIGNAL)
			on_signal(w, m.u.signal.seq, m.u.signal.signo);
		start_next(w);
	}
	return true;
}

/* Of the pool's fds a worker has none. */
static void open_allow(void)
{
	char path[64];
	snprintf(path, sizeof path, "/proc/%d/fd/%d", (int)getppid(), allow_rfd);
	allow_rfd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
}

static int serve(int rfd, int wfd, void *arg)
{
	struct puppet w = {.start = *(enum help_start *)arg};
	open_allow();
	channel_open(&w.channel, rfd, wfd);
	for (bool goes_on = true; goes_on; ) {
		channel_flush(&w.channel);
		struct pollfd p[] = {{.fd = rfd, .events = POLLIN}, {.fd = is(&w, "hold") ? allow_rfd : -1, .events = POLLIN}};
		poll(p, 2, -1);
		if (p[1].revents && take_leave())
			tell_done(&w, OUTCOME_EXITED, 0);
		start_next(&w);
		if (p[0].revents)
			goes_on = listen_to_pool(&w);
	}
	return 0;
}

/* The pool. */

static void on_event(struct observer *o, const struct pool_event *e)
{
	(void)o;
	ck_assert_uint_le(e->task->place, HELP_TASKS);
	struct heard *h = &heard[e->task->place];
	h->accepted += e->kind == POOL_ACCEPTED;
	h->given += e->kind == POOL_GIVEN;
	h->started += e->kind == POOL_STARTED;
	h->returned += e->kind == POOL_RETURNED;
	h->failed += e->kind == POOL_FAILED;
	h->finished += e->kind == POOL_FINISHED;
	h->dropped += e->kind == POOL_DROPPED;
	if (e->outcome)
		h->outcome = *e->outcome;
}

void help_open(const struct pool_config *config, enum help_start start)
{
	static enum help_start how;
	struct pool_config c = *config;
	how = start;
	fdio_init();
	signal(SIGPIPE, SIG_IGN);
	runs = mmap(NULL, (HELP_TASKS + 1) * sizeof *runs, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ck_assert_ptr_ne(runs, MAP_FAILED);
	ck_assert_int_eq(fdio_pipe(&allow_rfd, &allow_wfd), 0);
	ck_assert_int_eq(loop_open(&loop), 0);
	memset(heard, 0, sizeof heard);
	last_place = 0;
	observer.on_event = on_event;
	c.serve = serve;
	c.serve_arg = &how;
	c.setup = (struct msg){.type = MSG_SETUP, .u.setup = {.env = {"", 0}, .initializer = {"", 0}}};
	pool_open(&pool, &c, &loop, &observer);
}

void help_close(void)
{
	pool_close(&pool);
	loop_close(&loop);
	close(allow_rfd);
	close(allow_wfd);
	munmap(runs, (HELP_TASKS + 1) * sizeof *runs);
}

static struct task *task_of(const char *word)
{
	struct task *t = task_new(++last_place);
	size_t len = strlen(word) + 1;
	t->command = (struct command){.bytes = xmemdup(word, len), .len = len, .n_words = 1};
	return t;
}

uint64_t submit(const char *word)
{
	pool_submit(&pool, task_of(word));
	return last_place;
}

uint64_t submit_lost(const char *word, unsigned attempt)
{
	struct task *t = task_of(word);
	t->attempt = attempt;
	pool_submit_lost(&pool, t);
	return last_place;
}

void allow(void)
{
	ck_assert_int_eq(fdio_write_all(allow_wfd, "", 1), 0);
}

unsigned ran(uint64_t place)
{
	return __atomic_load_n(&runs[place], __ATOMIC_RELAXED);
}
