/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "task/joblog.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <string.h>

enum { EXIT_NOT_EXECUTABLE = 126, EXIT_NO_SUCH_COMMAND = 127 }; /* as a shell has it */

void joblog_set_outcome(struct joblog_record *r, const struct outcome *o)
{
	r->exit_value = -1;
	r->signo = 0;
	switch (o->kind) {
	case OUTCOME_EXITED:
		r->exit_value = o->code;
		break;
	case OUTCOME_SIGNALLED:
		r->exit_value = 0;
		r->signo = o->code;
		break;
	case OUTCOME_TIMED_OUT:
		r->signo = o->code ? o->code : SIGTERM;
		break;
	case OUTCOME_NOT_STARTED:
		r->exit_value = o->code == ENOENT ? EXIT_NO_SUCH_COMMAND : EXIT_NOT_EXECUTABLE;
		break;
	case OUTCOME_TERMINAL:
		r->signo = o->code;
		break;
	default:
		break;
	}
}

static void add_flat(struct buf *out, const char *text, size_t len)
{
	buf_add(out, text, len);
	char *p = buf_head(out) + buf_len(out) - len;
	for (char *end = p + len; (p = memchr(p, '\n', (size_t)(end - p))); )
		*p = '\0';
}

void joblog_print(struct buf *out, const struct joblog_record *r, const char *command, size_t len)
{
	const char *host = *r->host && !strpbrk(r->host, "\t\n") ? r->host : ":";
	uint64_t runtime_ms = (r->runtime_ns + 500000) / 1000000;
	buf_addf(out, "%" PRIu64 "\t%s\t%" PRIu64 ".%03u\t%6" PRIu64 ".%03u\t0\t%" PRIu64 "\t%d\t%d\t", r->seq, host,
		 r->started_ms / 1000, (unsigned)(r->started_ms % 1000), runtime_ms / 1000, (unsigned)(runtime_ms % 1000),
		 r->received, r->exit_value, r->signo);
	add_flat(out, command, len);
	buf_addc(out, '\n');
}

/* Take one column off the front of the line. False if no TAB ends it. */
static bool take_column(const char **line, size_t *len, const char **column, size_t *n)
{
	const char *tab = memchr(*line, '\t', *len);
	if (!tab)
		return false;
	*column = *line;
	*n = (size_t)(tab - *line);
	*len -= *n + 1;
	*line = tab + 1;
	return true;
}

static bool is_made_of(const char *column, size_t n, const char *set)
{
	for (size_t i = 0; i < n; i++)
		if (column[i] == '\0' || !strchr(set, column[i]))
			return false;
	return n > 0;
}

static bool read_seq(const char *column, size_t n, uint64_t *seq)
{
	*seq = 0;
	if (n > 19 || !is_made_of(column, n, "0123456789")) /* 19 digits always fit */
		return false;
	for (size_t i = 0; i < n; i++)
		*seq = *seq * 10 + (uint64_t)(column[i] - '0');
	return *seq > 0;
}

bool joblog_parse(const char *line, size_t len, struct joblog_line *out)
{
	/* what the columns behind Seq are made of; Host may be anything */
	static const char *const sets[] = {NULL, "0123456789.", " 0123456789.", "0123456789", "0123456789", "-0123456789",
					   "-0123456789"};
	const char *column;
	size_t n;
	out->succeeded = true;
	if (!take_column(&line, &len, &column, &n) || !read_seq(column, n, &out->seq))
		return false;
	for (size_t i = 0; i < sizeof sets / sizeof sets[0]; i++) {
		if (!take_column(&line, &len, &column, &n) || (sets[i] && !is_made_of(column, n, sets[i])))
			return false;
		if (i >= 5) /* Exitval and Signal */
			out->succeeded &= n == 1 && *column == '0';
	}
	out->command = line;
	out->len = len;
	return true;
}
