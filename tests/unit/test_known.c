/* SPDX-License-Identifier: MIT
 *
 * What a job log needs of it is tested in test_resume.c, texts with the same hash among it.
 */
#include <config.h>

#include <check.h>
#include <string.h>

#include "base/array.h"
#include "task/known.h"

Suite *known_suite(void);

static const char *const texts[] = {"b", "a", "b", "", "b"};

static bool is_text_of(void *arg, const struct known_task *task, const char *text, size_t len)
{
	const char *known = texts[task->at];
	(void)arg;
	return strlen(known) == len && memcmp(known, text, len) == 0;
}

static void assert_taken(struct known *k, const char *text, uint64_t seq)
{
	const struct known_task *task = known_take(k, text, strlen(text), is_text_of, NULL);
	ck_assert_uint_eq(task ? task->seq : 0, seq);
}

START_TEST(by_text_and_occurrence)
{
	struct known k = {0};
	assert_taken(&k, "b", 0);
	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		known_add(&k, texts[i], strlen(texts[i]), (struct known_task){.seq = 10 - i, .at = i, .state = 2});
	known_sort(&k);
	assert_taken(&k, "b", 6);
	assert_taken(&k, "a", 9);
	assert_taken(&k, "b", 8);
	assert_taken(&k, "a", 0);
	assert_taken(&k, "b", 10);
	assert_taken(&k, "b", 0);
	assert_taken(&k, "", 7);
	assert_taken(&k, "c", 0);
	known_clear(&k);
	assert_taken(&k, "a", 0);
}
END_TEST

Suite *known_suite(void)
{
	Suite *s = suite_create("known");
	TCase *t = tcase_create("known");
	tcase_add_test(t, by_text_and_occurrence);
	suite_add_tcase(s, t);
	return s;
}
