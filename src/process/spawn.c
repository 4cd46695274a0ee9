/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "process/spawn.h"

#include <errno.h>
#include <limits.h>
#include <paths.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/wait.h"
#include "process/search.h"

/* Where a child that cannot exec says why. Shared memory and not a pipe: it costs no system call, and
 * it also works where vfork is a fork (valgrind). */
static volatile struct {
	int error; /* 0: it was executed */
	bool outside;
} *child;
static const struct spawn_origin *origin;
static pid_t self;
static bool has_niceness;
static int niceness;

int spawn_init(const struct spawn_origin *o)
{
	void *page = mmap(NULL, sizeof *child, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (page == MAP_FAILED)
		return -1;
	child = page;
	origin = o;
	self = getpid();
	return 0;
}

/* A niceness that is lower needs a permission, which trying tells best; going back needs none. */
int spawn_nice(int increment)
{
	errno = 0;
	int own = getpriority(PRIO_PROCESS, 0);
	if (own == -1 && errno != 0)
		return -1;
	int wanted = increment < -20 - own ? -20 : increment > 19 - own ? 19 : own + increment;
	if (wanted < own && (setpriority(PRIO_PROCESS, 0, wanted) < 0 || setpriority(PRIO_PROCESS, 0, own) < 0))
		return -1;
	has_niceness = true;
	niceness = wanted;
	return 0;
}

/* From here to the end of spawn_child: the child of a vfork. Only async-signal-safe calls, and nothing
 * written that the parent still reads, but for `child` and argv. */

static _Noreturn void give_up(void)
{
	child->error = errno;
	_exit(127);
}

static void enter(const char *directory)
{
	child->outside = chdir(directory) < 0;
	if (child->outside)
		give_up();
}

static int move_fd(int from, int to)
{
	return from == to ? 0 : dup2(from, to);
}

int spawn_restore(const struct spawn_origin *o)
{
	if (o->nofile_raised && setrlimit(RLIMIT_NOFILE, &o->nofile) < 0)
		return -1;
	struct sigaction ignore = {.sa_handler = SIG_IGN};
	if (o->sigchld_ignored && sigaction(SIGCHLD, &ignore, NULL) < 0)
		return -1;
	return 0;
}

static void set_up(const struct spawn_request *r)
{
	if (setpgid(0, 0) < 0 || prctl(PR_SET_PDEATHSIG, SIGKILL) < 0)
		give_up();
	if (getppid() != self) /* it died before the death signal was asked for */
		_exit(127);
	if (move_fd(r->stdin_fd, 0) < 0 || move_fd(r->stdout_fd, 1) < 0 || move_fd(r->stderr_fd, 2) < 0)
		give_up();
	if (spawn_restore(origin) < 0)
		give_up();
	if (r->directory)
		enter(r->directory);
	if (has_niceness && setpriority(PRIO_PROCESS, 0, niceness) < 0)
		give_up();
	/* Last: a stop that was typed at the terminal before setpgid must not hit a half-born child. */
	sigset_t none;
	sigemptyset(&none);
	if (sigprocmask(SIG_SETMASK, &none, NULL) < 0)
		give_up();
}

static void execute_file(const char *file, const struct spawn_request *r)
{
	execve(file, r->argv, r->envp);
	if (errno != ENOEXEC || r->fallback_argv)
		return;
	r->argv[-1] = (char *)"sh";
	r->argv[0] = (char *)file;
	execve(_PATH_BSHELL, r->argv - 1, r->envp);
}

static void execute_in_path(const char *name, const struct spawn_request *r)
{
	char file[PATH_MAX];
	bool refused = false;
	for (const char *rest = r->path; rest; ) {
		if (search_next(&rest, name, file) == 0)
			execute_file(file, r);
		if (!search_goes_on(errno))
			return;
		refused |= errno == EACCES;
	}
	errno = refused ? EACCES : ENOENT;
}

static _Noreturn void spawn_child(const struct spawn_request *r)
{
	set_up(r);
	const char *name = r->file ? r->file : r->argv[0];
	if (strchr(name, '/'))
		execute_file(name, r);
	else if (*name)
		execute_in_path(name, r);
	else
		errno = ENOENT;
	if (r->fallback_argv)
		execve(_PATH_BSHELL, r->fallback_argv, r->envp);
	give_up();
}

struct spawn_result spawn_late_result(void)
{
	return (struct spawn_result){.pid = -1, .error = child->error, .outside = child->outside};
}

/* A child that did not get to run its command has already exited, or is about to. */
static struct spawn_result spawn_confirm(pid_t pid)
{
	if (child->error == 0)
		return (struct spawn_result){.pid = pid};
	wait_for_child(pid);
	return spawn_late_result();
}

bool spawn_is_shortage(int error)
{
	return error == EAGAIN || error == ENOMEM || error == EMFILE || error == ENFILE;
}

struct spawn_result spawn(const struct spawn_request *request)
{
	child->error = 0;
	child->outside = false;
	pid_t pid = vfork();
	if (pid == 0)
		spawn_child(request);
	if (pid < 0)
		return (struct spawn_result){.pid = -1, .error = errno};
	return spawn_confirm(pid);
}
