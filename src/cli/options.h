/* SPDX-License-Identifier: MIT
 *
 * options: the command line, read into a struct. Runs nothing; a usage error ends the program with 2.
 */
#ifndef CLI_OPTIONS_H
#define CLI_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "feed/feed.h"
#include "observe/halt.h"

enum output_mode {
	OUTPUT_GROUP,
	OUTPUT_LINE,
	OUTPUT_UNGROUP,
};

struct options {
	/* input */
	struct source_spec *sources; /* owned; empty with --retry-failed only: without any, standard input */
	size_t n_sources;
	int delimiter;
	bool keep_empty;
	size_t max_args;      /* -n; 0: not given */
	const char *replace;  /* -I; borrowed from argv, as all strings here */
	char **words;         /* COMMAND [ARGUMENT]... */
	size_t n_words;
	bool join_words;      /* --shell */
	bool no_shell;

	/* pool */
	unsigned jobs;
	bool sync;
	size_t queue_size;    /* 0: not given */
	uint64_t max_tasks_per_worker; /* 0: no limit */
	const char *initializer;
	const char *directory;
	const char *lock;     /* a file that no other run may hold */
	const char *callback;
	const char *error_callback;
	const char *via;
	const char *worker_command; /* one process for many tasks; NULL: each task is a command */
	bool worker_protocol_given;
	bool worker_json;     /* it speaks JSON, not lines */

	/* output */
	enum output_mode output_mode;
	bool keep_order;
	bool tag;
	const char *tagstring;
	bool quiet_success;
	const char *results;
	bool dry_run;
	bool verbose;
	bool quiet;

	/* failure */
	uint64_t timeout_ns;    /* 0: none, or as the next says */
	unsigned timeout_percent; /* of the median runtime so far; 0: none */
	uint64_t kill_after_ns;
	unsigned retries;
	uint64_t retry_delay_ns; /* 0: none */
	double retry_factor;
	uint64_t deadline_ns;   /* of the whole run; 0: none */
	struct halt_rule halt;
	bool leave;
	bool prefork;

	/* load */
	uint64_t delay_ns;      /* 0: none, as with the next three */
	uint64_t rate_ns;       /* from one start to the next */
	double max_load;
	uint64_t memfree_bytes;
	int niceness;           /* added to this process's own */

	/* journal */
	const char *joblog;     /* "-": standard output */
	bool joblog_appends;    /* +FILE */
	enum resume_mode resume;

	/* live pool */
	const char *listen;     /* the control socket */
	const char *state;      /* the database */
	bool durability_given;
	bool only_processes;    /* --durability process: no need to wait for the disk */
	uint64_t queue_memory;  /* bytes of all queues and messages; 0: not given */

	bool agent; /* --agent: serve a pool on fds 0 and 1; nothing else here counts */
};

/* Fill `o` from the command line and the environment (FORKPOOL_JOBS). Prints and exits for -h, --help
 * and --version (0, or 125 if stdout does not take it) and for usage errors (2). */
void options_parse(struct options *o, int argc, char **argv);
void options_clear(struct options *o);

#endif
