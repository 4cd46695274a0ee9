/* SPDX-License-Identifier: MIT
 *
 * request: a line of a client read as a request, and its replies. doc/CONTROL.md is the specification.
 *
 * A request lives while its line is handled. One that cannot be answered at once becomes an `asked`, which keeps what the
 * reply begins with.
 */
#ifndef CTL_REQUEST_H
#define CTL_REQUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/loop.h"
#include "ctl/connection.h"
#include "proto/jansson.h"

enum member_type {
	MEMBER_NONE,    /* the end of the list */
	MEMBER_NUMBER,  /* 0 or more */
	MEMBER_NUMBER_OR_STRING,
	MEMBER_SECONDS,
	MEMBER_TRUE,
	MEMBER_STRING,  /* without NUL */
	MEMBER_BYTES,
	MEMBER_BYTES_LIST,
	MEMBER_NUMBER_LIST,
};

struct member {
	const char *name;
	enum member_type type;
	bool needed;
};

enum { MEMBERS_MAX = 4 };

struct request;

struct verb {
	const char *name;
	struct member members[MEMBERS_MAX]; /* besides verb and tag */
	void (*run)(struct request *rq);
	bool waits; /* its answer may come later */
};

struct request {
	void *arg;               /* the control's */
	struct connection *from; /* borrowed */
	json_t *root;            /* owned */
	size_t len;              /* of its line */
};

/* Read the line as one of the verbs' and run it, or say what is wrong. */
void request_run(struct connection *from, const char *line, size_t len, const struct verb *verbs, size_t n_verbs, void *arg);

/* Members, of the types that the verb says. False: it is not there. */
bool request_number(const struct request *rq, const char *name, uint64_t *out);
bool request_duration(const struct request *rq, const char *name, uint64_t *out_ns);
bool request_has(const struct request *rq, const char *name);
const char *request_string(const struct request *rq, const char *name); /* borrowed; NULL: it is not there, or a number */
bool request_bytes(const struct request *rq, const char *name, struct buf *out);
const json_t *request_list(const struct request *rq, const char *name);

/* A reply that has only its tag, if the request has one. Then members are set, and reply_say prints and frees it. */
json_t *reply_new(const struct request *rq);
json_t *reply_part(const json_t *reply); /* another with the same tag */
void reply_set(json_t *reply, const char *name, json_t *value);
void reply_say(struct connection *to, json_t *reply);

/* Output of a task as parts, which begin with the tag of `reply`. */
void reply_output(struct connection *to, const json_t *reply, unsigned stream, const char *bytes, size_t len);

/* The usual ends. reply_fail takes the reply over too. */
void reply_ok(const struct request *rq);
void reply_fail(struct connection *to, json_t *reply, const char *error, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));
void request_fail(const struct request *rq, const char *error, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* A request that waits for its answer; first in its owner's struct. */
struct asked {
	struct pending pending; /* first */
	struct loop *loop;      /* borrowed */
	json_t *reply;          /* owned; how it begins */
	struct timer timer;     /* set if the request has a timeout */
	void (*gone)(struct asked *a);
};

/* `late` is called when its time is up, with `a`; `gone` when the client is gone, and the request over. */
void asked_wait(struct asked *a, const struct request *rq, struct loop *loop, void (*late)(void *a),
		void (*gone)(struct asked *a));

/* It is over: the reply, for the caller to finish and say, and to whom; NULL: the client is gone, and nothing is to be said. */
json_t *asked_end(struct asked *a, struct connection **to);

#endif
