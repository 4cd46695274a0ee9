/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "ctl/request.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/xalloc.h"

/* Longer than a century waits for ever. */
#define SECONDS_MAX 3e9

/* Of output in one line: however it is written, that is no longer than 1 MiB. */
#define OUTPUT_PART ((size_t)128 << 10)

/* What is wrong with it. */

static bool is_number(const json_t *value)
{
	return json_is_integer(value) && jansson.integer_value(value) >= 0;
}

static bool is_string(const json_t *value)
{
	return json_is_string(value) && strlen(jansson.string_value(value)) == jansson.string_length(value);
}

static bool is_bytes(const json_t *value)
{
	struct buf bytes = {0};
	bool is = jansson_take_bytes(value, &bytes);
	buf_clear(&bytes);
	return is;
}

static bool is_list(const json_t *value, bool (*is_item)(const json_t *))
{
	if (!json_is_array(value) || jansson.array_size(value) == 0)
		return false;
	for (size_t i = 0; i < jansson.array_size(value); i++)
		if (!is_item(jansson.array_get(value, i)))
			return false;
	return true;
}

static bool has_type(const json_t *value, enum member_type type)
{
	switch (type) {
	case MEMBER_NONE:
		return false;
	case MEMBER_NUMBER:
		return is_number(value);
	case MEMBER_NUMBER_OR_STRING:
		return is_number(value) || is_string(value);
	case MEMBER_SECONDS:
		return json_is_number(value) && jansson.number_value(value) >= 0;
	case MEMBER_TRUE:
		return json_is_true(value);
	case MEMBER_STRING:
		return is_string(value);
	case MEMBER_BYTES:
		return json_is_string(value) || is_bytes(value);
	case MEMBER_BYTES_LIST:
		return is_list(value, is_bytes);
	case MEMBER_NUMBER_LIST:
		return is_list(value, is_number);
	}
	return false;
}

static const char *kind_of(enum member_type type)
{
	static const char *const kinds[] = {
		[MEMBER_NUMBER] = "a whole number, 0 or more", [MEMBER_NUMBER_OR_STRING] = "a whole number or a string",
		[MEMBER_SECONDS] = "a number of seconds", [MEMBER_TRUE] = "true",
		[MEMBER_STRING] = "a string without NUL", [MEMBER_BYTES] = "a string or {\"base64\": ...}",
		[MEMBER_BYTES_LIST] = "a list of strings or {\"base64\": ...}, not empty",
		[MEMBER_NUMBER_LIST] = "a list of whole numbers, not empty"};
	return kinds[type];
}

static const struct member *find_member(const struct verb *verb, const char *name)
{
	for (const struct member *m = verb->members; m < verb->members + MEMBERS_MAX && m->type; m++)
		if (strcmp(m->name, name) == 0)
			return m;
	return NULL;
}

/* NULL: nothing; else a message to free. */
static char *find_fault(const struct verb *verb, json_t *root)
{
	for (void *at = jansson.object_iter(root); at; at = jansson.object_iter_next(root, at)) {
		const char *name = jansson.object_iter_key(at);
		if (strcmp(name, "verb") == 0 || strcmp(name, "tag") == 0)
			continue;
		const struct member *m = find_member(verb, name);
		if (!m)
			return xasprintf("%s has no member '%s'", verb->name, name);
		if (!has_type(jansson.object_iter_value(at), m->type))
			return xasprintf("'%s' of %s must be %s", name, verb->name, kind_of(m->type));
	}
	for (const struct member *m = verb->members; m < verb->members + MEMBERS_MAX && m->type; m++)
		if (m->needed && !jansson.object_get(root, m->name))
			return xasprintf("%s needs '%s'", verb->name, m->name);
	return NULL;
}

static const struct verb *find_verb(const struct verb *verbs, size_t n_verbs, const json_t *name)
{
	const char *wanted = is_string(name) ? jansson.string_value(name) : NULL;
	for (size_t i = 0; wanted && i < n_verbs; i++)
		if (strcmp(verbs[i].name, wanted) == 0)
			return &verbs[i];
	return NULL;
}

static bool may_wait(const struct connection *c)
{
	return c->n_pending < PENDING_MAX && c->pending_bytes < PENDING_BYTES_MAX;
}

static void run(struct request *rq, const struct verb *verbs, size_t n_verbs)
{
	const json_t *name = jansson.object_get(rq->root, "verb");
	const struct verb *verb = find_verb(verbs, n_verbs, name);
	char *fault = verb ? find_fault(verb, rq->root) : NULL;
	if (!verb && is_string(name))
		request_fail(rq, "bad-request", "there is no verb '%s'", jansson.string_value(name));
	else if (!verb)
		request_fail(rq, "bad-request", "a request is an object with a 'verb'");
	else if (fault)
		request_fail(rq, "bad-request", "%s", fault);
	else if (verb->waits && !may_wait(rq->from))
		request_fail(rq, "no-room", "too many requests of this connection wait for their answers");
	else
		verb->run(rq);
	free(fault);
}

void request_run(struct connection *from, const char *line, size_t len, const struct verb *verbs, size_t n_verbs, void *arg)
{
	char why[JSON_ERROR_TEXT_LENGTH];
	struct request rq = {.arg = arg, .from = from, .root = jansson_read(line, len, why), .len = len};
	if (rq.root)
		run(&rq, verbs, n_verbs);
	else
		request_fail(&rq, "bad-request", "this is no JSON: %s", why);
	jansson_free(rq.root);
}

/* Members. */

bool request_number(const struct request *rq, const char *name, uint64_t *out)
{
	const json_t *value = jansson.object_get(rq->root, name);
	if (value)
		*out = (uint64_t)jansson.integer_value(value);
	return value != NULL;
}

bool request_duration(const struct request *rq, const char *name, uint64_t *out_ns)
{
	const json_t *value = jansson.object_get(rq->root, name);
	double seconds = value ? jansson.number_value(value) : SECONDS_MAX;
	if (seconds >= SECONDS_MAX)
		return false;
	*out_ns = (uint64_t)(seconds * (double)NS_PER_SEC);
	return true;
}

bool request_has(const struct request *rq, const char *name)
{
	return jansson.object_get(rq->root, name) != NULL;
}

const char *request_string(const struct request *rq, const char *name)
{
	return jansson.string_value(jansson.object_get(rq->root, name));
}

bool request_bytes(const struct request *rq, const char *name, struct buf *out)
{
	return jansson_take_bytes(jansson.object_get(rq->root, name), out);
}

const json_t *request_list(const struct request *rq, const char *name)
{
	return jansson.object_get(rq->root, name);
}

/* Replies. */

static json_t *begin(json_t *tag)
{
	json_t *reply = jansson.object();
	if (tag)
		jansson.object_set_new(reply, "tag", json_incref(tag));
	return reply;
}

json_t *reply_new(const struct request *rq)
{
	return begin(jansson.object_get(rq->root, "tag"));
}

json_t *reply_part(const json_t *reply)
{
	return begin(jansson.object_get(reply, "tag"));
}

void reply_set(json_t *reply, const char *name, json_t *value)
{
	jansson.object_set_new(reply, name, value);
}

void reply_say(struct connection *to, json_t *reply)
{
	struct buf text = {0};
	jansson_print(reply, &text);
	connection_say(to, buf_head(&text), buf_len(&text));
	buf_clear(&text);
	jansson_free(reply);
}

void reply_output(struct connection *to, const json_t *reply, unsigned stream, const char *bytes, size_t len)
{
	for (size_t n; len > 0; bytes += n, len -= n) {
		json_t *part = reply_part(reply);
		n = len < OUTPUT_PART ? len : OUTPUT_PART;
		reply_set(part, "output", jansson.integer(stream));
		reply_set(part, "bytes", jansson_bytes(bytes, n));
		reply_say(to, part);
	}
}

void reply_ok(const struct request *rq)
{
	json_t *reply = reply_new(rq);
	reply_set(reply, "ok", jansson.yes());
	reply_say(rq->from, reply);
}

static void fail(struct connection *to, json_t *reply, const char *error, const char *fmt, va_list ap)
{
	struct buf message = {0};
	buf_vaddf(&message, fmt, ap);
	reply_set(reply, "ok", jansson.no());
	reply_set(reply, "error", jansson.string(error));
	reply_set(reply, "message", jansson_bytes(buf_head(&message), buf_len(&message)));
	reply_say(to, reply);
	buf_clear(&message);
}

void reply_fail(struct connection *to, json_t *reply, const char *error, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	fail(to, reply, error, fmt, ap);
	va_end(ap);
}

void request_fail(const struct request *rq, const char *error, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	fail(rq->from, reply_new(rq), error, fmt, ap);
	va_end(ap);
}

/* Those that wait. */

static void on_gone(struct pending *p)
{
	struct asked *a = (struct asked *)p;
	struct connection *nobody;
	asked_end(a, &nobody);
	a->gone(a);
}

void asked_wait(struct asked *a, const struct request *rq, struct loop *loop, void (*late)(void *a),
		void (*gone)(struct asked *a))
{
	uint64_t ns;
	a->loop = loop;
	a->reply = reply_new(rq);
	a->gone = gone;
	a->pending.cancel = on_gone;
	a->pending.bytes = rq->len;
	a->timer = (struct timer){.fire = late, .arg = a};
	if (request_duration(rq, "timeout", &ns))
		loop_set_timer(loop, &a->timer, ns);
	pending_add(rq->from, &a->pending);
}

json_t *asked_end(struct asked *a, struct connection **to)
{
	json_t *reply = a->reply;
	a->reply = NULL;
	loop_cancel_timer(a->loop, &a->timer);
	*to = a->pending.connection;
	if (!*to) {
		jansson_free(reply);
		return NULL;
	}
	pending_remove(&a->pending);
	return reply;
}
