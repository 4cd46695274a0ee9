/* SPDX-License-Identifier: MIT */
#include <config.h>

#include <check.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/array.h"
#include "base/clock.h"
#include "ctl/request.h"

Suite *request_suite(void);

static struct connections all;
static struct connection client;
static char said[4096]; /* what the client is told */
static int runs;
static struct buf bytes;
static uint64_t number, ns;
static bool has_number, has_ns;
static char text[64];

static void run_take(struct request *rq)
{
	runs++;
	buf_clear(&bytes);
	has_number = request_number(rq, "number", &number);
	has_ns = request_duration(rq, "timeout", &ns);
	request_bytes(rq, "bytes", &bytes);
	snprintf(text, sizeof text, "%s", request_has(rq, "text") ? request_string(rq, "text") : "-");
	reply_ok(rq);
}

static void run_list(struct request *rq)
{
	json_t *reply = reply_new(rq), *part = reply_part(reply);
	reply_set(part, "n", jansson.integer((json_int_t)jansson.array_size(request_list(rq, "words"))));
	reply_say(rq->from, part);
	reply_fail(rq->from, reply, "some-error", "%d %s", 1, "word");
}

static const struct verb verbs[] = {
	{"take", {{"number", MEMBER_NUMBER, false}, {"timeout", MEMBER_SECONDS, false}, {"bytes", MEMBER_BYTES, false},
		  {"text", MEMBER_STRING, false}}, run_take, false},
	{"list", {{"words", MEMBER_BYTES_LIST, true}, {"yes", MEMBER_TRUE, false}}, run_list, false},
};

static struct loop loop;

static void setup(void)
{
	ck_assert_ptr_null(jansson_load());
	store_init(&all.store, 1 << 20);
	all.config.loop = &loop;
	client = (struct connection){.all = &all};
	all.touched = NULL;
	runs = 0;
}

static void teardown(void)
{
	buf_clear(&bytes);
	spool_clear(&client.out, &all.store);
	store_clear(&all.store);
}

static const char *ask_bytes(const char *line, size_t len)
{
	const char *head;
	size_t at = 0;
	request_run(&client, line, len, verbs, ARRAY_LEN(verbs), NULL);
	ck_assert_uint_lt(client.out.len, sizeof said);
	for (ssize_t n; (n = spool_peek(&client.out, &all.store, &head)) > 0; at += (size_t)n) {
		memcpy(said + at, head, (size_t)n);
		spool_drop(&client.out, &all.store, (size_t)n);
	}
	said[at] = '\0';
	return said;
}

static const char *ask(const char *line)
{
	return ask_bytes(line, strlen(line));
}

START_TEST(members)
{
	ck_assert_str_eq(ask("{\"verb\": \"take\", \"number\": 9007199254740993, \"timeout\": 1.5, \"text\": \"a\", \"bytes\": \"b\\u0000c\"}"),
			 "{\"ok\":true}\n");
	ck_assert(has_number && has_ns);
	ck_assert_uint_eq(number, 9007199254740993);
	ck_assert_uint_eq(ns, 3 * NS_PER_SEC / 2);
	ck_assert_str_eq(text, "a");
	ck_assert_uint_eq(buf_len(&bytes), 3);
	ck_assert_mem_eq(buf_head(&bytes), "b\0c", 3);
	ask("{\"verb\": \"take\", \"timeout\": 0, \"bytes\": {\"base64\": \"/wA=\"}}");
	ck_assert(!has_number && has_ns);
	ck_assert_uint_eq(ns, 0);
	ck_assert_mem_eq(buf_head(&bytes), "\377\0", 2);
	ck_assert_str_eq(text, "-");
	ask("{\"verb\": \"take\", \"timeout\": 1e300}");
	ck_assert_msg(!has_ns, "longer than anybody waits is for ever");
	ck_assert_int_eq(runs, 3);
}
END_TEST

START_TEST(replies)
{
	ck_assert_str_eq(ask("{\"tag\": [1], \"verb\": \"list\", \"words\": [\"a\", {\"base64\": \"\"}]}"),
			 "{\"tag\":[1],\"n\":2}\n{\"tag\":[1],\"ok\":false,\"error\":\"some-error\",\"message\":\"1 word\"}\n");
	ck_assert_ptr_eq(all.touched, &client);
}
END_TEST

static const char *const refused[] = {
	"", " ", "x", "1", "[]", "{}", "{\"verb\": 1}", "{\"verb\": \"tak\"}", "{\"verb\": \"take\\u0000\"}",
	"{\"verb\": \"take\", \"x\": 1}", "{\"verb\": \"take\", \"number\": -1}", "{\"verb\": \"take\", \"number\": 1.0}",
	"{\"verb\": \"take\", \"number\": true}", "{\"verb\": \"take\", \"number\": 1, \"number\": 1}",
	"{\"verb\": \"take\", \"timeout\": -1e-9}", "{\"verb\": \"take\", \"timeout\": 1e400}", "{\"verb\": \"take\", \"timeout\": \"1\"}",
	"{\"verb\": \"take\", \"text\": \"\\u0000\"}", "{\"verb\": \"take\", \"text\": {\"base64\": \"\"}}",
	"{\"verb\": \"take\", \"bytes\": {}}", "{\"verb\": \"take\", \"bytes\": [\"a\"]}", "{\"verb\": \"take\", \"bytes\": {\"base64\": \"a\"}}",
	"{\"verb\": \"list\"}", "{\"verb\": \"list\", \"words\": []}", "{\"verb\": \"list\", \"words\": \"a\"}",
	"{\"verb\": \"list\", \"words\": [\"a\", 1]}", "{\"verb\": \"list\", \"words\": [\"a\"], \"yes\": false}",
	"{\"verb\": \"take\"} x", "{\"verb\": \"take\", \"text\": \"\377\"}",
};

START_TEST(is_no_request)
{
	const char *answer = ask(refused[_i]);
	ck_assert_msg(strncmp(answer, "{\"ok\":false,\"error\":\"bad-request\",\"message\":\"", 45) == 0, "%s: %s", refused[_i], answer);
	ck_assert_int_eq(runs, 0);
}
END_TEST

START_TEST(is_no_text)
{
	static const char line[] = "{\"verb\": \"take\"}\0";
	ck_assert_ptr_nonnull(strstr(ask_bytes(line, sizeof line - 1), "bad-request"));
	ck_assert_int_eq(runs, 0);
}
END_TEST

Suite *request_suite(void)
{
	Suite *s = suite_create("request");
	TCase *t = tcase_create("request");
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, members);
	tcase_add_test(t, replies);
	tcase_add_loop_test(t, is_no_request, 0, ARRAY_LEN(refused));
	tcase_add_test(t, is_no_text);
	suite_add_tcase(s, t);
	return s;
}
