/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "client/answer.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/array.h"
#include "base/fdio.h"
#include "base/report.h"
#include "proto/jansson.h"
#include "task/task.h"

#define OUT_BYTES_MAX ((size_t)256 << 10)
#define CELL_EMPTY "-"

/* The exit statuses that are ctl's own. */
enum {
	EXIT_NOT_SO = 1,
	EXIT_END = 3,
	EXIT_TIME_IS_UP = 124,
};

static void flush(struct answer *a)
{
	if (buf_len(&a->out) > 0 && fdio_write_all(a->fd, buf_head(&a->out), buf_len(&a->out)) < 0)
		die_sys(EXIT_FORKPOOL, "cannot write to standard %s", a->fd == STDOUT_FILENO ? "output" : "error");
	buf_reset(&a->out);
}

/* What goes to this stream next goes here; what goes to the other one has gone. */
static struct buf *text_for(struct answer *a, int fd)
{
	if (a->fd != fd)
		flush(a);
	a->fd = fd;
	return &a->out;
}

static json_int_t number(const json_t *object, const char *member, json_int_t otherwise)
{
	const json_t *value = jansson.object_get(object, member);
	return json_is_integer(value) ? jansson.integer_value(value) : otherwise;
}

static const char *string(const json_t *object, const char *member)
{
	const char *text = jansson.string_value(jansson.object_get(object, member));
	return text ? text : "";
}

/* The exit status that a reply gives, which has one. */
static int status_in(const json_t *object)
{
	json_int_t status = number(object, "status", EXIT_FORKPOOL);
	return status >= 0 && status <= 255 ? (int)status : EXIT_FORKPOOL;
}

/* A value as people read it: bytes without control characters, else JSON. */
static void add_value(struct buf *out, const json_t *value)
{
	struct buf bytes = {0};
	if (jansson_take_bytes(value, &bytes)) {
		size_t room = 4 * buf_len(&bytes) + 1;
		buf_grew(out, report_escape(buf_room(out, room), room, buf_head(&bytes), buf_len(&bytes)));
	} else {
		jansson_print(value, out);
	}
	buf_clear(&bytes);
}

/* Is this member part of what is told, not of how it is asked and answered? */
static bool is_told(const char *key)
{
	return strcmp(key, "ok") != 0 && strcmp(key, "tag") != 0;
}

/* A new object of what a reply tells. */
static json_t *told_by(const json_t *reply)
{
	json_t *told = jansson.object();
	for (void *at = jansson.object_iter((json_t *)reply); at; at = jansson.object_iter_next((json_t *)reply, at))
		if (is_told(jansson.object_iter_key(at)))
			jansson.object_set_new(told, jansson.object_iter_key(at), json_incref(jansson.object_iter_value(at)));
	return told;
}

static void add_json_line(struct buf *out, const json_t *value)
{
	jansson_print(value, out);
	buf_addc(out, '\n');
}

void answer_output(struct answer *a, const json_t *part)
{
	struct buf *out = text_for(a, number(part, "output", 1) == 2 ? STDERR_FILENO : STDOUT_FILENO);
	jansson_take_bytes(jansson.object_get(part, "bytes"), out);
}

void answer_kept(struct answer *a, const json_t *part)
{
	if (call_has(a->call, OPTION_JSON))
		jansson_take_bytes(jansson.object_get(part, "bytes"), &a->kept[number(part, "output", 1) == 2]);
	else
		answer_output(a, part);
}

void answer_waited(struct answer *a, const json_t *part)
{
	a->status = status_in(jansson.object_get(part, "task"));
}

int answer_done(struct answer *a, const json_t *reply)
{
	(void)a;
	(void)reply;
	return EXIT_OK;
}

static int print_number(struct answer *a, const json_t *reply, const char *member)
{
	buf_addf(text_for(a, STDOUT_FILENO), "%" JSON_INTEGER_FORMAT "\n", number(reply, member, 0));
	return EXIT_OK;
}

int answer_submit(struct answer *a, const json_t *reply)
{
	return print_number(a, reply, "task");
}

/* As the pool shows it: one word is shell text. */
static void add_command(struct buf *out, const struct call *call)
{
	struct buf words = {0};
	for (size_t i = 0; i < call->n_words; i++)
		buf_add(&words, call->words[i], strlen(call->words[i]) + 1);
	command_print(&(struct command){.bytes = buf_head(&words), .len = buf_len(&words), .n_words = call->n_words,
		.shell = call->n_words == 1}, 1, out);
	buf_clear(&words);
}

/* The reason may name a file, whose name is any bytes. An exit status speaks for itself. */
int answer_apply(struct answer *a, const json_t *reply)
{
	struct buf reason = {0};
	flush(a);
	jansson_take_bytes(jansson.object_get(reply, "reason"), &reason);
	buf_addc(&reason, '\0');
	struct buf command = {0};
	add_command(&command, a->call);
	buf_addc(&command, '\0');
	if (strcmp(string(reply, "outcome"), "exited") != 0)
		warn_msg("task %" JSON_INTEGER_FORMAT ": %s: %s", number(reply, "task", 0), buf_head(&reason), buf_head(&command));
	buf_clear(&command);
	buf_clear(&reason);
	return status_in(reply);
}

int answer_wait(struct answer *a, const json_t *reply)
{
	if (a->call->n_words == 1)
		return a->status;
	return number(reply, "failed", 1) ? EXIT_TASK_FAILED : EXIT_OK;
}

int answer_result(struct answer *a, const json_t *reply)
{
	if (!call_has(a->call, OPTION_JSON)) {
		flush(a);
		if (json_is_true(jansson.object_get(reply, "truncated")))
			warn_msg("task %s: of its output only the first MiB was kept; --results DIR of a pool keeps all",
				 a->call->words[0]);
		return EXIT_OK;
	}
	json_t *told = told_by(reply);
	jansson.object_set_new(told, "stdout", jansson_bytes(buf_head(&a->kept[0]), buf_len(&a->kept[0])));
	jansson.object_set_new(told, "stderr", jansson_bytes(buf_head(&a->kept[1]), buf_len(&a->kept[1])));
	add_json_line(text_for(a, STDOUT_FILENO), told);
	jansson_free(told);
	return EXIT_OK;
}

static void add_pool(struct buf *out, const json_t *reply)
{
	for (void *at = jansson.object_iter((json_t *)reply); at; at = jansson.object_iter_next((json_t *)reply, at)) {
		if (!is_told(jansson.object_iter_key(at)))
			continue;
		buf_addf(out, "%s: ", jansson.object_iter_key(at));
		add_value(out, jansson.object_iter_value(at));
		buf_addc(out, '\n');
	}
}

int answer_status(struct answer *a, const json_t *reply)
{
	struct buf *out = text_for(a, STDOUT_FILENO);
	const json_t *task = jansson.object_get(reply, "task");
	json_t *told = told_by(reply);
	if (call_has(a->call, OPTION_JSON))
		add_json_line(out, task ? task : told);
	else if (task)
		buf_addf(out, "%s\n", string(task, "state"));
	else
		add_pool(out, told);
	jansson_free(told);
	return EXIT_OK;
}

/* Columns of a table: the members of what is listed, with a TAB between them. */
struct listing {
	const char *member; /* of a part: what is listed */
	const char *heading;
	const char *columns[8]; /* NULL behind them */
};

static const struct listing tasks = {"task", "TASK\tPID\tSTATUS\tSECONDS\tSTATE\tNAME\tCOMMAND\n",
	{"task", "pid", "status", "runtime", "state", "name", "command"}};
static const struct listing queues = {"queue", "QUEUE\tMESSAGES\tMAXSIZE\tSTATE\n", {"queue", "qsize", "maxsize", "state"}};

static void add_heading(struct answer *a, const struct listing *l)
{
	if (!a->headed && !call_has(a->call, OPTION_JSON))
		buf_adds(text_for(a, STDOUT_FILENO), l->heading);
	a->headed = true;
}

static void add_cell(struct buf *out, const json_t *value)
{
	size_t start = buf_len(out);
	if (json_is_real(value))
		buf_addf(out, "%.3f", jansson.number_value(value));
	else if (value)
		add_value(out, value);
	if (buf_len(out) == start)
		buf_adds(out, CELL_EMPTY);
}

static void add_row(struct answer *a, const struct listing *l, const json_t *part)
{
	add_heading(a, l);
	struct buf *out = text_for(a, STDOUT_FILENO);
	const json_t *row = jansson.object_get(part, l->member);
	if (call_has(a->call, OPTION_JSON)) {
		add_json_line(out, row);
		return;
	}
	for (const char *const *column = l->columns; *column; column++) {
		add_cell(out, jansson.object_get(row, *column));
		buf_addc(out, column[1] ? '\t' : '\n');
	}
}

void answer_listed(struct answer *a, const json_t *part)
{
	add_row(a, &tasks, part);
}

int answer_list(struct answer *a, const json_t *reply)
{
	(void)reply;
	add_heading(a, &tasks);
	return EXIT_OK;
}

void answer_listed_queue(struct answer *a, const json_t *part)
{
	add_row(a, &queues, part);
}

int answer_list_queues(struct answer *a, const json_t *reply)
{
	(void)reply;
	add_heading(a, &queues);
	return EXIT_OK;
}

int answer_jobs(struct answer *a, const json_t *reply)
{
	return a->call->n_words > 0 ? EXIT_OK : print_number(a, reply, "jobs");
}

/* It is ours from now on: until the pool knows that, the message is given to somebody else when we end. If the pool ends now,
 * whether it knew is not to be learnt; the message is written in any case, and at the worst it comes again. */
static void acknowledge(struct answer *a, json_int_t delivery)
{
	struct buf line = {0};
	a->session->end_is_fine = true;
	buf_addf(&line, "{\"verb\":\"ack\",\"delivery\":%" JSON_INTEGER_FORMAT "}\n", delivery);
	session_send(a->session, buf_head(&line), buf_len(&line));
	buf_clear(&line);
	json_t *reply = session_next(a->session);
	if (!json_is_true(jansson.object_get(reply, "ok")))
		die_msg(EXIT_FORKPOOL, "the message may come again: %s", string(reply, "message"));
	jansson_free(reply);
}

int answer_message(struct answer *a, const json_t *reply)
{
	struct buf *out = text_for(a, STDOUT_FILENO);
	jansson_take_bytes(jansson.object_get(reply, "message"), out);
	size_t len = buf_len(out);
	bool ends = len > 0 && buf_head(out)[len - 1] == '\n';
	if (!ends && (call_has(a->call, OPTION_LINE) || isatty(STDOUT_FILENO)))
		buf_addc(out, '\n');
	flush(a);
	acknowledge(a, number(reply, "delivery", 0));
	return EXIT_OK;
}

int answer_qsize(struct answer *a, const json_t *reply)
{
	return print_number(a, reply, "qsize");
}

int answer_empty(struct answer *a, const json_t *reply)
{
	(void)a;
	return json_is_true(jansson.object_get(reply, "empty")) ? EXIT_OK : EXIT_NOT_SO;
}

int answer_full(struct answer *a, const json_t *reply)
{
	(void)a;
	return json_is_true(jansson.object_get(reply, "full")) ? EXIT_OK : EXIT_NOT_SO;
}

/* What is no mistake is not spoken of: the answer that an option asked about. */
static const struct error_row {
	const char *error;
	int status;
	bool is_expected;
} errors[] = {
	{"no-task", EXIT_NOT_SO, false},
	{"not-finished", EXIT_NOT_SO, false},
	{"finished", EXIT_NOT_SO, false},
	{"closed", EXIT_NOT_SO, false},
	{"no-room", EXIT_NOT_SO, false},
	{"no-queue", EXIT_NOT_SO, false},
	{"exists", EXIT_NOT_SO, false},
	{"full", EXIT_NOT_SO, true},
	{"empty", EXIT_NOT_SO, true},
	{"end", EXIT_END, false},
	{"timeout", EXIT_TIME_IS_UP, true},
	{"bad-request", EXIT_USAGE, false},
	{"too-long", EXIT_USAGE, false},
};

static struct error_row find_error(const char *error)
{
	for (size_t i = 0; i < ARRAY_LEN(errors); i++)
		if (strcmp(error, errors[i].error) == 0)
			return errors[i];
	return (struct error_row){error, EXIT_FORKPOOL, false};
}

int answer_error(const struct call *call, const json_t *reply)
{
	struct error_row row = find_error(string(reply, "error"));
	const char *message = string(reply, "message");
	bool ends_a_loop = row.status == EXIT_END && call->verb->end == answer_message;
	if (!row.is_expected && !ends_a_loop)
		warn_msg("%s", *message ? message : row.error);
	return row.status;
}

int answer_take(struct answer *a)
{
	const struct verb *verb = a->call->verb;
	for (;;) {
		json_t *reply = session_next(a->session);
		const json_t *ok = jansson.object_get(reply, "ok");
		bool is_last = ok != NULL;
		int status = EXIT_OK;
		if (is_last)
			status = json_is_true(ok) ? verb->end(a, reply) : answer_error(a->call, reply);
		else if (verb->part)
			verb->part(a, reply);
		jansson_free(reply);
		if (is_last || buf_len(&a->out) > OUT_BYTES_MAX || !session_pending(a->session))
			flush(a);
		if (is_last)
			return status;
	}
}

void answer_clear(struct answer *a)
{
	buf_clear(&a->out);
	buf_clear(&a->kept[0]);
	buf_clear(&a->kept[1]);
}
