/* SPDX-License-Identifier: MIT
 *
 * template: the COMMAND of the command line, read once; values in, tasks out.
 *
 * Without a COMMAND the item itself is the shell text. One word with blanks or shell characters is a
 * shell template: it is read as the shell reads it, and each value is quoted for the place where its
 * placeholder stands. Anything else is a program and its arguments, and values go in as they are; a backslash
 * right before a placeholder makes it plain text there, two of them one backslash.
 *
 * {} alone in a word becomes a word for each value. In a word with other text its values are joined by blanks, or,
 * under -n, the word is repeated. {N} that a task has no value for is empty.
 * Words that are for a worker command are never shell text, and may be longer than exec takes.
 * The template knows nothing of where values come from.
 */
#ifndef FEED_TEMPLATE_H
#define FEED_TEMPLATE_H

#include <stdbool.h>
#include <stddef.h>

#include "feed/placeholder.h"
#include "task/task.h"

struct template_spec {
	char *const *words;    /* COMMAND [ARGUMENT]..., borrowed during template_new, as all of this */
	size_t n_words;        /* 0: items are whole commands */
	const char *replace;   /* -I: what stands for {} ; NULL: "{}" */
	const char *tagstring; /* --tagstring, read as a template without shell quoting; or NULL */
	const char *results;   /* --results (feed/destination.h); or NULL */
	const char *base;      /* the folder that it starts from; NULL: the current one */
	bool tag;              /* --tag: the values, joined by blanks */
	bool join;             /* --shell: several words are one shell template */
	bool no_shell;         /* --no-shell */
	bool no_text;          /* a task is words in any case, those of COMMAND or else the item: nothing executes it */
	bool direct;           /* shell text without shell syntax may be executed directly */
	size_t n_values;       /* the most values that a task can have; {N} above it is an error */
	bool variadic;         /* -n: a word with {} in it is repeated for each value */
};

struct template;

/* Read the template. On an error of the user's returns NULL and sets *why to a message to free. */
struct template *template_new(const struct template_spec *spec, char **why);
void template_free(struct template *t);

/* Is the program's name fixed, so that failing to execute it condemns the whole run (126, 127)? */
bool template_names_program(const struct template *t);

/* The folder that all results will be in, the caller's to free, and whether each task has one right in it; NULL without
 * --results. */
char *template_results_folder(const struct template *t, bool *plain);

/* Does the path of results hold {#}? It is made before a task that an earlier run knows gets its number back. */
bool template_results_numbered(const struct template *t);

/* Does the command hold {#} or {%} anywhere, or their other names, so that an item's command depends on when and where
 * it is run? In the tag it does not count. */
bool template_uses_numbers(const struct template *t);

/* Make task number `place` of 1 to n_values values. A value that cannot be put in safely, a NUL byte, text longer than
 * exec takes (SHELL_TEXT_MAX), a forbidden shell or a path of results that cannot be used gives a task with `refusal`
 * set. The caller owns it. */
struct task *template_task(const struct template *t, uint64_t place, const struct value *values, size_t n_values);

#endif
