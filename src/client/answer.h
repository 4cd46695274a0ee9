/* SPDX-License-Identifier: MIT
 *
 * answer: what the pool's replies mean to who typed the command: text on standard output and error, an exit status.
 *
 * Text is gathered in `out` and written when the pool has nothing more to say for now. What cannot be written ends the
 * program: 125.
 */
#ifndef CLIENT_ANSWER_H
#define CLIENT_ANSWER_H

#include <jansson.h>

#include "base/buf.h"
#include "client/call.h"
#include "client/session.h"

struct answer {
	const struct call *call;  /* borrowed */
	struct session *session;  /* borrowed */
	int fd;                   /* where `out` goes; borrowed */
	struct buf out;
	struct buf kept[2];       /* standard output and error of a task, until both go into one object */
	int status;               /* of the last task that was waited for */
	bool headed;              /* the heading of a list is written */
};

/* Take the replies to one request, the last one included: the exit status. */
int answer_take(struct answer *a);

void answer_clear(struct answer *a);

/* Parts (struct verb's `part`). */
void answer_output(struct answer *a, const json_t *part);
void answer_kept(struct answer *a, const json_t *part);
void answer_waited(struct answer *a, const json_t *part);
void answer_listed(struct answer *a, const json_t *part);
void answer_listed_queue(struct answer *a, const json_t *part);

/* Last replies (struct verb's `end`). */
int answer_done(struct answer *a, const json_t *reply);
int answer_submit(struct answer *a, const json_t *reply);
int answer_apply(struct answer *a, const json_t *reply);
int answer_wait(struct answer *a, const json_t *reply);
int answer_result(struct answer *a, const json_t *reply);
int answer_status(struct answer *a, const json_t *reply);
int answer_list(struct answer *a, const json_t *reply);
int answer_list_queues(struct answer *a, const json_t *reply);
int answer_jobs(struct answer *a, const json_t *reply);
int answer_message(struct answer *a, const json_t *reply);
int answer_qsize(struct answer *a, const json_t *reply);
int answer_empty(struct answer *a, const json_t *reply);
int answer_full(struct answer *a, const json_t *reply);

/* The last reply that is not `ok`: say so, where it is not just what was asked about, and give the exit status. */
int answer_error(const struct call *call, const json_t *reply);

#endif
