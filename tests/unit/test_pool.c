/* SPDX-License-Identifier: MIT
 *
 * The pool against workers that run nothing and take their time, so that calls and ends cross in every way.
 */
#include <config.h>

#include <check.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/fdio.h"
#include "base/xalloc.h"
#include "pool/pool.h"
#include "process_help.h"
#include "proto/channel.h"
#include "worker/backlog.h"

Suite *pool_suite(void);

enum { TASKS = 6000, DIES_ONE_IN = 500 };

/* What workers have done, seen from all. */
static struct shared {
	unsigned char ran[TASKS + 1];
	bool on_record[TASKS + 1]; /* the pool has told that it is given, before the worker could know it */
	unsigned calls, early;
} *shared;

static bool workers_die;

/* Every third task has a directory, which tells its number. */
static void directory_of(uint64_t seq, char text[32])
{
	snprintf(text, 32, "/%d", (int)seq);
}

static struct task *make_task(uint64_t seq)
{
	char directory[32];
	struct task *t = task_new(seq);
	directory_of(seq, directory);
	t->command = (struct command){.bytes = xmemdup("x", 1), .len = 2, .n_words = 1};
	t->directory = seq % 3 ? NULL : xstrdup(directory);
	return t;
}

static bool is_right_directory(const struct assignment *a, const char *directory)
{
	char expected[32];
	directory_of(a->seq, expected);
	return a->seq % 3 ? a->directory_len == 0 : a->directory_len > 0 && strcmp(directory, expected) == 0;
}

/* The next task, of which `*seq` is the number. False: the pool is gone. */
static bool run_next(struct channel *c, struct backlog *b, uint64_t *seq)
{
	struct buf strings = {0};
	struct assignment a = backlog_take(b, &strings);
	long chance = random() % 1000;
	bool is_right = is_right_directory(&a, buf_head(&strings) + a.len);
	buf_clear(&strings);
	*seq = a.seq;
	__atomic_add_fetch(&shared->ran[*seq], is_right ? 1 : 100, __ATOMIC_RELAXED);
	if (!shared->on_record[*seq])
		__atomic_add_fetch(&shared->early, 1, __ATOMIC_RELAXED);
	if (workers_die && random() % DIES_ONE_IN == 0)
		_exit(1);
	if (chance < 300)
		usleep((useconds_t)(chance < 20 ? 2000 : random() % 200));
	channel_put(c, &(struct msg){.type = MSG_DONE, .u.done = {.seq = *seq, .runtime_ns = 1000, .out = {"", 0}, .err = {"", 0}}});
	return channel_flush(c) == 0;
}

/* As if it came late: what it calls back has been done. */
static void be_late(struct channel *c, struct backlog *b, uint64_t seq)
{
	for (uint64_t done = 0; b->count > 0 && done != seq && run_next(c, b, &done); )
		;
}

static void answer_revoke(struct channel *c, struct backlog *b, uint64_t seq)
{
	if (random() % 3 == 0)
		be_late(c, b, seq);
	uint64_t first = backlog_cut(b, seq);
	if (first != 0)
		channel_put(c, &(struct msg){.type = MSG_REVOKED, .u.revoked.seq = first});
	else
		channel_put(c, &(struct msg){.type = MSG_STARTED, .u.started.seq = seq});
	__atomic_add_fetch(&shared->calls, 1, __ATOMIC_RELAXED);
}

/* False: it is gone. */
static bool listen_to_pool(struct channel *c, struct backlog *b)
{
	struct msg m;
	if (channel_fill(c) <= 0)
		return false;
	while (channel_next(c, &m) > 0) {
		if (m.type == MSG_SETUP)
			channel_put(c, &(struct msg){.type = MSG_READY, .u.ready = {.pid = 1, .host = {"", 0}}});
		else if (m.type == MSG_TASK)
			backlog_add(b, &m);
		else if (m.type == MSG_REVOKE)
			answer_revoke(c, b, m.u.revoke.seq);
	}
	return channel_flush(c) == 0;
}

static int serve(int rfd, int wfd, void *arg)
{
	struct channel c;
	struct backlog b = {0};
	(void)arg;
	srandom((unsigned)getpid());
	channel_open(&c, rfd, wfd);
	channel_flush(&c);
	uint64_t seq;
	for (bool goes_on = true; goes_on; ) {
		struct pollfd p = {.fd = rfd, .events = POLLIN};
		bool spoken_to = poll(&p, 1, b.count > 0 ? 0 : -1) > 0;
		goes_on = spoken_to ? listen_to_pool(&c, &b) : run_next(&c, &b, &seq);
	}
	return 0;
}

/* What the pool has said. */
static unsigned char finished[TASKS + 1];
static unsigned lost;
static bool given[TASKS + 1];
static unsigned misgiven, returned, writes;

static void on_event(struct observer *o, const struct pool_event *e)
{
	uint64_t place = e->task->place;
	(void)o;
	bool gives = e->kind == POOL_GIVEN, returns = e->kind == POOL_RETURNED;
	misgiven += gives && (given[place] || e->task->attempt != 1 || e->slot == 0);
	misgiven += (returns && (!given[place] || e->task->attempt != 0)) || (e->kind == POOL_STARTED && !given[place]);
	given[place] = gives || (given[place] && !returns);
	returned += returns;
	if (e->kind != POOL_FINISHED)
		return;
	misgiven += !given[place];
	finished[place]++;
	lost += e->outcome->kind == OUTCOME_LOST;
}

/* A record that is kept in the last moment is soon enough. */
static bool before_write(void *arg)
{
	(void)arg;
	memcpy(shared->on_record, given, sizeof given);
	writes++;
	return true;
}

static bool refuse_to_write(void *arg)
{
	(void)arg;
	return false;
}

/* By bursts, the next before the last is quite over: at the end of each some workers idle while others have much. */
static void run_pool(struct pool *p, struct loop *loop)
{
	for (uint64_t next = 1; next <= TASKS; ) {
		for (long n = random() % 200; n > 0 && next <= TASKS && pool_wants(p); n--)
			pool_submit(p, make_task(next++));
		size_t rest = next <= TASKS ? (size_t)random() % 8 : 0;
		for (pool_turn(p); p->running + p->queue.count > rest; pool_turn(p))
			ck_assert_int_eq(loop_turn(loop, true), 0);
		ck_assert_ptr_null(p->error);
	}
}

static void set_up(struct loop *loop)
{
	lost = 0;
	memset(finished, 0, sizeof finished);
	memset(given, 0, sizeof given);
	misgiven = returned = writes = 0;
	signal(SIGPIPE, SIG_IGN);
	shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ck_assert_ptr_ne(shared, MAP_FAILED);
	ck_assert_int_eq(loop_open(loop), 0);
}

static void run_all(bool die)
{
	struct loop loop;
	struct pool pool;
	struct observer observer = {.on_event = on_event};
	workers_die = die;
	set_up(&loop);
	pool_open(&pool, &(struct pool_config){
		.jobs = 4, .ahead_max = 200, .queue_size = 100, .queue_grows = true, .serve = serve, .before_write = before_write,
		.setup = {.type = MSG_SETUP, .u.setup = {.env = {"", 0}, .initializer = {"", 0}}}}, &loop, &observer);
	run_pool(&pool, &loop);
	pool_close(&pool);
	loop_close(&loop);
	unsigned wrong = 0;
	for (size_t i = 1; i <= TASKS; i++)
		wrong += finished[i] != 1 || shared->ran[i] != 1;
	ck_assert_uint_eq(wrong, 0);
	ck_assert_uint_gt(shared->calls, 0);
	ck_assert_uint_eq(shared->early, 0);
	ck_assert_uint_eq(misgiven, 0);
	ck_assert_uint_gt(returned, 0);
	ck_assert_uint_lt(writes, TASKS / 2); /* many tasks at once, and not for nothing */
	munmap(shared, sizeof *shared);
}

START_TEST(each_task_runs_once)
{
	run_all(false);
	ck_assert_uint_eq(lost, 0);
}
END_TEST

/* Nothing runs twice, and what had not been started runs elsewhere. */
START_TEST(only_what_runs_is_lost_with_a_worker)
{
	run_all(true);
	ck_assert_uint_gt(lost, 0);
	ck_assert_uint_lt(lost, TASKS / DIES_ONE_IN * 4);
}
END_TEST

START_TEST(nothing_runs_that_cannot_be_put_on_record)
{
	struct loop loop;
	struct pool pool;
	struct observer observer = {.on_event = on_event};
	workers_die = false;
	set_up(&loop);
	pool_open(&pool, &(struct pool_config){
		.jobs = 4, .queue_size = 100, .serve = serve, .before_write = refuse_to_write,
		.setup = {.type = MSG_SETUP, .u.setup = {.env = {"", 0}, .initializer = {"", 0}}}}, &loop, &observer);
	for (uint64_t i = 1; i <= 8; i++)
		pool_submit(&pool, make_task(i));
	pool_turn(&pool);
	pool_stop(&pool, POOL_STOP_NOW);
	while (!pool_idle(&pool))
		ck_assert_int_eq(loop_turn(&loop, true), 0);
	pool_close(&pool);
	loop_close(&loop);
	for (size_t i = 1; i <= 8; i++)
		ck_assert_uint_eq(shared->ran[i], 0);
	munmap(shared, sizeof *shared);
}
END_TEST

Suite *pool_suite(void)
{
	Suite *s = suite_create("pool");
	TCase *t = tcase_create("pool");
	tcase_add_unchecked_fixture(t, fdio_init, NULL);
	tcase_set_timeout(t, 60);
	tcase_add_test(t, each_task_runs_once);
	tcase_add_test(t, only_what_runs_is_lost_with_a_worker);
	tcase_add_test(t, nothing_runs_that_cannot_be_put_on_record);
	suite_add_tcase(s, t);
	return s;
}
