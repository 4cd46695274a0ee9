/* SPDX-License-Identifier: MIT */
#include <config.h>

#include <check.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/buf.h"
#include "ctl/mqueue.h"

Suite *mqueue_suite(void);

enum { MANY = 100000 };

static struct mqueues qs;
static struct buf story; /* what those who waited were told: "NAME=answer:bytes;" */
static struct mqueue_waiter *to_cancel[4]; /* by whoever is served next */
static size_t n_served;
static struct message *last_got, *first_got; /* by those who waited */

/* In the order of enum mqueue_answer. */
static const char *const answers[] = {"done", "wait", "end", "too large", "gone"};

static void on_served(void *arg, struct mqueue_waiter *w, enum mqueue_answer answer, struct message *m)
{
	ck_assert_ptr_eq(arg, &qs);
	ck_assert_ptr_null(w->queue);
	ck_assert_ptr_null(w->message);
	n_served++;
	last_got = m;
	if (!first_got)
		first_got = m;
	if (w->owner)
		buf_addf(&story, "%s=%s:%.*s;", (const char *)w->owner, answers[answer], m ? (int)m->len : 0, m ? m->bytes : "");
	for (size_t i = 0; i < ARRAY_LEN(to_cancel); i++) {
		struct mqueue_waiter *other = to_cancel[i];
		to_cancel[i] = NULL;
		if (other)
			mqueue_cancel(&qs, other);
	}
}

static void told(const char *expected)
{
	buf_addc(&story, '\0');
	ck_assert_str_eq(buf_head(&story), expected);
	buf_reset(&story);
}

static void set_up(void)
{
	qs.served = on_served;
	qs.arg = &qs;
	n_served = 0;
	first_got = last_got = NULL;
	mqueues_init(&qs, SIZE_MAX);
}

static void tear_down(void)
{
	mqueues_clear(&qs);
	ck_assert_uint_eq(qs.bytes, 0);
	ck_assert_uint_eq(qs.queue_bytes, 0);
	ck_assert_uint_eq(mqueue_count(&qs), 0);
	buf_clear(&story);
}

/* Where memory is limited, that is for messages: a queue brings its own with it, and takes it away. */
static bool is_limited(void)
{
	return qs.bytes_max < SIZE_MAX;
}

static struct mqueue *create(const char *name, uint64_t maxsize)
{
	if (is_limited())
		qs.bytes_max += strlen(name) + MQUEUE_OVERHEAD;
	struct mqueue *q = mqueue_create(&qs, name, maxsize);
	ck_assert_ptr_nonnull(q);
	return q;
}

static void delete(struct mqueue *q)
{
	if (is_limited())
		qs.bytes_max -= strlen(mqueue_look(&qs, q).name) + MQUEUE_OVERHEAD;
	mqueue_delete(&qs, q);
}

static struct mqueue_waiter waiter(const char *name)
{
	return (struct mqueue_waiter){.owner = (void *)name};
}

/* NULL: nobody waits. What is not taken over is freed. */
static enum mqueue_answer put(struct mqueue *q, const char *text, struct mqueue_waiter *w)
{
	struct message *m = message_new(text, strlen(text));
	enum mqueue_answer answer = mqueue_put(&qs, q, m, w);
	if (answer != MQUEUE_DONE && !(answer == MQUEUE_WAIT && w))
		message_free(m);
	return answer;
}

static struct message *get(struct mqueue *q, const char *expected)
{
	struct message *m;
	ck_assert_int_eq(mqueue_get(&qs, q, NULL, &m), MQUEUE_DONE);
	ck_assert_uint_eq(m->len, strlen(expected));
	ck_assert_mem_eq(m->bytes, expected, m->len);
	return m;
}

static void take(struct mqueue *q, const char *expected)
{
	mqueue_acknowledge(&qs, get(q, expected));
}

static enum mqueue_answer wait_to_get(struct mqueue *q, struct mqueue_waiter *w)
{
	struct message *m;
	return mqueue_get(&qs, q, w, &m);
}

START_TEST(names)
{
	char longest[MQUEUE_NAME_MAX + 2];
	memset(longest, 'x', sizeof longest);
	longest[MQUEUE_NAME_MAX + 1] = '\0';
	const char *bad[] = {"", "a\nb", "\x7f", longest};
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		errno = 0;
		ck_assert_ptr_null(mqueue_create(&qs, bad[i], 0));
		ck_assert_int_eq(errno, EINVAL);
	}
	longest[MQUEUE_NAME_MAX] = '\0';
	static const char *const good[] = {"m", "c", "z", "ca", "é b", "M"};
	struct mqueue *made[ARRAY_LEN(good)], *long_one = create(longest, 0);
	for (size_t i = 0; i < ARRAY_LEN(good); i++)
		made[i] = create(good[i], i);
	ck_assert_ptr_null(mqueue_create(&qs, "ca", 0));
	ck_assert_int_eq(errno, EEXIST);
	struct mqueue *q = mqueue_next(&qs, NULL);
	ck_assert_ptr_eq(q, long_one);
	for (size_t i = 0; i < ARRAY_LEN(good); i++) {
		q = mqueue_next(&qs, q);
		ck_assert_ptr_eq(q, made[i]);
	}
	ck_assert_ptr_null(mqueue_next(&qs, q));
	for (size_t i = 0; i < ARRAY_LEN(good); i++) {
		ck_assert_ptr_eq(mqueue_find(&qs, good[i]), made[i]);
		ck_assert_str_eq(mqueue_look(&qs, made[i]).name, good[i]);
		ck_assert_uint_eq(mqueue_look(&qs, made[i]).maxsize, i);
		mqueue_delete(&qs, made[i]);
		ck_assert_ptr_null(mqueue_find(&qs, good[i]));
	}
	ck_assert_ptr_eq(mqueue_find(&qs, longest), long_one);
	ck_assert_ptr_null(mqueue_find(&qs, "x"));
}
END_TEST

START_TEST(first_in_first_out)
{
	struct mqueue *q = create("q", 0), *other = create("other", 0);
	struct message *m;
	ck_assert_int_eq(put(q, "a", NULL), MQUEUE_DONE);
	ck_assert_int_eq(put(other, "x", NULL), MQUEUE_DONE);
	ck_assert_int_eq(put(q, "", NULL), MQUEUE_DONE);
	m = message_new("\0\n", 2);
	ck_assert_int_eq(mqueue_put(&qs, q, m, NULL), MQUEUE_DONE);
	ck_assert_uint_eq(m->number, 4);
	ck_assert_uint_eq(mqueue_look(&qs, q).size, 3);
	take(q, "a");
	take(q, "");
	ck_assert_int_eq(mqueue_get(&qs, q, NULL, &m), MQUEUE_DONE);
	ck_assert_mem_eq(m->bytes, "\0\n", 2);
	mqueue_acknowledge(&qs, m);
	ck_assert_int_eq(mqueue_get(&qs, q, NULL, &m), MQUEUE_WAIT);
	ck_assert_ptr_null(m);
	take(other, "x");
	ck_assert_uint_eq(qs.bytes, 0);
}
END_TEST

START_TEST(those_who_get_stand_in_line)
{
	struct mqueue *q = create("q", 0);
	struct mqueue_waiter a = waiter("a"), b = waiter("b"), c = waiter("c");
	ck_assert_int_eq(wait_to_get(q, &a), MQUEUE_WAIT);
	ck_assert_int_eq(wait_to_get(q, &b), MQUEUE_WAIT);
	ck_assert_int_eq(wait_to_get(q, &c), MQUEUE_WAIT);
	ck_assert_int_eq(put(q, "1", NULL), MQUEUE_DONE);
	told("a=done:1;");
	ck_assert_uint_eq(mqueue_look(&qs, q).size, 0);
	struct message *one = last_got;
	mqueue_cancel(&qs, &b);
	mqueue_cancel(&qs, &b);
	ck_assert_int_eq(put(q, "2", NULL), MQUEUE_DONE);
	told("c=done:2;");
	mqueue_acknowledge(&qs, last_got);
	ck_assert_int_eq(wait_to_get(q, &a), MQUEUE_WAIT);
	mqueue_give_back(&qs, one);
	told("a=done:1;");
	mqueue_acknowledge(&qs, last_got);
	told("");
}
END_TEST

/* A delivery counts, until it is acknowledged. */
START_TEST(those_who_put_stand_in_line)
{
	struct mqueue *q = create("q", 2);
	struct mqueue_waiter a = waiter("a"), b = waiter("b"), c = waiter("c");
	put(q, "1", NULL);
	ck_assert(!mqueue_look(&qs, q).full);
	put(q, "2", NULL);
	ck_assert(mqueue_look(&qs, q).full);
	ck_assert_int_eq(put(q, "3", NULL), MQUEUE_WAIT);
	ck_assert_int_eq(put(q, "3", &a), MQUEUE_WAIT);
	ck_assert_int_eq(put(q, "4", &b), MQUEUE_WAIT);
	ck_assert_int_eq(put(q, "5", &c), MQUEUE_WAIT);
	struct message *one = get(q, "1");
	ck_assert(mqueue_look(&qs, q).full);
	mqueue_give_back(&qs, one);
	told("");
	take(q, "1");
	told("a=done:3;");
	mqueue_cancel(&qs, &b);
	take(q, "2");
	told("c=done:5;");
	take(q, "3");
	take(q, "5");
	ck_assert_uint_eq(mqueue_look(&qs, q).size, 0);
}
END_TEST

/* With room for one, while that is delivered, both kinds wait. */
START_TEST(both_wait_at_one_queue)
{
	struct mqueue *q = create("q", 1);
	struct mqueue_waiter p = waiter("p"), p2 = waiter("p2"), g = waiter("g"), g2 = waiter("g2");
	put(q, "1", NULL);
	struct message *one = get(q, "1");
	ck_assert_int_eq(wait_to_get(q, &g), MQUEUE_WAIT);
	ck_assert_int_eq(put(q, "2", &p), MQUEUE_WAIT);
	ck_assert_int_eq(put(q, "3", &p2), MQUEUE_WAIT);
	ck_assert_int_eq(wait_to_get(q, &g2), MQUEUE_WAIT);
	mqueue_acknowledge(&qs, one);
	told("p=done:2;g=done:2;");
	mqueue_give_back(&qs, last_got);
	told("g2=done:2;");
	mqueue_acknowledge(&qs, last_got);
	told("p2=done:3;");
	take(q, "3");
}
END_TEST

/* Whatever the order in which they come back. */
START_TEST(what_is_given_back_has_its_old_place)
{
	static const int orders[][3] = {{0, 1, 2}, {0, 2, 1}, {1, 0, 2}, {1, 2, 0}, {2, 0, 1}, {2, 1, 0}};
	struct mqueue *q = create("q", 0);
	put(q, "1", NULL);
	put(q, "2", NULL);
	put(q, "3", NULL);
	put(q, "4", NULL);
	for (size_t i = 0; i < ARRAY_LEN(orders); i++) {
		struct message *out[] = {get(q, "1"), get(q, "2"), get(q, "3")};
		for (size_t k = 0; k < ARRAY_LEN(out); k++)
			mqueue_give_back(&qs, out[orders[i][k]]);
		ck_assert_uint_eq(mqueue_look(&qs, q).size, 4);
	}
	struct message *one = get(q, "1");
	take(q, "2");
	mqueue_give_back(&qs, one);
	take(q, "1");
	take(q, "3");
	take(q, "4");
}
END_TEST

START_TEST(close_with_those_who_put)
{
	struct mqueue *q = create("q", 1);
	struct mqueue_waiter a = waiter("a"), b = waiter("b");
	put(q, "1", NULL);
	put(q, "2", &a);
	put(q, "3", &b);
	mqueue_close(&qs, q);
	told("a=end:;b=end:;");
	ck_assert(mqueue_look(&qs, q).closed);
	ck_assert_int_eq(put(q, "4", &a), MQUEUE_END);
	take(q, "1");
	ck_assert_int_eq(wait_to_get(q, &a), MQUEUE_END);
	mqueue_close(&qs, q);
	told("");
}
END_TEST

/* The end has not come while a message may come back. */
START_TEST(close_with_those_who_get)
{
	struct mqueue *q = create("q", 0);
	struct mqueue_waiter a = waiter("a"), b = waiter("b"), c = waiter("c");
	wait_to_get(q, &a);
	wait_to_get(q, &b);
	wait_to_get(q, &c);
	put(q, "1", NULL);
	struct message *one = last_got;
	mqueue_close(&qs, q);
	told("a=done:1;");
	ck_assert_int_eq(wait_to_get(q, NULL), MQUEUE_WAIT);
	mqueue_give_back(&qs, one);
	told("b=done:1;");
	mqueue_acknowledge(&qs, one);
	told("c=end:;");
	ck_assert_int_eq(wait_to_get(q, &a), MQUEUE_END);
}
END_TEST

START_TEST(close_of_an_empty_one)
{
	struct mqueue *q = create("q", 0);
	struct mqueue_waiter a = waiter("a"), b = waiter("b");
	wait_to_get(q, &a);
	wait_to_get(q, &b);
	mqueue_close(&qs, q);
	told("a=end:;b=end:;");
}
END_TEST

START_TEST(delete_with_those_who_wait)
{
	struct mqueue *q = create("q", 1);
	struct mqueue_waiter g = waiter("g"), p = waiter("p"), p2 = waiter("p2");
	put(q, "1", NULL);
	struct message *one = get(q, "1");
	wait_to_get(q, &g);
	put(q, "2", &p);
	put(q, "3", &p2);
	mqueue_delete(&qs, q);
	told("p=gone:;p2=gone:;g=gone:;");
	ck_assert_ptr_null(mqueue_find(&qs, "q"));
	ck_assert_uint_eq(qs.bytes, 1 + MESSAGE_OVERHEAD);
	ck_assert_mem_eq(one->bytes, "1", 1);
	mqueue_acknowledge(&qs, one);
	ck_assert_uint_eq(qs.bytes, 0);
}
END_TEST

/* One of the same name is another; what comes back of the old one comes to nobody. */
START_TEST(delete_with_deliveries)
{
	struct mqueue *q = create("q", 0);
	struct mqueue_waiter g = waiter("g");
	put(q, "1", NULL);
	put(q, "2", NULL);
	put(q, "3", NULL);
	struct message *one = get(q, "1"), *two = get(q, "2");
	mqueue_delete(&qs, q);
	ck_assert_uint_eq(qs.bytes, 2 * (1 + MESSAGE_OVERHEAD));
	q = create("q", 0);
	wait_to_get(q, &g);
	mqueue_give_back(&qs, one);
	mqueue_give_back(&qs, two);
	told("");
	ck_assert_uint_eq(qs.bytes, 0);
	put(q, "4", NULL);
	told("g=done:4;");
	mqueue_acknowledge(&qs, last_got);
}
END_TEST

/* Memory for three messages of one byte. */
static void limit_memory(void)
{
	mqueues_init(&qs, 3 * (1 + MESSAGE_OVERHEAD));
}

START_TEST(memory_is_for_all_queues)
{
	limit_memory();
	struct mqueue *a = create("a", 0), *b = create("b", 2), *c = create("c", 0);
	struct mqueue_waiter w[4] = {waiter("1"), waiter("2"), waiter("3"), waiter("4")};
	put(a, "x", NULL);
	put(b, "y", NULL);
	put(b, "z", NULL);
	ck_assert(mqueue_look(&qs, c).full);
	ck_assert_int_eq(put(b, "p", &w[0]), MQUEUE_WAIT); /* for room in b */
	ck_assert_int_eq(put(c, "q", &w[1]), MQUEUE_WAIT);
	ck_assert_int_eq(put(a, "r", &w[2]), MQUEUE_WAIT);
	ck_assert_int_eq(put(c, "s", &w[3]), MQUEUE_WAIT);
	take(a, "x");
	told("2=done:q;");
	take(b, "y");
	told("1=done:p;");
	take(c, "q");
	told("3=done:r;");
	delete(b);
	told("4=done:s;");
	take(a, "r");
	take(c, "s");
}
END_TEST

START_TEST(a_large_message_has_its_turn)
{
	limit_memory();
	struct mqueue *a = create("a", 0), *b = create("b", 0);
	struct mqueue_waiter large = waiter("large"), small = waiter("small");
	char text[2 * MESSAGE_OVERHEAD + 4] = "";
	memset(text, 'x', sizeof text - 1);
	put(b, "1", NULL);
	ck_assert_int_eq(put(a, text, &large), MQUEUE_WAIT);
	ck_assert_int_eq(put(b, "2", NULL), MQUEUE_WAIT);
	ck_assert(mqueue_look(&qs, b).full);
	ck_assert_int_eq(put(b, "2", &small), MQUEUE_WAIT);
	mqueue_cancel(&qs, &large);
	told("small=done:2;");
	ck_assert_int_eq(put(a, text, &large), MQUEUE_WAIT);
	take(b, "1");
	told("");
	take(b, "2");
	ck_assert_uint_eq(qs.bytes + qs.queue_bytes, qs.bytes_max);
	ck_assert_uint_eq(n_served, 2);
	take(a, text);
	buf_reset(&story);
}
END_TEST

/* Those of the queue that is closed are out of the line, also while they are told. */
START_TEST(close_with_those_who_want_memory)
{
	limit_memory();
	struct mqueue *a = create("a", 0), *b = create("b", 0);
	struct mqueue_waiter large = waiter("large"), one = waiter("one"), two = waiter("two"), small = waiter("small");
	char text[2 * MESSAGE_OVERHEAD + 4] = "";
	memset(text, 'x', sizeof text - 1);
	put(b, "1", NULL);
	put(a, text, &large);
	put(a, "2", &one);
	put(a, "3", &two);
	put(b, "4", &small);
	to_cancel[0] = &one;
	mqueue_close(&qs, a);
	told("large=end:;small=done:4;two=end:;");
	put(b, "5", NULL);
	put(b, text, &large);
	put(b, "6", &small);
	delete(b);
	told("large=gone:;small=gone:;");
	b = create("b", 0);
	put(b, "1", NULL);
	a = create("c", 0);
	put(a, text, &large);
	put(b, "2", &small);
	mqueue_close(&qs, a);
	told("large=end:;small=done:2;");
}
END_TEST

START_TEST(too_large)
{
	limit_memory();
	struct mqueue *q = create("q", 0);
	struct mqueue_waiter w = waiter("w");
	char text[2 * MESSAGE_OVERHEAD + 5] = "";
	memset(text, 'x', sizeof text - 1);
	ck_assert_int_eq(put(q, text, &w), MQUEUE_TOO_LARGE);
	ck_assert_ptr_null(w.queue);
	text[sizeof text - 2] = '\0';
	ck_assert_int_eq(put(q, text, &w), MQUEUE_DONE);
	take(q, text);
}
END_TEST

START_TEST(queues_take_of_the_same_memory)
{
	mqueues_init(&qs, 3 * (1 + MQUEUE_OVERHEAD));
	struct mqueue *a = mqueue_create(&qs, "a", 0), *b = mqueue_create(&qs, "b", 0);
	ck_assert_ptr_nonnull(a);
	ck_assert_ptr_nonnull(b);
	ck_assert_ptr_null(mqueue_create(&qs, "cc", 0));
	ck_assert_int_eq(errno, ENOSPC);
	ck_assert_ptr_null(mqueue_create(&qs, "a", 0));
	ck_assert_int_eq(errno, EEXIST);
	put(a, "x", NULL);
	ck_assert_ptr_null(mqueue_create(&qs, "c", 0));
	ck_assert_int_eq(errno, ENOSPC);
	struct message *x = get(a, "x");
	mqueue_delete(&qs, a);
	ck_assert_ptr_null(mqueue_create(&qs, "cc", 0)); /* the delivery still needs its queue */
	mqueue_acknowledge(&qs, x);
	ck_assert_ptr_nonnull(mqueue_create(&qs, "cc", 0));
}
END_TEST

/* It would take what they wait for. */
START_TEST(no_queue_is_made_while_others_wait_for_memory)
{
	mqueues_init(&qs, 4 * (1 + MQUEUE_OVERHEAD));
	struct mqueue *q = mqueue_create(&qs, "q", 0);
	struct mqueue_waiter w = waiter("w");
	char text[3 * (1 + MQUEUE_OVERHEAD) - MESSAGE_OVERHEAD + 1] = "";
	memset(text, 'x', sizeof text - 1);
	put(q, "1", NULL);
	ck_assert_int_eq(put(q, text, &w), MQUEUE_WAIT);
	ck_assert_ptr_null(mqueue_create(&qs, "a", 0));
	ck_assert_int_eq(errno, ENOSPC);
	mqueue_cancel(&qs, &w);
	ck_assert_ptr_nonnull(mqueue_create(&qs, "a", 0));
}
END_TEST

/* Its turn comes when a queue has been made that leaves no room for it: it holds nobody up. */
START_TEST(too_large_meanwhile)
{
	mqueues_init(&qs, 4 * (1 + MQUEUE_OVERHEAD));
	struct mqueue *q = mqueue_create(&qs, "q", 1);
	struct mqueue_waiter large = waiter("large"), small = waiter("small");
	char text[3 * (1 + MQUEUE_OVERHEAD) - MESSAGE_OVERHEAD + 1] = "";
	memset(text, 'x', sizeof text - 1);
	put(q, "1", NULL);
	ck_assert_int_eq(put(q, text, &large), MQUEUE_WAIT);
	ck_assert_int_eq(put(q, "2", &small), MQUEUE_WAIT);
	ck_assert_ptr_nonnull(mqueue_create(&qs, "a", 0));
	take(q, "1");
	told("large=too large:;small=done:2;");
}
END_TEST

/* It is what it is, though less is allowed now. */
START_TEST(more_queues_than_there_is_room_for)
{
	mqueues_init(&qs, 1 + MQUEUE_OVERHEAD);
	struct mqueue *a = mqueue_restore_queue(&qs, "a", 0), *b = mqueue_restore_queue(&qs, "b", 0);
	ck_assert_ptr_nonnull(a);
	ck_assert_ptr_nonnull(b);
	mqueue_restore(&qs, a, message_new("x", 1), 1);
	ck_assert_int_eq(put(b, "", NULL), MQUEUE_TOO_LARGE);
	ck_assert_ptr_null(mqueue_create(&qs, "c", 0));
	ck_assert_int_eq(errno, ENOSPC);
	take(a, "x");
}
END_TEST

START_TEST(what_an_earlier_run_left)
{
	limit_memory();
	struct mqueue *q = create("q", 2), *other = create("other", 0);
	struct mqueue_waiter w = waiter("w");
	static const uint64_t numbers[] = {7, 3, 9, 8};
	for (size_t i = 0; i < ARRAY_LEN(numbers); i++)
		mqueue_restore(&qs, q, message_new(&"7398"[i], 1), numbers[i]);
	ck_assert_int_eq(put(q, "new", &w), MQUEUE_WAIT);
	ck_assert_int_eq(put(other, "", NULL), MQUEUE_WAIT); /* it is more than the memory for all */
	take(q, "3");
	take(q, "7");
	told("");
	take(q, "8");
	told("w=done:new;");
	ck_assert_uint_eq(last_got->number, 10);
	take(q, "9");
	take(q, "new");
}
END_TEST

/* Who is served may send others away, and there is room for more then. */
START_TEST(cancel_when_served)
{
	limit_memory();
	struct mqueue *q = create("q", 0), *r = create("r", 0);
	struct mqueue_waiter large = waiter("large"), small = waiter("small"), g[3] = {waiter("g0"), waiter("g1"), waiter("g2")};
	char text[2 * MESSAGE_OVERHEAD + 4] = "";
	memset(text, 'x', sizeof text - 1);
	for (size_t i = 0; i < ARRAY_LEN(g); i++)
		wait_to_get(q, &g[i]);
	put(r, "r", NULL);
	put(q, text, &large);
	put(r, "s", &small);
	to_cancel[0] = &large;
	to_cancel[1] = &g[1];
	mqueue_restore(&qs, q, message_new("1", 1), 20);
	told("g0=done:1;small=done:s;");
	take(r, "r");
	take(r, "s");
	wait_to_get(r, &g[1]);
	wait_to_get(r, &small);
	to_cancel[0] = &g[1]; /* itself: it stands nowhere any more */
	to_cancel[1] = &small;
	mqueue_close(&qs, r);
	told("g1=end:;");
	mqueue_cancel(&qs, &g[2]);
	ck_assert_uint_eq(qs.bytes, 1 + MESSAGE_OVERHEAD);
	mqueue_acknowledge(&qs, first_got);
}
END_TEST

/* Small and large ones by turns; each small one that is served sends the large one behind it away. */
static struct mqueue_waiter by_turns[20];
static int depth, deepest;

static void cancel_next(void *arg, struct mqueue_waiter *w, enum mqueue_answer answer, struct message *m)
{
	(void)arg;
	(void)m;
	ck_assert_int_eq(answer, MQUEUE_DONE);
	n_served++;
	if (++depth > deepest)
		deepest = depth;
	if (w + 1 < by_turns + ARRAY_LEN(by_turns))
		mqueue_cancel(&qs, w + 1);
	depth--;
}

/* What that makes room for is served in a loop, not deeper each time. */
START_TEST(many_who_cancel)
{
	char large[ARRAY_LEN(by_turns) / 2 * (1 + MESSAGE_OVERHEAD)] = "";
	struct mqueue *q = create("q", 0);
	qs.served = cancel_next;
	qs.bytes_max = qs.queue_bytes + (ARRAY_LEN(by_turns) / 2 + 1) * (1 + MESSAGE_OVERHEAD);
	memset(large, 'x', sizeof large - 1);
	put(q, "1", NULL);
	for (size_t i = 0; i < ARRAY_LEN(by_turns); i++)
		ck_assert_int_eq(put(q, i % 2 ? "2" : large, &by_turns[i]), MQUEUE_WAIT);
	deepest = 0;
	mqueue_cancel(&qs, &by_turns[0]);
	ck_assert_uint_eq(n_served, ARRAY_LEN(by_turns) / 2);
	ck_assert_int_eq(deepest, 1);
}
END_TEST

/* So many that it would take minutes if each took time for each. */
START_TEST(many_who_wait)
{
	static struct mqueue_waiter line[MANY];
	struct mqueue *q = create("q", 1), *r = create("r", 0);
	put(q, "1", NULL);
	for (size_t i = 0; i < MANY; i++)
		put(q, "2", &line[i]);
	for (size_t i = 0; i < MANY; i += 2)
		mqueue_cancel(&qs, &line[MANY - 2 - i]);
	take(q, "1");
	for (size_t i = 0; i < MANY / 2; i++)
		take(q, "2");
	ck_assert_uint_eq(n_served, MANY / 2);
	for (size_t i = 0; i < MANY; i++)
		wait_to_get(r, &line[i]);
	for (size_t i = 0; i < MANY; i += 2)
		mqueue_cancel(&qs, &line[MANY - 2 - i]);
	for (size_t i = 1; i < MANY; i += 2) {
		put(r, "3", NULL);
		mqueue_acknowledge(&qs, last_got);
		ck_assert_ptr_null(line[i].queue);
	}
	ck_assert_uint_eq(n_served, MANY);
}
END_TEST

/* In no order at all, which is the hardest. */
START_TEST(many_that_come_back)
{
	static struct message *out[MANY];
	unsigned short seed[3] = {1, 2, 3};
	struct mqueue *q = create("q", 0);
	for (size_t i = 0; i < MANY; i++)
		put(q, "x", NULL);
	for (size_t i = 0; i < MANY; i++)
		out[i] = get(q, "x");
	for (size_t left = MANY; left > 0; left--) {
		size_t i = (size_t)nrand48(seed) % left;
		mqueue_give_back(&qs, out[i]);
		out[i] = out[left - 1];
	}
	for (uint64_t number = 1; number <= MANY; number++) {
		struct message *m = get(q, "x");
		if (m->number != number)
			ck_abort_msg("%ju comes instead of %ju", (uintmax_t)m->number, (uintmax_t)number);
		mqueue_acknowledge(&qs, m);
	}
}
END_TEST

Suite *mqueue_suite(void)
{
	Suite *suite = suite_create("mqueue");
	TCase *tc = tcase_create("mqueue");
	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_test(tc, names);
	tcase_add_test(tc, first_in_first_out);
	tcase_add_test(tc, those_who_get_stand_in_line);
	tcase_add_test(tc, those_who_put_stand_in_line);
	tcase_add_test(tc, both_wait_at_one_queue);
	tcase_add_test(tc, what_is_given_back_has_its_old_place);
	tcase_add_test(tc, close_with_those_who_put);
	tcase_add_test(tc, close_with_those_who_get);
	tcase_add_test(tc, close_of_an_empty_one);
	tcase_add_test(tc, delete_with_those_who_wait);
	tcase_add_test(tc, delete_with_deliveries);
	tcase_add_test(tc, memory_is_for_all_queues);
	tcase_add_test(tc, a_large_message_has_its_turn);
	tcase_add_test(tc, close_with_those_who_want_memory);
	tcase_add_test(tc, too_large);
	tcase_add_test(tc, queues_take_of_the_same_memory);
	tcase_add_test(tc, no_queue_is_made_while_others_wait_for_memory);
	tcase_add_test(tc, too_large_meanwhile);
	tcase_add_test(tc, more_queues_than_there_is_room_for);
	tcase_add_test(tc, what_an_earlier_run_left);
	tcase_add_test(tc, cancel_when_served);
	tcase_add_test(tc, many_who_cancel);
	tcase_add_test(tc, many_who_wait);
	tcase_add_test(tc, many_that_come_back);
	suite_add_tcase(suite, tc);
	return suite;
}
