/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "base/fdio.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/sendfile.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/strnum.h"

/* All pipes of a user who is not root may hold 64 MiB, pipe(7): leave most of them to others. */
enum { PIPE_WIDE = 256 * 1024 };

static size_t io_size = SIZE_MAX;

void fdio_init(void)
{
	const char *text = getenv("FORKPOOL_IO_SIZE");
	uint64_t size = SIZE_MAX;
	if (text)
		strnum_u64(text, 1, SIZE_MAX, &size);
	io_size = size;
}

int fdio_fill_standard(void)
{
	for (int fd = 0; fd <= STDERR_FILENO; fd++) {
		if (fcntl(fd, F_GETFD) >= 0)
			continue;
		/* open gives the lowest free number, and those below are taken. */
		if (open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY) != fd)
			return -1;
	}
	return 0;
}

static size_t capped(size_t n)
{
	return n < io_size ? n : io_size;
}

ssize_t fdio_read(int fd, void *bytes, size_t n)
{
	return TEMP_FAILURE_RETRY(read(fd, bytes, capped(n)));
}

ssize_t fdio_write(int fd, const void *bytes, size_t n)
{
	return TEMP_FAILURE_RETRY(write(fd, bytes, capped(n)));
}

ssize_t fdio_pread(int fd, void *bytes, size_t n, off_t at)
{
	return TEMP_FAILURE_RETRY(pread(fd, bytes, capped(n), at));
}

ssize_t fdio_recv(int fd, void *bytes, size_t n, int flags)
{
	ssize_t r;
	do
		r = recv(fd, bytes, n, flags);
	while (r < 0 && errno == EINTR);
	return r;
}

int fdio_waiting(int fd)
{
	int n;
	return ioctl(fd, FIONREAD, &n) < 0 ? -1 : n;
}

ssize_t fdio_splice(int rfd, int wfd, size_t n)
{
	return TEMP_FAILURE_RETRY(splice(rfd, NULL, wfd, NULL, capped(n), SPLICE_F_NONBLOCK));
}

ssize_t fdio_sendfile(int wfd, int rfd, off_t at, size_t n)
{
	return TEMP_FAILURE_RETRY(sendfile(wfd, rfd, &at, capped(n)));
}

/* At most `max` bytes of the first element that has any. */
static struct iovec first_bytes(const struct iovec *iov, int n, size_t max)
{
	while (n > 1 && !iov->iov_len) {
		iov++;
		n--;
	}
	struct iovec first = *iov;
	if (first.iov_len > max)
		first.iov_len = max;
	return first;
}

ssize_t fdio_writev(int fd, const struct iovec *iov, int n)
{
	if (io_size == SIZE_MAX || n < 1)
		return TEMP_FAILURE_RETRY(writev(fd, iov, n));
	struct iovec first = first_bytes(iov, n, io_size);
	return TEMP_FAILURE_RETRY(writev(fd, &first, 1));
}

int fdio_write_all(int fd, const void *bytes, size_t n)
{
	const char *at = bytes;
	while (n) {
		ssize_t done = fdio_write(fd, at, n);
		if (done < 0 && errno == EAGAIN) /* others may have made it non-blocking */
			poll(&(struct pollfd){.fd = fd, .events = POLLOUT}, 1, -1);
		if (done < 0 && errno != EAGAIN)
			return -1;
		if (done > 0) {
			at += done;
			n -= (size_t)done;
		}
	}
	return 0;
}

int fdio_send_all(int fd, const void *bytes, size_t n)
{
	const char *at = bytes;
	while (n) {
		ssize_t done = TEMP_FAILURE_RETRY(send(fd, at, capped(n), MSG_NOSIGNAL));
		if (done < 0)
			return -1;
		at += done;
		n -= (size_t)done;
	}
	return 0;
}

/* Move `*fd` away from the standard ones. */
static int lift(int *fd)
{
	if (*fd > STDERR_FILENO)
		return 0;
	int high = fcntl(*fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
	if (high < 0)
		return -1;
	close(*fd);
	*fd = high;
	return 0;
}

int fdio_pipe(int *rfd, int *wfd)
{
	int ends[2];
	if (pipe2(ends, O_CLOEXEC) < 0)
		return -1;
	if (lift(&ends[0]) < 0 || lift(&ends[1]) < 0) {
		fdio_close(&ends[0]);
		fdio_close(&ends[1]);
		return -1;
	}
	*rfd = ends[0];
	*wfd = ends[1];
	return 0;
}

int fdio_set_nonblocking(int fd)
{
	int flags = fcntl(fd, F_GETFL);
	if (flags < 0)
		return -1;
	return fcntl(fd, F_SETFL, flags | O_NONBLOCK);
}

bool fdio_widen(int fd)
{
	return fcntl(fd, F_SETPIPE_SZ, PIPE_WIDE) >= 0 || errno != EBADF;
}

void fdio_close(int *fd)
{
	if (*fd < 0)
		return;
	int saved = errno;
	/* Not again after EINTR: on Linux the number is free in any case, close(2). */
	close(*fd);
	*fd = -1;
	errno = saved;
}

static enum stream_kind kind_of(int fd)
{
	struct stat st;
	if (fstat(fd, &st) < 0)
		return STREAM_PLAIN;
	if (S_ISSOCK(st.st_mode))
		return STREAM_SOCKET;
	if (S_ISFIFO(st.st_mode) || (S_ISCHR(st.st_mode) && isatty(fd)))
		return STREAM_SHARED;
	return STREAM_PLAIN;
}

/* A new open file behind the same pipe or terminal, with flags of its own: proc(5), /proc/[pid]/fd. */
static int open_again(int fd, int flags)
{
	char path[32];
	snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	return (int)TEMP_FAILURE_RETRY(open(path, flags | O_NONBLOCK | O_CLOEXEC | O_NOCTTY));
}

void stream_open(struct stream *s, int fd, int flags)
{
	int saved = errno;
	*s = (struct stream){.fd = fd, .kind = kind_of(fd)};
	if (s->kind == STREAM_SHARED) {
		/* Refused for another user's terminal, without /proc, and for a named FIFO whose reader is gone: it is
		 * used as it is then, and the first write gives EPIPE. */
		int own = open_again(fd, flags);
		if (own >= 0)
			*s = (struct stream){.fd = own, .kind = STREAM_OWN};
	}
	errno = saved;
}

void stream_close(struct stream *s)
{
	if (s->kind == STREAM_OWN)
		fdio_close(&s->fd);
	s->fd = -1;
}

/* Would a call on a blocking fd return at once? If not, -1 and EAGAIN. An error or a gone peer counts as ready: the
 * call itself will tell. */
static int wait_none(int fd, short events)
{
	struct pollfd p = {.fd = fd, .events = events};
	int n = (int)TEMP_FAILURE_RETRY(poll(&p, 1, 0));
	if (n == 0)
		errno = EAGAIN;
	return n > 0 ? 0 : -1;
}

ssize_t stream_read(const struct stream *s, void *bytes, size_t n)
{
	if (s->kind == STREAM_SOCKET)
		return TEMP_FAILURE_RETRY(recv(s->fd, bytes, capped(n), MSG_DONTWAIT));
	if (s->kind == STREAM_SHARED && wait_none(s->fd, POLLIN) < 0)
		return -1;
	return fdio_read(s->fd, bytes, n);
}

static ssize_t send_some(int fd, const struct iovec *iov, int n)
{
	struct iovec first;
	struct msghdr message = {.msg_iov = (struct iovec *)iov, .msg_iovlen = (size_t)n};
	if (io_size != SIZE_MAX && n > 0) {
		first = first_bytes(iov, n, io_size);
		message.msg_iov = &first;
		message.msg_iovlen = 1;
	}
	return TEMP_FAILURE_RETRY(sendmsg(fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL));
}

/* A pipe that is ready takes PIPE_BUF bytes without blocking: pipe(7). */
static ssize_t write_shared(int fd, const struct iovec *iov, int n)
{
	if (n < 1)
		return 0;
	if (wait_none(fd, POLLOUT) < 0)
		return -1;
	struct iovec first = first_bytes(iov, n, PIPE_BUF);
	return fdio_write(fd, first.iov_base, first.iov_len);
}

ssize_t stream_writev(const struct stream *s, const struct iovec *iov, int n)
{
	if (s->kind == STREAM_SOCKET)
		return send_some(s->fd, iov, n);
	if (s->kind == STREAM_SHARED)
		return write_shared(s->fd, iov, n);
	return fdio_writev(s->fd, iov, n);
}
