/* SPDX-License-Identifier: MIT */
#include <config.h>

#include <check.h>
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "task/marks.h"

Suite *marks_suite(void);

static int fd;

static void open_file(void)
{
	char path[] = "/tmp/forkpool-marks.XXXXXX";
	fd = mkstemp(path);
	ck_assert_int_ge(fd, 0);
	unlink(path);
}

static void close_file(void)
{
	close(fd);
}

static void put(uint64_t seq, uint32_t attempt, uint32_t slot, uint64_t nth)
{
	struct mark m = {.seq = seq, .attempt = attempt, .slot = slot, .began_us = (int64_t)seq * 1000};
	ck_assert_int_eq(marks_put(fd, &m, nth), 0);
}

/* As "SEQ/ATTEMPT@SLOT", in the order of the cells. */
static void assert_marks(const char *expected)
{
	struct buf marks = {0}, text = {0};
	ck_assert_int_eq(marks_read(fd, &marks), 0);
	const struct mark *all = (const void *)buf_head(&marks);
	for (size_t i = 0; i < buf_len(&marks) / sizeof *all; i++) {
		buf_addf(&text, "%s%u/%u@%u", i > 0 ? " " : "", (unsigned)all[i].seq, (unsigned)all[i].attempt,
			 (unsigned)all[i].slot);
		ck_assert_int_eq(all[i].began_us, (int64_t)all[i].seq * 1000);
	}
	buf_addc(&text, '\0');
	ck_assert_str_eq(buf_head(&text), expected);
	buf_clear(&marks);
	buf_clear(&text);
}

START_TEST(last_two_of_each_slot)
{
	assert_marks("");
	put(1, 1, 1, 0);
	assert_marks("1/1@1");
	put(2, 1, 3, 0);
	put(3, 1, 1, 1);
	assert_marks("1/1@1 3/1@1 2/1@3");
	put(4, 2, 1, 2);
	assert_marks("4/2@1 3/1@1 2/1@3");
}
END_TEST

START_TEST(forgotten)
{
	put(1, 1, 2, 0);
	put(2, 1, 2, 1);
	put(3, 1, 3, 0);
	put(3, 2, 3, 1);
	ck_assert_int_eq(marks_forget(fd, 2, 3), 0);
	ck_assert_int_eq(marks_forget(fd, 1, 1), 0);
	ck_assert_int_eq(marks_forget(fd, 9, 1), 0);
	assert_marks("1/1@2 2/1@2 3/1@3 3/2@3");
	ck_assert_int_eq(marks_forget(fd, 2, 1), 0);
	assert_marks("2/1@2 3/1@3 3/2@3");
	ck_assert_int_eq(marks_forget(fd, 3, 3), 0);
	assert_marks("2/1@2");
}
END_TEST

START_TEST(room)
{
	put(1, 1, 2, 0);
	ck_assert_int_eq(marks_reserve(fd, 100), 0);
	ck_assert_int_eq(lseek(fd, 0, SEEK_END), 100 * MARKS_PER_SLOT * (off_t)sizeof(struct mark));
	assert_marks("1/1@2");
	put(7, 1, 100, 1);
	assert_marks("1/1@2 7/1@100");
}
END_TEST

START_TEST(faults)
{
	close(fd);
	ck_assert_int_eq(marks_put(fd, &(struct mark){.seq = 1, .slot = 1}, 0), -1);
	ck_assert_int_eq(errno, EBADF);
	ck_assert_int_eq(marks_reserve(fd, 1), -1);
	ck_assert_int_eq(errno, EBADF);
	ck_assert_int_eq(marks_read(fd, &(struct buf){0}), -1);
	ck_assert_int_eq(marks_forget(fd, 1, 1), -1);
}
END_TEST

Suite *marks_suite(void)
{
	Suite *s = suite_create("marks");
	TCase *t = tcase_create("marks");
	tcase_add_checked_fixture(t, open_file, close_file);
	tcase_add_test(t, last_two_of_each_slot);
	tcase_add_test(t, forgotten);
	tcase_add_test(t, room);
	tcase_add_test(t, faults);
	suite_add_tcase(s, t);
	return s;
}
