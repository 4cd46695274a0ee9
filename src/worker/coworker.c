/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "worker/coworker.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/fdio.h"
#include "proto/jansson.h"
#include "worker/relay.h"
#include "worker/workjson.h"
#include "worker/workline.h"

#define CLOSE_NS (1 * NS_PER_SEC)   /* from the end of its input, or of its output, to SIGTERM */
#define TERM_NS (200 * NS_PER_MS)   /* from there to SIGKILL */

#define RESPONSE_MAX ((size_t)32 << 20) /* JSON can be read only when it is there as a whole */

enum { CANNOT_EXECUTE = 126, NOT_FOUND = 127 }; /* the shell's exit status */

void coworker_init(struct coworker *c, struct attempt *process, struct channel *channel, struct environment *environment)
{
	*c = (struct coworker){.process = process, .channel = channel, .environment = environment, .wfd = -1};
}

const char *coworker_open(struct coworker *c, struct bytes text, bool direct, bool json)
{
	if (text.n == 0)
		return NULL;
	buf_add(&c->command, text.p, text.n);
	buf_addc(&c->command, '\0');
	c->direct = direct;
	c->json = json;
	return json ? jansson_load() : NULL;
}

bool coworker_serves(const struct coworker *c)
{
	return buf_len(&c->command) > 0;
}

uint64_t coworker_seq(const struct coworker *c)
{
	return c->state == COWORKER_FREE || c->state >= COWORKER_CLOSING ? 0 : c->seq;
}

static void forget_answer(struct coworker *c)
{
	buf_reset(&c->process->out.held);
	c->looked = 0;
}

/* What is wrong, for the user: with the item in its outcome, with what comes later in a note. */
static void explain(struct coworker *c, enum outcome_kind kind, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
static void explain(struct coworker *c, enum outcome_kind kind, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(c->outcome.reason, sizeof c->outcome.reason, fmt, ap);
	va_end(ap);
	c->outcome.kind = kind;
	if (c->json && kind == OUTCOME_LOST) /* nobody wants to see the raw text */
		forget_answer(c);
}

/* "ended with exit 3", "was killed by SIGKILL" */
static const char *end_of(const struct outcome *o, char text[80])
{
	char what[64];
	outcome_describe(o, what, sizeof what);
	snprintf(text, 80, "%s %s", o->kind == OUTCOME_EXITED ? "ended with" : "was", what);
	return text;
}

/* The process. */

static void start_process(struct coworker *c)
{
	c->spent = c->has_answered = false;
	attempt_start(c->process, &(struct attempt_spec){
		.words = buf_head(&c->command), .n_words = 1, .shell = true, .direct = c->direct, .capture = true,
		.envp = environment_for(c->environment, 0, 0, 0, NULL), .path = environment_path(c->environment),
		.input_wfd = &c->wfd});
	if (c->process->state == ATTEMPT_RUNNING)
		fdio_set_nonblocking(c->process->out.rfd);
}

/* It has broken a rule, which has been told. */
static void kill_process(struct coworker *c)
{
	c->spent = true;
	fdio_close(&c->wfd);
	attempt_signal(c->process, SIGKILL);
}

/* The outcome is told when the process is gone with everything that it has started. */
static void end_with_item(struct coworker *c)
{
	c->state = COWORKER_ENDING;
	kill_process(c);
}

/* What it has still written belongs to no task. */
static void forget_process(struct coworker *c)
{
	relay_held(c->channel, 0, &c->process->err);
	attempt_rest(c->process);
	c->looked = 0;
}

/* It will answer no more, most often because it is about to end. */
static void expect_end(struct coworker *c)
{
	fdio_close(&c->wfd);
	c->end_ns = clock_ns() + CLOSE_NS;
}

/* The answer. */

static void read_response(struct coworker *c)
{
	struct workjson_response r;
	if (workjson_take(&c->process->out.held, &r))
		c->outcome.code = r.exit_code;
	else
		explain(c, OUTCOME_LOST, "worker %" PRIu32 "'s command wrote no response in JSON: %s", c->slot, r.why);
	c->looked = buf_len(&c->process->out.held);
}

/* The item's last newline may be: an object in JSON ends before it. */
static bool is_unread(const struct coworker *c)
{
	return buf_len(&c->request) > 0 || (c->wfd >= 0 && fdio_waiting(c->wfd) > 1);
}

static void take_answer(struct coworker *c)
{
	bool early = is_unread(c);
	if (c->json && !early)
		read_response(c);
	c->outcome.pid = c->process->pid;
	c->outcome.runtime_ns = clock_ns() - c->given_ns;
	c->state = COWORKER_DONE;
	c->has_answered = true;
	c->answered_seq = c->seq;
	if (early) { /* most often it has more to say to the item before */
		explain(c, OUTCOME_LOST, "worker %" PRIu32 "'s command answered before it had read the item", c->slot);
		forget_answer(c);
	}
	if (c->outcome.kind == OUTCOME_LOST || c->process->told_to_end) /* it may obey yet */
		end_with_item(c);
}

/* More than an answer. Where a task has been told to be over, that cannot be taken back. */
static void refuse_surplus(struct coworker *c)
{
	if (c->state == COWORKER_DONE) {
		explain(c, OUTCOME_LOST, "worker %" PRIu32 "'s command wrote more than one line for it", c->slot);
		end_with_item(c);
		return;
	}
	channel_note(c->channel, NOTE_FAILURE, "worker %" PRIu32 "'s command %s task %" PRIu64, c->slot,
	     c->state == COWORKER_CLOSING ? "wrote more after its last answer, to" : "wrote more than one line for",
	     c->answered_seq);
	kill_process(c);
}

/* Look at what has come since the last look. */
static void look(struct coworker *c)
{
	struct buf *held = &c->process->out.held;
	const char *begin = buf_head(held);
	size_t len = buf_len(held);
	if (len == c->looked)
		return;
	if (c->state == COWORKER_ASKED) {
		const char *end = memchr(begin + c->looked, '\n', len - c->looked);
		c->looked = end ? (size_t)(end + 1 - begin) : len;
		if (!end)
			return;
	}
	bool is_surplus = c->looked < len;
	buf_cut(held, c->looked);
	if (c->state == COWORKER_ASKED)
		take_answer(c);
	if (is_surplus && !c->spent)
		refuse_surplus(c);
}

int coworker_read(struct coworker *c)
{
	struct capture *out = &c->process->out;
	capture_read(out);
	look(c);
	if (c->state != COWORKER_ASKED)
		return 0;
	if (out->rfd < 0)
		expect_end(c);
	if (c->json && buf_len(&out->held) > RESPONSE_MAX) {
		explain(c, OUTCOME_LOST, "worker %" PRIu32 "'s command wrote a response of more than %zu MiB", c->slot,
			RESPONSE_MAX >> 20);
		end_with_item(c);
	}
	return buf_len(&out->held) < CAPTURE_CHUNK ? 0 : coworker_send(c);
}

int coworker_send(struct coworker *c)
{
	if (c->json && c->state != COWORKER_DONE)
		return 0;
	c->looked = 0;
	return relay_held(c->channel, c->seq, &c->process->out);
}

/* The item. */

struct pollfd coworker_input(const struct coworker *c)
{
	short events = buf_len(&c->request) > 0 ? POLLOUT : 0;
	return (struct pollfd){.fd = c->state == COWORKER_ASKED ? c->wfd : -1, .events = events};
}

static void write_request(struct coworker *c)
{
	ssize_t n;
	while (buf_len(&c->request) > 0 && (n = fdio_write(c->wfd, buf_head(&c->request), buf_len(&c->request))) > 0)
		buf_drop(&c->request, (size_t)n);
	if (buf_len(&c->request) > 0 && errno != EAGAIN)
		expect_end(c);
}

/* If it has closed its input, it may answer yet to what it has read. */
void coworker_look_at_input(struct coworker *c, short revents)
{
	if (revents & POLLERR && is_unread(c))
		expect_end(c);
	else if (revents & POLLERR)
		fdio_close(&c->wfd);
	else
		write_request(c);
}

static void ask(struct coworker *c)
{
	if (c->process->state == ATTEMPT_IDLE)
		start_process(c);
	c->state = COWORKER_ASKED;
	c->given_ns = clock_ns();
	if (c->wfd >= 0)
		write_request(c);
	if (c->wfd < 0 || c->process->out.rfd < 0)
		expect_end(c);
}

void coworker_give(struct coworker *c, const struct coworker_item *item)
{
	if (c->process->state == ATTEMPT_RUNNING && c->process->out.rfd >= 0) {
		capture_read(&c->process->out); /* what is there before the item cannot be its answer */
		look(c);
	}
	c->seq = item->seq;
	c->slot = item->slot;
	c->given_ns = 0;
	c->outcome = (struct outcome){.kind = OUTCOME_EXITED};
	buf_reset(&c->request);
	const char *why = (c->json ? workjson_put : workline_put)(&c->request, item->words);
	c->state = why ? COWORKER_DONE : COWORKER_WAITING;
	if (why)
		explain(c, OUTCOME_NOT_STARTED, "%s", why);
	else if (c->process->state == ATTEMPT_IDLE || (c->process->state == ATTEMPT_RUNNING && !c->spent))
		ask(c);
	coworker_turn(c);
}

void coworker_rest(struct coworker *c)
{
	buf_reset(&c->process->err.held);
	forget_answer(c);
	c->state = COWORKER_FREE;
}

/* The end of the process, and what it means. */

/* The shell found nothing to execute, and will not for other items. */
static bool was_never_there(const struct coworker *c)
{
	const struct outcome *o = &c->process->outcome;
	return o->kind == OUTCOME_EXITED && !c->has_answered && (o->code == CANNOT_EXECUTE || o->code == NOT_FOUND);
}

static void lose_item(struct coworker *c)
{
	char end[80];
	const struct outcome *o = &c->process->outcome;
	c->outcome = *o;
	c->outcome.runtime_ns = c->given_ns ? clock_ns() - c->given_ns : 0;
	if (was_never_there(c)) {
		explain(c, OUTCOME_NOT_STARTED, "worker %" PRIu32 "'s command cannot be executed: exit %d", c->slot, o->code);
		c->outcome.code = o->code == NOT_FOUND ? ENOENT : EACCES;
	} else if (o->kind == OUTCOME_EXITED || o->kind == OUTCOME_SIGNALLED) {
		explain(c, OUTCOME_LOST, "worker %" PRIu32 "'s command %s before it answered", c->slot, end_of(o, end));
		c->outcome.code = o->kind == OUTCOME_SIGNALLED ? o->code : 0;
	}
	c->spent = true;
	c->state = COWORKER_DONE;
}

static void tell_end(struct coworker *c)
{
	char end[80];
	if (!c->spent && !c->process->told_to_end && !outcome_ok(&c->process->outcome))
		channel_note(c->channel, 0, "worker %" PRIu32 "'s command %s, after all its items", c->slot, end_of(&c->process->outcome, end));
	forget_process(c);
	c->state = COWORKER_CLOSED;
}

/* A process that has ended by itself costs an item, even if it had ended before that was given: what comes out must
 * not depend on who was faster. */
static void on_end(struct coworker *c)
{
	look(c);
	fdio_close(&c->wfd);
	c->end_ns = 0;
	if (c->state == COWORKER_WAITING && c->spent) {
		forget_process(c);
		ask(c);
	} else if (c->state == COWORKER_WAITING || c->state == COWORKER_ASKED) {
		lose_item(c);
	} else if (c->state == COWORKER_ENDING) {
		c->state = COWORKER_DONE;
	} else if (c->state == COWORKER_CLOSING) {
		tell_end(c);
	}
}

/* It does not end by itself. */
static void press(struct coworker *c)
{
	if (c->state == COWORKER_ASKED) {
		explain(c, OUTCOME_LOST, "worker %" PRIu32 "'s command closed its %s", c->slot,
			c->process->out.rfd < 0 ? "output before it answered" : "input before it had read the item");
		end_with_item(c);
		c->end_ns = 0;
	} else if (!c->spent && c->process->state == ATTEMPT_RUNNING) {
		channel_note(c->channel, 0, "worker %" PRIu32 "'s command does not end with its input; it is killed", c->slot);
		c->spent = true;
		c->end_ns = clock_ns() + TERM_NS;
		attempt_signal(c->process, SIGTERM);
	} else {
		c->end_ns = 0;
		attempt_signal(c->process, SIGKILL);
	}
}

void coworker_turn(struct coworker *c)
{
	enum coworker_state before = COWORKER_CLOSED;
	if (c->suspended_ns)
		return;
	if (c->end_ns && clock_ns() >= c->end_ns)
		press(c);
	for (; c->process->state == ATTEMPT_OVER && c->state != before; on_end(c))
		before = c->state;
}

void coworker_suspend(struct coworker *c, bool suspended)
{
	if (suspended == (c->suspended_ns > 0))
		return;
	if (!suspended && c->end_ns)
		c->end_ns += clock_ns() - c->suspended_ns;
	c->suspended_ns = suspended ? clock_ns() : 0;
}

bool coworker_close(struct coworker *c)
{
	if (c->state != COWORKER_FREE || c->process->state == ATTEMPT_IDLE)
		return false;
	c->state = COWORKER_CLOSING;
	if (c->suspended_ns) /* nobody else will tell it to go on */
		attempt_signal(c->process, SIGCONT);
	coworker_suspend(c, false);
	expect_end(c);
	coworker_turn(c);
	return true;
}

void coworker_clear(struct coworker *c)
{
	fdio_close(&c->wfd);
	buf_clear(&c->command);
	buf_clear(&c->request);
}
