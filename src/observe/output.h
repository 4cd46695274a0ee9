/* SPDX-License-Identifier: MIT
 *
 * output: what tasks write, brought to standard output and standard error in the order that was asked for.
 *
 * Each task with output has a record (record.h), which stores what may not go out yet. Records whose turn has come
 * stand in one queue, and its head has both sinks for itself. The modes differ only in when a record
 * enters the queue, and how much of it may go:
 *   group      when its task is over, all of it
 *   line       when it has a whole line, up to the last one
 *   keep       when all tasks before it are over, all of it, and what still comes (it is live)
 * When there is no room to store more (store_full), one record is made live in every mode, and the
 * others' output stays in the workers' pipes until it is over.
 */
#ifndef OBSERVE_OUTPUT_H
#define OBSERVE_OUTPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/spool.h"
#include "observe/order.h"
#include "observe/record.h"
#include "observe/sink.h"
#include "pool/observer.h"

struct output_config {
	bool by_line;      /* --line-buffer */
	bool keep_order;
	bool tag;          /* tasks have tags */
	bool stored_twice; /* for callbacks too: no task may go on without room */
	bool sync;         /* start nothing while output waits */
	bool failures_only; /* drop what a task wrote that succeeded in the end */
	unsigned retries;  /* stdout of an attempt that may be followed by another is kept back */
};

struct output {
	struct observer observer; /* first: events come in through it */
	struct output_config config;
	struct sink sinks[2];
	bool used[2];             /* something of a task's went there */
	struct records records;
	struct order order;               /* keep: who comes next */
	struct buf messages;              /* of forkpool's own, until the end of the line that goes out */
	uint64_t moved;                   /* bytes, in this turn */
	bool has_more;                    /* and more could go at once: do not wait before the next turn */
	const char *broken;               /* why the run cannot go on, or NULL */
};

/* Bytes, for each stream. */
struct output_mark {
	uint64_t accepted[2];
};

void output_open(struct output *o, const struct output_config *config, struct store *store, struct loop *loop);

/* Send what may go now, and tell the pool what to wait for. Call it in every turn. */
void output_turn(struct output *o);

/* Has everything gone out? */
bool output_empty(const struct output *o);

/* Output that belongs to no task (a callback's): goes out as a whole. Takes over both spools. */
void output_add(struct output *o, struct spool *out, struct spool *err);

/* The same with `len` bytes of standard output. */
void output_add_text(struct output *o, const char *text, size_t len);

/* What has been put out so far, perhaps not written yet; and has all of that been written since? */
void output_get_mark(const struct output *o, struct output_mark *mark);
bool output_has_written(const struct output *o, const struct output_mark *mark);

/* Free everything; what has not gone out is lost. */
void output_close(struct output *o);

#endif
