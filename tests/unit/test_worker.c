/* SPDX-License-Identifier: MIT
 *
 * What a worker does with tasks; test_worker_end has what is left of them, and what ends the worker.
 */
#include <config.h>

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/fdio.h"
#include "process/capture.h"
#include "process_help.h"
#include "worker_help.h"

Suite *worker_suite(void);

START_TEST(ready_says_who_and_where)
{
	char host[256] = "";
	gethostname(host, sizeof host - 1);
	start_worker();
	send_setup(SETUP_CAPTURE, 0, "");
	const struct msg *m = expect(MSG_READY);
	ck_assert_int_eq((pid_t)m->u.ready.pid, worker);
	ck_assert_uint_eq(m->u.ready.host.n, strlen(host));
	ck_assert_mem_eq(m->u.ready.host.p, host, strlen(host));
}
END_TEST

#define WORDS(text) text, sizeof(text)
enum { W, S = TASK_SHELL, D = TASK_SHELL | TASK_DIRECT };

static const struct ending {
	const char *words;
	size_t len;
	uint8_t flags;
	enum outcome_kind kind;
	int code;
	const char *out, *err; /* NULL: something */
} endings[] = {
	{WORDS("echo\0a  b\0$X\0*"), W, OUTCOME_EXITED, 0, "a  b $X *\n", ""},
	{WORDS("true"), W, OUTCOME_EXITED, 0, "", ""},
	{WORDS("echo out; echo err >&2; exit 3"), S, OUTCOME_EXITED, 3, "out\n", "err\n"},
	{WORDS("echo $FORKPOOL_SEQ $FORKPOOL_ATTEMPT $FORKPOOL_SLOT $X"), S, OUTCOME_EXITED, 0, "7 3 5 1\n", ""},
	{WORDS("cat; read x || echo eof"), S, OUTCOME_EXITED, 0, "eof\n", ""},
	{WORDS("kill -USR1 $$"), S, OUTCOME_SIGNALLED, SIGUSR1, "", ""},
	{WORDS("printf  %s. \t a b "), D, OUTCOME_EXITED, 0, "a.b.", ""},
	{WORDS("/nonesuch/command a"), D, OUTCOME_EXITED, 127, "", NULL},
	{WORDS("exit 9"), D, OUTCOME_EXITED, 9, "", ""},
	{WORDS(" "), D, OUTCOME_EXITED, 0, "", ""},
	{WORDS(""), S, OUTCOME_EXITED, 0, "", ""},
	{WORDS("-nonesuch"), S, OUTCOME_EXITED, 127, "", NULL},
	{WORDS("+nonesuch"), D, OUTCOME_EXITED, 127, "", NULL},
	{WORDS("/nonesuch/command"), W, OUTCOME_NOT_STARTED, ENOENT, "", ""},
	{WORDS("/dev/null"), W, OUTCOME_NOT_STARTED, EACCES, "", ""},
	{WORDS(""), W, OUTCOME_NOT_STARTED, ENOENT, "", ""},
	{WORDS("kill -TTIN $$; echo went on"), S, OUTCOME_TERMINAL, SIGTTIN, "", ""},
	{WORDS("kill -TTOU $$; echo went on"), S, OUTCOME_TERMINAL, SIGTTOU, "", ""},
};

START_TEST(ending)
{
	const struct ending *e = &endings[_i];
	start_ready_worker(SETUP_CAPTURE);
	for (int again = 0; again < 2; again++) {
		struct msg m = task_of(7, e->flags, e->words, e->len);
		send_msg(&m);
		uint64_t pid = expect_done(7, e->kind, e->code)->u.done.pid;
		ck_assert(is_under_valgrind() || (pid == 0) == (e->kind == OUTCOME_NOT_STARTED));
		ck_assert_uint_eq(output_frames, 0);
		assert_output(1, e->out);
		if (e->err)
			assert_output(2, e->err);
		ck_assert_int_eq(buf_len(&output[2]) == 0, e->err != NULL && !*e->err);
	}
}
END_TEST

START_TEST(what_it_used)
{
	start_ready_worker(SETUP_CAPTURE);
	send_task(1, "echo $$");
	struct msg m = *expect_done(1, OUTCOME_EXITED, 0);
	ck_assert_uint_gt(m.u.done.runtime_ns, 0);
	ck_assert_uint_gt(m.u.done.maxrss_kib, 0);
	buf_addc(&output[1], '\0');
	ck_assert_int_eq(atoi(buf_head(&output[1])), (int)m.u.done.pid);
}
END_TEST

/* That of tasks, and not of the worker itself; never above 19. */
START_TEST(niceness)
{
	char expected[64];
	int own = getpriority(PRIO_PROCESS, 0), wanted = own + 3 < 19 ? own + 3 : 19;
	start_worker();
	send_setup(SETUP_CAPTURE, 3, "");
	expect(MSG_READY);
	send_task(1, "nice; ps -o ni= -p $PPID | tr -d ' '");
	expect_done(1, OUTCOME_EXITED, 0);
	snprintf(expected, sizeof expected, "%d\n%d\n", wanted, own);
	assert_output(1, expected);
}
END_TEST

START_TEST(niceness_ends_at_19)
{
	start_worker();
	send_setup(SETUP_CAPTURE, INT_MAX, "");
	expect(MSG_READY);
	send_task(1, "nice");
	expect_done(1, OUTCOME_EXITED, 0);
	assert_output(1, "19\n");
}
END_TEST

/* Not captured, output goes where the worker's own would. */
static int open_alive_as_output(void)
{
	int fd = open(in_dir("alive"), O_WRONLY | O_CLOEXEC);
	return fd >= 0 && dup2(fd, 1) == 1 && dup2(fd, 2) == 2 ? 0 : 1;
}

START_TEST(not_captured)
{
	in_worker = open_alive_as_output;
	start_ready_worker(0);
	send_task(1, "echo out; echo err >&2");
	expect_done(1, OUTCOME_EXITED, 0);
	assert_output(1, "");
	assert_output(2, "");
	end_worker();
	ck_assert_str_eq(read_text(alive_fd), "out\nerr\n");
}
END_TEST

/* Through a small pipe, so that the worker holds it back, and then the task does. */
START_TEST(much_output)
{
	bool tiny_steps = getenv("FORKPOOL_IO_SIZE") != NULL;
	int last = tiny_steps ? 3000 : 200000;
	char text[64];
	struct buf expected = {0};
	start_ready_worker(SETUP_CAPTURE);
	ck_assert_int_ge(fcntl(channel.rfd, F_SETPIPE_SZ, 4096), 4096);
	snprintf(text, sizeof text, "seq %d; echo err >&2; echo >$D/ready", last);
	send_task(1, text);
	struct pollfd ready = {.fd = ready_fd, .events = POLLIN};
	ck_assert(tiny_steps || poll(&ready, 1, 100) == 0); /* nobody reads: the task cannot end */
	for (int i = 1; i <= last; i++)
		buf_addf(&expected, "%d\n", i);
	ck_assert_uint_le(expect_done(1, OUTCOME_EXITED, 0)->u.done.out.n, CAPTURE_CHUNK);
	ck_assert_uint_le(output_frames, buf_len(&expected) / CAPTURE_CHUNK + 1);
	ck_assert_uint_eq(buf_len(&output[1]), buf_len(&expected));
	ck_assert_mem_eq(buf_head(&output[1]), buf_head(&expected), buf_len(&expected));
	assert_output(2, "err\n");
	buf_clear(&expected);
}
END_TEST

START_TEST(prompt_output)
{
	start_ready_worker(SETUP_CAPTURE | SETUP_PROMPT);
	send_task(1, "printf hi; printf e >&2; read x <$D/go; printf ' again'");
	while (buf_len(&output[1]) < 2 || buf_len(&output[2]) < 1)
		take_output(expect(MSG_OUTPUT), 1);
	assert_output(1, "hi");
	assert_output(2, "e");
	release(go_fd);
	expect_done(1, OUTCOME_EXITED, 0);
	assert_output(1, " again");
}
END_TEST

/* Sent ahead. */

START_TEST(one_ahead_starts_after_the_end_of_the_first)
{
	start_ready_worker(SETUP_CAPTURE);
	send_task(1, ALIVE "read x <$D/go");
	send_task(2, "[ ! -e $D/over ] || echo started");
	wait_until_alive();
	write_file("over", "", 0600);
	release(go_fd);
	expect_done(1, OUTCOME_EXITED, 0);
	expect_done(2, OUTCOME_EXITED, 0);
	assert_output(1, "started\n");
}
END_TEST

START_TEST(called_back_in_time)
{
	start_ready_worker(SETUP_CAPTURE);
	send_task(1, "read x <$D/go");
	send_task(2, "echo ran");
	send_revoke(2);
	expect_revoked(2);
	send_task(3, "echo 3");
	release(go_fd);
	expect_done(1, OUTCOME_EXITED, 0);
	expect_done(3, OUTCOME_EXITED, 0);
}
END_TEST

/* In their order, however many and however long. */
START_TEST(many_ahead)
{
	struct buf text = {0};
	char expected[16];
	start_ready_worker(SETUP_CAPTURE);
	for (uint64_t seq = 1; seq <= 50; seq++) {
		buf_reset(&text);
		buf_addf(&text, "echo %d", (int)seq);
		for (int i = 0; i < (int)(seq % 5) * 100; i++)
			buf_addc(&text, ' ');
		buf_addc(&text, '\0');
		send_task(seq, buf_head(&text));
	}
	for (uint64_t seq = 1; seq <= 50; seq++) {
		expect_done(seq, OUTCOME_EXITED, 0);
		snprintf(expected, sizeof expected, "%d\n", (int)seq);
		assert_output(1, expected);
	}
	buf_clear(&text);
}
END_TEST

/* The one that is named, and all behind it. */
START_TEST(called_back_from_one_on)
{
	start_ready_worker(SETUP_CAPTURE);
	send_task(1, ALIVE "read x <$D/go");
	wait_until_alive();
	for (uint64_t seq = 2; seq <= 6; seq++)
		send_task(seq, "echo ran");
	send_revoke(4);
	expect_revoked(4);
	send_task(7, "echo 7");
	release(go_fd);
	for (uint64_t seq = 1; seq <= 3; seq++)
		expect_done(seq, OUTCOME_EXITED, 0);
	expect_done(7, OUTCOME_EXITED, 0);
	assert_output(1, "7\n");
}
END_TEST

/* It runs already; those behind it do not. */
START_TEST(called_back_too_late_for_some)
{
	start_ready_worker(SETUP_CAPTURE);
	send_task(1, ALIVE "read x <$D/go");
	send_task(2, "echo ran");
	send_task(3, "echo ran");
	wait_until_alive();
	send_revoke(1);
	expect_revoked(2);
	send_revoke(3);
	expect_started(3);
	release(go_fd);
	expect_done(1, OUTCOME_EXITED, 0);
}
END_TEST

START_TEST(called_back_too_late)
{
	start_ready_worker(SETUP_CAPTURE);
	send_task(1, ALIVE "read x <$D/go");
	wait_until_alive();
	send_revoke(1);
	expect_started(1);
	release(go_fd);
	expect_done(1, OUTCOME_EXITED, 0);
	send_revoke(1);
	expect_started(1);
	send_revoke(99);
	expect_started(99);
}
END_TEST

/* Signals. */

START_TEST(kill_ends_everything)
{
	start_ready_worker(SETUP_CAPTURE);
	start_stubborn_task();
	send_signal(1, SIGKILL);
	expect_done(1, OUTCOME_SIGNALLED, SIGKILL);
	ck_assert(!is_somebody_alive());
	send_signal(1, SIGKILL);
	send_task(2, "echo 2");
	expect_done(2, OUTCOME_EXITED, 0);
}
END_TEST

/* Everything in its process group hears it, and the worker does not. (A shell that waits sees a signal at any time; one
 * that is about to read may miss it.) */
START_TEST(signal_for_the_group)
{
	start_ready_worker(SETUP_CAPTURE);
	send_task(1, "exec 9>$D/alive; trap 'wait; exit 5' TERM; "
		     "(trap 'echo child; exit' TERM; " FOR_EVER " & echo >&9; wait) & echo >&9; wait");
	wait_until_alive();
	wait_until_alive();
	send_signal(1, SIGTERM);
	expect_done(1, OUTCOME_EXITED, 5);
	assert_output(1, "child\n");
}
END_TEST

START_TEST(signal_for_one_that_is_over_or_to_come)
{
	start_ready_worker(SETUP_CAPTURE);
	send_task(1, "exit 0");
	expect_done(1, OUTCOME_EXITED, 0);
	send_task(2, ALIVE "read x <$D/go");
	send_task(3, "exit 3");
	send_task(4, "exit 4");
	wait_until_alive();
	send_signal(1, SIGKILL);
	send_signal(3, SIGKILL);
	send_revoke(4); /* answered when the signals have been read */
	expect_revoked(4);
	release(go_fd);
	expect_done(2, OUTCOME_EXITED, 0);
	expect_done(3, OUTCOME_EXITED, 3);
}
END_TEST

START_TEST(signal_for_whatever_runs)
{
	start_ready_worker(SETUP_CAPTURE);
	send_signal(0, SIGTERM);
	send_task(1, ALIVE FOR_EVER);
	wait_until_alive();
	send_signal(0, SIGTERM);
	expect_done(1, OUTCOME_SIGNALLED, SIGTERM);
}
END_TEST

/* Between STOP and CONT nothing runs and nothing starts. */
START_TEST(suspended)
{
	start_ready_worker(SETUP_CAPTURE);
	send_signal(0, SIGSTOP);
	send_task(1, ALIVE "read x <$D/go");
	send_task(9, "exit 9");
	send_revoke(9);
	expect_revoked(9);
	send_revoke(1);
	expect_revoked(1);
	send_task(2, ALIVE "read x <$D/go");
	send_signal(0, SIGCONT);
	wait_until_alive();
	send_signal(0, SIGSTOP);
	send_task(3, "exit 3");
	send_task(9, "exit 9");
	send_revoke(9); /* answered when it has been stopped */
	expect_revoked(9);
	release(go_fd);
	send_revoke(3);
	expect_revoked(3);
	send_signal(0, SIGCONT);
	expect_done(2, OUTCOME_EXITED, 0);
}
END_TEST

START_TEST(stopped_task_can_be_killed)
{
	start_ready_worker(SETUP_CAPTURE);
	send_task(1, ALIVE FOR_EVER);
	wait_until_alive();
	send_signal(1, SIGSTOP);
	send_signal(1, SIGKILL);
	expect_done(1, OUTCOME_SIGNALLED, SIGKILL);
}
END_TEST

/* Shortages. */

static int room; /* for fds, besides the two that the worker needs for itself */

static int limit_fds(void)
{
	struct rlimit limit;
	if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
		return 1;
	limit.rlim_cur = (rlim_t)free_fd(2 + room);
	return setrlimit(RLIMIT_NOFILE, &limit);
}

/* Two pipes for the output need four. One try leaves nothing behind that the next one lacks. */
START_TEST(no_more_fds)
{
	room = _i;
	in_worker = limit_fds;
	start_ready_worker(SETUP_CAPTURE);
	for (uint64_t seq = 1; seq <= 3; seq++) {
		send_task(seq, "echo out");
		if (room < 4)
			expect_done(seq, OUTCOME_NO_RESOURCES, EMFILE);
		else
			expect_done(seq, OUTCOME_EXITED, 0);
		assert_output(1, room < 4 ? "" : "out\n");
	}
}
END_TEST

static int limit_processes(void)
{
	if (geteuid() == 0 && setresuid(65534, 65534, 65534) < 0)
		return 1;
	return setrlimit(RLIMIT_NPROC, &(struct rlimit){0, 0});
}

START_TEST(no_more_processes)
{
	in_worker = limit_processes;
	start_ready_worker(SETUP_CAPTURE);
	send_task(1, "exit 0");
	ck_assert_uint_eq(expect_done(1, OUTCOME_NO_RESOURCES, EAGAIN)->u.done.pid, 0);
	send_task(2, "exit 0");
	expect_done(2, OUTCOME_NO_RESOURCES, EAGAIN);
}
END_TEST

START_TEST(fds_do_not_leak)
{
	int first = 0;
	start_ready_worker(SETUP_CAPTURE);
	for (uint64_t seq = 1; seq <= 20; seq++) {
		struct msg m = seq % 2 ? task_of(seq, W, WORDS("true")) : task_of(seq, W, WORDS("/nonesuch"));
		send_msg(&m);
		expect(MSG_DONE);
		int now = open_fds_of(worker);
		first = first ? first : now;
		ck_assert_int_eq(now, first);
	}
}
END_TEST

Suite *worker_suite(void)
{
	Suite *s = suite_create("worker");
	TCase *t = tcase_create("worker");
	tcase_add_unchecked_fixture(t, fdio_init, NULL);
	tcase_add_checked_fixture(t, worker_help_set_up, worker_help_tear_down);
	tcase_set_timeout(t, 60);
	tcase_add_test(t, ready_says_who_and_where);
	tcase_add_loop_test(t, ending, 0, ARRAY_LEN(endings));
	tcase_add_test(t, what_it_used);
	tcase_add_test(t, niceness);
	tcase_add_test(t, niceness_ends_at_19);
	tcase_add_test(t, not_captured);
	tcase_add_test(t, much_output);
	tcase_add_test(t, prompt_output);
	tcase_add_test(t, one_ahead_starts_after_the_end_of_the_first);
	tcase_add_test(t, many_ahead);
	tcase_add_test(t, called_back_in_time);
	tcase_add_test(t, called_back_from_one_on);
	tcase_add_test(t, called_back_too_late_for_some);
	tcase_add_test(t, called_back_too_late);
	tcase_add_test(t, kill_ends_everything);
	tcase_add_test(t, signal_for_the_group);
	tcase_add_test(t, signal_for_one_that_is_over_or_to_come);
	tcase_add_test(t, signal_for_whatever_runs);
	tcase_add_test(t, suspended);
	tcase_add_test(t, stopped_task_can_be_killed);
	tcase_add_loop_test(t, no_more_fds, 0, 5);
	tcase_add_test(t, no_more_processes);
	tcase_add_test(t, fds_do_not_leak);
	suite_add_tcase(s, t);
	return s;
}
