/* SPDX-License-Identifier: MIT */
#include <config.h>

#include <check.h>
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/fdio.h"
#include "base/xalloc.h"
#include "feed/resume.h"
#include "feed_help.h"
#include "task/joblog.h"

Suite *resume_suite(void);

/* Texts with the same hash, without a seed. */
static const char *const equal_hashes[] = {"77kepQFQ8Kl", "!0IC=VloaY", "QvXtM>@Fp%"};
static bool no_random;

/* In place of the C library's: without random numbers there is no seed. */
ssize_t getrandom(void *bytes, size_t n, unsigned flags)
{
	if (!no_random)
		return (ssize_t)syscall(SYS_getrandom, bytes, n, flags);
	errno = EAGAIN;
	return -1;
}

static struct buf text;      /* of the log */
static struct resume resume;
static int fd = -1;

static void tear_down(void)
{
	if (fd >= 0)
		resume_close(&resume);
	fdio_close(&fd);
	buf_clear(&text);
	no_random = false;
}

static void add(uint64_t seq, int exit_value, const char *command)
{
	struct joblog_record r = {.seq = seq, .host = ":", .started_ms = 1795383093029, .exit_value = exit_value};
	if (buf_len(&text) == 0)
		buf_adds(&text, JOBLOG_HEADER);
	joblog_print(&text, &r, command, strlen(command));
}

/* Write the first `len` bytes of the text to a new file and open it as a log. NULL, or what is wrong with it. */
static char *open_first(size_t len, unsigned attempts)
{
	char *why = NULL;
	if (fd >= 0)
		resume_close(&resume);
	fdio_close(&fd);
	fd = memfd_create("log", MFD_CLOEXEC);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(fdio_write_all(fd, buf_head(&text), len), 0);
	ck_assert_int_eq(lseek(fd, 0, SEEK_SET), 0);
	ck_assert_int_eq(resume_open(&resume, fd, attempts, &why), why ? -1 : 0);
	return why;
}

static void open_log(unsigned attempts)
{
	char *why = open_first(buf_len(&text), attempts);
	ck_assert_msg(!why, "%s", why);
}

static void assert_refused(const char *expected)
{
	char *why = open_first(buf_len(&text), 1);
	ck_assert_ptr_nonnull(why);
	ck_assert_msg(strstr(why, expected), "expected %s, got %s", expected, why);
	free(why);
}

/* The next task with this text: its state, and its number unless it is new. */
static void assert_taken(const char *command, enum resume_state state, uint64_t seq)
{
	uint64_t got = 0;
	ck_assert_int_eq(resume_take(&resume, command, strlen(command), &got), state);
	ck_assert_uint_eq(got, seq);
}

static void assert_next(const char *command, uint64_t seq)
{
	const char *got;
	size_t len;
	uint64_t got_seq;
	ck_assert(resume_next(&resume, &got, &len, &got_seq));
	ck_assert_uint_eq(len, strlen(command));
	ck_assert_mem_eq(got, command, len);
	ck_assert_uint_eq(got_seq, seq);
}

static void assert_no_next(void)
{
	const char *got;
	size_t len;
	uint64_t seq;
	ck_assert(!resume_next(&resume, &got, &len, &seq));
}

START_TEST(states)
{
	add(1, 0, "good");
	add(2, 3, "bad");
	add(4, 0, "a\nb");
	add(9, 0, "");
	add(3, 0, "tab\there");
	open_log(1);
	ck_assert_uint_eq(resume.last_seq, 9);
	ck_assert_int_eq(resume.end, (off_t)buf_len(&text));
	ck_assert(!resume.torn);
	assert_taken("bad", RESUME_FAILED, 2);
	assert_taken("good", RESUME_SUCCEEDED, 1);
	assert_taken("a\nb", RESUME_SUCCEEDED, 4);
	assert_taken("", RESUME_SUCCEEDED, 9);
	assert_taken("tab\there", RESUME_SUCCEEDED, 3);
	assert_taken("tab", RESUME_NEW, 0);
	assert_taken("goo", RESUME_NEW, 0);
	assert_taken("goodd", RESUME_NEW, 0);
}
END_TEST

/* Of equal texts the first has the lowest number, wherever its record stands; a task counts once. */
START_TEST(occurrences)
{
	add(5, 0, "same");
	add(2, 1, "same");
	add(4, 0, "other");
	add(9, 1, "same");
	add(7, 0, "same");
	open_log(1);
	assert_taken("same", RESUME_FAILED, 2);
	assert_taken("same", RESUME_SUCCEEDED, 5);
	assert_taken("other", RESUME_SUCCEEDED, 4);
	assert_taken("same", RESUME_SUCCEEDED, 7);
	assert_taken("same", RESUME_FAILED, 9);
	assert_taken("same", RESUME_NEW, 0);
	assert_taken("same", RESUME_NEW, 0);
	assert_taken("other", RESUME_NEW, 0);
}
END_TEST

START_TEST(last_attempt_counts)
{
	add(1, 1, "late");
	add(1, 1, "late");
	add(1, 0, "late");
	add(2, 1, "never");
	add(2, 1, "never");
	add(2, 2, "never");
	add(3, 1, "again");
	add(4, 0, "same");
	add(4, 0, "not the same");
	add(3, 0, "again"); /* from a later run */
	open_log(3);
	assert_taken("late", RESUME_SUCCEEDED, 1);
	assert_taken("late", RESUME_NEW, 0);
	assert_taken("never", RESUME_FAILED, 2);
	assert_taken("never", RESUME_NEW, 0);
	assert_taken("again", RESUME_SUCCEEDED, 3);
	assert_taken("same", RESUME_SUCCEEDED, 4);
	assert_taken("not the same", RESUME_SUCCEEDED, 4);
}
END_TEST

/* The last task of the log, failed with fewer attempts than there were to be: its write was torn between two lines. */
START_TEST(too_few_attempts)
{
	add(1, 1, "first");
	add(2, 1, "last");
	add(2, 1, "last");
	open_log(2);
	assert_taken("first", RESUME_FAILED, 1);
	assert_taken("last", RESUME_FAILED, 2);
	open_log(3);
	assert_taken("first", RESUME_FAILED, 1);
	assert_taken("last", RESUME_UNFINISHED, 2);
	add(2, 0, "last");
	open_log(4);
	assert_taken("last", RESUME_SUCCEEDED, 2);
}
END_TEST

/* A log cut off at any byte: a task is known exactly if all of its lines are there. */
START_TEST(torn_at_every_byte)
{
	add(11, 0, "one");
	size_t before = buf_len(&text);
	add(12, 1, "t\two");
	size_t first_line = buf_len(&text) - before;
	add(12, 1, "t\two");
	add(12, 0, "t\two");
	size_t len = buf_len(&text);
	for (size_t n = strlen(JOBLOG_HEADER); n <= len; n++) {
		char *why = open_first(n, 3);
		ck_assert_msg(!why, "%s", why);
		size_t whole = n < before ? strlen(JOBLOG_HEADER) : n == len ? n : before + (n - before) / first_line * first_line;
		bool torn = n != whole;
		ck_assert_int_eq(resume.torn, torn);
		ck_assert_int_eq(resume.end, (off_t)whole);
		ck_assert_uint_eq(resume.last_seq, n < before ? 0 : n < before + first_line ? 11 : 12);
		assert_taken("one", n < before ? RESUME_NEW : RESUME_SUCCEEDED, n < before ? 0 : 11);
		bool begun = n >= before + first_line;
		assert_taken("t\two", n == len ? RESUME_SUCCEEDED : begun ? RESUME_UNFINISHED : RESUME_NEW, begun ? 12 : 0);
	}
}
END_TEST

/* What is torn may be one more attempt of the last task even if that has had as many as are asked for now. */
START_TEST(torn_attempt_of_the_last_task)
{
	static const char *const may_be[] = {"1", "12", "12\t", "12\t:\t17"};
	static const char *const cannot_be[] = {"2", "13", "120", "11\t"};
	add(12, 1, "a");
	size_t len = buf_len(&text);
	for (size_t i = 0; i < ARRAY_LEN(may_be); i++) {
		buf_cut(&text, len);
		buf_adds(&text, may_be[i]);
		open_log(1);
		assert_taken("a", RESUME_UNFINISHED, 12);
		buf_cut(&text, len);
		buf_adds(&text, cannot_be[i]);
		open_log(1);
		assert_taken("a", RESUME_FAILED, 12);
	}
	buf_cut(&text, len);
	add(13, 0, "b");
	buf_adds(&text, "13\t");
	open_log(1);
	assert_taken("b", RESUME_SUCCEEDED, 13);
}
END_TEST

START_TEST(torn_heading)
{
	buf_adds(&text, JOBLOG_HEADER);
	for (size_t n = 0; n <= buf_len(&text); n++) {
		char *why = open_first(n, 1);
		ck_assert_msg(!why, "%s", why);
		ck_assert_int_eq(resume.end, n == buf_len(&text) ? (off_t)n : 0);
		assert_taken("a", RESUME_NEW, 0);
		assert_no_next();
	}
}
END_TEST

static const char *const no_logs[] = {
	"\n", "x", "total 4\n", "Seq\n", "Seq\tHost\n", "seq\tHost\tStarttime\tJobRuntime\tSend\tReceive\tExitval\tSignal\tCommand\n",
	"Seq\tHost\tStarttime\tJobRuntime\tSend\tReceive\tExitval\tSignal\tCommand\r\n",
	"Seq\tHost\tStarttime\tJobRuntime\tSend\tReceive\tExitval\tSignal\tCommand and more\n",
	"Seq\tHost\tStarttime\tJobRuntime\tSend\tReceive\tExitval\tSignal\tCommand and more",
	"1\t:\t1.0\t     0.000\t0\t2\t0\t0\techo\n",
};

START_TEST(no_log)
{
	buf_adds(&text, no_logs[_i]);
	assert_refused("it is no job log");
}
END_TEST

static const struct damage_case {
	const char *line;
	size_t len;
} damages[] = {
#define TEXT(text) text, sizeof(text) - 1
	{TEXT("\n")},
	{TEXT("junk\n")},
	{TEXT("3\t:\t1.0\t     0.000\t0\t2\t0\t0\n")},
	{TEXT("3\t:\t1.0\t     0.000\t0\t2\t0\techo a\n")},
	{TEXT("0\t:\t1.0\t     0.000\t0\t2\t0\t0\techo\n")},
	{TEXT("3\t:\t1.0\t     0.000\t0\t2\t0\t0 \techo\n")},
	{TEXT("\0\0\0\0\0\0\0\0\0\0\0\0\0\n")},
	{TEXT("Seq\tHost\tStarttime\tJobRuntime\tSend\tReceive\tExitval\tSignal\tCommand\n")},
	{TEXT("\0\0\0\0\0\0\0\0\0")}, /* swallows the next line */
#undef TEXT
};

START_TEST(damaged_line_is_named)
{
	const struct damage_case *c = &damages[_i];
	add(1, 0, "a");
	add(2, 0, "b");
	buf_add(&text, c->line, c->len);
	add(3, 0, "c");
	assert_refused("line 4 is no record of a job log; ");
}
END_TEST

START_TEST(tail_that_nobody_wrote)
{
	add(1, 0, "a");
	size_t len = buf_len(&text);
	buf_add(&text, "\0\0\0\0\0\0\0\0", 8);
	assert_refused("line 3 is no record of a job log, nor the beginning of one; ");
	buf_cut(&text, len);
	buf_adds(&text, "no newline here");
	assert_refused("line 3 is no record");
}
END_TEST

START_TEST(line_of_any_length)
{
	if (is_byte_at_a_time())
		return;
	size_t len = (size_t)7 << 20;
	char *command = xcalloc(len + 1, 1);
	memset(command, 'x', len);
	add(1, 0, command);
	add(2, 3, "a");
	open_log(1);
	assert_taken(command, RESUME_SUCCEEDED, 1);
	command[len - 1] = 'y';
	assert_taken(command, RESUME_NEW, 0);
	assert_taken("a", RESUME_FAILED, 2);
	free(command);
}
END_TEST

START_TEST(endless_line)
{
	char *why = NULL;
	if (is_byte_at_a_time())
		return;
	add(1, 0, "a");
	open_log(1);
	resume_close(&resume);
	ck_assert_int_eq(ftruncate(fd, (off_t)65 << 20), 0); /* a hole */
	ck_assert_int_eq(lseek(fd, 0, SEEK_SET), 0);
	ck_assert_int_eq(resume_open(&resume, fd, 1, &why), -1);
	ck_assert_msg(strstr(why, "line 3 is too long"), "%s", why);
	free(why);
}
END_TEST

enum { MANY = 20000 };

static void add_many(void)
{
	char command[64];
	for (int i = 0; i < MANY; i++) {
		snprintf(command, sizeof command, "echo %*d", 1 + i % 40, i);
		add((uint64_t)i + 1, i % 7 == 0, command);
	}
}

static void assert_taken_of_many(int i)
{
	char command[64];
	snprintf(command, sizeof command, "echo %*d", 1 + i % 40, i);
	assert_taken(command, i % 7 == 0 ? RESUME_FAILED : RESUME_SUCCEEDED, (uint64_t)i + 1);
}

START_TEST(any_order)
{
	add_many();
	open_log(1);
	for (int i = 0; i < MANY; i++) /* a permutation: the step shares no factor with MANY */
		assert_taken_of_many((int)((long)i * 7919 % MANY));
	open_log(1);
	for (int i = MANY - 1; i >= 0; i--)
		assert_taken_of_many(i);
	open_log(1);
	for (int i = 0; i < MANY; i++)
		assert_taken_of_many(i ^ (i < MANY / 32 * 32 ? 5 : 0));
}
END_TEST

/* Texts of one hash are told apart, and none of them hides another. */
START_TEST(equal_hash)
{
	static const int orders[][6] = {{0, 1, 2, 0, 1, 2}, {2, 2, 1, 1, 0, 0}, {1, 0, 0, 2, 1, 2}, {0, 0, 2, 1, 1, 2}};
	no_random = true;
	for (uint64_t i = 0; i < 6; i++)
		add(i + 1, 0, equal_hashes[i % 3]);
	for (size_t k = 0; k < ARRAY_LEN(orders); k++) {
		uint64_t taken[3] = {0};
		open_log(1);
		for (int i = 0; i < 6; i++) {
			uint64_t which = (uint64_t)orders[k][i];
			assert_taken(equal_hashes[which], RESUME_SUCCEEDED, 1 + which + 3 * taken[which]++);
		}
		for (int i = 0; i < 3; i++)
			assert_taken(equal_hashes[i], RESUME_NEW, 0);
	}
}
END_TEST

START_TEST(next_in_order)
{
	add(3, 1, "three\nlines\nhere");
	add(1, 0, "good");
	add(9, 1, "same");
	add(2, 1, "same");
	add(4, 1, "late");
	add(7, 1, "\n");
	add(4, 0, "late");
	add(8, 1, "too few");
	open_log(2);
	for (int i = 0; i < 2; i++) {
		assert_next("same", 2);
		assert_next("three\nlines\nhere", 3);
		assert_next("\n", 7);
		assert_next("too few", 8);
		assert_next("same", 9);
		assert_no_next();
		assert_no_next();
		open_log(2);
	}
	ck_assert(!resume.changed);
}
END_TEST

START_TEST(next_of_many)
{
	char command[64];
	add_many();
	open_log(1);
	for (int i = 0; i < MANY; i += 7) {
		snprintf(command, sizeof command, "echo %*d", 1 + i % 40, i);
		assert_next(command, (uint64_t)i + 1);
	}
	assert_no_next();
}
END_TEST

START_TEST(none_failed)
{
	add(1, 0, "a");
	open_log(1);
	assert_no_next();
	ck_assert(!resume.changed);
}
END_TEST

/* The file is no longer what was read: nothing is taken for done, and no list of what failed ends early in silence. */
START_TEST(truncated_meanwhile)
{
	add_many();
	open_log(1);
	size_t half = buf_len(&text) / 2;
	ck_assert_int_eq(ftruncate(fd, (off_t)half), 0);
	for (int i = 0; i < 1000; i++)
		assert_taken_of_many(i);
	assert_taken("echo                                   19999", RESUME_NEW, 0);
	open_log(1);
	ck_assert_int_eq(ftruncate(fd, 0), 0);
	assert_no_next();
	ck_assert(resume.changed);
}
END_TEST

START_TEST(overwritten_meanwhile)
{
	add(1, 0, "a");
	open_log(1);
	ck_assert_int_eq(pwrite(fd, "b", 1, (off_t)buf_len(&text) - 2), 1);
	assert_taken("a", RESUME_NEW, 0);
	assert_taken("b", RESUME_NEW, 0);
}
END_TEST

START_TEST(unreadable)
{
	char *why = NULL;
	int dir = memfd_create("log", MFD_CLOEXEC);
	close(dir);
	ck_assert_int_eq(resume_open(&resume, dir, 1, &why), -1);
	ck_assert_msg(strstr(why, "it cannot be read: "), "%s", why);
	free(why);
}
END_TEST

Suite *resume_suite(void)
{
	Suite *s = suite_create("resume");
	TCase *t = tcase_create("resume");
	tcase_add_checked_fixture(t, NULL, tear_down);
	tcase_add_test(t, states);
	tcase_add_test(t, occurrences);
	tcase_add_test(t, last_attempt_counts);
	tcase_add_test(t, too_few_attempts);
	tcase_add_test(t, torn_at_every_byte);
	tcase_add_test(t, torn_attempt_of_the_last_task);
	tcase_add_test(t, torn_heading);
	tcase_add_loop_test(t, no_log, 0, ARRAY_LEN(no_logs));
	tcase_add_loop_test(t, damaged_line_is_named, 0, ARRAY_LEN(damages));
	tcase_add_test(t, tail_that_nobody_wrote);
	tcase_add_test(t, line_of_any_length);
	tcase_add_test(t, endless_line);
	tcase_add_test(t, any_order);
	tcase_add_test(t, equal_hash);
	tcase_add_test(t, next_in_order);
	tcase_add_test(t, next_of_many);
	tcase_add_test(t, none_failed);
	tcase_add_test(t, truncated_meanwhile);
	tcase_add_test(t, overwritten_meanwhile);
	tcase_add_test(t, unreadable);
	suite_add_tcase(s, t);
	return s;
}
