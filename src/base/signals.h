/* SPDX-License-Identifier: MIT
 *
 * signals: taken through one fd, never by handlers. Dispositions stay as forkpool found them, so that
 * commands inherit them untouched; a signal that was ignored stays ignored. SIGCHLD alone is
 * set to its default, since nothing can be waited for while it is ignored.
 */
#ifndef BASE_SIGNALS_H
#define BASE_SIGNALS_H

#include <stdbool.h>
#include <stdint.h>

/* Block the `n` signals of the list, and read them from the returned fd (close-on-exec, non-blocking).
 * Those that are ignored now are left out, but for SIGCHLD. -1 and errno. */
int signals_open(const int *list, int n);

/* In a forked worker: block every signal, and read the `n` of the list from the returned fd. */
int signals_open_all_blocked(const int *list, int n);

/* The signals that have arrived, as bits: 1 << (signo - 1). */
uint64_t signals_take(int fd);
bool signals_has(uint64_t taken, int signo);

/* Was this signal ignored when signals_open looked? */
bool signals_was_ignored(int signo);

/* Stop this process as Ctrl-Z does, SIGTSTP being blocked; returns when it goes on, at once where nobody
 * could continue it (an orphaned process group). */
void signals_stop_self(void);

/* End this process as that signal does, with no core file. */
_Noreturn void signals_die_of(int signo);

#endif
