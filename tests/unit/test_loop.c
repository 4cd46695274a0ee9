/* SPDX-License-Identifier: MIT */
#include <config.h>

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fdio.h"
#include "base/loop.h"
#include "base/xalloc.h"
#include "process_help.h"

Suite *loop_suite(void);

static struct loop loop;
static int fds_before;
static char happened[64]; /* one letter each, in order */

static void note(void *letter)
{
	size_t n = strlen(happened);
	ck_assert_uint_lt(n, sizeof happened - 1);
	happened[n] = *(const char *)letter;
}

static void set_up(void)
{
	memset(happened, 0, sizeof happened);
	fds_before = open_fds();
	ck_assert_int_eq(loop_open(&loop), 0);
}

static void tear_down(void)
{
	loop_close(&loop);
	ck_assert_int_eq(open_fds(), fds_before);
}

#define LETTER(c) ((char[]){c})

static struct timer timer_of(char *letter)
{
	return (struct timer){.fire = note, .arg = letter};
}

static void turn_until_fired(void)
{
	while (loop.timers.count > 0)
		ck_assert_int_eq(loop_turn(&loop, true), 0);
}

START_TEST(timers_fire_in_order)
{
	struct timer a = timer_of(LETTER('a')), b = timer_of(LETTER('b')), c = timer_of(LETTER('c'));
	loop_stop_clock(&loop); /* so that all are set at the same time */
	loop_set_timer(&loop, &c, 3 * NS_PER_MS);
	loop_set_timer(&loop, &a, 1 * NS_PER_MS);
	loop_set_timer(&loop, &b, 2 * NS_PER_MS);
	ck_assert_uint_eq(c.due.key, loop_now(&loop) + 3 * NS_PER_MS);
	loop_start_clock(&loop);
	turn_until_fired();
	ck_assert_uint_ge(loop_now(&loop), c.due.key);
	ck_assert_str_eq(happened, "abc");
	ck_assert_uint_eq(a.due.place + b.due.place + c.due.place, 0);
}
END_TEST

START_TEST(timers_moved_and_cancelled)
{
	struct timer a = timer_of(LETTER('a')), b = timer_of(LETTER('b')), c = timer_of(LETTER('c'));
	loop_stop_clock(&loop);
	loop_cancel_timer(&loop, &a);
	loop_set_timer(&loop, &a, 1 * NS_PER_MS);
	loop_set_timer(&loop, &b, 3600 * NS_PER_SEC);
	loop_set_timer(&loop, &c, 2 * NS_PER_MS);
	loop_set_timer(&loop, &a, 3 * NS_PER_MS); /* later */
	loop_set_timer(&loop, &b, 0);             /* sooner */
	loop_cancel_timer(&loop, &c);
	loop_cancel_timer(&loop, &c);
	loop_start_clock(&loop);
	turn_until_fired();
	ck_assert_str_eq(happened, "ba");
}
END_TEST

START_TEST(timer_that_never_fires)
{
	struct timer a = timer_of(LETTER('a')), b = timer_of(LETTER('b'));
	loop_set_timer(&loop, &a, UINT64_MAX);
	ck_assert_uint_eq(a.due.key, UINT64_MAX);
	loop_set_timer(&loop, &b, 0);
	ck_assert_int_eq(loop_turn(&loop, true), 0);
	ck_assert_str_eq(happened, "b");
	loop_cancel_timer(&loop, &a);
}
END_TEST

/* A heap of many: set, moved and cancelled at random, each fires once and in the order of its time. */
START_TEST(many_timers)
{
	enum { N = 1000 };
	static struct timer timers[N];
	uint64_t last = 0;
	size_t n = 0;
	srandom((unsigned)_i);
	for (int i = 0; i < N; i++)
		timers[i] = timer_of(LETTER('x'));
	for (int round = 0; round < 10 * N; round++) {
		struct timer *t = &timers[random() % N];
		if (random() % 4)
			loop_set_timer(&loop, t, (uint64_t)(random() % 1000) * NS_PER_SEC);
		else
			loop_cancel_timer(&loop, t);
	}
	for (int i = 0; i < N; i++)
		n += timers[i].due.place != 0;
	ck_assert_uint_eq(loop.timers.count, n);
	while (loop.timers.count > 0) {
		struct timer *t = HEAP_OF(heap_first(&loop.timers), struct timer, due);
		ck_assert_uint_ge(t->due.key, last);
		last = t->due.key;
		loop_cancel_timer(&loop, t);
		ck_assert(!loop_timer_is_set(t));
	}
}
END_TEST

static struct timer other;

static void cancel_other(void *arg)
{
	note(arg);
	loop_cancel_timer(&loop, &other);
}

START_TEST(timer_cancelled_by_one_of_the_same_turn)
{
	struct timer a = {.fire = cancel_other, .arg = LETTER('a')};
	other = timer_of(LETTER('b'));
	loop_set_timer(&loop, &a, 0);
	loop_set_timer(&loop, &other, 1);
	while (loop_now(&loop) <= other.due.key)
		;
	turn_until_fired();
	ck_assert_str_eq(happened, "a");
}
END_TEST

static void set_other(void *arg)
{
	note(arg);
	loop_set_timer(&loop, &other, 0);
}

START_TEST(timer_set_by_a_timer)
{
	struct timer a = {.fire = set_other, .arg = LETTER('a')};
	other = timer_of(LETTER('b'));
	loop_set_timer(&loop, &a, 0);
	turn_until_fired();
	ck_assert_str_eq(happened, "ab");
}
END_TEST

/* Fds. A watch is read by its callback, and notes its letter. */

struct source {
	struct watch watch;
	int wfd;
	char letter;
	uint32_t events;
	struct source *unwatches; /* taken off the loop and freed when this one is ready */
};

static void close_source(struct source *s)
{
	loop_unwatch(&loop, &s->watch);
	fdio_close(&s->watch.fd);
	fdio_close(&s->wfd);
	free(s);
}

static void on_ready(void *arg, uint32_t events)
{
	struct source *s = arg;
	note(&s->letter);
	s->events = events;
	if (s->unwatches)
		close_source(s->unwatches);
}

static struct source *open_source(char letter)
{
	struct source *s = xcalloc(1, sizeof *s);
	*s = (struct source){.watch = {.ready = on_ready, .arg = s}, .letter = letter};
	ck_assert_int_eq(fdio_pipe(&s->watch.fd, &s->wfd), 0);
	ck_assert_int_eq(loop_watch(&loop, &s->watch, EPOLLIN), 0);
	return s;
}

static void poke(const struct source *s)
{
	ck_assert_int_eq(write(s->wfd, "x", 1), 1);
}

START_TEST(readable_until_it_is_unwatched)
{
	struct source *a = open_source('a');
	ck_assert_int_eq(loop_turn(&loop, false), 0);
	ck_assert_str_eq(happened, "");
	poke(a);
	ck_assert_int_eq(loop_turn(&loop, true), 0);
	ck_assert_uint_eq(a->events, EPOLLIN);
	ck_assert_int_eq(loop_turn(&loop, false), 0);
	ck_assert_str_eq(happened, "aa");
	loop_unwatch(&loop, &a->watch);
	loop_unwatch(&loop, &a->watch);
	ck_assert_int_eq(loop_turn(&loop, false), 0);
	ck_assert_str_eq(happened, "aa");
	ck_assert_int_eq(loop_watch(&loop, &a->watch, EPOLLIN), 0);
	fdio_close(&a->wfd);
	ck_assert_int_eq(loop_turn(&loop, true), 0);
	ck_assert_uint_eq(a->events, EPOLLIN | EPOLLHUP);
	close_source(a);
}
END_TEST

START_TEST(watched_for_something_else)
{
	struct source *a = open_source('a');
	struct watch w = {.fd = a->wfd, .ready = on_ready, .arg = a};
	ck_assert_int_eq(loop_watch(&loop, &w, EPOLLIN), 0);
	ck_assert_int_eq(loop_turn(&loop, false), 0);
	ck_assert_str_eq(happened, "");
	ck_assert_int_eq(loop_watch(&loop, &w, EPOLLOUT), 0);
	ck_assert_int_eq(loop_turn(&loop, true), 0);
	ck_assert_str_eq(happened, "a");
	ck_assert_uint_eq(a->events, EPOLLOUT);
	loop_unwatch(&loop, &w);
	close_source(a);
}
END_TEST

/* Both are ready; the first to be called closes and frees the other, which must not be called then. */
START_TEST(unwatched_within_the_turn)
{
	struct source *a = open_source('a'), *b = open_source('b');
	a->unwatches = b;
	b->unwatches = a;
	poke(a);
	poke(b);
	ck_assert_int_eq(loop_turn(&loop, true), 0);
	ck_assert_uint_eq(strlen(happened), 1);
	struct source *left = happened[0] == 'a' ? a : b;
	left->unwatches = NULL;
	close_source(left);
}
END_TEST

START_TEST(itself_unwatched_within_the_turn)
{
	struct source *a = open_source('a');
	a->unwatches = a;
	poke(a);
	ck_assert_int_eq(loop_turn(&loop, true), 0);
	ck_assert_int_eq(loop_turn(&loop, false), 0);
	ck_assert_str_eq(happened, "a");
}
END_TEST

/* The fd is closed, its number is another's, and a copy still keeps the old file alive. */
START_TEST(number_used_again)
{
	struct source *a = open_source('a');
	int copy = dup(a->watch.fd), wfd = a->wfd;
	a->wfd = -1;
	poke(&(struct source){.wfd = wfd});
	close_source(a);
	struct source *b = open_source('b');
	ck_assert_int_eq(loop_turn(&loop, false), 0);
	ck_assert_str_eq(happened, "");
	close_source(b);
	close(copy);
	close(wfd);
}
END_TEST

START_TEST(files_cannot_be_watched)
{
	struct watch w = {.fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC)};
	ck_assert_int_eq(loop_watch(&loop, &w, EPOLLIN), -1);
	ck_assert_int_eq(errno, EPERM);
	ck_assert(!w.added);
	loop_unwatch(&loop, &w);
	fdio_close(&w.fd);
	ck_assert_int_eq(loop_watch(&loop, &w, EPOLLIN), -1);
	ck_assert_int_eq(errno, EBADF);
}
END_TEST

START_TEST(events_before_timers)
{
	struct source *a = open_source('a');
	struct timer t = timer_of(LETTER('t'));
	loop_set_timer(&loop, &t, 0);
	poke(a);
	ck_assert_int_eq(loop_turn(&loop, false), 0);
	ck_assert_str_eq(happened, "at");
	close_source(a);
}
END_TEST

static unsigned called;

static void count_call(void *arg, uint32_t events)
{
	(void)arg;
	(void)events;
	called++;
}

/* With more ready than one turn takes, the timers wait for the next one, but not for ever. */
START_TEST(full_turn_holds_the_timers_back_once)
{
	static struct watch watches[300];
	struct timer t = timer_of(LETTER('t'));
	struct source *a = open_source('a');
	loop_unwatch(&loop, &a->watch);
	poke(a);
	called = 0;
	for (size_t i = 0; i < ARRAY_LEN(watches); i++) {
		watches[i] = (struct watch){.fd = fcntl(a->watch.fd, F_DUPFD_CLOEXEC, 0), .ready = count_call};
		ck_assert_int_eq(loop_watch(&loop, &watches[i], EPOLLIN), 0);
	}
	loop_set_timer(&loop, &t, 0);
	ck_assert_int_eq(loop_turn(&loop, true), 0);
	ck_assert_uint_gt(called, 0);
	ck_assert_uint_lt(called, ARRAY_LEN(watches));
	ck_assert_str_eq(happened, "");
	ck_assert_int_eq(loop_turn(&loop, true), 0);
	ck_assert_str_eq(happened, "t");
	ck_assert_uint_ge(called, ARRAY_LEN(watches)); /* the turns go round */
	for (size_t i = 0; i < ARRAY_LEN(watches); i++) {
		loop_unwatch(&loop, &watches[i]);
		fdio_close(&watches[i].fd);
	}
	close_source(a);
}
END_TEST

/* The clock. */

START_TEST(stopped_clock)
{
	struct source *a = open_source('a');
	struct timer t = timer_of(LETTER('t')), u = timer_of(LETTER('u'));
	loop_set_timer(&loop, &t, 0);
	loop_stop_clock(&loop);
	uint64_t real = clock_ns(), before = loop_now(&loop);
	loop_stop_clock(&loop);
	loop_set_timer(&loop, &u, 1);
	while (clock_ns() < real + 2 * NS_PER_MS)
		;
	ck_assert_uint_eq(loop_now(&loop), before);
	poke(a);
	ck_assert_int_eq(loop_turn(&loop, true), 0);
	ck_assert_str_eq(happened, "a");
	loop_unwatch(&loop, &a->watch);

	loop_start_clock(&loop);
	loop_start_clock(&loop);
	ck_assert_uint_ge(loop.stood_ns, 2 * NS_PER_MS);
	ck_assert_uint_ge(loop_now(&loop), before);
	ck_assert_uint_le(loop_now(&loop), clock_ns() - 2 * NS_PER_MS);
	turn_until_fired();
	ck_assert_str_eq(happened, "atu");
	close_source(a);
}
END_TEST

static void on_alarm(int signo)
{
	(void)signo;
}

START_TEST(interrupted_turn)
{
	struct sigaction action = {.sa_handler = on_alarm}, saved;
	struct itimerval soon = {.it_value = {.tv_usec = 10000}, .it_interval = {.tv_usec = 10000}}, never = {0};
	sigaction(SIGALRM, &action, &saved);
	setitimer(ITIMER_REAL, &soon, NULL);
	ck_assert_int_eq(loop_turn(&loop, true), 0);
	setitimer(ITIMER_REAL, &never, NULL);
	sigaction(SIGALRM, &saved, NULL);
}
END_TEST

START_TEST(broken_loop)
{
	close(loop.epoll_fd);
	ck_assert_int_eq(loop_turn(&loop, true), -1);
	ck_assert_int_eq(errno, EBADF);
	loop.epoll_fd = -1;
}
END_TEST

Suite *loop_suite(void)
{
	Suite *s = suite_create("loop");
	TCase *t = tcase_create("loop");
	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_set_timeout(t, 60);
	tcase_add_test(t, timers_fire_in_order);
	tcase_add_test(t, timers_moved_and_cancelled);
	tcase_add_test(t, timer_that_never_fires);
	tcase_add_loop_test(t, many_timers, 0, 3);
	tcase_add_test(t, timer_cancelled_by_one_of_the_same_turn);
	tcase_add_test(t, timer_set_by_a_timer);
	tcase_add_test(t, readable_until_it_is_unwatched);
	tcase_add_test(t, watched_for_something_else);
	tcase_add_test(t, unwatched_within_the_turn);
	tcase_add_test(t, itself_unwatched_within_the_turn);
	tcase_add_test(t, number_used_again);
	tcase_add_test(t, files_cannot_be_watched);
	tcase_add_test(t, events_before_timers);
	tcase_add_test(t, full_turn_holds_the_timers_back_once);
	tcase_add_test(t, stopped_clock);
	tcase_add_test(t, interrupted_turn);
	tcase_add_test(t, broken_loop);
	suite_add_tcase(s, t);
	return s;
}
