/* SPDX-License-Identifier: MIT */
#include <config.h>

#include <check.h>
#include <ctype.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "pool/sched.h"
#include "process_help.h"

Suite *sched_suite(void);

enum { SLOTS_MAX = 16 };

static struct sched sched;
static struct sched_slot slots[SLOTS_MAX];

enum { MOST = 3 }; /* tasks that a worker has in hand */

/* How a slot gets from EMPTY to each state. */
static const struct way {
	char letter;
	enum slot_event events[5];
	int n;
} ways[] = {
	[SLOT_EMPTY] = {'E', {0}, 0},
	[SLOT_IDLE] = {'I', {SLOT_ON_ATTACH}, 1},
	[SLOT_BUSY] = {'B', {SLOT_ON_ATTACH, SLOT_ON_ASSIGN}, 2},
	[SLOT_LOADED] = {'L', {SLOT_ON_ATTACH, SLOT_ON_ASSIGN, SLOT_ON_ASSIGN}, 3},
	[SLOT_FULL] = {'F', {SLOT_ON_ATTACH, SLOT_ON_ASSIGN, SLOT_ON_ASSIGN, SLOT_ON_ASSIGN}, 4},
	[SLOT_RECALLING] = {'R', {SLOT_ON_ATTACH, SLOT_ON_ASSIGN, SLOT_ON_ASSIGN, SLOT_ON_ASSIGN, SLOT_ON_CALL_BACK}, 5},
};

/* Of what is called back everything comes, but for the current one. */
static size_t load_after(const struct sched_slot *slot, enum slot_event event)
{
	size_t tasks = slot->load.tasks;
	switch (event) {
	case SLOT_ON_ASSIGN:
		return tasks + 1;
	case SLOT_ON_DONE:
		return tasks - 1;
	case SLOT_ON_ANSWER:
		return tasks > 1 ? 1 : tasks;
	case SLOT_ON_DETACH:
		return 0;
	default:
		return tasks;
	}
}

static void happen(struct sched_slot *slot, enum slot_event event)
{
	slot->load = (struct slot_load){.tasks = load_after(slot, event), .most = MOST};
	sched_event(&sched, slot, event);
}

static void add_slots(int n)
{
	memset(&sched, 0, sizeof sched);
	memset(slots, 0, sizeof slots);
	for (int i = 0; i < n; i++)
		sched_add(&sched, &slots[i]);
}

/* One slot a letter, brought to its state in that order; a small letter takes no more. */
static void make_slots(const char *letters)
{
	add_slots((int)strlen(letters));
	for (int i = 0; letters[i]; i++) {
		const struct way *way = ways;
		while (way->letter != toupper((unsigned char)letters[i]))
			way++;
		for (int e = 0; e < way->n; e++)
			happen(&slots[i], way->events[e]);
		slots[i].no_more = islower((unsigned char)letters[i]);
	}
}

#define AHEAD true
#define NOT_AHEAD false
#define BACK true
#define NOT_BACK false
#define NONE (-1)

static const struct rule {
	const char *slots;
	struct sched_question question; /* waiting, wanted, ahead, call_back */
	enum sched_verb verb;
	int slot;
} rules[] = {
	/* nothing waits, nothing was sent ahead */
	{"", {0, 4, AHEAD, BACK}, SCHED_WAIT, NONE},
	{"EIB", {0, 4, AHEAD, BACK}, SCHED_WAIT, NONE},
	/* a new worker: in a new slot, or in the first that is empty */
	{"", {1, 4, AHEAD, BACK}, SCHED_ATTACH, NONE},
	{"EE", {1, 4, AHEAD, BACK}, SCHED_ATTACH, 0},
	{"BEE", {9, 2, AHEAD, BACK}, SCHED_ATTACH, 1},
	/* an idle one first, the one that was last at work */
	{"BEI", {1, 4, AHEAD, BACK}, SCHED_ASSIGN, 2},
	{"III", {1, 4, AHEAD, BACK}, SCHED_ASSIGN, 2},
	{"IIi", {1, 4, AHEAD, BACK}, SCHED_ASSIGN, 1},
	/* sent ahead only where nobody idles, no worker is to come, and it is allowed; the longest busy first */
	{"BB", {1, 2, AHEAD, BACK}, SCHED_ASSIGN, 0},
	{"BB", {1, 2, NOT_AHEAD, BACK}, SCHED_WAIT, NONE},
	{"BB", {1, 3, AHEAD, BACK}, SCHED_ATTACH, NONE},
	{"FRB", {1, 3, AHEAD, BACK}, SCHED_ASSIGN, 2},
	{"FR", {1, 2, AHEAD, BACK}, SCHED_WAIT, NONE},
	{"bbB", {1, 3, AHEAD, BACK}, SCHED_ASSIGN, 2},
	{"bi", {1, 2, AHEAD, BACK}, SCHED_WAIT, NONE},
	{"biE", {1, 3, AHEAD, BACK}, SCHED_ATTACH, 2},
	/* to those that have something ahead by turns, when there are none that have not */
	{"LBL", {1, 3, AHEAD, BACK}, SCHED_ASSIGN, 1},
	{"FLL", {1, 3, AHEAD, BACK}, SCHED_ASSIGN, 1},
	{"FlL", {1, 3, AHEAD, BACK}, SCHED_ASSIGN, 2},
	{"FL", {1, 2, NOT_AHEAD, BACK}, SCHED_WAIT, NONE},
	{"FL", {1, 3, AHEAD, BACK}, SCHED_ATTACH, NONE},
	{"FLI", {1, 3, AHEAD, BACK}, SCHED_ASSIGN, 2},
	{"FF", {1, 2, AHEAD, BACK}, SCHED_WAIT, NONE},
	{"LL", {1, 1, AHEAD, BACK}, SCHED_WAIT, NONE},
	/* more workers than wanted: none is added, none gets one ahead, but those that idle may have what waits */
	{"BBB", {1, 2, AHEAD, BACK}, SCHED_WAIT, NONE},
	{"BBB", {1, 1, NOT_AHEAD, BACK}, SCHED_WAIT, NONE},
	{"BBEI", {1, 1, NOT_AHEAD, BACK}, SCHED_ASSIGN, 3},
	{"BBE", {1, 0, NOT_AHEAD, BACK}, SCHED_WAIT, NONE},
	/* called back only for a worker that idles, or that may yet be started */
	{"FBI", {0, 3, AHEAD, BACK}, SCHED_CALL_BACK, 0},
	{"FBI", {0, 3, AHEAD, NOT_BACK}, SCHED_WAIT, NONE},
	{"FBI", {1, 3, AHEAD, BACK}, SCHED_ASSIGN, 2},
	{"FFB", {0, 3, AHEAD, BACK}, SCHED_WAIT, NONE},
	{"FFE", {0, 3, AHEAD, BACK}, SCHED_CALL_BACK, 0},
	{"RFI", {0, 3, AHEAD, BACK}, SCHED_WAIT, NONE},
	{"RFII", {0, 4, AHEAD, BACK}, SCHED_CALL_BACK, 1},
	{"RRFII", {0, 5, AHEAD, BACK}, SCHED_WAIT, NONE},
	{"RFIE", {0, 4, AHEAD, BACK}, SCHED_CALL_BACK, 1},
	{"fI", {0, 2, AHEAD, BACK}, SCHED_CALL_BACK, 0},
	/* first from where there is most */
	{"LFI", {0, 3, AHEAD, BACK}, SCHED_CALL_BACK, 1},
	{"LBI", {0, 3, AHEAD, BACK}, SCHED_CALL_BACK, 0},
	/* and never for a worker that is too many */
	{"FII", {0, 2, AHEAD, BACK}, SCHED_WAIT, NONE},
	{"FI", {0, 1, AHEAD, BACK}, SCHED_WAIT, NONE},
};

START_TEST(rule)
{
	const struct rule *r = &rules[_i];
	make_slots(r->slots);
	struct sched_answer a = sched_ask(&sched, &r->question);
	ck_assert_int_eq(a.verb, r->verb);
	ck_assert_int_eq(a.slot ? (int)(a.slot - slots) : NONE, r->slot);
}
END_TEST

/* A slot that comes back is taken before those that wait longer. */
START_TEST(who_is_next_among_equals)
{
	struct sched_question q = {.waiting = 1, .wanted = 4};
	make_slots("BIBB");
	happen(&slots[2], SLOT_ON_DONE);
	ck_assert_ptr_eq(sched_ask(&sched, &q).slot, &slots[2]);
	make_slots("IIEE");
	happen(&slots[1], SLOT_ON_DETACH);
	happen(&slots[0], SLOT_ON_DETACH);
	ck_assert_ptr_eq(sched_ask(&sched, &q).slot, &slots[0]);
	/* sent ahead to the one that has run longest; called back from the one that was sent first */
	make_slots("BBBF");
	happen(&slots[0], SLOT_ON_DONE);
	happen(&slots[0], SLOT_ON_ASSIGN);
	ck_assert_ptr_eq(sched_ask(&sched, &(struct sched_question){1, 4, AHEAD, BACK}).slot, &slots[1]);
	make_slots("BBBI");
	happen(&slots[2], SLOT_ON_ASSIGN);
	happen(&slots[0], SLOT_ON_ASSIGN);
	ck_assert_ptr_eq(sched_ask(&sched, &(struct sched_question){0, 4, AHEAD, BACK}).slot, &slots[2]);
	/* one ahead each, by turns */
	make_slots("LLL");
	happen(&slots[0], SLOT_ON_DONE);
	happen(&slots[0], SLOT_ON_ASSIGN);
	ck_assert_ptr_eq(sched_ask(&sched, &(struct sched_question){1, 3, AHEAD, BACK}).slot, &slots[1]);
}
END_TEST

/* The model: when each slot came into its state; negative for those that went to the front of their list. */
static long came[SLOTS_MAX];

/* The first slot of the model's list, NULL if there is none. */
static struct sched_slot *model_first(enum slot_state state, bool any)
{
	struct sched_slot *first = NULL;
	for (int i = 0; i < SLOTS_MAX; i++)
		if (slots[i].state == state && (any || !slots[i].no_more) && (!first || came[i] < came[first - slots]))
			first = &slots[i];
	return first;
}

static size_t model_count(enum slot_state state)
{
	size_t n = 0;
	for (int i = 0; i < SLOTS_MAX; i++)
		n += slots[i].state == state;
	return n;
}

static struct sched_answer model_ask(const struct sched_question *q)
{
	size_t workers = SLOTS_MAX - model_count(SLOT_EMPTY);
	struct sched_slot *idle = model_first(SLOT_IDLE, false), *busy = model_first(SLOT_BUSY, false);
	struct sched_slot *open = busy ? busy : model_first(SLOT_LOADED, false);
	struct sched_slot *loaded = model_first(SLOT_FULL, true);
	if (!loaded)
		loaded = model_first(SLOT_LOADED, true);
	if (q->waiting && idle)
		return (struct sched_answer){SCHED_ASSIGN, idle};
	if (q->waiting && workers < q->wanted)
		return (struct sched_answer){SCHED_ATTACH, model_first(SLOT_EMPTY, true)};
	if (q->waiting && q->ahead && open && workers <= q->wanted)
		return (struct sched_answer){SCHED_ASSIGN, open};
	if (!q->waiting && q->call_back && loaded && workers <= q->wanted &&
	    model_count(SLOT_IDLE) + q->wanted - workers > model_count(SLOT_RECALLING))
		return (struct sched_answer){SCHED_CALL_BACK, loaded};
	return (struct sched_answer){SCHED_WAIT, NULL};
}

static bool is_sound(enum slot_state state)
{
	const struct sched_list *l = &sched.in[state];
	const struct sched_slot *before = NULL;
	size_t n = 0;
	for (const struct sched_slot *s = l->first; s; before = s, s = s->next) {
		bool in_order = !before || came[before - slots] < came[s - slots];
		if (s->state != state || s->prev != before || !in_order || ++n > SLOTS_MAX)
			return false;
	}
	return l->last == before && l->count == n && n == model_count(state);
}

static bool is_all_sound(void)
{
	for (enum slot_state state = 0; state < SLOT_STATE_COUNT; state++)
		if (!is_sound(state))
			return false;
	return sched.workers == SLOTS_MAX - model_count(SLOT_EMPTY);
}

START_TEST(random_events_as_in_a_naive_model)
{
	long clock = 0;
	unsigned happened[SLOT_EVENT_COUNT] = {0}, answered[SCHED_CALL_BACK + 1] = {0};
	srandom(1);
	add_slots(SLOTS_MAX);
	for (int i = 0; i < SLOTS_MAX; i++)
		came[i] = ++clock;
	for (int round = 0; round < 100000; ) {
		int i = (int)(random() % SLOTS_MAX);
		enum slot_event event = (enum slot_event)(random() % SLOT_EVENT_COUNT);
		bool possible = slot_next(slots[i].state, event, slots[i].load) != SLOT_INVALID;
		bool empty_handed = event == SLOT_ON_DONE && slots[i].load.tasks == 0;
		if (!possible || empty_handed || (event == SLOT_ON_DETACH && random() % 4))
			continue;
		happen(&slots[i], event);
		bool front = slots[i].state == SLOT_IDLE || slots[i].state == SLOT_EMPTY;
		came[i] = front ? -++clock : ++clock;
		slots[i].no_more = random() % 8 == 0;
		happened[event]++;
		ck_assert(is_all_sound()); /* few assertions: each is a message to libcheck */
		struct sched_question q = {random() % 2, random() % (SLOTS_MAX + 2), random() % 2, random() % 4};
		struct sched_answer expected = model_ask(&q), answer = sched_ask(&sched, &q);
		ck_assert(answer.verb == expected.verb && answer.slot == expected.slot);
		answered[answer.verb]++;
		round++;
	}
	for (size_t i = 0; i < ARRAY_LEN(happened); i++)
		ck_assert_uint_gt(happened[i], 0);
	for (size_t i = 0; i < ARRAY_LEN(answered); i++)
		ck_assert_uint_gt(answered[i], 0);
}
END_TEST

START_TEST(impossible_event_is_a_bug)
{
	pid_t pid = fork();
	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		close(STDERR_FILENO);
		make_slots("I");
		happen(&slots[0], SLOT_ON_DONE);
		_exit(0);
	}
	int status = status_of(pid);
	ck_assert(WIFSIGNALED(status));
	ck_assert_int_eq(WTERMSIG(status), SIGABRT);
}
END_TEST

Suite *sched_suite(void)
{
	Suite *s = suite_create("sched");
	TCase *t = tcase_create("sched");
	tcase_set_timeout(t, 60);
	tcase_add_loop_test(t, rule, 0, ARRAY_LEN(rules));
	tcase_add_test(t, who_is_next_among_equals);
	tcase_add_test(t, random_events_as_in_a_naive_model);
	tcase_add_test(t, impossible_event_is_a_bug);
	suite_add_tcase(s, t);
	return s;
}
