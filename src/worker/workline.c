/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "worker/workline.h"

#include <string.h>

const char *workline_put(struct buf *out, struct bytes words)
{
	if (memchr(words.p, '\n', words.n))
		return "a newline in the item; --worker-protocol line takes one line, json any text";
	buf_add(out, words.p, words.n);
	char *line = buf_head(out) + buf_len(out) - words.n, *end = line + words.n - 1;
	for (char *p; (p = memchr(line, '\0', (size_t)(end - line))); line = p + 1)
		*p = ' ';
	*end = '\n';
	return NULL;
}
