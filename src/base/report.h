/* SPDX-License-Identifier: MIT
 *
 * report: what forkpool says about itself, on stderr, as "forkpool: ..." lines.
 *
 * Every line is at most REPORT_LINE_MAX bytes, its newline included, and has control bytes shown as
 * \n, \t or \xHH, so that no task's name can write to a terminal. errno survives every call.
 * Who may call what: bug anywhere; die_* only what is in no layer (main, run, ...), cli, client and what serves
 * them here (xalloc, optarg, optscan, helptext); warn_* the same and the layers that hold policy (pool, observe); everything below
 * returns -1 and errno and is silent.
 */
#ifndef BASE_REPORT_H
#define BASE_REPORT_H

#include <stddef.h>

#define REPORT_LINE_MAX 512

/* The exit statuses that forkpool itself chooses, and those that it tells of tasks, as a shell does; the contract is in the
 * man page, EXIT STATUS. */
enum exit_status {
	EXIT_OK = 0,
	EXIT_USAGE = 2,
	EXIT_LOCKED = 75,
	EXIT_TASK_FAILED = 123,
	EXIT_HALTED = 124,
	EXIT_FORKPOOL = 125,
	EXIT_CANNOT_EXEC = 126,
	EXIT_NOT_FOUND = 127,
	EXIT_SIGNALLED = 128, /* and the number of the signal */
};

/* From now on finished lines go to `write_line` (with its newline) and not straight to fd 2.
 * NULL gives fd 2 back. die_* and bug write to fd 2 in any case: nobody would flush a queue after them, and
 * write_line may allocate. */
void report_divert(void (*write_line)(void *arg, const char *line, size_t len), void *arg);

void warn_msg(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* As warn_msg, with ": " and the text of errno behind it. */
void warn_sys(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* Print and exit with `status`. */
_Noreturn void die_msg(int status, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
_Noreturn void die_sys(int status, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Exit 2 with the message and a pointer to help: 'forkpool --help', or what report_set_help said (borrowed for good). */
_Noreturn void die_usage(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void report_set_help(const char *command);

/* A broken invariant of ours: print and abort. */
#define bug(...) report_bug(__FILE__, __LINE__, __VA_ARGS__)
_Noreturn void report_bug(const char *file, int line, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* Copy `n` bytes of `text` to `out` with control bytes escaped, at most `size` - 1 bytes and a NUL;
 * cut text ends in "...". Returns the length written. */
size_t report_escape(char *out, size_t size, const char *text, size_t n);

/* The same with all that is not ASCII escaped, for what goes into a mail. */
size_t report_escape_ascii(char *out, size_t size, const char *text, size_t n);

#endif
