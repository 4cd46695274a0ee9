/* SPDX-License-Identifier: MIT
 *
 * describe: outcomes, tasks and output as JSON. doc/CONTROL.md is the specification.
 */
#ifndef CTL_DESCRIBE_H
#define CTL_DESCRIBE_H

#include <stddef.h>
#include <sys/types.h>

#include "proto/jansson.h"
#include "state/ledger.h"

/* Set the members of an outcome. */
void describe_outcome(json_t *object, const struct outcome *o);

/* A new value for a task. `pid`: of its process, while it runs; 0: not known. */
json_t *describe_entry(const struct ledger_entry *e, pid_t pid);

/* The same for one that only the database knows. */
json_t *describe_task(const struct task *t, const struct outcome *o);

#endif
