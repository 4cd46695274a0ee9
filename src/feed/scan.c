/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "feed/scan.h"

#include <string.h>

#include "feed/shell.h"
#include "task/word.h"

struct frame *scan_top(struct scan *s)
{
	return &s->frames[s->n_frames - 1];
}

static bool holds_words(const struct frame *f)
{
	return f->context <= CONTEXT_COMMAND;
}

struct frame *scan_words(struct scan *s)
{
	struct frame *f = scan_top(s);
	while (!holds_words(f))
		f--;
	return f;
}

char scan_peek(const struct scan *s, size_t at)
{
	return at < s->len ? s->text[at] : '\0';
}

size_t scan_joined(const struct scan *s, size_t at)
{
	while (scan_peek(s, at) == '\\' && scan_peek(s, at + 1) == '\n')
		at += 2;
	return at;
}

static void push(struct scan *s, enum context context)
{
	if (s->n_frames == SCAN_DEPTH_MAX)
		s->doubt = DOUBT_DEPTH;
	else
		s->frames[s->n_frames++] = (struct frame){.context = context};
}

static void word_begin(struct scan *s, struct frame *f)
{
	if (!f->word.open)
		f->word = (struct word){.open = true, .plain = true, .begin = s->at};
}

static void word_add_literal(struct scan *s, char c)
{
	struct frame *f = scan_top(s);
	word_begin(s, f);
	f->word.plain &= shell_is_harmless(c);
	f->word.settled |= shell_is_clear(c) || c == '=';
	if (f->word.literal_len < sizeof f->word.literal)
		f->word.literal[f->word.literal_len] = c;
	f->word.literal_len++;
}

void scan_add_to_word(struct scan *s)
{
	struct frame *f = scan_top(s);
	if (!holds_words(f))
		return;
	word_begin(s, f);
	f->word.literal_len = sizeof f->word.literal + 1;
}

/* Quotes and expansions: the word is not what it looks like. */
static void word_add_opaque(struct scan *s)
{
	scan_add_to_word(s);
	scan_top(s)->word.plain = false;
}

static bool word_is(const struct word *w, const char *text)
{
	return w->literal_len == strlen(text) && !memcmp(w->literal, text, w->literal_len);
}

/* Behind a command's name there are only arguments; what may be something else than its name changes nothing. */
static enum place place_behind(const struct scan *s, const struct frame *f)
{
	const struct word *w = &f->word;
	if (f->place != PLACE_COMMAND || f->target || !w->plain || memchr(s->text + w->begin, '=', s->at - w->begin))
		return f->place;
	if (shell_expects_words(w->literal, w->literal_len))
		return PLACE_GRAMMAR;
	return word_is_reserved(w->literal, w->literal_len) ? PLACE_COMMAND : PLACE_ARGUMENT;
}

static void word_end(struct scan *s)
{
	struct frame *f = scan_top(s);
	if (!f->word.open)
		return;
	f->word.open = false;
	f->place = place_behind(s, f);
	f->target = TARGET_NONE;
	if (word_is(&f->word, "=~"))
		s->doubt = DOUBT_MATCH;
	if (f->context == CONTEXT_COMMAND && word_is(&f->word, "case"))
		s->doubt = DOUBT_CASE;
}

static void command_end(struct scan *s)
{
	struct frame *f = scan_top(s);
	word_end(s);
	f->target = TARGET_NONE;
	f->place = PLACE_COMMAND;
}

static void read_dollar_paren(struct scan *s, size_t paren)
{
	size_t next = scan_joined(s, paren + 1);
	bool arith = scan_peek(s, next) == '(';
	s->at = (arith ? next : paren) + 1;
	push(s, arith ? CONTEXT_ARITH : CONTEXT_COMMAND);
}

/* Parameters that $ may name, and ${...} begin with. ${ cmd; } and ${| cmd; } are commands to some shells. */
static bool is_parameter(char c)
{
	return shell_is_name(c) || (c && strchr("@*#?-$!", c));
}

static void read_dollar_brace(struct scan *s, size_t brace)
{
	s->at = brace + 1;
	push(s, CONTEXT_PARAM);
	if (!is_parameter(scan_peek(s, s->at)))
		s->doubt = DOUBT_PARAM;
}

static void read_dollar_quote(struct scan *s, size_t quote)
{
	bool ansi = holds_words(scan_top(s));
	s->at = quote + ansi;
	if (ansi)
		push(s, CONTEXT_ANSI);
}

/* bash 5.2 takes "$$(" for the start of a $(...) while it looks for the closing quote, and for $$ afterwards. */
static void read_special(struct scan *s, size_t special)
{
	const char *misread = scan_top(s)->context == CONTEXT_DOUBLE ? "({[$" : "({[$'\"";
	char c = scan_peek(s, special);
	s->at = special + is_parameter(c);
	s->in_name = shell_is_name(c);
	char next = scan_peek(s, scan_joined(s, s->at));
	if (c == '$' && next && strchr(misread, next))
		s->doubt = DOUBT_DOLLARS;
}

static void read_dollar(struct scan *s)
{
	size_t next = scan_joined(s, s->at + 1);
	char c = scan_peek(s, next);
	word_add_opaque(s);
	switch (c) {
	case '(':
		return read_dollar_paren(s, next);
	case '{':
		return read_dollar_brace(s, next);
	case '\'':
		return read_dollar_quote(s, next);
	case '[':
		s->doubt = DOUBT_BRACKET;
		return;
	default:
		return read_special(s, next);
	}
}

static void read_backslash(struct scan *s)
{
	word_add_opaque(s);
	s->at += s->at + 1 < s->len ? 2 : 1;
}

static void read_open_quote(struct scan *s, enum context context)
{
	word_add_opaque(s);
	s->at++;
	push(s, context);
}

static void read_operator(struct scan *s)
{
	if (shell_is_blank(s->text[s->at]))
		word_end(s);
	else
		command_end(s);
	s->at++;
}

/* >> and <> come here twice; >| and >& take a word, too. */
static void read_redirection(struct scan *s)
{
	char c = s->text[s->at];
	word_end(s);
	s->at = scan_joined(s, s->at + 1);
	char next = scan_peek(s, s->at);
	scan_top(s)->target = next == '&' ? TARGET_FD : TARGET_FILE;
	if (c == '<' && next == '<')
		s->doubt = DOUBT_HEREDOC;
	else
		s->at += next == '&' || next == '|';
}

/* A word may be followed by () where a function is defined, by nothing else that every shell knows. */
static void read_open_paren(struct scan *s)
{
	struct frame *f = scan_top(s);
	bool glued = f->word.open;
	command_end(s);
	f->depth++;
	s->at = scan_joined(s, s->at + 1);
	char next = scan_peek(s, s->at);
	if (next == '(' || (glued && next != ')'))
		s->doubt = DOUBT_PAREN;
}

static void read_close_paren(struct scan *s)
{
	struct frame *f = scan_top(s);
	command_end(s);
	s->at++;
	if (f->depth)
		f->depth--;
	else if (f->context == CONTEXT_COMMAND)
		s->n_frames--;
}

static void read_word_byte(struct scan *s)
{
	char c = s->text[s->at];
	if (c == '#' && !scan_top(s)->word.open)
		return push(s, CONTEXT_COMMENT);
	word_add_literal(s, c);
	s->at++;
}

static void step_command(struct scan *s)
{
	char c = s->text[s->at];
	if (strchr(" \t\n;&|", c))
		return read_operator(s);
	switch (c) {
	case '<':
	case '>':
		return read_redirection(s);
	case '(':
		return read_open_paren(s);
	case ')':
		return read_close_paren(s);
	case '\'':
		return read_open_quote(s, CONTEXT_SINGLE);
	case '"':
		return read_open_quote(s, CONTEXT_DOUBLE);
	case '`':
		return read_open_quote(s, CONTEXT_BACKQUOTE);
	case '\\':
		return read_backslash(s);
	case '$':
		return read_dollar(s);
	default:
		return read_word_byte(s);
	}
}

static void step_inside(struct scan *s);

static void step_double(struct scan *s)
{
	switch (s->text[s->at]) {
	case '`':
		return read_open_quote(s, CONTEXT_BACKQUOTE);
	case '\\':
		return read_backslash(s);
	case '$':
		return read_dollar(s);
	default:
		return step_inside(s);
	}
}

/* bash takes $((...) ...) for a subshell inside $(...), dash does not. */
static void read_arith_close(struct scan *s)
{
	struct frame *f = scan_top(s);
	s->at++;
	if (f->depth) {
		f->depth--;
	} else if (scan_peek(s, s->at) == ')') {
		s->at++;
		s->n_frames--;
	} else {
		s->doubt = DOUBT_ARITH;
	}
}

static void step_arith(struct scan *s)
{
	char c = s->text[s->at];
	if (c == ')')
		return read_arith_close(s);
	if (c == '$')
		return read_dollar(s);
	scan_top(s)->depth += c == '(';
	s->at++;
}

static void step_param(struct scan *s)
{
	char c = s->text[s->at], next = scan_peek(s, s->at + 1);
	if (c == '$' && next == '{')
		return read_dollar_brace(s, s->at + 1);
	if (c == '$' && (next == '[' || next == '$'))
		s->doubt = next == '$' ? DOUBT_DOLLARS : DOUBT_BRACKET;
	step_inside(s);
}

/* The newline is not part of it. A backslash means nothing to the shell here, but sets {} free for us. */
static void step_comment(struct scan *s)
{
	char c = s->text[s->at], next = scan_peek(s, s->at + 1);
	if (c == '\n')
		s->n_frames--;
	else
		s->at += c == '\\' && next && next != '\n' ? 2 : 1;
}

static const struct {
	void (*step)(struct scan *s);
	const char *opening;
	char closing;
	bool joins_lines;
	bool expands;
	const char *doubtful; /* bytes that leave no certain end to it */
	enum doubt doubt;
} contexts[] = {
	[CONTEXT_TEXT] = {step_command, NULL, 0, true, true, "", DOUBT_NONE},
	[CONTEXT_COMMAND] = {step_command, "$(", 0, true, true, "", DOUBT_NONE},
	[CONTEXT_DOUBLE] = {step_double, "\"", '"', true, true, "", DOUBT_NONE},
	[CONTEXT_SINGLE] = {step_inside, "'", '\'', false, false, "", DOUBT_NONE},
	[CONTEXT_ANSI] = {step_inside, "$'", '\'', false, false, "\\", DOUBT_ANSI},
	[CONTEXT_ARITH] = {step_arith, "$((", 0, false, true, "'\"`\\", DOUBT_ARITH},
	[CONTEXT_PARAM] = {step_param, "${", '}', false, true, "'\"`\\(", DOUBT_PARAM},
	[CONTEXT_BACKQUOTE] = {step_inside, "`", '`', false, false, "'\"\\#", DOUBT_BACKQUOTE},
	[CONTEXT_COMMENT] = {step_comment, NULL, 0, false, false, "", DOUBT_NONE},
};

static void step_inside(struct scan *s)
{
	if (s->text[s->at++] == contexts[scan_top(s)->context].closing)
		s->n_frames--;
}

bool scan_joins_lines(struct scan *s)
{
	return contexts[scan_top(s)->context].joins_lines;
}

bool scan_expands(struct scan *s)
{
	return contexts[scan_top(s)->context].expands;
}

const char *scan_opening(struct scan *s)
{
	struct frame *f = scan_top(s);
	if (f->context == CONTEXT_COMMENT)
		f--;
	return contexts[f->context].opening;
}

void scan_begin(struct scan *s, const char *text, size_t len)
{
	*s = (struct scan){.text = text, .len = len};
	push(s, CONTEXT_TEXT);
}

void scan_step(struct scan *s)
{
	enum context context = scan_top(s)->context;
	char c = s->text[s->at];
	s->in_name = s->in_name && shell_is_name(c);
	if (strchr(contexts[context].doubtful, c))
		s->doubt = contexts[context].doubt;
	else
		contexts[context].step(s);
}
