/* SPDX-License-Identifier: MIT */
#include <config.h>

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "task/word.h"

#define ARRAY_LEN(a) (sizeof(a) / sizeof *(a))

Suite *word_suite(void);

/* As GNU parallel 20221122 prints them for --shellquote. */
static const struct {
	const char *word;
	const char *quoted;
} words[] = {
	{"", "''"},
	{"a", "a"},
	{"d.x/f_1+2-3", "d.x/f_1+2-3"},
	{"-n", "-n"},
	{"+x", "+x"},
	{"if", "if"},
	{"a b", "'a b'"},
	{"a:b", "'a:b'"},
	{"x=1", "'x=1'"},
	{"=x", "'=x'"},
	{"@", "'@'"},
	{"%", "'%'"},
	{",", "','"},
	{"!", "'!'"},
	{"~", "'~'"},
	{"\\", "'\\'"},
	{"\"", "'\"'"},
	{" ", "' '"},
	{"a\nb", "'a\nb'"},
	{"\n", "'\n'"},
	{"\xc3\xa9", "'\xc3\xa9'"},
	{"it's", "'it'\"'\"'s'"},
	{"'", "\"'\""},
	{"''", "\"'\"''\"'\""},
	{"'''", "\"'\"''\"'\"''\"'\""},
	{"'a", "\"'\"'a'"},
	{"a'", "'a'\"'\""},
	{"'a'", "\"'\"'a'\"'\""},
	{"a''b", "'a'\"'\"''\"'\"'b'"},
	{"' '", "\"'\"' '\"'\""},
	{"'\n", "\"'\"'\n'"},
};

static void assert_text(struct buf *b, const char *expected)
{
	buf_addc(b, '\0');
	ck_assert_str_eq(buf_head(b), expected);
	buf_clear(b);
}

START_TEST(quote)
{
	struct buf out = {0};
	word_quote(&out, words[_i].word, strlen(words[_i].word));
	assert_text(&out, words[_i].quoted);
}
END_TEST

/* Nothing before the word is touched, even if it looks like what is left out of the word. */
START_TEST(append)
{
	struct buf out = {0};
	buf_adds(&out, "''");
	word_quote(&out, "'", 1);
	assert_text(&out, "''\"'\"");
}
END_TEST

static void print_with_shell(struct buf *text, char *out, size_t size)
{
	char *command = buf_take(text, NULL);
	FILE *shell = popen(command, "r");
	ck_assert_ptr_nonnull(shell);
	out[fread(out, 1, size - 1, shell)] = '\0';
	ck_assert_int_eq(pclose(shell), 0);
	free(command);
}

/* In each form, also between other quotes. */
START_TEST(reads_back)
{
	const char *word = words[_i].word;
	size_t len = strlen(word);
	struct buf text = {0};
	char back[64], expected[64];
	buf_adds(&text, "printf '%s,%s,%s;' ");
	word_quote(&text, word, len);
	buf_adds(&text, " \"\"");
	word_quote_always(&text, word, len);
	buf_adds(&text, "\"\" '");
	word_quote_inside(&text, word, len);
	buf_adds(&text, "'");
	print_with_shell(&text, back, sizeof back);
	snprintf(expected, sizeof expected, "%s,%s,%s;", word, word, word);
	ck_assert_str_eq(back, expected);
}
END_TEST

START_TEST(always)
{
	struct buf out = {0};
	word_quote_always(&out, "if", 2);
	assert_text(&out, "'if'");
	word_quote_always(&out, "", 0);
	assert_text(&out, "''");
}
END_TEST

START_TEST(every_byte)
{
	ck_assert(!word_is_bare("", 0));
	for (int byte = 0; byte < 256; byte++) {
		char word[] = {'a', (char)byte};
		bool bare = byte &&
			(strchr("_.+-/", byte) || (byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'z') ||
				(byte >= 'A' && byte <= 'Z'));
		ck_assert_msg(word_is_bare(word, 2) == bare, "byte %d", byte);
	}
}
END_TEST

START_TEST(reserved)
{
	ck_assert(word_is_reserved("esac", 4));
	ck_assert(word_is_reserved("!", 1));
	ck_assert(!word_is_reserved("esa", 3));
	ck_assert(!word_is_reserved("esacs", 5));
	ck_assert(!word_is_reserved("", 0));
	ck_assert(!word_is_reserved("if\0x", 4));
}
END_TEST

Suite *word_suite(void)
{
	Suite *s = suite_create("word");
	TCase *tc = tcase_create("word");
	tcase_add_loop_test(tc, quote, 0, ARRAY_LEN(words));
	tcase_add_test(tc, append);
	tcase_add_loop_test(tc, reads_back, 0, ARRAY_LEN(words));
	tcase_add_test(tc, always);
	tcase_add_test(tc, every_byte);
	tcase_add_test(tc, reserved);
	suite_add_tcase(s, tc);
	return s;
}
