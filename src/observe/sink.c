/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "observe/sink.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/epoll.h>

/* Up to here gathering costs less than a system call of its own. */
enum { SMALL = 16 * 1024, GATHER_MAX = 64 * 1024 };

void sink_open(struct sink *s, int fd, struct loop *loop, void (*ready)(void *arg, uint32_t events), void *arg)
{
	*s = (struct sink){.loop = loop};
	stream_open(&s->stream, fd, O_WRONLY);
	s->watch = (struct watch){.fd = s->stream.fd, .ready = ready, .arg = arg};
}

void sink_close(struct sink *s)
{
	loop_unwatch(s->loop, &s->watch);
	stream_close(&s->stream);
	buf_clear(&s->gathered);
}

void sink_try_again(struct sink *s)
{
	s->stuck = false;
	loop_unwatch(s->loop, &s->watch);
}

static void fail(struct sink *s, int error)
{
	s->error = error;
	sink_try_again(s);
	buf_reset(&s->gathered);
}

/* What the reader takes now. */
static size_t write_now(struct sink *s, const char *bytes, size_t n)
{
	struct iovec iov = {.iov_base = (char *)bytes, .iov_len = n};
	ssize_t r = stream_writev(&s->stream, &iov, 1);
	if (r >= 0) {
		s->written += (uint64_t)r;
		return (size_t)r;
	}
	if (errno != EAGAIN) {
		fail(s, errno);
		return n;
	}
	s->stuck = loop_watch(s->loop, &s->watch, EPOLLOUT) == 0;
	if (!s->stuck)
		fail(s, errno);
	return 0;
}

bool sink_flush(struct sink *s)
{
	while (buf_len(&s->gathered) > 0 && !s->stuck) {
		size_t n = write_now(s, buf_head(&s->gathered), buf_len(&s->gathered));
		if (!s->error)
			buf_drop(&s->gathered, n);
	}
	return !s->stuck;
}

void sink_put_whole(struct sink *s, const char *bytes, size_t n)
{
	if (s->error || n == 0)
		return;
	buf_add(&s->gathered, bytes, n);
	s->accepted += n;
	s->mid_line = bytes[n - 1] != '\n';
}

int sink_file(struct sink *s)
{
	return s->stream.kind == STREAM_PLAIN && sink_flush(s) && !s->error ? s->stream.fd : -1;
}

size_t sink_put(struct sink *s, const char *bytes, size_t n)
{
	if (s->error || n == 0)
		return n;
	bool small = n <= SMALL;
	if (s->stuck)
		return 0;
	if ((!small || buf_len(&s->gathered) > GATHER_MAX) && !sink_flush(s))
		return 0;
	if (small) {
		sink_put_whole(s, bytes, n);
		return n;
	}
	size_t taken = write_now(s, bytes, n);
	s->accepted += taken;
	if (taken > 0)
		s->mid_line = bytes[taken - 1] != '\n';
	return taken;
}
