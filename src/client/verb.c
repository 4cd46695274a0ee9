/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "client/verb.h"

#include <stdint.h>
#include <string.h>

#include "base/array.h"
#include "client/answer.h"
#include "client/request.h"

#define ANY SIZE_MAX
#define NAME (1u << OPTION_NAME)
#define DIRECTORY (1u << OPTION_DIRECTORY)
#define TIMEOUT (1u << OPTION_TIMEOUT)
#define NOWAIT (1u << OPTION_NOWAIT)
#define MAXSIZE (1u << OPTION_MAXSIZE)
#define JSON (1u << OPTION_JSON)
#define LINE (1u << OPTION_LINE)
#define OF_ALL (1u << OPTION_SOCKET | 1u << OPTION_HELP | 1u << OPTION_VERSION)

const struct verb_option_row verb_options[OPTION_COUNT] = {
	[OPTION_SOCKET] = {'S', NULL, "SOCKET", "the pool is the one that listens here; default: $FORKPOOL_SOCKET"},
	[OPTION_NAME] = {0, "name", "N", "call the task so"},
	[OPTION_DIRECTORY] = {'C', "directory", "DIR", "run the task there, not in the current directory"},
	[OPTION_TIMEOUT] = {0, "timeout", "D", "wait no longer than that (seconds, or with s, m, h, d); then exit 124"},
	[OPTION_NOWAIT] = {0, "nowait", NULL, "do not wait; exit 1 if there is no message, no room"},
	[OPTION_MAXSIZE] = {0, "maxsize", "N", "put waits while N messages are in the queue; 0: there is no limit"},
	[OPTION_JSON] = {0, "json", NULL, "print JSON, one object a line"},
	[OPTION_LINE] = {0, "line", NULL, "end the message with a newline if it has none"},
	[OPTION_HELP] = {'h', "help", NULL, "show this help and exit"},
	[OPTION_VERSION] = {0, "version", NULL, "print the version and exit"},
};

const struct verb verb_rows[] = {
	{"submit", "CMD...", "have CMD run; print the task's number",
	 NAME | DIRECTORY, 1, ANY, VERB_COMMAND, request_command, NULL, answer_submit},
	{"apply", "CMD...", "have CMD run; give its output and status",
	 NAME | DIRECTORY, 1, ANY, VERB_COMMAND, request_command, answer_output, answer_apply},
	{"wait", "[TASK...]", "wait for these tasks, or all; one: its status",
	 TIMEOUT, 0, ANY, VERB_PLAIN, request_tasks, answer_waited, answer_wait},
	{"result", "TASK", "give the output of a finished task again",
	 JSON, 1, 1, VERB_PLAIN, request_task, answer_kept, answer_result},
	{"status", "[TASK]", "tell how the pool is, or the task",
	 JSON, 0, 1, VERB_PLAIN, request_task, NULL, answer_status},
	{"list", "", "list the tasks, TABs between the columns",
	 JSON, 0, 0, VERB_PLAIN, NULL, answer_listed, answer_list},
	{"kill", "TASK...", "end these tasks",
	 0, 1, ANY, VERB_EACH, request_task, NULL, answer_done},
	{"jobs", "[N]", "let N tasks run at a time, as -j has it; or tell N",
	 0, 0, 1, VERB_PLAIN, request_jobs, NULL, answer_jobs},
	{"pause", "", "start no more tasks",
	 0, 0, 0, VERB_PLAIN, NULL, NULL, answer_done},
	{"continue", "", "start tasks again",
	 0, 0, 0, VERB_PLAIN, NULL, NULL, answer_done},
	{"close", "", "take no more tasks, end when all have",
	 0, 0, 0, VERB_PLAIN, NULL, NULL, answer_done},
	{"terminate", "", "end all tasks and the pool",
	 0, 0, 0, VERB_PLAIN, NULL, NULL, answer_done},
	{"join", "", "wait until the pool has ended",
	 TIMEOUT, 0, 0, VERB_END, NULL, NULL, answer_done},
	{"queue create", "NAME", "make a queue",
	 MAXSIZE, 1, 1, VERB_PLAIN, request_queue, NULL, answer_done},
	{"queue close", "NAME", "nothing more is put; getters end when it is empty",
	 0, 1, 1, VERB_PLAIN, request_queue, NULL, answer_done},
	{"queue delete", "NAME", "remove a queue with all that is in it",
	 0, 1, 1, VERB_PLAIN, request_queue, NULL, answer_done},
	{"queue list", "", "list the queues, TABs between the columns",
	 JSON, 0, 0, VERB_PLAIN, NULL, answer_listed_queue, answer_list_queues},
	{"put", "NAME [MSG]", "put a message, or standard input, into a queue",
	 TIMEOUT | NOWAIT, 1, 2, VERB_PLAIN, request_message, NULL, answer_done},
	{"get", "NAME", "take a message out and write it",
	 TIMEOUT | NOWAIT | LINE, 1, 1, VERB_PLAIN, request_queue, NULL, answer_message},
	{"qsize", "NAME", "print how many messages there are",
	 0, 1, 1, VERB_PLAIN, request_queue, NULL, answer_qsize},
	{"empty", "NAME", "exit 0 if there is none, else 1",
	 0, 1, 1, VERB_PLAIN, request_queue, NULL, answer_empty},
	{"full", "NAME", "exit 0 if there is no room for one more, else 1",
	 0, 1, 1, VERB_PLAIN, request_queue, NULL, answer_full},
};

const size_t verb_count = ARRAY_LEN(verb_rows);

/* How many words the name is if they begin with it; 0: they do not. */
static size_t match(const char *name, char *const *words, size_t n)
{
	size_t first = strcspn(name, " ");
	if (n < 1 || strlen(words[0]) != first || strncmp(words[0], name, first) != 0)
		return 0;
	if (!name[first])
		return 1;
	return n > 1 && strcmp(words[1], name + first + 1) == 0 ? 2 : 0;
}

const struct verb *verb_find(char *const *words, size_t n, size_t *n_taken)
{
	for (size_t i = 0; i < verb_count; i++) {
		*n_taken = match(verb_rows[i].name, words, n);
		if (*n_taken)
			return &verb_rows[i];
	}
	return NULL;
}

bool verb_takes(const struct verb *verb, enum verb_option option)
{
	return (verb->options | OF_ALL) >> option & 1;
}
