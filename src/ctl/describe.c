/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "ctl/describe.h"

#include <string.h>

#include "base/clock.h"

static void set(json_t *object, const char *name, json_t *value)
{
	jansson.object_set_new(object, name, value);
}

static void set_number(json_t *object, const char *name, uint64_t number)
{
	set(object, name, jansson.integer((json_int_t)number));
}

static void set_bytes(json_t *object, const char *name, const char *bytes, size_t len)
{
	set(object, name, jansson_bytes(bytes, len));
}

void describe_outcome(json_t *object, const struct outcome *o)
{
	char reason[256];
	set(object, "outcome", jansson.string(outcome_name(o->kind)));
	set_number(object, "status", (uint64_t)outcome_status(o));
	if (outcome_signal(o))
		set_number(object, "signal", (uint64_t)outcome_signal(o));
	if (!outcome_ok(o)) {
		outcome_describe(o, reason, sizeof reason);
		set_bytes(object, "reason", reason, strlen(reason));
	}
	set(object, "runtime", jansson.real((double)o->runtime_ns / (double)NS_PER_SEC));
	if (o->pid > 0)
		set_number(object, "pid", (uint64_t)o->pid);
}

static json_t *begin(uint64_t seq, enum ledger_state state, const char *name)
{
	json_t *object = jansson.object();
	set_number(object, "task", seq);
	set(object, "state", jansson.string(ledger_state_name(state)));
	if (name)
		set_bytes(object, "name", name, strlen(name));
	return object;
}

static void set_command(json_t *object, const struct command *c, unsigned slot)
{
	struct buf text = {0};
	command_print(c, slot ? slot : 1, &text);
	set_bytes(object, "command", buf_head(&text), buf_len(&text));
	buf_clear(&text);
}

json_t *describe_entry(const struct ledger_entry *e, pid_t pid)
{
	json_t *object = begin(e->seq, e->state, e->task ? e->task->name : e->name);
	if (e->task)
		set_command(object, &e->task->command, e->run.slot);
	else
		set_bytes(object, "command", e->command, e->command_len);
	set_number(object, "attempt", e->attempt);
	if (e->state == LEDGER_FINISHED)
		describe_outcome(object, e->outcome);
	if (e->state == LEDGER_RUNNING)
		set_number(object, "slot", e->run.slot);
	if (pid > 0)
		set_number(object, "pid", (uint64_t)pid);
	return object;
}

json_t *describe_task(const struct task *t, const struct outcome *o)
{
	json_t *object = begin(t->seq, LEDGER_FINISHED, t->name);
	set_command(object, &t->command, 1);
	set_number(object, "attempt", t->attempt);
	describe_outcome(object, o);
	return object;
}
