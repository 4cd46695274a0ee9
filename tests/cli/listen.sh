# SPDX-License-Identifier: MIT
# shellcheck shell=sh disable=SC2154
#
# listen: pools that listen on s, and clients, for the tests of the control socket. A script sources it after lib.sh.
#
#   listen OPTION…      a pool that runs beside the test, as start does it, and is ready for clients
#   end_pool            TERM for it; then `finish`
#   ask LINE…           say these requests in turn, each when the one before has been answered; prints the replies
#   hold NAME LINE…     a client that says them at once and stays; its replies are in NAME, its pid in NAME.pid
#   let_go NAME         it says nothing more, and is waited for: until it has all its replies
#   kill_client NAME    it is gone

listen() {
	start --listen s "$@"
	wait_for 20 test -S s
}

end_pool() {
	kill -TERM "$FP" 2>/dev/null
	finish
}

ask() { printf '%s\n' "$@" | talk s; }

hold() {
	client=$1
	shift
	{ printf '%s\n' "$@"; await "$client.end"; } | talk -p s >"$client" &
	echo "$!" >"$client.pid"
}

let_go() {
	: >"$1.end"
	wait "$(cat "$1.pid")"
}

kill_client() {
	kill -KILL "$(cat "$1.pid")"
	: >"$1.end"
	wait "$(cat "$1.pid")" 2>/dev/null
}

# replied FILE PATTERN: a reply in FILE is so; numbered FILE N: that has come N times.
replied() { grep -Eq -e "$2" "$1"; }
is_said() { ask "$1" | grep -Eq -e "$2"; }
spaces() { head -c "$1" /dev/zero | tr '\000' ' '; }
