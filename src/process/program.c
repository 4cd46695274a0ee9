/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "process/program.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fdio.h"
#include "process/elf.h"
#include "process/search.h"

#define SCRIPT_LINE_MAX 256 /* so much of a file the kernel looks at */

static int64_t nanoseconds(struct timespec t)
{
	return (int64_t)t.tv_sec * (int64_t)NS_PER_SEC + t.tv_nsec;
}

static struct program_id identify(const struct stat *st)
{
	return (struct program_id){
		.dev = st->st_dev,
		.ino = st->st_ino,
		.size = st->st_size,
		.mtime_ns = nanoseconds(st->st_mtim),
		.ctime_ns = nanoseconds(st->st_ctim),
		.mode = st->st_mode,
	};
}

bool program_same(const struct program_id *a, const struct program_id *b)
{
	return a->dev == b->dev && a->ino == b->ino && a->size == b->size && a->mtime_ns == b->mtime_ns &&
	       a->ctime_ns == b->ctime_ns && a->mode == b->mode;
}

/* May it be executed? If not, errno is what execve(2) would say. */
static bool is_executable(const char *file, struct program_id *id)
{
	struct stat st;
	if (stat(file, &st) < 0)
		return false;
	if (!S_ISREG(st.st_mode)) {
		errno = EACCES;
		return false;
	}
	*id = identify(&st);
	return access(file, X_OK) == 0;
}

bool program_find(const char *name, const char *path, char file[PATH_MAX], struct program_id *id)
{
	if (strchr(name, '/')) {
		size_t size = strlen(name) + 1;
		return size <= PATH_MAX && is_executable(memcpy(file, name, size), id);
	}
	for (const char *rest = *name ? path : NULL; rest; ) {
		if (search_next(&rest, name, file) == 0 && is_executable(file, id))
			return true;
		if (!search_goes_on(errno))
			return false;
	}
	return false;
}

/* A program that gets other privileges than ours ignores what is to be preloaded. */
static bool is_privileged(int fd, mode_t mode)
{
	return mode & (S_ISUID | S_ISGID) || getuid() != geteuid() || getgid() != getegid() ||
	       fgetxattr(fd, "security.capability", NULL, 0) >= 0 || (errno != ENODATA && errno != ENOTSUP);
}

/* Blanks in front go, and those behind. */
static char *trim(char *text)
{
	text += strspn(text, " \t");
	size_t len = strlen(text);
	while (len > 0 && (text[len - 1] == ' ' || text[len - 1] == '\t'))
		len--;
	text[len] = '\0';
	return text;
}

/* The line behind "#!": a path, and all that follows is one argument. */
static bool parse_script(char *line, char interpreter[PATH_MAX])
{
	char *name = trim(line), *argument = name + strcspn(name, " \t");
	if (*argument)
		*argument++ = '\0';
	argument = trim(argument);
	if (*name != '/')
		return false;
	size_t name_size = strlen(name) + 1;
	memcpy(interpreter, name, name_size);
	memcpy(interpreter + name_size, argument, strlen(argument) + 1);
	return true;
}

/* Is it a script? If so, its first line is read, *sound tells whether it was understood. */
static bool is_script(int fd, char interpreter[PATH_MAX], bool *sound)
{
	char start[SCRIPT_LINE_MAX];
	size_t len = 0;
	for (ssize_t n; len < sizeof start; len += (size_t)n) {
		n = fdio_pread(fd, start + len, sizeof start - len, (off_t)len);
		if (n <= 0)
			break;
	}
	if (len < 2 || memcmp(start, "#!", 2) != 0)
		return false;
	char *end = memchr(start, '\n', len);
	*sound = end && !memchr(start, '\0', (size_t)(end - start));
	if (*sound) {
		*end = '\0';
		*sound = parse_script(start + 2, interpreter);
	}
	return true;
}

/* Open a file that was found to be regular, and see that it is the same; it never waits. */
static int open_same(const char *file, const struct program_id *id)
{
	struct stat st;
	if (!S_ISREG(id->mode))
		return -1;
	int fd = open(file, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) < 0) {
		fdio_close(&fd);
		return -1;
	}
	struct program_id now = identify(&st);
	if (!program_same(id, &now))
		fdio_close(&fd);
	return fd;
}

static const char *check_interpreter(const char *file)
{
	struct program_id id;
	int fd = is_executable(file, &id) ? open_same(file, &id) : -1;
	if (fd < 0)
		return "a script whose interpreter cannot be read";
	const char *why = is_privileged(fd, id.mode) ? "a script whose interpreter has privileges" : elf_check(fd);
	fdio_close(&fd);
	return why;
}

const char *program_check(const char *file, const struct program_id *id, char interpreter[PATH_MAX])
{
	bool sound = true;
	interpreter[0] = interpreter[1] = '\0';
	int fd = open_same(file, id);
	if (fd < 0)
		return "not readable, or changed meanwhile";
	const char *why = NULL;
	if (is_privileged(fd, id->mode))
		why = "run with other privileges";
	else if (!is_script(fd, interpreter, &sound))
		why = elf_check(fd);
	else
		why = sound ? check_interpreter(interpreter) : "a script that names no interpreter";
	fdio_close(&fd);
	return why;
}
