/* SPDX-License-Identifier: MIT */
#include <config.h>

#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "state/db.h"
#include "state/dbstruct.h"

static double wall_clock(void)
{
	struct timespec now;
	clock_gettime(CLOCK_REALTIME, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / NS_PER_SEC;
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
	query_string(&q, t->submitted ? "submit" : "input");
	query_string(&q, t->name);
	bind_command(db, &q, &t->command);
	query_string(&q, t->refusal);
	query_string(&q, t->directory);
	query_bytes(&q, t->tag, t->tag ? t->tag_len : 0);
	query_string(&q, t->results);
	query_real(&q, wall_clock());
	query_run(&q);
}

void db_give(struct db *db, const struct task *t, unsigned slot)
{
	struct query q = query_change(&db->sql, SQL_BEGIN_ATTEMPT);
	query_number(&q, t->seq);
	query_number(&q, t->attempt);
	query_number(&q, slot);
	query_real(&q, wall_clock());
	query_run(&q);
	q = query_change(&db->sql, SQL_RUN);
	query_number(&q, t->seq);
	query_number(&q, t->attempt);
	query_run(&q);
}

static void run_for(struct db *db, enum sql_statement which, uint64_t seq)
{
	struct query q = query_change(&db->sql, which);
	query_number(&q, seq);
	query_run(&q);
}

void db_return(struct db *db, const struct task *t)
{
	run_for(db, SQL_FORGET_ATTEMPT, t->seq);
	run_for(db, SQL_WAIT, t->seq);
}

/* What the code means depends on the kind of outcome (task/outcome.h). */
static void bind_outcome(struct query *q, const struct outcome *o)
{
	bool exited = o->kind == OUTCOME_EXITED, unstarted = o->kind == OUTCOME_NOT_STARTED || o->kind == OUTCOME_NO_RESOURCES;
	query_string(q, outcome_name(o->kind));
	query_number_if(q, exited, o->code);
	query_number_if(q, !exited && !unstarted && o->code, o->code);
	query_number_if(q, unstarted && o->code, o->code);
	query_number(q, o->stopped);
	query_string(q, *o->reason ? o->reason : NULL);
}

static void end_attempt(struct db *db, const struct task *t, const struct outcome *o)
{
	struct query q = query_change(&db->sql, SQL_END_ATTEMPT);
	query_number(&q, t->seq);
	query_number(&q, t->attempt);
	bind_outcome(&q, o);
	query_number_if(&q, o->pid > 0, o->pid);
	query_real(&q, (double)o->runtime_ns / 1e9);
	query_real(&q, (double)o->utime_us / 1e6);
	query_real(&q, (double)o->stime_us / 1e6);
	query_number(&q, o->maxrss_kib);
	query_run(&q);
}

void db_fail(struct db *db, const struct task *t, const struct outcome *o)
{
	end_attempt(db, t, o);
	run_for(db, SQL_WAIT_AGAIN, t->seq);
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

void db_finish(struct db *db, const struct task *t, const struct outcome *o, const struct db_result *r)
{
	if (t->attempt > 0)
		end_attempt(db, t, o);
	struct query q = query_change(&db->sql, SQL_FINISH);
	query_number(&q, t->seq);
	query_real(&q, wall_clock());
	bind_outcome(&q, o);
	query_run(&q);
	if (r && (r->out_len > 0 || r->err_len > 0 || r->truncated))
		add_result(db, t, r);
}
