/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "pool/retry.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/xalloc.h"

struct retry_entry {
	struct timer timer;
	struct retry *retry;
	struct task *task; /* owned hold */
	struct retry_entry *next, *prev;
};

/* By squaring: there may be a million attempts. Infinity is as good as any large number. */
static double power(double base, unsigned n)
{
	double result = 1;
	for (; n > 0; n >>= 1, base *= base)
		if (n & 1)
			result *= base;
	return result;
}

uint64_t retry_wait_ns(const struct retry_policy *policy, unsigned attempt, double random)
{
	uint64_t most = policy->delay_ns > RETRY_WAIT_MAX_NS ? policy->delay_ns : RETRY_WAIT_MAX_NS;
	if (policy->delay_ns == 0)
		return 0;
	double wait = (double)policy->delay_ns * power(policy->factor, attempt - 1);
	uint64_t whole = wait < (double)most ? (uint64_t)wait : most;
	return whole - whole / 2 + (uint64_t)((double)(whole / 2) * random);
}

void retry_open(struct retry *r, const struct retry *init)
{
	uint64_t seed = clock_ns();
	*r = *init;
	for (int i = 0; i < 3; i++)
		r->random[i] = (unsigned short)(seed >> (16 * i));
}

static struct task *release(struct retry_entry *e)
{
	struct retry *r = e->retry;
	struct task *t = e->task;
	loop_cancel_timer(r->loop, &e->timer);
	*(e->prev ? &e->prev->next : &r->first) = e->next;
	if (e->next)
		e->next->prev = e->prev;
	r->count--;
	free(e);
	return t;
}

static void on_time(void *arg)
{
	struct retry_entry *e = arg;
	struct retry *r = e->retry;
	r->again(r->arg, release(e));
}

void retry_hold(struct retry *r, struct task *t)
{
	struct retry_entry *e = xcalloc(1, sizeof *e);
	*e = (struct retry_entry){.timer = {.fire = on_time, .arg = e}, .retry = r, .task = t, .next = r->first};
	if (r->first)
		r->first->prev = e;
	r->first = e;
	r->count++;
	loop_set_timer(r->loop, &e->timer, retry_wait_ns(&r->policy, t->attempt, erand48(r->random)));
}

struct task *retry_remove(struct retry *r, uint64_t seq)
{
	struct retry_entry *e = r->first;
	while (e && e->task->seq != seq)
		e = e->next;
	return e ? release(e) : NULL;
}

struct task *retry_take(struct retry *r)
{
	return r->first ? release(r->first) : NULL;
}
