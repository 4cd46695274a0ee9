/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "observe/verdict.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include "base/report.h"

/* More than a line of ours can show. */
enum { SHOWN_MAX = REPORT_LINE_MAX };

static struct buf printed(const struct task *t, unsigned slot)
{
	struct buf text = {0};
	command_print(&t->command, slot ? slot : 1, &text);
	buf_addc(&text, '\0');
	return text;
}

void verdict_warn(const struct task *t, unsigned slot, const char *what)
{
	struct buf text = printed(t, slot);
	char where[32] = "";
	if (t->line && t->line != t->seq)
		snprintf(where, sizeof where, " (line %" PRIu64 ")", t->line);
	warn_msg("task %" PRIu64 "%s: %s: %.*s", t->seq, where, what, SHOWN_MAX, buf_head(&text));
	buf_clear(&text);
}

static void on_finished(struct verdict *v, const struct pool_event *e)
{
	const struct outcome *o = e->outcome;
	char what[256];
	if (outcome_ok(o) || o->stopped)
		return;
	v->failed = true;
	outcome_describe(o, what, sizeof what);
	if (e->task->refusal)
		snprintf(what, sizeof what, "not started: %s", e->task->refusal);
	verdict_warn(e->task, e->slot, what);
	bool of_program = o->code != 0 && o->code != E2BIG && o->code != ETXTBSY; /* not of this task's arguments */
	if (v->names_program && !e->task->submitted && !e->task->over && o->kind == OUTCOME_NOT_STARTED && of_program)
		v->condemned = outcome_status(o);
}

static void on_started(const struct pool_event *e)
{
	struct buf text = printed(e->task, e->slot);
	warn_msg("task %" PRIu64 ": %.*s", e->task->seq, SHOWN_MAX, buf_head(&text));
	buf_clear(&text);
}

static void on_note(struct verdict *v, const struct pool_event *e)
{
	v->failed |= e->failure;
	if (e->remark && v->remarked)
		return;
	v->remarked |= e->remark;
	if (e->task)
		warn_msg("task %" PRIu64 ": %.*s", e->task->seq, (int)e->len, e->bytes);
	else
		warn_msg("%.*s", (int)e->len, e->bytes);
}

static void on_event(struct observer *observer, const struct pool_event *e)
{
	struct verdict *v = (struct verdict *)observer;
	if (e->kind == POOL_FINISHED)
		on_finished(v, e);
	else if (e->kind == POOL_STARTED && v->verbose)
		on_started(e);
	else if (e->kind == POOL_NOTE)
		on_note(v, e);
}

void verdict_open(struct verdict *v, bool verbose, bool quiet, bool names_program)
{
	*v = (struct verdict){.observer.on_event = on_event, .verbose = verbose, .remarked = quiet,
			      .names_program = names_program};
}
