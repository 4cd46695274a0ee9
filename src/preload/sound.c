/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "preload/sound.h"

#include <errno.h>
#include <link.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

#include "preload/proc.h"

#define DATA_MAX ((uintptr_t)32 << 20) /* bytes; a program with more of it is executed */

static int own_fd;
static struct proc_fds fds_at_start;
static char **argv_at_start, **envp_end;
static uint64_t environment_at_start;
static const void *words_at_start, *words_end; /* their bytes */
static bool wants_forks_told;

/* Whoever changes the environment before main means it for main, which gets the task's. */
static uint64_t digest_environment(char **entries)
{
	uint64_t digest = (uint64_t)(uintptr_t)entries;
	for (char **e = entries; *e; e++)
		for (const char *p = *e; ; p++) {
			digest = (digest ^ (unsigned char)*p) * 0x100000001b3;
			if (!*p)
				break;
		}
	return digest;
}

void sound_begin(int channel, char **argv, char **envp)
{
	own_fd = channel;
	argv_at_start = argv;
	for (envp_end = envp; *envp_end; envp_end++)
		;
	environment_at_start = digest_environment(envp);
	char **last = argv;
	while (last[0] && last[1])
		last++;
	words_at_start = argv[0];
	words_end = *last ? *last + strlen(*last) + 1 : NULL;
	proc_list_fds(&fds_at_start, channel);
}

static const char *field(const char *line, const char *name)
{
	size_t n = strlen(name);
	if (strncmp(line, name, n) != 0)
		return NULL;
	for (line += n; *line == ' ' || *line == '\t'; line++)
		;
	return line;
}

/* Signals 32 and 33 are the C library's own. */
static bool handles_signals(const char *mask)
{
	return (strtoull(mask, NULL, 16) & ~(3ULL << 31)) != 0;
}

static void see_status(void *arg, const char *line)
{
	enum preload_check *check = arg;
	const char *value;
	if ((value = field(line, "Threads:")) && strcmp(value, "1") != 0)
		*check = PRELOAD_THREADS;
	else if ((value = field(line, "SigCgt:")) && handles_signals(value))
		*check = PRELOAD_HANDLERS;
	else if (((value = field(line, "SigPnd:")) || (value = field(line, "ShdPnd:"))) && value[strspn(value, "0")])
		*check = PRELOAD_PENDING;
	else if ((value = field(line, "VmLck:")) && *value != '0')
		*check = PRELOAD_LOCKED_MEMORY;
}

/* "START-END rw-s ...": what is written to it, all tasks would share. */
static void see_mapping(void *arg, const char *line)
{
	const char *mode = strchr(line, ' ');
	if (mode && strlen(mode) > 4 && mode[2] == 'w' && mode[4] == 's')
		*(enum preload_check *)arg = PRELOAD_SHARED_MEMORY;
}

static void see_timer(void *arg, const char *line)
{
	(void)line;
	*(enum preload_check *)arg = PRELOAD_TIMERS;
}

static void see_child(void *arg, const char *line)
{
	if (*line)
		*(enum preload_check *)arg = PRELOAD_CHILDREN;
}

/* A copy is no fork(2) of the C library's: those who have asked for it would not be told. */
void sound_note_atfork(void)
{
	wants_forks_told = true;
}

static bool has_timer(void)
{
	static const enum __itimer_which kinds[] = {ITIMER_REAL, ITIMER_VIRTUAL, ITIMER_PROF};
	struct itimerval t;
	for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
		if (getitimer(kinds[i], &t) == 0 && (t.it_value.tv_sec || t.it_value.tv_usec))
			return true;
	return false;
}

static bool has_new_fds(void)
{
	struct proc_fds now = {{0}};
	return !proc_list_fds(&now, own_fd) || memcmp(&now, &fds_at_start, sizeof now) != 0;
}

/* A constructor gets the arguments too, and may keep them for main, as the Rust library's does: it would see the
 * template's then. So look in all that can be written for the addresses of the words, and of what points to them and to the
 * environment's entries. The C library and the loader know them, and so do we. The stack is not looked at: what was
 * called before is over. */

static bool is_argument(const void *p)
{
	return (p >= (const void *)argv_at_start && p <= (const void *)envp_end) || (p >= words_at_start && p < words_end);
}

static bool is_in(const struct dl_phdr_info *object, const void *place)
{
	for (int i = 0; i < object->dlpi_phnum; i++) {
		uintptr_t offset = (uintptr_t)place - object->dlpi_addr - object->dlpi_phdr[i].p_vaddr;
		if (object->dlpi_phdr[i].p_type == PT_LOAD && offset < object->dlpi_phdr[i].p_memsz)
			return true;
	}
	return false;
}

static bool may_hold_arguments(const struct dl_phdr_info *object)
{
	const char *slash = strrchr(object->dlpi_name, '/'), *name = slash ? slash + 1 : object->dlpi_name;
	return strncmp(name, "libc.so.", 8) == 0 || strncmp(name, "ld", 2) == 0 || is_in(object, &own_fd);
}

static int is_in_ours(struct dl_phdr_info *object, size_t size, void *place)
{
	(void)size;
	return may_hold_arguments(object) && is_in(object, place);
}

/* A program may have the C library's variables in its own data. */
static bool is_ours(void *place)
{
	return place == &environ || place == &program_invocation_name || place == &program_invocation_short_name ||
	       dl_iterate_phdr(is_in_ours, place);
}

/* "START-END rw-p OFFSET DEVICE INODE PATH" */
static void look_for_arguments(void *arg, const char *line)
{
	char *at;
	uintptr_t begin = strtoul(line, &at, 16), end = *at == '-' ? strtoul(at + 1, &at, 16) : 0;
	if (strncmp(at, " rw", 3) != 0 || strstr(at, "[stack]") || *(enum preload_check *)arg != PRELOAD_SOUND)
		return;
	if (end - begin > DATA_MAX)
		*(enum preload_check *)arg = PRELOAD_ARGUMENTS;
	else
		for (void **p = (void **)begin; p < (void **)end; p++)
			if (is_argument(*p) && !is_ours(p)) {
				*(enum preload_check *)arg = PRELOAD_ARGUMENTS;
				return;
			}
}

/* An object that wants to be the first of all has been before us. */
static int comes_first(struct dl_phdr_info *object, size_t size, void *arg)
{
	(void)size, (void)arg;
	for (int i = 0; i < object->dlpi_phnum; i++) {
		if (object->dlpi_phdr[i].p_type != PT_DYNAMIC || is_in(object, &own_fd))
			continue;
		for (const ElfW(Dyn) *d = (const void *)(object->dlpi_addr + object->dlpi_phdr[i].p_vaddr); d->d_tag != DT_NULL; d++)
			if (d->d_tag == DT_FLAGS_1 && d->d_un.d_val & DF_1_INITFIRST)
				return 1;
	}
	return 0;
}

/* Where a kernel does not tell of timers or children, nobody can; both files are optional parts of it. */
enum preload_check sound_check(void)
{
	enum preload_check check = PRELOAD_SOUND;
	if (proc_read_lines("/proc/self/status", see_status, &check) < 0 ||
	    proc_read_lines("/proc/self/maps", see_mapping, &check) < 0)
		return PRELOAD_SYSTEM;
	proc_read_lines("/proc/self/timers", see_timer, &check);
	proc_read_lines("/proc/thread-self/children", see_child, &check);
	if (has_timer())
		check = PRELOAD_TIMERS;
	if (has_new_fds())
		check = PRELOAD_FDS;
	if (digest_environment(environ) != environment_at_start)
		check = PRELOAD_ENVIRONMENT;
	if (wants_forks_told)
		check = PRELOAD_ATFORK;
	if (dl_iterate_phdr(comes_first, NULL))
		check = PRELOAD_ORDER;
	proc_read_lines("/proc/self/maps", look_for_arguments, &check);
	return check;
}
