# SPDX-License-Identifier: MIT
# shellcheck shell=sh disable=SC2154
#
# log: job logs, for the tests that look at them. A script sources it after lib.sh.

TAB=$(printf '\t')
heading='Seq\tHost\tStarttime\tJobRuntime\tSend\tReceive\tExitval\tSignal\tCommand\n'
if near; then HOST=:; else HOST=$(uname -n); fi

# The heading and nine columns, none of them torn. NULs are shown as \001.
that_is_sound() {
	tr '\000' '\001' <"$1" >"$C/log" || return
	printf %b "$heading" | cmp -s - "$C/heading" 2>/dev/null || printf %b "$heading" >"$C/heading"
	head -n 1 "$C/log" | cmp -s - "$C/heading" || flunk "$1: the heading is $(head -n 1 "$C/log")"
	[ -z "$(tail -c 1 "$C/log" | tr -d '\n')" ] || flunk "$1: the last line is torn"
	time='[0-9]+\.[0-9]{3}' number='(0|[1-9][0-9]*)'
	tail -n +2 "$C/log" >"$C/records"
	grep -Ev "^[1-9][0-9]*$TAB(:|$HOST)$TAB$time$TAB *$time${TAB}0$TAB$number$TAB(-1|$number)$TAB$number$TAB" "$C/records" >"$C/unsound"
	cut -f 4 "$C/records" | grep -Ev '^.{10,}$' >>"$C/unsound"
	[ ! -s "$C/unsound" ] || flunk "$1: no records: $(head -n 3 "$C/unsound")"
}

# Seq, Receive, Exitval, Signal and Command of each record.
shown() {
	that_is_sound "$1"
	awk -F '\t' '{
		command = $9
		for (i = 10; i <= NF; i++)
			command = command "\t" $i
		print $1, $6, $7, $8, command
	}' "$C/records"
}

# logged FILE TEXT: shown, it is that; logged_sorted: in any order.
logged() {
	shown "$1" >"$C/shown"
	printf %b "$2" >"$C/expected"
	same "$1" "$C/expected" "$C/shown"
}
logged_sorted() {
	shown "$1" | sort >"$C/shown"
	printf %b "$2" | sort >"$C/expected"
	same "$1, sorted," "$C/expected" "$C/shown"
}

# all_recorded FILE N: N tasks, each with a text and a number of its own, and the last record of each is a success.
all_recorded() {
	that_is_sound "$1"
	awk -F '\t' -v n="$2" '
		{ if ($9 in seq && seq[$9] != $1) print "two numbers: " $9
		  if ($1 in text && text[$1] != $9) print "two texts: " $1
		  seq[$9] = $1; text[$1] = $9; ok[$1] = $7 == 0 && $8 == 0 }
		END { for (s in ok) { found++; if (!ok[s]) print "failed in the end: " text[s] }
		      if (found != n) print found + 0 " tasks, not " n }' "$C/records" >"$C/faults"
	[ ! -s "$C/faults" ] || flunk "$1: $(head -n 5 "$C/faults")"
}
