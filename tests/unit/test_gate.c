/* SPDX-License-Identifier: MIT */
#include <config.h>

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/xalloc.h"
#include "pool/gate.h"

Suite *gate_suite(void);

#define T0 (UINT64_C(1000) * NS_PER_SEC)

static struct gate gate;

/* Starts whatever may start in `for_ns` while somebody asks every `step_ns`. */
static uint64_t starts_in(uint64_t from_ns, uint64_t for_ns, uint64_t step_ns)
{
	uint64_t n = 0;
	for (uint64_t now = from_ns; now < from_ns + for_ns; now += step_ns)
		for (; gate_wait(&gate, now) == 0; n++)
			gate_pass(&gate, now);
	return n;
}

START_TEST(no_condition)
{
	ck_assert(!gate_is_wanted(&(struct gate_config){.quiet = true}));
	ck_assert(gate_is_wanted(&(struct gate_config){.delay_ns = 1}));
	ck_assert(gate_is_wanted(&(struct gate_config){.rate_ns = 1}));
	ck_assert(gate_is_wanted(&(struct gate_config){.max_load = .1}));
	ck_assert(gate_is_wanted(&(struct gate_config){.memfree_bytes = 1}));
	gate_open(&gate, &(struct gate_config){0});
	for (int i = 0; i < 1000; i++) {
		ck_assert_uint_eq(gate_wait(&gate, T0), 0);
		gate_pass(&gate, T0);
	}
}
END_TEST

START_TEST(delay_is_exact)
{
	gate_open(&gate, &(struct gate_config){.delay_ns = NS_PER_SEC});
	ck_assert_uint_eq(gate_wait(&gate, T0), 0);
	gate_pass(&gate, T0);
	ck_assert_uint_eq(gate_wait(&gate, T0), NS_PER_SEC);
	ck_assert_uint_eq(gate_wait(&gate, T0 + NS_PER_SEC - 1), 1);
	ck_assert_uint_eq(gate_wait(&gate, T0 + NS_PER_SEC), 0);
	/* one that comes late gives nothing to the next */
	gate_pass(&gate, T0 + 5 * NS_PER_SEC);
	ck_assert_uint_eq(gate_wait(&gate, T0 + 5 * NS_PER_SEC), NS_PER_SEC);
}
END_TEST

START_TEST(delay_of_ages)
{
	gate_open(&gate, &(struct gate_config){.delay_ns = INT64_MAX});
	gate_pass(&gate, T0);
	gate_pass(&gate, T0);
	gate_pass(&gate, T0);
	ck_assert_uint_gt(gate_wait(&gate, T0), INT64_MAX);
}
END_TEST

/* However coarse the timers are, up to the slack, the rate is reached; and it is never exceeded by more than the slack
 * allows. */
START_TEST(rate)
{
	static const uint64_t per_second[] = {1, 3, 100, 5000, 100000};
	static const uint64_t steps_ns[] = {100 * 1000, NS_PER_MS, 3 * NS_PER_MS, 9 * NS_PER_MS};
	uint64_t n = per_second[_i / 4], step_ns = steps_ns[_i % 4];
	gate_open(&gate, &(struct gate_config){.rate_ns = (NS_PER_SEC + n - 1) / n});
	uint64_t got = starts_in(T0, 10 * NS_PER_SEC, step_ns);
	uint64_t burst = n / 100 + 1;
	ck_assert_msg(got >= 10 * n && got <= 10 * n + burst, "%ju a second: %ju in ten", (uintmax_t)n, (uintmax_t)got);
	/* a pause saves up nothing but the slack */
	got = starts_in(T0 + 100 * NS_PER_SEC, NS_PER_SEC, step_ns);
	ck_assert_msg(got >= n && got <= n + burst, "%ju a second: %ju after a pause", (uintmax_t)n, (uintmax_t)got);
}
END_TEST

START_TEST(rate_wait_is_exact)
{
	gate_open(&gate, &(struct gate_config){.rate_ns = NS_PER_SEC});
	gate_pass(&gate, T0);
	ck_assert_uint_eq(gate_wait(&gate, T0), NS_PER_SEC - GATE_RATE_SLACK_NS);
	ck_assert_uint_eq(gate_wait(&gate, T0 + NS_PER_SEC - GATE_RATE_SLACK_NS), 0);
}
END_TEST

START_TEST(the_slower_one_counts)
{
	gate_open(&gate, &(struct gate_config){.rate_ns = NS_PER_MS, .delay_ns = NS_PER_SEC});
	ck_assert_uint_eq(starts_in(T0, 10 * NS_PER_SEC, NS_PER_MS), 10);
	gate_open(&gate, &(struct gate_config){.rate_ns = NS_PER_SEC, .delay_ns = NS_PER_MS});
	ck_assert_uint_le(starts_in(T0, 10 * NS_PER_SEC, NS_PER_MS), 11);
}
END_TEST

/* Load and memory, as files tell them. */

static char root[] = "/tmp/forkpool-gate-XXXXXX";

static void put(const char *name, const char *text)
{
	char *path = xasprintf("%s/proc/%s", root, name);
	FILE *f = fopen(path, "we");
	ck_assert_ptr_nonnull(f);
	fputs(text, f);
	fclose(f);
	free(path);
}

static void take_away(const char *name)
{
	char *path = xasprintf("%s/%s", root, name);
	remove(path);
	free(path);
}

static void setup(void)
{
	strcpy(root + strlen(root) - 6, "XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(root));
	char *proc = xasprintf("%s/proc", root);
	ck_assert_int_eq(mkdir(proc, 0777), 0);
	free(proc);
}

static void teardown(void)
{
	take_away("proc/loadavg");
	take_away("proc/meminfo");
	take_away("proc");
	rmdir(root);
}

static void open_at_root(struct gate_config config)
{
	gate_open(&gate, &config);
	gate.root = root;
}

START_TEST(load_and_what_was_started_since)
{
	put("loadavg", "1.50 0.00 0.00 1/100 4711\n");
	open_at_root((struct gate_config){.max_load = 4});
	ck_assert_uint_eq(starts_in(T0, 1, 1), 3); /* 1.5, 2.5, 3.5 are below 4 */
	ck_assert_uint_eq(gate_wait(&gate, T0 + 1), NS_PER_SEC - 1);
	put("loadavg", "3.00 0.00 0.00 1/100 4711\n");
	ck_assert_uint_eq(starts_in(T0 + NS_PER_SEC - 1, 1, 1), 0); /* not read again so soon */
	ck_assert_uint_eq(starts_in(T0 + NS_PER_SEC, 1, 1), 1);
	put("loadavg", "4.00 0.00 0.00 1/100 4711\n");
	ck_assert_uint_eq(gate_wait(&gate, T0 + 2 * NS_PER_SEC), NS_PER_SEC);
	put("loadavg", "0.00 0.00 0.00 1/100 4711\n");
	ck_assert_uint_eq(gate_wait(&gate, T0 + 3 * NS_PER_SEC), 0);
}
END_TEST

START_TEST(memory)
{
	put("meminfo", "MemTotal: 100 kB\nMemFree: 1 kB\nMemAvailable:    10 kB\nBuffers: 0 kB\n");
	open_at_root((struct gate_config){.memfree_bytes = 10240});
	ck_assert_uint_eq(gate_wait(&gate, T0), 0);
	open_at_root((struct gate_config){.memfree_bytes = 10241});
	ck_assert_uint_eq(gate_wait(&gate, T0), NS_PER_SEC);
	ck_assert_uint_eq(gate_wait(&gate, T0 + NS_PER_SEC / 4), NS_PER_SEC * 3 / 4);
	put("meminfo", "MemAvailable: 11 kB\n");
	ck_assert_uint_eq(gate_wait(&gate, T0 + NS_PER_SEC), 0);
}
END_TEST

/* What cannot be read is said once, and does not stop the run. */
START_TEST(unreadable)
{
	put("loadavg", "nonsense");
	open_at_root((struct gate_config){.max_load = .001, .memfree_bytes = 1});
	ck_assert_uint_eq(gate_wait(&gate, T0), 0);
	ck_assert(!gate_is_wanted(&gate.config));
	ck_assert_uint_eq(gate_wait(&gate, T0 + 9 * NS_PER_SEC), 0);
}
END_TEST

START_TEST(a_long_wait_is_told_once)
{
	put("loadavg", "9.00 0.00 0.00 1/100 4711\n");
	open_at_root((struct gate_config){.max_load = 1, .quiet = true});
	for (uint64_t s = 0; s < 60; s++)
		ck_assert_uint_eq(gate_wait(&gate, T0 + s * NS_PER_SEC), NS_PER_SEC);
	ck_assert(!gate.has_told);
	gate_wait(&gate, T0 + 60 * NS_PER_SEC);
	ck_assert(gate.has_told);
}
END_TEST

START_TEST(short_waits_do_not_add_up)
{
	open_at_root((struct gate_config){.max_load = 1, .quiet = true});
	for (uint64_t s = 0; s < 200; s++) {
		put("loadavg", s % 50 == 0 ? "0.00 0.00" : "9.00 0.00");
		gate_wait(&gate, T0 + s * NS_PER_SEC);
	}
	ck_assert(!gate.has_told);
}
END_TEST

Suite *gate_suite(void)
{
	Suite *s = suite_create("gate");
	TCase *t = tcase_create("pace");
	tcase_add_test(t, no_condition);
	tcase_add_test(t, delay_is_exact);
	tcase_add_test(t, delay_of_ages);
	tcase_add_loop_test(t, rate, 0, 20);
	tcase_add_test(t, rate_wait_is_exact);
	tcase_add_test(t, the_slower_one_counts);
	suite_add_tcase(s, t);
	t = tcase_create("system");
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, load_and_what_was_started_since);
	tcase_add_test(t, memory);
	tcase_add_test(t, unreadable);
	tcase_add_test(t, a_long_wait_is_told_once);
	tcase_add_test(t, short_waits_do_not_add_up);
	suite_add_tcase(s, t);
	return s;
}
