/* SPDX-License-Identifier: MIT */
#include <config.h>

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fdio.h"
#include "base/xalloc.h"
#include "process_help.h"
#include "proto/channel.h"

Suite *channel_suite(void);

static struct channel near, far;
static int fds_before;
static char *saved_io_size;
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
	int near_rfd, near_wfd, far_rfd, far_wfd;
	const char *size = getenv("FORKPOOL_IO_SIZE");
	saved_io_size = size ? xstrdup(size) : NULL;
	saved_sigpipe = signal(SIGPIPE, SIG_IGN);
	fds_before = open_fds();
	ck_assert_int_eq(fdio_pipe(&near_rfd, &far_wfd), 0);
	ck_assert_int_eq(fdio_pipe(&far_rfd, &near_wfd), 0);
	ck_assert_int_eq(fdio_set_nonblocking(near_wfd), 0);
	ck_assert_int_eq(fdio_set_nonblocking(far_wfd), 0);
	channel_open(&near, near_rfd, near_wfd);
	channel_open(&far, far_rfd, far_wfd);
}

static void tear_down(void)
{
	channel_close(&near);
	channel_close(&far);
	ck_assert_int_eq(open_fds(), fds_before);
	signal(SIGPIPE, saved_sigpipe);
	set_io_size(saved_io_size);
	free(saved_io_size);
}

static void put_revoke(struct channel *c, uint64_t seq)
{
	channel_put(c, &(struct msg){.type = MSG_REVOKE, .u.revoke.seq = seq});
}

static void put_failed(struct channel *c, const char *bytes, size_t n)
{
	channel_put(c, &(struct msg){.type = MSG_FAILED, .u.failed.reason = {bytes, n}});
}

/* The next message; it must have been sent. */
static void receive(struct channel *c, struct msg *m)
{
	int r;
	while ((r = channel_next(c, m)) == 0) {
		ck_assert(becomes_readable(c->rfd));
		ck_assert_int_gt(channel_fill(c), 0);
	}
	ck_assert_int_eq(r, 1);
}

static void expect_revoke(struct channel *c, uint64_t seq)
{
	struct msg m;
	receive(c, &m);
	ck_assert_int_eq(m.type, MSG_REVOKE);
	ck_assert_uint_eq(m.u.revoke.seq, seq);
}

/* All of it must fit the pipe. */
static void flush_all(struct channel *c)
{
	ck_assert_int_eq(channel_flush(c), 0);
	ck_assert_uint_eq(channel_pending(c), 0);
}

static const char *const io_sizes[] = {"1", "2", "7", "14", "4096", NULL};

START_TEST(many_messages_in_pieces_of_any_size)
{
	set_io_size(io_sizes[_i]);
	ck_assert_uint_eq(channel_pending(&near), HELLO_LEN);
	for (uint64_t seq = 1; seq <= 200; seq++)
		put_revoke(&near, seq);
	flush_all(&near);
	ck_assert(!far.greeted);
	for (uint64_t seq = 1; seq <= 200; seq++)
		expect_revoke(&far, seq);
	ck_assert(far.greeted);
	flush_all(&far);
	put_revoke(&far, 201);
	flush_all(&far);
	expect_revoke(&near, 201);
}
END_TEST

START_TEST(one_read_gives_all_that_is_there)
{
	struct msg m;
	set_io_size(NULL);
	for (uint64_t seq = 0; seq < 100; seq++)
		put_revoke(&near, seq);
	flush_all(&near);
	ck_assert_int_eq(channel_next(&far, &m), 0);
	ck_assert_int_eq(channel_fill(&far), HELLO_LEN + 100 * (FRAME_HEADER_LEN + 8));
	for (uint64_t seq = 0; seq < 100; seq++) {
		ck_assert_int_eq(channel_next(&far, &m), 1);
		ck_assert_uint_eq(m.u.revoke.seq, seq);
	}
	ck_assert_int_eq(channel_next(&far, &m), 0);
}
END_TEST

/* A message stays whole until the next call, whatever stands behind it. */
START_TEST(strings_stay_until_the_next_call)
{
	struct msg m;
	put_failed(&near, "first", 5);
	put_failed(&near, "second", 6);
	flush_all(&near);
	receive(&far, &m);
	put_revoke(&far, 1);
	ck_assert_int_eq(channel_flush(&far), 0);
	ck_assert_uint_eq(m.u.failed.reason.n, 5);
	ck_assert_mem_eq(m.u.failed.reason.p, "first", 5);
	receive(&far, &m);
	ck_assert_mem_eq(m.u.failed.reason.p, "second", 6);
}
END_TEST

/* What does not fit waits, and goes on when there is room. */
START_TEST(full_pipe)
{
	enum { N = 8, LEN = 9000 };
	char text[LEN];
	struct msg m;
	ck_assert_int_ge(fcntl(near.wfd, F_SETPIPE_SZ, 4096), 4096);
	for (int i = 0; i < N; i++) {
		memset(text, 'a' + i, LEN);
		put_failed(&near, text, LEN);
	}
	ck_assert_int_eq(channel_flush(&near), 0);
	size_t pending = channel_pending(&near);
	ck_assert_uint_gt(pending, 0);
	ck_assert_int_eq(channel_flush(&near), 0);
	ck_assert_uint_eq(channel_pending(&near), pending);

	for (int got = 0; got < N; ) {
		int r = channel_next(&far, &m);
		if (r == 0) {
			ck_assert_int_eq(channel_flush(&near), 0);
			ck_assert_int_gt(channel_fill(&far), 0);
			continue;
		}
		memset(text, 'a' + got++, LEN);
		ck_assert_uint_eq(m.u.failed.reason.n, LEN);
		ck_assert_mem_eq(m.u.failed.reason.p, text, LEN);
	}
	ck_assert_uint_eq(channel_pending(&near), 0);
}
END_TEST

/* The next message; the pipe has not taken all of it yet. */
static void receive_slowly(struct msg *m, enum msg_type type)
{
	while (channel_next(&far, m) == 0) {
		ck_assert_int_gt(channel_fill(&far), 0);
		ck_assert_int_eq(channel_flush(&near), 0);
	}
	ck_assert_int_eq(m->type, type);
}

/* What is passed on unread stands before what is put after it, however little goes at once; that its pipe is read or
 * closed meanwhile changes nothing. */
START_TEST(passed_on)
{
	enum { LEN = 50000 };
	static char text[LEN];
	static const struct msg head = {.type = MSG_OUTPUT, .u.output = {.seq = 7, .stream = 2}};
	struct msg m;
	int rfd, wfd;
	set_io_size(io_sizes[_i]);
	for (size_t i = 0; i < LEN; i++)
		text[i] = (char)(i * 2654435761 >> 13);
	ck_assert_int_eq(fdio_pipe(&rfd, &wfd), 0);
	ck_assert(channel_may_pass(&near));
	ck_assert_int_ge(fcntl(near.wfd, F_SETPIPE_SZ, 4096), 4096);
	flush_all(&near);
	ck_assert(!channel_pass(&near, &head, rfd, LEN));
	ck_assert_int_eq(fdio_write_all(wfd, text, LEN), 0);
	for (size_t passed = 0, n; passed < LEN; passed += n) {
		ck_assert(channel_pass(&near, &head, rfd, LEN - passed));
		n = near.pass_left;
		if (n == LEN - passed)
			fdio_close(&rfd);
		put_revoke(&near, passed);
		ck_assert_int_eq(channel_flush(&near), 0);
		ck_assert_uint_gt(channel_pending(&near), 0);
		receive_slowly(&m, MSG_OUTPUT);
		ck_assert_uint_eq(m.u.output.seq, 7);
		ck_assert_uint_eq(m.u.output.stream, 2);
		ck_assert_uint_eq(m.u.output.bytes.n, n);
		ck_assert_mem_eq(m.u.output.bytes.p, text + passed, n);
		receive_slowly(&m, MSG_REVOKE);
		ck_assert_uint_eq(m.u.revoke.seq, passed);
	}
	ck_assert_uint_eq(channel_pending(&near), 0);
	ck_assert_int_lt(rfd, 0);
	fdio_close(&wfd);
}
END_TEST

START_TEST(nothing_is_passed_to_what_is_no_pipe)
{
	int fd = open("/dev/null", O_WRONLY | O_CLOEXEC);
	fdio_close(&near.wfd);
	near.wfd = fd;
	ck_assert(!channel_may_pass(&near));
	ck_assert_int_lt(near.pass_rfd, 0);
}
END_TEST

START_TEST(longest_message)
{
	size_t n = FRAME_BODY_MAX - 4;
	char *text = xcalloc(1, n);
	struct msg m;
	set_io_size(NULL);
	put_failed(&near, text, n);
	while (channel_next(&far, &m) == 0) {
		ck_assert_int_eq(channel_flush(&near), 0);
		ck_assert_int_gt(channel_fill(&far), 0);
	}
	ck_assert_uint_eq(m.u.failed.reason.n, n);
	put_revoke(&near, 1);
	flush_all(&near);
	expect_revoke(&far, 1);
	free(text);
}
END_TEST

/* The end is seen behind all that was sent before; the other way stays open. */
START_TEST(shut)
{
	struct msg m;
	put_revoke(&near, 1);
	flush_all(&near);
	put_revoke(&near, 2);
	channel_shut(&near);
	put_revoke(&near, 3);
	ck_assert_uint_eq(channel_pending(&near), 0);
	ck_assert_int_eq(channel_flush(&near), 0);
	expect_revoke(&far, 1);
	ck_assert_int_eq(channel_fill(&far), 0);
	ck_assert_int_eq(channel_next(&far, &m), 0);
	ck_assert_int_eq(channel_fill(&far), 0);

	put_revoke(&far, 4);
	flush_all(&far);
	expect_revoke(&near, 4);
	channel_shut(&near);
}
END_TEST

/* The end in the middle of a hello or of a frame, at any byte. */
START_TEST(end_within_a_message)
{
	struct buf bytes = {0};
	struct msg m;
	hello_encode(&bytes);
	msg_encode(&bytes, &(struct msg){.type = MSG_REVOKE});
	ck_assert_int_eq(fdio_write_all(near.wfd, buf_head(&bytes), (size_t)_i), 0);
	channel_shut(&near);
	ssize_t n;
	while ((n = channel_fill(&far)) > 0)
		ck_assert_int_eq(channel_next(&far, &m), 0);
	ck_assert_int_eq(n, 0);
	ck_assert_int_eq(channel_next(&far, &m), 0);
	buf_clear(&bytes);
}
END_TEST

START_TEST(other_side_is_gone)
{
	flush_all(&near);
	channel_close(&far);
	put_revoke(&near, 1);
	ck_assert_int_eq(channel_flush(&near), -1);
	ck_assert_int_eq(errno, EPIPE);
	ck_assert_int_eq(channel_fill(&near), 0);
}
END_TEST

static const struct stranger {
	const char *bytes;
	size_t len;
	int error; /* 0: not enough to tell */
} strangers[] = {
	{"Welcome to the machine\n", 23, EPROTO},
	{"fkpool\0\3", 8, EPROTONOSUPPORT},
	{"sh: not", 7, EPROTO},
	{"f", 1, 0},
	{"fkpool", 6, 0},
	{"fkpool\1", 7, EPROTONOSUPPORT},
	{"fkpool\0\2\0\0\0\0\0", 13, EPROTO},
	{"fkpool\0\2\xff\xff\xff\xff\x01", 13, EPROTO},
};

START_TEST(something_else_came)
{
	const struct stranger *s = &strangers[_i];
	struct msg m;
	int r = 0;
	ck_assert_int_eq(fdio_write_all(near.wfd, s->bytes, s->len), 0);
	channel_shut(&near);
	while (r == 0 && channel_fill(&far) > 0)
		r = channel_next(&far, &m);
	ck_assert_int_eq(r, s->error ? -1 : 0);
	if (s->error)
		ck_assert_int_eq(errno, s->error);
	/* what came can be shown */
	if (!far.greeted)
		ck_assert_mem_eq(buf_head(&far.in), s->bytes, buf_len(&far.in));
}
END_TEST

START_TEST(read_error)
{
	ck_assert_int_eq(dup2(near.wfd, far.rfd), far.rfd);
	ck_assert_int_eq(channel_fill(&far), -1);
	ck_assert_int_eq(errno, EBADF);
}
END_TEST

Suite *channel_suite(void)
{
	Suite *s = suite_create("channel");
	TCase *t = tcase_create("channel");
	tcase_add_unchecked_fixture(t, fdio_init, NULL);
	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_set_timeout(t, 60);
	tcase_add_loop_test(t, many_messages_in_pieces_of_any_size, 0, ARRAY_LEN(io_sizes));
	tcase_add_test(t, one_read_gives_all_that_is_there);
	tcase_add_test(t, strings_stay_until_the_next_call);
	tcase_add_test(t, full_pipe);
	tcase_add_loop_test(t, passed_on, 0, ARRAY_LEN(io_sizes));
	tcase_add_test(t, nothing_is_passed_to_what_is_no_pipe);
	tcase_add_test(t, longest_message);
	tcase_add_test(t, shut);
	tcase_add_loop_test(t, end_within_a_message, 0, HELLO_LEN + FRAME_HEADER_LEN + 8);
	tcase_add_loop_test(t, something_else_came, 0, ARRAY_LEN(strangers));
	tcase_add_test(t, other_side_is_gone);
	tcase_add_test(t, read_error);
	suite_add_tcase(s, t);
	return s;
}
