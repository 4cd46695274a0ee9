/* SPDX-License-Identifier: MIT */
#include <config.h>

#include <check.h>
#include <string.h>

#include "worker/backlog.h"

Suite *backlog_suite(void);

static void add(struct backlog *b, uint64_t seq, const char *word)
{
	ck_assert(backlog_add(b, &(struct msg){.type = MSG_TASK, .u.task = {
		.seq = seq, .attempt = (uint32_t)seq + 1, .slot = (uint32_t)seq + 2, .flags = (uint8_t)(seq + 3), .n_words = 1,
		.words = {word, strlen(word) + 1}}}));
}

static void take(struct backlog *b, uint64_t seq, const char *word)
{
	static struct buf words;
	struct assignment a = backlog_take(b, &words);
	ck_assert_uint_eq(a.seq, seq);
	ck_assert_uint_eq(a.attempt, seq + 1);
	ck_assert_uint_eq(a.slot, seq + 2);
	ck_assert_uint_eq(a.flags, seq + 3);
	ck_assert_uint_eq(a.n_words, 1);
	ck_assert_uint_eq(a.len, strlen(word) + 1);
	ck_assert_uint_eq(buf_len(&words), a.len);
	ck_assert_str_eq(buf_head(&words), word);
	buf_clear(&words);
}

static bool add_in(struct backlog *b, uint64_t seq, const char *directory, size_t len)
{
	return backlog_add(b, &(struct msg){.type = MSG_TASK, .u.task = {
		.seq = seq, .n_words = 1, .words = {"word", 5}, .directory = {directory, len}}});
}

static void take_in(struct backlog *b, uint64_t seq, const char *directory)
{
	struct buf strings = {0};
	struct assignment a = backlog_take(b, &strings);
	ck_assert_uint_eq(a.seq, seq);
	ck_assert_str_eq(buf_head(&strings), "word");
	ck_assert_uint_eq(a.directory_len, directory ? strlen(directory) + 1 : 0);
	ck_assert_uint_eq(buf_len(&strings), a.len + a.directory_len);
	if (directory)
		ck_assert_str_eq(buf_head(&strings) + a.len, directory);
	buf_clear(&strings);
}

START_TEST(directories)
{
	struct backlog b = {0};
	ck_assert(add_in(&b, 1, "/one", 4));
	ck_assert(add_in(&b, 2, "", 0));
	ck_assert(add_in(&b, 3, "/", 1));
	ck_assert(add_in(&b, 4, "/four", 5));
	ck_assert_uint_eq(backlog_cut(&b, 4), 4);
	ck_assert(add_in(&b, 5, "/five", 5));
	take_in(&b, 1, "/one");
	take_in(&b, 2, NULL);
	take_in(&b, 3, "/");
	take_in(&b, 5, "/five");
	backlog_clear(&b);
}
END_TEST

START_TEST(none_that_keeps_to_the_protocol)
{
	struct backlog b = {0};
	ck_assert(!add_in(&b, 1, "a", 1));
	ck_assert(!add_in(&b, 1, "/\0a", 3));
	ck_assert(!add_in(&b, 1, "\0", 1));
	ck_assert(!backlog_add(&b, &(struct msg){.type = MSG_TASK, .u.task.words = {"a", 1}}));
	ck_assert_uint_eq(b.count, 0);
	ck_assert_uint_eq(buf_len(&b.strings), 0);
	backlog_clear(&b);
}
END_TEST

START_TEST(first_come_first_served)
{
	struct backlog b = {0};
	add(&b, 1, "one");
	add(&b, 2, "");
	take(&b, 1, "one");
	add(&b, 3, "three");
	ck_assert_uint_eq(b.count, 2);
	take(&b, 2, "");
	take(&b, 3, "three");
	ck_assert_uint_eq(b.count, 0);
	backlog_clear(&b);
}
END_TEST

static const struct cut {
	uint64_t seq, first;
	size_t left;
} cuts[] = {
	{5, 5, 0},
	{2, 2, 1},
	{9, 9, 2},
	{7, 5, 0}, /* gone before them */
};

START_TEST(cut_from_one_on)
{
	const struct cut *c = &cuts[_i];
	struct backlog b = {0};
	add(&b, 7, "seven");
	add(&b, 5, "five");
	add(&b, 2, "two");
	add(&b, 9, "nine");
	take(&b, 7, "seven");
	ck_assert_uint_eq(backlog_cut(&b, c->seq), c->first);
	ck_assert_uint_eq(b.count, c->left);
	add(&b, 4, "four");
	if (c->left > 0)
		take(&b, 5, "five");
	if (c->left > 1)
		take(&b, 2, "two");
	take(&b, 4, "four");
	ck_assert_uint_eq(backlog_cut(&b, 4), 0);
	backlog_clear(&b);
}
END_TEST

Suite *backlog_suite(void)
{
	Suite *s = suite_create("backlog");
	TCase *t = tcase_create("backlog");
	tcase_add_test(t, first_come_first_served);
	tcase_add_loop_test(t, cut_from_one_on, 0, sizeof cuts / sizeof cuts[0]);
	tcase_add_test(t, directories);
	tcase_add_test(t, none_that_keeps_to_the_protocol);
	suite_add_tcase(s, t);
	return s;
}
