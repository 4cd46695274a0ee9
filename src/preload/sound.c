/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "preload/sound.h"

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
static uintptr_t heap_start;
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
	heap_start = (uintptr_t)sbrk(0);
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
 * template's then. So look for their addresses, and the environment's, in what can be written, the C library's own aside. */

static bool is_system_object(const char *path)
{
	const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
	return strncmp(name, "libc.so.", 8) == 0 || strncmp(name, "ld", 2) == 0;
}

static bool holds_arguments(const void *from, size_t len)
{
	void *const *end = (void *const *)from + len / sizeof(void *);
	for (void *const *p = from; p < end; p++)
		if ((char **)*p >= argv_at_start && (char **)*p <= envp_end && p != (void *const *)&environ)
			return true;
	return false;
}

/* One that wants to be the first of all has been before us. */
static bool comes_first(const ElfW(Dyn) *d)
{
	for (; d->d_tag != DT_NULL; d++)
		if (d->d_tag == DT_FLAGS_1 && d->d_un.d_val & DF_1_INITFIRST)
			return true;
	return false;
}

static bool is_part_sound(const struct dl_phdr_info *object, const ElfW(Phdr) *h)
{
	uintptr_t begin = object->dlpi_addr + h->p_vaddr, end = begin + h->p_memsz;
	uintptr_t from = (begin + sizeof(void *) - 1) & -sizeof(void *);
	if (h->p_type == PT_DYNAMIC)
		return !comes_first((const ElfW(Dyn) *)begin);
	if (h->p_type == PT_TLS && object->dlpi_tls_data)
		return !holds_arguments(object->dlpi_tls_data, h->p_memsz);
	if (h->p_type != PT_LOAD || !(h->p_flags & PF_W) || from >= end)
		return true;
	return end - from <= DATA_MAX && !holds_arguments((const void *)from, end - from);
}

static bool is_this_object(const struct dl_phdr_info *object)
{
	uintptr_t here = (uintptr_t)&own_fd;
	for (int i = 0; i < object->dlpi_phnum; i++) {
		uintptr_t begin = object->dlpi_addr + object->dlpi_phdr[i].p_vaddr;
		if (object->dlpi_phdr[i].p_type == PT_LOAD && here >= begin && here < begin + object->dlpi_phdr[i].p_memsz)
			return true;
	}
	return false;
}

static int look_at_object(struct dl_phdr_info *object, size_t size, void *found)
{
	(void)size;
	if (is_system_object(object->dlpi_name) || is_this_object(object))
		return 0;
	for (int i = 0; i < object->dlpi_phnum; i++)
		*(bool *)found |= !is_part_sound(object, &object->dlpi_phdr[i]);
	return *(bool *)found;
}

static bool keeps_arguments(void)
{
	bool found = false;
	uintptr_t end = (uintptr_t)sbrk(0);
	dl_iterate_phdr(look_at_object, &found);
	return found || end - heap_start > DATA_MAX || holds_arguments((const void *)heap_start, end - heap_start);
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
	if (check == PRELOAD_SOUND && keeps_arguments())
		check = PRELOAD_ARGUMENTS;
	return check;
}
