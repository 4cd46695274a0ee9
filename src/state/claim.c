/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "state/claim.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/array.h"
#include "base/clock.h"
#include "base/fdio.h"
#include "base/xalloc.h"

/* SQLite locks the bytes from 2^30 to 2^30 + 511. */
#define CLAIM_START ((off_t)1 << 40)

#define WAIT_NS (2 * NS_PER_SEC)
#define WAIT_FOR_WORKERS_NS (8 * NS_PER_SEC) /* those allow themselves 5 s to end */
#define LOOK_AGAIN_NS (10 * NS_PER_MS)

/* SQLite's limit on Linux, less what it puts behind the name. */
#define PATH_LEN_MAX 500

static int refuse(char **why, char *message)
{
	*why = message;
	return -1;
}

/* Where a new file will be: in which folder is known, and nothing of its name. */
static int resolve_new(struct claim *c, const char *path, char **why)
{
	const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
	struct stat st;
	if (!*name)
		return refuse(why, xstrdup("it names no file"));
	if (lstat(path, &st) == 0)
		return refuse(why, xstrdup("it is a symbolic link to nothing; remove it, or use another file"));
	char *folder = slash ? xmemdup(path, (size_t)(name - path)) : xstrdup(".");
	char *real = realpath(folder, NULL);
	if (real)
		c->path = xasprintf("%s/%s", strcmp(real, "/") == 0 ? "" : real, name);
	else
		*why = xasprintf("its folder '%s' cannot be used: %s; %s", folder, strerror(errno),
			errno == ENOENT ? "make it with mkdir -p" : "use another file");
	free(folder);
	free(real);
	return c->path ? 0 : -1;
}

/* *is_new: there is no such file yet. */
static int resolve(struct claim *c, const char *path, bool *is_new, char **why)
{
	c->path = realpath(path, NULL);
	*is_new = !c->path && errno == ENOENT;
	if (!c->path && !*is_new)
		return refuse(why, xasprintf("it cannot be used: %s", strerror(errno)));
	if (*is_new && resolve_new(c, path, why) < 0)
		return -1;
	if (strlen(c->path) > PATH_LEN_MAX)
		return refuse(why, xasprintf("its path is too long for SQLite, which takes %d bytes; use a shorter one",
			PATH_LEN_MAX));
	return 0;
}

/* Neither locks nor memory shared through a file can be trusted there (statfs(2) has the numbers). */
static const struct {
	uint32_t type;
	const char *name;
} networks[] = {
	{0x6969, "NFS"},         {0x517b, "SMB"},         {0xff534d42, "CIFS"},   {0xfe534d42, "SMB"},
	{0x5346414f, "AFS"},     {0x6b414653, "AFS"},     {0x01021997, "9P"},     {0x00c36400, "Ceph"},
	{0x0bd00bd0, "Lustre"},  {0x47504653, "GPFS"},    {0x65735546, "FUSE"},   {0x73757245, "Coda"},
	{0x564c, "NCP"},         {0x01161970, "GFS2"},    {0x7461636f, "OCFS2"},  {0x19830326, "BeeGFS"},
	{0xaad7aaea, "PanFS"},   {0x20030528, "OrangeFS"},
};

static const char *network_of(const char *path)
{
	struct statfs fs;
	if (statfs(path, &fs) < 0)
		return NULL;
	for (size_t i = 0; i < ARRAY_LEN(networks); i++)
		if ((uint32_t)fs.f_type == networks[i].type)
			return networks[i].name;
	return NULL;
}

/* What can be known before anything is touched. */
static int inspect(const struct claim *c, bool is_new, char **why)
{
	struct stat st;
	char *folder = xmemdup(c->path, (size_t)(strrchr(c->path, '/') + 1 - c->path));
	const char *network = network_of(is_new ? folder : c->path);
	free(folder);
	if (network)
		return refuse(why, xasprintf("it is on a network file system (%s), where no database is safe; use a local disk",
			network));
	if (is_new || stat(c->path, &st) < 0 || S_ISREG(st.st_mode))
		return 0;
	return refuse(why, xasprintf("it is %s; use a regular file", S_ISDIR(st.st_mode) ? "a directory" : "no regular file"));
}

static int open_file(struct claim *c, bool is_new, char **why)
{
	c->fd = open(c->path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY | O_NONBLOCK, 0600);
	if (c->fd >= 0 && (!is_new || fchmod(c->fd, 0600) == 0))
		return 0;
	return refuse(why, xasprintf("it cannot be %s: %s", is_new ? "made" : "opened for writing", strerror(errno)));
}

/* Its pid; 0: that is not known. */
static pid_t holder(struct claim *c, struct flock wanted)
{
	if (fcntl(c->fd, F_OFD_GETLK, &wanted) < 0 || wanted.l_type == F_UNLCK)
		return 0;
	return (pid_t)wanted.l_len;
}

static bool is_dead(pid_t pid)
{
	return pid > 0 && kill(pid, 0) < 0 && errno == ESRCH;
}

static int refuse_other(char **why, pid_t other)
{
	if (other == 0)
		return refuse(why, xstrdup("another forkpool uses it; wait for its end, or use another file"));
	if (is_dead(other))
		return refuse(why, xasprintf("forkpool with the pid %d was killed, and its workers have not ended; end them",
			(int)other));
	return refuse(why, xasprintf("forkpool with the pid %d uses it; wait for its end, or use another file", (int)other));
}

static int lock(struct claim *c, char **why)
{
	uint64_t start_ns = clock_ns();
	struct flock ours = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = CLAIM_START, .l_len = getpid()};
	for (;;) {
		if (fcntl(c->fd, F_OFD_SETLK, &ours) == 0)
			return 0;
		if (errno != EAGAIN && errno != EACCES)
			return refuse(why, xasprintf("it cannot be locked: %s", strerror(errno)));
		pid_t other = holder(c, ours);
		if (clock_ns() - start_ns >= (is_dead(other) ? WAIT_FOR_WORKERS_NS : WAIT_NS))
			return refuse_other(why, other);
		clock_rest(LOOK_AGAIN_NS);
	}
}

int claim_take(struct claim *c, const char *path, char **why)
{
	bool is_new;
	*c = (struct claim){.fd = -1};
	if (resolve(c, path, &is_new, why) == 0 && inspect(c, is_new, why) == 0 && open_file(c, is_new, why) == 0 &&
	    lock(c, why) == 0)
		return 0;
	claim_drop(c);
	return -1;
}

void claim_drop(struct claim *c)
{
	fdio_close(&c->fd);
	free(c->path);
	c->path = NULL;
}
