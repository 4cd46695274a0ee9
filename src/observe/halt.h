/* SPDX-License-Identifier: MIT
 *
 * halt: counts how tasks end, and says when it is time to stop the run (--halt). Stopping is run.c's.
 *
 * Life cycle: halt_open; events; halt_all_known when all tasks have come, since a share of them can be told only then.
 */
#ifndef OBSERVE_HALT_H
#define OBSERVE_HALT_H

#include <stdbool.h>
#include <stdint.h>

#include "pool/observer.h"
#include "pool/pool.h"

enum halt_why { HALT_FAIL, HALT_SUCCESS, HALT_DONE };

struct halt_rule {
	enum pool_stop how; /* POOL_RUNS: never */
	enum halt_why why;
	uint64_t limit;     /* so many tasks, at least 1; or a share of all, 1 to 100 */
	bool percent;
};

struct halt {
	struct observer observer; /* first: events come in through it */
	struct halt_rule rule;
	uint64_t tasks;           /* that have come to the pool */
	uint64_t counted;         /* that ended as the rule says; those that forkpool stopped never count */
	bool all_known;           /* no more tasks will come */
	enum pool_stop tripped;   /* POOL_RUNS until the limit is reached */
};

/* "never", "now|soon,fail|success|done=N|N%", or a short form: 0 never, 1 soon,fail=1, 2 now,fail=1,
 * -1 soon,success=1, -2 now,success=1, N% soon,fail=N% (GNU parallel, --halt). -1 and errno: EINVAL; EDOM for a limit
 * of 0; ERANGE for one that is too high. */
int halt_parse(const char *text, struct halt_rule *out);

void halt_open(struct halt *h, const struct halt_rule *rule);
void halt_all_known(struct halt *h);

#endif
