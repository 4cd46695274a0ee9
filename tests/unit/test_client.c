/* SPDX-License-Identifier: MIT */
#include <config.h>

#include <check.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/array.h"
#include "base/buf.h"
#include "base/fdio.h"
#include "base/report.h"
#include "base/socket.h"
#include "client/answer.h"
#include "client/call.h"
#include "client/request.h"
#include "client/session.h"
#include "client/usage.h"
#include "proto/jansson.h"

#define WORDS_MAX 15
#define SAID_MAX 8192

Suite *client_suite(void);

static char text[SAID_MAX];
static char *words[WORDS_MAX + 2];

/* "ctl" and the words of a line, between blanks; returns argc. `text` holds them. */
static int split(const char *line)
{
	int n = 0;

	snprintf(text, sizeof(text), "%s", line);
	words[n++] = (char *)"ctl";
	for (char *word = strtok(text, " "); word; word = strtok(NULL, " ")) {
		ck_assert_int_lt(n, WORDS_MAX);
		words[n++] = word;
	}
	words[n] = NULL;
	return n;
}

static void set_up(void)
{
	ck_assert_ptr_null(jansson_load());
	ck_assert_int_eq(chdir("/"), 0);
	setenv("FORKPOOL_SOCKET", "/s", 1);
	unsetenv("POSIXLY_CORRECT");
}

static const struct {
	const char *line;
	const char *request;
} asked[] = {
	{"submit true", "{\"verb\":\"submit\",\"command\":[\"true\"],\"directory\":\"/\"}\n"},
	{"submit --name x -C /tmp ls -S --name y", "{\"verb\":\"submit\",\"name\":\"x\",\"directory\":\"/tmp\",\"command\":[\"ls\",\"-S\",\"--name\",\"y\"]}\n"},
	{"apply --directory tmp -- -x --", "{\"verb\":\"apply\",\"directory\":\"//tmp\",\"command\":[\"-x\",\"--\"]}\n"},
	{"apply \xff", "{\"verb\":\"apply\",\"command\":[{\"base64\":\"/w==\"}],\"directory\":\"/\"}\n"},
	{"wait", "{\"verb\":\"wait\"}\n"},
	{"wait 3 --timeout 1m 4", "{\"verb\":\"wait\",\"timeout\":60.0,\"tasks\":[3,4]}\n"},
	{"wait --timeout=1.5 3", "{\"verb\":\"wait\",\"timeout\":1.5,\"tasks\":[3]}\n"},
	{"result 7 --json", "{\"verb\":\"result\",\"task\":7}\n"},
	{"status", "{\"verb\":\"status\"}\n"},
	{"status 2", "{\"verb\":\"status\",\"task\":2}\n"},
	{"list", "{\"verb\":\"list\"}\n"},
	{"kill 1 2", "{\"verb\":\"kill\",\"task\":1}\n{\"verb\":\"kill\",\"task\":2}\n"},
	{"jobs", "{\"verb\":\"jobs\"}\n"},
	{"jobs +2", "{\"verb\":\"jobs\",\"jobs\":\"+2\"}\n"},
	{"jobs -- -1", "{\"verb\":\"jobs\",\"jobs\":\"-1\"}\n"},
	{"jobs 50%", "{\"verb\":\"jobs\",\"jobs\":\"50%\"}\n"},
	{"jobs 4", "{\"verb\":\"jobs\",\"jobs\":4}\n"},
	{"-S /x pause", "{\"verb\":\"pause\"}\n"},
	{"join --timeout 0", "{\"verb\":\"join\",\"timeout\":0.0}\n"},
	{"queue create q --maxsize 3", "{\"verb\":\"queue-create\",\"maxsize\":3,\"queue\":\"q\"}\n"},
	{"queue --maxsize 0 create q", "{\"verb\":\"queue-create\",\"maxsize\":0,\"queue\":\"q\"}\n"},
	{"queue list --json", "{\"verb\":\"queue-list\"}\n"},
	{"queue close q", "{\"verb\":\"queue-close\",\"queue\":\"q\"}\n"},
	{"put q x --nowait", "{\"verb\":\"put\",\"nowait\":true,\"queue\":\"q\",\"message\":\"x\"}\n"},
	{"put q -- -x", "{\"verb\":\"put\",\"queue\":\"q\",\"message\":\"-x\"}\n"},
	{"get q --line --timeout 2", "{\"verb\":\"get\",\"timeout\":2.0,\"queue\":\"q\"}\n"},
	{"full q", "{\"verb\":\"full\",\"queue\":\"q\"}\n"},
};

START_TEST(what_is_asked)
{
	struct call call;
	struct buf lines = {0};

	call_read(&call, split(asked[_i].line), words);
	request_lines(&call, &lines);
	buf_addc(&lines, '\0');
	ck_assert_str_eq(buf_head(&lines), asked[_i].request);
	buf_clear(&lines);
}
END_TEST

START_TEST(socket_of_option_or_environment)
{
	struct call call;

	call_read(&call, split("list"), words);
	ck_assert_str_eq(call.values[OPTION_SOCKET], "/s");
	call_read(&call, split("-S a list"), words);
	ck_assert_str_eq(call.values[OPTION_SOCKET], "a");
	call_read(&call, split("list -S b"), words);
	ck_assert_str_eq(call.values[OPTION_SOCKET], "b");
}
END_TEST

/* POSIXLY_CORRECT ends getopt's options at the first word; a verb's may stand anywhere. */
START_TEST(options_anywhere_in_any_environment)
{
	struct call call;

	setenv("POSIXLY_CORRECT", "1", 1);
	call_read(&call, split("get q --nowait"), words);
	ck_assert(call_has(&call, OPTION_NOWAIT));
	ck_assert_uint_eq(call.n_words, 1);
}
END_TEST

/* What a child has said and how it ended. */
struct end {
	int status;
	char out[SAID_MAX], err[SAID_MAX];
};

static void read_back(int fd, char said[SAID_MAX])
{
	ssize_t n = pread(fd, said, SAID_MAX - 1, 0);

	ck_assert_int_ge(n, 0);
	said[n] = '\0';
	close(fd);
}

static int scratch(void)
{
	char name[] = "/tmp/forkpool-client-XXXXXX";
	int fd = mkostemp(name, O_CLOEXEC);

	ck_assert_int_ge(fd, 0);
	unlink(name);
	return fd;
}

/* Run `step` in a child, with these words; its exit status is what it returns, if it does. */
static void in_child(struct end *end, const char *line, int (*step)(const struct call *call, int fd), int fd)
{
	int out = scratch(), err = scratch(), status;
	int n = split(line);
	struct call call;

	fflush(NULL);
	pid_t pid = fork();
	if (pid == 0) {
		dup2(out, STDOUT_FILENO);
		dup2(err, STDERR_FILENO);
		report_set_help("forkpool ctl --help");
		call_read(&call, n, words);
		_exit(step(&call, fd));
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert(WIFEXITED(status));
	end->status = WEXITSTATUS(status);
	read_back(out, end->out);
	read_back(err, end->err);
}

static int ask(const struct call *call, int fd)
{
	struct buf lines = {0};

	(void)fd;
	request_lines(call, &lines);
	return EXIT_OK;
}

static const struct {
	const char *line;
	const char *says;
} mistakes[] = {
	{"", "forkpool: a verb is missing; try 'forkpool ctl --help'\n"},
	{"go", "forkpool: unknown verb 'go';"},
	{"queue", "forkpool: queue wants create, close, delete or list;"},
	{"queue go x", "forkpool: queue wants create, close, delete or list;"},
	{"submit", "forkpool: submit needs CMD...;"},
	{"submit --name x", "forkpool: submit needs CMD...;"},
	{"submit --name", "forkpool: option --name needs a value, N;"},
	{"list -S", "forkpool: option -S needs a value, SOCKET;"},
	{"list -x", "forkpool: unknown option -x;"},
	{"--x", "forkpool: unknown option --x; try 'forkpool ctl --help'\n"},
	{"list --x", "forkpool: unknown option --x; try 'forkpool ctl list --help'\n"},
	{"get q --n", "forkpool: option --n could be one of several; write it in full;"},
	{"queue create", "forkpool: queue create needs NAME; try 'forkpool ctl queue create --help'\n"},
	{"list --json=1", "forkpool: option --json takes no value: --json=1;"},
	{"list --nowait", "forkpool: list takes no option --nowait;"},
	{"queue list q", "forkpool: queue list takes nothing more: 'q';"},
	{"list x", "forkpool: list takes nothing more: 'x';"},
	{"get q --nowait --timeout 1", "forkpool: --timeout waits and --nowait does not;"},
	{"get q --timeout soon", "forkpool: --timeout 'soon': not a time;"},
	{"kill", "forkpool: kill needs TASK...;"},
	{"kill 1 x", "forkpool: 'x' is no task:"},
	{"result 0", "forkpool: '0' is no task:"},
	{"jobs 0", "forkpool: jobs '0': at least one job is needed;"},
	{"jobs x", "forkpool: jobs 'x': not a number of jobs; use N, N% of the CPUs, +N or -N;"},
	{"jobs 1000001", "forkpool: jobs '1000001': too many;"},
	{"jobs -1", "forkpool: unknown option -1; behind -- it is none;"},
	{"queue create \xff", "forkpool: queue '\\xff': not valid UTF-8;"},
	{"queue create q --maxsize x", "forkpool: --maxsize 'x': not a whole number"},
	{"put q m x", "forkpool: put takes nothing more: 'x';"},
};

START_TEST(mistakes_are_named)
{
	struct end end;

	in_child(&end, mistakes[_i].line, ask, -1);
	ck_assert_int_eq(end.status, EXIT_USAGE);
	ck_assert_msg(strncmp(end.err, mistakes[_i].says, strlen(mistakes[_i].says)) == 0, "%s", end.err);
	ck_assert_str_eq(end.out, "");
}
END_TEST

START_TEST(no_socket)
{
	struct end end;

	setenv("FORKPOOL_SOCKET", "", 1);
	in_child(&end, "list", ask, -1);
	ck_assert_int_eq(end.status, EXIT_USAGE);
	ck_assert_ptr_nonnull(strstr(end.err, "-S SOCKET, or in FORKPOOL_SOCKET"));
}
END_TEST

/* Base64 makes four bytes of three: bytes that fit a line may not fit it as a message. 700 KiB do, whatever they are. */
START_TEST(too_long_for_a_line)
{
	static const struct {
		size_t len;
		char byte;
		int status;
	} messages[] = {{1048576 - 53, 'x', EXIT_OK}, {1048576 - 52, 'x', EXIT_USAGE}, {800000, '\xff', EXIT_USAGE},
			 {716800, '\xff', EXIT_OK}, {716800, '\0', EXIT_OK}, {716800, '\n', EXIT_OK}, {800000, '\n', EXIT_USAGE}};
	struct end end;

	for (size_t i = 0; i < ARRAY_LEN(messages); i++) {
		struct buf bytes = {0};
		int saved = dup(STDIN_FILENO), in = scratch();

		memset(buf_room(&bytes, messages[i].len), messages[i].byte, messages[i].len);
		ck_assert_int_eq(pwrite(in, buf_head(&bytes), messages[i].len, 0), (ssize_t)messages[i].len);
		dup2(in, STDIN_FILENO);
		in_child(&end, "put q --nowait", ask, -1);
		ck_assert_int_eq(end.status, messages[i].status);
		ck_assert(!messages[i].status || (strncmp(end.err, "forkpool: too long:", 19) == 0 && strstr(end.err, "file's name")));
		dup2(saved, STDIN_FILENO);
		close(saved);
		close(in);
		buf_clear(&bytes);
	}
}
END_TEST

static int take(const struct call *call, int fd)
{
	struct session session = {.fd = fd, .path = "s"};
	struct answer answer = {.call = call, .session = &session, .fd = STDOUT_FILENO};
	int status = answer_take(&answer);

	answer_clear(&answer);
	buf_clear(&session.in);
	return status;
}

#define TASK "\"task\":7,\"state\":\"finished\",\"command\":\"a\\tb\",\"attempt\":1,\"outcome\":\"exited\",\"status\":3,\"runtime\":1.5,\"pid\":9"
#define QUEUE "\"queue\":\"a b\",\"state\":\"open\",\"qsize\":1,\"maxsize\":2"
#define OK(members) "{\"ok\":true" members "}\n"
#define ERROR(error) "{\"ok\":false,\"error\":\"" error "\",\"message\":\"so\\u0007\"}\n"

static const struct {
	const char *line;
	const char *replies;
	int status;
	const char *out, *err;
} answers[] = {
	{"submit x", OK(",\"task\":12"), 0, "12\n", ""},
	{"apply x", "{\"output\":1,\"bytes\":\"a\"}\n{\"output\":2,\"bytes\":{\"base64\":\"/w==\"}}\n{\"output\":1,\"bytes\":\"b\\n\"}\n"
	 OK(",\"task\":1,\"outcome\":\"exited\",\"status\":3,\"reason\":\"exit 3\""), 3, "ab\n", "\xff"},
	{"apply x", OK(",\"task\":1,\"outcome\":\"signalled\",\"status\":137,\"signal\":9,\"reason\":\"killed by SIGKILL\""), 137, "",
	 "forkpool: task 1: killed by SIGKILL: x\n"},
	{"apply x", OK(",\"task\":1,\"outcome\":\"not started\",\"status\":125,\"reason\":{\"base64\":\"/yBpcw==\"}"), 125, "",
	 "forkpool: task 1: \\xff is: x\n"},
	{"apply x", OK(",\"task\":1,\"outcome\":\"exited\""), 125, "", ""},
	{"wait 7", "{\"task\":{" TASK "}}\n" OK(",\"failed\":1"), 3, "", ""},
	{"wait 7 8", "{\"task\":{" TASK "}}\n{\"task\":{\"task\":8,\"status\":0}}\n" OK(",\"failed\":1"), 123, "", ""},
	{"wait 7 8", OK(",\"failed\":0"), 0, "", ""},
	{"wait", OK(",\"failed\":2"), 123, "", ""},
	{"wait", OK(",\"failed\":0"), 0, "", ""},
	{"wait 7", ERROR("timeout"), 124, "", ""},
	{"wait 7", ERROR("no-task"), 1, "", "forkpool: so\\x07\n"},
	{"result 7", "{\"output\":1,\"bytes\":\"x\"}\n" OK(",\"outcome\":\"exited\",\"status\":3"), 0, "x", ""},
	{"result 7", OK(",\"outcome\":\"exited\",\"status\":0,\"truncated\":true"), 0, "",
	 "forkpool: task 7: of its output only the first MiB was kept; --results DIR of a pool keeps all\n"},
	{"result --json 7", "{\"output\":1,\"bytes\":\"x\"}\n{\"output\":2,\"bytes\":\"y\"}\n" OK(",\"outcome\":\"exited\",\"status\":3"), 0,
	 "{\"outcome\":\"exited\",\"status\":3,\"stdout\":\"x\",\"stderr\":\"y\"}\n", ""},
	{"result 7", ERROR("not-finished"), 1, "", "forkpool: so\\x07\n"},
	{"status", OK(",\"state\":\"open\",\"jobs\":2"), 0, "state: open\njobs: 2\n", ""},
	{"status --json", OK(",\"state\":\"open\",\"jobs\":2"), 0, "{\"state\":\"open\",\"jobs\":2}\n", ""},
	{"status 7", OK(",\"task\":{" TASK "}"), 0, "finished\n", ""},
	{"status 7 --json", OK(",\"task\":{" TASK "}"), 0, "{" TASK "}\n", ""},
	{"list", OK(), 0, "TASK\tPID\tSTATUS\tSECONDS\tSTATE\tNAME\tCOMMAND\n", ""},
	{"list", "{\"task\":{" TASK "}}\n{\"task\":{\"task\":8,\"state\":\"waiting\",\"name\":\"n\",\"command\":{\"base64\":\"/w==\"}}}\n" OK(), 0,
	 "TASK\tPID\tSTATUS\tSECONDS\tSTATE\tNAME\tCOMMAND\n7\t9\t3\t1.500\tfinished\t-\ta\\tb\n8\t-\t-\t-\twaiting\tn\t\\xff\n", ""},
	{"list --json", "{\"task\":{\"task\":8}}\n{\"task\":{\"task\":9}}\n" OK(), 0, "{\"task\":8}\n{\"task\":9}\n", ""},
	{"queue list", OK(), 0, "QUEUE\tMESSAGES\tMAXSIZE\tSTATE\n", ""},
	{"queue list", "{\"queue\":{" QUEUE "}}\n{\"queue\":{\"queue\":\"r\",\"state\":\"closed\",\"qsize\":0}}\n" OK(), 0,
	 "QUEUE\tMESSAGES\tMAXSIZE\tSTATE\na b\t1\t2\topen\nr\t0\t-\tclosed\n", ""},
	{"queue list --json", "{\"queue\":{" QUEUE "}}\n" OK(), 0, "{" QUEUE "}\n", ""},
	{"kill 7", OK(), 0, "", ""},
	{"kill 7", ERROR("finished"), 1, "", "forkpool: so\\x07\n"},
	{"jobs", OK(",\"jobs\":4"), 0, "4\n", ""},
	{"jobs 4", OK(",\"jobs\":4"), 0, "", ""},
	{"join", OK(",\"status\":123"), 0, "", ""},
	{"put q x", ERROR("full"), 1, "", ""},
	{"put q x", ERROR("no-room"), 1, "", "forkpool: so\\x07\n"},
	{"put q x", ERROR("end"), 3, "", "forkpool: so\\x07\n"},
	{"get q", ERROR("end"), 3, "", ""},
	{"get q", ERROR("empty"), 1, "", ""},
	{"get q", ERROR("timeout"), 124, "", ""},
	{"get q", ERROR("refused"), 125, "", "forkpool: so\\x07\n"},
	{"get q", ERROR("what"), 125, "", "forkpool: so\\x07\n"},
	{"get q", "{\"ok\":false,\"error\":\"what\"}\n", 125, "", "forkpool: what\n"},
	{"get q", ERROR("bad-request"), 2, "", "forkpool: so\\x07\n"},
	{"get q", OK(",\"message\":\"m\",\"delivery\":5") OK(), 0, "m", ""},
	{"get q --line", OK(",\"message\":\"m\",\"delivery\":5") OK(), 0, "m\n", ""},
	{"get q --line", OK(",\"message\":\"m\\n\",\"delivery\":5") OK(), 0, "m\n", ""},
	{"get q --line", OK(",\"message\":\"\",\"delivery\":5") OK(), 0, "\n", ""},
	{"get q", OK(",\"message\":\"m\",\"delivery\":5"), 0, "m", ""},
	{"get q", OK(",\"message\":\"m\",\"delivery\":5") ERROR("bad-request"), 125, "m", "forkpool: the message may come again: so\\x07\n"},
	{"get q", "{\"ok\":true,\"message\":\"m\"", 125, "", "forkpool: the pool on 's' has ended without an answer\n"},
	{"qsize q", OK(",\"qsize\":0"), 0, "0\n", ""},
	{"empty q", OK(",\"empty\":true"), 0, "", ""},
	{"empty q", OK(",\"empty\":false"), 1, "", ""},
	{"full q", OK(",\"full\":false"), 1, "", ""},
	{"full q", OK(",\"full\":true"), 0, "", ""},
	{"list", "{\"task\":{\"task\":8}}\n", 125, NULL, "forkpool: the pool on 's' has ended without an answer\n"},
	{"list", "[]\n", 125, "", "forkpool: what listens on 's' is no pool: no object\n"},
};

/* The other side of a connection that has sent these bytes; it stays open for what it is sent. */
static int pool_that_says(const char *replies, int *ours)
{
	int fds[2];

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
	ck_assert_int_eq(fdio_send_all(fds[1], replies, strlen(replies)), 0);
	shutdown(fds[1], SHUT_WR);
	*ours = fds[0];
	return fds[1];
}

static void answer_with_io_size(int i, const char *size)
{
	struct end end;
	int ours, pool = pool_that_says(answers[i].replies, &ours);

	setenv("FORKPOOL_IO_SIZE", size, 1);
	fdio_init();
	in_child(&end, answers[i].line, take, ours);
	unsetenv("FORKPOOL_IO_SIZE");
	fdio_init();
	ck_assert_str_eq(end.err, answers[i].err);
	if (answers[i].out)
		ck_assert_str_eq(end.out, answers[i].out);
	ck_assert_int_eq(end.status, answers[i].status);
	close(ours);
	close(pool);
}

START_TEST(what_is_made_of_answers)
{
	answer_with_io_size(_i, "1000000");
	answer_with_io_size(_i, "1");
}
END_TEST

static int take_with_full_output(const struct call *call, int fd)
{
	int full = open("/dev/full", O_WRONLY | O_CLOEXEC);

	dup2(full, STDOUT_FILENO);
	return take(call, fd);
}

/* A message is acknowledged when it was written, and only then. */
START_TEST(message_is_ours_once_written)
{
	struct end end;
	char got[256];
	int ours, pool = pool_that_says(OK(",\"message\":\"m\",\"delivery\":5") OK(), &ours);

	in_child(&end, "get q", take, ours);
	close(ours);
	ssize_t n = read(pool, got, sizeof(got) - 1);
	ck_assert_int_gt(n, 0);
	got[n] = '\0';
	ck_assert_str_eq(got, "{\"verb\":\"ack\",\"delivery\":5}\n");
	close(pool);

	pool = pool_that_says(OK(",\"message\":\"m\",\"delivery\":5") OK(), &ours);
	in_child(&end, "get q", take_with_full_output, ours);
	close(ours);
	ck_assert_int_eq(end.status, EXIT_FORKPOOL);
	ck_assert_str_eq(end.err, "forkpool: cannot write to standard output: No space left on device\n");
	ck_assert_int_eq(read(pool, got, sizeof(got)), 0);
	close(pool);
}
END_TEST

/* The state of a process, as proc(5) has it. */
static char state_of(pid_t pid)
{
	char path[64], state = '?';

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	FILE *f = fopen(path, "re");
	ck_assert_ptr_nonnull(f);
	ck_assert_int_eq(fscanf(f, "%*d %*s %c", &state), 1);
	fclose(f);
	return state;
}

/* Who comes too early sleeps, and comes again; who does not has ended. */
START_TEST(pool_that_is_about_to_listen)
{
	char dir[] = "/tmp/forkpool-client-XXXXXX", path[sizeof(dir) + 2];
	struct socket_place place;
	struct session session;
	char *why, state;
	int status;

	ck_assert_ptr_nonnull(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/s", dir);
	fflush(NULL);
	pid_t pid = fork();
	if (pid == 0) {
		session_open(&session, path, false);
		_exit(EXIT_OK);
	}
	do
		state = state_of(pid);
	while (state != 'S' && state != 'Z');
	ck_assert_int_eq(socket_listen(&place, path, &why), 0);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, EXIT_OK);
	socket_close(&place);
	rmdir(dir);
}
END_TEST

static size_t check_lines(struct buf *out)
{
	size_t n = 0, len;

	buf_addc(out, '\0');
	for (const char *line = buf_head(out); *line; line += len + 1, n++) {
		len = strcspn(line, "\n");
		ck_assert_uint_le(len, 80);
	}
	return n;
}

START_TEST(help_fits_a_screen)
{
	struct buf out = {0};

	usage_add_all(&out);
	ck_assert_uint_le(check_lines(&out), 23);
	for (size_t i = 0; i < verb_count; i++) {
		buf_reset(&out);
		usage_add_verb(&out, &verb_rows[i]);
		ck_assert_uint_le(check_lines(&out), 23);
	}
	buf_clear(&out);
}
END_TEST

START_TEST(help_and_version_before_all_else)
{
	static const struct {
		const char *line, *says;
	} texts[] = {
		{"--help", "Usage: forkpool ctl [-S"}, {"-h", "Usage: forkpool ctl [-S"}, {"put --help", "Usage: forkpool ctl put "},
		{"queue create -h", "Usage: forkpool ctl queue create "}, {"--version", "forkpool " PACKAGE_VERSION "\n"},
	};
	struct end end;

	unsetenv("FORKPOOL_SOCKET");
	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		in_child(&end, texts[i].line, ask, -1);
		ck_assert_int_eq(end.status, EXIT_OK);
		ck_assert_msg(strncmp(end.out, texts[i].says, strlen(texts[i].says)) == 0, "%s", end.out);
	}
}
END_TEST

Suite *client_suite(void)
{
	Suite *s = suite_create("client");
	TCase *t = tcase_create("client");

	tcase_add_checked_fixture(t, set_up, NULL);
	tcase_add_loop_test(t, what_is_asked, 0, ARRAY_LEN(asked));
	tcase_add_test(t, socket_of_option_or_environment);
	tcase_add_test(t, options_anywhere_in_any_environment);
	tcase_add_loop_test(t, mistakes_are_named, 0, ARRAY_LEN(mistakes));
	tcase_add_test(t, no_socket);
	tcase_add_test(t, too_long_for_a_line);
	tcase_add_loop_test(t, what_is_made_of_answers, 0, ARRAY_LEN(answers));
	tcase_add_test(t, message_is_ours_once_written);
	tcase_add_test(t, pool_that_is_about_to_listen);
	tcase_add_test(t, help_fits_a_screen);
	tcase_add_test(t, help_and_version_before_all_else);
	suite_add_tcase(s, t);
	return s;
}
