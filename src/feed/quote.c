/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "feed/quote.h"

#include <string.h>

#include "feed/shell.h"
#include "task/word.h"

/* May it stand at the beginning of a command: no option of sh -c? */
static bool may_begin(struct value v)
{
	return word_is_bare(v.bytes, v.len) && v.bytes[0] != '-' && v.bytes[0] != '+';
}

/* With a clear byte in it, a word is no reserved word, its front no NAME= and no number before < or >. */
static bool is_clear(struct value v)
{
	size_t i = 0;
	while (i < v.len && !shell_is_clear(v.bytes[i]))
		i++;
	return i < v.len && may_begin(v);
}

static bool is_word(struct value v)
{
	return may_begin(v) && !word_is_reserved(v.bytes, v.len);
}

/* No leading zeros: a shell takes them for octal. */
static bool is_integer(struct value v)
{
	size_t i = v.len && v.bytes[0] == '-';
	if (i == v.len || (v.bytes[i] == '0' && v.len > i + 1))
		return false;
	for (; i < v.len; i++) {
		if (v.bytes[i] < '0' || v.bytes[i] > '9')
			return false;
	}
	return true;
}

static bool may_stay_bare(struct value v, enum quoting quoting)
{
	switch (quoting) {
	case QUOTE_NONE:
		return true;
	case QUOTE_UNLESS_CLEAR:
		return is_clear(v);
	case QUOTE_UNLESS_WORD:
		return is_word(v);
	case QUOTE_UNLESS_PLAIN:
	case QUOTE_DOUBLE:
		return word_is_bare(v.bytes, v.len);
	default:
		return false;
	}
}

static bool add_integer(struct buf *out, struct value v)
{
	if (!is_integer(v))
		return false;
	if (v.bytes[0] == '-')
		buf_addc(out, ' '); /* 1-{} must not become a decrement */
	buf_add(out, v.bytes, v.len);
	return true;
}

bool quote_value(struct buf *out, struct value v, enum quoting quoting)
{
	const char *around = quoting == QUOTE_DOUBLE || quoting == QUOTE_DOUBLE_GLUED ? "\"" : "";
	if (quoting == QUOTE_INTEGER)
		return add_integer(out, v);
	if (may_stay_bare(v, quoting)) {
		buf_add(out, v.bytes, v.len);
	} else if (quoting == QUOTE_SINGLE) {
		word_quote_inside(out, v.bytes, v.len);
	} else {
		buf_adds(out, around);
		word_quote_always(out, v.bytes, v.len);
		buf_adds(out, around);
	}
	return true;
}

const char *quote_opening(enum quoting quoting)
{
	if (quoting == QUOTE_DOUBLE_GLUED)
		return "\"'";
	return quoting == QUOTE_ALWAYS ? "'" : "";
}

const char *quote_closing(enum quoting quoting)
{
	if (quoting == QUOTE_DOUBLE_GLUED)
		return "'\"";
	return quoting == QUOTE_ALWAYS ? "'" : "";
}
