/* SPDX-License-Identifier: MIT */
#include <config.h>

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fdio.h"
#include "base/xalloc.h"
#include "process/kin.h"
#include "process/spawn.h"
#include "process/template.h"
#include "process_help.h"
#include "worker/prefork.h"

Suite *prefork_suite(void);

#ifdef HAVE_PRELOAD

#define SHELL "/bin/sh"

static struct spawn_origin origin;
static struct spawn_request request;
static struct template template;
static struct prefork prefork;
static struct channel channel; /* that leads nowhere */
static char *words[16]; /* words[0] is argv[-1] */
static char *preload;
static char *const envp[] = {(char *)"X=1", (char *)"LC_ALL=C", NULL};
static int output_rfd, fds_before;
static sigset_t saved_mask;

static void set_up(void)
{
	const char *build = getenv("top_builddir");
	char path[PATH_MAX];
	sigset_t all;
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, &saved_mask);
	kin_keep_list();
	fds_before = open_fds();
	make_dir();
	snprintf(path, sizeof path, "%s/src/forkpool-preload.so", build ? build : ".");
	preload = realpath(path, NULL);
	ck_assert_msg(preload, "%s: %s", path, strerror(errno));
	ck_assert_int_eq(spawn_init(&origin), 0);
	template = (struct template){.fd = -1, .noise_rfd = -1};
	output_rfd = -1;
	channel = (struct channel){.rfd = -1, .wfd = -1};
	prefork_open(&prefork, &channel, envp);
	free(prefork.preload);
	prefork.preload = xstrdup(preload);
	prefork.on = true;
}

static void tear_down(void)
{
	template_stop(&template);
	prefork_close(&prefork);
	fdio_close(&output_rfd);
	free(preload);
	remove_dir();
	ck_assert(is_childless());
	ck_assert_int_eq(open_fds(), fds_before);
	sigprocmask(SIG_SETMASK, &saved_mask, NULL);
}

static void set_argv(const char *const *argv)
{
	size_t n = 0;
	do
		words[n + 1] = (char *)argv[n];
	while (argv[n++]);
	request = (struct spawn_request){.argv = words + 1, .envp = envp, .path = "/usr/bin:/bin"};
}

#define ARGV(...) set_argv((const char *const[]){__VA_ARGS__, NULL})

static int start_template(const char *object, const char *file, const char *name)
{
	const char *const argv[] = {name, NULL};
	return template_start(&template, object, &(struct template_source){.file = file, .argv = argv, .envp = envp});
}

static void load(const char *file, const char *name)
{
	ck_assert_int_eq(start_template(preload, file, name), 0);
	ck_assert_int_eq(template_wait(&template), TEMPLATE_READY);
}

/* What `start` starts, with a pipe for its output. */
static pid_t start(pid_t (*start_one)(void))
{
	int wfd;
	fdio_close(&output_rfd);
	ck_assert_int_eq(fdio_pipe(&output_rfd, &wfd), 0);
	request.stdout_fd = request.stderr_fd = wfd;
	pid_t pid = start_one();
	fdio_close(&wfd);
	return pid;
}

static pid_t by_template(void)
{
	return template_run(&template, &request);
}

static pid_t by_prefork(void)
{
	return prefork_start(&prefork, &request);
}

static void assert_runs(const char *output, int status)
{
	pid_t pid = start(by_template);
	ck_assert_int_gt(pid, 0);
	ck_assert_str_eq(read_text(output_rfd), output);
	ck_assert_int_eq(status_of(pid), status);
}

START_TEST(copies_run_main_with_words_of_their_own)
{
	load(SHELL, "sh");
	ARGV("sh", "-c", "echo \"$0\" \"$1\" \"$2\"; exit 3", "a", "b c", "");
	assert_runs("a b c \n", 3 << 8);
	ARGV("sh", "-c", "echo one >&2; kill -9 $$");
	assert_runs("one\n", 9);
	ARGV("sh", "-c", "exit 0");
	assert_runs("", 0);
}
END_TEST

START_TEST(copies_are_children_in_a_group_of_their_own)
{
	char expected[64];
	load(SHELL, "sh");
	ARGV("sh", "-c", "read a b c ppid group rest </proc/$$/stat; echo $ppid $((group - $$))");
	snprintf(expected, sizeof expected, "%d 0\n", (int)getpid());
	assert_runs(expected, 0);
}
END_TEST

START_TEST(nothing_tells_of_the_template)
{
	load("/usr/bin/env", "env");
	ARGV("env");
	assert_runs("X=1\nLC_ALL=C\n", 0);
	request.envp = (char *const[]){(char *)"FORKPOOL_PRELOAD=x", (char *)"LD_PRELOAD=", NULL};
	assert_runs("FORKPOOL_PRELOAD=x\nLD_PRELOAD=\n", 0);
}
END_TEST

START_TEST(command_line_and_environment_are_shown)
{
	load("/bin/cat", "cat");
	ARGV("cat", "/proc/self/cmdline", "/proc/self/comm");
	assert_runs("cat", 0); /* and a NUL */
	ARGV("cat", "/proc/self/environ");
	assert_runs("X=1", 0);
	ARGV("cat", "/proc/self/comm");
	assert_runs("cat\n", 0);
}
END_TEST

static pid_t by_spawn(void)
{
	return spawn(&request).pid;
}

START_TEST(the_same_fds_are_open_as_ever)
{
	char expected[1000];
	if (is_under_valgrind()) /* which keeps some to itself, and leaves them to copies */
		return;
	load("/bin/ls", "ls");
	ARGV("ls", "/proc/self/fd");
	ck_assert_int_gt(start(by_spawn), 0);
	snprintf(expected, sizeof expected, "%s", read_text(output_rfd));
	ck_assert_int_eq(status_of(-1), 0);
	assert_runs(expected, 0);
}
END_TEST

START_TEST(too_large_is_not_started)
{
	static char large[200000];
	memset(large, 'x', sizeof large - 1);
	load(SHELL, "sh");
	ARGV("sh", "-c", ":", large);
	ck_assert_int_eq(start(by_template), 0);
	ARGV("sh", "-c", "echo small");
	assert_runs("small\n", 0);
}
END_TEST

START_TEST(a_dead_template_starts_nothing)
{
	load(SHELL, "sh");
	kill(template.pid, SIGKILL);
	ARGV("sh", "-c", "echo never");
	ck_assert_int_eq(start(by_template), -1);
	ck_assert_str_eq(read_text(output_rfd), "");
}
END_TEST

START_TEST(copies_outlive_their_template)
{
	load(SHELL, "sh");
	ARGV("sh", "-c", "kill -STOP $$; echo done");
	pid_t pid = start(by_template);
	int status;
	ck_assert_int_eq(waitpid(pid, &status, WUNTRACED), pid);
	ck_assert(WIFSTOPPED(status));
	template_stop(&template);
	kill(pid, SIGCONT);
	ck_assert_str_eq(read_text(output_rfd), "done\n");
	ck_assert_int_eq(status_of(pid), 0);
}
END_TEST

START_TEST(useless_if_it_does_not_check_in)
{
	/* without the shared object it runs, and ends */
	ck_assert_int_eq(start_template("/nowhere/x.so", "/bin/true", "true"), 0);
	ck_assert_int_eq(template_wait(&template), TEMPLATE_USELESS);
}
END_TEST

START_TEST(not_without_a_program)
{
	if (is_under_valgrind()) /* where a failing exec is known only later */
		return;
	ck_assert_int_eq(start_template(preload, "/nowhere/x", "x"), -1);
	ck_assert_int_eq(errno, ENOENT);
}
END_TEST

static void copy_file(const char *from, const char *to)
{
	int rfd = open(from, O_RDONLY | O_CLOEXEC), wfd = open(to, O_WRONLY | O_CLOEXEC);
	ck_assert(rfd >= 0 && wfd >= 0);
	ck_assert_int_gt(fdio_sendfile(wfd, rfd, 0, 1 << 30), 0);
	close(rfd);
	close(wfd);
}

static void assert_gains(const char *file, bool gains)
{
	const struct template_source source = {.file = file, .argv = (const char *const[]){"sleep", "60", NULL}, .envp = envp};
	bool started = template_start(&template, preload, &source) == 0;
	ck_assert_int_eq(started, !gains);
	if (!started)
		ck_assert_int_eq(errno, EPERM);
	ck_assert_int_eq(template.pid == 0, gains);
	template_stop(&template);
	ck_assert(is_childless());
}

/* A change of the user stands for what a security module does: both set AT_SECURE. */
START_TEST(not_one_that_has_other_rights)
{
	char file[PATH_MAX];
	struct statvfs fs;
	snprintf(file, sizeof file, "%s", write_file("copy", "", 0755));
	ck_assert_int_eq(statvfs(file, &fs), 0);
	if (geteuid() != 0 || fs.f_flag & (ST_NOSUID | ST_NOEXEC) || is_under_valgrind())
		return;
	copy_file("/bin/sleep", file);
	assert_gains(file, false);
	ck_assert_int_eq(chown(file, 65534, 65534), 0);
	ck_assert_int_eq(chmod(file, 04755), 0);
	for (int i = 0; i < 20; i++)
		assert_gains(file, true);
}
END_TEST

START_TEST(the_first_use_is_executed)
{
	pid_t pid = 0;
	ARGV("sh", "-c", "echo hello");
	ck_assert_int_eq(start(by_prefork), 0);
	for (int i = 0; pid == 0 && i < WAIT_MS; i++) {
		pid = start(by_prefork);
		usleep(1000);
	}
	ck_assert_int_gt(pid, 0);
	ck_assert_str_eq(read_text(output_rfd), "hello\n");
	ck_assert_int_eq(status_of(pid), 0);
	ck_assert_int_eq(prefork.n_templates, 1);
}
END_TEST

/* A script of its own, N times a name. */
static const char *make_program(int i)
{
	char name[16];
	snprintf(name, sizeof name, "p%d", i);
	return write_file(name, "#!/bin/sh\necho $1\n", 0755);
}

static void assert_preforked(const char *file, bool is)
{
	ARGV(file, "x");
	pid_t pid = start(by_prefork);
	ck_assert_int_eq(pid > 0, is);
	if (pid == 0)
		return;
	ck_assert_str_eq(read_text(output_rfd), "x\n");
	ck_assert_int_eq(status_of(pid), 0);
}

START_TEST(few_templates_at_once)
{
	char file[PATH_MAX];
	prefork.eager = true;
	for (int i = 0; i < PREFORK_TEMPLATES; i++)
		assert_preforked(make_program(i), true);
	snprintf(file, sizeof file, "%s", make_program(PREFORK_TEMPLATES));
	assert_preforked(file, false);
	ck_assert_int_eq(prefork.n_templates, PREFORK_TEMPLATES);
	/* the first of them has not been wanted by the eight behind it; and then by as many again as it takes */
	for (int since = PREFORK_TEMPLATES + 1; since < 64; since++)
		assert_preforked(file, false);
	assert_preforked(file, true);
	ck_assert_int_eq(prefork.n_templates, PREFORK_TEMPLATES);
}
END_TEST

START_TEST(another_file_is_another_program)
{
	char file[PATH_MAX];
	prefork.eager = true;
	snprintf(file, sizeof file, "%s", write_file("p", "#!/bin/sh\necho x\n", 0755));
	assert_preforked(file, true);
	ck_assert_int_eq(unlink(file), 0);
	write_file("p", "#!/bin/sh\necho y\n", 0644);
	assert_preforked(file, false); /* it cannot be executed: for spawn to say */
}
END_TEST

START_TEST(one_that_dies_gets_successors)
{
	char file[PATH_MAX];
	snprintf(file, sizeof file, "%s", make_program(0));
	prefork.eager = true;
	for (int i = 0; i < 3; i++) {
		struct buf pids = {0};
		assert_preforked(file, true);
		kin_children(&pids);
		ck_assert_uint_eq(buf_len(&pids), sizeof(pid_t));
		pid_t pid;
		memcpy(&pid, buf_head(&pids), sizeof pid);
		buf_clear(&pids);
		ck_assert(prefork_owns(&prefork, pid));
		kill(pid, SIGKILL);
		ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
		prefork_reaped(&prefork, pid);
		ck_assert(!prefork_owns(&prefork, pid));
	}
	assert_preforked(file, false); /* but not for ever */
}
END_TEST

static const char *real_dir(void)
{
	static char path[PATH_MAX];
	ck_assert_ptr_nonnull(realpath(in_dir(""), path));
	return path;
}

static void assert_preforked_in(const char *directory, const char *output)
{
	ARGV("/bin/sh", "-c", "pwd -P; cat file");
	request.directory = directory;
	pid_t pid = start(by_prefork);
	ck_assert_int_gt(pid, 0);
	ck_assert_str_eq(read_text(output_rfd), output);
	ck_assert_int_eq(status_of(pid), 0);
}

START_TEST(directory_of_a_task)
{
	char in[2][PATH_MAX], output[2][PATH_MAX + 16], here[PATH_MAX];
	ck_assert_ptr_nonnull(getcwd(here, sizeof here));
	prefork.eager = true;
	for (int i = 0; i < 2; i++) {
		snprintf(in[i], sizeof in[i], "%s/%d", real_dir(), i);
		ck_assert_int_eq(mkdir(in[i], 0700), 0);
		write_file(i ? "1/file" : "0/file", i ? "one" : "zero", 0600);
		snprintf(output[i], sizeof output[i], "%s\n%s", in[i], i ? "one" : "zero");
	}
	for (int i = 0; i < 6; i++)
		assert_preforked_in(in[i % 2], output[i % 2]);
	ck_assert_uint_eq(prefork.n_templates, 2); /* one in each */
	ARGV("/bin/sh", "-c", "pwd -P");
	pid_t pid = start(by_prefork);
	ck_assert_int_gt(pid, 0);
	here[strlen(here) + 1] = '\0';
	here[strlen(here)] = '\n';
	ck_assert_str_eq(read_text(output_rfd), here);
	ck_assert_int_eq(status_of(pid), 0);
}
END_TEST

/* Another one of the same name is entered, as by a program that is executed; where there is none, nothing runs. */
START_TEST(directory_that_comes_and_goes)
{
	char in[PATH_MAX], output[PATH_MAX + 16];
	prefork.eager = true;
	snprintf(in, sizeof in, "%s/d", real_dir());
	for (int i = 0; i < 3; i++) {
		ck_assert_int_eq(mkdir(in, 0700), 0);
		write_file("d/file", i ? "new" : "old", 0600);
		snprintf(output, sizeof output, "%s\n%s", in, i ? "new" : "old");
		assert_preforked_in(in, output);
		ck_assert_int_eq(unlink(in_dir("d/file")), 0);
		ck_assert_int_eq(rmdir(in), 0);
		ck_assert_int_eq(start(by_prefork), 0);
		ck_assert_str_eq(read_text(output_rfd), "");
		ck_assert_int_eq(status_of(-1), 127 << 8); /* a copy that could not enter it, and went */
	}
	ck_assert_uint_eq(prefork.n_templates, 1);
}
END_TEST

/* The template itself is not in it: it can be unmounted. */
START_TEST(directory_is_not_kept_busy)
{
	char in[PATH_MAX], link[64], cwd[PATH_MAX] = "";
	prefork.eager = true;
	snprintf(in, sizeof in, "%s", real_dir());
	ARGV("/bin/sh", "-c", ":");
	request.directory = in;
	pid_t pid = start(by_prefork);
	ck_assert_int_gt(pid, 0);
	ck_assert_int_eq(status_of(pid), 0);
	struct buf pids = {0};
	kin_children(&pids);
	ck_assert_uint_eq(buf_len(&pids), sizeof pid);
	memcpy(&pid, buf_head(&pids), sizeof pid);
	buf_clear(&pids);
	snprintf(link, sizeof link, "/proc/%d/cwd", (int)pid);
	ck_assert_int_gt(readlink(link, cwd, sizeof cwd - 1), 0);
	ck_assert_str_eq(cwd, "/");
}
END_TEST

/* What is loaded may be relative: here an object that is there in one directory only. */
START_TEST(loaded_where_the_task_runs)
{
	char in[2][PATH_MAX];
	prefork.eager = prefork.proven = true;
	prefork.envp = (char *const[]){(char *)"LD_PRELOAD=./object.so", NULL};
	for (int i = 0; i < 2; i++) {
		snprintf(in[i], sizeof in[i], "%s/%d", real_dir(), i);
		ck_assert_int_eq(mkdir(in[i], 0700), 0);
	}
	ck_assert_int_eq(symlink(preload, in_dir("1/object.so")), 0);
	for (int i = 0; i < 4; i++) {
		ARGV("/bin/sh", "-c", ":");
		request.directory = in[i % 2];
		request.envp = prefork.envp;
		pid_t pid = start(by_prefork);
		ck_assert_int_eq(pid > 0, i % 2);
		if (pid > 0)
			ck_assert_int_eq(status_of(pid), 0);
	}
}
END_TEST

/* Which file that is, only exec can say: it looks when the directory has been entered. */
static const struct relative_case {
	const char *name, *path;
	bool preforked;
} relative_cases[] = {
	{"sh", "/usr/bin:/bin", true}, {"/bin/sh", "", true}, {"./sh", "/bin", false}, {"bin/sh", "/bin", false},
	{"sh", "", false}, {"sh", ":/bin", false}, {"sh", "/bin:", false}, {"sh", "/nonesuch::/bin", false},
	{"sh", "/bin:.", false}, {"sh", "bin:/bin", false},
};

START_TEST(relative_programs)
{
	const struct relative_case *c = &relative_cases[_i];
	char in[PATH_MAX];
	prefork.eager = true;
	snprintf(in, sizeof in, "%s", real_dir());
	ARGV(c->name, "-c", ":");
	request.path = c->path;
	request.directory = in;
	pid_t pid = start(by_prefork);
	ck_assert_int_eq(pid > 0, c->preforked);
	if (pid > 0)
		ck_assert_int_eq(status_of(pid), 0);
}
END_TEST

START_TEST(unsound_ones_are_executed)
{
	prefork.eager = true;
	assert_preforked("/nowhere/x", false);
	assert_preforked(write_file("text", "echo x\n", 0755), false);
	assert_preforked(write_file("data", "\177ELF", 0755), false);
	ck_assert_int_eq(prefork.n_templates, 0);
}
END_TEST

Suite *prefork_suite(void)
{
	Suite *s = suite_create("prefork");
	TCase *tc = tcase_create("template");
	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_test(tc, copies_run_main_with_words_of_their_own);
	tcase_add_test(tc, copies_are_children_in_a_group_of_their_own);
	tcase_add_test(tc, nothing_tells_of_the_template);
	tcase_add_test(tc, command_line_and_environment_are_shown);
	tcase_add_test(tc, the_same_fds_are_open_as_ever);
	tcase_add_test(tc, too_large_is_not_started);
	tcase_add_test(tc, a_dead_template_starts_nothing);
	tcase_add_test(tc, copies_outlive_their_template);
	tcase_add_test(tc, useless_if_it_does_not_check_in);
	tcase_add_test(tc, not_without_a_program);
	tcase_add_test(tc, not_one_that_has_other_rights);
	suite_add_tcase(s, tc);
	tc = tcase_create("prefork");
	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_test(tc, the_first_use_is_executed);
	tcase_add_test(tc, few_templates_at_once);
	tcase_add_test(tc, another_file_is_another_program);
	tcase_add_test(tc, one_that_dies_gets_successors);
	tcase_add_test(tc, directory_of_a_task);
	tcase_add_test(tc, directory_that_comes_and_goes);
	tcase_add_test(tc, directory_is_not_kept_busy);
	tcase_add_test(tc, loaded_where_the_task_runs);
	tcase_add_loop_test(tc, relative_programs, 0, ARRAY_LEN(relative_cases));
	tcase_add_test(tc, unsound_ones_are_executed);
	suite_add_tcase(s, tc);
	return s;
}

#else

Suite *prefork_suite(void)
{
	return suite_create("prefork");
}

#endif
