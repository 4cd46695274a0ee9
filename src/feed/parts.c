/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "feed/parts.h"

#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "feed/shell.h"
#include "task/word.h"

void parts_clear(struct parts *p)
{
	free(p->list);
	buf_clear(&p->text);
	*p = (struct parts){0};
}

static struct part *add_part(struct parts *p, enum part_kind kind)
{
	if (p->n == p->cap) {
		p->cap = p->cap ? p->cap * 2 : 8;
		p->list = xrealloc(p->list, p->cap, sizeof *p->list);
	}
	struct part *part = &p->list[p->n++];
	*part = (struct part){.kind = kind};
	return part;
}

void parts_add_text(struct parts *p, const char *text, size_t len)
{
	if (!len)
		return;
	struct part *part = add_part(p, PART_TEXT);
	part->at = buf_len(&p->text);
	part->len = len;
	buf_add(&p->text, text, len);
}

static enum part_kind kind_of(const struct placeholder *placeholder)
{
	switch (placeholder->kind) {
	case PLACEHOLDER_SEQ:
		return PART_SEQ;
	case PLACEHOLDER_SLOT:
		return PART_SLOT;
	default:
		return PART_VALUE;
	}
}

void parts_add_placeholder(struct parts *p, const struct placeholder *placeholder, enum quoting quoting)
{
	struct part *part = add_part(p, kind_of(placeholder));
	part->path = placeholder->path;
	part->number = placeholder->numbered ? placeholder->number : 0;
	part->quoting = quoting;
	p->n_values += part->kind == PART_VALUE;
	p->uses_seq |= part->kind == PART_SEQ;
	p->uses_slot |= part->kind == PART_SLOT;
}

void parts_add_end(struct parts *p)
{
	add_part(p, PART_END);
}

void parts_repeat_from(struct parts *p, size_t first)
{
	size_t n = p->n - first;
	add_part(p, PART_REPEAT);
	struct part *at = p->list + first;
	memmove(at + 1, at, n * sizeof *at);
	*at = (struct part){.kind = PART_REPEAT, .number = n};
}

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

/* Append the value. False, with nothing appended, if it cannot stand there: not an integer. */
static bool add_value(struct buf *out, struct value v, enum quoting quoting)
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

/* What to put around digits that are not known yet. */
static const char *opening(enum quoting quoting)
{
	if (quoting == QUOTE_DOUBLE_GLUED)
		return "\"'";
	return quoting == QUOTE_ALWAYS ? "'" : "";
}

static const char *closing(enum quoting quoting)
{
	if (quoting == QUOTE_DOUBLE_GLUED)
		return "'\"";
	return quoting == QUOTE_ALWAYS ? "'" : "";
}

static void render_value(struct rendering *r, const struct part *part, struct value v)
{
	if (!add_value(&r->bytes, v, part->quoting))
		r->not_integer = true;
}

static void render_joined(struct rendering *r, const struct part *part)
{
	struct buf joined = {0};
	for (size_t i = 0; i < r->n_values; i++) {
		struct value v = path_part(r->values[i], part->path);
		if (i)
			buf_addc(&joined, ' ');
		buf_add(&joined, v.bytes, v.len);
	}
	render_value(r, part, (struct value){buf_head(&joined), buf_len(&joined)});
	buf_clear(&joined);
}

/* `current`: the value whose turn it is inside a repeated word, or NULL. */
static void render_placeholder(struct rendering *r, const struct part *part, const struct value *current)
{
	static const struct value nothing = {"", 0};
	if (part->number)
		current = part->number <= r->n_values ? &r->values[part->number - 1] : &nothing;
	else if (!current && r->n_values == 1)
		current = r->values;
	if (current)
		render_value(r, part, path_part(*current, part->path));
	else
		render_joined(r, part);
}

static void render_seq(struct rendering *r, const struct part *part)
{
	char digits[20], *at = digits + sizeof digits;
	uint64_t seq = r->seq;
	do {
		*--at = (char)('0' + seq % 10);
	} while (seq /= 10);
	render_value(r, part, (struct value){at, (size_t)(digits + sizeof digits - at)});
}

static void render_slot(struct rendering *r, const struct part *part)
{
	buf_adds(&r->bytes, opening(part->quoting));
	r->holes = xrealloc(r->holes, r->n_holes + 1, sizeof *r->holes);
	r->holes[r->n_holes++] = buf_len(&r->bytes);
	buf_adds(&r->bytes, closing(part->quoting));
}

static void render_one(const struct parts *p, struct rendering *r, const struct part *part, const struct value *current)
{
	switch (part->kind) {
	case PART_TEXT:
		buf_add(&r->bytes, buf_head(&p->text) + part->at, part->len);
		break;
	case PART_VALUE:
		render_placeholder(r, part, current);
		break;
	case PART_SEQ:
		render_seq(r, part);
		break;
	case PART_SLOT:
		render_slot(r, part);
		break;
	case PART_END:
		buf_addc(&r->bytes, '\0');
		r->n_words++;
		break;
	case PART_REPEAT: /* inside a repeated word: it has its value already */
		break;
	}
}

static void render_repeated(const struct parts *p, struct rendering *r, const struct part *from, size_t n)
{
	for (size_t i = 0; i < r->n_values; i++) {
		if (i && p->shell)
			buf_addc(&r->bytes, ' ');
		for (size_t k = 0; k < n; k++)
			render_one(p, r, from + k, &r->values[i]);
	}
}

static size_t likely_size(const struct parts *p, const struct rendering *r)
{
	size_t len = 0;
	for (size_t i = 0; i < r->n_values; i++)
		len += r->values[i].len + sizeof "\"''\" ";
	return buf_len(&p->text) + len * p->n_values + p->n + 20;
}

void parts_render(const struct parts *p, struct rendering *r)
{
	buf_room(&r->bytes, likely_size(p, r));
	for (size_t i = 0; i < p->n; i++) {
		const struct part *part = &p->list[i];
		if (part->kind != PART_REPEAT) {
			render_one(p, r, part, NULL);
			continue;
		}
		render_repeated(p, r, part + 1, part->number);
		i += part->number;
	}
}
