/* SPDX-License-Identifier: MIT
 *
 * optarg: the values that options take, read from their text: numbers, times, shares, rates, sizes, a byte.
 *
 * Every function takes the name of a long option, without its dashes, and the text of its value. A text that is no such
 * value ends the program with a usage error (2), which names both and says what is meant. Knows the grammars alone, not
 * which options there are nor what is made of their values: forkpool's own and those of "forkpool ctl".
 */
#ifndef BASE_OPTARG_H
#define BASE_OPTARG_H

#include <stdint.h>

#include "base/jobs.h"

/* A whole number from `min` to `max`. */
uint64_t optarg_count(const char *option, const char *text, uint64_t min, uint64_t max);

/* N of "N%", at least 1; 0 if the text does not end so and must be something else. */
unsigned optarg_percent(const char *option, const char *text);

/* A number of jobs (jobs_parse). `who` is whatever the user gave it to: an option with its dashes, a variable, a verb. */
void optarg_jobs(const char *who, const char *text, struct jobs *out);

/* A time, in nanoseconds; 0 for none at all (strnum_duration). */
uint64_t optarg_duration(const char *option, const char *text);

/* "D" or "D,FACTOR": D in nanoseconds; *factor is at least 1, and 1 if none is given. */
uint64_t optarg_growing_duration(const char *option, const char *text, double *factor);

/* A rate, N/s, N/m or N/h, as nanoseconds from one to the next, rounded up so that there are never more than N. */
uint64_t optarg_interval(const char *option, const char *text);

/* A load average above 0, or N% of the usable CPUs. */
double optarg_load(const char *option, const char *text);

/* Bytes (strnum_size). */
uint64_t optarg_size(const char *option, const char *text);

/* -20 to 19. */
int optarg_niceness(const char *option, const char *text);

/* A character, or one of \n \t \r \0 \\ \xHH. */
unsigned char optarg_byte(const char *option, const char *text);

#endif
