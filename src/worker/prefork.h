/* SPDX-License-Identifier: MIT
 *
 * prefork: which programs have a template (process/template.h), and which tasks are copies of one. A program gets one
 * when it is run for the second time; there are a few at most, those that are run most often lately. Where a template
 * would not be sound, or there is any doubt, the program is executed as ever, and that is remembered. That nothing can be
 * preforked here is a remark to the user.
 *
 * What a program does before its main may depend on where it is started: the loader looks into relative directories, and a
 * library may ask. So tasks that have directories of their own share a template only within one.
 */
#ifndef WORKER_PREFORK_H
#define WORKER_PREFORK_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/buf.h"
#include "process/program.h"
#include "process/spawn.h"
#include "process/template.h"
#include "proto/channel.h"

enum {
	PREFORK_PROGRAMS = 32, /* known */
	PREFORK_TEMPLATES = 8, /* at once */
};

struct prefork_program; /* one of those that are known */

struct prefork {
	struct channel *channel; /* borrowed: where a remark goes */
	bool on;
	bool proven;           /* the shared object works here */
	bool eager;            /* tests: at the first use, and wait for it */
	int preload_fd;        /* owned; the object as it was when this began, whatever becomes of the file */
	char *preload;         /* owned; how others get at it */
	char *const *envp;     /* of the templates; borrowed for good */
	struct prefork_program *programs[PREFORK_PROGRAMS]; /* owned; the last used comes first */
	size_t n_programs, n_templates;
	unsigned long long uses;
};

/* Begin: `envp` is what all tasks have in their environment; at prefork_start its PWD is that of the task to be
 * started. It and the channel are borrowed until prefork_close. If it cannot be done here, nothing will ever be
 * preforked, which is harmless. */
void prefork_open(struct prefork *p, struct channel *channel, char *const *envp);

/* Start what spawn(r) would. 0: it has to be spawned, which tells, too, why a directory cannot be entered. */
pid_t prefork_start(struct prefork *p, const struct spawn_request *r);

/* Is this child a template? */
bool prefork_owns(const struct prefork *p, pid_t pid);

/* A child has been reaped: was it one? */
void prefork_reaped(struct prefork *p, pid_t pid);

/* There is too little of something to start a task: end the templates, and start no more. False if there were none. */
bool prefork_yield(struct prefork *p);

/* End the templates. */
void prefork_close(struct prefork *p);

#endif
