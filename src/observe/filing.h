/* SPDX-License-Identifier: MIT
 *
 * filing: --results: puts what tasks write, and what becomes of them, into files (task/results.h).
 *
 * Output goes out piece by piece as it comes, into files that are opened for each, so that any number of tasks needs
 * neither memory nor fds. What an earlier run has left is removed when a task starts, `status` first; `status` is
 * written last, and only of tasks that were not ended by forkpool itself: where it is, everything else is, too.
 */
#ifndef OBSERVE_FILING_H
#define OBSERVE_FILING_H

#include "base/buf.h"
#include "pool/observer.h"

struct filed;

struct filing {
	struct observer observer; /* first: events come in through it */
	struct filed *first;      /* owned; tasks whose results are not complete; after an error they stay so */
	struct buf name;          /* of the file in question */
	char *error;              /* owned; why the run cannot go on, or NULL */
};

/* Make the folder, and those that it is in; -1 and errno, also if it is there and is none, or if `writable` is wanted
 * and nothing can be made in it. */
int filing_make_folder(const char *folder, bool writable);

void filing_open(struct filing *f);

/* After the last event, and after the last look at which tasks are settled. */
void filing_close(struct filing *f);

#endif
