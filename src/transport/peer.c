/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "transport/peer.h"

#include <errno.h>
#include <paths.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/array.h"
#include "base/fdio.h"
#include "process/fds.h"

#ifdef HAVE_GCOV
void __gcov_dump(void);
#else
static void __gcov_dump(void) {}
#endif

/* down: pool to peer; up: peer to pool */
struct pipes {
	int down_rfd, down_wfd, up_rfd, up_wfd;
};

static void pipes_close(struct pipes *p)
{
	fdio_close(&p->down_rfd);
	fdio_close(&p->down_wfd);
	fdio_close(&p->up_rfd);
	fdio_close(&p->up_wfd);
}

static int pipes_open(struct pipes *p)
{
	*p = (struct pipes){-1, -1, -1, -1};
	if (fdio_pipe(&p->down_rfd, &p->down_wfd) == 0 && fdio_pipe(&p->up_rfd, &p->up_wfd) == 0 &&
	    fdio_set_nonblocking(p->down_wfd) == 0)
		return 0;
	pipes_close(p);
	return -1;
}

/* Our end of the pipes becomes the peer, theirs is closed. */
static int adopt(struct peer *peer, struct pipes *p, pid_t pid)
{
	if (pid < 0) {
		pipes_close(p);
		return -1;
	}
	*peer = (struct peer){.rfd = p->up_rfd, .wfd = p->down_wfd, .pid = pid};
	p->up_rfd = p->down_wfd = -1;
	pipes_close(p);
	return 0;
}

static const struct spawn_origin *origin;

void peer_init(const struct spawn_origin *o)
{
	origin = o;
}

int peer_fork(struct peer *peer, int (*serve)(int rfd, int wfd, void *arg), void *arg, const int kept[PEER_KEPT_MAX])
{
	struct pipes p;
	if (pipes_open(&p) < 0)
		return -1;
	fflush(NULL);
	pid_t pid = fork();
	if (pid != 0)
		return adopt(peer, &p, pid);

	int keep[2 + PEER_KEPT_MAX] = {p.down_rfd, p.up_wfd};
	for (int i = 0; i < PEER_KEPT_MAX; i++)
		keep[2 + i] = kept ? kept[i] : -1;
	fds_close_others(keep, ARRAY_LEN(keep));
	int status = serve(p.down_rfd, p.up_wfd, arg);
	__gcov_dump();
	_exit(status);
}

static _Noreturn void become_command(const struct pipes *p, const char *command)
{
	sigset_t none;
	sigemptyset(&none);
	setpgid(0, 0);
	spawn_restore(origin);
	sigprocmask(SIG_SETMASK, &none, NULL);
	if (dup2(p->down_rfd, 0) >= 0 && dup2(p->up_wfd, 1) >= 0)
		execl(_PATH_BSHELL, "sh", "-c", command, (char *)NULL);
	_exit(errno == ENOENT ? 127 : 126);
}

int peer_command(struct peer *peer, const char *command)
{
	struct pipes p;
	if (pipes_open(&p) < 0)
		return -1;
	fflush(NULL);
	pid_t pid = fork();
	if (pid == 0)
		become_command(&p, command);
	return adopt(peer, &p, pid);
}
