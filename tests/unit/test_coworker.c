/* SPDX-License-Identifier: MIT
 *
 * A worker that gives its tasks to a worker command; and what it gives.
 */
#include <config.h>

#include <check.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/array.h"
#include "base/clock.h"
#include "process/capture.h"
#include "process_help.h"
#include "worker/coworker.h"
#include "proto/jansson.h"
#include "worker/workjson.h"
#include "worker/workline.h"
#include "worker_help.h"

Suite *coworker_suite(void);

#define WORDS(text) text, sizeof(text)

static const struct {
	const char *words;
	size_t len;
	const char *line; /* NULL: it cannot be one */
} given[] = {
	{WORDS("a"), "a\n"},
	{WORDS(""), "\n"},
	{WORDS("a\0b c\0\0d"), "a b c  d\n"},
	{WORDS("\0"), " \n"},
	{WORDS("a\nb"), NULL},
	{WORDS("a\0b\n"), NULL},
};

START_TEST(words_as_a_line)
{
	struct buf out = {0};
	buf_adds(&out, "before;");
	const char *why = workline_put(&out, (struct bytes){given[_i].words, given[_i].len});
	buf_addc(&out, '\0');
	ck_assert((why == NULL) == (given[_i].line != NULL));
	ck_assert_int_eq(strncmp(buf_head(&out), "before;", 7), 0);
	ck_assert_str_eq(buf_head(&out) + 7, given[_i].line ? given[_i].line : "");
	buf_clear(&out);
}
END_TEST

static const struct {
	const char *words;
	size_t len;
	const char *line; /* NULL: it cannot be one */
} requested[] = {
	{WORDS("a"), "{\"arguments\":[\"a\"],\"inputs\":[],\"requestId\":0}\n"},
	{WORDS("\0b\n\0\"\\"), "{\"arguments\":[\"\",\"b\\n\",\"\\\"\\\\\"],\"inputs\":[],\"requestId\":0}\n"},
	{WORDS("\xc3\xbc"), "{\"arguments\":[\"\xc3\xbc\"],\"inputs\":[],\"requestId\":0}\n"},
	{WORDS("a\0\xff"), NULL},
	{WORDS("\xed\xa0\x80"), NULL},
};

START_TEST(words_as_a_request)
{
	struct buf out = {0};
	ck_assert_ptr_null(jansson_load());
	buf_adds(&out, "before;");
	const char *why = workjson_put(&out, (struct bytes){requested[_i].words, requested[_i].len});
	buf_addc(&out, '\0');
	ck_assert((why == NULL) == (requested[_i].line != NULL));
	ck_assert_int_eq(strncmp(buf_head(&out), "before;", 7), 0);
	ck_assert_str_eq(buf_head(&out) + 7, requested[_i].line ? requested[_i].line : "");
	buf_clear(&out);
}
END_TEST

static const struct {
	const char *text;
	bool good;
	int exit_code;
	const char *output; /* or a piece of why */
} responses[] = {
	{"{}\n", true, 0, ""},
	{" { \"exitCode\" : 3, \"output\" : \"a\\nb\", \"requestId\" : 0 }\n", true, 3, "a\nb"},
	{"{\"output\":null,\"exitCode\":null,\"requestId\":null,\"wasCancelled\":false,\"x\":{\"y\":[]}}", true, 0, ""},
	{"{\"exitCode\":256}", true, 255, ""},
	{"{\"exitCode\":-256}", true, 255, ""},
	{"{\"requestId\":1}", false, 0, "requestId"},
	{"{\"requestId\":\"0\"}", false, 0, "requestId"},
	{"{\"exitCode\":1.5}", false, 0, "exitCode"},
	{"{\"exitCode\":0,\"exitCode\":1}", false, 0, "duplicate"},
	{"{\"output\":[]}", false, 0, "output"},
	{"[]", false, 0, "object"},
	{"", false, 0, "expected"},
	{"{\"output\":\"\xff\"}", false, 0, "decode"},
	{"{}{}", false, 0, "end of file"},
};

START_TEST(a_response)
{
	struct buf text = {0};
	struct workjson_response r;
	ck_assert_ptr_null(jansson_load());
	buf_adds(&text, responses[_i].text);
	bool good = workjson_take(&text, &r);
	buf_addc(&text, '\0');
	ck_assert(good == responses[_i].good);
	ck_assert_str_eq(buf_head(&text), good ? responses[_i].output : "");
	if (good)
		ck_assert_int_eq(r.exit_code, responses[_i].exit_code);
	else
		ck_assert_msg(strstr(r.why, responses[_i].output) != NULL, "%s: %s", responses[_i].text, r.why);
	buf_clear(&text);
}
END_TEST

static const struct msg *give(uint64_t seq, const char *word)
{
	static struct msg m;
	m = task_of(seq, 0, word, strlen(word) + 1);
	send_msg(&m);
	return &m;
}

static void assert_reason(const struct msg *m, const char *expected)
{
	char reason[200] = "";
	memcpy(reason, m->u.done.reason.p, m->u.done.reason.n);
	ck_assert_str_eq(reason, expected);
}

START_TEST(one_process_answers_all)
{
	int64_t pid = 0;
	start_coworker("while read x; do echo $$ $x; done");
	for (uint64_t seq = 1; seq <= 3; seq++) {
		give(seq, "item");
		const struct msg *m = expect_done(seq, OUTCOME_EXITED, 0);
		ck_assert_uint_eq(output_frames, 0);
		ck_assert(m->u.done.runtime_ns > 0 && m->u.done.utime_us == 0 && m->u.done.reason.n == 0);
		ck_assert(pid == 0 || (int64_t)m->u.done.pid == pid);
		pid = (int64_t)m->u.done.pid;
		buf_addc(&output[1], '\0');
		ck_assert_int_eq(atoi(buf_head(&output[1])), (int)pid);
		ck_assert_str_eq(strchr(buf_head(&output[1]), ' '), " item\n");
	}
}
END_TEST

START_TEST(a_line_too_many_after_the_answer)
{
	start_coworker("while read x; do echo $x; read y <$D/go; echo more; done");
	give(1, "a");
	expect_done(1, OUTCOME_EXITED, 0);
	release(go_fd);
	const struct msg *m = expect(MSG_NOTE);
	ck_assert_uint_eq(m->u.note.seq, 0);
	ck_assert_uint_eq(m->u.note.flags, NOTE_FAILURE);
	ck_assert(memmem(m->u.note.text.p, m->u.note.text.n, "worker 5's command", 18) != NULL);
	ck_assert(memmem(m->u.note.text.p, m->u.note.text.n, "task 1", 6) != NULL);
	give(2, "b");
	expect_done(2, OUTCOME_EXITED, 0);
	assert_output(1, "b\n");
}
END_TEST

START_TEST(a_signal_is_for_the_item_only)
{
	start_coworker("while read x; do echo $x; done");
	give(1, "a");
	expect_done(1, OUTCOME_EXITED, 0);
	send_signal(1, SIGKILL); /* it is over: the process is not meant */
	give(2, "b");
	expect_done(2, OUTCOME_EXITED, 0);
	assert_output(1, "b\n");
}
END_TEST

START_TEST(a_signal_ends_the_process)
{
	start_coworker(ALIVE "while read x; do " FOR_EVER "; done");
	give(1, "a");
	wait_until_alive();
	send_signal(1, SIGTERM);
	assert_reason(expect_done(1, OUTCOME_LOST, SIGTERM), "worker 5's command was killed by SIGTERM before it answered");
	wait_until_all_are_gone();
}
END_TEST

START_TEST(the_end_of_the_channel_ends_its_input)
{
	start_coworker("cat; echo e >&2; exit 4");
	give(1, "a");
	expect_done(1, OUTCOME_EXITED, 0);
	channel_shut(&channel);
	const struct msg *m = expect(MSG_NOTE);
	ck_assert_uint_eq(m->u.note.flags, 0);
	ck_assert(memmem(m->u.note.text.p, m->u.note.text.n, "ended with exit 4", 17) != NULL);
	buf_reset(&output[2]);
	take_output(expect(MSG_OUTPUT), 0);
	assert_output(2, "e\n");
	expect_end(0);
}
END_TEST

START_TEST(the_end_of_the_channel_ends_its_input_also_while_suspended)
{
	start_coworker("cat; exit 4");
	give(1, "a");
	expect_done(1, OUTCOME_EXITED, 0);
	send_signal(0, SIGSTOP);
	channel_shut(&channel);
	const struct msg *m = expect(MSG_NOTE);
	ck_assert(memmem(m->u.note.text.p, m->u.note.text.n, "ended with exit 4", 17) != NULL);
	expect_end(0);
}
END_TEST

/* One that was killed since it had broken a rule is gone; the next item waits for its successor. */
START_TEST(no_successor_begins_while_suspended)
{
	struct prefork none = {0};
	struct attempt process;
	struct channel nowhere = {.rfd = -1, .wfd = -1};
	struct environment environment;
	struct coworker c;
	ck_assert_int_eq(spawn_init(&worker_origin), 0);
	environment_init(&environment, "", 0);
	attempt_init(&process, &none);
	coworker_init(&c, &process, &nowhere, &environment);
	ck_assert_ptr_null(coworker_open(&c, (struct bytes){"cat", 3}, true, false));
	process.state = ATTEMPT_OVER;
	c.state = COWORKER_WAITING;
	c.spent = true;
	coworker_suspend(&c, true);
	coworker_turn(&c);
	ck_assert_int_eq(process.state, ATTEMPT_OVER);
	coworker_suspend(&c, false);
	coworker_turn(&c);
	ck_assert_int_eq(process.state, ATTEMPT_RUNNING);
	ck_assert_int_eq(c.state, COWORKER_ASKED);
	attempt_clear(&process);
	coworker_clear(&c);
	environment_clear(&environment);
}
END_TEST

START_TEST(time_stands_still_while_suspended)
{
	struct attempt process = {.state = ATTEMPT_IDLE};
	struct coworker c = {.process = &process, .state = COWORKER_CLOSING, .spent = true};
	uint64_t due = c.end_ns = clock_ns();
	coworker_suspend(&c, true);
	coworker_suspend(&c, true);
	usleep(10000);
	coworker_turn(&c);
	ck_assert_uint_eq(c.end_ns, due);
	coworker_suspend(&c, false);
	coworker_suspend(&c, false);
	ck_assert_uint_ge(c.end_ns, due + 10 * NS_PER_MS);
	while (clock_ns() < c.end_ns)
		usleep(1000);
	coworker_turn(&c);
	ck_assert_uint_eq(c.end_ns, 0);
}
END_TEST

START_TEST(the_end_of_the_channel_ends_an_item)
{
	start_coworker(ALIVE "trap '' TERM; while read x; do " FOR_EVER "; done");
	give(1, "a");
	wait_until_alive();
	end_worker();
	wait_until_all_are_gone();
}
END_TEST

Suite *coworker_suite(void)
{
	Suite *s = suite_create("coworker");
	TCase *pure = tcase_create("item"), *t = tcase_create("worker");
	tcase_add_loop_test(pure, words_as_a_line, 0, ARRAY_LEN(given));
	tcase_add_loop_test(pure, words_as_a_request, 0, ARRAY_LEN(requested));
	tcase_add_loop_test(pure, a_response, 0, ARRAY_LEN(responses));
	tcase_add_test(pure, no_successor_begins_while_suspended);
	tcase_add_test(pure, time_stands_still_while_suspended);
	suite_add_tcase(s, pure);
	tcase_add_checked_fixture(t, worker_help_set_up, worker_help_tear_down);
	tcase_set_timeout(t, 20);
	tcase_add_test(t, one_process_answers_all);
	tcase_add_test(t, a_line_too_many_after_the_answer);
	tcase_add_test(t, a_signal_is_for_the_item_only);
	tcase_add_test(t, a_signal_ends_the_process);
	tcase_add_test(t, the_end_of_the_channel_ends_its_input);
	tcase_add_test(t, the_end_of_the_channel_ends_its_input_also_while_suspended);
	tcase_add_test(t, the_end_of_the_channel_ends_an_item);
	suite_add_tcase(s, t);
	return s;
}
