/* SPDX-License-Identifier: MIT
 *
 * program: which file a command is, whether it still is that file, and whether it may be started from a template,
 * a process of it that waits in front of main. Knows files, and nothing of processes. Wherever there is a doubt the
 * answer is no: then the command is executed as ever.
 */
#ifndef PROCESS_PROGRAM_H
#define PROCESS_PROGRAM_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* A file in one state: writing to it, changing its mode or putting another in its place makes another program. */
struct program_id {
	dev_t dev;
	ino_t ino;
	off_t size;
	int64_t mtime_ns, ctime_ns; /* since the Epoch */
	mode_t mode;
};

/* The file that execvp(3) would execute for argv[0] = `name`, searched for in `path` as spawn does, if its format
 * lets it. Relative to the current directory where `name` or the entry of `path` is. False: there is none, or it
 * cannot be told. One stat an entry, and one access. */
bool program_find(const char *name, const char *path, char file[PATH_MAX], struct program_id *id);

bool program_same(const struct program_id *a, const struct program_id *b);

/* NULL if a template can stand for this file, which must still be as `id` says: it runs with this process's own
 * privileges, and elf_check has no objection. Else a static text for why not, like "statically linked".
 *
 * A script is asked for its interpreter, whose absolute path is written to `interpreter`, behind its NUL the optional
 * argument of the "#!" line, "" if there is none, and a second NUL. Such a script runs as INTERPRETER [ARGUMENT]
 * FILE ARGUMENTS…, and is sound only as long as the interpreter, too, stays the same: program_find knows that one.
 * For all else `interpreter` is "". Source: execve(2). */
const char *program_check(const char *file, const struct program_id *id, char interpreter[PATH_MAX]);

#endif
