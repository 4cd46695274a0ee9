/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "process/template.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "base/array.h"
#include "base/clock.h"
#include "base/fdio.h"
#include "base/wait.h"
#include "base/xalloc.h"
#include "preload/wire.h"
#include "process/gain.h"

#define PRELOAD_NAME "forkpool-preload.so"
#define LOAD_NS (5 * NS_PER_SEC) /* from its start to its check-in */
#define ANSWER_S 5               /* from a request to the copy; then it is killed */

char *template_find_preload(void)
{
	char self[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
	if (n > 0) {
		self[n] = '\0';
		*strrchr(self, '/') = '\0';
		char *beside = xasprintf("%s/%s", self, PRELOAD_NAME);
		if (access(beside, R_OK) == 0)
			return beside;
		free(beside);
	}
	return access(PRELOAD_DIR "/" PRELOAD_NAME, R_OK) == 0 ? xstrdup(PRELOAD_DIR "/" PRELOAD_NAME) : NULL;
}

const char *template_why_not(void)
{
#ifdef HAVE_PRELOAD
	return "there is no " PRELOAD_DIR "/" PRELOAD_NAME;
#else
	return "forkpool was built without it on this system";
#endif
}

/* Starting. */

/* Ours stand first (preload/wire.h). */
static void add_ours(struct buf *strings, const char *preload, const char *user)
{
	buf_addf(strings, "%s=%d", PRELOAD_MARK, (int)getpid());
	buf_addc(strings, '\0');
	buf_addf(strings, "LD_PRELOAD=%s%s%s", preload, user ? ":" : "", user ? user : "");
	buf_addc(strings, '\0');
}

static char **environment_of(struct buf *strings, const char *preload, char *const *envp)
{
	size_t n = 2, most = 3;
	const char *user = NULL;
	for (char *const *e = envp; *e; e++)
		most++;
	char **all = xcalloc(most, sizeof *all);
	for (; *envp; envp++) {
		if (strncmp(*envp, "LD_PRELOAD=", strlen("LD_PRELOAD=")) == 0)
			user = user ? user : *envp + strlen("LD_PRELOAD=");
		else
			all[n++] = *envp;
	}
	add_ours(strings, preload, user);
	all[0] = buf_head(strings);
	all[1] = all[0] + strlen(all[0]) + 1;
	return all;
}

static int open_channel(int fds[2])
{
	struct timeval bound = {.tv_sec = ANSWER_S};
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds) < 0)
		return -1;
	return setsockopt(fds[0], SOL_SOCKET, SO_RCVTIMEO, &bound, sizeof bound);
}

int template_start(struct template *t, const char *preload, const struct template_source *source)
{
	int channel[2] = {-1, -1}, noise_wfd = -1;
	char *words[8] = {NULL};
	struct buf strings = {0};
	*t = (struct template){.fd = -1, .noise_rfd = -1, .started_ns = clock_ns()};
	for (size_t i = 0; source->argv[i] && i + 2 < ARRAY_LEN(words); i++)
		words[i + 1] = (char *)source->argv[i];
	char **env = environment_of(&strings, preload, source->envp);
	struct spawn_result s = {.pid = -1};
	if (open_channel(channel) == 0 && fdio_pipe(&t->noise_rfd, &noise_wfd) == 0)
		s = spawn(&(struct spawn_request){.file = source->file, .argv = words + 1, .envp = env,
						 .directory = source->directory, .stdin_fd = channel[1],
						 .stdout_fd = noise_wfd, .stderr_fd = noise_wfd});
	else
		s.error = errno;
	free(env);
	buf_clear(&strings);
	fdio_close(&channel[1]);
	fdio_close(&noise_wfd);
	t->fd = channel[0];
	t->pid = s.pid > 0 ? s.pid : 0;
	if (s.pid > 0 && gain_has(s.pid))
		s = (struct spawn_result){.pid = -1, .error = EPERM};
	errno = s.error;
	if (s.pid < 0)
		template_stop(t);
	return s.pid < 0 ? -1 : 0;
}

static bool is_silent(struct template *t)
{
	bool silent = fdio_waiting(t->noise_rfd) == 0;
	fdio_close(&t->noise_rfd);
	return silent;
}

enum template_state template_look(struct template *t)
{
	struct preload_reply r;
	ssize_t n = fdio_recv(t->fd, &r, sizeof r, MSG_DONTWAIT);
	if (n < 0 && errno == EAGAIN)
		return clock_ns() < t->started_ns + LOAD_NS ? TEMPLATE_LOADING : TEMPLATE_USELESS;
	return n == (ssize_t)sizeof r && r.error == PRELOAD_SOUND && is_silent(t) ? TEMPLATE_READY : TEMPLATE_USELESS;
}

enum template_state template_wait(struct template *t)
{
	enum template_state state;
	while ((state = template_look(t)) == TEMPLATE_LOADING)
		wait_for_fds(&(struct pollfd){.fd = t->fd, .events = POLLIN}, 1, (int)(LOAD_NS / NS_PER_MS));
	return state;
}

/* Tasks. */

static size_t add_strings(struct buf *b, char *const *strings)
{
	size_t n = 0;
	for (; strings[n]; n++)
		buf_add(b, strings[n], strlen(strings[n]) + 1);
	return n;
}

static bool make_request(struct buf *b, const struct spawn_request *r)
{
	struct preload_request head = {0};
	buf_reset(b);
	buf_add(b, &head, sizeof head);
	head.n_words = (uint32_t)add_strings(b, r->argv);
	head.n_env = (uint32_t)add_strings(b, r->envp);
	head.has_directory = r->directory != NULL;
	if (r->directory)
		buf_add(b, r->directory, strlen(r->directory) + 1);
	memcpy(buf_head(b), &head, sizeof head);
	return head.n_words + head.n_env <= PRELOAD_STRINGS_MAX && buf_len(b) <= sizeof head + PRELOAD_REQUEST_MAX;
}

static bool send_request(struct template *t, const struct spawn_request *r)
{
	union {
		struct cmsghdr head;
		char bytes[CMSG_SPACE(2 * sizeof(int))];
	} control = {{0}};
	int fds[] = {r->stdout_fd, r->stderr_fd};
	struct iovec body = {buf_head(&t->request), buf_len(&t->request)};
	struct msghdr m = {.msg_iov = &body, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
	control.head = (struct cmsghdr){.cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS, .cmsg_len = CMSG_LEN(sizeof fds)};
	memcpy(CMSG_DATA(&control.head), fds, sizeof fds);
	return sendmsg(t->fd, &m, MSG_NOSIGNAL) == (ssize_t)body.iov_len;
}

/* No copy runs before it has answered. So where no answer comes, all that may still give one are ended, and from then on none
 * can: what is not there now has not run and never will. */
static pid_t take_answer(struct template *t)
{
	struct preload_reply r;
	ssize_t n = fdio_recv(t->fd, &r, sizeof r, 0);
	if (n != (ssize_t)sizeof r) {
		shutdown(t->fd, SHUT_RDWR);
		kill(-t->pid, SIGKILL); /* it, and a copy that has no group of its own yet */
		n = fdio_recv(t->fd, &r, sizeof r, MSG_DONTWAIT);
	}
	return n == (ssize_t)sizeof r ? r.pid : -1;
}

pid_t template_run(struct template *t, const struct spawn_request *r)
{
	if (!make_request(&t->request, r))
		return 0;
	return send_request(t, r) ? take_answer(t) : -1;
}

void template_stop(struct template *t)
{
	int error = errno;
	if (t->pid > 0) {
		kill(t->pid, SIGKILL);
		wait_for_child(t->pid);
	}
	fdio_close(&t->fd);
	fdio_close(&t->noise_rfd);
	buf_clear(&t->request);
	t->pid = 0;
	errno = error;
}
