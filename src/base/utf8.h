/* SPDX-License-Identifier: MIT
 *
 * utf8: well-formed UTF-8 (Unicode 15, table 3-7).
 */
#ifndef BASE_UTF8_H
#define BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>

/* The length of the character at `s`, of which `n` > 0 bytes are there; 0: they do not begin with a character. */
size_t utf8_len(const unsigned char *s, size_t n);

/* Nothing but characters, and no NUL among them? */
bool utf8_is_text(const void *bytes, size_t len);

#endif
