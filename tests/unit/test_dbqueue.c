/* SPDX-License-Identifier: MIT */
#include <config.h>

#include <check.h>
#include <inttypes.h>
#include <string.h>

#include "base/buf.h"
#include "db_help.h"

Suite *dbqueue_suite(void);

static void add_queue(void *arg, const char *name, uint64_t maxsize, bool closed)
{
	buf_addf(arg, "%s %" PRIu64 "%s; ", name, maxsize, closed ? " closed" : "");
}

static void add_message(void *arg, const char *queue, uint64_t number, const void *bytes, size_t len)
{
	buf_addf(arg, "%" PRIu64 " %s:", number, queue);
	buf_add(arg, bytes, len);
	buf_adds(arg, "; ");
}

static void assert_queues(const char *queues, const char *messages, size_t messages_len)
{
	struct buf b = {0};
	db_reopen();
	ck_assert_int_eq(db_each_queue(db, add_queue, &b), 0);
	buf_addc(&b, '\0');
	ck_assert_str_eq(buf_head(&b), queues);
	buf_reset(&b);
	ck_assert_int_eq(db_each_message(db, add_message, &b), 0);
	buf_addc(&b, '\0');
	ck_assert_uint_eq(buf_len(&b), messages_len);
	ck_assert_mem_eq(buf_head(&b), messages, messages_len);
	buf_clear(&b);
}

#define ASSERT_QUEUES(queues, messages) assert_queues(queues, messages, sizeof(messages))

START_TEST(queues_and_messages)
{
	db_reopen();
	ASSERT_QUEUES("", "");
	db_create_queue(db, "work", 0);
	db_create_queue(db, "done \xff", UINT64_MAX);
	db_create_queue(db, "a", 3);
	db_put(db, "work", 1, "x\0\xff", 3);
	db_put(db, "a", 12, "last", 4);
	db_put(db, "work", 3, "", 0);
	db_put(db, "done \xff", 2, "text\n", 5);
	db_close_queue(db, "a");
	ASSERT_QUEUES("work 0; done \xff 18446744073709551615; a 3 closed; ",
		"1 work:x\0\xff; 2 done \xff:text\n; 3 work:; 12 a:last; ");
	db_remove(db, 2);
	db_delete_queue(db, "work");
	ASSERT_QUEUES("done \xff 18446744073709551615; a 3 closed; ", "12 a:last; ");
	db_create_queue(db, "work", 1);
	ASSERT_QUEUES("done \xff 18446744073709551615; a 3 closed; work 1; ", "12 a:last; ");
}
END_TEST

Suite *dbqueue_suite(void)
{
	Suite *s = suite_create("dbqueue");
	TCase *t = tcase_create("dbqueue");
	tcase_add_checked_fixture(t, db_make_dir, db_remove_dir);
	tcase_add_test(t, queues_and_messages);
	suite_add_tcase(s, t);
	return s;
}
