/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "task/results.h"

#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/fdio.h"

enum {
	STATUS_MAX = 512, /* more bytes than any status has */
	SLOT_DIGITS = 10,
};

static const struct {
	const char *inside, *behind;
} names[RESULTS_FILES] = {
	[RESULTS_STDOUT] = {"stdout", ""},
	[RESULTS_STDERR] = {"stderr", ".err"},
	[RESULTS_SEQ] = {"seq", ".seq"},
	[RESULTS_COMMAND] = {"command", ".command"},
	[RESULTS_STATUS] = {"status", ".status"},
};

void results_name(struct buf *out, const char *path, enum results_file file)
{
	size_t len = strlen(path);
	buf_reset(out);
	buf_add(out, path, len);
	buf_adds(out, len && path[len - 1] == '/' ? names[file].inside : names[file].behind);
	buf_addc(out, '\0');
}

void results_add_status(struct buf *out, const struct outcome *o, const char *refusal)
{
	char what[256];
	buf_addf(out, "%d\n", outcome_status(o));
	if (o->kind == OUTCOME_EXITED)
		return;
	outcome_describe(o, what, sizeof what);
	if (refusal)
		buf_addf(out, "not started: %s\n", refusal);
	else
		buf_addf(out, "%s\n", what);
}

void results_add_command(struct buf *out, const struct command *c, unsigned slot)
{
	command_print(c, slot, out);
	buf_addc(out, '\n');
}

/* At most `max` bytes of it; false if it cannot be read. */
static bool read_file(struct buf *out, const char *path, enum results_file file, size_t max)
{
	struct buf name = {0};
	ssize_t n = 1;
	results_name(&name, path, file);
	int fd = open(buf_head(&name), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	buf_clear(&name);
	for (size_t left; fd >= 0 && n > 0 && (left = max - buf_len(out)) > 0;) {
		n = fdio_read(fd, buf_room(out, left), left);
		buf_grew(out, n > 0 ? (size_t)n : 0);
	}
	bool ok = fd >= 0 && n >= 0;
	fdio_close(&fd);
	return ok;
}

/* Where the command's line tells the slot first: where that in slot 1, `line`, differs from that in slot 2. */
static size_t slot_offset(const struct buf *line, const struct command *c)
{
	struct buf other = {0};
	size_t at = 0;
	results_add_command(&other, c, 2);
	while (at + 1 < buf_len(line) && buf_head(line)[at] == buf_head(&other)[at])
		at++;
	buf_clear(&other);
	return at;
}

/* Make of `line` that of the slot which `found` names in the same place. */
static void take_slot(struct buf *line, const struct command *c, const struct buf *found)
{
	size_t at = slot_offset(line, c);
	unsigned slot = 0;
	for (; at < buf_len(found) && slot < UINT_MAX / 20; at++) {
		char digit = buf_head(found)[at];
		if (digit < '0' || digit > '9')
			break;
		slot = slot * 10 + (unsigned)(digit - '0');
	}
	buf_reset(line);
	results_add_command(line, c, slot);
}

static bool is_command(const char *path, const struct command *c)
{
	struct buf found = {0}, line = {0};
	results_add_command(&line, c, 1);
	bool same = read_file(&found, path, RESULTS_COMMAND, buf_len(&line) + SLOT_DIGITS * c->n_holes + 1);
	if (c->n_holes)
		take_slot(&line, c, &found);
	same = same && buf_len(&found) == buf_len(&line) && !memcmp(buf_head(&found), buf_head(&line), buf_len(&line));
	buf_clear(&found);
	buf_clear(&line);
	return same;
}

enum results_state results_look(const char *path, const struct command *c)
{
	struct buf status = {0};
	enum results_state state = RESULTS_NONE;
	bool ok = read_file(&status, path, RESULTS_STATUS, STATUS_MAX) && buf_len(&status) > 1;
	if (ok && memchr(buf_head(&status), '\n', buf_len(&status)) && is_command(path, c))
		state = !memcmp(buf_head(&status), "0\n", 2) ? RESULTS_SUCCEEDED : RESULTS_FAILED;
	buf_clear(&status);
	return state;
}
