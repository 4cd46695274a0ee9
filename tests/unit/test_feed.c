/* SPDX-License-Identifier: MIT */
#include <config.h>

#include <check.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fdio.h"
#include "feed/feed.h"
#include "feed/lines.h"
#include "feed_help.h"

Suite *feed_suite(void);

START_TEST(arguments)
{
	struct source_spec source = args_of((char *[]){(char[]){"a"}, (char[]){"b c"}, (char[]){""}, NULL});
	struct feed_spec spec = {&source, 1, .delimiter = '\n'};
	assert_feed(&spec, "[a] [b c] []");
	source.n_args = 0;
	assert_feed(&spec, "");
}
END_TEST

START_TEST(product)
{
	struct source_spec sources[] = {
		file_of('a', "1\n\n2"),
		args_of((char *[]){(char[]){"x"}, (char[]){""}, NULL}),
		file_of('b', "\np\nq\nr\n"),
	};
	struct feed_spec spec = {sources, 3, .delimiter = '\n'};
	assert_feed(&spec,
		"1:[1][x][p] 1:[1][x][q] 1:[1][x][r] 1:[1][][p] 1:[1][][q] 1:[1][][r] "
		"3:[2][x][p] 3:[2][x][q] 3:[2][x][r] 3:[2][][p] 3:[2][][q] 3:[2][][r]");
}
END_TEST

START_TEST(product_with_nothing)
{
	struct source_spec full = file_of('a', "1\n2\n"), empty = file_of('b', "\n\n");
	struct source_spec sources[3];
	struct feed_spec spec = {sources, 3, .delimiter = '\n'};
	for (size_t nothing = 0; nothing < 3; nothing++) {
		for (size_t i = 0; i < 3; i++)
			sources[i] = i == nothing ? empty : full;
		assert_feed(&spec, "");
	}
}
END_TEST

/* The sources that are kept may come late; the first streams. */
START_TEST(product_of_streams)
{
	int wfd = pipe_as_stdin();
	ck_assert_int_eq(mkfifo(path_of('a'), 0600), 0);
	struct source_spec sources[] = {{.kind = SOURCE_FILE, .path = path_of('a')}, standard_input};
	struct feed_spec spec = {sources, 2, .delimiter = '\n'};
	struct feed *f = open_feed(&spec);
	struct buf shown = {0};
	ck_assert_int_eq(fdio_write_all(wfd, "x\ny", 3), 0);
	ck_assert_int_eq(show_ready(f, &shown), FEED_BLOCKED);
	close(wfd);
	ck_assert_int_eq(show_ready(f, &shown), FEED_BLOCKED);
	wfd = open(path_of('a'), O_WRONLY | O_CLOEXEC);
	ck_assert_int_eq(fdio_write_all(wfd, "1\n2", 3), 0);
	ck_assert_int_eq(show_ready(f, &shown), FEED_BLOCKED);
	ck_assert_uint_eq(buf_len(&shown), strlen("1:[1][x] 1:[1][y]"));
	close(wfd);
	ck_assert_int_eq(show_ready(f, &shown), FEED_END);
	assert_shown(&shown, "1:[1][x] 1:[1][y] 2:[2][x] 2:[2][y]");
	feed_close(f);
}
END_TEST

static const struct group_case {
	size_t max_args;
	const char *expected;
} groups[] = {
	{0, "1:[a] 3:[b] 4:[c] 5:[d] 6:[e]"},
	{1, "1:[a] 3:[b] 4:[c] 5:[d] 6:[e]"},
	{2, "1:[a][b] 4:[c][d] 6:[e]"},
	{5, "1:[a][b][c][d][e]"},
	{SIZE_MAX, "1:[a][b][c][d][e]"},
};

START_TEST(grouped)
{
	struct source_spec source = file_of('a', "a\n\nb\nc\nd\ne");
	struct feed_spec spec = {&source, 1, .delimiter = '\n', .max_args = groups[_i].max_args};
	assert_feed(&spec, groups[_i].expected);
}
END_TEST

START_TEST(grouped_product)
{
	struct source_spec sources[] = {
		file_of('a', "1\n2\n3\n"),
		args_of((char *[]){(char[]){"x"}, (char[]){"y"}, NULL}),
	};
	struct feed_spec spec = {sources, 2, .delimiter = '\n', .max_args = 4};
	assert_feed(&spec, "1:[1][x][1][y][2][x][2][y] 3:[3][x][3][y]");
}
END_TEST

START_TEST(group_waits_for_its_last)
{
	int wfd = pipe_as_stdin();
	struct feed_spec spec = {&standard_input, 1, .delimiter = '\n', .max_args = 2};
	struct feed *f = open_feed(&spec);
	struct buf shown = {0};
	ck_assert_int_eq(fdio_write_all(wfd, "a\nb\nc\n", 6), 0);
	ck_assert_int_eq(show_ready(f, &shown), FEED_BLOCKED);
	ck_assert_uint_eq(buf_len(&shown), strlen("1:[a][b]"));
	ck_assert_int_eq(fdio_write_all(wfd, "d\ne\n", 4), 0);
	close(wfd);
	ck_assert_int_eq(show_ready(f, &shown), FEED_END);
	assert_shown(&shown, "1:[a][b] 3:[c][d] 5:[e]");
	feed_close(f);
}
END_TEST

START_TEST(long_item_is_refused)
{
	if (is_byte_at_a_time())
		return;
	struct source_spec source = file_with_long_item(ITEM_MAX + 1, false);
	int fd = open(source.path, O_WRONLY | O_CLOEXEC);
	char letters[ITEM_SHOWN];
	memset(letters, 'x', sizeof letters);
	ck_assert_int_eq(pwrite(fd, letters, sizeof letters, 6), sizeof letters);
	close(fd);
	struct feed_spec spec = {&source, 1, .delimiter = '\n'};
	assert_feed(&spec, "1:[first] 2:(item longer than 8 MiB) 3:[last]");
	spec.max_args = 2;
	assert_feed(&spec, "1:(item longer than 8 MiB) 3:[last]");
	struct source_spec sources[] = {args_of((char *[]){(char[]){"1"}, NULL}), source};
	spec = (struct feed_spec){sources, 2, .delimiter = '\n'};
	assert_feed(&spec, "[1][first] (item longer than 8 MiB) [1][last]");
}
END_TEST

START_TEST(group_too_long_is_refused)
{
	struct buf text = {0};
	if (is_byte_at_a_time())
		return;
	for (size_t i = 0; i < 2 * (ITEM_MAX / 10) - 3; i++)
		buf_adds(&text, "x\n");
	struct source_spec source = file_with('a', buf_head(&text), buf_len(&text));
	struct feed_spec spec = {&source, 1, .delimiter = '\n', .max_args = 2 * (ITEM_MAX / 10) - 5};
	struct feed *f = open_feed(&spec);
	assert_rest(f, FEED_END, "1:(items together longer than 8 MiB) 1677716:[x][x]");
	feed_close(f);
	buf_clear(&text);
}
END_TEST

/* An earlier run knows "show b" as 9, done, and "show c" as 4, failed. */
static enum resume_state look(void *arg, const char *command, size_t len, uint64_t *seq)
{
	++*(unsigned *)arg;
	ck_assert_uint_eq(len, strlen("show ?"));
	if (command[5] != 'b' && command[5] != 'c')
		return RESUME_NEW;
	*seq = command[5] == 'b' ? 9 : 4;
	return command[5] == 'b' ? RESUME_SUCCEEDED : RESUME_FAILED;
}

static void assert_numbers(struct feed *f, uint64_t place, uint64_t seq)
{
	struct task *t;
	ck_assert_int_eq(feed_next(f, &t), FEED_TASK);
	ck_assert_uint_eq(t->place, place);
	ck_assert_uint_eq(t->seq, seq);
	task_drop(t);
}

/* Between this feed's tasks there are those of others; what is left out takes no number. */
START_TEST(numbers_are_shared)
{
	struct source_spec source = args_of((char *[]){(char[]){"a"}, (char[]){"b"}, (char[]){"c"}, (char[]){"d"}, NULL});
	struct numbers numbers = {.place = 2, .seq = 12};
	unsigned looks = 0;
	struct feed_spec spec = {&source, 1, .delimiter = '\n', .numbers = &numbers, .mode = RESUME_REST_AND_BAD,
				 .look = look, .look_arg = &looks};
	struct feed *f = open_feed(&spec);
	struct task *t;
	assert_numbers(f, 3, 13);
	numbers.place++;
	numbers.seq++;
	ck_assert_int_eq(feed_next(f, &t), FEED_SKIPPED);
	assert_numbers(f, 5, 4);
	assert_numbers(f, 6, 15);
	ck_assert_int_eq(feed_next(f, &t), FEED_END);
	ck_assert_uint_eq(looks, 4);
	ck_assert_uint_eq(numbers.place, 6);
	ck_assert_uint_eq(numbers.seq, 15);
	feed_close(f);
}
END_TEST

START_TEST(nothing_is_looked_up_in_a_first_run)
{
	struct source_spec source = args_of((char *[]){(char[]){"b"}, NULL});
	struct numbers numbers = {0};
	unsigned looks = 0;
	struct feed_spec spec = {&source, 1, .delimiter = '\n', .numbers = &numbers, .look = look, .look_arg = &looks};
	struct feed *f = open_feed(&spec);
	assert_numbers(f, 1, 1);
	ck_assert_uint_eq(looks, 0);
	feed_close(f);
}
END_TEST

Suite *feed_suite(void)
{
	Suite *s = suite_create("feed");
	TCase *t = tcase_create("feed");
	tcase_add_checked_fixture(t, feed_help_set_up, feed_help_tear_down);
	tcase_set_timeout(t, 60);
	tcase_add_test(t, arguments);
	tcase_add_test(t, product);
	tcase_add_test(t, product_with_nothing);
	tcase_add_test(t, product_of_streams);
	tcase_add_loop_test(t, grouped, 0, ARRAY_LEN(groups));
	tcase_add_test(t, grouped_product);
	tcase_add_test(t, group_waits_for_its_last);
	tcase_add_test(t, numbers_are_shared);
	tcase_add_test(t, nothing_is_looked_up_in_a_first_run);
	suite_add_tcase(s, t);
	t = tcase_create("feed_volume");
	tcase_add_checked_fixture(t, feed_help_set_up, feed_help_tear_down);
	tcase_set_timeout(t, 120);
	tcase_add_test(t, long_item_is_refused);
	tcase_add_test(t, group_too_long_is_refused);
	suite_add_tcase(s, t);
	return s;
}
