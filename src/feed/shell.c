/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "feed/shell.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/array.h"
#include "base/xalloc.h"
#include "task/word.h"

enum {
	BLANK = 1,
	HARMLESS = 2,
	CLEAR = 4,
};

static const unsigned char byte_class[256] = {
	['a' ... 'z'] = HARMLESS,
	['A' ... 'Z'] = HARMLESS,
	['0' ... '9'] = HARMLESS,
	['_'] = HARMLESS,
	['+'] = HARMLESS,
	['='] = HARMLESS,
	['.'] = HARMLESS | CLEAR,
	['/'] = HARMLESS | CLEAR,
	[','] = HARMLESS | CLEAR,
	[':'] = HARMLESS | CLEAR,
	['@'] = HARMLESS | CLEAR,
	['%'] = HARMLESS | CLEAR,
	['-'] = HARMLESS | CLEAR,
	[' '] = BLANK,
	['\t'] = BLANK,
};

/* Those of dash 0.5.12, builtins.def.in, its optional ones included; sorted by strcmp, for bsearch. */
static const char *const builtins[] = {".", ":", "[", "alias", "bg", "break", "cd", "chdir", "command", "continue",
	"echo", "eval", "exec", "exit", "export", "false", "fc", "fg", "getopts", "hash", "histcmd", "jobs", "kill",
	"local", "printf", "pwd", "read", "readonly", "return", "set", "shift", "test", "times", "trap", "true", "type",
	"ulimit", "umask", "unalias", "unset", "wait"};

static const char *const before_words[] = {"case", "coproc", "for", "function", "in", "select"};

struct span {
	const char *bytes;
	size_t len;
};

static int compare_name(const void *key, const void *element)
{
	const struct span *word = key;
	const char *name = *(const char *const *)element;
	size_t name_len = strlen(name);
	int order = memcmp(word->bytes, name, word->len < name_len ? word->len : name_len);
	return order ? order : (word->len > name_len) - (word->len < name_len);
}

static bool is_among(const char *word, size_t len, const char *const *names, size_t n_names)
{
	return bsearch(&(struct span){word, len}, names, n_names, sizeof *names, compare_name) != NULL;
}

bool shell_expects_words(const char *word, size_t len)
{
	return is_among(word, len, before_words, ARRAY_LEN(before_words));
}

bool shell_is_blank(char c)
{
	return byte_class[(unsigned char)c] & BLANK;
}

bool shell_is_harmless(char c)
{
	return byte_class[(unsigned char)c] & HARMLESS;
}

bool shell_is_clear(char c)
{
	return byte_class[(unsigned char)c] & CLEAR;
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

bool shell_is_name(char c)
{
	return c == '_' || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || is_digit(c);
}

/* The length of NAME in NAME=..., 0 if `text` does not begin that way. */
static size_t assigned_name(const char *text, size_t len)
{
	size_t n = 0;
	while (n < len && shell_is_name(text[n]))
		n++;
	return n < len && text[n] == '=' && !is_digit(text[0]) ? n : 0;
}

bool shell_has_syntax(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (!shell_is_harmless(text[i]) && !((unsigned char)text[i] & 0x80))
			return true;
	}
	return assigned_name(text, len) > 0;
}

/* More is turned away than need be (a=b/c is no assignment if PATH search comes first): only certainty counts. */
static bool first_word_is_plain(const char *word, size_t len)
{
	if (word[0] == '-' || word[0] == '+' || memchr(word, '=', len))
		return false;
	return !is_among(word, len, builtins, ARRAY_LEN(builtins)) && !word_is_reserved(word, len);
}

bool shell_is_plain(const char *text, size_t len)
{
	size_t from = 0, to;
	while (from < len && shell_is_blank(text[from]))
		from++;
	for (to = from; to < len && shell_is_harmless(text[to]); to++)
		;
	if (from == to || len >= SHELL_TEXT_MAX || !first_word_is_plain(text + from, to - from))
		return false;
	for (size_t i = to; i < len; i++) {
		if (!byte_class[(unsigned char)text[i]])
			return false;
	}
	return true;
}

size_t shell_split(char *text, size_t *len)
{
	char *out = text;
	size_t n_words = 0;
	for (const char *at = text; *at;) {
		if (shell_is_blank(*at)) {
			at++;
			continue;
		}
		while (*at && !shell_is_blank(*at))
			*out++ = *at++;
		if (*at)
			at++; /* `out` may stand here */
		*out++ = '\0';
		n_words++;
	}
	*len = (size_t)(out - text);
	return n_words;
}

bool shell_escapes_next(const char *text, size_t len)
{
	size_t n = 0;
	while (n < len && text[len - n - 1] == '\\')
		n++;
	return n % 2;
}

static bool shell_is_dash(void)
{
	char target[256];
	ssize_t n = readlink("/bin/sh", target, sizeof target - 1);
	if (n <= 0)
		return false;
	target[n] = '\0';
	const char *slash = strrchr(target, '/');
	return !strcmp(slash ? slash + 1 : target, "dash");
}

static bool path_is_plain(const char *path)
{
	return *path && !strchr(path, '%'); /* dash: %builtin and %func in PATH are not directories */
}

/* What dash asks of PWD before it keeps it (cd.c, getpwd). */
static bool directory_is_plain(const char *pwd)
{
	struct stat named, here;
	return *pwd == '/' && !stat(pwd, &named) && !stat(".", &here) && named.st_dev == here.st_dev &&
		named.st_ino == here.st_ino;
}

/* dash resets these or gives them a meaning of its own. */
static bool name_is_touched(const char *name, size_t len)
{
	static const char *const touched[] = {"ATTY", "IFS", "LINENO", "OPTIND", "PPID", "PS1", "PS2", "PS4"};
	return is_among(name, len, touched, ARRAY_LEN(touched));
}

static bool entry_is_plain(const char *entry)
{
	size_t len = assigned_name(entry, strlen(entry));
	return len && !name_is_touched(entry, len);
}

static int compare_entries(const void *a, const void *b)
{
	const unsigned char *x = *(const unsigned char *const *)a, *y = *(const unsigned char *const *)b;
	while (*x == *y && *x != '=')
		x++, y++;
	return (*x == '=' ? 0 : *x) - (*y == '=' ? 0 : *y);
}

static bool names_differ(char *const *environment, size_t n)
{
	bool differ = true;
	char **sorted = xrealloc(NULL, n, sizeof *sorted);
	memcpy(sorted, environment, n * sizeof *sorted);
	qsort(sorted, n, sizeof *sorted, compare_entries);
	for (size_t i = 1; i < n && differ; i++)
		differ = compare_entries(&sorted[i - 1], &sorted[i]) != 0;
	free(sorted);
	return differ;
}

static const char *environment_get(char *const *environment, const char *name)
{
	size_t len = strlen(name);
	for (; *environment; environment++) {
		if (!strncmp(*environment, name, len) && (*environment)[len] == '=')
			return *environment + len + 1;
	}
	return "";
}

static bool environment_is_plain(char *const *environment)
{
	size_t n = 0;
	for (; environment[n]; n++) {
		if (!entry_is_plain(environment[n]))
			return false;
	}
	return n && names_differ(environment, n) && path_is_plain(environment_get(environment, "PATH")) &&
		directory_is_plain(environment_get(environment, "PWD"));
}

bool shell_surroundings_plain(char *const *environment)
{
	struct sigaction child;
	if (sigaction(SIGCHLD, NULL, &child) || child.sa_handler == SIG_IGN)
		return false;
	return shell_is_dash() && environment_is_plain(environment);
}
