# SPDX-License-Identifier: MIT
#
# Everything but main() is in one archive, which the program and the unit tests link.

bin_PROGRAMS += src/forkpool
src_forkpool_SOURCES = src/main.c
src_forkpool_LDADD = src/libforkpool.a

# Loaded by other programs, so it is built without any of our instruments; and it has no need of libtool.
if HAVE_PRELOAD
preloaddir = $(pkglibdir)
preload_PROGRAMS = src/forkpool-preload.so
src_forkpool_preload_so_SOURCES = \
	src/preload/preload.c \
	src/preload/proc.c \
	src/preload/proc.h \
	src/preload/sound.c \
	src/preload/sound.h
src_forkpool_preload_so_CFLAGS = $(WARN_CFLAGS) -fPIC -fvisibility=hidden
src_forkpool_preload_so_LDFLAGS = -shared -Wl,-z,initfirst -Wl,-z,now
src_forkpool_preload_so_LDADD = $(PRELOAD_LIBS)
endif

noinst_LIBRARIES += src/libforkpool.a
src_libforkpool_a_SOURCES = \
	src/preload/wire.h \
	src/base/array.h \
	src/base/buf.c \
	src/base/buf.h \
	src/base/cgroup.c \
	src/base/cgroup.h \
	src/base/clock.c \
	src/base/clock.h \
	src/base/cpus.c \
	src/base/cpus.h \
	src/base/fdio.c \
	src/base/fdio.h \
	src/base/heap.c \
	src/base/heap.h \
	src/base/helptext.c \
	src/base/helptext.h \
	src/base/lock.c \
	src/base/lock.h \
	src/base/loop.c \
	src/base/loop.h \
	src/base/memory.c \
	src/base/memory.h \
	src/base/optarg.c \
	src/base/optarg.h \
	src/base/report.c \
	src/base/report.h \
	src/base/signals.c \
	src/base/signals.h \
	src/base/socket.c \
	src/base/socket.h \
	src/base/spool.c \
	src/base/spool.h \
	src/base/strnum.c \
	src/base/strnum.h \
	src/base/wait.c \
	src/base/wait.h \
	src/base/xalloc.c \
	src/base/xalloc.h \
	src/proto/channel.c \
	src/proto/channel.h \
	src/proto/jansson.c \
	src/proto/jansson.h \
	src/proto/msg.c \
	src/proto/msg.h \
	src/process/capture.c \
	src/process/capture.h \
	src/process/elf.c \
	src/process/elf.h \
	src/process/environment.c \
	src/process/environment.h \
	src/process/fds.c \
	src/process/fds.h \
	src/process/kin.c \
	src/process/kin.h \
	src/process/program.c \
	src/process/program.h \
	src/process/search.c \
	src/process/search.h \
	src/process/spawn.c \
	src/process/spawn.h \
	src/process/template.c \
	src/process/template.h \
	src/task/joblog.c \
	src/task/joblog.h \
	src/task/numbers.h \
	src/task/outcome.c \
	src/task/outcome.h \
	src/task/results.c \
	src/task/results.h \
	src/task/task.c \
	src/task/task.h \
	src/task/word.c \
	src/task/word.h \
	src/worker/attempt.c \
	src/worker/attempt.h \
	src/worker/backlog.c \
	src/worker/backlog.h \
	src/worker/coworker.c \
	src/worker/coworker.h \
	src/worker/guard.c \
	src/worker/guard.h \
	src/worker/prefork.c \
	src/worker/prefork.h \
	src/worker/relay.c \
	src/worker/relay.h \
	src/worker/worker.c \
	src/worker/worker.h \
	src/worker/workjson.c \
	src/worker/workjson.h \
	src/worker/workline.c \
	src/worker/workline.h \
	src/transport/peer.c \
	src/transport/peer.h \
	src/pool/answer.c \
	src/pool/dispatch.c \
	src/pool/gate.c \
	src/pool/gate.h \
	src/pool/limit.c \
	src/pool/link.c \
	src/pool/median.c \
	src/pool/median.h \
	src/pool/observer.h \
	src/pool/pool.c \
	src/pool/pool.h \
	src/pool/queue.c \
	src/pool/queue.h \
	src/pool/retry.c \
	src/pool/retry.h \
	src/pool/sched.c \
	src/pool/sched.h \
	src/pool/shortage.c \
	src/pool/shortage.h \
	src/pool/slot.c \
	src/pool/slot.h \
	src/pool/slots.h \
	src/pool/verb.c \
	src/feed/destination.c \
	src/feed/destination.h \
	src/feed/feed.c \
	src/feed/feed.h \
	src/feed/lines.c \
	src/feed/lines.h \
	src/feed/parts.c \
	src/feed/parts.h \
	src/feed/placeholder.c \
	src/feed/placeholder.h \
	src/feed/reader.c \
	src/feed/reader.h \
	src/feed/resume.c \
	src/feed/resume.h \
	src/feed/scan.c \
	src/feed/scan.h \
	src/feed/shell.c \
	src/feed/shell.h \
	src/feed/template.c \
	src/feed/template.h \
	src/observe/callback.c \
	src/observe/callback.h \
	src/observe/halt.c \
	src/observe/halt.h \
	src/observe/filing.c \
	src/observe/filing.h \
	src/observe/journal.c \
	src/observe/journal.h \
	src/observe/order.c \
	src/observe/order.h \
	src/observe/output.c \
	src/observe/output.h \
	src/observe/pipes.c \
	src/observe/pipes.h \
	src/observe/record.c \
	src/observe/record.h \
	src/observe/sink.c \
	src/observe/sink.h \
	src/observe/summary.c \
	src/observe/summary.h \
	src/observe/verdict.c \
	src/observe/verdict.h \
	src/state/db.h \
	src/ctl/mqueue.c \
	src/ctl/mqueue.h \
	src/cli/help.c \
	src/cli/help.h \
	src/cli/jobs.c \
	src/cli/jobs.h \
	src/cli/options.c \
	src/cli/options.h \
	src/cli/table.c \
	src/cli/table.h \
	src/agent.c \
	src/agent.h \
	src/dryrun.c \
	src/dryrun.h \
	src/orphans.c \
	src/orphans.h \
	src/run.c \
	src/run.h \
	src/setup.c \
	src/setup.h \
	src/stopping.c \
	src/stopping.h
