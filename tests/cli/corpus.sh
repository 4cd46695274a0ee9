#!/bin/sh
# SPDX-License-Identifier: MIT
#
# corpus.sh [-0] [SEED [RANDOM_LINES]]: print shell lines, the same for the same seed, for comparing what runs them
# with sh -c. None depends on time, on pids or on the names in the current directory; files are written there by the first
# lines only. -0 ends lines with NULs.
end='\n'
[ "$1" != -0 ] || {
	end='\0'
	shift
}

# Fixed lines: one of each kind that could be taken for plain, or be plain and act otherwise.
fixed()
{
	cat <<'EOF'
printf 'echo script "$0" "$@"\n' >plain-script; chmod +x plain-script; cp plain-script not-executable; chmod -x not-executable
./plain-script a b
./not-executable
./plain-script
  /bin/echo   blanks	and	tabs
/bin/echo a=b --x=y 1,2 %d @ + - _ : .
a=b /bin/echo c
a=b
PATH=/nonexistent ls
/nonexistent/program
nonexistent-program with arguments
./nonexistent
../nonexistent
/
/etc
/etc/passwd
/etc/passwd/x
.
..
-x
+x
-
--
=
%1
@
1
1 2
expr 1 + 2
expr 0
expr 1 / 0
ls /nonexistent
cat /nonexistent /dev/null
sort -n /dev/null
env -i /bin/echo x
env A=1 printenv A
printenv PATH
printenv PWD
printenv OLDPWD
printenv IFS
printenv LINENO
printenv PPID
printenv _
printenv FORKPOOL_SEQ
grep -c . /etc/passwd
grep SigIgn /proc/self/status
grep SigBlk /proc/self/status
/bin/pwd
/bin/true
/bin/false
/bin/kill -l TERM
sh -c exit
sh nonexistent-script
sh ./plain-script x
timeout 0.01 sleep 5
nice /bin/echo n
/bin/echo ~
/bin/echo ~root
/bin/echo a~b
/bin/echo /etc/pass*
/bin/echo /etc/pass?d
/bin/echo [a]
/bin/echo {a,b}
/bin/echo $HOME
/bin/echo "$HOME"
/bin/echo '$HOME'
/bin/echo `/bin/echo x`
/bin/echo $(/bin/echo x)
/bin/echo $((1+2))
/bin/echo a # b
/bin/echo a#b
#
# comment
/bin/echo a;/bin/echo b
/bin/echo a&wait
/bin/echo a&&/bin/echo b
/bin/false||/bin/echo b
! /bin/false
/bin/echo a|cat
(/bin/echo a)
{ /bin/echo a; }
/bin/echo a >/dev/null
/bin/echo a>&2
ls /nonexistent 2>/dev/null
/bin/echo 2>/dev/null
/bin/echo 2 >/dev/null
cat </dev/null
/bin/echo a\ b
/bin/echo \
/bin/echo "
/bin/echo '
/bin/echo )
/bin/echo }
}
)
fi
;
;;
&
|
<
>
if true; then /bin/echo a; fi
for i in 1 2; do /bin/echo $i; done
case a in a) /bin/echo b;; esac
f() { /bin/echo $1; }; f x
exit 3
exec /bin/echo a
exec /nonexistent
sh -c 'kill -9 $$'
sh -c 'exit 255'
EOF
}

# Everything the shell knows by itself. Those that print what differs from run to run are silenced, and kill stands in
# such forms only as can reach nobody but the shell.
builtins()
{
	for word in : '[' alias bg break cd chdir command continue echo eval exec exit false fg getopts hash jobs local \
		printf pwd read return shift test trap true type ulimit umask unalias unset wait \
		'!' 'case' 'do' 'done' 'elif' 'else' 'esac' 'fi' 'for' 'if' 'in' 'then' 'until' 'while' '{' '}' \
		'function' 'select' 'coproc' '[[' ']]'; do
		printf '%s\n' "$word" "$word a" " $word -x" "$word 1 2  " "/bin/$word" "/bin/echo $word" "${word}x" "x$word"
	done
	for word in set export readonly times; do
		printf '%s\n' "$word >/dev/null" "/bin/$word" "/bin/echo $word" "${word}x" "$word x"
	done
	# a number behind kill may be a stranger's pid
	cat <<'EOF'
kill
kill -l
 kill -l  15
kill -l TERM
kill -l a
kill -0 $$
kill -s 0 $$
killx
/bin/kill
/bin/kill -l
/bin/kill -l 15
/bin/echo kill
EOF
}

# Nearly every byte, in an argument, in front of it, in a name and at the end.
bytes()
{
	LC_ALL=C awk 'BEGIN {
		for (i = 1; i < 256; i++) {
			if (i == 10 || i == 38 || i == 62 || i == 124) # > writes files, & and | run side by side
				continue
			c = sprintf("%c", i)
			print "/bin/echo a" c "b"
			print "/bin/echo " c "b"
			print "no" c "such a"
			print c "/bin/echo a"
			print "/bin/echo a" c
		}
	}'
}

# Numbers are drawn here and not by rand(), which differs between awks.
random_lines()
{
	LC_ALL=C awk -v seed="$1" -v n="$2" '
	function draw(max) {
		state = (state * 16807) % 2147483647
		return int(state / 2147483647 * max) + 1
	}
	BEGIN {
		state = seed % 2147483646 + 1
		n_programs = split("/bin/echo /bin/echo /bin/printf expr env basename dirname nosuch echo printf test true : seq", programs, " ")
		n_plain = split("a b.c /x/y -n -- --x=y 1 02 + = % : , @ a=b _ foo-bar x:y,z 100% ../up a@b -", plain, " ")
		n_shell = split("$x \"q\" \047s\047 `:` $(:) ; && || # >/dev/null 2>&1 \\ /etc/pass* /etc/host? ~ { } ( ) ! [a] $((1)) ${x} <&- \" \047", shell, " ")
		for (i = 0; i < n; i++) {
			line = draw(9) == 1 ? " " : ""
			line = line (draw(12) == 1 ? "x=1 " : "") programs[draw(n_programs)]
			for (k = draw(5) - 1; k > 0; k--)
				line = line (draw(7) == 1 ? "\t" : draw(9) == 1 ? "  " : " ") (draw(8) == 1 ? shell[draw(n_shell)] : plain[draw(n_plain)])
			print line
		}
	}'
}

{
	fixed
	builtins
	bytes
	random_lines "${1:-1}" "${2:-2500}"
} | tr '\n' "$end"
