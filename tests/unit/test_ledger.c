/* SPDX-License-Identifier: MIT */
#include <config.h>

#include <check.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "db_help.h"
#include "state/ledger.h"
#include "task/marks.h"

Suite *ledger_suite(void);

static struct ledger ledger;

static void setup(void)
{
	ledger_open(&ledger, &(struct ledger){.is_asked = true});
}

static void teardown(void)
{
	ledger_close(&ledger);
}

/* A task that runs `len` bytes of shell text. */
static struct task *new_task(uint64_t seq, size_t len)
{
	struct task *t = task_new(seq);
	t->seq = seq;
	t->command.shell = true;
	t->command.bytes = xmalloc(len + 1);
	memset(t->command.bytes, 'x', len);
	t->command.bytes[len] = '\0';
	t->command.len = len + 1;
	t->command.n_words = 1;
	return t;
}

static const struct outcome dropped = {.kind = OUTCOME_NOT_STARTED, .stopped = true};

/* The outcome is for those that are dropped; nobody looks at it otherwise. */
static void tell(enum pool_event_kind kind, struct task *t, unsigned slot)
{
	ledger.observer.on_event(&ledger.observer, &(struct pool_event){.kind = kind, .task = t, .slot = slot,
		.outcome = &dropped, .host = ""});
}

static void begin(struct task *t)
{
	t->attempt++;
	tell(POOL_GIVEN, t, 1);
	tell(POOL_STARTED, t, 1);
}

static void write_some(struct task *t, unsigned stream, size_t len)
{
	char *bytes = xmalloc(len);
	memset(bytes, 'o', len);
	ledger.observer.on_event(&ledger.observer, &(struct pool_event){
		.kind = POOL_OUTPUT, .task = t, .slot = 1, .stream = stream, .bytes = bytes, .len = len, .host = ""});
	free(bytes);
}

static void end(enum pool_event_kind kind, struct task *t, int code)
{
	struct outcome o = {.kind = OUTCOME_EXITED, .code = code};
	ledger.observer.on_event(&ledger.observer, &(struct pool_event){
		.kind = kind, .task = t, .slot = 1, .outcome = &o, .host = ""});
	if (kind == POOL_FINISHED)
		task_drop(t);
}

/* From its coming to its end. */
static void go_through(uint64_t seq, size_t command_len, size_t out_len)
{
	struct task *t = new_task(seq, command_len);
	tell(POOL_ACCEPTED, t, 0);
	begin(t);
	for (size_t n; out_len > 0; out_len -= n) {
		n = out_len < 65536 ? out_len : 65536;
		write_some(t, 1, n);
	}
	end(POOL_FINISHED, t, 0);
}

START_TEST(life_of_a_task)
{
	struct task *t = new_task(7, 3);
	t->name = xstrdup("seventh");
	ck_assert(!ledger_find(&ledger, 7));
	tell(POOL_ACCEPTED, t, 0);
	struct ledger_entry *e = ledger_find(&ledger, 7);
	ck_assert_ptr_nonnull(e);
	ck_assert_str_eq(ledger_state_name(e->state), "waiting");
	ck_assert_ptr_eq(e->task, t);
	ck_assert_uint_eq(e->attempt, 0);
	begin(t);
	ck_assert_str_eq(ledger_state_name(e->state), "running");
	ck_assert_uint_eq(e->attempt, 1);
	ck_assert_uint_eq(ledger.running, 1);
	end(POOL_FINISHED, t, 3);
	ck_assert_str_eq(ledger_state_name(e->state), "finished");
	ck_assert_ptr_null(e->task);
	ck_assert_str_eq(e->name, "seventh");
	ck_assert_uint_eq(e->command_len, 3);
	ck_assert_int_eq(e->outcome->code, 3);
	ck_assert_uint_eq(ledger.waiting + ledger.running, 0);
	ck_assert_uint_eq(ledger.finished, 1);
	ck_assert_uint_eq(ledger.failed, 1);
}
END_TEST

START_TEST(comes_back_unstarted)
{
	struct task *t = new_task(1, 1);
	struct ledger_entry *e;
	tell(POOL_ACCEPTED, t, 0);
	begin(t);
	t->attempt--;
	tell(POOL_RETURNED, t, 1);
	e = ledger_find(&ledger, 1);
	ck_assert_int_eq(e->state, LEDGER_WAITING);
	ck_assert_uint_eq(e->attempt, 0);
	ck_assert_uint_eq(ledger.waiting, 1);
	ledger.observer.on_event(&ledger.observer, &(struct pool_event){
		.kind = POOL_DROPPED, .task = t, .outcome = &dropped, .host = ""});
	ck_assert_int_eq(e->outcome->kind, OUTCOME_NOT_STARTED);
	ck_assert_uint_eq(ledger.failed, 1);
	task_drop(t);
}
END_TEST

/* A task with a worker that has noted that it begins. */
static struct task *begin_noted(void)
{
	struct task *t = new_task(1, 1);
	db_reopen();
	ledger_close(&ledger);
	ledger_open(&ledger, &(struct ledger){.db = db});
	tell(POOL_ACCEPTED, t, 0);
	begin(t);
	struct mark m = {.seq = 1, .attempt = 1, .slot = 1};
	ck_assert_int_eq(marks_put(db_fds(db)[DB_MARKS], &m, 0), 0);
	return t;
}

static size_t count_marks(void)
{
	struct buf marks = {0};
	ck_assert_int_eq(marks_read(db_fds(db)[DB_MARKS], &marks), 0);
	size_t n = buf_len(&marks) / sizeof(struct mark);
	buf_clear(&marks);
	return n;
}

/* Its worker has noted that it begins, and found no room for it: if forkpool is killed then, it has not run. */
START_TEST(comes_back_begun)
{
	struct task *t = begin_noted();
	t->attempt--;
	tell(POOL_RETURNED, t, 1);
	ck_assert_uint_eq(count_marks(), 0);
	task_drop(t);
}
END_TEST

/* That an attempt has failed may not be on record yet when the pool stops. */
START_TEST(dropped_before_the_next_attempt)
{
	struct task *t = begin_noted();
	end(POOL_FAILED, t, 1);
	tell(POOL_DROPPED, t, 0);
	ck_assert_uint_eq(count_marks(), 1);
	task_drop(t);
}
END_TEST

/* Standard output is that of the last attempt, and so is whether it was cut. */
START_TEST(tried_again)
{
	struct task *t = new_task(1, 1);
	struct ledger_entry *e;
	tell(POOL_ACCEPTED, t, 0);
	begin(t);
	e = ledger_find(&ledger, 1);
	for (size_t len = 0; len <= LEDGER_RESULT_MAX; len += 65536)
		write_some(t, 1, 65536);
	write_some(t, 2, 10);
	ck_assert(e->out_cut && !e->err_cut);
	ck_assert_uint_eq(buf_len(&e->out), LEDGER_RESULT_MAX);
	end(POOL_FAILED, t, 1);
	ck_assert_int_eq(e->state, LEDGER_WAITING);
	begin(t);
	write_some(t, 1, 5);
	write_some(t, 2, 10);
	end(POOL_FINISHED, t, 0);
	ck_assert(!e->out_cut && !e->err_cut);
	ck_assert_uint_eq(buf_len(&e->out), 5);
	ck_assert_uint_eq(buf_len(&e->err), 20);
	ck_assert_uint_eq(e->attempt, 2);
	ck_assert_uint_eq(ledger.failed, 0);
}
END_TEST

START_TEST(forgets_the_oldest)
{
	struct task *waiting = new_task(1, 1);
	tell(POOL_ACCEPTED, waiting, 0);
	for (uint64_t seq = 2; seq <= LEDGER_TASKS_MAX + 11; seq++)
		go_through(seq, 1, 0);
	ck_assert_uint_eq(ledger.kept, LEDGER_TASKS_MAX);
	ck_assert(!ledger_find(&ledger, 11));
	ck_assert_ptr_nonnull(ledger_find(&ledger, 12));
	ck_assert_ptr_nonnull(ledger_find(&ledger, LEDGER_TASKS_MAX + 11));
	ck_assert_ptr_nonnull(ledger_find(&ledger, 1));
	ck_assert_uint_eq(ledger.finished, LEDGER_TASKS_MAX + 10);
	end(POOL_FINISHED, waiting, 0);
	ck_assert(!ledger_find(&ledger, 12));
	ck_assert_ptr_nonnull(ledger_find(&ledger, 1));
}
END_TEST

START_TEST(forgets_what_is_large)
{
	size_t n = LEDGER_BYTES_MAX / LEDGER_RESULT_MAX;
	for (uint64_t seq = 1; seq <= n + 5; seq++)
		go_through(seq, 1, LEDGER_RESULT_MAX);
	ck_assert_uint_le(ledger.kept_bytes, LEDGER_BYTES_MAX);
	ck_assert_uint_eq(ledger.kept, n - 1);
	ck_assert_ptr_nonnull(ledger_find(&ledger, n + 5));
	go_through(n + 6, LEDGER_BYTES_MAX + 1, 0); /* larger than all may be: it is kept while it is the last */
	ck_assert_uint_eq(ledger.kept, 1);
	go_through(n + 7, 1, 0);
	ck_assert(!ledger_find(&ledger, n + 6));
	ck_assert_uint_eq(ledger.kept_bytes, 1);
}
END_TEST

/* Of many that run at once a little is kept, and nothing in between is left out; as much as before when they have ended. */
START_TEST(bounds_what_runs)
{
	static struct task *tasks[LEDGER_OUTPUT_MAX / LEDGER_RESULT_MAX];
	size_t n = sizeof tasks / sizeof *tasks, whole = n * 3 / 4;
	for (size_t i = 0; i < n; i++) {
		tasks[i] = new_task(i + 1, 1);
		tell(POOL_ACCEPTED, tasks[i], 0);
		begin(tasks[i]);
		write_some(tasks[i], 2, 5);
		write_some(tasks[i], 1, LEDGER_RESULT_MAX);
	}
	const struct ledger_entry *first = ledger_find(&ledger, 1), *last = ledger_find(&ledger, n);
	ck_assert_uint_le(ledger.output_bytes, LEDGER_OUTPUT_MAX);
	ck_assert_uint_eq(buf_len(&ledger_find(&ledger, whole)->out), LEDGER_RESULT_MAX);
	ck_assert(!first->out_cut && last->out_cut && !last->err_cut);
	ck_assert_uint_eq(buf_len(&last->out), LEDGER_RESULT_MIN);
	ck_assert_uint_eq(buf_len(&last->err), 5);
	for (size_t i = 0; i < whole; i++)
		end(i % 2 ? POOL_FAILED : POOL_FINISHED, tasks[i], 1);
	write_some(tasks[n - 1], 1, 10);
	write_some(tasks[n - 1], 2, LEDGER_RESULT_MIN);
	ck_assert_uint_eq(buf_len(&last->out), LEDGER_RESULT_MIN);
	ck_assert_uint_eq(buf_len(&last->err), LEDGER_RESULT_MIN + 5);
	for (size_t i = 1; i < whole; i += 2)
		end(POOL_FINISHED, tasks[i], 1);
	for (size_t i = whole; i < n; i++)
		end(POOL_FINISHED, tasks[i], 0);
	ck_assert_uint_eq(ledger.output_bytes, 0);
}
END_TEST

/* What is left of all that may be kept is not exceeded by many little ones. */
START_TEST(bounds_many_that_run)
{
	size_t n = LEDGER_OUTPUT_MAX / LEDGER_RESULT_MIN + 10;
	for (size_t seq = 1; seq <= n; seq++) {
		struct task *t = new_task(seq, 1);
		tell(POOL_ACCEPTED, t, 0);
		begin(t);
		write_some(t, 2, LEDGER_RESULT_MIN);
		end(POOL_FAILED, t, 1);
	}
	ck_assert_uint_eq(ledger.output_bytes, LEDGER_OUTPUT_MAX);
	ck_assert(!ledger_find(&ledger, n - 10)->err_cut);
	ck_assert(ledger_find(&ledger, n)->err_cut);
	for (size_t seq = 1; seq <= n; seq++) {
		struct task *t = ledger_find(&ledger, seq)->task;
		tell(POOL_DROPPED, t, 0);
		task_drop(t);
	}
	ck_assert_uint_eq(ledger.output_bytes, 0);
}
END_TEST

START_TEST(counts_names)
{
	for (uint64_t seq = 1; seq <= 100; seq++) {
		struct task *t = new_task(seq, 1);
		t->name = xmalloc(LEDGER_RESULT_MAX + 1);
		memset(t->name, 'n', LEDGER_RESULT_MAX);
		t->name[LEDGER_RESULT_MAX] = '\0';
		tell(POOL_ACCEPTED, t, 0);
		begin(t);
		end(POOL_FINISHED, t, 0);
	}
	ck_assert_uint_eq(ledger.kept, LEDGER_BYTES_MAX / LEDGER_RESULT_MAX - 1);
}
END_TEST

/* It stands before one that goes, and before one that goes with all behind it; who comes meanwhile is not seen. */
START_TEST(walks_while_tasks_go_and_come)
{
	struct ledger_walk slow, quick;
	struct task *waiting = new_task(1, 1), *late;
	tell(POOL_ACCEPTED, waiting, 0);
	for (uint64_t seq = 2; seq <= 5; seq++)
		go_through(seq, 1, 0);
	ledger_walk(&ledger, &slow);
	ledger_walk(&ledger, &quick);
	ck_assert_uint_eq(ledger_step(&slow)->seq, 1);
	for (uint64_t seq = 6; seq <= LEDGER_TASKS_MAX + 3; seq++)
		go_through(seq, 1, 0);
	ck_assert(!ledger_find(&ledger, 3));
	ck_assert_uint_eq(ledger_step(&slow)->seq, 4);
	end(POOL_FINISHED, waiting, 0);
	ck_assert(!ledger_find(&ledger, 4));
	ck_assert_uint_eq(ledger_step(&quick)->seq, 1);
	ck_assert_int_eq(ledger_find(&ledger, 1)->state, LEDGER_FINISHED);
	ck_assert_uint_eq(ledger_step(&slow)->seq, 5);
	ck_assert_ptr_null(ledger_step(&slow));
	for (uint64_t seq = 1; seq <= LEDGER_TASKS_MAX; seq++)
		go_through(LEDGER_TASKS_MAX + 3 + seq, 1, 0);
	ck_assert_ptr_null(ledger_step(&quick));
	ledger_walk_end(&ledger, &slow);
	ledger_walk_end(&ledger, &quick);
	late = new_task(30000, 1);
	tell(POOL_ACCEPTED, late, 0);
	tell(POOL_DROPPED, late, 0);
	task_drop(late);
}
END_TEST

Suite *ledger_suite(void)
{
	Suite *s = suite_create("ledger");
	TCase *t = tcase_create("ledger");
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, life_of_a_task);
	tcase_add_test(t, comes_back_unstarted);
	tcase_add_test(t, tried_again);
	tcase_add_test(t, forgets_the_oldest);
	tcase_add_test(t, forgets_what_is_large);
	tcase_add_test(t, bounds_what_runs);
	tcase_add_test(t, bounds_many_that_run);
	tcase_add_test(t, counts_names);
	tcase_add_test(t, walks_while_tasks_go_and_come);
	suite_add_tcase(s, t);
	t = tcase_create("with a database");
	tcase_add_checked_fixture(t, db_make_dir, db_remove_dir);
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, comes_back_begun);
	tcase_add_test(t, dropped_before_the_next_attempt);
	suite_add_tcase(s, t);
	return s;
}
