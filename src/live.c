/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "live.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/report.h"
#include "base/xalloc.h"
#include "cli/jobs.h"
#include "proto/jansson.h"

#define QUEUE_MEMORY ((uint64_t)256 << 20) /* of all messages */
#define SYNC_NS NS_PER_SEC /* what nobody waits for is on the disk so much later, and what runs so long is shown as running */

enum resume_state live_look(void *run, const char *command, size_t len, uint64_t *seq)
{
	const struct run *r = run;
	switch (db_take(r->db, command, len, seq)) {
	case DB_NEW:
		return RESUME_NEW;
	case DB_FAILED:
		return RESUME_FAILED;
	case DB_UNFINISHED: /* it waits already (live_restore) */
	case DB_SUCCEEDED:
		return RESUME_SUCCEEDED;
	}
	return RESUME_NEW;
}

/* A socket is not moved by --directory. */
static char *place_of(const struct options *o)
{
	if (*o->listen == '/' || !o->directory)
		return xstrdup(o->listen);
	char *here = setup_here(o->listen), *path = xasprintf("%s/%s", here, o->listen);
	free(here);
	return path;
}

static void on_sync(void *arg)
{
	struct run *r = arg;
	ledger_write_running(&r->ledger);
	db_commit(r->db, true);
}

void live_prepare(struct run *r)
{
	const struct options *o = r->options;
	char *why = NULL;
	if (o->dry_run)
		return;
	if (o->listen)
		r->listen = place_of(o);
	if (!o->state)
		return;
	r->db = db_open(o->state, !o->only_processes, &why);
	if (!r->db)
		die_msg(EXIT_FORKPOOL, "--state '%s': %s", o->state, why);
	r->sync = (struct timer){.fire = on_sync, .arg = r};
	r->numbers.seq = db_last_task(r->db);
}

bool live_put_on_record(void *run)
{
	const struct run *r = run;
	db_commit(r->db, false);
	return !db_error(r->db);
}

static void listen_for_clients(struct run *r)
{
	const struct options *o = r->options;
	const char *missing = jansson_load();
	char *why = NULL;
	if (missing)
		die_msg(EXIT_FORKPOOL, "--listen needs jansson: %s", missing);
	struct control_config config = {
		.path = r->listen, .connections_max = r->clients, .queue_memory = o->queue_memory ? o->queue_memory : QUEUE_MEMORY, .jobs_max = JOBS_MAX,
		.retries = o->retries, .in_turn = o->sync, .submitter = {r->submitted_line, r->submitted_words, &r->numbers}, .loop = &r->loop, .pool = &r->pool,
		.ledger = &r->ledger, .db = r->db, .store = &r->store};
	if (control_open(&r->control, &config, &why) < 0)
		die_msg(EXIT_FORKPOOL, "--listen '%s': %s", o->listen, why);
	setenv("FORKPOOL_SOCKET", r->control.connections.place.path, 1);
}

void live_open(struct run *r)
{
	if (!r->options->listen && !r->db)
		return;
	ledger_open(&r->ledger, r->db, r->options->via);
	setup_add_observer(r, &r->ledger.observer);
	if (r->options->listen) {
		listen_for_clients(r);
		setup_add_observer(r, &r->control.observer);
	}
}

/* What an earlier run has left: read first, for what becomes of it changes the database. */

struct restored {
	struct task *task;
	bool was_running;
};

static void take_restored(void *list, struct task *t, bool was_running)
{
	buf_add(list, &(struct restored){t, was_running}, sizeof(struct restored));
}

static void submit_restored(struct run *r, const struct restored *one)
{
	one->task->place = ++r->numbers.place;
	one->task->restored = true;
	if (one->was_running)
		pool_submit_lost(&r->pool, one->task);
	else
		pool_submit(&r->pool, one->task);
}

void live_restore(struct run *r)
{
	struct buf list = {0};
	if (!r->db)
		return;
	if (db_each_unfinished(r->db, take_restored, &list) < 0)
		die_msg(EXIT_FORKPOOL, "--state '%s': %s", r->options->state, db_error(r->db));
	const struct restored *all = (const void *)buf_head(&list);
	for (size_t i = 0; i < buf_len(&list) / sizeof *all; i++)
		submit_restored(r, &all[i]);
	buf_clear(&list);
}

bool live_turn(struct run *r)
{
	bool again = control_turn(&r->control);
	if (!r->db)
		return again;
	db_commit(r->db, false);
	if ((db_lags(r->db) || r->ledger.unwritten > 0) && !loop_timer_is_set(&r->sync))
		loop_set_timer(&r->loop, &r->sync, SYNC_NS);
	return again;
}

void live_close(struct run *r)
{
	ledger_close(&r->ledger);
	loop_cancel_timer(&r->loop, &r->sync);
	if (r->db)
		db_close(r->db);
}
