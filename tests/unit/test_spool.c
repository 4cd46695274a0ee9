/* SPDX-License-Identifier: MIT */
#include <config.h>

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/spool.h"
#include "base/xalloc.h"
#include "process_help.h"

Suite *spool_suite(void);

enum { SPOOLS = 4, LIMIT = 10000, SLACK = 64 * 1024 }; /* slack: the piece that is begun at the limit */

static struct store store;
static struct spool spools[SPOOLS];
static struct buf reference[SPOOLS]; /* what each must hold */
static char *saved_tmpdir;
static int fds_before;
static char bytes[1 << 20];

static void set_up(void)
{
	const char *tmpdir = getenv("TMPDIR");
	saved_tmpdir = tmpdir ? xstrdup(tmpdir) : NULL;
	make_dir();
	setenv("TMPDIR", in_dir(""), 1);
	fds_before = open_fds();
	memset(spools, 0, sizeof spools);
	store_init(&store, LIMIT);
	for (size_t i = 0; i < sizeof bytes; i++)
		bytes[i] = (char)(i * 2654435761 >> 13);
}

static void tear_down(void)
{
	for (int i = 0; i < SPOOLS; i++) {
		spool_clear(&spools[i], &store);
		ck_assert_uint_eq(spools[i].len, 0);
		buf_clear(&reference[i]);
	}
	ck_assert_uint_eq(store.in_memory, 0);
	ck_assert_uint_eq(store.in_file, 0);
	store_clear(&store);
	ck_assert_int_eq(open_fds(), fds_before);
	remove_dir();
	if (saved_tmpdir)
		setenv("TMPDIR", saved_tmpdir, 1);
	else
		unsetenv("TMPDIR");
	free(saved_tmpdir);
}

static void add(int i, size_t n)
{
	static size_t from;
	from = (from + 7919) % (sizeof bytes - n + 1);
	spool_add(&spools[i], &store, bytes + from, n);
	buf_add(&reference[i], bytes + from, n);
	ck_assert_uint_eq(spools[i].len, buf_len(&reference[i]));
}

/* Look at what is next, and take it off, or only `most` of it. Returns how much. */
static size_t take(int i, size_t most)
{
	const char *next = NULL;
	ssize_t r = spool_peek(&spools[i], &store, &next);
	ck_assert_int_ge(r, 0);
	size_t n = (size_t)r;
	ck_assert_int_eq(n == 0, spools[i].len == 0);
	ck_assert_uint_le(n, spools[i].len);
	ck_assert_int_eq(n ? memcmp(next, buf_head(&reference[i]), n) : 0, 0);
	if (n > most)
		n = most;
	spool_drop(&spools[i], &store, n);
	buf_drop(&reference[i], n);
	ck_assert_uint_eq(spools[i].len, buf_len(&reference[i]));
	return n;
}

static void take_all(int i)
{
	while (take(i, SIZE_MAX) > 0)
		;
	ck_assert_uint_eq(spools[i].len, 0);
}

/* The same, but all that was seen at once, piece by piece. */
static void take_in_steps(int i, size_t step)
{
	const char *next;
	ssize_t left = spool_peek(&spools[i], &store, &next);
	ck_assert_int_gt(left, 0);
	for (size_t n; left > 0; left -= (ssize_t)n) {
		n = (size_t)left < step ? (size_t)left : step;
		spool_drop(&spools[i], &store, n);
		buf_drop(&reference[i], n);
	}
}

static off_t file_size(void)
{
	struct stat st;
	ck_assert_int_eq(fstat(store.fd, &st), 0);
	return st.st_size;
}

static uint64_t blocks_len(void)
{
	struct stat st;
	ck_assert_int_eq(fstat(store.fd, &st), 0);
	return (uint64_t)st.st_blocks * 512;
}

START_TEST(within_the_limit_there_is_no_file)
{
	const char *next;
	ck_assert_int_eq(spool_peek(&spools[0], &store, &next), 0);
	add(0, 0);
	ck_assert_ptr_null(spools[0].first);
	add(0, 1);
	ck_assert_uint_le(store.in_memory, 64);
	add(1, LIMIT / 2);
	add(0, 100);
	ck_assert_int_eq(store.fd, -1);
	ck_assert_int_eq(take(0, 0), 0);
	take_all(0);
	take_all(1);
	ck_assert_uint_eq(store.in_memory, 0);
}
END_TEST

START_TEST(beyond_the_limit_there_is_one_without_a_name)
{
	struct stat st;
	add(0, LIMIT);
	for (int i = 0; i < SPOOLS; i++)
		add(i, 100000);
	ck_assert_uint_le(store.in_memory, LIMIT + SLACK);
	ck_assert_uint_gt(store.in_file, 0);
	ck_assert_uint_le(blocks_len(), store.in_file + SPOOLS * SLACK);
	ck_assert_int_eq(fcntl(store.fd, F_GETFD), FD_CLOEXEC);
	ck_assert_int_eq(fstat(store.fd, &st), 0);
	ck_assert_uint_eq(st.st_nlink, 0);
	ck_assert_int_eq(rmdir(in_dir("")), 0);
	ck_assert(!store_full(&store));
	for (int i = 0; i < SPOOLS; i++)
		take_all(i);
	ck_assert_uint_eq(store.in_file, 0);
	ck_assert_int_eq(file_size(), 0);
}
END_TEST

/* Several in one store, pieces of all sizes, in memory and in the file by turns. */
START_TEST(random_use_against_a_reference)
{
	static const size_t sizes[] = {2, 64, 500, 5000, 70000, 300000};
	int emptied = 0;
	bool was_in_file = false;
	srandom((unsigned)_i);
	for (int round = 0; round < 3000; round++) {
		int i = (int)(random() % SPOOLS);
		size_t n = (size_t)random() % sizes[(size_t)random() % ARRAY_LEN(sizes)];
		if (spools[i].len < 1000000 && random() % 2)
			add(i, n);
		else
			take(i, random() % 2 ? n : SIZE_MAX);
		if (random() % 200 == 0)
			for (i = 0; i < SPOOLS; i++)
				take_all(i);
		ck_assert_uint_le(store.in_memory, LIMIT + SLACK);
		ck_assert(!store_full(&store));
		emptied += was_in_file && store.in_file == 0;
		was_in_file = store.in_file > 0;
	}
	ck_assert_int_gt(emptied, 2);
}
END_TEST

START_TEST(big_ones)
{
	uint64_t whole = 0;
	for (int round = 0; round < 8; round++)
		for (int i = 0; i < 2; i++)
			add(i, sizeof bytes);
	whole = store.in_file;
	ck_assert_uint_gt(whole, 15 * sizeof bytes);
	take_all(0);
	ck_assert_uint_lt(store.in_file, whole * 3 / 4);
	take_all(1);
	ck_assert_int_eq(file_size(), 0);
	add(0, sizeof bytes);
	ck_assert_uint_le((uint64_t)file_size(), sizeof bytes); /* from the start again */
	take_all(0);
}
END_TEST

/* The disk's space comes back while others are still in the file, whatever the size of the steps. */
START_TEST(space_comes_back_before_the_end)
{
	static const size_t steps[] = {SIZE_MAX, 65536, 4096, 1000, 100};
	add(0, LIMIT + SLACK);
	add(1, 1000000);
	add(0, 10);
	uint64_t before = blocks_len();
	if (fallocate(store.fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 1 << 24, 4096) < 0)
		return; /* not on this file system */
	while (spools[1].len > 400000)
		take_in_steps(1, steps[_i]);
	ck_assert_uint_lt(blocks_len(), before * 3 / 4);
	take_all(1);
	take_all(0);
	ck_assert_uint_eq(blocks_len(), 0);
}
END_TEST

/* From the file to another, as much as is asked for; what cannot be sent so is still there. */
START_TEST(sent_straight_from_the_file)
{
	static char back[300000];
	int fd = open(in_dir("sent"), O_CREAT | O_RDWR | O_CLOEXEC, 0600);
	ck_assert(!spool_in_file(&spools[1]));
	add(0, LIMIT + SLACK);
	ck_assert(!spool_in_file(&spools[0]));
	add(1, sizeof back);
	ck_assert(spool_in_file(&spools[1]));
	ck_assert_uint_eq(spool_send(&spools[1], &store, store.fd + 1000, SIZE_MAX), 0);
	ck_assert_uint_eq(spools[1].len, sizeof back);
	size_t sent = spool_send(&spools[1], &store, fd, 5);
	ck_assert_uint_ge(sent, 1);
	ck_assert_uint_le(sent, 5);
	for (size_t n; spools[1].len > 0; sent += n) {
		n = spool_send(&spools[1], &store, fd, SIZE_MAX);
		ck_assert_uint_gt(n, 0);
		ck_assert_uint_eq(spools[1].len, sizeof back - sent - n);
	}
	ck_assert_int_eq(pread(fd, back, sizeof back, 0), sizeof back);
	ck_assert_mem_eq(back, buf_head(&reference[1]), sizeof back);
	buf_reset(&reference[1]);
	close(fd);
	take_all(0);
}
END_TEST

/* Reading back does not go to and fro between what others have written meanwhile. */
START_TEST(filled_by_turns_they_stay_apart)
{
	int runs = 0;
	add(2, LIMIT + SLACK);
	for (int round = 0; round < 40; round++)
		for (int i = 0; i < 2; i++)
			add(i, 50000);
	while (take(0, SIZE_MAX) > 0)
		runs++;
	ck_assert_int_le(runs, 16);
	take_all(1);
	take_all(2);
}
END_TEST

START_TEST(cleared_with_bytes_in_it)
{
	add(0, 100000);
	add(1, 100000);
	add(0, 100000);
	take(0, 20);
	spool_clear(&spools[0], &store);
	buf_reset(&reference[0]);
	ck_assert_uint_eq(spools[0].len, 0);
	take(1, 20);
	spool_clear(&spools[1], &store);
	buf_reset(&reference[1]);
	ck_assert_uint_eq(store.in_file, 0);
	ck_assert_int_eq(file_size(), 0);
	add(0, 100);
	take_all(0);
}
END_TEST

/* Nothing is lost where there is no room for a file, and all is well when there is. */
START_TEST(no_directory)
{
	setenv("TMPDIR", in_dir("none"), 1);
	add(0, LIMIT);
	ck_assert(!store_full(&store));
	add(0, 200000);
	add(1, 200000);
	ck_assert(store_full(&store));
	ck_assert_int_eq(store.error, ENOENT);
	ck_assert_int_eq(store.fd, -1);
	take_all(0);
	ck_assert(store_full(&store));
	while (spools[1].len > LIMIT)
		take(1, 5000);
	take_all(1);
	ck_assert(!store_full(&store));

	add(0, 200000);
	ck_assert(store_full(&store));
	ck_assert_int_eq(mkdir(in_dir("none"), 0700), 0);
	add(0, 200000);
	ck_assert(!store_full(&store));
	ck_assert_uint_gt(store.in_file, 0);
	take_all(0);
}
END_TEST

/* The file takes a part and then no more, as on a full disk. */
START_TEST(no_space)
{
	struct rlimit saved, small = {.rlim_cur = 50000};
	ck_assert_int_eq(getrlimit(RLIMIT_FSIZE, &saved), 0);
	void (*saved_handler)(int) = signal(SIGXFSZ, SIG_IGN);
	small.rlim_max = saved.rlim_max;
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &small), 0);
	add(0, SLACK);
	add(1, 200000);
	ck_assert(store_full(&store));
	ck_assert_int_eq(store.error, EFBIG);
	ck_assert_uint_eq(store.in_file, 50000);
	add(2, 200000);
	take_all(0);
	take_all(1);
	ck_assert_uint_eq(store.in_file, 0);
	add(3, 1000);
	ck_assert_uint_eq(store.in_file, 1000);
	ck_assert(!store_full(&store));
	take_all(2);
	take_all(3);
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &saved), 0);
	signal(SIGXFSZ, saved_handler);
}
END_TEST

START_TEST(file_is_gone)
{
	const char *next;
	add(0, 400000);
	ck_assert_int_eq(ftruncate(store.fd, 0), 0);
	while (!spools[0].first->in_file)
		take(0, SIZE_MAX);
	ck_assert_int_eq(spool_peek(&spools[0], &store, &next), -1);
	ck_assert_int_eq(errno, EIO);
}
END_TEST

static const char *const elsewhere[] = {NULL, ""};

START_TEST(without_tmpdir)
{
	if (elsewhere[_i])
		setenv("TMPDIR", elsewhere[_i], 1);
	else
		unsetenv("TMPDIR");
	add(0, 200000);
	ck_assert(!store_full(&store));
	ck_assert_uint_gt(store.in_file, 0);
	take_all(0);
}
END_TEST

Suite *spool_suite(void)
{
	Suite *s = suite_create("spool");
	TCase *t = tcase_create("spool");
	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_set_timeout(t, 60);
	tcase_add_test(t, within_the_limit_there_is_no_file);
	tcase_add_test(t, beyond_the_limit_there_is_one_without_a_name);
	tcase_add_loop_test(t, random_use_against_a_reference, 0, 5);
	tcase_add_test(t, big_ones);
	tcase_add_loop_test(t, space_comes_back_before_the_end, 0, 5);
	tcase_add_test(t, sent_straight_from_the_file);
	tcase_add_test(t, filled_by_turns_they_stay_apart);
	tcase_add_test(t, cleared_with_bytes_in_it);
	tcase_add_test(t, no_directory);
	tcase_add_test(t, no_space);
	tcase_add_test(t, file_is_gone);
	tcase_add_loop_test(t, without_tmpdir, 0, ARRAY_LEN(elsewhere));
	suite_add_tcase(s, t);
	return s;
}
