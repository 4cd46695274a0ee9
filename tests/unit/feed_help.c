/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "feed_help.h"

#include <check.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fdio.h"

static char dir[] = "/tmp/forkpool-feed-XXXXXX";
static struct template *template;
static int saved_stdin;

static void make_template(void)
{
	static char word[] = "show";
	static char *const words[] = {word};
	struct template_spec spec = {.words = words, .n_words = 1, .n_values = 1000, .variadic = true};
	char *why = NULL;
	template = template_new(&spec, &why);
	ck_assert_msg(template != NULL, "%s", why);
}

void feed_help_set_up(void)
{
	fdio_init();
	strcpy(dir + sizeof dir - 7, "XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(dir));
	saved_stdin = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3);
	make_template();
}

void feed_help_tear_down(void)
{
	char path[sizeof dir + 8];
	template_free(template);
	for (char name = 'a'; name <= 'e'; name++) {
		snprintf(path, sizeof path, "%s/%c", dir, name);
		unlink(path);
	}
	rmdir(dir);
	if (saved_stdin >= 0)
		dup2(saved_stdin, STDIN_FILENO);
	close(saved_stdin);
}

const char *path_of(char name)
{
	static char paths[5][sizeof dir + 8];
	char *path = paths[name - 'a'];
	snprintf(path, sizeof paths[0], "%s/%c", dir, name);
	return path;
}

struct source_spec file_with(char name, const char *bytes, size_t len)
{
	const char *path = path_of(name);
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(fdio_write_all(fd, bytes, len), 0);
	close(fd);
	return (struct source_spec){.kind = SOURCE_FILE, .path = path};
}

struct source_spec file_of(char name, const char *text)
{
	return file_with(name, text, strlen(text));
}

struct source_spec args_of(char *const *args)
{
	size_t n = 0;
	while (args[n])
		n++;
	return (struct source_spec){.kind = SOURCE_ARGS, .args = args, .n_args = n};
}

const struct source_spec standard_input = {.kind = SOURCE_FILE, .path = "-"};

int pipe_as_stdin(void)
{
	int rfd, wfd;
	ck_assert_int_eq(fdio_pipe(&rfd, &wfd), 0);
	ck_assert_int_eq(dup2(rfd, STDIN_FILENO), STDIN_FILENO);
	close(rfd);
	return wfd;
}

struct feed *open_feed(struct feed_spec *spec)
{
	static struct numbers numbers;
	char *why = NULL;
	numbers = (struct numbers){0};
	spec->template = template;
	if (!spec->numbers)
		spec->numbers = &numbers;
	struct feed *f = feed_open(spec, &why);
	ck_assert_msg(f != NULL, "%s", why);
	return f;
}

static void show_task(struct buf *out, const struct task *t)
{
	const char *word = t->command.bytes;
	if (buf_len(out))
		buf_addc(out, ' ');
	if (t->line)
		buf_addf(out, "%u:", (unsigned)t->line);
	if (t->refusal) {
		buf_addf(out, "(%s)", t->refusal);
		return;
	}
	ck_assert_str_eq(word, "show");
	for (size_t i = 1; i < t->command.n_words; i++) {
		word += strlen(word) + 1;
		buf_addf(out, "[%s]", word);
	}
}

bool wait_for(const struct feed *f, int timeout_ms)
{
	struct pollfd p = {.fd = feed_fd(f), .events = POLLIN};
	return poll(&p, 1, timeout_ms) > 0;
}

enum feed_state show_ready(struct feed *f, struct buf *shown)
{
	static uint64_t seq;
	struct task *t;
	enum feed_state state;
	if (!buf_len(shown))
		seq = 0;
	while ((state = feed_next(f, &t)) == FEED_TASK || (state == FEED_BLOCKED && wait_for(f, 0))) {
		if (state == FEED_BLOCKED)
			continue;
		ck_assert_uint_eq(t->seq, ++seq);
		show_task(shown, t);
		task_drop(t);
	}
	return state;
}

void assert_shown(struct buf *shown, const char *expected)
{
	char *text = buf_take(shown, NULL);
	ck_assert_str_eq(text, expected);
	free(text);
}

void assert_rest(struct feed *f, enum feed_state last, const char *expected)
{
	struct buf shown = {0};
	enum feed_state state;
	while ((state = show_ready(f, &shown)) == FEED_BLOCKED)
		ck_assert_msg(wait_for(f, WAIT_MS), "nothing comes");
	ck_assert_int_eq(state, last);
	assert_shown(&shown, expected);
	/* The end stays the end. */
	struct task *t;
	ck_assert_int_eq(feed_next(f, &t), last);
}

void assert_feed(struct feed_spec *spec, const char *expected)
{
	struct feed *f = open_feed(spec);
	assert_rest(f, FEED_END, expected);
	ck_assert_ptr_null(feed_error(f));
	feed_close(f);
}

struct source_spec file_with_long_item(off_t len, bool unfinished)
{
	struct source_spec source = file_of('a', "first\n");
	int fd = open(source.path, O_WRONLY | O_CLOEXEC);
	ck_assert_int_eq(ftruncate(fd, 6 + len), 0);
	lseek(fd, 0, SEEK_END);
	if (!unfinished)
		ck_assert_int_eq(fdio_write_all(fd, "\nlast\n", 6), 0);
	close(fd);
	return source;
}

bool is_byte_at_a_time(void)
{
	return getenv("FORKPOOL_IO_SIZE") != NULL;
}
