/* SPDX-License-Identifier: MIT */
#include <config.h>

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "process/environment.h"

Suite *environment_suite(void);

static struct environment environment;
static char **saved_environ;

/* This process's own. */
static char *own[] = {
	(char *)"A=own", (char *)"FORKPOOL_SEQ=999", (char *)"B=own", (char *)"FORKPOOL_SLOT=999", (char *)"AB=own",
	(char *)"FORKPOOL_ATTEMPT=999", (char *)"FORKPOOL_SEQUEL=own", (char *)"no equals sign", (char *)"PATH=/own",
	NULL,
};

static void set_up(void)
{
	saved_environ = environ;
	environ = own;
}

static void tear_down(void)
{
	environ = saved_environ;
}

static void init(const char *added, size_t len)
{
	char *copy = malloc(len + 1); /* ours only until it returns */
	ck_assert_ptr_nonnull(copy);
	memcpy(copy, added, len);
	environment_init(&environment, copy, len);
	memset(copy, 'x', len);
	free(copy);
}

static void assert_entries(char **entries, const char *expected)
{
	char all[1024] = "";
	size_t n = 0;
	for (; *entries; entries++)
		n += (size_t)snprintf(all + n, sizeof all - n, "%s;", *entries);
	ck_assert_str_eq(all, expected);
}

#define REST "FORKPOOL_SEQUEL=own;no equals sign;PATH=/own;"

START_TEST(own_and_numbers)
{
	init("", 0);
	assert_entries(environment_for(&environment, 7, 2, 1, NULL),
		       "FORKPOOL_SEQ=7;FORKPOOL_SLOT=2;FORKPOOL_ATTEMPT=1;A=own;B=own;AB=own;" REST);
	assert_entries(environment_for(&environment, UINT64_MAX, UINT32_MAX, UINT32_MAX, NULL),
		       "FORKPOOL_SEQ=18446744073709551615;FORKPOOL_SLOT=4294967295;FORKPOOL_ATTEMPT=4294967295;"
		       "A=own;B=own;AB=own;" REST);
	assert_entries(environment_for(&environment, 0, 2, 1, NULL), "A=own;B=own;AB=own;" REST);
	environment_clear(&environment);
}
END_TEST

#define ADDED(text) text, sizeof(text) - 1

START_TEST(added_entries_replace_those_of_the_same_name)
{
	init(ADDED("B=1\0NEW=\0A=x=y\0NEW=2\0ABC=3\0"));
	assert_entries(environment_for(&environment, 0, 0, 0, NULL), "A=x=y;B=1;AB=own;" REST "NEW=2;ABC=3;");
	environment_clear(&environment);
}
END_TEST

START_TEST(many_added)
{
	char added[20000], expected[40];
	size_t len = 0, n = 0;
	for (int i = 0; i < 1000; i++)
		len += (size_t)sprintf(added + len, "N%d=%d", i, i) + 1;
	init(added, len);
	char **entries = environment_for(&environment, 0, 0, 0, NULL);
	while (entries[n])
		n++;
	ck_assert_uint_eq(n, 6 + 1000);
	for (int i = 0; i < 1000; i++) {
		snprintf(expected, sizeof expected, "N%d=%d", i, i);
		ck_assert_str_eq(entries[6 + i], expected);
	}
	environment_clear(&environment);
}
END_TEST

START_TEST(no_environment_at_all)
{
	static char *none[] = {NULL};
	environ = _i ? none : NULL;
	init("", 0);
	assert_entries(environment_for(&environment, 1, 1, 1, NULL), "FORKPOOL_SEQ=1;FORKPOOL_SLOT=1;FORKPOOL_ATTEMPT=1;");
	assert_entries(environment_for(&environment, 0, 1, 1, NULL), "");
	environment_clear(&environment);
}
END_TEST

START_TEST(directory)
{
	static char *with[] = {(char *)"A=1", (char *)"PWD=/own", (char *)"B=2", NULL};
	static char *without[] = {(char *)"A=1", NULL}, *none[] = {NULL};
	environ = with;
	init("", 0);
	for (int again = 0; again < 2; again++) {
		assert_entries(environment_for(&environment, 0, 0, 0, "/a b"), "A=1;PWD=/a b;B=2;");
		assert_entries(environment_for(&environment, 0, 0, 0, NULL), "A=1;PWD=/own;B=2;");
	}
	environment_clear(&environment);
	environ = without;
	init(ADDED("B=2\0"));
	assert_entries(environment_for(&environment, 0, 0, 0, "/x"), "A=1;B=2;PWD=/x;");
	assert_entries(environment_for(&environment, 0, 0, 0, NULL), "A=1;B=2;");
	environment_clear(&environment);
	environ = none;
	init(ADDED("PWD=/added\0"));
	assert_entries(environment_for(&environment, 0, 0, 0, "/x"), "PWD=/x;");
	assert_entries(environment_for(&environment, 0, 0, 0, NULL), "PWD=/added;");
	environment_clear(&environment);
}
END_TEST

START_TEST(path)
{
	static char *without[] = {(char *)"A=1", NULL}, *with_empty[] = {(char *)"PATH=", NULL};
	init("", 0);
	ck_assert_str_eq(environment_path(&environment), "/own");
	environment_clear(&environment);
	environ = without;
	init("", 0);
	ck_assert_str_eq(environment_path(&environment), "/bin:/usr/bin");
	environment_clear(&environment);
	environ = with_empty;
	init("", 0);
	ck_assert_str_eq(environment_path(&environment), "");
	environment_clear(&environment);
}
END_TEST

Suite *environment_suite(void)
{
	Suite *s = suite_create("environment");
	TCase *t = tcase_create("environment");
	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_add_test(t, own_and_numbers);
	tcase_add_test(t, added_entries_replace_those_of_the_same_name);
	tcase_add_test(t, many_added);
	tcase_add_loop_test(t, no_environment_at_all, 0, 2);
	tcase_add_test(t, directory);
	tcase_add_test(t, path);
	suite_add_tcase(s, t);
	return s;
}
