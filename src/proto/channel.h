/* SPDX-License-Identifier: MIT
 *
 * channel: two fds and their buffers: messages in, messages out.
 *
 * `rfd` may block: it is read once after it is known to be readable. `wfd` must not block. EAGAIN
 * ends here. Life cycle: channel_open, then put, flush, fill and next at will, channel_close. Knows the
 * framing, not what a message asks for.
 */
#ifndef PROTO_CHANNEL_H
#define PROTO_CHANNEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/buf.h"
#include "proto/msg.h"

struct channel {
	int rfd, wfd; /* owned; -1 when closed */
	struct buf in, out;
	size_t taken;   /* bytes of `in` that the last message occupies */
	size_t read_len; /* how much to ask for: grows with what comes */
	bool greeted;   /* the other side's hello has been read */
	int pass_rfd, pass_wfd; /* owned; a pipe of bytes that go out unread; -1 until needed */
	size_t pass_at;         /* they go behind so many of `out`, before the rest */
	size_t pass_left;       /* so many are in it */
};

/* Take over both fds; the hello waits to be flushed. */
void channel_open(struct channel *c, int rfd, int wfd);

/* Close both fds and free the buffers. */
void channel_close(struct channel *c);

/* No more will be sent: the other side sees the end of its stream. */
void channel_shut(struct channel *c);

/* Queue a message. */
void channel_put(struct channel *c, const struct msg *m);

/* Queue a NOTE of no task, of what fits into a line. */
void channel_note(struct channel *c, uint8_t flags, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* Get ready for channel_pass. False: it cannot be done with these fds, or not now. */
bool channel_may_pass(struct channel *c);

/* Queue a message when none is pending; its last string is what the pipe `rfd` holds, up to `most` bytes of it, which
 * are moved and never copied. False: there was nothing. */
bool channel_pass(struct channel *c, const struct msg *m, int rfd, size_t most);

/* Write what is queued as far as it goes. 0: all of it, or the rest waits (channel_pending);
 * -1 and errno: the other side is gone. */
int channel_flush(struct channel *c);
size_t channel_pending(const struct channel *c);

/* One read. The number of bytes, 0 at the end of the stream, -1 and errno. */
ssize_t channel_fill(struct channel *c);

/* The next message that is complete: 1 and `m`, whose strings are borrowed until the next call of
 * channel_next or channel_fill; 0 if there is none; -1 and errno as of msg_decode and hello_check. */
int channel_next(struct channel *c, struct msg *m);

#endif
