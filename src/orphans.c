/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "orphans.h"

#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"
#include "process/kin.h"

#define ORPHANS_NS NS_PER_SEC /* to end what a dead worker has left */

static bool is_in(const struct buf *pids, pid_t pid)
{
	const pid_t *p = (const void *)buf_head(pids);
	for (size_t i = 0; i < buf_len(pids) / sizeof *p; i++)
		if (p[i] == pid)
			return true;
	return false;
}

/* Workers and guards are waited for by their owners. What we were born with is not ours to touch, nor is what
 * that leaves behind; those can be told from our own by the environment only. */
static bool is_not_ours(const void *arg, pid_t pid)
{
	const struct orphans *o = arg;
	if (pool_owns(o->pool, pid) || callback_owns(o->callback, pid) || is_in(&o->born, pid))
		return true;
	return buf_len(&o->born) > 0 && !kin_started_with(pid, o->tag);
}

static bool is_spared(const void *arg, pid_t pid)
{
	const struct orphans *o = arg;
	return is_in(&o->left, pid) || is_not_ours(arg, pid);
}

/* With --leave, what a worker or a guard handed over by ending may stay, until it ends by itself. */
void orphans_end(struct orphans *o)
{
	bool inherited = o->pool->heirs || o->callback->ended;
	if (o->leave && (inherited || o->child_died)) {
		kin_reap(is_not_ours, o);
		buf_reset(&o->left);
		kin_children(&o->left);
	}
	if (o->pool->orphans || (inherited && !o->leave))
		kin_end(is_spared, o, ORPHANS_NS);
	o->pool->heirs = o->pool->orphans = o->callback->ended = o->child_died = false;
}

int orphans_open(struct orphans *o, struct pool *pool, struct callback *callback, bool leave)
{
	*o = (struct orphans){.pool = pool, .callback = callback, .leave = leave};
	snprintf(o->tag, sizeof o->tag, "FORKPOOL_PID=%d", (int)getpid());
	if (kin_init() < 0)
		return -1;
	kin_children(&o->born);
	return 0;
}

void orphans_close(struct orphans *o)
{
	o->pool->orphans = true;
	orphans_end(o);
	buf_clear(&o->born);
	buf_clear(&o->left);
}
