/* SPDX-License-Identifier: MIT
 *
 * gate: may something be started now, and if not, when is it time to ask again? --delay, --rate, --max-load and
 * --memfree are conditions that must all hold. Knows times and readings; sets no timer and starts nothing.
 *
 * Life cycle: gate_open; then gate_wait before each start and gate_pass after it, with the same clock. Nothing is to be
 * closed.
 */
#ifndef POOL_GATE_H
#define POOL_GATE_H

#include <stdbool.h>
#include <stdint.h>

/* How far --rate may run ahead of its even pace, to make up for timers that come late. */
#define GATE_RATE_SLACK_NS UINT64_C(10000000)

struct gate_config {
	uint64_t delay_ns;       /* at least this between two starts; 0: no such condition, as below */
	uint64_t rate_ns;        /* on average at least this between two starts */
	double max_load;         /* the load average and what was started since it was read must be below this */
	uint64_t memfree_bytes;  /* so much memory must be available */
	bool quiet;              /* say nothing of long waits */
};

/* The generic cell rate algorithm (ITU-T I.371) as a virtual schedule: the next start is due `step_ns` after the last one
 * was, or now if that has passed, and may come `slack_ns` early. In any time T no more than
 * (T + slack) / step + 1 starts. */
struct pace {
	uint64_t step_ns; /* 0: no pace */
	uint64_t slack_ns;
	uint64_t due_ns;
};

/* How long to wait for the next start; 0: it may be now. */
uint64_t pace_wait(const struct pace *p, uint64_t now_ns);
void pace_pass(struct pace *p, uint64_t now_ns);

struct gate {
	struct gate_config config;
	const char *root;        /* borrowed; before the paths of /proc and /sys: "" */
	struct pace delay, rate;
	uint64_t read_ns;        /* when load and memory were last read */
	bool has_read;
	double load;
	uint64_t started;        /* since then */
	uint64_t available_bytes;
	uint64_t closed_ns;      /* since when there is too much load or too little memory; 0: there is not */
	bool has_told;           /* that this has been so for long */
};

/* Is there any condition at all? */
bool gate_is_wanted(const struct gate_config *config);

void gate_open(struct gate *g, const struct gate_config *config);

/* Nanoseconds until something may be started or until it is worth asking again; 0: it may be started now. Load and
 * memory are read at most once a second. Warns, once, when they have been in the way for a minute, and when they cannot
 * be read: the condition is dropped then. */
uint64_t gate_wait(struct gate *g, uint64_t now_ns);

/* Something has been started. */
void gate_pass(struct gate *g, uint64_t now_ns);

#endif
