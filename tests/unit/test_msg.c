/* SPDX-License-Identifier: MIT */
#include <config.h>

#include <check.h>
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/xalloc.h"
#include "process_help.h"
#include "proto/msg.h"

Suite *msg_suite(void);

#define BYTES(text) {text, sizeof(text) - 1}

/* The examples of doc/PROTOCOL.md, in its order. */
static const struct example {
	const char *hex;
	struct msg m;
} examples[] = {
	{"00 00 00 15 01 01 00 00 00 04 41 3d 62 00 ff ff ff fe 00 00 00 00 00 00 00 00",
	 {MSG_SETUP, {.setup = {.flags = SETUP_CAPTURE, .env = BYTES("A=b\0"), .niceness = (uint32_t)-2,
				.initializer = BYTES(""), .worker_command = BYTES("")}}}},
	{"00 00 00 14 01 11 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 03 63 61 74",
	 {MSG_SETUP, {.setup = {.flags = SETUP_CAPTURE | SETUP_DIRECT, .env = BYTES(""), .initializer = BYTES(""),
				.worker_command = BYTES("cat")}}}},
	{"00 00 00 26 02 00 00 00 00 00 00 00 07 00 00 00 01 00 00 00 02 00 00 00 00 02 "
	 "00 00 00 09 65 63 68 6f 00 61 20 62 00 00 00 00 00",
	 {MSG_TASK, {.task = {.seq = 7, .attempt = 1, .slot = 2, .n_words = 2, .words = BYTES("echo\0a b\0"),
			      .directory = BYTES("")}}}},
	{"00 00 00 2a 02 00 00 00 00 00 00 00 07 00 00 00 01 00 00 00 02 00 00 00 00 02 "
	 "00 00 00 09 65 63 68 6f 00 61 20 62 00 00 00 00 04 2f 74 6d 70",
	 {MSG_TASK, {.task = {.seq = 7, .attempt = 1, .slot = 2, .n_words = 2, .words = BYTES("echo\0a b\0"),
			      .directory = BYTES("/tmp")}}}},
	{"00 00 00 08 03 00 00 00 00 00 00 00 07", {MSG_REVOKE, {.revoke = {.seq = 7}}}},
	{"00 00 00 08 46 00 00 00 00 00 00 00 07", {MSG_REVOKED, {.revoked = {.seq = 7}}}},
	{"00 00 00 08 46 00 00 00 00 00 00 00 09", {MSG_REVOKED, {.revoked = {.seq = 9}}}},
	{"00 00 00 08 45 00 00 00 00 00 00 00 07", {MSG_STARTED, {.started = {.seq = 7}}}},
	{"00 00 00 10 43 00 00 00 00 00 00 00 07 01 00 00 00 03 68 69 0a",
	 {MSG_OUTPUT, {.output = {.seq = 7, .stream = 1, .bytes = BYTES("hi\n")}}}},
	{"00 00 00 0f 47 00 00 00 00 00 00 00 00 01 00 00 00 02 6e 6f",
	 {MSG_NOTE, {.note = {.flags = NOTE_FAILURE, .text = BYTES("no")}}}},
};
#define HELLO_HEX "66 6b 70 6f 6f 6c 00 02"

static const enum msg_type types[] = {
#define X(NAME, name, number) MSG_##NAME,
	MESSAGES(X)
#undef X
};

static bool same_bytes(struct bytes a, struct bytes b)
{
	return a.n == b.n && memcmp(a.p, b.p, a.n) == 0;
}

static void assert_same(const struct msg *a, const struct msg *b)
{
	ck_assert_int_eq(a->type, b->type);
	switch (a->type) {
#define SAME(field) ck_assert_uint_eq(x->field, y->field);
#define SAME_STR(field) ck_assert(same_bytes(x->field, y->field));
#define X(NAME, name, number) case MSG_##NAME: { \
		const __typeof__(a->u.name) *x = &a->u.name, *y = &b->u.name; \
		FIELDS_##NAME(SAME, SAME, SAME, SAME_STR) \
		break; \
	}
	MESSAGES(X)
#undef X
	}
}

/* A message of that type in which no two fields are alike, and no two bytes of a number. */
static struct msg filled(enum msg_type type)
{
	static const struct bytes strings[] = {BYTES("a\0b\0"), BYTES(""), BYTES("\0"), BYTES("\xff\n text")};
	struct msg m = {.type = type};
	unsigned n = 0;
	switch (type) {
#define FILL_U8(field) x->field = (uint8_t)(0x81 + n++);
#define FILL_U32(field) x->field = 0x81828384 + n++;
#define FILL_U64(field) x->field = UINT64_C(0x8182838485868788) + n++;
#define FILL_STR(field) x->field = strings[n++ % ARRAY_LEN(strings)];
#define X(NAME, name, number) case MSG_##NAME: { \
		__typeof__(m.u.name) *x = &m.u.name; \
		FIELDS_##NAME(FILL_U8, FILL_U32, FILL_U64, FILL_STR) \
		break; \
	}
	MESSAGES(X)
#undef X
	}
	return m;
}

/* Decode from memory that ends with the last byte, so that a sanitizer sees one read too many. */
static long decode_exactly(const char *bytes, size_t n, struct msg *m)
{
	char *copy = xmalloc(n);
	memcpy(copy, bytes, n);
	errno = 0;
	long r = msg_decode(copy, n, m);
	free(copy);
	return r;
}

static void assert_bad(const char *bytes, size_t n)
{
	struct msg m;
	ck_assert_int_eq(decode_exactly(bytes, n, &m), -1);
	ck_assert_int_eq(errno, EPROTO);
}

static void set_body_len(char *frame, size_t len)
{
	for (int i = 0; i < 4; i++)
		frame[i] = (char)(len >> (24 - 8 * i));
}

static void add_hex(struct buf *b, const char *hex)
{
	char *end;
	for (; *hex; hex = end + strspn(end, " "))
		buf_addc(b, (char)strtoul(hex, &end, 16));
}

START_TEST(example)
{
	const struct example *e = &examples[_i];
	struct buf expected = {0}, encoded = {0};
	struct msg m;
	add_hex(&expected, e->hex);
	msg_encode(&encoded, &e->m);
	ck_assert_uint_eq(buf_len(&encoded), buf_len(&expected));
	ck_assert_mem_eq(buf_head(&encoded), buf_head(&expected), buf_len(&expected));
	ck_assert_int_eq(msg_decode(buf_head(&expected), buf_len(&expected), &m), (long)buf_len(&expected));
	assert_same(&m, &e->m);
	buf_clear(&expected);
	buf_clear(&encoded);
}
END_TEST

/* doc/PROTOCOL.md, or nothing where nobody says where it is. */
static void read_document(struct buf *text)
{
	const char *top = getenv("top_srcdir");
	char *path = xasprintf("%s/doc/PROTOCOL.md", top ? top : ".");
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ck_assert_msg(fd >= 0 || !top, "cannot open %s", path);
	for (ssize_t n; fd >= 0 && (n = read(fd, buf_room(text, 4096), 4096)) > 0; )
		buf_grew(text, (size_t)n);
	buf_addc(text, '\0');
	close(fd);
	free(path);
}

/* Append the hex bytes of an indented line; a line that begins with a name begins an example. */
static void add_example_line(struct buf *hex, char *line)
{
	for (char *word; (word = strsep(&line, " ")); ) {
		bool byte = strlen(word) == 2 && isxdigit((unsigned char)word[0]) && isxdigit((unsigned char)word[1]);
		if (byte)
			buf_addf(hex, "%s ", word);
		else if (*word)
			buf_adds(hex, "| ");
	}
}

START_TEST(examples_are_those_of_the_document)
{
	struct buf document = {0}, found = {0}, expected = {0};
	read_document(&document);
	char *rest = buf_head(&document);
	for (char *line; (line = strsep(&rest, "\n")); )
		if (strncmp(line, "    ", 4) == 0)
			add_example_line(&found, line);
	buf_addc(&found, '\0');

	buf_adds(&expected, HELLO_HEX " ");
	for (size_t i = 0; i < ARRAY_LEN(examples); i++)
		buf_addf(&expected, "| %s ", examples[i].hex);
	buf_addc(&expected, '\0');
	if (buf_len(&document) > 1)
		ck_assert_str_eq(buf_head(&found), buf_head(&expected));
	buf_clear(&document);
	buf_clear(&found);
	buf_clear(&expected);
}
END_TEST

START_TEST(tables_are_those_of_the_document)
{
	static const char *const rows[] = {
#define ROW_U8(field) ", u8 " #field
#define ROW_U32(field) ", u32 " #field
#define ROW_U64(field) ", u64 " #field
#define ROW_STR(field) ", str " #field
#define X(NAME, name, number) "| " #number " | " #NAME " | " FIELDS_##NAME(ROW_U8, ROW_U32, ROW_U64, ROW_STR) " |\n",
		MESSAGES(X)
#undef X
	};
	struct buf document = {0};
	read_document(&document);
	for (size_t i = 0; i < ARRAY_LEN(rows) && buf_len(&document) > 1; i++) {
		char row[256];
		const char *fields = strstr(rows[i], ", ");
		snprintf(row, sizeof row, "%.*s%s", (int)(fields - rows[i]), rows[i], fields + 2);
		ck_assert_msg(strstr(buf_head(&document), row) != NULL, "no such row in doc/PROTOCOL.md: %s", row);
	}
	buf_clear(&document);
}
END_TEST

START_TEST(hello)
{
	static const struct { const char *hex; int error; } cases[] = {
		{HELLO_HEX, 0},
		{"66 6b 70 6f 6f 6c 00 01", EPROTONOSUPPORT},
		{"66 6b 70 6f 6f 6c 01 02", EPROTONOSUPPORT},
		{"66 6b 70 6f 6f 6d 00 02", EPROTO},
		{"57 65 6c 63 6f 6d 65 21", EPROTO},
	};
	struct buf b = {0};
	hello_encode(&b);
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct buf bytes = {0};
		add_hex(&bytes, cases[i].hex);
		ck_assert_uint_eq(buf_len(&bytes), HELLO_LEN);
		ck_assert_int_eq(memcmp(buf_head(&b), buf_head(&bytes), HELLO_LEN) == 0, i == 0);
		for (size_t n = 0; n <= HELLO_LEN; n++) { /* seen as soon as it differs */
			bool same = memcmp(buf_head(&b), buf_head(&bytes), n) == 0;
			errno = 0;
			ck_assert_int_eq(hello_check(buf_head(&bytes), n), same ? 0 : -1);
			ck_assert_int_eq(errno, same ? 0 : cases[i].error);
		}
		buf_clear(&bytes);
	}
	buf_clear(&b);
}
END_TEST

/* Decoded at every split more is needed; with all of it, and with more behind it, it is one message. */
START_TEST(round_trip)
{
	struct msg in = filled(types[_i]), out;
	struct buf b = {0};
	msg_encode(&b, &in);
	size_t len = buf_len(&b);
	for (size_t n = 0; n < len; n++)
		ck_assert_int_eq(decode_exactly(buf_head(&b), n, &out), 0);
	ck_assert_int_eq(msg_decode(buf_head(&b), len, &out), (long)len);
	assert_same(&in, &out);
	msg_encode(&b, &in);
	ck_assert_int_eq(msg_decode(buf_head(&b), len + 3, &out), (long)len);
	assert_same(&in, &out);
	buf_clear(&b);
}
END_TEST

/* What follows the head is the end of the message, as if it had been encoded with it. */
START_TEST(head_without_its_last_string)
{
	struct buf whole = {0}, head = {0};
	struct msg m = {.type = MSG_OUTPUT, .u.output = {.seq = 7, .stream = 1, .bytes = {"some bytes", 10}}};
	buf_adds(&whole, "x");
	buf_adds(&head, "x");
	msg_encode(&whole, &m);
	m.u.output.bytes = (struct bytes){0};
	msg_encode_head(&head, &m, 10);
	buf_adds(&head, "some bytes");
	ck_assert_uint_eq(buf_len(&head), buf_len(&whole));
	ck_assert_mem_eq(buf_head(&head), buf_head(&whole), buf_len(&whole));
	buf_clear(&whole);
	buf_clear(&head);
}
END_TEST

START_TEST(body_of_another_length)
{
	struct msg m = filled(types[_i]);
	struct buf b = {0};
	msg_encode(&b, &m);
	size_t len = buf_len(&b);
	buf_addc(&b, '\0');
	char *frame = buf_head(&b);
	for (size_t n = FRAME_HEADER_LEN; n <= len + 1; n++) {
		set_body_len(frame, n - FRAME_HEADER_LEN);
		if (n != len)
			assert_bad(frame, n);
	}
	buf_clear(&b);
}
END_TEST

/* Each string's length claims all that a length can. */
START_TEST(string_beyond_the_body)
{
	struct buf b = {0};
	struct msg m = {MSG_FAILED, {.failed = {.reason = BYTES("reason")}}};
	msg_encode(&b, &m);
	static const unsigned lengths[] = {7, 0x7fffffff, 0x80000000, 0xffffffff};
	for (size_t i = 0; i < ARRAY_LEN(lengths); i++) {
		set_body_len(buf_head(&b) + FRAME_HEADER_LEN, lengths[i]);
		assert_bad(buf_head(&b), buf_len(&b));
	}
	buf_clear(&b);
}
END_TEST

START_TEST(unknown_type)
{
	struct msg m;
	for (int type = 0; type < 256; type++) {
		char frame[FRAME_HEADER_LEN] = {0, 0, 0, 0, (char)type};
		assert_bad(frame, sizeof frame); /* every message has fields, so an empty body is never right */
		bool known = false;
		for (size_t i = 0; i < ARRAY_LEN(types); i++)
			known |= (int)types[i] == type;
		m.type = (enum msg_type)type;
		ck_assert_int_eq(strcmp(msg_name(m.type), "?") != 0, known);
	}
	ck_assert_str_eq(msg_name(MSG_TASK), "TASK");
}
END_TEST

/* What is too long is refused before it is waited for. */
START_TEST(longest_frame)
{
	char header[FRAME_HEADER_LEN] = {0, 0, 0, 0, MSG_FAILED};
	struct msg in = {.type = MSG_FAILED}, out;
	set_body_len(header, FRAME_BODY_MAX);
	ck_assert_int_eq(decode_exactly(header, sizeof header, &out), 0);
	set_body_len(header, FRAME_BODY_MAX + 1);
	ck_assert_int_eq(decode_exactly(header, sizeof header - 1, &out), 0);
	assert_bad(header, sizeof header);

	struct buf b = {0};
	size_t n = FRAME_BODY_MAX - 4;
	char *text = xcalloc(1, n);
	in.u.failed.reason = (struct bytes){text, n};
	msg_encode(&b, &in);
	ck_assert_int_eq(msg_decode(buf_head(&b), buf_len(&b), &out), (long)(FRAME_HEADER_LEN + FRAME_BODY_MAX));
	assert_same(&in, &out);
	buf_clear(&b);
	free(text);
}
END_TEST

START_TEST(longer_than_a_frame_is_a_bug)
{
	pid_t pid = fork();
	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		struct buf b = {0};
		struct msg m = {.type = MSG_FAILED};
		m.u.failed.reason = (struct bytes){xcalloc(1, FRAME_BODY_MAX), FRAME_BODY_MAX};
		close(STDERR_FILENO);
		msg_encode(&b, &m);
		_exit(0);
	}
	int status = status_of(pid);
	ck_assert(WIFSIGNALED(status));
	ck_assert_int_eq(WTERMSIG(status), SIGABRT);
}
END_TEST

Suite *msg_suite(void)
{
	Suite *s = suite_create("msg");
	TCase *t = tcase_create("msg");
	tcase_set_timeout(t, 60);
	tcase_add_loop_test(t, example, 0, ARRAY_LEN(examples));
	tcase_add_test(t, examples_are_those_of_the_document);
	tcase_add_test(t, tables_are_those_of_the_document);
	tcase_add_test(t, hello);
	tcase_add_loop_test(t, round_trip, 0, ARRAY_LEN(types));
	tcase_add_test(t, head_without_its_last_string);
	tcase_add_loop_test(t, body_of_another_length, 0, ARRAY_LEN(types));
	tcase_add_test(t, string_beyond_the_body);
	tcase_add_test(t, unknown_type);
	tcase_add_test(t, longest_frame);
	tcase_add_test(t, longer_than_a_frame_is_a_bug);
	suite_add_tcase(s, t);
	return s;
}
