/* SPDX-License-Identifier: MIT */
#include <config.h>

#include <check.h>
#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "feed/destination.h"
#include "task/results.h"

#define ARRAY_LEN(a) (sizeof(a) / sizeof *(a))

Suite *destination_suite(void);

static void read_text(struct destination *d, const char *text, const char *base, bool variadic)
{
	char *why;
	struct reader_spec spec = {.text = text, .len = strlen(text), .replace = "{}", .n_values = 3, .variadic = variadic};
	*d = (struct destination){0};
	ck_assert_msg(destination_read(d, &spec, base, &why), "%s", why);
}

/* `expected`: the path, or with a ! before it what the objection says. */
static void assert_path(const struct destination *d, const struct value *values, size_t n, const char *expected)
{
	char *why, *path = destination_make(d, 7, values, n, &why);
	if (*expected == '!') {
		ck_assert_ptr_null(path);
		ck_assert_msg(why && strstr(why, expected + 1), "%s", why);
	} else {
		ck_assert_msg(path != NULL, "%s", why);
		ck_assert_str_eq(path, expected);
	}
	free(path);
	free(why);
}

static const struct {
	const char *text;
	const char *values[3];
	const char *expected;
} cases[] = {
	{"d", {"a"}, "d/1/a/"},
	{"d/", {"a"}, "d/1/a/"},
	{"d//", {"a", "b"}, "d/1/a/2/b/"},
	{"/", {"a"}, "/1/a/"},
	{"../d", {"a"}, "../d/1/a/"},
	{"d\\{}", {"a"}, "d{}/1/a/"},
	{"d", {"a/b", "a\\b", "a\tb"}, "d/1/a\\_b/2/a\\\\b/3/a\\tb/"},
	{"d", {"", ".", ".."}, "d/1/\\e/2/\\./3/\\../"},
	{"d", {"...", "\\e", "\\."}, "d/1/.../2/\\\\e/3/\\\\./"},
	{"d", {"a\nb", "-rf", "\xff*"}, "d/1/a\nb/2/-rf/3/\xff*/"},

	{"d/{}", {"a"}, "d/a"},
	{"d/{}/", {"a"}, "d/a/"},
	{"d/{#}", {"a"}, "d/7"},
	{"{}", {"a"}, "a"},
	{"{}.out", {"/x/a"}, "/x/a.out"},
	{"{2}/{1/.}-x", {"b/c.d", "a"}, "a/c-x"},
	{"d/{}", {"./a"}, "d/./a"},
	{"d/{}", {"a", "b"}, "d/a b"},
	{"d/{}/", {"a/"}, "d/a//"},
	{"d/x{}", {""}, "d/x"},
	{"../{}", {"a"}, "../a"},
	{"d/{}", {"a\\\tb"}, "d/a\\\tb"},
	{"d/{}", {"..."}, "d/..."},
	{"d/{}", {"a.."}, "d/a.."},

	{"d/{}", {".."}, "!.."},
	{"d/{}", {"a/../b"}, "!.."},
	{"d/{}/x", {".."}, "!.."},
	{"d/.{}", {"."}, "!.."},
	{"../{}", {".."}, "!.."},
	{"d/{}/../x", {".."}, "!.."},
	{"{//}/x", {"../a"}, "!.."},
	{"d/{}", {""}, "!lacks a name"},
	{"d/{}/", {""}, "!lacks a name"},
	{"d/{}", {"."}, "!lacks a name"},
	{"d/{}/", {"."}, "!lacks a name"},
	{"d/{1}/{2}/", {"", "a"}, "!lacks a name"},
	{"d/{1}/{3}", {"a"}, "!lacks a name"},
	{"d/{}", {"a/"}, "!lacks a name"},
	{"d/{}", {"a/."}, "!lacks a name"},
};

START_TEST(paths)
{
	struct destination d;
	struct value values[3];
	size_t n = 0;
	for (; n < 3 && cases[_i].values[n]; n++)
		values[n] = (struct value){cases[_i].values[n], strlen(cases[_i].values[n])};
	read_text(&d, cases[_i].text, NULL, false);
	assert_path(&d, values, n, cases[_i].expected);
	destination_clear(&d);
}
END_TEST

START_TEST(values_of_one_source)
{
	struct destination d;
	read_text(&d, "d", NULL, true);
	assert_path(&d, (struct value[]){{"a", 1}, {"b", 1}}, 2, "d/1/a/1/b/");
	destination_clear(&d);
}
END_TEST

START_TEST(base)
{
	struct destination d;
	read_text(&d, "d", "/b/{}", false);
	assert_path(&d, &(struct value){"a", 1}, 1, "/b/{}/d/1/a/");
	destination_clear(&d);
	read_text(&d, "{}", "/b/..", false);
	assert_path(&d, &(struct value){"a", 1}, 1, "/b/../a");
	destination_clear(&d);
	read_text(&d, "/d/{}", "/b", false);
	assert_path(&d, &(struct value){"a", 1}, 1, "/d/a");
	destination_clear(&d);
}
END_TEST

START_TEST(nul_bytes)
{
	struct destination d;
	char *why;
	read_text(&d, "d", NULL, false);
	assert_path(&d, &(struct value){"a\0b", 3}, 1, "d/1/a\\0b/");
	destination_clear(&d);
	read_text(&d, "d/{}", NULL, false);
	ck_assert_ptr_null(destination_make(&d, 1, &(struct value){"a\0b", 3}, 1, &why));
	ck_assert_ptr_null(why);
	destination_clear(&d);
}
END_TEST

/* The name that a plain destination has for `n` bytes, the last of which is `last`. */
static char *long_name(char byte, size_t n, char last)
{
	struct destination d;
	char *why, *value = xmalloc(n);
	memset(value, byte, n);
	value[n - 1] = last;
	read_text(&d, "d", NULL, false);
	char *path = destination_make(&d, 1, &(struct value){value, n}, 1, &why);
	ck_assert_ptr_nonnull(path);
	free(value);
	destination_clear(&d);
	memmove(path, path + 4, strlen(path + 4) + 1);
	path[strlen(path) - 1] = '\0';
	return path;
}

START_TEST(long_names)
{
	static const struct {
		char byte;
		size_t n;
		bool whole;
		size_t len;
	} lengths[] = {
		{'a', NAME_MAX, true, NAME_MAX}, {'a', NAME_MAX + 1, false, NAME_MAX}, {'a', 5000, false, NAME_MAX},
		{'a', 1 << 20, false, NAME_MAX}, {'/', 127, true, 254}, {'/', 128, false, NAME_MAX - 1}, /* no half escape */
	};
	for (size_t i = 0; i < ARRAY_LEN(lengths); i++) {
		char byte = lengths[i].byte;
		char *name = long_name(byte, lengths[i].n, byte), *other = long_name(byte, lengths[i].n, 'b');
		ck_assert_uint_eq(strlen(name), lengths[i].len);
		ck_assert_str_ne(name, other);
		ck_assert(!strstr(name, "\\~") == lengths[i].whole);
		free(name);
		free(other);
	}
}
END_TEST

static void assert_length(const char *text, size_t n, const char *objection)
{
	struct destination d;
	char *why, *value = xmalloc(n);
	memset(value, 'a', n);
	for (size_t i = 200; i < n && !strchr(text, '-'); i += 200)
		value[i] = '/';
	read_text(&d, text, NULL, false);
	char *path = destination_make(&d, 1, &(struct value){value, n}, 1, &why);
	ck_assert_msg(objection ? !path && why && strstr(why, objection) : path != NULL, "%zu: %s", n, why);
	free(path);
	free(why);
	free(value);
	destination_clear(&d);
}

START_TEST(lengths)
{
	size_t max = PATH_MAX - 1 - RESULTS_SUFFIX_MAX;
	assert_length("{}", max, NULL);
	assert_length("{}", max + 1, "at most 4087");
	assert_length("-{}", NAME_MAX - RESULTS_SUFFIX_MAX - 1, NULL);
	assert_length("-{}", NAME_MAX - RESULTS_SUFFIX_MAX, "at most 247");
	assert_length("-{}/", NAME_MAX - 1, NULL);
	assert_length("-{}/", NAME_MAX, "256 bytes");
	assert_length("-{}/x", NAME_MAX - 1, NULL);
	assert_length("-{}/x", NAME_MAX, "256 bytes");
}
END_TEST

START_TEST(many_values)
{
	struct destination d;
	struct value values[3000];
	for (size_t i = 0; i < ARRAY_LEN(values); i++)
		values[i] = (struct value){"a", 1};
	read_text(&d, "d", NULL, true);
	assert_path(&d, values, ARRAY_LEN(values), "!at most");
	destination_clear(&d);
}
END_TEST

static void assert_folder(const char *text, const char *expected)
{
	struct destination d;
	read_text(&d, text, NULL, false);
	char *folder = destination_folder(&d);
	ck_assert_str_eq(folder, expected);
	free(folder);
	destination_clear(&d);
}

START_TEST(folders)
{
	assert_folder("d/e", "d/e");
	assert_folder("d/e{}", "d/");
	assert_folder("d\\{}/e{#}", "d{}/");
	assert_folder("/{}", "/");
	assert_folder("{}", ".");
	assert_folder("x{}/y", ".");
}
END_TEST

static void assert_error(const char *text, const char *expected)
{
	struct destination d = {0};
	char *why = NULL;
	struct reader_spec spec = {.text = text, .len = strlen(text), .replace = "{}", .n_values = 1};
	ck_assert(!destination_read(&d, &spec, NULL, &why));
	ck_assert_msg(strstr(why, expected), "%s", why);
	free(why);
	destination_clear(&d);
}

START_TEST(errors)
{
	assert_error("d/{%}", "{%}");
	assert_error("d/{2}", "{2}");
	assert_error("d.csv", "'d.csv/'");
	assert_error("d.tsv", "'d.tsv/'");
	assert_error("d.json", "'d.json/'");
}
END_TEST

Suite *destination_suite(void)
{
	Suite *s = suite_create("destination");
	TCase *tc = tcase_create("destination");
	tcase_add_loop_test(tc, paths, 0, ARRAY_LEN(cases));
	tcase_add_test(tc, values_of_one_source);
	tcase_add_test(tc, base);
	tcase_add_test(tc, nul_bytes);
	tcase_add_test(tc, long_names);
	tcase_add_test(tc, lengths);
	tcase_add_test(tc, many_values);
	tcase_add_test(tc, folders);
	tcase_add_test(tc, errors);
	suite_add_tcase(s, tc);
	return s;
}
