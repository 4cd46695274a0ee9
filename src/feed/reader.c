/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "feed/reader.h"

#include <string.h>

#include "base/xalloc.h"
#include "feed/scan.h"
#include "feed/shell.h"

struct reader {
	const struct reader_spec *spec;
	struct parts *parts;
	struct scan scan;
	size_t kept; /* text before this is in parts */
	size_t n_placeholders;
	char *why; /* the error, once there is one */
};

/* Why no value can stand there, or NULL. */
static const char *const refusals[] = {
	[CONTEXT_ANSI] = "in $'...', which not every shell knows; use '...'",
	[CONTEXT_PARAM] = "in ${...}; set a variable first: x={}; ... ${x...}",
	[CONTEXT_BACKQUOTE] = "in backquotes; use $(...)",
	[CONTEXT_COMMENT] = "in a comment; leave it out, or put a backslash before it",
};

/* The same behind what there is a doubt about, with the way out. */
static const char *const doubts[] = {
	[DOUBT_HEREDOC] = "behind a here-document (<<), where it cannot be quoted; use printf and a pipe",
	[DOUBT_PARAM] = "behind ${...} with quotes, \\ or ( in it: shells differ; use a variable",
	[DOUBT_BACKQUOTE] = "behind backquotes with quotes, \\ or # in them: shells differ; use $(...)",
	[DOUBT_ANSI] = "behind $'...' with a backslash, which not every shell knows; use '...'",
	[DOUBT_ARITH] = "behind $((...)) with quotes, \\ or an odd ) in it: shells differ; use a variable",
	[DOUBT_CASE] = "behind case inside $(...), whose end cannot be told for sure; use if",
	[DOUBT_MATCH] = "behind =~, which not every shell knows; use case or grep",
	[DOUBT_PAREN] = "behind (( or a word with ( right behind it: shells differ; put a blank between",
	[DOUBT_BRACKET] = "behind $[, which not every shell knows; use $((...))",
	[DOUBT_DOLLARS] = "behind $$ with a bracket, quote or $: shells differ; put them apart",
	[DOUBT_DEPTH] = "behind too many quotes inside each other",
};

static bool placeholder_at(const struct reader *r, size_t at, struct placeholder *p)
{
	const struct reader_spec *spec = r->spec;
	return at < spec->len && placeholder_read(p, spec->text + at, spec->len - at, spec->replace);
}

static void keep_text(struct reader *r, size_t end)
{
	parts_add_text(r->parts, r->spec->text + r->kept, end - r->kept);
	r->kept = end;
}

static void refuse(struct reader *r, size_t at, const struct placeholder *p, const char *reason)
{
	r->why = xasprintf("the placeholder %.*s stands %s", (int)p->len, r->spec->text + at, reason);
}

/* Is nothing more of a word to come at `at`? */
static bool ends_word(const struct reader *r, size_t at)
{
	char c = scan_peek(&r->scan, scan_joined(&r->scan, at));
	return !c || strchr(" \t\n;&|<>()", c);
}

/* A word before ( is a function's name, digits right before < or > say which fd. */
static bool precedes_redirection(const struct reader *r, size_t at)
{
	char c = scan_peek(&r->scan, scan_joined(&r->scan, at));
	return c && strchr("<>(", c);
}

/* The same, with more digits between. */
static bool may_number_fd(const struct reader *r, size_t at)
{
	struct placeholder p;
	for (;;) {
		at = scan_joined(&r->scan, at);
		char c = scan_peek(&r->scan, at);
		if (placeholder_at(r, at, &p))
			at += p.len;
		else if (c >= '0' && c <= '9')
			at++;
		else
			return precedes_redirection(r, at);
	}
}

static enum quoting quoting_in_word(struct reader *r, const struct placeholder *p, bool alone)
{
	size_t behind = r->scan.at + p->len;
	bool numbers_fd = may_number_fd(r, behind);
	scan_add_to_word(&r->scan);
	const struct frame *f = scan_top(&r->scan);
	if (!f->word.plain)
		return QUOTE_ALWAYS;
	if (p->kind != PLACEHOLDER_VALUE)
		return numbers_fd ? QUOTE_ALWAYS : QUOTE_UNLESS_PLAIN;
	if (f->word.settled || (f->place == PLACE_ARGUMENT && !numbers_fd))
		return QUOTE_UNLESS_PLAIN;
	bool clear_behind = shell_is_clear(scan_peek(&r->scan, behind)) &&
		!placeholder_at(r, behind, &(struct placeholder){0});
	return clear_behind || (alone && !numbers_fd) ? QUOTE_UNLESS_WORD : QUOTE_UNLESS_CLEAR;
}

static enum quoting quoting_here(struct reader *r, const struct placeholder *p, bool alone)
{
	switch (scan_top(&r->scan)->context) {
	case CONTEXT_DOUBLE:
		return r->scan.in_name ? QUOTE_DOUBLE_GLUED : QUOTE_DOUBLE;
	case CONTEXT_SINGLE:
		return QUOTE_SINGLE;
	case CONTEXT_ARITH:
		return QUOTE_INTEGER;
	default:
		return quoting_in_word(r, p, alone);
	}
}

static bool means_all_values(const struct placeholder *p)
{
	return p->kind == PLACEHOLDER_VALUE && !p->numbered;
}

static const char *refusal_here(struct reader *r, const struct placeholder *p)
{
	enum context context = scan_top(&r->scan)->context;
	if (r->scan.doubt)
		return doubts[r->scan.doubt];
	if (refusals[context])
		return refusals[context];
	if (context == CONTEXT_ARITH && r->scan.in_name)
		return "right behind a variable's name in $((...)); put an operator between";
	enum target target = scan_words(&r->scan)->target;
	if (target == TARGET_FD) /* bash 5.2 expands what stands there twice, even if it is in single quotes */
		return "behind >& or <&, where no quotes protect it; use >file 2>&1";
	if (target == TARGET_FILE && r->spec->variadic && means_all_values(p))
		return "behind < or >, which takes one file, not several; use {1}";
	return NULL;
}

static const char *splitting_quotes(enum context context)
{
	if (context == CONTEXT_SINGLE)
		return "''";
	return context == CONTEXT_DOUBLE ? "\"\"" : NULL;
}

/* {} in a word of its own, or any word with {} in it under -n, stands once for each value. */
static bool repeats_word(const struct reader *r, const struct placeholder *p, bool alone)
{
	return means_all_values(p) && (r->spec->variadic || (alone && r->spec->n_values > 1));
}

static void take_placeholder(struct reader *r, const struct placeholder *p)
{
	size_t at = r->scan.at;
	const char *refusal = refusal_here(r, p);
	if (refusal)
		return refuse(r, at, p, refusal);
	struct frame *words = scan_words(&r->scan), *top = scan_top(&r->scan);
	r->why = placeholder_check(p, r->spec->text + at, r->spec->n_values, splitting_quotes(top->context));
	bool alone = top == words && !words->word.open && ends_word(r, at + p->len);
	keep_text(r, at);
	size_t first = words->word.open ? words->word.first_part : r->parts->n;
	enum quoting quoting = quoting_here(r, p, alone);
	words->word.first_part = first;
	words->word.repeats |= repeats_word(r, p, alone);
	parts_add_placeholder(r->parts, p, quoting);
	r->scan.at += p->len;
	r->scan.in_name = false;
	r->kept = r->scan.at;
	r->n_placeholders++;
}

/* A word begins a part, so that it can be repeated. */
static void word_began(struct reader *r, struct word *w)
{
	keep_text(r, w->begin);
	w->first_part = r->parts->n;
}

static void word_ended(struct reader *r, const struct word *w, size_t end)
{
	keep_text(r, end);
	if (w->repeats)
		parts_repeat_from(r->parts, w->first_part);
}

/* Behind a doubt a word that repeats has no end that is known. */
static void check_doubt(struct reader *r)
{
	for (size_t i = 0; i < r->scan.n_frames && !r->why; i++) {
		if (r->scan.frames[i].word.open && r->scan.frames[i].word.repeats)
			r->why = xasprintf(
				"a placeholder for several values shares its word with something that cannot be "
				"followed: it must not stand %s",
				doubts[r->scan.doubt]);
	}
}

static void step(struct reader *r)
{
	size_t begin = r->scan.at, depth = r->scan.n_frames;
	struct word before = scan_top(&r->scan)->word;
	scan_step(&r->scan);
	struct frame *f = r->scan.n_frames < depth ? NULL : &r->scan.frames[depth - 1];
	if (before.open && (!f || !f->word.open))
		word_ended(r, &before, begin);
	else if (!before.open && f && f->word.open)
		word_began(r, &f->word);
	if (r->scan.doubt)
		check_doubt(r);
}

static void refuse_dollar(struct reader *r)
{
	struct placeholder p;
	size_t next = scan_joined(&r->scan, r->scan.at + 1);
	if (!scan_expands(&r->scan) || scan_peek(&r->scan, r->scan.at) != '$' || !placeholder_at(r, next, &p))
		return;
	refuse(r, next, &p, "right behind a $, which would take it for a variable; put the $ in single quotes");
}

/* Behind a doubt only one thing matters: that no value gets there. */
static void skip_doubtful(struct reader *r)
{
	struct scan *s = &r->scan;
	s->at += s->text[s->at] == '\\' && s->at + 1 < s->len ? 2 : 1;
}

static void read_next(struct reader *r)
{
	struct placeholder p;
	struct scan *s = &r->scan;
	if (!s->doubt && scan_joins_lines(s))
		s->at = scan_joined(s, s->at);
	if (placeholder_at(r, s->at, &p))
		return take_placeholder(r, &p);
	if (s->at >= s->len)
		return;
	if (s->doubt)
		return skip_doubtful(r);
	refuse_dollar(r);
	if (!r->why)
		step(r);
}

static void read_end(struct reader *r)
{
	const char *opening = scan_opening(&r->scan);
	if (opening) {
		r->why = xasprintf("the command has %s without its end", opening);
		return;
	}
	struct word last = scan_words(&r->scan)->word;
	if (last.open)
		word_ended(r, &last, r->spec->len);
}

bool reader_read_shell(const struct reader_spec *spec, struct parts *parts, size_t *n_placeholders, char **why)
{
	struct reader r = {.spec = spec, .parts = parts};
	parts->shell = true;
	scan_begin(&r.scan, spec->text, spec->len);
	while (r.scan.at < spec->len && !r.why)
		read_next(&r);
	if (!r.scan.doubt && !r.why)
		read_end(&r);
	keep_text(&r, spec->len);
	*n_placeholders = r.n_placeholders;
	*why = r.why;
	return !r.why;
}

/* Backslashes count only right before a placeholder, in pairs: `n` of them stand before `at`. */
static void keep_backslashes(struct parts *parts, const char *text, size_t kept, size_t at, size_t n)
{
	parts_add_text(parts, text + kept, at - n - kept);
	parts_add_text(parts, text + at - n, n / 2);
}

bool reader_read_raw(const struct reader_spec *spec, struct parts *parts, char **why)
{
	struct placeholder p;
	size_t kept = 0, backslashes = 0;
	for (size_t at = 0; at < spec->len;) {
		if (!placeholder_read(&p, spec->text + at, spec->len - at, spec->replace)) {
			backslashes = spec->text[at++] == '\\' ? backslashes + 1 : 0;
			continue;
		}
		bool escaped = backslashes % 2;
		keep_backslashes(parts, spec->text, kept, at, backslashes);
		kept = escaped ? at : at + p.len;
		backslashes = 0;
		if (!escaped && (*why = placeholder_check(&p, spec->text + at, spec->n_values, NULL)))
			return false;
		if (!escaped)
			parts_add_placeholder(parts, &p, QUOTE_NONE);
		at += p.len;
	}
	parts_add_text(parts, spec->text + kept, spec->len - kept);
	return true;
}
