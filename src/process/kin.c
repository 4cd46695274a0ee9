/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "process/kin.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fdio.h"

enum { EXEC_MS = 50 }; /* while a process executes a program, its environment is not there to be read */
enum { ANCESTORS_MAX = 1000 }; /* a chain that is read while it changes could lead anywhere */

static int list_fd = -1; /* kept open since kin_keep_list */

int kin_init(void)
{
	return prctl(PR_SET_CHILD_SUBREAPER, 1);
}

int kin_die_with(pid_t parent, int signo)
{
	if (prctl(PR_SET_PDEATHSIG, signo) < 0)
		return -1;
	if (getppid() == parent)
		return 0;
	errno = ESRCH;
	return -1;
}

/* The whole of a small file in /proc with a NUL behind it; -1 if it cannot be read. */
static int read_proc(const char *path, struct buf *text)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -1;
	ssize_t n;
	while ((n = fdio_read(fd, buf_room(text, 4096), 4096)) > 0)
		buf_grew(text, (size_t)n);
	fdio_close(&fd);
	buf_addc(text, '\0');
	return n < 0 ? -1 : 0;
}

static void add_pid(struct buf *pids, pid_t pid)
{
	buf_add(pids, &pid, sizeof pid);
}

static int open_list(void)
{
	return open("/proc/thread-self/children", O_RDONLY | O_CLOEXEC);
}

void kin_keep_list(void)
{
	fdio_close(&list_fd);
	list_fd = open_list();
}

/* In one piece, or in several: it can be longer than what is read at a time. -1 if there is none. */
static int read_list(int fd, struct buf *text)
{
	ssize_t n;
	while ((n = fdio_pread(fd, buf_room(text, 4096), 4096, (off_t)buf_len(text))) > 0)
		buf_grew(text, (size_t)n);
	buf_addc(text, '\0');
	return n < 0 ? -1 : 0;
}

static int children_from_list(int fd, struct buf *pids)
{
	struct buf text = {0};
	int r = read_list(fd, &text);
	char *p = r < 0 ? NULL : buf_head(&text);
	for (char *end; p && *p; p = end) {
		long pid = strtol(p, &end, 10);
		if (end == p)
			break;
		add_pid(pids, (pid_t)pid);
	}
	buf_clear(&text);
	return r;
}

/* State and parent stand behind the name, which may hold anything, ")" included. The state of one that is gone is X. */
static pid_t parent_of(pid_t pid, char *state)
{
	struct buf text = {0};
	char path[64];
	int parent = -1;
	*state = 'X';
	snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
	if (read_proc(path, &text) == 0) {
		const char *p = strrchr(buf_head(&text), ')');
		if (p && sscanf(p, ") %c %d", state, &parent) != 2)
			parent = -1;
	}
	buf_clear(&text);
	return parent;
}

bool kin_is_dead(pid_t pid)
{
	char state;
	parent_of(pid, &state);
	return state == 'Z' || state == 'X';
}

/* For kernels without CONFIG_PROC_CHILDREN. */
static void children_from_scan(pid_t parent, struct buf *pids)
{
	DIR *proc = opendir("/proc");
	if (!proc)
		return;
	for (struct dirent *e; (e = readdir(proc)); ) {
		char state;
		pid_t pid = isdigit((unsigned char)e->d_name[0]) ? (pid_t)atoi(e->d_name) : 0;
		if (pid > 0 && parent_of(pid, &state) == parent)
			add_pid(pids, pid);
	}
	closedir(proc);
}

void kin_children(struct buf *pids)
{
	int fd = list_fd >= 0 ? list_fd : open_list();
	if (children_from_list(fd, pids) < 0)
		children_from_scan(getpid(), pids);
	if (fd != list_fd)
		fdio_close(&fd);
}

/* Of another process, which has one thread. */
static void children_of(pid_t parent, struct buf *pids)
{
	char path[64];
	snprintf(path, sizeof path, "/proc/%d/task/%d/children", (int)parent, (int)parent);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (children_from_list(fd, pids) < 0)
		children_from_scan(parent, pids);
	fdio_close(&fd);
}

pid_t kin_ancestor(pid_t pid, bool (*is_ours)(const void *arg, pid_t pid), const void *arg)
{
	char state;
	for (int n = 0; pid > 0 && n < ANCESTORS_MAX; n++, pid = parent_of(pid, &state))
		if (is_ours(arg, pid))
			return pid;
	return 0;
}

static size_t count_of(const struct buf *pids)
{
	return buf_len(pids) / sizeof(pid_t);
}

static pid_t nth(const struct buf *pids, size_t i)
{
	pid_t pid;
	memcpy(&pid, buf_head(pids) + i * sizeof pid, sizeof pid);
	return pid;
}

bool kin_has(const struct buf *pids, pid_t pid)
{
	for (size_t i = 0; i < count_of(pids); i++)
		if (nth(pids, i) == pid)
			return true;
	return false;
}

static void add_name(struct buf *out, pid_t pid)
{
	struct buf text = {0};
	char path[64];
	snprintf(path, sizeof path, "/proc/%d/comm", (int)pid);
	bool known = read_proc(path, &text) == 0;
	buf_addf(out, " %.*s (%d)", known ? (int)strcspn(buf_head(&text), "\n") : 1, known ? buf_head(&text) : "?",
		 (int)pid);
	buf_clear(&text);
}

size_t kin_signal(int signo, bool (*spare)(const void *arg, pid_t pid), const void *arg, struct buf *escaped)
{
	struct buf pids = {0};
	size_t counted = 0;
	kin_children(&pids);
	for (size_t i = 0; i < count_of(&pids); i++) {
		pid_t pid = nth(&pids, i);
		if (spare && spare(arg, pid))
			continue;
		bool forbidden = kill(pid, signo) < 0 && errno == EPERM;
		counted += !forbidden;
		if (forbidden && escaped)
			add_name(escaped, pid);
	}
	buf_clear(&pids);
	return counted;
}

void kin_ask_to_end(bool (*spare)(const void *arg, pid_t pid), const void *arg, struct buf *told)
{
	struct buf pids = {0};
	kin_children(&pids);
	for (size_t i = 0; i < count_of(&pids); i++) {
		pid_t pid = nth(&pids, i);
		if (kin_has(told, pid) || (spare && spare(arg, pid)))
			continue;
		kill(pid, SIGTERM);
		kill(pid, SIGCONT);
	}
	buf_clear(told);
	*told = pids;
}

/* Reap by pid, since children that are spared must stay as they are, dead ones too. */
void kin_reap(bool (*spare)(const void *arg, pid_t pid), const void *arg)
{
	struct buf pids = {0};
	kin_children(&pids);
	for (size_t i = 0; i < count_of(&pids); i++) {
		pid_t pid = nth(&pids, i);
		if (!spare || !spare(arg, pid))
			waitpid(pid, NULL, WNOHANG);
	}
	buf_clear(&pids);
}

/* 1: yes; 0: no; -1: it cannot be read, or there is nothing yet. */
static int has_entry(pid_t pid, const char *entry)
{
	struct buf text = {0};
	char path[64];
	int found = -1;
	snprintf(path, sizeof path, "/proc/%d/environ", (int)pid);
	if (read_proc(path, &text) == 0 && buf_len(&text) > 1) {
		const char *p = buf_head(&text), *end = p + buf_len(&text);
		for (found = 0; p < end && !found; p += strlen(p) + 1)
			found = strcmp(p, entry) == 0;
	}
	buf_clear(&text);
	return found;
}

bool kin_started_with(pid_t pid, const char *entry)
{
	int found;
	for (int ms = 0; (found = has_entry(pid, entry)) < 0 && ms < EXEC_MS && !kin_is_dead(pid); ms++)
		poll(NULL, 0, 1);
	return found > 0;
}

pid_t kin_child_started_with(pid_t parent, const char *entry)
{
	struct buf pids = {0};
	pid_t found = 0;
	children_of(parent, &pids);
	for (size_t i = 0; i < count_of(&pids) && found == 0; i++)
		if (has_entry(nth(&pids, i), entry) > 0)
			found = nth(&pids, i);
	buf_clear(&pids);
	return found;
}

/* After SIGKILL and all the time that was allowed: another user's, or one that the kernel does not let go. */
static void name_children(bool (*spare)(const void *arg, pid_t pid), const void *arg, struct buf *escaped)
{
	struct buf pids = {0};
	kin_children(&pids);
	for (size_t i = 0; i < count_of(&pids); i++)
		if (!spare || !spare(arg, nth(&pids, i)))
			add_name(escaped, nth(&pids, i));
	buf_clear(&pids);
}

void kin_end(bool (*spare)(const void *arg, pid_t pid), const void *arg, unsigned long long bound_ns,
	     struct buf *escaped)
{
	unsigned long long until = clock_ns() + bound_ns;
	while (kin_signal(SIGKILL, spare, arg, NULL) > 0 && clock_ns() < until) {
		kin_reap(spare, arg);
		poll(NULL, 0, 1); /* a killed process takes a moment to die, and its children to come here */
	}
	kin_reap(spare, arg);
	if (escaped)
		name_children(spare, arg, escaped);
}
