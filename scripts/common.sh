#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# What run, test and scripts/fetch share. They source it, in the checkout's top directory.

# check_checkout <name>: end with one line, which begins with the name, unless this checkout can be
# built in.
check_checkout()
{
	case $PWD in
	*[[:space:]\"\'\$\\#%\;]*)
		echo "$1: the path of this checkout, '$PWD', has a blank or another character" \
			"that make cannot handle; move the checkout to a path without" >&2
		exit 1 ;;
	esac
	if ! mkdir -p build 2>/dev/null || ! [ -w build ]; then
		echo "$1: cannot write to $PWD/build, where everything is built; is the checkout" \
			"read-only? Use a copy of it that you can write to" >&2
		exit 1
	fi
}

# take_lock <descriptor> <file> <name>: wait until no other process holds the lock, and say for
# which one. The lock lasts until the descriptor is closed.
take_lock()
{
	local holder

	eval "exec $1<>\"\$2\""
	if ! flock -n "$1"; then
		holder=$(cat "$2")
		echo "$3: waiting for ${holder:-another process}" >&2
		flock "$1"
	fi
	echo "process $$, $0 in $PWD" >"$2"
}
