/* SPDX-License-Identifier: MIT
 *
 * Tasks that have directories of their own, as a worker runs them; each test with and without --prefork.
 */
#include <config.h>

#include <check.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fdio.h"
#include "process_help.h"
#include "worker_help.h"

Suite *directory_suite(void);

enum { W, S = TASK_SHELL, D = TASK_SHELL | TASK_DIRECT };

static char directory[PATH_MAX]; /* "link" in the test's, to "real" there: the kernel knows it by another name than PWD */
static char physical[PATH_MAX];

/* PWD of the worker is right, as that of a shell's child is. */
static void start(bool prefork)
{
	char here[PATH_MAX];
	ck_assert_ptr_nonnull(getcwd(here, sizeof here));
	setenv("PWD", here, 1);
	setenv("FORKPOOL_PREFORK_EAGER", "1", 1);
	ck_assert_int_eq(mkdir(in_dir("real"), 0700), 0);
	ck_assert_ptr_nonnull(realpath(in_dir("real"), physical));
	snprintf(directory, sizeof directory, "%s", in_dir("link"));
	ck_assert_int_eq(symlink("real", directory), 0);
	write_file("real/program", "#!/bin/sh\necho program in $PWD\n", 0755);
	start_ready_worker((uint8_t)(SETUP_CAPTURE | (prefork ? SETUP_PREFORK : 0)));
}

static void send_in(uint64_t seq, const char *in, uint8_t flags, const char *words, size_t len)
{
	struct msg m = task_of(seq, flags, words, len);
	m.u.task.directory = (struct bytes){in, strlen(in)};
	send_msg(&m);
}

#define WORDS(text) text, sizeof(text)

static const struct {
	const char *words;
	size_t len;
	uint8_t flags;
	const char *out; /* %s: the directory */
} tasks[] = {
	{WORDS("printenv\0PWD"), W, "%s\n"},
	{WORDS("printenv PWD"), D, "%s\n"},
	{WORDS("printenv PWD"), S, "%s\n"},
	{WORDS("pwd"), S, "%s\n"},
	{WORDS("/bin/pwd -L"), D, "%s\n"},
	{WORDS("echo $PWD; cd ..; cd - >/dev/null; pwd"), S, "%s\n%s\n"},
	{WORDS("./program"), W, "program in %s\n"},
	{WORDS("./program"), D, "program in %s\n"},
	{WORDS("./program"), S, "program in %s\n"},
	{WORDS("../real/program"), W, "program in %s\n"},
	{WORDS("cd ../real && ls"), S, "program\n"},
};

/* `out` with the directory for each %s. */
static const char *expand(const char *out)
{
	static char text[3 * PATH_MAX];
	size_t len = 0;
	for (const char *p = out; *p; p += *p == '%' ? 2 : 1)
		len += (size_t)snprintf(text + len, sizeof text - len, *p == '%' ? "%s" : "%.1s", *p == '%' ? directory : p);
	return text;
}

static void assert_runs_here(void)
{
	char expected[2 * PATH_MAX];
	snprintf(expected, sizeof expected, "%s\n%s\n", getenv("PWD"), getenv("PWD"));
	send_task(2, "echo $PWD; pwd -P");
	expect_done(2, OUTCOME_EXITED, 0);
	assert_output(1, expected);
}

START_TEST(is_where_a_task_runs)
{
	start(_i);
	for (size_t i = 0; i < ARRAY_LEN(tasks); i++) {
		for (int again = 0; again < 2; again++) {
			send_in(1, directory, tasks[i].flags, tasks[i].words, tasks[i].len);
			expect_done(1, OUTCOME_EXITED, 0);
			assert_output(1, expand(tasks[i].out));
		}
		assert_runs_here();
	}
}
END_TEST

/* Entries of PATH, too, are looked up from there. */
static int set_relative_path(void)
{
	return setenv("PATH", "nonesuch:.:/usr/bin:/bin", 1);
}

START_TEST(is_where_relative_entries_of_path_begin)
{
	char expected[PATH_MAX + 20];
	in_worker = set_relative_path;
	start(_i);
	snprintf(expected, sizeof expected, "program in %s\n", directory);
	for (int again = 0; again < 2; again++) {
		send_in(1, directory, again ? W : D, WORDS("program"));
		expect_done(1, OUTCOME_EXITED, 0);
		assert_output(1, expected);
		send_in(2, "/", W, WORDS("program"));
		expect_done(2, OUTCOME_NOT_STARTED, ENOENT);
	}
}
END_TEST

START_TEST(goes_with_its_task_when_many_are_sent_ahead)
{
	char expected[PATH_MAX + 1];
	const char *const in[] = {directory, "/", "", "/usr", directory};
	start(_i);
	send_task(9, ALIVE "read x <$D/go");
	wait_until_alive();
	for (size_t i = 0; i < ARRAY_LEN(in); i++)
		send_in(i + 1, in[i], S, WORDS("printf %s \"$PWD\""));
	send_revoke(5);
	expect_revoked(5);
	release(go_fd);
	expect_done(9, OUTCOME_EXITED, 0);
	for (size_t i = 0; i < 4; i++) {
		expect_done(i + 1, OUTCOME_EXITED, 0);
		snprintf(expected, sizeof expected, "%s", *in[i] ? in[i] : getenv("PWD"));
		assert_output(1, expected);
	}
}
END_TEST

static void expect_outside(uint64_t seq, const char *reason)
{
	const struct msg *m = expect_done(seq, OUTCOME_NOT_STARTED, 0);
	char text[OUTCOME_REASON_MAX + 1] = "";
	ck_assert_uint_lt(m->u.done.reason.n, sizeof text);
	memcpy(text, m->u.done.reason.p, m->u.done.reason.n);
	ck_assert_str_eq(text, reason);
	assert_output(1, "");
	assert_output(2, "");
}

/* That is none of the command's: the code, which would say what is wrong with it, is 0. */
START_TEST(that_cannot_be_entered)
{
	static const uint8_t kinds[] = {W, S, D};
	start(_i);
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
		send_in(1, "/nonesuch/x", kinds[i], WORDS("true"));
		expect_outside(1, "cannot enter '/nonesuch/x': No such file or directory");
		send_in(2, "/dev/null", kinds[i], WORDS("/nonesuch/command"));
		expect_outside(2, "cannot enter '/dev/null': Not a directory");
		send_in(3, "/", kinds[i], WORDS("true"));
		expect_done(3, OUTCOME_EXITED, 0);
	}
}
END_TEST

START_TEST(that_goes_and_comes_back)
{
	char reason[PATH_MAX];
	start(_i);
	for (int i = 0; i < 4; i++) {
		send_in(1, physical, W, WORDS("true"));
		expect_done(1, OUTCOME_EXITED, 0);
		ck_assert_int_eq(rename(physical, in_dir("away")), 0);
		send_in(2, physical, W, WORDS("true"));
		snprintf(reason, sizeof reason, "cannot enter '%s': No such file or directory", physical);
		expect_outside(2, reason);
		ck_assert_int_eq(rename(in_dir("away"), physical), 0);
	}
}
END_TEST

/* Sends a path of `len` bytes, made of "/nonesuch/" and as many whole `unit`s as it takes; what the reason shows of it. */
static const char *shown_of(size_t len, const char *unit)
{
	static char reason[OUTCOME_REASON_MAX + 1];
	char path[2000] = "/nonesuch/";
	while (strlen(path) < len)
		strcat(path, unit);
	send_in(1, path, W, WORDS("true"));
	const struct msg *m = expect_done(1, OUTCOME_NOT_STARTED, 0);
	ck_assert_uint_lt(m->u.done.reason.n, OUTCOME_REASON_MAX);
	snprintf(reason, sizeof reason, "%.*s", (int)m->u.done.reason.n, m->u.done.reason.p);
	static const char begin[] = "cannot enter '", end[] = "': No such file or directory";
	size_t shown_len = strlen(reason) - strlen(begin) - strlen(end);
	ck_assert_str_eq(reason + strlen(begin) + shown_len, end);
	ck_assert_int_eq(strncmp(reason, begin, strlen(begin)), 0);
	reason[strlen(begin) + shown_len] = '\0';
	return reason + strlen(begin);
}

/* Its end is shown, in whole characters. */
START_TEST(that_has_a_long_path)
{
	start(false);
	ck_assert_uint_eq(strlen(shown_of(112, "x")), 112);
	static const char *const units[] = {"x", "/", "\xc3\xa4", "x\xc3\xa4", "xx\xc3\xa4", "\xe2\x82\xac", "x\xe2\x82\xac"};
	for (size_t i = 0; i < ARRAY_LEN(units); i++) {
		const char *shown = shown_of(500, units[i]);
		ck_assert_msg(strncmp(shown, "...", 3) == 0 && strlen(shown) > 100, "%s", shown);
		ck_assert_msg((shown[3] & 0xc0) != 0x80, "%s", shown);
	}
}
END_TEST

/* It is one process for all tasks, and stays where it is. */
START_TEST(means_nothing_to_a_worker_command)
{
	start_coworker("cat");
	send_in(1, "/nonesuch", W, WORDS("a\0b"));
	expect_done(1, OUTCOME_EXITED, 0);
	assert_output(1, "a b\n");
}
END_TEST

Suite *directory_suite(void)
{
	Suite *s = suite_create("directory");
	TCase *t = tcase_create("directory");
	tcase_add_unchecked_fixture(t, fdio_init, NULL);
	tcase_add_checked_fixture(t, worker_help_set_up, worker_help_tear_down);
	tcase_set_timeout(t, 60);
	tcase_add_loop_test(t, is_where_a_task_runs, 0, 2);
	tcase_add_loop_test(t, is_where_relative_entries_of_path_begin, 0, 2);
	tcase_add_loop_test(t, goes_with_its_task_when_many_are_sent_ahead, 0, 2);
	tcase_add_loop_test(t, that_cannot_be_entered, 0, 2);
	tcase_add_loop_test(t, that_goes_and_comes_back, 0, 2);
	tcase_add_test(t, that_has_a_long_path);
	tcase_add_test(t, means_nothing_to_a_worker_command);
	suite_add_tcase(s, t);
	return s;
}
