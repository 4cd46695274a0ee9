/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "worker/guard.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/array.h"
#include "base/signals.h"
#include "base/wait.h"
#include "base/xalloc.h"
#include "process/fds.h"
#include "process/kin.h"
#include "worker/attempt.h"

/* What forkpool asks of a guard, and what the command gets: a guard itself must not be stopped or killed. */
static const struct {
	int asked, sent;
} signals[] = {
	{SIGTERM, SIGTERM},
	{SIGQUIT, SIGKILL},
	{SIGUSR1, SIGSTOP},
	{SIGUSR2, SIGCONT},
};

enum { N_SIGNALS = ARRAY_LEN(signals) };

void guard_signal(pid_t guard, int signo)
{
	for (int i = 0; i < N_SIGNALS; i++)
		if (signals[i].sent == signo)
			kill(guard, signals[i].asked);
}

static void pass_on(struct attempt *a, uint64_t taken)
{
	for (int i = 0; i < N_SIGNALS; i++)
		if (signals_has(taken, signals[i].asked))
			attempt_signal(a, signals[i].sent);
}

/* False: forkpool is dead. */
static bool guard_turn(struct attempt *a, int signal_fd, pid_t parent)
{
	int wait_ms = a->state == ATTEMPT_LEAVING ? 10 : -1;
	struct pollfd p = {.fd = signal_fd, .events = POLLIN};
	if (wait_for_fds(&p, 1, wait_ms) > 0)
		pass_on(a, signals_take(signal_fd));
	attempt_reap(a);
	attempt_press(a);
	return getppid() == parent;
}

static _Noreturn void end_as(const struct outcome *o)
{
	if (o->kind == OUTCOME_SIGNALLED)
		signals_die_of(o->code);
	_exit(o->kind == OUTCOME_EXITED ? o->code : 126);
}

static _Noreturn void guard_run(const struct guard_spec *spec, pid_t parent)
{
	int asked[N_SIGNALS + 1] = {SIGCHLD};
	for (int i = 0; i < N_SIGNALS; i++)
		asked[i + 1] = signals[i].asked;
	setpgid(0, 0);
	fds_close_others((int[]){spec->stdin_fd, spec->stdout_fd, spec->stderr_fd}, 3);
	int signal_fd = signals_open_all_blocked(asked, N_SIGNALS + 1);
	if (signal_fd < 0 || kin_init() < 0 || spawn_init(spec->origin) < 0 || kin_die_with(parent, SIGTERM) < 0)
		_exit(126);

	struct attempt a;
	struct prefork none = {0};
	attempt_init(&a, &none);
	a.leave = spec->leave;
	attempt_start(&a, &(struct attempt_spec){
		.words = xstrdup(spec->command), .n_words = 1, .shell = true, .envp = spec->envp,
		.stdin_fd = spec->stdin_fd, .stdout_fd = spec->stdout_fd, .stderr_fd = spec->stderr_fd});
	bool alone = false;
	while (a.state != ATTEMPT_OVER && !alone)
		alone = !guard_turn(&a, signal_fd, parent);
	struct outcome outcome = a.outcome;
	if (!spec->leave || alone)
		attempt_clear(&a);
	end_as(&outcome);
}

pid_t guard_start(const struct guard_spec *spec)
{
	pid_t parent = getpid();
	fflush(NULL);
	pid_t pid = fork();
	if (pid == 0)
		guard_run(spec, parent);
	return pid;
}
