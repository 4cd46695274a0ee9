/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "task/joblog.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <string.h>

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
		r->exit_value = outcome_status(o);
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

/* Digits, perhaps behind blanks and a sign, perhaps with a fraction. */
static bool is_number(const char *column, size_t n)
{
	const char *end = column + n;
	while (column < end && *column == ' ')
		column++;
	if (column < end && *column == '-')
		column++;
	for (int part = 0; part < 2; part++, column++) {
		const char *digits = column;
		while (column < end && *column >= '0' && *column <= '9')
			column++;
		if (column == digits)
			return false;
		if (column == end)
			return true;
		if (*column != '.')
			return false;
	}
	return false;
}

static bool read_seq(const char *column, size_t n, uint64_t *seq)
{
	*seq = 0;
	if (n > 19) /* so many digits always fit */
		return false;
	for (size_t i = 0; i < n; i++) {
		if (column[i] < '0' || column[i] > '9')
			return false;
		*seq = *seq * 10 + (uint64_t)(column[i] - '0');
	}
	return *seq > 0;
}

/* The columns before the command. */
enum { SEQ, HOST, EXITVAL = 6, SIGNAL, COMMAND };

/* Take one of them into the record. */
static bool read_column(struct joblog_line *out, int i, const char *column, size_t n)
{
	if (i == SEQ)
		return read_seq(column, n, &out->seq);
	if (i == HOST)
		return n > 0 && !memchr(column, '\0', n);
	if (i == EXITVAL || i == SIGNAL)
		out->succeeded &= n == 1 && *column == '0';
	return is_number(column, n);
}

/* How many columns before the command are whole; -1 if one is not what it must be. */
static int read_columns(struct joblog_line *out, const char **line, size_t *len)
{
	const char *column;
	size_t n;
	int i = SEQ;
	*out = (struct joblog_line){.succeeded = true};
	for (; i < COMMAND && take_column(line, len, &column, &n); i++)
		if (!read_column(out, i, column, n))
			return -1;
	return i;
}

bool joblog_parse(const char *line, size_t len, struct joblog_line *out)
{
	bool whole = read_columns(out, &line, &len) == COMMAND;
	out->command = line;
	out->len = len;
	return whole;
}

bool joblog_may_begin(const char *rest, size_t len)
{
	struct joblog_line record;
	int torn = read_columns(&record, &rest, &len);
	if (torn == COMMAND)
		return true;
	if (torn == HOST)
		return !memchr(rest, '\0', len);
	for (size_t i = 0; i < len; i++)
		if (rest[i] == '\0' || !strchr(torn == SEQ ? "0123456789" : " -.0123456789", rest[i]))
			return false;
	return torn >= 0;
}
