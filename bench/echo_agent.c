/* SPDX-License-Identifier: MIT
 *
 * echo_agent: what dispatching tasks costs forkpool itself. A worker that runs nothing: the output of a task is its last
 * word, and there at once.
 *
 * usage: seq 1000000 | FORKPOOL_AHEAD=1000 forkpool --via 'exec echo_agent' x {} >/dev/null
 */
#include <config.h>

#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "proto/channel.h"

static struct channel channel;

static void answer_task(const struct msg *m)
{
	static struct buf out;
	struct bytes words = m->u.task.words;
	const char *last = memrchr(words.p, '\0', words.n - 1);
	last = last ? last + 1 : words.p;
	buf_reset(&out);
	buf_adds(&out, last);
	buf_addc(&out, '\n');
	channel_put(&channel, &(struct msg){.type = MSG_DONE, .u.done = {
		.seq = m->u.task.seq, .pid = 1, .runtime_ns = 1, .out = bytes_in(&out), .err = {"", 0}}});
}

static int answer(const struct msg *m)
{
	if (m->type == MSG_SETUP)
		channel_put(&channel, &(struct msg){.type = MSG_READY, .u.ready = {.pid = 1, .host = {"", 0}}});
	else if (m->type == MSG_TASK)
		answer_task(m);
	else if (m->type == MSG_REVOKE)
		channel_put(&channel, &(struct msg){.type = MSG_STARTED, .u.started.seq = m->u.revoke.seq});
	return channel_flush(&channel);
}

int main(void)
{
	struct msg m;
	int r = 0;
	channel_open(&channel, STDIN_FILENO, STDOUT_FILENO);
	while (r == 0 && channel_flush(&channel) == 0 && channel_fill(&channel) > 0)
		while ((r = channel_next(&channel, &m)) > 0)
			if (answer(&m) < 0)
				return 1;
	return r < 0;
}
