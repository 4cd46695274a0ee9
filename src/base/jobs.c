/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "base/jobs.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/strnum.h"
#include "base/xalloc.h"

/* Which form is it, and where do its digits begin and end? */
static enum jobs_form form_of(const char **digits, size_t *len)
{
	if (**digits == '+' || **digits == '-') {
		(*len)--;
		return *(*digits)++ == '+' ? JOBS_MORE : JOBS_FEWER;
	}
	if (*len > 0 && (*digits)[*len - 1] == '%') {
		(*len)--;
		return JOBS_PERCENT;
	}
	return JOBS_COUNT;
}

int jobs_parse(const char *text, struct jobs *out)
{
	size_t len = strlen(text);
	enum jobs_form form = form_of(&text, &len);
	char *digits = xmemdup(text, len);
	uint64_t n;
	int rc = strnum_u64(digits, 0, JOBS_MAX, &n);

	free(digits);
	if (rc < 0)
		return -1;
	if (n == 0 && (form == JOBS_COUNT || form == JOBS_PERCENT)) {
		errno = EDOM;
		return -1;
	}
	*out = (struct jobs){.form = form, .n = (unsigned)n};
	return 0;
}

bool jobs_need_cpus(const struct jobs *j)
{
	return j->form != JOBS_COUNT;
}

unsigned jobs_count(const struct jobs *j, unsigned cpus)
{
	int64_t n = j->n;

	switch (j->form) {
	case JOBS_COUNT:
		break;
	case JOBS_PERCENT:
		n = n * cpus / 100;
		break;
	case JOBS_MORE:
		n = n + cpus;
		break;
	case JOBS_FEWER:
		n = cpus - n;
		break;
	}
	if (n < 1)
		return 1;
	return n > JOBS_MAX ? JOBS_MAX : (unsigned)n;
}
