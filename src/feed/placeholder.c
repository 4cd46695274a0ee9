/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "feed/placeholder.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/xalloc.h"

static const struct {
	const char *text;
	enum placeholder_kind kind;
	enum path_part path;
	bool counts; /* may have a number in front */
} kinds[] = {
	{"", PLACEHOLDER_VALUE, PATH_WHOLE, true},
	{".", PLACEHOLDER_VALUE, PATH_STEM, true},
	{"/", PLACEHOLDER_VALUE, PATH_BASE, true},
	{"//", PLACEHOLDER_VALUE, PATH_DIR, true},
	{"/.", PLACEHOLDER_VALUE, PATH_BASE_STEM, true},
	{"#", PLACEHOLDER_SEQ, PATH_WHOLE, false},
	{"seq", PLACEHOLDER_SEQ, PATH_WHOLE, false},
	{"%", PLACEHOLDER_SLOT, PATH_WHOLE, false},
	{"slot", PLACEHOLDER_SLOT, PATH_WHOLE, false},
};

static size_t read_number(struct placeholder *p, const char *text, size_t len)
{
	size_t i = 0;
	for (; i < len && text[i] >= '0' && text[i] <= '9'; i++) {
		size_t digit = (size_t)(text[i] - '0');
		p->number = p->number > (SIZE_MAX - digit) / 10 ? SIZE_MAX : p->number * 10 + digit;
	}
	p->numbered = i > 0;
	return i;
}

/* `text` is what stands between the braces. */
static bool read_inside(struct placeholder *p, const char *text, size_t len)
{
	size_t digits = read_number(p, text, len);
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
		size_t n = strlen(kinds[i].text);
		if (n != len - digits || memcmp(kinds[i].text, text + digits, n))
			continue;
		p->kind = kinds[i].kind;
		p->path = kinds[i].path;
		return !digits || kinds[i].counts;
	}
	return false;
}

bool placeholder_read(struct placeholder *p, const char *text, size_t len, const char *replace)
{
	size_t n = strlen(replace);
	*p = (struct placeholder){.kind = PLACEHOLDER_VALUE, .path = PATH_WHOLE, .len = n};
	if (n && n <= len && !memcmp(text, replace, n))
		return true;
	if (len < 2 || text[0] != '{')
		return false;
	const char *close = memchr(text, '}', len);
	if (!close)
		return false;
	p->len = (size_t)(close - text) + 1;
	if (!read_inside(p, text + 1, p->len - 2))
		return false;
	bool is_default = p->kind == PLACEHOLDER_VALUE && p->path == PATH_WHOLE && !p->numbered;
	return !is_default; /* {} itself stands for values only where `replace` says so */
}

void placeholder_replace(struct buf *out, const char *text, size_t len, const char *replace, const char *instead)
{
	struct placeholder p;
	for (size_t at = 0; at < len;) {
		if (placeholder_read(&p, text + at, len - at, replace)) {
			buf_adds(out, instead);
			at += p.len;
		} else {
			buf_addc(out, text[at++]);
		}
	}
}

char *placeholder_check(const struct placeholder *p, const char *text, size_t n_values, const char *quotes)
{
	int len = (int)p->len;
	if (!p->numbered || (p->number && p->number <= n_values))
		return NULL;
	char *plain = quotes ? xasprintf("{%s%.*s", quotes, len - 1, text + 1) : xasprintf("\\%.*s", len, text);
	const char *least = p->number ? "a task has" : "values count from 1: a task has";
	char *why = xasprintf("the placeholder %.*s stands for nothing: %s %zu value%s; write %s for the text itself",
		len, text, least, n_values, n_values == 1 ? "" : "s", plain);
	free(plain);
	return why;
}

static struct value path_stem(struct value v)
{
	for (size_t i = v.len; i > 0 && v.bytes[i - 1] != '/'; i--) {
		if (v.bytes[i - 1] == '.')
			return (struct value){v.bytes, i - 1};
	}
	return v;
}

static struct value path_base(struct value v)
{
	const char *slash = v.len ? memrchr(v.bytes, '/', v.len) : NULL;
	if (!slash)
		return v;
	size_t skip = (size_t)(slash - v.bytes) + 1;
	return (struct value){v.bytes + skip, v.len - skip};
}

static size_t drop_trailing(struct value v, bool slashes)
{
	size_t n = v.len;
	while (n && (v.bytes[n - 1] == '/') == slashes)
		n--;
	return n;
}

/* POSIX dirname: trailing slashes, then the base name, then the slashes between. */
static struct value path_dir(struct value v)
{
	bool rooted = v.len && v.bytes[0] == '/';
	v.len = drop_trailing(v, true);
	v.len = drop_trailing(v, false);
	v.len = drop_trailing(v, true);
	if (v.len)
		return v;
	return rooted ? (struct value){"/", 1} : (struct value){".", 1};
}

struct value path_part(struct value v, enum path_part part)
{
	switch (part) {
	case PATH_STEM:
		return path_stem(v);
	case PATH_BASE:
		return path_base(v);
	case PATH_DIR:
		return path_dir(v);
	case PATH_BASE_STEM:
		return path_stem(path_base(v));
	default:
		return v;
	}
}

bool values_hold_nul(const struct value *values, size_t n_values)
{
	for (size_t i = 0; i < n_values; i++) {
		if (values[i].len && memchr(values[i].bytes, '\0', values[i].len))
			return true;
	}
	return false;
}

struct value *values_without_nul(const struct value *values, size_t n_values, struct buf *bytes)
{
	size_t total = 1;
	for (size_t i = 0; i < n_values; i++)
		total += values[i].len;
	struct value *clean = xrealloc(NULL, n_values, sizeof *clean);
	buf_room(bytes, total);
	for (size_t i = 0; i < n_values; i++) {
		size_t from = buf_len(bytes);
		for (size_t k = 0; k < values[i].len; k++) {
			if (values[i].bytes[k])
				buf_addc(bytes, values[i].bytes[k]);
		}
		clean[i] = (struct value){buf_head(bytes) + from, buf_len(bytes) - from};
	}
	return clean;
}
