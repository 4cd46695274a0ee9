/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "observe/halt.h"

#include <errno.h>
#include <string.h>

#include "base/array.h"
#include "base/strnum.h"

/* A word and what it stands for. */
struct word {
	const char *text;
	struct halt_rule rule;
};

static const struct word whole[] = {
	{"never", {.how = POOL_RUNS}},
	{"0", {.how = POOL_RUNS}},
	{"1", {POOL_STOP_SOON, HALT_FAIL, 1, false}},
	{"2", {POOL_STOP_NOW, HALT_FAIL, 1, false}},
	{"-1", {POOL_STOP_SOON, HALT_SUCCESS, 1, false}},
	{"-2", {POOL_STOP_NOW, HALT_SUCCESS, 1, false}},
};

static const struct word beginnings[] = {
	{"now,fail=", {.how = POOL_STOP_NOW, .why = HALT_FAIL}},
	{"now,success=", {.how = POOL_STOP_NOW, .why = HALT_SUCCESS}},
	{"now,done=", {.how = POOL_STOP_NOW, .why = HALT_DONE}},
	{"soon,fail=", {.how = POOL_STOP_SOON, .why = HALT_FAIL}},
	{"soon,success=", {.how = POOL_STOP_SOON, .why = HALT_SUCCESS}},
	{"soon,done=", {.how = POOL_STOP_SOON, .why = HALT_DONE}},
};

/* N or N% behind what `rule` has already. */
static int read_limit(const char *text, struct halt_rule *rule)
{
	char digits[24];
	size_t n = strcspn(text, "%");
	rule->percent = text[n] == '%';
	if (n >= sizeof digits || (rule->percent && text[n + 1])) {
		errno = EINVAL;
		return -1;
	}
	memcpy(digits, text, n);
	digits[n] = '\0';
	if (strnum_u64(digits, 0, rule->percent ? 100 : UINT64_MAX, &rule->limit) < 0)
		return -1;
	errno = EDOM;
	return rule->limit ? 0 : -1;
}

int halt_parse(const char *text, struct halt_rule *out)
{
	struct halt_rule rule = {.how = POOL_STOP_SOON, .why = HALT_FAIL};
	const char *limit = strchr(text, '%') ? text : "";
	for (size_t i = 0; i < ARRAY_LEN(whole); i++) {
		if (strcmp(text, whole[i].text))
			continue;
		*out = whole[i].rule;
		return 0;
	}
	for (size_t i = 0; i < ARRAY_LEN(beginnings); i++) {
		size_t len = strlen(beginnings[i].text);
		if (strncmp(text, beginnings[i].text, len))
			continue;
		rule = beginnings[i].rule;
		limit = text + len;
	}
	if (read_limit(limit, &rule) < 0)
		return -1;
	*out = rule;
	return 0;
}

static void look(struct halt *h)
{
	const struct halt_rule *rule = &h->rule;
	bool reached = rule->percent ? h->all_known && h->counted * 100 >= h->tasks * rule->limit
				     : h->counted >= rule->limit;
	if (reached && h->counted > 0)
		h->tripped = rule->how;
}

static bool counts(const struct halt_rule *rule, const struct outcome *o)
{
	return !o->stopped && (rule->why == HALT_DONE || outcome_ok(o) == (rule->why == HALT_SUCCESS));
}

static void on_event(struct observer *observer, const struct pool_event *e)
{
	struct halt *h = (struct halt *)observer;
	if (e->task && e->task->over) /* that run was stopped, or not, for it */
		return;
	h->tasks += e->kind == POOL_ACCEPTED;
	if (e->kind != POOL_FINISHED || !counts(&h->rule, e->outcome))
		return;
	h->counted++;
	look(h);
}

void halt_all_known(struct halt *h)
{
	h->all_known = true;
	look(h);
}

void halt_open(struct halt *h, const struct halt_rule *rule)
{
	*h = (struct halt){.observer.on_event = on_event, .rule = *rule};
}
