/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "proto/msg.h"

#include <endian.h>
#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "base/report.h"

static const char hello[HELLO_LEN] = {'f', 'k', 'p', 'o', 'o', 'l', 0, PROTO_VERSION};

void hello_encode(struct buf *out)
{
	buf_add(out, hello, sizeof hello);
}

int hello_check(const char *bytes, size_t n)
{
	if (n > HELLO_LEN)
		n = HELLO_LEN;
	if (n == 0 || memcmp(bytes, hello, n) == 0)
		return 0;
	errno = n > HELLO_LEN - 2 && memcmp(bytes, hello, HELLO_LEN - 2) == 0 ? EPROTONOSUPPORT : EPROTO;
	return -1;
}

struct bytes bytes_in(const struct buf *b)
{
	return (struct bytes){buf_head(b), buf_len(b)};
}

size_t bytes_count_strings(struct bytes strings)
{
	size_t n = 0;
	for (size_t i = 0; i < strings.n; i++)
		n += strings.p[i] == '\0';
	return strings.n == 0 || strings.p[strings.n - 1] == '\0' ? n : SIZE_MAX;
}

const char *msg_name(enum msg_type type)
{
	switch (type) {
#define X(NAME, name, number) case MSG_##NAME: return #NAME;
		MESSAGES(X)
#undef X
	}
	return "?";
}

static size_t body_len(const struct msg *m)
{
	switch (m->type) {
#define X(NAME, name, number) case MSG_##NAME: { \
		const __typeof__(m->u.name) *body = &m->u.name; \
		(void)body; \
		return 0 FIELDS_##NAME(LEN_NUMBER, LEN_NUMBER, LEN_NUMBER, LEN_STR); \
	}
#define LEN_NUMBER(field) + sizeof body->field
#define LEN_STR(field) + sizeof(uint32_t) + body->field.n
		MESSAGES(X)
#undef X
	}
	return 0;
}

/* Each puts a value at `p` and returns where the next goes. */

static char *put_u8(char *p, uint8_t v)
{
	*p = (char)v;
	return p + 1;
}

static char *put_u32(char *p, uint32_t v)
{
	v = htobe32(v);
	memcpy(p, &v, sizeof v);
	return p + sizeof v;
}

static char *put_u64(char *p, uint64_t v)
{
	v = htobe64(v);
	memcpy(p, &v, sizeof v);
	return p + sizeof v;
}

static char *put_str(char *p, struct bytes s)
{
	p = put_u32(p, (uint32_t)s.n);
	if (s.n > 0)
		memcpy(p, s.p, s.n);
	return p + s.n;
}

static void put_body(char *p, const struct msg *m)
{
	switch (m->type) {
#define X(NAME, name, number) case MSG_##NAME: { \
		const __typeof__(m->u.name) *body = &m->u.name; \
		FIELDS_##NAME(PUT_U8, PUT_U32, PUT_U64, PUT_STR) \
		return; \
	}
#define PUT_U8(field) p = put_u8(p, body->field);
#define PUT_U32(field) p = put_u32(p, body->field);
#define PUT_U64(field) p = put_u64(p, body->field);
#define PUT_STR(field) p = put_str(p, body->field);
		MESSAGES(X)
#undef X
	}
}

void msg_encode(struct buf *out, const struct msg *m)
{
	size_t len = body_len(m);
	if (len > FRAME_BODY_MAX)
		bug("%s of %zu bytes", msg_name(m->type), len);
	char *p = buf_room(out, FRAME_HEADER_LEN + len);
	put_body(put_u8(put_u32(p, (uint32_t)len), (uint8_t)m->type), m);
	buf_grew(out, FRAME_HEADER_LEN + len);
}

void msg_encode_head(struct buf *out, const struct msg *m, size_t n)
{
	size_t before = buf_len(out);
	msg_encode(out, m);
	char *frame = buf_head(out) + before, *end = buf_head(out) + buf_len(out);
	uint32_t frame_be = htobe32((uint32_t)(buf_len(out) - before - FRAME_HEADER_LEN + n)), string_be = htobe32((uint32_t)n);
	memcpy(frame, &frame_be, sizeof frame_be);
	memcpy(end - sizeof string_be, &string_be, sizeof string_be);
}

/* What is left of a body. A field that is too short makes `bad` true, and every later one zero. */
struct reader {
	const char *p;
	size_t n;
	bool bad;
};

static const char *take(struct reader *r, size_t n)
{
	if (n > r->n)
		r->bad = true;
	if (r->bad)
		return NULL;
	const char *p = r->p;
	r->p += n;
	r->n -= n;
	return p;
}

static uint8_t get_u8(struct reader *r)
{
	const char *p = take(r, 1);
	return p ? (uint8_t)*p : 0;
}

static uint32_t get_u32(struct reader *r)
{
	uint32_t v = 0;
	const char *p = take(r, sizeof v);
	if (p)
		memcpy(&v, p, sizeof v);
	return be32toh(v);
}

static uint64_t get_u64(struct reader *r)
{
	uint64_t v = 0;
	const char *p = take(r, sizeof v);
	if (p)
		memcpy(&v, p, sizeof v);
	return be64toh(v);
}

static struct bytes get_str(struct reader *r)
{
	size_t n = get_u32(r);
	const char *p = take(r, n);
	return (struct bytes){p ? p : "", p ? n : 0};
}

/* false: no such type. */
static bool get_body(struct reader *r, uint8_t type, struct msg *m)
{
	switch (type) {
#define X(NAME, name, number) case number: { \
		m->type = MSG_##NAME; \
		__typeof__(m->u.name) *body = &m->u.name; \
		FIELDS_##NAME(GET_U8, GET_U32, GET_U64, GET_STR) \
		return true; \
	}
#define GET_U8(field) body->field = get_u8(r);
#define GET_U32(field) body->field = get_u32(r);
#define GET_U64(field) body->field = get_u64(r);
#define GET_STR(field) body->field = get_str(r);
		MESSAGES(X)
#undef X
	}
	return false;
}

long msg_decode(const char *bytes, size_t n, struct msg *m)
{
	if (n < FRAME_HEADER_LEN)
		return 0;
	struct reader header = {.p = bytes, .n = FRAME_HEADER_LEN};
	size_t len = get_u32(&header);
	uint8_t type = get_u8(&header);
	if (len > FRAME_BODY_MAX)
		goto bad;
	if (n < FRAME_HEADER_LEN + len)
		return 0;

	struct reader body = {.p = bytes + FRAME_HEADER_LEN, .n = len};
	if (!get_body(&body, type, m) || body.bad || body.n > 0)
		goto bad;
	return (long)(FRAME_HEADER_LEN + len);
bad:
	errno = EPROTO;
	return -1;
}
