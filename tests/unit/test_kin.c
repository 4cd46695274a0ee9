/* SPDX-License-Identifier: MIT */
#include <config.h>

#include <check.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fdio.h"
#include "process/kin.h"
#include "process_help.h"

Suite *kin_suite(void);

#define BOUND_NS (20 * NS_PER_SEC)

/* Processes wait for the end of `life`; that of `lived` says that none of them is left, and each may
 * write its pid there. */
static int life_rfd, life_wfd, lived_rfd, lived_wfd, fds_before;

static void set_up(void)
{
	fds_before = open_fds();
	ck_assert_int_eq(fdio_pipe(&life_rfd, &life_wfd), 0);
	ck_assert_int_eq(fdio_pipe(&lived_rfd, &lived_wfd), 0);
	ck_assert_int_eq(kin_init(), 0);
}

static void tear_down(void)
{
	fdio_close(&life_wfd);
	fdio_close(&life_rfd);
	fdio_close(&lived_rfd);
	fdio_close(&lived_wfd);
	ck_assert(is_childless());
	ck_assert_int_eq(prctl(PR_SET_CHILD_SUBREAPER, 0), 0);
	ck_assert_int_eq(open_fds(), fds_before);
}

static _Noreturn void live(void)
{
	char c;
	pid_t pid = getpid();
	fdio_close(&life_wfd);
	if (write(lived_wfd, &pid, sizeof pid) == sizeof pid)
		fdio_read(life_rfd, &c, 1);
	_exit(0);
}

/* The pid of one that lives now. */
static pid_t wait_for_one(void)
{
	pid_t pid;
	ck_assert(becomes_readable(lived_rfd));
	ck_assert_int_eq(read(lived_rfd, &pid, sizeof pid), sizeof pid);
	return pid;
}

static pid_t fork_living(void)
{
	pid_t pid = fork();
	ck_assert_int_ge(pid, 0);
	if (pid == 0)
		live();
	ck_assert_int_eq(wait_for_one(), pid);
	return pid;
}

/* A process in a session of its own whose parent has gone. */
static pid_t fork_orphan(void)
{
	pid_t pid = fork();
	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		if (fork() == 0) {
			setsid();
			live();
		}
		_exit(0);
	}
	ck_assert_int_eq(status_of(pid), 0);
	return wait_for_one();
}

/* A chain of `length` processes, each in a session of its own and the child of the one before; TERM is
 * ignored. */
static void fork_chain(int length)
{
	pid_t pid = fork();
	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		signal(SIGTERM, SIG_IGN);
		while (--length > 0 && fork() == 0)
			setsid();
		live();
	}
}

static void assert_nobody_lives(void)
{
	char c;
	fdio_close(&lived_wfd);
	ck_assert(becomes_readable(lived_rfd));
	ck_assert_int_eq(read(lived_rfd, &c, 1), 0);
	ck_assert(is_childless());
}

static bool is_among(const struct buf *pids, pid_t pid)
{
	for (size_t i = 0; i < buf_len(pids) / sizeof pid; i++)
		if (memcmp(buf_head(pids) + i * sizeof pid, &pid, sizeof pid) == 0)
			return true;
	return false;
}

static void assert_children(const pid_t *expected, size_t n)
{
	struct buf pids = {0};
	kin_children(&pids);
	ck_assert_uint_eq(buf_len(&pids), n * sizeof(pid_t));
	for (size_t i = 0; i < n; i++)
		ck_assert(is_among(&pids, expected[i]));
	buf_clear(&pids);
}

START_TEST(children)
{
	pid_t pids[40];
	assert_children(NULL, 0);
	for (size_t i = 0; i < ARRAY_LEN(pids); i++)
		pids[i] = fork_living();
	assert_children(pids, ARRAY_LEN(pids));
	kill(pids[0], SIGKILL);
	ck_assert_int_eq(waitid(P_PID, (id_t)pids[0], &(siginfo_t){0}, WEXITED | WNOWAIT), 0);
	assert_children(pids, ARRAY_LEN(pids)); /* dead ones too, until they are reaped */
	ck_assert_int_eq(status_of(pids[0]), SIGKILL);
	assert_children(pids + 1, ARRAY_LEN(pids) - 1);
	kin_end(NULL, NULL, BOUND_NS, NULL);
	assert_nobody_lives();
}
END_TEST

START_TEST(orphans_come_here)
{
	pid_t orphan = fork_orphan();
	assert_children(&orphan, 1);
	ck_assert_int_eq(getsid(orphan), orphan);
	kin_end(NULL, NULL, BOUND_NS, NULL);
	assert_nobody_lives();
}
END_TEST

START_TEST(end_of_everything)
{
	enum { LENGTH = 4 };
	fork_living();
	fork_orphan();
	fork_chain(LENGTH);
	for (int i = 0; i < LENGTH; i++)
		wait_for_one();
	kin_end(NULL, NULL, BOUND_NS, NULL);
	assert_nobody_lives();
	kin_end(NULL, NULL, BOUND_NS, NULL);
}
END_TEST

START_TEST(stopped_ones_end_too)
{
	pid_t pid = fork_living();
	kill(pid, SIGSTOP);
	ck_assert_int_eq(waitid(P_PID, (id_t)pid, &(siginfo_t){0}, WSTOPPED | WNOWAIT), 0);
	kin_end(NULL, NULL, BOUND_NS, NULL);
	assert_nobody_lives();
}
END_TEST

static bool is_spared(const void *arg, pid_t pid)
{
	return is_among(arg, pid);
}

/* A spared child lives on, and a dead one can still be waited for. */
START_TEST(those_that_are_spared)
{
	struct buf spared = {0};
	pid_t kept = fork_living(), dead = fork_living(), other = fork_living();
	buf_add(&spared, &kept, sizeof kept);
	buf_add(&spared, &dead, sizeof dead);
	kill(dead, SIGUSR1);
	kin_end(is_spared, &spared, BOUND_NS, NULL);
	ck_assert_int_eq(waitpid(other, NULL, WNOHANG), -1);
	ck_assert_int_eq(status_of(dead), SIGUSR1);
	assert_children(&kept, 1);
	ck_assert_uint_eq(kin_signal(SIGUSR1, is_spared, &spared, NULL), 0);
	ck_assert_int_eq(waitpid(kept, NULL, WNOHANG), 0);
	ck_assert_uint_eq(kin_signal(SIGUSR1, NULL, NULL, NULL), 1);
	ck_assert_int_eq(status_of(kept), SIGUSR1);
	buf_clear(&spared);
	assert_nobody_lives();
}
END_TEST

START_TEST(dead_ones_are_reaped)
{
	pid_t pids[3];
	for (size_t i = 0; i < ARRAY_LEN(pids); i++) {
		pids[i] = fork_living();
		if (i < 2)
			kill(pids[i], SIGUSR1);
		int options = WEXITED | WNOWAIT | (i < 2 ? 0 : WNOHANG);
		ck_assert_int_eq(waitid(P_PID, (id_t)pids[i], &(siginfo_t){0}, options), 0);
	}
	struct buf spared = {0};
	buf_add(&spared, &pids[0], sizeof pids[0]);
	kin_reap(is_spared, &spared);
	ck_assert_int_eq(waitpid(pids[1], NULL, WNOHANG), -1);
	ck_assert_int_eq(waitpid(pids[2], NULL, WNOHANG), 0);
	ck_assert_int_eq(status_of(pids[0]), SIGUSR1);
	buf_clear(&spared);
	kin_end(NULL, NULL, BOUND_NS, NULL);
}
END_TEST

START_TEST(environment_of_the_start)
{
	static const struct { const char *entry; bool found; } cases[] = {
		{"A=1", true}, {"LAST=a b", true}, {"A=", false}, {"A", false}, {"A=12", false}, {"B=2", false},
	};
	char c;
	pid_t pid = fork();
	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		fdio_close(&life_wfd);
		dup2(life_rfd, 0);
		dup2(lived_wfd, 1);
		char *const environment[] = {(char *)"A=1", (char *)"LAST=a b", NULL};
		execle("/bin/sh", "sh", "-c", "export B=2; echo; read x", (char *)NULL, environment);
		_exit(127);
	}
	ck_assert(becomes_readable(lived_rfd));
	ck_assert_int_eq(read(lived_rfd, &c, 1), 1);
	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		ck_assert_msg(kin_started_with(pid, cases[i].entry) == cases[i].found, "%s", cases[i].entry);
	kin_end(NULL, NULL, BOUND_NS, NULL);
	ck_assert(!kin_started_with(pid, "A=1"));
}
END_TEST

START_TEST(signal_reaches_every_child)
{
	struct buf escaped = {0};
	pid_t pids[3];
	for (size_t i = 0; i < ARRAY_LEN(pids); i++)
		pids[i] = fork_living();
	ck_assert_uint_eq(kin_signal(SIGUSR1, NULL, NULL, &escaped), ARRAY_LEN(pids));
	ck_assert_uint_eq(buf_len(&escaped), 0);
	for (size_t i = 0; i < ARRAY_LEN(pids); i++)
		ck_assert_int_eq(status_of(pids[i]), SIGUSR1);
	ck_assert_uint_eq(kin_signal(SIGUSR1, NULL, NULL, NULL), 0);
}
END_TEST

/* One that belongs to another user is named, and not waited for. Its name is hard to read in /proc. */
static int end_of_anothers(void)
{
	struct buf escaped = {0};
	char expected[64];
	pid_t pid = fork();
	if (pid == 0) {
		prctl(PR_SET_NAME, "a) R 1 (b");
		live();
	}
	ck_assert_int_eq(wait_for_one(), pid);
	if (setresuid(65534, 65534, 65534) < 0)
		return 1;
	if (kin_signal(SIGKILL, NULL, NULL, &escaped) != 0)
		return 2;
	int n = snprintf(expected, sizeof expected, " a) R 1 (b (%d)", (int)pid);
	if (buf_len(&escaped) != (size_t)n || memcmp(buf_head(&escaped), expected, (size_t)n) != 0)
		return 3;
	buf_clear(&escaped);
	kin_end(NULL, NULL, BOUND_NS * 100, NULL);
	return waitpid(pid, NULL, WNOHANG) == 0 ? 0 : 4;
}

START_TEST(those_that_may_not_be_killed)
{
	if (geteuid() != 0)
		return;
	assert_child(end_of_anothers);
	fdio_close(&life_wfd);
	ck_assert_int_eq(status_of(-1), 0);
	assert_nobody_lives();
}
END_TEST

/* A child with a child that asks to die with it; the middle one ends when `go` does. */
START_TEST(dies_with_its_parent)
{
	int go_rfd, go_wfd;
	ck_assert_int_eq(fdio_pipe(&go_rfd, &go_wfd), 0);
	pid_t middle = fork();
	ck_assert_int_ge(middle, 0);
	if (middle == 0) {
		char c;
		pid_t parent = getpid();
		fdio_close(&go_wfd);
		if (fork() == 0 && kin_die_with(parent, SIGUSR1) == 0)
			live();
		fdio_read(go_rfd, &c, 1);
		_exit(0);
	}
	pid_t pid = wait_for_one();
	fdio_close(&go_wfd);
	ck_assert_int_eq(status_of(middle), 0);
	ck_assert_int_eq(status_of(pid), SIGUSR1);
	fdio_close(&go_rfd);
	assert_nobody_lives();
}
END_TEST

static int ask_too_late(void)
{
	return kin_die_with(getppid() + 1, SIGTERM) == -1 && errno == ESRCH ? 0 : 1;
}

START_TEST(parent_has_died_already)
{
	assert_child(ask_too_late);
}
END_TEST

/* Each is the child of the one before, and has a name that is hard to read in /proc. */
static void fork_line(pid_t *pids, int length)
{
	static const char *const names[] = {"a) R 1 (b", ") Z 0 ", "1 2 3\n4 (5", "("};
	pid_t pid = fork();
	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		int n = 0;
		char c;
		do {
			pid_t own = getpid();
			fdio_close(&life_wfd);
			prctl(PR_SET_NAME, names[n % (int)ARRAY_LEN(names)]);
			if (write(lived_wfd, &own, sizeof own) != sizeof own)
				_exit(1);
		} while (++n < length && fork() == 0);
		fdio_read(life_rfd, &c, 1);
		_exit(0);
	}
	for (int i = 0; i < length; i++)
		pids[i] = wait_for_one();
}

static pid_t ancestor_among(pid_t pid, pid_t one, pid_t other)
{
	struct buf ours = {0};
	buf_add(&ours, &one, sizeof one);
	buf_add(&ours, &other, sizeof other);
	pid_t found = kin_ancestor(pid, is_spared, &ours);
	buf_clear(&ours);
	return found;
}

START_TEST(ancestors)
{
	enum { N = 6 };
	pid_t pids[N], stranger = fork_living();
	fork_line(pids, N);
	for (int i = 0; i < N; i++) {
		ck_assert_int_eq(ancestor_among(pids[i], stranger, pids[0]), pids[0]);
		ck_assert_int_eq(ancestor_among(pids[i], getpid(), stranger), getpid());
		ck_assert_int_eq(ancestor_among(pids[i], stranger, stranger), 0);
	}
	ck_assert_int_eq(ancestor_among(pids[5], pids[0], pids[4]), pids[4]);
	ck_assert_int_eq(ancestor_among(pids[3], pids[3], pids[1]), pids[3]);
	ck_assert_int_eq(ancestor_among(pids[0], pids[1], pids[5]), 0);
	ck_assert_int_eq(ancestor_among(0, stranger, pids[0]), 0);
	ck_assert_int_eq(ancestor_among(-1, stranger, pids[0]), 0);
	kin_end(NULL, NULL, BOUND_NS, NULL);
	ck_assert_int_eq(ancestor_among(pids[1], stranger, pids[0]), 0);
	assert_nobody_lives();
}
END_TEST

/* As a worker with a task and what others have left; says who each is, when it has begun, and reaps none. */
static _Noreturn void be_worker(void)
{
	static const char *const entries[] = {"A=1", "A=12", "B=3", "A=2", "A=2"};
	int rfd, wfd;
	char c;
	fdio_close(&life_wfd);
	if (fdio_pipe(&rfd, &wfd) < 0 || dup2(life_rfd, 0) < 0 || dup2(wfd, 1) < 0)
		_exit(1);
	for (size_t i = 0; i < ARRAY_LEN(entries); i++) {
		char *const environment[] = {(char *)"X=", (char *)entries[i], NULL};
		pid_t pid = fork();
		if (pid == 0) {
			execle("/bin/sh", "sh", "-c", "echo; read x", (char *)NULL, environment);
			_exit(127);
		}
		fdio_read(rfd, &c, 1);
		fdio_write(lived_wfd, &pid, sizeof pid);
	}
	live();
}

START_TEST(child_by_its_environment)
{
	pid_t pids[5], worker = fork();
	ck_assert_int_ge(worker, 0);
	if (worker == 0)
		be_worker();
	for (size_t i = 0; i < ARRAY_LEN(pids); i++)
		pids[i] = wait_for_one();
	ck_assert_int_eq(wait_for_one(), worker);
	int fds = open_fds();
	ck_assert_int_eq(kin_child_started_with(worker, "A=1"), pids[0]);
	ck_assert_int_eq(kin_child_started_with(worker, "A=12"), pids[1]);
	ck_assert_int_eq(kin_child_started_with(worker, "A=2"), pids[3]);
	ck_assert_int_eq(kin_child_started_with(worker, "A="), 0);
	ck_assert_int_eq(kin_child_started_with(getpid(), "A=1"), 0);
	kill(pids[3], SIGKILL);
	kill(pids[0], SIGKILL);
	for (size_t i = 0; i < 4; i += 3)
		while (!kin_is_dead(pids[i]))
			poll(NULL, 0, 1);
	ck_assert_int_eq(kin_child_started_with(worker, "A=2"), pids[4]);
	ck_assert_int_eq(kin_child_started_with(worker, "A=1"), 0);
	ck_assert_int_eq(open_fds(), fds);
	kin_end(NULL, NULL, BOUND_NS, NULL);
	ck_assert_int_eq(kin_child_started_with(worker, "A=12"), 0);
	assert_nobody_lives();
}
END_TEST

Suite *kin_suite(void)
{
	Suite *s = suite_create("kin");
	TCase *t = tcase_create("kin");
	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_set_timeout(t, 60);
	tcase_add_test(t, children);
	tcase_add_test(t, orphans_come_here);
	tcase_add_test(t, end_of_everything);
	tcase_add_test(t, stopped_ones_end_too);
	tcase_add_test(t, those_that_are_spared);
	tcase_add_test(t, dead_ones_are_reaped);
	tcase_add_test(t, environment_of_the_start);
	tcase_add_test(t, signal_reaches_every_child);
	tcase_add_test(t, those_that_may_not_be_killed);
	tcase_add_test(t, dies_with_its_parent);
	tcase_add_test(t, parent_has_died_already);
	tcase_add_test(t, ancestors);
	tcase_add_test(t, child_by_its_environment);
	suite_add_tcase(s, t);
	return s;
}
