/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "client/call.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/optscan.h"
#include "base/report.h"
#include "client/usage.h"

/* Let usage errors point to the help of this verb, which has its options. */
static void point_to(const struct verb *verb)
{
	static char help[64];

	snprintf(help, sizeof help, "forkpool ctl %s --help", verb->name);
	report_set_help(help);
}

/* Put the words from `first` on behind those that were found; these are before `first` in argv, too. */
static void take_rest(struct call *call, char **first)
{
	while (*first)
		call->words[call->n_words++] = *first++;
	call->words[call->n_words] = NULL;
}

/* The verb that the words before this one name; NULL: none yet. */
static const struct verb *verb_so_far(const struct call *call)
{
	size_t n;

	return verb_find(call->words, call->n_words, &n);
}

/* Does this word, the next of the operands, begin a command? */
static bool begins_command(const struct call *call)
{
	const struct verb *verb = verb_so_far(call);

	return verb && verb->manner == VERB_COMMAND;
}

/* Words in their order, whatever POSIXLY_CORRECT says. */
static void read_words(struct call *call, int argc, char **argv)
{
	struct optscan scan;

	optscan_init(&scan, '-');
	for (int i = 0; i < OPTION_COUNT; i++)
		optscan_add(&scan, verb_options[i].letter, verb_options[i].name, verb_options[i].argument);
	call->words = argv + 1;
	for (int i; (i = optscan_next(&scan, argc, argv)) != OPTSCAN_END;) {
		if (i == OPTSCAN_WORD && begins_command(call)) {
			optind--;
			break;
		}
		if (i == OPTSCAN_WORD)
			call->words[call->n_words++] = optarg;
		else
			call->values[i] = optarg ? optarg : "";
		if (verb_so_far(call))
			point_to(verb_so_far(call));
	}
	take_rest(call, argv + optind);
}

static void check_options(const struct call *call)
{
	for (int i = 0; i < OPTION_COUNT; i++) {
		const struct verb_option_row *row = &verb_options[i];

		if (call->values[i] && !verb_takes(call->verb, (enum verb_option)i))
			die_usage("%s takes no option --%s", call->verb->name, row->name);
	}
	if (call_has(call, OPTION_TIMEOUT) && call_has(call, OPTION_NOWAIT))
		die_usage("--timeout waits and --nowait does not; use one of them");
}

/* The first word of several verbs, and none by itself. */
static bool is_queue(const struct call *call)
{
	return strcmp(call->words[0], "queue") == 0;
}

static void find_verb(struct call *call)
{
	size_t n;

	if (call->n_words == 0)
		die_usage("a verb is missing");
	call->verb = verb_find(call->words, call->n_words, &n);
	if (!call->verb && is_queue(call))
		die_usage("queue wants create, close, delete or list");
	if (!call->verb)
		die_usage("unknown verb '%s'", call->words[0]);
	call->words += n;
	call->n_words -= n;
	point_to(call->verb);
}

static void check_operands(const struct call *call)
{
	const struct verb *verb = call->verb;

	if (call->n_words < verb->least)
		die_usage("%s needs %s", verb->name, verb->operands);
	if (call->n_words > verb->most)
		die_usage("%s takes nothing more: '%s'", verb->name, call->words[verb->most]);
}

static void find_socket(struct call *call)
{
	const char **socket = &call->values[OPTION_SOCKET];

	if (!*socket)
		*socket = getenv("FORKPOOL_SOCKET");
	if (!*socket || !**socket)
		die_usage("which pool? Give its socket with -S SOCKET, or in FORKPOOL_SOCKET");
}

void call_read(struct call *call, int argc, char **argv)
{
	*call = (struct call){0};
	read_words(call, argc, argv);
	if (call_has(call, OPTION_VERSION))
		usage_version();
	if (call_has(call, OPTION_HELP) && (call->n_words == 0 || (call->n_words == 1 && is_queue(call))))
		usage_all();
	find_verb(call);
	if (call_has(call, OPTION_HELP))
		usage_verb(call->verb);
	check_options(call);
	check_operands(call);
	find_socket(call);
}

bool call_has(const struct call *call, enum verb_option option)
{
	return call->values[option] != NULL;
}
