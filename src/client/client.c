/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "client/client.h"

#include <string.h>
#include <unistd.h>

#include "base/report.h"
#include "client/answer.h"
#include "client/call.h"
#include "client/request.h"
#include "client/session.h"
#include "proto/jansson.h"

/* One request after the other, so that neither side waits for the other to read. Returns the worst exit status. */
static int ask_each(struct answer *a, const struct buf *lines)
{
	const char *line = buf_head(lines), *end = line + buf_len(lines);
	int worst = EXIT_OK;
	while (line < end) {
		const char *next = (const char *)memchr(line, '\n', (size_t)(end - line)) + 1;
		session_send(a->session, line, (size_t)(next - line));
		int status = answer_take(a);
		if (status > worst)
			worst = status;
		line = next;
	}
	return worst;
}

int client_run(int argc, char **argv)
{
	struct call call;
	struct session session;
	struct buf lines = {0};

	report_set_help("forkpool ctl --help");
	call_read(&call, argc, argv);
	const char *why = jansson_load();
	if (why)
		die_msg(EXIT_FORKPOOL, "ctl needs the JSON library jansson: %s", why);
	request_lines(&call, &lines);
	session_open(&session, call.values[OPTION_SOCKET], call.verb->manner == VERB_END);
	struct answer answer = {.call = &call, .session = &session, .fd = STDOUT_FILENO};
	int status = ask_each(&answer, &lines);
	answer_clear(&answer);
	session_close(&session);
	buf_clear(&lines);
	return status;
}
