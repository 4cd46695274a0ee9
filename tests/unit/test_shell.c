/* SPDX-License-Identifier: MIT */
#include <config.h>

#include <check.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "feed/shell.h"

#define ARRAY_LEN(a) (sizeof(a) / sizeof *(a))

Suite *shell_suite(void);

static const struct {
	const char *text;
	bool plain;
} texts[] = {
	{"ls", true},
	{"  ls\t-l  a.b/c ", true},
	{"gzip -9 --x=y,z@%+: _", true},
	{"./echo a", true},
	{"/bin/echo a=b", true},
	{"echoes", true},
	{"..", true},
	{"1", true},
	{"", false},
	{" \t", false},
	{"echo a", false},
	{"\techo", false},
	{". x", false},
	{": x", false},
	{"chdir /", false},
	{"ulimit", false},
	{"time ls", false},
	{"coproc ls", false},
	{"if", false},
	{"a=b ls", false},
	{"a=b", false},
	{"-x", false},
	{"+x", false},
	{"ls\n", false},
	{"ls\r", false},
	{"ls \x7f", false},
	{"ls \xc3\xa9", false},
};

START_TEST(plain_texts)
{
	ck_assert_msg(
		shell_is_plain(texts[_i].text, strlen(texts[_i].text)) == texts[_i].plain, "'%s'", texts[_i].text);
}
END_TEST

START_TEST(plain_length)
{
	char *text = malloc(SHELL_TEXT_MAX);
	memset(text, 'x', SHELL_TEXT_MAX);
	ck_assert(shell_is_plain(text, SHELL_TEXT_MAX - 1));
	ck_assert(!shell_is_plain(text, SHELL_TEXT_MAX));
	ck_assert(!shell_is_plain("ls\0x", 4));
	free(text);
}
END_TEST

START_TEST(plain_bytes)
{
	static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_./,:@%+-= \t";
	for (int c = 0; c < 256; c++) {
		char text[] = {'l', 's', ' ', 'a', (char)c, 'b'};
		ck_assert_msg(shell_is_plain(text, sizeof text) == (c && strchr(plain, c)), "byte %d", c);
	}
}
END_TEST

static void read_all(int rfd, struct buf *out)
{
	ssize_t n;
	while ((n = read(rfd, buf_room(out, 4096), 4096)) > 0)
		buf_grew(out, (size_t)n);
	close(rfd);
}

/* What `argv` prints to stdout, stderr left out. */
static void capture(char *const *argv, char *const *environment, struct buf *out)
{
	int ends[2], status;
	ck_assert_int_eq(pipe(ends), 0);
	pid_t pid = fork();
	if (!pid) {
		dup2(ends[1], STDOUT_FILENO);
		close(ends[0]);
		close(ends[1]);
		close(STDERR_FILENO);
		execve(argv[0], argv, environment);
		_exit(127);
	}
	close(ends[1]);
	read_all(ends[0], out);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
}

static bool sh_is_dash(void)
{
	char target[64] = "";
	return readlink("/bin/sh", target, sizeof target - 1) > 0 && strstr(target, "dash");
}

static const struct {
	const char *text, *words;
	size_t n_words, len;
} splits[] = {
	{"ls", "ls\0", 1, 3},
	{"ls -l a.c", "ls\0-l\0a.c\0", 3, 10},
	{" \tls\t\t-l  ", "ls\0-l\0", 2, 6},
	{"a b", "a\0b\0", 2, 4},
	{" ", "", 0, 0},
	{"", "", 0, 0},
};

START_TEST(split)
{
	char text[32];
	size_t len;
	strcpy(text, splits[_i].text);
	ck_assert_uint_eq(shell_split(text, &len), splits[_i].n_words);
	ck_assert_uint_eq(len, splits[_i].len);
	ck_assert(!memcmp(text, splits[_i].words, len));
}
END_TEST

START_TEST(escapes_next)
{
	ck_assert(!shell_escapes_next("", 0));
	ck_assert(!shell_escapes_next("a", 1));
	ck_assert(shell_escapes_next("a\\", 2));
	ck_assert(!shell_escapes_next("a\\\\", 3));
	ck_assert(shell_escapes_next("\\\\\\", 3));
	ck_assert(!shell_escapes_next("\\a", 2));
}
END_TEST

/* Every name that the shell knows without looking into PATH must not be plain. */
START_TEST(builtins_of_dash)
{
	static char script[] =
		"a='a b c d e f g h i j k l m n o p q r s t u v w x y z [ ] { } ! : .'; for i in $a; do "
		"command -v \"$i\"; for j in $a; do command -v \"$i$j\"; done; done; for i in alias break case chdir command "
		"continue done echo elif else esac eval exec exit export false for getopts hash histcmd jobs kill let local "
		"printf pwd read readonly return set shift test then times trap true type typeset ulimit umask unalias unset "
		"until wait while; do command -v \"$i\"; done";
	char *argv[] = {(char *)"/bin/sh", (char *)"-c", script, NULL};
	char *environment[] = {(char *)"PATH=/nonexistent", NULL};
	struct buf out = {0};
	size_t n = 0;
	capture(argv, environment, &out);
	buf_addc(&out, '\0');
	for (char *word = strtok(buf_head(&out), "\n"); word; word = strtok(NULL, "\n"), n++)
		ck_assert_msg(!shell_is_plain(word, strlen(word)), "%s is known to the shell", word);
	ck_assert_uint_ge(n, 45);
	buf_clear(&out);
}
END_TEST

static const struct {
	const char *text;
	bool has;
} words[] = {
	{"", false},
	{"convert", false},
	{"--x=", false},
	{"=x", false},
	{"1=x", false},
	{"na\xc3\xafve.%", false},
	{"X=", true},
	{"_a1=b", true},
	{"a b", true},
	{"a\n", true},
	{"~/x", true},
	{"a*", true},
	{"a{b", true},
	{"a\\b", true},
	{"a#", true},
};

START_TEST(syntax)
{
	ck_assert_msg(
		shell_has_syntax(words[_i].text, strlen(words[_i].text)) == words[_i].has, "'%s'", words[_i].text);
}
END_TEST

START_TEST(expects_words)
{
	ck_assert(shell_expects_words("case", 4));
	ck_assert(shell_expects_words("in", 2));
	ck_assert(!shell_expects_words("if", 2));
	ck_assert(!shell_expects_words("cas", 3));
	ck_assert(!shell_expects_words("", 0));
}
END_TEST

/* Environments, beside PATH and PWD, which are there unless `alone`; run in /tmp. */
static const struct {
	const char *entries[4];
	bool alone;
	bool plain;
} surroundings[] = {
	{{"A=1", "_=x", "é=1"}, false, false},
	{{"A=1", "_=x", "HOME=/", "MAIL="}, false, true},
	{{"A=1=2", "PS1=", "EMPTY="}, false, false},
	{{"A=1", "A=2"}, false, false},
	{{"A=1", "A=1"}, false, false},
	{{"AB=1", "A=1", "A_=2"}, false, true},
	{{"BASH_FUNC_x%%=() { :; }"}, false, false},
	{{"a.b=1"}, false, false},
	{{"noequals"}, false, false},
	{{"=x"}, false, false},
	{{"1A=x"}, false, false},
	{{"IFS=x"}, false, false},
	{{"OPTIND=1"}, false, false},
	{{"PPID=1"}, false, false},
	{{"LINENO=1"}, false, false},
	{{"OLDPWD=/", "SHLVL=7", "ENV=/x", "TERM=x"}, false, true},
	{{"PATH=/bin:/usr/bin", "PWD=/tmp"}, true, true},
	{{"PATH=/bin", "PWD=/tmp/"}, true, true},
	{{"PATH=/bin", "PWD=/tmp/../tmp"}, true, true},
	{{"PATH=/bin"}, true, false},
	{{"PWD=/tmp"}, true, false},
	{{"PATH=", "PWD=/tmp"}, true, false},
	{{"PATH=/bin:%builtin", "PWD=/tmp"}, true, false},
	{{"PATH=/bin", "PWD="}, true, false},
	{{"PATH=/bin", "PWD=."}, true, false},
	{{"PATH=/bin", "PWD=/"}, true, false},
	{{"PATH=/bin", "PWD=/nonexistent"}, true, false},
	{{NULL}, true, false},
};

static int compare_strings(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The lines in order, as a shell hands the environment on in another. */
static void sort_lines(struct buf *lines)
{
	char *list[64], *text = buf_take(lines, NULL);
	size_t n = 0;
	for (char *line = strtok(text, "\n"); line && n < ARRAY_LEN(list); line = strtok(NULL, "\n"))
		list[n++] = line;
	qsort(list, n, sizeof *list, compare_strings);
	for (size_t i = 0; i < n; i++)
		buf_addf(lines, "%s\n", list[i]);
	free(text);
}

/* Does a program see the same environment with and without the shell between? */
static bool shell_makes_no_difference(char *const *environment)
{
	char *direct[] = {(char *)"/usr/bin/env", NULL};
	char *through[] = {(char *)"/bin/sh", (char *)"-c", (char *)"/usr/bin/env", NULL};
	struct buf a = {0}, b = {0};
	capture(direct, environment, &a);
	capture(through, environment, &b);
	sort_lines(&a);
	sort_lines(&b);
	bool same = buf_len(&a) == buf_len(&b) && !memcmp(buf_head(&a), buf_head(&b), buf_len(&a));
	buf_clear(&a);
	buf_clear(&b);
	return same;
}

START_TEST(environments)
{
	char *environment[8] = {NULL};
	size_t n = 0;
	if (!surroundings[_i].alone) {
		environment[n++] = (char *)"PATH=/usr/bin:/bin";
		environment[n++] = (char *)"PWD=/tmp";
	}
	for (size_t i = 0; i < 4 && surroundings[_i].entries[i]; i++)
		environment[n++] = (char *)surroundings[_i].entries[i];
	ck_assert_int_eq(chdir("/tmp"), 0);
	bool plain = shell_surroundings_plain(environment);
	ck_assert(plain == (surroundings[_i].plain && sh_is_dash()));
	if (plain)
		ck_assert(shell_makes_no_difference(environment));
}
END_TEST

START_TEST(sigchld_ignored)
{
	char *environment[] = {(char *)"PATH=/usr/bin:/bin", (char *)"PWD=/tmp", NULL};
	ck_assert_int_eq(chdir("/tmp"), 0);
	signal(SIGCHLD, SIG_IGN);
	ck_assert(!shell_surroundings_plain(environment));
	signal(SIGCHLD, SIG_DFL);
}
END_TEST

Suite *shell_suite(void)
{
	Suite *s = suite_create("shell");
	TCase *tc = tcase_create("shell");
	tcase_add_loop_test(tc, plain_texts, 0, ARRAY_LEN(texts));
	tcase_add_test(tc, plain_length);
	tcase_add_loop_test(tc, split, 0, ARRAY_LEN(splits));
	tcase_add_test(tc, escapes_next);
	tcase_add_test(tc, plain_bytes);
	if (sh_is_dash())
		tcase_add_test(tc, builtins_of_dash);
	tcase_add_loop_test(tc, syntax, 0, ARRAY_LEN(words));
	tcase_add_test(tc, expects_words);
	tcase_add_loop_test(tc, environments, 0, ARRAY_LEN(surroundings));
	tcase_add_test(tc, sigchld_ignored);
	suite_add_tcase(s, tc);
	return s;
}
