/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "observe/output.h"

#include <string.h>

#include "base/report.h"

/* So many results may wait for their turn. */
#define HELD_MAX 100000

/* Output that may go but does not, since the reader is slow: beyond this, what streams is held back in the
 * tasks, and with ten times as much in finished ones nothing new is started. */
#define BACKLOG_MAX ((uint64_t)2 << 20)

/* So much goes out in one turn, for signals and timers must be looked at meanwhile: a file takes any amount at once. */
#define TURN_MAX ((uint64_t)4 << 20)

/* Lines are put together with their tags up to here before they are written. */
#define TAGGED_MAX ((size_t)64 << 10)

/* In the order: a task that is over and has written nothing. */
static char nothing;

/* Events. */

/* May what it wrote there still turn out to be of no interest? */
static bool is_provisional(const struct output *o, const struct record *r, int s)
{
	if (!r->task || r->done)
		return false;
	return o->config.failures_only || (s == 0 && r->task->attempt <= o->config.retries);
}

/* How much of a stream may go out now. */
static uint64_t allowance(const struct output *o, const struct record *r, int s)
{
	if (is_provisional(o, r, s))
		return 0;
	if (r->done || r->live)
		return r->data[s].len;
	return r->lines[s];
}

static void promote_front(struct output *o)
{
	for (void *front; (front = order_front(&o->order)); order_advance(&o->order)) {
		if (front == &nothing)
			continue;
		struct record *r = front;
		r->live = true;
		record_enqueue(&o->records, r);
		return;
	}
}

static struct record *record_of(struct output *o, struct task *t)
{
	if (t->output)
		return t->output;
	struct record *r = record_new(&o->records, t);
	if (o->config.keep_order)
		order_set(&o->order, t->place, r);
	return r;
}

/* What an initializer says belongs to no task. */
static void add_piece(struct output *o, const struct pool_event *e)
{
	struct spool data[2] = {0};
	spool_add(&data[e->stream == 2], o->records.store, e->bytes, e->len);
	output_add(o, &data[0], &data[1]);
}

static void on_output(struct output *o, const struct pool_event *e)
{
	struct record *r = record_of(o, e->task);
	int s = e->stream == 2;
	record_add(&o->records, r, s, e->bytes, e->len);
	if (o->config.keep_order)
		promote_front(o);
	else if (o->config.by_line && record_count_lines(r, s, e->bytes, e->len))
		record_enqueue(&o->records, r);
}

static bool is_success(const struct pool_event *e)
{
	return e->kind == POOL_FINISHED && outcome_ok(e->outcome) && !e->outcome->stopped;
}

static void on_over(struct output *o, const struct pool_event *e)
{
	const struct task *t = e->task;
	struct record *r = t->output;
	o->observer.full |= o->config.sync; /* until output_turn has seen that it went out */
	for (int s = 0; r && s < 2 && o->config.failures_only && is_success(e); s++)
		record_discard(&o->records, r, s);
	if (r)
		record_finish(&o->records, r);
	if (o->config.keep_order) {
		if (!r)
			order_set(&o->order, t->place, &nothing);
		promote_front(o);
	} else if (r) {
		record_enqueue(&o->records, r);
	}
}

static void on_event(struct observer *observer, const struct pool_event *e)
{
	struct output *o = (struct output *)observer;
	switch (e->kind) {
	case POOL_OUTPUT:
		if (!e->task)
			add_piece(o, e);
		else if (!e->task->caller && !e->task->shown)
			on_output(o, e);
		break;
	case POOL_FAILED:
		/* the next attempt starts anew; what this one said on stderr stays */
		if (e->task->output)
			record_discard(&o->records, e->task->output, 0);
		break;
	case POOL_FINISHED:
	case POOL_DROPPED:
		on_over(o, e);
		break;
	default:
		break;
	}
}

/* From records to sinks. */

static void put_tag(struct sink *sink, const struct task *t)
{
	sink_put_whole(sink, t->tag, t->tag_len);
	sink_put_whole(sink, "\t", 1);
}

/* Line by line, each with the tag before it; the number of bytes taken. */
static size_t put_tagged(struct sink *sink, const struct record *r, int s, const char *bytes, size_t n)
{
	bool mid_line = r->mid_line[s];
	size_t done = 0;
	if (buf_len(&sink->gathered) >= TAGGED_MAX)
		sink_flush(sink);
	while (done < n && !sink->stuck && buf_len(&sink->gathered) < TAGGED_MAX) {
		const char *newline = memchr(bytes + done, '\n', n - done);
		size_t len = newline ? (size_t)(newline - bytes) + 1 - done : n - done;
		if (!mid_line)
			put_tag(sink, r->task);
		sink_put_whole(sink, bytes + done, len);
		mid_line = !newline;
		done += len;
	}
	return done;
}

static size_t put(struct output *o, const struct record *r, int s, const char *bytes, size_t n)
{
	struct sink *sink = &o->sinks[s];
	o->used[s] = true;
	/* where both streams go to one place, what was put first must be there first */
	if (buf_len(&o->sinks[!s].gathered) > 0 && !sink_flush(&o->sinks[!s]))
		return 0;
	return r->task && o->config.tag ? put_tagged(sink, r, s, bytes, n) : sink_put(sink, bytes, n);
}

/* Standard output at whose bytes nobody looks, from file to file; the number of bytes taken. */
static size_t send_stored(struct output *o, struct record *r, int s, uint64_t most)
{
	if (s != 0 || o->config.by_line || o->config.tag || !spool_in_file(&r->data[s]) || !sink_flush(&o->sinks[!s]))
		return 0;
	int fd = sink_file(&o->sinks[s]);
	size_t taken = fd < 0 ? 0 : record_send(&o->records, r, s, fd, most);
	o->used[s] |= taken > 0;
	o->moved += taken;
	return taken;
}

/* False: the reader takes no more now, or it was enough for one turn. */
static bool move(struct output *o, struct record *r, int s)
{
	for (uint64_t left; (left = allowance(o, r, s)) > 0; ) {
		const char *bytes;
		o->has_more = o->moved >= TURN_MAX;
		if (o->has_more)
			return false;
		if (send_stored(o, r, s, left) > 0)
			continue;
		ssize_t n = record_peek(&o->records, r, s, &bytes);
		if (n < 0) {
			o->broken = "cannot read back stored output";
			return false;
		}
		size_t most = (uint64_t)n < left ? (size_t)n : (size_t)left;
		size_t taken = put(o, r, s, bytes, most);
		if (taken == 0)
			return false;
		r->mid_line[s] = bytes[taken - 1] != '\n';
		o->moved += taken;
		record_drop(&o->records, r, s, taken);
	}
	return true;
}

/* A line that the task did not end, where lines matter. */
static void end_lines(struct output *o, const struct record *r)
{
	if (!o->config.by_line && !(o->config.tag && r->task))
		return;
	for (int s = 0; s < 2; s++)
		if (r->mid_line[s])
			sink_put_whole(&o->sinks[s], "\n", 1);
}

static void put_messages(struct output *o)
{
	struct sink *err = &o->sinks[1];
	if (buf_len(&o->messages) == 0)
		return;
	if (err->mid_line)
		sink_put_whole(err, "\n", 1);
	sink_flush(&o->sinks[0]);
	sink_put_whole(err, buf_head(&o->messages), buf_len(&o->messages));
	buf_reset(&o->messages);
}

static void finish_head(struct output *o)
{
	struct record *r = o->records.head;
	end_lines(o, r);
	if (r->task)
		task_tell_shown(r->task);
	record_dequeue(&o->records);
	if (o->config.keep_order && r->task) {
		order_advance(&o->order);
		promote_front(o);
	}
	record_free(&o->records, r);
}

static void pump(struct output *o)
{
	while (o->records.head) {
		struct record *r = o->records.head;
		if (!move(o, r, 0) || !move(o, r, 1))
			return;
		if (r->done)
			finish_head(o);
		else if (!r->live)
			record_dequeue(&o->records);
		else
			return;
	}
}

static void on_sink_ready(void *arg, uint32_t events)
{
	(void)events;
	struct output *o = arg;
	for (int s = 0; s < 2; s++)
		if (o->sinks[s].stuck)
			sink_try_again(&o->sinks[s]);
}

/* What the pool must know. */

static bool is_stuck(const struct output *o)
{
	return o->sinks[0].stuck || o->sinks[1].stuck;
}

/* Bytes that stream: they go out as they come, if the reader takes them. */
static uint64_t streaming_backlog(const struct output *o)
{
	uint64_t n = 0;
	for (const struct record *r = o->records.head; r && !r->done && n <= BACKLOG_MAX; r = r->next)
		n += allowance(o, r, 0) + allowance(o, r, 1);
	return n;
}

/* Without room, one task's output must go straight on: that of the one in front, where order counts; else
 * the head's if it still comes, else the oldest's. */
static void choose_live(struct output *o)
{
	if (o->config.keep_order)
		o->observer.only_place = o->order.front;
	struct record *head = o->records.head;
	struct record *r = (head && head->live && !head->done) || o->config.keep_order ? head : o->records.oldest;
	if (!r)
		return;
	if (is_provisional(o, r, 0))
		o->broken = "no room in TMPDIR for output that --retries or --quiet-success keeps until the task has ended";
	if (o->config.stored_twice)
		o->broken = "no room in TMPDIR for output that a callback is to read";
	if (o->config.keep_order)
		return;
	o->observer.only_place = r->task->place;
	r->live = true;
	record_enqueue(&o->records, r);
}

static void tell_pool(struct output *o)
{
	bool no_room = store_full(o->records.store);
	bool stuck = is_stuck(o) || o->has_more;
	o->observer.only_place = 0;
	o->observer.choked = no_room || (stuck && streaming_backlog(o) > BACKLOG_MAX);
	if (no_room && !stuck)
		choose_live(o);
	if (o->observer.only_place == 0 && !stuck)
		o->observer.choked = false;
	uint64_t said = buf_len(&o->messages) + buf_len(&o->sinks[1].gathered);
	o->observer.full = o->observer.choked || said > BACKLOG_MAX || o->order.held > HELD_MAX ||
			   o->records.done_bytes > 10 * BACKLOG_MAX || (o->config.sync && !output_empty(o));
}

void output_turn(struct output *o)
{
	o->moved = 0;
	o->has_more = false;
	pump(o);
	/* a slow reader of stdout must not keep what we have to say; a task's line is not broken for it */
	if (!o->sinks[1].stuck && !(o->records.head && o->records.head->mid_line[1]))
		put_messages(o);
	sink_flush(&o->sinks[0]);
	sink_flush(&o->sinks[1]);
	tell_pool(o);
}

bool output_empty(const struct output *o)
{
	return !o->records.head &&
		buf_len(&o->sinks[0].gathered) + buf_len(&o->sinks[1].gathered) + buf_len(&o->messages) == 0;
}

static void take_message(void *arg, const char *line, size_t len)
{
	struct output *o = arg;
	buf_add(&o->messages, line, len);
}

void output_add(struct output *o, struct spool *out, struct spool *err)
{
	if (out->len + err->len > 0) {
		struct record *r = record_new(&o->records, NULL);
		r->done = true;
		r->data[0] = *out;
		r->data[1] = *err;
		record_enqueue(&o->records, r);
	}
	*out = *err = (struct spool){0};
}

void output_add_text(struct output *o, const char *text, size_t len)
{
	struct spool out = {0}, err = {0};
	spool_add(&out, o->records.store, text, len);
	output_add(o, &out, &err);
}

void output_get_mark(const struct output *o, struct output_mark *mark)
{
	for (int s = 0; s < 2; s++)
		mark->accepted[s] = o->sinks[s].accepted;
}

/* A sink that fails has nothing more written; it does not count if no task had anything for it. */
bool output_has_written(const struct output *o, const struct output_mark *mark)
{
	for (int s = 0; s < 2; s++)
		if (o->sinks[s].written < mark->accepted[s] && (o->used[s] || !o->sinks[s].error))
			return false;
	return true;
}

void output_open(struct output *o, const struct output_config *config, struct store *store, struct loop *loop)
{
	*o = (struct output){.observer.on_event = on_event, .config = *config, .records.store = store};
	order_init(&o->order);
	sink_open(&o->sinks[0], 1, loop, on_sink_ready, o);
	sink_open(&o->sinks[1], 2, loop, on_sink_ready, o);
	report_divert(take_message, o);
}

void output_close(struct output *o)
{
	report_divert(NULL, NULL);
	put_messages(o);
	sink_flush(&o->sinks[1]);
	records_clear(&o->records);
	sink_close(&o->sinks[0]);
	sink_close(&o->sinks[1]);
	order_clear(&o->order);
	buf_clear(&o->messages);
}
