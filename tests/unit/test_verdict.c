/* SPDX-License-Identifier: MIT */
#include <config.h>

#include <check.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/report.h"
#include "base/xalloc.h"
#include "observe/verdict.h"

Suite *verdict_suite(void);

static char said[REPORT_LINE_MAX + 1];

static void take_line(void *arg, const char *line, size_t len)
{
	(void)arg;
	snprintf(said, sizeof said, "%.*s", (int)len, line);
}

static void set_up(void)
{
	*said = '\0';
	report_divert(take_line, NULL);
}

static void tear_down(void)
{
	report_divert(NULL, NULL);
}

/* How one task of a run ends, whose tasks all have the same program or not; what becomes of the run. */
static const struct ending {
	struct outcome outcome;
	bool same_program;
	bool failed;
	int condemned;
	const char *said;
} endings[] = {
	{{.kind = OUTCOME_EXITED}, true, false, 0, ""},
	{{.kind = OUTCOME_EXITED, .code = 3}, true, true, 0, "exit 3"},
	{{.kind = OUTCOME_EXITED, .code = 3, .stopped = true}, true, false, 0, ""},
	{{.kind = OUTCOME_NOT_STARTED, .code = ENOENT}, true, true, EXIT_NOT_FOUND, "not started: No such file or directory"},
	{{.kind = OUTCOME_NOT_STARTED, .code = ENOENT}, false, true, 0, "not started: No such file or directory"},
	{{.kind = OUTCOME_NOT_STARTED, .code = EACCES}, true, true, EXIT_CANNOT_EXEC, "not started: Permission denied"},
	{{.kind = OUTCOME_NOT_STARTED, .code = E2BIG}, true, true, 0, "not started: Argument list too long"},
	/* that its directory cannot be entered is none of the program's */
	{{.kind = OUTCOME_NOT_STARTED, .reason = "cannot enter '/x': No such file or directory"}, true, true, 0,
	 "not started: cannot enter '/x': No such file or directory"},
};

START_TEST(ending)
{
	const struct ending *e = &endings[_i];
	char expected[256] = "";
	struct verdict v;
	struct task *t = task_new(3);
	t->command = (struct command){.bytes = xmemdup("echo", 4), .len = 5, .n_words = 1};
	verdict_open(&v, false, false, e->same_program);
	v.observer.on_event(&v.observer, &(struct pool_event){.kind = POOL_FINISHED, .task = t, .slot = 1, .outcome = &e->outcome});
	if (*e->said)
		snprintf(expected, sizeof expected, "forkpool: task 3: %s: echo\n", e->said);
	ck_assert_str_eq(said, expected);
	ck_assert(v.failed == e->failed);
	ck_assert_int_eq(v.condemned, e->condemned);
	task_drop(t);
}
END_TEST

static const char *note(struct verdict *v, bool remark)
{
	*said = '\0';
	v->observer.on_event(&v->observer, &(struct pool_event){.kind = POOL_NOTE, .bytes = "so", .len = 2, .remark = remark});
	return said;
}

START_TEST(remarks_are_made_once_and_notes_each_time)
{
	struct verdict v;
	verdict_open(&v, false, false, false);
	ck_assert_str_eq(note(&v, false), "forkpool: so\n");
	ck_assert_str_eq(note(&v, true), "forkpool: so\n");
	ck_assert_str_eq(note(&v, true), "");
	ck_assert_str_eq(note(&v, false), "forkpool: so\n");
	verdict_open(&v, false, true, false);
	ck_assert_str_eq(note(&v, true), "");
	ck_assert_str_eq(note(&v, false), "forkpool: so\n");
	ck_assert(!v.failed);
}
END_TEST

Suite *verdict_suite(void)
{
	Suite *s = suite_create("verdict");
	TCase *t = tcase_create("verdict");
	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_add_loop_test(t, ending, 0, sizeof endings / sizeof endings[0]);
	tcase_add_test(t, remarks_are_made_once_and_notes_each_time);
	suite_add_tcase(s, t);
	return s;
}
