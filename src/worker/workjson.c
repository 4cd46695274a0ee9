/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "worker/workjson.h"

#include <stdio.h>
#include <string.h>

#include "proto/jansson.h"

enum { EXIT_CODE_MAX = 255 };

/* The request. */

/* NULL: one of them is not valid UTF-8. */
static json_t *arguments_of(struct bytes words)
{
	json_t *list = jansson.array();
	const char *end = words.p + words.n;
	for (const char *word = words.p; word < end; word += strlen(word) + 1) {
		if (jansson.array_append_new(list, jansson.stringn(word, strlen(word))) == 0)
			continue;
		jansson_free(list);
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
	json_t *request = jansson.object();
	jansson.object_set_new(request, "arguments", arguments);
	jansson.object_set_new(request, "inputs", jansson.array());
	jansson.object_set_new(request, "requestId", jansson.integer(0));
	jansson_print(request, out);
	buf_addc(out, '\n');
	jansson_free(request);
	return NULL;
}

/* The response. */

/* A number that may be left out. False: it is there and is none. */
static bool get_number(const json_t *response, const char *name, json_int_t *number)
{
	const json_t *value = jansson.object_get(response, name);
	*number = jansson.integer_value(value); /* 0 for anything else */
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
	*output = jansson.object_get(response, "output");
	if (*output && !json_is_string(*output) && !json_is_null(*output))
		return "its output is no string";
	*exit_code = code < 0 || code > EXIT_CODE_MAX ? EXIT_CODE_MAX : (int)code;
	return NULL;
}

bool workjson_take(struct buf *text, struct workjson_response *r)
{
	char error[JSON_ERROR_TEXT_LENGTH];
	const json_t *output = NULL;
	json_t *response = jansson_read(buf_head(text), buf_len(text), error);
	const char *why = response ? read_response(response, &r->exit_code, &output) : error;
	buf_reset(text);
	if (why)
		snprintf(r->why, sizeof r->why, "%s", why);
	else if (output)
		buf_add(text, jansson.string_value(output), jansson.string_length(output));
	jansson_free(response);
	return !why;
}
