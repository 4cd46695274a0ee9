/* SPDX-License-Identifier: MIT
 *
 * session: a connection to a pool: lines out, replies in, one after the other, waiting. Knows that a line is JSON, not
 * what it means.
 *
 * Life cycle: session_open, session_send and session_next, session_close. What goes wrong ends the program: 125.
 */
#ifndef CLIENT_SESSION_H
#define CLIENT_SESSION_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"

struct session {
	int fd;           /* owned */
	const char *path; /* borrowed; for messages */
	struct buf in;    /* what has come of replies */
	size_t scanned;   /* so much of it is known to have no newline */
	bool end_is_fine; /* a pool that ends without a reply ends the program with 0: that is waited for, or all is done */
};

/* Connect; if nobody listens there, a pool may be about to, so it is tried again for a second. With `end_is_fine` the program ends
 * instead, with 0, as it does when the pool ends without a reply. */
void session_open(struct session *s, const char *path, bool end_is_fine);
void session_close(struct session *s);

/* Send all of it. That the pool is gone shows when its reply is read: it may have sent one before. */
void session_send(struct session *s, const char *bytes, size_t len);

/* The next reply, an object, which the caller frees (jansson_free). */
json_t *session_next(struct session *s);

/* Has another reply come already? */
bool session_pending(struct session *s);

#endif
