/* SPDX-License-Identifier: MIT */
#include <config.h>

#include <check.h>
#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/cpus.h"
#include "base/report.h"
#include "cli/help.h"
#include "base/jobs.h"
#include "cli/options.h"
#include "cli/table.h"

#define WORDS_MAX 64

/* What a child that did not end by itself exits with. */
#define WENT_ON 99

Suite *options_suite(void);

static struct options o;
static char *words[WORDS_MAX];

/* The command line "forkpool" and the arguments up to NULL. */
static int take_words(const char *first, va_list ap)
{
	int n = 0;

	words[n++] = (char *)"forkpool";
	for (const char *word = first; word; word = va_arg(ap, const char *))
		words[n++] = (char *)word;
	words[n] = NULL;
	return n;
}

static void parse(const char *first, ...)
{
	va_list ap;

	options_clear(&o);
	va_start(ap, first);
	int n = take_words(first, ap);
	va_end(ap);
	options_parse(&o, n, words);
}

/* Parse in a child; its exit status, and in `said` what it wrote to `fd`. */
static int end_of(int n, int fd, char *said, size_t size)
{
	int p[2], status;
	size_t len = 0;
	ssize_t got;

	fflush(NULL);
	ck_assert_int_eq(pipe(p), 0);
	pid_t pid = fork();
	if (pid == 0) {
		dup2(p[1], fd);
		close(p[0]);
		close(p[1]);
		options_clear(&o);
		options_parse(&o, n, words);
		_exit(WENT_ON);
	}
	close(p[1]);
	while ((got = read(p[0], said + len, size - 1 - len)) > 0)
		len += (size_t)got;
	said[len] = '\0';
	close(p[0]);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert(WIFEXITED(status));
	return WEXITSTATUS(status);
}

/* A usage error whose one line on stderr holds `expected`. */
static void refused(const char *expected, const char *first, ...)
{
	char said[4096];
	va_list ap;

	va_start(ap, first);
	int n = take_words(first, ap);
	va_end(ap);
	int status = end_of(n, STDERR_FILENO, said, sizeof(said));
	ck_assert_msg(status == EXIT_USAGE, "exit %d instead of 2, where this was expected: %s", status, expected);
	ck_assert_msg(
		strncmp(said, "forkpool: ", 10) == 0 && strstr(said, expected), "'%s' is not in: %s", expected, said);
	ck_assert_ptr_eq(strchr(said, '\n'), said + strlen(said) - 1);
}

static void forget(void)
{
	unsetenv("FORKPOOL_JOBS");
	options_clear(&o);
}

START_TEST(test_defaults)
{
	parse(NULL);
	ck_assert_uint_eq(o.n_sources, 1);
	ck_assert_int_eq(o.sources[0].kind, SOURCE_FILE);
	ck_assert_str_eq(o.sources[0].path, "-");
	ck_assert_int_eq(o.delimiter, '\n');
	ck_assert(!o.keep_empty && !o.sync && !o.keep_order && !o.agent && !o.halt.how && !o.leave);
	ck_assert_uint_eq(o.n_words, 0);
	ck_assert_uint_eq(o.max_args, 0);
	ck_assert_uint_eq(o.queue_size, 0);
	ck_assert_uint_eq(o.jobs, cpus_usable());
	ck_assert_int_eq(o.output_mode, OUTPUT_GROUP);
	ck_assert_uint_eq(o.timeout_ns, 0);
	ck_assert_uint_eq(o.kill_after_ns, 10 * NS_PER_SEC);
	ck_assert_uint_eq(o.retries, 0);
}
END_TEST

START_TEST(test_every_value)
{
	parse("-n3", "-I", "@", "-j7", "--queue-size=9", "--max-tasks-per-worker", "11", "--initializer", "init", "-C",
		"/d", "--callback", "cb", "--error-callback", "ecb", "--via", "v", "--tagstring", "t", "--results", "r", "--timeout",
		"1.5", "--kill-after", "0", "--retries", "4", "--retry-delay", "2,1.5", "--delay", "3",
		"--rate", "30/m", "--max-load", "2.5", "--memfree", "1.5K", "--nice", "-7", "--deadline", "2h",
		"--lock", "l", "--worker-command", "w", "cmd", NULL);
	ck_assert_str_eq(o.worker_command, "w");
	ck_assert_str_eq(o.lock, "l");
	ck_assert_uint_eq(o.deadline_ns, 7200 * NS_PER_SEC);
	ck_assert_uint_eq(o.max_args, 3);
	ck_assert_str_eq(o.replace, "@");
	ck_assert_uint_eq(o.jobs, 7);
	ck_assert_uint_eq(o.queue_size, 9);
	ck_assert_uint_eq(o.max_tasks_per_worker, 11);
	ck_assert_str_eq(o.initializer, "init");
	ck_assert_str_eq(o.directory, "/d");
	ck_assert_str_eq(o.callback, "cb");
	ck_assert_str_eq(o.error_callback, "ecb");
	ck_assert_str_eq(o.via, "v");
	ck_assert_str_eq(o.tagstring, "t");
	ck_assert_str_eq(o.results, "r");
	ck_assert_uint_eq(o.timeout_ns, 1500 * NS_PER_MS);
	ck_assert_uint_eq(o.kill_after_ns, 0);
	ck_assert_uint_eq(o.retries, 4);
	ck_assert_uint_eq(o.retry_delay_ns, 2 * NS_PER_SEC);
	ck_assert_double_eq(o.retry_factor, 1.5);
	ck_assert_uint_eq(o.delay_ns, 3 * NS_PER_SEC);
	ck_assert_uint_eq(o.rate_ns, 2 * NS_PER_SEC);
	ck_assert_double_eq(o.max_load, 2.5);
	ck_assert_uint_eq(o.memfree_bytes, 1536);
	ck_assert_int_eq(o.niceness, -7);
}
END_TEST

START_TEST(test_every_flag)
{
	parse("-r", "--shell", "-k", "--tag", "--dry-run", "-t", "-q", "--fail-fast", "--leave", "--line-buffer", NULL);
	ck_assert(o.join_words && o.keep_order && o.tag && o.dry_run && o.verbose && o.quiet && o.leave);
	ck_assert(o.halt.how == POOL_STOP_NOW && o.halt.why == HALT_FAIL && o.halt.limit == 1 && !o.halt.percent);
	ck_assert_int_eq(o.output_mode, OUTPUT_LINE);
	ck_assert(!o.no_shell && !o.sync);
	parse("--no-shell", "--sync", "-u", NULL);
	ck_assert(o.no_shell && o.sync && !o.join_words);
	ck_assert_int_eq(o.output_mode, OUTPUT_UNGROUP);
	parse("--agent", NULL);
	ck_assert(o.agent);
}
END_TEST

START_TEST(test_last_one_counts)
{
	parse("-u", "--lb", "--group", "--sync", "--async", "-j2", "-P", "3", "--timeout", "5m", "--timeout", "1",
		NULL);
	ck_assert_int_eq(o.output_mode, OUTPUT_GROUP);
	ck_assert(!o.sync);
	ck_assert_uint_eq(o.jobs, 3);
	ck_assert_uint_eq(o.timeout_ns, NS_PER_SEC);
	parse("--timeout", "1", "--timeout", "300%", NULL);
	ck_assert_uint_eq(o.timeout_ns, 0);
	ck_assert_uint_eq(o.timeout_percent, 300);
	parse("--timeout", "300%", "--timeout", "1", NULL);
	ck_assert_uint_eq(o.timeout_ns, NS_PER_SEC);
	ck_assert_uint_eq(o.timeout_percent, 0);
	parse("--fail-fast", "--halt", "soon,done=7%", NULL);
	ck_assert(o.halt.how == POOL_STOP_SOON && o.halt.why == HALT_DONE && o.halt.limit == 7 && o.halt.percent);
	parse("--halt", "-1", "--fail-fast", NULL);
	ck_assert(o.halt.how == POOL_STOP_NOW && o.halt.why == HALT_FAIL);
	parse("--fail-fast", "--halt=never", NULL);
	ck_assert_int_eq(o.halt.how, POOL_RUNS);
}
END_TEST

START_TEST(test_options_end_at_first_word)
{
	parse("-k", "grep", "-j", "--nonsense", NULL);
	ck_assert_uint_eq(o.n_words, 3);
	ck_assert_str_eq(o.words[0], "grep");
	ck_assert_str_eq(o.words[2], "--nonsense");
	parse("-k", "--", "-x", "-k", NULL);
	ck_assert_uint_eq(o.n_words, 2);
	ck_assert_str_eq(o.words[0], "-x");
	parse("--", ":::", "-a", "b", NULL);
	ck_assert_uint_eq(o.n_words, 0);
	ck_assert_uint_eq(o.sources[0].n_args, 2);
}
END_TEST

START_TEST(test_abbreviation)
{
	parse("--keep", "--max-p", "4", NULL);
	ck_assert(o.keep_order);
	ck_assert_uint_eq(o.jobs, 4);
}
END_TEST

START_TEST(test_sources)
{
	parse("-a", "f", "cmd", "{}", ":::", "a", "", ":::", "::::", "g", "-", ":::", "z", "-a", NULL);
	ck_assert_uint_eq(o.n_words, 2);
	ck_assert_uint_eq(o.n_sources, 6);
	ck_assert_str_eq(o.sources[0].path, "f");
	ck_assert_int_eq(o.sources[1].kind, SOURCE_ARGS);
	ck_assert_uint_eq(o.sources[1].n_args, 2);
	ck_assert_str_eq(o.sources[1].args[1], "");
	ck_assert_int_eq(o.sources[2].kind, SOURCE_ARGS);
	ck_assert_uint_eq(o.sources[2].n_args, 0);
	ck_assert_int_eq(o.sources[3].kind, SOURCE_FILE);
	ck_assert_str_eq(o.sources[3].path, "g");
	ck_assert_str_eq(o.sources[4].path, "-");
	ck_assert_uint_eq(o.sources[5].n_args, 2);
	ck_assert_str_eq(o.sources[5].args[1], "-a");
}
END_TEST

START_TEST(test_delimiters)
{
	static const struct {
		const char *text;
		int byte;
	} cases[] = {
		{",", ','},
		{"\\", '\\'},
		{"\\n", '\n'},
		{"\\t", '\t'},
		{"\\r", '\r'},
		{"\\0", 0},
		{"\\\\", '\\'},
		{"\\x2c", ','},
		{"\\xFF", 255},
		{"\\x0", 0},
		{"n", 'n'},
		{"\xe9", 0xe9},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		parse("-d", cases[i].text, NULL);
		ck_assert_msg(o.delimiter == cases[i].byte && o.keep_empty, "'%s'", cases[i].text);
	}
	parse("-0", NULL);
	ck_assert(o.delimiter == 0 && o.keep_empty);
}
END_TEST

START_TEST(test_bad_delimiters)
{
	static const char *const cases[] = {"", "ab", "\\x", "\\x123", "\\xg0", "\\x-1", "\\q", "\\00", "\xc3\xa9"};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		refused("--delimiter '", "-d", cases[i], NULL);
}
END_TEST

START_TEST(test_bad_source)
{
	refused("standard input (-) can be one source only, not 2", "-a", "-", "x", "::::", "-", NULL);
	refused(":::: needs a FILE", "x", "::::", NULL);
	refused(":::: needs a FILE", "x", "::::", ":::", "a", NULL);
	refused(":::+", "x", ":::", "a", ":::+", "b", NULL);
	refused("::::+", "x", "::::+", "b", NULL);
	refused("--max-args works with one source of items; there are 2", "-n2", "x", ":::", "a", ":::", "b", NULL);
	refused("--max-args needs a COMMAND", "-n2", ":::", "a", NULL);
}
END_TEST

START_TEST(test_unknown_options)
{
	refused("unknown option -Z", "-kZ", NULL);
	refused("unknown option -?", "-?", NULL);
	refused("unknown option -\\xff", "-\xff", NULL);
	refused("unknown option --jobslog=x", "--jobslog=x", NULL);
	refused("unknown option --retrys", "--retrys", NULL);
	refused("option --max=1 could be one of several", "--max=1", NULL);
	refused("option --null takes no value: --null=1", "--null=1", NULL);
	refused("option --jobs needs a value, N", "--jobs", NULL);
	refused("option -C needs a value, DIR", "-kC", NULL);
}
END_TEST

START_TEST(test_bad_values)
{
	refused("--max-args '0'", "-n", "0", NULL);
	refused("--queue-size '-1'", "--queue-size", "-1", NULL);
	refused("--max-tasks-per-worker '1e3'", "--max-tasks-per-worker", "1e3", NULL);
	refused("--retries '18446744073709551616'", "--retries", "18446744073709551616", NULL);
	refused("--timeout '0'", "--timeout", "0", NULL);
	refused("--timeout '1e18'", "--timeout", "1e18", NULL);
	refused("--timeout '999999999999999999999999'", "--timeout", "999999999999999999999999", NULL);
	refused("--timeout '0%'", "--timeout", "0%", NULL);
	refused("--timeout '%'", "--timeout", "%", NULL);
	refused("--timeout '300%%'", "--timeout", "300%%", NULL);
	refused("--timeout '1.5%': not a percentage", "--timeout", "1.5%", NULL);
	refused("--timeout '1000001%'", "--timeout", "1000001%", NULL);
	refused("--retry-delay '1,'", "--retries", "1", "--retry-delay", "1,", NULL);
	refused("--retry-delay '1,0.9'", "--retries", "1", "--retry-delay", "1,0.9", NULL);
	refused("--retry-delay '1,2,3'", "--retries", "1", "--retry-delay", "1,2,3", NULL);
	refused("--retry-delay ''", "--retries", "1", "--retry-delay", ",2", NULL);
	refused("--deadline '0'", "--deadline", "0", NULL);
	refused("--deadline 'soon'", "--deadline", "soon", NULL);
	refused("--halt 'now': not a condition", "--halt", "now", NULL);
	refused("--halt 'now,fail=0': the limit must be at least 1", "--halt", "now,fail=0", NULL);
	refused("--halt '101%': too high", "--halt", "101%", NULL);
	refused("--kill-after '-1'", "--kill-after", "-1", NULL);
	refused("--replace ''", "-I", "", NULL);
	refused("--callback ''", "--callback=", NULL);
	refused("--lock ''", "--lock=", NULL);
	refused("--directory ''", "-C", "", NULL);
}
END_TEST

START_TEST(test_conflicts)
{
	refused("--shell and --no-shell", "--shell", "--no-shell", NULL);
	refused("--ungroup does not see the output, so --tag ", "-u", "--tag", NULL);
	refused("--ungroup does not see the output, which is the answer", "-u", "--worker-command", "w", NULL);
	refused("add --worker-command", "--worker-protocol", "line", "x", NULL);
	refused("--worker-protocol 'x': not a protocol", "--worker-command", "w", "--worker-protocol", "x", NULL);
	refused("--shell makes a shell text", "--worker-command", "w", "--shell", "x", NULL);
	refused("not by --worker-command", "--worker-command", "w", "--retry-failed", "--joblog", "l", NULL);
	refused("--ungroup does not see the output, so --tagstring ", "-u", "--tagstring", "x", NULL);
	refused("--ungroup does not see the output, so --quiet-success ", "-u", "--quiet-success", NULL);
	refused("--line-buffer writes what --quiet-success keeps", "--quiet-success", "--line-buffer", NULL);
	parse("--line-buffer", "--quiet-success", "--group", NULL);
	ck_assert(o.quiet_success);
	refused("--ungroup does not see the output, so --results ", "-u", "--results", "x", NULL);
	refused("--results '': its value DIR must not be empty", "--results", "", NULL);
	refused("--ungroup does not see the output, so --keep-order ", "-k", "-u", NULL);
	refused("--retry-delay is for further attempts", "--retry-delay", "1", NULL);
	parse("--retry-delay", "1", "--retries", "0", NULL);
	ck_assert_double_eq(o.retry_factor, 1);
	parse("--sync", "-j4", NULL);
	ck_assert_uint_eq(o.jobs, 1);
	parse("-u", "-k", "--tag", "--group", NULL);
	parse("--sync", "-j1", NULL);
	ck_assert_uint_eq(o.jobs, 1);
}
END_TEST

START_TEST(test_jobs_grammar)
{
	static const struct {
		const char *text;
		unsigned with_1_cpu, with_8_cpus;
	} cases[] = {
		{"1", 1, 1},
		{"12", 12, 12},
		{"0008", 8, 8},
		{"1000000", 1000000, 1000000},
		{"100%", 1, 8},
		{"50%", 1, 4},
		{"1%", 1, 1},
		{"250%", 2, 20},
		{"1000000%", 10000, 80000},
		{"+2", 3, 10},
		{"+0", 1, 8},
		{"-0", 1, 8},
		{"-1", 1, 7},
		{"-7", 1, 1},
		{"-1000", 1, 1},
		{"+1000000", 1000000, 1000000},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct jobs jobs;

		ck_assert_int_eq(jobs_parse(cases[i].text, &jobs), 0);
		ck_assert_msg(jobs_count(&jobs, 1) == cases[i].with_1_cpu, "%s, 1 CPU", cases[i].text);
		ck_assert_msg(jobs_count(&jobs, 8) == cases[i].with_8_cpus, "%s, 8 CPUs", cases[i].text);
		ck_assert(jobs_need_cpus(&jobs) == (cases[i].text[strspn(cases[i].text, "0123456789")] != '\0'));
	}
}
END_TEST

START_TEST(test_jobs_refused)
{
	static const struct {
		const char *text;
		int error;
	} cases[] = {
		{"0", EDOM},
		{"0%", EDOM},
		{"abc", EINVAL},
		{"1.5", EINVAL},
		{"4x", EINVAL},
		{"", EINVAL},
		{" 2", EINVAL},
		{"2 ", EINVAL},
		{"99999999999999999999", ERANGE},
		{"1000001", ERANGE},
		{"%", EINVAL},
		{"+", EINVAL},
		{"-", EINVAL},
		{"+-1", EINVAL},
		{"+5%", EINVAL},
		{"5%%", EINVAL},
		{"0x10", EINVAL},
		{"1e3", EINVAL},
		{"99999999999999999999%", ERANGE},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct jobs jobs = {.n = 77};
		char named[64];

		errno = 0;
		ck_assert_int_eq(jobs_parse(cases[i].text, &jobs), -1);
		ck_assert_msg(errno == cases[i].error, "'%s': errno %d", cases[i].text, errno);
		ck_assert_uint_eq(jobs.n, 77);
		snprintf(named, sizeof(named), "--jobs '%s'", cases[i].text);
		refused(named, "-j", cases[i].text, NULL);
	}
}
END_TEST

START_TEST(test_jobs_variable)
{
	setenv("FORKPOOL_JOBS", "5", 1);
	parse(NULL);
	ck_assert_uint_eq(o.jobs, 5);
	parse("-j2", NULL);
	ck_assert_uint_eq(o.jobs, 2);
	parse("--sync", NULL);
	ck_assert_uint_eq(o.jobs, 1);
	setenv("FORKPOOL_JOBS", "", 1);
	parse(NULL);
	ck_assert_uint_eq(o.jobs, cpus_usable());
	setenv("FORKPOOL_JOBS", "many", 1);
	refused("FORKPOOL_JOBS 'many'", NULL);
	parse("-j2", NULL);
	ck_assert_uint_eq(o.jobs, 2);
}
END_TEST

static const char *next_line(const char *line, size_t *len)
{
	*len = strcspn(line, "\n");
	return line + *len + (line[*len] == '\n');
}

/* Lines fit 80 columns; a line that begins with a dash is an option's first. Returns their number. */
static size_t check_lines(const char *text)
{
	size_t n = 0, len;

	for (const char *line = text, *next; *line; line = next, n++) {
		next = next_line(line, &len);
		ck_assert_msg(len < 80, "%.*s", (int)len, line);
		ck_assert_msg(len == 0 || line[len - 1] != ' ', "%.*s", (int)len, line);
		size_t blanks = strspn(line, " ");
		ck_assert_msg(line[blanks] != '-' || blanks == 2 || blanks == 6, "%.*s", (int)len, line);
	}
	return n;
}

static char *text_of(void (*text)(struct buf *out))
{
	struct buf out = {0};

	text(&out);
	return buf_take(&out, NULL);
}

START_TEST(test_help_full)
{
	char *text = text_of(help_full);

	check_lines(text);
	for (size_t i = 0; i < table_len; i++) {
		char name[64];

		snprintf(name, sizeof(name), "--%s", table_rows[i].name ? table_rows[i].name : "help");
		bool is_shown = table_rows[i].group != GROUP_HIDDEN;
		ck_assert_msg(!is_shown || strstr(text, name), "%s", name);
		ck_assert_int_eq(is_shown, table_rows[i].text != NULL);
	}
	free(text);
}
END_TEST

START_TEST(test_help_brief)
{
	char *text = text_of(help_brief);

	ck_assert_uint_le(check_lines(text), 23);
	free(text);
}
END_TEST

/* Each letter and each name once, or getopt would take the first. */
START_TEST(test_table_unique)
{
	for (size_t i = 0; i < table_len; i++) {
		const struct option_row *a = &table_rows[i];

		ck_assert(a->letter || a->name);
		for (size_t j = 0; j < i; j++) {
			const struct option_row *b = &table_rows[j];

			ck_assert_msg(!a->letter || a->letter != b->letter, "-%c", a->letter);
			ck_assert_msg(!a->name || !b->name || strcmp(a->name, b->name) != 0, "--%s", a->name);
		}
	}
}
END_TEST

START_TEST(test_help_ends)
{
	static const char *const options[] = {"-h", "--help", "--version"};
	static const char *const beginnings[] = {
		"Usage: forkpool", "Usage: forkpool", "forkpool " PACKAGE_VERSION "\n"};
	char said[8192];

	for (size_t i = 0; i < 3; i++) {
		words[1] = (char *)options[i];
		words[2] = NULL;
		ck_assert_int_eq(end_of(2, STDOUT_FILENO, said, sizeof(said)), EXIT_OK);
		ck_assert_int_eq(strncmp(said, beginnings[i], strlen(beginnings[i])), 0);
	}
}
END_TEST

Suite *options_suite(void)
{
	Suite *s = suite_create("options");
	TCase *good = tcase_create("good");
	TCase *bad = tcase_create("bad");
	TCase *help = tcase_create("help");

	tcase_add_checked_fixture(good, forget, forget);
	tcase_add_test(good, test_defaults);
	tcase_add_test(good, test_every_value);
	tcase_add_test(good, test_every_flag);
	tcase_add_test(good, test_last_one_counts);
	tcase_add_test(good, test_options_end_at_first_word);
	tcase_add_test(good, test_abbreviation);
	tcase_add_test(good, test_sources);
	tcase_add_test(good, test_delimiters);
	tcase_add_test(good, test_jobs_grammar);
	tcase_add_test(good, test_jobs_variable);
	suite_add_tcase(s, good);
	tcase_add_checked_fixture(bad, forget, forget);
	tcase_add_test(bad, test_bad_delimiters);
	tcase_add_test(bad, test_bad_source);
	tcase_add_test(bad, test_unknown_options);
	tcase_add_test(bad, test_bad_values);
	tcase_add_test(bad, test_conflicts);
	tcase_add_test(bad, test_jobs_refused);
	suite_add_tcase(s, bad);
	tcase_add_test(help, test_help_full);
	tcase_add_test(help, test_help_brief);
	tcase_add_test(help, test_table_unique);
	tcase_add_test(help, test_help_ends);
	suite_add_tcase(s, help);
	return s;
}
