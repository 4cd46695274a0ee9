/* SPDX-License-Identifier: MIT */
#include <config.h>

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/xalloc.h"
#include "feed/shell.h"
#include "feed/template.h"

#define ARRAY_LEN(a) (sizeof(a) / sizeof *(a))

Suite *template_suite(void);

enum {
	VARIADIC = 1,
	JOIN = 2,
	NO_SHELL = 4,
};

/* A command line and what comes of it: how it runs, and the command as command_print shows it with slot 7; or what the
 * error or the refusal says. */
static const struct {
	int flags;
	const char *words[4];
	const char *values[4];
	const char *how;
	const char *expected;
} cases[] = {
	/* kinds */
	{0, {NULL}, {"ls -l {}"}, "shell", "ls -l {}"},
	{0, {NULL}, {"ls -l"}, "direct", "ls -l"},
	{0, {NULL}, {"ls", "-l"}, "direct", "ls -l"},
	{0, {"ls"}, {"a b"}, "program", "ls 'a b'"},
	{0, {"{}"}, {"a b"}, "program", "'a b'"},
	{0, {"--x={}"}, {"a"}, "program", "'--x=a'"},
	{0, {"X={}"}, {"a"}, "shell", "X=a"},
	{0, {"ls -l"}, {"a"}, "direct", "ls -l a"},
	{0, {"ls -l"}, {"a b"}, "shell", "ls -l 'a b'"},
	{0, {"ls\n"}, {"a b"}, "shell", "ls 'a b'"},
	{0, {"echo", "$x"}, {"a"}, "program", "echo '$x' a"},
	{JOIN, {"echo", "$x"}, {"a;"}, "shell", "echo $x 'a;'"},
	{NO_SHELL, {NULL}, {" ls  -l\tx "}, "program", "ls -l x"},
	{NO_SHELL, {NULL}, {"ls *"}, "refusal", "needs a shell"},
	{NO_SHELL, {"ls -l {}x"}, {"a b"}, "program", "ls -l 'a bx'"},
	{NO_SHELL, {"ls -l | cat"}, {"a"}, "error", "--no-shell"},
	{NO_SHELL, {"echo -l"}, {"a"}, "error", "--no-shell"},
	{0, {"echo \\"}, {"a"}, "error", "ends in a backslash"},

	/* placeholders */
	{0, {"a", "{}-{.}-{/}-{//}-{/.}"}, {"d.x/f.tar.gz"}, "program", "a d.x/f.tar.gz-d.x/f.tar-f.tar.gz-d.x-f.tar"},
	{0, {"a", "{.}-{/}-{//}-{/.}"}, {"d.x/f"}, "program", "a d.x/f-f-d.x-f"},
	{0, {"a", "{.}-{/}-{//}-{/.}"}, {".rc"}, "program", "a -.rc-.-"},
	{0, {"a", "{//}", "{/}"}, {"/f"}, "program", "a / f"},
	{0, {"a", "{//}", "{/}"}, {"x//y//"}, "program", "a x ''"},
	{0, {"a", "{//}", "{/}"}, {""}, "program", "a . ''"},
	{0, {"a", "{//}"}, {"//"}, "program", "a /"},
	{0, {"a", "{2}{1.}"}, {"x.y", "z"}, "program", "a zx"},
	{0, {"a", "{2}"}, {"x"}, "error", "\\{2}"},
	{0, {"a", "{0}"}, {"x"}, "error", "count from 1"},
	{0, {"a", "{99999999999999999999999}"}, {"x"}, "error", "stands for nothing"},
	{0, {"a '{2}'"}, {"x"}, "error", "{''2}"},
	{0, {"a \"{2}\""}, {"x"}, "error", "{\"\"2}"},
	{0, {"a", "{#}{seq}{%}{slot}"}, {"x"}, "program", "a 3377"},
	{0, {"a", "{x}{1a}{#1}{ }", "{}}"}, {"v"}, "program", "a '{x}{1a}{#1}{ }' 'v}'"},
	{0, {"a", "\\{}", "\\\\{}", "\\\\\\{2}"}, {"v"}, "program", "a '{}' '\\v' '\\{2}'"},
	{0, {"a", "\\x\\y{}\\"}, {"v"}, "program", "a '\\x\\yv\\'"},

	/* several values */
	{0, {"a", "{}", "x{}"}, {"1", "2 3"}, "program", "a 1 '2 3' 'x1 2 3'"},
	{VARIADIC, {"a", "{}", "x{.}y"}, {"1.z", "2"}, "program", "a 1.z 2 x1y x2y"},
	{VARIADIC, {"a", "{2}{1}"}, {"1"}, "error", "{2}"},
	{0, {"a {} x{}"}, {"1", "2 3"}, "shell", "a 1 '2 3' x'1 2 3'"},
	{VARIADIC, {"a {} x{}\"y\";b"}, {"1", "2 3"}, "shell", "a 1 '2 3' x1\"y\" x'2 3'\"y\";b"},
	{VARIADIC, {"a x{1}{}$(b {}|c)"}, {"1", "2"}, "shell", "a x11$(b 1|c) x12$(b 2|c)"},
	{VARIADIC, {"a \"$(b {} c{1})\"d"}, {"1", "2"}, "shell", "a \"$(b 1 2 c1)\"d"},
	{VARIADIC, {"a >{}"}, {"1", "2"}, "error", "use {1}"},
	{VARIADIC, {"a x{}${y#'z'}"}, {"1", "2"}, "error", "shares its word"},

	/* quoting */
	{0, {"a {}|b"}, {"it's"}, "shell", "a 'it'\"'\"'s'|b"},
	{0, {"a {}|b"}, {""}, "shell", "a ''|b"},
	{0, {"a {} >{}.gz"}, {"f"}, "shell", "a f >f.gz"},
	{0, {"a {}>b"}, {"2"}, "shell", "a '2'>b"},
	{0, {"a {}"}, {"b:c"}, "shell", "a 'b:c'"},
	{0, {"a {};b x{}"}, {"-n"}, "shell", "a -n;b x-n"},
	{0, {"if a x{}; then b {}; fi"}, {"if"}, "shell", "if a xif; then b if; fi"},
	{0, {"a {}{}2>b"}, {"1"}, "shell", "a '1''1'2>b"},
	{0, {"a {}{#}2 >b"}, {"1"}, "shell", "a 132 >b"},
	{0, {"a {}\\\n2>b"}, {"1"}, "shell", "a '1'\\\n2>b"},
	{0, {"a x{}()"}, {"1"}, "shell", "a x'1'()"},
	{0, {">b {} x{}"}, {"in"}, "shell", ">b 'in' xin"},
	{0, {"x=y {} x{}"}, {"in"}, "shell", "x=y 'in' xin"},
	{0, {"case x in y{}) a x{};; {}) b;; esac"}, {"in"}, "shell",
		"case x in y'in') a xin;; 'in') b;; esac"},
	{0, {"for i in x{}\ndo a x{}; done"}, {"y"}, "shell", "for i in x'y'\ndo a xy; done"},
	{0, {"for i {}; do a; done"}, {"in"}, "shell", "for i 'in'; do a; done"},
	{0, {"{};b"}, {"if"}, "shell", "'if';b"},
	{0, {"{};b"}, {"x=y"}, "shell", "'x=y';b"},
	{0, {"{} -x"}, {"if"}, "shell", "'if' -x"},
	{0, {"a $HOME{}"}, {"b"}, "shell", "a $HOME'b'"},
	{0, {"a \"$HOME{} {}\""}, {"b"}, "shell", "a \"$HOME\"'b'\" b\""},
	{0, {"a \"{}\""}, {"$b"}, "shell", "a \"\"'$b'\"\""},
	{0, {"a '{}'"}, {"it's"}, "shell", "a 'it'\"'\"'s'"},
	{0, {"a $((1-{}))"}, {"-5"}, "shell", "a $((1- -5))"},
	{0, {"a $((1-{}))"}, {"010"}, "refusal", "no decimal integer"},
	{0, {"a $((1-{}))"}, {"x[$(b)]"}, "refusal", "no decimal integer"},
	{0, {"a {#}>b"}, {"x"}, "shell", "a '3'>b"},
	{0, {"a $x{%} \"$x{%}\" {%}"}, {"x"}, "shell", "a $x'7' \"$x\"'7'\"\" 7"},
	{0, {"a \\{} {}"}, {"x"}, "shell", "a \\{} x"},
	{0, {"a \"\\{}\" {}|b"}, {"x"}, "shell", "a \"\\{}\" x|b"},
	{0, {"a -{%}"}, {"x"}, "direct", "a -7"},
	{0, {"a; echo \"{}\""}, {";touch pwned;"}, "shell", "a; echo \"\"';touch pwned;'\"\""},
	{0, {"a $$ $# ${#x} $x#{} # c\nb"}, {"x"}, "shell", "a $$ $# ${#x} $x#'x' # c\nb"},
	{0, {"a \"$(b \"{}\" # )\"\n)\" {}"}, {"'"}, "shell", "a \"$(b \"\"\"'\"\"\" # )\"\n)\" \"'\""},

	/* where no value can be put */
	{0, {"a # {}"}, {"x"}, "error", "comment"},
	{0, {"a # b"}, {"x"}, "error", "comment"},
	{0, {"a `{}`"}, {"x"}, "error", "$(...)"},
	{0, {"a ${x-{}}"}, {"x"}, "error", "${...}"},
	{0, {"a ${}"}, {"x"}, "error", "behind a $"},
	{0, {"a $\\\n{}"}, {"x"}, "error", "behind a $"},
	{0, {"a \"${1}\""}, {"x"}, "error", "behind a $"},
	{0, {"a <<E\n{}\nE"}, {"x"}, "error", "here-document"},
	{0, {"a <<E\nb\nE"}, {"x"}, "error", "here-document"},
	{0, {"a <<<{}"}, {"x"}, "error", "here-document"},
	{0, {"a $(case x in x) {};; esac)"}, {"x"}, "error", "case"},
	{0, {"a ${x-'y'} {}"}, {"x"}, "error", "${...}"},
	{0, {"a `b 'c'` {}"}, {"x"}, "error", "backquotes"},
	{0, {"a $'\\'' {}"}, {"x"}, "error", "$'...'"},
	{0, {"a $'{}'"}, {"x"}, "error", "$'...'"},
	{0, {"a $((1+'2')) {}"}, {"x"}, "error", "$((...))"},
	{0, {"a $((b) | c) {}"}, {"x"}, "error", "$((...))"},
	{0, {"a $(($x{}))"}, {"x"}, "error", "operator"},
	{0, {"((x={}))"}, {"1"}, "error", "(("},
	{0, {"a $[{}]"}, {"1"}, "error", "$["},
	{0, {"a \"$$(({}))\""}, {"1"}, "error", "$$"},
	{0, {"[[ x =~ {} ]]"}, {"1"}, "error", "=~"},
	{0, {"a >&{}"}, {"1"}, "error", ">&"},
	{0, {"a >\\\n& \"{}\""}, {"1"}, "error", ">&"},
	{0, {"a >|{}>&1 {}"}, {"1"}, "shell", "a >|'1'>&1 1"},
	{0, {"a \"{}"}, {"1"}, "error", "without its end"},
	{0, {"a $(b {}"}, {"1"}, "error", "without its end"},
	{0, {"a '{}"}, {"1"}, "error", "without its end"},
};

static size_t fill(struct value *values, const char *const *texts)
{
	size_t n = 0;
	for (; n < 4 && texts[n]; n++)
		values[n] = (struct value){texts[n], strlen(texts[n])};
	return n;
}

static const char *how_it_runs(const struct command *c)
{
	if (c->direct)
		return "direct";
	return c->shell ? "shell" : "program";
}

static void assert_task(const struct task *t, const char *how, const char *expected)
{
	struct buf text = {0};
	if (t->refusal) {
		ck_assert_str_eq(how, "refusal");
		ck_assert_msg(strstr(t->refusal, expected), "%s", t->refusal);
		return;
	}
	command_print(&t->command, 7, &text);
	buf_addc(&text, '\0');
	ck_assert_str_eq(buf_head(&text), expected);
	ck_assert_str_eq(how_it_runs(&t->command), how);
	buf_clear(&text);
}

START_TEST(table)
{
	struct value values[4];
	size_t n_values = fill(values, cases[_i].values), n_words = 0;
	char *why;
	while (n_words < 4 && cases[_i].words[n_words])
		n_words++;
	struct template_spec spec = {
		.words = (char *const *)cases[_i].words,
		.n_words = n_words,
		.variadic = cases[_i].flags & VARIADIC,
		.join = cases[_i].flags & JOIN,
		.no_shell = cases[_i].flags & NO_SHELL,
		.direct = true,
		.n_values = n_values,
	};
	struct template *t = template_new(&spec, &why);
	if (!t) {
		ck_assert_msg(!strcmp(cases[_i].how, "error") && strstr(why, cases[_i].expected), "%s", why);
		free(why);
		return;
	}
	struct task *task = template_task(t, 3, values, n_values);
	assert_task(task, cases[_i].how, cases[_i].expected);
	task_drop(task);
	template_free(t);
}
END_TEST

/* One task of one value; `spec` without its words. */
static struct task *make(struct template_spec spec, const char *word, const char *value, size_t len)
{
	char *words[] = {(char *)word};
	char *why;
	spec.words = words;
	spec.n_words = word != NULL;
	spec.n_values = 1;
	spec.direct = true;
	struct template *t = template_new(&spec, &why);
	ck_assert_msg(t != NULL, "%s", why);
	struct task *task = template_task(t, 1, &(struct value){value, len}, 1);
	template_free(t);
	return task;
}

START_TEST(nul_byte)
{
	struct task *t = make((struct template_spec){.tag = true}, "a {};b", "x\0y", 3);
	ck_assert_ptr_nonnull(strstr(t->refusal, "use -0"));
	ck_assert_str_eq(t->command.bytes, "a xy;b");
	ck_assert_uint_eq(t->command.len, 7);
	ck_assert_str_eq(t->tag, "xy");
	ck_assert(!t->command.direct);
	task_drop(t);
}
END_TEST

static void assert_length(const char *word, size_t len, const char *refusal)
{
	char *value = xmalloc(len);
	memset(value, 'x', len);
	struct task *t = make((struct template_spec){0}, word, value, len);
	if (refusal)
		ck_assert_msg(t->refusal && strstr(t->refusal, refusal), "%s", t->refusal);
	else
		ck_assert_ptr_null(t->refusal);
	ck_assert_uint_ge(t->command.len, len);
	task_drop(t);
	free(value);
}

START_TEST(lengths)
{
	assert_length(NULL, SHELL_TEXT_MAX - 1, NULL);
	assert_length(NULL, SHELL_TEXT_MAX, "shell text of 131072 bytes; exec takes at most 131071");
	assert_length("cat", SHELL_TEXT_MAX - 1, NULL);
	assert_length("cat", SHELL_TEXT_MAX, "argument of 131072 bytes");
	assert_length("cat {}", SHELL_TEXT_MAX, "shell text of 131076 bytes");
}
END_TEST

START_TEST(holes)
{
	struct task *t = make((struct template_spec){0}, "a {%}-{} {slot}", "x", 1);
	ck_assert_str_eq(t->command.bytes, "a -x ");
	ck_assert_uint_eq(t->command.n_holes, 2);
	ck_assert_uint_eq(t->command.holes[0], 2);
	ck_assert_uint_eq(t->command.holes[1], 5);
	ck_assert(t->command.direct);
	task_drop(t);
}
END_TEST

START_TEST(replace)
{
	struct task *t = make((struct template_spec){.replace = "X"}, "a X {} {/}", "d/y", 3);
	ck_assert_str_eq(t->command.bytes, "a d/y {} y");
	task_drop(t);
	t = make((struct template_spec){.replace = "'"}, "a|b '", "d/y", 3);
	ck_assert_str_eq(t->command.bytes, "a|b d/y");
	task_drop(t);
	t = make((struct template_spec){.replace = "%"}, "ls", "y", 1);
	ck_assert_str_eq(t->command.bytes + 3, "y");
	task_drop(t);
}
END_TEST

START_TEST(tags)
{
	struct task *t = make((struct template_spec){.tagstring = "{/} \\{} {#}'"}, "a", "d/it's", 6);
	ck_assert_str_eq(t->tag, "it's {} 1'");
	ck_assert_uint_eq(t->tag_len, 10);
	task_drop(t);
	t = make((struct template_spec){.tag = true, .replace = "X"}, "a", "d/y", 3);
	ck_assert_str_eq(t->tag, "d/y");
	task_drop(t);
	t = make((struct template_spec){0}, "a", "d/y", 3);
	ck_assert_ptr_null(t->tag);
	task_drop(t);
}
END_TEST

static void assert_error(struct template_spec spec, const char *expected)
{
	char *why, *words[] = {(char *)"a"};
	spec.words = words;
	spec.n_words = 1;
	spec.n_values = 1;
	ck_assert_ptr_null(template_new(&spec, &why));
	ck_assert_msg(strstr(why, expected), "%s", why);
	free(why);
}

START_TEST(errors)
{
	assert_error((struct template_spec){.replace = ""}, "-I");
	assert_error((struct template_spec){.tagstring = "{%}"}, "{%}");
	assert_error((struct template_spec){.tagstring = "{2}"}, "{2}");
}
END_TEST

static struct template *open_template(struct template_spec spec, char *const *words)
{
	char *why;
	for (spec.words = words; words[spec.n_words]; spec.n_words++)
		;
	spec.n_values = 1;
	struct template *t = template_new(&spec, &why);
	ck_assert_msg(t != NULL, "%s", why);
	return t;
}

static void assert_names_program(const char *word, bool expected)
{
	struct template *t = open_template((struct template_spec){0}, (char *[]){(char *)word, NULL});
	ck_assert(template_names_program(t) == expected);
	template_free(t);
}

START_TEST(names_program)
{
	assert_names_program(NULL, false);
	assert_names_program("ls", true);
	assert_names_program("{}", false);
	assert_names_program("x{%}", false);
	assert_names_program("ls -l", false);
}
END_TEST

static const struct {
	const char *words[4];
	const char *tagstring;
	bool expected;
} numbers[] = {
	{{NULL}, NULL, false},
	{{"ls"}, NULL, false},
	{{"ls {}"}, "{#}", false},
	{{"a", "b", "{%}"}, NULL, true},
	{{"a", "x{slot}y"}, NULL, true},
	{{"a{#}"}, NULL, true},
	{{"a", "{seq}"}, NULL, true},
	{{"a {#}"}, NULL, true},
	{{"a|b \"$(c {})\" {%}"}, NULL, true},
	{{"a \"$(c {seq})\""}, NULL, true},
	{{"a $((1+{slot}))"}, NULL, true},
	{{"a \\{#} $# '{''%}' {}"}, NULL, false},
	{{"a", "\\{%}"}, NULL, false},
};

START_TEST(uses_numbers)
{
	struct template_spec spec = {.tagstring = numbers[_i].tagstring};
	struct template *t = open_template(spec, (char *const *)numbers[_i].words);
	ck_assert(template_uses_numbers(t) == numbers[_i].expected);
	template_free(t);
}
END_TEST

Suite *template_suite(void)
{
	Suite *s = suite_create("template");
	TCase *tc = tcase_create("template");
	tcase_add_loop_test(tc, table, 0, ARRAY_LEN(cases));
	tcase_add_test(tc, nul_byte);
	tcase_add_test(tc, lengths);
	tcase_add_test(tc, holes);
	tcase_add_test(tc, replace);
	tcase_add_test(tc, tags);
	tcase_add_test(tc, errors);
	tcase_add_test(tc, names_program);
	tcase_add_loop_test(tc, uses_numbers, 0, ARRAY_LEN(numbers));
	suite_add_tcase(s, tc);
	return s;
}
