/* SPDX-License-Identifier: MIT */
#include <config.h>

#include <check.h>
#include <errno.h>
#include <stdbool.h>

#include "observe/halt.h"

Suite *halt_suite(void);

static struct halt h;

START_TEST(every_form_is_read)
{
	static const struct {
		const char *text;
		struct halt_rule rule;
	} forms[] = {
		{"never", {.how = POOL_RUNS}},
		{"0", {.how = POOL_RUNS}},
		{"1", {POOL_STOP_SOON, HALT_FAIL, 1, false}},
		{"2", {POOL_STOP_NOW, HALT_FAIL, 1, false}},
		{"-1", {POOL_STOP_SOON, HALT_SUCCESS, 1, false}},
		{"-2", {POOL_STOP_NOW, HALT_SUCCESS, 1, false}},
		{"5%", {POOL_STOP_SOON, HALT_FAIL, 5, true}},
		{"now,fail=1", {POOL_STOP_NOW, HALT_FAIL, 1, false}},
		{"now,success=20", {POOL_STOP_NOW, HALT_SUCCESS, 20, false}},
		{"now,done=3%", {POOL_STOP_NOW, HALT_DONE, 3, true}},
		{"soon,fail=100%", {POOL_STOP_SOON, HALT_FAIL, 100, true}},
		{"soon,success=1%", {POOL_STOP_SOON, HALT_SUCCESS, 1, true}},
		{"soon,done=18446744073709551615", {POOL_STOP_SOON, HALT_DONE, UINT64_MAX, false}},
	};
	const struct halt_rule *want = &forms[_i].rule;
	struct halt_rule got;
	ck_assert_msg(halt_parse(forms[_i].text, &got) == 0, "%s", forms[_i].text);
	ck_assert_msg(got.how == want->how && got.why == want->why && got.limit == want->limit &&
			      got.percent == want->percent, "%s", forms[_i].text);
}
END_TEST

START_TEST(what_is_no_condition)
{
	static const struct {
		const char *text;
		int error;
	} cases[] = {
		{"", EINVAL}, {"now", EINVAL}, {"soon", EINVAL}, {"3", EINVAL}, {"-3", EINVAL}, {"now,fail", EINVAL},
		{"now,fail=", EINVAL}, {"now,fail=x", EINVAL}, {"now,fail=-1", EINVAL}, {"now,fail= 1", EINVAL},
		{"now,fail=1%%", EINVAL}, {"now,fail=1%x", EINVAL}, {"now,fail=%", EINVAL}, {"later,fail=1", EINVAL},
		{"now,failed=1", EINVAL}, {"never,fail=1", EINVAL}, {"now,fail=1,done=2", EINVAL}, {"%", EINVAL},
		{"now,fail=1.5%", EINVAL}, {"now,fail=0000000000000000000000001", EINVAL}, {"NOW,fail=1", EINVAL},
		{"now,fail=0", EDOM}, {"soon,done=0%", EDOM}, {"0%", EDOM}, {"101%", ERANGE},
		{"now,fail=18446744073709551616", ERANGE},
	};
	struct halt_rule rule = {.limit = 7};
	errno = 0;
	ck_assert_msg(halt_parse(cases[_i].text, &rule) == -1, "%s", cases[_i].text);
	ck_assert_msg(errno == cases[_i].error, "%s: errno %d", cases[_i].text, errno);
	ck_assert_uint_eq(rule.limit, 7);
}
END_TEST

static void open_with(const char *text)
{
	struct halt_rule rule;
	ck_assert_int_eq(halt_parse(text, &rule), 0);
	halt_open(&h, &rule);
}

/* `n` tasks come and end so. */
static void ending(int n, enum outcome_kind kind, int code, bool stopped)
{
	struct outcome o = {.kind = kind, .code = code, .stopped = stopped};
	struct pool_event accepted = {.kind = POOL_ACCEPTED}, finished = {.kind = POOL_FINISHED, .outcome = &o};
	while (n-- > 0) {
		h.observer.on_event(&h.observer, &accepted);
		h.observer.on_event(&h.observer, &finished);
	}
}

static void failing(int n)
{
	ending(n, OUTCOME_EXITED, 1, false);
}

static void succeeding(int n)
{
	ending(n, OUTCOME_EXITED, 0, false);
}

START_TEST(failures_are_counted)
{
	open_with("now,fail=3");
	succeeding(10);
	failing(1);
	ending(1, OUTCOME_LOST, 0, false);
	ck_assert_int_eq(h.tripped, POOL_RUNS);
	ending(1, OUTCOME_SIGNALLED, 9, false);
	ck_assert_int_eq(h.tripped, POOL_STOP_NOW);
}
END_TEST

START_TEST(successes_are_counted)
{
	open_with("soon,success=2");
	failing(10);
	succeeding(1);
	ck_assert_int_eq(h.tripped, POOL_RUNS);
	succeeding(1);
	ck_assert_int_eq(h.tripped, POOL_STOP_SOON);
}
END_TEST

START_TEST(both_are_done)
{
	open_with("soon,done=2");
	failing(1);
	ck_assert_int_eq(h.tripped, POOL_RUNS);
	succeeding(1);
	ck_assert_int_eq(h.tripped, POOL_STOP_SOON);
}
END_TEST

START_TEST(what_was_stopped_does_not_count)
{
	struct pool_event again = {.kind = POOL_FAILED}, dropped = {.kind = POOL_DROPPED};
	static const char *const rules[] = {"now,fail=1", "now,success=1", "now,done=1"};
	open_with(rules[_i]);
	ending(1, OUTCOME_SIGNALLED, 15, true);
	ending(1, OUTCOME_EXITED, 0, true);
	h.observer.on_event(&h.observer, &again);
	h.observer.on_event(&h.observer, &dropped);
	ck_assert_int_eq(h.tripped, POOL_RUNS);
}
END_TEST

START_TEST(never_is_never)
{
	open_with("never");
	failing(5);
	succeeding(5);
	halt_all_known(&h);
	ck_assert_int_eq(h.tripped, POOL_RUNS);
}
END_TEST

START_TEST(a_share_waits_for_the_end_of_the_input)
{
	open_with("now,fail=25%");
	failing(2);
	succeeding(6);
	ck_assert_int_eq(h.tripped, POOL_RUNS);
	halt_all_known(&h);
	ck_assert_int_eq(h.tripped, POOL_STOP_NOW);
}
END_TEST

/* 2 of 9 are less than 25 %; 3 of 10 are more. */
START_TEST(a_share_is_exact)
{
	struct pool_event accepted = {.kind = POOL_ACCEPTED};
	struct outcome o = {.kind = OUTCOME_EXITED, .code = 1};
	open_with("now,fail=25%");
	failing(2);
	succeeding(6);
	h.observer.on_event(&h.observer, &accepted);
	halt_all_known(&h);
	ck_assert_int_eq(h.tripped, POOL_RUNS);
	h.observer.on_event(&h.observer, &(struct pool_event){.kind = POOL_FINISHED, .outcome = &o});
	ck_assert_int_eq(h.tripped, POOL_STOP_NOW);
}
END_TEST

START_TEST(a_share_of_nothing_is_nothing)
{
	open_with("now,fail=1%");
	halt_all_known(&h);
	ck_assert_int_eq(h.tripped, POOL_RUNS);
	open_with("now,fail=1%");
	succeeding(3);
	halt_all_known(&h);
	ck_assert_int_eq(h.tripped, POOL_RUNS);
}
END_TEST

Suite *halt_suite(void)
{
	Suite *s = suite_create("halt");
	TCase *tc = tcase_create("halt");
	tcase_add_loop_test(tc, every_form_is_read, 0, 13);
	tcase_add_loop_test(tc, what_is_no_condition, 0, 26);
	tcase_add_test(tc, failures_are_counted);
	tcase_add_test(tc, successes_are_counted);
	tcase_add_test(tc, both_are_done);
	tcase_add_loop_test(tc, what_was_stopped_does_not_count, 0, 3);
	tcase_add_test(tc, never_is_never);
	tcase_add_test(tc, a_share_waits_for_the_end_of_the_input);
	tcase_add_test(tc, a_share_is_exact);
	tcase_add_test(tc, a_share_of_nothing_is_nothing);
	suite_add_tcase(s, tc);
	return s;
}
