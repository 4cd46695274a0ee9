/* SPDX-License-Identifier: MIT
 *
 * buf: a growable run of bytes that is filled at its end and taken from its front.
 *
 * Life cycle: a zeroed struct is an empty buffer; buf_clear releases it and leaves it empty again.
 * It knows nothing of what the bytes mean. Memory that cannot be had ends the program (xalloc).
 */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

struct buf {
	char *bytes;  /* owned */
	size_t start; /* offset of the first byte that is still wanted */
	size_t end;   /* offset behind the last byte */
	size_t cap;
};

/* Release the memory; the buffer is empty afterwards and may be used again. */
void buf_clear(struct buf *b);

/* Forget the contents, keep the memory. */
void buf_reset(struct buf *b);

/* Number of bytes held, and where they begin: borrowed until the next call that changes `b`. */
size_t buf_len(const struct buf *b);
char *buf_head(const struct buf *b);

/* Make room for `n` bytes more and return where they go; buf_grew tells how many came. */
char *buf_room(struct buf *b, size_t n);
void buf_grew(struct buf *b, size_t n);

/* Take `n` bytes off the front, n <= buf_len. */
void buf_drop(struct buf *b, size_t n);

/* Keep only the first `len` bytes, len <= buf_len. */
void buf_cut(struct buf *b, size_t len);

/* Append. buf_addf formats as printf does. */
void buf_add(struct buf *b, const void *bytes, size_t n);
void buf_addc(struct buf *b, char c);
void buf_adds(struct buf *b, const char *s);
void buf_addf(struct buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void buf_vaddf(struct buf *b, const char *fmt, va_list ap) __attribute__((format(printf, 2, 0)));

/* Append a NUL and hand the bytes to the caller, who frees them; the buffer is empty afterwards.
 * `*len`, if given, is the length without that NUL. */
char *buf_take(struct buf *b, size_t *len);

#endif
