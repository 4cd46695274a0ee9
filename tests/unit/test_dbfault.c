/* SPDX-License-Identifier: MIT
 *
 * What may go wrong with a database that is open, and what it costs.
 */
#include <config.h>

#include <check.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/array.h"
#include "base/fdio.h"
#include "base/xalloc.h"
#include "db_help.h"
#include "state/dbstruct.h"

Suite *dbfault_suite(void);

/* What may go wrong with it. */

static void fill(void)
{
	static char bytes[8192];
	memset(bytes, 'x', sizeof bytes);
	for (uint64_t i = 1; i <= 200 && !db_error(db); i++) {
		db_put(db, "q", i, bytes, sizeof bytes);
		db_commit(db, false);
	}
}

/* What is committed stays, and nothing comes after the fault. */
static void assert_only_first(void)
{
	db_add_line(2, "b");
	db_commit(db, true);
	db_finish_line(1, 0);
	db_commit(db, true);
	ck_assert_ptr_nonnull(db_error(db));
}

START_TEST(file_size_limit)
{
	struct rlimit limit, before;
	db_reopen();
	db_add_line(1, "a");
	db_commit(db, true);
	signal(SIGXFSZ, SIG_IGN);
	ck_assert_int_eq(getrlimit(RLIMIT_FSIZE, &before), 0);
	limit = before;
	limit.rlim_cur = 200000;
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
	fill();
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &before), 0);
	ck_assert_ptr_nonnull(db_error(db));
	db_assert_contains(db_error(db), "File too large");
	assert_only_first();
	db_reopen();
	ck_assert_str_eq(db_remaining(), "1");
}
END_TEST

/* Only root, in a mount namespace of its own, can have one. */
static bool mount_small_disk(void)
{
	return unshare(CLONE_NEWNS) == 0 && mount("none", "/", "none", MS_REC | MS_PRIVATE, NULL) == 0 &&
	       mount("none", db_dir, "tmpfs", 0, "size=512k") == 0;
}

START_TEST(full_disk)
{
	if (!mount_small_disk())
		return;
	db_reopen();
	db_add_line(1, "a");
	db_commit(db, true);
	fill();
	ck_assert_ptr_nonnull(db_error(db));
	ck_assert_str_eq(db_error(db), "the disk is full");
	assert_only_first();
	db_reopen();
	ck_assert_str_eq(db_remaining(), "1");
	db_close(db);
	db = NULL;
	ck_assert_int_eq(umount2(db_dir, MNT_DETACH), 0);
}
END_TEST

static void drop_found(void *arg, struct task *t, enum db_left how)
{
	(void)arg, (void)how;
	task_drop(t);
}

static void ignore_message(void *arg, const char *queue, uint64_t number, const void *bytes, size_t len)
{
	(void)arg, (void)queue, (void)number, (void)bytes, (void)len;
}

/* Each page in turn is overwritten: it is refused, or told when it is read, or not needed. */
START_TEST(damaged_page)
{
	enum { PAGE = 4096 };
	char junk[PAGE], *why = NULL;
	uint64_t seq;
	int told = 0;
	db_reopen();
	for (uint64_t i = 1; i <= 300; i++)
		db_add_line(i, "some command line that takes up room in its page");
	fill();
	db_close(db);
	memset(junk, _i, sizeof junk);
	for (off_t page = 0; page < 16; page++) {
		char whole[PAGE];
		int fd = open(db_path, O_RDWR | O_CLOEXEC);
		ck_assert_int_eq(pread(fd, whole, PAGE, page * PAGE), PAGE);
		ck_assert_int_eq(pwrite(fd, junk, PAGE, page * PAGE), PAGE);
		db = db_open(db_path, true, &why);
		bool sound = db && db_each_left(db, drop_found, NULL) == 0 &&
			     db_each_message(db, ignore_message, NULL) == 0 && db_take(db, "x", 1, &seq) == DB_NEW;
		if (!sound)
			db_assert_contains(db ? db_error(db) : why, page == 0 ? "it is no SQLite database" : "it is damaged");
		if (db)
			db_close(db);
		told += !sound;
		free(why);
		why = NULL;
		ck_assert_int_eq(pwrite(fd, whole, PAGE, page * PAGE), PAGE);
		close(fd);
	}
	db = NULL;
	ck_assert_int_ge(told, 8);
}
END_TEST

static const char *const damages[] = {
	"words = x'61'", "words = x'610062'", "holes = '1', words = x'6100', shell = 0, attempts = -1",
	"holes = '2', words = x'6100'", "holes = '1 0', words = x'616100'", "holes = 'x', words = x'6100'",
	"holes = '-1', words = x'6100'", "words = x'61006200'", "words = x''", "attempts = 4294967295",
	"holes = ' ', words = x'6100'", "directory = 'x'",
};

START_TEST(row_that_nobody_wrote)
{
	db_reopen();
	db_add_line(1, "a");
	db_close(db);
	db = NULL;
	char *update = xasprintf("UPDATE task SET %s", damages[_i]);
	db_execute(db_path, update);
	free(update);
	db_reopen();
	ck_assert_int_eq(db_each_left(db, drop_found, NULL), -1);
	ck_assert_str_eq(db_error(db), "it is damaged: task 1 is none; use another file");
}
END_TEST

START_TEST(first_fault_is_the_last_change)
{
	db_reopen();
	db_add_line(1, "a");
	db_commit(db, false);
	db_add_line(2, "b");
	db_add_line(1, "again");
	ck_assert_ptr_nonnull(db_error(db));
	char *first = xstrdup(db_error(db));
	ck_assert_msg(strstr(first, "UNIQUE"), "%s", first);
	db_add_line(3, "c");
	db_create_queue(db, "q", 0);
	db_commit(db, true);
	ck_assert_str_eq(db_error(db), first);
	ck_assert_int_eq(db_each_left(db, drop_found, NULL), -1);
	db_reopen();
	ck_assert_str_eq(db_remaining(), "1");
	free(first);
}
END_TEST

/* Killed at any moment: what was committed is there, and nothing else. */

/* One more task waits, the one before is over, and there is one message for each; then say so. */
static void write_until_killed(int wfd, uint64_t first)
{
	db_reopen();
	for (uint64_t i = first;; i++) {
		db_add_line(i, "a");
		if (i > 1)
			db_finish_line(i - 1, 0);
		db_put(db, "q", i, "m", 1);
		db_commit(db, i % 50 == 0);
		if (db_error(db) || fdio_write_all(wfd, &i, sizeof i) < 0)
			_exit(1);
	}
}

/* The last that it said, after it was killed when it had said `n`. */
static uint64_t kill_after(pid_t pid, int rfd, int n)
{
	uint64_t said, last = 0;
	for (int i = 0; fdio_read(rfd, &said, sizeof said) == sizeof said; i++) {
		last = said;
		if (i == n)
			kill(pid, SIGKILL);
	}
	ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
	return last;
}

static void count_message(void *arg, const char *queue, uint64_t number, const void *bytes, size_t len)
{
	uint64_t *count = arg;
	(void)bytes, (void)queue;
	ck_assert_uint_eq(len, 1);
	ck_assert_uint_eq(number, ++*count);
}

START_TEST(killed_at_any_moment)
{
	unsigned seed = (unsigned)getpid();
	uint64_t last = 0;
	if (getenv("FORKPOOL_IO_SIZE"))
		return; /* numbers come whole */
	for (int round = 0; round < 30; round++) {
		int rfd, wfd;
		ck_assert_int_eq(fdio_pipe(&rfd, &wfd), 0);
		pid_t pid = fork();
		if (pid == 0)
			write_until_killed(wfd, last + 1);
		fdio_close(&wfd);
		uint64_t said = kill_after(pid, rfd, rand_r(&seed) % 200), messages = 0;
		fdio_close(&rfd);
		char expected[24];
		struct outcome o;
		db_reopen();
		ck_assert_uint_gt(said, last);
		last = db_last_task(db);
		ck_assert(last == said || last == said + 1);
		snprintf(expected, sizeof expected, "%" PRIu64, last);
		ck_assert_str_eq(db_remaining(), expected);
		ck_assert(last == 1 || (db_look(db, last - 1, NULL, &o) && outcome_ok(&o) && o.pid == 7));
		ck_assert_int_eq(db_each_message(db, count_message, &messages), 0);
		ck_assert_uint_eq(messages, last);
		db_close(db);
		db = NULL;
	}
}
END_TEST

/* What it costs. */

START_TEST(reading_commits_nothing)
{
	db_reopen();
	db_add_line(1, "a");
	db_reopen();
	ck_assert_str_eq(db_remaining(), "1");
	db_commit(db, false);
	db_commit(db, true);
	ck_assert_int_eq(db_size_of("state-wal"), 0);
}
END_TEST

START_TEST(the_log_is_bounded)
{
	db_reopen();
	for (uint64_t i = 1; i <= 10000; i++) {
		db_add_line(i, "a");
		db_commit(db, false);
		ck_assert_int_lt(db_size_of("state-wal"), 20 << 20);
	}
}
END_TEST

static int n_syncs;
static sqlite3_io_methods counting;
static int (*real_sync)(sqlite3_file *, int flags);

static int count_sync(sqlite3_file *f, int flags)
{
	n_syncs++;
	return real_sync(f, flags);
}

static void count_syncs_of_wal(void)
{
	sqlite3_file *wal = NULL;
	sqlite.file_control(db->sql.connection, "main", SQLITE_FCNTL_JOURNAL_POINTER, &wal);
	ck_assert_ptr_nonnull(wal);
	counting = *wal->pMethods;
	real_sync = counting.xSync;
	counting.xSync = count_sync;
	wal->pMethods = &counting;
	n_syncs = 0;
}

/* One sync for all that was committed since the last, and none where there is nothing. */
START_TEST(synced_when_asked_for)
{
	db_reopen();
	db_add_line(1, "a");
	db_commit(db, true);
	count_syncs_of_wal();
	db_commit(db, true);
	ck_assert_int_eq(n_syncs, 0);
	db_add_line(2, "a");
	db_commit(db, false);
	db_add_line(3, "a");
	db_commit(db, false);
	ck_assert_int_eq(n_syncs, 0);
	db_commit(db, true);
	ck_assert_int_eq(n_syncs, 1);
	db_add_line(4, "a");
	db_commit(db, true);
	ck_assert_int_eq(n_syncs, 2);
}
END_TEST

START_TEST(not_synced_unless_durable)
{
	char *why = NULL;
	db = db_open(db_path, false, &why);
	ck_assert_msg(db, "%s", why);
	db_add_line(1, "a");
	db_commit(db, true);
	count_syncs_of_wal();
	db_add_line(2, "a");
	db_commit(db, true);
	ck_assert_int_eq(n_syncs, 0);
}
END_TEST

Suite *dbfault_suite(void)
{
	Suite *s = suite_create("dbfault");
	TCase *t = tcase_create("dbfault");
	tcase_add_checked_fixture(t, db_make_dir, db_remove_dir);
	tcase_add_test(t, file_size_limit);
	tcase_add_test(t, full_disk);
	tcase_add_loop_test(t, damaged_page, 0, 2);
	tcase_add_loop_test(t, row_that_nobody_wrote, 0, ARRAY_LEN(damages));
	tcase_add_test(t, first_fault_is_the_last_change);
	tcase_add_test(t, killed_at_any_moment);
	tcase_add_test(t, reading_commits_nothing);
	tcase_add_test(t, the_log_is_bounded);
	tcase_add_test(t, synced_when_asked_for);
	tcase_add_test(t, not_synced_unless_durable);
	suite_add_tcase(s, t);
	return s;
}
