/* SPDX-License-Identifier: MIT
 *
 * ledger: what is known of each task: whether it waits, runs or is over, how it ended and what it wrote.
 *
 * It hears of tasks as an observer, and writes them into the database where there is one. All that are not over stand in it, and
 * those that ended last: LEDGER_TASKS_MAX of them, LEDGER_BYTES_MAX of their texts and output in all. Of the output of those that are
 * not over LEDGER_OUTPUT_MAX is kept, the last quarter of it for what each writes first. It knows nothing of who asks.
 *
 * Life cycle: ledger_open; events; ledger_close. Entries are borrowed, and valid until the next event.
 */
#ifndef STATE_LEDGER_H
#define STATE_LEDGER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/hash.h"
#include "pool/observer.h"
#include "state/db.h"

#define LEDGER_TASKS_MAX 10000
#define LEDGER_BYTES_MAX ((size_t)64 << 20)
#define LEDGER_OUTPUT_MAX ((size_t)256 << 20)
#define LEDGER_RESULT_MAX ((size_t)1 << 20) /* of each stream of a task, */
#define LEDGER_RESULT_MIN ((size_t)16 << 10) /* and where those of many are kept */

enum ledger_state {
	LEDGER_WAITING, /* for its first attempt, or for the next one */
	LEDGER_RUNNING,
	LEDGER_FINISHED,
};

struct watcher;

struct ledger_entry {
	uint64_t seq;
	enum ledger_state state;
	struct task *task;       /* borrowed; NULL once it is over */
	char *command;           /* owned; once it is over: as one line of shell text, */
	size_t command_len;
	char *name;              /* ... and the name that it was given, or NULL */
	unsigned attempt;        /* from 1; 0 before the first */
	struct db_attempt run;   /* while it runs; its slot also when it has run */
	struct outcome *outcome; /* owned; once it is over */
	struct buf out, err;     /* of the last attempt; of all */
	bool out_cut, err_cut;   /* that is not all */
	struct watcher *watchers; /* for whoever uses the ledger; NULL at first, and again before it is over */
	struct ledger_entry *prev, *next; /* of those that run */
	struct ledger_entry *later; /* of those that are over, the next */
	uint64_t number;         /* from 1, in the order in which they came */
	UT_hash_handle hh;
};

/* A look at all entries that takes as long as it likes. */
struct ledger_walk {
	struct ledger_walk *next, *prev; /* of the ledger's */
	struct ledger_entry *at;         /* borrowed; where it goes on */
	uint64_t until;                  /* the number of the last that it is to see */
};

/* Of a task that is over, the output has gone; or nothing remains to be done for it. */
struct ledger_settled {
	uint64_t seq;
	bool all;
};

struct ledger {
	struct observer observer; /* first: events come in through it */
	struct db *db;            /* borrowed; NULL: nothing outlives this run */
	bool no_marks;            /* workers note nothing: what may run goes into the database first */
	bool is_followed;         /* more may follow from the end of a task than that its output is written */
	bool is_asked;            /* somebody may ask for what is over */
	struct ledger_entry *entries; /* owned; by seq, in the order in which they came */
	uint64_t came;            /* how many have come */
	struct ledger_walk *walks; /* borrowed */
	struct ledger_entry *first_running;
	size_t unwritten;         /* of those that run: not on record as running */
	struct ledger_entry *oldest, *newest; /* of those that are over */
	size_t kept;              /* how many those are, */
	size_t kept_bytes;        /* and of how many bytes */
	size_t output_bytes;      /* of the output of those that are not over */
	uint64_t waiting, running, finished, failed; /* failed: of those that are over */
	struct buf settled;       /* struct ledger_settled, since this was emptied */
};

/* Fills db, no_marks, is_followed and is_asked from `init`. */
void ledger_open(struct ledger *l, const struct ledger *init);
void ledger_close(struct ledger *l);

/* NULL: nothing is known of it here; the database may know. */
struct ledger_entry *ledger_find(struct ledger *l, uint64_t seq);

/* From the first to the last that is there now, in the order in which they came. Events may come meanwhile: each entry that is not
 * forgotten before it has been reached is seen, once, as it is then. ledger_step gives the next one, NULL after the last. */
void ledger_walk(struct ledger *l, struct ledger_walk *w);
struct ledger_entry *ledger_step(struct ledger_walk *w);
void ledger_walk_end(struct ledger *l, struct ledger_walk *w);

/* Put on record what runs now. */
void ledger_write_running(struct ledger *l);

/* "waiting", "running" or "finished". */
const char *ledger_state_name(enum ledger_state state);

#endif
