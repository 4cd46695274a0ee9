/* SPDX-License-Identifier: MIT */
#include <config.h>

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/lock.h"

Suite *lock_suite(void);

static char dir[] = "/tmp/forkpool-lock.XXXXXX", path[64];

static void make_dir(void)
{
	memcpy(dir + strlen(dir) - 6, "XXXXXX", 6);
	ck_assert_ptr_nonnull(mkdtemp(dir));
	snprintf(path, sizeof path, "%s/file", dir);
}

static void remove_dir(void)
{
	unlink(path);
	rmdir(dir);
}

static void write_file(const char *text)
{
	FILE *f = fopen(path, "we");
	ck_assert_ptr_nonnull(f);
	fputs(text, f);
	fclose(f);
}

static void holds(const char *expected)
{
	char text[64] = "";
	FILE *f = fopen(path, "re");
	ck_assert_ptr_nonnull(f);
	text[fread(text, 1, sizeof text - 1, f)] = '\0';
	fclose(f);
	ck_assert_str_eq(text, expected);
}

/* Two openings of a file are strangers to flock, also in one process. */
START_TEST(one_at_a_time)
{
	pid_t holder;
	char mine[24];
	int fd = lock_take(path, &holder);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(fcntl(fd, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
	snprintf(mine, sizeof mine, "%d\n", (int)getpid());
	holds(mine);
	ck_assert_int_eq(lock_take(path, &holder), -1);
	ck_assert_int_eq(errno, EWOULDBLOCK);
	ck_assert_int_eq(holder, getpid());
	lock_free(fd);
	holds("");
	fd = lock_take(path, &holder);
	ck_assert_int_ge(fd, 0);
	lock_free(fd);
}
END_TEST

START_TEST(only_a_pid_is_overwritten)
{
	static const char *const kept[] = {"precious", "12 34\n", "12", "-1\n", "0\n", "123456789012345678901234567890\n"};
	pid_t holder;
	write_file(kept[_i]);
	int fd = lock_take(path, &holder);
	ck_assert_int_ge(fd, 0);
	holds(kept[_i]);
	ck_assert_int_eq(lock_take(path, &holder), -1);
	ck_assert_int_eq(errno, EWOULDBLOCK);
	ck_assert_int_eq(holder, 0);
	lock_free(fd);
	holds(kept[_i]);
}
END_TEST

START_TEST(a_stale_pid_goes)
{
	pid_t holder;
	char mine[24];
	write_file("99999999\n");
	int fd = lock_take(path, &holder);
	ck_assert_int_ge(fd, 0);
	snprintf(mine, sizeof mine, "%d\n", (int)getpid());
	holds(mine);
	lock_free(fd);
}
END_TEST

START_TEST(what_is_no_file)
{
	pid_t holder;
	ck_assert_int_eq(lock_take(dir, &holder), -1);
	ck_assert_int_eq(errno, EISDIR);
	ck_assert_int_eq(lock_take("/no/such/directory/file", &holder), -1);
	ck_assert_int_eq(errno, ENOENT);
	ck_assert_int_eq(mkfifo(path, 0600), 0);
	ck_assert_int_eq(lock_take(path, &holder), -1);
	ck_assert_int_eq(errno, EINVAL);
	lock_free(-1);
}
END_TEST

Suite *lock_suite(void)
{
	Suite *s = suite_create("lock");
	TCase *t = tcase_create("lock");
	tcase_add_checked_fixture(t, make_dir, remove_dir);
	tcase_add_test(t, one_at_a_time);
	tcase_add_loop_test(t, only_a_pid_is_overwritten, 0, 6);
	tcase_add_test(t, a_stale_pid_goes);
	tcase_add_test(t, what_is_no_file);
	suite_add_tcase(s, t);
	return s;
}
