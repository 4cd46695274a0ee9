/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "process/capture.h"

#include <errno.h>
#include <poll.h>

#include "base/fdio.h"

/* A process that outlives its task may write for ever: no pipe holds more than this by default. */
#define DRAIN_MAX ((size_t)1 << 20)

int capture_open(struct capture *c, uint8_t stream)
{
	c->stream = stream;
	c->wide = false;
	return fdio_pipe(&c->rfd, &c->wfd);
}

void capture_started(struct capture *c)
{
	fdio_close(&c->wfd);
}

void capture_close(struct capture *c)
{
	fdio_close(&c->rfd);
	fdio_close(&c->wfd);
}

void capture_read(struct capture *c)
{
	ssize_t n = fdio_read(c->rfd, buf_room(&c->held, CAPTURE_CHUNK), CAPTURE_CHUNK);
	if (n > 0)
		buf_grew(&c->held, (size_t)n);
	else if (n == 0 || errno != EAGAIN)
		fdio_close(&c->rfd);
}

void capture_widen(struct capture *c)
{
	c->wide = c->rfd >= 0 && fdio_widen(c->rfd);
}

size_t capture_waiting(const struct capture *c)
{
	int n = fdio_waiting(c->rfd);
	return n < 0 ? 0 : (size_t)n;
}

void capture_take(struct capture *c)
{
	size_t most = buf_len(&c->held) + DRAIN_MAX;
	struct pollfd p = {.fd = c->rfd, .events = POLLIN};
	while (c->rfd >= 0 && buf_len(&c->held) < most && poll(&p, 1, 0) > 0 && p.revents & POLLIN)
		capture_read(c);
}

void capture_drain(struct capture *c)
{
	capture_take(c);
	fdio_close(&c->rfd);
}
