/* SPDX-License-Identifier: MIT */
#include <config.h>

#include <check.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "observe/output.h"

enum { SIZE = 10 << 20 };

Suite *output_suite(void);

static void tell(struct output *o, struct pool_event e)
{
	o->observer.on_event(&o->observer, &e);
}

static void finish_task(struct output *o, const char *bytes, size_t len)
{
	struct task *t = task_new(1);
	tell(o, (struct pool_event){.kind = POOL_ACCEPTED, .task = t});
	tell(o, (struct pool_event){.kind = POOL_OUTPUT, .task = t, .stream = 1, .bytes = bytes, .len = len});
	tell(o, (struct pool_event){.kind = POOL_FINISHED, .task = t, .outcome = &(struct outcome){0}});
	task_drop(t);
}

static off_t size_of(int fd)
{
	struct stat st;
	ck_assert_int_eq(fstat(fd, &st), 0);
	return st.st_size;
}

/* A file takes all that it is given, so that nothing but the output itself ends a turn. */
START_TEST(much_output_goes_to_a_file_in_several_turns)
{
	struct output o;
	struct store store;
	struct loop loop;
	int saved = dup(STDOUT_FILENO), fd = open("/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600), turns = 0;
	char *bytes = calloc(1, SIZE);
	ck_assert_int_ge(fd, 0);
	dup2(fd, STDOUT_FILENO);
	ck_assert_int_eq(loop_open(&loop), 0);
	store_init(&store, (size_t)64 << 20);
	output_open(&o, &(struct output_config){0}, &store, &loop);
	finish_task(&o, bytes, SIZE);
	do {
		off_t before = size_of(fd);
		output_turn(&o);
		ck_assert_int_gt(size_of(fd), before);
		ck_assert_int_lt(size_of(fd) - before, SIZE * 3 / 5);
		ck_assert(o.has_more == !output_empty(&o));
		turns++;
	} while (o.has_more);
	dup2(saved, STDOUT_FILENO);
	ck_assert_int_ge(turns, 2);
	ck_assert_int_eq(size_of(fd), SIZE);
	output_turn(&o);
	ck_assert(!o.has_more);
	output_close(&o);
	store_clear(&store);
	loop_close(&loop);
	free(bytes);
	close(fd);
	close(saved);
}
END_TEST

Suite *output_suite(void)
{
	Suite *s = suite_create("output");
	TCase *t = tcase_create("output");
	tcase_add_test(t, much_output_goes_to_a_file_in_several_turns);
	suite_add_tcase(s, t);
	return s;
}
