/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "dryrun.h"

#include "base/buf.h"
#include "base/fdio.h"
#include "base/report.h"
#include "base/wait.h"
#include "observe/verdict.h"

/* False: it was refused. */
static bool print(const struct task *t)
{
	if (t->refusal) {
		verdict_warn(t, 0, t->refusal);
		return false;
	}
	struct buf line = {0};
	command_print(&t->command, 1, &line);
	buf_addc(&line, '\n');
	if (fdio_write_all(1, buf_head(&line), buf_len(&line)) < 0)
		die_sys(EXIT_FORKPOOL, "cannot write standard output");
	buf_clear(&line);
	return true;
}

int dryrun(struct feed *feed)
{
	struct task *t;
	bool failed = false;
	for (enum feed_state s; (s = feed_next(feed, &t)) != FEED_END; ) {
		switch (s) {
		case FEED_TASK:
			failed |= !print(t);
			task_drop(t);
			break;
		case FEED_BLOCKED:
			wait_for_fds(&(struct pollfd){.fd = feed_fd(feed), .events = POLLIN}, 1, -1);
			break;
		case FEED_FAILED:
			die_msg(EXIT_FORKPOOL, "%s", feed_error(feed));
		case FEED_SKIPPED:
		case FEED_END:
			break;
		}
	}
	return failed ? EXIT_TASK_FAILED : EXIT_OK;
}
