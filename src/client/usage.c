/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "client/usage.h"

#include <string.h>

#include "base/helptext.h"

void usage_add_all(struct buf *out)
{
	buf_adds(out, "Usage: forkpool ctl [-S SOCKET] VERB [--help] [OPERAND]...  (man forkpool-ctl)\n");
	for (size_t i = 0; i < verb_count; i++) {
		size_t start = buf_len(out);

		buf_addf(out, "  %s %s", verb_rows[i].name, verb_rows[i].operands);
		helptext_entry(out, start, verb_rows[i].text, strlen(verb_rows[i].text));
	}
}

void usage_add_verb(struct buf *out, const struct verb *verb)
{
	const char *blank = *verb->operands ? " " : "";

	buf_addf(out, "Usage: forkpool ctl %s [OPTION]...%s%s\n%s.\n\n", verb->name, blank, verb->operands, verb->text);
	for (int i = 0; i < OPTION_COUNT; i++) {
		const struct verb_option_row *row = &verb_options[i];
		size_t start = buf_len(out);

		if (!verb_takes(verb, (enum verb_option)i))
			continue;
		helptext_option(out, row->letter, row->name, row->argument);
		helptext_entry(out, start, row->text, strlen(row->text));
	}
}

_Noreturn void usage_all(void)
{
	struct buf out = {0};

	usage_add_all(&out);
	helptext_exit(&out);
}

_Noreturn void usage_verb(const struct verb *verb)
{
	struct buf out = {0};

	usage_add_verb(&out, verb);
	helptext_exit(&out);
}

_Noreturn void usage_version(void)
{
	struct buf out = {0};

	helptext_version(&out);
	helptext_exit(&out);
}
