/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "base/optscan.h"

#include <stddef.h>
#include <string.h>

#include "base/report.h"

/* getopt gives this and the row for a long option, a letter otherwise, and 1 for a word. */
#define LONG_BASE 256
#define WORD 1

/* ":" tells a missing value from an unknown option. */
void optscan_init(struct optscan *s, char order)
{
	*s = (struct optscan){.letters = {order, ':'}, .n_letters = 2};
	opterr = 0;
	optind = 0; /* glibc: start afresh */
}

void optscan_add(struct optscan *s, char letter, const char *name, const char *argument)
{
	if (s->n == OPTSCAN_MAX)
		bug("more than %d options", OPTSCAN_MAX);
	if (letter)
		s->letters[s->n_letters++] = letter;
	if (letter && argument)
		s->letters[s->n_letters++] = ':';
	if (name)
		s->longs[s->n_longs++] = (struct option){name, argument ? required_argument : no_argument, NULL, LONG_BASE + s->n};
	s->rows[s->n].letter = letter;
	s->rows[s->n].name = name;
	s->rows[s->n++].argument = argument;
}

/* Of what getopt has given for an option that there is. */
static int row_of(const struct optscan *s, int c)
{
	int row = 0;
	if (c >= LONG_BASE)
		return c - LONG_BASE;
	while (s->rows[row].letter != c)
		row++;
	return row;
}

/* How many long options could `word`, "--NAME" or "--NAME=VALUE", be the beginning of? */
static int count_matches(const struct optscan *s, const char *word)
{
	int n = 0;
	size_t len = strcspn(word + 2, "=");
	for (const struct option *o = s->longs; o->name; o++)
		n += strncmp(o->name, word + 2, len) == 0;
	return n;
}

/* getopt_long(3) returned ':' or '?'. optopt is then the option, or 0 for a long one it does not know. */
static _Noreturn void die_bad_option(const struct optscan *s, int c, const char *word)
{
	if (c == ':' && optopt < LONG_BASE)
		die_usage("option -%c needs a value, %s", optopt, s->rows[row_of(s, optopt)].argument);
	if (c == ':')
		die_usage("option --%s needs a value, %s", s->rows[row_of(s, optopt)].name, s->rows[row_of(s, optopt)].argument);
	if (optopt >= LONG_BASE)
		die_usage("option --%s takes no value: %s", s->rows[row_of(s, optopt)].name, word);
	if (optopt >= '0' && optopt <= '9')
		die_usage("unknown option -%c; behind -- it is none", (char)optopt);
	if (optopt)
		die_usage("unknown option -%c", (char)optopt);
	if (count_matches(s, word) > 1)
		die_usage("option %s could be one of several; write it in full", word);
	die_usage("unknown option %s", word);
}

int optscan_next(const struct optscan *s, int argc, char **argv)
{
	int c = getopt_long(argc, argv, s->letters, s->longs, NULL);
	if (c == '?' || c == ':')
		die_bad_option(s, c, argv[optind - 1]);
	if (c == -1)
		return OPTSCAN_END;
	return c == WORD ? OPTSCAN_WORD : row_of(s, c);
}
