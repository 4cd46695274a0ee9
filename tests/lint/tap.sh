# SPDX-License-Identifier: MIT
# shellcheck shell=sh
#
# Sourced by the lint tests: they run in the source directory and print TAP. Each check is a command
# that prints what is wrong, and nothing when all is well.

set -u
top_srcdir=$(cd "${top_srcdir:-$(dirname "$0")/../..}" && pwd)
top_builddir=${top_builddir:-$top_srcdir}
FORKPOOL=${FORKPOOL:-$top_builddir/src/forkpool}
count=0
cd "$top_srcdir" || exit 1

# check NAME COMMAND [ARGUMENT]...
check()
{
	name=$1
	shift
	count=$((count + 1))
	wrong=$("$@" 2>&1)
	if [ -z "$wrong" ]; then
		echo "ok $count - $name"
	else
		echo "not ok $count - $name"
		printf '%s\n' "$wrong" | sed 's/^/# /'
	fi
}

# skip NAME WHY
skip()
{
	count=$((count + 1))
	echo "ok $count - $1 # SKIP $2"
}

# can TOOL: is it installed?
can()
{
	command -v "$1" >/dev/null 2>&1
}

# End with this.
done_testing()
{
	echo "1..$count"
}
