/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "base/socket.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fdio.h"
#include "base/xalloc.h"

#define NEW_NAME ".forkpool-listen-new" /* until clients can connect; one at a time, under the lock */
#define WAY_OUT "; make a folder of your own with mkdir -m 700"
#define LOCK_NS (2 * NS_PER_SEC)

static int open_socket(int flags)
{
	return socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | flags, 0);
}

/* The name that `fd`, of a socket in the file system, has in /proc; or of NEW_NAME in the folder `fd`. */
static struct sockaddr_un address_by_fd(int fd, const char *behind)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	snprintf(a.sun_path, sizeof a.sun_path, "/proc/self/fd/%d%s", fd, behind);
	return a;
}

static int connect_to(int fd, const struct sockaddr_un *a)
{
	return (int)TEMP_FAILURE_RETRY(connect(fd, (const struct sockaddr *)a, sizeof *a));
}

static const char *name_of(const struct socket_place *place)
{
	return strrchr(place->path, '/') + 1;
}

static char *with_reason(const char *what, const char *way_out)
{
	return xasprintf("%s: %s%s", what, strerror(errno), way_out);
}

static char *find_path(struct socket_place *place, const char *path)
{
	char *cwd = *path == '/' ? xstrdup("") : getcwd(NULL, 0);
	if (!cwd)
		return with_reason("cannot tell where the current directory is", "; give an absolute name");
	place->path = *path == '/' ? xstrdup(path) : xasprintf("%s/%s", cwd, path);
	free(cwd);
	const char *name = name_of(place);
	if (*name && strcmp(name, ".") != 0 && strcmp(name, "..") != 0)
		return NULL;
	return xstrdup("this is no name for a socket; give one that ends with its file name");
}

/* Nobody else may put another socket into the place of ours, or hold things up by what they put there. */
static char *open_folder(struct socket_place *place)
{
	struct stat st;
	size_t len = (size_t)(name_of(place) - place->path);
	char *folder = xmemdup(place->path, len);
	place->folder_fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	free(folder);
	if (place->folder_fd < 0 || fstat(place->folder_fd, &st) < 0)
		return with_reason("cannot open its folder", WAY_OUT);
	if (st.st_uid != geteuid() && st.st_uid != 0)
		return xstrdup("its folder belongs to another user" WAY_OUT);
	if (st.st_mode & (S_IWGRP | S_IWOTH))
		return xstrdup("others may write to its folder" WAY_OUT);
	return NULL;
}

/* For others that start it takes no time; but everybody who may read the folder can lock it. */
static char *lock_folder(const struct socket_place *place)
{
	uint64_t until = clock_ns() + LOCK_NS;
	while (TEMP_FAILURE_RETRY(flock(place->folder_fd, LOCK_EX | LOCK_NB)) < 0) {
		if (errno != EWOULDBLOCK)
			return with_reason("cannot lock its folder", WAY_OUT);
		if (clock_ns() > until)
			return xstrdup("another process has locked its folder" WAY_OUT);
		poll(NULL, 0, 1);
	}
	return NULL;
}

/* NULL: nobody. `there_fd`: what stands in its place. */
static char *look_who_listens(int there_fd)
{
	struct sockaddr_un a = address_by_fd(there_fd, "");
	int fd = open_socket(SOCK_NONBLOCK);
	bool connected = fd >= 0 && connect_to(fd, &a) == 0;
	fdio_close(&fd);
	/* EAGAIN: many want to connect; EPROTOTYPE: it takes datagrams. */
	if (connected || errno == EAGAIN || errno == EPROTOTYPE)
		return xstrdup("another process listens there already; end that one, or give another name");
	return errno == ECONNREFUSED ? NULL : with_reason("cannot connect to what is there", "; give another name");
}

/* Is the place free, or taken by what is left over of one that has gone? */
static char *look_at_place(const struct socket_place *place)
{
	struct stat st = {0};
	char *why = NULL;
	int fd = openat(place->folder_fd, name_of(place), O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 && errno == ENOENT)
		return NULL;
	if (fd < 0 || fstat(fd, &st) < 0)
		why = with_reason("cannot look at it", "; give another name");
	else if (!S_ISSOCK(st.st_mode))
		why = xstrdup("it is there already, and is no socket; remove it, or give another name");
	else if (st.st_uid != geteuid())
		why = xstrdup("it belongs to another user; give another name");
	else
		why = look_who_listens(fd);
	fdio_close(&fd);
	return why;
}

/* The mode is right before anybody can connect, and what clients see is complete. */
static int make_socket(struct socket_place *place)
{
	struct stat st;
	struct sockaddr_un a = address_by_fd(place->folder_fd, "/" NEW_NAME);
	unlinkat(place->folder_fd, NEW_NAME, 0);
	place->fd = open_socket(SOCK_NONBLOCK);
	if (place->fd < 0 || bind(place->fd, (const struct sockaddr *)&a, sizeof a) < 0)
		return -1;
	if (fchmodat(place->folder_fd, NEW_NAME, S_IRUSR | S_IWUSR, 0) < 0 || listen(place->fd, SOMAXCONN) < 0 ||
	    fstatat(place->folder_fd, NEW_NAME, &st, AT_SYMLINK_NOFOLLOW) < 0 ||
	    renameat(place->folder_fd, NEW_NAME, place->folder_fd, name_of(place)) < 0) {
		int error = errno;
		unlinkat(place->folder_fd, NEW_NAME, 0);
		errno = error;
		return -1;
	}
	place->dev = st.st_dev;
	place->ino = st.st_ino;
	return 0;
}

static char *take_place(struct socket_place *place)
{
	char *why = lock_folder(place);
	if (why)
		return why;
	why = look_at_place(place);
	if (!why && make_socket(place) < 0)
		why = with_reason("cannot make the socket", "; give another name");
	flock(place->folder_fd, LOCK_UN); /* forked children have the folder open, too */
	return why;
}

int socket_listen(struct socket_place *place, const char *path, char **why)
{
	*place = (struct socket_place){.fd = -1, .folder_fd = -1};
	if (!(*why = find_path(place, path)) && !(*why = open_folder(place)) && !(*why = take_place(place)))
		return 0;
	socket_close(place);
	return -1;
}

/* The name goes while we still listen: who comes now does not take it for one that is left over, and it is nobody else's. */
void socket_close(struct socket_place *place)
{
	struct stat st;
	int error = errno;
	if (place->ino && fstatat(place->folder_fd, name_of(place), &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	    st.st_dev == place->dev && st.st_ino == place->ino)
		unlinkat(place->folder_fd, name_of(place), 0);
	fdio_close(&place->fd);
	fdio_close(&place->folder_fd);
	free(place->path);
	*place = (struct socket_place){.fd = -1, .folder_fd = -1};
	errno = error;
}

int socket_accept(const struct socket_place *place)
{
	return TEMP_FAILURE_RETRY(accept4(place->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC));
}

bool socket_peer(int fd, uid_t *uid, pid_t *pid)
{
	struct ucred peer;
	socklen_t len = sizeof peer;
	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) < 0)
		return false;
	*uid = peer.uid;
	*pid = peer.pid;
	return true;
}

/* At the client's end SO_PEERCRED is who called listen(2). */
static bool is_trusted(int fd)
{
	uid_t uid;
	pid_t pid;
	bool trusted = socket_peer(fd, &uid, &pid) && (geteuid() == 0 || uid == geteuid() || uid == 0);
	if (!trusted)
		errno = EACCES;
	return trusted;
}

static int connect_trusted(const struct sockaddr_un *a)
{
	int fd = open_socket(0);
	if (fd >= 0 && (connect_to(fd, a) < 0 || !is_trusted(fd)))
		fdio_close(&fd);
	return fd;
}

int socket_connect(const char *path)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	size_t len = strlen(path);
	/* a name of length 0 would be one that is in no file system */
	if (len > 0 && len < sizeof a.sun_path) {
		memcpy(a.sun_path, path, len);
		return connect_trusted(&a);
	}
	int there_fd = open(path, O_PATH | O_CLOEXEC);
	if (there_fd < 0)
		return -1;
	a = address_by_fd(there_fd, "");
	int fd = connect_trusted(&a);
	fdio_close(&there_fd);
	return fd;
}
