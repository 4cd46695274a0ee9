/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "cli/table.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/helptext.h"
#include "base/optarg.h"
#include "base/optscan.h"
#include "base/report.h"
#include "base/xalloc.h"
#include "cli/help.h"

/* No one means more than that, and it fits a size_t everywhere. */
#define COUNT_MAX UINT64_C(1000000000)
#define RETRIES_MAX UINT64_C(1000000)

static void *field(struct parse *p, const struct option_row *row)
{
	return (char *)p->o + row->at;
}

static void set_nothing(struct parse *p, const struct option_row *row, const char *value)
{
	(void)p;
	(void)row;
	(void)value;
}

static void set_true(struct parse *p, const struct option_row *row, const char *value)
{
	(void)value;
	*(bool *)field(p, row) = true;
}

static void set_false(struct parse *p, const struct option_row *row, const char *value)
{
	(void)value;
	*(bool *)field(p, row) = false;
}

static void set_text(struct parse *p, const struct option_row *row, const char *value)
{
	*(const char **)field(p, row) = value;
}

static void set_nonempty(struct parse *p, const struct option_row *row, const char *value)
{
	if (!*value)
		die_usage("--%s '': its value %s must not be empty", row->name, row->argument);
	set_text(p, row, value);
}

static void set_duration(struct parse *p, const struct option_row *row, const char *value)
{
	*(uint64_t *)field(p, row) = optarg_duration(row->name, value);
}

static void set_size(struct parse *p, const struct option_row *row, const char *value)
{
	*(uint64_t *)field(p, row) = optarg_size(row->name, value);
}

static void set_source(struct parse *p, const struct option_row *row, const char *value)
{
	(void)row;
	table_add_source(p->o, &(struct source_spec){.kind = SOURCE_FILE, .path = value});
}

static void set_delimiter(struct options *o, unsigned char byte)
{
	o->delimiter = byte;
	o->keep_empty = true;
}

static void set_null(struct parse *p, const struct option_row *row, const char *value)
{
	(void)row;
	(void)value;
	set_delimiter(p->o, '\0');
}

static void set_delimiter_text(struct parse *p, const struct option_row *row, const char *value)
{
	set_delimiter(p->o, optarg_byte(row->name, value));
}

static void set_max_args(struct parse *p, const struct option_row *row, const char *value)
{
	p->o->max_args = optarg_count(row->name, value, 1, COUNT_MAX);
}

static void set_jobs(struct parse *p, const struct option_row *row, const char *value)
{
	char *who = xasprintf("--%s", row->name);

	optarg_jobs(who, value, &p->jobs);
	p->jobs_given = true;
	free(who);
}

static void set_queue_size(struct parse *p, const struct option_row *row, const char *value)
{
	p->o->queue_size = optarg_count(row->name, value, 1, COUNT_MAX);
}

static void set_max_tasks(struct parse *p, const struct option_row *row, const char *value)
{
	p->o->max_tasks_per_worker = optarg_count(row->name, value, 1, COUNT_MAX);
}

static void set_worker_protocol(struct parse *p, const struct option_row *row, const char *value)
{
	p->o->worker_json = strcmp(value, "json") == 0;
	if (!p->o->worker_json && strcmp(value, "line"))
		die_usage("--%s '%s': not a protocol; use line or json", row->name, value);
	p->o->worker_protocol_given = true;
}

static void set_durability(struct parse *p, const struct option_row *row, const char *value)
{
	p->o->only_processes = strcmp(value, "process") == 0;
	if (!p->o->only_processes && strcmp(value, "disk"))
		die_usage("--%s '%s': not a durability; use disk or process", row->name, value);
	p->o->durability_given = true;
}

static void set_group(struct parse *p, const struct option_row *row, const char *value)
{
	(void)row;
	(void)value;
	p->o->output_mode = OUTPUT_GROUP;
}

static void set_line(struct parse *p, const struct option_row *row, const char *value)
{
	(void)row;
	(void)value;
	p->o->output_mode = OUTPUT_LINE;
}

static void set_ungroup(struct parse *p, const struct option_row *row, const char *value)
{
	(void)row;
	(void)value;
	p->o->output_mode = OUTPUT_UNGROUP;
}

static void set_timeout(struct parse *p, const struct option_row *row, const char *value)
{
	p->o->timeout_ns = 0;
	p->o->timeout_percent = optarg_percent(row->name, value);
	if (p->o->timeout_percent)
		return;
	p->o->timeout_ns = optarg_duration(row->name, value);
	if (p->o->timeout_ns == 0)
		die_usage("--%s '%s': no task can end in no time; leave the option out for no limit", row->name, value);
}

static void set_deadline(struct parse *p, const struct option_row *row, const char *value)
{
	p->o->deadline_ns = optarg_duration(row->name, value);
	if (p->o->deadline_ns == 0)
		die_usage("--%s '%s': nothing can run in no time; leave the option out for no limit", row->name, value);
}

static void set_retries(struct parse *p, const struct option_row *row, const char *value)
{
	p->o->retries = (unsigned)optarg_count(row->name, value, 0, RETRIES_MAX);
	p->retries_given = true;
}

static void set_retry_delay(struct parse *p, const struct option_row *row, const char *value)
{
	p->o->retry_delay_ns = optarg_growing_duration(row->name, value, &p->o->retry_factor);
}

static void set_rate(struct parse *p, const struct option_row *row, const char *value)
{
	p->o->rate_ns = optarg_interval(row->name, value);
}

static void set_max_load(struct parse *p, const struct option_row *row, const char *value)
{
	p->o->max_load = optarg_load(row->name, value);
}

static void set_nice(struct parse *p, const struct option_row *row, const char *value)
{
	p->o->niceness = optarg_niceness(row->name, value);
}

static void set_joblog(struct parse *p, const struct option_row *row, const char *value)
{
	p->o->joblog_appends = *value == '+';
	set_nonempty(p, row, value + p->o->joblog_appends);
}

static void set_resume(struct parse *p, const struct option_row *row, const char *value)
{
	(void)row;
	(void)value;
	p->o->resume = RESUME_REST;
}

static void set_resume_failed(struct parse *p, const struct option_row *row, const char *value)
{
	(void)row;
	(void)value;
	p->o->resume = RESUME_REST_AND_BAD;
}

static void set_retry_failed(struct parse *p, const struct option_row *row, const char *value)
{
	(void)row;
	(void)value;
	p->o->resume = RESUME_ONLY_BAD;
}

static void set_halt(struct parse *p, const struct option_row *row, const char *value)
{
	if (halt_parse(value, &p->o->halt) == 0)
		return;
	if (errno == EDOM)
		die_usage("--%s '%s': the limit must be at least 1; use never for no limit", row->name, value);
	if (errno == ERANGE)
		die_usage("--%s '%s': too high a limit; a share is at most 100%%", row->name, value);
	die_usage("--%s '%s': not a condition; use never, or now or soon with fail, success or done and a number "
		  "or a share: now,fail=1 or soon,done=20%%", row->name, value);
}

static void set_fail_fast(struct parse *p, const struct option_row *row, const char *value)
{
	(void)row;
	(void)value;
	p->o->halt = (struct halt_rule){.how = POOL_STOP_NOW, .why = HALT_FAIL, .limit = 1};
}

static void show_brief(struct parse *p, const struct option_row *row, const char *value)
{
	set_nothing(p, row, value);
	help_exit(help_brief);
}

static void show_help(struct parse *p, const struct option_row *row, const char *value)
{
	set_nothing(p, row, value);
	help_exit(help_full);
}

static void show_version(struct parse *p, const struct option_row *row, const char *value)
{
	set_nothing(p, row, value);
	help_exit(helptext_version);
}

void table_add_source(struct options *o, const struct source_spec *source)
{
	o->sources = xrealloc(o->sources, o->n_sources + 1, sizeof(*o->sources));
	o->sources[o->n_sources++] = *source;
}

#define AT(name) offsetof(struct options, name)

/* letter, name, argument, group, in -h?, what to do, field, text */
const struct option_row table_rows[] = {
	{'a', "arg-file", "FILE", GROUP_INPUT, true, set_source, 0,
		"take items from FILE, - for standard input; may be given again"},
	{'0', "null", NULL, GROUP_INPUT, true, set_null, 0, "items end with a NUL byte; empty ones are kept"},
	{'d', "delimiter", "C", GROUP_INPUT, false, set_delimiter_text, 0,
		"items end with the byte C, which may be \\n \\t \\r \\0 \\\\ \\xHH; empty ones are kept"},
	{'n', "max-args", "N", GROUP_INPUT, true, set_max_args, 0, "put up to N items into each task"},
	{'I', "replace", "R", GROUP_INPUT, false, set_nonempty, AT(replace), "R stands for the item instead of {}"},
	{'r', "no-run-if-empty", NULL, GROUP_INPUT, false, set_nothing, 0,
		"for xargs's sake; no input runs nothing in any case"},
	{0, "shell", NULL, GROUP_INPUT, false, set_true, AT(join_words),
		"join the words of COMMAND into one shell text"},
	{0, "no-shell", NULL, GROUP_INPUT, false, set_true, AT(no_shell), "use no shell; a task that needs one fails"},

	{'j', "jobs", "N", GROUP_POOL, true, set_jobs, 0,
		"run N tasks at a time (default: the usable CPUs); also 50% of the CPUs, +2 or -1"},
	{'P', "max-procs", "N", GROUP_POOL, false, set_jobs, 0, "the same as --jobs"},
	{0, "async", NULL, GROUP_POOL, false, set_false, AT(sync), "run tasks side by side (default)"},
	{0, "sync", NULL, GROUP_POOL, false, set_true, AT(sync),
		"run one task at a time, callback included, in input order"},
	{0, "queue-size", "N", GROUP_POOL, false, set_queue_size, 0,
		"let at most N tasks wait for a worker (default: as many as jobs)"},
	{0, "max-tasks-per-worker", "N", GROUP_POOL, false, set_max_tasks, 0, "replace a worker after N tasks"},
	{0, "initializer", "CMD", GROUP_POOL, false, set_nonempty, AT(initializer),
		"run CMD once in each new worker, before its first task"},
	{0, "prefork", NULL, GROUP_POOL, false, set_true, AT(prefork),
		"keep a loaded copy of each program and fork it for each task instead of executing it"},
	{'C', "directory", "DIR", GROUP_POOL, false, set_nonempty, AT(directory), "run the tasks in DIR"},
	{0, "lock", "FILE", GROUP_POOL, false, set_nonempty, AT(lock),
		"run nothing and exit with 75 while another run holds the lock FILE"},
	{0, "worker-command", "CMD", GROUP_POOL, false, set_nonempty, AT(worker_command),
		"start CMD once in each worker and hand it task after task: an item is a line in, the answer a line out"},
	{0, "worker-protocol", "P", GROUP_POOL, false, set_worker_protocol, 0,
		"talk with CMD in lines (line, the default), or as Bazel does with its persistent workers (json)"},
	{0, "callback", "CMD", GROUP_POOL, true, set_nonempty, AT(callback),
		"run CMD after each task that succeeded; its input is the task's output"},
	{0, "error-callback", "CMD", GROUP_POOL, false, set_nonempty, AT(error_callback),
		"run CMD likewise after each task that failed"},
	{0, "via", "CMD", GROUP_POOL, false, set_nonempty, AT(via),
		"start each worker with CMD: a shell command that runs 'forkpool --agent', here or elsewhere"},

	{0, "group", NULL, GROUP_OUTPUT, false, set_group, 0,
		"write each task's output whole, when the task ends (default)"},
	{'k', "keep-order", NULL, GROUP_OUTPUT, true, set_true, AT(keep_order),
		"write output in the order of the input"},
	{0, "line-buffer", NULL, GROUP_OUTPUT, true, set_line, 0, "write output as it comes, in whole lines"},
	{'u', "ungroup", NULL, GROUP_OUTPUT, false, set_ungroup, 0,
		"leave output to the tasks: it is neither captured nor sorted"},
	{0, "tag", NULL, GROUP_OUTPUT, false, set_true, AT(tag), "begin each line of output with the item and a TAB"},
	{0, "tagstring", "T", GROUP_OUTPUT, false, set_text, AT(tagstring),
		"begin each line with T, which may hold placeholders, and a TAB"},
	{0, "quiet-success", NULL, GROUP_OUTPUT, false, set_true, AT(quiet_success),
		"write a task's output only if it failed in the end"},
	{0, "results", "DIR", GROUP_OUTPUT, false, set_nonempty, AT(results),
		"keep output, status and command of each task in files below DIR, which may hold placeholders"},
	{0, "dry-run", NULL, GROUP_OUTPUT, true, set_true, AT(dry_run), "print the commands, run none"},
	{'t', "verbose", NULL, GROUP_OUTPUT, true, set_true, AT(verbose),
		"print each command on standard error as it starts"},
	{'q', "quiet", NULL, GROUP_OUTPUT, false, set_true, AT(quiet), "print no messages but errors"},

	{0, "timeout", "D", GROUP_FAILURE, true, set_timeout, 0,
		"end a task that runs longer than D: 1.5, 30s, 5m, 2h; or 300% of the median so far"},
	{0, "kill-after", "D", GROUP_FAILURE, false, set_duration, AT(kill_after_ns),
		"wait D between SIGTERM and SIGKILL (default: 10s)"},
	{0, "deadline", "D", GROUP_FAILURE, false, set_deadline, 0,
		"end the whole run when it takes longer than D"},
	{0, "retries", "N", GROUP_FAILURE, true, set_retries, 0, "try a task that failed up to N times more"},
	{0, "retry-delay", "D[,FACTOR]", GROUP_FAILURE, false, set_retry_delay, 0,
		"wait D before the second attempt, then FACTOR times longer each time"},
	{0, "halt", "WHEN,WHY=N", GROUP_FAILURE, false, set_halt, 0,
		"stop the run once N or N% of the tasks are so: WHEN is now (end what runs) or soon (start nothing more), "
		"WHY is fail, success or done"},
	{0, "fail-fast", NULL, GROUP_FAILURE, true, set_fail_fast, 0,
		"when a task fails, end the others and start none; the same as --halt now,fail=1"},
	{0, "leave", NULL, GROUP_FAILURE, false, set_true, AT(leave),
		"let background processes of a finished task live"},

	{0, "delay", "D", GROUP_LOAD, false, set_duration, AT(delay_ns), "let at least D pass between two starts"},
	{0, "rate", "N/s", GROUP_LOAD, false, set_rate, 0, "start at most N tasks a second; also N/m, N/h"},
	{0, "max-load", "L", GROUP_LOAD, false, set_max_load, 0,
		"start nothing while the load average is L or more; also 80% of the CPUs"},
	{0, "memfree", "SIZE", GROUP_LOAD, false, set_size, AT(memfree_bytes),
		"start nothing while less than SIZE of memory is available: 500M, 2G"},
	{0, "nice", "N", GROUP_LOAD, false, set_nice, 0, "run the tasks with N, -20 to 19, added to the niceness"},

	{0, "joblog", "FILE", GROUP_JOURNAL, true, set_joblog, AT(joblog),
		"log each finished task in FILE; +FILE appends, - is standard output"},
	{0, "resume", NULL, GROUP_JOURNAL, false, set_resume, 0, "leave out what the job log knows"},
	{0, "resume-failed", NULL, GROUP_JOURNAL, true, set_resume_failed, 0,
		"leave out what succeeded according to the job log"},
	{0, "retry-failed", NULL, GROUP_JOURNAL, false, set_retry_failed, 0,
		"run the commands that failed according to the job log, without other input"},

	{0, "listen", "SOCKET", GROUP_LIVE, false, set_nonempty, AT(listen),
		"keep the pool open, and do what 'forkpool ctl' says by way of SOCKET"},
	{0, "state", "FILE", GROUP_LIVE, false, set_nonempty, AT(state),
		"keep tasks, results and queues in FILE, so that the same command goes on where it was killed"},
	{0, "durability", "KIND", GROUP_LIVE, false, set_durability, 0,
		"what --state withstands: a power cut (disk, the default), or the death of processes only (process)"},
	{0, "queue-memory", "SIZE", GROUP_LIVE, false, set_size, AT(queue_memory),
		"let all queues and their messages take up to SIZE (default: 256M)"},

	{'h', NULL, NULL, GROUP_OTHER, false, show_brief, 0, "help on one screen"},
	{0, "help", NULL, GROUP_OTHER, false, show_help, 0, "this help"},
	{0, "version", NULL, GROUP_OTHER, false, show_version, 0, "the version"},

	{0, "lb", NULL, GROUP_HIDDEN, false, set_line, 0, NULL},
	{0, "agent", NULL, GROUP_HIDDEN, false, set_true, AT(agent), NULL},
};

_Static_assert(sizeof(table_rows) / sizeof(table_rows[0]) <= OPTSCAN_MAX, "OPTSCAN_MAX is too small");

const size_t table_len = sizeof(table_rows) / sizeof(table_rows[0]);
