/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "pool/gate.h"

#include "base/clock.h"
#include "base/cpus.h"
#include "base/memory.h"
#include "base/report.h"

#define READ_EVERY_NS NS_PER_SEC
#define TELL_AFTER_NS (60 * NS_PER_SEC)

uint64_t pace_wait(const struct pace *p, uint64_t now_ns)
{
	uint64_t earliest = p->due_ns > p->slack_ns ? p->due_ns - p->slack_ns : 0;
	return earliest > now_ns ? earliest - now_ns : 0;
}

void pace_pass(struct pace *p, uint64_t now_ns)
{
	uint64_t from = p->due_ns > now_ns ? p->due_ns : now_ns;
	if (p->step_ns == 0)
		return;
	if (__builtin_add_overflow(from, p->step_ns, &p->due_ns))
		p->due_ns = UINT64_MAX;
}

bool gate_is_wanted(const struct gate_config *c)
{
	return c->delay_ns || c->rate_ns || c->max_load > 0 || c->memfree_bytes;
}

void gate_open(struct gate *g, const struct gate_config *config)
{
	*g = (struct gate){.config = *config, .root = "", .delay.step_ns = config->delay_ns,
			   .rate = {.step_ns = config->rate_ns, .slack_ns = GATE_RATE_SLACK_NS}};
}

/* Where something cannot be read it is better to run than to wait for ever. */
static void read_system(struct gate *g, uint64_t now_ns)
{
	g->has_read = true;
	g->read_ns = now_ns;
	g->started = 0;
	if (g->config.max_load > 0 && cpus_load(g->root, &g->load) < 0) {
		warn_msg("cannot read the load from /proc/loadavg; going on without --max-load");
		g->config.max_load = 0;
	}
	if (g->config.memfree_bytes && memory_available(g->root, &g->available_bytes) < 0) {
		warn_msg("cannot read the available memory from /proc/meminfo; going on without --memfree");
		g->config.memfree_bytes = 0;
	}
}

static bool is_overloaded(const struct gate *g)
{
	return g->config.max_load > 0 && g->load + (double)g->started >= g->config.max_load;
}

static bool is_short_of_memory(const struct gate *g)
{
	return g->config.memfree_bytes && g->available_bytes < g->config.memfree_bytes;
}

static void tell(struct gate *g)
{
	g->has_told = true;
	if (g->config.quiet)
		return;
	if (is_overloaded(g))
		warn_msg("nothing was started for a minute: the load is %.2f, --max-load allows %.2f; waiting on", g->load,
			 g->config.max_load);
	else
		warn_msg("nothing was started for a minute: %.0f MiB of memory are available, --memfree wants %.0f MiB; waiting on",
			 (double)g->available_bytes / 1048576, (double)g->config.memfree_bytes / 1048576);
}

/* Load and memory; like gate_wait. */
static uint64_t system_wait(struct gate *g, uint64_t now_ns)
{
	if (g->config.max_load <= 0 && !g->config.memfree_bytes)
		return 0;
	if (!g->has_read || now_ns - g->read_ns >= READ_EVERY_NS)
		read_system(g, now_ns);
	if (!is_overloaded(g) && !is_short_of_memory(g)) {
		g->closed_ns = 0;
		return 0;
	}
	if (g->closed_ns == 0)
		g->closed_ns = now_ns;
	if (!g->has_told && now_ns - g->closed_ns >= TELL_AFTER_NS)
		tell(g);
	return g->read_ns + READ_EVERY_NS - now_ns;
}

/* The paces first: while they forbid a start nothing need be read. */
uint64_t gate_wait(struct gate *g, uint64_t now_ns)
{
	uint64_t delay = pace_wait(&g->delay, now_ns), rate = pace_wait(&g->rate, now_ns);
	uint64_t wait = delay > rate ? delay : rate;
	return wait ? wait : system_wait(g, now_ns);
}

void gate_pass(struct gate *g, uint64_t now_ns)
{
	pace_pass(&g->delay, now_ns);
	pace_pass(&g->rate, now_ns);
	g->started++;
}
