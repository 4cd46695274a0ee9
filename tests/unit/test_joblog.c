/* SPDX-License-Identifier: MIT */
#include <config.h>

#include <check.h>
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "task/joblog.h"

#define ARRAY_LEN(a) (sizeof(a) / sizeof *(a))

/* A text and its length: some have NULs. */
#define TEXT(text) text, sizeof(text) - 1

Suite *joblog_suite(void);

static const struct outcome_case {
	struct outcome outcome;
	int exit_value, signo;
} outcomes[] = {
	{{.kind = OUTCOME_EXITED, .code = 0}, 0, 0},
	{{.kind = OUTCOME_EXITED, .code = 3}, 3, 0},
	{{.kind = OUTCOME_EXITED, .code = 255}, 255, 0},
	{{.kind = OUTCOME_SIGNALLED, .code = SIGKILL}, 0, SIGKILL},
	{{.kind = OUTCOME_SIGNALLED, .code = SIGSEGV}, 0, SIGSEGV},
	{{.kind = OUTCOME_TIMED_OUT, .code = SIGTERM}, -1, SIGTERM},
	{{.kind = OUTCOME_TIMED_OUT, .code = SIGKILL}, -1, SIGKILL},
	{{.kind = OUTCOME_TIMED_OUT, .code = 0}, -1, SIGTERM},
	{{.kind = OUTCOME_NOT_STARTED, .code = ENOENT}, 127, 0},
	{{.kind = OUTCOME_NOT_STARTED, .code = EACCES}, 126, 0},
	{{.kind = OUTCOME_NOT_STARTED, .code = E2BIG}, 126, 0},
	{{.kind = OUTCOME_NOT_STARTED}, 125, 0},
	{{.kind = OUTCOME_LOST}, -1, 0},
	{{.kind = OUTCOME_TERMINAL, .code = SIGTTIN}, -1, SIGTTIN},
	{{.kind = OUTCOME_NO_RESOURCES, .code = EAGAIN}, -1, 0},
};

START_TEST(outcome)
{
	const struct outcome_case *c = &outcomes[_i];
	struct joblog_record r = {.exit_value = 77, .signo = 77};
	joblog_set_outcome(&r, &c->outcome);
	ck_assert_int_eq(r.exit_value, c->exit_value);
	ck_assert_int_eq(r.signo, c->signo);
	ck_assert_int_eq(r.exit_value == 0 && r.signo == 0, outcome_ok(&c->outcome));
}
END_TEST

/* No kind may come out as a success but an exit with 0. */
START_TEST(every_kind_is_told)
{
	for (int kind = 0; kind < OUTCOME_KINDS; kind++) {
		struct outcome o = {.kind = (enum outcome_kind)kind, .code = 1};
		struct joblog_record r = {0};
		joblog_set_outcome(&r, &o);
		ck_assert(r.exit_value != 0 || r.signo != 0);
	}
}
END_TEST

static const struct print_case {
	struct joblog_record record;
	const char *command;
	size_t len;
	const char *line;
	size_t line_len;
} prints[] = {
	{{1, ":", 1795383093029, 0, 2, 0, 0}, TEXT("echo 1"), TEXT("1\t:\t1795383093.029\t     0.000\t0\t2\t0\t0\techo 1\n")},
	{{7, "node7", 1795383093000, 16 * NS_PER_MS, 0, -1, 15}, TEXT("a"),
		TEXT("7\tnode7\t1795383093.000\t     0.016\t0\t0\t-1\t15\ta\n")},
	{{2, ":", 5, 499999, 0, 0, 0}, TEXT("a"), TEXT("2\t:\t0.005\t     0.000\t0\t0\t0\t0\ta\n")},
	{{2, ":", 5, 500000, 0, 0, 0}, TEXT("a"), TEXT("2\t:\t0.005\t     0.001\t0\t0\t0\t0\ta\n")},
	{{2, ":", 5, 999999999, 0, 0, 0}, TEXT("a"), TEXT("2\t:\t0.005\t     1.000\t0\t0\t0\t0\ta\n")},
	{{2, ":", 1000, UINT64_C(123456) * NS_PER_SEC, 0, 0, 0}, TEXT("a"), TEXT("2\t:\t1.000\t123456.000\t0\t0\t0\t0\ta\n")},
	{{2, ":", 1000, UINT64_C(1234567) * NS_PER_SEC, 0, 0, 0}, TEXT("a"), TEXT("2\t:\t1.000\t1234567.000\t0\t0\t0\t0\ta\n")},
	{{UINT64_MAX, ":", 1000, 0, UINT64_MAX, 255, 0}, TEXT("a"),
		TEXT("18446744073709551615\t:\t1.000\t     0.000\t0\t18446744073709551615\t255\t0\ta\n")},
	{{1, ":", 0, 0, 0, 0, 9}, TEXT("a\nb\n\n"), TEXT("1\t:\t0.000\t     0.000\t0\t0\t0\t9\ta\0b\0\0\n")},
	{{1, ":", 0, 0, 0, 0, 0}, TEXT("a\tb\t"), TEXT("1\t:\t0.000\t     0.000\t0\t0\t0\t0\ta\tb\t\n")},
	{{1, ":", 0, 0, 0, 0, 0}, TEXT(""), TEXT("1\t:\t0.000\t     0.000\t0\t0\t0\t0\t\n")},
	{{1, "", 0, 0, 0, 0, 0}, TEXT("a"), TEXT("1\t:\t0.000\t     0.000\t0\t0\t0\t0\ta\n")},
	{{1, "a\tb", 0, 0, 0, 0, 0}, TEXT("a"), TEXT("1\t:\t0.000\t     0.000\t0\t0\t0\t0\ta\n")},
	{{1, "a\nb", 0, 0, 0, 0, 0}, TEXT("a"), TEXT("1\t:\t0.000\t     0.000\t0\t0\t0\t0\ta\n")},
};

START_TEST(print)
{
	const struct print_case *c = &prints[_i];
	struct buf out = {0};
	buf_adds(&out, "before\n"); /* what is there stays */
	joblog_print(&out, &c->record, c->command, c->len);
	ck_assert_uint_eq(buf_len(&out), 7 + c->line_len);
	ck_assert_mem_eq(buf_head(&out), "before\n", 7);
	ck_assert_mem_eq(buf_head(&out) + 7, c->line, c->line_len);
	buf_clear(&out);
}
END_TEST

/* What printf makes of it is what the format is defined by. */
START_TEST(runtime_as_printf)
{
	struct buf out = {0};
	char expected[128];
	uint64_t ms = 1;
	for (int i = 0; i < 40; i++, ms = ms * 17 / 10 + 1) {
		struct joblog_record r = {.seq = 1, .host = ":", .started_ms = ms, .runtime_ns = ms * NS_PER_MS};
		joblog_print(&out, &r, "x", 1);
		buf_addc(&out, '\0');
		double s = (double)ms / 1000;
		snprintf(expected, sizeof expected, "1\t:\t%.3f\t%10.3f\t0\t0\t0\t0\tx\n", s, s);
		ck_assert_str_eq(buf_head(&out), expected);
		buf_reset(&out);
	}
	buf_clear(&out);
}
END_TEST

START_TEST(round_trip)
{
	const struct print_case *c = &prints[_i];
	struct buf out = {0};
	struct joblog_line line;
	joblog_print(&out, &c->record, c->command, c->len);
	bool parsed = joblog_parse(buf_head(&out), buf_len(&out) - 1, &line);
	ck_assert_int_eq(parsed, c->record.seq < UINT64_MAX);
	if (parsed) {
		ck_assert_uint_eq(line.seq, c->record.seq);
		ck_assert_int_eq(line.succeeded, c->record.exit_value == 0 && c->record.signo == 0);
		ck_assert_uint_eq(line.len, c->len);
		for (size_t i = 0; i < c->len; i++)
			ck_assert_int_eq(line.command[i], c->command[i] == '\n' ? '\0' : c->command[i]);
	}
	buf_clear(&out);
}
END_TEST

static const struct parse_case {
	const char *line;
	size_t len;
	bool is_record, succeeded;
	uint64_t seq;
} parses[] = {
	{TEXT("1\t:\t1.0\t     0.000\t0\t2\t0\t0\techo"), true, true, 1},
	{TEXT("1\t:\t1\t0\t0\t2\t0\t0\techo"), true, true, 1},
	{TEXT("1\t:\t1.0\t    -0.010\t0\t2\t0\t0\techo"), true, true, 1}, /* the clock was put back */
	{TEXT("1\tuser@host name\t1.0\t 0.000\t0\t2\t0\t0\techo"), true, true, 1},
	{TEXT("1\t:\t1.0\t0.000\t0\t2\t3\t0\techo"), true, false, 1},
	{TEXT("1\t:\t1.0\t0.000\t0\t2\t0\t9\techo"), true, false, 1},
	{TEXT("1\t:\t1.0\t0.000\t0\t2\t-1\t15\techo"), true, false, 1},
	{TEXT("1\t:\t1.0\t0.000\t0\t2\t00\t0\techo"), true, false, 1}, /* nobody writes that */
	{TEXT("1\t:\t1.0\t0.000\t0\t2\t0\t0\t"), true, true, 1},
	{TEXT("1\t:\t1.0\t0.000\t0\t2\t0\t0\ta\tb\0c"), true, true, 1},
	{TEXT("9999999999999999999\t:\t1.0\t0.000\t0\t2\t0\t0\ta"), true, true, UINT64_C(9999999999999999999)},
	{TEXT("1\t:\t1.0\t0.000\t99999999999999999999999999\t99999999999999999999999999\t0\t0\ta"), true, true, 1},
	{TEXT(""), .is_record = false},
	{TEXT("echo"), .is_record = false},
	{TEXT("1\t:\t1.0\t0.000\t0\t2\t0\t0"), .is_record = false},
	{TEXT("\t:\t1.0\t0.000\t0\t2\t0\t0\ta"), .is_record = false},
	{TEXT("0\t:\t1.0\t0.000\t0\t2\t0\t0\ta"), .is_record = false},
	{TEXT("-1\t:\t1.0\t0.000\t0\t2\t0\t0\ta"), .is_record = false},
	{TEXT(" 1\t:\t1.0\t0.000\t0\t2\t0\t0\ta"), .is_record = false},
	{TEXT("1x\t:\t1.0\t0.000\t0\t2\t0\t0\ta"), .is_record = false},
	{TEXT("10000000000000000000\t:\t1.0\t0.000\t0\t2\t0\t0\ta"), .is_record = false},
	{TEXT("1\t\t1.0\t0.000\t0\t2\t0\t0\ta"), .is_record = false},
	{TEXT("1\t\0\t1.0\t0.000\t0\t2\t0\t0\ta"), .is_record = false},
	{TEXT("1\t:\t\t0.000\t0\t2\t0\t0\ta"), .is_record = false},
	{TEXT("1\t:\tx\t0.000\t0\t2\t0\t0\ta"), .is_record = false},
	{TEXT("1\t:\t1.\t0.000\t0\t2\t0\t0\ta"), .is_record = false},
	{TEXT("1\t:\t1.0.0\t0.000\t0\t2\t0\t0\ta"), .is_record = false},
	{TEXT("1\t:\t1.0\t   \t0\t2\t0\t0\ta"), .is_record = false},
	{TEXT("1\t:\t1.0\t0.0s\t0\t2\t0\t0\ta"), .is_record = false},
	{TEXT("1\t:\t1.0\t0.000\t\t2\t0\t0\ta"), .is_record = false},
	{TEXT("1\t:\t1.0\t0.000\t0\t\0\t0\t0\ta"), .is_record = false},
	{TEXT("1\t:\t1.0\t0.000\t0\t2\t-\t0\ta"), .is_record = false},
	{TEXT("1\t:\t1.0\t0.000\t0\t2\t\t0\ta"), .is_record = false},
	{TEXT("1\t:\t1.0\t0.000\t0\t2\t0\tx\ta"), .is_record = false},
	{TEXT("1\t:\t1.0\t0.000\t0\t2\t0\t--1\ta"), .is_record = false},
	{TEXT("1\t:\t1.0\t0.000\t0\t2\t0\t\ta"), .is_record = false},
	{TEXT("1:\t1.0\t0.000\t0\t2\t0\t0\ta"), .is_record = false},
	{TEXT("1\t:\t1.0\t0.000\t0\t2\t0\ta b"), .is_record = false},
	{TEXT("\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"), .is_record = false},
};

START_TEST(parse)
{
	const struct parse_case *c = &parses[_i];
	struct joblog_line line;
	ck_assert_int_eq(joblog_parse(c->line, c->len, &line), c->is_record);
	if (!c->is_record)
		return;
	ck_assert_int_eq(line.succeeded, c->succeeded);
	ck_assert_uint_eq(line.seq, c->seq);
}
END_TEST

/* Whatever is cut off at the end of a record is a beginning, and none is a record but behind the last TAB. */
START_TEST(every_cut_is_a_beginning)
{
	static const char line[] = "12\t:\t1795383093.029\t     0.016\t0\t2\t-1\t15\techo a\tb";
	size_t before_command = (size_t)(strstr(line, "echo") - line);
	struct joblog_line record;
	for (size_t n = 0; n < sizeof line; n++) {
		ck_assert(joblog_may_begin(line, n));
		ck_assert_int_eq(joblog_parse(line, n, &record), n >= before_command);
	}
}
END_TEST

static const struct beginning_case {
	const char *rest;
	size_t len;
} no_beginnings[] = {
	{TEXT("x")},
	{TEXT("\0")},
	{TEXT("0\t")},
	{TEXT("12 ")},
	{TEXT("12\t\t")},
	{TEXT("12\t:\0\0")},
	{TEXT("12\t:\t17x")},
	{TEXT("12\t:\t17\0\0\0")},
	{TEXT("12\t:\t17\t1\t0\t0\t0\0")},
	{TEXT("12\t:\t17\t1\t0\t0\tx\t")},
	{TEXT("tar: removing leading /")},
};

START_TEST(no_beginning)
{
	ck_assert(!joblog_may_begin(no_beginnings[_i].rest, no_beginnings[_i].len));
}
END_TEST

Suite *joblog_suite(void)
{
	Suite *s = suite_create("joblog");
	TCase *t = tcase_create("joblog");
	tcase_add_loop_test(t, outcome, 0, ARRAY_LEN(outcomes));
	tcase_add_test(t, every_kind_is_told);
	tcase_add_loop_test(t, print, 0, ARRAY_LEN(prints));
	tcase_add_test(t, runtime_as_printf);
	tcase_add_loop_test(t, round_trip, 0, ARRAY_LEN(prints));
	tcase_add_loop_test(t, parse, 0, ARRAY_LEN(parses));
	tcase_add_test(t, every_cut_is_a_beginning);
	tcase_add_loop_test(t, no_beginning, 0, ARRAY_LEN(no_beginnings));
	suite_add_tcase(s, t);
	return s;
}
