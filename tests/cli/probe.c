/* SPDX-License-Identifier: MIT
 *
 * probe: what the CLI tests need and sh cannot do exactly. One program, many applets: the first word,
 * or the name that it is called by, says which (lib.sh links the short ones into PATH).
 *
 * guard runs a command in a process group of its own, bounds its time, tells an exit from a death by signal,
 * and sees what it left behind: as a subreaper it inherits every orphan of the command, whatever the
 * orphan did to its session, group or environment. The other applets play tasks.
 */
#define _GNU_SOURCE
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define ARRAY_LEN(a) (sizeof(a) / sizeof *(a))
#define AWAIT_SECONDS 30

static _Noreturn void die(const char *what)
{
	fprintf(stderr, "probe: %s: %s\n", what, strerror(errno));
	exit(99);
}

/* How much slower everything is, under valgrind say. */
static double scale(void)
{
	const char *s = getenv("PROBE_SCALE");
	return s != NULL ? atof(s) : 1;
}

static int64_t now_ms(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void sleep_ms(long ms)
{
	struct timespec t = {ms / 1000, ms % 1000 * 1000000};
	while (nanosleep(&t, &t) < 0 && errno == EINTR)
		;
}

static void put(int fd, const void *bytes, size_t n)
{
	const char *p = bytes;
	while (n > 0) {
		ssize_t w = write(fd, p, n);
		if (w < 0 && errno == EINTR)
			continue;
		if (w < 0)
			exit(98);
		p += w;
		n -= (size_t)w;
	}
}

static int signal_of(const char *name)
{
	for (int s = 1; s < NSIG; s++) {
		const char *abbreviation = sigabbrev_np(s);
		if (abbreviation != NULL && strcmp(abbreviation, name) == 0)
			return s;
	}
	return atoi(name);
}

static _Noreturn void run(char **argv)
{
	execvp(argv[0], argv);
	die(argv[0]);
}

/* ---- guard ---- */

struct guard {
	const char *dir;
	double seconds;
	bool leave;       /* -L: what is left is expected: list it and let it be */
	bool clear_env;   /* -e */
	bool deleted_cwd; /* -x */
	bool born;        /* -k: the command is born with a child that sleeps and one that is dead */
	bool memory;      /* -m: note the peak of its memory and the most fds it had */
	sigset_t ignored, blocked;
	bool closed[16];
	pid_t child, sleeper, dead;
	int status, dead_status; /* -1: not seen */
};

static void __attribute__((format(printf, 3, 4))) note(const struct guard *g, const char *name, const char *fmt, ...)
{
	char path[4096], text[8192], temporary[4200];
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	snprintf(path, sizeof path, "%s/%s", g->dir, name);
	snprintf(temporary, sizeof temporary, "%s.new", path);
	int fd = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	if (fd < 0)
		die(temporary);
	put(fd, text, strlen(text));
	close(fd);
	if (rename(temporary, path) < 0)
		die(path);
}

static ssize_t slurp_proc(pid_t pid, const char *name, char *text, size_t size)
{
	char path[64];
	snprintf(path, sizeof path, "/proc/%d/%s", (int)pid, name);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -1;
	size_t len = 0;
	ssize_t n;
	while (len < size - 1 && (n = read(fd, text + len, size - 1 - len)) > 0)
		len += (size_t)n;
	close(fd);
	text[len] = '\0';
	return (ssize_t)len;
}

static pid_t parent_of(pid_t pid, char *state)
{
	char text[1024];
	if (slurp_proc(pid, "stat", text, sizeof text) <= 0)
		return -1;
	char *p = strrchr(text, ')');
	int parent;
	return p != NULL && sscanf(p + 1, " %c %d", state, &parent) == 2 ? parent : -1;
}

static bool descends(pid_t pid, pid_t from)
{
	char state;
	for (int depth = 0; pid > 1 && depth < 1000; depth++) {
		pid = parent_of(pid, &state);
		if (pid == from)
			return true;
	}
	return false;
}

/* Call `seen` for each living process that the command left: all that descend from the guard, for it
 * is a subreaper and so nobody else can have inherited them. */
static void each_left(const struct guard *g, void (*seen)(pid_t pid, char *list), char *list)
{
	DIR *d = opendir("/proc");
	struct dirent *e;
	while (d != NULL && (e = readdir(d)) != NULL) {
		pid_t pid = atoi(e->d_name);
		char state;
		if (pid > 0 && pid != g->sleeper && parent_of(pid, &state) > 0 && state != 'Z' && descends(pid, getpid()))
			seen(pid, list);
	}
	if (d != NULL)
		closedir(d);
}

static void list_it(pid_t pid, char *list)
{
	char text[120];
	ssize_t n = slurp_proc(pid, "cmdline", text, sizeof text);
	for (ssize_t i = 0; i < n - 1; i++)
		if ((unsigned char)text[i] < ' ')
			text[i] = ' ';
	size_t len = strlen(list);
	snprintf(list + len, 4096 - len, "%d %s\n", (int)pid, n > 0 ? text : "?");
}

static void kill_it(pid_t pid, char *list)
{
	(void)list;
	kill(pid, SIGKILL);
}

/* Reap the command and orphans. Is anything left, the child that it was born with aside? */
static bool reap(struct guard *g)
{
	int status;
	pid_t pid;
	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		if (pid == g->child)
			g->status = status;
		if (pid == g->dead)
			g->dead_status = status;
		if (pid == g->sleeper)
			g->sleeper = 0;
	}
	if (pid < 0 || g->sleeper == 0)
		return pid == 0;
	char list[4096] = "", path[64];
	snprintf(path, sizeof path, "task/%d/children", (int)getpid());
	if (slurp_proc(getpid(), path, list, sizeof list) < 0) {
		each_left(g, list_it, list);
		return list[0] != '\0';
	}
	for (char *p = strtok(list, " "); p != NULL; p = strtok(NULL, " "))
		if (atoi(p) != g->sleeper)
			return true;
	return false;
}

static void kill_all(struct guard *g)
{
	if (g->sleeper > 0)
		kill(g->sleeper, SIGKILL);
	for (int64_t end = now_ms() + 10000; now_ms() < end && reap(g); sleep_ms(2))
		each_left(g, kill_it, NULL);
}

static void guarded(struct guard *g, char **argv, int rfd)
{
	char c;
	setpgid(0, 0); /* not a session: TSTP does not stop an orphaned process group */
	if (read(rfd, &c, 1) != 1) /* until the pid is on file */
		_exit(99);
	close(rfd);
	for (int s = 1; s < NSIG; s++) /* sh ignores INT and QUIT for what it starts with & */
		signal(s, sigismember(&g->ignored, s) ? SIG_IGN : SIG_DFL);
	sigprocmask(SIG_SETMASK, &g->blocked, NULL);
	if (g->clear_env)
		clearenv();
	if (g->deleted_cwd && (mkdir("gone", 0777) < 0 || chdir("gone") < 0 || rmdir("../gone") < 0))
		_exit(99);
	for (size_t fd = 0; fd < ARRAY_LEN(g->closed); fd++)
		if (g->closed[fd])
			close((int)fd);
	execvp(argv[0], argv);
	_exit(errno == ENOENT ? 97 : 96);
}

/* Between the guard and the command: fork what the command is born with, tell their pids. */
static void give_birth(int wfd)
{
	pid_t born[2];
	for (int i = 0; i < 2; i++) {
		born[i] = fork();
		if (born[i] == 0) {
			close(wfd);
			if (i == 0) /* dies of TERM, is not asked to */
				for (;;)
					pause();
			_exit(7);
		}
	}
	siginfo_t info;
	waitid(P_PID, (id_t)born[1], &info, WEXITED | WNOWAIT);
	put(wfd, born, sizeof born);
}

static void guard_measure(const struct guard *g, long *peak, int *fds)
{
	char text[4096], path[64];
	if (slurp_proc(g->child, "status", text, sizeof text) > 0) {
		char *p = strstr(text, "VmHWM:");
		if (p != NULL && atol(p + 6) > *peak)
			*peak = atol(p + 6);
	}
	snprintf(path, sizeof path, "/proc/%d/fd", (int)g->child);
	DIR *d = opendir(path);
	int n = -2;
	while (d != NULL && readdir(d) != NULL)
		n++;
	if (d != NULL)
		closedir(d);
	if (n > *fds)
		*fds = n;
}

static int applet_guard(int argc, char **argv)
{
	static struct guard g = {.dir = ".", .seconds = 60, .status = -1, .dead_status = -1};
	sigemptyset(&g.ignored);
	sigemptyset(&g.blocked);
	int c;
	while ((c = getopt(argc, argv, "+t:d:Li:b:c:exkm")) != -1)
		switch (c) {
		case 't': g.seconds = atof(optarg); break;
		case 'd': g.dir = optarg; break;
		case 'L': g.leave = true; break;
		case 'i': sigaddset(&g.ignored, signal_of(optarg)); break;
		case 'b': sigaddset(&g.blocked, signal_of(optarg)); break;
		case 'c': g.closed[atoi(optarg) % 16] = true; break;
		case 'e': g.clear_env = true; break;
		case 'x': g.deleted_cwd = true; break;
		case 'k': g.born = true; break;
		case 'm': g.memory = true; break;
		default: return 99;
		}
	argv += optind;
	prctl(PR_SET_CHILD_SUBREAPER, 1);

	sigset_t wanted;
	sigemptyset(&wanted);
	for (size_t i = 0; i < 4; i++)
		sigaddset(&wanted, (int[]){SIGCHLD, SIGTERM, SIGINT, SIGHUP}[i]);
	sigprocmask(SIG_BLOCK, &wanted, NULL);
	signal(SIGCHLD, SIG_DFL);

	int go[2], born[2];
	if (pipe(go) < 0 || pipe2(born, O_CLOEXEC) < 0)
		die("pipe");
	int64_t start = now_ms();
	g.child = fork();
	if (g.child < 0)
		die("fork");
	if (g.child == 0) {
		close(go[1]);
		if (g.born)
			give_birth(born[1]);
		close(born[0]);
		close(born[1]);
		guarded(&g, argv, go[0]);
	}
	close(go[0]);
	close(born[1]);
	pid_t pids[2];
	if (g.born && read(born[0], pids, sizeof pids) == sizeof pids) {
		g.sleeper = pids[0];
		g.dead = pids[1];
	}
	close(born[0]);
	note(&g, "pid", "%d\n", (int)g.child);
	put(go[1], "", 1);
	close(go[1]);

	int64_t end = start + (int64_t)(g.seconds * 1000);
	long peak = 0;
	int fds = 0;
	while (reap(&g), g.status == -1 && now_ms() < end) {
		int64_t left = end - now_ms();
		if (g.memory) {
			guard_measure(&g, &peak, &fds);
			left = left < 10 ? left : 10;
		}
		struct timespec t = {left / 1000, left % 1000 * 1000000};
		int s = sigtimedwait(&wanted, NULL, &t);
		if (s == SIGTERM || s == SIGINT || s == SIGHUP) {
			kill_all(&g);
			return 128 + s;
		}
	}
	note(&g, "ms", "%lld\n", (long long)(now_ms() - start));
	char list[4096] = "";
	if (g.status == -1) {
		each_left(&g, list_it, list);
		note(&g, "left", "%s", list);
		kill_all(&g);
		note(&g, "status", "timeout\n");
		return 0;
	}
	/* What it left behind has until 1 s later, times the scale of slow runs. */
	int64_t grace = now_ms() + (int64_t)(1000 * scale());
	while (!g.leave && reap(&g) && now_ms() < grace)
		sleep_ms(5);
	if (reap(&g))
		each_left(&g, list_it, list);
	if (g.born) {
		note(&g, "born", "%s %s\n", g.sleeper > 0 && kill(g.sleeper, 0) == 0 ? "alive" : "gone",
		     g.dead_status >= 0 && WEXITSTATUS(g.dead_status) == 7 ? "unreaped" : "reaped");
	}
	if (!g.leave)
		kill_all(&g);
	note(&g, "left", "%s", list);
	if (g.memory)
		note(&g, "memory", "%ld %d\n", peak, fds);
	if (WIFSIGNALED(g.status))
		note(&g, "status", "SIG%s\n", sigabbrev_np(WTERMSIG(g.status)));
	else
		note(&g, "status", "%d\n", WEXITSTATUS(g.status));
	return 0;
}

/* ---- tasks ---- */

/* show A B…: "[A|B]" and a newline, in one write. */
static int applet_show(int argc, char **argv)
{
	size_t size = 4;
	for (int i = 1; i < argc; i++)
		size += strlen(argv[i]) + 1;
	char *text = malloc(size), *p = text;
	if (text == NULL)
		die("malloc");
	*p++ = '[';
	for (int i = 1; i < argc; i++) {
		if (i > 1)
			*p++ = '|';
		p = stpcpy(p, argv[i]);
	}
	*p++ = ']';
	*p++ = '\n';
	put(1, text, (size_t)(p - text));
	free(text);
	return 0;
}

/* mark WORD [FILE]: append a line to FILE, "marks", in one write. */
static int applet_mark(int argc, char **argv)
{
	char *line = NULL;
	int fd = open(argc > 2 ? argv[2] : "marks", O_WRONLY | O_CREAT | O_APPEND, 0666);
	if (fd < 0)
		die("mark");
	int n = asprintf(&line, "%s\n", argc > 1 ? argv[1] : "");
	put(fd, line, (size_t)n);
	free(line);
	return 0;
}

static int count_lines(const char *path)
{
	FILE *f = fopen(path, "r");
	int c, n = 0;
	while (f != NULL && (c = getc(f)) != EOF)
		n += c == '\n';
	if (f != NULL)
		fclose(f);
	return n;
}

/* await FILE [LINES]: until FILE exists and has as many lines; 99 if that never comes. */
static int applet_await(int argc, char **argv)
{
	int lines = argc > 2 ? atoi(argv[2]) : 0;
	for (int64_t end = now_ms() + (int64_t)(AWAIT_SECONDS * 1000 * scale()); now_ms() < end; sleep_ms(3))
		if (access(argv[1], F_OK) == 0 && (lines == 0 || count_lines(argv[1]) >= lines))
			return 0;
	fprintf(stderr, "probe: %s never came\n", argv[1]);
	return 99;
}

/* gather FILE N: mark, then wait until N have. */
static int applet_gather(int argc, char **argv)
{
	(void)argc;
	applet_mark(3, (char *[]){"mark", "x", argv[1], NULL});
	return applet_await(3, argv);
}

/* len A…: the lengths of its arguments. */
static int applet_len(int argc, char **argv)
{
	for (int i = 1; i < argc; i++)
		printf("%zu%c", strlen(argv[i]), i + 1 < argc ? ' ' : '\n');
	return 0;
}

/* fill N [CHAR]: N bytes in large writes, lines of 1000 bytes of CHAR. */
static int applet_fill(int argc, char **argv)
{
	static char block[64000];
	uint64_t n = strtoull(argv[1], NULL, 10);
	memset(block, argc > 2 ? argv[2][0] : 'x', sizeof block);
	for (size_t i = 999; i < sizeof block; i += 1000)
		block[i] = '\n';
	for (; n > 0; n -= n < sizeof block ? n : sizeof block)
		put(1, block, n < sizeof block ? n : sizeof block);
	return 0;
}

/* trickle ID LINES LENGTH: lines "ID:number:xxxx:ID", one byte a write. */
static int applet_trickle(int argc, char **argv)
{
	char line[4096];
	(void)argc;
	for (int i = 0; i < atoi(argv[2]); i++) {
		int n = snprintf(line, sizeof line, "%s:%d:%0*d:%s\n", argv[1], i, atoi(argv[3]), 0, argv[1]);
		for (int k = 0; k < n; k++) {
			put(1, line + k, 1);
			if (k % 7 == 0)
				sched_yield();
		}
	}
	return 0;
}

/* work N: a task whose duration, output and status follow from N; work -s FIRST LAST: what FIRST…LAST
 * print when run one after the other. */
static void work(unsigned long n, bool sequential)
{
	unsigned long x = n * 2654435761UL % 4294967296UL;
	if (!sequential)
		sleep_ms((long)(x >> 7) % 5);
	size_t lines = (x >> 11) % 8 == 0 ? (x >> 15) % 200 : (x >> 15) % 6;
	for (size_t i = 0; i < lines; i++)
		printf("%lu %zu %0*d\n", n, i, (int)((x >> 5) % 120) + 1, 0);
	if (x >> 9 & 1)
		printf("%lu no newline;", n);
}

static int applet_work(int argc, char **argv)
{
	if (argc > 3) {
		for (unsigned long n = strtoul(argv[2], NULL, 10); n <= strtoul(argv[3], NULL, 10); n++)
			work(n, true);
		return 0;
	}
	unsigned long n = strtoul(argv[1], NULL, 10);
	work(n, false);
	return n % 97 == 0 ? 3 : 0;
}

/* ids: pid, parent, process group, session. */
static int applet_ids(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	printf("%d %d %d %d\n", (int)getpid(), (int)getppid(), (int)getpgrp(), (int)getsid(0));
	return 0;
}

/* sigs: the blocked, ignored and caught masks that it was started with. */
static int applet_sigs(int argc, char **argv)
{
	char text[4096];
	(void)argc;
	(void)argv;
	if (slurp_proc(getpid(), "status", text, sizeof text) <= 0)
		return 1;
	for (char *line = strtok(text, "\n"); line != NULL; line = strtok(NULL, "\n"))
		if (strncmp(line, "SigBlk:", 7) == 0 || strncmp(line, "SigIgn:", 7) == 0)
			puts(line);
	return 0;
}

/* fds: the numbers of its open fds. */
static int applet_fds(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	for (int fd = 0; fd < 1024; fd++)
		if (fcntl(fd, F_GETFD) >= 0)
			printf("%d ", fd);
	printf("\n");
	return 0;
}

/* daemon [-q] CMD…: a grandchild in a session of its own runs CMD; -q: without the caller's fds. */
static int applet_daemon(int argc, char **argv)
{
	bool quiet = argc > 1 && strcmp(argv[1], "-q") == 0;
	if (fork() > 0) {
		wait(NULL);
		return 0;
	}
	setsid();
	if (fork() > 0)
		_exit(0);
	if (quiet) {
		int fd = open("/dev/null", O_RDWR);
		dup2(fd, 0);
		dup2(fd, 1);
		dup2(fd, 2);
	}
	run(argv + 1 + quiet);
}

/* deaf CMD…: with INT, TERM, HUP and QUIT ignored. */
static int applet_deaf(int argc, char **argv)
{
	(void)argc;
	for (size_t i = 0; i < 4; i++)
		signal((int[]){SIGINT, SIGTERM, SIGHUP, SIGQUIT}[i], SIG_IGN);
	run(argv + 1);
}

/* shut CMD…: with fds 0 to 9 closed. */
static int applet_shut(int argc, char **argv)
{
	(void)argc;
	for (int fd = 0; fd < 10; fd++)
		close(fd);
	run(argv + 1);
}

/* raise SIG…: send itself these in turn; then say so. */
static int applet_raise(int argc, char **argv)
{
	for (int i = 1; i < argc; i++)
		raise(signal_of(argv[i]));
	puts("raised");
	return 0;
}

/* alloc MIB: touch that much memory; 1 if there is none. */
static int applet_alloc(int argc, char **argv)
{
	(void)argc;
	size_t n = strtoul(argv[1], NULL, 10) << 20;
	char *p = malloc(n);
	if (p == NULL)
		return 1;
	memset(p, 1, n);
	return p[n / 2] == 1 ? 0 : 1;
}

/* badsock FILE TEXT CMD…: standard input is a socket that gives TEXT, its commas newlines, and, when
 * FILE exists, an error. */
static int applet_badsock(int argc, char **argv)
{
	int pair[2];
	(void)argc;
	if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) < 0)
		die("socketpair");
	if (fork() == 0) {
		close(pair[0]);
		if (fork() > 0)
			_exit(0);
		for (char *p = argv[2]; *p != '\0'; p++)
			if (*p == ',')
				*p = '\n';
		put(pair[1], argv[2], strlen(argv[2]));
		applet_await(2, (char *[]){"await", argv[1], NULL});
		_exit(0); /* closes its end with a byte unread: ECONNRESET at the other */
	}
	wait(NULL);
	put(pair[0], "!", 1);
	close(pair[1]);
	dup2(pair[0], 0);
	close(pair[0]);
	run(argv + 3);
}

/* sockout FILE CMD…: standard output is a socket, copied to FILE by another process. */
static int applet_sockout(int argc, char **argv)
{
	int pair[2];
	(void)argc;
	if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) < 0)
		die("socketpair");
	if (fork() == 0) {
		char bytes[4096];
		ssize_t n;
		close(pair[0]);
		if (fork() > 0)
			_exit(0);
		int fd = open(argv[1], O_WRONLY | O_CREAT | O_TRUNC, 0666);
		while ((n = read(pair[1], bytes, sizeof bytes)) > 0)
			put(fd, bytes, (size_t)n);
		_exit(0);
	}
	wait(NULL);
	close(pair[1]);
	dup2(pair[0], 1);
	close(pair[0]);
	run(argv + 2);
}

/* ---- talk ---- */

static int connect_to(const char *path)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	snprintf(a.sun_path, sizeof a.sun_path, "%s", path);
	if (fd < 0 || connect(fd, (struct sockaddr *)&a, sizeof a) < 0)
		die(path);
	return fd;
}

/* As put, to a client's end that may be closed: that is seen where the replies are read. */
static void send_all(int fd, const char *bytes, size_t n)
{
	for (ssize_t sent; n > 0; bytes += sent, n -= (size_t)sent)
		if ((sent = send(fd, bytes, n, MSG_NOSIGNAL)) < 0)
			return;
}

/* Standard input as it comes. */
static void send_input(int fd)
{
	char bytes[65536];
	for (ssize_t n; (n = read(0, bytes, sizeof bytes)) > 0; )
		send_all(fd, bytes, (size_t)n);
}

/* Is this line of JSON an object with a member "ok"? */
static bool has_ok(const char *line)
{
	bool in_string = false;
	int depth = 0;
	for (const char *p = line; *p != '\0'; p++) {
		if (depth == 1 && !in_string && strncmp(p, "\"ok\":", 5) == 0)
			return true;
		if (*p == '"')
			in_string = !in_string;
		else if (in_string)
			p += *p == '\\' && p[1] != '\0';
		else
			depth += (*p == '{' || *p == '[') - (*p == '}' || *p == ']');
	}
	return false;
}

/* Print replies, to the last one of a request or of all; false: the connection has ended. */
static bool print_replies(FILE *from, bool all)
{
	static char *line;
	static size_t size;
	for (ssize_t n; (n = getline(&line, &size, from)) > 0; ) {
		put(1, line, (size_t)n);
		if (!all && has_ok(line))
			return true;
	}
	return false;
}

/* A line to all of them, then the replies of each: 1 if one ends before that. */
static int talk_in_turn(const char *path, int n)
{
	FILE **from = calloc((size_t)n, sizeof *from);
	char *line = NULL;
	size_t size = 0;
	int status = 0;
	for (int i = 0; from != NULL && i < n; i++)
		from[i] = fdopen(connect_to(path), "r");
	for (ssize_t len; status == 0 && (len = getline(&line, &size, stdin)) > 0; ) {
		for (int i = 0; i < n; i++)
			send_all(fileno(from[i]), line, (size_t)len);
		for (int i = 0; i < n; i++)
			if (!print_replies(from[i], false))
				status = 1;
	}
	free(line);
	free(from);
	return status;
}

/* talk [-n N | -p | -1 | -x | -s] SOCKET: send standard input and print what comes back. Line by line: the next is sent when
 * the last reply, the one with "ok", has come; with -n on N connections. -p: both at the same time, then close for
 * writing and print the rest; -1: the same, and a byte is read at a time. -x: send all, read nothing, be gone; -s: stay. */
static int applet_talk(int argc, char **argv)
{
	int c, kind = 0, n = 1;
	while ((c = getopt(argc, argv, "+n:p1xs")) != -1)
		if (c == 'n')
			n = atoi(optarg);
		else
			kind = c;
	if (kind == 0)
		return talk_in_turn(argv[optind], n);
	int fd = connect_to(argv[optind]);
	pid_t sender = kind == 'p' || kind == '1' ? fork() : 0;
	if (sender == 0) {
		if (kind == 'p' || kind == '1')
			prctl(PR_SET_PDEATHSIG, SIGKILL);
		send_input(fd);
		while (kind == 's')
			pause();
		if (kind != 'x')
			shutdown(fd, SHUT_WR);
		_exit(0);
	}
	FILE *from = fdopen(fd, "r");
	if (kind == '1')
		setvbuf(from, NULL, _IONBF, 0);
	print_replies(from, true);
	kill(sender, SIGTERM);
	wait(NULL);
	return 0;
}

static const struct {
	const char *name;
	int (*run)(int argc, char **argv);
} APPLETS[] = {
	{"guard", applet_guard}, {"show", applet_show}, {"mark", applet_mark}, {"await", applet_await},
	{"gather", applet_gather}, {"len", applet_len}, {"fill", applet_fill}, {"trickle", applet_trickle},
	{"work", applet_work}, {"ids", applet_ids}, {"sigs", applet_sigs}, {"fds", applet_fds},
	{"daemon", applet_daemon}, {"deaf", applet_deaf}, {"shut", applet_shut}, {"raise", applet_raise},
	{"alloc", applet_alloc}, {"badsock", applet_badsock}, {"sockout", applet_sockout},
	{"talk", applet_talk},
};

int main(int argc, char **argv)
{
	if (argc < 1)
		return 99;
	const char *slash = strrchr(argv[0], '/'), *name = slash != NULL ? slash + 1 : argv[0];
	for (int turn = 0; turn < 2; turn++) {
		for (size_t i = 0; i < ARRAY_LEN(APPLETS); i++)
			if (strcmp(APPLETS[i].name, name) == 0) {
				int status = APPLETS[i].run(argc, argv);
				return fflush(stdout) == 0 ? status : 98;
			}
		if (argc < 2)
			break;
		name = *++argv;
		argc--;
	}
	fprintf(stderr, "probe: no applet %s\n", name);
	return 99;
}
