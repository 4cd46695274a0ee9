/* SPDX-License-Identifier: MIT */
#include <config.h>

#include <string.h>

#include "base/clock.h"
#include "state/db.h"
#include "state/dbstruct.h"

static void bind_time(struct query *q, int64_t us)
{
	query_real(q, (double)us / 1e6);
}

/* The text of a command says all of it where it is a line for the shell that is the same in every slot. */
static void bind_command(struct db *db, struct query *q, const struct command *c)
{
	buf_reset(&db->text);
	buf_reset(&db->holes);
	command_print(c, 1, &db->text);
	for (size_t i = 0; i < c->n_holes; i++)
		buf_addf(&db->holes, "%s%zu", i > 0 ? " " : "", c->holes[i]);
	query_bytes(q, buf_len(&db->text) > 0 ? buf_head(&db->text) : "", buf_len(&db->text));
	query_blob(q, c->shell && c->n_holes == 0 ? NULL : c->len > 0 ? c->bytes : "", c->len);
	query_bytes(q, c->n_holes > 0 ? buf_head(&db->holes) : NULL, buf_len(&db->holes));
	query_number(q, c->shell);
	query_number(q, c->direct);
}

void db_add(struct db *db, const struct task *t)
{
	struct query q = query_change(&db->sql, SQL_ADD);
	query_number(&q, t->seq);
	query_string(&q, t->caller ? "apply" : t->submitted ? "submit" : "input");
	query_string(&q, t->name);
	bind_command(db, &q, &t->command);
	query_string(&q, t->refusal);
	query_string(&q, t->directory);
	query_bytes(&q, t->tag, t->tag ? t->tag_len : 0);
	query_string(&q, t->results);
	bind_time(&q, clock_wall_us());
	query_run(&q);
}

/* Attempts: while they run. */

void db_note_running(struct db *db, const struct mark *m)
{
	struct query q = query_change(&db->sql, SQL_BEGIN_ATTEMPT);
	query_number(&q, m->seq);
	query_number(&q, m->attempt);
	query_number(&q, m->slot);
	bind_time(&q, m->began_us);
	query_run(&q);
	q = query_change(&db->sql, SQL_RUN);
	query_number(&q, m->seq);
	query_number(&q, m->attempt);
	bind_time(&q, m->began_us);
	query_run(&q);
}

void db_run(struct db *db, const struct task *t, struct db_attempt *a)
{
	db_note_running(db, &(struct mark){.seq = t->seq, .attempt = t->attempt, .slot = a->slot, .began_us = a->began_us});
	a->on_record = true;
}

static void run_for(struct db *db, enum sql_statement which, uint64_t seq)
{
	struct query q = query_change(&db->sql, which);
	query_number(&q, seq);
	query_run(&q);
}

void db_return(struct db *db, const struct task *t, const struct db_attempt *a)
{
	if (db->sql.error) /* what is known now is all that the next run will know */
		return;
	if (a->slot > 0 && marks_forget(db->fds[DB_MARKS], a->slot, t->seq) < 0)
		db_fail_marks(db);
	if (!a->on_record)
		return;
	run_for(db, SQL_FORGET_ATTEMPT, t->seq);
	run_for(db, SQL_WAIT, t->seq);
}

/* ... and when they are over. */

/* What the code means depends on the kind of outcome (task/outcome.h). */
static void bind_outcome(struct query *q, const struct outcome *o)
{
	bool exited = o->kind == OUTCOME_EXITED, unstarted = o->kind == OUTCOME_NOT_STARTED || o->kind == OUTCOME_NO_RESOURCES;
	query_string(q, outcome_name(o->kind));
	query_number_if(q, exited, o->code);
	query_number_if(q, !exited && !unstarted && o->code, o->code);
	query_number_if(q, unstarted && o->code, o->code);
	query_string(q, *o->reason ? o->reason : NULL);
}

static void end_attempt(struct db *db, const struct task *t, const struct db_attempt *a, const struct outcome *o)
{
	struct query q = query_change(&db->sql, SQL_END_ATTEMPT);
	query_number(&q, t->seq);
	query_number(&q, t->attempt);
	query_number(&q, a->slot);
	bind_time(&q, a->began_us);
	bind_outcome(&q, o);
	query_number_if(&q, o->pid > 0, o->pid);
	query_real(&q, (double)o->runtime_ns / 1e9);
	query_real(&q, (double)o->utime_us / 1e6);
	query_real(&q, (double)o->stime_us / 1e6);
	query_number(&q, o->maxrss_kib);
	query_run(&q);
}

void db_fail(struct db *db, const struct task *t, const struct db_attempt *a, const struct outcome *o)
{
	end_attempt(db, t, a, o);
	struct query q = query_change(&db->sql, SQL_WAIT_AGAIN);
	query_number(&q, t->seq);
	query_number(&q, t->attempt);
	query_run(&q);
}

static void add_result(struct db *db, const struct task *t, const struct db_result *r)
{
	struct query q = query_change(&db->sql, SQL_ADD_RESULT);
	query_number(&q, t->seq);
	query_bytes(&q, r->out_len > 0 ? r->out : NULL, r->out_len);
	query_bytes(&q, r->err_len > 0 ? r->err : NULL, r->err_len);
	query_number(&q, r->truncated);
	query_run(&q);
}

void db_finish(struct db *db, const struct task *t, const struct db_attempt *a, const struct outcome *o, const struct db_result *r)
{
	if (a)
		end_attempt(db, t, a, o);
	struct query q = query_change(&db->sql, SQL_FINISH);
	query_number(&q, t->seq);
	query_number(&q, t->attempt);
	bind_time(&q, clock_wall_us());
	bind_outcome(&q, o);
	query_number(&q, !r || r->settled);
	query_run(&q);
	if (r && (r->out_len > 0 || r->err_len > 0 || r->truncated))
		add_result(db, t, r);
}

void db_settle(struct db *db, uint64_t seq, bool all)
{
	run_for(db, all ? SQL_SETTLE : SQL_SHOW, seq);
}
