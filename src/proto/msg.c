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

const char *msg_name(enum msg_type type)
{
	switch (type) {
#define X(NAME, name, number) case MSG_##NAME: return #NAME;
		MESSAGES(X)
#undef X
	}
	return "?";
}

static void put_u8(struct buf *b, uint8_t v)
{
	buf_addc(b, (char)v);
}

static void put_u32(struct buf *b, uint32_t v)
{
	v = htobe32(v);
	buf_add(b, &v, sizeof v);
}

static void put_u64(struct buf *b, uint64_t v)
{
	v = htobe64(v);
	buf_add(b, &v, sizeof v);
}

static void put_str(struct buf *b, struct bytes s)
{
	put_u32(b, (uint32_t)s.n);
	buf_add(b, s.p, s.n);
}

static void put_body(struct buf *out, const struct msg *m)
{
	switch (m->type) {
#define X(NAME, name, number) case MSG_##NAME: { \
		const __typeof__(m->u.name) *body = &m->u.name; \
		FIELDS_##NAME(PUT_U8, PUT_U32, PUT_U64, PUT_STR) \
		return; \
	}
#define PUT_U8(field) put_u8(out, body->field);
#define PUT_U32(field) put_u32(out, body->field);
#define PUT_U64(field) put_u64(out, body->field);
#define PUT_STR(field) put_str(out, body->field);
		MESSAGES(X)
#undef X
	}
}

void msg_encode(struct buf *out, const struct msg *m)
{
	size_t before = buf_len(out);
	put_u32(out, 0);
	put_u8(out, (uint8_t)m->type);
	put_body(out, m);

	size_t len = buf_len(out) - before - FRAME_HEADER_LEN;
	if (len > FRAME_BODY_MAX)
		bug("%s of %zu bytes", msg_name(m->type), len);
	uint32_t be = htobe32((uint32_t)len);
	memcpy(buf_head(out) + before, &be, sizeof be);
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
