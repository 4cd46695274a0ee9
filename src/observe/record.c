/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "observe/record.h"

#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"

struct record *record_new(struct records *rs, struct task *t)
{
	struct record *r = xcalloc(1, sizeof *r);
	r->task = t;
	if (!t)
		return r;
	task_hold(t);
	t->output = r;
	r->older = rs->newest;
	*(rs->newest ? &rs->newest->newer : &rs->oldest) = r;
	rs->newest = r;
	return r;
}

static uint64_t bytes_of(const struct record *r)
{
	return r->data[0].len + r->data[1].len;
}

void record_finish(struct records *rs, struct record *r)
{
	*(r->older ? &r->older->newer : &rs->oldest) = r->newer;
	*(r->newer ? &r->newer->older : &rs->newest) = r->older;
	r->done = true;
	if (r->queued)
		rs->done_bytes += bytes_of(r);
}

void record_free(struct records *rs, struct record *r)
{
	spool_clear(&r->data[0], rs->store);
	spool_clear(&r->data[1], rs->store);
	if (r->task) {
		r->task->output = NULL;
		task_drop(r->task);
	}
	free(r);
}

void record_enqueue(struct records *rs, struct record *r)
{
	if (r->queued)
		return;
	r->queued = true;
	r->next = NULL;
	if (r->done)
		rs->done_bytes += bytes_of(r);
	*(rs->tail ? &rs->tail->next : &rs->head) = r;
	rs->tail = r;
}

void record_dequeue(struct records *rs)
{
	struct record *r = rs->head;
	rs->head = r->next;
	if (!rs->head)
		rs->tail = NULL;
	r->queued = false;
}

void record_add(struct records *rs, struct record *r, int s, const char *bytes, size_t len)
{
	spool_add(&r->data[s], rs->store, bytes, len);
}

bool record_count_lines(struct record *r, int s, const char *bytes, size_t len)
{
	const char *last = memrchr(bytes, '\n', len);
	if (last)
		r->lines[s] = r->data[s].len - (uint64_t)(bytes + len - 1 - last);
	return last != NULL;
}

void record_discard(struct records *rs, struct record *r, int s)
{
	spool_clear(&r->data[s], rs->store);
	r->lines[s] = 0;
}

ssize_t record_peek(struct records *rs, struct record *r, int s, const char **bytes)
{
	return spool_peek(&r->data[s], rs->store, bytes);
}

static void note_gone(struct records *rs, struct record *r, int s, size_t n)
{
	r->lines[s] -= n < r->lines[s] ? n : r->lines[s];
	rs->done_bytes -= r->done ? n : 0;
}

void record_drop(struct records *rs, struct record *r, int s, size_t n)
{
	spool_drop(&r->data[s], rs->store, n);
	note_gone(rs, r, s, n);
}

size_t record_send(struct records *rs, struct record *r, int s, int fd, uint64_t most)
{
	size_t n = spool_send(&r->data[s], rs->store, fd, most);
	note_gone(rs, r, s, n);
	return n;
}

void records_clear(struct records *rs)
{
	for (struct record *r; (r = rs->head); record_free(rs, r)) {
		record_dequeue(rs);
		if (!r->done)
			record_finish(rs, r);
	}
}
