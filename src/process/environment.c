/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "process/environment.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/xalloc.h"

/* First in the array, so that leaving them out is starting behind them. */
enum { N_NUMBERS = 3 };

static bool same_name(const char *a, const char *b)
{
	size_t n = strcspn(a, "=");
	return strncmp(a, b, n) == 0 && b[n] == '=';
}

static bool is_ours(const char *entry)
{
	return same_name("FORKPOOL_SEQ", entry) || same_name("FORKPOOL_SLOT", entry) ||
	       same_name("FORKPOOL_ATTEMPT", entry);
}

/* The place of the entry with the name of this one, or the one behind all of them. */
static size_t find(char *const *entries, size_t n, const char *entry)
{
	size_t i = N_NUMBERS;
	while (i < n && !same_name(entry, entries[i]))
		i++;
	return i;
}

void environment_init(struct environment *e, const char *added, size_t len)
{
	size_t n = N_NUMBERS, most = N_NUMBERS + 2; /* PWD and the NULL */
	for (char **p = environ; p && *p; p++)
		most++;
	for (size_t i = 0; i < len; i++)
		most += added[i] == '\0';
	*e = (struct environment){.added = xmemdup(added, len)};
	e->entries = xcalloc(most, sizeof *e->entries);
	e->entries[0] = e->seq;
	e->entries[1] = e->slot;
	e->entries[2] = e->attempt;
	for (char **p = environ; p && *p; p++)
		if (!is_ours(*p))
			e->entries[n++] = *p;
	for (char *p = e->added; p < e->added + len; p += strlen(p) + 1) {
		size_t i = find(e->entries, n, p);
		e->entries[i] = p;
		n += i == n;
	}
	e->pwd_entry = e->entries + find(e->entries, n, "PWD=");
	e->own_pwd = *e->pwd_entry;
	e->path = getenv("PATH");
}

void environment_clear(struct environment *e)
{
	free(e->entries);
	free(e->added);
	buf_clear(&e->pwd);
	*e = (struct environment){0};
}

static char *pwd_of(struct environment *e, const char *directory)
{
	buf_reset(&e->pwd);
	buf_addf(&e->pwd, "PWD=%s", directory);
	buf_addc(&e->pwd, '\0');
	return buf_head(&e->pwd);
}

char **environment_for(struct environment *e, uint64_t seq, uint32_t slot, uint32_t attempt, const char *directory)
{
	*e->pwd_entry = directory ? pwd_of(e, directory) : e->own_pwd;
	if (seq == 0)
		return e->entries + N_NUMBERS;
	snprintf(e->seq, sizeof e->seq, "FORKPOOL_SEQ=%" PRIu64, seq);
	snprintf(e->slot, sizeof e->slot, "FORKPOOL_SLOT=%" PRIu32, slot);
	snprintf(e->attempt, sizeof e->attempt, "FORKPOOL_ATTEMPT=%" PRIu32, attempt);
	return e->entries;
}

const char *environment_path(const struct environment *e)
{
	return e->path ? e->path : "/bin:/usr/bin";
}
