/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "proto/channel.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/fdio.h"
#include "base/report.h"

/* A completion is some 100 bytes, a piece of output up to 64 KiB: with thousands of workers the small
 * start counts, with large output the large end. */
enum { READ_LEN_MIN = 4096, READ_LEN_MAX = 256 * 1024 };

void channel_open(struct channel *c, int rfd, int wfd)
{
	*c = (struct channel){.rfd = rfd, .wfd = wfd, .read_len = READ_LEN_MIN, .pass_rfd = -1, .pass_wfd = -1};
	hello_encode(&c->out);
}

void channel_shut(struct channel *c)
{
	fdio_close(&c->wfd);
	fdio_close(&c->pass_rfd);
	fdio_close(&c->pass_wfd);
	buf_clear(&c->out);
	c->pass_left = 0;
}

void channel_close(struct channel *c)
{
	channel_shut(c);
	fdio_close(&c->rfd);
	buf_clear(&c->in);
}

void channel_put(struct channel *c, const struct msg *m)
{
	if (c->wfd >= 0)
		msg_encode(&c->out, m);
}

void channel_note(struct channel *c, uint8_t flags, const char *fmt, ...)
{
	char text[REPORT_LINE_MAX];
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	channel_put(c, &(struct msg){.type = MSG_NOTE, .u.note = {.flags = flags, .text = {text, strlen(text)}}});
}

size_t channel_pending(const struct channel *c)
{
	return buf_len(&c->out) + c->pass_left;
}

/* One that was opened for appending cannot be spliced to. */
static bool is_pipe(int fd)
{
	int flags = fcntl(fd, F_GETFL);
	return flags >= 0 && !(flags & O_APPEND) && fdio_widen(fd);
}

bool channel_may_pass(struct channel *c)
{
	if (c->pass_rfd >= 0)
		return true;
	return is_pipe(c->wfd) && fdio_pipe(&c->pass_rfd, &c->pass_wfd) == 0 && fdio_widen(c->pass_wfd);
}

/* By way of a pipe of our own: what has been announced must not be read by anybody else, and a task can do that
 * with the pipe that it writes to. */
bool channel_pass(struct channel *c, const struct msg *m, int rfd, size_t most)
{
	if (channel_pending(c) > 0)
		bug("channel_pass: %zu bytes pending", channel_pending(c));
	for (ssize_t n; c->pass_left < most && (n = fdio_splice(rfd, c->pass_wfd, most - c->pass_left)) > 0; )
		c->pass_left += (size_t)n;
	if (c->pass_left == 0)
		return false;
	msg_encode_head(&c->out, m, c->pass_left);
	c->pass_at = buf_len(&c->out);
	return true;
}

static ssize_t write_out(struct channel *c)
{
	ssize_t n = fdio_write(c->wfd, buf_head(&c->out), c->pass_left > 0 ? c->pass_at : buf_len(&c->out));
	if (n < 0)
		return -1;
	buf_drop(&c->out, (size_t)n);
	c->pass_at -= c->pass_left > 0 ? (size_t)n : 0;
	return n;
}

static ssize_t splice_out(struct channel *c)
{
	ssize_t n = fdio_splice(c->pass_rfd, c->wfd, c->pass_left);
	c->pass_left -= n > 0 ? (size_t)n : 0;
	if (n == 0)
		errno = EIO;
	return n > 0 ? n : -1;
}

int channel_flush(struct channel *c)
{
	while (channel_pending(c) > 0) {
		ssize_t n = c->pass_left > 0 && c->pass_at == 0 ? splice_out(c) : write_out(c);
		if (n < 0)
			return errno == EAGAIN ? 0 : -1;
	}
	return 0;
}

static void forget_taken(struct channel *c)
{
	buf_drop(&c->in, c->taken);
	c->taken = 0;
}

ssize_t channel_fill(struct channel *c)
{
	forget_taken(c);
	ssize_t n = fdio_read(c->rfd, buf_room(&c->in, c->read_len), c->read_len);
	if (n <= 0)
		return n;
	buf_grew(&c->in, (size_t)n);
	if ((size_t)n == c->read_len && c->read_len < READ_LEN_MAX)
		c->read_len *= 2;
	return n;
}

static int greet(struct channel *c)
{
	if (hello_check(buf_head(&c->in), buf_len(&c->in)) < 0)
		return -1;
	if (buf_len(&c->in) < HELLO_LEN)
		return 0;
	buf_drop(&c->in, HELLO_LEN);
	c->greeted = true;
	return 1;
}

int channel_next(struct channel *c, struct msg *m)
{
	forget_taken(c);
	if (!c->greeted) {
		int r = greet(c);
		if (r <= 0)
			return r;
	}
	long len = msg_decode(buf_head(&c->in), buf_len(&c->in), m);
	if (len <= 0)
		return (int)len;
	c->taken = (size_t)len;
	return 1;
}
