/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "observe/journal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fdio.h"
#include "base/xalloc.h"
#include "task/joblog.h"

/* What is known of a task so far. */
struct entry {
	struct settler settler; /* first */
	struct journal *journal;
	struct buf lines;     /* one for each attempt that is over */
	uint64_t started_ms;  /* the present one; 0: it has not started */
	uint64_t received;    /* bytes of its standard output */
	bool final;           /* it is over, and by itself */
};

static void lines_clear(struct journal_lines *l)
{
	buf_clear(&l->text);
	buf_clear(&l->ends);
}

static void lines_reset(struct journal_lines *l)
{
	buf_reset(&l->text);
	buf_reset(&l->ends);
}

/* From events to lines. */

static uint64_t wall_clock_ms(void)
{
	return (uint64_t)clock_wall_us() / 1000;
}

static void on_settled(struct settler *s, struct task *t)
{
	struct entry *e = (struct entry *)s;
	struct journal_lines *ripe = &e->journal->ripe;
	if (e->final && !t->unfinished) {
		buf_add(&ripe->text, buf_head(&e->lines), buf_len(&e->lines));
		size_t end = buf_len(&ripe->text);
		buf_add(&ripe->ends, &end, sizeof end);
	}
	buf_clear(&e->lines);
	free(e);
}

static struct entry *entry_of(struct journal *j, struct task *t)
{
	if (t->entry)
		return t->entry;
	struct entry *e = xcalloc(1, sizeof *e);
	e->journal = j;
	t->entry = e;
	e->settler.settled = on_settled;
	task_on_settled(t, &e->settler);
	return e;
}

static void on_started(struct journal *j, struct task *t)
{
	struct entry *e = entry_of(j, t);
	e->started_ms = wall_clock_ms();
	e->received = 0;
}

static void add_line(struct journal *j, const struct pool_event *ev)
{
	struct entry *e = entry_of(j, ev->task);
	struct buf command = {0};
	struct joblog_record r = {.seq = ev->task->seq, .host = j->name_hosts ? ev->host : ":",
				  .started_ms = e->started_ms ? e->started_ms : wall_clock_ms(),
				  .runtime_ns = ev->outcome->runtime_ns, .received = e->received};
	joblog_set_outcome(&r, ev->outcome);
	command_print(&ev->task->command, ev->slot ? ev->slot : 1, &command);
	joblog_print(&e->lines, &r, buf_head(&command), buf_len(&command));
	buf_clear(&command);
	e->started_ms = e->received = 0; /* what follows may never start */
}

/* One that was refused was never tried: it has no line, and is refused again next time. What was killed is not to be tried
 * again. */
static void on_finished(struct journal *j, const struct pool_event *ev)
{
	const struct task *t = ev->task;
	if (ev->outcome->stopped || (t->attempt == 0 && !t->killed))
		return;
	add_line(j, ev);
	entry_of(j, ev->task)->final = outcome_ok(ev->outcome) || t->killed || t->over || t->attempt > j->retries;
}

static void on_event(struct observer *observer, const struct pool_event *ev)
{
	struct journal *j = (struct journal *)observer;
	switch (ev->kind) {
	case POOL_STARTED:
		on_started(j, ev->task);
		break;
	case POOL_OUTPUT:
		if (ev->task && ev->stream == 1)
			entry_of(j, ev->task)->received += ev->len;
		break;
	case POOL_FAILED:
		add_line(j, ev);
		break;
	case POOL_FINISHED:
		on_finished(j, ev);
		break;
	default:
		break;
	}
}

/* From lines to the file. */

static void fail(struct journal *j, const char *what, const char *reason)
{
	if (!j->error)
		j->error = xasprintf("%s job log '%s': %s", what, j->path, reason);
}

/* How many bytes the file took; fewer than all with errno. */
static size_t write_what_goes(int fd, const char *bytes, size_t len)
{
	size_t done = 0;
	for (ssize_t n; done < len && (n = fdio_write(fd, bytes + done, len - done)) > 0; )
		done += (size_t)n;
	return done;
}

/* The file is full in the middle of it: whole tasks stay. */
static void cut_torn(struct journal *j, const struct journal_lines *l, size_t written)
{
	const size_t *ends = (const void *)buf_head(&l->ends);
	size_t whole = 0;
	for (size_t i = 0; i < buf_len(&l->ends) / sizeof *ends && ends[i] <= written; i++)
		whole = ends[i];
	if (ftruncate(j->fd, j->end + (off_t)whole) == 0)
		j->end += (off_t)whole;
}

static void write_lines(struct journal *j, struct journal_lines *l)
{
	struct stat st;
	size_t len = buf_len(&l->text);
	size_t written = write_what_goes(j->fd, buf_head(&l->text), len);
	if (written == len) {
		j->end += (off_t)len;
	} else {
		fail(j, "cannot write", strerror(errno));
		cut_torn(j, l, written);
	}
	if (fstat(j->fd, &st) < 0)
		return;
	if (st.st_nlink == 0)
		fail(j, "lost", "it has been removed");
	else if (st.st_size != j->end)
		fail(j, "lost", "somebody else has changed it");
}

static bool send_lines(struct journal *j, struct journal_lines *l)
{
	bool to_output = j->fd < 0;
	if (to_output)
		output_add_text(j->output, buf_head(&l->text), buf_len(&l->text));
	else
		write_lines(j, l);
	lines_reset(l);
	return to_output;
}

static bool send_leaving(struct journal *j)
{
	if (buf_len(&j->leaving.text) == 0 || j->error || !output_has_written(j->output, &j->mark))
		return false;
	return send_lines(j, &j->leaving);
}

bool journal_turn(struct journal *j)
{
	if (!j->observer.on_event)
		return false;
	bool sent = send_leaving(j);
	if (buf_len(&j->leaving.text) > 0 || buf_len(&j->ripe.text) == 0)
		return sent;
	struct journal_lines spent = j->leaving;
	j->leaving = j->ripe;
	j->ripe = spent;
	output_get_mark(j->output, &j->mark);
	return send_leaving(j) || sent;
}

/* The beginning and the end. */

static bool is_same_file(int fd, const struct stat *st)
{
	struct stat other;
	return fstat(fd, &other) == 0 && other.st_dev == st->st_dev && other.st_ino == st->st_ino;
}

static char *find_fault(int fd, bool may_exist, bool *usage)
{
	struct stat st;
	*usage = false;
	if (fstat(fd, &st) < 0)
		return xasprintf("%s", strerror(errno));
	if (!S_ISREG(st.st_mode))
		return xstrdup("not a regular file; use - for standard output");
	if (flock(fd, LOCK_EX | LOCK_NB) < 0)
		return errno == EWOULDBLOCK ? xstrdup("another run writes it now") : xasprintf("cannot lock it: %s", strerror(errno));
	*usage = true;
	if (is_same_file(1, &st) || is_same_file(2, &st))
		return xstrdup("tasks' output goes there already; use another file");
	if (!may_exist && st.st_size > (off_t)strlen(JOBLOG_HEADER))
		return xstrdup("there is one; go on with --resume or --resume-failed, or append with +");
	return NULL;
}

int journal_open(const char *path, bool create, bool may_exist, char **why, bool *usage)
{
	/* O_NONBLOCK: opening a FIFO must not wait for its reader */
	int fd = open(path, O_RDWR | O_APPEND | O_CLOEXEC | O_NOCTTY | O_NONBLOCK | (create ? O_CREAT : 0), 0666);
	if (fd < 0) {
		*usage = false;
		*why = xasprintf("%s", strerror(errno));
		return -1;
	}
	*why = find_fault(fd, may_exist, usage);
	if (*why)
		fdio_close(&fd);
	return fd;
}

void journal_start(struct journal *j, const struct journal_spec *spec, struct output *output)
{
	*j = (struct journal){.observer.on_event = on_event, .path = spec->path, .fd = spec->fd, .end = spec->end,
			      .retries = spec->retries, .name_hosts = spec->name_hosts, .output = output};
	if (j->fd >= 0 && ftruncate(j->fd, j->end) < 0)
		fail(j, "cannot mend", strerror(errno));
	if (j->end == 0) {
		size_t len = strlen(JOBLOG_HEADER);
		buf_adds(&j->ripe.text, JOBLOG_HEADER);
		buf_add(&j->ripe.ends, &len, sizeof len);
	}
}

void journal_close(struct journal *j)
{
	fdio_close(&j->fd);
	free(j->error);
	lines_clear(&j->ripe);
	lines_clear(&j->leaving);
}
