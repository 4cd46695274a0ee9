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

static int children_from_list(struct buf *pids)
{
	struct buf text = {0};
	char path[64];
	snprintf(path, sizeof path, "/proc/self/task/%d/children", (int)getpid());
	int r = read_proc(path, &text);
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

/* The parent's pid stands behind the name, which may hold anything, ")" included. */
static pid_t parent_of(pid_t pid)
{
	struct buf text = {0};
	char path[64];
	int parent = -1;
	snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
	if (read_proc(path, &text) == 0) {
		const char *p = strrchr(buf_head(&text), ')');
		if (p && sscanf(p, ") %*c %d", &parent) != 1)
			parent = -1;
	}
	buf_clear(&text);
	return parent;
}

/* For kernels without CONFIG_PROC_CHILDREN. */
static void children_from_scan(struct buf *pids)
{
	DIR *proc = opendir("/proc");
	if (!proc)
		return;
	for (struct dirent *e; (e = readdir(proc)); ) {
		pid_t pid = isdigit((unsigned char)e->d_name[0]) ? (pid_t)atoi(e->d_name) : 0;
		if (pid > 0 && parent_of(pid) == getpid())
			add_pid(pids, pid);
	}
	closedir(proc);
}

void kin_children(struct buf *pids)
{
	if (children_from_list(pids) < 0)
		children_from_scan(pids);
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
	const char *p = buf_head(&pids);
	for (size_t i = 0; i < buf_len(&pids) / sizeof(pid_t); i++) {
		pid_t pid;
		memcpy(&pid, p + i * sizeof pid, sizeof pid);
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

/* Reap by pid, since children that are spared must stay as they are, dead ones too. */
void kin_reap(bool (*spare)(const void *arg, pid_t pid), const void *arg)
{
	struct buf pids = {0};
	kin_children(&pids);
	const char *p = buf_head(&pids);
	for (size_t i = 0; i < buf_len(&pids) / sizeof(pid_t); i++) {
		pid_t pid;
		memcpy(&pid, p + i * sizeof pid, sizeof pid);
		if (!spare || !spare(arg, pid))
			waitpid(pid, NULL, WNOHANG);
	}
	buf_clear(&pids);
}

bool kin_started_with(pid_t pid, const char *entry)
{
	struct buf text = {0};
	char path[64];
	bool found = false;
	snprintf(path, sizeof path, "/proc/%d/environ", (int)pid);
	if (read_proc(path, &text) == 0) {
		const char *p = buf_head(&text), *end = p + buf_len(&text);
		for (; p < end && !found; p += strlen(p) + 1)
			found = strcmp(p, entry) == 0;
	}
	buf_clear(&text);
	return found;
}

void kin_end(bool (*spare)(const void *arg, pid_t pid), const void *arg, unsigned long long bound_ns)
{
	unsigned long long until = clock_ns() + bound_ns;
	while (kin_signal(SIGKILL, spare, arg, NULL) > 0 && clock_ns() < until) {
		kin_reap(spare, arg);
		poll(NULL, 0, 1); /* a killed process takes a moment to die, and its children to come here */
	}
	kin_reap(spare, arg);
}
