/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "worker/workjson.h"

#include <dlfcn.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#define LIBRARY "libjansson.so.4" /* the only one there has been since 2011 */

enum { EXIT_CODE_MAX = 255 };

/* What is used of it. */
#define FUNCTIONS(X) \
	X(json_object) \
	X(json_object_set_new) \
	X(json_object_get) \
	X(json_array) \
	X(json_array_append_new) \
	X(json_integer) \
	X(json_integer_value) \
	X(json_stringn) \
	X(json_string_value) \
	X(json_string_length) \
	X(json_dump_callback) \
	X(json_loadb) \
	X(json_delete)

static struct {
	void *library;
#define X(name) __typeof__(name) *name;
	FUNCTIONS(X)
#undef X
} lib;

const char *workjson_load(void)
{
	if (lib.library)
		return NULL;
	void *library = dlopen(LIBRARY, RTLD_NOW);
	bool complete = library != NULL;
#define X(name) \
	*(void **)&lib.name = complete ? dlsym(library, #name) : NULL; \
	complete &= lib.name != NULL;
	FUNCTIONS(X)
#undef X
	if (!complete)
		return dlerror();
	lib.library = library;
	return NULL;
}

/* The request. */

static int add_bytes(const char *bytes, size_t n, void *out)
{
	buf_add(out, bytes, n);
	return 0;
}

/* NULL: one of them is not valid UTF-8. */
static json_t *arguments_of(struct bytes words)
{
	json_t *list = lib.json_array();
	const char *end = words.p + words.n;
	for (const char *word = words.p; word < end; word += strlen(word) + 1) {
		if (lib.json_array_append_new(list, lib.json_stringn(word, strlen(word))) == 0)
			continue;
		lib.json_delete(list);
		return NULL;
	}
	return list;
}

/* Bazel leaves out what is empty or 0; what is there cannot be missed by a worker that does not know that. */
const char *workjson_put(struct buf *out, struct bytes words)
{
	json_t *arguments = arguments_of(words);
	if (!arguments)
		return "an item is not valid UTF-8, which --worker-protocol json needs";
	json_t *request = lib.json_object();
	lib.json_object_set_new(request, "arguments", arguments);
	lib.json_object_set_new(request, "inputs", lib.json_array());
	lib.json_object_set_new(request, "requestId", lib.json_integer(0));
	lib.json_dump_callback(request, add_bytes, out, JSON_COMPACT);
	buf_addc(out, '\n');
	lib.json_delete(request);
	return NULL;
}

/* The response. */

/* A number that may be left out. False: it is there and is none. */
static bool get_number(const json_t *response, const char *name, json_int_t *number)
{
	const json_t *value = lib.json_object_get(response, name);
	*number = lib.json_integer_value(value); /* 0 for anything else */
	return !value || json_is_null(value) || json_is_integer(value);
}

/* NULL, or what is wrong; `output` is part of the response. */
static const char *read_response(const json_t *response, int *exit_code, const json_t **output)
{
	json_int_t id, code;
	if (!json_is_object(response))
		return "it is no object";
	if (!get_number(response, "requestId", &id) || id != 0)
		return "its requestId is not 0";
	if (!get_number(response, "exitCode", &code))
		return "its exitCode is no integer";
	*output = lib.json_object_get(response, "output");
	if (*output && !json_is_string(*output) && !json_is_null(*output))
		return "its output is no string";
	*exit_code = code < 0 || code > EXIT_CODE_MAX ? EXIT_CODE_MAX : (int)code;
	return NULL;
}

bool workjson_take(struct buf *text, struct workjson_response *r)
{
	json_error_t error;
	const json_t *output = NULL;
	json_t *response = lib.json_loadb(buf_head(text), buf_len(text), JSON_ALLOW_NUL | JSON_REJECT_DUPLICATES, &error);
	const char *why = response ? read_response(response, &r->exit_code, &output) : error.text;
	buf_reset(text);
	if (why)
		snprintf(r->why, sizeof r->why, "%s", why);
	else if (output)
		buf_add(text, lib.json_string_value(output), lib.json_string_length(output));
	if (response)
		lib.json_delete(response);
	return !why;
}
