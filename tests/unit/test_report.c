/* SPDX-License-Identifier: MIT */
#include <config.h>

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/report.h"

#define ARRAY_LEN(a) (sizeof(a) / sizeof *(a))

Suite *report_suite(void);

static char got[4096];
static size_t got_len;

static void keep_line(void *arg, const char *line, size_t len)
{
	ck_assert_ptr_eq(arg, got);
	ck_assert_uint_le(got_len + len, sizeof got - 1);
	memcpy(got + got_len, line, len);
	got_len += len;
	got[got_len] = '\0';
	errno = EXDEV;
}

static void divert(void)
{
	got_len = 0;
	report_divert(keep_line, got);
}

static void undivert(void)
{
	report_divert(NULL, NULL);
}

START_TEST(messages)
{
	errno = ENOENT;
	warn_msg("%s: %d", "file", 3);
	ck_assert_str_eq(got, "forkpool: file: 3\n");
	ck_assert_int_eq(errno, ENOENT);
	got_len = 0;
	warn_sys("cannot open '%s'", "x");
	ck_assert_str_eq(got, "forkpool: cannot open 'x': No such file or directory\n");
	ck_assert_int_eq(errno, ENOENT);
	got_len = 0;
	warn_msg("a\nb\033[2J\x7f");
	ck_assert_str_eq(got, "forkpool: a\\nb\\x1b[2J\\x7f\n");
}
END_TEST

/* However long the name, the line is not, and the reason stays. */
START_TEST(long_messages)
{
	char name[2000];
	memset(name, 'n', sizeof name - 1);
	for (size_t n = 400; n < 700; n++) {
		got_len = 0;
		warn_msg("%.*s", (int)n, name);
		ck_assert_uint_eq(got_len, n + 11 < REPORT_LINE_MAX ? n + 11 : REPORT_LINE_MAX);
		ck_assert_int_eq(got[got_len - 1], '\n');
		if (n + 11 > REPORT_LINE_MAX)
			ck_assert_str_eq(got + got_len - 5, "n...\n");
	}
	name[sizeof name - 1] = '\0';
	got_len = 0;
	errno = EACCES;
	warn_sys("cannot open '%s'", name);
	ck_assert_uint_eq(got_len, REPORT_LINE_MAX);
	ck_assert_str_eq(got + got_len - 24, "n...: Permission denied\n");
	memset(name, '\1', sizeof name - 1);
	got_len = 0;
	warn_msg("%s", name);
	ck_assert_uint_le(got_len, REPORT_LINE_MAX);
	ck_assert_str_eq(got + got_len - 8, "\\x01...\n");
}
END_TEST

static const struct escape_case {
	const char *text;
	const char *shown;
} escapes[] = {
	{"", ""},
	{"plain \\ text", "plain \\ text"},
	{"\n\t\r\a", "\\n\\t\\x0d\\x07"},
	{"gr\xc3\xbc\xc3\x9f \xe2\x82\xac \xf0\x9f\x98\x80", "gr\xc3\xbc\xc3\x9f \xe2\x82\xac \xf0\x9f\x98\x80"},
	{"\x9b", "\\x9b"},
	{"\xc2\x9b", "\\xc2\\x9b"},
	{"\xc2\xa0", "\xc2\xa0"},
	{"\xff\xfe\xc3(", "\\xff\\xfe\\xc3("},
	{"\xc0\x9b", "\\xc0\\x9b"},
	{"\xe0\x82\x9b", "\\xe0\\x82\\x9b"},
	{"\xed\xa0\x80", "\\xed\\xa0\\x80"},
	{"\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80"},
	{"\xf0\x82\x82\x9b", "\\xf0\\x82\\x82\\x9b"},
	{"\xe2\x82", "\\xe2\\x82"},
	{"\xc3", "\\xc3"},
};

START_TEST(escape)
{
	char out[64];
	const struct escape_case *c = &escapes[_i];
	size_t len = report_escape(out, sizeof out, c->text, strlen(c->text));
	ck_assert_str_eq(out, c->shown);
	ck_assert_uint_eq(len, strlen(c->shown));
}
END_TEST

START_TEST(escape_to_ascii)
{
	char out[64];
	report_escape_ascii(out, sizeof out, "a\n\xc3\xa9\xff~", 6);
	ck_assert_str_eq(out, "a\\n\\xc3\\xa9\\xff~");
}
END_TEST

START_TEST(escape_to_size)
{
	char out[16];
	ck_assert_uint_eq(report_escape(out, 0, "abc", 3), 0);
	ck_assert_uint_eq(report_escape(out, 1, "abc", 3), 0);
	ck_assert_str_eq(out, "");
	ck_assert_uint_eq(report_escape(out, 3, "abc", 3), 2);
	ck_assert_str_eq(out, "..");
	report_escape(out, 4, "abc", 3);
	ck_assert_str_eq(out, "abc");
	report_escape(out, 4, "abcd", 4);
	ck_assert_str_eq(out, "...");
	report_escape(out, 6, "abcdef", 6);
	ck_assert_str_eq(out, "ab...");
	/* Neither an escape nor a character is cut in its middle. */
	report_escape(out, 8, "ab\001cdef", 7);
	ck_assert_str_eq(out, "ab...");
	report_escape(out, 8, "abc\xe2\x82\xacxyz", 9);
	ck_assert_str_eq(out, "abc...");
	report_escape(out, 8, "a\0b", 3);
	ck_assert_str_eq(out, "a\\x00b");
}
END_TEST

/* Each of these ends the process. */
static void end_by_msg(void)
{
	die_msg(EXIT_HALTED, "so %d", 1);
}

static void end_by_sys(void)
{
	errno = EIO;
	die_sys(EXIT_FORKPOOL, "output");
}

static void end_by_other_usage(void)
{
	report_set_help("forkpool ctl --help");
	die_usage("no verb");
}

static void end_by_usage(void)
{
	die_usage("no option '%s'", "-%");
}

static void end_by_bug(void)
{
	bug("%d is odd", 2);
}

static const struct end_case {
	void (*end)(void);
	int status; /* as wait(2) gives it */
	const char *line;
} ends[] = {
	{end_by_msg, EXIT_HALTED << 8, "forkpool: so 1\n"},
	{end_by_sys, EXIT_FORKPOOL << 8, "forkpool: output: Input/output error\n"},
	{end_by_other_usage, EXIT_USAGE << 8, "forkpool: no verb; try 'forkpool ctl --help'\n"},
	{end_by_usage, EXIT_USAGE << 8, "forkpool: no option '-%'; try 'forkpool --help'\n"},
	{end_by_bug, SIGABRT, "forkpool: 2 is odd (a bug in forkpool, "},
};

/* What ends the program is seen on fd 2 even while other lines go elsewhere. */
START_TEST(endings)
{
	int fds[2];
	ck_assert_int_eq(pipe(fds), 0);
	pid_t pid = fork();
	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		dup2(fds[1], STDERR_FILENO);
		ends[_i].end();
		_exit(1);
	}
	close(fds[1]);
	ssize_t n = read(fds[0], got, sizeof got - 1);
	ck_assert_int_gt(n, 0);
	got[n] = '\0';
	int status;
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status & ~0x80, ends[_i].status);
	ck_assert_msg(!strncmp(got, ends[_i].line, strlen(ends[_i].line)), "%s", got);
	ck_assert_int_eq(got[n - 1], '\n');
	close(fds[0]);
}
END_TEST

START_TEST(undiverted_to_fd_2)
{
	int fds[2];
	ck_assert_int_eq(pipe(fds), 0);
	int saved = dup(STDERR_FILENO);
	dup2(fds[1], STDERR_FILENO);
	undivert();
	warn_msg("to stderr");
	dup2(saved, STDERR_FILENO);
	ssize_t n = read(fds[0], got, sizeof got);
	ck_assert_int_eq(n, 20);
	ck_assert_mem_eq(got, "forkpool: to stderr\n", 20);
	close(saved);
	close(fds[0]);
	close(fds[1]);
}
END_TEST

START_TEST(closed_stderr_is_no_error)
{
	int saved = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
	close(STDERR_FILENO);
	undivert();
	errno = ENOENT;
	warn_msg("nobody hears it");
	int after = errno;
	dup2(saved, STDERR_FILENO);
	ck_assert_int_eq(after, ENOENT);
	close(saved);
}
END_TEST

Suite *report_suite(void)
{
	Suite *s = suite_create("report");
	TCase *t = tcase_create("report");
	tcase_add_checked_fixture(t, divert, undivert);
	tcase_add_test(t, messages);
	tcase_add_test(t, long_messages);
	tcase_add_loop_test(t, escape, 0, ARRAY_LEN(escapes));
	tcase_add_test(t, escape_to_ascii);
	tcase_add_test(t, escape_to_size);
	tcase_add_loop_test(t, endings, 0, ARRAY_LEN(ends));
	tcase_add_test(t, undiverted_to_fd_2);
	tcase_add_test(t, closed_stderr_is_no_error);
	suite_add_tcase(s, t);
	return s;
}
