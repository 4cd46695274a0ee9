/* SPDX-License-Identifier: MIT */
#include <config.h>

#include <check.h>

#include "base/array.h"
#include "base/utf8.h"

Suite *utf8_suite(void);

/* The bounds of Unicode's table 3-7, and one beyond each. */
static const struct {
	const char *bytes;
	size_t n, len;
} characters[] = {
	{"a", 1, 1}, {"\x7f", 1, 1}, {"\0", 1, 1}, {"\x80", 1, 0}, {"\xc1\xbf", 2, 0}, {"\xc2\x80", 2, 2}, {"\xdf\xbf", 2, 2},
	{"\xc2\x7f", 2, 0}, {"\xc2\xc0", 2, 0}, {"\xe0\x9f\xbf", 3, 0}, {"\xe0\xa0\x80", 3, 3}, {"\xed\x9f\xbf", 3, 3},
	{"\xed\xa0\x80", 3, 0}, {"\xee\x80\x80", 3, 3}, {"\xef\xbf\xbf", 3, 3}, {"\xf0\x8f\xbf\xbf", 4, 0},
	{"\xf0\x90\x80\x80", 4, 4}, {"\xf4\x8f\xbf\xbf", 4, 4}, {"\xf4\x90\x80\x80", 4, 0}, {"\xf5\x80\x80\x80", 4, 0},
	{"\xf0\x90\x80", 3, 0}, {"\xe0\xa0", 2, 0}, {"\xc2", 1, 0}, {"\xff", 1, 0},
};

START_TEST(bounds)
{
	const unsigned char *bytes = (const unsigned char *)characters[_i].bytes;
	ck_assert_uint_eq(utf8_len(bytes, characters[_i].n), characters[_i].len);
}
END_TEST

START_TEST(text)
{
	ck_assert(utf8_is_text("", 0));
	ck_assert(utf8_is_text(NULL, 0));
	ck_assert(utf8_is_text("a\xc3\xa9\n\xe2\x82\xac\x7f", 7));
	ck_assert(!utf8_is_text("a\0b", 3));
	ck_assert(!utf8_is_text("ab\xc3", 3));
	ck_assert(!utf8_is_text("\xff", 1));
}
END_TEST

Suite *utf8_suite(void)
{
	Suite *s = suite_create("utf8");
	TCase *t = tcase_create("utf8");
	tcase_add_loop_test(t, bounds, 0, ARRAY_LEN(characters));
	tcase_add_test(t, text);
	suite_add_tcase(s, t);
	return s;
}
