/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "task/word.h"

#include <string.h>

#include "base/array.h"

static const bool bare[256] = {
	['a' ... 'z'] = true,
	['A' ... 'Z'] = true,
	['0' ... '9'] = true,
	['_'] = true,
	['.'] = true,
	['+'] = true,
	['-'] = true,
	['/'] = true,
};

bool word_is_bare(const char *word, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (!bare[(unsigned char)word[i]])
			return false;
	}
	return len > 0;
}

bool word_is_reserved(const char *word, size_t len)
{
	static const char *const reserved[] = {"!", "[[", "]]", "case", "coproc", "do", "done", "elif", "else", "esac",
		"fi", "for", "function", "if", "in", "select", "then", "time", "until", "while", "{", "}"};
	for (size_t i = 0; i < ARRAY_LEN(reserved); i++) {
		if (len == strlen(reserved[i]) && !memcmp(word, reserved[i], len))
			return true;
	}
	return false;
}

void word_quote_inside(struct buf *out, const char *word, size_t len)
{
	const char *end = word + len, *mark;
	while (word < end && (mark = memchr(word, '\'', (size_t)(end - word)))) {
		buf_add(out, word, (size_t)(mark - word));
		buf_adds(out, "'\"'\"'");
		word = mark + 1;
	}
	buf_add(out, word, (size_t)(end - word));
}

void word_quote_always(struct buf *out, const char *word, size_t len)
{
	bool begins_in_quote = len && word[0] == '\'';
	bool ends_in_quote = len && word[len - 1] == '\'';
	buf_adds(out, begins_in_quote ? "\"'\"'" : "'");
	word_quote_inside(out, word + begins_in_quote, len - begins_in_quote);
	buf_addc(out, '\'');
	if (ends_in_quote)
		buf_cut(out, buf_len(out) - strlen("''"));
}

void word_quote(struct buf *out, const char *word, size_t len)
{
	if (word_is_bare(word, len))
		buf_add(out, word, len);
	else
		word_quote_always(out, word, len);
}
