/* SPDX-License-Identifier: MIT
 *
 * The unit tests. Plainly run, they print what fails and exit 1 if anything does; with
 * CK_TAP_LOG_FILE_NAME=- in the environment ("make check") they print TAP and exit 0, since in TAP a
 * failure has been told already. CK_RUN_SUITE=NAME runs one suite, CK_FORK=no none in a child.
 */
#include <config.h>

#include <check.h>
#include <stdbool.h>
#include <stdlib.h>

/* Each test_NAME.c defines NAME_suite(). */
#define SUITES(X) \
	X(backlog) \
	X(buf) \
	X(channel) \
	X(client) \
	X(connection) \
	X(coworker) \
	X(cpus) \
	X(db) \
	X(dbfault) \
	X(dbqueue) \
	X(dbtask) \
	X(destination) \
	X(directory) \
	X(dispatch) \
	X(environment) \
	X(fdio) \
	X(feed) \
	X(halt) \
	X(gate) \
	X(heap) \
	X(jansson) \
	X(joblog) \
	X(kill) \
	X(kin) \
	X(known) \
	X(marks) \
	X(ledger) \
	X(lines) \
	X(lock) \
	X(loop) \
	X(median) \
	X(memory) \
	X(mqueue) \
	X(msg) \
	X(options) \
	X(order) \
	X(outcome) \
	X(output) \
	X(peer) \
	X(pool) \
	X(prefork) \
	X(program) \
	X(queue) \
	X(quoting) \
	X(report) \
	X(request) \
	X(retry) \
	X(resume) \
	X(results) \
	X(sched) \
	X(shell) \
	X(shortage) \
	X(slot) \
	X(socket) \
	X(spawn) \
	X(spool) \
	X(strnum) \
	X(task) \
	X(template) \
	X(utf8) \
	X(verdict) \
	X(verb) \
	X(word) \
	X(worker) \
	X(worker_end)

#define X(name) Suite *name##_suite(void);
SUITES(X)
#undef X

int main(void)
{
	bool tap = getenv("CK_TAP_LOG_FILE_NAME") != NULL;
	SRunner *runner = srunner_create(NULL);
	int failed;

#define X(name) srunner_add_suite(runner, name##_suite());
	SUITES(X)
#undef X
	srunner_run_all(runner, tap ? CK_SILENT : CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed > 0 && !tap ? 1 : 0;
}
