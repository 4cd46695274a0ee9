/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "feed/quote.h"

#include <string.h>

#include "feed/shell.h"

static void add_value(struct buf *out, struct value v)
{
	buf_add(out, v.bytes, v.len);
}

/* What ends the single quotes goes outside of them. */
static void add_inside_single(struct buf *out, struct value v)
{
	const char *from = v.bytes, *end = v.bytes + v.len, *mark;
	while (from < end && (mark = memchr(from, '\'', (size_t)(end - from)))) {
		buf_add(out, from, (size_t)(mark - from));
		buf_add(out, "'\\''", 4);
		from = mark + 1;
	}
	buf_add(out, from, (size_t)(end - from));
}

static void add_single(struct buf *out, struct value v)
{
	buf_addc(out, '\'');
	add_inside_single(out, v);
	buf_addc(out, '\'');
}

static bool is_plain(struct value v)
{
	for (size_t i = 0; i < v.len; i++) {
		if (!shell_is_harmless(v.bytes[i]))
			return false;
	}
	return v.len > 0;
}

static bool may_be_word(struct value v)
{
	return is_plain(v) && v.bytes[0] != '-' && v.bytes[0] != '+' && !memchr(v.bytes, '=', v.len);
}

/* With a clear byte in it, a word is no reserved word, its front no NAME= and no number before < or >. */
static bool is_clear(struct value v)
{
	size_t i = 0;
	while (i < v.len && !shell_is_clear(v.bytes[i]))
		i++;
	return i < v.len && may_be_word(v);
}

static bool is_word(struct value v)
{
	return may_be_word(v) && !shell_is_reserved(v.bytes, v.len);
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
		return is_plain(v);
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
	add_value(out, v);
	return true;
}

bool quote_value(struct buf *out, struct value v, enum quoting quoting)
{
	if (quoting == QUOTE_INTEGER)
		return add_integer(out, v);
	if (may_stay_bare(v, quoting)) {
		add_value(out, v);
	} else if (quoting == QUOTE_SINGLE) {
		add_inside_single(out, v);
	} else {
		bool inside_double = quoting == QUOTE_DOUBLE || quoting == QUOTE_DOUBLE_GLUED;
		if (inside_double)
			buf_addc(out, '"');
		add_single(out, v);
		if (inside_double)
			buf_addc(out, '"');
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
