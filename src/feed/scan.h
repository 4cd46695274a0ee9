/* SPDX-License-Identifier: MIT
 *
 * scan: goes through shell text as the shell does and knows what it stands in: a quote, a substitution, a word.
 * The grammar is POSIX.1-2017, XCU 2.2, 2.3 and 2.6; checked against dash 0.5.12 and bash 5.2.
 *
 * It follows only what dash and bash read alike. Behind anything whose end they may see at different places, or
 * that takes more than this to follow (here-documents, case inside $(...)), it has a doubt and steps no further.
 *
 * Life cycle: scan_begin, then scan_step until `at` is `len` or there is a doubt. Owns nothing.
 */
#ifndef FEED_SCAN_H
#define FEED_SCAN_H

#include <stdbool.h>
#include <stddef.h>

enum context {
	CONTEXT_TEXT,      /* the outermost: nothing quotes it */
	CONTEXT_COMMAND,   /* $(...); these two hold words */
	CONTEXT_DOUBLE,    /* "..." */
	CONTEXT_SINGLE,    /* '...' */
	CONTEXT_ANSI,      /* $'...' */
	CONTEXT_ARITH,     /* $((...)) */
	CONTEXT_PARAM,     /* ${...} */
	CONTEXT_BACKQUOTE, /* `...` */
	CONTEXT_COMMENT,
};

/* The shell word being read in a TEXT or COMMAND. */
struct word {
	bool open;
	bool plain;         /* only harmless bytes so far */
	bool settled;       /* plain, and nothing behind can make it a reserved word, number or assignment any more */
	size_t begin;       /* where in the text */
	char literal[8];    /* how it begins; room for any reserved word */
	size_t literal_len; /* its length; longer than `literal` if it is too long, quoted or expanded */

	/* the reader's own; false and 0 when the word opens */
	bool repeats;
	size_t first_part;
};

/* What the next word is, or the one being read, behind a redirection. */
enum target {
	TARGET_NONE,
	TARGET_FILE,
	TARGET_FD, /* >& and <& */
};

/* Where in a simple command the next word stands, or the one being read. */
enum place {
	PLACE_COMMAND,  /* it may be a reserved word, an assignment or the command's name */
	PLACE_GRAMMAR,  /* behind for, case and their like: some words are more than words */
	PLACE_ARGUMENT, /* behind the command's name: it is nothing but a word */
};

/* Something that has begun and that its end will close. */
struct frame {
	enum context context;
	size_t depth; /* open parentheses */
	enum target target;
	enum place place;
	struct word word;
};

/* Behind what not every shell reads on in the same way, or we cannot. */
enum doubt {
	DOUBT_NONE,
	DOUBT_HEREDOC,   /* << */
	DOUBT_PARAM,     /* ${...} with quotes, \ or ( in it */
	DOUBT_BACKQUOTE, /* backquotes with quotes, \ or # in them */
	DOUBT_ANSI,      /* $'...' with a backslash */
	DOUBT_ARITH,     /* $((...)) with quotes, \ or an odd ) in it */
	DOUBT_CASE,      /* case inside $(...) */
	DOUBT_MATCH,     /* =~ */
	DOUBT_PAREN,     /* ((, or a word with ( right behind it */
	DOUBT_BRACKET,   /* $[ */
	DOUBT_DOLLARS,   /* $$ with a bracket, quote or $ */
	DOUBT_DEPTH,     /* too many quotes inside each other */
};

enum { SCAN_DEPTH_MAX = 32 };

struct scan {
	const char *text; /* borrowed */
	size_t len;
	size_t at; /* of the next byte */
	struct frame frames[SCAN_DEPTH_MAX];
	size_t n_frames;
	bool in_name; /* behind $NAME, which the next byte might make longer */
	enum doubt doubt;
};

void scan_begin(struct scan *s, const char *text, size_t len);

/* Read what stands at `at`, one byte or a few. */
void scan_step(struct scan *s);

/* A byte that the shell need not see belongs to the word: what will be put there does. */
void scan_add_to_word(struct scan *s);

/* The innermost frame, and the innermost that holds words: the word there is the one that `at` stands in. */
struct frame *scan_top(struct scan *s);
struct frame *scan_words(struct scan *s);

/* Is backslash-newline nothing here? Where the byte is that the shell sees at `at`, and that byte; NUL behind the end. */
bool scan_joins_lines(struct scan *s);
size_t scan_joined(const struct scan *s, size_t at);
char scan_peek(const struct scan *s, size_t at);

/* Does a $ here begin an expansion? */
bool scan_expands(struct scan *s);

/* What opened the innermost frame, NULL if nothing need close it. */
const char *scan_opening(struct scan *s);

#endif
