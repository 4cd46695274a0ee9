/* SPDX-License-Identifier: MIT
 *
 * relay: the way of a command's output from its pipes into the channel.
 *
 * Little is held until it is worth a message, or is told together with the command's end. From a stream that
 * has proved large, what is in its pipe is passed on without being read. Knows neither the command nor why
 * anybody waits.
 */
#ifndef WORKER_RELAY_H
#define WORKER_RELAY_H

#include <stdint.h>

#include "process/capture.h"
#include "proto/channel.h"

/* The fd to wait for; -1 when enough is on its way, and what comes is to stay in its pipe. */
int relay_fd(const struct channel *channel, const struct capture *c);

/* poll(2) said `revents` of that fd: take what is there, and send it if it is much; close at the end of the stream.
 * -1 and errno: the other side of the channel is gone. */
int relay_read(struct channel *channel, uint64_t seq, struct capture *c, short revents);

/* Send what is held, if anything is. -1 and errno. */
int relay_held(struct channel *channel, uint64_t seq, struct capture *c);

#endif
