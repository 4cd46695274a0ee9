/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "base/optarg.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/clock.h"
#include "base/cpus.h"
#include "base/report.h"
#include "base/strnum.h"
#include "base/xalloc.h"

#define PERCENT_MAX UINT64_C(1000000)

uint64_t optarg_count(const char *option, const char *text, uint64_t min, uint64_t max)
{
	uint64_t n;

	if (strnum_u64(text, min, max, &n) < 0)
		die_usage("--%s '%s': not a whole number from %" PRIu64 " to %" PRIu64, option, text, min, max);
	return n;
}

unsigned optarg_percent(const char *option, const char *text)
{
	size_t len = strlen(text);
	uint64_t n;

	if (len == 0 || text[len - 1] != '%')
		return 0;
	char *digits = xmemdup(text, len - 1);
	if (strnum_u64(digits, 1, PERCENT_MAX, &n) < 0)
		die_usage("--%s '%s': not a percentage; use a whole number from 1%% to %" PRIu64 "%%", option, text,
			PERCENT_MAX);
	free(digits);
	return (unsigned)n;
}

void optarg_jobs(const char *who, const char *text, struct jobs *out)
{
	if (jobs_parse(text, out) == 0)
		return;
	if (errno == EDOM)
		die_usage("%s '%s': at least one job is needed; use 100%% for all CPUs", who, text);
	if (errno == ERANGE)
		die_usage("%s '%s': too many; at most %d", who, text, JOBS_MAX);
	die_usage("%s '%s': not a number of jobs; use N, N%% of the CPUs, +N or -N", who, text);
}

uint64_t optarg_duration(const char *option, const char *text)
{
	uint64_t ns;

	if (strnum_duration(text, &ns) == 0)
		return ns;
	if (errno == ERANGE)
		die_usage("--%s '%s': too long a time", option, text);
	die_usage("--%s '%s': not a time; use seconds, or a number with s, m, h or d: 1.5, 30s, 5m", option, text);
}

uint64_t optarg_growing_duration(const char *option, const char *text, double *factor)
{
	size_t len = strcspn(text, ",");
	char *first = xmemdup(text, len);
	uint64_t ns = optarg_duration(option, first);

	*factor = 1;
	if (text[len] && (strnum_decimal(text + len + 1, factor) < 0 || *factor < 1))
		die_usage("--%s '%s': the factor, behind the comma, is a number from 1: 5s,2", option, text);
	free(first);
	return ns;
}

uint64_t optarg_interval(const char *option, const char *text)
{
	static const struct {
		const char *text;
		double seconds;
	} units[] = {{"/s", 1}, {"/m", 60}, {"/h", 3600}};
	size_t len = strcspn(text, "/");
	char *number = xmemdup(text, len);
	double n = 0, step_ns = 0;

	for (size_t i = 0; i < ARRAY_LEN(units); i++)
		if (strcmp(text + len, units[i].text) == 0 && strnum_decimal(number, &n) == 0 && n > 0)
			step_ns = units[i].seconds * (double)NS_PER_SEC / n;
	free(number);
	if (n <= 0)
		die_usage("--%s '%s': not a rate; use N/s, N/m or N/h: 10/s, 0.5/m", option, text);
	if (step_ns > (double)INT64_MAX)
		die_usage("--%s '%s': so few that nothing but the first task would ever start", option, text);
	return (uint64_t)step_ns + ((double)(uint64_t)step_ns < step_ns);
}

double optarg_load(const char *option, const char *text)
{
	unsigned of_cpus = optarg_percent(option, text);
	double load = 0;

	if (of_cpus)
		load = of_cpus / 100. * cpus_usable();
	else if (strnum_decimal(text, &load) < 0 || load <= 0)
		die_usage("--%s '%s': not a load above 0; use a number, or N%% of the CPUs: 4, 0.5, 80%%", option, text);
	return load;
}

uint64_t optarg_size(const char *option, const char *text)
{
	uint64_t bytes;

	if (strnum_size(text, &bytes) == 0)
		return bytes;
	if (errno == ERANGE)
		die_usage("--%s '%s': no machine has so much memory", option, text);
	die_usage("--%s '%s': not a size; use bytes, or a number with K, M, G, T or P: 500M, 1.5G", option, text);
}

int optarg_niceness(const char *option, const char *text)
{
	bool is_negative = *text == '-';
	uint64_t n;

	if (strnum_u64(text + is_negative, 0, is_negative ? 20 : 19, &n) < 0)
		die_usage("--%s '%s': not a whole number from -20 to 19", option, text);
	return is_negative ? -(int)n : (int)n;
}

/* The byte that "\xHH" names, or -1. */
static int hex_byte(const char *text)
{
	size_t len = strlen(text);

	if (strncmp(text, "\\x", 2) != 0 || len < 3 || len > 4)
		return -1;
	if (strspn(text + 2, "0123456789abcdefABCDEF") != len - 2)
		return -1;
	return (int)strtol(text + 2, NULL, 16);
}

static int find_byte(const char *text)
{
	static const char names[] = "ntr0\\", bytes[] = "\n\t\r\0\\";
	const char *name;

	if (strlen(text) == 1)
		return (unsigned char)text[0];
	if (strlen(text) != 2 || text[0] != '\\')
		return hex_byte(text);
	name = strchr(names, text[1]);
	return name ? (unsigned char)bytes[name - names] : -1;
}

unsigned char optarg_byte(const char *option, const char *text)
{
	int byte = find_byte(text);

	if (byte < 0)
		die_usage("--%s '%s': not one byte; use a character or one of \\n \\t \\r \\0 \\\\ \\xHH", option, text);
	return (unsigned char)byte;
}
