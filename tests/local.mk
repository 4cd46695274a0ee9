# SPDX-License-Identifier: MIT
#
# Four kinds of tests, all of which speak TAP: unit (libcheck), cli (each script runs over fork and
# over --via), cli/long (only by "make check-long"), lint.

unit_sources = \
	tests/unit/db_help.c \
	tests/unit/db_help.h \
	tests/unit/feed_help.c \
	tests/unit/feed_help.h \
	tests/unit/main.c \
	tests/unit/pool_help.c \
	tests/unit/pool_help.h \
	tests/unit/process_help.c \
	tests/unit/process_help.h \
	tests/unit/test_backlog.c \
	tests/unit/test_buf.c \
	tests/unit/test_channel.c \
	tests/unit/test_client.c \
	tests/unit/test_connection.c \
	tests/unit/test_coworker.c \
	tests/unit/test_cpus.c \
	tests/unit/test_db.c \
	tests/unit/test_dbfault.c \
	tests/unit/test_dbqueue.c \
	tests/unit/test_dbtask.c \
	tests/unit/test_destination.c \
	tests/unit/test_directory.c \
	tests/unit/test_dispatch.c \
	tests/unit/test_environment.c \
	tests/unit/test_fdio.c \
	tests/unit/test_feed.c \
	tests/unit/test_halt.c \
	tests/unit/test_gate.c \
	tests/unit/test_heap.c \
	tests/unit/test_jansson.c \
	tests/unit/test_joblog.c \
	tests/unit/test_kill.c \
	tests/unit/test_kin.c \
	tests/unit/test_known.c \
	tests/unit/test_marks.c \
	tests/unit/test_ledger.c \
	tests/unit/test_lines.c \
	tests/unit/test_lock.c \
	tests/unit/test_loop.c \
	tests/unit/test_median.c \
	tests/unit/test_memory.c \
	tests/unit/test_mqueue.c \
	tests/unit/test_msg.c \
	tests/unit/test_options.c \
	tests/unit/test_order.c \
	tests/unit/test_outcome.c \
	tests/unit/test_output.c \
	tests/unit/test_peer.c \
	tests/unit/test_pool.c \
	tests/unit/test_program.c \
	tests/unit/test_prefork.c \
	tests/unit/test_queue.c \
	tests/unit/test_quoting.c \
	tests/unit/test_report.c \
	tests/unit/test_request.c \
	tests/unit/test_retry.c \
	tests/unit/test_resume.c \
	tests/unit/test_results.c \
	tests/unit/test_sched.c \
	tests/unit/test_shell.c \
	tests/unit/test_shortage.c \
	tests/unit/test_slot.c \
	tests/unit/test_socket.c \
	tests/unit/test_spawn.c \
	tests/unit/test_spool.c \
	tests/unit/test_strnum.c \
	tests/unit/test_task.c \
	tests/unit/test_template.c \
	tests/unit/test_utf8.c \
	tests/unit/test_verdict.c \
	tests/unit/test_verb.c \
	tests/unit/test_word.c \
	tests/unit/test_worker.c \
	tests/unit/test_worker_end.c \
	tests/unit/worker_help.c \
	tests/unit/worker_help.h

cli_tests = \
	tests/cli/callback.test \
	tests/cli/clients.test \
	tests/cli/control.test \
	tests/cli/coworker.test \
	tests/cli/crash.test \
	tests/cli/cron.test \
	tests/cli/ctl.test \
	tests/cli/direct.test \
	tests/cli/dispatch.test \
	tests/cli/environment.test \
	tests/cli/halt.test \
	tests/cli/input.test \
	tests/cli/joblog.test \
	tests/cli/kill.test \
	tests/cli/latency.test \
	tests/cli/leftovers.test \
	tests/cli/lines.test \
	tests/cli/live.test \
	tests/cli/load.test \
	tests/cli/lock.test \
	tests/cli/manual.test \
	tests/cli/order.test \
	tests/cli/output.test \
	tests/cli/pool.test \
	tests/cli/prefork.test \
	tests/cli/preload.test \
	tests/cli/programs.test \
	tests/cli/queues.test \
	tests/cli/quiet.test \
	tests/cli/resources.test \
	tests/cli/results.test \
	tests/cli/resume.test \
	tests/cli/retry.test \
	tests/cli/seed.test \
	tests/cli/signals.test \
	tests/cli/state.test \
	tests/cli/status.test \
	tests/cli/summary.test \
	tests/cli/suspend.test \
	tests/cli/template.test \
	tests/cli/timeout.test

cli_long_tests = \
	tests/cli/long/clients.test \
	tests/cli/long/crash.test \
	tests/cli/long/direct.test \
	tests/cli/long/order.test \
	tests/cli/long/prefork.test \
	tests/cli/long/programs.test \
	tests/cli/long/resume.test \
	tests/cli/long/state.test \
	tests/cli/long/volume.test

lint_tests = \
	tests/lint/calls.test \
	tests/lint/files.test \
	tests/lint/functions.test \
	tests/lint/headers.test \
	tests/lint/layers.test \
	tests/lint/manual.test \
	tests/lint/scripts.test

# What those are made of.
test_files = \
	tests/cli/corpus.sh \
	tests/cli/lib.sh \
	tests/cli/listen.sh \
	tests/cli/log.sh \
	tests/cli/programs.sh \
	tests/lint/tap.sh

fork_cases = $(cli_tests:.test=-fork.case)
agent_cases = $(cli_tests:.test=-agent.case)
prefork_cases = $(cli_tests:.test=-prefork.case)
long_cases = $(cli_long_tests:.test=-fork.case) $(cli_long_tests:.test=-agent.case)

EXTRA_DIST += $(cli_tests) $(cli_long_tests) $(lint_tests) $(test_files)
CLEANFILES += $(fork_cases) $(agent_cases) $(prefork_cases) $(long_cases)

if HAVE_LIBCHECK
check_PROGRAMS += tests/unit/unit
else
check_DATA += libcheck-is-missing
endif
tests_unit_unit_SOURCES = $(unit_sources)
tests_unit_unit_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_unit_LDADD = src/libforkpool.a $(CHECK_LIBS)

check_PROGRAMS += tests/cli/probe tests/cli/odd
# Programs for tasks to run, without our instruments, which do something before main.
tests_cli_probe_SOURCES = tests/cli/probe.c
tests_cli_probe_CFLAGS = $(WARN_CFLAGS)
tests_cli_probe_LDFLAGS =
tests_cli_odd_SOURCES = tests/cli/odd.c
tests_cli_odd_CFLAGS = $(WARN_CFLAGS) -pthread
tests_cli_odd_LDFLAGS =

libcheck-is-missing:
	@echo 'The tests need libcheck: apt-get install check, then configure again.' >&2; exit 1

TESTS = tests/unit/unit $(lint_tests) $(fork_cases) $(agent_cases)
if HAVE_PRELOAD
TESTS += $(prefork_cases)
endif
TEST_EXTENSIONS = .test .case

tap_driver = env AM_TAP_AWK='$(AWK)' $(SHELL) $(top_srcdir)/build-aux/tap-driver.sh
LOG_DRIVER = $(tap_driver)
LOG_COMPILER = $(UNIT_WRAPPER)
TEST_LOG_DRIVER = $(tap_driver)
TEST_LOG_COMPILER = $(SHELL)
CASE_LOG_DRIVER = $(tap_driver)
CASE_LOG_COMPILER = $(SHELL)

AM_TESTS_ENVIRONMENT = \
	top_srcdir='$(abs_top_srcdir)'; export top_srcdir; \
	top_builddir='$(abs_top_builddir)'; export top_builddir; \
	FORKPOOL='$(abs_top_builddir)/src/forkpool'; export FORKPOOL; \
	FORKPOOL_WRAPPER='$(FORKPOOL_WRAPPER)'; export FORKPOOL_WRAPPER; \
	PROBE='$(abs_top_builddir)/tests/cli/probe'; export PROBE; \
	CC='$(CC)'; export CC; \
	CK_TIMEOUT_MULTIPLIER=$${CK_TIMEOUT_MULTIPLIER-5}; export CK_TIMEOUT_MULTIPLIER; \
	ASAN_OPTIONS=$${ASAN_OPTIONS-allocator_may_return_null=1:detect_stack_use_after_return=1}; export ASAN_OPTIONS; \
	UBSAN_OPTIONS=$${UBSAN_OPTIONS-print_stacktrace=1}; export UBSAN_OPTIONS; \
	CK_TAP_LOG_FILE_NAME=-; export CK_TAP_LOG_FILE_NAME;

# tests/cli/NAME-fork.case runs tests/cli/NAME.test over fork, NAME-agent.case over --via, NAME-prefork.case with --prefork.
tests/cli/%-fork.case: tests/cli/%.test
	$(AM_V_GEN)$(MKDIR_P) $(@D) && \
		echo 'FORKPOOL_TRANSPORT=fork exec /bin/sh "$$top_srcdir/tests/cli/$*.test"' >$@
tests/cli/%-prefork.case: tests/cli/%.test
	$(AM_V_GEN)$(MKDIR_P) $(@D) && \
		echo 'FORKPOOL_TRANSPORT=prefork exec /bin/sh "$$top_srcdir/tests/cli/$*.test"' >$@
tests/cli/%-agent.case: tests/cli/%.test
	$(AM_V_GEN)$(MKDIR_P) $(@D) && \
		echo 'FORKPOOL_TRANSPORT=agent exec /bin/sh "$$top_srcdir/tests/cli/$*.test"' >$@

check-long: all
	$(MAKE) $(AM_MAKEFLAGS) check TESTS='$(long_cases)'

# Forked workers are followed by themselves; what they execute is not. Every process, and some are not
# root's, writes a file of its own, which stays empty if all is well, but for a child whose exec failed: valgrind cannot go on then.
valgrind = $(shell command -v valgrind || echo valgrind) -q --vgdb=no --leak-check=full --errors-for-leak-kinds=definite \
	--show-leak-kinds=definite --trace-children=no --log-file=$(abs_top_builddir)/valgrind.logs/%p
# Not faults of ours; 434 is pidfd_open(2), which old ones do not know: then we look every millisecond. What forkpool says comes
# into a log where standard error is closed.
valgrind_says = ^forkpool: |failed, errno|EXEC FAILED|stringent tests|syscall: 434$$|your own handler|README_MISSING|we consider this|bug_reports

check-valgrind: all
	rm -rf valgrind.logs && mkdir -m 1777 valgrind.logs
	$(MAKE) $(AM_MAKEFLAGS) check TESTS='tests/unit/unit $(fork_cases)' CK_TIMEOUT_MULTIPLIER=20 \
		UNIT_WRAPPER='$(valgrind)' FORKPOOL_WRAPPER='$(valgrind)'
	@! grep -rvE '$(valgrind_says)' valgrind.logs || { echo 'valgrind complains' >&2; exit 1; }

if COVERAGE
coverage:
	find . -name '*.gcda' | xargs rm -f
	-$(MAKE) $(AM_MAKEFLAGS) check
	@rm -rf coverage && mkdir coverage
	@if command -v gcovr >/dev/null; then \
		gcovr --root $(srcdir) --object-directory . --filter '$(srcdir)/src/' --txt --html-details coverage/index.html; \
	elif command -v lcov >/dev/null; then \
		lcov -q -c -d . -o coverage/info && lcov -q -e coverage/info '*/src/*' -o coverage/info && \
		genhtml -q -o coverage coverage/info && lcov -l coverage/info; \
	else echo 'install gcovr or lcov' >&2; exit 1; fi
else
coverage:
	@echo 'configure with --enable-coverage first' >&2; exit 1
endif

.PHONY: check-long check-valgrind coverage libcheck-is-missing
