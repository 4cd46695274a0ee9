/* SPDX-License-Identifier: MIT
 *
 * connection: clients of the control socket: lines in, lines out.
 *
 * A line that has come is handed on at once; what is said to a client waits until connections_flush, so that it can be put on record
 * before. Output of any size waits in a store; while much waits for a client, nothing more is read from it, and a long answer
 * (connection_tell) is not made before the client takes it. A client that has
 * closed its side for writing is served until all its requests are answered; one that is gone is forgotten, and its pending
 * requests are cancelled. Knows nothing of what the lines mean.
 *
 * Life cycle: connections_open, which listens; connections_flush in each turn; connections_end, unless what is to be said
 * might not be true; connections_close.
 */
#ifndef CTL_CONNECTION_H
#define CTL_CONNECTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/buf.h"
#include "base/hash.h"
#include "base/loop.h"
#include "base/socket.h"
#include "base/spool.h"

#define LINE_MAX_BYTES ((size_t)1 << 20)
#define CONNECTIONS_MAX 4096
#define PENDING_MAX 10000 /* of a connection, */
#define PENDING_BYTES_MAX ((size_t)16 << 20) /* and of how many bytes, about */

struct connections;

/* A request that is not answered yet; first in its owner's struct. */
struct pending {
	struct pending *next, *prev;   /* of its connection */
	struct connection *connection; /* borrowed; NULL: in no list */
	void (*cancel)(struct pending *p); /* the client is gone; it is in no list any more */
	size_t bytes;                  /* of the request */
	struct pending *next_told;     /* of those that are answered in pieces */
	bool (*say_more)(struct pending *p);
};

/* Something handed over whose arrival was not confirmed. */
struct handed {
	uint64_t number;
	void *what; /* borrowed */
	UT_hash_handle hh;
};

struct connection {
	struct connection *next, *prev;
	struct connections *all;
	struct connection *next_touched; /* of those to be flushed */
	struct connection *next_over; /* of those that were flushed, and have come to their end */
	bool touched;
	struct watch watch;
	pid_t pid;               /* of who connected */
	struct buf in;
	size_t searched;         /* so much of it holds no newline */
	struct spool out;
	uint64_t took_ns;        /* when it last took something of that, by loop_now, or it began to wait */
	bool full;               /* too much of that: do not read */
	bool behind;             /* it was: there may be lines in `in` */
	bool heard_all;          /* the client will say nothing more, or nothing that we would hear */
	struct pending *pending;
	size_t n_pending, pending_bytes;
	struct pending *told;    /* borrowed; those of them that are answered in pieces, one after the other */
	struct handed *handed;   /* owned; by number */
};

struct connections_config {
	const char *path;
	size_t max;              /* connections at a time, at most CONNECTIONS_MAX */
	struct loop *loop;       /* borrowed */
	void (*on_line)(void *arg, struct connection *c, const char *line, size_t len);
	void (*on_too_long)(void *arg, struct connection *c);
	void (*on_refused)(void *arg, struct connection *c, const char *why); /* say so; it is closed then */
	void (*on_gone)(void *arg, struct connection *c); /* its pending ones are cancelled; what was handed over is still there */
	void *arg;
};

struct connections {
	struct connections_config config;
	struct socket_place place;
	struct watch accepting;
	struct timer try_again;          /* no fd was left */
	struct timer patience;           /* with those who are still to be told something ends */
	struct store store;              /* of what waits for slow clients */
	struct connection *first;        /* owned */
	size_t count;
	struct connection *touched;      /* borrowed */
};

/* -1 with *why a message to free. */
int connections_open(struct connections *cs, const struct connections_config *config, char **why);

/* Say a line, to which a newline is added. */
void connection_say(struct connection *c, const char *line, size_t len);

/* It is answered (or not wanted any more): out of the list. */
void pending_add(struct connection *c, struct pending *p);
void pending_remove(struct pending *p);

/* Answer it (it is in the list) in pieces, behind those that are being answered so: `say_more` says one, a few lines, whenever
 * the client has room for it, and is false with the last, when `p` is gone. Until then no other request of this client is heard. */
void connection_tell(struct connection *c, struct pending *p, bool (*say_more)(struct pending *p));

/* Write what is to be said, as far as clients take it. Nothing is written anywhere else, so that all of it can be put on
 * record before. True: clients have gone, which may have changed something, and there may be more to say. */
bool connections_flush(struct connections *cs);

/* Is anything to be said in this turn? */
bool connections_speak(const struct connections *cs);

/* Is anybody still to be told something? One that has taken nothing of it for five seconds does not count. A timer of the
 * loop fires when that may be over. */
bool connections_owe(struct connections *cs);

/* Take no more clients, and listen no more; write what is to be said, as far as clients take it now. */
void connections_end(struct connections *cs);

/* Take no more clients, listen no more, and say nothing more. */
void connections_close(struct connections *cs);

#endif
