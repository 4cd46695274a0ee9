# SPDX-License-Identifier: MIT

EXTRA_PROGRAMS += bench/spawn_limit bench/echo_agent
bench_spawn_limit_SOURCES = bench/spawn_limit.c
bench_echo_agent_SOURCES = bench/echo_agent.c
bench_echo_agent_LDADD = src/libforkpool.a

EXTRA_DIST += bench/run
CLEANFILES += bench/spawn_limit bench/echo_agent

# ROWS="true lines" makes some rows only, BENCH_SCALE=10 makes the work ten times larger.
bench: src/forkpool bench/spawn_limit
	FORKPOOL=$(abs_top_builddir)/src/forkpool SPAWN_LIMIT=$(abs_top_builddir)/bench/spawn_limit \
		bash $(srcdir)/bench/run $(ROWS)

.PHONY: bench
