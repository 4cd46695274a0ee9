/* SPDX-License-Identifier: MIT
 *
 * task: the words everyone above shares. A task is what is to be run; an attempt is one try at it.
 *
 * Life cycle: a feed makes a task, the pool runs its attempts, observers may hold it (task_hold)
 * while they still need its text; the last task_drop frees it. Nothing here does input or output.
 */
#ifndef TASK_TASK_H
#define TASK_TASK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/hash.h"

/* What is to be executed: `n_words` words, each with a NUL behind it, end to end in `bytes`. A shell
 * text is one word. The number of the slot is not known before dispatch, so `holes` are offsets into
 * `bytes`, ascending, at which it is put in (the placeholder {%}). */
struct command {
	char *bytes; /* owned */
	size_t len;  /* all NULs included */
	size_t n_words;
	size_t *holes; /* owned; NULL without any */
	size_t n_holes;
	bool shell;  /* one word, for sh -c */
	bool direct; /* a shell text without shell syntax: may be executed without a shell */
};

/* No kernel takes more than this for all words and the environment together (3/4 of its 8 MiB stack). */
#define COMMAND_BYTES_MAX ((size_t)6 << 20)

struct task;

/* Somebody who wants to know when nothing remains to be done for a task. */
struct settler {
	void (*settled)(struct settler *s, struct task *t);
	void (*shown)(struct settler *s, struct task *t); /* before that: its output has gone; NULL: that is not wanted */
	struct settler *next; /* borrowed */
};

struct task {
	uint64_t place;     /* in this run, from 1, without gaps */
	uint64_t seq;       /* by which the user knows it: its place, or what the job log says */
	uint64_t line;      /* where it stands in its input, from 1; 0 if it has no line */
	struct command command;
	char *directory;    /* owned; absolute, shorter than PATH_MAX: where it runs; NULL: where the pool does. No worker
	                     * command gets to know it */
	char *name;         /* owned; what its user calls it, or NULL */
	bool submitted;     /* it came by the control socket, and not from the input */
	bool restored;      /* an earlier run has left it: it is in the database */
	bool over;          /* ... and has ended there: only what follows from its end is done here */
	bool shown;         /* ... and its output has been written */
	void *caller;       /* the control's own: who gets its output instead of standard output; NULL: nobody */
	char *refusal;      /* owned; why it cannot be run at all, or NULL */
	char *tag;          /* owned; what --tag puts before its lines, or NULL */
	size_t tag_len;
	char *results;      /* owned; where --results keeps what becomes of it (task/results.h), or NULL */
	unsigned attempt;   /* from 1; 0 before the first */
	bool killed;        /* it is to be ended for good: no further attempt */
	unsigned holds;     /* how many still need it */
	void *output, *call, *filed; /* the output, callback and filing observers' own; NULL for others */
	struct settler *settlers; /* borrowed; told by the last drop */
	bool unfinished;    /* its callback was ended before its time, or never begun */
	void *entry;        /* the journal's own; NULL for others */
	struct task *next, *prev; /* the queue's that it waits in, as the next two; borrowed */
	bool returned;      /* it had been given to a worker before */
	UT_hash_handle hh;
};

/* A task with one hold, its fields zero but for `place` and `seq`, which are the same. */
struct task *task_new(uint64_t place);
void task_hold(struct task *t);
void task_drop(struct task *t);

/* Have `s` told once; it may free itself then. */
void task_on_settled(struct task *t, struct settler *s);

/* Its output has gone: tell those who want to know. */
void task_tell_shown(struct task *t);

/* Append the command's bytes to `out` with `slot` in its holes: command.n_words words, each with its
 * NUL. */
void command_render(const struct command *c, unsigned slot, struct buf *out);

/* Append the command as one line of shell text that reads back as the same words: shell text as it
 * is, other words quoted where they need it (word_quote). No newline is added. */
void command_print(const struct command *c, unsigned slot, struct buf *out);

#endif
