/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "worker/attempt.h"

#include <errno.h>
#include <paths.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fdio.h"
#include "base/xalloc.h"
#include "process/kin.h"
#include "process/spawn.h"

#define LEAVE_TERM_NS (200 * NS_PER_MS) /* from TERM to KILL for what a finished command left behind */
#define LEAVE_KILL_NS (1 * NS_PER_SEC)  /* from KILL to giving up */
#define END_NS (5 * NS_PER_SEC)         /* the same, when this process itself ends */

void attempt_init(struct attempt *a, struct prefork *prefork)
{
	*a = (struct attempt){.prefork = prefork};
	a->out.rfd = a->out.wfd = a->err.rfd = a->err.wfd = -1;
}

/* The end. */

static bool is_spared(const void *arg, pid_t pid)
{
	const struct attempt *a = arg;
	return kin_has(&a->spared, pid) || prefork_owns(a->prefork, pid);
}

static void be_over(struct attempt *a)
{
	capture_drain(&a->out);
	capture_drain(&a->err);
	a->state = ATTEMPT_OVER;
	if (a->leave || buf_len(&a->escaped) > 0) { /* what cannot be ended is not waited for again */
		buf_reset(&a->spared);
		kin_children(&a->spared);
	}
}

/* A long path is cut from its front: its end tells more. */
static void explain_outside(struct attempt *a, int error)
{
	char *reason = a->outcome.reason;
	const char *why = strerror(error), *shown = a->directory;
	size_t room = sizeof a->outcome.reason - sizeof "cannot enter '...': " - strlen(why), len = strlen(shown);
	if (len > room)
		shown += len - room;
	while (shown > a->directory && (*shown & 0xc0) == 0x80) /* no half of a character in UTF-8 */
		shown++;
	snprintf(reason, sizeof a->outcome.reason, "cannot enter '%s%s': %s", shown > a->directory ? "..." : "", shown, why);
}

/* A directory that cannot be entered says nothing of the command: the code, which would, stays 0. */
static void note_unstarted(struct attempt *a, struct spawn_result s)
{
	bool is_shortage = spawn_is_shortage(s.error);
	a->outcome.kind = is_shortage ? OUTCOME_NO_RESOURCES : OUTCOME_NOT_STARTED;
	if (s.outside && !is_shortage)
		explain_outside(a, s.error);
	else
		a->outcome.code = s.error;
}

static void be_over_unstarted(struct attempt *a, struct spawn_result s)
{
	capture_close(&a->out);
	capture_close(&a->err);
	note_unstarted(a, s);
	be_over(a);
}

static uint64_t micros(struct timeval t)
{
	return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_usec;
}

static void record_end(struct attempt *a, int status, const struct rusage *usage)
{
	struct outcome *o = &a->outcome;
	if (o->kind != OUTCOME_TERMINAL) {
		o->kind = WIFSIGNALED(status) ? OUTCOME_SIGNALLED : OUTCOME_EXITED;
		o->code = WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status);
	}
	if (a->executed && spawn_late_result().error != 0) {
		o->code = 0;
		note_unstarted(a, spawn_late_result());
	}
	o->pid = a->pid;
	o->runtime_ns = clock_ns() - a->started_ns;
	o->utime_us = micros(usage->ru_utime);
	o->stime_us = micros(usage->ru_stime);
	o->maxrss_kib = (uint64_t)usage->ru_maxrss;
}

/* Only RUNNING has a process group that is surely ours: its leader is not reaped. */
void attempt_signal(struct attempt *a, int signo)
{
	if (a->state == ATTEMPT_RUNNING)
		kill(-a->pid, signo);
	a->told_to_end |= signo == SIGTERM || signo == SIGKILL;
	if (signo != SIGKILL)
		return;
	a->killing = true;
	a->leave_until_ns = clock_ns() + LEAVE_KILL_NS;
	kin_signal(SIGKILL, is_spared, a, NULL);
}

/* It waits for a terminal that it will not get. */
static void end_stopped(struct attempt *a, int signo)
{
	if (signo != SIGTTIN && signo != SIGTTOU)
		return;
	a->outcome.kind = OUTCOME_TERMINAL;
	a->outcome.code = signo;
	attempt_signal(a, SIGKILL);
}

/* Leftovers: TERM, 200 ms, KILL, a second, and their names to the user. */

static void signal_leftovers(struct attempt *a)
{
	if (a->killing)
		kin_signal(SIGKILL, is_spared, a, NULL);
	else
		kin_ask_to_end(is_spared, a, &a->told);
}

static void name_escaped(struct attempt *a)
{
	buf_adds(&a->escaped, "these processes cannot be ended:");
	size_t killed = kin_signal(SIGKILL, is_spared, a, &a->escaped);
	if (killed > 0)
		buf_addf(&a->escaped, " %zu that do not die of SIGKILL", killed);
}

void attempt_press(struct attempt *a)
{
	uint64_t now = clock_ns();
	if (a->state != ATTEMPT_LEAVING || now < a->leave_until_ns)
		return;
	if (a->killing) {
		name_escaped(a);
		be_over(a);
		return;
	}
	a->killing = true;
	a->leave_until_ns = now + LEAVE_KILL_NS;
	signal_leftovers(a);
}

/* Reap what has died. Sets *ended if the command's own process is among it; returns whether any are left
 * that are not spared. */
static bool reap_all(struct attempt *a, bool *ended)
{
	int status;
	struct rusage usage;
	pid_t pid;
	while ((pid = wait4(-1, &status, WNOHANG | WUNTRACED, &usage)) > 0) {
		if (a->state != ATTEMPT_RUNNING || pid != a->pid) {
			if (!WIFSTOPPED(status))
				prefork_reaped(a->prefork, pid);
			continue;
		}
		if (WIFSTOPPED(status)) {
			end_stopped(a, WSTOPSIG(status));
			continue;
		}
		record_end(a, status, &usage);
		*ended = true;
	}
	bool spares = buf_len(&a->spared) > 0 || a->prefork->n_templates > 0;
	return pid == 0 && (!spares || kin_signal(0, is_spared, a, NULL) > 0);
}

void attempt_reap(struct attempt *a)
{
	bool ended = a->state == ATTEMPT_LEAVING;
	bool left = reap_all(a, &ended);
	if (!ended)
		return;
	if (!left || (a->leave && !a->told_to_end)) {
		be_over(a);
		return;
	}
	if (a->state == ATTEMPT_RUNNING) {
		buf_reset(&a->told);
		if (!a->killing)
			a->leave_until_ns = clock_ns() + LEAVE_TERM_NS;
	}
	a->state = ATTEMPT_LEAVING;
	signal_leftovers(a);
}

/* The beginning. */

static int open_captures(struct attempt *a, const struct attempt_spec *spec)
{
	if (!spec->capture)
		return 0;
	if (capture_open(&a->out, spec->to_err ? 2 : 1) < 0 || capture_open(&a->err, 2) < 0)
		return -1;
	return 0;
}

/* What the command reads; -1 and errno. */
static int open_input(const struct attempt_spec *spec)
{
	int rfd = spec->stdin_fd;
	if (!spec->input_wfd || (fdio_pipe(&rfd, spec->input_wfd) == 0 && fdio_set_nonblocking(*spec->input_wfd) == 0))
		return rfd;
	return -1;
}

/* Room for `most` words and the NULL behind them; one writable place stays free before argv[0]. */
static char **argv_room(struct attempt *a, size_t most)
{
	buf_reset(&a->argv_space);
	return (char **)(void *)buf_room(&a->argv_space, (most + 2) * sizeof(char *)) + 1;
}

static char **argv_of_words(struct attempt *a, char *words, size_t n_words)
{
	char **argv = argv_room(a, n_words);
	for (size_t i = 0; i < n_words; i++, words += strlen(words) + 1)
		argv[i] = words;
	argv[n_words] = NULL;
	return argv;
}

static char **argv_of_split(struct attempt *a, char *text)
{
	char **argv = argv_room(a, strlen(text) / 2 + 1);
	size_t n = 0;
	for (char *word; (word = strsep(&text, " \t")); )
		if (*word)
			argv[n++] = word;
	argv[n] = NULL;
	return argv;
}

static struct spawn_result start_command(struct attempt *a, const struct attempt_spec *spec,
					 const struct spawn_request *r)
{
	pid_t copy = spec->prefork ? prefork_start(a->prefork, r) : 0;
	a->executed = copy == 0;
	if (copy > 0)
		return (struct spawn_result){.pid = copy};
	struct spawn_result s = spawn(r);
	bool again = s.pid < 0 && spawn_is_shortage(s.error) && prefork_yield(a->prefork);
	return again ? spawn(r) : s;
}

static struct spawn_result spawn_shell(struct attempt *a, const struct attempt_spec *spec, struct spawn_request *r)
{
	/* "--" where the text could be taken for an option; elsewhere ps shows what people expect */
	char *text = spec->words;
	bool dashed = *text == '-' || *text == '+';
	char *shell[] = {NULL, (char *)"sh", (char *)"-c", dashed ? (char *)"--" : text, dashed ? text : NULL, NULL};
	if (!spec->direct) {
		r->file = _PATH_BSHELL;
		r->argv = shell + 1;
		return start_command(a, spec, r);
	}
	char *copy = xstrdup(text);
	r->argv = argv_of_split(a, copy);
	r->fallback_argv = shell + 1;
	if (!r->argv[0])
		r->argv[0] = (char *)""; /* blanks only: nothing is found, and the shell has its turn */
	struct spawn_result result = start_command(a, spec, r);
	free(copy);
	return result;
}

static struct spawn_result spawn_words(struct attempt *a, const struct attempt_spec *spec, struct spawn_request *r)
{
	r->argv = argv_of_words(a, spec->words, spec->n_words);
	return start_command(a, spec, r);
}

void attempt_start(struct attempt *a, const struct attempt_spec *spec)
{
	a->killing = a->told_to_end = false;
	a->outcome = (struct outcome){.kind = OUTCOME_EXITED};
	a->directory = spec->directory;
	int stdin_fd = open_captures(a, spec) < 0 ? -1 : open_input(spec);
	if (stdin_fd < 0) {
		be_over_unstarted(a, (struct spawn_result){.pid = -1, .error = errno});
		return;
	}
	struct spawn_request r = {
		.envp = spec->envp,
		.path = spec->path,
		.directory = spec->directory,
		.stdin_fd = stdin_fd,
		.stdout_fd = a->out.wfd >= 0 ? a->out.wfd : spec->to_err ? spec->stderr_fd : spec->stdout_fd,
		.stderr_fd = a->err.wfd >= 0 ? a->err.wfd : spec->stderr_fd,
	};
	a->started_ns = clock_ns();
	struct spawn_result s = spec->shell ? spawn_shell(a, spec, &r) : spawn_words(a, spec, &r);
	if (spec->input_wfd)
		fdio_close(&stdin_fd);
	if (s.pid < 0) {
		be_over_unstarted(a, s);
		return;
	}
	capture_started(&a->out);
	capture_started(&a->err);
	a->pid = s.pid;
	a->state = ATTEMPT_RUNNING;
}

void attempt_rest(struct attempt *a)
{
	buf_reset(&a->out.held);
	buf_reset(&a->err.held);
	buf_reset(&a->escaped);
	a->state = ATTEMPT_IDLE;
}

void attempt_clear(struct attempt *a)
{
	if (a->state == ATTEMPT_RUNNING)
		kill(-a->pid, SIGKILL);
	kin_end(is_spared, a, END_NS, NULL); /* what is left then is named by forkpool, whose child it becomes */
	capture_close(&a->out);
	capture_close(&a->err);
	buf_clear(&a->out.held);
	buf_clear(&a->err.held);
	buf_clear(&a->escaped);
	buf_clear(&a->spared);
	buf_clear(&a->told);
	buf_clear(&a->argv_space);
}
