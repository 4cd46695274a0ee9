/* SPDX-License-Identifier: MIT
 *
 * strnum: numbers as people write them. All functions want the whole string, return 0, or -1 with
 * errno EINVAL (not a number of this kind) or ERANGE (too large), and never touch *out on failure.
 */
#ifndef BASE_STRNUM_H
#define BASE_STRNUM_H

#include <stdint.h>

/* Decimal digits only, min <= n <= max. */
int strnum_u64(const char *s, uint64_t min, uint64_t max, uint64_t *out);

/* A decimal number, without sign or exponent, with an optional fraction. */
int strnum_decimal(const char *s, double *out);

/* A number of bytes: decimal number, optional fraction, optional unit: K, M, G, T or P, powers of 1024, or the same in
 * small, powers of 1000. Parts of a byte are dropped. */
int strnum_size(const char *s, uint64_t *out_bytes);

/* A duration: decimal number, optional fraction, optional unit s, m, h or d; without one, seconds.
 * Nanoseconds, at least 1 unless the text is zero. At most about 292 years. */
int strnum_duration(const char *s, uint64_t *out_ns);

#endif
