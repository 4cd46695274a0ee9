/* SPDX-License-Identifier: MIT */
#include <config.h>

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fdio.h"
#include "process/kin.h"
#include "process/spawn.h"
#include "process_help.h"

Suite *spawn_suite(void);

static struct spawn_origin origin;
static struct spawn_request request;
static char *words[8]; /* words[0] is argv[-1] */
static int output_rfd, output_wfd, fds_before;
static sigset_t saved_mask;
static struct sigaction saved_chld;

static void set_up(void)
{
	static char *const envp[] = {(char *)"X=1", NULL};
	sigset_t all;
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, &saved_mask);
	sigaction(SIGCHLD, &(struct sigaction){.sa_handler = SIG_DFL}, &saved_chld);
	fds_before = open_fds();
	make_dir();
	ck_assert_int_eq(fdio_pipe(&output_rfd, &output_wfd), 0);
	origin = (struct spawn_origin){0};
	ck_assert_int_eq(spawn_init(&origin), 0);
	request = (struct spawn_request){.argv = words + 1, .envp = envp, .path = "/usr/bin:/bin",
					 .stdin_fd = 0, .stdout_fd = output_wfd, .stderr_fd = output_wfd};
}

static void tear_down(void)
{
	fdio_close(&output_rfd);
	fdio_close(&output_wfd);
	remove_dir();
	ck_assert(is_childless());
	ck_assert_int_eq(open_fds(), fds_before);
	sigaction(SIGCHLD, &saved_chld, NULL);
	sigprocmask(SIG_SETMASK, &saved_mask, NULL);
}

/* Words up to a NULL. */
static void set_argv(const char *const *argv)
{
	size_t n = 0;
	do
		words[n + 1] = (char *)argv[n];
	while (argv[n++]);
}

#define ARGV(...) set_argv((const char *const[]){__VA_ARGS__, NULL})

/* Run it to its end and compare. */
static void assert_runs(const char *output, int status)
{
	struct spawn_result r = spawn(&request);
	ck_assert_msg(r.pid > 0, "%s", strerror(r.error));
	fdio_close(&output_wfd);
	ck_assert_str_eq(read_text(output_rfd), output);
	ck_assert_int_eq(status_of(r.pid), status);
}

static void assert_fails(int error)
{
	struct spawn_result r = spawn(&request);
	if (r.pid > 0 && is_under_valgrind()) {
		ck_assert_int_eq(status_of(r.pid), 127 << 8);
		ck_assert_int_eq(spawn_late_result().error, error);
		return;
	}
	ck_assert_int_eq(r.pid, -1);
	ck_assert_msg(r.error == error, "%s, not %s", strerror(r.error), strerror(error));
	ck_assert(is_childless());
}

static const struct ending {
	const char *text, *output;
	int status; /* as wait(2) gives it */
} endings[] = {
	{"exit 0", "", 0},
	{"echo out; echo err >&2; exit 3", "out\nerr\n", 3 << 8},
	{"echo $X$Y; kill -KILL $$", "1\n", SIGKILL},
};

START_TEST(ending)
{
	ARGV("sh", "-c", endings[_i].text);
	assert_runs(endings[_i].output, endings[_i].status);
}
END_TEST

START_TEST(words_arrive_as_they_are)
{
	ARGV("printf", "[%s]", "a b", "", "$X\n");
	assert_runs("[a b][][$X\n]", 0);
}
END_TEST

/* A failure in between leaves nothing that the next one sees. */
START_TEST(what_cannot_be_executed)
{
	struct stat st;
	const struct { const char *name, *path; int error; } cases[] = {
		{"nonesuch", "/usr/bin:/bin", ENOENT},
		{"/nonesuch/x", "/bin", ENOENT},
		{"", "/bin", ENOENT},
		{"sh", "", ENOENT},
		{"sh", "/nonesuch:/dev/null", ENOENT},
		{in_dir(""), "/bin", EACCES},
		{write_file("plain", "exit 0\n", 0644), "/bin", EACCES},
		{"/dev/null/x", "/bin", ENOTDIR},
	};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		ARGV(cases[i].name);
		request.path = cases[i].path;
		assert_fails(cases[i].error);
	}
	/* one that may not be executed is passed over, but remembered */
	char path[128];
	snprintf(path, sizeof path, "%s:/nonesuch", in_dir(""));
	request.path = path;
	ARGV("plain");
	assert_fails(EACCES);
	ck_assert_int_eq(fstat(output_wfd, &st), 0);
	ARGV("true");
	request.path = "/usr/bin:/bin";
	assert_runs("", 0);
}
END_TEST

/* In what order PATH is searched, relative to a directory with one executable, `here`. */
static const struct path_case {
	const char *path;
	bool found;
} path_cases[] = {
	{":/bin", true}, {"/bin:", true}, {"/bin::/usr/bin", true}, {"", true}, {".", true}, {"../", false},
	{"/nonesuch:/bin/sh:.", true}, {"/bin", false},
};

START_TEST(path_search)
{
	const struct path_case *c = &path_cases[_i];
	int start = open(".", O_PATH | O_CLOEXEC);
	write_file("here", "#!/bin/sh\necho here $1\n", 0755);
	ck_assert_int_eq(chdir(in_dir("")), 0);
	request.path = c->path;
	ARGV("here", "x");
	if (c->found)
		assert_runs("here x\n", 0);
	else
		assert_fails(ENOENT);
	ck_assert_int_eq(fchdir(start), 0);
	close(start);
}
END_TEST

START_TEST(path_too_long_for_one_entry)
{
	static char path[3 * PATH_MAX];
	memset(path, 'x', sizeof path);
	path[0] = '/';
	memcpy(path + PATH_MAX + 10, ":/bin:/usr/bin", 15);
	request.path = path;
	ARGV("printf", "found");
	assert_runs("found", 0);
}
END_TEST

START_TEST(script_without_interpreter)
{
	char *name = (char *)write_file("script", "echo \"$#\" \"$1\" \"$2\"\n", 0755);
	ARGV(name, "a b", "c");
	assert_runs("2 a b c\n", 0);
}
END_TEST

START_TEST(fallback)
{
	static char *const other[] = {(char *)"sh", (char *)"-c", (char *)"echo other", NULL};
	char *script = (char *)write_file("script", "echo script\n", 0755);
	ARGV(_i ? script : "nonesuch", "a");
	request.fallback_argv = other;
	assert_runs("other\n", 0);
}
END_TEST

START_TEST(file_apart_from_its_name)
{
	request.file = "/bin/sh";
	ARGV("another name", "-c", "echo \"$0\"");
	assert_runs("another name\n", 0);
}
END_TEST

/* And each is the one that was asked for. */
START_TEST(only_its_standard_fds)
{
	char text[256];
	int rfd, wfd;
	ck_assert_int_eq(fdio_pipe(&rfd, &wfd), 0);
	ck_assert_int_eq(write(wfd, "in\n", 3), 3);
	fdio_close(&wfd);
	snprintf(text, sizeof text, "read x; echo $x; for n in %d %d %d; do [ ! -e /proc/$$/fd/$n ] || echo $n; done",
		 rfd, output_rfd, output_wfd);
	request.stdin_fd = rfd;
	request.stderr_fd = 2;
	ARGV("sh", "-c", text);
	assert_runs("in\n", 0);
	fdio_close(&rfd);
}
END_TEST

START_TEST(fd_that_is_none)
{
	ARGV("true");
	int *const fds[] = {&request.stdin_fd, &request.stdout_fd, &request.stderr_fd};
	int good = *fds[_i];
	*fds[_i] = -1;
	assert_fails(EBADF);
	*fds[_i] = good;
	assert_runs("", 0);
}
END_TEST

/* Entered first: what is relative is looked up from there, and this process stays where it is. */
START_TEST(directory)
{
	char here[PATH_MAX], after[PATH_MAX];
	ck_assert_ptr_nonnull(getcwd(here, sizeof here));
	write_file("program", "#!/bin/sh\npwd -P\n", 0755);
	request.directory = in_dir("");
	request.path = "/nonesuch:.";
	ARGV(_i ? "./program" : "program");
	char *expected = realpath(in_dir(""), NULL);
	ck_assert_ptr_nonnull(expected);
	strcpy(after, expected);
	strcat(after, "\n");
	free(expected);
	assert_runs(after, 0);
	ck_assert_ptr_nonnull(getcwd(after, sizeof after));
	ck_assert_str_eq(after, here);
}
END_TEST

static void assert_outside(const char *path, int error)
{
	request.directory = path;
	struct spawn_result r = spawn(&request);
	if (r.pid > 0 && is_under_valgrind()) {
		ck_assert_int_eq(status_of(r.pid), 127 << 8);
		r = spawn_late_result();
	}
	ck_assert_int_eq(r.pid, -1);
	ck_assert_int_eq(r.error, error);
	ck_assert(r.outside);
}

/* And a command that does not exist is another thing than its directory. */
START_TEST(directory_that_cannot_be_entered)
{
	ARGV("true");
	assert_outside("/nonesuch/x", ENOENT);
	assert_outside("/dev/null", ENOTDIR);
	ARGV("nonesuch");
	request.fallback_argv = (char *const[]){(char *)"true", NULL};
	assert_outside("/nonesuch/x", ENOENT);
	request.fallback_argv = NULL;
	request.directory = NULL;
	assert_fails(ENOENT);
	ck_assert(!spawn_late_result().outside);
	request.directory = "/";
	assert_fails(ENOENT);
	ck_assert(!spawn_late_result().outside);
}
END_TEST

START_TEST(process_group_of_its_own)
{
	ARGV("sh", "-c", "read -r pid name state ppid pgrp rest </proc/self/stat; echo $((pgrp - $$))");
	assert_runs("0\n", 0);
}
END_TEST

START_TEST(no_signal_is_blocked)
{
	ARGV("grep", "SigBlk", "/proc/self/status");
	assert_runs("SigBlk:\t0000000000000000\n", 0);
	sigset_t mask;
	sigprocmask(SIG_SETMASK, NULL, &mask);
	ck_assert_int_eq(sigismember(&mask, SIGINT), 1);
}
END_TEST

/* SIGCHLD is bit 16 of SigIgn. */
START_TEST(sigchld_as_at_the_start)
{
	origin.sigchld_ignored = _i;
	ARGV("sed", "-n", "s/SigIgn:.*\\(.\\)....$/\\1/p", "/proc/self/status");
	assert_runs(_i ? "1\n" : "0\n", 0);
}
END_TEST

START_TEST(limits_as_at_the_start)
{
	if (is_under_valgrind())
		return;
	ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &origin.nofile), 0);
	char expected[16];
	unsigned now = (unsigned)origin.nofile.rlim_cur;
	snprintf(expected, sizeof expected, "%u\n", _i ? 100 : now);
	origin.nofile.rlim_cur = 100;
	origin.nofile_raised = _i;
	ARGV("sh", "-c", "ulimit -n");
	assert_runs(expected, 0);
}
END_TEST

static int spawn_without_processes(void)
{
	if (geteuid() == 0 && setresuid(65534, 65534, 65534) < 0)
		return 1;
	if (spawn_init(&origin) < 0 || setrlimit(RLIMIT_NPROC, &(struct rlimit){0, 0}) < 0)
		return 2;
	struct spawn_result r = spawn(&request);
	return r.pid == -1 && r.error == EAGAIN ? 0 : 3;
}

START_TEST(no_more_processes)
{
	ARGV("true");
	assert_child(spawn_without_processes);
}
END_TEST

/* The command waits for input that never comes, and dies with its parent. */
static int spawn_and_die(void)
{
	if (spawn_init(&origin) < 0)
		return 1;
	return spawn(&request).pid > 0 ? 0 : 2;
}

START_TEST(dies_with_its_parent)
{
	int rfd, wfd;
	ck_assert_int_eq(fdio_pipe(&rfd, &wfd), 0);
	ck_assert_int_eq(kin_init(), 0);
	request.stdin_fd = rfd;
	ARGV("cat");
	assert_child(spawn_and_die);
	fdio_close(&output_wfd);
	ck_assert_str_eq(read_text(output_rfd), "");
	ck_assert_int_eq(status_of(-1), SIGKILL);
	fdio_close(&rfd);
	fdio_close(&wfd);
	ck_assert_int_eq(prctl(PR_SET_CHILD_SUBREAPER, 0), 0);
}
END_TEST

Suite *spawn_suite(void)
{
	Suite *s = suite_create("spawn");
	TCase *t = tcase_create("spawn");
	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_set_timeout(t, 60);
	tcase_add_loop_test(t, ending, 0, ARRAY_LEN(endings));
	tcase_add_test(t, words_arrive_as_they_are);
	tcase_add_test(t, what_cannot_be_executed);
	tcase_add_loop_test(t, path_search, 0, ARRAY_LEN(path_cases));
	tcase_add_test(t, path_too_long_for_one_entry);
	tcase_add_test(t, script_without_interpreter);
	tcase_add_loop_test(t, fallback, 0, 2);
	tcase_add_test(t, file_apart_from_its_name);
	tcase_add_test(t, only_its_standard_fds);
	tcase_add_loop_test(t, fd_that_is_none, 0, 3);
	tcase_add_loop_test(t, directory, 0, 2);
	tcase_add_test(t, directory_that_cannot_be_entered);
	tcase_add_test(t, process_group_of_its_own);
	tcase_add_test(t, no_signal_is_blocked);
	tcase_add_loop_test(t, sigchld_as_at_the_start, 0, 2);
	tcase_add_loop_test(t, limits_as_at_the_start, 0, 2);
	tcase_add_test(t, no_more_processes);
	tcase_add_test(t, dies_with_its_parent);
	suite_add_tcase(s, t);
	return s;
}
