/* SPDX-License-Identifier: MIT */
#include <config.h>

#include <check.h>
#include <elf.h>
#include <fcntl.h>
#include <link.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/fdio.h"
#include "process/program.h"
#include "process_help.h"

Suite *program_suite(void);

#define SYSTEM_PATH "/usr/local/bin:/usr/bin:/bin"

static int fds_before;
static char file[PATH_MAX], interpreter[PATH_MAX];
static struct program_id id;

/* A real program, to be spoilt in many ways. */
static char *bytes;
static size_t len;

static void set_up(void)
{
	fds_before = open_fds();
	make_dir();
	ck_assert(program_find("true", SYSTEM_PATH, file, &id));
	len = (size_t)id.size;
	bytes = malloc(len);
	int fd = open(file, O_RDONLY | O_CLOEXEC);
	ck_assert_int_eq(read(fd, bytes, len), (ssize_t)len);
	close(fd);
}

static void tear_down(void)
{
	free(bytes);
	remove_dir();
	ck_assert_int_eq(open_fds(), fds_before);
}

static const char *check_now(const char *path)
{
	ck_assert_msg(program_find(path, "", file, &id), "%s is not found", path);
	return program_check(file, &id, interpreter);
}

/* The first `n` of the bytes as a file, and what is said of it; it is gone again then. */
static const char *check_bytes(size_t n, mode_t mode)
{
	const char *path = in_dir("program");
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0700);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(fdio_write_all(fd, bytes, n), 0);
	ck_assert_int_eq(fchmod(fd, mode), 0);
	close(fd);
	const char *why = check_now(path);
	unlink(path);
	return why;
}

static void assert_says(const char *why, const char *part)
{
	ck_assert_msg(why && strstr(why, part), "\"%s\", not \"%s\"", why ? why : "sound", part);
}

static ElfW(Ehdr) *header(void)
{
	return (ElfW(Ehdr) *)(void *)bytes;
}

static ElfW(Phdr) *segment(ElfW(Word) type)
{
	ElfW(Phdr) *s = (ElfW(Phdr) *)(void *)(bytes + header()->e_phoff);
	for (size_t i = 0; i < header()->e_phnum; i++)
		if (s[i].p_type == type)
			return &s[i];
	ck_abort_msg("no such segment");
}

/* What is found. */

static const struct find_case {
	const char *name, *path;
	const char *expected; /* NULL: false */
} find_cases[] = {
	{"prog", "/nonesuch:.", "./prog"},
	{"prog", "", "prog"},
	{"prog", "/dev/null:sub::/bin", "prog"},
	{"prog", "plain:sub:dirs:.", "./prog"}, /* a file, one without permission, a directory */
	{"prog", "fifos:.", "./prog"},
	{"prog", "/bin", NULL},
	{"prog", "loop/x:.", NULL},             /* execvp stops there */
	{"./prog", "/bin", "./prog"},
	{"./plain", ".", NULL},
	{"plain", ".", NULL},
	{".", ".", NULL},
	{"..", ".", NULL},
	{"dirs/prog", ".", NULL},
	{"fifos/prog", ".", NULL},
	{"./nonesuch", ".", NULL},
	{"prog/", ".", NULL},
	{"", ".", NULL},
	{"/", ".", NULL},
	{"/dev/null", ".", NULL},
};

START_TEST(finding)
{
	const struct find_case *c = &find_cases[_i];
	int start = open(".", O_PATH | O_CLOEXEC);
	ck_assert_int_eq(chdir(in_dir("")), 0);
	ck_assert_int_eq(mkdir("sub", 0700) | mkdir("dirs", 0700) | mkdir("dirs/prog", 0700) | mkdir("fifos", 0700), 0);
	ck_assert_int_eq(mkfifo("fifos/prog", 0777) | symlink("loop", "loop"), 0);
	write_file("prog", "", 0755);
	write_file("plain", "", 0644);
	write_file("sub/prog", "", 0644);
	bool found = program_find(c->name, c->path, file, &id);
	ck_assert_int_eq(fchdir(start), 0);
	close(start);
	ck_assert_int_eq(found, c->expected != NULL);
	if (found)
		ck_assert_str_eq(file, c->expected);
}
END_TEST

START_TEST(names_too_long)
{
	static char path[3 * PATH_MAX], name[PATH_MAX + 1];
	memset(path, 'x', sizeof path);
	path[0] = '/';
	memcpy(path + PATH_MAX + 10, ":/bin:/usr/bin", 15);
	ck_assert(program_find("true", path, file, &id));
	ck_assert_str_eq(strrchr(file, '/'), "/true");
	memset(name, '/', PATH_MAX);
	ck_assert(!program_find(name, "/bin", file, &id));
}
END_TEST

/* Each change makes another program of it. */
START_TEST(identity)
{
	const char *path = write_file("prog", "1", 0755);
	struct program_id first;
	ck_assert(program_find(path, "", file, &first));
	ck_assert(program_find(path, "", file, &id) && program_same(&first, &id));
	const struct timespec times[2] = {{.tv_sec = 1}, {.tv_sec = 1, .tv_nsec = 1}};
	ck_assert_int_eq(utimensat(AT_FDCWD, path, times, 0), 0);
	ck_assert(program_find(path, "", file, &id) && !program_same(&first, &id));
	first = id;
	ck_assert_int_eq(chmod(path, 0711), 0);
	ck_assert(program_find(path, "", file, &id) && !program_same(&first, &id));
	ck_assert_int_eq(rename(write_file("other", "1", 0755), path), 0);
	first = id;
	ck_assert(program_find(path, "", file, &id) && !program_same(&first, &id));
	ck_assert_ptr_nonnull(program_check(path, &first, interpreter));
}
END_TEST

/* What is sound. */

START_TEST(real_programs)
{
	static const char *const names[] = {"true", "sh", "cat", "sleep", "env", "ls"};
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		ck_assert(program_find(names[i], SYSTEM_PATH, file, &id));
		const char *why = program_check(file, &id, interpreter);
		ck_assert_msg(!why, "%s: %s", file, why);
		ck_assert_str_eq(interpreter, "");
	}
	ck_assert_ptr_null(check_bytes(len, 0755));
	ck_assert_ptr_null(check_bytes(len, 0500));
}
END_TEST

static const struct script_case {
	const char *text;
	const char *interpreter, *argument; /* NULL: refused */
} script_cases[] = {
	{"#!/bin/sh\nexit\n", "/bin/sh", ""},
	{"#! \t /bin/sh\t \n", "/bin/sh", ""},
	{"#!/bin/sh -e\n", "/bin/sh", "-e"},
	{"#!/bin/sh \t -e  -u\t\n", "/bin/sh", "-e  -u"},
	{"#!/bin/sh", NULL, NULL}, /* perhaps still being written */
	{"#!/bin/sh\r\n", NULL, NULL},
	{"#!sh\n", NULL, NULL},
	{"#!\n", NULL, NULL},
	{"#! \t\n", NULL, NULL},
	{"#!", NULL, NULL},
	{"#", NULL, NULL},
	{"", NULL, NULL},
	{"exit\n", NULL, NULL},
	{" #!/bin/sh\n", NULL, NULL},
	{"#!/\n", NULL, NULL},
	{"#!/dev/null\n", NULL, NULL},
	{"#!/dev/tty\n", NULL, NULL},
	{"#!/nonesuch\n", NULL, NULL},
	{"#!/etc/passwd\n", NULL, NULL},
};

START_TEST(scripts)
{
	const struct script_case *c = &script_cases[_i];
	const char *why = check_now(write_file("script", c->text, 0755));
	ck_assert_msg(!why == !!c->interpreter, "%s", why ? why : "sound");
	if (why)
		return;
	ck_assert_str_eq(interpreter, c->interpreter);
	ck_assert_str_eq(interpreter + strlen(interpreter) + 1, c->argument);
}
END_TEST

START_TEST(script_of_a_script)
{
	char text[128];
	snprintf(text, sizeof text, "#!%s\n", write_file("one", "#!/bin/sh\n", 0755));
	ck_assert_ptr_nonnull(check_now(write_file("two", text, 0755)));
}
END_TEST

/* The kernel looks at 256 bytes, of which the last must be the newline here. */
START_TEST(script_line_length)
{
	char text[300];
	memset(text, 'a', sizeof text);
	memcpy(text, "#!/bin/sh ", 10);
	memcpy(text + 255, "\n", 2);
	ck_assert_ptr_null(check_now(write_file("longest", text, 0755)));
	ck_assert_uint_eq(strlen(interpreter + 8), 245);
	memcpy(text + 255, "a\n", 3);
	assert_says(check_now(write_file("longer", text, 0755)), "names no interpreter");
}
END_TEST

START_TEST(script_with_nul)
{
	memcpy(bytes, "#!/bin/sh\0 x\n", 14);
	assert_says(check_bytes(14, 0755), "names no interpreter");
}
END_TEST

/* What is not. */

START_TEST(privileges)
{
	assert_says(check_bytes(len, 04755), "privileges");
	assert_says(check_bytes(len, 02755), "privileges");
	assert_says(check_now(write_file("script", "#!/bin/sh\n", 04755)), "privileges");
}
END_TEST

static int check_as_nobody(void)
{
	return setresuid(65534, 65534, 65534) < 0 || program_find(in_dir("hidden"), "", file, &id) == false ||
	       program_check(file, &id, interpreter) == NULL || program_find(in_dir("owners"), "", file, &id);
}

START_TEST(without_read_permission)
{
	if (getuid() != 0 || is_under_valgrind())
		return;
	ck_assert_int_eq(chmod(in_dir(""), 0755), 0);
	write_file("hidden", "#!/bin/sh\n", 0711);
	write_file("owners", "#!/bin/sh\n", 0744);
	assert_child(check_as_nobody);
}
END_TEST

/* A caller may be wrong about the kind of file, or it is another by now. */
START_TEST(not_regular)
{
	struct stat st;
	const char *path = in_dir("fifo");
	ck_assert_int_eq(mkfifo(path, 0777), 0);
	ck_assert_int_eq(stat(path, &st), 0);
	struct program_id fifo = {.dev = st.st_dev, .ino = st.st_ino, .mode = st.st_mode}, regular = fifo;
	regular.mode = S_IFREG | 0777;
	ck_assert_ptr_nonnull(program_check(path, &fifo, interpreter));
	ck_assert_ptr_nonnull(program_check(path, &regular, interpreter));
	ck_assert_ptr_nonnull(program_check(in_dir(""), &regular, interpreter));
	ck_assert_ptr_nonnull(program_check("/dev/null", &regular, interpreter));
	ck_assert_ptr_nonnull(program_check(in_dir("nonesuch"), &regular, interpreter));
	char text[128];
	snprintf(text, sizeof text, "#!%s\n", path);
	ck_assert_ptr_nonnull(check_now(write_file("script", text, 0755)));
}
END_TEST

START_TEST(statically_linked)
{
	segment(PT_INTERP)->p_type = PT_NULL;
	assert_says(check_bytes(len, 0755), "statically linked");
}
END_TEST

START_TEST(another_loader)
{
	bytes[segment(PT_INTERP)->p_offset + 3] ^= 1;
	assert_says(check_bytes(len, 0755), "another loader");
}
END_TEST

START_TEST(another_machine)
{
	header()->e_machine ^= 1;
	assert_says(check_bytes(len, 0755), "machine");
	header()->e_machine ^= 1;
	header()->e_ident[EI_CLASS] ^= 3;
	assert_says(check_bytes(len, 0755), "machine");
	header()->e_ident[EI_CLASS] ^= 3;
	header()->e_ident[EI_DATA] ^= 3;
	assert_says(check_bytes(len, 0755), "machine");
	header()->e_ident[EI_DATA] ^= 3;
	header()->e_type = ET_CORE;
	assert_says(check_bytes(len, 0755), "not a program");
	header()->e_type = ET_DYN;
	ck_assert_ptr_null(check_bytes(len, 0755));
}
END_TEST

/* A library that programs are started by has the function itself. */
START_TEST(another_start)
{
	size_t n = 0;
	for (size_t i = 0; i + 17 <= len; i++)
		if (memcmp(bytes + i, "__libc_start_main", 17) == 0) {
			bytes[i + 16] = 'm';
			n++;
		}
	ck_assert_uint_gt(n, 0);
	assert_says(check_bytes(len, 0755), "not started by");
}
END_TEST

/* Cut anywhere in what is read, and at some places behind. */
START_TEST(truncated)
{
	size_t headers = header()->e_phoff + header()->e_phnum * sizeof(ElfW(Phdr));
	for (size_t n = 0; n < headers; n += n < sizeof(ElfW(Ehdr)) ? 1 : 7)
		ck_assert_msg(check_bytes(n, 0755), "sound with %zu bytes", n);
	ElfW(Phdr) *dynamic = segment(PT_DYNAMIC);
	for (size_t n = headers; n < dynamic->p_offset; n += len / 50)
		ck_assert_msg(check_bytes(n, 0755), "sound with %zu bytes", n);
}
END_TEST

/* Each byte of the headers and of the dynamic section with some others in its place: any answer will do, but soon. */
START_TEST(damaged)
{
	static const unsigned char values[] = {0, 0x7f, 0xff};
	size_t headers = header()->e_phoff + header()->e_phnum * sizeof(ElfW(Phdr));
	ElfW(Phdr) *dynamic = segment(PT_DYNAMIC);
	size_t from = dynamic->p_offset, to = from + dynamic->p_filesz;
	const char *path = write_file("damaged", "", 0755);
	int fd = open(path, O_RDWR | O_CLOEXEC);
	ck_assert_int_eq(fdio_write_all(fd, bytes, len), 0);
	for (size_t at = 0; at < to; at = at + 1 == headers ? from : at + 1) {
		for (size_t i = 0; i < ARRAY_LEN(values); i++) {
			ck_assert_int_eq(pwrite(fd, &values[i], 1, (off_t)at), 1);
			check_now(path);
		}
		ck_assert_int_eq(pwrite(fd, bytes + at, 1, (off_t)at), 1);
	}
	ck_assert_ptr_null(check_now(path));
	close(fd);
}
END_TEST

/* Numbers that are as large as can be. */
START_TEST(hostile_numbers)
{
	ElfW(Phdr) saved, *interp = segment(PT_INTERP), *dynamic = segment(PT_DYNAMIC);
	memcpy(&saved, dynamic, sizeof saved);
	header()->e_phnum = 0xffff;
	ck_assert_ptr_nonnull(check_bytes(len, 0755));
	header()->e_phnum = 64; /* the last are not program headers at all */
	check_bytes(len, 0755);
	header()->e_phnum = 0;
	ck_assert_ptr_nonnull(check_bytes(len, 0755));
	header()->e_phnum = (ElfW(Half))(dynamic - (ElfW(Phdr) *)(void *)(bytes + header()->e_phoff) + 1);
	dynamic->p_filesz = (ElfW(Addr))-1;
	ck_assert_ptr_nonnull(check_bytes(len, 0755));
	dynamic->p_filesz = saved.p_filesz;
	dynamic->p_offset = (ElfW(Off))-1;
	ck_assert_ptr_nonnull(check_bytes(len, 0755));
	dynamic->p_offset = saved.p_offset;
	interp->p_filesz = (ElfW(Addr))-1;
	ck_assert_ptr_nonnull(check_bytes(len, 0755));
}
END_TEST

Suite *program_suite(void)
{
	Suite *s = suite_create("program");
	TCase *t = tcase_create("files");
	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_add_loop_test(t, finding, 0, ARRAY_LEN(find_cases));
	tcase_add_test(t, names_too_long);
	tcase_add_test(t, identity);
	tcase_add_test(t, real_programs);
	tcase_add_loop_test(t, scripts, 0, ARRAY_LEN(script_cases));
	tcase_add_test(t, script_of_a_script);
	tcase_add_test(t, script_line_length);
	tcase_add_test(t, script_with_nul);
	tcase_add_test(t, privileges);
	tcase_add_test(t, without_read_permission);
	tcase_add_test(t, not_regular);
	tcase_add_test(t, statically_linked);
	tcase_add_test(t, another_loader);
	tcase_add_test(t, another_machine);
	tcase_add_test(t, another_start);
	tcase_add_test(t, truncated);
	tcase_add_test(t, damaged);
	tcase_add_test(t, hostile_numbers);
	suite_add_tcase(s, t);
	return s;
}
