/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "observe/pipes.h"

#include <errno.h>
#include <sys/epoll.h>

#include "base/fdio.h"

static void close_input(struct pipes *p)
{
	loop_unwatch(p->loop, &p->input_watch);
	fdio_close(&p->input_wfd);
}

/* A command need not read what it is given: its closing the pipe is no error. */
static void feed_input(void *arg, uint32_t events)
{
	struct pipes *p = arg;
	const char *bytes;
	ssize_t n;
	(void)events;
	while ((n = spool_peek(p->input, p->store, &bytes)) > 0) {
		ssize_t r = fdio_write(p->input_wfd, bytes, (size_t)n);
		if (r < 0 && errno == EAGAIN)
			return;
		if (r < 0)
			break;
		spool_drop(p->input, p->store, (size_t)r);
	}
	if (n < 0)
		p->error = errno;
	close_input(p);
}

static void keep(struct pipes *p, struct capture *from)
{
	spool_add(&p->kept[from->stream - 1], p->store, buf_head(&from->held), buf_len(&from->held));
	buf_reset(&from->held);
}

static void pause_reading(struct pipes *p)
{
	p->paused = true;
	loop_unwatch(p->loop, &p->out_watch);
	loop_unwatch(p->loop, &p->err_watch);
}

/* A pipe that says EPOLLIN has bytes, without it it has ended: so nothing is closed here that is still watched. */
static void read_output(struct pipes *p, struct capture *from, struct watch *watch, uint32_t events)
{
	if (events & EPOLLIN) {
		capture_read(from);
		keep(p, from);
	} else {
		loop_unwatch(p->loop, watch);
		capture_close(from);
	}
	if (store_full(p->store))
		pause_reading(p);
}

static void on_out(void *arg, uint32_t events)
{
	struct pipes *p = arg;
	read_output(p, &p->out, &p->out_watch, events);
}

static void on_err(void *arg, uint32_t events)
{
	struct pipes *p = arg;
	read_output(p, &p->err, &p->err_watch, events);
}

static void watch_output(struct pipes *p)
{
	if (p->out.rfd >= 0)
		loop_watch(p->loop, &p->out_watch, EPOLLIN);
	if (p->err.rfd >= 0)
		loop_watch(p->loop, &p->err_watch, EPOLLIN);
}

void pipes_init(struct pipes *p, struct loop *loop, struct store *store)
{
	*p = (struct pipes){.loop = loop, .store = store, .input_wfd = -1};
	p->out.rfd = p->out.wfd = p->err.rfd = p->err.wfd = -1;
}

int pipes_open(struct pipes *p, struct spool *input, bool captured, int *input_rfd)
{
	p->input = input;
	*input_rfd = -1;
	if (captured && (capture_open(&p->out, 1) < 0 || capture_open(&p->err, 2) < 0))
		return -1;
	if (input->len == 0)
		return 0;
	if (fdio_pipe(input_rfd, &p->input_wfd) < 0)
		return -1;
	return fdio_set_nonblocking(p->input_wfd);
}

void pipes_started(struct pipes *p)
{
	capture_started(&p->out);
	capture_started(&p->err);
	p->out_watch = (struct watch){.fd = p->out.rfd, .ready = on_out, .arg = p};
	p->err_watch = (struct watch){.fd = p->err.rfd, .ready = on_err, .arg = p};
	p->input_watch = (struct watch){.fd = p->input_wfd, .ready = feed_input, .arg = p};
	watch_output(p);
	if (p->input_wfd >= 0)
		loop_watch(p->loop, &p->input_watch, EPOLLOUT);
}

void pipes_resume(struct pipes *p)
{
	if (!p->paused || store_full(p->store))
		return;
	p->paused = false;
	watch_output(p);
}

static void drain(struct pipes *p, struct capture *from, struct watch *watch)
{
	if (from->rfd < 0)
		return;
	loop_unwatch(p->loop, watch);
	capture_drain(from);
	keep(p, from);
}

void pipes_drain(struct pipes *p)
{
	drain(p, &p->out, &p->out_watch);
	drain(p, &p->err, &p->err_watch);
}

void pipes_close(struct pipes *p)
{
	loop_unwatch(p->loop, &p->out_watch);
	loop_unwatch(p->loop, &p->err_watch);
	capture_close(&p->out);
	capture_close(&p->err);
	close_input(p);
	p->paused = false;
}

void pipes_clear(struct pipes *p)
{
	for (int s = 0; s < 2; s++)
		spool_clear(&p->kept[s], p->store);
	buf_clear(&p->out.held);
	buf_clear(&p->err.held);
}
