#!/bin/sh
# Starts a program in a file system like Lambda's: the layer at /opt, the
# function's package at /var/task, Python at /var/lang, a /tmp of its own. It is
# started in mount and PID namespaces of its own, so nothing of the host's is
# touched, and all of it ends with this shell, which is process 1 in them.
#
#   ROOT=empty-directory LAYER=… TASK=… [MODULES=…] LANG_ROOT=… BASE=… RIE=… BOOTSTRAP=… sandbox.sh PROGRAM [ARGUMENT…]
set -eu

mount -t tmpfs -o mode=755 remit "$ROOT"
cd "$ROOT"

# What programs need of the host. Links stay links: /lib64 may be one.
for d in bin sbin lib lib32 lib64 usr etc; do
	if [ -L "/$d" ]; then
		cp -P "/$d" .
	elif [ -d "/$d" ]; then
		mkdir "$d"
		mount --rbind "/$d" "$d"
	fi
done

mkdir dev proc
mount --rbind /dev dev
# A container may not let its users mount one; the host's shows too much, but it works.
mount -t proc proc proc 2>/dev/null || mount --rbind /proc proc

# Python's own files lie wherever the host has them.
if [ ! -d ".$BASE" ]; then
	mkdir -p ".$BASE"
	mount --bind "$BASE" ".$BASE"
fi

mkdir -m 1777 tmp
mkdir -p opt var/task var/lang var/runtime var/rapid
mount --bind "$LAYER" opt
mount --bind "$TASK" var/task
if [ -n "${MODULES-}" ]; then
	mkdir var/node_modules
	mount --bind "$MODULES" var/node_modules
fi
mount --bind "$LANG_ROOT" var/lang
install -m 755 "$RIE" var/rapid/aws-lambda-rie
install -m 755 "$BOOTSTRAP" var/runtime/bootstrap

# As on Lambda, function and extension are one ordinary user, who cannot read
# what belongs to root. Only root can become it.
chroot=$(PATH=$PATH:/usr/sbin:/sbin; command -v chroot)
user=
if [ "$UID_OUTSIDE" = 0 ]; then user=--userspec=993:990; fi
unset ROOT LAYER TASK MODULES LANG_ROOT BASE RIE BOOTSTRAP UID_OUTSIDE

# Each process of a sandbox has so many. (AWS Lambda Developer Guide, "Lambda
# quotas")
ulimit -n 1024

# Not exec: becoming another user would take from this process the order to
# end with its parent, and with this process all others end.
"$chroot" $user . "$@" &
wait $!
