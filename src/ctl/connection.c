/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "ctl/connection.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>
#include <utlist.h>

#include "base/clock.h"
#include "base/fdio.h"
#include "base/xalloc.h"

#define STORE_BYTES ((size_t)4 << 20)   /* of what waits for slow clients in memory; more goes into a file */
#define WAITING_MAX ((uint64_t)256 << 10) /* for one client, before it is heard again */
#define TELLING_MAX ((uint64_t)64 << 10) /* the same, before it is told the next piece: in a turn each may get so much */
#define READ_SIZE ((size_t)64 << 10)
#define ACCEPT_MAX 64                   /* in one turn */
#define TRY_AGAIN_NS (100 * NS_PER_MS)
#define PATIENCE_NS (5 * NS_PER_SEC)    /* in the end, with one that takes nothing */

/* Its end. */

static void unlist(struct connection *c)
{
	struct connections *cs = c->all;
	DL_DELETE(cs->first, c);
	if (c->touched)
		LL_DELETE2(cs->touched, c, next_touched);
	cs->count--;
}

static void drop(struct connection *c)
{
	struct connections *cs = c->all;
	loop_unwatch(cs->config.loop, &c->watch);
	fdio_close(&c->watch.fd);
	for (struct pending *p; (p = c->pending); ) {
		pending_remove(p);
		p->cancel(p);
	}
	cs->config.on_gone(cs->config.arg, c);
	unlist(c);
	spool_clear(&c->out, &cs->store);
	buf_clear(&c->in);
	free(c);
}

/* Nothing more can come of it. */
static bool is_over(const struct connection *c)
{
	return c->heard_all && !c->pending && c->out.len + buf_len(&c->in) == 0;
}

/* Reading. */

/* Where it takes the answers no more, hear no more of what it says, but see when it goes. What is to be said in this turn
 * is said in its flush. */
static void watch_for(struct connection *c)
{
	bool unsaid = c->out.len > 0 && !c->touched;
	uint32_t events = (c->heard_all || c->full ? 0 : EPOLLIN) | (unsaid || c->behind ? EPOLLOUT : 0);
	loop_watch(c->all->config.loop, &c->watch, events);
}

static void note_room(struct connection *c)
{
	c->full = c->out.len > (c->told ? TELLING_MAX : WAITING_MAX);
}

static void refuse_long_line(struct connection *c)
{
	c->heard_all = true;
	buf_clear(&c->in);
	c->all->config.on_too_long(c->all->config.arg, c);
}

/* Is there a line? Its length, without its newline; the last one may have none. */
static bool find_line(struct connection *c, size_t *len)
{
	const char *head = buf_head(&c->in);
	size_t there = buf_len(&c->in);
	const char *end = there > c->searched ? memchr(head + c->searched, '\n', there - c->searched) : NULL;
	*len = end ? (size_t)(end - head) : there;
	c->searched = *len;
	return end || (c->heard_all && there > 0);
}

/* False: there is none. */
static bool take_line(struct connection *c)
{
	const struct connections_config *config = &c->all->config;
	size_t len;
	bool found = find_line(c, &len);
	if (len > LINE_MAX_BYTES) {
		refuse_long_line(c);
		return false;
	}
	if (!found)
		return false;
	config->on_line(config->arg, c, buf_head(&c->in), len);
	buf_drop(&c->in, len < buf_len(&c->in) ? len + 1 : len);
	c->searched = 0;
	return true;
}

static void say_more(struct connection *c)
{
	struct pending *p = c->told, *next = p->next_told;
	if (!p->say_more(p))
		c->told = next;
}

/* As long as the client takes the answers. */
static void take_lines(struct connection *c)
{
	bool more = true;
	while (more && !c->full) {
		if (c->told)
			say_more(c);
		else
			more = take_line(c);
		note_room(c);
	}
	c->behind = false;
}

/* False: it is gone. */
static bool hear(struct connection *c)
{
	ssize_t n = fdio_read(c->watch.fd, buf_room(&c->in, READ_SIZE), READ_SIZE);
	if (n < 0)
		return errno == EAGAIN;
	c->heard_all = n == 0;
	buf_grew(&c->in, (size_t)n);
	take_lines(c);
	if (buf_len(&c->in) == 0)
		buf_clear(&c->in); /* most are silent most of the time */
	return true;
}

/* Writing. */

/* False: it is gone, or what waits for it cannot be had back. */
static bool speak(struct connection *c)
{
	struct store *store = &c->all->store;
	while (c->out.len > 0) {
		const char *bytes;
		ssize_t n = spool_peek(&c->out, store, &bytes);
		if (n > 0)
			n = fdio_write(c->watch.fd, bytes, (size_t)n);
		if (n < 0)
			return errno == EAGAIN;
		spool_drop(&c->out, store, (size_t)n);
		c->took_ns = loop_now(c->all->config.loop);
	}
	return true;
}

static void touch(struct connection *c)
{
	if (c->touched)
		return;
	c->touched = true;
	LL_PREPEND2(c->all->touched, c, next_touched);
}

/* What it has said already can be heard once it takes the answers: as an event of its own, for it may change anything. */
static void go_on(struct connection *c)
{
	bool was_full = c->full;
	note_room(c);
	c->behind |= was_full && !c->full;
	watch_for(c);
}

static void catch_up(struct connection *c)
{
	if (c->behind)
		take_lines(c);
}

/* Nothing is said here: it might not be on record yet. */
static void on_ready(void *arg, uint32_t events)
{
	struct connection *c = arg;
	bool alive = !(events & EPOLLERR);
	catch_up(c);
	if (alive && (events & EPOLLIN) && !c->heard_all && !c->full)
		alive = hear(c);
	if (c->out.len > 0 && (events & EPOLLOUT))
		touch(c);
	if (!alive || ((events & EPOLLHUP) && !(events & EPOLLIN)) || (is_over(c) && !c->touched))
		drop(c);
	else
		watch_for(c);
}

void connection_say(struct connection *c, const char *line, size_t len)
{
	if (c->out.len == 0)
		c->took_ns = loop_now(c->all->config.loop);
	spool_add(&c->out, &c->all->store, line, len);
	spool_add(&c->out, &c->all->store, "\n", 1);
	touch(c);
}

void connection_tell(struct connection *c, struct pending *p, bool (*more)(struct pending *p))
{
	p->say_more = more;
	p->next_told = NULL;
	LL_APPEND2(c->told, p, next_told);
	c->behind = true;
	watch_for(c);
}

bool connections_speak(const struct connections *cs)
{
	return cs->touched != NULL;
}

/* A disk that is full is no reason to hold up anybody else: who does not read loses its connection. */
static bool is_a_burden(const struct connection *c)
{
	return store_full(&c->all->store) && c->out.len > WAITING_MAX;
}

/* Whoever goes may lead to answers for others, which are not on record yet: so all have been said before. */
bool connections_flush(struct connections *cs)
{
	struct connection *c, *over = NULL;
	while ((c = cs->touched)) {
		cs->touched = c->next_touched;
		c->touched = false;
		if (!speak(c) || is_over(c) || is_a_burden(c)) {
			c->next_over = over;
			over = c;
		} else {
			go_on(c);
		}
	}
	bool some_went = over != NULL;
	while ((c = over)) {
		over = c->next_over;
		drop(c);
	}
	return some_went;
}

void pending_add(struct connection *c, struct pending *p)
{
	p->connection = c;
	DL_PREPEND(c->pending, p);
	c->n_pending++;
	c->pending_bytes += p->bytes;
}

void pending_remove(struct pending *p)
{
	struct connection *c = p->connection;
	if (!c)
		return;
	DL_DELETE(c->pending, p);
	p->connection = NULL;
	c->n_pending--;
	c->pending_bytes -= p->bytes;
	touch(c); /* it may be over now */
}

/* Accepting. */

static void add(struct connections *cs, int fd)
{
	const struct connections_config *config = &cs->config;
	struct connection *c = xcalloc(1, sizeof *c);
	uid_t uid;
	bool known = socket_peer(fd, &uid, &c->pid);
	c->all = cs;
	c->watch = (struct watch){.fd = fd, .ready = on_ready, .arg = c};
	DL_PREPEND(cs->first, c);
	cs->count++;
	c->heard_all = true;
	if (!known || (uid != geteuid() && uid != 0))
		config->on_refused(config->arg, c, "only the user who started this pool, and root, may use it; start one of your own with forkpool --listen");
	else if (cs->count > config->max)
		config->on_refused(config->arg, c, "too many clients are connected; try again later");
	else
		c->heard_all = false;
	if (loop_watch(config->loop, &c->watch, EPOLLIN) < 0)
		drop(c);
}

static void on_try_again(void *arg)
{
	struct connections *cs = arg;
	loop_watch(cs->config.loop, &cs->accepting, EPOLLIN);
}

static void on_out_of_patience(void *arg)
{
	(void)arg; /* whoever waits looks again in each turn */
}

static void on_accept(void *arg, uint32_t events)
{
	struct connections *cs = arg;
	(void)events;
	for (int i = 0; i < ACCEPT_MAX; i++) {
		int fd = socket_accept(&cs->place);
		if (fd >= 0) {
			add(cs, fd);
			continue;
		}
		if (errno != EAGAIN && errno != ECONNABORTED) { /* no fds, no memory: they wait in the kernel */
			loop_unwatch(cs->config.loop, &cs->accepting);
			loop_set_timer(cs->config.loop, &cs->try_again, TRY_AGAIN_NS);
		}
		return;
	}
}

int connections_open(struct connections *cs, const struct connections_config *config, char **why)
{
	*cs = (struct connections){.config = *config};
	cs->accepting = (struct watch){.fd = -1, .ready = on_accept, .arg = cs};
	cs->try_again = (struct timer){.fire = on_try_again, .arg = cs};
	cs->patience = (struct timer){.fire = on_out_of_patience, .arg = cs};
	store_init(&cs->store, STORE_BYTES);
	if (socket_listen(&cs->place, config->path, why) < 0)
		return -1;
	cs->accepting.fd = cs->place.fd;
	if (loop_watch(config->loop, &cs->accepting, EPOLLIN) == 0)
		return 0;
	*why = xasprintf("cannot wait for clients: %s", strerror(errno));
	socket_close(&cs->place);
	return -1;
}

/* The end. */

/* For how long it is waited for, if it takes nothing more. */
static uint64_t patience_with(const struct connection *c, uint64_t now_ns)
{
	uint64_t waited_ns = now_ns - c->took_ns;
	return (c->out.len > 0 || c->told) && waited_ns < PATIENCE_NS ? PATIENCE_NS - waited_ns : 0;
}

bool connections_owe(struct connections *cs)
{
	uint64_t most_ns = 0, now_ns = loop_now(cs->config.loop);
	for (const struct connection *c = cs->first; c; c = c->next) {
		uint64_t ns = patience_with(c, now_ns);
		most_ns = ns > most_ns ? ns : most_ns;
	}
	if (most_ns > 0)
		loop_set_timer(cs->config.loop, &cs->patience, most_ns);
	return most_ns > 0;
}

static void listen_no_more(struct connections *cs)
{
	loop_cancel_timer(cs->config.loop, &cs->try_again);
	loop_cancel_timer(cs->config.loop, &cs->patience);
	loop_unwatch(cs->config.loop, &cs->accepting);
	socket_close(&cs->place);
}

void connections_end(struct connections *cs)
{
	listen_no_more(cs);
	for (struct connection *c = cs->first; c; c = c->next)
		speak(c);
}

void connections_close(struct connections *cs)
{
	listen_no_more(cs);
	while (cs->first)
		drop(cs->first);
	store_clear(&cs->store);
}
