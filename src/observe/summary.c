/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "observe/summary.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/report.h"

/* Two units at most: nobody counts the seconds of a night. */
static void add_duration(struct buf *b, uint64_t ns)
{
	uint64_t s = ns / NS_PER_SEC;
	if (s == 0)
		buf_addf(b, "%" PRIu64 " ms", ns / NS_PER_MS);
	else if (s < 60)
		buf_addf(b, "%" PRIu64 ".%" PRIu64 " s", s, ns % NS_PER_SEC / (100 * NS_PER_MS));
	else if (s < 3600)
		buf_addf(b, "%" PRIu64 " min %" PRIu64 " s", s / 60, s % 60);
	else if (s < 86400)
		buf_addf(b, "%" PRIu64 " h %" PRIu64 " min", s / 3600, s / 60 % 60);
	else
		buf_addf(b, "%" PRIu64 " d %" PRIu64 " h", s / 86400, s / 3600 % 24);
}

/* "task 17: exit 42 after 1.3 s: COMMAND" */
static void list(char line[SUMMARY_LINE_MAX], const struct pool_event *e)
{
	const struct outcome *o = e->outcome;
	struct buf text = {0};
	char what[256];
	outcome_describe(o, what, sizeof what);
	buf_addf(&text, "task %" PRIu64 ": %s", e->task->seq, what);
	if (e->task->refusal)
		buf_addf(&text, ": %s", e->task->refusal);
	if (o->kind == OUTCOME_EXITED || o->kind == OUTCOME_SIGNALLED) {
		buf_adds(&text, " after ");
		add_duration(&text, o->runtime_ns);
	}
	buf_adds(&text, ": ");
	command_print(&e->task->command, e->slot ? e->slot : 1, &text);
	report_escape_ascii(line, SUMMARY_LINE_MAX, buf_head(&text), buf_len(&text));
	buf_clear(&text);
}

static void on_finished(struct summary *s, const struct pool_event *e)
{
	const struct outcome *o = e->outcome;
	if (o->stopped) {
		s->stopped++;
	} else if (outcome_ok(o)) {
		s->succeeded++;
	} else {
		if (s->failed < SUMMARY_LISTED)
			list(s->listed[s->failed], e);
		s->failed++;
		s->of_kind[o->kind]++;
	}
}

static void on_event(struct observer *observer, const struct pool_event *e)
{
	struct summary *s = (struct summary *)observer;
	if (e->kind == POOL_ACCEPTED)
		s->tasks++;
	else if (e->kind == POOL_FINISHED)
		on_finished(s, e);
	else if (e->kind == POOL_DROPPED)
		*(e->task->attempt > 0 ? &s->stopped : &s->not_started) += 1;
}

void summary_open(struct summary *s)
{
	*s = (struct summary){.observer.on_event = on_event, .began_ns = clock_ns()};
}

static void add_kinds(struct buf *b, const struct summary *s)
{
	static const char *const names[OUTCOME_KINDS] = {
		[OUTCOME_EXITED] = "by exit status", [OUTCOME_SIGNALLED] = "by a signal", [OUTCOME_TIMED_OUT] = "by timeout",
		[OUTCOME_NOT_STARTED] = "could not be started", [OUTCOME_LOST] = "lost",
		[OUTCOME_TERMINAL] = "wanted the terminal",
	};
	const char *before = " (";
	for (size_t kind = 0; kind < OUTCOME_KINDS; kind++) {
		if (s->of_kind[kind] == 0 || !names[kind])
			continue;
		buf_addf(b, "%s%" PRIu64 " %s", before, s->of_kind[kind], names[kind]);
		before = ", ";
	}
	buf_addc(b, ')');
}

/* "2 of 40 tasks failed (1 by exit status, 1 by timeout), 33 succeeded, 5 were not started; ..." */
static void add_counts(struct buf *b, const struct summary *s, const struct summary_end *end)
{
	if (s->failed == 0) {
		buf_adds(b, "no task failed");
	} else {
		buf_addf(b, "%" PRIu64 " of %s%" PRIu64 " task%s failed", s->failed, end->input_left ? "at least " : "",
			 s->tasks, s->tasks == 1 ? "" : "s");
		add_kinds(b, s);
	}
	if (s->succeeded > 0)
		buf_addf(b, ", %" PRIu64 " succeeded", s->succeeded);
	if (s->stopped > 0)
		buf_addf(b, ", %" PRIu64 " stopped", s->stopped);
	if (s->not_started > 0)
		buf_addf(b, ", %" PRIu64 " not started", s->not_started);
	if (end->input_left)
		buf_adds(b, ", the rest of the input not read");
	if (end->callback_failed)
		buf_adds(b, ", a callback failed");
	if (end->calls_left)
		buf_adds(b, ", callbacks stopped");
}

void summary_print(const struct summary *s, const struct summary_end *end)
{
	struct buf text = {0};
	bool all_ran = s->failed + s->stopped + s->not_started == 0 && !end->input_left;
	if (all_ran && !end->callback_failed && !end->calls_left)
		return;
	add_counts(&text, s, end);
	buf_adds(&text, "; ");
	add_duration(&text, clock_ns() - s->began_ns);
	buf_adds(&text, " in all");
	if (end->cause)
		buf_addf(&text, "; ended by %s", end->cause);
	warn_msg("%.*s", (int)buf_len(&text), buf_head(&text));
	buf_clear(&text);
	uint64_t n = s->tasks == 1 ? 0 : s->failed; /* the only one has just been named */
	for (uint64_t i = 0; i < n && i < SUMMARY_LISTED; i++)
		warn_msg("  %s", s->listed[i]);
	if (n > SUMMARY_LISTED)
		warn_msg("  ... and %" PRIu64 " more", n - SUMMARY_LISTED);
}
