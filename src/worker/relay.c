/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "worker/relay.h"

#include <poll.h>

/* Enough is waiting to be sent. */
#define OUT_MAX (4 * CAPTURE_CHUNK)

/* Less than this is read, and sent together with what comes next. */
#define PASS_MIN (CAPTURE_CHUNK / 2)

/* The pool puts each message together before it looks at it: what it needs for that counts for each worker. */
#define PASS_MAX (2 * CAPTURE_CHUNK)

/* A message must not be longer than FRAME_BODY_MAX. */
#define HELD_MAX ((size_t)2 << 20)

int relay_fd(const struct channel *channel, const struct capture *c)
{
	return channel_pending(channel) <= (c->wide ? 0 : OUT_MAX) ? c->rfd : -1;
}

int relay_held(struct channel *channel, uint64_t seq, struct capture *c)
{
	if (buf_len(&c->held) == 0)
		return 0;
	while (buf_len(&c->held) > 0) {
		size_t n = buf_len(&c->held) < HELD_MAX ? buf_len(&c->held) : HELD_MAX;
		channel_put(channel, &(struct msg){.type = MSG_OUTPUT, .u.output = {
			.seq = seq, .stream = c->stream, .bytes = {buf_head(&c->held), n}}});
		buf_drop(&c->held, n);
	}
	return channel_flush(channel);
}

/* 1: on its way, or waiting for that in its pipe; 0: not this time; -1 and errno. */
static int pass_on(struct channel *channel, uint64_t seq, struct capture *c)
{
	if (!c->wide || capture_waiting(c) < PASS_MIN)
		return 0;
	if (relay_held(channel, seq, c) < 0)
		return -1;
	if (channel_pending(channel) > 0)
		return 1;
	struct msg m = {.type = MSG_OUTPUT, .u.output = {.seq = seq, .stream = c->stream}};
	if (!channel_pass(channel, &m, c->rfd, PASS_MAX))
		return 0;
	return channel_flush(channel) < 0 ? -1 : 1;
}

int relay_read(struct channel *channel, uint64_t seq, struct capture *c, short revents)
{
	int passed = pass_on(channel, seq, c);
	if (passed != 0)
		return passed < 0 ? -1 : 0;
	if (revents & POLLIN)
		capture_read(c);
	else
		capture_close(c);
	if (buf_len(&c->held) < CAPTURE_CHUNK)
		return 0;
	if (!c->wide && channel_may_pass(channel))
		capture_widen(c);
	return relay_held(channel, seq, c);
}
