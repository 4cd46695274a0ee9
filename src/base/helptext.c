/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "base/helptext.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fdio.h"
#include "base/report.h"

#define TEXT_COLUMN 27
#define LAST_COLUMN 79

static void pad(struct buf *out, size_t from, size_t to)
{
	while (from++ < to)
		buf_addc(out, ' ');
}

void helptext_option(struct buf *out, char letter, const char *name, const char *argument)
{
	if (letter)
		buf_addf(out, "  -%c%s", letter, name ? ", " : "");
	else
		buf_adds(out, "      ");
	if (name)
		buf_addf(out, "--%s", name);
	if (argument)
		buf_addf(out, " %s", argument);
}

/* Move on to the right column. */
static void begin_text(struct buf *out, size_t width)
{
	if (width + 1 > TEXT_COLUMN) {
		buf_addc(out, '\n');
		width = 0;
	}
	pad(out, width, TEXT_COLUMN);
}

void helptext_entry(struct buf *out, size_t start, const char *text, size_t len)
{
	const char *end = text + len;
	size_t column = TEXT_COLUMN;

	begin_text(out, buf_len(out) - start);
	while (text < end) {
		const char *blank = memchr(text, ' ', (size_t)(end - text));
		size_t word = (size_t)((blank ? blank : end) - text);

		if (column > TEXT_COLUMN && column + 1 + word > LAST_COLUMN) {
			buf_addc(out, '\n');
			pad(out, 0, TEXT_COLUMN);
			column = TEXT_COLUMN;
		} else if (column > TEXT_COLUMN) {
			buf_addc(out, ' ');
			column++;
		}
		buf_add(out, text, word);
		column += word;
		text += word + 1;
	}
	buf_addc(out, '\n');
}

void helptext_version(struct buf *out)
{
	buf_adds(out, "forkpool " PACKAGE_VERSION "\nMIT licence. There is no warranty.\n");
}

_Noreturn void helptext_exit(struct buf *out)
{
	if (fdio_write_all(STDOUT_FILENO, buf_head(out), buf_len(out)) < 0)
		die_sys(EXIT_FORKPOOL, "cannot write to standard output");
	buf_clear(out);
	exit(EXIT_OK);
}
