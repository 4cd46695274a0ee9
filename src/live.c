/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "live.h"

#include <inttypes.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/jobs.h"
#include "base/report.h"
#include "base/xalloc.h"
#include "observers.h"
#include "proto/jansson.h"

#define QUEUE_MEMORY ((uint64_t)256 << 20) /* of all queues and messages */
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
	const struct options *o = r->options;
	if (!o->listen && !r->db)
		return;
	ledger_open(&r->ledger, &(struct ledger){.db = r->db, .no_marks = o->via,
		.is_followed = o->callback || o->error_callback || o->joblog || o->results, .is_asked = o->listen});
	observers_add(r, &r->ledger.observer);
	if (o->listen) {
		listen_for_clients(r);
		observers_add(r, &r->control.observer);
	}
}

/* What an earlier run has left: read first, for what becomes of it changes the database. */

struct restored {
	struct task *task;
	enum db_left how;
};

static void take_restored(void *list, struct task *t, enum db_left how)
{
	buf_add(list, &(struct restored){t, how}, sizeof(struct restored));
}

static void submit_over(struct run *r, struct task *t)
{
	struct outcome o;
	struct buf out = {0}, err = {0};
	bool truncated = false;
	if (!db_look(r->db, t->seq, NULL, &o)) { /* it is damaged: the run ends */
		task_drop(t);
		return;
	}
	db_read_result(r->db, t->seq, &out, &err, &truncated);
	r->verdict.failed |= truncated;
	if (truncated)
		warn_msg("task %" PRIu64 ": of what it wrote before forkpool was killed, only the first MiB of each stream is known",
			 t->seq);
	pool_submit_over(&r->pool, t, &o, bytes_in(&out), bytes_in(&err));
	buf_clear(&out);
	buf_clear(&err);
}

static void submit_waiting(struct run *r, struct task *t)
{
	uint64_t seq = t->seq;
	bool unwanted = t->killed;
	pool_submit(&r->pool, t);
	if (unwanted)
		pool_kill(&r->pool, seq);
}

static void submit_restored(struct run *r, const struct restored *one)
{
	one->task->place = ++r->numbers.place;
	one->task->restored = true;
	switch (one->how) {
	case DB_WAITED:
		submit_waiting(r, one->task);
		break;
	case DB_RAN:
		pool_submit_lost(&r->pool, one->task);
		break;
	case DB_OVER:
		submit_over(r, one->task);
		break;
	}
}

void live_restore(struct run *r)
{
	struct buf list = {0};
	if (!r->db)
		return;
	if (db_each_left(r->db, take_restored, &list) < 0)
		die_msg(EXIT_FORKPOOL, "--state '%s': %s", r->options->state, db_error(r->db));
	const struct restored *all = (const void *)buf_head(&list);
	for (size_t i = 0; i < buf_len(&list) / sizeof *all; i++)
		submit_restored(r, &all[i]);
	buf_clear(&list);
}

/* Output has gone, and a task is settled, when all that waited in the sinks at that time has been written, too. */
static void record_leaving(struct run *r)
{
	if (buf_len(&r->leaving) == 0 || !output_has_written(&r->output, &r->left))
		return;
	const struct ledger_settled *all = (const void *)buf_head(&r->leaving);
	for (size_t i = 0; i < buf_len(&r->leaving) / sizeof *all; i++)
		db_settle(r->db, all[i].seq, all[i].all);
	buf_reset(&r->leaving);
}

static void record_settled(struct run *r)
{
	record_leaving(r);
	if (buf_len(&r->leaving) > 0 || buf_len(&r->ledger.settled) == 0)
		return;
	struct buf spent = r->leaving;
	r->leaving = r->ledger.settled;
	r->ledger.settled = spent;
	output_get_mark(&r->output, &r->left);
	record_leaving(r);
}

bool live_put_on_record(void *run)
{
	struct run *r = run;
	record_settled(r);
	db_commit(r->db, false);
	return !db_error(r->db);
}

void live_before_telling(struct run *r)
{
	if (r->db && (r->ledger.is_followed || !output_empty(&r->output)))
		db_commit(r->db, false);
}

bool live_turn(struct run *r)
{
	bool again = control_turn(&r->control);
	if (!r->db)
		return again;
	record_settled(r);
	db_commit(r->db, false);
	if ((db_lags(r->db) || r->ledger.unwritten > 0) && !loop_timer_is_set(&r->sync))
		loop_set_timer(&r->loop, &r->sync, SYNC_NS);
	return again;
}

void live_close(struct run *r)
{
	ledger_close(&r->ledger);
	buf_clear(&r->leaving);
	loop_cancel_timer(&r->loop, &r->sync);
	if (r->db)
		db_close(r->db);
}
