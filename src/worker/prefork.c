/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "worker/prefork.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <paths.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fdio.h"
#include "base/xalloc.h"
#include "process/kin.h"

enum {
	USES_BEFORE = 2, /* a program that is run once only is not worth it */
	USES_AFTER = 64, /* no template is given up for another before so many tasks have not wanted it */
	DEATHS_MAX = 3,
};

struct prefork_program {
	char *file, *name;           /* owned: what is executed, and argv[0] */
	char *directory;             /* owned; where its tasks are started; NULL: here */
	char interpreter[PATH_MAX];  /* "": the file is no script */
	struct program_id id, interpreter_id;
	unsigned uses, deaths;
	unsigned long long last_use;
	enum template_state state;   /* of `template`; LOADING without a pid: there is none yet */
	struct template template;
};

static bool has_template(const struct prefork_program *g)
{
	return g->template.fd >= 0;
}

static void drop_template(struct prefork *p, struct prefork_program *g)
{
	if (!has_template(g))
		return;
	template_stop(&g->template);
	p->n_templates--;
}

/* Which programs are known. */

static void free_program(struct prefork *p, struct prefork_program *g)
{
	drop_template(p, g);
	free(g->file);
	free(g->name);
	free(g->directory);
	free(g);
}

static struct prefork_program *move_to_front(struct prefork *p, size_t i)
{
	struct prefork_program *g = p->programs[i];
	memmove(p->programs + 1, p->programs, i * sizeof p->programs[0]);
	p->programs[0] = g;
	return g;
}

static struct prefork_program *add_program(struct prefork *p, const char *file, const char *name, const char *directory)
{
	if (p->n_programs == PREFORK_PROGRAMS)
		free_program(p, p->programs[--p->n_programs]);
	struct prefork_program *g = xcalloc(1, sizeof *g);
	g->file = xstrdup(file);
	g->name = xstrdup(name);
	g->directory = directory ? xstrdup(directory) : NULL;
	g->template.fd = g->template.noise_rfd = -1;
	p->programs[p->n_programs] = g;
	return move_to_front(p, p->n_programs++);
}

static bool same_directory(const char *a, const char *b)
{
	return a == b || (a && b && strcmp(a, b) == 0);
}

static struct prefork_program *find_program(struct prefork *p, const char *file, const char *name, const char *directory)
{
	for (size_t i = 0; i < p->n_programs; i++) {
		const struct prefork_program *g = p->programs[i];
		if (strcmp(g->name, name) == 0 && strcmp(g->file, file) == 0 && same_directory(g->directory, directory))
			return move_to_front(p, i);
	}
	return add_program(p, file, name, directory);
}

static bool same_interpreter(const struct prefork_program *g)
{
	char file[PATH_MAX];
	struct program_id id;
	return program_find(g->interpreter, "", file, &id) && program_same(&g->interpreter_id, &id);
}

/* What has been learned about a file that is another one now holds no more. */
static void check_identity(struct prefork *p, struct prefork_program *g, const struct program_id *id)
{
	char file[PATH_MAX];
	bool same = g->last_use && program_same(&g->id, id);
	if (same && (!g->interpreter[0] || same_interpreter(g)))
		return;
	drop_template(p, g);
	g->id = *id;
	bool sound = !program_check(g->file, id, g->interpreter);
	sound = sound && (!g->interpreter[0] || program_find(g->interpreter, "", file, &g->interpreter_id));
	g->state = sound ? TEMPLATE_LOADING : TEMPLATE_USELESS;
}

/* Templates. */

/* Not here: for the user to know, and nothing else changes. */
static void refuse(struct prefork *p, const char *why)
{
	p->on = false;
	channel_note(p->channel, NOTE_REMARK, "--prefork: %s; commands are executed as ever", why);
}

/* If the object could not be loaded, the program would run; so the first that is tried is one that does nothing. */
static bool prove(struct prefork *p)
{
	static const char *const nothing[] = {"sh", "-c", ":", NULL};
	struct template t;
	if (p->proven)
		return true;
	const struct template_source source = {.file = _PATH_BSHELL, .argv = nothing, .envp = p->envp};
	enum template_state state = TEMPLATE_LOADING;
	if (template_start(&t, p->preload, &source) == 0)
		state = template_wait(&t);
	else if (!spawn_is_shortage(errno))
		state = TEMPLATE_USELESS;
	template_stop(&t);
	p->proven = state == TEMPLATE_READY;
	if (state == TEMPLATE_USELESS)
		refuse(p, "no copies can be made of " _PATH_BSHELL);
	return p->proven;
}

static struct prefork_program *least_wanted(const struct prefork *p)
{
	for (size_t i = p->n_programs; i-- > 0; )
		if (has_template(p->programs[i]))
			return p->programs[i];
	return NULL;
}

static bool make_room(struct prefork *p)
{
	if (p->n_templates < PREFORK_TEMPLATES)
		return true;
	struct prefork_program *g = least_wanted(p);
	if (p->uses - g->last_use < USES_AFTER)
		return false;
	drop_template(p, g);
	g->state = TEMPLATE_LOADING;
	return true;
}

static void start_template(struct prefork *p, struct prefork_program *g)
{
	const char *argv[] = {g->name, NULL};
	const struct template_source source = {.file = g->file, .argv = argv, .envp = p->envp, .directory = g->directory};
	if (g->uses < (p->eager ? 1 : USES_BEFORE) || !make_room(p) || !prove(p))
		return;
	if (template_start(&g->template, p->preload, &source) == 0)
		p->n_templates++;
	else if (!spawn_is_shortage(errno))
		g->state = TEMPLATE_USELESS;
}

static bool is_ready(struct prefork *p, struct prefork_program *g)
{
	if (g->state == TEMPLATE_LOADING && !has_template(g))
		start_template(p, g);
	if (g->state == TEMPLATE_LOADING && has_template(g))
		g->state = p->eager ? template_wait(&g->template) : template_look(&g->template);
	if (g->state == TEMPLATE_USELESS)
		drop_template(p, g);
	return g->state == TEMPLATE_READY;
}

/* One that dies now and then gets a successor; one that always does is not worth it. */
static void count_death(struct prefork *p, struct prefork_program *g)
{
	drop_template(p, g);
	g->state = ++g->deaths < DEATHS_MAX && g->state == TEMPLATE_READY ? TEMPLATE_LOADING : TEMPLATE_USELESS;
}

/* Which file it is may depend on the directory, which is not entered yet. */
static bool is_relative(const struct spawn_request *r, const char *name)
{
	if (strchr(name, '/'))
		return *name != '/';
	const char *entry = r->path;
	while (*entry == '/' && (entry = strchr(entry, ':')))
		entry++;
	return entry != NULL;
}

pid_t prefork_start(struct prefork *p, const struct spawn_request *r)
{
	char file[PATH_MAX];
	struct program_id id;
	const char *name = r->file ? r->file : r->argv[0];
	if (!p->on || (r->directory && is_relative(r, name)) || !program_find(name, r->path, file, &id))
		return 0;
	struct prefork_program *g = find_program(p, file, r->argv[0], r->directory);
	check_identity(p, g, &id);
	g->uses++;
	g->last_use = ++p->uses;
	if (!is_ready(p, g))
		return 0;
	pid_t pid = template_run(&g->template, r);
	if (pid < 0)
		count_death(p, g);
	return pid > 0 ? pid : 0;
}

bool prefork_owns(const struct prefork *p, pid_t pid)
{
	for (size_t i = 0; i < p->n_programs; i++)
		if (p->programs[i]->template.pid == pid)
			return true;
	return false;
}

void prefork_reaped(struct prefork *p, pid_t pid)
{
	for (size_t i = 0; i < p->n_programs; i++)
		if (p->programs[i]->template.pid == pid) {
			p->programs[i]->template.pid = 0;
			count_death(p, p->programs[i]);
			return;
		}
}

void prefork_open(struct prefork *p, struct channel *channel, char *const *envp)
{
	char *file = template_find_preload();
	*p = (struct prefork){.channel = channel, .envp = envp, .preload_fd = file ? open(file, O_RDONLY | O_CLOEXEC) : -1};
	free(file);
	if (p->preload_fd >= 0)
		p->preload = xasprintf("/proc/%d/fd/%d", (int)getpid(), p->preload_fd);
	p->eager = getenv("FORKPOOL_PREFORK_EAGER") != NULL;
	p->on = p->preload != NULL;
	if (p->on)
		kin_keep_list(); /* templates are always there, so children are to be told apart */
	else
		refuse(p, template_why_not());
}

bool prefork_yield(struct prefork *p)
{
	bool had = p->n_templates > 0;
	p->on = false;
	for (size_t i = 0; i < p->n_programs; i++)
		drop_template(p, p->programs[i]);
	return had;
}

void prefork_close(struct prefork *p)
{
	while (p->n_programs > 0)
		free_program(p, p->programs[--p->n_programs]);
	if (p->preload)
		fdio_close(&p->preload_fd);
	free(p->preload);
	*p = (struct prefork){0};
}
