/* SPDX-License-Identifier: MIT
 *
 * wire: what a worker and a template say to each other, over a socket that keeps messages apart. A template is a
 * program that waits right before its main for tasks to become (preload.c); process/template.h is the other end.
 *
 * Both ends are of one build and on one machine, so these are C structs.
 */
#ifndef PRELOAD_WIRE_H
#define PRELOAD_WIRE_H

#include <stdint.h>

/* The first entry of a template's environment: PRELOAD_MARK=PARENT, the worker's pid; the number in the name is the version
 * of all this. The second is LD_PRELOAD; what follows its first colon is the user's own. The socket is standard
 * input then. */
#define PRELOAD_MARK "FORKPOOL_PRELOAD_2"

/* The largest request without its head, and how many strings there may be in it; what is larger is executed. */
#define PRELOAD_REQUEST_MAX (96 * 1024)
#define PRELOAD_STRINGS_MAX 8000

/* Down: run main once, with two fds that become standard output and standard error. Arguments, environment and, if there is
 * one, the directory to enter follow: strings, each with its NUL. */
struct preload_request {
	uint32_t n_words, n_env, has_directory;
};

/* Up: first, once, by the template: pid 0 and why it cannot serve, PRELOAD_SOUND if it can. Then for each request:
 * the pid of the task, told by itself right before main; or 0 and the errno of what failed before. */
struct preload_reply {
	int32_t pid;
	int32_t error;
};

enum preload_check {
	PRELOAD_SOUND,
	PRELOAD_THREADS,
	PRELOAD_FDS,
	PRELOAD_HANDLERS,
	PRELOAD_PENDING,
	PRELOAD_ENVIRONMENT,
	PRELOAD_ARGUMENTS,
	PRELOAD_ATFORK,
	PRELOAD_ORDER, /* something has been before us */
	PRELOAD_TIMERS,
	PRELOAD_SHARED_MEMORY,
	PRELOAD_LOCKED_MEMORY,
	PRELOAD_CHILDREN,
	PRELOAD_SYSTEM, /* the kernel cannot do it, or /proc is not there */
};

#endif
