/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "task/outcome.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/report.h"

const char *outcome_name(enum outcome_kind kind)
{
	static const char *const names[OUTCOME_KINDS] = {
#define X(name, text) [OUTCOME_##name] = text,
		OUTCOMES(X)
#undef X
	};
	return kind < OUTCOME_KINDS ? names[kind] : "unknown";
}

bool outcome_ok(const struct outcome *o)
{
	return o->kind == OUTCOME_EXITED && o->code == 0;
}

static int status_of_unstarted(const struct outcome *o)
{
	if (o->code == 0)
		return EXIT_FORKPOOL;
	return o->code == ENOENT ? EXIT_NOT_FOUND : EXIT_CANNOT_EXEC;
}

int outcome_status(const struct outcome *o)
{
	switch (o->kind) {
	case OUTCOME_EXITED:
		return o->code;
	case OUTCOME_SIGNALLED:
	case OUTCOME_TERMINAL:
		return EXIT_SIGNALLED + o->code;
	case OUTCOME_TIMED_OUT:
		return EXIT_HALTED;
	case OUTCOME_NOT_STARTED:
		return status_of_unstarted(o);
	case OUTCOME_LOST:
	case OUTCOME_NO_RESOURCES:
	case OUTCOME_KINDS:
		break;
	}
	return EXIT_FORKPOOL;
}

int outcome_signal(const struct outcome *o)
{
	return o->kind == OUTCOME_SIGNALLED || o->kind == OUTCOME_TIMED_OUT || o->kind == OUTCOME_TERMINAL ? o->code : 0;
}

static void describe_signal(int signal, char *text, size_t size)
{
	const char *name = sigabbrev_np(signal);
	if (name)
		snprintf(text, size, "killed by SIG%s", name);
	else
		snprintf(text, size, "killed by signal %d", signal);
}

static void describe_timeout(uint64_t runtime_ns, char *text, size_t size)
{
	uint64_t ms = runtime_ns / NS_PER_MS;
	if (ms < 100)
		snprintf(text, size, "timed out after %d ms", (int)ms);
	else
		snprintf(text, size, "timed out after %.1f s", (double)ms / 1000);
}

void outcome_describe(const struct outcome *o, char *text, size_t size)
{
	if (o->stopped && o->kind != OUTCOME_NOT_STARTED) {
		snprintf(text, size, "stopped");
		return;
	}
	switch (o->kind) {
	case OUTCOME_EXITED:
		snprintf(text, size, "exit %d", o->code);
		return;
	case OUTCOME_SIGNALLED:
		describe_signal(o->code, text, size);
		return;
	case OUTCOME_TIMED_OUT:
		describe_timeout(o->runtime_ns, text, size);
		return;
	case OUTCOME_NOT_STARTED:
	case OUTCOME_NO_RESOURCES:
		if (*o->reason)
			snprintf(text, size, "not started: %s", o->reason);
		else if (o->code)
			snprintf(text, size, "not started: %s", strerror(o->code));
		else
			snprintf(text, size, "%s", outcome_name(o->kind));
		return;
	case OUTCOME_LOST:
		snprintf(text, size, "lost: %s", *o->reason ? o->reason : "its worker died");
		return;
	case OUTCOME_TERMINAL:
		snprintf(text, size, "stopped: it wanted the terminal");
		return;
	case OUTCOME_KINDS:
		break;
	}
	snprintf(text, size, "%s", outcome_name(o->kind));
}
