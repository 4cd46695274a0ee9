/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "pool/slots.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

#include "base/report.h"
#include "base/wait.h"
#include "base/xalloc.h"
#include "transport/peer.h"

#define REAP_MS 1000

static void on_readable(void *arg, uint32_t events);
static void on_writable(void *arg, uint32_t events);

int link_open(struct slot *slot)
{
	struct pool *p = slot->pool;
	struct peer peer;
	int r = p->config.via ? peer_command(&peer, p->config.via)
			      : peer_fork(&peer, p->config.serve, p->config.serve_arg, p->config.kept_fds);
	if (r < 0)
		return -1;
	struct link *l = xcalloc(1, sizeof *l);
	*l = (struct link){.pool = p, .slot = slot, .pid = peer.pid, .next = p->links};
	l->readable = (struct watch){.fd = peer.rfd, .ready = on_readable, .arg = l};
	l->writable = (struct watch){.fd = peer.wfd, .ready = on_writable, .arg = l};
	if (p->links)
		p->links->prev = l;
	p->links = l;
	slot->link = l;
	channel_open(&l->channel, peer.rfd, peer.wfd);
	channel_put(&l->channel, &p->config.setup);
	link_pause(l, p->choked);
	return 0;
}

/* One that was told to go exits by itself, right after its channel has ended. */
static void reap(const struct link *l)
{
	if (wait_for_child_ms(l->pid, l->slot ? 0 : REAP_MS))
		return;
	kill(l->pid, SIGKILL);
	wait_for_child(l->pid);
}

static void take_off_posted(struct link *l)
{
	struct link **at = &l->pool->posted;
	while (l->posted && *at != l)
		at = &(*at)->next_posted;
	if (l->posted)
		*at = l->next_posted;
	l->posted = false;
}

void link_close(struct link *l)
{
	struct pool *p = l->pool;
	loop_unwatch(p->loop, &l->readable);
	loop_unwatch(p->loop, &l->writable);
	channel_close(&l->channel);
	take_off_posted(l);
	reap(l);
	p->lingering -= l->lingers;
	*(l->prev ? &l->prev->next : &p->links) = l->next;
	if (l->next)
		l->next->prev = l->prev;
	free(l->host);
	free(l);
}

void link_retire(struct link *l)
{
	if (l->slot) {
		l->slot->link = NULL;
		l->lingers = l->pool->config.setup.u.setup.worker_command.n > 0;
		l->pool->lingering += l->lingers;
	}
	l->slot = NULL;
	loop_unwatch(l->pool->loop, &l->writable);
	channel_shut(&l->channel);
	link_pause(l, false); /* its end must be seen */
}

void link_pause(struct link *l, bool paused)
{
	l->paused = paused;
	if (paused)
		loop_unwatch(l->pool->loop, &l->readable);
	else if (loop_watch(l->pool->loop, &l->readable, EPOLLIN) < 0)
		pool_fail(l->pool, xasprintf("cannot watch a worker: %s", strerror(errno)));
}

void link_send(struct link *l, const struct msg *m)
{
	channel_put(&l->channel, m);
}

void link_post(struct link *l, const struct msg *m)
{
	link_send(l, m);
	if (l->posted)
		return;
	l->posted = true;
	l->next_posted = l->pool->posted;
	l->pool->posted = l;
}

/* A worker that is gone shows at its other pipe too, behind what it still had to say. */
static void write_out(struct link *l)
{
	if (channel_pending(&l->channel) == 0)
		return;
	bool gone = channel_flush(&l->channel) < 0;
	if (gone || channel_pending(&l->channel) == 0)
		loop_unwatch(l->pool->loop, &l->writable);
	else
		loop_watch(l->pool->loop, &l->writable, EPOLLOUT);
	if (gone)
		buf_reset(&l->channel.out);
}

static bool may_write(const struct pool *p)
{
	return !p->config.before_write || p->config.before_write(p->config.before_write_arg);
}

/* What it was given is not on record, so it must never see it. */
static void withhold(struct link *l)
{
	buf_reset(&l->channel.out);
	kill(l->pid, SIGKILL);
}

void link_flush(struct link *l)
{
	bool may = !l->posted || may_write(l->pool);
	take_off_posted(l);
	if (may)
		write_out(l);
	else
		withhold(l);
}

void link_flush_posted(struct pool *p)
{
	bool may = !p->posted || may_write(p);
	for (struct link *l; (l = p->posted); ) {
		take_off_posted(l);
		if (may)
			write_out(l);
		else
			withhold(l);
	}
}

static void on_writable(void *arg, uint32_t events)
{
	(void)events;
	link_flush(arg);
}

/* One that was told to go has still something to say about the end of its worker command. */
static void on_last_words(struct link *l, const struct msg *m)
{
	if (m->type == MSG_NOTE)
		pool_on_note(l->pool, NULL, m);
	else if (m->type == MSG_OUTPUT && m->u.output.seq == 0 && (m->u.output.stream == 1 || m->u.output.stream == 2))
		pool_on_last_output(l->pool, m);
}

static void on_message(struct link *l, const struct msg *m)
{
	struct slot *slot = l->slot;
	switch (m->type) {
	case MSG_READY:
		l->ready = true;
		free(l->host);
		l->host = xmemdup(m->u.ready.host.p, m->u.ready.host.n);
		pool_on_ready(slot);
		break;
	case MSG_FAILED:
		pool_on_failed(slot, m->u.failed.reason);
		break;
	case MSG_OUTPUT:
		pool_on_output(slot, m);
		break;
	case MSG_DONE:
		pool_on_done(slot, m);
		break;
	case MSG_REVOKED:
		pool_on_revoked(slot, m->u.revoked.seq);
		break;
	case MSG_NOTE:
		pool_on_note(l->pool, slot, m);
		break;
	case MSG_STARTED:
		pool_on_started(slot, m->u.started.seq);
		break;
	default:
		break;
	}
}

/* The others are for the pool to say. */
static bool is_workers_word(unsigned kind)
{
	return kind < OUTCOME_KINDS && kind != OUTCOME_TIMED_OUT;
}

/* Does the message speak of what this slot has? A worker that says anything else is not to be trusted. */
static bool is_plausible(const struct slot *slot, const struct msg *m)
{
	uint64_t current = slot->current ? slot->current->seq : 0;
	switch (m->type) {
	case MSG_OUTPUT:
		return (m->u.output.seq == 0 || m->u.output.seq == current) &&
		       (m->u.output.stream == 1 || m->u.output.stream == 2);
	case MSG_DONE:
		return current != 0 && m->u.done.seq == current && slot->link->ready && is_workers_word(m->u.done.kind);
	case MSG_REVOKED:
		return slot->called != 0 && (queue_find(&slot->ahead, m->u.revoked.seq) ||
					     (slot->doubt && current == m->u.revoked.seq));
	case MSG_READY: case MSG_FAILED:
		return !slot->link->ready;
	case MSG_STARTED: case MSG_NOTE:
		return true;
	default:
		return false;
	}
}

static void fail_greeting(struct link *l)
{
	char text[64];
	report_escape(text, sizeof text, buf_head(&l->channel.in), buf_len(&l->channel.in));
	pool_fail(l->pool, errno == EPROTONOSUPPORT
			? xasprintf("the worker speaks another version of the protocol; use the same forkpool on both sides")
			: xasprintf("a worker was expected, but this came: \"%s\"; check the command of --via", text));
}

/* 1: go on, 0: nothing more to read, -1: it cannot be trusted any longer. */
static int next_message(struct link *l)
{
	struct msg m;
	int r = channel_next(&l->channel, &m);
	if (r < 0 && !l->channel.greeted)
		fail_greeting(l);
	else if (r < 0 && l->slot)
		warn_msg("worker %d sent a malformed message; it is replaced", (int)l->pid);
	if (r <= 0)
		return r;
	if (!l->slot) {
		on_last_words(l, &m);
		return 1;
	}
	if (!is_plausible(l->slot, &m)) {
		warn_msg("worker %d sent a message that makes no sense (%s); it is replaced", (int)l->pid, msg_name(m.type));
		return -1;
	}
	on_message(l, &m);
	return 1;
}

static void on_death(struct link *l)
{
	struct slot *slot = l->slot;
	bool ready = l->ready;
	if (!slot)
		l->pool->heirs = true;
	shortage_eased(&l->pool->shortage);
	link_close(l);
	if (!slot)
		return;
	slot->link = NULL;
	slot->pool->orphans = true;
	pool_on_death(slot, ready);
}

static void on_readable(void *arg, uint32_t events)
{
	struct link *l = arg;
	(void)events;
	int r = channel_fill(&l->channel) > 0 ? 1 : -1;
	while (r > 0)
		r = next_message(l);
	if (r < 0)
		on_death(l);
}
