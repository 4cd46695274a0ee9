/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "client/request.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fdio.h"
#include "base/optarg.h"
#include "base/report.h"
#include "base/strnum.h"
#include "base/xalloc.h"
#include "proto/jansson.h"

#define MAXSIZE_MAX UINT64_C(1000000000)
#define READ_BYTES ((size_t)64 << 10)

static _Noreturn void die_too_long(void)
{
	die_msg(EXIT_USAGE, "too long: a command or a message must fit a line of %zu bytes; write it to a file, and hand over "
		"the file's name", REQUEST_MAX);
}

static void set(json_t *request, const char *member, json_t *value)
{
	jansson.object_set_new(request, member, value);
}

/* What is a string to the protocol must be UTF-8; `what` is said of one that is not. */
static void set_string(json_t *request, const char *member, const char *text, const char *what)
{
	json_t *string = jansson.string(text);
	if (!string)
		die_usage("%s '%s': not valid UTF-8", what, text);
	set(request, member, string);
}

static void set_bytes(json_t *request, const char *member, const char *bytes)
{
	set(request, member, jansson_bytes(bytes, strlen(bytes)));
}

/* The name of the current directory, to free. Where it has none that leads there, a task must not run anywhere else. */
static char *here(void)
{
	char *name = getcwd(NULL, 0);
	if (!name || *name != '/')
		die_msg(EXIT_FORKPOOL, "the current directory has no name any more; give one for the task with -C /DIR");
	return name;
}

static void set_directory(json_t *request, const char *directory)
{
	if (!*directory)
		die_usage("--directory '': its value DIR must not be empty");
	if (*directory == '/') {
		set_bytes(request, "directory", directory);
		return;
	}
	char *base = here();
	char *absolute = xasprintf("%s/%s", base, directory);
	set_bytes(request, "directory", absolute);
	free(absolute);
	free(base);
}

static void set_options(json_t *request, const struct call *call)
{
	const char *const *values = call->values;
	if (values[OPTION_NAME])
		set_string(request, "name", values[OPTION_NAME], "--name");
	if (values[OPTION_DIRECTORY])
		set_directory(request, values[OPTION_DIRECTORY]);
	if (values[OPTION_TIMEOUT])
		set(request, "timeout",
			jansson.real((double)optarg_duration("timeout", values[OPTION_TIMEOUT]) / (double)NS_PER_SEC));
	if (values[OPTION_NOWAIT])
		set(request, "nowait", jansson.yes());
	if (values[OPTION_MAXSIZE])
		set(request, "maxsize", jansson.integer((json_int_t)optarg_count("maxsize", values[OPTION_MAXSIZE], 0, MAXSIZE_MAX)));
}

void request_command(json_t *request, char *const *words, size_t n)
{
	json_t *command = jansson.array();
	for (size_t i = 0; i < n; i++)
		jansson.array_append_new(command, jansson_bytes(words[i], strlen(words[i])));
	set(request, "command", command);
	if (jansson.object_get(request, "directory"))
		return;
	char *name = here();
	set_bytes(request, "directory", name);
	free(name);
}

static json_t *task_of(const char *word)
{
	uint64_t task;
	if (strnum_u64(word, 1, INT64_MAX, &task) < 0)
		die_usage("'%s' is no task: a task is known by its number, from 1", word);
	return jansson.integer((json_int_t)task);
}

void request_tasks(json_t *request, char *const *words, size_t n)
{
	if (n == 0)
		return;
	json_t *tasks = jansson.array();
	for (size_t i = 0; i < n; i++)
		jansson.array_append_new(tasks, task_of(words[i]));
	set(request, "tasks", tasks);
}

void request_task(json_t *request, char *const *words, size_t n)
{
	if (n > 0)
		set(request, "task", task_of(words[0]));
}

void request_jobs(json_t *request, char *const *words, size_t n)
{
	struct jobs jobs;
	if (n == 0)
		return;
	optarg_jobs("jobs", words[0], &jobs);
	set(request, "jobs", jobs_need_cpus(&jobs) ? jansson.string(words[0]) : jansson.integer(jobs.n));
}

void request_queue(json_t *request, char *const *words, size_t n)
{
	(void)n;
	set_string(request, "queue", words[0], "queue");
}

/* Standard input to its end, or until it is too long in any case. */
static json_t *input_message(void)
{
	struct buf message = {0};
	ssize_t n;
	while ((n = fdio_read(STDIN_FILENO, buf_room(&message, READ_BYTES), READ_BYTES)) > 0) {
		buf_grew(&message, (size_t)n);
		if (buf_len(&message) > REQUEST_MAX)
			die_too_long();
	}
	if (n < 0)
		die_sys(EXIT_FORKPOOL, "cannot read standard input");
	json_t *value = jansson_short_bytes(buf_head(&message), buf_len(&message));
	buf_clear(&message);
	return value;
}

void request_message(json_t *request, char *const *words, size_t n)
{
	request_queue(request, words, 1);
	if (n < 2 || strcmp(words[1], "-") == 0)
		set(request, "message", input_message());
	else
		set_bytes(request, "message", words[1]);
}

/* "queue create" is "queue-create" there. */
static json_t *verb_name(const struct verb *verb)
{
	char *name = xstrdup(verb->name);
	char *blank = strchr(name, ' ');
	if (blank)
		*blank = '-';
	json_t *value = jansson.string(name);
	free(name);
	return value;
}

static void add_line(const struct call *call, char *const *words, size_t n, struct buf *lines)
{
	size_t start = buf_len(lines);
	json_t *request = jansson.object();
	set(request, "verb", verb_name(call->verb));
	set_options(request, call);
	if (call->verb->ask)
		call->verb->ask(request, words, n);
	jansson_print(request, lines);
	if (buf_len(lines) - start > REQUEST_MAX)
		die_too_long();
	buf_addc(lines, '\n');
	jansson_free(request);
}

void request_lines(const struct call *call, struct buf *lines)
{
	if (call->verb->manner != VERB_EACH) {
		add_line(call, call->words, call->n_words, lines);
		return;
	}
	for (size_t i = 0; i < call->n_words; i++)
		add_line(call, call->words + i, 1, lines);
}
