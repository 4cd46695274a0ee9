/* SPDX-License-Identifier: MIT
 *
 * jobs: the grammar of -j, FORKPOOL_JOBS and "forkpool ctl jobs": N, N%, +N, -N. Text only: how many CPUs there are, the
 * caller says, and only where jobs_need_cpus asks for it.
 */
#ifndef BASE_JOBS_H
#define BASE_JOBS_H

#include <stdbool.h>

/* More workers than any Linux can have processes would only be a slip of the finger. */
#define JOBS_MAX 1000000

enum jobs_form {
	JOBS_COUNT,   /* N */
	JOBS_PERCENT, /* N% of the CPUs */
	JOBS_MORE,    /* the CPUs and N more */
	JOBS_FEWER,   /* N fewer than the CPUs */
};

struct jobs {
	enum jobs_form form;
	unsigned n;
};

/* Read `text`. Returns 0, or -1 with errno EINVAL (no such form), EDOM (0 or 0%) or ERANGE (above
 * JOBS_MAX); *out is then untouched. */
int jobs_parse(const char *text, struct jobs *out);

bool jobs_need_cpus(const struct jobs *j);

/* The number of workers with `cpus` usable CPUs: 1 to JOBS_MAX. */
unsigned jobs_count(const struct jobs *j, unsigned cpus);

#endif
