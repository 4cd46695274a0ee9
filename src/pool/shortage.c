/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "pool/shortage.h"

#include <errno.h>

/* Failures come in bursts: only the first after a try is news about how long to wait. */
void shortage_met(struct shortage *s, int error, size_t busy)
{
	if (s->cap == 0)
		s->pause_ns = SHORTAGE_PAUSE_NS;
	else if (s->tried && s->pause_ns < SHORTAGE_PAUSE_MAX_NS)
		s->pause_ns *= 2;
	s->tried = false;
	s->error = error;
	s->cap = busy > 0 ? busy : 1;
	s->resting = busy == 0;
}

void shortage_eased(struct shortage *s)
{
	s->resting = false;
}

bool shortage_retry(struct shortage *s, size_t workers, size_t wanted)
{
	if (s->tried && s->cap >= wanted) {
		*s = (struct shortage){0};
		return false;
	}
	if (s->tried && s->pause_ns > SHORTAGE_PAUSE_NS)
		s->pause_ns /= 2;
	s->idle_ns = s->resting ? s->idle_ns + s->pause_ns : 0;
	if (!s->resting)
		s->cap = workers + workers / 2 + 1;
	s->resting = false;
	s->tried = true;
	return true;
}

const char *shortage_remedy(int error)
{
	switch (error) {
	case EAGAIN:
		return "raise ulimit -u or the cgroup's pids.max, or end other processes";
	case EMFILE:
		return "raise ulimit -n";
	case ENFILE:
		return "raise fs.file-max, or end other processes";
	default:
		return "raise ulimit -v or the cgroup's memory.max, or end other processes";
	}
}
