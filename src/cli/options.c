/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "cli/options.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/cpus.h"
#include "base/optarg.h"
#include "base/optscan.h"
#include "base/report.h"
#include "cli/table.h"

#define KILL_AFTER_NS (10 * NS_PER_SEC)

static void read_options(struct parse *p, int argc, char **argv)
{
	struct optscan scan;

	optscan_init(&scan, '+');
	for (size_t i = 0; i < table_len; i++)
		optscan_add(&scan, table_rows[i].letter, table_rows[i].name, table_rows[i].argument);
	for (int i; (i = optscan_next(&scan, argc, argv)) != OPTSCAN_END;)
		table_rows[i].set(p, &table_rows[i], optarg);
}

static bool is_separator(const char *word)
{
	if (strcmp(word, ":::+") == 0 || strcmp(word, "::::+") == 0)
		die_usage("%s is not supported; ::: and :::: are", word);
	return strcmp(word, ":::") == 0 || strcmp(word, "::::") == 0;
}

/* The number of words before the next separator or the end. */
static size_t count_words(char *const *words)
{
	size_t n = 0;

	while (words[n] && !is_separator(words[n]))
		n++;
	return n;
}

static void add_files(struct options *o, char *const *files, size_t n)
{
	if (n == 0)
		die_usage(":::: needs a FILE, - for standard input");
	for (size_t i = 0; i < n; i++)
		table_add_source(o, &(struct source_spec){.kind = SOURCE_FILE, .path = files[i]});
}

/* Beside what clients submit: a terminal is for typing what they are to do, and a daemon has its input closed. */
static bool input_is_meant(void)
{
	bool is_readable = (fcntl(STDIN_FILENO, F_GETFL) & O_ACCMODE) != O_WRONLY;
	return is_readable && !isatty(STDIN_FILENO);
}

static void read_words(struct options *o, char **words)
{
	o->words = words;
	o->n_words = count_words(words);
	words += o->n_words;
	while (*words) {
		bool are_files = strcmp(*words++, "::::") == 0;
		size_t n = count_words(words);

		if (are_files)
			add_files(o, words, n);
		else
			table_add_source(o, &(struct source_spec){.kind = SOURCE_ARGS, .args = words, .n_args = n});
		words += n;
	}
	if (o->n_sources == 0 && o->listen && !input_is_meant())
		table_add_source(o, &(struct source_spec){.kind = SOURCE_ARGS});
	else if (o->n_sources == 0)
		table_add_source(o, &(struct source_spec){.kind = SOURCE_FILE, .path = "-"});
}

static void check_sources(const struct options *o)
{
	size_t n = 0;

	for (size_t i = 0; i < o->n_sources; i++)
		n += o->sources[i].kind == SOURCE_FILE && strcmp(o->sources[i].path, "-") == 0;
	if (n > 1)
		die_usage("standard input (-) can be one source only, not %zu", n);
	if (o->max_args > 0 && o->n_sources > 1)
		die_usage("--max-args works with one source of items; there are %zu", o->n_sources);
	if (o->max_args > 0 && o->n_words == 0 && !o->worker_command)
		die_usage("--max-args needs a COMMAND; without one, each item is a command");
}

static void check_conflicts(const struct parse *p)
{
	const struct options *o = p->o;
	bool ungroup = o->output_mode == OUTPUT_UNGROUP;

	if (o->join_words && o->no_shell)
		die_usage("--shell and --no-shell contradict each other; use one of them");
	if (o->retry_delay_ns && !p->retries_given)
		die_usage("--retry-delay is for further attempts, and there are none; add --retries N");
	if (ungroup && o->tag)
		die_usage("--ungroup does not see the output, so --tag cannot work; use --line-buffer");
	if (ungroup && o->tagstring)
		die_usage("--ungroup does not see the output, so --tagstring cannot work; use --line-buffer");
	if (ungroup && o->results)
		die_usage("--ungroup does not see the output, so --results cannot work; use --line-buffer");
	if (ungroup && o->keep_order)
		die_usage("--ungroup does not see the output, so --keep-order cannot work; use one of them");
	if (ungroup && o->quiet_success)
		die_usage("--ungroup does not see the output, so --quiet-success cannot work; use one of them");
	if (o->output_mode == OUTPUT_LINE && o->quiet_success)
		die_usage("--line-buffer writes what --quiet-success keeps until the task has ended; use one of them");
	if (ungroup && o->via)
		die_usage("--ungroup needs forkpool's own standard output, which --via does not reach; use --line-buffer");
}

static void check_worker_command(const struct options *o)
{
	if (!o->worker_command && o->worker_protocol_given)
		die_usage("--worker-protocol is for a worker command, and there is none; add --worker-command CMD");
	if (!o->worker_command)
		return;
	if (o->join_words)
		die_usage("--shell makes a shell text, and --worker-command hands its items to no shell; use one of them");
	if (o->output_mode == OUTPUT_UNGROUP)
		die_usage("--ungroup does not see the output, which is the answer of --worker-command; use --line-buffer");
	if (o->resume == RESUME_ONLY_BAD)
		die_usage("--retry-failed runs logged commands in a shell, not by --worker-command; use --resume-failed");
}

static void check_journal(const struct options *o)
{
	if (o->joblog && o->lock && strcmp(o->joblog, o->lock) == 0)
		die_usage("--lock and --joblog name the same file '%s'; the log is locked in any case", o->lock);
	bool to_stdout = o->joblog && strcmp(o->joblog, "-") == 0 && !o->joblog_appends;

	if (o->resume == RESUME_ONLY_BAD && !o->joblog)
		die_usage("--retry-failed needs the log of the run before; give it with --joblog FILE");
	if (o->resume != RESUME_NOT && !o->joblog && !o->results)
		die_usage("resuming needs what the run before has left; give it with --joblog FILE or --results DIR");
	if (o->resume != RESUME_NOT && to_stdout)
		die_usage("a job log on standard output (-) cannot be resumed; use a file");
	if (o->resume == RESUME_ONLY_BAD && o->results)
		die_usage("--retry-failed knows commands only, --results is named by items; use --resume-failed");
}

static void check_live(const struct options *o)
{
	if (o->listen && o->output_mode == OUTPUT_UNGROUP)
		die_usage("--ungroup does not see the output, which clients of --listen may ask for; use --line-buffer");
	if (o->listen && o->resume == RESUME_ONLY_BAD)
		die_usage("--retry-failed runs what a log has, and --listen what comes; use one of them");
	if (o->state && o->output_mode == OUTPUT_UNGROUP)
		die_usage("--ungroup does not see the output, which --state keeps; use --line-buffer");
	if (o->state && o->resume != RESUME_NOT)
		die_usage("--state knows by itself what has been done; leave out --resume and its like");
	if (o->state && o->joblog && strcmp(o->state, o->joblog) == 0)
		die_usage("--state and --joblog name the same file '%s'", o->state);
	if (!o->listen && o->queue_memory)
		die_usage("--queue-memory is for the queues of clients; add --listen SOCKET");
	if (!o->state && o->durability_given)
		die_usage("--durability is for what --state keeps; add --state FILE");
}

/* The log gives the commands. */
static void forget_command(struct options *o)
{
	o->n_words = o->n_sources = o->max_args = 0;
}

/* CPUs are counted only where the number depends on them: a start costs less without. */
static unsigned resolve_jobs(struct parse *p)
{
	const char *env = getenv("FORKPOOL_JOBS");

	if (p->o->sync)
		return 1;
	if (!p->jobs_given && env && *env)
		optarg_jobs("FORKPOOL_JOBS", env, &p->jobs);
	return jobs_count(&p->jobs, jobs_need_cpus(&p->jobs) ? cpus_usable() : 1);
}

void options_parse(struct options *o, int argc, char **argv)
{
	struct parse p = {.o = o, .jobs = {.form = JOBS_PERCENT, .n = 100}};

	*o = (struct options){.delimiter = '\n', .kill_after_ns = KILL_AFTER_NS};
	read_options(&p, argc, argv);
	if (o->agent)
		return;
	read_words(o, argv + optind);
	check_sources(o);
	check_conflicts(&p);
	check_worker_command(o);
	check_journal(o);
	check_live(o);
	if (o->resume == RESUME_ONLY_BAD)
		forget_command(o);
	o->jobs = resolve_jobs(&p);
}

void options_clear(struct options *o)
{
	free(o->sources);
	*o = (struct options){0};
}
