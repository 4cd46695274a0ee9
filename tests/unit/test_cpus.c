/* SPDX-License-Identifier: MIT */
#include <config.h>

#include <check.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cpus.h"
#include "base/xalloc.h"

Suite *cpus_suite(void);

/* A file system root of our own, with /proc and /sys as the test wants them. */
static char root[] = "/tmp/forkpool-cpus-XXXXXX";

static void make_root(void)
{
	strcpy(root + strlen(root) - 6, "XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(root));
}

static void remove_root(void)
{
	pid_t pid = fork();

	if (pid == 0) {
		execlp("rm", "rm", "-rf", root, (char *)NULL);
		_exit(127);
	}
	waitpid(pid, NULL, 0);
}

/* Write `text` to a file below the root and make the directories that lead there. */
static void put(const char *path, const char *text)
{
	char *name = xasprintf("%s%s", root, path);
	FILE *f;

	for (char *slash = name + strlen(root) + 1; (slash = strchr(slash, '/')); *slash++ = '/') {
		*slash = '\0';
		mkdir(name, 0777);
	}
	f = fopen(name, "w");
	ck_assert_msg(f != NULL, "%s", name);
	fputs(text, f);
	fclose(f);
	free(name);
}

static void put_v2(const char *own_path, const char *mount_root)
{
	char *membership = xasprintf("0::%s\n", own_path);
	char *mount = xasprintf(
		"25 30 0:23 / /proc rw - proc proc rw\n"
		"35 25 0:30 %s /sys/fs/cgroup rw,nosuid shared:4 master:9 - cgroup2 cgroup2 rw,nsdelegate\n",
		mount_root);

	put("/proc/self/cgroup", membership);
	put("/proc/self/mountinfo", mount);
	free(membership);
	free(mount);
}

START_TEST(test_quota_text)
{
	static const struct {
		const char *text;
		unsigned cpus;
	} cases[] = {
		{"200000 100000\n", 2},
		{"100000 100000", 1},
		{"150000 100000", 2},
		{"1000 100000", 1},
		{"max 100000\n", 0},
		{"-1 100000", 0},
		{"0 100000", 0},
		{"100000 0", 0},
		{"100000", 0},
		{"", 0},
		{"nonsense", 0},
		{"9223372036854775807 1", 4294967295},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		ck_assert_msg(cpus_quota_text(cases[i].text) == cases[i].cpus, "'%s'", cases[i].text);
}
END_TEST

START_TEST(test_no_cgroups)
{
	ck_assert_uint_eq(cpus_quota(root), 0);
	put("/proc/self/cgroup", "");
	ck_assert_uint_eq(cpus_quota(root), 0);
	put("/proc/self/cgroup", "0::/a\n3:cpu:/b\nnonsense\n:\n");
	put("/proc/self/mountinfo", "nonsense\n1 2 3\n-\n1 2 3 4 5 -\n1 2 3 4 5 - cgroup2\n\n");
	ck_assert_uint_eq(cpus_quota(root), 0);
}
END_TEST

START_TEST(test_v2_own)
{
	put_v2("/a/b", "/");
	ck_assert_uint_eq(cpus_quota(root), 0);
	put("/sys/fs/cgroup/a/b/cpu.max", "300000 100000\n");
	ck_assert_uint_eq(cpus_quota(root), 3);
}
END_TEST

START_TEST(test_v2_tighter_above)
{
	put_v2("/a/b/c", "/");
	put("/sys/fs/cgroup/a/b/c/cpu.max", "max 100000\n");
	put("/sys/fs/cgroup/a/b/cpu.max", "800000 100000\n");
	put("/sys/fs/cgroup/a/cpu.max", "200000 100000\n");
	ck_assert_uint_eq(cpus_quota(root), 2);
	put("/sys/fs/cgroup/cpu.max", "100000 100000\n");
	ck_assert_uint_eq(cpus_quota(root), 1);
	put("/sys/fs/cpu.max", "1 1000000\n");
	put("/sys/fs/cgroup/cpu.max", "700000 100000\n");
	ck_assert_uint_eq(cpus_quota(root), 2);
}
END_TEST

START_TEST(test_v2_namespace_root)
{
	put_v2("/", "/");
	put("/sys/fs/cgroup/cpu.max", "500000 100000\n");
	ck_assert_uint_eq(cpus_quota(root), 5);
}
END_TEST

/* Docker without a cgroup namespace: the path is the host's, the mount shows its end only. */
START_TEST(test_v2_mounted_subtree)
{
	put_v2("/docker/0123/inner", "/docker/0123");
	put("/sys/fs/cgroup/cpu.max", "900000 100000\n");
	put("/sys/fs/cgroup/inner/cpu.max", "400000 100000\n");
	put("/sys/fs/cgroup/docker/0123/inner/cpu.max", "100000 100000\n");
	ck_assert_uint_eq(cpus_quota(root), 4);
}
END_TEST

START_TEST(test_v2_path_not_below_mount)
{
	put("/sys/fs/cgroup/cpu.max", "600000 100000\n");
	put_v2("/../../other", "/");
	ck_assert_uint_eq(cpus_quota(root), 6);
	put_v2("/docker/01234", "/docker/0123");
	ck_assert_uint_eq(cpus_quota(root), 6);
}
END_TEST

START_TEST(test_v1)
{
	put("/proc/self/cgroup", "5:cpuset:/set\n4:cpuacct,cpu:/a\n0::/\n");
	put("/proc/self/mountinfo",
		"31 23 0:28 / /sys/fs/cgroup rw - tmpfs tmpfs rw,mode=755\n"
		"32 31 0:29 / /sys/fs/cgroup/cpuset rw - cgroup cgroup rw,cpuset\n"
		"33 31 0:30 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct\n");
	put("/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us", "-1\n");
	put("/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us", "100000\n");
	ck_assert_uint_eq(cpus_quota(root), 0);
	put("/sys/fs/cgroup/cpu,cpuacct/a/cpu.cfs_quota_us", "250000\n");
	ck_assert_uint_eq(cpus_quota(root), 0);
	put("/sys/fs/cgroup/cpu,cpuacct/a/cpu.cfs_period_us", "100000\n");
	ck_assert_uint_eq(cpus_quota(root), 3);
}
END_TEST

START_TEST(test_both_versions)
{
	put("/proc/self/cgroup", "3:cpu:/\n0::/\n");
	put("/proc/self/mountinfo",
		"33 31 0:30 / /cg1 rw - cgroup cgroup rw,cpu\n34 31 0:31 / /cg2 rw - cgroup2 none rw\n");
	put("/cg1/cpu.cfs_quota_us", "400000\n");
	put("/cg1/cpu.cfs_period_us", "100000\n");
	ck_assert_uint_eq(cpus_quota(root), 4);
	put("/cg2/cpu.max", "300000 100000\n");
	ck_assert_uint_eq(cpus_quota(root), 3);
}
END_TEST

START_TEST(test_escaped_mount_point)
{
	put("/proc/self/cgroup", "0::/\n");
	put("/proc/self/mountinfo", "34 31 0:31 / /odd\\040dir\\134x rw - cgroup2 none rw\n");
	put("/odd dir\\x/cpu.max", "300000 100000\n");
	ck_assert_uint_eq(cpus_quota(root), 3);
}
END_TEST

/* Pinned to one CPU, this process may use one, whatever the machine has. */
START_TEST(test_affinity)
{
	cpu_set_t before, one;
	int cpu = 0;

	ck_assert_int_eq(sched_getaffinity(0, sizeof(before), &before), 0);
	ck_assert_uint_eq(cpus_affinity(), (unsigned)CPU_COUNT(&before));
	while (!CPU_ISSET(cpu, &before))
		cpu++;
	CPU_ZERO(&one);
	CPU_SET(cpu, &one);
	ck_assert_int_eq(sched_setaffinity(0, sizeof(one), &one), 0);
	ck_assert_uint_eq(cpus_affinity(), 1);
	ck_assert_uint_eq(cpus_usable(), 1);
	ck_assert_int_eq(sched_setaffinity(0, sizeof(before), &before), 0);
	ck_assert_uint_ge(cpus_usable(), 1);
	ck_assert_uint_le(cpus_usable(), cpus_affinity());
}
END_TEST

Suite *cpus_suite(void)
{
	Suite *s = suite_create("cpus");
	TCase *quota = tcase_create("quota");
	TCase *affinity = tcase_create("affinity");

	tcase_add_checked_fixture(quota, make_root, remove_root);
	tcase_add_test(quota, test_quota_text);
	tcase_add_test(quota, test_no_cgroups);
	tcase_add_test(quota, test_v2_own);
	tcase_add_test(quota, test_v2_tighter_above);
	tcase_add_test(quota, test_v2_namespace_root);
	tcase_add_test(quota, test_v2_mounted_subtree);
	tcase_add_test(quota, test_v2_path_not_below_mount);
	tcase_add_test(quota, test_v1);
	tcase_add_test(quota, test_both_versions);
	tcase_add_test(quota, test_escaped_mount_point);
	suite_add_tcase(s, quota);
	tcase_add_test(affinity, test_affinity);
	suite_add_tcase(s, affinity);
	return s;
}
