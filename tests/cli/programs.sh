#!/bin/sh
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2016,SC2028
#
# programs.sh fixture | words | texts: command lines of real programs, for comparing two ways to run them. Each shows the
# same whenever it runs; one whose program is not installed fails in the same way. `fixture` makes what they read, in the
# current directory, where alone they write; it takes what is to be found in $PROBE and $ODD.
#
# words: simple commands, to be executed as they are: words in the shell's quoting, and nothing else of its syntax.
# texts: for sh -c.

fixture() {
	awk 'BEGIN { for (i = 1; i <= 200; i++) print i, (i * 7919) % 1009, "word" i % 13, "x y\tz" }' >data
	printf '{"a": [1, 2, {"b": null}], "c": "d"}\n' >t.json
	printf 'a,b\n1,2\n3,4\n' >t.csv
	printf '<r><e n="1">x</e><e n="2"/></r>\n' >t.xml
	printf 'P2\n4 2\n255\n0 64 128 255\n255 128 64 0\n' >t.pgm
	printf 'all: x\n\t@echo made $@\nx:\n\t@echo made $@; exit 0\nbad:\n\t@exit 3\n' >Makefile
	printf 'no newline at the end' >torn
	: >empty
	mkdir dir dir/sub
	echo one >dir/one
	echo two >dir/sub/two
	printf '#!/bin/sh\necho script "$0" "$@"\ncat /proc/$$/comm\ntr "\\0" "|" </proc/$$/cmdline\n' >script
	printf '#! /bin/sh -e\necho with -e: $-\nfalse\necho not here\n' >script-e
	printf '#!/usr/bin/env sh\necho by env "$0" "$@"\n' >script-env
	printf '#!/usr/bin/perl -w\nprint "perl $0 @ARGV $^W\\n"; exit 4\n' >script-perl
	printf '#!/usr/bin/awk -f\nBEGIN { print "awk", ARGC, ARGV[1] }\n' >script-awk
	printf '#!./script\n' >script-script
	printf '#!/nonexistent/interpreter\n' >script-lost
	printf '#!\n' >script-none
	printf 'echo plain "$0" "$@"\n' >plain
	printf '\177ELF' >stub
	cp "$PROBE" show
	cp "$PROBE" raise
	chmod 755 script* plain stub
	cp /bin/echo no-permission
	chmod 644 no-permission
	for program in cat id; do
		path=$(command -v $program) && cp "$path" "suid-$program" && chmod 4755 "suid-$program"
	done
	cp -p "$(command -v ls)" linked
	ln linked hard
	ln -s linked soft
	[ ! -e /sbin/ldconfig ] || cp /sbin/ldconfig static
	[ ! -x "$ODD" ] || for name in odd odd-thread odd-fd odd-handler odd-ignore odd-mask odd-pending odd-shared odd-timer \
		odd-posix-timer odd-print odd-complain odd-printf odd-exit odd-kill odd-child odd-system odd-lock odd-setenv \
		odd-place odd-limit odd-close odd-heap odd-keep odd-keep-mapped odd-copy odd-atfork; do
		ln -s "$ODD" "$name"
		echo "$name" >>odd-names
	done
	tar -cf t.tar --mtime=@0 --owner=0 --group=0 --sort=name dir && gzip -nk t.csv
	! command -v git >/dev/null || repository
	find . -exec touch -h -d @1000000000 {} +
}

# It looks the same whenever it is made.
repository() (
	GIT_CONFIG_NOSYSTEM=1 HOME=$PWD GIT_AUTHOR_DATE='1000000000 +0000' GIT_COMMITTER_DATE='1000000000 +0000'
	GIT_AUTHOR_NAME=a GIT_COMMITTER_NAME=a GIT_AUTHOR_EMAIL=a@b GIT_COMMITTER_EMAIL=a@b
	export GIT_CONFIG_NOSYSTEM HOME GIT_AUTHOR_DATE GIT_COMMITTER_DATE GIT_AUTHOR_NAME GIT_COMMITTER_NAME \
		GIT_AUTHOR_EMAIL GIT_COMMITTER_EMAIL
	git -c init.defaultBranch=main init -q repo && cp data repo && git -C repo add data && git -C repo commit -q -m first
)

git_verbs() {
	for verb in 'status --short' 'log --format=%s%an' 'rev-list --count HEAD' 'cat-file -p HEAD' branch 'ls-files -s' 'diff --stat' \
		'rev-parse --abbrev-ref HEAD' 'grep -c word1' 'blame -L1,1 data' nonesuch 'show nonesuch' 'archive HEAD' 'config nonesuch'; do
		echo "git -C repo $verb"
	done
}

# What a process is, as it and others see it.
identity() {
	for file in cmdline environ comm limits cgroup oom_score_adj coredump_filter timerslack_ns personality loginuid setgroups uid_map; do
		echo "cat /proc/self/$file"
	done
	for n in 0 1 2; do echo "grep flags /proc/self/fdinfo/$n"; done
	for field in Name Umask Threads Sig.gn Sig.gt SigBlk SigPnd ShdPnd Cap NoNewPrivs Seccomp: TracerPid Groups Uid Gid VmLck Cpus_allowed_list; do
		echo "grep ^$field /proc/self/status"
	done
	cat <<'END'
readlink /proc/self/exe
readlink /proc/self/cwd
readlink /proc/self/root
readlink /proc/self/fd/0
ls /proc/self/fd
ls /proc/self/task/../fd
awk '{ print ($1 == $5), ($6 == $5), $7, $8, $17, $18, $19, $20, $21 }' /proc/self/stat
awk '{ print $1 == $5 }' /proc/thread-self/stat
env
env -0
printenv
printenv PATH HOME LD_PRELOAD
printenv FORKPOOL_SEQ FORKPOOL_SLOT FORKPOOL_ATTEMPT
printenv LD_PRELOAD
printenv FORKPOOL_PRELOAD
env -i env
pwd
pwd -P
nice
id
id -un
whoami
logname
tty
tty -s
umask
locale
nproc
prlimit --noheadings
setpriv --dump
taskset -pc 0
ionice
getconf ARG_MAX
stty -a
test -t 0
test -t 1
END
}

coreutils() {
	cat <<'END'
true
false
true --help
false ignored
true --nonesuch
echo
echo a  b
echo 'a  b' "c'd" '$x' '\n' '*'
echo -n no newline
echo -e 'a\tb\0c'
echo ''
echo '' '' ''
printf '%s\n' 1 2 3
printf '%d %x %o %5.2f|%-5s|\n' 42 255 8 3.14159 ab
printf '%d\n' junk
printf
printf '\377\200\001'
expr 1 + 2
expr 0
expr 1 / 0
expr length abc : extra
expr abc : 'a\(.\)c'
test a = a
test a = b
test -e data
test 1 -eq x
[ a = a ]
[ a = a
seq 5
seq 3 -1 1
seq x
cat data
cat nonexistent data
cat -A torn
cat
cat - torn -
cat dir
tac torn data
head -n 3 data
head -c 10 torn
tail -n 2 data
tail -c 5 torn
wc data torn empty
wc -l nonexistent
sort -k2n data
sort -R --random-source=data torn
sort -u -k3,3 data
sort -c data
sort --nonesuch
uniq -c data
cut -d ' ' -f 2,3 data
cut
tr a b
tr -d
od -c torn
od -An -tx1 -N4 data
md5sum data torn
sha256sum data nonexistent
cksum data
sum data
base64 torn
base64 -d torn
fold -w 20 torn
fmt -w 30 data
nl torn
pr -t -2 t.csv
paste t.csv t.csv
join t.csv t.csv
comm t.csv torn
comm data data
split -n 3 data piece.
csplit -s t.csv 2
ls
ls -la dir
ls nonexistent .
ls --color=always dir
./linked dir
./hard dir
./soft dir
./soft nonexistent
stat -c '%n %s %a %F' data script dir
stat nonexistent
du -a --apparent-size dir
basename /a/b.c .c
dirname /a/b
realpath --relative-to=. dir/sub/..
readlink nonexistent
mkdir made made/deep
mkdir -p made/deep
rmdir made/deep
touch -d @1000000000 made
cp data copied
cp nonexistent x
mv copied moved
mv copied again
ln -s target link
ln -s target link
rm moved link
rm nonexistent
rm -f nonexistent
rm -r made
chmod 600 nonexistent
chown 0:0 nonexistent
mktemp -u -p . --suffix=.x fixed
tee teed
date -u -d @0
date -u -d junk
date -u -r data +%Y
factor 1234567
factor x
numfmt --to=iec 123456
shuf -i 1-5 --random-source=data
shuf -e a
tsort t.csv
truncate -s 10 trunc
dd if=data bs=10 count=1 status=none
dd if=nonexistent
dd if=data of=/nonexistent/x status=none
timeout 5 echo a
timeout .01 sleep 5
timeout -s KILL .01 sleep 5
timeout 5 nonesuch
nohup echo a
nice -n 3 nice
nice -n 3 nonesuch
env A=1 B=2 printenv A B
env nonesuch
env -u PATH env
env --chdir=dir pwd
env -S 'printf %s\n a'
stdbuf -o0 echo a
stdbuf -oL cat torn
setsid -w echo a
setsid -w sh -c 'exit 7'
setsid sleep 60
sleep 0
sleep x
yes --version
kill -l TERM
kill -0 nonesuch
sync nonexistent
cat /dev/null
head -c 100000 /dev/zero
END
}

languages() {
	cat <<'END'
sh -c 'echo $0 $#'
sh -c 'echo $0 $# "$@"' name a 'b c' ''
sh -c 'exit 42'
sh -c 'exit 255'
sh -c 'kill -TERM $$'
sh -c 'kill -KILL $$'
sh -c 'kill -HUP $$; echo lives'
sh -c 'echo out; echo err >&2; exit 3'
sh -c 'trap "echo trapped; exit 9" TERM; kill -TERM $$; sleep 5'
sh -c 'sleep 60 & echo left'
sh -c 'cat </dev/zero | head -c 5 | od -c'
sh -c 'ulimit -a; umask; pwd; nice'
sh -c 'ulimit -n 20; exec sh -c "ulimit -n"'
sh -c 'cat /proc/$$/comm; tr "\0" "|" </proc/$$/cmdline'
sh -c 'test "$(ps -o pgid= -p $$)" -eq $$ && cat /proc/$PPID/comm'
sh -c 'ls /proc/$$/fd; exec 3>x; ls /proc/$$/fd'
sh -c 'exec cat torn'
sh -c 'exec -a'
sh -c 'syntax ('
sh -c
sh nonexistent
sh ./script a b
sh -e ./script-e
sh -x -c 'echo a'
sh -n ./script
dash -c 'echo $-; set -o'
bash -c 'echo $0 $BASH_SUBSHELL $# ${BASH_VERSINFO[0]}' name a
bash -c 'echo "${x[@]}"; x=(1 2 3); echo ${#x[@]}; exit 5'
bash -c 'shopt; set -o'
bash -c 'exec -a other cat /proc/self/cmdline'
bash -c 'diff <(echo a) <(echo b)'
bash -c 'kill -SEGV $$'
bash -c 'trap "echo end" EXIT; false'
bash -c 'echo $SHLVL; declare -p PATH PWD OLDPWD _'
bash --norc -i -c 'echo interactive'
bash --version
bash --nonesuch
awk 'BEGIN { print ARGC, ARGV[1]; exit 3 }' a
awk '{ s += $2 } END { print s, NR }' data
awk -v x='a\tb' 'BEGIN { print x; print ENVIRON["FORKPOOL_SEQ"] > "/dev/stderr" }'
awk 'BEGIN { while (("echo a; echo b" | getline x) > 0) print x; system("exit 4") }'
awk '{'
mawk 'BEGIN { printf "%s %d\n", "m", 3 }'
sed -n '2p;$=' data
sed 's/word/W/;5q' data
sed -i s/no/NO/ torn
sed -E 's/(a)\2/b/' data
sed --nonesuch
grep -c word1 data
grep nonesuch data
grep x nonexistent
grep -rn o dir
grep -P '\d{3}' -m1 data
grep '['
egrep -o 'word1?' t.csv
find dir -type f -name '*o*'
find dir -name one -exec cat '{}' ';'
find dir -type f -exec wc -c '{}' +
find . -nonesuch
find nonexistent dir/sub -depth
xargs -n1 echo
xargs -a t.csv -n1 echo x
diff t.csv data -q
diff -u t.csv torn --label a --label b
diff dir nonexistent
cmp data torn
cmp data data
patch -p0 nonexistent
ed -s torn
m4 -DX=y t.csv
bc -l nonexistent
bc
dc -e '2 3 + p'
perl -e 'print "$0 @ARGV\n"; exit 3' a b
perl -e 'print join(" ", map { sprintf "%s=%s", $_, $ENV{$_} } grep { /^FORKPOOL_(SEQ|SLOT)/ } sort keys %ENV), "\n"'
perl -e 'kill 9, $$'
perl -e 'die "dead\n"'
perl -e '$| = 1; print "out"; print STDERR "err"; print "out"'
perl -e '$0 = "another"; open F, "/proc/$$/cmdline"; print <F>; open G, "/proc/$$/comm"; print <G>'
perl -e '$0 = "x" x 300; open F, "/proc/$$/cmdline"; print <F>; system "printenv FORKPOOL_SEQ"'
perl -e 'print -t STDIN ? 1 : 0, getpgrp == $$ ? 1 : 0, "\n"; if (my $p = fork) { waitpid $p, 0; print $? >> 8, "\n" } else { exit 6 }'
perl -e 'fork or do { setpgrp; sleep 60 }; print "left\n"'
perl -e '$SIG{ALRM} = sub { print "alarm\n"; exit 2 }; alarm 1; kill ALRM => $$; sleep 5'
perl -MPOSIX -e 'print POSIX::nice(0), " ", (POSIX::sigaction(SIGINT, undef, my $o = POSIX::SigAction->new), $o->handler), "\n"; POSIX::_exit(8)'
perl -MList::Util=sum -ne '$s += (split)[1]; END { print "$s\n" }' data
perl -pe 'tr/a-z/A-Z/' torn
perl -c script-perl
perl nonexistent
perl -v
/usr/bin/python3 -c 'import sys; print(sys.argv, sys.flags.interactive); sys.exit(3)' a 'b c'
/usr/bin/python3 -c 'import os; print(sorted(k for k in os.environ if k.startswith(("FORKPOOL", "LD_"))), os.getpgrp() == os.getpid())'
/usr/bin/python3 -c 'import os, signal; print([s for s in range(1, 65) if s not in (32, 33) and signal.getsignal(s) not in (0, None)])'
/usr/bin/python3 -c 'import threading; t = threading.Thread(target=print, args=("thread",)); t.start(); t.join()'
/usr/bin/python3 -c 'import subprocess; print(subprocess.run(["sh", "-c", "echo sub; exit 4"]).returncode)'
/usr/bin/python3 -c 'import atexit, os; atexit.register(print, "end"); os.write(1, b"raw\n")'
/usr/bin/python3 -c 'import sys; print(sys.executable, sys.path[-1:], sys.stdin.read())'
/usr/bin/python3 -c 'import ctypes, json, hashlib; print(json.dumps(hashlib.sha1(b"x").hexdigest()))'
/usr/bin/python3 -c 'raise SystemExit("message")'
/usr/bin/python3 -c 'import os; os.abort()'
/usr/bin/python3 -c '1/0'
/usr/bin/python3 -c 'import multiprocessing as m; p = m.get_context("fork").Pool(2); print(p.map(abs, [-1, -2])); p.terminate()'
/usr/bin/python3 -V
/usr/bin/python3 nonexistent
/usr/bin/python3 -m json.tool t.json
tclsh nonexistent
lua -e 'print(arg)'
ruby -e 'puts ARGV' a
END
}

tools() {
	cat <<'END'
tar -cf t.tar --mtime=@0 --owner=0 --group=0 --sort=name dir
tar -tvf t.tar
tar -xf t.tar -O dir/one
tar -xf nonexistent
tar -czf t.tgz --mtime=@0 --owner=0 --group=0 --sort=name -C dir .
tar -tzf t.tgz
gzip -nk data
gzip -nc torn
gzip -l t.csv.gz
gzip -dc t.csv.gz
gzip -t torn
gunzip -c t.csv.gz
zcat t.csv.gz
bzip2 -c torn
xz -c torn
xz -dc torn
zstd -qc torn
jq . t.json
jq -c '.a[2]' t.json
jq -r '.c, $ENV.FORKPOOL_SEQ' t.json
jq -n '$ARGS' --args a b
jq '.a | error' t.json
jq '(' t.json
jq .
sqlite3 :memory: 'select 1+1, sqlite_version() is not null'
sqlite3 t.db 'create table t(x); insert into t values (1), (2); select sum(x) from t'
sqlite3 t.db 'select * from nonesuch'
sqlite3 :memory: .help
curl --version
curl -s file:///nonexistent
curl --nonesuch
openssl version
openssl dgst -sha256 data
openssl enc -base64 -in torn
openssl nonesuch
xmllint --xpath '//e/@n' t.xml
xmllint nonexistent
convert t.pgm -negate pgm:-
convert nonexistent x.png
file torn t.json script
file nonexistent
xxd torn
xxd -p torn
xxd -r -p torn
make -s
make bad
make nonesuch
make -j2 -s all
cmake --version
gdb --version
strace -V
ctags --version
zip -qX t.zip torn
unzip -p t.zip
unzip nonexistent
rsync --version
ssh -V
vim --version
less --version
column -t t.csv
hexdump -C torn
look nonesuch data
rev torn
script --version
flock lock echo locked
getopt -o ab: -- -a -b c d
cal 1 2000
uuidgen -s -n @dns -N a
nm --version
readelf -h nonexistent
strings data
gcc --version
gcc -E -P t.csv
cc1 nonesuch
go version
gofmt nonexistent
busybox echo a
node -e 'console.log(process.argv.length)' a
psql --version
END
}

# Programs of this directory, of every kind that has to be executed as ever, and of some that has not.
oddities() {
	cat <<'END'
./script a 'b c'
./script
./script ''
./script-e x
./script-env a
./script-perl a b
./script-awk a
./script-script a
./script-lost
./script-none
./plain a b
./stub a
./no-permission a
./nonexistent
nonesuch
nonesuch a b
/
.
..
./dir
./data
/etc/passwd
/dev/null
/etc/passwd/x
''
./suid-cat /proc/self/status/nonexistent
./suid-cat torn
./suid-id -u
./static --version
./static --nonesuch
./show a 'b c'
./show
./raise TERM
./raise KILL
./raise SEGV
./raise 34
/bin/echo absolute
/usr/bin/../bin/echo dots
//bin//echo slashes
/usr/bin/echo usr
/proc/self/exe a
END
	for deed in state env 'raise 10' 'raise 12' 'raise 9' abort segv mutexes threads fork stack memory load alarm fresh 'exit 5'; do
		echo "./odd $deed"
	done
	echo 'env ODD_END=1 ./odd state'
	[ ! -e odd-names ] || while read -r name; do
		printf '%s\n' "./$name state" "./$name state a b" "./$name raise 10" "./$name fork"
		case $name in *timer) echo "./$name pause" ;; esac
	done <odd-names
}

words() {
	identity
	coreutils
	languages
	tools
	git_verbs
	oddities
}

texts() {
	cat <<'END'
echo $0 $# $-
exit 3
exit 255
kill -TERM $$
kill -KILL $$
echo out; echo err >&2; false
cat </proc/self/cmdline
tr '\0' '|' </proc/$$/cmdline
cat /proc/$$/comm
for i in 1 2 3; do echo $i; done | tac
echo a | cat | tr a b
sort <data | head -n 2 | (read -r x; echo "$x")
x=$(seq 3); echo "$x" | wc -l
sleep 60 & echo left
setsid sleep 60 & echo left
(setsid sh -c 'sleep 60 & sleep 61' &); echo left
trap 'echo end' EXIT; exit 6
ulimit -a; umask; nice
ls /proc/self/fd
ls /proc/$$/fd; :
exec 3<data; read -r x <&3; echo "$x"
exec >&2; echo moved
exec <&- >&- 2>&-; exit 4
cat >"$FORKPOOL_SEQ.tmp" <data; wc -l <"$FORKPOOL_SEQ.tmp"; rm "$FORKPOOL_SEQ.tmp"
env | grep -c '^FORKPOOL_'; env | grep -E '^(LD_|FORKPOOL_PRE)'
test "$(ps -o pgid= -p $$)" -eq $$; echo $?
head -c 300000 /dev/zero | wc -c; head -c 300000 /dev/zero
seq 20000; seq 20000 >&2
( ulimit -v 100000; /bin/echo limited )
umask 077; : >"u.$FORKPOOL_SEQ"; stat -c %a "u.$FORKPOOL_SEQ"; rm "u.$FORKPOOL_SEQ"
cd dir && pwd
PATH=/nonexistent; ls
PATH=.:$PATH script x
PATH=.:$PATH; plain x
PATH=dir:.:$PATH; no-permission x
syntax (
./script a | ./script b
! ./script-e
A=1 printenv A
LD_PRELOAD=/nonexistent.so /bin/echo loaded
perl -e 'print "x" x 70000' | wc -c
/usr/bin/python3 -c 'print(input())' <torn
yes | head -n 3
yes a | sed 3q; echo $?
wait; jobs; times >/dev/null; hash -r
END
}

case $1 in
fixture | words | texts) "$1" ;;
*) echo 'usage: programs.sh fixture|words|texts' >&2; exit 2 ;;
esac
