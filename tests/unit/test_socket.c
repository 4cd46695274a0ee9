/* SPDX-License-Identifier: MIT */
#include <config.h>

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fdio.h"
#include "base/socket.h"
#include "process_help.h"

Suite *socket_suite(void);

enum { NOBODY = 65534, SOMEBODY = 65533 };

static int fds_before, cwd_fd;

static void set_up(void)
{
	make_dir();
	fds_before = open_fds();
	cwd_fd = open(".", O_PATH | O_CLOEXEC);
}

static void tear_down(void)
{
	ck_assert_int_eq(fchdir(cwd_fd), 0);
	fdio_close(&cwd_fd);
	ck_assert_int_eq(open_fds(), fds_before);
	ck_assert(is_childless());
	remove_dir();
}

static struct socket_place listen_on(const char *path)
{
	struct socket_place place;
	char *why;
	ck_assert_msg(socket_listen(&place, path, &why) == 0, "%s: %s", path, why);
	ck_assert_ptr_null(why);
	ck_assert_int_eq(place.path[0], '/');
	return place;
}

static bool is_refused(const char *path, const char *reason)
{
	struct socket_place place;
	char *why;
	if (socket_listen(&place, path, &why) == 0)
		return false;
	bool said = strstr(why, reason) != NULL && place.fd == -1 && place.folder_fd == -1 && !place.path;
	if (!said)
		fprintf(stderr, "%s: %s\n", path, why);
	free(why);
	return said;
}

/* From one end to the other. */
static void assert_works(const struct socket_place *place, const char *path)
{
	char c = 'x';
	ck_assert_int_eq(socket_accept(place), -1);
	ck_assert_int_eq(errno, EAGAIN);
	int client = socket_connect(path);
	ck_assert_msg(client >= 0, "%s: %s", path, strerror(errno));
	int server = socket_accept(place);
	ck_assert_int_ge(server, 0);
	ck_assert_int_eq(fdio_read(server, &c, 1), -1);
	ck_assert_int_eq(errno, EAGAIN);
	ck_assert_int_eq(fdio_write(client, &c, 1), 1);
	ck_assert_int_eq(fdio_read(server, &c, 1), 1);
	close(server);
	close(client);
}

static struct stat look(const char *path)
{
	struct stat st;
	ck_assert_int_eq(lstat(path, &st), 0);
	return st;
}

/* As a process that was killed leaves it. */
static void leave(struct socket_place *place)
{
	place->ino = 0;
	socket_close(place);
}

static bool exists(const char *path)
{
	return access(path, F_OK) == 0;
}

START_TEST(two_ends)
{
	uid_t uid = 1;
	pid_t pid = 1;
	struct socket_place place = listen_on(in_dir("s"));
	assert_works(&place, in_dir("s"));
	int client = socket_connect(in_dir("s")), server = socket_accept(&place);
	ck_assert(socket_peer(server, &uid, &pid));
	ck_assert_uint_eq(uid, geteuid());
	ck_assert_int_eq(pid, getpid());
	int fds[] = {place.fd, place.folder_fd, client, server};
	for (size_t i = 0; i < ARRAY_LEN(fds); i++)
		ck_assert_int_eq(fcntl(fds[i], F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
	ck_assert_int_eq(fcntl(client, F_GETFL) & O_NONBLOCK, 0);
	close(client);
	close(server);
	socket_close(&place);
	ck_assert_int_eq(place.fd, -1);
	ck_assert(!exists(in_dir("s")));
	ck_assert(!socket_peer(-1, &uid, &pid));
	socket_close(&place);
}
END_TEST

START_TEST(mode_under_any_umask)
{
	static const mode_t masks[] = {0, 022, 0777};
	for (size_t i = 0; i < ARRAY_LEN(masks); i++) {
		mode_t before = umask(masks[i]);
		struct socket_place place = listen_on(in_dir("s"));
		umask(before);
		ck_assert_uint_eq(look(in_dir("s")).st_mode, S_IFSOCK | 0600);
		socket_close(&place);
	}
}
END_TEST

/* Folders with names of 200 bytes, and in them a name as long as can be. */
START_TEST(long_names)
{
	char path[4 * 256], name[NAME_MAX + 1];
	memset(name, 'n', NAME_MAX);
	name[NAME_MAX] = '\0';
	snprintf(path, sizeof path, "%s/%.200s", in_dir("."), name);
	ck_assert_int_eq(mkdir(path, 0700), 0);
	snprintf(path, sizeof path, "%s/%.200s/%.150s", in_dir("."), name, name);
	ck_assert_int_eq(mkdir(path, 0700), 0);
	snprintf(path, sizeof path, "%s/%.200s/%.150s/%s", in_dir("."), name, name, name);
	struct socket_place place = listen_on(path);
	assert_works(&place, path);
	ck_assert(is_refused(path, "listens there already"));
	leave(&place);
	ck_assert_int_eq(socket_connect(path), -1);
	ck_assert_int_eq(errno, ECONNREFUSED);
	place = listen_on(path);
	assert_works(&place, place.path);
	socket_close(&place);
	ck_assert(!exists(path));
	ck_assert_int_eq(socket_connect(path), -1);
	ck_assert_int_eq(errno, ENOENT);
}
END_TEST

START_TEST(relative_names)
{
	ck_assert_int_eq(mkdir(in_dir("a"), 0700), 0);
	ck_assert_int_eq(chdir(in_dir(".")), 0);
	struct socket_place s = listen_on("s"), t = listen_on("a/../a/t");
	assert_works(&s, "s");
	assert_works(&t, "a/t");
	ck_assert_int_eq(chdir("/"), 0);
	assert_works(&s, s.path);
	assert_works(&t, t.path);
	socket_close(&s);
	socket_close(&t);
	ck_assert(!exists(in_dir("s")) && !exists(in_dir("a/t")));
}
END_TEST

START_TEST(no_names)
{
	static const char *const names[] = {"", "a/", ".", "..", "a/.", "/"};
	ck_assert_int_eq(chdir(in_dir(".")), 0);
	ck_assert_int_eq(mkdir("a", 0700), 0);
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		ck_assert(is_refused(names[i], "no name for a socket"));
	ck_assert_int_eq(socket_connect(""), -1);
	ck_assert_int_eq(errno, ENOENT);
	ck_assert(is_refused("b/s", "mkdir -m 700"));
	ck_assert_int_eq(chdir("a"), 0);
	ck_assert_int_eq(rmdir(in_dir("a")), 0);
	ck_assert(is_refused("s", "give an absolute name"));
}
END_TEST

START_TEST(one_that_is_left_over)
{
	struct socket_place place = listen_on(in_dir("s"));
	leave(&place);
	ck_assert(exists(in_dir("s")));
	ck_assert_int_eq(socket_connect(in_dir("s")), -1);
	ck_assert_int_eq(errno, ECONNREFUSED);
	ck_assert_int_eq(rename(in_dir("s"), in_dir(".forkpool-listen-new")), 0); /* of one that was killed at once */
	place = listen_on(in_dir("s"));
	ck_assert(!exists(in_dir(".forkpool-listen-new")));
	leave(&place);
	place = listen_on(in_dir("s"));
	assert_works(&place, in_dir("s"));
	ino_t ino = look(in_dir("s")).st_ino;
	ck_assert(is_refused(in_dir("s"), "listens there already; "));
	ck_assert_uint_eq(look(in_dir("s")).st_ino, ino);
	close(socket_accept(&place)); /* who looked */
	assert_works(&place, in_dir("s"));
	socket_close(&place);
}
END_TEST

START_TEST(what_is_no_socket)
{
	struct socket_place place = listen_on(in_dir("live"));
	static const char *const names[] = {"file", "fifo", "folder", "dangling", "link"};
	write_file("file", "text", 0600);
	ck_assert_int_eq(mkfifo(in_dir("fifo"), 0600), 0);
	ck_assert_int_eq(mkdir(in_dir("folder"), 0700), 0);
	ck_assert_int_eq(symlink("nothing", in_dir("dangling")), 0);
	ck_assert_int_eq(symlink("live", in_dir("link")), 0);
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		struct stat before = look(in_dir(names[i]));
		ck_assert(is_refused(in_dir(names[i]), "no socket; remove it"));
		ck_assert_uint_eq(look(in_dir(names[i])).st_ino, before.st_ino);
	}
	ck_assert(!exists(in_dir("nothing")));
	socket_close(&place);
}
END_TEST

START_TEST(folders_of_others)
{
	static const mode_t modes[] = {0770, 0702, 01777, 0720};
	ck_assert_int_eq(mkdir(in_dir("a"), 0700), 0);
	for (size_t i = 0; i < ARRAY_LEN(modes); i++) {
		ck_assert_int_eq(chmod(in_dir("a"), modes[i]), 0);
		ck_assert(is_refused(in_dir("a/s"), "make a folder of your own with mkdir -m 700"));
		ck_assert(!exists(in_dir("a/s")));
	}
	ck_assert_int_eq(chmod(in_dir("a"), 0755), 0);
	struct socket_place place = listen_on(in_dir("a/s"));
	leave(&place);
	if (geteuid() != 0)
		return;
	ck_assert_int_eq(lchown(in_dir("a/s"), NOBODY, NOBODY), 0);
	ck_assert(is_refused(in_dir("a/s"), "it belongs to another user; "));
	ck_assert_int_eq(chown(in_dir("a"), NOBODY, NOBODY), 0);
	ck_assert(is_refused(in_dir("a/t"), "its folder belongs to another user; make a folder"));
}
END_TEST

/* Nobody else's is removed, whoever has taken its place. */
START_TEST(close_of_one_that_was_replaced)
{
	struct socket_place place = listen_on(in_dir("s"));
	ck_assert_int_eq(unlink(in_dir("s")), 0);
	struct socket_place other = listen_on(in_dir("s"));
	errno = EDOM;
	socket_close(&place);
	ck_assert_int_eq(errno, EDOM);
	assert_works(&other, in_dir("s"));
	ck_assert_int_eq(rename(in_dir("s"), in_dir("t")), 0);
	write_file("s", "text", 0600);
	socket_close(&other);
	ck_assert(exists(in_dir("s")) && exists(in_dir("t")));
}
END_TEST

/* Says 'w' if it listens and 'r' if that is refused because another does, and waits. */
static _Noreturn void race(int start_rfd, int told_wfd, int end_rfd)
{
	char c;
	fdio_read(start_rfd, &c, 1);
	struct socket_place place;
	char *why;
	c = 'w';
	if (socket_listen(&place, in_dir("s"), &why) < 0)
		c = strstr(why, "listens there already") ? 'r' : '?';
	fdio_write(told_wfd, &c, 1);
	fdio_read(end_rfd, &c, 1);
	_exit(0);
}

START_TEST(one_wins)
{
	enum { N = 20, ROUNDS = 10 };
	for (int round = 0; round < ROUNDS; round++) {
		int start_rfd, start_wfd, told_rfd, told_wfd, end_rfd, end_wfd, winners = 0;
		ck_assert_int_eq(fdio_pipe(&start_rfd, &start_wfd), 0);
		ck_assert_int_eq(fdio_pipe(&told_rfd, &told_wfd), 0);
		ck_assert_int_eq(fdio_pipe(&end_rfd, &end_wfd), 0);
		for (int i = 0; i < N; i++)
			if (fork() == 0) {
				close(start_wfd);
				close(end_wfd);
				race(start_rfd, told_wfd, end_rfd);
			}
		fdio_close(&start_wfd);
		for (int i = 0; i < N; i++) {
			char c;
			ck_assert(becomes_readable(told_rfd));
			ck_assert_int_eq(fdio_read(told_rfd, &c, 1), 1);
			ck_assert(c == 'w' || c == 'r');
			winners += c == 'w';
		}
		ck_assert_int_eq(winners, 1);
		fdio_close(&end_wfd);
		for (int i = 0; i < N; i++)
			ck_assert_int_eq(status_of(-1), 0);
		fdio_close(&start_rfd);
		fdio_close(&told_rfd);
		fdio_close(&told_wfd);
		fdio_close(&end_rfd);
		ck_assert(exists(in_dir("s"))); /* and is left over for the next round */
	}
}
END_TEST

/* Anybody can lock a folder that they may read. */
START_TEST(locked_folder)
{
	int fd = open(in_dir("."), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ck_assert_int_eq(flock(fd, LOCK_EX), 0);
	ck_assert(is_refused(in_dir("s"), "has locked its folder; make a folder of your own"));
	ck_assert_int_eq(flock(fd, LOCK_UN), 0);
	struct socket_place place = listen_on(in_dir("s"));
	ck_assert_int_eq(flock(fd, LOCK_EX | LOCK_NB), 0);
	close(fd);
	socket_close(&place);
}
END_TEST

static uid_t client_uid;
static int expected_errno;

static int connect_as_client(void)
{
	if (setresuid(client_uid, client_uid, client_uid) < 0)
		return 1;
	int before = open_fds(), fd = socket_connect(in_dir("s"));
	if (fd >= 0)
		return expected_errno == 0 ? 0 : 2;
	if (errno != expected_errno)
		return 3;
	return open_fds() == before ? 0 : 4;
}

static const struct { uid_t server, client; int error; } pairs[] = {
	{SOMEBODY, NOBODY, EACCES}, {SOMEBODY, SOMEBODY, 0}, {SOMEBODY, 0, 0}, {0, NOBODY, 0},
};

/* Even if the mode lets it connect. */
START_TEST(server_of_another)
{
	if (geteuid() != 0)
		return;
	ck_assert_int_eq(chmod(in_dir("."), 0755), 0);
	ck_assert_int_eq(chown(in_dir("."), pairs[_i].server, (gid_t)-1), 0);
	ck_assert_int_eq(setresuid(pairs[_i].server, pairs[_i].server, 0), 0);
	struct socket_place place = listen_on(in_dir("s"));
	ck_assert_int_eq(setresuid(0, 0, 0), 0);
	client_uid = NOBODY;
	expected_errno = EACCES;
	assert_child(connect_as_client); /* by its mode */
	ck_assert_int_eq(chmod(in_dir("s"), 0666), 0);
	client_uid = pairs[_i].client;
	expected_errno = pairs[_i].error;
	assert_child(connect_as_client);
	ck_assert_int_eq(chown(in_dir("."), 0, (gid_t)-1), 0);
	socket_close(&place);
}
END_TEST

Suite *socket_suite(void)
{
	Suite *suite = suite_create("socket");
	TCase *tc = tcase_create("socket");
	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_test(tc, two_ends);
	tcase_add_test(tc, mode_under_any_umask);
	tcase_add_test(tc, long_names);
	tcase_add_test(tc, relative_names);
	tcase_add_test(tc, no_names);
	tcase_add_test(tc, one_that_is_left_over);
	tcase_add_test(tc, what_is_no_socket);
	tcase_add_test(tc, folders_of_others);
	tcase_add_test(tc, close_of_one_that_was_replaced);
	tcase_add_test(tc, one_wins);
	tcase_add_test(tc, locked_folder);
	tcase_add_loop_test(tc, server_of_another, 0, (int)ARRAY_LEN(pairs));
	suite_add_tcase(suite, tc);
	return suite;
}
