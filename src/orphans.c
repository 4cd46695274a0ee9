/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "orphans.h"

#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/report.h"
#include "process/kin.h"

#define ORPHANS_NS NS_PER_SEC /* to end what a dead worker has left */

/* Workers and guards are waited for by their owners. What we were born with is not ours to touch, nor is what
 * that leaves behind, while it lives; those can be told from our own by the environment only. The dead are
 * nobody else's to reap; and one of ours that dies meanwhile has handed over what it leaves: another sweep. */
static bool is_not_ours(const void *arg, pid_t pid)
{
	const struct orphans *o = arg;
	if (pool_owns(o->pool, pid) || callback_owns(o->callback, pid) || kin_has(&o->born, pid))
		return true;
	return buf_len(&o->born) > 0 && !kin_started_with(pid, o->tag) && !kin_is_dead(pid);
}

static bool is_spared(const void *arg, pid_t pid)
{
	const struct orphans *o = arg;
	return kin_has(&o->left, pid) || is_not_ours(arg, pid);
}

/* What cannot be ended is named, once, and left. */
static void end_and_name(struct orphans *o)
{
	struct buf escaped = {0};
	kin_end(is_spared, o, ORPHANS_NS, &escaped);
	if (buf_len(&escaped) > 0) {
		warn_msg("these processes cannot be ended and are left:%.*s", (int)buf_len(&escaped), buf_head(&escaped));
		buf_reset(&o->left);
		kin_children(&o->left);
	}
	buf_clear(&escaped);
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
		end_and_name(o);
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
