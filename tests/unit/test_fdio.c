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
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fdio.h"

Suite *fdio_suite(void);

static char dir[] = "/tmp/forkpool-fdio-XXXXXX";
static char fifo[sizeof dir + 8];
static void (*saved_sigpipe)(int);

static void set_io_size(const char *size)
{
	if (size)
		setenv("FORKPOOL_IO_SIZE", size, 1);
	else
		unsetenv("FORKPOOL_IO_SIZE");
	fdio_init();
}

static void set_up(void)
{
	strcpy(dir + sizeof dir - 7, "XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(dir));
	snprintf(fifo, sizeof fifo, "%s/fifo", dir);
	ck_assert_int_eq(mkfifo(fifo, 0600), 0);
	saved_sigpipe = signal(SIGPIPE, SIG_IGN);
}

static void tear_down(void)
{
	signal(SIGPIPE, saved_sigpipe);
	unlink(fifo);
	rmdir(dir);
}

static void make_pipe(int *rfd, int *wfd)
{
	ck_assert_int_eq(fdio_pipe(rfd, wfd), 0);
}

static void close_both(int fds[2])
{
	fdio_close(&fds[0]);
	fdio_close(&fds[1]);
}

/* Run in a child, which may close what it likes; it says what went wrong by its exit status. */
static void assert_child(int (*run)(void))
{
	int status;
	pid_t pid = fork();
	ck_assert_int_ge(pid, 0);
	if (pid == 0)
		_exit(run());
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
}

static int without_standard_fds(void)
{
	char c;
	int rfd, wfd;
	for (int fd = 0; fd < 3; fd++)
		close(fd);
	if (fdio_pipe(&rfd, &wfd) < 0 || rfd < 3 || wfd < 3)
		return 1;
	if (!(fcntl(rfd, F_GETFD) & FD_CLOEXEC) || !(fcntl(wfd, F_GETFD) & FD_CLOEXEC))
		return 2;
	if (fdio_fill_standard() < 0)
		return 3;
	for (int fd = 0; fd < 3; fd++) {
		if (fcntl(fd, F_GETFD) < 0)
			return 4;
	}
	if (read(0, &c, 1) >= 0 || errno != EBADF)
		return 5;
	for (int fd = 1; fd < 3; fd++) {
		if (write(fd, "x", 1) >= 0 || errno != EBADF)
			return 6;
	}
	return 0;
}

static int with_standard_fds(void)
{
	int fds[2];
	struct stat before, after;
	if (pipe(fds) < 0 || dup2(fds[1], 1) < 0 || fstat(1, &before) < 0)
		return 1;
	close(0);
	if (fdio_fill_standard() < 0 || fstat(1, &after) < 0)
		return 2;
	return before.st_ino == after.st_ino && before.st_dev == after.st_dev ? 0 : 3;
}

START_TEST(standard_fds)
{
	assert_child(without_standard_fds);
	assert_child(with_standard_fds);
}
END_TEST

START_TEST(close_makes_it_none)
{
	int fds[2];
	make_pipe(&fds[0], &fds[1]);
	int fd = fds[0];
	errno = EXDEV;
	fdio_close(&fds[0]);
	ck_assert_int_eq(fds[0], -1);
	ck_assert_int_eq(fcntl(fd, F_GETFD), -1);
	errno = EXDEV;
	fdio_close(&fds[0]);
	ck_assert_int_eq(errno, EXDEV);
	close_both(fds);
}
END_TEST

START_TEST(io_size_caps_every_call)
{
	const char *saved = getenv("FORKPOOL_IO_SIZE");
	char *saved_copy = saved ? strdup(saved) : NULL;
	char bytes[16];
	struct iovec iov[] = {{NULL, 0}, {(char[]){"abcdef"}, 6}, {(char[]){"gh"}, 2}};
	int fds[2];
	make_pipe(&fds[0], &fds[1]);
	set_io_size("4");
	ck_assert_int_eq(fdio_writev(fds[1], iov, 3), 4);
	ck_assert_int_eq(fdio_write(fds[1], "12345", 5), 4);
	ck_assert_int_eq(fdio_write_all(fds[1], "ijklm", 5), 0);
	ck_assert_int_eq(fdio_read(fds[0], bytes, sizeof bytes), 4);
	ck_assert_mem_eq(bytes, "abcd", 4);
	set_io_size("nonsense");
	ck_assert_int_eq(fdio_read(fds[0], bytes, sizeof bytes), 9);
	ck_assert_mem_eq(bytes, "1234ijklm", 9);
	ck_assert_int_eq(fdio_writev(fds[1], iov, 3), 8);
	set_io_size(saved_copy);
	free(saved_copy);
	close_both(fds);
}
END_TEST

static int alarm_fd;

static void on_alarm(int signal_number)
{
	(void)signal_number;
	if (write(alarm_fd, "x", 1) < 0)
		abort();
}

START_TEST(interrupted_call_goes_on)
{
	struct sigaction action = {.sa_handler = on_alarm}, saved;
	struct itimerval soon = {.it_value = {.tv_usec = 20000}};
	int fds[2];
	char c;
	make_pipe(&fds[0], &fds[1]);
	alarm_fd = fds[1];
	sigaction(SIGALRM, &action, &saved);
	setitimer(ITIMER_REAL, &soon, NULL);
	ck_assert_int_eq(fdio_read(fds[0], &c, 1), 1);
	sigaction(SIGALRM, &saved, NULL);
	close_both(fds);
}
END_TEST

START_TEST(sends_until_the_reader_is_gone)
{
	int fds[2];
	char got[6];
	signal(SIGPIPE, SIG_DFL);
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
	set_io_size("1");
	ck_assert_int_eq(fdio_send_all(fds[0], "bytes", 6), 0);
	set_io_size(NULL);
	ck_assert_int_eq(fdio_read(fds[1], got, 6), 6);
	ck_assert_str_eq(got, "bytes");
	fdio_close(&fds[1]);
	ck_assert_int_eq(fdio_send_all(fds[0], "bytes", 6), -1);
	ck_assert_int_eq(errno, EPIPE);
	fdio_close(&fds[0]);
}
END_TEST

START_TEST(plain_kinds)
{
	char path[sizeof dir + 8], c;
	struct stream s;
	snprintf(path, sizeof path, "%s/file", dir);
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	stream_open(&s, fd, O_RDONLY);
	ck_assert_int_eq(s.kind, STREAM_PLAIN);
	ck_assert_int_eq(s.fd, fd);
	ck_assert_int_eq(stream_read(&s, &c, 1), 0);
	struct iovec iov = {(char[]){"x"}, 1};
	ck_assert_int_eq(stream_writev(&s, &iov, 1), 1);
	stream_close(&s);
	ck_assert_int_eq(s.fd, -1);
	ck_assert_int_ge(fcntl(fd, F_GETFD), 0);
	close(fd);
	unlink(path);
	fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	stream_open(&s, fd, O_RDONLY);
	ck_assert_int_eq(s.kind, STREAM_PLAIN);
	stream_close(&s);
	close(fd);
	stream_open(&s, fd, O_RDONLY);
	ck_assert_int_eq(s.kind, STREAM_PLAIN);
	ck_assert_int_eq(stream_read(&s, &c, 1), -1);
	ck_assert_int_eq(errno, EBADF);
}
END_TEST

/* The two ends of a channel of each kind that may block, as streams that another may share. */
static void open_ends(enum stream_kind kind, int fds[2], struct stream *in, struct stream *out)
{
	if (kind == STREAM_SOCKET)
		ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
	else
		make_pipe(&fds[0], &fds[1]);
	stream_open(in, fds[0], O_RDONLY);
	stream_open(out, fds[1], O_WRONLY);
	if (kind == STREAM_SHARED) {
		stream_close(in);
		stream_close(out);
		*in = (struct stream){.fd = fds[0], .kind = kind};
		*out = (struct stream){.fd = fds[1], .kind = kind};
	}
	ck_assert_int_eq(in->kind, kind);
	ck_assert_int_eq(out->kind, kind);
}

START_TEST(never_blocks)
{
	enum stream_kind kind = (enum stream_kind)_i;
	static char bytes[100000], back[100000];
	struct iovec iov[2] = {{bytes, 50000}, {bytes + 50000, 50000}};
	struct stream in, out;
	int fds[2];
	open_ends(kind, fds, &in, &out);
	ck_assert_int_eq(stream_read(&in, back, sizeof back), -1);
	ck_assert_int_eq(errno, EAGAIN);
	size_t written = 0;
	ssize_t n;
	while ((n = stream_writev(&out, iov, 2)) > 0) {
		written += (size_t)n;
		if (kind == STREAM_SHARED)
			ck_assert_int_le(n, PIPE_BUF);
	}
	ck_assert_int_eq(n, -1);
	ck_assert_int_eq(errno, EAGAIN);
	ck_assert_int_eq(fcntl(fds[0], F_GETFL) & O_NONBLOCK, 0);
	ck_assert_int_eq(fcntl(fds[1], F_GETFL) & O_NONBLOCK, 0);
	fdio_close(&fds[1]);
	stream_close(&out);
	while ((n = stream_read(&in, back, sizeof back)) > 0)
		written -= (size_t)n;
	ck_assert_int_eq(n, 0);
	ck_assert_uint_eq(written, 0);
	stream_close(&in);
	close_both(fds);
}
END_TEST

START_TEST(reader_is_gone)
{
	struct iovec iov = {(char[]){"x"}, 1};
	struct stream in, out;
	int fds[2];
	/* A socket's write must not raise the signal even where it is not ignored. */
	if (_i == STREAM_SOCKET)
		signal(SIGPIPE, SIG_DFL);
	open_ends((enum stream_kind)_i, fds, &in, &out);
	stream_close(&in);
	fdio_close(&fds[0]);
	ck_assert_int_eq(stream_writev(&out, &iov, 1), -1);
	ck_assert_int_eq(errno, EPIPE);
	stream_close(&out);
	close_both(fds);
}
END_TEST

START_TEST(reader_was_gone_before)
{
	struct iovec iov = {(char[]){"x"}, 1};
	struct stream s;
	int rfd = open(fifo, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	int wfd = open(fifo, O_WRONLY | O_CLOEXEC);
	ck_assert_int_ge(wfd, 0);
	close(rfd);
	stream_open(&s, wfd, O_WRONLY);
	ck_assert_int_eq(s.kind, STREAM_SHARED);
	ck_assert_int_eq(stream_writev(&s, &iov, 1), -1);
	ck_assert_int_eq(errno, EPIPE);
	stream_close(&s);
	close(wfd);
}
END_TEST

START_TEST(terminal)
{
	struct stream s;
	char c;
	int master = posix_openpt(O_RDWR | O_NOCTTY);
	ck_assert_int_ge(master, 0);
	ck_assert_int_eq(grantpt(master), 0);
	ck_assert_int_eq(unlockpt(master), 0);
	int fd = open(ptsname(master), O_RDWR | O_NOCTTY);
	ck_assert_int_ge(fd, 0);
	stream_open(&s, fd, O_RDONLY);
	ck_assert_int_eq(s.kind, STREAM_OWN);
	ck_assert_int_ne(s.fd, fd);
	ck_assert_int_eq(fcntl(s.fd, F_GETFD), FD_CLOEXEC);
	ck_assert_int_eq(stream_read(&s, &c, 1), -1);
	ck_assert_int_eq(errno, EAGAIN);
	ck_assert_int_eq(fdio_write_all(master, "x\n", 2), 0);
	ck_assert_int_eq(stream_read(&s, &c, 1), 1);
	ck_assert_int_eq(c, 'x');
	stream_close(&s);
	close(fd);
	close(master);
}
END_TEST

START_TEST(set_nonblocking)
{
	char c;
	int fds[2];
	make_pipe(&fds[0], &fds[1]);
	ck_assert_int_eq(fdio_set_nonblocking(fds[0]), 0);
	ck_assert_int_eq(fdio_read(fds[0], &c, 1), -1);
	ck_assert_int_eq(errno, EAGAIN);
	close_both(fds);
	ck_assert_int_eq(fdio_set_nonblocking(-1), -1);
}
END_TEST

Suite *fdio_suite(void)
{
	Suite *s = suite_create("fdio");
	TCase *t = tcase_create("fdio");
	tcase_add_unchecked_fixture(t, fdio_init, NULL);
	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_set_timeout(t, 60);
	tcase_add_test(t, standard_fds);
	tcase_add_test(t, close_makes_it_none);
	tcase_add_test(t, io_size_caps_every_call);
	tcase_add_test(t, interrupted_call_goes_on);
	tcase_add_test(t, sends_until_the_reader_is_gone);
	tcase_add_test(t, plain_kinds);
	tcase_add_loop_test(t, never_blocks, STREAM_OWN, STREAM_SHARED + 1);
	tcase_add_loop_test(t, reader_is_gone, STREAM_OWN, STREAM_SHARED + 1);
	tcase_add_test(t, reader_was_gone_before);
	tcase_add_test(t, terminal);
	tcase_add_test(t, set_nonblocking);
	suite_add_tcase(s, t);
	return s;
}
