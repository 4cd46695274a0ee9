/* SPDX-License-Identifier: MIT */
#include <config.h>

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/fdio.h"
#include "process/fds.h"
#include "process_help.h"
#include "transport/peer.h"

Suite *peer_suite(void);

static struct spawn_origin origin;
static int fds_before;
static int inherited, ours_before; /* open when forkpool starts: somebody else's, and close-on-exec */

static void set_up(void)
{
	fds_before = open_fds();
	inherited = fcntl(0, F_DUPFD, 100);
	ours_before = fcntl(0, F_DUPFD_CLOEXEC, 50);
	origin = (struct spawn_origin){0};
	fds_init();
	peer_init(&origin);
}

static void tear_down(void)
{
	fdio_close(&inherited);
	fdio_close(&ours_before);
	ck_assert(is_childless());
	ck_assert_int_eq(open_fds(), fds_before);
}

/* Serve until the end of the stream, and give back what came. */
static int echo(int rfd, int wfd, void *arg)
{
	char c;
	while (fdio_read(rfd, &c, 1) > 0)
		if (fdio_write_all(wfd, &c, 1) < 0)
			return 1;
	return *(int *)arg;
}

static void close_peer(struct peer *p)
{
	fdio_close(&p->wfd);
	fdio_close(&p->rfd);
}

/* Say, hear the same, see it end. */
static void assert_echoes(struct peer *p, int status)
{
	ck_assert_int_eq(fdio_write_all(p->wfd, "hello", 5), 0);
	fdio_close(&p->wfd);
	ck_assert_str_eq(read_text(p->rfd), "hello");
	ck_assert_int_eq(status_of(p->pid), status);
	close_peer(p);
}

START_TEST(forked_peer)
{
	struct peer p;
	int status = 7;
	ck_assert_int_eq(peer_fork(&p, echo, &status, NULL), 0);
	ck_assert_int_eq(fcntl(p.rfd, F_GETFD), FD_CLOEXEC);
	ck_assert_int_eq(fcntl(p.wfd, F_GETFD), FD_CLOEXEC);
	ck_assert(fcntl(p.wfd, F_GETFL) & O_NONBLOCK);
	ck_assert(!(fcntl(p.rfd, F_GETFL) & O_NONBLOCK));
	assert_echoes(&p, 7 << 8);
}
END_TEST

START_TEST(commanded_peer)
{
	struct peer p;
	ck_assert_int_eq(peer_command(&p, "cat; exit 7"), 0);
	ck_assert_int_eq(fcntl(p.rfd, F_GETFD), FD_CLOEXEC);
	ck_assert_int_eq(fcntl(p.wfd, F_GETFD), FD_CLOEXEC);
	ck_assert(fcntl(p.wfd, F_GETFL) & O_NONBLOCK);
	assert_echoes(&p, 7 << 8);
}
END_TEST

/* Each ends when its own channel does, whoever was started before and after it. */
START_TEST(end_of_file_comes_to_each)
{
	static const int order[] = {0, 3, 1, 2};
	struct peer peers[4];
	int status = 0;
	for (size_t i = 0; i < ARRAY_LEN(peers); i++) {
		int r = _i ? peer_command(&peers[i], "cat") : peer_fork(&peers[i], echo, &status, NULL);
		ck_assert_int_eq(r, 0);
	}
	for (size_t i = 0; i < ARRAY_LEN(order); i++)
		assert_echoes(&peers[order[i]], 0);
}
END_TEST

/* Which fds a peer has open. */

enum { FDS = 600 };

static int tell_fds(int rfd, int wfd, void *arg)
{
	char open[FDS + 1] = "";
	(void)arg;
	for (int fd = 0; fd < FDS; fd++)
		open[fd] = fd == rfd || fd == wfd ? 'c' : fcntl(fd, F_GETFD) < 0 ? '.' : 'o';
	return fdio_write_all(wfd, open, FDS) < 0;
}

START_TEST(forked_peer_has_only_its_own_fds_and_inherited_ones)
{
	static const int numbers[] = {101, 150, 255, 256, 257, 599};
	int ours[ARRAY_LEN(numbers)], status = 0;
	struct peer first, p;
	for (size_t i = 0; i < ARRAY_LEN(numbers); i++)
		ours[i] = fcntl(0, F_DUPFD_CLOEXEC, numbers[i]);
	ck_assert_int_eq(peer_fork(&first, echo, &status, NULL), 0);
	ck_assert_int_eq(peer_fork(&p, tell_fds, NULL, NULL), 0);
	const char *open = read_text(p.rfd);
	ck_assert_uint_eq(strlen(open), FDS);
	ck_assert_int_eq(open[inherited], 'o');
	ck_assert_int_eq(open[ours_before], '.');
	ck_assert_int_ne(open[first.rfd], 'o');
	ck_assert_int_ne(open[first.wfd], 'o');
	for (size_t i = 0; i < ARRAY_LEN(numbers); i++) {
		ck_assert_int_eq(open[ours[i]], '.');
		fdio_close(&ours[i]);
	}
	int channel = 0;
	for (int fd = 0; fd < FDS; fd++)
		channel += open[fd] == 'c';
	ck_assert_int_eq(channel, 2);
	ck_assert_int_eq(status_of(p.pid), 0);
	close_peer(&p);
	assert_echoes(&first, 0);
}
END_TEST

/* Any number may be kept, in any order, below and above what was open at the start. */
static int keep_some(void)
{
	static const int numbers[] = {40, 60, 300, 301, 302, 599};
	int fds[ARRAY_LEN(numbers)];
	for (size_t i = 0; i < ARRAY_LEN(numbers); i++)
		fds[i] = fcntl(0, F_DUPFD_CLOEXEC, numbers[i]);
	fds_close_others((int[]){fds[4], fds[0], fds[5]}, 3);
	for (size_t i = 0; i < ARRAY_LEN(fds); i++)
		if ((fcntl(fds[i], F_GETFD) >= 0) != (i == 0 || i >= 4))
			return 1;
	fds_close_others(NULL, 0);
	for (size_t i = 0; i < ARRAY_LEN(fds); i++)
		if (fcntl(fds[i], F_GETFD) >= 0)
			return 2;
	return fcntl(inherited, F_GETFD) >= 0 && fcntl(ours_before, F_GETFD) < 0 ? 0 : 3;
}

START_TEST(some_fds_kept)
{
	assert_child(keep_some);
}
END_TEST

START_TEST(commanded_peer_has_only_its_own_fds_and_inherited_ones)
{
	struct peer first, p;
	char text[256];
	ck_assert_int_eq(peer_command(&first, "cat"), 0);
	snprintf(text, sizeof text, "for fd in %d %d %d %d; do [ ! -e /proc/$$/fd/$fd ] || echo $fd; done", inherited,
		 ours_before, first.rfd, first.wfd);
	ck_assert_int_eq(peer_command(&p, text), 0);
	char expected[16];
	snprintf(expected, sizeof expected, "%d\n", inherited);
	ck_assert_str_eq(read_text(p.rfd), expected);
	ck_assert_int_eq(status_of(p.pid), 0);
	close_peer(&p);
	assert_echoes(&first, 0);
}
END_TEST

/* A command finds mask and limit as forkpool found them, but has a process group of its own. */
START_TEST(commanded_peer_is_in_the_state_of_the_start)
{
	static const char command[] =
		"grep SigBlk /proc/self/status; ulimit -n; "
		"read -r pid name state ppid pgrp rest </proc/self/stat; echo $((pgrp - $$))";
	struct peer p;
	sigset_t all, saved;
	ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &origin.nofile), 0);
	origin.nofile.rlim_cur = 100;
	origin.nofile_raised = true;
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, &saved);
	ck_assert_int_eq(peer_command(&p, command), 0);
	sigprocmask(SIG_SETMASK, &saved, NULL);
	const char *state = read_text(p.rfd);
	if (!is_under_valgrind())
		ck_assert_str_eq(state, "SigBlk:\t0000000000000000\n100\n0\n");
	ck_assert_int_eq(status_of(p.pid), 0);
	close_peer(&p);
}
END_TEST

/* With room for 0 to 3 fds, of the 4 that the pipes need: nothing is left behind. */
START_TEST(no_more_fds)
{
	struct rlimit saved, small;
	struct peer p;
	int status = 0;
	ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &saved), 0);
	for (int room = 0; room < 4; room++) {
		small = (struct rlimit){(rlim_t)free_fd(room), saved.rlim_max};
		ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &small), 0);
		int forked = peer_fork(&p, echo, &status, NULL), fork_error = errno;
		int commanded = peer_command(&p, "cat"), command_error = errno;
		ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &saved), 0);
		ck_assert_int_eq(forked, -1);
		ck_assert_int_eq(fork_error, EMFILE);
		ck_assert_int_eq(commanded, -1);
		ck_assert_int_eq(command_error, EMFILE);
	}
	ck_assert_int_eq(open_fds(), fds_before + 2);
	ck_assert_int_eq(peer_fork(&p, echo, &status, NULL), 0);
	assert_echoes(&p, 0);
}
END_TEST

static int start_without_processes(void)
{
	struct peer p;
	int status = 0, before = open_fds();
	if (geteuid() == 0 && setresuid(65534, 65534, 65534) < 0)
		return 1;
	if (setrlimit(RLIMIT_NPROC, &(struct rlimit){0, 0}) < 0)
		return 2;
	if (peer_fork(&p, echo, &status, NULL) == 0 || errno != EAGAIN)
		return 3;
	if (peer_command(&p, "cat") == 0 || errno != EAGAIN)
		return 4;
	return open_fds() == before ? 0 : 5;
}

START_TEST(no_more_processes)
{
	assert_child(start_without_processes);
}
END_TEST

Suite *peer_suite(void)
{
	Suite *s = suite_create("peer");
	TCase *t = tcase_create("peer");
	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_set_timeout(t, 60);
	tcase_add_test(t, forked_peer);
	tcase_add_test(t, commanded_peer);
	tcase_add_loop_test(t, end_of_file_comes_to_each, 0, 2);
	tcase_add_test(t, forked_peer_has_only_its_own_fds_and_inherited_ones);
	tcase_add_test(t, some_fds_kept);
	tcase_add_test(t, commanded_peer_has_only_its_own_fds_and_inherited_ones);
	tcase_add_test(t, commanded_peer_is_in_the_state_of_the_start);
	tcase_add_test(t, no_more_fds);
	tcase_add_test(t, no_more_processes);
	suite_add_tcase(s, t);
	return s;
}
