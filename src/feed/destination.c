/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "feed/destination.h"

#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "task/results.h"

#define ARRAY_LEN(a) (sizeof(a) / sizeof *(a))

/* What takes the place of the end of a name that is too long: a hash of the whole. */
#define HASH_LEN (sizeof "\\~0123456789abcdef" - 1)

/* The next component of a path, and where the one behind it begins. */
static struct value component(const char **at)
{
	const char *start = *at + strspn(*at, "/");
	*at = start + strcspn(start, "/");
	return (struct value){start, (size_t)(*at - start)};
}

static bool is(struct value v, const char *text)
{
	return v.len == strlen(text) && !memcmp(v.bytes, text, v.len);
}

static struct destination_shape shape_of(const char *path)
{
	struct destination_shape shape = {0};
	struct value last = {path, 0};
	for (const char *at = path; *at;) {
		struct value next = component(&at);
		if (!next.len)
			break;
		last = next;
		shape.climbs += is(next, "..");
		shape.names += !is(next, ".") && !is(next, "..");
		shape.longest = next.len > shape.longest ? next.len : shape.longest;
	}
	size_t len = strlen(path);
	shape.is_folder = len && path[len - 1] == '/';
	shape.last = shape.is_folder || is(last, ".") || is(last, "..") ? 0 : last.len;
	return shape;
}

/* The text, with `instead` for each placeholder, or up to the first one without. */
static char *text_of(const struct parts *parts, const char *instead)
{
	struct buf text = {0};
	for (size_t i = 0; i < parts->n && (instead || parts->list[i].kind == PART_TEXT); i++) {
		if (parts->list[i].kind == PART_TEXT)
			buf_add(&text, buf_head(&parts->text) + parts->list[i].at, parts->list[i].len);
		else
			buf_adds(&text, instead);
	}
	return buf_take(&text, NULL);
}

static bool has_placeholders(const struct parts *parts)
{
	for (size_t i = 0; i < parts->n; i++) {
		if (parts->list[i].kind != PART_TEXT)
			return true;
	}
	return false;
}

static bool ends_in(const char *text, const char *end)
{
	size_t len = strlen(text), n = strlen(end);
	return len > n && !memcmp(text + len - n, end, n);
}

/* GNU parallel writes one table under such a name. */
static bool check_plain(const char *name, char **why)
{
	static const char *const tables[] = {".csv", ".tsv", ".json"};
	for (size_t i = 0; i < ARRAY_LEN(tables); i++) {
		if (ends_in(name, tables[i]))
			*why = xasprintf("--results '%s': no table is written; write '%s/' for a directory of that name",
				name, name);
	}
	return !*why;
}

bool destination_read(struct destination *d, const struct reader_spec *spec, const char *base, char **why)
{
	*why = NULL;
	d->one_source = spec->variadic;
	if (base && spec->text[0] != '/') {
		parts_add_text(&d->parts, base, strlen(base));
		parts_add_text(&d->parts, "/", 1);
	}
	if (!reader_read_raw(spec, &d->parts, why))
		return false;
	if (d->parts.uses_slot)
		*why = xasprintf("--results cannot hold {%%}: the name is made before a worker is chosen; use {#}");
	d->plain = !has_placeholders(&d->parts);
	char *text = text_of(&d->parts, "x");
	d->shape = shape_of(text);
	free(text);
	return !*why && (!d->plain || check_plain(spec->text, why));
}

void destination_clear(struct destination *d)
{
	parts_clear(&d->parts);
}

char *destination_folder(const struct destination *d)
{
	char *text = text_of(&d->parts, NULL);
	char *slash = strrchr(text, '/');
	if (d->plain)
		return text;
	if (slash)
		slash[1] = '\0';
	if (slash)
		return text;
	free(text);
	return xstrdup(".");
}

/* Plain names. */

/* What stands for a byte that no name can hold; or NULL. */
static const char *escape(char c)
{
	switch (c) {
	case '\\':
		return "\\\\";
	case '/':
		return "\\_";
	case '\t':
		return "\\t";
	case '\0':
		return "\\0";
	default:
		return NULL;
	}
}

/* FNV-1a, 64 bits. */
static uint64_t hash(struct value v)
{
	uint64_t h = UINT64_C(0xcbf29ce484222325);
	for (size_t i = 0; i < v.len; i++)
		h = (h ^ (unsigned char)v.bytes[i]) * UINT64_C(0x100000001b3);
	return h;
}

/* Escape as much as stays a name with a hash behind it; `*whole` is how long that is. True if that is all of it. */
static bool add_escaped(struct buf *out, struct value v, size_t *whole)
{
	size_t start = buf_len(out);
	for (size_t i = 0; i < v.len; i++) {
		const char *escaped = escape(v.bytes[i]);
		if (escaped)
			buf_adds(out, escaped);
		else
			buf_addc(out, v.bytes[i]);
		size_t len = buf_len(out) - start;
		if (len <= NAME_MAX - HASH_LEN)
			*whole = len;
		if (len > NAME_MAX)
			return false;
	}
	return true;
}

/* Different values, different names: a backslash of the value's own is always doubled. */
static void add_name(struct buf *out, struct value v)
{
	size_t start = buf_len(out), whole = 0;
	if (!v.len)
		buf_adds(out, "\\e");
	else if (is(v, ".") || is(v, ".."))
		buf_addc(out, '\\');
	if (add_escaped(out, v, &whole))
		return;
	buf_cut(out, start + whole);
	buf_addf(out, "\\~%016" PRIx64, hash(v));
}

static void add_names(const struct destination *d, struct buf *path, const struct value *values, size_t n_values)
{
	for (size_t i = 0; i < n_values && buf_len(path) <= PATH_MAX; i++) {
		buf_addf(path, "/%zu/", d->one_source ? 1 : i + 1);
		add_name(path, values[i]);
	}
	buf_addc(path, '/');
}

static char *plain_path(const struct destination *d, const struct value *values, size_t n_values)
{
	struct buf path = {0};
	char *name = text_of(&d->parts, NULL);
	size_t len = strlen(name);
	while (len && name[len - 1] == '/')
		len--;
	buf_add(&path, name, len);
	free(name);
	add_names(d, &path, values, n_values);
	return buf_take(&path, NULL);
}

/* Names with placeholders. */

static char *rendered_path(const struct destination *d, uint64_t seq, const struct value *values, size_t n_values)
{
	struct rendering r = {.seq = seq, .values = values, .n_values = n_values};
	parts_render(&d->parts, &r);
	return buf_take(&r.bytes, NULL);
}

/* Why the path cannot be used; or NULL. It must be what the template looks like: a value may add folders, no more. */
static char *objection(const struct destination *d, const char *path)
{
	struct destination_shape shape = shape_of(path);
	size_t len = strlen(path), max = PATH_MAX - RESULTS_SUFFIX_MAX - 1;
	if (len > max)
		return xasprintf("path of results of %zu bytes; at most %zu", len, max);
	if (shape.climbs > d->shape.climbs)
		return xstrdup("path of results with .. from a value");
	if (shape.names < d->shape.names || (!d->shape.is_folder && !d->plain && !shape.last))
		return xstrdup("path of results that lacks a name: a value is empty or ends in / or .");
	if (shape.longest > NAME_MAX || shape.last + RESULTS_SUFFIX_MAX > NAME_MAX)
		return xasprintf("name of results of %zu bytes; at most %zu", shape.longest, NAME_MAX - RESULTS_SUFFIX_MAX);
	return NULL;
}

char *destination_make(
	const struct destination *d, uint64_t seq, const struct value *values, size_t n_values, char **why)
{
	*why = NULL;
	if (!d->plain && values_hold_nul(values, n_values))
		return NULL;
	char *path = d->plain ? plain_path(d, values, n_values) : rendered_path(d, seq, values, n_values);
	*why = objection(d, path);
	if (!*why)
		return path;
	free(path);
	return NULL;
}
