/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "client/call.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/report.h"
#include "client/usage.h"

/* getopt gives this and the row's index for a long option, a letter otherwise. */
#define LONG_BASE 256

/* A word that is no option, where getopt gives words in their order. */
#define WORD 1

/* getopt_long's view of the options. */
struct getopt_arrays {
	char letters[2 + 2 * OPTION_COUNT + 1];
	struct option longs[OPTION_COUNT + 1];
};

/* "-": words in their order, whatever POSIXLY_CORRECT says. ":": a missing value is told from an unknown option. */
static void arrays_init(struct getopt_arrays *a)
{
	char *letter = a->letters;
	struct option *next = a->longs;

	*letter++ = '-';
	*letter++ = ':';
	for (int i = 0; i < OPTION_COUNT; i++) {
		const struct verb_option_row *row = &verb_options[i];

		if (row->letter)
			*letter++ = row->letter;
		if (row->letter && row->argument)
			*letter++ = ':';
		if (row->name)
			*next++ = (struct option){row->name, row->argument ? required_argument : no_argument, NULL, LONG_BASE + i};
	}
	*letter = '\0';
	*next = (struct option){0};
}

/* The option of what getopt has returned, which is one. */
static enum verb_option option_of(int c)
{
	int i = 0;

	if (c >= LONG_BASE)
		return (enum verb_option)(c - LONG_BASE);
	while (verb_options[i].letter != c)
		i++;
	return (enum verb_option)i;
}

/* Let usage errors point to the help of this verb, which has its options. */
static void point_to(const struct verb *verb)
{
	static char help[64];

	snprintf(help, sizeof help, "forkpool ctl %s --help", verb->name);
	report_set_help(help);
}

/* How many long options could `word`, "--NAME" or "--NAME=VALUE", be the beginning of? */
static size_t count_matches(const char *word)
{
	size_t n = 0, len = strcspn(word + 2, "=");

	for (int i = 0; i < OPTION_COUNT; i++)
		if (verb_options[i].name && strncmp(verb_options[i].name, word + 2, len) == 0)
			n++;
	return n;
}

/* getopt_long(3) returned ':' or '?'. optopt is then the option, or 0 for a long one it does not know. */
static _Noreturn void die_bad_option(int c, char *const *argv)
{
	const char *word = argv[optind - 1];

	if (c == ':' && optopt < LONG_BASE)
		die_usage("option -%c needs a value, %s", optopt, verb_options[option_of(optopt)].argument);
	if (c == ':')
		die_usage("option %s needs a value, %s", word, verb_options[option_of(optopt)].argument);
	if (optopt >= LONG_BASE)
		die_usage("option --%s takes no value: %s", verb_options[option_of(optopt)].name, word);
	if (optopt)
		die_usage("unknown option -%c; behind -- it is none", (char)optopt);
	if (count_matches(word) > 1)
		die_usage("option %s could be one of several; write it in full", word);
	die_usage("unknown option %s", word);
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

static void read_words(struct call *call, int argc, char **argv)
{
	struct getopt_arrays arrays;
	int c;

	arrays_init(&arrays);
	call->words = argv + 1;
	opterr = 0;
	optind = 0; /* glibc: start afresh */
	while ((c = getopt_long(argc, argv, arrays.letters, arrays.longs, NULL)) != -1) {
		if (c == '?' || c == ':') {
			if (verb_so_far(call))
				point_to(verb_so_far(call));
			die_bad_option(c, argv);
		}
		if (c == WORD && begins_command(call)) {
			optind--;
			break;
		}
		if (c == WORD)
			call->words[call->n_words++] = optarg;
		else
			call->values[option_of(c)] = optarg ? optarg : "";
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
