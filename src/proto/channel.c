/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "proto/channel.h"

#include <errno.h>

#include "base/fdio.h"

/* A completion is some 100 bytes, a piece of output up to 64 KiB: with thousands of workers the small
 * start counts, with large output the large end. */
enum { READ_LEN_MIN = 4096, READ_LEN_MAX = 256 * 1024 };

void channel_open(struct channel *c, int rfd, int wfd)
{
	*c = (struct channel){.rfd = rfd, .wfd = wfd, .read_len = READ_LEN_MIN};
	hello_encode(&c->out);
}

void channel_shut(struct channel *c)
{
	fdio_close(&c->wfd);
	buf_clear(&c->out);
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

size_t channel_pending(const struct channel *c)
{
	return buf_len(&c->out);
}

int channel_flush(struct channel *c)
{
	while (buf_len(&c->out) > 0) {
		ssize_t n = fdio_write(c->wfd, buf_head(&c->out), buf_len(&c->out));
		if (n < 0)
			return errno == EAGAIN ? 0 : -1;
		buf_drop(&c->out, (size_t)n);
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
