/* SPDX-License-Identifier: MIT
 *
 * clock: monotonic time, which is what everything is measured by; and wall time, which may step, for what is written down.
 */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdint.h>

#define NS_PER_US UINT64_C(1000)
#define NS_PER_MS UINT64_C(1000000)
#define NS_PER_SEC UINT64_C(1000000000)

/* CLOCK_MONOTONIC in nanoseconds. */
uint64_t clock_ns(void);

/* Microseconds since 1970. */
int64_t clock_wall_us(void);

/* Let so much time pass; a signal ends it early. */
void clock_rest(uint64_t ns);

#endif
