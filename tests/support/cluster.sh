#!/bin/bash
# A whole small cluster for tests: Slurm with its PBS commands, and sshd with a key that may run gait-cluster alone.
#
#   cluster.sh start FOLDER [SETTING=VALUE…]   settings are added to the account's cluster.conf
#   cluster.sh stop FOLDER                     ends everything, removes the account; FOLDER itself stays
#   cluster.sh setup RECORD | cleanup RECORD   the same with a folder of its own, named in the file RECORD: what CTest's
#                                              fixture uses. What an interrupted run left is removed first.
#
# In FOLDER: what slurm.sh and sshd.sh write, and pbs/ (a copy, since the sources may lie where other accounts cannot
# read). Attempts are in FOLDER/home/gaitd. Exit code 77: this cannot be had here.
set -eu
PATH=/usr/sbin:/usr/bin:/sbin:/bin
here=$(cd "$(dirname "$0")" && pwd)

start() { # FOLDER [SETTING=VALUE…]
	local folder=$1 account
	shift
	"$here/slurm.sh" start "$folder"
	rm -rf "$folder/pbs"
	cp -r "$here/../../pbs" "$folder/pbs"
	chmod -R u=rwX,go=rX "$folder/pbs"
	GAIT_SSHD_COMMAND=$folder/pbs/gait-cluster "$here/sshd.sh" start "$folder" "SLURM_CONF=$folder/slurm.conf"
	account=$(<"$folder/account")
	install -d -m 700 -o "$account" -g "$account" "$folder/home/.config" "$folder/home/.config/gaitd"
	printf '%s\n' "$@" >"$folder/home/.config/gaitd/cluster.conf"
	chown "$account:" "$folder/home/.config/gaitd/cluster.conf"
}

stop() { # FOLDER
	"$here/slurm.sh" stop "$1"
	"$here/sshd.sh" stop "$1"
}

cleanup() { # RECORD
	local folder
	[ -s "$1" ] || return 0
	folder=$(<"$1")
	case $folder in /tmp/gait-cluster-*) ;; *) exit 1 ;; esac
	[ ! -d "$folder" ] || stop "$folder"
	rm -rf -- "$folder"
	rm -f -- "$1"
}

case "$#:${1:-}" in
2:setup)
	cleanup "$2"
	# Short: the path of a socket in it has at most 107 bytes.
	folder=$(mktemp -d /tmp/gait-cluster-XXXXXX)
	printf '%s\n' "$folder" >"$2"
	status=0
	start "$folder" || status=$?
	[ "$status" -eq 0 ] || cleanup "$2"
	exit "$status"
	;;
2:cleanup) cleanup "$2" ;;
2:stop) stop "$2" ;;
*:start)
	[ $# -ge 2 ] || exit 64
	shift
	start "$@"
	;;
*)
	echo "usage: cluster.sh start FOLDER [SETTING=VALUE…] | stop FOLDER | setup RECORD | cleanup RECORD" >&2
	exit 64
	;;
esac
