/* SPDX-License-Identifier: MIT */
#include <config.h>

#include <check.h>
#include <string.h>

#include "base/array.h"
#include "proto/jansson.h"

Suite *jansson_suite(void);

static void load(void)
{
	ck_assert_ptr_null(jansson_load());
}

/* RFC 4648, section 10, by way of bytes that are no UTF-8; and UTF-8 as it is. */
static const struct {
	const char *bytes;
	size_t len;
	const char *json;
} pairs[] = {
	{"", 0, "\"\""},
	{"a\0b\n", 4, "\"a\\u0000b\\n\""},
	{"\xc3\xa9", 2, "\"\xc3\xa9\""},
	{"\xff", 1, "{\"base64\":\"/w==\"}"},
	{"\xff\xfe", 2, "{\"base64\":\"//4=\"}"},
	{"\xff\xfe\xfd", 3, "{\"base64\":\"//79\"}"},
	{"\xff\0\x01x", 4, "{\"base64\":\"/wABeA==\"}"},
};

START_TEST(bytes_there_and_back)
{
	struct buf text = {0}, back = {0};
	char why[JSON_ERROR_TEXT_LENGTH];
	json_t *value = jansson_bytes(pairs[_i].bytes, pairs[_i].len);
	jansson_print(value, &text);
	ck_assert_uint_eq(buf_len(&text), strlen(pairs[_i].json));
	ck_assert_mem_eq(buf_head(&text), pairs[_i].json, buf_len(&text));
	jansson_free(value);
	buf_reset(&text);
	buf_addf(&text, "[%s]", pairs[_i].json);
	value = jansson_read(buf_head(&text), buf_len(&text), why);
	ck_assert_ptr_nonnull(value);
	ck_assert(jansson_take_bytes(jansson.array_get(value, 0), &back));
	ck_assert_uint_eq(buf_len(&back), pairs[_i].len);
	ck_assert_mem_eq(buf_head(&back), pairs[_i].bytes, pairs[_i].len);
	jansson_free(value);
	buf_clear(&text);
	buf_clear(&back);
}
END_TEST

START_TEST(what_means_no_bytes)
{
	static const char *const texts[] = {
		"[1]", "[null]", "[[]]", "[{}]", "[{\"base64\":1}]", "[{\"base64\":\"/w==\",\"x\":1}]", "[{\"base46\":\"/w==\"}]",
		"[{\"base64\":\"/w=\"}]", "[{\"base64\":\"/w==/w==\"}]", "[{\"base64\":\"/x==\"}]", "[{\"base64\":\"====\"}]",
		"[{\"base64\":\"a*bc\"}]", "[{\"base64\":\"ab\\u0000=\"}]", "[{\"base64\":\"=w==\"}]",
	};
	struct buf out = {0};
	char why[JSON_ERROR_TEXT_LENGTH];
	ck_assert(!jansson_take_bytes(NULL, &out));
	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		json_t *value = jansson_read(texts[i], strlen(texts[i]), why);
		ck_assert_msg(value != NULL, "%s: %s", texts[i], why);
		ck_assert_msg(!jansson_take_bytes(jansson.array_get(value, 0), &out), "%s", texts[i]);
		jansson_free(value);
	}
	buf_clear(&out);
}
END_TEST

START_TEST(what_is_no_document)
{
	static const char *const texts[] = {"", "{", "{\"a\":1,\"a\":2}", "{} {}", "\"\xff\"", "[1,]"};
	char why[JSON_ERROR_TEXT_LENGTH];
	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		*why = '\0';
		ck_assert_ptr_null(jansson_read(texts[i], strlen(texts[i]), why));
		ck_assert_str_ne(why, "");
	}
}
END_TEST

Suite *jansson_suite(void)
{
	Suite *s = suite_create("jansson");
	TCase *c = tcase_create("jansson");
	tcase_add_unchecked_fixture(c, load, NULL);
	tcase_add_loop_test(c, bytes_there_and_back, 0, ARRAY_LEN(pairs));
	tcase_add_test(c, what_means_no_bytes);
	tcase_add_test(c, what_is_no_document);
	suite_add_tcase(s, c);
	return s;
}
