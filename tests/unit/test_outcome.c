/* SPDX-License-Identifier: MIT */
#include <config.h>

#include <check.h>
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>

#include "base/clock.h"
#include "task/outcome.h"

#define ARRAY_LEN(a) (sizeof(a) / sizeof *(a))

Suite *outcome_suite(void);

static const struct describe_case {
	struct outcome outcome;
	bool ok;
	const char *text;
} cases[] = {
	{{.kind = OUTCOME_EXITED, .code = 0}, true, "exit 0"},
	{{.kind = OUTCOME_EXITED, .code = 3}, false, "exit 3"},
	{{.kind = OUTCOME_SIGNALLED, .code = SIGKILL}, false, "killed by SIGKILL"},
	{{.kind = OUTCOME_SIGNALLED, .code = SIGSEGV}, false, "killed by SIGSEGV"},
	{{.kind = OUTCOME_SIGNALLED, .code = 34}, false, "killed by signal 34"},
	{{.kind = OUTCOME_TIMED_OUT, .runtime_ns = 1500 * NS_PER_MS}, false, "timed out after 1.5 s"},
	{{.kind = OUTCOME_TIMED_OUT, .runtime_ns = 1001 * NS_PER_MS}, false, "timed out after 1.0 s"},
	{{.kind = OUTCOME_TIMED_OUT, .runtime_ns = 51 * NS_PER_MS}, false, "timed out after 51 ms"},
	{{.kind = OUTCOME_NOT_STARTED, .code = ENOENT}, false, "not started: No such file or directory"},
	{{.kind = OUTCOME_NOT_STARTED}, false, "not started"},
	{{.kind = OUTCOME_NO_RESOURCES, .code = EAGAIN}, false, "not started: Resource temporarily unavailable"},
	{{.kind = OUTCOME_NO_RESOURCES}, false, "no resources"},
	{{.kind = OUTCOME_LOST}, false, "lost: its worker died"},
	{{.kind = OUTCOME_TERMINAL, .code = SIGTTIN}, false, "stopped: it wanted the terminal"},
	{{.kind = OUTCOME_SIGNALLED, .code = SIGTERM, .stopped = true}, false, "stopped"},
	{{.kind = OUTCOME_NOT_STARTED, .reason = "no time", .stopped = true}, false, "not started: no time"},
};

START_TEST(describe)
{
	const struct describe_case *c = &cases[_i];
	char text[64];
	outcome_describe(&c->outcome, text, sizeof text);
	ck_assert_str_eq(text, c->text);
	ck_assert_int_eq(outcome_ok(&c->outcome), c->ok);
}
END_TEST

static const struct status_case {
	struct outcome outcome;
	int status, signal;
} statuses[] = {
	{{.kind = OUTCOME_EXITED, .code = 255}, 255, 0},
	{{.kind = OUTCOME_SIGNALLED, .code = SIGKILL}, 137, SIGKILL},
	{{.kind = OUTCOME_TERMINAL, .code = SIGTTIN}, 128 + SIGTTIN, SIGTTIN},
	{{.kind = OUTCOME_TIMED_OUT, .code = SIGTERM}, 124, SIGTERM},
	{{.kind = OUTCOME_TIMED_OUT}, 124, 0},
	{{.kind = OUTCOME_NOT_STARTED, .code = ENOENT}, 127, 0},
	{{.kind = OUTCOME_NOT_STARTED, .code = EACCES}, 126, 0},
	{{.kind = OUTCOME_NOT_STARTED}, 125, 0},
	{{.kind = OUTCOME_NO_RESOURCES, .code = EAGAIN}, 125, 0},
	{{.kind = OUTCOME_LOST}, 125, 0},
	{{.kind = OUTCOME_LOST, .code = SIGKILL}, 125, 0},
};

START_TEST(status)
{
	ck_assert_int_eq(outcome_status(&statuses[_i].outcome), statuses[_i].status);
	ck_assert_int_eq(outcome_signal(&statuses[_i].outcome), statuses[_i].signal);
}
END_TEST

START_TEST(describe_is_cut)
{
	char text[8];
	memset(text, 'x', sizeof text);
	outcome_describe(&(struct outcome){.kind = OUTCOME_LOST}, text, 5);
	ck_assert_str_eq(text, "lost");
	ck_assert_int_eq(text[5], 'x');
}
END_TEST

START_TEST(names)
{
	ck_assert_str_eq(outcome_name(OUTCOME_EXITED), "exited");
	ck_assert_str_eq(outcome_name(OUTCOME_TIMED_OUT), "timed out");
	for (int kind = 0; kind < OUTCOME_KINDS; kind++)
		ck_assert_ptr_nonnull(outcome_name((enum outcome_kind)kind));
	ck_assert_str_eq(outcome_name(OUTCOME_KINDS), "unknown");
}
END_TEST

Suite *outcome_suite(void)
{
	Suite *s = suite_create("outcome");
	TCase *t = tcase_create("outcome");
	tcase_add_loop_test(t, status, 0, ARRAY_LEN(statuses));
	tcase_add_loop_test(t, describe, 0, ARRAY_LEN(cases));
	tcase_add_test(t, describe_is_cut);
	tcase_add_test(t, names);
	suite_add_tcase(s, t);
	return s;
}
