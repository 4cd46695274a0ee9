/* SPDX-License-Identifier: MIT
 *
 * jansson: the JSON library, loaded when it is first wanted, so that a start without it costs nothing; and bytes as JSON.
 *
 * Bytes are a string where they are valid UTF-8, else {"base64": "..."} (RFC 4648).
 * Life cycle: jansson_load, then `jansson.NAME(...)` is json_NAME(...) of <jansson.h>. What is a macro there
 * (json_is_string, ...) works as it stands, and json_incref; json_decref does not: whoever made a value, or read it, gives
 * it to another (..._new) or to jansson_free.
 */
#ifndef PROTO_JANSSON_H
#define PROTO_JANSSON_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"

/* What is used of it: its name here, and there. */
#define JANSSON_FUNCTIONS(X) \
	X(object, json_object) \
	X(object_set_new, json_object_set_new) \
	X(object_get, json_object_get) \
	X(object_size, json_object_size) \
	X(object_iter, json_object_iter) \
	X(object_iter_next, json_object_iter_next) \
	X(object_iter_key, json_object_iter_key) \
	X(object_iter_value, json_object_iter_value) \
	X(array, json_array) \
	X(array_append_new, json_array_append_new) \
	X(array_get, json_array_get) \
	X(array_size, json_array_size) \
	X(integer, json_integer) \
	X(integer_value, json_integer_value) \
	X(real, json_real) \
	X(number_value, json_number_value) \
	X(string, json_string) \
	X(stringn, json_stringn) \
	X(string_value, json_string_value) \
	X(string_length, json_string_length) \
	X(yes, json_true) \
	X(no, json_false) \
	X(null, json_null) \
	X(dump_callback, json_dump_callback) \
	X(loadb, json_loadb) \
	X(delete, json_delete)

extern struct jansson {
	void *library;
#define X(name, function) __typeof__(function) *name;
	JANSSON_FUNCTIONS(X)
#undef X
} jansson;

/* NULL, or why it cannot be had: borrowed, of dlerror(3). */
const char *jansson_load(void);

/* Free a value that is part of no other; NULL is none. What it consists of may be held elsewhere too. */
void jansson_free(json_t *value);

/* A new value of these bytes: a string wherever that is possible. */
json_t *jansson_bytes(const char *bytes, size_t len);

/* The same, but no string where base64 is shorter, as for many control characters: for what has to fit a line. */
json_t *jansson_short_bytes(const char *bytes, size_t len);

/* Append the bytes that `value` (may be NULL) means. False: it means none. */
bool jansson_take_bytes(const json_t *value, struct buf *out);

/* Append `value` as text without white space. The caller keeps it. */
void jansson_print(const json_t *value, struct buf *out);

/* Read one value from text, NULs in strings allowed, nothing behind it, no member twice. NULL: `why` (of JSON_ERROR_TEXT_LENGTH
 * bytes) says what is wrong. */
json_t *jansson_read(const char *text, size_t len, char *why);

#endif
