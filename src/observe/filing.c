/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "observe/filing.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fdio.h"
#include "base/xalloc.h"
#include "task/results.h"

/* A task whose results are being written. */
struct filed {
	struct filed *prev, *next;
	struct task *task; /* held: while its results are not complete, it is not settled */
	bool made[2];      /* stdout and stderr are there */
	bool replaced;     /* another task has begun under the same path: the files are that one's */
};

/* Folders. */

/* 1 if it was made, 0 if it is there already, -1 and errno. Changes `path` for a while. */
static int make_folders(char *path)
{
	if (mkdir(path, 0777) == 0)
		return 1;
	char *slash = strrchr(path, '/');
	if (errno == ENOENT && slash && slash > path) {
		*slash = '\0';
		int made = make_folders(path);
		*slash = '/';
		if (made < 0)
			return -1;
		if (mkdir(path, 0777) == 0)
			return 1;
	}
	return errno == EEXIST ? 0 : -1;
}

/* The same for the folder that the results at `path` are in, itself or what it stands in. */
static int make_folder_of(const char *path)
{
	size_t len = strlen(path);
	if (path[len - 1] != '/') {
		const char *slash = strrchr(path, '/');
		len = slash ? (size_t)(slash - path) : 0;
	}
	while (len > 1 && path[len - 1] == '/')
		len--;
	if (!len)
		return 0;
	char *folder = xmemdup(path, len);
	int made = make_folders(folder);
	int error = errno;
	free(folder);
	errno = error;
	return made;
}

int filing_make_folder(const char *folder, bool writable)
{
	struct buf path = {0};
	buf_adds(&path, folder);
	buf_adds(&path, "/");
	buf_addc(&path, '\0');
	int made = make_folder_of(buf_head(&path));
	int fd = made < 0 ? -1 : open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (fd >= 0 && writable && faccessat(AT_FDCWD, folder, W_OK | X_OK, AT_EACCESS) < 0)
		fdio_close(&fd);
	bool ok = fd >= 0;
	fdio_close(&fd);
	buf_clear(&path);
	return ok ? 0 : -1;
}

/* Files. */

/* It is the last name that tells. */
static void fail(struct filing *f)
{
	if (!f->error)
		f->error = xasprintf("cannot write results: '%s': %s", buf_head(&f->name), strerror(errno));
}

/* Make the file anew, or go on with it; the fd, or -1 if that failed. */
static int open_file(struct filing *f, const struct task *t, enum results_file file, bool anew)
{
	results_name(&f->name, t->results, file);
	int fd = open(buf_head(&f->name), O_WRONLY | O_NOFOLLOW | O_CLOEXEC | (anew ? O_CREAT | O_TRUNC : O_APPEND), 0666);
	if (fd < 0)
		fail(f);
	return fd;
}

static bool write_file(struct filing *f, int fd, const char *bytes, size_t n)
{
	if (fd < 0)
		return false;
	bool ok = fdio_write_all(fd, bytes, n) == 0;
	/* some file systems tell here that there was no room */
	if (close(fd) < 0 && ok)
		ok = errno == EINTR;
	if (!ok)
		fail(f);
	return ok;
}

static void put_output(struct filing *f, struct filed *d, unsigned stream, const char *bytes, size_t n)
{
	int s = stream == 2;
	int fd = open_file(f, d->task, s ? RESULTS_STDERR : RESULTS_STDOUT, !d->made[s]);
	d->made[s] = true;
	write_file(f, fd, bytes, n);
}

/* `status` first: without it, what else is there is of no task that is over. */
static bool remove_old(struct filing *f, const struct task *t)
{
	for (enum results_file file = RESULTS_FILES; file-- > 0;) {
		results_name(&f->name, t->results, file);
		if (unlink(buf_head(&f->name)) == 0 || errno == ENOENT)
			continue;
		fail(f);
		return false;
	}
	return true;
}

/* Tasks. */

/* Two may have the same path; those that run at the same time would write into each other's files. */
static void replace_namesake(struct filing *f, const struct task *t)
{
	for (struct filed *d = f->first; d; d = d->next)
		d->replaced |= !strcmp(d->task->results, t->results);
}

static void clear_place(struct filing *f, const struct task *t)
{
	int made = make_folder_of(t->results);
	bool is_own = t->results[strlen(t->results) - 1] == '/';
	if (made < 0) {
		buf_reset(&f->name);
		buf_add(&f->name, t->results, strlen(t->results) + 1);
		fail(f);
	} else if (!made || !is_own) {
		remove_old(f, t);
	}
}

static void begin(struct filing *f, struct task *t)
{
	struct filed *d = xcalloc(1, sizeof *d);
	replace_namesake(f, t);
	task_hold(t);
	d->task = t;
	d->next = f->first;
	if (d->next)
		d->next->prev = d;
	f->first = d;
	t->filed = d;
	if (!f->error)
		clear_place(f, t);
}

static void end(struct filing *f, struct filed *d)
{
	*(d->prev ? &d->prev->next : &f->first) = d->next;
	if (d->next)
		d->next->prev = d->prev;
	d->task->filed = NULL;
	task_drop(d->task);
	free(d);
}

/* A status that is not all there must not be there at all. */
static void put_status(struct filing *f, const struct pool_event *e)
{
	struct buf text = {0};
	results_add_status(&text, e->outcome, e->task->refusal);
	int fd = open_file(f, e->task, RESULTS_STATUS, true);
	if (fd >= 0 && !write_file(f, fd, buf_head(&text), buf_len(&text)))
		unlink(buf_head(&f->name));
	buf_clear(&text);
}

static void put_identity(struct filing *f, const struct pool_event *e)
{
	struct buf text = {0};
	buf_addf(&text, "%" PRIu64 "\n", e->task->seq);
	write_file(f, open_file(f, e->task, RESULTS_SEQ, true), buf_head(&text), buf_len(&text));
	buf_reset(&text);
	results_add_command(&text, &e->task->command, e->slot ? e->slot : 1);
	write_file(f, open_file(f, e->task, RESULTS_COMMAND, true), buf_head(&text), buf_len(&text));
	buf_clear(&text);
}

static void put_outcome(struct filing *f, struct filed *d, const struct pool_event *e)
{
	for (unsigned stream = 1; stream <= 2; stream++) {
		if (!d->made[stream - 1])
			put_output(f, d, stream, "", 0);
	}
	put_identity(f, e);
	if (!f->error)
		put_status(f, e);
}

/* Standard output begins anew with the next attempt. */
static void on_failed_attempt(struct filing *f, struct filed *d)
{
	d->made[0] = false;
	put_output(f, d, 1, "", 0);
}

static void on_task_event(struct filing *f, struct filed *d, const struct pool_event *e)
{
	if (!d || d->replaced)
		return;
	if (e->kind == POOL_OUTPUT)
		put_output(f, d, e->stream, e->bytes, e->len);
	else if (e->kind == POOL_FAILED)
		on_failed_attempt(f, d);
	else if (e->kind == POOL_FINISHED && (outcome_ok(e->outcome) || !e->outcome->stopped))
		put_outcome(f, d, e);
}

/* By an earlier run, before it was killed: of all that the task wrote, while less may be known of it now. */
static bool are_complete(struct filing *f, const struct task *t)
{
	results_name(&f->name, t->results, RESULTS_STATUS);
	return access(buf_head(&f->name), F_OK) == 0;
}

/* What changes files: until then those of an earlier run stay. */
static bool concerns(enum pool_event_kind kind)
{
	return kind == POOL_STARTED || kind == POOL_OUTPUT || kind == POOL_FAILED || kind == POOL_FINISHED ||
	       kind == POOL_DROPPED;
}

static void on_event(struct observer *observer, const struct pool_event *e)
{
	struct filing *f = (struct filing *)observer;
	struct task *t = e->task;
	if (!t || !t->results || !concerns(e->kind))
		return;
	if (t->over && !t->filed && are_complete(f, t))
		return;
	if (!t->filed && e->kind != POOL_DROPPED)
		begin(f, t);
	if (!f->error)
		on_task_event(f, t->filed, e);
	bool is_over = e->kind == POOL_FINISHED || e->kind == POOL_DROPPED;
	if (t->filed && is_over && !f->error)
		end(f, t->filed);
}

void filing_open(struct filing *f)
{
	*f = (struct filing){.observer.on_event = on_event};
}

void filing_close(struct filing *f)
{
	while (f->first)
		end(f, f->first);
	buf_clear(&f->name);
	free(f->error);
	f->error = NULL;
}
