/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "observers.h"

#include <fcntl.h>
#include <stdlib.h>

#include "base/report.h"
#include "process/spawn.h"

void observers_add(struct run *r, struct observer *observer)
{
	struct observer **end = &r->observers;
	while (*end)
		end = &(*end)->next;
	*end = observer;
}

static void add_output(struct run *r)
{
	const struct options *o = r->options;
	bool calls = o->callback || o->error_callback;
	output_open(&r->output, &(struct output_config){
		.by_line = o->output_mode == OUTPUT_LINE, .keep_order = o->keep_order, .tag = o->tag || o->tagstring,
		.sync = o->sync, .failures_only = o->quiet_success, .retries = o->retries,
		.stored_twice = calls && o->output_mode != OUTPUT_UNGROUP}, &r->store, &r->loop);
	observers_add(r, &r->output.observer);
}

static void add_filing(struct run *r)
{
	bool plain;
	char *folder = template_results_folder(r->template, &plain);
	if (!folder)
		return;
	if (filing_make_folder(folder, plain) < 0)
		die_sys(EXIT_FORKPOOL, "cannot write results in '%s'", folder);
	free(folder);
	filing_open(&r->filing);
	observers_add(r, &r->filing.observer);
}

static void add_judges(struct run *r)
{
	verdict_open(&r->verdict, r->options->verbose, r->options->quiet,
		     r->options->worker_command || template_names_program(r->template));
	summary_open(&r->summary);
	halt_open(&r->halt, &r->options->halt);
	observers_add(r, &r->verdict.observer);
	observers_add(r, &r->summary.observer);
	observers_add(r, &r->halt.observer);
}

static void add_callback(struct run *r)
{
	const struct options *o = r->options;
	if (!o->callback && !o->error_callback)
		return;
	if (o->niceness && spawn_nice(o->niceness) < 0)
		die_sys(EXIT_FORKPOOL, "cannot run callbacks with --nice %d", o->niceness);
	int null_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	if (null_fd < 0)
		die_sys(EXIT_FORKPOOL, "cannot open /dev/null");
	callback_open(&r->callback, &(struct callback_config){
		.on_success = o->callback, .on_failure = o->error_callback, .timeout_ns = o->timeout_ns,
		.kill_after_ns = o->kill_after_ns, .capture = o->output_mode != OUTPUT_UNGROUP, .sync = o->sync,
		.leave = o->leave, .origin = r->origin, .null_fd = null_fd},
		&r->loop, &r->store, &r->output);
	observers_add(r, &r->callback.observer);
}

static void add_journal(struct run *r)
{
	const struct options *o = r->options;
	if (!o->joblog)
		return;
	journal_start(&r->journal, &(struct journal_spec){.path = o->joblog, .fd = r->log_fd, .end = r->log_end,
							  .retries = o->retries, .name_hosts = o->via},
		      &r->output);
	r->log_fd = -1;
	observers_add(r, &r->journal.observer);
}

void observers_open(struct run *r)
{
	add_output(r);
	add_filing(r);
	add_judges(r);
	add_callback(r);
	add_journal(r);
}

void observers_close(struct run *r)
{
	if (r->callback.observer.on_event)
		callback_close(&r->callback);
	output_close(&r->output);
	filing_close(&r->filing);
	if (r->journal.observer.on_event)
		journal_close(&r->journal);
}
