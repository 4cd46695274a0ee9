/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "base/report.h"

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/utf8.h"

#define PREFIX "forkpool: "
#define PREFIX_LEN (sizeof PREFIX - 1)
#define ERROR_TEXT_MAX 64
#define HELP_TEXT_MAX 64
#define DOTS "..."
#define DOTS_LEN (sizeof DOTS - 1)

/* Where finished lines go. */
static struct {
	void (*write_line)(void *arg, const char *line, size_t len);
	void *arg;
} diversion;

static const char *help_command = "forkpool --help";

void report_set_help(const char *command)
{
	help_command = command;
}

void report_divert(void (*write_line)(void *arg, const char *line, size_t len), void *arg)
{
	diversion.write_line = write_line;
	diversion.arg = arg;
}

/* Length of the character at `s`, 0 if there is none or it is a control character: a terminal takes the C1 controls (U+0080
 * to U+009F, or their bare bytes) for escape sequences. */
static size_t printable_len(const unsigned char *s, size_t n)
{
	size_t len = utf8_len(s, n);
	bool control = len == 1 || (len == 2 && s[0] == 0xc2 && s[1] < 0xa0);
	return control ? 0 : len;
}

/* The first character of `text` as it may be shown: its length in `shown`; *taken bytes of `text` are used up. */
static size_t show_char(char shown[4], const unsigned char *text, size_t n, bool ascii, size_t *taken)
{
	static const char hex[] = "0123456789abcdef";
	unsigned char c = *text;
	*taken = 1;
	if (c == '\n' || c == '\t') {
		memcpy(shown, c == '\n' ? "\\n" : "\\t", 2);
		return 2;
	}
	if (c >= 0x20 && c < 0x7f) {
		shown[0] = (char)c;
		return 1;
	}
	size_t len = ascii ? 0 : printable_len(text, n);
	if (len) {
		memcpy(shown, text, len);
		*taken = len;
		return len;
	}
	memcpy(shown, (char[]){'\\', 'x', hex[c >> 4], hex[c & 15]}, 4);
	return 4;
}

static size_t escape(char *out, size_t size, const char *text, size_t n, bool ascii)
{
	if (!size)
		return 0;
	size_t dots = size > DOTS_LEN ? DOTS_LEN : size - 1;
	size_t len = 0, cut = 0, taken;
	for (size_t at = 0; at < n; at += taken) {
		char shown[4];
		size_t n_shown = show_char(shown, (const unsigned char *)text + at, n - at, ascii, &taken);
		if (len + n_shown > size - 1) {
			memcpy(out + cut, DOTS, dots);
			len = cut + dots;
			break;
		}
		memcpy(out + len, shown, n_shown);
		len += n_shown;
		if (len + dots <= size - 1)
			cut = len;
	}
	out[len] = '\0';
	return len;
}

size_t report_escape(char *out, size_t size, const char *text, size_t n)
{
	return escape(out, size, text, n, false);
}

size_t report_escape_ascii(char *out, size_t size, const char *text, size_t n)
{
	return escape(out, size, text, n, true);
}

/* One line from the message and what follows it, which is never cut. Returns its length, newline included. */
__attribute__((format(printf, 3, 0))) static size_t format_line(
	char line[REPORT_LINE_MAX], const char *tail, const char *fmt, va_list ap)
{
	/* As long as a line: text that vsnprintf cuts is too long for the line in any case, and shown as cut. */
	char text[REPORT_LINE_MAX];
	int n = vsnprintf(text, sizeof text, fmt, ap);
	if (n < 0)
		n = snprintf(text, sizeof text, "%s", fmt);
	size_t text_len = (size_t)n < sizeof text ? (size_t)n : sizeof text - 1;
	size_t tail_len = strlen(tail);

	memcpy(line, PREFIX, PREFIX_LEN);
	size_t len = PREFIX_LEN;
	len += report_escape(line + len, REPORT_LINE_MAX - len - tail_len, text, text_len);
	memcpy(line + len, tail, tail_len);
	len += tail_len;
	line[len++] = '\n';
	return len;
}

/* One write, so that lines of several processes do not mix; nobody can be told when it fails. */
static void write_line(const char *line, size_t len)
{
	ssize_t n;
	do
		n = write(STDERR_FILENO, line, len);
	while (n < 0 && errno == EINTR);
}

__attribute__((format(printf, 2, 0))) static void print_now(const char *tail, const char *fmt, va_list ap)
{
	char line[REPORT_LINE_MAX];
	write_line(line, format_line(line, tail, fmt, ap));
}

__attribute__((format(printf, 2, 0))) static void print_line(const char *tail, const char *fmt, va_list ap)
{
	char line[REPORT_LINE_MAX];
	size_t len = format_line(line, tail, fmt, ap);
	if (diversion.write_line)
		diversion.write_line(diversion.arg, line, len);
	else
		write_line(line, len);
}

static void error_text(char text[ERROR_TEXT_MAX], int error)
{
	snprintf(text, ERROR_TEXT_MAX, ": %s", strerror(error));
}

void warn_msg(const char *fmt, ...)
{
	int saved = errno;
	va_list ap;
	va_start(ap, fmt);
	print_line("", fmt, ap);
	va_end(ap);
	errno = saved;
}

void warn_sys(const char *fmt, ...)
{
	int saved = errno;
	char tail[ERROR_TEXT_MAX];
	error_text(tail, saved);
	va_list ap;
	va_start(ap, fmt);
	print_line(tail, fmt, ap);
	va_end(ap);
	errno = saved;
}

void die_msg(int status, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	print_now("", fmt, ap);
	va_end(ap);
	exit(status);
}

void die_sys(int status, const char *fmt, ...)
{
	char tail[ERROR_TEXT_MAX];
	error_text(tail, errno);
	va_list ap;
	va_start(ap, fmt);
	print_now(tail, fmt, ap);
	va_end(ap);
	exit(status);
}

void die_usage(const char *fmt, ...)
{
	char tail[HELP_TEXT_MAX];
	snprintf(tail, sizeof tail, "; try '%s'", help_command);
	va_list ap;
	va_start(ap, fmt);
	print_now(tail, fmt, ap);
	va_end(ap);
	exit(EXIT_USAGE);
}

void report_bug(const char *file, int line, const char *fmt, ...)
{
	char tail[REPORT_LINE_MAX / 2];
	snprintf(tail, sizeof tail, " (a bug in forkpool, %s:%d)", file, line);
	va_list ap;
	va_start(ap, fmt);
	print_now(tail, fmt, ap);
	va_end(ap);
	abort();
}
