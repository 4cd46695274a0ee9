/* SPDX-License-Identifier: MIT
 *
 * schema: what stands in a state file, version 2. People may read it with sqlite3(1) at any time; only forkpool writes.
 *
 * Times are seconds since 1970, durations are seconds. Names, paths, commands, output and messages are TEXT where they
 * are valid UTF-8 without NULs, and BLOBs otherwise. NULL: there is none, or it is not known.
 *
 *   task       one row a task
 *     id         its number: the Seq of a job log, $FORKPOOL_SEQ, what `forkpool ctl submit` prints
 *     origin     'input'; 'submit' or 'apply': by forkpool ctl
 *     name       what `ctl submit --name` gave it
 *     state      'waiting', 'running' or 'finished'. What runs is 'running' after a second or so; what forkpool itself ended,
 *                since the run was to end, is 'waiting' again. What is 'running' while no forkpool uses the file was running
 *                when the run was killed, and is lost
 *     command    as one line for the shell, as it would be in slot 1
 *     words      the words to be executed, a NUL behind each; NULL: `command` is a line for the shell, and all there is to know
 *     holes      where in `words` the slot's number goes in: offsets in bytes with blanks between them, such as '5 12'
 *     shell      1: it is a line for the shell; 0: words
 *     direct     1: that line needs no shell
 *     refusal    why it cannot be run at all
 *     directory  where it runs; NULL: where forkpool does
 *     tag        what --tag puts before its lines
 *     results    where --results keeps what becomes of it
 *     attempts   how many were begun and count
 *     outcome    how it ended: 'exited', 'signalled', 'timed out', 'not started', 'lost', 'wanted the terminal'; it succeeded
 *                if that is 'exited' and status is 0
 *     status     its exit status, if it exited
 *     signal     which signal ended it, if one did
 *     error      errno(3) of what kept it from starting
 *     reason     of 'lost' and 'not started', in words
 *     added      when it came
 *     finished   when it was over
 *     settled    1: all is done that follows from that: its output is written, its callback has run, ...; 0: the next run does it;
 *                2: it does all but write the output
 *   attempt    one row a try that is over or has run for a second or so, unless it does not count: it was put off, or there
 *              were no resources for it
 *     task, number     of which task, and which try at it, from 1
 *     slot             where
 *     started          when it began
 *     outcome, status, signal, error, reason
 *                      as above; outcome is NULL while it runs
 *     pid              of the process
 *     runtime, utime, stime    how long it ran, its processor time in user and system mode
 *     maxrss           the most memory that it had, in KiB
 *   result     what was kept of a task's output, if it has any
 *     task, stdout, stderr
 *     truncated        1: it wrote more than that
 *   queue      message queues
 *     id               in the order in which they were made
 *     name
 *     maxsize          how many messages may be in it, 0: any number
 *     closed           1: nothing can be put into it
 *   message    one row a message that nobody has got
 *     number           in the order in which they were put
 *     queue            the name of its queue
 *     body
 *
 * The application_id of the file is 0x666b706c ("fkpl"), its user_version that of this schema.
 */
#ifndef STATE_SCHEMA_H
#define STATE_SCHEMA_H

#include "state/sql.h"

/* See to it that this is a database of ours: make the tables in one without any. Otherwise a fault of `s` tells why not, and the
 * database is as it was. */
void schema_prepare(struct sql *s);

#endif
