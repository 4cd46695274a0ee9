/* SPDX-License-Identifier: MIT
 *
 * msg: the messages of the wire, as structs, and as bytes. doc/PROTOCOL.md is the specification.
 *
 * One list of fields a message gives its struct, its encoder and its decoder. Strings are borrowed
 * from whatever buffer the message was decoded from. Knows nothing of fds.
 */
#ifndef PROTO_MSG_H
#define PROTO_MSG_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

#define PROTO_VERSION 2
#define FRAME_HEADER_LEN 5
#define FRAME_BODY_MAX ((size_t)8 << 20)
#define HELLO_LEN 8

/* Bytes with a length; may hold NULs. Borrowed. */
struct bytes {
	const char *p;
	size_t n;
};

struct bytes bytes_in(const struct buf *b);

/* How many strings, each with its NUL; SIZE_MAX if something stands behind the last of them. */
size_t bytes_count_strings(struct bytes strings);

#define FIELDS_SETUP(U8, U32, U64, STR) U8(flags) STR(env) U32(niceness) STR(initializer) STR(worker_command)
#define FIELDS_TASK(U8, U32, U64, STR) U64(seq) U32(attempt) U32(slot) U8(flags) U32(n_words) STR(words) STR(directory)
#define FIELDS_REVOKE(U8, U32, U64, STR) U64(seq)
#define FIELDS_SIGNAL(U8, U32, U64, STR) U64(seq) U32(signo)
#define FIELDS_READY(U8, U32, U64, STR) U64(pid) STR(host)
#define FIELDS_FAILED(U8, U32, U64, STR) STR(reason)
#define FIELDS_OUTPUT(U8, U32, U64, STR) U64(seq) U8(stream) STR(bytes)
#define FIELDS_DONE(U8, U32, U64, STR) \
	U64(seq) U8(kind) U32(code) U64(pid) U64(runtime_ns) U64(utime_us) U64(stime_us) U64(maxrss_kib) STR(out) STR(err) \
	STR(reason)
#define FIELDS_STARTED(U8, U32, U64, STR) U64(seq)
#define FIELDS_REVOKED(U8, U32, U64, STR) U64(seq)
#define FIELDS_NOTE(U8, U32, U64, STR) U64(seq) U8(flags) STR(text)

/* name in capitals, name of the union's member, type on the wire */
#define MESSAGES(X) \
	X(SETUP, setup, 1) \
	X(TASK, task, 2) \
	X(REVOKE, revoke, 3) \
	X(SIGNAL, signal, 4) \
	X(READY, ready, 65) \
	X(FAILED, failed, 66) \
	X(OUTPUT, output, 67) \
	X(DONE, done, 68) \
	X(STARTED, started, 69) \
	X(REVOKED, revoked, 70) \
	X(NOTE, note, 71)

enum msg_type {
#define X(NAME, name, number) MSG_##NAME = number,
	MESSAGES(X)
#undef X
};

enum {
	SETUP_CAPTURE = 1,
	SETUP_PROMPT = 2,
	SETUP_LEAVE = 4,
	SETUP_PREFORK = 8,
	SETUP_DIRECT = 16,
	SETUP_JSON = 32,
};
enum { TASK_SHELL = 1, TASK_DIRECT = 2 };
enum { NOTE_FAILURE = 1, NOTE_REMARK = 2 };

struct msg {
	enum msg_type type;
	union {
#define MEMBER_U8(field) uint8_t field;
#define MEMBER_U32(field) uint32_t field;
#define MEMBER_U64(field) uint64_t field;
#define MEMBER_STR(field) struct bytes field;
#define X(NAME, name, number) struct { FIELDS_##NAME(MEMBER_U8, MEMBER_U32, MEMBER_U64, MEMBER_STR) } name;
		MESSAGES(X)
#undef X
	} u;
};

const char *msg_name(enum msg_type type);

/* Append the 8 bytes of the hello. */
void hello_encode(struct buf *out);

/* Are these `n` bytes the hello of this version, or its beginning? 0, or -1 and errno EPROTO (something else)
 * or EPROTONOSUPPORT (another version). */
int hello_check(const char *bytes, size_t n);

/* Append the message as one frame. Its strings must fit FRAME_BODY_MAX together. */
void msg_encode(struct buf *out, const struct msg *m);

/* The same without the last string, which must be empty in `m`: its `n` bytes are to follow by another way. */
void msg_encode_head(struct buf *out, const struct msg *m, size_t n);

/* Read one frame from the first bytes at `bytes`. Returns its length and fills `m`; 0 if more bytes
 * are needed; -1 and errno EPROTO if this is no frame (too long, unknown type, a field too short, bytes
 * left over). */
long msg_decode(const char *bytes, size_t n, struct msg *m);

#endif
