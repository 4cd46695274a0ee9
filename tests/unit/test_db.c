/* SPDX-License-Identifier: MIT
 *
 * The file of a database: where it may be, what is refused, and what becomes of it.
 */
#include <config.h>

#include <check.h>
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/array.h"
#include "base/fdio.h"
#include "base/xalloc.h"
#include "db_help.h"
#include "state/sql.h"

Suite *db_suite(void);

static long fs_type; /* 0: what it is */

/* In place of the C library's: there is no network file system here. */
int statfs(const char *path, struct statfs *fs)
{
	int result = (int)syscall(SYS_statfs, path, fs);
	if (fs_type)
		fs->f_type = fs_type;
	return result;
}

/* Where it may be. */

START_TEST(modes)
{
	static const mode_t umasks[] = {0, 022, 077, 0777};
	static const char *const names[] = {"state", "state-wal", "state-shm"};
	struct stat st;
	mode_t before = umask(umasks[_i]);
	db_reopen();
	db_add_line(1, "a");
	db_commit(db, true);
	umask(before);
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		ck_assert_int_eq(stat(db_file(names[i]), &st), 0);
		ck_assert_int_eq(st.st_mode & 07777, 0600);
	}
	db_close(db);
	db = NULL;
	ck_assert_int_gt(db_size_of("state"), 0);
	ck_assert_int_eq(db_size_of("state-wal"), -1);
	ck_assert_int_eq(db_size_of("state-shm"), -1);
}
END_TEST

START_TEST(close_on_exec)
{
	int ours = 0;
	db_reopen();
	db_add_line(1, "a");
	db_commit(db, true);
	DIR *d = opendir("/proc/self/fd");
	for (struct dirent *e; (e = readdir(d)); ) {
		char target[256] = "";
		if (readlinkat(dirfd(d), e->d_name, target, sizeof target - 1) <= 0 || !strstr(target, db_dir))
			continue;
		ours++;
		ck_assert_msg(fcntl(atoi(e->d_name), F_GETFD) & FD_CLOEXEC, "%s", target);
	}
	closedir(d);
	ck_assert_int_eq(ours, 5); /* the claim, the marks, and SQLite's three */
}
END_TEST

/* The directory may change, also under a file that is made only later. */
START_TEST(relative_path)
{
	char *why = NULL;
	int here = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ck_assert_int_eq(chdir(db_dir), 0);
	db = db_open("state", true, &why);
	ck_assert_int_eq(chdir("/"), 0);
	ck_assert_msg(db, "%s", why);
	db_add_line(1, "a");
	db_commit(db, true);
	db_reopen();
	ck_assert_int_eq(fchdir(here), 0);
	close(here);
	ck_assert_str_eq(db_remaining(), "1");
}
END_TEST

START_TEST(symbolic_link)
{
	char *why = NULL, *link = xstrdup(db_file("link"));
	ck_assert_int_eq(symlink("state", link), 0);
	db_assert_contains(db_refusal(link), "it is a symbolic link to nothing");
	ck_assert_int_eq(db_size_of("state"), -1);
	db_reopen();
	db_add_line(1, "a");
	db_close(db);
	db = db_open(link, true, &why);
	ck_assert_msg(db, "%s", why);
	ck_assert_str_eq(db_remaining(), "1");
	ck_assert_int_eq(db_size_of("link-wal"), -1);
	ck_assert_int_ge(db_size_of("state-wal"), 0);
	free(link);
}
END_TEST

START_TEST(empty_file)
{
	db_write_file(db_path, "", 0);
	db_reopen();
	db_add_line(1, "a");
	db_reopen();
	ck_assert_str_eq(db_remaining(), "1");
}
END_TEST

static const struct {
	const char *path, *why;
} places[] = {
	{"", "it cannot be used: Is a directory"}, /* ... of the test */
	{"none/state", "none/' cannot be used: No such file or directory"},
	{"none/", "it names no file"},
	{"file/state", "it cannot be used: Not a directory"},
	{"fifo", "it is no regular file"},
	{"file", "it is no SQLite database"},
};

START_TEST(no_place_for_a_database)
{
	char *path = xasprintf("%s/%s", db_dir, places[_i].path);
	static const char text[] = "precious\n";
	db_write_file(db_file("file"), text, strlen(text));
	ck_assert_int_eq(mkfifo(db_file("fifo"), 0600), 0);
	if (_i == 0)
		db_assert_contains(db_refusal(db_dir), "it is a directory");
	else
		db_assert_contains(db_refusal(path), places[_i].why);
	ck_assert_int_eq(db_size_of("file"), (off_t)strlen(text));
	ck_assert_int_eq(db_size_of("file-wal"), -1);
	free(path);
}
END_TEST

START_TEST(devices_and_long_paths)
{
	char path[600] = "";
	db_assert_contains(db_refusal("/dev/null"), "it is no regular file");
	db_assert_contains(db_refusal(""), "it names no file");
	for (int i = 0; i < 250; i++)
		strcat(path, "./");
	snprintf(path + strlen(path), sizeof path - strlen(path), "../../../../../../../../../..%s", db_path);
	db_reopen(); /* a long way there is not a long path */
	db_close(db);
	char *why = NULL;
	db = db_open(path, true, &why);
	ck_assert_msg(db, "%s", why);
	memset(path, 'x', 250);
	snprintf(path + 250, sizeof path - 250, "/%250s", "y");
	for (char *p = path; (p = strchr(p, ' ')); )
		*p = 'y';
	char *folder = xmemdup(path, 250), *file = xasprintf("%s/%s", db_dir, path);
	ck_assert_int_eq(mkdir(db_file(folder), 0700), 0);
	db_assert_contains(db_refusal(file), "its path is too long for SQLite");
	free(folder);
	free(file);
}
END_TEST

START_TEST(no_right_to_write)
{
	uid_t us = geteuid();
	db_reopen();
	db_close(db);
	db = NULL;
	ck_assert_int_eq(chmod(db_path, 0444), 0);
	ck_assert_int_eq(chmod(db_dir, 0755), 0);
	if (us == 0)
		ck_assert_int_eq(seteuid(65534), 0);
	char *why = xstrdup(db_refusal(db_path));
	if (us == 0)
		ck_assert_int_eq(seteuid(0), 0);
	db_assert_contains(why, "it cannot be opened for writing: Permission denied");
	free(why);
	if (us != 0)
		return;
	ck_assert_int_eq(chmod(db_path, 0666), 0);
	ck_assert_int_eq(seteuid(65534), 0);
	why = xstrdup(db_refusal(db_path)); /* -wal cannot be made */
	char *new = xstrdup(db_refusal(db_file("new")));
	ck_assert_int_eq(seteuid(0), 0);
	db_assert_contains(why, "SQLite must be able to make files in its folder");
	db_assert_contains(new, "it cannot be made: Permission denied");
	free(why);
	free(new);
}
END_TEST

/* Whether the file is there or not; nothing is made. */
START_TEST(network_file_system)
{
	fs_type = 0x6969;
	db_assert_contains(db_refusal(db_path), "it is on a network file system (NFS), where no database is safe");
	ck_assert_int_eq(db_size_of("state"), -1);
	fs_type = 0;
	db_reopen();
	db_close(db);
	db = NULL;
	fs_type = (int)0xff534d42; /* of a width and sign that differ from machine to machine */
	db_assert_contains(db_refusal(db_path), "it is on a network file system (CIFS)");
	fs_type = 0;
}
END_TEST

/* Whose it is. */

START_TEST(of_another_program)
{
	db_execute(db_path, "CREATE TABLE task (id)");
	off_t size = db_size_of("state");
	db_assert_contains(db_refusal(db_path), "it is a database of another program; use another file");
	db_execute(db_path, "PRAGMA application_id = 252006674");
	db_assert_contains(db_refusal(db_path), "it is a database of another program");
	db_execute(db_path, "PRAGMA journal_mode = DELETE"); /* which it was all the time */
	ck_assert_int_eq(db_size_of("state"), size);
	ck_assert_int_eq(db_size_of("state-wal"), -1);
}
END_TEST

START_TEST(of_another_version)
{
	db_reopen();
	db_add_line(1, "a");
	db_close(db);
	db = NULL;
	db_execute(db_path, "PRAGMA user_version = 3");
	db_assert_contains(db_refusal(db_path), "a newer forkpool has written it (version 3, where this one knows 2); use");
	db_execute(db_path, "PRAGMA user_version = 0");
	db_assert_contains(db_refusal(db_path), "it has no version that any forkpool writes (0)");
	db_execute(db_path, "PRAGMA user_version = 2");
	db_reopen();
	ck_assert_str_eq(db_remaining(), "1");
}
END_TEST

START_TEST(of_version_1)
{
	struct outcome o;
	db_reopen();
	db_add_line(1, "a");
	db_add_line(2, "b");
	db_finish_line(2, 3);
	db_close(db);
	db = NULL;
	db_execute(db_path, "ALTER TABLE task DROP COLUMN settled; PRAGMA user_version = 1");
	db_reopen();
	ck_assert_str_eq(db_remaining(), "1");
	ck_assert(db_look(db, 2, NULL, &o));
	ck_assert_int_eq(o.code, 3);
	db_finish_line(1, 0);
	db_reopen();
	ck_assert_str_eq(db_remaining(), "");
}
END_TEST

/* A pool that was killed before there were tables. */
START_TEST(without_tables)
{
	db_execute(db_path, "PRAGMA journal_mode = WAL");
	db_reopen();
	db_add_line(1, "a");
	db_reopen();
	ck_assert_str_eq(db_remaining(), "1");
}
END_TEST

START_TEST(used_by_another)
{
	char text[64], *link = xstrdup(db_file("link"));
	ck_assert_int_eq(symlink("state", link), 0);
	pid_t pid = db_holder(db_path, 0);
	snprintf(text, sizeof text, "forkpool with the pid %d uses it; wait for its end", (int)pid);
	db_assert_contains(db_refusal(link), text);
	free(link);
	db_kill(pid);
	db_reopen();
}
END_TEST

START_TEST(used_by_another_that_ends)
{
	pid_t pid = db_holder(db_path, 200);
	db_reopen();
	ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
}
END_TEST

/* A worker closes what it has inherited, and ends: that must not set the file free. */
START_TEST(forked_child_ends)
{
	db_reopen();
	db_add_line(1, "a");
	db_commit(db, true);
	pid_t worker = fork();
	if (worker == 0) {
		for (int fd = 3; fd < 64; fd++)
			close(fd);
		_exit(0);
	}
	ck_assert_int_eq(waitpid(worker, NULL, 0), worker);
	pid_t other = fork();
	if (other == 0) {
		char *why = NULL;
		_exit(!db_open(db_path, true, &why) && strstr(why, "uses it") ? 0 : 1);
	}
	int status;
	ck_assert_int_eq(waitpid(other, &status, 0), other);
	ck_assert_int_eq(status, 0);
	db_add_line(2, "b");
	db_reopen();
	ck_assert_str_eq(db_remaining(), "1 2");
}
END_TEST

/* With what sqlite3(1) does, in a process that is forked before there is a database: SQLite is not to be used on both sides of a
 * fork. */
START_TEST(read_by_others_meanwhile)
{
	int rfd, wfd, status;
	ck_assert_int_eq(fdio_pipe(&rfd, &wfd), 0);
	pid_t pid = fork();
	if (pid == 0) {
		struct sql reader;
		char c;
		if (fdio_read(rfd, &c, 1) != 1)
			_exit(2);
		sql_open(&reader, db_path);
		_exit(sql_ask(&reader, "SELECT count(*) FROM task WHERE state = 'waiting'") == 1 && !reader.error ? 0 : 1);
	}
	db_reopen();
	db_add_line(1, "a");
	db_commit(db, false);
	db_add_line(2, "not to be seen yet");
	ck_assert_int_eq(fdio_write_all(wfd, "o", 1), 0);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
	fdio_close(&rfd);
	fdio_close(&wfd);
	db_reopen();
	ck_assert_str_eq(db_remaining(), "1 2");
}
END_TEST

/* Who closes it leaves it to the next at once. */
START_TEST(closed_leaves_no_claim)
{
	db_reopen();
	db_close(db);
	db = NULL;
	db_kill(db_holder(db_path, 0));
	db_reopen();
}
END_TEST

Suite *db_suite(void)
{
	Suite *s = suite_create("db");
	TCase *t = tcase_create("db");
	tcase_add_checked_fixture(t, db_make_dir, db_remove_dir);
	tcase_add_loop_test(t, modes, 0, 4);
	tcase_add_test(t, close_on_exec);
	tcase_add_test(t, relative_path);
	tcase_add_test(t, symbolic_link);
	tcase_add_test(t, empty_file);
	tcase_add_loop_test(t, no_place_for_a_database, 0, ARRAY_LEN(places));
	tcase_add_test(t, devices_and_long_paths);
	tcase_add_test(t, no_right_to_write);
	tcase_add_test(t, network_file_system);
	tcase_add_test(t, of_another_program);
	tcase_add_test(t, of_another_version);
	tcase_add_test(t, of_version_1);
	tcase_add_test(t, without_tables);
	tcase_add_test(t, used_by_another);
	tcase_add_test(t, used_by_another_that_ends);
	tcase_add_test(t, forked_child_ends);
	tcase_add_test(t, read_by_others_meanwhile);
	tcase_add_test(t, closed_leaves_no_claim);
	suite_add_tcase(s, t);
	return s;
}
