/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "base/buf.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/report.h"
#include "base/xalloc.h"

#define CAP_MIN ((size_t)64)

void buf_clear(struct buf *b)
{
	free(b->bytes);
	*b = (struct buf){0};
}

void buf_reset(struct buf *b)
{
	b->start = 0;
	b->end = 0;
}

size_t buf_len(const struct buf *b)
{
	return b->end - b->start;
}

char *buf_head(const struct buf *b)
{
	static char nothing[1];
	return b->bytes ? b->bytes + b->start : nothing;
}

/* Moves the contents to the front only where they fill less than half, or where they are about to be copied anyway:
 * each byte is moved a bounded number of times however the buffer is used. */
static void make_room(struct buf *b, size_t n)
{
	size_t len = buf_len(b);
	if (n > SIZE_MAX / 2 - len)
		xalloc_failed();
	bool compact = b->start > b->cap / 2;
	if (b->start) {
		memmove(b->bytes, b->bytes + b->start, len);
		b->start = 0;
		b->end = len;
	}
	if (compact && n <= b->cap - len)
		return;
	size_t cap = b->cap < CAP_MIN ? CAP_MIN : b->cap * 2;
	if (cap < len + n)
		cap = len + n;
	b->bytes = xrealloc(b->bytes, cap, 1);
	b->cap = cap;
}

char *buf_room(struct buf *b, size_t n)
{
	if (n > b->cap - b->end || !b->bytes)
		make_room(b, n);
	return b->bytes + b->end;
}

void buf_grew(struct buf *b, size_t n)
{
	if (n > b->cap - b->end)
		bug("buf_grew: %zu bytes in room for %zu", n, b->cap - b->end);
	b->end += n;
}

void buf_drop(struct buf *b, size_t n)
{
	if (n > buf_len(b))
		bug("buf_drop: %zu of %zu bytes", n, buf_len(b));
	b->start += n;
	if (b->start == b->end)
		buf_reset(b);
}

void buf_cut(struct buf *b, size_t len)
{
	if (len > buf_len(b))
		bug("buf_cut: %zu of %zu bytes", len, buf_len(b));
	b->end = b->start + len;
}

void buf_add(struct buf *b, const void *bytes, size_t n)
{
	if (!n)
		return;
	memcpy(buf_room(b, n), bytes, n);
	b->end += n;
}

void buf_addc(struct buf *b, char c)
{
	*buf_room(b, 1) = c;
	b->end++;
}

void buf_adds(struct buf *b, const char *s)
{
	buf_add(b, s, strlen(s));
}

void buf_addf(struct buf *b, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	buf_vaddf(b, fmt, ap);
	va_end(ap);
}

void buf_vaddf(struct buf *b, const char *fmt, va_list ap)
{
	va_list again;
	va_copy(again, ap);
	char *room = buf_room(b, CAP_MIN);
	size_t size = b->cap - b->end;
	int n = vsnprintf(room, size, fmt, ap);
	if (n < 0)
		bug("buf_vaddf: format '%s' failed", fmt);
	if ((size_t)n >= size)
		vsnprintf(buf_room(b, (size_t)n + 1), (size_t)n + 1, fmt, again);
	va_end(again);
	b->end += (size_t)n;
}

char *buf_take(struct buf *b, size_t *len)
{
	buf_addc(b, '\0');
	size_t n = buf_len(b);
	if (b->start)
		memmove(b->bytes, b->bytes + b->start, n);
	if (len)
		*len = n - 1;
	char *bytes = b->bytes;
	*b = (struct buf){0};
	return bytes;
}
