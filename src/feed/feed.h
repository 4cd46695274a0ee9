/* SPDX-License-Identifier: MIT
 *
 * feed: where tasks come from. Reads items from its sources, hands them to the template, gives tasks.
 *
 * Tasks that an earlier run has done are left out, or made from its job log (feed/resume). One source streams; of several, tasks are the product, the last varies fastest: the first streams,
 * the others are kept. Never blocks, except on regular files, which are always ready. Knows task/ and
 * the template, not the pool.
 */
#ifndef FEED_FEED_H
#define FEED_FEED_H

#include <stdbool.h>
#include <stddef.h>

#include "feed/resume.h"
#include "feed/template.h"
#include "task/numbers.h"
#include "task/task.h"

enum source_kind {
	SOURCE_FILE, /* `path`; "-" is standard input */
	SOURCE_ARGS, /* `args`, from ::: */
};

struct source_spec {
	enum source_kind kind;
	const char *path;  /* borrowed */
	char *const *args; /* borrowed */
	size_t n_args;
};

/* What is known of an earlier run is for. */
enum resume_mode {
	RESUME_NOT,
	RESUME_REST,         /* --resume: what the log knows is left out */
	RESUME_REST_AND_BAD, /* --resume-failed: but for what failed */
	RESUME_ONLY_BAD,     /* --retry-failed: what failed, and no other source */
};

struct feed_spec {
	const struct source_spec *sources; /* borrowed for the feed's life; at least one */
	size_t n_sources;
	int delimiter;   /* the byte that ends an item, 0..255 */
	bool keep_empty; /* empty items are items (a delimiter was asked for); those of ::: always are */
	size_t max_args; /* -n: items a task; 0 is 1 */
	struct template *template; /* borrowed */
	struct numbers *numbers;   /* borrowed; shared with whoever else makes tasks for this run */
	enum resume_mode mode;
	struct resume *resume;     /* borrowed; ONLY_BAD: the job log */
	/* What became of the next task with this text, as resume_take tells it; NULL: ask the results of the tasks. */
	enum resume_state (*look)(void *arg, const char *command, size_t len, uint64_t *seq);
	void *look_arg;
};

enum feed_state {
	FEED_TASK,    /* here is one */
	FEED_SKIPPED, /* here was one, which need not be run again */
	FEED_BLOCKED, /* nothing to read now, or much was read without a pause: wait for feed_fd */
	FEED_END,     /* no more */
	FEED_FAILED,  /* reading failed: feed_error tells; what was read before has been given */
};

struct feed;

/* Open every source. On failure returns NULL with *why a message to free, naming the file and the reason. */
struct feed *feed_open(const struct feed_spec *spec, char **why);
void feed_close(struct feed *f);

/* The next task, the caller's to drop. */
enum feed_state feed_next(struct feed *f, struct task **task);

/* After FEED_BLOCKED: the fd that becomes readable; after FEED_FAILED: the message, borrowed. */
int feed_fd(const struct feed *f);
const char *feed_error(const struct feed *f);

/* How many tasks were left out that had failed, according to the job log. */
uint64_t feed_left_out_failed(const struct feed *f);

/* Is standard input one of the sources and a terminal? */
bool feed_is_terminal(const struct feed *f);

#endif
