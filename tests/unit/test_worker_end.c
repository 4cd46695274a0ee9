/* SPDX-License-Identifier: MIT
 *
 * How a worker begins and ends; and that nothing is left of a task then, or when it is over.
 */
#include <config.h>

#include <check.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/fdio.h"
#include "process_help.h"
#include "worker/worker.h"
#include "worker_help.h"

Suite *worker_end_suite(void);

/* What a task leaves behind. */

static const char *const leftovers[] = {
	"(echo >$D/ready; " FOR_EVER ") &",
	"setsid sh -c 'echo >$D/ready; " FOR_EVER "' &",
	"setsid sh -c 'setsid sh -c \"echo >$D/ready; " FOR_EVER "\" &' &",
	"(trap '' TERM; echo >$D/ready; " FOR_EVER ") &",
	"setsid sh -c 'echo >$D/ready; kill -STOP $$' &",
	"(exec >&- 2>&-; echo >$D/ready; " FOR_EVER ") &",
};

/* DONE says that nothing is left. */
START_TEST(leftovers_end_first)
{
	char text[512];
	start_ready_worker(SETUP_CAPTURE);
	snprintf(text, sizeof text, ALIVE "%s read x <$D/ready; echo out; exit 4", leftovers[_i]);
	send_task(1, text);
	wait_until_alive();
	expect_done(1, OUTCOME_EXITED, 4);
	assert_output(1, "out\n");
	ck_assert(!is_somebody_alive());
	send_task(2, "exit 2");
	expect_done(2, OUTCOME_EXITED, 2);
}
END_TEST

/* Even one that is stopped. */
static const char *const tidy_leftovers[] = {
	"(trap 'echo late; echo tidy >&9; exit' TERM; " FOR_EVER " & echo >$D/ready; wait) &",
	"sh -c 'trap \"echo late; echo tidy >&9; exit\" TERM; kill -STOP $$; :' & "
	"until grep -q State:.T /proc/$!/status; do :; done; echo >$D/ready;",
};

START_TEST(leftovers_may_tidy_up)
{
	char text[256];
	start_ready_worker(SETUP_CAPTURE);
	snprintf(text, sizeof text, "exec 9>$D/alive; %s read x <$D/ready", tidy_leftovers[_i]);
	send_task(1, text);
	expect_done(1, OUTCOME_EXITED, 0);
	assert_output(1, "late\n");
	ck_assert_str_eq(read_text(alive_fd), "tidy\n");
}
END_TEST

/* The end of one is no reason to tell the other again. */
START_TEST(leftovers_are_told_once)
{
	start_ready_worker(SETUP_CAPTURE);
	send_task(1, "exec 9>$D/alive; (trap 'echo told >&9; echo >$D/go' TERM; echo >$D/ready; while :; do :; done) & "
		     "read x <$D/ready; (trap 'read x <$D/go; exit' TERM; echo >$D/ready; while :; do :; done) & "
		     "read x <$D/ready");
	expect_done(1, OUTCOME_EXITED, 0);
	ck_assert_str_eq(read_text(alive_fd), "told\n");
}
END_TEST

/* With --leave nobody waits for them, even if they hold the output; they outlive other tasks and the worker. */
START_TEST(leftovers_may_live)
{
	start_ready_worker(SETUP_CAPTURE | SETUP_LEAVE);
	send_task(1, ALIVE "(echo >$D/ready; " FOR_EVER ") & read x <$D/ready; echo out");
	wait_until_alive();
	expect_done(1, OUTCOME_EXITED, 0);
	assert_output(1, "out\n");
	send_task(2, "exec sh -c 'kill -KILL $$'");
	expect_done(2, OUTCOME_SIGNALLED, SIGKILL);
	send_task(3, "echo >$D/ready; " FOR_EVER);
	ck_assert(becomes_readable(ready_fd));
	send_signal(3, SIGKILL);
	expect_done(3, OUTCOME_SIGNALLED, SIGKILL);
	end_worker();
	ck_assert(is_somebody_alive());
	release(never_fd);
	wait_until_all_are_gone();
	ck_assert_int_eq(status_of(-1), 0);
}
END_TEST

/* But a task that was told to end is to end with everything. */
START_TEST(leftovers_of_a_terminated_task)
{
	start_ready_worker(SETUP_CAPTURE | SETUP_LEAVE);
	send_task(1, ALIVE "setsid sh -c 'echo >&9; " FOR_EVER "' & " FOR_EVER);
	wait_until_alive();
	wait_until_alive();
	send_signal(1, SIGTERM);
	expect_done(1, OUTCOME_SIGNALLED, SIGTERM);
	ck_assert(!is_somebody_alive());
}
END_TEST

/* Without CAP_KILL not even root may end another user's process. */
static int give_up_killing(void)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[2];
	if (syscall(SYS_capget, &header, data) < 0)
		return 1;
	data[0].effective &= ~(1u << CAP_KILL);
	return syscall(SYS_capset, &header, data) < 0;
}

START_TEST(leftovers_that_cannot_be_ended)
{
	static const char expected[] = "these processes cannot be ended: sh (";
	if (geteuid() != 0)
		return;
	in_worker = give_up_killing;
	start_ready_worker(SETUP_CAPTURE);
	send_task(1, ALIVE "exec 8<$D/never; setpriv --reuid=65534 --clear-groups sh -c 'echo >&9; read x <&8' & "
		     "read x <$D/ready");
	wait_until_alive();
	wait_until_alive();
	release(ready_fd);
	const struct msg *m = expect(MSG_NOTE);
	ck_assert_uint_eq(m->u.note.seq, 1);
	ck_assert_uint_gt(m->u.note.text.n, sizeof expected);
	ck_assert_mem_eq(m->u.note.text.p, expected, sizeof expected - 1);
	expect_done(1, OUTCOME_EXITED, 0);
	send_task(2, "exit 2"); /* nobody waits for them, or hears of them, again */
	expect_done(2, OUTCOME_EXITED, 2);
	end_worker();
	release(never_fd);
	wait_until_all_are_gone();
	ck_assert_int_eq(status_of(-1), 0);
}
END_TEST

/* The end of the worker. */

/* When the end of the channel is seen, nothing is left. */
START_TEST(end_of_the_channel_ends_everything)
{
	start_ready_worker(SETUP_CAPTURE);
	start_stubborn_task();
	send_task(2, ALIVE "echo 2");
	end_worker();
	ck_assert(!is_somebody_alive());
}
END_TEST

START_TEST(end_of_the_channel_while_it_is_suspended)
{
	start_ready_worker(SETUP_CAPTURE);
	start_stubborn_task();
	send_signal(0, SIGSTOP);
	end_worker();
	ck_assert(!is_somebody_alive());
}
END_TEST

/* The pool is gone: nobody reads what the worker writes. */
START_TEST(end_of_both_directions)
{
	start_ready_worker(SETUP_CAPTURE);
	start_stubborn_task();
	channel_close(&channel);
	ck_assert_int_eq(status_of(worker), 0);
	worker = 0;
	ck_assert(!is_somebody_alive());
}
END_TEST

START_TEST(death_of_the_worker_ends_its_task)
{
	start_ready_worker(SETUP_CAPTURE);
	send_task(1, ALIVE FOR_EVER);
	wait_until_alive();
	kill(worker, SIGKILL);
	expect_end(SIGKILL);
	wait_until_all_are_gone();
	ck_assert_int_eq(status_of(-1), SIGKILL);
}
END_TEST

/* The process between the test and the worker; its channel goes to the test. */
static pid_t start_worker_of_a_parent(void)
{
	int down_rfd, down_wfd, up_rfd, up_wfd;
	ck_assert_int_eq(fdio_pipe(&down_rfd, &down_wfd), 0);
	ck_assert_int_eq(fdio_pipe(&up_rfd, &up_wfd), 0);
	ck_assert_int_eq(fdio_set_nonblocking(down_wfd), 0);
	pid_t parent = fork();
	ck_assert_int_ge(parent, 0);
	if (parent == 0) {
		char c;
		pid_t self = getpid();
		close(down_wfd);
		close(up_rfd);
		if (fork() == 0)
			_exit(worker_serve(down_rfd, up_wfd, self, &worker_origin, -1));
		close(up_wfd);
		_exit(fdio_read(go_fd, &c, 1) == 1 ? 0 : 1);
	}
	close(down_rfd);
	close(up_wfd);
	channel_open(&channel, up_rfd, down_wfd);
	return parent;
}

START_TEST(death_of_its_parent_ends_the_worker)
{
	pid_t parent = start_worker_of_a_parent();
	send_setup(SETUP_CAPTURE, 0, "");
	worker = (pid_t)expect(MSG_READY)->u.ready.pid;
	start_stubborn_task();
	release(go_fd);
	ck_assert_int_eq(status_of(parent), 0);
	expect_end(0);
	ck_assert(!is_somebody_alive());
}
END_TEST

START_TEST(others_cannot_terminate_it)
{
	start_ready_worker(SETUP_CAPTURE);
	kill(worker, SIGTERM);
	kill(worker, SIGINT);
	kill(worker, SIGHUP);
	send_task(1, "exit 1");
	expect_done(1, OUTCOME_EXITED, 1);
}
END_TEST

/* What it begins. */

static int note_on_a_full_disk(void)
{
	marks_fd = open("/dev/full", O_WRONLY | O_CLOEXEC);
	return marks_fd < 0;
}

START_TEST(what_cannot_be_noted_does_not_run)
{
	in_worker = note_on_a_full_disk;
	start_ready_worker(SETUP_CAPTURE);
	send_task(1, ": >$D/ran");
	expect_end(0);
	ck_assert_int_eq(access(in_dir("ran"), F_OK), -1);
}
END_TEST

/* The initializer. */

START_TEST(initializer)
{
	start_worker();
	send_setup(SETUP_CAPTURE, 0, "echo out; echo err >&2; echo seq=$FORKPOOL_SEQ. x=$X >&2; read x <$D/go");
	send_task(1, "exit 1");
	send_task(2, "exit 2");
	release(go_fd);
	const struct msg *m;
	while ((m = receive())->type != MSG_READY)
		take_output(m, 0);
	buf_addc(&output[2], '\0');
	ck_assert_uint_eq(buf_len(&output[1]), 0);
	ck_assert_ptr_nonnull(strstr(buf_head(&output[2]), "out\n"));
	ck_assert_ptr_nonnull(strstr(buf_head(&output[2]), "err\nseq=. x=1\n"));
	expect_done(1, OUTCOME_EXITED, 1);
	expect_done(2, OUTCOME_EXITED, 2);
}
END_TEST

static const struct failure {
	const char *initializer, *reason;
} failures[] = {
	{"exit 3", "the initializer failed: exit 3"},
	{"kill -KILL $$", "the initializer failed: killed by SIGKILL"},
	{ALIVE "(" FOR_EVER ") & exit 4", "the initializer failed: exit 4"},
};

START_TEST(failing_start)
{
	const struct failure *f = &failures[_i];
	start_worker();
	send_setup(SETUP_CAPTURE, 0, f->initializer);
	const struct msg *m = expect(MSG_FAILED);
	ck_assert_uint_eq(m->u.failed.reason.n, strlen(f->reason));
	ck_assert_mem_eq(m->u.failed.reason.p, f->reason, strlen(f->reason));
	expect_end(0);
	if (strstr(f->initializer, ALIVE))
		wait_until_alive();
	ck_assert(!is_somebody_alive());
}
END_TEST

START_TEST(end_of_the_channel_ends_the_initializer)
{
	start_worker();
	send_setup(SETUP_CAPTURE, 0, STUBBORN);
	wait_until_alive();
	wait_until_alive();
	end_worker();
	ck_assert(!is_somebody_alive());
}
END_TEST

/* Not a pool that keeps to the protocol: everything ends. */

static const struct violation {
	const char *bytes;
	size_t len;
} first_words[] = {
	{"Welcome to the machine\n", 23},
	{"fkpool\0\3", 8},
	/* TASK before SETUP; an unknown type; READY; SETUP with an environment that has no NUL at its end */
	{"fkpool\0\2\0\0\0\x1f\2\0\0\0\0\0\0\0\1\0\0\0\1\0\0\0\1\0\0\0\0\1\0\0\0\2a\0\0\0\0\0", 8 + 5 + 31},
	{"fkpool\0\2\0\0\0\1\x05x", 14},
	{"fkpool\0\2\0\0\0\x0c\x41\0\0\0\0\0\0\0\1\0\0\0\0", 8 + 5 + 12},
	{"fkpool\0\2\0\0\0\x10\1\1\0\0\0\3X=1\0\0\0\0\0\0\0\0", 8 + 5 + 16},
};

START_TEST(violation_at_once)
{
	start_worker();
	buf_reset(&channel.out);
	buf_add(&channel.out, first_words[_i].bytes, first_words[_i].len);
	ck_assert_int_eq(channel_flush(&channel), 0);
	expect_end(0);
}
END_TEST

#define TASK(n, ...) {MSG_TASK, {.task = {.seq = 2, .flags = TASK_SHELL, .n_words = n, .words = {__VA_ARGS__}}}}

#define TASK_IN(...) \
	{MSG_TASK, {.task = {.seq = 2, .flags = TASK_SHELL, .n_words = 1, .words = {"a\0", 2}, .directory = {__VA_ARGS__}}}}

static const struct msg violations[] = {
	{MSG_SETUP, {.setup = {.env = {"", 0}, .initializer = {"", 0}}}},
	{MSG_DONE, {.done = {.seq = 1, .out = {"", 0}, .err = {"", 0}}}},
	TASK(0, "", 0),
	TASK(1, "", 0),
	TASK(1, "a", 1),
	TASK(2, "a\0", 2),
	TASK(1, "a\0b\0", 4),
	TASK(0xffffffff, "a\0", 2),
	TASK_IN("a", 1),
	TASK_IN("", 1),
	TASK_IN("/a\0", 3),
};

START_TEST(violation_while_a_task_runs)
{
	start_ready_worker(SETUP_CAPTURE);
	start_stubborn_task();
	send_msg(&violations[_i]);
	expect_end(0);
	ck_assert(!is_somebody_alive());
}
END_TEST

Suite *worker_end_suite(void)
{
	Suite *s = suite_create("worker_end");
	TCase *t = tcase_create("worker_end");
	tcase_add_unchecked_fixture(t, fdio_init, NULL);
	tcase_add_checked_fixture(t, worker_help_set_up, worker_help_tear_down);
	tcase_set_timeout(t, 60);
	tcase_add_loop_test(t, leftovers_end_first, 0, ARRAY_LEN(leftovers));
	tcase_add_loop_test(t, leftovers_may_tidy_up, 0, ARRAY_LEN(tidy_leftovers));
	tcase_add_test(t, leftovers_are_told_once);
	tcase_add_test(t, leftovers_may_live);
	tcase_add_test(t, leftovers_of_a_terminated_task);
	tcase_add_test(t, leftovers_that_cannot_be_ended);
	tcase_add_test(t, end_of_the_channel_ends_everything);
	tcase_add_test(t, end_of_the_channel_while_it_is_suspended);
	tcase_add_test(t, end_of_both_directions);
	tcase_add_test(t, death_of_the_worker_ends_its_task);
	tcase_add_test(t, death_of_its_parent_ends_the_worker);
	tcase_add_test(t, others_cannot_terminate_it);
	tcase_add_test(t, what_cannot_be_noted_does_not_run);
	tcase_add_test(t, initializer);
	tcase_add_loop_test(t, failing_start, 0, ARRAY_LEN(failures));
	tcase_add_test(t, end_of_the_channel_ends_the_initializer);
	tcase_add_loop_test(t, violation_at_once, 0, ARRAY_LEN(first_words));
	tcase_add_loop_test(t, violation_while_a_task_runs, 0, ARRAY_LEN(violations));
	suite_add_tcase(s, t);
	return s;
}
