# SPDX-License-Identifier: MIT
# shellcheck shell=sh disable=SC2034,SC2089,SC2090
#
# lib: the harness of the CLI tests. A script sources it, writes cases, and ends with `finish_tests`.
#
#   given TEXT                      standard input of the next case (escapes as in printf %b)
#   try TITLE STATUS OUT ERR ARG…   one case: forkpool ARG… must end so. STATUS is a number or SIGNAME;
#                                   OUT is text (escapes as in printf %b) or *; ERR is a shell pattern
#   begin TITLE; run ARG…; expect STATUS OUT ERR      the same in steps; between them anything
#   start ARG…; wait_for 5 …; finish; expect …        the same with forkpool running beside the test; $FP is its pid;
#                                   fd 7 stays the test's own
#   has FILE TEXT, sorted FILE TEXT, that WHAT COMMAND…, took LOW HIGH (ms)         more to hold
#   skip TITLE REASON
#
# Before a run, and reset by it: IN, OUT, ERR (files; IN=- and OUT=- are the script's own), G (options of probe
# guard), UNDER (a command put before forkpool's), LIMIT (seconds), SAY (ERE: what tasks write to stderr).
#
# Each case has a directory of its own, $C: it runs in $C/w with TMPDIR=$C/tmp; $C/in, out, err, status,
# ms. The standing checks (CASES.md) are made after every run, by inspect, and every case, by conclude.
#
# Environment: FORKPOOL (the binary), PROBE (the compiled probe.c), FORKPOOL_TRANSPORT (fork, agent or prefork),
# FORKPOOL_WRAPPER (put before the binary: valgrind …), FORKPOOL_IO_SIZE and FORKPOOL_AHEAD (forkpool's own knobs).

LC_ALL=C
export LC_ALL
unset FORKPOOL_JOBS FORKPOOL_SEQ FORKPOOL_SLOT FORKPOOL_ATTEMPT FORKPOOL_PID FORKPOOL_SOCKET CDPATH ENV

HERE=$(cd -- "$(dirname -- "$0")" && pwd)
[ -e "$HERE/lib.sh" ] || HERE=${HERE%/*}
FORKPOOL=${FORKPOOL:-${HERE%/*/*}/src/forkpool}
FORKPOOL_WRAPPER=${FORKPOOL_WRAPPER:-}
TRANSPORT=${FORKPOOL_TRANSPORT:-fork}
BASE=$(mktemp -d "${TMPDIR:-/tmp}/forkpool-test.XXXXXX") || exit 99
chmod 755 "$BASE"
PROBE=${PROBE:-$HERE/probe}
[ -x "$PROBE" ] || { PROBE=$BASE/probe; ${CC:-cc} -O1 -o "$PROBE" "$HERE/probe.c" || exit 99; }
case $FORKPOOL in /*) ;; *) FORKPOOL=$PWD/$FORKPOOL ;; esac
case $PROBE in /*) ;; *) PROBE=$PWD/$PROBE ;; esac
VIA='' PREFORK=''
[ "$TRANSPORT" != prefork ] || { PREFORK=--prefork FORKPOOL_PREFORK_EAGER=1; export FORKPOOL_PREFORK_EAGER; }
[ "$TRANSPORT" != agent ] || VIA="exec $FORKPOOL_WRAPPER '$FORKPOOL' --agent"
[ -x "$FORKPOOL" ] || { echo "Bail out! no forkpool at $FORKPOOL"; rm -rf "$BASE"; exit 0; }
SCALE=1
[ -z "$FORKPOOL_WRAPPER" ] || SCALE=20
PROBE_SCALE=$SCALE
export PROBE_SCALE

VIA_OPTION=
[ -z "$VIA" ] || VIA_OPTION="--via \"$VIA\""
mkdir "$BASE/bin"
for applet in show mark await gather len fill trickle work ids sigs fds daemon deaf shut raise alloc badsock sockout talk; do
	ln -s "$PROBE" "$BASE/bin/$applet"
done
cat >"$BASE/bin/forkpool" <<END
#!/bin/sh
[ "\$1" != ctl ] || exec $FORKPOOL_WRAPPER "$FORKPOOL" "\$@"
exec $FORKPOOL_WRAPPER "$FORKPOOL" $VIA_OPTION $PREFORK "\$@"
END
chmod +x "$BASE/bin/forkpool"
PATH=$BASE/bin:$PATH
export PATH

N=0 FAILED=0 GIVEN='' HAVE_GIVEN='' TITLE='' CMD='' C=$BASE status='' GUARD=''
NL='
'
trap 'cd /; [ -z "$GUARD" ] || kill "$GUARD" 2>/dev/null; rm -rf "$BASE"' EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM
trap 'exit 141' PIPE

# Is there a program between? valgrind opens /dev/null where fds 0 to 2 are closed, and leaves its log to the tasks.
wrapped() { [ -n "$FORKPOOL_WRAPPER" ]; }
# Is this a run in which volume takes too long?
slow() { wrapped || [ -n "${FORKPOOL_IO_SIZE:-}" ]; }
# Are the workers forkpool's own? Those of --via do not reach its standard output: no -u there.
near() { [ "$TRANSPORT" != agent ]; }
root() { [ "$(id -u)" = 0 ]; }

reset() { IN='' OUT='' ERR='' G='' UNDER='' SAY='' LIMIT=60; }
reset

given() { GIVEN=$1 HAVE_GIVEN=1; }

# Something of this case is wrong: say what.
flunk() { printf '%s\n' "$*" >>"$C/why"; }

begin() {
	conclude
	N=$((N + 1)) TITLE=$1 CMD='' status=''
	C=$BASE/$N
	mkdir "$C" "$C/w" "$C/tmp"
	cd "$C/w" || exit 99
	if [ -n "$HAVE_GIVEN" ]; then printf %b "$GIVEN" >"$C/in"; fi
	HAVE_GIVEN=
}

skip() {
	conclude
	N=$((N + 1))
	printf '%s\n' "ok $N - $1 # SKIP $2"
}

conclude() {
	[ -n "$TITLE" ] || return 0
	left=$(ls -A "$C/tmp")
	[ -z "$left" ] || flunk "left in TMPDIR: $left"
	left=$(find "$C" -name 'core*' -type f)
	[ -z "$left" ] || flunk "a core: $left"
	if [ -s "$C/why" ]; then
		FAILED=$((FAILED + 1))
		printf '%s\n' "not ok $N - $TITLE" | paste -sd ' '
		[ -z "$CMD" ] || printf '%s\n' "$CMD" | cat -v | cut -c 1-600 | sed 's/^/#   command: /'
		head -n 40 "$C/why" | cat -v | cut -c 1-300 | sed 's/^/#   /'
	else
		printf '%s\n' "ok $N - $TITLE" | paste -sd ' '
	fi
	TITLE=
	cd "$BASE" || exit 99
	[ -n "${KEEP:-}" ] || rm -rf "$C"
}

finish_tests() {
	conclude
	echo "1..$N"
	exit 0
}

# shellcheck disable=SC2086
guarded() {
	rm -f "$C/pid" "$C/status" "$C/left"
	[ "${1-}" = ctl ] || set -- ${VIA:+--via "$VIA"} $PREFORK "$@"
	TMPDIR=$C/tmp "$PROBE" guard -t $((LIMIT * SCALE)) -d "$C" $G -- \
		$UNDER $FORKPOOL_WRAPPER "$FORKPOOL" "$@"
}

launch() {
	CMD="${UNDER:+$UNDER }forkpool $*${G:+  [guard $G]}"
	[ -n "$IN" ] || { IN=/dev/null; [ ! -e "$C/in" ] || IN=$C/in; }
	[ -n "$OUT" ] || OUT=$C/out
	case $CMD in *--retr*) RETRIES=1 ;; *) RETRIES= ;; esac
	[ -n "$ERR" ] || ERR=$C/err
	: >"$C/err"
	case $IN$OUT in
	--) guarded "$@" 2>"$ERR" ;;
	-*) guarded "$@" >"$OUT" 2>"$ERR" ;;
	*-) guarded "$@" <"$IN" 2>"$ERR" ;;
	*) guarded "$@" <"$IN" >"$OUT" 2>"$ERR" ;;
	esac
}

run() {
	launch "$@"
	inspect
}

start() {
	rm -f "$C/pid"
	(exec 7>&- && launch "$@") &
	GUARD=$!
	CMD="forkpool $*" RETRIES=
	wait_for 20 test -s "$C/pid"
	FP=$(cat "$C/pid")
}

finish() {
	wait "$GUARD"
	GUARD=
	inspect
}

# The standing checks of a run.
inspect() {
	status=$(cat "$C/status" 2>/dev/null) || status='none: the guard failed'
	[ "$status" != timeout ] || flunk "did not end in $((LIMIT * SCALE)) s"
	case $G in
	*-L*) ;;
	*) [ ! -s "$C/left" ] || flunk "left behind: $(head -n 10 "$C/left")" ;;
	esac
	# The leak check of a process that is killed meanwhile says the first, a program that measures its coverage,
	# but not as the one who built it, or without fds, the second; nothing is wrong.
	sed -i -e '/Unable to get registers from thread/d' -e '/^profiling:/d' "$C/err"
	if grep -Eq 'Sanitizer|runtime error: |^==[0-9]+==' "$C/err"; then
		flunk "sanitizer: $(grep -E -A 12 'Sanitizer|runtime error: |^==[0-9]+==' "$C/err" | head -n 30)"
	fi
	tr '\000' '\001' <"$C/err" >"$C/err.lint"
	awk -v say="$SAY" '
		/^forkpool: / && length($0) > 511 { print "stderr: a line of " length($0) + 1 " bytes: " substr($0, 1, 80); next }
		/^forkpool: / && /[\001-\037\177]/ { print "stderr: raw control bytes: " $0; next }
		!/^forkpool: / && (say == "" || $0 !~ say) { print "stderr: not ours, not a task'\''s: " $0 }
	' "$C/err.lint" | head -n 5 >>"$C/why"
	if [ "$status" = 0 ] && [ -z "$RETRIES" ] &&
		grep -Eq '^forkpool: (.*:)?task [0-9].*: (exit |killed|timed out|lost|not started)' "$C/err"; then
		flunk "exit 0 although a task failed: $(cat "$C/err")"
	fi
	reset
}

# same WHAT EXPECTED_FILE GOT_FILE
same() {
	cmp -s "$2" "$3" && return 0
	flunk "$1 differs (- expected, + got):"
	cat -A "$2" >"$C/a.txt"
	cat -A "$3" >"$C/b.txt"
	diff -U 2 "$C/a.txt" "$C/b.txt" | sed -e '1,3d' -e 's/\$$//' | head -n 16 >>"$C/why"
}

# expect STATUS [OUT [ERR]]
expect() {
	[ "$status" = "$1" ] || flunk "status: expected $1, got $status; stderr: $(head -n 6 "$C/err" | cut -c 1-300)"
	if [ "${2-*}" != '*' ]; then
		printf %b "$2" >"$C/expected"
		same stdout "$C/expected" "$C/out"
	fi
	err=$(head -c 100000 "$C/err" | tr -d '\000')
	# shellcheck disable=SC2254
	case $err in
	${3-}) ;;
	*) flunk "stderr: expected ${3:-nothing}, got: $(head -n 10 "$C/err")" ;;
	esac
}

try() {
	title=$1 want=$2 out=$3 pattern=$4
	shift 4
	begin "$title"
	run "$@"
	expect "$want" "$out" "$pattern"
}

# The lines of FILE are TEXT's; of sorted, in any order.
has() {
	printf %b "$2" >"$C/expected"
	[ -e "$1" ] || true 2>/dev/null >"$1" # a failing : would end the script
	same "$1" "$C/expected" "$1"
}
sorted() {
	printf %b "$2" | sort >"$C/expected"
	sort "$1" >"$C/sorted" 2>/dev/null
	same "$1, sorted," "$C/expected" "$C/sorted"
}

that() {
	what=$1
	shift
	"$@" >"$C/that" 2>&1 || flunk "not so: $what ($*) $(head -n 5 "$C/that")"
}

# none FILE…: none of them is there.
none() {
	for f; do [ ! -e "$f" ] || flunk "$f is there: $(head -n 5 "$f")"; done
}

lines() { if [ -e "$1" ]; then wc -l <"$1" | tr -d ' '; else echo 0; fi; }
count() { grep -Ec -e "$1" "$2"; }

# took LOW HIGH: milliseconds; the upper bound is a guard against hanging, generous on a loaded machine.
took() {
	ms=$(cat "$C/ms")
	if [ "$ms" -ge "$1" ] && [ "$ms" -le $(($2 * SCALE)) ]; then return; fi
	flunk "took $ms ms, expected $1 to $(($2 * SCALE))"
}

# wait_for SECONDS COMMAND…: until it succeeds.
wait_for() {
	tries=$(($1 * 50 * SCALE))
	shift
	until "$@" >/dev/null 2>&1; do
		tries=$((tries - 1))
		[ "$tries" -gt 0 ] || { flunk "never came: $*"; return 1; }
		sleep .02
	done
}
have_lines() { [ "$(lines "$1")" -ge "$2" ]; }
gone() { ! kill -0 "$1" 2>/dev/null; }
# Stopped; or in D: a shell whose vforked child was stopped before its exec.
stands() { grep -q '^State:[[:space:]]*[TD]' "/proc/$1/status"; }
# CPU time that a process has used, in ticks (proc(5)); its name must have no blank.
ticks() { awk "{ print \$14 + \$15 }" "/proc/$1/stat"; }
state_is() { grep -q "^State:[[:space:]]*$2" "/proc/$1/status"; }
