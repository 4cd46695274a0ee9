/* SPDX-License-Identifier: MIT
 *
 * spool: bytes that wait, of any amount, in bounded memory.
 *
 * All spools share one store. Up to its limit bytes stay in memory; beyond it they go to one unlinked
 * file in $TMPDIR. Where that is impossible nothing is lost: the bytes stay in memory, and the store is
 * `full` until enough has been taken out; whoever fills spools must then pause those who write.
 * Life cycle: store_init, spools zeroed and used, spool_clear each, store_clear.
 */
#ifndef BASE_SPOOL_H
#define BASE_SPOOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct store {
	size_t limit;    /* bytes of memory to use before the file */
	size_t in_memory;
	uint64_t in_file;
	int fd;          /* owned; -1 until needed */
	off_t end;       /* where the file's next extent goes */
	int error;       /* errno of the last attempt to put bytes into the file; 0 if it worked */
	char *window;    /* owned; bytes of the file, read ahead: */
	off_t window_at; /* from where, */
	size_t window_len; /* and how many */
};

/* A run of bytes, in memory or in the file: there it is called an extent. */
struct piece {
	struct piece *next;
	size_t start, len; /* bytes [start, len) are still wanted */
	size_t cap;        /* there is room for so many */
	bool in_file;
	off_t offset;      /* in the file, of byte 0 */
	char bytes[];      /* in memory */
};

struct spool {
	struct piece *first, *last; /* owned */
	uint64_t len;               /* bytes that wait */
};

void store_init(struct store *st, size_t limit);
void store_clear(struct store *st);

/* No room is left: more than the limit is in memory and the file does not take it. */
bool store_full(const struct store *st);

/* Append a copy. Never fails; see store_full. */
void spool_add(struct spool *sp, struct store *st, const void *bytes, size_t n);

/* The next bytes: sets *bytes and returns how many stand there, 0 if the spool is empty. Borrowed until
 * the next call on any spool of the store. -1 and errno if the file cannot be read. */
ssize_t spool_peek(struct spool *sp, struct store *st, const char **bytes);

/* Take `n` bytes off the front; n is at most what spool_peek returned. */
void spool_drop(struct spool *sp, struct store *st, size_t n);

/* Are the next bytes in the file? Then up to `most` can be written straight from there to another file, and are
 * taken off. Returns how many; 0 if it cannot be done in this way: spool_peek does it or tells why not. */
bool spool_in_file(const struct spool *sp);
size_t spool_send(struct spool *sp, struct store *st, int fd, uint64_t most);

void spool_clear(struct spool *sp, struct store *st);

#endif
