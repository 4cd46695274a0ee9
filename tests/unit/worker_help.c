/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "worker_help.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fdio.h"
#include "process/fds.h"
#include "process/kin.h"
#include "process_help.h"
#include "transport/peer.h"
#include "worker/worker.h"

struct spawn_origin worker_origin;
struct channel channel;
pid_t worker;
int (*in_worker)(void);
int marks_fd;
int alive_fd, go_fd, ready_fd, never_fd;
struct buf output[3];
unsigned output_frames;

static struct buf environment;
static int fds_before;

static int open_fifo(const char *name, int flags)
{
	const char *path = in_dir(name);
	ck_assert_int_eq(mkfifo(path, 0600), 0);
	int fd = open(path, flags | O_CLOEXEC);
	ck_assert_int_ge(fd, 0);
	return fd;
}

void worker_help_set_up(void)
{
	fds_before = open_fds();
	worker_origin = (struct spawn_origin){0};
	in_worker = NULL;
	marks_fd = -1;
	channel = (struct channel){.rfd = -1, .wfd = -1, .pass_rfd = -1, .pass_wfd = -1};
	fds_init();
	peer_init(&worker_origin);
	ck_assert_int_eq(kin_init(), 0);
	make_dir();
	alive_fd = open_fifo("alive", O_RDONLY | O_NONBLOCK);
	go_fd = open_fifo("go", O_RDWR);
	ready_fd = open_fifo("ready", O_RDWR);
	never_fd = open_fifo("never", O_RDWR);
	buf_addf(&environment, "D=%s%cX=1", in_dir(""), '\0');
	buf_addc(&environment, '\0');
}

static int serve(int rfd, int wfd, void *arg)
{
	if (in_worker && in_worker() != 0)
		return 100;
	return worker_serve(rfd, wfd, *(pid_t *)arg, &worker_origin, marks_fd);
}

void start_worker(void)
{
	pid_t self = getpid();
	struct peer peer;
	ck_assert_int_eq(peer_fork(&peer, serve, &self, NULL), 0);
	channel_open(&channel, peer.rfd, peer.wfd);
	worker = peer.pid;
}

void expect_end(int status)
{
	ssize_t n;
	do {
		ck_assert_msg(becomes_readable(channel.rfd), "the worker does not end");
		n = channel_fill(&channel);
		buf_reset(&channel.in);
	} while (n > 0);
	ck_assert_int_eq(n, 0);
	ck_assert_int_eq(status_of(worker), status);
	worker = 0;
}

void end_worker(void)
{
	channel_shut(&channel);
	expect_end(0);
}

void worker_help_tear_down(void)
{
	if (worker)
		end_worker();
	channel_close(&channel);
	fdio_close(&alive_fd);
	fdio_close(&go_fd);
	fdio_close(&ready_fd);
	fdio_close(&never_fd);
	buf_clear(&environment);
	buf_clear(&output[1]);
	buf_clear(&output[2]);
	remove_dir();
	ck_assert(is_childless());
	ck_assert_int_eq(prctl(PR_SET_CHILD_SUBREAPER, 0), 0);
	ck_assert_int_eq(open_fds(), fds_before);
}

/* Talking to it. */

void send_msg(const struct msg *m)
{
	channel_put(&channel, m);
	ck_assert_int_eq(channel_flush(&channel), 0);
	ck_assert_uint_eq(channel_pending(&channel), 0);
}

static struct bytes bytes_of(const char *text)
{
	return (struct bytes){text, strlen(text)};
}

void send_setup(uint8_t flags, int niceness, const char *initializer)
{
	send_msg(&(struct msg){MSG_SETUP, {.setup = {
		.flags = flags, .env = {buf_head(&environment), buf_len(&environment)},
		.niceness = (uint32_t)niceness, .initializer = bytes_of(initializer)}}});
}

void start_coworker(const char *command)
{
	start_worker();
	send_msg(&(struct msg){MSG_SETUP, {.setup = {
		.flags = SETUP_CAPTURE, .env = {buf_head(&environment), buf_len(&environment)}, .initializer = bytes_of(""),
		.worker_command = bytes_of(command)}}});
	expect(MSG_READY);
}

struct msg task_of(uint64_t seq, uint8_t flags, const char *words, size_t len)
{
	uint32_t n = 0;
	for (size_t i = 0; i < len; i++)
		n += words[i] == '\0';
	return (struct msg){MSG_TASK, {.task = {
		.seq = seq, .attempt = 3, .slot = 5, .flags = flags, .n_words = n, .words = {words, len}}}};
}

void send_task(uint64_t seq, const char *text)
{
	struct msg m = task_of(seq, TASK_SHELL, text, strlen(text) + 1);
	send_msg(&m);
}

void send_signal(uint64_t seq, int signo)
{
	send_msg(&(struct msg){MSG_SIGNAL, {.signal = {.seq = seq, .signo = (uint32_t)signo}}});
}

void send_revoke(uint64_t seq)
{
	send_msg(&(struct msg){MSG_REVOKE, {.revoke = {.seq = seq}}});
}

const struct msg *receive(void)
{
	static struct msg m;
	int r;
	while ((r = channel_next(&channel, &m)) == 0) {
		ck_assert_msg(becomes_readable(channel.rfd), "the worker says nothing");
		ck_assert_int_gt(channel_fill(&channel), 0);
	}
	ck_assert_int_eq(r, 1);
	return m.type == MSG_NOTE && m.u.note.flags & NOTE_REMARK ? receive() : &m;
}

const struct msg *expect(enum msg_type type)
{
	const struct msg *m = receive();
	ck_assert_str_eq(msg_name(m->type), msg_name(type));
	return m;
}

void expect_revoked(uint64_t seq)
{
	ck_assert_uint_eq(expect(MSG_REVOKED)->u.revoked.seq, seq);
}

void expect_started(uint64_t seq)
{
	ck_assert_uint_eq(expect(MSG_STARTED)->u.started.seq, seq);
}

void take_output(const struct msg *m, uint64_t seq)
{
	ck_assert_str_eq(msg_name(m->type), "OUTPUT");
	ck_assert_uint_eq(m->u.output.seq, seq);
	ck_assert(m->u.output.stream == 1 || m->u.output.stream == 2);
	ck_assert_uint_gt(m->u.output.bytes.n, 0);
	buf_add(&output[m->u.output.stream], m->u.output.bytes.p, m->u.output.bytes.n);
	output_frames++;
}

const struct msg *expect_done(uint64_t seq, enum outcome_kind kind, int code)
{
	const struct msg *m;
	output_frames = 0;
	buf_reset(&output[1]);
	buf_reset(&output[2]);
	while ((m = receive())->type != MSG_DONE)
		take_output(m, seq);
	ck_assert_uint_eq(m->u.done.seq, seq);
	ck_assert_str_eq(outcome_name((enum outcome_kind)m->u.done.kind), outcome_name(kind));
	ck_assert_int_eq((int)m->u.done.code, code);
	buf_add(&output[1], m->u.done.out.p, m->u.done.out.n);
	buf_add(&output[2], m->u.done.err.p, m->u.done.err.n);
	return m;
}

void assert_output(int stream, const char *expected)
{
	buf_addc(&output[stream], '\0');
	ck_assert_str_eq(buf_head(&output[stream]), expected);
	buf_cut(&output[stream], buf_len(&output[stream]) - 1);
}

void start_ready_worker(uint8_t flags)
{
	start_worker();
	send_setup(flags, 0, "");
	expect(MSG_READY);
}

/* FIFOs. */

void release(int fd)
{
	ck_assert_int_eq(write(fd, "\n", 1), 1);
}

void wait_until_alive(void)
{
	char c;
	ck_assert(becomes_readable(alive_fd));
	ck_assert_int_eq(read(alive_fd, &c, 1), 1);
}

bool is_somebody_alive(void)
{
	char c;
	return read(alive_fd, &c, 1) < 0 && errno == EAGAIN;
}

void wait_until_all_are_gone(void)
{
	ck_assert_msg(becomes_readable(alive_fd), "something lives on");
	ck_assert(!is_somebody_alive());
}

void start_stubborn_task(void)
{
	send_task(1, STUBBORN);
	wait_until_alive();
	wait_until_alive();
}
