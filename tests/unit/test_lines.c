/* SPDX-License-Identifier: MIT */
#include <config.h>

#include <check.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fdio.h"
#include "base/xalloc.h"
#include "feed/feed.h"
#include "feed/lines.h"
#include "feed_help.h"

Suite *lines_suite(void);

static const struct cut_case {
	const char *text;
	size_t len;
	int delimiter;
	bool keep_empty;
	const char *expected;
} cuts[] = {
#define TEXT(text) text, sizeof text - 1
	{TEXT(""), '\n', false, ""},
	{TEXT(""), '\0', true, ""},
	{TEXT("a\nb\n"), '\n', false, "1:[a] 2:[b]"},
	{TEXT("mark a\nmark b"), '\n', false, "1:[mark a] 2:[mark b]"},
	{TEXT("a\n\nb\n\n"), '\n', false, "1:[a] 3:[b]"},
	{TEXT("\n\n\n"), '\n', false, ""},
	{TEXT("a\n\nb\n\n"), '\n', true, "1:[a] 2:[] 3:[b] 4:[]"},
	{TEXT("a\0\0b"), '\0', true, "1:[a] 2:[] 3:[b]"},
	{TEXT("a\0\0b\0"), '\0', true, "1:[a] 2:[] 3:[b]"},
	{TEXT("a\nb\0c; touch pwned\0-x\0"), '\0', true, "1:[a\nb] 2:[c; touch pwned] 3:[-x]"},
	{TEXT("a,,b\n"), ',', true, "1:[a] 2:[] 3:[b\n]"},
	{TEXT("a\377b"), '\377', true, "1:[a] 2:[b]"},
	{TEXT("a\r\nb\r\n"), '\n', false, "1:[a\r] 2:[b\r]"},
	{TEXT("\xff\xfe\xc3(\n\xef\xbb\xbf"
	      "a"),
		'\n', false,
		"1:[\xff\xfe\xc3(] 2:[\xef\xbb\xbf"
		"a]"},
	{TEXT("  a\tb  \n"), '\n', false, "1:[  a\tb  ]"},
	{TEXT("it's \"q\" \\n $HOME"), '\n', false, "1:[it's \"q\" \\n $HOME]"},
#undef TEXT
};

START_TEST(file_is_cut)
{
	const struct cut_case *c = &cuts[_i];
	struct source_spec source = file_with('a', c->text, c->len);
	struct feed_spec spec = {&source, 1, .delimiter = c->delimiter, .keep_empty = c->keep_empty};
	assert_feed(&spec, c->expected);
}
END_TEST

/* The same, a byte at a time through a pipe, with a look after each. */
START_TEST(pipe_is_cut)
{
	const struct cut_case *c = &cuts[_i];
	int wfd = pipe_as_stdin();
	struct feed_spec spec = {&standard_input, 1, .delimiter = c->delimiter, .keep_empty = c->keep_empty};
	struct feed *f = open_feed(&spec);
	struct buf shown = {0};
	ck_assert_int_eq(show_ready(f, &shown), FEED_BLOCKED);
	for (size_t i = 0; i < c->len; i++) {
		ck_assert_int_eq(fdio_write_all(wfd, c->text + i, 1), 0);
		ck_assert_int_eq(show_ready(f, &shown), FEED_BLOCKED);
	}
	close(wfd);
	ck_assert_int_eq(show_ready(f, &shown), FEED_END);
	assert_shown(&shown, c->expected);
	feed_close(f);
}
END_TEST

static void assert_refused(const char *path, const char *expected)
{
	char *why = NULL;
	struct source_spec sources[] = {file_of('a', "x\n"), {.kind = SOURCE_FILE, .path = path}};
	struct feed_spec spec = {sources, 2, .delimiter = '\n'};
	ck_assert_ptr_null(feed_open(&spec, &why));
	ck_assert_str_eq(why, expected);
	free(why);
}

START_TEST(cannot_open)
{
	assert_refused("/nowhere/x.txt", "cannot open '/nowhere/x.txt': No such file or directory");
	assert_refused("/", "cannot open '/': Is a directory");
}
END_TEST

START_TEST(cannot_read)
{
	struct source_spec source = {.kind = SOURCE_FILE, .path = "/proc/self/mem"};
	struct feed_spec spec = {&source, 1, .delimiter = '\n'};
	struct feed *f = open_feed(&spec);
	assert_rest(f, FEED_FAILED, "");
	ck_assert_str_eq(feed_error(f), "error reading '/proc/self/mem': Input/output error");
	feed_close(f);
}
END_TEST

/* A socket as standard input that gives `text` and then fails: its peer is closed before it has read what it got. */
static void failing_stdin(const char *text)
{
	int fds[2];
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
	ck_assert_int_eq(fdio_write_all(fds[0], "unread", 6), 0);
	ck_assert_int_eq(fdio_write_all(fds[1], text, strlen(text)), 0);
	close(fds[1]);
	ck_assert_int_eq(dup2(fds[0], STDIN_FILENO), STDIN_FILENO);
	close(fds[0]);
}

START_TEST(fails_in_the_middle)
{
	static const struct {
		size_t max_args;
		const char *text, *expected, *error;
	} cases[] = {
		{1, "a\nb\nc", "1:[a] 2:[b]", "; an unfinished last item was dropped"},
		{1, "a\nb\n", "1:[a] 2:[b]", ""},
		{3, "a\nb\n", "1:[a][b]", ""},
	};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		failing_stdin(cases[i].text);
		struct feed_spec spec = {&standard_input, 1, .delimiter = '\n', .max_args = cases[i].max_args};
		struct feed *f = open_feed(&spec);
		assert_rest(f, FEED_FAILED, cases[i].expected);
		char *error = xasprintf("error reading standard input: Connection reset by peer%s", cases[i].error);
		ck_assert_str_eq(feed_error(f), error);
		free(error);
		feed_close(f);
	}
}
END_TEST

START_TEST(kept_source_fails)
{
	failing_stdin("x\ny\nz");
	struct source_spec sources[] = {file_of('a', "1\n2\n"), standard_input};
	struct feed_spec spec = {sources, 2, .delimiter = '\n'};
	struct feed *f = open_feed(&spec);
	assert_rest(f, FEED_FAILED, "1:[1][x] 1:[1][y] 2:[2][x] 2:[2][y]");
	feed_close(f);
}
END_TEST

/* A FIFO is opened without its writer, waited for in peace, and ends when its writer has gone. */
START_TEST(fifo)
{
	ck_assert_int_eq(mkfifo(path_of('a'), 0600), 0);
	struct source_spec source = {.kind = SOURCE_FILE, .path = path_of('a')};
	struct feed_spec spec = {&source, 1, .delimiter = '\n'};
	struct feed *f = open_feed(&spec);
	struct buf shown = {0};
	ck_assert_int_eq(show_ready(f, &shown), FEED_BLOCKED);
	ck_assert(!wait_for(f, 50));
	int wfd = open(source.path, O_WRONLY | O_NONBLOCK | O_CLOEXEC);
	ck_assert_int_ge(wfd, 0);
	ck_assert_int_eq(show_ready(f, &shown), FEED_BLOCKED);
	if (_i)
		ck_assert_int_eq(fdio_write_all(wfd, "a\nb", 3), 0);
	close(wfd);
	ck_assert(wait_for(f, WAIT_MS));
	ck_assert_int_eq(show_ready(f, &shown), FEED_END);
	assert_shown(&shown, _i ? "1:[a] 2:[b]" : "");
	feed_close(f);
}
END_TEST

/* `forkpool < fifo`: the writer that let the shell open it may be gone when forkpool looks. */
START_TEST(fifo_as_stdin_without_writer)
{
	ck_assert_int_eq(mkfifo(path_of('a'), 0600), 0);
	int rfd = open(path_of('a'), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	int wfd = open(path_of('a'), O_WRONLY | O_CLOEXEC);
	ck_assert_int_eq(dup2(rfd, STDIN_FILENO), STDIN_FILENO);
	close(rfd);
	if (_i)
		ck_assert_int_eq(fdio_write_all(wfd, "a\nb", 3), 0);
	close(wfd);
	struct feed_spec spec = {&standard_input, 1, .delimiter = '\n'};
	assert_feed(&spec, _i ? "1:[a] 2:[b]" : "");
}
END_TEST

START_TEST(appended_and_truncated)
{
	struct source_spec source = file_of('a', "a\nb\n");
	struct feed_spec spec = {&source, 1, .delimiter = '\n'};
	struct feed *f = open_feed(&spec);
	struct task *t;
	int fd = open(source.path, O_WRONLY | O_APPEND | O_CLOEXEC);
	ck_assert_int_eq(fdio_write_all(fd, "c\nd", 3), 0);
	ck_assert_int_eq(feed_next(f, &t), FEED_TASK);
	task_drop(t);
	ck_assert_int_eq(ftruncate(fd, 1), 0);
	enum feed_state state;
	while ((state = feed_next(f, &t)) == FEED_TASK)
		task_drop(t);
	ck_assert_int_eq(state, FEED_END);
	ck_assert_int_eq(fdio_write_all(fd, "\nlate\n", 6), 0);
	ck_assert_int_eq(feed_next(f, &t), FEED_END);
	feed_close(f);
	close(fd);
}
END_TEST

START_TEST(closed_stdin)
{
	close(STDIN_FILENO);
	ck_assert_int_eq(fdio_fill_standard(), 0);
	struct feed_spec spec = {&standard_input, 1, .delimiter = '\n'};
	struct feed *f = open_feed(&spec);
	assert_rest(f, FEED_FAILED, "");
	ck_assert_str_eq(feed_error(f), "error reading standard input: Bad file descriptor");
	feed_close(f);
}
END_TEST

START_TEST(terminal_as_stdin)
{
	int master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
	ck_assert_int_eq(grantpt(master), 0);
	ck_assert_int_eq(unlockpt(master), 0);
	int slave = open(ptsname(master), O_RDWR | O_NOCTTY | O_CLOEXEC);
	ck_assert_int_eq(dup2(slave, STDIN_FILENO), STDIN_FILENO);
	struct source_spec sources[] = {standard_input, file_of('a', "x\n")};
	struct feed_spec spec = {sources, 1, .delimiter = '\n'};
	struct feed *f = open_feed(&spec);
	ck_assert(feed_is_terminal(f));
	ck_assert_int_eq(fdio_write_all(master, "a\nb\004\004c\n\004", 8), 0);
	assert_rest(f, FEED_END, "1:[a] 2:[b]");
	feed_close(f);
	spec.sources = &sources[1];
	f = open_feed(&spec);
	ck_assert(!feed_is_terminal(f));
	feed_close(f);
	close(slave);
	close(master);
	close(pipe_as_stdin());
	spec.sources = sources;
	f = open_feed(&spec);
	ck_assert(!feed_is_terminal(f));
	feed_close(f);
}
END_TEST

/* A stream that never pauses lets its reader look up now and then, and its memory does not grow. */
START_TEST(endless_empty_lines)
{
	static const char empties[65536];
	int status, wfd = pipe_as_stdin();
	pid_t pid = fork();
	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		close(STDIN_FILENO);
		while (fdio_write(wfd, empties, sizeof empties) > 0)
			continue;
		_exit(0);
	}
	close(wfd);
	struct feed_spec spec = {&standard_input, 1, .delimiter = '\0'};
	struct feed *f = open_feed(&spec);
	struct task *t;
	for (int i = 0; i < 20; i++) {
		ck_assert_int_eq(feed_next(f, &t), FEED_BLOCKED);
		ck_assert(wait_for(f, WAIT_MS));
	}
	feed_close(f);
	close(STDIN_FILENO);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
}
END_TEST

START_TEST(memory_is_bounded)
{
	struct buf text = {0};
	struct lines l;
	struct item item;
	char *why = NULL;
	for (int i = 0; i < 50000; i++)
		buf_addf(&text, "item %d of many\n", i);
	struct source_spec source = file_with('a', buf_head(&text), buf_len(&text));
	ck_assert_int_eq(lines_open(&l, &source, '\n', false, &why), 0);
	for (int i = 0; i < 50000; i++) {
		char expected[32];
		int n = snprintf(expected, sizeof expected, "item %d of many", i);
		ck_assert_int_eq(lines_next(&l, &item), LINES_ITEM);
		ck_assert_uint_eq(item.value.len, (size_t)n);
		ck_assert_mem_eq(item.value.bytes, expected, (size_t)n);
		ck_assert_uint_eq(item.line, (uint64_t)i + 1);
	}
	ck_assert_int_eq(lines_next(&l, &item), LINES_END);
	ck_assert_uint_le(l.buf.cap, 262144);
	lines_close(&l);
	buf_clear(&text);
}
END_TEST

static void assert_item(struct lines *l, uint64_t line, size_t len, bool cut)
{
	struct item item;
	ck_assert_int_eq(lines_next(l, &item), LINES_ITEM);
	ck_assert_uint_eq(item.line, line);
	ck_assert_uint_eq(item.value.len, len);
	ck_assert_int_eq(item.cut, cut);
	ck_assert_int_eq(item.value.bytes[len - 1], line == 1 || line == 3 ? 't' : '\0');
}

static const struct long_case {
	off_t len;
	bool unfinished, cut;
} longs[] = {
	{1000000, false, false},
	{ITEM_MAX, false, false},
	{ITEM_MAX + 1, false, true},
	{ITEM_MAX + 70000, false, true},
	{100000000, false, true},
	{ITEM_MAX, true, false},
	{ITEM_MAX + 1, true, true},
	{100000000, true, true},
};

START_TEST(long_item)
{
	const struct long_case *c = &longs[_i];
	struct lines l;
	struct item item;
	char *why = NULL;
	if (is_byte_at_a_time())
		return;
	struct source_spec source = file_with_long_item(c->len, c->unfinished);
	ck_assert_int_eq(lines_open(&l, &source, '\n', false, &why), 0);
	assert_item(&l, 1, 5, false);
	assert_item(&l, 2, c->cut ? ITEM_SHOWN : (size_t)c->len, c->cut);
	if (!c->unfinished)
		assert_item(&l, 3, 4, false);
	ck_assert_int_eq(lines_next(&l, &item), LINES_END);
	ck_assert_uint_le(l.buf.cap, 2 * ITEM_MAX);
	lines_close(&l);
}
END_TEST

START_TEST(endless_item_fails)
{
	struct source_spec source = {.kind = SOURCE_FILE, .path = "/dev/zero"};
	struct feed_spec spec = {&source, 1, .delimiter = '\n'};
	if (is_byte_at_a_time())
		return;
	struct feed *f = open_feed(&spec);
	assert_rest(f, FEED_FAILED, "");
	ck_assert_str_eq(feed_error(f),
		"error reading '/dev/zero': it is one endless item; an unfinished last item was dropped");
	feed_close(f);
}
END_TEST

Suite *lines_suite(void)
{
	Suite *s = suite_create("lines");
	TCase *t = tcase_create("lines");
	tcase_add_checked_fixture(t, feed_help_set_up, feed_help_tear_down);
	tcase_set_timeout(t, 60);
	tcase_add_loop_test(t, file_is_cut, 0, ARRAY_LEN(cuts));
	tcase_add_loop_test(t, pipe_is_cut, 0, ARRAY_LEN(cuts));
	tcase_add_test(t, cannot_open);
	tcase_add_test(t, cannot_read);
	tcase_add_test(t, fails_in_the_middle);
	tcase_add_test(t, kept_source_fails);
	tcase_add_loop_test(t, fifo, 0, 2);
	tcase_add_loop_test(t, fifo_as_stdin_without_writer, 0, 2);
	tcase_add_test(t, appended_and_truncated);
	tcase_add_test(t, closed_stdin);
	tcase_add_test(t, terminal_as_stdin);
	tcase_add_test(t, endless_empty_lines);
	suite_add_tcase(s, t);
	t = tcase_create("lines_volume");
	tcase_add_checked_fixture(t, feed_help_set_up, feed_help_tear_down);
	tcase_set_timeout(t, 120);
	tcase_add_test(t, memory_is_bounded);
	tcase_add_loop_test(t, long_item, 0, ARRAY_LEN(longs));
	tcase_add_test(t, endless_item_fails);
	suite_add_tcase(s, t);
	return s;
}
