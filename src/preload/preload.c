/* SPDX-License-Identifier: MIT
 *
 * preload: makes a template of the program that it is loaded into. It takes the place of __libc_start_main(), so that
 * everything before main happens once; then it waits for requests, and for each it makes a copy of the process that
 * goes on with main. The copy is a child of the worker, not of the template: the worker waits for it and kills it
 * as if it had executed the program itself.
 *
 * Nothing here allocates or prints: the program's heap and streams stay as they were. A process that is no template
 * (a child of a constructor's, say) is left alone.
 *
 * Sources: proc(5), prctl(2) PR_SET_MM_MAP, clone(2) CLONE_PARENT, unix(7), ld(1) "-z initfirst".
 */
#include <config.h>

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/prctl.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "preload/proc.h"
#include "preload/sound.h"
#include "preload/wire.h"

#define VISIBLE __attribute__((visibility("default")))

enum {
	AUXV_MAX = 128, /* words */
	PREFIX_MAX = 8192,
	PREFIX_WORDS = 3,
};

typedef int main_fn(int argc, char **argv, char **envp);
typedef int start_fn(main_fn *program, int argc, char **argv, void (*init)(void), void (*fini)(void),
		     void (*rtld_fini)(void), void *stack_end);

static int channel = -1; /* -1: this is no template */
static pid_t worker;
static main_fn *program_main;
static struct prctl_mm_map memory;
static int *tid_address;
static void *robust_list;
static size_t robust_list_len;
static size_t auxv_len; /* in words */
static char **auxv;

/* A request: its strings stand behind room for the words that a script begins with. And what main gets of it, as execve(2)
 * lays it out: argv, environment, auxiliary vector. */
static struct preload_request request;
static char room[PREFIX_MAX + PRELOAD_REQUEST_MAX];
static const char *directory; /* to enter; or NULL */
static char *words[PREFIX_WORDS + PRELOAD_STRINGS_MAX + 2 + AUXV_MAX];

/* Of a script: the interpreter, its argument, the file. They stand for the first word of each request. */
static char prefix[PREFIX_MAX];
static size_t prefix_len;
static unsigned prefix_words;

/* Before any constructor. The C library is not set up yet: only system calls and string functions. */

static bool has_name(const char *entry, const char *name)
{
	size_t n = strlen(name);
	return strncmp(entry, name, n) == 0 && entry[n] == '=';
}

/* Take our entries out, before anybody has seen them, but for what the user has put into LD_PRELOAD. */
static void clean_environment(char **envp)
{
	char *user = strchr(envp[1], ':');
	if (user)
		memmove(envp[1] + strlen("LD_PRELOAD="), user + 1, strlen(user));
	char **to = envp;
	for (char **from = envp + (user ? 1 : 2); (*to = *from); from++)
		to++;
}

static void find_auxv(char **envp)
{
	while (*envp)
		envp++;
	auxv = envp + 1;
	for (auxv_len = 2; auxv[auxv_len - 2] && auxv_len < AUXV_MAX; auxv_len += 2)
		;
}

static void move_channel(void)
{
	int fd = fcntl(0, F_DUPFD_CLOEXEC, 3);
	close(0);
	if (fd < 0 || open("/dev/null", O_RDONLY) != 0)
		_exit(127);
	channel = fd;
}

__attribute__((constructor)) static void begin(int argc, char **argv, char **envp)
{
	(void)argc;
	if (!*envp || !has_name(*envp, PRELOAD_MARK))
		return;
	const char *mark = *envp + sizeof PRELOAD_MARK;
	worker = proc_number(&mark);
	find_auxv(envp);
	clean_environment(envp);
	if (getppid() != worker || prctl(PR_SET_PDEATHSIG, SIGKILL) < 0)
		_exit(127);
	move_channel();
	sound_begin(channel, argv, envp);
}

/* The fields of /proc/self/stat from the 26th on that say where things are (proc(5)). */
static void see_stat(void *arg, const char *line)
{
	uint64_t at[52] = {0};
	const char *p = strrchr(line, ')');
	for (int i = 3; p && *p && i < 52; i++) {
		p = strchr(p, ' ');
		at[i] = p ? strtoull(++p, NULL, 10) : 0;
	}
	*(bool *)arg = at[51] != 0;
	memory = (struct prctl_mm_map){
		.start_code = at[26], .end_code = at[27], .start_stack = at[28], .start_data = at[45], .end_data = at[46],
		.start_brk = at[47], .arg_start = at[48], .arg_end = at[49], .env_start = at[50], .env_end = at[51],
		.exe_fd = (uint32_t)-1,
	};
}

static int set_memory_map(void)
{
	memory.brk = (uint64_t)(uintptr_t)sbrk(0);
	return prctl(PR_SET_MM, PR_SET_MM_MAP, &memory, sizeof memory, 0);
}

/* What the C library's fork() does for a copy, and what ps(1) shows of it: can it be done here? */
static bool can_copy(void)
{
	bool known = false;
	if (prctl(PR_GET_TID_ADDRESS, &tid_address) < 0 || !tid_address || *tid_address != getpid())
		return false;
	if (syscall(SYS_get_robust_list, 0, &robust_list, &robust_list_len) < 0)
		return false;
	return proc_read_lines("/proc/self/stat", see_stat, &known) == 0 && known && set_memory_map() == 0;
}

/* Tasks. */

static void reply(int32_t pid, int error)
{
	struct preload_reply r = {pid, error};
	if (send(channel, &r, sizeof r, MSG_NOSIGNAL) != (ssize_t)sizeof r)
		_exit(127);
}

/* The fds of the request become 1 and 2: nothing else is free below them. 1: here it is; 0: none will come any more;
 * -1: there was no room for its fds. */
static int take_request(void)
{
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(2 * sizeof(int))];
	} fds;
	struct iovec parts[] = {{&request, sizeof request}, {room + PREFIX_MAX, PRELOAD_REQUEST_MAX}};
	struct msghdr m = {.msg_iov = parts, .msg_iovlen = 2, .msg_control = &fds, .msg_controllen = sizeof fds};
	ssize_t n;
	do
		n = recvmsg(channel, &m, 0);
	while (n < 0 && errno == EINTR);
	if (n < (ssize_t)sizeof request)
		return 0;
	return m.msg_flags & MSG_CTRUNC ? -1 : 1;
}

static char *point_at(char **to, size_t n, char *strings)
{
	for (size_t i = 0; i < n; i++) {
		to[i] = strings;
		strings += strlen(strings) + 1;
	}
	to[n] = NULL;
	return strings;
}

/* A program that is started without arguments and finds some is a script's interpreter. */
static bool note_prefix(int argc, char **argv)
{
	if (argc < 2)
		return true;
	prefix_words = (unsigned)argc;
	for (int i = 0; i < argc; i++) {
		size_t n = strlen(argv[i]) + 1;
		if (argc > PREFIX_WORDS || n > sizeof prefix - prefix_len)
			return false;
		memcpy(prefix + prefix_len, argv[i], n);
		prefix_len += n;
	}
	return true;
}

static char *put_prefix(char *strings)
{
	if (prefix_words == 0)
		return strings;
	request.n_words += prefix_words - 1;
	strings += strlen(strings) + 1 - prefix_len;
	return memcpy(strings, prefix, prefix_len);
}

/* As much as can be done once for both: the copy has less to write then, and so fewer pages to copy. */
static void lay_out(void)
{
	char *strings = put_prefix(room + PREFIX_MAX);
	char *env = point_at(words, request.n_words, strings);
	environ = words + request.n_words + 1;
	char *end = point_at(environ, request.n_env, env);
	memcpy(environ + request.n_env + 1, auxv, auxv_len * sizeof *auxv);
	memory.arg_start = (uint64_t)(uintptr_t)strings;
	memory.arg_end = memory.env_start = (uint64_t)(uintptr_t)env;
	memory.env_end = (uint64_t)(uintptr_t)end;
	directory = request.has_directory ? end : NULL;
	program_invocation_name = words[0];
	char *slash = strrchr(words[0], '/');
	program_invocation_short_name = slash ? slash + 1 : words[0];
}

/* The last two arguments have one another's place on some machines; one of them is not looked at. */
static pid_t copy(void)
{
	return (pid_t)syscall(SYS_clone, CLONE_PARENT | CLONE_CHILD_SETTID | CLONE_CHILD_CLEARTID | SIGCHLD, 0L, NULL,
			      tid_address, tid_address);
}

static void become_task(void)
{
	if (setpgid(0, 0) < 0 || prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || (directory && chdir(directory) < 0) ||
	    set_memory_map() < 0) {
		reply(0, errno);
		_exit(127);
	}
	if (getppid() != worker)
		_exit(127);
	syscall(SYS_set_robust_list, robust_list, robust_list_len);
	reply(*tid_address, 0);
	close(channel);
}

/* In the template it ends the process; in a copy it goes on with main. */
static int serve(int argc, char **argv, char **envp)
{
	(void)envp;
	enum preload_check check = sound_check();
	if (check == PRELOAD_SOUND && !(note_prefix(argc, argv) && can_copy()))
		check = PRELOAD_SYSTEM;
	reply(0, check);
	close(1);
	close(2);
	for (int taken; (taken = take_request()) != 0; ) {
		lay_out();
		if (directory && chdir("/") < 0) /* the template needs it no more, and must not keep it busy */
			_exit(127);
		pid_t pid = taken > 0 ? copy() : -1;
		if (pid == 0) {
			become_task();
			return program_main((int)request.n_words, words, environ);
		}
		if (pid < 0)
			reply(0, errno);
		close(1);
		close(2);
	}
	_exit(0);
}

VISIBLE int __libc_start_main(main_fn *program, int argc, char **argv, void (*init)(void), void (*fini)(void),
			      void (*rtld_fini)(void), void *stack_end);

int __libc_start_main(main_fn *program, int argc, char **argv, void (*init)(void), void (*fini)(void),
		      void (*rtld_fini)(void), void *stack_end)
{
	start_fn *start;
	*(void **)&start = dlsym(RTLD_NEXT, "__libc_start_main");
	if (!start)
		_exit(127);
	program_main = program;
	return start(channel < 0 ? program : serve, argc, argv, init, fini, rtld_fini, stack_end);
}

/* What pthread_atfork(3) calls. */
VISIBLE int __register_atfork(void (*prepare)(void), void (*parent)(void), void (*child)(void), void *object);

int __register_atfork(void (*prepare)(void), void (*parent)(void), void (*child)(void), void *object)
{
	int (*next)(void (*)(void), void (*)(void), void (*)(void), void *);
	*(void **)&next = dlsym(RTLD_NEXT, "__register_atfork");
	sound_note_atfork();
	return next ? next(prepare, parent, child, object) : ENOMEM;
}
