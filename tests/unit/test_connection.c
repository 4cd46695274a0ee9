/* SPDX-License-Identifier: MIT */
#include <config.h>

#include <check.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/loop.h"
#include "base/socket.h"
#include "base/xalloc.h"
#include "ctl/connection.h"

Suite *connection_suite(void);

static struct loop loop;
static struct connections all;
static char folder[32], *path;
static char heard[256]; /* the lines, each with ; behind it; "too long" as !, a refusal as ? */
static unsigned gone, cancelled;
static size_t last_len;
static struct pending waiting;
static size_t answer_len; /* of each line, if it is not 0 */
static size_t pieces;     /* so many are left of what is to be told */

static void note(const char *what, size_t len)
{
	size_t at = strlen(heard);
	if (at + len + 2 < sizeof heard)
		snprintf(heard + at, sizeof heard - at, "%.*s", (int)len, what);
}

static void cancel(struct pending *p)
{
	(void)p;
	cancelled++;
}

#define PIECE_LEN ((size_t)1000)

static bool say_piece(struct pending *p)
{
	char text[PIECE_LEN - 1];
	memset(text, 'p', sizeof text);
	connection_say(p->connection, text, sizeof text);
	if (pieces > 0 && --pieces > 0)
		return true;
	pending_remove(p);
	return false;
}

static bool is(const char *line, size_t len, const char *word)
{
	return len == strlen(word) && memcmp(line, word, len) == 0;
}

static void on_line(void *arg, struct connection *c, const char *line, size_t len)
{
	(void)arg;
	last_len = len;
	note(line, len);
	note(";", 1);
	if (is(line, len, "wait") || is(line, len, "tell")) {
		waiting = (struct pending){.cancel = cancel, .bytes = len};
		pending_add(c, &waiting);
	}
	if (is(line, len, "tell"))
		connection_tell(c, &waiting, say_piece);
	if (answer_len) {
		char *text = xmalloc(answer_len);
		memset(text, 'a', answer_len);
		connection_say(c, text, answer_len);
		free(text);
	}
}

static void on_too_long(void *arg, struct connection *c)
{
	(void)arg;
	note("!", 1);
	connection_say(c, "too long", 8);
}

static void on_refused(void *arg, struct connection *c, const char *why)
{
	(void)arg;
	note("?", 1);
	connection_say(c, why, strlen(why));
}

static void on_gone(void *arg, struct connection *c)
{
	(void)arg;
	(void)c;
	gone++;
}

static void setup(void)
{
	char *why = NULL;
	heard[0] = '\0';
	gone = cancelled = 0;
	answer_len = 0;
	snprintf(folder, sizeof folder, "/tmp/forkpool-unit.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(folder));
	path = xasprintf("%s/s", folder);
	ck_assert_int_eq(loop_open(&loop), 0);
	ck_assert_msg(connections_open(&all, &(struct connections_config){
		.path = path, .max = 3, .loop = &loop, .on_line = on_line, .on_too_long = on_too_long,
		.on_refused = on_refused, .on_gone = on_gone}, &why) == 0, "%s", why);
}

static void teardown(void)
{
	connections_end(&all);
	connections_close(&all);
	loop_close(&loop);
	rmdir(folder);
	free(path);
}

static void turn(void)
{
	for (int i = 0; i < 20; i++) {
		ck_assert_int_ge(loop_turn(&loop, false), 0);
		connections_flush(&all);
	}
}

static int connect_client(void)
{
	int fd = socket_connect(path);
	ck_assert_int_ge(fd, 0);
	turn();
	return fd;
}

static void say(int fd, const char *text)
{
	ck_assert_int_eq(send(fd, text, strlen(text), MSG_NOSIGNAL), (ssize_t)strlen(text));
	turn();
}

/* What has come; -1: nothing, and the connection stands. */
static ssize_t listen_to(int fd, char *to, size_t size)
{
	ssize_t n = recv(fd, to, size - 1, MSG_DONTWAIT);
	to[n > 0 ? n : 0] = '\0';
	return n;
}

START_TEST(lines_in_pieces)
{
	int fd = connect_client();
	say(fd, "one");
	ck_assert_str_eq(heard, "");
	say(fd, "\ntwo\n\nthr");
	ck_assert_str_eq(heard, "one;two;;");
	say(fd, "ee");
	shutdown(fd, SHUT_WR);
	turn();
	ck_assert_str_eq(heard, "one;two;;three;");
	ck_assert_uint_eq(gone, 1);
	ck_assert_uint_eq(all.count, 0);
	close(fd);
}
END_TEST

/* What it says while it waits is heard; what it is told after it has closed its side arrives. */
START_TEST(waits_half_closed)
{
	char text[64];
	int fd = connect_client();
	say(fd, "wait\nmore");
	shutdown(fd, SHUT_WR);
	turn();
	ck_assert_str_eq(heard, "wait;more;");
	ck_assert_uint_eq(gone, 0);
	connection_say(waiting.connection, "done", 4);
	pending_remove(&waiting);
	turn();
	ck_assert_int_eq(listen_to(fd, text, sizeof text), 5);
	ck_assert_str_eq(text, "done\n");
	ck_assert_uint_eq(gone, 1);
	ck_assert_uint_eq(cancelled, 0);
	close(fd);
}
END_TEST

START_TEST(gone_while_it_waits)
{
	int fd = connect_client();
	say(fd, "wait\n");
	ck_assert_uint_eq(all.first->n_pending, 1);
	ck_assert_uint_eq(all.first->pending_bytes, 4);
	close(fd);
	turn();
	ck_assert_uint_eq(cancelled, 1);
	ck_assert_ptr_null(waiting.connection);
	ck_assert_uint_eq(gone, 1);
}
END_TEST

static void send_line(int fd, size_t len)
{
	char block[4096];
	memset(block, 'x', sizeof block);
	for (size_t n; len > 0; len -= n) {
		n = len < sizeof block ? len : sizeof block;
		ck_assert_int_eq(send(fd, block, n, MSG_NOSIGNAL), (ssize_t)n);
		turn();
	}
}

START_TEST(longest_line)
{
	char text[64];
	int fd = connect_client();
	send_line(fd, LINE_MAX_BYTES);
	say(fd, "\nnext\n");
	ck_assert_uint_eq(last_len, 4);
	ck_assert_ptr_null(strchr(heard, '!'));
	send_line(fd, LINE_MAX_BYTES);
	say(fd, "x");
	ck_assert_ptr_nonnull(strchr(heard, '!'));
	ck_assert_uint_eq(gone, 1);
	ck_assert_int_gt(listen_to(fd, text, sizeof text), 0);
	ck_assert_str_eq(text, "too long\n");
	close(fd);
}
END_TEST

START_TEST(too_many)
{
	char text[64];
	int fds[4];
	for (int i = 0; i < 4; i++)
		fds[i] = connect_client();
	ck_assert_str_eq(heard, "?");
	ck_assert_int_gt(listen_to(fds[3], text, sizeof text), 0);
	ck_assert_int_eq(listen_to(fds[3], text, sizeof text), 0);
	ck_assert_uint_eq(all.count, 3);
	close(fds[0]);
	close(fds[3]);
	turn();
	fds[0] = connect_client();
	say(fds[0], "hello\n");
	ck_assert_str_eq(heard, "?hello;");
	for (int i = 0; i < 3; i++)
		close(fds[i]);
	turn();
	ck_assert_uint_eq(all.count, 0);
}
END_TEST

/* It has said more than is heard while it does not read; when it does, it is heard again. */
START_TEST(does_not_read)
{
	static char text[65536];
	int fd = connect_client();
	answer_len = 65536;
	for (int i = 0; i < 40; i++)
		say(fd, "a\n");
	size_t first = strlen(heard);
	ck_assert_uint_lt(first, 2 * 40);
	ck_assert_uint_lt(all.first->out.len, 1 << 20);
	for (size_t rest = 40 * (answer_len + 1); rest > 0; turn()) {
		ssize_t n = listen_to(fd, text, sizeof text);
		ck_assert_int_gt(n, 0);
		rest -= (size_t)n;
	}
	ck_assert_uint_eq(strlen(heard), 2 * 40);
	close(fd);
}
END_TEST

/* No more is made than is taken, others are heard, and what comes behind it is heard behind it. */
START_TEST(told_in_pieces)
{
	static char text[65536];
	size_t n = 3000, rest = n * PIECE_LEN;
	ssize_t got;
	int fd = connect_client(), other;
	pieces = n;
	say(fd, "tell\nnext\n");
	ck_assert_uint_gt(pieces, n / 2);
	ck_assert_uint_lt(all.first->out.len, 100000);
	other = connect_client();
	say(other, "other\n");
	ck_assert_str_eq(heard, "tell;other;");
	for (; rest > 0; rest -= (size_t)got, turn()) {
		ck_assert(pieces == 0 || strcmp(heard, "tell;other;") == 0);
		got = listen_to(fd, text, sizeof text);
		ck_assert_int_gt(got, 0);
	}
	ck_assert_str_eq(heard, "tell;other;next;");
	ck_assert_uint_eq(pieces, 0);
	close(fd);
	close(other);
}
END_TEST

/* Two answers that begin when nobody has said anything: one comes behind the other. */
START_TEST(told_one_after_the_other)
{
	static char text[65536];
	int fd = connect_client();
	struct pending second = {.cancel = cancel};
	size_t got = 0;
	ssize_t n;
	say(fd, "wait\n");
	pending_add(all.first, &second);
	connection_tell(all.first, &waiting, say_piece);
	connection_tell(all.first, &second, say_piece);
	pieces = 1000;
	for (turn(); (n = listen_to(fd, text, sizeof text)) > 0; turn())
		got += (size_t)n;
	ck_assert_uint_eq(got, (1000 + 1) * PIECE_LEN);
	ck_assert(!waiting.connection && !second.connection);
	ck_assert_ptr_null(all.first->told);
	close(fd);
}
END_TEST

START_TEST(gone_while_it_is_told)
{
	int fd = connect_client();
	pieces = 3000;
	say(fd, "tell\n");
	close(fd);
	turn();
	ck_assert_uint_eq(cancelled, 1);
	ck_assert_uint_eq(gone, 1);
	ck_assert_uint_gt(pieces, 0);
}
END_TEST

START_TEST(nothing_is_left)
{
	int fd = connect_client();
	ck_assert_int_eq(access(path, F_OK), 0);
	connections_end(&all);
	ck_assert_int_ne(access(path, F_OK), 0);
	connections_close(&all);
	ck_assert_uint_eq(gone, 1);
	close(fd);
}
END_TEST

Suite *connection_suite(void)
{
	Suite *s = suite_create("connection");
	TCase *t = tcase_create("connection");
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, lines_in_pieces);
	tcase_add_test(t, waits_half_closed);
	tcase_add_test(t, gone_while_it_waits);
	tcase_add_test(t, longest_line);
	tcase_add_test(t, too_many);
	tcase_add_test(t, does_not_read);
	tcase_add_test(t, told_in_pieces);
	tcase_add_test(t, told_one_after_the_other);
	tcase_add_test(t, gone_while_it_is_told);
	tcase_add_test(t, nothing_is_left);
	suite_add_tcase(s, t);
	return s;
}
