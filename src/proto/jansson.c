/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "proto/jansson.h"

#include <dlfcn.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define LIBRARY "libjansson.so.4" /* the only one there has been since 2011 */

struct jansson jansson;

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

const char *jansson_load(void)
{
	if (jansson.library)
		return NULL;
	void *library = dlopen(LIBRARY, RTLD_NOW);
	bool complete = library != NULL;
#define X(name, function) \
	*(void **)&jansson.name = complete ? dlsym(library, #function) : NULL; \
	complete &= jansson.name != NULL;
	JANSSON_FUNCTIONS(X)
#undef X
	if (!complete)
		return dlerror();
	jansson.library = library;
	return NULL;
}

void jansson_free(json_t *value)
{
	if (value)
		jansson.delete(value);
}

/* Four characters for three bytes; `n` of them are there, 1 to 3. */
static void encode_group(const unsigned char *in, size_t n, char out[4])
{
	uint32_t bits = (uint32_t)in[0] << 16 | (n > 1 ? (uint32_t)in[1] << 8 : 0) | (n > 2 ? in[2] : 0);
	for (int i = 0; i < 4; i++)
		out[i] = alphabet[bits >> (18 - 6 * i) & 63];
	memset(out + n + 1, '=', 3 - n);
}

static json_t *base64_of(const char *bytes, size_t len)
{
	struct buf text = {0};
	for (size_t at = 0; at < len; at += 3) {
		encode_group((const unsigned char *)bytes + at, len - at < 3 ? len - at : 3, buf_room(&text, 4));
		buf_grew(&text, 4);
	}
	json_t *object = jansson.object();
	jansson.object_set_new(object, "base64", jansson.stringn(buf_head(&text), buf_len(&text)));
	buf_clear(&text);
	return object;
}

json_t *jansson_bytes(const char *bytes, size_t len)
{
	json_t *string = jansson.stringn(len > 0 ? bytes : "", len);
	return string ? string : base64_of(bytes, len);
}

/* How many characters it takes within a string. */
static size_t width_of(char c)
{
	if (strchr("\b\f\n\r\t\"\\", c) && c)
		return strlen("\\n");
	return (unsigned char)c < ' ' ? strlen("\\u0000") : 1;
}

json_t *jansson_short_bytes(const char *bytes, size_t len)
{
	size_t width = 0;
	for (size_t i = 0; i < len; i++)
		width += width_of(bytes[i]);
	return width / 4 > len / 3 ? base64_of(bytes, len) : jansson_bytes(bytes, len);
}

/* The bytes of four characters: 1 to 3; 0: they are none. */
static size_t decode_group(const char *in, bool is_last, unsigned char out[3])
{
	size_t padding = (in[3] == '=') + (in[2] == '=' && in[3] == '=');
	uint32_t bits = 0;
	for (size_t i = 0; i < 4 - padding; i++) {
		const char *digit = in[i] ? strchr(alphabet, in[i]) : NULL;
		if (!digit)
			return 0;
		bits |= (uint32_t)(digit - alphabet) << (18 - 6 * i);
	}
	bool unused_bits = padding > 0 && (bits & (padding == 1 ? 0xff : 0xffff));
	if (unused_bits || (padding > 0 && !is_last))
		return 0;
	for (int i = 0; i < 3; i++)
		out[i] = (unsigned char)(bits >> (16 - 8 * i));
	return 3 - padding;
}

static bool decode_base64(const char *text, size_t len, struct buf *out)
{
	if (len % 4 != 0)
		return false;
	for (size_t at = 0; at < len; at += 4) {
		size_t n = decode_group(text + at, at + 4 == len, (unsigned char *)buf_room(out, 3));
		if (n == 0)
			return false;
		buf_grew(out, n);
	}
	return true;
}

bool jansson_take_bytes(const json_t *value, struct buf *out)
{
	bool encoded = json_is_object(value) && jansson.object_size(value) == 1;
	const json_t *text = encoded ? jansson.object_get(value, "base64") : value;
	if (!json_is_string(text))
		return false;
	if (encoded)
		return decode_base64(jansson.string_value(text), jansson.string_length(text), out);
	buf_add(out, jansson.string_value(text), jansson.string_length(text));
	return true;
}

static int add_bytes(const char *bytes, size_t n, void *out)
{
	buf_add(out, bytes, n);
	return 0;
}

void jansson_print(const json_t *value, struct buf *out)
{
	jansson.dump_callback(value, add_bytes, out, JSON_COMPACT | JSON_ENCODE_ANY | JSON_REAL_PRECISION(15));
}

json_t *jansson_read(const char *text, size_t len, char *why)
{
	json_error_t error;
	json_t *value = jansson.loadb(text, len, JSON_ALLOW_NUL | JSON_REJECT_DUPLICATES, &error);
	if (!value)
		snprintf(why, JSON_ERROR_TEXT_LENGTH, "%s", error.text);
	return value;
}
