/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "db_help.h"

#include <check.h>
#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/fdio.h"
#include "base/xalloc.h"
#include "state/sqlite.h"

char db_dir[] = "/tmp/forkpool-db.XXXXXX", db_path[64];
struct db *db;
static char *refusal;

void db_make_dir(void)
{
	memcpy(db_dir + strlen(db_dir) - 6, "XXXXXX", 6);
	ck_assert_ptr_nonnull(mkdtemp(db_dir));
	snprintf(db_path, sizeof db_path, "%s/state", db_dir);
	ck_assert_ptr_null(sqlite_load());
}

static void close_db(void)
{
	if (db)
		db_close(db);
	db = NULL;
}

void db_remove_dir(void)
{
	close_db();
	DIR *d = opendir(db_dir);
	for (struct dirent *e; (e = readdir(d)); )
		if (e->d_name[0] != '.')
			remove(db_file(e->d_name));
	closedir(d);
	rmdir(db_dir);
	free(refusal);
	refusal = NULL;
}

void db_reopen(void)
{
	char *why = NULL;
	close_db();
	db = db_open(db_path, true, &why);
	ck_assert_msg(db, "%s", why);
}

const char *db_file(const char *name)
{
	static char path[512];
	snprintf(path, sizeof path, "%s/%s", db_dir, name);
	return path;
}

off_t db_size_of(const char *name)
{
	struct stat st;
	return stat(db_file(name), &st) == 0 ? st.st_size : -1;
}

void db_assert_contains(const char *text, const char *part)
{
	ck_assert_msg(strstr(text, part), "'%s' does not say '%s'", text, part);
}

const char *db_refusal(const char *path)
{
	free(refusal);
	refusal = NULL;
	ck_assert_ptr_null(db_open(path, true, &refusal));
	ck_assert_ptr_nonnull(refusal);
	return refusal;
}

void db_write_file(const char *path, const void *bytes, size_t len)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(fdio_write_all(fd, bytes, len), 0);
	close(fd);
}

void db_execute(const char *path, const char *text)
{
	sqlite3 *connection;
	char *why = NULL;
	ck_assert_int_eq(sqlite.open_v2(path, &connection, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, NULL), SQLITE_OK);
	ck_assert_msg(sqlite.exec(connection, text, NULL, NULL, &why) == SQLITE_OK, "%s", why);
	sqlite.close(connection);
}

struct task *db_task(uint64_t seq, const char *line)
{
	struct task *t = task_new(seq);
	t->command = (struct command){.bytes = xstrdup(line), .len = strlen(line) + 1, .n_words = 1, .shell = true};
	return t;
}

void db_add_line(uint64_t seq, const char *line)
{
	struct task *t = db_task(seq, line);
	db_add(db, t);
	task_drop(t);
}

struct db_attempt *db_ran(const struct task *t, unsigned slot)
{
	static struct db_attempt a;
	a = (struct db_attempt){.slot = slot, .began_us = clock_wall_us()};
	db_run(db, t, &a);
	return &a;
}

void db_finish_line(uint64_t seq, int status)
{
	struct task *t = task_new(seq);
	struct outcome o = {.kind = OUTCOME_EXITED, .code = status, .pid = 7};
	t->attempt = 1;
	db_finish(db, t, db_ran(t, 1), &o, NULL);
	task_drop(t);
}

static void note(void *arg, struct task *t, enum db_left how)
{
	static const char *const words[] = {[DB_WAITED] = "", [DB_RAN] = " running", [DB_OVER] = " over"};
	ck_assert_int_eq(t->over, how == DB_OVER);
	buf_addf(arg, "%s%" PRIu64 "%s", buf_len(arg) > 0 ? " " : "", t->seq, words[how]);
	buf_addf(arg, "%s", t->shown ? " and shown" : "");
	task_drop(t);
}

const char *db_remaining(void)
{
	static char text[4096];
	struct buf b = {0};
	ck_assert_int_eq(db_each_left(db, note, &b), 0);
	ck_assert_uint_lt(buf_len(&b), sizeof text);
	snprintf(text, sizeof text, "%.*s", (int)buf_len(&b), buf_len(&b) > 0 ? buf_head(&b) : "");
	buf_clear(&b);
	return text;
}

pid_t db_holder(const char *path, int ms)
{
	int rfd, wfd;
	char c;
	ck_assert_int_eq(fdio_pipe(&rfd, &wfd), 0);
	pid_t pid = fork();
	if (pid == 0) {
		char *why;
		db = db_open(path, true, &why);
		struct itimerval timer = {.it_value.tv_usec = ms * 1000};
		signal(SIGALRM, SIG_DFL);
		setitimer(ITIMER_REAL, &timer, NULL);
		if (db)
			fdio_write_all(wfd, "o", 1);
		fdio_close(&wfd);
		while (db)
			pause();
		_exit(1);
	}
	fdio_close(&wfd);
	ssize_t n = fdio_read(rfd, &c, 1);
	fdio_close(&rfd);
	ck_assert_int_eq(n, 1);
	return pid;
}

void db_kill(pid_t pid)
{
	kill(pid, SIGKILL);
	ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
}
