/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "client/session.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/fdio.h"
#include "base/report.h"
#include "base/socket.h"
#include "proto/jansson.h"

#define PATIENCE_NS NS_PER_SEC
#define AGAIN_NS (10 * NS_PER_MS)
#define READ_BYTES ((size_t)64 << 10)

/* Far beyond what any reply needs: a line that is longer is none. */
#define LINE_BYTES_MAX ((size_t)64 << 20)

static void exit_if_fine(const struct session *s)
{
	if (s->end_is_fine)
		exit(EXIT_OK);
}

/* By errno. */
_Noreturn static void die_alone(const char *path)
{
	const char *reason = strerror(errno);
	struct stat st;
	if (errno != ENOENT && errno != ECONNREFUSED)
		die_msg(EXIT_FORKPOOL, "cannot connect to '%s': %s%s", path, reason,
			errno == EACCES ? "; it, or a folder on the way there, is another user's" : "");
	if (stat(path, &st) == 0 && !S_ISSOCK(st.st_mode))
		reason = "it is no socket";
	die_msg(EXIT_FORKPOOL, "no pool listens on '%s': %s; start one with forkpool --listen, or name another with -S or "
		"FORKPOOL_SOCKET", path, reason);
}

void session_open(struct session *s, const char *path, bool end_is_fine)
{
	uint64_t start = clock_ns();
	*s = (struct session){.path = path, .end_is_fine = end_is_fine};
	while ((s->fd = socket_connect(path)) < 0) {
		bool may_come = errno == ENOENT || errno == ECONNREFUSED;
		if (may_come)
			exit_if_fine(s);
		if (!may_come || clock_ns() - start >= PATIENCE_NS)
			die_alone(path);
		clock_rest(AGAIN_NS);
	}
}

void session_close(struct session *s)
{
	fdio_close(&s->fd);
	buf_clear(&s->in);
}

void session_send(struct session *s, const char *bytes, size_t len)
{
	if (fdio_send_all(s->fd, bytes, len) < 0 && errno != EPIPE && errno != ECONNRESET)
		die_sys(EXIT_FORKPOOL, "cannot ask the pool on '%s'", s->path);
}

/* Where the line ends that has come; NULL: not all of it has. */
static const char *line_end(struct session *s)
{
	const char *head = buf_head(&s->in);
	size_t len = buf_len(&s->in);
	if (len == s->scanned)
		return NULL;
	const char *end = memchr(head + s->scanned, '\n', len - s->scanned);
	s->scanned = end ? (size_t)(end - head) : len;
	return end;
}

static void read_more(struct session *s)
{
	ssize_t n = fdio_read(s->fd, buf_room(&s->in, READ_BYTES), READ_BYTES);
	bool ended = n == 0 || (n < 0 && errno == ECONNRESET);
	if (ended)
		exit_if_fine(s);
	if (ended)
		die_msg(EXIT_FORKPOOL, "the pool on '%s' has ended without an answer", s->path);
	if (n < 0)
		die_sys(EXIT_FORKPOOL, "cannot read from the pool on '%s'", s->path);
	buf_grew(&s->in, (size_t)n);
	if (buf_len(&s->in) > LINE_BYTES_MAX)
		die_msg(EXIT_FORKPOOL, "what listens on '%s' is no pool: its answer has no end", s->path);
}

json_t *session_next(struct session *s)
{
	char why[JSON_ERROR_TEXT_LENGTH] = "no object";
	const char *end;
	while (!(end = line_end(s)))
		read_more(s);
	size_t len = (size_t)(end - buf_head(&s->in));
	json_t *reply = jansson_read(buf_head(&s->in), len, why);
	if (!json_is_object(reply))
		die_msg(EXIT_FORKPOOL, "what listens on '%s' is no pool: %s", s->path, why);
	buf_drop(&s->in, len + 1);
	s->scanned = 0;
	return reply;
}

bool session_pending(struct session *s)
{
	return line_end(s) != NULL;
}
