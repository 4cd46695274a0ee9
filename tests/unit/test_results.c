/* SPDX-License-Identifier: MIT */
#include <config.h>

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fdio.h"
#include "task/results.h"

#define ARRAY_LEN(a) (sizeof(a) / sizeof *(a))

Suite *results_suite(void);

static char dir[] = "/tmp/forkpool-results-XXXXXX/";

static void set_up(void)
{
	fdio_init();
	strcpy(dir + sizeof dir - 8, "XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(dir));
	dir[sizeof dir - 2] = '/';
}

static void with_name(enum results_file file, void (*act)(const char *name, const char *text), const char *text)
{
	struct buf name = {0};
	results_name(&name, dir, file);
	act(buf_head(&name), text);
	buf_clear(&name);
}

static void act_unlink(const char *name, const char *text)
{
	(void)text;
	unlink(name);
}

static void act_write(const char *name, const char *text)
{
	int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(fdio_write_all(fd, text, strlen(text)), 0);
	close(fd);
}

static void tear_down(void)
{
	for (enum results_file file = 0; file < RESULTS_FILES; file++)
		with_name(file, act_unlink, NULL);
	rmdir(dir);
}

START_TEST(name)
{
	static const char *const inside[] = {"a/stdout", "a/stderr", "a/seq", "a/command", "a/status"};
	static const char *const behind[] = {"a", "a.err", "a.seq", "a.command", "a.status"};
	struct buf out = {0};
	for (enum results_file file = 0; file < RESULTS_FILES; file++) {
		results_name(&out, "a/", file);
		ck_assert_str_eq(buf_head(&out), inside[file]);
		results_name(&out, "a", file);
		ck_assert_str_eq(buf_head(&out), behind[file]);
		ck_assert_uint_le(buf_len(&out), sizeof "a" + RESULTS_SUFFIX_MAX);
	}
	buf_clear(&out);
}
END_TEST

static const struct status_case {
	struct outcome outcome;
	const char *refusal;
	const char *text;
} statuses[] = {
	{{.kind = OUTCOME_EXITED}, NULL, "0\n"},
	{{.kind = OUTCOME_EXITED, .code = 255}, NULL, "255\n"},
	{{.kind = OUTCOME_SIGNALLED, .code = SIGKILL}, NULL, "137\nkilled by SIGKILL\n"},
	{{.kind = OUTCOME_TERMINAL, .code = SIGTTIN}, NULL, "149\nstopped: it wanted the terminal\n"},
	{{.kind = OUTCOME_TIMED_OUT, .code = SIGTERM, .runtime_ns = NS_PER_SEC}, NULL, "124\ntimed out after 1.0 s\n"},
	{{.kind = OUTCOME_TIMED_OUT, .runtime_ns = NS_PER_SEC}, NULL, "124\ntimed out after 1.0 s\n"},
	{{.kind = OUTCOME_LOST}, NULL, "125\nlost: its worker died\n"},
	{{.kind = OUTCOME_NOT_STARTED, .code = ENOENT}, NULL, "127\nnot started: No such file or directory\n"},
	{{.kind = OUTCOME_NOT_STARTED, .code = EACCES}, NULL, "126\nnot started: Permission denied\n"},
	{{.kind = OUTCOME_NOT_STARTED}, "NUL byte", "125\nnot started: NUL byte\n"},
};

START_TEST(status)
{
	struct buf out = {0};
	results_add_status(&out, &statuses[_i].outcome, statuses[_i].refusal);
	buf_addc(&out, '\0');
	ck_assert_str_eq(buf_head(&out), statuses[_i].text);
	buf_clear(&out);
}
END_TEST

static void assert_look(enum results_state expected, const struct command *c, const char *code, const char *line)
{
	with_name(RESULTS_STATUS, code ? act_write : act_unlink, code);
	with_name(RESULTS_COMMAND, line ? act_write : act_unlink, line);
	ck_assert_int_eq(results_look(dir, c), expected);
}

START_TEST(look)
{
	char bytes[] = "echo\0a b\nc";
	struct command c = {.bytes = bytes, .len = sizeof bytes, .n_words = 2};
	assert_look(RESULTS_NONE, &c, NULL, NULL);
	assert_look(RESULTS_SUCCEEDED, &c, "0\n", "echo 'a b\nc'\n");
	assert_look(RESULTS_FAILED, &c, "3\n", "echo 'a b\nc'\n");
	assert_look(RESULTS_FAILED, &c, "137\nkilled by SIGKILL\n", "echo 'a b\nc'\n");
	assert_look(RESULTS_FAILED, &c, "01\n", "echo 'a b\nc'\n");
	/* torn, or of another command */
	assert_look(RESULTS_NONE, &c, "", "echo 'a b\nc'\n");
	assert_look(RESULTS_NONE, &c, "0", "echo 'a b\nc'\n");
	assert_look(RESULTS_NONE, &c, "\n", "echo 'a b\nc'\n");
	assert_look(RESULTS_NONE, &c, "0\n", NULL);
	assert_look(RESULTS_NONE, &c, "0\n", "");
	assert_look(RESULTS_NONE, &c, "0\n", "echo 'a b\nc'");
	assert_look(RESULTS_NONE, &c, "0\n", "echo 'a b\nd'\n");
	assert_look(RESULTS_NONE, &c, "0\n", "echo 'a b\nc'\n\n");
	assert_look(RESULTS_NONE, &c, NULL, "echo 'a b\nc'\n");
}
END_TEST

/* It may have run in any slot, but in one. */
START_TEST(look_with_slots)
{
	char bytes[] = "echo\0a 7\0x";
	size_t holes[] = {8, 10};
	struct command c = {.bytes = bytes, .len = sizeof bytes, .n_words = 3, .holes = holes, .n_holes = ARRAY_LEN(holes)};
	assert_look(RESULTS_SUCCEEDED, &c, "0\n", "echo 'a 71' x1\n");
	assert_look(RESULTS_SUCCEEDED, &c, "0\n", "echo 'a 72' x2\n");
	assert_look(RESULTS_SUCCEEDED, &c, "0\n", "echo 'a 7123456' x123456\n");
	assert_look(RESULTS_NONE, &c, "0\n", "echo 'a 71' x2\n");
	assert_look(RESULTS_NONE, &c, "0\n", "echo 'a 7' x\n");
	assert_look(RESULTS_NONE, &c, "0\n", "echo 'a 799999999999999' x99999999999999\n");
	assert_look(RESULTS_NONE, &c, "0\n", "echo");
	assert_look(RESULTS_NONE, &c, "0\n", NULL);
}
END_TEST

START_TEST(look_where_nothing_can_be)
{
	char bytes[] = "true";
	struct command c = {.bytes = bytes, .len = sizeof bytes, .n_words = 1};
	ck_assert_int_eq(results_look("/dev/null/x", &c), RESULTS_NONE);
	ck_assert_int_eq(results_look("/nonexistent/x/", &c), RESULTS_NONE);
	struct buf fifo = {0};
	results_name(&fifo, dir, RESULTS_STATUS);
	ck_assert_int_eq(mkfifo(buf_head(&fifo), 0600), 0);
	ck_assert_int_eq(results_look(dir, &c), RESULTS_NONE);
	buf_clear(&fifo);
}
END_TEST

Suite *results_suite(void)
{
	Suite *s = suite_create("results");
	TCase *tc = tcase_create("results");
	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_test(tc, name);
	tcase_add_loop_test(tc, status, 0, ARRAY_LEN(statuses));
	tcase_add_test(tc, look);
	tcase_add_test(tc, look_with_slots);
	tcase_add_test(tc, look_where_nothing_can_be);
	suite_add_tcase(s, tc);
	return s;
}
