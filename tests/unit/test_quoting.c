/* SPDX-License-Identifier: MIT
 *
 * What the shells make of it: whatever the template accepts, each value arrives byte for byte, and nothing of it is run.
 * Real shells read the rendered texts: /bin/sh, and bash called sh where it is installed.
 */
#include <config.h>

#include <check.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "feed/template.h"

#define ARRAY_LEN(a) (sizeof(a) / sizeof *(a))

Suite *quoting_suite(void);

/* Neither splitting nor globbing: they would hide what came. */
static const char prelude[] = "p() { for a; do printf '[%s]' \"$a\"; done; }\n"
			      "q() { printf %s \"$*\"; }\nIFS=; set -f; x=v; y=3\n";

static const char *const shells[] = {"/bin/sh", "/bin/bash"};

/* Each tries to run `>pwned` in its own way, or to be taken for grammar. */
static const char *const values[] = {";>pwned;", "$(>pwned)", "`>pwned`", "\";>pwned;\"", "';>pwned;'", "\n>pwned\nx",
	")>pwned;(", "))>pwned;", "}>pwned;{", "\\\";>pwned;#", "'\"'\"';>pwned;", "|>pwned", "&>pwned", ">pwned", "\\",
	"a\\", "'", "\"", "`", "$", "$x", "${x}", "$((", "<<E", "#", " #c", "-n", "+x", "~", "*", "[a]", "\xff",
	"\x81\x82\x88",
	"a\001b", "\x7f", "\xc3\xa9", "{}", "{1}", "", " ", "a  b", "\t", "\r", "if", "esac", "ac", "do", "in", "x=1", "1", "2", "!",
	"[[", "=~", "%s", "\\n", "a.b", "a:b", "-1", "'it''s'", "$'\\''"};

/* What p and q print, with the value for each {}. */
static const struct {
	const char *template;
	const char *expected;
} places[] = {
	{"p", "[{}]"},
	{"p {}", "[{}]"},
	{"p a{}b {}{}", "[a{}b][{}{}]"},
	{"p \"{}\"", "[{}]"},
	{"p \"a{}b\"", "[a{}b]"},
	{"p '{}'", "[{}]"},
	{"p 'a{}b'{}", "[a{}b{}]"},
	{"p $x{}", "[v{}]"},
	{"p \"$x{}\"", "[v{}]"},
	{"p \"${x}{}\"", "[v{}]"},
	{"p $(q {})z", "[{}z]"},
	{"p \"$(q {})z\"", "[{}z]"},
	{"p \"$(q \"{}\")z\"", "[{}z]"},
	{"p \"$(q '{}')z\"", "[{}z]"},
	{"p \"$(q \"$(q \"{}\")z\")\"", "[{}z]"},
	{"p \"$( (q {}) )z\"", "[{}z]"},
	{"p $(q {} # it's (\n)z", "[{}z]"},
	{"p \"$(q {} # it's \"\n)z\"", "[{}z]"},
	{"(p {})", "[{}]"},
	{"{ p {}; }", "[{}]"},
	{"p {}|cat", "[{}]"},
	{"p {};p {}", "[{}][{}]"},
	{"p {}&wait", "[{}]"},
	{"! p {}", "[{}]"},
	{"p {} 2>&1", "[{}]"},
	{"p {}>&1", "[{}]"},
	{"p {}</dev/null", "[{}]"},
	{"if p {}; then p {}; fi", "[{}][{}]"},
	{"for i in {} b; do p \"$i\"; done", "[{}][b]"},
	{"for i in {}\ndo p \"$i\"; done", "[{}]"},
	{"case {} in {}) p {};; esac", "[{}]"},
	{"case \"{}\" in ('{}') p {};; esac", "[{}]"},
	{"case a in a) p {};; esac", "[{}]"},
	{"v={}; p \"$v\"", "[{}]"},
	{"v=a{}b; p \"$v\"", "[a{}b]"},
	{"v=\"{}\" ; p \"$v\"", "[{}]"},
	{"v=$(q {}z); p \"$v\"", "[{}z]"},
	{"f() { p \"$1\" {}; }; f {}", "[{}][{}]"},
	{"p a#{} # c", NULL},
	{"p a#{} # c\np {}", "[a#{}][{}]"},
	{"p {}\\\n{}", "[{}{}]"},
	{"p \\\n{}", "[{}]"},
	{"p \"a\\\n{}\"", "[a{}]"},
	{"p \"\\\"{}\\\\\"", "[\"{}\\]"},
	{"p \\'{}\\\"", "['{}\"]"},
	{"p '\"'{}\"'\"", "[\"{}']"},
	{"p '\\'{}", "[\\{}]"},
	{"p '$'{}", "[${}]"},
	{"p \"\\$\"{}", "[${}]"},
	{"p \"\\${}\"", "[${}]"},
	{"p \\${}", "[${}]"},
	{"p `q a` {}", "[a][{}]"},
	{"p ${z:-a} {} ${x#b}{}", "[a][{}][v{}]"},
	{"p $# ${#x}{} $((1+2)){}", "[0][1{}][3{}]"},
	{"p $(($(q {} >/dev/null; q 1)+$((2*y)))){}", "[7{}]"},
	{"p {1}{1} \"{1}\"", "[{}{}][{}]"},
	{"p ~{}x", "[~{}x]"},
	{"p {a,{}x}", NULL},
	{"p --x={} a/{}.b -{}", "[--x={}][a/{}.b][-{}]"},
	{"test {} = {} && p {}", NULL},
	{"p x{}|cat", "[x{}]"},
	{"p {}1>&1", "[{}1]"},
	{"p {}{}>&1", "[{}{}]"},
	{"if p x{}; then p x{}; fi", "[x{}][x{}]"},
	{"case es{} in es{}) p x{};; esac", "[x{}]"},
	{"case x in x) p x{};; es{}) p;; esac", "[x{}]"},
	{"for i in x{}\ndo p x{}; done", "[x{}]"},
	{">/dev/null p; x=y p {} x{}|cat", "[{}][x{}]"},
};

struct run {
	struct buf text;
	struct buf expected;
	struct buf out;
};

static void expect(struct buf *out, const char *format, const char *value)
{
	for (const char *hole; (hole = strstr(format, "{}")); format = hole + 2) {
		buf_add(out, format, (size_t)(hole - format));
		buf_adds(out, value);
	}
	buf_adds(out, format);
}

/* In a child, whose stdout `wfd` is. */
static void run_shell(const char *shell, const char *text, int wfd)
{
	char *argv[] = {(char *)"sh", (char *)"-c", (char *)text, NULL};
	char *environment[] = {(char *)"PATH=/usr/bin:/bin", NULL};
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	dup2(null, STDIN_FILENO);
	dup2(wfd, STDOUT_FILENO);
	dup2(null, STDERR_FILENO);
	alarm(20);
	execve(shell, argv, environment);
	_exit(127);
}

/* Its status; what it printed is in `out`. */
static int capture(const char *shell, const char *text, struct buf *out)
{
	int ends[2], status;
	ssize_t n;
	ck_assert_int_eq(pipe2(ends, O_CLOEXEC), 0);
	pid_t pid = fork();
	if (!pid)
		run_shell(shell, text, ends[1]);
	close(ends[1]);
	while ((n = read(ends[0], buf_room(out, 4096), 4096)) > 0)
		buf_grew(out, (size_t)n);
	close(ends[0]);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	return status;
}

static struct template *open_template(const char *word)
{
	char *why, *words[] = {(char *)word};
	struct template_spec spec = {.words = words, .n_words = 1, .join = true, .n_values = 1};
	struct template *t = template_new(&spec, &why);
	if (!t)
		free(why);
	return t;
}

/* Append the text for `value`; false if it is refused. */
static bool render(const struct template *t, const char *value, struct buf *text)
{
	struct task *task = template_task(t, 1, &(struct value){value, strlen(value)}, 1);
	bool ok = !task->refusal;
	if (ok)
		buf_adds(text, task->command.bytes);
	task_drop(task);
	return ok;
}

static char scratch[64];

static void enter_scratch(void)
{
	snprintf(scratch, sizeof scratch, "/tmp/forkpool-quoting.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(scratch));
	ck_assert_int_eq(chdir(scratch), 0);
}

/* Random templates redirect to files, too. */
static void leave_scratch(void)
{
	DIR *dir = opendir(".");
	for (struct dirent *entry; (entry = readdir(dir));)
		unlink(entry->d_name);
	closedir(dir);
	ck_assert_int_eq(chdir("/"), 0);
	rmdir(scratch);
}

static void assert_same(const char *shell, const char *template, const struct run *r)
{
	size_t n = buf_len(&r->out), len = buf_len(&r->expected), i = 0;
	const char *out = buf_head(&r->out), *expected = buf_head(&r->expected);
	while (i < n && i < len && out[i] == expected[i])
		i++;
	ck_assert_msg(
		n == len && i == n, "%s: %s: '%.40s', not '%.40s'", shell, template, n ? out + i : "", expected + i);
	ck_assert_msg(access("pwned", F_OK), "%s: %s ran a value", shell, template);
}

/* All values, one after the other, in one shell. */
static void try_place(const char *shell, size_t place)
{
	struct run r = {0};
	struct template *t = open_template(places[place].template);
	ck_assert_msg(t != NULL, "%s", places[place].template);
	buf_adds(&r.text, prelude);
	for (size_t i = 0; i < ARRAY_LEN(values); i++) {
		ck_assert(render(t, values[i], &r.text));
		buf_addc(&r.text, '\n');
		expect(&r.expected, places[place].expected, values[i]);
	}
	buf_addc(&r.text, '\0');
	buf_addc(&r.expected, '\0');
	capture(shell, buf_head(&r.text), &r.out);
	buf_addc(&r.out, '\0');
	assert_same(shell, places[place].template, &r);
	template_free(t);
	buf_clear(&r.text);
	buf_clear(&r.expected);
	buf_clear(&r.out);
}

START_TEST(values_arrive)
{
	if (!places[_i].expected)
		return;
	for (size_t i = 0; i < ARRAY_LEN(shells); i++) {
		if (!access(shells[i], X_OK))
			try_place(shells[i], (size_t)_i);
	}
}
END_TEST

static const char *const tokens[] = {"{}", "{}", "{}", "p ", "p {}", "\"", "\"", "'", "\\", "$(", "$(p {}", ")", ")",
	"$((", "$((1+{}))", "))", "(", "`", "${x}", "${x:-a}", "${x#", "}", "$x", "$", "#", " #", " ", "\n", ";",
	"|cat", "&&", "<<E\n", "\nE\n", " case a in a) ", ";;esac", "$'", "\\\n", "{ ", "; }", "if p a;then ", "; fi",
	"2>&1", "<", "=", "x=", "~", "\"$x", "$$", "$#", "\"$(p \"{}\")\"", "'a {} b'", "\"a {} b\"", "((", "$[", "{#}",
	"\\{}", "a"};

static unsigned next_random(unsigned *state, unsigned n)
{
	*state = *state * 1103515245u + 12345u;
	return (*state >> 16) % n;
}

static void make_template(unsigned *state, struct buf *word)
{
	buf_reset(word);
	buf_adds(word, "p ");
	for (unsigned n = 1 + next_random(state, 7); n; n--)
		buf_adds(word, tokens[next_random(state, ARRAY_LEN(tokens))]);
	buf_addc(word, '\0');
}

/* Random text out of pieces of shell: whatever is accepted must not run a value. */
static void try_random(unsigned *state, struct buf *word)
{
	make_template(state, word);
	struct template *t = open_template(buf_head(word));
	if (!t)
		return;
	for (size_t i = 0; i < ARRAY_LEN(shells); i++) {
		struct buf text = {0}, out = {0};
		buf_adds(&text, prelude);
		const char *value = values[next_random(state, 14)];
		if (render(t, value, &text) && !access(shells[i], X_OK)) {
			buf_addc(&text, '\0');
			capture(shells[i], buf_head(&text), &out);
			ck_assert_msg(access("pwned", F_OK), "%s: '%s' ran '%s'", shells[i], buf_head(word), value);
		}
		buf_clear(&text);
		buf_clear(&out);
	}
	template_free(t);
}

START_TEST(random_templates)
{
	unsigned state = 1;
	struct buf word = {0};
	for (int i = 0; i < 1200; i++)
		try_random(&state, &word);
	buf_clear(&word);
}
END_TEST

Suite *quoting_suite(void)
{
	Suite *s = suite_create("quoting");
	TCase *tc = tcase_create("quoting");
	tcase_set_timeout(tc, 120);
	tcase_add_checked_fixture(tc, enter_scratch, leave_scratch);
	tcase_add_loop_test(tc, values_arrive, 0, ARRAY_LEN(places));
	tcase_add_test(tc, random_templates);
	suite_add_tcase(s, tc);
	return s;
}
