/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "base/signals.h"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/report.h"

static sigset_t ignored_at_start;

bool signals_was_ignored(int signo)
{
	return sigismember(&ignored_at_start, signo) == 1;
}

static void look_at(int signo)
{
	struct sigaction now;
	if (sigaction(signo, NULL, &now) == 0 && now.sa_handler == SIG_IGN)
		sigaddset(&ignored_at_start, signo);
}

int signals_open(const int *list, int n)
{
	sigset_t taken;
	sigemptyset(&taken);
	sigemptyset(&ignored_at_start);
	for (int i = 0; i < n; i++) {
		look_at(list[i]);
		/* signalfd would deliver it: a blocked signal is queued even if it is ignored */
		if (!signals_was_ignored(list[i]) || list[i] == SIGCHLD)
			sigaddset(&taken, list[i]);
	}
	if (signals_was_ignored(SIGCHLD))
		signal(SIGCHLD, SIG_DFL);
	if (sigprocmask(SIG_SETMASK, &taken, NULL) < 0)
		return -1;
	return signalfd(-1, &taken, SFD_CLOEXEC | SFD_NONBLOCK);
}

int signals_open_all_blocked(const int *list, int n)
{
	sigset_t taken, all;
	sigemptyset(&taken);
	sigfillset(&all);
	for (int i = 0; i < n; i++)
		sigaddset(&taken, list[i]);
	if (sigprocmask(SIG_SETMASK, &all, NULL) < 0)
		return -1;
	return signalfd(-1, &taken, SFD_CLOEXEC | SFD_NONBLOCK);
}

bool signals_has(uint64_t taken, int signo)
{
	return taken >> (signo - 1) & 1;
}

/* What does not fit is still there, and the fd readable, when we come back. */
uint64_t signals_take(int fd)
{
	struct signalfd_siginfo info[16];
	uint64_t taken = 0;
	ssize_t n = read(fd, info, sizeof info);
	for (ssize_t i = 0; i < n / (ssize_t)sizeof info[0]; i++)
		taken |= UINT64_C(1) << (info[i].ssi_signo - 1);
	return taken;
}

void signals_stop_self(void)
{
	sigset_t stop;
	sigemptyset(&stop);
	sigaddset(&stop, SIGTSTP);
	kill(getpid(), SIGTSTP);
	sigprocmask(SIG_UNBLOCK, &stop, NULL);
	sigprocmask(SIG_BLOCK, &stop, NULL);
}

_Noreturn void signals_die_of(int signo)
{
	sigset_t one;
	sigemptyset(&one);
	sigaddset(&one, signo);
	prctl(PR_SET_DUMPABLE, 0);
	signal(signo, SIG_DFL);
	kill(getpid(), signo);
	sigprocmask(SIG_UNBLOCK, &one, NULL);
	_exit(EXIT_SIGNALLED + signo); /* not reached: the signal was pending */
}
