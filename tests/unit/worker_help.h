/* SPDX-License-Identifier: MIT
 *
 * worker_help: a worker, driven through its channel by the test in place of a pool. Tasks are ordered by FIFOs in the
 * directory $D, which the test holds open: `go` and `ready` are written to release a reader, `never` is not, and
 * `alive` is held open for writing by those whose end is of interest.
 */
#ifndef WORKER_HELP_H
#define WORKER_HELP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/buf.h"
#include "process/spawn.h"
#include "proto/channel.h"
#include "task/outcome.h"

extern struct spawn_origin worker_origin;
extern struct channel channel; /* to the worker */
extern pid_t worker;           /* 0: it has been reaped */
extern int (*in_worker)(void); /* called there before it serves; 0: go on */
extern int marks_fd;           /* for what it begins, opened by that; -1: none */
extern int alive_fd, go_fd, ready_fd, never_fd;
extern struct buf output[3];   /* of streams 1 and 2 */
extern unsigned output_frames; /* that DONE did not hold */

void worker_help_set_up(void);
void worker_help_tear_down(void);

/* Fork it; and bring it to READY. */
void start_worker(void);
void start_ready_worker(uint8_t flags);

/* The same for one that gives its tasks to a worker command. */
void start_coworker(const char *command);

/* Wait for its end. What it still says is passed over. */
void expect_end(int status);

/* End its channel, and wait. */
void end_worker(void);

/* Talking to it. A task's `words` have a NUL behind each, and `len` counts them all; send_task sends shell text. */
void send_msg(const struct msg *m);
void send_setup(uint8_t flags, int niceness, const char *initializer);
struct msg task_of(uint64_t seq, uint8_t flags, const char *words, size_t len);
void send_task(uint64_t seq, const char *text);
void send_signal(uint64_t seq, int signo);
void send_revoke(uint64_t seq);

/* The next message that is no remark, and of which type it must be; borrowed until the next call. */
const struct msg *receive(void);
const struct msg *expect(enum msg_type type);
void expect_revoked(uint64_t seq);
void expect_started(uint64_t seq);

/* Add what an OUTPUT of task `seq` holds to `output`. */
void take_output(const struct msg *m, uint64_t seq);

/* All up to the DONE of that task; what it wrote is in `output` then. */
const struct msg *expect_done(uint64_t seq, enum outcome_kind kind, int code);
void assert_output(int stream, const char *expected);

/* FIFOs. */

/* The beginning of tasks whose end is of interest, and who say so; what waits for ever; and a task with a child
 * elsewhere, both deaf. */
#define ALIVE "exec 9>$D/alive; echo >&9; "
#define FOR_EVER "read x <$D/never"
#define STUBBORN ALIVE "trap '' TERM; setsid sh -c 'echo >&9; " FOR_EVER "' & " FOR_EVER

void release(int fd);
void wait_until_alive(void);
bool is_somebody_alive(void);
void wait_until_all_are_gone(void);

/* Send a STUBBORN task as number 1, and wait until it runs. */
void start_stubborn_task(void);

#endif
