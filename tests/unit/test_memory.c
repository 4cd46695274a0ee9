/* SPDX-License-Identifier: MIT */
#include <config.h>

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/xalloc.h"

Suite *memory_suite(void);

/* A file system root of our own. */
static char root[] = "/tmp/forkpool-memory-XXXXXX";

static void setup(void)
{
	strcpy(root + strlen(root) - 6, "XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(root));
}

static void teardown(void)
{
	pid_t pid = fork();
	if (pid == 0) {
		execlp("rm", "rm", "-rf", root, (char *)NULL);
		_exit(127);
	}
	waitpid(pid, NULL, 0);
}

/* Write a file below the root, and make the directories that lead there. */
static void put(const char *path, const char *text)
{
	char *name = xasprintf("%s%s", root, path);
	for (char *slash = name + strlen(root) + 1; (slash = strchr(slash, '/')); *slash++ = '/') {
		*slash = '\0';
		mkdir(name, 0777);
	}
	FILE *f = fopen(name, "we");
	ck_assert_msg(f != NULL, "%s", name);
	fputs(text, f);
	fclose(f);
	free(name);
}

static uint64_t available(void)
{
	uint64_t bytes = 0;
	ck_assert_int_eq(memory_available(root, &bytes), 0);
	return bytes;
}

#define MEMINFO "MemTotal:  999999 kB\nMemFree: 5 kB\nMemAvailable:     1000 kB\n"
#define MEMINFO_BYTES 1024000

START_TEST(system_alone)
{
	put("/proc/meminfo", MEMINFO);
	ck_assert_uint_eq(available(), MEMINFO_BYTES);
}
END_TEST

START_TEST(unknown)
{
	uint64_t bytes = 7;
	ck_assert_int_eq(memory_available(root, &bytes), -1);
	put("/proc/meminfo", "MemTotal: 100 kB\n");
	ck_assert_int_eq(memory_available(root, &bytes), -1);
	ck_assert_uint_eq(bytes, 7);
}
END_TEST

static void put_v2(void)
{
	put("/proc/meminfo", MEMINFO);
	put("/proc/self/cgroup", "0::/a/b\n");
	put("/proc/self/mountinfo", "35 25 0:30 / /cg rw - cgroup2 cgroup2 rw\n");
}

START_TEST(v2_the_tightest_above_counts)
{
	put_v2();
	put("/cg/a/b/memory.max", "max\n");
	put("/cg/a/b/memory.current", "500\n");
	ck_assert_uint_eq(available(), MEMINFO_BYTES);
	put("/cg/a/memory.max", "10000\n");
	put("/cg/a/memory.current", "9000\n");
	ck_assert_uint_eq(available(), 1000);
	put("/cg/a/memory.stat", "anon 1\nfile 2\ninactive_anon 4\nactive_file 8\ninactive_file 300\n");
	ck_assert_uint_eq(available(), 1300);
	put("/cg/a/b/memory.max", "1200\n");
	ck_assert_uint_eq(available(), 700);
	put("/cg/a/b/memory.max", "400\n");
	ck_assert_uint_eq(available(), 0);
}
END_TEST

START_TEST(v2_more_than_the_system_has)
{
	put_v2();
	put("/cg/a/memory.max", "99999999\n");
	put("/cg/a/memory.current", "1\n");
	ck_assert_uint_eq(available(), MEMINFO_BYTES);
}
END_TEST

START_TEST(v1)
{
	put("/proc/meminfo", MEMINFO);
	put("/proc/self/cgroup", "5:cpu,cpuacct:/no\n4:memory:/a\n0::/\n");
	put("/proc/self/mountinfo", "35 25 0:30 / /cpu rw - cgroup cgroup rw,cpu,cpuacct\n"
				    "36 25 0:31 / /mem rw - cgroup cgroup rw,memory\n");
	put("/mem/memory.limit_in_bytes", "9223372036854771712\n");
	put("/mem/memory.usage_in_bytes", "123456789\n");
	ck_assert_uint_eq(available(), MEMINFO_BYTES);
	put("/mem/a/memory.limit_in_bytes", "5000\n");
	put("/mem/a/memory.usage_in_bytes", "4000\n");
	put("/mem/a/memory.stat", "inactive_file 1\ntotal_inactive_file 50\n");
	ck_assert_uint_eq(available(), 1050);
}
END_TEST

START_TEST(this_machine)
{
	uint64_t bytes;
	if (access("/proc/meminfo", R_OK) == 0 && memory_available("", &bytes) == 0)
		ck_assert_uint_gt(bytes, 0);
}
END_TEST

Suite *memory_suite(void)
{
	Suite *s = suite_create("memory");
	TCase *t = tcase_create("memory");
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, system_alone);
	tcase_add_test(t, unknown);
	tcase_add_test(t, v2_the_tightest_above_counts);
	tcase_add_test(t, v2_more_than_the_system_has);
	tcase_add_test(t, v1);
	tcase_add_test(t, this_machine);
	suite_add_tcase(s, t);
	return s;
}
