/* SPDX-License-Identifier: MIT */
#include <config.h>

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "task/task.h"

#define ARRAY_LEN(a) (sizeof(a) / sizeof *(a))

Suite *task_suite(void);

START_TEST(life)
{
	struct task *t = task_new(7);
	ck_assert_uint_eq(t->seq, 7);
	ck_assert_uint_eq(t->attempt, 0);
	ck_assert_ptr_null(t->refusal);
	t->command.bytes = xstrdup("true");
	t->command.holes = xcalloc(1, sizeof *t->command.holes);
	t->refusal = xstrdup("no");
	t->tag = xstrdup("tag");
	t->results = xstrdup("results/");
	task_hold(t);
	task_drop(t);
	ck_assert_str_eq(t->tag, "tag");
	task_drop(t);
}
END_TEST

static void assert_bytes(struct buf *b, const char *expected, size_t len)
{
	ck_assert_uint_eq(buf_len(b), len);
	ck_assert_mem_eq(buf_head(b), expected, len);
	buf_clear(b);
}

START_TEST(render)
{
	char bytes[] = "p\0a-b\0";
	size_t holes[] = {0, 3, 3, 5};
	struct command c = {.bytes = bytes, .len = sizeof bytes - 1, .n_words = 2};
	struct buf out = {0};
	command_render(&c, 12, &out);
	assert_bytes(&out, bytes, sizeof bytes - 1);
	c.holes = holes;
	c.n_holes = ARRAY_LEN(holes);
	buf_adds(&out, ">");
	command_render(&c, 12, &out);
	assert_bytes(&out, ">12p\0a1212-b12\0", 15);
}
END_TEST

static const struct print_case {
	const char *words[4];
	const char *line;
} prints[] = {
	{{"true"}, "true"},
	{{"cp", "-a", "x.y/z", "u@h:/p,q%+=_"}, "cp -a x.y/z 'u@h:/p,q%+=_'"},
	{{"echo", "", "a b", "it's"}, "echo '' 'a b' 'it'\"'\"'s'"},
	{{"echo", "$HOME", "~", "*"}, "echo '$HOME' '~' '*'"},
	{{"echo", "a\nb", "\\", "''"}, "echo 'a\nb' '\\' \"'\"''\"'\""},
	{{"A=b", "A=b", "=x"}, "'A=b' 'A=b' '=x'"},
	{{"if", "if"}, "'if' if"},
	{{"!", "{", "#x"}, "'!' '{' '#x'"},
	{{"", "gr\xc3\xbc\xc3\x9f", "\xff"}, "'' 'gr\xc3\xbc\xc3\x9f' '\xff'"},
};

static void add_words(struct buf *bytes, struct command *c, const char *const words[4])
{
	for (size_t i = 0; i < 4 && words[i]; i++) {
		buf_add(bytes, words[i], strlen(words[i]) + 1);
		c->n_words++;
	}
	c->bytes = buf_head(bytes);
	c->len = buf_len(bytes);
}

START_TEST(print)
{
	struct buf bytes = {0}, out = {0};
	struct command c = {0};
	add_words(&bytes, &c, prints[_i].words);
	command_print(&c, 1, &out);
	assert_bytes(&out, prints[_i].line, strlen(prints[_i].line));
	buf_clear(&bytes);
}
END_TEST

/* The shell must read back what was printed. */
START_TEST(print_reads_back)
{
	struct buf bytes = {0}, line = {0};
	struct command c = {0};
	char read_back[256];
	add_words(&bytes, &c, prints[_i].words);
	buf_adds(&line, "printf '%s\\0' ");
	command_print(&c, 1, &line);
	char *text = buf_take(&line, NULL);
	FILE *shell = popen(text, "r");
	ck_assert_ptr_nonnull(shell);
	size_t n = fread(read_back, 1, sizeof read_back, shell);
	ck_assert_int_eq(pclose(shell), 0);
	ck_assert_uint_eq(n, c.len);
	ck_assert_mem_eq(read_back, c.bytes, n);
	free(text);
	buf_clear(&bytes);
}
END_TEST

START_TEST(print_shell_text_and_holes)
{
	struct buf out = {0};
	char text[] = "echo 'a' > x";
	size_t hole = 5;
	struct command c = {.bytes = text, .len = sizeof text, .n_words = 1, .shell = true};
	command_print(&c, 1, &out);
	assert_bytes(&out, text, strlen(text));
	c.holes = &hole;
	c.n_holes = 1;
	command_print(&c, 3, &out);
	assert_bytes(&out, "echo 3'a' > x", 13);
	char words[] = "echo\0 \0";
	c = (struct command){.bytes = words, .len = 7, .n_words = 2, .holes = &hole, .n_holes = 1};
	command_print(&c, 3, &out);
	assert_bytes(&out, "echo '3 '", 9);
	c = (struct command){0};
	command_print(&c, 3, &out);
	assert_bytes(&out, "", 0);
}
END_TEST

Suite *task_suite(void)
{
	Suite *s = suite_create("task");
	TCase *t = tcase_create("task");
	tcase_add_test(t, life);
	tcase_add_test(t, render);
	tcase_add_loop_test(t, print, 0, ARRAY_LEN(prints));
	tcase_add_loop_test(t, print_reads_back, 0, ARRAY_LEN(prints));
	tcase_add_test(t, print_shell_text_and_holes);
	suite_add_tcase(s, t);
	return s;
}
