/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "cli/help.h"

#include <string.h>

#include "base/helptext.h"
#include "cli/table.h"

static const char usage[] = "Usage: forkpool [OPTION]... [COMMAND [ARGUMENT]...] [::: ARGUMENT...]...\n"
			    "       forkpool [OPTION]... < commands.txt\n"
			    "       forkpool ctl [-S SOCKET] VERB [ARGUMENT]...\n";

static const char brief_intro[] = "Run COMMAND for each item of the input, several at a time, {} being the item;\n"
				  "without a COMMAND, each input line is a shell command.\n\n";

static const char brief_end[] = "\n  find . -name '*.gz' | forkpool -k 'zcat {} | wc -l'\n"
				"Everything: forkpool --help, man forkpool\n";

static const char full_intro[] = "Run COMMAND for each item of the input, several at a time. Items are the lines\n"
				 "of standard input, or come from:\n"
				 "  ::: ARGUMENT...          these words\n"
				 "  :::: FILE...             the lines of these files, - for standard input\n"
				 "Several sources give every combination of their items.\n"
				 "\n"
				 "Without a COMMAND, each item is a shell command. A COMMAND of one word with\n"
				 "blanks or shell characters is a shell text, into which items are put quoted;\n"
				 "any other is a program and its arguments, run without a shell.\n"
				 "\n"
				 "Placeholders (without any, {} is appended):\n"
				 "  {} item   {.} without extension   {/} base name   {//} directory\n"
				 "  {/.} base name without extension   {1} {1.} {1/}... item of the first source\n"
				 "  {#} {seq} number of the task   {%} {slot} number of its worker\n";

static const char full_end[] = "\nD is a number of seconds, or with a unit: s, m, h, d. FORKPOOL_JOBS, if set,\n"
			       "is the default of --jobs.\n"
			       "\n"
			       "Exit status: 0 all tasks succeeded; 2 usage error; 75 --lock is held; 123 a\n"
			       "task or a callback failed; 124 stopped by --halt or --deadline; 125 forkpool\n"
			       "failed; 126, 127 COMMAND cannot be executed, is not found.\n"
			       "The manual: man forkpool\n";

static const char *const group_titles[] = {
	[GROUP_INPUT] = "Input",
	[GROUP_POOL] = "Pool",
	[GROUP_OUTPUT] = "Output",
	[GROUP_FAILURE] = "Failure",
	[GROUP_LOAD] = "Load",
	[GROUP_JOURNAL] = "Journal",
	[GROUP_LIVE] = "Live pool",
	[GROUP_OTHER] = "Other",
};

/* Append a row, with `len` bytes of its text. */
static void add_row(struct buf *out, const struct option_row *row, size_t len)
{
	size_t start = buf_len(out);

	helptext_option(out, row->letter, row->name, row->argument);
	helptext_entry(out, start, row->text, len);
}

static void add_group(struct buf *out, enum option_group group)
{
	buf_addf(out, "\n%s:\n", group_titles[group]);
	for (size_t i = 0; i < table_len; i++) {
		if (table_rows[i].group != group)
			continue;
		add_row(out, &table_rows[i], strlen(table_rows[i].text));
	}
}

void help_brief(struct buf *out)
{
	buf_adds(out, usage);
	buf_adds(out, brief_intro);
	for (size_t i = 0; i < table_len; i++) {
		if (!table_rows[i].is_common)
			continue;
		add_row(out, &table_rows[i], strcspn(table_rows[i].text, ";"));
	}
	buf_adds(out, brief_end);
}

void help_full(struct buf *out)
{
	buf_adds(out, usage);
	buf_adds(out, full_intro);
	for (enum option_group group = GROUP_INPUT; group < GROUP_HIDDEN; group++)
		add_group(out, group);
	buf_adds(out, full_end);
}

_Noreturn void help_exit(void (*text)(struct buf *out))
{
	struct buf out = {0};

	text(&out);
	helptext_exit(&out);
}
