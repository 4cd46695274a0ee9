/* SPDX-License-Identifier: MIT
 *
 * fdio: file descriptors. EINTR ends here: no function of this module returns it.
 *
 * FORKPOOL_IO_SIZE in the environment (tests only) caps every read and write at that many bytes.
 */
#ifndef BASE_FDIO_H
#define BASE_FDIO_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>
#include <sys/uio.h>

/* Read FORKPOOL_IO_SIZE; call once, early. */
void fdio_init(void);

/* Give fds 0 to 2 a harmless file, opened so that any use fails with EBADF as if they were closed,
 * where the caller left them closed; no fd of ours can then be taken for one of them. -1, errno. */
int fdio_fill_standard(void);

/* As read(2), write(2), pread(2) and writev(2). */
ssize_t fdio_read(int fd, void *bytes, size_t n);
ssize_t fdio_write(int fd, const void *bytes, size_t n);
ssize_t fdio_pread(int fd, void *bytes, size_t n, off_t at);
ssize_t fdio_writev(int fd, const struct iovec *iov, int n);

/* As recv(2), of a whole message. */
ssize_t fdio_recv(int fd, void *bytes, size_t n, int flags);

/* How many bytes are in this pipe, either end will do. -1 and errno. */
int fdio_waiting(int fd);

/* Move up to `n` bytes from one pipe to another without copying them, as splice(2) does; never waits. */
ssize_t fdio_splice(int rfd, int wfd, size_t n);

/* Write up to `n` bytes of a file from `at` on to another file without copying them more than once, as sendfile(2)
 * does. Not to a pipe: it would hold on to the file's pages, and see what becomes of them. */
ssize_t fdio_sendfile(int wfd, int rfd, off_t at, size_t n);

/* Write all of it, waiting where the fd does not block; -1 and errno if that fails. */
int fdio_write_all(int fd, const void *bytes, size_t n);

/* The same on a blocking socket, without a SIGPIPE if the other side is gone: EPIPE, or ECONNRESET. */
int fdio_send_all(int fd, const void *bytes, size_t n);

/* A pipe, both ends close-on-exec, neither below 3. Returns 0, or -1 and errno. */
int fdio_pipe(int *rfd, int *wfd);

int fdio_set_nonblocking(int fd);

/* Let a pipe hold more than the usual 64 KiB, if the system allows it. False: fd is no pipe. */
bool fdio_widen(int fd);

/* Close if it is one (>= 0) and make it -1; errno survives. */
void fdio_close(int *fd);

/* How to wait for and use a standard stream that others may share: a non-blocking mode set on the
 * shared open file would be theirs too. */
enum stream_kind {
	STREAM_PLAIN,   /* regular file and the like: always ready */
	STREAM_OWN,     /* `fd` is our own non-blocking opening of it */
	STREAM_SOCKET,  /* MSG_DONTWAIT a call */
	STREAM_SHARED,  /* cannot be opened again: wait for readiness, then at most PIPE_BUF bytes a call */
};

struct stream {
	int fd;        /* owned if STREAM_OWN, borrowed otherwise */
	enum stream_kind kind;
};

/* Look at `fd`, opened for O_RDONLY or O_WRONLY use (`flags`). Never fails: the worst is STREAM_SHARED. */
void stream_open(struct stream *s, int fd, int flags);
void stream_close(struct stream *s);

/* Read or write without blocking: bytes moved, 0 at end of file, -1 and EAGAIN where it would block. */
ssize_t stream_read(const struct stream *s, void *bytes, size_t n);
ssize_t stream_writev(const struct stream *s, const struct iovec *iov, int n);

#endif
