/* SPDX-License-Identifier: MIT
 *
 * What a database keeps of tasks.
 */
#include <config.h>

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/array.h"
#include "base/clock.h"
#include "base/xalloc.h"
#include "db_help.h"
#include "state/dbstruct.h"

Suite *dbtask_suite(void);

static struct task *last_found;

static void keep_last(void *arg, struct task *t, enum db_left how)
{
	(void)arg, (void)how;
	if (last_found)
		task_drop(last_found);
	last_found = t;
}

static void tear_down(void)
{
	if (last_found)
		task_drop(last_found);
	last_found = NULL;
	db_remove_dir();
}

/* The last unfinished task, as the next run finds it. */
static struct task *found_again(void)
{
	db_reopen();
	ck_assert_int_eq(db_each_left(db, keep_last, NULL), 0);
	ck_assert_ptr_nonnull(last_found);
	return last_found;
}

/* The one value that SQL gives of the file, as text. */
static void assert_value(const char *query, const char *expected)
{
	sqlite3_stmt *statement;
	db_commit(db, false);
	ck_assert_int_eq(sqlite.prepare_v3(db->sql.connection, query, -1, 0, &statement, NULL), SQLITE_OK);
	ck_assert_int_eq(sqlite.step(statement), SQLITE_ROW);
	const char *value = sqlite.column_blob(statement, 0);
	int len = sqlite.column_bytes(statement, 0);
	bool same = (int)strlen(expected) == len && memcmp(value ? value : "", expected, (size_t)len) == 0;
	ck_assert_msg(same, "%s: %.*s", query, len, value);
	sqlite.finalize(statement);
}

/* Commands. */

static char long_line[100001];
static size_t holes[] = {5, 11};

static const struct command commands[] = {
#define WORDS(text) .bytes = (char[]){text}, .len = sizeof(text)
	{WORDS("echo $HOME | wc"), .n_words = 1, .shell = true},
	{WORDS("ls -l"), .n_words = 1, .shell = true, .direct = true},
	{WORDS("two\nlines \xff\xc3"), .n_words = 1, .shell = true},
	{WORDS("slot ; and ; again"), .n_words = 1, .shell = true, .holes = holes, .n_holes = 2},
	{WORDS("true"), .n_words = 1},
	{WORDS("echo\0a b\0\0\xc3\xa9\0\xfe"), .n_words = 5},
	{WORDS("echo\0some\0thing"), .n_words = 3, .holes = holes, .n_holes = 2},
	{.bytes = long_line, .len = sizeof long_line, .n_words = 1},
#undef WORDS
};

static void copy_command(struct command *to, const struct command *from)
{
	*to = *from;
	to->bytes = xmemdup(from->bytes, from->len);
	to->holes = from->n_holes > 0 ? xrealloc(NULL, from->n_holes, sizeof *from->holes) : NULL;
	if (to->holes)
		memcpy(to->holes, from->holes, from->n_holes * sizeof *from->holes);
}

START_TEST(commands_come_back)
{
	const struct command *c = &commands[_i];
	memset(long_line, 'x', sizeof long_line - 1);
	db_reopen();
	struct task *t = task_new(5);
	copy_command(&t->command, c);
	db_add(db, t);
	task_drop(t);
	t = found_again();
	ck_assert_uint_eq(t->seq, 5);
	ck_assert_uint_eq(t->place, 0);
	ck_assert_uint_eq(t->command.len, c->len);
	ck_assert_mem_eq(t->command.bytes, c->bytes, c->len);
	ck_assert_uint_eq(t->command.n_words, c->n_words);
	ck_assert_int_eq(t->command.shell, c->shell);
	ck_assert_int_eq(t->command.direct, c->direct);
	ck_assert_uint_eq(t->command.n_holes, c->n_holes);
	for (size_t i = 0; i < c->n_holes; i++)
		ck_assert_uint_eq(t->command.holes[i], c->holes[i]);
}
END_TEST

START_TEST(commands_for_people)
{
	db_reopen();
	for (size_t i = 0; i < ARRAY_LEN(commands); i++) {
		struct task *t = task_new(i + 1);
		copy_command(&t->command, &commands[i]);
		db_add(db, t);
		task_drop(t);
	}
	assert_value("SELECT command FROM task WHERE id = 1", "echo $HOME | wc");
	assert_value("SELECT typeof(command) || typeof(words) FROM task WHERE id = 1", "textnull");
	assert_value("SELECT typeof(command) FROM task WHERE id = 3", "blob");
	assert_value("SELECT command FROM task WHERE id = 4", "slot 1; and 1; again");
	assert_value("SELECT holes FROM task WHERE id = 4", "5 11");
	assert_value("SELECT command FROM task WHERE id = 7", "echo 1some t1hing");
	assert_value("SELECT state || origin FROM task WHERE id = 7", "waitinginput");
	assert_value("SELECT abs(added - strftime('%s', 'now')) < 1000 FROM task WHERE id = 7", "1");
}
END_TEST

START_TEST(all_of_a_task_comes_back)
{
	db_reopen();
	struct task *t = db_task(UINT64_C(1) << 40, "a");
	t->name = xstrdup("caf\xc3\xa9");
	t->directory = xstrdup("/tmp/\xff");
	t->tag = xmemdup("a\0b", 3);
	t->tag_len = 3;
	t->results = xstrdup("out/1/");
	t->submitted = true;
	db_add(db, t);
	task_drop(t);
	t = found_again();
	ck_assert_uint_eq(t->seq, UINT64_C(1) << 40);
	ck_assert_str_eq(t->name, "caf\xc3\xa9");
	ck_assert_str_eq(t->directory, "/tmp/\xff");
	ck_assert_uint_eq(t->tag_len, 3);
	ck_assert_mem_eq(t->tag, "a\0b", 3);
	ck_assert_str_eq(t->results, "out/1/");
	ck_assert(t->submitted);
	ck_assert_ptr_null(t->refusal);
	db_add_line(t->seq + 1, "a");
	t = found_again();
	ck_assert(!t->name && !t->directory && !t->tag && !t->results && !t->submitted);
	ck_assert_uint_eq(db_last_task(db), (UINT64_C(1) << 40) + 1);
}
END_TEST

START_TEST(refused_task)
{
	db_reopen();
	struct task *t = task_new(1);
	t->refusal = xstrdup("too many words");
	db_add(db, t);
	db_reopen();
	ck_assert_int_eq(db_each_left(db, keep_last, NULL), 0);
	ck_assert_str_eq(last_found->refusal, "too many words");
	ck_assert_uint_eq(last_found->command.n_words, 0);
	struct outcome o = {.kind = OUTCOME_NOT_STARTED};
	db_finish(db, t, NULL, &o, NULL);
	task_drop(t);
	db_reopen();
	ck_assert_str_eq(db_remaining(), "");
	ck_assert(db_look(db, 1, NULL, &o));
	ck_assert_int_eq(o.kind, OUTCOME_NOT_STARTED);
}
END_TEST

/* What became of them. */

START_TEST(states)
{
	struct outcome bad = {.kind = OUTCOME_EXITED, .code = 3}, stale = {0};
	const struct db_attempt ran = {.on_record = true}, waited = {0};
	struct task *t[6];
	db_reopen();
	ck_assert_str_eq(db_remaining(), "");
	ck_assert_uint_eq(db_last_task(db), 0);
	for (uint64_t i = 1; i <= 5; i++) {
		t[i] = db_task(i, "a");
		db_add(db, t[i]);
		t[i]->attempt = 1;
		if (i > 1)
			db_ran(t[i], 3);
	}
	db_fail(db, t[3], &ran, &bad);
	t[3]->attempt = 2;
	db_ran(t[3], 1);
	db_return(db, t[4], &ran);
	db_finish(db, t[5], &ran, &bad, NULL);
	ck_assert_str_eq(db_remaining(), "1 2 running 3 running 4");
	db_reopen();
	ck_assert_str_eq(db_remaining(), "1 2 running 3 running 4");
	assert_value("SELECT group_concat(attempts, ' ') FROM task", "0 1 2 0 1");
	assert_value("SELECT group_concat(task || '/' || number || '@' || slot, ' ') FROM attempt", "2/1@3 3/1@3 3/2@1 5/1@3");
	db_return(db, t[2], &ran); /* put off: as if it had never been given */
	db_return(db, t[3], &ran);
	db_return(db, t[1], &waited);
	ck_assert(!db_look(db, 3, NULL, &stale));
	db_reopen();
	ck_assert_str_eq(db_remaining(), "1 2 3 4");
	assert_value("SELECT group_concat(attempts, ' ') FROM task", "0 0 1 0 1");
	assert_value("SELECT group_concat(task || '/' || number || outcome || status, ' ') FROM attempt", "3/1exited3 5/1exited3");
	ck_assert_uint_eq(db_last_task(db), 5);
	for (uint64_t i = 1; i <= 5; i++)
		task_drop(t[i]);
}
END_TEST

/* The one that ran when the run was killed has had an attempt, which is to be told; the next has the next number. */
START_TEST(lost_and_run_again)
{
	struct outcome lost = {.kind = OUTCOME_LOST, .reason = "forkpool was killed"}, o;
	db_reopen();
	struct task *t = db_task(1, "a");
	db_add(db, t);
	t->attempt = 1;
	db_ran(t, 1);
	task_drop(t);
	t = found_again();
	ck_assert_uint_eq(t->attempt, 1);
	db_fail(db, t, &(struct db_attempt){0}, &lost);
	ck_assert_str_eq(db_remaining(), "1");
	t = found_again();
	ck_assert_uint_eq(t->attempt++, 1);
	db_finish(db, t, db_ran(t, 2), &(struct outcome){.kind = OUTCOME_EXITED, .pid = 12}, NULL);
	db_reopen();
	ck_assert(db_look(db, 1, NULL, &o));
	ck_assert_int_eq(o.pid, 12);
	assert_value("SELECT group_concat(number || outcome || ifnull(reason, ''), ' ') FROM attempt",
		"1lostforkpool was killed 2exited");
}
END_TEST

/* What workers of a run that was killed have begun was running, if it is not known to be over. */
START_TEST(begun_without_a_word)
{
	struct outcome bad = {.kind = OUTCOME_EXITED, .code = 3};
	db_reopen();
	for (uint64_t i = 1; i <= 4; i++)
		db_add_line(i, "a");
	db_finish_line(3, 0);
	struct task *t = task_new(4);
	t->attempt = 1;
	db_fail(db, t, &(struct db_attempt){.slot = 2, .began_us = 1}, &bad);
	task_drop(t);
	db_reopen();
	ck_assert_int_eq(db_size_of("state-begun"), 0);
	static const struct mark marks[] = {
		{1, 1, 1, 1500000, 0}, {3, 1, 1, 2, 0}, {4, 1, 2, 3, 0}, {2, 2, 2, 4, 0}, {5, 1, 3, 5, 0}, {0},
		{UINT64_MAX, UINT32_MAX, 7, -1, 0}};
	db_close(db);
	db = NULL;
	db_write_file(db_file("state-begun"), marks, sizeof marks);
	db_reopen();
	ck_assert_str_eq(db_remaining(), "1 running 2 4");
	assert_value("SELECT group_concat(task || '/' || number || '@' || slot || ' ' || started, ', ') FROM attempt WHERE task IN (1, 4)",
		"1/1@1 1.5, 4/1@2 1.0e-06");
	ck_assert_int_eq(db_size_of("state-begun"), 0);
}
END_TEST

/* Marks of before outlive a run that is killed. */
START_TEST(begun_and_put_back)
{
	db_reopen();
	db_add_line(1, "a");
	db_finish_line(1, 3);
	db_close(db);
	db = NULL;
	struct mark m = {.seq = 1, .attempt = 1, .slot = 1, .began_us = clock_wall_us() - 1000000};
	db_write_file(db_file("state-begun"), &m, sizeof m);
	db_execute(db_path, "UPDATE task SET state = 'waiting', attempts = 0; DELETE FROM attempt");
	db_reopen();
	ck_assert_str_eq(db_remaining(), "1");
	db_close(db);
	db = NULL;
	m.began_us += 2000000;
	db_write_file(db_file("state-begun"), &m, sizeof m);
	db_reopen();
	ck_assert_str_eq(db_remaining(), "1 running");
}
END_TEST

/* The file may be damaged, by hand or by a power cut. */
START_TEST(marks_of_any_bytes)
{
	char junk[1000];
	memset(junk, _i, sizeof junk);
	db_reopen();
	db_add_line(1, "a");
	db_close(db);
	db = NULL;
	db_write_file(db_file("state-begun"), junk, sizeof junk);
	db_reopen();
	ck_assert_str_eq(db_remaining(), "1");
}
END_TEST

START_TEST(marks_elsewhere)
{
	ck_assert_int_eq(symlink("state", db_file("state-begun")), 0);
	db_assert_contains(db_refusal(db_path), "state-begun', which belongs to it, cannot be used: Too many levels of symbolic links");
	ck_assert_int_eq(unlink(db_file("state-begun")), 0);
	ck_assert_int_eq(mkdir(db_file("state-begun"), 0700), 0);
	db_assert_contains(db_refusal(db_path), "state-begun', which belongs to it, cannot be used: Is a directory");
	ck_assert_int_eq(rmdir(db_file("state-begun")), 0);
	ck_assert_int_eq(mkfifo(db_file("state-begun"), 0600), 0);
	db_assert_contains(db_refusal(db_path), "state-begun', which belongs to it, is no regular file; remove it");
	ck_assert_int_eq(unlink(db_file("state-begun")), 0);
	db_reopen();
	db_add_line(1, "a");
}
END_TEST

static const struct outcome outcomes[] = {
	{.kind = OUTCOME_EXITED, .pid = 4711, .runtime_ns = 1234567891, .utime_us = 1000001, .stime_us = 3, .maxrss_kib = 5000},
	{.kind = OUTCOME_EXITED, .code = 255, .pid = 1},
	{.kind = OUTCOME_SIGNALLED, .code = 9, .pid = 1, .runtime_ns = UINT64_C(86400000000001)},
	{.kind = OUTCOME_TIMED_OUT, .code = 15, .pid = 1},
	{.kind = OUTCOME_TIMED_OUT, .pid = 1},
	{.kind = OUTCOME_NOT_STARTED, .code = 2, .reason = "no such command"},
	{.kind = OUTCOME_NOT_STARTED, .reason = "bytes: \xff"},
	{.kind = OUTCOME_LOST, .code = 11, .reason = "its worker was killed by SIGSEGV"},
	{.kind = OUTCOME_TERMINAL, .code = 21, .pid = 1},
	{.kind = OUTCOME_NO_RESOURCES, .code = 11},
};

START_TEST(outcomes_come_back)
{
	const struct outcome *expected = &outcomes[_i];
	struct outcome o;
	struct task *t = db_task(7, "some command"), *found;
	db_reopen();
	db_add(db, t);
	ck_assert(!db_look(db, 7, &found, &o));
	t->attempt = 1;
	struct db_attempt *a = db_ran(t, 1);
	ck_assert(!db_look(db, 7, &found, &o));
	db_finish(db, t, a, expected, NULL);
	task_drop(t);
	db_reopen();
	ck_assert(!db_look(db, 8, &found, &o));
	ck_assert(db_look(db, 7, &found, &o));
	ck_assert_str_eq(found->command.bytes, "some command");
	ck_assert_uint_eq(found->seq, 7);
	ck_assert_uint_eq(found->attempt, 1);
	task_drop(found);
	ck_assert_mem_eq(&o, expected, offsetof(struct outcome, reason));
	ck_assert_str_eq(o.reason, expected->reason);
	assert_value("SELECT count(*) FROM task WHERE outcome = (SELECT outcome FROM attempt) AND finished >= added", "1");
}
END_TEST

START_TEST(outcome_for_people)
{
	db_reopen();
	for (size_t i = 0; i < ARRAY_LEN(outcomes); i++) {
		struct task *t = db_task(i + 1, "a");
		db_add(db, t);
		db_finish(db, t, NULL, &outcomes[i], NULL);
		task_drop(t);
	}
	assert_value("SELECT group_concat(ifnull(status, '-'), ' ') FROM task", "0 255 - - - - - - - -");
	assert_value("SELECT group_concat(ifnull(signal, '-'), ' ') FROM task", "- - 9 15 - - - 11 21 -");
	assert_value("SELECT group_concat(ifnull(error, '-'), ' ') FROM task", "- - - - - 2 - - - 11");
}
END_TEST

static const struct {
	struct db_result result;
	bool kept;
} results[] = {
	{{0}, false},
	{{.out = "a\0\xff\n", .out_len = 4}, true},
	{{.err = "oops\n", .err_len = 5}, true},
	{{.out = "out", .out_len = 3, .err = "err", .err_len = 3, .truncated = true}, true},
	{{.truncated = true}, true},
};

START_TEST(settled)
{
	struct db_result r = {0};
	db_reopen();
	for (uint64_t i = 1; i <= 5; i++) {
		struct task *t = db_task(i, "a");
		db_add(db, t);
		r.settled = i == 2;
		if (i < 5)
			db_finish(db, t, NULL, &outcomes[0], &r);
		task_drop(t);
	}
	db_settle(db, 3, false);
	db_settle(db, 3, true);
	db_settle(db, 4, false);
	db_reopen();
	ck_assert_str_eq(db_remaining(), "1 over 4 over and shown 5");
}
END_TEST

START_TEST(results_come_back)
{
	const struct db_result *r = &results[_i].result;
	struct buf out = {0}, err = {0};
	bool truncated = false;
	struct task *t = db_task(1, "a");
	buf_adds(&out, ">");
	db_reopen();
	db_add(db, t);
	db_finish(db, t, NULL, &outcomes[0], r);
	task_drop(t);
	db_reopen();
	ck_assert_int_eq(db_read_result(db, 1, &out, &err, &truncated), results[_i].kept);
	ck_assert_uint_eq(buf_len(&out), r->out_len + 1);
	ck_assert_uint_eq(buf_len(&err), r->err_len);
	if (r->out_len > 0)
		ck_assert_mem_eq(buf_head(&out) + 1, r->out, r->out_len);
	if (r->err_len > 0)
		ck_assert_mem_eq(buf_head(&err), r->err, r->err_len);
	ck_assert_int_eq(truncated, r->truncated);
	ck_assert(!db_read_result(db, 2, &out, &err, &truncated));
	buf_clear(&out);
	buf_clear(&err);
}
END_TEST

/* Tasks of the input. */

static void assert_taken(const char *text, enum db_known expected, uint64_t expected_seq)
{
	uint64_t seq = 0;
	ck_assert_int_eq(db_take(db, text, strlen(text), &seq), expected);
	ck_assert_uint_eq(seq, expected_seq);
}

START_TEST(known_by_text_and_occurrence)
{
	db_reopen();
	for (uint64_t i = 1; i <= 4; i++)
		db_add_line(i, i == 3 ? "other \xff" : "same");
	struct task *t = db_task(5, "same");
	t->submitted = true;
	db_add(db, t);
	task_drop(t);
	db_finish_line(1, 0);
	db_finish_line(2, 1);
	assert_taken("same", DB_NEW, 0); /* it is this run's */
	db_reopen();
	db_finish_line(4, 0); /* known is what was known then */
	assert_taken("same", DB_SUCCEEDED, 1);
	assert_taken("other \xff", DB_UNFINISHED, 3);
	assert_taken("same", DB_FAILED, 2);
	assert_taken("same", DB_UNFINISHED, 4);
	assert_taken("same", DB_NEW, 0);
	assert_taken("sam", DB_NEW, 0);
	assert_taken("", DB_NEW, 0);
}
END_TEST

Suite *dbtask_suite(void)
{
	Suite *s = suite_create("dbtask");
	TCase *t = tcase_create("dbtask");
	tcase_add_checked_fixture(t, db_make_dir, tear_down);
	tcase_add_loop_test(t, commands_come_back, 0, ARRAY_LEN(commands));
	tcase_add_test(t, commands_for_people);
	tcase_add_test(t, all_of_a_task_comes_back);
	tcase_add_test(t, refused_task);
	tcase_add_test(t, states);
	tcase_add_test(t, lost_and_run_again);
	tcase_add_test(t, settled);
	tcase_add_test(t, begun_without_a_word);
	tcase_add_test(t, begun_and_put_back);
	tcase_add_loop_test(t, marks_of_any_bytes, 0, 8);
	tcase_add_test(t, marks_elsewhere);
	tcase_add_loop_test(t, outcomes_come_back, 0, ARRAY_LEN(outcomes));
	tcase_add_test(t, outcome_for_people);
	tcase_add_loop_test(t, results_come_back, 0, ARRAY_LEN(results));
	tcase_add_test(t, known_by_text_and_occurrence);
	suite_add_tcase(s, t);
	return s;
}
