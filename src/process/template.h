/* SPDX-License-Identifier: MIT
 *
 * template: a program that has been loaded and waits right before its main, to be copied for each task instead of being
 * executed again. What makes it wait is a shared object (preload/preload.c), which it is started with.
 *
 * Life cycle: template_start, template_look until it is not LOADING any more, template_run as often as wanted,
 * template_stop. It is a child of this process, and so are the copies: the caller reaps both.
 */
#ifndef PROCESS_TEMPLATE_H
#define PROCESS_TEMPLATE_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/buf.h"
#include "process/spawn.h"

enum template_state {
	TEMPLATE_LOADING,
	TEMPLATE_READY,
	TEMPLATE_USELESS, /* what it has done before main must not be shared, or it has ended, or takes too long */
};

struct template {
	pid_t pid;      /* 0: none; for the caller to set when it has reaped it */
	int fd;         /* owned; to it */
	int noise_rfd;  /* owned; what it prints before main */
	unsigned long long started_ns;
	struct buf request; /* reused from one to the next */
};

/* What to make one of. Its main does not see `argv`, unless the shared object cannot be loaded: then the program runs. All
 * borrowed during the call. */
struct template_source {
	const char *file;
	const char *const *argv;
	char *const *envp;
	const char *directory; /* to load it in; NULL: here */
};

/* Where the shared object is: beside this program, as it was built, or where it is installed. An owned string; NULL if
 * there is none. */
char *template_find_preload(void);

/* Why there is none. */
const char *template_why_not(void);

/* Load it with the shared object `preload`. -1 and errno; EPERM: executed it has other rights than this process, and the
 * loader would not listen to us; it has been killed. */
int template_start(struct template *t, const char *preload, const struct template_source *source);

/* Has it checked in? Does not wait. */
enum template_state template_look(struct template *t);

/* The same, but waits until that is known, as long as template_look would give it. */
enum template_state template_wait(struct template *t);

/* Make a copy of it that runs r->argv with r->envp, r->stdout_fd and r->stderr_fd; its standard input is /dev/null. Either
 * all copies of one template have an r->directory, or none has, and they stay where it was loaded. The copy is like what
 * spawn() starts. Returns its pid. 0: there is none, and nothing of it has run; -1: the same, and the template is dead. */
pid_t template_run(struct template *t, const struct spawn_request *r);

/* Kill it and reap it; harmless if there is none. */
void template_stop(struct template *t);

#endif
