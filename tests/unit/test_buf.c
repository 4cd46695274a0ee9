/* SPDX-License-Identifier: MIT */
#include <config.h>

#include <check.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/report.h"
#include "base/xalloc.h"

#define ARRAY_LEN(a) (sizeof(a) / sizeof *(a))

Suite *buf_suite(void);

static void assert_holds(const struct buf *b, const char *expected)
{
	ck_assert_uint_eq(buf_len(b), strlen(expected));
	ck_assert_mem_eq(buf_head(b), expected, strlen(expected));
}

START_TEST(empty_has_no_memory_and_may_be_copied)
{
	struct buf b = {0};
	char copy[1] = {'x'};
	ck_assert_uint_eq(buf_len(&b), 0);
	memcpy(copy, buf_head(&b), buf_len(&b));
	buf_add(&b, NULL, 0);
	buf_drop(&b, 0);
	buf_cut(&b, 0);
	ck_assert_ptr_null(b.bytes);
	buf_adds(&b, "text");
	buf_clear(&b);
	ck_assert_ptr_null(b.bytes);
	ck_assert_uint_eq(buf_len(&b), 0);
	ck_assert_ptr_nonnull(buf_head(&b));
}
END_TEST

START_TEST(append_and_take_from_the_front)
{
	struct buf b = {0};
	buf_adds(&b, "one ");
	buf_addc(&b, '2');
	buf_addf(&b, " %s %d", "three", 4);
	assert_holds(&b, "one 2 three 4");
	buf_drop(&b, 4);
	assert_holds(&b, "2 three 4");
	buf_cut(&b, 1);
	assert_holds(&b, "2");
	buf_drop(&b, 1);
	ck_assert_uint_eq(b.start, 0);
	buf_adds(&b, "again");
	buf_reset(&b);
	assert_holds(&b, "");
	ck_assert_ptr_nonnull(b.bytes);
	buf_clear(&b);
}
END_TEST

START_TEST(addf_of_any_length)
{
	struct buf b = {0};
	char long_text[3000];
	memset(long_text, 'x', sizeof long_text - 1);
	long_text[sizeof long_text - 1] = '\0';
	for (size_t n = 0; n < sizeof long_text; n += 13) {
		buf_reset(&b);
		buf_addf(&b, "%.*s", (int)n, long_text);
		ck_assert_uint_eq(buf_len(&b), n);
	}
	buf_clear(&b);
	buf_addf(&b, "%s%s", long_text, "end");
	ck_assert_uint_eq(buf_len(&b), 3002);
	ck_assert_mem_eq(buf_head(&b) + 2999, "end", 3);
	buf_clear(&b);
}
END_TEST

START_TEST(room_then_grew)
{
	struct buf b = {0};
	memcpy(buf_room(&b, 1000), "abc", 3);
	buf_grew(&b, 3);
	assert_holds(&b, "abc");
	ck_assert_ptr_nonnull(buf_room(&b, 0));
	buf_grew(&b, 0);
	assert_holds(&b, "abc");
	buf_clear(&b);
	ck_assert_ptr_nonnull(buf_room(&b, 0));
	buf_clear(&b);
}
END_TEST

/* As a queue whose contents stay short it must not grow, and keep its bytes whatever is moved. */
START_TEST(queue_stays_small)
{
	struct buf b = {0};
	unsigned char in = 0, out = 0;
	for (int round = 0; round < 20000; round++) {
		for (int i = 0; i < 7; i++)
			buf_addc(&b, (char)in++);
		size_t n = round % 100 == 99 ? buf_len(&b) : 6;
		for (size_t i = 0; i < n; i++) {
			ck_assert_int_eq((unsigned char)*buf_head(&b), out++);
			buf_drop(&b, 1);
		}
	}
	ck_assert_uint_le(b.cap, 512);
	buf_clear(&b);
}
END_TEST

START_TEST(take_gives_the_bytes_away)
{
	struct buf b = {0};
	size_t len;
	buf_adds(&b, "a word");
	buf_drop(&b, 2);
	char *text = buf_take(&b, &len);
	ck_assert_str_eq(text, "word");
	ck_assert_uint_eq(len, 4);
	ck_assert_ptr_null(b.bytes);
	free(text);
	text = buf_take(&b, NULL);
	ck_assert_str_eq(text, "");
	free(text);
}
END_TEST

START_TEST(allocations)
{
	char *text = xstrdup("text");
	ck_assert_str_eq(text, "text");
	char *copy = xmemdup("a\0b", 3);
	ck_assert_mem_eq(copy, "a\0b", 4);
	char *nothing = xmemdup(NULL, 0);
	ck_assert_str_eq(nothing, "");
	char *printed = xasprintf("%s-%d", "n", 5);
	ck_assert_str_eq(printed, "n-5");
	unsigned char *zeros = xcalloc(3, 5);
	for (size_t i = 0; i < 15; i++)
		ck_assert_uint_eq(zeros[i], 0);
	/* Zero bytes are still something that is not NULL. */
	void *none = xrealloc(xmalloc(0), 0, 0);
	ck_assert_ptr_nonnull(none);
	free(none);
	free(zeros);
	free(printed);
	free(nothing);
	free(copy);
	free(text);
}
END_TEST

static void drop_too_much(void)
{
	struct buf b = {0};
	buf_adds(&b, "abc");
	buf_drop(&b, 4);
}

static void room_for_too_much(void)
{
	struct buf b = {0};
	buf_adds(&b, "abc");
	buf_room(&b, SIZE_MAX - 1);
}

static void product_overflows(void)
{
	xrealloc(NULL, SIZE_MAX / 2, 3);
}

static const struct end_case {
	void (*end)(void);
	int status; /* as wait(2) gives it */
} ends[] = {
	{drop_too_much, SIGABRT},
	{room_for_too_much, EXIT_FORKPOOL << 8},
	{product_overflows, EXIT_FORKPOOL << 8},
};

START_TEST(ends_the_program)
{
	int status;
	pid_t pid = fork();
	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		close(STDERR_FILENO);
		ends[_i].end();
		_exit(1);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status & ~0x80, ends[_i].status);
}
END_TEST

Suite *buf_suite(void)
{
	Suite *s = suite_create("buf");
	TCase *t = tcase_create("buf");
	tcase_add_test(t, empty_has_no_memory_and_may_be_copied);
	tcase_add_test(t, append_and_take_from_the_front);
	tcase_add_test(t, addf_of_any_length);
	tcase_add_test(t, room_then_grew);
	tcase_add_test(t, queue_stays_small);
	tcase_add_test(t, take_gives_the_bytes_away);
	tcase_add_test(t, allocations);
	tcase_add_loop_test(t, ends_the_program, 0, ARRAY_LEN(ends));
	suite_add_tcase(s, t);
	return s;
}
