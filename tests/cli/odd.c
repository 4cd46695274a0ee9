/* SPDX-License-Identifier: MIT
 *
 * odd: a program that does something before its main, and in its main looks whether all is as after execve(2). What it
 * does before, the name says that it is called by (odd-NAME, the list `before`); what it does in main, the first
 * word (the list `deeds`). What it prints does not differ from run to run.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define ARRAY_LEN(a) (sizeof(a) / sizeof *(a))

extern char **environ;

struct named {
	const char *name;
	int (*run)(int argc, char **argv);
};

static int call(const struct named *list, size_t n, const char *name, int argc, char **argv)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(list[i].name, name) == 0)
			return list[i].run(argc, argv);
	return 0;
}

/* ---- before main ---- */

static volatile int *shared;
static volatile sig_atomic_t handled;
static int early_fd = -1;
static int early_argc;
static char **early_argv;

static void *wait_for_ever(void *arg)
{
	for (;;)
		pause();
	return arg;
}

static void handle(int signo)
{
	handled = signo;
}

static int before_thread(int argc, char **argv)
{
	(void)argc, (void)argv;
	pthread_t thread;
	return pthread_create(&thread, NULL, wait_for_ever, NULL);
}

static int before_fd(int argc, char **argv)
{
	(void)argc;
	return early_fd = open(argv[0], O_RDONLY);
}

static int before_handler(int argc, char **argv)
{
	(void)argc, (void)argv;
	return signal(SIGUSR1, handle) == SIG_ERR;
}

static int before_ignore(int argc, char **argv)
{
	(void)argc, (void)argv;
	return signal(SIGUSR1, SIG_IGN) == SIG_ERR;
}

static int before_mask(int argc, char **argv)
{
	(void)argc, (void)argv;
	sigset_t set;
	sigemptyset(&set);
	sigaddset(&set, SIGUSR2);
	return sigprocmask(SIG_BLOCK, &set, NULL);
}

static int before_pending(int argc, char **argv)
{
	before_mask(argc, argv);
	return raise(SIGUSR2);
}

static int before_shared(int argc, char **argv)
{
	(void)argc, (void)argv;
	shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	return 0;
}

static int before_timer(int argc, char **argv)
{
	(void)argc, (void)argv;
	return setitimer(ITIMER_REAL, &(struct itimerval){.it_value.tv_usec = 100000}, NULL);
}

static int before_posix_timer(int argc, char **argv)
{
	(void)argc, (void)argv;
	timer_t timer;
	struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR2};
	if (timer_create(CLOCK_MONOTONIC, &event, &timer) < 0)
		return -1;
	return timer_settime(timer, 0, &(struct itimerspec){.it_value.tv_nsec = 100000000}, NULL);
}

static int before_print(int argc, char **argv)
{
	(void)argc, (void)argv;
	return (int)write(1, "before\n", 7);
}

static int before_complain(int argc, char **argv)
{
	(void)argc, (void)argv;
	return (int)write(2, "before\n", 7);
}

static int before_printf(int argc, char **argv)
{
	(void)argc, (void)argv;
	return printf("before, in a buffer\n");
}

static int before_hang(int argc, char **argv)
{
	(void)argc, (void)argv;
	wait_for_ever(NULL);
	return 0;
}

static int before_exit(int argc, char **argv)
{
	(void)argc, (void)argv;
	_exit(7);
}

static int before_kill(int argc, char **argv)
{
	(void)argc, (void)argv;
	return raise(SIGKILL);
}

static int before_child(int argc, char **argv)
{
	(void)argc, (void)argv;
	pid_t pid = fork();
	if (pid == 0)
		wait_for_ever(NULL);
	return pid;
}

static int before_system(int argc, char **argv)
{
	(void)argc, (void)argv;
	return system("exit 3");
}

static int before_lock(int argc, char **argv)
{
	(void)argc, (void)argv;
	static char page[8192];
	return mlock(page, sizeof page);
}

static int before_setenv(int argc, char **argv)
{
	(void)argc, (void)argv;
	return setenv("ODD", "set before main", 1) | unsetenv("TMPDIR");
}

static int before_place(int argc, char **argv)
{
	(void)argc, (void)argv;
	umask(0123);
	prctl(PR_SET_NAME, "odd-name");
	return chdir("/");
}

static int before_limit(int argc, char **argv)
{
	(void)argc, (void)argv;
	struct rlimit l;
	getrlimit(RLIMIT_NOFILE, &l);
	l.rlim_cur = 77;
	return setrlimit(RLIMIT_NOFILE, &l) | setpriority(PRIO_PROCESS, 0, 5);
}

static int before_close(int argc, char **argv)
{
	(void)argc, (void)argv;
	return close(0) | close(1);
}

static int before_heap(int argc, char **argv)
{
	(void)argc, (void)argv;
	char *p = malloc(3 << 20);
	memset(p, 1, 3 << 20);
	free(p);
	return 0;
}

/* As the Rust library does. */
static int before_keep(int argc, char **argv)
{
	early_argc = argc;
	early_argv = argv;
	return 0;
}

/* So much that malloc maps it, and far from its beginning. */
static char ***large;

static int before_keep_mapped(int argc, char **argv)
{
	(void)argc;
	large = calloc(50000, sizeof *large);
	large[30000] = argv;
	return 0;
}

static int before_copy(int argc, char **argv)
{
	early_argv = (char **)calloc(50000, sizeof *early_argv) + 20000;
	memcpy(early_argv, argv, (size_t)argc * sizeof *argv);
	early_argc = argc;
	return 0;
}

static void say_prepare(void) { puts("prepare"); }
static void say_parent(void) { puts("parent"); }
static void say_child(void) { puts("child"); }

static int before_atfork(int argc, char **argv)
{
	(void)argc, (void)argv;
	return pthread_atfork(say_prepare, say_parent, say_child);
}

static const struct named before[] = {
	{"thread", before_thread}, {"fd", before_fd}, {"handler", before_handler}, {"ignore", before_ignore},
	{"mask", before_mask}, {"pending", before_pending}, {"shared", before_shared}, {"timer", before_timer},
	{"posix-timer", before_posix_timer}, {"print", before_print}, {"complain", before_complain},
	{"printf", before_printf}, {"hang", before_hang}, {"exit", before_exit}, {"kill", before_kill},
	{"child", before_child}, {"system", before_system}, {"lock", before_lock}, {"setenv", before_setenv},
	{"place", before_place}, {"limit", before_limit}, {"close", before_close}, {"heap", before_heap},
	{"keep", before_keep}, {"keep-mapped", before_keep_mapped}, {"copy", before_copy}, {"atfork", before_atfork},
};

/* The last part of its name, behind "odd-". */
static const char *oddity(const char *name)
{
	const char *slash = strrchr(name, '/');
	name = slash ? slash + 1 : name;
	return strncmp(name, "odd-", 4) == 0 ? name + 4 : "";
}

__attribute__((constructor)) static void begin(int argc, char **argv)
{
	call(before, ARRAY_LEN(before), oddity(argv[0]), argc, argv);
}

__attribute__((destructor)) static void end(void)
{
	if (getenv("ODD_END"))
		puts("destructor");
}

/* ---- in main ---- */

/* All of /proc/self/FILE that begins so. */
static void show_lines(const char *file, const char *const *starts, size_t n)
{
	char line[4096];
	FILE *f = fopen(file, "re");
	while (f && fgets(line, sizeof line, f))
		for (size_t i = 0; i < n; i++)
			if (strncmp(line, starts[i], strlen(starts[i])) == 0)
				fputs(line, stdout);
	if (f)
		fclose(f);
}

static void show_fds(void)
{
	for (int fd = 0; fd < 64; fd++)
		if (fcntl(fd, F_GETFD) >= 0)
			printf("fd %d: flags %d, access %d\n", fd, fcntl(fd, F_GETFD), fcntl(fd, F_GETFL) & O_ACCMODE);
}

static int do_state(int argc, char **argv)
{
	static const char *const starts[] = {"Name", "Umask", "Threads", "SigPnd", "SigBlk", "SigIgn", "SigCgt", "VmLck", "CapEff",
					     "NoNewPrivs", "Seccomp:", "TracerPid"};
	char cwd[4096], name[17] = "";
	struct rlimit l;
	struct itimerval t;
	int death = 0;
	show_fds(); /* first: stdio might open some */
	show_lines("/proc/self/status", starts, ARRAY_LEN(starts));
	getrlimit(RLIMIT_NOFILE, &l);
	getitimer(ITIMER_REAL, &t);
	prctl(PR_GET_PDEATHSIG, &death);
	prctl(PR_GET_NAME, name);
	printf("%s: %s, %s, %s\n", argv[0], program_invocation_name, program_invocation_short_name, name);
	printf("execfn %s, secure %lu\n", (const char *)getauxval(AT_EXECFN), getauxval(AT_SECURE));
	for (int i = 0; i <= argc; i++)
		printf("argv[%d] %s\n", i, argv[i] ? argv[i] : "NULL");
	printf("cwd %s, niceness %d, fds %lu, timer %d\n", getcwd(cwd, sizeof cwd), getpriority(PRIO_PROCESS, 0),
	       (unsigned long)l.rlim_cur, t.it_value.tv_usec > 0);
	printf("leads its group %d, its session %d, death signal %d, is tid %d\n", getpgrp() == getpid(),
	       getsid(0) == getpid(), death, syscall(SYS_gettid) == getpid());
	printf("dumpable %d, slack %d, reaper %d\n", prctl(PR_GET_DUMPABLE), prctl(PR_GET_TIMERSLACK), prctl(PR_GET_CHILD_SUBREAPER, &death));
	printf("odd: %s, in %s\n", getenv("ODD") ? getenv("ODD") : "", getenv("TMPDIR") ? "TMPDIR" : "none");
	if (shared)
		printf("shared %d\n", ++*shared);
	raise(0);
	return 0;
}

static int do_env(int argc, char **argv)
{
	(void)argc, (void)argv;
	for (char **e = environ; *e; e++)
		puts(*e);
	printf("one environment: %d\n", environ == argv + argc + 1);
	return 0;
}

static int do_raise(int argc, char **argv)
{
	(void)argc;
	raise(atoi(argv[2]));
	printf("lives, handled %d\n", (int)handled);
	return 0;
}

static int do_abort(int argc, char **argv)
{
	(void)argc, (void)argv;
	setrlimit(RLIMIT_CORE, &(struct rlimit){0});
	abort();
}

static int do_segv(int argc, char **argv)
{
	(void)argc, (void)argv;
	setrlimit(RLIMIT_CORE, &(struct rlimit){0});
	int *volatile nowhere = NULL;
	*nowhere = 1;
	return 0;
}

/* The kernel compares the thread id that the C library keeps. */
static int do_mutexes(int argc, char **argv)
{
	(void)argc, (void)argv;
	static const int kinds[] = {PTHREAD_MUTEX_NORMAL, PTHREAD_MUTEX_ERRORCHECK, PTHREAD_MUTEX_RECURSIVE};
	for (size_t i = 0; i < 2 * ARRAY_LEN(kinds); i++) {
		pthread_mutexattr_t a;
		pthread_mutex_t m;
		pthread_mutexattr_init(&a);
		pthread_mutexattr_settype(&a, kinds[i % 3]);
		pthread_mutexattr_setprotocol(&a, i < 3 ? PTHREAD_PRIO_NONE : PTHREAD_PRIO_INHERIT);
		pthread_mutexattr_setrobust(&a, i % 2 ? PTHREAD_MUTEX_ROBUST : PTHREAD_MUTEX_STALLED);
		pthread_mutex_init(&m, &a);
		printf("%zu: %d", i, pthread_mutex_lock(&m));
		if (i % 3)
			printf(" %d", pthread_mutex_trylock(&m));
		printf(" %d\n", pthread_mutex_unlock(&m));
	}
	return 0;
}

static void *lock_and_die(void *mutex)
{
	pthread_mutex_lock(mutex);
	return NULL;
}

static int do_threads(int argc, char **argv)
{
	(void)argc, (void)argv;
	pthread_mutexattr_t a;
	pthread_mutex_t m;
	pthread_t t[8];
	pthread_mutexattr_init(&a);
	pthread_mutexattr_setrobust(&a, PTHREAD_MUTEX_ROBUST);
	pthread_mutex_init(&m, &a);
	pthread_create(&t[0], NULL, lock_and_die, &m);
	pthread_join(t[0], NULL);
	printf("owner dead: %d\n", pthread_mutex_lock(&m) == EOWNERDEAD);
	for (size_t i = 0; i < ARRAY_LEN(t); i++)
		pthread_create(&t[i], NULL, wait_for_ever, NULL);
	for (size_t i = 0; i < ARRAY_LEN(t); i++)
		printf("%d", pthread_cancel(t[i]) | pthread_join(t[i], NULL));
	puts("");
	return 0;
}

static void say_end(void) { puts("atexit"); }

static int do_fork(int argc, char **argv)
{
	(void)argc, (void)argv;
	int status;
	pid_t pid;
	char *const words[] = {(char *)"sh", (char *)"-c", (char *)"echo spawned", NULL};
	atexit(say_end);
	pthread_atfork(say_prepare, NULL, NULL);
	pid = fork();
	if (pid == 0) {
		printf("child %d\n", getppid() > 1);
		exit(3);
	}
	waitpid(pid, &status, 0);
	printf("it exited %d\n", WEXITSTATUS(status));
	fflush(stdout);
	if (posix_spawnp(&pid, "sh", NULL, NULL, words, environ) == 0)
		waitpid(pid, &status, 0);
	return system("exit 5") >> 8;
}

static int do_stack(int argc, char **argv)
{
	(void)argv;
	struct rlimit l;
	getrlimit(RLIMIT_STACK, &l);
	volatile char page[65536];
	memset((char *)page, argc, sizeof page);
	if (argc < 100) /* 6.4 MiB */
		return do_stack(argc + 1, argv);
	printf("deep; limit %ld\n", (long)l.rlim_cur);
	return page[5] != argc;
}

static int do_memory(int argc, char **argv)
{
	(void)argc, (void)argv;
	char *p[2000];
	for (size_t i = 0; i < ARRAY_LEN(p); i++)
		memset(p[i] = malloc(i * 10 + 1), (int)i, i * 10 + 1);
	size_t sum = 0;
	for (size_t i = 0; i < ARRAY_LEN(p); i++) {
		sum += (unsigned char)p[i][i * 10];
		free(p[i]);
	}
	printf("%zu\n", sum);
	return 0;
}

static int do_load(int argc, char **argv)
{
	(void)argc, (void)argv;
	void *m = dlopen("libm.so.6", RTLD_NOW);
	double (*root)(double) = NULL;
	if (m)
		*(void **)&root = dlsym(m, "sqrt");
	printf("%g\n", root ? root(16) : 0);
	return 0;
}

static int do_alarm(int argc, char **argv)
{
	(void)argc, (void)argv;
	signal(SIGALRM, handle);
	setitimer(ITIMER_REAL, &(struct itimerval){.it_value.tv_usec = 1000}, NULL);
	while (!handled)
		usleep(200);
	puts("alarmed");
	return 0;
}

/* Time that it has used, children it has: nothing yet. */
static int do_fresh(int argc, char **argv)
{
	(void)argc, (void)argv;
	struct rusage u;
	getrusage(RUSAGE_CHILDREN, &u);
	printf("%d %d %d\n", clock() < CLOCKS_PER_SEC, u.ru_maxrss == 0, wait(NULL));
	return 0;
}

/* 1: it is a copy. */
static int do_maps(int argc, char **argv)
{
	char line[4096];
	bool found = false;
	(void)argc, (void)argv;
	FILE *f = fopen("/proc/self/maps", "re");
	while (f && fgets(line, sizeof line, f))
		found |= strstr(line, "forkpool-preload") != NULL;
	printf("%d\n", found);
	return f ? fclose(f) : -1;
}

static int do_pause(int argc, char **argv)
{
	(void)argc, (void)argv;
	wait_for_ever(NULL);
	return 0;
}

static int do_exit(int argc, char **argv)
{
	(void)argc;
	printf("not flushed");
	_exit(atoi(argv[2]));
}

static const struct named deeds[] = {
	{"state", do_state}, {"env", do_env}, {"raise", do_raise}, {"abort", do_abort}, {"segv", do_segv},
	{"mutexes", do_mutexes}, {"threads", do_threads}, {"fork", do_fork}, {"stack", do_stack}, {"memory", do_memory},
	{"load", do_load}, {"alarm", do_alarm}, {"fresh", do_fresh}, {"pause", do_pause}, {"exit", do_exit},
	{"maps", do_maps},
};

int main(int argc, char **argv)
{
	if (early_fd >= 0 && argc > 1 && read(early_fd, (char[4]){0}, 4) == 4)
		printf("at %ld\n", (long)lseek(early_fd, 0, SEEK_CUR));
	for (int i = 0; i < early_argc; i++)
		printf("kept %s\n", early_argv[i]);
	for (char **word = large ? large[30000] : NULL; word && *word; word++)
		printf("kept %s\n", *word);
	return argc > 1 ? call(deeds, ARRAY_LEN(deeds), argv[1], argc, argv) : 0;
}
